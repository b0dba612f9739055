/* SPDX-License-Identifier: BSD-2-Clause */
/* The state machine of a home registration: RFC 6275 11.5.5, 11.7, 11.8; RFC 3963 5. */
#include "mn_help.h"

#include <math.h>

#include "store/bul.h"
#include "store/bul_refusal.h"

#define NOW	1000.

struct bed {
	struct mn_world w;
	struct bul b;
	struct bul_step s;
	double now;
};

static struct bed bed_make(size_t n_ha, bool router)
{
	struct bed t = { .now = NOW };

	mn_world_make(&t.w);
	t.w.home[0].n_ha = n_ha;
	for (size_t i = 0; i < n_ha; i++) {
		t.w.home[0].home_agents[i] = ip6(HA1);
		t.w.home[0].home_agents[i].s6_addr[15] = (uint8_t)(1 + i);
	}
	bul_init(&t.b, &t.w.home[0], router, 41);
	return t;
}

/* Steps, and sends at once what the step wants to send. */
static unsigned step(struct bed *t, enum bul_ev ev, const struct bul_ba *ba)
{
	t->s = bul_step(&t->b, ev, &t->w.home[0], &t->w.c.timers, ba, t->now);
	assert_int_equal(t->s.state, t->b.state);
	if (t->s.act & BUL_DO_SEND)
		bul_sent(&t->b, (uint16_t)(t->b.seq + 1), t->now);
	return t->s.act;
}

static unsigned away(struct bed *t, const char *coa)
{
	t->b.coa = loc(coa);
	return step(t, BUL_EV_AWAY, NULL);
}

static unsigned home(struct bed *t)
{
	t->b.coa = (struct locator){ 0 };
	return step(t, BUL_EV_AT_HOME, NULL);
}

static unsigned ba_full(struct bed *t, uint8_t status, uint8_t flags, uint32_t lifetime,
			uint16_t seq)
{
	const struct bul_ba ba = { .status = status, .flags = flags, .seq = seq,
				   .lifetime = lifetime };

	return step(t, BUL_EV_BA, &ba);
}

static unsigned ba(struct bed *t, uint8_t status)
{
	return ba_full(t, status, BA_R, status < 128 ? 600 : 0, t->b.seq);
}

/* Runs to the next timer. */
static unsigned timer(struct bed *t)
{
	double at = bul_timer(&t->b);

	assert_true(at >= t->now);
	t->now = at;
	return step(t, BUL_EV_TIMER, NULL);
}

static void bind_at(struct bed *t, const char *coa)
{
	away(t, coa);
	assert_int_equal(ba(t, 0), BUL_DO_PLAN | BUL_DO_TELL_ADD);
	assert_int_equal(t->b.state, BUL_BOUND);
}

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

static void test_times_of_the_last_messages_are_kept_latest_first(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	for (uint16_t i = 0; i < 6; i++)
		bul_sent_aside(&t.b, i, NOW + i);
	for (size_t i = 0; i < BUL_RECENT; i++)
		assert_true(t.b.recent[i] == NOW + 5 - (double)i);
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
	static const struct { uint32_t conf, asked; } row[] = {
		{ 600, 600 }, { 603, 600 }, { 4, 4 }, { 3, 4 }, { 1000000, MH_LIFETIME_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct home_conf h = { .lifetime = row[i].conf };

		assert_int_equal(bul_lifetime(&h), row[i].asked);
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

/* ---- refusals ---- */

static void test_each_refusal_backs_off_and_says_why(void **state)
{
	static const struct { uint8_t status; bool keep, hard; } row[] = {
		{ 128, true, false }, { 129, false, true }, { 130, true, false },
		{ 131, false, true }, { 132, false, true }, { 133, false, true },
		{ 134, false, true }, { 140, false, true }, { 141, false, true },
		{ 142, false, true }, { 143, false, true }, { 146, false, true },
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
	assert_int_equal(ba(&t, 133), BUL_DO_PLAN | BUL_DO_NA);
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
	while (!t.b.alone && n < 10) {
		timer(&t);
		n++;
	}
	assert_int_equal(n, 3);
	assert_true(t.s.act & BUL_DO_PLAN && t.s.act & BUL_DO_WARN && t.s.act & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_LEAVE);	/* it goes on trying */
	ba(&t, 0);
	assert_int_equal(t.b.state, BUL_HOME);
}

static void test_refused_deregistration_is_tried_again_later(void **state)
{
	struct bed t = bed_make(1, true);

	(void)state;
	home(&t);
	assert_int_equal(ba(&t, 129), BUL_DO_PLAN | BUL_DO_WARN);
	assert_true(t.b.alone);
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
		cmocka_unit_test(test_first_registration_waits_1500_ms_then_doubles_to_32_s),
		cmocka_unit_test(test_with_a_binding_the_first_timeout_is_1_s),
		cmocka_unit_test(test_each_transmission_takes_the_next_sequence_number),
		cmocka_unit_test(test_silent_home_agent_gives_way_to_the_next_at_32_s),
		cmocka_unit_test(test_only_home_agent_is_tried_for_ever_and_said_once),
		cmocka_unit_test(test_at_most_three_messages_within_a_second),
		cmocka_unit_test(test_times_of_the_last_messages_are_kept_latest_first),
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
		cmocka_unit_test(test_movement_keeps_the_binding_until_the_answer),
		cmocka_unit_test(test_movement_while_waiting_begins_a_new_back_off),
		cmocka_unit_test(test_the_same_care_of_address_again_is_no_movement),
		cmocka_unit_test(test_lost_uplink_keeps_the_binding_until_it_expires),
		cmocka_unit_test(test_packets_are_held_for_a_while_then_refused),
		cmocka_unit_test(test_coming_home_deregisters_with_1_s_first),
		cmocka_unit_test(test_home_without_a_binding_is_as_good),
		cmocka_unit_test(test_deregistration_at_home_is_resynchronised),
		cmocka_unit_test(test_home_link_is_used_without_the_home_agent_after_three_tries),
		cmocka_unit_test(test_refused_deregistration_is_tried_again_later),
		cmocka_unit_test(test_home_agent_that_has_the_binding_is_the_one_to_leave),
		cmocka_unit_test(test_leaving_home_registers_anew),
		cmocka_unit_test(test_forgotten_registers_at_once_then_with_growing_pauses),
		cmocka_unit_test(test_hints_without_a_binding_cause_nothing),
		cmocka_unit_test(test_stop_sends_two_deregistrations_a_second_apart),
		cmocka_unit_test(test_any_answer_ends_the_stop),
		cmocka_unit_test(test_stop_resynchronises_its_sequence_number),
		cmocka_unit_test(test_stop_with_nothing_registered_is_over_at_once),
		cmocka_unit_test(test_nothing_but_its_end_disturbs_the_stop),
	};

	return cmocka_run_group_tests_name("store_bul", tests, NULL, NULL);
}
