/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sec/auth.h - RFC 4285 authentication of BU and BA, and its replay protection.
 *
 * The MAC covers care-of address, home address and the Mobility Header up to and
 * including the SPI, checksum 0 (section 5.1). It protects signalling only.
 *
 * Pure: the clock is an argument. Timestamps are 64-bit NTP, host order.
 */
#ifndef MIP6_SEC_AUTH_H
#define MIP6_SEC_AUTH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"

#define AUTH_KEY_MAX	64		/* octets */
#define AUTH_KEY_MIN	16

struct auth_key { uint32_t spi; uint8_t len; uint8_t key[AUTH_KEY_MAX]; };

/* Writes 12 octets to mac. mh/covered: the message up to and including the SPI;
 * its checksum field is counted as zero whatever it holds. */
void auth_mac(const struct auth_key *k, const struct in6_addr *coa, const struct in6_addr *hoa,
	      const uint8_t *mh, size_t covered, uint8_t mac[static 12]);
/* Constant time. */
bool auth_check(const struct auth_key *k, const struct in6_addr *coa, const struct in6_addr *hoa,
		const uint8_t *mh, size_t covered, const uint8_t *mac, size_t mac_len);

/* wall clock: seconds since 1970 (double) -> NTP, era wraps silently. */
uint64_t ntp_from_unix(double t);
double ntp_diff(uint64_t a, uint64_t b);	/* a - b in seconds, wraps with the era */

enum replay { REPLAY_OK, REPLAY_MISMATCH };
/*
 * RFC 4285 section 6: newer than the last one accepted and within +-window
 * seconds of the own clock. last = 0: none yet.
 */
enum replay replay_check(uint64_t stamp, uint64_t last, uint64_t now, double window);
/* What a BA 144 carries: high 32 bits of now, low 32 bits of the stamp received. */
uint64_t replay_answer(uint64_t stamp, uint64_t now);

#endif
