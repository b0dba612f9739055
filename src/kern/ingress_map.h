/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/ingress_map.h - keys of the two maps between ingress.bpf.c and ingress_bpf.c.
 *
 * inner: longest prefix match, inner source -> owner (home address, 16 octets); IPv4
 * stands under ::ffff:0:0/96. pairs: (owner, outer source, device) -> 1; the outer
 * source of a device with a fixed remote end is the kernel's to check: zero.
 * Addresses in network order, numbers in host order.
 */
#ifndef MIP6_KERN_INGRESS_MAP_H
#define MIP6_KERN_INGRESS_MAP_H

#include <linux/types.h>

#define INGRESS_MAP_MAX		(1 << 20)	/* entries of each map; memory only as used */

struct ingress_inner {
	__u32 plen;			/* bits of addr */
	__u8 addr[16];
};

struct ingress_owner { __u8 hoa[16]; };

struct ingress_pair {
	__u8 owner[16];
	__u8 outer[16];
	__u32 ifindex;
};

#endif
