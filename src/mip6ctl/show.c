/* SPDX-License-Identifier: BSD-2-Clause */
#include "mip6ctl/show.h"

#include <stdio.h>
#include <string.h>

/* ---- bindings ---- */

const char *const show_binding_head[] = {
	"HOME ADDRESS", "CARE-OF ADDRESS", "FLAGS", "SEQ", "LIFETIME", "AGE", "BID",
	"PREFIXES",
};

/* "371/420s" */
static const char *lifetime(struct json_object *o, char buf[static FMT_LEN])
{
	if (fmt_has(o, "remaining"))
		snprintf(buf, FMT_LEN, "%.0f/%.0fs", fmt_num(o, "remaining"),
			 fmt_num(o, "lifetime"));
	else
		snprintf(buf, FMT_LEN, "-");
	return buf;
}

static size_t count(struct json_object *o, const char *key)
{
	struct json_object *a = fmt_get(o, key);

	return json_object_is_type(a, json_type_array) ? json_object_array_length(a) : 0;
}

/* "2", and with a star where packets go unless told otherwise; "-": RFC 5648 is not used. */
static const char *identifier(struct json_object *o, char buf[static FMT_LEN])
{
	bool star = json_object_get_boolean(fmt_get(o, "primary"));

	if (fmt_num(o, "bid") > 0)
		snprintf(buf, FMT_LEN, "%.0f%s", fmt_num(o, "bid"), star ? "*" : "");
	else
		snprintf(buf, FMT_LEN, "-");
	return buf;
}

void show_binding_row(struct fmt_table *t, struct json_object *o)
{
	char coa[FMT_LEN], flags[FMT_LEN], life[FMT_LEN], age[FMT_LEN], bid[FMT_LEN], n[FMT_LEN];
	const char *cell[] = {
		fmt_str(o, "home_address"), fmt_locator(o, "care_of", coa),
		fmt_join(o, "flags", "", flags), fmt_str(o, "sequence"), lifetime(o, life),
		fmt_age(fmt_num(o, "age"), age), identifier(o, bid), n,
	};

	snprintf(n, sizeof(n), "%zu", count(o, "prefixes"));
	fmt_table_row(t, cell, SHOW_BINDING_COLS, FMT_PLAIN);
}

void show_next_line(const struct fmt_opt *opt)
{
	/* as iproute2: one record, one line */
	fputs(opt->oneline ? "\\  " : "\n  ", stdout);
}

static void prefixes(const struct fmt_opt *opt, struct json_object *o)
{
	struct json_object *a = fmt_get(o, "prefixes");

	for (size_t i = 0; i < count(o, "prefixes"); i++) {
		struct json_object *p = json_object_array_get_idx(a, i);
		const char *state = fmt_str(p, "state");

		if (!fmt_family(opt, p))
			continue;
		show_next_line(opt);
		printf("prefix %s ", fmt_str(p, "prefix"));
		fmt_paint(opt, fmt_state_color(state), "%s", state);
		if (fmt_has(p, "mode"))
			printf(" %s", fmt_str(p, "mode"));
		if (fmt_has(p, "device"))
			printf(" dev %s", fmt_str(p, "device"));
		if (fmt_has(p, "reason"))
			printf(" (%s: %s)", fmt_str(p, "code"), fmt_str(p, "reason"));
	}
}

void show_binding(const struct fmt_opt *opt, struct json_object *o)
{
	struct json_object *k = fmt_get(o, "carrier");
	char a[FMT_LEN], b[FMT_LEN];

	fmt_paint(opt, FMT_HEAD, "%s", fmt_str(o, "home_address"));
	printf("  home registration  seq %s  lifetime %s  flags %s", fmt_str(o, "sequence"),
	       lifetime(o, a), fmt_join(o, "flags", "", b));
	show_next_line(opt);
	printf("bid %s ", fmt_str(o, "bid"));
	if (fmt_has(o, "priority"))
		printf("priority %s ", fmt_str(o, "priority"));
	if (fmt_num(o, "bid") > 0 && json_object_get_boolean(fmt_get(o, "primary")))
		printf("primary ");
	printf("care-of %s home-agent %s age %s",
	       fmt_locator(o, "care_of", a), fmt_str(o, "home_agent"),
	       fmt_age(fmt_num(o, "age"), b));
	show_next_line(opt);
	printf("tunnel %s %s", fmt_str(o, "tunnel"), fmt_str(k, "kind"));
	if (fmt_has(k, "key"))
		printf(" key %s", fmt_str(k, "key"));
	printf("  security %s", fmt_str(o, "security"));
	if (fmt_has(o, "nai"))
		printf("  nai %s", fmt_str(o, "nai"));
	prefixes(opt, o);
	putchar('\n');
}

/* ---- registrations ---- */

const char *const show_registration_head[] = {
	"HOME ADDRESS", "STATE", "CARE-OF ADDRESS", "HOME AGENT", "UPLINK", "LIFETIME", "RTT",
	"PREFIXES",
};

static const char *rtt(struct json_object *o, char buf[static FMT_LEN])
{
	if (fmt_has(o, "rtt"))
		snprintf(buf, FMT_LEN, "%.1fms", fmt_num(o, "rtt") * 1000);
	else
		snprintf(buf, FMT_LEN, "-");
	return buf;
}

void show_registration_row(struct fmt_table *t, struct json_object *o)
{
	char coa[FMT_LEN], life[FMT_LEN], time[FMT_LEN], n[FMT_LEN];
	const char *state = fmt_str(o, "state");
	const char *cell[] = {
		fmt_str(o, "home_address"), state, fmt_locator(o, "care_of", coa),
		fmt_str(o, "home_agent"), fmt_str(o, "uplink"), lifetime(o, life), rtt(o, time), n,
	};

	snprintf(n, sizeof(n), "%zu", count(o, "prefixes"));
	fmt_table_row(t, cell, 1, fmt_state_color(state));
}

/* If there is a choice. */
static void candidates(const struct fmt_opt *opt, struct json_object *o)
{
	struct json_object *a = json_object_object_get(o, "candidates");
	size_t n = a ? json_object_array_length(a) : 0;

	if (n < 2)
		return;
	show_next_line(opt);
	printf("candidates");
	for (size_t i = 0; i < n; i++)
		printf(" %s", json_object_get_string(json_object_array_get_idx(a, i)));
}

/* Several care-of addresses at a time. */
static void registered_paths(const struct fmt_opt *opt, struct json_object *o)
{
	struct json_object *a = json_object_object_get(o, "paths");
	size_t n = a ? json_object_array_length(a) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *p = json_object_array_get_idx(a, i);
		const char *state = fmt_str(p, "state");
		char coa[FMT_LEN];

		show_next_line(opt);
		printf("bid %s ", fmt_str(p, "bid"));
		fmt_paint(opt, fmt_state_color(state), "%s", state);
		printf("%s care-of %s uplink %s tunnel %s",
		       json_object_get_boolean(fmt_get(p, "primary")) ? " primary" : "",
		       fmt_locator(p, "care_of", coa), fmt_str(p, "uplink"), fmt_str(p, "tunnel"));
		if (fmt_has(p, "bid_priority"))
			printf(" priority %s", fmt_str(p, "bid_priority"));
	}
}

void show_registration(const struct fmt_opt *opt, struct json_object *o)
{
	const char *state = fmt_str(o, "state");
	char a[FMT_LEN], b[FMT_LEN];

	fmt_paint(opt, FMT_HEAD, "%s/%s", fmt_str(o, "home_address"),
		  fmt_str(o, "home_prefix_length"));
	fputs("  ", stdout);
	fmt_paint(opt, fmt_state_color(state), "%s", state);
	printf("  home-agent %s  seq %s  lifetime %s", fmt_str(o, "home_agent"),
	       fmt_str(o, "sequence"), lifetime(o, a));
	if (fmt_has(o, "refresh_in"))
		printf("  refresh in %s", fmt_age(fmt_num(o, "refresh_in"), a));
	show_next_line(opt);
	printf("care-of %s registered %s uplink %s", fmt_locator(o, "care_of", a),
	       fmt_locator(o, "registered_care_of", b), fmt_str(o, "uplink"));
	show_next_line(opt);
	printf("tunnel %s rtt %s lost %s  security %s", fmt_str(o, "tunnel"), rtt(o, a),
	       fmt_str(o, "probes_lost"), fmt_str(o, "security"));
	if (fmt_has(o, "nai"))
		printf("  nai %s", fmt_str(o, "nai"));
	if (fmt_has(o, "handover_age"))
		printf("  last handover %s ago", fmt_age(fmt_num(o, "handover_age"), a));
	if (fmt_has(o, "problem")) {
		show_next_line(opt);
		fmt_paint(opt, FMT_BAD, "problem: %s", fmt_str(o, "problem"));
	}
	candidates(opt, o);
	registered_paths(opt, o);
	prefixes(opt, o);
	putchar('\n');
}

/* ---- prefixes ---- */

const char *const show_prefix_head[] = {
	"PREFIX", "STATE", "HOME ADDRESS", "TUNNEL", "DEVICE", "REASON",
};

void show_prefix_row(struct fmt_table *t, struct json_object *o)
{
	char why[FMT_LEN] = "-";
	const char *state = fmt_str(o, "state");
	const char *cell[] = {
		fmt_str(o, "prefix"), state, fmt_str(o, "home_address"), fmt_str(o, "tunnel"),
		fmt_str(o, "device"), why,
	};

	if (fmt_has(o, "reason"))
		snprintf(why, sizeof(why), "%s: %s", fmt_str(o, "code"), fmt_str(o, "reason"));
	fmt_table_row(t, cell, 1, fmt_state_color(state));
}

/* ---- flows ---- */

const char *const show_flow_head[] = {
	"FLOW", "FID", "PRIORITY", "STATE", "BIDS", "USED", "PACKETS", "BYTES", "HOME ADDRESS",
	"SELECTOR",
};

static const char *flow_state(struct json_object *o, char buf[static FMT_LEN])
{
	bool refused = fmt_num(o, "status");

	snprintf(buf, FMT_LEN, "%s%s%s", fmt_str(o, "state"), refused ? ": " : "",
		 refused ? fmt_str(o, "meaning") : "");
	return buf;
}

static const char *flow_bids(struct json_object *o, char buf[static 2 * FMT_LEN + 4])
{
	char bids[FMT_LEN], w[FMT_LEN];

	fmt_join(o, "bids", ",", bids);
	snprintf(buf, 2 * FMT_LEN + 4, "%s%s%s%s", bids, fmt_has(o, "weights") ? " (" : "",
		 fmt_join(o, "weights", ":", w), *w ? ")" : "");
	return buf;
}

void show_flow_row(struct fmt_table *t, struct json_object *o)
{
	char bids[2 * FMT_LEN + 4], state[FMT_LEN];
	const char *cell[] = {
		fmt_str(o, "name"), fmt_str(o, "fid"), fmt_str(o, "priority"),
		flow_state(o, state), flow_bids(o, bids), fmt_str(o, "bid"),
		fmt_str(o, "packets"), fmt_str(o, "bytes"), fmt_str(o, "home_address"),
		fmt_str(o, "selector"),
	};

	fmt_table_row(t, cell, 3, fmt_state_color(fmt_str(o, "state")));
}

void show_flow(const struct fmt_opt *opt, struct json_object *o)
{
	struct json_object *a = fmt_get(o, "paths"), *p;
	char bids[2 * FMT_LEN + 4], state[FMT_LEN];

	fmt_paint(opt, FMT_HEAD, "%s", fmt_str(o, fmt_has(o, "name") ? "name" : "fid"));
	printf("  home address %s  ", fmt_str(o, "home_address"));
	fmt_paint(opt, fmt_state_color(fmt_str(o, "state")), "%s", flow_state(o, state));
	show_next_line(opt);
	printf("fid %s priority %s bids %s used %s  %s", fmt_str(o, "fid"), fmt_str(o, "priority"),
	       flow_bids(o, bids), fmt_str(o, "bid"), fmt_str(o, "selector"));
	if (fmt_has(o, "packets")) {
		show_next_line(opt);
		printf("sent %s packets, %s octets", fmt_str(o, "packets"), fmt_str(o, "bytes"));
	}
	for (size_t i = 0; a && i < json_object_array_length(a); i++) {
		p = json_object_array_get_idx(a, i);
		printf("%s bid %s: %s, %s", i ? ";" : " (by", fmt_str(p, "bid"),
		       fmt_str(p, "packets"), fmt_str(p, "bytes"));
	}
	puts(a && json_object_array_length(a) ? ")" : "");
}

/* ---- home agents ---- */

const char *const show_agent_head[] = {
	"DEVICE", "STATE", "ADDRESS", "PREFERENCE", "LIFETIME", "ROUTERS", "WARNINGS",
	"HOME ADDRESS", "SOURCE",
};

static const char *agent_lifetime(struct json_object *o, char buf[static FMT_LEN])
{
	if (fmt_has(o, "remaining"))
		return lifetime(o, buf);
	snprintf(buf, FMT_LEN, "%s%s", fmt_str(o, "lifetime"), fmt_has(o, "lifetime") ? "s" : "");
	return buf;
}

static const char *routers(struct json_object *o)
{
	if (!fmt_has(o, "mobile_routers"))
		return "-";
	return fmt_true(o, "mobile_routers") ? "yes" : "no";
}

void show_agent_row(struct fmt_table *t, struct json_object *o)
{
	char addr[FMT_LEN], life[FMT_LEN], n[FMT_LEN];
	const char *cell[] = {
		fmt_str(o, "device"), fmt_str(o, "state"), fmt_join(o, "addresses", " ", addr),
		fmt_str(o, "preference"), agent_lifetime(o, life),
		routers(o), n, fmt_str(o, "home_address"), fmt_str(o, "source"),
	};

	snprintf(n, sizeof(n), "%zu", count(o, "warnings"));
	fmt_table_row(t, cell, 6, count(o, "warnings") ? FMT_BAD : FMT_PLAIN);
}

static const char *text_at(struct json_object *o, const char *key, size_t i)
{
	return json_object_get_string(json_object_array_get_idx(fmt_get(o, key), i));
}

void show_agent(const struct fmt_opt *opt, struct json_object *o)
{
	char buf[FMT_LEN];

	for (size_t i = 0; i < count(o, "addresses"); i++)
		fmt_paint(opt, FMT_HEAD, "%s ", text_at(o, "addresses", i));
	printf(" %s  preference %s  lifetime %s", fmt_str(o, "state"), fmt_str(o, "preference"),
	       agent_lifetime(o, buf));
	show_next_line(opt);
	printf("dev %s link-local %s mobile-routers %s home %s", fmt_str(o, "device"),
	       fmt_str(o, "link_local"), routers(o), fmt_join(o, "home_prefixes", " ", buf));
	if (fmt_has(o, "home_address"))
		printf(" home-address %s %s", fmt_str(o, "home_address"), fmt_str(o, "source"));
	for (size_t i = 0; i < count(o, "warnings"); i++) {
		show_next_line(opt);
		fmt_paint(opt, FMT_BAD, "warning: %s", text_at(o, "warnings", i));
	}
	putchar('\n');
}

/* ---- peers ---- */

const char *const show_peer_head[] = {
	"ROLE", "OWN ADDRESS", "PEER", "BID", "CARE-OF ADDRESS", "HOW", "LIFETIME", "SINCE", "REASON",
};

void show_peer_row(struct fmt_table *t, struct json_object *o)
{
	char coa[FMT_LEN], life[FMT_LEN] = "-", age[FMT_LEN] = "-";
	const char *cell[] = {
		fmt_str(o, "role"), fmt_str(o, "own_address"), fmt_str(o, "peer"),
		fmt_num(o, "bid") > 0 ? fmt_str(o, "bid") : "-", fmt_locator(o, "care_of", coa),
		fmt_str(o, "how"), life, age, fmt_str(o, "reason"),
	};

	if (fmt_has(o, "remaining"))
		lifetime(o, life);
	if (fmt_has(o, "age"))
		fmt_age(fmt_num(o, "age"), age);
	fmt_table_row(t, cell, 5,
		      strcmp(fmt_str(o, "how"), "tunnel") ? FMT_GOOD : FMT_WAIT);
}

/* ---- status ---- */

static const char *plural(double n)
{
	return n == 1 ? "" : "s";
}

static void status_ha(const struct fmt_opt *opt, struct json_object *h)
{
	printf(", %.0f binding%s of %.0f mobile node%s, %.0f of %.0f prefixes routed",
	       fmt_num(h, "bindings"), plural(fmt_num(h, "bindings")), fmt_num(h, "mobile_nodes"),
	       plural(fmt_num(h, "mobile_nodes")), fmt_num(h, "prefixes_routed"),
	       fmt_num(h, "prefixes"));
	if (opt->details)
		printf(", tunnel %s %s, ingress check %s", fmt_str(h, "tunnel"),
		       fmt_str(h, "carrier"), fmt_str(h, "ingress_check"));
}

static void status_mn(struct json_object *m)
{
	char age[FMT_LEN];

	if (fmt_num(m, "at_home") > 0 && fmt_num(m, "at_home") == fmt_num(m, "homes"))
		printf(", at home");
	else
		printf(", registered (%.0f of %.0f home%s)", fmt_num(m, "registered"),
		       fmt_num(m, "homes"), plural(fmt_num(m, "homes")));
	if (fmt_num(m, "prefixes") > 0)
		printf(", %.0f of %.0f prefixes in service", fmt_num(m, "prefixes_in_service"),
		       fmt_num(m, "prefixes"));
	if (fmt_has(m, "handover_age"))
		printf(", last handover %s ago", fmt_age(fmt_num(m, "handover_age"), age));
}

static void uplinks(const struct fmt_opt *opt, struct json_object *m)
{
	static const char *const head[] = { "UPLINK", "STATE", "CARE-OF ADDRESS", "ROUTER", "LINK",
					    "SINCE" };
	struct json_object *a = fmt_get(m, "uplinks");
	struct fmt_table t;

	fmt_table_begin(&t, opt, ARRAY_SIZE(head), head);
	for (size_t i = 0; i < count(m, "uplinks"); i++) {
		struct json_object *u = json_object_array_get_idx(a, i);
		bool home = fmt_true(u, "home"), on = fmt_true(u, "attached");
		const char *state = home ? "home" : on ? "attached" : fmt_true(u, "up") ? "up"
											: "down";
		char age[FMT_LEN];
		const char *cell[] = { fmt_str(u, "device"), state, fmt_str(u, "care_of"),
				       fmt_str(u, "router"), fmt_str(u, "link"),
				       fmt_age(fmt_num(u, "age"), age) };

		fmt_table_row(&t, cell, 1, home || on ? FMT_GOOD : FMT_BAD);
	}
	fmt_table_end(&t);
}

/* Our own has nothing to say about itself. */
static void detector(const struct fmt_opt *opt, struct json_object *m)
{
	struct json_object *d = fmt_get(m, "detector");
	bool well = fmt_true(d, "connected") && !fmt_true(d, "silent");
	char age[FMT_LEN];

	if (strcmp(fmt_str(d, "kind"), "external") != 0)
		return;
	fmt_paint(opt, well ? FMT_GOOD : FMT_BAD, "%sdetector external: %s", well ? "" : "warning: ",
		  fmt_true(d, "silent") ? "silent" : well ? "connected" : "not connected");
	if (fmt_has(d, "pid"))
		printf(", pid %s", fmt_str(d, "pid"));
	if (fmt_has(d, "age"))
		printf(", last word %s ago", fmt_age(fmt_num(d, "age"), age));
	puts(well ? "" : "; uplinks stay as they are");
}

static void sysctls(struct json_object *o)
{
	struct json_object *a = fmt_get(o, "sysctls");

	for (size_t i = 0; i < count(o, "sysctls"); i++) {
		struct json_object *s = json_object_array_get_idx(a, i);

		printf("sysctl %s = %s (was %s)\n", fmt_str(s, "path"), fmt_str(s, "now"),
		       fmt_str(s, "was"));
	}
}

static const char *role_text(const char *role)
{
	static const struct { const char *role, *text; } row[] = {
		{ "ha", "home agent" }, { "mr", "mobile router" }, { "mn", "mobile node" },
		{ "cn", "correspondent node" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (strcmp(row[i].role, role) == 0)
			return row[i].text;
	}
	return role;
}

void show_status(const struct fmt_opt *opt, struct json_object *o)
{
	struct json_object *roles = fmt_get(o, "roles");
	char age[FMT_LEN];

	printf("mip6d %s", fmt_str(o, "version"));
	for (size_t i = 0; i < count(o, "roles"); i++)
		printf(" %s", role_text(json_object_get_string(
				      json_object_array_get_idx(roles, i))));
	if (fmt_true(o, "ready"))
		printf(", up %s", fmt_age(fmt_num(o, "uptime"), age));
	else
		fmt_paint(opt, FMT_WAIT, ", starting");
	if (fmt_has(o, "home_agent"))
		status_ha(opt, fmt_get(o, "home_agent"));
	if (fmt_has(o, "mobile_node"))
		status_mn(fmt_get(o, "mobile_node"));
	if (fmt_has(o, "correspondent"))
		printf(", %.0f of %.0f correspondent bindings",
		       fmt_num(fmt_get(o, "correspondent"), "bindings"),
		       fmt_num(fmt_get(o, "correspondent"), "max_bindings"));
	putchar('\n');
	if (fmt_num(o, "insecure") > 0)
		fmt_paint(opt, FMT_BAD, "warning: security \"none\" in %.0f place%s: anybody can "
			  "redirect that traffic\n", fmt_num(o, "insecure"),
			  plural(fmt_num(o, "insecure")));
	if (fmt_true(o, "unsafe_timers"))
		fmt_paint(opt, FMT_BAD, "warning: unsafe_timers: timers outside the RFCs\n");
	if (fmt_has(o, "undo_in"))
		fmt_paint(opt, FMT_WAIT, "the configuration is undone in %s unless confirmed: "
			  "mip6ctl config confirm\n", fmt_age(fmt_num(o, "undo_in"), age));
	if (fmt_has(o, "mobile_node"))
		uplinks(opt, fmt_get(o, "mobile_node"));
	if (fmt_has(o, "mobile_node"))
		detector(opt, fmt_get(o, "mobile_node"));
	if (opt->details)
		printf("pid %s\n", fmt_str(o, "pid"));
	sysctls(o);
}
