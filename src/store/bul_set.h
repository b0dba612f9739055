/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/bul_set.h - several care-of addresses of one home address (RFC 5648 5): what is
 * to be registered against what the home agent holds, what the next Binding Update
 * carries, and what its answer means for each BID. Part of struct bul: there is one
 * exchange at a time, so one sequence number for all of them (4.1).
 *
 * By default each BU tells all paths with their care-of addresses (bulk, 5.3), so
 * whichever arrives is enough. O replaces all that the home agent has (5.9): in the
 * first one, after 164 and 165, and where some go while others come. 168: one BID in
 * each BU. 166, or an answer without any BID: that home agent gets the registration
 * without BIDs, and bul_multi() is false there.
 *
 * A path that moves while its old care-of address still works leaves a second one
 * behind, BID | BUL_DRAIN, the last in priority: what is under way to the old address
 * arrives, and what leaves from it is accepted, until bul_set.drain seconds after the answer.
 *
 * One of the care-of addresses may be the home address (H, 5.6): an uplink is on the home link while
 * others are elsewhere. Until the home agent has agreed, nothing goes there in clear, unless the node
 * was at home for good before (.stays). Status 5: it goes there, but the address is not ours to answer
 * for. A home agent that refuses (169) is asked no more; the role then returns home for good.
 *
 * Pure. Seconds of the caller's boot clock; BIDs in host order.
 */
#ifndef MIP6_STORE_BUL_SET_H
#define MIP6_STORE_BUL_SET_H

#include "store/conf.h"
#include "wire/mh.h"

#define BUL_PATHS	MHOPT_MAX_BID
#define BUL_DRAIN	0x8000
#define BUL_PRIO_LAST	127		/* BID-PRI, RFC 6089 4.1: 1 is the best */

struct bul;

/* One care-of address; a zeroed bid: nobody's place. */
struct bul_path {
	uint16_t bid;
	bool wanted;			/* else it is to be deleted */
	bool usable;			/* coa works: packets may leave from it */
	bool alive;			/* and get through, as far as is known */
	uint8_t rank;			/* 1 .. 127, lower is better: its BID-PRI while alive */
	bool home;			/* on the home link: .coa is the home address */
	struct in6_addr coa;
	/* what the home agent has */
	bool held;
	bool held_usable;		/* the same of held_coa */
	bool held_home;			/* as the home link; */
	bool quiet;			/* with 5: nobody there hears of the home address from us */
	struct in6_addr held_coa;
	uint8_t held_prio;
	uint32_t lifetime;		/* granted, seconds */
	double expires, refresh_at;
	double drain_until;		/* BID with BUL_DRAIN: then it goes; 0: not yet held */
	/* of the last answers */
	uint8_t status;
	double retry_at;		/* refused: not asked again before */
	bool added;			/* news for bul_add; the caller clears it */
	const char *gone;		/* news for bul_remove: the reason; the caller clears it */
	struct in6_addr gone_coa;
};

struct bul_set {
	bool wish;			/* the uplinks have BIDs */
	bool no_bulk;			/* by configuration, or 168 */
	bool overwrite;			/* nothing is known of what the home agent has */
	bool urgent;			/* packets may be lost until it hears of the change */
	unsigned primary;		/* place of the path that carries, BUL_PATHS: none */
	unsigned turn;			/* updates unanswered in a row: each from another path */
	unsigned confused;		/* 164, 165, 167, 168 in a row */
	double drain;			/* seconds */
	bool stays;			/* the home link is in use, whatever the home agent says of it */
	struct in6_addr no_home;	/* home agent that refused it beside others; :: = none */
	struct in6_addr plain[HOME_MAX_HA];	/* home agents that do no RFC 5648 */
	unsigned n_plain;
	struct bul_path path[BUL_PATHS];
};

/* What an update carried. */
enum bul_kind { BUL_MSG_PLAIN, BUL_MSG_REGISTER, BUL_MSG_DELETE };
struct bul_msg {
	enum bul_kind kind;
	bool overwrite;
	unsigned from;			/* the path whose .coa is the source; BUL_PATHS: none */
	struct in6_addr source;
	uint8_t n;
	struct mhopt_bid bid[BUL_PATHS];
};

/* What is to be registered from now on, in the order of preference among equals. */
struct bul_want {
	uint16_t bid;
	uint8_t rank;
	bool home;			/* on the home link; coa: the home address */
	struct in6_addr coa;
	struct in6_addr old;		/* the one before, if that still works; :: = no */
};
/* True: something has changed. BUL_EV_AWAY (or AT_HOME, LOST) comes next. */
bool bul_set_want(struct bul *b, const struct bul_want *w, unsigned n);
/* The word of probes; true: that is news. BUL_EV_AWAY comes next. */
bool bul_set_alive(struct bul *b, unsigned path, bool alive);
/* The registration without BIDs becomes that of this path, or the other way round: the configuration
 * gives BIDs from now on, or takes them away. */
void bul_set_wish(struct bul *b, bool wish);
/* BRR with BIDs, or whatever else says that these are to be told again; n 0: all. */
void bul_set_again(struct bul *b, const struct mhopt_bid *bid, unsigned n);

/* BIDs are wanted, and its present home agent knows what they are. */
bool bul_multi(const struct bul *b);
/* The home agent has it and packets may take it (alive or not): a tunnel from .held_coa carries. */
bool bul_path_carries(const struct bul *b, const struct bul_path *p);
/* The present home agent may be asked to have the home link beside others. */
bool bul_may_home(const struct bul *b);
unsigned bul_home_path(const struct bul *b);	/* the one on the home link; BUL_PATHS: none */
/* Packets may take the home link. */
bool bul_home_open(const struct bul *b);
/* And the home address is ours to answer for there. */
bool bul_home_nd(const struct bul *b);
unsigned bul_path_find(const struct bul *b, uint16_t bid);	/* BUL_PATHS: none */
/* The next update says nothing that packets are lost for until it is heard: the home agent sends
 * nowhere where nobody is, nor to an address that is being left. Then it leaves to such a one what
 * the rate allows. */
bool bul_can_wait(const struct bul *b);
/* What the next update carries, as the state says. */
void bul_set_msg(const struct bul *b, double now, struct bul_msg *m);

#endif
