/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/plan_mh.h"

#include <linux/xfrm.h>

#include "base/util.h"
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
