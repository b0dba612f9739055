/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/steer_match.h - is a packet one of these, and which place has its flow?
 *
 * For steer.bpf.c, and for the tests of these rules without a kernel. Pure.
 */
#ifndef MIP6_KERN_STEER_MATCH_H
#define MIP6_KERN_STEER_MATCH_H

#include "kern/steer_map.h"

/* Without branches, for the verifier walks through each of them: the answer is the highest bit. */
static inline __u64 steer_less64(__u64 a, __u64 b)
{
	return (~a & b) | ((~a | b) & (a - b));		/* the borrow of a - b */
}

static inline __u64 steer_less128(const __u64 a[2], const __u64 b[2])
{
	__u64 low = steer_less64(a[1], b[1]) >> 63;

	return steer_less64(a[0], b[0]) | steer_less64(a[0] - b[0], low);
}

static inline __u64 steer_outside(__u64 lo, __u64 v, __u64 hi)
{
	return (v - lo) | (hi - v);			/* all of 32 bits at most */
}

/* RFC 6088 3: all that the selector names, both ends of each range included. */
static inline int steer_matches(const struct steer_sel *s, const struct steer_pkt *p)
{
	__u64 no = 0 - (s->needs & ~(p->has | p->l4.has));

	no |= 0 - ((p->mark & s->mask) ^ s->mark);
	no |= steer_outside(s->dscp_lo, p->dscp, s->dscp_hi);
	no |= steer_outside(s->proto_lo, p->l4.proto, s->proto_hi);
	no |= steer_outside(s->sport_lo, p->l4.sport, s->sport_hi);
	no |= steer_outside(s->dport_lo, p->l4.dport, s->dport_hi);
	no |= steer_outside(s->spi_lo, p->l4.spi, s->spi_hi);
	no |= steer_outside(s->label_lo, p->label, s->label_hi);
	no |= steer_less128(p->src, s->src_lo) | steer_less128(s->src_hi, p->src);
	no |= steer_less128(p->dst, s->dst_lo) | steer_less128(s->dst_hi, p->dst);
	return !(no >> 63);
}

#define STEER_MH	135		/* Mobility Header */

/*
 * True: nobody steers it, so it takes the primary path, which the route leads to. Signalling (RFC
 * 6089 4.3), whoever makes it. And what this home agent answers to the probes of a mobile node,
 * which count on one way for all answers: up is not the home agent.
 */
static inline int steer_left_alone(const struct steer_pkt *p, __u32 up)
{
	if (p->l4.has & STEER_HAS_PROTO && p->l4.proto == STEER_MH)
		return 1;
	return !up && p->l4.has & STEER_IS_ANSWER && p->has & STEER_IS_LOCAL;
}

static inline __u64 steer_mix(__u64 h, __u64 v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;	/* 2^64 / golden ratio */
	return h ^ h >> 32;
}

/* By addresses, protocol, ports (or SPI, or the number of an echo): not by the flow label, which a
 * connection may change, nor by DSCP. */
static inline __u32 steer_place(const struct steer_pkt *p)
{
	__u64 h = steer_mix(p->src[0], p->src[1]);

	h = steer_mix(steer_mix(h, p->dst[0]), p->dst[1]);
	h = steer_mix(h, p->l4.spi << 32 | p->l4.sport << 16 | p->l4.dport);
	h = steer_mix(h, p->l4.echo << 8 | p->l4.proto);
	return (__u32)(h % STEER_PLACES);
}

/* All ones if a == b. */
static inline __u64 steer_ones_if_same(__u64 a, __u64 b)
{
	return 0 - (((a ^ b) - 1) >> 63 & ~(a ^ b) >> 63);
}

/* The slot of a place, or STEER_NOBODY. */
static inline __u32 steer_slot(const struct steer_places *p, __u32 place)
{
	__u64 word = 0;

#ifdef __bpf__
#pragma unroll
#endif
	for (__u32 i = 0; i < STEER_WORDS; i++)
		word |= p->word[i] & steer_ones_if_same(i, place / STEER_IN_WORD);
	return word >> place % STEER_IN_WORD * 4 & 0xf;
}

#endif
