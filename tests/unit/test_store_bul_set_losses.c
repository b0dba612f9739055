/* SPDX-License-Identifier: BSD-2-Clause */
/* Several care-of addresses (RFC 5648 5): one is lost, or all, or none is answered. */
#include "bul_set_help.h"

static void test_lost_path_is_deleted_and_the_other_carries_at_once(void **state)
{
	(void)state;
	bound(2);
	want[0] = want[1];
	assert_true(wanted(1) & BUL_DO_SEND);
	assert_true(carries(COA2));
	assert_int_equal(last()->kind, BUL_MSG_DELETE);
	assert_int_equal(last()->n, 1);
	assert_true(says(last(), 1, NULL, 0));
	assert_true(is6(&last()->source, COA2));
	assert_true(answer(0, NULL) & BUL_DO_TELL_REMOVE);
	assert_int_equal(t.b.state, BUL_BOUND);
	assert_string_equal(path(1)->gone, "lost");
}

static void test_unknown_to_the_home_agent_is_deleted_as_well(void **state)
{
	(void)state;
	bound(2);
	want[0] = want[1];
	wanted(1);
	answer_to(t.b.seq, BA_NOT_HA, NULL, false);
	assert_int_equal(t.b.state, BUL_BOUND);
	assert_true(bul_multi(&t.b));
	assert_false(path(1)->held);
}

static void test_dead_path_goes_to_the_end_and_comes_back(void **state)
{
	(void)state;
	bound(2);
	assert_true(bul_set_alive(&t.b, bul_path_find(&t.b, 1), false));
	assert_false(bul_set_alive(&t.b, bul_path_find(&t.b, 1), false));
	assert_true(go(BUL_EV_AWAY, NULL) & BUL_DO_SEND);
	assert_true(carries(COA2));
	assert_int_equal(last()->kind, BUL_MSG_REGISTER);
	assert_true(says(last(), 1, COA1, BUL_PRIO_LAST) && says(last(), 2, COA2, 2));
	assert_true(is6(&last()->source, COA2));
	answer(0, NULL);
	assert_true(bul_set_alive(&t.b, bul_path_find(&t.b, 1), true));
	go(BUL_EV_AWAY, NULL);
	assert_true(carries(COA1));
	assert_true(says(last(), 1, COA1, 1));
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
}

static void test_unanswered_update_leaves_by_another_path(void **state)
{
	(void)state;
	bound(2);
	next();
	assert_true(is6(&last()->source, COA1));
	next();
	assert_true(is6(&last()->source, COA2));
	next();
	assert_true(is6(&last()->source, COA1));
	answer(0, NULL);
	next();
	assert_true(is6(&last()->source, COA1));
}

static void test_death_of_a_path_is_said_at_once_whatever_is_outstanding(void **state)
{
	uint16_t was;

	(void)state;
	bound(2);
	next();
	was = t.b.seq;
	bul_set_alive(&t.b, bul_path_find(&t.b, 1), false);
	go(BUL_EV_AWAY, NULL);
	assert_int_equal(t.b.seq, (uint16_t)(was + 1));
	assert_true(is6(&last()->source, COA2));
	assert_true(says(last(), 1, COA1, BUL_PRIO_LAST));
}

static void test_one_goes_while_another_comes_in_one_overwriting_update(void **state)
{
	(void)state;
	bound(2);
	want[0] = want[2];
	wanted(2);				/* 2 and 3 */
	assert_true(carries(COA2));
	assert_int_equal(last()->kind, BUL_MSG_REGISTER);
	assert_true(last()->overwrite);
	assert_int_equal(last()->n, 2);
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
	assert_false(path(1) && path(1)->held);
}

static void test_each_bid_expires_by_itself(void **state)
{
	(void)state;
	bound(2);
	path(2)->expires = t.now + 5;
	path(2)->refresh_at = t.now + 4;
	t.now += 6;
	assert_true(go(BUL_EV_TIMER, NULL) & BUL_DO_TELL_REMOVE);
	assert_string_equal(path(2)->gone, "expired");
	assert_true(path(1)->held && !path(2)->held);
	assert_true(carries(COA1));
	assert_int_equal(t.b.state, BUL_REFRESH);
}

static void test_all_expired_is_no_binding(void **state)
{
	(void)state;
	bound(2);
	t.now += 601;
	assert_true(go(BUL_EV_TIMER, NULL) & BUL_DO_TELL_REMOVE);
	assert_int_equal(t.b.bound_coa.family, 0);
	assert_int_equal(t.b.state, BUL_WAIT_BA);
	assert_int_equal(last()->n, 2);
}

static void test_forgotten_overwrites(void **state)
{
	(void)state;
	bound(2);
	assert_true(go(BUL_EV_FORGOTTEN, NULL) & BUL_DO_SEND);
	assert_true(last()->overwrite);
	assert_int_equal(last()->n, 2);
}

static void test_nothing_usable_and_back(void **state)
{
	(void)state;
	bound(2);
	bul_set_want(&t.b, want, 0);
	go(BUL_EV_LOST, NULL);
	assert_int_equal(t.b.state, BUL_IDLE);
	assert_true(t.b.bound_coa.family);
	wanted(1);
	assert_int_equal(last()->kind, BUL_MSG_REGISTER);
	assert_true(last()->overwrite);			/* the second one is gone */
	assert_true(says(last(), 1, COA1, 1));
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
}

#define T(f)	cmocka_unit_test_setup(f, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_lost_path_is_deleted_and_the_other_carries_at_once),
		T(test_unknown_to_the_home_agent_is_deleted_as_well),
		T(test_dead_path_goes_to_the_end_and_comes_back),
		T(test_unanswered_update_leaves_by_another_path),
		T(test_death_of_a_path_is_said_at_once_whatever_is_outstanding),
		T(test_one_goes_while_another_comes_in_one_overwriting_update),
		T(test_each_bid_expires_by_itself),
		T(test_all_expired_is_no_binding),
		T(test_forgotten_overwrites),
		T(test_nothing_usable_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
