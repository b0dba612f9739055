/* SPDX-License-Identifier: BSD-2-Clause */
/* What `nft -j list ruleset` says (libnftables-json(5)), as neutral rules. */
#include <ctype.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "mip6ctl/fmt.h"
#include "mip6ctl/fw.h"

static const char *text_of(struct json_object *o, const char *key)
{
	const char *s = json_object_get_string(json_object_object_get(o, key));

	return s ? s : "";
}

/* ---- values ---- */

typedef int (*word_fn)(const char *word);

static int number(const char *word)
{
	char *end;
	long v = strtol(word, &end, 10);

	return *word && !*end && v >= 0 ? (int)v : -1;
}

/* With -n nft writes symbols as the kernel's numbers. */
static int family_of(const char *word)
{
	switch (number(word)) {
	case NFPROTO_IPV4:
		return 4;
	case NFPROTO_IPV6:
		return 6;
	}
	return strcmp(word, "ipv4") == 0 ? 4 : strcmp(word, "ipv6") == 0 ? 6 : -1;
}

static int mh_type_of(const char *word)
{
	static const char *const name[] = {
		"binding-refresh-request", "home-test-init", "careof-test-init", "home-test",
		"careof-test", "binding-update", "binding-acknowledgement", "binding-error",
	};

	for (size_t i = 0; i < ARRAY_SIZE(name); i++) {
		if (strcmp(name[i], word) == 0)
			return (int)i;
	}
	return number(word);
}

static int icmp_type_of(const char *word)
{
	static const struct { const char *name; int type; } row[] = {
		{ "destination-unreachable", 1 }, { "packet-too-big", 2 }, { "time-exceeded", 3 },
		{ "parameter-problem", 4 }, { "echo-request", 128 }, { "echo-reply", 129 },
		{ "nd-router-solicit", 133 }, { "nd-router-advert", 134 },
		{ "nd-neighbor-solicit", 135 }, { "nd-neighbor-advert", 136 },
		{ "nd-redirect", 137 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (strcmp(row[i].name, word) == 0)
			return row[i].type;
	}
	return number(word);
}

static int state_of(const char *word)
{
	switch (number(word)) {
	case NF_CT_STATE_BIT(IP_CT_NEW):
		return FW_CT_NEW;
	case NF_CT_STATE_BIT(IP_CT_ESTABLISHED):
		return FW_CT_ESTABLISHED;
	}
	return strcmp(word, "new") == 0 ? FW_CT_NEW
	       : strcmp(word, "established") == 0 ? FW_CT_ESTABLISHED : FW_CT_OTHER;
}

/* A value, a range, a set or a list of flags. False: something that is not known. */
static bool values(struct fw_match *m, struct json_object *v, word_fn fn)
{
	struct json_object *in = json_object_object_get(v, "set"), *r;
	int lo, hi;

	if (json_object_is_type(v, json_type_object) && in)
		v = in;
	if (json_object_is_type(v, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(v); i++) {
			if (!values(m, json_object_array_get_idx(v, i), fn))
				return false;
		}
		return true;
	}
	if (json_object_is_type(v, json_type_object)) {
		r = json_object_object_get(v, "range");
		lo = r ? fn(json_object_get_string(json_object_array_get_idx(r, 0))) : -1;
		hi = r ? fn(json_object_get_string(json_object_array_get_idx(r, 1))) : -1;
	} else {
		lo = hi = fn(json_object_get_string(v));
	}
	if (lo < 0 || hi < lo)
		return false;
	fw_add_value(m, (uint32_t)lo, (uint32_t)hi);
	return true;
}

static bool names(struct fw_match *m, struct json_object *v)
{
	struct json_object *in = json_object_object_get(v, "set");

	if (json_object_is_type(v, json_type_object) && in)
		v = in;
	if (json_object_is_type(v, json_type_string)) {
		fw_add_name(m, json_object_get_string(v));
		return *json_object_get_string(v) != '@';	/* a set of its own */
	}
	for (size_t i = 0; json_object_is_type(v, json_type_array) &&
	     i < json_object_array_length(v); i++) {
		if (!names(m, json_object_array_get_idx(v, i)))
			return false;
	}
	return json_object_is_type(v, json_type_array);
}

/* ---- what is looked at ---- */

static const struct look {
	const char *kind, *a, *b;	/* NULL: not asked */
	enum fw_what what;
	word_fn fn;			/* NULL: names of devices */
} looks[] = {
	{ "meta", "l4proto", NULL, FW_PROTO, fw_protocol },
	{ "meta", "nfproto", NULL, FW_FAMILY, family_of },
	{ "meta", "iif", NULL, FW_IN, NULL },
	{ "meta", "iifname", NULL, FW_IN, NULL },
	{ "meta", "oif", NULL, FW_OUT, NULL },
	{ "meta", "oifname", NULL, FW_OUT, NULL },
	{ "ct", "state", NULL, FW_STATE, state_of },
	{ "payload", "ip6", "nexthdr", FW_FIRST_HEADER, fw_protocol },
	{ "payload", "ip", "protocol", FW_PROTO, fw_protocol },
	{ "payload", "icmpv6", "type", FW_ICMP_TYPE, icmp_type_of },
	{ "exthdr", "rt", "type", FW_RT_TYPE, number },
	{ "exthdr", "mh", "type", FW_MH_TYPE, mh_type_of },
};

static const struct look *look_of(struct json_object *left)
{
	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		const struct look *l = &looks[i];
		struct json_object *o = json_object_object_get(left, l->kind);
		const char *first = *l->kind == 'p' ? "protocol" : *l->kind == 'e' ? "name" : "key";

		if (o && strcmp(text_of(o, first), l->a) == 0 &&
		    (!l->b || strcmp(text_of(o, "field"), l->b) == 0))
			return l;
	}
	return NULL;
}

/* A field of a header of another layer fits nowhere else: "tcp dport 22". */
static void implied(struct fw_rule *r, struct json_object *left)
{
	struct json_object *payload = json_object_object_get(left, "payload");
	struct json_object *exthdr = json_object_object_get(left, "exthdr");
	const char *proto = text_of(payload, "protocol");
	struct fw_match *m;
	int v;

	if (exthdr && (v = fw_protocol(text_of(exthdr, "name"))) > 0) {
		m = fw_add_match(r, FW_HAS_HEADER);
		fw_add_value(m, (uint32_t)v, (uint32_t)v);
	}
	if (!payload)
		return;
	if (strcmp(proto, "ip") == 0 || strcmp(proto, "ip6") == 0) {
		m = fw_add_match(r, FW_FAMILY);
		fw_add_value(m, proto[2] ? 6 : 4, proto[2] ? 6 : 4);
	} else if (strcmp(proto, "th") != 0 && (v = fw_protocol(proto)) >= 0) {
		m = fw_add_match(r, FW_PROTO);
		fw_add_value(m, (uint32_t)v, (uint32_t)v);
	}
}

/* "exthdr dst exists" */
static bool existence(struct fw_rule *r, struct json_object *match)
{
	struct json_object *e = json_object_object_get(json_object_object_get(match, "left"),
						       "exthdr");
	struct json_object *right = json_object_object_get(match, "right");
	int v = e && !json_object_object_get(e, "field") ? fw_protocol(text_of(e, "name")) : -1;
	struct fw_match *m;

	if (v < 0 || !json_object_is_type(right, json_type_boolean))
		return false;
	m = fw_add_match(r, FW_HAS_HEADER);
	fw_add_value(m, (uint32_t)v, (uint32_t)v);
	m->negated = !json_object_get_boolean(right) ^ (strcmp(text_of(match, "op"), "!=") == 0);
	return true;
}

static void read_match(struct fw_rule *r, struct json_object *match)
{
	struct json_object *left = json_object_object_get(match, "left");
	struct json_object *right = json_object_object_get(match, "right");
	const char *op = text_of(match, "op");
	const struct look *l = look_of(left);
	struct fw_match *m;
	bool known;

	if (existence(r, match))
		return;
	implied(r, left);
	m = fw_add_match(r, l ? l->what : FW_OTHER_THING);
	m->negated = strcmp(op, "!=") == 0;
	known = l && (m->negated || strcmp(op, "==") == 0 || strcmp(op, "in") == 0) &&
		(l->fn ? values(m, right, l->fn) : names(m, right));
	if (!known)
		m->what = FW_OTHER_THING;
}

/* ---- what is done ---- */

static bool verdict(struct fw_rule *r, const char *key, struct json_object *v)
{
	static const struct { const char *name; enum fw_act act; } row[] = {
		{ "accept", FW_ACCEPT }, { "drop", FW_DROP }, { "reject", FW_DROP },
		{ "return", FW_RETURN }, { "jump", FW_JUMP }, { "goto", FW_GOTO },
		{ "queue", FW_UNKNOWN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (strcmp(row[i].name, key) != 0)
			continue;
		r->act = row[i].act;
		snprintf(r->target, sizeof(r->target), "%s", text_of(v, "target"));
		return true;
	}
	return false;
}

/* One statement of a rule. A map of verdicts becomes rules of their own by read_vmap(). */
static void read_statement(struct fw_rule *r, struct json_object *e)
{
	static const char *const harmless[] = { "counter", "log", "mangle", "notrack", "meter" };

	if (!json_object_is_type(e, json_type_object))
		return;
	json_object_object_foreach(e, key, v) {
		bool known = false;

		if (strcmp(key, "match") == 0) {
			read_match(r, v);
			continue;
		}
		if (strcmp(key, "xt") == 0) {
			if (strcmp(text_of(v, "type"), "target") == 0)
				r->act = FW_UNKNOWN;
			else
				fw_add_match(r, FW_OTHER_THING);
			continue;
		}
		for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
			known |= strcmp(key, harmless[i]) == 0;
		/* a limit, a set that is looked up: it may end the rule */
		if (!known && !verdict(r, key, v))
			fw_add_match(r, FW_OTHER_THING);
	}
}

/* The rule as a person writes it is not told; this is close. */
static void describe(struct fw_rule *r, struct json_object *rule)
{
	const char *text = json_object_to_json_string_ext(
		json_object_object_get(rule, "expr"),
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	const char *comment = text_of(rule, "comment");
	size_t n;

	n = (size_t)snprintf(r->text, sizeof(r->text), "handle %s%s%.60s%s: ",
			     text_of(rule, "handle"), *comment ? " \"" : "", comment,
			     *comment ? "\"" : "");
	for (; *text && n < sizeof(r->text) - 1; text++) {
		if (!strchr("{}[]\"", *text))
			r->text[n++] = *text == ',' || *text == ':' ? ' ' : *text;
	}
	r->text[n] = '\0';
}

static void copy_rule(struct fw_rule *to, const struct fw_rule *from)
{
	memcpy(to->text, from->text, sizeof(to->text));
	for (size_t i = 0; i < from->n; i++) {
		struct fw_match *m = fw_add_match(to, from->match[i].what);

		m->negated = from->match[i].negated;
		for (size_t k = 0; k < from->match[i].n; k++)
			fw_add_value(m, from->match[i].value[k].lo, from->match[i].value[k].hi);
		for (size_t k = 0; k < from->match[i].n_name; k++)
			fw_add_name(m, from->match[i].name[k]);
	}
}

/* "l4proto vmap { 41 : drop }" behind the matches of the c's last rule: a rule for each. */
static void read_vmap(struct fw_chain *c, struct json_object *vmap)
{
	struct json_object *set = json_object_object_get(json_object_object_get(vmap, "data"),
							 "set");
	size_t base = c->n - 1;

	if (!set) {			/* a map with a name */
		c->rule[base].act = FW_UNKNOWN;
		fw_add_match(&c->rule[base], FW_OTHER_THING);
		return;
	}
	for (size_t i = 0; i < json_object_array_length(set); i++) {
		struct json_object *pair = json_object_array_get_idx(set, i);
		struct json_object *match = json_object_new_object();
		struct fw_rule *r = fw_add_rule(c);

		copy_rule(r, &c->rule[base]);
		json_object_object_add(match, "op", json_object_new_string("=="));
		json_object_object_add(match, "left",
				       json_object_get(json_object_object_get(vmap, "key")));
		json_object_object_add(match, "right",
				       json_object_get(json_object_array_get_idx(pair, 0)));
		read_match(r, match);
		json_object_put(match);
		read_statement(r, json_object_array_get_idx(pair, 1));
	}
	c->rule[base].act = FW_NEXT;
}

static void read_rule(struct fw_chain *c, struct json_object *rule)
{
	struct json_object *expr = json_object_object_get(rule, "expr"), *vmap;
	struct fw_rule *r = fw_add_rule(c);

	describe(r, rule);
	for (size_t i = 0; json_object_is_type(expr, json_type_array) &&
	     i < json_object_array_length(expr); i++) {
		struct json_object *e = json_object_array_get_idx(expr, i);

		vmap = json_object_object_get(e, "vmap");
		if (vmap) {
			read_vmap(c, vmap);
			return;		/* nothing comes behind a verdict */
		}
		read_statement(r, e);
	}
}

/* ---- tables and chains ---- */

static enum fw_hook hook_of(const char *word)
{
	return strcmp(word, "input") == 0 ? FW_INPUT : strcmp(word, "output") == 0 ? FW_OUTPUT
	       : strcmp(word, "forward") == 0 ? FW_FORWARD : FW_OTHER;
}

/* Chains that ip6tables-nft keeps look like this; ip6tables-save knows more of them. */
static bool of_iptables(struct json_object *o, const char *chain)
{
	static const char *const table[] = { "filter", "mangle", "raw", "nat", "security" };
	const char *family = text_of(o, "family"), *name = text_of(o, "table");

	if ((strcmp(family, "ip") != 0 && strcmp(family, "ip6") != 0) ||
	    !isupper((unsigned char)*chain))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(name, table[i]) == 0)
			return true;
	}
	return false;
}

static void table_name(struct json_object *o, char buf[static FW_NAME])
{
	snprintf(buf, FW_NAME, "%.10s %.50s", text_of(o, "family"), text_of(o, "table"));
}

static void read_chain(struct fw *fw, struct json_object *o)
{
	const char *family = text_of(o, "family"), *hook = text_of(o, "hook");
	char table[FW_NAME];
	struct fw_chain *c;

	table_name(o, table);
	c = fw_add_chain(fw, table, text_of(o, "name"));
	c->nft = true;
	c->v6 = strcmp(family, "ip6") == 0 || strcmp(family, "inet") == 0;
	c->v4 = strcmp(family, "ip") == 0 || strcmp(family, "inet") == 0;
	c->base = *hook;
	c->hook = hook_of(hook);
	c->policy_drop = strcmp(text_of(o, "policy"), "drop") == 0;
}

static struct fw_chain *find(struct fw *fw, struct json_object *rule)
{
	char table[FW_NAME];

	table_name(rule, table);
	for (size_t i = 0; i < fw->n; i++) {
		if (strcmp(fw->chain[i].table, table) == 0 &&
		    strcmp(fw->chain[i].name, text_of(rule, "chain")) == 0)
			return &fw->chain[i];
	}
	return NULL;
}

int fw_read_nft(struct fw *fw, struct json_object *ruleset, bool own)
{
	struct json_object *a = json_object_object_get(ruleset, "nftables");

	if (!json_object_is_type(a, json_type_array))
		return -EPROTO;
	for (size_t i = 0; i < json_object_array_length(a); i++) {
		struct json_object *e = json_object_array_get_idx(a, i);
		struct json_object *chain = json_object_object_get(e, "chain");
		struct json_object *rule = json_object_object_get(e, "rule");
		struct fw_chain *c = rule ? find(fw, rule) : NULL;

		if (chain && !own && of_iptables(chain, text_of(chain, "name")))
			fw->iptables = true;
		else if (chain)
			read_chain(fw, chain);
		if (c)
			read_rule(c, rule);
	}
	return 0;
}
