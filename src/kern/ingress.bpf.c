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
	__type(value, struct ingress_allowed);
} inner SEC(".maps");

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

/* -1: no source that a mobile network can have. The length is set last: without CAP_PERFMON the
 * verifier lets a helper write only beside places that hold no known number yet. */
static int inner_source(struct __sk_buff *skb, struct ingress_inner *in)
{
	const __u32 *w = (const __u32 *)(const void *)in->addr;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		in->addr[10] = in->addr[11] = 0xff;
		if (bpf_skb_load_bytes_relative(skb, 12, &in->addr[12], 4, BPF_HDR_START_NET) < 0)
			return -1;
	} else {
		if (skb->protocol != bpf_htons(ETH_P_IPV6) ||
		    bpf_skb_load_bytes_relative(skb, 8, in->addr, 16, BPF_HDR_START_NET) < 0)
			return -1;
		if (in->addr[0] == 0xfe && (in->addr[1] & 0xc0) == 0x80)
			return -1;	/* link-local */
		/* A mapped address must not pass as the IPv4 prefix in the map. */
		if (w[0] == 0 && w[1] == 0 && w[2] == bpf_htonl(0xffff))
			return -1;
	}
	in->plen = 128;
	return 0;
}

SEC("tc")
int mip6d_ingress(struct __sk_buff *skb)
{
	struct ingress_inner in = { 0 };
	struct bpf_tunnel_key tun = { 0 };
	const struct ingress_allowed *allowed;

	if (inner_source(skb, &in) < 0)
		return drop();
	allowed = bpf_map_lookup_elem(&inner, &in);
	if (!allowed)
		return drop();
	/* Fails on a device with a fixed remote end, and the outer source stays zero. The short
	 * size is known to old kernels too. */
	if (bpf_skb_get_tunnel_key(skb, &tun, offsetof(struct bpf_tunnel_key, local_ipv4),
				   BPF_F_TUNINFO_IPV6) < 0)
		__builtin_memset(tun.remote_ipv6, 0, sizeof(tun.remote_ipv6));
#pragma unroll
	for (int i = 0; i < INGRESS_PLACES; i++) {
		const struct ingress_place *p = &allowed->place[i];

		if (p->ifindex == skb->ifindex && p->outer[0] == tun.remote_ipv6[0] &&
		    p->outer[1] == tun.remote_ipv6[1] && p->outer[2] == tun.remote_ipv6[2] &&
		    p->outer[3] == tun.remote_ipv6[3])
			return TC_ACT_UNSPEC;	/* on to the operator's own filters */
	}
	return drop();
}

char license_text[] SEC("license") = "BSD-2-Clause";	/* no helper here asks for more */
