/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers of route optimisation, and the correspondent's part of status, counters and Monitor. */
#include <stdio.h>

#include "ctl/ctl_priv.h"
#include "mip6/ctl.h"
#include "run/timer.h"

static bool wants(const struct ctl_listing *l, const struct cn_key *k)
{
	return !l->has_hoa || in6_eq(&l->hoa, &k->peer) || in6_eq(&l->hoa, &k->local);
}

void ctl_begin_peers(struct ctl_client *c)
{
	struct node *n = c->ctl->node;

	if (n && n->cn)
		cnc_begin(cn_cache(n->cn), &c->list.peers);
}

/* The path with the next BID of a binding; NULL: none. any: whatever number comes first. */
static const struct cn_path *next_path(const struct cn_binding *b, bool any, uint16_t after)
{
	const struct cn_path *best = NULL;

	for (unsigned i = 0; i < b->n_path; i++)
		if ((any || b->path[i].bid > after) && (!best || b->path[i].bid < best->bid))
			best = &b->path[i];
	return best;
}

/* The rest of the binding that was said last; the cache may have changed since. */
static const struct cn_path *rest(struct ctl_client *c, const struct cn_binding **b)
{
	struct ctl_listing *l = &c->list;
	const struct cn_entry *e = l->more_paths ? cnc_find(l->peers.cache, &l->peer) : NULL;

	if (!e || !e->bound)
		return NULL;
	*b = &e->b;
	return next_path(&e->b, false, l->peer_bid);
}

/* The next path of those that are bound, in the order of their BIDs; NULL: none. */
static const struct cn_path *next(struct ctl_client *c, const struct cn_binding **b)
{
	struct ctl_listing *l = &c->list;
	const struct cn_path *p = l->peers.cache ? rest(c, b) : NULL;
	const struct cn_entry *e;

	if (!p) {
		do
			e = cnc_next(&l->peers);
		while (e && (!e->bound || !wants(l, &e->b.key)));
		if (!e)
			return NULL;
		*b = &e->b;
		p = next_path(&e->b, true, 0);
	}
	l->peer = (*b)->key;
	l->peer_bid = p->bid;
	l->more_paths = true;
	return p;
}

static struct json_object *peer_json(const struct cn_binding *b, const struct cn_path *p)
{
	struct json_object *o = json_object_new_object();
	struct locator coa = locator6(&p->coa);
	double now = run_now();

	ctl_set(o, "role", json_object_new_string("cn"));
	ctl_set(o, "own_address", ctl_addr(&b->key.local));
	ctl_set(o, "peer", ctl_addr(&b->key.peer));
	ctl_set(o, "bid", ctl_int(p->bid));
	ctl_set(o, "priority", p->prio ? ctl_int(p->prio) : NULL);
	ctl_set(o, "care_of", ctl_locator(&coa));
	ctl_set(o, "state", json_object_new_string("bound"));
	ctl_set(o, "how", json_object_new_string(p == &b->path[0] ? "optimised" : "standby"));
	ctl_set(o, "sequence", ctl_int(b->seq));
	ctl_set(o, "lifetime", ctl_int(p->lifetime));
	ctl_set(o, "remaining", ctl_seconds(MAX(p->expires - now, 0)));
	ctl_set(o, "age", ctl_seconds(now - p->since));
	return o;
}

/* Registered there besides the preferred one (RFC 5648). */
static struct json_object *mn_path_json(const struct mn_peer_info *i)
{
	struct json_object *o = json_object_new_object();
	const struct ro_other *p = i->other;
	const struct locator coa = locator6(&p->coa);

	ctl_set(o, "role", json_object_new_string("mn"));
	ctl_set(o, "own_address", ctl_addr(&i->home_address));
	ctl_set(o, "peer", ctl_addr(&i->peer));
	ctl_set(o, "bid", ctl_int(p->bid));
	ctl_set(o, "priority", ctl_int(p->held_prio));
	ctl_set(o, "care_of", ctl_locator(&coa));
	ctl_set(o, "state", json_object_new_string("bound"));
	ctl_set(o, "how", json_object_new_string("standby"));
	ctl_set(o, "sequence", ctl_int(i->ro->seq));
	ctl_set(o, "lifetime", ctl_int(p->lifetime));
	ctl_set(o, "remaining", ctl_seconds(MAX(p->expires - run_now(), 0)));
	ctl_set(o, "registered_care_of", ctl_locator(&coa));
	return o;
}

static struct json_object *mn_peer_json(const struct mn_peer_info *i)
{
	struct json_object *o = json_object_new_object();
	const struct ro *r = i->ro;
	const struct locator coa = locator6(&r->coa), bound = locator6(&r->bound_coa);
	bool has = !IN6_IS_ADDR_UNSPECIFIED(&r->bound_coa);
	double now = run_now();

	ctl_set(o, "role", json_object_new_string("mn"));
	ctl_set(o, "own_address", ctl_addr(&i->home_address));
	ctl_set(o, "peer", ctl_addr(&i->peer));
	ctl_set(o, "bid", ctl_int(r->plain ? 0 : r->bid));
	ctl_set(o, "priority", r->bid && !r->plain && has ? ctl_int(RO_PRIO) : NULL);
	ctl_set(o, "care_of", IN6_IS_ADDR_UNSPECIFIED(&r->coa) ? NULL : ctl_locator(&coa));
	ctl_set(o, "state", json_object_new_string(ro_state_str(r)));
	ctl_set(o, "how", json_object_new_string(i->optimized ? "optimised" : "tunnel"));
	ctl_set(o, "sequence", ctl_int(r->seq));
	ctl_set(o, "lifetime", has ? ctl_int(r->lifetime) : NULL);
	ctl_set(o, "remaining", has ? ctl_seconds(MAX(r->expires - now, 0)) : NULL);
	ctl_set(o, "age", r->since > 0 ? ctl_seconds(now - r->since) : NULL);
	ctl_set(o, "registered_care_of", has ? ctl_locator(&bound) : NULL);
	ctl_set(o, "retry_in", r->state == RO_HOLD ? ctl_seconds(MAX(r->due - now, 0)) : NULL);
	ctl_set(o, "rtt", i->rtt > 0 ? ctl_seconds(i->rtt) : NULL);
	ctl_set(o, "reason", r->why ? json_object_new_string(r->why) : NULL);
	return o;
}

static struct json_object *mn_row(const struct mn_peer_info *i)
{
	return i->other ? mn_path_json(i) : mn_peer_json(i);
}

/* The next of the mobile side's; false: none. */
static bool next_mn(struct ctl_client *c, struct mn_peer_info *i)
{
	struct ctl_listing *l = &c->list;
	struct node *n = c->ctl->node;

	while (n && n->mn && mn_peer_next(n->mn, &l->last_mn, i)) {
		const struct cn_key k = { .local = i->home_address, .peer = i->peer };

		l->last_mn = *i;
		if (wants(l, &k))
			return true;
	}
	return false;
}

static bool step(struct ctl_client *c)
{
	const struct cn_binding *b;
	const struct cn_path *p = next(c, &b);
	struct mn_peer_info i;
	struct json_object *o = p ? peer_json(b, p) : next_mn(c, &i) ? mn_row(&i) : NULL;
	bool more = o != NULL;

	if (!more && c->list.has_hoa && !c->list.said)
		ctl_error(c, MIP6_CTL_E_NOT_FOUND, "home_address", A6(&c->list.hoa));
	else
		ctl_reply(c, o, more);
	c->list.said += more;
	return more;
}

void ctl_list_peers(struct ctl_client *c, struct json_object *params)
{
	struct json_object *o = json_object_object_get(params, "address");

	ctl_listing_end(c);
	if (o && (!json_object_is_type(o, json_type_string) ||
		  inet_pton(AF_INET6, json_object_get_string(o), &c->list.hoa) != 1)) {
		ctl_error(c, "org.varlink.service.InvalidParameter", "parameter", "address");
		return;
	}
	c->list.has_hoa = o;
	c->list.step = step;
	ctl_begin_peers(c);
}

bool ctl_present_peer(struct ctl_client *c, struct event *e)
{
	const struct cn_binding *b;
	const struct cn_path *p = next(c, &b);

	if (!p)
		return false;
	e->type = EV_bc_add;
	e->bc_add.home_address = b->key.peer;
	e->bc_add.bid = p->bid;
	e->bc_add.care_of = locator6(&p->coa);
	e->bc_add.peer = b->key.local;
	e->bc_add.flags = b->flags;
	e->bc_add.lifetime = p->lifetime;
	snprintf(e->bc_add.change, sizeof(e->bc_add.change), "present");
	return true;
}

/* ---- status, counters ---- */

struct json_object *ctl_cn_json(struct cn *cn)
{
	const struct cn_conf *c = cn_conf_of(cn);
	struct json_object *o = json_object_new_object();

	ctl_set(o, "bindings", ctl_int(cnc_bound(cn_cache(cn))));
	ctl_set(o, "max_bindings", ctl_int(c->max_bindings));
	ctl_set(o, "max_lifetime", ctl_int(c->max_lifetime));
	ctl_set(o, "remembered", ctl_int(cnc_gone(cn_cache(cn))));
	return o;
}

#define COUNT(field)	ctl_set(o, #field, ctl_int(s.field))

struct json_object *ctl_cn_stats(const struct cn *cn)
{
	struct json_object *o = json_object_new_object();
	struct cn_stats s = cn_stats(cn);

	COUNT(hoti);
	COUNT(coti);
	COUNT(tests_ignored);
	COUNT(bu);
	COUNT(accepted);
	COUNT(deregistered);
	COUNT(expired);
	COUNT(evicted);
	COUNT(unreachable);
	COUNT(refresh_requests);
	COUNT(dropped);
	COUNT(answers_suppressed);
	COUNT(apply_failed);
	ctl_set(o, "refused", ctl_refused(s.refused_by));
	return o;
}
