/* SPDX-License-Identifier: BSD-2-Clause */
/* The state machine of a home registration: messages, answers, lifetimes (RFC 6275 11.7, 11.8). */
#include "bul_help.h"

/* ---- registration and retransmission ---- */

static void test_first_registration_waits_1500_ms_then_doubles_to_32_s(void **state)
{
	static const double gap[] = { 1.5, 3, 6, 12, 24, 32, 32, 32 };
	struct bed t = bed_make(1, true);
	double last = NOW;

	(void)state;
	assert_int_equal(away(&t, COA1), BUL_DO_PLAN | BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_WAIT_BA);
	for (size_t i = 0; i < ARRAY_SIZE(gap);) {
		if (timer(&t) & BUL_DO_SEND) {
			assert_true(fabs(t.now - last - gap[i++]) < 1e-9);
			last = t.now;
		}
		assert_int_equal(t.b.state, BUL_WAIT_BA);
	}
}

static void test_with_a_binding_the_first_timeout_is_1_s(void **state)
{
	static const double gap[] = { 1, 2, 4, 8, 16, 32, 32 };
	struct bed t = bed_make(1, true);

	(void)state;
	bind_at(&t, COA1);
	t.now += 100;
	away(&t, COA2);
	for (size_t i = 0; i < ARRAY_SIZE(gap);) {
		double from = t.b.sent_at;

		if (timer(&t) & BUL_DO_SEND)
			assert_true(fabs(t.now - from - gap[i++]) < 1e-9);
	}
}

static void test_each_transmission_takes_the_next_sequence_number(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	t.b.seq = 0xfffe;
	away(&t, COA1);
	assert_int_equal(t.b.seq, 0xffff);
	timer(&t);
	assert_int_equal(t.b.seq, 0);
	timer(&t);
	assert_int_equal(t.b.seq, 1);
}

static void test_silent_home_agent_gives_way_to_the_next_at_32_s(void **state)
{
	struct bed t = bed_make(2, true);
	unsigned act = 0;

	(void)state;
	away(&t, COA1);
	while (!(act & BUL_DO_NEXT_HA) && t.now < NOW + 100)
		act = timer(&t);
	assert_true(act & BUL_DO_SEND && act & BUL_DO_WARN);
	/* 1.5 + 3 + 6 + 12 + 24 */
	assert_true(fabs(t.now - NOW - 46.5) < 1e-9);
	assert_int_equal(t.b.ha_index, 1);
	assert_true(in6_eq(&t.b.ha, &t.w.home[0].home_agents[1]));
	assert_true(t.b.timo == 1.5);
}

static void test_only_home_agent_is_tried_for_ever_and_said_once(void **state)
{
	struct bed t = bed_make(1, true);
	unsigned warned = 0, sent = 0;

	(void)state;
	away(&t, COA1);
	for (int i = 0; i < 200; i++) {
		unsigned act = timer(&t);

		warned += !!(act & BUL_DO_WARN);
		sent += !!(act & BUL_DO_SEND);
		assert_int_equal(t.b.state, BUL_WAIT_BA);
	}
	assert_int_equal(warned, 1);
	assert_true(sent >= 199);
}

static void test_at_most_three_messages_within_a_second(void **state)
{
	static const struct { double sent[6]; unsigned rate; double may; } row[] = {
		{ { 0 }, 3, NOW },
		{ { NOW, NOW }, 3, NOW },
		{ { NOW, NOW - 0.2, NOW - 0.5 }, 3, NOW + 0.5 },
		{ { NOW - 0.5, NOW, NOW - 0.2 }, 3, NOW + 0.5 },
		{ { NOW - 1, NOW - 1, NOW - 1 }, 3, NOW },
		{ { NOW, NOW, NOW, NOW }, 3, NOW + 1 },
		{ { NOW, NOW - 0.1, NOW - 0.1, NOW - 0.3 }, 3, NOW + 0.9 },
		{ { NOW, NOW - 0.9, NOW - 5 }, 1, NOW + 1 },
		{ { NOW - 0.4 }, 0, NOW + 0.6 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		assert_true(fabs(bul_rate(row[i].sent, 6, row[i].rate, NOW) - row[i].may) < 1e-9);
}

static void test_message_that_must_wait_is_not_counted_as_unanswered(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	t.b.coa = loc(COA1);
	bul_step(&t.b, BUL_EV_AWAY, &t.w.home[0], &t.w.c.timers, NULL, NOW);
	bul_held_back(&t.b, NOW + 8);
	assert_true(fabs(bul_timer(&t.b) - (NOW + 9.5)) < 1e-9);
	bul_sent(&t.b, 1, NOW + 8);
	assert_true(t.b.timo == 1.5 && t.b.tries == 0);
	assert_true(fabs(bul_timer(&t.b) - (NOW + 9.5)) < 1e-9);
	ba(&t, 0);
	bul_held_back(&t.b, NOW + 5000);	/* BOUND: its timer is the refresh */
	assert_true(bul_timer(&t.b) < NOW + 600);
}

/* ---- which answer belongs to which question ---- */

static void test_answer_to_any_transmission_of_this_exchange_counts(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	t.b.seq = 0xfffd;
	away(&t, COA1);			/* 0xfffe */
	timer(&t);			/* 0xffff */
	timer(&t);			/* 0 */
	assert_false(bul_seq_ok(&t.b, 0xfffd));
	assert_true(bul_seq_ok(&t.b, 0xfffe));
	assert_true(bul_seq_ok(&t.b, 0xffff));
	assert_true(bul_seq_ok(&t.b, 0));
	assert_false(bul_seq_ok(&t.b, 1));
}

static void test_answer_to_the_care_of_address_before_does_not_count(void **state)
{
	struct bed t = bed_make(1, true);
	uint16_t old;

	(void)state;
	away(&t, COA1);
	old = t.b.seq;
	away(&t, COA2);
	assert_false(bul_seq_ok(&t.b, old));
	assert_true(bul_seq_ok(&t.b, t.b.seq));
}

static void test_nothing_is_awaited_before_the_message_left_or_after_its_answer(void **state)
{
	struct bed t = bed_make(1, true);
	uint16_t seq = t.b.seq;

	(void)state;
	t.b.coa = loc(COA1);
	t.s = bul_step(&t.b, BUL_EV_AWAY, &t.w.home[0], &t.w.c.timers, NULL, NOW);
	assert_false(bul_seq_ok(&t.b, seq));
	assert_false(bul_seq_ok(&t.b, (uint16_t)(seq + 1)));
	bul_sent(&t.b, (uint16_t)(seq + 1), NOW);
	assert_true(bul_seq_ok(&t.b, (uint16_t)(seq + 1)));
	ba(&t, 0);
	assert_false(bul_seq_ok(&t.b, (uint16_t)(seq + 1)));
	assert_int_equal(ba(&t, 0), 0);
	assert_int_equal(ba(&t, 129), 0);
	assert_int_equal(t.b.state, BUL_BOUND);
}

static void test_retransmission_is_counted_from_when_the_message_left(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	t.b.coa = loc(COA1);
	bul_step(&t.b, BUL_EV_AWAY, &t.w.home[0], &t.w.c.timers, NULL, NOW);
	bul_sent(&t.b, 1, NOW + 0.3);
	assert_true(fabs(bul_timer(&t.b) - (NOW + 1.8)) < 1e-9);
}

/* ---- lifetimes ---- */

static void test_lifetime_counts_down_from_the_transmission(void **state)
{
	/* RFC 6275 11.7.3: L_update 600; L_ack; sent this long ago; left now */
	static const struct { uint32_t ack; double ago, left; } row[] = {
		{ 600, 0, 600 }, { 600, 0.25, 599.75 }, { 100, 1, 99 }, { 4, 3, 1 },
		{ 1200, 1, 599 },	/* more than asked for is not believed */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct bed t = bed_make(1, true);
		struct bul_ba a = { .flags = BA_R, .lifetime = row[i].ack };

		away(&t, COA1);
		a.sent_at = t.now - row[i].ago;
		step(&t, BUL_EV_BA, &a);
		assert_int_equal(t.b.state, BUL_BOUND);
		assert_true(fabs(t.b.expires - t.now - row[i].left) < 1e-9);
		assert_int_equal(t.b.lifetime, MIN(row[i].ack, 600));
	}
}

static void test_refresh_leaves_room_for_retransmissions(void **state)
{
	static const struct { uint32_t lifetime, advice; double after; } row[] = {
		{ 600, 0, 540 },	/* 0.9 of it */
		{ 40, 0, 25 },		/* 1 + 2 + 4 + 8 s before the end */
		{ 20, 0, 10 },		/* never before the half */
		{ 4, 0, 2 },
		{ 600, 100, 100 },	/* refresh advice */
		{ 100, 96, 85 },	/* advice later than we want anyway */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct bed t = bed_make(1, true);
		struct bul_ba a = { .flags = BA_R, .lifetime = row[i].lifetime,
				    .refresh_advice = row[i].advice };

		away(&t, COA1);
		step(&t, BUL_EV_BA, &a);
		assert_true(fabs(bul_timer(&t.b) - NOW - row[i].after) < 1e-9);
		assert_true(timer(&t) & BUL_DO_SEND);
		assert_int_equal(t.b.state, BUL_REFRESH);
		assert_true(bul_here(&t.b));
	}
}

static void test_unanswered_refresh_ends_with_the_lifetime(void **state)
{
	struct bed t = bed_make(1, true);
	unsigned act = 0;

	(void)state;
	bind_at(&t, COA1);
	while (t.b.bound_coa.family && t.now < NOW + 1000)
		act = timer(&t);
	assert_true(fabs(t.now - NOW - 600) < 1e-9);
	assert_true(act & BUL_DO_TELL_REMOVE && act & BUL_DO_PLAN);
	assert_string_equal(t.s.gone, "expired");
	assert_int_equal(t.b.state, BUL_WAIT_BA);
	assert_true(bul_timer(&t.b) > 0);
}

static void test_clock_that_jumps_over_the_lifetime_registers_anew(void **state)
{
	struct bed t = bed_make(1, true);
	unsigned act;

	(void)state;
	bind_at(&t, COA1);
	t.now += 7200;			/* a suspend */
	act = step(&t, BUL_EV_TIMER, NULL);
	assert_true(act & BUL_DO_TELL_REMOVE && act & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_WAIT_BA);
	assert_true(t.b.first);
}

static void test_lifetime_asked_for_is_what_the_wire_can_say(void **state)
{
	static const struct { uint32_t conf; double left; uint32_t asked; } row[] = {
		{ 600, INFINITY, 600 }, { 603, INFINITY, 600 }, { 4, INFINITY, 4 },
		{ 3, INFINITY, 4 }, { 1000000, INFINITY, MH_LIFETIME_MAX },
		{ 600, 1e9, 600 }, { 600, 601, 600 }, { 600, 599.9, 596 }, { 600, 7, 4 },
		{ 600, 3.5, 4 }, { 600, -20, 4 },	/* 0 would end the binding */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct home_conf h = { .lifetime = row[i].conf };

		assert_int_equal(bul_lifetime(&h, row[i].left), row[i].asked);
	}
}

static void test_lifetime_zero_granted_is_no_binding(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	away(&t, COA1);
	assert_true(ba_full(&t, 0, BA_R, 0, t.b.seq) & BUL_DO_WARN);
	assert_int_equal(t.b.state, BUL_BACKOFF);
	assert_false(t.b.bound_coa.family);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_registration_waits_1500_ms_then_doubles_to_32_s),
		cmocka_unit_test(test_with_a_binding_the_first_timeout_is_1_s),
		cmocka_unit_test(test_each_transmission_takes_the_next_sequence_number),
		cmocka_unit_test(test_silent_home_agent_gives_way_to_the_next_at_32_s),
		cmocka_unit_test(test_only_home_agent_is_tried_for_ever_and_said_once),
		cmocka_unit_test(test_at_most_three_messages_within_a_second),
		cmocka_unit_test(test_message_that_must_wait_is_not_counted_as_unanswered),
		cmocka_unit_test(test_answer_to_any_transmission_of_this_exchange_counts),
		cmocka_unit_test(test_answer_to_the_care_of_address_before_does_not_count),
		cmocka_unit_test(test_nothing_is_awaited_before_the_message_left_or_after_its_answer),
		cmocka_unit_test(test_retransmission_is_counted_from_when_the_message_left),
		cmocka_unit_test(test_lifetime_counts_down_from_the_transmission),
		cmocka_unit_test(test_refresh_leaves_room_for_retransmissions),
		cmocka_unit_test(test_unanswered_refresh_ends_with_the_lifetime),
		cmocka_unit_test(test_clock_that_jumps_over_the_lifetime_registers_anew),
		cmocka_unit_test(test_lifetime_asked_for_is_what_the_wire_can_say),
		cmocka_unit_test(test_lifetime_zero_granted_is_no_binding),
	};

	return cmocka_run_group_tests_name("store_bul", tests, NULL, NULL);
}
