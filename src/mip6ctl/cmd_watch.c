/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that follow the daemon's events. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"
#include "mip6ctl/show.h"

struct monitor { struct run *r; long seen; bool synced; double end; };

static bool on_event(void *arg, struct json_object *o)
{
	struct monitor *m = arg;
	bool sync = strcmp(fmt_str(o, "event"), "sync") == 0;

	if (m->r->opt.json) {
		fmt_json(&m->r->opt, o);
		fflush(stdout);
	} else {
		show_event(&m->r->opt, o);
	}
	/* the present state is not counted */
	m->seen += m->synced;
	m->synced = m->synced || sync;
	if (m->end > 0 && cmd_clock() >= m->end)
		return false;
	return !m->r->count || m->seen < m->r->count;
}

const struct cmd_group cmd_group[] = {
	{ "binding", "bc_add bc_remove bc_flush" },
	{ "registration", "bul_add bul_remove bul_flush refused" },
	{ "path", "path_up path_down" },
	{ "handover", "handover" },
	{ "prefix", "prefix_state" },
	{ "flow", "flow_state" },
	{ "detector", "md_info home_hint dad" },
	{ "discovery", "discovery" },
};
const size_t cmd_groups = ARRAY_SIZE(cmd_group);

static void add_events(struct json_object *a, const char *word)
{
	const char *list = word;

	for (size_t i = 0; i < cmd_groups; i++) {
		if (cmd_is(word, cmd_group[i].name)) {
			list = cmd_group[i].events;
			break;
		}
	}
	for (const char *p = list; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		json_object_array_add(a, json_object_new_string_len(p, (int)n));
		p += n;
	}
}

int cmd_monitor(struct run *r)
{
	struct monitor m = { .r = r };
	struct json_object *o = json_object_new_object(), *a = NULL;

	for (int i = 0; i < r->argc && !cmd_is(r->argv[i], "all"); i++) {
		a = a ? a : json_object_new_array();
		add_events(a, r->argv[i]);
	}
	if (a)
		json_object_object_add(o, "events", a);
	/* here the limit is that of the whole, and reaching it is no failure */
	if (r->limit > 0) {
		m.end = cmd_clock() + r->limit;
		alarm((unsigned)(r->limit + 0.999));
	}
	r->limit = 0;
	return cmd_call(r, "Monitor", o, true, on_event, &m);
}

/* ---- wait ---- */

struct want { const char *method, *state[2]; size_t seen, good; };

static bool look(void *arg, struct json_object *o)
{
	struct want *w = arg;
	const char *state = fmt_str(o, "state");

	w->seen++;
	for (size_t i = 0; i < ARRAY_SIZE(w->state); i++)
		w->good += w->state[i] && strcmp(w->state[i], state) == 0;
	return true;
}

/* Is it so now? An enum mip6_exit. */
static int all_are(struct run *r)
{
	struct want *w = r->want;
	int rc;

	w->seen = w->good = 0;
	rc = cmd_call(r, w->method, cmd_param("home_address", r->argc ? r->argv[0] : NULL), true,
		      look, w);
	if (rc != MIP6_EXIT_DONE)
		return rc;
	return w->seen && w->good == w->seen ? MIP6_EXIT_DONE : MIP6_EXIT_NOT_TRUE;
}

struct pause { bool synced; double end; struct run *r; int (*is_so)(struct run *r); int rc; };

/* The state is looked at when the daemon watches for us, so that no change is missed. */
static bool on_change(void *arg, struct json_object *o)
{
	struct pause *p = arg;

	if (!p->synced && strcmp(fmt_str(o, "event"), "sync") != 0)
		return true;
	p->synced = true;
	p->rc = p->is_so(p->r);
	return p->rc == MIP6_EXIT_NOT_TRUE && !(p->end > 0 && cmd_clock() >= p->end);
}

/* A change that no event tells is seen that late. */
#define LOOK_AGAIN	1.

int cmd_wait(struct run *r, int (*is_so)(struct run *r), const char *what)
{
	const double end = r->limit > 0 ? cmd_clock() + r->limit : 0;
	struct pause p = { .end = end, .r = r, .is_so = is_so, .rc = MIP6_EXIT_NOT_TRUE };

	r->limit = -1;
	while (p.rc == MIP6_EXIT_NOT_TRUE) {
		double left = end > 0 ? end - cmd_clock() : LOOK_AGAIN;
		const char *why;
		struct client *c;

		if (left <= 0) {
			fprintf(stderr, "mip6ctl: wait: not %s in time\n", what);
			break;
		}
		c = client_open(r->socket, MIN(left, LOOK_AGAIN), &why);
		if (!c)
			return is_so(r);	/* says why */
		p.synced = false;
		client_call(c, "Monitor", NULL, true, on_change, &p);
		client_close(c);
	}
	return p.rc;
}

static int wait_for(struct run *r, struct want *w)
{
	r->want = w;
	return cmd_wait(r, all_are, r->cmd->sub);
}

int cmd_wait_registered(struct run *r)
{
	struct want w = { .method = "ListRegistrations", .state = { "bound", "refresh" } };

	return wait_for(r, &w);
}

int cmd_wait_home(struct run *r)
{
	struct want w = { .method = "ListRegistrations", .state = { "home" } };

	return wait_for(r, &w);
}

int cmd_wait_bound(struct run *r)
{
	struct want w = { .method = "ListBindings", .state = { "bound" } };

	r->absent_is_false = true;
	return wait_for(r, &w);
}
