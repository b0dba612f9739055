/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan/plan_steer.h - load sharing and flow policy of one owner as kernel objects,
 * for both ends: a node that is bound here, or a home address of ours.
 *
 * Nothing is planned if there is nothing to choose: no flow, and at most one path
 * with a weight. The flows of the configuration come first, by their priority, then
 * those that a node asked for (RFC 6089 5.3.6: several BIDs mean copies). More flows
 * than one owner can have (PLAN_FLOWS) are left out, the last ones first.
 *
 * Pure. 0, -ENOMEM, -EEXIST.
 */
#ifndef MIP6_PLAN_PLAN_STEER_H
#define MIP6_PLAN_PLAN_STEER_H

#include "plan/kobj.h"
#include "store/conf.h"
#include "store/flow.h"

#define PLAN_FLOWS	FLOW_MAX	/* of one owner; the kernel part has room for them */
#define PLAN_ASKED	0x10000		/* k_sflow.order of those asked for: this + FID-PRI */

struct plan_steer {
	struct in6_addr owner;
	uint8_t side;			/* enum ksteer */
	const struct prefix *inner;	/* home address and prefixes, without host bits */
	size_t n_inner;
	const struct k_spath *path;	/* all but .owner and .side */
	size_t n_path;
	const struct flow_conf *conf;	/* configured here */
	size_t n_conf;
	const struct flow_list *asked;	/* NULL: none */
};
int plan_steer(struct kplan *p, const struct plan_steer *s);
/* k_sflow.id of a configured flow: of its name. Of one that was asked for it is the FID. */
uint64_t plan_flow_id(const struct flow_conf *f);

#endif
