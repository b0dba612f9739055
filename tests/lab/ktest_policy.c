/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow policy on a real kernel: what it chooses by, fragments, copies, errors, changes, counts. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "ktest_steer.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const uint8_t by_first[] = { 1, 0, 0 };	/* what no flow names goes by path 1 */

struct kobj k_flow(uint32_t order, const struct flowsel *sel, uint16_t first, uint16_t second)
{
	struct kobj o = { .kind = KOBJ_SFLOW, .sflow = { .owner = ip6(OWNER), .order = order,
							 .id = order + 1, .sel = *sel,
							 .bid = { first, second } } };

	return o;
}

static struct flowsel from(const char *net)
{
	struct flowsel s = { 0 };
	struct prefix p = pfx(net);

	flowsel_src(&s, &p);
	return s;
}

/* ---- what it chooses by ---- */

struct sel_case { const char *what; struct flowsel sel; struct spec hit, miss; };

#define SEL_RANGE(bit, f, lo, hi)	{ .has = (bit), .f##_lo = (lo), .f##_hi = (hi) }

static void one_selector(struct steer_world *w, const struct sel_case *c)
{
	struct kplan p = { 0 };
	struct spec hit = c->hit, miss = c->miss;
	uint8_t got_hit, got_miss;

	hit.up = miss.up = w->mode == MODE_UP;
	put_paths(&p, w, 3, by_first);
	put(&p, k_flow(7, &c->sel, 2, 0));
	if (change(&none, &p) < 0)
		note("%s", kern_error(t.k));
	got_hit = way_of(&hit);
	got_miss = way_of(&miss);
	ok(got_hit == 2 && got_miss == 1, "%s: %u, what is not so: %u", c->what, got_hit, got_miss);
	change(&p, &none);
	kplan_free(&p);
}

static void selectors(struct steer_world *w)
{
	const struct sel_case row[] = {
		{ "ports", SEL_RANGE(FLOWSEL_SPORT, sport, 5060, 5061), { .sport = 5061 },
		  { .sport = 5062 } },
		{ "port, IPv4", SEL_RANGE(FLOWSEL_DPORT, dport, 53, 53), { .v4 = true, .dport = 53 },
		  { .v4 = true, .sport = 53 } },
		{ "DSCP", SEL_RANGE(FLOWSEL_DSCP, dscp, 46, 46), { .dscp = 46 }, { .dscp = 47 } },
		{ "DSCP, IPv4", SEL_RANGE(FLOWSEL_DSCP, dscp, 46, 46), { .v4 = true, .dscp = 46 },
		  { .v4 = true, .dscp = 45 } },
		{ "protocol", SEL_RANGE(FLOWSEL_PROTO, proto, 6, 6), { .proto = 6 }, { .proto = 17 } },
		{ "protocol behind a header", SEL_RANGE(FLOWSEL_PROTO, proto, 132, 132),
		  { .proto = 132, .ext = true }, { .proto = 17, .ext = true } },
		{ "prefix", from("2001:db8:c0::/48"), { .cn = "2001:db8:c0:ffff::1" },
		  { .cn = "2001:db8:c1::1" } },
		{ "prefix, IPv4", from("203.0.113.0/25"), { .v4 = true, .cn = "203.0.113.127" },
		  { .v4 = true, .cn = "203.0.113.128" } },
		{ "family", { .family = AF_INET }, { .v4 = true }, { .v4 = false } },
		{ "SPI", SEL_RANGE(FLOWSEL_SPI, spi, 256, 511), { .spi = 300 }, { .spi = 512 } },
		{ "SPI, of UDP", SEL_RANGE(FLOWSEL_SPI, spi, 0, UINT32_MAX), { .spi = 1 },
		  { .sport = 1 } },
		{ "flow label", { .has = FLOWSEL_LABEL, .family = AF_INET6, .label_lo = 0xabcde,
				  .label_hi = 0xabcde }, { .label = 0xabcde }, { .label = 0xabcdf } },
		{ "mark", { .mark = 0x700, .mask = 0xf00 }, { .mark = 0x700 }, { .mark = 0x600 } },
	};

	if (w->mode == MODE_UP)
		sh("ip -6 route add 2001:db8:c0::/47 dev mip1;"
		   "ip route add 203.0.113.0/24 dev mip1");
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		one_selector(w, &row[i]);
	if (w->mode == MODE_UP)
		sh("ip -6 route del 2001:db8:c0::/47 dev mip1;"
		   "ip route del 203.0.113.0/24 dev mip1");
}

/* ---- order, preference, marks ---- */

static void preference(struct steer_world *w)
{
	struct flowsel any = { 0 }, sip = SEL_RANGE(FLOWSEL_SPORT, sport, 5060, 5060);
	struct spec voice = { .sport = 5060 }, other = { .sport = 1 };
	struct spec marked = { .sport = 5060, .mark = 1 };
	struct kplan p = { 0 }, less = { 0 };
	static uint8_t way[400];
	unsigned n;

	put_paths(&p, w, 3, by_first);
	put(&p, k_flow(20, &any, 3, 0));
	put(&p, k_flow(10, &sip, 2, 1));
	put_paths(&less, w, 1, by_first);
	put(&less, k_path(w, 3, 0));
	put(&less, k_flow(20, &any, 3, 0));
	put(&less, k_flow(10, &sip, 2, 1));
	change(&none, &p);
	ok(way_of(&voice) == 2 && way_of(&other) == 4, "the lower order decides");
	ok(way_of(&marked) == 1, "the mark of a path: left to the route");
	change(&p, &less);
	ok(way_of(&voice) == 1 && way_of(&other) == 4, "the path is gone: the flow's next");
	change(&less, &p);
	ok(way_of(&voice) == 2, "it is back: the flow, too");
	change(&p, &none);
	kplan_free(&p);
	kplan_free(&less);
	put_paths(&p, w, 3, by_first);
	put(&p, k_flow(10, &any, 2, 3));
	p.obj[p.n - 1].sflow.weight[0] = 3;
	p.obj[p.n - 1].sflow.weight[1] = 1;
	change(&none, &p);
	ways_of_flows(&other, 400, way);
	n = count_ways(way, 400, 2);
	ok(n > 260 && n < 340 && n + count_ways(way, 400, 4) == 400,
	   "a flow with weights 3 to 1: %u", n);
	change(&p, &none);
	kplan_free(&p);
}

/* Packets from port 5060 by path 2, all others by path 1. */
static void sip_by_2(struct kplan *p, struct steer_world *w)
{
	struct flowsel sip = SEL_RANGE(FLOWSEL_SPORT, sport, 5060, 5060);

	put_paths(p, w, 3, by_first);
	put(p, k_flow(10, &sip, 2, 0));
	change(&none, p);
}

/* ---- fragments ---- */

static void fragments(struct steer_world *w)
{
	struct kplan p = { 0 };

	sip_by_2(&p, w);
	for (int v4 = 0; v4 < 2; v4++) {
		struct spec first = { .v4 = v4, .sport = 5060, .fragment = true, .frag = 1, .id = 77,
				      .len = 40 };
		struct spec more = first, last = first, alone = first;

		more.frag = 64 | 1;
		last.frag = 128;
		alone.frag = 64;
		alone.id = 78;
		ok(way_of(&first) == 2 && way_of(&more) == 2 && way_of(&last) == 2,
		   "fragments of IPv%d follow the first", v4 ? 4 : 6);
		ok(way_of(&alone) == 1, "one that came without it does not");
	}
	change(&p, &none);
	kplan_free(&p);
}

/* ---- copies ---- */

static void copies(struct steer_world *w)
{
	struct flowsel any = { 0 };
	struct kplan p = { 0 };
	struct spec v6 = { .sport = 1 }, v4 = { .v4 = true };
	uint8_t got;

	put_paths(&p, w, 3, by_first);
	put(&p, k_flow(10, &any, 3, 2));
	p.obj[p.n - 1].sflow.copy = true;
	change(&none, &p);
	got = way_of(&v6);
	ok(got == 6, "a copy to each, IPv6: %u", got);
	got = way_of(&v4);
	ok(got == 6, "a copy to each, IPv4: %u", got);
	change(&p, &none);
	kplan_free(&p);
}

/* ---- ICMP errors ---- */

static void errors(struct steer_world *w)
{
	struct kplan p = { 0 };

	sip_by_2(&p, w);
	for (int v4 = 0; v4 < 2; v4++) {
		struct spec data = { .v4 = v4, .up = true, .sport = 5060 }, other = data;
		struct spec error = { .v4 = v4, .quotes = &data }, of_other = error;

		other.sport = 5061;
		of_other.quotes = &other;
		ok(way_of(&error) == 2 && way_of(&of_other) == 1,
		   "an ICMPv%d error goes by what it is about", v4 ? 4 : 6);
	}
	change(&p, &none);
	kplan_free(&p);
}

/* ---- path MTU ---- */

/* The correspondent, in the peer namespace, sends through us and hears that it is too big. */
static uint32_t told_mtu(bool v4)
{
	struct spec big = { .v4 = v4, .cn = v4 ? "192.0.2.9" : PEER_ADDR, .len = 1300, .df = true };
	int proto = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, one = 1, fd, raw;
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_addr = ip6(INNER6) };
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(INNER4) };
	uint8_t b[4096] = { 0 };
	struct pollfd p;
	uint32_t mtu = 0;
	size_t n = make_packet(b, &big, 1);

	in_peer(true);
	fd = socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK, proto);
	raw = socket(v4 ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_RAW);
	if (!v4)
		setsockopt(raw, IPPROTO_IPV6, 36, &one, sizeof(one));
	if (sendto(raw, b, n, 0, v4 ? (void *)&to4 : (void *)&to6,
		   v4 ? sizeof(to4) : sizeof(to6)) < 0)
		note("sending: %m");
	in_peer(false);
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	while (!mtu && poll(&p, 1, 2000) > 0) {
		if (recv(fd, b, sizeof(b), 0) < 28)
			continue;
		if (v4 && b[20] == ICMP_UNREACH && b[21] == ICMP_UNREACH_NEEDFRAG)
			mtu = (uint32_t)(b[26] << 8 | b[27]);
		else if (!v4 && b[0] == ICMP6_PACKET_TOO_BIG)
			mtu = (uint32_t)(b[6] << 8 | b[7]);
	}
	close(fd);
	close(raw);
	return mtu;
}

static void path_mtu(struct steer_world *w)
{
	struct flowsel any = { 0 };
	struct kplan p = { 0 };
	uint32_t six, four;

	put_paths(&p, w, 3, by_first);
	put(&p, k_flow(10, &any, 2, 0));
	change(&none, &p);
	sh("sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1;"
	   "ip -6 route add " COA2 "/128 dev va mtu 1300; ip addr add 192.0.2.8/32 peer 192.0.2.9"
	   " dev va");
	in_peer(true);
	sh("ip addr add 192.0.2.9/32 peer 192.0.2.8 dev vb; ip route add 10.1.1.0/24 via 192.0.2.8;"
	   "ip -6 route add 2001:db8:aa::/64 via " HA_ADDR);
	in_peer(false);
	six = told_mtu(false);
	four = told_mtu(true);
	ok(six == 1280, "too big for the steered path: the sender of IPv6 hears %u", six);
	ok(four == 1260, "too big for the steered path: the sender of IPv4 hears %u", four);
	in_peer(true);
	sh("ip addr del 192.0.2.9 peer 192.0.2.8 dev vb; ip -6 route del 2001:db8:aa::/64");
	in_peer(false);
	sh("ip -6 route del " COA2 "/128 dev va; ip addr del 192.0.2.8 peer 192.0.2.9 dev va;"
	   "sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv4.ip_forward=0");
	change(&p, &none);
	kplan_free(&p);
}

/* ---- change under traffic ---- */

#define STREAM		1000
#define FIRST		1000000u

static void changes(struct steer_world *w)
{
	struct flowsel any = { 0 }, odd = SEL_RANGE(FLOWSEL_SPORT, sport, 1, 1);
	struct kplan a = { 0 }, b = { 0 };
	static uint8_t way[STREAM];
	struct spec s = { .sport = 1 };
	unsigned n = 0;
	int status;
	pid_t pid;

	put_paths(&a, w, 3, by_first);
	put(&a, k_flow(10, &any, 2, 0));
	put_paths(&b, w, 3, by_first);
	put(&b, k_flow(5, &odd, 3, 0));
	put(&b, k_flow(10, &any, 3, 0));
	put(&b, k_flow(20, &any, 2, 0));
	change(&none, &a);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		for (unsigned i = 0; i < STREAM; i++)
			send_spec(&s, FIRST + i);
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		n++;
		if (change(n & 1 ? &a : &b, n & 1 ? &b : &a) < 0)
			break;
	}
	ways_of(FIRST, STREAM, way);
	ok(n > 2 && count_ways(way, STREAM, 2) + count_ways(way, STREAM, 4) == STREAM &&
	   count_ways(way, STREAM, 2) && count_ways(way, STREAM, 4),
	   "%u changes of policy, %d packets: %u by 2, %u by 3, %u by 1, %u lost", n, STREAM,
	   count_ways(way, STREAM, 2), count_ways(way, STREAM, 4), count_ways(way, STREAM, 1),
	   count_ways(way, STREAM, 0));
	change(n & 1 ? &b : &a, &none);
	kplan_free(&a);
	kplan_free(&b);
}

/* ---- counts ---- */

static void on_count(void *arg, const struct kern_steered *s)
{
	unsigned *packets = arg;

	packets[s->bid & 3] += (unsigned)s->packets;
}

static void count_is(uint64_t flow, unsigned first, unsigned second, unsigned third,
		     const char *what)
{
	struct in6_addr owner = ip6(OWNER);
	unsigned seen[4] = { 0 };
	int rc = kern_steer_count(t.k, &owner, flow, on_count, seen);

	ok(rc == 0 && seen[1] == first && seen[2] == second && seen[3] == third,
	   "counted, %s: %u %u %u", what, seen[1], seen[2], seen[3]);
}

static void counts(struct steer_world *w)
{
	struct flowsel sip = SEL_RANGE(FLOWSEL_SPORT, sport, 1024, 1033), any = { 0 };
	struct kplan p = { 0 }, moved = { 0 };
	struct in6_addr owner = ip6(OWNER);
	struct kobj other = k_flow(5, &sip, 3, 2);
	struct spec s = { 0 };
	uint8_t way[20];

	put_paths(&p, w, 3, by_first);
	put(&p, k_flow(10, &sip, 2, 0));
	change(&none, &p);
	ways_of_flows(&s, 20, way);
	count_is(0, 10, 10, 0, "of all");
	count_is(11, 0, 10, 0, "of the flow");
	/* the same flow in another place, and by another path before the one that it had */
	other.sflow.id = 11;
	put_paths(&moved, w, 3, by_first);
	put(&moved, other);
	put(&moved, k_flow(10, &any, 1, 0));
	moved.obj[moved.n - 1].sflow.id = 12;
	change(&p, &moved);
	count_is(11, 0, 10, 0, "of the flow that has moved");
	ways_of_flows(&s, 20, way);
	count_is(11, 0, 10, 10, "of it by both");
	count_is(12, 10, 0, 0, "of what has its old place");
	change(&moved, &none);
	ok(kern_steer_count(t.k, &owner, 11, on_count, way) == -ENOENT, "nobody: nothing counted");
	change(&none, &p);
	count_is(11, 0, 0, 0, "of a new one");
	change(&p, &none);
	kplan_free(&p);
	kplan_free(&moved);
}

/* ---- what nobody steers ---- */

/* The flow wants it all: to the second path. */
static void left_alone(struct steer_world *w)
{
	const bool up = w->mode == MODE_UP;
	const struct spec mh = { .up = up, .proto = 135 }, udp = { .up = up },
			  behind = { .up = up, .proto = 135, .ext = true },
			  answer = { .up = up, .proto = 58, .sport = 129 << 8, .dport = 129 << 8 },
			  question = { .up = up, .proto = 58, .sport = 128 << 8,
				       .dport = 128 << 8 };
	struct flowsel any = { 0 };
	struct spec named = { .up = up, .dev = w->mode == MODE_SHARED ? "mip3" : "mip1" };
	struct kplan p = { 0 };

	put_paths(&p, w, 3, by_first);
	put(&p, k_flow(7, &any, 2, 0));
	change(&none, &p);
	ok(way_of(&udp) == 2 && way_of(&question) == 2, "a flow of everything: by the second path");
	ok(way_of(&mh) == 1 && way_of(&behind) == 1, "Mobility Headers: by the route");
	ok(way_of(&answer) == (up ? 2 : 1), "an echo reply of this host: %u", way_of(&answer));
	ok(way_of(&named) == 1, "sent to the device by its name: by it");
	if (w->mode == MODE_UP) {
		named.dev = "mip4";
		sh("ip -6 route add 2001:db8:cc::/64 dev mip4 metric 9999");
		ok(way_of(&named) == 4, "to another device by its name: by that");
		sh("ip -6 route del 2001:db8:cc::/64 dev mip4");
	}
	change(&p, &none);
	kplan_free(&p);
}

/* ---- cost ---- */

static double cost(unsigned n)
{
	struct spec s = { .len = 1000 };
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (unsigned i = 0; i < n; i++) {
		s.sport = (uint16_t)i;
		send_spec(&s, 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	return (double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3;
}

void steer_throughput(struct steer_world *w)
{
	struct flowsel sip = SEL_RANGE(FLOWSEL_SPORT, sport, 5060, 5061);
	struct kplan two = { 0 }, ten = { 0 };
	double best[3] = { 1e12, 1e12, 1e12 };
	uint8_t left;

	put_paths(&two, w, 2, (const uint8_t[]){ 1, 1 });
	put_paths(&ten, w, 2, (const uint8_t[]){ 1, 1 });
	for (uint32_t i = 0; i < 10; i++)
		put(&ten, k_flow(i, &sip, 2, 0));
	for (int round = 0; round < 3; round++) {
		best[0] = MIN(best[0], cost(500));
		change(&none, &two);
		best[1] = MIN(best[1], cost(500));
		change(&two, &ten);
		best[2] = MIN(best[2], cost(500));
		change(&ten, &none);
	}
	note("cost of a packet: by the route 1, with shares %.2f, with shares and ten flows %.2f",
	     best[1] / best[0], best[2] / best[0]);
	ways_of(FIRST, 1, &left);	/* the eye is full of them */
	kplan_free(&two);
	kplan_free(&ten);
}

void test_policy(void)
{
	struct steer_world w;

	steer_neighbours();
	kern_begin(KERN_INGRESS_BPF);
	for (int m = MODE_SHARED; m <= MODE_UP; m++) {
		steer_begin(&w, (enum steer_mode)m);
		selectors(&w);
		left_alone(&w);
		if (m != MODE_UP) {
			preference(&w);
			fragments(&w);
			copies(&w);
			errors(&w);
			path_mtu(&w);
			changes(&w);
			counts(&w);
			if (getenv("LAB_SLOW"))
				steer_throughput(&w);
		}
		steer_end(&w);
	}
	kern_end();
}
