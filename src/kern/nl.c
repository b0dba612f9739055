/* SPDX-License-Identifier: BSD-2-Clause */
#include "kern/nl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"

#define NL_RCVBUF	(4 * 1024 * 1024)
#define NL_SNDBUF	(1024 * 1024)
#define NL_IN_MSGS	64		/* acknowledgements read with one call */
#define NL_IN_BYTES	1024
#define NL_ASK_BYTES	(32 * 1024)
#define NL_ASK_SECONDS	5

int nlq_socket(int proto, uint32_t groups, int rcvbuf)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, proto);
	int one = 1, rc;

	if (fd < 0)
		return -errno;
	/* FORCE needs CAP_NET_ADMIN; without it the system's maximum has to do. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

int nlq_open(struct nlq *n, int proto, nlq_ack_fn ack, void *arg)
{
	int sndbuf = NL_SNDBUF;

	*n = (struct nlq){ .fd = nlq_socket(proto, 0, NL_RCVBUF), .ack = ack, .arg = arg };
	if (n->fd < 0)
		return n->fd;
	if (setsockopt(n->fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf)) < 0)
		(void)setsockopt(n->fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	n->buf = malloc(NL_BATCH_BYTES);
	n->in = malloc((size_t)NL_IN_MSGS * NL_IN_BYTES);
	n->wait = calloc(NL_WAIT_MAX, sizeof(*n->wait));
	if (!n->buf || !n->in || !n->wait) {
		nlq_close(n);
		return -ENOMEM;
	}
	return 0;
}

void nlq_close(struct nlq *n)
{
	if (n->fd >= 0)
		close(n->fd);
	free(n->buf);
	free(n->in);
	free(n->wait);
	*n = (struct nlq){ .fd = -1 };
}

/* ---- acknowledgements ---- */

static void wait_pop(struct nlq *n, int rc, const char *text)
{
	struct nlq_wait w = n->wait[n->head];

	n->head = (n->head + 1) % NL_WAIT_MAX;
	n->n_wait--;
	n->ack(n->arg, w.tag, rc, text);
}

/* Those sent before seq got no answer of their own: lost. */
static void ack_in(struct nlq *n, uint32_t seq, int rc, const char *text)
{
	while (nlq_pending(n) && (int32_t)(n->wait[n->head].seq - seq) < 0)
		wait_pop(n, -ENOBUFS, "the kernel's answer was lost");
	if (nlq_pending(n) && n->wait[n->head].seq == seq)
		wait_pop(n, rc, text);
}

/* The extended message of an error, if it came with one. */
static const char *ack_text(const struct nlmsghdr *h)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	size_t skip = sizeof(*err);

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += MNL_ALIGN(err->msg.nlmsg_len) - sizeof(err->msg);
	if (mnl_nlmsg_get_payload_len(h) < skip)
		return NULL;
	mnl_attr_for_each(a, h, skip) {
		const char *s = mnl_attr_get_payload(a);
		size_t len = mnl_attr_get_payload_len(a);

		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG && len > 0 && !s[len - 1])
			return s;
	}
	return NULL;
}

static void ack_message(struct nlq *n, const void *data, size_t bytes)
{
	const struct nlmsghdr *h = data;
	int len = (int)bytes;

	for (; mnl_nlmsg_ok(h, len); h = mnl_nlmsg_next(h, &len)) {
		const struct nlmsgerr *err = mnl_nlmsg_get_payload(h);

		if (h->nlmsg_type != NLMSG_ERROR ||
		    mnl_nlmsg_get_payload_len(h) < sizeof(*err))
			continue;
		ack_in(n, h->nlmsg_seq, err->error, err->error ? ack_text(h) : NULL);
	}
}

void nlq_read(struct nlq *n)
{
	struct mmsghdr mm[NL_IN_MSGS] = { 0 };
	struct sockaddr_nl from[NL_IN_MSGS];
	struct iovec iov[NL_IN_MSGS];
	bool overrun = false;
	int got;

	while (nlq_pending(n)) {
		for (int i = 0; i < NL_IN_MSGS; i++) {
			iov[i] = (struct iovec){ n->in + (size_t)i * NL_IN_BYTES, NL_IN_BYTES };
			mm[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
							 .msg_namelen = sizeof(from[i]),
							 .msg_iov = &iov[i], .msg_iovlen = 1 };
		}
		got = recvmmsg(n->fd, mm, NL_IN_MSGS, MSG_DONTWAIT, NULL);
		if (got < 0 && errno == ENOBUFS) {
			overrun = true;
			n->overruns++;
			continue;
		}
		if (got <= 0)
			break;
		for (int i = 0; i < got; i++)
			if (from[i].nl_pid == 0)
				ack_message(n, iov[i].iov_base, mm[i].msg_len);
	}
	while (overrun && nlq_pending(n))
		wait_pop(n, -ENOBUFS, "the kernel's answer was lost");
}

/* ---- requests ---- */

void nlq_send(struct nlq *n)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	unsigned sent = n->n;
	ssize_t rc;
	int err;

	if (!sent)
		return;
	rc = sendto(n->fd, n->buf, n->used, 0, (struct sockaddr *)&to, sizeof(to));
	err = rc < 0 ? -errno : 0;
	n->n = 0;			/* all of them count as sent from here on */
	n->used = 0;
	n->batches++;
	nlq_read(n);
	while (err && n->n_wait)	/* none of this batch was taken */
		wait_pop(n, err, NULL);
}

struct nlmsghdr *nlq_msg(struct nlq *n, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h;

	if (n->used + NL_MSG_MAX > NL_BATCH_BYTES || n->n == NL_BATCH_MSGS)
		nlq_send(n);
	h = mnl_nlmsg_put_header(n->buf + n->used);
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	return h;
}

void nlq_end(struct nlq *n, struct nlmsghdr *h, void *tag)
{
	if (n->n_wait == NL_WAIT_MAX) {	/* answers are missing: do not pile up */
		n->ack(n->arg, tag, -EBUSY, NULL);
		return;
	}
	h->nlmsg_seq = ++n->seq;
	n->wait[(n->head + n->n_wait++) % NL_WAIT_MAX] = (struct nlq_wait){ n->seq, tag };
	n->used += MNL_ALIGN(h->nlmsg_len);
	n->n++;
	n->requests++;
}

int nlq_copy(struct nlq *n, const struct nlmsghdr *from, void *tag)
{
	struct nlmsghdr *h;

	if (from->nlmsg_len > NL_MSG_MAX)
		return -EMSGSIZE;
	h = nlq_msg(n, from->nlmsg_type, from->nlmsg_flags);
	memcpy(mnl_nlmsg_get_payload(h), mnl_nlmsg_get_payload(from),
	       mnl_nlmsg_get_payload_len(from));
	h->nlmsg_len = from->nlmsg_len;
	nlq_end(n, h, tag);
	return 0;
}

/* ---- ask and wait ---- */

static int ask_open(struct nlq_ask *a, int proto)
{
	struct timeval tv = { .tv_sec = NL_ASK_SECONDS };
	int one = 1;

	if (a->fd >= 0)
		return 0;
	a->fd = nlq_socket(proto, 0, NL_RCVBUF);
	if (a->fd < 0)
		return a->fd;
	(void)setsockopt(a->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	(void)setsockopt(a->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return 0;
}

void nlq_ask_close(struct nlq_ask *a)
{
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

struct ask_run { nlq_each_fn each; void *arg; bool done, changed; int rc; };

static void ask_message(struct nlq_ask *a, struct ask_run *r, const void *data, size_t bytes)
{
	const struct nlmsghdr *h = data;
	int len = (int)bytes;

	for (; mnl_nlmsg_ok(h, len) && !r->done; h = mnl_nlmsg_next(h, &len)) {
		if (h->nlmsg_seq != a->seq)
			continue;
		r->changed |= !!(h->nlmsg_flags & NLM_F_DUMP_INTR);
		if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE) {
			const int *error = mnl_nlmsg_get_payload(h);
			const char *text = NULL;

			r->done = true;
			r->rc = mnl_nlmsg_get_payload_len(h) >= sizeof(*error) ? *error : 0;
			if (h->nlmsg_type == NLMSG_ERROR && r->rc &&
			    mnl_nlmsg_get_payload_len(h) >= sizeof(struct nlmsgerr))
				text = ack_text(h);
			snprintf(a->why, sizeof(a->why), "%s", text ? text : "");
		} else {
			r->each(r->arg, h);
		}
	}
}

static int ask_once(struct nlq_ask *a, struct nlmsghdr *h, struct ask_run *r, uint8_t *buf)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };
	socklen_t salen = sizeof(sa);
	ssize_t got;

	h->nlmsg_seq = ++a->seq;
	if (sendto(a->fd, h, h->nlmsg_len, 0, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	r->done = r->changed = false;
	while (!r->done) {
		salen = sizeof(sa);
		got = recvfrom(a->fd, buf, NL_ASK_BYTES, 0, (struct sockaddr *)&sa, &salen);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (sa.nl_pid == 0)
			ask_message(a, r, buf, (size_t)got);
	}
	return r->rc;
}

int nlq_ask(struct nlq_ask *a, int proto, struct nlmsghdr *h, nlq_each_fn each, void *arg)
{
	struct ask_run r = { .each = each, .arg = arg };
	uint8_t *buf = malloc(NL_ASK_BYTES);
	int rc = buf ? ask_open(a, proto) : -ENOMEM;

	/* ACK ends a question that is no dump. */
	h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	a->why[0] = '\0';
	for (int try = 0; rc == 0 && try < 3; try++) {
		rc = ask_once(a, h, &r, buf);
		if (rc < 0 || !r.changed)
			break;
	}
	free(buf);
	return rc;
}

/* ---- attributes ---- */

void nlq_attrs(const struct nlmsghdr *h, size_t hdrlen, const struct nlattr **tb, unsigned n)
{
	const struct nlattr *a;

	memset(tb, 0, n * sizeof(*tb));
	if (mnl_nlmsg_get_payload_len(h) < hdrlen)
		return;
	mnl_attr_for_each(a, h, hdrlen)
		if (mnl_attr_get_type(a) < n)
			tb[mnl_attr_get_type(a)] = a;
}

void nlq_nested(const struct nlattr *nest, const struct nlattr **tb, unsigned n)
{
	const struct nlattr *a;

	memset(tb, 0, n * sizeof(*tb));
	if (!nest)
		return;
	mnl_attr_for_each_nested(a, nest)
		if (mnl_attr_get_type(a) < n)
			tb[mnl_attr_get_type(a)] = a;
}

const void *nlq_data(const struct nlattr *a, size_t len)
{
	return a && mnl_attr_get_payload_len(a) >= len ? mnl_attr_get_payload(a) : NULL;
}

uint32_t nlq_u32(const struct nlattr *a)
{
	const uint32_t *v = nlq_data(a, sizeof(*v));

	return v ? *v : 0;
}

uint8_t nlq_u8(const struct nlattr *a)
{
	const uint8_t *v = nlq_data(a, sizeof(*v));

	return v ? *v : 0;
}

bool nlq_is(const struct nlattr *a, const char *s)
{
	size_t len = strlen(s);
	const char *p = nlq_data(a, len);

	return p && memcmp(p, s, len) == 0 &&
	       (mnl_attr_get_payload_len(a) == len || !p[len]);
}
