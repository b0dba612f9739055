/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/bc.h - the Binding Cache (RFC 6275 9.1, 10.1), keyed by (home address, BID).
 *
 * Pure. Lifetimes are seconds; times are seconds (double) of the caller's boot
 * clock. Entries belong to the cache; bc_del() frees. BID 0 = a binding without
 * RFC 5648. An entry that was de-registered stays as BC_DELETED for
 * MAX_DELETE_BCE_TIMEOUT, so that a late BU gets 135 (10.3.2); what must outlive
 * even that (last sequence number, last timestamp) is in struct bc_memory.
 */
#ifndef MIP6_STORE_BC_H
#define MIP6_STORE_BC_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "base/addr.h"
#include "base/rtimer.h"
#include "store/conf.h"
#include "store/mpa.h"
#include "wire/mh.h"

enum bc_state {
	BC_BOUND,
	BC_DELETED,			/* de-registered, kept for late BUs; not in the kernel */
};

struct bc_key { struct in6_addr hoa; uint16_t bid, pad; };	/* pad = 0: hashed as bytes */

/* The value of a binding: all that the planner needs. Copied freely. */
struct binding {
	struct bc_key key;
	struct locator coa;
	struct in6_addr local;		/* own address that the mobile node registered with */
	uint16_t flags;			/* BU flags */
	uint16_t seq;
	uint32_t lifetime;		/* granted, seconds */
	double since, expires;		/* boot clock */
	uint32_t epoch;			/* counts the changes of this binding; for the day when several
					   home agents share it */
	uint32_t origin;		/* the node that accepted it: 0 = this one */
	uint8_t n_prefix;
	struct prefix prefix[MHOPT_MAX_MNP];	/* in service, both families */
	bool ipv4_options;		/* IPv4 prefixes came by options */
	unsigned slot;			/* metric spread */
};

struct bc_entry {
	struct binding b;
	enum bc_state state;
	struct rtimer timer, adv_timer;
	struct mpa adv;			/* prefix advertisements to the node */
	void *owner;			/* of the role that arms the timers */
	uint64_t born;			/* the cache's: counts what was ever added */
	UT_hash_handle hh;
};

/*
 * A walk through the cache in steps between which it may change: an entry that is there all the
 * time is met exactly once, one that goes before its turn not at all, and one that is added after
 * bc_begin() not either, so that every walk ends. Stays at its address until bc_end().
 */
struct bc_cursor {
	struct bc *bc;			/* NULL: not begun, ended, or the cache was freed */
	struct bc_entry *at;		/* the next one; NULL: through */
	uint64_t until;			/* born from there on: not of this walk */
	struct bc_cursor *prev, *next;	/* those under way */
};

/* What is remembered per home address beyond the entry's life: bounded by configuration. */
struct bc_memory {
	struct in6_addr hoa;
	bool has_seq;
	uint16_t seq;			/* last accepted; also after de-registration */
	double seq_until;		/* boot clock: forgotten afterwards */
	uint64_t stamp;			/* last accepted NTP timestamp, 0 = none */
	UT_hash_handle hh;
};

struct bc;

int bc_new(struct bc **bc);		/* 0 or -ENOMEM */
void bc_free(struct bc *bc);		/* entries too; timers must be stopped before */
struct bc_entry *bc_find(struct bc *bc, const struct in6_addr *hoa, uint16_t bid);
/* Adds or overwrites the value; state becomes BC_BOUND. NULL: no memory. */
struct bc_entry *bc_put(struct bc *bc, const struct binding *b);
/* BC_BOUND -> BC_DELETED, with the sequence number that a later one must beat. */
void bc_set_deleted(struct bc *bc, struct bc_entry *e, uint16_t seq);
void bc_del(struct bc *bc, struct bc_entry *e);
size_t bc_count(const struct bc *bc);			/* BC_BOUND ones */
/* Iterates in insertion order; fn may delete the entry it got. */
void bc_each(struct bc *bc, void (*fn)(void *arg, struct bc_entry *e), void *arg);
void bc_begin(struct bc *bc, struct bc_cursor *c);
struct bc_entry *bc_next(struct bc_cursor *c);		/* NULL: no more */
void bc_end(struct bc_cursor *c);			/* zeroed or ended already: no harm */
struct bc_memory *bc_memory(struct bc *bc, const struct in6_addr *hoa, bool create);
/* The bound entry whose home address or prefix a packet to addr is tunnelled for, or NULL. */
const struct bc_entry *bc_route(struct bc *bc, const struct in6_addr *addr);
const struct bc_entry *bc_route4(struct bc *bc, struct in_addr addr);
/* True if packets for b, were it in the cache, would be tunnelled round in a circle (its care-of
 * address lies in the network of a binding whose care-of address lies in ... of b). */
bool bc_circular(struct bc *bc, const struct binding *b);

#endif
