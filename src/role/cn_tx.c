/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transactions: from the binding that stands to the one that shall, and what follows when
 * the kernel has it - the cache, the timer, the answer, the news, in this order.
 */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((void)(elt))	/* hh.tbl stays NULL: asked for after each add */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/plan_cn.h"
#include "role/cn_priv.h"
#include "run/event.h"
#include "run/timer.h"
#include "sec/crypto.h"

#define REMEMBER_TIMES	16u	/* as many as may be bound */
#define REMEMBER_LEAST	16384u
#define NEAR_SHARE	8	/* a /64 that has more than this part, */
#define NEAR_LEAST	8u	/* and than these, gives way to itself */
#define RETRY		1.	/* seconds, when memory was short */

struct cn_tx *cn_tx_find(struct cn *cn, const struct cn_key *k)
{
	struct cn_tx *tx;

	HASH_FIND(hh, cn->txs, k, sizeof(*k), tx);
	return tx;
}

static struct cn_tx *tx_new(struct cn *cn, const struct cn_key *k, enum cn_tx_kind kind)
{
	const struct cn_entry *e = cnc_find(cn->cache, k);
	struct cn_tx *tx = calloc(1, sizeof(*tx));

	if (!tx)
		return NULL;
	tx->cn = cn;
	tx->key = *k;
	tx->kind = kind;
	tx->adds = kind == CN_TX_REGISTER && !(e && e->bound);
	tx->removes = kind != CN_TX_REGISTER;
	HASH_ADD(hh, cn->txs, key, sizeof(tx->key), tx);
	if (!tx->hh.tbl) {
		free(tx);
		return NULL;
	}
	cn->adding += tx->adds;
	cn->removing += tx->removes;
	return tx;
}

static void tx_free(struct cn_tx *tx)
{
	struct cn *cn = tx->cn;

	cn->adding -= tx->adds;
	cn->removing -= tx->removes;
	HASH_DELETE(hh, cn->txs, tx);
	cn_tx_unhold(tx);
	crypto_wipe(&tx->v, sizeof(tx->v));	/* a key is in it */
	free(tx);
}

void cn_tx_free_all(struct cn *cn)
{
	while (cn->txs)
		tx_free(cn->txs);
}

size_t cn_will_be_bound(const struct cn *cn)
{
	return cnc_bound(cn->cache) + cn->adding - cn->removing;
}

/* ---- news ---- */

static void tell_bound(const struct cn_binding *b, const char *change)
{
	struct event e = { .type = EV_bc_add };

	e.bc_add.home_address = b->key.peer;
	e.bc_add.care_of = locator6(&b->coa);
	e.bc_add.peer = b->key.local;
	e.bc_add.flags = b->flags;
	e.bc_add.lifetime = b->lifetime;
	snprintf(e.bc_add.change, sizeof(e.bc_add.change), "%s", change);
	event_emit(&e);
}

static void tell_gone(const struct cn_binding *b, const char *reason)
{
	struct event e = { .type = EV_bc_remove };

	e.bc_remove.home_address = b->key.peer;
	e.bc_remove.care_of = locator6(&b->coa);
	e.bc_remove.peer = b->key.local;
	e.bc_remove.flags = b->flags;
	snprintf(e.bc_remove.reason, sizeof(e.bc_remove.reason), "%s", reason);
	event_emit(&e);
}

/* ---- the cache ---- */

/*
 * RFC 6275 5.2.8: not bound any more, but its updates could be sent again by who recorded
 * them. Far more are remembered than may be bound, as bindings come and go; for the one
 * that is too many the nonces are given up that could make it true.
 */
static void forget(struct cn *cn, struct cn_entry *e)
{
	double until = e->b.replay_until;

	rtimer_stop(&e->timer);
	if (until <= run_now()) {
		cnc_del(cn->cache, e);
		return;
	}
	e = cnc_set_gone(cn->cache, e);
	if (e)
		cn_arm(cn, e);
	else
		nonces_drop(&cn->nonces, until);
	while (cnc_gone(cn->cache) > MAX(REMEMBER_TIMES * cn->c->max_bindings, REMEMBER_LEAST)) {
		e = cnc_first_gone(cn->cache);
		nonces_drop(&cn->nonces, e->b.replay_until);
		rtimer_stop(&e->timer);
		cnc_del(cn->cache, e);
	}
}

void cn_remember(struct cn *cn, const struct cn_verdict *v)
{
	struct cn_entry *e = cnc_find(cn->cache, &v->b.key);

	if (e) {
		e->b.seq = v->b.seq;
		e->b.replay_until = v->b.replay_until;
		if (!e->bound)
			cn_arm(cn, e);
		return;
	}
	e = cnc_put(cn->cache, &v->b);
	if (e)
		forget(cn, e);
	else
		nonces_drop(&cn->nonces, v->b.replay_until);
}

void cn_withdraw(struct cn *cn, struct cn_entry *e, const struct cn_verdict *v)
{
	uint16_t now = nonces_now(&cn->nonces)->index;

	e->b.seq = v->b.seq;
	e->b.replay_until = v->b.replay_until;
	e->b.withdrawn = true;
	/* tests of the mobile node would give the same tokens again if it left home again */
	if (e->b.home_nonce == now && e->b.coa_nonce == now)
		nonces_renew(&cn->nonces);
}

static bool is_changing(void *arg, const struct cn_entry *e)
{
	return cn_tx_find(arg, &e->b.key);
}

bool cn_make_room(struct cn *cn, const struct in6_addr *coa)
{
	size_t share = MAX(cn->c->max_bindings / NEAR_SHARE, NEAR_LEAST);
	struct cn_entry *e = NULL;

	if (coa && cnc_near(cn->cache, coa) > share)
		e = cnc_oldest_near(cn->cache, coa, is_changing, cn);
	if (!e)
		e = cnc_oldest(cn->cache, is_changing, cn);
	return e && cn_tx_remove(cn, e, CN_EVICTED);
}

/* ---- the kernel has it ---- */

/* No memory for the entry: the kernel goes back to nothing. */
static void take_back(struct cn_tx *tx)
{
	struct cn *cn = tx->cn;
	struct kplan have = { 0 }, none = { 0 };

	if (cn_plan_binding(&tx->v.b, &have) == 0)
		kplan_switch(cn->env.kern, &have, &none, NULL, NULL);
	kplan_free(&have);
	tx->v.act = CN_REFUSE;
	tx->v.status = BA_NO_RESOURCES;
	tx->v.answer = true;
	tx->v.why = "no memory";
	cn_answer(cn, &tx->src, &tx->v);
}

static bool is_expiry(const char *reason)
{
	return reason && strcmp(reason, CN_EXPIRED) == 0;
}

static void commit_register(struct cn_tx *tx)
{
	struct cn *cn = tx->cn;
	struct cn_binding *b = &tx->v.b;
	struct cn_entry *e = cnc_find(cn->cache, &tx->key);
	bool was_bound = e && e->bound, moved = was_bound && !in6_eq(&e->b.coa, &b->coa);

	if (is_expiry(tx->then_remove))	/* the time that was over was the old one */
		tx->then_remove = NULL;
	if (e)
		rtimer_stop(&e->timer);
	b->expires = run_now() + b->lifetime;
	e = cnc_put(cn->cache, b);
	if (!e) {
		take_back(tx);
		return;
	}
	cn_arm(cn, e);
	cn_answer(cn, &tx->src, &tx->v);
	cn->stats.accepted++;
	if (!was_bound || moved)
		log_rl_line(&cn->news, LOG_LV_INFO, "cn", "binding %s with %s: %s coa=%s "
			    "lifetime=%us seq=%u", A6(&b->key.peer), A6(&b->key.local),
			    moved ? "moved" : "registered", A6(&b->coa), b->lifetime, b->seq);
	tell_bound(b, !was_bound ? "registered" : moved ? "moved" : "refreshed");
}

static void gone(struct cn *cn, struct cn_entry *e, const char *reason)
{
	struct cn_binding was = e->b;

	forget(cn, e);
	log_rl_line(&cn->news, LOG_LV_INFO, "cn", "binding %s with %s: removed (%s) coa=%s",
		    A6(&was.key.peer), A6(&was.key.local), reason, A6(&was.coa));
	tell_gone(&was, reason);
}

static void commit_deregister(struct cn_tx *tx)
{
	struct cn *cn = tx->cn;
	struct cn_entry *e = cnc_find(cn->cache, &tx->key);

	cn_answer(cn, &tx->src, &tx->v);
	if (!e || !e->bound)
		return;
	cn_withdraw(cn, e, &tx->v);
	cn->stats.deregistered++;
	gone(cn, e, "deregistered");
}

static void commit_remove(struct cn_tx *tx)
{
	struct cn *cn = tx->cn;
	struct cn_entry *e = cnc_find(cn->cache, &tx->key);

	if (!e || !e->bound)
		return;
	cn->stats.expired += is_expiry(tx->reason);
	cn->stats.evicted += strcmp(tx->reason, CN_EVICTED) == 0;
	cn->stats.unreachable += strcmp(tx->reason, CN_UNREACHABLE) == 0;
	gone(cn, e, tx->reason);
}

/* ---- the kernel refused ---- */

static void failed(struct cn_tx *tx, int rc)
{
	struct cn *cn = tx->cn;

	cn->stats.apply_failed++;
	log_rl_line(&cn->failures, LOG_LV_ERR, "cn", "binding %s with %s: %s: %s",
		    A6(&tx->key.peer), A6(&tx->key.local), strerror(-rc),
		    kern_error(cn->env.kern));
	if (tx->kind != CN_TX_REGISTER) {
		/* what cannot be taken out is not ours to keep: the next start finds it */
		if (tx->kind == CN_TX_DEREGISTER)
			commit_deregister(tx);
		else
			commit_remove(tx);
		return;
	}
	cn_remember(cn, &tx->v);
	tx->v.act = CN_REFUSE;
	tx->v.status = BA_NO_RESOURCES;
	tx->v.answer = true;		/* RFC 6275 9.5.4 */
	tx->v.why = "the kernel refused the binding";
	cn_answer(cn, &tx->src, &tx->v);
}

/* ---- start and end ---- */

static void tx_end(struct cn_tx *tx)
{
	const char *then_remove = tx->then_remove;
	struct cn_msg *next = tx->next;
	struct cn *cn = tx->cn;
	struct cn_entry *e = cnc_find(cn->cache, &tx->key);
	struct mh_msg m;
	const char *why;

	tx->next = NULL;
	tx_free(tx);
	/* a stop or a reload cannot have seen what was not bound yet */
	if (!then_remove && cn->stopping)
		then_remove = "stopped";
	else if (!then_remove && e && !cn_binding_allowed(cn->c, &e->b))
		then_remove = "reconfigured";
	if (then_remove && e && e->bound)
		cn_tx_remove(cn, e, then_remove);
	if (next && !cn->stopping &&
	    mh_parse(next->buf, next->rx.len, &cn->c->dialect, &m, &why) == 0)
		cn_bu_take(cn, &next->rx, &m);
	free(next);
	cn_idle(cn);
}

static void tx_done(void *arg, int rc)
{
	struct cn_tx *tx = arg;

	if (rc < 0) {
		failed(tx, rc);
	} else {
		switch (tx->kind) {
		case CN_TX_REGISTER:
			commit_register(tx);
			break;
		case CN_TX_DEREGISTER:
			commit_deregister(tx);
			break;
		case CN_TX_REMOVE:
			commit_remove(tx);
			break;
		}
	}
	tx_end(tx);
}

static void tx_apply(struct cn_tx *tx)
{
	const struct cn_entry *e = cnc_find(tx->cn->cache, &tx->key);
	struct kplan have = { 0 }, want = { 0 };
	int rc = 0;

	if (e && e->bound)
		rc = cn_plan_binding(&e->b, &have);
	if (rc == 0 && tx->kind == CN_TX_REGISTER)
		rc = cn_plan_binding(&tx->v.b, &want);
	if (rc == 0)
		rc = kplan_switch(tx->cn->env.kern, &have, &want, tx_done, tx);
	kplan_free(&have);
	kplan_free(&want);
	if (rc < 0)
		tx_done(tx, rc);
}

static void no_room(struct cn *cn, const struct in6_addr *src, const struct cn_verdict *v)
{
	struct cn_verdict r = *v;

	r.act = CN_REFUSE;
	r.status = BA_NO_RESOURCES;
	r.answer = true;
	r.why = "no room for one more binding";
	cn_answer(cn, src, &r);
	crypto_wipe(&r, sizeof(r));
}

void cn_tx_start(struct cn *cn, enum cn_tx_kind kind, const struct in6_addr *src,
		 const struct cn_verdict *v)
{
	struct cn_tx *tx = tx_new(cn, &v->b.key, kind);

	if (tx && tx->adds && cn_will_be_bound(cn) > cn->c->max_bindings &&
	    !cn_make_room(cn, &v->b.coa)) {
		tx_free(tx);
		tx = NULL;
	}
	if (!tx) {
		no_room(cn, src, v);
		return;
	}
	tx->src = *src;
	tx->v = *v;
	tx_apply(tx);
}

void cn_tx_hold(struct cn_tx *tx, const struct mh_rx *rx, uint16_t seq)
{
	struct cn_msg *msg = malloc(sizeof(*msg) + rx->len);

	if (!msg)
		return;			/* lost, as on the way */
	msg->rx = *rx;
	msg->seq = seq;
	memcpy(msg->buf, rx->buf, rx->len);
	msg->rx.buf = msg->buf;
	cn_tx_unhold(tx);
	tx->next = msg;
}

void cn_tx_unhold(struct cn_tx *tx)
{
	free(tx->next);
	tx->next = NULL;
}

bool cn_tx_remove(struct cn *cn, struct cn_entry *e, const char *reason)
{
	struct cn_tx *tx = cn_tx_find(cn, &e->b.key);

	if (tx) {
		/* the end of its time may be put off by what runs, nothing else is */
		if (!tx->then_remove || !is_expiry(reason))
			tx->then_remove = reason;
		return false;
	}
	tx = tx_new(cn, &e->b.key, CN_TX_REMOVE);
	if (!tx) {
		/* when its time is over, or later still */
		cn_arm_end(cn, e, MAX(e->b.expires, run_now() + RETRY));
		return false;
	}
	rtimer_stop(&e->timer);
	tx->reason = reason;
	tx_apply(tx);
	return true;
}
