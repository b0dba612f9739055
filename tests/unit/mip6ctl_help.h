/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/mip6ctl_help.h - mip6ctl as its users have it: the program, run against servers
 * with a fake node. The environment variable MIP6CTL names the program; else it is the one of
 * this build.
 */
#ifndef MIP6_TESTS_MIP6CTL_HELP_H
#define MIP6_TESTS_MIP6CTL_HELP_H

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
static pid_t server[3];			/* home agent, mobile router, correspondent */
static const char *const sock[] = { "ha", "mr", "cn" };

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
	"uplinks = ( { device = \"wwan0\"; bid = 1; priority = 10; },\n"
	"            { device = \"wlan0\"; bid = 2; priority = 20; } );\n"
	"homes = ( { home_address = \"2001:db8:280::beef/64\"; home_agent = \"2001:db8:280::1\";\n"
	"            prefixes = ( { prefix = \"10.0.0.0/24\"; device = \"lan0\"; },\n"
	"                         { prefix = \"2001:db8:281::/64\"; device = \"lan0\"; } );\n"
	"            flows = ( { name = \"voice\"; dscp = \"ef\"; bids = [ 1, 2 ]; },\n"
	"                      { name = \"bulk\"; protocol = \"tcp\"; bids = [ 2 ]; } );\n"
	"            security = { method = \"none\"; }; } );\n";

static const char cn_text[] =
	"roles = [ \"cn\" ];\n"
	"correspondent = { policy = ( { peer = \"2001:db8:cc::/48\"; allow = true; },\n"
	"                             { peer = \"::/0\"; allow = false; } ); };\n";

static inline void move(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct event e = { .type = EV_handover, .handover.total = 0.05 };

	(void)loop, (void)w, (void)revents;
	event_emit(&e);
	event_drain();
}

/* Serves until it is ended; a handover happens every 20 ms. */
static inline void serve(const char *text, const char *name)
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
	} else if (c->roles & ROLE_MR) {
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
		for (size_t i = 0; i < FAKE_UPLINKS; i++) {
			fake_node.here[i] = true;
			path_init(&fake_node.path[i], path_profile(PATH_PROFILE_NORMAL), 1000);
		}
		path_sent(&fake_node.path[0], 1000);
		path_answer(&fake_node.path[0], 1, 1000.05);
		fake_node.path[1].state = PATH_DOWN;
		path_init(&fake_node.tunnel[0], path_profile_tunnel(PATH_PROFILE_NORMAL), 1000);
		path_sent(&fake_node.tunnel[0], 1000);
		path_answer(&fake_node.tunnel[0], 1, 1000.06);
		fake_node.tunnel[1].state = PATH_DOWN;
	}
	if (ctl_open(&ctl, loop, c, &fake_node.node) < 0)
		_exit(1);
	ev_timer_init(&t, move, 0.02, 0.02);
	ev_timer_start(loop, &t);
	ev_run(loop, 0);
	_exit(0);
}

static inline int setup(void **state)
{
	static const char *const text[] = { ha_text, mr_text, cn_text };

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

static inline int teardown(void **state)
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
static inline int run(const char *node, const char *args)
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

/* The program's words and its exit status. */
static inline void shows(const char *node, const char *args, int wanted, const char *has)
{
	int rc = run(node, args);

	if (rc != wanted || !strstr(out, has))
		fail_msg("mip6ctl %s: status %d, wanted %d, no \"%s\" in:\n%s", args, rc, wanted,
			 has, out);
}

/* How often it said that. */
static inline unsigned lines(const char *has)
{
	unsigned n = 0;

	for (char *p = strstr(out, has); p; p = strstr(p + 1, has))
		n++;
	return n;
}

static inline struct json_object *json(const char *node, const char *args)
{
	struct json_object *o;

	assert_int_equal(run(node, args), 0);
	o = json_tokener_parse(out);
	assert_non_null(o);
	return o;
}

static inline int find_program(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;

	/* beside tests/ in the build there is src/ */
	if (getenv("MIP6CTL"))
		snprintf(program, sizeof(program), "%s", getenv("MIP6CTL"));
	else
		snprintf(program, sizeof(program), "%.*s../src/mip6ctl",
			 slash ? (int)(slash - argv[0]) + 1 : 0, argv[0]);
	if (access(program, X_OK) < 0) {
		fprintf(stderr, "%s is not there (MIP6CTL names the program)\n", program);
		return -ENOENT;
	}
	return 0;
}

#endif
