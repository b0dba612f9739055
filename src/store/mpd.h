/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/mpd.h - mobile prefix discovery, the mobile node's side (RFC 6275 11.4.2,
 * 11.4.3, 11.8): when to solicit, which advertisements count, and how long the home
 * address may be used.
 *
 * Solicitations: when the home agent asks for it (status 1), when it says something
 * that was not asked for, and at nine tenths of what is left of the prefix's valid or
 * preferred lifetime. Repeated after 3, 6, 12, 24, 32 s, the same message; then not
 * before there is another reason. What ends unasked, because the node was not registered
 * when it was to ask, is not known to have ended: then the home agent is the one to
 * say so, when it is asked for a registration.
 *
 * Advertisements count only as answers; the identifier is all that proves that, for
 * without IPsec nobody signs them. After a few wrong ones no other is believed either,
 * and the next question has a new one: who cannot see it has four guesses among 65536
 * in three seconds. And advertisements cannot end an address soon: what is left of
 * its valid lifetime is not cut below min_valid_lifetime (the two hours of RFC 4862
 * 5.5.3 e). They may deprecate it, which ends nothing.
 *
 * Pure. Seconds on the caller's boot clock, absolute; INFINITY = for ever.
 */
#ifndef MIP6_STORE_MPD_H
#define MIP6_STORE_MPD_H

#include "base/rtimer.h"
#include "store/conf.h"
#include "wire/icmp6.h"

struct mpd {
	bool asking;
	bool heard;			/* a lifetime was said, ever */
	bool by_link;			/* last by the home link itself */
	uint16_t id;
	unsigned sent, wrong;		/* of this round: solicitations, other identifiers */
	double timo, due;		/* of the repetition; due 0 = none */
	double asked_at;		/* the last round began; 0 = never */
	bool missed;			/* a question was due, and nobody could be asked */
	double valid, preferred;	/* the home address's until then */
	double next;			/* solicitation, for what these say; 0 = none */
	unsigned said;			/* MPD_DEPRECATED, MPD_INVALID of these */
	struct rtimer timer;
};

enum mpd_act {				/* of the timer, in bits */
	MPD_SEND = 1,			/* the solicitation with .id */
	MPD_DEPRECATED = 2,		/* the preferred lifetime is over; said once */
	MPD_INVALID = 4,		/* so is the valid lifetime */
};

void mpd_init(struct mpd *d);
/* There is a reason to ask. id: random. MPD_SEND, or 0: asked just now, and soon again. */
unsigned mpd_ask(struct mpd *d, const struct timers *t, uint16_t id, double now);
unsigned mpd_timer(struct mpd *d, const struct timers *t, uint16_t id, double now);
/* Nobody can be asked here (not registered). Lifetimes go on. */
void mpd_stop(struct mpd *d);
/* Those that ended while nobody could be asked: they are unknown, and .missed wants mpd_ask(). */
void mpd_unknown(struct mpd *d);
/* On the home link its Router Advertisements say how long, and that we are there says that they
 * do: what was advertised before is void. For a link whose ones are not heard by us. */
void mpd_home(struct mpd *d);
double mpd_due(const struct mpd *d);	/* absolute; 0 = nothing to wait for */

/*
 * An advertisement that came from the right home agent by the right way: true if it is the answer
 * to the last solicitation, which is then answered. False: discard it, and mpd_ask().
 */
bool mpd_answered(struct mpd *d, const struct icmp6_msg *m);

/* n prefixes, of an advertisement that counts, or of a Router Advertisement of the home link. */
struct mpd_prefixes { const struct nd_prefix *v; unsigned n; bool by_link; };

/* What they say of the prefix of hoa, if anything. */
void mpd_home_prefix(struct mpd *d, const struct timers *t, const struct prefix *hoa,
		     const struct mpd_prefixes *p, double now);
/* The prefix of hoa is among them, and on the link; perhaps for the last time. */
bool mpd_is_preferred(const struct mpd_prefixes *p, const struct prefix *hoa);
bool mpd_is_home_link(const struct mpd_prefixes *p, const struct prefix *hoa);
bool mpd_deprecated(const struct mpd *d, double now);

/*
 * A prefix among them in which a node on the home link would form an address: the
 * home address with hoa's interface identifier there goes to *out. From *at on (0 first); false:
 * no more. *agent: the home agent's own address there (R), or ::.
 */
bool mpd_new_prefix(const struct mpd_prefixes *p, const struct prefix *hoa, unsigned *at,
		    struct prefix *out, struct in6_addr *agent);

#endif
