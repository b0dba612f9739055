/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One transaction per home address: DAD, then the kernel, then the cache, the
 * answer and the news. Whatever comes for the same address meanwhile is judged at
 * once (DAD) or waits (APPLY, or a job of ha.c): role/ha.h has the table.
 */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((void)(elt))

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/plan_ha.h"
#include "role/ha_priv.h"
#include "run/event.h"
#include "run/timer.h"

#define REMOVE_RETRY	1		/* seconds; the kernel did not let a binding go */

/* ---- the table of transactions ---- */

struct ha_tx *ha_tx_find(struct ha *ha, const struct in6_addr *hoa)
{
	struct ha_tx *tx;

	HASH_FIND(hh, ha->txs, hoa, sizeof(*hoa), tx);
	return tx;
}

struct ha_tx *ha_tx_new(struct ha *ha, const struct in6_addr *hoa)
{
	struct ha_tx *tx = calloc(1, sizeof(*tx));

	if (!tx)
		return NULL;
	tx->ha = ha;
	tx->hoa = *hoa;
	tx->since = run_clock();
	HASH_ADD(hh, ha->txs, hoa, sizeof(tx->hoa), tx);
	if (!tx->hh.tbl) {
		free(tx);
		return NULL;
	}
	return tx;
}

static struct ha_msg *msg_new(const struct mh_rx *rx)
{
	struct ha_msg *m = calloc(1, sizeof(*m) + rx->len);

	if (!m)
		return NULL;
	m->rx = (struct bu_rx){ rx->src, rx->dst, rx->has_hao, rx->hao, rx->ifindex };
	m->len = rx->len;
	memcpy(m->buf, rx->buf, rx->len);
	return m;
}

/* False: not a message any more (the dialect changed with a reload). */
static bool msg_open(const struct ha *ha, const struct ha_msg *msg, struct mh_rx *rx,
		     struct mh_msg *m)
{
	const char *why;

	*rx = (struct mh_rx){ .src = msg->rx.src, .dst = msg->rx.dst, .has_hao = msg->rx.has_hao,
			      .hao = msg->rx.hao, .ifindex = msg->rx.ifindex, .buf = msg->buf,
			      .len = msg->len, .at = run_now() };
	return mh_parse(msg->buf, msg->len, &ha->c->dialect, m, &why) == 0;
}

void ha_msg_replace(struct ha_msg **at, const struct mh_rx *rx)
{
	struct ha_msg *m = msg_new(rx);

	if (!m)
		return;			/* the node sends again */
	free(*at);
	*at = m;
}

void ha_dad_cancel(struct ha_tx *tx)
{
	for (unsigned i = 0; i < ARRAY_SIZE(tx->dad); i++) {
		dad_stop(tx->ha->env.dad, tx->dad[i].run);
		tx->dad[i].run = NULL;
	}
}

static void tx_free(struct ha_tx *tx)
{
	ha_dad_cancel(tx);
	ha_flow_free(&tx->v);
	tx->ha->n_adding -= tx->adds;
	HASH_DELETE(hh, tx->ha->txs, tx);
	free(tx->msg);
	free(tx->next);
	free(tx);
}

/* ---- the end of a transaction ---- */

static void take_msg(struct ha *ha, struct ha_msg *msg)
{
	struct mh_rx rx;
	struct mh_msg m;

	if (msg_open(ha, msg, &rx, &m))
		ha_bu_take(ha, &rx, &m);
	free(msg);
}

/* What waited comes now: first removals, then the newest message. */
void ha_tx_end(struct ha_tx *tx)
{
	struct ha *ha = tx->ha;
	struct in6_addr hoa = tx->hoa;
	struct ha_msg *next = tx->next;

	tx->next = NULL;
	tx_free(tx);
	ha_tx_sweep(ha, &hoa);
	if (next)
		take_msg(ha, next);	/* waits again if a removal runs */
	ha_job_go(ha);
}

/* ---- the kernel ---- */

/* The prefix that the kernel refused with its object. */
static const struct prefix *find_culprit(const struct binding *b, const struct kobj *failed)
{
	const struct prefix *net = failed->kind == KOBJ_ROUTE ? &failed->route.dst :
				   failed->kind == KOBJ_INGRESS ? &failed->ingress.inner : NULL;

	for (unsigned i = 0; net && i < b->n_prefix; i++)
		if (prefix_eq(net, &b->prefix[i]))
			return &b->prefix[i];
	return NULL;
}

/* True: goes on without an IPv4 prefix. */
static bool register_failed(struct ha_tx *tx, int rc, const char *error)
{
	struct ha *ha = tx->ha;
	const struct kobj *failed = error ? kern_failed_object(ha->env.kern) : NULL;
	const struct prefix *found = failed ? find_culprit(&tx->v.b, failed) : NULL;
	struct prefix culprit = found ? *found : (struct prefix){ 0 };

	ha->stats.apply_failed++;
	log_rl(&ha->rl, "ha", "binding %s: not set up: %s", A6(&tx->hoa),
	       error ? error : strerror(-rc));
	if (ha_bu_apply_failed(&tx->v, found ? &culprit : NULL))
		return true;
	ha_answer(ha, &tx->req, &tx->v);
	return false;
}

static void remove_later(struct bc_entry *e)
{
	e->leaving = NULL;
	rtimer_set(&e->timer, run_now() + REMOVE_RETRY, ha_expire, e);
}

static void remove_failed(struct ha_tx *tx, int rc, const char *error)
{
	struct ha *ha = tx->ha;

	ha->stats.apply_failed++;
	log_rl(&ha->rl, "ha", "binding %s: not removed: %s", A6(&tx->hoa),
	       error ? error : strerror(-rc));
	if (tx->kind == TX_DEREGISTER) {
		tx->v.act = BU_REFUSE;
		tx->v.status = BA_NO_RESOURCES;
		tx->v.why = "the kernel kept the binding";
		ha_answer(ha, &tx->req, &tx->v);
		return;
	}
	for (struct bc_entry *e = bc_first(ha->bc, &tx->hoa); e; e = e->sibling)
		if (e->state == BC_BOUND && !binding_of(&tx->v.set, e->b.key.bid))
			remove_later(e);
}

/* error: the kernel's words, from within its done(); NULL if it was not asked. */
static void finish(struct ha_tx *tx, int rc, const char *error)
{
	const struct kobj *failed = error ? kern_failed_object(tx->ha->env.kern) : NULL;

	tx->ha->applying--;
	if (rc < 0 && tx->kind != TX_STEER && ha_steer_refused(tx, failed, error)) {
		ha_tx_apply(tx);
		return;
	}
	switch (tx->kind) {
	case TX_REGISTER:
		if (rc == 0) {
			ha_commit_register(tx);
		} else if (register_failed(tx, rc, error)) {
			ha_tx_apply(tx);
			return;
		}
		break;
	case TX_DEREGISTER:
		if (rc == 0)
			ha_commit_deregister(tx);
		else
			remove_failed(tx, rc, error);
		break;
	case TX_REMOVE:
		if (rc == 0)
			ha_commit_remove(tx);
		else
			remove_failed(tx, rc, error);
		break;
	case TX_STEER:
		ha_steer_tried(tx, rc);
		break;
	}
	ha_tx_end(tx);
}

static void applied(void *arg, int rc)
{
	struct ha_tx *tx = arg;

	finish(tx, rc, rc < 0 ? kern_error(tx->ha->env.kern) : NULL);
}

static int tx_switch(struct ha_tx *tx)
{
	struct ha *ha = tx->ha;
	const struct mobile_node *n = ha_node(ha->c, &tx->hoa);
	struct kplan have = { 0 }, want = { 0 };
	struct binding_set cur;
	int rc;

	bc_set(ha->bc, &tx->hoa, &cur);
	rc = ha_plan_node(ha->c, n, &cur, &have);
	if (rc == 0)
		rc = ha_plan_node(ha->c, n, &tx->v.set, &want);
	if (rc == 0)
		rc = kplan_switch(ha->env.kern, &have, &want, applied, tx);
	kplan_free(&have);
	kplan_free(&want);
	return rc;
}

void ha_tx_apply(struct ha_tx *tx)
{
	int rc;

	tx->stage = TX_APPLY;
	tx->ha->applying++;
	rc = tx_switch(tx);
	if (rc < 0)
		finish(tx, rc, NULL);
}

/* ---- duplicate address detection ---- */

static bool dad_runs(const struct ha_tx *tx)
{
	return tx->dad[0].run || tx->dad[1].run;
}

/* The detection is over and nothing else is in the way. */
static void dad_over(struct ha_tx *tx)
{
	if (tx->ha->job.kind == JOB_NONE)
		ha_tx_apply(tx);		/* else ha_tx_judge_again() or _release() goes on */
}

void ha_tx_refuse(struct ha_tx *tx, uint8_t status, const char *why)
{
	tx->v.act = BU_REFUSE;
	tx->v.status = status;
	tx->v.why = why;
	ha_answer(tx->ha, &tx->req, &tx->v);
	ha_tx_end(tx);
}

static void dad_done(void *arg, bool duplicate)
{
	struct ha_dad *d = arg;
	struct ha_tx *tx = d->tx;
	struct in6_addr ll = in6_link_local_of(&tx->hoa);
	struct event e = { .type = EV_dad };

	d->run = NULL;
	if (tx->v.link)
		snprintf(e.dad.device, sizeof(e.dad.device), "%s", tx->v.link->dev);
	e.dad.address = d == &tx->dad[0] ? tx->hoa : ll;
	e.dad.duplicate = duplicate;
	event_emit(&e);
	if (duplicate) {
		/* RFC 6275 10.3.1: either address fails the whole update */
		tx->ha->stats.dad_failed++;
		ha_tx_refuse(tx, BA_DAD_FAILED, "somebody else has the address");
	} else if (!dad_runs(tx)) {
		dad_over(tx);
	}
}

static bool dad_begin(struct ha_tx *tx, unsigned i, const struct in6_addr *addr)
{
	struct ha *ha = tx->ha;
	const struct timers *t = &ha->c->timers;
	int ifindex = tx->v.link ? ha_ifindex(ha, tx->v.link) : 0;

	if (!ifindex)
		return false;
	tx->dad[i].tx = tx;
	tx->dad[i].run = dad_start(ha->env.dad, ifindex, addr, t->dad_transmits, t->dad_retrans,
				   dad_done, &tx->dad[i]);
	if (tx->dad[i].run)
		ha->stats.dad_started++;
	return tx->dad[i].run;
}

/* Both addresses at once; starts what is missing, stops what is not asked for any more. */
static void dad_adjust(struct ha_tx *tx, bool had, bool had_ll)
{
	const struct in6_addr ll = in6_link_local_of(&tx->hoa);

	if (had_ll && !tx->v.need_dad_ll) {
		dad_stop(tx->ha->env.dad, tx->dad[1].run);
		tx->dad[1].run = NULL;
	}
	if ((tx->v.need_dad && !had && !dad_begin(tx, 0, &tx->hoa)) ||
	    (tx->v.need_dad_ll && !had_ll && !dad_begin(tx, 1, &ll)))
		ha_tx_refuse(tx, BA_NO_RESOURCES, "cannot look for duplicates on the home link");
	else if (!dad_runs(tx))
		dad_over(tx);
}

/* For max_bindings: others are judged while it runs. */
static void count(struct ha_tx *tx)
{
	struct ha *ha = tx->ha;
	struct binding_set cur;

	bc_set(ha->bc, &tx->hoa, &cur);
	ha->n_adding -= tx->adds;
	tx->adds = tx->v.set.n > cur.n ? tx->v.set.n - cur.n : 0;
	ha->n_adding += tx->adds;
}

void ha_tx_start(struct ha_tx *tx)
{
	tx->stage = TX_DAD;
	count(tx);
	dad_adjust(tx, false, false);
}

void ha_tx_renew(struct ha_tx *tx, const struct bu_verdict *v)
{
	bool had = tx->v.need_dad, had_ll = tx->v.need_dad_ll;

	ha_flow_free(&tx->v);
	tx->v = *v;
	count(tx);
	dad_adjust(tx, had, had_ll);
}

/* ---- waiting ---- */

static uint16_t msg_seq(const struct ha *ha, const struct ha_msg *msg)
{
	struct mh_rx rx;
	struct mh_msg m;

	return msg_open(ha, msg, &rx, &m) ? m.bu.seq : 0;
}

void ha_tx_hold(struct ha *ha, const struct mh_rx *rx, const struct mh_msg *m)
{
	const struct in6_addr *hoa = rx->has_hao ? &rx->hao : &rx->src;
	struct ha_tx *tx = ha_tx_find(ha, hoa);

	if (!tx)
		tx = ha_tx_new(ha, hoa);	/* TX_HELD */
	if (tx && (!tx->next || seq_newer(m->bu.seq, msg_seq(ha, tx->next))))
		ha_msg_replace(&tx->next, rx);
}

void ha_tx_remove(struct ha *ha, struct bc_entry *e, const char *reason)
{
	struct ha_tx *tx = ha_tx_find(ha, &e->b.key.hoa);
	bool busy = tx || ha->job.kind != JOB_NONE;

	/* what runs may extend the lifetime: ha_tx_end() and ha_tx_release() look again */
	if (busy && e->b.expires <= run_now())
		return;
	if (!e->leaving)
		e->leaving = reason;
	ha_tx_sweep(ha, &e->b.key.hoa);
}

static bool due(const struct bc_entry *e)
{
	return e->state == BC_BOUND &&
	       (e->leaving || (e->b.expires <= run_now() && !rtimer_armed(&e->timer)));
}

/* What is due goes, the others stay. tx NULL: no memory, it is tried again. */
static void sort_out(struct ha *ha, const struct in6_addr *hoa, struct ha_tx *tx)
{
	for (struct bc_entry *e = bc_first(ha->bc, hoa); e; e = e->sibling) {
		bool goes = due(e);

		if (goes && !e->leaving)
			e->leaving = HA_EXPIRED;
		if (goes && !tx)
			rtimer_set(&e->timer, run_now() + REMOVE_RETRY, ha_expire, e);
		if (e->state == BC_BOUND && !goes && tx)
			binding_put(&tx->v.set, &e->b);
	}
}

void ha_tx_sweep(struct ha *ha, const struct in6_addr *hoa)
{
	struct ha_tx *tx;
	bool any = false;

	if (ha_tx_find(ha, hoa) || ha->job.kind != JOB_NONE)
		return;
	for (struct bc_entry *e = bc_first(ha->bc, hoa); e; e = e->sibling)
		any |= due(e);
	if (!any)
		return;
	tx = ha_tx_new(ha, hoa);
	sort_out(ha, hoa, tx);
	if (!tx)
		return;
	tx->v.set.flows = &bc_memory(ha->bc, hoa, false)->flows;	/* that of its entries */
	tx->v.set.unsteered = bc_memory(ha->bc, hoa, false)->unsteered;
	tx->kind = TX_REMOVE;
	ha_tx_apply(tx);
}

bool ha_tx_steer(struct ha *ha, const struct in6_addr *hoa)
{
	struct ha_tx *tx;

	if (ha_tx_find(ha, hoa) || ha->job.kind != JOB_NONE)
		return false;
	tx = ha_tx_new(ha, hoa);
	if (!tx)
		return false;
	bc_set(ha->bc, hoa, &tx->v.set);
	tx->v.set.unsteered = false;
	tx->kind = TX_STEER;
	ha_tx_apply(tx);
	return true;
}

/* ---- around a job ---- */

/* tx->v.node may be of the old configuration, which lives until the job has ended. */
static void judge_again(struct ha_tx *tx)
{
	struct ha *ha = tx->ha;
	struct bu_verdict v = { .act = BU_DROP, .why = "not a message for this configuration" };
	struct mh_rx rx;
	struct mh_msg m;

	if (!ha_node(ha->c, &tx->hoa)) {
		ha_tx_refuse(tx, BA_NOT_HA, "node is not configured any more");
		return;
	}
	if (tx->msg && msg_open(ha, tx->msg, &rx, &m))
		ha_bu_decide(ha->c, bc_first(ha->bc, &tx->hoa),
			     bc_memory(ha->bc, &tx->hoa, false),
			     bc_count(ha->bc) + ha->n_adding - tx->adds, &tx->req.rx, &m,
			     run_now(), &v);
	ha_flow_judge(ha, &m, &v);
	if (v.act == BU_REGISTER) {
		ha_tx_renew(tx, &v);
		return;
	}
	ha_flow_free(&v);
	ha_answer(ha, &tx->req, &v);
	ha_tx_end(tx);
}

void ha_tx_judge_again(struct ha *ha)
{
	struct ha_tx *tx, *next;

	HASH_ITER(hh, ha->txs, tx, next)
		if (tx->stage == TX_DAD)
			judge_again(tx);
}

static void expired_meanwhile(void *arg, struct bc_entry *e)
{
	if (due(e))
		ha_tx_sweep(arg, &e->b.key.hoa);
}

static void dad_release(struct ha_tx *tx)
{
	struct ha *ha = tx->ha;
	struct ha_msg *next = tx->next;

	tx->next = NULL;
	if (!dad_runs(tx))
		ha_tx_apply(tx);
	if (next)
		take_msg(ha, next);
}

void ha_tx_release(struct ha *ha)
{
	struct ha_tx *tx, *next;

	HASH_ITER(hh, ha->txs, tx, next) {
		if (tx->stage == TX_HELD)
			ha_tx_end(tx);
		else if (tx->stage == TX_DAD)
			dad_release(tx);
	}
	bc_each(ha->bc, expired_meanwhile, ha);
}

void ha_tx_cancel_all(struct ha *ha)
{
	struct ha_tx *tx, *next;

	HASH_ITER(hh, ha->txs, tx, next)
		tx_free(tx);
}
