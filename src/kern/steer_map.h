/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/steer_map.h - the maps between steer.bpf.c and steer_bpf.c.
 *
 *   nets    longest prefix match: inner address -> owner. IPv4 under ::ffff:0:0/96.
 *   owners  owner -> his row: paths in slots, and the slot of each of 128 places, over which
 *           flows are spread by their hash. Places are handed out by base/share.c.
 *   flows   (owner, generation, number) -> selector and what to do. A new policy is written under
 *           the next generation, then the row names it, then the old one goes. A program that
 *           finds a flow gone reads the row again.
 *   counts  (owner, flow, BID) -> packets and bytes of each processor.
 *   frags   (addresses, identification) -> what stood in the first fragment.
 *
 * Numbers are in host order, addresses too, as two halves (numbers to compare); but keys hold
 * addresses in network order. What the program makes on its stack is of whole words: without
 * CAP_PERFMON the verifier of Linux 6.1 lets no part of one be changed.
 */
#ifndef MIP6_KERN_STEER_MAP_H
#define MIP6_KERN_STEER_MAP_H

#include <linux/types.h>

#define STEER_NETS	(1 << 20)	/* memory only as used, but a slot of the hash each: */
#define STEER_OWNERS	(1 << 17)
#define STEER_FLOWS	(1 << 18)
#define STEER_COUNTS	(1 << 19)
#define STEER_FRAGS	8192		/* memory at once */
#define STEER_PATHS	8		/* of an owner */
#define STEER_POLICY	32		/* flows of an owner */
#define STEER_PLACES	128
#define STEER_NOBODY	0xf		/* a place of no path */

struct steer_net_key {
	__u32 plen;			/* bits of addr */
	__u32 addr[4];
};
struct steer_owner { __u32 addr[4]; };

struct steer_path {
	__u32 ifindex;			/* 0: no path in this slot */
	__u32 keyed;			/* a shared device: the ends are told to it */
	__u32 local[4], remote[4], gre_key;	/* network order, the key in host order */
	__u32 mark, mask;		/* mask 0: no mark is this path's */
	__u16 bid;
	__u16 reserved;
};

/* Four bits each, the first place in the lowest ones: with words whose number is constant the
 * verifier needs no CAP_PERFMON. */
#define STEER_IN_WORD	16
#define STEER_WORDS	(STEER_PLACES / STEER_IN_WORD)
struct steer_places { __u64 word[STEER_WORDS]; };	/* of slots, or STEER_NOBODY */

struct steer_row {
	__u32 gen, n_flow;
	struct steer_path path[STEER_PATHS];
	struct steer_places places;
};

struct steer_flow_key {
	struct steer_owner owner;
	__u64 gen, i;
};

/* Fields of a packet that a selector may ask for; where it does not ask, its range is all. */
#define STEER_HAS_PORTS		1u
#define STEER_HAS_SPI		2u
#define STEER_HAS_LABEL		4u
#define STEER_HAS_PROTO		8u
#define STEER_IS_V4		16u
#define STEER_IS_V6		32u
/* Nor may a selector ask for these: an answer to an echo; made by this host. */
#define STEER_IS_ANSWER		64u
#define STEER_IS_LOCAL		128u

struct steer_sel {
	__u64 src_lo[2], src_hi[2], dst_lo[2], dst_hi[2];
	__u32 spi_lo, spi_hi, label_lo, label_hi;
	__u32 mark, mask;
	__u32 needs;			/* STEER_HAS_*, STEER_IS_* */
	__u16 sport_lo, sport_hi, dport_lo, dport_hi;
	__u8 dscp_lo, dscp_hi, proto_lo, proto_hi;
};

struct steer_flow {
	struct steer_sel sel;
	__u64 id;			/* for the count; not 0 */
	__u64 copies;			/* bits: one to each of these slots; 0: by the places */
	struct steer_places places;
};

struct steer_count_key {
	struct steer_owner owner;
	__u64 id;			/* of a flow; 0: whatever went by the path */
	__u64 bid;
};
struct steer_count { __u64 packets, bytes; };

struct steer_frag_key {
	__u64 src[2], dst[2], id;
};

/* What stands behind the IP headers. */
struct steer_l4 {
	__u64 spi, sport, dport, proto;
	__u64 echo;			/* identifier of an echo: for the hash only */
	__u64 has;			/* PORTS, SPI, PROTO */
};

/* A packet as RFC 6088 sees it: source is the correspondent, on both sides. */
struct steer_pkt {
	__u64 src[2], dst[2], label, mark, dscp;
	__u64 has;			/* STEER_HAS_*, STEER_IS_* */
	struct steer_l4 l4;
};

#endif
