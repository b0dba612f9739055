/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths of a mobile node: what is known of them, and which are used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"
#include "mip6ctl/show.h"

/* False: said to the user. NULL text: no BID is given. */
static bool with_bid(const struct run *r, const char *text, struct json_object **params)
{
	char *end = "";
	unsigned long bid = text ? strtoul(text, &end, 10) : 1;

	if (text && (*text < '0' || *text > '9' || *end || bid < 1 || bid > 65535)) {
		cmd_error("%s %s: \"%s\" is no BID (1 to 65535)", r->cmd->name, r->cmd->sub, text);
		return false;
	}
	*params = json_object_new_object();
	if (text)
		json_object_object_add(*params, "bid", json_object_new_int64((int64_t)bid));
	return true;
}

/* ---- what is known ---- */

struct paths { struct run *r; struct fmt_list list; struct fmt_table table; bool details; };

static bool show_one(void *arg, struct json_object *o)
{
	struct paths *k = arg;

	if (k->r->opt.json)
		fmt_list_add(&k->list, o);
	else if (k->details)
		show_path(&k->r->opt, o);
	else
		show_path_row(&k->table, o);
	return true;
}

int cmd_path(struct run *r)
{
	struct paths k = { .r = r, .details = r->opt.details || strcmp(r->cmd->sub, "show") == 0 };
	struct json_object *params;
	int rc;

	if (!with_bid(r, r->argc ? r->argv[0] : NULL, &params))
		return MIP6_EXIT_USAGE;
	fmt_list_begin(&k.list, &r->opt);
	fmt_table_begin(&k.table, &r->opt, SHOW_PATH_COLS, show_path_head);
	rc = cmd_call(r, "ListPaths", params, true, show_one, &k);
	fmt_table_end(&k.table);
	fmt_list_end(&k.list, rc == MIP6_EXIT_DONE);
	return rc;
}

/* ---- which are used ---- */

static bool nothing(void *arg, struct json_object *o)
{
	(void)arg, (void)o;
	return true;
}

static int use(struct run *r, bool on)
{
	struct json_object *params;

	if (!with_bid(r, r->argv[0], &params))
		return MIP6_EXIT_USAGE;
	json_object_object_add(params, "use", json_object_new_boolean(on));
	return cmd_call(r, "UsePath", params, false, nothing, NULL);
}

int cmd_path_up(struct run *r)
{
	return use(r, true);
}

int cmd_path_down(struct run *r)
{
	return use(r, false);
}

int cmd_path_prefer(struct run *r)
{
	bool none = strcmp(r->argv[0], "none") == 0;
	struct json_object *params;

	if (!with_bid(r, none ? NULL : r->argv[0], &params))
		return MIP6_EXIT_USAGE;
	return cmd_call(r, "PreferPath", params, false, nothing, NULL);
}

int cmd_path_probe(struct run *r)
{
	struct json_object *params;

	if (!with_bid(r, r->argc ? r->argv[0] : NULL, &params))
		return MIP6_EXIT_USAGE;
	return cmd_call(r, "ProbePaths", params, false, cmd_show_count, r);
}

/* ---- wait ---- */

struct state { const char *wanted; size_t seen, good; };

static bool judge(void *arg, struct json_object *o)
{
	struct state *s = arg;
	const char *state = fmt_str(o, "state");
	bool up = fmt_true(o, "up"), unknown = strcmp(state, "unknown") == 0;

	s->seen++;
	/* one that is probed and has not answered yet is neither */
	if (strcmp(s->wanted, "up") == 0)
		s->good += up;
	else
		s->good += fmt_true(o, "held") || (!up && !unknown);
	return true;
}

static int is_so(struct run *r)
{
	struct state s = { .wanted = r->argv[1] };
	struct json_object *params;
	int rc;

	if (!with_bid(r, r->argv[0], &params))
		return MIP6_EXIT_USAGE;
	rc = cmd_call(r, "ListPaths", params, true, judge, &s);
	if (rc != MIP6_EXIT_DONE)
		return rc;
	return s.seen && s.good == s.seen ? MIP6_EXIT_DONE : MIP6_EXIT_NOT_TRUE;
}

int cmd_wait_path(struct run *r)
{
	if (strcmp(r->argv[1], "up") != 0 && strcmp(r->argv[1], "down") != 0)
		return cmd_error("wait path: \"%s\" is neither up nor down", r->argv[1]);
	return cmd_wait(r, is_so, r->argv[1]);
}
