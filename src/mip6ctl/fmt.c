/* SPDX-License-Identifier: BSD-2-Clause */
#include "mip6ctl/fmt.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON ---- */

static const char *text_of(const struct fmt_opt *opt, struct json_object *o)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	flags |= opt->pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
			     : JSON_C_TO_STRING_PLAIN;
	return json_object_to_json_string_ext(o, flags);
}

void fmt_json(const struct fmt_opt *opt, struct json_object *o)
{
	puts(text_of(opt, o));
}

void fmt_list_begin(struct fmt_list *l, const struct fmt_opt *opt)
{
	*l = (struct fmt_list){ .opt = opt };
}

void fmt_list_add(struct fmt_list *l, struct json_object *o)
{
	printf("%c%s%s", l->n++ ? ',' : '[', l->opt->pretty ? "\n" : "", text_of(l->opt, o));
}

void fmt_list_end(struct fmt_list *l, bool whole)
{
	if (!l->opt->json || (!l->n && !whole))
		return;
	printf("%s%s]\n", l->n ? "" : "[", l->opt->pretty && l->n ? "\n" : "");
}

/* ---- colours ---- */

static const char *color_code(enum fmt_color c)
{
	switch (c) {
	case FMT_PLAIN:
		return "";
	case FMT_GOOD:
		return "\033[32m";
	case FMT_BAD:
		return "\033[31m";
	case FMT_WAIT:
		return "\033[33m";
	case FMT_HEAD:
		return "\033[1m";
	}
	return "";
}

void fmt_paint(const struct fmt_opt *opt, enum fmt_color color, const char *fmt, ...)
{
	bool paint = opt->color && color != FMT_PLAIN;
	va_list ap;

	if (paint)
		fputs(color_code(color), stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	if (paint)
		fputs("\033[0m", stdout);
}

enum fmt_color fmt_state_color(const char *state)
{
	static const struct { const char *state; enum fmt_color color; } row[] = {
		{ "bound", FMT_GOOD }, { "refresh", FMT_GOOD }, { "home", FMT_GOOD },
		{ "routed", FMT_GOOD }, { "accepted", FMT_GOOD }, { "wait-ba", FMT_WAIT },
		{ "leave", FMT_WAIT }, { "waiting", FMT_WAIT }, { "backoff", FMT_BAD },
		{ "refused", FMT_BAD }, { "unsupported", FMT_BAD }, { "idle", FMT_BAD },
		{ "not_registered", FMT_WAIT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (strcmp(row[i].state, state) == 0)
			return row[i].color;
	}
	return FMT_PLAIN;
}

/* ---- tables ---- */

static void *must(void *p)
{
	if (!p) {
		fputs("mip6ctl: no memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return p;
}

void fmt_table_row(struct fmt_table *t, const char *const *cell, unsigned color_col,
		   enum fmt_color color)
{
	size_t at = t->rows * t->cols;

	if (t->rows == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 16;
		t->cell = must(realloc(t->cell, t->cap * t->cols * sizeof(*t->cell)));
		t->color = must(realloc(t->color, t->cap * t->cols));
	}
	for (unsigned i = 0; i < t->cols; i++) {
		t->cell[at + i] = must(strdup(cell[i]));
		t->color[at + i] = i == color_col ? color : FMT_PLAIN;
	}
	t->rows++;
}

void fmt_table_begin(struct fmt_table *t, const struct fmt_opt *opt, unsigned cols,
		     const char *const *head)
{
	*t = (struct fmt_table){ .opt = opt, .cols = cols };
	fmt_table_row(t, head, cols, FMT_PLAIN);
}

void fmt_table_end(struct fmt_table *t)
{
	int width[FMT_COLS] = { 0 };

	for (size_t i = 0; i < t->rows * t->cols; i++)
		width[i % t->cols] = MAX(width[i % t->cols], (int)strlen(t->cell[i]));
	for (size_t r = t->opt->oneline; r < t->rows && t->rows > 1; r++) {
		for (unsigned c = 0; c < t->cols; c++) {
			size_t i = r * t->cols + c;
			bool last = c + 1 == t->cols;

			fmt_paint(t->opt, r ? (enum fmt_color)t->color[i] : FMT_HEAD, "%s",
				  t->cell[i]);
			if (!last)
				printf("%*s  ", width[c] - (int)strlen(t->cell[i]), "");
		}
		putchar('\n');
	}
	for (size_t i = 0; i < t->rows * t->cols; i++)
		free(t->cell[i]);
	free(t->cell);
	free(t->color);
	*t = (struct fmt_table){ 0 };
}

/* ---- values ---- */

struct json_object *fmt_get(struct json_object *o, const char *key)
{
	return json_object_object_get(o, key);
}

bool fmt_has(struct json_object *o, const char *key)
{
	return fmt_get(o, key) != NULL;
}

const char *fmt_str(struct json_object *o, const char *key)
{
	const char *s = json_object_get_string(fmt_get(o, key));

	return s ? s : "-";
}

double fmt_num(struct json_object *o, const char *key)
{
	return json_object_get_double(fmt_get(o, key));
}

bool fmt_true(struct json_object *o, const char *key)
{
	return json_object_get_boolean(fmt_get(o, key));
}

const char *fmt_locator(struct json_object *o, const char *key, char buf[static FMT_LEN])
{
	struct json_object *l = fmt_get(o, key);
	int port = json_object_get_int(fmt_get(l, "udp_port"));

	if (!json_object_is_type(l, json_type_object))
		snprintf(buf, FMT_LEN, "%s", fmt_str(o, key));
	else if (!port)
		snprintf(buf, FMT_LEN, "%s", fmt_str(l, "addr"));
	else
		snprintf(buf, FMT_LEN, strcmp(fmt_str(l, "family"), "ipv6") == 0 ? "[%s]:%d"
									      : "%s:%d",
			 fmt_str(l, "addr"), port);
	return buf;
}

const char *fmt_age(double seconds, char buf[static FMT_LEN])
{
	unsigned long s = seconds > 0 ? (unsigned long)seconds : 0;

	if (seconds < 10)
		snprintf(buf, FMT_LEN, "%.1fs", seconds);
	else if (s < 60)
		snprintf(buf, FMT_LEN, "%lus", s);
	else if (s < 3600)
		snprintf(buf, FMT_LEN, "%lum %02lus", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, FMT_LEN, "%luh %02lum", s / 3600, s / 60 % 60);
	else
		snprintf(buf, FMT_LEN, "%lud %luh", s / 86400, s / 3600 % 24);
	return buf;
}

const char *fmt_join(struct json_object *o, const char *key, const char *sep,
		     char buf[static FMT_LEN])
{
	struct json_object *a = fmt_get(o, key);
	size_t n = json_object_is_type(a, json_type_array) ? json_object_array_length(a) : 0;
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n && used < FMT_LEN; i++)
		used += (size_t)snprintf(buf + used, FMT_LEN - used, "%s%s", i ? sep : "",
					 json_object_get_string(json_object_array_get_idx(a, i)));
	return buf;
}

bool fmt_family(const struct fmt_opt *opt, struct json_object *o)
{
	const char *f = fmt_str(o, "family");

	if (opt->ipv4 == opt->ipv6)
		return true;
	return strcmp(f, opt->ipv4 ? "ipv4" : "ipv6") == 0;
}
