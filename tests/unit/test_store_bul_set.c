/* SPDX-License-Identifier: BSD-2-Clause */
/* Several care-of addresses (RFC 5648 5): what is said to the home agent, what its answers mean. */
#include "bul_set_help.h"

/* ---- registering ---- */

static void test_first_update_has_all_paths_and_overwrites(void **state)
{
	(void)state;
	wanted(2);
	assert_int_equal(last()->kind, BUL_MSG_REGISTER);
	assert_true(last()->overwrite);			/* 5.9 */
	assert_int_equal(last()->n, 2);
	assert_true(says(last(), 1, COA1, 1) && says(last(), 2, COA2, 2));
	assert_true(is6(&last()->source, COA1));
	assert_true(answer(0, NULL) & BUL_DO_TELL_ADD);
	assert_int_equal(t.b.state, BUL_BOUND);
	assert_true(carries(COA1));
	assert_true(path(1)->held && path(2)->held && path(1)->added && path(2)->added);
	assert_true(fabs(path(2)->expires - t.now - 600) < 1e-6);
}

static void test_refresh_tells_all_and_overwrites_no_more(void **state)
{
	(void)state;
	bound(2);
	next();
	assert_int_equal(t.b.state, BUL_REFRESH);
	assert_int_equal(last()->n, 2);
	assert_false(last()->overwrite);
	assert_true(says(last(), 1, COA1, 1));		/* 5.1: with its care-of address, always */
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
}

static void test_path_that_appears_waits_for_the_answer_that_is_due(void **state)
{
	(void)state;
	wanted(1);
	assert_false(wanted(2) & BUL_DO_SEND);
	assert_true(answer(0, NULL) & BUL_DO_SEND);
	assert_true(carries(COA1));			/* used at once */
	assert_int_equal(last()->n, 2);
	assert_false(last()->overwrite);
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
}

static void test_better_path_carries_only_when_it_is_registered(void **state)
{
	(void)state;
	want[0].rank = 3;
	bound(1);
	wanted(2);
	assert_int_equal(t.b.state, BUL_REFRESH);
	assert_true(carries(COA1));
	answer(0, NULL);
	assert_true(carries(COA2));
}

static void test_option_of_status_zero_has_the_status_of_the_message(void **state)
{
	static const uint8_t per[] = { 0, BA_NO_RESOURCES };

	(void)state;
	wanted(2);
	assert_true(answer(BA_MCOA_NOTCOMPLETE, per) & BUL_DO_WARN);
	assert_int_equal(t.b.state, BUL_BOUND);
	assert_true(path(1)->held);
	assert_false(path(2)->held);
	assert_int_equal(path(2)->status, BA_NO_RESOURCES);
	/* and is asked for again, later */
	assert_true(path(2)->retry_at > t.now);
	assert_true(fabs(bul_timer(&t.b) - path(2)->retry_at) < 1e-6);
	next();
	assert_true(says(last(), 2, COA2, 2));
	answer(0, NULL);
	assert_true(path(2)->held);
	assert_int_equal(t.b.state, BUL_BOUND);
}

static void test_all_refused_is_a_refusal(void **state)
{
	(void)state;
	wanted(2);
	answer(BA_NO_RESOURCES, NULL);
	assert_int_equal(t.b.state, BUL_WAIT_BA);	/* at the second home agent */
	assert_int_equal(t.b.ha_index, 1);
	assert_true(last()->overwrite);
	answer(BA_NO_RESOURCES, NULL);
	assert_int_equal(t.b.state, BUL_BACKOFF);
}

static void test_answer_to_an_earlier_update_counts_for_what_that_carried(void **state)
{
	uint16_t first;

	(void)state;
	wanted(1);
	first = t.b.seq;
	t.b.tries = 1;				/* unanswered so far: no more waiting */
	assert_true(wanted(2) & BUL_DO_SEND);
	assert_int_equal(t.b.seq, (uint16_t)(first + 1));
	answer_to(first, 0, NULL, true);
	assert_true(path(1)->held);
	assert_false(path(2)->held);
	assert_int_equal(t.b.state, BUL_REFRESH);
	assert_false(bul_seq_ok(&t.b, first));		/* once */
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
	assert_true(path(2)->held);
}

/* ---- statuses ---- */

static void test_165_and_164_make_the_next_one_overwrite(void **state)
{
	static const uint8_t status[] = { BA_MCOA_NON_MCOA, BA_MCOA_MALFORMED };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		setup(NULL);
		bound(1);
		wanted(2);
		assert_false(last()->overwrite);
		assert_true(answer(status[i], NULL) & BUL_DO_SEND);
		assert_true(last()->overwrite);
		assert_int_equal(last()->n, 2);
		answer(0, NULL);
		assert_int_equal(t.b.state, BUL_BOUND);
	}
}

static void test_165_for_ever_is_a_refusal(void **state)
{
	unsigned n = 0;

	(void)state;
	t = bed_make(1, true);
	bul_set_wish(&t.b, true);
	wanted(2);
	while (t.b.state == BUL_WAIT_BA && n++ < 10)
		answer(BA_MCOA_NON_MCOA, NULL);
	assert_int_equal(t.b.state, BUL_BACKOFF);
	assert_int_equal(n, 4);
}

static void test_166_is_the_end_of_several(void **state)
{
	(void)state;
	wanted(2);
	assert_true(answer(BA_MCOA_PROHIBITED, NULL) & BUL_DO_WARN);
	assert_false(bul_multi(&t.b));
	assert_int_equal(last()->kind, BUL_MSG_PLAIN);
	assert_true(is6(&last()->source, COA1));
	ba(&t, 0);
	assert_int_equal(t.b.state, BUL_BOUND);
	assert_true(carries(COA1));
	/* another home agent may be asked (3) */
	t.b.ha = t.b.cand[1];
	assert_true(bul_multi(&t.b));
}

static void test_answer_without_a_bid_is_a_plain_registration(void **state)
{
	(void)state;
	wanted(2);
	assert_true(answer_to(t.b.seq, 0, NULL, false) & BUL_DO_WARN);
	assert_false(bul_multi(&t.b));
	assert_int_equal(t.b.state, BUL_BOUND);
	assert_true(carries(COA1));
	assert_false(path(1)->held);
}

static void test_refusal_before_options_are_read_says_nothing_about_bids(void **state)
{
	static const uint8_t early[] = { BA_SEQUENCE, BA_ID_MISMATCH, BA_MESG_ID_REQUIRED };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(early); i++) {
		setup(NULL);
		wanted(2);
		assert_true(answer_to(t.b.seq, early[i], NULL, false) & BUL_DO_SEND);
		assert_true(bul_multi(&t.b));
		assert_int_equal(last()->n, 2);
	}
}

static void test_167_is_told_again(void **state)
{
	static const uint8_t per[] = { 0, BA_MCOA_UNKNOWN_COA };

	(void)state;
	bound(2);
	next();
	assert_true(answer(BA_MCOA_NOTCOMPLETE, per) & BUL_DO_SEND);
	assert_true(says(last(), 2, COA2, 2));
	answer(0, NULL);
	assert_true(path(2)->held);
}

static void test_168_means_one_bid_in_each_from_its_own_address(void **state)
{
	(void)state;
	wanted(2);
	assert_true(answer(BA_MCOA_BULK, NULL) & BUL_DO_SEND);
	assert_int_equal(last()->n, 1);
	assert_true(last()->overwrite);
	assert_true(says(last(), 1, COA1, 1) && is6(&last()->source, COA1));
	assert_true(answer(0, NULL) & BUL_DO_SEND);
	assert_true(carries(COA1));
	assert_int_equal(last()->n, 1);
	assert_false(last()->overwrite);
	assert_true(says(last(), 2, COA2, 2) && is6(&last()->source, COA2));
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
	assert_true(path(1)->held && path(2)->held);
	/* the refresh is one for each, too */
	next();
	assert_int_equal(last()->n, 1);
	answer(0, NULL);
	assert_int_equal(last()->n, 1);
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
	/* and 168 once more makes no sense */
	t.b.set.no_bulk = true;
	want[1].coa = ip6(COA3);
	wanted(2);
	answer(BA_MCOA_BULK, NULL);
	assert_int_equal(t.b.state, BUL_WAIT_BA);	/* refused: another home agent */
	assert_int_equal(t.b.ha_index, 1);
}

static void test_clear_r_refuses_with_bids_too(void **state)
{
	struct bul_ba ba = { .status = 0, .lifetime = 600 };

	(void)state;
	wanted(1);
	ba.seq = t.b.seq;
	ba.msg = last();
	ba.bid = last()->bid;
	ba.n_bid = 1;
	assert_true(go(BUL_EV_BA, &ba) & BUL_DO_DEREG_WRONG);
	assert_false(path(1)->held);
}

/* ---- within one uplink ---- */

static void test_old_address_drains_under_a_bid_of_its_own(void **state)
{
	(void)state;
	bound(1);
	want[0].coa = ip6(COA3);
	want[0].old = ip6(COA1);
	assert_true(wanted(1) & BUL_DO_SEND);
	assert_true(carries(COA1));			/* until the answer */
	assert_false(last()->overwrite);
	assert_int_equal(last()->n, 2);
	assert_true(says(last(), 1, COA3, 1) && says(last(), 1 | BUL_DRAIN, COA1, BUL_PRIO_LAST));
	answer(0, NULL);
	assert_true(carries(COA3));
	assert_true(path(1 | BUL_DRAIN)->held);
	assert_true(fabs(bul_timer(&t.b) - t.now - 1) < 1e-6);
	next();
	assert_int_equal(last()->kind, BUL_MSG_DELETE);
	assert_true(says(last(), 1 | BUL_DRAIN, NULL, 0));
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
	wanted(1);					/* the detector keeps it for a while yet */
	assert_int_equal(t.b.state, BUL_BOUND);
}

static void test_address_that_works_no_more_has_nothing_to_drain(void **state)
{
	(void)state;
	bound(2);
	want[0].coa = ip6(COA3);
	wanted(2);
	assert_true(carries(COA2));
	assert_int_equal(last()->n, 2);
	assert_true(says(last(), 1, COA3, 1));
	answer(0, NULL);
	assert_true(carries(COA3));
}

/* ---- all at once ---- */

static void test_stop_and_return_delete_all_without_bids(void **state)
{
	(void)state;
	bound(2);
	bul_set_alive(&t.b, bul_path_find(&t.b, 1), false);
	go(BUL_EV_STOP, NULL);
	assert_int_equal(last()->kind, BUL_MSG_PLAIN);
	assert_true(is6(&last()->source, COA2));	/* from one that lives */
	assert_int_equal(last()->n, 0);
	ba(&t, 0);
	assert_int_equal(t.b.state, BUL_IDLE);
	assert_string_equal(path(1)->gone, "stopped");
	wanted(2);
	assert_true(last()->overwrite);			/* 5.9 */
	answer(0, NULL);
	home(&t);
	bul_set_msg(&t.b, t.now, last());
	assert_int_equal(last()->kind, BUL_MSG_PLAIN);
	ba(&t, 0);
	assert_int_equal(t.b.state, BUL_HOME);
	assert_false(path(1) && path(1)->held);
}

static void test_bids_by_another_configuration_and_back(void **state)
{
	(void)state;
	t = bed_make(1, true);
	bind_at(&t, COA1);
	bul_set_want(&t.b, want, 2);
	bul_set_wish(&t.b, true);
	go(BUL_EV_RECONF, NULL);
	assert_true(carries(COA1));			/* meanwhile */
	assert_true(last()->overwrite);
	assert_int_equal(last()->n, 2);
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
	bul_set_wish(&t.b, false);
	go(BUL_EV_RECONF, NULL);
	assert_int_equal(last()->kind, BUL_MSG_PLAIN);
	assert_true(carries(COA1));
	ba(&t, 0);
	assert_int_equal(t.b.state, BUL_BOUND);
}

static void test_other_bid_for_the_same_uplink_loses_nothing(void **state)
{
	(void)state;
	bound(1);
	want[0].bid = 7;
	wanted(1);
	assert_true(carries(COA1));
	assert_true(last()->overwrite && says(last(), 7, COA1, 1));
	answer(0, NULL);
	assert_true(carries(COA1));
	assert_int_equal(t.b.state, BUL_BOUND);
	assert_int_equal(bul_path_find(&t.b, 1) < BUL_PATHS && path(1)->held, false);
}

static void test_refresh_request_names_bids(void **state)
{
	const struct mhopt_bid two = { .bid = 2 };

	(void)state;
	t.b.set.no_bulk = true;
	wanted(2);
	answer(0, NULL);
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
	bul_set_again(&t.b, &two, 1);
	go(BUL_EV_REFRESH_REQ, NULL);
	assert_int_equal(last()->n, 1);
	assert_true(says(last(), 2, COA2, 2));
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
}

#define T(f)	cmocka_unit_test_setup(f, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_first_update_has_all_paths_and_overwrites),
		T(test_refresh_tells_all_and_overwrites_no_more),
		T(test_path_that_appears_waits_for_the_answer_that_is_due),
		T(test_better_path_carries_only_when_it_is_registered),
		T(test_option_of_status_zero_has_the_status_of_the_message),
		T(test_all_refused_is_a_refusal),
		T(test_answer_to_an_earlier_update_counts_for_what_that_carried),
		T(test_165_and_164_make_the_next_one_overwrite),
		T(test_165_for_ever_is_a_refusal),
		T(test_166_is_the_end_of_several),
		T(test_answer_without_a_bid_is_a_plain_registration),
		T(test_refusal_before_options_are_read_says_nothing_about_bids),
		T(test_167_is_told_again),
		T(test_168_means_one_bid_in_each_from_its_own_address),
		T(test_clear_r_refuses_with_bids_too),
		T(test_old_address_drains_under_a_bid_of_its_own),
		T(test_address_that_works_no_more_has_nothing_to_drain),
		T(test_stop_and_return_delete_all_without_bids),
		T(test_bids_by_another_configuration_and_back),
		T(test_other_bid_for_the_same_uplink_loses_nothing),
		T(test_refresh_request_names_bids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
