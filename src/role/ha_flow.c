/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flow bindings (RFC 6089 5.3): judged with the Binding Update that asks for them,
 * kept beside the bindings of their home address, and gone with the last of these.
 * A verdict's flows belong to it: ha_flow_free() where a verdict ends.
 */
#include <stdio.h>

#include "base/util.h"
#include "role/ha_priv.h"
#include "run/event.h"
#include "run/timer.h"

static struct flow_bids bids_of(const struct binding_set *s)
{
	struct flow_bids b = { .n = 0 };

	for (unsigned i = 0; i < s->n; i++)
		if (s->b[i].key.bid)
			b.bid[b.n++] = s->b[i].key.bid;
	return b;
}

void ha_flow_free(struct bu_verdict *v)
{
	flow_verdict_free(v->flows);
	v->flows = NULL;
}

/*
 * 5.3.1: after the Binding Identifiers, against what is registered then. 5.3.3: a
 * de-registration of all deletes all flows whatever it says of them. No memory: as it
 * was, and no answer about flows, which means that we have none (5.2.6).
 */
void ha_flow_judge(struct ha *ha, const struct mh_msg *m, struct bu_verdict *v)
{
	const size_t own = v->node ? MIN(v->node->n_flow, (size_t)FLOW_MAX) : 0;
	const struct flow_rules rules = { v->node && v->node->flow_bindings, FLOW_MAX - own };
	const struct bc_memory *mem = bc_memory(ha->bc, &v->b.key.hoa, false);
	static const struct flow_list none;
	const struct flow_list *have = mem ? &mem->flows : &none;
	struct flow_bids b = bids_of(&v->set);

	v->flows = NULL;
	v->set.flows = have;
	v->set.unsteered = mem && mem->unsteered;
	if ((v->act != BU_REGISTER && v->act != BU_DEREGISTER) || !v->set.n)
		return;
	if (!flow_concerns(have, &m->opt))
		return;
	v->flows = flow_judge(have, &m->opt, &rules, &b);
	if (v->flows)
		v->set.flows = &v->flows->list;
	else
		log_rl(&ha->rl, "ha", "flows of %s: no memory", A6(&v->b.key.hoa));
}

static void tell(const struct in6_addr *hoa, uint16_t fid, const char *state, uint8_t status)
{
	struct event e = { .type = EV_flow_state };

	e.flow_state.home_address = *hoa;
	e.flow_state.fid = fid;
	e.flow_state.status = status;
	snprintf(e.flow_state.state, sizeof(e.flow_state.state), "%s", state);
	event_emit(&e);
}

/* What is new, changes between active and inactive, or goes. */
static void tell_changes(const struct in6_addr *hoa, const struct flow_list *old,
			 const struct flow_list *new)
{
	for (size_t i = 0; i < new->n; i++) {
		const struct flow_entry *e = &new->e[i], *was = flow_find(old, e->fid);

		if (!was || was->active != e->active)
			tell(hoa, e->fid, e->active ? "active" : "inactive", FLOW_OK);
	}
	for (size_t i = 0; i < old->n; i++)
		if (!flow_find(new, old->e[i].fid))
			tell(hoa, old->e[i].fid, "removed", FLOW_OK);
}

/* The list becomes `to`, whose memory it takes; to may be what it already has. */
static void replace(struct bc_memory *mem, struct flow_list to)
{
	tell_changes(&mem->hoa, &mem->flows, &to);
	if (mem->flows.e != to.e)
		flow_list_free(&mem->flows);
	mem->flows = to;
}

void ha_flow_commit(struct ha *ha, const struct in6_addr *hoa, const struct binding_set *now,
		    struct flow_verdict *v)
{
	struct bc_memory *mem = bc_memory(ha->bc, hoa, v && v->list.n);
	struct flow_bids b = bids_of(now);
	struct flow_list next;

	if (!mem)
		return;			/* no memory; there was nothing before */
	if (!now->n) {
		replace(mem, (struct flow_list){ 0 });
		return;
	}
	if (v) {
		next = v->list;
		v->list = (struct flow_list){ 0 };
		replace(mem, next);
		return;
	}
	for (size_t i = 0; i < mem->flows.n; i++) {
		struct flow_list one = { &mem->flows.e[i], 1 };

		if (flow_refresh(&one, &b))
			tell(hoa, one.e->fid, one.e->active ? "active" : "inactive", FLOW_OK);
	}
}

/* Their node has proven who it is: what it hears from us others may hear, too. */
void ha_flow_refused(struct ha *ha, const struct ha_req *req, const struct bu_verdict *v)
{
	for (unsigned i = 0; v->flows && i < v->flows->answer.n; i++) {
		const struct mhopt_flow *f = &v->flows->answer.opt[i];

		if (f->status < FLOW_PROHIBITED)
			continue;
		log_rl(&ha->rl, "ha", "BU for %s from %s: flow %u refused: status=%u (%s)",
		       A6(&req->hoa), A6(&req->rx.src), f->fid, f->status,
		       flow_status_str(f->status));
		if (bucket_take(&ha->refusals[true], run_now()))
			tell(&req->hoa, f->fid, "refused", f->status);
	}
}
