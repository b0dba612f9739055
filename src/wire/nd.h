/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire/nd.h - Neighbour Discovery with the mobility extensions: RS, RA, NS, NA
 * (RFC 4861 4), H flag, R flag of the Prefix Information option, Advertisement
 * Interval and Home Agent Information (RFC 6275 7, RFC 3963 7.3).
 *
 * Pure. Host order; lifetimes in seconds (0xffffffff = infinity), intervals in
 * milliseconds. The ICMPv6 checksum is the kernel's work on a raw socket.
 */
#ifndef MIP6_WIRE_ND_H
#define MIP6_WIRE_ND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"

#define ND_RS	133
#define ND_RA	134
#define ND_NS	135
#define ND_NA	136

#define ND_MAX_PREFIX	16		/* further ones of one RA are ignored */
#define ND_MAX_ROUTE	8
#define ND_LLADDR_MAX	14
#define ND_BUILD_MAX	512

struct nd_lladdr { uint8_t len; uint8_t b[ND_LLADDR_MAX]; };	/* len 0: none */

struct nd_prefix {
	struct in6_addr addr;		/* with R: the router's full address */
	uint8_t plen;
	bool on_link, autonomous, router;
	uint32_t valid, preferred;	/* seconds */
};

struct nd_ra {
	uint8_t hop_limit;
	bool managed, other, home_agent;
	int8_t preference;		/* RFC 4191: -1, 0, 1 */
	uint16_t router_lifetime;	/* seconds */
	uint32_t reachable, retrans;	/* ms; 0 = unspecified */
	uint32_t mtu;			/* 0 = none */
	uint32_t interval;		/* Advertisement Interval, ms; 0 = none */
	bool has_ha_info, ha_mobile_router;
	uint16_t ha_preference, ha_lifetime;
	struct nd_lladdr slla;
	unsigned n_prefix;
	struct nd_prefix prefix[ND_MAX_PREFIX];
};

struct nd_ns { struct in6_addr target; struct nd_lladdr slla; bool nonce; uint8_t nonce_val[6]; };
struct nd_na { struct in6_addr target; bool router, solicited, override; struct nd_lladdr tlla; };
struct nd_rs { struct nd_lladdr slla; };

struct nd_msg {
	uint8_t type;			/* ND_RS .. ND_NA */
	union { struct nd_rs rs; struct nd_ra ra; struct nd_ns ns; struct nd_na na; };
};

/* From the ICMPv6 type octet on. 0, or -EBADMSG with *why; -EPROTONOSUPPORT: other type. */
int nd_parse(const uint8_t *buf, size_t len, struct nd_msg *m, const char **why);
/* Checksum 0. Length, -EMSGSIZE or -EINVAL. Builds RA too (tests, round trip). */
ssize_t nd_build(const struct nd_msg *m, uint8_t *buf, size_t cap);

#endif
