/* SPDX-License-Identifier: BSD-2-Clause */
#include "kern/priv.h"		/* <net/if.h> must come before <linux/if.h> */

#include <endian.h>
#include <errno.h>
#include <linux/if_tunnel.h>
#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>

static struct nlmsghdr *route_msg(struct kern *k, uint16_t type, uint16_t flags,
				  const struct k_route *r)
{
	struct nlmsghdr *h = nlq_msg(&k->rt, type, flags);
	struct rtmsg *rt = mnl_nlmsg_put_extra_header(h, sizeof(*rt));

	rt->rtm_family = r->dst.family;
	rt->rtm_dst_len = r->dst.plen;
	rt->rtm_table = (uint8_t)(r->table < 256 ? r->table : RT_TABLE_UNSPEC);
	rt->rtm_protocol = RTPROT_MIP6D;	/* ours: found again after a crash */
	if (r->dst.plen)
		mnl_attr_put(h, RTA_DST, family_bytes(r->dst.family), &r->dst.a);
	if (r->from.family) {
		rt->rtm_src_len = r->from.plen;
		mnl_attr_put(h, RTA_SRC, family_bytes(r->from.family), &r->from.a);
	}
	mnl_attr_put_u32(h, RTA_TABLE, r->table);
	if (r->metric)
		mnl_attr_put_u32(h, RTA_PRIORITY, r->metric);
	return h;
}

/* `encap ip6 dst REMOTE src LOCAL`. A hop limit left out would be 0. */
static void route_put_encap(struct nlmsghdr *h, const struct carrier *c)
{
	struct nlattr *nest = mnl_attr_nest_start(h, RTA_ENCAP);

	mnl_attr_put(h, LWTUNNEL_IP6_DST, 16, &c->remote.a);
	mnl_attr_put(h, LWTUNNEL_IP6_SRC, 16, &c->local.a);
	mnl_attr_put_u8(h, LWTUNNEL_IP6_HOPLIMIT, KERN_HOP_LIMIT);
	if (c->kind == CARRIER_IP6GRE && c->key) {
		mnl_attr_put_u64(h, LWTUNNEL_IP6_ID, htobe64(c->key));
		mnl_attr_put_u16(h, LWTUNNEL_IP6_FLAGS, TUNNEL_KEY);
	}
	mnl_attr_nest_end(h, nest);
	mnl_attr_put_u16(h, RTA_ENCAP_TYPE, LWTUNNEL_ENCAP_IP6);
}

static void route_put_via(struct nlmsghdr *h, const struct k_route *r)
{
	struct {
		uint16_t family;
		struct in6_addr addr;
	} __attribute__((packed)) via = { AF_INET6, r->via };

	if (r->dst.family == AF_INET)	/* RFC 5549: IPv4 by an IPv6 neighbour */
		mnl_attr_put(h, RTA_VIA, sizeof(via), &via);
	else
		mnl_attr_put(h, RTA_GATEWAY, sizeof(r->via), &r->via);
}

static bool encap_possible(const struct carrier *c)
{
	return (c->kind == CARRIER_IP6TNL || c->kind == CARRIER_IP6GRE) &&
	       c->remote.family == AF_INET6 && c->local.family == AF_INET6;
}

static void source_seen(void *arg, const struct nlmsghdr *h)
{
	const struct nlattr *tb[RTA_PREFSRC + 1];
	const void *src;

	if (h->nlmsg_type != RTM_NEWROUTE)
		return;
	nlq_attrs(h, sizeof(struct rtmsg), tb, RTA_PREFSRC + 1);
	src = nlq_data(tb[RTA_PREFSRC], sizeof(struct in6_addr));
	if (src)
		memcpy(arg, src, sizeof(struct in6_addr));
}

/*
 * An external ip6gre device ignores the outer source of the route, which an ip6tnl obeys: the
 * kernel selects it as for any packet to the care-of address (ip6_gre.c, __gre6_xmit()). The other
 * end takes packets of its home agent's address only, so if that is not what will be selected,
 * this tunnel would be one way.
 */
static int gre_source(struct kern *k, struct kop *op, const struct carrier *c)
{
	uint8_t buf[256] = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct rtmsg *rt = mnl_nlmsg_put_extra_header(h, sizeof(*rt));
	struct in6_addr src = in6addr_any;
	int rc;

	h->nlmsg_type = RTM_GETROUTE;
	rt->rtm_family = AF_INET6;
	rt->rtm_dst_len = 128;
	mnl_attr_put(h, RTA_DST, 16, &c->remote.a);
	rc = nlq_ask(&k->ask, NETLINK_ROUTE, h, source_seen, &src);
	if (rc < 0 || in6_eq(&src, &c->local.a.in6))
		return rc;
	kop_why(op, "the kernel's shared GRE device would send to %s from %s and not from %s: use "
		"tunnel = \"device\"", A6(&c->remote.a.in6), A6(&src), A6(&c->local.a.in6));
	return -EADDRNOTAVAIL;
}

/* REPLACE finds the route of the same destination, table and metric, in both families and whatever
 * its form was, so a change leaves exactly one (tests/lab/ktest.c holds the kernel to that). */
int kern_route_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	const struct k_route *r = &o->route;
	int ifindex = r->dev[0] ? kern_ifindex(k, r->dev) : 0;
	struct nlattr *nest;
	struct nlmsghdr *h;
	struct rtmsg *rt;
	int rc;

	(void)was;
	if (ifindex < 0) {
		kop_why(op, "no device %s", r->dev);
		return ifindex;
	}
	if (r->encap.kind && !encap_possible(&r->encap)) {
		kop_why(op, "no route encapsulates in %s", carrier_kind_str(r->encap.kind));
		return -EOPNOTSUPP;
	}
	if (r->encap.kind == CARRIER_IP6GRE && (rc = gre_source(k, op, &r->encap)) < 0)
		return rc;
	h = route_msg(k, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, r);
	rt = mnl_nlmsg_get_payload(h);
	rt->rtm_type = r->type ? r->type : RTN_UNICAST;
	rt->rtm_scope = rt->rtm_type == RTN_UNICAST && r->dst.family == AF_INET && !r->has_via ?
			RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	if (r->onlink)
		rt->rtm_flags |= RTNH_F_ONLINK;
	if (ifindex)
		mnl_attr_put_u32(h, RTA_OIF, (uint32_t)ifindex);
	if (r->has_via)
		route_put_via(h, r);
	if (r->src.family)
		mnl_attr_put(h, RTA_PREFSRC, family_bytes(r->src.family), &r->src.a);
	if (r->encap.kind)
		route_put_encap(h, &r->encap);
	if (r->mtu) {
		nest = mnl_attr_nest_start(h, RTA_METRICS);
		mnl_attr_put_u32(h, RTAX_MTU, r->mtu);
		mnl_attr_nest_end(h, nest);
	}
	kern_req(&k->rt, h, op);
	return 0;
}

/* By key and protocol, without the device: it may be gone, and the route with it. */
int kern_route_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	struct nlmsghdr *h = route_msg(k, RTM_DELROUTE, 0, &o->route);
	struct rtmsg *rt = mnl_nlmsg_get_payload(h);

	rt->rtm_scope = RT_SCOPE_NOWHERE;	/* any */
	kern_req(&k->rt, h, op);
	return 0;
}
