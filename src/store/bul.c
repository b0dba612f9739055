/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/bul.h"

#include <math.h>

#include "base/util.h"
#include "store/bul_priv.h"

#define PACE_FIRST	4.	/* seconds from one "forgotten" to the next while probes fail */
#define STOP_TRIES	2
#define LEAVE_TRIES	3	/* unanswered at home: used anyway, if nothing is bound and DAD says so */

void bul_init(struct bul *b, const struct home_conf *h, bool router, uint16_t seq)
{
	*b = (struct bul){ .state = BUL_IDLE, .first = true, .router = router, .seq = seq };
	b->set.overwrite = true;	/* RFC 5648 5.9 */
	b->set.primary = BUL_PATHS;
	bul_candidates(b, h, NULL, 0);
	b->ha = b->cand[0];
}

bool bul_hold(const struct bul *b, double now)
{
	return b->hold_until > now + SLACK;
}

void bul_path_ok(struct bul *b)
{
	b->pace = b->pace_until = 0;
}

void bul_sent(struct bul *b, uint16_t seq, double now)
{
	bul_sent_aside(b, seq, now);
	if (b->fresh) {
		b->first_seq = b->carry_on ? b->first_seq : seq;
		b->first_sent_at = now;
		b->fresh = b->carry_on = false;
	}
	if (waiting(b))
		b->due = now + b->timo;
}

void bul_sent_aside(struct bul *b, uint16_t seq, double now)
{
	b->seq = seq;
	b->sent_at = now;
}

void bul_held_back(struct bul *b, double until)
{
	if (waiting(b))
		b->due = fmax(b->due, until + b->timo);
}

bool bul_seq_ok(const struct bul *b, uint16_t seq)
{
	/* RFC 6275 11.1: modulo 2^16 */
	return waiting(b) && (!b->fresh || b->carry_on) &&
	       (uint16_t)(seq - b->first_seq) <= (uint16_t)(b->seq - b->first_seq);
}

/* ---- events ---- */

/* 11.8: each timeout is twice the one before, up to MAX_BINDACK_TIMEOUT; there the next home
 * agent is tried (11.7.1), or this one for ever. */
static void timed_out(struct step *x)
{
	struct bul *b = x->b;
	double max = x->t->max_bindack_timeout, timo = fmin(b->timo * 2, max);

	b->tries++;
	b->set.turn++;
	if (b->state == BUL_LEAVE && b->tries == LEAVE_TRIES && !b->alone) {
		left_alone(x);
		warn(x, b->bound_coa.family ?
		     "no answer from the home agent: nothing but the tunnel is used while the"
		     " binding lasts" :
		     "no answer from the home agent: the home link is used without it");
	}
	if (timo >= max && x->h->discover && b->state != BUL_LEAVE &&
	    ++b->ha_silent >= b->n_cand)
		x->act |= BUL_DO_DISCOVER;	/* nobody that we know answers (11.4.1) */
	if (timo >= max && b->timo < max) {
		warn(x, may_change_ha(x) ?
		     "no answer from the home agent: trying the next one" :
		     "no answer from the home agent: trying on at this rate");
		if (may_change_ha(x)) {
			next_ha(x);
			if (b->state == BUL_LEAVE)
				begin(x, BUL_LEAVE);
			else
				reregister(x);
			return;
		}
	}
	b->timo = timo;
	b->due = x->now + timo;
	x->act |= BUL_DO_SEND;
}

static void stop_timed_out(struct step *x)
{
	struct bul *b = x->b;

	if (b->stop_tries >= STOP_TRIES) {
		warn(x, "the de-registration was not answered");
		stopped(x);
		return;
	}
	b->stop_tries++;
	b->set.turn++;
	b->due = x->now + b->timo;
	x->act |= BUL_DO_SEND;
}

static void paths_due(struct step *x)
{
	struct bul *b = x->b;
	double next = bul_set_next(b);

	if (bul_set_unsaid(b, x->now))
		reregister(x);
	else
		b->due = isinf(next) ? 0 : next;
}

static void on_due(struct step *x)
{
	struct bul *b = x->b;

	switch (b->state) {
	case BUL_WAIT_BA:
	case BUL_REFRESH:
	case BUL_LEAVE:
		timed_out(x);
		break;
	case BUL_BOUND:
		if (bul_multi(b))
			paths_due(x);
		else
			begin(x, BUL_REFRESH);
		break;
	case BUL_BACKOFF:
		b->hard = false;
		if (x->h->discover) {	/* they all refused: are there others? */
			discover(x);
			break;
		}
		next_ha(x);
		reregister(x);
		break;
	case BUL_STOP:
		stop_timed_out(x);
		break;
	case BUL_IDLE:
	case BUL_HOME:
	case BUL_DISCOVER:
		b->due = 0;
		break;
	}
}

/* The set of paths has changed, or which of them live. What is outstanding tells what it tells: unless
 * that may never be answered, or what is lost meanwhile matters, the rest goes out behind it. */
static void on_paths(struct step *x)
{
	struct bul *b = x->b;

	x->act |= BUL_DO_PLAN;
	bul_set_pick(b);
	if (away(b->state)) {
		b->state = bul_here(b) ? BUL_REFRESH : BUL_WAIT_BA;
		if (!bul_set_unsaid(b, x->now) || (!b->set.urgent && !b->tries && !b->fresh))
			return;
	} else if (!bul_set_unsaid(b, x->now)) {
		return;
	}
	if (!bul_here(b))
		hold(x);
	b->set.turn = 0;
	reregister(x);
}

static void on_away(struct step *x)
{
	struct bul *b = x->b;

	if (b->state == BUL_STOP)
		return;
	b->set.stays = bul_home_path(b) < BUL_PATHS && (b->set.stays || bul_home_carries(b));
	if (bul_multi(b) && (away(b->state) || b->state == BUL_BOUND)) {
		on_paths(x);
		return;
	}
	if (bul_multi(b)) {
		bul_set_pick(b);
		bul_set_again(b, NULL, 0);
		b->set.turn = 0;
	}
	if ((b->state == BUL_BOUND || b->state == BUL_REFRESH) && bul_here(b))
		return;
	x->act |= BUL_DO_PLAN;
	b->alone = false;
	if (b->hard && x->now < b->retry_at) {
		b->state = BUL_BACKOFF;
		b->due = b->retry_at;
		return;
	}
	hold(x);
	if (b->n_cand)
		reregister(x);
	else
		discover(x);
}

static void on_home(struct step *x)
{
	struct bul *b = x->b;

	if (b->state == BUL_STOP)
		return;
	if (b->state == BUL_HOME) {		/* another uplink on the home link */
		x->act |= BUL_DO_PLAN | BUL_DO_DAD;
		return;
	}
	b->alone = false;
	if (!b->n_cand) {			/* so nobody has a binding of ours */
		at_home(x, false);
		return;
	}
	for (unsigned i = 0; i < BUL_PATHS; i++)
		b->set.stays |= b->set.path[i].held && b->set.path[i].held_home;
	back_to_bound_ha(x);
	hold(x);
	begin(x, BUL_LEAVE);
	bul_set_pick(b);			/* until the answer, another uplink may carry */
}

static void on_lost(struct step *x)
{
	struct bul *b = x->b;

	if (b->state == BUL_STOP) {
		stopped(x);
		return;
	}
	if (b->state != BUL_IDLE && b->state != BUL_BACKOFF)
		hold(x);
	b->state = BUL_IDLE;
	b->fresh = b->alone = b->set.stays = false;
	b->due = 0;
	x->act |= BUL_DO_PLAN;
}

static void on_stop(struct step *x)
{
	struct bul *b = x->b;

	if (b->state == BUL_STOP)
		return;
	if (b->state == BUL_IDLE || b->state == BUL_HOME ||
	    ((b->state == BUL_BACKOFF || b->state == BUL_DISCOVER) && !b->bound_coa.family)) {
		stopped(x);
		return;
	}
	back_to_bound_ha(x);
	b->stop_tries = 1;
	b->resync = 0;
	b->hold_until = 0;
	begin(x, BUL_STOP);
}

/* Probes or a Binding Error say that the binding is gone. Both can lie, or the path is broken for
 * another reason: each time that it did not help, the next try waits longer. */
static void on_forgotten(struct step *x)
{
	struct bul *b = x->b;

	if (b->state != BUL_BOUND || x->now < b->pace_until)
		return;
	b->pace = b->pace ? fmin(b->pace * 2, BACKOFF_MAX) : PACE_FIRST;
	b->pace_until = x->now + b->pace;
	b->first = true;
	b->set.overwrite = true;
	bul_set_again(b, NULL, 0);
	begin(x, BUL_REFRESH);
}

static void on_refresh_req(struct step *x)
{
	struct bul *b = x->b;

	if (b->state == BUL_BOUND) {
		if (!bul_set_unsaid(b, x->now))
			bul_set_again(b, NULL, 0);	/* else those that were named */
		reregister(x);
	} else if (b->state == BUL_BACKOFF) {
		b->hard = false;
		reregister(x);
	}
}

/* 11.3.5. ICMP is no proof, so each home agent is left only once for it. */
static void on_no_mh(struct step *x)
{
	struct bul *b = x->b;

	if (!waiting(b) || b->fresh || b->state == BUL_STOP)
		return;
	warn(x, "no Mobile IPv6 at the home agent's address (ICMP): is the daemon running there?");
	if (!may_change_ha(x) || b->ha_tried + 1 >= b->n_cand)
		return;
	b->ha_tried++;
	next_ha(x);
	if (b->state == BUL_LEAVE)
		begin(x, BUL_LEAVE);
	else
		reregister(x);
}

/* What was found is tried in its order (11.4.1); not again the one that did not answer just now. */
static void on_discovered(struct step *x)
{
	struct bul *b = x->b;
	bool known = b->n_cand && in6_eq(&b->cand[b->ha_index], &b->ha);

	if (!b->n_cand)
		return;			/* the question is asked again in a while */
	if (b->state == BUL_DISCOVER) {
		set_ha(x, 0);
		x->act |= BUL_DO_NEXT_HA;
		b->ha_tried = b->ha_silent = 0;
		hold(x);
		reregister(x);
		return;
	}
	if (b->state != BUL_WAIT_BA && b->state != BUL_REFRESH) {
		if (!known && !b->bound_coa.family)
			set_ha(x, 0);
		return;
	}
	if (known && b->n_cand == 1)
		return;
	b->ha_silent = 0;
	set_ha(x, known && b->ha_index == 0 ? 1 : 0);
	x->act |= BUL_DO_NEXT_HA | BUL_DO_PLAN;
	reregister(x);
}

/* The home agent that has the binding may be none of ours any more: then whoever calls has told it. */
static void change_ha(struct step *x)
{
	struct bul *b = x->b;

	if (b->bound_coa.family && !bul_is_candidate(b, &b->bound_ha))
		unbind(x, "reconfigured");
	if (bul_is_candidate(b, &b->ha) || !b->n_cand)
		return;
	set_ha(x, 0);
	b->ha_tried = b->ha_silent = 0;
	x->act |= BUL_DO_NEXT_HA | BUL_DO_PLAN;
}

/* What was sent before is waited for no more: the answer would be about what is not wanted now. */
static void on_reconf(struct step *x)
{
	struct bul *b = x->b;

	if (b->state == BUL_STOP)
		return;
	b->hard = b->type_fixed = false;
	b->resync = 0;
	b->set.n_plain = 0;
	b->set.no_home = in6addr_any;
	bul_set_again(b, NULL, 0);
	forget_sent(b);
	if (away(b->state) || b->state == BUL_BOUND)
		bul_set_pick(b);
	if (b->state == BUL_LEAVE && b->bound_coa.family) {
		begin(x, BUL_LEAVE);	/* only the one that has the binding can delete it */
		return;
	}
	change_ha(x);
	if (b->state == BUL_IDLE || b->state == BUL_HOME)
		return;
	if (b->state == BUL_LEAVE && b->n_cand) {
		begin(x, BUL_LEAVE);
	} else if (b->state == BUL_LEAVE) {
		at_home(x, false);
	} else if (!b->n_cand) {
		discover(x);
	} else {
		if (!bul_here(b))
			hold(x);
		reregister(x);
	}
}

static void on_timer(struct step *x)
{
	struct bul *b = x->b;

	if (b->hold_until && x->now + SLACK >= b->hold_until) {
		b->hold_until = 0;
		x->act |= BUL_DO_PLAN;
	}
	if (bul_set_tick(b, x->now) && bul_multi(b))
		x->act |= BUL_DO_PLAN;
	if (b->due && x->now + SLACK >= b->due)
		on_due(x);
}

/* 11.1: at zero the entry is deleted; what remains is the wish to register. */
static void expire(struct step *x)
{
	struct bul *b = x->b;

	if (bul_set_expire(b, x->now) && x->now + SLACK < b->expires) {
		x->act |= BUL_DO_TELL_REMOVE | BUL_DO_PLAN;
		x->gone = "expired";
		if (away(b->state) || b->state == BUL_BOUND)
			on_paths(x);
	}
	if (!b->bound_coa.family || x->now + SLACK < b->expires)
		return;
	unbind(x, "expired");
	if (bul_home_path(b) < BUL_PATHS)
		b->set.no_home = b->ha;		/* silent: the home link may do without it */
	if (away(b->state) || b->state == BUL_BOUND)
		bul_set_pick(b);
	if (b->state == BUL_BOUND)
		begin(x, BUL_WAIT_BA);
	else if (b->state == BUL_REFRESH)
		b->state = BUL_WAIT_BA;
	else if (b->state == BUL_LEAVE) {
		bool alone = b->alone;

		/* now another home agent may be asked, when this one has been silent long enough */
		begin(x, BUL_LEAVE);
		if (alone)
			left_alone(x);
	}
}

struct bul_step bul_step(struct bul *b, enum bul_ev ev, const struct home_conf *h,
			 const struct timers *t, const struct bul_ba *ba, double now)
{
	struct step x = { .b = b, .h = h, .t = t, .ba = ba, .now = now };

	expire(&x);
	switch (ev) {
	case BUL_EV_AWAY:
		on_away(&x);
		break;
	case BUL_EV_AT_HOME:
		on_home(&x);
		break;
	case BUL_EV_LOST:
		on_lost(&x);
		break;
	case BUL_EV_TIMER:
		on_timer(&x);
		break;
	case BUL_EV_BA:
		bul_on_ba(&x);
		break;
	case BUL_EV_FORGOTTEN:
		on_forgotten(&x);
		break;
	case BUL_EV_NO_MH:
		on_no_mh(&x);
		break;
	case BUL_EV_REFRESH_REQ:
		on_refresh_req(&x);
		break;
	case BUL_EV_STOP:
		on_stop(&x);
		break;
	case BUL_EV_RECONF:
		on_reconf(&x);
		break;
	case BUL_EV_DISCOVERED:
		on_discovered(&x);
		break;
	}
	return (struct bul_step){ b->state, x.act, bul_timer(b), x.why, x.gone };
}
