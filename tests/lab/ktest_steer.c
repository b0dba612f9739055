/* SPDX-License-Identifier: BSD-2-Clause */
/* Load sharing on a real kernel; the packets that the other files use, too. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "ktest_steer.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define QUIET_MS	300		/* as long as this nothing more came */
#define COPY_MS		30		/* all have come: one more of each may, at once */
#define MAGIC		0x6d697036u
#define FLOWS		400

static const char *const coa[] = { COA1, COA2, COA3 };
static const char *const dev[] = { "mip1", "mip2", "mip4" };
static uint32_t last_number;
static int eye = -1;			/* on the peer's end of the wire */

/* ---- packets ---- */

static uint16_t sum16(const uint8_t *b, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(b[i] << 8 | b[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static size_t put32(uint8_t *b, uint32_t v)
{
	v = htonl(v);
	memcpy(b, &v, 4);
	return 4;
}

static size_t put_l4(uint8_t *b, const struct spec *s, uint32_t number)
{
	size_t n = 0;

	if (s->fragment && s->frag & 0xfff8) {
		;			/* nothing of it: data */
	} else if (s->quotes) {
		b[0] = s->v4 ? 3 : 1;	/* unreachable */
		n = 8 + make_packet(b + 8, s->quotes, 0);
	} else if (s->spi) {
		n = put32(b, s->spi);
		n += put32(b + n, 1);
	} else {
		n = put32(b, (uint32_t)(s->up ? s->dport : s->sport) << 16 |
			     (s->up ? s->sport : s->dport));
		n += put32(b + n, (uint32_t)(8 + s->len) << 16);
	}
	n += put32(b + n, MAGIC);
	n += put32(b + n, number);
	return n + s->len;
}

static uint8_t l4_proto(const struct spec *s)
{
	if (s->quotes)
		return s->v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	return s->proto ? s->proto : s->spi ? IPPROTO_ESP : IPPROTO_UDP;
}

static size_t make4(uint8_t *b, const struct spec *s, uint32_t number)
{
	struct iphdr h = { .version = 4, .ihl = 5, .ttl = 64, .protocol = l4_proto(s),
			   .tos = (uint8_t)(s->dscp << 2), .id = htons((uint16_t)s->id) };
	in_addr_t cn = inet_addr(s->cn ? s->cn : CN4), in = inet_addr(INNER4);
	size_t n = sizeof(h) + put_l4(b + sizeof(h), s, number);

	h.tot_len = htons((uint16_t)n);
	h.frag_off = htons((uint16_t)(s->frag >> 3 | (s->frag & 1 ? IP_MF : 0) |
				      (s->df ? IP_DF : 0)));
	h.saddr = s->up ? in : cn;
	h.daddr = s->up ? cn : in;
	memcpy(b, &h, sizeof(h));
	h.check = sum16(b, sizeof(h));
	memcpy(b, &h, sizeof(h));
	return n;
}

static size_t make6(uint8_t *b, const struct spec *s, uint32_t number)
{
	struct in6_addr cn = ip6(s->cn ? s->cn : CN6), in = ip6(INNER6);
	struct ip6_hdr h = { .ip6_hlim = 64, .ip6_nxt = l4_proto(s) };
	size_t n = sizeof(h);

	if (s->fragment) {
		b[n] = l4_proto(s);
		b[n + 2] = (uint8_t)(s->frag >> 8);
		b[n + 3] = (uint8_t)s->frag;
		put32(b + n + 4, s->id);
		h.ip6_nxt = IPPROTO_FRAGMENT;
		n += 8;
	}
	if (s->ext) {
		b[n] = l4_proto(s);
		b[n + 2] = 1;		/* PadN */
		b[n + 3] = 4;
		h.ip6_nxt = IPPROTO_DSTOPTS;
		n += 8;
	}
	n += put_l4(b + n, s, number);
	h.ip6_flow = htonl(6u << 28 | (uint32_t)s->dscp << 22 | s->label);
	h.ip6_plen = htons((uint16_t)(n - sizeof(h)));
	h.ip6_src = s->up ? in : cn;
	h.ip6_dst = s->up ? cn : in;
	memcpy(b, &h, sizeof(h));
	return n;
}

size_t make_packet(uint8_t *b, const struct spec *s, uint32_t number)
{
	return s->v4 ? make4(b, s, number) : make6(b, s, number);
}

static int raw_socket(bool v4)
{
	static int fd[2] = { -1, -1 };
	int one = 1;

	if (fd[v4] >= 0)
		return fd[v4];
	fd[v4] = socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (!v4)
		setsockopt(fd[v4], IPPROTO_IPV6, 36 /* IPV6_HDRINCL */, &one, sizeof(one));
	return fd[v4];
}

void send_spec(const struct spec *s, uint32_t number)
{
	static uint8_t b[4096];
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	int fd = raw_socket(s->v4);
	size_t n;

	memset(b, 0, sizeof(b));
	n = make_packet(b, s, number);
	setsockopt(fd, SOL_SOCKET, SO_MARK, &s->mark, sizeof(s->mark));
	memcpy(&to6.sin6_addr, b + 24, 16);
	memcpy(&to4.sin_addr, b + 16, 4);
	setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, s->dev ? s->dev : "",
		   s->dev ? (socklen_t)strlen(s->dev) : 0);
	if (sendto(fd, b, n, 0, s->v4 ? (void *)&to4 : (void *)&to6,
		   s->v4 ? sizeof(to4) : sizeof(to6)) < 0)
		note("sending %u: %s", number, strerror(errno));
}

int sniff_peer(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IPV6) };
	int fd, size = 16 << 20;

	in_peer(true);
	at.sll_ifindex = (int)if_nametoindex("vb");
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_IPV6));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		note("packet socket: %s", strerror(errno));
	in_peer(false);
	return fd;
}

/* The number inside, if the packet is one of ours on its way to a care-of address. */
static bool look(const uint8_t *b, size_t n, uint8_t *way, uint32_t *number)
{
	const uint32_t magic = htonl(MAGIC);
	const uint8_t *m = NULL;

	*way = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(coa); i++) {
		struct in6_addr a = ip6(coa[i]);

		if (n > 60 && memcmp(b + 24, &a, 16) == 0)
			*way = (uint8_t)(1 << i);
	}
	/* the last one: an error quotes another */
	for (size_t at = 40; *way && at + 8 <= n; at++)
		if (memcmp(b + at, &magic, 4) == 0)
			m = b + at;
	if (!m)
		return false;
	memcpy(number, m + 4, 4);
	*number = ntohl(*number);
	return true;
}

void ways_of(uint32_t first, unsigned n, uint8_t *way)
{
	struct pollfd p = { .fd = eye, .events = POLLIN };
	uint8_t b[4096], one;
	uint32_t number;
	unsigned left = n;
	ssize_t got;

	memset(way, 0, n);
	while (poll(&p, 1, left ? QUIET_MS : COPY_MS) > 0) {
		while ((got = recv(eye, b, sizeof(b), 0)) > 0) {
			if (!look(b, (size_t)got, &one, &number) || number - first >= n)
				continue;
			left -= !way[number - first];
			way[number - first] |= one;
		}
	}
}

uint8_t way_of(const struct spec *s)
{
	uint8_t way;

	send_spec(s, ++last_number);
	ways_of(last_number, 1, &way);
	return way;
}

void ways_of_flows(const struct spec *s, unsigned n, uint8_t *way)
{
	uint32_t first = last_number + 1;

	for (unsigned i = 0; i < n; i++) {
		struct spec one = *s;

		one.sport = (uint16_t)(1024 + i);
		send_spec(&one, ++last_number);
	}
	ways_of(first, n, way);
}

unsigned count_ways(const uint8_t *way, unsigned n, uint8_t which)
{
	unsigned found = 0;

	for (unsigned i = 0; i < n; i++)
		found += way[i] == which;
	return found;
}

/* ---- the world ---- */

static void put_net(struct kplan *p, const char *net)
{
	struct kobj o = { .kind = KOBJ_SNET, .snet = { pfx(net), ip6(OWNER) } };

	put(p, o);
}

void steer_begin(struct steer_world *w, enum steer_mode mode)
{
	static const char *const net[] = { "2001:db8:aa::/64", "10.1.1.0/24" };
	static const char *const far[] = { "2001:db8:cc::/64", "198.51.100.0/24" };

	*w = (struct steer_world){ .mode = mode };
	if (mode == MODE_SHARED)
		put(&w->base, k_link("mip3", KLINK_IP6TNL_EXTERNAL));
	for (unsigned i = 0; i < 3 && mode != MODE_SHARED; i++)
		put(&w->base, k_peer(dev[i], KLINK_IP6TNL, coa[i], 0));
	for (unsigned i = 0; i < 2; i++) {
		put_net(&w->base, net[i]);
		put(&w->base, mode == MODE_SHARED ? k_encap(net[i], "mip3", 254, 5, COA1) :
			      k_route(mode == MODE_UP ? far[i] : net[i], "mip1", 254, 5));
	}
	ok(change(&none, &w->base) == 0, "world %d: %s", mode, kern_error(t.k));
	if (eye < 0)
		eye = sniff_peer();
}

void steer_end(struct steer_world *w)
{
	ok(change(&w->base, &none) == 0, "world %d is gone: %s", w->mode, kern_error(t.k));
	kplan_free(&w->base);
}

struct kobj k_path(const struct steer_world *w, uint16_t bid, uint8_t weight)
{
	struct kobj o = { .kind = KOBJ_SPATH, .spath = { .owner = ip6(OWNER), .bid = bid,
		.weight = weight, .side = w->mode == MODE_UP ? KSTEER_MN : KSTEER_HA,
		.fwmark = bid, .fwmask = 0xff } };

	if (w->mode == MODE_SHARED)
		o.spath.carrier = tunnel(HA_ADDR, coa[bid - 1]);
	snprintf(o.spath.dev, sizeof(o.spath.dev), "%s",
		 w->mode == MODE_SHARED ? "mip3" : dev[bid - 1]);
	return o;
}

void put_paths(struct kplan *p, const struct steer_world *w, unsigned n, const uint8_t *weight)
{
	for (unsigned i = 0; i < n; i++)
		put(p, k_path(w, (uint16_t)(i + 1), weight[i]));
}

/* ---- shares ---- */

static void near(const uint8_t *way, unsigned which, unsigned percent, const char *what)
{
	unsigned n = count_ways(way, FLOWS, (uint8_t)which) * 100 / FLOWS;

	ok(n + 8 > percent && n < percent + 8, "%s: %u %% by %u, wished %u", what, n, which,
	   percent);
}

/* What moved between the two looks moved from (or, false, to) that way, and nothing else. */
static void only_moved(const uint8_t *a, const uint8_t *b, bool from, uint8_t which,
		       const char *what)
{
	unsigned wrong = 0, moved = 0;

	for (unsigned i = 0; i < FLOWS; i++) {
		moved += a[i] != b[i];
		wrong += a[i] != b[i] && (from ? a[i] : b[i]) != which;
	}
	ok(moved > 0 && wrong == 0, "%s: %u flows moved, %u of them had no reason", what, moved,
	   wrong);
}

static void shares(struct steer_world *w, const struct spec *s, const char *name)
{
	static uint8_t two[FLOWS], three[FLOWS], again[FLOWS];
	struct kplan p2 = { 0 }, p3 = { 0 }, p1 = { 0 };

	put_paths(&p2, w, 2, (const uint8_t[]){ 3, 3 });
	put_paths(&p3, w, 3, (const uint8_t[]){ 1, 2, 1 });
	put_paths(&p1, w, 2, (const uint8_t[]){ 1, 2 });
	ok(change(&none, &p2) == 0, "%s: two paths: %s", name, kern_error(t.k));
	ways_of_flows(s, FLOWS, two);
	near(two, 1, 50, name);
	near(two, 2, 50, name);
	ways_of_flows(s, FLOWS, again);
	ok(memcmp(two, again, FLOWS) == 0, "%s: each flow keeps its path", name);
	ok(change(&p2, &p3) == 0, "%s: a third path: %s", name, kern_error(t.k));
	ways_of_flows(s, FLOWS, three);
	near(three, 1, 25, name);
	near(three, 2, 50, name);
	near(three, 4, 25, name);
	ok(change(&p3, &p1) == 0, "%s: the third goes: %s", name, kern_error(t.k));
	ways_of_flows(s, FLOWS, again);
	only_moved(three, again, true, 4, name);
	ok(change(&p1, &p3) == 0, "%s: and comes: %s", name, kern_error(t.k));
	ways_of_flows(s, FLOWS, two);
	only_moved(again, two, false, 4, name);
	ok(change(&p3, &none) == 0, "%s: nothing steered: %s", name, kern_error(t.k));
	ways_of_flows(s, FLOWS, again);
	ok(count_ways(again, FLOWS, 1) == FLOWS, "%s: all go by the route again", name);
	kplan_free(&p1);
	kplan_free(&p2);
	kplan_free(&p3);
}

/* All weights 0: the route decides. One path has all: all go there, the route's or not. */
static void no_shares(struct steer_world *w)
{
	struct kplan zero = { 0 }, other = { 0 };
	struct spec s = { .up = w->mode == MODE_UP };
	static uint8_t way[FLOWS];

	put_paths(&zero, w, 3, (const uint8_t[]){ 0, 0, 0 });
	put_paths(&other, w, 2, (const uint8_t[]){ 0, 1 });
	ok(change(&none, &zero) == 0, "paths without weight: %s", kern_error(t.k));
	ways_of_flows(&s, 50, way);
	ok(count_ways(way, 50, 1) == 50, "paths without weight: by the route");
	ok(change(&zero, &other) == 0, "one has weight: %s", kern_error(t.k));
	ways_of_flows(&s, 50, way);
	ok(count_ways(way, 50, 2) == 50, "one has weight, not the route's: all by it");
	change(&other, &none);
	kplan_free(&zero);
	kplan_free(&other);
}

static void refusals(void)
{
	struct steer_world w;
	struct kplan p = { 0 };

	kern_begin(KERN_INGRESS_FLOWER);
	w.mode = MODE_DEVICE;
	put(&p, k_peer("mip1", KLINK_IP6TNL, COA1, 0));
	put(&p, k_path(&w, 1, 1));
	ok(change(&none, &p) == -EOPNOTSUPP && strstr(kern_error(t.k), "ingress_check = \"bpf\""),
	   "mode flower: refused: %s", kern_error(t.k));
	kern_end();
	kplan_free(&p);
	kern_begin(KERN_INGRESS_BPF);
	put(&p, k_link("mip3", KLINK_IP6GRE_EXTERNAL));
	w.mode = MODE_SHARED;
	put(&p, k_path(&w, 1, 1));
	p.obj[1].spath.carrier.kind = CARRIER_IP6GRE;
	ok(change(&none, &p) == -EOPNOTSUPP && strstr(kern_error(t.k), "gre_key"),
	   "shared ip6gre without a key: refused: %s", kern_error(t.k));
	kplan_free(&p);
	put(&p, k_path(&w, 1, 1));
	ok(change(&none, &p) == -ENODEV, "without its device: refused: %s", kern_error(t.k));
	kern_end();
	kplan_free(&p);
}

void steer_neighbours(void)
{
	sh("for a in " COA1 " " COA2 " " COA3 "; do ip -6 neigh replace $a lladdr"
	   " 02:00:00:00:00:77 dev va nud permanent; done");
}

void test_steer(void)
{
	static const char *const name[] = { "shared device", "device per path", "mobile side" };
	char *before = snapshot();
	struct steer_world w;

	steer_neighbours();
	kern_begin(KERN_INGRESS_BPF);
	for (int m = MODE_SHARED; m <= MODE_UP; m++) {
		struct spec v6 = { .up = m == MODE_UP }, v4 = { .up = m == MODE_UP, .v4 = true };

		steer_begin(&w, (enum steer_mode)m);
		note("%s", name[m]);
		shares(&w, &v6, "IPv6");
		shares(&w, &v4, "IPv4");
		no_shares(&w);
		steer_end(&w);
	}
	kern_end();
	refusals();
	same_snapshot(before, "steering leaves nothing");
	free(before);
}
