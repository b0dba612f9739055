/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Echo requests through the tunnel of each path, home address to home agent. The payload says
 * which path and which probe it is, under a MAC with a key of this run, so the answer may come
 * back through another tunnel (the home agent takes its primary path): it still belongs to the path
 * by which the request went, and what fails in one direction only shows as a loss of round trips.
 *
 * Who can read a request on its way can answer it, as who can read it could let it pass. Nobody
 * else can keep a dead path alive, or measure it for us.
 *
 * A silent path is left for another one. When all are silent although their uplinks are there, it
 * is more likely that the home agent has forgotten us: a Binding Update asks.
 *
 * The home agent answers by its primary path, ours. When that one fails all others fall silent with
 * it, and that says nothing of them: what was lost since the primary was heard last does not count
 * against them until it answers again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"
#include "run/event.h"
#include "sec/crypto.h"

#define MAC_LEN		12
#define COUNTER		8		/* octets; the 16 bits of ICMPv6 come again within an hour */
#define PAYLOAD		(2 + COUNTER + MAC_LEN)
#define ASK_AGAIN	2.		/* seconds between questions to a home agent that is silent */
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

/* ---- news ---- */

void mn_track_tell(struct mn_track *t, const char *reason, bool up)
{
	struct event e = { .type = up ? EV_path_up : EV_path_down };
	const struct mn_uplink *u = uplink_of(t->h->mn, t->bid);
	const char *dev = u ? u->conf->dev : "";

	if (up) {
		e.path_up.home_address = *mn_hoa(t->h);
		e.path_up.bid = t->bid;
		e.path_up.care_of = locator6(&t->coa);
		e.path_up.rtt = t->path.rtt;
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

static bool held(const struct mn_track *t)
{
	const struct mn_uplink *u = uplink_of(t->h->mn, t->bid);

	return u && u->held;
}

static void arm(struct mn_track *t);

/* The one that the home agent answers by; NULL: not known. */
static const struct mn_track *primary(const struct mn_home *h)
{
	for (unsigned i = 0; i < MN_TRACKS; i++) {
		const struct mn_track *t = &h->track[i];

		if (t->bid && t->here && t->probed && strcmp(t->tunnel, h->tunnel) == 0)
			return t;
	}
	return NULL;
}

/* Its silence may be that of the primary. */
static bool unsure(const struct mn_track *t)
{
	const struct mn_track *p = primary(t->h);

	/* one that was left already has had its turn */
	if (!p || p == t || t->dead || !t->probed || t->path.state != PATH_DOWN)
		return false;
	return p->path.heard < path_silent_from(&t->path);
}

/* 2: carries; 1: the last resort; 0: does not. */
static unsigned worth(const struct mn_track *t)
{
	if (!t->here || held(t))
		return 0;
	if (unsure(t))
		return 1;
	return t->probed ? path_usable(&t->path) : 2;
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

/* Answers for them went by the primary, which is left now. */
static void forgive_others(const struct mn_track *lost)
{
	for (unsigned i = 0; i < MN_TRACKS; i++) {
		struct mn_track *t = &lost->h->track[i];

		if (t == lost || !t->bid || !t->here || !t->probed)
			continue;
		if (unsure(t) || (t->path.state != PATH_DOWN && t->path.run)) {
			path_forgive(&t->path, run_now());
			arm(t);
		}
	}
}

static void tell_silent(struct mn_home *h)
{
	for (unsigned i = 0; i < MN_TRACKS; i++) {
		struct mn_track *t = &h->track[i];

		if (!t->untold || unsure(t))
			continue;
		t->untold = false;
		if (t->here && t->path.state == PATH_DOWN)
			mn_track_tell(t, t->path.lossy ? "lossy" : "silent", false);
	}
}

/*
 * The best of what there is carries; if nothing is any good, the last one that was is not given up
 * for one that is no better.
 */
void mn_track_judge(struct mn_home *h)
{
	bool any;
	unsigned best = best_worth(h, &any);

	if (h->judging)			/* a step of ours asks again */
		return;
	tell_silent(h);
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
	if (best || !any) {
		h->silent_at = 0;
		return;
	}
	if (!h->silent_at || run_now() >= h->silent_at + ASK_AGAIN) {
		h->silent_at = run_now();
		mn_forgotten(h, "all paths are silent");
	}
}

/* All paths are silent, and here is a signed answer to an update that left by this one: it is reached,
 * both ways, and what its probes say was the primary's silence. */
void mn_track_heard(struct mn_home *h, const struct in6_addr *coa)
{
	bool primary_dead = false;

	for (unsigned i = 0; i < MN_TRACKS; i++)
		primary_dead |= h->track[i].bid && &h->track[i] == primary(h) &&
				h->track[i].path.state == PATH_DOWN && !in6_eq(&h->track[i].coa, coa);
	if (!h->silent_at || !primary_dead)
		return;
	for (unsigned i = 0; i < MN_TRACKS; i++) {
		struct mn_track *t = &h->track[i];

		if (!t->bid || !t->here || !t->probed || !in6_eq(&t->coa, coa) ||
		    t->path.state != PATH_DOWN)
			continue;
		path_forgive(&t->path, run_now());
		arm(t);
		mn_track_judge(h);
	}
}

/* What the state that it has now means, against the one before. */
static void changed(struct mn_track *t, enum path_state was)
{
	switch (t->path.state) {
	case PATH_UNKNOWN:
	case PATH_SUSPECT:
		break;
	case PATH_UP:
		if (was != PATH_SUSPECT && was != PATH_UP)
			mn_track_tell(t, "answered", true);
		break;
	case PATH_DOWN:
		t->untold |= was != PATH_DOWN;
		break;
	case PATH_DAMPED:
		if (was != PATH_DAMPED)
			mn_track_tell(t, "damped", false);
		break;
	}
}

/* ---- out ---- */

static void mac_of(const struct mn_track *t, uint64_t seq, uint8_t mac[static MAC_LEN])
{
	const struct mn *mn = t->h->mn;
	uint8_t full[20];
	const struct iov v[] = {
		{ mn_hoa(t->h), 16 }, { &t->ha, 16 }, { &t->coa, 16 }, { &t->bid, 2 },
		{ &mn->probe_id, 2 }, { &seq, sizeof(seq) },
	};

	crypto_hmac_sha1(mn->probe_key, MN_KEY, v, ARRAY_SIZE(v), full);
	memcpy(mac, full, MAC_LEN);
}

static void fill(const struct mn_track *t, uint64_t seq, uint8_t buf[static PAYLOAD])
{
	buf[0] = (uint8_t)(t->bid >> 8);
	buf[1] = (uint8_t)t->bid;
	for (unsigned i = 0; i < COUNTER; i++)
		buf[2 + i] = (uint8_t)(seq >> (8 * (COUNTER - 1 - i)));
	mac_of(t, seq, buf + 2 + COUNTER);
}

/* One that could not be sent is lost like any other. */
void mn_track_probe(struct mn_track *t)
{
	struct mn *mn = t->h->mn;
	const struct klink *l = kern_link(mn->env.kern, t->tunnel);
	uint64_t seq = path_next_seq(&t->path);
	struct icmp6_msg m = { .type = ICMP6_ECHOREQ_ };
	struct icmp6_tx tx = { .src = *mn_hoa(t->h), .dst = t->ha,
			       .ifindex = l ? l->ifindex : 0,
			       .mark = mn_bid_mark(mn->conf, t->bid) };
	uint8_t buf[PAYLOAD];
	int rc;

	path_sent(&t->path, run_clock());
	fill(t, seq, buf);
	m.echo.id = mn->probe_id;
	m.echo.seq = (uint16_t)seq;
	m.echo.data = buf;
	m.echo.len = sizeof(buf);
	/* without its tunnel it would go by another path, and say nothing of this one */
	rc = l ? icmp6sock_send(mn->env.icmp, &tx, &m) : -ENODEV;
	if (rc < 0)
		log_debug("mn", "%s: probe of path %u: %s", A6(mn_hoa(t->h)), t->bid,
			  strerror(-rc));
	mn->stats.probes++;
}

void mn_track_use(struct mn_track *t)
{
	const struct klink *l = kern_link(t->h->mn->env.kern, t->tunnel);
	double now = run_now(), dt = now - t->used_at;
	struct kern_link_use use;
	bool known = t->used_at > 0;

	if (!t->here || !l || (known && dt < USE_EVERY / 2) ||
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

/* ---- time ---- */

static bool answers(const struct mn_track *t)
{
	return in6_eq(&t->h->answers, &t->ha);
}

static void tick(void *arg);

static void arm(struct mn_track *t)
{
	if (t->here && t->probed)
		rtimer_set(&t->timer, path_due(&t->path), tick, t);
	else
		rtimer_stop(&t->timer);
}

static void tick(void *arg)
{
	struct mn_track *t = arg;
	enum path_state was = t->path.state;
	uint64_t lost = t->path.n_lost;
	unsigned act = path_tick(&t->path, answers(t), run_clock());

	if (t->path.n_lost > lost)
		t->h->mn->stats.probes_lost += t->path.n_lost - lost;
	if (act & PATH_DO_MUTE)
		log_notice("mn", "%s: path %u: %s answers no echo requests: signalling alone says"
			   " whether the path works", A6(mn_hoa(t->h)), t->bid, A6(&t->ha));
	if (act & PATH_DO_SEND)
		mn_track_probe(t);
	if (run_now() - t->used_at >= USE_EVERY)
		mn_track_use(t);
	arm(t);
	changed(t, was);
	mn_track_judge(t->h);
}

/* ---- in ---- */

bool mn_track_is_reply(const struct icmp6_msg *m)
{
	return m->echo.len == PAYLOAD;
}

static uint64_t number(const uint8_t *p)
{
	uint64_t seq = 0;

	for (unsigned i = 0; i < COUNTER; i++)
		seq = seq << 8 | p[i];
	return seq;
}

/* NULL: not an answer to anything that we sent. */
static struct mn_track *authentic(struct mn *mn, const struct icmp6_rx *rx,
				  const struct icmp6_msg *m, uint64_t *seq)
{
	const uint8_t *p = m->echo.data;
	struct mn_home *h = mn_find(mn, &rx->dst);
	struct mn_track *t = h ? mn_track_of(h, (uint16_t)(p[0] << 8 | p[1])) : NULL;
	uint8_t mac[MAC_LEN];

	*seq = number(p + 2);
	if (!t || !t->here || !t->probed || m->echo.id != mn->probe_id ||
	    m->echo.seq != (uint16_t)*seq || !in6_eq(&rx->src, &t->ha))
		return NULL;
	mac_of(t, *seq, mac);
	return crypto_equal(mac, p + 2 + COUNTER, MAC_LEN) ? t : NULL;
}

void mn_track_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	uint64_t seq;
	struct mn_track *t = authentic(mn, rx, m, &seq);
	enum path_state was;

	if (!mn_find(mn, &rx->dst))
		return;			/* somebody's ping */
	if (!t) {
		mn->stats.probes_forged++;
		return;
	}
	was = t->path.state;
	if (path_answer(&t->path, seq, rx->at) != PATH_ANSWER_GOOD) {
		mn->stats.probes_repeated++;
		return;
	}
	t->h->answers = t->ha;
	bul_path_ok(&t->h->bul);
	arm(t);
	changed(t, was);
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

static struct mn_track *place(struct mn_home *h, uint16_t bid)
{
	struct mn_track *t = mn_track_of(h, bid), *free_one = NULL;

	for (unsigned i = 0; !t && i < MN_TRACKS; i++)
		if (!h->track[i].here && (!h->track[i].bid || !uplink_of(h->mn, h->track[i].bid)))
			free_one = &h->track[i];
	if (free_one) {
		rtimer_stop(&free_one->timer);
		*free_one = (struct mn_track){ .h = h, .bid = bid, .rx_rate = -1, .tx_rate = -1 };
	}
	return t ? t : free_one;
}

static void begin(struct mn_track *t, const struct fact *f)
{
	const struct path_profile *profile = path_profile(f->uplink->probe);
	bool moved = !t->here || !in6_eq(&t->coa, &f->coa) || !in6_eq(&t->ha, &f->ha);
	bool probed = profile != NULL, other = probed && t->path.profile != profile;

	if (strcmp(t->tunnel, f->tunnel) != 0)
		t->used_at = 0;
	memcpy(t->tunnel, f->tunnel, sizeof(t->tunnel));
	t->coa = f->coa;
	t->ha = f->ha;
	t->here = true;
	if (!probed)
		profile = path_profile(PATH_PROFILE_NORMAL);	/* to have one */
	if (!t->path.profile)
		path_init(&t->path, profile, run_now());
	else if (other)
		path_change(&t->path, profile, run_now());
	if (moved || probed != t->probed)
		path_restart(&t->path, run_now());
	if (moved)
		t->reason = NULL;
	t->probed = probed;
	arm(t);
}

/* Not registered any more, or not by this care-of address. */
static void end(struct mn_track *t)
{
	const struct mn_uplink *u = uplink_of(t->h->mn, t->bid);

	t->here = false;
	arm(t);
	if (!u || u->attached || !t->path.profile)
		return;
	path_flap(&t->path, run_now());
	path_restart(&t->path, run_now());
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
		rtimer_stop(&h->track[i].timer);
		h->track[i] = (struct mn_track){ 0 };
	}
}
