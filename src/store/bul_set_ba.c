/* SPDX-License-Identifier: BSD-2-Clause */
/* What a Binding Acknowledgement says of several care-of addresses (RFC 5648 5.7). */
#include <math.h>

#include "base/util.h"
#include "store/bul_priv.h"
#include "store/bul_refusal.h"

#define CONFUSED_MAX	3		/* 164, 165, 167, 168 answered at once, in a row */

/* 5.7: the option's, unless that is zero. 4 is about others; an option that is missing beside
 * others says nothing good. */
static uint8_t status_of(const struct bul_ba *ba, uint16_t bid)
{
	for (unsigned i = 0; i < ba->n_bid; i++) {
		uint8_t s = ba->bid[i].status;

		if (ba->bid[i].bid != bid)
			continue;
		s = s ? s : ba->status;
		return s == BA_MCOA_NOTCOMPLETE ? BA_ACCEPTED : s;
	}
	return ba->status < BA_UNSPECIFIED ? BA_UNSPECIFIED : ba->status;
}

static void drop(struct bul_path *p, const char *why)
{
	if (!p->held)
		return;
	p->held = false;
	p->gone = why;
	p->gone_coa = p->held_coa;
}

void bul_set_clear(struct bul *b, const char *why)
{
	for (unsigned i = 0; i < BUL_PATHS; i++) {
		if (!b->set.path[i].bid)
			continue;
		drop(&b->set.path[i], why);
		bul_path_free(&b->set.path[i]);
	}
}

bool bul_set_expire(struct bul *b, double now)
{
	bool any = false, left = false;

	for (unsigned i = 0; i < BUL_PATHS; i++) {
		struct bul_path *p = &b->set.path[i];

		if (!p->bid || !p->held)
			continue;
		if (now + SLACK < p->expires) {
			left = true;
			continue;
		}
		drop(p, "expired");
		bul_path_free(p);
		any = true;
	}
	b->set.urgent |= any && left;
	return any;
}

static void refresh_times(struct step *x)
{
	struct bul *b = x->b;

	b->expires = 0;
	for (unsigned i = 0; i < BUL_PATHS; i++)
		if (b->set.path[i].held)
			b->expires = fmax(b->expires, b->set.path[i].expires);
}

/* That home agent does not do what is wanted: one registration, as without BIDs. */
static void go_plain(struct step *x, const char *why)
{
	struct bul *b = x->b;

	if (b->set.n_plain < HOME_MAX_HA)
		b->set.plain[b->set.n_plain++] = b->ha;
	warn(x, why);
}

/* Regardless of its status: it has read our message as one without BIDs. */
static void no_bids(struct step *x)
{
	struct bul *b = x->b;
	const struct bul_msg *m = x->ba->msg;
	bool taken = m->kind == BUL_MSG_REGISTER && x->ba->status < BA_UNSPECIFIED;

	go_plain(x, "the home agent answers without a Binding Identifier, so it does not know several"
		 " care-of addresses (RFC 5648): one is registered, the best uplink's");
	if (m->kind == BUL_MSG_DELETE && x->ba->status < BA_UNSPECIFIED)
		unbind(x, "replaced");	/* a de-registration, as it reads it */
	bul_set_clear(b, "replaced");
	if (taken && in6_eq(&m->source, &b->coa.a.in6))
		bul_accepted(x);
	else if (x->ba->status < BA_UNSPECIFIED)
		reregister(x);
	else
		bul_refused(x, bul_refusal_of(x->ba->status));
}

static void prohibited(struct step *x)
{
	struct bul *b = x->b;

	go_plain(x, "the home agent prohibits several care-of addresses (166): one is registered, the"
		 " best uplink's");
	for (unsigned i = 0; i < BUL_PATHS; i++)
		b->set.path[i].held = false;	/* but .bound_coa carries until it is replaced */
	reregister(x);
}

/* ---- one BID ---- */

static void take(struct step *x, struct bul_path *p, const struct mhopt_bid *o, uint32_t granted)
{
	const struct bul_ba *ba = x->ba;
	double from = ba->sent_at ? ba->sent_at : x->b->sent_at;

	p->held = true;
	p->held_usable = in6_eq(&p->coa, &o->coa.a.in6) ? p->usable :
			 p->held_usable && in6_eq(&p->held_coa, &o->coa.a.in6);
	p->held_coa = o->coa.a.in6;
	p->held_prio = o->prio;
	p->held_home = o->home;
	p->quiet = o->home && p->status == BA_MCOA_RETURNHOME;
	if (o->home)
		x->b->set.stays = false;	/* from now on it is as the home agent says */
	p->lifetime = granted;
	p->expires = from + granted;
	p->refresh_at = from + bul_refresh_after(x, granted);
	p->retry_at = 0;
	p->added = true;
	p->gone = NULL;
	if (p->bid & BUL_DRAIN && !p->drain_until)
		p->drain_until = x->now + x->b->set.drain;
}

static void refuse_one(struct step *x, struct bul_path *p, uint8_t status)
{
	p->retry_at = x->now + x->t->ha_backoff;
	if (p->home)
		x->b->set.no_home = x->b->ha;
	if (!bul_refusal_of(status)->keep)
		drop(p, "refused");
	warn(x, bul_refusal_of(status)->why);
}

/* What the whole answer comes to. */
struct sum { unsigned taken, refused; uint8_t first; bool again, plain; };

static void judge(struct step *x, struct sum *s, const struct mhopt_bid *o, uint32_t granted)
{
	struct bul *b = x->b;
	unsigned i = bul_path_find(b, o->bid);
	struct bul_path *p = i < BUL_PATHS ? &b->set.path[i] : NULL;
	uint8_t status = status_of(x->ba, o->bid);

	if (!p)
		return;			/* wanted no more, and never registered */
	p->status = status;
	if (status < BA_UNSPECIFIED) {
		take(x, p, o, granted);
		s->taken++;
		return;
	}
	s->refused++;
	s->first = s->first ? s->first : status;
	switch (status) {
	case BA_MCOA_MALFORMED:
	case BA_MCOA_NON_MCOA:
		b->set.overwrite = s->again = true;
		break;
	case BA_MCOA_UNKNOWN_COA:
		drop(p, "forgotten");
		s->again = true;
		break;
	case BA_MCOA_BULK:
		s->again |= x->ba->msg->n > 1;
		b->set.no_bulk = true;
		break;
	case BA_MCOA_PROHIBITED:
		s->plain = true;
		break;
	default:
		refuse_one(x, p, status);
		break;
	}
}

/* ---- the message ---- */

/* Whatever is left to be said goes out at once. */
static void go_on(struct step *x)
{
	struct bul *b = x->b;

	refresh_times(x);
	bul_set_pick(b);
	x->act |= BUL_DO_PLAN;
	if (b->set.primary < BUL_PATHS && bul_path_carries(b, &b->set.path[b->set.primary]))
		b->hold_until = 0;
	if (x->ba->seq != b->seq && bul_set_unsaid(b, x->now)) {
		/* the answer to what was sent after this one may say it all */
		b->first_seq = (uint16_t)(x->ba->seq + 1);
		b->state = bul_here(b) ? BUL_REFRESH : BUL_WAIT_BA;
	} else if (bul_set_unsaid(b, x->now)) {
		reregister(x);
	} else {
		double next = bul_set_next(b);

		b->state = BUL_BOUND;
		b->refresh_at = b->due = isinf(next) ? 0 : next;
	}
}

static bool with_home(const struct bul_msg *m)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->bid[i].home)
			return true;
	return false;
}

/* Nothing of it: the home link is better used alone. */
static void refused_all(struct step *x, const struct bul_refusal *r)
{
	if (with_home(x->ba->msg))
		x->b->set.no_home = x->b->ha;
	bul_refused(x, r);
}

static void bound(struct step *x, uint32_t granted)
{
	struct bul *b = x->b;
	const struct bul_msg *m = x->ba->msg;

	for (unsigned i = 0; i < BUL_PATHS && !with_home(m); i++)
		if (b->set.path[i].held_home)	/* 5.6.5 */
			drop(&b->set.path[i], "lost");
	if (m->overwrite || (b->bound_coa.family && !in6_eq(&b->bound_ha, &b->ha)))
		for (unsigned i = 0; i < BUL_PATHS; i++) {
			struct bul_path *p = &b->set.path[i];

			if (p->held && !p->added)
				drop(p, "replaced");
			if (p->bid)
				bul_path_free(p);
		}
	if (m->overwrite)
		b->set.overwrite = false;
	if (!b->bound_coa.family)
		b->bound_coa = locator6(&m->source);	/* until one is picked */
	b->bound_ha = b->ha;
	b->lifetime = granted;
	b->first = b->type_fixed = b->hard = false;
	b->ha_tried = b->ha_silent = b->resync = 0;
	b->backoff = b->retry_at = 0;
	x->act |= BUL_DO_TELL_ADD;
	if (x->ba->status == BA_PREFIX_DISCOVERY)
		x->act |= BUL_DO_PREFIXES;
}

static void tell_gone(struct step *x)
{
	for (unsigned i = 0; i < BUL_PATHS; i++)
		if (x->b->set.path[i].gone)
			x->act |= BUL_DO_TELL_REMOVE;
}

static void ba_register(struct step *x)
{
	struct bul *b = x->b;
	const struct bul_msg *m = x->ba->msg;
	uint32_t granted = bul_granted(x);
	bool good = x->ba->status < BA_UNSPECIFIED;
	struct sum s = { 0 };

	if (good && b->router && !(x->ba->flags & BA_R)) {
		x->act |= BUL_DO_DEREG_WRONG;
		refused_all(x, &bul_refusal_no_r);
		return;
	}
	if (good && !granted) {
		refused_all(x, &bul_refusal_zero);
		return;
	}
	for (unsigned i = 0; i < BUL_PATHS; i++)
		b->set.path[i].added = false;
	for (unsigned i = 0; i < m->n; i++)
		judge(x, &s, &m->bid[i], granted);
	if (s.plain) {
		prohibited(x);
		return;
	}
	b->set.confused = s.again ? b->set.confused + 1 : 0;
	if (s.taken)
		bound(x, granted);
	if (b->set.confused > CONFUSED_MAX || (!s.taken && !s.again && s.refused)) {
		b->set.confused = 0;
		for (unsigned i = 0; i < BUL_PATHS; i++)
			b->set.path[i].retry_at = 0;	/* all of it waits, or none */
		refused_all(x, bul_refusal_of(s.first));
	} else {
		go_on(x);
	}
	tell_gone(x);
}

/* 133, 167: it is what we wanted. Another refusal: the lifetime ends it. */
static void ba_delete(struct step *x)
{
	struct bul *b = x->b;
	const struct bul_msg *m = x->ba->msg;

	for (unsigned k = 0; k < m->n; k++) {
		unsigned i = bul_path_find(b, m->bid[k].bid);

		if (i == BUL_PATHS)
			continue;
		if (b->set.path[i].wanted)
			b->set.path[i].refresh_at = 0;	/* it came back meanwhile */
		drop(&b->set.path[i], "lost");
	}
	b->ha_silent = 0;
	go_on(x);
	tell_gone(x);
}

bool bul_set_on_ba(struct step *x)
{
	const struct bul_msg *m = x->ba->msg;
	uint8_t s = x->ba->status;
	/* said of the message, before its options were read: no word on BIDs */
	bool early = s == BA_SEQUENCE || s == BA_ID_MISMATCH || s == BA_MESG_ID_REQUIRED ||
		     s == BA_AUTH_FAIL;

	if (!m || m->kind == BUL_MSG_PLAIN || early)
		return false;
	x->b->resync = 0;
	x->b->set.turn = 0;
	if (!x->ba->n_bid && !(m->kind == BUL_MSG_DELETE && s == BA_NOT_HA))
		no_bids(x);
	else if (m->kind == BUL_MSG_DELETE)
		ba_delete(x);
	else
		ba_register(x);
	return true;
}
