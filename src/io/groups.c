/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/groups.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uthash.h>

#define PER_SOCKET 256 /* 56 octets each; optmem_max is 20480 or more */

struct holder {
	int fd;
	unsigned n;
	struct holder *next;
};

struct group_key {
	int ifindex;
	struct in6_addr group;
};

struct group {
	struct group_key key;
	unsigned users;
	struct holder *holder;
	UT_hash_handle hh;
};

struct groups {
	struct group *by_key;
	struct holder *holders;
};

/* One with room, or a new one. */
static struct holder *find_holder(struct groups *g)
{
	struct holder *h = g->holders;

	while (h && h->n >= PER_SOCKET)
		h = h->next;
	if (h)
		return h;
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (h->fd < 0) {
		free(h);
		return NULL;
	}
	h->next = g->holders;
	g->holders = h;
	return h;
}

/* The first socket right away: what cannot work is said at the start. */
int groups_open(struct groups **out)
{
	struct groups *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	if (!find_holder(g)) {
		free(g);
		return -ENFILE;
	}
	*out = g;
	return 0;
}

static int membership(const struct holder *h, const struct group_key *k, int option)
{
	struct ipv6_mreq mreq = { .ipv6mr_multiaddr = k->group,
				  .ipv6mr_interface = (unsigned)k->ifindex };

	return setsockopt(h->fd, IPPROTO_IPV6, option, &mreq, sizeof(mreq)) < 0 ? -errno : 0;
}

static struct group *find(struct groups *g, int ifindex, const struct in6_addr *group,
			  struct group_key *k)
{
	struct group *e;

	memset(k, 0, sizeof(*k));
	k->ifindex = ifindex;
	k->group = *group;
	HASH_FIND(hh, g->by_key, k, sizeof(*k), e);
	return e;
}

int groups_join(struct groups *g, int ifindex, const struct in6_addr *group)
{
	struct group_key k;
	struct group *e = find(g, ifindex, group, &k);
	struct holder *h;
	int rc;

	if (e) {
		e->users++;
		return 0;
	}
	h = find_holder(g);
	e = h ? calloc(1, sizeof(*e)) : NULL;
	if (!e)
		return h ? -ENOMEM : -ENFILE;
	rc = membership(h, &k, IPV6_ADD_MEMBERSHIP);
	if (rc < 0) {
		free(e);
		return rc;
	}
	*e = (struct group){ .key = k, .users = 1, .holder = h };
	h->n++;
	HASH_ADD(hh, g->by_key, key, sizeof(e->key), e);
	return 0;
}

static void drop(struct groups *g, struct group *e)
{
	membership(e->holder, &e->key, IPV6_DROP_MEMBERSHIP);
	e->holder->n--;
	HASH_DEL(g->by_key, e);
	free(e);
}

int groups_leave(struct groups *g, int ifindex, const struct in6_addr *group)
{
	struct group_key k;
	struct group *e = find(g, ifindex, group, &k);

	if (!e)
		return -ENOENT;
	if (--e->users == 0)
		drop(g, e);
	return 0;
}

void groups_close(struct groups *g)
{
	struct group *e, *tmp;
	struct holder *h;

	if (!g)
		return;
	HASH_ITER(hh, g->by_key, e, tmp)
		drop(g, e);
	while ((h = g->holders) != NULL) {
		g->holders = h->next;
		close(h->fd);
		free(h);
	}
	free(g);
}
