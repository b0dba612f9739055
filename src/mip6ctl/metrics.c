/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's numbers in the text format of Prometheus (version 0.0.4). No label has an
 * address: the number of series does not depend on the number of bindings.
 */
#include <stdio.h>
#include <string.h>

#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"

struct numbers { struct json_object *status, *stats; };

static bool keep(void *arg, struct json_object *o)
{
	struct json_object **at = arg;

	*at = json_object_get(o);
	return true;
}

static void family(const char *name, const char *type, const char *help)
{
	printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* NULL labels: none. */
static void sample(const char *name, const char *labels, double v)
{
	printf("%s%s%s%s %.16g\n", name, labels ? "{" : "", labels ? labels : "",
	       labels ? "}" : "", v);
}

static void gauge(const char *name, const char *help, double v)
{
	family(name, "gauge", help);
	sample(name, NULL, v);
}

static double of(struct json_object *group, const char *key)
{
	return group ? fmt_num(group, key) : 0;
}

static void info(const struct numbers *n)
{
	char labels[2 * FMT_LEN], roles[FMT_LEN];

	snprintf(labels, sizeof(labels), "version=\"%s\",role=\"%s\"",
		 fmt_str(n->status, "version"), fmt_join(n->status, "roles", ",", roles));
	family("mip6_info", "gauge", "The daemon's version and roles.");
	sample("mip6_info", labels, 1);
	gauge("mip6_ready", "Whether the daemon is through with its start.",
	      fmt_true(n->status, "ready"));
	gauge("mip6_uptime_seconds", "Seconds since the daemon started.",
	      fmt_num(n->status, "uptime"));
	gauge("mip6_insecure", "Mobile nodes or homes without protection of the signalling.",
	      fmt_num(n->status, "insecure"));
}

static void bindings(struct json_object *ha, struct json_object *cn)
{
	if (!ha && !cn)
		return;
	family("mip6_bindings", "gauge", "Bindings in force.");
	if (ha)
		sample("mip6_bindings", "type=\"home\"", of(ha, "bindings"));
	if (cn)
		sample("mip6_bindings", "type=\"correspondent\"", of(cn, "bindings"));
	if (!cn && !fmt_has(ha, "max_bindings"))
		return;
	family("mip6_bindings_max", "gauge", "Bindings that may be in force at a time.");
	if (ha && fmt_has(ha, "max_bindings"))
		sample("mip6_bindings_max", "type=\"home\"", of(ha, "max_bindings"));
	if (cn)
		sample("mip6_bindings_max", "type=\"correspondent\"", of(cn, "max_bindings"));
}

static void prefixes(struct json_object *ha, struct json_object *mn)
{
	double all = of(ha, "prefixes") + of(mn, "prefixes");
	double up = of(ha, "prefixes_routed") + of(mn, "prefixes_in_service");

	if (!ha && !mn)
		return;
	family("mip6_prefixes", "gauge", "Mobile network prefixes.");
	sample("mip6_prefixes", "state=\"in_service\"", up);
	sample("mip6_prefixes", "state=\"out_of_service\"", all > up ? all - up : 0);
}

static void buckets(struct json_object *p)
{
	struct json_object *a = fmt_get(p, "buckets");
	char labels[FMT_LEN];

	for (size_t i = 0; i < json_object_array_length(a); i++) {
		struct json_object *b = json_object_array_get_idx(a, i);

		snprintf(labels, sizeof(labels), "phase=\"%s\",le=\"%g\"", fmt_str(p, "phase"),
			 fmt_num(b, "le"));
		sample("mip6_handover_seconds_bucket", labels, fmt_num(b, "count"));
	}
	snprintf(labels, sizeof(labels), "phase=\"%s\",le=\"+Inf\"", fmt_str(p, "phase"));
	sample("mip6_handover_seconds_bucket", labels, fmt_num(p, "count"));
	snprintf(labels, sizeof(labels), "phase=\"%s\"", fmt_str(p, "phase"));
	sample("mip6_handover_seconds_sum", labels, fmt_num(p, "sum"));
	sample("mip6_handover_seconds_count", labels, fmt_num(p, "count"));
}

static void mobile(const struct numbers *n, struct json_object *mn)
{
	struct json_object *a = fmt_get(n->stats, "handovers");

	if (!mn)
		return;
	gauge("mip6_homes", "Home addresses that are configured.", of(mn, "homes"));
	gauge("mip6_registered", "Home addresses that are registered.", of(mn, "registered"));
	gauge("mip6_at_home", "Home addresses that are at home.", of(mn, "at_home"));
	family("mip6_handovers_total", "counter", "Movements that ended with a working binding.");
	sample("mip6_handovers_total", NULL, of(mn, "handovers"));
	if (!a)
		return;
	family("mip6_handover_seconds", "histogram", "How long the phases of movements took.");
	for (size_t i = 0; i < json_object_array_length(a); i++)
		buckets(json_object_array_get_idx(a, i));
}

static void by_type(struct json_object *a, const char *dir)
{
	char labels[FMT_LEN];

	for (size_t i = 0; a && i < json_object_array_length(a); i++) {
		struct json_object *t = json_object_array_get_idx(a, i);

		snprintf(labels, sizeof(labels), "dir=\"%s\",type=\"%s\"", dir, fmt_str(t, "name"));
		sample("mip6_messages_total", labels, fmt_num(t, "count"));
	}
}

static void messages(struct json_object *mh, struct json_object *stats)
{
	static const struct { const char *group, *key, *reason; } row[] = {
		{ "mobility_header", "rx_malformed", "malformed" },
		{ "mobility_header", "rx_unknown", "unknown" },
		{ "mobility_header", "rx_kernel_dropped", "overflow" },
		{ "home_agent", "dropped_auth", "auth" },
		{ "home_agent", "dropped", "home_agent" },
		{ "mobile_node", "ba_bad_auth", "ba_auth" },
		{ "mobile_node", "ba_unexpected", "ba_unexpected" },
		{ "correspondent", "dropped", "correspondent" },
	};
	char labels[FMT_LEN];

	if (!mh)
		return;
	family("mip6_messages_total", "counter", "Mobility Header messages.");
	by_type(fmt_get(mh, "received"), "rx");
	by_type(fmt_get(mh, "sent"), "tx");
	family("mip6_messages_dropped_total", "counter", "Messages that were not acted upon.");
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct json_object *g = fmt_get(stats, row[i].group);

		if (!g)
			continue;
		snprintf(labels, sizeof(labels), "reason=\"%s\"", row[i].reason);
		sample("mip6_messages_dropped_total", labels, of(g, row[i].key));
	}
}

static void statuses(struct json_object *stats)
{
	static const char *const group[] = { "home_agent", "mobile_node", "correspondent" };
	char labels[FMT_LEN];

	family("mip6_ba_status_total", "counter",
	       "Binding Acknowledgements sent (home_agent, correspondent) or received"
	       " (mobile_node) that refuse, by status.");
	for (size_t g = 0; g < ARRAY_SIZE(group); g++) {
		struct json_object *a = fmt_get(fmt_get(stats, group[g]), "refused");

		for (size_t i = 0; a && i < json_object_array_length(a); i++) {
			struct json_object *s = json_object_array_get_idx(a, i);

			snprintf(labels, sizeof(labels), "role=\"%s\",status=\"%s\"", group[g],
				 fmt_str(s, "status"));
			sample("mip6_ba_status_total", labels, fmt_num(s, "count"));
		}
	}
}

static void kernel(struct json_object *k)
{
	static const struct { const char *key, *name, *help; } row[] = {
		{ "requests", "mip6_netlink_requests_total", "Requests to the kernel." },
		{ "errors", "mip6_netlink_errors_total", "Requests that the kernel refused." },
		{ "overruns", "mip6_netlink_overruns_total", "Kernel messages that were lost." },
		{ "ingress_dropped", "mip6_ingress_dropped_total",
		  "Packets from the tunnel whose outer source was not that of the binding." },
	};

	if (!k)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (!fmt_has(k, row[i].key))
			continue;
		family(row[i].name, "counter", row[i].help);
		sample(row[i].name, NULL, of(k, row[i].key));
	}
	gauge("mip6_kernel_objects", "Tunnels, routes, rules and so on of ours in the kernel.",
	      of(k, "objects"));
}

int cmd_metrics(struct run *r)
{
	struct json_object *raw = json_object_new_object();
	struct numbers n = { 0 };
	int rc;

	json_object_object_add(raw, "raw", json_object_new_boolean(true));
	rc = cmd_call(r, "Status", NULL, false, keep, &n.status);
	if (rc == MIP6_EXIT_DONE)
		rc = cmd_call(r, "GetStats", raw, false, keep, &n.stats);
	else
		json_object_put(raw);
	gauge("mip6_up", "Whether the daemon answers.", rc == MIP6_EXIT_DONE);
	if (rc == MIP6_EXIT_DONE) {
		struct json_object *ha = fmt_get(n.status, "home_agent");
		struct json_object *mn = fmt_get(n.status, "mobile_node");

		info(&n);
		bindings(ha, fmt_get(n.status, "correspondent"));
		prefixes(ha, mn);
		mobile(&n, mn);
		messages(fmt_get(n.stats, "mobility_header"), n.stats);
		statuses(n.stats);
		kernel(fmt_get(n.stats, "kernel"));
	}
	json_object_put(n.status);
	json_object_put(n.stats);
	return rc;
}
