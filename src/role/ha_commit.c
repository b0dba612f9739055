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

/* " bid=7": not for a binding without RFC 5648. */
static const char *bid_str(uint16_t bid, char buf[static 16])
{
	buf[0] = '\0';
	if (bid)
		snprintf(buf, 16, " bid=%u", bid);
	return buf;
}
#define BID(bid)	bid_str((bid), (char[16]){ 0 })

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
	struct bc_memory *home = e->home;

	rtimer_stop(&e->timer);
	bc_del(ha->bc, e);
	log_info("ha", "binding %s%s: removed (%s) coa=%s", A6(&was.key.hoa), BID(was.key.bid),
		 reason, LOC(&was.coa));
	if (!bc_primary(ha->bc, &was.key.hoa)) {
		ha_mpd_stop(home);
		ha_steer_stop(ha, home);
		ha_flow_commit(ha, &was.key.hoa, &(struct binding_set){ 0 }, NULL);
		tell_prefixes(&was, NULL, reason);
	}
	tell_gone(&was, reason);
	if (strcmp(reason, HA_FLUSHED) == 0)
		tell_flushed(ha);
}

/* ---- committed ---- */

/* No memory for an entry: the kernel goes back to what it had. */
static void take_back(struct ha_tx *tx, const struct binding_set *old)
{
	struct ha *ha = tx->ha;
	struct kplan have = { 0 }, want = { 0 };

	if (ha_plan_node(ha->c, tx->v.node, &tx->v.set, &have) == 0 &&
	    ha_plan_node(ha->c, tx->v.node, old, &want) == 0)
		kplan_switch(ha->env.kern, &have, &want, NULL, NULL);
	kplan_free(&have);
	kplan_free(&want);
	tx->v.act = BU_REFUSE;
	tx->v.status = BA_NO_RESOURCES;
	tx->v.why = "no memory";
	ha_answer(ha, &tx->req, &tx->v);
}

/* All new entries or none. */
static bool make_room(struct ha *ha, const struct binding_set *s)
{
	struct bc_entry *added[BC_MAX_COA];
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++) {
		if (bc_find(ha->bc, &s->b[i].key.hoa, s->b[i].key.bid))
			continue;
		added[n] = bc_put(ha->bc, &s->b[i]);
		if (added[n++])
			continue;
		while (--n > 0)
			bc_del(ha->bc, added[n - 1]);
		return false;
	}
	return true;
}

/* old: what was bound there, NULL: nothing */
static void put_one(struct ha *ha, const struct binding *b, const struct binding *old)
{
	struct bc_entry *e = bc_put(ha->bc, b);

	if (e->leaving && strcmp(e->leaving, HA_EXPIRED) == 0)
		e->leaving = NULL;
	arm(ha, e);
	if (old && locator_eq(&old->coa, &b->coa))
		return;
	log_info("ha", "binding %s%s: %s coa=%s was=%s prefixes=%u lifetime=%us seq=%u",
		 A6(&b->key.hoa), BID(b->key.bid), old ? "moved" : "registered", LOC(&b->coa),
		 LOC(old ? &old->coa : &(struct locator){ 0 }), b->n_prefix, b->lifetime, b->seq);
}

/* Named by the update: anew. Others: what they have in common with it. */
static void put_all(struct ha *ha, struct bu_verdict *v, struct binding_set *old)
{
	for (unsigned i = 0; i < v->set.n; i++) {
		struct binding *b = &v->set.b[i];
		bool named = ha_bu_names(v, b->key.bid);

		if (named)
			b->expires = run_now() + b->lifetime;
		if (named)
			put_one(ha, b, binding_of(old, b->key.bid));
		else
			bc_put(ha->bc, b);
	}
}

static void forget_replaced(struct ha *ha, const struct binding_set *old, struct binding_set *new)
{
	for (unsigned i = 0; i < old->n; i++) {
		const struct bc_key *k = &old->b[i].key;
		struct bc_entry *e = bc_find(ha->bc, &k->hoa, k->bid);

		if (e && !binding_of(new, k->bid))
			ha_forget(ha, e, "replaced");
	}
}

void ha_commit_register(struct ha_tx *tx)
{
	struct ha *ha = tx->ha;
	struct bu_verdict *v = &tx->v;
	struct binding_set old;

	bc_set(ha->bc, &tx->hoa, &old);
	if (!make_room(ha, &v->set)) {
		take_back(tx, &old);
		return;
	}
	put_all(ha, v, &old);
	ha_flow_commit(ha, &tx->hoa, &v->set, v->flows);
	ha_steer_commit(ha, &tx->hoa, &v->set);
	bc_set_seq(ha->bc, &tx->hoa, v->b.seq);
	ha_remember_seq(ha, v, false);
	remember_stamp(ha, &tx->req);
	ha_mpd_bound(ha, bc_memory(ha->bc, &tx->hoa, true), !old.n);
	ha_ns_drop(ha, &tx->hoa);
	ha_advertise(ha, &old, &v->set);
	ha_answer(ha, &tx->req, v);
	ha->stats.accepted++;
	histo_add(&ha->stats.commit, run_clock() - tx->since);
	forget_replaced(ha, &old, &v->set);
	for (unsigned i = 0; i < v->set.n; i++)
		if (ha_bu_names(v, v->set.b[i].key.bid))
			tell_bound(&v->set.b[i], binding_of(&old, v->set.b[i].key.bid));
	tell_prefixes(old.n ? &old.b[0] : NULL, &v->set.b[0], "withdrawn");
	tell_refused4(v);
}

static void deregistered(struct ha *ha, struct bc_entry *e, uint16_t seq)
{
	struct binding old = e->b;

	bc_set_deleted(ha->bc, e, seq);
	arm(ha, e);
	tell_gone(&old, "deregistered");
	log_info("ha", "binding %s%s: deregistered coa=%s seq=%u", A6(&old.key.hoa),
		 BID(old.key.bid), LOC(&old.coa), seq);
}

/* A repeated one finds no binding, only an entry that keeps its number a while longer. */
void ha_commit_deregister(struct ha_tx *tx)
{
	struct ha *ha = tx->ha;
	struct bu_verdict *v = &tx->v;
	struct binding_set old;

	bc_set(ha->bc, &tx->hoa, &old);
	ha_remember_seq(ha, v, !v->set.n);
	remember_stamp(ha, &tx->req);
	ha_ns_drop(ha, &tx->hoa);
	ha_advertise(ha, &old, &v->set);
	if (!v->set.n && old.n) {
		ha_mpd_stop(bc_memory(ha->bc, &tx->hoa, true));
		tell_prefixes(&old.b[0], NULL, "deregistered");
	}
	for (struct bc_entry *e = bc_first(ha->bc, &tx->hoa); e; e = e->sibling) {
		if (e->state == BC_BOUND && !binding_of(&v->set, e->b.key.bid))
			deregistered(ha, e, v->b.seq);
		else if (e->state != BC_BOUND && ha_bu_names(v, v->n_bid ? e->b.key.bid : 0))
			arm(ha, e);
	}
	ha_flow_commit(ha, &tx->hoa, &v->set, v->flows);
	ha_steer_commit(ha, &tx->hoa, &v->set);
	bc_set_seq(ha->bc, &tx->hoa, v->b.seq);
	ha_answer(ha, &tx->req, v);
	ha->stats.deregistered += old.n > v->set.n;
}

void ha_commit_remove(struct ha_tx *tx)
{
	struct ha *ha = tx->ha;
	struct bc_entry *e = bc_first(ha->bc, &tx->hoa), *next;
	struct binding_set old;

	bc_set(ha->bc, &tx->hoa, &old);
	ha_advertise(ha, &old, &tx->v.set);
	ha_flow_commit(ha, &tx->hoa, &tx->v.set, NULL);
	ha_steer_commit(ha, &tx->hoa, &tx->v.set);
	for (; e; e = next) {
		next = e->sibling;
		if (e->state != BC_BOUND || binding_of(&tx->v.set, e->b.key.bid))
			continue;
		tx->ha->stats.expired += strcmp(e->leaving, HA_EXPIRED) == 0;
		ha_forget(ha, e, e->leaving);
	}
}
