/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/mn_bids_help.h - a mobile router whose two uplinks have BIDs (RFC 5648): wlan0 has 1 and is
 * preferred, wwan0 has 2.
 */
#ifndef MIP6_TEST_MN_BIDS_HELP_H
#define MIP6_TEST_MN_BIDS_HELP_H

#include "role/mn_role_help.h"

#include "role/mn_priv.h"

#define TUN(name, coa)	"link " name " ip6tnl local " coa " remote " HA1

static inline int setup_bids(void **state)
{
	setup(state);
	w.uplink[0].bid = 1;
	w.uplink[1].bid = 2;
	return 0;
}

static inline void wwan(const char *coa)
{
	md_says("coa", "wwan0", coa, ROUTER2, LINK2);
	turn();
}

static inline void wwan_lost(void)
{
	md_says("lost", "wwan0", NULL, NULL, NULL);
	turn();
}

static inline const struct mhopt_bid *has_bid(const struct bu *b, uint16_t bid)
{
	for (unsigned i = 0; i < b->n_bid; i++)
		if (b->bid[i].bid == bid)
			return &b->bid[i];
	return NULL;
}

static inline bool tells(const struct bu *b, uint16_t bid, const char *coa, uint8_t prio)
{
	const struct mhopt_bid *o = has_bid(b, bid);

	return o && is6(&o->coa.a.in6, coa) && o->prio == prio;
}

/* The update that is out, which the home agent takes. */
static inline struct bu told(void)
{
	struct bu b = one_bu();

	accept_bu(&b);
	return b;
}

/* Away, at both uplinks. The first update is out: wlan0's alone (BID 1). */
static inline void two_away(void)
{
	start();
	foreign1();
	wwan(COA2);
}

/* The same, and then both are registered; wlan0 carries. */
static inline void both_told(void)
{
	told();
	told();
	no_bu();
	assert_int_equal(state_now(), BUL_BOUND);
	advance(1.1);				/* no more than so many updates in a second */
}

static inline void both(void)
{
	two_away();
	both_told();
}

static inline struct mn_home *home0(void)
{
	struct in6_addr hoa = ip6(HOA);

	return mn_find(mn, &hoa);
}

static inline unsigned path_of(uint16_t bid)
{
	return bul_path_find(&home0()->bul, bid);
}

#endif
