/* SPDX-License-Identifier: BSD-2-Clause */
/* What store/ro.h offers besides the state machine: names and questions. */
#include <math.h>

#include "base/util.h"
#include "store/ro.h"

const char *ro_state_str(const struct ro *r)
{
	static const char *const name[] = {
		[RO_IDLE] = "idle", [RO_TEST] = "test", [RO_WAIT_BA] = "wait-ba",
		[RO_BOUND] = "bound", [RO_DELETE] = "delete", [RO_HOLD] = "hold",
	};

	if ((r->state == RO_TEST || r->state == RO_WAIT_BA) &&
	    !IN6_IS_ADDR_UNSPECIFIED(&r->bound_coa) && in6_eq(&r->bound_coa, &r->coa))
		return "refresh";
	return (unsigned)r->state < ARRAY_SIZE(name) ? name[r->state] : "?";
}

bool ro_is_bound(const struct ro *r)
{
	return !IN6_IS_ADDR_UNSPECIFIED(&r->bound_coa);
}

double ro_rtt(const struct ro *r, uint8_t status, uint16_t seq, double at)
{
	return r->awaited && seq == r->seq && status != BA_SEQUENCE ? at - r->last_sent_at : 0;
}

bool ro_carries(const struct ro *r, const struct ro_env *e)
{
	return e->where == RO_AWAY && !e->no_home && !IN6_IS_ADDR_UNSPECIFIED(&r->bound_coa) &&
	       in6_eq(&r->bound_coa, &e->coa) && e->now < r->expires &&
	       (r->state == RO_TEST || r->state == RO_WAIT_BA || r->state == RO_BOUND);
}

bool ro_cookie_ok(const struct ro_test *t, uint64_t cookie)
{
	return t->out && t->cookie == cookie;
}

bool ro_seq_ok(const struct ro *r, uint8_t status, uint16_t seq)
{
	if (!r->awaited)
		return false;
	/* RFC 6275 11.1: modulo 2^16; 135 says the number that the peer has */
	return status == BA_SEQUENCE ||
	       (uint16_t)(seq - r->first_seq) <= (uint16_t)(r->seq - r->first_seq);
}

/* 5.2.6: MAX_RR_BINDING_LIFETIME. */
uint32_t ro_lifetime(const struct ro_env *e)
{
	double left = fmin(e->home_expires - e->now, e->t->max_rr_binding_lifetime);
	uint32_t s = left > 0 ? (uint32_t)left : 0;

	return s - s % MH_LIFETIME_UNIT;
}

bool ro_outlasts(const struct ro *r, const struct ro_env *e)
{
	double told = 0;

	if (r->state == RO_WAIT_BA)	/* in TEST the next one is on its way */
		told = r->first_sent_at + r->asked;
	else if (r->state == RO_BOUND)
		told = r->expires;
	return e->registered && told > e->home_expires + MH_LIFETIME_UNIT;
}

double ro_timer(const struct ro *r)
{
	const double at[] = { r->home.due, r->care.due, r->bu_due, r->due,
			      IN6_IS_ADDR_UNSPECIFIED(&r->bound_coa) ? 0 : r->expires,
			      r->state == RO_DELETE ? r->maybe_until : 0 };
	double first = INFINITY;

	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		if (at[i] > 0)
			first = fmin(first, at[i]);
	for (unsigned i = 0; r->state == RO_BOUND && i < r->n_other; i++) {
		if (r->other[i].care.due > 0)
			first = fmin(first, r->other[i].care.due);
		if (r->other[i].held)
			first = fmin(first, r->other[i].expires);
	}
	return isinf(first) ? 0 : first;
}
