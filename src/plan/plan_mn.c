/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/plan_mn.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "plan/plan_mh.h"
#include "plan/plan_put.h"
#include "plan/plan_steer.h"

#define HOA_FLAGS	(IFA_F_NODAD | IFA_F_HOMEADDRESS)

void mn_tunnel_name(unsigned home, char suffix, char name[static IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "mip%u%c", home, suffix);
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

	if (h->where == MN_OFF || !h->via[0] || h->unsteered)
		return;
	/* nothing steers what goes out on the home link */
	if (h->also.bid && strcmp(h->via, h->home_dev) == 0)
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

/* The router of the home link; unknown: the home agent, which is one. */
static const struct in6_addr *home_via(const struct home_state *h, bool *onlink)
{
	*onlink = IN6_IS_ADDR_UNSPECIFIED(&h->home_router);
	return *onlink ? &h->now.remote.a.in6 : &h->home_router;
}

static void put_home_defaults(const struct home_state *h, struct out *o, uint32_t table)
{
	const struct prefix net = prefix_network(&h->conf->hoa);
	struct kobj on_link = route(table, METRIC, &net, h->home_dev);
	bool onlink;
	const struct in6_addr *via = home_via(h, &onlink);

	if (!h->also.quiet)
		put(o, &on_link);	/* else all goes to the router (RFC 5648 5.6.4) */
	put_default_in(h, o, table, AF_INET6, h->home_dev, via, onlink);
	if (h->ipv4)
		put_default_in(h, o, table, AF_INET, h->home_dev, via, onlink);
}

/* The home link beside others. Updates and probes go there by the device's table, open or not. */
static void put_also_home(const struct mn_conf *c, const struct home_state *h, struct out *o)
{
	const struct home_conf *conf = h->conf;
	uint32_t table = mn_dev_table(c, conf, h->also.bid);
	struct in6_addr ll = in6_link_local_of(&conf->hoa.a.in6);
	struct prefix host = prefix6(&h->now.remote.a.in6, 128);
	struct kobj to_ha = route(table, METRIC, &host, h->home_dev);
	struct kobj k = rule(c->rule_pref + MN_RULE_OIF, AF_INET6, table, -1);
	bool onlink;
	const struct in6_addr *via = home_via(h, &onlink);

	if (!h->also.bid)
		return;
	if (h->also.open && !h->also.quiet)
		put_addr(o, h->home_dev, conf->hoa, HOA_FLAGS | IFA_F_NOPREFIXROUTE,
			 conf->deprecated);
	if (h->also.open && !h->also.quiet && h->link_local)
		put_addr(o, h->home_dev, prefix6(&ll, 64), IFA_F_NODAD, false);
	put(o, &to_ha);
	put_default_in(h, o, table, AF_INET6, h->home_dev, via, onlink);
	k.rule.from = prefix6(&conf->hoa.a.in6, 128);
	set_dev(k.rule.iif, "lo");
	set_dev(k.rule.oif, h->home_dev);
	put(o, &k);
	if (h->also.open)
		put_home_defaults(h, o, mn_bid_table(c, conf, h->also.bid));
}

static void put_home_carries(const struct mn_conf *c, const struct home_state *h, struct out *o)
{
	put_groups(c, h, o, h->home_dev);
	put_home_defaults(h, o, h->conf->table);
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
	else if (h->where != MN_OFF && h->also.open && strcmp(h->via, h->home_dev) == 0)
		put_home_carries(c, h, o);
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
	if (h->where == MN_AWAY)
		put_also_home(c, h, &o);
	put_ways(c, h, &o);
	if (h->where == MN_HOME)
		put_at_home(h, &o);
	put_carrying(c, h, &o, now, before);
	return o.rc;
}
