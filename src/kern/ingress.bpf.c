/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ingress check (RFC 6275 10.4.5, RFC 3963 6.3): a packet comes out of a tunnel
 * only if its inner source belongs to a binding and its outer source is a
 * registered care-of address of that binding. Everything else is counted and
 * dropped: unknown sources, link-local ones, what is neither IPv6 nor IPv4.
 *
 * Runs on the tunnel device, whose packets begin with the inner IP header.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "kern/ingress_map.h"

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, INGRESS_MAP_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ingress_inner);
	__type(value, struct ingress_owner);
} inner SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, INGRESS_MAP_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ingress_pair);
	__type(value, __u32);
} pairs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} drops SEC(".maps");

static int drop(void)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&drops, &zero);

	if (n)
		*n += 1;
	return TC_ACT_SHOT;
}

/* -1: no source that a mobile network can have. */
static int inner_source(struct __sk_buff *skb, struct ingress_inner *in)
{
	const __u32 *w = (const __u32 *)(const void *)in->addr;

	in->plen = 128;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		in->addr[10] = in->addr[11] = 0xff;
		return bpf_skb_load_bytes_relative(skb, 12, &in->addr[12], 4, BPF_HDR_START_NET);
	}
	if (skb->protocol != bpf_htons(ETH_P_IPV6) ||
	    bpf_skb_load_bytes_relative(skb, 8, in->addr, 16, BPF_HDR_START_NET) < 0)
		return -1;
	if (in->addr[0] == 0xfe && (in->addr[1] & 0xc0) == 0x80)
		return -1;
	/* A mapped address must not pass as the IPv4 prefix in the map. */
	return w[0] == 0 && w[1] == 0 && w[2] == bpf_htonl(0xffff) ? -1 : 0;
}

SEC("tc")
int mip6d_ingress(struct __sk_buff *skb)
{
	struct ingress_inner in = { 0 };
	struct ingress_pair pair = { 0 };
	struct bpf_tunnel_key tun = { 0 };
	struct ingress_owner *owner;

	if (inner_source(skb, &in) < 0)
		return drop();
	owner = bpf_map_lookup_elem(&inner, &in);
	if (!owner)
		return drop();
	__builtin_memcpy(pair.owner, owner->hoa, sizeof(pair.owner));
	pair.ifindex = skb->ifindex;
	/* Fails on a device with a fixed remote end. The short size is known to old kernels. */
	if (bpf_skb_get_tunnel_key(skb, &tun, offsetof(struct bpf_tunnel_key, local_ipv4),
				   BPF_F_TUNINFO_IPV6) == 0)
		__builtin_memcpy(pair.outer, tun.remote_ipv6, sizeof(pair.outer));
	if (!bpf_map_lookup_elem(&pairs, &pair))
		return drop();
	return TC_ACT_UNSPEC;		/* on to whatever filters the operator has behind ours */
}

char license_text[] SEC("license") = "BSD-2-Clause";	/* no helper here asks for more */
