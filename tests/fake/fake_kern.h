/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake/fake_kern.h - kern/kern.h without a kernel and without libev.
 *
 * fake_kern.c and fake_kern_test.c stand in for the whole room but kern/switch.c,
 * which they drive: counting, order, waiting and undo are the real ones (link it,
 * run/log.c and the pure library too). Objects are data: ask for them, count them,
 * dump them as text.
 * A switch does nothing until fake_kern_run() or fake_kern_turn().
 *
 * Links and addresses that plans make show up in the caches and as news, before
 * done() is called, as with the real room; what the test injects does so at once.
 * One pretended kernel at a time; kern_open() may be given no loop.
 */
#ifndef MIP6_FAKE_KERN_H
#define MIP6_FAKE_KERN_H

#include "kern/kern.h"

void fake_kern_reset(void);		/* forgets everything, open handles too */
struct kern *fake_kern(void);		/* opens it, without news, if the test did not */

/* Work until nothing is left, also what done() asks for; returns the switches told. */
unsigned fake_kern_run(void);
/* One turn of the loop: what done() asks for waits. */
unsigned fake_kern_turn(void);
size_t fake_kern_unfinished(void);	/* switches asked for and not told yet */

/* ---- failures ---- */
/* The n-th switch from now (1: the next) fails with rc (< 0): the kernel stays as it was. */
void fake_kern_fail_nth(unsigned n, int rc);
/* Adding or changing any object of the kind, or of this key, fails; rc 0: works again. */
void fake_kern_fail_kind(enum kobj_kind kind, int rc);
void fake_kern_fail_object(const struct kobj *key, int rc);
/* True: an object on a device that nobody made or injected fails with -ENODEV. */
void fake_kern_strict(bool strict);
/* What kern_probe() reports missing, and kern_adopt() as removed and as foreign device. */
void fake_kern_missing(const char *line);	/* NULL: nothing */
void fake_kern_source(bool preferred);		/* kern_probe_source(), _from() */
void fake_kern_leftovers(int n, const char *foreign_external);

/* ---- what is in the kernel ---- */
bool fake_kern_has(const struct kobj *o);	/* key and value */
bool fake_kern_has_key(const struct kobj *o);
unsigned fake_kern_users(const struct kobj *o);	/* plans that hold the key */
size_t fake_kern_count(void);
size_t fake_kern_count_kind(enum kobj_kind kind);
bool fake_kern_has_plan(const struct kplan *p);	/* each of its objects */
/* One line per object (kobj_str()), sorted. Valid until the next call. */
const char *fake_kern_dump(void);
/* The lines of all additions (+), changes (~), deletions (-) and what was put again (=) since the
 * last call, in order. */
const char *fake_kern_log(void);

/* ---- injected facts ---- */
void fake_kern_link(const struct klink *l, bool gone);
/* An Ethernet-like link that is up, with carrier and a MAC made from its number. */
void fake_kern_link_up(int ifindex, const char *name);
void fake_kern_addr(const struct kaddr_news *a);
void fake_kern_addr4(const char *dev, struct in_addr a);
void fake_kern_route(const struct kroute_news *r);
void fake_kern_report(const struct kreport *r);
void fake_kern_report_early(const struct kreport *r);	/* while kern_probe() runs; NULL: none */
void fake_kern_acquire(const struct kacquire *a);
/* So many more packets have used the state, as kern_xstate_use() tells; false: no such state. */
bool fake_kern_used(const struct in6_addr *src, const struct in6_addr *dst, uint8_t proto,
		    uint64_t packets);
void fake_kern_steer_fail(int rc);		/* kern_steer_load() returns it; 0: works */
unsigned fake_kern_steer_loads(void);		/* calls that loaded it, kern_probe()'s too */
void fake_kern_steered(uint64_t packets);	/* of each path, of each BID of a flow */
void fake_kern_dropped(int64_t n);		/* kern_ingress_dropped() */

/* ---- neighbour entries put ---- */
struct fake_neigh { int ifindex; struct in6_addr addr; struct nd_lladdr ll; bool reachable; };
size_t fake_kern_neigh_count(void);
const struct fake_neigh *fake_kern_neigh(size_t i);	/* in the order of the calls */

void fake_kern_link_used(const struct kern_link_use *use);	/* of each link */

/* The link of the last kern_flush_unresolved(); 0 = none. */
int fake_kern_flushed_unresolved(void);

#endif
