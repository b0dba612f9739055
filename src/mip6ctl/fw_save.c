/* SPDX-License-Identifier: BSD-2-Clause */
/* What ip6tables-save and iptables-save say, as neutral rules. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "mip6ctl/fw.h"

#define WORDS	64
#define LINE	1024

struct save { struct fw *fw; const char *program; int family; char table[FW_NAME]; };

static void one_value(struct fw_rule *r, enum fw_what what, bool negated, int lo, int hi)
{
	struct fw_match *m = fw_add_match(r, lo < 0 ? FW_OTHER_THING : what);

	m->negated = negated;
	if (lo >= 0)
		fw_add_value(m, (uint32_t)lo, (uint32_t)hi);
}

/* "NEW,ESTABLISHED", "ipv6-opts,ipv6-route" */
static void word_list(struct fw_rule *r, enum fw_what what, bool negated, const char *text,
		      int (*fn)(const char *word))
{
	char copy[LINE], *save = NULL;
	struct fw_match *m = fw_add_match(r, what);

	m->negated = negated;
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		int v = fn(w);

		if (v < 0)
			m->what = FW_OTHER_THING;
		else
			fw_add_value(m, (uint32_t)v, (uint32_t)v);
	}
}

static int state_of(const char *word)
{
	return strcmp(word, "NEW") == 0 ? FW_CT_NEW
	       : strcmp(word, "ESTABLISHED") == 0 ? FW_CT_ESTABLISHED : FW_CT_OTHER;
}

/* "5", "5:6", "binding-update": -1 not known */
static int mh_type(const char *word, int *hi)
{
	static const char *const name[] = {
		"binding-refresh-request", "home-test-init", "careof-test-init", "home-test",
		"careof-test", "binding-update", "binding-acknowledgement", "binding-error",
	};
	char *end;
	long v = strtol(word, &end, 10);

	*hi = *end == ':' ? (int)strtol(end + 1, NULL, 10) : (int)v;
	if (end != word)
		return (int)v;
	for (size_t i = 0; i < ARRAY_SIZE(name); i++) {
		if (strcmp(name[i], word) == 0)
			return *hi = (int)i;
	}
	return -1;
}

static void device(struct fw_rule *r, enum fw_what what, bool negated, const char *text)
{
	struct fw_match *m = fw_add_match(r, what);
	char name[FW_NAME];
	size_t n;

	m->negated = negated;
	snprintf(name, sizeof(name), "%s", text);
	n = strlen(name);
	if (n && name[n - 1] == '+')
		name[n - 1] = '*';
	fw_add_name(m, name);
}

static void target(struct fw_rule *r, bool go, const char *word)
{
	static const struct { const char *name; enum fw_act act; } row[] = {
		{ "ACCEPT", FW_ACCEPT }, { "DROP", FW_DROP }, { "REJECT", FW_DROP },
		{ "RETURN", FW_RETURN }, { "LOG", FW_NEXT }, { "NFLOG", FW_NEXT },
		{ "MARK", FW_NEXT }, { "CONNMARK", FW_NEXT }, { "CT", FW_NEXT },
		{ "TCPMSS", FW_NEXT }, { "NFQUEUE", FW_UNKNOWN },
	};

	r->act = go ? FW_GOTO : FW_JUMP;
	snprintf(r->target, sizeof(r->target), "%s", word);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (strcmp(row[i].name, word) == 0)
			r->act = row[i].act;
	}
}

static void option(struct fw_rule *r, bool negated, const char *opt, const char *arg)
{
	int lo, hi;

	if (strcmp(opt, "-p") == 0) {
		lo = strcmp(arg, "all") == 0 ? -2 : fw_protocol(arg);
		if (lo != -2)
			one_value(r, FW_PROTO, negated, lo, lo);
	} else if (strcmp(opt, "-i") == 0) {
		device(r, FW_IN, negated, arg);
	} else if (strcmp(opt, "-o") == 0) {
		device(r, FW_OUT, negated, arg);
	} else if (strcmp(opt, "--ctstate") == 0 || strcmp(opt, "--state") == 0) {
		word_list(r, FW_STATE, negated, arg, state_of);
	} else if (strcmp(opt, "--rt-type") == 0) {
		one_value(r, FW_RT_TYPE, negated, atoi(arg), atoi(arg));
	} else if (strcmp(opt, "--mh-type") == 0) {
		lo = mh_type(arg, &hi);
		one_value(r, FW_MH_TYPE, negated, lo, hi);
	} else if (strcmp(opt, "--icmpv6-type") == 0) {
		one_value(r, FW_ICMP_TYPE, negated, strchr(arg, '/') ? -1 : fw_protocol(arg),
			  fw_protocol(arg));
	} else if (strcmp(opt, "-j") == 0 || strcmp(opt, "-g") == 0) {
		target(r, opt[1] == 'g', arg);
	} else if (strcmp(opt, "-m") == 0) {
		/* its options follow; what asks for nothing that we know has them unknown */
	} else if (strcmp(opt, "--comment") != 0 && strcmp(opt, "--reject-with") != 0 &&
		   strncmp(opt, "--log", 5) != 0 && strncmp(opt, "--nflog", 7) != 0) {
		fw_add_match(r, FW_OTHER_THING);
	}
}

/* "--header ipv6-opts --soft": any packet that has these headers, whatever else. */
static void headers(struct fw_rule *r, bool negated, bool soft, const char *arg)
{
	word_list(r, FW_HAS_HEADER, negated, arg, fw_protocol);
	if (!soft)			/* exactly these */
		r->match[r->n - 1].what = FW_OTHER_THING;
}

/* Words; "a b" in quotes is one. Returns how many. */
static int split(char *line, char *word[static WORDS])
{
	int n = 0;

	while (n < WORDS) {
		bool quoted;

		line += strspn(line, " ");
		if (!*line)
			break;
		quoted = *line == '"';
		word[n++] = line += quoted;
		line += strcspn(line, quoted ? "\"" : " ");
		if (*line)
			*line++ = '\0';
	}
	return n;
}

static struct fw_chain *chain_of(const struct save *s, const char *name)
{
	for (size_t i = 0; i < s->fw->n; i++) {
		struct fw_chain *c = &s->fw->chain[i];

		if (strcmp(c->table, s->table) == 0 && strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

static void rule(const struct save *s, const char *text)
{
	char line[LINE], *word[WORDS];
	bool negated = false, soft = strstr(text, "--soft") != NULL;
	struct fw_chain *c;
	struct fw_rule *r;
	int n;

	snprintf(line, sizeof(line), "%s", text);
	n = split(line, word);
	c = n > 1 ? chain_of(s, word[1]) : NULL;
	if (!c)
		return;
	r = fw_add_rule(c);
	snprintf(r->text, sizeof(r->text), "%.*s", FW_TEXT - 1, text);
	for (int i = 2; i < n; i++) {
		bool has_arg = i + 1 < n && word[i + 1][0] != '-' &&
			       strcmp(word[i + 1], "!") != 0;

		if (strcmp(word[i], "!") == 0) {
			negated = true;
			continue;
		}
		if (strcmp(word[i], "--header") == 0)
			headers(r, negated, soft, has_arg ? word[i + 1] : "");
		else if (strcmp(word[i], "--soft") != 0)
			option(r, negated, word[i], has_arg ? word[i + 1] : "");
		negated = false;
		i += has_arg;
	}
}

/* ":INPUT DROP [0:0]" */
static void chain(const struct save *s, const char *text)
{
	static const struct { const char *name; enum fw_hook hook; } row[] = {
		{ "INPUT", FW_INPUT }, { "FORWARD", FW_FORWARD }, { "OUTPUT", FW_OUTPUT },
	};
	char name[FW_NAME] = "", policy[FW_NAME] = "";
	struct fw_chain *c;

	if (sscanf(text, ":%63s %63s", name, policy) != 2)
		return;
	c = fw_add_chain(s->fw, s->table, name);
	c->v4 = s->family == 4;
	c->v6 = s->family == 6;
	c->policy_drop = strcmp(policy, "DROP") == 0;
	c->base = strcmp(policy, "-") != 0;
	c->hook = FW_OTHER;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (strcmp(row[i].name, name) == 0)
			c->hook = row[i].hook;
	}
}

int fw_read_save(struct fw *fw, const char *program, int family, const char *text)
{
	struct save s = { .fw = fw, .program = program, .family = family };
	char line[LINE];
	int rc = 0;

	while (*text) {
		size_t n = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)MIN(n, sizeof(line) - 1), text);
		if (*line == '*')
			snprintf(s.table, sizeof(s.table), "%.40s %.20s", program, line + 1);
		else if (*line == ':')
			chain(&s, line);
		else if (strncmp(line, "-A ", 3) == 0)
			rule(&s, line);
		else if (*line == '#' && strstr(line, "is incompatible"))
			rc = -EPROTO;
		text += n + (text[n] == '\n');
	}
	return rc;
}
