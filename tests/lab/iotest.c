/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iotest - the sockets of io/ on a real kernel, between two network namespaces
 * of one process. Prints TAP; exit status 0 only if all is well. Needs root, the
 * `ip` tool, veth, and for the home address option and the type 2 routing header
 * a kernel with MIPv6 (without it those cases are skipped). It leaves nothing
 * behind: its namespaces end with it.
 *
 * a is the mobile node's side (va, va2), b the home agent's (vb, vb2).
 */
#include <errno.h>
#include <ev.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iotest.h"
#include "run/log.h"
#include "run/timer.h"

#define MANY 1000

/* ---- Mobility Header ---- */

static struct mh_tx make_mh(uint8_t type, const char *src, const char *dst, uint16_t seq)
{
	static uint8_t buf[MH_MAX_LEN];
	static const struct mh_dialect dialect;
	struct mh_msg m = { .type = type };
	size_t mac_at;
	ssize_t n;

	if (type == MH_BU) {
		m.bu.seq = seq;
		m.bu.flags = BU_A | BU_H;
		m.bu.lifetime = 60;
	} else if (type == MH_BA) {
		m.ba.seq = seq;
	}
	n = mh_build(&m, &dialect, buf, sizeof(buf), &mac_at);
	must(n > 0, "mh_build");
	return (struct mh_tx){ .src = a6(src), .dst = a6(dst), .buf = buf, .len = (size_t)n };
}

static void test_hao(void)
{
	struct mh_tx tx = make_mh(MH_BU, COA, HA, 7);
	struct seen_mh *g = &b.got_mh;
	struct in6_addr hoa = a6(HOA);
	unsigned before = g->n;
	struct frame f;

	if (!mip6) {
		skip("home address option");
		return;
	}
	tx.has_hao = true;
	tx.hao = hoa;
	forget(&b);
	ok(mhsock_send(a.mh, &tx) == 0 && wait_for(&g->n, before + 1), "a BU with HAO arrives");
	ok(is(&g->rx.src, COA) && g->rx.has_hao && is(&g->rx.hao, HOA) && is(&g->rx.dst, HA) &&
		   g->rx.ifindex == b.ifindex && !g->rx.has_rh2,
	   "... with the addresses of the wire");
	ok(!g->err && g->m.type == MH_BU && g->m.bu.seq == 7, "... and is parsed");
	ok(sniff(&b, IPPROTO_MH_, &f) && f.ip.ip6_nxt == IPPROTO_DSTOPTS && f.ip.ip6_hlim == 64 &&
		   f.n > 24 && f.rest[6] == HAO_TYPE && !memcmp(f.rest + 8, &hoa, 16),
	   "on the wire: destination option, Hop Limit 64");
	ok(sum_good(&hoa, &tx.dst, IPPROTO_MH_, f.rest + 24, f.n - 24),
	   "on the wire: the checksum is over the home address");
}

static void test_rh2(void)
{
	struct mh_tx tx = make_mh(MH_BA, HA, HOA, 8);
	struct seen_mh *g = &a.got_mh;
	unsigned before = g->n;
	struct frame f;

	if (!mip6) {
		skip("type 2 routing header");
		return;
	}
	tx.has_rh2 = true;
	tx.rh2_coa = a6(COA);
	for (int framed = 0; framed < 2; framed++) {
		if (framed) {
			tx.to_ll = &a.ll;
			tx.ifindex = b.ifindex;
		}
		forget(&a);
		ok(mhsock_send(b.mh, &tx) == 0 && wait_for(&g->n, ++before),
		   "a BA with RH2 arrives%s", framed ? " at a link-layer address" : "");
		ok(is(&g->rx.src, HA) && is(&g->rx.dst, HOA) && g->rx.has_rh2 &&
			   is(&g->rx.rh2_coa, COA) && !g->rx.has_hao && !g->err && g->m.ba.seq == 8,
		   "... with the addresses of the wire");
		ok(sniff(&a, IPPROTO_MH_, &f) && f.ip.ip6_nxt == IPPROTO_ROUTING &&
			   is(&f.ip.ip6_dst, COA) && f.rest[2] == 2 && f.rest[3] == 1 &&
			   sum_good(&tx.src, &tx.dst, IPPROTO_MH_, f.rest + 24, f.n - 24),
		   "on the wire: type 2, one segment left, checksum over the home address");
	}
}

static void test_plain(void)
{
	struct mh_tx tx = make_mh(MH_BU, COA, HA, 9);
	uint8_t unknown[16] = { 59, 1, 77 };
	unsigned before = b.got_mh.n;

	ok(mhsock_send(a.mh, &tx) == 0 && wait_for(&b.got_mh.n, ++before) && !b.got_mh.rx.has_hao &&
		   is(&b.got_mh.rx.src, COA) && b.got_mh.m.bu.seq == 9,
	   "a message without headers arrives");
	stand_in(&a);
	tx.ifindex = (int)if_nametoindex("va2");
	ok(mhsock_send(a.mh, &tx) == 0 && wait_for(&b.got_mh.n, ++before) &&
		   b.got_mh.rx.ifindex != b.ifindex,
	   "an interface that is asked for is used");
	tx.ifindex = 0;
	ok(mhsock_send(a.mh, &tx) == 0 && wait_for(&b.got_mh.n, ++before) &&
		   b.got_mh.rx.ifindex == b.ifindex,
	   "... and forgotten with the next message");
	tx.buf = unknown;
	tx.len = sizeof(unknown);
	ok(mhsock_send(a.mh, &tx) == 0 && wait_for(&b.got_mh.n, ++before) &&
		   b.got_mh.err == -EPROTONOSUPPORT && b.got_mh.rx.buf[2] == 77,
	   "an unknown type is delivered as such");
	ok(mhsock_stats(b.mh).rx_unknown == 1, "... and counted");
	tx.src = in6addr_any;
	ok(mhsock_send(a.mh, &tx) == -EINVAL && mhsock_stats(a.mh).tx_errors == 1,
	   "without a source nothing is sent");
}

static void test_link_layer(void)
{
	struct mh_tx tx = make_mh(MH_BA, HA, HOA, 10);
	unsigned before = a.got_mh.n;

	ok(mhsock_send(b.mh, &tx) < 0, "there is no route to the home address");
	tx.to_ll = &a.ll;
	ok(mhsock_send(b.mh, &tx) == -EINVAL, "a link-layer address is nothing without its link");
	tx.ifindex = b.ifindex;
	ok(mhsock_send(b.mh, &tx) == 0 && wait_for(&a.got_mh.n, before + 1) &&
		   is(&a.got_mh.rx.dst, HOA) && is(&a.got_mh.rx.src, HA) && a.got_mh.m.ba.seq == 10,
	   "a BA to a link-layer address arrives");
}

static void send_frame(struct side *from, const struct side *to, const struct raw_out *o,
		       uint8_t proto, uint8_t hops, const void *p, size_t n)
{
	struct framed f = {
		.ifindex = from->ifindex, .to = &to->ll, .o = o, .proto = proto, .hops = hops
	};
	struct iovec iov = { .iov_base = (void *)p, .iov_len = n };

	must(framed_send(from->sniffer, &f, &iov, 1) == 0, "framed_send");
}

static void test_bad_checksum(void)
{
	struct mh_tx tx = make_mh(MH_BU, COA, HA, 11);
	struct raw_out o = { .src = tx.src, .dst = tx.dst };
	unsigned before = b.got_mh.n;

	send_frame(&a, &b, &o, IPPROTO_MH_, 64, tx.buf, tx.len); /* checksum 0 */
	settle();
	ok(b.got_mh.n == before, "a bad checksum is dropped silently");
	ok(mhsock_send(a.mh, &tx) == 0 && wait_for(&b.got_mh.n, before + 1) &&
		   mhsock_stats(b.mh).rx_kernel_dropped == 1,
	   "... and counted with the next message");
}

static void test_burst(void)
{
	struct mh_tx tx = make_mh(MH_BU, COA, HA, 12);
	unsigned before = b.got_mh.n, failed = 0;

	for (int i = 0; i < 3 * MANY; i++)
		failed += mhsock_send(a.mh, &tx) != 0;
	wait_for(&b.got_mh.n, before + 3 * MANY);
	ok(!failed && b.got_mh.n == before + 3 * MANY,
	   "of a burst of %d messages that nobody reads, %u are there after it", 3 * MANY,
	   b.got_mh.n - before);
}

static void test_refused_by_kernel(void)
{
	struct mh_tx tx = make_mh(MH_BU, COA, HA, 13);
	const uint8_t cut[8] = { 59, 0, MH_BU };
	struct seen_icmp *g = &a.got_icmp;
	unsigned before = g->n;

	if (!mip6) {
		skip("the kernel's own look at a Mobility Header");
		return;
	}
	tx.buf = cut;
	tx.len = sizeof(cut);
	ok(mhsock_send(a.mh, &tx) == 0 && wait_for(&g->n, before + 1) &&
		   g->m.type == ICMP6_PARAMPROB_ && g->m.code == 0 && g->m.err.arg == 41 &&
		   g->m.err.proto == IPPROTO_MH_ && g->m.err.mh_type == MH_BU &&
		   is(&g->m.err.dst, HA),
	   "a BU that is too short is answered by a Parameter Problem, which arrives");
}

/* ---- Neighbour Discovery ---- */

static void test_nd(void)
{
	struct nd_msg rs = { .type = ND_RS, .rs.slla = a.ll };
	struct nd_msg ra = { .type = ND_RA,
			     .ra = { .router_lifetime = 1800,
				     .home_agent = true,
				     .interval = 70,
				     .slla = b.ll,
				     .n_prefix = 1 } };
	struct in6_addr global = a6(HA);
	unsigned at_a, at_b = b.got_nd.n;

	ra.ra.prefix[0] = (struct nd_prefix){ .addr = a6(HA), .plen = 64, .router = true };
	ok(ndsock_send(a.nd, a.ifindex, NULL, NULL, &rs) == 0 && wait_for(&b.got_nd.n, at_b + 1) &&
		   b.got_nd.m.type == ND_RS && in6_eq(&b.got_nd.rx.src, &a.link_local) &&
		   is(&b.got_nd.rx.dst, "ff02::2"),
	   "an RS goes to the routers from a link-local address");
	rs.rs.slla.len = 0;
	ok(ndsock_send(a.nd, a.ifindex, &in6addr_any, NULL, &rs) == 0 &&
		   wait_for(&b.got_nd.n, at_b + 2) && IN6_IS_ADDR_UNSPECIFIED(&b.got_nd.rx.src),
	   "an RS from :: arrives");
	settle();
	at_a = a.got_nd.n;
	ok(ndsock_send(b.nd, b.ifindex, &b.link_local,
		       &(struct in6_addr){ .s6_addr = { 0xff, 2, [15] = 1 } }, &ra) == 0 &&
		   wait_for(&a.got_nd.n, at_a + 1) && a.got_nd.m.type == ND_RA &&
		   a.got_nd.m.ra.home_agent && a.got_nd.m.ra.interval == 70 &&
		   a.got_nd.m.ra.n_prefix == 1 && a.got_nd.m.ra.prefix[0].router &&
		   in6_eq(&a.got_nd.rx.src, &b.link_local),
	   "an RA to all nodes arrives whole");
	ok(ndsock_send(b.nd, b.ifindex, &global, NULL, &ra) == 0, "an RA from a global address");
	settle();
	ok(a.got_nd.n == at_a + 1 && ndsock_stats(a.nd).rx_bad == 1, "... is dropped and counted");
	ok(ndsock_send(b.nd, 0, NULL, NULL, &ra) == -EINVAL, "no link, no message");
	ok(b.got_nd.n == at_b + 2, "nobody hears himself");
}

static void test_nd_hop_limit(void)
{
	struct raw_out o = { .src = b.link_local, .dst = a6("ff02::1") };
	struct nd_msg na = { .type = ND_NA, .na = { .target = wanted, .tlla = b.ll } };
	uint64_t bad = ndsock_stats(a.nd).rx_bad;
	unsigned before = a.got_nd.n;
	uint8_t buf[ND_BUILD_MAX];
	ssize_t n = nd_build(&na, buf, sizeof(buf));
	unsigned sum = words(o.src.s6_addr, 16) + words(o.dst.s6_addr, 16) + (unsigned)n + 58 +
		       words(buf, (size_t)n);

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	buf[2] = (uint8_t)(~sum >> 8);
	buf[3] = (uint8_t)~sum;
	send_frame(&b, &a, &o, IPPROTO_ICMPV6, 254, buf, (size_t)n);
	settle();
	ok(a.got_nd.n == before && ndsock_stats(a.nd).rx_bad == bad + 1,
	   "an NA with Hop Limit 254 is dropped and counted");
	send_frame(&b, &a, &o, IPPROTO_ICMPV6, 255, buf, (size_t)n);
	ok(wait_for(&a.got_nd.n, before + 1) && a.got_nd.m.type == ND_NA,
	   "... with 255 it arrives");
}

static void test_nd_groups(void)
{
	struct nd_msg ns = { .type = ND_NS, .ns = { .target = wanted, .slla = b.ll } };
	struct nd_msg na = { .type = ND_NA, .na = { .target = wanted, .tlla = b.ll } };
	unsigned before = a.got_nd.n;

	ndsock_send(b.nd, b.ifindex, NULL, NULL, &ns);
	settle();
	ok(a.got_nd.n == before, "an NS to a group that nobody joined is not heard");
	ok(ndsock_group(a.nd, a.ifindex, &wanted, true) == 0 &&
		   ndsock_group(a.nd, a.ifindex, &wanted, true) == 0 &&
		   ndsock_group(a.nd, a.ifindex, &wanted, false) == 0 &&
		   ndsock_send(b.nd, b.ifindex, NULL, NULL, &ns) == 0 &&
		   wait_for(&a.got_nd.n, before + 1) && a.got_nd.m.type == ND_NS &&
		   is(&a.got_nd.rx.dst, "ff02::1:ffab:cdef"),
	   "an NS to a joined group is heard, memberships are counted");
	ok(ndsock_group(a.nd, a.ifindex, &wanted, false) == 0 &&
		   ndsock_group(a.nd, a.ifindex, &wanted, false) == -ENOENT,
	   "the last one leaves");
	before = a.got_nd.n;
	ok(ndsock_send(b.nd, b.ifindex, NULL, NULL, &na) == 0 &&
		   wait_for(&a.got_nd.n, before + 1) && is(&a.got_nd.rx.dst, "ff02::1") &&
		   a.got_nd.m.na.tlla.len == 6,
	   "an NA goes to all nodes");
	ndsock_watch(a.nd, a.ifindex, true);
	ndsock_watch(a.nd, a.ifindex, false);
	ndsock_watch(a.nd, a.ifindex, false);
	ndsock_send(b.nd, b.ifindex, NULL, NULL, &na);
	settle();
	ok(a.got_nd.n == before + 1, "a link that is not watched is not heard");
	ok(ndsock_watch(a.nd, 4711, true) == -ENODEV, "a link that does not exist is refused");
	must(ndsock_watch(a.nd, a.ifindex, true) == 0, "ndsock_watch");
}

/* ---- duplicate address detection ---- */

static unsigned n_done, n_duplicate;

static void dad_cb(void *arg, bool duplicate)
{
	(void)arg;
	n_done++;
	n_duplicate += duplicate;
}

static bool dad_begin(struct side *s, const struct in6_addr *x, double retrans)
{
	stand_in(s); /* more sockets for memberships are opened on demand */
	return dad_start(s->dad, s->ifindex, x, 1, retrans, dad_cb, NULL) != NULL;
}

static bool dad_is(struct side *s, const char *addr, bool duplicate)
{
	struct in6_addr x = a6(addr);

	n_done = n_duplicate = 0;
	/* an answer ends it at once; silence has to be waited for */
	return dad_begin(s, &x, duplicate ? 15 : 0.3) && wait_for(&n_done, 1) &&
	       n_duplicate == duplicate;
}

static void test_dad(void)
{
	struct in6_addr x = a6("2001:db8:2::5555");

	ok(dad_is(&a, HA, true), "an address that somebody has is a duplicate");
	ok(dad_is(&a, "2001:db8:2::4444", false), "an address that nobody has is unique");
	ok(dad_is(&a, COA, false), "an own address in use is unique (optimistic)");
	n_done = n_duplicate = 0;
	ok(dad_begin(&a, &x, 5) && dad_begin(&b, &x, 5) && wait_for(&n_done, 1) && n_duplicate == 1,
	   "two who want the same address at once: a duplicate");
	wait_for(&n_done, 2);
	set_sysctl(&b, "conf/vb/proxy_ndp", "1");
	set_sysctl(&b, "neigh/vb/proxy_delay", "0");
	must(ip_batch(&b, "neigh add proxy 2001:db8:2::6666 dev vb\n") == 0, "proxy");
	ok(dad_is(&a, "2001:db8:2::6666", true), "a proxy defends the address");
	ok(!dad_start(a.dad, 4711, &x, 1, 1, dad_cb, NULL) && errno == ENODEV,
	   "a link that does not exist is an error");
}

static void test_dad_many(void)
{
	struct in6_addr x = a6("2001:db8:2::7700:0");
	unsigned started = 0;

	must(ip_batch(&b, "addr add 2001:db8:2::7700:5 dev vb nodad\n") == 0, "address");
	n_done = n_duplicate = 0;
	for (unsigned i = 0; i < MANY; i++) {
		x.s6_addr[14] = (uint8_t)(i >> 8);
		x.s6_addr[15] = (uint8_t)i;
		started += dad_begin(&a, &x, 5);
	}
	ok(started == MANY, "%d detections run at once, each with a group of its own", MANY);
	ok(wait_for(&n_done, MANY) && n_duplicate == 1,
	   "one of them, the taken one, is a duplicate");
}

static void test_dad_link_down(void)
{
	must(ip_batch(&a, "link set va down\n") == 0, "link down");
	ok(dad_is(&a, "2001:db8:2::8888", false), "on a link that is down all is unique");
}

/* ---- other ICMPv6 ---- */

static void test_echo(void)
{
	static const uint8_t data[] = "are you there?";
	struct icmp6_msg m = { .type = ICMP6_ECHOREQ_,
			       .echo = { .id = 4, .seq = 5, .data = data, .len = sizeof(data) } };
	struct icmp6_tx tx = { .src = a6(COA), .dst = a6(HA), .ifindex = a.ifindex };
	struct seen_icmp *g = &a.got_icmp;
	unsigned before = g->n;

	ok(icmp6sock_send(a.icmp, &tx, &m) == 0 && wait_for(&g->n, before + 1) &&
		   g->m.type == ICMP6_ECHOREP_ && g->m.echo.id == 4 && g->m.echo.seq == 5 &&
		   g->m.echo.len == sizeof(data) && !memcmp(g->data, data, sizeof(data)) &&
		   is(&g->rx.src, HA) && is(&g->rx.dst, COA),
	   "an echo comes back");
	tx = (struct icmp6_tx){ .dst = a6(HA) };
	ok(icmp6sock_send(a.icmp, &tx, &m) == 0 && wait_for(&g->n, before + 2),
	   "... also with source and interface left to the kernel");
	ok(b.got_icmp.n == 0, "types that were not asked for are not delivered");
}

static void test_icmp_hao(void)
{
	struct icmp6_msg m = { .type = ICMP6_MPS, .mps.id = 6 };
	struct icmp6_tx tx = { .src = a6(COA), .dst = a6(HA), .has_hao = true, .hao = a6(HOA) };
	struct frame f;

	forget(&b);
	ok(icmp6sock_send(a.icmp, &tx, &m) == 0 && sniff(&b, IPPROTO_ICMPV6, &f) &&
		   f.ip.ip6_nxt == IPPROTO_DSTOPTS &&
		   sum_good(&tx.hao, &tx.dst, IPPROTO_ICMPV6, f.rest + 24, f.n - 24),
	   "a prefix solicitation with HAO has its checksum over the home address");
}

int main(void)
{
	void (*const tests[])(void) = {
		test_hao,
		test_rh2,
		test_plain,
		test_link_layer,
		test_bad_checksum,
		test_burst,
		test_refused_by_kernel,
		test_nd,
		test_nd_hop_limit,
		test_nd_groups,
		test_dad,
		test_dad_many,
		test_echo,
		test_icmp_hao,
		test_dad_link_down,
	};

	log_init(getenv("IOTEST_DEBUG") ? LOG_LV_DEBUG : LOG_LV_WARN);
	wanted = a6("2001:db8:2::ab:cdef");
	make_network();
	loop = ev_loop_new(EVFLAG_AUTO);
	must(loop && run_timer_init(loop) == 0, "run_timer_init");
	open_side(&a);
	open_side(&b);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tests[i]();
	close_side(&a);
	close_side(&b);
	run_timer_fini();
	ev_loop_destroy(loop);
	printf("1..%u\n", n_test);
	return n_failed ? 1 : 0;
}
