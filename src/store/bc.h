/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/bc.h - the Binding Cache (RFC 6275 9.1, 10.1), keyed by (home address, BID).
 *
 * Pure. Lifetimes are seconds; times are seconds (double) of the caller's boot
 * clock. Entries belong to the cache; bc_del() frees. BID 0 = a binding without
 * RFC 5648, which is never beside others. An entry that was de-registered stays
 * as BC_DELETED for MAX_DELETE_BCE_TIMEOUT, so that a late BU gets 135 (10.3.2);
 * what must outlive even that (last sequence number, last timestamp) is in struct
 * bc_memory. The entries of one home address are a list in the order of their BIDs;
 * they have the sequence number, the flags and the prefixes in common.
 */
#ifndef MIP6_STORE_BC_H
#define MIP6_STORE_BC_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "base/addr.h"
#include "base/rtimer.h"
#include "store/conf.h"
#include "store/flow.h"
#include "store/mpa.h"
#include "wire/mh.h"
#include "wire/nd.h"

#define BC_MAX_COA	8		/* care-of addresses of one home address */

enum bc_state {
	BC_BOUND,
	BC_DELETED,			/* de-registered, kept for late BUs; not in the kernel */
};

struct bc_key { struct in6_addr hoa; uint16_t bid, pad; };	/* pad = 0: hashed as bytes */

/* The value of a binding: all that the planner needs. Copied freely. */
struct binding {
	struct bc_key key;
	struct locator coa;		/* home: the home address (RFC 5648 6.2) */
	uint8_t prio;			/* BID-PRI, 1..127; 0 = the node knows only RFC 5648 */
	uint8_t home;			/* H: on the home link, beside foreign ones (5.6); 0 = no, else
					   the enum simultaneous_home that it was granted under */
	struct nd_lladdr lladdr;	/* home: of the node on that link, len 0 = not told */
	double heard;			/* boot clock: the last update that came from this care-of
					   address or named it alone; 0 = none */
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

/* The bindings of one home address that are bound, in the order of their BIDs. */
struct binding_set {
	uint8_t n;			/* 0: not bound */
	struct binding b[BC_MAX_COA];
	const struct flow_list *flows;	/* of the node, RFC 6089; the cache's or the verdict's */
	bool unsteered;			/* the kernel refused what steers: nothing of it is planned */
};

struct bc_entry {
	struct binding b;
	enum bc_state state;
	struct rtimer timer;
	const char *leaving;		/* the role's: it is to be removed, for this reason */
	void *owner;			/* of the role that arms the timers */
	struct bc_memory *home;		/* what its home address has; outlives it */
	struct bc_entry *sibling;	/* the next BID of the same home address; NULL: none */
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

/* Per home address, also beyond the life of its entries: bounded by configuration. */
struct bc_memory {
	struct in6_addr hoa;
	bool has_seq;
	uint16_t seq;			/* last accepted; also after de-registration */
	double seq_until;		/* boot clock: forgotten afterwards */
	uint64_t stamp;			/* last accepted NTP timestamp, 0 = none */
	struct rtimer adv_timer;	/* the role's; stopped while nothing is bound */
	struct mpa adv;			/* prefix advertisements to the node */
	void *owner;			/* of the role that arms the timer */
	struct flow_list flows;		/* RFC 6089; none without a binding. Freed with the cache */
	bool unsteered;			/* as in struct binding_set; false without a binding */
	struct rtimer steer_timer;	/* the role's: then it is tried again */
	double steer_wait;		/* seconds; 0: it did not fail */
	struct bc_entry *first;		/* the cache's: lowest BID; NULL: no entry */
	UT_hash_handle hh;
};

struct bc;

int bc_new(struct bc **bc);		/* 0 or -ENOMEM */
void bc_free(struct bc *bc);		/* entries too; timers must be stopped before */
struct bc_entry *bc_find(struct bc *bc, const struct in6_addr *hoa, uint16_t bid);
/* The entry with the lowest BID, BC_DELETED ones included; others by its sibling. Or NULL. */
struct bc_entry *bc_first(struct bc *bc, const struct in6_addr *hoa);
/* The bound ones, copied. False: none. */
bool bc_set(struct bc *bc, const struct in6_addr *hoa, struct binding_set *s);
/* The bound entry that packets go to unless told otherwise (binding_before()), or NULL. */
struct bc_entry *bc_primary(struct bc *bc, const struct in6_addr *hoa);
/* All entries of a home address have the number of the last update (RFC 5648 4.1). */
void bc_set_seq(struct bc *bc, const struct in6_addr *hoa, uint16_t seq);
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
/* The primary entry of the home address that a packet to addr is tunnelled for, or NULL. */
const struct bc_entry *bc_route(struct bc *bc, const struct in6_addr *addr);
const struct bc_entry *bc_route4(struct bc *bc, struct in_addr addr);
/* True if packets for b, were it in the cache, could be tunnelled round in a circle (its care-of
 * address lies in the network of a node one of whose care-of addresses lies in ... of b), or
 * through more tunnels than the kernel lets them. */
bool bc_circular(struct bc *bc, const struct binding *b);

/*
 * True if packets go to a rather than to b: the lowest BID-PRI (RFC 6089 5.1.1), those without one
 * last; of equal ones that which was heard of last, then the lowest BID.
 */
bool binding_before(const struct binding *a, const struct binding *b);
/* Where packets go unless told otherwise; NULL: the set is empty. */
const struct binding *binding_primary(const struct binding_set *s);
/* The one with this BID, or NULL. */
struct binding *binding_of(struct binding_set *s, uint16_t bid);
/* In its place by BID, instead of one with the same BID. False: the set is full. */
bool binding_put(struct binding_set *s, const struct binding *b);
void binding_drop(struct binding_set *s, uint16_t bid);

#endif
