/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links, addresses and IPv6 default routes as the kernel last told them, so that
 * look-ups ask nobody, and after an overrun a new dump is told as differences.
 */
#include "kern/monitor.h"	/* <net/if.h> must come before <linux/if.h> */

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdlib.h>

#include "base/util.h"

/* ---- telling ---- */

static void tell_link(struct monitor *m, const struct mon_link *l, bool gone)
{
	if (!m->silent && m->k->news.link)
		m->k->news.link(m->k->news.arg, &l->l, gone);
}

static struct kaddr_news addr_news(const struct mon_addr *a, bool gone)
{
	struct kaddr_news n = { .ifindex = a->key.ifindex, .plen = a->plen, .flags = a->flags,
				.gone = gone };

	memcpy(&n.addr, a->key.addr, sizeof(n.addr));
	return n;
}

static void tell_addr(struct monitor *m, const struct mon_addr *a, bool gone)
{
	struct kaddr_news n = addr_news(a, gone);

	if (m->silent)
		return;
	if (a->key.family == AF_INET6 && m->k->news.addr)
		m->k->news.addr(m->k->news.arg, &n);
	if (a->key.family == AF_INET && m->k->news.addr4)
		m->k->news.addr4(m->k->news.arg, a->key.ifindex);
}

static void tell_route(struct monitor *m, const struct mon_route *r, bool gone)
{
	struct kroute_news n = { .ifindex = r->key.ifindex, .via = r->key.via, .proto = r->proto,
				 .table = r->key.table, .metric = r->key.metric, .gone = gone };

	if (!m->silent && m->k->news.route)
		m->k->news.route(m->k->news.arg, &n);
}

/* ---- removing ---- */

static void drop_addr(struct monitor *m, struct mon_addr *a)
{
	HASH_DEL(m->addrs, a);
	tell_addr(m, a, true);
	free(a);
}

static void drop_route(struct monitor *m, struct mon_route *r)
{
	HASH_DEL(m->routes, r);
	tell_route(m, r, true);
	free(r);
}

static void drop_link(struct monitor *m, struct mon_link *l)
{
	struct mon_addr *a, *a_tmp;
	struct mon_route *r, *r_tmp;

	HASH_ITER(hh, m->addrs, a, a_tmp)
		if (a->key.ifindex == l->ifindex)
			drop_addr(m, a);
	HASH_ITER(hh, m->routes, r, r_tmp)
		if (r->key.ifindex == l->ifindex)
			drop_route(m, r);
	HASH_DELETE(hh, m->links, l);
	HASH_DELETE(hh_name, m->links_by_name, l);
	tell_link(m, l, true);
	free(l);
}

/* ---- links ---- */

static struct klink parse_link(const struct nlmsghdr *h, const struct nlattr **tb)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);
	struct klink l = { .ifindex = ifi->ifi_index, .up = ifi->ifi_flags & IFF_UP,
			   .is_tunnel = link_is_tunnel_type(ifi->ifi_type),
			   .mtu = nlq_u32(tb[IFLA_MTU]),
			   .carrier_changes = nlq_u32(tb[IFLA_CARRIER_CHANGES]) };
	size_t len = mnl_attr_get_payload_len(tb[IFLA_IFNAME]);

	l.carrier = (ifi->ifi_flags & IFF_LOWER_UP) && !(ifi->ifi_flags & IFF_DORMANT);
	memcpy(l.name, mnl_attr_get_payload(tb[IFLA_IFNAME]), MIN(len, sizeof(l.name) - 1));
	if (tb[IFLA_ADDRESS]) {
		len = mnl_attr_get_payload_len(tb[IFLA_ADDRESS]);
		l.lladdr.len = (uint8_t)(len <= ND_LLADDR_MAX ? len : 0);
		memcpy(l.lladdr.b, mnl_attr_get_payload(tb[IFLA_ADDRESS]), l.lladdr.len);
	}
	return l;
}

static bool klink_eq(const struct klink *a, const struct klink *b)
{
	return strcmp(a->name, b->name) == 0 && a->up == b->up && a->carrier == b->carrier &&
	       a->is_tunnel == b->is_tunnel && a->mtu == b->mtu &&
	       a->carrier_changes == b->carrier_changes && a->lladdr.len == b->lladdr.len &&
	       memcmp(a->lladdr.b, b->lladdr.b, a->lladdr.len) == 0;
}

static void keep_link(struct monitor *m, struct mon_link *l, const struct klink *now)
{
	if (strcmp(l->name, now->name) != 0) {
		if (l->name[0])
			HASH_DELETE(hh_name, m->links_by_name, l);
		memcpy(l->name, now->name, sizeof(l->name));
		HASH_ADD(hh_name, m->links_by_name, name, strlen(l->name), l);
	}
	l->l = *now;
	tell_link(m, l, false);
}

static void on_link(struct monitor *m, const struct nlmsghdr *h)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[IFLA_CARRIER_CHANGES + 1];
	struct mon_link *l;
	struct klink now;

	nlq_attrs(h, sizeof(*ifi), tb, IFLA_CARRIER_CHANGES + 1);
	/* Bridges and wireless events speak of a link without describing it. */
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*ifi) || ifi->ifi_family != AF_UNSPEC ||
	    !tb[IFLA_IFNAME])
		return;
	HASH_FIND_INT(m->links, &ifi->ifi_index, l);
	if (h->nlmsg_type == RTM_DELLINK) {
		if (l)
			drop_link(m, l);
		return;
	}
	now = parse_link(h, tb);
	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			return;
		l->ifindex = now.ifindex;
		HASH_ADD_INT(m->links, ifindex, l);
		keep_link(m, l, &now);
	} else if (!klink_eq(&l->l, &now)) {
		keep_link(m, l, &now);
	}
	l->gen = m->gen;
}

/* ---- addresses ---- */

static void on_addr(struct monitor *m, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[IFA_FLAGS + 1], *addr;
	struct addr_key key = { 0 };
	struct mon_addr *a;
	uint32_t flags;
	bool is_new;

	nlq_attrs(h, sizeof(*ifa), tb, IFA_FLAGS + 1);
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*ifa) ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return;
	addr = tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS];	/* ADDRESS may be a peer's */
	if (!nlq_data(addr, family_bytes(ifa->ifa_family)))
		return;
	key.ifindex = (int)ifa->ifa_index;
	key.family = ifa->ifa_family;
	key.plen = ifa->ifa_family == AF_INET ? ifa->ifa_prefixlen : 0;
	memcpy(key.addr, mnl_attr_get_payload(addr), family_bytes(key.family));
	HASH_FIND(hh, m->addrs, &key, sizeof(key), a);
	if (h->nlmsg_type == RTM_DELADDR) {
		if (a)
			drop_addr(m, a);
		return;
	}
	flags = tb[IFA_FLAGS] ? nlq_u32(tb[IFA_FLAGS]) : ifa->ifa_flags;
	is_new = !a;
	if (is_new) {
		a = calloc(1, sizeof(*a));
		if (!a)
			return;
		a->key = key;
		HASH_ADD(hh, m->addrs, key, sizeof(key), a);
	}
	a->gen = m->gen;
	if (!is_new && a->flags == flags && a->plen == ifa->ifa_prefixlen)
		return;
	a->flags = flags;
	a->plen = ifa->ifa_prefixlen;
	tell_addr(m, a, false);
}

/* ---- default routes ---- */

static void one_route(struct monitor *m, const struct route_key *key, uint8_t proto, bool gone)
{
	struct mon_route *r;

	HASH_FIND(hh, m->routes, key, sizeof(*key), r);
	if (gone) {
		if (r)
			drop_route(m, r);
		return;
	}
	if (r && r->proto == proto) {
		r->gen = m->gen;
		return;
	}
	if (!r) {
		r = calloc(1, sizeof(*r));
		if (!r)
			return;
		r->key = *key;
		HASH_ADD(hh, m->routes, key, sizeof(*key), r);
	}
	r->proto = proto;
	r->gen = m->gen;
	tell_route(m, r, false);
}

static void many_routes(struct monitor *m, struct route_key key, uint8_t proto, bool gone,
			const struct nlattr *hops)
{
	const struct rtnexthop *nh = mnl_attr_get_payload(hops);
	size_t left = mnl_attr_get_payload_len(hops);

	while (left >= sizeof(*nh) && nh->rtnh_len >= sizeof(*nh) && nh->rtnh_len <= left) {
		const struct nlattr *attr;

		key.ifindex = nh->rtnh_ifindex;
		memset(&key.via, 0, sizeof(key.via));
		mnl_attr_for_each_payload((void *)RTNH_DATA(nh), nh->rtnh_len - sizeof(*nh))
			if (mnl_attr_get_type(attr) == RTA_GATEWAY && nlq_data(attr, 16))
				memcpy(&key.via, mnl_attr_get_payload(attr), 16);
		one_route(m, &key, proto, gone);
		left -= MIN(left, (size_t)RTNH_ALIGN(nh->rtnh_len));
		nh = RTNH_NEXT(nh);
	}
}

/* A replaced route goes without a word of its own. */
static void forget_replaced(struct monitor *m, const struct route_key *key, unsigned gen)
{
	struct mon_route *r, *tmp;

	HASH_ITER(hh, m->routes, r, tmp)
		if (r->key.table == key->table && r->key.metric == key->metric && r->gen != gen)
			drop_route(m, r);
}

static void on_route(struct monitor *m, const struct nlmsghdr *h)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[RTA_TABLE + 1];
	bool gone = h->nlmsg_type == RTM_DELROUTE;
	struct route_key key = { 0 };

	nlq_attrs(h, sizeof(*rt), tb, RTA_TABLE + 1);
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*rt) || rt->rtm_family != AF_INET6 ||
	    rt->rtm_dst_len || rt->rtm_type != RTN_UNICAST || rt->rtm_flags & RTM_F_CLONED)
		return;
	key.ifindex = (int)nlq_u32(tb[RTA_OIF]);
	key.table = tb[RTA_TABLE] ? nlq_u32(tb[RTA_TABLE]) : rt->rtm_table;
	key.metric = nlq_u32(tb[RTA_PRIORITY]);
	if (nlq_data(tb[RTA_GATEWAY], sizeof(key.via)))
		memcpy(&key.via, mnl_attr_get_payload(tb[RTA_GATEWAY]), sizeof(key.via));
	if (!gone && h->nlmsg_flags & NLM_F_REPLACE)
		m->gen++;		/* what this message does not touch keeps an older one */
	if (tb[RTA_MULTIPATH])
		many_routes(m, key, rt->rtm_protocol, gone, tb[RTA_MULTIPATH]);
	else
		one_route(m, &key, rt->rtm_protocol, gone);
	if (!gone && h->nlmsg_flags & NLM_F_REPLACE)
		forget_replaced(m, &key, m->gen);
}

/* ---- reports ---- */

void cache_report(struct monitor *m, const struct nlmsghdr *h)
{
	const struct xfrm_user_report *rep = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[XFRMA_COADDR + 1];
	struct kreport n = { 0 };

	nlq_attrs(h, sizeof(*rep), tb, XFRMA_COADDR + 1);
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*rep) || rep->sel.family != AF_INET6)
		return;
	n.src = rep->sel.saddr.in6;
	n.dst = rep->sel.daddr.in6;
	n.proto = rep->proto;
	if (nlq_data(tb[XFRMA_COADDR], sizeof(n.coa)))
		memcpy(&n.coa, mnl_attr_get_payload(tb[XFRMA_COADDR]), sizeof(n.coa));
	if (m->k->news.report)
		m->k->news.report(m->k->news.arg, &n);
}

/* Of our own templates only: others may use the same kernel for their IPsec. */
void cache_acquire(struct monitor *m, const struct nlmsghdr *h)
{
	struct xfrm_user_acquire acq;	/* a copy: in the message it is not aligned */
	const struct nlattr *tb[XFRMA_TMPL + 1];
	struct xfrm_user_tmpl tmpl;
	struct kacquire n = { 0 };

	if (mnl_nlmsg_get_payload_len(h) < sizeof(acq) || !m->k->news.acquire)
		return;
	memcpy(&acq, mnl_nlmsg_get_payload(h), sizeof(acq));
	nlq_attrs(h, sizeof(acq), tb, XFRMA_TMPL + 1);
	if (acq.sel.family != AF_INET6 || !nlq_data(tb[XFRMA_TMPL], sizeof(tmpl)))
		return;
	memcpy(&tmpl, mnl_attr_get_payload(tb[XFRMA_TMPL]), sizeof(tmpl));
	if ((tmpl.reqid & 0xff000000u) != KOBJ_XFRM_REQID)
		return;
	n.src = acq.sel.saddr.in6;
	n.dst = acq.sel.daddr.in6;
	n.proto = acq.id.proto;
	m->k->news.acquire(m->k->news.arg, &n);
}

/* ---- all of them ---- */

void cache_message(struct monitor *m, const struct nlmsghdr *h)
{
	switch (h->nlmsg_type) {	/* the kernel's numbers, not an enum of ours */
	case RTM_NEWLINK:
	case RTM_DELLINK:
		on_link(m, h);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		on_addr(m, h);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		on_route(m, h);
		break;
	}
}

void cache_sweep(struct monitor *m)
{
	struct mon_link *l, *l_tmp;
	struct mon_addr *a, *a_tmp;
	struct mon_route *r, *r_tmp;

	HASH_ITER(hh, m->routes, r, r_tmp)
		if (r->gen != m->gen)
			drop_route(m, r);
	HASH_ITER(hh, m->addrs, a, a_tmp)
		if (a->gen != m->gen)
			drop_addr(m, a);
	HASH_ITER(hh, m->links, l, l_tmp)
		if (l->gen != m->gen)
			drop_link(m, l);
}

void cache_tell_all(struct monitor *m)
{
	struct mon_link *l, *l_tmp;
	struct mon_addr *a, *a_tmp;
	struct mon_route *r, *r_tmp;

	HASH_ITER(hh, m->links, l, l_tmp)
		tell_link(m, l, false);
	HASH_ITER(hh, m->addrs, a, a_tmp)
		tell_addr(m, a, false);
	HASH_ITER(hh, m->routes, r, r_tmp)
		tell_route(m, r, false);
}

void cache_free(struct monitor *m)
{
	struct mon_link *l, *l_tmp;
	struct mon_addr *a, *a_tmp;
	struct mon_route *r, *r_tmp;

	m->silent = true;
	HASH_ITER(hh, m->links, l, l_tmp)
		drop_link(m, l);
	HASH_ITER(hh, m->addrs, a, a_tmp)
		drop_addr(m, a);
	HASH_ITER(hh, m->routes, r, r_tmp)
		drop_route(m, r);
}

/* ---- look-ups ---- */

const struct klink *kern_link(struct kern *k, const char *name)
{
	const struct mon_link *l;

	HASH_FIND(hh_name, k->mon->links_by_name, name, strlen(name), l);
	return l ? &l->l : NULL;
}

const struct klink *kern_link_by_index(struct kern *k, int ifindex)
{
	const struct mon_link *l;

	HASH_FIND_INT(k->mon->links, &ifindex, l);
	return l ? &l->l : NULL;
}

int kern_addr_find(struct kern *k, int ifindex, const struct in6_addr *addr, uint32_t *flags)
{
	struct addr_key key = { .ifindex = ifindex, .family = AF_INET6 };
	const struct mon_addr *a;

	memcpy(key.addr, addr, sizeof(key.addr));
	HASH_FIND(hh, k->mon->addrs, &key, sizeof(key), a);
	if (a && flags)
		*flags = a->flags;
	return a ? 1 : 0;
}

void kern_addr_each(struct kern *k, int ifindex,
		    void (*fn)(void *arg, const struct kaddr_news *a), void *arg)
{
	struct mon_addr *a, *tmp;

	HASH_ITER(hh, k->mon->addrs, a, tmp) {
		struct kaddr_news n = addr_news(a, false);

		if (a->key.family == AF_INET6 && (!ifindex || a->key.ifindex == ifindex))
			fn(arg, &n);
	}
}

int kern_addr4_in(struct kern *k, const char *dev, const struct prefix *p, struct in_addr *out)
{
	const struct klink *l = kern_link(k, dev);
	struct mon_addr *a, *tmp;

	HASH_ITER(hh, k->mon->addrs, a, tmp) {
		struct prefix one = { .family = AF_INET, .plen = 32 };

		memcpy(&one.a.in4, a->key.addr, sizeof(one.a.in4));
		if (!l || a->key.family != AF_INET || a->key.ifindex != l->ifindex ||
		    !prefix_contains(p, &one))
			continue;
		*out = one.a.in4;
		return 0;
	}
	return -ENOENT;
}
