/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define RFC2526_HOME_AGENTS	0x7e
#define RFC2526_ID_BITS		7

bool in6_is_unicast_routable(const struct in6_addr *a)
{
	return !IN6_IS_ADDR_MULTICAST(a) && !IN6_IS_ADDR_UNSPECIFIED(a) &&
	       !IN6_IS_ADDR_LOOPBACK(a) && !IN6_IS_ADDR_LINKLOCAL(a) &&
	       !IN6_IS_ADDR_V4MAPPED(a) && !IN6_IS_ADDR_V4COMPAT(a);
}

struct in6_addr in6_link_local_of(const struct in6_addr *a)
{
	struct in6_addr ll = *a;

	memset(ll.s6_addr, 0, 8);
	ll.s6_addr[0] = 0xfe;
	ll.s6_addr[1] = 0x80;
	return ll;
}

struct in6_addr in6_solicited_node(const struct in6_addr *a)
{
	struct in6_addr m = { .s6_addr = { 0xff, 2, [11] = 1, 0xff } };

	memcpy(&m.s6_addr[13], &a->s6_addr[13], 3);
	return m;
}

struct in6_addr in6_home_agents(const struct prefix *home)
{
	struct in6_addr a = prefix_network(home).a.in6;
	unsigned plen = home->plen;

	if (home->family != AF_INET6 || plen > 128 - RFC2526_ID_BITS)
		return in6addr_any;
	for (unsigned i = plen / 8; i < sizeof(a.s6_addr); i++)
		a.s6_addr[i] |= i == plen / 8 ? 0xff >> plen % 8 : 0xff;
	a.s6_addr[15] &= (uint8_t)(~0x7f | RFC2526_HOME_AGENTS);
	if (plen == 64)			/* the identifier is an EUI-64: not a universal one */
		a.s6_addr[8] &= (uint8_t)~0x02;
	return a;
}

struct prefix prefix6(const struct in6_addr *a, uint8_t plen)
{
	return (struct prefix){ .family = AF_INET6, .plen = plen, .a.in6 = *a };
}

struct prefix prefix4(struct in_addr a, uint8_t plen)
{
	return (struct prefix){ .family = AF_INET, .plen = plen, .a.in4 = a };
}

struct prefix prefix_network(const struct prefix *p)
{
	struct prefix n = *p;

	for (unsigned i = 0; i < sizeof(n.a.b); i++) {
		unsigned keep = p->plen > i * 8 ? p->plen - i * 8 : 0;

		if (keep < 8)
			n.a.b[i] &= (uint8_t)(0xff00 >> keep);
	}
	return n;
}

bool prefix_eq(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && a->plen == b->plen &&
	       memcmp(&a->a, &b->a, family_bytes(a->family)) == 0;
}

bool prefix_has_host_bits(const struct prefix *p)
{
	struct prefix n = prefix_network(p);

	return !prefix_eq(p, &n);
}

bool prefix_same_net(const struct prefix *a, const struct prefix *b)
{
	struct prefix na = prefix_network(a), nb = prefix_network(b);

	return prefix_eq(&na, &nb);
}

bool prefix_contains(const struct prefix *outer, const struct prefix *inner)
{
	struct prefix cut = *inner;

	if (outer->family != inner->family || inner->plen < outer->plen)
		return false;
	cut.plen = outer->plen;
	return prefix_same_net(outer, &cut);
}

bool prefix_contains6(const struct prefix *outer, const struct in6_addr *a)
{
	struct prefix p = prefix6(a, 128);

	return prefix_contains(outer, &p);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_contains(a, b) || prefix_contains(b, a);
}

int prefix_parse(const char *s, struct prefix *p)
{
	char addr[INET6_ADDRSTRLEN];
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	struct prefix out = { 0 };
	unsigned long plen;
	char *end;

	if (n >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, s, n);
	addr[n] = '\0';
	out.family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(out.family, addr, &out.a) != 1)
		return -EINVAL;
	out.plen = family_bits(out.family);
	if (slash) {
		if (slash[1] < '0' || slash[1] > '9')
			return -EINVAL;
		plen = strtoul(slash + 1, &end, 10);
		if (*end || plen > out.plen)
			return -EINVAL;
		out.plen = (uint8_t)plen;
	}
	*p = out;
	return 0;
}

const char *prefix_str(const struct prefix *p, char buf[static PREFIX_STRLEN])
{
	char a[INET6_ADDRSTRLEN];

	if (!p->family)
		return strcpy(buf, "none");
	inet_ntop(p->family, &p->a, a, sizeof(a));
	snprintf(buf, PREFIX_STRLEN, "%s/%u", a, p->plen);
	return buf;
}

struct locator locator6(const struct in6_addr *a)
{
	return (struct locator){ .family = AF_INET6, .a.in6 = *a };
}

bool locator_eq(const struct locator *a, const struct locator *b)
{
	return a->family == b->family && a->udp_port == b->udp_port &&
	       (!a->family || memcmp(&a->a, &b->a, family_bytes(a->family)) == 0);
}

const char *locator_str(const struct locator *l, char buf[static LOCATOR_STRLEN])
{
	char a[INET6_ADDRSTRLEN];

	if (!l->family)
		return strcpy(buf, "none");
	inet_ntop(l->family, &l->a, a, sizeof(a));
	if (l->udp_port)
		snprintf(buf, LOCATOR_STRLEN, l->family == AF_INET6 ? "[%s]:%u" : "%s:%u", a,
			 l->udp_port);
	else
		snprintf(buf, LOCATOR_STRLEN, "%s", a);
	return buf;
}

bool carrier_eq(const struct carrier *a, const struct carrier *b)
{
	return a->kind == b->kind && a->key == b->key && locator_eq(&a->local, &b->local) &&
	       locator_eq(&a->remote, &b->remote);
}

const char *carrier_kind_str(uint8_t kind)
{
	static const char *const name[] = {
		[CARRIER_NONE] = "none", [CARRIER_IP6TNL] = "ip6tnl", [CARRIER_IP6GRE] = "ip6gre",
		[CARRIER_IP4] = "ip4",   [CARRIER_UDP] = "udp",       [CARRIER_ESP] = "esp",
	};

	return kind < sizeof(name) / sizeof(name[0]) ? name[kind] : "?";
}
