/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run/heap.h - the binary heap of timers behind run/timer.c.
 *
 * Apart from timer.c because it needs no clock: the role tests' hand-moved clock
 * drives the same code. Timers with the same key leave in the order of their
 * entry. Nodes carry the key, so that a comparison never touches the timer.
 *
 * The timers are the callers'; the heap only writes rtimer.slot. Keys are in
 * seconds. There is no error to return: without memory for a timer the process
 * cannot keep any promise, so it aborts.
 */
#ifndef MIP6_RUN_HEAP_H
#define MIP6_RUN_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rtimer.h"

struct heap_node {
	double key;
	uint64_t seq; /* order of entry */
	struct rtimer *t;
};

struct heap { /* zeroed memory is an empty heap */
	struct heap_node *v;
	size_t n, cap;
	uint64_t seq;
};

/* Puts t in, or moves it if it is in. */
void heap_put(struct heap *h, struct rtimer *t, double key);
void heap_take(struct heap *h, struct rtimer *t); /* harmless if it is not in */
/* Takes out and returns the first timer whose key is <= now; NULL if there is none. */
struct rtimer *heap_due(struct heap *h, double now);
bool heap_first(const struct heap *h, double *key); /* false: empty */
void heap_fini(struct heap *h);			    /* stops what is in it */

#endif
