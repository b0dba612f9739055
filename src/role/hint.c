/* SPDX-License-Identifier: BSD-2-Clause */
#include "role/hint.h"

#include <linux/if_addr.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/ro.h"
#include "run/log.h"
#include "run/timer.h"
#include "wire/mh.h"

#define COA_PLEN	64		/* of the prefix that we form an address in */

static bool no(struct hint_refusal *r, const char *field, const char *fmt, ...) PRINTF(3, 4);

static bool no(struct hint_refusal *r, const char *field, const char *fmt, ...)
{
	va_list ap;

	r->field = field;
	va_start(ap, fmt);
	vsnprintf(r->reason, sizeof(r->reason), fmt, ap);
	va_end(ap);
	return false;
}

static bool given(const struct in6_addr *a)
{
	return !IN6_IS_ADDR_UNSPECIFIED(a);
}

/* ---- uplinks ---- */

static const struct uplink_conf *uplink_of(const struct node *n, const char *dev,
					   struct hint_refusal *r)
{
	const struct mn_conf *c = n->conf.mn;

	for (size_t i = 0; *dev && i < c->n_uplink; i++)
		if (!c->uplinks[i].leaving && strcmp(c->uplinks[i].dev, dev) == 0)
			return &c->uplinks[i];
	if (!*dev)
		no(r, "device", "is missing");
	else
		no(r, "device", kern_link(n->kern, dev) ? "%s is no uplink" : "%s: no such device",
		   dev);
	return NULL;
}

static const struct klink *link_of(const struct node *n, const char *dev, struct hint_refusal *r)
{
	const struct klink *l = kern_link(n->kern, dev);

	if (!l)
		no(r, "device", "%s: no such device", dev);
	else if (!l->up)
		no(r, "device", "%s is down", dev);
	/* our own detector would not believe it either, and takes it back at the next look */
	else if (!l->carrier && n->conf.mn->detector == DETECTOR_BUILTIN)
		no(r, "device", "%s has no carrier", dev);
	else
		return l;
	return NULL;
}

struct mine { const struct in6_addr *addr; int ifindex; };

static void is_it(void *arg, const struct kaddr_news *a)
{
	struct mine *m = arg;

	if (in6_eq(&a->addr, m->addr))
		m->ifindex = a->ifindex;
}

/* The link that has the address; 0: none of this node. */
static int link_with(const struct node *n, const struct in6_addr *addr)
{
	struct mine m = { .addr = addr };

	kern_addr_each(n->kern, 0, is_it, &m);
	return m.ifindex;
}

/* The home prefix, or the one behind us, that an address or a prefix is in; NULL: none. */
static const struct prefix *ours(const struct mn_conf *c, const struct prefix *p)
{
	for (size_t i = 0; i < c->n_home; i++) {
		const struct home_conf *h = &c->homes[i];

		if (h->retired)
			continue;
		if (prefix_overlaps(&h->hoa, p))
			return &h->hoa;
		for (size_t j = 0; j < h->n_prefix; j++)
			if (prefix_overlaps(&h->prefixes[j].prefix, p))
				return &h->prefixes[j].prefix;
	}
	return NULL;
}

/* ---- md_info ---- */

static bool care_of_ok(const struct node *n, const struct uplink_conf *u, const struct klink *l,
		       const struct in6_addr *coa, struct hint_refusal *r)
{
	struct prefix host = prefix6(coa, 128);
	const struct mn_conf *c = n->conf.mn;
	int on = link_with(n, coa);
	uint32_t flags = 0;

	if (IN6_IS_ADDR_MULTICAST(coa))
		return no(r, "care_of", "%s is a group", A6(coa));
	if (!in6_is_unicast_routable(coa))
		return no(r, "care_of", "%s is no global unicast address", A6(coa));
	for (size_t i = 0; i < c->n_home; i++)
		if (in6_eq(&c->homes[i].hoa.a.in6, coa))
			return no(r, "care_of", "%s is a home address", A6(coa));
	if (ours(c, &host))
		return no(r, "care_of", "%s is in %s, which is ours", A6(coa),
			  PFX(ours(c, &host)));
	if (on && on != l->ifindex)
		return no(r, "care_of", "%s is on another device", A6(coa));
	if (!u->managed)
		return true;
	/* who configures the uplink has put it there */
	if (!kern_addr_find(n->kern, l->ifindex, coa, &flags))
		return no(r, "care_of", "%s is not on %s", A6(coa), u->dev);
	if (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
		return no(r, "care_of", "%s is tentative or a duplicate", A6(coa));
	return true;
}

static bool link_ok(const struct node *n, const struct uplink_conf *u, const struct ev_md_info *i,
		    struct hint_refusal *r)
{
	const struct prefix *p = &i->link;

	if (!p->family)
		return u->managed || no(r, "link", "is missing: the on-link prefix");
	if (p->family != AF_INET6)
		return no(r, "link", "%s is no IPv6 prefix", PFX(p));
	if (!in6_is_unicast_routable(&p->a.in6))
		return no(r, "link", "%s is no global unicast prefix", PFX(p));
	if (ours(n->conf.mn, p))
		return no(r, "link", "%s overlaps %s, which is ours", PFX(p),
			  PFX(ours(n->conf.mn, p)));
	if (given(&i->care_of) && !prefix_contains6(p, &i->care_of))
		return no(r, "link", "%s does not contain %s", PFX(p), A6(&i->care_of));
	if (!given(&i->care_of) && !u->managed && p->plen != COA_PLEN)
		return no(r, "link", "%s: without care_of it takes a prefix of 64 bits", PFX(p));
	return true;
}

static bool router_ok(const struct node *n, const struct uplink_conf *u, const struct klink *l,
		      const struct in6_addr *router, struct hint_refusal *r)
{
	if (!given(router)) {
		if (u && !u->managed && l->lladdr.len)
			return no(r, "router", "is missing: %s has neighbours", l->name);
		return true;
	}
	if (!IN6_IS_ADDR_LINKLOCAL(router))
		return no(r, "router", "%s is no link-local address", A6(router));
	if (kern_addr_find(n->kern, l->ifindex, router, NULL))
		return no(r, "router", "%s is our own", A6(router));
	return true;
}

static bool attached_ok(const struct node *n, const struct uplink_conf *u,
			const struct ev_md_info *i, struct hint_refusal *r)
{
	const struct klink *l = link_of(n, i->device, r);

	if (!l)
		return false;
	if (strcmp(i->kind, "home") == 0) {
		if (given(&i->care_of))
			return no(r, "care_of", "at home there is none");
		if (!i->link.family)
			return no(r, "link", "is missing: the home prefix");
		if (md_home_of(n->conf.mn, &i->link) < 0)
			return no(r, "link", "%s is no home prefix of ours", PFX(&i->link));
		return router_ok(n, NULL, l, &i->router, r);
	}
	if (given(&i->care_of) ? !care_of_ok(n, u, l, &i->care_of, r) : u->managed)
		return given(&i->care_of) ? false :
		       no(r, "care_of", "is missing: something else configures %s", u->dev);
	return link_ok(n, u, i, r) && router_ok(n, u, l, &i->router, r);
}

static bool md_info_ok(const struct node *n, const struct ev_md_info *i, struct hint_refusal *r)
{
	bool lost = strcmp(i->kind, "lost") == 0;
	const struct uplink_conf *u;

	if (!lost && strcmp(i->kind, "coa") != 0 && strcmp(i->kind, "home") != 0)
		return no(r, "kind", *i->kind ? "\"%s\" is not coa, home or lost" : "is missing%s",
			  i->kind);
	u = uplink_of(n, i->device, r);
	if (!u)
		return false;
	if (i->bid && i->bid != u->bid)
		return no(r, "bid", "%s has %u", u->dev, u->bid);
	if (!lost)
		return attached_ok(n, u, i, r);
	if (given(&i->care_of) || given(&i->router) || i->link.family)
		return no(r, given(&i->care_of) ? "care_of" : given(&i->router) ? "router" : "link",
			  "there is none on a lost link");
	return true;
}

/* ---- the others ---- */

static bool home_hint_ok(const struct node *n, const struct ev_home_hint *h,
			 struct hint_refusal *r)
{
	if (!uplink_of(n, h->device, r) || !link_of(n, h->device, r))
		return false;
	if (!h->prefix.family)
		return no(r, "prefix", "is missing");
	if (md_home_of(n->conf.mn, &h->prefix) < 0)
		return no(r, "prefix", "%s is no home prefix of ours", PFX(&h->prefix));
	return true;
}

static bool rr_hint_ok(const struct node *n, const struct ev_rr_hint *h, struct hint_refusal *r)
{
	const char *why, *field = "home_address";

	if (!n->conf.mn->ro.enabled)
		return no(r, "event", "route_optimization is not enabled");
	why = ro_refused(n->mn, &h->home_address, &h->peer, &field);
	return !why || no(r, field, "%s", why);
}

static bool be_hint_ok(const struct node *n, const struct ev_be_hint *h, struct hint_refusal *r)
{
	if (!in6_is_unicast_routable(&h->peer) && !IN6_IS_ADDR_LINKLOCAL(&h->peer))
		return no(r, "peer", "%s is no unicast address", A6(&h->peer));
	if (!in6_is_unicast_routable(&h->home_address))
		return no(r, "home_address", "%s is no global unicast address",
			  A6(&h->home_address));
	if (!in6_is_unicast_routable(&h->local) || !link_with(n, &h->local))
		return no(r, "local", "%s is no address of this node", A6(&h->local));
	if (link_with(n, &h->peer))
		return no(r, "peer", "%s is our own", A6(&h->peer));
	if (h->status != BE_UNKNOWN_BINDING && h->status != BE_UNKNOWN_TYPE)
		return no(r, "status", "%u is not %d (no binding) or %d (unknown message)",
			  h->status, BE_UNKNOWN_BINDING, BE_UNKNOWN_TYPE);
	if (h->status == BE_UNKNOWN_BINDING && n->cn &&
	    cn_bound(n->cn, &h->local, &h->home_address))
		return no(r, "home_address", "%s is bound", A6(&h->home_address));
	return true;
}

/* ---- all ---- */

static bool take(struct node *n, const struct event *e)
{
	if (e->type == EV_md_info)
		md_said(n->md, &e->md_info);
	else if (e->type == EV_be_hint)
		node_be_hint(n, &e->be_hint);
	else
		event_emit(e);
	return true;
}

bool node_hint(struct node *n, const struct event *e, struct hint_refusal *r)
{
	bool ok = false;

	r->field = NULL;
	if (e->type != EV_be_hint && !n->mn) {
		snprintf(r->reason, sizeof(r->reason), "mn");
		return false;
	}
	if (!bucket_take_of(&n->hints, HINT_RATE, run_now()))
		return no(r, "event", "more than %d hints in a second", HINT_RATE);
	if (e->type == EV_md_info)
		ok = md_info_ok(n, &e->md_info, r);
	else if (e->type == EV_home_hint)
		ok = home_hint_ok(n, &e->home_hint, r);
	else if (e->type == EV_rr_hint)
		ok = rr_hint_ok(n, &e->rr_hint, r);
	else if (e->type == EV_be_hint)
		ok = be_hint_ok(n, &e->be_hint, r);
	else
		no(r, "event", "%s is no hint", event_desc[e->type].name);
	return ok && take(n, e);
}
