/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths as metrics. Labels are the BID and the uplink, not the home address: where several home
 * addresses use an uplink, the worst of their paths is told. Counts of flows are those of one home
 * address each: sums would fall when one of them starts anew.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mip6/ctl.h"
#include "mip6ctl/metrics_path.h"

#define MAX_PATHS	64

struct one {
	char label[FMT_LEN];		/* bid="1",device="wwan0" */
	bool up;
	double rtt, jitter, loss, lost, probes;	/* NAN: unknown */
};

struct all {
	struct one path[MAX_PATHS];
	size_t n;
	unsigned by_state[6];
};

static const char *const state_name[6] = { "absent", "unknown", "up", "suspect", "down", "damped" };

static double num(struct json_object *o, const char *key)
{
	return fmt_has(o, key) ? fmt_num(o, key) : NAN;
}

static struct one *place(struct all *a, const char *label)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->path[i].label, label) == 0)
			return &a->path[i];
	if (a->n == MAX_PATHS)
		return NULL;
	a->path[a->n] = (struct one){ .up = true, .rtt = NAN, .jitter = NAN, .loss = NAN,
				      .lost = NAN, .probes = NAN };
	snprintf(a->path[a->n].label, FMT_LEN, "%s", label);
	return &a->path[a->n++];
}

static bool collect(void *arg, struct json_object *o)
{
	struct all *a = arg;
	char label[FMT_LEN];
	struct one *p;

	for (size_t i = 0; i < ARRAY_SIZE(state_name); i++)
		a->by_state[i] += strcmp(state_name[i], fmt_str(o, "state")) == 0;
	snprintf(label, sizeof(label), "bid=\"%s\",device=\"%s\"",
		 fmt_has(o, "bid") ? fmt_str(o, "bid") : "0", fmt_str(o, "device"));
	p = place(a, label);
	if (!p)
		return true;
	p->up &= fmt_true(o, "up");
	p->rtt = fmax(p->rtt, num(o, "rtt"));	/* of a number and NAN, fmax() takes the number */
	p->jitter = fmax(p->jitter, num(o, "jitter"));
	p->loss = fmax(p->loss, num(o, "loss"));
	p->probes = fmax(p->probes, num(o, "probes"));
	p->lost = fmax(p->lost, num(o, "lost"));
	return true;
}

static void family(FILE *f, const struct all *a, const char *name, const char *type,
		   const char *help, size_t at)
{
	/* also without a value: that there is such a thing is known to who asks for it */
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
	for (size_t i = 0; i < a->n; i++) {
		double v = *(const double *)(const void *)((const char *)&a->path[i] + at);

		if (!isnan(v))
			fprintf(f, "%s{%s} %.16g\n", name, a->path[i].label, v);
	}
}

int metrics_paths(struct run *r, FILE *f)
{
	struct all a = { 0 };
	int rc = cmd_call(r, "ListPaths", NULL, true, collect, &a);

	if (rc != MIP6_EXIT_DONE || !a.n)
		return rc;
	fputs("# HELP mip6_paths Paths of home addresses, by state.\n# TYPE mip6_paths gauge\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(state_name); i++)
		fprintf(f, "mip6_paths{state=\"%s\"} %u\n", state_name[i], a.by_state[i]);
	fputs("# HELP mip6_path_up Whether packets get through on the path, as far as is known.\n"
	      "# TYPE mip6_path_up gauge\n", f);
	for (size_t i = 0; i < a.n; i++)
		fprintf(f, "mip6_path_up{%s} %d\n", a.path[i].label, a.path[i].up);
	family(f, &a, "mip6_path_rtt_seconds", "gauge",
	       "Round trip time to the home agent.", offsetof(struct one, rtt));
	family(f, &a, "mip6_path_jitter_seconds", "gauge", "Jitter of the round trip (RFC 3550).",
	       offsetof(struct one, jitter));
	family(f, &a, "mip6_path_loss_ratio", "gauge", "Probes lost, of the last 32.",
	       offsetof(struct one, loss));
	family(f, &a, "mip6_path_probes_total", "counter", "Probes sent.",
	       offsetof(struct one, probes));
	family(f, &a, "mip6_path_probes_lost_total", "counter", "Probes without an answer.",
	       offsetof(struct one, lost));
	return rc;
}

/* ---- flows ---- */

struct flows { FILE *packets, *bytes; };

static void add_count(FILE *f, const char *what, struct json_object *o, struct json_object *path)
{
	const char *name = *what == 'p' ? "mip6_flow_packets_total" : "mip6_flow_bytes_total";

	fprintf(f, "%s{home_address=\"%s\",flow=\"%s\",bid=\"%s\"} %s\n", name,
		fmt_str(o, "home_address"), fmt_str(o, "name"), fmt_str(path, "bid"),
		fmt_str(path, what));
}

static bool add_flow(void *arg, struct json_object *o)
{
	struct json_object *a = fmt_get(o, "paths"), *p;
	struct flows *f = arg;

	for (size_t i = 0; a && i < json_object_array_length(a); i++) {
		p = json_object_array_get_idx(a, i);
		add_count(f->packets, "packets", o, p);
		add_count(f->bytes, "bytes", o, p);
	}
	return true;
}

/* A family stands together, so the second one waits for its turn. */
int metrics_flows(struct run *r, FILE *f)
{
	struct flows all = { .packets = f };
	char *text = NULL;
	size_t len = 0;
	int rc;

	all.bytes = open_memstream(&text, &len);
	if (!all.bytes)
		return cmd_error("out of memory");
	fputs("# HELP mip6_flow_packets_total Packets of a flow of the policy, sent by each path.\n"
	      "# TYPE mip6_flow_packets_total counter\n", f);
	fputs("# HELP mip6_flow_bytes_total Octets of a flow of the policy, sent by each path.\n"
	      "# TYPE mip6_flow_bytes_total counter\n", all.bytes);
	rc = cmd_call(r, "ListFlows", NULL, true, add_flow, &all);
	fclose(all.bytes);
	fwrite(text, 1, len, f);
	free(text);
	return rc;
}
