/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the probes of all paths say together, and what follows.
 *
 *   outer probes                 through the tunnels
 *   silent                       (any)                     the path is dead
 *   answered                     none is answered          the home agent has forgotten us: it
 *                                                          is asked by a Binding Update
 *   answered                     this one is silent,       the same; if that does not help, the
 *                                another is answered       path is not used until it is answered
 *   never answered by this path  this one is silent,       the path is dead
 *                                another is answered
 *   never answered by this path  none is answered          below
 *
 * The home agent answers the probes of all tunnels by one path, its primary or whatever its load
 * sharing takes. When that one fails, all tunnels fall silent; where outer probes are answered,
 * that is all the same. Where they are filtered, our own primary is blamed first: what the others
 * lost since does not count against them until it is left, or one of them was left.
 *
 * The best of what there is carries. When nothing is any good although uplinks are there, the last
 * one that was is not given up, and a Binding Update asks, which may also find another home agent.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"
#include "run/event.h"

#define ASK_AGAIN	2.		/* seconds between questions when all is silent */
#define ANSWERED	10.		/* seconds: so lately, where some of the probes are */

/* ---- one path ---- */

static const struct path *outer_of(const struct mn_track *t)
{
	return &t->echo[MN_ECHO_OUTER].path;
}

static struct path *tunnel_of(const struct mn_track *t)
{
	return (struct path *)&t->echo[MN_ECHO_TUNNEL].path;
}

/* Else it was never answered: there is nothing to judge by. */
static bool by_outer(const struct mn_track *t)
{
	return outer_of(t)->state != PATH_UNKNOWN;
}

const struct path *mn_track_path(const struct mn_track *t)
{
	return by_outer(t) ? outer_of(t) : tunnel_of(t);
}

static bool damped(const struct mn_track *t)
{
	return outer_of(t)->suppressed || tunnel_of(t)->suppressed;
}

enum path_state mn_track_state(const struct mn_track *t)
{
	enum path_state s = mn_track_path(t)->state;

	if (s == PATH_DOWN || (t->broken && by_outer(t)))
		return PATH_DOWN;
	return s != PATH_UNKNOWN && damped(t) ? PATH_DAMPED : s;
}

static bool held(const struct mn_track *t)
{
	const struct mn_uplink *u = mn_track_uplink(t);

	return u && u->held;
}

static bool takes_part(const struct mn_track *t)
{
	return t->bid && t->here && t->probed;
}

/* ---- silence ---- */

/* The one that the home agent answers by, as far as we know; NULL: not known. */
static const struct mn_track *primary(const struct mn_home *h)
{
	for (unsigned i = 0; i < MN_TRACKS; i++) {
		const struct mn_track *t = &h->track[i];

		if (takes_part(t) && strcmp(t->tunnel, h->tunnel) == 0)
			return t;
	}
	return NULL;
}

/* Another tunnel is answered while this one is silent. */
static bool alone(const struct mn_track *t)
{
	double from = path_silent_from(tunnel_of(t));

	for (unsigned i = 0; i < MN_TRACKS; i++) {
		const struct mn_track *o = &t->h->track[i];

		if (o != t && takes_part(o) && tunnel_of(o)->proof > from)
			return true;
	}
	return false;
}

/* Without outer probes: its silence may be that of the primary. */
static bool unsure(const struct mn_track *t)
{
	const struct mn_track *p = primary(t->h);

	/* one that was left already has had its turn */
	if (!p || p == t || t->dead || !takes_part(t) || by_outer(t))
		return false;
	return tunnel_of(t)->state == PATH_DOWN && !alone(t);
}

static void forgive(struct mn_track *t)
{
	path_forgive(tunnel_of(t), run_now());
	mn_track_arm(&t->echo[MN_ECHO_TUNNEL]);
}

/* Answers for them went by the one that is left now. */
static void forgive_others(const struct mn_track *lost)
{
	for (unsigned i = 0; i < MN_TRACKS; i++) {
		struct mn_track *t = &lost->h->track[i];

		if (t == lost || !takes_part(t))
			continue;
		if (unsure(t) || (tunnel_of(t)->state != PATH_DOWN && tunnel_of(t)->run))
			forgive(t);
	}
}

/* ---- tunnels over living paths ---- */

/*
 * The home agent is to be asked. When that did not help, it is this path's own fault, or that of
 * the primary, which is left then; the others wait for that.
 */
static bool tunnel_silent(struct mn_track *t)
{
	const struct mn_home *h = t->h;
	const struct mn_track *p = primary(h);

	if (tunnel_of(t)->lossy) {	/* if that is the path, the outer probes say so */
		forgive(t);
		return false;
	}
	if (!t->asked || (!p && !alone(t))) {
		t->asked = true;
		return true;
	}
	t->broken = h->bul.state == BUL_BOUND && (t == p || alone(t));
	if (!t->broken)
		forgive(t);
	return false;
}

/* Nobody knows which of the silences began with what: all are looked at anew after the question. */
static void begin_anew(struct mn_home *h)
{
	for (unsigned i = 0; i < MN_TRACKS; i++) {
		struct mn_track *t = &h->track[i];

		if (!takes_part(t) || !by_outer(t) || t->broken)
			continue;
		if (tunnel_of(t)->run || tunnel_of(t)->state == PATH_DOWN)
			forgive(t);
		tunnel_of(t)->next = run_now();
		mn_track_arm(&t->echo[MN_ECHO_TUNNEL]);
	}
}

static bool look_at_tunnels(struct mn_home *h)
{
	bool ask = false;

	for (unsigned i = 0; i < MN_TRACKS; i++) {
		struct mn_track *t = &h->track[i];

		if (!takes_part(t))
			continue;
		if (tunnel_of(t)->state != PATH_DOWN)
			t->broken = false;
		if (tunnel_of(t)->state != PATH_DOWN && tunnel_of(t)->state != PATH_UNKNOWN)
			t->asked = false;
		if (by_outer(t) && outer_of(t)->state != PATH_DOWN && !t->broken &&
		    tunnel_of(t)->state == PATH_DOWN)
			ask |= tunnel_silent(t);
	}
	if (ask)
		begin_anew(h);
	return ask;
}

/* ---- what carries ---- */

/* 2: carries; 1: the last resort; 0: does not. */
static unsigned worth(const struct mn_track *t)
{
	if (!t->here || held(t))
		return 0;
	if (!t->probed)
		return 2;
	if (unsure(t))
		return 1;
	if (mn_track_state(t) == PATH_DOWN)
		return 0;
	return damped(t) ? 1 : 2;
}

static unsigned best_worth(struct mn_home *h, bool *any)
{
	unsigned best = 0;

	*any = false;
	for (unsigned i = 0; i < MN_TRACKS; i++) {
		const struct mn_track *t = &h->track[i];

		if (t->bid && t->here && !held(t)) {
			*any = true;
			best = MAX(best, worth(t));
		}
	}
	return best;
}

/* Says it to the registration, which moves traffic. */
static void say_alive(struct mn_track *t, bool alive)
{
	unsigned at = bul_path_find(&t->h->bul, t->bid);

	if (t->dead == !alive || !bul_multi(&t->h->bul) || at >= BUL_PATHS)
		return;
	t->dead = !alive;
	mn_path_alive(t->h, at, alive);
}

/* No outer probe is answered any more, but some through the tunnels are: somebody filters those. */
static bool now_filtered(struct mn_home *h)
{
	bool any = false;

	for (unsigned i = 0; i < MN_TRACKS; i++) {
		struct mn_track *t = &h->track[i];
		struct mn_echo *e = &t->echo[MN_ECHO_OUTER];

		if (!takes_part(t) || e->path.state != PATH_DOWN || e->path.lossy ||
		    tunnel_of(t)->state == PATH_DOWN ||
		    tunnel_of(t)->proof <= path_silent_from(&e->path))
			continue;
		path_forgive(&e->path, run_now());
		mn_track_arm(e);
		any = true;
	}
	return any;
}

/* Too much is lost, but not all: the home agent knows us. */
static bool some_come(const struct mn_home *h)
{
	for (unsigned i = 0; i < MN_TRACKS; i++) {
		const struct mn_track *t = &h->track[i];
		const struct path *p = mn_track_path(t);

		if (takes_part(t) && p->state == PATH_DOWN && p->lossy &&
		    tunnel_of(t)->heard > 0 && run_now() - tunnel_of(t)->heard < ANSWERED)
			return true;
	}
	return false;
}

static void move(struct mn_home *h, unsigned best)
{
	h->judging = true;
	for (unsigned i = 0; best && i < MN_TRACKS; i++) {
		struct mn_track *t = &h->track[i];

		if (!t->bid || !t->here || (unsure(t) && best == 2))
			continue;
		if (worth(t) < best && t == primary(h))
			forgive_others(t);
		say_alive(t, worth(t) >= best);
	}
	h->judging = false;
}

/* ---- news ---- */

void mn_track_tell(struct mn_track *t, const char *reason, bool up)
{
	struct event e = { .type = up ? EV_path_up : EV_path_down };
	const struct mn_uplink *u = mn_track_uplink(t);
	const char *dev = u ? u->conf->dev : "";

	if (up) {
		e.path_up.home_address = *mn_hoa(t->h);
		e.path_up.bid = t->bid;
		e.path_up.care_of = locator6(&t->coa);
		e.path_up.rtt = mn_track_path(t)->rtt;
		snprintf(e.path_up.device, sizeof(e.path_up.device), "%s", dev);
		snprintf(e.path_up.reason, sizeof(e.path_up.reason), "%s", reason);
	} else {
		e.path_down.home_address = *mn_hoa(t->h);
		e.path_down.bid = t->bid;
		e.path_down.care_of = locator6(&t->coa);
		snprintf(e.path_down.device, sizeof(e.path_down.device), "%s", dev);
		snprintf(e.path_down.reason, sizeof(e.path_down.reason), "%s", reason);
	}
	t->reason = up ? NULL : reason;
	event_emit(&e);
	log_notice("mn", "%s: path %u (%s) is %s: %s", A6(mn_hoa(t->h)), t->bid, dev,
		   up ? "up" : "down", reason);
}

static const char *why_down(const struct mn_track *t)
{
	const struct path *p = mn_track_path(t);

	if (p->state != PATH_DOWN)
		return "tunnel";
	return p->lossy ? "lossy" : "silent";
}

static void tell(struct mn_track *t)
{
	enum path_state s = mn_track_state(t);

	if (s == PATH_SUSPECT)		/* not yet anything else */
		s = PATH_UP;
	if (s == t->told || s == PATH_UNKNOWN || unsure(t))
		return;
	t->told = s;
	if (s == PATH_UP)
		mn_track_tell(t, "answered", true);
	else
		mn_track_tell(t, s == PATH_DOWN ? why_down(t) : "damped", false);
}

/* ---- all of it ---- */

void mn_track_judge(struct mn_home *h)
{
	bool any, ask;
	unsigned best;

	if (h->judging)			/* a step of ours asks again */
		return;
	ask = look_at_tunnels(h);
	best = best_worth(h, &any);
	if (!best && any && now_filtered(h))
		best = best_worth(h, &any);
	for (unsigned i = 0; i < MN_TRACKS; i++)
		if (takes_part(&h->track[i]))
			tell(&h->track[i]);
	move(h, best);
	if (best || !any) {
		h->silent_at = 0;
		if (ask)
			mn_forgotten(h, "no answer through the tunnel of a living path");
		return;
	}
	if ((!h->silent_at || run_now() >= h->silent_at + ASK_AGAIN) && !some_come(h)) {
		h->silent_at = run_now();
		mn_forgotten(h, "all paths are silent");
	}
}

/*
 * The home agent knows us: tunnels that were silent get another chance. Where nothing but tunnels
 * is answered and all were silent, the path of the update is reached both ways, and what its probes
 * say was the primary's silence.
 */
void mn_track_heard(struct mn_home *h, const struct in6_addr *coa)
{
	for (unsigned i = 0; i < MN_TRACKS; i++) {
		struct mn_track *t = &h->track[i];

		if (!takes_part(t))
			continue;
		if (by_outer(t) ? t->asked && !t->broken
				: h->silent_at && t != primary(h) && in6_eq(&t->coa, coa) &&
				  tunnel_of(t)->state == PATH_DOWN)
			forgive(t);
	}
	mn_track_judge(h);
}
