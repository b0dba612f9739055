/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sec/mhmac.h - the MAC that RFC 6275 6.2.7 and RFC 4285 5.1 have in common:
 * First(96, HMAC-SHA1(key, address | address | Mobility Header)), checksum 0.
 *
 * Pure. For auth.c and rr.c; they know which addresses and how much of the
 * header. Nothing fails.
 */
#ifndef MIP6_SEC_MHMAC_H
#define MIP6_SEC_MHMAC_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define MHMAC_LEN 12 /* octets */

/* The checksum field counts as zero whatever it holds. */
void mhmac(const uint8_t *key, size_t key_len, const struct in6_addr *a, const struct in6_addr *b,
	   const uint8_t *mh, size_t covered, uint8_t mac[static MHMAC_LEN]);

#endif
