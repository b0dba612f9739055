/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire/cksum.h - the Internet checksum over an IPv6 pseudo-header (RFC 8200 8.1)
 * and an upper-layer message, for messages that the kernel does not sum for us:
 * those with a home address option and those that we frame ourselves.
 *
 * Pure. The checksum field of the message counts as 0 whatever it holds. The
 * result is in network order, ready to be copied into the field.
 */
#ifndef MIP6_WIRE_CKSUM_H
#define MIP6_WIRE_CKSUM_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define CKSUM_AT_ICMP6 2 /* offset of the checksum field */
#define CKSUM_AT_MH    4

/* One's complement sum of big-endian 16-bit words, not folded. */
static inline uint64_t cksum_words(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint64_t)p[i] << 8 | p[i + 1];
	if (n & 1)
		sum += (uint64_t)p[n - 1] << 8;
	return sum;
}

/* at: even offset of the checksum field. */
static inline uint16_t cksum6(const struct in6_addr *src, const struct in6_addr *dst, uint8_t proto,
			      const uint8_t *msg, size_t len, size_t at)
{
	uint64_t sum = cksum_words(src->s6_addr, 16) + cksum_words(dst->s6_addr, 16) + len + proto;

	sum += cksum_words(msg, len < at ? len : at);
	if (len > at + 2)
		sum += cksum_words(msg + at + 2, len - at - 2);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

#endif
