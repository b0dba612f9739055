/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <math.h>
#include <string.h>

#include "ctl/conf_schema.h"
#include "ctl/ctl_priv.h"
#include "mip6/ctl.h"
#include "plan/plan_ha.h"
#include "run/timer.h"

#define INVALID		"org.varlink.service.InvalidParameter"

void ctl_listing_end(struct ctl_client *c)
{
	bc_end(&c->list.bindings);
	cnc_end(&c->list.peers);
	c->list = (struct ctl_listing){ 0 };
}

void ctl_listing_conf(struct ctl_client *c)
{
	if (!c->list.step)
		return;
	if (c->monitor) {		/* once more from the phase's begin: nothing is lost */
		c->list.at = c->list.sub = 0;
	} else if (c->list.by_place) {
		ctl_error(c, MIP6_CTL_E_FAILED, "reason",
			  "another configuration came in between: ask again");
		ctl_listing_end(c);
	}
}

static bool end(struct ctl_client *c)
{
	ctl_reply(c, NULL, false);
	return false;
}

/* Takes the optional home_address and starts; false: refused. */
static bool begin(struct ctl_client *c, struct json_object *params, ctl_step_fn step)
{
	struct json_object *o = json_object_object_get(params, "home_address");

	ctl_listing_end(c);
	if (o && (!json_object_is_type(o, json_type_string) ||
		  inet_pton(AF_INET6, json_object_get_string(o), &c->list.hoa) != 1)) {
		ctl_error(c, INVALID, "parameter", "home_address");
		return false;
	}
	c->list.has_hoa = o;
	c->list.step = step;
	return true;
}

static bool wants(const struct ctl_client *c, const struct in6_addr *hoa)
{
	return !c->list.has_hoa || in6_eq(&c->list.hoa, hoa);
}

static void not_found(struct ctl_client *c)
{
	ctl_error(c, MIP6_CTL_E_NOT_FOUND, "home_address", A6(&c->list.hoa));
	ctl_listing_end(c);
}

/* ---- bindings ---- */

const struct binding *ctl_next_binding(struct ctl_client *c)
{
	const struct bc_entry *e;

	do
		e = bc_next(&c->list.bindings);
	while (e && e->state != BC_BOUND);
	return e ? &e->b : NULL;
}

static struct json_object *carrier(const struct carrier *k)
{
	struct json_object *o = json_object_new_object();

	ctl_set(o, "kind", json_object_new_string(carrier_kind_str(k->kind)));
	ctl_set(o, "local", ctl_locator(&k->local));
	ctl_set(o, "remote", ctl_locator(&k->remote));
	ctl_set(o, "key", k->key ? ctl_int(k->key) : NULL);
	return o;
}

static struct json_object *binding_prefixes(const struct binding *b)
{
	struct json_object *a = json_object_new_array();

	for (unsigned i = 0; i < b->n_prefix; i++) {
		struct json_object *o = json_object_new_object();

		ctl_set(o, "prefix", ctl_prefix(&b->prefix[i]));
		ctl_set(o, "family", json_object_new_string(ctl_family(b->prefix[i].family)));
		ctl_set(o, "state", json_object_new_string("routed"));
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *binding_json(struct ha *ha, const struct binding *b)
{
	const struct ha_conf *conf = ha_conf_of(ha);
	const struct bc_entry *primary = bc_primary(ha_bc(ha), &b->key.hoa);
	const struct mobile_node *node = ha_node(conf, &b->key.hoa);
	struct json_object *o = json_object_new_object();
	char dev[IFNAMSIZ];
	double now = run_now();

	ha_device(conf, b, dev);
	ctl_set(o, "home_address", ctl_addr(&b->key.hoa));
	ctl_set(o, "bid", ctl_int(b->key.bid));
	ctl_set(o, "priority", b->prio ? ctl_int(b->prio) : NULL);
	ctl_set(o, "primary", json_object_new_boolean(primary && primary->b.key.bid == b->key.bid));
	ctl_set(o, "on_home_link", json_object_new_boolean(b->home));
	ctl_set(o, "care_of", ctl_locator(&b->coa));
	ctl_set(o, "home_agent", ctl_addr(&b->local));
	ctl_set(o, "state", json_object_new_string("bound"));
	ctl_set(o, "flags", ctl_bu_flags(b->flags));
	ctl_set(o, "sequence", ctl_int(b->seq));
	ctl_set(o, "lifetime", ctl_int(b->lifetime));
	ctl_set(o, "remaining", ctl_seconds(MAX(b->expires - now, 0)));
	ctl_set(o, "age", ctl_seconds(now - b->since));
	ctl_set(o, "nai", node ? ctl_text(node->nai) : NULL);
	ctl_set(o, "security", node ? json_object_new_string(
			conf_word_str(conf_word_method, node->sec.method)) : NULL);
	ctl_set(o, "tunnel", json_object_new_string(dev));
	if (node && !b->home) {
		struct carrier k = ha_carrier(conf, node, b);

		ctl_set(o, "carrier", carrier(&k));
	}
	ctl_set(o, "epoch", ctl_int(b->epoch));
	ctl_set(o, "origin", ctl_int(b->origin));
	ctl_set(o, "prefixes", binding_prefixes(b));
	return o;
}

static bool bindings_step(struct ctl_client *c)
{
	const struct binding *b = NULL;

	/* looking for one does not keep the others waiting */
	for (unsigned i = 0; i < CTL_BURST; i++) {
		b = ctl_next_binding(c);
		if (!b)
			break;
		if (!wants(c, &b->key.hoa))
			continue;
		c->list.said++;
		ctl_reply(c, binding_json(c->ctl->node->ha, b), true);
		return true;
	}
	if (b)
		return true;
	if (!c->list.has_hoa || c->list.said)
		return end(c);
	ctl_error(c, MIP6_CTL_E_NOT_FOUND, "home_address", A6(&c->list.hoa));
	return false;
}

void ctl_list_bindings(struct ctl_client *c, struct json_object *params)
{
	struct node *n = c->ctl->node;

	if (begin(c, params, bindings_step) && n && n->ha)
		bc_begin(ha_bc(n->ha), &c->list.bindings);
}

/* ---- registrations ---- */

const char *ctl_mnp_state(enum mnp_status s)
{
	switch (s) {
	case MNP_WAITING:
		return "waiting";
	case MNP_ACCEPTED:
		return "accepted";
	case MNP_REFUSED:
		return "refused";
	case MNP_UNSUPPORTED:
		return "unsupported";
	case MNP_AT_HOME:
		return "home";
	}
	return "?";
}

/* What the home agent said of a prefix; the two families have numbers of their own. */
static const char *refusal(const struct mn_prefix_info *p)
{
	if (p->status != MNP_REFUSED)
		return "";
	if (p->conf->prefix.family == AF_INET6)
		return ba_status_str(p->code);
	switch ((enum ipv4_ack_status)p->code) {
	case IPV4_ACK_OK:
		return "";
	case IPV4_ACK_UNSPECIFIED:
		return "reason unspecified";
	case IPV4_ACK_PROHIBITED:
		return "administratively prohibited";
	case IPV4_ACK_INCORRECT:
		return "incorrect IPv4 home address";
	case IPV4_ACK_INVALID:
		return "invalid IPv4 address";
	case IPV4_ACK_NO_DYNAMIC:
		return "no dynamic IPv4 home address";
	case IPV4_ACK_PREFIX_UNAUTHORIZED:
		return "not authorised for the prefix";
	}
	return "unknown";
}

static struct json_object *mnp_json(const struct mn_prefix_info *p)
{
	struct json_object *o = json_object_new_object();

	ctl_set(o, "prefix", ctl_prefix(&p->conf->prefix));
	ctl_set(o, "family", json_object_new_string(ctl_family(p->conf->prefix.family)));
	ctl_set(o, "state", json_object_new_string(ctl_mnp_state(p->status)));
	ctl_set(o, "code", ctl_int(p->code));
	ctl_set(o, "reason", ctl_text(refusal(p)));
	ctl_set(o, "mode", json_object_new_string(conf_word_str(conf_word_mode, p->conf->mode)));
	ctl_set(o, "device", ctl_text(p->conf->dev));
	return o;
}

static struct json_object *in_future(double at, double now)
{
	return at > 0 ? ctl_seconds(MAX(at - now, 0)) : NULL;
}

static void registration_times(struct json_object *o, const struct mn_info *i)
{
	const struct bul *b = i->bul;
	double now = run_now();

	ctl_set(o, "lifetime", b->expires > 0 ? ctl_int(b->lifetime) : NULL);
	ctl_set(o, "remaining", in_future(b->expires, now));
	ctl_set(o, "refresh_in", in_future(b->refresh_at, now));
	ctl_set(o, "rtt", i->probe_rtt > 0 ? ctl_seconds(i->probe_rtt) : NULL);
	ctl_set(o, "probes_lost", ctl_int(i->probe_lost));
	ctl_set(o, "home_prefix_valid", isinf(i->valid) ? NULL : in_future(i->valid, now));
	ctl_set(o, "home_prefix_preferred",
		isinf(i->preferred) ? NULL : ctl_seconds(MAX(i->preferred - now, 0)));
	ctl_set(o, "handover_age", i->last_handover > 0 ? ctl_seconds(now - i->last_handover)
							: NULL);
}

/* Of several care-of addresses (RFC 5648); without them the list is empty. */
static struct json_object *registered_paths(const struct node *n, const struct mn_info *i)
{
	struct json_object *a = json_object_new_array();
	struct mn_path_info p;

	for (unsigned k = 0; k < BUL_PATHS; k++) {
		struct json_object *o;
		const struct bul_path *q;
		struct locator held, want;

		if (!mn_path(n->mn, i->index, k, &p))
			continue;
		q = p.path;
		held = q->held ? locator6(&q->held_coa) : (struct locator){ 0 };
		want = q->wanted ? locator6(&q->coa) : (struct locator){ 0 };
		o = json_object_new_object();
		ctl_set(o, "bid", ctl_int(q->bid & (BUL_DRAIN - 1)));
		ctl_set(o, "state", json_object_new_string(!q->held ? "registering" : !q->wanted ?
			"leaving" : q->bid & BUL_DRAIN ? "draining" : q->alive ? "up" : "dead"));
		ctl_set(o, "primary", ctl_bool(p.primary));
		ctl_set(o, "uplink", ctl_text(p.uplink));
		ctl_set(o, "tunnel", ctl_text(p.tunnel));
		ctl_set(o, "care_of", ctl_locator(&want));
		ctl_set(o, "registered_care_of", ctl_locator(&held));
		ctl_set(o, "bid_priority", q->held ? ctl_int(q->held_prio) : NULL);
		ctl_set(o, "status", ctl_int(q->status));
		ctl_set(o, "remaining", q->held ? in_future(q->expires, run_now()) : NULL);
		json_object_array_add(a, o);
	}
	return a;
}

static unsigned primary_bid(const struct mn_info *i)
{
	const struct bul_set *s = &i->bul->set;

	return bul_multi(i->bul) && s->primary < BUL_PATHS ?
	       s->path[s->primary].bid & (BUL_DRAIN - 1) : 0;
}

static struct json_object *registration_json(const struct node *n, const struct mn_info *i)
{
	struct json_object *o = json_object_new_object(), *a = json_object_new_array();
	struct json_object *cand = json_object_new_array();
	const struct mn_conf *m = n->conf.mn;
	const struct bul *b = i->bul;
	unsigned bid = 0;

	for (size_t u = 0; m && u < m->n_uplink; u++) {
		if (strcmp(m->uplinks[u].dev, i->uplink) == 0)
			bid = m->uplinks[u].bid;
	}
	ctl_set(o, "home_address", ctl_addr(&i->conf->hoa.a.in6));
	ctl_set(o, "home_prefix_length", ctl_int(i->conf->hoa.plen));
	ctl_set(o, "bid", ctl_int(primary_bid(i)));
	ctl_set(o, "uplink_bid", bid ? ctl_int(bid) : NULL);
	ctl_set(o, "state", json_object_new_string(bul_state_str(b->state)));
	ctl_set(o, "care_of", ctl_locator(&b->coa));
	ctl_set(o, "registered_care_of", ctl_locator(&b->bound_coa));
	ctl_set(o, "home_agent", IN6_IS_ADDR_UNSPECIFIED(&b->ha) ? NULL : ctl_addr(&b->ha));
	for (unsigned k = 0; k < b->n_cand; k++)
		json_object_array_add(cand, ctl_addr(&b->cand[k]));
	ctl_set(o, "candidates", cand);
	ctl_set(o, "uplink", ctl_text(i->uplink));
	ctl_set(o, "tunnel", ctl_text(i->tunnel));
	ctl_set(o, "router", ctl_bool(b->router));
	ctl_set(o, "sequence", ctl_int(b->seq));
	ctl_set(o, "nai", ctl_text(i->conf->nai));
	ctl_set(o, "security", json_object_new_string(conf_word_str(conf_word_method,
								    i->conf->sec.method)));
	ctl_set(o, "unanswered", ctl_int(b->tries));
	ctl_set(o, "problem", ctl_text(i->problem ? i->problem : ""));
	registration_times(o, i);
	for (unsigned k = 0; k < i->n_prefix; k++)
		json_object_array_add(a, mnp_json(&i->prefix[k]));
	ctl_set(o, "paths", registered_paths(n, i));
	ctl_set(o, "prefixes", a);
	return o;
}

static bool registrations_step(struct ctl_client *c)
{
	struct node *n = c->ctl->node;
	struct mn_info i;

	while (n && n->mn && c->list.at < mn_homes(n->mn)) {
		if (!mn_home(n->mn, (unsigned)c->list.at++, &i) ||
		    !wants(c, &i.conf->hoa.a.in6))
			continue;
		ctl_reply(c, registration_json(n, &i), true);
		return true;
	}
	return end(c);
}

static bool have_home(const struct ctl_client *c)
{
	struct node *n = c->ctl->node;
	struct mn_info i;

	for (unsigned k = 0; n && n->mn && k < mn_homes(n->mn); k++) {
		if (mn_home(n->mn, k, &i) && wants(c, &i.conf->hoa.a.in6))
			return true;
	}
	return false;
}

void ctl_list_registrations(struct ctl_client *c, struct json_object *params)
{
	if (!begin(c, params, registrations_step))
		return;
	c->list.by_place = true;
	if (c->list.has_hoa && !have_home(c))
		not_found(c);
}

/* ---- prefixes ---- */

static bool in_service(const struct binding *b, const struct prefix *p)
{
	for (unsigned i = 0; i < b->n_prefix; i++) {
		if (prefix_eq(&b->prefix[i], p))
			return true;
	}
	return false;
}

static struct json_object *owned_json(struct ha *ha, const struct mobile_node *m,
				      const struct prefix *p)
{
	const struct ha_conf *conf = ha_conf_of(ha);
	const struct bc_entry *e = bc_primary(ha_bc(ha), &m->hoa);
	struct json_object *o = json_object_new_object();
	const char *state = "unbound";
	char dev[IFNAMSIZ] = "";

	if (e) {
		state = in_service(&e->b, p) ? "routed" : "not_registered";
		ha_device(conf, &e->b, dev);
	}
	ctl_set(o, "prefix", ctl_prefix(p));
	ctl_set(o, "family", json_object_new_string(ctl_family(p->family)));
	ctl_set(o, "home_address", ctl_addr(&m->hoa));
	ctl_set(o, "role", json_object_new_string("ha"));
	ctl_set(o, "state", json_object_new_string(state));
	ctl_set(o, "tunnel", strcmp(state, "routed") == 0 ? json_object_new_string(dev) : NULL);
	return o;
}

static bool ha_prefix_step(struct ctl_client *c, struct ha *ha)
{
	const struct ha_conf *conf = ha_conf_of(ha);
	struct ctl_listing *l = &c->list;

	for (; l->at < conf->n_node; l->at++, l->sub = 0) {
		const struct mobile_node *m = &conf->nodes[l->at];

		if (!wants(c, &m->hoa) || l->sub >= m->n_prefix)
			continue;
		ctl_reply(c, owned_json(ha, m, &m->prefixes[l->sub++]), true);
		return true;
	}
	return false;
}

static bool mn_prefix_step(struct ctl_client *c, struct mn *mn)
{
	struct ctl_listing *l = &c->list;
	struct json_object *o;
	struct mn_info i;

	for (; l->at < mn_homes(mn); l->at++, l->sub = 0) {
		if (!mn_home(mn, (unsigned)l->at, &i) || !wants(c, &i.conf->hoa.a.in6) ||
		    l->sub >= i.n_prefix)
			continue;
		o = mnp_json(&i.prefix[l->sub++]);
		ctl_set(o, "home_address", ctl_addr(&i.conf->hoa.a.in6));
		ctl_set(o, "role", json_object_new_string("mn"));
		ctl_set(o, "tunnel", ctl_text(i.tunnel));
		ctl_reply(c, o, true);
		return true;
	}
	return false;
}

static bool prefixes_step(struct ctl_client *c)
{
	struct node *n = c->ctl->node;

	if (n && n->ha && ha_prefix_step(c, n->ha))
		return true;
	if (n && n->mn && mn_prefix_step(c, n->mn))
		return true;
	return end(c);
}

void ctl_list_prefixes(struct ctl_client *c, struct json_object *params)
{
	struct node *n = c->ctl->node;
	bool known;

	if (!begin(c, params, prefixes_step))
		return;
	c->list.by_place = true;
	if (!c->list.has_hoa)
		return;
	known = have_home(c) || (n && n->ha && ha_node(ha_conf_of(n->ha), &c->list.hoa));
	if (!known)
		not_found(c);
}
