/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fields of each kind stand in a table; comparing and hashing both read it,
 * so they cannot disagree about what the key is.
 */
#include "plan/kobj.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/util.h"

enum field_type { F_RAW, F_STR, F_ADDR, F_PREFIX, F_LOCATOR, F_CARRIER };

struct field {
	bool key;
	uint8_t type;			/* enum field_type; F_ADDR: prefix without its length */
	uint16_t at, size;
};

#define FIELD(key, type, m) \
	{ key, F_##type, offsetof(struct kobj, m), sizeof(((struct kobj *)0)->m) }
#define KEY(type, m)	FIELD(true, type, m)
#define VAL(type, m)	FIELD(false, type, m)
#define TMPL(i) \
	VAL(RAW, xpolicy.tmpl[i].src), VAL(RAW, xpolicy.tmpl[i].dst), \
	VAL(RAW, xpolicy.tmpl[i].proto), VAL(RAW, xpolicy.tmpl[i].use), \
	VAL(RAW, xpolicy.tmpl[i].reqid)

/* In each table what differs most comes first. */
static const struct field sysctl_field[] = {
	KEY(STR, sysctl.path), VAL(STR, sysctl.value),
};
static const struct field link_field[] = {
	KEY(STR, link.name), VAL(RAW, link.kind), VAL(CARRIER, link.carrier),
	VAL(RAW, link.mtu), VAL(RAW, link.ingress),
};
static const struct field addr_field[] = {
	KEY(ADDR, addr.addr), KEY(STR, addr.dev), VAL(PREFIX, addr.addr),
	VAL(RAW, addr.flags), VAL(RAW, addr.deprecated),
};
static const struct field rule_field[] = {
	KEY(RAW, rule.pref), KEY(PREFIX, rule.from), KEY(PREFIX, rule.to),
	KEY(RAW, rule.family), KEY(STR, rule.iif), KEY(STR, rule.oif), KEY(RAW, rule.fwmark),
	KEY(RAW, rule.fwmask), KEY(RAW, rule.table), KEY(RAW, rule.suppress_plen),
	KEY(RAW, rule.find_source),
};
static const struct field route_field[] = {
	KEY(PREFIX, route.dst), KEY(RAW, route.table), KEY(RAW, route.metric),
	KEY(PREFIX, route.from),
	VAL(RAW, route.type), VAL(STR, route.dev), VAL(RAW, route.has_via),
	VAL(RAW, route.onlink), VAL(RAW, route.via), VAL(PREFIX, route.src),
	VAL(CARRIER, route.encap), VAL(RAW, route.mtu),
};
static const struct field xstate_field[] = {
	KEY(RAW, xstate.src), KEY(RAW, xstate.dst), KEY(RAW, xstate.proto),
	KEY(RAW, xstate.reqid), VAL(RAW, xstate.coa), VAL(RAW, xstate.wildrecv),
};
static const struct field xpolicy_field[] = {
	KEY(PREFIX, xpolicy.sel_src), KEY(PREFIX, xpolicy.sel_dst), KEY(RAW, xpolicy.dir),
	KEY(RAW, xpolicy.sub), KEY(RAW, xpolicy.priority), KEY(RAW, xpolicy.sel_proto),
	KEY(RAW, xpolicy.sel_type), KEY(RAW, xpolicy.has_sel_type), KEY(RAW, xpolicy.ifindex),
	VAL(RAW, xpolicy.block), VAL(RAW, xpolicy.n_tmpl), TMPL(0), TMPL(1),
};
static const struct field proxy_field[] = {
	KEY(RAW, proxy.addr), KEY(STR, proxy.dev), VAL(RAW, proxy.router),
};
static const struct field ingress_field[] = {
	KEY(PREFIX, ingress.inner), KEY(LOCATOR, ingress.outer), KEY(RAW, ingress.owner),
	KEY(STR, ingress.dev),
};
static const struct field snet_field[] = {
	KEY(PREFIX, snet.inner), VAL(RAW, snet.owner),
};
static const struct field spath_field[] = {
	KEY(RAW, spath.owner), KEY(RAW, spath.bid), VAL(RAW, spath.weight), VAL(RAW, spath.side),
	VAL(STR, spath.dev),
	VAL(CARRIER, spath.carrier), VAL(RAW, spath.fwmark), VAL(RAW, spath.fwmask),
};
static const struct field sflow_field[] = {
	KEY(RAW, sflow.owner), KEY(RAW, sflow.order), VAL(RAW, sflow.id), VAL(RAW, sflow.sel),
	VAL(RAW, sflow.bid), VAL(RAW, sflow.weight), VAL(RAW, sflow.copy),
};

static const struct field neigh_field[] = {
	KEY(RAW, neigh.addr), KEY(STR, neigh.dev), VAL(RAW, neigh.len), VAL(RAW, neigh.lladdr),
};

static const struct { const struct field *f; unsigned n; } fields_of[] = {
	[KOBJ_SYSCTL] = { sysctl_field, ARRAY_SIZE(sysctl_field) },
	[KOBJ_LINK] = { link_field, ARRAY_SIZE(link_field) },
	[KOBJ_ADDR] = { addr_field, ARRAY_SIZE(addr_field) },
	[KOBJ_RULE] = { rule_field, ARRAY_SIZE(rule_field) },
	[KOBJ_ROUTE] = { route_field, ARRAY_SIZE(route_field) },
	[KOBJ_XSTATE] = { xstate_field, ARRAY_SIZE(xstate_field) },
	[KOBJ_XPOLICY] = { xpolicy_field, ARRAY_SIZE(xpolicy_field) },
	[KOBJ_PROXY] = { proxy_field, ARRAY_SIZE(proxy_field) },
	[KOBJ_INGRESS] = { ingress_field, ARRAY_SIZE(ingress_field) },
	[KOBJ_SNET] = { snet_field, ARRAY_SIZE(snet_field) },
	[KOBJ_SPATH] = { spath_field, ARRAY_SIZE(spath_field) },
	[KOBJ_SFLOW] = { sflow_field, ARRAY_SIZE(sflow_field) },
	[KOBJ_NEIGH] = { neigh_field, ARRAY_SIZE(neigh_field) },
};

static bool addr_eq(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && memcmp(&a->a, &b->a, family_bytes(a->family)) == 0;
}

static bool field_eq(const struct field *f, const struct kobj *oa, const struct kobj *ob)
{
	const void *a = (const char *)oa + f->at, *b = (const char *)ob + f->at;

	switch ((enum field_type)f->type) {
	case F_RAW:
		return memcmp(a, b, f->size) == 0;
	case F_STR:
		return strncmp(a, b, f->size) == 0;
	case F_ADDR:
		return addr_eq(a, b);
	case F_PREFIX:
		return prefix_eq(a, b);
	case F_LOCATOR:
		return locator_eq(a, b);
	case F_CARRIER:
		return carrier_eq(a, b);
	}
	return false;
}

static bool fields_eq(const struct kobj *a, const struct kobj *b, bool key_only)
{
	if (a->kind != b->kind || a->kind >= ARRAY_SIZE(fields_of))
		return false;
	for (unsigned i = 0; i < fields_of[a->kind].n; i++) {
		const struct field *f = &fields_of[a->kind].f[i];

		if ((f->key || !key_only) && !field_eq(f, a, b))
			return false;
	}
	return true;
}

bool kobj_same(const struct kobj *a, const struct kobj *b)
{
	return fields_eq(a, b, true);
}

bool kobj_equal(const struct kobj *a, const struct kobj *b)
{
	return fields_eq(a, b, false);
}

static uint32_t fnv1a(uint32_t h, const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n--)
		h = (h ^ *b++) * 16777619u;
	return h;
}

static uint32_t field_hash(uint32_t h, const struct field *f, const struct kobj *o)
{
	const void *p = (const char *)o + f->at;
	const struct locator *l = p;
	const struct prefix *x = p;

	switch ((enum field_type)f->type) {
	case F_RAW:
		return fnv1a(h, p, f->size);
	case F_STR:
		return fnv1a(h, p, strnlen(p, f->size));
	case F_ADDR:
		h = fnv1a(h, &x->family, 1);
		return fnv1a(h, &x->a, family_bytes(x->family));
	case F_PREFIX:
		h = fnv1a(fnv1a(h, &x->family, 1), &x->plen, 1);
		return fnv1a(h, &x->a, family_bytes(x->family));
	case F_LOCATOR:
		h = fnv1a(fnv1a(h, &l->family, 1), &l->udp_port, sizeof(l->udp_port));
		return l->family ? fnv1a(h, &l->a, family_bytes(l->family)) : h;
	case F_CARRIER:			/* in no key */
		break;
	}
	return h;
}

uint32_t kobj_hash(const struct kobj *o)
{
	uint32_t h = fnv1a(2166136261u, &o->kind, 1);

	if (o->kind >= ARRAY_SIZE(fields_of))
		return h;
	for (unsigned i = 0; i < fields_of[o->kind].n; i++) {
		const struct field *f = &fields_of[o->kind].f[i];

		if (f->key)
			h = field_hash(h, f, o);
	}
	return h;
}

bool kobj_on_device(const struct kobj *o, const char *dev)
{
	char part[IFNAMSIZ + 2];

	switch ((enum kobj_kind)o->kind) {
	case KOBJ_SYSCTL:
		snprintf(part, sizeof(part), "/%s/", dev);
		return strstr(o->sysctl.path, part);
	case KOBJ_ADDR:
		return strncmp(o->addr.dev, dev, IFNAMSIZ) == 0;
	case KOBJ_ROUTE:
		return strncmp(o->route.dev, dev, IFNAMSIZ) == 0;
	case KOBJ_PROXY:
		return strncmp(o->proxy.dev, dev, IFNAMSIZ) == 0;
	case KOBJ_INGRESS:
		return strncmp(o->ingress.dev, dev, IFNAMSIZ) == 0;
	case KOBJ_SPATH:
		return strncmp(o->spath.dev, dev, IFNAMSIZ) == 0;
	case KOBJ_NEIGH:
		return strncmp(o->neigh.dev, dev, IFNAMSIZ) == 0;
	case KOBJ_LINK:
	case KOBJ_RULE:
	case KOBJ_XSTATE:
	case KOBJ_XPOLICY:
	case KOBJ_SNET:
	case KOBJ_SFLOW:
		break;			/* do not go with a device */
	}
	return false;
}

/* ---- as text ---- */

struct text { char *buf; size_t n; };

__attribute__((format(printf, 2, 3)))
static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->n, KOBJ_STRLEN - t->n, fmt, ap);
	va_end(ap);
	if (n > 0)			/* cut, never overrun */
		t->n = MIN(t->n + (size_t)n, KOBJ_STRLEN - 1);
}

static const char *or_any(const struct prefix *p, char buf[static PREFIX_STRLEN])
{
	return p->family ? prefix_str(p, buf) : "any";
}
#define PFX_ANY(p)	or_any((p), (char[PREFIX_STRLEN]){ 0 })

static const char *xproto_str(uint8_t proto)
{
	return proto == IPPROTO_DSTOPTS ? "hao" : proto == IPPROTO_ROUTING ? "route2" : "?";
}

static void link_str(struct text *t, const struct k_link *k)
{
	static const char *const name[] = {
		[KLINK_DUMMY] = "dummy", [KLINK_IP6TNL] = "ip6tnl", [KLINK_IP6GRE] = "ip6gre",
		[KLINK_IP6TNL_EXTERNAL] = "ip6tnl external",
		[KLINK_IP6GRE_EXTERNAL] = "ip6gre external",
	};

	put(t, "link %s %s", k->name, k->kind < ARRAY_SIZE(name) ? name[k->kind] : "?");
	if (k->carrier.kind)
		put(t, " local %s remote %s", LOC(&k->carrier.local), LOC(&k->carrier.remote));
	if (k->carrier.key)
		put(t, " key %u", k->carrier.key);
	if (k->mtu)
		put(t, " mtu %u", k->mtu);
	put(t, "%s", k->ingress ? " ingress" : "");
}

static void addr_str(struct text *t, const struct k_addr *k)
{
	put(t, "addr %s dev %s%s%s%s%s%s", PFX(&k->addr), k->dev,
	    k->flags & IFA_F_NODAD ? " nodad" : "",
	    k->flags & IFA_F_HOMEADDRESS ? " home" : "",
	    k->flags & IFA_F_OPTIMISTIC ? " optimistic" : "",
	    k->flags & IFA_F_NOPREFIXROUTE ? " noprefixroute" : "",
	    k->deprecated ? " deprecated" : "");
}

static void rule_str(struct text *t, const struct k_rule *k)
{
	put(t, "rule %s pref %u from %s to %s", k->family == AF_INET ? "ipv4" : "ipv6", k->pref,
	    PFX_ANY(&k->from), PFX_ANY(&k->to));
	if (k->iif[0])
		put(t, " iif %s", k->iif);
	if (k->oif[0])
		put(t, " oif %s", k->oif);
	if (k->fwmask)
		put(t, " fwmark 0x%x/0x%x", k->fwmark, k->fwmask);
	if (k->table)
		put(t, " lookup %u", k->table);
	else
		put(t, " prohibit");
	if (k->suppress_plen >= 0)
		put(t, " suppress_prefixlength %d", k->suppress_plen);
	if (k->find_source)
		put(t, " find-source");
}

static void route_str(struct text *t, const struct k_route *k)
{
	put(t, "route %s", PFX(&k->dst));
	if (k->from.family)
		put(t, " of %s", PFX(&k->from));
	if (k->type == RTN_UNREACHABLE)
		put(t, " unreachable");
	else if (k->type && k->type != RTN_UNICAST)
		put(t, " type %u", k->type);
	if (k->has_via)
		put(t, " via %s", A6(&k->via));
	if (k->dev[0])
		put(t, " dev %s", k->dev);
	put(t, " table %u metric %u", k->table, k->metric);
	if (k->src.family)
		put(t, " src %s", PFX(&k->src));
	if (k->encap.kind)
		put(t, " encap %s", LOC(&k->encap.remote));
	if (k->encap.local.family)
		put(t, " from %s", LOC(&k->encap.local));
	if (k->encap.key)
		put(t, " key %u", k->encap.key);
	if (k->mtu)
		put(t, " mtu %u", k->mtu);
	put(t, "%s", k->onlink ? " onlink" : "");
}

static const char *reqid_str(uint32_t reqid)
{
	return reqid == KOBJ_XFRM_REQID_DATA ? " data" : reqid == KOBJ_XFRM_REQID_ANY ? " any" : "";
}

static void xpolicy_str(struct text *t, const struct k_xpolicy *k)
{
	static const char *const dir[] = { "in", "out", "fwd" };

	put(t, "xfrm policy %s%s prio 0x%x src %s dst %s proto %u",
	    k->dir < ARRAY_SIZE(dir) ? dir[k->dir] : "?", k->sub ? " sub" : "", k->priority,
	    PFX(&k->sel_src), PFX(&k->sel_dst), k->sel_proto);
	if (k->has_sel_type)
		put(t, " type %u", k->sel_type);
	for (unsigned i = 0; i < k->n_tmpl && i < KOBJ_XFRM_TMPLS; i++) {
		const struct k_xtmpl *x = &k->tmpl[i];

		put(t, " tmpl %s %s%s%s", xproto_str(x->proto), A6(&x->dst), reqid_str(x->reqid),
		    x->use ? " use" : "");
	}
	if (k->ifindex)
		put(t, " ifindex %d", k->ifindex);
	if (!k->n_tmpl)
		put(t, "%s", k->block ? " block" : " bypass");
}

static void spath_str(struct text *t, const struct k_spath *k)
{
	put(t, "path %s %s bid %u weight %u dev %s", k->side == KSTEER_HA ? "to" : "of",
	    A6(&k->owner), k->bid, k->weight, k->dev);
	if (k->carrier.kind)
		put(t, " to %s from %s", LOC(&k->carrier.remote), LOC(&k->carrier.local));
	if (k->carrier.key)
		put(t, " key %u", k->carrier.key);
	if (k->fwmask)
		put(t, " fwmark 0x%x/0x%x", k->fwmark, k->fwmask);
}

static void sflow_str(struct text *t, const struct k_sflow *k)
{
	put(t, "flow %s order %u %s%s", A6(&k->owner), k->order, SEL(&k->sel),
	    k->copy ? " copy" : "");
	for (unsigned i = 0; i < KOBJ_BIDS && k->bid[i]; i++) {
		put(t, "%s%u", i ? "," : " bid ", k->bid[i]);
		if (k->weight[i])
			put(t, "*%u", k->weight[i]);
	}
}

static void neigh_str(struct text *t, const struct k_neigh *n)
{
	put(t, "neigh %s dev %s lladdr", A6(&n->addr), n->dev);
	for (unsigned i = 0; i < n->len && i < sizeof(n->lladdr); i++)
		put(t, "%c%02x", i ? ':' : ' ', n->lladdr[i]);
}

const char *kobj_str(const struct kobj *o, char buf[static KOBJ_STRLEN])
{
	struct text t = { .buf = buf };

	buf[0] = '\0';
	switch ((enum kobj_kind)o->kind) {
	case KOBJ_SYSCTL:
		put(&t, "sysctl %s = %s", o->sysctl.path, o->sysctl.value);
		break;
	case KOBJ_LINK:
		link_str(&t, &o->link);
		break;
	case KOBJ_ADDR:
		addr_str(&t, &o->addr);
		break;
	case KOBJ_RULE:
		rule_str(&t, &o->rule);
		break;
	case KOBJ_ROUTE:
		route_str(&t, &o->route);
		break;
	case KOBJ_XSTATE:
		put(&t, "xfrm state src %s dst %s proto %s coa %s%s%s", A6(&o->xstate.src),
		    A6(&o->xstate.dst), xproto_str(o->xstate.proto), A6(&o->xstate.coa),
		    reqid_str(o->xstate.reqid), o->xstate.wildrecv ? " wildrecv" : "");
		break;
	case KOBJ_XPOLICY:
		xpolicy_str(&t, &o->xpolicy);
		break;
	case KOBJ_PROXY:
		put(&t, "proxy %s dev %s%s", A6(&o->proxy.addr), o->proxy.dev,
		    o->proxy.router ? " router" : "");
		break;
	case KOBJ_INGRESS:
		put(&t, "ingress %s from %s dev %s owner %s", PFX(&o->ingress.inner),
		    LOC(&o->ingress.outer), o->ingress.dev, A6(&o->ingress.owner));
		break;
	case KOBJ_SNET:
		put(&t, "steer %s owner %s", PFX(&o->snet.inner), A6(&o->snet.owner));
		break;
	case KOBJ_SPATH:
		spath_str(&t, &o->spath);
		break;
	case KOBJ_SFLOW:
		sflow_str(&t, &o->sflow);
		break;
	case KOBJ_NEIGH:
		neigh_str(&t, &o->neigh);
		break;
	}
	return buf;
}
