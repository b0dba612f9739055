/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Load sharing and flow policy (RFC 6089 5.3.6): what a route leads into a tunnel
 * goes on by the path that the owner's policy names for it. Runs where packets
 * leave for a tunnel device, which begin with the inner IP header.
 *
 * A shared device is told other ends; to another device the packet is redirected.
 * What came by a redirection or is a copy has been here before: tc_index says so.
 *
 * What is sent to the device by its name stays, and what is nobody's to steer.
 *
 * Fragments follow the first one, if that came first. An ICMP error goes by the
 * flow that it is about, unless a flow of the policy names it by its own header.
 *
 * To be loaded without CAP_PERFMON, and without kernel BTF: functions that are not
 * static are checked by the verifier each for itself, and have no context; no
 * pointer moves by a number that is not constant, else no two ways through the code
 * are alike any more to the verifier.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "kern/steer_map.h"
#include "kern/steer_match.h"

#define PLACED		0x6d36		/* in tc_index: the way of this packet is decided */
#define HOP_LIMIT	64		/* of the outer header, as routes have it */
#define EXT_HEADERS	6		/* looked through */
#define GONE		(-2)		/* a flow that the row names is not there */

#define ICMP4_ECHOREPLY	0		/* <linux/icmp.h> is not for this target */
#define ICMP4_UNREACH	3
#define ICMP4_REDIRECT	5
#define ICMP4_ECHO	8
#define ICMP4_EXCEEDED	11
#define ICMP4_PARAMETER	12
#define ICMP6_INFORMATION	128
#define ICMP6_ECHO	128
#define ICMP6_ECHOREPLY	129

#define PROTO_ICMPV6	58
#define NEXT_HOPOPTS	0
#define NEXT_ROUTING	43
#define NEXT_FRAGMENT	44
#define NEXT_DSTOPTS	60

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, STEER_NETS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct steer_net_key);
	__type(value, struct steer_owner);
} nets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEER_OWNERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct steer_owner);
	__type(value, struct steer_row);
} owners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEER_FLOWS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct steer_flow_key);
	__type(value, struct steer_flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, STEER_COUNTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct steer_count_key);
	__type(value, struct steer_count);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, STEER_FRAGS);
	__type(key, struct steer_frag_key);
	__type(value, struct steer_l4);
} frags SEC(".maps");

/* ---- headers; buffers that helpers fill must not be initialised (see ingress.bpf.c) ---- */

struct ip4_head {
	__u8 ihl, tos;
	__be16 len, id, frag;
	__u8 ttl, proto;
	__be16 check;
	__be32 src, dst;
};
struct ip6_head {
	__be32 vtf;
	__be16 len;
	__u8 next, hops;
	__be32 src[4], dst[4];
};
struct ip6_ext { __u8 next, len; __be16 frag; __be32 id; };

static int load(struct __sk_buff *skb, __u32 off, void *to, __u32 len)
{
	return (int)bpf_skb_load_bytes_relative(skb, off, to, len, BPF_HDR_START_NET);
}

#define HALF(a, b)	((__u64)bpf_ntohl(a) << 32 | bpf_ntohl(b))

static bool icmp_error(__u32 proto, __u32 type)
{
	if (proto == PROTO_ICMPV6)
		return type < ICMP6_INFORMATION;
	return type == ICMP4_UNREACH || type == ICMP4_REDIRECT || type == ICMP4_EXCEEDED ||
	       type == ICMP4_PARAMETER;
}

static bool icmp_echo(__u32 proto, __u32 type)
{
	if (proto == PROTO_ICMPV6)
		return type == ICMP6_ECHO || type == ICMP6_ECHOREPLY;
	return type == ICMP4_ECHO || type == ICMP4_ECHOREPLY;
}

/* Where the packet begins that an ICMP error quotes; 0: no error. */
static int read_icmp(struct __sk_buff *skb, struct steer_l4 *l4, __u32 proto, __u32 off)
{
	struct { __u8 type, code; __be16 check, id, seq; } h;

	if (load(skb, off, &h, sizeof(h)) < 0)
		return 0;
	if (icmp_echo(proto, h.type))
		l4->echo = 0x10000u | bpf_ntohs(h.id);
	if (h.type == (proto == PROTO_ICMPV6 ? ICMP6_ECHOREPLY : ICMP4_ECHOREPLY))
		l4->has |= STEER_IS_ANSWER;
	return icmp_error(proto, h.type) ? (int)(off + sizeof(h)) : 0;
}

/* As read_icmp(). */
static __noinline int steer_l4(struct __sk_buff *skb, struct steer_pkt *pkt, __u32 proto, __u32 off)
{
	__be32 word;
	__be16 port[2];

	if (off > 0xffff)
		return 0;
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
	case IPPROTO_UDPLITE:
		if (load(skb, off, port, sizeof(port)) < 0)
			return 0;
		pkt->l4.sport = bpf_ntohs(port[0]);
		pkt->l4.dport = bpf_ntohs(port[1]);
		pkt->l4.has |= STEER_HAS_PORTS;
		return 0;
	case IPPROTO_ESP:
	case IPPROTO_AH:
		if (load(skb, proto == IPPROTO_AH ? off + 4 : off, &word, sizeof(word)) < 0)
			return 0;
		pkt->l4.spi = bpf_ntohl(word);
		pkt->l4.has |= STEER_HAS_SPI;
		return 0;
	case IPPROTO_ICMP:
	case PROTO_ICMPV6:
		return read_icmp(skb, &pkt->l4, proto, off);
	}
	return 0;
}

/* Later fragments have what the first one had. */
static int read_later(struct steer_pkt *pkt, const struct steer_frag_key *key)
{
	const struct steer_l4 *first = bpf_map_lookup_elem(&frags, key);

	if (first)
		pkt->l4 = *first;
	return 0;
}

/* frag: the offset field's bits in host order, 0xfff8 offset, 1 more; 0: a whole packet. */
static int read_payload(struct __sk_buff *skb, struct steer_pkt *pkt, __u32 off, __u32 frag,
			__u32 id, bool quoted)
{
	struct steer_frag_key key = { .src = { pkt->src[0], pkt->src[1] },
				      .dst = { pkt->dst[0], pkt->dst[1] }, .id = id };
	int quote;

	if (frag & 0xfff8)
		return read_later(pkt, &key);
	quote = steer_l4(skb, pkt, (__u32)pkt->l4.proto, off);
	if (frag && !quoted)
		bpf_map_update_elem(&frags, &key, &pkt->l4, BPF_ANY);
	return quote;
}

/* Each as steer_l4(), or -1: no such header. off 0: the packet itself, else one that is quoted. */
static __noinline int steer_ip4(struct __sk_buff *skb, struct steer_pkt *pkt, __u32 off)
{
	struct ip4_head h;
	__u32 frag;

	if (off > 0xffff || load(skb, off, &h, sizeof(h)) < 0 || h.ihl >> 4 != 4)
		return -1;
	pkt->has = STEER_IS_V4;
	pkt->src[0] = pkt->dst[0] = 0;
	pkt->src[1] = 0xffff00000000ull | bpf_ntohl(h.src);
	pkt->dst[1] = 0xffff00000000ull | bpf_ntohl(h.dst);
	pkt->dscp = h.tos >> 2;
	pkt->l4.proto = h.proto;
	pkt->l4.has = STEER_HAS_PROTO;
	frag = bpf_ntohs(h.frag);
	frag = (frag & 0x1fff) << 3 | (frag & 0x2000 ? 1 : 0);
	return read_payload(skb, pkt, off + (h.ihl & 15) * 4, frag,
			    (__u32)h.proto << 16 | bpf_ntohs(h.id), off);
}

struct ip6_walk { __u64 next, at, frag, id; };

/* To the first header that is none of IPv6's own, or into a later fragment. */
static int walk_ip6(struct __sk_buff *skb, struct ip6_walk *w)
{
	const __u64 own = 1ull << NEXT_HOPOPTS | 1ull << NEXT_ROUTING | 1ull << NEXT_FRAGMENT |
			  1ull << NEXT_DSTOPTS;
	struct ip6_ext e;
	__u64 frag;

#pragma unroll
	for (int i = 0; i < EXT_HEADERS; i++) {
		if (w->next > 63 || !(own >> w->next & 1) || w->frag & 0xfff8)
			return 0;
		if (load(skb, (__u32)w->at, &e, sizeof(e)) < 0)
			return -1;
		frag = steer_ones_if_same(w->next, NEXT_FRAGMENT);
		w->at += (8 & frag) | (((__u64)e.len + 1) * 8 & ~frag);
		w->frag |= bpf_ntohs(e.frag) & 0xfff9 & frag;
		w->id |= bpf_ntohl(e.id) & frag;
		w->next = e.next;
	}
	return 0;
}

static __noinline int steer_ip6(struct __sk_buff *skb, struct steer_pkt *pkt, __u32 off)
{
	struct ip6_walk w = { .at = off + sizeof(struct ip6_head) };
	struct ip6_head h;

	if (off > 0xffff || load(skb, off, &h, sizeof(h)) < 0)
		return -1;
	if (bpf_ntohl(h.vtf) >> 28 != 6)
		return -1;
	pkt->has = STEER_IS_V6 | STEER_HAS_LABEL;
	pkt->src[0] = HALF(h.src[0], h.src[1]);
	pkt->src[1] = HALF(h.src[2], h.src[3]);
	pkt->dst[0] = HALF(h.dst[0], h.dst[1]);
	pkt->dst[1] = HALF(h.dst[2], h.dst[3]);
	pkt->dscp = (bpf_ntohl(h.vtf) >> 22) & 63;
	pkt->label = bpf_ntohl(h.vtf) & 0xfffff;
	w.next = h.next;
	if (walk_ip6(skb, &w) < 0)
		return 0;		/* no more is known of it than its addresses */
	pkt->l4.proto = w.next;
	pkt->l4.has = STEER_HAS_PROTO;
	return read_payload(skb, pkt, (__u32)w.at, (__u32)w.frag, (__u32)w.id, off);
}

/* The packet as its correspondent sent it. */
static void turn_round(struct steer_pkt *p)
{
	__u64 a = p->src[0], b = p->src[1];
	__u64 port = p->l4.sport;

	p->src[0] = p->dst[0];
	p->src[1] = p->dst[1];
	p->dst[0] = a;
	p->dst[1] = b;
	p->l4.sport = p->l4.dport;
	p->l4.dport = port;
}

/* As steer_l4(), or -1: no IP. */
static __noinline int steer_read(struct __sk_buff *skb, struct steer_pkt *pkt, __u32 up)
{
	int quote = skb->protocol == bpf_htons(ETH_P_IP) ? steer_ip4(skb, pkt, 0) :
		    skb->protocol == bpf_htons(ETH_P_IPV6) ? steer_ip6(skb, pkt, 0) : -1;

	pkt->mark = skb->mark;
	if (!skb->ingress_ifindex)
		pkt->has |= STEER_IS_LOCAL;
	if (up)
		turn_round(pkt);
	return quote;
}

/* Puts the flow that an error is about in the place of the error; its DSCP, label and mark stay.
 * What is quoted went the other way. */
static __noinline int steer_read_quoted(struct __sk_buff *skb, struct steer_pkt *pkt, __u32 up,
					__u32 off)
{
	struct steer_pkt q = { 0 };
	int rc = pkt->has & STEER_IS_V4 ? steer_ip4(skb, &q, off) : steer_ip6(skb, &q, off);

	if (rc < 0)
		return -1;
	if (!up)
		turn_round(&q);
	pkt->src[0] = q.src[0];
	pkt->src[1] = q.src[1];
	pkt->dst[0] = q.dst[0];
	pkt->dst[1] = q.dst[1];
	pkt->l4 = q.l4;
	return 0;
}

/* ---- policy ---- */

/* 1, 0, or GONE. */
__noinline int steer_try(const struct steer_pkt *pkt, const struct steer_flow_key *key)
{
	struct steer_flow_key own;
	const struct steer_flow *f;

	if (!pkt || !key)
		return GONE;
	own = *key;			/* where a map may read it */
	f = bpf_map_lookup_elem(&flows, &own);
	return f ? steer_matches(&f->sel, pkt) : GONE;
}

/* Flow number no, if there are so many: the answer, unless it is no match. */
#define TRY(no) do { \
	if (n_flow <= (no)) \
		return -1; \
	key.i = (no); \
	rc = steer_try(pkt, &key); \
	if (rc) \
		return rc < 0 ? GONE : (no); \
} while (0)
#define TRY4(no) do { TRY(no); TRY((no) + 1); TRY((no) + 2); TRY((no) + 3); } while (0)
#define TRY16(no) do { TRY4(no); TRY4((no) + 4); TRY4((no) + 8); TRY4((no) + 12); } while (0)

/*
 * The number of the first flow that matches, -1 for none, or GONE. No loop: where speculation
 * counts, Linux 6.1 sees no end of one that counts to a constant.
 */
__noinline int steer_policy(const struct steer_pkt *pkt, const struct steer_owner *owner,
			    __u32 gen, __u32 n_flow)
{
	struct steer_flow_key key = { .gen = gen };
	int rc;

	if (!pkt || !owner)
		return -1;
	key.owner = *owner;
	_Static_assert(STEER_POLICY == 32, "all of them");
	TRY16(0);
	TRY16(16);
	return -1;
}

/* id 0: of the path, by whatever flow. */
static void count(struct __sk_buff *skb, const struct steer_owner *owner, __u64 id, __u32 bid)
{
	struct steer_count_key key = { .id = id, .bid = bid };
	struct steer_count *c;

	key.owner = *owner;
	c = bpf_map_lookup_elem(&counts, &key);
	if (!c)
		return;
	c->packets += skb->gso_segs + (steer_ones_if_same(skb->gso_segs, 0) & 1);
	c->bytes += skb->len;
}

/* ---- the ways ---- */

static __u32 differ(const __u32 a[4], const __u32 b[4])
{
	return (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]);
}

/* The route has the same ends: it stays, as routes learn path MTUs and these keys do not. */
static bool there_already(struct __sk_buff *skb, const struct steer_path *p)
{
	struct bpf_tunnel_key k;

	if (bpf_skb_get_tunnel_key(skb, &k, sizeof(k), BPF_F_TUNINFO_IPV6) < 0)
		return false;
	return !(differ(k.local_ipv6, p->remote) | differ(k.remote_ipv6, p->local) |
		 (k.tunnel_id ^ p->gre_key));
}

/* Each by itself and from the end to the beginning: of a word (see steer_map.h) the second half may
 * be written first, but not the first. */
#define PUT(field, value)	(*(volatile typeof(field) *)&(field) = (value))

static int set_ends(struct __sk_buff *skb, const struct steer_path *p)
{
	struct bpf_tunnel_key k;

#pragma unroll
	for (int i = 3; i >= 0; i--)
		PUT(k.local_ipv6[i], p->local[i]);
	PUT(k.tunnel_label, 0);
	PUT(k.tunnel_ext, 0);
	PUT(k.tunnel_ttl, HOP_LIMIT);
	PUT(k.tunnel_tos, 0);
#pragma unroll
	for (int i = 3; i >= 0; i--)
		PUT(k.remote_ipv6[i], p->remote[i]);
	PUT(k.tunnel_id, p->gre_key);
	return (int)bpf_skb_set_tunnel_key(skb, &k, sizeof(k),
					   BPF_F_TUNINFO_IPV6 | BPF_F_ZERO_CSUM_TX);
}

static int go(struct __sk_buff *skb, const struct steer_path *p)
{
	skb->tc_index = 0;
	if (p->keyed && !there_already(skb, p) && set_ends(skb, p) < 0)
		return TC_ACT_UNSPEC;
	if (skb->ifindex == p->ifindex)
		return TC_ACT_UNSPEC;
	skb->tc_index = PLACED;
	return (int)bpf_redirect(p->ifindex, 0);
}

/* The BID that a packet's mark names, or 0. */
__noinline int steer_marked(const struct steer_row *row, __u32 mark)
{
	if (!row)
		return 0;
#pragma unroll
	for (int i = 0; i < STEER_PATHS; i++) {
		const struct steer_path *p = &row->path[i];
		/* read before the question: else the compiler computes the place after it */
		__u16 bid = *(const volatile __u16 *)&p->bid;

		if (p->mask && (mark & p->mask) == p->mark)
			return bid;
	}
	return 0;
}

static int go_copy(struct __sk_buff *skb, const struct steer_path *p)
{
	if (p->keyed && set_ends(skb, p) < 0)
		return TC_ACT_UNSPEC;
	skb->tc_index = PLACED;
	return (int)bpf_clone_redirect(skb, p->ifindex, 0);
}

static const struct steer_owner *owner_of(const struct steer_pkt *pkt)
{
	struct steer_net_key key;

	key.addr[0] = bpf_htonl((__u32)(pkt->dst[0] >> 32));
	key.addr[1] = bpf_htonl((__u32)pkt->dst[0]);
	key.addr[2] = bpf_htonl((__u32)(pkt->dst[1] >> 32));
	key.addr[3] = bpf_htonl((__u32)pkt->dst[1]);
	barrier();
	key.plen = 128;			/* shares a word with addr[0]: last, see steer_map.h */
	return bpf_map_lookup_elem(&nets, &key);
}

/* id: of its flow, or 0. */
static __noinline int take(struct __sk_buff *skb, const struct steer_path *p,
			   const struct steer_owner *owner, __u64 id, bool copy)
{
	if (!p->ifindex)
		return TC_ACT_UNSPEC;
	count(skb, owner, 0, p->bid);
	if (id)
		count(skb, owner, id, p->bid);
	return copy ? go_copy(skb, p) : go(skb, p);
}

/* Each slot by itself: the verifier must not see a pointer move by a number (see above). */
static int go_by(struct __sk_buff *skb, const struct steer_row *row,
		 const struct steer_owner *owner, __u64 id, __u32 slot)
{
#pragma unroll
	for (__u32 i = 0; i < STEER_PATHS; i++) {
		const struct steer_path *p = &row->path[i];

		barrier_var(p);		/* else the compiler finds how they are alike */
		if (slot == i)
			return take(skb, p, owner, id, false);
	}
	return TC_ACT_UNSPEC;
}

/* One to each; the packet itself is the last. */
static int go_copies(struct __sk_buff *skb, const struct steer_row *row,
		     const struct steer_owner *owner, __u64 id, __u32 slots)
{
#pragma unroll
	for (__u32 i = 0; i < STEER_PATHS; i++) {
		const struct steer_path *p = &row->path[i];

		barrier_var(p);
		if (slots == 1u << i)
			return take(skb, p, owner, id, false);
		if (slots & 1u << i)
			take(skb, p, owner, id, true);
		slots &= ~(1u << i);
	}
	return TC_ACT_UNSPEC;
}

/* An error that no flow names goes by what it is about. */
static __always_inline int find_flow(struct __sk_buff *skb, struct steer_pkt *pkt, int quote,
				     __u32 up, const struct steer_owner *owner,
				     const struct steer_row *row)
{
	int i = steer_policy(pkt, owner, row->gen, row->n_flow);

	if (i != -1 || quote <= 0 || steer_read_quoted(skb, pkt, up, (__u32)quote) < 0)
		return i;
	return steer_policy(pkt, owner, row->gen, row->n_flow);
}

/* Who sends to the device by its name means it: probes of a path, ping -I. */
static bool device_is_named(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	return sk && sk->bound_dev_if == skb->ifindex;
}

static __always_inline int steer(struct __sk_buff *skb, __u32 up)
{
	struct steer_flow_key key = { 0 };
	struct steer_pkt pkt = { 0 };
	const struct steer_owner *owner;
	const struct steer_flow *flow;
	const struct steer_row *row;
	int quote, i;

	if (skb->tc_index == PLACED) {
		skb->tc_index = 0;
		return TC_ACT_UNSPEC;
	}
	if (device_is_named(skb))
		return TC_ACT_UNSPEC;
	quote = steer_read(skb, &pkt, up);
	if (quote < 0 || steer_left_alone(&pkt, up))
		return TC_ACT_UNSPEC;
	owner = owner_of(&pkt);
	row = owner ? bpf_map_lookup_elem(&owners, owner) : NULL;
	if (!row)
		return TC_ACT_UNSPEC;
	i = steer_marked(row, skb->mark);
	if (i) {
		count(skb, owner, 0, (__u32)i);
		return TC_ACT_UNSPEC;
	}
	i = find_flow(skb, &pkt, quote, up, owner, row);
	if (i == GONE) {
		row = bpf_map_lookup_elem(&owners, owner);
		if (!row)
			return TC_ACT_UNSPEC;
		i = steer_policy(&pkt, owner, row->gen, row->n_flow);
	}
	if (i < 0)
		return go_by(skb, row, owner, 0, steer_slot(&row->places, steer_place(&pkt)));
	key.owner = *owner;
	key.gen = row->gen;
	key.i = (__u32)i;
	flow = bpf_map_lookup_elem(&flows, &key);
	if (!flow)
		return go_by(skb, row, owner, 0, steer_slot(&row->places, steer_place(&pkt)));
	if (flow->copies)
		return go_copies(skb, row, owner, flow->id, (__u32)flow->copies);
	return go_by(skb, row, owner, flow->id, steer_slot(&flow->places, steer_place(&pkt)));
}

/* At a home agent: packets for mobile nodes. */
SEC("tc")
int mip6d_steer_ha(struct __sk_buff *skb)
{
	return steer(skb, 0);
}

/* On the mobile side: packets of ours. */
SEC("tc")
int mip6d_steer_mn(struct __sk_buff *skb)
{
	return steer(skb, 1);
}

char license_text[] SEC("license") = "BSD-2-Clause";
