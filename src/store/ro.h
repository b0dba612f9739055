/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/ro.h - route optimisation with one peer for one home address (RFC 6275 5.2,
 * 11.1, 11.3.5, 11.3.6, 11.6, 11.7.2 to 11.7.4, 11.8) as a pure state machine: the
 * Binding Update List entry of a correspondent.
 *
 * ro_step() takes an event and where the node is now (struct ro_env), and returns
 * what to do and when the one timer is due; the role does it.
 *
 *   IDLE      nothing; kept for a while to remember how long the last pause was
 *   TEST      gets the tokens that it lacks, or waits for the home registration
 *   WAIT_BA   Binding Update sent
 *   BOUND     the peer has said yes
 *   DELETE    gets the home token if it lacks it, and deletes the binding at the peer
 *   HOLD      no route optimisation with this peer until .due
 *
 * TEST and WAIT_BA with ro_carries() are a refresh. Data may go directly only while
 * ro_carries(): the peer acknowledged this very care-of address. After a movement they
 * go through the tunnel; the home token is reused, so a care-of test and a Binding
 * Update bring them back. The Care-of Test Init goes out with the Binding Update to the
 * home agent (11.7.2: after it); the Binding Update to the peer waits for the home
 * agent's answer, as 11.7.2 says, and so does the Home Test Init, which needs the tunnel.
 *
 * Where the home agent refused, or its binding ended, the home address is nobody's word but
 * ours: data do not go by the bindings of peers either (11.7.2: "assured that its home
 * address is valid").
 *
 * The peer may have a binding that we do not count on (.maybe_until): it is deleted
 * when nothing better is to be had, for the peer would send to an address we left.
 *
 * Several care-of addresses (RFC 5648): data take the one that the home prefers, .coa, as the
 * kernel has one for each (home address, peer). For each of the others the care-of token is
 * kept while the pair is in use, so that after a change of the path one Binding Update does,
 * without a new round of tests. Care-of Test Inits and Binding Updates carry the BID, so the
 * peer keeps what it was told of the path before. A peer that answers without it, or may not,
 * gets updates without BID from then on (.plain; 5.7).
 *
 * While BOUND the others are registered as well, one in each update (5.3: no bulk registration
 * with correspondents), less preferred than .coa: if that ends, the peer has them. What fails
 * there is tried again when the pair is refreshed, and takes nothing from .coa.
 *
 * Pure. Seconds; absolute times are the caller's boot clock. Addresses in network
 * order, tokens and cookies in host order.
 */
#ifndef MIP6_STORE_RO_H
#define MIP6_STORE_RO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rtimer.h"
#include "store/bul.h"
#include "store/conf.h"

enum ro_state { RO_IDLE, RO_TEST, RO_WAIT_BA, RO_BOUND, RO_DELETE, RO_HOLD };

enum ro_ev {
	RO_EV_HINT,		/* a packet of the pair went through the tunnel */
	RO_EV_FOLLOW,		/* the node or its home registration has changed: see ro_env */
	RO_EV_TIMER,
	RO_EV_HOT, RO_EV_COT,	/* an answer whose cookie ro_cookie_ok() knows: ro_in.token */
	RO_EV_COT_OTHER,	/* the same, of ro.other[ro_in.other] */
	RO_EV_BA,		/* that ro_seq_ok() knows and that is authentic where it must be */
	RO_EV_USED, RO_EV_UNUSED,	/* the answer to RO_DO_ASK_USE */
	RO_EV_LOST_BINDING,	/* Binding Error 1, or ICMP says that direct packets do not arrive */
	RO_EV_NO_MH,		/* ICMP parameter problem 1, Binding Error 2: no Mobile IPv6 there */
	RO_EV_REFRESH_REQ,	/* Binding Refresh Request */
	RO_EV_STOP,		/* the daemon stops, or the operator de-registers */
};

enum {				/* actions, done in bit order */
	RO_DO_PLAN = 1,		/* the kernel follows ro_carries() */
	RO_DO_HOTI = 2,		/* with .home.cookie */
	RO_DO_COTI = 4,		/* with .care.cookie */
	RO_DO_BU = 8,		/* with .seq and .asked; in DELETE one that deletes */
	RO_DO_TELL_ADD = 16,
	RO_DO_TELL_REMOVE = 32,	/* step.gone says why */
	RO_DO_ASK_USE = 64,	/* is the pair in use? RO_EV_USED or _UNUSED, at once or later */
	RO_DO_WARN = 128,	/* step.why says what the operator should know */
	RO_DO_DROP = 256,	/* the entry may go */
	RO_DO_COTI_OTHER = 512,	/* of those with .ask, with .care.cookie; clear .ask */
};

enum ro_where { RO_NOWHERE, RO_AWAY, RO_HOME };

/* Messages that MAX_UPDATE_RATE counts, of all entries with the same peer. */
enum ro_msg { RO_HOTI, RO_COTI, RO_BU, RO_MSG__COUNT };
struct ro_pace { double sent[RO_MSG__COUNT][BUL_RECENT]; };	/* 0 = none */

#define RO_OTHERS	7	/* care-of addresses beside the preferred one */
#define RO_PRIO		1	/* BID-PRI of the preferred one; the others have more */

struct ro_env {
	const struct timers *t;
	double now;
	enum ro_where where;
	struct in6_addr coa;		/* AWAY: the care-of address */
	uint16_t bid;			/* of that; 0: without RFC 5648 */
	unsigned n_other;		/* AWAY: that work, too */
	struct { uint16_t bid; uint8_t prio; struct in6_addr coa; } other[RO_OTHERS];
	bool told;			/* a Binding Update with it went to the home agent */
	bool registered;		/* AWAY: the home agent said yes, and the tunnel carries;
					   HOME: the home link carries */
	bool no_home;			/* AWAY: no home agent has a binding for us */
	double home_expires;		/* of the home registration or prefix, the first */
	uint64_t cookie[2];		/* random: home, care-of */
	uint64_t other_cookie[RO_OTHERS];
	struct ro_pace *pace;		/* of the peer; updated */
};

struct ro_in {
	uint64_t token;			/* HOT, COT */
	uint16_t index;
	unsigned other;			/* COT_OTHER */
	bool has_bid;			/* BA: with the option, */
	uint8_t bid_status;		/* and its status */
	uint8_t status;			/* BA */
	uint16_t seq;
	uint32_t lifetime;		/* seconds */
	uint16_t bid[RO_OTHERS + 1];	/* REFRESH_REQ: about these; none: about the binding */
	unsigned n_bid;
};

struct ro_test {			/* home or care-of */
	bool out;			/* asked, not answered */
	unsigned n;			/* times asked in this run */
	uint64_t cookie;		/* of the last message */
	double sent_at, timo, due;	/* due also: rate limit; 0 = none */
	bool have;			/* the token, got at .at (counted from the question) */
	uint64_t token;
	uint16_t index;
	double at;
};

/* Another path: its care-of test, and what the peer has of it. */
struct ro_other {
	uint16_t bid;
	uint8_t prio;			/* BID-PRI it is to have; that of .coa is RO_PRIO */
	struct in6_addr coa;
	struct ro_test care;
	bool ask;
	bool held;			/* registered, */
	uint8_t held_prio;
	uint32_t lifetime;		/* granted, */
	double expires, due;		/* to be told anew from then on */
	bool rest;			/* not again before the pair is refreshed */
	unsigned again;			/* refused for its token, in a row */
};

enum ro_delete { RO_DEL_HOME, RO_DEL_FAILED, RO_DEL_STOP };

struct ro {
	enum ro_state state;
	enum ro_delete why_delete;
	struct in6_addr coa;		/* what care-of test and Binding Update are about */
	struct in6_addr bound_coa;	/* acknowledged by the peer; :: = none */
	double expires;			/* of that; as counted by 11.7.3 */
	double since;			/* when the first of these acknowledgements came */
	double maybe_until;		/* the peer may have some binding; 0 = no */
	double before_until;		/* the same when this exchange began */
	struct ro_test home, care;
	uint16_t bid;			/* of .coa; 0: without RFC 5648 */
	bool plain;			/* the peer does not do it */
	bool overwrite;			/* the next BU with a BID is to have O (5.9) */
	struct ro_other other[RO_OTHERS];
	unsigned n_other;
	uint16_t seq, first_seq;	/* of the last BU, of the first of this exchange */
	bool awaited;			/* its acknowledgement */
	uint16_t about;			/* BID of another path that it is about; 0: .coa */
	unsigned n_bu;			/* BUs of this exchange */
	uint32_t asked;			/* lifetime in the last one */
	double first_sent_at, last_sent_at, timo, bu_due;
	uint32_t lifetime;		/* granted by the last acknowledgement; 0 = not bound */
	unsigned resync, again;		/* 135 in a row; 136 to 138 */
	double due;			/* BOUND: see whether to refresh; HOLD, IDLE: the end */
	double backoff;			/* last pause */
	double pace, pace_until;	/* LOST_BINDING: not again before */
	double brr_until;		/* BRRs heard until then change nothing */
	const char *why;		/* constant; why it is not optimised, NULL = nothing known */
	struct rtimer timer;
};

struct ro_step {
	unsigned act;			/* RO_DO_* */
	const char *why, *gone;		/* constant */
};

/* seq: random (11.7.2). Becomes IDLE. */
void ro_init(struct ro *r, uint16_t seq);
/* in: for HOT, COT and BA. Re-arm the timer with ro_timer() afterwards. */
struct ro_step ro_step(struct ro *r, enum ro_ev ev, const struct ro_env *e,
		       const struct ro_in *in);
double ro_timer(const struct ro *r);	/* absolute; 0 = none */

/* The peer said yes to some care-of address, and that lasts. */
bool ro_is_bound(const struct ro *r);
/* The peer has our present care-of address: data may go and come directly. */
bool ro_carries(const struct ro *r, const struct ro_env *e);
/* The other path that the Binding Update of this moment is about; NULL: .coa. */
const struct ro_other *ro_about(const struct ro *r);
/* The peer has a care-of address with this BID, as far as is known; bid is not 0. */
bool ro_has(const struct ro *r, uint16_t bid);
/* An answer to this test is awaited, with this cookie (11.6.2). */
bool ro_cookie_ok(const struct ro_test *t, uint64_t cookie);
/* The acknowledgement answers a Binding Update that is outstanding (11.7.3). */
bool ro_seq_ok(const struct ro *r, uint8_t status, uint16_t seq);
/* Round-trip time by an acknowledgement that came at that time: only of the last Binding Update, for
 * when the others left is not kept (and 135 says which number the peer has). 0 = not known. */
double ro_rtt(const struct ro *r, uint8_t status, uint16_t seq, double at);
const char *ro_state_str(const struct ro *r);	/* "refresh" too */
/* 11.7.2: what a Binding Update may ask for: not longer than the home address is good for. */
uint32_t ro_lifetime(const struct ro_env *e);
/* 11.4.2: the peer was told more than that; it must hear of it. */
bool ro_outlasts(const struct ro *r, const struct ro_env *e);

#endif
