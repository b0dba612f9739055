/* SPDX-License-Identifier: BSD-2-Clause */
/* The last movements, and how long each phase of all of them took. */
#include <string.h>

#include "ctl/ctl_priv.h"
#include "run/timer.h"

#define INVALID		"org.varlink.service.InvalidParameter"

/* Seconds, as Prometheus wants them: each bucket holds what is not above it. */
static const double bound[CTL_BUCKETS] = { .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10 };
static const char *const phase_name[CTL_PHASES] = { "detect", "bu", "ba", "total" };

static void count(struct ctl_phase *p, double v)
{
	if (v < 0)			/* not known */
		return;
	p->n++;
	p->sum += v;
	for (unsigned i = 0; i < CTL_BUCKETS; i++)
		p->bucket[i] += v <= bound[i];
}

void ctl_moves_note(struct ctl_moves *m, const struct event *e)
{
	const struct ev_handover *h = &e->handover;

	if (e->type != EV_handover)
		return;
	m->ring[m->n++ % CTL_MOVES] = *e;
	count(&m->phase[0], h->detect);
	count(&m->phase[1], h->bu);
	count(&m->phase[2], h->ba);
	count(&m->phase[3], h->total);
}

struct json_object *ctl_moves_stats(const struct ctl_moves *m)
{
	struct json_object *a = json_object_new_array();

	for (unsigned p = 0; p < CTL_PHASES; p++) {
		struct json_object *o = json_object_new_object(), *b = json_object_new_array();

		for (unsigned i = 0; i < CTL_BUCKETS; i++) {
			struct json_object *one = json_object_new_object();

			ctl_set(one, "le", ctl_seconds(bound[i]));
			ctl_set(one, "count", ctl_int(m->phase[p].bucket[i]));
			json_object_array_add(b, one);
		}
		ctl_set(o, "phase", json_object_new_string(phase_name[p]));
		ctl_set(o, "count", ctl_int(m->phase[p].n));
		ctl_set(o, "sum", ctl_seconds(m->phase[p].sum));
		ctl_set(o, "buckets", b);
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
