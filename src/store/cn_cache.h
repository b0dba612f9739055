/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/cn_cache.h - the Binding Cache of a correspondent (RFC 6275 9.1, 9.6), keyed by
 * (own address, home address): conceptually one cache per own address. With RFC 5648 an entry
 * has several paths (cn_binding.h); each counts as a binding.
 *
 * An entry that is not bound any more stays for as long as a Binding Update for it could
 * be sent again by somebody who has recorded it (5.2.8, 9.5.3), and has its sequence
 * number. Bound entries are in order of their last Binding Update, the oldest first: who
 * wants to keep a place refreshes it, so the oldest is the one to give up (9.6).
 *
 * Pure. Times are seconds of the boot clock, lifetimes seconds, addresses network order.
 * Entries belong to the cache; cnc_del() frees; timers must be stopped before.
 */
#ifndef MIP6_STORE_CN_CACHE_H
#define MIP6_STORE_CN_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "base/addr.h"
#include "base/bucket.h"
#include "base/rtimer.h"
#include "store/cn_binding.h"

/* What the role watches while the binding stands. */
struct cn_watch {
	struct {
		unsigned stage;
		uint64_t used;		/* packets by this binding when last asked */
		double at;		/* to be looked at then */
	} path[CN_MAX_PATHS];		/* as b.path */
	unsigned errors;		/* primary path unreachable, one after the other */
	double error_at;
	uint64_t heard;			/* packets from the peer at the first of them */
	uint16_t other_bid;		/* packets come from that care-of address, since */
	double other_since;		/* 0 = no */
	uint64_t other_heard;		/* packets from the primary one then */
};

struct cn_entry {
	struct cn_binding b;
	bool bound;			/* false: only remembered */
	struct bucket moves;		/* of the role: how often it may move */
	struct rtimer timer;
	struct cn_watch watch;
	void *owner;			/* of the role that arms the timer */
	uint64_t born;			/* the cache's: counts what was ever added */
	struct cn_entry *prev, *next;	/* the cache's: all, in that order */
	UT_hash_handle hh;
	struct cn_near {		/* the cache's: one for each path while bound, in no order */
		struct cn_entry *e;
		struct cn_net *net;	/* NULL: not in use */
		struct cn_near *prev, *next;
	} near[CN_MAX_PATHS];
};

struct cn_cache;

/* A walk in steps between which the cache may change; rules as of struct bc_cursor. */
struct cn_cursor {
	struct cn_cache *cache;		/* NULL: not begun, ended, or the cache was freed */
	struct cn_entry *at;		/* the next one; NULL: through */
	uint64_t until;			/* born from there on: not of this walk */
	struct cn_cursor *prev, *next;	/* those under way */
};

int cnc_new(struct cn_cache **c);	/* 0 or -ENOMEM */
void cnc_free(struct cn_cache *c);
struct cn_entry *cnc_find(struct cn_cache *c, const struct cn_key *k);
/* Adds or overwrites the value, which has a path; bound, and the newest. The watch starts anew.
 * NULL: no memory. */
struct cn_entry *cnc_put(struct cn_cache *c, const struct cn_binding *b);
/* bound -> remembered. NULL: no memory, e is freed and cannot be remembered. */
struct cn_entry *cnc_set_gone(struct cn_cache *c, struct cn_entry *e);
/* One path less of a bound entry that has others; it is not newer for that. The watch starts anew. */
void cnc_cut(struct cn_cache *c, struct cn_entry *e, uint16_t bid);
void cnc_del(struct cn_cache *c, struct cn_entry *e);
size_t cnc_bound(const struct cn_cache *c);			/* paths of all bound entries */
size_t cnc_gone(const struct cn_cache *c);			/* remembered ones */
/* The bound entry whose update is the oldest and for which skip() is false; NULL: none. */
struct cn_entry *cnc_oldest(struct cn_cache *c, bool (*skip)(void *arg, const struct cn_entry *e),
			    void *arg);
/* Paths with a care-of address of the same /64: how many, and the oldest's entry. In O(1). */
size_t cnc_near(struct cn_cache *c, const struct in6_addr *coa);
struct cn_entry *cnc_oldest_near(struct cn_cache *c, const struct in6_addr *coa,
				 bool (*skip)(void *arg, const struct cn_entry *e), void *arg);
/* The entry that has been remembered for the longest time; NULL: none. */
struct cn_entry *cnc_first_gone(struct cn_cache *c);
/* In no order; fn may delete the entry it got. */
void cnc_each(struct cn_cache *c, void (*fn)(void *arg, struct cn_entry *e), void *arg);
/* Bound or only remembered; in the order in which they were first added. */
void cnc_begin(struct cn_cache *c, struct cn_cursor *w);
struct cn_entry *cnc_next(struct cn_cursor *w);		/* NULL: no more */
void cnc_end(struct cn_cursor *w);			/* zeroed or ended already: no harm */

#endif
