/* SPDX-License-Identifier: BSD-2-Clause */
#include "role/mn.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "role/md.h"
#include "role/mn_priv.h"
#include "run/event.h"
#include "sec/crypto.h"

struct mn_home *mn_find(struct mn *mn, const struct in6_addr *hoa)
{
	for (unsigned i = 0; i < mn->n_home; i++)
		if (!mn->home[i].finished && in6_eq(mn_hoa(&mn->home[i]), hoa))
			return &mn->home[i];
	return NULL;
}

/* ---- what a step wants ---- */

static void emit_bul_add(struct mn_home *h)
{
	struct event e = { .type = EV_bul_add };

	e.bul_add.home_address = *mn_hoa(h);
	e.bul_add.care_of = h->bul.bound_coa;
	e.bul_add.peer = h->bul.bound_ha;
	e.bul_add.flags = mn_flags(h);
	e.bul_add.lifetime = h->bul.lifetime;
	e.bul_add.rtt = h->rtt;
	event_emit(&e);
	h->mn->listed = true;
}

static void emit_bul_remove(struct mn_home *h, const struct bul *was, const char *reason)
{
	struct event e = { .type = EV_bul_remove };

	e.bul_remove.home_address = *mn_hoa(h);
	e.bul_remove.care_of = was->bound_coa;
	e.bul_remove.peer = was->bound_ha;
	snprintf(e.bul_remove.reason, sizeof(e.bul_remove.reason), "%s", reason);
	event_emit(&e);
}

/* The last entry of the list has gone: by an operator's word, or because we stop. */
static void emit_bul_flush(struct mn *mn)
{
	struct event e = { .type = EV_bul_flush };

	for (unsigned i = 0; i < mn->n_home; i++) {
		const struct mn_home *h = &mn->home[i];

		if (!h->held && !h->gone && !h->finished)
			return;
	}
	if (mn->listed)
		event_emit(&e);
	mn->listed = false;
}

/* A movement is over when the kernel has what the answer allows. */
static void emit_handover(struct mn_home *h, struct locator to)
{
	struct event e = { .type = EV_handover };
	double now = run_clock();	/* the kernel has worked since the turn began */

	if (!h->usable_at || locator_eq(&h->told, &to)) {
		h->sign_at = h->usable_at = 0;
		return;
	}
	e.handover.home_address = *mn_hoa(h);
	e.handover.bid = mn_bid(h);
	e.handover.from = h->told;
	e.handover.to = to;
	e.handover.detect = h->sign_at < h->usable_at ? h->usable_at - h->sign_at : -1;
	if (h->bul.first_sent_at >= h->usable_at) {	/* else to one that was registered before */
		e.handover.bu = h->bul.first_sent_at - h->usable_at;
		e.handover.ba = fmax(h->answered_at - h->bul.first_sent_at, 0);
	}
	e.handover.total = now - h->sign_at;
	event_emit(&e);
	log_notice("mn", "%s: %s -> %s in %.0f ms (bu=%.0fms ba=%.0fms)", A6(mn_hoa(h)),
		   h->told.family ? LOC(&h->told) : "home or off", to.family ? LOC(&to) : "home",
		   e.handover.total * 1e3, e.handover.bu * 1e3, e.handover.ba * 1e3);
	h->mn->stats.handovers++;
	h->last_handover = now;
	h->sign_at = h->usable_at = 0;
}

/* With BIDs the answer is not what a movement waits for, if the other path was registered. */
static void tell_moved(struct mn_home *h)
{
	if (!bul_here(&h->bul) || h->at_home)
		return;
	if (locator_eq(&h->told, &h->bul.bound_coa)) {
		if (h->bul.state == BUL_BOUND)
			h->sign_at = h->usable_at = 0;
		return;
	}
	if (!h->usable_at)
		h->sign_at = h->usable_at = run_now();
	emit_handover(h, h->bul.bound_coa);
	h->told = h->bul.bound_coa;
}

static void tell_added(struct mn_home *h)
{
	if (bul_multi(&h->bul)) {
		mn_paths_tell(h);
		return;
	}
	if (!bul_here(&h->bul))		/* moved on in the meantime */
		return;
	emit_bul_add(h);
	emit_handover(h, h->bul.bound_coa);
	h->told = h->bul.bound_coa;
}

void mn_after(struct mn_home *h)
{
	unsigned after = h->after;

	h->after = 0;
	if (after & AFTER_SEND)
		mn_tx(h);
	if (after & AFTER_TELL)
		tell_added(h);
	if (bul_multi(&h->bul))
		tell_moved(h);
	if (after & AFTER_NA && h->bul.state == BUL_HOME) {
		mn_return_na(h);
		emit_handover(h, (struct locator){ 0 });
		h->told = (struct locator){ 0 };
	} else if (after & AFTER_NA && bul_home_nd(&h->bul)) {
		mn_return_na(h);
	}
	if (after & AFTER_DAD)
		mn_dad_begin(h);
	ro_follow(h, true);
	mr_tell(h);
	mn_probe_follow(h);
	mn_track_follow(h);
	mn_home_proven(h);
	mn_flow_look(h);
}

static void log_step(struct mn_home *h, const struct bul *was, const struct bul_step *s)
{
	if (s->act & BUL_DO_WARN)
		h->why = s->why;
	else if (h->bul.state == BUL_BOUND || h->bul.state == BUL_HOME)
		h->why = NULL;
	if (s->act & BUL_DO_WARN)
		log_rl(&h->mn->rl, "mn", "%s: %s", A6(mn_hoa(h)), s->why);
	else if (s->why)
		log_notice("mn", "%s: %s", A6(mn_hoa(h)), s->why);
	if (s->act & BUL_DO_NEXT_HA)
		log_notice("mn", "%s: home agent %s instead of %s", A6(mn_hoa(h)), A6(&h->bul.ha),
			   A6(&was->ha));
	if (s->state == was->state)
		return;
	log_info("mn", "%s: %s -> %s coa=%s ha=%s%s%s", A6(mn_hoa(h)), bul_state_str(was->state),
		 bul_state_str(s->state), LOC(&h->bul.coa), A6(&h->bul.ha),
		 s->gone ? " binding gone: " : "", s->gone ? s->gone : "");
}

static void timer_cb(void *arg)
{
	mn_step(arg, BUL_EV_TIMER, NULL);
}

void mn_arm(struct mn_home *h)
{
	double at = bul_timer(&h->bul);

	if (at)
		rtimer_set(&h->bul.timer, at, timer_cb, h);
	else
		rtimer_stop(&h->bul.timer);
}

static void stopped_step(struct mn_home *h)
{
	rtimer_stop(&h->tx_timer);
	h->after = 0;
	h->aside = h->tx_wanted = false;
	if (h->mn->stopping || h->retiring)
		h->gone = true;
	else
		h->held = true;
	emit_bul_flush(h->mn);
}

void mn_step(struct mn_home *h, enum bul_ev ev, const struct bul_ba *ba)
{
	const struct mn_conf *c = h->mn->conf;
	const struct bul was = h->bul;
	struct bul_step s = bul_step(&h->bul, ev, h->conf, &c->timers, ba, run_now());

	mn_paths_follow(h);
	log_step(h, &was, &s);
	mn_arm(h);
	if (h->bul.state != BUL_LEAVE && (h->learning || !bul_home_nd(&h->bul)))
		mn_return_stop(h);
	if (ev == BUL_EV_AT_HOME || s.act & BUL_DO_NA ||
	    (h->bul.state != BUL_LEAVE && h->bul.state != BUL_HOME))
		mn_dad_stop(h);
	if (s.act & BUL_DO_TELL_REMOVE && !mn_paths_gone(h))
		emit_bul_remove(h, &was, s.gone);
	if (s.act & BUL_DO_DEREG_WRONG)
		mn_tx_aside(h, &was.ha);
	if (s.act & BUL_DO_SEND)
		h->after |= AFTER_SEND;
	if (s.act & BUL_DO_NA || (bul_home_nd(&h->bul) && !bul_home_nd(&was) &&
				  was.state != BUL_HOME))
		h->after |= AFTER_NA;
	if (s.act & BUL_DO_TELL_ADD)
		h->after |= AFTER_TELL;
	/* not if the step that found the binding expired has left the home link */
	if (s.act & BUL_DO_DAD && !(s.act & BUL_DO_NA) &&
	    (h->bul.state == BUL_LEAVE || h->bul.state == BUL_HOME))
		mn_dad_want(h);
	if (s.act & BUL_DO_STOPPED)
		stopped_step(h);
	mn_dhaad_follow(h, s.act & BUL_DO_DISCOVER, ev == BUL_EV_AWAY);
	mn_mpd_follow(h);
	if (s.act & BUL_DO_PREFIXES)
		mn_mpd_ask(h);
	mr_where(h);
	/* who was on the home link already knows its neighbours */
	if (ev == BUL_EV_AT_HOME && h->bul.state == BUL_LEAVE && !h->bul.set.stays)
		mn_return_learn(h);
	ro_follow(h, false);
	mn_kern_sync(h);
	mn_resume(h);
	mn_also_look(h);
}

/* ---- movement ---- */

static void on_md_info(struct mn *mn, const struct event *e)
{
	struct mn_uplink *u = NULL;
	bool coa;

	for (unsigned i = 0; i < mn->n_uplink; i++)
		if (strcmp(mn->uplink[i].conf->dev, e->md_info.device) == 0)
			u = &mn->uplink[i];
	if (!u) {
		log_rl(&mn->rl, "mn", "md_info for %s, which is no uplink", e->md_info.device);
		return;
	}
	coa = !u->home && u->attached && strcmp(e->md_info.kind, "coa") == 0;
	if (!coa)
		u->old = in6addr_any;
	else if (!u->conf->managed && !in6_eq(&u->coa, &e->md_info.care_of))
		mn_path_old(u, mn);	/* from one to the next, without a loss between them */
	u->home = strcmp(e->md_info.kind, "home") == 0;
	u->attached = u->home || strcmp(e->md_info.kind, "coa") == 0;
	u->coa = e->md_info.care_of;
	u->router = e->md_info.router;
	u->link = e->md_info.link;
	u->at = e->at;
	mn->release = true;
	for (unsigned i = 0; mn->running && i < mn->n_home; i++)
		mn_look(&mn->home[i], false);
}

void mn_on_event(void *arg, const struct event *e)
{
	if (e->type == EV_md_info)
		on_md_info(arg, e);
	else if (e->type == EV_rr_hint)
		ro_hint(arg, &e->rr_hint.home_address, &e->rr_hint.peer);
}

/* ---- start ---- */

static void tell_ready(struct mn *mn, int rc)
{
	if (mn->told_ready)
		return;
	mn->told_ready = true;
	mn->ready(mn->ready_arg, rc);
}

static void base_ready(void *arg, int rc)
{
	struct mn *mn = arg;

	mn->base_busy = false;
	if (rc < 0)
		log_err("mn", "%s", kern_error(mn->env.kern));
	if (rc < 0 || mn->stopping) {
		if (rc < 0)
			kplan_free(&mn->base);
		tell_ready(mn, rc < 0 ? rc : -ECANCELED);
		if (mn->stopping)
			mn_stop(mn, mn->stopped, mn->stopped_arg);
		return;
	}
	if (!mn->n_home)
		tell_ready(mn, 0);
	for (unsigned i = 0; i < mn->n_home; i++)
		mn_kern_sync(&mn->home[i]);
}

static void all_started(struct mn *mn)
{
	for (unsigned i = 0; i < mn->n_home; i++)
		if (!mn->home[i].started || mn->stopping)
			return;
	mn->running = true;
	tell_ready(mn, 0);
	/* whatever the detector said while we were starting */
	for (unsigned i = 0; i < mn->n_home; i++)
		mn_look(&mn->home[i], false);
}

/* 0, or -EINVAL: running open is a choice that somebody has to make. */
int mn_home_init(struct mn *mn, unsigned i)
{
	struct mn_home *h = &mn->home[i];
	uint16_t seq;

	h->mn = mn;
	h->conf = &mn->conf->homes[i];
	h->index = i;
	h->uplink = h->left = h->also = -1;
	mpd_init(&h->mpd);
	crypto_random(&seq, sizeof(seq));	/* 11.7.1: may start at any value */
	bul_init(&h->bul, h->conf, mn->conf->router, seq);
	mn_paths_conf(h);
	if (h->conf->sec.method == SEC_UNSET) {
		log_err("mn", "%s: security is not configured", A6(mn_hoa(h)));
		return -EINVAL;
	}
	if (h->conf->sec.method == SEC_NONE)
		log_warn("mn", "%s: security = \"none\": anybody can take this home address over",
			 A6(mn_hoa(h)));
	else
		log_notice("mn", "%s: signalling is authenticated (RFC 4285), traffic is not",
			   A6(mn_hoa(h)));
	return mr_init(h);
}

static int mn_alloc(struct mn *mn)
{
	const struct mn_conf *c = mn->conf;
	int rc = 0;

	size_t max_uplinks = MAX(c->n_uplink, mn->env.max_uplinks);

	mn->uplink = calloc(max_uplinks + 1, sizeof(*mn->uplink));
	mn->home = calloc(MAX(c->n_home, mn->env.max_homes) + 1, sizeof(*mn->home));
	mn->foreign = calloc(max_uplinks + 1, sizeof(*mn->foreign));
	if (!mn->uplink || !mn->home || !mn->foreign)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_home; i++)
		mn->n_pace += c->homes[i].discover ? 2 * HOME_MAX_HA :
						     (unsigned)c->homes[i].n_ha;
	mn->n_pace += (unsigned)mn->env.max_homes;
	mn->pace = calloc(mn->n_pace + 1, sizeof(*mn->pace));
	if (!mn->pace)
		return -ENOMEM;
	mn->n_uplink = (unsigned)c->n_uplink;
	mn->n_home = (unsigned)c->n_home;
	for (unsigned i = 0; i < mn->n_uplink; i++)
		mn->uplink[i].conf = &c->uplinks[i];
	for (unsigned i = 0; rc == 0 && i < mn->n_home; i++)
		rc = mn_home_init(mn, i);
	return rc;
}

int mn_start(struct mn **out, const struct mn_conf *c, const struct mn_env *env,
	     void (*ready)(void *arg, int rc), void *arg)
{
	const struct kplan none = { 0 };
	struct mn *mn = calloc(1, sizeof(*mn));
	int rc;

	if (!mn)
		return -ENOMEM;
	mn->conf = c;
	mn->env = *env;
	mn->ready = ready;
	mn->ready_arg = arg;
	crypto_random(&mn->probe_id, sizeof(mn->probe_id));
	crypto_random(mn->probe_key, sizeof(mn->probe_key));
	rc = mn_alloc(mn);
	if (rc == 0)
		rc = mn_plan_base(c, &mn->base);
	if (rc == 0)
		rc = ndsock_listen(env->nd, mn_nd_rx, mn);
	if (rc == 0) {
		mn->base_busy = true;
		rc = kplan_switch(env->kern, &none, &mn->base, base_ready, mn);
	}
	if (rc < 0) {
		mn_free(mn);
		return rc;
	}
	*out = mn;
	return 0;
}

/* ---- stop ---- */

static void base_gone(void *arg, int rc)
{
	struct mn *mn = arg;

	mn->base_busy = false;
	kplan_free(&mn->base);
	mn->stopped(mn->stopped_arg, mn->rc ? mn->rc : rc);
}

static void base_drop(struct mn *mn)
{
	const struct kplan none = { 0 };
	int rc;

	mn->base_busy = true;
	rc = kplan_switch(mn->env.kern, &mn->base, &none, base_gone, mn);
	if (rc < 0)
		base_gone(mn, rc);
}

void mn_home_synced(struct mn_home *h, int rc)
{
	struct mn *mn = h->mn;

	if (!h->started && rc == 0) {
		h->started = true;
		all_started(mn);
	} else if (!h->started) {
		tell_ready(mn, rc);	/* it is tried on, should anybody wait */
	}
	if (!h->gone || h->finished)
		return;
	h->finished = true;
	if (!mn->stopping) {
		mn_home_retired(h);
		return;
	}
	if (rc < 0 && !mn->rc)
		mn->rc = rc;
	for (unsigned i = 0; i < mn->n_home; i++)
		if (!mn->home[i].finished)
			return;
	base_drop(mn);
}

void mn_stop(struct mn *mn, void (*done)(void *arg, int rc), void *arg)
{
	unsigned left = 0;

	mn->stopping = true;
	rtimer_stop(&mn->pending_timer);
	rtimer_stop(&mn->old_timer);
	mn->stopped = done;
	mn->stopped_arg = arg;
	if (mn->base_busy)		/* base_ready() comes back here */
		return;
	for (unsigned i = 0; i < mn->n_home; i++)
		left += !mn->home[i].finished;
	if (!left)
		base_drop(mn);
	for (unsigned i = 0; left && i < mn->n_home; i++)
		mn_leave(&mn->home[i]);
}

void mn_free(struct mn *mn)
{
	if (!mn)
		return;
	ndsock_unlisten(mn->env.nd, mn_nd_rx, mn);
	rtimer_stop(&mn->pending_timer);
	rtimer_stop(&mn->old_timer);
	ro_free(mn);
	for (unsigned i = 0; i < mn->n_home; i++) {
		struct mn_home *h = &mn->home[i];

		if (!h->mn)		/* not begun */
			break;
		mn_home_free(h);
	}
	kplan_free(&mn->base);
	kplan_free(&mn->base_next);
	free(mn->pace);
	free(mn->home);
	free(mn->foreign);
	free(mn->uplink);
	crypto_wipe(mn->probe_key, sizeof(mn->probe_key));
	free(mn);
}
