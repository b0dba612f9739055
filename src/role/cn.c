/* SPDX-License-Identifier: BSD-2-Clause */
/* Start, stop and reload of the correspondent, and its answers to tests. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_cn.h"
#include "role/cn_priv.h"
#include "run/timer.h"
#include "sec/crypto.h"

struct cn_cache *cn_cache(struct cn *cn)
{
	return cn->cache;
}

const struct cn_conf *cn_conf_of(const struct cn *cn)
{
	return cn->c;
}

struct cn_stats cn_stats(const struct cn *cn)
{
	return cn->stats;
}

bool cn_bound(struct cn *cn, const struct in6_addr *local, const struct in6_addr *peer)
{
	const struct cn_key k = { *local, *peer };
	const struct cn_entry *e = cnc_find(cn->cache, &k);

	return e && e->bound;
}

/* ---- tests (RFC 6275 9.4) ---- */

static const struct nonce *nonce(struct cn *cn)
{
	uint8_t random[NONCE_RANDOM];
	double now = run_now();

	if (nonces_due(&cn->nonces, now)) {
		crypto_random(random, sizeof(random));
		nonces_add(&cn->nonces, now, random);
		crypto_wipe(random, sizeof(random));
	}
	return nonces_now(&cn->nonces);
}

void cn_test_rx(struct cn *cn, const struct mh_rx *rx, const struct mh_msg *m)
{
	const struct cn_rx crx = { .src = rx->src, .dst = rx->dst, .has_hao = rx->has_hao };
	const char *why = cn_test_refused(&crx);
	bool home = m->type == MH_HOTI;
	struct mh_msg a = { .type = home ? MH_HOT : MH_COT };
	uint8_t buf[MH_MAX_LEN];
	/* RFC 6275 9.4.3, 9.4.4: the bindings are not looked at */
	struct mh_tx tx = { .src = rx->dst, .dst = rx->src, .buf = buf };
	const struct nonce *x;
	ssize_t n;

	*(home ? &cn->stats.hoti : &cn->stats.coti) += 1;
	if (why || !cn->ready || cn->stopping) {
		cn->stats.tests_ignored++;
		if (why)
			log_rl(&cn->rl, "cn", "%s from %s ignored: %s", mh_type_str(m->type),
			       A6(&rx->src), why);
		return;
	}
	x = nonce(cn);
	a.test.nonce = x->index;
	a.test.cookie = m->ti.cookie;
	/* RFC 5648 4.3: in care-of tests; its status says early what an update would get */
	if (!home)
		a.opt.n_bid = (uint8_t)cn_copy_bids(&m->opt, cn->c->multiple_care_of ?
						    BA_ACCEPTED : BA_MCOA_PROHIBITED,
						    a.opt.bid);
	a.test.token = rr_keygen_token(x->kcn, home ? RR_HOME : RR_CARE_OF, &rx->src, x->nonce,
				       NONCE_LEN);
	n = mh_build(&a, &cn->c->dialect, buf, sizeof(buf), NULL);
	if (n < 0)
		return;
	tx.len = (size_t)n;
	mhsock_send(cn->env.mh, &tx);	/* counts and logs what fails */
}

/*
 * What is under way and not in the cache yet shall not stay either, and what waits came
 * before the reason did. Returns how many bindings will not be made.
 */
static unsigned end_under_way(struct cn *cn, const struct in6_addr *local,
			      const struct in6_addr *peer, const char *reason)
{
	struct cn_tx *tx, *next;
	unsigned n = 0;

	HASH_ITER(hh, cn->txs, tx, next) {
		if ((local && !in6_eq(local, &tx->key.local)) ||
		    (peer && !in6_eq(peer, &tx->key.peer)))
			continue;
		cn_tx_unhold(tx);
		if (!tx->fresh || !tx->v.b.n_path)
			continue;
		tx->then_remove = reason;
		n += tx->v.b.n_path;
	}
	return n;
}

/* ---- own addresses ---- */

struct look { const struct in6_addr *addr; bool found; };

static void look_at(void *arg, const struct kaddr_news *a)
{
	struct look *l = arg;

	l->found |= in6_eq(&a->addr, l->addr);
}

struct lost { struct cn *cn; const struct in6_addr *addr; };

static void lose(void *arg, struct cn_entry *e)
{
	struct lost *l = arg;

	if (e->bound && in6_eq(&e->b.key.local, l->addr))
		cn_tx_remove(l->cn, e, "own address is gone");
}

void cn_addr(struct cn *cn, const struct kaddr_news *a)
{
	struct look l = { &a->addr, false };
	struct lost lost = { cn, &a->addr };

	if (!a->gone)
		return;
	kern_addr_each(cn->env.kern, 0, look_at, &l);
	if (!l.found) {			/* on no other link either */
		cnc_each(cn->cache, lose, &lost);
		end_under_way(cn, &a->addr, NULL, "own address is gone");
	}
}

/* ---- start, stop ---- */

struct flush { struct cn *cn; const struct in6_addr *peer; const char *reason; unsigned n; };

static void flush_entry(void *arg, struct cn_entry *e)
{
	struct flush *f = arg;

	if (!e->bound || (f->peer && !in6_eq(f->peer, &e->b.key.peer)))
		return;
	f->n += e->b.n_path;
	cn_tx_remove(f->cn, e, f->reason);
}

static unsigned flush(struct cn *cn, const struct in6_addr *peer, const char *reason)
{
	struct flush f = { cn, peer, reason, 0 };

	cnc_each(cn->cache, flush_entry, &f);
	return f.n + end_under_way(cn, NULL, peer, reason);
}

static void on_base(void *arg, int rc)
{
	struct cn *cn = arg;

	if (rc < 0)
		log_err("cn", "start: %s: %s", strerror(-rc), kern_error(cn->env.kern));
	cn->ready = rc == 0;
	if (cn->ready_fn)
		cn->ready_fn(cn->ready_arg, rc);
}

int cn_start(struct cn **out, const struct cn_conf *c, const struct cn_env *env,
	     void (*ready)(void *arg, int rc), void *arg)
{
	struct cn *cn = calloc(1, sizeof(*cn));
	struct kplan none = { 0 }, base = { 0 };
	uint16_t last;
	int rc;

	if (!cn)
		return -ENOMEM;
	cn->c = c;
	cn->env = *env;
	cn->ready_fn = ready;
	cn->ready_arg = arg;
	crypto_random(&last, sizeof(last));
	crypto_random(&cn->seed, sizeof(cn->seed));
	nonces_init(&cn->nonces, last, c->timers.nonce_interval, c->timers.max_nonce_lifetime);
	rc = cnc_new(&cn->cache);
	if (rc == 0)
		rc = cn_plan_base(&base);
	if (rc == 0)
		rc = kplan_switch(env->kern, &none, &base, on_base, cn);
	kplan_free(&base);
	if (rc < 0) {
		cn_free(cn);
		return rc;
	}
	*out = cn;
	return 0;
}

static void on_stopped(void *arg, int rc)
{
	struct cn *cn = arg;

	cn->ready = false;
	if (cn->done)
		cn->done(cn->done_arg, rc);
}

void cn_idle(struct cn *cn)
{
	struct kplan none = { 0 }, base = { 0 };
	int rc;

	if (!cn->stopping || cn->txs)
		return;
	rc = cn_plan_base(&base);
	if (rc == 0)
		rc = kplan_switch(cn->env.kern, &base, &none, on_stopped, cn);
	kplan_free(&base);
	if (rc < 0)
		on_stopped(cn, rc);
}

void cn_stop(struct cn *cn, void (*done)(void *arg, int rc), void *arg)
{
	cn->done = done;
	cn->done_arg = arg;
	flush(cn, NULL, "stopped");
	cn->stopping = true;		/* from here on nothing comes in */
	cn_idle(cn);
}

static void stop_entry(void *arg, struct cn_entry *e)
{
	(void)arg;
	rtimer_stop(&e->timer);
}

void cn_free(struct cn *cn)
{
	if (!cn)
		return;
	cn_tx_free_all(cn);
	if (cn->cache)
		cnc_each(cn->cache, stop_entry, NULL);
	cnc_free(cn->cache);
	nonces_wipe(&cn->nonces);
	free(cn);
}

void cn_home_registered(struct cn *cn, const struct in6_addr *local, const struct in6_addr *peer)
{
	const struct cn_key k = { *local, *peer };
	struct cn_entry *e = cnc_find(cn->cache, &k);

	end_under_way(cn, local, peer, "home registration");
	if (e && e->bound)
		cn_tx_remove(cn, e, "home registration");
}

/* ---- reload, flush ---- */

static void remove_denied(void *arg, struct cn_entry *e)
{
	struct cn *cn = arg;

	if (e->bound && !cn_binding_allowed(cn->c, &e->b))
		cn_tx_remove(cn, e, "reconfigured");
}

void cn_reload(struct cn *cn, const struct cn_conf *c)
{
	cn->c = c;
	nonces_set(&cn->nonces, c->timers.nonce_interval, c->timers.max_nonce_lifetime);
	cnc_each(cn->cache, remove_denied, cn);
	while (cn_will_be_bound(cn) > c->max_bindings && cn_make_room(cn, NULL))
		;
}

unsigned cn_flush(struct cn *cn, const struct in6_addr *peer)
{
	return flush(cn, peer, "flushed");
}
