/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/mhsock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "io/raw.h"
#include "run/log.h"
#include "run/timer.h"
#include "wire/cksum.h"

#define MH_RCVBUF (8 << 20) /* octets: a burst of a few thousand Binding Updates */
#define MH_HOPS	  64

struct mhsock {
	struct raw_rx *rx;
	struct raw_tx tx;
	int framed; /* packet socket */
	struct mh_dialect dialect;
	mhsock_rx_fn fn;
	void *arg;
	struct mhsock_stats stats;
	uint32_t drops_seen;
};

static void bad_cb(void *arg)
{
	struct mhsock *s = arg;

	s->stats.rx_malformed++;
}

static void count(struct mhsock *s, int err, uint8_t type)
{
	if (!err && type < ARRAY_SIZE(s->stats.rx))
		s->stats.rx[type]++;
	else if (err == -EPROTONOSUPPORT)
		s->stats.rx_unknown++;
	else
		s->stats.rx_malformed++;
}

static void rx_cb(void *arg, const struct raw_in *in, const uint8_t *buf, size_t len, bool whole)
{
	struct mhsock *s = arg;
	struct mh_rx rx = {
		.src = in->src,
		.dst = in->dst,
		.has_hao = in->has_hao,
		.has_rh2 = in->has_rh2,
		.hao = in->hao,
		.rh2_coa = in->rh2_coa,
		.ifindex = in->ifindex,
		.buf = buf,
		.len = len,
		.at = run_now(),
	};
	const char *why = "longer than a Mobility Header";
	struct mh_msg m;
	int err = -EBADMSG;

	if (in->has_drops) {
		s->stats.rx_kernel_dropped += (uint32_t)(in->drops - s->drops_seen);
		s->drops_seen = in->drops;
	}
	/* no mobility message is for a group, and none may be answered (RFC 4443 2.4 e) */
	if (IN6_IS_ADDR_MULTICAST(&rx.dst)) {
		s->stats.rx_malformed++;
		return;
	}
	if (whole)
		err = mh_parse(buf, len, &s->dialect, &m, &why);
	count(s, err, err ? 0 : m.type);
	s->fn(s->arg, &rx, err ? NULL : &m, err, err ? why : NULL);
}

int mhsock_open(struct mhsock **out, struct ev_loop *loop, const struct mh_dialect *d,
		mhsock_rx_fn fn, void *arg)
{
	struct mhsock *s = calloc(1, sizeof(*s));
	struct raw_rx_conf c = { .proto = IPPROTO_MH_,
				 .max = MH_MAX_LEN,
				 .rcvbuf = MH_RCVBUF,
				 .fn = rx_cb,
				 .bad = bad_cb,
				 .arg = s };
	int rc;

	if (!s)
		return -ENOMEM;
	*s = (struct mhsock){ .tx.fd = -1, .framed = -1, .dialect = *d, .fn = fn, .arg = arg };
	rc = raw_rx_open(&s->rx, loop, &c);
	if (!rc)
		rc = raw_set(raw_rx_fd(s->rx), IPPROTO_IPV6, IPV6_CHECKSUM, CKSUM_AT_MH);
	if (!rc)
		rc = raw_tx_open(&s->tx, IPPROTO_MH_, MH_HOPS, true);
	if (!rc)
		rc = s->framed = framed_open();
	if (rc < 0) {
		mhsock_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void mhsock_close(struct mhsock *s)
{
	if (!s)
		return;
	raw_rx_close(s->rx);
	raw_tx_close(&s->tx);
	if (s->framed >= 0)
		close(s->framed);
	free(s);
}

static int transmit(struct mhsock *s, const struct mh_tx *tx)
{
	/* RFC 6275 6.1.1: the home addresses are what is summed */
	uint16_t sum = mh_checksum(tx->has_hao ? &tx->hao : &tx->src, &tx->dst, tx->buf, tx->len);
	struct raw_out o = {
		.src = tx->src,
		.dst = tx->dst,
		.has_hao = tx->has_hao,
		.has_rh2 = tx->has_rh2,
		.hao = tx->hao,
		.rh2_coa = tx->rh2_coa,
		.ifindex = tx->ifindex,
	};
	struct framed f = { .ifindex = tx->ifindex,
			    .to = tx->to_ll,
			    .o = &o,
			    .proto = IPPROTO_MH_,
			    .hops = MH_HOPS };
	const size_t rest = CKSUM_AT_MH + sizeof(sum);
	struct iovec iov[] = {
		{ .iov_base = (uint8_t *)tx->buf, .iov_len = CKSUM_AT_MH },
		{ .iov_base = &sum, .iov_len = sizeof(sum) },
		{ .iov_base = (uint8_t *)tx->buf + rest, .iov_len = tx->len - rest },
	};

	if (tx->to_ll)
		return framed_send(s->framed, &f, iov, ARRAY_SIZE(iov));
	return raw_tx_send(&s->tx, &o, iov, ARRAY_SIZE(iov));
}

int mhsock_send(struct mhsock *s, const struct mh_tx *tx)
{
	int rc = -EINVAL;

	/* without a source there is no checksum */
	if (tx->len >= 8 && tx->len <= MH_MAX_LEN && !IN6_IS_ADDR_UNSPECIFIED(&tx->src) &&
	    (!tx->to_ll || tx->ifindex))
		rc = transmit(s, tx);
	if (rc < 0)
		s->stats.tx_errors++;
	else if (tx->buf[2] < ARRAY_SIZE(s->stats.tx))
		s->stats.tx[tx->buf[2]]++;
	if (rc < 0)
		log_debug("io", "%s to %s: %s", mh_type_str(tx->buf[2]), A6(&tx->dst),
			  strerror(-rc));
	return rc;
}

struct mhsock_stats mhsock_stats(const struct mhsock *s)
{
	return s->stats;
}
