/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/md_ra.h"

#include <math.h>
#include <string.h>

#include "base/util.h"

#define TWO_HOURS		7200.	/* RFC 4862 5.5.3 e) */
#define COA_PLEN		64

static double life(uint32_t seconds)
{
	return seconds == UINT32_MAX ? (double)INFINITY : seconds;
}

int md_home_of(const struct mn_conf *c, const struct prefix *p)
{
	for (size_t i = 0; i < c->n_home; i++)
		if (!c->homes[i].retired && c->homes[i].hoa.plen == p->plen &&
		    prefix_same_net(&c->homes[i].hoa, p))
			return (int)i;
	return -1;
}

/* Not for a care-of address: a prefix that is ours, at home or behind us. */
static bool our_own(const struct mn_conf *c, const struct prefix *p)
{
	for (size_t i = 0; i < c->n_home; i++) {
		const struct home_conf *h = &c->homes[i];

		if (h->retired)
			continue;
		if (prefix_overlaps(&h->hoa, p))
			return true;
		for (size_t j = 0; j < h->n_prefix; j++)
			if (prefix_overlaps(&h->prefixes[j].prefix, p))
				return true;
	}
	return false;
}

/* RFC 4862 5.5.3 a) to d). */
static bool may_form(const struct nd_prefix *p, const struct mn_conf *c)
{
	struct prefix net = prefix6(&p->addr, p->plen);

	return p->autonomous && p->plen == COA_PLEN && p->valid && p->preferred <= p->valid &&
	       in6_is_unicast_routable(&p->addr) && !our_own(c, &net);
}

static const struct nd_prefix *best_prefix(const struct nd_ra *ra, const struct mn_conf *c)
{
	const struct nd_prefix *best = NULL;

	for (unsigned i = 0; i < ra->n_prefix; i++) {
		if (!may_form(&ra->prefix[i], c))
			continue;
		if (!best || (!best->preferred && ra->prefix[i].preferred))
			best = &ra->prefix[i];
	}
	return best;
}

static const struct nd_prefix *listed(const struct nd_ra *ra, const struct prefix *want)
{
	for (unsigned i = 0; want->family && i < ra->n_prefix; i++) {
		struct prefix p = prefix6(&ra->prefix[i].addr, ra->prefix[i].plen);

		if (p.plen == want->plen && ra->prefix[i].autonomous && prefix_same_net(&p, want))
			return &ra->prefix[i];
	}
	return NULL;
}

static void set_prefix(struct md_router *r, const struct nd_prefix *p, double now)
{
	struct prefix full = prefix6(&p->addr, p->plen);

	r->prefix = prefix_network(&full);
	r->on_link = p->on_link;
	r->prefix_expires = now + life(p->valid);
	r->prefix_preferred = now + life(p->preferred);
	r->without = 0;
}

/* RFC 4862 5.5.3 e): no single RA shortens a life below two hours. */
static void renew_prefix(struct md_router *r, const struct nd_prefix *p, double now)
{
	double left = r->prefix_expires - now, valid = life(p->valid);

	r->without = 0;
	if (p->preferred > p->valid)
		return;
	r->on_link = p->on_link;
	r->prefix_preferred = now + life(p->preferred);
	if (valid > TWO_HOURS || valid > left)
		r->prefix_expires = now + valid;
	else if (left > TWO_HOURS)
		r->prefix_expires = now + TWO_HOURS;
}

/*
 * Our prefix stays while it is advertised and not deprecated. An RA that only leaves it out takes
 * nothing away (RFC 4861 6.3.4: options may be spread over several RAs); ra_lost_factor of them in
 * a row do, and so does the first one of a new attachment. True: it is another one now.
 */
static bool update_prefix(struct md_router *r, const struct nd_ra *ra, const struct mn_conf *c,
			  const struct timers *t, bool fresh, double now)
{
	const struct nd_prefix *best = best_prefix(ra, c), *own = listed(ra, &r->prefix);
	struct prefix was = r->prefix;

	if (r->prefix.family && r->prefix_expires <= now)
		own = NULL;
	if (own) {
		renew_prefix(r, own, now);
		if (r->prefix_preferred <= now && best && best->preferred)
			set_prefix(r, best, now);
	} else if (best) {
		r->without++;
		if (fresh || !r->prefix.family || r->prefix_expires <= now ||
		    r->without >= t->ra_lost_factor)
			set_prefix(r, best, now);
	} else if (fresh) {
		r->prefix = (struct prefix){ 0 };
	}
	return !prefix_eq(&was, &r->prefix);
}

static const struct nd_prefix *home_prefix(const struct nd_ra *ra, const struct mn_conf *c,
					   unsigned *home)
{
	const struct nd_prefix *best = NULL;

	for (unsigned i = 0; i < ra->n_prefix; i++) {
		struct prefix net = prefix6(&ra->prefix[i].addr, ra->prefix[i].plen);
		int h = ra->prefix[i].on_link ? md_home_of(c, &net) : -1;

		if (h < 0 || (best && (best->valid || !ra->prefix[i].valid)))
			continue;	/* one that is valid counts more than one that ends */
		*home = (unsigned)h;
		best = &ra->prefix[i];
	}
	return best;
}

bool md_ra_home(const struct nd_ra *ra, const struct mn_conf *c)
{
	unsigned home;

	return home_prefix(ra, c, &home) != NULL;
}

static struct md_on_link *on_link_slot(struct md_router *r, const struct prefix *p)
{
	struct md_on_link *slot = NULL;

	for (unsigned i = 0; i < MD_ON_LINK; i++) {
		struct md_on_link *o = &r->on_links[i];

		if (o->prefix.family && prefix_eq(&o->prefix, p))
			return o;
		if (!o->prefix.family && !slot)
			slot = o;
	}
	return slot;
}

/* As for the prefix of the care-of address: being left out now and then says nothing. */
static void update_on_link(struct md_router *r, const struct nd_ra *ra, const struct timers *t,
			   bool fresh, double now)
{
	if (fresh)
		memset(r->on_links, 0, sizeof(r->on_links));
	for (unsigned i = 0; i < MD_ON_LINK; i++)
		r->on_links[i].without += ra->n_prefix != 0;
	for (unsigned i = 0; i < ra->n_prefix; i++) {
		struct prefix p = prefix6(&ra->prefix[i].addr, ra->prefix[i].plen);
		struct md_on_link *o;

		p = prefix_network(&p);
		o = ra->prefix[i].on_link ? on_link_slot(r, &p) : NULL;
		if (o)
			*o = (struct md_on_link){ .prefix = p,
						  .expires = now + life(ra->prefix[i].valid) };
	}
	for (unsigned i = 0; i < MD_ON_LINK; i++)
		if (r->on_links[i].without >= t->ra_lost_factor || r->on_links[i].expires <= now)
			r->on_links[i] = (struct md_on_link){ 0 };
}

/* RFC 6275 11.5.2. True: home or not home has changed. */
static bool update_home(struct md_router *r, const struct nd_ra *ra, const struct mn_conf *c,
			const struct timers *t, bool fresh, double now)
{
	unsigned was_home = r->home;
	bool was = r->is_home;
	const struct nd_prefix *p = home_prefix(ra, c, &r->home);

	if (p) {
		r->is_home = p->valid != 0;
		r->home_expires = now + life(p->valid);
		r->home_without = 0;
	} else if (was && (ra->n_prefix || fresh)) {
		if (fresh || ++r->home_without >= t->ra_lost_factor)
			r->is_home = false;
	}
	return was != r->is_home || (was && was_home != r->home);
}

/* R flag: the router's own global address, that of the home prefix first. */
static void update_global(struct md_router *r, const struct nd_ra *ra, const struct mn_conf *c)
{
	bool found = false;

	for (unsigned i = 0; i < ra->n_prefix; i++) {
		struct prefix p = prefix6(&ra->prefix[i].addr, ra->prefix[i].plen);

		if (!ra->prefix[i].router || (found && md_home_of(c, &p) < 0))
			continue;
		r->global = p.a.in6;
		found = true;
	}
}

/* RFC 6275 11.5.1, 7.2: the global address tells two routers with one link-local address apart. */
static bool other_global(const struct md_router *r, const struct nd_ra *ra)
{
	bool any = false;

	if (IN6_IS_ADDR_UNSPECIFIED(&r->global))
		return false;
	for (unsigned i = 0; i < ra->n_prefix; i++) {
		if (!ra->prefix[i].router)
			continue;
		if (in6_eq(&ra->prefix[i].addr, &r->global))
			return false;
		any = true;
	}
	return any;
}

bool md_other_ll(const struct md_router *r, const struct nd_lladdr *ll)
{
	return r->ll.len && ll->len &&
	       (r->ll.len != ll->len || memcmp(r->ll.b, ll->b, MIN(ll->len, ND_LLADDR_MAX)) != 0);
}

/* The router's word holds until ra_lost_factor RAs in a row were without it, as its prefixes do (RFC
 * 4861 6.3.4: options may be spread over several RAs); then it is what was seen since. */
static void update_interval(struct md_router *r, const struct nd_ra *ra, const struct timers *t,
			    double now)
{
	double gap = now - r->last_ra;

	if (ra->interval) {		/* RFC 6275 7.3 */
		r->advertised = true;
		r->interval = ra->interval / 1000.;
		r->unsaid = 0;
		r->unsaid_gap = 0;
	} else if (r->advertised) {
		r->unsaid_gap = fmax(r->unsaid_gap, gap);
		if (++r->unsaid >= t->ra_lost_factor) {
			r->advertised = false;
			r->interval = r->unsaid_gap;
		}
	} else if (r->heard && gap > r->interval) {
		r->interval = gap;
	}
	if (r->interval > MD_MAX_RA_GAP)
		r->interval = MD_MAX_RA_GAP;
}

bool md_ra_learn(struct md_router *r, const struct nd_ra *ra, const struct mn_conf *c,
		 const struct timers *t, double now)
{
	bool changed, fresh;

	if (md_other_ll(r, &ra->slla) || other_global(r, ra)) {
		r->others++;
		r->heard = r->advertised = false;
		r->interval = r->unsaid_gap = 0;
		r->unsaid = 0;
		r->global = in6addr_any;
	}
	fresh = !r->heard;
	update_interval(r, ra, t, now);
	if (ra->slla.len)
		r->ll = ra->slla;
	r->last_ra = r->alive = now;
	r->confirmed = r->heard = true;
	r->preference = ra->preference;
	r->is_default = ra->router_lifetime != 0;
	r->expires = now + ra->router_lifetime;
	changed = update_prefix(r, ra, c, t, fresh, now);
	changed |= update_home(r, ra, c, t, fresh, now);
	update_on_link(r, ra, t, fresh, now);
	update_global(r, ra, c);
	return changed;
}
