/* SPDX-License-Identifier: BSD-2-Clause */
/* A home registration on the move, at home, forgotten, ended (RFC 6275 11.5.4, 11.5.5). */
#include "bul_help.h"

/* ---- movement ---- */

static void test_movement_keeps_the_binding_until_the_answer(void **state)
{
	struct bed t = bed_make(1, true);
	struct locator c1 = loc(COA1), c2 = loc(COA2);

	(void)state;
	bind_at(&t, COA1);
	assert_int_equal(away(&t, COA2), BUL_DO_PLAN | BUL_DO_SEND);
	assert_true(locator_eq(&t.b.bound_coa, &c1));
	assert_false(bul_here(&t.b));
	ba(&t, 0);
	assert_true(locator_eq(&t.b.bound_coa, &c2));
	assert_true(bul_here(&t.b));
}

static void test_movement_while_waiting_begins_a_new_back_off(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	bind_at(&t, COA1);
	away(&t, COA2);
	timer(&t);
	timer(&t);
	timer(&t);
	assert_true(t.b.timo == 8);
	away(&t, COA3);
	assert_true(t.b.timo == 1);
	/* and back to where the binding is: nothing is missing there, but it is confirmed */
	assert_true(away(&t, COA1) & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_REFRESH);
	assert_true(bul_here(&t.b));
}

static void test_the_same_care_of_address_again_is_no_movement(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	bind_at(&t, COA1);
	assert_int_equal(away(&t, COA1), 0);
	assert_int_equal(t.b.state, BUL_BOUND);
}

static void test_lost_uplink_keeps_the_binding_until_it_expires(void **state)
{
	struct bed t = bed_make(1, true);
	unsigned act;

	(void)state;
	bind_at(&t, COA1);
	t.now += 10;
	assert_false(step(&t, BUL_EV_LOST, NULL) & (BUL_DO_SEND | BUL_DO_TELL_REMOVE));
	assert_int_equal(t.b.state, BUL_IDLE);
	assert_true(t.b.bound_coa.family);
	act = away(&t, COA1);		/* back: usable at once, and confirmed */
	assert_true(act & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_REFRESH);
	step(&t, BUL_EV_LOST, NULL);
	act = 0;
	while (!(act & BUL_DO_TELL_REMOVE) && t.now < NOW + 1000)
		act = timer(&t);
	assert_true(fabs(t.now - NOW - 600) < 1e-9);
	assert_int_equal(t.b.state, BUL_IDLE);
	assert_false(act & BUL_DO_SEND);
}

static void test_packets_are_held_for_a_while_then_refused(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	assert_false(bul_hold(&t.b, t.now));
	away(&t, COA1);
	assert_true(bul_hold(&t.b, t.now + 31));
	assert_false(bul_hold(&t.b, t.now + 32));
	ba(&t, 0);
	assert_false(bul_hold(&t.b, t.now));
	away(&t, COA2);
	assert_true(bul_hold(&t.b, t.now));
	ba(&t, 129);
	assert_false(bul_hold(&t.b, t.now));
	t = bed_make(1, true);
	away(&t, COA1);
	while (bul_hold(&t.b, t.now) && t.now < NOW + 100)
		timer(&t);
	assert_true(fabs(t.now - NOW - 32) < 1e-9);
	assert_true(t.s.act & BUL_DO_PLAN);
}

/* ---- home ---- */

static void test_coming_home_deregisters_with_1_s_first(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	bind_at(&t, COA1);
	assert_int_equal(home(&t), BUL_DO_PLAN | BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_LEAVE);
	assert_true(t.b.timo == 1);
	assert_true(t.b.bound_coa.family);	/* the old tunnel may carry */
	assert_int_equal(ba_full(&t, 0, 0, 0, t.b.seq),
			 BUL_DO_PLAN | BUL_DO_NA | BUL_DO_TELL_REMOVE);
	assert_string_equal(t.s.gone, "home");
	assert_int_equal(t.b.state, BUL_HOME);
	assert_true(bul_timer(&t.b) == 0);
}

static void test_home_without_a_binding_is_as_good(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	/* also at start: an earlier run may have left one */
	assert_true(home(&t) & BUL_DO_SEND);
	/* nobody defended the address: somebody else may have it by now */
	assert_int_equal(ba(&t, 133), BUL_DO_PLAN | BUL_DO_DAD);
	assert_int_equal(t.b.state, BUL_HOME);
}

static void test_deregistration_at_home_is_resynchronised(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	home(&t);
	assert_true(ba_full(&t, 135, 0, 0, 500) & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_LEAVE);
	assert_int_equal(t.b.seq, 501);
	assert_true(ba(&t, 144) & BUL_DO_SEND);
	ba(&t, 0);
	assert_int_equal(t.b.state, BUL_HOME);
}

static void test_home_link_is_used_without_the_home_agent_after_three_tries(void **state)
{
	struct bed t = bed_make(1, true);
	unsigned n = 0;

	(void)state;
	home(&t);
	while (!bul_home_carries(&t.b) && n < 10) {
		timer(&t);
		n++;
	}
	assert_int_equal(n, 3);
	assert_true(t.s.act & BUL_DO_PLAN && t.s.act & BUL_DO_WARN && t.s.act & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_LEAVE);	/* it goes on trying */
	ba(&t, 0);
	assert_int_equal(t.b.state, BUL_HOME);
}

/* Anybody can advertise the home prefix; only the home agent can tell that this is its link. */
static void test_home_link_carries_nothing_while_a_binding_lasts(void **state)
{
	static const int refused[] = { 0, 129 };	/* silence, refusal */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct bed t = bed_make(1, true);
		unsigned warned = 0;

		bind_at(&t, COA1);
		home(&t);
		if (refused[i])
			ba(&t, (uint8_t)refused[i]);
		while (t.b.bound_coa.family && t.now < NOW + 1000) {
			assert_false(bul_home_carries(&t.b));
			warned += !!(timer(&t) & BUL_DO_WARN);
		}
		assert_true(fabs(t.now - NOW - 600) < 1e-9);
		assert_true(t.s.act & BUL_DO_PLAN && t.s.act & BUL_DO_TELL_REMOVE);
		assert_int_equal(t.b.state, BUL_LEAVE);
		assert_true(bul_home_carries(&t.b));
		assert_true(warned <= 2);
	}
}

static void test_refused_deregistration_is_tried_again_later(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	home(&t);
	assert_int_equal(ba(&t, 129), BUL_DO_PLAN | BUL_DO_WARN | BUL_DO_DAD);
	assert_true(bul_home_carries(&t.b));
	assert_int_equal(t.b.state, BUL_LEAVE);
	t.now += 30;
	assert_true(step(&t, BUL_EV_TIMER, NULL) & BUL_DO_SEND);
}

static void test_home_agent_that_has_the_binding_is_the_one_to_leave(void **state)
{
	struct bed t = bed_make(2, true);

	(void)state;
	bind_at(&t, COA1);
	timer(&t);
	ba(&t, 130);			/* refresh refused: the other one is asked */
	assert_int_equal(t.b.ha_index, 1);
	home(&t);
	assert_int_equal(t.b.ha_index, 0);
	assert_true(in6_eq(&t.b.ha, &t.w.home[0].home_agents[0]));
}

/* RFC 6275 11.5.5: the home agent that forwards our packets is to stop it, and no other. */
static void test_no_silence_or_icmp_turns_us_from_the_home_agent_to_leave(void **state)
{
	static const double gap[] = { 1, 2, 4, 8, 16, 32, 32, 32 };
	struct bed t = bed_make(3, true);

	(void)state;
	bind_at(&t, COA1);
	home(&t);
	for (size_t i = 0; i < ARRAY_SIZE(gap);) {
		double from = t.b.sent_at;

		assert_int_equal(step(&t, BUL_EV_NO_MH, NULL) & ~BUL_DO_WARN, 0);
		if (timer(&t) & BUL_DO_SEND)
			assert_true(fabs(t.now - from - gap[i++]) < 1e-9);
		assert_int_equal(t.b.ha_index, 0);
		assert_int_equal(t.b.state, BUL_LEAVE);
	}
	ba(&t, 133);			/* that is its own word */
	assert_int_equal(t.b.state, BUL_HOME);
	/* nothing bound: whoever answers */
	t = bed_make(3, true);
	home(&t);
	assert_true(step(&t, BUL_EV_NO_MH, NULL) & BUL_DO_NEXT_HA);
}

static void test_other_home_agents_are_asked_when_the_binding_is_over(void **state)
{
	struct bed t = bed_make(2, true);
	unsigned changes = 0;

	(void)state;
	bind_at(&t, COA1);
	home(&t);
	while (t.b.bound_coa.family)
		changes += !!(timer(&t) & BUL_DO_NEXT_HA);
	assert_int_equal(changes, 0);
	assert_true(t.s.act & BUL_DO_DAD && bul_home_carries(&t.b));
	while (t.now < NOW + 1200)
		changes += !!(timer(&t) & BUL_DO_NEXT_HA);
	assert_true(changes >= 2);
}

static void test_133_of_a_home_agent_without_the_binding_says_nothing(void **state)
{
	struct bed t = bed_make(2, true);

	(void)state;
	bind_at(&t, COA1);
	t.b.n_cand = 1;			/* reconfigured: it is no longer among ours */
	t.b.cand[0] = t.b.ha = t.b.cand[1];
	home(&t);
	assert_true(ba(&t, 133) & BUL_DO_WARN);
	assert_int_equal(t.b.state, BUL_LEAVE);
	assert_true(t.b.bound_coa.family);
	assert_false(bul_home_carries(&t.b));
}

static void test_leaving_home_registers_anew(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	home(&t);
	ba(&t, 0);
	step(&t, BUL_EV_LOST, NULL);
	assert_true(t.s.act & BUL_DO_PLAN);
	assert_true(bul_hold(&t.b, t.now));
	away(&t, COA1);
	assert_int_equal(t.b.state, BUL_WAIT_BA);
	assert_true(t.b.timo == 1.5);
}

/* ---- the home agent forgot us ---- */

static void test_forgotten_registers_at_once_then_with_growing_pauses(void **state)
{
	static const double pause[] = { 4, 8, 16, 32, 64, 128, 256, 512, 600, 600 };
	struct bed t = bed_make(1, true);

	(void)state;
	t.w.home[0].lifetime = 40000;
	away(&t, COA1);
	ba_full(&t, 0, BA_R, 40000, t.b.seq);
	for (size_t i = 0; i < ARRAY_SIZE(pause); i++) {
		assert_true(step(&t, BUL_EV_FORGOTTEN, NULL) & BUL_DO_SEND);
		assert_int_equal(t.b.state, BUL_REFRESH);
		assert_true(t.b.timo == 1.5);	/* it may have to do DAD first */
		ba_full(&t, 0, BA_R, 40000, t.b.seq);
		t.now += pause[i] - 0.1;
		assert_int_equal(step(&t, BUL_EV_FORGOTTEN, NULL), 0);
		t.now += 0.2;
	}
	bul_path_ok(&t.b);
	step(&t, BUL_EV_FORGOTTEN, NULL);
	ba(&t, 0);
	t.now += 4.1;
	assert_true(step(&t, BUL_EV_FORGOTTEN, NULL) & BUL_DO_SEND);
}

static void test_hints_without_a_binding_cause_nothing(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	assert_int_equal(step(&t, BUL_EV_FORGOTTEN, NULL), 0);
	assert_int_equal(step(&t, BUL_EV_REFRESH_REQ, NULL), 0);
	away(&t, COA1);
	assert_int_equal(step(&t, BUL_EV_FORGOTTEN, NULL), 0);
	assert_int_equal(step(&t, BUL_EV_REFRESH_REQ, NULL), 0);
	ba(&t, 0);
	assert_int_equal(step(&t, BUL_EV_REFRESH_REQ, NULL), BUL_DO_SEND);
	home(&t);
	ba(&t, 0);
	assert_int_equal(step(&t, BUL_EV_REFRESH_REQ, NULL), 0);
	assert_int_equal(step(&t, BUL_EV_FORGOTTEN, NULL), 0);
}

/* ---- stop ---- */

static void test_stop_sends_two_deregistrations_a_second_apart(void **state)
{
	struct bed t = bed_make(1, true);
	unsigned act;

	(void)state;
	bind_at(&t, COA1);
	assert_true(step(&t, BUL_EV_STOP, NULL) & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_STOP);
	t.now += 1;
	assert_true(step(&t, BUL_EV_TIMER, NULL) & BUL_DO_SEND);
	t.now += 1;
	act = step(&t, BUL_EV_TIMER, NULL);
	assert_true(act & BUL_DO_STOPPED && act & BUL_DO_TELL_REMOVE && act & BUL_DO_WARN);
	assert_false(act & BUL_DO_SEND);
	assert_string_equal(t.s.gone, "stopped");
	assert_true(bul_timer(&t.b) == 0);
}

static void test_any_answer_ends_the_stop(void **state)
{
	static const uint8_t status[] = { 0, 133, 128, 129, 146 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(status); i++) {
		struct bed t = bed_make(1, true);

		bind_at(&t, COA1);
		step(&t, BUL_EV_STOP, NULL);
		assert_true(ba(&t, status[i]) & BUL_DO_STOPPED);
		assert_false(t.b.bound_coa.family);
	}
}

static void test_stop_resynchronises_its_sequence_number(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	bind_at(&t, COA1);
	step(&t, BUL_EV_STOP, NULL);
	assert_true(ba_full(&t, 135, 0, 0, 77) & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_STOP);
	assert_int_equal(t.b.seq, 78);
	assert_true(ba(&t, 0) & BUL_DO_STOPPED);
}

static void test_stop_with_nothing_registered_is_over_at_once(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	assert_int_equal(step(&t, BUL_EV_STOP, NULL), BUL_DO_STOPPED | BUL_DO_PLAN);
	t = bed_make(1, true);
	home(&t);
	ba(&t, 0);
	assert_int_equal(step(&t, BUL_EV_STOP, NULL), BUL_DO_STOPPED | BUL_DO_PLAN);
	t = bed_make(1, true);
	away(&t, COA1);
	ba(&t, 129);
	assert_int_equal(step(&t, BUL_EV_STOP, NULL), BUL_DO_STOPPED | BUL_DO_PLAN);
	/* a BU without an answer may have made a binding */
	t = bed_make(1, true);
	away(&t, COA1);
	assert_true(step(&t, BUL_EV_STOP, NULL) & BUL_DO_SEND);
	/* no uplink: nobody could be told */
	t = bed_make(1, true);
	bind_at(&t, COA1);
	step(&t, BUL_EV_STOP, NULL);
	assert_true(step(&t, BUL_EV_LOST, NULL) & BUL_DO_STOPPED);
}

static void test_nothing_but_its_end_disturbs_the_stop(void **state)
{
	struct bed t = bed_make(2, true);

	(void)state;
	bind_at(&t, COA1);
	step(&t, BUL_EV_STOP, NULL);
	away(&t, COA2);
	home(&t);
	step(&t, BUL_EV_FORGOTTEN, NULL);
	step(&t, BUL_EV_REFRESH_REQ, NULL);
	step(&t, BUL_EV_NO_MH, NULL);
	step(&t, BUL_EV_STOP, NULL);
	assert_int_equal(t.b.state, BUL_STOP);
	assert_int_equal(t.b.stop_tries, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_movement_keeps_the_binding_until_the_answer),
		cmocka_unit_test(test_movement_while_waiting_begins_a_new_back_off),
		cmocka_unit_test(test_the_same_care_of_address_again_is_no_movement),
		cmocka_unit_test(test_lost_uplink_keeps_the_binding_until_it_expires),
		cmocka_unit_test(test_packets_are_held_for_a_while_then_refused),
		cmocka_unit_test(test_coming_home_deregisters_with_1_s_first),
		cmocka_unit_test(test_home_without_a_binding_is_as_good),
		cmocka_unit_test(test_deregistration_at_home_is_resynchronised),
		cmocka_unit_test(test_home_link_is_used_without_the_home_agent_after_three_tries),
		cmocka_unit_test(test_home_link_carries_nothing_while_a_binding_lasts),
		cmocka_unit_test(test_refused_deregistration_is_tried_again_later),
		cmocka_unit_test(test_home_agent_that_has_the_binding_is_the_one_to_leave),
		cmocka_unit_test(test_no_silence_or_icmp_turns_us_from_the_home_agent_to_leave),
		cmocka_unit_test(test_other_home_agents_are_asked_when_the_binding_is_over),
		cmocka_unit_test(test_133_of_a_home_agent_without_the_binding_says_nothing),
		cmocka_unit_test(test_leaving_home_registers_anew),
		cmocka_unit_test(test_forgotten_registers_at_once_then_with_growing_pauses),
		cmocka_unit_test(test_hints_without_a_binding_cause_nothing),
		cmocka_unit_test(test_stop_sends_two_deregistrations_a_second_apart),
		cmocka_unit_test(test_any_answer_ends_the_stop),
		cmocka_unit_test(test_stop_resynchronises_its_sequence_number),
		cmocka_unit_test(test_stop_with_nothing_registered_is_over_at_once),
		cmocka_unit_test(test_nothing_but_its_end_disturbs_the_stop),
	};

	return cmocka_run_group_tests_name("store_bul_moves", tests, NULL, NULL);
}
