/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths on the control socket: what is told of them, and what the operator may say. */
#include "ctl_help.h"

#include "base/util.h"
#include "run/timer.h"

static const char paths_text[] =
	"roles = [ \"mr\" ];\n"
	"uplinks = ( { device = \"wwan0\"; bid = 1; priority = 10; probe = \"extreme\"; },\n"
	"            { device = \"wlan0\"; bid = 2; priority = 20; } );\n"
	"homes = ( { home_address = \"2001:db8:280::beef/64\"; home_agent = \"2001:db8:280::1\";\n"
	"            prefixes = ( { prefix = \"10.0.0.0/24\"; device = \"lan0\"; } );\n"
	"            security = { method = \"none\"; }; } );\n";

/* The first path answers after 50 ms, every fourth probe is lost; the second is not registered. */
static void probed(void)
{
	struct path *p = &fake_node.path[0];
	double now = run_now() - 20;

	fake_node.here[0] = true;
	path_init(&fake_node.tunnel[0], path_profile_tunnel(PATH_PROFILE_EXTREME), now);
	path_sent(&fake_node.tunnel[0], now);
	path_answer(&fake_node.tunnel[0], 1, now + 0.06);
	path_init(p, path_profile(PATH_PROFILE_EXTREME), now);
	for (unsigned i = 0; i < 8; i++) {
		path_sent(p, now);
		if (i % 4 != 3)
			path_answer(p, p->seq, now + 0.05);
		path_tick(p, true, now + 0.1);
		path_tick(p, true, now += 0.2);
	}
}

static double num_of(struct json_object *o, const char *key)
{
	return json_object_get_double(json_object_object_get(
		json_object_object_get(o, "parameters"), key));
}

static void test_what_is_told_of_a_path(void **state)
{
	struct fix *f = *state;
	struct json_object *o;
	int fd;

	begin(f, paths_text);
	probed();
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListPaths\",\"more\":true}");
	o = hear(f, fd);
	MEMBERS(o, { "home_address", "2001:db8:280::beef" }, { "bid", "1" }, { "device", "wwan0" },
		{ "state", "suspect" }, { "up", "true" }, { "active", "true" },
		{ "probe", "extreme" }, { "priority", "10" }, { "judged_by", "outer" },
		{ "outer_state", "suspect" }, { "tunnel_state", "up" });
	assert_true(num_of(o, "tunnel_rtt") > 0.0599 && num_of(o, "tunnel_rtt") < 0.0601);
	assert_true(num_of(o, "rtt") > 0.0499 && num_of(o, "rtt") < 0.0501);
	assert_true(num_of(o, "loss") == 0.25);
	assert_true(num_of(o, "jitter") < 1e-3);
	assert_true(num_of(o, "notices_within") > 0.1 && num_of(o, "notices_within") <= 0.3);
	assert_true(num_of(o, "probes") == 8 && num_of(o, "answered") == 6);
	assert_true(num_of(o, "lost") == 2);
	assert_true(num_of(o, "rx_rate") == 1.2e6 && num_of(o, "tx_rate") == 0.1e6);
	assert_true(num_of(o, "heard") > 18 && num_of(o, "heard") < 20);
	json_object_put(o);
	HEARS(f, fd, { "bid", "2" }, { "state", "absent" }, { "up", "false" },
	      { "probe", "normal" }, { "rtt", NULL }, { "loss", NULL }, { "rx_rate", NULL },
	      { "care_of", NULL }, { "judged_by", NULL }, { "tunnel_state", NULL });
	hears(f, fd, "{\"parameters\":{}}");
	say(f, fd, "{\"method\":\"io.mip6d.ListPaths\",\"more\":true,\"parameters\":{\"bid\":2}}");
	HEARS(f, fd, { "device", "wlan0" });
	hears(f, fd, "{\"parameters\":{}}");
	close(fd);
}

static void test_silent_and_held_paths_are_not_up(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, paths_text);
	probed();
	fake_node.path[0].state = PATH_DOWN;
	fake_node.here[1] = true;	/* not probed: as far as is known, it works */
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListPaths\",\"more\":true}");
	HEARS(f, fd, { "state", "down" }, { "reason", "silent" }, { "up", "false" },
	      { "outer_state", "down" });
	HEARS(f, fd, { "state", "unknown" }, { "up", "true" }, { "probes", NULL });
	hears(f, fd, "{\"parameters\":{}}");
	/* one that is probed and has not answered is not up */
	path_init(&fake_node.path[1], path_profile(PATH_PROFILE_NORMAL), run_now());
	say(f, fd, "{\"method\":\"io.mip6d.ListPaths\",\"more\":true,\"parameters\":{\"bid\":2}}");
	HEARS(f, fd, { "up", "false" });
	hears(f, fd, "{\"parameters\":{}}");
	fake_node.path[1].state = PATH_UP;
	fake_node.held = 2;
	say(f, fd, "{\"method\":\"io.mip6d.ListPaths\",\"more\":true,\"parameters\":{\"bid\":2}}");
	HEARS(f, fd, { "state", "up" }, { "held", "true" }, { "up", "false" });
	hears(f, fd, "{\"parameters\":{}}");
	close(fd);
}

static void test_monitor_begins_with_the_paths_that_there_are(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, paths_text);
	probed();
	fake_node.here[1] = true;
	path_init(&fake_node.path[1], path_profile(PATH_PROFILE_NORMAL), run_now());
	fake_node.path[1].state = PATH_DOWN;
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true,"
		   "\"parameters\":{\"events\":[\"path_up\",\"path_down\"]}}");
	HEARS(f, fd, { "event", "path_up" }, { "bid", "1" }, { "device", "wwan0" });
	HEARS(f, fd, { "event", "path_down" }, { "bid", "2" }, { "reason", "silent" });
	HEARS(f, fd, { "event", "sync" });
	close(fd);
}

static void test_the_operator_says_which_are_used(void **state)
{
	static const struct { const char *call, *answer; } rows[] = {
		{ "UsePath\",\"parameters\":{\"bid\":2,\"use\":false}", "{\"parameters\":{}}" },
		{ "PreferPath\",\"parameters\":{\"bid\":1}", "{\"parameters\":{}}" },
		{ "ProbePaths\"", "{\"parameters\":{\"count\":2}}" },
		{ "ProbePaths\",\"parameters\":{\"bid\":1}", "{\"parameters\":{\"count\":1}}" },
		{ "UsePath\",\"parameters\":{\"bid\":9,\"use\":false}",
		  "{\"error\":\"io.mip6d.NoSuchPath\",\"parameters\":{\"bid\":9}}" },
		{ "PreferPath\",\"parameters\":{\"bid\":9}",
		  "{\"error\":\"io.mip6d.NoSuchPath\",\"parameters\":{\"bid\":9}}" },
		{ "ProbePaths\",\"parameters\":{\"bid\":9}",
		  "{\"error\":\"io.mip6d.NoSuchPath\",\"parameters\":{\"bid\":9}}" },
		{ "ListPaths\",\"more\":true,\"parameters\":{\"bid\":9}",
		  "{\"error\":\"io.mip6d.NoSuchPath\",\"parameters\":{\"bid\":9}}" },
		{ "UsePath\",\"parameters\":{\"use\":false}",
		  "{\"error\":\"" S "InvalidParameter\",\"parameters\":{\"parameter\":\"bid\"}}" },
		{ "UsePath\",\"parameters\":{\"bid\":2}",
		  "{\"error\":\"" S "InvalidParameter\",\"parameters\":{\"parameter\":\"use\"}}" },
		{ "UsePath\",\"parameters\":{\"bid\":65537,\"use\":true}",
		  "{\"error\":\"" S "InvalidParameter\",\"parameters\":{\"parameter\":\"bid\"}}" },
		{ "ListPaths\",\"more\":true,\"parameters\":{\"bid\":\"2\"}",
		  "{\"error\":\"" S "InvalidParameter\",\"parameters\":{\"parameter\":\"bid\"}}" },
	};
	struct fix *f = *state;
	char call[256];
	int fd;

	begin(f, paths_text);
	fd = connect_to(f);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(call, sizeof(call), "{\"method\":\"io.mip6d.%s}", rows[i].call);
		say(f, fd, call);
		hears(f, fd, rows[i].answer);
	}
	assert_int_equal(fake_node.held, 2);
	assert_int_equal(fake_node.preferred, 1);
	assert_int_equal(fake_node.probed, 2);
	say(f, fd, "{\"method\":\"io.mip6d.UsePath\",\"parameters\":{\"bid\":2,\"use\":true}}");
	hears(f, fd, "{\"parameters\":{}}");
	say(f, fd, "{\"method\":\"io.mip6d.PreferPath\"}");
	hears(f, fd, "{\"parameters\":{}}");
	assert_true(!fake_node.held && !fake_node.preferred);
	fake_node.answer = -EBUSY;
	say(f, fd, "{\"method\":\"io.mip6d.UsePath\",\"parameters\":{\"bid\":2,\"use\":false}}");
	hears(f, fd, "{\"error\":\"io.mip6d.Failed\",\"parameters\":"
		     "{\"reason\":\"no other path carries\"}}");
	close(fd);
}

static void test_a_home_agent_has_no_paths(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListPaths\",\"more\":true}");
	hears(f, fd, "{\"parameters\":{}}");
	say(f, fd, "{\"method\":\"io.mip6d.ProbePaths\"}");
	hears(f, fd, "{\"error\":\"io.mip6d.NoSuchRole\",\"parameters\":{\"role\":\"mn\"}}");
	close(fd);
}

static void test_who_only_looks_changes_nothing(void **state)
{
	static const char *const call[] = {
		"UsePath\",\"parameters\":{\"bid\":1,\"use\":false}", "PreferPath\"", "ProbePaths\"",
	};
	struct fix *f = *state;
	char text[256];
	int fd;

	begin(f, paths_text);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"org.varlink.service.GetInfo\"}");
	json_object_put(hear(f, fd));
	f->ctl->clients->admin = false;
	for (size_t i = 0; i < ARRAY_SIZE(call); i++) {
		snprintf(text, sizeof(text), "{\"method\":\"io.mip6d.%s}", call[i]);
		say(f, fd, text);
		hears(f, fd, "{\"error\":\"" S "PermissionDenied\",\"parameters\":{}}");
	}
	assert_true(!fake_node.held && !fake_node.probed);
	(void)mr_text;
	close(fd);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_what_is_told_of_a_path),
		T(test_silent_and_held_paths_are_not_up),
		T(test_monitor_begins_with_the_paths_that_there_are),
		T(test_the_operator_says_which_are_used),
		T(test_a_home_agent_has_no_paths),
		T(test_who_only_looks_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
