/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's numbers in the text format of Prometheus (version 0.0.4). No label has an
 * address: the number of series does not depend on the number of bindings.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mip6/ctl.h"
#include "mip6ctl/metrics_path.h"

struct numbers { struct json_object *status, *stats; };
static FILE *to;			/* where the text goes */

static bool keep(void *arg, struct json_object *o)
{
	struct json_object **at = arg;

	*at = json_object_get(o);
	return true;
}

static void family(const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* NULL labels: none. */
static void sample(const char *name, const char *labels, double v)
{
	fprintf(to, "%s%s%s%s %.16g\n", name, labels ? "{" : "", labels ? labels : "",
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

static void prefixes_of(const char *family, double all, double up)
{
	char labels[FMT_LEN];

	snprintf(labels, sizeof(labels), "family=\"%s\",state=\"in_service\"", family);
	sample("mip6_prefixes", labels, up);
	snprintf(labels, sizeof(labels), "family=\"%s\",state=\"out_of_service\"", family);
	sample("mip6_prefixes", labels, all > up ? all - up : 0);
}

static void prefixes(struct json_object *ha, struct json_object *mn)
{
	double all = of(ha, "prefixes") + of(mn, "prefixes");
	double up = of(ha, "prefixes_routed") + of(mn, "prefixes_in_service");
	double all4 = of(ha, "prefixes_ipv4") + of(mn, "prefixes_ipv4");
	double up4 = of(ha, "prefixes_routed_ipv4") + of(mn, "prefixes_in_service_ipv4");

	if (!ha && !mn)
		return;
	family("mip6_prefixes", "gauge", "Mobile network prefixes.");
	prefixes_of("ipv4", all4, up4);
	prefixes_of("ipv6", all - all4, up - up4);
}

/* One histogram; label: "phase=\"bu\"", or NULL. */
static void buckets(const char *name, const char *label, struct json_object *p)
{
	struct json_object *a = fmt_get(p, "buckets");
	const char *comma = label ? "," : "";
	char labels[FMT_LEN], series[FMT_LEN];

	snprintf(series, sizeof(series), "%s_bucket", name);
	for (size_t i = 0; i < json_object_array_length(a); i++) {
		struct json_object *b = json_object_array_get_idx(a, i);

		snprintf(labels, sizeof(labels), "%s%sle=\"%g\"", label ? label : "", comma,
			 fmt_num(b, "le"));
		sample(series, labels, fmt_num(b, "count"));
	}
	snprintf(labels, sizeof(labels), "%s%sle=\"+Inf\"", label ? label : "", comma);
	sample(series, labels, fmt_num(p, "count"));
	snprintf(series, sizeof(series), "%s_sum", name);
	sample(series, label, fmt_num(p, "sum"));
	snprintf(series, sizeof(series), "%s_count", name);
	sample(series, label, fmt_num(p, "count"));
}

static void histogram(const char *name, const char *help, struct json_object *p)
{
	if (!json_object_is_type(p, json_type_object))
		return;
	family(name, "histogram", help);
	buckets(name, NULL, p);
}

/* Counters with a name each, as label. */
static void by_name(const char *name, const char *label, struct json_object *a)
{
	char labels[FMT_LEN];

	for (size_t i = 0; a && i < json_object_array_length(a); i++) {
		struct json_object *o = json_object_array_get_idx(a, i);

		snprintf(labels, sizeof(labels), "%s=\"%s\"", label, fmt_str(o, "name"));
		sample(name, labels, fmt_num(o, "count"));
	}
}

static void phases(struct json_object *a)
{
	char label[FMT_LEN];

	if (!a)
		return;
	family("mip6_handover_seconds", "histogram", "How long the phases of movements took.");
	for (size_t i = 0; i < json_object_array_length(a); i++) {
		struct json_object *p = json_object_array_get_idx(a, i);

		snprintf(label, sizeof(label), "phase=\"%s\"", fmt_str(p, "phase"));
		buckets("mip6_handover_seconds", label, p);
	}
}

static void mobile(const struct numbers *n, struct json_object *mn)
{
	struct json_object *stats = fmt_get(n->stats, "mobile_node");

	if (!mn)
		return;
	gauge("mip6_homes", "Home addresses that are configured.", of(mn, "homes"));
	gauge("mip6_registered", "Home addresses that are registered.", of(mn, "registered"));
	gauge("mip6_at_home", "Home addresses that are at home.", of(mn, "at_home"));
	family("mip6_handovers_total", "counter", "Movements that ended with a working binding.");
	by_name("mip6_handovers_total", "reason", fmt_get(n->stats, "movements"));
	phases(fmt_get(n->stats, "handovers"));
	if (stats)
		histogram("mip6_ba_latency_seconds", "From a Binding Update to the home agent to its"
			  " answer.", fmt_get(stats, "ba_latency"));
}

static void tunnels(struct json_object *a)
{
	static const struct { const char *name, *help, *rx, *tx; } row[] = {
		{ "mip6_tunnel_bytes_total", "Octets inside the tunnels.", "rx_bytes", "tx_bytes" },
		{ "mip6_tunnel_packets_total", "Packets inside the tunnels.", "rx_packets",
		  "tx_packets" },
	};
	char labels[FMT_LEN];

	for (size_t k = 0; a && json_object_array_length(a) && k < ARRAY_SIZE(row); k++) {
		family(row[k].name, "counter", row[k].help);
		for (size_t i = 0; i < json_object_array_length(a); i++) {
			struct json_object *t = json_object_array_get_idx(a, i);

			snprintf(labels, sizeof(labels), "device=\"%s\",dir=\"rx\"",
				 fmt_str(t, "device"));
			sample(row[k].name, labels, fmt_num(t, row[k].rx));
			snprintf(labels, sizeof(labels), "device=\"%s\",dir=\"tx\"",
				 fmt_str(t, "device"));
			sample(row[k].name, labels, fmt_num(t, row[k].tx));
		}
	}
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
		{ "mobile_node", "probes_forged", "probe" },
		{ "correspondent", "dropped", "correspondent" },
		{ "correspondent", "tests_ignored", "tests" },
		{ "correspondent", "answers_suppressed", "rate" },
		{ "mobile_node", "ro_unexpected", "ro_unexpected" },
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

static void kernel(struct json_object *stats)
{
	static const struct { const char *key, *name, *help; } row[] = {
		{ "requests", "mip6_netlink_requests_total", "Requests to the kernel." },
		{ "overruns", "mip6_netlink_overruns_total", "Kernel messages that were lost." },
		{ "ingress_dropped", "mip6_ingress_dropped_total",
		  "Packets from the tunnel whose outer source was not that of the binding." },
	};

	struct json_object *k = fmt_get(stats, "kernel");

	if (!k)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (!fmt_has(k, row[i].key))
			continue;
		family(row[i].name, "counter", row[i].help);
		sample(row[i].name, NULL, of(k, row[i].key));
	}
	family("mip6_netlink_errors_total", "counter", "Requests that the kernel refused.");
	by_name("mip6_netlink_errors_total", "op", fmt_get(k, "errors_by"));
	gauge("mip6_unsteered", "Home addresses whose load sharing and flows the kernel refuses.",
	      of(fmt_get(stats, "home_agent"), "unsteered") +
	      of(fmt_get(stats, "mobile_node"), "unsteered"));
	gauge("mip6_kernel_objects", "Tunnels, routes, rules and so on of ours in the kernel.",
	      of(k, "objects"));
}

static void write_all(const struct numbers *n, bool up)
{
	struct json_object *ha, *mn, *stats;

	gauge("mip6_up", "Whether the daemon answers.", up);
	if (!up)
		return;
	ha = fmt_get(n->status, "home_agent");
	mn = fmt_get(n->status, "mobile_node");
	stats = fmt_get(n->stats, "home_agent");
	info(n);
	bindings(ha, fmt_get(n->status, "correspondent"));
	prefixes(ha, mn);
	mobile(n, mn);
	messages(fmt_get(n->stats, "mobility_header"), n->stats);
	statuses(n->stats);
	if (stats)
		histogram("mip6_commit_seconds", "From a new Binding Update to its acceptance,"
			  " duplicate address detection included.", fmt_get(stats, "commit"));
	tunnels(fmt_get(n->stats, "tunnels"));
	histogram("mip6_loop_lag_seconds", "How long the turns of the daemon's loop took: a"
		  " message may wait as long.", fmt_get(n->stats, "loop"));
	kernel(n->stats);
}

int metrics_write(struct run *r, FILE *f)
{
	struct json_object *raw = json_object_new_object();
	struct numbers n = { 0 };
	int rc;

	to = f;
	json_object_object_add(raw, "raw", json_object_new_boolean(true));
	rc = cmd_call(r, "Status", NULL, false, keep, &n.status);
	if (rc == MIP6_EXIT_DONE)
		rc = cmd_call(r, "GetStats", raw, false, keep, &n.stats);
	else
		json_object_put(raw);
	write_all(&n, rc == MIP6_EXIT_DONE);
	if (rc == MIP6_EXIT_DONE && json_object_is_type(fmt_get(n.status, "mobile_node"),
							json_type_object))
		rc = metrics_paths(r, f);
	if (rc == MIP6_EXIT_DONE && json_object_is_type(fmt_get(n.status, "mobile_node"),
							json_type_object))
		rc = metrics_flows(r, f);
	json_object_put(n.status);
	json_object_put(n.stats);
	return rc;
}

/* A reader sees the file before or the file after, never half of it. */
static int into_file(struct run *r)
{
	char name[PATH_MAX];
	FILE *f;
	int rc;

	if ((size_t)snprintf(name, sizeof(name), "%s.%d", r->file, (int)getpid()) >= sizeof(name))
		return cmd_error("-w %s: the name is too long", r->file);
	unlink(name);			/* of one that was killed */
	f = fopen(name, "wxe");		/* no link that somebody else has put there is followed */
	if (!f) {
		fprintf(stderr, "mip6ctl: %s: %s\n", name, strerror(errno));
		return MIP6_EXIT_REFUSED;
	}
	rc = metrics_write(r, f);
	if (fclose(f) != 0 || rename(name, r->file) < 0) {
		fprintf(stderr, "mip6ctl: %s: %s\n", r->file, strerror(errno));
		unlink(name);
		return MIP6_EXIT_REFUSED;
	}
	return rc;
}

int cmd_metrics(struct run *r)
{
	if (r->http)
		return metrics_http(r);
	return r->file ? into_file(r) : metrics_write(r, stdout);
}
