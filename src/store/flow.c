/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"

struct item {			/* an option, and what it would make */
	const struct mhopt_flow *opt;
	const struct flow_entry *old;	/* NULL: a new FID */
	uint8_t status;
	bool clash;
	struct flow_entry e;
};

struct judge {
	const struct flow_list *have;
	const struct mhopts *o;
	const struct flow_rules *r;
	const struct flow_bids *b;
	size_t n;
	struct item item[MHOPT_MAX_FLOW];
};

const struct flow_entry *flow_find(const struct flow_list *l, uint16_t fid)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->e[i].fid == fid)
			return &l->e[i];
	return NULL;
}

static bool registered(const struct flow_bids *b, uint16_t bid)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->bid[i] == bid)
			return true;
	return false;
}

static bool is_active(const struct flow_entry *e, const struct flow_bids *b)
{
	for (unsigned i = 0; i < e->n_bid; i++)
		if (registered(b, e->bid[i]))
			return true;
	return false;
}

bool flow_refresh(struct flow_list *l, const struct flow_bids *b)
{
	bool changed = false;

	for (size_t i = 0; i < l->n; i++) {
		bool now = is_active(&l->e[i], b);

		changed |= now != l->e[i].active;
		l->e[i].active = now;
	}
	return changed;
}

void flow_list_free(struct flow_list *l)
{
	free(l->e);
	*l = (struct flow_list){ 0 };
}

bool flow_concerns(const struct flow_list *have, const struct mhopts *o)
{
	return have->n || o->n_flow || o->n_flow_summary;
}

/* ---- one option by itself ---- */

static uint8_t take_bids(const struct judge *j, const struct flow_subs *s, struct flow_entry *e)
{
	for (unsigned i = 0; i < s->n_bid; i++)
		if (!registered(j->b, s->bid[i]))
			return FLOW_NO_BID;
	memcpy(e->bid, s->bid, sizeof(e->bid));
	e->n_bid = s->n_bid;
	return FLOW_OK;
}

/* RFC 6089 5.3.2.1, 5.3.2.2: what a known FID leaves out stays as it was. */
static uint8_t judge_one(const struct judge *j, struct item *it)
{
	const struct mhopt_flow *f = it->opt;
	struct flow_subs s;
	uint8_t status;

	if (!f->fid || !f->prio)	/* 4.2: reserved */
		return FLOW_MALFORMED;
	it->old = flow_find(j->have, f->fid);
	if (it->old)
		it->e = *it->old;
	it->e.fid = f->fid;
	it->e.prio = f->prio;
	status = flow_subs_parse(f, &s);
	if (status)
		return status;
	if (!it->old && !s.has_selector)
		return FLOW_MALFORMED;
	if (s.has_selector)
		status = flow_selector_parse(s.format, &s.selector, &it->e.sel);
	if (status)
		return status;
	if (!it->old && !s.has_bids)
		return FLOW_MALFORMED;
	return s.has_bids ? take_bids(j, &s, &it->e) : FLOW_OK;
}

/* ---- all of them together ---- */

static bool repeated(const struct judge *j)
{
	for (size_t i = 0; i < j->n; i++)
		for (size_t k = 0; k < i; k++)
			if (j->item[i].opt->fid == j->item[k].opt->fid)
				return true;
	return false;
}

static const struct item *item_of(const struct judge *j, uint16_t fid)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->item[i].opt->fid == fid)
			return &j->item[i];
	return NULL;
}

static bool in_summary(const struct mhopts *o, uint16_t fid)
{
	for (unsigned i = 0; i < o->n_flow_summary; i++)
		for (unsigned k = 0; k < flow_n_fid(&o->flow_summary[i]); k++)
			if (flow_fid(&o->flow_summary[i], k) == fid)
				return true;
	return false;
}

/* 5.3.4: an entry that is not referred to goes; one whose change is refused stays as it was. */
static bool stays(const struct judge *j, const struct flow_entry *e)
{
	const struct item *it = item_of(j, e->fid);

	return it ? it->status != FLOW_OK : in_summary(j->o, e->fid);
}

/* 4.2: FID-PRI is unique, in the list as it will be: two flows may change places. */
static bool prio_taken(const struct judge *j, const struct item *it)
{
	for (size_t i = 0; i < j->n; i++) {
		const struct item *other = &j->item[i];

		if (other != it && !other->status && other->e.prio == it->e.prio)
			return true;
	}
	for (size_t i = 0; i < j->have->n; i++) {
		const struct flow_entry *e = &j->have->e[i];

		if (e->fid != it->e.fid && e->prio == it->e.prio && stays(j, e))
			return true;
	}
	return false;
}

/* What is refused may leave an entry where it was, which may be in the way of another. */
static void refuse_clashes(struct judge *j)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < j->n; i++)
			j->item[i].clash = !j->item[i].status && prio_taken(j, &j->item[i]);
		for (size_t i = 0; i < j->n; i++) {
			if (j->item[i].clash)
				j->item[i].status = FLOW_REJECTED;
			again |= j->item[i].clash;
		}
	}
}

static void refuse_too_many(struct judge *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->have->n; i++) {
		const struct item *it = item_of(j, j->have->e[i].fid);

		n += (it && !it->status) || stays(j, &j->have->e[i]);
	}
	for (size_t i = 0; i < j->n; i++) {
		struct item *it = &j->item[i];

		if (!it->status && !it->old && n++ >= j->r->max)
			it->status = FLOW_REJECTED;
	}
}

static void judge_all(struct judge *j)
{
	bool dup;

	for (size_t i = 0; i < j->o->n_flow; i++)
		j->item[j->n++].opt = &j->o->flow[i];
	dup = repeated(j);
	for (size_t i = 0; i < j->n; i++) {
		struct item *it = &j->item[i];

		if (!j->r->allowed)
			it->status = FLOW_PROHIBITED;
		else		/* 5.3.2: of two with one FID none is taken, nor any other */
			it->status = dup ? FLOW_REJECTED : judge_one(j, it);
	}
	refuse_clashes(j);
	refuse_too_many(j);
}

/* ---- the list and the answer ---- */

static void list_add(struct flow_list *l, const struct flow_entry *e, const struct flow_bids *b)
{
	size_t at = l->n++;

	while (at && l->e[at - 1].prio > e->prio) {
		l->e[at] = l->e[at - 1];
		at--;
	}
	l->e[at] = *e;
	l->e[at].active = is_active(e, b);
}

static bool make_list(const struct judge *j, struct flow_list *l)
{
	if (j->n + j->have->n == 0)
		return true;
	l->e = calloc(j->n + j->have->n, sizeof(*l->e));
	if (!l->e)
		return false;
	for (size_t i = 0; i < j->have->n; i++)
		if (stays(j, &j->have->e[i]))
			list_add(l, &j->have->e[i], j->b);
	for (size_t i = 0; i < j->n; i++)
		if (!j->item[i].status)
			list_add(l, &j->item[i].e, j->b);
	if (l->n == 0)
		flow_list_free(l);
	return true;
}

static bool answered(const struct flow_answers *a, uint16_t fid)
{
	for (unsigned i = 0; i < a->n; i++)
		if (a->opt[i].fid == fid)
			return true;
	return false;
}

/* 5.3.5: a copy of each, with its status; 5.3.3: one for each FID of a summary that is not known. */
static void make_answer(const struct judge *j, struct flow_answers *a)
{
	size_t used = 0;

	for (size_t i = 0; i < j->n; i++) {
		struct mhopt_flow *f = &a->opt[a->n++];

		*f = *j->item[i].opt;
		f->status = j->item[i].status;
		f->sub.p = a->octets + used;	/* they came in one message, so they fit */
		if (f->sub.len)
			memcpy(a->octets + used, j->item[i].opt->sub.p, f->sub.len);
		used += f->sub.len;
	}
	for (unsigned i = 0; i < j->o->n_flow_summary; i++) {
		const struct mhopt_bytes *s = &j->o->flow_summary[i];

		for (unsigned k = 0; k < flow_n_fid(s) && a->n < ARRAY_SIZE(a->opt); k++) {
			uint16_t fid = flow_fid(s, k);

			if (!flow_find(j->have, fid) && !answered(a, fid))
				a->opt[a->n++] = (struct mhopt_flow){ .fid = fid,
								      .status = FLOW_NO_FID };
		}
	}
}

struct flow_verdict *flow_judge(const struct flow_list *have, const struct mhopts *o,
				const struct flow_rules *r, const struct flow_bids *b)
{
	static const struct flow_list none;
	struct flow_verdict *v = calloc(1, sizeof(*v));
	struct judge j = { .have = r->allowed ? have : &none, .o = o, .r = r, .b = b };

	if (!v)
		return NULL;
	judge_all(&j);
	if (!make_list(&j, &v->list)) {
		free(v);
		return NULL;
	}
	make_answer(&j, &v->answer);
	return v;
}

void flow_verdict_free(struct flow_verdict *v)
{
	if (v)
		flow_list_free(&v->list);
	free(v);
}

void flow_answer(const struct flow_answers *a, struct mhopts *o)
{
	memcpy(o->flow, a->opt, a->n * sizeof(a->opt[0]));
	o->n_flow = a->n;
}
