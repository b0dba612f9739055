/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/md_rules.h"

#include <math.h>

#include "base/util.h"
#include "store/md_ra.h"

#define MAX_RS_INTERVAL		4.	/* RTR_SOLICITATION_INTERVAL, RFC 4861 10 */
#define LATE_FLOOR		0.2	/* below this a late RA says nothing */
#define DNA_MAX_PROBE		6	/* RFC 6059 5.5.3 */

void md_link_init(struct md_link *l)
{
	*l = (struct md_link){ .current = -1 };
}

const struct md_router *md_current(const struct md_link *l)
{
	return l->current < 0 ? NULL : &l->router[l->current];
}

bool md_is_on_link(const struct md_link *l, const struct prefix *p, double now)
{
	const struct md_router *r = md_current(l);

	for (unsigned i = 0; r && i < MD_ON_LINK; i++) {
		const struct md_on_link *o = &r->on_links[i];

		if (o->prefix.family && o->expires > now && o->prefix.plen == p->plen &&
		    prefix_same_net(&o->prefix, p))
			return true;
	}
	return false;
}

static bool home_alive(const struct md_router *r, double now)
{
	return r->is_home && r->home_expires > now;
}

/* Usable as soon as it is confirmed. */
static bool worth(const struct md_router *r, double now)
{
	if (IN6_IS_ADDR_UNSPECIFIED(&r->addr))
		return false;
	return home_alive(r, now) || (r->is_default && r->expires > now && r->prefix.family &&
				      r->prefix_expires > now);
}

static bool usable(const struct md_router *r, double now)
{
	return r->confirmed && worth(r, now);
}

const struct md_router *md_default(const struct md_link *l, double now)
{
	const struct md_router *best = NULL;

	for (unsigned i = 0; i < MD_MAX_ROUTER; i++) {
		const struct md_router *r = &l->router[i];

		if (!r->confirmed || !r->is_default || r->expires <= now)
			continue;
		if ((int)i == l->current)
			return r;
		if (!best || r->preference > best->preference)
			best = r;
	}
	return best;
}

static double late_after(const struct md_router *r, const struct timers *t)
{
	double d = t->ra_lost_factor * r->interval;

	return d > LATE_FLOOR ? d : LATE_FLOOR;
}

static double earlier(double a, double b)
{
	return a && a < b ? a : b;
}

/* The next moment at which md_on_timer() has something to do; 0 = none. */
static double next_timer(const struct md_link *l, const struct timers *t, double now)
{
	const struct md_router *r = md_current(l);
	double at = INFINITY;

	if (!l->up)
		return 0;
	at = earlier(l->next_rs, at);
	for (unsigned i = 0; i < MD_MAX_ROUTER; i++)
		at = earlier(l->router[i].next_probe, at);
	if (!r)
		return isinf(at) ? 0 : at;
	if (r->interval > 0 && !r->next_probe)
		at = earlier(r->alive + late_after(r, t), at);
	if (r->is_home)
		at = earlier(r->home_expires, at);
	else
		at = earlier(r->expires, earlier(r->prefix_expires, at));
	if (r->prefix.family && r->prefix_preferred > now)
		at = earlier(r->prefix_preferred, at);
	return isinf(at) ? 0 : at;
}

static void probe(struct md_link *l, int i, struct md_result *res, const struct timers *t,
		  double now)
{
	struct md_router *r = &l->router[i];

	r->probes++;
	r->next_probe = now + t->router_probe;
	res->act |= MD_PROBE;
	res->probe_mask |= 1u << i;
}

static void probe_end(struct md_router *r)
{
	r->probes = 0;
	r->next_probe = 0;
}

static void solicit(struct md_link *l, struct md_result *res, const struct timers *t, double now)
{
	double d = t->rs_interval * (double)(1u << MIN(l->rs_sent, 16u));

	res->act |= MD_SEND_RS;
	l->rs_sent++;
	l->next_rs = now + (d < MAX_RS_INTERVAL ? d : MAX_RS_INTERVAL);
}

/* Better to attach to: home, heard after the doubt began, not deprecated, preference, freshness. */
static bool better(const struct md_link *l, const struct md_router *a, const struct md_router *b,
		   double now)
{
	bool ha = home_alive(a, now), hb = home_alive(b, now);
	bool da = !ha && a->prefix_preferred <= now, db = !hb && b->prefix_preferred <= now;
	bool fa = a->last_ra >= l->doubt_since, fb = b->last_ra >= l->doubt_since;

	if (ha != hb)
		return ha;
	if (fa != fb)
		return fa;
	if (da != db)
		return db;
	if (a->preference != b->preference)
		return a->preference > b->preference;
	return a->last_ra > b->last_ra;
}

static int pick(const struct md_link *l, double now)
{
	int best = -1;

	for (int i = 0; i < MD_MAX_ROUTER; i++) {
		if (!usable(&l->router[i], now))
			continue;
		if (best < 0 || better(l, &l->router[i], &l->router[best], now))
			best = i;
	}
	return best;
}

/* The present router is gone. Silent: it did not answer, so that whoever was not heard after the
 * new router showed up belongs to the old link as well. */
static void lose_current(struct md_link *l, bool silent, struct md_result *res,
			 const struct timers *t, double now)
{
	struct md_router *old = &l->router[l->current];
	double since = l->doubt_since ? l->doubt_since : old->alive;
	bool moved = silent && l->doubt_since;

	old->confirmed = old->heard = false;
	probe_end(old);
	for (unsigned i = 0; moved && i < MD_MAX_ROUTER; i++)
		if (l->router[i].last_ra < since)
			l->router[i].confirmed = l->router[i].heard = false;
	l->current = pick(l, now);
	l->doubt_since = 0;
	l->rs_sent = 0;
	if (l->current < 0) {
		res->act |= MD_LOST;
		res->act &= ~(unsigned)MD_CHANGED;
		solicit(l, res, t, now);
		return;
	}
	res->act |= MD_CHANGED;
	l->next_rs = 0;
	if (moved)			/* ask the new link once, RFC 4861 6.3.7 */
		res->act |= MD_SEND_RS;
	else if (silent && l->router[l->current].last_ra < since)
		probe(l, l->current, res, t, now);
}

static void take(struct md_link *l, int i, struct md_result *res)
{
	if (l->current >= 0)
		probe_end(&l->router[l->current]);
	l->current = i;
	l->doubt_since = 0;
	res->act |= MD_CHANGED;
}

struct md_result md_on_link(struct md_link *l, bool up, const struct timers *t, double now)
{
	struct md_result res = { 0 };
	unsigned asked = 0;

	if (up == l->up) {
		res.timer = next_timer(l, t, now);
		return res;
	}
	for (unsigned i = 0; i < MD_MAX_ROUTER; i++) {
		l->router[i].confirmed = l->router[i].heard = false;
		probe_end(&l->router[i]);
	}
	if (l->current >= 0)
		res.act |= MD_LOST;
	l->current = -1;
	l->up = up;
	l->rs_sent = 0;
	l->next_rs = 0;
	l->doubt_since = 0;
	if (!up)
		return res;
	l->up_since = now;
	solicit(l, &res, t, now);
	for (int i = 0; i < MD_MAX_ROUTER && asked < DNA_MAX_PROBE; i++) {
		if (!l->router[i].ll.len || !worth(&l->router[i], now))
			continue;
		probe(l, i, &res, t, now);
		asked++;
	}
	res.timer = next_timer(l, t, now);
	return res;
}

/* ---- Router Advertisements ---- */

static int find(const struct md_link *l, const struct in6_addr *addr)
{
	for (int i = 0; i < MD_MAX_ROUTER; i++)
		if (in6_eq(&l->router[i].addr, addr))
			return i;
	return -1;
}

/* A free slot, or that of the router that was silent the longest. */
static int make_room(struct md_link *l)
{
	int oldest = -1;

	for (int i = 0; i < MD_MAX_ROUTER; i++) {
		if (i == l->current)
			continue;
		if (IN6_IS_ADDR_UNSPECIFIED(&l->router[i].addr))
			return i;
		if (oldest < 0 || l->router[i].last_ra < l->router[oldest].last_ra)
			oldest = i;
	}
	return oldest;
}

struct md_result md_take(struct md_link *l, const struct md_said *s, double now)
{
	int i = find(l, &s->router);
	bool home = s->home >= 0;
	struct md_router *r;

	for (unsigned k = 0; k < MD_MAX_ROUTER; k++) {
		l->router[k].confirmed = l->router[k].heard = false;
		probe_end(&l->router[k]);
	}
	l->current = -1;
	l->doubt_since = l->next_rs = 0;
	l->rs_sent = 0;
	if (i < 0)
		i = make_room(l);
	r = &l->router[i];
	/* fe80::1 is a router of many links: with another prefix it is another one */
	if (!in6_eq(&r->addr, &s->router) || r->is_home != home ||
	    (!home && !prefix_eq(&r->prefix, &s->link)))
		*r = (struct md_router){ .addr = s->router };
	r->confirmed = r->on_link = true;
	r->is_default = !IN6_IS_ADDR_UNSPECIFIED(&s->router);
	r->alive = now;
	r->expires = r->home_expires = r->prefix_expires = r->prefix_preferred = INFINITY;
	r->is_home = home;
	r->home = home ? (unsigned)s->home : 0;
	r->prefix = home ? (struct prefix){ 0 } : s->link;
	r->on_links[0] = (struct md_on_link){ .prefix = s->link, .expires = INFINITY };
	l->current = i;
	return (struct md_result){ .act = MD_CHANGED };
}

bool md_take_ll(struct md_link *l, const struct nd_na *na)
{
	struct md_router *r = l->current < 0 ? NULL : &l->router[l->current];

	if (!r || r->ll.len || !na->tlla.len || !in6_eq(&r->addr, &na->target))
		return false;
	r->ll = na->tlla;
	return true;
}

/* RFC 6275 11.5.3: another care-of address when ours is deprecated, if there is one. */
static void leave_deprecated(struct md_link *l, struct md_result *res, double now)
{
	const struct md_router *r = &l->router[l->current];
	int i;

	if (home_alive(r, now) || r->prefix_preferred > now)
		return;
	i = pick(l, now);
	if (i != l->current && (home_alive(&l->router[i], now) ||
				l->router[i].prefix_preferred > now))
		take(l, i, res);
}

static bool same_link(const struct md_router *a, const struct md_router *b, double now)
{
	if (home_alive(a, now) || home_alive(b, now))
		return home_alive(a, now) && home_alive(b, now) && a->home == b->home;
	return prefix_eq(&a->prefix, &b->prefix);
}

/* An RA of a router that is not the one in use. */
static void on_other(struct md_link *l, int i, bool known, struct md_result *res,
		     const struct timers *t, double now)
{
	struct md_router *r = &l->router[i], *cur = &l->router[l->current];

	if (!usable(r, now))
		return;
	if (home_alive(r, now) && !home_alive(cur, now)) {
		take(l, i, res);
		return;
	}
	if (same_link(r, cur, now)) {
		if (r->preference > cur->preference && r->is_default)
			take(l, i, res);	/* RFC 4191 3.2 */
		return;
	}
	if (!home_alive(cur, now) && cur->prefix_preferred <= now && r->prefix_preferred > now) {
		take(l, i, res);	/* RFC 6275 11.5.3: ours is deprecated */
		return;
	}
	/* Another prefix: another router of our link, or another link (11.5.1). Ask ours. */
	if (known)
		return;
	if (!l->doubt_since)
		l->doubt_since = now;
	if (!cur->next_probe)
		probe(l, l->current, res, t, now);
}

struct md_result md_on_ra(struct md_link *l, const struct in6_addr *from, const struct nd_ra *ra,
			  const struct mn_conf *c, const struct timers *t, double now)
{
	struct md_result res = { .timer = next_timer(l, t, now) };
	int i = find(l, from);
	bool known, changed;
	struct md_router *r;

	if (!l->up || IN6_IS_ADDR_UNSPECIFIED(from))
		return res;
	/* In the very moment of the carrier: it waited in the socket and is of the old link. */
	if (i >= 0 && !l->router[i].confirmed && now <= l->up_since)
		return res;
	if (i < 0) {
		if (!ra->router_lifetime && !md_ra_home(ra, c))
			return res;
		i = make_room(l);
		l->router[i] = (struct md_router){ .addr = *from };
	}
	r = &l->router[i];
	known = r->confirmed && (!r->interval || now - r->last_ra <= late_after(r, t));
	changed = md_ra_learn(r, ra, c, t, now);
	if (i != l->current || !l->doubt_since)
		probe_end(r);
	if (ra->router_lifetime || r->is_home) {	/* RFC 4861 6.3.7: desist */
		l->next_rs = 0;
		l->rs_sent = 0;
	}
	if (l->current < 0) {
		if (usable(r, now))
			take(l, i, &res);
	} else if (i != l->current) {
		on_other(l, i, known, &res, t, now);
	} else if (!usable(r, now)) {
		lose_current(l, false, &res, t, now);
	} else if (changed) {
		take(l, i, &res);
	} else {
		leave_deprecated(l, &res, now);
	}
	res.timer = next_timer(l, t, now);
	return res;
}

/* ---- Neighbour Advertisements, time ---- */

struct md_result md_on_na(struct md_link *l, const struct nd_na *na, const struct timers *t,
			  double now)
{
	struct md_result res = { .timer = next_timer(l, t, now) };
	int i = find(l, &na->target);
	struct md_router *r;

	if (!l->up || i < 0 || IN6_IS_ADDR_UNSPECIFIED(&na->target))
		return res;
	r = &l->router[i];
	if (md_other_ll(r, &na->tlla))
		return res;
	if (!na->router) {		/* RFC 4861 7.3.3: a host now */
		r->confirmed = r->is_default = r->is_home = false;
		probe_end(r);
		if (i == l->current)
			lose_current(l, false, &res, t, now);
	} else if (na->solicited) {
		if (r->interval > 0 && !r->advertised && now - r->last_ra > r->interval)
			r->interval = MIN(now - r->last_ra, MD_MAX_RA_GAP);
		r->alive = now;
		probe_end(r);
		if (i == l->current)
			l->doubt_since = 0;
		if (worth(r, now))
			r->confirmed = true;
		if (l->current < 0 && usable(r, now))
			take(l, i, &res);
	}
	res.timer = next_timer(l, t, now);
	return res;
}

static void probes_due(struct md_link *l, struct md_result *res, const struct timers *t, double now)
{
	for (int i = 0; i < MD_MAX_ROUTER; i++) {
		struct md_router *r = &l->router[i];

		if (!r->next_probe || r->next_probe > now)
			continue;
		if (r->probes < t->router_probe_count)
			probe(l, i, res, t, now);
		else if (i == l->current)
			lose_current(l, true, res, t, now);
		else
			probe_end(r);
	}
}

struct md_result md_on_timer(struct md_link *l, const struct timers *t, double now)
{
	struct md_result res = { 0 };
	struct md_router *r;

	if (!l->up)
		return res;
	if (l->next_rs && l->next_rs <= now)
		solicit(l, &res, t, now);
	probes_due(l, &res, t, now);
	if (l->current >= 0 && l->router[l->current].is_home &&
	    !home_alive(&l->router[l->current], now)) {
		l->router[l->current].is_home = false;
		take(l, l->current, &res);
	}
	if (l->current >= 0 && !usable(&l->router[l->current], now))
		lose_current(l, false, &res, t, now);
	if (l->current >= 0) {
		leave_deprecated(l, &res, now);
		r = &l->router[l->current];
		if (r->interval > 0 && !r->next_probe && now >= r->alive + late_after(r, t))
			probe(l, l->current, &res, t, now);
	}
	res.timer = next_timer(l, t, now);
	return res;
}

/* ---- between uplinks ---- */

int md_choose(const struct md_candidate *c, unsigned n, int present)
{
	int best = -1;

	for (int i = 0; i < (int)n; i++) {
		if (!c[i].usable)
			continue;
		if (best < 0 || (c[i].home && !c[best].home) ||
		    (c[i].home == c[best].home &&
		     (c[i].priority < c[best].priority ||
		      (c[i].priority == c[best].priority && i == present))))
			best = i;
	}
	return best;
}
