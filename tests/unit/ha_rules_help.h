/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/ha_rules_help.h - Binding Updates as rows: how one differs from a good one,
 * and what must come of it. For the tests of store/ha_rules.c.
 */
#ifndef MIP6_TEST_HA_RULES_HELP_H
#define MIP6_TEST_HA_RULES_HELP_H

#include "ha_help.h"

#define NOW	5000.
#define LIFE	600u
#define SEQ	10
#define AHR	(BU_A | BU_H | BU_R)
#define AH	(BU_A | BU_H)

enum have { NOTHING, BOUND, DELETED };

/* A Binding Update that differs from a good one of MR at COA, and what must come of it. */
struct row {
	const char *what;
	const char *src, *dst, *hoa, *alt;	/* NULL: COA, HA_ADDR, MR, none */
	bool no_hao;			/* the home address is the source */
	uint16_t flags;			/* 0 = A H R */
	int life;			/* 0 = LIFE, -1 = 0 */
	uint16_t seq;			/* 0 = SEQ */
	enum have have;
	uint16_t last, have_flags;	/* of the entry; flags 0 = A H R */
	const char *mnp[3];
	uint64_t seen;			/* further options */
	/* out */
	enum bu_act act;
	uint8_t status;
};

static struct ha_world w;

static inline int setup(void **state)
{
	(void)state;
	world_make(&w);
	return 0;
}

static inline void entry_make(const struct row *r, struct bc_entry *e)
{
	struct in6_addr coa = ip6(COA2);

	*e = (struct bc_entry){ .state = r->have == BOUND ? BC_BOUND : BC_DELETED };
	e->b = (struct binding){
		.key.hoa = ip6(r->hoa ? r->hoa : MR), .coa = locator6(&coa), .seq = r->last,
		.flags = r->have_flags ? r->have_flags : AHR, .since = NOW - 100, .epoch = 4,
		.slot = 77,
	};
}

static inline void bu_make(const struct row *r, struct bu_rx *rx, struct mh_msg *m)
{
	*rx = (struct bu_rx){ .src = ip6(r->src ? r->src : COA),
			      .dst = ip6(r->dst ? r->dst : HA_ADDR), .has_hao = !r->no_hao,
			      .ifindex = 3 };
	if (rx->has_hao)
		rx->hao = ip6(r->hoa ? r->hoa : MR);
	*m = (struct mh_msg){ .type = MH_BU };
	m->bu.seq = r->seq ? r->seq : SEQ;
	m->bu.flags = r->flags ? r->flags : AHR;
	m->bu.lifetime = r->life < 0 ? 0 : r->life ? (uint32_t)r->life : LIFE;
	m->opt.seen = r->seen;
	if (r->alt) {
		m->opt.alt_coa = ip6(r->alt);
		m->opt.seen |= BIT64(MHOPT_ALT_COA);
	}
	for (size_t i = 0; i < ARRAY_SIZE(r->mnp) && r->mnp[i]; i++)
		m->opt.mnp[m->opt.n_mnp++] = pfx(r->mnp[i]);
	if (m->opt.n_mnp)
		m->opt.seen |= BIT64(MHOPT_MNP);
}

static inline void decide(const struct row *r, struct bu_verdict *v)
{
	struct bc_entry e;
	struct bu_rx rx;
	struct mh_msg m;

	entry_make(r, &e);
	bu_make(r, &rx, &m);
	ha_bu_decide(&w.c, r->have ? &e : NULL, NULL, 0, &rx, &m, NOW, v);
}

static inline void play(const struct row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct bu_verdict v;

		decide(&row[i], &v);
		if (v.act != row[i].act || v.status != row[i].status)
			fail_msg("%s: act %d status %u (%s)", row[i].what, v.act, v.status,
				 v.why ? v.why : "accepted");
		if ((v.act <= BU_REFUSE) != (v.why != NULL))
			fail_msg("%s: reason", row[i].what);
	}
}
#define PLAY(...) do { \
	static const struct row rows_[] = { __VA_ARGS__ }; \
	play(rows_, ARRAY_SIZE(rows_)); \
} while (0)
#define REFUSED(s)	.act = BU_REFUSE, .status = (s)
#define DROPPED		.act = BU_DROP
#define ACCEPTED	.act = BU_REGISTER
#define DELETES		.act = BU_DEREGISTER

#define T(f)	cmocka_unit_test_setup(f, setup)

#endif
