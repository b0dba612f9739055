/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/flowsel.h - which packets a flow policy is about (RFC 6088), family-neutral.
 *
 * Directions are those of RFC 6088, as the home agent sees a packet that comes for
 * a mobile node: source is the correspondent, destination the mobile side. On the
 * mobile side, whose packets go the other way, the kernel's program turns them
 * round; the selector stays the same.
 *
 * A range counts only if its bit is in `has`; both ends belong to it. Zeroed
 * memory matches every packet. A packet that has no such field (ports of ESP, a
 * flow label of IPv4) does not match a range about it. Of a fragment the ports and
 * SPI are those of its first fragment.
 *
 * Pure. Addresses in network order, the rest in host order. What is not in `has`
 * is zero (flowsel_tidy()), so that equal selectors are equal memory.
 */
#ifndef MIP6_BASE_FLOWSEL_H
#define MIP6_BASE_FLOWSEL_H

#include "base/addr.h"

#define FLOWSEL_STRLEN	352

enum {
	FLOWSEL_SRC	= 1 << 0,
	FLOWSEL_DST	= 1 << 1,
	FLOWSEL_SPI	= 1 << 2,	/* of ESP and AH */
	FLOWSEL_LABEL	= 1 << 3,
	FLOWSEL_SPORT	= 1 << 4,	/* TCP, UDP, UDP-Lite, SCTP, DCCP */
	FLOWSEL_DPORT	= 1 << 5,
	FLOWSEL_DSCP	= 1 << 6,
	FLOWSEL_PROTO	= 1 << 7,	/* behind extension headers, AH not among them */
	FLOWSEL_ALL	= (1 << 8) - 1,
};

struct flowsel {
	uint8_t has;
	uint8_t family;			/* AF_INET, AF_INET6; 0 = both, and no addresses, no label */
	uint8_t dscp_lo, dscp_hi;	/* 0..63: the upper six bits of the octet */
	uint8_t proto_lo, proto_hi;
	uint16_t sport_lo, sport_hi;
	uint16_t dport_lo, dport_hi;
	uint16_t reserved;		/* 0 */
	union ip_bytes src_lo, src_hi;	/* IPv4: the first four octets, the others zero */
	union ip_bytes dst_lo, dst_hi;
	uint32_t spi_lo, spi_hi;
	uint32_t label_lo, label_hi;	/* 20 bits */
	uint32_t mark, mask;		/* packet mark & mask == mark; mask 0: any */
};

/* Every address of p as a range: of the source, or of the destination. Sets the family. */
void flowsel_src(struct flowsel *s, const struct prefix *p);
void flowsel_dst(struct flowsel *s, const struct prefix *p);
/* 0, or -EINVAL: an end before its beginning, or a number that the field cannot hold;
 * -EAFNOSUPPORT: addresses or a label that the family does not have. */
int flowsel_check(const struct flowsel *s);
void flowsel_tidy(struct flowsel *s);		/* zeroes what does not count */
bool flowsel_eq(const struct flowsel *a, const struct flowsel *b);	/* both tidy */
/* "ipv6 src 2001:db8::/64 dport 5060-5061 proto 17", "any". */
const char *flowsel_str(const struct flowsel *s, char buf[static FLOWSEL_STRLEN]);
#define SEL(s)	flowsel_str((s), (char[FLOWSEL_STRLEN]){ 0 })

#endif
