/* SPDX-License-Identifier: BSD-2-Clause */
/* mip6ctl: numbers for programs, configuration, log and waiting. */
#include "mip6ctl_help.h"

#include <ctype.h>


/* ---- movements, counters, log ---- */

static void test_movements_are_shown_with_their_phases(void **state)
{
	struct json_object *o;

	(void)state;
	/* one happens every 20 ms */
	assert_int_equal(run("mr", "-n 3 monitor handover"), 0);
	shows("mr", "handover", 0, "  home -> home\n  total 50.0 ms:  detect 0.0 ms  bu");
	assert_int_equal(lines("total"), 1);
	shows("mr", "-o handover last 2", 0, "\\  total 50.0 ms:");
	assert_int_equal(lines("\n"), 2);
	shows("mr", "handover 3", 0, "total");
	assert_int_equal(lines("total"), 3);
	o = json("mr", "-j handover last 1");
	assert_int_equal(json_object_array_length(o), 1);
	json_object_put(o);
	shows("mr", "handover last x", 2, "");
	shows("mr", "handover last 0", 2, "not a number of movements");
	shows("mr", "stats", 0, "handovers.total  ");
	assert_non_null(strstr(out, "(mean 50.0 ms)"));
}

static double num(struct json_object *o, const char *key)
{
	assert_non_null(json_object_object_get(o, key));
	return json_object_get_double(json_object_object_get(o, key));
}

static void test_counters_of_the_mibs(void **state)
{
	struct json_object *o;

	(void)state;
	shows("ha", "stats mib", 0, "mip6HaBUsRecd                              7\n");
	assert_non_null(strstr(out, "\nmip6HaNotHomeSubnet                        3\n"));
	assert_null(strstr(out, "mip6Mn"));		/* not its part */
	assert_null(strstr(out, "mip6Cn"));
	assert_null(strstr(out, "mip6InOctets"));
	o = json("ha", "-j stats mib");
	assert_int_equal(num(o, "nemoHaBUAcksOtherError"), 3);
	assert_int_equal(num(o, "mip6HaBUAcksSent"), 3);
	assert_int_equal(num(o, "nemoHaBUAcksInvalidPrefix"), 0);
	json_object_put(o);
	o = json("mr", "-j stats mib");
	assert_true(num(o, "mip6MnMovedToHN") >= 1);
	assert_int_equal(num(o, "nemoMrMovedOutofHome"), 0);
	assert_int_equal(num(o, "mip6MnMobilityMessagesSent"), 0);
	assert_null(json_object_object_get(o, "mip6HaBUsRecd"));
	json_object_put(o);
	o = json("cn", "-j stats mib");
	assert_int_equal(num(o, "mip6CnHomeTestInitsRecd"), 4);
	assert_int_equal(num(o, "mip6CnExpiredHomeNonceIndex"), 2);
	assert_int_equal(num(o, "mip6CnBUsRejected"), 2);
	json_object_put(o);
	/* a reset of what is shown is not seen in them */
	shows("ha", "stats reset", 0, "");
	shows("ha", "stats mib", 0, "mip6HaBUsRecd                              7\n");
}

static void test_counters_and_levels(void **state)
{
	(void)state;
	shows("ha", "stats", 0, "home_agent.bu  7\n");
	shows("ha", "stats reset", 0, "");
	shows("ha", "stats", 0, "home_agent.bu  0\n");
	shows("ha", "metrics", 0, "mip6_messages_total{dir=\"rx\",type=\"bu\"} 11\n");
	shows("ha", "log", 0, "\nmn        error\n");
	shows("ha", "log mn deb", 0, "");
	shows("ha", "log", 0, "\nmn        debug\n");
	shows("ha", "log error", 0, "");
	shows("ha", "log", 0, "\nmn        error\n");
	shows("ha", "log loud", 2, "is no level");
	shows("ha", "log m debug", 2, "is no room");
	shows("ha", "log mn debug x", 2, "too much");
}

/* ---- metrics ---- */

struct prom {
	char family[128], type[16], seen[64][128], series[512][192];
	size_t n, n_series;
	double last, inf;
};

static void new_family(struct prom *p, const char *line)
{
	size_t n = strcspn(line, " ");

	for (size_t i = 0; i < p->n; i++) {
		if (strlen(p->seen[i]) == n && strncmp(p->seen[i], line, n) == 0)
			fail_msg("a second # HELP: %s", line);
	}
	assert_true(n < sizeof(p->family) && p->n < 64);
	snprintf(p->family, sizeof(p->family), "%.*s", (int)n, line);
	memcpy(p->seen[p->n++], p->family, sizeof(p->family));
	p->type[0] = '\0';
	assert_true(isalpha((unsigned char)line[n + 1]));	/* it says something */
}

static void type_of_family(struct prom *p, const char *line)
{
	size_t n = strlen(p->family);

	if (strncmp(line, p->family, n) != 0 || line[n] != ' ')
		fail_msg("# TYPE of another family: %s", line);
	snprintf(p->type, sizeof(p->type), "%.*s", (int)strcspn(line + n + 1, "\n"), line + n + 1);
	assert_true(strcmp(p->type, "gauge") == 0 || strcmp(p->type, "counter") == 0 ||
		    strcmp(p->type, "histogram") == 0);
	/* as promtool check metrics wants it */
	assert_int_equal(n > 6 && strcmp(p->family + n - 6, "_total") == 0,
			 strcmp(p->type, "counter") == 0);
}

static void new_series(struct prom *p, const char *line, size_t len)
{
	for (size_t i = 0; i < p->n_series; i++) {
		if (strlen(p->series[i]) == len && strncmp(p->series[i], line, len) == 0)
			fail_msg("twice: %.*s", (int)len, line);
	}
	assert_true(p->n_series < 512 && len < sizeof(p->series[0]));
	memcpy(p->series[p->n_series], line, len);
	p->series[p->n_series++][len] = '\0';
}

/* name{label="...",...} value */
static void one_sample(struct prom *p, const char *line)
{
	const char *rest = line + strlen(p->family), *le;
	char *end;
	double v;

	assert_true(p->type[0]);
	if (strncmp(line, p->family, strlen(p->family)) != 0)
		fail_msg("of no family: %s", line);
	if (strcmp(p->type, "histogram") == 0)
		rest += strncmp(rest, "_bucket", 7) == 0 ? 7 : strncmp(rest, "_sum", 4) == 0 ? 4
			: strncmp(rest, "_count", 6) == 0 ? 6 : 0;
	le = strncmp(rest - 7, "_bucket{", 8) == 0 ? strstr(rest, "le=\"") : NULL;
	if (*rest == '{') {
		for (rest++; *rest != '}'; rest += *rest == ',') {
			size_t n = strspn(rest, "abcdefghijklmnopqrstuvwxyz_");

			assert_true(n && rest[n] == '=' && rest[n + 1] == '"');
			rest += n + 2;
			assert_int_equal(strcspn(rest, "\"\\\n"), strcspn(rest, "\""));
			rest += strcspn(rest, "\"") + 1;
			assert_true(*rest == ',' || *rest == '}');
		}
		rest++;
	}
	assert_int_equal(*rest, ' ');
	new_series(p, line, (size_t)(rest - line));
	v = strtod(rest + 1, &end);
	if (*end != '\n' || v < 0)
		fail_msg("no number: %s", line);
	if (!le) {
		p->last = -1;
		if (strcmp(p->type, "histogram") == 0 && strncmp(line + strlen(p->family), "_count", 6) == 0)
			assert_true(v == p->inf);
		return;
	}
	p->inf = v;
	assert_true(v >= p->last);	/* buckets hold what is in the smaller ones */
	p->last = strncmp(le, "le=\"+Inf", 8) == 0 ? -1 : v;
}

static unsigned check_format(void)
{
	static struct prom p;
	unsigned samples = 0;

	p = (struct prom){ .last = -1 };

	for (char *s = out; *s; s += strcspn(s, "\n") + 1) {
		if (strncmp(s, "# HELP ", 7) == 0)
			new_family(&p, s + 7);
		else if (strncmp(s, "# TYPE ", 7) == 0)
			type_of_family(&p, s + 7);
		else
			one_sample(&p, s), samples++;
	}
	return samples;
}

static void test_metrics_are_what_prometheus_reads(void **state)
{
	(void)state;
	shows("ha", "metrics", 0, "mip6_up 1\n");
	assert_true(check_format() > 25);
	assert_non_null(strstr(out, "mip6_bindings{type=\"home\"} 1\n"));
	assert_non_null(strstr(out, "mip6_prefixes{family=\"ipv4\",state=\"in_service\"} 1\n"));
	assert_non_null(strstr(out, "mip6_ba_status_total{role=\"home_agent\",status=\"132\"} 3\n"));
	assert_null(strstr(out, "2001:db8"));
	shows("mr", "metrics", 0, "mip6_registered 1\n");
	assert_true(check_format() > 40);
	assert_non_null(strstr(out, "mip6_handover_seconds_bucket{phase=\"total\",le=\"0.05\"} "));
	/* the collector wants to know that it is down, and so does a shell */
	shows("none", "metrics", 3, "mip6_up 0\n");
}

static void asks(const char *request, const char *status, const char *has)
{
	char cmd[256];
	int rc;

	snprintf(cmd, sizeof(cmd), "metrics --http <<'E'\n%s\nE", request);
	rc = run("ha", cmd);
	if (rc != 0 || strncmp(out, status, strlen(status)) != 0 || !strstr(out, has))
		fail_msg("%s: status %d, no \"%s\" or \"%s\" in:\n%s", request, rc, status, has, out);
}

static void test_metrics_by_http(void **state)
{
	char *body, text[16384], path[64], cmd[128];
	struct stat st;
	FILE *f;

	(void)state;
	asks("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\n",
	     "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
	body = strstr(out, "\r\n\r\n") + 4;
	assert_int_equal(atoi(strstr(out, "Content-Length: ") + 16), strlen(body));
	memmove(out, body, strlen(body) + 1);
	assert_true(check_format() > 25);
	asks("HEAD /metrics HTTP/1.0\n", "HTTP/1.1 200 OK\r\n", "Content-Length: ");
	assert_null(strstr(out, "mip6_up"));
	asks("GET /metrics?x=1 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n", "mip6_up 1\n");
	asks("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", "\r\n\r\nNot Found\n");
	asks("GET /metrics/../../etc/passwd HTTP/1.1\r\n\r\n", "HTTP/1.1 404", "");
	asks("POST /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 405 ", "\r\nAllow: GET, HEAD\r\n");
	asks("GET /metrics HTTP/2\r\n\r\n", "HTTP/1.1 400 ", "");
	asks("GET", "HTTP/1.1 400 ", "");
	/* a head without an end is not read for ever */
	assert_int_equal(run("ha", "metrics -H </dev/zero"), 0);
	assert_non_null(strstr(out, "HTTP/1.1 400 "));
	assert_int_equal(run("ha", "metrics -H <<E\nGET /$(head -c 9000 /dev/zero | tr '\\0' a)\nE"), 0);
	assert_non_null(strstr(out, "HTTP/1.1 431 "));
	/* into a file: at once, and nothing else is left */
	snprintf(path, sizeof(path), "%s/x.prom", dir);
	snprintf(cmd, sizeof(cmd), "metrics -w %s", path);
	assert_int_equal(run("ha", cmd), 0);
	f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	assert_non_null(strstr(text, "mip6_up 1\n"));
	assert_int_equal(run("none", cmd), 3);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < 200);
	assert_int_equal(unlink(path), 0);	/* teardown sees that it was the only one */
	assert_int_equal(run("ha", "metrics -w /nowhere/x.prom"), 4);
}

/* ---- configuration ---- */

static void with_file(const char *text, char path[static 64])
{
	FILE *f;

	snprintf(path, 64, "%s/conf", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void test_the_configuration_in_force_is_shown(void **state)
{
	struct json_object *o;

	(void)state;
	shows("ha", "config show", 0, "roles = [ \"ha\" ];\n");
	assert_non_null(strstr(out, "mobile_nodes = (\n  {\n    home_address = "
			       "\"2001:db8:280::1:1\";\n"));
	assert_null(strstr(out, "max_lifetime"));
	shows("ha", "-e config show", 0, "max_lifetime = 3600;\n");
	assert_non_null(strstr(out, "valid_lifetime = 4294967295L;\n"));
	o = json("ha", "-j config show --effective");
	assert_int_equal(json_object_array_length(json_object_object_get(o, "mobile_nodes")), 2);
	json_object_put(o);
}

static void test_what_is_shown_can_be_read_again(void **state)
{
	char path[64], args[128];

	(void)state;
	assert_int_equal(run("ha", "-e config show"), 0);
	with_file(out, path);
	snprintf(args, sizeof(args), "config check %s", path);
	shows("ha", args, 0, "");
	snprintf(args, sizeof(args), "config diff %s", path);
	shows("ha", args, 0, "");
	assert_string_equal(out, "");
	unlink(path);
}

static void test_differences_to_a_file(void **state)
{
	static const char text[] =
		"roles = [ \"ha\" ]; max_lifetime = 1200;\n"
		"home_links = ( { device = \"eth0\"; address = \"2001:db8:280::1\";\n"
		"                 prefixes = [ \"2001:db8:280::/64\" ]; } );\n"
		"mobile_nodes = ( { home_address = \"2001:db8:280::1:2\"; nai = \"x\";\n"
		"                   security = { method = \"none\"; }; } );\n";
	char path[64], args[128];
	struct json_object *o;

	(void)state;
	with_file(text, path);
	snprintf(args, sizeof(args), "config diff %s", path);
	shows("ha", args, 1, "-max_lifetime = 3600  # applied\n"
	      "+max_lifetime = 1200  # applied\n");
	/* the first node is gone, the second is the same one still */
	assert_non_null(strstr(out, "-mobile_nodes[2001:db8:280::1:1].prefixes = "));
	assert_non_null(strstr(out, "+mobile_nodes[2001:db8:280::1:2].nai = \"x\"  # applied\n"));
	assert_null(strstr(out, "mobile_nodes[2001:db8:280::1:2].home_address"));
	snprintf(args, sizeof(args), "-j config diff %s", path);
	assert_int_equal(run("ha", args), 1);
	o = json_tokener_parse(out);
	assert_true(json_object_is_type(o, json_type_array) && json_object_array_length(o) == 5);
	json_object_put(o);
	with_file("roles = [ \"ha\" ]; nonsense = 1;\n", path);
	snprintf(args, sizeof(args), "config diff %s", path);
	shows("ha", args, 4, "nonsense");
	unlink(path);
}

/* The first one that fits wins, so their order is a difference. */
static void test_a_policy_in_another_order_differs(void **state)
{
	static const char all[] = "{ peer = \"::/0\"; allow = false; }";
	static const char one[] = "{ peer = \"2001:db8:cc::/48\"; allow = true; }";
	char text[512], path[64], args[128];

	(void)state;
	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "roles = [ \"cn\" ]; correspondent = { policy = ( %s, %s"
			 " ); };\n", i ? all : one, i ? one : all);
		with_file(text, path);
		snprintf(args, sizeof(args), "config diff %s", path);
		shows("cn", args, i, i ? "-correspondent.policy[0].peer = " : "");
		assert_int_equal(lines("policy"), i ? 8 : 0);
	}
	unlink(path);
}

static void test_a_reload_that_is_refused_says_why(void **state)
{
	(void)state;
	/* this server cannot */
	shows("ha", "config reload", 4, "mip6ctl: failed: the daemon is still starting\n");
}

/* ---- waiting, hints ---- */

static void test_waiting_ends_when_it_is_so_or_in_time(void **state)
{
	(void)state;
	shows("mr", "wait registered", 0, "");
	shows("mr", "wait registered 2001:db8:280::beef", 0, "");
	shows("mr", "wait registered 2001:db8:280::bee0", 5, "no such home address");
	shows("mr", "-t 0.2 wait home", 1, "wait: not home in time");
	shows("ha", "wait bound 2001:db8:280::1:1", 0, "");
	shows("ha", "wait bound", 0, "");
	shows("ha", "-t 0.2 wait bound 2001:db8:280::1:2", 1, "wait: not bound in time");
	shows("none", "-t 1 wait registered", 3, "is mip6d running?");
	shows("mr", "wait", 2, "wait: say registered, home, bound");
}

static void test_hints_are_told(void **state)
{
	(void)state;
	shows("mr", "event inject md_info kind=lost device=wwan0", 0, "");
	shows("mr", "event inject be_hint peer=2001:db8::1 status=1", 0, "");
	shows("mr", "event inject be_hint status=x", 2, "is not FIELD=VALUE");
	shows("mr", "event inject be_hint colour=1", 2, "is no field of it");
	shows("mr", "event inject be_hint peer=nobody", 2, "not understood: peer");
	shows("mr", "event inject handover total=1", 2, "not understood: event");
	shows("mr", "event inject", 2, "event is missing");
}

static void test_home_agents_are_asked_for(void **state)
{
	(void)state;
	/* of this server nobody ever answers */
	shows("mr", "-t 0.3 home-agent discover", 1, "no answer in time");
	assert_non_null(strstr(out, "2001:db8:280::2  "));
	shows("mr", "-j -t 0.3 home-agent discover 2001:DB8:280:0::beef", 1,
	      "\"state\":\"registered\"");
	assert_int_equal(lines("\"role\":\"mn\""), 2);
	shows("mr", "home-agent discover 2001:db8:280::9", 5, "no such home address");
	shows("mr", "home-agent discover nobody", 2, "not understood: home_address");
	shows("ha", "home-agent discover", 4, "the daemon has not this role: mn");
	shows("none", "home-agent discover", 3, "is mip6d running?");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_movements_are_shown_with_their_phases),
		cmocka_unit_test(test_counters_and_levels),
		cmocka_unit_test(test_counters_of_the_mibs),
		cmocka_unit_test(test_home_agents_are_asked_for),
		cmocka_unit_test(test_metrics_are_what_prometheus_reads),
		cmocka_unit_test(test_metrics_by_http),
		cmocka_unit_test(test_the_configuration_in_force_is_shown),
		cmocka_unit_test(test_what_is_shown_can_be_read_again),
		cmocka_unit_test(test_differences_to_a_file),
		cmocka_unit_test(test_a_policy_in_another_order_differs),
		cmocka_unit_test(test_a_reload_that_is_refused_says_why),
		cmocka_unit_test(test_waiting_ends_when_it_is_so_or_in_time),
		cmocka_unit_test(test_hints_are_told),
	};

	if (find_program(argc, argv) < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests(tests, setup, teardown);
}
