/* SPDX-License-Identifier: BSD-2-Clause */
/* What others ask of the mobile node: the operator's words, and what there is to be seen. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "role/mn_priv.h"

/* ---- operator ---- */

void mn_resume(struct mn_home *h)
{
	if (!h->resume || !h->held)
		return;
	h->resume = h->held = false;
	mn_look(h, true);
}

int mn_refresh(struct mn *mn, const struct in6_addr *hoa)
{
	int n = 0;

	if (hoa && !mn_find(mn, hoa))
		return -ENOENT;
	for (unsigned i = 0; i < mn->n_home && mn->running && !mn->stopping; i++) {
		struct mn_home *h = &mn->home[i];

		if (h->retiring || h->finished || (hoa && !in6_eq(hoa, mn_hoa(h))))
			continue;
		n++;
		h->resume = h->held || h->ro.leaving || h->bul.state == BUL_STOP;
		if (h->held)
			mn_resume(h);
		else if (!h->resume)
			mn_step(h, BUL_EV_REFRESH_REQ, NULL);
	}
	return n;
}

int mn_deregister(struct mn *mn, const struct in6_addr *hoa)
{
	int n = 0;

	if (hoa && !mn_find(mn, hoa))
		return -ENOENT;
	for (unsigned i = 0; i < mn->n_home && mn->running && !mn->stopping; i++) {
		struct mn_home *h = &mn->home[i];

		if ((hoa && !in6_eq(hoa, mn_hoa(h))) || h->held || h->retiring || h->finished ||
		    h->bul.state == BUL_HOME)
			continue;
		n++;
		h->resume = false;
		mn_leave(h);
	}
	return n;
}

/* ---- what there is ---- */

const char *mn_problem(const struct mn_home *h)
{
	bool asks = h->bul.state == BUL_WAIT_BA || h->bul.state == BUL_REFRESH;

	if (asks && !h->why && h->bul.tries >= MN_SILENT)
		return "no answer to several updates: is this the home agent's address, does mip6d"
		       " run there, and what does its log say? Or a firewall on the way drops"
		       " protocol 135 (Mobility Header)";
	return asks || h->bul.state == BUL_BACKOFF ? h->why : NULL;
}

unsigned mn_homes(const struct mn *mn)
{
	return mn->n_home;
}

bool mn_home(const struct mn *mn, unsigned i, struct mn_info *info)
{
	const struct mn_home *h;

	if (i >= mn->n_home || mn->home[i].finished)
		return false;
	h = &mn->home[i];
	*info = (struct mn_info){
		.conf = h->conf, .index = i, .bul = &h->bul, .probe_rtt = h->probe.rtt,
		.probe_lost = h->probe.lost, .last_handover = h->last_handover,
		.valid = h->mpd.valid, .preferred = h->mpd.preferred,
		.n_prefix = (unsigned)h->conf->n_prefix, .prefix = h->prefix,
		.n_found = h->n_found, .found = h->found,
		.problem = mn_problem(h),
	};
	memcpy(info->tunnel, h->tunnel, sizeof(info->tunnel));
	snprintf(info->uplink, sizeof(info->uplink), "%s", mn_dev(h));
	return true;
}

struct mn_stats mn_stats(const struct mn *mn)
{
	return mn->stats;
}
