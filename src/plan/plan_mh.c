/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/plan_mh.h"

#include <linux/xfrm.h>

#include "base/util.h"
#include "wire/icmp6.h"
#include "wire/mh.h"

int plan_mh_in(struct kplan *p, const struct prefix *dst)
{
	struct kobj o = { .kind = KOBJ_XPOLICY, .xpolicy = {
		.dir = XFRM_POLICY_IN, .sub = true, .priority = KOBJ_XFRM_PRIO,
		.sel_src = prefix6(&in6addr_any, 0), .sel_dst = *dst, .sel_proto = IPPROTO_MH_,
		.n_tmpl = 2,
		.tmpl = { { .proto = IPPROTO_DSTOPTS, .use = true, .reqid = KOBJ_XFRM_REQID_ANY },
			  { .proto = IPPROTO_ROUTING, .use = true,
			    .reqid = KOBJ_XFRM_REQID_ANY } },
	} };

	return kplan_add(p, &o);
}

int plan_mh_out(struct kplan *p)
{
	struct kobj o = { .kind = KOBJ_XPOLICY, .xpolicy = {
		.dir = XFRM_POLICY_OUT, .sub = true, .priority = KOBJ_XFRM_PRIO,
		.sel_src = prefix6(&in6addr_any, 0), .sel_dst = prefix6(&in6addr_any, 0),
		.sel_proto = IPPROTO_MH_,
	} };
	int rc = kplan_add(p, &o);

	o.xpolicy.priority = KOBJ_XFRM_PRIO + 1;
	o.xpolicy.sel_proto = IPPROTO_ICMPV6;
	o.xpolicy.has_sel_type = true;
	for (uint8_t type = 133; rc == 0 && type <= 137; type++) {	/* RFC 4861 4 */
		o.xpolicy.sel_type = type;
		rc = kplan_add(p, &o);
	}
	return rc;
}

int plan_mps(struct kplan *p, const struct prefix *hoa)
{
	struct kobj in = { .kind = KOBJ_XPOLICY, .xpolicy = {
		.dir = XFRM_POLICY_IN, .sub = true, .priority = KOBJ_XFRM_PRIO + 1,
		.sel_src = prefix6(&in6addr_any, 0), .sel_dst = *hoa,
		.sel_proto = IPPROTO_ICMPV6,
		.n_tmpl = 1,
		.tmpl = { { .proto = IPPROTO_ROUTING, .use = true,
			    .reqid = KOBJ_XFRM_REQID_ANY } },
	} };
	struct kobj out = { .kind = KOBJ_XPOLICY, .xpolicy = {
		.dir = XFRM_POLICY_OUT, .sub = true, .priority = KOBJ_XFRM_PRIO + 1,
		.sel_src = *hoa, .sel_dst = prefix6(&in6addr_any, 0),
		.sel_proto = IPPROTO_ICMPV6, .sel_type = ICMP6_MPS, .has_sel_type = true,
	} };
	int rc = kplan_add(p, &in);

	return rc ? rc : kplan_add(p, &out);
}
