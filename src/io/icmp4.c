/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/icmp4.h"

#include <errno.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"
#include "wire/cksum.h"

#define QUOTE_MAX	(576 - 20 - 8)

int icmp4_unreachable(struct in_addr dst, const uint8_t *quote, size_t len)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = dst };
	uint8_t buf[8 + QUOTE_MAX] = { ICMP_DEST_UNREACH, ICMP_HOST_UNREACH };
	size_t n = 8 + MIN(len, QUOTE_MAX);
	uint64_t sum;
	uint16_t folded;
	int fd, rc;

	memcpy(buf + 8, quote, n - 8);
	sum = cksum_words(buf, n);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	folded = htons((uint16_t)~sum);
	memcpy(buf + 2, &folded, sizeof(folded));
	fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (fd < 0)
		return -errno;
	rc = sendto(fd, buf, n, MSG_DONTWAIT, (void *)&to, sizeof(to)) < 0 ? -errno : 0;
	close(fd);
	return rc;
}
