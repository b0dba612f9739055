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
	{ "detector", "md_info home_hint dad" },
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
