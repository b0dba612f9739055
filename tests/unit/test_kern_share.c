/* SPDX-License-Identifier: BSD-2-Clause */
/* Several switches at once: who creates, who waits, who deletes. */
#include "switch_help.h"

static void test_the_first_user_creates_and_the_last_deletes(void **state)
{
	int a, b;

	(void)state;
	put("", "0 1", &a);
	put("", "0 2", &b);
	settle();
	assert_int_equal(a, 0);
	assert_int_equal(b, 0);
	assert_int_equal(users(0), 2);
	put("0 1", "", &a);
	turn();
	assert_string_equal(asked_text(), "-1:0");
	settle();
	put("0 2", "", &b);
	turn();
	assert_string_equal(asked_text(), "-2:0 -0:0");
	settle();
	assert_int_equal(HASH_COUNT(w.s.table), 0);
}

static void test_who_shares_an_object_under_way_waits_for_it(void **state)
{
	int a, b, c;

	(void)state;
	put("", "0 1", &a);
	put("", "0 2", &b);
	put("", "3", &c);
	turn();
	assert_string_equal(asked_text(), "+0:0 +1:0 +3:0");	/* c has nothing to wait for */
	answer(2, 0);
	turn();
	assert_int_equal(c, 0);
	answer(0, 0);
	answer(0, 0);
	turn();
	assert_int_equal(a, 0);
	assert_string_equal(asked_text(), "+2:0");
	settle();
	assert_int_equal(users(0), 2);
}

static void test_if_the_creator_fails_the_next_in_line_creates(void **state)
{
	int a, b;

	(void)state;
	put("", "0 1", &a);
	put("", "0 2", &b);
	turn();
	answer(0, 0);
	answer(0, -EINVAL);
	turn();
	assert_string_equal(asked_text(), "-0:0");
	assert_int_equal(b, 1);
	answer(0, 0);
	turn();
	assert_int_equal(a, -EINVAL);
	assert_string_equal(asked_text(), "+0:0 +2:0");
	settle();
	assert_int_equal(b, 0);
	assert_int_equal(users(0), 1);
}

static void test_nobody_overtakes_where_he_shares_a_key(void **state)
{
	int a, b, c, d;

	(void)state;
	put("", "0", &a);
	put("", "0 1", &b);		/* waits for 0 */
	put("", "1 2", &c);		/* and this for the 1 of the one that waits */
	put("", "3", &d);
	turn();
	assert_string_equal(asked_text(), "+0:0 +3:0");
	answer(0, 0);
	turn();
	assert_string_equal(asked_text(), "+3:0 +1:0");
	answer(1, -EIO);
	turn();
	assert_int_equal(b, -EIO);
	assert_string_equal(asked_text(), "+3:0 +1:0 +2:0");
	settle();
	assert_int_equal(c, 0);
	assert_int_equal(users(0), 1);
}

static void test_another_value_is_refused_while_others_hold_it(void **state)
{
	int a, b;

	(void)state;
	put("", "0:1", &a);
	settle();
	put("", "0:2 3", &b);
	turn();
	assert_int_equal(b, -EEXIST);
	assert_non_null(strstr(w.s.error, "others hold it"));
	assert_int_equal(w.s.errors_by[KOBJ_ROUTE], w.s.errors);
	put("", "0:1", &b);
	settle();
	put("0:1", "0:2", &b);		/* holds it, but not alone */
	turn();
	assert_int_equal(b, -EEXIST);
	put("0:1", "", &a);
	settle();
	put("0:1", "0:2", &b);
	settle();
	assert_int_equal(b, 0);
	assert_int_equal(w.kernel[0], 2);
}

static void test_another_value_waits_for_a_holder_that_leaves(void **state)
{
	int a, b;

	(void)state;
	put("", "0:1", &a);
	settle();
	put("0:1", "5", &a);
	put("", "0:2", &b);		/* taken over in one turn */
	turn();
	assert_string_equal(asked_text(), "+5:0");
	answer(0, 0);
	turn();
	assert_string_equal(asked_text(), "-0:1");
	settle();
	assert_int_equal(a, 0);
	assert_int_equal(b, 0);
	assert_int_equal(w.kernel[0], 2);
}

static void test_a_leaver_that_fails_keeps_what_he_had(void **state)
{
	int a, b;

	(void)state;
	put("", "0:1", &a);
	settle();
	put("0:1", "5", &a);
	put("", "0:2", &b);
	turn();
	answer(0, -ENOMEM);
	settle();
	assert_int_equal(a, -ENOMEM);
	assert_int_equal(b, -EEXIST);
	assert_int_equal(w.kernel[0], 1);
	assert_int_equal(users(0), 1);
}

static void test_an_undone_switch_gives_back_what_it_only_counted_on(void **state)
{
	int a, b;

	(void)state;
	put("", "0", &a);
	settle();
	put("", "0 1", &b);
	turn();
	assert_int_equal(users(0), 2);
	put("0", "", &a);		/* the creator leaves meanwhile */
	turn();
	assert_int_equal(a, 0);
	answer(0, -EIO);
	turn();
	assert_string_equal(asked_text(), "-0:0");
	settle();
	assert_int_equal(b, -EIO);
	assert_int_equal(HASH_COUNT(w.s.table), 0);
}

static void again(void *arg, int rc)
{
	struct kplan h = plan("0"), n = plan("0 1");

	assert_int_equal(rc, 0);
	assert_int_equal(ksw_put(&w.s, &h, &n, done, arg), 0);
	kplan_free(&h);
	kplan_free(&n);
}

static void test_done_may_ask_for_the_next_switch(void **state)
{
	struct kplan none = { 0 }, n = plan("0");
	int rc = 1;

	(void)state;
	assert_int_equal(ksw_put(&w.s, &none, &n, again, &rc), 0);
	kplan_free(&n);
	settle();
	assert_int_equal(rc, 0);
	assert_int_equal(w.kernel[1], 0);
	assert_int_equal(w.s.active, 0);
}

static void test_a_budget_leaves_the_rest_to_the_next_turn(void **state)
{
	int rc[3];

	(void)state;
	put("", "0 1", &rc[0]);
	put("", "2 3", &rc[1]);
	put("", "4 5", &rc[2]);
	assert_true(ksw_start(&w.s, 3) <= 0);
	assert_string_equal(asked_text(), "+0:0 +1:0 +2:0 +3:0");
	assert_true(w.s.dirty);
	settle();
	assert_int_equal(rc[2], 0);
}

static void test_two_thousand_share_one_object(void **state)
{
	static int rc[2000];
	char want[32];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rc); i++) {
		snprintf(want, sizeof(want), "0 %u", 100 + i);
		put("", want, &rc[i]);
	}
	turn();
	assert_int_equal(w.n_asked, 2);		/* the creator's */
	answer(0, 0);
	answer(0, 0);
	turn();
	assert_int_equal(w.n_asked, ARRAY_SIZE(rc) - 1);	/* all others at once */
	while (w.n_asked)
		answer(w.n_asked - 1, 0);
	turn();
	assert_int_equal(users(0), ARRAY_SIZE(rc));
	assert_int_equal(rc[1999], 0);
}

static void test_what_is_under_way_at_the_end_is_dropped_untold(void **state)
{
	int a, b;

	(void)state;
	put("", "0 1", &a);
	put("", "0 2", &b);
	turn();
	ksw_fini(&w.s);			/* the leak checker sees the rest */
	assert_int_equal(a, 1);
	assert_int_equal(b, 1);
	ksw_init(&w.s, &back, &w);
}

/* ---- at random ---- */

struct actor { struct kplan has, wants; bool busy; int rc; };

static void actor_done(void *arg, int rc)
{
	struct actor *a = arg;

	kplan_free(rc < 0 ? &a->wants : &a->has);
	if (rc == 0) {
		a->has = a->wants;
		a->wants = (struct kplan){ 0 };
	}
	a->busy = false;
}

static void actor_go(struct actor *a, unsigned who)
{
	for (unsigned i = 0; i < KEYS; i++) {
		bool any = i < 4;	/* the odd and the even quarrel about values */

		if (rand() % 3 == 0)
			kplan_put(&a->wants, obj(any ? i + 4 * (who % 2) : i,
						 any ? (unsigned)rand() % VALUES : 0));
	}
	a->busy = true;
	assert_int_equal(ksw_put(&w.s, &a->has, &a->wants, actor_done, a), 0);
}

/* In the end the kernel, the table and the plans that were promised say the same. */
static void check_world(struct actor *a, size_t n)
{
	for (unsigned i = 0; i < KEYS; i++) {
		struct kobj key = obj(i, 0);
		const struct kentry *e = ksw_find(&w.s, &key);
		unsigned holders = 0;

		for (size_t j = 0; j < n; j++) {
			const struct kobj *o = kplan_find(&a[j].has, &key);

			if (!o)
				continue;
			holders++;
			assert_int_equal(w.kernel[i], o->route.mtu);
		}
		assert_int_equal(e ? e->users : 0, holders);
		assert_int_equal(w.kernel[i] >= 0, holders > 0);
		assert_true(!e || (!e->busy && !e->leaving));
	}
}

static void test_promises_hold_at_random(void **state)
{
	struct actor a[6] = { 0 };
	unsigned failed = 0;

	(void)state;
	srand(1);
	for (int round = 0; round < 3000; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(a); i++)
			if (!a[i].busy && rand() % 2)
				actor_go(&a[i], i);
		turn();
		for (int i = rand() % 8; i > 0 && w.n_asked; i--) {
			size_t which = (size_t)rand() % w.n_asked;
			bool bad = !w.asked[which].op->undo && w.asked[which].verb != '-' &&
				   rand() % 10 == 0;

			failed += bad;
			answer(which, bad ? -EIO : 0);
		}
		if (round % 50 == 0) {
			settle();
			check_world(a, ARRAY_SIZE(a));
		}
	}
	settle();
	check_world(a, ARRAY_SIZE(a));
	assert_true(failed > 100 && w.s.undone > 100);
	for (unsigned i = 0; i < ARRAY_SIZE(a); i++)
		kplan_free(&a[i].has);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		TEST(test_the_first_user_creates_and_the_last_deletes),
		TEST(test_who_shares_an_object_under_way_waits_for_it),
		TEST(test_if_the_creator_fails_the_next_in_line_creates),
		TEST(test_nobody_overtakes_where_he_shares_a_key),
		TEST(test_another_value_is_refused_while_others_hold_it),
		TEST(test_another_value_waits_for_a_holder_that_leaves),
		TEST(test_a_leaver_that_fails_keeps_what_he_had),
		TEST(test_an_undone_switch_gives_back_what_it_only_counted_on),
		TEST(test_done_may_ask_for_the_next_switch),
		TEST(test_a_budget_leaves_the_rest_to_the_next_turn),
		TEST(test_two_thousand_share_one_object),
		TEST(test_what_is_under_way_at_the_end_is_dropped_untold),
		TEST(test_promises_hold_at_random),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
