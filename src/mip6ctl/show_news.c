/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens, and how often it did. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mip6ctl/show.h"

/* ---- statistics ---- */

static void stat_list(const char *group, const char *key, struct json_object *a)
{
	for (size_t i = 0; i < json_object_array_length(a); i++) {
		struct json_object *e = json_object_array_get_idx(a, i);

		printf("%s.%s.%s  %s\n", group, key,
		       fmt_has(e, "status") ? fmt_str(e, "status") : fmt_str(e, "name"),
		       fmt_str(e, "count"));
	}
}

/* How often, and how long on the average. */
static void phases(struct json_object *a)
{
	for (size_t i = 0; i < json_object_array_length(a); i++) {
		struct json_object *p = json_object_array_get_idx(a, i);
		double n = fmt_num(p, "count");

		if (n > 0)
			printf("handovers.%s  %.0f (mean %.1f ms)\n", fmt_str(p, "phase"), n,
			       1e3 * fmt_num(p, "sum") / n);
	}
}

void show_stats(const struct fmt_opt *opt, struct json_object *o)
{
	(void)opt;
	json_object_object_foreach(o, group, v) {
		if (strcmp(group, "handovers") == 0 && v) {
			phases(v);
			continue;
		}
		if (!json_object_is_type(v, json_type_object)) {
			if (v)
				printf("%s  %s\n", group, json_object_get_string(v));
			continue;
		}
		json_object_object_foreach(v, key, n) {
			if (json_object_is_type(n, json_type_array))
				stat_list(group, key, n);
			else if (n)
				printf("%s.%s  %s\n", group, key, json_object_get_string(n));
		}
	}
}

/* ---- events ---- */

static void print_time(double at, bool date)
{
	long long ms = (long long)(at * 1000 + 0.5);
	time_t s = (time_t)(ms / 1000);
	char when[32] = "";
	struct tm tm;

	if (localtime_r(&s, &tm))
		strftime(when, sizeof(when), date ? "%F %T" : "%T", &tm);
	printf("%s.%03d", when, (int)(ms % 1000));
}

void show_event(const struct fmt_opt *opt, struct json_object *o)
{
	char loc[FMT_LEN];

	print_time(fmt_num(o, "time"), opt->details);
	putchar(' ');
	fmt_paint(opt, FMT_HEAD, "%s", fmt_str(o, "event"));
	json_object_object_foreach(o, key, v) {
		if (!v || strcmp(key, "event") == 0 || strcmp(key, "time") == 0)
			continue;
		if (json_object_is_type(v, json_type_object))
			printf(" %s %s", key, fmt_locator(o, key, loc));
		else
			printf(" %s %s", key, json_object_get_string(v));
	}
	putchar('\n');
	fflush(stdout);
}

/* ---- movements ---- */

static void phase(struct json_object *o, const char *key)
{
	if (fmt_num(o, key) < 0)
		printf("  %s ?", key);
	else
		printf("  %s %.1f ms", key, fmt_num(o, key) * 1000);
}

static const char *place(struct json_object *o, const char *key, char buf[static FMT_LEN])
{
	return fmt_has(o, key) ? fmt_locator(o, key, buf) : "home";
}

void show_handover(const struct fmt_opt *opt, struct json_object *o)
{
	char a[FMT_LEN], b[FMT_LEN];

	print_time(fmt_num(o, "time"), true);
	putchar(' ');
	fmt_paint(opt, FMT_HEAD, "%s", fmt_str(o, "home_address"));
	printf("  %s -> %s", place(o, "from", a), place(o, "to", b));
	show_next_line(opt);
	printf("total %.1f ms:", fmt_num(o, "total") * 1000);
	phase(o, "detect");
	phase(o, "bu");
	phase(o, "ba");
	putchar('\n');
}

/* ---- messages ---- */

/* Keys that the beginning of the line has said. */
static bool said(const char *key)
{
	static const char *const row[] = { "time", "src", "dst", "tunnel", "icmp_error", "type",
					   "options", "flows" };

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (strcmp(row[i], key) == 0)
			return true;
	}
	return false;
}

/* RFC 6089: what is asked for each flow, or said of it. */
static void print_flows(const struct fmt_opt *opt, struct json_object *o)
{
	struct json_object *a = fmt_get(o, "flows"), *f;
	char buf[FMT_LEN];

	for (size_t i = 0; a && i < json_object_array_length(a); i++) {
		f = json_object_array_get_idx(a, i);
		printf(" flow %ld priority %ld", (long)fmt_num(f, "fid"), (long)fmt_num(f, "priority"));
		if (fmt_has(f, "selector"))
			printf(" [%s]", fmt_str(f, "selector"));
		if (*fmt_join(f, "bids", ",", buf))
			printf(" bids %s", buf);
		if (fmt_num(f, "status"))
			printf(" status %ld", (long)fmt_num(f, "status"));
		if (fmt_has(f, "malformed"))
			fmt_paint(opt, FMT_BAD, " (%s)", fmt_str(f, "malformed"));
	}
}

void show_message(const struct fmt_opt *opt, struct json_object *o)
{
	struct json_object *t = fmt_get(o, "tunnel"), *e = fmt_get(o, "icmp_error");
	char buf[FMT_LEN];

	print_time(fmt_num(o, "time"), opt->details);
	printf(" %s > %s ", fmt_str(o, "src"), fmt_str(o, "dst"));
	fmt_paint(opt, e || fmt_has(o, "malformed") ? FMT_BAD : FMT_HEAD, "%s", fmt_str(o, "type"));
	json_object_object_foreach(o, key, v) {
		if (!v || (said(key) && !(opt->details && strcmp(key, "options") == 0)))
			continue;
		printf(" %s %s", key, json_object_is_type(v, json_type_array)
		       ? fmt_join(o, key, strcmp(key, "flags") ? "," : "", buf)
		       : json_object_get_string(v));
	}
	print_flows(opt, o);
	if (t)
		printf(" (in a tunnel %s > %s)", fmt_str(t, "src"), fmt_str(t, "dst"));
	if (e)
		fmt_paint(opt, FMT_BAD, " (ICMPv6 error from %s: %s)", fmt_str(e, "src"),
			  fmt_str(e, "meaning"));
	putchar('\n');
}
