/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/icmp6sock.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <stdlib.h>
#include <string.h>

#include "io/raw.h"
#include "run/log.h"
#include "run/timer.h"
#include "wire/cksum.h"

#define ICMP6_MAX    2048 /* octets; 1280 is the most that our messages have */
#define ICMP6_RCVBUF (1 << 20)
#define ICMP6_HOPS   64

struct icmp6sock {
	struct raw_rx *rx;
	struct raw_tx tx;
	struct raw_tx tx_hao; /* the kernel would sum the care-of address */
	icmp6sock_rx_fn fn;
	void *arg;
	struct log_rl rl;
};

static void drop(struct icmp6sock *s, const struct in6_addr *src, const char *why)
{
	log_rl_line(&s->rl, LOG_LV_DEBUG, "io", "ICMPv6 message from %s dropped: %s", A6(src), why);
}

static void bad_cb(void *arg)
{
	drop(arg, &in6addr_any, "its extension headers are malformed");
}

static void rx_cb(void *arg, const struct raw_in *in, const uint8_t *buf, size_t len, bool whole)
{
	struct icmp6sock *s = arg;
	struct icmp6_rx rx = { .src = in->src,
			       .dst = in->dst,
			       .has_hao = in->has_hao,
			       .hao = in->hao,
			       .has_rh2 = in->has_rh2,
			       .rh2_coa = in->rh2_coa,
			       .ifindex = in->ifindex,
			       .at = run_now() };
	const char *why = "longer than such a message";
	struct icmp6_msg m;

	if (!whole || icmp6_parse(buf, len, &m, &why) < 0)
		drop(s, &rx.src, why);
	else
		s->fn(s->arg, &rx, &m);
}

static int set_filter(int fd, const uint8_t *types)
{
	struct icmp6_filter f;

	ICMP6_FILTER_SETBLOCKALL(&f);
	for (; *types; types++)
		ICMP6_FILTER_SETPASS(*types, &f);
	return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof(f)) < 0 ? -errno : 0;
}

int icmp6sock_open(struct icmp6sock **out, struct ev_loop *loop, const uint8_t *types,
		   icmp6sock_rx_fn fn, void *arg)
{
	struct icmp6sock *s = calloc(1, sizeof(*s));
	struct raw_rx_conf c = { .proto = IPPROTO_ICMPV6,
				 .max = ICMP6_MAX,
				 .rcvbuf = ICMP6_RCVBUF,
				 .fn = rx_cb,
				 .bad = bad_cb,
				 .arg = s };
	int rc;

	if (!s)
		return -ENOMEM;
	*s = (struct icmp6sock){ .tx.fd = -1, .tx_hao.fd = -1, .fn = fn, .arg = arg };
	rc = raw_rx_open(&s->rx, loop, &c);
	if (!rc)
		rc = set_filter(raw_rx_fd(s->rx), types);
	if (!rc)
		rc = raw_tx_open(&s->tx, IPPROTO_ICMPV6, ICMP6_HOPS, false);
	if (!rc)
		rc = raw_tx_open(&s->tx_hao, IPPROTO_ICMPV6, ICMP6_HOPS, true);
	if (rc < 0) {
		icmp6sock_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void icmp6sock_close(struct icmp6sock *s)
{
	if (!s)
		return;
	raw_rx_close(s->rx);
	raw_tx_close(&s->tx);
	raw_tx_close(&s->tx_hao);
	free(s);
}

int icmp6sock_send(struct icmp6sock *s, const struct icmp6_tx *tx, const struct icmp6_msg *m)
{
	struct raw_out o = { .src = tx->src,
			     .dst = tx->dst,
			     .ifindex = tx->ifindex,
			     .mark = tx->mark,
			     .has_hao = tx->has_hao,
			     .has_rh2 = tx->has_rh2,
			     .hao = tx->hao,
			     .rh2_coa = tx->rh2_coa };
	uint8_t buf[ICMP6_MAX];
	ssize_t n = icmp6_build(m, buf, sizeof(buf));
	struct iovec iov = { .iov_base = buf, .iov_len = (size_t)n };
	uint16_t sum;

	if (n < 0)
		return (int)n;
	if (!tx->has_hao)
		return raw_tx_send(&s->tx, &o, &iov, 1);
	sum = cksum6(&tx->hao, &tx->dst, IPPROTO_ICMPV6, buf, (size_t)n, CKSUM_AT_ICMP6);
	memcpy(buf + CKSUM_AT_ICMP6, &sum, sizeof(sum));
	return raw_tx_send(&s->tx_hao, &o, &iov, 1);
}
