/* SPDX-License-Identifier: BSD-2-Clause */
/* What store/bul.h offers besides the state machine: names, questions, MAX_UPDATE_RATE. */
#include <math.h>

#include "base/util.h"
#include "store/bul_priv.h"

const char *bul_state_str(enum bul_state s)
{
	static const char *const name[] = {
		[BUL_IDLE] = "idle", [BUL_WAIT_BA] = "wait-ba", [BUL_BOUND] = "bound",
		[BUL_REFRESH] = "refresh", [BUL_LEAVE] = "leave", [BUL_HOME] = "home",
		[BUL_BACKOFF] = "backoff", [BUL_STOP] = "stop",
		[BUL_DISCOVER] = "discover",
	};

	return (unsigned)s < ARRAY_SIZE(name) ? name[s] : "?";
}

bool bul_here(const struct bul *b)
{
	return b->bound_coa.family && locator_eq(&b->bound_coa, &b->coa) &&
	       in6_eq(&b->bound_ha, &b->ha);
}

bool bul_home_carries(const struct bul *b)
{
	return b->state == BUL_HOME ||
	       (b->state == BUL_LEAVE && (b->set.stays || (b->alone && !b->bound_coa.family)));
}

static void candidate(struct bul *b, const struct in6_addr *a)
{
	for (unsigned i = 0; i < b->n_cand; i++)
		if (in6_eq(&b->cand[i], a))
			return;
	if (b->n_cand < HOME_MAX_HA)
		b->cand[b->n_cand++] = *a;
}

void bul_candidates(struct bul *b, const struct home_conf *h, const struct in6_addr *found,
		    unsigned n)
{
	b->n_cand = 0;
	if (b->bound_coa.family)
		candidate(b, &b->bound_ha);
	for (size_t i = 0; i < h->n_ha; i++)
		candidate(b, &h->home_agents[i]);
	for (unsigned i = 0; i < n; i++)
		candidate(b, &found[i]);
	b->ha_index = 0;
	for (unsigned i = 0; i < b->n_cand; i++)
		if (in6_eq(&b->cand[i], &b->ha))
			b->ha_index = i;
}

static bool configured(const struct home_conf *h, const struct in6_addr *a)
{
	for (size_t i = 0; i < h->n_ha; i++)
		if (in6_eq(&h->home_agents[i], a))
			return true;
	return false;
}

bool bul_is_candidate(const struct bul *b, const struct in6_addr *a)
{
	for (unsigned i = 0; i < b->n_cand; i++)
		if (in6_eq(&b->cand[i], a))
			return true;
	return false;
}

bool bul_reconf(struct bul *b, const struct home_conf *was, const struct home_conf *is)
{
	struct in6_addr found[HOME_MAX_HA];
	struct locator bound = b->bound_coa;
	unsigned n = 0;

	/* whoever was named may be found as well, from now on */
	for (unsigned i = 0; is->discover && i < b->n_cand; i++)
		if (!was->discover || !configured(was, &b->cand[i]))
			found[n++] = b->cand[i];
	b->bound_coa.family = 0;	/* that it has the binding makes it no candidate */
	bul_candidates(b, is, found, n);
	b->bound_coa = bound;
	return bul_is_candidate(b, &b->ha) &&
	       (!bound.family || bul_is_candidate(b, &b->bound_ha));
}

double bul_timer(const struct bul *b)
{
	double at = b->due ? b->due : INFINITY;

	if (b->bound_coa.family)
		at = fmin(at, b->expires);
	for (unsigned i = 0; i < BUL_PATHS; i++)
		if (b->set.path[i].bid && b->set.path[i].held)
			at = fmin(at, b->set.path[i].expires);
	if (b->hold_until)
		at = fmin(at, b->hold_until);
	return isinf(at) ? 0 : at;
}

uint32_t bul_lifetime(const struct home_conf *h, double left)
{
	uint32_t s = (uint32_t)fmax(fmin(MIN(h->lifetime, (uint32_t)MH_LIFETIME_MAX), left), 0);

	return MAX(s - s % MH_LIFETIME_UNIT, (uint32_t)MH_LIFETIME_UNIT);
}

/* RFC 6275 11.8 */
double bul_rate(const double *sent, size_t n, unsigned rate, double now)
{
	double limit = INFINITY;

	if (rate == 0)
		rate = 1;
	/* the rate-th latest: each round finds the latest before the one of the round before */
	for (unsigned left = rate, same; left > 0; left -= MIN(left, same)) {
		double best = -INFINITY;

		same = 0;
		for (size_t i = 0; i < n; i++) {
			if (sent[i] <= 0 || sent[i] >= limit || sent[i] < best)
				continue;
			same = sent[i] > best ? 1 : same + 1;
			best = sent[i];
		}
		if (!same)
			return now;
		limit = best;
	}
	return fmax(now, limit + 1);
}
