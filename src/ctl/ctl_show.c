/* SPDX-License-Identifier: BSD-2-Clause */
#include <unistd.h>

#include "ctl/conf_schema.h"
#include "ctl/ctl_priv.h"
#include "run/timer.h"

/* ---- status ---- */

static struct json_object *roles_json(unsigned roles)
{
	struct json_object *a = json_object_new_array();

	for (const struct conf_word *w = conf_word_role; w->name; w++) {
		if (roles & w->value)
			json_object_array_add(a, json_object_new_string(w->name));
	}
	return a;
}

struct in_use { struct bc *bc; unsigned prefixes, ipv4; };

static unsigned ipv4_of(const struct prefix *p, size_t n)
{
	unsigned v4 = 0;

	for (size_t i = 0; i < n; i++)
		v4 += p[i].family == AF_INET;
	return v4;
}

static void count_prefixes(void *arg, struct bc_entry *e)
{
	struct in_use *u = arg;

	/* those of a home address are the same for all of its bindings */
	if (e != bc_primary(u->bc, &e->b.key.hoa))
		return;
	u->prefixes += e->b.n_prefix;
	u->ipv4 += ipv4_of(e->b.prefix, e->b.n_prefix);
}

static struct json_object *ha_json(struct ha *ha)
{
	const struct ha_conf *c = ha_conf_of(ha);
	struct json_object *o = json_object_new_object();
	struct in_use used = { .bc = ha_bc(ha) };
	size_t owned = 0, owned4 = 0;

	for (size_t i = 0; i < c->n_node; i++) {
		owned += c->nodes[i].n_prefix;
		owned4 += ipv4_of(c->nodes[i].prefixes, c->nodes[i].n_prefix);
	}
	bc_each(ha_bc(ha), count_prefixes, &used);
	ctl_set(o, "bindings", ctl_int(bc_count(ha_bc(ha))));
	ctl_set(o, "max_bindings", c->max_bindings ? ctl_int(c->max_bindings) : NULL);
	ctl_set(o, "mobile_nodes", ctl_int(c->n_node));
	ctl_set(o, "home_links", ctl_int(c->n_link));
	ctl_set(o, "prefixes", ctl_int(owned));
	ctl_set(o, "prefixes_routed", ctl_int(used.prefixes));
	ctl_set(o, "prefixes_ipv4", ctl_int(owned4));
	ctl_set(o, "prefixes_routed_ipv4", ctl_int(used.ipv4));
	ctl_set(o, "tunnel", json_object_new_string(conf_word_str(conf_word_tunnel, c->tunnel)));
	ctl_set(o, "carrier", json_object_new_string(carrier_kind_str(c->carrier)));
	ctl_set(o, "ingress_check", json_object_new_string(
			conf_word_str(conf_word_ingress, c->flower ? KERN_INGRESS_FLOWER
								   : KERN_INGRESS_BPF)));
	return o;
}

static struct json_object *uplinks_json(const struct md *md)
{
	struct json_object *a = json_object_new_array();
	struct md_uplink_info i;

	for (unsigned k = 0; md && k < md_uplinks(md); k++) {
		struct json_object *o;

		if (!md_uplink(md, k, &i))
			continue;
		o = json_object_new_object();
		ctl_set(o, "device", json_object_new_string(i.dev));
		ctl_set(o, "up", ctl_bool(i.up));
		ctl_set(o, "attached", ctl_bool(i.attached));
		ctl_set(o, "home", ctl_bool(i.home));
		ctl_set(o, "care_of", ctl_addr(&i.coa));
		ctl_set(o, "router", ctl_addr(&i.router));
		ctl_set(o, "link", ctl_prefix(&i.link));
		ctl_set(o, "age", ctl_seconds(run_now() - i.since));
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *detector_json(const struct md *md)
{
	struct json_object *o = json_object_new_object();
	struct md_detector d = md_detector(md);

	ctl_set(o, "kind", json_object_new_string(conf_word_str(conf_word_detector, d.external
			? DETECTOR_EXTERNAL : DETECTOR_BUILTIN)));
	ctl_set(o, "connected", ctl_bool(!d.external || d.connected));
	ctl_set(o, "silent", ctl_bool(d.silent));
	ctl_set(o, "pid", d.connected && d.pid ? ctl_int(d.pid) : NULL);
	ctl_set(o, "age", d.heard > 0 ? ctl_seconds(run_now() - d.heard) : NULL);
	return o;
}

static struct json_object *mn_json(const struct node *n)
{
	struct json_object *o = json_object_new_object();
	unsigned bound = 0, home = 0, prefixes = 0, up = 0, all4 = 0, up4 = 0;
	double last = 0;
	struct mn_info i;

	for (unsigned k = 0; k < mn_homes(n->mn); k++) {
		if (!mn_home(n->mn, k, &i))
			continue;
		bound += i.bul->state == BUL_BOUND || i.bul->state == BUL_REFRESH;
		home += i.bul->state == BUL_HOME;
		last = MAX(last, i.last_handover);
		prefixes += i.n_prefix;
		for (unsigned p = 0; p < i.n_prefix; p++) {
			bool works = i.prefix[p].status == MNP_ACCEPTED ||
				     i.prefix[p].status == MNP_AT_HOME;
			bool ipv4 = i.prefix[p].conf->prefix.family == AF_INET;

			up += works;
			all4 += ipv4;
			up4 += works && ipv4;
		}
	}
	ctl_set(o, "homes", ctl_int(mn_homes(n->mn)));
	ctl_set(o, "registered", ctl_int(bound));
	ctl_set(o, "at_home", ctl_int(home));
	ctl_set(o, "prefixes", ctl_int(prefixes));
	ctl_set(o, "prefixes_in_service", ctl_int(up));
	ctl_set(o, "prefixes_ipv4", ctl_int(all4));
	ctl_set(o, "prefixes_in_service_ipv4", ctl_int(up4));
	ctl_set(o, "handovers", ctl_int(mn_stats(n->mn).handovers));
	ctl_set(o, "handover_age", last > 0 ? ctl_seconds(run_now() - last) : NULL);
	ctl_set(o, "detector", n->md ? detector_json(n->md) : NULL);
	ctl_set(o, "uplinks", uplinks_json(n->md));
	return o;
}

static void add_sysctl(void *arg, const char *path, const char *was, const char *now)
{
	struct json_object *o = json_object_new_object();

	ctl_set(o, "path", json_object_new_string(path));
	ctl_set(o, "was", json_object_new_string(was));
	ctl_set(o, "now", json_object_new_string(now));
	json_object_array_add(arg, o);
}

/* Places with method none: what an operator must not overlook. */
static unsigned open_places(const struct conf *c)
{
	unsigned n = 0;

	for (size_t i = 0; c->roles & ROLE_HA && i < c->ha.n_node; i++)
		n += c->ha.nodes[i].sec.method == SEC_NONE;
	for (size_t i = 0; c->roles & (ROLE_MN | ROLE_MR) && i < c->mn.n_home; i++)
		n += c->mn.homes[i].sec.method == SEC_NONE;
	return n;
}

struct json_object *ctl_status(const struct ctl *ctl)
{
	struct json_object *o = json_object_new_object(), *sysctls = json_object_new_array();
	const struct node *n = ctl->node;

	ctl_set(o, "version", json_object_new_string(MIP6D_VERSION));
	ctl_set(o, "pid", ctl_int(getpid()));
	ctl_set(o, "roles", roles_json(ctl->conf->roles));
	ctl_set(o, "ready", ctl_bool(n && n->ready));
	ctl_set(o, "uptime", n ? ctl_seconds(run_now() - n->started) : NULL);
	ctl_set(o, "insecure", ctl_int(open_places(ctl->conf)));
	ctl_set(o, "unsafe_timers", ctl_bool(ctl->conf->unsafe_timers));
	ctl_set(o, "undo_in", ctl_undo_in(ctl));
	ctl_set(o, "home_agent", n && n->ha ? ha_json(n->ha) : NULL);
	ctl_set(o, "mobile_node", n && n->mn ? mn_json(n) : NULL);
	ctl_set(o, "correspondent", n && n->cn ? ctl_cn_json(n->cn) : NULL);
	if (n && n->kern)
		kern_sysctl_each(n->kern, add_sysctl, sysctls);
	ctl_set(o, "sysctls", sysctls);
	return o;
}

/* ---- statistics ---- */

#define COUNT(o, s, field)	ctl_set(o, #field, ctl_int((s).field))

static struct json_object *types_json(const uint64_t v[static 8])
{
	/* the RFCs' abbreviations: names for programs */
	static const char *const name[8] = {
		"brr", "hoti", "coti", "hot", "cot", "bu", "ba", "be"
	};
	struct json_object *a = json_object_new_array();

	for (unsigned t = 0; t < 8; t++) {
		struct json_object *o = json_object_new_object();

		ctl_set(o, "type", ctl_int(t));
		ctl_set(o, "name", json_object_new_string(name[t]));
		ctl_set(o, "count", ctl_int(v[t]));
		json_object_array_add(a, o);
	}
	return a;
}

struct json_object *ctl_refused(const uint64_t v[static 256])
{
	struct json_object *a = json_object_new_array();

	for (unsigned s = 0; s < 256; s++) {
		struct json_object *o;

		if (!v[s])
			continue;
		o = json_object_new_object();
		ctl_set(o, "status", ctl_int(s));
		ctl_set(o, "name", json_object_new_string(ba_status_str(s)));
		ctl_set(o, "count", ctl_int(v[s]));
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *mh_json(const struct node *n)
{
	struct json_object *o = json_object_new_object();
	struct mhsock_stats s = mhsock_stats(n->mh);

	ctl_set(o, "received", types_json(s.rx));
	ctl_set(o, "sent", types_json(s.tx));
	COUNT(o, s, rx_malformed);
	COUNT(o, s, rx_unknown);
	COUNT(o, s, rx_kernel_dropped);
	COUNT(o, s, tx_errors);
	ctl_set(o, "binding_errors_sent", ctl_int(n->be_sent));
	ctl_set(o, "binding_errors_suppressed", ctl_int(n->be_suppressed));
	return o;
}

static struct json_object *nd_json(const struct node *n)
{
	struct json_object *o = json_object_new_object();
	struct ndsock_stats s = ndsock_stats(n->nd);

	COUNT(o, s, rx);
	COUNT(o, s, tx);
	COUNT(o, s, rx_bad);
	COUNT(o, s, tx_errors);
	return o;
}

static struct json_object *by_object(const uint64_t v[static KOBJ_KINDS])
{
	static const char *const name[KOBJ_KINDS] = {
		[KOBJ_SYSCTL] = "sysctl", [KOBJ_LINK] = "link", [KOBJ_ADDR] = "address",
		[KOBJ_RULE] = "rule", [KOBJ_ROUTE] = "route", [KOBJ_XSTATE] = "xfrm_state",
		[KOBJ_XPOLICY] = "xfrm_policy", [KOBJ_PROXY] = "proxy_neighbour",
		[KOBJ_INGRESS] = "ingress_check", [KOBJ_SNET] = "steered_network",
		[KOBJ_SPATH] = "steered_path", [KOBJ_SFLOW] = "steered_flow",
		[KOBJ_NEIGH] = "neighbour",
	};
	struct json_object *a = json_object_new_array();

	for (unsigned t = 0; t < KOBJ_KINDS; t++) {
		struct json_object *o = json_object_new_object();

		ctl_set(o, "type", ctl_int(t));
		ctl_set(o, "name", json_object_new_string(name[t]));
		ctl_set(o, "count", ctl_int(v[t]));
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *kern_json(const struct node *n)
{
	struct json_object *o = json_object_new_object();
	struct kern_stats s = kern_stats(n->kern);
	int64_t dropped = kern_ingress_dropped(n->kern);

	COUNT(o, s, requests);
	COUNT(o, s, batches);
	COUNT(o, s, errors);
	COUNT(o, s, undone);
	COUNT(o, s, overruns);
	COUNT(o, s, switches);
	COUNT(o, s, objects);
	ctl_set(o, "errors_by", by_object(s.errors_by));
	ctl_set(o, "ingress_dropped", dropped >= 0 ? ctl_int(dropped) : NULL);
	return o;
}

static struct json_object *ha_stats_json(const struct ha *ha)
{
	struct json_object *o = json_object_new_object();
	struct ha_stats s = ha_stats(ha);

	COUNT(o, s, bu);
	COUNT(o, s, accepted);
	COUNT(o, s, deregistered);
	COUNT(o, s, expired);
	COUNT(o, s, dropped_auth);
	COUNT(o, s, dropped);
	COUNT(o, s, dad_started);
	COUNT(o, s, dad_failed);
	COUNT(o, s, apply_failed);
	COUNT(o, s, unsteered);
	ctl_set(o, "prefix_solicitations", ctl_int(s.mps));
	ctl_set(o, "prefix_advertisements", ctl_int(s.mpa));
	ctl_set(o, "tunnel_errors", ctl_int(s.tunnel_errors));
	ctl_set(o, "discoveries", ctl_int(s.dhaad));
	ctl_set(o, "discoveries_answered", ctl_int(s.dhaad_answered));
	ctl_set(o, "commit", ctl_histo("commit", &s.commit));
	ctl_set(o, "refused", ctl_refused(s.refused_by));
	return o;
}

static struct json_object *mn_stats_json(const struct mn *mn)
{
	struct json_object *o = json_object_new_object();
	struct mn_stats s = mn_stats(mn);

	COUNT(o, s, bu);
	COUNT(o, s, bu_retransmitted);
	COUNT(o, s, ba);
	COUNT(o, s, ba_bad_auth);
	COUNT(o, s, ba_unexpected);
	COUNT(o, s, be);
	COUNT(o, s, brr);
	COUNT(o, s, handovers);
	COUNT(o, s, forgotten);
	COUNT(o, s, probes);
	COUNT(o, s, probes_lost);
	COUNT(o, s, probes_forged);
	COUNT(o, s, probes_repeated);
	COUNT(o, s, dhaad_sent);
	COUNT(o, s, dhaad_answered);
	COUNT(o, s, mps);
	COUNT(o, s, mpa);
	COUNT(o, s, ro_hints);
	COUNT(o, s, hoti);
	COUNT(o, s, coti);
	COUNT(o, s, hot);
	COUNT(o, s, cot);
	COUNT(o, s, ro_bu);
	COUNT(o, s, ro_ba);
	COUNT(o, s, ro_ba_refused);
	COUNT(o, s, ro_unexpected);
	COUNT(o, s, ro_failed);
	COUNT(o, s, ro_lies);
	COUNT(o, s, unsteered);
	ctl_set(o, "ba_latency", ctl_histo("ba_latency", &s.ba_latency));
	ctl_set(o, "refused", ctl_refused(s.ba_refused_by));
	return o;
}

static struct json_object *hooks_json(void)
{
	struct json_object *o = json_object_new_object();
	struct hook_stats s = hook_stats();

	ctl_set(o, "run", ctl_int(s.run));
	ctl_set(o, "failed", ctl_int(s.failed));
	ctl_set(o, "killed", ctl_int(s.killed));
	ctl_set(o, "dropped", ctl_int(s.dropped));
	ctl_set(o, "refused", ctl_int(s.refused));
	return o;
}

struct json_object *ctl_stats(const struct ctl *ctl)
{
	struct json_object *o = json_object_new_object();
	const struct node *n = ctl->node;

	ctl_set(o, "mobility_header", n && n->mh ? mh_json(n) : NULL);
	ctl_set(o, "neighbour_discovery", n && n->nd ? nd_json(n) : NULL);
	ctl_set(o, "kernel", n && n->kern ? kern_json(n) : NULL);
	ctl_set(o, "home_agent", n && n->ha ? ha_stats_json(n->ha) : NULL);
	ctl_set(o, "mobile_node", n && n->mn ? mn_stats_json(n->mn) : NULL);
	ctl_set(o, "correspondent", n && n->cn ? ctl_cn_stats(n->cn) : NULL);
	ctl_set(o, "handovers", n && n->mn ? ctl_moves_stats(&ctl->moves) : NULL);
	ctl_set(o, "movements", n && n->mn ? ctl_moves_by(&ctl->moves) : NULL);
	ctl_set(o, "tunnels", n && (n->ha || n->mn) ? ctl_tunnel_stats(n) : NULL);
	ctl_set(o, "loop", ctl_histo("turn", &ctl->turn.took));
	ctl_set(o, "on_event", *ctl->conf->on_event.dir ? hooks_json() : NULL);
	ctl_set(o, "control_clients", ctl_int(ctl->n_client));
	return o;
}
