/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Home addresses that come and go while the node runs (RFC 6275 11.4.3): one more for a
 * new home prefix, one less when a prefix is no longer valid. Each keeps its place in
 * mn.home and in the (live) configuration until it has gone; then another may have it.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/live.h"
#include "role/mn_priv.h"

#define FIRST_TABLE	6500		/* as configured homes by default */

/* ---- the base plan follows ---- */

static void base_moved(void *arg, int rc)
{
	struct mn *mn = arg;
	bool again = mn->base_again;

	mn->base_busy = mn->base_again = false;
	if (rc == 0) {
		kplan_free(&mn->base);
		mn->base = mn->base_next;
	} else {
		log_err("mn", "home addresses have changed: %s", kern_error(mn->env.kern));
		kplan_free(&mn->base_next);
	}
	mn->base_next = (struct kplan){ 0 };
	if (mn->stopping) {
		mn_stop(mn, mn->stopped, mn->stopped_arg);
		return;
	}
	for (unsigned i = 0; i < mn->n_home; i++)
		mn_kern_sync(&mn->home[i]);
	if (again)
		mn_base_sync(mn);
}

void mn_base_sync(struct mn *mn)
{
	struct kplan p = { 0 };
	int rc;

	if (mn->base_busy) {
		mn->base_again = true;
		return;
	}
	rc = mn_plan_base(mn->conf, &p);
	if (rc == 0 && !mn->stopping && !kplan_equal(&mn->base, &p)) {
		mn->base_next = p;
		mn->base_busy = true;
		rc = kplan_switch(mn->env.kern, &mn->base, &p, base_moved, mn);
		if (rc == 0)
			return;
		mn->base_busy = false;
		mn->base_next = (struct kplan){ 0 };
	}
	kplan_free(&p);
	if (rc < 0)
		log_err("mn", "home addresses have changed: %s", strerror(-rc));
}

/* ---- which are preferred ---- */

/* A home address is deprecated for programs only if there is one to use instead: a care-of address,
 * which the kernel would choose else, is none, nor is a home address that no home agent has heard
 * of yet. */
void mn_homes_look(struct mn *mn)
{
	double now = run_now();
	bool preferred = false, changed = false;

	if (!mn->env.live)
		return;
	for (unsigned i = 0; i < mn->n_home; i++)
		preferred |= !mn->home[i].retiring && !mpd_deprecated(&mn->home[i].mpd, now) &&
			     mn->home[i].proven && mn->home[i].bul.state != BUL_BACKOFF;
	for (unsigned i = 0; i < mn->n_home; i++) {
		struct mn_home *h = &mn->home[i];
		struct home_conf *c = &mn->env.live->homes[i];
		bool old = preferred && (h->retiring || mpd_deprecated(&h->mpd, now));

		changed |= c->deprecated != old;
		c->deprecated = old;
	}
	if (!changed)
		return;
	mn_base_sync(mn);
	for (unsigned i = 0; i < mn->n_home; i++)
		mn_kern_sync(&mn->home[i]);
}

void mn_home_proven(struct mn_home *h)
{
	if (h->proven || h->retiring || !mn_carries(h))
		return;
	h->proven = true;
	mn_homes_look(h->mn);
}

/* ---- coming ---- */

static uint32_t free_table(const struct mn_conf *c)
{
	uint32_t table = FIRST_TABLE;
	bool taken = true;

	while (taken) {
		taken = false;
		for (size_t i = 0; i < c->n_home; i++)
			taken |= c->homes[i].table == table;
		for (size_t i = 0; i < c->n_uplink; i++)
			taken |= c->uplinks[i].table == table;
		table += taken;
	}
	return table;
}

void mn_home_free(struct mn_home *h)
{
	rtimer_stop(&h->bul.timer);
	rtimer_stop(&h->tx_timer);
	mn_return_stop(h);
	mn_dad_stop(h);
	mn_probe_stop(h);
	mn_track_stop(h);
	mn_dhaad_stop(h);
	mn_mpd_stop(h);
	mn_kern_free(h);
	mr_free(h);
}

bool mn_home_vacant(const struct mn_home *h)
{
	return h->finished && !h->pending && !h->in_flight && !h->ro.in_flight && !ro_any(h);
}

/* That of the same address, of another one that came and went, or a new one. Its index, or n_home;
 * -1: none now. */
static int place(const struct mn *mn, const struct in6_addr *hoa)
{
	for (unsigned i = 0; i < mn->n_home; i++)
		if (in6_eq(mn_hoa(&mn->home[i]), hoa))
			return mn_home_vacant(&mn->home[i]) ? (int)i : -1;
	for (unsigned i = 0; i < mn->n_home; i++)
		if (mn->home[i].added && mn_home_vacant(&mn->home[i]))
			return (int)i;
	return mn->n_home < mn->env.max_homes ? (int)mn->n_home : -1;
}

void mn_home_clear(struct mn_home *h)
{
	if (!h->mn)			/* never used */
		return;
	mn_home_free(h);
	ro_home_free(h);
	*h = (struct mn_home){ 0 };
}

void mn_home_new(struct mn_home *from, const struct prefix *hoa, const struct in6_addr *ha)
{
	struct mn *mn = from->mn;
	struct mn_conf *live = mn->env.live;
	int i = live && !mn->stopping ? place(mn, &hoa->a.in6) : -1;
	bool configured = i >= 0 && (unsigned)i < mn->n_home && !mn->home[i].added;
	struct home_conf *c;

	if (i < 0 || (!configured && from->conf->n_prefix)) {
		log_rl(&mn->rl, "mn", "%s: no room for another home address", A6(&hoa->a.in6));
		return;
	}
	mn_home_clear(&mn->home[i]);
	c = &live->homes[i];
	if (!configured) {		/* else it comes back as it was */
		uint32_t table = free_table(live);

		home_conf_free(c);	/* of one that had the place before */
		*c = *from->conf;
		c->prefixes = NULL;	/* it has none */
		c->n_prefix = 0;
		c->flows = NULL;
		c->n_flow = 0;
		if (home_flows_copy(c, from->conf) < 0)
			log_err("mn", "%s: no memory for its flows", A6(&hoa->a.in6));
		c->hoa = *hoa;
		c->table = table;
		c->place = UINT_MAX;	/* behind what the file has */
	}
	if (!configured && !IN6_IS_ADDR_UNSPECIFIED(ha)) {
		c->home_agents[0] = *ha;
		c->n_ha = 1;
	}
	c->deprecated = c->retired = false;
	live->n_home = MAX(live->n_home, (size_t)i + 1);
	if (mn_home_init(mn, (unsigned)i) < 0)
		c->retired = mn->home[i].started = mn->home[i].finished = true;
	mn->home[i].added = !configured;
	mn->home[i].from = from->index;
	mn->n_home = MAX(mn->n_home, (unsigned)i + 1);
	if (c->retired)
		return;
	if (configured)
		log_notice("mn", "%s: its home prefix is back", A6(&hoa->a.in6));
	else
		log_notice("mn", "%s: new home address, for the new home prefix, beside %s: home"
			   " agent %s", A6(&hoa->a.in6), A6(mn_hoa(from)), A6(ha));
	mn_base_sync(mn);
}

/* ---- going ---- */

void mn_home_retire(struct mn_home *h)
{
	if (h->retiring)
		return;
	log_warn("mn", "%s: its home prefix is no longer valid: given up", A6(mn_hoa(h)));
	h->retiring = true;
	mn_mpd_stop(h);
	mn_homes_look(h->mn);
	if (!h->held) {
		mn_leave(h);		/* peers first */
	} else {
		h->gone = true;
		mn_kern_sync(h);
	}
}

/* The kernel has nothing of it any more. */
void mn_home_retired(struct mn_home *h)
{
	if (h->mn->env.live)
		h->mn->env.live->homes[h->index].retired = true;
	mn_reload_retired(h);
	mn_base_sync(h->mn);
}
