/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manual says what the tables say: every key of the schema with its form, range, unit and
 * default in mip6d.conf(5), every event with its fields in mip6ctl(8), and nothing else.
 * "test_ctl_man --print" writes the lines that it looks for, for whoever changes a table.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf_help.h"
#include "run/event.h"

#define PAGE_MAX	131072
#define LINE_LEN	512

/* ---- what the tables say, as a line of the page ---- */

static void number_spec(const struct conf_key *k, char *buf, size_t n)
{
	size_t used = (size_t)snprintf(buf, n, "%s, %.10g..%.10g%s%s%s",
				       k->kind == CK_TIME ? "Number" : "Whole number", k->min,
				       k->max, k->unit ? " " : "", k->unit ? k->unit : "",
				       k->multiple4 ? ", a multiple of 4" : "");

	if (k->safe_min != 0 && k->safe_min == k->safe_max)
		snprintf(buf + used, n - used, " (without unsafe_timers only %g)", k->safe_min);
	else if (k->safe_min != 0)
		snprintf(buf + used, n - used, " (without unsafe_timers only %g..%g)", k->safe_min,
			 k->safe_max);
}

static void form_spec(const struct conf_key *k, char *buf, size_t n)
{
	switch (k->kind) {
	case CK_BOOL:
		snprintf(buf, n, "True or false");
		break;
	case CK_INT:
	case CK_TIME:
		number_spec(k, buf, n);
		break;
	case CK_TEXT:
		snprintf(buf, n, "Text, %g to %zu characters", k->min, k->size - 1);
		break;
	case CK_WORD:
	case CK_FN:
		snprintf(buf, n, "%s", k->type);
		buf[0] = (char)toupper((unsigned char)buf[0]);
		break;
	case CK_ADDR:
		snprintf(buf, n, "IPv6 address");
		break;
	case CK_PREFIXES:
		snprintf(buf, n, "List of prefixes");
		break;
	case CK_GROUP:
		snprintf(buf, n, "Group");
		break;
	case CK_LIST:
		snprintf(buf, n, "List of groups");
		break;
	}
}

static const char *spec(const struct conf_key *k)
{
	static char buf[LINE_LEN];
	bool text = k->kind == CK_TEXT || k->kind == CK_WORD;
	const char *def = k->def ? k->def : k->kind == CK_BOOL ? k->type : "";
	size_t used;

	form_spec(k, buf, sizeof(buf));
	used = strlen(buf);
	if (k->required)
		snprintf(buf + used, sizeof(buf) - used, "; required.");
	else if (*def && text)
		snprintf(buf + used, sizeof(buf) - used, "; default \"%s\".", def);
	else if (*def)
		snprintf(buf + used, sizeof(buf) - used, "; default %s.", def);
	else
		snprintf(buf + used, sizeof(buf) - used, ".");
	return buf;
}

static const char *event_spec(const struct event_desc *d)
{
	static char buf[LINE_LEN];
	size_t used = (size_t)snprintf(buf, sizeof(buf), d->n ? "Fields:" : "No fields.");

	for (unsigned i = 0; i < d->n; i++)
		used += (size_t)snprintf(buf + used, sizeof(buf) - used, " %s%s", d->field[i].name,
					 i + 1 < d->n ? "," : ".");
	if (d->inject)
		snprintf(buf + used, sizeof(buf) - used, "\nA hint: may be injected.");
	return buf;
}

/* ---- what the pages say ---- */

static char page[PAGE_MAX];

static void read_page(const char *name)
{
	char path[512];
	FILE *f;

	source_path("man", name, path, sizeof(path));
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s cannot be read (MIP6_SRC is the source tree)", path);
	page[fread(page, 1, sizeof(page) - 1, f)] = '\0';
	fclose(f);
}

/* The part from a line on, up to the next section; with `sub` up to the next subsection. */
static char *part(const char *from, bool sub)
{
	char *p = strstr(page, from), *end;

	if (!p)
		return NULL;
	p += strlen(from);
	end = strstr(p, "\n.Sh ");
	if (sub && strstr(p, "\n.Ss ") && strstr(p, "\n.Ss ") < end)
		end = strstr(p, "\n.Ss ");
	assert_non_null(end);
	return strndup(p, (size_t)(end - p));
}

static char *item(const char *section, const char *name)
{
	char head[LINE_LEN], *p, *end;

	snprintf(head, sizeof(head), "\n.It Ic %s\n", name);
	p = strstr(section, head);
	if (!p)
		return NULL;
	p = strdup(p + strlen(head) - 1);		/* with the line's end before its text */
	end = strstr(p, "\n.It ");
	if (end)
		end[1] = '\0';
	return p;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *p = strstr(text, what); p; p = strstr(p + 1, what))
		n++;
	return n;
}

static char *section_of(const struct conf_schema *sc)
{
	char head[LINE_LEN], *s;

	snprintf(head, sizeof(head), "\n.Ss %s\n", *sc->name ? sc->name : "The file");
	s = part(head, true);
	if (!s)
		fail_msg("no section %s", head);
	return s;
}

static void check_schema(const struct conf_schema *sc, unsigned *bad)
{
	char *section = section_of(sc), line[LINE_LEN + 2];

	if (count(section, "\n.It Ic ") != sc->n) {
		print_error("%s: %u keys in the page, %zu in the table\n", sc->name,
			    count(section, "\n.It Ic "), sc->n);
		++*bad;
	}
	for (size_t i = 0; i < sc->n; i++) {
		char *text = item(section, sc->key[i].name);

		snprintf(line, sizeof(line), "\n%s\n", spec(&sc->key[i]));
		if (!text || !strstr(text, line)) {
			print_error("%s.%s: %s: %s\n", sc->name, sc->key[i].name,
				    text ? "wants the line" : "is not there", spec(&sc->key[i]));
			++*bad;
		}
		free(text);
	}
	free(section);
	for (size_t i = 0; i < sc->n; i++) {
		if (sc->key[i].sub && strcmp(sc->key[i].sub->name, "security") != 0)
			check_schema(sc->key[i].sub, bad);
	}
}

static const struct conf_schema *security(void)
{
	for (size_t i = 0; i < conf_schema_top.n; i++) {
		const struct conf_schema *sub = conf_schema_top.key[i].sub;

		for (size_t j = 0; sub && j < sub->n; j++) {
			if (sub->key[j].sub && strcmp(sub->key[j].sub->name, "security") == 0)
				return sub->key[j].sub;
		}
	}
	return NULL;
}

static void test_every_key_is_in_the_manual_as_in_the_table(void **state)
{
	unsigned bad = 0;

	(void)state;
	read_page("mip6d.conf.5");
	check_schema(&conf_schema_top, &bad);
	check_schema(security(), &bad);
	assert_int_equal(bad, 0);
}

/* Keys that take a restart, in the form of the section on reloads. */
static void fixed_keys(const struct conf_schema *sc, void (*fn)(const char *name, void *arg), void *arg)
{
	char name[LINE_LEN];

	for (size_t i = 0; i < sc->n; i++) {
		const struct conf_key *k = &sc->key[i];

		snprintf(name, sizeof(name), "%s%s%s", sc->name, *sc->name ? "." : "", k->name);
		if (k->reload != CONF_LIVE && k->reload != CONF_RESTART)
			fail_msg("%s does not say what a reload does with it", name);
		if (k->reload == CONF_RESTART)
			fn(name, arg);
		if (k->sub)
			fixed_keys(k->sub, fn, arg);
	}
}

struct listed { const char *section; unsigned n, bad; };

static void is_listed(const char *name, void *arg)
{
	struct listed *l = arg;
	char line[LINE_LEN];

	snprintf(line, sizeof(line), "\n.It Ic %s\n", name);
	l->n++;
	if (strstr(l->section, line))
		return;
	print_error("RELOAD lacks %s\n", name);
	l->bad++;
}

static void test_the_manual_names_the_keys_that_take_a_restart(void **state)
{
	struct listed l = { 0 };
	char *section;

	(void)state;
	read_page("mip6d.conf.5");
	section = part("\n.Sh RELOAD\n", false);
	assert_non_null(section);
	l.section = section;
	fixed_keys(&conf_schema_top, is_listed, &l);
	assert_int_equal(l.bad, 0);
	assert_int_equal(count(section, "\n.It Ic "), l.n);
	free(section);
}

static void test_every_event_is_in_the_manual_as_in_the_table(void **state)
{
	char *section, line[LINE_LEN + 2];
	unsigned bad = 0;

	(void)state;
	read_page("mip6ctl.8");
	section = part("\n.Sh EVENTS\n", false);
	assert_non_null(section);
	assert_int_equal(count(section, "\n.It Ic "), EV__COUNT + 1);	/* and sync */
	for (unsigned i = 0; i < EV__COUNT; i++) {
		char *text = item(section, event_desc[i].name);

		snprintf(line, sizeof(line), "\n%s\n", event_spec(&event_desc[i]));
		if (!text || !strstr(text, line)) {
			print_error("%s: %s: %s\n", event_desc[i].name,
				    text ? "wants the line" : "is not there",
				    event_spec(&event_desc[i]));
			bad++;
		}
		free(text);
	}
	free(section);
	assert_int_equal(bad, 0);
}

static void test_the_manual_says_what_is_not_protected(void **state)
{
	static const char *const name[] = { "mip6d.8", "mip6d.conf.5" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(name); i++) {
		read_page(name[i]);
		assert_non_null(strstr(page, "\n.Sh SECURITY"));
		assert_non_null(strstr(page, "are neither encrypted nor authenticated"));
	}
}

/* ---- for whoever changes a table ---- */

static void print_schema(const struct conf_schema *sc)
{
	printf(".Ss %s\n.Bl -tag -width Ds\n", *sc->name ? sc->name : "The file");
	for (size_t i = 0; i < sc->n; i++)
		printf(".It Ic %s\n%c%s.\n%s\n", sc->key[i].name,
		       toupper((unsigned char)sc->key[i].help[0]), sc->key[i].help + 1,
		       spec(&sc->key[i]));
	puts(".El");
	for (size_t i = 0; i < sc->n; i++) {
		if (sc->key[i].sub && strcmp(sc->key[i].sub->name, "security") != 0)
			print_schema(sc->key[i].sub);
	}
}

static void print_name(const char *name, void *arg)
{
	(void)arg;
	printf(".It Ic %s\n", name);
}

static int print_all(void)
{
	puts(".Sh RELOAD");
	fixed_keys(&conf_schema_top, print_name, NULL);
	print_schema(&conf_schema_top);
	print_schema(security());
	puts(".Sh EVENTS");
	for (unsigned i = 0; i < EV__COUNT; i++)
		printf(".It Ic %s\n%c%s.\n%s\n", event_desc[i].name,
		       toupper((unsigned char)event_desc[i].text[0]), event_desc[i].text + 1,
		       event_spec(&event_desc[i]));
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key_is_in_the_manual_as_in_the_table),
		cmocka_unit_test(test_the_manual_names_the_keys_that_take_a_restart),
		cmocka_unit_test(test_every_event_is_in_the_manual_as_in_the_table),
		cmocka_unit_test(test_the_manual_says_what_is_not_protected),
	};

	if (argc > 1 && strcmp(argv[1], "--print") == 0)
		return print_all();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
