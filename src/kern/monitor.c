/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets that listen to the kernel. An overrun (ENOBUFS) lost something we
 * cannot know, so everything is read again; cache.c tells only the differences.
 */
#include "kern/monitor.h"	/* <net/if.h> must come before <linux/if.h> */

#include <errno.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"

#define MON_RCVBUF	(4 * 1024 * 1024)
#define GROUP(n)	(1u << ((n) - 1))

/* ---- reading ---- */

static void on_dumped(void *arg, const struct nlmsghdr *h)
{
	cache_message(arg, h);
}

static int dump(struct monitor *m, uint16_t type, uint8_t family)
{
	uint8_t buf[128] = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	/* The strict kernel wants each table's own header; all begin with the family. */
	size_t len = type == RTM_GETLINK ? sizeof(struct ifinfomsg) :
		     type == RTM_GETADDR ? sizeof(struct ifaddrmsg) : sizeof(struct rtmsg);
	uint8_t *body = mnl_nlmsg_put_extra_header(h, len);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_DUMP;
	body[0] = family;
	return nlq_ask(&m->k->ask, NETLINK_ROUTE, h, on_dumped, m);
}

static int monitor_sync(struct monitor *m)
{
	int rc;

	m->gen++;
	rc = dump(m, RTM_GETLINK, AF_UNSPEC);
	if (rc == 0)
		rc = dump(m, RTM_GETADDR, AF_UNSPEC);
	if (rc == 0 && m->k->news.route)
		rc = dump(m, RTM_GETROUTE, AF_INET6);
	if (rc == 0)
		cache_sweep(m);
	return rc;
}

/* Everything that waits on one socket. True: something was lost. */
static bool drain(struct monitor *m, int fd,
		  void (*fn)(struct monitor *m, const struct nlmsghdr *h))
{
	struct sockaddr_nl from;
	socklen_t from_len;
	bool lost = false;
	ssize_t got;

	while (fd >= 0) {
		const struct nlmsghdr *h = (const void *)m->buf;
		int len;

		from_len = sizeof(from);
		got = recvfrom(fd, m->buf, sizeof(m->buf), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &from_len);
		if (got < 0 && errno == ENOBUFS) {
			lost = true;
			continue;
		}
		if (got < 0)
			break;
		if (from.nl_pid != 0)	/* any process may send to us: not the kernel */
			continue;
		for (len = (int)got; mnl_nlmsg_ok(h, len); h = mnl_nlmsg_next(h, &len))
			fn(m, h);
	}
	return lost;
}

static void on_xfrm_message(struct monitor *m, const struct nlmsghdr *h)
{
	if (h->nlmsg_type == XFRM_MSG_REPORT)
		cache_report(m, h);
	else if (h->nlmsg_type == XFRM_MSG_ACQUIRE)
		cache_acquire(m, h);
}

void monitor_read(struct kern *k)
{
	struct monitor *m = k->mon;
	int rc;

	if (m->reading)
		return;
	m->reading = true;
	if (drain(m, m->fd, cache_message)) {
		k->overruns++;
		rc = monitor_sync(m);
		if (rc < 0)
			log_rl(&k->rl, "kern", "reading the kernel's tables again: %s",
			       strerror(-rc));
	}
	(void)drain(m, m->xfrm_fd, on_xfrm_message);	/* what is lost was about one packet */
	m->reading = false;
}

static void mon_read_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)loop, (void)revents;
	monitor_read(w->data);
}

void monitor_first_news(struct kern *k)
{
	struct monitor *m = k->mon;

	if (!m->silent)
		return;
	m->silent = false;
	m->reading = true;
	cache_tell_all(m);
	m->reading = false;
}

/* ---- open, close ---- */

/* A home agent changes thousands of routes; only default routes shall wake us. The words of a
 * netlink header stand in the host's order, the filter loads them in the network's. */
static int only_default_routes(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			 NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_dst_len)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0 ? -errno : 0;
}

int monitor_open(struct kern *k)
{
	struct monitor *m = calloc(1, sizeof(*m));
	uint32_t groups = GROUP(RTNLGRP_LINK) | GROUP(RTNLGRP_IPV6_IFADDR) |
			  GROUP(RTNLGRP_IPV4_IFADDR);
	uint32_t xfrm = 0;
	int rc;

	if (!m)
		return -ENOMEM;
	if (k->news.route)
		groups |= GROUP(RTNLGRP_IPV6_ROUTE);
	k->mon = m;
	m->k = k;
	m->silent = true;
	if (k->news.report)
		xfrm |= GROUP(XFRMNLGRP_REPORT);
	if (k->news.acquire)
		xfrm |= GROUP(XFRMNLGRP_ACQUIRE);
	m->xfrm_fd = xfrm ? nlq_socket(NETLINK_XFRM, xfrm, MON_RCVBUF) : -1;
	m->fd = nlq_socket(NETLINK_ROUTE, groups, MON_RCVBUF);
	rc = m->fd < 0 ? m->fd : only_default_routes(m->fd);
	if (rc == 0)
		rc = monitor_sync(m);
	if (rc < 0)
		return rc;
	ev_io_init(&m->io, mon_read_cb, m->fd, EV_READ);
	m->io.data = k;
	ev_io_start(k->loop, &m->io);
	if (m->xfrm_fd >= 0) {
		ev_io_init(&m->xfrm_io, mon_read_cb, m->xfrm_fd, EV_READ);
		m->xfrm_io.data = k;
		ev_io_start(k->loop, &m->xfrm_io);
	}
	return 0;
}

void monitor_close(struct kern *k)
{
	struct monitor *m = k->mon;

	if (!m)
		return;
	cache_free(m);
	ev_io_stop(k->loop, &m->io);
	ev_io_stop(k->loop, &m->xfrm_io);
	if (m->fd >= 0)
		close(m->fd);
	if (m->xfrm_fd >= 0)
		close(m->xfrm_fd);
	free(m);
	k->mon = NULL;
}
