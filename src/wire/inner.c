/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/inner.h"

#include <errno.h>
#include <string.h>

#include "wire/icmp6.h"
#include "wire/rd.h"

#define GRE_CHECKSUM	0x8000
#define GRE_KEY		0x2000
#define GRE_SEQUENCE	0x1000
#define GRE_VERSION	0x0007
#define ETHERTYPE_IPV4	0x0800
#define ETHERTYPE_IPV6	0x86dd
#define ICMP6_INFO	128	/* informational types begin */
#define ICMP6_REDIRECT	137

int gre_parse(const uint8_t *buf, size_t len, struct gre *g)
{
	struct rd r = rd_init(buf, len);
	uint16_t flags = rd_u16(&r), type = rd_u16(&r);

	*g = (struct gre){ .has_key = flags & GRE_KEY };
	if (flags & GRE_CHECKSUM)
		rd_u32(&r);
	if (g->has_key)
		g->key = rd_u32(&r);
	if (flags & GRE_SEQUENCE)
		rd_u32(&r);
	if (r.bad || flags & GRE_VERSION || (type != ETHERTYPE_IPV4 && type != ETHERTYPE_IPV6))
		return -EBADMSG;
	g->family = type == ETHERTYPE_IPV4 ? AF_INET : AF_INET6;
	g->payload = r.p;
	g->len = rd_left(&r);
	return 0;
}

/* RFC 792: echo, timestamp, information and mask are questions and answers; others are errors. */
static bool icmp4_error(uint8_t type)
{
	return type != 0 && type != 8 && (type < 13 || type > 18);
}

static int inner4(struct rd r, struct inner *in)
{
	struct rd upper = r;
	uint8_t version = rd_u8(&r), proto;
	size_t header = (version & 15) * 4u;

	rd_take(&r, 5);
	in->fragment = rd_u16(&r) & 0x1fff;
	rd_u8(&r);
	proto = rd_u8(&r);
	rd_u16(&r);
	in->src.in4 = rd_in4(&r);
	in->dst.in4 = rd_in4(&r);
	if (r.bad || version >> 4 != 4 || header < 20)
		return -EBADMSG;
	if (proto == IPPROTO_ICMP && !in->fragment) {
		rd_take(&upper, header);
		in->error = icmp4_error(rd_u8(&upper)) || upper.bad;
	}
	return 0;
}

static int inner6(const uint8_t *packet, size_t len, struct inner *in)
{
	struct icmp6_msg m;

	if (icmp6_quote(packet, len, &m) < 0)
		return -EBADMSG;
	in->src.in6 = m.err.src;
	in->dst.in6 = m.err.dst;
	/* a first fragment is passed by; at a later one the way ends */
	in->fragment = m.err.proto == IPPROTO_FRAGMENT;
	if (m.err.proto == IPPROTO_ICMPV6)
		in->error = m.err.off >= len || m.err.icmp_type < ICMP6_INFO ||
			    m.err.icmp_type == ICMP6_REDIRECT;
	return 0;
}

int inner_parse(uint8_t family, const uint8_t *packet, size_t len, struct inner *in)
{
	*in = (struct inner){ .family = family };
	return family == AF_INET ? inner4(rd_init(packet, len), in) : inner6(packet, len, in);
}

bool inner_may_hear(const struct inner *in)
{
	uint32_t src = ntohl(in->src.in4.s_addr);

	if (in->error || in->fragment)
		return false;
	if (in->family == AF_INET6)
		return in6_is_unicast_routable(&in->src.in6);
	return src >> 24 != 0 && src >> 24 != 127 && src >> 28 < 14;	/* classes D and E */
}
