/* SPDX-License-Identifier: BSD-2-Clause */
/* Home agent discovery by a mobile node (RFC 6275 11.4.1, RFC 3963 7), and what the registration
 * makes of it (store/bul.c). */
#include "bul_help.h"

#include "store/dhaad.h"

#define ID	0x1234
#define HA3	"2001:db8:280::3"

struct talk {
	struct timers t;
	struct dhaad d;
	double now;
	struct in6_addr found[HOME_MAX_HA];
	const char *why;
};

static struct talk talk_make(void)
{
	struct talk k = { .now = NOW };

	timers_default(&k.t);
	return k;
}

static enum dhaad_act want(struct talk *k)
{
	return dhaad_want(&k->d, &k->t, ID, k->now);
}

/* Moves the clock to the timer. */
static enum dhaad_act next(struct talk *k, uint16_t id)
{
	assert_true(k->d.due > 0);
	k->now = k->d.due;
	return dhaad_timer(&k->d, &k->t, id, k->now);
}

static unsigned reply(struct talk *k, uint16_t id, bool r, bool router, unsigned n,
		      const char *const *ha)
{
	const struct in6_addr src = ip6(HA2), hoa = ip6(HOA);
	struct icmp6_msg m = { .type = ICMP6_DHAAD_REP, .dhaad = { .id = id, .r = r, .n = n } };

	for (unsigned i = 0; i < n; i++)
		m.dhaad.ha[i] = ip6(ha[i]);
	return dhaad_reply(&k->d, &k->t, &m, &src, &hoa, router, k->now, k->found, &k->why);
}

static void test_request_is_repeated_four_times_each_after_twice_the_time(void **state)
{
	struct talk k = talk_make();

	(void)state;
	assert_int_equal(want(&k), DHAAD_SEND);
	assert_int_equal(k.d.id, ID);
	assert_int_equal(want(&k), DHAAD_NOTHING);	/* under way */
	for (double timo = 3; timo <= 24; timo *= 2) {
		double was = k.now;

		assert_int_equal(next(&k, 77), DHAAD_SEND);
		assert_true(k.now - was == timo);
		assert_int_equal(k.d.id, ID);		/* the same message */
	}
	assert_true(k.d.due == k.now + 48);
	assert_int_equal(next(&k, 77), DHAAD_FAILED);
	/* and another round after a pause, with another number */
	assert_true(k.d.due == k.now + k.t.ha_backoff);
	assert_int_equal(next(&k, 77), DHAAD_SEND);
	assert_int_equal(k.d.id, 77);
	for (int i = 0; i < 4; i++)
		assert_int_equal(next(&k, 78), DHAAD_SEND);
	assert_int_equal(next(&k, 78), DHAAD_FAILED);
	assert_true(k.d.due == k.now + 2 * k.t.ha_backoff);
}

static void test_answer_must_have_the_number_of_the_question(void **state)
{
	static const char *const ha[] = { HA1, HA2 };
	struct talk k = talk_make();

	(void)state;
	assert_int_equal(reply(&k, 0, false, false, 2, ha), 0);	/* nothing asked */
	want(&k);
	assert_int_equal(reply(&k, ID + 1, false, false, 2, ha), 0);
	assert_null(k.why);
	assert_true(k.d.asking);
	assert_int_equal(reply(&k, ID, false, false, 2, ha), 2);
	assert_int_equal(reply(&k, ID, false, false, 2, ha), 0);	/* once */
}

static void test_order_is_kept_and_what_is_no_home_agent_left_out(void **state)
{
	static const char *const ha[] = { HA3, "::", HA1, HA3, "ff02::1", HOA, "fe80::1", HA2 };
	struct talk k = talk_make();

	(void)state;
	want(&k);
	assert_int_equal(reply(&k, ID, false, false, 8, ha), 3);
	assert_true(is6(&k.found[0], HA3) && is6(&k.found[1], HA1) && is6(&k.found[2], HA2));
}

static void test_empty_answer_means_who_sent_it_and_useless_ones_nothing(void **state)
{
	static const char *const bad[] = { "ff02::1" };
	static const char *const many[] = { "2001:db8::1", "2001:db8::2", "2001:db8::3",
		"2001:db8::4", "2001:db8::5", "2001:db8::6", "2001:db8::7", "2001:db8::8",
		"2001:db8::9" };
	struct talk k = talk_make();

	(void)state;
	want(&k);
	assert_int_equal(reply(&k, ID, false, false, 0, NULL), 1);
	assert_true(is6(&k.found[0], HA2));
	/* the next round not before ha_backoff */
	assert_int_equal(want(&k), DHAAD_NOTHING);
	assert_true(k.d.due == k.now + k.t.ha_backoff);
	assert_int_equal(next(&k, ID), DHAAD_SEND);
	assert_int_equal(reply(&k, ID, false, false, 1, bad), 0);
	assert_non_null(k.why);
	assert_true(k.d.asking && k.d.due == k.now + k.t.initial_dhaad_timeout);
	assert_int_equal(reply(&k, ID, false, false, 9, many), HOME_MAX_HA);
	assert_true(is6(&k.found[7], "2001:db8::8"));
}

static void test_mobile_router_does_not_take_home_agents_of_hosts(void **state)
{
	static const char *const ha[] = { HA1 };
	struct talk k = talk_make();

	(void)state;
	want(&k);
	assert_int_equal(reply(&k, ID, false, true, 1, ha), 0);
	assert_non_null(k.why);
	assert_true(k.d.asking);	/* who sent that nobody knows: the question stands */
	assert_int_equal(reply(&k, ID, true, true, 1, ha), 1);
	assert_false(k.d.asking);
	/* a host takes both */
	k = talk_make();
	want(&k);
	assert_int_equal(reply(&k, ID, true, false, 1, ha), 1);
}

static void test_movement_asks_from_the_new_address_at_once(void **state)
{
	struct talk k = talk_make();

	(void)state;
	assert_int_equal(dhaad_moved(&k.d, &k.t, k.now), DHAAD_NOTHING);
	want(&k);
	for (int i = 0; i < 3; i++)
		next(&k, 0);
	assert_int_equal(dhaad_moved(&k.d, &k.t, k.now), DHAAD_SEND);
	assert_true(k.d.due == k.now + 3 && k.d.id == ID);
	dhaad_stop(&k.d);
	assert_true(k.d.due == 0);
	assert_int_equal(reply(&k, ID, true, false, 0, NULL), 0);
}

/* ---- the registration ---- */

static struct bed discoverer(size_t n_ha)
{
	struct bed t = bed_make(n_ha, false);

	t.w.home[0].discover = true;
	return t;
}

static unsigned found(struct bed *t, unsigned n, const char *const *ha)
{
	struct in6_addr a[HOME_MAX_HA];

	for (unsigned i = 0; i < n; i++)
		a[i] = ip6(ha[i]);
	bul_candidates(&t->b, &t->w.home[0], a, n);
	return step(t, BUL_EV_DISCOVERED, NULL);
}

static unsigned refuse(struct bed *t, uint8_t status)
{
	const struct bul_ba ba = { .status = status, .seq = t->b.seq };

	return step(t, BUL_EV_BA, &ba);
}

static unsigned due(struct bed *t)
{
	t->now = bul_timer(&t->b);
	return step(t, BUL_EV_TIMER, NULL);
}

static void test_without_a_home_agent_it_asks_and_takes_the_first(void **state)
{
	static const char *const ha[] = { HA2, HA1 };
	struct bed t = discoverer(0);
	unsigned act;

	(void)state;
	act = away(&t, COA1);
	assert_true(act & BUL_DO_DISCOVER && !(act & BUL_DO_SEND));
	assert_int_equal(t.b.state, BUL_DISCOVER);
	step(&t, BUL_EV_DISCOVERED, NULL);		/* no answer */
	assert_int_equal(t.b.state, BUL_DISCOVER);
	act = found(&t, 2, ha);
	assert_true(act & BUL_DO_SEND);
	assert_int_equal(t.b.state, BUL_WAIT_BA);
	assert_true(is6(&t.b.ha, HA2));
	/* 11.4.1: each in its turn, in this order */
	refuse(&t, BA_NOT_HA);
	assert_int_equal(t.b.state, BUL_WAIT_BA);
	assert_true(is6(&t.b.ha, HA1));
	/* they all refused: a pause, and the question again */
	assert_false(refuse(&t, BA_NOT_HA) & BUL_DO_DISCOVER);
	assert_int_equal(t.b.state, BUL_BACKOFF);
	while (t.b.state == BUL_BACKOFF)
		act = due(&t);
	assert_int_equal(t.b.state, BUL_DISCOVER);
	assert_true(act & BUL_DO_DISCOVER);
	/* nothing new: those that we know */
	act = step(&t, BUL_EV_DISCOVERED, NULL);
	assert_true(act & BUL_DO_SEND && is6(&t.b.ha, HA2));
}

static void test_silence_of_all_is_a_reason_to_ask(void **state)
{
	static const char *const ha[] = { HA1, HA3 };
	struct bed t = discoverer(1);
	unsigned act = 0;

	(void)state;
	assert_false(away(&t, COA1) & BUL_DO_DISCOVER);	/* the configured one first */
	while (!(act & BUL_DO_DISCOVER))
		act = due(&t);
	assert_int_equal(t.b.state, BUL_WAIT_BA);
	assert_true(t.now - NOW >= 31);			/* not before it had its chance */
	act = found(&t, 2, ha);
	assert_true(act & BUL_DO_SEND && act & BUL_DO_NEXT_HA);
	assert_true(is6(&t.b.ha, HA3));			/* not the silent one again */
}

static void test_home_agent_with_the_binding_comes_first(void **state)
{
	static const char *const ha[] = { HA2, HA3 };
	struct bed t = discoverer(0);
	struct bul_ba ba = { .lifetime = 600 };

	(void)state;
	away(&t, COA1);
	found(&t, 2, ha);
	ba.seq = t.b.seq;
	step(&t, BUL_EV_BA, &ba);
	assert_int_equal(t.b.state, BUL_BOUND);
	/* a movement: 11.4.1, first with that home agent */
	found(&t, 1, &ha[1]);
	assert_true(is6(&t.b.cand[0], HA2) && is6(&t.b.cand[1], HA3));
	assert_int_equal(t.b.state, BUL_BOUND);
	away(&t, COA2);
	assert_true(is6(&t.b.ha, HA2));
}

static void test_at_home_nobody_is_looked_for(void **state)
{
	struct bed t = discoverer(0);
	unsigned act = home(&t);

	(void)state;
	assert_int_equal(t.b.state, BUL_HOME);
	assert_true(act & BUL_DO_DAD);
	assert_false(act & (BUL_DO_SEND | BUL_DO_DISCOVER));
	away(&t, COA1);
	assert_int_equal(t.b.state, BUL_DISCOVER);
	assert_true(step(&t, BUL_EV_STOP, NULL) & BUL_DO_STOPPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_is_repeated_four_times_each_after_twice_the_time),
		cmocka_unit_test(test_answer_must_have_the_number_of_the_question),
		cmocka_unit_test(test_order_is_kept_and_what_is_no_home_agent_left_out),
		cmocka_unit_test(test_empty_answer_means_who_sent_it_and_useless_ones_nothing),
		cmocka_unit_test(test_mobile_router_does_not_take_home_agents_of_hosts),
		cmocka_unit_test(test_movement_asks_from_the_new_address_at_once),
		cmocka_unit_test(test_without_a_home_agent_it_asks_and_takes_the_first),
		cmocka_unit_test(test_silence_of_all_is_a_reason_to_ask),
		cmocka_unit_test(test_home_agent_with_the_binding_comes_first),
		cmocka_unit_test(test_at_home_nobody_is_looked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
