/* SPDX-License-Identifier: BSD-2-Clause */
#include "sec/auth.h"

#include <math.h>

#include "sec/crypto.h"
#include "sec/mhmac.h"

#define NTP_UNIX   2208988800.0 /* seconds from 1900 to 1970 */
#define NTP_SECOND 4294967296.0 /* units of an NTP timestamp */

void auth_mac(const struct auth_key *k, const struct in6_addr *coa, const struct in6_addr *hoa,
	      const uint8_t *mh, size_t covered, uint8_t mac[static 12])
{
	mhmac(k->key, k->len, coa, hoa, mh, covered, mac);
}

bool auth_check(const struct auth_key *k, const struct in6_addr *coa, const struct in6_addr *hoa,
		const uint8_t *mh, size_t covered, const uint8_t *mac, size_t mac_len)
{
	uint8_t own[MHMAC_LEN];

	if (mac_len != MHMAC_LEN)
		return false;
	auth_mac(k, coa, hoa, mh, covered, own);
	return crypto_equal(own, mac, MHMAC_LEN);
}

uint64_t ntp_from_unix(double t)
{
	double sec = floor(t);
	uint32_t frac = (uint32_t)fmin((t - sec) * NTP_SECOND, NTP_SECOND - 1);

	return (uint64_t)(uint32_t)(int64_t)(sec + NTP_UNIX) << 32 | frac;
}

double ntp_diff(uint64_t a, uint64_t b)
{
	return (double)(int64_t)(a - b) / NTP_SECOND;
}

enum replay replay_check(uint64_t stamp, uint64_t last, uint64_t now, double window)
{
	if (last && (int64_t)(stamp - last) <= 0)
		return REPLAY_MISMATCH;
	return fabs(ntp_diff(stamp, now)) <= window ? REPLAY_OK : REPLAY_MISMATCH;
}

uint64_t replay_answer(uint64_t stamp, uint64_t now)
{
	return (now & 0xffffffff00000000u) | (stamp & 0xffffffffu);
}
