/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/cn_binding.h - what a correspondent knows of one mobile node (RFC 6275 9.1, RFC 5648
 * 4.1, 6): the value of an entry of its cache. Copied freely.
 *
 * Each care-of address is a path: (BID, care-of address), with tests, lifetime and priority of
 * its own. Without RFC 5648 there is one, with BID 0; it never stands beside others. The
 * sequence number is the mobile node's, so shared by all (RFC 5648 4.1).
 *
 * The paths are in the order of preference: the lowest BID-PRI first (RFC 6089 4.1; 0, which is
 * none, behind all), of equal ones the one whose Binding Update came last (RFC 5648 3: "last
 * verified by receiving data packets or signaling"). The first is the primary one, and data
 * take no other: the kernel's states have one care-of address for each (home address, peer).
 *
 * Pure. Units as in store/cn_cache.h.
 */
#ifndef MIP6_STORE_CN_BINDING_H
#define MIP6_STORE_CN_BINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define CN_MAX_PATHS	8	/* of a mobile node with an own address */

struct cn_key { struct in6_addr local, peer; };	/* own address; home address */

struct cn_path {
	struct in6_addr coa;
	double since, expires;
	uint32_t lifetime;		/* granted */
	uint16_t bid;			/* 0: without RFC 5648 */
	uint16_t home_nonce, coa_nonce;	/* indices that made it */
	uint8_t prio;			/* BID-PRI, 0 = none */
};

/* Nonces that may not bind these addresses again, as the mobile node took them back (9.5.3). */
struct cn_withdrawn {
	struct in6_addr coa;
	uint16_t home_nonce, coa_nonce;
	double until;			/* one of the nonces is too old then */
};

struct cn_binding {
	struct cn_key key;
	struct cn_path path[CN_MAX_PATHS];
	unsigned n_path;		/* 0: none, it is only remembered */
	bool mobile;			/* the own address is a home address of ours (plan_cn.h) */
	uint16_t flags;			/* of the last Binding Update */
	uint16_t seq;			/* the last accepted */
	double replay_until;		/* a recorded update could be believed until then */
	struct cn_withdrawn withdrawn[CN_MAX_PATHS];
	unsigned n_withdrawn;
};

/* NULL: there is none of that BID. */
const struct cn_path *cnb_path(const struct cn_binding *b, uint16_t bid);
/* NULL: no path has that care-of address. */
const struct cn_path *cnb_at(const struct cn_binding *b, const struct in6_addr *coa);
/* p becomes the newest of its BID; false: there is no room for one more. */
bool cnb_put(struct cn_binding *b, const struct cn_path *p);
void cnb_cut(struct cn_binding *b, uint16_t bid);	/* that there is none of: no harm */
/* It becomes the primary one, until an update says otherwise. */
void cnb_prefer(struct cn_binding *b, uint16_t bid);
/* When the first of the paths ends. At least one is there. */
double cnb_expires(const struct cn_binding *b);
/* The nonces of a path are taken back; until: one of them is too old then. Records that are over
 * are forgotten, and of too many the oldest. */
void cnb_withdraw(struct cn_binding *b, const struct cn_path *p, double until, double now);
bool cnb_is_withdrawn(const struct cn_binding *b, const struct in6_addr *coa, uint16_t home_nonce,
		      uint16_t coa_nonce);

#endif
