/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/bul_set_help.h - a registration of up to three care-of addresses (RFC 5648) and a home
 * agent that the test plays, for tests/unit/test_store_bul_set*.c.
 */
#ifndef MIP6_TEST_BUL_SET_HELP_H
#define MIP6_TEST_BUL_SET_HELP_H

#include "bul_help.h"

static struct bed t;
static struct bul_msg sent[64];		/* by the low bits of the sequence number */
static struct bul_want want[4];

/* ---- the bed ---- */

static inline unsigned go(enum bul_ev ev, const struct bul_ba *ba)
{
	t.s = bul_step(&t.b, ev, &t.w.home[0], &t.w.c.timers, ba, t.now);
	if (t.s.act & BUL_DO_SEND) {
		uint16_t seq = (uint16_t)(t.b.seq + 1);

		bul_set_msg(&t.b, t.now, &sent[seq % 64]);
		bul_sent(&t.b, seq, t.now);
	}
	return t.s.act;
}

static inline struct bul_msg *last(void)
{
	return &sent[t.b.seq % 64];
}

static inline int setup(void **state)
{
	(void)state;
	t = bed_make(2, true);
	bul_set_wish(&t.b, true);
	t.b.set.drain = 1;
	want[0] = (struct bul_want){ .bid = 1, .rank = 1, .coa = ip6(COA1) };
	want[1] = (struct bul_want){ .bid = 2, .rank = 2, .coa = ip6(COA2) };
	want[2] = (struct bul_want){ .bid = 3, .rank = 3, .coa = ip6(COA3) };
	return 0;
}

static inline unsigned wanted(unsigned n)
{
	bul_set_want(&t.b, want, n);
	return go(BUL_EV_AWAY, NULL);
}

/* Answers the update of that number; per: statuses of its BIDs. */
static inline unsigned answer_to(uint16_t seq, uint8_t status, const uint8_t *per, bool bids)
{
	const struct bul_msg *m = &sent[seq % 64];
	struct mhopt_bid o[BUL_PATHS];
	struct bul_ba ba = { .status = status, .flags = BA_R, .seq = seq, .msg = m, .bid = o,
			     .lifetime = status < 128 && m->kind != BUL_MSG_DELETE ? 600 : 0,
			     .n_bid = bids ? m->n : 0 };

	for (unsigned i = 0; i < m->n; i++) {
		o[i] = m->bid[i];
		o[i].status = per ? per[i] : 0;
	}
	assert_true(bul_seq_ok(&t.b, seq));
	return go(BUL_EV_BA, &ba);
}

static inline unsigned answer(uint8_t status, const uint8_t *per)
{
	return answer_to(t.b.seq, status, per, true);
}

static inline struct bul_path *path(uint16_t bid)
{
	unsigned i = bul_path_find(&t.b, bid);

	return i < BUL_PATHS ? &t.b.set.path[i] : NULL;
}

static inline bool says(const struct bul_msg *m, uint16_t bid, const char *coa, uint8_t prio)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->bid[i].bid == bid)
			return (coa ? is6(&m->bid[i].coa.a.in6, coa) : !m->bid[i].coa.family) &&
			       m->bid[i].prio == prio;
	return false;
}

static inline bool carries(const char *coa)
{
	return bul_here(&t.b) && is6(&t.b.bound_coa.a.in6, coa);
}

static inline void bound(unsigned n)
{
	wanted(n);
	answer(0, NULL);
	assert_int_equal(t.b.state, BUL_BOUND);
}

static inline unsigned next(void)
{
	double at = bul_timer(&t.b);

	assert_true(at >= t.now);
	t.now = at;
	return go(BUL_EV_TIMER, NULL);
}

#endif
