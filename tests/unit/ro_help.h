/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/ro_help.h - one peer, a node that is away and registered, and a clock.
 *
 * step() hands an event to the state machine and returns its actions; due() is the
 * time until the timer. Times are relative to START.
 */
#ifndef MIP6_TEST_RO_HELP_H
#define MIP6_TEST_RO_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/ro.h"
#include "wire/mh.h"

#define START	1000.
#define COA1	"2001:db8:f1::10"
#define COA2	"2001:db8:f2::10"
#define HT	0x1111111111111111ull
#define CT	0x2222222222222222ull
#define SIGNAL	(RO_DO_HOTI | RO_DO_COTI | RO_DO_BU)

struct peer {
	struct ro r;
	struct ro_env e;
	struct timers t;
	struct ro_pace pace;
	struct ro_step last;
	unsigned cookies;
};

static inline struct in6_addr a6(const char *s)
{
	struct in6_addr a = { 0 };

	assert_int_equal(inet_pton(AF_INET6, s, &a), 1);
	return a;
}

static inline void init(struct peer *p)
{
	memset(p, 0, sizeof(*p));
	timers_default(&p->t);
	ro_init(&p->r, 100);
	p->e.t = &p->t;
	p->e.pace = &p->pace;
	p->e.now = START;
	p->e.where = RO_AWAY;
	p->e.coa = a6(COA1);
	p->e.told = p->e.registered = true;
	p->e.home_expires = START + 600;
}

static inline unsigned step_in(struct peer *p, enum ro_ev ev, const struct ro_in *in)
{
	p->e.cookie[0] = 2 * ++p->cookies;
	p->e.cookie[1] = 2 * p->cookies + 1;
	p->last = ro_step(&p->r, ev, &p->e, in);
	return p->last.act;
}
static inline unsigned step(struct peer *p, enum ro_ev ev)
{
	return step_in(p, ev, NULL);
}
static inline unsigned token(struct peer *p, enum ro_ev ev, uint16_t index)
{
	const struct ro_in in = { .token = ev == RO_EV_HOT ? HT : CT, .index = index };

	return step_in(p, ev, &in);
}
static inline unsigned ba(struct peer *p, uint8_t status, uint32_t lifetime)
{
	const struct ro_in in = { .status = status, .seq = p->r.seq, .lifetime = lifetime };

	assert_true(ro_seq_ok(&p->r, status, in.seq));
	return step_in(p, RO_EV_BA, &in);
}
/* Seconds until the timer, negative: none. */
static inline double due(const struct peer *p)
{
	double at = ro_timer(&p->r);

	return at ? at - p->e.now : -1;
}
/* To the timer, and what it does. */
static inline unsigned tick(struct peer *p)
{
	assert_true(due(p) >= 0);
	p->e.now = ro_timer(&p->r);
	return step(p, RO_EV_TIMER);
}
/* From nothing to BOUND for 420 s. */
static inline void bind_peer(struct peer *p)
{
	assert_int_equal(step(p, RO_EV_HINT) & SIGNAL, RO_DO_HOTI | RO_DO_COTI);
	assert_int_equal(token(p, RO_EV_HOT, 3) & SIGNAL, 0);
	assert_int_equal(token(p, RO_EV_COT, 4) & SIGNAL, RO_DO_BU);
	assert_true(ba(p, 0, 420) & RO_DO_TELL_ADD);
	assert_int_equal(p->r.state, RO_BOUND);
}
static inline void move(struct peer *p, const char *coa, bool told, bool registered)
{
	p->e.coa = a6(coa);
	p->e.told = told;
	p->e.registered = registered;
}

#endif
