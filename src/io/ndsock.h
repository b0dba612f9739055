/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io/ndsock.h - Neighbour Discovery by a raw ICMPv6 socket (RFC 4861).
 *
 * Messages are checked as RFC 4861 asks: hop limit 255, link-local source where
 * it must be, length; what fails is counted and dropped. One socket serves all
 * links; ndsock_watch() joins all-nodes and lets messages of a link through.
 */
#ifndef MIP6_IO_NDSOCK_H
#define MIP6_IO_NDSOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/nd.h"

struct ev_loop;
struct ndsock;

struct nd_rx {
	int ifindex;
	struct in6_addr src, dst;
	double at;			/* run_now() */
};
typedef void (*ndsock_rx_fn)(void *arg, const struct nd_rx *rx, const struct nd_msg *m);

struct ndsock_stats { uint64_t rx, tx, rx_bad, tx_errors; };

int ndsock_open(struct ndsock **s, struct ev_loop *loop);
void ndsock_close(struct ndsock *s);
/* Any number of listeners (role, dad); each gets every valid message of watched links. */
int ndsock_listen(struct ndsock *s, ndsock_rx_fn fn, void *arg);
void ndsock_unlisten(struct ndsock *s, ndsock_rx_fn fn, void *arg);
int ndsock_watch(struct ndsock *s, int ifindex, bool on);	/* counted */
/* Joins / leaves the solicited-node group of addr on a link (counted). */
int ndsock_group(struct ndsock *s, int ifindex, const struct in6_addr *addr, bool join);
/*
 * src NULL: the kernel chooses a link-local address; src ::: unspecified source (DAD, RFC 6275
 * 11.5.5). dst NULL: RS to all-routers, NS to the solicited-node group, NA to all-nodes.
 * Hop limit 255. 0 or -errno.
 */
int ndsock_send(struct ndsock *s, int ifindex, const struct in6_addr *src,
		const struct in6_addr *dst, const struct nd_msg *m);
struct ndsock_stats ndsock_stats(const struct ndsock *s);

#endif
