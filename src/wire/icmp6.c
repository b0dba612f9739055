/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/icmp6.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "wire/exthdr.h"
#include "wire/mh.h"
#include "wire/ndopt.h"

#define DHAAD_R	    0x8000 /* RFC 3963 7.1, 7.2 */
#define MPA_MANAGED 0x8000 /* RFC 6275 6.8 */
#define MPA_OTHER   0x4000

#define IP6_HDR_LEN 40
#define UNKNOWN	    0xff

static const char *dhaad_get(struct rd *r, struct icmp6_msg *m)
{
	m->dhaad.id = rd_u16(r);
	m->dhaad.r = rd_u16(r) & DHAAD_R;
	if (m->type == ICMP6_DHAAD_REQ)
		return NULL;
	if (rd_left(r) % sizeof(struct in6_addr))
		return "address list cut off";
	/* best first, so what does not fit is the least wanted */
	while (rd_left(r) && m->dhaad.n < ARRAY_SIZE(m->dhaad.ha))
		m->dhaad.ha[m->dhaad.n++] = rd_in6(r);
	return NULL;
}

/* Options of 146 are skipped, of 147 all but Prefix Information (RFC 6275 6.7, 6.8). */
static const char *mobile_prefix_get(struct rd *r, struct icmp6_msg *m)
{
	uint16_t id = rd_u16(r), flags = rd_u16(r);
	const char *bad = NULL;
	struct rd body;
	uint8_t type;
	int rc;

	if (m->type == ICMP6_MPS) {
		m->mps.id = id;
	} else {
		m->mpa.id = id;
		m->mpa.managed = flags & MPA_MANAGED;
		m->mpa.other = flags & MPA_OTHER;
	}
	while (!bad && (rc = ndopt_next(r, &type, &body)) != 0) {
		if (rc < 0)
			return "option of length 0 or beyond the end";
		if (m->type == ICMP6_MPA && type == NDOPT_PREFIX &&
		    m->mpa.n < ARRAY_SIZE(m->mpa.prefix))
			bad = ndopt_prefix_get(&body, &m->mpa.prefix[m->mpa.n++]);
	}
	return bad;
}

static const char *echo_get(struct rd *r, struct icmp6_msg *m)
{
	m->echo.id = rd_u16(r);
	m->echo.seq = rd_u16(r);
	m->echo.len = rd_left(r);
	m->echo.data = rd_take(r, m->echo.len);
	return NULL;
}

/*
 * Size of the extension header at r and the header after it; 0: not one that
 * can be passed, or not all of it is there.
 */
static size_t ext_size(struct rd r, uint8_t proto, uint8_t *next)
{
	size_t left = rd_left(&r), n;

	*next = rd_u8(&r);
	n = rd_u8(&r);
	switch (proto) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
	case IPPROTO_ROUTING:
		n = (n + 1) * 8;
		break;
	case IPPROTO_AH:
		n = (n + 2) * 4;
		break;
	case IPPROTO_FRAGMENT:
		n = rd_u16(&r) & 0xfff8 ? 0 : 8; /* later fragments have no header */
		break;
	default:
		return 0;
	}
	return r.bad || n > left ? 0 : n;
}

/* RFC 4443 2.4 c: as much of the offending packet as fits; it may end anywhere. */
static const char *packet_get(struct rd *r, struct icmp6_msg *m)
{
	const uint8_t *q = r->p;
	uint32_t version;
	uint8_t next;
	size_t n;

	m->err.quote = q;
	m->err.quote_len = rd_left(r);
	version = rd_u32(r) >> 28;
	rd_u16(r);
	m->err.proto = rd_u8(r);
	rd_u8(r);
	m->err.src = rd_in6(r);
	m->err.dst = rd_in6(r);
	if (r->bad || version != 6)
		return "no IPv6 header quoted";
	while ((n = ext_size(*r, m->err.proto, &next)) != 0) {
		if (m->err.proto == IPPROTO_DSTOPTS && !m->err.has_hao)
			m->err.has_hao = hao_parse(r->p, n, &m->err.hao) == 1;
		if (m->err.proto == IPPROTO_ROUTING && !m->err.has_rh2)
			m->err.has_rh2 = rh2_parse(r->p, n, &m->err.rh2) == 1;
		m->err.proto = next;
		rd_take(r, n);
	}
	m->err.off = (uint32_t)(r->p - q);
	m->err.mh_type = m->err.icmp_type = UNKNOWN;
	if (m->err.proto == IPPROTO_MH_ && rd_left(r) > 2)
		m->err.mh_type = r->p[2];
	if (m->err.proto == IPPROTO_ICMPV6 && rd_left(r) > 0)
		m->err.icmp_type = r->p[0];
	return NULL;
}

static const char *quote_get(struct rd *r, struct icmp6_msg *m)
{
	uint32_t arg = rd_u32(r);

	m->err.arg = arg;
	return packet_get(r, m);
}

int icmp6_quote(const uint8_t *packet, size_t len, struct icmp6_msg *m)
{
	struct rd r = rd_init(packet, len);

	memset(&m->err, 0, sizeof(m->err));
	return packet_get(&r, m) ? -EBADMSG : 0;
}

static const struct icmp6_desc {
	uint8_t type;
	bool code0; /* no other Code is defined */
	const char *(*get)(struct rd *r, struct icmp6_msg *m);
} icmp6_desc[] = {
	{ ICMP6_UNREACH_, false, quote_get },	{ ICMP6_TOOBIG_, false, quote_get },
	{ ICMP6_TIMEX_, false, quote_get },	{ ICMP6_PARAMPROB_, false, quote_get },
	{ ICMP6_ECHOREQ_, true, echo_get },
	{ ICMP6_ECHOREP_, true, echo_get },	{ ICMP6_DHAAD_REQ, true, dhaad_get },
	{ ICMP6_DHAAD_REP, true, dhaad_get },	{ ICMP6_MPS, true, mobile_prefix_get },
	{ ICMP6_MPA, true, mobile_prefix_get },
};

int icmp6_parse(const uint8_t *buf, size_t len, struct icmp6_msg *m, const char **why)
{
	struct rd r = rd_init(buf, len);
	size_t i = 0;

	memset(m, 0, sizeof(*m));
	m->type = rd_u8(&r);
	m->code = rd_u8(&r);
	rd_u16(&r);
	*why = "shorter than an ICMPv6 message";
	if (len < 8)
		return -EBADMSG;
	while (i < ARRAY_SIZE(icmp6_desc) && icmp6_desc[i].type != m->type)
		i++;
	*why = "unknown ICMPv6 type";
	if (i == ARRAY_SIZE(icmp6_desc))
		return -EPROTONOSUPPORT;
	*why = icmp6_desc[i].code0 && m->code ? "Code is not 0" : icmp6_desc[i].get(&r, m);
	return *why ? -EBADMSG : 0;
}

static void dhaad_put(struct wr *w, const struct icmp6_msg *m)
{
	unsigned n = m->type == ICMP6_DHAAD_REP ? m->dhaad.n : 0;

	if (n > ARRAY_SIZE(m->dhaad.ha)) {
		wr_fail(w, -EINVAL);
		return;
	}
	wr_u16(w, m->dhaad.id);
	wr_u16(w, m->dhaad.r ? DHAAD_R : 0);
	for (unsigned i = 0; i < n; i++)
		wr_in6(w, &m->dhaad.ha[i]);
}

static void mpa_put(struct wr *w, const struct icmp6_msg *m)
{
	if (m->mpa.n > ARRAY_SIZE(m->mpa.prefix)) {
		wr_fail(w, -EINVAL);
		return;
	}
	wr_u16(w, m->mpa.id);
	wr_u16(w, (uint16_t)((m->mpa.managed ? MPA_MANAGED : 0) | (m->mpa.other ? MPA_OTHER : 0)));
	for (unsigned i = 0; i < m->mpa.n; i++)
		ndopt_prefix_put(w, &m->mpa.prefix[i]);
}

ssize_t icmp6_build(const struct icmp6_msg *m, uint8_t *buf, size_t cap)
{
	struct wr w = wr_init(buf, cap);

	wr_u8(&w, m->type);
	wr_u8(&w, m->type == ICMP6_UNREACH_ ? m->code : 0);
	wr_zero(&w, 2); /* checksum */
	switch (m->type) {
	case ICMP6_UNREACH_:
		wr_zero(&w, 4);
		wr_copy(&w, m->err.quote, MIN(m->err.quote_len, ICMP6_QUOTE_MAX));
		break;
	case ICMP6_ECHOREQ_:
	case ICMP6_ECHOREP_:
		wr_u16(&w, m->echo.id);
		wr_u16(&w, m->echo.seq);
		wr_copy(&w, m->echo.data, m->echo.len);
		break;
	case ICMP6_DHAAD_REQ:
	case ICMP6_DHAAD_REP:
		dhaad_put(&w, m);
		break;
	case ICMP6_MPS:
		wr_u16(&w, m->mps.id);
		wr_u16(&w, 0);
		break;
	case ICMP6_MPA:
		mpa_put(&w, m);
		break;
	default:
		return -EINVAL;
	}
	return wr_end(&w);
}
