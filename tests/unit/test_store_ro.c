/* SPDX-License-Identifier: BSD-2-Clause */
/* Route optimisation with one peer: store/ro.h. */
#include "ro_help.h"

#include "base/util.h"

/* ---- the first registration ---- */

static void test_both_tests_go_in_parallel_then_the_update(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	assert_int_equal(step(&p, RO_EV_HINT) & SIGNAL, RO_DO_HOTI | RO_DO_COTI);
	assert_int_not_equal(p.r.home.cookie, p.r.care.cookie);
	assert_int_equal(token(&p, RO_EV_COT, 4) & SIGNAL, 0);
	assert_int_equal(token(&p, RO_EV_HOT, 3) & SIGNAL, RO_DO_BU);
	assert_int_equal(p.r.state, RO_WAIT_BA);
	assert_int_equal(p.r.home.index, 3);
	assert_int_equal(p.r.care.index, 4);
	assert_false(ro_carries(&p.r, &p.e));		/* not before the peer says so */
	assert_true(ba(&p, 0, 420) & RO_DO_PLAN);
	assert_true(ro_carries(&p.r, &p.e));
}

static void test_a_cookie_is_good_once(void **state)
{
	struct peer p;
	uint64_t first;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	first = p.r.home.cookie;
	assert_true(ro_cookie_ok(&p.r.home, first));
	assert_false(ro_cookie_ok(&p.r.home, first + 1));
	assert_false(ro_cookie_ok(&p.r.care, first));
	token(&p, RO_EV_HOT, 3);
	assert_false(ro_cookie_ok(&p.r.home, first));	/* the token is there: 11.6.2 */
}

static void test_tests_are_repeated_with_new_cookies_and_back_off(void **state)
{
	static const double wait[] = { 1, 2, 4, 8 };
	struct peer p;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	for (size_t i = 0; i < ARRAY_SIZE(wait); i++) {
		uint64_t home = p.r.home.cookie, care = p.r.care.cookie;
		unsigned act;

		assert_true(due(&p) > wait[i] - 0.01 && due(&p) < wait[i] + 0.01);
		act = tick(&p);
		if (i + 1 == ARRAY_SIZE(wait))	/* MAX_RO_FAILURE retries */
			break;
		assert_int_equal(act & SIGNAL, RO_DO_HOTI | RO_DO_COTI);
		assert_int_not_equal(p.r.home.cookie, home);
		assert_int_not_equal(p.r.care.cookie, care);
		assert_false(ro_cookie_ok(&p.r.home, home));
	}
	assert_int_equal(p.r.state, RO_HOLD);
	assert_true(p.last.act & RO_DO_WARN);
	assert_non_null(p.r.why);
}

static void test_back_off_of_each_kind_is_its_own(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	tick(&p);
	token(&p, RO_EV_HOT, 3);
	assert_int_equal(tick(&p) & SIGNAL, RO_DO_COTI);
	token(&p, RO_EV_COT, 4);			/* BU out: a back-off from the start */
	assert_true(due(&p) > 0.99 && due(&p) < 1.01);
}

static void test_pauses_grow_and_a_hint_in_a_pause_does_nothing(void **state)
{
	double pause = 60;
	struct peer p;

	(void)state;
	init(&p);
	for (int round = 0; round < 8; round++) {
		step(&p, RO_EV_HINT);
		while (p.r.state == RO_TEST)
			tick(&p);
		assert_int_equal(p.r.state, RO_HOLD);
		assert_true(due(&p) > pause - 0.01 && due(&p) < pause + 0.01);
		assert_int_equal(step(&p, RO_EV_HINT) & SIGNAL, 0);
		tick(&p);
		assert_int_equal(p.r.state, RO_IDLE);
		pause = pause * 2 > 3600 ? 3600 : pause * 2;
	}
	assert_true(tick(&p) & RO_DO_DROP);		/* nobody asked: forgotten */
}

static void test_updates_have_rising_numbers_and_end_too(void **state)
{
	struct peer p;
	uint16_t seq;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	token(&p, RO_EV_HOT, 3);
	token(&p, RO_EV_COT, 4);
	seq = p.r.seq;
	assert_int_equal(seq, 101);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(tick(&p) & SIGNAL, RO_DO_BU);
		assert_int_equal(p.r.seq, seq + i);
		assert_true(ro_seq_ok(&p.r, 0, seq));		/* late answers count */
		assert_true(ro_seq_ok(&p.r, 0, p.r.seq));
		assert_false(ro_seq_ok(&p.r, 0, (uint16_t)(p.r.seq + 1)));
		assert_false(ro_seq_ok(&p.r, 0, (uint16_t)(seq - 1)));
	}
	/* the peer may have the binding: it is deleted, if only the home token works */
	assert_int_equal(tick(&p) & SIGNAL, RO_DO_BU);
	assert_int_equal(p.r.state, RO_DELETE);
	assert_int_equal(p.r.asked, 0);
	while (p.r.state == RO_DELETE)
		tick(&p);
	assert_int_equal(p.r.state, RO_HOLD);
}

static void test_lifetime_is_bounded_by_home_registration_and_rr(void **state)
{
	static const struct { double left; uint32_t asked; } row[] = {
		{ 600, 420 }, { 420, 420 }, { 100, 100 }, { 99, 96 }, { 5, 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct peer p;

		init(&p);
		p.e.home_expires = START + row[i].left;
		step(&p, RO_EV_HINT);
		token(&p, RO_EV_HOT, 3);
		assert_int_equal(token(&p, RO_EV_COT, 4) & SIGNAL, RO_DO_BU);
		assert_int_equal(p.r.asked, row[i].asked);
	}
}

/* 11.4.2: a home address that is good for less than the peer was told. */
static void test_what_outlasts_the_home_address_is_shortened(void **state)
{
	struct peer p;
	uint16_t seq;

	(void)state;
	init(&p);
	bind_peer(&p);
	p.e.home_expires = START + 418;		/* units of 4 s: that is as good */
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, 0);
	p.e.home_expires = START + 100;
	p.e.registered = false;			/* nobody could be told */
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, 0);
	p.e.registered = true;
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, RO_DO_BU);
	assert_int_equal(p.r.asked, 100);
	assert_true(ro_carries(&p.r, &p.e));
	/* and shorter still before the answer is there: another number, as the first may be lost */
	seq = p.r.seq;
	p.e.home_expires = START + 50;
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, RO_DO_BU);
	assert_int_equal(p.r.asked, 48);
	assert_int_equal(p.r.seq, seq + 1);
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, 0);
	ba(&p, 0, 48);
	assert_int_equal(p.r.state, RO_BOUND);
	assert_true(p.r.expires == START + 48);
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, 0);
}

static void test_no_update_while_the_home_registration_ends(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	p.e.home_expires = START + 3;
	step(&p, RO_EV_HINT);
	token(&p, RO_EV_HOT, 3);
	assert_int_equal(token(&p, RO_EV_COT, 4) & SIGNAL, 0);
	assert_true(due(&p) < 0);
	p.e.home_expires = START + 600;			/* renewed */
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, RO_DO_BU);
}

static void test_rate_is_kept_for_each_kind_of_message(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	for (int i = 0; i < 3; i++)			/* another home address of ours */
		p.pace.sent[RO_COTI][i] = START - 0.5 + i * 0.1;
	assert_int_equal(step(&p, RO_EV_HINT) & SIGNAL, RO_DO_HOTI);
	assert_true(due(&p) > 0.49 && due(&p) < 0.51);
	assert_int_equal(tick(&p) & SIGNAL, RO_DO_COTI);
}

/* ---- answers ---- */

static void test_lifetime_counts_from_the_first_update(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	token(&p, RO_EV_HOT, 3);
	token(&p, RO_EV_COT, 4);
	p.e.now += 0.5;
	ba(&p, 0, 100);
	assert_true(p.r.expires == START + 100);
	assert_true(p.r.maybe_until == START + 420);	/* what was asked for may have been granted */
}

/* Karn: an answer to one that was repeated says nothing, unless it names the last one. */
static void test_round_trip_is_that_of_the_last_update(void **state)
{
	struct peer p;
	uint16_t first;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	token(&p, RO_EV_HOT, 3);
	token(&p, RO_EV_COT, 4);
	first = p.r.seq;
	assert_true(ro_rtt(&p.r, 0, first, START + 0.25) == 0.25);
	assert_true(ro_rtt(&p.r, BA_SEQUENCE, first, START + 0.25) == 0);
	assert_int_equal(tick(&p) & SIGNAL, RO_DO_BU);
	assert_true(p.e.now == START + 1 && p.r.seq == (uint16_t)(first + 1));
	assert_true(ro_rtt(&p.r, 0, first, START + 1.5) == 0);
	assert_true(ro_rtt(&p.r, 0, p.r.seq, START + 1.5) == 0.5);
	ba(&p, 0, 420);
	assert_true(ro_rtt(&p.r, 0, p.r.seq, START + 2) == 0);
}

/* What was granted, also while a refresh is under way. */
static void test_lifetime_is_that_of_the_last_acknowledgement(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	assert_int_equal(p.r.lifetime, 420);
	assert_true(tick(&p) & RO_DO_ASK_USE);
	step(&p, RO_EV_USED);
	token(&p, RO_EV_HOT, 5);
	if (p.r.state == RO_TEST)
		token(&p, RO_EV_COT, 5);
	assert_int_equal(p.r.state, RO_WAIT_BA);
	assert_true(p.r.first_sent_at > START + 100);
	assert_int_equal(p.r.lifetime, 420);
	ba(&p, 0, 300);
	assert_int_equal(p.r.lifetime, 300);
	p.e.where = RO_HOME;
	step(&p, RO_EV_FOLLOW);
	assert_int_equal(p.r.lifetime, 0);
}

static void test_granted_more_than_asked_is_as_asked(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	p.e.home_expires = START + 100;
	step(&p, RO_EV_HINT);
	token(&p, RO_EV_HOT, 3);
	token(&p, RO_EV_COT, 4);
	ba(&p, 0, 400);
	assert_true(p.r.expires == START + 100);
}

static void test_135_goes_on_from_the_number_given(void **state)
{
	struct ro_in in = { .status = BA_SEQUENCE, .seq = 40000 };
	struct peer p;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	token(&p, RO_EV_HOT, 3);
	token(&p, RO_EV_COT, 4);
	assert_true(ro_seq_ok(&p.r, BA_SEQUENCE, 40000));
	assert_int_equal(step_in(&p, RO_EV_BA, &in) & SIGNAL, RO_DO_BU);
	assert_int_equal(p.r.seq, 40001);
	assert_int_equal(p.r.state, RO_WAIT_BA);
}

static void test_expired_nonces_are_asked_for_anew(void **state)
{
	static const struct { uint8_t status; unsigned act; } row[] = {
		{ BA_HOME_NONCE, RO_DO_HOTI }, { BA_COA_NONCE, RO_DO_COTI },
		{ BA_NONCES, RO_DO_HOTI | RO_DO_COTI },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct peer p;

		init(&p);
		step(&p, RO_EV_HINT);
		token(&p, RO_EV_HOT, 3);
		token(&p, RO_EV_COT, 4);
		assert_int_equal(ba(&p, row[i].status, 0) & SIGNAL, row[i].act);
		assert_int_equal(p.r.state, RO_TEST);
	}
}

static void test_expired_nonces_for_ever_end_in_a_pause(void **state)
{
	struct peer p;
	int n = 0;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	token(&p, RO_EV_HOT, 3);
	token(&p, RO_EV_COT, 4);
	while (p.r.state != RO_HOLD && n++ < 20) {
		ba(&p, BA_HOME_NONCE, 0);
		if (p.r.state == RO_TEST && !p.r.home.out)
			tick(&p);
		if (p.r.state == RO_TEST)
			token(&p, RO_EV_HOT, 3);
	}
	assert_int_equal(n, 8);
	/* it was long enough for a new nonce (5.2.7: 30 s) */
	assert_true(p.e.now > START + 60 && p.e.now < START + 65);
}

/* 9.5.3: it deleted a binding of ours, and what it knows of that is newer than what we do. */
static void test_new_nonces_and_then_a_number_out_of_the_window(void **state)
{
	struct ro_in in = { .status = BA_SEQUENCE, .seq = 40000 };
	struct peer p;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	token(&p, RO_EV_HOT, 3);
	token(&p, RO_EV_COT, 4);
	for (int i = 0; i < 6; i++) {
		ba(&p, BA_NONCES, 0);
		if (!p.r.home.out)
			tick(&p);
		token(&p, RO_EV_HOT, 3);
		token(&p, RO_EV_COT, 4);
	}
	assert_int_equal(p.r.state, RO_WAIT_BA);
	step_in(&p, RO_EV_BA, &in);
	assert_int_equal(p.r.state, RO_WAIT_BA);
	assert_int_equal(p.r.seq, 40001);
}

static void test_a_refusal_is_a_pause_and_nothing_more_is_sent(void **state)
{
	static const uint8_t row[] = { BA_UNSPECIFIED, BA_PROHIBITED, BA_NO_RESOURCES,
				       BA_TYPE_CHANGE, 200 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct peer p;

		init(&p);
		step(&p, RO_EV_HINT);
		token(&p, RO_EV_HOT, 3);
		token(&p, RO_EV_COT, 4);
		assert_int_equal(ba(&p, row[i], 0) & SIGNAL, 0);
		assert_int_equal(p.r.state, RO_HOLD);
		assert_true(p.last.act & RO_DO_WARN);
		/* the peer signed that it has nothing: there is nothing to delete */
		p.e.where = RO_HOME;
		assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, 0);
		assert_int_equal(step(&p, RO_EV_STOP) & (SIGNAL | RO_DO_DROP), RO_DO_DROP);
	}
}

static void test_a_refused_refresh_leaves_what_was_there_to_delete(void **state)
{
	struct peer p;
	double until;

	(void)state;
	init(&p);
	bind_peer(&p);
	until = p.r.maybe_until;
	p.e.now += 100;
	step(&p, RO_EV_USED);
	token(&p, RO_EV_HOT, 5);
	token(&p, RO_EV_COT, 6);
	assert_int_equal(p.r.state, RO_WAIT_BA);
	assert_true(p.r.maybe_until > until);
	ba(&p, BA_PROHIBITED, 0);
	assert_int_equal(p.r.state, RO_HOLD);
	assert_true(p.r.maybe_until == until);
	step(&p, RO_EV_STOP);
	assert_int_equal(p.r.state, RO_DELETE);
}

/* The first answer was slow, or lost: what the peer made of the other update is not known. */
static void test_refusal_of_one_of_two_updates_says_nothing_of_the_other(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	token(&p, RO_EV_HOT, 3);
	token(&p, RO_EV_COT, 4);
	assert_true(tick(&p) & RO_DO_BU);
	ba(&p, BA_NO_RESOURCES, 0);
	assert_int_equal(p.r.state, RO_HOLD);
	assert_true(p.r.maybe_until > p.e.now + 400);
	step(&p, RO_EV_STOP);
	assert_int_equal(p.r.state, RO_DELETE);
}

static void test_a_lifetime_of_zero_is_a_refusal(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	token(&p, RO_EV_HOT, 3);
	token(&p, RO_EV_COT, 4);
	ba(&p, 0, 0);
	assert_int_equal(p.r.state, RO_HOLD);
	assert_false(ro_carries(&p.r, &p.e));
}

/* ---- keeping it ---- */

static void test_refresh_only_if_in_use_and_before_the_home_token_ends(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	assert_true(due(&p) > 188 && due(&p) < 190);		/* 0.9 * 210 */
	assert_int_equal(tick(&p) & (RO_DO_ASK_USE | SIGNAL), RO_DO_ASK_USE);
	assert_int_equal(step(&p, RO_EV_USED) & SIGNAL, RO_DO_HOTI | RO_DO_COTI);
	assert_string_equal(ro_state_str(&p.r), "refresh");
	assert_true(ro_carries(&p.r, &p.e));			/* data go on directly */
	token(&p, RO_EV_HOT, 5);
	assert_int_equal(token(&p, RO_EV_COT, 6) & SIGNAL, RO_DO_BU);
	assert_true(ro_carries(&p.r, &p.e));
	assert_false(ba(&p, 0, 420) & RO_DO_TELL_REMOVE);
	assert_true(p.r.since == START);
}

static void test_unused_it_is_asked_once_more_and_expires(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	tick(&p);
	step(&p, RO_EV_UNUSED);
	assert_true(tick(&p) & RO_DO_ASK_USE);
	assert_true(p.e.now < p.r.expires && p.e.now > p.r.expires - 20);
	step(&p, RO_EV_UNUSED);
	assert_int_equal(tick(&p) & (RO_DO_DROP | RO_DO_TELL_REMOVE | SIGNAL),
			 RO_DO_DROP | RO_DO_TELL_REMOVE);
	assert_true(p.e.now == START + 420);
}

static void test_a_refresh_that_fails_ends_in_the_tunnel(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	tick(&p);
	step(&p, RO_EV_USED);
	while (p.r.state == RO_TEST)
		tick(&p);
	assert_int_equal(p.r.state, RO_HOLD);
	assert_false(ro_carries(&p.r, &p.e));
	assert_true(p.last.act & RO_DO_TELL_REMOVE);
}

static void test_refresh_request_counts_if_in_use_and_not_in_floods(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	assert_int_equal(step(&p, RO_EV_REFRESH_REQ), 0);	/* nothing bound */
	bind_peer(&p);
	p.e.now += 150;
	assert_true(step(&p, RO_EV_REFRESH_REQ) & RO_DO_ASK_USE);
	assert_int_equal(step(&p, RO_EV_REFRESH_REQ), 0);
	assert_int_equal(step(&p, RO_EV_UNUSED) & SIGNAL, 0);
	p.e.now += 11;
	assert_true(step(&p, RO_EV_REFRESH_REQ) & RO_DO_ASK_USE);
	assert_int_equal(step(&p, RO_EV_USED) & SIGNAL, RO_DO_HOTI | RO_DO_COTI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_tests_go_in_parallel_then_the_update),
		cmocka_unit_test(test_a_cookie_is_good_once),
		cmocka_unit_test(test_tests_are_repeated_with_new_cookies_and_back_off),
		cmocka_unit_test(test_back_off_of_each_kind_is_its_own),
		cmocka_unit_test(test_pauses_grow_and_a_hint_in_a_pause_does_nothing),
		cmocka_unit_test(test_updates_have_rising_numbers_and_end_too),
		cmocka_unit_test(test_lifetime_is_bounded_by_home_registration_and_rr),
		cmocka_unit_test(test_what_outlasts_the_home_address_is_shortened),
		cmocka_unit_test(test_no_update_while_the_home_registration_ends),
		cmocka_unit_test(test_rate_is_kept_for_each_kind_of_message),
		cmocka_unit_test(test_lifetime_counts_from_the_first_update),
		cmocka_unit_test(test_granted_more_than_asked_is_as_asked),
		cmocka_unit_test(test_round_trip_is_that_of_the_last_update),
		cmocka_unit_test(test_lifetime_is_that_of_the_last_acknowledgement),
		cmocka_unit_test(test_135_goes_on_from_the_number_given),
		cmocka_unit_test(test_expired_nonces_are_asked_for_anew),
		cmocka_unit_test(test_expired_nonces_for_ever_end_in_a_pause),
		cmocka_unit_test(test_new_nonces_and_then_a_number_out_of_the_window),
		cmocka_unit_test(test_a_refusal_is_a_pause_and_nothing_more_is_sent),
		cmocka_unit_test(test_a_refused_refresh_leaves_what_was_there_to_delete),
		cmocka_unit_test(test_refusal_of_one_of_two_updates_says_nothing_of_the_other),
		cmocka_unit_test(test_a_lifetime_of_zero_is_a_refusal),
		cmocka_unit_test(test_refresh_only_if_in_use_and_before_the_home_token_ends),
		cmocka_unit_test(test_unused_it_is_asked_once_more_and_expires),
		cmocka_unit_test(test_a_refresh_that_fails_ends_in_the_tunnel),
		cmocka_unit_test(test_refresh_request_counts_if_in_use_and_not_in_floods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
