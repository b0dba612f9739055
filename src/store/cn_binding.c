/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/cn_binding.h"

#include <math.h>
#include <string.h>

#define PRIO_NONE 128	/* behind 127, the last that the wire has */

static unsigned rank(const struct cn_path *p)
{
	return p->prio ? p->prio : PRIO_NONE;
}

const struct cn_path *cnb_path(const struct cn_binding *b, uint16_t bid)
{
	for (unsigned i = 0; i < b->n_path; i++)
		if (b->path[i].bid == bid)
			return &b->path[i];
	return NULL;
}

const struct cn_path *cnb_at(const struct cn_binding *b, const struct in6_addr *coa)
{
	for (unsigned i = 0; i < b->n_path; i++)
		if (in6_eq(&b->path[i].coa, coa))
			return &b->path[i];
	return NULL;
}

void cnb_cut(struct cn_binding *b, uint16_t bid)
{
	const struct cn_path *p = cnb_path(b, bid);
	unsigned i;

	if (!p)
		return;
	i = (unsigned)(p - b->path);
	b->n_path--;
	memmove(&b->path[i], &b->path[i + 1], (b->n_path - i) * sizeof(b->path[0]));
}

bool cnb_put(struct cn_binding *b, const struct cn_path *p)
{
	unsigned i = 0;

	cnb_cut(b, p->bid);
	if (b->n_path == CN_MAX_PATHS)
		return false;
	while (i < b->n_path && rank(&b->path[i]) < rank(p))
		i++;
	memmove(&b->path[i + 1], &b->path[i], (b->n_path - i) * sizeof(b->path[0]));
	b->path[i] = *p;
	b->n_path++;
	return true;
}

void cnb_prefer(struct cn_binding *b, uint16_t bid)
{
	const struct cn_path *at = cnb_path(b, bid);
	struct cn_path p;

	if (!at)
		return;
	p = *at;
	memmove(&b->path[1], &b->path[0], (size_t)(at - b->path) * sizeof(b->path[0]));
	b->path[0] = p;
}

double cnb_expires(const struct cn_binding *b)
{
	double first = INFINITY;

	for (unsigned i = 0; i < b->n_path; i++)
		first = fmin(first, b->path[i].expires);
	return first;
}

static bool same(const struct cn_withdrawn *w, const struct in6_addr *coa, uint16_t home_nonce,
		 uint16_t coa_nonce)
{
	return w->home_nonce == home_nonce && w->coa_nonce == coa_nonce && in6_eq(&w->coa, coa);
}

void cnb_withdraw(struct cn_binding *b, const struct cn_path *p, double until, double now)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->n_withdrawn; i++) {
		const struct cn_withdrawn *w = &b->withdrawn[i];

		if (w->until > now && !same(w, &p->coa, p->home_nonce, p->coa_nonce))
			b->withdrawn[n++] = *w;
	}
	if (n == CN_MAX_PATHS)
		memmove(b->withdrawn, b->withdrawn + 1, --n * sizeof(b->withdrawn[0]));
	b->withdrawn[n++] = (struct cn_withdrawn){ p->coa, p->home_nonce, p->coa_nonce, until };
	b->n_withdrawn = n;
}

bool cnb_is_withdrawn(const struct cn_binding *b, const struct in6_addr *coa, uint16_t home_nonce,
		      uint16_t coa_nonce)
{
	for (unsigned i = 0; i < b->n_withdrawn; i++)
		if (same(&b->withdrawn[i], coa, home_nonce, coa_nonce))
			return true;
	return false;
}
