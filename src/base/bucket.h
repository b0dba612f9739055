/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/bucket.h - how often something may be done that anybody can cause.
 *
 * As RFC 4443 2.4 (f) limits ICMPv6 errors: so many at once, then so many a second.
 * A zeroed bucket is full.
 */
#ifndef MIP6_BASE_BUCKET_H
#define MIP6_BASE_BUCKET_H

#include <stdbool.h>

#include "base/util.h"

#define BUCKET_BURST	10	/* and as many a second */

struct bucket { double taken, at; };	/* at: seconds of run_now() */

/* n at once, and n a second. */
static inline bool bucket_take_of(struct bucket *b, unsigned n, double now)
{
	b->taken = MAX(0, b->taken - (now - b->at) * n);
	b->at = now;
	if (b->taken > n - 1)
		return false;
	b->taken += 1;
	return true;
}

static inline bool bucket_take(struct bucket *b, double now)
{
	return bucket_take_of(b, BUCKET_BURST, now);
}

#endif
