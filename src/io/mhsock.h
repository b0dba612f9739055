/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io/mhsock.h - the Mobility Header socket.
 *
 * Receive socket: kernel-checked checksum, IPV6_RECVPKTINFO, IPV6_RECVDSTOPTS,
 * IPV6_RECVRTHDR, big buffer, SO_RXQ_OVFL counted. Linux swaps addresses before
 * it delivers: the source is the home address and the option carries the
 * care-of address (kernel.md 4); struct mh_rx says what was on the wire.
 *
 * Send socket: own checksum (the kernel would take the care-of address into the
 * sum of a message with a home address option), ancillary HAO and RH2.
 */
#ifndef MIP6_IO_MHSOCK_H
#define MIP6_IO_MHSOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/mh.h"
#include "wire/nd.h"

struct ev_loop;
struct mhsock;

struct mh_rx {
	struct in6_addr src;		/* IPv6 source on the wire */
	struct in6_addr dst;		/* final destination: own address (behind an RH2: the home
					   address) */
	bool has_hao, has_rh2;
	struct in6_addr hao;		/* content of the home address option */
	struct in6_addr rh2_coa;	/* care-of address that the packet was sent to */
	int ifindex;
	const uint8_t *buf;		/* the Mobility Header as received */
	size_t len;
	double at;			/* run_now() */
};

struct mh_tx {
	struct in6_addr src, dst;	/* dst: final destination (behind an RH2: the home address) */
	bool has_hao, has_rh2;
	struct in6_addr hao;
	struct in6_addr rh2_coa;	/* first destination */
	int ifindex;			/* 0 = by routing */
	const struct nd_lladdr *to_ll;	/* NULL, or: deliver to this link-layer address on ifindex
					   (RFC 6275 10.3.2), packet socket */
	const uint8_t *buf;
	size_t len;
};

struct mhsock_stats {
	uint64_t rx[8], tx[8];		/* by type 0-7 */
	uint64_t rx_malformed, rx_unknown, rx_kernel_dropped, tx_errors;
};

/* m is NULL and why set if the message did not parse (err = mh_parse's result). */
typedef void (*mhsock_rx_fn)(void *arg, const struct mh_rx *rx, const struct mh_msg *m, int err,
			     const char *why);

int mhsock_open(struct mhsock **s, struct ev_loop *loop, const struct mh_dialect *d,
		mhsock_rx_fn fn, void *arg);
void mhsock_close(struct mhsock *s);
/* Fills in the checksum and sends. 0 or -errno (-EAGAIN: buffer full, the message is lost). */
int mhsock_send(struct mhsock *s, const struct mh_tx *tx);
struct mhsock_stats mhsock_stats(const struct mhsock *s);

#endif
