/* SPDX-License-Identifier: BSD-2-Clause */
#include "iotest.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/ethernet.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/timer.h"

#define LIMIT 20. /* seconds that an event may take on a bad day */

struct ev_loop *loop;
struct side a, b;
unsigned n_test, n_failed;
bool mip6 = true;
struct in6_addr wanted;

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

void skip(const char *what)
{
	printf("ok %u - # SKIP no MIPv6 in this kernel: %s\n", ++n_test, what);
}

void must(bool good, const char *what)
{
	if (good)
		return;
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

struct in6_addr a6(const char *s)
{
	struct in6_addr x;

	must(inet_pton(AF_INET6, s, &x) == 1, s);
	return x;
}

bool is(const struct in6_addr *x, const char *s)
{
	struct in6_addr want = a6(s);

	return in6_eq(x, &want);
}

/* ---- the network ---- */

void stand_in(const struct side *s)
{
	must(setns(s->ns, CLONE_NEWNET) == 0, "setns");
}

int ip_batch(const struct side *s, const char *fmt, ...)
{
	va_list ap;
	FILE *p;

	stand_in(s);
	p = popen("ip -batch -", "w");
	must(p != NULL, "ip");
	va_start(ap, fmt);
	vfprintf(p, fmt, ap);
	va_end(ap);
	return pclose(p);
}

void set_sysctl(const struct side *s, const char *name, const char *value)
{
	char path[128];
	int fd;

	stand_in(s);
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/%s", name);
	fd = open(path, O_WRONLY);
	must(fd >= 0 && write(fd, value, strlen(value)) > 0, path);
	close(fd);
}

static void make_namespace(struct side *s)
{
	must(unshare(CLONE_NEWNET) == 0, "unshare");
	s->ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	must(s->ns >= 0, "/proc/self/ns/net");
	set_sysctl(s, "conf/default/accept_dad", "0");
	set_sysctl(s, "conf/all/accept_dad", "0");
	set_sysctl(s, "conf/default/router_solicitations", "0");
}

static bool has_link_local(struct side *s, const char *dev)
{
	struct ifaddrs *all, *i;

	stand_in(s);
	must(getifaddrs(&all) == 0, "getifaddrs");
	for (i = all; i; i = i->ifa_next) {
		const struct sockaddr_in6 *sin6 = (const void *)i->ifa_addr;
		const struct sockaddr_ll *sll = (const void *)i->ifa_addr;

		if (!i->ifa_addr || strcmp(i->ifa_name, dev))
			continue;
		if (sin6->sin6_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr))
			s->link_local = sin6->sin6_addr;
		if (sll->sll_family == AF_PACKET) {
			s->ifindex = sll->sll_ifindex;
			s->ll.len = sll->sll_halen;
			memcpy(s->ll.b, sll->sll_addr, sll->sll_halen);
		}
	}
	freeifaddrs(all);
	return s->ifindex && s->link_local.s6_addr[0];
}

void make_network(void)
{
	char peer[64];

	make_namespace(&a);
	make_namespace(&b);
	set_sysctl(&b, "conf/all/forwarding", "1");
	snprintf(peer, sizeof(peer), "/proc/%d/fd/%d", (int)getpid(), b.ns);
	must(ip_batch(&a,
		      "link set lo up\n"
		      "link add va type veth peer name vb netns %s\n"
		      "link add va2 type veth peer name vb2 address 02:00:00:00:00:b2 netns %s\n"
		      "link set va up\nlink set va2 up\n"
		      "addr add " COA "/64 dev va nodad\n"
		      "addr add " HOA "/128 dev lo home nodad\n"
		      "route add 2001:db8:2::/64 dev va2 metric 5000\n"
		      "neigh add " HA " lladdr 02:00:00:00:00:b2 dev va2\n",
		      peer, peer) == 0,
	     "network of a");
	must(ip_batch(&b, "link set lo up\nlink set vb up\nlink set vb2 up\n"
			  "addr add " HA "/64 dev vb nodad\n") == 0,
	     "network of b");
	mip6 = ip_batch(&a, "xfrm state add src :: dst " HOA
			    " proto route2 mode ro coa :: flag wildrecv\n"
			    "xfrm policy add src ::/0 dst " HOA "/128 proto 135 dir in ptype sub"
			    " priority 10 tmpl src :: dst " HOA
			    " proto route2 mode ro level use\n") == 0 &&
	       ip_batch(&b,
			"xfrm state add src :: dst " HA " proto hao mode ro coa :: flag wildrecv\n"
			"xfrm policy add src ::/0 dst " HA "/128 proto 135 dir in ptype sub"
			" priority 10 tmpl src :: dst :: proto hao mode ro level use\n") == 0;
	for (int i = 0; i < 2000 && !(has_link_local(&a, "va") && has_link_local(&b, "vb")); i++)
		usleep(10000);
	must(b.link_local.s6_addr[0], "no link-local addresses");
}

/* Everything that arrives on the link, from the IPv6 header on. */
static int open_sniffer(const struct side *s)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IPV6),
				  .sll_ifindex = s->ifindex };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&ll, sizeof(ll)) == 0, "sniffer");
	return fd;
}

/* ---- what arrives ---- */

static void mh_cb(void *arg, const struct mh_rx *rx, const struct mh_msg *m, int err,
		  const char *why)
{
	struct seen_mh *g = arg;

	(void)why;
	g->rx = *rx;
	g->err = err;
	if (m)
		g->m = *m;
	g->n++;
}

/* The kernels of both sides also talk to each other about their neighbours. */
static void nd_cb(void *arg, const struct nd_rx *rx, const struct nd_msg *m)
{
	struct seen_nd *g = arg;

	if ((m->type == ND_NS && !in6_eq(&m->ns.target, &wanted)) ||
	    (m->type == ND_NA && !in6_eq(&m->na.target, &wanted)))
		return;
	g->rx = *rx;
	g->m = *m;
	g->n++;
}

static void icmp_cb(void *arg, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	struct seen_icmp *g = arg;

	g->rx = *rx;
	g->m = *m;
	if (m->type == ICMP6_ECHOREP_ && m->echo.len <= sizeof(g->data))
		memcpy(g->data, m->echo.data, m->echo.len);
	g->n++;
}

void open_side(struct side *s)
{
	static const uint8_t types[] = { ICMP6_ECHOREP_, ICMP6_PARAMPROB_, 0 };
	static const struct mh_dialect dialect;

	stand_in(s);
	s->sniffer = open_sniffer(s);
	must(mhsock_open(&s->mh, loop, &dialect, mh_cb, &s->got_mh) == 0, "mhsock_open");
	must(ndsock_open(&s->nd, loop) == 0, "ndsock_open");
	must(ndsock_watch(s->nd, s->ifindex, true) == 0, "ndsock_watch");
	must(ndsock_listen(s->nd, nd_cb, &s->got_nd) == 0, "ndsock_listen");
	must(dad_init(&s->dad, s->nd) == 0, "dad_init");
	must(icmp6sock_open(&s->icmp, loop, types, icmp_cb, &s->got_icmp) == 0, "icmp6sock_open");
}

void close_side(struct side *s)
{
	dad_fini(s->dad);
	ndsock_close(s->nd);
	mhsock_close(s->mh);
	icmp6sock_close(s->icmp);
	close(s->sniffer);
	close(s->ns);
}

static void tick_cb(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)l, (void)w, (void)revents;
}

bool wait_for(const unsigned *n, unsigned want)
{
	double end = run_wall() + LIMIT;
	ev_timer tick;

	ev_timer_init(&tick, tick_cb, 0.01, 0.01);
	ev_timer_start(loop, &tick);
	while (*n < want && run_wall() < end)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &tick);
	return *n >= want;
}

void settle(void)
{
	ev_timer tick;

	ev_timer_init(&tick, tick_cb, 0.01, 0.01);
	ev_timer_start(loop, &tick);
	for (int i = 0; i < 30; i++)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &tick);
}

/* ---- judging octets ---- */

unsigned words(const uint8_t *p, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (unsigned)(p[i] << 8 | p[i + 1]);
	return sum;
}

bool sum_good(const struct in6_addr *src, const struct in6_addr *dst, uint8_t proto,
	      const uint8_t *p, size_t n)
{
	unsigned sum = words(src->s6_addr, 16) + words(dst->s6_addr, 16) + (unsigned)n + proto +
		       words(p, n);

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

bool sniff(struct side *s, uint8_t proto, struct frame *f)
{
	for (int tries = 0; tries < 2000; tries++) {
		ssize_t n = recv(s->sniffer, f, sizeof(f->ip) + sizeof(f->rest), MSG_DONTWAIT);
		uint8_t next;
		size_t at = 0;

		if (n < 0) {
			usleep(1000);
			continue;
		}
		f->n = (size_t)n - sizeof(f->ip);
		next = f->ip.ip6_nxt;
		while (next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS) {
			next = f->rest[at];
			at += (f->rest[at + 1] + 1u) * 8;
		}
		if (next == proto)
			return true;
	}
	return false;
}

void forget(struct side *s)
{
	uint8_t buf[64];

	while (recv(s->sniffer, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}
