/* SPDX-License-Identifier: BSD-2-Clause */
/* Completion: what a shell offers for the word at the cursor. */
#include <stdio.h>
#include <string.h>

#include "ctl/conf_schema.h"
#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"

#define OBJECTS_MAX	500		/* nobody reads more at a prompt */
#define ASK_LIMIT	1.		/* seconds */
#define WORDS_MAX	8

struct offer { const char *word; };	/* what of it is typed */

static bool offer(const struct offer *k, const char *text, const char *help)
{
	if (strncmp(text, k->word, strlen(k->word)) != 0)
		return false;
	printf("%s\t%s\n", text, help);
	return true;
}

/* ---- what the daemon has ---- */

struct objects { const struct offer *k; const char *key; char last[FMT_LEN]; unsigned n; };

static bool offer_object(void *arg, struct json_object *o)
{
	struct objects *b = arg;
	const char *text = json_object_get_string(fmt_get(o, b->key));

	/* records of one address stand together */
	if (!text || strcmp(text, b->last) == 0)
		return true;
	snprintf(b->last, sizeof(b->last), "%s", text);
	b->n += offer(b->k, text, "");
	return b->n < OBJECTS_MAX;
}

static void objects(const struct run *r, const struct offer *k, const char *method,
		    const char *key)
{
	struct objects b = { .k = k, .key = key };
	const char *why;
	struct client *c = client_open(r->socket, ASK_LIMIT, &why);

	if (!c)
		return;			/* no daemon: nothing to offer, no noise at a prompt */
	client_call(c, method, NULL, true, offer_object, &b);
	client_close(c);
}

/* ---- arguments ---- */

/* The events, each followed by its fields. */
static const struct { const char *event, *field, *text; bool inject; } event_row[] = {
#define EVENT(name, inject, text)	{ #name, NULL, text, inject },
#define FIELD(type, name, text)		{ NULL, #name, text, false },
#define END(name)
#include "mip6/events.def"
#undef EVENT
#undef FIELD
#undef END
};

static void events(const struct offer *k, bool hints)
{
	for (size_t i = 0; i < ARRAY_SIZE(event_row); i++) {
		if (event_row[i].event && (event_row[i].inject || !hints))
			offer(k, event_row[i].event, event_row[i].text);
	}
}

static void groups(const struct offer *k)
{
	offer(k, "all", "every event");
	for (size_t i = 0; i < cmd_groups; i++)
		offer(k, cmd_group[i].name, cmd_group[i].events);
}

/* The fields of the event that was named before. */
static void fields(const struct offer *k, const char *event)
{
	char text[FMT_LEN];
	size_t i = 0;

	while (i < ARRAY_SIZE(event_row) &&
	       (!event_row[i].event || strcmp(event_row[i].event, event) != 0))
		i++;
	for (i++; i < ARRAY_SIZE(event_row) && event_row[i].field; i++) {
		snprintf(text, sizeof(text), "%s=", event_row[i].field);
		offer(k, text, event_row[i].text);
	}
}

static void words(const struct offer *k, const struct conf_word *w, const char *help)
{
	for (; w->name; w++)
		offer(k, w->name, help);
}

static void argument(const struct run *r, const struct offer *k, enum arg_kind kind,
		     const char *before)
{
	switch (kind) {
	case ARG_NONE:
	case ARG_COUNT:
		break;
	case ARG_BINDING:
		objects(r, k, "ListBindings", "home_address");
		break;
	case ARG_HOME:
		objects(r, k, "ListRegistrations", "home_address");
		break;
	case ARG_OWNER:
		objects(r, k, "ListPrefixes", "home_address");
		break;
	case ARG_FLOW:
		objects(r, k, "ListFlows", "name");
		break;
	case ARG_PEER:
		objects(r, k, "ListPeers", "peer");
		break;
	case ARG_BID:
		objects(r, k, "ListPaths", "bid");
		break;
	case ARG_PREFER:
		objects(r, k, "ListPaths", "bid");
		offer(k, "none", "as configured");
		break;
	case ARG_UP_DOWN:
		offer(k, "up", "packets get through");
		offer(k, "down", "they do not");
		break;
	case ARG_FILE:
		puts(":file");
		break;
	case ARG_EVENT:
		groups(k);
		events(k, false);
		break;
	case ARG_HINT:
		events(k, true);
		break;
	case ARG_FIELD:
		fields(k, before);
		break;
	case ARG_ROOM_LEVEL:
		words(k, conf_word_room, "a room of the daemon");
		words(k, conf_word_level, "for all rooms");
		break;
	case ARG_LEVEL:
		words(k, conf_word_level, "this and graver lines");
		break;
	}
}

/* What may stand at an argument's place; a row's last argument may be repeated. */
static void arguments(const struct run *r, const struct offer *k, const struct command *c, int at,
		      char **argv)
{
	int i = MIN(at, CMD_ARGS - 1);

	while (i > 0 && !c->arg[i].kind)
		i--;
	if (i == at || c->arg[i].many)
		argument(r, k, c->arg[i].kind, at ? argv[0] : "");
}

static void names(const struct offer *k)
{
	for (const struct command *c = cmd_table; c < cmd_table + cmd_count; c++) {
		if (c == cmd_table || !cmd_same(c, c - 1))
			offer(k, c->name, c->help);
	}
}

/* Behind n words. */
static void plain(const struct run *r, const struct offer *k, int n, char **w)
{
	char why[FMT_LEN];
	const struct command *c = n ? cmd_by_name(w[0], why) : NULL;

	if (!n)
		names(k);
	if (!c)
		return;
	if (c->sub && n == 1) {
		for (const struct command *s = c; cmd_same(c, s); s++)
			offer(k, s->sub, s->help);
		if (!c->only)
			arguments(r, k, c, 0, NULL);
		return;
	}
	n--, w++;
	if (c->sub) {
		c = cmd_by_sub(c, w[0], why);
		n--, w++;
	}
	if (c)
		arguments(r, k, c, n, w);
}

/* ---- options ---- */

static bool of_use(const struct cmd_opt *o, const struct command *c)
{
	/* what every command takes */
	return !c || strchr("cSVht", o->c) || strchr(c->opts, o->c);
}

static void options(const struct offer *k, const struct command *c)
{
	char text[FMT_LEN];

	for (size_t i = 0; i < cmd_opts; i++) {
		const struct cmd_opt *o = &cmd_opt[i];

		if (!of_use(o, c))
			continue;
		snprintf(text, sizeof(text), "-%c", o->c);
		offer(k, text, o->help);
		snprintf(text, sizeof(text), "--%s", o->name);
		offer(k, text, o->help);
	}
}

/* Does the option want the next word? "-jS PATH", "--socket PATH"; not "-SPATH". */
static const struct cmd_opt *wants_next(const char *w)
{
	const char *c = w + 1;

	for (size_t i = 0; i < cmd_opts && strncmp(w, "--", 2) == 0; i++) {
		if (strcmp(w + 2, cmd_opt[i].name) == 0)
			return cmd_opt[i].arg && *cmd_opt[i].arg != '[' ? &cmd_opt[i] : NULL;
	}
	for (; w[0] == '-' && w[1] != '-' && *c; c++) {
		for (size_t i = 0; i < cmd_opts; i++) {
			if (cmd_opt[i].c == *c && cmd_opt[i].arg)
				return c[1] || *cmd_opt[i].arg == '[' ? NULL : &cmd_opt[i];
		}
	}
	return NULL;
}

/* "-SPATH", "-jSPATH", "--socket=PATH" */
static void said_socket(struct run *r, const char *w)
{
	static const char name[] = "--socket=";
	const char *c = w + 1;

	if (strncmp(w, name, sizeof(name) - 1) == 0)
		r->socket = w + sizeof(name) - 1;
	while (w[1] != '-' && *c && *c != 'S') {
		for (size_t i = 0; i < cmd_opts; i++)
			if (cmd_opt[i].c == *c && cmd_opt[i].arg)
				return;		/* the rest is its own */
		c++;
	}
	if (w[1] != '-' && c[0] && c[1])
		r->socket = c + 1;
}

int cmd_complete(struct run *r, int n, char **words)
{
	struct offer k = { n ? words[n - 1] : "" };
	const struct cmd_opt *open = NULL;
	char *said[WORDS_MAX], why[FMT_LEN];
	const struct command *c;
	int m = 0;

	for (int i = 0; i + 1 < n; i++) {
		if (open) {
			r->socket = open->c == 'S' ? words[i] : r->socket;
			open = NULL;
		} else if (words[i][0] == '-') {
			open = wants_next(words[i]);
			said_socket(r, words[i]);
		} else if (m < WORDS_MAX) {
			said[m++] = words[i];
		}
	}
	c = m ? cmd_by_name(said[0], why) : NULL;
	if (c && c->sub && m > 1 && cmd_by_sub(c, said[1], why))
		c = cmd_by_sub(c, said[1], why);
	if (open && strchr("Sw", open->c))
		puts(":file");
	else if (!open && k.word[0] == '-')
		options(&k, c);
	else if (!open)
		plain(r, &k, m, said);
	return MIP6_EXIT_DONE;
}
