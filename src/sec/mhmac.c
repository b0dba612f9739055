/* SPDX-License-Identifier: BSD-2-Clause */
#include "sec/mhmac.h"

#include <string.h>

#include "base/util.h"
#include "sec/crypto.h"

#define CKSUM_AT  4 /* offset in the Mobility Header */
#define CKSUM_END 6

void mhmac(const uint8_t *key, size_t key_len, const struct in6_addr *a, const struct in6_addr *b,
	   const uint8_t *mh, size_t covered, uint8_t mac[static MHMAC_LEN])
{
	static const uint8_t zero[CKSUM_END - CKSUM_AT];
	const size_t tail = covered > CKSUM_END ? covered - CKSUM_END : 0;
	const struct iov v[] = {
		{ a, sizeof(*a) },
		{ b, sizeof(*b) },
		{ mh, MIN(covered, (size_t)CKSUM_AT) },
		{ zero, sizeof(zero) },
		{ tail ? mh + CKSUM_END : mh, tail },
	};
	uint8_t full[20];

	crypto_hmac_sha1(key, key_len, v, ARRAY_SIZE(v), full);
	memcpy(mac, full, MHMAC_LEN);
}
