/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another configuration: homes that change, come and go. What is told to the home agent goes out at
 * once; what only the kernel must know, mn_kern_sync() brings there, and nothing else is touched.
 *
 * A home that is no longer configured de-registers, and its place is free when the kernel has nothing
 * of it. Those that are new begin after that: they may have prefixes that it had.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "role/live.h"
#include "role/mn_priv.h"
#include "sec/crypto.h"

#define LATER		0.05		/* seconds, until it is looked whether a home can begin */

/* Of one configured home. */
struct part {
	struct home_conf conf;
	struct mn_prefix_info *prefix;
	enum mnp_status *told;
	int place;			/* that it has now; -1: none */
	bool tell;			/* its home agent hears of the change */
};

struct mn_reload { struct ro_conf ro; size_t n; struct part part[]; };

/* ---- before ---- */

static int place_of(const struct mn *mn, const struct in6_addr *hoa)
{
	for (unsigned i = 0; i < mn->n_home; i++)
		if (mn->conf->homes[i].hoa.family && in6_eq(mn_hoa(&mn->home[i]), hoa))
			return (int)i;
	return -1;
}

/* Nobody's, not even for a while; -1: none. */
static int free_place(const struct mn *mn)
{
	for (unsigned i = 0; i < mn->n_home; i++)
		if (!mn->conf->homes[i].hoa.family && mn_home_vacant(&mn->home[i]))
			return (int)i;
	return mn->n_home < mn->env.max_homes ? (int)mn->n_home : -1;
}

static bool room(const struct mn *mn, const struct mn_conf *to)
{
	size_t left = mn->env.max_homes - MIN(mn->env.max_homes, (size_t)mn->n_home), need = 0;

	for (unsigned i = 0; i < mn->n_home; i++)
		left += !mn->conf->homes[i].hoa.family && mn_home_vacant(&mn->home[i]);
	for (size_t i = 0; i < to->n_home; i++)
		need += place_of(mn, &to->homes[i].hoa.a.in6) < 0;
	return need <= left;
}

void mn_reload_free(struct mn_reload *r)
{
	for (size_t i = 0; r && i < r->n; i++) {
		home_conf_free(&r->part[i].conf);
		free(r->part[i].prefix);
		free(r->part[i].told);
	}
	if (r)
		free(r->ro.policy);
	free(r);
}

int mn_reload_prepare(const struct mn *mn, const struct mn_conf *to, struct mn_reload **out)
{
	struct mn_reload *r;
	int rc;

	if (!room(mn, to))
		return -ENOSPC;
	r = calloc(1, sizeof(*r) + to->n_home * sizeof(r->part[0]));
	if (!r)
		return -ENOMEM;
	rc = ro_conf_copy(&r->ro, &to->ro);
	for (; rc == 0 && r->n < to->n_home; r->n++) {
		struct part *p = &r->part[r->n];
		size_t n = to->homes[r->n].n_prefix;

		p->place = -1;
		rc = home_conf_copy(&p->conf, &to->homes[r->n]);
		p->prefix = calloc(n + 1, sizeof(*p->prefix));
		p->told = calloc(n + 1, sizeof(*p->told));
		if (!p->prefix || !p->told)
			rc = -ENOMEM;
	}
	if (rc < 0)
		mn_reload_free(r);
	else
		*out = r;
	return rc;
}

/* ---- a home that stays ---- */

static bool same_prefixes(const struct home_conf *a, const struct home_conf *b)
{
	if (a->n_prefix != b->n_prefix)
		return false;
	for (size_t i = 0; i < a->n_prefix; i++)
		if (!prefix_eq(&a->prefixes[i].prefix, &b->prefixes[i].prefix) ||
		    a->prefixes[i].mode != b->prefixes[i].mode)
			return false;
	return true;
}

static bool same_sec(const struct sec_conf *a, const struct sec_conf *b)
{
	return a->method == b->method && a->key.spi == b->key.spi && a->key.len == b->key.len &&
	       memcmp(a->key.key, b->key.key, a->key.len) == 0 && a->timestamps == b->timestamps;
}

/* A Binding Update would look the same. */
static bool same_update(const struct home_conf *a, const struct home_conf *b)
{
	return strcmp(a->nai, b->nai) == 0 && same_sec(&a->sec, &b->sec) &&
	       a->lifetime == b->lifetime && a->ipv4_option == b->ipv4_option &&
	       a->link_local == b->link_local && same_prefixes(a, b);
}

/* The home agents: true if the registration must hear of it. One that is none any more is told that the
 * binding ends, if it has one and nothing else is doing that. */
static bool agents(struct mn_home *h, const struct home_conf *was)
{
	struct bul *b = &h->bul;
	bool waits = b->state == BUL_BACKOFF || b->state == BUL_DISCOVER;
	bool more = was->n_ha != h->conf->n_ha || was->discover != h->conf->discover ||
		    memcmp(was->home_agents, h->conf->home_agents,
			   was->n_ha * sizeof(was->home_agents[0])) != 0;

	if (!more)
		return false;
	if (bul_reconf(b, was, h->conf))
		return waits;
	if (b->bound_coa.family && b->state != BUL_LEAVE && b->state != BUL_STOP && !h->retiring) {
		bool kept = false;

		for (unsigned i = 0; i < b->n_cand; i++)
			kept |= in6_eq(&b->cand[i], &b->bound_ha);
		if (!kept)
			mn_tx_aside(h, &b->bound_ha);
	}
	return true;
}

/* True: its home agent hears of it. */
static bool take(struct mn_home *h, struct part *p)
{
	struct home_conf *c = &h->mn->env.live->homes[h->index], was = *c;
	bool tell = !same_update(&was, &p->conf);

	*c = p->conf;
	p->conf = (struct home_conf){ 0 };
	c->deprecated = was.deprecated;
	c->retired = was.retired;
	mr_reload(h, was.prefixes, was.n_prefix, p->prefix, p->told);
	p->prefix = NULL;
	p->told = NULL;
	if (!same_sec(&was.sec, &c->sec))
		h->force_stamp = false;
	h->ll_ours &= c->link_local;
	if (!c->discover)
		mn_dhaad_stop(h);
	h->added = false;
	tell |= agents(h, &was);
	home_conf_free(&was);
	return tell;
}

/* Those that a new home prefix made of it are as it is. */
static void take_too(struct mn_home *child, const struct home_conf *from)
{
	struct home_conf *c = &child->mn->env.live->homes[child->index];
	bool tell = !same_update(c, from);

	memcpy(c->nai, from->nai, sizeof(c->nai));
	c->sec = from->sec;
	c->lifetime = from->lifetime;
	c->ipv4_option = from->ipv4_option;
	c->link_local = from->link_local;
	c->renumber = from->renumber;
	if (home_flows_copy(c, from) < 0)
		log_err("mn", "%s: no memory for its new flows", A6(mn_hoa(child)));
	if (tell && !child->finished)
		mn_step(child, BUL_EV_RECONF, NULL);
}

/* ---- one that goes ---- */

/* The place is nobody's now. */
static void vacate(struct mn_home *h)
{
	struct home_conf *c = &h->mn->env.live->homes[h->index];

	mr_free(h);
	home_conf_free(c);
	c->retired = true;
	h->added = true;
	h->removed = h->pending = false;
}

static void drop(struct mn_home *h)
{
	if (h->removed) {
		h->pending = false;	/* it was to come back */
		return;
	}
	log_notice("mn", "%s: no longer a home address of ours", A6(mn_hoa(h)));
	if (h->finished) {
		vacate(h);
		return;
	}
	h->removed = true;
	if (h->retiring)
		return;
	h->retiring = true;
	mn_mpd_stop(h);
	mn_homes_look(h->mn);
	if (h->held) {
		h->gone = true;
		mn_kern_sync(h);
	} else {
		mn_leave(h);		/* peers first */
	}
}

/* ---- one that comes ---- */

static void begin_later(void *arg)
{
	struct mn *mn = arg;
	bool wait = false, any = false;

	for (unsigned i = 0; i < mn->n_home; i++)
		wait |= mn->home[i].removed && !mn->home[i].finished;
	for (unsigned i = 0; i < mn->n_home && !mn->stopping; i++) {
		struct mn_home *h = &mn->home[i];
		struct home_conf *c = &mn->env.live->homes[i];

		if (!h->pending)
			continue;
		h->pending = false;
		if (wait || !mn_home_vacant(h)) {
			h->pending = wait = true;
			continue;
		}
		mn_home_clear(h);
		c->retired = c->deprecated = false;
		any = true;
		if (mn_home_init(mn, i) == 0) {
			log_notice("mn", "%s: a home address of ours from now on", A6(mn_hoa(h)));
			continue;
		}
		log_err("mn", "%s: cannot begin", A6(mn_hoa(h)));
		c->retired = h->started = h->finished = true;
	}
	if (any)
		mn_base_sync(mn);
	if (wait && !mn->stopping)
		rtimer_set(&mn->pending_timer, run_now() + LATER, begin_later, mn);
}

void mn_reload_retired(struct mn_home *h)
{
	if (!h->removed)
		return;
	h->removed = false;
	if (!h->pending)
		vacate(h);
	else
		mn_mpd_stop(h);
}

/* Its place, and what is needed there until it begins. */
static void come(struct mn *mn, struct part *p)
{
	int i = free_place(mn);
	struct mn_home *h;

	if (i < 0) {			/* another home prefix took it since */
		log_err("mn", "%s: no room for another home address", A6(&p->conf.hoa.a.in6));
		return;
	}
	h = &mn->home[i];
	mn_home_clear(h);
	p->place = i;
	mn->env.live->homes[i] = p->conf;
	mn->env.live->homes[i].retired = true;
	p->conf = (struct home_conf){ 0 };
	mn->env.live->n_home = MAX(mn->env.live->n_home, (size_t)i + 1);
	h->mn = mn;
	h->conf = &mn->conf->homes[i];
	h->index = (unsigned)i;
	h->uplink = h->left = h->also = -1;
	h->started = h->finished = h->pending = true;
	mpd_init(&h->mpd);
	mr_reload(h, NULL, 0, p->prefix, p->told);
	p->prefix = NULL;
	p->told = NULL;
	mn->n_home = MAX(mn->n_home, (unsigned)i + 1);
}

/* ---- all of it ---- */

static void homes(struct mn *mn, struct mn_reload *r)
{
	for (unsigned i = 0; i < mn->n_home; i++)
		mn->home[i].kept = false;
	for (size_t k = 0; k < r->n; k++) {
		struct part *p = &r->part[k];

		p->place = place_of(mn, &p->conf.hoa.a.in6);
		if (p->place < 0)
			continue;
		mn->home[p->place].kept = true;
		mn->home[p->place].pending |= mn->home[p->place].removed;
		p->tell = take(&mn->home[p->place], p);
	}
	for (unsigned i = 0; i < mn->n_home; i++) {
		struct mn_home *h = &mn->home[i];

		if (h->kept || !mn->conf->homes[i].hoa.family)
			continue;
		if (h->added && mn->home[h->from].kept)
			take_too(h, &mn->conf->homes[h->from]);
		else
			drop(h);
	}
	for (size_t k = 0; k < r->n; k++)
		if (r->part[k].place < 0)
			come(mn, &r->part[k]);
}

static void uplinks(struct mn *mn)
{
	const struct mn_conf *c = mn->conf;

	for (unsigned i = 0; i < c->n_uplink; i++) {
		struct mn_uplink *u = &mn->uplink[i];
		bool here = c->uplinks[i].dev[0] && !c->uplinks[i].leaving;

		if (here && (i >= mn->n_uplink || u->gone)) {
			*u = (struct mn_uplink){ .conf = &c->uplinks[i] };
			for (unsigned k = 0; k < mn->n_home; k++)
				mn->home[k].left = mn->home[k].left == (int)i ? -1 : mn->home[k].left;
		}
		u->gone = !here;
		u->attached &= here;
	}
	mn->n_uplink = MAX(mn->n_uplink, (unsigned)c->n_uplink);
	mn->release = true;
}

void mn_reload(struct mn *mn, struct mn_reload *r)
{
	struct ro_conf ro = mn->env.live->ro;

	mn->env.live->ro = r->ro;
	r->ro = ro;
	uplinks(mn);
	mn->prefer = 0;
	homes(mn, r);
	begin_later(mn);
	mn_base_sync(mn);
	for (unsigned i = 0; i < mn->n_home; i++) {
		struct mn_home *h = &mn->home[i];
		bool tell;

		if (h->finished || !h->started)
			continue;
		tell = mn_paths_conf(h);
		mn_look(h, false);
		if (tell && !h->retiring)
			mn_step(h, BUL_EV_RECONF, NULL);
		for (size_t k = 0; k < r->n; k++)
			if (r->part[k].place == (int)i && r->part[k].tell && !h->retiring)
				mn_step(h, BUL_EV_RECONF, NULL);
		mr_where(h);
		mn_kern_sync(h);
		mn_flow_look(h);
	}
	ro_reload(mn);
	mn_reload_free(r);
}
