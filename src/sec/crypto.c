/* SPDX-License-Identifier: BSD-2-Clause */
#include "sec/crypto.h"

#include <errno.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/util.h"

void crypto_hmac_sha1(const uint8_t *key, size_t key_len, const struct iov *v, size_t n,
		      uint8_t out[static 20])
{
	struct hmac_sha1_ctx ctx;

	hmac_sha1_set_key(&ctx, key_len, key);
	for (size_t i = 0; i < n; i++)
		hmac_sha1_update(&ctx, v[i].n, v[i].p);
	hmac_sha1_digest(&ctx, SHA1_DIGEST_SIZE, out);
	crypto_wipe(&ctx, sizeof(ctx));
}

void crypto_sha1(const struct iov *v, size_t n, uint8_t out[static 20])
{
	struct sha1_ctx ctx;

	sha1_init(&ctx);
	for (size_t i = 0; i < n; i++)
		sha1_update(&ctx, v[i].n, v[i].p);
	sha1_digest(&ctx, SHA1_DIGEST_SIZE, out);
	crypto_wipe(&ctx, sizeof(ctx));
}

bool crypto_equal(const void *a, const void *b, size_t n)
{
	return memeql_sec(a, b, n);
}

void crypto_random(void *buf, size_t n)
{
	uint8_t *p = buf;

	while (n) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno != EINTR)
			abort(); /* a predictable key is worse than no daemon */
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}

bool crypto_iid_reserved(const uint8_t iid[static 8])
{
	static const struct {
		uint8_t first[8], last[8];
	} row[] = {
		{ { 0 }, { 0 } }, /* subnet-router anycast */
		{ { 0x02, 0, 0x5e, 0xff, 0xfe }, { 0x02, 0, 0x5e, 0xff, 0xfe, 0xff, 0xff, 0xff } },
		{ { 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80 },
		  { 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } }, /* anycast, RFC 2526 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (memcmp(iid, row[i].first, 8) >= 0 && memcmp(iid, row[i].last, 8) <= 0)
			return true;
	return false;
}

void crypto_opaque_iid(const uint8_t secret[static 16], const struct in6_addr *prefix,
		       const char *dev, uint8_t dad_counter, uint8_t iid[static 8])
{
	uint8_t mac[SHA256_DIGEST_SIZE], again = 0;
	struct hmac_sha256_ctx ctx;

	do {
		hmac_sha256_set_key(&ctx, 16, secret);
		hmac_sha256_update(&ctx, 8, prefix->s6_addr);
		hmac_sha256_update(&ctx, strlen(dev) + 1, (const uint8_t *)dev);
		hmac_sha256_update(&ctx, 1, &dad_counter);
		hmac_sha256_update(&ctx, 1, &again);
		hmac_sha256_digest(&ctx, sizeof(mac), mac);
		/* RFC 7217 5: from the least significant end */
		memcpy(iid, mac + sizeof(mac) - 8, 8);
	} while (crypto_iid_reserved(iid) && ++again);
	crypto_wipe(&ctx, sizeof(ctx));
	crypto_wipe(mac, sizeof(mac));
}

void crypto_wipe(void *buf, size_t n)
{
	explicit_bzero(buf, n);
}
