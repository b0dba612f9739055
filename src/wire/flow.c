/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/flow.h"

#include <errno.h>

#include "base/util.h"
#include "wire/mhopt.h"

#define FLOW_HEAD	6		/* octets before the sub-options, RFC 6089 4.2 */

const char *flow_status_str(unsigned status)
{
	static const struct {
		uint8_t status;
		const char *name;
	} row[] = {
		{ FLOW_OK, "accepted" },
		{ FLOW_PROHIBITED, "administratively prohibited" },
		{ FLOW_REJECTED, "reason unspecified" },
		{ FLOW_MALFORMED, "malformed" },
		{ FLOW_NO_BID, "binding identifier not found" },
		{ FLOW_NO_FID, "flow identifier not found" },
		{ FLOW_NO_FORMAT, "traffic selector format not supported" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (row[i].status == status)
			return row[i].name;
	return "unknown";
}

/* ---- the options ---- */

/*
 * An option that was cut short gets a status as any other that is malformed; a
 * priority of 0, which nobody may use, says so.
 */
const char *flow_get(struct rd *b, void *elem)
{
	struct mhopt_flow *f = elem;
	bool cut = rd_left(b) < FLOW_HEAD;
	size_t n = rd_left(b);

	if (cut) {
		f->fid = n >= sizeof(f->fid) ? rd_u16(b) : 0;
		return NULL;
	}
	f->fid = rd_u16(b);
	f->prio = rd_u16(b);
	rd_u8(b);
	f->status = rd_u8(b);
	n = rd_left(b);
	f->sub = (struct mhopt_bytes){ .p = rd_take(b, n), .len = (uint8_t)n };
	return NULL;
}

void flow_put(struct wr *w, const void *elem)
{
	const struct mhopt_flow *f = elem;

	wr_u16(w, f->fid);
	wr_u16(w, f->prio);
	wr_u8(w, 0);
	wr_u8(w, f->status);
	wr_copy(w, f->sub.p, f->sub.len);
}

const char *flow_summary_get(struct rd *b, void *elem)
{
	struct mhopt_bytes *fids = elem;
	size_t n = rd_left(b);

	*fids = (struct mhopt_bytes){ .p = rd_take(b, n), .len = (uint8_t)n };
	return NULL;
}

void flow_summary_put(struct wr *w, const void *elem)
{
	const struct mhopt_bytes *fids = elem;

	wr_copy(w, fids->p, fids->len);
}

unsigned flow_n_fid(const struct mhopt_bytes *summary)
{
	return summary->len / 2u;
}

uint16_t flow_fid(const struct mhopt_bytes *summary, unsigned i)
{
	return (uint16_t)(summary->p[2 * i] << 8 | summary->p[2 * i + 1]);
}

/* ---- sub-options ---- */

static uint8_t bids_get(struct rd *b, struct flow_subs *s)
{
	unsigned known;
	uint16_t bid;

	/* 4.2.1.3: not more than one such sub-option, one or more BIDs of two octets */
	if (s->has_bids || !rd_left(b) || rd_left(b) % sizeof(bid))
		return FLOW_MALFORMED;
	s->has_bids = true;
	while (rd_left(b)) {
		bid = rd_u16(b);
		for (known = 0; known < s->n_bid && s->bid[known] != bid; known++)
			;
		if (known < s->n_bid)
			continue;
		if (s->n_bid == ARRAY_SIZE(s->bid))
			return FLOW_NO_BID;
		s->bid[s->n_bid++] = bid;
	}
	return FLOW_OK;
}

static uint8_t selector_get(struct rd *b, struct flow_subs *s)
{
	/* 4.2.1.4: not more than one */
	if (s->has_selector || rd_left(b) < 2)
		return FLOW_MALFORMED;
	s->has_selector = true;
	s->format = rd_u8(b);
	rd_u8(b);
	s->selector.len = (uint8_t)rd_left(b);
	s->selector.p = rd_take(b, s->selector.len);
	return FLOW_OK;
}

uint8_t flow_subs_parse(const struct mhopt_flow *f, struct flow_subs *s)
{
	struct rd r = rd_init(f->sub.p, f->sub.len), body;
	uint8_t type, rc = FLOW_OK;
	int more;

	*s = (struct flow_subs){ 0 };
	/* Pad1 and PadN are those of mobility options (4.2.1.1, 4.2.1.2) */
	while (rc == FLOW_OK && (more = tlv_next(&r, &type, &body)) != 0) {
		if (more < 0)
			return FLOW_MALFORMED;
		if (type == FLOW_SUB_BIDS)
			rc = bids_get(&body, s);
		else if (type == FLOW_SUB_SELECTOR)
			rc = selector_get(&body, s);
	}
	return rc;
}

/* RFC 6088 3.1, 3.2: by the widest field that is there. Others are copied as they came, at 8n. */
static size_t selector_align(const struct flow_subs *s)
{
	bool v4 = s->format == FLOW_TS_IPV4, known = v4 || s->format == FLOW_TS_IPV6;
	uint8_t first = s->selector.len ? s->selector.p[0] : 0;
	uint8_t second = s->selector.len > 1 ? s->selector.p[1] : 0;

	if (!known || (!v4 && first & 0xf0))	/* addresses A-D */
		return 8;
	if (v4 ? first & 0xfc : first & 0x0f)	/* A-F; E-H */
		return 4;
	if (v4 ? first & 0x03 || second & 0xc0 : second & 0xf0)	/* G-J; I-L */
		return 2;
	return 1;
}

ssize_t flow_subs_build(const struct flow_subs *s, uint8_t *buf, size_t cap)
{
	struct wr w = wr_init(buf, cap);

	if (s->n_bid > ARRAY_SIZE(s->bid) || s->has_bids != !!s->n_bid ||
	    s->selector.len > FLOW_SUB_MAX - 4)
		return -EINVAL;
	if (s->has_selector) {
		tlv_pad(&w, selector_align(s), 0);	/* nothing: the area begins at 8n */
		wr_u8(&w, FLOW_SUB_SELECTOR);
		wr_u8(&w, (uint8_t)(s->selector.len + 2));
		wr_u8(&w, s->format);
		wr_u8(&w, 0);
		wr_copy(&w, s->selector.p, s->selector.len);
	}
	if (s->has_bids) {
		tlv_pad(&w, 2, 0);
		wr_u8(&w, FLOW_SUB_BIDS);
		wr_u8(&w, (uint8_t)(s->n_bid * 2));
		for (unsigned i = 0; i < s->n_bid; i++)
			wr_u16(&w, s->bid[i]);
	}
	if (wr_len(&w) > FLOW_SUB_MAX)
		return -EMSGSIZE;
	return wr_end(&w);
}
