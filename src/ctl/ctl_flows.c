/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow policy (RFC 6089): what is configured here, what nodes asked for, and what became of it. */
#include <errno.h>
#include <string.h>

#include "ctl/conf_schema.h"
#include "ctl/ctl_priv.h"
#include "kern/kern.h"
#include "mip6/ctl.h"
#include "plan/plan_steer.h"
#include "store/flow_mn.h"

#define INVALID		"org.varlink.service.InvalidParameter"

static struct json_object *bids_json(const uint16_t *bid, unsigned n)
{
	struct json_object *a = json_object_new_array();

	for (unsigned i = 0; i < n; i++)
		json_object_array_add(a, ctl_int(bid[i]));
	return a;
}

static struct json_object *weights_json(const struct flow_conf *f)
{
	struct json_object *a = NULL;
	unsigned sum = 0;

	for (unsigned i = 0; i < f->n_bid; i++)
		sum += f->weight[i];
	if (!sum)
		return NULL;
	a = json_object_new_array();
	for (unsigned i = 0; i < f->n_bid; i++)
		json_object_array_add(a, ctl_int(f->weight[i]));
	return a;
}

static struct json_object *flow_json(const struct in6_addr *hoa, const char *role,
				     const char *name, unsigned fid, unsigned prio,
				     const struct flowsel *sel)
{
	struct json_object *o = json_object_new_object();

	ctl_set(o, "home_address", ctl_addr(hoa));
	ctl_set(o, "role", json_object_new_string(role));
	ctl_set(o, "name", name ? json_object_new_string(name) : NULL);
	ctl_set(o, "fid", fid ? ctl_int(fid) : NULL);
	ctl_set(o, "priority", ctl_int(prio));
	ctl_set(o, "selector", json_object_new_string(SEL(sel)));
	return o;
}

static void said(struct json_object *o, const char *state, uint8_t status)
{
	ctl_set(o, "state", json_object_new_string(state));
	ctl_set(o, "status", ctl_int(status));
	ctl_set(o, "meaning", status ? json_object_new_string(flow_status_str(status)) : NULL);
}

struct went { struct json_object *by; uint64_t packets, bytes; };

static void add_path(void *arg, const struct kern_steered *s)
{
	struct json_object *o = json_object_new_object();
	struct went *w = arg;

	ctl_set(o, "bid", ctl_int(s->bid));
	ctl_set(o, "packets", ctl_int(s->packets));
	ctl_set(o, "bytes", ctl_int(s->bytes));
	json_object_array_add(w->by, o);
	w->packets += s->packets;
	w->bytes += s->bytes;
}

/* id: of plan_steer.h. Null where nothing is steered: then nobody counts. */
static void went(struct json_object *o, struct kern *k, const struct in6_addr *hoa, uint64_t id)
{
	struct went w = { .by = json_object_new_array() };
	bool known = k && kern_steer_count(k, hoa, id, add_path, &w) == 0;

	ctl_set(o, "packets", known ? ctl_int(w.packets) : NULL);
	ctl_set(o, "bytes", known ? ctl_int(w.bytes) : NULL);
	ctl_set(o, "paths", known ? json_object_get(w.by) : NULL);
	json_object_put(w.by);
}

static uint16_t first_there(const struct binding_set *s, const uint16_t *bid, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < s->n; k++)
			if (s->b[k].key.bid == bid[i])
				return bid[i];
	return 0;
}

static struct json_object *configured(const struct mobile_node *m, const struct flow_conf *f,
				      const struct binding_set *s)
{
	struct json_object *o = flow_json(&m->hoa, "ha", f->name, 0, f->prio, &f->sel), *w;
	uint16_t bid = first_there(s, f->bid, f->n_bid);

	w = weights_json(f);
	ctl_set(o, "bids", bids_json(f->bid, f->n_bid));
	ctl_set(o, "weights", w);
	ctl_set(o, "bid", bid && !w ? ctl_int(bid) : NULL);
	said(o, bid ? "active" : "inactive", FLOW_OK);
	return o;
}

static struct json_object *asked(const struct mobile_node *m, const struct flow_entry *e,
				 const struct binding_set *s)
{
	struct json_object *o = flow_json(&m->hoa, "ha", NULL, e->fid, e->prio, &e->sel);
	uint16_t bid = first_there(s, e->bid, e->n_bid);

	ctl_set(o, "bids", bids_json(e->bid, e->n_bid));
	ctl_set(o, "weights", NULL);
	ctl_set(o, "bid", bid && e->n_bid == 1 ? ctl_int(bid) : NULL);
	said(o, bid ? "active" : "inactive", FLOW_OK);
	return o;
}

static struct json_object *of_node(const struct node *n, const struct mobile_node *m, size_t i)
{
	struct json_object *o;
	struct binding_set s;

	bc_set(ha_bc(n->ha), &m->hoa, &s);
	if (i < m->n_flow) {
		o = configured(m, &m->flows[i], &s);
		went(o, n->kern, &m->hoa, plan_flow_id(&m->flows[i]));
		return o;
	}
	i -= m->n_flow;
	if (!s.flows || i >= s.flows->n)
		return NULL;
	o = asked(m, &s.flows->e[i], &s);
	went(o, n->kern, &m->hoa, s.flows->e[i].fid);
	return o;
}

static struct json_object *of_home(const struct node *n, unsigned home, size_t i)
{
	struct mn_flow_info f;
	struct json_object *o;
	struct mn_info h;

	if (!mn_home(n->mn, home, &h) || !mn_flow(n->mn, home, i, &f))
		return NULL;
	o = flow_json(&h.conf->hoa.a.in6, "mn", f.conf->name, f.conf->fid, f.conf->prio,
		      &f.conf->sel);
	ctl_set(o, "bids", bids_json(f.conf->bid, f.conf->n_bid));
	ctl_set(o, "weights", weights_json(f.conf));
	ctl_set(o, "bid", f.bid ? ctl_int(f.bid) : NULL);
	said(o, flow_view_str(f.view), f.status);
	went(o, n->kern, &h.conf->hoa.a.in6, plan_flow_id(f.conf));
	return o;
}

static bool wants(const struct ctl_client *c, const struct in6_addr *hoa)
{
	return !c->list.has_hoa || in6_eq(&c->list.hoa, hoa);
}

static struct json_object *next(struct ctl_client *c)
{
	struct ctl_listing *l = &c->list;
	struct node *n = c->ctl->node;
	struct json_object *o;
	struct mn_info h;

	for (; n && n->ha && l->at < ha_conf_of(n->ha)->n_node; l->at++, l->sub = 0) {
		const struct mobile_node *m = &ha_conf_of(n->ha)->nodes[l->at];

		o = wants(c, &m->hoa) ? of_node(n, m, l->sub++) : NULL;
		if (o)
			return o;
	}
	for (; n && n->mn && l->at < mn_homes(n->mn); l->at++, l->sub = 0) {
		if (!mn_home(n->mn, (unsigned)l->at, &h) || !wants(c, &h.conf->hoa.a.in6))
			continue;
		o = of_home(n, (unsigned)l->at, l->sub++);
		if (o)
			return o;
	}
	return NULL;
}

static bool step(struct ctl_client *c)
{
	struct json_object *o = next(c);

	ctl_reply(c, o, o != NULL);
	return o != NULL;
}

void ctl_list_flows(struct ctl_client *c, struct json_object *params)
{
	struct json_object *a = json_object_object_get(params, "home_address");

	ctl_listing_end(c);
	if (a && (!json_object_is_type(a, json_type_string) ||
		  inet_pton(AF_INET6, json_object_get_string(a), &c->list.hoa) != 1)) {
		ctl_error(c, INVALID, "parameter", "home_address");
		return;
	}
	c->list.has_hoa = a;
	c->list.by_place = true;
	c->list.step = step;
}
