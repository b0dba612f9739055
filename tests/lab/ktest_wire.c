/* SPDX-License-Identifier: BSD-2-Clause */
/* News, and what packets say: the ingress check, the home address option. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "ktest.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT	7777
#define GRE	47

/* ---- news ---- */

static bool saw_addr(void *arg)
{
	(void)arg;
	return t.seen.addr && t.seen.last_addr.plen == 77;
}

static bool saw_addr4(void *arg)
{
	(void)arg;
	return t.seen.addr4 > 0;
}

static bool saw_addr_gone(void *arg)
{
	(void)arg;
	return t.seen.addr_gone;
}

static bool saw_route(void *arg)
{
	(void)arg;
	return t.seen.route;
}

static bool saw_route_gone(void *arg)
{
	(void)arg;
	return t.seen.route_gone;
}

static bool saw_link(void *arg)
{
	return strcmp(t.seen.last_link.name, arg) == 0 && t.seen.link;
}

static bool saw_link_gone(void *arg)
{
	(void)arg;
	return t.seen.link_gone;
}

static void news_of_routes(void)
{
	const struct klink *va = kern_link(t.k, "va");
	struct in6_addr via = ip6(PEER_ADDR);

	memset(&t.seen, 0, sizeof(t.seen));
	sh("ip -6 route add 2001:db8:77::/64 dev va; ip -6 route add default via " PEER_ADDR
	   " dev va metric 77 table 78");
	ok(run_until(saw_route, NULL, 10.) && t.seen.route == 1 &&
	   t.seen.last_route.ifindex == va->ifindex && t.seen.last_route.table == 78 &&
	   t.seen.last_route.metric == 77 && in6_eq(&t.seen.last_route.via, &via),
	   "a default route is news, another is not");
	sh("ip -6 route replace default via 2001:db8:f::3 dev va metric 77 table 78");
	ok(run_until(saw_route_gone, NULL, 10.), "a replaced default is gone");
	t.seen.route_gone = 0;
	sh("ip -6 route del default table 78; ip -6 route del 2001:db8:77::/64");
	ok(run_until(saw_route_gone, NULL, 10.), "a deleted default is gone");
}

static unsigned n_each;

static void count_each(void *arg, const struct kaddr_news *a)
{
	(void)arg, (void)a;
	n_each++;
}

void test_news(void)
{
	struct in6_addr ours = ip6(HA_ADDR), other = ip6("2001:db8:7::1");
	struct prefix net = pfx("192.0.2.0/24");
	struct nd_lladdr ll = { 6, { 2, 0, 0, 0, 0, 9 } };
	struct in_addr v4 = { 0 };
	uint32_t flags = 0;

	kern_begin(KERN_INGRESS_BPF);
	ok(kern_link(t.k, "va") && kern_link(t.k, "va")->up &&
	   kern_link(t.k, "va")->lladdr.len == 6,
	   "the cache is full when kern_open() returns");
	ok(kern_addr_find(t.k, kern_link(t.k, "va")->ifindex, &ours, &flags) == 1 &&
	   flags & IFA_F_PERMANENT, "an address and its flags");
	ok(kern_addr4_in(t.k, "k0", &net, &v4) == 0 && v4.s_addr == inet_addr(INSIDE4),
	   "an IPv4 address of a prefix");
	run_for(0.3);
	ok(t.seen.link >= 3 && t.seen.addr >= 3, "the first news tell what is there (%u %u)",
	   t.seen.link, t.seen.addr);
	memset(&t.seen, 0, sizeof(t.seen));
	sh("ip addr add 2001:db8:7::1/77 dev va nodad");
	ok(run_until(saw_addr, NULL, 10.) && in6_eq(&t.seen.last_addr.addr, &other), "new address");
	kern_addr_each(t.k, kern_link(t.k, "va")->ifindex, count_each, NULL);
	ok(n_each >= 2, "each address of a link");
	sh("ip addr del 2001:db8:7::1/77 dev va");
	ok(run_until(saw_addr_gone, NULL, 10.), "address gone");
	sh("ip addr add 10.77.0.1/24 dev va");
	ok(run_until(saw_addr4, NULL, 10.) && t.seen.last_addr4 == kern_link(t.k, "va")->ifindex,
	   "a new IPv4 address");
	sh("ip addr del 10.77.0.1/24 dev va");
	sh("ip link add kx type dummy");
	ok(run_until(saw_link, (void *)"kx", 10.), "new link");
	sh("ip link set kx name ky");
	ok(run_until(saw_link, (void *)"ky", 10.) && kern_link(t.k, "ky") && !kern_link(t.k, "kx"),
	   "renamed link");
	sh("ip link del ky");
	ok(run_until(saw_link_gone, NULL, 10.) && !kern_link(t.k, "ky"), "link gone");
	news_of_routes();
	kern_neigh_put(t.k, kern_link(t.k, "va")->ifindex, &other, &ll, false);
	run_for(0.2);
	ok(says("2001:db8:7::1 lladdr 02:00:00:00:00:09 STALE", "ip -6 neigh show dev va"),
	   "a neighbour put");
	sh("ip -6 neigh del 2001:db8:7::1 dev va");
	sh("ip -6 neigh add 2001:db8:7::2 dev va nud incomplete");
	sh("ip -6 neigh add 2001:db8:7::3 dev va lladdr 02:00:00:00:00:0a nud stale");
	kern_flush_unresolved(t.k, kern_link(t.k, "va")->ifindex);
	run_for(0.2);
	ok(!says("2001:db8:7::2", "ip -6 neigh show dev va nud all"),
	   "a neighbour that is being asked for, flushed");
	ok(says("2001:db8:7::3", "ip -6 neigh show dev va nud all"), "one that is known, not");
	sh("ip -6 neigh del 2001:db8:7::3 dev va");
	kern_end();
}

/* ---- packets ---- */

static uint32_t sum_words(uint32_t sum, const void *data, size_t n)
{
	const uint8_t *b = data;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(b[i] << 8 | b[i + 1]);
	return n & 1 ? sum + (uint32_t)(b[n - 1] << 8) : sum;
}

static uint16_t checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static size_t put_ip6(uint8_t *b, const char *src, const char *dst, uint8_t next, size_t payload)
{
	struct ip6_hdr h = { 0 };

	h.ip6_flow = htonl(6u << 28);
	h.ip6_plen = htons((uint16_t)payload);
	h.ip6_nxt = next;
	h.ip6_hlim = 64;
	h.ip6_src = ip6(src);
	h.ip6_dst = ip6(dst);
	memcpy(b, &h, sizeof(h));
	return sizeof(h);
}

static size_t put_udp(uint8_t *b, uint32_t pseudo, char mark)
{
	struct udphdr u = { .source = htons(9), .dest = htons(PORT), .len = htons(9) };

	memcpy(b, &u, sizeof(u));
	b[8] = (uint8_t)mark;
	u.check = checksum(sum_words(pseudo + IPPROTO_UDP + 9, b, 9));
	memcpy(b, &u, sizeof(u));
	return 9;
}

/* An inner UDP packet to our inside address; a colon in src tells the family. */
static size_t put_inner(uint8_t *b, const char *src, char mark)
{
	struct in6_addr s, d;
	struct iphdr h = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
			   .tot_len = htons(29) };

	if (strchr(src, ':')) {
		s = ip6(src);
		d = ip6(INSIDE6);
		put_ip6(b, src, INSIDE6, IPPROTO_UDP, 9);
		return 40 + put_udp(b + 40, sum_words(sum_words(0, &s, 16), &d, 16), mark);
	}
	h.saddr = inet_addr(src);
	h.daddr = inet_addr(INSIDE4);
	h.check = checksum(sum_words(0, &h, 20));
	memcpy(b, &h, 20);
	return 20 + put_udp(b + 20, sum_words(sum_words(0, &h.saddr, 4), &h.daddr, 4), mark);
}

static void send_raw(const uint8_t *b, size_t n)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	int fd;

	in_peer(true);
	fd = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
	memcpy(&to.sin6_addr, b + 24, 16);
	if (fd < 0 || sendto(fd, b, n, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)n)
		note("sending: %s", strerror(errno));
	close(fd);
	in_peer(false);
}

enum wrap { WRAP_IP, WRAP_GRE, WRAP_GRE_KEY };

static void send_tunnelled(const char *outer, const char *inner, enum wrap wrap, char mark)
{
	uint8_t b[256] = { 0 };
	bool v4 = !strchr(inner, ':');
	size_t gre = wrap == WRAP_IP ? 0 : wrap == WRAP_GRE ? 4 : 8;
	size_t n = put_inner(b + 40 + gre, inner, mark) + gre;

	if (wrap != WRAP_IP) {
		b[40] = wrap == WRAP_GRE_KEY ? 0x20 : 0;
		b[42] = v4 ? 0x08 : 0x86;
		b[43] = v4 ? 0x00 : 0xdd;
		if (wrap == WRAP_GRE_KEY)
			b[47] = 99;
	}
	put_ip6(b, outer, HA_ADDR, wrap != WRAP_IP ? GRE : v4 ? IPPROTO_IPIP : IPPROTO_IPV6, n);
	send_raw(b, 40 + n);
}

static int udp_socket(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);	/* takes IPv4 too */

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		note("socket: %s", strerror(errno));
	return fd;
}

static bool arrives(int fd, char mark)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char got;

	while (poll(&p, 1, 300) > 0)
		if (recv(fd, &got, 1, 0) == 1 && got == mark)
			return true;
	return false;
}

static struct try_case { const char *outer, *inner; bool pass; const char *what; } shared_case[] = {
	{ COA1, "2001:db8:aa::5", true, "IPv6 from its care-of address" },
	{ COA1, "10.1.1.5", true, "IPv4 from its care-of address" },
	{ COA1, "2001:db8:1::10", true, "the home address itself" },
	{ COA2, "2001:db8:bb::5", true, "another node" },
	{ COA2, "2001:db8:aa::5", false, "IPv6 from another node's care-of address" },
	{ COA2, "10.1.1.5", false, "IPv4 from another node's care-of address" },
	{ PEER_ADDR, "2001:db8:aa::5", false, "IPv6 from an address of nobody" },
	{ COA1, "2001:db8:bb::5", false, "another node's prefix" },
	{ COA1, "2001:db8:cc::5", false, "a prefix of nobody" },
	{ COA1, "10.1.2.5", false, "an IPv4 prefix of nobody" },
	{ COA1, "fe80::5", false, "link-local" },
	{ COA1, "::ffff:10.1.1.5", false, "IPv6 with a mapped address" },
};

static void try_cases(const char *kind, enum wrap wrap, const struct try_case *c, size_t n)
{
	static char mark = 'A';
	int fd = udp_socket();
	int64_t dropped = kern_ingress_dropped(t.k);
	unsigned refused = 0;

	for (size_t i = 0; i < n; i++) {
		send_tunnelled(c[i].outer, c[i].inner, wrap, ++mark);
		ok(arrives(fd, mark) == c[i].pass, "%s: %s: %s", kind, c[i].what,
		   c[i].pass ? "comes in" : "is dropped");
		refused += !c[i].pass;
	}
	ok(kern_ingress_dropped(t.k) - dropped == (int64_t)refused, "%s: %u drops counted: %lld",
	   kind, refused, (long long)(kern_ingress_dropped(t.k) - dropped));
	close(fd);
}

static void put_entries(struct kplan *p, const char *dev)
{
	put(p, k_ingress(dev, "2001:db8:aa::/64", "2001:db8:1::10", COA1));
	put(p, k_ingress(dev, "10.1.1.0/24", "2001:db8:1::10", COA1));
	put(p, k_ingress(dev, "2001:db8:1::10/128", "2001:db8:1::10", COA1));
}

static void ingress_shared(enum klink_kind kind, const char *name, enum wrap wrap)
{
	struct kplan base = { 0 }, a = { 0 }, b = { 0 }, moved = { 0 };
	static const struct try_case after[] = {
		{ COA2, "2001:db8:aa::5", true, "after a move: from the new care-of address" },
		{ COA1, "2001:db8:aa::5", false, "after a move: from the old one" },
	};

	put(&base, k_link("mip3", kind));
	base.obj[0].link.ingress = true;
	put_entries(&a, "mip3");
	put(&b, k_ingress("mip3", "2001:db8:bb::/64", "2001:db8:1::20", COA2));
	put(&moved, k_ingress("mip3", "2001:db8:aa::/64", "2001:db8:1::10", COA2));
	ok(change(&none, &base) == 0, "%s with the check: %s", name, kern_error(t.k));
	try_cases(name, wrap, &(struct try_case){ COA1, "2001:db8:aa::5", false,
						  "empty, before any binding" }, 1);
	ok(change(&none, &a) == 0 && change(&none, &b) == 0, "two bindings: %s", kern_error(t.k));
	try_cases(name, wrap, shared_case, ARRAY_SIZE(shared_case));
	ok(change(&a, &moved) == 0, "a move: %s", kern_error(t.k));
	try_cases(name, wrap, after, 2);
	change(&moved, &none);
	change(&b, &none);
	ok(change(&base, &none) == 0, "taken away: %s", kern_error(t.k));
	kplan_free(&base);
	kplan_free(&a);
	kplan_free(&b);
	kplan_free(&moved);
}

/* The kernel itself refuses other outer sources here; the check sees to the inner ones. */
static void ingress_per_peer(enum klink_kind kind, const char *name, enum wrap wrap)
{
	static const struct try_case c[] = {
		{ COA1, "2001:db8:aa::5", true, "IPv6" }, { COA1, "10.1.1.5", true, "IPv4" },
		{ COA1, "2001:db8:bb::5", false, "another prefix" },
		{ COA1, "10.2.1.5", false, "another IPv4 prefix" },
		{ COA1, "fe80::5", false, "link-local" },
	};
	struct kplan p = { 0 };
	int fd;

	put(&p, k_peer("mip1", kind, COA1, wrap == WRAP_GRE_KEY ? 99 : 0));
	p.obj[0].link.ingress = true;
	put_entries(&p, "mip1");
	ok(change(&none, &p) == 0, "%s with the check: %s", name, kern_error(t.k));
	try_cases(name, wrap, c, ARRAY_SIZE(c));
	fd = udp_socket();
	send_tunnelled(COA2, "2001:db8:aa::5", wrap, 'x');
	ok(!arrives(fd, 'x'), "%s: another outer source does not come in", name);
	close(fd);
	ok(change(&p, &none) == 0, "taken away: %s", kern_error(t.k));
	kplan_free(&p);
}

void test_ingress(enum kern_ingress_mode mode)
{
	char *before = snapshot();

	kern_begin(mode);
	ingress_shared(KLINK_IP6TNL_EXTERNAL, "external ip6tnl", WRAP_IP);
	ingress_shared(KLINK_IP6GRE_EXTERNAL, "external ip6gre", WRAP_GRE);
	ingress_per_peer(KLINK_IP6TNL, "ip6tnl", WRAP_IP);
	ingress_per_peer(KLINK_IP6GRE, "ip6gre", WRAP_GRE_KEY);
	same_snapshot(before, "the check leaves nothing");
	kern_end();
	free(before);
}

/* ---- home address option ---- */

static bool saw_report(void *arg)
{
	(void)arg;
	return t.seen.report;
}

/* IPv6 (CoA -> HA), destination options (HAO = HoA), then `next`; the sum over HoA. */
static void send_hao(const char *hoa, uint8_t next)
{
	uint8_t b[256] = { 0 }, *d = b + 40, *m = d + 24;
	struct in6_addr h = ip6(hoa), ha = ip6(HA_ADDR);
	static const uint8_t opt[] = { 0, 2, 1, 2, 0, 0, 201, 16 };
	const size_t n = 16;		/* of the message */
	uint32_t pseudo;
	uint16_t sum;

	put_ip6(b, COA1, HA_ADDR, IPPROTO_DSTOPTS, 24 + n);
	memcpy(d, opt, sizeof(opt));
	d[0] = next;
	memcpy(d + 8, &h, 16);
	m[0] = 59;			/* MH: no next header, 2 * 8 octets, type 5 */
	m[1] = 1;
	m[2] = 5;
	pseudo = sum_words(sum_words((uint32_t)(next + n), &h, 16), &ha, 16);
	sum = checksum(sum_words(pseudo, m, n));
	memcpy(m + 4, &sum, 2);
	send_raw(b, 40 + 24 + n);
}

static bool mh_arrives(int fd, const char *from)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct sockaddr_in6 src;
	struct in6_addr want = ip6(from);
	socklen_t len = sizeof(src);
	uint8_t b[64];

	return poll(&p, 1, 500) > 0 &&
	       recvfrom(fd, b, sizeof(b), 0, (struct sockaddr *)&src, &len) == 16 &&
	       in6_eq(&src.sin6_addr, &want);
}

/* The wildcard state and policy work although ours carry a request id. */
void test_xfrm_packets(void)
{
	struct kobj state = { .kind = KOBJ_XSTATE,
			      .xstate = { .proto = IPPROTO_DSTOPTS, .wildrecv = true } };
	struct kobj policy = { .kind = KOBJ_XPOLICY, .xpolicy = {
		.sub = true, .priority = KOBJ_XFRM_PRIO + 10, .sel_src = pfx("::/0"),
		.sel_dst = pfx(HA_ADDR "/128"), .sel_proto = IPPROTO_MH,
		.n_tmpl = 1, .tmpl[0] = { .proto = IPPROTO_DSTOPTS, .use = true } } };
	struct kplan p = { 0 };
	struct in6_addr hoa = ip6("2001:db8:1::10"), coa = ip6(COA1);
	int fd = socket(AF_INET6, SOCK_RAW, IPPROTO_MH);

	state.xstate.dst = ip6(HA_ADDR);
	kern_begin(KERN_INGRESS_BPF);
	memset(&t.seen, 0, sizeof(t.seen));
	send_hao("2001:db8:1::10", IPPROTO_MH);
	ok(!mh_arrives(fd, "2001:db8:1::10"), "without state and policy no message comes in");
	put(&p, state);
	put(&p, policy);
	ok(change(&none, &p) == 0, "wildcard state and policy: %s", kern_error(t.k));
	send_hao("2001:db8:1::10", IPPROTO_MH);
	ok(mh_arrives(fd, "2001:db8:1::10"), "a binding update comes in from the home address");
	memset(&t.seen, 0, sizeof(t.seen));
	send_hao("2001:db8:1::10", 253);	/* RFC 3692: nobody's */
	ok(run_until(saw_report, NULL, 5.) && in6_eq(&t.seen.last_report.src, &hoa) &&
	   in6_eq(&t.seen.last_report.coa, &coa) && t.seen.last_report.proto == IPPROTO_DSTOPTS,
	   "other traffic with a home address option is reported");
	ok(change(&p, &none) == 0, "taken away");
	kern_end();
	close(fd);
	kplan_free(&p);
}
