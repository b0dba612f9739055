/* SPDX-License-Identifier: BSD-2-Clause */
/* mip6ctl: what it shows of a home agent and a mobile router, and how it ends. */
#include "mip6ctl_help.h"

static void test_each_command_has_its_text(void **state)
{
	static const struct { const char *node, *args, *has; } row[] = {
		{ "ha", "", "home agent, up " },
		{ "ha", "status", "1 binding of 2 mobile nodes, 1 of 2 prefixes routed\n" },
		{ "ha", "status", "warning: security \"none\" in 2 places" },
		{ "ha", "status", "sysctl net/ipv6/conf/all/forwarding = 1 (was 0)\n" },
		{ "ha", "-s", "home_agent.refused.132  3\n" },
		{ "ha", "binding", "HOME ADDRESS       CARE-OF ADDRESS  FLAGS  SEQ  LIFETIME" },
		{ "ha", "b", "\n2001:db8:280::1:1  2001:db8:f1::2   AHR    1" },
		{ "ha", "bin show", "\n  prefix 10.0.0.0/24 routed\n" },
		{ "ha", "-o -d binding", "\\  prefix 10.0.0.0/24 routed\n" },
		{ "ha", "home-agent", "advertised  2001:db8:280::1  0           1800s" },
		{ "ha", "home show", "\n  warning: the Home Agent flag is not set" },
		{ "ha", "prefix", "\n2001:db8:281::/64  not_registered  2001:db8:280::1:1  -" },
		{ "ha", "stats", "mobility_header.received.bu  11\n" },
		{ "ha", "registration", "" },
		{ "mr", "", "mobile router, up " },
		{ "mr", "", ", registered (1 of 1 home), 1 of 2 prefixes in service\n" },
		{ "mr", "", "\nwwan0   attached  -" },
		{ "mr", "", "\nwlan0   down      -" },
		{ "mr", "reg", "\n2001:db8:280::beef  bound" },
		{ "mr", "reg show 2001:db8:280::beef",
		  "prefix 10.0.0.0/24 refused explicit dev lan0 (133: not authorised" },
		{ "mr", "home-agent", "registered  2001:db8:280::1  -           -         -        0" },
		{ "mr", "home-agent", "candidate   2001:db8:280::2  -           -         -        0" },
		{ "mr", "home-agent", "  2001:db8:280::beef  configured\n" },
		{ "mr", "home-agent", "  2001:db8:280::beef  discovered\n" },
		{ "mr", "home-agent show", " home-address 2001:db8:280::beef configured\n" },
		{ "mr", "reg refresh", "1\n" },
		{ "mr", "reg deregister 2001:db8:280::beef", "1\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		int rc = run(row[i].node, row[i].args);

		if (rc != 0 || !strstr(out, row[i].has))
			fail_msg("mip6ctl %s: status %d, no \"%s\" in:\n%s", row[i].args, rc,
				 row[i].has, out);
	}
}

static void test_the_family_filter_takes_prefixes_away(void **state)
{
	(void)state;
	assert_int_equal(run("mr", "-4 prefix"), 0);
	assert_non_null(strstr(out, "10.0.0.0/24"));
	assert_null(strstr(out, "2001:db8:281::/64"));
	assert_int_equal(run("mr", "-6 -j prefix"), 0);
	assert_null(strstr(out, "10.0.0.0/24"));
	assert_non_null(strstr(out, "2001:db8:281::/64"));
	assert_int_equal(run("mr", "-4 -6 prefix"), 0);
	assert_non_null(strstr(out, "10.0.0.0/24"));
	assert_int_equal(run("mr", "-4 reg show"), 0);
	assert_null(strstr(out, "2001:db8:281::/64"));
}

static void test_the_shape_of_json_does_not_depend_on_the_rows(void **state)
{
	static const struct { const char *node, *args; size_t n; } row[] = {
		{ "ha", "-j binding", 1 }, { "mr", "-j binding", 0 },
		{ "mr", "-j registration", 1 }, { "ha", "-p registration", 0 },
		{ "ha", "-p prefix", 2 }, { "ha", "-j binding show 2001:db8:280::1:1", 1 },
	};
	struct json_object *o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		o = json(row[i].node, row[i].args);
		assert_true(json_object_is_type(o, json_type_array));
		assert_int_equal(json_object_array_length(o), row[i].n);
		json_object_put(o);
	}
	o = json("ha", "-j");
	assert_true(json_object_is_type(o, json_type_object));
	json_object_put(o);
	o = json("ha", "-p stats");
	assert_true(json_object_is_type(o, json_type_object));
	json_object_put(o);
}

static void test_exit_statuses_are_those_of_the_manual(void **state)
{
	static const struct { const char *node, *args; int rc; const char *has;
	} row[] = {
		{ "ha", "binding show 2001:db8::9", 5,
		  "mip6ctl: no such home address: 2001:db8::9\n" },
		{ "ha", "-j binding show 2001:db8::9", 5,
		  "mip6ctl: no such home address: 2001:db8::9\n" },
		{ "mr", "reg deregister 2001:db8::9", 5, "no such home address" },
		{ "ha", "reg refresh", 4, "mip6ctl: the daemon has not this role: mn\n" },
		{ "mr", "binding flush", 4, "has not this role: ha\n" },
		{ "mr", "peer flush", 4, "has not this role: cn\n" },
		{ "mr", "peer flush 1 2", 2, "too much" },
		{ "none", "", 3, "No such file or directory (is mip6d running? systemctl start mip6d, "
		  "or -S SOCKET)\n" },
		{ "none", "-j binding", 3, "(is mip6d running?" },
		{ "ha", "nonsense", 2, "mip6ctl: \"nonsense\" is no command (mip6ctl -h)\n" },
		{ "ha", "st", 2, "mip6ctl: \"st\" may be: status stats (mip6ctl -h)\n" },
		{ "ha", "binding nonsense", 2, "binding: \"nonsense\" is none of list, show, flush" },
		{ "ha", "binding show 1 2", 2, "binding show: \"2\" is too much" },
		{ "ha", "binding show xyz", 2, "mip6ctl: not understood: home_address\n" },
		{ "ha", "-n x monitor", 2, "\"x\" is not a number" },
		{ "ha", "-cmaybe", 2, "auto, always or never" },
		{ "ha", "--nope", 2, "mip6ctl: --nope is no option (mip6ctl -h)\n" },
		{ "ha", "monitor nope", 2, "not understood: events" },
		{ "ha", "config", 2, "config: say check" },
		{ "ha", "config check /nonexistent.conf", 4,
		  "/nonexistent.conf: No such file or directory: copy an example from " },
		{ "ha", "-V", 0, "mip6ctl " },
		{ "ha", "-h", 0, "usage: mip6ctl" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		int rc = run(row[i].node, row[i].args);

		if (rc != row[i].rc || !strstr(out, row[i].has))
			fail_msg("mip6ctl %s: status %d, wanted %d, no \"%s\" in:\n%s", row[i].args,
				 rc, row[i].rc, row[i].has, out);
	}
}

static void test_monitor_counts_what_happens_after_the_present_state(void **state)
{
	(void)state;
	assert_int_equal(run("ha", "-n 2 monitor all"), 0);
	assert_int_equal(lines(" bc_add home_address 2001:db8:280::1:1"), 1);
	assert_int_equal(lines(" sync\n"), 1);
	assert_int_equal(lines(" handover "), 2);
	assert_int_equal(run("ha", "-n 2 monitor handover"), 0);
	assert_int_equal(lines(" bc_add "), 0);
	assert_int_equal(lines(" handover "), 2);
	assert_int_equal(run("mr", "-j -n 1 mon"), 0);
	assert_int_equal(lines("\n"), lines("{\"event\":"));	/* one object, one line */
	/* nothing of that kind happens: the time ends it */
	assert_int_equal(run("ha", "-t 0.1 monitor path"), 0);
	assert_int_equal(lines("\n"), 1);
}

static void test_colours_only_where_they_are_asked_for(void **state)
{
	(void)state;
	assert_int_equal(run("mr", "reg"), 0);
	assert_null(strchr(out, '\033'));
	assert_int_equal(run("mr", "-c reg"), 0);
	assert_non_null(strstr(out, "\033[32mbound\033[0m"));
	assert_int_equal(run("mr", "-cnever reg"), 0);
	assert_null(strchr(out, '\033'));
}

static void test_a_daemon_that_hangs_does_not_hang_us(void **state)
{
	(void)state;
	assert_int_equal(kill(server[0], SIGSTOP), 0);
	assert_int_equal(run("ha", "-t 0.2"), 3);
	assert_non_null(strstr(out, "Connection timed out"));
	assert_int_equal(kill(server[0], SIGCONT), 0);
}

static void test_output_that_cannot_be_written_is_no_success(void **state)
{
	(void)state;
	assert_int_equal(run("ha", "status >/dev/full"), 3);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_command_has_its_text),
		cmocka_unit_test(test_the_family_filter_takes_prefixes_away),
		cmocka_unit_test(test_the_shape_of_json_does_not_depend_on_the_rows),
		cmocka_unit_test(test_exit_statuses_are_those_of_the_manual),
		cmocka_unit_test(test_monitor_counts_what_happens_after_the_present_state),
		cmocka_unit_test(test_colours_only_where_they_are_asked_for),
		cmocka_unit_test(test_a_daemon_that_hangs_does_not_hang_us),
		cmocka_unit_test(test_output_that_cannot_be_written_is_no_success),
	};

	if (find_program(argc, argv) < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, setup, teardown);
}
