/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io/groups.h - counted memberships in multicast groups, any number of them.
 *
 * A socket may hold only a few hundred memberships (net.core.optmem_max), while a
 * home agent may test a thousand addresses at once. So the memberships are spread
 * over sockets that do nothing else: the host is what joins, and a raw socket
 * hears every group that its host is in.
 *
 * 0 or -errno.
 */
#ifndef MIP6_IO_GROUPS_H
#define MIP6_IO_GROUPS_H

#include <netinet/in.h>
#include <stdbool.h>

struct groups;

int groups_open(struct groups **g);
void groups_close(struct groups *g); /* leaves all */
int groups_join(struct groups *g, int ifindex, const struct in6_addr *group);
/* -ENOENT: not joined. A link that has gone is no error. */
int groups_leave(struct groups *g, int ifindex, const struct in6_addr *group);

#endif
