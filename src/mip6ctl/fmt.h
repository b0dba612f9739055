/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl/fmt.h - how records look: JSON, tables, and single values as text.
 *
 * Text is for people and may change; JSON is for programs. All goes to stdout.
 * Functions that return text use a caller's buffer.
 */
#ifndef MIP6_MIP6CTL_FMT_H
#define MIP6_MIP6CTL_FMT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/util.h"

#define FMT_LEN		128
#define FMT_COLS	10

struct fmt_opt {
	bool json, pretty, oneline, stats, details;
	bool ipv4, ipv6;		/* only that family; neither: both */
	bool color;
};

enum fmt_color { FMT_PLAIN, FMT_GOOD, FMT_BAD, FMT_WAIT, FMT_HEAD };

/* ---- JSON: a list prints "[", records, "]"; one object stands alone ---- */

struct fmt_list { const struct fmt_opt *opt; size_t n; };
void fmt_list_begin(struct fmt_list *l, const struct fmt_opt *opt);
void fmt_list_add(struct fmt_list *l, struct json_object *o);
/* whole: the listing came to its end; else an empty one is not printed at all. */
void fmt_list_end(struct fmt_list *l, bool whole);
void fmt_json(const struct fmt_opt *opt, struct json_object *o);

/* ---- tables: rows are kept until fmt_table_end(), then aligned ---- */

struct fmt_table {
	const struct fmt_opt *opt;
	unsigned cols;
	size_t rows, cap;
	char **cell;			/* rows * cols, the head first */
	unsigned char *color;
};
void fmt_table_begin(struct fmt_table *t, const struct fmt_opt *opt, unsigned cols,
		     const char *const *head);
/* cols cells; their text is copied. color of the cell at color_col only. */
void fmt_table_row(struct fmt_table *t, const char *const *cell, unsigned color_col,
		   enum fmt_color color);
void fmt_table_end(struct fmt_table *t);	/* prints and frees; without rows: nothing */

/* ---- values ---- */

/* Members of an object: text ("-" if null or absent), number (0), truth. */
const char *fmt_str(struct json_object *o, const char *key);
double fmt_num(struct json_object *o, const char *key);
bool fmt_true(struct json_object *o, const char *key);
bool fmt_has(struct json_object *o, const char *key);		/* there and not null */
struct json_object *fmt_get(struct json_object *o, const char *key);
/* A locator: "2001:db8::1", "[2001:db8::1]:4191", "-". */
const char *fmt_locator(struct json_object *o, const char *key, char buf[static FMT_LEN]);
/* "3d 4h", "2h 11m", "3m 02s", "12s", "0.050s". */
const char *fmt_age(double seconds, char buf[static FMT_LEN]);
/* Texts of an array, one after the other: "AHR". */
const char *fmt_join(struct json_object *o, const char *key, const char *sep,
		     char buf[static FMT_LEN]);
enum fmt_color fmt_state_color(const char *state);
/* Does the family filter let this record through? By its key "family". */
bool fmt_family(const struct fmt_opt *opt, struct json_object *o);
void fmt_paint(const struct fmt_opt *opt, enum fmt_color color, const char *fmt, ...)
	PRINTF(3, 4);

#endif
