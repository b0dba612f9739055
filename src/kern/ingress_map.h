/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/ingress_map.h - the map between ingress.bpf.c and ingress_bpf.c.
 *
 * Longest prefix match: inner source -> where it may come from. IPv4 stands under
 * ::ffff:0:0/96. A place is a device and an outer source (the care-of address);
 * the outer source of a device with a fixed remote end is the kernel's to check:
 * zero. Places in use need not be the first ones; an unused one has device 0.
 * Addresses in network order, numbers in host order.
 */
#ifndef MIP6_KERN_INGRESS_MAP_H
#define MIP6_KERN_INGRESS_MAP_H

#include <linux/types.h>

#define INGRESS_MAP_MAX		(1 << 20)	/* prefixes; memory only as used */
#define INGRESS_PLACES		16		/* of one prefix: care-of addresses (RFC 5648), eight at a
						   time, and as many while all of them move */

struct ingress_inner {
	__u32 plen;			/* bits of addr */
	__u8 addr[16];
};

struct ingress_place {
	__u32 ifindex;
	__u32 outer[4];
};

struct ingress_allowed { struct ingress_place place[INGRESS_PLACES]; };

#endif
