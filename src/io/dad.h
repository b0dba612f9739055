/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io/dad.h - duplicate address detection by ourselves (RFC 4862 5.4): for home
 * addresses that a home agent defends (RFC 6275 10.3.1; the kernel does none for
 * proxies) and for optimistic care-of addresses (RFC 4429).
 *
 * Any number run at once; nobody waits. The NS carries a nonce (RFC 7527), so
 * that our own, looped back by the link, is not a duplicate.
 */
#ifndef MIP6_IO_DAD_H
#define MIP6_IO_DAD_H

#include <stdbool.h>

#include "io/ndsock.h"

struct dad;			/* the engine */
struct dad_run;			/* one detection */

typedef void (*dad_done_fn)(void *arg, bool duplicate);

int dad_init(struct dad **d, struct ndsock *nd);
void dad_fini(struct dad *d);	/* stops all; done is not called */
/*
 * transmits probes, retrans seconds apart; silent retrans seconds after the last
 * one means unique. done comes from the loop, once, unless dad_stop() was called
 * before; the run is freed then. NULL with errno set on failure (no such link,
 * no memory). With the link down the result is "unique" after the same time.
 */
struct dad_run *dad_start(struct dad *d, int ifindex, const struct in6_addr *addr,
			  unsigned transmits, double retrans, dad_done_fn done, void *arg);
void dad_stop(struct dad *d, struct dad_run *r);	/* NULL is harmless */

#endif
