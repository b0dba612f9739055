/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan/kobj.h - kernel state as data.
 *
 * A binding plus the configuration gives an ordered list of kernel objects, a
 * struct kplan. kern/ moves the kernel from the list it has to the list it
 * should have. So planning is tested by comparing arrays, a handover is
 * make-before-break, and shutdown is a switch to the empty plan.
 *
 * An object has a key (what it is: kobj_same()) and a value (kobj_equal()). Same
 * key and another value is a replace. Devices are named, not numbered: a route
 * may name a tunnel that an earlier object of the same plan creates.
 *
 * Pure. Objects are values and own nothing. Zero the struct before filling it.
 */
#ifndef MIP6_PLAN_KOBJ_H
#define MIP6_PLAN_KOBJ_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/flowsel.h"

#define RTPROT_MIP6D		200	/* conf/mip6d-rt_protos.conf */
#define KOBJ_XFRM_PRIO		0x6d00	/* our policies: this priority .. + 0xff */
#define KOBJ_XFRM_REQID		0x6d000000u	/* our states: this .. + 0xffffff */
#define KOBJ_XFRM_REQID_DATA	(KOBJ_XFRM_REQID + 1)	/* route-optimised data, both ends: its
						   templates match no wildcard state */
#define KOBJ_XFRM_REQID_ANY	UINT32_MAX	/* in a template of an incoming policy */
#define KOBJ_XFRM_TMPLS		2
#define KOBJ_STRLEN		512
#define KOBJ_PATHLEN		64
#define KOBJ_LLADDR		16	/* octets */
#define KOBJ_BIDS		8	/* of a flow, and of an owner that is steered */

enum kobj_kind {
	KOBJ_SYSCTL,	/* original value remembered, restored with the last user */
	KOBJ_LINK,	/* dummy or tunnel device */
	KOBJ_ADDR,
	KOBJ_RULE,
	KOBJ_ROUTE,
	KOBJ_XSTATE,
	KOBJ_XPOLICY,
	KOBJ_PROXY,	/* proxy neighbour */
	KOBJ_INGRESS,	/* inner prefix may come from this outer source */
	/* what goes out of tunnel devices is distributed by these; see kern/steer.c */
	KOBJ_SNET,	/* inner prefix belongs to this owner */
	KOBJ_SPATH,	/* the owner can be reached this way */
	KOBJ_SFLOW,	/* these packets of the owner go that way */
	KOBJ_NEIGH,	/* neighbour whose link-layer address nobody asks for */
};
#define KOBJ_KINDS	(KOBJ_NEIGH + 1)

/* What steers: without it all packets take the path that the routes name. */
static inline bool kobj_kind_steers(uint8_t kind)
{
	return kind == KOBJ_SNET || kind == KOBJ_SPATH || kind == KOBJ_SFLOW;
}

enum klink_kind {
	KLINK_DUMMY,
	KLINK_IP6TNL,		/* carrier.local, .remote */
	KLINK_IP6GRE,		/* the same with a key */
	KLINK_IP6TNL_EXTERNAL,	/* one per namespace; remote by route or BPF */
	KLINK_IP6GRE_EXTERNAL,
};

struct k_sysctl {			/* key: path */
	char path[KOBJ_PATHLEN];	/* "net/ipv6/conf/eth0/proxy_ndp" */
	char value[16];
};
struct k_link {				/* key: name */
	char name[IFNAMSIZ];
	uint8_t kind;			/* enum klink_kind; value: all the rest */
	struct carrier carrier;
	uint32_t mtu;			/* 0 = the kernel's */
	bool ingress;			/* gets the ingress filter of kern/ingress.c: only packets
					   that a KOBJ_INGRESS of this device allows come in */
};
struct k_addr {				/* key: dev, addr (without flags) */
	char dev[IFNAMSIZ];
	struct prefix addr;		/* host bits kept */
	uint32_t flags;			/* IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_NOPREFIXROUTE ... */
	bool deprecated;		/* preferred lifetime 0 */
};
struct k_rule {				/* key: everything */
	uint8_t family;
	uint32_t pref;
	struct prefix from, to;		/* family 0: any */
	char iif[IFNAMSIZ];		/* "" = any */
	char oif[IFNAMSIZ];		/* what a socket bound to this device sends; "" = any */
	uint32_t fwmark, fwmask;	/* mask 0 = none */
	uint32_t table;			/* action lookup; 0 = prohibit */
	int32_t suppress_plen;		/* -1 = none */
	bool find_source;		/* also for a packet that has no source yet, if what the
					   kernel would choose on that route is in .from */
};
struct k_route {			/* key: table, dst, from, metric */
	uint32_t table, metric;
	struct prefix dst;		/* family and plen 0: default */
	struct prefix from;		/* only for packets of these sources; family 0 = any.
					   IPv6, and not every kernel: kern_probe_from() */
	uint8_t type;			/* RTN_UNICAST (0 means that too), RTN_UNREACHABLE ... */
	char dev[IFNAMSIZ];
	bool has_via, onlink;
	struct in6_addr via;		/* also for IPv4 (RFC 5549: via inet6) */
	struct prefix src;		/* preferred source; family 0 = none */
	struct carrier encap;		/* kind 0 = none; IP6TNL: `encap ip6 dst remote src local` */
	uint32_t mtu;			/* 0 = none */
};
struct k_xstate {			/* key: src, dst, proto (and reqid) */
	struct in6_addr src, dst, coa;
	uint8_t proto;			/* IPPROTO_DSTOPTS (hao) or IPPROTO_ROUTING (route2) */
	bool wildrecv;
	uint32_t reqid;			/* 0 for wildcard states */
};
struct k_xtmpl {
	struct in6_addr src, dst;	/* mode route optimisation: dst is for people */
	uint8_t proto;			/* as in k_xstate */
	bool use;			/* level use instead of required */
	uint32_t reqid;			/* of the state; 0: KOBJ_XFRM_REQID */
};
struct k_xpolicy {			/* key: dir, sub, priority, selector with ifindex */
	uint8_t dir;			/* XFRM_POLICY_IN 0, OUT 1, FWD 2 */
	bool sub;			/* XFRM_POLICY_TYPE_SUB */
	uint32_t priority;		/* KOBJ_XFRM_PRIO + n */
	struct prefix sel_src, sel_dst;
	uint8_t sel_proto;		/* 0 = any */
	uint8_t sel_type;		/* MH or ICMPv6 type, valid if has_sel_type */
	bool has_sel_type;
	int ifindex;			/* only what the program sends to this device by its own
					   wish; 0 = all. A number: the policy outlives the device */
	bool block;			/* such packets are refused (EPERM); without templates */
	/* 0: packets pass without any transformation. The kernel holds what came in against the
	 * last one first, as a type 2 routing header stands before a home address option. */
	uint8_t n_tmpl;
	struct k_xtmpl tmpl[KOBJ_XFRM_TMPLS];	/* those beyond n_tmpl are zero */
};
struct k_proxy {			/* key: dev, addr */
	char dev[IFNAMSIZ];
	struct in6_addr addr;
	bool router;			/* R bit of the advertisements */
};
struct k_neigh {			/* key: dev, addr */
	char dev[IFNAMSIZ];
	struct in6_addr addr;
	uint8_t len;			/* of the link-layer address, not 0 */
	uint8_t lladdr[KOBJ_LLADDR];	/* octets beyond len are 0 */
};
struct k_ingress {			/* key: everything */
	char dev[IFNAMSIZ];		/* the tunnel device */
	struct prefix inner;		/* allowed inner source */
	struct in6_addr owner;		/* home address of the binding */
	struct locator outer;		/* registered care-of address; none: as the device says,
					   which has one remote end */
};

/*
 * Steering. The owner is a home address: of a node that is bound, or one of ours. The device of an
 * SPATH gets a program at its way out, which looks at all that a route leads there. A packet whose
 * inner address is of no SNET, or whose owner has no SPATH, stays, and so do Mobility Headers, what
 * was sent to that device by its name, and answers of a home agent to echoes. Else, in this order:
 * the mark of an SPATH (it stays: the operator's rule brought it there), the SFLOWs by their order, the
 * weights of the SPATHs; all weights 0: it stays. A path that is gone is an SPATH less: a flow
 * none of whose BIDs has one does not count.
 */
enum ksteer {
	KSTEER_HA,			/* packets for the owner: by their inner destination */
	KSTEER_MN,			/* packets of the owner: by their inner source */
};

struct k_snet {				/* key: inner */
	struct prefix inner;
	struct in6_addr owner;
};
struct k_spath {			/* key: owner, bid */
	struct in6_addr owner;
	uint16_t bid;			/* not 0 */
	uint8_t weight;			/* 0..100; 0: only by policy */
	uint8_t side;			/* enum ksteer; on one device all are of one side */
	char dev[IFNAMSIZ];
	struct carrier carrier;		/* the ends on a shared device; kind 0: as the device says */
	uint32_t fwmark, fwmask;	/* packets with this mark are left alone; mask 0: none */
};
struct k_sflow {			/* key: owner, order */
	struct in6_addr owner;
	uint32_t order;			/* the lowest that matches decides */
	uint64_t id;			/* not 0; as long as the owner has a flow with it, the flow's
					   counts go on, whatever becomes of its order */
	struct flowsel sel;		/* tidy */
	uint16_t bid[KOBJ_BIDS];	/* by preference; unused ones are 0 and last */
	uint8_t weight[KOBJ_BIDS];	/* 0..100; all 0: the first that is there */
	bool copy;			/* one to each that is there (RFC 6089 5.3.6) */
};

struct kobj {
	uint8_t kind;			/* enum kobj_kind */
	union {
		struct k_sysctl sysctl;
		struct k_link link;
		struct k_addr addr;
		struct k_rule rule;
		struct k_route route;
		struct k_xstate xstate;
		struct k_xpolicy xpolicy;
		struct k_proxy proxy;
		struct k_ingress ingress;
		struct k_snet snet;
		struct k_spath spath;
		struct k_sflow sflow;
		struct k_neigh neigh;
	};
};

struct kplan { struct kobj *obj; size_t n, cap; };	/* zeroed = empty */

bool kobj_same(const struct kobj *a, const struct kobj *b);	/* same key */
bool kobj_equal(const struct kobj *a, const struct kobj *b);	/* same key and value */
uint32_t kobj_hash(const struct kobj *o);			/* of the key */
/* It stands on that device, which is somebody's own: when the device goes down or away the kernel
 * forgets the object. Not the device itself. */
bool kobj_on_device(const struct kobj *o, const char *dev);
/* "route 2001:db8::/64 dev mip6ha table 254 encap 2001:db8:f1::2": for logs and tests. */
const char *kobj_str(const struct kobj *o, char buf[static KOBJ_STRLEN]);
#define KOBJ(o)	kobj_str((o), (char[KOBJ_STRLEN]){ 0 })

/* Appends a copy. 0, -ENOMEM, -EEXIST (the key is in the plan with another value;
 * the same object twice is kept once and gives 0). */
int kplan_add(struct kplan *p, const struct kobj *o);
int kplan_copy(struct kplan *to, const struct kplan *from);	/* to is overwritten, not freed */
const struct kobj *kplan_find(const struct kplan *p, const struct kobj *key);
bool kplan_equal(const struct kplan *a, const struct kplan *b);	/* same objects, any order */
void kplan_free(struct kplan *p);				/* leaves it empty */

/* Short-hands of the planners; each appends and returns as kplan_add(); -ENAMETOOLONG: a path or
 * value that does not fit. */
int kplan_sysctl(struct kplan *p, const char *value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int kplan_put(struct kplan *p, struct kobj o);

#endif
