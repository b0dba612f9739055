/* SPDX-License-Identifier: BSD-2-Clause */
/* What a Binding Acknowledgement of a peer means (RFC 6275 5.2.6, 9.5.4, 11.7.3). */
#include "store/ro_priv.h"
#include "wire/mh.h"

#define AGAIN_MAX	3	/* 135, or anything while deleting, answered at once, in a row */
#define NONCES_MAX	7	/* 136 to 138, the later ones later: 1, 2, 4 .. 32 s */

static void accepted(struct step *x)
{
	struct ro *r = x->r;
	const struct timers *t = x->e->t;
	uint32_t granted = MIN(x->in->lifetime, r->asked);
	double from = r->first_sent_at, after;

	if (!granted) {
		r->maybe_until = 0;
		refused(x, "the peer granted a lifetime of zero");
		return;
	}
	/* as for the home agent; and the home token is kept young, so that after a movement a
	 * care-of test will do */
	after = fmax(fmin(REFRESH_PART * granted,
			  granted - REFRESH_ROOM * t->initial_bindack_timeout), granted / 2.);
	r->expires = from + granted;
	r->lifetime = granted;
	r->maybe_until = fmax(r->maybe_until, r->expires);
	r->due = fmin(from + after, fmax(r->home.at + REFRESH_PART * t->max_token_lifetime,
					 x->e->now + t->initial_bindack_timeout));
	if (IN6_IS_ADDR_UNSPECIFIED(&r->bound_coa))
		r->since = x->e->now;
	r->bound_coa = r->coa;
	if (r->overwrite || r->plain || !r->bid)	/* it took the place of all */
		forget_held(r);
	r->overwrite = r->plain || !r->bid;
	reset(r);
	r->state = RO_BOUND;
	r->again = r->resync = 0;
	r->backoff = 0;
	r->why = NULL;
	x->act |= RO_DO_PLAN | RO_DO_TELL_ADD;
}

/* 135: from the number given. 136 to 138: the tokens again; nobody signs that, so not for ever.
 * A peer that deleted a binding of ours takes no token of the same nonce (9.5.3) until it has a
 * new one, which may be half a minute later. */
static bool once_more(struct step *x)
{
	struct ro *r = x->r;
	uint8_t s = x->in->status;
	bool nonces = s != BA_SEQUENCE && r->state == RO_WAIT_BA;

	if (s < BA_SEQUENCE || s > BA_NONCES)
		return false;
	if (nonces ? ++r->again > NONCES_MAX : ++r->resync > AGAIN_MAX)
		return false;
	if (s == BA_SEQUENCE)
		r->seq = x->in->seq;
	if (s == BA_HOME_NONCE || s == BA_NONCES)
		r->home.have = false;
	if (s == BA_COA_NONCE || s == BA_NONCES)
		r->care.have = false;
	reset(r);
	if (r->state == RO_WAIT_BA)
		r->state = RO_TEST;
	if (nonces && r->again > 1)
		r->due = x->e->now + ldexp(x->e->t->initial_bindack_timeout, (int)r->again - 2);
	return true;
}

/* RFC 5648 5.7. True: the same once more, in another way. */
static bool other_way(struct step *x, uint8_t status)
{
	struct ro *r = x->r;
	bool with_bid = r->state == RO_WAIT_BA && r->bid && !r->plain;

	if (!with_bid)
		return false;
	if (!x->in->has_bid) {
		/* 136 to 138 are nobody's word */
		r->plain = status < BA_HOME_NONCE || status > BA_NONCES;
		return false;
	}
	if (status < BA_MCOA_MALFORMED || status > BA_MCOA_SIMULTANEOUS)
		return false;
	if (status == BA_MCOA_NON_MCOA || status == BA_MCOA_UNKNOWN_COA)
		r->plain = r->overwrite;	/* it was set, and that did not help */
	else
		r->plain = true;
	r->overwrite = true;
	reset(r);
	r->state = RO_TEST;
	return true;
}

void ro_on_ba(struct step *x)
{
	uint8_t s = x->in->bid_status ? x->in->bid_status : x->in->status;

	if (x->r->state == RO_BOUND) {
		ro_other_ba(x);
		return;
	}
	if (other_way(x, s))
		return;

	if (s < BA_UNSPECIFIED) {
		if (x->r->state == RO_DELETE)
			deleted(x);
		else
			accepted(x);
		return;
	}
	if (once_more(x))
		return;
	/* signed, so nothing came of this exchange: there is no more to delete than before. But if it
	 * was repeated, another one of its updates may have been taken, or will be. */
	if (x->r->state == RO_WAIT_BA && x->r->seq == x->r->first_seq &&
	    (s < BA_HOME_NONCE || s > BA_NONCES))
		x->r->maybe_until = x->r->before_until;
	refused(x, s == BA_PROHIBITED ? "the peer does not allow it (129)" :
		   s == BA_NO_RESOURCES ? "the peer is full (130)" :
		   s == BA_TYPE_CHANGE ? "the peer is our home agent (139)" :
		   s >= BA_SEQUENCE && s <= BA_NONCES ?
		   "the peer refuses again and again (135 to 138)" : "the peer refuses");
}
