/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Uplinks that something else configures (PPP, DHCPv6, NetworkManager, networkd):
 * an address that it put there is the care-of address, its IPv6 default route
 * names the router. Router Advertisements only tell which of several addresses is
 * of the present link, and home.
 */
#include <linux/if_addr.h>
#include <string.h>

#include "role/md_priv.h"

#define UNUSABLE (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED)

/* Ranks of an address that is good at all: more than nothing. */
#define PRESENT	4			/* stay with what we have */
#define NEAR	8			/* on the link that the RAs say we are on */

struct choice {
	const struct uplink *u;
	const struct prefix *near;	/* of the router that the RAs say is ours, or NULL */
	bool found, home;
	unsigned rank;
	struct in6_addr addr;
	uint8_t plen;
	struct prefix home_prefix;
};

static bool is_home_address(const struct mn_conf *c, const struct in6_addr *a)
{
	for (size_t i = 0; i < c->n_home; i++)
		if (in6_eq(&c->homes[i].hoa.a.in6, a))
			return true;
	return false;
}

static const struct prefix *in_home_prefix(const struct mn_conf *c, const struct in6_addr *a)
{
	for (size_t i = 0; i < c->n_home; i++)
		if (prefix_contains6(&c->homes[i].hoa, a))
			return &c->homes[i].hoa;
	return NULL;
}

/* Of a link that we have left: a router that is not heard here any more had its prefix. */
static bool left_behind(const struct uplink *u, const struct in6_addr *a)
{
	for (size_t i = 0; i < MD_MAX_ROUTER; i++) {
		const struct md_router *r = &u->link.router[i];

		if (!r->confirmed && r->prefix.family && prefix_contains6(&r->prefix, a))
			return true;
	}
	return false;
}

static void consider(void *arg, const struct kaddr_news *a)
{
	struct choice *ch = arg;
	const struct uplink *u = ch->u;
	const struct mn_conf *c = u->md->conf;
	bool near = ch->near && prefix_contains6(ch->near, &a->addr);
	const struct prefix *home;
	unsigned rank;

	/* the home address is ours, also while we are at home: it proves nothing */
	if (a->flags & UNUSABLE || !in6_is_unicast_routable(&a->addr) ||
	    is_home_address(c, &a->addr) || (ch->near && !near && left_behind(u, &a->addr)))
		return;
	home = in_home_prefix(c, &a->addr);
	if (home) {
		ch->home = true;
		ch->home_prefix = *home;
		return;
	}
	rank = 1 + (a->flags & IFA_F_TEMPORARY ? 0 : 1);
	if (u->st.has_coa && in6_eq(&u->st.coa, &a->addr))
		rank += PRESENT;
	if (near)
		rank += NEAR;
	if (rank <= ch->rank)
		return;
	ch->rank = rank;
	ch->found = true;
	ch->addr = a->addr;
	ch->plen = a->plen;
}

/* The kernel keeps the default routes of links that it has left: the one by the router that is
 * heard here, else the best. */
static bool find_router(const struct uplink *u, struct in6_addr *via)
{
	const struct md_router *r = md_default(&u->link, run_now());
	const struct md_default_route *best = NULL;

	for (size_t i = 0; i < MD_ROUTES; i++) {
		const struct md_default_route *d = &u->route[i];

		if (d->used && r && in6_eq(&d->via, &r->addr)) {
			best = d;
			break;
		}
		if (d->used && (!best || d->metric < best->metric))
			best = d;
	}
	if (best)
		*via = best->via;
	else if (r)
		*via = r->addr;
	return best || r;
}

struct len_of { const struct in6_addr *addr; uint8_t plen; };

static void find_len(void *arg, const struct kaddr_news *a)
{
	struct len_of *l = arg;

	if (in6_eq(&a->addr, l->addr))
		l->plen = a->plen;
}

void md_follow_said(struct uplink *u, const struct in6_addr *coa, const struct in6_addr *router,
		    const struct prefix *link)
{
	struct len_of l = { .addr = coa, .plen = 128 };
	struct prefix net;

	kern_addr_each(u->md->env.kern, u->ifindex, find_len, &l);
	net = prefix6(coa, l.plen);
	u->want = (struct md_point){ .kind = MD_AT_COA, .coa = *coa, .router = *router };
	u->want.link = link->family ? prefix_network(link) : prefix_network(&net);
	u->st.has_router = !IN6_IS_ADDR_UNSPECIFIED(router) || find_router(u, &u->want.router);
	u->st.has_coa = true;
	u->st.coa = u->want.coa;
	u->st.router = u->want.router;
	u->st.link = u->want.link;
	md_apply(u);
}

static void follow_coa(struct uplink *u, const struct choice *ch)
{
	struct prefix net = prefix6(&ch->addr, ch->plen);

	u->want = (struct md_point){ .kind = MD_AT_COA, .coa = ch->addr };
	u->st.has_router = find_router(u, &u->want.router);
	u->want.link = prefix_network(&net);
	u->st.has_coa = true;
	u->st.coa = u->want.coa;
	u->st.router = u->want.router;
	u->st.link = u->want.link;
	md_apply(u);
}

/* The carrier came back and the addresses are those from before: the routers that we know are
 * being asked whether it is the same link (RFC 6059 5.4). Without a word they count in the end. */
static bool undecided(struct uplink *u)
{
	if (u->hold_until <= run_now() || md_current(&u->link))
		u->hold_until = 0;
	return u->hold_until > 0;
}

void md_follow(struct uplink *u)
{
	const struct md_router *r = md_current(&u->link);
	struct choice ch = { .u = u };

	if (!u->link.up) {
		u->hold_until = 0;
		md_detach(u);
		return;
	}
	if (undecided(u))
		return;
	if (r && !r->is_home && r->prefix.family)
		ch.near = &r->prefix;
	kern_addr_each(u->md->env.kern, u->ifindex, consider, &ch);
	if (u->hinted)
		md_at_home(u, &u->hint);
	else if (r && r->is_home)
		md_at_home(u, &u->md->conf->homes[r->home].hoa);
	else if (ch.home && !r)
		md_at_home(u, &ch.home_prefix);
	else if (ch.found)
		follow_coa(u, &ch);
	else
		md_detach(u);
}

void md_follow_route(struct uplink *u, const struct kroute_news *r)
{
	struct md_default_route *d = NULL;

	for (size_t i = 0; i < MD_ROUTES; i++) {
		struct md_default_route *x = &u->route[i];

		if (x->used && x->table == r->table && x->metric == r->metric &&
		    in6_eq(&x->via, &r->via))
			d = x;
		else if (!x->used && !d)
			d = x;
	}
	if (!d || (r->gone && !d->used))
		return;			/* more routers than anybody needs; or one not known */
	*d = (struct md_default_route){ .via = r->via, .metric = r->metric, .table = r->table,
					.used = !r->gone };
}
