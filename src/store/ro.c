/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/ro_priv.h"
#include "wire/mh.h"

#define PACE_FIRST	1.	/* seconds from one "lost binding" to the next that is believed */
#define PACE_MAX	64.
#define BRR_PAUSE	10.	/* seconds: refresh requests are anybody's */

void ro_init(struct ro *r, uint16_t seq)
{
	*r = (struct ro){ .seq = seq, .overwrite = true };
}

/* 5.2.9: back to the tunnel; but first what the peer may still hold is deleted, if that is to be
 * had: it leads to an address that does not work, or that we left. */
static void failed(struct step *x, const char *why)
{
	struct ro *r = x->r;

	if (r->state == RO_DELETE) {
		deleted(x);
		return;
	}
	warn(x, why);
	if (may_be_bound(x) && fresh(x, &r->home) && registered(x))
		delete_at_peer(x, RO_DEL_FAILED);
	else
		hold(x);
}

/* ---- sending ---- */

double ro_may_send(const struct step *x, enum ro_msg m, unsigned spare)
{
	double *sent = x->e->pace->sent[m];
	unsigned rate = MIN(x->e->t->max_update_rate, (unsigned)BUL_RECENT);
	double at = bul_rate(sent, BUL_RECENT, rate > spare ? rate - spare : 1, x->e->now);

	if (at > x->e->now)
		return at;
	for (unsigned i = BUL_RECENT - 1; i > 0; i--)
		sent[i] = sent[i - 1];
	sent[0] = x->e->now;
	return at;
}

static double back_off(const struct step *x, double timo, unsigned n)
{
	return n ? fmin(timo * 2, x->e->t->max_bindack_timeout) :
		   x->e->t->initial_bindack_timeout;
}

void ro_asked(const struct step *x, struct ro_test *t, uint64_t cookie)
{
	t->timo = back_off(x, t->timo, t->n);
	t->due = x->e->now + t->timo;
	t->n++;
	t->out = true;
	t->cookie = cookie;
	t->sent_at = x->e->now;
}

/* True: the token is there. False: it was asked for, or it cannot be now. */
static bool test_run(struct step *x, enum ro_msg m, bool allowed)
{
	struct ro_test *t = m == RO_HOTI ? &x->r->home : &x->r->care;
	double at;

	if (fresh(x, t))
		return true;
	t->have = false;
	if (!allowed) {
		reset_test(t);
		return false;
	}
	if (t->out && x->e->now + SLACK < t->due)
		return false;
	if (t->out && t->n > x->e->t->max_ro_failure) {
		failed(x, m == RO_HOTI ? "no answer to Home Test Init" :
					 "no answer to Care-of Test Init");
		return false;
	}
	at = ro_may_send(x, m, 0);
	t->due = at;
	if (at > x->e->now)
		return false;
	ro_asked(x, t, x->e->cookie[m]);
	x->act |= m == RO_HOTI ? RO_DO_HOTI : RO_DO_COTI;
	return false;
}

void ro_count_bu(struct step *x, uint32_t asked)
{
	struct ro *r = x->r;

	r->timo = back_off(x, r->timo, r->n_bu);
	r->bu_due = x->e->now + r->timo;
	r->n_bu++;
	r->seq++;
	r->asked = asked;
	r->last_sent_at = x->e->now;
	if (!r->awaited) {
		r->first_seq = r->seq;
		r->first_sent_at = x->e->now;
		r->before_until = r->maybe_until;
		r->awaited = true;
	}
	if (asked)
		r->maybe_until = fmax(r->maybe_until, x->e->now + asked);
	x->act |= RO_DO_BU;
}

static void send_bu(struct step *x)
{
	struct ro *r = x->r;
	bool del = r->state == RO_DELETE;
	uint32_t asked = del ? 0 : ro_lifetime(x->e);
	double at;

	if (r->awaited && x->e->now + SLACK < r->bu_due)
		return;
	if (r->awaited && r->n_bu > x->e->t->max_ro_failure) {
		failed(x, "no answer to Binding Update");
		return;
	}
	if (!del && !asked) {		/* the home registration is being renewed */
		r->bu_due = 0;
		return;
	}
	at = ro_may_send(x, RO_BU, 0);
	r->bu_due = at;
	if (at > x->e->now)
		return;
	ro_count_bu(x, asked);
	if (del)
		return;
	r->state = RO_WAIT_BA;
	if (!in6_eq(&r->bound_coa, &r->coa))	/* what the peer has now is not known */
		unbind(x, "moved");
}

/* Whatever the state still lacks and can have. */
static void advance(struct step *x)
{
	const struct ro_env *e = x->e;
	struct ro *r = x->r;
	bool home, care, reg = registered(x);

	if (!reg)		/* what waits for that has no time */
		r->bu_due = 0;
	if (r->state == RO_WAIT_BA && e->now + SLACK >= r->bu_due &&
	    !(fresh(x, &r->home) && fresh(x, &r->care))) {
		r->state = RO_TEST;
		r->awaited = false;
	}
	switch (r->state) {
	case RO_TEST:
		if (r->due && e->now + SLACK < r->due)	/* paced */
			return;
		r->due = 0;
		home = test_run(x, RO_HOTI, e->where == RO_AWAY && reg);
		care = r->state == RO_TEST &&
		       test_run(x, RO_COTI, e->where == RO_AWAY && e->told && !e->no_home);
		if (home && care && reg)
			send_bu(x);
		break;
	case RO_WAIT_BA:
		if (reg)
			send_bu(x);
		break;
	case RO_DELETE:
		if (test_run(x, RO_HOTI, reg) && reg)
			send_bu(x);
		break;
	case RO_BOUND:
		ro_run_others(x);
		break;
	case RO_IDLE:
	case RO_HOLD:
		break;
	}
}

/* ---- events ---- */

static void on_moved(struct step *x)
{
	struct ro *r = x->r;

	reset(r);
	if (r->state == RO_TEST || r->state == RO_WAIT_BA || r->state == RO_BOUND)
		begin(x, RO_TEST);	/* at once: a pace is for lies, not for movements */
	else if ((r->state == RO_HOLD || r->state == RO_IDLE) && may_be_bound(x))
		delete_at_peer(x, RO_DEL_FAILED);
}

static void on_follow(struct step *x)
{
	struct ro *r = x->r;
	bool had = ro_is_bound(r), moved = !in6_eq(&r->coa, &x->e->coa);

	if (x->e->where == RO_AWAY && x->e->no_home) {
		unbind(x, "home registration gone");
		forget_others(r);
	}
	switch (x->e->where) {
	case RO_NOWHERE:
		if (r->state == RO_WAIT_BA)
			r->state = RO_TEST;
		if (r->state != RO_HOLD && r->state != RO_IDLE)
			reset(r);
		x->act |= RO_DO_PLAN;
		break;
	case RO_AWAY:
		if (r->state == RO_DELETE && r->why_delete == RO_DEL_HOME)
			begin(x, RO_TEST);
		if (!IN6_IS_ADDR_UNSPECIFIED(&r->bound_coa))
			x->act |= RO_DO_PLAN;	/* moved, or back where it is bound */
		ro_follow_others(x);
		if (moved)
			on_moved(x);
		else if (x->e->no_home && had && r->state != RO_DELETE)
			begin(x, RO_TEST);	/* as soon as there is one again */
		else if (ro_outlasts(r, x->e))
			begin(x, RO_TEST);	/* at once, and not for so long */
		break;
	case RO_HOME:
		if (r->state != RO_DELETE && may_be_bound(x))
			delete_at_peer(x, RO_DEL_HOME);
		else if (r->state != RO_DELETE && r->state != RO_HOLD)
			drop(x, "home");
		break;
	}
}

static void on_token(struct step *x, struct ro_test *t)
{
	reset_test(t);
	t->have = true;
	t->token = x->in->token;
	t->index = x->in->index;
	t->at = t->sent_at;
}

/* Tokens that will not last are got anew; the binding stays in use meanwhile. */
static void refresh(struct step *x)
{
	struct ro *r = x->r;
	double old = x->e->now - x->e->t->max_token_lifetime / 2;

	begin(x, RO_TEST);
	r->home.have &= r->home.at > old;
	r->care.have &= r->care.at > old;
	ro_refresh_others(x, old);
}

static void on_unused(struct step *x)
{
	struct ro *r = x->r;
	double last = r->expires - REFRESH_ROOM * x->e->t->initial_bindack_timeout;

	if (r->state == RO_BOUND)
		r->due = last > x->e->now + SLACK ? last : 0;
}

/* 11.3.6, 5.2.9. Anybody can say it. Data take the tunnel at once, so nothing is lost if it is
 * true; if it is not, that costs a few messages, less and less often. */
static void on_lost_binding(struct step *x)
{
	struct ro *r = x->r;
	double now = x->e->now;

	if (!ro_carries(r, x->e))
		return;
	unbind(x, "lost by the peer");	/* or not: .maybe_until stays */
	forget_others(r);
	r->home.have = r->care.have = false;
	begin(x, RO_TEST);
	if (now >= r->pace_until + PACE_MAX)
		r->pace = 0;
	r->due = now < r->pace_until ? r->pace_until : 0;
	r->pace = r->pace ? fmin(r->pace * 2, PACE_MAX) : PACE_FIRST;
	r->pace_until = fmax(now, r->pace_until) + r->pace;
}

static void on_stop(struct step *x)
{
	struct ro *r = x->r;

	if (r->state == RO_DELETE)
		r->why_delete = RO_DEL_STOP;
	else if (may_be_bound(x))
		delete_at_peer(x, RO_DEL_STOP);
	else
		drop(x, "stopped");
}

/* RFC 5648 5.8: an update at least for the paths that it names. */
static void on_refresh_req(struct step *x)
{
	struct ro *r = x->r;

	bool all = !x->in || !x->in->n_bid, mine = all, others = false;

	if (r->state != RO_BOUND || x->e->now < r->brr_until)
		return;
	for (unsigned i = 0; !all && i < x->in->n_bid; i++) {
		mine |= x->in->bid[i] == r->bid;
		others |= ro_ask_other(r, x->in->bid[i], x->e->now);
	}
	if (mine || others)
		r->brr_until = x->e->now + BRR_PAUSE;
	if (mine)
		x->act |= RO_DO_ASK_USE;
}

static void on_due(struct step *x)
{
	struct ro *r = x->r;

	if (!r->due || x->e->now + SLACK < r->due)
		return;
	switch (r->state) {
	case RO_BOUND:
		r->due = 0;
		x->act |= RO_DO_ASK_USE;
		break;
	case RO_HOLD:			/* the next packet may try; what it was is remembered */
		r->state = RO_IDLE;
		r->due = x->e->now + r->backoff;
		break;
	case RO_IDLE:
		drop(x, NULL);
		break;
	case RO_TEST:
	case RO_WAIT_BA:
	case RO_DELETE:
		break;
	}
}

/* 11.1: at zero the entry is deleted, unless it is being renewed. */
static void expire(struct step *x)
{
	struct ro *r = x->r;

	if (!IN6_IS_ADDR_UNSPECIFIED(&r->bound_coa) && x->e->now + SLACK >= r->expires) {
		unbind(x, "expired");
		if (r->state == RO_BOUND)
			drop(x, NULL);
	}
	ro_expire_others(x);
	if (r->state == RO_DELETE && !may_be_bound(x))
		deleted(x);
}

static void on_event(struct step *x, enum ro_ev ev)
{
	struct ro *r = x->r;

	switch (ev) {
	case RO_EV_HINT:
		if (r->state == RO_IDLE && x->e->where == RO_AWAY) {
			begin(x, RO_TEST);
			ro_follow_others(x);
			r->care.have = false;
		}
		break;
	case RO_EV_FOLLOW:
		on_follow(x);
		break;
	case RO_EV_TIMER:
		on_due(x);
		break;
	case RO_EV_HOT:
		on_token(x, &r->home);
		break;
	case RO_EV_COT:
		on_token(x, &r->care);
		break;
	case RO_EV_COT_OTHER:
		on_token(x, &r->other[x->in->other].care);
		break;
	case RO_EV_BA:
		ro_on_ba(x);
		break;
	case RO_EV_USED:
		if (r->state == RO_BOUND)
			refresh(x);
		break;
	case RO_EV_UNUSED:
		on_unused(x);
		break;
	case RO_EV_LOST_BINDING:
		on_lost_binding(x);
		break;
	case RO_EV_NO_MH:
		/* one that answered our tests, or has a binding, does: somebody lies */
		if ((r->home.out || r->care.out || r->awaited) && !may_be_bound(x))
			refused(x, "the peer does not speak Mobile IPv6");
		break;
	case RO_EV_REFRESH_REQ:
		on_refresh_req(x);
		break;
	case RO_EV_STOP:
		on_stop(x);
		break;
	}
}

struct ro_step ro_step(struct ro *r, enum ro_ev ev, const struct ro_env *e,
		       const struct ro_in *in)
{
	struct step x = { .r = r, .e = e, .in = in };
	enum ro_state was;

	expire(&x);
	on_event(&x, ev);
	do {				/* what failed may leave something to delete */
		was = r->state;
		advance(&x);
	} while (r->state != was && r->state == RO_DELETE);
	return (struct ro_step){ x.act, x.why, x.gone };
}
