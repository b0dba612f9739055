/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/ha_mcoa_help.h - nodes with several care-of addresses at the home agent of
 * ha_role_help.h.
 */
#ifndef MIP6_TEST_HA_MCOA_HELP_H
#define MIP6_TEST_HA_MCOA_HELP_H

#include "ha_role_help.h"

#include <errno.h>
#include <stdio.h>

#define COA3	"2001:db8:f3::2"

static uint16_t bids[64];		/* of bc_add, negative reasons not kept */
static unsigned n_bids;

static inline void hear_bids(void *arg, const struct event *e)
{
	(void)arg;
	if (e->type == EV_bc_add && n_bids < ARRAY_SIZE(bids))
		bids[n_bids++] = (uint16_t)e->bc_add.bid;
}

static inline void begin(void)
{
	start();
	n_bids = 0;
	event_listen(hear_bids, NULL);
}

/* What is bound: "1:2001:db8:f1::2 ..."; the kernel agrees. */
static inline void bound(const char *hoa, const char *set)
{
	struct in6_addr a = ip6(hoa);
	struct binding_set s;
	char text[512] = "";
	size_t n = 0;

	bc_set(ha_bc(ha), &a, &s);
	for (unsigned i = 0; i < s.n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u:%s", i ? " " : "",
				      s.b[i].key.bid, LOC(&s.b[i].coa));
	assert_string_equal(text, set);
	kernel_agrees(hoa);
}

/* The answer, and what it says of each identifier: "1:0 2:167". */
static inline void ba_ids(uint8_t status, uint16_t seq, const char *ids)
{
	const struct fake_mh *f = ba_is(status, seq);
	char text[128] = "";
	size_t n = 0;

	for (unsigned i = 0; i < f->m.opt.n_bid; i++) {
		const struct mhopt_bid *o = &f->m.opt.bid[i];

		assert_int_equal(o->coa.family, 0);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u:%u", i ? " " : "", o->bid,
				      o->status);
	}
	assert_string_equal(text, ids);
}

/* BID 1 at COA, BID 2 at COA2, the first is the primary. */
static inline void bind_two(void)
{
	BU(.seq = 1, .flags = AHR | BU_O, .id = { { 1, COA, 10, false }, { 2, COA2, 20, false } });
	if (fake_dad_count())
		dad_ends(MR, false);
	kernel_works();
	ba_ids(BA_ACCEPTED, 1, "1:0 2:0");
	bound(MR, "1:" COA " 2:" COA2);
}

#endif
