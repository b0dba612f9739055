/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/flow_mn.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"

#define HEAD	8		/* octets of an option before its sub-options, type and length too */

/* ---- what is wanted ---- */

/* The first BID of its list that works; 0: none. */
static uint16_t bid_of(const struct flow_conf *c, const uint16_t *alive, size_t n)
{
	for (unsigned i = 0; i < c->n_bid; i++)
		for (size_t k = 0; k < n; k++)
			if (c->bid[i] == alive[k])
				return c->bid[i];
	return 0;
}

static size_t want_one(const struct flow_conf *c, uint8_t family, bool second, uint16_t bid,
		       struct flow_wire *w)
{
	*w = (struct flow_wire){ .fid = (uint16_t)(c->fid | (second ? FLOW_IPV4 : 0)),
				 .prio = (uint16_t)(2 * c->prio + second), .bid = bid,
				 .sel = c->sel };
	w->sel.family = family;
	w->sel.mark = w->sel.mask = 0;
	flowsel_tidy(&w->sel);
	return 1;
}

size_t flow_want(const struct flow_conf *c, size_t n, bool ipv4, const uint16_t *alive,
		 size_t n_alive, struct flow_wire *out)
{
	size_t k = 0;

	for (; n--; c++) {
		uint16_t bid = bid_of(c, alive, n_alive);

		if (!c->send)
			continue;
		if (c->sel.family != AF_INET && k < FLOW_MAX)
			k += want_one(c, AF_INET6, false, bid, &out[k]);
		if (c->sel.family != AF_INET6 && ipv4 && k < FLOW_MAX)
			k += want_one(c, AF_INET, !c->sel.family, bid, &out[k]);
	}
	return k;
}

static bool wire_eq(const struct flow_wire *a, const struct flow_wire *b)
{
	return a->fid == b->fid && a->prio == b->prio && a->bid == b->bid &&
	       flowsel_eq(&a->sel, &b->sel);
}

/* It needs no other words than the home agent has: a flow whose BIDs are gone stays, inactive. */
static bool is_kept(const struct flow_asked *a, const struct flow_wire *w)
{
	struct flow_wire same = *w;

	if (!same.bid)
		same.bid = a->w.bid;
	return a->known && wire_eq(&a->w, &same);
}

static struct flow_asked *asked(const struct flow_mn *f, uint16_t fid)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->a[i].w.fid == fid)
			return (struct flow_asked *)&f->a[i];
	return NULL;
}

static const struct flow_wire *wanted(const struct flow_wire *want, size_t n, uint16_t fid)
{
	for (size_t i = 0; i < n; i++)
		if (want[i].fid == fid)
			return &want[i];
	return NULL;
}

/* These very words were refused. */
static bool was_refused(const struct flow_asked *a, const struct flow_wire *w)
{
	return a && a->status >= FLOW_PROHIBITED && wire_eq(&a->w, w);
}

bool flow_due(const struct flow_mn *f, const struct flow_wire *want, size_t n)
{
	if (f->unsupported)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct flow_asked *a = asked(f, want[i].fid);

		/* what was refused goes with a later refresh, and is no reason for one */
		if (want[i].bid && !(a && is_kept(a, &want[i])) && !was_refused(a, &want[i]))
			return true;
	}
	for (size_t i = 0; i < f->n; i++)
		if (f->a[i].known && !wanted(want, n, f->a[i].w.fid))
			return true;
	return false;
}

/* ---- a Binding Update ---- */

static int put_flow(const struct flow_wire *w, struct mhopts *o, struct flow_octets *mem)
{
	struct flow_subs s = { .has_bids = true, .n_bid = 1, .bid = { w->bid },
			       .has_selector = true };
	struct mhopt_flow *f = &o->flow[o->n_flow];
	uint8_t octets[FLOW_SELECTOR_MAX];
	ssize_t n = flow_selector_build(&w->sel, &s.format, octets, sizeof(octets));

	if (n < 0)
		return (int)n;
	s.selector = (struct mhopt_bytes){ octets, (uint8_t)n };
	n = flow_subs_build(&s, mem->sub[o->n_flow], sizeof(mem->sub[0]));
	if (n < 0)
		return (int)n;
	*f = (struct mhopt_flow){ w->fid, w->prio, 0, { mem->sub[o->n_flow], (uint8_t)n } };
	o->n_flow++;
	return 0;
}

static struct flow_asked *asked_slot(struct flow_mn *f, uint16_t fid)
{
	struct flow_asked *a = asked(f, fid);

	if (a || f->n == ARRAY_SIZE(f->a))
		return a;
	a = &f->a[f->n++];
	*a = (struct flow_asked){ .w.fid = fid };
	return a;
}

/* Entries of flows that are wanted no more go; for the others the silence of a message removes
 * what it does not name. */
static void drop_unwanted(struct flow_mn *f, const struct flow_wire *want, size_t n)
{
	size_t k = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (!wanted(want, n, f->a[i].w.fid))
			continue;
		f->a[k] = f->a[i];
		f->a[k++].sent = false;
	}
	f->n = k;
}

static void ask(struct flow_mn *f, const struct flow_wire *w)
{
	struct flow_asked *a = asked_slot(f, w->fid);

	if (!a)
		return;
	if (!wire_eq(&a->w, w))
		a->backoff = 0;		/* another question */
	a->w = *w;
	a->known = false;
	a->sent = true;
	a->status = FLOW_OK;
	a->retry_at = 0;
}

static size_t option_len(const struct mhopts *o)
{
	size_t n = 0;

	for (unsigned i = 0; i < o->n_flow; i++)
		n += HEAD + (o->flow[i].sub.len + 7u) / 8 * 8;
	return n;
}

static bool has_room(const struct mhopts *o)
{
	return o->n_flow < MHOPT_MAX_FLOW && option_len(o) < FLOW_BUDGET;
}

int flow_tell(struct flow_mn *f, const struct flow_wire *want, size_t n, double now,
	      struct mhopts *o, struct flow_octets *mem)
{
	size_t fids = 0;
	int rc = 0;

	f->asking = false;
	if (f->unsupported)
		return 0;
	drop_unwanted(f, want, n);
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct flow_asked *a = asked(f, want[i].fid);

		if (a && is_kept(a, &want[i])) {
			mem->fids[2 * fids] = (uint8_t)(want[i].fid >> 8);
			mem->fids[2 * fids++ + 1] = (uint8_t)want[i].fid;
			continue;
		}
		if (want[i].bid && has_room(o) &&
		    !(was_refused(a, &want[i]) && now < a->retry_at)) {
			rc = put_flow(&want[i], o, mem);
			ask(f, &want[i]);
		} else if (a) {
			a->known = false;	/* not named: it goes */
		}
	}
	for (size_t at = 0; at < fids && rc == 0; at += 127)
		o->flow_summary[o->n_flow_summary++] = (struct mhopt_bytes){
			mem->fids + 2 * at, (uint8_t)(2 * MIN(fids - at, 127u)) };
	f->asking = o->n_flow;
	return rc;
}

/* ---- the answer ---- */

static void note(struct flow_news *news, uint16_t fid, uint8_t status)
{
	if (news->n == ARRAY_SIZE(news->change))
		return;
	news->change[news->n].fid = fid;
	news->change[news->n++].status = status;
}

static void refused(struct flow_asked *a, uint8_t status, double now)
{
	a->known = false;
	a->status = status;
	a->backoff = a->backoff ? MIN(a->backoff * 2, FLOW_RETRY_MAX) : FLOW_RETRY;
	a->retry_at = now + a->backoff;
}

static const struct mhopt_flow *told(const struct mhopts *o, uint16_t fid)
{
	for (unsigned i = 0; i < o->n_flow; i++)
		if (o->flow[i].fid == fid)
			return &o->flow[i];
	return NULL;
}

void flow_answered(struct flow_mn *f, const struct mhopts *o, double now, struct flow_news *news)
{
	bool silent = f->asking && !o->n_flow;

	*news = (struct flow_news){ 0 };
	if (silent) {			/* RFC 6089 5.2.6 */
		news->unsupported = !f->unsupported;
		flow_forget(f);
		f->unsupported = true;
		return;
	}
	for (size_t i = 0; i < f->n; i++) {
		struct flow_asked *a = &f->a[i];
		const struct mhopt_flow *t = told(o, a->w.fid);
		/* 5.2.6: a copy of every one is asked for; who leaves one out did not take it */
		uint8_t status = t ? t->status : FLOW_REJECTED;

		if (a->sent) {
			a->sent = false;
			a->known = status < FLOW_PROHIBITED;
			a->status = status;
			if (a->known)
				a->backoff = a->retry_at = 0;
			else
				refused(a, status, now);
			note(news, a->w.fid, status);
		} else if (t && t->status >= FLOW_PROHIBITED && a->known) {
			/* 132: it is not there any more, and will be asked for anew at once */
			a->known = false;
			note(news, a->w.fid, t->status);
		}
	}
	f->asking = false;
}

void flow_forget(struct flow_mn *f)
{
	*f = (struct flow_mn){ 0 };
}

/* ---- for people ---- */

const char *flow_view_str(enum flow_view v)
{
	static const char *const name[] = {
		[FLOW_LOCAL] = "local", [FLOW_WAITING] = "waiting", [FLOW_ACTIVE] = "active",
		[FLOW_INACTIVE] = "inactive", [FLOW_REFUSED] = "refused",
		[FLOW_UNSUPPORTED] = "unsupported",
	};

	return v < ARRAY_SIZE(name) ? name[v] : "?";
}

enum flow_view flow_view(const struct flow_mn *f, const struct flow_conf *c, bool bids,
			 uint8_t *status)
{
	const uint16_t fid[] = { c->fid, (uint16_t)(c->fid | FLOW_IPV4) };
	bool known = true, any = false;

	*status = FLOW_OK;
	if (!c->send)
		return bids ? FLOW_LOCAL : FLOW_INACTIVE;
	if (f->unsupported)
		return FLOW_UNSUPPORTED;
	for (size_t i = 0; i < ARRAY_SIZE(fid); i++) {
		const struct flow_asked *a = asked(f, fid[i]);

		if (!a)
			continue;
		any = true;
		known &= a->known;
		*status = MAX(*status, a->status);
	}
	if (*status >= FLOW_PROHIBITED)
		return FLOW_REFUSED;
	if (!bids)
		return FLOW_INACTIVE;
	return any && known ? FLOW_ACTIVE : FLOW_WAITING;
}
