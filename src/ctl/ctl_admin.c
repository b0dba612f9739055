/* SPDX-License-Identifier: BSD-2-Clause */
/* How the daemon itself runs: its configuration, its log, its counters. */
#include <string.h>

#include "ctl/conf_dump.h"
#include "ctl/conf_schema.h"
#include "ctl/ctl_priv.h"
#include "mip6/ctl.h"
#include "run/log.h"
#include "run/timer.h"

#define INVALID		"org.varlink.service.InvalidParameter"

/* ---- configuration ---- */

static bool config_step(struct ctl_client *c)
{
	struct conf_at at = { c->list.at, c->list.sub };
	struct json_object *o;
	struct conf_item i;

	if (!conf_dump_next(c->ctl->conf, c->list.phase, &at, &i)) {
		ctl_reply(c, NULL, false);
		return false;
	}
	c->list.at = at.key;
	c->list.sub = at.index;
	o = json_object_new_object();
	ctl_set(o, "key", json_object_new_string(i.key));
	ctl_set(o, "index", i.index >= 0 ? ctl_int(i.index) : NULL);
	ctl_set(o, "default", ctl_bool(i.is_default));
	ctl_set(o, "value", i.value);
	ctl_reply(c, o, true);
	return true;
}

void ctl_get_config(struct ctl_client *c, struct json_object *params)
{
	bool all = json_object_get_boolean(json_object_object_get(params, "effective"));

	ctl_listing_end(c);
	c->list.phase = all;
	c->list.by_place = true;
	c->list.step = config_step;
}

void ctl_reload(struct ctl_client *c, struct json_object *params)
{
	struct json_object *o = json_object_object_get(params, "undo_after");
	double after = json_object_get_double(o);
	struct ctl *ctl = c->ctl;

	if (o && !(after >= UNDO_AFTER_MIN && after <= UNDO_AFTER_MAX)) {
		ctl_error(c, INVALID, "parameter", "undo_after");
		return;
	}
	if (!ctl->reload || ctl->reloader) {
		ctl_error(c, MIP6_CTL_E_FAILED, "reason", ctl->reload ?
			  "another reload is under way" : "the daemon is still starting");
		return;
	}
	if (o)
		log_notice("ctl", "operator: reload, to be undone after %.0f s", after);
	else
		log_notice("ctl", "operator: reload");
	ctl->reloader = c;
	c->waiting = true;
	if (ctl->reload->reload(ctl->reload_arg, after))
		return;			/* or it is over, and answered */
	ctl->reloader = NULL;
	c->waiting = false;
	ctl_error(c, MIP6_CTL_E_FAILED, "reason", "another reload is under way");
}

struct json_object *ctl_undo_in(const struct ctl *ctl)
{
	double in = ctl->reload ? ctl->reload->undo_in(ctl->reload_arg) : -1;

	return in < 0 ? NULL : ctl_seconds(in);
}

void ctl_confirm(struct ctl_client *c, struct json_object *params)
{
	struct ctl *ctl = c->ctl;

	(void)params;
	if (!ctl->reload || !ctl->reload->confirm(ctl->reload_arg)) {
		ctl_error(c, MIP6_CTL_E_NO_UNDO, NULL, NULL);
		return;
	}
	log_notice("ctl", "operator: confirm");
	ctl_reply(c, NULL, false);
}

void ctl_reload_done(struct ctl *ctl, enum ctl_reload_rc rc, const char *text)
{
	struct ctl_client *c = ctl ? ctl->reloader : NULL;
	struct json_object *o;

	if (!c)
		return;			/* a signal asked for it, or the client went away */
	ctl->reloader = NULL;
	c->waiting = false;
	switch (rc) {
	case CTL_RELOADED:
		o = json_object_new_object();
		ctl_set(o, "warnings", ctl_text(text));
		ctl_set(o, "undo_in", ctl_undo_in(ctl));
		ctl_reply(c, o, false);
		break;
	case CTL_RELOAD_BAD:
		ctl_error(c, MIP6_CTL_E_BAD_CONFIG, "messages", text);
		break;
	case CTL_RELOAD_REFUSED:
		ctl_error(c, MIP6_CTL_E_CANNOT_CHANGE, "key", text);
		break;
	case CTL_RELOAD_FAILED:
		ctl_error(c, MIP6_CTL_E_FAILED, "reason", text);
		break;
	}
	ev_feed_event(ctl->loop, &c->wr, EV_WRITE);
}

/* ---- log ---- */

static struct json_object *room_json(const char *room)
{
	struct json_object *o = json_object_new_object();

	ctl_set(o, "room", room ? json_object_new_string(room) : NULL);
	ctl_set(o, "level", json_object_new_string(conf_word_str(conf_word_level,
								 log_level_of(room))));
	return o;
}

/* The level of all, and then that of each room. */
static bool log_step(struct ctl_client *c)
{
	const struct conf_word *w = &conf_word_room[c->list.at ? c->list.at - 1 : 0];

	if (c->list.at && !w->name) {
		ctl_reply(c, NULL, false);
		return false;
	}
	ctl_reply(c, room_json(c->list.at++ ? w->name : NULL), true);
	return true;
}

void ctl_get_log(struct ctl_client *c, struct json_object *params)
{
	(void)params;
	ctl_listing_end(c);
	c->list.step = log_step;
}

static const struct conf_word *word_of(const struct conf_word *w, struct json_object *o)
{
	const char *name = json_object_is_type(o, json_type_string) ? json_object_get_string(o) : "";

	while (w->name && strcmp(w->name, name) != 0)
		w++;
	return w->name ? w : NULL;
}

void ctl_set_log(struct ctl_client *c, struct json_object *params)
{
	struct json_object *room = json_object_object_get(params, "room");
	const struct conf_word *r = room ? word_of(conf_word_room, room) : NULL;
	const struct conf_word *l = word_of(conf_word_level, json_object_object_get(params, "level"));

	if (!l || (room && !r)) {
		ctl_error(c, INVALID, "parameter", l ? "room" : "level");
		return;
	}
	log_set_level(r ? r->name : NULL, (enum log_level)l->value);
	log_notice("ctl", "operator: log level of %s: %s", r ? r->name : "all rooms", l->name);
	ctl_reply(c, NULL, false);
}

/* ---- counters ---- */

/* These say how it is, not how often. */
static bool is_gauge(const char *key)
{
	return strcmp(key, "objects") == 0 ||
	       strcmp(key, "unsteered") == 0 || strcmp(key, "control_clients") == 0 ||
	       strcmp(key, "le") == 0;
}

static struct json_object *less(const char *key, struct json_object *v, struct json_object *base);

/* The element of a that has the same status, type, phase or bucket. */
static struct json_object *partner(struct json_object *a, struct json_object *e)
{
	static const char *const id[] = { "status", "type", "device", "phase", "le" };
	size_t n = json_object_is_type(a, json_type_array) ? json_object_array_length(a) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(a, i);

		for (size_t k = 0; k < ARRAY_SIZE(id); k++) {
			struct json_object *x = json_object_object_get(e, id[k]);

			if (x && json_object_equal(x, json_object_object_get(o, id[k])))
				return o;
		}
	}
	return NULL;
}

static struct json_object *less_object(struct json_object *v, struct json_object *base)
{
	struct json_object *o = json_object_new_object();

	json_object_object_foreach(v, key, val) {
		if (strcmp(key, "status") == 0 || strcmp(key, "type") == 0)
			ctl_set(o, key, json_object_get(val));
		else
			ctl_set(o, key, less(key, val, json_object_object_get(base, key)));
	}
	return o;
}

static struct json_object *less(const char *key, struct json_object *v, struct json_object *base)
{
	struct json_object *a;

	switch (json_object_get_type(v)) {
	case json_type_object:
		return less_object(v, base);
	case json_type_array:
		a = json_object_new_array();
		for (size_t i = 0; i < json_object_array_length(v); i++) {
			struct json_object *e = json_object_array_get_idx(v, i);

			json_object_array_add(a, less_object(e, partner(base, e)));
		}
		return a;
	case json_type_int:
		if (is_gauge(key) || !base)
			break;
		return ctl_int(json_object_get_int64(v) - json_object_get_int64(base));
	case json_type_double:
		if (is_gauge(key) || !base)
			break;
		return ctl_seconds(json_object_get_double(v) - json_object_get_double(base));
	case json_type_null:
	case json_type_boolean:
	case json_type_string:
		break;
	}
	return json_object_get(v);
}

void ctl_get_stats(struct ctl_client *c, struct json_object *params)
{
	bool raw = json_object_get_boolean(json_object_object_get(params, "raw"));
	struct ctl *ctl = c->ctl;
	struct json_object *now = ctl_stats(ctl), *o = NULL;

	if (ctl->base && !raw) {
		o = less_object(now, ctl->base);
		json_object_put(now);
	}
	o = o ? o : now;
	ctl_set(o, "reset_age", ctl->base && !raw ? ctl_seconds(run_now() - ctl->reset_at) : NULL);
	ctl_reply(c, o, false);
}

/* The counters themselves go on, for those who take differences; what is shown begins anew. */
void ctl_reset_stats(struct ctl_client *c, struct json_object *params)
{
	struct ctl *ctl = c->ctl;

	(void)params;
	json_object_put(ctl->base);
	ctl->base = ctl_stats(ctl);
	ctl->reset_at = run_now();
	log_notice("ctl", "operator: counters shown from here on");
	ctl_reply(c, NULL, false);
}
