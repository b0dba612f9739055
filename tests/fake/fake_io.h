/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake/fake_io.h - the sockets of io/ without a network.
 *
 * fake_io.c stands in for mhsock, ndsock and icmp6sock, fake_dad.c for dad (a
 * test of the real dad.c links fake_io.c alone). What the code under test sends
 * is copied, parsed by wire/ and queued; the test pops it. What the test injects
 * goes to the functions given at mhsock_open(), ndsock_listen(), icmp6sock_open(),
 * at once. Neither needs libev: the loop may be NULL.
 *
 * Popped messages are valid until the next pop of their kind or the reset. A
 * test that does not open a socket itself takes the handles from here.
 */
#ifndef MIP6_FAKE_IO_H
#define MIP6_FAKE_IO_H

#include "io/dad.h"
#include "io/icmp6sock.h"
#include "io/mhsock.h"
#include "io/ndsock.h"

void fake_io_reset(void); /* forgets everything, the listeners too */
struct mhsock *fake_mhsock(void);
struct ndsock *fake_ndsock(void);

/* ---- Mobility Header ---- */

struct fake_mh {
	struct mh_tx tx; /* buf and to_ll point to the copies below */
	int err;	 /* of mh_parse() */
	struct mh_msg m;
	uint8_t buf[MH_MAX_LEN];
	struct nd_lladdr ll;
};
size_t fake_mh_count(void);
const struct fake_mh *fake_mh_pop(void); /* the oldest; NULL: none */
void fake_mh_rx(const struct mh_rx *rx); /* octets in rx->buf; rx->at is set */
/* Builds m first; it must build. */
void fake_mh_rx_msg(const struct mh_rx *rx, const struct mh_msg *m);
void fake_mh_fail(int rc); /* mhsock_send() returns it and sends nothing; 0: works */

/* ---- Neighbour Discovery ---- */

struct fake_nd {
	int ifindex;
	bool has_src, has_dst; /* false: NULL was given */
	struct in6_addr src, dst;
	struct nd_msg m; /* built and parsed */
};
size_t fake_nd_count(void);
const struct fake_nd *fake_nd_pop(void);
/* Returns false, and nobody hears it, if the link is not watched. */
bool fake_nd_rx(int ifindex, const struct in6_addr *src, const struct in6_addr *dst,
		const struct nd_msg *m);
unsigned fake_nd_watched(int ifindex); /* users */
unsigned fake_nd_joined(int ifindex, const struct in6_addr *addr);
void fake_nd_fail(int rc); /* ndsock_send(), _watch(on), _group(join) return it */

/* ---- other ICMPv6 ---- */

struct fake_icmp {
	struct icmp6_tx tx;
	struct icmp6_msg m; /* echo data point to buf */
	uint8_t buf[2048];
};
size_t fake_icmp_count(void);
const struct fake_icmp *fake_icmp_pop(void);
/* To every open socket that asked for the type; returns how many. rx->at is set. */
unsigned fake_icmp_rx(const struct icmp6_rx *rx, const struct icmp6_msg *m);
void fake_icmp_fail(int rc);

/* ---- ICMPv4 ---- */

struct fake_icmp4 {
	struct in_addr dst;
	size_t len;
	uint8_t quote[600];
};
/* The last one that was sent; *n: how many. */
const struct fake_icmp4 *fake_icmp4_last(unsigned *n);

/* ---- anycast addresses ---- */

unsigned fake_anycast_joined(int ifindex, const struct in6_addr *addr);
unsigned fake_anycast_count(void);	/* joined now */
void fake_anycast_forget(int ifindex);	/* the device went down; they are not joined any more */
void fake_anycast_fail(int rc);		/* anycast_join() returns it; 0: works */

/* ---- duplicate address detection (fake_dad.c) ---- */

struct fake_dad {
	int ifindex;
	struct in6_addr addr;
	unsigned transmits;
	double retrans;
};
void fake_dad_reset(void);
struct dad *fake_dad(void);
size_t fake_dad_count(void);		       /* running */
const struct fake_dad *fake_dad_get(size_t i); /* in the order of their start */
/* Ends the oldest run for the address; false: there is none. */
bool fake_dad_finish(const struct in6_addr *addr, bool duplicate);
void fake_dad_fail(int err); /* dad_start() returns NULL with this errno; 0: works */

#endif
