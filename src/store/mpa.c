/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/mpa.h"

#include <math.h>

#include "base/util.h"
#include "store/ha_rules.h"

#define MIN_GAP		1.		/* RFC 6275 6.8: one a second to a node */

/* ---- when ---- */

/* RFC 6275 10.6.2: MaxScheduleDelay */
static double max_delay(const struct timers *t, uint32_t preferred)
{
	return MIN(t->max_mob_pfx_adv_interval, (double)preferred);
}

/* RAND_ADV_DELAY */
static double random_delay(const struct timers *t, uint32_t preferred, uint32_t draw)
{
	double least = t->min_mob_pfx_adv_interval, most = max_delay(t, preferred);

	return least + fabs(most - least) * draw / 4294967296.;
}

static double not_before(const struct mpa *m, double at)
{
	return m->sent ? MAX(at, m->last + MIN_GAP) : at;
}

static void schedule(struct mpa *m, const struct timers *t, uint32_t preferred, double now,
		     uint32_t draw)
{
	m->state = MPA_SCHEDULED;
	m->due = not_before(m, now + random_delay(t, preferred, draw));
}

static void quiet(struct mpa *m, const struct timers *t)
{
	m->state = MPA_QUIET;
	m->due = m->last + t->max_mob_pfx_adv_interval;
}

static void begin_again(struct mpa *m, double now)
{
	m->state = MPA_SCHEDULED;
	m->due = not_before(m, now);
}

void mpa_bound(struct mpa *m, const struct timers *t, bool fresh, uint32_t preferred, double now,
	       uint32_t draw)
{
	if (fresh)
		*m = (struct mpa){ .sent = m->sent, .last = m->last };
	if (!m->sent || now - m->last >= t->max_mob_pfx_adv_interval) {
		if (m->state == MPA_QUIET)
			schedule(m, t, preferred, now, draw);
	} else if (fresh) {
		quiet(m, t);
	} else if (m->unacked && m->state == MPA_QUIET) {
		begin_again(m, now);	/* the attempts were used up: it is there again */
	}
}

void mpa_changed(struct mpa *m, const struct timers *t, uint32_t preferred, double now,
		 uint32_t draw)
{
	double was = m->due;

	switch (m->state) {
	case MPA_QUIET:
		schedule(m, t, preferred, now, draw);
		break;
	case MPA_RETRY:
		m->tries = 0;		/* the next one says it too, and as often */
		break;
	case MPA_SCHEDULED:
		/* sent when it was going to be, but what changed may not leave as much time: never
		 * later, or change upon change would put it off for ever */
		if (was > now + MAX(max_delay(t, preferred), t->min_mob_pfx_adv_interval)) {
			schedule(m, t, preferred, now, draw);
			m->due = MIN(m->due, was);
		}
		break;
	case MPA_ANSWER:
		break;
	}
}

enum mpa_send mpa_solicited(struct mpa *m, const struct timers *t, uint16_t id, double now)
{
	m->unacked = false;
	if (m->sent && now < m->last + MIN_GAP) {
		m->state = MPA_ANSWER;
		m->id = id;
		m->due = m->last + MIN_GAP;
		return MPA_NOTHING;
	}
	m->sent = true;
	m->last = now;
	quiet(m, t);
	return MPA_SOLICITED;
}

static enum mpa_send send_unsolicited(struct mpa *m, const struct timers *t, double now)
{
	m->sent = m->unacked = true;
	m->last = now;
	m->state = MPA_RETRY;
	m->due = now + MAX(ldexp(t->prefix_adv_timeout, (int)m->tries), MIN_GAP);
	return MPA_UNSOLICITED;
}

enum mpa_send mpa_fire(struct mpa *m, const struct timers *t, uint32_t preferred, double now,
		       uint32_t draw)
{
	switch (m->state) {
	case MPA_QUIET:
		schedule(m, t, preferred, now, draw);
		return MPA_NOTHING;
	case MPA_SCHEDULED:
		m->tries = 0;
		return send_unsolicited(m, t, now);
	case MPA_RETRY:
		if (m->tries == t->prefix_adv_retries) {
			quiet(m, t);
			return MPA_NOTHING;
		}
		m->tries++;
		return send_unsolicited(m, t, now);
	case MPA_ANSWER:
		m->last = now;
		quiet(m, t);
		return MPA_SOLICITED;
	}
	return MPA_NOTHING;
}

/* ---- what ---- */

struct prefix_life mpa_life(const struct home_link *l, const struct in6_addr *addr)
{
	for (size_t i = 0; i < l->n_life; i++)
		if (prefix_contains6(&l->lives[i].prefix, addr))
			return l->lives[i];
	return (struct prefix_life){ .valid = l->valid, .preferred = l->preferred,
				     .decrement = l->decrement, .since = l->since };
}

uint32_t mpa_left(const struct prefix_life *p, uint32_t configured, double now)
{
	double gone = floor(now - p->since);

	if (!p->decrement || configured == UINT32_MAX)
		return configured;
	return gone >= configured ? 0 : configured - (uint32_t)MAX(gone, 0);
}

uint32_t mpa_valid(const struct home_link *l, const struct in6_addr *hoa, double now)
{
	struct prefix_life p;

	if (!l)
		return UINT32_MAX;
	p = mpa_life(l, hoa);
	return mpa_left(&p, p.valid, now);
}

uint32_t mpa_preferred(const struct home_link *l, const struct in6_addr *hoa, double now)
{
	struct prefix_life p;

	if (!l)
		return UINT32_MAX;
	p = mpa_life(l, hoa);
	return MIN(mpa_left(&p, p.preferred, now), mpa_left(&p, p.valid, now));
}

/* RFC 6275 7.2: with R the address is whole. A home on no link has no on-link prefix. */
static void put(const struct home_link *l, const struct prefix *p, const struct in6_addr *own,
		double now, struct icmp6_msg *m)
{
	struct nd_prefix *o;

	if (m->mpa.n == ARRAY_SIZE(m->mpa.prefix))
		return;
	o = &m->mpa.prefix[m->mpa.n++];
	*o = (struct nd_prefix){ .addr = p->a.in6, .plen = p->plen, .on_link = l,
				 .autonomous = !l || l->autonomous,
				 .valid = mpa_valid(l, &p->a.in6, now),
				 .preferred = mpa_preferred(l, &p->a.in6, now) };
	o->router = prefix_contains6(p, own);
	if (o->router)
		o->addr = *own;
}

bool mpa_fill(const struct ha_conf *c, const struct in6_addr *hoa, uint16_t id, double now,
	      struct icmp6_msg *m)
{
	bool served;
	const struct home_link *l = ha_home_of(c, hoa, &served);
	const struct prefix *v = l ? l->prefixes : c->served;
	size_t n = l ? l->n_prefix : served ? c->n_served : 0;
	struct in6_addr own = ha_own_address(c, l);

	*m = (struct icmp6_msg){ .type = ICMP6_MPA, .mpa.id = id };
	for (size_t i = 0; i < n; i++)
		if (prefix_contains6(&v[i], hoa))
			put(l, &v[i], &own, now, m);
	for (size_t i = 0; i < n; i++)
		if (!prefix_contains6(&v[i], hoa))
			put(l, &v[i], &own, now, m);
	return m->mpa.n;
}

static bool same_prefix(const struct nd_prefix *a, const struct nd_prefix *b)
{
	return in6_eq(&a->addr, &b->addr) && a->plen == b->plen && a->router == b->router &&
	       a->on_link == b->on_link && a->autonomous == b->autonomous &&
	       a->valid == b->valid && a->preferred == b->preferred;
}

bool mpa_differs(const struct ha_conf *a, const struct ha_conf *b, const struct in6_addr *hoa,
		 double now)
{
	struct icmp6_msg x, y;
	unsigned same = 0;

	mpa_fill(a, hoa, 0, now, &x);
	mpa_fill(b, hoa, 0, now, &y);
	for (unsigned i = 0; i < x.mpa.n; i++)
		for (unsigned k = 0; k < y.mpa.n; k++)
			same += same_prefix(&x.mpa.prefix[i], &y.mpa.prefix[k]);
	return same != x.mpa.n || x.mpa.n != y.mpa.n;
}
