/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that are run on events: real ones, shell scripts in a directory of the test's own. */
#include <ev.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "run/hook.h"
#include "run/log.h"
#include "run/timer.h"

#define PATIENCE	60.		/* seconds, of a busy machine */

static struct hook_conf conf;
static char dir[64], out[80];
static struct ev_loop *loop;

static void script(const char *name, mode_t mode, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\nout=%s\n%s\n", out, text);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
	(void)state;
	log_set_level(NULL, 0);
	strcpy(dir, "/tmp/mip6d-hook-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(out, sizeof(out), "%s.out", dir);
	conf = (struct hook_conf){ .events = ~0u, .timeout = PATIENCE, .processes = 4, .queue = 100 };
	snprintf(conf.dir, sizeof(conf.dir), "%s", dir);
	loop = ev_default_loop(EVFLAG_AUTO);
	assert_int_equal(run_timer_init(loop), 0);
	assert_int_equal(event_hook(loop), 0);
	assert_int_equal(hook_open(loop, &conf, "/run/x.sock"), 0);
	return 0;
}

static int teardown(void **state)
{
	char command[256];

	(void)state;
	hook_close();
	event_unhook();
	event_fini();
	run_timer_fini();
	ev_loop_destroy(loop);
	snprintf(command, sizeof(command), "rm -rf %s %s", dir, out);
	return system(command) ? -1 : 0;
}

static void emit(uint32_t bid)
{
	struct event e = { .type = EV_bc_add };

	inet_pton(AF_INET6, "2001:db8::7", &e.bc_add.home_address);
	e.bc_add.bid = bid;
	e.bc_add.care_of.family = AF_INET6;
	inet_pton(AF_INET6, "2001:db8:f1::9", &e.bc_add.care_of.a.in6);
	strcpy(e.bc_add.change, "moved");
	event_emit(&e);
}

static void late_cb(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)revents;
	*(bool *)w->data = true;
	ev_break(l, EVBREAK_ALL);
}

/* Until so many runs are through. */
static void wait_runs(uint64_t n)
{
	bool late = false;
	ev_timer t;

	ev_timer_init(&t, late_cb, PATIENCE, 0.);
	t.data = &late;
	ev_now_update(loop);
	ev_timer_start(loop, &t);
	while (!late && (hook_stats().run < n || hook_stats().running || event_pending()))
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &t);
	assert_int_equal(hook_stats().run, n);
}

static const char *written(void)
{
	static char text[8192];
	FILE *f = fopen(out, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = '\0';
	if (f)
		fclose(f);
	return text;
}

static void test_a_program_has_the_event_in_its_environment(void **state)
{
	(void)state;
	script("10-one", 0755, "env | grep MIP6_ | sort >> $out; echo \"$1\" >> $out; pwd >> $out");
	emit(5);
	wait_runs(1);
	assert_non_null(strstr(written(), "MIP6_BID=5\nMIP6_CARE_OF=2001:db8:f1::9\n"
					  "MIP6_CHANGE=moved\nMIP6_DROPPED=0\nMIP6_EVENT=bc_add\n"
					  "MIP6_FLAGS=0\nMIP6_HOME_ADDRESS=2001:db8::7\n"
					  "MIP6_LIFETIME=0\nMIP6_PEER=\nMIP6_PREFIXES=0\n"
					  "MIP6_SOCKET=/run/x.sock\nMIP6_TIME=1"));
	assert_non_null(strstr(written(), "bc_add\n/\n"));
	assert_int_equal(hook_stats().failed, 0);
}

static void test_only_events_that_are_asked_for(void **state)
{
	struct event e = { .type = EV_bc_flush };

	(void)state;
	script("one", 0755, "echo $MIP6_EVENT >> $out");
	conf.events = 1u << EV_bc_flush;
	hook_set(&conf);
	emit(1);
	event_emit(&e);
	wait_runs(1);
	assert_string_equal(written(), "bc_flush\n");
}

static void test_files_that_others_can_change_are_not_run(void **state)
{
	(void)state;
	script("world", 0757, "echo world >> $out");
	script("group", 0775, "echo group >> $out");
	script("not-executable", 0644, "echo not >> $out");
	script("one.sh", 0755, "echo suffix >> $out");
	script("one~", 0755, "echo backup >> $out");
	script(".hidden", 0755, "echo hidden >> $out");
	script("good", 0755, "echo good >> $out");
	if (geteuid() == 0) {		/* as root we can make files of others */
		char path[PATH_MAX];

		script("others", 0755, "echo others >> $out");
		snprintf(path, sizeof(path), "%s/others", dir);
		assert_int_equal(chown(path, 12345, 0), 0);
		snprintf(path, sizeof(path), "%s/group", dir);
		assert_int_equal(chown(path, 0, 12345), 0);
	}
	emit(1);
	wait_runs(1);
	assert_string_equal(written(), "good\n");
	assert_true(hook_stats().refused >= 2);
	/* nor anything of a directory that is everybody's */
	assert_int_equal(chmod(dir, 0777), 0);
	emit(2);
	event_drain();
	assert_int_equal(hook_stats().running + hook_stats().waiting, 0);
	assert_int_equal(chmod(dir, 0755), 0);
}

static void test_each_sees_the_events_in_order_and_none_waits_for_another(void **state)
{
	const char *text;

	(void)state;
	script("slow", 0755, "sleep 0.2; echo slow$MIP6_BID >> $out");
	script("quick", 0755, "echo quick$MIP6_BID >> $out");
	for (uint32_t i = 1; i <= 3; i++)
		emit(i);
	wait_runs(6);
	text = written();
	assert_true(strstr(text, "slow1\n") < strstr(text, "slow2\n"));
	assert_true(strstr(text, "slow2\n") < strstr(text, "slow3\n"));
	assert_true(strstr(text, "quick1\n") < strstr(text, "quick2\n"));
	assert_true(strstr(text, "quick3\n") < strstr(text, "slow3\n"));
}

static void test_what_piles_up_is_dropped_from_the_front(void **state)
{
	(void)state;
	conf.queue = 2;
	hook_set(&conf);
	script("slow", 0755, "sleep 0.2; echo $MIP6_BID $MIP6_DROPPED >> $out");
	emit(1);
	event_drain();
	for (uint32_t i = 2; i <= 9; i++)
		emit(i);
	event_drain();
	assert_int_equal(hook_stats().waiting, 2);
	wait_runs(3);
	assert_string_equal(written(), "1 0\n8 6\n9 0\n");
	assert_int_equal(hook_stats().dropped, 6);
}

static void test_no_more_run_at_once_than_may(void **state)
{
	(void)state;
	conf.processes = 2;
	hook_set(&conf);
	for (char name[] = "a"; *name <= 'e'; ++*name)
		script(name, 0755, "sleep 0.1");
	emit(1);
	event_drain();
	assert_int_equal(hook_stats().running, 2);
	assert_int_equal(hook_stats().waiting, 3);
	wait_runs(5);
}

/* With what it has started: nothing of it is left. */
static void test_who_takes_too_long_is_killed(void **state)
{
	long pid;

	(void)state;
	conf.timeout = 0.3;
	hook_set(&conf);
	script("endless", 0755, "sleep 1000 & echo $! > $out; wait; echo never >> $out");
	emit(1);
	wait_runs(1);
	assert_int_equal(hook_stats().killed, 1);
	pid = strtol(written(), NULL, 10);
	assert_null(strstr(written(), "never"));
	for (int i = 0; pid && kill((pid_t)pid, 0) == 0 && i < 1000; i++)
		usleep(10000);		/* whoever reaps it */
	assert_true(pid == 0 || kill((pid_t)pid, 0) < 0);
}

static void test_failures_are_counted_and_the_next_event_is_run(void **state)
{
	(void)state;
	script("bad", 0755, "exit 3");
	emit(1);
	emit(2);
	wait_runs(2);
	assert_int_equal(hook_stats().failed, 2);
	script("bad", 0755, "kill -TERM $$");
	emit(3);
	wait_runs(3);
	assert_int_equal(hook_stats().failed, 3);
}

static void test_nothing_of_ours_goes_with_it(void **state)
{
	int leak = open("/dev/null", O_RDONLY);	/* no O_CLOEXEC */

	(void)state;
	assert_true(leak > 2);
	signal(SIGPIPE, SIG_IGN);
	script("one", 0755, "ls /proc/self/fd | wc -l >> $out; readlink /proc/self/fd/0 >> $out;"
			    "grep -E '^(SigIgn|SigBlk|CapAmb|CapEff)' /proc/self/status >> $out;"
			    "ps -o sid= -p $$ | tr -d ' ' >> $out; echo $$ >> $out");
	emit(1);
	wait_runs(1);
	signal(SIGPIPE, SIG_DFL);
	close(leak);
	/* ls has opened one itself */
	assert_int_equal(strncmp(written(), "4\n/dev/null\n", 12), 0);
	assert_non_null(strstr(written(), "SigBlk:\t0000000000000000"));
	assert_non_null(strstr(written(), "SigIgn:\t0000000000000000"));
	assert_non_null(strstr(written(), "CapAmb:\t0000000000000000"));
	assert_non_null(strstr(written(), "CapEff:\t0000000000000000"));	/* root's, too */
}

/* A program may go, and come, and talk for ever. */
static void test_the_directory_is_read_anew_and_chatter_ends(void **state)
{
	char path[PATH_MAX];

	(void)state;
	script("one", 0755, "echo one >> $out");
	emit(1);
	wait_runs(1);
	snprintf(path, sizeof(path), "%s/one", dir);
	assert_int_equal(unlink(path), 0);
	script("two", 0755, "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done; echo two >> $out");
	emit(2);
	wait_runs(2);
	assert_string_equal(written(), "one\ntwo\n");
	assert_int_equal(hook_stats().programs, 1);
	conf.dir[0] = '\0';
	hook_set(&conf);
	emit(3);
	event_drain();
	assert_int_equal(hook_stats().waiting + hook_stats().running, 0);
}

static void test_a_stop_ends_what_runs(void **state)
{
	long pid = 0;

	(void)state;
	script("endless", 0755, "echo $$ > $out; exec sleep 1000");
	emit(1);
	event_drain();
	assert_int_equal(hook_stats().running, 1);
	for (int i = 0; i < 6000 && !(pid = strtol(written(), NULL, 10)); i++)
		usleep(10000);
	assert_true(pid > 0);
	hook_close();
	for (int i = 0; i < 6000 && kill((pid_t)pid, 0) == 0; i++) {
		ev_run(loop, EVRUN_NOWAIT);	/* SIGCHLD is the loop's */
		usleep(10000);
	}
	assert_int_equal(kill((pid_t)pid, 0), -1);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_program_has_the_event_in_its_environment),
		T(test_only_events_that_are_asked_for),
		T(test_files_that_others_can_change_are_not_run),
		T(test_each_sees_the_events_in_order_and_none_waits_for_another),
		T(test_what_piles_up_is_dropped_from_the_front),
		T(test_no_more_run_at_once_than_may),
		T(test_who_takes_too_long_is_killed),
		T(test_failures_are_counted_and_the_next_event_is_run),
		T(test_nothing_of_ours_goes_with_it),
		T(test_the_directory_is_read_anew_and_chatter_ends),
		T(test_a_stop_ends_what_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
