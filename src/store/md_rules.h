/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/md_rules.h - movement detection as rules (RFC 6275 11.5.1-11.5.3): facts
 * of one uplink in, the attachment out.
 *
 * Facts: carrier, Router Advertisements, neighbour (un)reachability of routers.
 * A lost carrier acts at once. After a carrier came back every router is
 * unconfirmed and the first one heard is taken: by its RA, or by its answer to a
 * solicitation sent to the routers that we know (RFC 6059). With the carrier up
 * all the time, a new router with another prefix makes the present one be probed
 * (NS); only if it stays silent is that a movement. One late RA is not a
 * movement: only after ra_lost_factor advertisement intervals without an RA is
 * the router probed, and only silence loses it. A router that comes back (same
 * link-local address, prefix) is recognised: same care-of address, no new one.
 * A home prefix on the link is believed at once, whoever else is reachable.
 *
 * On one link a link-local address is one router, so the table is keyed by it;
 * the same address with another link-layer address, or with another global
 * address (R flag), and another prefix is another link.
 *
 * Pure. Seconds of the boot clock; times that never come are INFINITY.
 */
#ifndef MIP6_STORE_MD_RULES_H
#define MIP6_STORE_MD_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "store/conf.h"
#include "wire/nd.h"

#define MD_ON_LINK	ND_MAX_PREFIX	/* prefixes of a router that are remembered: all of an RA */
#define MD_MAX_ROUTER	8		/* per uplink; the oldest silent one makes room */

struct md_on_link {
	struct prefix prefix;		/* family 0 = free slot */
	double expires;
	unsigned without;		/* RAs in a row that left it out */
};

struct md_router {
	struct in6_addr addr;		/* link-local; :: = free slot */
	struct nd_lladdr ll;
	double last_ra, expires;	/* router lifetime */
	double alive;			/* last RA or answered probe */
	double interval;		/* advertised, or the longest gap seen; 0 = unknown */
	bool advertised;		/* interval is the router's word (RFC 6275 7.3) */
	unsigned unsaid;		/* RAs in a row without that word */
	double unsaid_gap;		/* the longest gap before one of those */
	unsigned others;		/* routers that were found to have this address, too */
	bool confirmed;			/* a sign of life since the carrier came */
	bool heard;			/* an RA since the carrier came */
	bool is_default;		/* router lifetime is not 0 */
	int8_t preference;		/* RFC 4191 */
	struct prefix prefix;		/* autonomous /64 usable for a care-of address */
	bool on_link;			/* its L flag */
	double prefix_expires, prefix_preferred;
	unsigned without;		/* RAs in a row that left our prefix out */
	bool is_home;			/* a home prefix is on this link */
	unsigned home;			/* index of the home, if is_home */
	double home_expires;
	unsigned home_without;		/* as without, for the home prefix */
	struct md_on_link on_links[MD_ON_LINK];	/* what it says is on the link */
	struct in6_addr global;		/* address in a prefix with the R bit; :: = none */
	unsigned probes;		/* sent and unanswered */
	double next_probe;		/* 0 = not being probed */
};

struct md_link {
	bool up;			/* interface and carrier */
	double up_since;
	struct md_router router[MD_MAX_ROUTER];
	int current;			/* index of the router that we use, -1 = none */
	double doubt_since;		/* a new router was heard then; 0 = no such doubt */
	unsigned rs_sent;
	double next_rs;			/* 0 = no RS wanted */
	struct in6_addr foreign_coa;	/* managed uplink: address configured by something else */
	uint8_t foreign_plen;
};

enum md_act {
	MD_NONE = 0,
	MD_SEND_RS = 1,			/* to all routers */
	MD_PROBE = 2,			/* NS to the routers of probe_mask */
	MD_CHANGED = 4,			/* .current changed, or its prefix: new attachment */
	MD_LOST = 8,			/* no attachment any more */
};

struct md_result {
	unsigned act;
	unsigned probe_mask;		/* bit i: send an NS to router[i] */
	double timer;			/* absolute; 0 = none */
};

void md_link_init(struct md_link *l);
struct md_result md_on_link(struct md_link *l, bool up, const struct timers *t, double now);
struct md_result md_on_ra(struct md_link *l, const struct in6_addr *from, const struct nd_ra *ra,
			  const struct mn_conf *c, const struct timers *t, double now);
/* Only a solicited NA shows that the router hears us (RFC 4861 7.3.1). */
struct md_result md_on_na(struct md_link *l, const struct nd_na *na, const struct timers *t,
			  double now);
struct md_result md_on_timer(struct md_link *l, const struct timers *t, double now);

/*
 * Somebody else knows where we are: this router, and the prefix of its link, are in use from now
 * on; nothing is known of any other. MD_CHANGED. home: index, -1: away. router ::: none has a name
 * (a point-to-point link). Without an RA there is no word when this ends.
 */
struct md_said { struct in6_addr router; struct prefix link; int home; };
struct md_result md_take(struct md_link *l, const struct md_said *s, double now);
/* Its link-layer address, if it was not known. True: it is now. */
bool md_take_ll(struct md_link *l, const struct nd_na *na);

/* The router in use; NULL if none. */
const struct md_router *md_current(const struct md_link *l);
/* The router in use says that this prefix is on the link. */
bool md_is_on_link(const struct md_link *l, const struct prefix *p, double now);
/* A default router of this link that was heard: for the home link, where the router with the home
 * prefix (the home agent) need not be one. NULL if none. */
const struct md_router *md_default(const struct md_link *l, double now);
/* Index of the home whose home prefix this is (all bits and the length), -1 = none. */
int md_home_of(const struct mn_conf *c, const struct prefix *p);

/* The choice between uplinks: home first, then the lowest priority number, then the present one.
 * candidates: usable[i] says whether uplink i is attached; returns the index or -1. */
struct md_candidate { bool usable, home; int priority; };
int md_choose(const struct md_candidate *c, unsigned n, int present);

#endif
