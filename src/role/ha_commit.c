/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What follows when the kernel has taken a change: the cache, what is remembered,
 * the timer, the answer, the news - in this order.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "plan/plan_ha.h"
#include "role/ha_priv.h"
#include "run/event.h"
#include "run/timer.h"

/* ---- news ---- */

/* old: what was bound there, NULL: nothing. RFC 4295 tells the first two from the third. */
static void tell_bound(const struct binding *b, const struct binding *old)
{
	const char *change = !old ? "registered" :
			     !locator_eq(&old->coa, &b->coa) ? "moved" : "refreshed";
	struct event e = { .type = EV_bc_add };

	e.bc_add.home_address = b->key.hoa;
	e.bc_add.bid = b->key.bid;
	e.bc_add.care_of = b->coa;
	e.bc_add.peer = b->local;
	e.bc_add.flags = b->flags;
	e.bc_add.lifetime = b->lifetime;
	e.bc_add.prefixes = b->n_prefix;
	snprintf(e.bc_add.change, sizeof(e.bc_add.change), "%s", change);
	event_emit(&e);
}

static void tell_gone(const struct binding *b, const char *reason)
{
	struct event e = { .type = EV_bc_remove };

	e.bc_remove.home_address = b->key.hoa;
	e.bc_remove.bid = b->key.bid;
	e.bc_remove.care_of = b->coa;
	e.bc_remove.peer = b->local;
	e.bc_remove.flags = b->flags;
	snprintf(e.bc_remove.reason, sizeof(e.bc_remove.reason), "%s", reason);
	event_emit(&e);
}

static void tell_prefix(const struct binding *b, const struct prefix *p, bool up,
			const char *reason)
{
	struct event e = { .type = EV_prefix_state };

	e.prefix_state.home_address = b->key.hoa;
	e.prefix_state.prefix = *p;
	e.prefix_state.up = up;
	snprintf(e.prefix_state.reason, sizeof(e.prefix_state.reason), "%s", reason);
	event_emit(&e);
}

static bool has_prefix(const struct binding *b, const struct prefix *p)
{
	for (unsigned i = 0; b && i < b->n_prefix; i++)
		if (prefix_eq(&b->prefix[i], p))
			return true;
	return false;
}

/* old, new: NULL = not bound. */
static void tell_prefixes(const struct binding *old, const struct binding *new,
			  const char *reason)
{
	for (unsigned i = 0; old && i < old->n_prefix; i++)
		if (!has_prefix(new, &old->prefix[i]))
			tell_prefix(old, &old->prefix[i], false, reason);
	for (unsigned i = 0; new && i < new->n_prefix; i++)
		if (!has_prefix(old, &new->prefix[i]))
			tell_prefix(new, &new->prefix[i], true, "accepted");
}

static void tell_refused4(const struct bu_verdict *v)
{
	for (unsigned i = 0; i < v->n_ipv4_ack; i++) {
		const struct prefix p = prefix4(v->ipv4_ack[i].addr, v->ipv4_ack[i].plen);

		if (v->ipv4_ack[i].status != IPV4_ACK_OK)
			tell_prefix(&v->b, &p, false, "refused");
	}
}

/* ---- what is remembered ---- */

/*
 * RFC 4285 5.1: if nothing but sequence numbers protects against replay they are
 * never forgotten; else a de-registration keeps its own for late updates (RFC 6275
 * 10.3.2), and afterwards any number is good (9.5.1).
 */
void ha_remember_seq(struct ha *ha, const struct bu_verdict *v, bool gone)
{
	const struct sec_conf *sec = &v->node->sec;
	struct bc_memory *mem = bc_memory(ha->bc, &v->b.key.hoa, true);

	if (!mem)
		return;
	mem->has_seq = true;
	mem->seq = v->b.seq;
	mem->seq_until = gone ? run_now() + ha->c->timers.max_delete_bce_timeout : 0;
	if (sec->method == SEC_AUTH_OPTION && !sec->timestamps)
		mem->seq_until = HUGE_VAL;
}

/* RFC 4285 6: greater than all accepted ones. */
static void remember_stamp(struct ha *ha, const struct ha_req *req)
{
	struct bc_memory *mem = bc_memory(ha->bc, &req->hoa, true);

	if (mem && req->sign && req->has_stamp)
		mem->stamp = req->stamp;
}

/* ---- timers ---- */

void ha_expire(void *arg)
{
	struct bc_entry *e = arg;

	ha_tx_remove(e->owner, e, HA_EXPIRED);
}

static void deleted_cb(void *arg)
{
	struct bc_entry *e = arg;
	struct ha *ha = e->owner;

	bc_del(ha->bc, e);
}

static void arm(struct ha *ha, struct bc_entry *e)
{
	e->owner = ha;
	if (e->state == BC_BOUND)
		rtimer_set(&e->timer, e->b.expires, ha_expire, e);
	else
		rtimer_set(&e->timer, run_now() + ha->c->timers.max_delete_bce_timeout,
			   deleted_cb, e);
	if (e->state != BC_BOUND)
		ha_mpd_stop(e);
}

static void tell_flushed(struct ha *ha)
{
	struct event e = { .type = EV_bc_flush };

	if (ha->flushing && --ha->flushing == 0)
		event_emit(&e);
}

void ha_forget(struct ha *ha, struct bc_entry *e, const char *reason)
{
	struct binding was = e->b;

	rtimer_stop(&e->timer);
	ha_mpd_stop(e);
	bc_del(ha->bc, e);
	log_info("ha", "binding %s: removed (%s) coa=%s", A6(&was.key.hoa), reason,
		 LOC(&was.coa));
	tell_prefixes(&was, NULL, reason);
	tell_gone(&was, reason);
	if (strcmp(reason, HA_FLUSHED) == 0)
		tell_flushed(ha);
}

/* ---- committed ---- */

/* No memory for the entry: the kernel goes back to what it had. */
static void take_back(struct ha_tx *tx)
{
	struct ha *ha = tx->ha;
	struct kplan have = { 0 }, want = { 0 };

	if (ha_plan_node(ha->c, tx->v.node, &tx->v.b, &have) == 0 &&
	    ha_plan_node(ha->c, tx->v.node, NULL, &want) == 0)
		kplan_switch(ha->env.kern, &have, &want, NULL, NULL);
	kplan_free(&have);
	kplan_free(&want);
	tx->v.act = BU_REFUSE;
	tx->v.status = BA_NO_RESOURCES;
	tx->v.why = "no memory";
	ha_answer(ha, &tx->req, &tx->v);
}

void ha_commit_register(struct ha_tx *tx)
{
	struct ha *ha = tx->ha;
	struct bc_entry *e = bc_find(ha->bc, &tx->hoa, 0);
	bool was_bound = e && e->state == BC_BOUND;
	struct binding old = was_bound ? e->b : (struct binding){ 0 };
	struct bu_verdict *v = &tx->v;

	v->b.expires = run_now() + v->b.lifetime;
	e = bc_put(ha->bc, &v->b);
	if (!e) {
		take_back(tx);
		return;
	}
	ha_remember_seq(ha, v, false);
	remember_stamp(ha, &tx->req);
	arm(ha, e);
	ha_mpd_bound(ha, e, !was_bound);
	ha_ns_drop(ha, &tx->hoa);
	ha_advertise(ha, v, !was_bound,
		     v->b.flags & BU_L && !(was_bound && old.flags & BU_L));
	ha_answer(ha, &tx->req, v);
	ha->stats.accepted++;
	histo_add(&ha->stats.commit, run_clock() - tx->since);
	if (!was_bound || !locator_eq(&old.coa, &v->b.coa))
		log_info("ha", "binding %s: %s coa=%s was=%s prefixes=%u lifetime=%us seq=%u",
			 A6(&tx->hoa), was_bound ? "moved" : "registered", LOC(&v->b.coa),
			 LOC(&old.coa), v->b.n_prefix, v->b.lifetime, v->b.seq);
	tell_bound(&v->b, was_bound ? &old : NULL);
	tell_prefixes(was_bound ? &old : NULL, &v->b, "withdrawn");
	tell_refused4(v);
}

void ha_commit_deregister(struct ha_tx *tx)
{
	struct ha *ha = tx->ha;
	struct bc_entry *e = bc_find(ha->bc, &tx->hoa, 0);
	bool was_bound = e && e->state == BC_BOUND;
	struct binding old;

	ha_remember_seq(ha, &tx->v, true);
	remember_stamp(ha, &tx->req);
	ha_ns_drop(ha, &tx->hoa);
	ha_answer(ha, &tx->req, &tx->v);
	if (!e)
		return;			/* its time was over while the kernel worked */
	old = e->b;
	bc_set_deleted(ha->bc, e, tx->v.b.seq);
	arm(ha, e);
	/* a repeated one finds no binding, only an entry that keeps its number */
	if (was_bound) {
		tell_prefixes(&old, NULL, "deregistered");
		tell_gone(&old, "deregistered");
		log_info("ha", "binding %s: deregistered coa=%s seq=%u", A6(&tx->hoa),
			 LOC(&old.coa), tx->v.b.seq);
		ha->stats.deregistered++;
	}
}

void ha_commit_remove(struct ha_tx *tx)
{
	struct bc_entry *e = bc_find(tx->ha->bc, &tx->hoa, 0);

	if (!e || e->state != BC_BOUND)
		return;
	if (strcmp(tx->reason, HA_EXPIRED) == 0)
		tx->ha->stats.expired++;
	ha_forget(tx->ha, e, tx->reason);
}

