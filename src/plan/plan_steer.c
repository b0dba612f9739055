/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/plan_steer.h"

#include <string.h>

#include "base/util.h"

static bool has_flows(const struct plan_steer *s)
{
	return s->n_conf || (s->asked && s->asked->n);
}

static bool needed(const struct plan_steer *s)
{
	size_t shares = 0;

	for (size_t i = 0; i < s->n_path; i++)
		shares += s->path[i].weight > 0;
	return s->n_path && (shares > 1 || has_flows(s));
}

static int put_paths(struct kplan *p, const struct plan_steer *s)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->n_path; i++) {
		struct kobj o = { .kind = KOBJ_SPATH, .spath = s->path[i] };

		o.spath.owner = s->owner;
		o.spath.side = s->side;
		rc = kplan_add(p, &o);
	}
	return rc;
}

static int put_nets(struct kplan *p, const struct plan_steer *s)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->n_inner; i++) {
		struct kobj o = { .kind = KOBJ_SNET };

		o.snet.inner = s->inner[i];
		o.snet.owner = s->owner;
		rc = kplan_add(p, &o);
	}
	return rc;
}

#define BY_NAME		(1ull << 63)	/* no FID has it */

/* FNV-1a: of 32 names no two have the same, but for one case in 2^54. */
uint64_t plan_flow_id(const struct flow_conf *f)
{
	uint64_t h = 14695981039346656037ull;

	for (const char *c = f->name; *c; c++)
		h = (h ^ (uint8_t)*c) * 1099511628211ull;
	return h | BY_NAME;
}

static int put_configured(struct kplan *p, const struct plan_steer *s, size_t *room)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->n_conf && *room; i++, --*room) {
		const struct flow_conf *f = &s->conf[i];
		struct kobj o = { .kind = KOBJ_SFLOW };

		o.sflow.owner = s->owner;
		o.sflow.order = f->prio;
		o.sflow.id = plan_flow_id(f);
		o.sflow.sel = f->sel;
		memcpy(o.sflow.bid, f->bid, sizeof(o.sflow.bid));
		memcpy(o.sflow.weight, f->weight, sizeof(o.sflow.weight));
		rc = kplan_add(p, &o);
	}
	return rc;
}

static int put_asked(struct kplan *p, const struct plan_steer *s, size_t room)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && s->asked && i < s->asked->n && i < room; i++) {
		const struct flow_entry *e = &s->asked->e[i];
		struct kobj o = { .kind = KOBJ_SFLOW };

		o.sflow.owner = s->owner;
		o.sflow.order = PLAN_ASKED + e->prio;
		o.sflow.id = e->fid;
		o.sflow.sel = e->sel;
		memcpy(o.sflow.bid, e->bid, sizeof(o.sflow.bid));
		o.sflow.copy = e->n_bid > 1;
		rc = kplan_add(p, &o);
	}
	return rc;
}

_Static_assert(KOBJ_BIDS == FLOW_MAX_BID, "copied whole");

/* Before a prefix names its owner his flows and paths are there. */
int plan_steer(struct kplan *p, const struct plan_steer *s)
{
	size_t room = PLAN_FLOWS;
	int rc;

	if (!needed(s))
		return 0;
	rc = put_paths(p, s);
	if (rc == 0)
		rc = put_configured(p, s, &room);
	if (rc == 0)
		rc = put_asked(p, s, room);
	return rc < 0 ? rc : put_nets(p, s);
}
