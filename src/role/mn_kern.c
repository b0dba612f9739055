/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel follows the state machine: derive the plan, switch to the newest one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/md.h"
#include "role/mn_priv.h"
#include "run/event.h"

#define RETRY_FIRST	1.		/* seconds, after the kernel refused a plan */
#define RETRY_MAX	32.
#define STEER_RETRY	5.		/* seconds, after it refused what steers; doubles up to ... */
#define STEER_RETRY_MAX	600.

static struct carrier carrier_of(const struct mn_home *h, const struct locator *coa,
				 const struct in6_addr *ha)
{
	return (struct carrier){ .kind = h->conf->carrier, .local = *coa, .remote = locator6(ha),
				 .key = h->conf->gre_key };
}

/* ---- tunnel names ---- */

static const struct k_link *link_find(const struct kplan *p, const struct carrier *c,
				      const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct k_link *l = &p->obj[i].link;

		if (p->obj[i].kind != KOBJ_LINK || l->kind == KLINK_DUMMY)
			continue;
		if (c ? carrier_eq(&l->carrier, c) : strcmp(l->name, name) == 0)
			return l;
	}
	return NULL;
}

/* Among all plans that the kernel has or is being given. */
static const struct k_link *link_in_use(const struct mn *mn, const struct carrier *c,
					const char *name)
{
	const struct k_link *l = NULL;

	for (unsigned i = 0; !l && i < mn->n_home; i++) {
		l = link_find(&mn->home[i].have, c, name);
		if (!l && mn->home[i].in_flight)
			l = link_find(&mn->home[i].flying, c, name);
	}
	return l;
}

/*
 * The kernel allows one ip6tnl per pair of addresses, so homes with the same carrier
 * share the device, under the name of the first. A new carrier gets a name that
 * nobody uses: nothing is changed under a tunnel that carries.
 */
static void tunnel_name(const struct mn_home *h, const struct carrier *c, const char *taken,
			char name[static IFNAMSIZ])
{
	const struct k_link *l = link_in_use(h->mn, c, NULL);

	if (l) {
		memcpy(name, l->name, IFNAMSIZ);
		return;
	}
	for (char suffix = 'a'; suffix <= 'z'; suffix++) {
		mn_tunnel_name(h->index, suffix, name);
		if (!link_in_use(h->mn, NULL, name) && strcmp(name, taken) != 0)
			return;
	}
}

/* The same for several at a time: not one of those that the plan has named already. */
static void path_name(const struct mn_home *h, const struct home_path *p, size_t n,
		      const struct carrier *c, char name[static IFNAMSIZ])
{
	const struct k_link *l = link_in_use(h->mn, c, NULL);

	if (l) {
		memcpy(name, l->name, IFNAMSIZ);
		return;
	}
	for (char suffix = 'a'; suffix <= 'z'; suffix++) {
		bool taken = false;

		mn_tunnel_name(h->index, suffix, name);
		for (size_t i = 0; i < n; i++) {
			if (carrier_eq(&p[i].carrier, c)) {
				memcpy(name, p[i].dev, IFNAMSIZ);
				return;
			}
			taken |= strcmp(p[i].dev, name) == 0;
		}
		if (!taken && !link_in_use(h->mn, NULL, name))
			return;
	}
}

/* ---- what it should have ---- */

static enum mn_where where(const struct mn_home *h)
{
	const struct bul *b = &h->bul;

	switch (b->state) {
	case BUL_IDLE:
	case BUL_BACKOFF:
	case BUL_DISCOVER:
		return b->bound_coa.family ? MN_AWAY : MN_OFF;
	case BUL_WAIT_BA:
	case BUL_BOUND:
	case BUL_REFRESH:
		return MN_AWAY;
	case BUL_LEAVE:			/* even if the address is taken: the BU has no other */
		return MN_HOME;
	case BUL_HOME:
		return h->dad == MN_DAD_TAKEN ? MN_OFF : MN_HOME;
	case BUL_STOP:
		return h->at_home ? MN_HOME : MN_AWAY;
	}
	return MN_OFF;
}

/* Uplinks that there are, but for the home link while it is in use. */
static void foreign_links(const struct mn_home *h, struct home_state *s)
{
	struct mn *mn = h->mn;

	s->foreign = mn->foreign;
	for (unsigned i = 0; i < mn->n_uplink; i++) {
		const char *dev = mn->uplink[i].conf->dev;
		const struct klink *l = kern_link(mn->env.kern, dev);

		if (l && !mn->uplink[i].gone &&
		    !((s->where == MN_HOME || s->also.open) && strcmp(dev, s->home_dev) == 0))
			mn->foreign[s->n_foreign++] = l->ifindex;
	}
}

/* What programs send to a link that they name is refused by its number, which is new each time the
 * device comes. That it is gone the detector says, or it was of no use. */
void mn_link(struct mn *mn, const struct klink *l, bool gone)
{
	for (unsigned i = 0; i < mn->n_uplink && !gone; i++) {
		struct mn_uplink *u = &mn->uplink[i];

		if (strcmp(u->conf->dev, l->name) != 0 || u->ifindex == l->ifindex)
			continue;
		u->ifindex = l->ifindex;
		for (unsigned k = 0; k < mn->n_home; k++)
			if (mn->home[k].started)
				mn_kern_sync(&mn->home[k]);
	}
}

/* Valid until the next call. */
static void derive(struct mn_home *h, struct home_state *s)
{
	const struct bul *b = &h->bul;
	bool bound = b->bound_coa.family, attached = h->uplink >= 0;
	const struct mn_uplink *u = attached ? &h->mn->uplink[h->uplink] : NULL;

	*s = (struct home_state){ .conf = h->conf, .where = where(h) };
	s->hold = bul_hold(b, run_now()) || h->dad == MN_DAD_ASKED;
	s->ipv4 = mr_ipv4(h);
	s->src4 = mr_src4(h);
	s->refused = mr_out_mask(h);
	s->unsteered = h->unsteered;
	if (bul_multi(b))
		mn_paths_plan(h, s, h->mn->paths, path_name);
	if (bul_multi(b))
		mn_also_plan(h, s);
	if (s->where == MN_AWAY && attached && b->coa.family && !bul_multi(b)) {
		s->now = carrier_of(h, &b->coa, &b->ha);
		s->carry = bul_here(b);
		s->receive = s->carry || b->state == BUL_WAIT_BA;
	} else if (s->where == MN_HOME) {
		s->now.remote = locator6(&b->ha);
		s->carry = bul_home_carries(b) && mn_dad_ok(h);
		snprintf(s->home_dev, sizeof(s->home_dev), "%s", mn_dev(h));
		if (u)
			s->home_router = u->router;
		s->link_local = h->ll_ours;
	}
	foreign_links(h, s);
	if (bound && !s->carry && s->where != MN_OFF && !bul_multi(b))
		s->before = carrier_of(h, &b->bound_coa, &b->bound_ha);
	if (s->receive || (s->where == MN_AWAY && s->carry))
		tunnel_name(h, &s->now, "", s->now_dev);
	if (s->before.kind)
		tunnel_name(h, &s->before, s->now_dev, s->before_dev);
}

/* The home address is on the home link. */
static bool there_in_clear(const struct mn_home *h)
{
	return where(h) == MN_HOME || (where(h) == MN_AWAY && bul_home_nd(&h->bul));
}

/* L: at home the link-local address of the binding is ours again (RFC 6275 11.5.5). One that the
 * link has anyway stays its own. */
static void link_local_owner(struct mn_home *h)
{
	struct in6_addr ll = in6_link_local_of(mn_hoa(h));
	const struct klink *l;
	uint32_t flags;

	if (!h->conf->link_local || h->ll_ours || !there_in_clear(h))
		return;
	l = kern_link(h->mn->env.kern, mn_home_dev(h));
	h->ll_ours = l && !kern_addr_find(h->mn->env.kern, l->ifindex, &ll, &flags);
}

static bool is_coa(const struct mn *mn, const struct in6_addr *a)
{
	for (unsigned i = 0; i < mn->n_uplink; i++)
		if (mn->uplink[i].attached && in6_eq(&mn->uplink[i].coa, a))
			return true;
	return false;
}

/* Some tunnel begins at a care-of address that its uplink has left, or whose uplink leaves. */
static bool uses_old(const struct mn *mn, const struct home_state *s)
{
	for (size_t k = 0; k < s->n_path; k++)
		if (!is_coa(mn, &s->path[k].carrier.local.a.in6))
			return true;
	return s->before.kind != CARRIER_NONE;
}

static int want(struct mn_home *h, struct kplan *p)
{
	struct home_state s;

	h->tunnel[0] = '\0';
	h->old_flying = false;
	h->flying_where = MN_OFF;
	h->flying_dev[0] = '\0';
	if (h->gone)
		return 0;
	if (!there_in_clear(h))
		h->ll_ours = false;
	link_local_owner(h);
	derive(h, &s);
	if (s.via[0])
		memcpy(h->tunnel, s.via, sizeof(h->tunnel));
	else if (s.where == MN_AWAY && s.carry)
		memcpy(h->tunnel, s.now_dev, sizeof(h->tunnel));
	else if (s.before.kind)
		memcpy(h->tunnel, s.before_dev, sizeof(h->tunnel));
	h->old_flying = uses_old(h->mn, &s);
	h->flying_where = s.where;
	memcpy(h->flying_dev, s.home_dev, sizeof(h->flying_dev));
	return mn_plan_home(h->mn->conf, &s, p);
}

/* ---- getting there ---- */

static void retry_cb(void *arg)
{
	struct mn_home *h = arg;

	kplan_free(&h->bad);
	mn_kern_sync(h);
}

/* The kernel cannot follow; still, a registration that we have is not left to expire, and one that
 * we do not want is ended. */
static void urgent(struct mn_home *h)
{
	if (!(h->after & AFTER_SEND) || h->bul.state == BUL_WAIT_BA)
		return;
	h->after &= ~(unsigned)AFTER_SEND;
	mn_tx(h);
}

static void switch_done(void *arg, int rc);

/* Nothing that the kernel has not. */
static void keep_paths(struct mn_home *h, struct home_state *s)
{
	struct home_path *p = h->mn->paths;
	bool via = false;
	size_t n = 0;

	for (size_t i = 0; i < s->n_path; i++) {
		if (!link_find(&h->have, &p[i].carrier, NULL))
			continue;
		via |= strcmp(p[i].dev, s->via) == 0;
		p[n++] = p[i];
	}
	s->n_path = n;
	if (!via)
		s->via[0] = '\0';
}

/*
 * We have left the home link, and the kernel would not take what comes after: the defaults there
 * would send everything out in clear. Nothing new is needed for this plan: the tunnel of a binding
 * is in it if the kernel has it.
 */
static void retreat(struct mn_home *h)
{
	struct home_state s;
	struct kplan p = { 0 };
	int rc;

	if (h->in_flight || !h->have_dev[0] ||
	    ((where(h) == MN_HOME || h->also >= 0) && strcmp(h->have_dev, mn_home_dev(h)) == 0))
		return;
	derive(h, &s);
	s.receive = s.carry = false;
	memset(&s.also, 0, sizeof(s.also));
	if (s.before.kind && !link_find(&h->have, &s.before, NULL))
		s.before = (struct carrier){ 0 };
	keep_paths(h, &s);
	s.where = s.before.kind || s.via[0] ? MN_AWAY : MN_OFF;
	rc = mn_plan_home(h->mn->conf, &s, &p);
	if (rc == 0) {
		h->flying = p;
		h->flying_where = s.where;
		h->flying_dev[0] = '\0';
		h->in_flight = h->retreat = true;
		rc = kplan_switch(h->mn->env.kern, &h->have, &h->flying, switch_done, h);
	}
	if (rc == 0)
		return;
	h->in_flight = h->retreat = false;
	h->flying = (struct kplan){ 0 };
	kplan_free(&p);
	log_err("mn", "%s: the home link cannot be left: %s", A6(mn_hoa(h)), strerror(-rc));
}

/* p is what the kernel would not take: not tried again before the pause is over, but anything else
 * is. */
static void failed(struct mn_home *h, struct kplan *p, int rc, const char *text)
{
	kplan_free(&h->bad);
	h->bad = *p;
	*p = (struct kplan){ 0 };
	h->kern_wait = h->kern_wait ? MIN(h->kern_wait * 2, RETRY_MAX) : RETRY_FIRST;
	log_err("mn", "%s: the kernel cannot follow, next try in %.0f s: %s", A6(mn_hoa(h)),
		h->kern_wait, text ? text : strerror(-rc));
	if (h->gone) {			/* nothing more that could be done */
		mn_home_synced(h, rc);
		return;
	}
	rtimer_set(&h->kern_timer, run_now() + h->kern_wait, retry_cb, h);
	mn_home_synced(h, rc);
	urgent(h);
	retreat(h);
}

/* ---- what steers ---- */

static void tell_steered(const struct mn_home *h, bool steered)
{
	struct event e = { .type = EV_flow_state };

	e.flow_state.home_address = *mn_hoa(h);
	strcpy(e.flow_state.state, steered ? "steered" : "not_steered");
	event_emit(&e);
}

static void steer_again(void *arg)
{
	struct mn_home *h = arg;

	h->unsteered = false;
	mn_kern_sync(h);
}

/* No path fails for load sharing and flows: on with all by the best one. */
static bool steer_refused(struct mn_home *h, const char *text)
{
	const struct kobj *o = kern_failed_object(h->mn->env.kern);

	if (!o || !kobj_kind_steers(o->kind) || h->unsteered || h->gone)
		return false;
	log_err("mn", "%s: all goes by the best path, without load sharing and flows: %s",
		A6(mn_hoa(h)), text);
	h->unsteered = true;
	if (!h->steer_wait) {
		h->mn->stats.unsteered++;
		tell_steered(h, false);
	}
	h->steer_wait = h->steer_wait > 0 ? MIN(h->steer_wait * 2, STEER_RETRY_MAX) : STEER_RETRY;
	rtimer_set(&h->steer_timer, run_now() + h->steer_wait, steer_again, h);
	return true;
}

/* The kernel took a plan with it, or needs none. */
static void steer_works(struct mn_home *h)
{
	if (!h->steer_wait || h->unsteered)
		return;
	h->steer_wait = 0;
	h->mn->stats.unsteered--;
	log_notice("mn", "%s: load sharing and flows work again", A6(mn_hoa(h)));
	tell_steered(h, true);
}

static void steer_stop(struct mn_home *h)
{
	rtimer_stop(&h->steer_timer);
	h->mn->stats.unsteered -= h->steer_wait > 0;
	h->steer_wait = 0;
	h->unsteered = false;
}

/* ---- there ---- */

/* No home has a tunnel from an earlier care-of address: the detector may drop those. */
static void release_old(struct mn *mn)
{
	if (!mn->release)
		return;
	for (unsigned i = 0; i < mn->n_home; i++)
		if (mn->home[i].old_in_use || mn->home[i].in_flight || mn->home[i].learning)
			return;
	mn->release = false;
	mn_path_old_gone(mn);
	for (unsigned i = 0; mn->env.md && i < mn->n_uplink; i++)
		md_release_old(mn->env.md, mn->uplink[i].conf->dev);
}

/* No route leads to the lost link any more; what went that way before we heard of it still waits
 * for its neighbours, to leave on whatever link comes next. */
static void clean_left(void *arg)
{
	struct mn_home *h = arg;
	const struct klink *l = kern_link(h->mn->env.kern, h->mn->uplink[h->left].conf->dev);

	if (l)
		kern_flush_unresolved(h->mn->env.kern, l->ifindex);
	h->left = -1;
}

static void there(struct mn_home *h)
{
	if (h->left >= 0)		/* it asks the kernel and waits: not before a Binding Update */
		rtimer_set(&h->left_timer, run_now(), clean_left, h);
	h->kern_wait = 0;
	steer_works(h);
	kplan_free(&h->bad);
	h->old_in_use = h->old_flying;
	mn_paths_synced(h);
	rtimer_stop(&h->kern_timer);
	if (h->gone) {
		mn_home_synced(h, 0);
		return;
	}
	mn_after(h);
	release_old(h->mn);
	mn_home_synced(h, 0);
}

static void switch_done(void *arg, int rc)
{
	struct mn_home *h = arg;
	bool newer = h->dirty, retreated = h->retreat;
	struct kplan p = h->flying;

	h->in_flight = h->dirty = h->retreat = false;
	h->flying = (struct kplan){ 0 };
	if (rc < 0 && !retreated && steer_refused(h, kern_error(h->mn->env.kern))) {
		kplan_free(&p);
		mn_kern_sync(h);
		return;
	}
	if (rc == 0) {
		kplan_free(&h->have);
		h->have = p;
		h->have_where = h->flying_where;
		memcpy(h->have_dev, h->flying_dev, sizeof(h->have_dev));
		p = (struct kplan){ 0 };
	}
	if (rc < 0 && retreated)
		log_err("mn", "%s: the home link cannot be left: %s", A6(mn_hoa(h)),
			kern_error(h->mn->env.kern));
	/* that the wrong thing failed does not matter when all shall go */
	else if (rc < 0 && !(h->gone && newer))
		failed(h, &p, rc, kern_error(h->mn->env.kern));
	kplan_free(&p);
	if (newer)
		mn_kern_sync(h);
	else if (rc == 0 && !retreated)
		there(h);
}

void mn_kern_sync(struct mn_home *h)
{
	struct kplan p = { 0 };
	int rc;

	if (h->in_flight) {
		h->dirty = true;
		return;
	}
	if (h->learning || h->finished || h->mn->base_busy)
		return;
	rc = want(h, &p);
	if (rc == 0 && kplan_equal(&h->have, &p)) {
		kplan_free(&p);
		there(h);
		return;
	}
	if (rc == 0 && rtimer_armed(&h->kern_timer) && kplan_equal(&h->bad, &p)) {
		kplan_free(&p);
		urgent(h);
		return;
	}
	if (rc == 0) {
		h->flying = p;
		h->in_flight = true;
		rc = kplan_switch(h->mn->env.kern, &h->have, &h->flying, switch_done, h);
		if (rc == 0)
			return;
		h->in_flight = false;
		h->flying = (struct kplan){ 0 };
	}
	failed(h, &p, rc, NULL);
}

void mn_kern_free(struct mn_home *h)
{
	rtimer_stop(&h->kern_timer);
	rtimer_stop(&h->left_timer);
	steer_stop(h);
	kplan_free(&h->have);
	kplan_free(&h->flying);
	kplan_free(&h->bad);
	h->in_flight = false;
}
