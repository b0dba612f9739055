/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/mpd.h"

#include <math.h>

#include "base/util.h"

#define PART		0.9		/* of what is left of a lifetime, until we ask */
#define WRONG_MAX	4		/* advertisements with another identifier, of one round */
#define TIMES		5		/* solicitations in a row */
#define ND_INFINITE	UINT32_MAX
#define SLACK		1e-6		/* a timer may come this much early */

void mpd_init(struct mpd *d)
{
	*d = (struct mpd){ .valid = INFINITY, .preferred = INFINITY };
}

/* The nearer an end that nobody moves, the more often, but not more than each few seconds. */
static double next_ask(const struct mpd *d, const struct timers *t, double now)
{
	double end = d->preferred > now + SLACK ? d->preferred : d->valid;

	if (isinf(end) || end <= now + SLACK)
		return 0;
	return now + fmax(PART * (end - now), t->initial_solicit_timer);
}

static unsigned begin(struct mpd *d, const struct timers *t, uint16_t id, double now)
{
	d->asking = true;
	d->missed = false;
	d->id = id;
	d->sent = 1;
	d->wrong = 0;
	d->asked_at = now;
	d->timo = t->initial_solicit_timer;
	d->due = now + d->timo;
	d->next = next_ask(d, t, now);
	return MPD_SEND;
}

unsigned mpd_ask(struct mpd *d, const struct timers *t, uint16_t id, double now)
{
	double soonest = d->asked_at > 0 ? d->asked_at + t->initial_solicit_timer : now;

	if (d->asking)
		return 0;
	if (now + SLACK < soonest) {
		d->next = d->next ? fmin(d->next, soonest) : soonest;
		return 0;
	}
	return begin(d, t, id, now);
}

/* 11.8: doubled each time, up to MAX_BINDACK_TIMEOUT. */
static unsigned repeat(struct mpd *d, const struct timers *t, double now)
{
	if (d->sent >= TIMES) {
		d->asking = false;
		d->due = 0;
		return 0;
	}
	d->sent++;
	d->timo = fmin(d->timo * 2, t->max_bindack_timeout);
	d->due = now + d->timo;
	return MPD_SEND;
}

unsigned mpd_timer(struct mpd *d, const struct timers *t, uint16_t id, double now)
{
	unsigned act = 0, ends = 0;

	if (d->due && now + SLACK >= d->due)
		act |= repeat(d, t, now);
	if (d->next && now + SLACK >= d->next) {
		d->next = next_ask(d, t, now);
		act |= mpd_ask(d, t, id, now);
	}
	if (now + SLACK >= d->preferred)
		ends |= MPD_DEPRECATED;
	if (now + SLACK >= d->valid)
		ends |= MPD_INVALID;
	ends &= ~d->said;
	d->said |= ends;
	return act | ends;
}

static void quiet(struct mpd *d)
{
	d->asking = false;
	d->due = 0;
}

void mpd_stop(struct mpd *d)
{
	d->missed |= d->asking;
	quiet(d);
}

void mpd_unknown(struct mpd *d)
{
	d->valid = d->preferred = INFINITY;
	d->next = 0;
	d->said = 0;
}

void mpd_home(struct mpd *d)
{
	quiet(d);
	mpd_unknown(d);
	d->missed = false;
}

double mpd_due(const struct mpd *d)
{
	double at = d->due ? d->due : INFINITY;

	if (d->next)
		at = fmin(at, d->next);
	if (!(d->said & MPD_DEPRECATED))
		at = fmin(at, d->preferred);
	if (!(d->said & MPD_INVALID))
		at = fmin(at, d->valid);
	return isinf(at) ? 0 : at;
}

bool mpd_answered(struct mpd *d, const struct icmp6_msg *m)
{
	if (!d->asking)
		return false;
	if (m->mpa.id != d->id) {
		/* some are what the home agent says unasked; so many are guesses */
		if (++d->wrong == WRONG_MAX)
			quiet(d);
		return false;
	}
	quiet(d);
	return true;
}

static double until(uint32_t lifetime, double now)
{
	return lifetime == ND_INFINITE ? INFINITY : now + lifetime;
}

static bool same_prefix(const struct nd_prefix *p, const struct prefix *hoa)
{
	const struct prefix net = prefix6(&p->addr, p->plen);

	return p->plen == hoa->plen && prefix_same_net(&net, hoa);
}

/* RFC 4862 5.5.3 c: such an option says nothing. */
static bool makes_sense(const struct nd_prefix *p)
{
	return p->preferred <= p->valid;
}

void mpd_home_prefix(struct mpd *d, const struct timers *t, const struct prefix *hoa,
		     const struct mpd_prefixes *in, double now)
{
	double floor = now + t->min_valid_lifetime;

	for (unsigned i = 0; i < in->n; i++) {
		const struct nd_prefix *p = &in->v[i];
		double valid = until(p->valid, now);

		if (!same_prefix(p, hoa) || !makes_sense(p))
			continue;
		d->heard = true;
		d->missed = false;
		d->by_link = in->by_link;
		/* RFC 4862 5.5.3 e */
		if (valid >= floor || valid > d->valid)
			d->valid = valid;
		else if (d->valid > floor)
			d->valid = floor;
		d->preferred = fmin(until(p->preferred, now), d->valid);
		if (d->preferred > now)
			d->said &= ~(unsigned)MPD_DEPRECATED;
		if (d->valid > now)
			d->said &= ~(unsigned)MPD_INVALID;
		d->next = next_ask(d, t, now);
	}
}

bool mpd_is_preferred(const struct mpd_prefixes *in, const struct prefix *hoa)
{
	for (unsigned i = 0; i < in->n; i++)
		if (same_prefix(&in->v[i], hoa) && makes_sense(&in->v[i]) && in->v[i].preferred)
			return true;
	return false;
}

bool mpd_is_home_link(const struct mpd_prefixes *in, const struct prefix *hoa)
{
	for (unsigned i = 0; i < in->n; i++)
		if (in->v[i].on_link && same_prefix(&in->v[i], hoa))
			return true;
	return false;
}

bool mpd_deprecated(const struct mpd *d, double now)
{
	return now + SLACK >= d->preferred;
}

bool mpd_new_prefix(const struct mpd_prefixes *in, const struct prefix *hoa, unsigned *at,
		    struct prefix *out, struct in6_addr *agent)
{
	for (; *at < in->n; ++*at) {
		const struct nd_prefix *p = &in->v[*at];
		struct prefix net = prefix6(&p->addr, p->plen);

		net = prefix_network(&net);
		if (!p->autonomous || !p->preferred || !makes_sense(p) || p->plen != hoa->plen ||
		    !in6_is_unicast_routable(&p->addr) || prefix_same_net(&net, hoa))
			continue;
		*out = prefix6(&hoa->a.in6, hoa->plen);
		for (unsigned b = 0; b < hoa->plen; b++) {
			uint8_t bit = (uint8_t)(0x80 >> b % 8);

			out->a.in6.s6_addr[b / 8] &= (uint8_t)~bit;
			out->a.in6.s6_addr[b / 8] |= net.a.in6.s6_addr[b / 8] & bit;
		}
		/* R and no more than the prefix: that is nobody's address */
		*agent = p->router && !in6_eq(&p->addr, &net.a.in6) ? p->addr : in6addr_any;
		++*at;
		return true;
	}
	return false;
}
