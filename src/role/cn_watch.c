/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time that a binding has: its end (RFC 6275 9.6), requests to refresh it while it is
 * in use (9.5.5), and a care-of address that cannot be reached (9.3.4).
 */
#include <string.h>

#include "base/util.h"
#include "plan/plan_cn.h"
#include "role/cn_priv.h"
#include "run/timer.h"

#define LEAD		0.15	/* of the lifetime: that long before its end the first request goes */
#define REQUESTS	3
#define REQUEST_APART	0.34	/* seconds at least: MAX_UPDATE_RATE is 3 a second */
#define ERRORS		3	/* so many are persistent */
#define ERROR_APART	1.	/* seconds; others in between do not count */
#define ERROR_FORGOT	60.	/* seconds without one: it was something else */
#define FOLLOW		0.5	/* seconds in which the primary path must be silent */
#define FOLLOW_FORGOT	3.	/* seconds: another packet after them begins anew */

/* ---- what the kernel has counted ---- */

static uint64_t packets(struct cn *cn, struct kobj state)
{
	struct kern_use use;

	return kern_xstate_use(cn->env.kern, &state.xstate, &use) < 0 ? 0 : use.packets;
}

static uint64_t used(struct cn *cn, const struct cn_binding *b)
{
	return packets(cn, cn_state_in(b)) + packets(cn, cn_state_out(b));
}

/* ---- refresh requests ---- */

static double lead(const struct cn_path *p)
{
	return p->lifetime * LEAD;
}

static double apart(const struct cn_path *p)
{
	return MAX(lead(p) / REQUESTS, REQUEST_APART);
}

/* RFC 5648 6.4: n of the entry's paths, by number; one without BID is the only one. */
static void request(struct cn *cn, const struct cn_binding *b, const unsigned *which, unsigned n)
{
	struct mh_msg m = { .type = MH_BRR };
	uint8_t buf[MH_MAX_LEN];
	/* always to the home address, without a routing header (9.5.5, 6.1.2) */
	struct mh_tx tx = { .src = b->key.local, .dst = b->key.peer, .buf = buf };
	ssize_t len;

	for (unsigned i = 0; i < n; i++)
		if (b->path[which[i]].bid)
			m.opt.bid[m.opt.n_bid++].bid = b->path[which[i]].bid;
	len = mh_build(&m, &cn->c->dialect, buf, sizeof(buf), NULL);
	if (len < 0)
		return;
	tx.len = (size_t)len;
	if (mhsock_send(cn->env.mh, &tx) == 0)
		cn->stats.refresh_requests++;
}

static void on_time(void *arg);

static void next(struct cn_entry *e)
{
	double at = cnb_expires(&e->b);

	for (unsigned i = 0; i < e->b.n_path; i++)
		at = MIN(at, e->watch.path[i].at);
	rtimer_set(&e->timer, at, on_time, e);
}

/*
 * Stage 0: how much was used before. Stages 1 to REQUESTS: was it used since? Data take the primary
 * path only, and count for all: the others are what it has when that one dies. True: ask.
 */
static bool watch_path(struct cn *cn, struct cn_entry *e, unsigned i)
{
	const struct cn_path *p = &e->b.path[i];
	uint64_t now = used(cn, &e->b);
	unsigned stage = e->watch.path[i].stage++;

	if (stage == 0) {
		e->watch.path[i].used = now;
		e->watch.path[i].at = p->expires - lead(p);
		return false;
	}
	e->watch.path[i].at = stage < REQUESTS ? run_now() + apart(p) : p->expires;
	return now != e->watch.path[i].used && cn->c->refresh_requests;
}

/* Those that are due soon after one that is are asked for by the same message. */
static void watch(struct cn *cn, struct cn_entry *e)
{
	unsigned which[CN_MAX_PATHS], n = 0;
	double now = run_now();
	bool due = false;

	for (unsigned i = 0; i < e->b.n_path; i++)
		due |= e->watch.path[i].stage && now >= e->watch.path[i].at;
	for (unsigned i = 0; i < e->b.n_path; i++) {
		bool soon = due && e->watch.path[i].stage &&
			    now >= e->watch.path[i].at - apart(&e->b.path[i]) / 2;

		if ((soon || now >= e->watch.path[i].at) && watch_path(cn, e, i))
			which[n++] = i;
	}
	if (n)
		request(cn, &e->b, which, n);
	next(e);
}

void cn_expire(struct cn *cn, struct cn_entry *e)
{
	struct cn_binding left = e->b;

	for (unsigned i = 0; i < e->b.n_path; i++)
		if (run_now() >= e->b.path[i].expires)
			cnb_cut(&left, e->b.path[i].bid);
	if (left.n_path < e->b.n_path)
		cn_tx_cut(cn, e, &left, CN_EXPIRED);
}

static void on_time(void *arg)
{
	struct cn_entry *e = arg;
	struct cn *cn = e->owner;

	if (!e->bound)
		cnc_del(cn->cache, e);	/* nobody could use its updates any more */
	else if (run_now() < cnb_expires(&e->b))
		watch(cn, e);
	else if (!cn_tx_find(cn, &e->b.key))
		cn_expire(cn, e);
	/* else what runs may put it off, and looks again when it ends */
}

void cn_arm(struct cn *cn, struct cn_entry *e)
{
	e->owner = cn;
	if (!e->bound) {
		rtimer_set(&e->timer, e->b.replay_until, on_time, e);
		return;
	}
	e->watch = (struct cn_watch){ 0 };
	for (unsigned i = 0; i < e->b.n_path; i++) {
		const struct cn_path *p = &e->b.path[i];

		e->watch.path[i].at = cn->c->refresh_requests ? p->expires - 2 * lead(p) :
								p->expires;
	}
	next(e);
}

void cn_arm_end(struct cn *cn, struct cn_entry *e, double at)
{
	e->owner = cn;
	rtimer_set(&e->timer, at, on_time, e);
}

/* ---- packets from another care-of address ---- */

static void follow(struct cn *cn, struct cn_entry *e, uint16_t bid)
{
	struct cn_binding b = e->b;

	cnb_prefer(&b, bid);
	e->watch.other_since = 0;
	cn_tx_cut(cn, e, &b, "");	/* none goes */
}

bool cn_heard(struct cn *cn, const struct in6_addr *local, const struct in6_addr *peer,
	      const struct in6_addr *coa)
{
	const struct cn_key k = { *local, *peer };
	struct cn_entry *e = cnc_find(cn->cache, &k);
	const struct cn_path *p = e && e->bound ? cnb_at(&e->b, coa) : NULL;
	double now = run_now(), ago;
	struct cn_watch *w;
	uint64_t heard;

	if (!p)
		return false;
	if (p == &e->b.path[0] || cn->stopping || cn_tx_find(cn, &k))
		return true;
	w = &e->watch;
	heard = packets(cn, cn_state_in(&e->b));
	ago = now - w->other_since;
	if (w->other_bid != p->bid || heard != w->other_heard || ago > FOLLOW_FORGOT) {
		w->other_bid = p->bid;
		w->other_heard = heard;
		w->other_since = now;
	} else if (ago >= FOLLOW) {
		follow(cn, e, p->bid);
	}
	return true;
}

/* ---- unreachable care-of addresses ---- */

/* The binding that has sent what the error quotes, or NULL. */
static struct cn_entry *quoted(struct cn *cn, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	const struct in6_addr *local = m->err.has_hao ? &m->err.hao : &m->err.src;
	const struct cn_key k = { *local, m->err.rh2 };
	struct cn_entry *e;

	/* port unreachable is the mobile node's own word: it is there (RFC 4443 3.1) */
	if (m->type != ICMP6_UNREACH_ || m->code == 4 || !m->err.has_rh2 ||
	    !in6_eq(&rx->dst, &m->err.src))
		return NULL;
	e = cnc_find(cn->cache, &k);
	return e && e->bound && in6_eq(&m->err.dst, &e->b.path[0].coa) ? e : NULL;
}

void cn_icmp_rx(struct cn *cn, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	struct cn_entry *e = quoted(cn, rx, m);
	double now = run_now();
	struct cn_binding left;
	struct cn_watch *w;
	uint64_t heard;

	if (!e || cn->stopping || cn_tx_find(cn, &e->b.key))
		return;
	w = &e->watch;
	if (w->errors && now - w->error_at < ERROR_APART)
		return;
	heard = packets(cn, cn_state_in(&e->b));
	if (!w->errors || heard != w->heard || now - w->error_at > ERROR_FORGOT)
		w->errors = 0;
	w->heard = heard;
	w->error_at = now;
	if (++w->errors < ERRORS)
		return;
	log_rl_line(&cn->news, LOG_LV_NOTICE, "cn", "binding %s with %s: %s cannot be reached",
		    A6(&e->b.key.peer), A6(&e->b.key.local), A6(&e->b.path[0].coa));
	left = e->b;
	cnb_cut(&left, left.path[0].bid);	/* another one of it may be reached */
	cn_tx_cut(cn, e, &left, CN_UNREACHABLE);
}
