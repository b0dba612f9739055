/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/ha_bids_help.h - Binding Updates with Binding Identifiers, one after the other, and what is
 * bound then: for tests/unit/test_store_ha_bids*.c.
 */
#ifndef MIP6_TEST_HA_BIDS_HELP_H
#define MIP6_TEST_HA_BIDS_HELP_H

#include "ha_rules_help.h"

#include <stdio.h>

#define COA3	"2001:db8:f3::2"

struct id {
	uint16_t bid;
	const char *coa;		/* NULL: not given; "v4": 192.0.2.9 */
	uint8_t prio;
	bool home, bad;
};

struct say {
	const char *src, *alt;		/* NULL: COA, none; MR: from the home link, no option */
	int life;			/* 0 = LIFE, -1 = 0 */
	uint16_t flags;			/* besides A H R */
	const char *mnp;
	const uint8_t *lla;		/* option code and the node's link-layer address, 7 octets */
	struct id id[9];
};

static struct bc *bc;
static uint16_t seq;
static double now;
static struct bu_verdict v;

static inline int begin(void **state)
{
	setup(state);
	seq = 0;
	now = NOW;
	return bc_new(&bc);
}

static inline int end(void **state)
{
	(void)state;
	bc_free(bc);
	return 0;
}

static inline void say_ids(const struct say *s, struct mh_msg *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->id) && (s->id[i].bid || s->id[i].coa); i++) {
		const struct id *id = &s->id[i];
		struct mhopt_bid *o = &m->opt.bid[m->opt.n_bid++];
		struct in6_addr a;

		*o = (struct mhopt_bid){ .bid = id->bid, .prio = id->prio, .home = id->home,
					 .malformed = id->bad, .status = 77 };
		if (id->coa && strcmp(id->coa, "v4") == 0) {
			o->coa.family = AF_INET;
			o->coa.a.in4.s_addr = htonl(0xc0000209);
		} else if (id->coa) {
			a = ip6(id->coa);
			o->coa = locator6(&a);
		}
		m->opt.seen |= BIT64(MHOPT_BID);
	}
}

/* What the role does when the kernel has taken it. */
static inline void commit(const struct in6_addr *hoa)
{
	struct binding_set old;

	bc_set(bc, hoa, &old);
	for (unsigned i = 0; i < v.set.n; i++)
		assert_non_null(bc_put(bc, &v.set.b[i]));
	for (unsigned i = 0; i < old.n; i++) {
		struct bc_entry *e = bc_find(bc, hoa, old.b[i].key.bid);

		if (binding_of(&v.set, old.b[i].key.bid))
			continue;
		if (v.act == BU_DEREGISTER)
			bc_set_deleted(bc, e, seq);
		else
			bc_del(bc, e);
	}
	bc_set_seq(bc, hoa, seq);
}

static inline void say(const struct say *s)
{
	struct row r = { .src = s->src, .alt = s->alt, .life = s->life, .seq = ++seq,
			 .flags = AHR | s->flags, .mnp = { s->mnp } };
	struct bu_rx rx;
	struct mh_msg m;
	struct in6_addr hoa = ip6(MR);

	r.no_hao = s->src && strcmp(s->src, MR) == 0;
	bu_make(&r, &rx, &m);
	say_ids(s, &m);
	if (s->lla) {
		m.opt.raw[m.opt.n_raw].type = MHOPT_LLA;
		m.opt.raw[m.opt.n_raw++].data = (struct mhopt_bytes){ s->lla, 7 };
	}
	now += 1;
	ha_bu_decide(&w.c, bc_first(bc, &hoa), bc_memory(bc, &hoa, false), bc_count(bc), &rx, &m,
		     now, &v);
	if (v.act == BU_REGISTER || v.act == BU_DEREGISTER)
		commit(&hoa);
	assert_true((v.act <= BU_REFUSE) == (v.why != NULL));
}
#define SAY(...)	say(&(const struct say){ __VA_ARGS__ })
#define ID(...)		{ __VA_ARGS__ }

/* The answer: status of the whole, and of each identifier as the option says it: "1:0 2:167". */
static inline void answered(uint8_t status, const char *ids)
{
	char text[128] = "";
	size_t n = 0;

	for (unsigned i = 0; i < v.n_bid; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u:%u", i ? " " : "",
				      v.bid[i].bid, ha_bu_bid_status(&v, i));
	if (v.status != status)
		fail_msg("status %u, not %u: %s", v.status, status, v.why ? v.why : "accepted");
	assert_string_equal(text, ids);
}

/* What is bound: "1:2001:db8:f1::2 ...". */
static inline void bound(const char *set)
{
	struct in6_addr hoa = ip6(MR);
	struct binding_set s;
	char text[512] = "";
	size_t n = 0;

	bc_set(bc, &hoa, &s);
	for (unsigned i = 0; i < s.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u:%s%s", i ? " " : "",
				      s.b[i].key.bid, LOC(&s.b[i].coa), s.b[i].home ? " H" : "");
	assert_string_equal(text, set);
}

static inline uint16_t primary(void)
{
	struct in6_addr hoa = ip6(MR);

	return bc_primary(bc, &hoa)->b.key.bid;
}

#endif
