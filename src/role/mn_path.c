/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The paths of a home address (RFC 5648): each uplink that has a BID and a care-of address. What is
 * to be registered of them follows the uplinks; which one carries follows the answers and the word
 * of the probes.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"
#include "run/event.h"

#define OLD_WORKS	9.		/* seconds: the detector keeps it a little longer */
/* An old care-of address stays registered for so many round trips, within these bounds (seconds):
 * the home agent has moved when it answers, and what it sent before is behind the answer at most by
 * what the queues of the slower path hold. */
#define DRAIN_TRIPS	3.
#define DRAIN_MIN	0.3
#define DRAIN_MAX	4.

/* ---- for probes ---- */

const char *mn_path_dev(const struct mn_home *h, unsigned path)
{
	return path < BUL_PATHS && mn_path_ready(h, path) ? h->path[path].dev : "";
}

bool mn_path_ready(const struct mn_home *h, unsigned path)
{
	return path < BUL_PATHS && h->path[path].dev[0] &&
	       bul_path_carries(&h->bul, &h->bul.set.path[path]);
}

void mn_path_alive(struct mn_home *h, unsigned path, bool alive)
{
	if (!bul_set_alive(&h->bul, path, alive) || h->uplink < 0 || h->at_home)
		return;
	log_notice("mn", "%s: path %u (%s) %s", A6(mn_hoa(h)), h->bul.set.path[path].bid,
		   h->path[path].dev, alive ? "works" : "is dead");
	if (!h->sign_at)
		h->sign_at = run_now();
	h->usable_at = run_now();
	mn_step(h, BUL_EV_AWAY, NULL);
}

uint16_t mn_bid(const struct mn_home *h)
{
	const struct bul_set *s = &h->bul.set;

	return bul_multi(&h->bul) && s->primary < BUL_PATHS ? s->path[s->primary].bid : 0;
}

/* ---- uplinks ---- */

static bool configured(const struct uplink_conf *u)
{
	return u->dev[0] && !u->leaving;
}

/* 1 for the best, the same for the same priority; before them the one that the operator prefers. */
static uint8_t rank_of(const struct mn *mn, const struct uplink_conf *u)
{
	const struct mn_conf *c = mn->conf;
	unsigned rank = mn->prefer ? 2 : 1;

	if (mn->prefer && u->bid == mn->prefer)
		return 1;
	for (size_t i = 0; i < c->n_uplink; i++) {
		const struct uplink_conf *o = &c->uplinks[i];
		bool first = configured(o) && o->priority < u->priority;

		for (size_t k = 0; first && k < i; k++)
			first = !configured(&c->uplinks[k]) || c->uplinks[k].priority != o->priority;
		rank += first;
	}
	return (uint8_t)MIN(rank, (unsigned)BUL_PRIO_LAST - 1);
}

static bool look(struct mn_home *h)
{
	struct mn *mn = h->mn;
	struct bul_want w[BUL_PATHS];
	unsigned n = 0;

	h->also = mn_also_home(h);
	h->bul.set.drain = fmin(fmax(DRAIN_TRIPS * fmax(h->rtt, h->probe.rtt), DRAIN_MIN), DRAIN_MAX);
	for (unsigned i = 0; i < mn->n_uplink && n < BUL_PATHS; i++) {
		const struct mn_uplink *u = &mn->uplink[i];

		if (!u->attached || u->gone || !u->conf->bid || mn_is_home_of(h, u) ||
		    IN6_IS_ADDR_UNSPECIFIED(&u->coa))
			continue;
		w[n++] = (struct bul_want){ .bid = u->conf->bid, .rank = rank_of(mn, u->conf),
					    .coa = u->coa, .old = u->old };
	}
	if (h->also >= 0 && n < BUL_PATHS) {
		const struct uplink_conf *u = mn->uplink[h->also].conf;

		w[n++] = (struct bul_want){ .bid = u->bid, .rank = rank_of(mn, u), .home = true,
					    .coa = *mn_hoa(h) };
	}
	return bul_set_want(&h->bul, w, n);
}

bool mn_paths_look(struct mn_home *h)
{
	return h->bul.set.wish && look(h);
}

bool mn_paths_conf(struct mn_home *h)
{
	const struct mn_conf *c = h->mn->conf;
	bool wish = false, was = h->bul.set.wish;

	for (size_t i = 0; i < c->n_uplink; i++)
		wish |= configured(&c->uplinks[i]) && c->uplinks[i].bid;
	h->bul.set.no_bulk = !h->conf->bulk;
	if (wish && !was)
		look(h);
	bul_set_wish(&h->bul, wish);
	return wish != was;
}

int mn_path_uplink(const struct mn *mn, const struct in6_addr *coa)
{
	for (unsigned i = 0; i < mn->n_home; i++) {
		const struct mn_home *h = &mn->home[i];

		if (h->mn && h->also >= 0 && in6_eq(mn_hoa(h), coa))
			return h->also;
	}
	for (unsigned i = 0; i < mn->n_uplink; i++) {
		const struct mn_uplink *u = &mn->uplink[i];

		if (u->attached && !IN6_IS_ADDR_UNSPECIFIED(coa) &&
		    (in6_eq(&u->coa, coa) || in6_eq(&u->old, coa)))
			return (int)i;
	}
	return -1;
}

void mn_paths_follow(struct mn_home *h)
{
	int i = mn_path_uplink(h->mn, &h->bul.coa.a.in6);

	if (!bul_multi(&h->bul) || h->at_home || i < 0 || i == h->uplink)
		return;
	h->left = h->uplink;
	h->uplink = i;
}

/* ---- the care-of address before ---- */

static void old_arm(struct mn *mn);

static void old_ends(void *arg)
{
	struct mn *mn = arg;

	for (unsigned i = 0; i < mn->n_uplink; i++)
		if (mn->uplink[i].old_until <= run_now())
			mn->uplink[i].old = in6addr_any;
	old_arm(mn);
	for (unsigned i = 0; mn->running && i < mn->n_home; i++)
		mn_look(&mn->home[i], false);
}

static void old_arm(struct mn *mn)
{
	double at = INFINITY;

	for (unsigned i = 0; i < mn->n_uplink; i++)
		if (!IN6_IS_ADDR_UNSPECIFIED(&mn->uplink[i].old))
			at = fmin(at, mn->uplink[i].old_until);
	if (isinf(at))
		rtimer_stop(&mn->old_timer);
	else
		rtimer_set(&mn->old_timer, at, old_ends, mn);
}

void mn_path_old(struct mn_uplink *u, struct mn *mn)
{
	u->old = u->coa;
	u->old_until = run_now() + OLD_WORKS;
	old_arm(mn);
}

void mn_path_old_gone(struct mn *mn)
{
	for (unsigned i = 0; i < mn->n_uplink; i++)
		mn->uplink[i].old = in6addr_any;
	rtimer_stop(&mn->old_timer);
}

/* ---- the kernel ---- */

static struct home_path *add(struct home_path *p, size_t *n, const struct mn_home *h,
			     const struct in6_addr *coa, const struct in6_addr *ha)
{
	p[*n] = (struct home_path){ .carrier = { .kind = h->conf->carrier, .local = locator6(coa),
						 .remote = locator6(ha), .key = h->conf->gre_key } };
	return &p[(*n)++];
}

static uint8_t weight_of(const struct mn *mn, uint16_t bid)
{
	for (unsigned i = 0; i < mn->n_uplink; i++)
		if (!mn->uplink[i].gone && mn->uplink[i].conf->bid == bid)
			return (uint8_t)MAX(mn->uplink[i].conf->weight, 1u);
	return 1;
}

/* Those of the best priority that works share what no flow is about. */
static void share(const struct mn_home *h, struct home_path *p, size_t n)
{
	const struct bul_path *q;
	unsigned best = UINT8_MAX;

	for (size_t i = 0; i < n; i++) {
		q = p[i].open ? &h->bul.set.path[bul_path_find(&h->bul, p[i].bid)] : NULL;
		best = q ? MIN(best, (unsigned)q->rank) : best;
	}
	for (size_t i = 0; i < n; i++) {
		q = p[i].open ? &h->bul.set.path[bul_path_find(&h->bul, p[i].bid)] : NULL;
		p[i].weight = q && q->rank == best ? weight_of(h->mn, p[i].bid) : 0;
	}
}

size_t mn_paths_plan(struct mn_home *h, struct home_state *s, struct home_path *p,
		     void (*name)(const struct mn_home *h, const struct home_path *p, size_t n,
				  const struct carrier *c, char dev[static IFNAMSIZ]))
{
	const struct bul *b = &h->bul;
	size_t n = 0;

	for (unsigned i = 0; i < BUL_PATHS; i++) {
		const struct bul_path *q = &b->set.path[i];
		struct home_path *at = NULL;

		h->path[i].flying[0] = '\0';
		if (!q->bid || s->where == MN_OFF)
			continue;
		if (q->wanted && q->usable && !q->home && s->where == MN_AWAY &&
		    !(q->held && in6_eq(&q->held_coa, &q->coa) && in6_eq(&b->ha, &b->bound_ha))) {
			at = add(p, &n, h, &q->coa, &b->ha);	/* ready when the answer comes */
			name(h, p, n - 1, &at->carrier, at->dev);
		}
		if (q->held && !q->held_home) {
			at = add(p, &n, h, &q->held_coa, &b->bound_ha);
			at->bid = q->bid & BUL_DRAIN ? 0 : q->bid;
			at->open = bul_path_carries(b, q) && q->wanted && q->alive;
			name(h, p, n - 1, &at->carrier, at->dev);
			if (locator_eq(&at->carrier.local, &b->bound_coa))
				memcpy(s->via, at->dev, sizeof(s->via));
		}
		if (at)
			memcpy(h->path[i].flying, at->dev, sizeof(at->dev));
	}
	share(h, p, n);
	s->path = p;
	s->n_path = n;
	return n;
}

void mn_paths_synced(struct mn_home *h)
{
	for (unsigned i = 0; i < BUL_PATHS; i++)
		memcpy(h->path[i].dev, h->path[i].flying, sizeof(h->path[i].dev));
}

/* ---- what is said ---- */

void mn_paths_tell(struct mn_home *h)
{
	for (unsigned i = 0; i < BUL_PATHS; i++) {
		struct bul_path *p = &h->bul.set.path[i];
		struct event e = { .type = EV_bul_add };

		if (!p->bid || !p->added || !p->held)
			continue;
		p->added = false;
		e.bul_add.home_address = *mn_hoa(h);
		e.bul_add.bid = p->bid;
		e.bul_add.care_of = locator6(&p->held_coa);
		e.bul_add.peer = h->bul.bound_ha;
		e.bul_add.flags = mn_flags(h);
		e.bul_add.lifetime = p->lifetime;
		e.bul_add.rtt = h->rtt;
		event_emit(&e);
		h->mn->listed = true;
	}
}

bool mn_paths_gone(struct mn_home *h)
{
	bool any = false;

	for (unsigned i = 0; i < BUL_PATHS; i++) {
		struct bul_path *p = &h->bul.set.path[i];
		struct event e = { .type = EV_bul_remove };

		if (!p->bid || !p->gone)
			continue;
		e.bul_remove.home_address = *mn_hoa(h);
		e.bul_remove.bid = p->bid;
		e.bul_remove.care_of = locator6(&p->gone_coa);
		e.bul_remove.peer = h->bul.bound_ha;
		snprintf(e.bul_remove.reason, sizeof(e.bul_remove.reason), "%s", p->gone);
		event_emit(&e);
		p->gone = NULL;
		any = true;
	}
	return any;
}

bool mn_path(const struct mn *mn, unsigned home, unsigned i, struct mn_path_info *info)
{
	const struct mn_home *h = home < mn->n_home ? &mn->home[home] : NULL;
	const struct bul_path *p = h && i < BUL_PATHS ? &h->bul.set.path[i] : NULL;
	int up;

	if (!p || !p->bid || (!p->wanted && !p->held) || !bul_multi(&h->bul))
		return false;
	up = mn_path_uplink(mn, p->wanted ? &p->coa : &p->held_coa);
	*info = (struct mn_path_info){ .path = p, .primary = h->bul.set.primary == i,
				       .carries = bul_path_carries(&h->bul, p) };
	snprintf(info->uplink, sizeof(info->uplink), "%s", up < 0 ? "" : mn->uplink[up].conf->dev);
	memcpy(info->tunnel, h->path[i].dev, sizeof(info->tunnel));
	return true;
}
