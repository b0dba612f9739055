/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths: what probes measured, and the operator's word on which is used. */
#include <errno.h>
#include <string.h>

#include "ctl/conf_schema.h"
#include "ctl/ctl_priv.h"
#include "mip6/ctl.h"
#include "run/log.h"
#include "run/timer.h"

#define INVALID		"org.varlink.service.InvalidParameter"

/* ---- listing ---- */

static struct json_object *seconds_since(double at)
{
	return at > 0 ? ctl_seconds(MAX(run_now() - at, 0)) : NULL;
}

static struct json_object *rate(double v)
{
	return v >= 0 ? ctl_int(v + 0.5) : NULL;
}

/* What one kind of probes says. */
static struct json_object *said(const struct path *p)
{
	if (!p)
		return NULL;
	return json_object_new_string(p->mute ? "mute" : path_state_str(p->state));
}

static void measured(struct json_object *o, const struct path *p)
{
	ctl_set(o, "jitter", p && p->rtt > 0 ? ctl_seconds(p->jitter) : NULL);
	ctl_set(o, "loss", p ? json_object_new_double(path_loss(p)) : NULL);
	ctl_set(o, "interval", p ? ctl_seconds(path_interval(p)) : NULL);
	ctl_set(o, "notices_within", p && p->rtt > 0 ? ctl_seconds(path_bound(p)) : NULL);
	ctl_set(o, "heard", p ? seconds_since(p->heard) : NULL);
	ctl_set(o, "probes", p ? ctl_int(p->n_sent) : NULL);
	ctl_set(o, "answered", p ? ctl_int(p->n_answered) : NULL);
	ctl_set(o, "lost", p ? ctl_int(p->n_lost) : NULL);
}

/* Packets get through, as far as anybody knows. */
static bool is_up(const struct mn_track_info *i)
{
	return i->here && !i->held && i->up;
}

static struct json_object *path_json(const struct mn_track_info *i)
{
	struct json_object *o = json_object_new_object();
	const struct locator coa = locator6(&i->care_of);
	bool has = !IN6_IS_ADDR_UNSPECIFIED(&i->care_of);

	ctl_set(o, "home_address", ctl_addr(&i->home_address));
	ctl_set(o, "bid", i->bid ? ctl_int(i->bid) : NULL);
	ctl_set(o, "device", ctl_text(i->uplink->dev));
	ctl_set(o, "care_of", has ? ctl_locator(&coa) : NULL);
	ctl_set(o, "home_agent", ctl_addr(&i->home_agent));
	ctl_set(o, "tunnel", ctl_text(i->tunnel));
	ctl_set(o, "state", json_object_new_string(i->state));
	ctl_set(o, "up", ctl_bool(is_up(i)));
	ctl_set(o, "active", ctl_bool(i->active));
	ctl_set(o, "preferred", ctl_bool(i->preferred));
	ctl_set(o, "held", ctl_bool(i->held));
	ctl_set(o, "reason", i->reason ? json_object_new_string(i->reason) : NULL);
	ctl_set(o, "priority", ctl_int(i->uplink->priority));
	ctl_set(o, "probe", i->bid ? json_object_new_string(
			conf_word_str(conf_word_probe, i->uplink->probe)) : NULL);
	ctl_set(o, "judged_by", !i->path ? NULL : json_object_new_string(
			i->path == i->outer ? "outer" : "tunnel"));
	ctl_set(o, "outer_state", said(i->outer));
	ctl_set(o, "tunnel_state", said(i->inner));
	ctl_set(o, "tunnel_rtt", i->inner && i->inner->rtt > 0 ? ctl_seconds(i->inner->rtt) : NULL);
	ctl_set(o, "rtt", i->rtt > 0 ? ctl_seconds(i->rtt) : NULL);
	measured(o, i->path);
	ctl_set(o, "rx_rate", rate(i->rx_rate));
	ctl_set(o, "tx_rate", rate(i->tx_rate));
	ctl_set(o, "rx_bytes", i->rx_rate < 0 && !i->rx_bytes ? NULL : ctl_int(i->rx_bytes));
	ctl_set(o, "tx_bytes", i->tx_rate < 0 && !i->tx_bytes ? NULL : ctl_int(i->tx_bytes));
	ctl_set(o, "since", seconds_since(i->since));
	return o;
}

static void no_such_path(struct ctl_client *c, uint16_t bid)
{
	struct json_object *o, *p;

	if (c->oneway)
		return;
	o = json_object_new_object();
	p = json_object_new_object();
	ctl_set(o, "error", json_object_new_string(MIP6_CTL_E_NO_PATH));
	ctl_set(p, "bid", ctl_int(bid));
	ctl_set(o, "parameters", p);
	ctl_put(c, o);
}

static bool step(struct ctl_client *c)
{
	struct node *n = c->ctl->node;
	struct ctl_listing *l = &c->list;
	struct mn_track_info i;

	while (n && n->mn && l->at < mn_tracks(n->mn)) {
		if (!mn_track(n->mn, (unsigned)l->at++, &i) || (l->bid && l->bid != i.bid))
			continue;
		ctl_reply(c, path_json(&i), true);
		l->said++;
		return true;
	}
	if (l->bid && !l->said)
		no_such_path(c, l->bid);
	else
		ctl_reply(c, NULL, false);
	return false;
}

/* The parameter bid: false, and refused, if it is none. 0: not given. */
static bool get_bid(struct ctl_client *c, struct json_object *params, bool must, uint16_t *bid)
{
	struct json_object *o = json_object_object_get(params, "bid");
	int64_t v = o ? json_object_get_int64(o) : 0;

	*bid = (uint16_t)v;
	if ((!o && !must) || (o && json_object_is_type(o, json_type_int) && v >= 1 && v <= 65535))
		return true;
	ctl_error(c, INVALID, "parameter", "bid");
	return false;
}

void ctl_list_paths(struct ctl_client *c, struct json_object *params)
{
	uint16_t bid;

	ctl_listing_end(c);
	if (!get_bid(c, params, false, &bid))
		return;
	c->list.bid = bid;
	c->list.by_place = true;
	c->list.step = step;
}

/* ---- Monitor ---- */

bool ctl_present_path(struct ctl_client *c, struct event *e)
{
	struct node *n = c->ctl->node;
	struct mn_track_info i;

	while (n && n->mn && c->list.at < mn_tracks(n->mn)) {
		if (!mn_track(n->mn, (unsigned)c->list.at++, &i) || !i.here || !i.path)
			continue;
		if (is_up(&i)) {
			e->type = EV_path_up;
			e->path_up.home_address = i.home_address;
			e->path_up.bid = i.bid;
			e->path_up.care_of = locator6(&i.care_of);
			e->path_up.rtt = i.rtt;
			strcpy(e->path_up.device, i.uplink->dev);
			strcpy(e->path_up.reason, "answered");
			return true;
		}
		if (i.reason) {
			e->type = EV_path_down;
			e->path_down.home_address = i.home_address;
			e->path_down.bid = i.bid;
			e->path_down.care_of = locator6(&i.care_of);
			strcpy(e->path_down.device, i.uplink->dev);
			snprintf(e->path_down.reason, EVENT_STR, "%s", i.reason);
			return true;
		}
	}
	return false;
}

/* ---- the operator ---- */

/* NULL: the error is said. */
static struct mn *mobile(struct ctl_client *c)
{
	struct node *n = c->ctl->node;

	if (n && n->mn)
		return n->mn;
	ctl_error(c, MIP6_CTL_E_NO_ROLE, "role", "mn");
	return NULL;
}

static bool done(struct ctl_client *c, int rc, uint16_t bid, const char *what)
{
	if (rc == -ENOENT)
		no_such_path(c, bid);
	else if (rc == -EBUSY)
		ctl_error(c, MIP6_CTL_E_FAILED, "reason", "no other path carries");
	else if (rc < 0)
		ctl_error(c, MIP6_CTL_E_FAILED, "reason", strerror(-rc));
	else
		log_notice("ctl", "operator: path %u: %s", bid, what);
	return rc >= 0;
}

void ctl_use_path(struct ctl_client *c, struct json_object *params)
{
	struct json_object *use = json_object_object_get(params, "use");
	struct mn *mn = mobile(c);
	bool on = json_object_get_boolean(use);
	uint16_t bid;

	if (!mn || !get_bid(c, params, true, &bid))
		return;
	if (!json_object_is_type(use, json_type_boolean))
		ctl_error(c, INVALID, "parameter", "use");
	else if (done(c, mn_path_hold(mn, bid, !on), bid, on ? "up" : "down"))
		ctl_reply(c, NULL, false);
}

void ctl_prefer_path(struct ctl_client *c, struct json_object *params)
{
	struct mn *mn = mobile(c);
	uint16_t bid;

	if (!mn || !get_bid(c, params, false, &bid))
		return;
	if (done(c, mn_path_prefer(mn, bid), bid, bid ? "preferred" : "none preferred"))
		ctl_reply(c, NULL, false);
}

void ctl_probe_paths(struct ctl_client *c, struct json_object *params)
{
	struct mn *mn = mobile(c);
	struct json_object *o;
	uint16_t bid;
	int n;

	if (!mn || !get_bid(c, params, false, &bid))
		return;
	n = mn_path_probe(mn, bid);
	if (!done(c, n, bid, "probed"))
		return;
	o = json_object_new_object();
	ctl_set(o, "count", ctl_int(n));
	ctl_reply(c, o, false);
}
