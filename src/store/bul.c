/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/bul.h"

#include <math.h>

#include "base/util.h"
#include "store/bul_refusal.h"

#define BACKOFF_MAX	600.	/* seconds, between rounds through all home agents */
#define PACE_FIRST	4.	/* seconds from one "forgotten" to the next while probes fail */
#define RESYNC_MAX	3	/* 135, 144, 145 answered at once, in a row */
#define STOP_TRIES	2
#define LEAVE_TRIES	3	/* unanswered at home: used anyway, if nothing is bound and DAD says so */
#define REFRESH_PART	0.9	/* of the lifetime */
#define REFRESH_ROOM	15	/* initial timeouts: four retransmissions, 1 + 2 + 4 + 8 */
#define SLACK		1e-6	/* a timer may come this much early */

/* What one call works with. */
struct step {
	struct bul *b;
	const struct home_conf *h;
	const struct timers *t;
	const struct bul_ba *ba;
	double now;
	unsigned act;
	const char *why, *gone;
};

void bul_init(struct bul *b, const struct home_conf *h, bool router, uint16_t seq)
{
	*b = (struct bul){ .state = BUL_IDLE, .first = true, .router = router, .seq = seq };
	b->ha = h->home_agents[0];
}

bool bul_hold(const struct bul *b, double now)
{
	return b->hold_until > now + SLACK;
}

void bul_path_ok(struct bul *b)
{
	b->pace = b->pace_until = 0;
}

static bool waiting(const struct bul *b)
{
	return b->state == BUL_WAIT_BA || b->state == BUL_REFRESH || b->state == BUL_LEAVE ||
	       b->state == BUL_STOP;
}

void bul_sent(struct bul *b, uint16_t seq, double now)
{
	bul_sent_aside(b, seq, now);
	if (b->fresh) {
		b->first_seq = seq;
		b->first_sent_at = now;
		b->fresh = false;
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
	return waiting(b) && !b->fresh &&
	       (uint16_t)(seq - b->first_seq) <= (uint16_t)(b->seq - b->first_seq);
}

/* ---- pieces ---- */

/* A new exchange: sequence numbers from here on count as its own (11.7.3, 11.8). */
static void begin(struct step *x, enum bul_state state)
{
	struct bul *b = x->b;

	b->state = state;
	b->fresh = true;
	b->tries = 0;
	/* without a binding the home agent does Duplicate Address Detection first; so does one
	 * that forgot us */
	b->timo = b->first && (state == BUL_WAIT_BA || state == BUL_REFRESH) ?
		  x->t->initial_bindack_timeout_first : x->t->initial_bindack_timeout;
	b->due = x->now + b->timo;
	x->act |= BUL_DO_SEND;
}

static void hold(struct step *x)
{
	x->b->hold_until = x->now + x->t->max_bindack_timeout;
	x->act |= BUL_DO_PLAN;
}

static void unbind(struct step *x, const char *gone)
{
	struct bul *b = x->b;

	b->first = true;
	if (!b->bound_coa.family)
		return;
	b->bound_coa = (struct locator){ 0 };
	b->expires = 0;
	b->lifetime = 0;
	x->act |= BUL_DO_TELL_REMOVE | BUL_DO_PLAN;
	x->gone = gone;
}

static void set_ha(struct step *x, unsigned index)
{
	struct bul *b = x->b;

	b->ha_index = index;
	b->ha = x->h->home_agents[index];
	b->first = !(b->bound_coa.family && in6_eq(&b->bound_ha, &b->ha));
}

static void next_ha(struct step *x)
{
	if (x->h->n_ha < 2)
		return;
	set_ha(x, (x->b->ha_index + 1) % (unsigned)x->h->n_ha);
	x->act |= BUL_DO_NEXT_HA | BUL_DO_PLAN;
}

/* The home agent that has the binding is the one to tell that it ends. */
static void back_to_bound_ha(struct step *x)
{
	struct bul *b = x->b;

	for (unsigned i = 0; b->bound_coa.family && i < x->h->n_ha; i++)
		if (in6_eq(&x->h->home_agents[i], &b->bound_ha))
			set_ha(x, i);
}

/* Another home agent may be asked instead. In LEAVE only the one that has the binding can delete
 * it; no other one's word says that it is gone. */
static bool may_change_ha(const struct step *x)
{
	return x->h->n_ha > 1 && !(x->b->state == BUL_LEAVE && x->b->bound_coa.family);
}

static void warn(struct step *x, const char *why)
{
	x->act |= BUL_DO_WARN;
	x->why = why;
}

static double backoff(struct step *x)
{
	struct bul *b = x->b;

	b->backoff = b->backoff ? fmin(b->backoff * 2, BACKOFF_MAX) : x->t->ha_backoff;
	return x->now + b->backoff;
}

/* Registers at b->coa: anew, or once more where the home agent has us already. */
static void reregister(struct step *x)
{
	begin(x, bul_here(x->b) ? BUL_REFRESH : BUL_WAIT_BA);
}

/* RFC 3963 5.4: another home agent, and if no one is left, a pause; never for good. */
static void refused(struct step *x, const struct bul_refusal *r)
{
	struct bul *b = x->b;

	warn(x, r->why);
	if (!r->keep)
		unbind(x, "refused");
	b->resync = 0;
	if (++b->ha_tried < x->h->n_ha) {
		next_ha(x);
		begin(x, BUL_WAIT_BA);
		return;
	}
	b->ha_tried = 0;
	b->type_fixed = false;
	b->state = BUL_BACKOFF;
	b->hard = r->hard;
	b->due = b->retry_at = backoff(x);
	b->hold_until = 0;
	x->act |= BUL_DO_PLAN;
}

/* ---- events ---- */

static void stopped(struct step *x)
{
	struct bul *b = x->b;

	unbind(x, "stopped");
	b->state = BUL_IDLE;
	b->coa = (struct locator){ 0 };
	b->due = b->hold_until = 0;
	b->fresh = false;
	x->act |= BUL_DO_STOPPED | BUL_DO_PLAN;
}

/* defended: by the home agent, until now. RFC 6275 11.5.5: then it was ours all the time, and
 * asking might still meet the home agent; otherwise somebody may have taken the address. */
static void at_home(struct step *x, bool defended)
{
	struct bul *b = x->b;

	unbind(x, "home");
	b->state = BUL_HOME;
	b->due = b->hold_until = 0;
	b->alone = false;
	b->resync = b->ha_tried = 0;
	b->backoff = 0;
	b->hard = false;
	bul_path_ok(b);
	x->act |= BUL_DO_PLAN | (defended ? BUL_DO_NA : BUL_DO_DAD);
}

/* At home and no use of the home agent: see bul_home_carries(). */
static void left_alone(struct step *x)
{
	x->b->alone = true;
	x->act |= BUL_DO_PLAN | (x->b->bound_coa.family ? 0 : BUL_DO_DAD);
}

static void accepted(struct step *x)
{
	struct bul *b = x->b;
	const struct bul_ba *ba = x->ba;
	double from = ba->sent_at ? ba->sent_at : b->sent_at, after;
	uint32_t granted = MIN(ba->lifetime, bul_lifetime(x->h));

	if (b->router && !(ba->flags & BA_R)) {
		x->act |= BUL_DO_DEREG_WRONG;
		refused(x, &bul_refusal_no_r);
		return;
	}
	if (!granted) {
		refused(x, &bul_refusal_zero);
		return;
	}
	/* 11.7.3: max(L_remain - (L_update - L_ack), 0), counted from the transmission */
	b->expires = from + granted;
	after = fmin(REFRESH_PART * granted,
		     granted - REFRESH_ROOM * x->t->initial_bindack_timeout);
	after = fmax(after, granted / 2.);
	if (ba->refresh_advice)
		after = fmin(after, ba->refresh_advice);
	b->refresh_at = b->due = from + after;
	b->state = BUL_BOUND;
	b->bound_coa = b->coa;
	b->bound_ha = b->ha;
	b->lifetime = granted;
	b->first = b->type_fixed = b->hard = false;
	b->ha_tried = b->resync = 0;
	b->backoff = b->retry_at = b->hold_until = 0;
	x->act |= BUL_DO_PLAN | BUL_DO_TELL_ADD;
	if (ba->status == BA_PREFIX_DISCOVERY)
		x->why = "accepted, the home agent asks for prefix discovery";
}

/* 135: from the number given; 144, 145: the role has put its timestamp right. At once, but not
 * for ever. */
static bool resynced(struct step *x)
{
	struct bul *b = x->b;
	uint8_t s = x->ba->status;

	if (s != BA_SEQUENCE && s != BA_ID_MISMATCH && s != BA_MESG_ID_REQUIRED)
		return false;
	if (s == BA_SEQUENCE)
		b->seq = x->ba->seq;
	if (++b->resync > RESYNC_MAX)
		return false;
	begin(x, b->state);
	return true;
}

static void ba_away(struct step *x)
{
	struct bul *b = x->b;
	uint8_t s = x->ba->status;

	if (s < BA_UNSPECIFIED) {
		accepted(x);
	} else if (resynced(x)) {
		return;
	} else if (s == BA_TYPE_CHANGE && !b->type_fixed) {
		/* the R flag of a de-registration does not matter (RFC 3963 6.2) */
		b->type_fixed = true;
		x->act |= BUL_DO_DEREG_WRONG;
		unbind(x, "refused");
		begin(x, BUL_WAIT_BA);
	} else {
		refused(x, bul_refusal_of(s));
	}
}

static void ba_leave(struct step *x)
{
	struct bul *b = x->b;
	uint8_t s = x->ba->status;

	bool bound_elsewhere = b->bound_coa.family && !in6_eq(&b->ha, &b->bound_ha);

	/* 133: there was no binding, which is what we want */
	if (s < BA_UNSPECIFIED || (s == BA_NOT_HA && !bound_elsewhere)) {
		at_home(x, s < BA_UNSPECIFIED);
	} else if (!resynced(x)) {
		warn(x, bul_refusal_of(s)->why);
		b->resync = 0;
		b->fresh = true;
		b->due = backoff(x);
		left_alone(x);
	}
}

static void on_ba(struct step *x)
{
	struct bul *b = x->b;

	if (!waiting(b) || b->fresh)
		return;
	if (b->state == BUL_LEAVE)
		ba_leave(x);
	else if (b->state != BUL_STOP)
		ba_away(x);
	else if (!resynced(x))
		stopped(x);
}

/* 11.8: each timeout is twice the one before, up to MAX_BINDACK_TIMEOUT; there the next home
 * agent is tried (11.7.1), or this one for ever. */
static void timed_out(struct step *x)
{
	struct bul *b = x->b;
	double max = x->t->max_bindack_timeout, timo = fmin(b->timo * 2, max);

	b->tries++;
	if (b->state == BUL_LEAVE && b->tries == LEAVE_TRIES && !b->alone) {
		left_alone(x);
		warn(x, b->bound_coa.family ?
		     "no answer from the home agent: nothing but the tunnel is used while the"
		     " binding lasts" :
		     "no answer from the home agent: the home link is used without it");
	}
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
	b->due = x->now + b->timo;
	x->act |= BUL_DO_SEND;
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
		begin(x, BUL_REFRESH);
		break;
	case BUL_BACKOFF:
		b->hard = false;
		next_ha(x);
		reregister(x);
		break;
	case BUL_STOP:
		stop_timed_out(x);
		break;
	case BUL_IDLE:
	case BUL_HOME:
		b->due = 0;
		break;
	}
}

static void on_away(struct step *x)
{
	struct bul *b = x->b;

	if (b->state == BUL_STOP)
		return;
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
	reregister(x);
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
	back_to_bound_ha(x);
	hold(x);
	begin(x, BUL_LEAVE);
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
	b->fresh = b->alone = false;
	b->due = 0;
	x->act |= BUL_DO_PLAN;
}

static void on_stop(struct step *x)
{
	struct bul *b = x->b;

	if (b->state == BUL_STOP)
		return;
	if (b->state == BUL_IDLE || b->state == BUL_HOME ||
	    (b->state == BUL_BACKOFF && !b->bound_coa.family)) {
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
	begin(x, BUL_REFRESH);
}

static void on_refresh_req(struct step *x)
{
	struct bul *b = x->b;

	if (b->state == BUL_BOUND) {
		begin(x, BUL_REFRESH);
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
	if (!may_change_ha(x) || b->ha_tried + 1 >= x->h->n_ha)
		return;
	b->ha_tried++;
	next_ha(x);
	if (b->state == BUL_LEAVE)
		begin(x, BUL_LEAVE);
	else
		reregister(x);
}

static void on_timer(struct step *x)
{
	struct bul *b = x->b;

	if (b->hold_until && x->now + SLACK >= b->hold_until) {
		b->hold_until = 0;
		x->act |= BUL_DO_PLAN;
	}
	if (b->due && x->now + SLACK >= b->due)
		on_due(x);
}

/* 11.1: at zero the entry is deleted; what remains is the wish to register. */
static void expire(struct step *x)
{
	struct bul *b = x->b;

	if (!b->bound_coa.family || x->now + SLACK < b->expires)
		return;
	unbind(x, "expired");
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
		on_ba(&x);
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
	}
	return (struct bul_step){ b->state, x.act, bul_timer(b), x.why, x.gone };
}
