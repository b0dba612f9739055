/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/ctl_priv.h"
#include "run/timer.h"

static struct json_object *addresses(const struct hal_entry *e)
{
	struct json_object *a = json_object_new_array();

	for (unsigned i = 0; i < e->n_addr; i++)
		json_object_array_add(a, ctl_addr(&e->addr[i].addr));
	return a;
}

static struct json_object *warnings(unsigned wrong)
{
	struct json_object *a = json_object_new_array();

	for (unsigned i = 0; i < ADV__COUNT; i++)
		if (wrong & 1u << i)
			json_object_array_add(a, json_object_new_string(hal_adv_str(1u << i)));
	return a;
}

static struct json_object *home_prefixes(const struct ha_conf *c, const struct home_link *l)
{
	const struct prefix *v = l ? l->prefixes : c->served;
	size_t n = l ? l->n_prefix : c->n_served;
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(a, ctl_prefix(&v[i]));
	return a;
}

static struct json_object *agent_json(const struct ha_conf *c, const struct ha_agent *h)
{
	struct json_object *o = json_object_new_object();
	const char *state = !h->own ? "heard" : h->adv_age >= 0 ? "advertised" : "own";

	ctl_set(o, "role", json_object_new_string("ha"));
	ctl_set(o, "device", h->link ? ctl_text(h->link->dev) : NULL);
	ctl_set(o, "home_prefixes", home_prefixes(c, h->link));
	ctl_set(o, "state", json_object_new_string(state));
	ctl_set(o, "link_local", ctl_addr(&h->e.ll));
	ctl_set(o, "addresses", addresses(&h->e));
	ctl_set(o, "preference", ctl_int(h->e.preference));
	ctl_set(o, "lifetime", h->e.lifetime ? ctl_int(h->e.lifetime) : NULL);
	ctl_set(o, "remaining", h->own ? NULL : ctl_seconds(MAX(h->e.expires - run_now(), 0)));
	ctl_set(o, "mobile_routers", ctl_bool(h->e.router));
	ctl_set(o, "warnings", warnings(h->adv_wrong));
	ctl_set(o, "home_address", NULL);
	ctl_set(o, "source", NULL);
	return o;
}

/* ---- of a mobile node ---- */

static const char *candidate_state(const struct bul *b, const struct in6_addr *a)
{
	if (b->bound_coa.family && in6_eq(&b->bound_ha, a))
		return "registered";
	if (!in6_eq(&b->ha, a))
		return "candidate";
	return b->state == BUL_WAIT_BA || b->state == BUL_LEAVE || b->state == BUL_STOP ?
	       "asked" : "next";
}

static bool candidate(const struct bul *b, const struct in6_addr *a)
{
	for (unsigned i = 0; i < b->n_cand; i++)
		if (in6_eq(&b->cand[i], a))
			return true;
	return false;
}

static bool configured(const struct home_conf *h, const struct in6_addr *a)
{
	for (size_t i = 0; i < h->n_ha; i++)
		if (in6_eq(&h->home_agents[i], a))
			return true;
	return false;
}

static struct json_object *candidate_json(const struct mn_info *i, const struct in6_addr *a,
					  const char *state)
{
	struct json_object *o = json_object_new_object(), *v = json_object_new_array();
	struct json_object *home = json_object_new_array();
	const struct prefix net = prefix_network(&i->conf->hoa);

	json_object_array_add(v, ctl_addr(a));
	json_object_array_add(home, ctl_prefix(&net));
	ctl_set(o, "role", json_object_new_string(i->bul->router ? "mr" : "mn"));
	ctl_set(o, "device", ctl_text(i->uplink));
	ctl_set(o, "home_prefixes", home);
	ctl_set(o, "state", json_object_new_string(state));
	ctl_set(o, "link_local", NULL);
	ctl_set(o, "addresses", v);
	ctl_set(o, "preference", NULL);		/* replies of discovery name them in order only */
	ctl_set(o, "lifetime", NULL);
	ctl_set(o, "remaining", NULL);
	ctl_set(o, "mobile_routers", NULL);
	ctl_set(o, "warnings", json_object_new_array());
	ctl_set(o, "home_address", ctl_addr(&i->conf->hoa.a.in6));
	ctl_set(o, "source", json_object_new_string(configured(i->conf, a) ? "configured" :
						    "discovered"));
	return o;
}

static bool candidates_step(struct ctl_client *c)
{
	struct ctl_listing *l = &c->list;
	struct node *n = c->ctl->node;
	struct mn_info i;

	if (!n || !n->mn || l->at >= mn_homes(n->mn)) {
		ctl_reply(c, NULL, false);
		return false;
	}
	/* all of a home at once: their order may change */
	if (mn_home(n->mn, (unsigned)l->at++, &i)) {
		for (unsigned k = 0; k < i.bul->n_cand; k++)
			ctl_reply(c, candidate_json(&i, &i.bul->cand[k],
						    candidate_state(i.bul, &i.bul->cand[k])), true);
		for (unsigned k = 0; k < i.n_found; k++)
			if (!candidate(i.bul, &i.found[k]))
				ctl_reply(c, candidate_json(&i, &i.found[k], "not_used"), true);
	}
	return true;
}

/* ---- of a home agent ---- */

/* Of each home link this home agent and then the others; at last that of no link. */
static bool step(struct ctl_client *c)
{
	struct ctl_listing *l = &c->list;
	struct node *n = c->ctl->node;
	struct ha_agent h;

	if (!n || !n->ha || l->at > ha_conf_of(n->ha)->n_link) {
		l->at = 0;
		l->step = candidates_step;
		return true;
	}
	/* all of a link at once: their order may change */
	for (size_t i = 0; ha_agent(n->ha, l->at, i, &h); i++)
		ctl_reply(c, agent_json(ha_conf_of(n->ha), &h), true);
	l->at++;
	return true;
}

void ctl_list_agents(struct ctl_client *c, struct json_object *params)
{
	(void)params;
	ctl_listing_end(c);
	c->list.step = step;
	c->list.by_place = true;
}
