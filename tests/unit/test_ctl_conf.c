/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wrong configurations and the exact words they draw; the examples load.
 * MIP6_SRC is the source tree (default: where this file was compiled from).
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf_help.h"

#define TEXT_MAX	16384
#define KEY		"000102030405060708090a0b0c0d0e0f"

/* libconfig 1.5 loses texts if a syntax error follows them. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex\n";
}

static char dir[] = "/tmp/mip6d-conf.XXXXXX";
static char said[TEXT_MAX];

/* ---- files ---- */

static const char *in_dir(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text, mode_t mode)
{
	int fd = open(in_dir(name), O_CREAT | O_WRONLY | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	put("good.key", "00 01 02 03 04 05 06 07\n08 09 0A 0b 0c 0d 0e 0f\n", 0600);
	put("open.key", KEY, 0640);
	put("short.key", "0001020304050607", 0400);
	put("odd.key", KEY "0", 0600);
	put("text.key", "correct horse battery staple", 0600);
	put("empty.key", "", 0600);
	put("long.key", KEY KEY KEY KEY "00", 0600);
	put("max.key", KEY KEY KEY KEY, 0600);
	return 0;
}

static int teardown(void **state)
{
	char cmd[300];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -r '%s'", dir);
	return system(cmd);
}

/* ---- loading ---- */

/* Messages one per line, "!" before errors; the name of the directory is cut away. */
static void keep(const struct conf_errs *e)
{
	size_t used = 0;

	said[0] = '\0';
	for (size_t i = 0; i < e->n && used < sizeof(said); i++) {
		const char *t = e->msg[i].text, *cut;

		used += (size_t)snprintf(said + used, sizeof(said) - used, "%s",
					 e->msg[i].warning ? "?" : "!");
		while ((cut = strstr(t, dir)) && used < sizeof(said)) {
			used += (size_t)snprintf(said + used, sizeof(said) - used, "%.*s",
						 (int)(cut - t), t);
			t = cut + strlen(dir) + 1;
		}
		if (used < sizeof(said))
			used += (size_t)snprintf(said + used, sizeof(said) - used, "%s\n", t);
	}
}

static struct conf *load_roles(const char *text, unsigned roles)
{
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;
	char name[256];
	int rc;

	snprintf(name, sizeof(name), "%s", in_dir("f"));
	rc = conf_load_text(text, name, roles, &c, &errs);
	keep(&errs);
	assert_int_equal(rc, errs.n_error ? -EINVAL : 0);
	assert_int_equal(c == NULL, rc != 0);
	conf_errs_free(&errs);
	return c;
}

static struct conf *load(const char *text)
{
	return load_roles(text, 0);
}

#define SEC	"security = { method = \"auth-option\"; spi = 1000; key_file = \"good.key\"; };"
#define LINK	"home_links = ( { device = \"eth0\"; address = \"2001:db8:280::1\"; " \
		"prefixes = [ \"2001:db8:280::/64\" ]; } ); "
#define NODE(a, more)	"{ home_address = \"" a "\"; " more " " SEC " }"
#define HA(more)	"roles = [ \"ha\" ]; " LINK more
#define NODES(list)	HA("mobile_nodes = ( " list " );")
#define UP	"uplinks = ( { device = \"up0\"; } ); "
#define MNP	"prefixes = ( { prefix = \"2001:db8:281::/64\"; device = \"lan0\"; } ); "
#define HOME(more)	"{ home_address = \"2001:db8:280::beef/64\"; " \
			"home_agent = \"2001:db8:280::1\"; " SEC " " more " }"
#define MR(more)	"roles = [ \"mr\" ]; " UP "homes = ( " HOME(MNP more) " );"
#define MRP(list)	"roles = [ \"mr\" ]; " UP "homes = ( " HOME("prefixes = ( " list " );") " );"

struct row { const char *text, *said; };

static void check(const struct row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		conf_free(load(row[i].text));
		if (strcmp(said, row[i].said) != 0)
			fail_msg("row %zu:\n%s\nwanted:\n%ssaid:\n%s", i, row[i].text, row[i].said,
				 said);
	}
}

/* ---- the language ---- */

static void test_unknown_keys_are_errors_with_a_suggestion(void **state)
{
	static const struct row row[] = {
		{ NODES(NODE("2001:db8:280::2", "")) "\nmax_lifetme = 60;",
		  "!f:2: max_lifetme: unknown key (did you mean \"max_lifetime\"?)\n" },
		{ NODES(NODE("2001:db8:280::2", "")) "\n\nzzz = 60;", "!f:3: zzz: unknown key\n" },
		{ NODES(NODE("2001:db8:280::2", "\nrouetr = true;")),
		  "!f:2: mobile_nodes.rouetr: unknown key (did you mean \"router\"?)\n" },
		{ MR("") "control = {\n sokcet = \"/x\"; };",
		  "!f:2: control.sokcet: unknown key (did you mean \"socket\"?)\n" },
		/* nothing is taken for granted in what libconfig skips */
		{ MR("security2 = { method = \"none\"; };"),
		  "!f:1: homes.security2: unknown key (did you mean \"security\"?)\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_wrong_types_are_errors(void **state)
{
	static const struct row row[] = {
		{ MR("") "log = 1;", "!f:1: log: a group { ... } is expected\n" },
		{ MR("") "timers = { probe_interval = \"1\"; };",
		  "!f:1: timers.probe_interval: a number is expected\n" },
		{ MR("") "rule_pref = 1.5;", "!f:1: rule_pref: a whole number is expected\n" },
		{ MR("") "rule_pref = true;", "!f:1: rule_pref: a whole number is expected\n" },
		{ MR("") "unsafe_timers = 1;", "!f:1: unsafe_timers: true or false is expected\n" },
		{ MR("") "state_dir = 1;", "!f:1: state_dir: a text in quotes is expected\n" },
		{ MR("link_local = \"yes\";"), "!f:1: homes.link_local: true or false is expected\n" },
		{ "roles = [ \"mr\" ]; uplinks = [ \"up0\" ]; homes = ( " HOME(MNP) " );",
		  "!f:1: uplinks: a list ( { ... }, { ... } ) is expected\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( \"up0\" ); homes = ( " HOME(MNP) " );",
		  "!f:1: uplinks: a group { ... } is expected\n" },
		{ "roles = \"mr\"; " UP "homes = ( " HOME(MNP) " );",
		  "!f:1: roles: a list [ \"...\" ] of words is expected\n!f:1: roles: names no role\n"
		  "?f:1: uplinks: is not used: it is for role \"mr\"\n"
		  "?f:1: homes: is not used: it is for role \"mr\"\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = \"2001:db8:281::/64\";")),
		  "!f:1: mobile_nodes.prefixes: a list [ \"...\", \"...\" ] of prefixes is "
		  "expected\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_ranges_are_told_with_their_unit(void **state)
{
	static const struct row row[] = {
		{ NODES(NODE("2001:db8:280::2", "")) "max_lifetime = 0;",
		  "!f:1: max_lifetime: 0 is not in 4..262140 seconds\n" },
		{ NODES(NODE("2001:db8:280::2", "")) "max_lifetime = 262144;",
		  "!f:1: max_lifetime: 262144 is not in 4..262140 seconds\n" },
		{ NODES(NODE("2001:db8:280::2", "")) "max_lifetime = 61;",
		  "!f:1: max_lifetime: 61 is not a multiple of 4 seconds, the unit of the wire\n" },
		{ NODES(NODE("2001:db8:280::2", "")) "metric = -1;",
		  "!f:1: metric: -1 is not in 1..4294900000\n" },
		/* numbers beyond 32 bits are not cut */
		{ NODES(NODE("2001:db8:280::2", "")) "max_bindings = 4294967297;",
		  "!f:1: max_bindings: 4294967297 is not in 0..100000000\n" },
		{ NODES(NODE("2001:db8:280::2", "")) "max_bindings = 0x100000001;",
		  "!f:1: max_bindings: 4294967297 is not in 0..100000000\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"sixteen-letters-\"; } ); "
		  "homes = ( " HOME(MNP) " );",
		  "!f:1: uplinks.device: \"sixteen-letters-\" is too long: at most 15 characters\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"\"; } ); homes = ( " HOME(MNP) " );",
		  "!f:1: uplinks.device: is empty\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"a b\"; } ); homes = ( " HOME(MNP) " );",
		  "!f:1: uplinks.device: a space or control character is in the text\n" },
		{ MR("nai = \"\xff\";"), "!f:1: homes.nai: the text is not UTF-8\n" },
		{ MR("") "control = { socket = \"x\"; };",
		  "!f:1: control.socket: \"x\" is not an absolute path\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_choices_are_suggested(void **state)
{
	static const struct row row[] = {
		{ MR("carrier = \"ip6tnll\";"),
		  "!f:1: homes.carrier: \"ip6tnll\" is not a choice (did you mean \"ip6tnl\"?)\n" },
		{ MR("carrier = \"udp\";"), "!f:1: homes.carrier: \"udp\" is not a choice: "
		  "\"ip6tnl\" or \"ip6gre\"\n" },
		{ HA("mobile_nodes = ( " NODE("2001:db8:280::2", "") " ); ipv4_options = [ \"rfc555\" ];"),
		  "!f:1: ipv4_options: \"rfc555\" is not a choice (did you mean \"rfc5555\"?)\n" },
		{ MR("") "log = { level = \"inf\"; debug = [ \"kernel\" ]; };",
		  "!f:1: log.level: \"inf\" is not a choice (did you mean \"info\"?)\n"
		  "!f:1: log.debug: \"kernel\" is no room (did you mean \"kern\"?)\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_what_must_be_there_is_missed(void **state)
{
	static const struct row row[] = {
		{ "", "!f: roles: is missing\n" },
		{ "roles = [ ];", "!f:1: roles: names no role\n" },
		{ "roles = [ \"ha\" ];", "!f: home_links: is missing: at least one is needed\n?f: mobile_nodes: is empty: every registration is "
		  "refused\n" },
		{ "roles = [ \"mr\" ];", "!f: uplinks: is missing: at least one is needed\n"
		  "!f: homes: is missing: at least one is needed\n" },
		{ "roles = [ \"mr\" ]; " UP "homes = ( { } );",
		  "!f:1: homes.home_address: is missing\n!f:1: homes.home_agent: is missing\n"
		  "!f:1: homes.security: is missing\n"
		  "!f:1: homes.prefixes: is missing: a mobile router has prefixes (role \"mn\" has "
		  "none)\n" },
		{ MR("") "\nuplinks = ( );", "!f:2: duplicate setting name\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( ); homes = ( " HOME(MNP) " );",
		  "!f:1: uplinks: is empty: at least one is needed\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_a_syntax_error_says_where(void **state)
{
	static const struct row row[] = {
		{ "roles = [ \"ha\" ];\nhome_links = (\n { device = \"eth0\" \n ;", "!f:4: syntax error\n" },
		{ "roles = [ \"ha\", 1 ];", "!f:1: mismatched element type in array\n" },
		{ "@include \"nothing.here\"", "!f:1: cannot open include file\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_a_umip_configuration_is_known_by_name(void **state)
{
	static const struct row row[] = {
		{ "# old\n\nNodeConfig HA;\nDebugLevel 10;\n",
		  "!f:3: NodeConfig: this is a configuration of UMIP, the older mip6d: its language is "
		  "not ours, see mip6d.conf(5)\n" },
		{ "MnHomeLink \"eth0\" {\n HomeAgentAddress 2001:db8::1;\n}\n",
		  "!f:1: MnHomeLink: this is a configuration of UMIP, the older mip6d: its language is "
		  "not ours, see mip6d.conf(5)\n" },
		/* in our language, a key of that name is only unknown */
		{ MR("") "HomeAddress = 1;", "!f:1: HomeAddress: unknown key (did you mean "
		  "\"home_device\"?)\n" },
	};

	(void)state;
	check(row, 2);
	conf_free(load(row[2].text));
	assert_non_null(strstr(said, "HomeAddress: unknown key"));
}

/* ---- roles ---- */

static void test_roles_that_do_not_go_together(void **state)
{
	static const struct row row[] = {
		{ "roles = [ \"hm\" ];", "!f:1: roles: \"hm\" is not a choice (did you mean \"ha\"?)\n"
		  "!f:1: roles: names no role\n" },
		{ "roles = [ \"mn\", \"mr\" ]; " UP "homes = ( " HOME(MNP) " );",
		  "!f:1: roles: \"mr\" is \"mn\" with prefixes: name one of them\n" },
		{ "roles = [ \"ha\", \"cn\" ]; " LINK "mobile_nodes = ( " NODE("2001:db8:280::2", "") " );",
		  "!f:1: roles: \"cn\" is not in this version\n" },
		{ "roles = [ \"ha\", \"mr\" ]; " LINK "mobile_nodes = ( " NODE("2001:db8:280::2", "") " ); "
		  UP "homes = ( " HOME(MNP) " );",
		  "!f:1: roles: a home agent and a mobile node in one daemon: not in this version\n" },
		{ "roles = [ \"mn\" ]; " UP "homes = ( " HOME(MNP) " );",
		  "!f:1: homes.prefixes: only a mobile router has prefixes: role \"mr\"\n"
		  "?f:1: homes.prefixes: is not used: it is for role \"mr\"\n" },
		{ MR("") "tunnel = \"device\";",
		  "?f:1: tunnel: is not used: it is for role \"ha\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (i != 4)
			check(&row[i], 1);
	}
	conf_free(load(row[4].text));
	assert_non_null(strstr(said, "!f:1: homes.prefixes: only a mobile router has prefixes"));
}

static void test_the_role_on_the_command_line_wins(void **state)
{
	const char *text = LINK "mobile_nodes = ( " NODE("2001:db8:280::2", "") " ); "
			   UP "homes = ( " HOME(MNP) " );";
	struct conf *c;

	(void)state;
	c = load_roles(text, ROLE_HA);
	assert_string_equal(said, "");
	assert_int_equal(c->roles, ROLE_HA);
	conf_free(c);
	c = load_roles(text, ROLE_MR);
	assert_true(c->mn.router);
	conf_free(c);
	assert_int_equal(conf_roles("ha,mr"), ROLE_HA | ROLE_MR);
	assert_int_equal(conf_roles("ha,"), ROLE_HA);
	assert_int_equal(conf_roles(""), 0);
	assert_int_equal(conf_roles("hx"), 0);
	assert_int_equal(conf_roles("ha,h"), 0);
}

/* ---- security ---- */

static void test_keys_come_from_safe_files(void **state)
{
	static const struct { const char *sec, *said; } row[] = {
		{ "method = \"auth-option\"; spi = 255; key_file = \"good.key\";",
		  "!f:1: homes.security.spi: 255 is not in 256..4294967295\n" },
		{ "method = \"auth-option\"; key_file = \"good.key\";",
		  "!f:1: homes.security: method auth-option needs spi\n" },
		{ "method = \"auth-option\"; spi = 256;",
		  "!f:1: homes.security: method auth-option needs key_file\n" },
		{ "spi = 256;", "!f:1: homes.security.method: is missing\n" },
		{ "method = \"ipsec\";", "!f:1: homes.security.method: \"ipsec\" is not a choice: "
		  "\"auth-option\" or \"none\"\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \"no.key\";",
		  "!f:1: homes.security.key_file: no.key: No such file or directory\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \".\";",
		  "!f:1: homes.security.key_file: . is not a regular file\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \"open.key\";",
		  "!f:1: homes.security.key_file: open.key: mode 0640 lets others use the key: chmod "
		  "600\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \"short.key\";",
		  "!f:1: homes.security.key_file: short.key: the key is too short: 8 octets, at least "
		  "16\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \"empty.key\";",
		  "!f:1: homes.security.key_file: empty.key: the key is too short: 0 octets, at least "
		  "16\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \"odd.key\";",
		  "!f:1: homes.security.key_file: odd.key: pairs of hexadecimal digits are expected\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \"text.key\";",
		  "!f:1: homes.security.key_file: text.key: pairs of hexadecimal digits are "
		  "expected\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \"long.key\";",
		  "!f:1: homes.security.key_file: long.key: the key is too long: at most 64 octets\n" },
		{ "method = \"auth-option\"; spi = 256; key_file = \"max.key\";", "" },
		{ "method = \"auth-option\"; spi = 4294967295; key_file = \"good.key\"; "
		  "replay_window = 3;",
		  "!f:1: homes.security.replay_window: 3 is not in 3.1..3600 seconds\n" },
		{ "method = \"none\";", "?f: security: INSECURE: method \"none\" in 1 place: whoever can "
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
		{ NODES(NODE("2001:db8:280::2/64", "")), "!f:1: mobile_nodes.home_address: "
		  "\"2001:db8:280::2/64\": an address without prefix length is expected\n" },
		{ NODES(NODE("fe80::1", "")), "!f:1: mobile_nodes.home_address: fe80::1 is not a unicast "
		  "routable address\n" },
		{ NODES(NODE("ff02::1", "")), "!f:1: mobile_nodes.home_address: ff02::1 is not a unicast "
		  "routable address\n" },
		{ NODES(NODE("10.0.0.1", "")), "!f:1: mobile_nodes.home_address: \"10.0.0.1\" is not an "
		  "IPv6 address\n" },
		{ NODES(NODE("2001:db8:290::2", "")), "!f:1: mobile_nodes.home_address: 2001:db8:290::2 "
		  "is on no home link and in no served prefix\n" },
		{ NODES(NODE("2001:db8:280::1", "")), "!f:1: mobile_nodes.home_address: 2001:db8:280::1 "
		  "is the home agent's own address\n" },
		{ NODES(NODE("2001:db8:290::2", "")) "served_prefixes = [ \"2001:db8:290::/64\" ];", "" },
		{ NODES(NODE("2001:db8:280::2", "")) "served_prefixes = [ \"2001:db8::/32\" ];",
		  "!f:1: served_prefixes: 2001:db8::/32 overlaps with 2001:db8:280::/64, which is on a "
		  "home link\n" },
		{ "roles = [ \"ha\" ]; served_prefixes = [ \"2001:db8:290::/64\" ]; mobile_nodes = ( "
		  NODE("2001:db8:290::2", "") " );", "!f: virtual_address: is missing: without home "
		  "links, served_prefixes need it\n" },
		{ "roles = [ \"ha\" ]; home_links = ( { device = \"a\"; address = \"2001:db8:280::1\"; "
		  "prefixes = [ \"2001:db8:290::/64\" ]; } ); mobile_nodes = ( "
		  NODE("2001:db8:290::2", "") " );", "!f:1: home_links.address: 2001:db8:280::1 is in "
		  "none of the link's prefixes\n" },
		{ "roles = [ \"ha\" ]; home_links = ( { device = \"a\"; address = \"2001:db8:280::1\"; "
		  "prefixes = [ \"10.0.0.0/8\", \"2001:db8:280::/64\" ]; } ); mobile_nodes = ( "
		  NODE("2001:db8:280::2", "") " );",
		  "!f:1: home_links.prefixes: 10.0.0.0/8: a home prefix is an IPv6 prefix\n" },
		{ "roles = [ \"mr\" ]; " UP "homes = ( { home_address = \"2001:db8:280::beef\"; home_agent "
		  "= \"2001:db8:280::1\"; " SEC MNP " } );", "!f:1: homes.home_address: "
		  "\"2001:db8:280::beef\": the prefix length is missing, as in 2001:db8:280::beef/64\n" },
		{ "roles = [ \"mr\" ]; " UP "homes = ( { home_address = \"10.0.0.1/24\"; home_agent = "
		  "\"2001:db8:280::1\"; " SEC MNP " } );",
		  "!f:1: homes.home_address: 10.0.0.1/24: a home address is an IPv6 address\n" },
		{ "roles = [ \"mr\" ]; " UP "homes = ( { home_address = \"2001:db8:280::1/64\"; home_agent "
		  "= \"2001:db8:280::1\"; " SEC MNP " } );",
		  "!f:1: homes.home_agent: 2001:db8:280::1 is the home address\n" },
		{ "roles = [ \"mr\" ]; " UP "homes = ( { home_address = \"2001:db8:280::2/64\"; home_agent "
		  "= \"discover\"; " SEC MNP " } );", "!f:1: homes.home_agent: discovery (DHAAD) is not "
		  "in this version: give the address\n" },
		{ "roles = [ \"mr\" ]; " UP "homes = ( { home_address = \"2001:db8:280::2/64\"; home_agent "
		  "= [ \"2001:db8:280::1\", \"2001:db8:280::1\" ]; " SEC MNP " } );",
		  "!f:1: homes.home_agent: 2001:db8:280::1 is given twice\n" },
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
		  "!f:1: mobile_nodes.prefixes: 10.0.0.1/24 has host bits (did you mean 10.0.0.0/24?)\n" },
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
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"10.0.0.1/32\" ]; ipv4_static = true;")),
		  "" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"10.0.0.0/24\" ]; router = false;")),
		  "!f:1: mobile_nodes.router: has prefixes, but may not be a router\n" },
		{ MRP("{ prefix = \"10.0.0.1/32\"; }"),
		  "!f:1: homes.prefixes: 10.0.0.1/32: an explicit IPv4 prefix of one address is a home "
		  "address, which is not in this version\n" },
		{ MRP("{ prefix = \"10.0.0.1/32\"; mode = \"static\"; }"), "" },
		{ MRP("{ prefix = \"10.0.0.0/24\"; mode = \"implicit\"; }"),
		  "!f:1: homes.prefixes.mode: 10.0.0.0/24: for an IPv4 prefix that the home agent knows "
		  "it is \"static\"\n" },
		{ MRP("{ prefix = \"2001:db8:281::/64\"; mode = \"static\"; }"),
		  "!f:1: homes.prefixes.mode: 2001:db8:281::/64: for an IPv6 prefix that the home agent "
		  "knows it is \"implicit\"\n" },
		{ MRP("{ prefix = \"2001:db8:281::/64\"; }, { prefix = \"2001:db8:282::/64\"; mode = "
		      "\"implicit\"; }"),
		  "!f:1: homes.prefixes: explicit and implicit IPv6 prefixes are mixed\n" },
		{ MRP("{ prefix = \"2001:db8:281::/64\"; mode = \"implicit\"; }, "
		      "{ prefix = \"10.0.0.0/24\"; }"), "" },
		{ MRP("{ prefix = \"2001:db8:281::/64\"; device = \"up0\"; }"),
		  "!f:1: homes.prefixes.device: up0 is an uplink or home_device, not a mobile network\n" },
		{ MRP("{ prefix = \"2001:db8:280::/63\"; }"),
		  "!f:1: homes.prefixes: 2001:db8:280::/63 contains the home prefix of "
		  "2001:db8:280::beef/64\n" },
		/* a part of the home prefix may move (RFC 4887 calls it an aggregated home network) */
		{ MRP("{ prefix = \"2001:db8:280:0:1::/80\"; }"), "" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_nobody_owns_what_another_has(void **state)
{
	static const struct row row[] = {
		{ NODES(NODE("2001:db8:280::2", "") ",\n" NODE("2001:db8:280::2", "")),
		  "!f:2: mobile_nodes.home_address: 2001:db8:280::2 is given twice, also in f:1\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"2001:db8:281::/64\" ];") ",\n"
			NODE("2001:db8:280::3", "prefixes = [ \"2001:db8:281::/64\" ];")),
		  "!f:2: mobile_nodes.prefixes: 2001:db8:281::/64 overlaps with 2001:db8:281::/64, which "
		  "another has in f:1\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"10.0.0.0/25\", \"10.0.0.128/25\" ];") ",\n"
			NODE("2001:db8:280::3", "prefixes = [ \"10.0.0.0/24\" ];")),
		  "!f:1: mobile_nodes.prefixes: 10.0.0.0/25 overlaps with 10.0.0.0/24, which another has "
		  "in f:2\n"
		  "!f:1: mobile_nodes.prefixes: 10.0.0.128/25 overlaps with 10.0.0.0/24, which another "
		  "has in f:2\n" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"10.0.0.0/24\", \"10.0.0.0/24\" ];")),
		  "!f:1: mobile_nodes.prefixes: 10.0.0.0/24 is given twice, also in f:1\n" },
		/* one's own may nest */
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"10.0.0.0/24\", \"10.0.0.0/16\" ];")), "" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"2001:db8:280:0:8000::/65\" ];") ",\n"
			NODE("2001:db8:280::8000:0:0:3", "")),
		  "!f:2: mobile_nodes.home_address: 2001:db8:280:0:8000::3 lies in "
		  "2001:db8:280:0:8000::/65, which another has in f:1\n" },
		/* its own home address may be in its prefix */
		{ NODES(NODE("2001:db8:280:0:8000::2", "prefixes = [ \"2001:db8:280:0:8000::/65\" ];")),
		  "" },
		{ NODES(NODE("2001:db8:280::2", "prefixes = [ \"2001:db8:280::/65\" ];")),
		  "!f:1: mobile_nodes.prefixes: 2001:db8:280::/65 contains 2001:db8:280::1, the home "
		  "agent's own address\n" },
		{ "roles = [ \"ha\" ]; home_links = ( { device = \"a\"; address = \"2001:db8:280::1\"; "
		  "prefixes = [ \"2001:db8:280::/64\" ]; },\n{ device = \"a\"; address = "
		  "\"2001:db8:280::1\"; prefixes = [ \"2001:db8:280::/60\" ]; } ); mobile_nodes = ( "
		  NODE("2001:db8:280::2", "") " );",
		  "!f:2: home_links.device: a is given twice, also in f:1\n"
		  "!f:2: home_links.address: 2001:db8:280::1 is given twice, also in f:1\n"
		  "!f:1: home_links.prefixes: 2001:db8:280::/64 overlaps with 2001:db8:280::/60, which "
		  "another has in f:2\n" },
		{ "roles = [ \"mr\" ]; " UP "homes = ( " HOME(MNP) ",\n" HOME("") " );",
		  "!f:2: homes.home_address: 2001:db8:280::beef is given twice, also in f:1\n" },
		{ MRP("{ prefix = \"10.0.0.0/24\"; },\n{ prefix = \"10.0.0.0/24\"; }"),
		  "!f:2: homes.prefixes.prefix: 10.0.0.0/24 is given twice, also in f:1\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (i != 5)
			check(&row[i], 1);
	}
	conf_free(load(NODES(NODE("2001:db8:280::2", "prefixes = [ \"2001:db8:280:0:8000::/65\" ];")
			     ",\n" NODE("2001:db8:280:0:8000::3", ""))));
	assert_string_equal(said, row[5].said);
}

/* ---- devices, tables, timers ---- */

static void test_uplinks_and_tables_are_apart(void **state)
{
	static const struct row row[] = {
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"a\"; bid = 1; },\n{ device = \"a\"; bid = "
		  "1; } ); homes = ( " HOME(MNP) " );",
		  "!f:2: uplinks.device: a is given twice\n!f:2: uplinks.bid: 1 is given twice\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"a\"; },\n{ device = \"b\"; } ); homes = ( "
		  HOME(MNP) " );", "" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"mip0\"; } ); homes = ( " HOME(MNP) " );",
		  "!f:1: uplinks.device: mip0 is home_device\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"a\"; table = 254; },\n{ device = \"b\"; "
		  "table = 6500; } ); homes = ( " HOME(MNP) " );",
		  "!f:1: uplinks.table: table 254 is the kernel's\n!f:1: homes: table 6500 is used "
		  "twice\n" },
		{ MR("gre_key = 5;"), "!f:1: homes.gre_key: needs carrier = \"ip6gre\"\n" },
		{ MR("gre_key = 5; carrier = \"ip6gre\";"), "" },
		{ NODES(NODE("2001:db8:280::2", "gre_key = 5;")),
		  "!f:1: mobile_nodes.gre_key: needs carrier = \"ip6gre\"\n" },
		{ NODES(NODE("2001:db8:280::2", "")) "refresh_advice = 3600;",
		  "!f:1: refresh_advice: 3600 is not less than max_lifetime, 3600\n" },
		{ NODES(NODE("2001:db8:280::2", "")) "dad = false;",
		  "?f:1: dad: off: a home address that somebody else uses is not noticed (RFC 6275 "
		  "10.3.1)\n" },
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
		  "!f:1: timers.max_update_rate: 10 is not in 1..3 (RFC 6275 section 12); unsafe_timers "
		  "= true allows it\n" },
		{ MR("") "timers = { initial_bindack_timeout_first = 1; };",
		  "!f:1: timers.initial_bindack_timeout_first: 1 is not in 1.5..60 seconds (RFC 6275 "
		  "section 13); unsafe_timers = true allows it\n" },
		{ MR("") "timers = { max_bindack_timeout = 3; }; unsafe_timers = true;",
		  "?f:1: timers.max_bindack_timeout: UNSAFE: 3 is not 32 seconds (RFC 6275 section 12)\n" },
		{ MR("") "timers = { max_bindack_timeout = 32; initial_bindack_timeout_first = 3.0; };",
		  "" },
		{ MR("") "unsafe_timers = true; timers = { max_bindack_timeout = 0.5; };",
		  "?f:1: timers.max_bindack_timeout: UNSAFE: 0.5 is not 32 seconds (RFC 6275 section "
		  "12)\n!f:1: timers.initial_bindack_timeout: 1 is more than max_bindack_timeout, 0.5\n" },
		{ MR("") "unsafe_timers = true; timers = { max_bindack_timeout = 0; };",
		  "!f:1: timers.max_bindack_timeout: 0 is not in 0.01..3600 seconds\n" },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

/* ---- values ---- */

static const struct conf_schema *schema_of(const char *key)
{
	for (size_t i = 0; i < conf_schema_top.n; i++) {
		if (strcmp(conf_schema_top.key[i].name, key) == 0)
			return conf_schema_top.key[i].sub;
	}
	fail_msg("no key %s", key);
	return NULL;
}

static void test_defaults_of_the_tables_are_those_of_the_store(void **state)
{
	const struct conf_schema *timers = schema_of("timers");
	struct conf *c = load(MR(""));
	struct timers t;

	(void)state;
	timers_default(&t);
	for (size_t i = 0; i < timers->n; i++) {
		const struct conf_key *k = &timers->key[i];

		assert_memory_equal((char *)&c->timers + k->at, (char *)&t + k->at, k->size);
	}
	assert_string_equal(c->mn.home_device, "mip0");
	assert_int_equal(c->mn.rule_pref, 6000);
	assert_int_equal(c->mn.uplinks[0].table, 6000);
	assert_int_equal(c->mn.uplinks[0].bid, 0);
	assert_int_equal(c->mn.uplinks[0].coa_dad, COA_DAD_OPTIMISTIC);
	assert_int_equal(c->mn.homes[0].table, 6500);
	assert_int_equal(c->mn.homes[0].lifetime, 600);
	assert_int_equal(c->mn.homes[0].carrier, CARRIER_IP6TNL);
	assert_true(c->mn.homes[0].sec.replay_window == 7);
	assert_true(c->mn.homes[0].sec.timestamps);
	assert_int_equal(c->mn.homes[0].prefixes[0].mode, PREFIX_EXPLICIT);
	assert_int_equal(c->mn.dialect.ipv4_mnp, 0);
	assert_string_equal(c->control.socket, "/run/mip6d/mip6d.sock");
	assert_string_equal(c->state_dir, "/var/lib/mip6d");
	assert_int_equal(c->log.level, LOG_LV_INFO);
	conf_free(c);
	c = load(NODES(NODE("2001:db8:280::9", "") ", " NODE("2001:db8:280::2", "")));
	assert_int_equal(c->ha.metric, 2000);
	assert_int_equal(c->ha.metric_spread, 4096);
	assert_int_equal(c->ha.table, 254);
	assert_int_equal(c->ha.max_lifetime, 3600);
	assert_true(c->ha.home_routes && c->ha.dad && c->ha.accept_rfc5555);
	assert_false(c->ha.accept_v4prefix);
	assert_int_equal(c->ha.tunnel, TUNNEL_SHARED);
	assert_int_equal(c->ha.links[0].valid, 0xffffffff);
	assert_true(ha_conf_indexed(&c->ha));
	assert_int_equal(c->ha.nodes[0].slot, 1);	/* sorted; the place in the list is kept */
	conf_free(c);
}

static void test_the_drafts_options_are_used_only_where_chosen(void **state)
{
	struct conf *c = load(MR("ipv4_option = \"v4prefix\";") "ipv4_mnp_option = 40;");
	struct node_conf n;

	(void)state;
	assert_int_equal(c->mn.dialect.ipv4_mnp, 40);
	assert_int_equal(c->mn.dialect.ipv4_mnp_status, 12);
	conf_node(c, &n);
	assert_int_equal(n.dialect.ipv4_mnp, 40);
	assert_ptr_equal(n.mn, &c->mn);
	assert_null(n.ha);
	conf_free(c);
	c = load(NODES(NODE("2001:db8:280::2", "")) "ipv4_options = [ \"v4prefix\" ];");
	assert_false(c->ha.accept_rfc5555);
	assert_true(c->ha.accept_v4prefix);
	assert_int_equal(c->ha.dialect.ipv4_mnp, 11);
	conf_free(c);
}

static void test_drop_ins_go_on_with_lists_and_replace_the_rest(void **state)
{
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;

	(void)state;
	put("main.conf", NODES(NODE("2001:db8:280::2", "")) "max_lifetime = 60; log = { level = "
	    "\"error\"; }; served_prefixes = [ \"2001:db8:290::/64\" ];", 0644);
	assert_int_equal(mkdir(in_dir("conf.d"), 0755), 0);
	put("conf.d/20-b.conf", "max_lifetime = 100; log = { debug = [ \"ha\" ]; };", 0644);
	put("conf.d/10-a.conf", "max_lifetime = 80; mobile_nodes = ( { home_address = "
	    "\"2001:db8:291::3\"; security = { method = \"auth-option\"; spi = 300; key_file = "
	    "\"../max.key\"; }; } ); served_prefixes = [ \"2001:db8:291::/64\" ];", 0644);
	put("conf.d/30-c.conf~", "this is not read", 0644);
	assert_int_equal(conf_load(in_dir("main.conf"), 0, &c, &errs), 0);
	assert_int_equal(errs.n, 0);
	assert_int_equal(c->ha.max_lifetime, 100);
	assert_int_equal(c->ha.n_node, 2);
	assert_int_equal(c->ha.nodes[1].sec.key.len, 64);
	assert_int_equal(c->log.level, LOG_LV_ERR);
	assert_int_equal(c->log.n_debug, 1);
	assert_int_equal(c->ha.n_served, 1);
	conf_free(c);
	put("conf.d/30-c.conf", "\nmobile_nodes = ( " NODE("2001:db8:280::2", "") " );", 0644);
	put("conf.d/good.key", KEY, 0600);
	c = NULL;
	assert_int_equal(conf_load(in_dir("main.conf"), 0, &c, &errs), -EINVAL);
	assert_null(c);
	keep(&errs);
	conf_errs_free(&errs);
	assert_string_equal(said, "!conf.d/30-c.conf:2: mobile_nodes.home_address: 2001:db8:280::2 is "
			    "given twice, also in main.conf:1\n");
}

static void test_a_file_that_cannot_be_read_is_named(void **state)
{
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;

	(void)state;
	assert_int_equal(conf_load(in_dir("nothing.conf"), 0, &c, &errs), -ENOENT);
	keep(&errs);
	assert_string_equal(said, "!nothing.conf: No such file or directory\n");
	conf_errs_free(&errs);
	assert_int_equal(conf_load(dir, 0, &c, &errs), -EISDIR);
	conf_errs_free(&errs);
	assert_null(c);
}

static void test_large_numbers_in_included_files_are_not_cut(void **state)
{
	(void)state;
	put("inc.conf", "rule_pref = 4294967297;\n", 0644);
	conf_free(load(MR("") "\n@include \"inc.conf\"\n"));
	assert_string_equal(said, "!inc.conf:1: rule_pref: a number of that size must end in L\n");
	put("inc.conf", "# 4294967297\nrule_pref = 100;\n", 0644);
	conf_free(load(MR("") "\n@include \"inc.conf\"\n"));
	assert_string_equal(said, "");
}

static void test_a_hundred_thousand_mobile_nodes(void **state)
{
	enum { N = 100000 };
	size_t used, size = (size_t)N * 160;
	char *text = malloc(size);
	struct conf *c;

	(void)state;
	used = (size_t)snprintf(text, size, "roles = [ \"ha\" ]; " LINK "mobile_nodes = (");
	for (unsigned i = 0; i < N; i++)
		used += (size_t)snprintf(text + used, size - used,
					 "%s{ home_address = \"2001:db8:280::1:%x:%x\"; prefixes = [ "
					 "\"2001:db9:%x:%x::/64\" ]; security = { method = \"none\"; }; }",
					 i ? "," : "", i >> 16, i & 0xffff, i >> 16, i & 0xffff);
	snprintf(text + used, size - used, ");");
	c = load(text);
	free(text);
	assert_int_equal(c->ha.n_node, N);
	assert_true(ha_conf_indexed(&c->ha));
	conf_free(c);
}

/* ---- the examples, and the secret ---- */

static void example(const char *name, unsigned role)
{
	const char *was = "/etc/mip6d/ha.key";
	static char text[TEXT_MAX], ours[TEXT_MAX];
	struct conf *c;
	char path[512], *p;
	FILE *f;

	source_path("conf", name, path, sizeof(path));
	f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	/* the last one: a comment tells of the file too */
	for (p = strstr(text, was); p && strstr(p + 1, was); p = strstr(p + 1, was))
		;
	assert_non_null(p);
	snprintf(ours, sizeof(ours), "%.*sgood.key%s", (int)(p - text), text, p + strlen(was));
	c = load(ours);
	assert_string_equal(said, "");
	assert_int_equal(c->roles, role);
	conf_free(c);
}

static void test_the_examples_load_without_a_word(void **state)
{
	(void)state;
	example("mip6d-ha.conf", ROLE_HA);
	example("mip6d-mr.conf", ROLE_MR);
}

static void test_the_interface_secret_stays_the_same(void **state)
{
	struct conf *c = load(MR("")), *again = load(MR(""));
	static const uint8_t zero[16];
	struct stat st;

	(void)state;
	snprintf(c->state_dir, sizeof(c->state_dir), "%s", dir);
	snprintf(again->state_dir, sizeof(again->state_dir), "%s", dir);
	assert_int_equal(conf_iid_secret(c), 0);
	assert_memory_not_equal(c->mn.iid_secret, zero, 16);
	assert_int_equal(stat(in_dir("iid_secret"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(conf_iid_secret(again), 0);
	assert_memory_equal(c->mn.iid_secret, again->mn.iid_secret, 16);
	assert_int_equal(chmod(in_dir("iid_secret"), 0644), 0);
	assert_int_equal(conf_iid_secret(again), -EPERM);
	put("iid_secret", "short", 0600);
	assert_int_equal(conf_iid_secret(again), -EINVAL);
	snprintf(again->state_dir, sizeof(again->state_dir), "%s/nothing", dir);
	assert_int_equal(conf_iid_secret(again), -ENOENT);
	conf_free(c);
	conf_free(again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_keys_are_errors_with_a_suggestion),
		cmocka_unit_test(test_wrong_types_are_errors),
		cmocka_unit_test(test_ranges_are_told_with_their_unit),
		cmocka_unit_test(test_choices_are_suggested),
		cmocka_unit_test(test_what_must_be_there_is_missed),
		cmocka_unit_test(test_a_syntax_error_says_where),
		cmocka_unit_test(test_a_umip_configuration_is_known_by_name),
		cmocka_unit_test(test_roles_that_do_not_go_together),
		cmocka_unit_test(test_the_role_on_the_command_line_wins),
		cmocka_unit_test(test_keys_come_from_safe_files),
		cmocka_unit_test(test_a_key_is_read_and_never_printed),
		cmocka_unit_test(test_addresses_must_be_usable),
		cmocka_unit_test(test_prefixes_must_be_networks),
		cmocka_unit_test(test_nobody_owns_what_another_has),
		cmocka_unit_test(test_uplinks_and_tables_are_apart),
		cmocka_unit_test(test_option_numbers_do_not_collide),
		cmocka_unit_test(test_timers_outside_the_rfcs_need_unsafe_timers),
		cmocka_unit_test(test_defaults_of_the_tables_are_those_of_the_store),
		cmocka_unit_test(test_the_drafts_options_are_used_only_where_chosen),
		cmocka_unit_test(test_drop_ins_go_on_with_lists_and_replace_the_rest),
		cmocka_unit_test(test_a_file_that_cannot_be_read_is_named),
		cmocka_unit_test(test_large_numbers_in_included_files_are_not_cut),
		cmocka_unit_test(test_a_hundred_thousand_mobile_nodes),
		cmocka_unit_test(test_the_examples_load_without_a_word),
		cmocka_unit_test(test_the_interface_secret_stays_the_same),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
