/* SPDX-License-Identifier: BSD-2-Clause */
/* Many objects: bounded batches, answers found or lost, overruns of the news, and the cost. */
#include "ktest.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define BINDINGS	1000
#define ADDRS		2000
#define SMALL		(64 * 1024)	/* octets of receive buffer */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Home address, one IPv6 and one IPv4 prefix: routes and ingress entries. */
static struct kplan binding(unsigned i, const char *coa)
{
	struct kplan p = { 0 };
	char dst[3][64], hoa[48];

	snprintf(hoa, sizeof(hoa), "2001:db8:1:1::%x", i + 1);
	snprintf(dst[0], sizeof(dst[0]), "%s/128", hoa);
	snprintf(dst[1], sizeof(dst[1]), "2001:db8:8000:%x::/64", i);
	snprintf(dst[2], sizeof(dst[2]), "10.%u.%u.0/24", 64 + i / 256, i % 256);
	for (int j = 0; j < 3; j++) {
		put(&p, k_encap(dst[j], "mip3", RT_TABLE_MAIN, 2000 + i, coa));
		put(&p, k_ingress("mip3", dst[j], hoa, coa));
	}
	return p;
}

static unsigned n_done, n_failed_switches;

static void one_done(void *arg, int rc)
{
	(void)arg;
	n_done++;
	n_failed_switches += rc < 0;
}

static bool all_done(void *arg)
{
	return n_done == *(unsigned *)arg;
}

static double switch_all(const struct kplan *have, const struct kplan *want, const char *what)
{
	struct kern_stats before = kern_stats(t.k), after;
	unsigned n = BINDINGS;
	double start = now(), took;

	n_done = n_failed_switches = 0;
	for (unsigned i = 0; i < n; i++)
		kplan_switch(t.k, have ? &have[i] : &none, want ? &want[i] : &none, one_done, NULL);
	run_until(all_done, &n, 120.);
	took = now() - start;
	after = kern_stats(t.k);
	ok(n_done == n && n_failed_switches == 0, "%s: %u switches, %u failed %s", what, n_done,
	   n_failed_switches, kern_error(t.k));
	note("%s: %.1f ms, %.1f us a binding, %llu requests in %llu batches", what, took * 1e3,
	     took * 1e6 / n, (unsigned long long)(after.requests - before.requests),
	     (unsigned long long)(after.batches - before.batches));
	return took;
}

static void load_bindings(enum kern_ingress_mode mode)
{
	static struct kplan a[BINDINGS], b[BINDINGS];
	struct kplan base = { 0 };
	char *before = snapshot();

	kern_begin(mode);
	put(&base, k_link("mip3", KLINK_IP6TNL_EXTERNAL));
	base.obj[0].link.ingress = true;
	ok(change(&none, &base) == 0, "device: %s", kern_error(t.k));
	for (unsigned i = 0; i < BINDINGS; i++) {
		a[i] = binding(i, COA1);
		b[i] = binding(i, COA2);
	}
	note("%s", mode == KERN_INGRESS_BPF ? "ingress check by BPF" : "ingress check by flower");
	switch_all(NULL, a, "1000 bindings made");
	ok(atoi(sh("(ip -6 route show proto 200; ip -4 route show proto 200) | wc -l")) ==
	   3 * BINDINGS,
	   "all routes are there");
	switch_all(a, b, "1000 bindings moved");
	ok(atoi(sh("(ip -6 route show proto 200; ip -4 route show proto 200) |"
		   " grep -c 'dst " COA2 " '")) == 3 * BINDINGS,
	   "all routes have moved");
	switch_all(b, NULL, "1000 bindings gone");
	change(&base, &none);
	same_snapshot(before, "nothing is left");
	ok(kern_stats(t.k).objects == 0 && kern_stats(t.k).errors == 0, "no objects, no errors");
	kern_end();
	for (unsigned i = 0; i < BINDINGS; i++) {
		kplan_free(&a[i]);
		kplan_free(&b[i]);
	}
	kplan_free(&base);
	free(before);
}

static unsigned n_each;

static void count_each(void *arg, const struct kaddr_news *a)
{
	(void)arg, (void)a;
	n_each++;
}

/* Of our netlink sockets: the monitor's (it has joined groups) or those for requests. */
static void set_buffers(bool monitor, int bytes)
{
	for (int fd = 3; fd < 64; fd++) {
		struct sockaddr_nl sa = { 0 };
		socklen_t len = sizeof(sa);

		if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0 &&
		    sa.nl_family == AF_NETLINK && !!sa.nl_groups == monitor)
			setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	}
}

/* The kernel says so much in one turn that the monitor's buffer runs over. */
static void load_news(void)
{
	struct kplan p = { 0 }, link = { 0 };
	const struct klink *l;

	kern_begin(KERN_INGRESS_BPF);
	set_buffers(true, SMALL);
	run_for(0.1);
	put(&link, k_link("mip0", KLINK_DUMMY));
	change(&none, &link);
	l = kern_link(t.k, "mip0");
	p.obj = calloc(ADDRS, sizeof(*p.obj));
	p.cap = p.n = ADDRS;
	for (unsigned i = 0; i < ADDRS; i++) {
		char addr[64];

		snprintf(addr, sizeof(addr), "2001:db8:2::%x/128", i + 1);
		p.obj[i] = k_addr("mip0", addr, IFA_F_NODAD);
	}
	memset(&t.seen, 0, sizeof(t.seen));
	ok(change(&none, &p) == 0, "%u addresses in one plan: %s", ADDRS, kern_error(t.k));
	run_for(0.2);
	kern_addr_each(t.k, l ? l->ifindex : -1, count_each, NULL);
	ok(n_each == ADDRS && t.seen.addr == ADDRS, "each is in the cache and was told once: %u %u",
	   n_each, t.seen.addr);
	note("%llu overruns", (unsigned long long)kern_stats(t.k).overruns);
	ok(change(&p, &none) == 0, "all taken away");
	run_for(0.2);
	n_each = 0;
	kern_addr_each(t.k, l ? l->ifindex : -1, count_each, NULL);
	ok(n_each == 0 && t.seen.addr_gone == ADDRS, "and told: %u %u", n_each, t.seen.addr_gone);
	ok(kern_stats(t.k).overruns > 0, "the buffer did run over");
	change(&link, &none);
	kern_end();
	kplan_free(&p);
	kplan_free(&link);
}

/* Answers that do not fit the buffer are lost: the switch fails and still leaves nothing. */
static void load_answers(void)
{
	struct kplan p = { 0 };
	char *before = snapshot();

	kern_begin(KERN_INGRESS_BPF);
	run_for(0.1);
	for (unsigned i = 0; i < 600; i++) {
		char dst[64];

		snprintf(dst, sizeof(dst), "2001:db8:7000:%x::/64", i);
		put(&p, k_route(dst, "va", RT_TABLE_MAIN, 9));
	}
	set_buffers(false, 1);
	ok(change(&none, &p) == -ENOBUFS, "answers lost: %s", kern_error(t.k));
	set_buffers(false, 1 << 20);
	ok(kern_stats(t.k).objects == 0, "nothing is counted");
	same_snapshot(before, "and nothing is left");
	ok(change(&none, &p) == 0, "with room for them it works: %s", kern_error(t.k));
	ok(change(&p, &none) == 0, "taken away");
	kern_end();
	kplan_free(&p);
	free(before);
}

void test_load(void)
{
	load_answers();
	load_bindings(KERN_INGRESS_BPF);
	load_bindings(KERN_INGRESS_FLOWER);
	load_news();
}
