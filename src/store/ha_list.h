/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/ha_list.h - the Home Agents List of one home link (RFC 6275 10.1, 10.5.1;
 * RFC 3963 7.3), what a home agent answers from it (10.5, RFC 3963 7.2), and whether
 * what is advertised on the link agrees with the configuration (7.1-7.4, 10.6.1).
 *
 * Pure. Lifetimes are seconds, times seconds (double) of the caller's boot clock.
 * Zeroed memory is an empty list. The list is bounded: who comes when it is full is
 * not taken, nobody on the link can make us forget another.
 */
#ifndef MIP6_STORE_HA_LIST_H
#define MIP6_STORE_HA_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "store/conf.h"
#include "wire/icmp6.h"
#include "wire/nd.h"

#define HAL_MAX		32
#define HAL_MAX_ADDR	8

/* Advertised addresses are kept as long as they are said, and no longer than their home agent. */
struct hal_addr { struct in6_addr addr; double expires; };

struct hal_entry {
	struct in6_addr ll;		/* who says it: key */
	uint16_t preference, lifetime;
	bool router;			/* serves mobile routers */
	double expires;
	unsigned n_addr;
	struct hal_addr addr[HAL_MAX_ADDR];	/* global ones */
};

struct ha_list { unsigned n; struct hal_entry e[HAL_MAX]; };

enum hal_news { HAL_SAME, HAL_ADDED, HAL_REMOVED, HAL_FULL };

/* A valid Router Advertisement of another router on the link. */
enum hal_news hal_ra(struct ha_list *l, const struct in6_addr *src, const struct nd_ra *ra,
		     double now);
/* Drops what is over. When to come again: boot clock, HUGE_VAL = never. */
double hal_expire(struct ha_list *l, double now);
void hal_entry_del(struct ha_list *l, unsigned i);

/*
 * The answer: best first, equals in an order that seed decides, no more than fit. own: this home
 * agent, whose addresses do not expire. m: identifier and R flag of the request in, the answer
 * out. R asks for home agents of mobile routers only; are there none, all are listed with R = 0.
 */
void hal_answer(const struct ha_list *l, const struct hal_entry *own, uint64_t seed,
		struct icmp6_msg *m);

/* This home agent as it shall be known on a link. link NULL: of prefixes on no link. */
void hal_own(const struct ha_conf *c, const struct home_link *link, struct hal_entry *own);

/* ---- what is advertised in our name ---- */

enum {
	ADV_NO_H = 1 << 0,
	ADV_NO_PREFIX = 1 << 1,		/* a home prefix is missing */
	ADV_NO_ADDRESS = 1 << 2,	/* our address is not there with R */
	ADV_LIFETIMES = 1 << 3,
	ADV_AUTONOMOUS = 1 << 4,
	ADV_PREFERENCE = 1 << 5,
	ADV_HA_LIFETIME = 1 << 6,
	ADV_ROUTERS = 1 << 7,		/* RFC 3963 7.3 */
	ADV__COUNT = 8,
};

/* Bits of what differs between a Router Advertisement of this host and the configuration. */
unsigned hal_adv_check(const struct ha_conf *c, const struct home_link *link,
		       const struct nd_ra *ra);
/* What is wrong and what to change, for one bit: a constant sentence. */
const char *hal_adv_str(unsigned bit);

#endif
