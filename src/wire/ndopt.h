/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire/ndopt.h - options in the format of Neighbour Discovery (RFC 4861 4.6),
 * which the mobile prefix messages (RFC 6275 6.7, 6.8) use too. For nd.c,
 * icmp6.c and tests.
 *
 * Pure. Host order. A reason is a constant sentence; NULL: all is well.
 */
#ifndef MIP6_WIRE_NDOPT_H
#define MIP6_WIRE_NDOPT_H

#include "wire/nd.h"
#include "wire/rd.h"
#include "wire/wr.h"

#define NDOPT_SLLA     1
#define NDOPT_TLLA     2
#define NDOPT_PREFIX   3
#define NDOPT_MTU      5
#define NDOPT_INTERVAL 7  /* RFC 6275 7.3 */
#define NDOPT_HA_INFO  8  /* RFC 6275 7.4 */
#define NDOPT_NONCE    14 /* RFC 3971 5.3.2, RFC 7527 */

#define NDOPT_LEN "ND option of a wrong length"

/* 1: *type and *body (without the two head octets); 0: the end; -EBADMSG. */
int ndopt_next(struct rd *r, uint8_t *type, struct rd *body);
const char *ndopt_prefix_get(struct rd *body, struct nd_prefix *p);
void ndopt_prefix_put(struct wr *w, const struct nd_prefix *p);

#endif
