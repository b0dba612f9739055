/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/monitor.h - what the kernel has said, inside the room.
 *
 * cache.c keeps the tables and tells differences; monitor.c has the sockets.
 */
#ifndef MIP6_KERN_MONITOR_H
#define MIP6_KERN_MONITOR_H

#include <uthash.h>

#include "kern/priv.h"

#define MON_BYTES	(32 * 1024)

struct mon_link {
	int ifindex;			/* key */
	char name[IFNAMSIZ];		/* key of the second table */
	struct klink l;
	unsigned gen;
	UT_hash_handle hh, hh_name;
};

struct addr_key { int ifindex; uint8_t family, plen, pad[2]; uint8_t addr[16]; };

struct mon_addr {
	struct addr_key key;		/* plen only for IPv4: there one address may have several */
	uint8_t plen;
	uint32_t flags;
	unsigned gen;
	UT_hash_handle hh;
};

struct route_key { int ifindex; uint32_t table, metric; struct in6_addr via; };

struct mon_route {
	struct route_key key;
	uint8_t proto;
	unsigned gen;
	UT_hash_handle hh;
};

struct monitor {
	struct kern *k;
	int fd, xfrm_fd;		/* xfrm_fd -1: no reports wanted or none to have */
	ev_io io, xfrm_io;
	bool reading;			/* a handler of news may get us here again */
	bool silent;			/* the first dump is told later, from the loop */
	unsigned gen;			/* of the present dump */
	struct mon_link *links, *links_by_name;
	struct mon_addr *addrs;
	struct mon_route *routes;
	uint8_t buf[MON_BYTES];		/* of the message being read */
};

/* One message of the kernel, from the monitor socket or a dump. */
void cache_message(struct monitor *m, const struct nlmsghdr *h);
void cache_report(struct monitor *m, const struct nlmsghdr *h);	/* XFRM */
void cache_acquire(struct monitor *m, const struct nlmsghdr *h);
void cache_sweep(struct monitor *m);		/* what the present dump did not show is gone */
void cache_tell_all(struct monitor *m);
void cache_free(struct monitor *m);		/* tells nobody */

#endif
