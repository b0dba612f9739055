/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/flowsel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/util.h"

#define DSCP_MAX	63
#define LABEL_MAX	0xfffffu

static void prefix_range(struct flowsel *s, const struct prefix *p, union ip_bytes *lo,
			 union ip_bytes *hi)
{
	struct prefix net = prefix_network(p);

	s->family = p->family;
	*lo = *hi = net.a;
	for (unsigned bit = p->plen; bit < family_bits(p->family); bit++)
		hi->b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

void flowsel_src(struct flowsel *s, const struct prefix *p)
{
	s->has |= FLOWSEL_SRC;
	prefix_range(s, p, &s->src_lo, &s->src_hi);
}

void flowsel_dst(struct flowsel *s, const struct prefix *p)
{
	s->has |= FLOWSEL_DST;
	prefix_range(s, p, &s->dst_lo, &s->dst_hi);
}

/* ---- check ---- */

static bool range_ok(const struct flowsel *s, uint8_t bit, uint32_t lo, uint32_t hi, uint32_t max)
{
	return !(s->has & bit) || (lo <= hi && hi <= max);
}

static bool addr_ok(const struct flowsel *s, uint8_t bit, const union ip_bytes *lo,
		    const union ip_bytes *hi)
{
	return !(s->has & bit) || memcmp(lo, hi, family_bytes(s->family)) <= 0;
}

int flowsel_check(const struct flowsel *s)
{
	if (s->family != 0 && s->family != AF_INET && s->family != AF_INET6)
		return -EAFNOSUPPORT;
	if (s->has & (FLOWSEL_SRC | FLOWSEL_DST) && !s->family)
		return -EAFNOSUPPORT;
	if (s->has & FLOWSEL_LABEL && s->family != AF_INET6)
		return -EAFNOSUPPORT;
	if (!addr_ok(s, FLOWSEL_SRC, &s->src_lo, &s->src_hi) ||
	    !addr_ok(s, FLOWSEL_DST, &s->dst_lo, &s->dst_hi) ||
	    !range_ok(s, FLOWSEL_SPI, s->spi_lo, s->spi_hi, UINT32_MAX) ||
	    !range_ok(s, FLOWSEL_LABEL, s->label_lo, s->label_hi, LABEL_MAX) ||
	    !range_ok(s, FLOWSEL_SPORT, s->sport_lo, s->sport_hi, UINT16_MAX) ||
	    !range_ok(s, FLOWSEL_DPORT, s->dport_lo, s->dport_hi, UINT16_MAX) ||
	    !range_ok(s, FLOWSEL_DSCP, s->dscp_lo, s->dscp_hi, DSCP_MAX) ||
	    !range_ok(s, FLOWSEL_PROTO, s->proto_lo, s->proto_hi, UINT8_MAX))
		return -EINVAL;
	return s->mark & ~s->mask ? -EINVAL : 0;
}

#define KEEP(bit, f) do { \
	if (s->has & (bit)) { \
		to.f##_lo = s->f##_lo; \
		to.f##_hi = s->f##_hi; \
	} \
} while (0)

void flowsel_tidy(struct flowsel *s)
{
	struct flowsel to = { .has = s->has, .family = s->family, .mask = s->mask,
			      .mark = s->mark & s->mask };
	unsigned bytes = family_bytes(s->family);

	KEEP(FLOWSEL_SPI, spi);
	KEEP(FLOWSEL_LABEL, label);
	KEEP(FLOWSEL_SPORT, sport);
	KEEP(FLOWSEL_DPORT, dport);
	KEEP(FLOWSEL_DSCP, dscp);
	KEEP(FLOWSEL_PROTO, proto);
	if (s->has & FLOWSEL_SRC) {
		memcpy(&to.src_lo, &s->src_lo, bytes);
		memcpy(&to.src_hi, &s->src_hi, bytes);
	}
	if (s->has & FLOWSEL_DST) {
		memcpy(&to.dst_lo, &s->dst_lo, bytes);
		memcpy(&to.dst_hi, &s->dst_hi, bytes);
	}
	*s = to;
}

bool flowsel_eq(const struct flowsel *a, const struct flowsel *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- as text ---- */

struct sel_text { char *buf; size_t n; };

static void PRINTF(2, 3) add(struct sel_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->n, FLOWSEL_STRLEN - t->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->n = MIN(t->n + (size_t)n, FLOWSEL_STRLEN - 1);
}

static void add_range(struct sel_text *t, const struct flowsel *s, uint8_t bit, const char *name,
		      uint32_t lo, uint32_t hi)
{
	if (!(s->has & bit))
		return;
	add(t, " %s %u", name, lo);
	if (lo != hi)
		add(t, "-%u", hi);
}

/* A range that is a prefix reads as one. */
static void add_addr(struct sel_text *t, const struct flowsel *s, uint8_t bit, const char *name,
		     const union ip_bytes *lo, const union ip_bytes *hi)
{
	struct prefix p = { .family = s->family, .a = *lo };
	struct flowsel whole = { 0 };
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];

	if (!(s->has & bit))
		return;
	for (unsigned plen = 0; plen <= family_bits(s->family); plen++) {
		p.plen = (uint8_t)plen;
		flowsel_src(&whole, &p);
		if (memcmp(&whole.src_lo, lo, family_bytes(s->family)) == 0 &&
		    memcmp(&whole.src_hi, hi, family_bytes(s->family)) == 0) {
			add(t, " %s %s", name, PFX(&p));
			return;
		}
	}
	add(t, " %s %s-%s", name, inet_ntop(s->family, lo, a, sizeof(a)),
	    inet_ntop(s->family, hi, b, sizeof(b)));
}

const char *flowsel_str(const struct flowsel *s, char buf[static FLOWSEL_STRLEN])
{
	struct sel_text t = { .buf = buf };

	buf[0] = '\0';
	if (s->family)
		add(&t, " %s", s->family == AF_INET ? "ipv4" : "ipv6");
	add_addr(&t, s, FLOWSEL_SRC, "src", &s->src_lo, &s->src_hi);
	add_addr(&t, s, FLOWSEL_DST, "dst", &s->dst_lo, &s->dst_hi);
	add_range(&t, s, FLOWSEL_PROTO, "proto", s->proto_lo, s->proto_hi);
	add_range(&t, s, FLOWSEL_SPORT, "sport", s->sport_lo, s->sport_hi);
	add_range(&t, s, FLOWSEL_DPORT, "dport", s->dport_lo, s->dport_hi);
	add_range(&t, s, FLOWSEL_DSCP, "dscp", s->dscp_lo, s->dscp_hi);
	add_range(&t, s, FLOWSEL_SPI, "spi", s->spi_lo, s->spi_hi);
	add_range(&t, s, FLOWSEL_LABEL, "label", s->label_lo, s->label_hi);
	if (s->mask)
		add(&t, " mark 0x%x/0x%x", s->mark, s->mask);
	if (t.n == 0)
		return strcpy(buf, "any");
	memmove(buf, buf + 1, t.n);	/* with its end */
	return buf;
}
