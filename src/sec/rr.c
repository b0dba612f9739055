/* SPDX-License-Identifier: BSD-2-Clause */
#include "sec/rr.h"

#include "base/util.h"
#include "sec/crypto.h"
#include "sec/mhmac.h"
#include "wire/rd.h"
#include "wire/wr.h"

uint64_t rr_keygen_token(const uint8_t kcn[static RR_KCN_LEN], enum rr_token kind,
			 const struct in6_addr *addr, const uint8_t *nonce, size_t nonce_len)
{
	const uint8_t tail = (uint8_t)kind;
	const struct iov v[] = { { addr, sizeof(*addr) }, { nonce, nonce_len }, { &tail, 1 } };
	uint8_t mac[20];
	struct rd r;

	crypto_hmac_sha1(kcn, RR_KCN_LEN, v, ARRAY_SIZE(v), mac);
	r = rd_init(mac, sizeof(mac));
	return rd_u64(&r); /* First(64, ...) */
}

static void kbm_of(const uint64_t *token, size_t n, uint8_t kbm[static RR_KBM_LEN])
{
	uint8_t buf[16];
	struct wr w = wr_init(buf, sizeof(buf));
	struct iov v = { buf, n * sizeof(*token) };

	for (size_t i = 0; i < n; i++)
		wr_u64(&w, token[i]);
	crypto_sha1(&v, 1, kbm);
	crypto_wipe(buf, sizeof(buf));
}

void rr_kbm(uint64_t home_token, uint64_t coa_token, uint8_t kbm[static RR_KBM_LEN])
{
	kbm_of((uint64_t[]){ home_token, coa_token }, 2, kbm);
}

void rr_kbm_delete(uint64_t home_token, uint8_t kbm[static RR_KBM_LEN])
{
	kbm_of(&home_token, 1, kbm);
}

void rr_mac(const uint8_t kbm[static RR_KBM_LEN], const struct in6_addr *coa,
	    const struct in6_addr *cn, const uint8_t *mh, size_t len,
	    uint8_t mac[static RR_MAC_LEN])
{
	mhmac(kbm, RR_KBM_LEN, coa, cn, mh, len < RR_MAC_LEN ? 0 : len - RR_MAC_LEN, mac);
}
