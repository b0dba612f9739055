/* SPDX-License-Identifier: BSD-2-Clause */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((void)(elt))	/* hh.tbl stays NULL: asked for after each add */

#include "store/bc.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#define NESTING_MAX	8	/* the kernel sends no packet through more tunnels than that */

struct net_key { struct in6_addr net; uint8_t plen, pad[3]; };	/* pad = 0: hashed as bytes */

struct bc_net {				/* prefix in service -> its binding; IPv4 as ::ffff:0:0/96 */
	struct net_key key;
	struct bc_entry *e;
	UT_hash_handle hh;
};

struct bc {
	struct bc_entry *entries;
	struct bc_memory *memory;
	struct bc_net *nets;
	struct bc_cursor *walks;
	uint64_t born;
	size_t bound;
	size_t plen_used[129];		/* prefixes of each length in nets */
};

int bc_new(struct bc **bc)
{
	*bc = calloc(1, sizeof(**bc));
	return *bc ? 0 : -ENOMEM;
}

static struct net_key net_key(const struct in6_addr *a, uint8_t plen)
{
	struct prefix p = prefix6(a, plen), n = prefix_network(&p);
	struct net_key k = { .net = n.a.in6, .plen = plen };

	return k;
}

static struct bc_net *net_find(struct bc *bc, const struct in6_addr *a, uint8_t plen)
{
	struct net_key k = net_key(a, plen);
	struct bc_net *n;

	HASH_FIND(hh, bc->nets, &k, sizeof(k), n);
	return n;
}

/* IPv4 networks are in the same table, as mapped ones: no IPv6 address there is anybody's. */
static struct in6_addr mapped(struct in_addr a)
{
	struct in6_addr m = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	memcpy(m.s6_addr + 12, &a, sizeof(a));
	return m;
}

static struct prefix as_ipv6(const struct prefix *p)
{
	struct in6_addr m = mapped(p->a.in4);

	return p->family == AF_INET ? prefix6(&m, (uint8_t)(p->plen + 96)) : *p;
}

static void nets_drop(struct bc *bc, struct bc_entry *e)
{
	for (unsigned i = 0; i < e->b.n_prefix; i++) {
		const struct prefix p = as_ipv6(&e->b.prefix[i]);
		struct bc_net *n = net_find(bc, &p.a.in6, p.plen);

		if (!n || n->e != e)
			continue;
		bc->plen_used[p.plen]--;
		HASH_DELETE(hh, bc->nets, n);
		free(n);
	}
}

/* A prefix that is not found because of lack of memory only hides a circle from bc_circular(),
 * and errors from those who sent there. */
static void nets_add(struct bc *bc, struct bc_entry *e)
{
	for (unsigned i = 0; i < e->b.n_prefix; i++) {
		const struct prefix p = as_ipv6(&e->b.prefix[i]);
		struct bc_net *n;

		if (net_find(bc, &p.a.in6, p.plen))
			continue;
		n = calloc(1, sizeof(*n));
		if (!n)
			return;
		n->key = net_key(&p.a.in6, p.plen);
		n->e = e;
		HASH_ADD(hh, bc->nets, key, sizeof(n->key), n);
		if (!n->hh.tbl) {
			free(n);
			return;
		}
		bc->plen_used[p.plen]++;
	}
}

struct bc_entry *bc_find(struct bc *bc, const struct in6_addr *hoa, uint16_t bid)
{
	struct bc_key k = { .hoa = *hoa, .bid = bid };
	struct bc_entry *e;

	HASH_FIND(hh, bc->entries, &k, sizeof(k), e);
	return e;
}

struct bc_entry *bc_put(struct bc *bc, const struct binding *b)
{
	struct bc_entry *e = bc_find(bc, &b->key.hoa, b->key.bid);

	if (e) {
		if (e->state == BC_BOUND) {
			nets_drop(bc, e);
			bc->bound--;
		}
	} else {
		e = calloc(1, sizeof(*e));
		if (!e)
			return NULL;
		e->b.key = b->key;
		HASH_ADD(hh, bc->entries, b.key, sizeof(e->b.key), e);
		if (!e->hh.tbl) {
			free(e);
			return NULL;
		}
		e->born = bc->born++;
	}
	e->b = *b;
	e->state = BC_BOUND;
	bc->bound++;
	nets_add(bc, e);
	return e;
}

void bc_set_deleted(struct bc *bc, struct bc_entry *e, uint16_t seq)
{
	if (e->state == BC_BOUND) {
		nets_drop(bc, e);
		bc->bound--;
	}
	e->state = BC_DELETED;
	e->b.seq = seq;
	e->b.lifetime = 0;
	e->b.n_prefix = 0;
}

void bc_del(struct bc *bc, struct bc_entry *e)
{
	struct bc_cursor *c;

	DL_FOREACH(bc->walks, c) {
		if (c->at == e)
			c->at = e->hh.next;
	}
	if (e->state == BC_BOUND) {
		nets_drop(bc, e);
		bc->bound--;
	}
	HASH_DELETE(hh, bc->entries, e);
	free(e);
}

void bc_free(struct bc *bc)
{
	struct bc_memory *m, *next;

	if (!bc)
		return;
	while (bc->walks)
		bc_end(bc->walks);
	while (bc->entries)
		bc_del(bc, bc->entries);
	HASH_ITER(hh, bc->memory, m, next) {
		HASH_DELETE(hh, bc->memory, m);
		free(m);
	}
	free(bc);
}

size_t bc_count(const struct bc *bc)
{
	return bc->bound;
}

void bc_each(struct bc *bc, void (*fn)(void *arg, struct bc_entry *e), void *arg)
{
	struct bc_entry *e, *next;

	HASH_ITER(hh, bc->entries, e, next)
		fn(arg, e);
}

void bc_begin(struct bc *bc, struct bc_cursor *c)
{
	*c = (struct bc_cursor){ .bc = bc, .at = bc->entries, .until = bc->born };
	DL_APPEND(bc->walks, c);
}

/* The hash table's list is in the order of addition. */
struct bc_entry *bc_next(struct bc_cursor *c)
{
	struct bc_entry *e = c->at;

	if (!e || e->born >= c->until)
		return NULL;
	c->at = e->hh.next;
	return e;
}

void bc_end(struct bc_cursor *c)
{
	if (c->bc)
		DL_DELETE(c->bc->walks, c);
	*c = (struct bc_cursor){ 0 };
}

struct bc_memory *bc_memory(struct bc *bc, const struct in6_addr *hoa, bool create)
{
	struct bc_memory *m;

	HASH_FIND(hh, bc->memory, hoa, sizeof(*hoa), m);
	if (m || !create)
		return m;
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->hoa = *hoa;
	HASH_ADD(hh, bc->memory, hoa, sizeof(m->hoa), m);
	if (!m->hh.tbl) {
		free(m);
		return NULL;
	}
	return m;
}

const struct bc_entry *bc_route(struct bc *bc, const struct in6_addr *addr)
{
	struct bc_entry *e = bc_find(bc, addr, 0);

	if (e && e->state == BC_BOUND)
		return e;
	for (unsigned plen = 129; plen-- > 0;) {
		struct bc_net *n = NULL;

		if (bc->plen_used[plen])
			n = net_find(bc, addr, (uint8_t)plen);
		if (n)
			return n->e;
	}
	return NULL;
}

const struct bc_entry *bc_route4(struct bc *bc, struct in_addr addr)
{
	struct in6_addr m = mapped(addr);

	return bc_route(bc, &m);
}

bool bc_circular(struct bc *bc, const struct binding *b)
{
	struct locator at = b->coa;

	for (unsigned hop = 0; hop < NESTING_MAX; hop++) {
		const struct bc_entry *e;

		if (at.family != AF_INET6)
			return false;
		if (in6_eq(&at.a.in6, &b->key.hoa))
			return true;
		for (unsigned i = 0; i < b->n_prefix; i++)
			if (prefix_contains6(&b->prefix[i], &at.a.in6))
				return true;
		e = bc_route(bc, &at.a.in6);
		/* what the cache holds of b itself is about to be replaced */
		if (!e || in6_eq(&e->b.key.hoa, &b->key.hoa))
			return false;
		at = e->b.coa;
	}
	return true;
}
