/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration: of a file, in force, and how one becomes the other (cmd_diff.c: what is
 * between the two). */
#include <stdio.h>
#include <string.h>

#include "ctl/conf.h"
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

void cmd_config_collect(struct json_object *all, struct json_object *o)
{
	struct json_object *v = json_object_get(fmt_get(o, "value")), *a;

	if (!fmt_has(o, "index")) {
		json_object_object_add(all, fmt_str(o, "key"), v);
		return;
	}
	a = fmt_get(all, fmt_str(o, "key"));
	if (!a) {
		a = json_object_new_array();
		json_object_object_add(all, fmt_str(o, "key"), a);
	}
	json_object_array_add(a, v);
}

static bool collect(void *arg, struct json_object *o)
{
	cmd_config_collect(arg, o);
	return true;
}

int cmd_config_running(struct run *r, bool effective, struct json_object *all)
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
	int rc = cmd_config_running(r, r->effective, all);

	if (rc == MIP6_EXIT_DONE && r->opt.json)
		fmt_json(&r->opt, all);
	else if (rc == MIP6_EXIT_DONE)
		print_keys(all, 0);
	json_object_put(all);
	return rc;
}

/* ---- reload ---- */

static bool show_warnings(void *arg, struct json_object *o)
{
	struct run *r = arg;
	char age[FMT_LEN];

	if (r->opt.json)
		fmt_json(&r->opt, o);
	if (r->opt.json)
		return true;
	if (fmt_has(o, "warnings"))
		puts(fmt_str(o, "warnings"));
	if (fmt_has(o, "undo_in"))
		printf("undone in %s unless confirmed: mip6ctl config confirm\n",
		       fmt_age(fmt_num(o, "undo_in"), age));
	return true;
}

int cmd_config_reload(struct run *r)
{
	struct json_object *o = json_object_new_object();

	if (r->undo_after > 0)
		json_object_object_add(o, "undo_after", json_object_new_double(r->undo_after));
	return cmd_call(r, "Reload", o, false, show_warnings, r);
}

static bool nothing(void *arg, struct json_object *o)
{
	(void)arg, (void)o;
	return true;
}

int cmd_config_confirm(struct run *r)
{
	return cmd_call(r, "Confirm", NULL, false, nothing, NULL);
}
