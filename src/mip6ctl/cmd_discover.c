/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking for home agents: starts it, follows its events, shows what is known then. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"
#include "mip6ctl/show.h"

struct discovery {
	struct run *r;
	struct json_object *over;	/* home addresses whose round is over; true: answered */
	double count;			/* rounds that were begun */
	double end;			/* cmd_clock(); 0: when they are over */
	bool started;
	int rc;
};

static bool is_ours(const struct discovery *d, struct json_object *o)
{
	struct run *r = d->r;

	return !r->argc || strcmp(fmt_str(o, "home_address"), r->argv[0]) == 0;
}

static void show_progress(struct json_object *o)
{
	const char *state = fmt_str(o, "state");
	double n = fmt_num(o, "agents");

	printf("%s: ", fmt_str(o, "home_address"));
	if (strcmp(state, "asking") == 0)
		printf("request %s%s", fmt_str(o, "tries"),
		       strcmp(fmt_str(o, "reason"), "") ? " could not be sent" : " sent");
	else if (strcmp(state, "answered") == 0)
		printf("%s names %.0f home agent%s", fmt_str(o, "from"), n, n == 1 ? "" : "s");
	else if (strcmp(state, "useless") == 0)
		printf("answer of %s is of no use", fmt_str(o, "from"));
	else
		printf("%s", strcmp(state, "stopped") == 0 ? "stopped" : "no answer");
	if (strcmp(fmt_str(o, "reason"), "") != 0)
		printf(": %s", fmt_str(o, "reason"));
	putchar('\n');
	fflush(stdout);
}

static bool started(void *arg, struct json_object *o)
{
	struct discovery *d = arg;

	d->count = fmt_num(o, "count");
	return true;
}

/* Of the Monitor, which listens before anything is asked. */
static bool on_event(void *arg, struct json_object *o)
{
	struct discovery *d = arg;
	const char *state = fmt_str(o, "state");

	if (!d->started) {
		if (strcmp(fmt_str(o, "event"), "sync") != 0)
			return true;
		d->started = true;
		o = cmd_param("home_address", d->r->argc ? d->r->argv[0] : NULL);
		d->rc = cmd_call(d->r, "Discover", o, false, started, d);
		return d->rc == MIP6_EXIT_DONE;
	}
	if (!is_ours(d, o))
		return true;
	if (!d->r->opt.json)
		show_progress(o);
	if (strcmp(state, "asking") != 0 && strcmp(state, "useless") != 0)
		json_object_object_add(d->over, fmt_str(o, "home_address"),
				       json_object_new_boolean(strcmp(state, "answered") == 0));
	return json_object_object_length(d->over) < d->count &&
	       !(d->end > 0 && cmd_clock() >= d->end);
}

static int outcome(const struct discovery *d)
{
	json_object_object_foreach(d->over, key, answered) {
		(void)key;
		if (!json_object_get_boolean(answered))
			return MIP6_EXIT_NOT_TRUE;
	}
	if (json_object_object_length(d->over) >= d->count)
		return MIP6_EXIT_DONE;
	fputs("mip6ctl: home-agent discover: no answer in time\n", stderr);
	return MIP6_EXIT_NOT_TRUE;
}

/* ---- what is known then ---- */

struct known { struct discovery *d; struct fmt_list list; struct fmt_table table; };

static bool show_known(void *arg, struct json_object *o)
{
	struct known *k = arg;

	/* not those that a home agent has heard */
	if (!fmt_has(o, "home_address") || !is_ours(k->d, o))
		return true;
	if (k->d->r->opt.json)
		fmt_list_add(&k->list, o);
	else
		show_agent_row(&k->table, o);
	return true;
}

static int show_agents(struct discovery *d)
{
	struct known k = { .d = d };
	int rc;

	fmt_list_begin(&k.list, &d->r->opt);
	fmt_table_begin(&k.table, &d->r->opt, SHOW_AGENT_COLS, show_agent_head);
	rc = cmd_call(d->r, "ListHomeAgents", NULL, true, show_known, &k);
	fmt_table_end(&k.table);
	fmt_list_end(&k.list, rc == MIP6_EXIT_DONE);
	return rc;
}

int cmd_discover(struct run *r)
{
	struct discovery d = { .r = r, .over = json_object_new_object() };
	struct json_object *o = json_object_new_object(), *a = json_object_new_array();
	const double limit = r->limit > 0 ? r->limit : 0;
	const char *why;
	struct client *c = client_open(r->socket, limit, &why);
	char buf[INET6_ADDRSTRLEN];
	struct in6_addr hoa;
	int rc;

	/* as the daemon writes it */
	if (r->argc && inet_pton(AF_INET6, r->argv[0], &hoa) == 1)
		r->argv[0] = (char *)inet_ntop(AF_INET6, &hoa, buf, sizeof(buf));

	d.end = limit > 0 ? cmd_clock() + limit : 0;
	d.rc = MIP6_EXIT_UNREACHABLE;
	r->limit = -1;			/* of the calls beside it */
	json_object_array_add(a, json_object_new_string("discovery"));
	json_object_object_add(o, "events", a);
	if (c) {
		client_call(c, "Monitor", o, true, on_event, &d);
		client_close(c);
	} else {
		json_object_put(o);
	}
	rc = d.rc;
	if (!d.started)			/* says why */
		cmd_call(r, "Status", NULL, false, started, &d);
	if (rc == MIP6_EXIT_DONE)
		rc = show_agents(&d);
	rc = rc == MIP6_EXIT_DONE ? outcome(&d) : rc;
	json_object_put(d.over);
	return rc;
}
