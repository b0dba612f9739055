/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sec/crypto.h - the only door to the crypto library (nettle).
 *
 * Pure but for crypto_random(), which reads getrandom(2) and is called by the
 * effect and daemon rooms only.
 */
#ifndef MIP6_SEC_CRYPTO_H
#define MIP6_SEC_CRYPTO_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iov { const void *p; size_t n; };

void crypto_hmac_sha1(const uint8_t *key, size_t key_len, const struct iov *v, size_t n,
		      uint8_t out[static 20]);
void crypto_sha1(const struct iov *v, size_t n, uint8_t out[static 20]);
bool crypto_equal(const void *a, const void *b, size_t n);	/* constant time */
void crypto_random(void *buf, size_t n);
/* RFC 7217 F(): stable opaque interface identifier, 8 octets, never a reserved one. */
void crypto_opaque_iid(const uint8_t secret[static 16], const struct in6_addr *prefix,
		       const char *dev, uint8_t dad_counter, uint8_t iid[static 8]);
/* The identifiers that IANA keeps back (RFC 5453): no node may take one. */
bool crypto_iid_reserved(const uint8_t iid[static 8]);
void crypto_wipe(void *buf, size_t n);

#endif
