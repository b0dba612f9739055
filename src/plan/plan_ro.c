/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/plan_ro.h"

#include <linux/xfrm.h>

#include "base/util.h"
#include "plan/plan_mh.h"
#include "wire/mh.h"

#define PRIO_BYPASS	(KOBJ_XFRM_PRIO + 1)
#define PRIO_HOME	(KOBJ_XFRM_PRIO + 3)	/* behind those of a correspondent's bindings */

static struct kobj policy(uint8_t dir, uint32_t prio, struct prefix src, struct prefix dst)
{
	return (struct kobj){ .kind = KOBJ_XPOLICY, .xpolicy = {
		.dir = dir, .sub = true, .priority = prio, .sel_src = src, .sel_dst = dst } };
}

static int bypass(struct kplan *p, const struct prefix *from, const struct prefix *to)
{
	return kplan_put(p, policy(XFRM_POLICY_OUT, PRIO_BYPASS, *from, *to));
}

static int plan_out(const struct prefix *hoa, const struct in6_addr *ha, size_t n_ha,
		    struct kplan *p)
{
	static const struct prefix never[] = {
		{ .family = AF_INET6, .plen = 10, .a.in6.s6_addr = { 0xfe, 0x80 } },
		{ .family = AF_INET6, .plen = 8, .a.in6.s6_addr = { 0xff } },
	};
	struct kobj o = policy(XFRM_POLICY_OUT, PRIO_HOME, *hoa, prefix6(&in6addr_any, 0));
	int rc = plan_mh_out(p);

	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(never); i++)
		rc = bypass(p, hoa, &never[i]);
	for (size_t i = 0; rc == 0 && i < n_ha; i++) {
		struct prefix one = prefix6(&ha[i], 128);

		if (!IN6_IS_ADDR_UNSPECIFIED(&ha[i]))
			rc = bypass(p, hoa, &one);
	}
	o.xpolicy.n_tmpl = 1;
	o.xpolicy.tmpl[0].proto = IPPROTO_DSTOPTS;
	o.xpolicy.tmpl[0].use = true;
	o.xpolicy.tmpl[0].reqid = KOBJ_XFRM_REQID_DATA;
	return rc < 0 ? rc : kplan_add(p, &o);
}

int ro_plan_home(const struct in6_addr *hoa, const struct in6_addr *ha, size_t n_ha, bool out,
		 struct kplan *p)
{
	struct prefix own = prefix6(hoa, 128);
	struct kobj o = policy(XFRM_POLICY_IN, PRIO_HOME, prefix6(&in6addr_any, 0), own);
	int rc;

	o.xpolicy.n_tmpl = 1;
	o.xpolicy.tmpl[0].proto = IPPROTO_ROUTING;
	o.xpolicy.tmpl[0].use = true;
	o.xpolicy.tmpl[0].reqid = KOBJ_XFRM_REQID_ANY;
	rc = kplan_add(p, &o);
	return rc == 0 && out ? plan_out(&own, ha, n_ha, p) : rc;
}

struct k_xstate ro_state_out(const struct in6_addr *hoa, const struct in6_addr *peer)
{
	return (struct k_xstate){ .src = *hoa, .dst = *peer, .proto = IPPROTO_DSTOPTS,
				  .reqid = KOBJ_XFRM_REQID_DATA };
}

/* The request id of the wildcard state: to a policy they are the same. */
struct k_xstate ro_state_in(const struct in6_addr *hoa, const struct in6_addr *peer)
{
	return (struct k_xstate){ .src = *peer, .dst = *hoa, .proto = IPPROTO_ROUTING };
}

int ro_plan_peer(const struct in6_addr *hoa, const struct in6_addr *peer,
		 const struct in6_addr *coa, struct kplan *p)
{
	struct kobj out = { .kind = KOBJ_XSTATE, .xstate = ro_state_out(hoa, peer) };
	struct kobj in = { .kind = KOBJ_XSTATE, .xstate = ro_state_in(hoa, peer) };
	int rc;

	struct kobj anew = policy(XFRM_POLICY_OUT, KOBJ_XFRM_PRIO, prefix6(hoa, 128),
				  prefix6(peer, 128));

	anew.xpolicy.sel_proto = IPPROTO_MH_;
	out.xstate.coa = in.xstate.coa = *coa;
	rc = kplan_add(p, &in);
	if (rc == 0)
		rc = kplan_add(p, &out);
	return rc < 0 ? rc : kplan_add(p, &anew);
}
