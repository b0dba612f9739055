/* SPDX-License-Identifier: BSD-2-Clause */
/* What is between the configuration in force and a file, and what a reload would do with it. */
#include <stdio.h>
#include <string.h>

#include "ctl/conf.h"
#include "ctl/conf_dump.h"
#include "ctl/conf_schema.h"
#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"

#define PATH_LEN	512

/* One side: values by path, all of them, and of those that its file gives. */
struct side { struct json_object *all, *said; };

/* What tells the groups of a list apart, so that one more does not change all behind it. Of a
 * policy the first one that fits wins: there the place is what matters. */
static const char *identity(struct json_object *o, size_t place, char buf[static FMT_LEN])
{
	static const char *const key[] = { "home_address", "prefix", "device" };

	for (size_t i = 0; i < ARRAY_SIZE(key); i++) {
		if (fmt_has(o, key[i]))
			return fmt_str(o, key[i]);
	}
	snprintf(buf, FMT_LEN, "%zu", place);
	return buf;
}

/* Lists of groups whose order says something. Nobody comes first among mobile nodes: their metrics
 * stay through a reload. */
static bool order_counts(const char *path)
{
	static const char *const list[] = { "homes", "uplinks", "home_links" };
	const char *tail = strrchr(path, ']');

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		if (strcmp(path, list[i]) == 0)
			return true;
	}
	return strncmp(path, "homes[", 6) == 0 && tail && strcmp(tail, "].prefixes") == 0;
}

/* "homes[2001:db8::1/64].lifetime" -> its value, for each value in v; "homes[]" -> who they are. */
static void flatten(struct json_object *out, const char *path, struct json_object *v)
{
	char sub[PATH_LEN], id[FMT_LEN];
	struct json_object *ids;

	if (json_object_is_type(v, json_type_object)) {
		json_object_object_foreach(v, key, val) {
			snprintf(sub, sizeof(sub), "%s%s%s", path, *path ? "." : "", key);
			flatten(out, sub, val);
		}
		return;
	}
	if (!json_object_is_type(v, json_type_array) || !json_object_array_length(v) ||
	    !json_object_is_type(json_object_array_get_idx(v, 0), json_type_object)) {
		json_object_object_add(out, path, json_object_get(v));
		return;
	}
	ids = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(v); i++) {
		struct json_object *e = json_object_array_get_idx(v, i);

		snprintf(sub, sizeof(sub), "%s[%s]", path, identity(e, i, id));
		json_object_array_add(ids, json_object_new_string(identity(e, i, id)));
		flatten(out, sub, e);
	}
	if (order_counts(path)) {
		snprintf(sub, sizeof(sub), "%s[]", path);
		json_object_object_add(out, sub, ids);
	} else {
		json_object_put(ids);
	}
}

/* ---- what a reload does with it ---- */

/* Has this side a value under that path? */
static bool has_item(const struct side *s, const char *path, size_t len)
{
	json_object_object_foreach(s->all, key, v) {
		(void)v;
		if (strncmp(key, path, len) == 0 && key[len] == '.')
			return true;
	}
	return false;
}

static bool applied(const struct side *running, const struct side *file, const char *path)
{
	const struct conf_schema *sc = &conf_schema_top;
	const struct conf_key *k = NULL;

	for (const char *p = path; *p; p += *p == '.') {
		size_t n = strcspn(p, ".[");
		char name[FMT_LEN];

		snprintf(name, sizeof(name), "%.*s", (int)n, p);
		k = conf_key_of(sc, name);
		if (!k)
			return false;
		p += n;
		sc = k->sub;
		if (*p != '[')
			continue;
		p += strcspn(p, "]") + (*p != '\0');
		/* it comes or goes as a whole; or it is the order */
		if (!*p || !has_item(running, path, (size_t)(p - path)) ||
		    !has_item(file, path, (size_t)(p - path)))
			break;
	}
	return k && k->reload == CONF_LIVE;
}

/* ---- differences ---- */

struct diff { struct run *r; struct fmt_list list; size_t n; struct side a, b; };

static void print(const struct diff *d, enum fmt_color color, char sign, const char *path,
		  struct json_object *v, bool live)
{
	fmt_paint(&d->r->opt, color, "%c%s = %s", sign, path,
		  json_object_to_json_string_ext(v, JSON_C_TO_STRING_NOSLASHESCAPE));
	printf("  # %s\n", live ? "applied" : "needs a restart");
}

static void differs(struct diff *d, const char *path, struct json_object *old,
		    struct json_object *new)
{
	bool live = applied(&d->a, &d->b, path);
	struct json_object *o;

	d->n++;
	if (d->r->opt.json) {
		o = cmd_param("key", path);
		json_object_object_add(o, "running", json_object_get(old));
		json_object_object_add(o, "file", json_object_get(new));
		json_object_object_add(o, "reload", json_object_new_string(live ? "applied" :
									   "restart"));
		fmt_list_add(&d->list, o);
		json_object_put(o);
		return;
	}
	if (old)
		print(d, FMT_BAD, '-', path, old, live);
	if (new)
		print(d, FMT_GOOD, '+', path, new, live);
}

static bool in_array(struct json_object *a, struct json_object *v)
{
	for (size_t i = 0; i < json_object_array_length(a); i++) {
		if (json_object_equal(json_object_array_get_idx(a, i), v))
			return true;
	}
	return false;
}

/* Those of a that b has, too. */
static struct json_object *common(struct json_object *a, struct json_object *b)
{
	struct json_object *c = json_object_new_array();

	for (size_t i = 0; i < json_object_array_length(a); i++) {
		struct json_object *v = json_object_array_get_idx(a, i);

		if (in_array(b, v))
			json_object_array_add(c, json_object_get(v));
	}
	return c;
}

static void compare_order(struct diff *d, const char *path, struct json_object *v,
			  struct json_object *w)
{
	struct json_object *old = common(v, w), *new = common(w, v);

	if (!json_object_equal(old, new))
		differs(d, path, old, new);
	json_object_put(old);
	json_object_put(new);
}

static bool is_order(const char *path)
{
	size_t n = strlen(path);

	return n > 2 && strcmp(path + n - 2, "[]") == 0;
}

/* What neither file says is a default, or a number that a reload leaves as it is. */
static bool said(const struct diff *d, const char *path)
{
	return json_object_object_get_ex(d->a.said, path, NULL) ||
	       json_object_object_get_ex(d->b.said, path, NULL);
}

static void compare(struct diff *d)
{
	json_object_object_foreach(d->a.all, path, v) {
		struct json_object *w = json_object_object_get(d->b.all, path);

		if (is_order(path) && w)
			compare_order(d, path, v, w);
		else if (!is_order(path) && said(d, path) && !(w && json_object_equal(v, w)))
			differs(d, path, v, w);
	}
	json_object_object_foreach(d->b.all, path2, v2) {
		if (!is_order(path2) && said(d, path2) &&
		    !json_object_object_get_ex(d->a.all, path2, NULL))
			differs(d, path2, NULL, v2);
	}
}

static struct json_object *flat(struct json_object *conf)
{
	struct json_object *o = json_object_new_object();

	flatten(o, "", conf);
	json_object_put(conf);
	return o;
}

static int running(struct run *r, struct side *s)
{
	struct json_object *all = json_object_new_object(), *given = json_object_new_object();
	int rc = cmd_config_running(r, true, all);

	if (rc == MIP6_EXIT_DONE)
		rc = cmd_config_running(r, false, given);
	*s = (struct side){ flat(all), flat(given) };
	return rc;
}

/* 0 the same, 1 not: as diff(1) has it, and as "the state asked for is not the case". */
int cmd_config_diff(struct run *r)
{
	const char *path = r->argc ? r->argv[0] : CONF_PATH;
	struct conf_errs errs = { 0 };
	struct diff d = { .r = r };
	struct conf *c = NULL;
	int rc;

	if (conf_load(path, 0, &c, &errs) < 0) {
		rc = conf_check_print(stderr, path, c, &errs);
	} else {
		rc = running(r, &d.a);
		d.b = (struct side){ flat(conf_dump(c, true)), flat(conf_dump(c, false)) };
	}
	if (rc == MIP6_EXIT_DONE) {
		fmt_list_begin(&d.list, &r->opt);
		compare(&d);
		fmt_list_end(&d.list, true);
		rc = d.n ? MIP6_EXIT_NOT_TRUE : MIP6_EXIT_DONE;
	}
	conf_errs_free(&errs);
	conf_free(c);
	json_object_put(d.a.all);
	json_object_put(d.a.said);
	json_object_put(d.b.all);
	json_object_put(d.b.said);
	return rc;
}
