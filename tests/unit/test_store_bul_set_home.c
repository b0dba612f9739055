/* SPDX-License-Identifier: BSD-2-Clause */
/* The home link as one of several paths (RFC 5648 5.6): what is asked, and what an answer allows. */
#include "bul_set_help.h"

#include <stdio.h>

static const char *hoa(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s", A6(&t.w.home[0].hoa.a.in6));
	return text;
}

static int setup_home(void **state)
{
	setup(state);
	want[1] = (struct bul_want){ .bid = 1, .rank = 1, .home = true,
				     .coa = t.w.home[0].hoa.a.in6 };
	want[0] = (struct bul_want){ .bid = 2, .rank = 2, .coa = ip6(COA2) };
	return 0;
}

static bool says_h(const struct bul_msg *m, uint16_t bid)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->bid[i].bid == bid)
			return m->bid[i].home;
	return false;
}

static void asks(void)
{
	bound(1);
	wanted(2);
	assert_int_equal(last()->kind, BUL_MSG_REGISTER);
	assert_true(says(last(), 1, hoa(), 1) && says_h(last(), 1));
	assert_true(says(last(), 2, COA2, 2) && !says_h(last(), 2));
}

/* The place of H in the update gets the status. */
static void answer_home(uint8_t whole, uint8_t home)
{
	uint8_t per[BUL_PATHS] = { 0 };

	for (unsigned i = 0; i < last()->n; i++)
		if (last()->bid[i].home)
			per[i] = home;
	answer(whole, per);
}

static void test_home_link_is_used_when_the_home_agent_agrees(void **state)
{
	(void)state;
	asks();
	assert_true(is6(&last()->source, COA2));
	assert_true(carries(COA2) && !bul_home_open(&t.b) && !bul_home_nd(&t.b));
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
	assert_true(bul_home_open(&t.b) && bul_home_nd(&t.b) && carries(hoa()));
	/* it is renewed with the others */
	t.now = bul_timer(&t.b);
	go(BUL_EV_TIMER, NULL);
	assert_true(says_h(last(), 1) && last()->n == 2);
	assert_true(is6(&last()->source, COA2));
	answer(0, NULL);
	assert_true(bul_home_nd(&t.b));
}

static void test_5_is_the_home_link_without_a_word_on_it(void **state)
{
	static const struct { uint8_t whole, home; } row[] = {
		{ BA_MCOA_RETURNHOME, BA_MCOA_RETURNHOME }, { BA_MCOA_RETURNHOME, 0 },
		{ BA_MCOA_NOTCOMPLETE, BA_MCOA_RETURNHOME },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(row); i++) {
		setup_home(state);
		asks();
		answer_home(row[i].whole, row[i].home);
		assert_int_equal(t.b.state, BUL_BOUND);
		assert_true(bul_home_open(&t.b) && !bul_home_nd(&t.b) && carries(hoa()));
	}
}

static void test_169_ends_the_wish_until_another_configuration(void **state)
{
	(void)state;
	asks();
	answer_home(BA_MCOA_NOTCOMPLETE, BA_MCOA_SIMULTANEOUS);
	assert_false(bul_home_open(&t.b) || bul_may_home(&t.b));
	assert_true(carries(COA2));
	go(BUL_EV_RECONF, NULL);
	assert_true(bul_may_home(&t.b));
	/* of the whole message */
	setup_home(state);
	wanted(2);
	answer(BA_MCOA_SIMULTANEOUS, NULL);
	assert_true(in6_eq(&t.b.set.no_home, &t.b.cand[0]));	/* another one is tried */
	assert_true(is6(&t.b.ha, A6(&t.b.cand[1])) && bul_may_home(&t.b));
}

static void test_one_bid_in_each_update_has_no_home_link(void **state)
{
	(void)state;
	assert_true(bul_may_home(&t.b));
	t.b.set.no_bulk = true;			/* the next one would take it back */
	assert_false(bul_may_home(&t.b));
}

static void test_left_home_link_is_told_without_h(void **state)
{
	(void)state;
	asks();
	answer(0, NULL);
	assert_true(wanted(1) & BUL_DO_SEND);
	assert_true(carries(COA2) && !bul_home_open(&t.b));
	assert_int_equal(last()->kind, BUL_MSG_REGISTER);
	assert_true(last()->n == 1 && says(last(), 2, COA2, 2) && !says_h(last(), 2));
	assert_true(answer(0, NULL) & BUL_DO_TELL_REMOVE);
	assert_int_equal(t.b.state, BUL_BOUND);
	assert_false(path(1)->held);
}

/* 11.5.5 of RFC 6275, but what was agreed holds: nothing waits for the answer. */
static void test_last_one_that_stays_carries_while_all_is_deleted(void **state)
{
	(void)state;
	asks();
	answer(0, NULL);
	bul_set_want(&t.b, want, 0);
	t.b.coa = (struct locator){ 0 };
	go(BUL_EV_AT_HOME, NULL);
	assert_int_equal(t.b.state, BUL_LEAVE);
	assert_true(bul_home_carries(&t.b));
	assert_int_equal(last()->kind, BUL_MSG_PLAIN);
	answer_to(t.b.seq, 0, NULL, false);
	assert_int_equal(t.b.state, BUL_HOME);
	/* and from there to both: the home link carries until the answer, whatever it is */
	wanted(2);
	assert_int_equal(t.b.state, BUL_WAIT_BA);
	assert_true(bul_home_open(&t.b) && bul_home_nd(&t.b));
	assert_true(last()->overwrite && is6(&last()->source, COA2));
	answer_home(BA_MCOA_RETURNHOME, BA_MCOA_RETURNHOME);
	assert_true(bul_home_open(&t.b) && !bul_home_nd(&t.b));
}

/* Bound elsewhere, the home link is no use until there is an answer. */
static void test_return_without_an_agreement_waits(void **state)
{
	(void)state;
	asks();
	bul_set_want(&t.b, want, 0);
	go(BUL_EV_AT_HOME, NULL);
	assert_int_equal(t.b.state, BUL_LEAVE);
	assert_false(bul_home_carries(&t.b));
}

static void test_dead_others_leave_the_word_to_the_home_link(void **state)
{
	(void)state;
	asks();
	answer(0, NULL);
	bul_set_alive(&t.b, bul_path_find(&t.b, 2), false);
	go(BUL_EV_AWAY, NULL);
	assert_true(is6(&last()->source, hoa()));
	assert_true(says_h(last(), 1) && says(last(), 2, COA2, BUL_PRIO_LAST));
}

#define T(f)	cmocka_unit_test_setup(f, setup_home)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_home_link_is_used_when_the_home_agent_agrees),
		T(test_5_is_the_home_link_without_a_word_on_it),
		T(test_169_ends_the_wish_until_another_configuration),
		T(test_one_bid_in_each_update_has_no_home_link),
		T(test_left_home_link_is_told_without_h),
		T(test_last_one_that_stays_carries_while_all_is_deleted),
		T(test_return_without_an_agreement_waits),
		T(test_dead_others_leave_the_word_to_the_home_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
