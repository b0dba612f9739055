/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/conf_schema.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MAX_LEN	1024

static void put_uint(void *at, size_t size, uint64_t v)
{
	uint8_t u8 = (uint8_t)v;
	uint16_t u16 = (uint16_t)v;
	uint32_t u32 = (uint32_t)v;

	if (size == sizeof(u8))
		memcpy(at, &u8, size);
	else if (size == sizeof(u16))
		memcpy(at, &u16, size);
	else if (size == sizeof(u32))
		memcpy(at, &u32, size);
	else
		memcpy(at, &v, sizeof(v));
}

const char *conf_word_str(const struct conf_word *w, unsigned value)
{
	while (w->name && w->value != value)
		w++;
	return w->name ? w->name : "?";
}

/* ---- defaults ---- */

static void default_one(const struct conf_key *k, void *at)
{
	const struct conf_word *w;
	struct in6_addr a;
	char *end;
	double v = 0;

	switch (k->kind) {
	case CK_BOOL:
		*(bool *)at = strcmp(k->def, "true") == 0;
		break;
	case CK_INT:
	case CK_TIME:
		v = strtod(k->def, &end);
		if (*end)
			break;		/* in words: conf_finish() */
		if (k->kind == CK_TIME)
			memcpy(at, &v, sizeof(v));
		else
			put_uint(at, k->size, (uint64_t)v);
		break;
	case CK_TEXT:
		snprintf(at, k->size, "%s", k->def);
		break;
	case CK_WORD:
		for (w = k->word; w->name; w++) {
			if (strcmp(w->name, k->def) == 0)
				put_uint(at, k->size, w->value);
		}
		break;
	case CK_ADDR:
		if (inet_pton(AF_INET6, k->def, &a) == 1)
			memcpy(at, &a, sizeof(a));
		break;
	case CK_GROUP:
		conf_defaults(k->sub, at);
		break;
	case CK_PREFIXES:
	case CK_LIST:
	case CK_FN:
		break;
	}
}

void conf_defaults(const struct conf_schema *sc, void *obj)
{
	for (size_t i = 0; i < sc->n; i++) {
		if (sc->key[i].def || sc->key[i].kind == CK_GROUP)
			default_one(&sc->key[i], (char *)obj + sc->key[i].at);
	}
}

/* ---- values ---- */

/* libconfig 1.5 cuts a number without an L to 32 bits. conf_widen() cares for our files, not for
 * files that they include. */
static bool was_cut(const struct conf_ctx *x, const config_setting_t *s)
{
	const char *file = config_setting_source_file(s), *slash = strrchr(x->file, '/');
	unsigned line = config_setting_source_line(s);
	char path[PATH_MAX], buf[LINE_MAX_LEN];
	size_t digits = 0;
	bool cut = false;
	FILE *f;

	if (!file)
		return false;
	/* named as in the @include: from the directory of the file that has it */
	snprintf(path, sizeof(path), "%.*s%s",
		 slash && *file != '/' ? (int)(slash - x->file) + 1 : 0, x->file, file);
	f = fopen(path, "re");
	while (f && line && fgets(buf, sizeof(buf), f))
		line -= strchr(buf, '\n') != NULL;
	for (const char *p = buf; f && !line && *p; p++) {
		digits = strspn(p, "0123456789abcdefABCDEF");
		cut = cut || digits >= 10;
		p += digits ? digits - 1 : 0;
	}
	if (f)
		fclose(f);
	return cut;
}

static int get_number(struct conf_ctx *x, const config_setting_t *s, bool whole, double *v)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
		*v = config_setting_get_int(s);
		if (was_cut(x, s))
			return conf_err(x, s, NULL, "a number of that size must end in L");
		return 0;
	case CONFIG_TYPE_INT64:
		*v = (double)config_setting_get_int64(s);
		return 0;
	case CONFIG_TYPE_FLOAT:
		*v = config_setting_get_float(s);
		if (isfinite(*v) && (!whole || *v == floor(*v)))
			return 0;
		break;
	}
	return conf_err(x, s, NULL, "a %snumber is expected%s", whole ? "whole " : "",
			config_setting_type(s) == CONFIG_TYPE_STRING ? ", without quotes" : "");
}

static const char *unit_of(const struct conf_key *k, char *buf, size_t n)
{
	snprintf(buf, n, "%s%s", k->unit ? " " : "", k->unit ? k->unit : "");
	return buf;
}

/* Outside of what the RFC says: an error, or with unsafe_timers a loud warning. */
static int check_safe(struct conf_ctx *x, const struct conf_key *k, const config_setting_t *s,
		      double v)
{
	char range[64], unit[32];

	if (!(k->safe_min || k->safe_max) || (v >= k->safe_min && v <= k->safe_max))
		return 0;
	if (k->safe_min == k->safe_max)
		snprintf(range, sizeof(range), "%g", k->safe_min);
	else
		snprintf(range, sizeof(range), "in %g..%g", k->safe_min, k->safe_max);
	unit_of(k, unit, sizeof(unit));
	if (!x->unsafe)
		return conf_err(x, s, NULL, "%g is not %s%s (%s); unsafe_timers = true allows it",
				v, range, unit, k->rfc);
	conf_warn(x, s, NULL, "UNSAFE: %g is not %s%s (%s)", v, range, unit, k->rfc);
	return 0;
}

static int number(struct conf_ctx *x, const struct conf_key *k, const config_setting_t *s, void *at)
{
	bool whole = k->kind == CK_INT;
	char unit[32];
	double v = 0;
	int rc = get_number(x, s, whole, &v);

	if (rc < 0)
		return rc;
	if (v < k->min || v > k->max)
		return conf_err(x, s, NULL, "%.10g is not in %.10g..%.10g%s", v, k->min, k->max,
				unit_of(k, unit, sizeof(unit)));
	if (k->multiple4 && fmod(v, 4) != 0 && v < UINT32_MAX)
		return conf_err(x, s, NULL, "%.10g is not a multiple of 4 seconds, the unit of the "
				"wire", v);
	rc = check_safe(x, k, s, v);
	if (rc < 0)
		return rc;
	if (whole)
		put_uint(at, k->size, (uint64_t)v);
	else
		memcpy(at, &v, sizeof(v));
	return 0;
}

const char *conf_text(struct conf_ctx *x, const config_setting_t *s)
{
	const char *t = config_setting_get_string(s);

	if (!t)
		conf_err(x, s, NULL, "a text in quotes is expected");
	return t;
}

/* These texts go out as JSON, which is UTF-8. */
static bool is_utf8(const char *t)
{
	for (const unsigned char *p = (const unsigned char *)t; *p; ) {
		unsigned n = *p < 0x80 ? 0 : *p >= 0xc2 && *p < 0xe0 ? 1 : (*p & 0xf0) == 0xe0 ? 2 :
			     *p >= 0xf0 && *p < 0xf5 ? 3 : 4;

		if (n == 4 || (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
			return false;
		for (p++; n; n--, p++) {
			if ((*p & 0xc0) != 0x80)
				return false;
		}
	}
	return true;
}

static int text(struct conf_ctx *x, const struct conf_key *k, const config_setting_t *s, void *at)
{
	const char *t = conf_text(x, s);
	size_t n = t ? strlen(t) : 0;

	if (!t)
		return -EINVAL;
	if (n >= k->size)
		return conf_err(x, s, NULL, "\"%.40s%s\" is too long: at most %zu characters", t,
				n > 40 ? "..." : "", k->size - 1);
	if (n < k->min)
		return conf_err(x, s, NULL, "is empty");
	for (const char *p = t; *p; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return conf_err(x, s, NULL, "a space or control character is in the text");
	}
	if (!is_utf8(t))
		return conf_err(x, s, NULL, "the text is not UTF-8");
	memcpy(at, t, n + 1);
	return 0;
}

static const char *word_at(const void *arg, size_t i)
{
	const struct conf_word *w = arg;

	return w[i].name;
}

static int word(struct conf_ctx *x, const struct conf_key *k, const config_setting_t *s, void *at)
{
	const char *t = conf_text(x, s), *meant;

	if (!t)
		return -EINVAL;
	for (const struct conf_word *w = k->word; w->name; w++) {
		if (strcmp(w->name, t) == 0) {
			put_uint(at, k->size, w->value);
			return 0;
		}
	}
	meant = conf_did_you_mean(t, word_at, k->word);
	if (meant)
		return conf_err(x, s, NULL, "\"%.40s\" is not a choice (did you mean \"%s\"?)", t,
				meant);
	return conf_err(x, s, NULL, "\"%.40s\" is not a choice: %s", t, k->type);
}

static int boolean(struct conf_ctx *x, const config_setting_t *s, void *at)
{
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return conf_err(x, s, NULL, "true or false is expected%s",
				config_setting_type(s) == CONFIG_TYPE_STRING ? ", without quotes" : "");
	*(bool *)at = config_setting_get_bool(s);
	return 0;
}

int conf_get_addr6(struct conf_ctx *x, const config_setting_t *s, const char *t,
		   struct in6_addr *a)
{
	struct in_addr a4;

	if (inet_pton(AF_INET, t, &a4) == 1)
		return conf_err(x, s, NULL, "%s is an IPv4 address: home agents and mobile nodes "
				"reach each other by IPv6", t);
	if (inet_pton(AF_INET6, t, a) != 1)
		return conf_err(x, s, NULL, "\"%.60s\" is not an IPv6 address%s", t,
				strspn(t, "0123456789abcdefABCDEF:.") == strlen(t) ? "" :
				"; names are not looked up");
	if (!in6_is_unicast_routable(a))
		return conf_err(x, s, NULL, "%s is not a unicast routable address", A6(a));
	return 0;
}

static int address(struct conf_ctx *x, const config_setting_t *s, void *at)
{
	const char *t = conf_text(x, s);
	struct in6_addr a;

	if (!t)
		return -EINVAL;
	if (strchr(t, '/'))
		return conf_err(x, s, NULL,
				"\"%.60s\": an address without prefix length is expected", t);
	if (conf_get_addr6(x, s, t, &a) < 0)
		return -EINVAL;
	memcpy(at, &a, sizeof(a));
	return 0;
}

int conf_get_prefix(struct conf_ctx *x, const config_setting_t *s, bool network,
		    struct prefix *p)
{
	const char *t = conf_text(x, s);
	struct prefix net;

	if (!t)
		return -EINVAL;
	if (prefix_parse(t, p) < 0)
		return conf_err(x, s, NULL, "\"%.60s\" is not a prefix", t);
	if (!strchr(t, '/'))
		return conf_err(x, s, NULL, "\"%s\": the prefix length is missing, as in %s/%u", t,
				t, p->family == AF_INET ? 24 : 64);
	net = prefix_network(p);
	if (network && prefix_has_host_bits(p))
		return conf_err(x, s, NULL, "%s has host bits (did you mean %s?)", PFX(p),
				PFX(&net));
	if (p->plen == 0)
		return conf_err(x, s, NULL, "%s is everything", PFX(p));
	if (p->family == AF_INET6 ? !in6_is_unicast_routable(&p->a.in6)
				  : p->a.b[0] == 0 || p->a.b[0] == 127 || p->a.b[0] >= 224 ||
					    (p->a.b[0] == 169 && p->a.b[1] == 254))
		return conf_err(x, s, NULL, "%s is not unicast and routable", PFX(p));
	return 0;
}

void *conf_grow(struct conf_ctx *x, void *array_ptr, size_t *n, size_t item)
{
	char *old, *more;

	memcpy(&old, array_ptr, sizeof(old));
	more = old;
	if ((*n & (*n - 1)) == 0)		/* a power of two, or none: full */
		more = realloc(old, (*n ? *n * 2 : 1) * item);
	if (!more) {
		x->nomem = true;
		return NULL;
	}
	memcpy(array_ptr, &more, sizeof(more));
	memset(more + *n * item, 0, item);
	return more + (*n)++ * item;
}

static bool is_sequence(const config_setting_t *s)
{
	return config_setting_is_array(s) || config_setting_is_list(s);
}

static int prefixes(struct conf_ctx *x, const struct conf_key *k, const config_setting_t *s,
		    char *obj)
{
	size_t *n = (size_t *)(void *)(obj + k->count);

	if (!is_sequence(s))
		return conf_err(x, s, NULL, "a list [ \"...\", \"...\" ] of prefixes is expected");
	if (s->parent == x->root) {		/* a drop-in replaces */
		free(*(void **)(void *)(obj + k->at));
		*(void **)(void *)(obj + k->at) = NULL;
		*n = 0;
	}
	for (int i = 0; i < config_setting_length(s); i++) {
		struct prefix *p = conf_grow(x, obj + k->at, n, sizeof(*p));

		/* a bad one stays as family 0: places in list and file stay the same */
		if (p && conf_get_prefix(x, config_setting_get_elem(s, (unsigned)i), true, p) < 0)
			*p = (struct prefix){ 0 };
	}
	return 0;
}

/* ---- groups and lists ---- */

static int keep_src(struct conf_ctx *x, enum conf_src src, const config_setting_t *s)
{
	struct conf_src_list *l = &x->src[src];
	const config_setting_t **slot;

	if (src == SRC_NONE)
		return 0;
	slot = conf_grow(x, &l->s, &l->n, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = s;
	return 0;
}

static int group(struct conf_ctx *x, const struct conf_schema *sc, const config_setting_t *s,
		 void *obj)
{
	uint64_t seen;

	if (!config_setting_is_group(s))
		return conf_err(x, s, NULL, "a group { ... } is expected");
	seen = conf_walk(x, sc, s, obj);
	conf_required(x, sc, s, seen);
	if (sc->after)
		sc->after(x, s, obj, seen);
	return 0;
}

static int list(struct conf_ctx *x, const struct conf_key *k, const config_setting_t *s, char *obj)
{
	size_t *n = (size_t *)(void *)(obj + k->count);

	if (!config_setting_is_list(s))
		return conf_err(x, s, NULL, "a list ( { ... }, { ... } ) is expected");
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		void *item = conf_grow(x, obj + k->at, n, k->sub->item);

		if (!item || keep_src(x, k->src, e) < 0)
			return -ENOMEM;
		conf_defaults(k->sub, item);
		group(x, k->sub, e, item);
	}
	return 0;
}

static int value(struct conf_ctx *x, const struct conf_key *k, const config_setting_t *s, char *obj)
{
	void *at = obj + k->at;

	switch (k->kind) {
	case CK_BOOL:
		return boolean(x, s, at);
	case CK_INT:
	case CK_TIME:
		return number(x, k, s, at);
	case CK_TEXT:
		return text(x, k, s, at);
	case CK_WORD:
		return word(x, k, s, at);
	case CK_ADDR:
		return address(x, s, at);
	case CK_PREFIXES:
		return prefixes(x, k, s, obj);
	case CK_GROUP:
		return group(x, k->sub, s, at);
	case CK_LIST:
		return list(x, k, s, obj);
	case CK_FN:
		return k->fn(x, s, obj);
	}
	return -EINVAL;
}

static const char *key_at(const void *arg, size_t i)
{
	const struct conf_schema *sc = arg;

	return i < sc->n ? sc->key[i].name : NULL;
}

const struct conf_key *conf_key_of(const struct conf_schema *sc, const char *name)
{
	for (size_t i = 0; i < sc->n; i++) {
		if (strcmp(sc->key[i].name, name) == 0)
			return &sc->key[i];
	}
	return NULL;
}

static uint64_t *said(const struct conf_schema *sc, const void *obj)
{
	return (uint64_t *)(void *)((char *)obj + sc->said);
}

bool conf_said(const struct conf_schema *sc, const void *obj, const struct conf_key *k)
{
	return *said(sc, obj) & BIT64(k - sc->key);
}

uint64_t conf_walk(struct conf_ctx *x, const struct conf_schema *sc, const config_setting_t *s,
		   void *obj)
{
	uint64_t seen = 0;

	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *m = config_setting_get_elem(s, (unsigned)i);
		const char *name = config_setting_name(m), *meant;
		const struct conf_key *k = conf_key_of(sc, name);

		if (k) {
			seen |= BIT64(k - sc->key);
			value(x, k, m, obj);
			continue;
		}
		meant = conf_did_you_mean(name, key_at, sc);
		if (meant)
			conf_err(x, m, NULL, "unknown key (did you mean \"%s\"?)", meant);
		else
			conf_err(x, m, NULL, "unknown key");
	}
	*said(sc, obj) |= seen;		/* drop-ins go on with a group */
	return seen;
}

void conf_required(struct conf_ctx *x, const struct conf_schema *sc, const config_setting_t *s,
		   uint64_t seen)
{
	for (size_t i = 0; i < sc->n; i++) {
		if (sc->key[i].required && !(seen & BIT64(i)))
			conf_missing(x, s, &sc->key[i]);
	}
}
