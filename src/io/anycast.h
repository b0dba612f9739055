/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io/anycast.h - membership in an anycast address (RFC 6275 8.4: Mobile IPv6
 * Home-Agents of RFC 2526).
 *
 * Several hosts of a link have it at once: no duplicate address detection, no
 * Override in answers, never a source. All of that is the kernel's work for an
 * address that is joined; there is no netlink message for it, so a descriptor holds
 * it, and nothing is left behind when we die. A device that goes down forgets it
 * although the membership stands: leave and join again.
 */
#ifndef MIP6_IO_ANYCAST_H
#define MIP6_IO_ANYCAST_H

#include <netinet/in.h>

/* A descriptor, or -errno (-ENETDOWN: the device is down; the host must forward). */
int anycast_join(int ifindex, const struct in6_addr *addr);
void anycast_leave(int fd);		/* negative: harmless */

#endif
