/* SPDX-License-Identifier: BSD-2-Clause */
/* Route optimisation while the node moves, returns, stops, and is lied to: store/ro.h. */
#include "ro_help.h"

#include "base/util.h"

/* ---- movement ---- */

static void test_after_a_move_a_care_of_test_is_enough(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	p.e.now += 60;
	move(&p, COA2, false, false);
	assert_int_equal(step(&p, RO_EV_FOLLOW) & (RO_DO_PLAN | SIGNAL), RO_DO_PLAN);
	assert_false(ro_carries(&p.r, &p.e));		/* at once: data take the tunnel */
	move(&p, COA2, true, false);			/* the home agent has been told */
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, RO_DO_COTI);
	assert_int_equal(token(&p, RO_EV_COT, 9) & SIGNAL, 0);
	move(&p, COA2, true, true);			/* and says yes: 11.7.2 */
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, RO_DO_BU);
	assert_false(ro_carries(&p.r, &p.e));
	ba(&p, 0, 420);
	assert_true(ro_carries(&p.r, &p.e));
}

static void test_an_old_home_token_is_asked_for_when_the_tunnel_carries(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	tick(&p);
	step(&p, RO_EV_UNUSED);
	p.e.now = START + 211;
	move(&p, COA2, true, false);
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, RO_DO_COTI);
	move(&p, COA2, true, true);
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, RO_DO_HOTI);
}

static void test_moves_in_a_row_end_at_the_last_address(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	move(&p, COA2, true, true);
	step(&p, RO_EV_FOLLOW);
	assert_int_equal(token(&p, RO_EV_COT, 9) & SIGNAL, RO_DO_BU);
	p.e.now += 5;
	move(&p, COA1, true, true);			/* back before the answer */
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, RO_DO_COTI);
	assert_false(ro_carries(&p.r, &p.e));		/* the peer may have the other one */
	assert_false(ro_seq_ok(&p.r, 0, p.r.seq));	/* the late answer says nothing */
	token(&p, RO_EV_COT, 10);
	ba(&p, 0, 420);
	assert_true(ro_carries(&p.r, &p.e));
}

static void test_there_and_back_before_a_word_to_the_peer_changes_nothing(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	move(&p, COA2, true, false);
	step(&p, RO_EV_FOLLOW);
	move(&p, COA1, true, true);
	step(&p, RO_EV_FOLLOW);
	assert_true(ro_carries(&p.r, &p.e));
}

static void test_without_an_uplink_nothing_is_sent(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	p.e.where = RO_NOWHERE;
	p.e.told = p.e.registered = false;
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, 0);
	assert_true(due(&p) < 0);
	/* with both tokens at hand it is no other */
	init(&p);
	step(&p, RO_EV_HINT);
	token(&p, RO_EV_HOT, 3);
	assert_int_equal(token(&p, RO_EV_COT, 4) & SIGNAL, RO_DO_BU);
	p.e.where = RO_NOWHERE;
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, 0);
}

static void test_a_peer_that_cannot_be_told_is_told_to_forget(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	move(&p, COA2, true, true);
	step(&p, RO_EV_FOLLOW);
	while (p.r.state == RO_TEST)			/* no care-of test gets through here */
		tick(&p);
	assert_int_equal(p.r.state, RO_DELETE);
	assert_true(p.last.act & RO_DO_BU);
	assert_int_equal(p.r.asked, 0);
	assert_true(ba(&p, 0, 0) & RO_DO_PLAN);
	assert_int_equal(p.r.state, RO_HOLD);
	assert_true(p.r.maybe_until == 0);
}

/* ---- home, and the end ---- */

static void test_at_home_the_binding_is_deleted_with_the_home_token(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	p.e.where = RO_HOME;
	p.e.registered = p.e.told = false;
	assert_int_equal(step(&p, RO_EV_FOLLOW) & (SIGNAL | RO_DO_TELL_REMOVE), RO_DO_TELL_REMOVE);
	p.e.registered = true;				/* the home link carries */
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, RO_DO_BU);
	assert_int_equal(p.r.asked, 0);
	assert_true(ba(&p, 0, 0) & RO_DO_DROP);
}

static void test_at_home_an_old_home_token_is_renewed_alone(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	tick(&p);
	step(&p, RO_EV_UNUSED);
	p.e.now = START + 300;
	p.e.where = RO_HOME;
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, RO_DO_HOTI);
	assert_int_equal(token(&p, RO_EV_HOT, 7) & SIGNAL, RO_DO_BU);
}

static void test_away_again_before_it_was_deleted_it_is_registered(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	p.e.where = RO_HOME;
	p.e.registered = false;
	step(&p, RO_EV_FOLLOW);
	p.e.where = RO_AWAY;
	move(&p, COA2, true, true);
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, RO_DO_COTI);
	assert_int_equal(p.r.state, RO_TEST);
}

static void test_stop_deletes_what_the_peer_may_have(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	assert_int_equal(step(&p, RO_EV_STOP) & SIGNAL, RO_DO_BU);
	assert_false(ro_carries(&p.r, &p.e));
	assert_true(ba(&p, 0, 0) & RO_DO_DROP);
	init(&p);
	step(&p, RO_EV_HINT);				/* it has nothing yet */
	assert_int_equal(step(&p, RO_EV_STOP) & (SIGNAL | RO_DO_DROP), RO_DO_DROP);
}

/* ---- what nobody signs ---- */

static void test_lost_binding_takes_the_tunnel_and_gets_new_tokens(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	assert_int_equal(step(&p, RO_EV_LOST_BINDING), 0);	/* no binding: 11.3.6 */
	bind_peer(&p);
	p.e.now += 10;
	assert_int_equal(step(&p, RO_EV_LOST_BINDING) & (SIGNAL | RO_DO_PLAN),
			 RO_DO_HOTI | RO_DO_COTI | RO_DO_PLAN);
	assert_false(ro_carries(&p.r, &p.e));
}

static void test_lost_bindings_in_a_row_cost_less_and_less(void **state)
{
	struct peer p;
	unsigned sent = 0;

	(void)state;
	init(&p);
	bind_peer(&p);
	/* a liar for ten minutes, once each time that it is bound again */
	while (p.e.now < START + 600) {
		p.e.home_expires = p.e.now + 600;
		sent += !!(step(&p, RO_EV_LOST_BINDING) & RO_DO_HOTI);
		while (p.r.state == RO_TEST && !p.r.home.out)
			sent += !!(tick(&p) & RO_DO_HOTI);
		token(&p, RO_EV_HOT, 1);
		token(&p, RO_EV_COT, 2);
		if (p.r.state == RO_TEST)		/* MAX_UPDATE_RATE */
			tick(&p);
		ba(&p, 0, 420);
		assert_int_equal(p.r.state, RO_BOUND);
	}
	assert_in_range(sent, 5, 20);
}

static void test_no_mobile_ipv6_there_counts_only_as_an_answer(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	step(&p, RO_EV_HINT);
	step(&p, RO_EV_NO_MH);
	assert_int_equal(p.r.state, RO_HOLD);
	init(&p);
	bind_peer(&p);
	step(&p, RO_EV_NO_MH);				/* nothing is outstanding */
	assert_int_equal(p.r.state, RO_BOUND);
	assert_true(ro_carries(&p.r, &p.e));
}

/* A lie (BE 1) must not delay what a movement needs, nor make us forget the peer. */
static void test_after_a_lie_a_move_is_told_at_once(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	p.e.now += 10;
	for (int i = 0; i < 4; i++) {
		step(&p, RO_EV_LOST_BINDING);
		while (p.r.state == RO_TEST && !p.r.home.out)
			tick(&p);
		token(&p, RO_EV_HOT, 1);
		token(&p, RO_EV_COT, 2);
		if (p.r.state == RO_TEST)
			tick(&p);
		ba(&p, 0, 420);
	}
	step(&p, RO_EV_LOST_BINDING);
	assert_true(due(&p) > 5);
	move(&p, COA2, true, true);
	assert_true(step(&p, RO_EV_FOLLOW) & RO_DO_COTI);
}

static void test_after_a_lie_coming_home_still_deletes(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	p.e.now += 10;
	step(&p, RO_EV_LOST_BINDING);
	p.e.where = RO_HOME;
	assert_false(step(&p, RO_EV_FOLLOW) & RO_DO_DROP);
	assert_int_equal(p.r.state, RO_DELETE);
}

/* The peer has shown that it speaks Mobile IPv6: ICMP or BE 2 that say otherwise lie. */
static void test_no_mobile_ipv6_is_not_believed_of_a_bound_peer(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	move(&p, COA2, true, true);
	assert_true(step(&p, RO_EV_FOLLOW) & RO_DO_COTI);
	step(&p, RO_EV_NO_MH);
	assert_int_equal(p.r.state, RO_TEST);
	assert_true(p.r.maybe_until > p.e.now);
}

static void test_what_was_given_up_is_deleted_when_the_address_is_left(void **state)
{
	for (int home = 0; home < 2; home++) {
		struct peer p;

		(void)state;
		init(&p);
		p.e.home_expires = START + 6000;
		bind_peer(&p);
		tick(&p);
		step(&p, RO_EV_USED);			/* refresh: no answer */
		while (p.r.state == RO_TEST)
			tick(&p);
		assert_int_equal(p.r.state, RO_HOLD);
		assert_true(p.r.maybe_until > p.e.now + 100);
		p.e.now += 5;
		if (home)
			p.e.where = RO_HOME;
		else
			move(&p, COA2, true, true);
		assert_true(step(&p, RO_EV_FOLLOW) & RO_DO_HOTI);
		assert_int_equal(p.r.state, RO_DELETE);
	}
}

/* The home agent refused, or its binding ended: the home address is not to be used at all. */
static void test_without_a_home_registration_nothing_goes_directly(void **state)
{
	struct peer p;

	(void)state;
	init(&p);
	bind_peer(&p);
	assert_true(ro_carries(&p.r, &p.e));
	p.e.no_home = true;
	p.e.registered = false;
	assert_false(ro_carries(&p.r, &p.e));
	assert_true((step(&p, RO_EV_FOLLOW) & (RO_DO_PLAN | RO_DO_TELL_REMOVE)) ==
		    (RO_DO_PLAN | RO_DO_TELL_REMOVE));
	assert_int_equal(p.r.state, RO_TEST);
	p.e.now += 300;				/* no token is good any more; none is asked for */
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, 0);
	/* the next home agent takes us */
	p.e.no_home = false;
	p.e.registered = true;
	p.e.home_expires = p.e.now + 600;
	assert_int_equal(step(&p, RO_EV_FOLLOW) & SIGNAL, RO_DO_HOTI | RO_DO_COTI);
	token(&p, RO_EV_HOT, 7);
	assert_int_equal(token(&p, RO_EV_COT, 8) & SIGNAL, RO_DO_BU);
	ba(&p, 0, 420);
	assert_true(ro_carries(&p.r, &p.e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_after_a_move_a_care_of_test_is_enough),
		cmocka_unit_test(test_an_old_home_token_is_asked_for_when_the_tunnel_carries),
		cmocka_unit_test(test_moves_in_a_row_end_at_the_last_address),
		cmocka_unit_test(test_there_and_back_before_a_word_to_the_peer_changes_nothing),
		cmocka_unit_test(test_without_an_uplink_nothing_is_sent),
		cmocka_unit_test(test_a_peer_that_cannot_be_told_is_told_to_forget),
		cmocka_unit_test(test_at_home_the_binding_is_deleted_with_the_home_token),
		cmocka_unit_test(test_at_home_an_old_home_token_is_renewed_alone),
		cmocka_unit_test(test_away_again_before_it_was_deleted_it_is_registered),
		cmocka_unit_test(test_stop_deletes_what_the_peer_may_have),
		cmocka_unit_test(test_lost_binding_takes_the_tunnel_and_gets_new_tokens),
		cmocka_unit_test(test_lost_bindings_in_a_row_cost_less_and_less),
		cmocka_unit_test(test_no_mobile_ipv6_there_counts_only_as_an_answer),
		cmocka_unit_test(test_after_a_lie_a_move_is_told_at_once),
		cmocka_unit_test(test_after_a_lie_coming_home_still_deletes),
		cmocka_unit_test(test_no_mobile_ipv6_is_not_believed_of_a_bound_peer),
		cmocka_unit_test(test_what_was_given_up_is_deleted_when_the_address_is_left),
		cmocka_unit_test(test_without_a_home_registration_nothing_goes_directly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
