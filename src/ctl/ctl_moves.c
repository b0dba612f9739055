/* SPDX-License-Identifier: BSD-2-Clause */
/* The last movements, and how long each phase of all of them took. */
#include <string.h>

#include "ctl/ctl_priv.h"
#include "run/timer.h"

#define INVALID		"org.varlink.service.InvalidParameter"

static const char *const phase_name[CTL_PHASES] = { "detect", "bu", "ba", "total" };

void ctl_moves_note(struct ctl_moves *m, const struct event *e)
{
	const struct ev_handover *h = &e->handover;

	if (e->type != EV_handover)
		return;
	m->ring[m->n++ % CTL_MOVES] = *e;
	m->by[!h->to.family ? CTL_MOVE_HOME : h->from.family ? CTL_MOVE_ON : CTL_MOVE_AWAY]++;
	histo_add(&m->phase[0], h->detect);
	histo_add(&m->phase[1], h->bu);
	histo_add(&m->phase[2], h->ba);
	histo_add(&m->phase[3], h->total);
}

struct json_object *ctl_histo(const char *name, const struct histo *h)
{
	struct json_object *o = json_object_new_object(), *b = json_object_new_array();

	for (unsigned i = 0; i < HISTO_BUCKETS; i++) {
		struct json_object *one = json_object_new_object();

		ctl_set(one, "le", ctl_seconds(histo_bound[i]));
		ctl_set(one, "count", ctl_int(h->bucket[i]));
		json_object_array_add(b, one);
	}
	ctl_set(o, "phase", name ? json_object_new_string(name) : NULL);
	ctl_set(o, "count", ctl_int(h->n));
	ctl_set(o, "sum", ctl_seconds(h->sum));
	ctl_set(o, "buckets", b);
	return o;
}

struct json_object *ctl_moves_stats(const struct ctl_moves *m)
{
	struct json_object *a = json_object_new_array();

	for (unsigned p = 0; p < CTL_PHASES; p++)
		json_object_array_add(a, ctl_histo(phase_name[p], &m->phase[p]));
	return a;
}

struct json_object *ctl_moves_by(const struct ctl_moves *m)
{
	static const char *const name[CTL_MOVE__COUNT] = {
		[CTL_MOVE_AWAY] = "left_home", [CTL_MOVE_ON] = "moved", [CTL_MOVE_HOME] = "came_home",
	};
	struct json_object *a = json_object_new_array();

	for (unsigned i = 0; i < CTL_MOVE__COUNT; i++) {
		struct json_object *o = json_object_new_object();

		ctl_set(o, "type", ctl_int(i));
		ctl_set(o, "name", json_object_new_string(name[i]));
		ctl_set(o, "count", ctl_int(m->by[i]));
		json_object_array_add(a, o);
	}
	return a;
}

static bool step(struct ctl_client *c)
{
	const struct ctl_moves *m = &c->ctl->moves;
	struct ctl_listing *l = &c->list;

	/* those that were overwritten while the client read are gone */
	if (m->n > CTL_MOVES && l->at < m->n - CTL_MOVES)
		l->at = m->n - CTL_MOVES;
	if (l->at >= m->n) {
		ctl_reply(c, NULL, false);
		return false;
	}
	ctl_reply(c, ctl_event_json(&m->ring[l->at++ % CTL_MOVES], run_now()), true);
	return true;
}

void ctl_list_handovers(struct ctl_client *c, struct json_object *params)
{
	struct json_object *last = json_object_object_get(params, "last");
	const struct ctl_moves *m = &c->ctl->moves;
	int64_t n = last ? json_object_get_int64(last) : CTL_MOVES;

	if (last && (!json_object_is_type(last, json_type_int) || n < 1)) {
		ctl_error(c, INVALID, "parameter", "last");
		return;
	}
	ctl_listing_end(c);
	n = MIN(n, CTL_MOVES);
	c->list.at = m->n > (size_t)n ? m->n - (size_t)n : 0;
	c->list.step = step;
}
