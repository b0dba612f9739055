/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths as the operator sees them, and what he says of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"

#define USE_AGAIN	1.		/* seconds between looks at the counters, at least */

void mn_track_use(struct mn_track *t)
{
	const struct klink *l = kern_link(t->h->mn->env.kern, t->tunnel);
	double now = run_now(), dt = now - t->used_at;
	struct kern_link_use use;
	bool known = t->used_at > 0;

	if (!t->here || !l || (known && dt < USE_AGAIN) ||
	    kern_link_use(t->h->mn->env.kern, l->ifindex, &use) < 0)
		return;
	/* a device that was made anew begins at 0 */
	known = known && use.rx_bytes >= t->rx_bytes && use.tx_bytes >= t->tx_bytes;
	t->rx_rate = known ? (double)(use.rx_bytes - t->rx_bytes) / dt : -1;
	t->tx_rate = known ? (double)(use.tx_bytes - t->tx_bytes) / dt : -1;
	t->rx_bytes = use.rx_bytes;
	t->tx_bytes = use.tx_bytes;
	t->used_at = now;
}

unsigned mn_tracks(const struct mn *mn)
{
	return mn->n_home * mn->n_uplink;
}

/* The registration without BID: one path, looked after by mn_probe.c. */
static void plain(const struct mn_home *h, struct mn_track_info *i)
{
	const struct bul *b = &h->bul;
	const struct mn_probe *p = &h->probe;

	i->home_agent = b->bound_ha;
	i->care_of = b->bound_coa.a.in6;
	i->here = i->active = true;
	i->up = !p->down;
	i->rtt = p->rtt;
	i->state = path_state_str(p->down ? PATH_DOWN : p->up ? PATH_UP : PATH_UNKNOWN);
	i->reason = p->down ? "silent" : NULL;
}

static void tracked(struct mn_home *h, struct mn_track *t, struct mn_track_info *i)
{
	enum path_state state = mn_track_state(t);

	mn_track_use(t);
	i->home_agent = t->ha;
	i->care_of = t->coa;
	memcpy(i->tunnel, t->tunnel, sizeof(i->tunnel));
	i->path = t->probed ? mn_track_path(t) : NULL;
	i->outer = t->probed ? &t->echo[MN_ECHO_OUTER].path : NULL;
	i->inner = t->probed ? &t->echo[MN_ECHO_TUNNEL].path : NULL;
	i->here = true;
	i->active = strcmp(t->tunnel, h->tunnel) == 0;
	i->rtt = i->path ? i->path->rtt : 0;
	i->since = mn_track_path(t)->since;
	i->state = path_state_str(t->probed ? state : PATH_UNKNOWN);
	i->up = !t->probed || state == PATH_UP || state == PATH_SUSPECT;
	i->reason = t->reason;
	i->rx_bytes = t->rx_bytes;
	i->tx_bytes = t->tx_bytes;
	i->rx_rate = t->used_at > 0 ? t->rx_rate : -1;
	i->tx_rate = t->used_at > 0 ? t->tx_rate : -1;
}

bool mn_track(struct mn *mn, unsigned at, struct mn_track_info *i)
{
	struct mn_home *h;
	struct mn_uplink *u;
	struct mn_track *t;

	if (at >= mn_tracks(mn))
		return false;
	h = &mn->home[at / mn->n_uplink];
	u = &mn->uplink[at % mn->n_uplink];
	t = mn_track_of(h, u->conf->bid);
	*i = (struct mn_track_info){ .uplink = u->conf, .bid = u->conf->bid, .state = "absent",
				    .held = u->held, .rx_rate = -1, .tx_rate = -1 };
	if (h->finished || !h->mn || u->gone || !h->conf->hoa.family)
		return false;
	i->home_address = *mn_hoa(h);
	i->preferred = i->bid && i->bid == mn->prefer;
	if (t && t->here) {
		tracked(h, t, i);
		return true;
	}
	if (t) {
		i->reason = t->reason;
		i->since = mn_track_path(t)->since;
	}
	if (u->attached && !u->home)
		i->care_of = u->coa;
	if (i->bid)
		return true;
	if (h->at_home || h->uplink != (int)(at % mn->n_uplink) || !bul_here(&h->bul))
		return false;
	memcpy(i->tunnel, h->tunnel, sizeof(i->tunnel));
	plain(h, i);
	return true;
}

/* ---- the operator ---- */

static struct mn_uplink *uplink_of(struct mn *mn, uint16_t bid)
{
	for (unsigned i = 0; bid && i < mn->n_uplink; i++)
		if (!mn->uplink[i].gone && mn->uplink[i].conf->bid == bid)
			return &mn->uplink[i];
	return NULL;
}

/* Does anything else get packets through, of every home that uses this one? */
static bool other_way(struct mn *mn, const struct mn_uplink *u)
{
	for (unsigned i = 0; i < mn->n_uplink; i++) {
		const struct mn_uplink *o = &mn->uplink[i];

		if (o != u && !o->gone && !o->held && o->attached &&
		    (o->home || !IN6_IS_ADDR_UNSPECIFIED(&o->coa)))
			return true;
	}
	return false;
}

static void tell_held(struct mn *mn, const struct mn_uplink *u)
{
	for (unsigned i = 0; i < mn->n_home; i++) {
		struct mn_track *t = mn_track_of(&mn->home[i], u->conf->bid);

		if (t && t->here)
			mn_track_tell(t, "operator", !u->held);
	}
}

static void trust(struct mn *mn, uint16_t bid)
{
	for (unsigned i = 0; i < mn->n_home; i++) {
		struct mn_track *t = mn_track_of(&mn->home[i], bid);

		for (unsigned k = 0; t && k < MN_ECHOES; k++)
			if (t->echo[k].path.profile)
				path_trust(&t->echo[k].path, run_now());
	}
}

static void look_again(struct mn *mn)
{
	for (unsigned i = 0; mn->running && i < mn->n_home; i++) {
		mn_track_judge(&mn->home[i]);
		mn_look(&mn->home[i], false);
	}
}

int mn_path_hold(struct mn *mn, uint16_t bid, bool hold)
{
	struct mn_uplink *u = uplink_of(mn, bid);

	if (!u)
		return -ENOENT;
	if (!hold)
		trust(mn, bid);
	if (hold && u->held)
		return 0;
	if (hold && u->attached && !other_way(mn, u))
		return -EBUSY;
	if (u->held != hold) {
		u->held = hold;
		tell_held(mn, u);
	}
	look_again(mn);
	return 0;
}

int mn_path_prefer(struct mn *mn, uint16_t bid)
{
	if (bid && !uplink_of(mn, bid))
		return -ENOENT;
	if (mn->prefer != bid) {
		mn->prefer = bid;
		look_again(mn);
	}
	return 0;
}

int mn_path_probe(struct mn *mn, uint16_t bid)
{
	int n = 0;

	if (bid && !uplink_of(mn, bid))
		return -ENOENT;
	for (unsigned i = 0; i < mn->n_home; i++) {
		for (unsigned k = 0; k < MN_TRACKS; k++) {
			struct mn_track *t = &mn->home[i].track[k];

			if (!t->bid || !t->here || !t->probed || (bid && t->bid != bid))
				continue;
			for (unsigned e = 0; e < MN_ECHOES; e++)
				mn_echo_send(&t->echo[e]);
			n++;
		}
	}
	return n;
}
