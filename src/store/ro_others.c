/* SPDX-License-Identifier: BSD-2-Clause */
/* The care-of addresses beside the preferred one (RFC 5648 5.2, 5.7, 5.8): their tests and updates. */
#include "store/ro_priv.h"
#include "wire/mh.h"

#define REFRESH_OTHER	0.4	/* of the lifetime: whenever the pair is refreshed, as tokens age faster */
#define SPARE		1	/* messages in a second that are left to the preferred one */
#define AGAIN_MAX	3	/* refused for its token or number, in a row */

static struct ro_other *by_bid(struct ro *r, uint16_t bid)
{
	for (unsigned i = 0; bid && i < r->n_other; i++)
		if (r->other[i].bid == bid)
			return &r->other[i];
	return NULL;
}

static struct ro_other *other_at(struct ro *r, const struct in6_addr *coa)
{
	for (unsigned i = 0; i < r->n_other; i++)
		if (in6_eq(&r->other[i].coa, coa))
			return &r->other[i];
	return NULL;
}

const struct ro_other *ro_about(const struct ro *r)
{
	for (unsigned i = 0; r->about && i < r->n_other; i++)
		if (r->other[i].bid == r->about)
			return &r->other[i];
	return NULL;
}

bool ro_has(const struct ro *r, uint16_t bid)
{
	for (unsigned i = 0; i < r->n_other; i++)
		if (r->other[i].bid == bid && r->other[i].held)
			return true;
	return r->bid == bid && !r->plain && ro_is_bound(r);
}

/* ---- where we are ---- */

/* What was the preferred one is known at the peer as such. */
static void was_preferred(const struct ro *was, struct ro_other *to)
{
	if (was->care.have)
		to->care = was->care;
	if (was->bid != to->bid || was->plain || !in6_eq(&was->bound_coa, &to->coa))
		return;
	to->held = true;
	to->held_prio = RO_PRIO;
	to->lifetime = was->lifetime;
	to->expires = was->expires;
	to->due = was->expires - (1 - REFRESH_OTHER) * was->lifetime;
}

/* The others are those of now, with what they have, or had as the preferred one; and the token of the
 * preferred one is that which it had among them. */
void ro_follow_others(struct step *x)
{
	struct ro *r = x->r, was = *r;
	bool moved = !in6_eq(&r->coa, &x->e->coa);
	struct ro_other *o = moved ? other_at(&was, &x->e->coa) : NULL;

	if (moved)
		r->care = o ? o->care : (struct ro_test){ 0 };
	if (moved && r->care.have)
		reset_test(&r->care);
	r->n_other = x->e->n_other;
	for (unsigned i = 0; i < r->n_other; i++) {
		struct ro_other to = { .bid = x->e->other[i].bid, .coa = x->e->other[i].coa };

		o = other_at(&was, &to.coa);
		if (o && o->bid == to.bid)
			to = *o;
		else if (o)
			to.care = o->care;
		else if (moved && in6_eq(&was.coa, &to.coa))
			was_preferred(&was, &to);
		to.prio = x->e->other[i].prio;
		r->other[i] = to;
	}
	r->coa = x->e->coa;
	r->bid = x->e->bid;
}

void ro_refresh_others(struct step *x, double old)
{
	for (unsigned i = 0; i < x->r->n_other; i++) {
		struct ro_test *t = &x->r->other[i].care;

		t->have &= t->at > old;
		reset_test(t);
		x->r->other[i].rest = false;
		x->r->other[i].again = 0;
	}
}

void ro_expire_others(struct step *x)
{
	for (unsigned i = 0; i < x->r->n_other; i++) {
		struct ro_other *o = &x->r->other[i];

		if (o->held && x->e->now + SLACK >= o->expires) {
			o->held = false;
			o->rest = true;		/* nobody needed it */
		}
	}
}

bool ro_ask_other(struct ro *r, uint16_t bid, double now)
{
	struct ro_other *o = by_bid(r, bid);

	if (o) {
		o->due = now;
		o->rest = false;
	}
	return o;
}

/* ---- sending ---- */

/* Tokens, while the pair is in use. One that cannot be had is no failure. */
static void run_tests(struct step *x)
{
	struct ro *r = x->r;

	for (unsigned i = 0; i < r->n_other; i++) {
		struct ro_test *t = &r->other[i].care;

		if (fresh(x, t) || (t->due && x->e->now + SLACK < t->due))
			continue;
		t->have = t->out = false;
		t->due = 0;
		if (t->n > x->e->t->max_ro_failure)
			continue;
		t->due = ro_may_send(x, RO_COTI, SPARE);
		if (t->due > x->e->now)
			continue;
		ro_asked(x, t, x->e->other_cookie[i]);
		r->other[i].ask = true;
		x->act |= RO_DO_COTI_OTHER;
	}
}

/* What the peer has of it is not what it should have, or ends soon; and there is a key (5.2). */
static bool to_tell(const struct step *x, const struct ro_other *o)
{
	if (x->r->plain || !x->r->bid || !o->bid || o->rest || !registered(x) ||
	    !fresh(x, &o->care) || !fresh(x, &x->r->home))
		return false;
	return !o->held || o->held_prio != o->prio || x->e->now >= o->due ||
	       o->expires > x->e->home_expires + MH_LIFETIME_UNIT;
}

/* The exchange is over, whatever came of it. */
static void end(struct ro *r)
{
	r->awaited = false;
	r->about = 0;
	r->n_bu = 0;
	r->bu_due = 0;
}

static void tell(struct step *x, struct ro_other *o)
{
	struct ro *r = x->r;
	uint32_t asked = ro_lifetime(x->e);

	if (!asked)			/* the home registration is being renewed */
		return;
	r->bu_due = ro_may_send(x, RO_BU, SPARE);
	if (r->bu_due > x->e->now)
		return;
	r->about = o->bid;
	ro_count_bu(x, asked);
}

void ro_run_others(struct step *x)
{
	struct ro *r = x->r;
	struct ro_other *o = by_bid(r, r->about);

	run_tests(x);
	if (r->awaited && o && x->e->now + SLACK < r->bu_due)
		return;
	if (r->awaited && o && r->n_bu > x->e->t->max_ro_failure)
		o->rest = true;
	if (r->awaited && (!o || o->rest || !to_tell(x, o)))
		end(r);
	if (!r->awaited)
		r->bu_due = 0;
	for (unsigned i = 0; !r->awaited && i < r->n_other && !o; i++)
		if (to_tell(x, &r->other[i]))
			o = &r->other[i];
	if (o && to_tell(x, o))
		tell(x, o);
}

/* ---- answers ---- */

static void registered_at_peer(struct step *x, struct ro_other *o)
{
	struct ro *r = x->r;
	uint32_t granted = MIN(x->in->lifetime, r->asked);

	o->rest = !granted;
	o->held = granted;
	o->held_prio = o->prio;
	o->lifetime = granted;
	o->expires = r->first_sent_at + granted;
	o->due = r->first_sent_at + REFRESH_OTHER * granted;
	o->again = 0;
	r->maybe_until = fmax(r->maybe_until, o->expires);
}

/* It does no RFC 5648, or not any more: one binding, and that is .coa's. */
static void other_way(struct step *x, struct ro_other *o, uint8_t status)
{
	x->r->plain = status != BA_MCOA_NON_MCOA && status != BA_MCOA_UNKNOWN_COA;
	x->r->overwrite = true;
	o->rest = true;			/* not in a circle */
	if (status < BA_UNSPECIFIED)
		unbind(x, "moved");	/* to this one */
	forget_held(x->r);
	begin(x, RO_TEST);
}

void ro_other_ba(struct step *x)
{
	struct ro *r = x->r;
	struct ro_other *o = by_bid(r, r->about);
	uint8_t s = x->in->bid_status ? x->in->bid_status : x->in->status;
	bool unsigned_ = s >= BA_HOME_NONCE && s <= BA_NONCES;

	end(r);
	if (!o)
		return;
	if (!x->in->has_bid && !unsigned_) {
		other_way(x, o, s < BA_UNSPECIFIED ? s : BA_MCOA_PROHIBITED);
	} else if (s < BA_UNSPECIFIED) {
		registered_at_peer(x, o);
	} else if (s >= BA_MCOA_MALFORMED && s <= BA_MCOA_SIMULTANEOUS) {
		other_way(x, o, s);
	} else if (s >= BA_SEQUENCE && s <= BA_NONCES && ++o->again <= AGAIN_MAX) {
		if (s == BA_SEQUENCE)
			r->seq = x->in->seq;
		else if (s == BA_COA_NONCE)
			o->care.have = false;
		else
			o->rest = true;	/* the home token is the preferred one's care */
	} else {
		o->rest = true;
	}
}
