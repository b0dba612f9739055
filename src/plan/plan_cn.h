/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan/plan_cn.h - a correspondent's bindings as kernel objects (RFC 6275 9.3).
 *
 * Base plan: one wildcard state and one policy let Mobility Headers with a home address
 * option in, to whatever address this node has now or later; everything else with the
 * option and without a binding misses and raises a report (9.3.1). Signalling and
 * Neighbour Discovery go out past all bindings (plan_mh.h).
 *
 * Binding plan: a state and a policy for each direction. The policies are of level
 * `use`, so packets that come by the home agent still come in. The policy out names the care-of
 * address in its template, which the kernel does not look at: so it is replaced in a
 * move, and with that the kernel finds the way anew for connections that it has kept the
 * old way for (an updated state alone does not do that).
 *
 * Where the own address is a home address of ours too (b->mobile), packets have both
 * headers, and the policies two templates; the mobile side's states fit the others.
 *
 * Pure; derived, never stored. Returns as kplan_add().
 */
#ifndef MIP6_PLAN_PLAN_CN_H
#define MIP6_PLAN_PLAN_CN_H

#include "plan/kobj.h"
#include "store/cn_cache.h"

#define CN_PRIO		(KOBJ_XFRM_PRIO + 2)

int cn_plan_base(struct kplan *p);
int cn_plan_binding(const struct cn_binding *b, struct kplan *p);
/* The states of a binding: packets from the peer (home address option), packets to it. */
struct kobj cn_state_in(const struct cn_binding *b);
struct kobj cn_state_out(const struct cn_binding *b);

#endif
