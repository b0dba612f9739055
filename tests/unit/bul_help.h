/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/bul_help.h - one registration of unit/mn_help.h's first home, and a clock and
 * a home agent that the test plays, for tests/unit/test_store_bul*.c.
 */
#ifndef MIP6_TEST_BUL_HELP_H
#define MIP6_TEST_BUL_HELP_H

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

static inline struct bed bed_make(size_t n_ha, bool router)
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
static inline unsigned step(struct bed *t, enum bul_ev ev, const struct bul_ba *ba)
{
	t->s = bul_step(&t->b, ev, &t->w.home[0], &t->w.c.timers, ba, t->now);
	assert_int_equal(t->s.state, t->b.state);
	if (t->s.act & BUL_DO_SEND)
		bul_sent(&t->b, (uint16_t)(t->b.seq + 1), t->now);
	return t->s.act;
}

static inline unsigned away(struct bed *t, const char *coa)
{
	t->b.coa = loc(coa);
	return step(t, BUL_EV_AWAY, NULL);
}

static inline unsigned home(struct bed *t)
{
	t->b.coa = (struct locator){ 0 };
	return step(t, BUL_EV_AT_HOME, NULL);
}

static inline unsigned ba_full(struct bed *t, uint8_t status, uint8_t flags, uint32_t lifetime,
			uint16_t seq)
{
	const struct bul_ba ba = { .status = status, .flags = flags, .seq = seq,
				   .lifetime = lifetime };

	return step(t, BUL_EV_BA, &ba);
}

static inline unsigned ba(struct bed *t, uint8_t status)
{
	return ba_full(t, status, BA_R, status < 128 ? 600 : 0, t->b.seq);
}

/* Runs to the next timer. */
static inline unsigned timer(struct bed *t)
{
	double at = bul_timer(&t->b);

	assert_true(at >= t->now);
	t->now = at;
	return step(t, BUL_EV_TIMER, NULL);
}

static inline void bind_at(struct bed *t, const char *coa)
{
	away(t, coa);
	assert_int_equal(ba(t, 0), BUL_DO_PLAN | BUL_DO_TELL_ADD);
	assert_int_equal(t->b.state, BUL_BOUND);
}

#endif
