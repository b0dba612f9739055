/* SPDX-License-Identifier: BSD-2-Clause */
/* sd_notify against a manager's socket of our own, on the fake clock. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "fake_run.h"
#include "run/sdnotify.h"

static int manager;
static char dir[] = "/tmp/sdnotify.XXXXXX", path[64];
static char heard[512];

/* The manager's socket at a path ("/...") or an abstract name ("@..."). */
static void manage(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));

	memcpy(a.sun_path, name, strlen(name));
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&a, len), 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static const char *hear(void)
{
	ssize_t n = recv(manager, heard, sizeof(heard) - 1, 0);

	heard[n < 0 ? 0 : n] = '\0';
	return n < 0 ? NULL : heard;
}

static int setup(void **state)
{
	(void)state;
	fake_run_reset();
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/notify", dir);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	manager = -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sdnotify_fini();
	if (manager >= 0)
		close(manager);
	unlink(path);
	rmdir(dir);
	return 0;
}

static void test_without_a_manager_nothing_is_done(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "1000000", 1);
	assert_int_equal(sdnotify_init(), 0);
	assert_int_equal(sdnotify_ready(), 0);
	assert_int_equal(sdnotify_status("x"), 0);
	assert_int_equal(fake_run_timers(), 0);
}

static void test_each_word_arrives_at_a_path_and_at_an_abstract_name(void **state)
{
	char name[64];

	(void)state;
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			snprintf(name, sizeof(name), "%s", path);
		else
			snprintf(name, sizeof(name), "@mip6d-test-%d", (int)getpid());
		manage(name);
		assert_int_equal(sdnotify_init(), 1);
		sdnotify_ready();
		assert_string_equal(hear(), "READY=1");
		sdnotify_status("HA: %d bindings\nREADY=0", 3);
		assert_string_equal(hear(), "STATUS=HA: 3 bindings READY=0");
		sdnotify_stopping();
		assert_string_equal(hear(), "STOPPING=1");
		assert_null(hear());
		sdnotify_fini();
		close(manager);
		manager = -1;
	}
}

static void test_a_reload_says_when_it_began_on_the_monotonic_clock(void **state)
{
	unsigned long long usec, before, after;
	struct timespec ts;

	(void)state;
	manage(path);
	sdnotify_init();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	before = (unsigned long long)ts.tv_sec * 1000000 + (unsigned long long)ts.tv_nsec / 1000;
	sdnotify_reloading();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	after = (unsigned long long)ts.tv_sec * 1000000 + (unsigned long long)ts.tv_nsec / 1000;
	assert_int_equal(sscanf(hear(), "RELOADING=1\nMONOTONIC_USEC=%llu", &usec), 1);
	assert_true(usec >= before && usec <= after);
}

static void test_the_watchdog_hears_us_twice_in_its_time(void **state)
{
	(void)state;
	manage(path);
	setenv("WATCHDOG_USEC", "30000000", 1);
	sdnotify_init();
	fake_run_advance(14.9);
	assert_null(hear());
	fake_run_advance(0.2);
	assert_string_equal(hear(), "WATCHDOG=1");
	assert_int_equal(fake_run_advance(60), 4);
}

static void test_a_watchdog_for_another_process_is_not_ours(void **state)
{
	char pid[16];

	(void)state;
	manage(path);
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	sdnotify_init();
	assert_int_equal(fake_run_timers(), 0);
	sdnotify_fini();

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("NOTIFY_SOCKET", path, 1);
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	sdnotify_init();
	assert_int_equal(fake_run_timers(), 1);
}

static void test_the_variables_are_not_left_to_children(void **state)
{
	(void)state;
	manage(path);
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	sdnotify_init();
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
}

static void test_what_a_full_manager_refuses_comes_later_and_in_order(void **state)
{
	unsigned n = 0, k = 0;
	char want[32];

	(void)state;
	manage(path);
	sdnotify_init();
	while (fake_run_timers() == 0 && n < 1000)
		assert_int_equal(sdnotify_status("%u", n++), 0);
	assert_int_equal(fake_run_timers(), 1); /* the manager's queue is full */
	fake_run_advance(1);			/* still full */
	while (hear()) {
		snprintf(want, sizeof(want), "STATUS=%u", k++);
		assert_string_equal(heard, want);
	}
	assert_int_equal(k, n - 1);
	sdnotify_ready(); /* there is room, but not before the other */
	assert_null(hear());
	fake_run_advance(1);
	snprintf(want, sizeof(want), "STATUS=%u", k);
	assert_string_equal(hear(), want);
	assert_string_equal(hear(), "READY=1");
	assert_int_equal(fake_run_timers(), 0);
}

static void test_an_address_that_is_no_unix_socket_is_refused(void **state)
{
	char name[200];

	(void)state;
	setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
	assert_int_equal(sdnotify_init(), -EAFNOSUPPORT);
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(sdnotify_init(), -ENAMETOOLONG);
	assert_int_equal(sdnotify_ready(), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_without_a_manager_nothing_is_done),
		T(test_each_word_arrives_at_a_path_and_at_an_abstract_name),
		T(test_a_reload_says_when_it_began_on_the_monotonic_clock),
		T(test_the_watchdog_hears_us_twice_in_its_time),
		T(test_a_watchdog_for_another_process_is_not_ours),
		T(test_the_variables_are_not_left_to_children),
		T(test_what_a_full_manager_refuses_comes_later_and_in_order),
		T(test_an_address_that_is_no_unix_socket_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
