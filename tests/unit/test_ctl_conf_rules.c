/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations that can be read and make no sense: keys, addresses, prefixes, tables, timers. */
#include "conf_load_help.h"

/* ---- security ---- */

#define MAKE(key) "(umask 077; head -c 32 /dev/urandom | od -An -tx1 > " key ".key)\n"

static void test_keys_come_from_safe_files(void **state)
{
	static const struct { const char *sec, *said;
	} row[] = {
		{ "method = \"auth-option\"; spi = 255; key_file = \"good.key\";",
		  "!f:1: homes.security.spi: 255 is not in 256..4294967295\n" },
		{ "method = \"auth-option\"; key_file = \"good.key\";",
		  "!f:1: homes.security: method auth-option needs spi\n" },
		{ "method = \"auth-option\"; spi = 256;",
		  "!f:1: homes.security: method auth-option needs key_file\n" },
		{ "spi = 256;", "!f:1: homes.security.method: is missing: how Binding "
		  "Updates and Acknowledgements are protected\n" },
		{ "method = \"ipsec\";", "!f:1: homes.security.method: \"ipsec\" is not a choice: "
					 "\"auth-option\" or \"none\"\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \"no.key\";",
		  "!f:1: homes.security.key_file: no.key: no such file: copy it from the "
		  "other end, or make it: " MAKE("no") },
		{ "method = \"auth-option\"; spi = 256; key_file = \".\";",
		  "!f:1: homes.security.key_file: . is not a regular file\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \"open.key\";",
		  "!f:1: homes.security.key_file: open.key: mode 0640 lets others use the key: "
		  "chmod 600 open.key\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \"short.key\";",
		  "!f:1: homes.security.key_file: short.key: the key is too short: 8 octets, at "
		  "least 16; make it: " MAKE("short") },
		{ "method = \"auth-option\"; spi = 256; key_file = \"empty.key\";",
		  "!f:1: homes.security.key_file: empty.key is empty: copy it from the other "
		  "end, or make it: " MAKE("empty") },
		{ "method = \"auth-option\"; spi = 256; key_file = \"odd.key\";",
		  "!f:1: homes.security.key_file: odd.key: pairs of hexadecimal digits are "
		  "expected, no password; make it: " MAKE("odd") },
		{ "method = \"auth-option\"; spi = 256; key_file = \"text.key\";",
		  "!f:1: homes.security.key_file: text.key: pairs of hexadecimal digits are "
		  "expected, no password; make it: " MAKE("text") },
		{ "method = \"auth-option\"; spi = 256; key_file = \"long.key\";",
		  "!f:1: homes.security.key_file: long.key: the key is too long: at most 64 "
		  "octets\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \"max.key\";", "" },
		{ "method = \"auth-option\"; spi = 4294967295; key_file = \"good.key\"; "
		  "replay_window = 3;",
		  "!f:1: homes.security.replay_window: 3 is not in 3.1..3600 seconds\n" },
		{ "method = \"none\";",
		  "?f: security: INSECURE: method \"none\" in 1 place: whoever can "
		  "send a packet can take over home addresses and prefixes\n" },
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		snprintf(text, sizeof(text), "roles = [ \"mr\" ]; " UP "homes = ( { home_address = "
			 "\"2001:db8:280::beef/64\"; home_agent = \"2001:db8:280::1\"; " MNP
			 "security = { %s }; } );", row[i].sec);
		conf_free(load(text));
		if (strcmp(said, row[i].said) != 0)
			fail_msg("%s\nwanted:\n%ssaid:\n%s", row[i].sec, row[i].said, said);
	}
}

static void test_a_key_is_read_and_never_printed(void **state)
{
	static const uint8_t key[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	struct conf *c = load(MR("") "max_bindings = 1;");
	struct conf_errs none = { 0 };
	char text[1024];
	FILE *f = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_int_equal(c->mn.homes[0].sec.key.spi, 1000);
	assert_int_equal(c->mn.homes[0].sec.key.len, 16);
	assert_memory_equal(c->mn.homes[0].sec.key.key, key, 16);
	assert_int_equal(conf_check_print(f, "f", c, &none), 0);
	fclose(f);
	assert_string_equal(text, "f: ok: role mr, 1 uplink, 1 home\n");
	assert_null(strstr(said, "000102"));
	conf_free(c);
}

/* ---- addresses and prefixes ---- */

static void test_addresses_must_be_usable(void **state)
{
	static const struct row row[] = {
		{ NODES(NODE("2001:db8:280::2/64", "")),
		  "!f:1: mobile_nodes.home_address: "
		  "\"2001:db8:280::2/64\": an address without prefix length is expected\n" },
		{ NODES(NODE("fe80::1", "")),
		  "!f:1: mobile_nodes.home_address: fe80::1 is not a unicast "
		  "routable address\n" },
		{ NODES(NODE("ff02::1", "")),
		  "!f:1: mobile_nodes.home_address: ff02::1 is not a unicast "
		  "routable address\n" },
		{ NODES(NODE("10.0.0.1", "")),
		  "!f:1: mobile_nodes.home_address: 10.0.0.1 is an IPv4 address: "
		  "home agents and mobile nodes reach each other by IPv6\n" },
		{ NODES(NODE("bus.example", "")), "!f:1: mobile_nodes.home_address: \"bus.example\" is "
		  "not an IPv6 address; names are not looked up\n" },
		{ NODES(NODE("2001:db8:290::2", "")),
		  "!f:1: mobile_nodes.home_address: 2001:db8:290::2 "
		  "is in none of the prefixes of home_links\n" },
		{ NODES(NODE("2001:db8:280::1", "")),
		  "!f:1: mobile_nodes.home_address: 2001:db8:280::1 "
		  "is the home agent's own address\n" },
		{ NODES(NODE("2001:db8:290::2", "")) "served_prefixes = [ \"2001:db8:290::/64\" ];",
		  "" },
		{ NODES(NODE("2001:db8:280::2", "")) "served_prefixes = [ \"2001:db8:280::/64\" ];",
		  "!f:1: served_prefixes: 2001:db8:280::/64 is within 2001:db8:280::/64, which "
		  "is on a home link\n" },
		{ NODES(NODE("2001:db8:280::2", ""))
		  "served_prefixes = [ \"2001:db8:280:0:8000::/65\" ];",
		  "!f:1: served_prefixes: 2001:db8:280:0:8000::/65 is within 2001:db8:280::/64, "
		  "which is on a home link\n" },
		/* RFC 4887 5: extended home network; home address on the link or in a network */
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"2001:db8:281::/64\" ];") ",\n" NODE(
			  "2001:db8:282::2", "prefixes = [ \"2001:db8:282::/64\" ];"))
		  "served_prefixes = [ \"2001:db8:200::/40\" ];",
		  "" },
		/* 6: aggregated; the mobile network within the home link's prefix */
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"2001:db8:280:0:1::/80\" ];")), "" },
		{ NODES(NODE("2001:db8:280::1:0:0:2", "prefixes = [ \"2001:db8:280:0:1::/80\" ];")),
		  "" },
		{ "roles = [ \"ha\" ]; served_prefixes = [ \"2001:db8:290::/64\" ]; mobile_nodes "
		  "= ( " NODE(
			  "2001:db8:290::2", "") " );",
		  "!f: virtual_address: is missing: without home "
		  "links, served_prefixes need it\n" },
		{ "roles = [ \"ha\" ]; home_links = ( { device = \"a\"; address = "
		  "\"2001:db8:280::1\"; "
		  "prefixes = [ \"2001:db8:290::/64\" ]; } ); mobile_nodes = ( " NODE(
			  "2001:db8:290::2", "") " );",
		  "!f:1: home_links.address: 2001:db8:280::1 is in "
		  "none of the link's prefixes\n" },
		{ "roles = [ \"ha\" ]; home_links = ( { device = \"a\"; address = "
		  "\"2001:db8:280::1\"; "
		  "prefixes = [ \"10.0.0.0/8\", \"2001:db8:280::/64\" ]; } ); mobile_nodes = "
		  "( " NODE(
			  "2001:db8:280::2", "") " );",
		  "!f:1: home_links.prefixes: 10.0.0.0/8: a home prefix is an IPv6 prefix\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_a_mobile_router_has_usable_addresses(void **state)
{
	static const struct row row[] = {
		{ "roles = [ \"mr\" ]; " UP
		  "homes = ( { home_address = \"2001:db8:280::beef\"; home_agent "
		  "= \"2001:db8:280::1\"; " SEC MNP " } );",
		  "!f:1: homes.home_address: "
		  "\"2001:db8:280::beef\": the prefix length is missing, as in "
		  "2001:db8:280::beef/64\n" },
		{ "roles = [ \"mr\" ]; " UP
		  "homes = ( { home_address = \"10.0.0.1/24\"; home_agent = "
		  "\"2001:db8:280::1\"; " SEC MNP " } );",
		  "!f:1: homes.home_address: 10.0.0.1/24: a home address is an IPv6 address\n" },
		{ "roles = [ \"mr\" ]; " UP
		  "homes = ( { home_address = \"2001:db8:280::1/64\"; home_agent "
		  "= \"2001:db8:280::1\"; " SEC MNP " } );",
		  "!f:1: homes.home_agent: 2001:db8:280::1 is the home address\n" },
		{ "roles = [ \"mr\" ]; " UP
		  "homes = ( { home_address = \"2001:db8:280::2/64\"; home_agent "
		  "= [ \"discover\", \"2001:db8:280::1\" ]; " SEC MNP " } );",
		  "!f:1: homes.home_agent: \"discover\" comes last\n" },
		{ "roles = [ \"mr\" ]; " UP
		  "homes = ( { home_address = \"2001:db8:280::2/124\"; home_agent "
		  "= \"discover\"; " SEC MNP " } );",
		  "!f:1: homes.home_agent: discovery needs a home prefix of at most 121 bits\n" },
		{ "roles = [ \"mr\" ]; " UP
		  "homes = ( { home_address = \"2001:db8:280::2/64\"; home_agent "
		  "= [ \"2001:db8:280::1\", \"2001:db8:280::1\" ]; " SEC MNP " } );",
		  "!f:1: homes.home_agent: 2001:db8:280::1 is given twice\n" },
		{ "roles = [ \"mr\" ]; " UP
		  "homes = ( { home_address = \"2001:db8:280::2/64\"; home_agent "
		  "= \"2001:db8:281::1\"; " SEC MNP " } );",
		  "!f:1: homes.home_agent: 2001:db8:281::1 is in our own mobile network "
		  "2001:db8:281::/64\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_prefixes_must_be_networks(void **state)
{
	static const struct row row[] = {
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"2001:db8:281::1/64\" ];")),
		  "!f:1: mobile_nodes.prefixes: 2001:db8:281::1/64 has host bits (did you mean "
		  "2001:db8:281::/64?)\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"10.0.0.1/24\" ];")),
		  "!f:1: mobile_nodes.prefixes: 10.0.0.1/24 has host bits (did you mean "
		  "10.0.0.0/24?)\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"10.0.0.0\" ];")),
		  "!f:1: mobile_nodes.prefixes: \"10.0.0.0\": the prefix length is missing, as in "
		  "10.0.0.0/24\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"2001:db8:281::/129\" ];")),
		  "!f:1: mobile_nodes.prefixes: \"2001:db8:281::/129\" is not a prefix\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"::/0\", \"0.0.0.0/0\" ];")),
		  "!f:1: mobile_nodes.prefixes: ::/0 is everything\n"
		  "!f:1: mobile_nodes.prefixes: 0.0.0.0/0 is everything\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"fe80::/64\", \"127.0.0.0/8\", "
						"\"224.0.0.0/4\", \"169.254.0.0/16\" ];")),
		  "!f:1: mobile_nodes.prefixes: fe80::/64 is not unicast and routable\n"
		  "!f:1: mobile_nodes.prefixes: 127.0.0.0/8 is not unicast and routable\n"
		  "!f:1: mobile_nodes.prefixes: 224.0.0.0/4 is not unicast and routable\n"
		  "!f:1: mobile_nodes.prefixes: 169.254.0.0/16 is not unicast and routable\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"10.0.0.1/32\" ];")),
		  "!f:1: mobile_nodes.prefixes: 10.0.0.1/32: an IPv4 prefix of one address needs "
		  "ipv4_static = true\n" },
		{ NODES(NODE("2001:db8:280::2",
			     "prefixes = [ \"10.0.0.1/32\" ]; ipv4_static = true;")),
		  "" },
		{ NODES(NODE("2001:db8:290::2", "prefixes = [ \"2001:db8:290::/64\" ];"))
		  "served_prefixes = [ \"2001:db8:290::/64\" ];",
		  "!f:1: mobile_nodes.prefixes: 2001:db8:290::/64 contains the home prefix "
		  "2001:db8:290::/64\n" },
		{ NODES(NODE("2001:db8:290::2", "prefixes = [ \"2001:db8:290:0:1::/80\" ];"))
		  "served_prefixes = [ \"2001:db8:290::/64\" ]; "
		  "virtual_address = \"2001:db8:290:0:1::1\";",
		  "!f:1: mobile_nodes.prefixes: 2001:db8:290:0:1::/80 contains "
		  "2001:db8:290:0:1::1, the home agent's own address\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"10.0.0.0/24\" ]; router = false;")),
		  "!f:1: mobile_nodes.router: has prefixes, but may not be a router\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_a_mobile_router_has_prefixes_that_go_together(void **state)
{
	static const struct row row[] = {
		{ MRP("{ prefix = \"10.0.0.1/32\"; }"),
		  "!f:1: homes.prefixes: 10.0.0.1/32: an explicit IPv4 prefix of one address is "
		  "a home "
		  "address, which is not in this version\n" },
		{ MRP("{ prefix = \"10.0.0.1/32\"; mode = \"static\"; }"), "" },
		{ MRP("{ prefix = \"10.0.0.0/24\"; mode = \"implicit\"; }"),
		  "!f:1: homes.prefixes.mode: 10.0.0.0/24: for an IPv4 prefix that the home "
		  "agent knows "
		  "it is \"static\"\n" },
		{ MRP("{ prefix = \"2001:db8:281::/64\"; mode = \"static\"; }"),
		  "!f:1: homes.prefixes.mode: 2001:db8:281::/64: for an IPv6 prefix that the "
		  "home agent "
		  "knows it is \"implicit\"\n" },
		{ MRP("{ prefix = \"2001:db8:281::/64\"; }, { prefix = \"2001:db8:282::/64\"; "
		  "mode = "
		      "\"implicit\"; }"),
		  "!f:1: homes.prefixes: explicit and implicit IPv6 prefixes are mixed\n" },
		{ MRP("{ prefix = \"2001:db8:281::/64\"; mode = \"implicit\"; }, "
		      "{ prefix = \"10.0.0.0/24\"; }"),
		  "" },
		{ MRP("{ prefix = \"2001:db8:281::/64\"; device = \"up0\"; }"),
		  "!f:1: homes.prefixes.device: up0 is an uplink: a mobile network has a "
		  "device of its own\n" },
		{ MRP("{ prefix = \"2001:db8:280::/63\"; }"),
		  "!f:1: homes.home_agent: 2001:db8:280::1 is in our own mobile network "
		  "2001:db8:280::/63\n"
		  "!f:1: homes.prefixes: 2001:db8:280::/63 contains the home prefix of "
		  "2001:db8:280::beef/64\n" },
		/* a part of the home prefix may move (RFC 4887: aggregated home network) */
		{ MRP("{ prefix = \"2001:db8:280:0:1::/80\"; }"), "" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_nobody_owns_what_another_has(void **state)
{
	static const struct row row[] = {
		{ NODES(NODE("2001:db8:280::2", "") ",\n" NODE("2001:db8:280::2", "")),
		  "!f:2: mobile_nodes.home_address: 2001:db8:280::2 is given twice, also in "
		  "f:1\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"2001:db8:281::/64\" ];") ",\n" NODE(
			  "2001:db8:280::3", "prefixes = [ \"2001:db8:281::/64\" ];")),
		  "!f:2: mobile_nodes.prefixes: 2001:db8:281::/64 overlaps with "
		  "2001:db8:281::/64, which "
		  "another has in f:1\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"10.0.0.0/25\", \"10.0.0.128/25\" "
		  "];") ",\n" NODE(
			  "2001:db8:280::3", "prefixes = [ \"10.0.0.0/24\" ];")),
		  "!f:1: mobile_nodes.prefixes: 10.0.0.0/25 overlaps with 10.0.0.0/24, which "
		  "another has "
		  "in f:2\n"
		  "!f:1: mobile_nodes.prefixes: 10.0.0.128/25 overlaps with 10.0.0.0/24, which "
		  "another "
		  "has in f:2\n" },
		{ NODES(NODE("2001:db8:280::2",
			     "prefixes = [ \"10.0.0.0/24\", \"10.0.0.0/24\" ];")),
		  "!f:1: mobile_nodes.prefixes: 10.0.0.0/24 is given twice, also in f:1\n" },
		/* one's own may nest */
		{ NODES(NODE("2001:db8:280::2",
			     "prefixes = [ \"10.0.0.0/24\", \"10.0.0.0/16\" ];")),
		  "" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"2001:db8:280:0:8000::/65\" "
		  "];") ",\n" NODE(
			  "2001:db8:280::8000:0:0:3", "")),
		  "!f:2: mobile_nodes.home_address: 2001:db8:280:0:8000::3 lies in "
		  "2001:db8:280:0:8000::/65, which another has in f:1\n" },
		/* its own home address may be in its prefix */
		{ NODES(NODE("2001:db8:280:0:8000::2",
			     "prefixes = [ \"2001:db8:280:0:8000::/65\" ];")),
		  "" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"2001:db8:280::/65\" ];")),
		  "!f:1: mobile_nodes.prefixes: 2001:db8:280::/65 contains 2001:db8:280::1, the "
		  "home "
		  "agent's own address\n" },
		{ "roles = [ \"ha\" ]; home_links = ( { device = \"a\"; address = "
		  "\"2001:db8:280::1\"; "
		  "prefixes = [ \"2001:db8:280::/64\" ]; },\n{ device = \"a\"; address = "
		  "\"2001:db8:280::1\"; prefixes = [ \"2001:db8:280::/60\" ]; } ); mobile_nodes "
		  "= ( " NODE(
			  "2001:db8:280::2", "") " );",
		  "!f:2: home_links.device: a is given twice, also in f:1\n"
		  "!f:2: home_links.address: 2001:db8:280::1 is given twice, also in f:1\n"
		  "!f:1: home_links.prefixes: 2001:db8:280::/64 overlaps with 2001:db8:280::/60, "
		  "which "
		  "another has in f:2\n" },
		{ "roles = [ \"ha\" ]; home_links = ( { device = \"a\"; address = "
		  "\"2001:db8:280::1\"; prefixes = [ \"2001:db8:280::/64\" ]; prefix_lifetimes = ("
		  " { prefix = \"2001:db8:280::/64\"; valid_lifetime = 7; preferred_lifetime = 8; },"
		  "\n{ prefix = \"2001:db8:281::/64\"; valid_lifetime = 8; preferred_lifetime = 0; "
		  "},\n{ prefix = \"2001:db8:280::/64\"; valid_lifetime = 8; preferred_lifetime = 0;"
		  " } ); } ); mobile_nodes = ( " NODE("2001:db8:280::2", "") " );",
		  "!f:1: home_links.prefix_lifetimes: preferred_lifetime 8 is more than "
		  "valid_lifetime\n"
		  "!f:2: home_links.prefix_lifetimes: 2001:db8:281::/64 is none of the link's "
		  "prefixes\n"
		  "!f:3: home_links.prefix_lifetimes: 2001:db8:280::/64 is given twice\n" },
		{ "roles = [ \"mr\" ]; " UP "homes = ( " HOME(MNP) ",\n" HOME("") " );",
		  "!f:2: homes.home_address: 2001:db8:280::beef is given twice, also in f:1\n" },
		{ MRP("{ prefix = \"10.0.0.0/24\"; },\n{ prefix = \"10.0.0.0/24\"; }"),
		  "!f:2: homes.prefixes.prefix: 10.0.0.0/24 is given twice, also in f:1\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

/* ---- devices, tables, timers ---- */

static void test_uplinks_and_tables_are_apart(void **state)
{
	static const struct row row[] = {
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"a\"; bid = 1; },\n{ device = "
		  "\"a\"; bid = "
		  "1; } ); homes = ( " HOME(MNP) " );",
		  "!f:2: uplinks.device: a is given twice\n!f:2: uplinks.bid: 1 is given twice\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"a\"; },\n{ device = \"b\"; } ); "
		  "homes = ( " HOME(
			  MNP) " );",
		  "" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"mip0\"; } ); homes = ( " HOME(
			  MNP) " );",
		  "!f:1: uplinks.device: mip0 is home_device\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"a\"; table = 254; },\n{ device = "
		  "\"b\"; "
		  "table = 6500; } ); homes = ( " HOME(MNP) " );",
		  "!f:1: uplinks.table: table 254 is the kernel's\n!f:1: homes: table 6500 is used "
		  "twice\n" },
		{ MR("gre_key = 5;"), "!f:1: homes.gre_key: needs carrier = \"ip6gre\"\n" },
		{ MR("gre_key = 5; carrier = \"ip6gre\";"), "" },
		{ NODES(NODE("2001:db8:280::2", "gre_key = 5;")),
		  "!f:1: mobile_nodes.gre_key: needs carrier = \"ip6gre\"\n" },
		{ NODES(NODE("2001:db8:280::2", "")) "refresh_advice = 3600;",
		  "!f:1: refresh_advice: 3600 is not less than max_lifetime, 3600\n" },
		{ NODES(NODE("2001:db8:280::2", "")) "announce_table = 254;",
		  "!f:1: announce_table: 254 is also table: choose a number that nothing else uses, "
		  "such as 6275\n" },
		{ NODES(NODE("2001:db8:280::2", "")) "announce_table = 254; table = 100;",
		  "!f:1: announce_table: table 254 is the kernel's: choose a number that nothing else "
		  "uses, such as 6275\n" },
		{ NODES(NODE("2001:db8:280::2", "")) "announce_table = 6275;", "" },
		{ NODES(NODE("2001:db8:280::2", "")) "dad = false;",
		  "?f:1: dad: off: a home address that somebody else uses is not noticed (RFC 6275 "
		  "10.3.1)\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"a\"; bid = 1; },\n{ device = "
		  "\"b\"; } ); homes = ( " HOME(MNP) " );",
		  "!f:2: uplinks.bid: is missing: either all uplinks have one, or none has\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"a\"; bid = 300; } ); homes = ( "
		  HOME(MNP) " );",
		  "!f:1: uplinks.bid: 300 does not fit into uplink_mark_mask 0xff\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"a\"; bid = 300; } ); homes = ( "
		  HOME(MNP) " ); uplink_mark_mask = 0x1ff00;", "" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"a\"; bid = 3; table = 7003; } ); "
		  "homes = ( " HOME(MNP) " );",
		  "!f:1: uplinks.table: table 7003 is that of a BID (uplink_bid_table)\n" },
	};

	(void)state;
	check(row, 3);
	conf_free(load(row[3].text));
	assert_non_null(strstr(said, "table 254 is the kernel's"));
	assert_non_null(strstr(said, "table 6500 is used twice"));
	check(row + 4, ARRAY_SIZE(row) - 4);
}

static void test_option_numbers_do_not_collide(void **state)
{
	static const struct row row[] = {
		{ MR("") "ipv4_mnp_option = 12;",
		  "!f: ipv4_mnp_status_option: 12 is also ipv4_mnp_option\n" },
		{ MR("") "ipv4_mnp_option = 12; ipv4_mnp_status_option = 11;", "" },
		{ MR("") "ipv4_mnp_option = 6;",
		  "!f:1: ipv4_mnp_option: 6 is the number of the option mnp\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_timers_outside_the_rfcs_need_unsafe_timers(void **state)
{
	static const struct row row[] = {
		{ MR("") "timers = { max_bindack_timeout = 3; };",
		  "!f:1: timers.max_bindack_timeout: 3 is not 32 seconds (RFC 6275 section 12); "
		  "unsafe_timers = true allows it\n" },
		{ MR("") "timers = { max_update_rate = 10; };",
		  "!f:1: timers.max_update_rate: 10 is not in 1..3 (RFC 6275 section 12); "
		  "unsafe_timers "
		  "= true allows it\n" },
		{ MR("") "timers = { initial_bindack_timeout_first = 1; };",
		  "!f:1: timers.initial_bindack_timeout_first: 1 is not in 1.5..60 seconds (RFC "
		  "6275 "
		  "section 13); unsafe_timers = true allows it\n" },
		{ MR("") "timers = { max_bindack_timeout = 3; }; unsafe_timers = true;",
		  "?f:1: timers.max_bindack_timeout: UNSAFE: 3 is not 32 seconds (RFC 6275 "
		  "section 12)\n" },
		{ MR("") "timers = { max_bindack_timeout = 32; initial_bindack_timeout_first = "
		  "3.0; };",
		  "" },
		{ MR("") "unsafe_timers = true; timers = { max_bindack_timeout = 0.5; };",
		  "?f:1: timers.max_bindack_timeout: UNSAFE: 0.5 is not 32 seconds (RFC 6275 "
		  "section "
		  "12)\n!f:1: timers.initial_bindack_timeout: 1 is more than "
		  "max_bindack_timeout, 0.5\n" },
		{ MR("") "unsafe_timers = true; timers = { max_bindack_timeout = 0; };",
		  "!f:1: timers.max_bindack_timeout: 0 is not in 0.01..3600 seconds\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_come_from_safe_files),
		cmocka_unit_test(test_a_key_is_read_and_never_printed),
		cmocka_unit_test(test_addresses_must_be_usable),
		cmocka_unit_test(test_a_mobile_router_has_usable_addresses),
		cmocka_unit_test(test_prefixes_must_be_networks),
		cmocka_unit_test(test_a_mobile_router_has_prefixes_that_go_together),
		cmocka_unit_test(test_nobody_owns_what_another_has),
		cmocka_unit_test(test_uplinks_and_tables_are_apart),
		cmocka_unit_test(test_option_numbers_do_not_collide),
		cmocka_unit_test(test_timers_outside_the_rfcs_need_unsafe_timers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
