/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <utlist.h>

#include "ctl/ctl_priv.h"
#include "mip6/ctl.h"
#include "role/hint.h"
#include "run/log.h"
#include "run/timer.h"

#define INVALID		"org.varlink.service.InvalidParameter"
#define ALL_EVENTS	(BIT64(EV__COUNT) - 1)

/* ---- events as JSON ---- */

static struct json_object *field_json(const struct event_field *f, const struct event *e)
{
	const void *at = (const char *)e + f->at;

	switch (f->type) {
	case EVF_addr:
		return ctl_addr(at);
	case EVF_prefix:
		return ctl_prefix(at);
	case EVF_locator:
		return ctl_locator(at);
	case EVF_u32:
		return ctl_int(*(const uint32_t *)at);
	case EVF_dbl:
		return ctl_seconds(*(const double *)at);
	case EVF_bool:
		return ctl_bool(*(const bool *)at);
	case EVF_str:
		return json_object_new_string(at);
	}
	return NULL;
}

struct json_object *ctl_event_json(const struct event *e, double now)
{
	const struct event_desc *d = &event_desc[e->type];
	struct json_object *o = json_object_new_object();

	ctl_set(o, "event", json_object_new_string(d->name));
	ctl_set(o, "time", ctl_seconds(run_wall() - (now - e->at)));
	for (unsigned i = 0; i < d->n; i++)
		ctl_set(o, d->field[i].name, field_json(&d->field[i], e));
	return o;
}

void ctl_on_event(void *arg, const struct event *e)
{
	struct json_object *o = NULL;
	struct ctl *ctl = arg;
	struct ctl_client *c;
	const char *text = NULL;
	size_t n = 0;

	ctl_moves_note(&ctl->moves, e);
	DL_FOREACH(ctl->clients, c) {
		if (!c->monitor || !(c->wanted & BIT64(e->type)))
			continue;
		if (!o) {		/* made once, for all who watch */
			o = json_object_new_object();
			ctl_set(o, "parameters", ctl_event_json(e, run_now()));
			ctl_set(o, "continues", ctl_bool(true));
			text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN, &n);
		}
		if (text)
			ctl_put_event(c, text, n + 1);
	}
	json_object_put(o);
}

/* ---- the present state, as events ---- */

/* What is so, not what happens: the time is that of the question. */
static bool present(struct ctl_client *c, struct event *e)
{
	e->at = run_now();
	if (c->wanted & BIT64(e->type))
		ctl_reply(c, ctl_event_json(e, e->at), true);
	return true;
}

static bool present_role(struct ctl_client *c, const struct node *n)
{
	static const struct { unsigned bit; const char *name; } row[] = {
		{ ROLE_HA, "ha" }, { ROLE_MR, "mr" }, { ROLE_MN, "mn" }, { ROLE_CN, "cn" },
	};
	struct event e = { .type = EV_node_type, .node_type.on = true };

	while (n && c->list.at < ARRAY_SIZE(row) && !(n->conf.roles & row[c->list.at].bit))
		c->list.at++;
	if (!n || c->list.at == ARRAY_SIZE(row))
		return false;
	snprintf(e.node_type.role, EVENT_STR, "%s", row[c->list.at++].name);
	return present(c, &e);
}

static bool present_uplink(struct ctl_client *c, const struct node *n)
{
	struct event e = { .type = EV_md_info };
	struct md_uplink_info i;

	if (!n || !n->md || c->list.at >= md_uplinks(n->md))
		return false;
	if (!md_uplink(n->md, (unsigned)c->list.at++, &i))
		return true;
	snprintf(e.md_info.kind, EVENT_STR, "%s", i.home ? "home" : i.attached ? "coa" : "lost");
	snprintf(e.md_info.device, EVENT_STR, "%s", i.dev);
	e.md_info.bid = i.bid;
	e.md_info.care_of = i.coa;
	e.md_info.router = i.router;
	e.md_info.link = i.link;
	return present(c, &e);
}

static bool present_binding(struct ctl_client *c, const struct node *n)
{
	struct event e = { .type = EV_bc_add };
	const struct binding *b = ctl_next_binding(c);

	(void)n;
	if (!b)
		return false;
	e.bc_add.home_address = b->key.hoa;
	e.bc_add.bid = b->key.bid;
	e.bc_add.care_of = b->coa;
	e.bc_add.peer = b->local;
	e.bc_add.flags = b->flags;
	e.bc_add.lifetime = b->lifetime;
	e.bc_add.prefixes = b->n_prefix;
	snprintf(e.bc_add.change, EVENT_STR, "present");
	return present(c, &e);
}

static bool present_peer(struct ctl_client *c, const struct node *n)
{
	struct event e = { 0 };

	(void)n;
	return ctl_present_peer(c, &e) && present(c, &e);
}

static bool present_registration(struct ctl_client *c, const struct node *n)
{
	struct event e = { .type = EV_bul_add };
	struct mn_info i;

	if (!n || !n->mn || c->list.at >= mn_homes(n->mn))
		return false;
	if (!mn_home(n->mn, (unsigned)c->list.at++, &i) || !i.bul->bound_coa.family)
		return true;
	e.bul_add.home_address = i.conf->hoa.a.in6;
	e.bul_add.care_of = i.bul->bound_coa;
	e.bul_add.peer = i.bul->ha;
	e.bul_add.flags = (uint32_t)(BU_A | BU_H | (i.bul->router ? BU_R : 0) |
				     (i.conf->link_local ? BU_L : 0));
	e.bul_add.lifetime = i.bul->lifetime;
	e.bul_add.rtt = i.probe_rtt;
	return present(c, &e);
}

static bool present_prefix(struct ctl_client *c, const struct node *n)
{
	struct event e = { .type = EV_prefix_state };
	struct mn_info i;

	if (!n || !n->mn || c->list.at >= mn_homes(n->mn))
		return false;
	if (!mn_home(n->mn, (unsigned)c->list.at, &i) || c->list.sub >= i.n_prefix) {
		c->list.at++;
		c->list.sub = 0;
		return true;
	}
	e.prefix_state.home_address = i.conf->hoa.a.in6;
	e.prefix_state.prefix = i.prefix[c->list.sub].conf->prefix;
	e.prefix_state.up = i.prefix[c->list.sub].status == MNP_ACCEPTED ||
			    i.prefix[c->list.sub].status == MNP_AT_HOME;
	snprintf(e.prefix_state.reason, EVENT_STR, "%s",
		 ctl_mnp_state(i.prefix[c->list.sub].status));
	c->list.sub++;
	return present(c, &e);
}

static bool present_path(struct ctl_client *c, const struct node *n)
{
	struct event e = { 0 };

	(void)n;
	return ctl_present_path(c, &e) && present(c, &e);
}

static void sync_mark(struct ctl_client *c)
{
	struct json_object *o = json_object_new_object();

	ctl_set(o, "event", json_object_new_string("sync"));
	ctl_set(o, "time", ctl_seconds(run_wall()));
	ctl_reply(c, o, true);
	/* what happened while the state was sent comes behind it */
	if (c->held.n && ctl_buf_put(&c->out, c->held.p + c->held.at, c->held.n - c->held.at) < 0)
		c->dead = true;
	ctl_buf_free(&c->held);
}

static bool monitor_step(struct ctl_client *c)
{
	static bool (*const phase[])(struct ctl_client *c, const struct node *n) = {
		present_role, present_uplink, present_binding, present_peer, present_registration,
		present_prefix, present_path,
	};

	if (c->list.phase == ARRAY_SIZE(phase)) {
		sync_mark(c);
		return false;
	}
	if (!phase[c->list.phase](c, c->ctl->node)) {
		c->list.phase++;
		c->list.at = c->list.sub = 0;
	}
	return true;
}

static int event_by_name(const char *name)
{
	for (int i = 0; name && i < EV__COUNT; i++) {
		if (strcmp(event_desc[i].name, name) == 0)
			return i;
	}
	return -1;
}

void ctl_monitor(struct ctl_client *c, struct json_object *params)
{
	struct json_object *list = json_object_object_get(params, "events");
	uint64_t wanted = list ? 0 : ALL_EVENTS;
	struct node *n = c->ctl->node;

	if (c->oneway)			/* nobody would listen */
		return;
	if (list && !json_object_is_type(list, json_type_array)) {
		ctl_error(c, INVALID, "parameter", "events");
		return;
	}
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		int type = event_by_name(json_object_get_string(
			json_object_array_get_idx(list, i)));

		if (type < 0) {
			ctl_error(c, INVALID, "parameter", "events");
			return;
		}
		wanted |= BIT64(type);
	}
	ctl_listing_end(c);
	c->wanted = wanted;
	c->monitor = true;
	c->list.step = monitor_step;
	/* what is added from here on comes as an event */
	if (n && n->ha)
		bc_begin(ha_bc(n->ha), &c->list.bindings);
	ctl_begin_peers(c);
}

/* ---- hints from outside ---- */

static int parse_locator(struct json_object *v, struct locator *l)
{
	struct json_object *addr = json_object_object_get(v, "addr");
	int64_t port = json_object_get_int64(json_object_object_get(v, "udp_port"));
	struct prefix p;

	if (!json_object_is_type(v, json_type_object) ||
	    !json_object_is_type(addr, json_type_string) || port < 0 || port > UINT16_MAX ||
	    strchr(json_object_get_string(addr), '/') ||
	    prefix_parse(json_object_get_string(addr), &p) < 0)
		return -EINVAL;
	*l = (struct locator){ .family = p.family, .udp_port = (uint16_t)port, .a = p.a };
	return 0;
}

static int parse_text(struct json_object *v, char *out)
{
	const char *s = json_object_get_string(v);
	size_t n = (size_t)json_object_get_string_len(v);

	/* the text goes into logs and may name a device */
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return -EINVAL;
	}
	if (n >= EVENT_STR)
		return -EINVAL;
	memcpy(out, s, n + 1);
	return 0;
}

static int parse_number(struct json_object *v, enum event_field_type type, void *at)
{
	int64_t n = json_object_get_int64(v);
	double d = json_object_get_double(v);

	if (type == EVF_u32) {
		if (!json_object_is_type(v, json_type_int) || n < 0 || n > UINT32_MAX)
			return -EINVAL;
		*(uint32_t *)at = (uint32_t)n;
		return 0;
	}
	if ((!json_object_is_type(v, json_type_int) && !json_object_is_type(v, json_type_double)) ||
	    !isfinite(d))
		return -EINVAL;
	*(double *)at = d;
	return 0;
}

static int parse_field(const struct event_field *f, struct json_object *v, struct event *e)
{
	void *at = (char *)e + f->at;
	bool text = json_object_is_type(v, json_type_string);

	switch (f->type) {
	case EVF_addr:
		return text && inet_pton(AF_INET6, json_object_get_string(v), at) == 1 ? 0
										       : -EINVAL;
	case EVF_prefix:
		return text ? prefix_parse(json_object_get_string(v), at) : -EINVAL;
	case EVF_locator:
		return parse_locator(v, at);
	case EVF_u32:
	case EVF_dbl:
		return parse_number(v, f->type, at);
	case EVF_bool:
		if (!json_object_is_type(v, json_type_boolean))
			return -EINVAL;
		*(bool *)at = json_object_get_boolean(v);
		return 0;
	case EVF_str:
		return text ? parse_text(v, at) : -EINVAL;
	}
	return -EINVAL;
}

static const struct event_field *field_by_name(const struct event_desc *d, const char *name)
{
	for (unsigned i = 0; i < d->n; i++) {
		if (strcmp(d->field[i].name, name) == 0)
			return &d->field[i];
	}
	return NULL;
}

static void refused(struct ctl_client *c, const struct hint_refusal *r)
{
	struct json_object *o, *p;

	log_rl(&c->ctl->rl, "ctl", "hint from outside refused: %s%s%s", r->field ? r->field : "",
	       r->field ? ": " : "no role ", r->reason);
	if (!r->field) {
		ctl_error(c, MIP6_CTL_E_NO_ROLE, "role", r->reason);
		return;
	}
	if (c->oneway)
		return;
	o = json_object_new_object();
	p = json_object_new_object();
	ctl_set(o, "error", json_object_new_string(MIP6_CTL_E_HINT));
	ctl_set(p, "field", json_object_new_string(r->field));
	ctl_set(p, "reason", json_object_new_string(r->reason));
	ctl_set(o, "parameters", p);
	ctl_put(c, o);
}

/* Parsed; checked and taken by the node. Whoever says where an uplink is, is the detector. */
static void hint(struct ctl_client *c, const struct event *e)
{
	struct ctl *ctl = c->ctl;
	struct hint_refusal r;

	if (!ctl->node) {
		ctl_error(c, MIP6_CTL_E_FAILED, "reason", "the daemon is starting or stopping");
		return;
	}
	if (!node_hint(ctl->node, e, &r)) {
		refused(c, &r);
		return;
	}
	log_debug("ctl", "hint from outside: %s", event_desc[e->type].name);
	if (e->type == EV_md_info || e->type == EV_home_hint) {
		c->detector = true;
		md_detector_here(ctl->node->md, c->pid);
	}
	ctl_reply(c, NULL, false);
}

void ctl_inject(struct ctl_client *c, struct json_object *params)
{
	struct json_object *name = json_object_object_get(params, "event");
	struct json_object *fields = json_object_object_get(params, "fields");
	int type = json_object_is_type(name, json_type_string)
			   ? event_by_name(json_object_get_string(name)) : -1;
	struct event e = { 0 };

	if (type < 0 || !event_desc[type].inject) {
		ctl_error(c, INVALID, "parameter", "event");
		return;
	}
	if (fields && !json_object_is_type(fields, json_type_object)) {
		ctl_error(c, INVALID, "parameter", "fields");
		return;
	}
	e.type = (enum event_type)type;
	if (fields) {
		json_object_object_foreach(fields, key, val) {
			const struct event_field *f = field_by_name(&event_desc[type], key);

			/* null: as if it were not given */
			if (!f || (val && parse_field(f, val, &e) < 0)) {
				ctl_error(c, INVALID, "parameter", key);
				return;
			}
		}
	}
	hint(c, &e);
}
