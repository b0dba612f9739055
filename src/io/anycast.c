/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/anycast.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int anycast_join(int ifindex, const struct in6_addr *addr)
{
	struct ipv6_mreq mreq = { .ipv6mr_multiaddr = *addr,
				  .ipv6mr_interface = (unsigned)ifindex };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_ANYCAST, &mreq, sizeof(mreq)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

void anycast_leave(int fd)
{
	if (fd >= 0)
		close(fd);
}
