/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The paths of the registration and when each is probed (mn_echo.c), judged in mn_judge.c. Outer
 * probes keep the promise of the uplink's profile; while they are answered those of the tunnel go
 * at a slower pace, before that and without that at the same.
 */
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"

#define USE_EVERY	2.		/* seconds between looks at the counters */

/* A path as the registration has it. */
struct fact {
	uint16_t bid;
	const struct uplink_conf *uplink;
	struct in6_addr coa, ha;
	char tunnel[IFNAMSIZ];
};

struct mn_track *mn_track_of(struct mn_home *h, uint16_t bid)
{
	for (unsigned i = 0; bid && i < MN_TRACKS; i++)
		if (h->track[i].bid == bid)
			return &h->track[i];
	return NULL;
}

static const struct mn_uplink *uplink_of(const struct mn *mn, uint16_t bid)
{
	for (unsigned i = 0; i < mn->n_uplink; i++)
		if (bid && !mn->uplink[i].gone && mn->uplink[i].conf->bid == bid)
			return &mn->uplink[i];
	return NULL;
}

const struct mn_uplink *mn_track_uplink(const struct mn_track *t)
{
	return uplink_of(t->h->mn, t->bid);
}

/* ---- time ---- */

/* Does silence mean anything? One path's outer probes may be filtered while another's are not. */
static bool answers(const struct mn_echo *e)
{
	return e->kind == MN_ECHO_TUNNEL && in6_eq(&e->t->h->answers, &e->t->ha);
}

/* The pace of the tunnel's probes. */
static void pace(struct mn_track *t)
{
	const struct mn_uplink *u = mn_track_uplink(t);
	bool outer = t->echo[MN_ECHO_OUTER].path.state != PATH_UNKNOWN;
	struct path *p = &t->echo[MN_ECHO_TUNNEL].path;
	const struct path_profile *f = !u ? NULL : outer ? path_profile_tunnel(u->conf->probe)
							 : path_profile(u->conf->probe);

	if (f && p->profile != f) {
		path_change(p, f, run_now());
		mn_track_arm(&t->echo[MN_ECHO_TUNNEL]);
	}
}

/* Outer probes are answered again, or at last: what the tunnel lost before says nothing of it. */
static void follow_outer(struct mn_track *t, enum path_state was)
{
	enum path_state is = t->echo[MN_ECHO_OUTER].path.state;
	struct mn_echo *e = &t->echo[MN_ECHO_TUNNEL];

	if (is == was)
		return;
	if ((was == PATH_DOWN || was == PATH_UNKNOWN) && is != PATH_DOWN && e->path.run) {
		path_forgive(&e->path, run_now());
		mn_track_arm(e);
	}
	t->filtered &= is == PATH_UNKNOWN;
	pace(t);
}

static void say_mute(struct mn_echo *e)
{
	struct mn_track *t = e->t;

	if (e->kind == MN_ECHO_TUNNEL)
		log_notice("mn", "%s: path %u: %s answers no echo requests through the tunnel:"
			   " signalling says whether it works", A6(mn_hoa(t->h)), t->bid,
			   A6(&t->ha));
	else if (!t->filtered)
		log_notice("mn", "%s: path %u: %s answers no echo requests from %s:"
			   " those through the tunnel are all there is to judge by",
			   A6(mn_hoa(t->h)), t->bid, A6(&t->ha), A6(&t->coa));
	t->filtered |= e->kind == MN_ECHO_OUTER;
}

static void tick(void *arg)
{
	struct mn_echo *e = arg;
	struct mn_track *t = e->t;
	enum path_state was = t->echo[MN_ECHO_OUTER].path.state;
	uint64_t lost = e->path.n_lost;
	unsigned act = path_tick(&e->path, answers(e), run_clock());

	if (e->path.n_lost > lost)
		t->h->mn->stats.probes_lost += e->path.n_lost - lost;
	if (act & PATH_DO_MUTE)
		say_mute(e);
	if (act & PATH_DO_SEND)
		mn_echo_send(e);
	if (run_now() - t->used_at >= USE_EVERY)
		mn_track_use(t);
	mn_track_arm(e);
	follow_outer(t, was);
	mn_track_judge(t->h);
}

/* The home link as a path (RFC 5648 5.6) has nothing outside of it: the home address is its source
 * anyway, and the answer comes by the home agent's primary. */
static bool is_home_link(const struct mn_track *t)
{
	return in6_eq(&t->coa, mn_hoa(t->h));
}

void mn_track_arm(struct mn_echo *e)
{
	if (e->t->here && e->t->probed && !(e->kind == MN_ECHO_OUTER && is_home_link(e->t)))
		rtimer_set(&e->timer, path_due(&e->path), tick, e);
	else
		rtimer_stop(&e->timer);
}

void mn_track_answer(struct mn_echo *e, uint64_t seq, double at)
{
	struct mn_track *t = e->t;
	enum path_state was = t->echo[MN_ECHO_OUTER].path.state;

	if (path_answer(&e->path, seq, at) != PATH_ANSWER_GOOD) {
		t->h->mn->stats.probes_repeated++;
		return;
	}
	if (e->kind == MN_ECHO_TUNNEL) {
		t->h->answers = t->ha;
		bul_path_ok(&t->h->bul);
	}
	mn_track_arm(e);
	follow_outer(t, was);
	mn_track_judge(t->h);
}

/* ---- following the registration ---- */

static unsigned plain_fact(const struct mn_home *h, struct fact *f)
{
	const struct bul *b = &h->bul;
	const struct mn_uplink *u = h->uplink < 0 ? NULL : &h->mn->uplink[h->uplink];

	if (!u || !u->conf->bid || h->at_home || !bul_here(b) ||
	    (b->state != BUL_BOUND && b->state != BUL_REFRESH))
		return 0;
	*f = (struct fact){ .bid = u->conf->bid, .uplink = u->conf, .coa = b->bound_coa.a.in6,
			    .ha = b->bound_ha };
	memcpy(f->tunnel, h->tunnel, IFNAMSIZ);
	return 1;
}

static unsigned facts(const struct mn_home *h, struct fact f[static MN_TRACKS])
{
	unsigned n = 0;

	if (!bul_multi(&h->bul))
		return plain_fact(h, f);
	for (unsigned i = 0; i < BUL_PATHS && n < MN_TRACKS && !h->at_home; i++) {
		const struct bul_path *p = &h->bul.set.path[i];
		const struct mn_uplink *u = uplink_of(h->mn, p->bid);

		if (!u || !p->wanted || !mn_path_ready(h, i))
			continue;
		f[n] = (struct fact){ .bid = p->bid, .uplink = u->conf, .coa = p->held_coa,
				      .ha = h->bul.bound_ha };
		memcpy(f[n++].tunnel, mn_path_dev(h, i), IFNAMSIZ);
	}
	return n;
}

static void stop(struct mn_track *t)
{
	for (unsigned k = 0; k < MN_ECHOES; k++)
		rtimer_stop(&t->echo[k].timer);
}

static struct mn_track *place(struct mn_home *h, uint16_t bid)
{
	struct mn_track *t = mn_track_of(h, bid), *free_one = NULL;

	for (unsigned i = 0; !t && i < MN_TRACKS; i++)
		if (!h->track[i].here && (!h->track[i].bid || !uplink_of(h->mn, h->track[i].bid)))
			free_one = &h->track[i];
	if (free_one) {
		stop(free_one);
		*free_one = (struct mn_track){ .h = h, .bid = bid, .rx_rate = -1, .tx_rate = -1 };
		for (unsigned k = 0; k < MN_ECHOES; k++)
			free_one->echo[k] = (struct mn_echo){ .t = free_one, .kind = k };
	}
	return t ? t : free_one;
}

static void restart(struct mn_track *t)
{
	for (unsigned k = 0; k < MN_ECHOES; k++)
		path_restart(&t->echo[k].path, run_now());
	t->asked = t->broken = false;
	t->told = PATH_UNKNOWN;
}

static void profile_is(struct mn_echo *e, const struct path_profile *f)
{
	if (!e->path.profile)
		path_init(&e->path, f, run_now());
	else if (e->path.profile != f)
		path_change(&e->path, f, run_now());
}

/* A path that comes anew is alive to the registration until it is told otherwise. */
static bool known_dead(const struct mn_track *t)
{
	unsigned at = bul_path_find(&t->h->bul, t->bid);

	return at < BUL_PATHS && !t->h->bul.set.path[at].alive;
}

static void begin(struct mn_track *t, const struct fact *f)
{
	const struct path_profile *profile = path_profile(f->uplink->probe);
	bool moved = !t->here || !in6_eq(&t->coa, &f->coa) || !in6_eq(&t->ha, &f->ha);
	bool probed = profile != NULL;

	if (strcmp(t->tunnel, f->tunnel) != 0)
		t->used_at = 0;
	memcpy(t->tunnel, f->tunnel, sizeof(t->tunnel));
	t->coa = f->coa;
	t->ha = f->ha;
	t->here = true;
	if (!probed)
		profile = path_profile(PATH_PROFILE_NORMAL);	/* to have one */
	profile_is(&t->echo[MN_ECHO_OUTER], profile);
	if (!t->echo[MN_ECHO_TUNNEL].path.profile)
		profile_is(&t->echo[MN_ECHO_TUNNEL], profile);
	if (moved || probed != t->probed)
		restart(t);
	if (moved) {
		t->reason = NULL;
		t->dead = known_dead(t);
	}
	t->probed = probed;
	pace(t);
	for (unsigned k = 0; k < MN_ECHOES; k++)
		mn_track_arm(&t->echo[k]);
}

/* Not registered any more, or not by this care-of address. */
static void end(struct mn_track *t)
{
	const struct mn_uplink *u = mn_track_uplink(t);

	t->here = false;
	stop(t);
	if (!u || u->attached)
		return;
	for (unsigned k = 0; k < MN_ECHOES; k++)
		path_flap(&t->echo[k].path, run_now());
	restart(t);
	mn_track_tell(t, "carrier", false);
}

void mn_track_follow(struct mn_home *h)
{
	struct fact f[MN_TRACKS];
	unsigned n = facts(h, f);

	for (unsigned i = 0; i < MN_TRACKS; i++) {
		struct mn_track *t = &h->track[i];
		bool stays = false;

		for (unsigned k = 0; k < n; k++)
			stays |= f[k].bid == t->bid;
		if (t->bid && t->here && !stays)
			end(t);
	}
	for (unsigned k = 0; k < n; k++) {
		struct mn_track *t = place(h, f[k].bid);

		if (t)
			begin(t, &f[k]);
	}
	mn_track_judge(h);
}

void mn_track_stop(struct mn_home *h)
{
	for (unsigned i = 0; i < MN_TRACKS; i++) {
		stop(&h->track[i]);
		h->track[i] = (struct mn_track){ 0 };
	}
}
