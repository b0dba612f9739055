/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/ro_priv.h - the pieces of a step with a peer, for ro.c (events, sending) and ro_ba.c
 * (Binding Acknowledgements). Nobody else includes it.
 *
 * Pure. Units as in ro.h.
 */
#ifndef MIP6_STORE_RO_PRIV_H
#define MIP6_STORE_RO_PRIV_H

#include <math.h>

#include "base/util.h"
#include "store/ro.h"

#define SLACK		1e-6	/* a timer may come this much early */
#define REFRESH_PART	0.9	/* of the lifetime, and of the home token's */
#define REFRESH_ROOM	15	/* initial timeouts: four retransmissions, 1 + 2 + 4 + 8 */
#define BACKOFF_MAX	3600.	/* seconds, of a pause */

/* What one call works with. */
struct step {
	struct ro *r;
	const struct ro_env *e;
	const struct ro_in *in;
	unsigned act;
	const char *why, *gone;
};

static inline void warn(struct step *x, const char *why)
{
	x->act |= RO_DO_WARN;
	x->why = x->r->why = why;
}

static inline void unbind(struct step *x, const char *gone)
{
	struct ro *r = x->r;

	if (IN6_IS_ADDR_UNSPECIFIED(&r->bound_coa))
		return;
	r->bound_coa = in6addr_any;
	r->expires = r->since = 0;
	r->lifetime = 0;
	x->act |= RO_DO_PLAN | RO_DO_TELL_REMOVE;
	x->gone = gone;
}

static inline void reset_test(struct ro_test *t)
{
	t->out = false;
	t->n = 0;
	t->due = 0;
}

/* Nothing is outstanding any more. */
static inline void reset(struct ro *r)
{
	reset_test(&r->home);
	reset_test(&r->care);
	r->awaited = false;
	r->about = 0;
	r->n_bu = 0;
	r->bu_due = 0;
}

/* 5.2.7: counted from the question, so never longer than the peer counts. */
static inline bool fresh(const struct step *x, const struct ro_test *t)
{
	return t->have && x->e->now < t->at + x->e->t->max_token_lifetime;
}

/* The peer has none of the others any more. */
static inline void forget_held(struct ro *r)
{
	for (unsigned i = 0; i < RO_OTHERS; i++)
		r->other[i].held = false;
}

/* And all begins anew. */
static inline void forget_others(struct ro *r)
{
	forget_held(r);
	for (unsigned i = 0; i < RO_OTHERS; i++)
		r->other[i].rest = false;
}

static inline void drop(struct step *x, const char *gone)
{
	unbind(x, gone);
	forget_others(x->r);
	reset(x->r);
	x->r->state = RO_IDLE;
	x->r->due = 0;
	x->act |= RO_DO_DROP;
}

static inline void hold(struct step *x)
{
	struct ro *r = x->r;

	unbind(x, "failed");
	forget_others(r);
	reset(r);
	r->backoff = r->backoff ? fmin(r->backoff * 2, BACKOFF_MAX) : x->e->t->ro_backoff;
	r->state = RO_HOLD;
	r->due = x->e->now + r->backoff;
	x->act |= RO_DO_PLAN;
}

static inline void begin(struct step *x, enum ro_state state)
{
	reset(x->r);
	x->r->state = state;
	x->r->due = 0;
	x->r->again = x->r->resync = 0;
}

/* The home registration lets messages go, and answers come. */
static inline bool registered(const struct step *x)
{
	return x->e->registered && x->e->where != RO_NOWHERE;
}

static inline bool may_be_bound(const struct step *x)
{
	return x->r->maybe_until > x->e->now;
}

static inline void delete_at_peer(struct step *x, enum ro_delete why)
{
	unbind(x, why == RO_DEL_HOME ? "home" : why == RO_DEL_STOP ? "stopped" : "failed");
	forget_others(x->r);
	begin(x, RO_DELETE);
	x->r->why_delete = why;
}

static inline void deleted(struct step *x)
{
	x->r->maybe_until = 0;
	if (x->r->why_delete == RO_DEL_FAILED)
		hold(x);
	else
		drop(x, NULL);
}

/* The peer says no, or cannot (11.3.5, 11.7.3): nothing more is sent to it for a while. */
static inline void refused(struct step *x, const char *why)
{
	struct ro *r = x->r;

	if (r->state == RO_DELETE) {
		deleted(x);
		return;
	}
	warn(x, why);			/* what it had before it may have still */
	hold(x);
}

/* ro.c */
/* When the next message of the kind may go to the peer (11.8); now: it is counted. Of what may go in
 * a second so many are left over: for the preferred path, should it be lost. */
double ro_may_send(const struct step *x, enum ro_msg m, unsigned spare);
void ro_asked(const struct step *x, struct ro_test *t, uint64_t cookie);
/* A Binding Update goes out that asks for that lifetime. */
void ro_count_bu(struct step *x, uint32_t asked);

/* ro_ba.c */
void ro_on_ba(struct step *x);

/* ro_others.c: BOUND, beside .coa */
void ro_run_others(struct step *x);
void ro_follow_others(struct step *x);
void ro_expire_others(struct step *x);
void ro_refresh_others(struct step *x, double old);	/* tokens from before then go */
bool ro_ask_other(struct ro *r, uint16_t bid, double now);	/* false: there is none */
void ro_other_ba(struct step *x);

#endif
