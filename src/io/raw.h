/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io/raw.h - what the raw sockets of this room share: ancillary data in both
 * directions, batched reading from the loop, sending through a socket of its own,
 * and packets that we frame ourselves.
 *
 * A receive socket reads up to RAW_BATCH messages a wake-up. A send socket hears
 * nothing (a filter refuses all), so that it can be bound to an interface for a
 * message: only that makes the kernel use no other.
 *
 * Addresses in network order. 0 or -errno. Nothing blocks.
 */
#ifndef MIP6_IO_RAW_H
#define MIP6_IO_RAW_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "wire/exthdr.h"
#include "wire/nd.h"

#define RAW_BATCH   64
#define RAW_IOV	    4	 /* parts of one message that is sent */
#define RAW_CTL_LEN 1024 /* ancillary data; more than legal messages have */

/* The addresses as on the wire: Linux swaps them before it delivers (RFC 6275 9.3.1, 6.4). */
struct raw_in {
	struct in6_addr src, dst;
	bool has_hao, has_rh2;
	struct in6_addr hao, rh2_coa; /* content of the option; first destination */
	int ifindex;
	int hop_limit; /* -1: not asked for */
	bool has_drops;
	uint32_t drops; /* of the socket so far; wraps */
};

struct raw_out {
	struct in6_addr src, dst; /* src ::: the kernel chooses; dst: final destination */
	bool has_hao, has_rh2;
	struct in6_addr hao, rh2_coa;
	int ifindex; /* 0 = by routing */
	uint32_t mark; /* of the packet, for rules; 0 = none */
};

struct raw_ctl {
	_Alignas(struct cmsghdr) uint8_t b[RAW_CTL_LEN];
};

/* rawmsg.c: no sockets. -EBADMSG: ancillary data that no legal message has. */
int raw_decode(struct msghdr *msg, struct raw_in *in);
/* Points msg (zeroed by the caller) to ctl and fills it. */
void raw_encode(const struct raw_out *o, struct msghdr *msg, struct raw_ctl *ctl);

/* rawsock.c */

/* The message is cut off if whole is false. buf lives until the function returns. */
typedef void (*raw_rx_fn)(void *arg, const struct raw_in *in, const uint8_t *buf, size_t len,
			  bool whole);

struct raw_rx_conf {
	int proto;
	size_t max; /* octets kept of a message */
	int rcvbuf; /* octets */
	raw_rx_fn fn;
	void (*bad)(void *arg); /* a message whose ancillary data were refused */
	void *arg;
};

struct raw_rx;
/* fn may call raw_rx_close(). */
int raw_rx_open(struct raw_rx **rx, struct ev_loop *loop, const struct raw_rx_conf *c);
void raw_rx_close(struct raw_rx *rx);
int raw_rx_fd(const struct raw_rx *rx); /* for socket options */
int raw_set(int fd, int level, int option, int value);

struct raw_tx {
	int fd;	   /* -1: closed */
	int bound; /* ifindex, 0 = not */
	uint32_t mark;
};

/* own_cksum: the caller sums; else the kernel does (ICMPv6 only). */
int raw_tx_open(struct raw_tx *t, int proto, int hops, bool own_cksum);
void raw_tx_close(struct raw_tx *t);
/* -EAGAIN: no room, the message is lost. */
int raw_tx_send(struct raw_tx *t, const struct raw_out *o, const struct iovec *iov, size_t n);

/* framed.c: an IPv6 packet of our own making to a link-layer address. */
struct framed {
	int ifindex;
	const struct nd_lladdr *to; /* NULL: by dst, which is multicast then */
	const struct raw_out *o;    /* extension headers are put in; src may be :: */
	uint8_t proto, hops;
};

int framed_open(void); /* a descriptor or -errno */
int framed_send(int fd, const struct framed *f, const struct iovec *iov, size_t n);

#endif
