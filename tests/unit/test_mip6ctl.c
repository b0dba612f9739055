/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl as its users have it: the program, run against a server with a fake
 * node. The environment variable MIP6CTL names the program; else it is the one of
 * this build.
 */
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/ctl_priv.h"
#include "fake_node.h"

#define OUT_MAX	65536

static char dir[] = "/tmp/mip6d-cli.XXXXXX";
static char out[OUT_MAX];
static char program[512];
static pid_t server[2];			/* home agent, mobile router */
static const char *const sock[] = { "ha", "mr" };

static const char ha_text[] =
	"roles = [ \"ha\" ];\n"
	"home_links = ( { device = \"eth0\"; address = \"2001:db8:280::1\";\n"
	"                 prefixes = [ \"2001:db8:280::/64\" ]; } );\n"
	"mobile_nodes = ( { home_address = \"2001:db8:280::1:1\"; prefixes = [ \"10.0.0.0/24\",\n"
	"                   \"2001:db8:281::/64\" ]; security = { method = \"none\"; }; },\n"
	"                 { home_address = \"2001:db8:280::1:2\"; security = { method = "
	"\"none\"; }; } );\n";
static const char mr_text[] =
	"roles = [ \"mr\" ];\n"
	"uplinks = ( { device = \"wwan0\"; }, { device = \"wlan0\"; } );\n"
	"homes = ( { home_address = \"2001:db8:280::beef/64\"; home_agent = \"2001:db8:280::1\";\n"
	"            prefixes = ( { prefix = \"10.0.0.0/24\"; device = \"lan0\"; },\n"
	"                         { prefix = \"2001:db8:281::/64\"; device = \"lan0\"; } );\n"
	"            security = { method = \"none\"; }; } );\n";

static void move(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct event e = { .type = EV_handover, .handover.total = 0.05 };

	(void)loop, (void)w, (void)revents;
	event_emit(&e);
	event_drain();
}

/* Serves until it is ended; a handover happens every 20 ms. */
static void serve(const char *text, const char *name)
{
	struct ev_loop *loop = ev_default_loop(0);
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;
	struct ctl *ctl;
	ev_timer t;

	log_init(LOG_LV_ERR);
	if (conf_load_text(text, name, 0, &c, &errs) < 0)
		_exit(1);
	snprintf(c->control.socket, sizeof(c->control.socket), "%s/%s", dir, name);
	c->control.group[0] = '\0';
	fake_node_start(c);
	if (c->roles & ROLE_HA) {
		fake_node_bind(1);
	} else {
		fake_node.answer = 1;
		fake_node.bul[0].state = BUL_BOUND;
		fake_node.bul[0].n_cand = 2;
		inet_pton(AF_INET6, "2001:db8:280::1", &fake_node.bul[0].cand[0]);
		inet_pton(AF_INET6, "2001:db8:280::2", &fake_node.bul[0].cand[1]);
		fake_node.bul[0].ha = fake_node.bul[0].bound_ha = fake_node.bul[0].cand[0];
		fake_node.bul[0].bound_coa.family = AF_INET6;
		fake_node.prefix[0][0].status = MNP_REFUSED;
		fake_node.prefix[0][0].code = 133;
		fake_node.prefix[0][1].status = MNP_ACCEPTED;
		fake_node.uplink[0].attached = fake_node.uplink[0].up = true;
	}
	if (ctl_open(&ctl, loop, c, &fake_node.node) < 0)
		_exit(1);
	ev_timer_init(&t, move, 0.02, 0.02);
	ev_timer_start(loop, &t);
	ev_run(loop, 0);
	_exit(0);
}

static int setup(void **state)
{
	static const char *const text[] = { ha_text, mr_text };

	(void)state;
	assert_non_null(mkdtemp(dir));
	unsetenv("NO_COLOR");
	setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < ARRAY_SIZE(server); i++) {
		char path[128];

		server[i] = fork();
		assert_true(server[i] >= 0);
		if (server[i] == 0)
			serve(text[i], sock[i]);
		snprintf(path, sizeof(path), "%s/%s", dir, sock[i]);
		for (unsigned k = 0; k < 1000 && access(path, F_OK) < 0; k++)
			usleep(10000);
	}
	return 0;
}

static int teardown(void **state)
{
	char path[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(server); i++) {
		if (server[i] > 0) {	/* 0 and -1 would name others */
			kill(server[i], SIGKILL);
			waitpid(server[i], NULL, 0);
		}
		snprintf(path, sizeof(path), "%s/%s", dir, sock[i]);
		unlink(path);
	}
	return rmdir(dir);
}

/* Runs it; both streams in `out`, the exit status back. */
static int run(const char *node, const char *args)
{
	char cmd[1024];
	FILE *p;
	int rc;

	snprintf(cmd, sizeof(cmd), "'%s' -S %s/%s %s 2>&1", program, dir, node, args);
	p = popen(cmd, "r");
	assert_non_null(p);
	out[fread(out, 1, sizeof(out) - 1, p)] = '\0';
	rc = pclose(p);
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

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

static struct json_object *json(const char *node, const char *args)
{
	struct json_object *o;

	assert_int_equal(run(node, args), 0);
	o = json_tokener_parse(out);
	assert_non_null(o);
	return o;
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
		{ "none", "", 3, "No such file or directory (is mip6d running?)\n" },
		{ "none", "-j binding", 3, "(is mip6d running?)\n" },
		{ "ha", "nonsense", 2, "mip6ctl: \"nonsense\" is no command (mip6ctl -h)\n" },
		{ "ha", "st", 2, "mip6ctl: \"st\" may be: status stats (mip6ctl -h)\n" },
		{ "ha", "binding nonsense", 2, "binding: \"nonsense\" is none of list, show, flush" },
		{ "ha", "binding show 1 2", 2, "binding show: \"2\" is too much" },
		{ "ha", "binding show xyz", 2, "mip6ctl: not understood: home_address\n" },
		{ "ha", "-n x monitor", 2, "\"x\" is not a number" },
		{ "ha", "-cmaybe", 2, "auto, always or never" },
		{ "ha", "--nope", 2, "usage: mip6ctl" },
		{ "ha", "monitor nope", 2, "not understood: events" },
		{ "ha", "config", 2, "config: say check" },
		{ "ha", "config check /nonexistent.conf", 4,
		  "/nonexistent.conf: No such file or directory\n" },
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

static unsigned lines(const char *has)
{
	unsigned n = 0;

	for (char *p = strstr(out, has); p; p = strstr(p + 1, has))
		n++;
	return n;
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
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
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

	/* beside tests/ in the build there is src/ */
	if (getenv("MIP6CTL"))
		snprintf(program, sizeof(program), "%s", getenv("MIP6CTL"));
	else
		snprintf(program, sizeof(program), "%.*s../src/mip6ctl",
			 slash ? (int)(slash - argv[0]) + 1 : 0, argv[0]);
	if (access(program, X_OK) < 0) {
		fprintf(stderr, "%s is not there (MIP6CTL names the program)\n", program);
		return EXIT_FAILURE;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
