/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/plan_cn.h"

#include <linux/xfrm.h>

#include "plan/plan_mh.h"

int cn_plan_base(struct kplan *p)
{
	struct kobj s = { .kind = KOBJ_XSTATE,
			  .xstate = { .proto = IPPROTO_DSTOPTS, .wildrecv = true } };
	struct prefix all = prefix6(&in6addr_any, 0);
	int rc = kplan_add(p, &s);

	if (rc == 0)
		rc = plan_mh_in(p, &all);
	return rc < 0 ? rc : plan_mh_out(p);
}

static struct kobj state(const struct in6_addr *src, const struct in6_addr *dst, uint8_t proto,
			 const struct in6_addr *coa)
{
	return (struct kobj){ .kind = KOBJ_XSTATE, .xstate = {
		.src = *src, .dst = *dst, .coa = *coa, .proto = proto,
		.reqid = KOBJ_XFRM_REQID_DATA } };
}

struct kobj cn_state_in(const struct cn_binding *b)
{
	return state(&b->key.peer, &b->key.local, IPPROTO_DSTOPTS, &b->path[0].coa);
}

struct kobj cn_state_out(const struct cn_binding *b)
{
	return state(&b->key.local, &b->key.peer, IPPROTO_ROUTING, &b->path[0].coa);
}

static struct kobj policy(const struct in6_addr *src, const struct in6_addr *dst, uint8_t dir)
{
	return (struct kobj){ .kind = KOBJ_XPOLICY, .xpolicy = {
		.dir = dir, .sub = true, .priority = CN_PRIO, .sel_src = prefix6(src, 128),
		.sel_dst = prefix6(dst, 128) } };
}

static void add(struct kobj *o, struct k_xtmpl t)
{
	t.use = true;
	o->xpolicy.tmpl[o->xpolicy.n_tmpl++] = t;
}

int cn_plan_binding(const struct cn_binding *b, struct kplan *p)
{
	const struct in6_addr *peer = &b->key.peer, *local = &b->key.local;
	struct kobj in = policy(peer, local, XFRM_POLICY_IN);
	struct kobj out = policy(local, peer, XFRM_POLICY_OUT);
	int rc = kplan_put(p, cn_state_in(b));

	add(&in, (struct k_xtmpl){ .src = *peer, .proto = IPPROTO_DSTOPTS,
				   .reqid = KOBJ_XFRM_REQID_DATA });
	if (b->mobile) {
		add(&in, (struct k_xtmpl){ .proto = IPPROTO_ROUTING });
		add(&out, (struct k_xtmpl){ .proto = IPPROTO_DSTOPTS,
					    .reqid = KOBJ_XFRM_REQID_DATA });
	}
	add(&out, (struct k_xtmpl){ .dst = b->path[0].coa, .proto = IPPROTO_ROUTING,
				    .reqid = KOBJ_XFRM_REQID_DATA });
	if (rc == 0)
		rc = kplan_put(p, in);
	if (rc == 0)
		rc = kplan_put(p, cn_state_out(b));
	return rc < 0 ? rc : kplan_put(p, out);
}
