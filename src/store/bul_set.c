/* SPDX-License-Identifier: BSD-2-Clause */
/* Which care-of addresses are wanted, which one carries, and what an update says of them. */
#include "store/bul_set.h"

#include <math.h>

#include "base/util.h"
#include "store/bul_priv.h"

static bool has(const struct in6_addr *a)
{
	return !IN6_IS_ADDR_UNSPECIFIED(a);
}

bool bul_multi(const struct bul *b)
{
	for (unsigned i = 0; i < b->set.n_plain; i++)
		if (in6_eq(&b->set.plain[i], &b->ha))
			return false;
	return b->set.wish;
}

unsigned bul_path_find(const struct bul *b, uint16_t bid)
{
	unsigned i = 0;

	while (i < BUL_PATHS && b->set.path[i].bid != bid)
		i++;
	return i;
}

bool bul_path_carries(const struct bul *b, const struct bul_path *p)
{
	return p->bid && p->held && p->held_usable && p->held_home == p->home &&
	       b->bound_coa.family;
}

/* ---- the home link as one of them ---- */

/* One BID in each update: those without H would take it back (5.6.5). */
bool bul_may_home(const struct bul *b)
{
	return bul_multi(b) && !b->set.no_bulk && b->n_cand && !in6_eq(&b->set.no_home, &b->ha);
}

unsigned bul_home_path(const struct bul *b)
{
	unsigned i = 0;

	while (i < BUL_PATHS && !(b->set.path[i].bid && b->set.path[i].wanted &&
				  b->set.path[i].home))
		i++;
	return i;
}

bool bul_home_open(const struct bul *b)
{
	unsigned i = bul_home_path(b);

	return i < BUL_PATHS && (b->set.stays || bul_path_carries(b, &b->set.path[i]));
}

bool bul_home_nd(const struct bul *b)
{
	return bul_home_open(b) && (b->set.stays || !b->set.path[bul_home_path(b)].quiet);
}

/* The care-of address that packets of this path have now. */
static const struct in6_addr *data_of(const struct bul_path *p)
{
	return p->held && p->held_usable ? &p->held_coa : &p->coa;
}

static uint8_t prio_of(const struct bul_path *p)
{
	return p->alive ? p->rank : BUL_PRIO_LAST;
}

/* ---- what is wanted ---- */

static struct bul_path *place(struct bul *b, uint16_t bid)
{
	unsigned i = bul_path_find(b, bid);

	if (i == BUL_PATHS)
		i = bul_path_find(b, 0);
	return i == BUL_PATHS ? NULL : &b->set.path[i];
}

/* Nobody has it, nobody wants it, and all has been said of it. */
void bul_path_free(struct bul_path *p)
{
	if (!p->wanted && !p->held && !p->gone)
		*p = (struct bul_path){ 0 };
}

/* The address before stays registered under a BID of its own. */
static void want_drain(struct bul *b, const struct bul_want *w)
{
	unsigned i = bul_path_find(b, w->bid);
	const struct bul_path *base = i < BUL_PATHS ? &b->set.path[i] : NULL;
	struct bul_path *p;

	if (!base || !base->held || !in6_eq(&base->held_coa, &w->old) || b->set.drain <= 0 ||
	    in6_eq(&w->old, &w->coa))
		return;
	p = place(b, w->bid | BUL_DRAIN);
	if (!p || (p->bid && in6_eq(&p->coa, &w->old)))
		return;
	p->bid = w->bid | BUL_DRAIN;
	p->wanted = p->alive = true;
	p->rank = BUL_PRIO_LAST;
	p->coa = w->old;
	p->drain_until = p->retry_at = 0;
}

static bool want_one(struct bul *b, const struct bul_want *w)
{
	struct bul_path *p = place(b, w->bid);
	bool news;

	if (!p)
		return false;
	news = !p->wanted || !in6_eq(&p->coa, &w->coa) || p->rank != w->rank || p->home != w->home;
	if (!p->wanted || !in6_eq(&p->coa, &w->coa)) {
		p->alive = true;
		p->retry_at = 0;
	}
	p->bid = w->bid;
	p->wanted = true;
	p->rank = w->rank;
	p->home = w->home;
	p->coa = w->coa;
	return news;
}

static bool works(const struct bul_want *w, unsigned n, const struct in6_addr *a)
{
	for (unsigned i = 0; i < n; i++)
		if (in6_eq(&w[i].coa, a) || (has(&w[i].old) && in6_eq(&w[i].old, a)))
			return true;
	return false;
}

static bool wanted(const struct bul_path *p, const struct bul_want *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (w[i].bid == p->bid || (p->bid == (w[i].bid | BUL_DRAIN) && has(&w[i].old) &&
					   in6_eq(&w[i].old, &p->coa)))
			return true;
	return false;
}

bool bul_set_want(struct bul *b, const struct bul_want *w, unsigned n)
{
	bool news = false;

	for (unsigned i = 0; i < n; i++) {
		want_drain(b, &w[i]);
		news |= want_one(b, &w[i]);
	}
	for (unsigned i = 0; i < BUL_PATHS; i++) {
		struct bul_path *p = &b->set.path[i];
		bool usable = works(w, n, &p->coa), held = works(w, n, &p->held_coa);

		if (!p->bid)
			continue;
		if (p->wanted && !wanted(p, w, n)) {
			p->wanted = false;
			news = true;
		}
		/* the home agent sends where nobody is */
		if (p->held && p->held_usable && !held)
			b->set.urgent = true;
		news |= usable != p->usable || (p->held && held != p->held_usable);
		p->usable = usable;
		p->held_usable = held;
		bul_path_free(p);
	}
	return news;
}

bool bul_set_alive(struct bul *b, unsigned path, bool alive)
{
	struct bul_path *p = path < BUL_PATHS ? &b->set.path[path] : NULL;

	if (!p || !p->bid || p->alive == alive)
		return false;
	p->alive = alive;
	b->set.urgent |= !alive && p->held;
	return true;
}

bool bul_can_wait(const struct bul *b)
{
	bool lost = !bul_multi(b) || b->state != BUL_REFRESH;

	for (unsigned i = 0; i < BUL_PATHS && !lost; i++) {
		const struct bul_path *p = &b->set.path[i];

		if (!p->bid || !p->held)
			continue;
		lost = !p->held_usable || (!p->alive && p->held_prio != BUL_PRIO_LAST) ||
		       (p->wanted && !in6_eq(&p->coa, &p->held_coa));
	}
	return !lost;
}

void bul_set_again(struct bul *b, const struct mhopt_bid *bid, unsigned n)
{
	for (unsigned i = 0; i < BUL_PATHS; i++) {
		bool named = !n;

		for (unsigned k = 0; k < n; k++)
			named |= bid[k].bid == b->set.path[i].bid;
		if (named)
			b->set.path[i].refresh_at = 0;
	}
}

/* ---- which one carries ---- */

static int class_of(const struct bul *b, const struct bul_path *p)
{
	if (p->home && p->wanted ? bul_home_open(b) : bul_path_carries(b, p))
		return p->alive ? 4 : 3;
	if (p->wanted && p->usable && !p->home)
		return p->alive ? 2 : 1;
	return 0;
}

static bool better(const struct bul *b, unsigned i, unsigned than)
{
	const struct bul_path *p = &b->set.path[i], *q = &b->set.path[than];
	int c = class_of(b, p), d = class_of(b, q);

	if (c != d)
		return c > d;
	if (p->wanted != q->wanted)
		return p->wanted;
	if (p->rank != q->rank)
		return p->rank < q->rank;
	return i == b->set.primary;
}

void bul_set_pick(struct bul *b)
{
	unsigned best = BUL_PATHS;

	if (!bul_multi(b))
		return;
	for (unsigned i = 0; i < BUL_PATHS; i++)
		if (b->set.path[i].bid && class_of(b, &b->set.path[i]) &&
		    (best == BUL_PATHS || better(b, i, best)))
			best = i;
	b->set.primary = best;
	if (best == BUL_PATHS)
		return;
	if (b->state != BUL_LEAVE)		/* there it is the home address */
		b->coa = locator6(data_of(&b->set.path[best]));
	if (bul_path_carries(b, &b->set.path[best]))
		b->bound_coa = locator6(data_of(&b->set.path[best]));
}

/* ---- what the home agent has still to be told ---- */

static bool same_ha(const struct bul *b)
{
	return b->bound_coa.family && in6_eq(&b->bound_ha, &b->ha);
}

static bool refused_lately(const struct bul_path *p, double now)
{
	return p->retry_at && now + SLACK < p->retry_at;
}

static bool lacks(const struct bul *b, const struct bul_path *p, double now)
{
	if (!p->bid || !p->wanted || refused_lately(p, now))
		return false;
	return !p->held || !same_ha(b) || !in6_eq(&p->held_coa, &p->coa) ||
	       p->held_home != p->home || p->held_prio != prio_of(p) || now + SLACK >= p->refresh_at;
}

static bool surplus(const struct bul_path *p)
{
	return p->bid && p->held && !p->wanted;
}

static bool any_lacks(const struct bul *b, double now)
{
	for (unsigned i = 0; i < BUL_PATHS; i++)
		if (lacks(b, &b->set.path[i], now))
			return true;
	return false;
}

static bool any_surplus(const struct bul *b)
{
	for (unsigned i = 0; i < BUL_PATHS; i++)
		if (surplus(&b->set.path[i]))
			return true;
	return false;
}

/* The home link was left: 5.6.5 wants an update without H then, of the others. */
static bool leaves_home(const struct bul *b)
{
	bool left = false, other = false;

	for (unsigned i = 0; i < BUL_PATHS; i++) {
		const struct bul_path *p = &b->set.path[i];

		left |= surplus(p) && p->held_home;
		other |= p->bid && p->wanted;
	}
	return left && other;
}

bool bul_set_unsaid(const struct bul *b, double now)
{
	return any_lacks(b, now) || any_surplus(b);
}

/* When the set has something to say of its own; INFINITY: never. */
double bul_set_next(const struct bul *b)
{
	double at = INFINITY;

	for (unsigned i = 0; i < BUL_PATHS; i++) {
		const struct bul_path *p = &b->set.path[i];

		if (!p->bid)
			continue;
		if (p->wanted && p->retry_at)
			at = fmin(at, p->retry_at);
		else if (p->wanted && p->held)
			at = fmin(at, p->refresh_at);
		if (p->wanted && p->drain_until)
			at = fmin(at, p->drain_until);
	}
	return at;
}

/* True: an address has drained. */
bool bul_set_tick(struct bul *b, double now)
{
	bool any = false;

	for (unsigned i = 0; i < BUL_PATHS; i++) {
		struct bul_path *p = &b->set.path[i];

		if (!p->wanted || !p->drain_until || now + SLACK < p->drain_until)
			continue;
		p->wanted = false;
		any = true;
		bul_path_free(p);
	}
	return any;
}

/* ---- the message ---- */

/* The home link is the last that an update leaves by, if others live: there the home agent may not
 * have agreed yet. */
static bool before(const struct bul_path *q, const struct bul_path *p)
{
	if (q->alive != p->alive)
		return q->alive;
	if (q->home != p->home)
		return p->home;
	return q->rank <= p->rank;
}

/* Sources in order: those that are alive first, then by rank; the turn-th of them. own: a path that
 * the message is only about. */
static unsigned source(const struct bul *b, unsigned own)
{
	unsigned order[BUL_PATHS], n = 0, alive = 0;

	if (own < BUL_PATHS && !b->set.turn && b->set.path[own].usable && b->set.path[own].alive)
		return own;
	for (unsigned i = 0; i < BUL_PATHS; i++) {
		const struct bul_path *p = &b->set.path[i];
		unsigned at = n;

		if (!p->bid || !p->usable)
			continue;
		alive += p->alive;
		for (; at; at--) {
			if (before(&b->set.path[order[at - 1]], p))
				break;
			order[at] = order[at - 1];
		}
		order[at] = i;
		n++;
	}
	if (!n)
		return BUL_PATHS;
	/* with one that lives, the others are tried as well when it has not been answered */
	return order[b->set.turn % (alive > 1 ? alive : n)];
}

static void put(struct bul_msg *m, const struct bul_path *p)
{
	struct mhopt_bid *o = &m->bid[m->n++];

	*o = (struct mhopt_bid){ .bid = p->bid };
	if (m->kind == BUL_MSG_DELETE)
		return;
	o->prio = prio_of(p);
	o->home = p->home;
	o->coa = locator6(&p->coa);	/* 5.1: MUST, the first time; and always, so each is whole */
}

/* even: those that were refused, too. */
static void put_all(const struct bul *b, double now, struct bul_msg *m, bool even)
{
	unsigned one = BUL_PATHS;

	for (unsigned i = 0; i < BUL_PATHS; i++) {
		const struct bul_path *p = &b->set.path[i];
		bool goes = m->kind == BUL_MSG_DELETE ? surplus(p) :
			    p->bid && p->wanted && (even || !refused_lately(p, now));

		if (!goes)
			continue;
		if (!b->set.no_bulk)
			put(m, p);
		else if (one == BUL_PATHS || (lacks(b, p, now) && !lacks(b, &b->set.path[one], now)))
			one = i;
	}
	if (one < BUL_PATHS)
		put(m, &b->set.path[one]);
	m->from = source(b, one);
}

void bul_set_msg(const struct bul *b, double now, struct bul_msg *m)
{
	bool all = b->state == BUL_LEAVE || b->state == BUL_STOP;

	*m = (struct bul_msg){ .kind = BUL_MSG_PLAIN, .from = BUL_PATHS,
			       .source = b->coa.a.in6 };
	if (bul_multi(b) && !all && same_ha(b) && !any_lacks(b, now) && any_surplus(b) &&
	    !leaves_home(b))
		m->kind = BUL_MSG_DELETE;
	else if (bul_multi(b) && !all)
		m->kind = BUL_MSG_REGISTER;
	if (m->kind == BUL_MSG_PLAIN && b->set.wish && b->state != BUL_LEAVE && all)
		m->from = source(b, BUL_PATHS);
	else if (m->kind != BUL_MSG_PLAIN)
		put_all(b, now, m, false);
	if (m->kind != BUL_MSG_PLAIN && !m->n)
		put_all(b, now, m, true);
	m->overwrite = m->kind == BUL_MSG_REGISTER &&
		       (b->set.overwrite || !same_ha(b) || (!b->set.no_bulk && any_surplus(b)));
	if (m->from < BUL_PATHS)
		m->source = b->set.path[m->from].coa;
}

/* ---- the configuration ---- */

static void adopt(struct bul *b)
{
	for (unsigned i = 0; i < BUL_PATHS; i++) {
		struct bul_path *p = &b->set.path[i];

		if (!p->bid || !b->bound_coa.family || !in6_eq(&p->coa, &b->bound_coa.a.in6))
			continue;
		p->held = p->held_usable = true;
		p->held_coa = p->coa;
		p->expires = b->expires;
		p->lifetime = b->lifetime;
		p->refresh_at = 0;
		return;
	}
}

void bul_set_wish(struct bul *b, bool wish)
{
	if (b->set.wish == wish)
		return;
	b->set.wish = wish;
	b->set.n_plain = 0;
	b->set.overwrite = true;
	if (wish)
		adopt(b);
	else
		for (unsigned i = 0; i < BUL_PATHS; i++)
			b->set.path[i] = (struct bul_path){ 0 };
}
