/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/plan_mn.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdio.h>

#include "base/util.h"
#include "plan/plan_mh.h"
#include "plan/plan_steer.h"

#define METRIC		1024		/* the kernel's own for IPv6, said for both */
#define METRIC_LAST	65535
#define HOA_FLAGS	(IFA_F_NODAD | IFA_F_HOMEADDRESS)

void mn_tunnel_name(unsigned home, char suffix, char name[static IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "mip%u%c", home, suffix);
}

static void set_dev(char to[static IFNAMSIZ], const char *dev)
{
	snprintf(to, IFNAMSIZ, "%s", dev);
}

/* The first error of a row of put_*() calls is kept; later ones do nothing. */
struct out { struct kplan *p; int rc; };

static void put(struct out *o, const struct kobj *k)
{
	if (o->rc == 0)
		o->rc = kplan_add(o->p, k);
}

static void put_addr(struct out *o, const char *dev, struct prefix a, uint32_t flags,
		     bool deprecated)
{
	struct kobj k = { .kind = KOBJ_ADDR };

	set_dev(k.addr.dev, dev);
	k.addr.addr = a;
	k.addr.flags = flags;
	k.addr.deprecated = deprecated;
	put(o, &k);
}

/* suppress: only routes of more specific prefixes than this length count; -1 = all do. */
static struct kobj rule(uint32_t pref, uint8_t family, uint32_t table, int32_t suppress)
{
	struct kobj k = { .kind = KOBJ_RULE };

	k.rule.family = family;
	k.rule.pref = pref;
	k.rule.table = table;
	k.rule.suppress_plen = suppress;
	return k;
}

/* table 0 = prohibit */
static void put_rule_from(struct out *o, uint32_t pref, const struct prefix *from, uint32_t table)
{
	struct kobj k = rule(pref, from->family, table, -1);

	k.rule.from = *from;
	put(o, &k);
}

/* What we send ourselves; what a node behind us sends in our name is refused. find: a socket that
 * asks for such an address and has none yet, too (RFC 5014: IPV6_PREFER_SRC_COA). */
static void put_rule_own(struct out *o, uint32_t pref, uint32_t pref_not,
			 const struct in6_addr *from, uint32_t table, bool find)
{
	struct kobj k = rule(pref, AF_INET6, table, -1);

	k.rule.from = prefix6(from, 128);
	k.rule.find_source = find;
	set_dev(k.rule.iif, "lo");
	put(o, &k);
	put_rule_from(o, pref_not, &k.rule.from, 0);
}

static void put_rule_to(struct out *o, uint32_t pref, const struct prefix *to, uint32_t table,
			int32_t suppress)
{
	struct kobj k = rule(pref, to->family, table, suppress);

	k.rule.to = *to;
	put(o, &k);
}

/* iif: "" = whatever comes in or is sent. */
static void put_rule_all(struct out *o, uint32_t pref, uint8_t family, const char *iif,
			 uint32_t table, int32_t suppress)
{
	struct kobj k = rule(pref, family, table, suppress);

	set_dev(k.rule.iif, iif);
	put(o, &k);
}

static struct kobj route(uint32_t table, uint32_t metric, const struct prefix *dst, const char *dev)
{
	struct kobj k = { .kind = KOBJ_ROUTE };

	k.route.table = table;
	k.route.metric = metric;
	k.route.dst = *dst;
	set_dev(k.route.dev, dev);
	return k;
}

static void put_unreachable(struct out *o, uint32_t table, const struct prefix *dst)
{
	struct kobj k = route(table, METRIC_LAST, dst, "");

	k.route.type = RTN_UNREACHABLE;
	put(o, &k);
}

static struct prefix default_of(uint8_t family)
{
	return (struct prefix){ .family = family };
}

/* ---- base ---- */

static void put_sysctl(struct out *o, const char *value, const char *dev, const char *name)
{
	if (o->rc == 0)
		o->rc = kplan_sysctl(o->p, value, "net/ipv6/conf/%s/%s", dev, name);
}

static void base_sysctls(const struct mn_conf *c, struct out *o)
{
	if (!c->router)
		return;
	put_sysctl(o, "1", "all", "forwarding");
	if (o->rc == 0)
		o->rc = kplan_sysctl(o->p, "1", "net/ipv4/ip_forward");
}

/* A type 2 routing header on a Mobility Header message to the home address (kernel.md 4). */
static void base_xfrm(const struct home_conf *h, struct out *o)
{
	struct kobj s = { .kind = KOBJ_XSTATE };
	struct prefix own = prefix6(&h->hoa.a.in6, 128);

	s.xstate.dst = h->hoa.a.in6;
	s.xstate.proto = IPPROTO_ROUTING;
	s.xstate.wildrecv = true;
	put(o, &s);
	if (o->rc == 0)
		o->rc = plan_mh_in(o->p, &own);
	if (o->rc == 0)
		o->rc = plan_mps(o->p, &own);
}

/* What is for a node of ours, from wherever: another prefix of ours, or the kernel that tells it
 * by ICMPv6, from a care-of address as it happens, that a packet could not go on. */
static void base_inside(const struct mn_conf *c, const struct home_conf *h, struct out *o)
{
	for (size_t i = 0; i < h->n_prefix; i++) {
		const struct prefix *p = &h->prefixes[i].prefix;

		put_rule_to(o, c->rule_pref + MN_RULE_INSIDE, p, RT_TABLE_MAIN, 0);
		put_rule_to(o, c->rule_pref + MN_RULE_NOWHERE, p, h->table, -1);
	}
}

uint32_t mn_bid_table(const struct mn_conf *c, const struct home_conf *h, uint16_t bid)
{
	return c->bid_table + (uint32_t)(h - c->homes) * 0x10000 + bid;
}

uint32_t mn_dev_table(const struct mn_conf *c, const struct home_conf *h, uint16_t bid)
{
	return mn_bid_table(c, h, bid) + 0x8000;	/* above all BIDs of uplinks */
}

uint32_t mn_bid_mark(const struct mn_conf *c, uint16_t bid)
{
	return c->mark_mask ? (uint32_t)bid << __builtin_ctz(c->mark_mask) & c->mark_mask : 0;
}

/* from: family and all; what it sends itself only if own. */
static void put_mark(const struct mn_conf *c, struct out *o, uint32_t pref, const struct prefix *from,
		     bool own, uint16_t bid, const struct home_conf *h)
{
	struct kobj k = rule(c->rule_pref + pref, from->family, mn_bid_table(c, h, bid), -1);

	if (from->plen)
		k.rule.from = *from;
	if (own)
		set_dev(k.rule.iif, "lo");
	k.rule.fwmark = mn_bid_mark(c, bid);
	k.rule.fwmask = c->mark_mask;
	put(o, &k);
}

/* As long as the configuration has the BID: what it leads to comes and goes in the table. */
static void base_marks(const struct mn_conf *c, const struct home_conf *h, struct out *o)
{
	const struct prefix any6 = default_of(AF_INET6), any4 = default_of(AF_INET);
	const struct prefix hoa = prefix6(&h->hoa.a.in6, 128);

	for (size_t u = 0; u < c->n_uplink; u++) {
		uint16_t bid = c->uplinks[u].bid;

		if (!bid || !c->uplinks[u].dev[0] || c->uplinks[u].leaving || !c->mark_mask)
			continue;
		put_mark(c, o, MN_RULE_MARK, &hoa, true, bid, h);
		for (size_t i = 0; i < h->n_prefix; i++)
			put_mark(c, o, MN_RULE_MARK, &h->prefixes[i].prefix, false, bid, h);
		if (h == mn_conf_default(c, false))
			put_mark(c, o, MN_RULE_MARK_ANY, &any6, true, bid, h);
		if (h == mn_conf_default(c, true))
			put_mark(c, o, MN_RULE_MARK_ANY, &any4, true, bid, h);
	}
}

/* Our default instead of main's for whatever has no source address yet. */
static void base_rules(const struct mn_conf *c, struct out *o)
{
	static const uint8_t family[] = { AF_INET6, AF_INET };

	for (size_t f = 0; f < ARRAY_SIZE(family); f++) {
		const struct home_conf *h = mn_conf_default(c, family[f] == AF_INET);

		if (!h)
			continue;
		put_rule_all(o, c->rule_pref + MN_RULE_MAIN, family[f], "", RT_TABLE_MAIN, 0);
		put_rule_all(o, c->rule_pref + MN_RULE_HOME, family[f], "lo", h->table, -1);
	}
}

int mn_plan_base(const struct mn_conf *c, struct kplan *p)
{
	const struct prefix link_local = { .family = AF_INET6, .plen = 10,
					   .a.in6.s6_addr = { 0xfe, 0x80 } };
	struct out o = { .p = p };
	struct kobj dummy = { .kind = KOBJ_LINK };

	base_sysctls(c, &o);
	set_dev(dummy.link.name, c->home_device);
	dummy.link.kind = KLINK_DUMMY;
	put(&o, &dummy);
	if (c->n_home)
		put_rule_to(&o, c->rule_pref + MN_RULE_INSIDE, &link_local, RT_TABLE_MAIN, 0);
	for (size_t i = 0; i < c->n_home; i++) {
		if (c->homes[i].retired)
			continue;
		base_xfrm(&c->homes[i], &o);
		base_inside(c, &c->homes[i], &o);
		base_marks(c, &c->homes[i], &o);
	}
	base_rules(c, &o);
	return o.rc;
}

/* ---- uplinks ---- */

static void uplink_sysctls(const struct mn_conf *c, const struct uplink_conf *u, struct out *o)
{
	/* The detector reads RAs itself; the kernel would set addresses and routes too. Before
	 * the link becomes a host: a router ignores RAs, so between the two the kernel would not. */
	if (!u->managed)
		put_sysctl(o, "0", u->dev, "accept_ra");
	/* RFC 3963 5.6, 5.7: a host on the visited link, no answer to RS, not a member of
	 * all-routers. Forwarding goes on: the kernel looks at "all" for that. Writing "all"
	 * overwrites the single links, so whoever comes first of the base plan and the uplinks
	 * must write it before the link's own. */
	if (c->router) {
		put_sysctl(o, "1", "all", "forwarding");
		put_sysctl(o, "0", u->dev, "forwarding");
	}
	/* Addresses of our prefixes are not for the links that we visit to ask for; and a host on
	 * the home link that learned one by ARP would go on asking there when we have left. */
	for (size_t i = 0; o->rc == 0 && i < c->n_home; i++)
		if (home_has_ipv4(&c->homes[i]))
			o->rc = kplan_sysctl(o->p, "1", "net/ipv4/conf/%s/arp_ignore", u->dev);
}

/* One care-of address: itself, its on-link prefix, and the rule that makes what it sends leave by
 * its own link. */
static void put_coa(const struct mn_conf *c, const struct uplink_conf *u, struct out *o,
		    const struct in6_addr *coa, const struct prefix *link, bool old)
{
	bool on_link = link->family == AF_INET6;	/* else its prefix has no L flag */
	struct prefix net = prefix_network(link);
	struct kobj k = route(u->table, METRIC, &net, u->dev);

	if (!u->managed)
		put_addr(o, u->dev, prefix6(coa, on_link ? link->plen : 128),
			 IFA_F_NODAD | IFA_F_NOPREFIXROUTE, old);
	if (on_link)
		put(o, &k);
	put_rule_own(o, c->rule_pref + MN_RULE_COA, c->rule_pref + MN_RULE_COA_NOT, coa, u->table,
		     c->coa_on_request && !old);
}

static void put_router(const struct uplink_conf *u, struct out *o, const struct in6_addr *via)
{
	const struct prefix any = default_of(AF_INET6);
	struct kobj k = route(u->table, METRIC, &any, u->dev);

	k.route.has_via = !IN6_IS_ADDR_UNSPECIFIED(via);	/* else a link of two ends */
	k.route.via = *via;
	put(o, &k);
}

int mn_plan_uplink(const struct mn_conf *c, const struct uplink_state *u, struct kplan *p)
{
	const struct uplink_conf *conf = u->conf;
	const struct prefix any = default_of(AF_INET6);
	bool usable = u->has_coa && !u->coa_tentative;
	bool old = u->has_old && !(u->has_coa && in6_eq(&u->coa, &u->old_coa));
	struct out o = { .p = p };

	uplink_sysctls(c, conf, &o);
	if (usable)
		put_coa(c, conf, &o, &u->coa, &u->link, false);
	if (old)
		put_coa(c, conf, &o, &u->old_coa, &u->old_link, true);
	/* One link, one default: the old router is on this link no more, or not needed. */
	if (u->has_router && (usable || old))
		put_router(conf, &o, &u->router);
	else if (old && !IN6_IS_ADDR_UNSPECIFIED(&u->old_router))
		put_router(conf, &o, &u->old_router);
	/* else tunnel packets would fall through to the rules that lead into the tunnel */
	if (usable || old)
		put_unreachable(&o, conf->table, &any);
	if (usable && conf->managed && u->link.family && mn_conf_default(c, false)) {
		struct prefix net = prefix_network(&u->link);

		put_rule_to(&o, c->rule_pref + MN_RULE_ONLINK, &net,
			    mn_conf_default(c, false)->table, -1);
	}
	return o.rc;
}

/* ---- homes ---- */

static void put_tunnel(const struct mn_conf *c, struct out *o, const char *name,
		       const struct carrier *carrier)
{
	struct kobj k = { .kind = KOBJ_LINK };

	switch ((enum carrier_kind)carrier->kind) {
	case CARRIER_IP6TNL:
		k.link.kind = KLINK_IP6TNL;
		break;
	case CARRIER_IP6GRE:
		k.link.kind = KLINK_IP6GRE;
		break;
	case CARRIER_NONE:
	case CARRIER_IP4:
	case CARRIER_UDP:
	case CARRIER_ESP:
		if (o->rc == 0)
			o->rc = -EOPNOTSUPP;
		return;
	}
	set_dev(k.link.name, name);
	k.link.carrier = *carrier;
	put(o, &k);
	put_rule_all(o, c->rule_pref + MN_RULE_TUNNEL, AF_INET6, name, 0, -1);
	if (c->router)
		put_rule_all(o, c->rule_pref + MN_RULE_TUNNEL, AF_INET, name, 0, -1);
}

static void put_from(const struct mn_conf *c, const struct home_state *h, struct out *o)
{
	const uint32_t pref = c->rule_pref + MN_RULE_FROM;
	const struct home_conf *conf = h->conf;

	put_rule_own(o, pref, c->rule_pref + MN_RULE_HOA_NOT, &conf->hoa.a.in6, conf->table,
		     false);
	for (size_t i = 0; i < conf->n_prefix; i++) {
		bool out = i < 64 && h->refused & BIT64(i);

		put_rule_from(o, pref, &conf->prefixes[i].prefix, out ? 0 : conf->table);
	}
}

/* The default of one family. dev "": none. via ::: the device alone. */
static void put_default_in(const struct home_state *h, struct out *o, uint32_t table, uint8_t family,
			   const char *dev, const struct in6_addr *via, bool onlink)
{
	const struct prefix any = default_of(family);
	struct kobj k = route(table, METRIC, &any, dev);

	if (!dev[0])
		return;
	k.route.has_via = via && !IN6_IS_ADDR_UNSPECIFIED(via);
	if (k.route.has_via) {
		k.route.via = *via;
		k.route.onlink = onlink;
	}
	if (family == AF_INET6)
		k.route.src = prefix6(&h->conf->hoa.a.in6, 128);
	else if (h->src4.s_addr)
		k.route.src = prefix4(h->src4, 32);
	put(o, &k);
}

static void put_default(const struct home_state *h, struct out *o, uint8_t family, const char *dev,
			const struct in6_addr *via, bool onlink)
{
	put_default_in(h, o, h->conf->table, family, dev, via, onlink);
}

/* ---- several paths ---- */

static void put_path_table(const struct home_state *h, struct out *o, uint32_t table, const char *dev)
{
	put_default_in(h, o, table, AF_INET6, dev, NULL, false);
	if (h->ipv4)
		put_default_in(h, o, table, AF_INET, dev, NULL, false);
}

static void put_path(const struct mn_conf *c, const struct home_state *h, struct out *o,
		     const struct home_path *p)
{
	static const uint8_t family[] = { AF_INET6, AF_INET };
	uint32_t table = mn_dev_table(c, h->conf, p->bid);

	put_tunnel(c, o, p->dev, &p->carrier);
	if (!p->bid)
		return;
	put_path_table(h, o, table, p->dev);
	for (size_t f = 0; f < (h->ipv4 ? ARRAY_SIZE(family) : 1); f++) {
		struct kobj k = rule(c->rule_pref + MN_RULE_OIF, family[f], table, -1);

		set_dev(k.rule.oif, p->dev);
		put(o, &k);
	}
	if (p->open)
		put_path_table(h, o, mn_bid_table(c, h->conf, p->bid), p->dev);
}

/* What goes to the carrying path by the home table may go to another. */
static void put_ways(const struct mn_conf *c, const struct home_state *h, struct out *o)
{
	const struct home_conf *conf = h->conf;
	struct prefix inner[1 + 64];
	struct k_spath path[KOBJ_BIDS];
	struct plan_steer s = { .owner = conf->hoa.a.in6, .side = KSTEER_MN, .inner = inner,
				.path = path, .conf = conf->flows, .n_conf = conf->n_flow };

	if (h->where == MN_OFF || !h->via[0])
		return;
	inner[s.n_inner++] = prefix6(&conf->hoa.a.in6, 128);
	for (size_t i = 0; i < conf->n_prefix && i < 64; i++)
		if (!(h->refused & BIT64(i)))
			inner[s.n_inner++] = conf->prefixes[i].prefix;
	for (size_t i = 0; i < h->n_path && s.n_path < ARRAY_SIZE(path); i++) {
		const struct home_path *p = &h->path[i];
		struct k_spath *k = &path[s.n_path];

		if (!p->bid || !p->open)
			continue;
		*k = (struct k_spath){ .bid = p->bid, .weight = p->weight,
				       .fwmark = mn_bid_mark(c, p->bid), .fwmask = c->mark_mask };
		memcpy(k->dev, p->dev, sizeof(k->dev));
		if (memcmp(p->dev, h->via, sizeof(h->via)) == 0)
			s.primary = p->bid;
		s.n_path++;
	}
	if (o->rc == 0)
		o->rc = plan_steer(o->p, &s);
}

/* ---- multicast ---- */

static const struct prefix groups = { .family = AF_INET6, .plen = 8, .a.in6.s6_addr = { 0xff } };

/* In halves: where the kernel finds routes by source for a prefix it does not look at those of the
 * same prefix that are for all sources (seen with Linux 6.1), but it does look at shorter ones.
 * dev "": unreachable. */
static void put_groups(const struct mn_conf *c, const struct home_state *h, struct out *o,
		       const char *dev)
{
	static const struct prefix half[] = {
		{ .family = AF_INET6, .plen = 9, .a.in6.s6_addr = { 0xff } },
		{ .family = AF_INET6, .plen = 9, .a.in6.s6_addr = { 0xff, 0x80 } },
	};

	for (size_t i = 0; c->routes_by_source && i < ARRAY_SIZE(half); i++) {
		struct kobj k = route(RT_TABLE_LOCAL, dev[0] ? METRIC : METRIC_LAST, &half[i], dev);

		if (!dev[0])
			k.route.type = RTN_UNREACHABLE;
		k.route.from = prefix6(&h->conf->hoa.a.in6, 128);
		put(o, &k);
	}
}

static void put_block(const struct home_state *h, struct out *o, int ifindex)
{
	struct kobj k = { .kind = KOBJ_XPOLICY, .xpolicy = {
		.dir = XFRM_POLICY_OUT, .priority = KOBJ_XFRM_PRIO,
		.sel_src = prefix6(&h->conf->hoa.a.in6, 128), .sel_dst = groups,
		.ifindex = ifindex, .block = true } };

	put(o, &k);
}

/* What no default takes, and what a program sends to a link that it names. */
static void put_groups_nowhere(const struct mn_conf *c, const struct home_state *h, struct out *o)
{
	if (!c->routes_by_source) {
		if (h->where != MN_HOME)
			put_block(h, o, 0);
		return;
	}
	put_groups(c, h, o, "");
	for (size_t i = 0; i < h->n_foreign; i++)
		put_block(h, o, h->foreign[i]);
}

/* ---- defaults ---- */

static void put_defaults(const struct mn_conf *c, const struct home_state *h, struct out *o,
			 const char *dev, const struct in6_addr *via, bool onlink)
{
	if (dev[0])
		put_groups(c, h, o, dev);
	put_default(h, o, AF_INET6, dev, via, onlink);
	if (h->ipv4)
		put_default(h, o, AF_INET, dev, via, onlink);
}

/* The home address on the home link. No DAD: until the home agent has deleted the binding it
 * defends the address itself (RFC 6275 11.5.5). */
static void put_at_home(const struct home_state *h, struct out *o)
{
	const struct home_conf *conf = h->conf;
	const struct in6_addr *ha = &h->now.remote.a.in6;
	struct prefix net = prefix_network(&conf->hoa), host = prefix6(ha, 128);
	struct kobj to_ha = route(conf->table, METRIC, &host, h->home_dev);
	struct kobj on_link = route(conf->table, METRIC, &net, h->home_dev);
	struct in6_addr ll = in6_link_local_of(&conf->hoa.a.in6);

	put_addr(o, h->home_dev, conf->hoa, HOA_FLAGS | IFA_F_NOPREFIXROUTE, conf->deprecated);
	if (h->link_local)
		put_addr(o, h->home_dev, prefix6(&ll, 64), IFA_F_NODAD, false);
	if (!IN6_IS_ADDR_UNSPECIFIED(ha))
		put(o, &to_ha);		/* for the de-registration */
	if (h->carry)
		put(o, &on_link);
}

static void put_carrying(const struct mn_conf *c, const struct home_state *h, struct out *o,
			 const char *now, const char *before)
{
	bool known = !IN6_IS_ADDR_UNSPECIFIED(&h->home_router);

	if (h->where == MN_HOME && h->carry && !known &&
	    IN6_IS_ADDR_UNSPECIFIED(&h->now.remote.a.in6))
		put_groups(c, h, o, h->home_dev);	/* no router is known, nor a home agent */
	else if (h->where == MN_HOME && h->carry)
		put_defaults(c, h, o, h->home_dev, known ? &h->home_router : &h->now.remote.a.in6,
			     !known);
	else if (h->where != MN_OFF && h->via[0])
		put_defaults(c, h, o, h->via, NULL, false);
	else if (h->where == MN_AWAY && h->carry)
		put_defaults(c, h, o, now, NULL, false);
	else if (h->where != MN_OFF && h->before.kind)
		put_defaults(c, h, o, before, NULL, false);
	else if (h->hold)
		put_defaults(c, h, o, c->home_device, NULL, false);
}

int mn_plan_home(const struct mn_conf *c, const struct home_state *h, struct kplan *p)
{
	const struct prefix any6 = default_of(AF_INET6), any4 = default_of(AF_INET);
	const struct home_conf *conf = h->conf;
	const char *now = h->now_dev, *before = h->before_dev;
	struct out o = { .p = p };

	put_addr(&o, c->home_device, prefix6(&conf->hoa.a.in6, 128), HOA_FLAGS, conf->deprecated);
	/* the last resort stands before the rules lead to it */
	put_unreachable(&o, conf->table, &any6);
	if (home_has_ipv4(conf))
		put_unreachable(&o, conf->table, &any4);
	/* what is not behind us would go round between us and the home agent */
	for (size_t i = 0; i < conf->n_prefix; i++)
		put_unreachable(&o, conf->table, &conf->prefixes[i].prefix);
	put_groups_nowhere(c, h, &o);
	put_from(c, h, &o);
	if (h->where == MN_AWAY && (h->receive || h->carry))
		put_tunnel(c, &o, now, &h->now);
	if (h->where != MN_OFF && h->before.kind)
		put_tunnel(c, &o, before, &h->before);
	for (size_t i = 0; h->where != MN_OFF && i < h->n_path; i++)
		put_path(c, h, &o, &h->path[i]);
	put_ways(c, h, &o);
	if (h->where == MN_HOME)
		put_at_home(h, &o);
	put_carrying(c, h, &o, now, before);
	return o.rc;
}
