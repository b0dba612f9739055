/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that show what is, and the short ones that change it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"
#include "mip6ctl/show.h"

/* ---- one record ---- */

struct one { struct run *r; void (*show)(const struct fmt_opt *opt, struct json_object *o); };

static bool show_one(void *arg, struct json_object *o)
{
	struct one *k = arg;

	if (k->r->opt.json)
		fmt_json(&k->r->opt, o);
	else
		k->show(&k->r->opt, o);
	return true;
}

int cmd_stats(struct run *r)
{
	struct one k = { r, show_stats };

	return cmd_call(r, "GetStats", NULL, false, show_one, &k);
}

int cmd_status(struct run *r)
{
	struct one k = { r, show_status };
	int rc = cmd_call(r, "Status", NULL, false, show_one, &k);

	return rc || !r->opt.stats || r->opt.json ? rc : cmd_stats(r);
}

/* ---- listings ---- */

struct listing {
	struct run *r;
	struct fmt_list list;
	struct fmt_table table;
	bool details;
	bool found;
	void (*row)(struct fmt_table *t, struct json_object *o);
	/* NULL: row has all */
	void (*full)(const struct fmt_opt *opt, struct json_object *o);
};

static bool show_record(void *arg, struct json_object *o)
{
	struct listing *k = arg;

	/* of the listings, only prefixes have a family */
	if (fmt_has(o, "family") && !fmt_family(&k->r->opt, o))
		return true;
	if (k->r->opt.json)
		fmt_list_add(&k->list, o);
	else if (k->details && k->full)
		k->full(&k->r->opt, o);
	else
		k->row(&k->table, o);
	return true;
}

static int listing(struct run *r, const char *method, const char *key, struct listing *k,
		   unsigned cols, const char *const *head)
{
	int rc;

	k->r = r;
	k->details = strcmp(r->cmd->sub, "show") == 0 || r->opt.details;
	fmt_list_begin(&k->list, &r->opt);
	fmt_table_begin(&k->table, &r->opt, cols, head);
	rc = cmd_call(r, method, cmd_param(key, r->argc ? r->argv[0] : NULL), true, show_record, k);
	fmt_table_end(&k->table);
	fmt_list_end(&k->list, rc == MIP6_EXIT_DONE);
	return rc;
}

int cmd_binding(struct run *r)
{
	struct listing k = { .row = show_binding_row, .full = show_binding };

	return listing(r, "ListBindings", "home_address", &k, SHOW_BINDING_COLS,
		       show_binding_head);
}

int cmd_registration(struct run *r)
{
	struct listing k = { .row = show_registration_row, .full = show_registration };

	return listing(r, "ListRegistrations", "home_address", &k, SHOW_REGISTRATION_COLS,
		       show_registration_head);
}

int cmd_prefix(struct run *r)
{
	struct listing k = { .row = show_prefix_row };

	return listing(r, "ListPrefixes", "home_address", &k, SHOW_PREFIX_COLS, show_prefix_head);
}

/* By name, or by the number on the wire. */
static bool one_flow(void *arg, struct json_object *o)
{
	struct listing *k = arg;
	const char *wanted = k->r->argc ? k->r->argv[0] : NULL;

	if (wanted && strcmp(fmt_str(o, "name"), wanted) != 0 && strcmp(fmt_str(o, "fid"), wanted) != 0)
		return true;
	k->found = true;
	return show_record(arg, o);
}

int cmd_flow(struct run *r)
{
	struct listing k = { .r = r, .row = show_flow_row, .full = show_flow };
	int rc;

	k.details = strcmp(r->cmd->sub, "show") == 0 || r->opt.details;
	fmt_list_begin(&k.list, &r->opt);
	fmt_table_begin(&k.table, &r->opt, SHOW_FLOW_COLS, show_flow_head);
	rc = cmd_call(r, "ListFlows", NULL, true, one_flow, &k);
	fmt_table_end(&k.table);
	fmt_list_end(&k.list, rc == MIP6_EXIT_DONE);
	if (rc || !r->argc || k.found)
		return rc;
	fprintf(stderr, "mip6ctl: no flow %s\n", r->argv[0]);
	return MIP6_EXIT_NOT_FOUND;
}

int cmd_peer(struct run *r)
{
	struct listing k = { .row = show_peer_row };

	return listing(r, "ListPeers", "address", &k, SHOW_PEER_COLS, show_peer_head);
}

int cmd_home_agent(struct run *r)
{
	struct listing k = { .row = show_agent_row, .full = show_agent };

	return listing(r, "ListHomeAgents", NULL, &k, SHOW_AGENT_COLS, show_agent_head);
}

/* ---- movements ---- */

static bool show_move(void *arg, struct json_object *o)
{
	struct listing *k = arg;

	if (k->r->opt.json)
		fmt_list_add(&k->list, o);
	else
		show_handover(&k->r->opt, o);
	return true;
}

int cmd_handover(struct run *r)
{
	struct listing k = { .r = r };
	struct json_object *o = json_object_new_object();
	char *end = "";
	long n = r->argc ? strtol(r->argv[0], &end, 10) : 1;
	int rc;

	if (r->argc && (*end || n < 1)) {
		json_object_put(o);
		return cmd_error("handover last: \"%s\" is not a number of movements", r->argv[0]);
	}
	json_object_object_add(o, "last", json_object_new_int64(n));
	fmt_list_begin(&k.list, &r->opt);
	rc = cmd_call(r, "ListHandovers", o, true, show_move, &k);
	fmt_list_end(&k.list, rc == MIP6_EXIT_DONE);
	return rc;
}

/* ---- changes ---- */

static int change(struct run *r, const char *method)
{
	return cmd_call(r, method, cmd_param("home_address", r->argc ? r->argv[0] : NULL), false,
			cmd_show_count, r);
}

int cmd_flush(struct run *r)
{
	return change(r, "Flush");
}

int cmd_flush_peers(struct run *r)
{
	return change(r, "FlushPeers");
}

int cmd_refresh(struct run *r)
{
	return change(r, "Refresh");
}

int cmd_deregister(struct run *r)
{
	return change(r, "Deregister");
}
