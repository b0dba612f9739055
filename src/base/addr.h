/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/addr.h - addresses, prefixes, locators and carriers.
 *
 * A care-of address is a locator, never a bare IPv6 address, and a tunnel a
 * carrier: RFC 5648 carries IPv4 care-of addresses, RFC 5555 adds UDP. Every
 * prefix is family-neutral, so IPv4 is never a second code path beside IPv6.
 *
 * Pure. Addresses are in network order, ports and keys in host order. All are
 * values: copied, never owned. Zeroed memory is "none" (family 0) for each.
 */
#ifndef MIP6_BASE_ADDR_H
#define MIP6_BASE_ADDR_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PREFIX_STRLEN	(INET6_ADDRSTRLEN + 4)
#define LOCATOR_STRLEN	(INET6_ADDRSTRLEN + 8)

union ip_bytes {
	struct in6_addr in6;
	struct in_addr in4;
	uint8_t b[16];
};

struct prefix {
	uint8_t family;			/* AF_INET, AF_INET6; 0 = none */
	uint8_t plen;			/* bits */
	union ip_bytes a;		/* unused bytes are zero */
};

struct locator {
	uint8_t family;			/* AF_INET, AF_INET6; 0 = none */
	uint16_t udp_port;		/* 0 = no UDP encapsulation */
	union ip_bytes a;
};

enum carrier_kind {
	CARRIER_NONE,
	CARRIER_IP6TNL,			/* RFC 2473, both inner versions */
	CARRIER_IP6GRE,			/* RFC 7676 */
	CARRIER_IP4,			/* RFC 5555, not built yet: refused by the plan */
	CARRIER_UDP,			/* RFC 5555, not built yet */
	CARRIER_ESP,			/* RFC 4877, not built yet */
};

struct carrier {
	uint8_t kind;			/* enum carrier_kind */
	struct locator local, remote;
	uint32_t key;			/* ip6gre only; 0 = none */
};

#define A6(a)	inet_ntop(AF_INET6, (a), (char[INET6_ADDRSTRLEN]){ 0 }, INET6_ADDRSTRLEN)
#define PFX(p)	prefix_str((p), (char[PREFIX_STRLEN]){ 0 })
#define LOC(l)	locator_str((l), (char[LOCATOR_STRLEN]){ 0 })

static inline bool in6_eq(const struct in6_addr *a, const struct in6_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* RFC 6275 6.3: not multicast, unspecified, loopback, link-local or mapped. */
bool in6_is_unicast_routable(const struct in6_addr *a);
/* fe80::/64 with the interface identifier of a (RFC 6275 10.3.1, L bit). */
struct in6_addr in6_link_local_of(const struct in6_addr *a);
/* ff02::1:ffXX:XXXX (RFC 4291 2.7.1). */
struct in6_addr in6_solicited_node(const struct in6_addr *a);

/*
 * The Mobile IPv6 Home-Agents anycast address of a home prefix (RFC 2526 2-4, number 0x7e): with
 * 64 bits of prefix PREFIX:fdff:ffff:ffff:fffe, with others all ones before the number. ::: more
 * than 121 bits leave no room.
 */
struct in6_addr in6_home_agents(const struct prefix *home);

static inline uint8_t family_bits(uint8_t family)
{
	return family == AF_INET ? 32 : 128;
}
static inline uint8_t family_bytes(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

struct prefix prefix6(const struct in6_addr *a, uint8_t plen);	/* host bits kept */
struct prefix prefix4(struct in_addr a, uint8_t plen);
/* Host bits cleared. */
struct prefix prefix_network(const struct prefix *p);
/* True if bits beyond plen are set. */
bool prefix_has_host_bits(const struct prefix *p);
bool prefix_eq(const struct prefix *a, const struct prefix *b);		/* all fields */
bool prefix_same_net(const struct prefix *a, const struct prefix *b);	/* host bits ignored */
/* True if inner lies in outer (same family, longer or equal). */
bool prefix_contains(const struct prefix *outer, const struct prefix *inner);
bool prefix_contains6(const struct prefix *outer, const struct in6_addr *a);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
/* "2001:db8::/64", "10.0.0.1/24"; without '/': full length. 0 or -EINVAL. */
int prefix_parse(const char *s, struct prefix *p);
const char *prefix_str(const struct prefix *p, char buf[static PREFIX_STRLEN]);

struct locator locator6(const struct in6_addr *a);
bool locator_eq(const struct locator *a, const struct locator *b);
/* "2001:db8::1", "192.0.2.1:4191", "none". */
const char *locator_str(const struct locator *l, char buf[static LOCATOR_STRLEN]);

bool carrier_eq(const struct carrier *a, const struct carrier *b);
const char *carrier_kind_str(uint8_t kind);

#endif
