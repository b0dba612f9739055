/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io/icmp4.h - the one message of ICMPv4 that is sent: host unreachable (RFC 2473
 * 8.3), with what fits of the packet in 576 octets (RFC 1812 4.3.2.3).
 *
 * The source address is the kernel's choice: that of the interface by which it goes
 * out. A socket for each message; whoever calls limits them. 0 or -errno.
 */
#ifndef MIP6_IO_ICMP4_H
#define MIP6_IO_ICMP4_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

int icmp4_unreachable(struct in_addr dst, const uint8_t *quote, size_t len);

#endif
