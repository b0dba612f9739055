/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan/plan_put.h - shorthands for a planner that puts many objects in a row: the first error is
 * kept in struct out, and nothing is put after it.
 *
 * Pure. Families and addresses as in kobj.h; table 0 of a rule = prohibit. Errors as kplan_add().
 */
#ifndef MIP6_PLAN_PLAN_PUT_H
#define MIP6_PLAN_PLAN_PUT_H

#include <linux/rtnetlink.h>
#include <stdio.h>

#include "plan/kobj.h"

#define METRIC		1024		/* the kernel's own for IPv6, said for both */
#define METRIC_LAST	65535		/* of what counts when nothing else does */

static inline void set_dev(char to[static IFNAMSIZ], const char *dev)
{
	snprintf(to, IFNAMSIZ, "%s", dev);
}

/* The first error of a row of put_*() calls is kept; later ones do nothing. */
struct out { struct kplan *p; int rc; };

static inline void put(struct out *o, const struct kobj *k)
{
	if (o->rc == 0)
		o->rc = kplan_add(o->p, k);
}

static inline void put_addr(struct out *o, const char *dev, struct prefix a, uint32_t flags,
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
static inline struct kobj rule(uint32_t pref, uint8_t family, uint32_t table, int32_t suppress)
{
	struct kobj k = { .kind = KOBJ_RULE };

	k.rule.family = family;
	k.rule.pref = pref;
	k.rule.table = table;
	k.rule.suppress_plen = suppress;
	return k;
}

/* table 0 = prohibit */
static inline void put_rule_from(struct out *o, uint32_t pref, const struct prefix *from,
				 uint32_t table)
{
	struct kobj k = rule(pref, from->family, table, -1);

	k.rule.from = *from;
	put(o, &k);
}

/* What we send ourselves; what a node behind us sends in our name is refused. find: a socket that
 * asks for such an address and has none yet, too (RFC 5014: IPV6_PREFER_SRC_COA). */
static inline void put_rule_own(struct out *o, uint32_t pref, uint32_t pref_not,
				 const struct in6_addr *from, uint32_t table, bool find)
{
	struct kobj k = rule(pref, AF_INET6, table, -1);

	k.rule.from = prefix6(from, 128);
	k.rule.find_source = find;
	set_dev(k.rule.iif, "lo");
	put(o, &k);
	put_rule_from(o, pref_not, &k.rule.from, 0);
}

static inline void put_rule_to(struct out *o, uint32_t pref, const struct prefix *to, uint32_t table,
			       int32_t suppress)
{
	struct kobj k = rule(pref, to->family, table, suppress);

	k.rule.to = *to;
	put(o, &k);
}

/* iif: "" = whatever comes in or is sent. */
static inline void put_rule_all(struct out *o, uint32_t pref, uint8_t family, const char *iif,
				uint32_t table, int32_t suppress)
{
	struct kobj k = rule(pref, family, table, suppress);

	set_dev(k.rule.iif, iif);
	put(o, &k);
}

static inline struct kobj route(uint32_t table, uint32_t metric, const struct prefix *dst,
				const char *dev)
{
	struct kobj k = { .kind = KOBJ_ROUTE };

	k.route.table = table;
	k.route.metric = metric;
	k.route.dst = *dst;
	set_dev(k.route.dev, dev);
	return k;
}

static inline void put_unreachable(struct out *o, uint32_t table, const struct prefix *dst)
{
	struct kobj k = route(table, METRIC_LAST, dst, "");

	k.route.type = RTN_UNREACHABLE;
	put(o, &k);
}

static inline struct prefix default_of(uint8_t family)
{
	return (struct prefix){ .family = family };
}

#endif
