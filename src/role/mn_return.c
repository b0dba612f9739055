/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Returning home, the Neighbour Discovery part (RFC 6275 11.5.5). The home agent
 * still defends the home address, so its link-layer address is learned without
 * using that address as a source, and before it is on the link; afterwards
 * everybody on the home link is told where the home address is now. If it did not
 * defend it, somebody else may have the address by now: that is found out first.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/md.h"
#include "role/mn_priv.h"

#define NA_TIMES	3		/* MAX_NEIGHBOR_ADVERTISEMENT, RFC 4861 10 */
#define NA_INTERVAL	1.		/* RetransTimer */
#define DAD_PAUSE	30.		/* seconds, until a taken home address is asked for again */
#define DAD_PAUSE_MAX	600.

static const struct klink *uplink(const struct mn_home *h)
{
	return kern_link(h->mn->env.kern, mn_home_dev(h));
}

/* ---- which link is home ---- */

/* fe80::1 is a router of many links. */
static unsigned others(const struct mn_home *h, const struct mn_uplink *u)
{
	return h->mn->env.md ? md_router_others(h->mn->env.md, u->conf->dev) : 0;
}

void mn_note_router(struct mn_home *h, const struct mn_uplink *u)
{
	h->home_router = u->router;
	h->home_others = others(h, u);
}

/* Its prefix is no longer said to be on the link, but the address is valid (RFC 4862 5.5.3 e). */
static bool stays_home(const struct mn_home *h, const struct mn_uplink *u)
{
	int at = h->at_home ? h->uplink : h->also;

	return u->home && at >= 0 && &h->mn->uplink[at] == u &&
	       !IN6_IS_ADDR_UNSPECIFIED(&u->router) && in6_eq(&h->home_router, &u->router) &&
	       h->home_others == others(h, u);
}

/* A home link may have several prefixes. */
static bool also_here(const struct mn_home *h, const struct mn_uplink *u)
{
	return u->home && h->mn->env.md &&
	       md_home_here(h->mn->env.md, u->conf->dev, &h->conf->hoa);
}

bool mn_is_home_of(const struct mn_home *h, const struct mn_uplink *u)
{
	/* without a prefix the detector's word is all there is */
	if (!u->link.family)
		return u->home;
	return prefix_same_net(&h->conf->hoa, &u->link) || stays_home(h, u) || also_here(h, u);
}

void mn_look_at_home(struct mn *mn)
{
	for (unsigned i = 0; mn->running && i < mn->n_home; i++) {
		struct mn_home *h = &mn->home[i];
		bool changed = false;

		for (unsigned k = 0; k < mn->n_uplink; k++) {
			const struct mn_uplink *u = &mn->uplink[k];
			bool here = (h->at_home ? h->uplink : h->also) == (int)k;

			if (here && also_here(h, u))
				mn_note_router(h, u);
			changed |= u->home && mn_is_home_of(h, u) != here;
		}
		if (changed)
			mn_look(h, false);
	}
}

/* ---- learning ---- */

void mn_return_stop(struct mn_home *h)
{
	rtimer_stop(&h->nd_timer);
	h->learning = false;
	if (h->nd_ifindex)
		ndsock_watch(h->mn->env.nd, h->nd_ifindex, false);
	h->nd_ifindex = 0;
}

static void learned(struct mn_home *h, const struct nd_lladdr *ll)
{
	const struct klink *l = uplink(h);

	if (l && ll)
		kern_neigh_put(h->mn->env.kern, l->ifindex, &h->bul.ha, ll, true);
	mn_return_stop(h);
}

static void ask(void *arg)
{
	struct mn_home *h = arg;
	struct nd_msg m = { .type = ND_NS };
	int rc;

	if (!h->nd_left) {
		log_debug("mn", "%s: nobody on %s defends the home address", A6(mn_hoa(h)),
			  mn_dev(h));
		learned(h, NULL);
		mn_kern_sync(h);
		return;
	}
	h->nd_left--;
	/* for the home address, from ::, to its solicited-node group: the home agent answers as
	 * to any node that wants to use the address, by a multicast NA */
	m.ns.target = *mn_hoa(h);
	rc = ndsock_send(h->mn->env.nd, h->nd_ifindex, &in6addr_any, NULL, &m);
	if (rc < 0)
		log_rl(&h->mn->rl, "mn", "%s: neighbour solicitation on %s: %s", A6(mn_hoa(h)),
		       mn_dev(h), strerror(-rc));
	rtimer_set(&h->nd_timer, run_now() + h->mn->conf->timers.router_probe, ask, h);
}

void mn_return_learn(struct mn_home *h)
{
	const struct nd_lladdr *ll = NULL;
	const struct klink *l = uplink(h);

	mn_return_stop(h);
	if (h->mn->env.md)
		ll = md_router_ll(h->mn->env.md, mn_dev(h), &h->bul.ha);
	if (!l || !l->lladdr.len || (ll && ll->len)) {
		learned(h, ll);		/* the RA said it, or the link has no such addresses */
		return;
	}
	if (ndsock_watch(h->mn->env.nd, l->ifindex, true) < 0)
		return;
	h->nd_ifindex = l->ifindex;
	h->learning = true;
	h->nd_left = h->mn->conf->timers.router_probe_count;
	ask(h);
}

void mn_nd_rx(void *arg, const struct nd_rx *rx, const struct nd_msg *m)
{
	struct mn *mn = arg;

	if (m->type == ND_RA) {
		mn_home_ra(mn, rx, &m->ra);
		mn_look_at_home(mn);
		return;
	}
	if (m->type != ND_NA || !m->na.tlla.len)
		return;
	for (unsigned i = 0; i < mn->n_home; i++) {
		struct mn_home *h = &mn->home[i];

		if (!h->learning || rx->ifindex != h->nd_ifindex)
			continue;
		if (!in6_eq(&m->na.target, mn_hoa(h)) && !in6_eq(&m->na.target, &h->bul.ha))
			continue;
		/* nothing bound: the home agent has no reason to defend our address, so whoever
		 * does may be anybody */
		if (!h->bul.bound_coa.family && in6_eq(&m->na.target, mn_hoa(h)))
			learned(h, NULL);
		else
			learned(h, &m->na.tlla);
		mn_kern_sync(h);
	}
}

/* ---- is the address free ---- */

void mn_dad_stop(struct mn_home *h)
{
	rtimer_stop(&h->dad_timer);
	dad_stop(h->mn->env.dad, h->dad_run);
	h->dad_run = NULL;
	h->dad = MN_DAD_NONE;
	h->dad_pause = 0;
	h->after &= ~(unsigned)AFTER_DAD;
}

/* Nobody has it; or the link has no such addresses, or nobody wants it tested. */
static void dad_free(struct mn_home *h)
{
	h->dad = MN_DAD_FREE;
	h->after |= AFTER_NA;
	mr_where(h);
	mn_kern_sync(h);
}

static void dad_ask(void *arg);

static void dad_later(struct mn_home *h)
{
	h->dad_pause = h->dad_pause ? MIN(h->dad_pause * 2, DAD_PAUSE_MAX) : DAD_PAUSE;
	rtimer_set(&h->dad_timer, run_now() + h->dad_pause, dad_ask, h);
}

static void dad_done(void *arg, bool dup)
{
	struct mn_home *h = arg;
	struct event e = { .type = EV_dad };

	h->dad_run = NULL;
	snprintf(e.dad.device, sizeof(e.dad.device), "%s", mn_dev(h));
	e.dad.address = *mn_hoa(h);
	e.dad.duplicate = dup;
	event_emit(&e);
	if (!dup) {
		dad_free(h);
		return;
	}
	h->dad = MN_DAD_TAKEN;
	dad_later(h);
	log_err("mn", "%s: another node on %s uses the home address: not used there, asked again"
		" in %.0f s", A6(mn_hoa(h)), mn_dev(h), h->dad_pause);
	mr_where(h);
	mn_kern_sync(h);
}

/* While it is taken, the answer changes that and not the question. */
static void dad_ask(void *arg)
{
	struct mn_home *h = arg;
	const struct timers *t = &h->mn->conf->timers;
	const struct klink *l = uplink(h);

	if (!l || !l->lladdr.len || !t->dad_transmits) {
		dad_free(h);
		return;
	}
	h->dad_run = dad_start(h->mn->env.dad, l->ifindex, mn_hoa(h), t->dad_transmits,
			       t->dad_retrans, dad_done, h);
	if (h->dad_run)
		return;
	log_warn("mn", "%s: whether it is free on %s cannot be asked: %s", A6(mn_hoa(h)),
		 mn_dev(h), strerror(errno));
	if (h->dad == MN_DAD_TAKEN)
		dad_later(h);
	else
		dad_free(h);
}

void mn_dad_begin(struct mn_home *h)
{
	if (h->dad == MN_DAD_ASKED && !h->dad_run)
		dad_ask(h);
}

void mn_dad_want(struct mn_home *h)
{
	if (h->dad == MN_DAD_FREE) {
		h->after |= AFTER_NA;
		return;
	}
	rtimer_stop(&h->dad_timer);
	h->dad = MN_DAD_ASKED;
	h->after |= AFTER_DAD;
}

/* ---- telling ---- */

static void send_na(struct mn_home *h, const struct klink *l, const struct in6_addr *target)
{
	struct nd_msg m = { .type = ND_NA };
	int rc;

	m.na.target = *target;
	m.na.override = true;
	m.na.tlla = l->lladdr;
	rc = ndsock_send(h->mn->env.nd, l->ifindex, NULL, NULL, &m);
	if (rc < 0)
		log_rl(&h->mn->rl, "mn", "%s: neighbour advertisement on %s: %s", A6(mn_hoa(h)),
		       mn_home_dev(h), strerror(-rc));
}

static void advertise(void *arg)
{
	struct mn_home *h = arg;
	const struct klink *l = uplink(h);
	struct in6_addr ll = in6_link_local_of(mn_hoa(h));

	if (!l || !l->lladdr.len || (h->bul.state != BUL_HOME && !bul_home_nd(&h->bul)))
		return;
	send_na(h, l, mn_hoa(h));
	if (h->conf->link_local)
		send_na(h, l, &ll);
	if (--h->nd_left)
		rtimer_set(&h->nd_timer, run_now() + NA_INTERVAL, advertise, h);
}

void mn_return_na(struct mn_home *h)
{
	h->nd_left = NA_TIMES;
	advertise(h);
}
