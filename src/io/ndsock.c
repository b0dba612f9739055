/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/ndsock.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"
#include "io/groups.h"
#include "io/ndcheck.h"
#include "io/raw.h"
#include "run/log.h"
#include "run/timer.h"
#include "wire/cksum.h"

#define ND_MAX	  9216 /* octets: a jumbo frame */
#define ND_RCVBUF (1 << 20)
#define ND_HOPS	  255 /* RFC 4861 4 */

static const struct in6_addr all_nodes = { .s6_addr = { 0xff, 2, [15] = 1 } };
static const struct in6_addr all_routers = { .s6_addr = { 0xff, 2, [15] = 2 } };

struct watch {
	int ifindex;
	unsigned users;
};

struct listener {
	ndsock_rx_fn fn; /* NULL: left while messages were given out */
	void *arg;
};

struct ndsock {
	struct raw_rx *rx;
	struct raw_tx tx;
	int framed; /* packet socket: messages from :: */
	struct groups *groups;
	struct watch *watch;
	size_t n_watch;
	struct listener *listener;
	size_t n_listener;
	bool giving_out, closed;
	struct ndsock_stats stats;
	struct log_rl rl;
};

static struct watch *watch_find(const struct ndsock *s, int ifindex)
{
	for (size_t i = 0; i < s->n_watch; i++)
		if (s->watch[i].ifindex == ifindex)
			return &s->watch[i];
	return NULL;
}

static void listener_compact(struct ndsock *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_listener; i++)
		if (s->listener[i].fn)
			s->listener[n++] = s->listener[i];
	s->n_listener = n;
}

static void ndsock_free(struct ndsock *s)
{
	free(s->watch);
	free(s->listener);
	free(s);
}

static void give_out(struct ndsock *s, const struct nd_rx *rx, const struct nd_msg *m)
{
	size_t n = s->n_listener; /* who joins now starts with the next message */

	s->giving_out = true;
	for (size_t i = 0; i < n && !s->closed; i++)
		if (s->listener[i].fn)
			s->listener[i].fn(s->listener[i].arg, rx, m);
	s->giving_out = false;
	if (s->closed)
		ndsock_free(s);
	else
		listener_compact(s);
}

static void bad_cb(void *arg)
{
	struct ndsock *s = arg;

	s->stats.rx_bad++;
}

static void rx_cb(void *arg, const struct raw_in *in, const uint8_t *buf, size_t len, bool whole)
{
	struct ndsock *s = arg;
	struct nd_rx rx = {
		.ifindex = in->ifindex, .src = in->src, .dst = in->dst, .at = run_now()
	};
	const char *why = "longer than a link carries";
	struct nd_msg m;

	if (!watch_find(s, in->ifindex))
		return;
	if (whole && nd_parse(buf, len, &m, &why) == 0)
		why = in->has_hao ? "has a home address option" : /* RFC 6275 11.3.1 */
			      ndcheck(&rx, in->hop_limit, &m);
	if (why) {
		s->stats.rx_bad++;
		log_rl_line(&s->rl, LOG_LV_DEBUG, "io", "ND message from %s on link %d dropped: %s",
			    A6(&rx.src), rx.ifindex, why);
		return;
	}
	s->stats.rx++;
	give_out(s, &rx, &m);
}

static int set_rx_options(int fd)
{
	struct icmp6_filter f;

	ICMP6_FILTER_SETBLOCKALL(&f);
	for (int type = ND_RS; type <= ND_NA; type++)
		ICMP6_FILTER_SETPASS(type, &f);
	if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof(f)) < 0)
		return -errno;
	return raw_set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
}

int ndsock_open(struct ndsock **out, struct ev_loop *loop)
{
	struct ndsock *s = calloc(1, sizeof(*s));
	struct raw_rx_conf c = { .proto = IPPROTO_ICMPV6,
				 .max = ND_MAX,
				 .rcvbuf = ND_RCVBUF,
				 .fn = rx_cb,
				 .bad = bad_cb,
				 .arg = s };
	int rc;

	if (!s)
		return -ENOMEM;
	s->tx.fd = s->framed = -1;
	rc = groups_open(&s->groups);
	if (!rc)
		rc = raw_rx_open(&s->rx, loop, &c);
	if (!rc)
		rc = set_rx_options(raw_rx_fd(s->rx));
	if (!rc)
		rc = raw_tx_open(&s->tx, IPPROTO_ICMPV6, ND_HOPS, false);
	if (!rc)
		rc = s->framed = framed_open();
	if (rc < 0) {
		ndsock_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void ndsock_close(struct ndsock *s)
{
	if (!s)
		return;
	raw_rx_close(s->rx);
	raw_tx_close(&s->tx);
	if (s->framed >= 0)
		close(s->framed);
	groups_close(s->groups);
	s->closed = true;
	if (!s->giving_out)
		ndsock_free(s);
}

int ndsock_listen(struct ndsock *s, ndsock_rx_fn fn, void *arg)
{
	struct listener *l = realloc(s->listener, (s->n_listener + 1) * sizeof(*l));

	if (!l)
		return -ENOMEM;
	s->listener = l;
	l[s->n_listener++] = (struct listener){ .fn = fn, .arg = arg };
	return 0;
}

void ndsock_unlisten(struct ndsock *s, ndsock_rx_fn fn, void *arg)
{
	for (size_t i = 0; i < s->n_listener; i++)
		if (s->listener[i].fn == fn && s->listener[i].arg == arg)
			s->listener[i].fn = NULL;
	if (!s->giving_out)
		listener_compact(s);
}

static int watch_add(struct ndsock *s, int ifindex)
{
	struct watch *w = realloc(s->watch, (s->n_watch + 1) * sizeof(*w));
	int rc;

	if (!w)
		return -ENOMEM;
	s->watch = w;
	rc = groups_join(s->groups, ifindex, &all_nodes);
	if (rc < 0)
		return rc;
	w[s->n_watch++] = (struct watch){ .ifindex = ifindex, .users = 1 };
	return 0;
}

int ndsock_watch(struct ndsock *s, int ifindex, bool on)
{
	struct watch *w = watch_find(s, ifindex);

	if (!w)
		return on ? watch_add(s, ifindex) : -ENOENT;
	if (on) {
		w->users++;
		return 0;
	}
	if (--w->users)
		return 0;
	*w = s->watch[--s->n_watch];
	return groups_leave(s->groups, ifindex, &all_nodes);
}

int ndsock_group(struct ndsock *s, int ifindex, const struct in6_addr *addr, bool join)
{
	struct in6_addr group = in6_solicited_node(addr);

	return join ? groups_join(s->groups, ifindex, &group)
		    : groups_leave(s->groups, ifindex, &group);
}

static struct in6_addr default_dst(const struct nd_msg *m)
{
	if (m->type == ND_RS)
		return all_routers;
	return m->type == ND_NS ? in6_solicited_node(&m->ns.target) : all_nodes;
}

/* A raw socket cannot send from ::, so these are framed, and summed, by ourselves. */
static int send_unspecified(struct ndsock *s, const struct raw_out *o, uint8_t *buf, size_t len)
{
	struct framed f = {
		.ifindex = o->ifindex, .o = o, .proto = IPPROTO_ICMPV6, .hops = ND_HOPS
	};
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	uint16_t sum = cksum6(&o->src, &o->dst, IPPROTO_ICMPV6, buf, len, CKSUM_AT_ICMP6);

	memcpy(buf + CKSUM_AT_ICMP6, &sum, sizeof(sum));
	return framed_send(s->framed, &f, &iov, 1);
}

int ndsock_send(struct ndsock *s, int ifindex, const struct in6_addr *src,
		const struct in6_addr *dst, const struct nd_msg *m)
{
	struct raw_out o = { .src = src ? *src : in6addr_any,
			     .dst = dst ? *dst : default_dst(m),
			     .ifindex = ifindex };
	uint8_t buf[ND_BUILD_MAX];
	ssize_t n = ifindex > 0 ? nd_build(m, buf, sizeof(buf)) : -EINVAL;
	struct iovec iov = { .iov_base = buf, .iov_len = (size_t)n };
	int rc = (int)n;

	if (n > 0 && src && IN6_IS_ADDR_UNSPECIFIED(src))
		rc = send_unspecified(s, &o, buf, (size_t)n);
	else if (n > 0)
		rc = raw_tx_send(&s->tx, &o, &iov, 1);
	if (rc < 0)
		s->stats.tx_errors++;
	else
		s->stats.tx++;
	return rc < 0 ? rc : 0;
}

struct ndsock_stats ndsock_stats(const struct ndsock *s)
{
	return s->stats;
}
