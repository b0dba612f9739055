/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl - asks and tells a running mip6d. Habits of iproute2: keywords may be shortened, -j
 * prints JSON whose shape does not depend on the number of records.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/conf.h"
#include "mip6/ctl.h"
#include "mip6ctl/client.h"
#include "mip6ctl/fmt.h"
#include "mip6ctl/show.h"

#define REPLY_LIMIT	5.		/* seconds */

struct run {
	struct fmt_opt opt;
	const char *socket;
	double limit;			/* seconds; < 0: not given */
	long count;			/* monitor: events, 0 = no end */
	int argc;			/* words behind the command */
	char **argv;
	struct client *c;
};

struct command {
	const char *name, *args, *help;
	int (*fn)(struct run *r);
};

static PRINTF(1, 2) int usage_error(const char *fmt, ...)
{
	va_list ap;

	fputs("mip6ctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs(" (mip6ctl -h)\n", stderr);
	return MIP6_EXIT_USAGE;
}

/* ---- calling ---- */

static int explain(const struct run *r, int rc)
{
	static const struct { const char *error, *text; int status; } row[] = {
		{ "org.varlink.service.PermissionDenied",
		  "not allowed: that takes root or group mip6d-admin", MIP6_EXIT_REFUSED },
		{ "org.varlink.service.InvalidParameter", "not understood", MIP6_EXIT_USAGE },
		{ MIP6_CTL_E_NOT_FOUND, "no such home address", MIP6_EXIT_NOT_FOUND },
		{ MIP6_CTL_E_NO_ROLE, "the daemon has not this role", MIP6_EXIT_REFUSED },
		{ MIP6_CTL_E_FAILED, "failed", MIP6_EXIT_REFUSED },
	};
	const char *arg;

	if (rc == 0)
		return MIP6_EXIT_DONE;
	if (rc != -EREMOTEIO) {
		fprintf(stderr, "mip6ctl: %s: %s\n", r->socket, strerror(-rc));
		return MIP6_EXIT_UNREACHABLE;
	}
	arg = client_error_arg(r->c);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (strcmp(row[i].error, client_error(r->c)) != 0)
			continue;
		fprintf(stderr, "mip6ctl: %s%s%s\n", row[i].text, *arg ? ": " : "", arg);
		return row[i].status;
	}
	fprintf(stderr, "mip6ctl: the daemon says %s %s\n", client_error(r->c), arg);
	return MIP6_EXIT_REFUSED;
}

static int call(struct run *r, const char *method, struct json_object *params, bool more,
		client_fn fn, void *arg)
{
	double limit = r->limit >= 0 ? r->limit : REPLY_LIMIT;
	const char *why;
	int rc;

	r->c = client_open(r->socket, limit, &why);
	if (!r->c) {
		fprintf(stderr, "mip6ctl: %s: %s%s\n", r->socket, why,
			access(r->socket, F_OK) == 0 ? "" : " (is mip6d running?)");
		json_object_put(params);
		return MIP6_EXIT_UNREACHABLE;
	}
	rc = explain(r, client_call(r->c, method, params, more, fn, arg));
	client_close(r->c);
	return rc;
}

/* Is word a short form of name? */
static bool is(const char *word, const char *name)
{
	return *word && strncmp(word, name, strlen(word)) == 0;
}

static struct json_object *hoa_param(const char *hoa)
{
	struct json_object *o = json_object_new_object();

	if (hoa)
		json_object_object_add(o, "home_address", json_object_new_string(hoa));
	return o;
}

/* ---- one record ---- */

struct one { struct run *r; void (*show)(const struct fmt_opt *opt, struct json_object *o); };

static bool show_one(void *arg, struct json_object *o)
{
	struct one *k = arg;

	if (k->r->opt.json)
		fmt_json(&k->r->opt, o);
	else
		k->show(&k->r->opt, o);
	return true;
}

static int cmd_stats(struct run *r)
{
	struct one k = { r, show_stats };

	if (r->argc)
		return usage_error("stats: \"%s\" is too much", r->argv[0]);
	return call(r, "GetStats", NULL, false, show_one, &k);
}

static int cmd_status(struct run *r)
{
	struct one k = { r, show_status };
	int rc;

	if (r->argc)
		return usage_error("status: \"%s\" is too much", r->argv[0]);
	rc = call(r, "Status", NULL, false, show_one, &k);
	return rc || !r->opt.stats || r->opt.json ? rc : cmd_stats(r);
}

/* ---- listings ---- */

struct listing {
	struct run *r;
	struct fmt_list list;
	struct fmt_table table;
	bool details;
	void (*row)(struct fmt_table *t, struct json_object *o);
	void (*full)(const struct fmt_opt *opt, struct json_object *o);
};

static bool show_record(void *arg, struct json_object *o)
{
	struct listing *k = arg;

	/* of the listings, only prefixes have a family */
	if (fmt_has(o, "family") && !fmt_family(&k->r->opt, o))
		return true;
	if (k->r->opt.json)
		fmt_list_add(&k->list, o);
	else if (k->details)
		k->full(&k->r->opt, o);
	else
		k->row(&k->table, o);
	return true;
}

static int listing(struct run *r, const char *method, const char *hoa, struct listing *k,
		   unsigned cols, const char *const *head)
{
	int rc;

	k->r = r;
	fmt_list_begin(&k->list, &r->opt);
	fmt_table_begin(&k->table, &r->opt, cols, head);
	rc = call(r, method, hoa_param(hoa), true, show_record, k);
	fmt_table_end(&k->table);
	fmt_list_end(&k->list, rc == MIP6_EXIT_DONE);
	return rc;
}

static bool show_count(void *arg, struct json_object *o)
{
	struct run *r = arg;

	if (r->opt.json)
		fmt_json(&r->opt, o);
	else
		printf("%s\n", fmt_str(o, "count"));
	return true;
}

static int change(struct run *r, const char *method)
{
	if (r->argc > 2)
		return usage_error("\"%s\" is too much", r->argv[2]);
	return call(r, method, hoa_param(r->argc == 2 ? r->argv[1] : NULL), false, show_count, r);
}

/* [list], [show] HOA, or HOA alone. False: something else. */
static bool wants_list(const struct run *r, const char **hoa, bool *show)
{
	const char *word = r->argc ? r->argv[0] : "list";

	*show = r->argc && is(word, "show");
	*hoa = r->argc == 2 ? r->argv[1] : NULL;
	if (r->argc == 1 && strchr(word, ':')) {
		*hoa = word;
		*show = true;
		return true;
	}
	return r->argc <= 2 && (*show || is(word, "list"));
}

static int cmd_binding(struct run *r)
{
	struct listing k = { .row = show_binding_row, .full = show_binding };
	const char *hoa;
	bool show;

	if (r->argc && is(r->argv[0], "flush"))
		return change(r, "Flush");
	if (!wants_list(r, &hoa, &show))
		return usage_error(
			"binding: [list | show] [HOME-ADDRESS], or flush [HOME-ADDRESS]");
	k.details = show || r->opt.details;
	return listing(r, "ListBindings", hoa, &k, SHOW_BINDING_COLS, show_binding_head);
}

static int cmd_registration(struct run *r)
{
	struct listing k = { .row = show_registration_row, .full = show_registration };
	const char *hoa;
	bool show;

	if (r->argc && is(r->argv[0], "refresh"))
		return change(r, "Refresh");
	if (r->argc && is(r->argv[0], "deregister"))
		return change(r, "Deregister");
	if (!wants_list(r, &hoa, &show))
		return usage_error("registration: [list | show | refresh | deregister] "
				   "[HOME-ADDRESS]");
	k.details = show || r->opt.details;
	return listing(r, "ListRegistrations", hoa, &k, SHOW_REGISTRATION_COLS,
		       show_registration_head);
}

static int cmd_prefix(struct run *r)
{
	struct listing k = { .row = show_prefix_row };
	const char *hoa;
	bool show;

	if (!wants_list(r, &hoa, &show))
		return usage_error("prefix: [list | show] [HOME-ADDRESS]");
	return listing(r, "ListPrefixes", hoa, &k, SHOW_PREFIX_COLS, show_prefix_head);
}

static int cmd_peer(struct run *r)
{
	struct listing k = { .row = show_peer_row };
	struct json_object *params = json_object_new_object();
	const char *address;
	bool show;
	int rc;

	if (r->argc && is(r->argv[0], "flush")) {
		json_object_put(params);
		return change(r, "FlushPeers");
	}
	if (!wants_list(r, &address, &show)) {
		json_object_put(params);
		return usage_error("peer: [list | show] [ADDRESS], or flush [HOME-ADDRESS]");
	}
	if (address)
		json_object_object_add(params, "address", json_object_new_string(address));
	k.r = r;
	fmt_list_begin(&k.list, &r->opt);
	fmt_table_begin(&k.table, &r->opt, SHOW_PEER_COLS, show_peer_head);
	rc = call(r, "ListPeers", params, true, show_record, &k);
	fmt_table_end(&k.table);
	fmt_list_end(&k.list, rc == MIP6_EXIT_DONE);
	return rc;
}

static int cmd_home_agent(struct run *r)
{
	struct listing k = { .row = show_agent_row, .full = show_agent };
	const char *word = r->argc ? r->argv[0] : "list";

	if (r->argc > 1 || (!is(word, "list") && !is(word, "show")))
		return usage_error("home-agent: [list | show]");
	k.details = is(word, "show") || r->opt.details;
	return listing(r, "ListHomeAgents", NULL, &k, SHOW_AGENT_COLS, show_agent_head);
}

/* ---- monitor ---- */

struct monitor { struct run *r; long seen; bool synced; double end; };

static double clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool on_event(void *arg, struct json_object *o)
{
	struct monitor *m = arg;
	bool sync = strcmp(fmt_str(o, "event"), "sync") == 0;

	if (m->r->opt.json) {
		fmt_json(&m->r->opt, o);
		fflush(stdout);
	} else {
		show_event(&m->r->opt, o);
	}
	/* the present state is not counted */
	m->seen += m->synced;
	m->synced = m->synced || sync;
	if (m->end > 0 && clock_now() >= m->end)
		return false;
	return !m->r->count || m->seen < m->r->count;
}

static const struct { const char *group, *events; } monitor_group[] = {
	{ "binding", "bc_add bc_remove bc_flush" },
	{ "registration", "bul_add bul_remove bul_flush refused" },
	{ "path", "path_up path_down" },
	{ "handover", "handover" },
	{ "prefix", "prefix_state" },
	{ "detector", "md_info home_hint dad" },
};

static void add_events(struct json_object *a, const char *word)
{
	const char *list = word;

	for (size_t i = 0; i < ARRAY_SIZE(monitor_group); i++) {
		if (is(word, monitor_group[i].group)) {
			list = monitor_group[i].events;
			break;
		}
	}
	for (const char *p = list; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		json_object_array_add(a, json_object_new_string_len(p, (int)n));
		p += n;
	}
}

static int cmd_monitor(struct run *r)
{
	struct monitor m = { .r = r };
	struct json_object *o = json_object_new_object(), *a = NULL;
	int rc;

	for (int i = 0; i < r->argc && !is(r->argv[i], "all"); i++) {
		a = a ? a : json_object_new_array();
		add_events(a, r->argv[i]);
	}
	if (a)
		json_object_object_add(o, "events", a);
	/* here the limit is that of the whole, and reaching it is no failure */
	if (r->limit > 0) {
		m.end = clock_now() + r->limit;
		alarm((unsigned)(r->limit + 0.999));
	}
	r->limit = 0;
	rc = call(r, "Monitor", o, true, on_event, &m);
	return rc;
}

static void on_alarm(int sig)
{
	(void)sig;
	_exit(MIP6_EXIT_DONE);		/* every event was flushed */
}

/* ---- configuration ---- */

static int cmd_config(struct run *r)
{
	const char *path = r->argc == 2 ? r->argv[1] : CONF_PATH;
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;
	int rc;

	if (r->argc < 1 || r->argc > 2 || !is(r->argv[0], "check"))
		return usage_error("config: check [FILE]");
	/* read here and not by the daemon: it would open for its caller what he may not */
	conf_load(path, 0, &c, &errs);
	rc = conf_check_print(stderr, path, c, &errs);
	conf_errs_free(&errs);
	conf_free(c);
	return rc;
}

/* ---- main ---- */

static const struct command command[] = {
	{ "status", "", "roles, counts, uplinks, changed sysctls; the default", cmd_status },
	{ "binding", "[list | show | flush] [HOME-ADDRESS]", "a home agent's bindings",
	  cmd_binding },
	{ "registration", "[list | show | refresh | deregister] [HOME-ADDRESS]",
	  "a mobile router's registrations", cmd_registration },
	{ "prefix", "[list] [HOME-ADDRESS]", "mobile network prefixes and their state",
	  cmd_prefix },
	{ "peer", "[list | flush] [ADDRESS]", "whom traffic is exchanged with by the straight way",
	  cmd_peer },
	{ "home-agent", "[list | show]", "home agents of the home links, best first in discovery",
	  cmd_home_agent },
	{ "stats", "", "counters", cmd_stats },
	{ "monitor",
	  "[all | binding | registration | path | handover | prefix | detector | EVENT]...",
	  "the present state, then what happens", cmd_monitor },
	{ "config", "check [FILE]", "what is wrong in a configuration", cmd_config },
};

static void usage(FILE *f)
{
	fputs("usage: mip6ctl [OPTIONS] [COMMAND]\n\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(command); i++)
		fprintf(f, "  %s %s\n      %s\n", command[i].name, command[i].args,
			command[i].help);
	fputs("\n"
	      "  -j         JSON            -p  pretty JSON    -o  one line per record\n"
	      "  -s         counters        -d  details        -4 -6  prefixes of that family\n"
	      "  -c[WHEN]   colour: auto, always, never\n"
	      "  -n COUNT   monitor: end after that many events\n"
	      "  -t SECONDS wait for a reply; monitor: end after that time\n"
	      "  -S SOCKET  default " MIP6_CTL_SOCKET "\n"
	      "  -V         version         -h  this text\n"
	      "\n"
	      "exit status: 0 done, 1 asked state not true, 2 usage, 3 daemon not reachable,\n"
	      "             4 refused or bad configuration, 5 no such object\n", f);
}

static int find_command(const char *word, const struct command **found)
{
	char names[FMT_LEN] = "";
	size_t n = 0, used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(command); i++) {
		if (!is(word, command[i].name))
			continue;
		*found = &command[i];
		if (strcmp(word, command[i].name) == 0)
			return 0;
		n++;
		used += (size_t)snprintf(names + used, sizeof(names) - used, " %s",
					 command[i].name);
	}
	if (n == 0)
		return usage_error("\"%s\" is no command", word);
	return n == 1 ? 0 : usage_error("\"%s\" may be:%s", word, names);
}

static bool auto_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!no || !*no) && term && strcmp(term, "dumb") != 0;
}

static int set_color(struct fmt_opt *o, const char *when)
{
	if (!when || strcmp(when, "always") == 0)
		o->color = true;
	else if (strcmp(when, "never") == 0)
		o->color = false;
	else if (strcmp(when, "auto") == 0)
		o->color = auto_color();
	else
		return usage_error("-c%s: auto, always or never", when);
	return 0;
}

static int set_number(const char *text, double max, double *v)
{
	char *end;

	*v = strtod(text, &end);
	if (*end || end == text || !(*v >= 0 && *v <= max))
		return usage_error("\"%s\" is not a number in 0..%.0f", text, max);
	return 0;
}

static int option(struct run *r, int o)
{
	double v = 0;
	int rc = 0;

	switch (o) {
	case 'j': r->opt.json = true; break;
	case 'p': r->opt.json = r->opt.pretty = true; break;
	case 'o': r->opt.oneline = true; break;
	case 's': r->opt.stats = true; break;
	case 'd': r->opt.details = true; break;
	case '4': r->opt.ipv4 = true; break;
	case '6': r->opt.ipv6 = true; break;
	case 'S': r->socket = optarg; break;
	case 'c': return set_color(&r->opt, optarg);
	case 'n':
		rc = set_number(optarg, 1e9, &v);
		r->count = (long)v;
		break;
	case 't':
		rc = set_number(optarg, 1e6, &v);
		r->limit = v;
		break;
	case 'V':
		puts("mip6ctl " MIP6D_VERSION);
		exit(MIP6_EXIT_DONE);
	case 'h':
		usage(stdout);
		exit(MIP6_EXIT_DONE);
	default:
		usage(stderr);
		return MIP6_EXIT_USAGE;
	}
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option opt[] = {
		{ "json", no_argument, NULL, 'j' }, { "pretty", no_argument, NULL, 'p' },
		{ "oneline", no_argument, NULL, 'o' }, { "stats", no_argument, NULL, 's' },
		{ "details", no_argument, NULL, 'd' }, { "color", optional_argument, NULL, 'c' },
		{ "count", required_argument, NULL, 'n' },
		{ "timeout", required_argument, NULL, 't' },
		{ "socket", required_argument, NULL, 'S' }, { "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	struct run r = { .socket = MIP6_CTL_SOCKET, .limit = -1 };
	const struct command *cmd = &command[0];
	int o, rc = 0;

	r.opt.color = auto_color();
	while (rc == 0 && (o = getopt_long(argc, argv, "jposd46c::n:t:S:Vh", opt, NULL)) != -1)
		rc = option(&r, o);
	if (rc == 0 && optind < argc)
		rc = find_command(argv[optind++], &cmd);
	if (rc)
		return rc;
	r.argc = argc > optind ? argc - optind : 0;
	r.argv = argv + optind;
	signal(SIGALRM, on_alarm);
	rc = cmd->fn(&r);
	/* a full disk or a closed pipe must not look like success */
	if (fflush(stdout) != 0 || ferror(stdout))
		return MIP6_EXIT_UNREACHABLE;
	return rc;
}
