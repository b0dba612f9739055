/* SPDX-License-Identifier: BSD-2-Clause */
/* Does the daemon run, may it do what it must, and does its work succeed? */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mip6/ctl.h"
#include "mip6ctl/doctor.h"
#include "mip6ctl/fmt.h"
#include "store/conf.h"

#define CAP_NET_ADMIN_BIT	12	/* linux/capability.h */
#define CAP_NET_RAW_BIT		13

/* ---- it does not answer ---- */

/* What systemd knows of the unit: "failed", or "". */
static void unit_state(const struct doc *d, char buf[static 32])
{
	static const char *const argv[] = { "/usr/bin/systemctl", "show", "--property=ActiveState",
					    "--value", "mip6d.service", NULL };
	char *text = doc_exists(d, "/run/systemd/system") ? doc_run(argv) : NULL;

	snprintf(buf, 32, "%s", text ? text : "");
	buf[strcspn(buf, "\n")] = '\0';
	free(text);
}

static const char *start_command(const struct doc *d)
{
	return doc_exists(d, "/run/systemd/system") ? "systemctl start mip6d"
						    : "mip6d (or mip6d --foreground)";
}

static void not_running(struct doc *d)
{
	char unit[32];

	unit_state(d, unit);
	if (strcmp(unit, "failed") == 0) {
		doc_say(d, DOC_FAIL, "daemon", d->socket,
			"mip6d is not running: its service has failed");
		doc_fix(d, "journalctl -u mip6d -n 20 says why; then: systemctl restart mip6d");
		return;
	}
	doc_say(d, DOC_FAIL, "daemon", d->socket, "mip6d is not running");
	doc_fix(d, "mip6d --check, then: %s", start_command(d));
}

static void no_permission(struct doc *d)
{
	struct stat st;
	struct group *g = stat(d->socket, &st) == 0 ? getgrgid(st.st_gid) : NULL;

	doc_say(d, DOC_FAIL, "daemon", d->socket, "%s: no permission to ask the daemon", d->socket);
	doc_fix(d, "as root, or join the group that may read (usermod -aG %s USER, then log in "
		"again)", g && g->gr_gid ? g->gr_name : "mip6d");
}

static void no_answer(struct doc *d)
{
	switch (d->socket_error) {
	case EACCES:
	case EPERM:
		no_permission(d);
		break;
	case ECONNREFUSED:
		if (d->pid) {
			doc_say(d, DOC_FAIL, "daemon", d->socket, "%s: nobody listens there, but "
				"process %d is a mip6d", d->socket, (int)d->pid);
			doc_fix(d, "name its socket (control.socket of its configuration): mip6ctl "
				"-S SOCKET doctor; or restart it");
			break;
		}
		doc_say(d, DOC_FAIL, "daemon", d->socket, "%s is left by a mip6d that is gone",
			d->socket);
		doc_fix(d, "%s: it takes the socket over", start_command(d));
		break;
	case ENOENT:
	case ENOTDIR:
		if (!d->pid) {
			not_running(d);
			break;
		}
		doc_say(d, DOC_FAIL, "daemon", d->socket, "%s: no such socket, but process %d is a "
			"mip6d", d->socket, (int)d->pid);
		doc_fix(d, "name its socket (control.socket of its configuration): mip6ctl -S "
			"SOCKET doctor");
		break;
	case EAGAIN:
		doc_say(d, DOC_FAIL, "daemon", d->socket, "%s: the daemon hangs: it takes no more "
			"calls", d->socket);
		doc_fix(d, "look into its log (journalctl -u mip6d), and restart it");
		break;
	default:
		doc_say(d, DOC_FAIL, "daemon", d->socket, "%s: %s", d->socket,
			d->socket_error ? strerror(d->socket_error) : "the answer is not "
				"understood");
		doc_fix(d, "look into its log (journalctl -u mip6d), or restart it");
	}
}

/* ---- it answers ---- */

static void check_namespace(struct doc *d)
{
	struct stat st;
	char *path = NULL;

	if (!fmt_has(d->diagnosis, "netns") || asprintf(&path, "%s/proc/self/ns/net", d->root) < 0)
		return;
	if (stat(path, &st) == 0 && st.st_ino != (ino_t)fmt_num(d->diagnosis, "netns")) {
		doc_say(d, DOC_FAIL, "namespace", NULL, "the daemon (process %d) is in another "
			"network namespace: what is said of addresses, sysctls and rules here is "
			"not of its own",
			(int)d->pid);
		doc_fix(d, "nsenter --net=/proc/%d/ns/net mip6ctl -S %s doctor", (int)d->pid,
			d->socket);
	}
	free(path);
}

void doc_daemon(struct doc *d)
{
	char age[FMT_LEN], roles[FMT_LEN];

	if (!d->up) {
		no_answer(d);
		return;
	}
	fmt_age(fmt_num(d->status, "uptime"), age);
	fmt_join(d->status, "roles", ", ", roles);
	if (fmt_true(d->status, "ready")) {
		doc_say(d, DOC_OK, "daemon", d->socket, "mip6d %s answers: %s, up %s",
			fmt_str(d->status, "version"), roles, age);
	} else {
		doc_say(d, DOC_WARN, "daemon", d->socket, "mip6d is still starting");
		doc_fix(d, "look into its log if that goes on (journalctl -u mip6d)");
	}
	check_namespace(d);
	if (fmt_num(d->status, "insecure") > 0) {
		doc_say(d, DOC_WARN, "security", NULL, "%.0f with method = \"none\": anybody can "
			"redirect their traffic", fmt_num(d->status, "insecure"));
		doc_fix(d, "security = { method = \"auth-option\"; spi = ...; key_file = ...; }, "
			"the same at both ends");
	}
	if (fmt_true(d->status, "unsafe_timers")) {
		doc_say(d, DOC_WARN, "security", NULL, "unsafe_timers: protocol times outside the "
			"RFCs are in use");
		doc_fix(d, "take unsafe_timers out of the configuration");
	}
}

/* ---- capabilities ---- */

uint64_t doc_caps(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? strtoull(line + strlen(name) + 1, NULL, 16) : 0;
}

void doc_capabilities(struct doc *d)
{
	static const struct { unsigned bit; const char *name; } row[] = {
		{ CAP_NET_ADMIN_BIT, "CAP_NET_ADMIN" }, { CAP_NET_RAW_BIT, "CAP_NET_RAW" },
	};
	char *status = d->pid ? doc_file(d, "/proc/%d/status", (int)d->pid) : NULL;
	bool missing = false;
	uint64_t have;

	if (!status) {
		doc_say(d, DOC_SKIPPED, "capabilities", NULL, d->pid ?
			"the process of the daemon cannot be seen" : "the daemon is not running");
		return;
	}
	have = doc_caps(status, "\nCapEff:");
	free(status);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (have & 1ull << row[i].bit)
			continue;
		missing = true;
		doc_say(d, DOC_FAIL, "capabilities", row[i].name, "the daemon has not %s",
			row[i].name);
		doc_fix(d, "AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW CAP_BPF in mip6d.service, or "
			"start it as root");
	}
	if (!missing)
		doc_say(d, DOC_OK, "capabilities", NULL, "CAP_NET_ADMIN and CAP_NET_RAW are there");
}

/* ---- does it work? ---- */

static void prefixes_of(struct doc *d, const char *hoa)
{
	struct json_object *p;

	DOC_EACH(i, p, d->prefixes) {
		const char *state = fmt_str(p, "state");

		if (strcmp(fmt_str(p, "home_address"), hoa) != 0)
			continue;
		if (strcmp(state, "refused") == 0) {
			doc_say(d, DOC_FAIL, "registration", fmt_str(p, "prefix"), "%s: the home "
				"agent refuses it: %s", fmt_str(p, "prefix"), fmt_str(p, "reason"));
			doc_fix(d, "mobile_nodes.prefixes for %s at the home agent", hoa);
		} else if (strcmp(state, "unsupported") == 0) {
			doc_say(d, DOC_WARN, "registration", fmt_str(p, "prefix"), "%s: the home "
				"agent does not do IPv4 prefixes", fmt_str(p, "prefix"));
			doc_fix(d, "ipv4_options at the home agent and ipv4_option here must "
				"agree");
		}
	}
}

static void paths_of(struct doc *d, const char *hoa)
{
	struct json_object *p;

	DOC_EACH(i, p, d->paths) {
		const char *dev = fmt_str(p, "device"), *state = fmt_str(p, "state");

		if (strcmp(fmt_str(p, "home_address"), hoa) != 0 || !fmt_has(p, "bid"))
			continue;
		if (strcmp(state, "down") == 0 || strcmp(state, "damped") == 0) {
			doc_say(d, DOC_WARN, "path", dev, "BID %s (%s) is %s: %s",
				fmt_str(p, "bid"), dev, state, fmt_str(p, "reason"));
			if (strcmp(fmt_str(p, "reason"), "tunnel") == 0)
				doc_fix(d, "the home agent is reached, but not through the tunnel: "
					"see whether a firewall on the way drops protocol 41");
			else
				doc_fix(d, "mip6ctl path show %s", fmt_str(p, "bid"));
		} else if (strcmp(fmt_str(p, "outer_state"), "mute") == 0) {
			doc_say(d, DOC_WARN, "path", dev, "BID %s (%s): echo requests from the "
				"care-of address were never answered", fmt_str(p, "bid"), dev);
			doc_fix(d, "let them reach %s: without, another path's death may be taken "
				"for that of this one", fmt_str(p, "home_agent"));
		}
	}
}

static void one_home(struct doc *d, struct json_object *h)
{
	const char *hoa = fmt_str(h, "home_address"), *state = fmt_str(h, "state");
	char age[FMT_LEN];

	if (strcmp(state, "bound") == 0 || strcmp(state, "refresh") == 0) {
		doc_say(d, DOC_OK, "registration", hoa, "%s is registered at %s%s%s%s", hoa,
			fmt_str(h, "home_agent"),
			fmt_has(h, "handover_age") ? ", last movement " : "",
			fmt_has(h, "handover_age") ? fmt_age(fmt_num(h, "handover_age"), age) : "",
			fmt_has(h, "handover_age") ? " ago" : "");
		if (fmt_num(h, "probes_lost") > 0) {
			doc_say(d, DOC_WARN, "registration", hoa, "%s: %.0f echo requests through "
				"the tunnel in a row were not "
				"answered", hoa, fmt_num(h, "probes_lost"));
			doc_fix(d, "see whether a firewall on the way or at the home agent drops "
				"tunnelled packets (%s)", strcmp(fmt_str(h, "tunnel"), "-") ?
				fmt_str(h, "tunnel") : "protocol 41");
		}
	} else if (strcmp(state, "home") == 0) {
		doc_say(d, DOC_OK, "registration", hoa, "%s is at home", hoa);
	} else if (strcmp(state, "idle") == 0) {
		doc_say(d, DOC_FAIL, "registration", hoa, "%s is not registered: no uplink has an "
			"address and a router", hoa);
		doc_fix(d, "mip6ctl status shows the uplinks; is there a Router Advertisement on "
			"one (rdisc6 DEVICE)?");
	} else if (fmt_has(h, "problem") || strcmp(state, "backoff") == 0) {
		doc_say(d, DOC_FAIL, "registration", hoa, "%s: %s", hoa,
			fmt_has(h, "problem") ? fmt_str(h, "problem") : "the home agent refuses");
		doc_fix(d, "mip6ctl registration show; mobile_nodes, spi and key at the home "
			"agent");
	} else {
		doc_say(d, DOC_WARN, "registration", hoa, "%s is not registered yet: "
			"%s", hoa, state);
		doc_fix(d, "if that goes on: mip6ctl capture here and at the home agent %s shows "
			"who does not hear whom", fmt_str(h, "home_agent"));
	}
	prefixes_of(d, hoa);
	paths_of(d, hoa);
}

static void home_agent(struct doc *d, struct json_object *ha)
{
	struct json_object *s = fmt_get(d->stats, "home_agent"), *a, *v;

	doc_say(d, DOC_OK, "registration", NULL, "%.0f of %.0f mobile nodes have a binding",
		fmt_num(ha, "bindings"), fmt_num(ha, "mobile_nodes"));
	a = s ? fmt_get(s, "refused") : NULL;
	if (!json_object_is_type(a, json_type_array))
		return;
	DOC_EACH(i, v, a) {
		doc_say(d, DOC_WARN, "registration", fmt_str(v, "status"), "%.0f updates were "
			"refused with status %s (%s) since the start", fmt_num(v, "count"),
			fmt_str(v, "status"), fmt_str(v, "name"));
		doc_fix(d, "the log says which (journalctl -u mip6d)");
	}
	if (fmt_num(s, "dropped_auth") > 0) {
		doc_say(d, DOC_WARN, "registration", NULL, "%.0f updates had wrong authentication "
			"data since the start", fmt_num(s, "dropped_auth"));
		doc_fix(d, "spi and key_file must be the same at both ends; the log names the "
			"node");
	}
}

void doc_registrations(struct doc *d)
{
	struct json_object *h;

	if (!d->up)
		return;
	DOC_EACH(i, h, d->homes)
		one_home(d, h);
	if (fmt_has(d->status, "home_agent"))
		home_agent(d, fmt_get(d->status, "home_agent"));
}
