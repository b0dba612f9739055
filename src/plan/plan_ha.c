/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/plan_ha.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdio.h>

#include "plan/plan_mh.h"
#include "plan/plan_steer.h"
#include "store/ha_rules.h"

/* What is left of 1500 octets; a narrower path is found by path MTU discovery. */
#define MTU_IP6TNL	1460		/* without encapsulation limit option */
#define MTU_IP6GRE	1456
#define MTU_IP6GRE_KEY	1452
#define ND_REDIRECT	137		/* RFC 4861 4.5 */

static bool any_ipv4(const struct ha_conf *c)
{
	for (size_t i = 0; i < c->n_node; i++)
		for (size_t j = 0; j < c->nodes[i].n_prefix; j++)
			if (c->nodes[i].prefixes[j].family == AF_INET)
				return true;
	return false;
}

static bool any_key(const struct ha_conf *c)
{
	for (size_t i = 0; i < c->n_node; i++)
		if (c->nodes[i].gre_key)
			return true;
	return false;
}

static uint32_t tunnel_mtu(uint8_t carrier, bool key)
{
	if (carrier == CARRIER_IP6TNL)
		return MTU_IP6TNL;
	return key ? MTU_IP6GRE_KEY : MTU_IP6GRE;
}

/*
 * At home an IPv4 network is behind a neighbour on the home link, so the kernel would redirect its
 * correspondents on that link to the mobile router, by an address of its mobile network. They
 * would go on sending there when it has left.
 */
static int plan_ipv4_sysctls(const struct ha_conf *c, struct kplan *p)
{
	int rc = kplan_sysctl(p, "1", "net/ipv4/ip_forward");

	if (rc == 0 && c->n_link)
		rc = kplan_sysctl(p, "0", "net/ipv4/conf/all/send_redirects");
	for (size_t i = 0; rc == 0 && i < c->n_link; i++)
		rc = kplan_sysctl(p, "0", "net/ipv4/conf/%s/send_redirects", c->links[i].dev);
	return rc;
}

static int plan_sysctls(const struct ha_conf *c, struct kplan *p)
{
	int rc = kplan_sysctl(p, "1", "net/ipv6/conf/all/forwarding");

	if (rc == 0 && any_ipv4(c))
		rc = plan_ipv4_sysctls(c, p);
	/*
	 * The kernel asks "all" before it forwards: else unicast probes of neighbours go into the
	 * tunnel and die there, and packets to a proxied link-local address are forwarded on the
	 * home link instead of being answered (RFC 6275 10.4.2).
	 */
	if (rc == 0 && c->n_link)
		rc = kplan_sysctl(p, "1", "net/ipv6/conf/all/proxy_ndp");
	for (size_t i = 0; rc == 0 && i < c->n_link; i++) {
		rc = kplan_sysctl(p, "1", "net/ipv6/conf/%s/proxy_ndp", c->links[i].dev);
		/* else the kernel answers for mobile nodes up to 0.8 s late */
		if (rc == 0)
			rc = kplan_sysctl(p, "0", "net/ipv6/neigh/%s/proxy_delay",
					  c->links[i].dev);
	}
	return rc;
}

static int plan_shared_device(const struct ha_conf *c, struct kplan *p)
{
	bool gre = c->carrier == CARRIER_IP6GRE;
	struct kobj o = { .kind = KOBJ_LINK };

	snprintf(o.link.name, sizeof(o.link.name), "%s", HA_DEVICE);
	o.link.kind = gre ? KLINK_IP6GRE_EXTERNAL : KLINK_IP6TNL_EXTERNAL;
	o.link.mtu = tunnel_mtu(c->carrier, any_key(c));
	o.link.ingress = true;
	return kplan_add(p, &o);
}

/*
 * Lets Mobility Headers with a home address option in, whoever sends them: without
 * the state the kernel drops them in silence, without the policy too. Other packets
 * with the option miss the policy and raise a report (RFC 6275 9.3.1).
 */
static int plan_wildcard(struct kplan *p, const struct in6_addr *own)
{
	struct kobj s = { .kind = KOBJ_XSTATE };
	struct prefix dst = prefix6(own, 128);
	int rc;

	s.xstate.dst = *own;
	s.xstate.proto = IPPROTO_DSTOPTS;
	s.xstate.wildrecv = true;
	rc = kplan_add(p, &s);
	return rc < 0 ? rc : plan_mh_in(p, &dst);
}

/*
 * RFC 5648 5.6.2: all packets for a node that is at home as well come here. The kernel would tell a
 * host on that link, whose packet goes back there, that the node is its neighbour.
 */
static int plan_no_redirects(struct kplan *p, const struct prefix *home)
{
	struct kobj o = { .kind = KOBJ_XPOLICY, .xpolicy = {
		.dir = XFRM_POLICY_OUT, .priority = KOBJ_XFRM_PRIO + 3,
		.sel_src = prefix6(&in6addr_any, 0), .sel_dst = prefix_network(home),
		.sel_proto = IPPROTO_ICMPV6, .sel_type = ND_REDIRECT, .has_sel_type = true,
		.block = true } };

	return kplan_add(p, &o);
}

static int plan_home_link(const struct ha_conf *c, const struct home_link *l, struct kplan *p)
{
	int rc = plan_wildcard(p, &l->address);

	for (size_t i = 0; rc == 0 && i < l->n_prefix; i++)
		if (c->simultaneous_home == SIMULTANEOUS_PROXY)
			rc = plan_no_redirects(p, &l->prefixes[i]);
	return rc;
}

int ha_plan_base(const struct ha_conf *c, struct kplan *p)
{
	struct in6_addr own = ha_own_address(c, NULL);
	int rc;

	if (c->carrier != CARRIER_IP6TNL && c->carrier != CARRIER_IP6GRE)
		return -EOPNOTSUPP;
	rc = plan_sysctls(c, p);
	if (rc == 0 && c->tunnel == TUNNEL_SHARED)
		rc = plan_shared_device(c, p);
	for (size_t i = 0; rc == 0 && i < c->n_link; i++)
		rc = plan_home_link(c, &c->links[i], p);
	if (rc == 0 && c->n_served && !IN6_IS_ADDR_UNSPECIFIED(&own))
		rc = plan_wildcard(p, &own);
	return rc;
}

struct carrier ha_carrier(const struct ha_conf *c, const struct mobile_node *n,
			  const struct binding *b)
{
	return (struct carrier){
		.kind = c->carrier,
		.local = locator6(&b->local),
		.remote = b->coa,
		.key = c->carrier == CARRIER_IP6GRE ? n->gre_key : 0,
	};
}

/* FNV-1a: the same in every run. */
#define FNV_START	2166136261u

static uint32_t fnv(uint32_t h, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

void ha_tunnel_name(const struct bc_key *k, char name[static IFNAMSIZ])
{
	const uint8_t bid[2] = { k->bid & 0xff, (uint8_t)(k->bid >> 8) };

	snprintf(name, IFNAMSIZ, "ha-%08x",
		 fnv(fnv(FNV_START, &k->hoa, sizeof(k->hoa)), bid, sizeof(bid)));
}

bool ha_device(const struct ha_conf *c, const struct binding *b, char name[static IFNAMSIZ])
{
	const struct mobile_node *node = ha_node(c, &b->key.hoa);
	const struct home_link *l;
	struct carrier k;
	uint32_t h;
	bool served;

	l = b->home ? ha_home_of(c, &b->key.hoa, &served) : NULL;
	if (l) {
		memcpy(name, l->dev, IFNAMSIZ);
		return false;
	}
	if (c->tunnel == TUNNEL_DEVICE) {
		ha_tunnel_name(&b->key, name);
		return false;
	}
	snprintf(name, IFNAMSIZ, "%s", HA_DEVICE);
	if (!node || !ha_in_mobile_network(c, &b->coa.a.in6))
		return true;
	k = ha_carrier(c, node, b);
	h = fnv(FNV_START, &k.local.a.in6, sizeof(k.local.a.in6));
	h = fnv(h, &k.remote.a.in6, sizeof(k.remote.a.in6));
	snprintf(name, IFNAMSIZ, "hn-%08x", fnv(h, &k.key, sizeof(k.key)));
	return false;
}

static uint32_t metric(const struct ha_conf *c, unsigned slot)
{
	/* kernel.md: IPv4 routes of one device and one metric share a hash bucket */
	return c->metric + (c->metric_spread ? slot % c->metric_spread : 0);
}

/*
 * For routing daemons, in a table that forwards nothing: BIRD does not take routes with
 * encapsulation, and nobody upstream cares where the prefix is now.
 */
static int plan_announce(const struct ha_conf *c, const struct prefix *net, struct kplan *p)
{
	struct kobj o = { .kind = KOBJ_ROUTE };

	if (!c->announce_table)
		return 0;
	o.route.table = c->announce_table;
	o.route.metric = c->metric;
	o.route.dst = *net;
	o.route.type = RTN_UNREACHABLE;
	return kplan_add(p, &o);
}

/* ---- a node that is bound ---- */

struct bound {				/* one of its bindings */
	const struct ha_conf *c;
	const struct binding *b;
	struct kplan *p;
	const struct home_link *link;	/* of its home; NULL: virtual */
	struct carrier carrier;
	bool shared;
	char dev[IFNAMSIZ];		/* the home link's, if the binding is there */
};

static int plan_own_device(const struct bound *n)
{
	struct kobj o = { .kind = KOBJ_LINK };

	memcpy(o.link.name, n->dev, sizeof(n->dev));
	o.link.kind = n->carrier.kind == CARRIER_IP6GRE ? KLINK_IP6GRE : KLINK_IP6TNL;
	o.link.carrier = n->carrier;
	o.link.mtu = tunnel_mtu(n->carrier.kind, n->carrier.key);
	o.link.ingress = true;
	return kplan_add(n->p, &o);
}

static int bound_init(struct bound *n, const struct ha_conf *c, const struct mobile_node *node,
		      const struct binding *b, struct kplan *p)
{
	bool served;

	*n = (struct bound){ .c = c, .b = b, .p = p, .carrier = ha_carrier(c, node, b),
			     .link = ha_home_of(c, &b->key.hoa, &served) };
	if (b->home) {
		ha_device(c, b, n->dev);
		return n->link ? 0 : -EOPNOTSUPP;
	}
	if (n->carrier.kind != CARRIER_IP6TNL && n->carrier.kind != CARRIER_IP6GRE)
		return -EOPNOTSUPP;
	if (b->coa.family != AF_INET6 || b->coa.udp_port)
		return -EOPNOTSUPP;	/* RFC 5555, not built */
	n->shared = ha_device(c, b, n->dev);
	return n->shared ? 0 : plan_own_device(n);
}

/* What comes in is held against the binding (RFC 6275 10.4.5); on the home link nothing is. */
static int plan_in(const struct bound *n, const struct prefix *net)
{
	struct kobj in = { .kind = KOBJ_INGRESS };

	if (n->b->home)
		return 0;
	memcpy(in.ingress.dev, n->dev, sizeof(n->dev));
	in.ingress.inner = *net;
	in.ingress.owner = n->b->key.hoa;
	if (n->shared)
		in.ingress.outer = n->b->coa;
	/* else the remote end of the device says it, which changes while the entry stays */
	return kplan_add(n->p, &in);
}

/* RFC 3963 6.5. On the home link the node is a neighbour, and the router of its networks. */
static int plan_out(const struct bound *n, const struct prefix *net, uint32_t table)
{
	struct kobj r = { .kind = KOBJ_ROUTE };
	struct prefix hoa = prefix6(&n->b->key.hoa, 128);

	memcpy(r.route.dev, n->dev, sizeof(n->dev));
	r.route.table = table;
	r.route.metric = metric(n->c, n->b->slot);
	r.route.dst = *net;
	if (n->shared)
		r.route.encap = n->carrier;
	if (n->b->home && !prefix_eq(net, &hoa)) {
		r.route.has_via = true;
		r.route.via = n->b->key.hoa;
	}
	return kplan_add(n->p, &r);
}

/* In and out of the primary. */
static int plan_network(const struct bound *n, const struct prefix *net)
{
	int rc = plan_in(n, net);

	return rc < 0 ? rc : plan_out(n, net, n->c->table);
}

static int plan_primary(const struct bound *n)
{
	struct prefix hoa = prefix6(&n->b->key.hoa, 128);
	int rc = plan_network(n, &hoa);

	for (unsigned i = 0; rc == 0 && i < n->b->n_prefix; i++) {
		rc = plan_network(n, &n->b->prefix[i]);
		if (rc == 0)
			rc = plan_announce(n->c, &n->b->prefix[i], n->p);
	}
	return rc;
}

/* The others only let in; what goes out to them is their tables' word, or the steering's. */
static int plan_secondary(const struct bound *n)
{
	struct prefix hoa = prefix6(&n->b->key.hoa, 128);
	int rc = plan_in(n, &hoa);

	for (unsigned i = 0; rc == 0 && i < n->b->n_prefix; i++)
		rc = plan_in(n, &n->b->prefix[i]);
	return rc;
}

/* ---- the tables of BIDs ---- */

bool ha_mark(const struct ha_conf *c, uint16_t bid, uint32_t *mark)
{
	uint32_t lowest = c->mark_mask & -c->mark_mask;
	uint64_t m = (uint64_t)bid * lowest;

	*mark = (uint32_t)m;
	return bid && c->mark_mask && !(m & ~(uint64_t)c->mark_mask);
}

static int plan_mark(const struct bound *n, uint8_t family)
{
	struct kobj o = { .kind = KOBJ_RULE };

	o.rule.family = family;
	o.rule.pref = HA_RULE_PREF;
	o.rule.fwmask = n->c->mark_mask;
	o.rule.table = n->c->bid_table + n->b->key.bid;
	o.rule.suppress_plen = -1;
	return ha_mark(n->c, n->b->key.bid, &o.rule.fwmark) ? kplan_add(n->p, &o) : 0;
}

/* Both families always, so that the rules do not come and go with a node that has the first. */
static int plan_bid(const struct bound *n)
{
	struct prefix hoa = prefix6(&n->b->key.hoa, 128);
	uint32_t table = n->c->bid_table + n->b->key.bid;
	int rc;

	if (!n->b->key.bid || n->b->key.bid > n->c->max_care_of)
		return 0;
	rc = plan_out(n, &hoa, table);
	for (unsigned i = 0; rc == 0 && i < n->b->n_prefix; i++)
		rc = plan_out(n, &n->b->prefix[i], table);
	if (rc == 0)
		rc = plan_mark(n, AF_INET6);
	return rc < 0 ? rc : plan_mark(n, AF_INET);
}

/* ---- load sharing and flows ---- */

/* 1 unless the configuration says otherwise. A node that says no priorities (RFC 5648 alone) knows
 * nothing of sharing: only if the configuration wants it. */
static uint8_t weight_of(const struct mobile_node *node, const struct binding *b,
			 const struct binding *primary)
{
	if (b->prio != primary->prio || (!b->prio && !node->n_weight))
		return 0;
	for (size_t i = 0; i < node->n_weight; i++)
		if (node->weights[i].bid == b->key.bid)
			return node->weights[i].weight;
	return 1;
}

/* What goes to the primary by its route may go to another. A node that is at home as well, as its
 * primary, is there by a route that nothing looks at: no sharing then. */
static int plan_ways(const struct mobile_node *node, const struct binding_set *s,
		     const struct bound *n, const struct bound *primary)
{
	struct prefix inner[1 + MHOPT_MAX_MNP];
	struct k_spath path[BC_MAX_COA];
	struct plan_steer o = { .owner = node->hoa, .side = KSTEER_HA, .inner = inner, .path = path,
				.conf = node->flows, .n_conf = node->n_flow,
				.asked = node->flow_bindings ? s->flows : NULL };

	if (primary->c->flower || primary->b->home || s->unsteered)
		return 0;		/* the other check has no program that could steer */
	inner[o.n_inner++] = prefix6(&node->hoa, 128);
	for (unsigned i = 0; i < primary->b->n_prefix; i++)
		inner[o.n_inner++] = primary->b->prefix[i];
	for (unsigned i = 0; i < s->n; i++) {
		struct k_spath *k = &path[o.n_path];

		if (!n[i].b->key.bid || n[i].b->home)
			continue;
		*k = (struct k_spath){ .bid = n[i].b->key.bid,
				       .weight = weight_of(node, n[i].b, primary->b) };
		memcpy(k->dev, n[i].dev, sizeof(k->dev));
		if (n[i].shared)
			k->carrier = n[i].carrier;
		if (ha_mark(n[i].c, k->bid, &k->fwmark))
			k->fwmask = n[i].c->mark_mask;
		o.n_path++;
	}
	return plan_steer(primary->p, &o);
}

/* ---- once for a node ---- */

static int plan_proxy(const struct bound *n, const struct in6_addr *a)
{
	struct kobj o = { .kind = KOBJ_PROXY };

	memcpy(o.proxy.dev, n->link->dev, sizeof(n->link->dev));
	o.proxy.addr = *a;
	o.proxy.router = n->b->flags & BU_R;	/* RFC 3963 6.2; a host: RFC 6275 10.4.1 */
	return kplan_add(n->p, &o);
}

/*
 * RFC 6275 10.4.1: the link-local address only if the node asked for it (10.3.1, L bit). RFC 5648
 * 5.6.2: a node that is on the home link as well defends them itself, if it may.
 */
static int plan_proxies(const struct bound *n, bool defended)
{
	struct in6_addr ll = in6_link_local_of(&n->b->key.hoa);
	int rc;

	if (!n->link || defended)
		return 0;
	rc = plan_proxy(n, &n->b->key.hoa);
	if (rc == 0 && n->b->flags & BU_L)
		rc = plan_proxy(n, &ll);
	return rc;
}

/*
 * A Mobile Prefix Solicitation has a home address option (RFC 6275 6.7), which is good if the
 * binding says so (9.3.1). All of ICMPv6: behind the option Linux before 6.3 does not find the
 * type of a message when it looks for the policy.
 */
static int plan_solicitation(const struct bound *n)
{
	const struct in6_addr *hoa = &n->b->key.hoa, *own = &n->b->local;
	struct kobj s = { .kind = KOBJ_XSTATE }, x = { .kind = KOBJ_XPOLICY };
	int rc;

	if (!n->c->prefix_advertisements || n->b->home)
		return 0;
	s.xstate.src = *hoa;
	s.xstate.dst = *own;
	s.xstate.coa = n->b->coa.a.in6;
	s.xstate.proto = IPPROTO_DSTOPTS;
	s.xstate.reqid = KOBJ_XFRM_REQID_DATA;
	x.xpolicy.dir = XFRM_POLICY_IN;
	x.xpolicy.sub = true;
	x.xpolicy.priority = KOBJ_XFRM_PRIO + 2;
	x.xpolicy.sel_src = prefix6(hoa, 128);
	x.xpolicy.sel_dst = prefix6(own, 128);
	x.xpolicy.sel_proto = IPPROTO_ICMPV6;
	x.xpolicy.n_tmpl = 1;
	x.xpolicy.tmpl[0] = (struct k_xtmpl){ .src = *hoa, .proto = IPPROTO_DSTOPTS, .use = true,
					      .reqid = KOBJ_XFRM_REQID_DATA };
	rc = kplan_add(n->p, &s);
	return rc < 0 ? rc : kplan_add(n->p, &x);
}

/* It must not be asked for where it is, nor say it: the Binding Update did (RFC 5648 6.3). */
static int plan_neighbour(const struct bound *n)
{
	struct kobj o = { .kind = KOBJ_NEIGH };
	const struct nd_lladdr *ll = &n->b->lladdr;

	if (n->b->home != SIMULTANEOUS_PROXY || !ll->len || ll->len > sizeof(o.neigh.lladdr))
		return 0;
	memcpy(o.neigh.dev, n->dev, sizeof(n->dev));
	o.neigh.addr = n->b->key.hoa;
	o.neigh.len = ll->len;
	memcpy(o.neigh.lladdr, ll->b, ll->len);
	return kplan_add(n->p, &o);
}

/* The primary in the middle: its routes may need the devices of the others to be there, and the
 * tables of BIDs go over to a new care-of address after it. */
static int plan_bound(const struct ha_conf *c, const struct mobile_node *node,
		      const struct binding_set *s, struct kplan *p)
{
	const struct binding *first = binding_primary(s);
	struct bound n[BC_MAX_COA], *primary = NULL;
	bool defended = false;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < s->n; i++) {
		rc = bound_init(&n[i], c, node, &s->b[i], p);
		if (rc == 0)
			rc = plan_neighbour(&n[i]);
		defended |= s->b[i].home == SIMULTANEOUS_NDP;
		if (&s->b[i] == first)
			primary = &n[i];
		else if (rc == 0)
			rc = plan_secondary(&n[i]);
	}
	if (rc == 0)
		rc = plan_primary(primary);
	for (unsigned i = 0; rc == 0 && i < s->n; i++)
		rc = plan_bid(&n[i]);
	if (rc == 0)
		rc = plan_ways(node, s, n, primary);
	if (rc == 0)
		rc = plan_solicitation(primary);
	return rc < 0 ? rc : plan_proxies(primary, defended);
}

/* ---- a node that is not ---- */

/*
 * RFC 3963 5.8: at home a mobile router is a router of the link. Not `onlink`: while
 * the route of the home address into the tunnel still stands the kernel would find
 * the next hop behind another device and refuse; without the flag it only asks
 * whether the home prefix is on this link.
 */
static int plan_home(const struct ha_conf *c, const struct mobile_node *n, struct kplan *p)
{
	bool served;
	const struct home_link *l = ha_home_of(c, &n->hoa, &served);
	int rc = 0;

	if (!c->home_routes || !l)
		return 0;
	for (size_t i = 0; rc == 0 && i < n->n_prefix; i++) {
		struct kobj o = { .kind = KOBJ_ROUTE };

		memcpy(o.route.dev, l->dev, sizeof(l->dev));
		o.route.table = c->table;
		o.route.metric = metric(c, n->slot);
		o.route.dst = n->prefixes[i];
		o.route.has_via = true;
		o.route.via = n->hoa;
		rc = kplan_add(p, &o);
		if (rc == 0)
			rc = plan_announce(c, &n->prefixes[i], p);
	}
	return rc;
}

int ha_plan_node(const struct ha_conf *c, const struct mobile_node *n,
		 const struct binding_set *s, struct kplan *p)
{
	return s && s->n ? plan_bound(c, n, s, p) : plan_home(c, n, p);
}
