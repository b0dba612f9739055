/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands as long as the role runs, and what an uplink has. */
#include "plan/plan_mn.h"

#include <linux/if_addr.h>

#include "base/util.h"
#include "plan/plan_mh.h"
#include "plan/plan_put.h"

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
