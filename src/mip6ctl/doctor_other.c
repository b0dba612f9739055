/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock, other programs that do the same work, rules in the way, and files. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "mip6ctl/doctor.h"
#include "mip6ctl/fmt.h"
#include "store/conf.h"

#define MOBILE		(ROLE_MR | ROLE_MN)
#define MH		135
#define PROTOCOL	200		/* of our routes: conf/mip6d-rt_protos.conf */
#define RTF_ADDRCONF	0x00040000	/* linux/ipv6_route.h: by a Router Advertisement */
#define BUILT		1735689600	/* 2025: no clock that is right says less */
#define SOCKETS		16

/* ---- clock ---- */

static bool stamps_in(struct json_object *list)
{
	struct json_object *o, *sec;

	DOC_EACH(i, o, list) {
		sec = fmt_get(o, "security");
		if (sec && strcmp(fmt_str(sec, "method"), "auth-option") == 0 &&
		    (!fmt_has(sec, "timestamps") || fmt_true(sec, "timestamps")))
			return true;
	}
	return false;
}

void doc_clock(struct doc *d)
{
	struct timex t = { 0 };
	int state;

	if (time(NULL) < BUILT) {
		doc_say(d, DOC_FAIL, "clock", NULL, "the clock is wrong: it says %ld seconds since "
			"1970",
			(long)time(NULL));
		doc_fix(d, "set it (date, hwclock), and run chrony or systemd-timesyncd");
		return;
	}
	if (!d->conf) {
		doc_say(d, DOC_SKIPPED, "clock", NULL, "whether it matters is not known without "
			"the configuration");
		return;
	}
	if (!stamps_in(doc_list(d, "homes")) && !stamps_in(doc_list(d, "mobile_nodes"))) {
		doc_say(d, DOC_OK, "clock", NULL, "no message has a timestamp: the time of day "
			"does not matter");
		return;
	}
	state = adjtimex(&t);
	if (state < 0) {		/* the filter of a container */
		doc_say(d, DOC_SKIPPED, "clock", NULL, "cannot tell whether it is synchronised: %s",
			strerror(errno));
		return;
	}
	if (state != TIME_ERROR && !(t.status & STA_UNSYNC)) {
		doc_say(d, DOC_OK, "clock", NULL, "it is synchronised");
		return;
	}
	doc_say(d, DOC_WARN, "clock", NULL, "nothing synchronises it: updates are refused (status "
		"144) when both ends differ by more than the replay window (7 s)");
	doc_fix(d, "timedatectl set-ntp true, or run chrony; without a clock: security.timestamps "
		"= false at both ends");
}

/* ---- others with the same work ---- */

size_t doc_raw_sockets(const char *raw6, unsigned proto, struct doc_socket *s, size_t cap)
{
	size_t n = 0;

	for (const char *l = raw6; *l; l += strcspn(l, "\n"), l += *l == '\n') {
		struct doc_socket i;
		unsigned port;

		if (sscanf(l, "%*u: %*32[0-9A-F]:%x %*s %*s %*s %*s %*s %u %*u %lu", &port, &i.uid,
			   &i.inode) != 3 || port != proto)
			continue;
		if (n < cap)
			s[n] = i;
		n++;
	}
	return n;
}

unsigned doc_ra_defaults(const char *text, const char *dev)
{
	unsigned n = 0;

	for (const char *l = text; *l; l += strcspn(l, "\n"), l += *l == '\n') {
		unsigned plen, flags;
		char dst[33], name[IFNAMSIZ];

		if (sscanf(l, "%32s %x %*s %*s %*s %*s %*s %*s %x %15s", dst, &plen, &flags,
			   name) == 4 &&
		    plen == 0 && strspn(dst, "0") == 32 && flags & RTF_ADDRCONF &&
		    strcmp(name, dev) == 0)
			n++;
	}
	return n;
}

/* Has the process that socket? Only root can look at those of others. */
static bool owns(const struct doc *d, pid_t pid, unsigned long inode)
{
	char path[512], link[64], wanted[64];
	struct dirent *e;
	bool found = false;
	DIR *dir;

	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	snprintf(path, sizeof(path), "%s/proc/%d/fd", d->root, (int)pid);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir))) {
		ssize_t n;

		snprintf(path, sizeof(path), "%s/proc/%d/fd/%.20s", d->root, (int)pid, e->d_name);
		n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		found = strcmp(link, wanted) == 0;
	}
	if (dir)
		closedir(dir);
	return found;
}

static pid_t owner(const struct doc *d, unsigned long inode)
{
	char path[512];
	struct dirent *e;
	pid_t pid = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/proc", d->root);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		pid = (pid_t)strtol(e->d_name, NULL, 10);
		if (pid > 0 && owns(d, pid, inode))
			break;
		pid = 0;
	}
	if (dir)
		closedir(dir);
	return pid;
}

static void rival_socket(struct doc *d, unsigned long inode)
{
	pid_t pid = owner(d, inode);
	char name[64] = "?";

	if (pid == d->pid && pid)
		return;
	if (pid)
		doc_process_name(d, pid, name);
	if (!d->up && pid && strcmp(name, "mip6d") == 0)
		return;			/* ours, which does not answer: said already */
	doc_say(d, DOC_FAIL, "rival", name, "%s has a socket for Mobility Header messages: two "
		"daemons answer the same messages", pid ? name : "another process");
	if (pid)
		doc_fix(d, "stop process %d (%s), such as: systemctl disable --now mip6d of "
			"package mipv6-daemon", (int)pid, name);
	else
		doc_fix(d, "as root, this command names it; ss -w -6 -p shows it too");
}

/* Without root, a socket of another user than the daemon's is all that can be told. */
static void rival_user(struct doc *d, const struct doc_socket *s)
{
	struct stat st = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "%.32s/proc/%d", d->root, (int)d->pid);
	if (!d->pid || stat(path, &st) < 0 || st.st_uid == s->uid)
		return;
	doc_say(d, DOC_FAIL, "rival", NULL, "a process of user %u has a socket for Mobility Header "
		"messages, too: two daemons answer the same messages", s->uid);
	doc_fix(d, "as root, this command names it");
}

static void rival_sockets(struct doc *d)
{
	char *text = doc_file(d, "/proc/net/raw6");
	struct doc_socket s[SOCKETS];
	size_t n = text ? doc_raw_sockets(text, MH, s, SOCKETS) : 0;

	free(text);
	for (size_t i = 0; i < MIN(n, (size_t)SOCKETS); i++) {
		if (d->privileged)
			rival_socket(d, s[i].inode);
		else
			rival_user(d, &s[i]);
	}
}

/* Who else configures that device? The state files of the three that are common. */
static const char *manager(const struct doc *d, const char *dev)
{
	const struct doc_link *l = doc_link(d, dev);
	char *text = l ? doc_file(d, "/run/NetworkManager/devices/%u", l->ifindex) : NULL;
	const char *who = text && strstr(text, "managed=true") ? "NetworkManager" : NULL;

	free(text);
	text = l && !who ? doc_file(d, "/run/systemd/netif/links/%u", l->ifindex) : NULL;
	if (text && strstr(text, "ADMIN_STATE=") && !strstr(text, "ADMIN_STATE=unmanaged"))
		who = "systemd-networkd";
	free(text);
	if (!who && (doc_exists(d, "/run/dhcpcd/%s.pid", dev) ||
		     doc_exists(d, "/run/dhcpcd-%s.pid", dev)))
		who = "dhcpcd";
	return who;
}

static void rival_of_uplink(struct doc *d, struct json_object *u)
{
	const char *dev = fmt_str(u, "device"), *who;
	char *routes;
	unsigned n;

	if (fmt_true(u, "managed"))
		return;
	who = manager(d, dev);
	if (who) {
		doc_say(d, DOC_FAIL, "rival", dev, "%s configures %s, and so does mip6d", who, dev);
		doc_fix(d, strcmp(who, "NetworkManager") == 0 ? "nmcli device set %s managed no, "
			"or uplinks.managed = true" : strcmp(who, "dhcpcd") == 0 ? "denyinterfaces "
			"%s in dhcpcd.conf, or uplinks.managed = true" : "Unmanaged=yes for %s in "
			"its .network file, or uplinks.managed = true", dev);
	}
	routes = d->up ? doc_file(d, "/proc/net/ipv6_route") : NULL;
	n = routes ? doc_ra_defaults(routes, dev) : 0;
	free(routes);
	if (n) {
		doc_say(d, DOC_FAIL, "rival", dev, "the kernel has made %u default route%s of its "
			"own from Router Advertisements on %s: traffic goes around the tunnel", n,
			n > 1 ? "s" : "", dev);
		doc_fix(d, "sysctl -w net/ipv6/conf/%s/accept_ra=0; ip -6 route del default dev %s "
			"proto ra", dev, dev);
	}
}

void doc_rivals(struct doc *d)
{
	size_t before = d->n_item;
	struct json_object *u;

	rival_sockets(d);
	DOC_EACH(i, u, doc_list(d, "uplinks"))
		rival_of_uplink(d, u);
	if (d->n_item == before)
		doc_say(d, DOC_OK, "rival", NULL, "no other program does the same work");
}

/* ---- rules and routes ---- */

static struct json_object *ip_json(const char *const *words)
{
	static const char *const where[] = { "/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip" };
	const char *argv[12] = { NULL };
	struct json_object *o;
	char *text;
	size_t i = 0;

	while (i < ARRAY_SIZE(where) && access(where[i], X_OK) < 0)
		i++;
	if (i == ARRAY_SIZE(where))
		return NULL;
	argv[0] = where[i];
	for (size_t k = 0; words[k] && k + 2 < ARRAY_SIZE(argv); k++)
		argv[k + 1] = words[k];
	text = doc_run(argv);
	o = text ? json_tokener_parse(text) : NULL;
	free(text);
	if (json_object_is_type(o, json_type_array))
		return o;
	json_object_put(o);
	return NULL;
}

long doc_rule_before(struct json_object *rules, uint32_t pref, const char **table)
{
	static const char *const narrows[] = {
		"fwmark", "iif", "oif", "dst", "ipproto", "sport", "dport", "uidrange", "tos",
		"suppress_prefixlength", "suppress_ifgroup", "not", "l3mdev", "tun_id", "goto",
	};
	struct json_object *r;

	DOC_EACH(i, r, rules) {
		long p = (long)fmt_num(r, "priority");
		bool narrow = strcmp(fmt_str(r, "src"), "all") != 0 || !fmt_has(r, "table");

		for (size_t k = 0; k < ARRAY_SIZE(narrows); k++)
			narrow |= json_object_object_get_ex(r, narrows[k], NULL);
		if (narrow || p <= 0 || p >= (long)pref)
			continue;
		*table = fmt_str(r, "table");
		return p;
	}
	return -1;
}

static bool rules(struct doc *d)
{
	static const char *const words[][4] = { { "-j", "-6", "rule" }, { "-j", "-4", "rule" } };
	uint32_t pref = (uint32_t)fmt_num(d->conf, "rule_pref");
	bool ok = true;

	for (size_t i = 0; i < ARRAY_SIZE(words) && pref; i++) {
		struct json_object *all = ip_json(words[i]);
		const char *table = NULL;
		long before = all ? doc_rule_before(all, pref, &table) : -1;

		if (before >= 0) {
			ok = false;
			doc_say(d, DOC_WARN, "route", NULL, "%s rule %ld sends all packets to "
				"table %s before the rules of mip6d (%u and on): a default route "
				"there goes around the tunnel", i ? "IPv4" : "IPv6", before, table,
				pref);
			doc_fix(d, "give that rule a preference above %u, or rule_pref one below "
				"%ld",
				pref + 20, before);
		}
		json_object_put(all);
	}
	return ok;
}

/* Routes of our protocol number without a daemon: its work, left behind. */
static bool leftovers(struct doc *d)
{
	static const char *const words[] = { "-j", "-6", "route", "show", "table", "all",
					     "protocol", "200", NULL };
	struct json_object *all = ip_json(words);
	size_t n = all ? json_object_array_length(all) : 0;

	json_object_put(all);
	if (!n)
		return true;
	doc_say(d, DOC_WARN, "route", NULL, "%zu routes of protocol %d are there without a mip6d: "
		"it was killed, or somebody else uses the number", n, PROTOCOL);
	doc_fix(d, "starting mip6d takes its own away; others: ip -6 route show table all proto %d",
		PROTOCOL);
	return false;
}

void doc_routes(struct doc *d)
{
	bool ok = true;

	if (!d->up && !d->pid)
		ok &= leftovers(d);
	if (d->conf && d->roles & MOBILE)
		ok &= rules(d);
	if (ok)
		doc_say(d, DOC_OK, "route", NULL, "no rules or routes of others are in the way");
}

/* ---- files ---- */

/* The name that a file of numbers and names gives to ours; "" none. */
static void name_in(const char *text, char buf[static 32])
{
	for (const char *l = text; *l; l += strcspn(l, "\n"), l += *l == '\n') {
		char name[32];
		long v;

		if (sscanf(l, "%li %31s", &v, name) == 2 && v == PROTOCOL)
			memcpy(buf, name, sizeof(name));
	}
}

void doc_files(struct doc *d)
{
	static const char *const file[] = {
		"/usr/share/iproute2/rt_protos", "/usr/lib/iproute2/rt_protos",
		"/etc/iproute2/rt_protos", "/usr/share/iproute2/rt_protos.d/mip6d.conf",
		"/etc/iproute2/rt_protos.d/mip6d.conf",
	};
	char name[32] = "";

	for (size_t i = 0; i < ARRAY_SIZE(file); i++) {
		char *text = doc_file(d, "%s", file[i]);

		if (text)
			name_in(text, name);
		free(text);
	}
	if (strcmp(name, "mip6d") == 0) {
		doc_say(d, DOC_OK, "files", NULL, "ip route knows protocol %d as mip6d", PROTOCOL);
		return;
	}
	if (*name)
		doc_say(d, DOC_WARN, "files", NULL, "protocol %d of routes is called %s "
			"here", PROTOCOL,
			name);
	else
		doc_say(d, DOC_WARN, "files", NULL, "ip route does not know protocol %d as mip6d",
			PROTOCOL);
	doc_fix(d, "mkdir -p /etc/iproute2/rt_protos.d; echo '%d mip6d' > "
		"/etc/iproute2/rt_protos.d/mip6d.conf", PROTOCOL);
}
