/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire/icmp6.h - the other ICMPv6 messages of mobility: DHAAD (RFC 6275 6.5-6.6,
 * RFC 3963 7), mobile prefix discovery (6.7-6.8), echo (the tunnel probe), and
 * the errors that a mobility node must understand (RFC 4443 3).
 *
 * Pure. Host order, addresses in network order. Bodies point into the packet.
 */
#ifndef MIP6_WIRE_ICMP6_H
#define MIP6_WIRE_ICMP6_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/nd.h"

#define ICMP6_UNREACH_		1
#define ICMP6_TOOBIG_		2
#define ICMP6_TIMEX_		3
#define ICMP6_PARAMPROB_	4
#define ICMP6_ECHOREQ_		128
#define ICMP6_ECHOREP_		129
#define ICMP6_DHAAD_REQ		144
#define ICMP6_DHAAD_REP		145
#define ICMP6_MPS		146
#define ICMP6_MPA		147

#define DHAAD_MAX_HA		74	/* what fits in 1280 octets */
#define ICMP6_QUOTE_MAX		(1280 - 40 - 8)	/* octets of a packet in an error, RFC 4443 2.4 c */

struct icmp6_msg {
	uint8_t type, code;
	union {
		struct { uint16_t id; bool r; unsigned n; struct in6_addr ha[DHAAD_MAX_HA]; } dhaad;
		struct { uint16_t id; } mps;
		struct { uint16_t id; bool managed, other; unsigned n;
			 struct nd_prefix prefix[ND_MAX_PREFIX]; } mpa;
		struct { uint16_t id, seq; const uint8_t *data; size_t len; } echo;
		struct {
			uint32_t arg;		/* pointer or MTU */
			/* of the quoted packet, as far as it is there */
			struct in6_addr src, dst;	/* as on the wire */
			bool has_hao; struct in6_addr hao;
			bool has_rh2; struct in6_addr rh2;
			uint8_t proto;		/* the last header reached */
			uint8_t mh_type;	/* proto 135: the MH type, 0xff unknown */
			uint8_t icmp_type;	/* proto 58: its type, 0xff unknown */
			uint32_t off;		/* octets from the quoted packet's start to that header */
			const uint8_t *quote; size_t quote_len;	/* the quoted packet */
		} err;
	};
};

/* 0; -EBADMSG with *why; -EPROTONOSUPPORT for types not listed above. */
int icmp6_parse(const uint8_t *buf, size_t len, struct icmp6_msg *m, const char **why);
/* What an error that quotes this packet would say of it: fills m->err. 0, or -EBADMSG: no IPv6. */
int icmp6_quote(const uint8_t *packet, size_t len, struct icmp6_msg *m);
/* Types 1 (err.quote, as much as may be), 128, 129, 144-147. Checksum 0. Length or -EMSGSIZE,
 * -EINVAL. */
ssize_t icmp6_build(const struct icmp6_msg *m, uint8_t *buf, size_t cap);

#endif
