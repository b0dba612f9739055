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
#include "fake_run.h"
#include "run/log.h"

static int stderr_was;
static FILE *caught;
static char text[262144];

static int setup(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	log_rl_flush();
	fake_run_reset();
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
	log_rl_flush();
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
	for (int i = 0; i < 17; i++)
		log_rl(&rl, "mh", "flood from %s", i == 10 ? "first" : "other");
	assert_int_equal(count("\n"), 10);
	assert_int_equal(rl.left_out, 7);
	fake_run_advance(LOG_RL_SECONDS);
	log_rl(&rl, "mh", "flood from %s", "last");
	assert_int_equal(count("mh: warning: 7 more in 5 s like: flood from first\n"), 1);
	assert_int_equal(count("flood from last\n"), 1);
	assert_int_equal(count("\n"), 12);
	assert_int_equal(rl.left_out, 7);
}

static void test_what_was_left_out_is_told_when_the_flood_has_ended(void **state)
{
	struct log_rl rl = { 0 };

	(void)state;
	for (int i = 0; i < 4711; i++)
		log_rl(&rl, "mh", "flood");
	fake_run_advance(LOG_RL_TELL - 0.1);
	assert_int_equal(count("\n"), 10);
	fake_run_advance(0.1);
	assert_int_equal(count("mh: warning: 4701 more in 10 s like: flood\n"), 1);
	fake_run_advance(1000);
	assert_int_equal(count("\n"), 11);
}

static void test_a_flood_for_an_hour_is_few_lines_and_all_are_counted(void **state)
{
	unsigned told = 0, passed, n, at;
	struct log_rl rl = { 0 };
	const char *p;

	(void)state;
	for (int i = 0; i < 3600 * 10; i++) {
		log_rl(&rl, "mh", "flood");
		fake_run_advance(0.1);
	}
	fake_run_advance(LOG_RL_TELL);
	for (p = lines(); (p = strstr(p, "mh: warning: ")) != NULL; p += at)
		if (sscanf(p, "mh: warning: %u more%n", &n, &at) == 1)
			told += n;
		else
			at = 1;
	passed = count("mh: warning: flood\n");
	assert_in_range(passed, 3600 / LOG_RL_SECONDS, 3600 / LOG_RL_SECONDS + LOG_RL_BURST);
	assert_int_equal(told + passed, 36000);
	assert_in_range(count("\n"), passed, 2 * passed);
}

static void test_a_flood_hides_no_line_of_another_kind_or_source(void **state)
{
	struct log_rl rl = { 0 }, other = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		log_rl(&rl, "mh", "flood");
	log_rl(&rl, "mh", "something else");
	log_rl(&other, "nd", "flood");
	assert_int_equal(count("something else\n"), 1);
	assert_int_equal(count("nd: warning: flood\n"), 1);
	/* an error is no warning, though the words are the same */
	for (int i = 0; i < 100; i++)
		log_rl_line(&rl, i == 99 ? LOG_LV_ERR : LOG_LV_WARN, "kern", "%s", "words");
	assert_int_equal(count("kern: error: words\n"), 1);
}

static void test_the_bucket_refills_up_to_ten(void **state)
{
	static const struct {
		double away;
		unsigned lines;
	} row[] = { { 3.5 * LOG_RL_SECONDS, 3 }, { 3600, LOG_RL_BURST } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct log_rl rl = { 0 };
		unsigned before;

		log_rl_flush();
		for (unsigned k = 0; k < LOG_RL_BURST; k++)
			log_rl(&rl, "mh", "x");
		fake_run_advance(row[i].away);
		before = count("mh:");
		for (unsigned k = 0; k < 30; k++)
			log_rl(&rl, "mh", "x");
		assert_int_equal(count("mh:") - before, row[i].lines);
	}
}

/* More kinds than there is room for: the one that was silent for the longest time is forgotten,
 * and what it left out is told before. */
static void test_more_kinds_than_there_is_room_for(void **state)
{
	struct log_rl rl[80] = { 0 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rl); i++) {
		for (int k = 0; k < 12; k++)
			log_rl(&rl[i], "mh", "source %u", i);
		fake_run_advance(0.01);
	}
	assert_int_equal(count("2 more in 1 s like: source 0\n"), 1);
	assert_int_equal(count("2 more"), ARRAY_SIZE(rl) - 64);
	log_rl_flush();
	assert_int_equal(count("2 more"), ARRAY_SIZE(rl));
	fake_run_advance(1000); /* nothing is left to tell */
	assert_int_equal(count("2 more"), ARRAY_SIZE(rl));
}

static void test_lines_below_the_level_cost_no_token(void **state)
{
	struct log_rl rl = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		log_rl_line(&rl, i < 99 ? LOG_LV_DEBUG : LOG_LV_WARN, "mh", "x");
	assert_int_equal(rl.left_out, 0);
	assert_int_equal(count("mh:"), 1);
}

static void test_a_peer_can_neither_break_a_line_nor_steer_the_terminal(void **state)
{
	struct log_rl rl = { 0 };

	(void)state;
	log_info("ha", "nai %s", "a\n<3>kern: forged\x1b[2J\x7f\xc2\x9b");
	assert_int_equal(count("\n"), 1);
	assert_int_equal(count("nai a\\x0a<3>kern: forged\\x1b[2J\\x7f\\xc2\\x9b\n"), 1);
	for (int i = 0; i < 11; i++)
		log_rl(&rl, "ha", "nai %s", "a\nb");
	log_rl_flush();
	assert_int_equal(count("\n"), 12);
	assert_int_equal(count("a\\x0ab\n"), 11);
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
		T(test_what_was_left_out_is_told_when_the_flood_has_ended),
		T(test_a_flood_for_an_hour_is_few_lines_and_all_are_counted),
		T(test_a_flood_hides_no_line_of_another_kind_or_source),
		T(test_the_bucket_refills_up_to_ten),
		T(test_more_kinds_than_there_is_room_for),
		T(test_lines_below_the_level_cost_no_token),
		T(test_a_peer_can_neither_break_a_line_nor_steer_the_terminal),
		T(test_a_long_line_is_cut_and_ends_properly),
		T(test_logging_leaves_errno_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
