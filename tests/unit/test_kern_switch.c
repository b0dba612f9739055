/* SPDX-License-Identifier: BSD-2-Clause */
/* One switch: order, undo, what is told. Several at once: test_kern_share.c. */
#include <unistd.h>

#include "switch_help.h"

static void test_additions_in_order_then_deletions_in_reverse(void **state)
{
	int rc;

	(void)state;
	put("", "0 1 2", &rc);
	turn();
	assert_string_equal(asked_text(), "+0:0 +1:0 +2:0");
	settle();
	assert_int_equal(rc, 0);
	put("0 1 2", "2:9 3 4", &rc);
	turn();
	assert_string_equal(asked_text(), "~2:9 +3:0 +4:0");
	answer(1, 0);
	answer(1, 0);
	turn();
	assert_string_equal(asked_text(), "~2:9");	/* not before each addition is answered */
	answer(0, 0);
	turn();
	assert_string_equal(asked_text(), "-1:0 -0:0");
	assert_int_equal(rc, 1);
	settle();
	assert_int_equal(rc, 0);
	assert_int_equal(HASH_COUNT(w.s.table), 3);
}

static void test_what_stays_is_not_touched(void **state)
{
	int rc;

	(void)state;
	put("", "0 1", &rc);
	settle();
	put("0 1", "1 0", &rc);
	turn();
	assert_int_equal(w.n_asked, 0);
	assert_int_equal(rc, 0);
	put("0 1", "", &rc);
	settle();
	assert_int_equal(HASH_COUNT(w.s.table), 0);
}

static void test_a_failed_addition_undoes_the_others_in_reverse(void **state)
{
	struct kobj bad = obj(4, 0);
	int rc;

	(void)state;
	put("", "0 1:1 9", &rc);
	settle();
	put("0 1:1 9", "0 1:2 3 4 5", &rc);
	turn();
	assert_string_equal(asked_text(), "~1:2 +3:0 +4:0 +5:0");
	answer(0, 0);
	answer(0, 0);
	answer(0, -EINVAL);
	answer(0, 0);
	turn();
	assert_string_equal(asked_text(), "-5:0 -3:0 ~1:1");	/* 9 stays, 4 never was */
	settle();
	assert_int_equal(rc, -EINVAL);
	assert_int_equal(w.kernel[1], 1);
	assert_int_equal(HASH_COUNT(w.s.table), 3);
	assert_int_equal(w.s.undone, 1);
	assert_non_null(strstr(w.s.error, KOBJ(&bad)));
	assert_non_null(strstr(w.s.error, "Invalid argument (said the kernel)"));
	put("0 1:1 9", "", &rc);		/* the old plan holds */
	settle();
	assert_int_equal(rc, 0);
	assert_int_equal(HASH_COUNT(w.s.table), 0);
}

static void test_the_first_failure_in_the_plan_is_the_one_told(void **state)
{
	struct kobj first = obj(1, 0);
	int rc;

	(void)state;
	put("", "0 1 2", &rc);
	turn();
	answer(2, -ENODEV);		/* because 1 is not there, but answered sooner */
	answer(1, -EPERM);
	answer(0, 0);
	settle();
	assert_int_equal(rc, -EPERM);
	assert_non_null(strstr(w.s.error, KOBJ(&first)));
}

struct heard { int rc; unsigned key; bool named; };

static void hear_failure(void *arg, int rc)
{
	struct heard *h = arg;

	*h = (struct heard){ .rc = rc };
	if (rc == 0)
		return;
	h->key = w.s.failed->route.metric;
	h->named = strstr(w.s.error, KOBJ(w.s.failed));
}

static void test_each_switch_of_a_turn_is_told_its_own_failure(void **state)
{
	const struct kplan none = { 0 };
	struct kplan p[3] = { plan("0 1"), plan("2 3"), plan("4") };
	struct heard heard[3];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(ksw_put(&w.s, &none, &p[i], hear_failure, &heard[i]), 0);
	ksw_start(&w.s, LONG_MAX);
	assert_string_equal(asked_text(), "+0:0 +1:0 +2:0 +3:0 +4:0");
	answer(4, 0);
	answer(3, -EPERM);
	answer(2, 0);
	answer(1, 0);
	answer(0, -EINVAL);
	settle();
	assert_true(heard[0].rc == -EINVAL && heard[0].key == 0 && heard[0].named);
	assert_true(heard[1].rc == -EPERM && heard[1].key == 3 && heard[1].named);
	assert_int_equal(heard[2].rc, 0);
	assert_null(w.s.failed);
	for (size_t i = 0; i < 3; i++)
		kplan_free(&p[i]);
}

static void test_what_a_device_took_with_it_is_put_again(void **state)
{
	int rc;

	(void)state;
	put("", "0 1:2 2", &rc);
	settle();
	assert_int_equal(ksw_again(&w.s, "another"), 0);
	turn();
	assert_int_equal(w.n_asked, 0);
	put("0 1:2 2", "1:3 2", &rc);	/* this is first, and deletes 0 */
	assert_int_equal(ksw_again(&w.s, ""), 0);
	turn();
	answer(0, 0);
	turn();
	assert_string_equal(asked_text(), "-0:0");
	answer(0, 0);
	turn();				/* 1 is another by now */
	assert_string_equal(asked_text(), "=2:0");
	put("1:3 2", "", &rc);		/* waits until it is there again */
	turn();
	assert_int_equal(w.n_asked, 1);
	settle();
	assert_int_equal(rc, 0);
	assert_int_equal(HASH_COUNT(w.s.table), 0);
}

static void test_what_cannot_be_put_again_keeps_its_users(void **state)
{
	int rc;

	(void)state;
	put("", "0 1 2", &rc);
	settle();
	assert_int_equal(ksw_again(&w.s, ""), 0);
	turn();
	assert_string_equal(asked_text(), "=0:0 =1:0 =2:0");
	answer(0, 0);
	answer(0, -EHOSTUNREACH);
	answer(0, 0);
	turn();
	assert_int_equal(w.n_asked, 0);
	assert_non_null(strstr(w.s.error, "put again"));
	assert_int_equal(users(0) + users(1) + users(2), 3);
	assert_int_equal(w.s.undone, 0);
	assert_int_equal(w.s.active, 0);
}

/* What a running switch is going to give up is not looked at behind its back. */
static void test_what_is_about_to_leave_is_not_put_again(void **state)
{
	struct kplan have = plan("0 1"), want = plan("0 2");
	int rc;

	(void)state;
	put("", "0 1", &rc);
	settle();
	strcpy(want.obj[1].route.dev, "other");
	assert_int_equal(ksw_put(&w.s, &have, &want, done, &rc), 0);
	kplan_free(&have);
	kplan_free(&want);
	turn();
	assert_string_equal(asked_text(), "+2:0");
	assert_int_equal(ksw_again(&w.s, ""), 0);
	answer(0, 0);
	turn();
	settle();
	assert_int_equal(users(1), 0);
	assert_int_equal(users(0) + users(2), 2);
	assert_int_equal(w.s.active, 0);
}

static void test_a_failure_of_the_back_end_itself_ends_the_plan(void **state)
{
	int rc;

	(void)state;
	put("", "0", &rc);
	settle();
	w.sync_rc = -ENOENT;
	put("0", "0 1 2", &rc);
	turn();
	assert_int_equal(rc, -ENOENT);
	assert_non_null(strstr(w.s.error, "(by itself)"));
	assert_int_equal(HASH_COUNT(w.s.table), 1);
}

static void test_deletions_never_fail_a_switch(void **state)
{
	static const struct { int rc; unsigned errors; } row[] = {
		{ -ENOENT, 0 }, { -ESRCH, 0 }, { -ENODEV, 0 }, { -EADDRNOTAVAIL, 0 },
		{ -EPERM, 1 }, { -EBUSY, 1 },
	};
	int rc;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint64_t errors = w.s.errors;

		w.kernel[0] = -1;
		put("", "0", &rc);
		settle();
		put("0", "", &rc);
		turn();
		answer(0, row[i].rc);
		turn();
		assert_int_equal(rc, 0);
		assert_int_equal(w.s.errors - errors, row[i].errors);
		assert_int_equal(HASH_COUNT(w.s.table), 0);
	}
}

static void test_a_have_that_is_not_true_harms_nobody(void **state)
{
	int rc;

	(void)state;
	put("0 1", "1", &rc);		/* holds neither */
	settle();
	assert_int_equal(rc, 0);
	assert_int_equal(w.kernel[1], 0);
	assert_int_equal(users(1), 1);
	assert_int_equal(users(0), 0);
}

/* A flood of one kind of failures leaves the first line of another kind where it is seen. */
static void test_failures_of_another_kind_are_told(void **state)
{
	struct kobj proxy = { .kind = KOBJ_PROXY };
	struct kplan none = { 0 }, p = { 0 };
	int stderr_was = dup(STDERR_FILENO), rc = 0;
	FILE *caught = tmpfile();
	char text[8192] = "";

	(void)state;
	assert_non_null(caught);
	dup2(fileno(caught), STDERR_FILENO);
	w.sync_rc = -EPERM;
	w.s.quiet = false;
	for (int i = 0; i < 30; i++)
		put("", "0", &rc);
	assert_int_equal(kplan_add(&p, &proxy), 0);
	assert_int_equal(ksw_put(&w.s, &none, &p, done, &rc), 0);
	settle();
	dup2(stderr_was, STDERR_FILENO);
	close(stderr_was);
	assert_true(pread(fileno(caught), text, sizeof(text) - 1, 0) > 0);
	fclose(caught);
	assert_non_null(strstr(text, KOBJ(&proxy)));
	assert_int_equal(w.s.errors_by[KOBJ_ROUTE], 30);
	assert_int_equal(w.s.errors_by[KOBJ_PROXY], 1);
	kplan_free(&p);
	log_rl_flush();
}

int main(void)
{
	const struct CMUnitTest test[] = {
		TEST(test_additions_in_order_then_deletions_in_reverse),
		TEST(test_what_stays_is_not_touched),
		TEST(test_a_failed_addition_undoes_the_others_in_reverse),
		TEST(test_the_first_failure_in_the_plan_is_the_one_told),
		TEST(test_each_switch_of_a_turn_is_told_its_own_failure),
		TEST(test_what_a_device_took_with_it_is_put_again),
		TEST(test_what_cannot_be_put_again_keeps_its_users),
		TEST(test_what_is_about_to_leave_is_not_put_again),
		TEST(test_a_failure_of_the_back_end_itself_ends_the_plan),
		TEST(test_deletions_never_fail_a_switch),
		TEST(test_failures_of_another_kind_are_told),
		TEST(test_a_have_that_is_not_true_harms_nobody),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
