/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl/cmd.h - the table of commands and options, and what every command uses.
 *
 * commands.c holds the table. The help text, the dispatch with shortened words, the
 * completion of shells and the test of the manual page are all made from it.
 */
#ifndef MIP6_MIP6CTL_CMD_H
#define MIP6_MIP6CTL_CMD_H

#include <stdio.h>

#include "mip6ctl/client.h"
#include "mip6ctl/fmt.h"

#define CMD_ARGS	2

/* What may stand there, for the completion. */
enum arg_kind {
	ARG_NONE,
	ARG_BINDING,		/* home addresses that the home agent has bindings of */
	ARG_HOME,		/* home addresses that are registered from here */
	ARG_OWNER,		/* home addresses that own prefixes */
	ARG_PEER,		/* addresses of peers */
	ARG_BID,		/* of an uplink */
	ARG_PREFER,		/* of an uplink, or none */
	ARG_UP_DOWN,
	ARG_FLOW,		/* names of flows */
	ARG_FILE,
	ARG_COUNT,		/* a number: nothing to offer */
	ARG_EVENT,		/* events, and groups of them */
	ARG_HINT,		/* events that may be injected */
	ARG_FIELD,		/* KEY=VALUE of that event */
	ARG_LEVEL,		/* of the log */
	ARG_ROOM_LEVEL,		/* a room of the log, or a level for all */
};

struct cmd_arg { enum arg_kind kind; const char *name; bool required, many; };

struct run;
struct command {
	const char *name;
	const char *sub;		/* NULL: the command has none. The first one: default */
	bool only;			/* sub must be said */
	struct cmd_arg arg[CMD_ARGS];
	const char *opts;		/* short options that make a difference to it */
	const char *help;
	int (*fn)(struct run *r);	/* an enum mip6_exit */
};
extern const struct command cmd_table[];
extern const size_t cmd_count;

/* Options; arg: its name, NULL none, with [] if it may be left out. */
struct cmd_opt { char c; const char *name, *arg, *help; };
extern const struct cmd_opt cmd_opt[];
extern const size_t cmd_opts;

struct run {
	struct fmt_opt opt;
	const char *socket, *file;	/* file: NULL = standard output */
	double limit;			/* seconds; < 0: not given */
	long count;			/* monitor, capture: 0 = no end */
	const struct command *cmd;
	int argc;			/* words behind the command and its sub */
	char **argv;
	bool http;			/* metrics: answer an HTTP request */
	bool effective;			/* config show: defaults too */
	double undo_after;		/* config reload: seconds; 0 = for good */
	bool absent_is_false;		/* wait: what is not there may come */
	struct want *want;		/* of wait; cmd_watch.c */
	struct client *c;
};

/* ---- commands.c ---- */

/*
 * Finds the row for the words, which may be shortened, and checks how many there are behind it.
 * n words at argv, 0 allowed (status). Sets r->cmd, argc, argv; 0, or MIP6_EXIT_USAGE with the
 * reason said.
 */
int cmd_find(struct run *r, int n, char **argv);
/* The first row of the one command that word means; NULL with the reason in names: "" nothing
 * fits, else what may be meant. */
const struct command *cmd_by_name(const char *word, char names[static FMT_LEN]);
/* The row of the sub that word means, from the command's first row; else as cmd_by_name(). */
const struct command *cmd_by_sub(const struct command *first, const char *word,
				 char names[static FMT_LEN]);
/* b, which may be behind the table's end, is a row of a's command. */
bool cmd_same(const struct command *a, const struct command *b);
void cmd_usage(FILE *f);
/* Is word a short form of name? */
bool cmd_is(const char *word, const char *name);
/* "[HOME-ADDRESS]", "FIELD=VALUE..." */
const char *cmd_arg_text(const struct cmd_arg *a, char buf[static FMT_LEN]);

/* ---- complete.c ---- */

/*
 * What the last of n words can be, one in a line with a tab and its meaning behind it; the line
 * ":file" stands for names of files. Asks the daemon for addresses.
 */
int cmd_complete(struct run *r, int n, char **words);

/* ---- call.c ---- */

int cmd_error(const char *fmt, ...) PRINTF(1, 2);	/* said to the user: MIP6_EXIT_USAGE */
/* As client_call(), with a connection of its own; an enum mip6_exit, the reason said. */
int cmd_call(struct run *r, const char *method, struct json_object *params, bool more,
	     client_fn fn, void *arg);
struct json_object *cmd_param(const char *key, const char *value);	/* value NULL: {} */
double cmd_clock(void);
/* A client_fn: prints {"count": N} as N; arg is the run. */
bool cmd_show_count(void *arg, struct json_object *o);

/* ---- metrics.c, metrics_http.c ---- */

/* The numbers as text; an enum mip6_exit, and mip6_up 0 if nobody answers. */
int metrics_write(struct run *r, FILE *f);
int metrics_http(struct run *r);	/* standard input to standard output */

/* ---- the commands ---- */

int cmd_status(struct run *r);
int cmd_stats(struct run *r);
int cmd_binding(struct run *r);
int cmd_registration(struct run *r);
int cmd_prefix(struct run *r);
int cmd_flow(struct run *r);
int cmd_peer(struct run *r);
int cmd_home_agent(struct run *r);
int cmd_discover(struct run *r);
int cmd_flush(struct run *r);
int cmd_refresh(struct run *r);
int cmd_deregister(struct run *r);
int cmd_flush_peers(struct run *r);
int cmd_monitor(struct run *r);
int cmd_wait_registered(struct run *r);
int cmd_wait_home(struct run *r);
int cmd_wait_bound(struct run *r);
int cmd_wait_path(struct run *r);
/* Until is_so() says MIP6_EXIT_DONE or an error; MIP6_EXIT_NOT_TRUE: not what in time. */
int cmd_wait(struct run *r, int (*is_so)(struct run *r), const char *what);
int cmd_path(struct run *r);			/* cmd_path.c */
int cmd_path_up(struct run *r);
int cmd_path_down(struct run *r);
int cmd_path_prefer(struct run *r);
int cmd_path_probe(struct run *r);
int cmd_handover(struct run *r);
int cmd_metrics(struct run *r);
int cmd_config_check(struct run *r);
int cmd_config_show(struct run *r);
int cmd_config_diff(struct run *r);		/* cmd_diff.c */
/* The configuration in force as one object, into all; an enum mip6_exit. */
int cmd_config_running(struct run *r, bool effective, struct json_object *all);
int cmd_config_reload(struct run *r);
int cmd_config_confirm(struct run *r);
int cmd_stats_reset(struct run *r);
int cmd_log(struct run *r);
int cmd_inject(struct run *r);
int cmd_decode(struct run *r);
int cmd_capture(struct run *r);
int cmd_doctor(struct run *r);
int cmd_mib(struct run *r);
/* One record of GetConfig, put into the whole. */
void cmd_config_collect(struct json_object *all, struct json_object *o);

/* Groups of events that monitor knows by one word. */
struct cmd_group { const char *name, *events; };
extern const struct cmd_group cmd_group[];
extern const size_t cmd_groups;

#endif
