/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/bul.h - the Binding Update List entry of a home registration (RFC 6275
 * 11.1, 11.5.5, 11.7.1, 11.7.3, 11.8; RFC 3963 5) as a pure state machine.
 *
 * bul_step() takes an event and returns what to do and when the one timer is due;
 * the role does it. One per home address; with RFC 5648 it is the exchange of all its
 * BIDs, which bul_set.h has: BOUND is then that one of them is registered and nothing
 * is left to be said, and .coa and .bound_coa are those of the path that carries.
 *
 *   IDLE      not attached, or stopped; nothing registered
 *   WAIT_BA   BU sent, no binding yet or at another care-of address
 *   BOUND     registered
 *   REFRESH   registered, BU sent to renew; the tunnel stays
 *   LEAVE     at home, de-registration sent, no BA yet
 *   HOME      at home, no binding
 *   BACKOFF   every home agent refused; waits before the next try
 *   STOP      de-registration from abroad sent, the daemon is going down
 *   DISCOVER  away, home agents are being asked for (11.4.1)
 *
 * The candidates, .cand, are the configured home agents and those that discovery found
 * (bul_candidates()); they are tried in their order.
 *
 * The registered care-of address (.bound_coa, .bound_ha) is kept beside the state:
 * while it is not the one asked for, the old tunnel may carry.
 *
 * Pure. Seconds; absolute times are the caller's boot clock. Sequence numbers:
 * every BU, retransmissions too, takes the next one (11.8).
 */
#ifndef MIP6_STORE_BUL_H
#define MIP6_STORE_BUL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rtimer.h"
#include "store/bul_set.h"
#include "store/conf.h"
#include "wire/mh.h"

#define BUL_RECENT	UPDATE_RATE_MAX	/* send times to keep */

enum bul_state { BUL_IDLE, BUL_WAIT_BA, BUL_BOUND, BUL_REFRESH, BUL_LEAVE, BUL_HOME, BUL_BACKOFF,
		 BUL_STOP, BUL_DISCOVER };
const char *bul_state_str(enum bul_state s);

enum bul_ev {
	BUL_EV_AWAY,		/* a care-of address (new or changed) is usable: bul.coa is set */
	BUL_EV_AT_HOME,		/* attached to the home link */
	BUL_EV_LOST,		/* no uplink at all */
	BUL_EV_TIMER,
	BUL_EV_BA,		/* a BA that is authentic and matches the last sequence number, or a
				   135 that is authentic; fields in struct bul_ba */
	BUL_EV_FORGOTTEN,	/* probes unanswered, or BE 1: the home agent lost the binding */
	BUL_EV_NO_MH,		/* ICMP parameter problem, code 1: nobody speaks Mobility Header there */
	BUL_EV_REFRESH_REQ,	/* BRR, or the operator */
	BUL_EV_STOP,		/* daemon stops, or the operator de-registers */
	BUL_EV_RECONF,		/* the configuration says something else that the home agent is told;
				   after bul_reconf() */
	BUL_EV_DISCOVERED,	/* a discovery is over: bul_candidates() has what it found, or it
				   found nothing new */
};

enum {				/* actions, done in bit order */
	BUL_DO_PLAN = 1,	/* kernel objects follow the new state */
	BUL_DO_SEND = 2,	/* send a BU as the new state says */
	BUL_DO_NEXT_HA = 4,	/* .ha and .ha_index are those of the next candidate */
	BUL_DO_NA = 8,		/* multicast NA: at home for good */
	BUL_DO_TELL_ADD = 16,	/* bul_add */
	BUL_DO_TELL_REMOVE = 32,
	BUL_DO_DEREG_WRONG = 64,/* de-register at the home agent before the event first: status 0
				   without R (RFC 3963 5.3), or 139 */
	BUL_DO_WARN = 128,	/* step.why says what the operator should know */
	BUL_DO_STOPPED = 256,	/* STOP is through (answered or given up) */
	BUL_DO_DAD = 512,	/* nobody defended the home address: is it free? BUL_DO_NA then */
	BUL_DO_PREFIXES = 2048,	/* mobile prefix discovery: the home agent asks for it */
	BUL_DO_DISCOVER = 1024,	/* ask for home agents, unless that is under way or was just done */
};

struct bul_ba {
	uint8_t status, flags;
	uint16_t seq;
	uint32_t lifetime;		/* seconds */
	uint32_t refresh_advice;	/* seconds, 0 = none */
	uint32_t asked;			/* by the BU that it answers; 0: all that is configured */
	double sent_at;			/* when that BU went out; 0 = the last one */
	const struct bul_msg *msg;	/* what that BU carried; NULL: no BIDs */
	const struct mhopt_bid *bid;	/* of the BA */
	unsigned n_bid;
};

struct bul {
	enum bul_state state;
	struct locator coa;		/* the one that we register, or want to */
	struct locator bound_coa;	/* the one that the home agent has; family 0 = none */
	struct in6_addr bound_ha;	/* that home agent */
	struct in6_addr cand[HOME_MAX_HA];	/* home agents to try */
	unsigned n_cand;
	struct in6_addr ha;		/* present home agent; :: = none known */
	unsigned ha_index;		/* in .cand */
	unsigned ha_tried;		/* refused in a row */
	unsigned ha_silent;		/* unanswered in a row */
	uint16_t seq;			/* of the last BU sent */
	uint16_t first_seq;		/* of the first BU of this exchange */
	bool fresh;			/* exchange begun, its first BU not yet sent */
	bool carry_on;			/* but answers to those before still count */
	bool first;			/* the home agent has no binding of ours: 1.5 s */
	bool router;			/* R is asked for */
	double timo;			/* present retransmission timeout */
	double backoff;			/* present back-off */
	double sent_at;			/* last BU */
	double first_sent_at;		/* first BU of this exchange */
	double expires;			/* of the binding as counted by 11.7.3, 0 = none */
	double refresh_at;
	uint32_t lifetime;		/* granted */
	unsigned tries;			/* BUs of this exchange that timed out */
	unsigned resync;		/* 135, 144, 145 in a row */
	bool type_fixed;		/* 139 was answered by a de-registration */
	bool hard;			/* BACKOFF for a reason that no other care-of address cures */
	bool alone;			/* LEAVE: no answer or a refusal; see bul_home_carries() */
	double due;			/* of the state; the timer also knows .expires */
	double retry_at;		/* BACKOFF */
	double hold_until;		/* see bul_hold() */
	double pace, pace_until;	/* FORGOTTEN: not again before */
	unsigned stop_tries;
	struct bul_set set;
	struct rtimer timer;
};

struct bul_step {
	enum bul_state state;
	unsigned act;			/* BUL_DO_* */
	double timer;			/* absolute; 0 = none */
	const char *why;		/* constant sentence for the log, or NULL */
	const char *gone;		/* BUL_DO_TELL_REMOVE: the reason, one word or two */
};

/* A zeroed entry becomes IDLE with the first home agent. seq: random. */
void bul_init(struct bul *b, const struct home_conf *h, bool router, uint16_t seq);
/* New candidates: the configured ones, then those found, in their order; but first the one that has
 * the binding (11.4.1). What is too much for .cand is left out. BUL_EV_DISCOVERED comes next. */
void bul_candidates(struct bul *b, const struct home_conf *h, const struct in6_addr *found,
		    unsigned n);

/* The same for a new configuration: what discovery found stays, if is still wants it. True: neither the
 * present home agent nor the one that has the binding is missing now. */
bool bul_reconf(struct bul *b, const struct home_conf *was, const struct home_conf *is);

/*
 * ba: only for BUL_EV_BA. The fields of *b other than .seq, .sent_at (set by bul_sent())
 * are updated by the call; .state too.
 */
struct bul_step bul_step(struct bul *b, enum bul_ev ev, const struct home_conf *h,
			 const struct timers *t, const struct bul_ba *ba, double now);
/* Call after each BU that went out; picks nothing itself: seq is the one used. The timer is
 * counted from here: re-arm it with bul_timer(). */
void bul_sent(struct bul *b, uint16_t seq, double now);
/* The same for a BU that is not part of the exchange (BUL_DO_DEREG_WRONG). */
void bul_sent_aside(struct bul *b, uint16_t seq, double now);
/* The BU must wait until then (bul_rate()): what was not sent cannot be unanswered. Re-arm too. */
void bul_held_back(struct bul *b, double until);
double bul_timer(const struct bul *b);		/* absolute; 0 = none */
/* True if seq is of a BU of this exchange, and an answer is awaited (11.7.3: outstanding). */
bool bul_seq_ok(const struct bul *b, uint16_t seq);
/* The home agent has this very care-of address: a tunnel from here carries. */
bool bul_here(const struct bul *b);
/*
 * Traffic may use the home link in clear: the home agent has let us go, or had agreed to it beside
 * other paths (RFC 5648 5.6), or it is silent and has no binding of ours. While it has one, its
 * silence may as well mean that this is not the home link (nobody signs Router Advertisements).
 */
bool bul_home_carries(const struct bul *b);
/* No tunnel carries, but one is expected soon: packets are better lost than refused. */
bool bul_hold(const struct bul *b, double now);
/* Lifetime asked for: what the wire can say of home_conf.lifetime, and no more than is left of the
 * home and the care-of address (seconds, or INFINITY; 11.7.1). Never 0. */
uint32_t bul_lifetime(const struct home_conf *h, double left);
/* A probe was answered: the next loss is news again. */
void bul_path_ok(struct bul *b);
/*
 * Earliest time at which the next BU may go to a home agent: at most rate within a second (11.8).
 * sent: times of the last ones, of all home addresses that use it, in any order; 0 = none.
 */
double bul_rate(const double *sent, size_t n, unsigned rate, double now);

#endif
