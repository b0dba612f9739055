/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of the route optimisation: which peers, where the home is, what a step of
 * the state machine wants, and the end.
 */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((void)(elt))

#include "role/ro.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"
#include "sec/crypto.h"

#define LEAVE_MAX	2.		/* seconds for the peers, before the home agent is told */

/* ---- the table ---- */

struct ro_entry *ro_find(struct mn *mn, const struct in6_addr *hoa, const struct in6_addr *peer)
{
	const struct ro_key key = { *hoa, *peer };
	struct ro_entry *e;

	HASH_FIND(hh, mn->ro.entries, &key, sizeof(key), e);
	return e;
}

/* What MAX_UPDATE_RATE counts is kept for as long as it counts: an entry that goes and comes again
 * is no way around it. */
static void peers_sweep(struct mn *mn)
{
	double now = run_now();
	struct ro_peer *p, *tmp;

	HASH_ITER(hh, mn->ro.peers, p, tmp) {
		bool waits = false;

		for (unsigned m = 0; m < RO_MSG__COUNT; m++)
			waits |= bul_rate(p->pace.sent[m], 1, 1, now) > now;
		if (p->users || waits)
			continue;
		HASH_DEL(mn->ro.peers, p);
		free(p);
	}
}

static struct ro_peer *peer_get(struct mn *mn, const struct in6_addr *addr)
{
	struct ro_peer *p;

	peers_sweep(mn);
	HASH_FIND(hh, mn->ro.peers, addr, sizeof(*addr), p);
	if (!p && (p = calloc(1, sizeof(*p)))) {
		p->addr = *addr;
		HASH_ADD(hh, mn->ro.peers, addr, sizeof(p->addr), p);
		if (!p->hh.tbl) {
			free(p);
			return NULL;
		}
	}
	if (p)
		p->users++;
	return p;
}

static void entry_free(struct ro_entry *e)
{
	struct mn *mn = e->h->mn;

	rtimer_stop(&e->ro.timer);
	rtimer_stop(&e->doubt);
	kplan_free(&e->have);
	kplan_free(&e->flying);
	HASH_DEL(mn->ro.entries, e);
	e->peer->users--;
	crypto_wipe(e, sizeof(*e));
	free(e);
}

static struct ro_entry *entry_new(struct mn_home *h, const struct in6_addr *peer)
{
	struct ro_entry *e = calloc(1, sizeof(*e));
	uint16_t seq;

	if (!e)
		return NULL;
	e->peer = peer_get(h->mn, peer);
	if (!e->peer) {
		free(e);
		return NULL;
	}
	e->h = h;
	e->key = (struct ro_key){ *mn_hoa(h), *peer };
	crypto_random(&seq, sizeof(seq));
	ro_init(&e->ro, seq);
	HASH_ADD(hh, h->mn->ro.entries, key, sizeof(e->key), e);
	if (e->hh.tbl)
		return e;
	e->peer->users--;
	free(e);
	return NULL;
}

/* ---- where we are ---- */

static enum ro_where where(const struct mn_home *h)
{
	switch (h->bul.state) {
	case BUL_LEAVE:
	case BUL_HOME:
		return RO_HOME;
	case BUL_WAIT_BA:
	case BUL_BOUND:
	case BUL_REFRESH:
	case BUL_BACKOFF:
	case BUL_STOP:
	case BUL_DISCOVER:
		break;
	case BUL_IDLE:
		return RO_NOWHERE;
	}
	if (mn_on_home_link(h))
		return RO_HOME;
	return h->uplink >= 0 && h->bul.coa.family == AF_INET6 ? RO_AWAY : RO_NOWHERE;
}

/* Those of the home registration that get packets through; other ones than the preferred when the
 * home agent has them (RFC 6275 11.7.2: first there). */
static void paths(const struct mn_home *h, struct ro_env *env)
{
	const struct bul_set *set = &h->bul.set;

	for (unsigned i = 0; bul_multi(&h->bul) && i < BUL_PATHS; i++) {
		const struct bul_path *p = &set->path[i];

		if (!p->bid || !p->wanted || !p->usable || p->home || p->bid & BUL_DRAIN)
			continue;
		if (in6_eq(&p->coa, &env->coa)) {
			env->bid = p->bid;
		} else if (p->alive && p->held && in6_eq(&p->held_coa, &p->coa) &&
			   env->n_other < RO_OTHERS) {
			env->other[env->n_other].bid = p->bid;
			env->other[env->n_other].prio = MAX(p->rank, RO_PRIO + 1);
			env->other[env->n_other++].coa = p->coa;
		}
	}
}

struct ro_env ro_env_of(struct ro_entry *e)
{
	const struct mn_home *h = e->h;
	const struct bul *b = &h->bul;
	struct ro_env env = {
		.t = &h->mn->conf->timers, .now = run_now(), .where = where(h),
		.registered = h->ro.ready, .no_home = !b->bound_coa.family,
		.home_expires = fmin(b->expires, h->mpd.valid), .pace = &e->peer->pace,
	};

	if (env.where == RO_NOWHERE)
		env.registered = false;
	if (env.where == RO_AWAY) {
		env.coa = b->coa.a.in6;
		env.told = !b->fresh || h->ro.ready;
	}
	if (env.where == RO_AWAY && h->mn->conf->ro.multiple_care_of)
		paths(h, &env);
	crypto_random(env.cookie, sizeof(env.cookie));
	crypto_random(env.other_cookie, sizeof(env.other_cookie));
	return env;
}

/* ---- steps ---- */

static void emit_remove(const struct ro_entry *e, uint16_t bid, const struct in6_addr *coa,
			const char *gone)
{
	struct event ev = { .type = EV_bul_remove };

	ev.bul_remove.home_address = e->key.hoa;
	ev.bul_remove.bid = bid;
	ev.bul_remove.care_of = locator6(coa);
	ev.bul_remove.peer = e->key.peer;
	snprintf(ev.bul_remove.reason, sizeof(ev.bul_remove.reason), "%s", gone ? gone : "dropped");
	event_emit(&ev);
}

static void emit(struct ro_entry *e, const struct ro *was, const char *gone)
{
	bool told = e->told;

	e->told = false;
	/* another path is the preferred one, and the peer has this one as well (RFC 5648) */
	if (told && (was->plain || !was->bid || !ro_has(&e->ro, was->bid)))
		emit_remove(e, was->plain ? 0 : was->bid, &was->bound_coa, gone);
}

/* The same for the other paths: whatever a step did, this is what changed. */
static void emit_others(const struct ro_entry *e, const struct ro *was, const char *gone)
{
	const struct ro *r = &e->ro;

	for (unsigned i = 0; i < r->n_other; i++) {
		const struct ro_other *o = &r->other[i], *old = NULL;

		for (unsigned k = 0; k < was->n_other; k++)
			if (was->other[k].held && was->other[k].bid == o->bid)
				old = &was->other[k];
		if (o->held && (old ? old->expires < o->expires : !ro_has(was, o->bid)))
			ro_tell_added(e, o->bid, &o->coa, o->lifetime);
	}
	for (unsigned k = 0; k < was->n_other; k++)
		if (was->other[k].held && !ro_has(r, was->other[k].bid))
			emit_remove(e, was->other[k].bid, &was->other[k].coa, gone);
}

static void log_run(struct ro_entry *e, const struct ro *was, const struct ro_step *s)
{
	const char *from = ro_state_str(was), *to = ro_state_str(&e->ro);

	if (s->act & RO_DO_WARN) {
		e->h->mn->stats.ro_failed++;
		if (e->ro.state == RO_HOLD)
			log_rl(&e->h->mn->ro.rl, "ro", "%s: no route optimization with %s for"
			       " %.0f s: %s", A6(&e->key.hoa), A6(&e->key.peer), e->ro.backoff,
			       s->why);
		else
			log_rl(&e->h->mn->ro.rl, "ro", "%s: %s: %s", A6(&e->key.hoa),
			       A6(&e->key.peer), s->why);
	}
	if (e->ro.state != was->state)
		log_debug("ro", "%s: %s: %s -> %s coa=%s%s%s", A6(&e->key.hoa), A6(&e->key.peer),
			  from, to, A6(&e->ro.coa), s->gone ? " binding gone: " : "",
			  s->gone ? s->gone : "");
}

static void timer_cb(void *arg)
{
	ro_run(arg, RO_EV_TIMER, NULL);
}

static void arm(struct ro_entry *e)
{
	double at = ro_timer(&e->ro);

	if (at)
		rtimer_set(&e->ro.timer, at, timer_cb, e);
	else
		rtimer_stop(&e->ro.timer);
}

static void left(struct mn_home *h);

void ro_gone(struct ro_entry *e)
{
	entry_free(e);
}

void ro_run(struct ro_entry *e, enum ro_ev ev, const struct ro_in *in)
{
	const struct ro was = e->ro;
	struct ro_env env = ro_env_of(e);
	struct mn_home *h = e->h;
	struct ro_step s = ro_step(&e->ro, ev, &env, in);

	log_run(e, &was, &s);
	arm(e);
	if (s.act & RO_DO_TELL_REMOVE)
		emit(e, &was, s.gone);
	emit_others(e, &was, s.gone);
	e->tell |= !!(s.act & RO_DO_TELL_ADD);
	/* what came while the kernel was still at it has not revived it */
	e->dropping = s.act & RO_DO_DROP || (e->dropping && e->ro.state == RO_IDLE);
	if (s.act & RO_DO_HOTI)
		ro_send_test(e, RO_HOTI);
	if (s.act & RO_DO_COTI)
		ro_send_test(e, RO_COTI);
	if (s.act & RO_DO_COTI_OTHER)
		ro_send_others(e);
	if (s.act & RO_DO_BU)
		ro_send_bu(e);
	if (s.act & RO_DO_ASK_USE) {
		ro_run(e, ro_in_use(e) ? RO_EV_USED : RO_EV_UNUSED, NULL);
		return;
	}
	if (s.act & (RO_DO_PLAN | RO_DO_TELL_ADD | RO_DO_DROP))
		ro_sync(e);		/* frees it, perhaps */
	if (h->ro.leaving)
		left(h);
}

/* ---- following the home ---- */

void ro_follow(struct mn_home *h, bool synced)
{
	struct ro_entry *e, *tmp;

	if (!h->mn->conf->ro.enabled && !h->ro.have.n && !h->ro.in_flight && !ro_any(h))
		return;
	h->ro.ready = mn_carries(h) && (synced || h->ro.ready);
	HASH_ITER(hh, h->mn->ro.entries, e, tmp)
		if (e->h == h)
			ro_run(e, RO_EV_FOLLOW, NULL);
	ro_sync_home(h);
}

/* ---- hints ---- */

static bool is_ours(const struct mn *mn, const struct in6_addr *a)
{
	for (unsigned i = 0; i < mn->n_home; i++) {
		const struct home_conf *c = mn->home[i].conf;

		if (in6_eq(a, &c->hoa.a.in6))
			return true;
		if (in6_eq(a, &mn->home[i].bul.ha) || in6_eq(a, &mn->home[i].bul.bound_ha))
			return true;
		for (unsigned j = 0; j < mn->home[i].bul.n_cand; j++)
			if (in6_eq(a, &mn->home[i].bul.cand[j]))
				return true;
		for (size_t j = 0; j < c->n_prefix; j++)
			if (prefix_contains6(&c->prefixes[j].prefix, a))
				return true;
	}
	for (unsigned i = 0; i < mn->n_uplink; i++)
		if (in6_eq(a, &mn->uplink[i].coa))
			return true;
	return false;
}

/* NULL: it may. */
static const char *unwanted(const struct mn *mn, const struct in6_addr *peer)
{
	const struct ro_conf *c = &mn->conf->ro;

	if (!in6_is_unicast_routable(peer))
		return "no unicast address that is routed";
	if (is_ours(mn, peer))
		return "one of our own, or a home agent";
	if (!peer_allowed(c->policy, c->n_policy, peer))
		return "the policy leaves it to the tunnel";
	return NULL;
}

const char *ro_refused(const struct mn *mn, const struct in6_addr *hoa,
		       const struct in6_addr *peer, const char **field)
{
	const struct mn_home *h = NULL;

	*field = "home_address";
	for (unsigned i = 0; i < mn->n_home; i++)
		if (!mn->home[i].finished && in6_eq(mn_hoa(&mn->home[i]), hoa))
			h = &mn->home[i];
	if (!h)
		return "no home address of ours";
	if (mn->stopping || h->held || h->retiring || h->ro.leaving || where(h) != RO_AWAY)
		return "it is not away";
	*field = "peer";
	return unwanted(mn, peer);
}

/* Full: a peer that does not do it makes room, the one whose pause ends first. */
static bool make_room(struct mn *mn)
{
	struct ro_entry *e, *tmp, *best = NULL;

	if (HASH_COUNT(mn->ro.entries) < mn->conf->ro.max_peers)
		return true;
	HASH_ITER(hh, mn->ro.entries, e, tmp)
		if ((e->ro.state == RO_HOLD || e->ro.state == RO_IDLE) && !e->in_flight &&
		    !e->have.n && (!best || e->ro.due < best->ro.due))
			best = e;
	if (!best)
		return false;
	entry_free(best);
	return true;
}

void ro_hint(struct mn *mn, const struct in6_addr *hoa, const struct in6_addr *peer)
{
	struct mn_home *h = mn_find(mn, hoa);
	const char *why = unwanted(mn, peer);
	struct ro_entry *e;

	if (!mn->conf->ro.enabled || mn->stopping || !h || h->held || h->retiring ||
	    h->ro.leaving || where(h) != RO_AWAY)
		return;
	mn->stats.ro_hints++;
	if (why) {
		log_debug("ro", "%s: %s is not optimized: %s", A6(hoa), A6(peer), why);
		return;
	}
	e = ro_find(mn, hoa, peer);
	if (!e && make_room(mn))
		e = entry_new(h, peer);
	if (e)
		ro_run(e, RO_EV_HINT, NULL);
	else
		log_rl(&mn->ro.rl, "ro", "%s: %s is not optimized: max_peers (%u) is reached",
		       A6(hoa), A6(peer), mn->conf->ro.max_peers);
}

/* ---- another configuration ---- */

void ro_reload(struct mn *mn)
{
	struct ro_entry *e, *tmp;

	HASH_ITER(hh, mn->ro.entries, e, tmp)
		if (!mn->conf->ro.enabled || unwanted(mn, &e->key.peer))
			ro_run(e, RO_EV_STOP, NULL);	/* the peer is told */
	for (unsigned i = 0; i < mn->n_home; i++)
		if (mn->home[i].started && !mn->home[i].finished)
			ro_follow(&mn->home[i], mn->home[i].ro.ready || mn_carries(&mn->home[i]));
}

/* ---- the end ---- */

static bool deleting(const struct mn_home *h)
{
	for (const struct ro_entry *e = h->mn->ro.entries; e; e = e->hh.next)
		if (e->h == h && e->ro.state == RO_DELETE)
			return true;
	return false;
}

/* What has not answered by now is left to expire: RFC 6275 11.7.4 allows that. */
static void drop_all(struct mn_home *h)
{
	struct ro_entry *e, *tmp;
	struct ro was;

	HASH_ITER(hh, h->mn->ro.entries, e, tmp) {
		if (e->h != h)
			continue;
		was = e->ro;
		rtimer_stop(&e->ro.timer);
		rtimer_stop(&e->doubt);
		ro_init(&e->ro, (uint16_t)(e->ro.seq + 1));
		emit(e, &was, "stopped");
		emit_others(e, &was, "stopped");
		e->dropping = true;
		ro_sync(e);
	}
}

static void leave_now(void *arg)
{
	struct mn_home *h = arg;

	rtimer_stop(&h->ro.leave_timer);
	h->ro.leaving = false;
	drop_all(h);
	mn_step(h, BUL_EV_STOP, NULL);
}

/* Not at once: whoever is told may be on the stack. */
static void left(struct mn_home *h)
{
	if (!deleting(h))
		rtimer_set(&h->ro.leave_timer, run_now(), leave_now, h);
}

void mn_leave(struct mn_home *h)
{
	struct ro_entry *e, *tmp;

	if (h->ro.leaving)
		return;
	h->ro.leaving = true;
	HASH_ITER(hh, h->mn->ro.entries, e, tmp)
		if (e->h == h && where(h) != RO_NOWHERE)
			ro_run(e, RO_EV_STOP, NULL);
	if (!deleting(h) || where(h) == RO_NOWHERE)
		leave_now(h);
	else
		rtimer_set(&h->ro.leave_timer, run_now() + LEAVE_MAX, leave_now, h);
}

void ro_home_free(struct mn_home *h)
{
	rtimer_stop(&h->ro.leave_timer);
	kplan_free(&h->ro.have);
	kplan_free(&h->ro.flying);
}

void ro_free(struct mn *mn)
{
	struct ro_entry *e, *tmp;
	struct ro_peer *p, *ptmp;

	HASH_ITER(hh, mn->ro.entries, e, tmp)
		entry_free(e);
	HASH_ITER(hh, mn->ro.peers, p, ptmp) {
		HASH_DEL(mn->ro.peers, p);
		free(p);
	}
	for (unsigned i = 0; mn->home && i < mn->n_home; i++)
		ro_home_free(&mn->home[i]);
}

/* ---- for people ---- */

unsigned mn_peers(const struct mn *mn)
{
	return HASH_COUNT(mn->ro.entries);
}

bool ro_any(const struct mn_home *h)
{
	for (const struct ro_entry *e = h->mn->ro.entries; e; e = e->hh.next)
		if (e->h == h)
			return true;
	return false;
}

static int key_cmp(const struct ro_key *a, const struct ro_key *b)
{
	return memcmp(a, b, sizeof(*a));
}

/* Another path of it that the peer has, at this place or behind it; NULL: none. */
static const struct ro_other *other_from(const struct ro *r, unsigned *place)
{
	for (; *place < r->n_other; (*place)++)
		if (r->other[*place].held)
			return &r->other[(*place)++];
	return NULL;
}

bool mn_peer_next(const struct mn *mn, const struct mn_peer_info *last, struct mn_peer_info *i)
{
	const struct ro_key after = { last->home_address, last->peer };
	const struct ro_entry *best = NULL;
	unsigned place = last->place;

	HASH_FIND(hh, mn->ro.entries, &after, sizeof(after), best);
	i->other = best && !best->dropping ? other_from(&best->ro, &place) : NULL;
	if (i->other) {
		*i = (struct mn_peer_info){ .home_address = after.hoa, .peer = after.peer,
					    .ro = &best->ro, .other = i->other, .place = place };
		return true;
	}
	best = NULL;
	for (const struct ro_entry *e = mn->ro.entries; e; e = e->hh.next)
		if (!e->dropping && key_cmp(&e->key, &after) > 0 &&
		    (!best || key_cmp(&e->key, &best->key) < 0))
			best = e;
	if (!best)
		return false;
	*i = (struct mn_peer_info){ .home_address = best->key.hoa, .peer = best->key.peer,
				    .ro = &best->ro, .optimized = best->have.n > 0,
				    .rtt = best->rtt };
	return true;
}
