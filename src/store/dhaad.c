/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/dhaad.h"

#include "base/util.h"

#define PAUSE_MAX	600.	/* seconds */
#define SLACK		1e-6	/* a timer may come this much early */

static enum dhaad_act begin(struct dhaad *d, const struct timers *t, uint16_t id, double now)
{
	d->asking = true;
	d->id = id;
	d->sent = 1;
	d->timo = t->initial_dhaad_timeout;
	d->due = now + d->timo;
	return DHAAD_SEND;
}

static void over(struct dhaad *d, const struct timers *t, bool useful, double now)
{
	d->asking = false;
	d->pause = useful ? 0 : d->pause ? MIN(d->pause * 2, PAUSE_MAX) : t->ha_backoff;
	d->not_before = now + (useful ? t->ha_backoff : d->pause);
	d->due = useful ? 0 : d->not_before;
	d->wanted = !useful;
}

enum dhaad_act dhaad_want(struct dhaad *d, const struct timers *t, uint16_t id, double now)
{
	if (d->wanted)
		return DHAAD_NOTHING;	/* under way, or in a pause */
	d->wanted = true;
	if (now + SLACK >= d->not_before)
		return begin(d, t, id, now);
	d->due = d->not_before;
	return DHAAD_NOTHING;
}

enum dhaad_act dhaad_moved(struct dhaad *d, const struct timers *t, double now)
{
	return d->asking ? begin(d, t, d->id, now) : DHAAD_NOTHING;
}

enum dhaad_act dhaad_timer(struct dhaad *d, const struct timers *t, uint16_t id, double now)
{
	if (!d->due || now + SLACK < d->due)
		return DHAAD_NOTHING;
	if (!d->asking)
		return begin(d, t, id, now);
	if (d->sent > t->dhaad_retries) {
		over(d, t, false, now);
		return DHAAD_FAILED;
	}
	/* 11.4.1: each repetition after twice the time of the one before */
	d->sent++;
	d->timo *= 2;
	d->due = now + d->timo;
	return DHAAD_SEND;
}

void dhaad_stop(struct dhaad *d)
{
	d->wanted = d->asking = false;
	d->due = 0;
}

static unsigned add(struct in6_addr *found, unsigned n, const struct in6_addr *a,
		    const struct in6_addr *hoa)
{
	if (n == HOME_MAX_HA || !in6_is_unicast_routable(a) || in6_eq(a, hoa))
		return n;
	for (unsigned i = 0; i < n; i++)
		if (in6_eq(&found[i], a))
			return n;
	found[n] = *a;
	return n + 1;
}

unsigned dhaad_reply(struct dhaad *d, const struct timers *t, const struct icmp6_msg *m,
		     const struct in6_addr *src, const struct in6_addr *hoa, bool router,
		     double now, struct in6_addr found[static HOME_MAX_HA], const char **why)
{
	unsigned n = 0;

	*why = NULL;
	if (!d->asking || m->code || m->dhaad.id != d->id)
		return 0;
	if (router && !m->dhaad.r) {	/* RFC 3963 7.2: none of them takes a mobile router */
		*why = "no home agent there serves mobile routers";
		return 0;
	}
	for (unsigned i = 0; i < m->dhaad.n; i++)
		n = add(found, n, &m->dhaad.ha[i], hoa);
	if (!m->dhaad.n)
		n = add(found, n, src, hoa);
	if (n)
		over(d, t, true, now);
	else
		*why = "no address in it that a home agent can have";
	return n;
}
