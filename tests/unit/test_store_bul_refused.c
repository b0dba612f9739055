/* SPDX-License-Identifier: BSD-2-Clause */
/* A home registration that is refused (RFC 6275 11.7.3, 11.3.5; RFC 3963 5.3, 5.4). */
#include "bul_help.h"

/* ---- refusals ---- */

static void test_each_refusal_backs_off_and_says_why(void **state)
{
	static const struct { uint8_t status; bool keep, hard; } row[] = {
		{ 128, true, false }, { 129, false, true }, { 130, true, false },
		{ 131, false, true }, { 132, false, true }, { 133, false, true },
		{ 134, false, true }, { 140, false, true }, { 141, false, true },
		{ 142, false, true }, { 143, false, true }, { 146, true, true },
		{ 174, true, false }, { 136, true, false }, { 164, true, false },
		{ 255, true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct bed t = bed_make(1, true);
		unsigned act;

		bind_at(&t, COA1);
		timer(&t);
		assert_int_equal(t.b.state, BUL_REFRESH);
		act = ba(&t, row[i].status);
		assert_true(act & BUL_DO_WARN);
		assert_non_null(t.s.why);
		assert_ptr_equal(t.s.why, bul_refusal_of(row[i].status)->why);
		assert_int_equal(t.b.state, BUL_BACKOFF);
		assert_int_equal(!!(act & BUL_DO_TELL_REMOVE), !row[i].keep);
		assert_int_equal(bul_here(&t.b), row[i].keep);
		/* moved within the back-off: tried only if that may help */
		act = away(&t, COA2);
		assert_int_equal(!!(act & BUL_DO_SEND), !row[i].hard);
	}
}

static void test_no_refusal_without_words_for_the_operator(void **state)
{
	(void)state;
	for (unsigned s = 128; s < 256; s++)
		assert_true(bul_refusal_of((uint8_t)s)->why[0]);
	assert_string_not_equal(bul_refusal_of(129)->why, bul_refusal_of(142)->why);
}

static void test_back_off_doubles_from_30_to_600_s_and_never_ends(void **state)
{
	static const double wait[] = { 30, 60, 120, 240, 480, 600, 600, 600 };
	struct bed t = bed_make(1, true);

	(void)state;
	away(&t, COA1);
	for (size_t i = 0; i < ARRAY_SIZE(wait); i++) {
		double from = t.now;

		ba(&t, 129);
		assert_int_equal(t.b.state, BUL_BACKOFF);
		assert_true(timer(&t) & BUL_DO_SEND);
		assert_true(fabs(t.now - from - wait[i]) < 1e-9);
		assert_int_equal(t.b.state, BUL_WAIT_BA);
	}
	ba(&t, 0);
	timer(&t);
	ba(&t, 129);			/* success forgets the back-off */
	assert_true(fabs(bul_timer(&t.b) - t.now - 30) < 1e-9);
}

static void test_every_home_agent_is_asked_before_backing_off(void **state)
{
	struct bed t = bed_make(3, true);

	(void)state;
	away(&t, COA1);
	for (unsigned i = 1; i < 3; i++) {
		unsigned act = ba(&t, 140);

		assert_true(act & BUL_DO_NEXT_HA && act & BUL_DO_SEND);
		assert_int_equal(t.b.ha_index, i);
	}
	assert_false(ba(&t, 140) & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_BACKOFF);
	timer(&t);
	assert_int_equal(t.b.ha_index, 0);
}

static void test_hard_refusal_outlives_a_lost_uplink(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	away(&t, COA1);
	ba(&t, 134);
	step(&t, BUL_EV_LOST, NULL);
	assert_false(away(&t, COA2) & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_BACKOFF);
	t.now = bul_timer(&t.b);
	assert_true(t.now <= NOW + 30);
	assert_true(step(&t, BUL_EV_TIMER, NULL) & BUL_DO_SEND);
}

static void test_operator_cuts_any_back_off_short(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	away(&t, COA1);
	ba(&t, 142);
	assert_true(step(&t, BUL_EV_REFRESH_REQ, NULL) & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_WAIT_BA);
}

static void test_sequence_number_of_135_is_continued_at_once_three_times(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	away(&t, COA1);
	for (uint16_t i = 0; i < 3; i++) {
		uint16_t last = (uint16_t)(30000 + 100 * i);

		assert_true(ba_full(&t, 135, 0, 0, last) & BUL_DO_SEND);
		assert_int_equal(t.b.seq, last + 1);
		assert_true(bul_seq_ok(&t.b, (uint16_t)(last + 1)));
		assert_false(bul_seq_ok(&t.b, last));
		assert_int_equal(t.b.state, BUL_WAIT_BA);
	}
	assert_false(ba_full(&t, 135, 0, 0, 5) & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_BACKOFF);
	timer(&t);
	assert_int_equal(t.b.seq, 6);	/* the number is not forgotten */
}

static void test_timestamp_statuses_are_tried_again_at_once_three_times(void **state)
{
	static const uint8_t status[] = { 144, 145 };

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(status); k++) {
		struct bed t = bed_make(1, true);

		away(&t, COA1);
		for (int i = 0; i < 3; i++)
			assert_true(ba(&t, status[k]) & BUL_DO_SEND);
		assert_false(ba(&t, status[k]) & BUL_DO_SEND);
		assert_int_equal(t.b.state, BUL_BACKOFF);
	}
}

static void test_success_forgets_the_resynchronisations(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	away(&t, COA1);
	for (int round = 0; round < 3; round++) {
		assert_true(ba_full(&t, 135, 0, 0, 9) & BUL_DO_SEND);
		assert_true(ba(&t, 144) & BUL_DO_SEND);
		ba(&t, 0);
		timer(&t);
		assert_int_equal(t.b.state, BUL_REFRESH);
	}
}

static void test_accepted_without_r_deregisters_and_goes_on(void **state)
{
	struct bed t = bed_make(2, true);
	unsigned act;

	(void)state;
	away(&t, COA1);
	act = ba_full(&t, 0, 0, 600, t.b.seq);
	assert_true(act & BUL_DO_DEREG_WRONG && act & BUL_DO_NEXT_HA && act & BUL_DO_SEND);
	assert_false(t.b.bound_coa.family);
	act = ba_full(&t, 0, 0, 600, t.b.seq);
	assert_true(act & BUL_DO_DEREG_WRONG && act & BUL_DO_WARN);
	assert_false(act & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_BACKOFF);
}

static void test_host_does_not_look_at_r(void **state)
{
	struct bed t = bed_make(1, false);

	(void)state;
	away(&t, COA1);
	ba_full(&t, 0, 0, 600, t.b.seq);
	assert_int_equal(t.b.state, BUL_BOUND);
}

static void test_type_change_refused_is_cured_by_one_deregistration(void **state)
{
	struct bed t = bed_make(1, true);
	unsigned act;

	(void)state;
	away(&t, COA1);
	act = ba(&t, 139);
	assert_true(act & BUL_DO_DEREG_WRONG && act & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_WAIT_BA);
	act = ba(&t, 139);
	assert_false(act & BUL_DO_DEREG_WRONG || act & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_BACKOFF);
}

static void test_deregistration_aside_leaves_the_exchange_alone(void **state)
{
	struct bed t = bed_make(2, true);
	uint16_t seq;

	(void)state;
	away(&t, COA1);
	bul_step(&t.b, BUL_EV_BA, &t.w.home[0], &t.w.c.timers,
		 &(struct bul_ba){ .lifetime = 600 }, t.now);
	seq = t.b.seq;
	bul_sent_aside(&t.b, (uint16_t)(seq + 1), t.now);
	assert_false(bul_seq_ok(&t.b, (uint16_t)(seq + 1)));
	bul_sent(&t.b, (uint16_t)(seq + 2), t.now);
	assert_false(bul_seq_ok(&t.b, (uint16_t)(seq + 1)));
	assert_true(bul_seq_ok(&t.b, (uint16_t)(seq + 2)));
}

static void test_icmp_of_a_node_without_mobility_turns_to_the_next_once(void **state)
{
	struct bed t = bed_make(2, true);

	(void)state;
	assert_int_equal(step(&t, BUL_EV_NO_MH, NULL), 0);
	away(&t, COA1);
	assert_true(step(&t, BUL_EV_NO_MH, NULL) & BUL_DO_NEXT_HA);
	assert_int_equal(t.b.ha_index, 1);
	/* a forger cannot make us run round in circles */
	for (int i = 0; i < 10; i++)
		assert_int_equal(step(&t, BUL_EV_NO_MH, NULL) & ~BUL_DO_WARN, 0);
	assert_int_equal(t.b.ha_index, 1);
}

static void test_icmp_of_the_only_home_agent_leaves_the_timer_running(void **state)
{
	struct bed t = bed_make(1, true);
	double at;

	(void)state;
	away(&t, COA1);
	at = bul_timer(&t.b);
	assert_int_equal(step(&t, BUL_EV_NO_MH, NULL), BUL_DO_WARN);
	assert_true(bul_timer(&t.b) == at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_refusal_backs_off_and_says_why),
		cmocka_unit_test(test_no_refusal_without_words_for_the_operator),
		cmocka_unit_test(test_back_off_doubles_from_30_to_600_s_and_never_ends),
		cmocka_unit_test(test_every_home_agent_is_asked_before_backing_off),
		cmocka_unit_test(test_hard_refusal_outlives_a_lost_uplink),
		cmocka_unit_test(test_operator_cuts_any_back_off_short),
		cmocka_unit_test(test_sequence_number_of_135_is_continued_at_once_three_times),
		cmocka_unit_test(test_timestamp_statuses_are_tried_again_at_once_three_times),
		cmocka_unit_test(test_success_forgets_the_resynchronisations),
		cmocka_unit_test(test_accepted_without_r_deregisters_and_goes_on),
		cmocka_unit_test(test_host_does_not_look_at_r),
		cmocka_unit_test(test_type_change_refused_is_cured_by_one_deregistration),
		cmocka_unit_test(test_deregistration_aside_leaves_the_exchange_alone),
		cmocka_unit_test(test_icmp_of_a_node_without_mobility_turns_to_the_next_once),
		cmocka_unit_test(test_icmp_of_the_only_home_agent_leaves_the_timer_running),
	};

	return cmocka_run_group_tests_name("store_bul_refused", tests, NULL, NULL);
}
