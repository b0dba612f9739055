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

/* -1: no source that a mobile network can have. Octets are read only into places that hold nothing
 * yet: without CAP_PERFMON the verifier takes anything else for an attack on its stack. */
static int inner_source(struct __sk_buff *skb, struct ingress_inner *in)
{
	__u32 src[4] = { 0 }, v4 = 0;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes_relative(skb, 12, &v4, 4, BPF_HDR_START_NET) < 0)
			return -1;
		src[2] = bpf_htonl(0xffff);
		src[3] = v4;
	} else {
		if (skb->protocol != bpf_htons(ETH_P_IPV6) ||
		    bpf_skb_load_bytes_relative(skb, 8, src, 16, BPF_HDR_START_NET) < 0)
			return -1;
		if ((src[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000))
			return -1;	/* link-local */
		/* A mapped address must not pass as the IPv4 prefix in the map. */
		if (src[0] == 0 && src[1] == 0 && src[2] == bpf_htonl(0xffff))
			return -1;
	}
	in->plen = 128;
	__builtin_memcpy(in->addr, src, sizeof(src));
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
			return TC_ACT_UNSPEC;	/* on to filters that the operator has behind ours */
	}
	return drop();
}

char license_text[] SEC("license") = "BSD-2-Clause";	/* no helper here asks for more */
