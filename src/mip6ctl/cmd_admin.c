/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's log and counters, and hints to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/conf_schema.h"
#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"

/* ---- log ---- */

struct levels { struct run *r; struct fmt_list list; struct fmt_table table; };

static bool show_level(void *arg, struct json_object *o)
{
	struct levels *k = arg;
	const char *cell[] = { fmt_has(o, "room") ? fmt_str(o, "room") : "(others)",
			       fmt_str(o, "level") };

	if (k->r->opt.json)
		fmt_list_add(&k->list, o);
	else
		fmt_table_row(&k->table, cell, ARRAY_SIZE(cell), FMT_PLAIN);
	return true;
}

static int show_levels(struct run *r)
{
	static const char *const head[] = { "ROOM", "LEVEL" };
	struct levels k = { .r = r };
	int rc;

	fmt_list_begin(&k.list, &r->opt);
	fmt_table_begin(&k.table, &r->opt, ARRAY_SIZE(head), head);
	rc = cmd_call(r, "GetLogLevels", NULL, true, show_level, &k);
	fmt_table_end(&k.table);
	fmt_list_end(&k.list, rc == MIP6_EXIT_DONE);
	return rc;
}

static bool nothing(void *arg, struct json_object *o)
{
	(void)arg, (void)o;
	return true;
}

/* The word's full form; NULL: none or not clear. */
static const char *full(const struct conf_word *w, const char *word)
{
	const char *found = NULL;

	for (; w->name; w++) {
		if (strcmp(w->name, word) == 0)
			return w->name;
		if (cmd_is(word, w->name)) {
			if (found)
				return NULL;
			found = w->name;
		}
	}
	return found;
}

int cmd_log(struct run *r)
{
	const char *word = r->argc ? r->argv[r->argc - 1] : "";
	const char *level = full(conf_word_level, word);
	const char *room = r->argc == 2 ? full(conf_word_room, r->argv[0]) : NULL;
	struct json_object *o;

	if (!r->argc)
		return show_levels(r);
	if (!level)
		return cmd_error("log: \"%s\" is no level: error, warning, notice, info, debug",
				 word);
	if (r->argc == 2 && !room)
		return cmd_error("log: \"%s\" is no room (mip6ctl log shows them)", r->argv[0]);
	o = cmd_param("room", room);
	json_object_object_add(o, "level", json_object_new_string(level));
	return cmd_call(r, "SetLogLevel", o, false, nothing, NULL);
}

int cmd_stats_reset(struct run *r)
{
	return cmd_call(r, "ResetStats", NULL, false, nothing, NULL);
}

/* ---- hints ---- */

static const struct { const char *event, *field, *type; } event_row[] = {
#define EVENT(name, inject, text)	{ #name, NULL, NULL },
#define FIELD(type, name, text)		{ NULL, #name, #type },
#define END(name)
#include "mip6/events.def"
#undef EVENT
#undef FIELD
#undef END
};

/* The type of a field of an event; NULL: it has no such field. */
static const char *type_of(const char *event, const char *field, size_t len)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(event_row) &&
	       (!event_row[i].event || strcmp(event_row[i].event, event) != 0))
		i++;
	for (i++; i < ARRAY_SIZE(event_row) && event_row[i].field; i++) {
		if (strlen(event_row[i].field) == len &&
		    strncmp(event_row[i].field, field, len) == 0)
			return event_row[i].type;
	}
	return NULL;
}

/* NULL: not a value of the type. */
static struct json_object *value_of(const char *type, const char *text)
{
	char *end;

	if (strcmp(type, "u32") == 0) {
		unsigned long v = strtoul(text, &end, 0);

		return *text && !*end ? json_object_new_int64((int64_t)v) : NULL;
	}
	if (strcmp(type, "dbl") == 0) {
		double v = strtod(text, &end);

		return *text && !*end ? json_object_new_double(v) : NULL;
	}
	if (strcmp(type, "bool") == 0)
		return strcmp(text, "true") == 0 || strcmp(text, "false") == 0
		       ? json_object_new_boolean(*text == 't') : NULL;
	if (strcmp(type, "locator") == 0)
		return cmd_param("addr", text);
	return json_object_new_string(text);
}

int cmd_inject(struct run *r)
{
	struct json_object *fields = json_object_new_object(), *o, *v = NULL;
	const char *event = r->argv[0];

	for (int i = 1; i < r->argc; i++) {
		const char *is = strchr(r->argv[i], '=');
		size_t n = is ? (size_t)(is - r->argv[i]) : strlen(r->argv[i]);
		const char *type = type_of(event, r->argv[i], n);
		char key[FMT_LEN];

		v = is && type ? value_of(type, is + 1) : NULL;
		if (!v) {
			json_object_put(fields);
			return cmd_error(type ? "%s: \"%s\" is not FIELD=VALUE"
					      : "%s: \"%s\" is no field of it", event, r->argv[i]);
		}
		snprintf(key, sizeof(key), "%.*s", (int)n, r->argv[i]);
		json_object_object_add(fields, key, v);
	}
	o = cmd_param("event", event);
	json_object_object_add(o, "fields", fields);
	return cmd_call(r, "Inject", o, false, nothing, NULL);
}
