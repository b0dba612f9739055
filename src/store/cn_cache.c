/* SPDX-License-Identifier: BSD-2-Clause */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) ((void)(elt))	/* hh.tbl stays NULL: asked for after each add */

#include "store/cn_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Two tables: uthash keeps the order of insertion, which is the order that is asked for. */
struct cn_cache {
	struct cn_entry *bound, *gone;
	struct cn_entry *all;		/* list by next: neither refresh nor end moves one in it */
	struct cn_cursor *walks;
	uint64_t born;
	struct cn_net *nets;		/* of all that are bound */
	size_t n_path;			/* of all that are bound */
};

/* Care-of addresses of one /64, which is what one node can have as many of as it likes. */
struct cn_net {
	uint8_t prefix[8];
	size_t n;
	struct cn_near *oldest;		/* list by next */
	UT_hash_handle hh;
};

int cnc_new(struct cn_cache **c)
{
	*c = calloc(1, sizeof(**c));
	return *c ? 0 : -ENOMEM;
}

struct cn_entry *cnc_find(struct cn_cache *c, const struct cn_key *k)
{
	struct cn_entry *e;

	HASH_FIND(hh, c->bound, k, sizeof(*k), e);
	if (!e)
		HASH_FIND(hh, c->gone, k, sizeof(*k), e);
	return e;
}

static struct cn_net *net_of(struct cn_cache *c, const struct in6_addr *coa)
{
	struct cn_net *net;

	HASH_FIND(hh, c->nets, coa, sizeof(net->prefix), net);
	return net;
}

static bool join(struct cn_cache *c, struct cn_entry *e, const struct in6_addr *coa)
{
	struct cn_net *net = net_of(c, coa);
	struct cn_near *near = e->near;

	if (!net) {
		net = calloc(1, sizeof(*net));
		if (!net)
			return false;
		memcpy(net->prefix, coa, sizeof(net->prefix));
		HASH_ADD(hh, c->nets, prefix, sizeof(net->prefix), net);
		if (!net->hh.tbl) {
			free(net);
			return false;
		}
	}
	while (near->net)
		near++;
	net->n++;
	c->n_path++;
	near->net = net;
	near->e = e;
	DL_APPEND(net->oldest, near);
	return true;
}

static void leave(struct cn_cache *c, struct cn_near *near)
{
	struct cn_net *net = near->net;

	DL_DELETE(net->oldest, near);
	near->net = NULL;
	c->n_path--;
	if (--net->n)
		return;
	HASH_DELETE(hh, c->nets, net);
	free(net);
}

static void leave_all(struct cn_cache *c, struct cn_entry *e)
{
	for (unsigned i = 0; i < CN_MAX_PATHS; i++)
		if (e->near[i].net)
			leave(c, &e->near[i]);
}

static void take_out(struct cn_cache *c, struct cn_entry *e)
{
	if (!e->bound) {
		HASH_DELETE(hh, c->gone, e);
		return;
	}
	HASH_DELETE(hh, c->bound, e);
	leave_all(c, e);
}

/* False: no memory; e is in no table. */
static bool put_in(struct cn_cache *c, struct cn_entry *e, bool bound)
{
	e->bound = bound;
	if (!bound) {
		HASH_ADD(hh, c->gone, b.key, sizeof(e->b.key), e);
		return e->hh.tbl != NULL;
	}
	for (unsigned i = 0; i < e->b.n_path; i++) {
		if (join(c, e, &e->b.path[i].coa))
			continue;
		leave_all(c, e);
		return false;
	}
	HASH_ADD(hh, c->bound, b.key, sizeof(e->b.key), e);
	if (!e->hh.tbl)
		leave_all(c, e);
	return e->hh.tbl != NULL;
}

static struct cn_entry *create(struct cn_cache *c)
{
	struct cn_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->born = c->born++;
	DL_APPEND(c->all, e);
	return e;
}

static void destroy(struct cn_cache *c, struct cn_entry *e)
{
	struct cn_cursor *w;

	DL_FOREACH(c->walks, w) {
		if (w->at == e)
			w->at = e->next;
	}
	DL_DELETE(c->all, e);
	free(e);
}

struct cn_entry *cnc_put(struct cn_cache *c, const struct cn_binding *b)
{
	struct cn_entry *e = cnc_find(c, &b->key);

	if (e)
		take_out(c, e);
	else
		e = create(c);
	if (!e)
		return NULL;
	e->b = *b;
	e->watch = (struct cn_watch){ 0 };
	if (put_in(c, e, true))
		return e;
	destroy(c, e);
	return NULL;
}

struct cn_entry *cnc_set_gone(struct cn_cache *c, struct cn_entry *e)
{
	take_out(c, e);
	if (put_in(c, e, false))
		return e;
	destroy(c, e);
	return NULL;
}

void cnc_cut(struct cn_cache *c, struct cn_entry *e, uint16_t bid)
{
	const struct cn_path *p = cnb_path(&e->b, bid);
	const struct cn_net *net = p ? net_of(c, &p->coa) : NULL;

	if (!p)
		return;
	/* of two in one net it does not matter which goes */
	for (unsigned i = 0; net && i < CN_MAX_PATHS; i++) {
		if (e->near[i].net != net)
			continue;
		leave(c, &e->near[i]);
		break;
	}
	cnb_cut(&e->b, bid);
	e->watch = (struct cn_watch){ 0 };
}

void cnc_del(struct cn_cache *c, struct cn_entry *e)
{
	take_out(c, e);
	destroy(c, e);
}

void cnc_free(struct cn_cache *c)
{
	if (!c)
		return;
	while (c->walks)
		cnc_end(c->walks);
	while (c->bound)
		cnc_del(c, c->bound);
	while (c->gone)
		cnc_del(c, c->gone);
	free(c);
}

size_t cnc_bound(const struct cn_cache *c)
{
	return c->n_path;
}

size_t cnc_gone(const struct cn_cache *c)
{
	return HASH_COUNT(c->gone);
}

struct cn_entry *cnc_oldest(struct cn_cache *c, bool (*skip)(void *arg, const struct cn_entry *e),
			    void *arg)
{
	struct cn_entry *e = c->bound;

	while (e && skip(arg, e))
		e = e->hh.next;
	return e;
}

size_t cnc_near(struct cn_cache *c, const struct in6_addr *coa)
{
	const struct cn_net *net = net_of(c, coa);

	return net ? net->n : 0;
}

struct cn_entry *cnc_oldest_near(struct cn_cache *c, const struct in6_addr *coa,
				 bool (*skip)(void *arg, const struct cn_entry *e), void *arg)
{
	const struct cn_net *net = net_of(c, coa);
	struct cn_near *near = net ? net->oldest : NULL;

	while (near && skip(arg, near->e))
		near = near->next;
	return near ? near->e : NULL;
}

struct cn_entry *cnc_first_gone(struct cn_cache *c)
{
	return c->gone;
}

void cnc_each(struct cn_cache *c, void (*fn)(void *arg, struct cn_entry *e), void *arg)
{
	struct cn_entry *e, *next;

	HASH_ITER(hh, c->gone, e, next)
		fn(arg, e);
	HASH_ITER(hh, c->bound, e, next)
		fn(arg, e);
}

void cnc_begin(struct cn_cache *c, struct cn_cursor *w)
{
	*w = (struct cn_cursor){ .cache = c, .at = c->all, .until = c->born };
	DL_APPEND(c->walks, w);
}

struct cn_entry *cnc_next(struct cn_cursor *w)
{
	struct cn_entry *e = w->at;

	if (!e || e->born >= w->until)
		return NULL;
	w->at = e->next;
	return e;
}

void cnc_end(struct cn_cursor *w)
{
	if (w->cache)
		DL_DELETE(w->cache->walks, w);
	*w = (struct cn_cursor){ 0 };
}
