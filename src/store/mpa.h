/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/mpa.h - Mobile Prefix Advertisements of a home agent (RFC 6275 6.8, 10.6):
 * when one is due for a mobile node, and what it says.
 *
 * Pure. Times are seconds (double) of the caller's boot clock, lifetimes seconds;
 * draw is a random number. Zeroed memory is a node that nothing was sent to and
 * nothing is due for.
 *
 * Every advertisement tells all prefixes as they are when it is sent, so a later one
 * always contains what an unacknowledged one said (10.6.2).
 */
#ifndef MIP6_STORE_MPA_H
#define MIP6_STORE_MPA_H

#include <stdbool.h>
#include <stdint.h>

#include "store/conf.h"
#include "wire/icmp6.h"

enum mpa_state {
	MPA_QUIET,			/* due: when the longest silence is over */
	MPA_SCHEDULED,
	MPA_RETRY,			/* sent and not acknowledged */
	MPA_ANSWER,			/* solicited within a second of the last one */
};

struct mpa {
	enum mpa_state state;
	bool sent, unacked;
	double last, due;
	unsigned tries;			/* retransmissions of the unacknowledged one */
	uint16_t id;			/* MPA_ANSWER: of the solicitation */
};

enum mpa_send { MPA_NOTHING, MPA_UNSOLICITED, MPA_SOLICITED };

/* A home registration was accepted; fresh: there was no binding. preferred: lifetime left to the
 * home prefix. */
void mpa_bound(struct mpa *m, const struct timers *t, bool fresh, uint32_t preferred, double now,
	       uint32_t draw);
/* What is advertised has changed. */
void mpa_changed(struct mpa *m, const struct timers *t, uint32_t preferred, double now,
		 uint32_t draw);
/* A solicitation: MPA_SOLICITED: answer now; else it is due in a moment. */
enum mpa_send mpa_solicited(struct mpa *m, const struct timers *t, uint16_t id, double now);
/* m->due has come. */
enum mpa_send mpa_fire(struct mpa *m, const struct timers *t, uint32_t preferred, double now,
		       uint32_t draw);

/* ---- content ---- */

/* The lifetimes, as configured, of the link's prefix that has this address. */
struct prefix_life mpa_life(const struct home_link *l, const struct in6_addr *addr);
/* What is left of one of them. */
uint32_t mpa_left(const struct prefix_life *p, uint32_t configured, double now);
/* What is left to the home prefix of a home address. l NULL: for ever. */
uint32_t mpa_valid(const struct home_link *l, const struct in6_addr *hoa, double now);
uint32_t mpa_preferred(const struct home_link *l, const struct in6_addr *hoa, double now);
/*
 * The prefixes of the home of hoa, that of hoa itself first. id is given. False: hoa is at no home
 * of ours.
 */
bool mpa_fill(const struct ha_conf *c, const struct in6_addr *hoa, uint16_t id, double now,
	      struct icmp6_msg *m);
/* Does b tell a node of that home address something else than a, but for the time that passes? */
bool mpa_differs(const struct ha_conf *a, const struct ha_conf *b, const struct in6_addr *hoa,
		 double now);

#endif
