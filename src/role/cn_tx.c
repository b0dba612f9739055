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
#include <utlist.h>

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

/* want: the binding as it shall be; without paths: none. */
static struct cn_tx *tx_new(struct cn *cn, const struct cn_binding *want, enum cn_tx_kind kind)
{
	const struct cn_entry *e = cnc_find(cn->cache, &want->key);
	struct cn_tx *tx = calloc(1, sizeof(*tx));

	if (!tx)
		return NULL;
	tx->cn = cn;
	tx->key = want->key;
	tx->kind = kind;
	tx->v.b = *want;
	tx->fresh = !(e && e->bound);
	tx->more = (int)want->n_path - (tx->fresh ? 0 : (int)e->b.n_path);
	HASH_ADD(hh, cn->txs, key, sizeof(tx->key), tx);
	if (!tx->hh.tbl) {
		free(tx);
		return NULL;
	}
	cn->coming += tx->more;
	return tx;
}

static void tx_free(struct cn_tx *tx)
{
	struct cn *cn = tx->cn;

	cn->coming -= tx->more;
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
	return (size_t)((ssize_t)cnc_bound(cn->cache) + cn->coming);
}

/* ---- news ---- */

static void tell_bound(const struct cn_binding *b, const struct cn_path *p, const char *change)
{
	struct event e = { .type = EV_bc_add };

	e.bc_add.home_address = b->key.peer;
	e.bc_add.bid = p->bid;
	e.bc_add.care_of = locator6(&p->coa);
	e.bc_add.peer = b->key.local;
	e.bc_add.flags = b->flags;
	e.bc_add.lifetime = p->lifetime;
	snprintf(e.bc_add.change, sizeof(e.bc_add.change), "%s", change);
	event_emit(&e);
}

static void tell_gone(struct cn *cn, const struct cn_binding *b, const struct cn_path *p,
		      const char *reason)
{
	struct event e = { .type = EV_bc_remove };

	log_rl_line(&cn->news, LOG_LV_INFO, "cn", "binding %s with %s: removed (%s) coa=%s bid=%u",
		    A6(&b->key.peer), A6(&b->key.local), reason, A6(&p->coa), p->bid);
	e.bc_remove.home_address = b->key.peer;
	e.bc_remove.bid = p->bid;
	e.bc_remove.care_of = locator6(&p->coa);
	e.bc_remove.peer = b->key.local;
	e.bc_remove.flags = b->flags;
	snprintf(e.bc_remove.reason, sizeof(e.bc_remove.reason), "%s", reason);
	event_emit(&e);
}

/* Those of one value that another has no more. Returns how many. */
static unsigned tell_missing(struct cn *cn, const struct cn_binding *was,
			     const struct cn_binding *is, const char *reason)
{
	unsigned n = 0;

	for (unsigned i = 0; i < was->n_path; i++) {
		if (cnb_path(is, was->path[i].bid))
			continue;
		tell_gone(cn, was, &was->path[i], reason);
		n++;
	}
	return n;
}

/* Data go another way, and not because this one has moved. */
static void log_primary(struct cn *cn, const struct cn_binding *was, const struct cn_binding *is)
{
	if (!was->n_path || !is->n_path || was->path[0].bid == is->path[0].bid)
		return;
	log_rl_line(&cn->news, LOG_LV_INFO, "cn", "binding %s with %s: data go to bid=%u coa=%s,"
		    " no more to bid=%u", A6(&is->key.peer), A6(&is->key.local), is->path[0].bid,
		    A6(&is->path[0].coa), was->path[0].bid);
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
	for (unsigned i = 0; i < e->b.n_path; i++) {
		const struct cn_path *p = &e->b.path[i];

		if (cnb_path(&v->b, p->bid))
			continue;
		cnb_withdraw(&e->b, p, v->b.replay_until, run_now());
		/* tests would give the same tokens again if it registered this one again */
		if (p->home_nonce == now && p->coa_nonce == now)
			nonces_renew(&cn->nonces);
	}
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

static void commit_register(struct cn_tx *tx)
{
	struct cn *cn = tx->cn;
	struct cn_binding *b = &tx->v.b, was = { 0 };
	struct cn_path *p = &tx->v.path;
	struct cn_entry *e = cnc_find(cn->cache, &tx->key);
	const struct cn_path *old;
	const char *change;

	if (e && e->bound)
		was = e->b;
	if (e)
		rtimer_stop(&e->timer);
	p->expires = run_now() + p->lifetime;
	cnb_put(b, p);			/* again, in its place */
	e = cnc_put(cn->cache, b);
	if (!e) {
		take_back(tx);
		return;
	}
	cn_arm(cn, e);
	cn_answer(cn, &tx->src, &tx->v);
	cn->stats.accepted++;
	old = cnb_path(&was, p->bid);
	change = !old ? "registered" : in6_eq(&old->coa, &p->coa) ? "refreshed" : "moved";
	tell_missing(cn, &was, b, "replaced");
	if (!old || !in6_eq(&old->coa, &p->coa))
		log_rl_line(&cn->news, LOG_LV_INFO, "cn", "binding %s with %s: %s coa=%s "
			    "lifetime=%us seq=%u bid=%u", A6(&b->key.peer), A6(&b->key.local),
			    change, A6(&p->coa), p->lifetime, b->seq, p->bid);
	log_primary(cn, &was, b);
	tell_bound(b, p, change);
}

/* From e, which is bound, to what is left. Returns how many paths went. */
static unsigned cut(struct cn *cn, struct cn_entry *e, const struct cn_binding *left,
		    const char *reason)
{
	const struct cn_binding was = e->b;
	unsigned n;

	if (left->n_path) {
		for (unsigned i = 0; i < was.n_path; i++)
			if (!cnb_path(left, was.path[i].bid))
				cnc_cut(cn->cache, e, was.path[i].bid);
		memcpy(e->b.path, left->path, sizeof(e->b.path));	/* the order */
		cn_arm(cn, e);
	} else {
		forget(cn, e);
	}
	n = tell_missing(cn, &was, left, reason);
	log_primary(cn, &was, left);
	return n;
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
	cut(cn, e, &tx->v.b, "deregistered");
}

static void commit_remove(struct cn_tx *tx)
{
	struct cn *cn = tx->cn;
	struct cn_entry *e = cnc_find(cn->cache, &tx->key);
	unsigned n;

	if (!e || !e->bound)
		return;
	n = cut(cn, e, &tx->v.b, tx->reason);
	cn->stats.expired += strcmp(tx->reason, CN_EXPIRED) ? 0 : n;
	cn->stats.evicted += strcmp(tx->reason, CN_EVICTED) ? 0 : n;
	cn->stats.unreachable += strcmp(tx->reason, CN_UNREACHABLE) ? 0 : n;
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

/* Each is held against what the ones before it have made. */
static void take_waiting(struct cn *cn, struct cn_msg *msg)
{
	struct cn_msg *next;
	struct mh_msg m;
	const char *why;

	for (; msg; msg = next) {
		next = msg->next;
		if (!cn->stopping &&
		    mh_parse(msg->buf, msg->rx.len, &cn->c->dialect, &m, &why) == 0)
			cn_bu_take(cn, &msg->rx, &m);
		free(msg);
	}
}

static void tx_end(struct cn_tx *tx)
{
	const char *then_remove = tx->then_remove;
	struct cn_msg *waiting = tx->waiting;
	struct cn *cn = tx->cn;
	struct cn_entry *e = cnc_find(cn->cache, &tx->key);

	tx->waiting = NULL;
	tx_free(tx);
	/* a stop or a reload cannot have seen what was not bound yet */
	if (!then_remove && cn->stopping)
		then_remove = "stopped";
	else if (!then_remove && e && !cn_binding_allowed(cn->c, &e->b))
		then_remove = "reconfigured";
	if (then_remove && e && e->bound)
		cn_tx_remove(cn, e, then_remove);
	else if (e && e->bound && run_now() >= cnb_expires(&e->b))
		cn_expire(cn, e);	/* in the meantime */
	take_waiting(cn, waiting);
	cn_idle(cn);
}

static void tx_apply(struct cn_tx *tx);

/* The other paths cannot take the place of what is over: then all go. True: that is under way. */
static bool all_go(struct cn_tx *tx)
{
	if (tx->kind == CN_TX_REGISTER || !tx->v.b.n_path)
		return false;
	tx->cn->coming -= (int)tx->v.b.n_path;
	tx->more -= (int)tx->v.b.n_path;
	tx->v.b.n_path = 0;
	tx_apply(tx);
	return true;
}

static void tx_done(void *arg, int rc)
{
	struct cn_tx *tx = arg;

	if (rc < 0 && all_go(tx))
		return;
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
	if (rc == 0 && tx->v.b.n_path)
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
	struct cn_tx *tx = tx_new(cn, &v->b, kind);

	if (tx && tx->more > 0 && cn_will_be_bound(cn) > cn->c->max_bindings &&
	    !cn_make_room(cn, &v->path.coa)) {
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

void cn_tx_hold(struct cn_tx *tx, const struct mh_rx *rx, uint16_t seq, uint16_t bid)
{
	struct cn_msg *msg = malloc(sizeof(*msg) + rx->len), *old, *next;
	unsigned n = 0;

	if (!msg)
		return;			/* lost, as on the way */
	LL_FOREACH_SAFE(tx->waiting, old, next) {
		n++;
		if (bid && old->bid != bid)
			continue;
		LL_DELETE(tx->waiting, old);
		free(old);
		n--;
	}
	if (n == CN_MAX_PATHS) {
		free(msg);
		return;
	}
	msg->rx = *rx;
	msg->seq = seq;
	msg->bid = bid;
	memcpy(msg->buf, rx->buf, rx->len);
	msg->rx.buf = msg->buf;
	LL_APPEND(tx->waiting, msg);
}

uint16_t cn_tx_last_seq(const struct cn_tx *tx)
{
	const struct cn_msg *last = tx->waiting;

	while (last && last->next)
		last = last->next;
	return last ? last->seq : tx->v.b.seq;
}

void cn_tx_unhold(struct cn_tx *tx)
{
	struct cn_msg *msg, *next;

	LL_FOREACH_SAFE(tx->waiting, msg, next)
		free(msg);
	tx->waiting = NULL;
}

bool cn_tx_cut(struct cn *cn, struct cn_entry *e, const struct cn_binding *left,
	       const char *reason)
{
	struct cn_tx *tx = tx_new(cn, left, CN_TX_REMOVE);

	if (!tx) {
		/* when its time is over, or later still */
		cn_arm_end(cn, e, MAX(cnb_expires(&e->b), run_now() + RETRY));
		return false;
	}
	rtimer_stop(&e->timer);
	tx->reason = reason;
	tx_apply(tx);
	return true;
}

bool cn_tx_remove(struct cn *cn, struct cn_entry *e, const char *reason)
{
	struct cn_tx *tx = cn_tx_find(cn, &e->b.key);
	struct cn_binding none = e->b;

	if (tx) {
		tx->then_remove = reason;
		return false;
	}
	none.n_path = 0;
	return cn_tx_cut(cn, e, &none, reason);
}
