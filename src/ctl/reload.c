/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "ctl/conf_dump.h"
#include "ctl/conf_schema.h"

/* ---- what cannot change ---- */

struct walk { unsigned roles; char *key; };

static size_t items(const struct conf_key *k, const void *obj, const char **first)
{
	size_t n;

	memcpy(&n, (const char *)obj + k->count, sizeof(n));
	memcpy(first, (const char *)obj + k->at, sizeof(*first));
	return n;
}

static bool of_use(const struct walk *w, const struct conf_key *k)
{
	return !k->roles || k->roles & w->roles;
}

static bool differs(const struct conf_key *k, const void *a, const void *b)
{
	struct json_object *x = conf_dump_key(k, a), *y = conf_dump_key(k, b);
	bool same = json_object_equal(x, y);

	json_object_put(x);
	json_object_put(y);
	return !same;
}

/* Something in it takes a restart. */
static bool any_fixed(const struct conf_schema *sc)
{
	for (size_t i = 0; i < sc->n; i++)
		if (sc->key[i].reload == CONF_RESTART || (sc->key[i].sub && any_fixed(sc->key[i].sub)))
			return true;
	return false;
}

static bool refuse(const struct walk *w, const struct conf_schema *sc, const struct conf_key *k)
{
	snprintf(w->key, RELOAD_KEY, "%s%s%s", sc->name, *sc->name ? "." : "", k->name);
	return true;
}

static bool group(const struct walk *w, const struct conf_schema *sc, const void *a, const void *b);

/* The item of b's list that is the same thing as this one of a's, by the first key of the group;
 * NULL: it is gone. */
static const char *partner(const struct conf_key *k, const char *item, const char *first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!differs(&k->sub->key[0], item, first + i * k->sub->item))
			return first + i * k->sub->item;
	return NULL;
}

static bool list(const struct walk *w, const struct conf_schema *sc, const struct conf_key *k,
		 const void *a, const void *b)
{
	const char *x, *y;
	size_t n = items(k, a, &x), m = items(k, b, &y);

	if (k->reload == CONF_RESTART && n != m)
		return refuse(w, sc, k);
	if (!any_fixed(k->sub))
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *p = x + i * k->sub->item;
		const char *q = k->reload == CONF_RESTART ? y + i * k->sub->item : partner(k, p, y, m);

		if (k->reload == CONF_RESTART && differs(&k->sub->key[0], p, q))
			return refuse(w, sc, k);
		if (q && group(w, k->sub, p, q))
			return true;
	}
	return false;
}

static bool group(const struct walk *w, const struct conf_schema *sc, const void *a, const void *b)
{
	for (size_t i = 0; i < sc->n; i++) {
		const struct conf_key *k = &sc->key[i];

		if (!of_use(w, k))
			continue;
		if (k->kind == CK_GROUP) {
			if (group(w, k->sub, (const char *)a + k->at, (const char *)b + k->at))
				return true;
		} else if (k->kind == CK_LIST) {
			if (list(w, sc, k, a, b))
				return true;
		} else if (k->reload == CONF_RESTART && differs(k, a, b)) {
			return refuse(w, sc, k);
		}
	}
	return false;
}

static uint32_t table_at(const struct mn_conf *m, size_t i)
{
	return i < m->n_uplink ? m->uplinks[i].table : m->homes[i - m->n_uplink].table;
}

/* A table that the file gives to one may be what another still has (reload_inherit()). */
static bool table_clash(const struct mn_conf *m, char key[static RELOAD_KEY])
{
	for (size_t i = 0; i < m->n_uplink + m->n_home; i++) {
		for (size_t j = 0; j < i; j++) {
			if (table_at(m, i) != table_at(m, j))
				continue;
			snprintf(key, RELOAD_KEY, "%s.table", i < m->n_uplink ? "uplinks" : "homes");
			return true;
		}
	}
	return false;
}

bool reload_refused(const struct conf *a, const struct conf *b, char key[static RELOAD_KEY])
{
	const struct walk w = { a->roles & b->roles, key };

	if (group(&w, &conf_schema_top, a, b))
		return true;
	if (!(w.roles & (ROLE_MN | ROLE_MR)))
		return false;
	return table_clash(&b->mn, key);
}

/* ---- lifetimes that run down ---- */

static bool same_life(const struct prefix_life *a, const struct prefix_life *b)
{
	return a->decrement && a->valid == b->valid && a->preferred == b->preferred;
}

static struct prefix_life of_link(const struct home_link *l)
{
	return (struct prefix_life){ .valid = l->valid, .preferred = l->preferred,
				     .decrement = l->decrement, .since = l->since };
}

/* As it was: they go on running. */
static double since(const struct home_link *was, const struct prefix_life *p, double now)
{
	for (size_t i = 0; was && i < was->n_life; i++)
		if (prefix_eq(&was->lives[i].prefix, &p->prefix) && same_life(&was->lives[i], p))
			return was->lives[i].since;
	return now;
}

static void inherit_clocks(struct conf *c, const struct conf *old, double now)
{
	for (size_t i = 0; i < c->ha.n_link; i++) {
		struct home_link *l = &c->ha.links[i];
		const struct home_link *was = old && i < old->ha.n_link ? &old->ha.links[i] : NULL;
		struct prefix_life old_life, life = of_link(l);

		if (l->since > 0)	/* undone: it was in force before */
			continue;
		if (was && strcmp(was->dev, l->dev) != 0)
			was = NULL;
		if (was)
			old_life = of_link(was);
		l->since = was && same_life(&old_life, &life) ? was->since : now;
		for (size_t k = 0; k < l->n_life; k++)
			l->lives[k].since = since(was, &l->lives[k], now);
	}
}

/* ---- routing tables of uplinks and homes ---- */

static bool said(const struct conf_key *top, const char *name, const void *obj)
{
	return conf_said(top->sub, obj, conf_key_of(top->sub, name));
}

static bool taken(const struct mn_conf *m, uint32_t table)
{
	bool found = table >= 253 && table <= 255;

	for (size_t i = 0; i < m->n_uplink; i++)
		found |= m->uplinks[i].table == table;
	for (size_t i = 0; i < m->n_home; i++)
		found |= m->homes[i].table == table;
	return found;
}

static uint32_t free_table(const struct conf *c, const struct conf *old, uint32_t from)
{
	while (taken(&c->mn, from) || taken(&old->mn, from))
		from++;
	return from;
}

static const struct uplink_conf *uplink_of(const struct mn_conf *m, const char *dev)
{
	for (size_t i = 0; i < m->n_uplink; i++)
		if (strcmp(m->uplinks[i].dev, dev) == 0)
			return &m->uplinks[i];
	return NULL;
}

static const struct home_conf *home_of(const struct mn_conf *m, const struct in6_addr *hoa)
{
	for (size_t i = 0; i < m->n_home; i++)
		if (in6_eq(&m->homes[i].hoa.a.in6, hoa))
			return &m->homes[i];
	return NULL;
}

/* 0: to be chosen when those that stay have theirs. */
static void inherit_tables(struct conf *c, const struct conf *old)
{
	const struct conf_key *up = conf_key_of(&conf_schema_top, "uplinks");
	const struct conf_key *home = conf_key_of(&conf_schema_top, "homes");

	for (size_t i = 0; i < c->mn.n_uplink; i++) {
		struct uplink_conf *u = &c->mn.uplinks[i];
		const struct uplink_conf *was = uplink_of(&old->mn, u->dev);

		if (!said(up, "table", u) && !(was && said(up, "table", was)))
			u->table = was ? was->table : 0;
	}
	for (size_t i = 0; i < c->mn.n_home; i++) {
		struct home_conf *h = &c->mn.homes[i];
		const struct home_conf *was = home_of(&old->mn, &h->hoa.a.in6);

		if (!said(home, "table", h) && !(was && said(home, "table", was)))
			h->table = was ? was->table : 0;
	}
	for (size_t i = 0; i < c->mn.n_uplink; i++)
		if (!c->mn.uplinks[i].table)
			c->mn.uplinks[i].table = free_table(c, old, CONF_UPLINK_TABLE);
	for (size_t i = 0; i < c->mn.n_home; i++)
		if (!c->mn.homes[i].table)
			c->mn.homes[i].table = free_table(c, old, CONF_HOME_TABLE);
}

/* ---- metrics of mobile nodes ---- */

/* Those that are new take the places that nobody has. No memory: all as their file has it. */
static void inherit_slots(struct ha_conf *c, const struct ha_conf *old)
{
	size_t n = c->n_node, next = 0;
	bool *used;

	for (size_t i = 0; i < old->n_node; i++)
		n = MAX(n, (size_t)old->nodes[i].slot + 1);
	used = calloc(n + c->n_node + 1, sizeof(*used));
	if (!used)
		return;
	for (size_t i = 0; i < c->n_node; i++) {
		const struct mobile_node *was = ha_node(old, &c->nodes[i].hoa);

		if (was)
			used[was->slot] = true;
	}
	for (size_t i = 0; i < c->n_node; i++) {
		const struct mobile_node *was = ha_node(old, &c->nodes[i].hoa);

		while (!was && used[next])
			next++;
		c->nodes[i].slot = was ? was->slot : (unsigned)next++;
	}
	free(used);
}

void reload_inherit(struct conf *c, const struct conf *old, double now)
{
	inherit_clocks(c, old, now);
	if (!old)
		return;
	if (c->roles & (ROLE_MN | ROLE_MR)) {
		inherit_tables(c, old);
		memcpy(c->mn.iid_secret, old->mn.iid_secret, sizeof(c->mn.iid_secret));
	}
	if (c->roles & ROLE_HA)
		inherit_slots(&c->ha, &old->ha);
}
