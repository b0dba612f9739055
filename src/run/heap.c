/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/heap.h"

#include <stdlib.h>

static bool before(const struct heap_node *a, const struct heap_node *b)
{
	return a->key < b->key || (a->key == b->key && a->seq < b->seq);
}

static void place(struct heap *h, size_t i, struct heap_node node)
{
	h->v[i] = node;
	node.t->slot = i + 1;
}

/* node belongs somewhere on the way from the free place i to the top. */
static void sift_up(struct heap *h, size_t i, struct heap_node node)
{
	while (i > 0 && before(&node, &h->v[(i - 1) / 2])) {
		place(h, i, h->v[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(h, i, node);
}

/* node belongs at the free place i or below it. */
static void sift_down(struct heap *h, size_t i, struct heap_node node)
{
	size_t child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n && before(&h->v[child + 1], &h->v[child]))
			child++;
		if (!before(&h->v[child], &node))
			break;
		place(h, i, h->v[child]);
		i = child;
	}
	place(h, i, node);
}

static void grow(struct heap *h)
{
	size_t cap = h->cap ? h->cap * 2 : 64;
	struct heap_node *v = realloc(h->v, cap * sizeof(*v));

	if (!v)
		abort();
	h->v = v;
	h->cap = cap;
}

void heap_take(struct heap *h, struct rtimer *t)
{
	size_t i = t->slot - 1;
	struct heap_node last;

	if (!t->slot)
		return;
	t->slot = 0;
	last = h->v[--h->n];
	if (i == h->n)
		return;
	if (i > 0 && before(&last, &h->v[(i - 1) / 2]))
		sift_up(h, i, last);
	else
		sift_down(h, i, last);
}

void heap_put(struct heap *h, struct rtimer *t, double key)
{
	heap_take(h, t);
	if (h->n == h->cap)
		grow(h);
	sift_up(h, h->n++, (struct heap_node){ .key = key, .seq = h->seq++, .t = t });
}

bool heap_first(const struct heap *h, double *key)
{
	if (!h->n)
		return false;
	*key = h->v[0].key;
	return true;
}

struct rtimer *heap_due(struct heap *h, double now)
{
	struct rtimer *t;

	if (!h->n || h->v[0].key > now)
		return NULL;
	t = h->v[0].t;
	heap_take(h, t);
	return t;
}

void heap_fini(struct heap *h)
{
	for (size_t i = 0; i < h->n; i++)
		h->v[i].t->slot = 0;
	free(h->v);
	*h = (struct heap){ 0 };
}
