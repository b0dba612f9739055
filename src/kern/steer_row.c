/* SPDX-License-Identifier: BSD-2-Clause */
/* An owner's paths and flows, and what they come to in the maps. */
#include "kern/steer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/share.h"

_Static_assert(STEER_PATHS == SHARE_MAX && STEER_PATHS == KOBJ_BIDS, "one number of paths");
_Static_assert(STEER_NOBODY == (SHARE_NOBODY & 0xf), "cut to four bits it is the same");

struct srow *srow_find(const struct srow *rows, const struct in6_addr *owner)
{
	struct srow *r;

	HASH_FIND(hh, rows, owner, sizeof(*owner), r);
	return r;
}

static int srow_slot(const struct srow *r, uint16_t bid)
{
	for (int i = 0; i < STEER_PATHS; i++)
		if (r->path[i].bid == bid)
			return i;
	return -1;
}

struct steer_path *srow_path(struct srow *r, uint16_t bid)
{
	int slot = srow_slot(r, bid);

	return slot < 0 ? NULL : &r->path[slot];
}

static bool any_path(const struct srow *r)
{
	for (int i = 0; i < STEER_PATHS; i++)
		if (r->path[i].bid)
			return true;
	return false;
}

bool srow_empty(const struct srow *r)
{
	return !any_path(r) && r->n_flow == 0;
}

int srow_path_set(struct srow *r, const struct k_spath *o, int ifindex)
{
	struct steer_path *p = srow_path(r, o->bid);

	if (!p)
		p = srow_path(r, 0);
	if (!p)
		return -ENOSPC;
	*p = (struct steer_path){ .ifindex = (uint32_t)ifindex, .bid = o->bid,
				  .keyed = o->carrier.kind != CARRIER_NONE,
				  .gre_key = o->carrier.key, .mark = o->fwmark,
				  .mask = o->fwmask };
	memcpy(p->local, &o->carrier.local.a, sizeof(p->local));
	memcpy(p->remote, &o->carrier.remote.a, sizeof(p->remote));
	r->weight[p - r->path] = o->weight;
	return 0;
}

void srow_path_clear(struct srow *r, uint16_t bid)
{
	struct steer_path *p = srow_path(r, bid);

	if (!p)
		return;
	*p = (struct steer_path){ 0 };
	r->weight[p - r->path] = 0;
}

/* ---- flows ---- */

/* Where a flow of this order stands, or would. */
static size_t flow_at(const struct srow *r, uint32_t order)
{
	size_t i = 0;

	while (i < r->n_flow && r->flow[i].o.order < order)
		i++;
	return i;
}

static bool flow_here(const struct srow *r, size_t i, uint32_t order)
{
	return i < r->n_flow && r->flow[i].o.order == order;
}

int srow_flow_set(struct srow *r, const struct k_sflow *o)
{
	size_t i = flow_at(r, o->order);
	struct steer_sel sel;
	int rc = steer_sel_of(&o->sel, &sel);

	if (rc < 0)
		return rc;
	if (flow_here(r, i, o->order)) {
		r->flow[i].o = *o;
		return 0;
	}
	if (r->n_flow == STEER_POLICY)
		return -ENOSPC;
	if (r->n_flow == r->cap_flow) {
		size_t cap = r->cap_flow ? r->cap_flow * 2 : 4;
		struct srow_flow *flow = realloc(r->flow, cap * sizeof(*flow));

		if (!flow)
			return -ENOMEM;
		r->flow = flow;
		r->cap_flow = cap;
	}
	memmove(&r->flow[i + 1], &r->flow[i], (r->n_flow - i) * sizeof(*r->flow));
	r->flow[i] = (struct srow_flow){ .o = *o };
	memset(r->flow[i].place, SHARE_NOBODY, sizeof(r->flow[i].place));
	r->n_flow++;
	return 0;
}

void srow_flow_clear(struct srow *r, uint32_t order)
{
	size_t i = flow_at(r, order);

	if (!flow_here(r, i, order))
		return;
	r->n_flow--;
	memmove(&r->flow[i], &r->flow[i + 1], (r->n_flow - i) * sizeof(*r->flow));
}

/* ---- counts ---- */

static bool count_keep(struct srow *r, uint64_t id, uint16_t bid)
{
	for (size_t i = 0; i < r->n_count; i++) {
		if (r->count[i].id != id || r->count[i].bid != bid)
			continue;
		r->count[i].wanted = true;
		return true;
	}
	return false;
}

static bool count_room(struct srow *r)
{
	size_t cap = r->cap_count ? r->cap_count * 2 : 8;
	struct srow_count *c = r->count;

	if (r->n_count < r->cap_count)
		return true;
	c = realloc(c, cap * sizeof(*c));
	if (!c)
		return false;
	r->count = c;
	r->cap_count = cap;
	return true;
}

struct counting { int (*put)(void *arg, const struct srow_count *c); void *arg; };

static void count_want(struct srow *r, const struct counting *k, uint64_t id, uint16_t bid)
{
	const struct srow_count c = { id, bid, true };

	if (!count_keep(r, id, bid) && count_room(r) && k->put(k->arg, &c) == 0)
		r->count[r->n_count++] = c;
}

void srow_counts(struct srow *r, int (*put)(void *arg, const struct srow_count *c),
		 void (*del)(void *arg, const struct srow_count *c), void *arg)
{
	const struct counting k = { put, arg };
	size_t keep = 0;

	for (size_t i = 0; i < r->n_count; i++)
		r->count[i].wanted = false;
	for (int i = 0; i < STEER_PATHS; i++)
		if (r->path[i].bid)
			count_want(r, &k, 0, r->path[i].bid);
	for (size_t i = 0; i < r->n_flow; i++)
		for (int b = 0; b < KOBJ_BIDS && r->flow[i].o.bid[b]; b++)
			count_want(r, &k, r->flow[i].o.id, r->flow[i].o.bid[b]);
	for (size_t i = 0; i < r->n_count; i++) {
		if (r->count[i].wanted)
			r->count[keep++] = r->count[i];
		else
			del(arg, &r->count[i]);
	}
	r->n_count = keep;
}

void srow_free(struct srow *r)
{
	free(r->flow);
	free(r->count);
	free(r);
}

/* ---- as the maps have it ---- */

static struct steer_places packed(const uint8_t *place)
{
	struct steer_places p = { { 0 } };

	for (unsigned i = 0; i < STEER_PLACES; i++)
		p.word[i / STEER_IN_WORD] |= (uint64_t)(place[i] & 0xf) << i % STEER_IN_WORD * 4;
	return p;
}

struct steer_row srow_value(struct srow *r, uint32_t gen)
{
	struct steer_row row = { .gen = gen };

	memcpy(row.path, r->path, sizeof(row.path));
	share_fill(r->place, STEER_PLACES, r->weight);
	row.places = packed(r->place);
	return row;
}

bool srow_flow_value(const struct srow *r, struct srow_flow *f, struct steer_flow *out)
{
	uint8_t weight[STEER_PATHS] = { 0 };
	bool weighted = false;
	int first = -1;

	*out = (struct steer_flow){ .id = f->o.id };
	for (unsigned i = 0; i < KOBJ_BIDS && f->o.bid[i]; i++) {
		int slot = srow_slot(r, f->o.bid[i]);

		if (slot < 0)
			continue;
		first = first < 0 ? slot : first;
		out->copies |= 1u << slot;
		weight[slot] = f->o.weight[i];
		weighted = weighted || f->o.weight[i];
	}
	if (first < 0)
		return false;
	if (!f->o.copy)
		out->copies = 0;
	if (!weighted) {
		memset(weight, 0, sizeof(weight));
		weight[first] = 1;
	}
	share_fill(f->place, STEER_PLACES, weight);
	out->places = packed(f->place);
	return steer_sel_of(&f->o.sel, &out->sel) == 0;
}

/* ---- selectors and prefixes ---- */

static uint64_t be64(const uint8_t *b)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | b[i];
	return v;
}

static void addr_halves(uint8_t family, const union ip_bytes *a, __u64 to[2])
{
	if (family == AF_INET) {
		to[0] = 0;
		to[1] = 0xffff00000000ull | ntohl(a->in4.s_addr);
	} else {
		to[0] = be64(a->b);
		to[1] = be64(a->b + 8);
	}
}

static void addr_range(const struct flowsel *s, uint8_t bit, const union ip_bytes *lo,
		       const union ip_bytes *hi, __u64 to_lo[2], __u64 to_hi[2])
{
	to_lo[0] = to_lo[1] = 0;
	to_hi[0] = to_hi[1] = UINT64_MAX;
	if (s->has & bit) {
		addr_halves(s->family, lo, to_lo);
		addr_halves(s->family, hi, to_hi);
	}
}

#define RANGE(bit, f, max, need) do { \
	out->f##_lo = s->has & (bit) ? s->f##_lo : 0; \
	out->f##_hi = s->has & (bit) ? s->f##_hi : (max); \
	out->needs |= s->has & (bit) ? (need) : 0; \
} while (0)

int steer_sel_of(const struct flowsel *s, struct steer_sel *out)
{
	int rc = flowsel_check(s);

	*out = (struct steer_sel){ .mark = s->mark & s->mask, .mask = s->mask,
				   .needs = s->family == AF_INET ? STEER_IS_V4 :
					    s->family == AF_INET6 ? STEER_IS_V6 : 0 };
	addr_range(s, FLOWSEL_SRC, &s->src_lo, &s->src_hi, out->src_lo, out->src_hi);
	addr_range(s, FLOWSEL_DST, &s->dst_lo, &s->dst_hi, out->dst_lo, out->dst_hi);
	RANGE(FLOWSEL_SPI, spi, UINT32_MAX, STEER_HAS_SPI);
	RANGE(FLOWSEL_LABEL, label, UINT32_MAX, STEER_HAS_LABEL);
	RANGE(FLOWSEL_SPORT, sport, UINT16_MAX, STEER_HAS_PORTS);
	RANGE(FLOWSEL_DPORT, dport, UINT16_MAX, STEER_HAS_PORTS);
	RANGE(FLOWSEL_DSCP, dscp, UINT8_MAX, 0);
	RANGE(FLOWSEL_PROTO, proto, UINT8_MAX, STEER_HAS_PROTO);
	return rc;
}

struct steer_net_key steer_net_of(const struct prefix *p)
{
	struct steer_net_key key = { .plen = p->plen };

	if (p->family == AF_INET) {
		key.plen += 96;
		key.addr[2] = htonl(0xffff);
		key.addr[3] = p->a.in4.s_addr;
	} else {
		memcpy(key.addr, &p->a.in6, sizeof(key.addr));
	}
	return key;
}
