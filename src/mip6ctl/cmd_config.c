/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration: of a file, in force, and what is between the two. */
#include <stdio.h>
#include <string.h>

#include "ctl/conf.h"
#include "ctl/conf_dump.h"
#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"

int cmd_config_check(struct run *r)
{
	const char *path = r->argc ? r->argv[0] : CONF_PATH;
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;
	int rc;

	/* read here and not by the daemon: it would open for its caller what he may not */
	conf_load(path, 0, &c, &errs);
	rc = conf_check_print(stderr, path, c, &errs);
	conf_errs_free(&errs);
	conf_free(c);
	return rc;
}

/* ---- what is in force ---- */

/* Records of GetConfig, put together again. */
static bool collect(void *arg, struct json_object *o)
{
	struct json_object *all = arg, *a;
	struct json_object *v = json_object_get(fmt_get(o, "value"));

	if (!fmt_has(o, "index")) {
		json_object_object_add(all, fmt_str(o, "key"), v);
		return true;
	}
	a = fmt_get(all, fmt_str(o, "key"));
	if (!a) {
		a = json_object_new_array();
		json_object_object_add(all, fmt_str(o, "key"), a);
	}
	json_object_array_add(a, v);
	return true;
}

static int in_force(struct run *r, bool effective, struct json_object *all)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "effective", json_object_new_boolean(effective));
	return cmd_call(r, "GetConfig", o, true, collect, all);
}

/* ---- as text that libconfig reads ---- */

static void indent(unsigned depth)
{
	printf("%*s", (int)depth * 2, "");
}

static void print_value(struct json_object *v, unsigned depth);

static void print_keys(struct json_object *o, unsigned depth)
{
	json_object_object_foreach(o, key, v) {
		indent(depth);
		printf("%s = ", key);
		print_value(v, depth);
		puts(";");
	}
}

static void print_list(struct json_object *a, unsigned depth)
{
	size_t n = json_object_array_length(a);
	bool groups = n && json_object_is_type(json_object_array_get_idx(a, 0), json_type_object);

	putchar(groups ? '(' : '[');
	for (size_t i = 0; i < n; i++) {
		fputs(groups ? (i ? ",\n" : "\n") : i ? ", " : " ", stdout);
		if (groups)
			indent(depth + 1);
		print_value(json_object_array_get_idx(a, i), depth + 1);
	}
	fputs(groups ? " )" : " ]", stdout);
}

static void print_value(struct json_object *v, unsigned depth)
{
	switch (json_object_get_type(v)) {
	case json_type_object:
		puts("{");
		print_keys(v, depth + 1);
		indent(depth);
		putchar('}');
		break;
	case json_type_array:
		print_list(v, depth);
		break;
	case json_type_int:
		/* without the L libconfig cuts it to 32 bits */
		printf("%s%s", json_object_get_string(v),
		       json_object_get_int64(v) > INT32_MAX ? "L" : "");
		break;
	case json_type_null:
	case json_type_boolean:
	case json_type_double:
	case json_type_string:
		fputs(json_object_to_json_string_ext(v, JSON_C_TO_STRING_NOSLASHESCAPE), stdout);
		break;
	}
}

int cmd_config_show(struct run *r)
{
	struct json_object *all = json_object_new_object();
	int rc = in_force(r, r->effective, all);

	if (rc == MIP6_EXIT_DONE && r->opt.json)
		fmt_json(&r->opt, all);
	else if (rc == MIP6_EXIT_DONE)
		print_keys(all, 0);
	json_object_put(all);
	return rc;
}

/* ---- differences ---- */

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

#define PATH_LEN	512

/* "homes[2001:db8::1/64].lifetime" -> its value as text, for each value in v. */
static void flatten(struct json_object *out, const char *path, struct json_object *v)
{
	char sub[PATH_LEN], id[FMT_LEN];

	if (json_object_is_type(v, json_type_object)) {
		json_object_object_foreach(v, key, val) {
			snprintf(sub, sizeof(sub), "%s%s%s", path, *path ? "." : "", key);
			flatten(out, sub, val);
		}
		return;
	}
	if (json_object_is_type(v, json_type_array) && json_object_array_length(v) &&
	    json_object_is_type(json_object_array_get_idx(v, 0), json_type_object)) {
		for (size_t i = 0; i < json_object_array_length(v); i++) {
			struct json_object *e = json_object_array_get_idx(v, i);

			snprintf(sub, sizeof(sub), "%s[%s]", path, identity(e, i, id));
			flatten(out, sub, e);
		}
		return;
	}
	json_object_object_add(out, path, json_object_get(v));
}

struct diff { struct run *r; struct fmt_list list; size_t n; };

static void differs(struct diff *d, const char *path, struct json_object *old,
		    struct json_object *new)
{
	const int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	struct json_object *o;

	d->n++;
	if (d->r->opt.json) {
		o = cmd_param("key", path);
		json_object_object_add(o, "running", json_object_get(old));
		json_object_object_add(o, "file", json_object_get(new));
		fmt_list_add(&d->list, o);
		json_object_put(o);
		return;
	}
	if (old)
		fmt_paint(&d->r->opt, FMT_BAD, "-%s = %s\n", path,
			  json_object_to_json_string_ext(old, flags));
	if (new)
		fmt_paint(&d->r->opt, FMT_GOOD, "+%s = %s\n", path,
			  json_object_to_json_string_ext(new, flags));
}

static void compare(struct diff *d, struct json_object *old, struct json_object *new)
{
	json_object_object_foreach(old, path, v) {
		struct json_object *w = json_object_object_get(new, path);

		if (!w || !json_object_equal(v, w))
			differs(d, path, v, w);
	}
	json_object_object_foreach(new, path2, v2) {
		if (!json_object_object_get_ex(old, path2, NULL))
			differs(d, path2, NULL, v2);
	}
}

/* 0 the same, 1 not: as diff(1) has it, and as "the state asked for is not the case". */
int cmd_config_diff(struct run *r)
{
	const char *path = r->argc ? r->argv[0] : CONF_PATH;
	struct json_object *running = json_object_new_object(), *file;
	struct json_object *a = json_object_new_object(), *b = json_object_new_object();
	struct conf_errs errs = { 0 };
	struct diff d = { .r = r };
	struct conf *c = NULL;
	int rc;

	if (conf_load(path, 0, &c, &errs) < 0) {
		rc = conf_check_print(stderr, path, c, &errs);
	} else {
		rc = in_force(r, true, running);
		file = conf_dump(c, true);
		flatten(a, "", running);
		flatten(b, "", file);
		json_object_put(file);
	}
	if (rc == MIP6_EXIT_DONE) {
		fmt_list_begin(&d.list, &r->opt);
		compare(&d, a, b);
		fmt_list_end(&d.list, true);
		rc = d.n ? MIP6_EXIT_NOT_TRUE : MIP6_EXIT_DONE;
	}
	conf_errs_free(&errs);
	conf_free(c);
	json_object_put(running);
	json_object_put(a);
	json_object_put(b);
	return rc;
}

static bool show_warnings(void *arg, struct json_object *o)
{
	struct run *r = arg;

	if (r->opt.json)
		fmt_json(&r->opt, o);
	else if (fmt_has(o, "warnings"))
		puts(fmt_str(o, "warnings"));
	return true;
}

int cmd_config_reload(struct run *r)
{
	return cmd_call(r, "Reload", NULL, false, show_warnings, r);
}
