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

static double lead(const struct cn_binding *b)
{
	return b->lifetime * LEAD;
}

static void request(struct cn *cn, const struct cn_binding *b)
{
	struct mh_msg m = { .type = MH_BRR };
	uint8_t buf[MH_MAX_LEN];
	/* always to the home address, without a routing header (9.5.5, 6.1.2) */
	struct mh_tx tx = { .src = b->key.local, .dst = b->key.peer, .buf = buf };
	ssize_t n = mh_build(&m, &cn->c->dialect, buf, sizeof(buf), NULL);

	if (n < 0)
		return;
	tx.len = (size_t)n;
	if (mhsock_send(cn->env.mh, &tx) == 0)
		cn->stats.refresh_requests++;
}

static void on_time(void *arg);

static void next(struct cn_entry *e, double at)
{
	rtimer_set(&e->timer, MIN(at, e->b.expires), on_time, e);
}

/* Stage 0: how much was used before. Stages 1 to REQUESTS: was it used since? */
static void watch(struct cn *cn, struct cn_entry *e)
{
	struct cn_watch *w = &e->watch;
	double apart = MAX(lead(&e->b) / REQUESTS, REQUEST_APART);
	uint64_t now = used(cn, &e->b);

	if (w->stage == 0) {
		w->used = now;
		next(e, e->b.expires - lead(&e->b));
	} else {
		if (now != w->used && cn->c->refresh_requests)
			request(cn, &e->b);
		next(e, w->stage < REQUESTS ? run_now() + apart : e->b.expires);
	}
	w->stage++;
}

static void on_time(void *arg)
{
	struct cn_entry *e = arg;
	struct cn *cn = e->owner;

	if (!e->bound)
		cnc_del(cn->cache, e);	/* nobody could use its updates any more */
	else if (run_now() >= e->b.expires)
		cn_tx_remove(cn, e, CN_EXPIRED);
	else
		watch(cn, e);
}

void cn_arm(struct cn *cn, struct cn_entry *e)
{
	e->owner = cn;
	if (!e->bound)
		rtimer_set(&e->timer, e->b.replay_until, on_time, e);
	else
		next(e, cn->c->refresh_requests ? e->b.expires - 2 * lead(&e->b) : e->b.expires);
}

void cn_arm_end(struct cn *cn, struct cn_entry *e, double at)
{
	e->owner = cn;
	rtimer_set(&e->timer, at, on_time, e);
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
	return e && e->bound && in6_eq(&m->err.dst, &e->b.coa) ? e : NULL;
}

void cn_icmp_rx(struct cn *cn, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	struct cn_entry *e = quoted(cn, rx, m);
	double now = run_now();
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
		    A6(&e->b.key.peer), A6(&e->b.key.local), A6(&e->b.coa));
	cn_tx_remove(cn, e, CN_UNREACHABLE);
}
