/* SPDX-License-Identifier: BSD-2-Clause */
/* What a Binding Acknowledgement means (RFC 6275 11.7.3, RFC 3963 5.3 and 5.4). */
#include "base/util.h"
#include "store/bul_priv.h"
#include "store/bul_refusal.h"

#define RESYNC_MAX	3	/* 135, 144, 145 answered at once, in a row */
#define REFRESH_PART	0.9	/* of the lifetime */
#define REFRESH_ROOM	15	/* initial timeouts: four retransmissions, 1 + 2 + 4 + 8 */

/* RFC 3963 5.4: another home agent, and if no one is left, a pause; never for good. */
void bul_refused(struct step *x, const struct bul_refusal *r)
{
	struct bul *b = x->b;

	warn(x, r->why);
	if (!r->keep)
		unbind(x, "refused");
	b->resync = 0;
	b->ha_silent = 0;
	if (++b->ha_tried < b->n_cand) {
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

uint32_t bul_granted(const struct step *x)
{
	uint32_t asked = x->ba->asked ? x->ba->asked : bul_lifetime(x->h, INFINITY);

	return MIN(x->ba->lifetime, asked);
}

double bul_refresh_after(const struct step *x, uint32_t granted)
{
	double after = fmin(REFRESH_PART * granted,
			    granted - REFRESH_ROOM * x->t->initial_bindack_timeout);

	after = fmax(after, granted / 2.);
	return x->ba->refresh_advice ? fmin(after, x->ba->refresh_advice) : after;
}

void bul_accepted(struct step *x)
{
	struct bul *b = x->b;
	const struct bul_ba *ba = x->ba;
	double from = ba->sent_at ? ba->sent_at : b->sent_at;
	uint32_t granted = bul_granted(x);

	if (b->router && !(ba->flags & BA_R)) {
		x->act |= BUL_DO_DEREG_WRONG;
		bul_refused(x, &bul_refusal_no_r);
		return;
	}
	if (!granted) {
		bul_refused(x, &bul_refusal_zero);
		return;
	}
	/* 11.7.3: max(L_remain - (L_update - L_ack), 0), counted from the transmission */
	b->expires = from + granted;
	b->refresh_at = b->due = from + bul_refresh_after(x, granted);
	b->state = BUL_BOUND;
	b->bound_coa = b->coa;
	b->bound_ha = b->ha;
	b->lifetime = granted;
	b->first = b->type_fixed = b->hard = false;
	b->ha_tried = b->ha_silent = b->resync = 0;
	b->backoff = b->retry_at = b->hold_until = 0;
	x->act |= BUL_DO_PLAN | BUL_DO_TELL_ADD;
	if (ba->status == BA_PREFIX_DISCOVERY)
		x->act |= BUL_DO_PREFIXES;	/* 11.7.3 */
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
	forget_sent(b);
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
		bul_accepted(x);
	} else if (resynced(x)) {
		return;
	} else if (s == BA_TYPE_CHANGE && !b->type_fixed) {
		/* the R flag of a de-registration does not matter (RFC 3963 6.2) */
		b->type_fixed = true;
		x->act |= BUL_DO_DEREG_WRONG;
		unbind(x, "refused");
		begin(x, BUL_WAIT_BA);
	} else {
		bul_refused(x, bul_refusal_of(s));
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

void bul_on_ba(struct step *x)
{
	struct bul *b = x->b;

	if (!waiting(b) || (b->fresh && !b->carry_on))
		return;
	if (away(b->state) && bul_set_on_ba(x))
		return;
	if (b->state == BUL_LEAVE)
		ba_leave(x);
	else if (b->state != BUL_STOP)
		ba_away(x);
	else if (!resynced(x))
		stopped(x);
}
