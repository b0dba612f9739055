/* SPDX-License-Identifier: BSD-2-Clause */
/* Log lines, caught in a file that stands in for stderr. */
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

#include "base/util.h"
#include "run/log.h"

static int stderr_was;
static FILE *caught;
static char text[65536];

static int setup(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	caught = tmpfile();
	stderr_was = dup(STDERR_FILENO);
	fflush(stderr);
	dup2(fileno(caught), STDERR_FILENO);
	log_init(LOG_LV_INFO);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dup2(stderr_was, STDERR_FILENO);
	close(stderr_was);
	fclose(caught);
	return 0;
}

/* What was logged since setup. */
static const char *lines(void)
{
	ssize_t n = pread(fileno(caught), text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static unsigned count(const char *word)
{
	const char *p = lines();
	unsigned n = 0;

	while ((p = strstr(p, word)) != NULL) {
		n++;
		p += strlen(word);
	}
	return n;
}

static void test_a_line_has_time_room_and_text(void **state)
{
	int y, mo, d, h, mi, s, ms;
	char room[16], rest[64];

	(void)state;
	log_info("ha", "binding %s lifetime=%us", "2001:db8::1", 60u);
	assert_int_equal(sscanf(lines(), "%d-%d-%d %d:%d:%d.%d %15[a-z]: %63[^\n]\n", &y, &mo, &d,
				&h, &mi, &s, &ms, room, rest),
			 9);
	assert_string_equal(room, "ha");
	assert_string_equal(rest, "binding 2001:db8::1 lifetime=60s");
	assert_int_equal(count("\n"), 1);
}

static void test_the_journal_gets_the_level_as_a_prefix(void **state)
{
	static const struct {
		enum log_level level;
		const char *line;
	} row[] = {
		{ LOG_LV_ERR, "<3>kern: x\n" },
		{ LOG_LV_WARN, "<4>kern: x\n" },
		{ LOG_LV_NOTICE, "<5>kern: x\n" },
		{ LOG_LV_INFO, "<6>kern: x\n" },
	};
	char env[64];
	struct stat st;

	(void)state;
	fstat(STDERR_FILENO, &st);
	snprintf(env, sizeof(env), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", env, 1);
	log_init(LOG_LV_INFO);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		log_line(row[i].level, "kern", "x");
		assert_non_null(strstr(lines(), row[i].line));
	}
	assert_int_equal(text[0], '<');
}

static void test_an_inherited_journal_stream_that_is_not_stderr_is_ignored(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_init(LOG_LV_INFO);
	log_err("kern", "x");
	assert_int_not_equal(lines()[0], '<');
	assert_int_equal(count("kern: error: x\n"), 1);
}

static void test_a_room_can_have_a_level_of_its_own(void **state)
{
	(void)state;
	log_debug("nd", "hidden");
	log_set_level("nd", LOG_LV_DEBUG);
	log_set_level("ha", LOG_LV_ERR);
	log_debug("nd", "shown");
	log_debug("mh", "hidden");
	log_warn("ha", "hidden");
	log_err("ha", "shown");
	log_info("mh", "shown");
	assert_int_equal(count("shown"), 3);
	assert_int_equal(count("hidden"), 0);
	assert_true(log_wants("nd", LOG_LV_DEBUG));
	log_set_level(NULL, LOG_LV_WARN);
	assert_false(log_wants("nd", LOG_LV_NOTICE));
	assert_true(log_wants("ha", LOG_LV_WARN));
}

static void test_ten_lines_pass_and_the_next_says_how_many_did_not(void **state)
{
	struct log_rl rl = { 0 };

	(void)state;
	for (int i = 0; i < 10; i++)
		log_rl(&rl, "mh", "flood");
	rl.last += 1000; /* no refill, however slow this machine is */
	for (int i = 0; i < 7; i++) {
		rl.tokens = 0;
		log_rl(&rl, "mh", "flood");
		rl.last += 1000;
	}
	assert_int_equal(count("flood"), 10);
	assert_int_equal(rl.swallowed, 7);
	rl.tokens = 1e6; /* as after a long time */
	log_rl(&rl, "mh", "flood");
	assert_int_equal(count("flood (and 7 lines like it)\n"), 1);
	assert_int_equal(rl.swallowed, 0);
}

static void test_the_bucket_refills_by_one_line_a_second_up_to_ten(void **state)
{
	static const struct {
		double away;
		unsigned lines;
	} row[] = { { 3.5, 3 }, { 3600, 10 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct log_rl rl = { 0 };
		unsigned before;

		log_rl(&rl, "mh", "x");
		rl.tokens = 0;
		rl.last -= row[i].away; /* the last line was so long ago */
		before = count("mh:");
		for (unsigned k = 0; k < 30; k++) {
			double was = rl.last;

			log_rl(&rl, "mh", "x");
			if (k > 0) /* no time passes but what the row says */
				rl.tokens -= MAX(rl.last - was, 0);
		}
		assert_int_equal(count("mh:") - before, row[i].lines);
	}
}

static void test_lines_below_the_level_cost_no_token(void **state)
{
	struct log_rl rl = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		log_rl_line(&rl, LOG_LV_DEBUG, "mh", "x");
	assert_int_equal(rl.swallowed, 0);
	log_rl(&rl, "mh", "x");
	assert_int_equal(count("mh:"), 1);
}

static void test_a_peer_can_neither_break_a_line_nor_steer_the_terminal(void **state)
{
	(void)state;
	log_info("ha", "nai %s", "a\n<3>kern: forged\x1b[2J\x7f");
	assert_int_equal(count("\n"), 1);
	assert_int_equal(count("nai a?<3>kern: forged?[2J?\n"), 1);
}

static void test_a_long_line_is_cut_and_ends_properly(void **state)
{
	char longer[3000];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	log_info("ha", "%s", longer);
	assert_int_equal(strlen(lines()), 1024);
	assert_int_equal(text[1023], '\n');
}

static void test_logging_leaves_errno_alone(void **state)
{
	(void)state;
	errno = ENODEV;
	log_info("ha", "x");
	assert_int_equal(errno, ENODEV);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_line_has_time_room_and_text),
		T(test_the_journal_gets_the_level_as_a_prefix),
		T(test_an_inherited_journal_stream_that_is_not_stderr_is_ignored),
		T(test_a_room_can_have_a_level_of_its_own),
		T(test_ten_lines_pass_and_the_next_says_how_many_did_not),
		T(test_the_bucket_refills_by_one_line_a_second_up_to_ten),
		T(test_lines_below_the_level_cost_no_token),
		T(test_a_peer_can_neither_break_a_line_nor_steer_the_terminal),
		T(test_a_long_line_is_cut_and_ends_properly),
		T(test_logging_leaves_errno_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
