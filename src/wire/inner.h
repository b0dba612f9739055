/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire/inner.h - what an error quotes of a tunnel packet: the GRE header (RFC 2784,
 * 2890, 7676), and the packet of somebody else behind it.
 *
 * Pure. Host order, addresses in network order. Pointers are into the packet.
 */
#ifndef MIP6_WIRE_INNER_H
#define MIP6_WIRE_INNER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct gre {
	uint8_t family;			/* of what it carries: AF_INET, AF_INET6 */
	bool has_key;
	uint32_t key;
	const uint8_t *payload;
	size_t len;
};
/* 0; -EBADMSG: cut off, of another version, or it carries neither IPv6 nor IPv4. */
int gre_parse(const uint8_t *buf, size_t len, struct gre *g);

struct inner {
	uint8_t family;
	union ip_bytes src, dst;
	bool error;			/* an ICMP error, a redirect, or it cannot be told */
	bool fragment;			/* not the first: nobody can tell whose it is */
};
/* A packet of which the end may be missing. 0, -EBADMSG: not even its header is there. */
int inner_parse(uint8_t family, const uint8_t *packet, size_t len, struct inner *in);

/* May its sender be told of an error (RFC 4443 2.4 e, RFC 1122 3.2.2)? */
bool inner_may_hear(const struct inner *in);

#endif
