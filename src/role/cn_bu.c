/* SPDX-License-Identifier: BSD-2-Clause */
/* Binding Updates on their way in, and what is answered (RFC 6275 9.5.1, 9.5.4). */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/cn_priv.h"
#include "run/event.h"
#include "run/timer.h"
#include "sec/crypto.h"

#define UNSIGNED_ONES	100	/* a second: refusals without an authenticator */
#define MOVES		3	/* a second: MAX_UPDATE_RATE (RFC 6275 12) */

/* ---- the answer ---- */

static ssize_t ba_build(const struct cn *cn, const struct cn_verdict *v, uint8_t *buf, size_t cap)
{
	struct mh_msg m = { .type = MH_BA };	/* K is never ours to set (6.1.8) */
	size_t mac_at = 0;
	ssize_t len;

	m.ba.status = v->status;
	m.ba.seq = v->answer_seq;
	m.ba.lifetime = v->act == CN_REGISTER ? v->path.lifetime : 0;
	/* RFC 5648 6.2: always the options of the update, with status 0 */
	m.opt.n_bid = (uint8_t)v->n_bid;
	memcpy(m.opt.bid, v->bid, v->n_bid * sizeof(v->bid[0]));
	if (v->sign)
		m.opt.seen |= BIT64(MHOPT_BINDING_AUTH);
	len = mh_build(&m, &cn->c->dialect, buf, cap, &mac_at);
	if (len > 0 && v->sign)
		rr_mac(v->kbm, &v->mac_addr, &v->b.key.local, buf, (size_t)len, buf + mac_at);
	return len;
}

/* RFC 6275 9.5.4: to the source of the update, whatever the cache says. */
static void ba_send(struct cn *cn, const struct in6_addr *src, const struct cn_verdict *v)
{
	uint8_t buf[MH_MAX_LEN];
	struct mh_tx tx = { .src = v->b.key.local, .dst = *src, .buf = buf };
	ssize_t len = ba_build(cn, v, buf, sizeof(buf));
	int rc = len < 0 ? (int)len : 0;

	if (rc == 0) {
		tx.len = (size_t)len;
		if (!in6_eq(src, &v->b.key.peer)) {
			tx.has_rh2 = true;
			tx.rh2_coa = *src;
			tx.dst = v->b.key.peer;
		}
		rc = mhsock_send(cn->env.mh, &tx);
	}
	if (rc < 0)
		log_rl(&cn->rl, "cn", "acknowledgement to %s not sent: %s", A6(src),
		       strerror(-rc));
}

static void tell_refusal(const struct in6_addr *src, const struct cn_verdict *v)
{
	struct event e = { .type = EV_refused };

	e.refused.home_address = v->b.key.peer;
	e.refused.peer = *src;
	e.refused.status = v->status;
	snprintf(e.refused.text, sizeof(e.refused.text), "%s", ba_status_str(v->status));
	event_emit(&e);
}

/* Which bucket an address has: so that who floods hits few others, and cannot say whom. */
static unsigned refusal_place(const struct cn *cn, const struct in6_addr *a)
{
	uint64_t net;

	memcpy(&net, a, sizeof(net));
	net = (net ^ cn->seed) * UINT64_C(0x9e3779b97f4a7c15);
	net = (net ^ net >> 32 ^ cn->seed) * UINT64_C(0xd6e8feb86659fd93);
	return net >> 58;		/* CN_PLACES */
}

/*
 * What anybody can cause is limited, apart from what only the holder of the tokens can, and
 * each of these by /64: of the address that holds the token, or else of the source, which may
 * be a lie, so there is a limit for all of them too.
 */
static bool may_refuse(struct cn *cn, const struct in6_addr *src, const struct cn_verdict *v)
{
	const struct in6_addr *who = v->sign ? &v->mac_addr : src;
	double now = run_now();

	return bucket_take(&cn->refusals[v->sign][refusal_place(cn, who)], now) &&
	       (v->sign || bucket_take_of(&cn->unsigned_ones, UNSIGNED_ONES, now));
}

static void refuse(struct cn *cn, const struct in6_addr *src, const struct cn_verdict *v)
{
	log_rl(&cn->rl, "cn", "BU for %s from %s refused: status=%u (%s) %s seq=%u",
	       A6(&v->b.key.peer), A6(src), v->status, ba_status_str(v->status), v->why,
	       v->b.seq);
	if (!may_refuse(cn, src, v)) {
		cn->stats.answers_suppressed++;
		return;
	}
	cn->stats.refused_by[v->status]++;
	tell_refusal(src, v);
	if (v->answer)
		ba_send(cn, src, v);
}

void cn_answer(struct cn *cn, const struct in6_addr *src, const struct cn_verdict *v)
{
	switch (v->act) {
	case CN_DROP:
		cn->stats.dropped++;
		log_rl(&cn->rl, "cn", "BU for %s from %s dropped: %s", A6(&v->b.key.peer), A6(src),
		       v->why);
		break;
	case CN_REFUSE:
		refuse(cn, src, v);
		break;
	case CN_REGISTER:
	case CN_DEREGISTER:
		if (v->answer)
			ba_send(cn, src, v);
		break;
	}
}

/* ---- the update ---- */

struct own { const struct in6_addr *hoa, *coa; struct cn_facts *f; };

static void look(void *arg, const struct kaddr_news *a)
{
	struct own *o = arg;

	o->f->own_home |= in6_eq(&a->addr, o->hoa);
	o->f->own_coa |= in6_eq(&a->addr, o->coa);
}

static struct cn_facts facts(struct cn *cn, const struct cn_rx *rx, const struct mh_msg *m)
{
	struct cn_facts f = { .home_agent = cn->env.home_registered };
	struct in6_addr hoa, coa;
	struct own o = { &hoa, &coa, &f };

	cn_bu_addresses(rx, m, &hoa, &coa);
	kern_addr_each(cn->env.kern, 0, look, &o);
	if (f.home_agent)
		f.home_registered = cn->env.home_registered(cn->env.arg, &hoa, &rx->dst);
	return f;
}

/* What the update is held against: what the kernel is about to have, and what waits, was valid. */
static const struct cn_entry *last_valid(const struct cn_entry *e, const struct cn_tx *tx,
					 struct cn_entry *tmp)
{
	bool removal = tx && tx->kind == CN_TX_REMOVE;

	if (!tx || (removal && (!tx->waiting || !e)))
		return e;
	*tmp = e ? *e : (struct cn_entry){ .b = tx->v.b };
	if (!removal) {
		tmp->b = tx->v.b;
		tmp->bound = tx->v.b.n_path;
	}
	if (tx->waiting)
		tmp->b.seq = cn_tx_last_seq(tx);
	return tmp;
}

static void deregister(struct cn *cn, const struct in6_addr *src, const struct cn_verdict *v)
{
	struct cn_entry *e = cnc_find(cn->cache, &v->b.key);

	if (e && e->bound) {
		cn_tx_start(cn, CN_TX_DEREGISTER, src, v);
		return;
	}
	/* RFC 6275 9.5.3: nothing to delete, and nothing is made */
	if (e) {
		cn_withdraw(cn, e, v);
		cn_arm(cn, e);
	}
	cn_answer(cn, src, v);
}

/*
 * A mobile node must not send more often (11.8); the kernel is spared if it does. That is the
 * care-of address that data go to, by whichever path.
 */
static bool moves_too_often(struct cn *cn, const struct cn_binding *b)
{
	struct cn_entry *e = cnc_find(cn->cache, &b->key);

	return e && e->bound && !in6_eq(&e->b.path[0].coa, &b->path[0].coa) &&
	       !bucket_take_of(&e->moves, MOVES, run_now());
}

/* Which of the paths that are waited for it takes the place of; 0: all. */
static uint16_t place(const struct mh_msg *m, const struct cn_verdict *v)
{
	return mh_bu_overwrite(m) && v->act == CN_REGISTER ? 0 : v->path.bid;
}

void cn_bu_take(struct cn *cn, const struct mh_rx *rx, const struct mh_msg *m)
{
	/* octets behind the header are no part of it */
	const struct cn_rx crx = { rx->src, rx->dst, rx->has_hao, rx->hao, rx->buf,
				   ((size_t)rx->buf[1] + 1) * 8 };
	const struct cn_facts f = facts(cn, &crx, m);
	const struct cn_key k = { .local = rx->dst, .peer = rx->has_hao ? rx->hao : rx->src };
	struct cn_tx *tx = cn_tx_find(cn, &k);
	struct cn_entry tmp;
	struct cn_verdict v;

	cn_bu_decide(cn->c, &cn->nonces, last_valid(cnc_find(cn->cache, &k), tx, &tmp), &f, &crx,
		     m, run_now(), &v);
	if (v.act == CN_REGISTER && cn->env.is_mobile)
		v.b.mobile = cn->env.is_mobile(cn->env.arg, &k.local);
	if (v.act == CN_DROP || v.act == CN_REFUSE)
		cn_answer(cn, &rx->src, &v);
	else if (tx)
		cn_tx_hold(tx, rx, v.b.seq, place(m, &v));
	else if (v.act == CN_DEREGISTER)
		deregister(cn, &rx->src, &v);
	else if (moves_too_often(cn, &v.b))
		cn->stats.dropped++;
	else
		cn_tx_start(cn, CN_TX_REGISTER, &rx->src, &v);
	crypto_wipe(&v, sizeof(v));	/* a key is in it */
}

void cn_bu_rx(struct cn *cn, const struct mh_rx *rx, const struct mh_msg *m)
{
	cn->stats.bu++;
	if (!cn->ready || cn->stopping) {
		cn->stats.dropped++;
		return;
	}
	cn_bu_take(cn, rx, m);
}
