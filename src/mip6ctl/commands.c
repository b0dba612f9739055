/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "ctl/conf_schema.h"
#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"

#define HOA(kind)	{ { kind, "home-address", false, false } }
#define FILE_ARG(must)	{ { ARG_FILE, "file", must, false } }

const struct command cmd_table[] = {
	{ "status", NULL, false, { { 0 } }, "jpsd", "roles, counts, uplinks, changed sysctls",
	  cmd_status },
	{ "binding", "list", false, HOA(ARG_BINDING), "jpod", "a home agent's bindings",
	  cmd_binding },
	{ "binding", "show", false, HOA(ARG_BINDING), "jpo46", "all of each binding", cmd_binding },
	{ "binding", "flush", false, HOA(ARG_BINDING), "jp", "remove that binding, or all",
	  cmd_flush },
	{ "registration", "list", false, HOA(ARG_HOME), "jpod", "a mobile node's registrations",
	  cmd_registration },
	{ "registration", "show", false, HOA(ARG_HOME), "jpo46", "all of each registration",
	  cmd_registration },
	{ "registration", "refresh", false, HOA(ARG_HOME), "jp", "send a Binding Update now",
	  cmd_refresh },
	{ "registration", "deregister", false, HOA(ARG_HOME), "jp", "end the registration",
	  cmd_deregister },
	{ "prefix", "list", false, HOA(ARG_OWNER), "jpo46",
	  "mobile network prefixes and their state", cmd_prefix },
	{ "prefix", "show", false, HOA(ARG_OWNER), "jpo46", "the same", cmd_prefix },
	{ "path", "list", false, { { ARG_BID, "bid", false, false } }, "jpod",
	  "ways to the home agent: state, round trip time, loss, rate", cmd_path },
	{ "path", "show", false, { { ARG_BID, "bid", false, false } }, "jpo", "all of each path",
	  cmd_path },
	{ "path", "up", false, { { ARG_BID, "bid", true, false } }, "",
	  "use that path again", cmd_path_up },
	{ "path", "down", false, { { ARG_BID, "bid", true, false } }, "",
	  "do not use that path, until told otherwise", cmd_path_down },
	{ "path", "prefer", false, { { ARG_PREFER, "bid", true, false } }, "",
	  "use that path while it works, until a reload; none: as configured", cmd_path_prefer },
	{ "path", "probe", false, { { ARG_BID, "bid", false, false } }, "jp",
	  "send a probe now", cmd_path_probe },
	{ "flow", "list", false, { { ARG_FLOW, "name|fid", false, false } }, "jpo",
	  "flow policy: which packets take which path, and what became of it", cmd_flow },
	{ "flow", "show", false, { { ARG_FLOW, "name|fid", false, false } }, "jpo",
	  "flow policy in full, with what went by each path", cmd_flow },
	{ "peer", "list", false, { { ARG_PEER, "address", false, false } }, "jpo",
	  "whom traffic is exchanged with by the straight way", cmd_peer },
	{ "peer", "show", false, { { ARG_PEER, "address", false, false } }, "jpo", "the same",
	  cmd_peer },
	{ "peer", "flush", false, HOA(ARG_PEER), "jp",
	  "remove the correspondent's binding of that home address, or all", cmd_flush_peers },
	{ "home-agent", "list", false, { { 0 } }, "jpod",
	  "home agents of the home links, or those to register with", cmd_home_agent },
	{ "home-agent", "show", false, { { 0 } }, "jpo",
	  "the same, and what is wrong in advertisements", cmd_home_agent },
	{ "home-agent", "discover", false, HOA(ARG_HOME), "jpot",
	  "ask the home network for its home agents now", cmd_discover },
	{ "handover", "last", false, { { ARG_COUNT, "count", false, false } }, "jpo",
	  "the last movements and their phases", cmd_handover },
	{ "stats", "show", false, { { 0 } }, "jp", "counters", cmd_stats },
	{ "stats", "mib", false, { { 0 } }, "jp", "counters by their names in RFC 4295 and 5488",
	  cmd_mib },
	{ "stats", "reset", false, { { 0 } }, "", "count from here on", cmd_stats_reset },
	{ "metrics", NULL, false, { { 0 } }, "wH", "the numbers as Prometheus reads them",
	  cmd_metrics },
	{ "monitor", NULL, false, { { ARG_EVENT, "what", false, true } }, "jdnt",
	  "the present state, then what happens", cmd_monitor },
	{ "wait", "registered", true, HOA(ARG_HOME), "t", "until it is registered, or all are",
	  cmd_wait_registered },
	{ "wait", "home", true, HOA(ARG_HOME), "t", "until it is at home, or all are",
	  cmd_wait_home },
	{ "wait", "bound", true, HOA(ARG_BINDING), "t", "until the home agent has a binding",
	  cmd_wait_bound },
	{ "wait", "path", true, { { ARG_BID, "bid", true, false },
				  { ARG_UP_DOWN, "up|down", true, false } }, "t",
	  "until that path works, or does not", cmd_wait_path },
	{ "config", "check", true, FILE_ARG(false), "", "what is wrong in a configuration",
	  cmd_config_check },
	{ "config", "show", true, { { 0 } }, "jpe", "the configuration in force",
	  cmd_config_show },
	{ "config", "diff", true, FILE_ARG(false), "jp", "what a reload would change",
	  cmd_config_diff },
	{ "config", "reload", true, { { 0 } }, "ju", "read it again, or say why not",
	  cmd_config_reload },
	{ "config", "confirm", true, { { 0 } }, "", "what was reloaded stays: no undo",
	  cmd_config_confirm },
	{ "log", NULL, false, { { ARG_ROOM_LEVEL, "room", false, false },
				{ ARG_LEVEL, "level", false, false } }, "jpo",
	  "levels of the log, or another one until a reload", cmd_log },
	{ "event", "inject", true, { { ARG_HINT, "event", true, false },
				     { ARG_FIELD, "field=value", false, true } }, "",
	  "tell the daemon what it may not have seen", cmd_inject },
	{ "doctor", NULL, false, FILE_ARG(false), "jpo",
	  "what is wrong on this host, and what mends it", cmd_doctor },
	{ "decode", NULL, false, FILE_ARG(true), "jpdn", "mobility messages in a capture file",
	  cmd_decode },
	{ "capture", NULL, false, { { 0 } }, "jdntw", "mobility messages as they pass",
	  cmd_capture },
};
const size_t cmd_count = ARRAY_SIZE(cmd_table);

const struct cmd_opt cmd_opt[] = {
	{ 'j', "json", NULL, "JSON" },
	{ 'p', "pretty", NULL, "JSON for people to read" },
	{ 'o', "oneline", NULL, "one line per record, no head" },
	{ 's', "stats", NULL, "status with counters" },
	{ 'd', "details", NULL, "all of each record" },
	{ '4', "ipv4", NULL, "IPv4 prefixes only" },
	{ '6', "ipv6", NULL, "IPv6 prefixes only" },
	{ 'c', "color", "[when]", "auto, always or never" },
	{ 'e', "effective", NULL, "config show: defaults too" },
	{ 'u', "undo-after", "seconds", "config reload: undo it then, unless confirmed" },
	{ 'w', "write", "file", "capture, metrics: into a file" },
	{ 'H', "http", NULL, "metrics: answer an HTTP request" },
	{ 'n', "count", "count", "end after that many" },
	{ 't', "timeout", "seconds", "wait that long" },
	{ 'S', "socket", "socket", "default " MIP6_CTL_SOCKET },
	{ 'V', "version", NULL, "print the version" },
	{ 'h', "help", NULL, "print this text" },
};
const size_t cmd_opts = ARRAY_SIZE(cmd_opt);

/* ---- words ---- */

bool cmd_is(const char *word, const char *name)
{
	return *word && strncmp(word, name, strlen(word)) == 0;
}

const char *cmd_arg_text(const struct cmd_arg *a, char buf[static FMT_LEN])
{
	size_t n;

	snprintf(buf, FMT_LEN, "%s%.40s%s%s", a->required ? "" : "[", a->name,
		 a->required ? "" : "]", a->many ? "..." : "");
	n = strlen(buf);
	for (size_t i = 0; i < n; i++)
		buf[i] = buf[i] >= 'a' && buf[i] <= 'z' ? (char)(buf[i] - 'a' + 'A') : buf[i];
	return buf;
}

const struct command *cmd_by_name(const char *word, char names[static FMT_LEN])
{
	const struct command *found = NULL;
	size_t n = 0, used = 0;

	names[0] = '\0';
	for (size_t i = 0; i < cmd_count; i++) {
		const struct command *c = &cmd_table[i];

		if ((i && strcmp(c->name, c[-1].name) == 0) || !cmd_is(word, c->name))
			continue;
		if (strcmp(word, c->name) == 0)
			return c;
		found = c;
		n++;
		used += (size_t)snprintf(names + used, FMT_LEN - used, " %s", c->name);
	}
	return n == 1 ? found : NULL;
}

bool cmd_same(const struct command *a, const struct command *b)
{
	return b < cmd_table + cmd_count && strcmp(a->name, b->name) == 0;
}

const struct command *cmd_by_sub(const struct command *first, const char *word,
				 char names[static FMT_LEN])
{
	const struct command *found = NULL;
	size_t n = 0, used = 0;

	names[0] = '\0';
	for (const struct command *c = first; cmd_same(first, c); c++) {
		if (!cmd_is(word, c->sub))
			continue;
		if (strcmp(word, c->sub) == 0)
			return c;
		found = c;
		n++;
		used += (size_t)snprintf(names + used, FMT_LEN - used, " %s", c->sub);
	}
	return n == 1 ? found : NULL;
}

/* An argument stands where a sub could: the address of one object is a wish to see all of it. */
static const struct command *unsaid(const struct command *first, const char *word)
{
	if (!strchr(word, ':') && !(*word >= '0' && *word <= '9'))
		return NULL;
	for (const struct command *c = first; cmd_same(first, c); c++) {
		if (strcmp(c->sub, "show") == 0)
			return c;
	}
	return first->only || !first->arg[0].kind ? NULL : first;
}

static const char *name_at(const void *arg, size_t i)
{
	(void)arg;
	return i < cmd_count ? cmd_table[i].name : NULL;
}

static void subs_of(const struct command *first, char buf[static FMT_LEN])
{
	size_t used = 0;

	for (const struct command *c = first; cmd_same(first, c) && used < FMT_LEN; c++)
		used += (size_t)snprintf(buf + used, FMT_LEN - used, "%s%s",
					 used ? ", " : "", c->sub);
}

static int enough(const struct run *r)
{
	const struct command *c = r->cmd;
	const char *sub = c->sub ? c->sub : "", *gap = c->sub ? " " : "";
	int n = 0;

	for (; n < CMD_ARGS && c->arg[n].kind; n++) {
		if (n >= r->argc && c->arg[n].required)
			return cmd_error("%s%s%s: %s is missing", c->name, gap, sub,
					 c->arg[n].name);
	}
	if (r->argc > n && !(n && c->arg[n - 1].many))
		return cmd_error("%s%s%s: \"%s\" is too much", c->name, gap, sub, r->argv[n]);
	return 0;
}

/* No command, and no beginning of one. */
static int unknown(const char *word)
{
	const char *meant = conf_did_you_mean(word, name_at, NULL);

	return meant ? cmd_error("\"%s\" is no command (did you mean \"%s\"?)", word, meant)
		     : cmd_error("\"%s\" is no command", word);
}

int cmd_find(struct run *r, int n, char **argv)
{
	char names[FMT_LEN];
	const struct command *first;
	int used = n > 0;

	first = r->cmd = n ? cmd_by_name(argv[0], names) : cmd_table;
	if (!first)
		return *names ? cmd_error("\"%s\" may be:%s", argv[0], names)
			      : unknown(argv[0]);
	if (first->sub && n > 1) {
		r->cmd = cmd_by_sub(first, argv[1], names);
		used += r->cmd != NULL;
		if (!r->cmd && *names)
			return cmd_error("%s: \"%s\" may be:%s", first->name, argv[1], names);
		if (!r->cmd)
			r->cmd = unsaid(first, argv[1]);
	}
	if (!r->cmd || (r->cmd->only && used < 2)) {
		subs_of(first, names);
		return r->cmd ? cmd_error("%s: say %s", first->name, names)
			      : cmd_error("%s: \"%s\" is none of %s", first->name, argv[1], names);
	}
	r->argc = n - used;
	r->argv = argv + used;
	return enough(r);
}

/* ---- help ---- */

static void usage_row(FILE *f, const struct command *c)
{
	bool first = c == cmd_table || strcmp(c->name, c[-1].name) != 0;
	char text[2 * FMT_LEN], buf[FMT_LEN];
	size_t used;

	used = (size_t)snprintf(text, sizeof(text), "%s", c->name);
	if (c->sub)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 first && !c->only ? " [%s]" : " %s", c->sub);
	for (size_t i = 0; i < CMD_ARGS && c->arg[i].kind; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " %s",
					 cmd_arg_text(&c->arg[i], buf));
	fprintf(f, "  %-42s  %s\n", text, c->help);
}

void cmd_usage(FILE *f)
{
	fputs("usage: mip6ctl [OPTIONS] [COMMAND]\n\n", f);
	for (size_t i = 0; i < cmd_count; i++)
		usage_row(f, &cmd_table[i]);
	fputs("\n", f);
	for (size_t i = 0; i < cmd_opts; i++) {
		const struct cmd_opt *o = &cmd_opt[i];
		char text[FMT_LEN];

		snprintf(text, sizeof(text), "-%c%s%s, --%s", o->c,
			 o->arg && *o->arg != '[' ? " " : "", o->arg ? o->arg : "", o->name);
		fprintf(f, "  %-26s  %s\n", text, o->help);
	}
	fputs("\n"
	      "Without a command: status. Words may be shortened.\n"
	      "exit status: 0 done, 1 asked state not true, 2 usage, 3 daemon not reachable,\n"
	      "             4 refused or bad configuration, 5 no such object\n", f);
}
