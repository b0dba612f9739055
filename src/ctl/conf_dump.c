/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/conf_dump.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/conf_flow.h"
#include "ctl/conf_schema.h"

/* ---- keys with a form of their own ---- */

static struct json_object *text(const char *s)
{
	return json_object_new_string(s);
}

static struct json_object *dump_words(const struct conf_word *w, unsigned bits)
{
	struct json_object *a = json_object_new_array();

	for (; w->name; w++) {
		if (bits & w->value)
			json_object_array_add(a, text(w->name));
	}
	return a;
}

static struct json_object *dump_roles(const void *obj)
{
	return dump_words(conf_word_role, ((const struct conf *)obj)->roles);
}

static struct json_object *dump_ipv4(const void *obj)
{
	static const struct conf_word bit[] = { { "rfc5555", 1 }, { "v4prefix", 2 }, { NULL, 0 } };
	const struct conf *c = obj;

	return dump_words(bit, (c->ha.accept_rfc5555 ? 1u : 0) | (c->ha.accept_v4prefix ? 2u : 0));
}

static struct json_object *dump_events(const void *obj)
{
	return dump_words(conf_word_event, ((const struct hook_conf *)obj)->events);
}

static struct json_object *dump_debug(const void *obj)
{
	const struct conf *c = obj;
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < c->log.n_debug; i++)
		json_object_array_add(a, text(c->log.debug[i].name));
	return a;
}

static struct json_object *dump_key_file(const void *obj)
{
	return ((const struct sec_conf *)obj)->key.len ? text(CONF_HIDDEN) : NULL;
}

static struct json_object *dump_home_address(const void *obj)
{
	return text(PFX(&((const struct home_conf *)obj)->hoa));
}

static struct json_object *dump_home_agent(const void *obj)
{
	const struct home_conf *h = obj;
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < h->n_ha; i++)
		json_object_array_add(a, text(A6(&h->home_agents[i])));
	if (h->discover)
		json_object_array_add(a, text("discover"));
	return a;
}

static struct json_object *dump_mnp(const void *obj)
{
	return text(PFX(&((const struct mnp_conf *)obj)->prefix));
}

static struct json_object *dump_life(const void *obj)
{
	return text(PFX(&((const struct prefix_life *)obj)->prefix));
}

static struct json_object *dump_policy_peer(const void *obj)
{
	return text(PFX(&((const struct peer_policy *)obj)->peer));
}

static const struct {
	int (*read)(struct conf_ctx *x, const config_setting_t *s, void *obj);
	struct json_object *(*dump)(const void *obj);
} own_form[] = {
	{ conf_roles_fn, dump_roles }, { conf_ipv4_options_fn, dump_ipv4 },
	{ conf_debug_fn, dump_debug }, { conf_events_fn, dump_events },
	{ conf_key_file_fn, dump_key_file }, { conf_home_address_fn, dump_home_address },
	{ conf_home_agent_fn, dump_home_agent }, { conf_mnp_fn, dump_mnp },
	{ conf_life_prefix_fn, dump_life }, { conf_peer_fn, dump_policy_peer },
};

static struct json_object *dump_fn(const struct conf_key *k, const void *obj)
{
	for (size_t i = 0; i < ARRAY_SIZE(own_form); i++) {
		if (own_form[i].read == k->fn)
			return own_form[i].dump(obj);
	}
	return conf_flow_dump(k, obj);
}

/* ---- values ---- */

static struct json_object *group(const struct conf_schema *sc, const void *obj, unsigned roles,
				 bool all);

static uint64_t get_uint(const void *at, size_t size)
{
	uint64_t v = 0;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;

	if (size == sizeof(u8))
		memcpy(&u8, at, size), v = u8;
	else if (size == sizeof(u16))
		memcpy(&u16, at, size), v = u16;
	else if (size == sizeof(u32))
		memcpy(&u32, at, size), v = u32;
	else
		memcpy(&v, at, sizeof(v));
	return v;
}

static struct json_object *number(double v)
{
	char buf[32];

	/* as it was written: 1, and 0.1 and not its nearest neighbour in binary */
	if (v == (double)(int64_t)v)
		return json_object_new_int64((int64_t)v);
	snprintf(buf, sizeof(buf), "%.10g", v);
	return json_object_new_double_s(v, buf);
}

static size_t items(const struct conf_key *k, const void *obj, const void **first)
{
	size_t n;

	memcpy(&n, (const char *)obj + k->count, sizeof(n));
	memcpy(first, (const char *)obj + k->at, sizeof(*first));
	return n;
}

static struct json_object *prefixes(const struct conf_key *k, const void *obj)
{
	struct json_object *a = json_object_new_array();
	const void *first;
	size_t n = items(k, obj, &first);
	const struct prefix *p = first;

	for (size_t i = 0; i < n; i++)
		json_object_array_add(a, text(PFX(&p[i])));
	return a;
}

static struct json_object *list(const struct conf_key *k, const void *obj, unsigned roles, bool all)
{
	struct json_object *a = json_object_new_array();
	const void *first;
	size_t n = items(k, obj, &first);

	if (!n) {			/* none: there is nothing to say */
		json_object_put(a);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		json_object_array_add(a, group(k->sub, (const char *)first + i * k->sub->item, roles,
					       all));
	return a;
}

/* NULL: it has no value. */
static struct json_object *value(const struct conf_key *k, const void *obj, unsigned roles,
				 bool all)
{
	const void *at = (const char *)obj + k->at;
	struct in6_addr a;
	double v;
	bool b;

	switch (k->kind) {
	case CK_BOOL:
		memcpy(&b, at, sizeof(b));
		return json_object_new_boolean(b);
	case CK_INT:			/* 0 where 0 cannot be said: none */
		if (k->min > 0 && !get_uint(at, k->size))
			return NULL;
		return json_object_new_int64((int64_t)get_uint(at, k->size));
	case CK_TIME:
		memcpy(&v, at, sizeof(v));
		return number(v);
	case CK_TEXT:
		return k->min > 0 && !*(const char *)at ? NULL : text(at);
	case CK_WORD:
		return text(conf_word_str(k->word, (unsigned)get_uint(at, k->size)));
	case CK_ADDR:
		memcpy(&a, at, sizeof(a));
		return IN6_IS_ADDR_UNSPECIFIED(&a) ? NULL : text(A6(&a));
	case CK_PREFIXES:
		return prefixes(k, obj);
	case CK_GROUP:
		return group(k->sub, at, roles, all);
	case CK_LIST:
		return list(k, obj, roles, all);
	case CK_FN:
		return dump_fn(k, obj);
	}
	return NULL;
}

static bool of_use(const struct conf_key *k, unsigned roles)
{
	return !k->roles || k->roles & roles;
}

static struct json_object *group(const struct conf_schema *sc, const void *obj, unsigned roles,
				 bool all)
{
	struct json_object *o = json_object_new_object();

	for (size_t i = 0; i < sc->n; i++) {
		const struct conf_key *k = &sc->key[i];
		struct json_object *v = of_use(k, roles) ? value(k, obj, roles, all) : NULL;

		if (v && (all || conf_said(sc, obj, k)))
			json_object_object_add(o, k->name, v);
		else
			json_object_put(v);
	}
	return o;
}

/* ---- the walk ---- */

static bool is_list(const struct conf_key *k)
{
	return k->kind == CK_LIST;
}

/* One key, or the next group of a list: false if there is nothing (more) to tell of it. */
static bool one(const struct conf *c, bool all, const struct conf_key *k, struct conf_at *at,
		struct conf_item *out)
{
	struct json_object *v;
	const void *first;

	*out = (struct conf_item){ .key = k->name, .index = -1 };
	if (is_list(k)) {
		if (at->index >= items(k, c, &first))
			return false;
		out->index = (long)at->index;
		out->value = group(k->sub, (const char *)first + at->index++ * k->sub->item,
				   c->roles, all);
		return true;
	}
	if (at->index++)
		return false;
	v = value(k, c, c->roles, all);
	if (!v)
		return false;
	out->is_default = !conf_said(&conf_schema_top, c, k);
	if (out->is_default && !all) {
		json_object_put(v);
		return false;
	}
	out->value = v;
	return true;
}

bool conf_dump_next(const struct conf *c, bool all, struct conf_at *at, struct conf_item *out)
{
	for (; at->key < conf_schema_top.n; at->key++, at->index = 0) {
		const struct conf_key *k = &conf_schema_top.key[at->key];

		if (of_use(k, c->roles) && one(c, all, k, at, out))
			return true;
	}
	return false;
}

struct json_object *conf_dump_key(const struct conf_key *k, const void *obj)
{
	return value(k, obj, ~0u, true);
}

struct json_object *conf_dump(const struct conf *c, bool all)
{
	struct json_object *o = json_object_new_object(), *a;
	struct conf_at at = { 0 };
	struct conf_item i;

	while (conf_dump_next(c, all, &at, &i)) {
		if (i.index < 0) {
			json_object_object_add(o, i.key, i.value);
			continue;
		}
		a = json_object_object_get(o, i.key);
		if (!a) {
			a = json_object_new_array();
			json_object_object_add(o, i.key, a);
		}
		json_object_array_add(a, i.value);
	}
	return o;
}
