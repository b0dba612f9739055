/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire/mhopt.h - the option area of a Mobility Header (RFC 6275 6.2), for mh.c
 * and for tests. Everybody else uses wire/mh.h.
 *
 * Pure. Offsets count from the first octet of the Mobility Header, because that
 * is what alignment (6.2.1) and the authentication option (RFC 4285 5) count
 * from. Errors as in wire/mh.h.
 */
#ifndef MIP6_WIRE_MHOPT_H
#define MIP6_WIRE_MHOPT_H

#include "wire/mh.h"
#include "wire/rd.h"
#include "wire/wr.h"

/*
 * Type 0 and 1 (RFC 6275 6.2.2, 6.2.3; the same octets in destination options,
 * RFC 8200 4.2) are eaten. 1: *type and *body are the next option, 0: the end,
 * -EBADMSG: the option runs out of its area.
 */
int tlv_next(struct rd *r, uint8_t *type, struct rd *body);
/* Pads until the offset is y modulo x: Pad1 for one octet, PadN with zeros for more. */
void tlv_pad(struct wr *w, size_t x, size_t y);

/* Seconds -> the 16 bits of 4-second units, rounded down; 1..3 and too much: -EINVAL. */
void mh_put_lifetime(struct wr *w, uint32_t seconds);

/* mh[from..len) is the option area. */
int mhopts_parse(const uint8_t *mh, size_t from, size_t len, const struct mh_dialect *d,
		 struct mhopts *o, const char **why);
/*
 * Writes all options and the padding after them; w->start is the first octet of
 * the header. *mac_at: offset of the octets that the caller fills, 0 if none.
 */
void mhopts_build(struct wr *w, const struct mhopts *o, const struct mh_dialect *d, size_t *mac_at);

/* Readers and writers of wire/flow.c for the table of mhopt.c. */
const char *flow_get(struct rd *b, void *elem);
void flow_put(struct wr *w, const void *elem);
const char *flow_summary_get(struct rd *b, void *elem);
void flow_summary_put(struct wr *w, const void *elem);

#endif
