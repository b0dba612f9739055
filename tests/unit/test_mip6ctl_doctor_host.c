/* SPDX-License-Identifier: BSD-2-Clause */
/* mip6ctl doctor: how it looks for the daemon and for the file that it reads. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/conf.h"
#include "mip6ctl/doctor.h"

static char root[] = "/tmp/mip6d-doctor.XXXXXX";
static struct doc d;

static int setup(void **state)
{
	(void)state;
	strcpy(strrchr(root, '.'), ".XXXXXX");
	assert_non_null(mkdtemp(root));
	d = (struct doc){ .root = root, .socket = "/none", .pid = 5 };
	return 0;
}

static int teardown(void **state)
{
	char cmd[128];

	(void)state;
	doc_free(&d);
	snprintf(cmd, sizeof(cmd), "rm -r %s", root);
	return system(cmd);
}

/* A daemon that hangs is what this command is for: it must not hang with it. */
static void test_whoever_listens_is_not_waited_for(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid = 0;

	(void)state;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/sock", root);
	assert_int_equal(doc_try_socket(sa.sun_path, &pid), ENOENT);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(doc_try_socket(sa.sun_path, &pid), ECONNREFUSED);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(doc_try_socket(sa.sun_path, &pid), 0);
	assert_int_equal(pid, getpid());
	for (int i = 0; i < 8 && doc_try_socket(sa.sun_path, &pid) == 0; i++)
		;
	d.socket_error = doc_try_socket(sa.sun_path, &pid);
	assert_int_equal(d.socket_error, EAGAIN);
	doc_daemon(&d);
	assert_int_equal(d.n_item, 1);
	assert_int_equal(d.item[0].result, DOC_FAIL);
	assert_non_null(strstr(d.item[0].text, "the daemon hangs"));
	close(fd);
}

/* What /proc says: words, and where it is. */
static void process(const char *words, size_t n, const char *cwd)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc", root);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/proc/5", root);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/proc/5/cmdline", root);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(words, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	snprintf(path, sizeof(path), "%s/proc/5/cwd", root);
	unlink(path);
	assert_int_equal(symlink(cwd, path), 0);
}
#define PROCESS(words, cwd)	process(words, sizeof(words), cwd)

static void test_the_file_of_the_daemon(void **state)
{
	char path[PATH_MAX], here[PATH_MAX];
	FILE *f;

	(void)state;
	assert_true(doc_config_file(&d, path));		/* no such process */
	assert_string_equal(path, CONF_PATH);
	PROCESS("mip6d\0--foreground", root);
	assert_true(doc_config_file(&d, path));
	assert_string_equal(path, CONF_PATH);
	PROCESS("mip6d\0-c\0/etc/x.conf\0-f", root);
	assert_true(doc_config_file(&d, path));
	assert_string_equal(path, "/etc/x.conf");
	/* by a name of the folder that it is in, or was */
	PROCESS("mip6d\0--config=x.conf", root);
	assert_false(doc_config_file(&d, path));
	assert_string_equal(path, "x.conf");
	snprintf(here, sizeof(here), "%s/x.conf", root);
	f = fopen(here, "w");
	assert_non_null(f);
	fclose(f);
	assert_true(doc_config_file(&d, path));
	snprintf(here, sizeof(here), "%s/proc/5/cwd/x.conf", root);
	assert_string_equal(path, here);
}

int main(void)
{
#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_whoever_listens_is_not_waited_for),
		T(test_the_file_of_the_daemon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
