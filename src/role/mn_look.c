/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a home is attached: which uplink is its own, whether that is its home link, and whether the
 * home link is only one path of several (RFC 5648 5.6).
 */
#include "base/util.h"
#include "role/mn_priv.h"
#include "store/md_rules.h"

#define MANY_UPLINKS	64		/* that are looked at */

/* ---- at home and elsewhere ---- */

/* The uplink on the home link that may be a path; -1: none. */
static int home_link(const struct mn_home *h)
{
	int at = -1;

	for (unsigned i = 0; i < h->mn->n_uplink; i++) {
		const struct mn_uplink *u = &h->mn->uplink[i];

		if (u->attached && !u->gone && !u->held && u->conf->bid && mn_is_home_of(h, u) &&
		    (at < 0 || u->conf->priority < h->mn->uplink[at].conf->priority))
			at = (int)i;
	}
	return at;
}

static bool elsewhere(const struct mn_home *h)
{
	for (unsigned i = 0; i < h->mn->n_uplink; i++) {
		const struct mn_uplink *u = &h->mn->uplink[i];

		if (u->attached && !u->gone && u->conf->bid && !mn_is_home_of(h, u) &&
		    !IN6_IS_ADDR_UNSPECIFIED(&u->coa))
			return true;
	}
	return false;
}

int mn_also_home(struct mn_home *h)
{
	int at = home_link(h);

	if (at < 0)
		h->bul.set.no_home = in6addr_any;	/* asked anew when we come back */
	if (!h->conf->simultaneous_home || !bul_may_home(&h->bul) || h->dad == MN_DAD_TAKEN)
		return -1;
	return at >= 0 && elsewhere(h) ? at : -1;
}

/* The home agent has agreed to that, or does not any more. */
void mn_also_look(struct mn_home *h)
{
	if (h->mn->stopping || h->uplink < 0 || h->bul.state == BUL_STOP)
		return;
	if (h->at_home ? mn_also_home(h) >= 0 : h->also >= 0 && mn_also_home(h) < 0)
		mn_look(h, true);
}

const char *mn_home_dev(const struct mn_home *h)
{
	if (h->at_home)
		return mn_dev(h);
	return h->also < 0 ? "" : h->mn->uplink[h->also].conf->dev;
}

void mn_also_plan(struct mn_home *h, struct home_state *s)
{
	unsigned i = bul_home_path(&h->bul);
	const struct mn_uplink *u = h->also < 0 ? NULL : &h->mn->uplink[h->also];

	if (!u || i == BUL_PATHS || s->where != MN_AWAY)
		return;
	s->also.bid = h->bul.set.path[i].bid;
	s->also.open = bul_home_open(&h->bul);
	s->also.quiet = !bul_home_nd(&h->bul);
	s->now.remote = locator6(&h->bul.ha);
	s->home_router = u->router;
	s->link_local = h->ll_ours;
	memcpy(s->home_dev, u->conf->dev, sizeof(s->home_dev));
	if (!s->also.open)
		return;
	memcpy(h->path[i].flying, s->home_dev, sizeof(h->path[i].flying));
	if (h->bul.set.primary == i)
		memcpy(s->via, s->home_dev, sizeof(s->via));
}

/* ---- movement ---- */

/* In the order of the file: of two with the same priority the first one counts. */
static unsigned in_order(const struct mn *mn, unsigned order[static MANY_UPLINKS])
{
	unsigned n = MIN(mn->n_uplink, (unsigned)MANY_UPLINKS);

	for (unsigned i = 0; i < n; i++) {
		unsigned at = i;

		for (; at && mn->uplink[order[at - 1]].conf->place > mn->uplink[i].conf->place; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return n;
}

static int choose(const struct mn_home *h)
{
	struct md_candidate c[MANY_UPLINKS];
	unsigned order[MANY_UPLINKS], n = in_order(h->mn, order);
	int present = -1, best;

	for (unsigned i = 0; i < n; i++) {
		const struct mn_uplink *u = &h->mn->uplink[order[i]];

		c[i].home = u->attached && mn_is_home_of(h, u);
		c[i].usable = u->attached && !u->held &&
			      (c[i].home || !IN6_IS_ADDR_UNSPECIFIED(&u->coa));
		c[i].priority = u->conf->priority;
		if (u->conf->bid && u->conf->bid == h->mn->prefer)
			c[i].priority = -1;
		if ((int)order[i] == h->uplink)
			present = (int)i;
	}
	best = md_choose(c, n, present);
	return best < 0 ? -1 : (int)order[best];
}

/* With BIDs all uplinks count, and the state machine says which one carries. */
static void look_paths(struct mn_home *h, int now_at, bool changed)
{
	if (!changed) {
		mn_kern_sync(h);
		return;
	}
	if (h->uplink < 0 || h->at_home)
		h->uplink = now_at;
	h->at_home = false;
	h->usable_at = run_now();
	if (!h->sign_at)
		h->sign_at = h->usable_at;
	mn_step(h, BUL_EV_AWAY, NULL);
}

/* Where this home is attached now; the state machine hears only of changes. */
void mn_look(struct mn_home *h, bool again)
{
	int was = h->uplink, now_at = choose(h), also = mn_also_home(h);
	const struct mn_uplink *u = now_at < 0 ? NULL : &h->mn->uplink[now_at];
	bool home = u && also < 0 && mn_is_home_of(h, u);
	struct locator coa = u && !home ? locator6(&u->coa) : (struct locator){ 0 };

	if (h->mn->stopping || h->held || h->retiring || h->finished)
		return;
	again |= mn_paths_look(h);
	if (!u) {
		if (was < 0 && !again)
			return;
		if (was >= 0)
			h->left = was;
		h->uplink = -1;
		h->at_home = false;
		if (!h->sign_at)
			h->sign_at = run_now();
		mn_step(h, BUL_EV_LOST, NULL);
		return;
	}
	if (home || also >= 0)
		mn_note_router(h, home ? u : &h->mn->uplink[also]);
	if (!home && bul_multi(&h->bul)) {
		look_paths(h, now_at, again || was < 0 || h->at_home);
		return;
	}
	if (!again && was == now_at && home == h->at_home &&
	    (home || locator_eq(&coa, &h->bul.coa))) {
		mn_kern_sync(h);	/* another router, perhaps */
		return;
	}
	if (was >= 0 && was != now_at)
		h->left = was;
	h->uplink = now_at;
	h->at_home = home;
	h->bul.coa = coa;
	h->usable_at = run_now();
	if (!h->sign_at)
		h->sign_at = h->usable_at;
	mn_step(h, home ? BUL_EV_AT_HOME : BUL_EV_AWAY, NULL);
}
