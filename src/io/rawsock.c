/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "io/raw.h"
#include "run/log.h"

struct raw_slot { /* where one message of a batch lands */
	struct sockaddr_in6 from;
	struct raw_ctl ctl;
	struct iovec iov;
};

struct raw_rx {
	struct raw_rx_conf c;
	struct ev_loop *loop;
	ev_io io;
	bool reading, closed;
	struct log_rl rl;
	struct mmsghdr msg[RAW_BATCH];
	struct raw_slot slot[RAW_BATCH];
	uint8_t *buf; /* RAW_BATCH times c.max */
};

int raw_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static void prepare_slots(struct raw_rx *rx)
{
	for (unsigned i = 0; i < RAW_BATCH; i++) {
		struct raw_slot *s = &rx->slot[i];

		s->iov =
			(struct iovec){ .iov_base = rx->buf + i * rx->c.max, .iov_len = rx->c.max };
		rx->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &s->from,
			.msg_namelen = sizeof(s->from),
			.msg_iov = &s->iov,
			.msg_iovlen = 1,
			.msg_control = s->ctl.b,
			.msg_controllen = sizeof(s->ctl.b),
		};
	}
}

static void deliver(struct raw_rx *rx, unsigned i)
{
	struct msghdr *h = &rx->msg[i].msg_hdr;
	struct raw_in in;

	if (raw_decode(h, &in) < 0)
		rx->c.bad(rx->c.arg);
	else
		rx->c.fn(rx->c.arg, &in, rx->slot[i].iov.iov_base, rx->msg[i].msg_len,
			 !(h->msg_flags & MSG_TRUNC));
}

static void raw_rx_free(struct raw_rx *rx)
{
	free(rx->buf);
	free(rx);
}

static void raw_rx_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct raw_rx *rx = w->data;
	int n;

	(void)loop, (void)revents;
	prepare_slots(rx);
	n = recvmmsg(w->fd, rx->msg, RAW_BATCH, MSG_DONTWAIT, NULL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		log_rl(&rx->rl, "io", "receive on protocol %d: %s", rx->c.proto, strerror(errno));
	rx->reading = true;
	for (int i = 0; i < n && !rx->closed; i++)
		deliver(rx, (unsigned)i);
	rx->reading = false;
	if (rx->closed)
		raw_rx_free(rx);
}

/* The kernel's own limit on buffers is for programs that it trusts less. */
static int open_socket(const struct raw_rx_conf *c)
{
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, c->proto), rc;

	if (fd < 0)
		return -errno;
	if (raw_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, c->rcvbuf) < 0)
		raw_set(fd, SOL_SOCKET, SO_RCVBUF, c->rcvbuf);
	rc = raw_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	if (!rc)
		rc = raw_set(fd, IPPROTO_IPV6, IPV6_RECVDSTOPTS, 1);
	if (!rc)
		rc = raw_set(fd, IPPROTO_IPV6, IPV6_RECVRTHDR, 1);
	if (!rc)
		rc = raw_set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

int raw_rx_open(struct raw_rx **out, struct ev_loop *loop, const struct raw_rx_conf *c)
{
	struct raw_rx *rx = calloc(1, sizeof(*rx));
	int fd;

	if (!rx)
		return -ENOMEM;
	rx->c = *c;
	rx->loop = loop;
	rx->buf = malloc(RAW_BATCH * c->max);
	fd = rx->buf ? open_socket(c) : -ENOMEM;
	if (fd < 0) {
		raw_rx_free(rx);
		return fd;
	}
	ev_io_init(&rx->io, raw_rx_cb, fd, EV_READ);
	rx->io.data = rx;
	ev_io_start(loop, &rx->io);
	*out = rx;
	return 0;
}

void raw_rx_close(struct raw_rx *rx)
{
	if (!rx)
		return;
	ev_io_stop(rx->loop, &rx->io);
	close(rx->io.fd);
	rx->closed = true;
	if (!rx->reading)
		raw_rx_free(rx);
}

int raw_rx_fd(const struct raw_rx *rx)
{
	return rx->io.fd;
}

static int set_tx_options(int fd, int hops, bool own_cksum)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog prog = { .len = 1, .filter = &none };
	int rc;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0)
		return -errno;
	/* SOL_RAW: at the IPv6 level the option is not for ICMPv6 sockets (RFC 3542 3.1) */
	rc = own_cksum ? raw_set(fd, SOL_RAW, IPV6_CHECKSUM, -1) : 0;
	if (!rc)
		rc = raw_set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops);
	if (!rc)
		rc = raw_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops);
	if (!rc)
		rc = raw_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
	return rc;
}

int raw_tx_open(struct raw_tx *t, int proto, int hops, bool own_cksum)
{
	int rc;

	*t = (struct raw_tx){ .fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
					   proto) };
	if (t->fd < 0)
		return -errno;
	rc = set_tx_options(t->fd, hops, own_cksum);
	if (rc < 0)
		raw_tx_close(t);
	return rc;
}

void raw_tx_close(struct raw_tx *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

/*
 * An interface in the ancillary data alone is only a wish: Linux may still route
 * a packet with a global source by another. A bound socket leaves no choice.
 */
static int bind_to(struct raw_tx *t, int ifindex)
{
	int rc;

	if (t->bound == ifindex)
		return 0;
	rc = raw_set(t->fd, SOL_SOCKET, SO_BINDTOIFINDEX, ifindex);
	if (!rc)
		t->bound = ifindex;
	return rc;
}

static int set_mark(struct raw_tx *t, uint32_t mark)
{
	int rc;

	if (t->mark == mark)
		return 0;
	rc = raw_set(t->fd, SOL_SOCKET, SO_MARK, (int)mark);
	if (!rc)
		t->mark = mark;
	return rc;
}

int raw_tx_send(struct raw_tx *t, const struct raw_out *o, const struct iovec *iov, size_t n)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = o->dst };
	struct msghdr msg = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = (struct iovec *)iov,
		.msg_iovlen = n,
	};
	struct raw_ctl ctl;
	int rc = bind_to(t, o->ifindex);

	if (!rc)
		rc = set_mark(t, o->mark);
	if (rc < 0)
		return rc;
	if (IN6_IS_ADDR_LINKLOCAL(&o->dst) || IN6_IS_ADDR_MC_LINKLOCAL(&o->dst))
		to.sin6_scope_id = (uint32_t)o->ifindex;
	raw_encode(o, &msg, &ctl);
	if (sendmsg(t->fd, &msg, MSG_DONTWAIT) < 0)
		return errno == ENOBUFS ? -EAGAIN : -errno;
	return 0;
}
