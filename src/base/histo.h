/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/histo.h - how long something took, many times: counts of what is at most so many seconds.
 *
 * Pure. Zeroed memory is an empty one. Each bucket holds also what the smaller ones do, as
 * Prometheus wants it.
 */
#ifndef MIP6_BASE_HISTO_H
#define MIP6_BASE_HISTO_H

#include <stdint.h>

#define HISTO_BUCKETS	12

static const double histo_bound[HISTO_BUCKETS] = {
	.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10
};

struct histo { uint64_t n, bucket[HISTO_BUCKETS]; double sum; };

/* seconds < 0: not known, and not counted. */
static inline void histo_add(struct histo *h, double seconds)
{
	if (!(seconds >= 0))
		return;
	h->n++;
	h->sum += seconds;
	for (unsigned i = 0; i < HISTO_BUCKETS; i++)
		h->bucket[i] += seconds <= histo_bound[i];
}

#endif
