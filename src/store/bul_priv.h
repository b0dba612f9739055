/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/bul_priv.h - the pieces of a step of the state machine, for bul.c (events),
 * bul_ba.c (Binding Acknowledgements), bul_set.c and bul_set_ba.c (the same with BIDs).
 * Nobody else includes it.
 *
 * Pure. Units as in bul.h.
 */
#ifndef MIP6_STORE_BUL_PRIV_H
#define MIP6_STORE_BUL_PRIV_H

#include <math.h>

#include "store/bul.h"
#include "store/bul_refusal.h"

#define BACKOFF_MAX	600.	/* seconds, between rounds through all home agents */
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

static inline bool waiting(const struct bul *b)
{
	return b->state == BUL_WAIT_BA || b->state == BUL_REFRESH || b->state == BUL_LEAVE ||
	       b->state == BUL_STOP;
}

/* Answers to what was sent before count no more. */
static inline void forget_sent(struct bul *b)
{
	b->fresh = true;
	b->carry_on = false;
}

static inline bool away(enum bul_state s)
{
	return s == BUL_WAIT_BA || s == BUL_REFRESH;
}

/* A new exchange: sequence numbers from here on count as its own (11.7.3, 11.8). With BIDs what was
 * sent before is about the same, and its answers are as good. */
static inline void begin(struct step *x, enum bul_state state)
{
	struct bul *b = x->b;
	bool goes_on = waiting(b) && (!b->fresh || b->carry_on) && bul_multi(b) && away(b->state) &&
		       away(state) && !(x->act & (BUL_DO_NEXT_HA | BUL_DO_DEREG_WRONG));

	b->state = state;
	b->fresh = true;
	b->carry_on = goes_on;
	b->set.urgent = false;
	b->tries = 0;
	/* without a binding the home agent does Duplicate Address Detection first; so does one
	 * that forgot us */
	b->timo = b->first && (state == BUL_WAIT_BA || state == BUL_REFRESH) ?
		  x->t->initial_bindack_timeout_first : x->t->initial_bindack_timeout;
	b->due = x->now + b->timo;
	x->act |= BUL_DO_SEND;
}

static inline void hold(struct step *x)
{
	x->b->hold_until = x->now + x->t->max_bindack_timeout;
	x->act |= BUL_DO_PLAN;
}

/* bul_set_ba.c */
void bul_set_clear(struct bul *b, const char *why);

static inline void unbind(struct step *x, const char *gone)
{
	struct bul *b = x->b;

	b->first = true;
	bul_set_clear(b, gone);
	if (!b->bound_coa.family)
		return;
	b->bound_coa = (struct locator){ 0 };
	b->expires = 0;
	b->lifetime = 0;
	x->act |= BUL_DO_TELL_REMOVE | BUL_DO_PLAN;
	x->gone = gone;
}

static inline void set_ha(struct step *x, unsigned index)
{
	struct bul *b = x->b;

	b->ha_index = index;
	b->ha = b->cand[index];
	b->first = !(b->bound_coa.family && in6_eq(&b->bound_ha, &b->ha));
}

static inline void next_ha(struct step *x)
{
	if (x->b->n_cand < 2)
		return;
	set_ha(x, (x->b->ha_index + 1) % x->b->n_cand);
	x->act |= BUL_DO_NEXT_HA | BUL_DO_PLAN;
}

/* The home agent that has the binding is the one to tell that it ends. */
static inline void back_to_bound_ha(struct step *x)
{
	struct bul *b = x->b;

	for (unsigned i = 0; b->bound_coa.family && i < b->n_cand; i++)
		if (in6_eq(&b->cand[i], &b->bound_ha))
			set_ha(x, i);
}

/* Another home agent may be asked instead. In LEAVE only the one that has the binding can delete
 * it; no other one's word says that it is gone. */
static inline bool may_change_ha(const struct step *x)
{
	return x->b->n_cand > 1 && !(x->b->state == BUL_LEAVE && x->b->bound_coa.family);
}

static inline void warn(struct step *x, const char *why)
{
	x->act |= BUL_DO_WARN;
	x->why = why;
}

static inline double backoff(struct step *x)
{
	struct bul *b = x->b;

	b->backoff = b->backoff ? fmin(b->backoff * 2, BACKOFF_MAX) : x->t->ha_backoff;
	return x->now + b->backoff;
}

/* Registers at b->coa: anew, or once more where the home agent has us already. */
static inline void reregister(struct step *x)
{
	begin(x, bul_here(x->b) ? BUL_REFRESH : BUL_WAIT_BA);
}

/* Nobody to register with. */
static inline void discover(struct step *x)
{
	struct bul *b = x->b;

	b->state = BUL_DISCOVER;
	b->fresh = false;
	b->due = 0;
	x->act |= BUL_DO_DISCOVER | BUL_DO_PLAN;
}

static inline void stopped(struct step *x)
{
	struct bul *b = x->b;

	unbind(x, "stopped");
	b->set.overwrite = true;	/* 5.9: what is there when we come back, nobody knows */
	b->state = BUL_IDLE;
	b->coa = (struct locator){ 0 };
	b->due = b->hold_until = 0;
	b->fresh = b->set.stays = false;
	x->act |= BUL_DO_STOPPED | BUL_DO_PLAN;
}

/* defended: by the home agent, until now. RFC 6275 11.5.5: then it was ours all the time, and
 * asking might still meet the home agent; otherwise somebody may have taken the address. */
static inline void at_home(struct step *x, bool defended)
{
	struct bul *b = x->b;

	unbind(x, "home");
	b->state = BUL_HOME;
	b->due = b->hold_until = 0;
	b->alone = b->set.stays = false;
	b->resync = b->ha_tried = 0;
	b->backoff = 0;
	b->hard = false;
	bul_path_ok(b);
	x->act |= BUL_DO_PLAN | (defended ? BUL_DO_NA : BUL_DO_DAD);
}

/* At home and no use of the home agent: see bul_home_carries(). */
static inline void left_alone(struct step *x)
{
	x->b->alone = true;
	x->act |= BUL_DO_PLAN | (x->b->bound_coa.family ? 0 : BUL_DO_DAD);
}

/* bul_help.c */
bool bul_is_candidate(const struct bul *b, const struct in6_addr *a);

/* bul_ba.c */
void bul_on_ba(struct step *x);
void bul_accepted(struct step *x);
void bul_refused(struct step *x, const struct bul_refusal *r);
uint32_t bul_granted(const struct step *x);	/* seconds, no more than was asked for */
/* Seconds from the transmission to the refresh. */
double bul_refresh_after(const struct step *x, uint32_t granted);

/* bul_set.c */
void bul_path_free(struct bul_path *p);
void bul_set_pick(struct bul *b);
bool bul_set_unsaid(const struct bul *b, double now);	/* to the home agent */
double bul_set_next(const struct bul *b);
bool bul_set_tick(struct bul *b, double now);

/* bul_set_ba.c */
bool bul_set_expire(struct bul *b, double now);		/* true: of some, at least */
bool bul_set_on_ba(struct step *x);			/* false: no BIDs are concerned */

#endif
