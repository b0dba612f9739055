/* SPDX-License-Identifier: BSD-2-Clause */
/* The language of the configuration, its files, roles and defaults; the examples load. */
#include "conf_load_help.h"

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
		  "!f:1: timers.probe_interval: a number is expected, without quotes\n" },
		{ MR("") "rule_pref = 1.5;", "!f:1: rule_pref: a whole number is expected\n" },
		{ MR("") "rule_pref = true;", "!f:1: rule_pref: a whole number is expected\n" },
		{ MR("") "unsafe_timers = 1;", "!f:1: unsafe_timers: true or false is expected\n" },
		{ MR("") "state_dir = 1;", "!f:1: state_dir: a text in quotes is expected\n" },
		{ MR("link_local = \"yes\";"),
		  "!f:1: homes.link_local: true or false is expected, without quotes\n" },
		{ "roles = [ \"mr\" ]; uplinks = [ \"up0\" ]; homes = ( " HOME(MNP) " );",
		  "!f:1: uplinks: a list ( { ... }, { ... } ) is expected\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( \"up0\" ); homes = ( " HOME(MNP) " );",
		  "!f:1: uplinks: a group { ... } is expected\n" },
		{ "roles = \"mr\"; " UP "homes = ( " HOME(MNP) " );",
		  "!f:1: roles: a list is expected, also of one: [ \"mr\" ]\n" },
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
		  "!f:1: uplinks.device: \"sixteen-letters-\" is too long: at most 15 "
		  "characters\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"\"; } ); homes = ( " HOME(
			  MNP) " );",
		  "!f:1: uplinks.device: is empty\n" },
		{ "roles = [ \"mr\" ]; uplinks = ( { device = \"a b\"; } ); homes = ( " HOME(
			  MNP) " );",
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
		{ HA("mobile_nodes = ( " NODE("2001:db8:280::2",
					      "") " ); ipv4_options = [ \"rfc555\" ];"),
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
		{ "", "!f: roles: is missing: what this node is, such as roles = [ \"mr\" ];\n" },
		{ "roles = [ ];", "!f:1: roles: names no role: \"ha\", \"mr\", \"mn\", \"cn\"\n" },
		{ "roles = [ \"ha\" ];",
		  "!f: home_links: is missing: at least one is needed\n?f: mobile_nodes: is "
		  "empty: every registration is "
		  "refused\n" },
		{ "roles = [ \"mr\" ];", "!f: uplinks: is missing: at least one is needed\n"
					 "!f: homes: is missing: at least one is needed\n" },
		{ "roles = [ \"mr\" ]; " UP "homes = ( { } );",
		  "!f:1: homes.home_address: is missing: home address with the length of the home prefix\n"
		  "!f:1: homes.home_agent: is missing: home agents, tried in this order; \"discover\", "
		  "last or alone: then ask the home network for more\n"
		  "!f:1: homes.security: is missing: see security in mip6d.conf(5)\n"
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
		{ "roles = [ \"ha\" ];\nhome_links = (\n { device = \"eth0\" \n ;",
		  "!f:3: the { of this line is never closed\n" },
		{ "roles = [ \"ha\" ];\nlog = { level = info; };", "!f:2: info needs quotes: \"info\"\n" },
		{ "homes = ( {\n home_agent = 2001:db8::1; } );",
		  "!f:2: 2001:db8::1 needs quotes: \"2001:db8::1\"\n" },
		{ "a = 10.0.0.1;", "!f:1: 10.0.0.1 needs quotes: \"10.0.0.1\"\n" },
		{ "roles = [ ha ];", "!f:1: ha needs quotes: \"ha\"\n" },
		{ "dad = on;", "!f:1: on is no value: true or false\n" },
		{ "max_lifetime = 10m;",
		  "!f:1: 10m is not a number: all times are seconds, without a unit\n" },
		{ "nai = \"bus17;\nroles = [ \"mr\" ];",
		  "!f:1: the text that begins in this line does not end in it: a \" is missing\n" },
		{ "homes = ( { a = 1; }\n\nlog = { };",
		  "!f:1: the ( of this line is not closed before log in line 3\n" },
		{ "homes = ( {\n a = ( 1 };\n );",
		  "!f:2: the ( of this line is not closed before the } of line 2\n" },
		{ "homes = ( { a = 1; } { a = 2; } );", "!f:1: a comma is missing before this {\n" },
		{ "roles = [ \"ha\" ] );", "!f:1: this ) closes nothing\n" },
		{ "dad true;", "!f:1: dad: a = is missing behind it\n" },
		{ "log { };", "!f:1: log: a = is missing behind it\n" },
		{ "metric = ;", "!f:1: metric has no value\n" },
		{ "metric", "!f:1: metric has no value\n" },
		{ "/* a\n*/ dad = 1 /", "!f:2: this / makes no sense here\n" },
		{ "# \"\n// (\n/* { */\nroles = [ \342\200\234ha\342\200\235 ];",
		  "!f:4: a character that is not ASCII, outside of quotes; quotation marks are \"\n" },
		{ "\357\273\277roles = [ \"ha\" ];", "!f:1: the file begins with a byte order mark: "
		  "save it as plain UTF-8 without\n" },
		{ "a = 0x;", "!f:1: syntax error in this line or before it\n" },
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
		  "!f:3: NodeConfig: this is a configuration of UMIP, the older mip6d: its "
		  "language is "
		  "not ours, see mip6d.conf(5)\n" },
		{ "MnHomeLink \"eth0\" {\n HomeAgentAddress 2001:db8::1;\n}\n",
		  "!f:1: MnHomeLink: this is a configuration of UMIP, the older mip6d: its "
		  "language is "
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

static void test_policy_behind_one_that_covers_it(void **state)
{
	static const struct row row[] = {
		{ "roles = [ \"cn\" ]; correspondent = { policy = ( { peer = \"2001:db8:1::/48\"; "
		  "allow = true; }, { peer = \"2001:db8::/32\"; allow = false; }, { peer = "
		  "\"2001:db8:2::/48\"; allow = true; }, { peer = \"::/0\"; allow = true; } ); };",
		  "?f:1: correspondent.policy: decides nothing: 2001:db8:2::/48 is in 2001:db8::/32 "
		  "(f:1)\n" },
	};

	(void)state;
	check(row, 1);
}

/* ---- roles ---- */

static void test_roles_that_do_not_go_together(void **state)
{
	static const struct row row[] = {
		{ "roles = [ \"hm\" ];",
		  "!f:1: roles: \"hm\" is not a choice (did you mean \"ha\"?)\n" },
		{ "roles = [ \"mn\", \"mr\" ]; " UP "homes = ( " HOME(MNP) " );",
		  "!f:1: roles: \"mr\" is \"mn\" with prefixes: name one of them\n" },
		{ "roles = [ \"cn\" ]; correspondent = { max_lifetime = 421; max_bindings = 0; "
		  "policy = ( { peer = \"2001:db8::1/32\"; allow = true; }, { peer = \"10.0.0.0/8\"; "
		  "allow = false; }, { allow = false; } ); };",
		  "!f:1: correspondent.max_lifetime: 421 is not in 4..420 seconds\n"
		  "!f:1: correspondent.max_bindings: 0 is not in 1..1000000\n"
		  "!f:1: correspondent.policy.peer: 2001:db8::1/32 has host bits (did you mean "
		  "2001:db8::/32?)\n"
		  "!f:1: correspondent.policy.peer: \"10.0.0.0/8\" is not an IPv6 prefix\n"
		  "!f:1: correspondent.policy.peer: is missing: peers whose address is in it\n" },
		{ "roles = [ \"cn\" ]; unsafe_timers = true; timers = { max_nonce_lifetime = 20; "
		  "max_token_lifetime = 18.5; nonce_interval = 2; };",
		  "?f:1: timers.max_nonce_lifetime: UNSAFE: 20 is not 240 seconds (RFC 6275 section "
		  "12)\n?f:1: timers.max_token_lifetime: UNSAFE: 18.5 is not 210 seconds (RFC 6275 "
		  "section 12)\n?f:1: timers.nonce_interval: UNSAFE: 2 is not in 4..30 seconds "
		  "(RFC 6275 section 5.2.7)\n"
		  "!f:1: timers.nonce_interval: 2 is more than max_nonce_lifetime - "
		  "max_token_lifetime, 1.5\n" },
		{ "roles = [ \"ha\", \"mr\" ]; " LINK "mobile_nodes = ( " NODE(
			  "2001:db8:280::2", "") " ); " UP "homes = ( " HOME(MNP) " );",
		  "!f:1: roles: a home agent and a mobile node in one daemon: not in this "
		  "version\n" },
		{ "roles = [ \"mn\" ]; " UP "homes = ( " HOME(MNP) " );",
		  "!f:1: homes.prefixes: only a mobile router has prefixes: role \"mr\"\n"
		  "?f:1: homes.prefixes: is not used: it is for role \"mr\"\n" },
		{ MR("") "tunnel = \"device\";",
		  "?f:1: tunnel: is not used: it is for role \"ha\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (i != 5)
			check(&row[i], 1);
	}
	conf_free(load(row[5].text));
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
	put("conf.d/README", "nor this", 0644);
	put("conf.d/40-d.cfg", "but this should have been", 0644);
	assert_int_equal(conf_load(in_dir("main.conf"), 0, &c, &errs), 0);
	keep(&errs);
	assert_string_equal(said, "?conf.d/40-d.cfg: is not read: its name does not end in .conf\n");
	conf_errs_free(&errs);
	assert_int_equal(unlink(in_dir("conf.d/40-d.cfg")), 0);
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
	assert_string_equal(said,
			    "!conf.d/30-c.conf:2: mobile_nodes.home_address: 2001:db8:280::2 is "
			    "given twice, also in main.conf:1\n");
}

static void test_a_file_that_cannot_be_read_is_named(void **state)
{
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;

	(void)state;
	assert_int_equal(conf_load(in_dir("nothing.conf"), 0, &c, &errs), -ENOENT);
	keep(&errs);
	assert_string_equal(said, "!nothing.conf: No such file or directory: copy an example from "
			    "/usr/share/doc/mip6d/examples, or name another file with --config\n");
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
		used += (size_t)snprintf(
			text + used, size - used,
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
	assert_int_equal(p != NULL, role != ROLE_CN);	/* which has no secrets */
	if (p)
		snprintf(ours, sizeof(ours), "%.*sgood.key%s", (int)(p - text), text,
			 p + strlen(was));
	c = load(p ? ours : text);
	assert_string_equal(said, "");
	assert_int_equal(c->roles, role);
	conf_free(c);
}

static void test_the_examples_load_without_a_word(void **state)
{
	(void)state;
	example("mip6d-ha.conf", ROLE_HA);
	example("mip6d-mr.conf", ROLE_MR);
	example("mip6d-mn.conf", ROLE_MN);
	example("mip6d-cn.conf", ROLE_CN);
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
		cmocka_unit_test(test_policy_behind_one_that_covers_it),
		cmocka_unit_test(test_roles_that_do_not_go_together),
		cmocka_unit_test(test_the_role_on_the_command_line_wins),
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
