/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The binary traffic selectors of RFC 6088. Each format is a table: the flags in
 * their order, which is that of the fields, and the range that a pair of them is.
 */
#include "wire/flow.h"

#include <errno.h>
#include <stddef.h>

#include "base/util.h"
#include "wire/rd.h"
#include "wire/wr.h"

#define LABEL_BITS	20		/* RFC 8200 6; RFC 6088 3.2 (G) speaks of 24 */
#define LABEL_FIELD	0xffffffu	/* the first 8 bits are not looked at */
#define DSCP_SHIFT	2

enum shape { ADDRESS, NUMBER, LABEL, DS };

struct ts_field {
	uint8_t bit;			/* FLOWSEL_ */
	uint8_t shape, bytes;		/* octets on the wire, of each end */
	uint8_t size;			/* octets in the struct */
	uint16_t lo_at, hi_at;
};

#define NUM(bit, shape, bytes, f) \
	{ bit, shape, bytes, sizeof(((struct flowsel *)0)->f##_lo), \
	  offsetof(struct flowsel, f##_lo), offsetof(struct flowsel, f##_hi) }

static const struct ts_field ipv4_field[] = {
	NUM(FLOWSEL_SRC, ADDRESS, 4, src), NUM(FLOWSEL_DST, ADDRESS, 4, dst),
	NUM(FLOWSEL_SPI, NUMBER, 4, spi), NUM(FLOWSEL_SPORT, NUMBER, 2, sport),
	NUM(FLOWSEL_DPORT, NUMBER, 2, dport), NUM(FLOWSEL_DSCP, DS, 1, dscp),
	NUM(FLOWSEL_PROTO, NUMBER, 1, proto),
};
static const struct ts_field ipv6_field[] = {
	NUM(FLOWSEL_SRC, ADDRESS, 16, src), NUM(FLOWSEL_DST, ADDRESS, 16, dst),
	NUM(FLOWSEL_SPI, NUMBER, 4, spi), NUM(FLOWSEL_LABEL, LABEL, 4, label),
	NUM(FLOWSEL_SPORT, NUMBER, 2, sport), NUM(FLOWSEL_DPORT, NUMBER, 2, dport),
	NUM(FLOWSEL_DSCP, DS, 1, dscp), NUM(FLOWSEL_PROTO, NUMBER, 1, proto),
};

/* Numbers of any width of the struct. */
static void number_set(const struct ts_field *f, void *to, uint32_t v)
{
	if (f->size == 1)
		*(uint8_t *)to = (uint8_t)v;
	else if (f->size == 2)
		*(uint16_t *)to = (uint16_t)v;
	else
		*(uint32_t *)to = v;
}

static uint32_t number_of(const struct ts_field *f, const void *from)
{
	if (f->size == 1)
		return *(const uint8_t *)from;
	if (f->size == 2)
		return *(const uint16_t *)from;
	return *(const uint32_t *)from;
}

static void end_get(const struct ts_field *f, struct rd *r, void *to)
{
	uint32_t v;

	if (f->shape == ADDRESS) {
		rd_copy(r, to, f->bytes);
		return;
	}
	v = (uint32_t)rd_be(r, f->bytes);
	if (f->shape == LABEL)
		v &= LABEL_FIELD;
	number_set(f, to, f->shape == DS ? v >> DSCP_SHIFT : v);
}

static void end_put(const struct ts_field *f, struct wr *w, const void *from)
{
	if (f->shape == ADDRESS)
		wr_copy(w, from, f->bytes);
	else
		wr_be(w, number_of(f, from) << (f->shape == DS ? DSCP_SHIFT : 0), f->bytes);
}

/* Labels above 20 bits are on no packet: a range may end there, but not begin. */
static void label_cut(struct flowsel *s)
{
	if (s->has & FLOWSEL_LABEL)
		s->label_hi = MIN(s->label_hi, (1u << LABEL_BITS) - 1);
}

uint8_t flow_selector_parse(uint8_t format, const struct mhopt_bytes *octets, struct flowsel *sel)
{
	bool v4 = format == FLOW_TS_IPV4;
	const struct ts_field *f = v4 ? ipv4_field : ipv6_field;
	size_t n = v4 ? ARRAY_SIZE(ipv4_field) : ARRAY_SIZE(ipv6_field);
	struct rd r = rd_init(octets->p, octets->len);
	uint16_t flags = rd_u16(&r), bit = 0x8000;

	*sel = (struct flowsel){ .family = v4 ? AF_INET : AF_INET6 };
	if (!v4 && format != FLOW_TS_IPV6)
		return FLOW_NO_FORMAT;
	rd_u16(&r);
	for (; n--; f++, bit >>= 2) {
		uint8_t *lo = (uint8_t *)sel + f->lo_at, *hi = (uint8_t *)sel + f->hi_at;
		bool start = flags & bit, end = flags & bit >> 1;

		if (end && !start)	/* 3.1, 3.2: MUST NOT */
			return FLOW_MALFORMED;
		if (!start)
			continue;
		sel->has |= f->bit;
		end_get(f, &r, lo);
		if (end)
			end_get(f, &r, hi);
		else
			memcpy(hi, lo, f->size);
	}
	label_cut(sel);
	return r.bad || flowsel_check(sel) ? FLOW_MALFORMED : FLOW_OK;
}

ssize_t flow_selector_build(const struct flowsel *sel, uint8_t *format, uint8_t *buf, size_t cap)
{
	bool v4 = sel->family == AF_INET;
	const struct ts_field *field = v4 ? ipv4_field : ipv6_field, *f = field;
	size_t n = v4 ? ARRAY_SIZE(ipv4_field) : ARRAY_SIZE(ipv6_field);
	struct wr w = wr_init(buf, cap);
	uint16_t flags = 0, bit = 0x8000;

	if (!sel->family || flowsel_check(sel))
		return sel->family ? -EINVAL : -EAFNOSUPPORT;
	*format = v4 ? FLOW_TS_IPV4 : FLOW_TS_IPV6;
	wr_zero(&w, 4);
	for (; f < field + n; f++, bit >>= 2) {
		const uint8_t *lo = (const uint8_t *)sel + f->lo_at;
		const uint8_t *hi = (const uint8_t *)sel + f->hi_at;

		if (!(sel->has & f->bit))
			continue;
		flags |= bit;
		end_put(f, &w, lo);
		if (memcmp(lo, hi, f->shape == ADDRESS ? f->bytes : f->size) == 0)
			continue;
		flags |= bit >> 1;
		end_put(f, &w, hi);
	}
	if (!w.err) {
		buf[0] = (uint8_t)(flags >> 8);
		buf[1] = (uint8_t)flags;
	}
	return wr_end(&w);
}
