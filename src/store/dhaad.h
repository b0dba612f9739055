/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/dhaad.h - dynamic home agent address discovery, the mobile node's side (RFC
 * 6275 11.4.1, RFC 3963 7.1 and 7.2): when to ask, and what an answer is worth.
 *
 * A round is one request and its repetitions, the same message, after 3, 6, 12 ..
 * seconds. An answer of no use does not end it: nobody signs answers, and another may
 * come. A round without one of use is followed by a
 * pause (ha_backoff, doubling up to 600 s) and the next round, until somebody says
 * dhaad_stop(). Between two rounds that were answered is ha_backoff, too: a home
 * network whose home agents all refuse us is not asked without end.
 *
 * Pure. Seconds on the caller's boot clock. Addresses in network order.
 */
#ifndef MIP6_STORE_DHAAD_H
#define MIP6_STORE_DHAAD_H

#include "base/rtimer.h"
#include "store/conf.h"
#include "wire/icmp6.h"

enum dhaad_act {
	DHAAD_NOTHING,
	DHAAD_SEND,			/* the request with .id */
	DHAAD_FAILED,			/* this round brought nothing; the timer goes on */
};

struct dhaad {
	bool wanted, asking;
	uint16_t id;
	unsigned sent;			/* requests of this round */
	double timo;
	double due;			/* 0 = none; absolute */
	double pause;			/* the last one; 0: the last round was of use */
	double not_before;		/* the next round */
	struct rtimer timer;
};

/* Home agents are wanted. id: random, for a new round. */
enum dhaad_act dhaad_want(struct dhaad *d, const struct timers *t, uint16_t id, double now);
/* Another care-of address: the round begins anew there, if there is one. */
enum dhaad_act dhaad_moved(struct dhaad *d, const struct timers *t, double now);
enum dhaad_act dhaad_timer(struct dhaad *d, const struct timers *t, uint16_t id, double now);
/* Not wanted any more. When the next round may be is remembered. */
void dhaad_stop(struct dhaad *d);

/*
 * A reply from src. Returns how many home agents are in found (in the order of the reply, none
 * twice; an empty list means src), or 0: not an answer to us, or of no use, which *why tells; the
 * round goes on.
 */
unsigned dhaad_reply(struct dhaad *d, const struct timers *t, const struct icmp6_msg *m,
		     const struct in6_addr *src, const struct in6_addr *hoa, bool router,
		     double now, struct in6_addr found[static HOME_MAX_HA], const char **why);

#endif
