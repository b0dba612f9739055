/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ktest [WORD]               only the groups whose name contains WORD; needs root, `ip`
 * ktest --probe bpf|flower   what kern_probe() says here, in this namespace and with
 *                            these capabilities
 * Exit status 0 only if all is well.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "ktest.h"
#include "ktest_steer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "run/log.h"

#define LIMIT	30.			/* seconds that a switch may take on a bad day */

struct ktest t;
const struct kplan none;
static unsigned n_test, n_failed;

/* ---- TAP ---- */

void ok(bool good, const char *fmt, ...)
{
	va_list ap;

	n_failed += !good;
	printf("%sok %u - ", good ? "" : "not ", ++n_test);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

void note(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

void skip(const char *fmt, ...)
{
	va_list ap;

	printf("ok %u # SKIP ", ++n_test);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* ---- the independent eye ---- */

static const char *sh_run(const char *command)
{
	static char out[SH_MAX];
	FILE *f = popen(command, "r");
	size_t n = 0, got;

	if (!f)
		return "";
	while (n < sizeof(out) - 1 && (got = fread(out + n, 1, sizeof(out) - 1 - n, f)) > 0)
		n += got;
	pclose(f);
	out[n] = '\0';
	return out;
}

const char *sh(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return sh_run(command);
}

bool says(const char *needle, const char *fmt, ...)
{
	char command[1024];
	const char *out;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	out = sh_run(command);
	if (strstr(out, needle))
		return true;
	note("no \"%s\" in: %s", needle, command);
	note("%s", out);
	return false;
}

unsigned lines_of(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

char *snapshot(void)
{
	/* As few processes as may be: one costs 60 ms in user-mode Linux. */
	return strdup(sh("cd /run; (printf 'route show table all\nrule list\n' | ip -4 -batch -;"
			 " printf 'link show\naddr show\nroute show table all\nrule list\n"
			 "neigh show proxy\nxfrm state list\nxfrm policy list\n' |"
			 " ip -6 -d -batch -; cat /proc/sys/net/ipv6/conf/*/proxy_ndp"
			 " /proc/sys/net/ipv6/conf/*/forwarding) 2>/dev/null | sort"));
}

void same_snapshot(const char *before, const char *what)
{
	char *now = snapshot();
	bool same = strcmp(before, now) == 0;
	FILE *a, *b;

	ok(same, "%s", what);
	if (!same && (a = fopen("/run/ktest.a", "w")) && (b = fopen("/run/ktest.b", "w"))) {
		fputs(before, a);
		fputs(now, b);
		fclose(a);
		fclose(b);
		note("%s", sh("diff /run/ktest.a /run/ktest.b"));
	}
	free(now);
}

/* ---- the loop ---- */

static void timeout_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)revents;
	*(bool *)w->data = true;
	ev_break(loop, EVBREAK_ALL);
}

bool run_until(bool (*done)(void *arg), void *arg, double seconds)
{
	bool late = false;
	ev_timer timer;

	ev_timer_init(&timer, timeout_cb, seconds, 0.);
	timer.data = &late;
	ev_now_update(t.loop);
	ev_timer_start(t.loop, &timer);
	while (!late && !(done && done(arg)))
		ev_run(t.loop, EVRUN_ONCE);
	ev_timer_stop(t.loop, &timer);
	return !late;
}

void run_for(double seconds)
{
	run_until(NULL, NULL, seconds);
}

struct result { bool done; int rc; };

static void change_done(void *arg, int rc)
{
	*(struct result *)arg = (struct result){ true, rc };
}

static bool is_done(void *arg)
{
	return ((struct result *)arg)->done;
}

int change(const struct kplan *have, const struct kplan *want)
{
	struct result r = { false, -ETIMEDOUT };
	int rc = kplan_switch(t.k, have, want, change_done, &r);

	if (rc < 0)
		return rc;
	if (r.done)
		ok(false, "done() came from inside kplan_switch()");
	run_until(is_done, &r, LIMIT);
	return r.rc;
}

/* ---- news ---- */

static void on_link(void *arg, const struct klink *l, bool gone)
{
	struct news_seen *s = arg;

	*(gone ? &s->link_gone : &s->link) += 1;
	s->last_link = *l;
}

static void on_addr(void *arg, const struct kaddr_news *a)
{
	struct news_seen *s = arg;

	*(a->gone ? &s->addr_gone : &s->addr) += 1;
	s->last_addr = *a;
}

static void on_addr4(void *arg, int ifindex)
{
	struct news_seen *s = arg;

	s->addr4++;
	s->last_addr4 = ifindex;
}

static void on_route(void *arg, const struct kroute_news *r)
{
	struct news_seen *s = arg;

	*(r->gone ? &s->route_gone : &s->route) += 1;
	s->last_route = *r;
}

static void on_report(void *arg, const struct kreport *r)
{
	struct news_seen *s = arg;

	s->report++;
	s->last_report = *r;
}

void kern_begin(enum kern_ingress_mode mode)
{
	struct kern_conf conf = { .ingress = mode, .sysctl_file = SYSCTL_FILE };
	struct kern_news news = { .link = on_link, .addr = on_addr, .route = on_route,
				  .report = on_report, .addr4 = on_addr4, .arg = &t.seen };
	int rc = kern_open(&t.k, t.loop, &conf, &news);

	if (rc < 0) {
		printf("Bail out! kern_open: %s\n", strerror(-rc));
		exit(1);
	}
}

void kern_end(void)
{
	kern_close(t.k);
	t.k = NULL;
}

/* ---- plans ---- */

struct in6_addr ip6(const char *s)
{
	struct in6_addr a = in6addr_any;

	if (inet_pton(AF_INET6, s, &a) != 1)
		abort();
	return a;
}

struct prefix pfx(const char *s)
{
	struct prefix p;

	if (prefix_parse(s, &p) < 0)
		abort();
	return p;
}

struct carrier tunnel(const char *local, const char *remote)
{
	struct in6_addr l = ip6(local), r = ip6(remote);

	return (struct carrier){ CARRIER_IP6TNL, locator6(&l), locator6(&r), 0 };
}

struct kobj k_link(const char *name, enum klink_kind kind)
{
	struct kobj o = { .kind = KOBJ_LINK, .link = { .kind = (uint8_t)kind } };

	snprintf(o.link.name, sizeof(o.link.name), "%s", name);
	return o;
}

struct kobj k_peer(const char *name, enum klink_kind kind, const char *remote, uint32_t key)
{
	struct kobj o = k_link(name, kind);

	o.link.carrier = tunnel(HA_ADDR, remote);
	if (kind == KLINK_IP6GRE)
		o.link.carrier.kind = CARRIER_IP6GRE;
	o.link.carrier.key = key;
	return o;
}

struct kobj k_route(const char *dst, const char *dev, uint32_t table, uint32_t metric)
{
	struct kobj o = { .kind = KOBJ_ROUTE, .route = { .table = table, .metric = metric } };

	o.route.dst = pfx(dst);
	snprintf(o.route.dev, sizeof(o.route.dev), "%s", dev);
	return o;
}

struct kobj k_encap(const char *dst, const char *dev, uint32_t table, uint32_t metric,
		    const char *remote)
{
	struct kobj o = k_route(dst, dev, table, metric);

	o.route.encap = tunnel(HA_ADDR, remote);
	return o;
}

struct kobj k_addr(const char *dev, const char *addr, uint32_t flags)
{
	struct kobj o = { .kind = KOBJ_ADDR, .addr = { .flags = flags } };

	o.addr.addr = pfx(addr);
	snprintf(o.addr.dev, sizeof(o.addr.dev), "%s", dev);
	return o;
}

struct kobj k_ingress(const char *dev, const char *inner, const char *owner, const char *outer)
{
	struct in6_addr coa = ip6(outer);
	struct kobj o = { .kind = KOBJ_INGRESS, .ingress = { .outer = locator6(&coa) } };

	o.ingress.inner = pfx(inner);
	o.ingress.owner = ip6(owner);
	snprintf(o.ingress.dev, sizeof(o.ingress.dev), "%s", dev);
	return o;
}

struct kobj k_sysctl(const char *path, const char *value)
{
	struct kobj o = { .kind = KOBJ_SYSCTL };

	snprintf(o.sysctl.path, sizeof(o.sysctl.path), "%s", path);
	snprintf(o.sysctl.value, sizeof(o.sysctl.value), "%s", value);
	return o;
}

void put(struct kplan *p, struct kobj o)
{
	if (kplan_add(p, &o) < 0)
		abort();
}

/* ---- the two namespaces ---- */

void in_peer(bool peer)
{
	if (setns(peer ? t.ns_peer : t.ns_here, CLONE_NEWNET) < 0)
		abort();
}

static void make_network(void)
{
	if (unshare(CLONE_NEWNET) < 0) {
		printf("Bail out! unshare: %s\n", strerror(errno));
		exit(1);
	}
	t.ns_here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (unshare(CLONE_NEWNET) < 0)
		abort();
	t.ns_peer = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	note("peer: %s", sh("ip link set lo up; ip link add vb type veth peer name va;"
			    "ip link set va netns /proc/%d/fd/%d; ip link set vb up;"
			    "ip addr add " PEER_ADDR "/64 dev vb nodad 2>&1",
			    getpid(), t.ns_here));
	in_peer(false);
	note("here: %s", sh("ip link set lo up; ip link set va up; ip addr add " HA_ADDR
			    "/64 dev va nodad; ip link add k0 type dummy; ip link set k0 up;"
			    "ip addr add " INSIDE6 "/64 dev k0 nodad; ip addr add " INSIDE4
			    "/24 dev k0; sleep 2 2>&1"));
	/* The modules' own devices come with the first of ours, once and for all. */
	sh("ip link add x type ip6tnl external; ip link del x;"
	   "ip link add x type ip6gre external; ip link del x");
}

static const struct kern_needs all_needs = { true, true, true, true, true };

static void say(void *arg, const char *line)
{
	(void)arg;
	note("missing: %s", line);
}

static void test_probe(void)
{
	struct kern_needs no_steering = all_needs;
	char *before = snapshot();

	no_steering.steer = false;
	kern_begin(KERN_INGRESS_BPF);
	ok(kern_probe(t.k, &all_needs, say, NULL) == 0, "probe: BPF mode, nothing missing");
	kern_end();
	kern_begin(KERN_INGRESS_FLOWER);
	ok(kern_probe(t.k, &no_steering, say, NULL) == 0, "probe: flower mode");
	ok(kern_probe(t.k, &all_needs, say, NULL) == 1, "probe: flower mode cannot steer");
	printf("# care-of addresses on request: %s\n", kern_probe_source(t.k) ? "yes" : "no");
	printf("# routes by source: %s\n", kern_probe_from(t.k) ? "yes" : "no");
	kern_end();
	same_snapshot(before, "probe leaves no trace");
	free(before);
}

static void test_ingress_bpf(void)
{
	test_ingress(KERN_INGRESS_BPF);
}

static void test_ingress_flower(void)
{
	test_ingress(KERN_INGRESS_FLOWER);
}

static int probe_here(const char *mode)
{
	unsigned missing;

	kern_begin(strcmp(mode, "flower") == 0 ? KERN_INGRESS_FLOWER : KERN_INGRESS_BPF);
	missing = kern_probe(t.k, &all_needs, say, NULL);
	printf("%u missing\n", missing);
	kern_end();
	return missing ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*fn)(void); } group[] = {
		{ "probe", test_probe }, { "objects", test_objects },
		{ "replace", test_replace }, { "undo", test_undo },
		{ "sharing", test_sharing }, { "leftovers", test_leftovers },
		{ "news", test_news }, { "ingress-bpf", test_ingress_bpf },
		{ "ingress-flower", test_ingress_flower }, { "xfrm", test_xfrm_packets },
		{ "steer", test_steer }, { "policy", test_policy },
		{ "load", test_load },
	};

	log_init(getenv("KTEST_DEBUG") ? LOG_LV_DEBUG : LOG_LV_ERR);
	t.loop = ev_default_loop(0);
	if (argc > 2 && strcmp(argv[1], "--probe") == 0)
		return probe_here(argv[2]);
	make_network();
	for (size_t i = 0; i < ARRAY_SIZE(group); i++) {
		if (argc > 1 && !strstr(group[i].name, argv[1]))
			continue;
		note("%s", group[i].name);
		group[i].fn();
	}
	printf("1..%u\n", n_test);
	ev_loop_destroy(t.loop);
	return n_failed ? 1 : 0;
}
