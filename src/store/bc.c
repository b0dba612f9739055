/* SPDX-License-Identifier: BSD-2-Clause */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((void)(elt))	/* hh.tbl stays NULL: asked for after each add */

#include "store/bc.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/util.h"

#define NESTING_MAX	8	/* the kernel sends no packet through more tunnels than that */
#define NESTING_NODES	64	/* that one care-of address may be behind, by whatever way */

struct net_key { struct in6_addr net; uint8_t plen, pad[3]; };	/* pad = 0: hashed as bytes */

struct bc_net {				/* prefix in service -> its node; IPv4 as ::ffff:0:0/96 */
	struct net_key key;
	struct bc_memory *home;
	unsigned users;			/* its bindings that have the prefix */
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

		if (!n || n->home != e->home || --n->users)
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

		n = net_find(bc, &p.a.in6, p.plen);
		if (n) {
			n->users += n->home == e->home;
			continue;
		}
		n = calloc(1, sizeof(*n));
		if (!n)
			return;
		n->key = net_key(&p.a.in6, p.plen);
		n->home = e->home;
		n->users = 1;
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

struct bc_entry *bc_first(struct bc *bc, const struct in6_addr *hoa)
{
	struct bc_memory *m = bc_memory(bc, hoa, false);

	return m ? m->first : NULL;
}

bool bc_set(struct bc *bc, const struct in6_addr *hoa, struct binding_set *s)
{
	const struct bc_memory *m = bc_memory(bc, hoa, false);

	s->n = 0;
	s->flows = m ? &m->flows : NULL;
	s->unsteered = m && m->unsteered;
	for (struct bc_entry *e = m ? m->first : NULL; e; e = e->sibling)
		if (e->state == BC_BOUND && s->n < ARRAY_SIZE(s->b))
			s->b[s->n++] = e->b;
	return s->n;
}

static struct bc_entry *primary(struct bc_memory *m)
{
	struct bc_entry *best = NULL;

	for (struct bc_entry *e = m ? m->first : NULL; e; e = e->sibling)
		if (e->state == BC_BOUND && (!best || binding_before(&e->b, &best->b)))
			best = e;
	return best;
}

struct bc_entry *bc_primary(struct bc *bc, const struct in6_addr *hoa)
{
	return primary(bc_memory(bc, hoa, false));
}

void bc_set_seq(struct bc *bc, const struct in6_addr *hoa, uint16_t seq)
{
	for (struct bc_entry *e = bc_first(bc, hoa); e; e = e->sibling)
		e->b.seq = seq;
}

static struct bc_entry *entry_new(struct bc *bc, const struct bc_key *key)
{
	struct bc_memory *m = bc_memory(bc, &key->hoa, true);
	struct bc_entry *e = m ? calloc(1, sizeof(*e)) : NULL;
	struct bc_entry **at;

	if (!e)
		return NULL;
	e->b.key = *key;
	HASH_ADD(hh, bc->entries, b.key, sizeof(e->b.key), e);
	if (!e->hh.tbl) {
		free(e);
		return NULL;
	}
	e->born = bc->born++;
	e->home = m;
	for (at = &m->first; *at && (*at)->b.key.bid < key->bid; at = &(*at)->sibling)
		;
	e->sibling = *at;
	*at = e;
	return e;
}

static void entry_unlink(struct bc_entry *e)
{
	struct bc_entry **at = &e->home->first;

	while (*at != e)
		at = &(*at)->sibling;
	*at = e->sibling;
}

struct bc_entry *bc_put(struct bc *bc, const struct binding *b)
{
	struct bc_entry *e = bc_find(bc, &b->key.hoa, b->key.bid);

	if (!e)
		e = entry_new(bc, &b->key);
	else if (e->state == BC_BOUND) {
		nets_drop(bc, e);
		bc->bound--;
	}
	if (!e)
		return NULL;
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
	e->leaving = NULL;
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
	entry_unlink(e);
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
		flow_list_free(&m->flows);
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
	struct bc_entry *e = bc_primary(bc, addr);

	if (e)
		return e;
	for (unsigned plen = 129; plen-- > 0;) {
		struct bc_net *n = NULL;

		if (bc->plen_used[plen])
			n = net_find(bc, addr, (uint8_t)plen);
		if (n)
			return primary(n->home);
	}
	return NULL;
}

const struct bc_entry *bc_route4(struct bc *bc, struct in_addr addr)
{
	struct in6_addr m = mapped(addr);

	return bc_route(bc, &m);
}

/* The nodes that a packet may have gone through: each once, in the order of their tunnels. */
struct nesting {
	const struct bc_memory *node[NESTING_NODES];
	unsigned n;
};

/* False: too many. */
static bool nest(struct nesting *x, const struct bc_memory *node)
{
	for (unsigned i = 0; i < x->n; i++)
		if (x->node[i] == node)
			return true;
	if (x->n == ARRAY_SIZE(x->node))
		return false;
	x->node[x->n++] = node;
	return true;
}

/* True: packets to this care-of address go to b's node, or nobody can say where. */
static bool nest_coa(struct bc *bc, const struct binding *b, const struct locator *coa,
		     struct nesting *x)
{
	const struct bc_entry *e;

	if (coa->family != AF_INET6)
		return false;
	if (in6_eq(&coa->a.in6, &b->key.hoa))
		return true;
	for (unsigned i = 0; i < b->n_prefix; i++)
		if (prefix_contains6(&b->prefix[i], &coa->a.in6))
			return true;
	e = bc_route(bc, &coa->a.in6);
	/* what the cache holds of b itself is about to be replaced */
	if (!e || in6_eq(&e->b.key.hoa, &b->key.hoa))
		return false;
	return !nest(x, e->home);
}

/* At home a care-of address is the home address itself: no tunnel. */
static bool nest_node(struct bc *bc, const struct binding *b, const struct bc_memory *node,
		      struct nesting *x)
{
	bool found = false;

	for (const struct bc_entry *e = node->first; e && !found; e = e->sibling)
		if (e->state == BC_BOUND && !e->b.home)
			found = nest_coa(bc, b, &e->b.coa, x);
	return found;
}

bool bc_circular(struct bc *bc, const struct binding *b)
{
	struct nesting x = { .n = 0 };
	unsigned at = 0;

	if (b->home)
		return false;
	if (nest_coa(bc, b, &b->coa, &x))
		return true;
	for (unsigned hop = 1; at < x.n; hop++) {
		unsigned end = x.n;

		if (hop == NESTING_MAX)
			return true;
		for (; at < end; at++)
			if (nest_node(bc, b, x.node[at], &x))
				return true;
	}
	return false;
}

/* ---- sets ---- */

static unsigned rank(const struct binding *b)
{
	return b->prio ? b->prio : UINT8_MAX;
}

bool binding_before(const struct binding *a, const struct binding *b)
{
	if (rank(a) != rank(b))
		return rank(a) < rank(b);
	if (a->heard > b->heard || a->heard < b->heard)
		return a->heard > b->heard;
	return a->key.bid < b->key.bid;
}

const struct binding *binding_primary(const struct binding_set *s)
{
	const struct binding *best = s->n ? &s->b[0] : NULL;

	for (unsigned i = 1; i < s->n; i++)
		if (binding_before(&s->b[i], best))
			best = &s->b[i];
	return best;
}

struct binding *binding_of(struct binding_set *s, uint16_t bid)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->b[i].key.bid == bid)
			return &s->b[i];
	return NULL;
}

bool binding_put(struct binding_set *s, const struct binding *b)
{
	struct binding *is = binding_of(s, b->key.bid);
	unsigned at = s->n;

	if (is) {
		*is = *b;
		return true;
	}
	if (s->n == ARRAY_SIZE(s->b))
		return false;
	for (; at && s->b[at - 1].key.bid > b->key.bid; at--)
		s->b[at] = s->b[at - 1];
	s->b[at] = *b;
	s->n++;
	return true;
}

void binding_drop(struct binding_set *s, uint16_t bid)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++)
		if (s->b[i].key.bid != bid)
			s->b[n++] = s->b[i];
	s->n = (uint8_t)n;
}
