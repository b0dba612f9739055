/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/share.h - hands out places by weight, and moves as few as can be.
 *
 * Pure. By Sainte-Lague's method: the share of each is off by less than one place, and when one
 * goes or comes, no place passes between two others.
 */
#ifndef MIP6_BASE_SHARE_H
#define MIP6_BASE_SHARE_H

#include <stddef.h>
#include <stdint.h>

#define SHARE_MAX	8		/* who may have places */
#define SHARE_NOBODY	0xff

/*
 * place[i] is who has place i: 0..SHARE_MAX - 1, or SHARE_NOBODY; on return by the weights (0: no
 * place). All weights 0: all places are nobody's.
 */
void share_fill(uint8_t *place, size_t n, const uint8_t weight[static SHARE_MAX]);

#endif
