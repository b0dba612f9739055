/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl - asks and tells a running mip6d. Habits of iproute2: keywords may be shortened, -j
 * prints JSON whose shape does not depend on the number of records.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/conf_schema.h"
#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"

#define OPTS_MAX	32

static bool auto_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!no || !*no) && term && strcmp(term, "dumb") != 0;
}

static int set_color(struct fmt_opt *o, const char *when)
{
	if (!when || strcmp(when, "always") == 0)
		o->color = true;
	else if (strcmp(when, "never") == 0)
		o->color = false;
	else if (strcmp(when, "auto") == 0)
		o->color = auto_color();
	else
		return cmd_error("-c%s: auto, always or never", when);
	return 0;
}

static int set_number(const char *text, double max, double *v)
{
	char *end;

	*v = strtod(text, &end);
	if (*end || end == text || !(*v >= 0 && *v <= max))
		return cmd_error("\"%s\" is not a number in 0..%.0f", text, max);
	return 0;
}

static int option(struct run *r, int o)
{
	double v = 0;
	int rc = 0;

	switch (o) {
	case 'j': r->opt.json = true; break;
	case 'p': r->opt.json = r->opt.pretty = true; break;
	case 'o': r->opt.oneline = true; break;
	case 's': r->opt.stats = true; break;
	case 'd': r->opt.details = true; break;
	case '4': r->opt.ipv4 = true; break;
	case '6': r->opt.ipv6 = true; break;
	case 'e': r->effective = true; break;
	case 'w': r->file = optarg; break;
	case 'H': r->http = true; break;
	case 'S': r->socket = optarg; break;
	case 'c': return set_color(&r->opt, optarg);
	case 'n':
		rc = set_number(optarg, 1e9, &v);
		r->count = (long)v;
		break;
	case 't':
		rc = set_number(optarg, 1e6, &v);
		r->limit = v;
		break;
	case 'u':
		rc = set_number(optarg, 86400, &r->undo_after);
		if (rc == 0 && r->undo_after < 1)
			rc = cmd_error("\"%s\": an undo is at least 1 second away", optarg);
		break;
	case 'V':
		puts("mip6ctl " MIP6D_VERSION);
		exit(MIP6_EXIT_DONE);
	case 'h':
		cmd_usage(stdout);
		exit(MIP6_EXIT_DONE);
	default:
		break;
	}
	return rc;
}

static const char *option_at(const void *arg, size_t i)
{
	(void)arg;
	return i < cmd_opts ? cmd_opt[i].name : NULL;
}

/* What getopt did not understand; all of the usage would hide it. */
static int bad_option(const char *word, bool needs)
{
	const char *meant = conf_did_you_mean(word + strspn(word, "-"), option_at, NULL);

	for (size_t i = 0; i < cmd_opts; i++) {
		if (cmd_opt[i].c == optopt)
			return needs ? cmd_error("the option --%s needs a value: %s",
						 cmd_opt[i].name, cmd_opt[i].arg)
				     : cmd_error("the option --%s has no value", cmd_opt[i].name);
	}
	if (optopt)			/* 0: a long one */
		return cmd_error("-%c is no option", optopt);
	return meant ? cmd_error("%s is no option (did you mean --%s?)", word, meant)
		     : cmd_error("%s is no option", word);
}

static void on_alarm(int sig)
{
	(void)sig;
	_exit(MIP6_EXIT_DONE);		/* every event was flushed */
}

/* getopt's two forms of the table. The colon in front: it says nothing itself. */
static void option_forms(struct option *longs, char *shorts)
{
	*shorts++ = ':';
	for (size_t i = 0; i < cmd_opts; i++) {
		const char *arg = cmd_opt[i].arg;
		int has = !arg ? no_argument : *arg == '[' ? optional_argument : required_argument;

		longs[i] = (struct option){ cmd_opt[i].name, has, NULL, cmd_opt[i].c };
		*shorts++ = cmd_opt[i].c;
		for (int k = 0; k < has; k++)	/* one colon, or two if it may be left out */
			*shorts++ = ':';
	}
	longs[cmd_opts] = (struct option){ NULL, 0, NULL, 0 };
	*shorts = '\0';
}

int main(int argc, char **argv)
{
	struct run r = { .socket = MIP6_CTL_SOCKET, .limit = -1 };
	struct option longs[OPTS_MAX + 1];
	char shorts[3 * OPTS_MAX + 2];
	int o, rc = 0;

	option_forms(longs, shorts);
	if (argc > 1 && strcmp(argv[1], "--complete") == 0)
		return cmd_complete(&r, argc - 2, argv + 2);
	r.opt.color = auto_color();
	while (rc == 0 && (o = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
		rc = o == '?' || o == ':' ? bad_option(argv[optind - 1], o == ':')
					  : option(&r, o);
	if (rc == 0)
		rc = cmd_find(&r, argc - optind, argv + optind);
	if (rc)
		return rc;
	signal(SIGALRM, on_alarm);
	rc = r.cmd->fn(&r);
	/* a full disk or a closed pipe must not look like success */
	if (fflush(stdout) != 0 || ferror(stdout))
		return MIP6_EXIT_UNREACHABLE;
	return rc;
}
