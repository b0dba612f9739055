/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake/fake_kern_priv.h - what fake_kern.c and fake_kern_test.c share.
 */
#ifndef MIP6_FAKE_KERN_PRIV_H
#define MIP6_FAKE_KERN_PRIV_H

#include "base/util.h"
#include "fake_kern.h"
#include "kern/switch.h"

#define KEEP_LINKS	1024
#define KEEP_ADDRS	4096
#define KEEP_NEIGH	1024
#define MAX_BROKEN	16
#define MAX_USED	16
#define FIRST_IFINDEX	1000		/* of devices that plans make */

struct addr4 { char dev[IFNAMSIZ]; struct in_addr a; };

/* News wait for the end of the turn: nobody is called from inside the work. */
struct news { bool is_link, gone; struct klink link; struct kaddr_news addr; };

struct fake_text { char *s; size_t n, cap; };

struct told { kern_done_fn done; void *arg; int rc; struct kobj obj; struct told *next; };

struct kern {
	bool open;
	struct kern_news on;
	struct ksw sw;
	uint64_t requests;
	/* failures */
	unsigned fail_in;
	int fail_rc, fail_kind[KOBJ_KINDS];
	struct { struct kobj key; int rc; } broken[MAX_BROKEN];
	size_t n_broken;
	bool strict;
	struct { struct in6_addr src, dst; uint8_t proto; uint64_t packets; } used[MAX_USED];
	size_t n_used;
	struct kern_link_use link_use;
	const char *missing;
	const struct kreport *early;
	bool source;
	int leftovers;
	char foreign[IFNAMSIZ];
	struct told *failed;
	/* caches */
	struct klink links[KEEP_LINKS];
	struct kaddr_news addrs[KEEP_ADDRS];
	struct addr4 addrs4[KEEP_LINKS];
	struct fake_neigh neighs[KEEP_NEIGH];
	int flushed_ra, flushed_unresolved;
	size_t n_link, n_addr, n_addr4, n_neigh;
	int last_ifindex;
	int64_t dropped;
	uint64_t steered;
	int steer_rc;
	unsigned steer_loads;
	struct news *news;
	size_t n_news, cap_news;
	struct fake_text dump, log, log_shown;
};

extern struct kern fake;		/* the only one */

/* A line (KOBJ_STRLEN and a little) to a growing text. */
void fake_append(struct fake_text *t, const char *fmt, ...) PRINTF(2, 3);
void fake_cache_link(struct kern *k, const struct klink *l, bool gone);
void fake_cache_addr(struct kern *k, const struct kaddr_news *a);
void fake_cache_addr4(struct kern *k, const char *dev, struct in_addr a, bool gone);

#endif
