/* SPDX-License-Identifier: BSD-2-Clause */
#include "mip6ctl/decode.h"

#include <stdio.h>
#include <string.h>

#include "mip6ctl/fmt.h"
#include "wire/icmp6.h"
#include "wire/flow.h"
#include "wire/mh.h"

#define NEST_MAX	6		/* tunnels and quotations in each other */
#define ICMP_ERROR_LEN	8		/* before the packet that it quotes */
#define PROTO_IPV6	41
#define PROTO_GRE	47
#define PROTO_ICMPV6	58
#define GRE_SUM		0x80
#define GRE_KEY		0x20
#define GRE_SEQ		0x10

#define SET(o, key, v)	json_object_object_add((o), (key), (v))

static struct json_object *text(const char *s)
{
	return json_object_new_string(s);
}

static struct json_object *num(uint64_t v)
{
	return json_object_new_int64((int64_t)v);
}

static struct json_object *hex(uint64_t v, unsigned digits)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%0*llx", (int)digits, (unsigned long long)v);
	return text(buf);
}

/* Anybody's octets, for a terminal and for JSON: all but plain ASCII, and the backslash, as \xNN.
 */
static struct json_object *foreign(const uint8_t *p, size_t n)
{
	char buf[4 * UINT8_MAX + 1];
	size_t used = 0;

	for (size_t i = 0; i < n && i < UINT8_MAX; i++)
		used += (size_t)snprintf(buf + used, sizeof(buf) - used,
					 p[i] > ' ' && p[i] < 0x7f && p[i] != '\\' ? "%c" :
					 "\\x%02x", p[i]);
	return json_object_new_string_len(buf, (int)used);
}

static struct json_object *flags(unsigned v, const char *names, unsigned top)
{
	struct json_object *a = json_object_new_array();
	char name[2] = "";

	for (; *names; names++, top >>= 1) {
		name[0] = *names;
		if (v & top && *names != '-')
			json_object_array_add(a, text(name));
	}
	return a;
}

/* ---- Mobility Headers ---- */

static struct json_object *prefixes(const struct mhopts *o)
{
	struct json_object *a = json_object_new_array();
	char buf[FMT_LEN];

	for (unsigned i = 0; i < o->n_mnp; i++)
		json_object_array_add(a, text(PFX(&o->mnp[i])));
	for (unsigned i = 0; i < o->n_ipv4_mnp; i++)
		json_object_array_add(a, text(PFX(&o->ipv4_mnp[i])));
	for (unsigned i = 0; i < o->n_ipv4_hoa; i++) {
		char addr[INET_ADDRSTRLEN];

		inet_ntop(AF_INET, &o->ipv4_hoa[i].addr, addr, sizeof(addr));
		snprintf(buf, sizeof(buf), "%s/%u", addr, o->ipv4_hoa[i].plen);
		json_object_array_add(a, text(buf));
	}
	return a;
}

static struct json_object *options(const struct mhopts *o)
{
	struct json_object *a = json_object_new_array();

	for (unsigned t = 2; t < 64; t++) {
		const char *name = mhopt_name((uint8_t)t);
		char buf[16];

		if (!(o->seen & BIT64(t)))
			continue;
		snprintf(buf, sizeof(buf), "%u", t);
		json_object_array_add(a, text(name ? name : buf));
	}
	return a;
}

/* A Flow Identification: what it names and asks for, RFC 6089 4.2. */
static struct json_object *flow(const struct mhopt_flow *f)
{
	struct json_object *o = json_object_new_object(), *bids = json_object_new_array();
	struct flowsel sel = { 0 };
	struct flow_subs s;
	uint8_t bad = flow_subs_parse(f, &s);

	SET(o, "fid", num(f->fid));
	SET(o, "priority", num(f->prio));
	SET(o, "status", num(f->status));
	for (unsigned i = 0; i < s.n_bid; i++)
		json_object_array_add(bids, num(s.bid[i]));
	SET(o, "bids", bids);
	if (!bad && s.has_selector)
		bad = flow_selector_parse(s.format, &s.selector, &sel);
	SET(o, "selector", !bad && s.has_selector ? text(SEL(&sel)) : NULL);
	SET(o, "malformed", bad ? text(flow_status_str(bad)) : NULL);
	return o;
}

static struct json_object *summary(const struct mhopts *o)
{
	struct json_object *a = json_object_new_array();

	for (unsigned i = 0; i < o->n_flow_summary; i++)
		for (unsigned k = 0; k < flow_n_fid(&o->flow_summary[i]); k++)
			json_object_array_add(a, num(flow_fid(&o->flow_summary[i], k)));
	return a;
}

static void flows(struct json_object *r, const struct mhopts *o)
{
	struct json_object *a;

	if (o->n_flow) {
		a = json_object_new_array();
		for (unsigned i = 0; i < o->n_flow; i++)
			json_object_array_add(a, flow(&o->flow[i]));
		SET(r, "flows", a);
	}
	if (o->n_flow_summary)
		SET(r, "flow_summary", summary(o));
}

static void common(struct json_object *r, const struct mhopts *o)
{
	if (o->seen & BIT64(MHOPT_ALT_COA))
		SET(r, "alternate_care_of", text(A6(&o->alt_coa)));
	if (o->seen & BIT64(MHOPT_REFRESH_ADVICE))
		SET(r, "refresh_advice", num(o->refresh_advice));
	if (o->seen & BIT64(MHOPT_NONCE_INDICES)) {
		SET(r, "home_nonce", num(o->home_nonce));
		SET(r, "care_of_nonce", num(o->coa_nonce));
	}
	if (o->seen & BIT64(MHOPT_AUTH))
		SET(r, "spi", num(o->auth.spi));
	if (o->mn_id.len)
		SET(r, "nai", foreign(o->mn_id.p, o->mn_id.len));
	if (o->n_mnp || o->n_ipv4_mnp || o->n_ipv4_hoa)
		SET(r, "prefixes", prefixes(o));
	flows(r, o);
	SET(r, "options", options(o));
}

static void message(struct json_object *r, const struct mh_msg *m)
{
	switch ((enum mh_type)m->type) {
	case MH_BRR:
		break;
	case MH_HOTI:
	case MH_COTI:
		SET(r, "cookie", hex(m->ti.cookie, 16));
		break;
	case MH_HOT:
	case MH_COT:
		SET(r, "cookie", hex(m->test.cookie, 16));
		SET(r, "nonce", num(m->test.nonce));
		break;
	case MH_BU:
		SET(r, "sequence", num(m->bu.seq));
		SET(r, "lifetime", num(m->bu.lifetime));
		SET(r, "flags", flags(m->bu.flags, "AHLK-RPFTO", BU_A));
		break;
	case MH_BA:
		SET(r, "status", num(m->ba.status));
		SET(r, "meaning", text(ba_status_str(m->ba.status)));
		SET(r, "sequence", num(m->ba.seq));
		SET(r, "lifetime", num(m->ba.lifetime));
		SET(r, "flags", flags(m->ba.flags, "KRP", BA_K));
		break;
	case MH_BE:
		SET(r, "status", num(m->be.status));
		SET(r, "home_address_in_error", text(A6(&m->be.hoa)));
		break;
	}
	common(r, &m->opt);
}

static void mobility_header(struct json_object *r, const uint8_t *p, size_t n)
{
	static const char *const name[] = { "BRR", "HoTI", "CoTI", "HoT", "CoT", "BU", "BA", "BE" };
	static const struct mh_dialect d = { MHOPT_IPV4_MNP_DEFAULT,
					     MHOPT_IPV4_MNP_STATUS_DEFAULT };
	const char *why = "cut off";
	size_t len = n >= 2 ? (size_t)(p[1] + 1) * 8 : 0;
	struct mh_msg m;

	if (n >= 3 && p[2] < ARRAY_SIZE(name))
		SET(r, "type", text(name[p[2]]));
	else
		SET(r, "type", n >= 3 ? num(p[2]) : NULL);
	if (len && len <= n && mh_parse(p, len, &d, &m, &why) == 0)
		message(r, &m);
	else
		SET(r, "malformed", text(why));
}

/* ---- ICMPv6 of mobility ---- */

static struct json_object *agents(const struct icmp6_msg *m)
{
	struct json_object *a = json_object_new_array();

	for (unsigned i = 0; i < m->dhaad.n; i++)
		json_object_array_add(a, text(A6(&m->dhaad.ha[i])));
	return a;
}

static struct json_object *told(const struct icmp6_msg *m)
{
	struct json_object *a = json_object_new_array();

	for (unsigned i = 0; i < m->mpa.n; i++) {
		const struct nd_prefix *n = &m->mpa.prefix[i];
		struct prefix p = { .family = AF_INET6, .plen = n->plen, .a.in6 = n->addr };

		json_object_array_add(a, text(PFX(&p)));
	}
	return a;
}

static void icmp(struct json_object *r, const uint8_t *p, size_t n)
{
	static const char *const name[] = { "DHAAD-request", "DHAAD-reply", "MPS", "MPA" };
	const char *why = "cut off";
	struct icmp6_msg m;

	SET(r, "type", text(name[p[0] - ICMP6_DHAAD_REQ]));
	if (icmp6_parse(p, n, &m, &why) < 0) {
		SET(r, "malformed", text(why));
		return;
	}
	switch (m.type) {
	case ICMP6_DHAAD_REQ:
	case ICMP6_DHAAD_REP:
		SET(r, "id", num(m.dhaad.id));
		SET(r, "mobile_routers", json_object_new_boolean(m.dhaad.r));
		if (m.type == ICMP6_DHAAD_REP)
			SET(r, "home_agents", agents(&m));
		break;
	case ICMP6_MPS:
		SET(r, "id", num(m.mps.id));
		break;
	default:
		SET(r, "id", num(m.mpa.id));
		SET(r, "prefixes", told(&m));
	}
}

/* ---- packets ---- */

/* Octets of a GRE header before IPv6; 0: something else is in it. */
static size_t gre(const uint8_t *p, size_t n)
{
	if (n < 4 || p[2] != 0x86 || p[3] != 0xdd)
		return 0;
	return 4u + (p[0] & GRE_SUM ? 4 : 0) + (p[0] & GRE_KEY ? 4 : 0) + (p[0] & GRE_SEQ ? 4 : 0);
}

/* RFC 4443 3 */
static const char *error_text(uint8_t type, uint8_t code)
{
	static const struct { uint8_t type, code; const char *text; } row[] = {
		{ ICMP6_UNREACH_, 0, "no route to destination" },
		{ ICMP6_UNREACH_, 1, "administratively prohibited" },
		{ ICMP6_UNREACH_, 2, "beyond scope of source address" },
		{ ICMP6_UNREACH_, 3, "address unreachable" },
		{ ICMP6_UNREACH_, 4, "port unreachable" },
		{ ICMP6_UNREACH_, 5, "source address failed ingress/egress policy" },
		{ ICMP6_UNREACH_, 6, "reject route to destination" },
		{ ICMP6_TOOBIG_, 0, "packet too big" },
		{ ICMP6_TIMEX_, 0, "hop limit exceeded" },
		{ ICMP6_TIMEX_, 1, "fragment reassembly time exceeded" },
		{ ICMP6_PARAMPROB_, 0, "erroneous header field" },
		{ ICMP6_PARAMPROB_, 1, "unrecognized next header" },
		{ ICMP6_PARAMPROB_, 2, "unrecognized option" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (row[i].type == type && row[i].code == code)
			return row[i].text;
	}
	return "unknown";
}

/* The error that p is, of the packet that it quotes. */
static struct json_object *icmp_error(const struct icmp6_msg *q, const uint8_t *p)
{
	struct json_object *o = json_object_new_object();

	SET(o, "src", text(A6(&q->err.src)));
	SET(o, "dst", text(A6(&q->err.dst)));
	SET(o, "type", num(p[0]));
	SET(o, "code", num(p[1]));
	SET(o, "meaning", text(error_text(p[0], p[1])));
	return o;
}

static struct json_object *head(const struct icmp6_msg *q, double time)
{
	struct json_object *r = json_object_new_object();
	char buf[32];

	snprintf(buf, sizeof(buf), "%.6f", time);
	SET(r, "time", json_object_new_double_s(time, buf));
	SET(r, "src", text(A6(&q->err.src)));
	SET(r, "dst", text(A6(&q->err.dst)));
	/* the addresses that the headers put in their place */
	SET(r, "home_address", q->err.has_hao ? text(A6(&q->err.hao)) : NULL);
	SET(r, "routed_to", q->err.has_rh2 ? text(A6(&q->err.rh2)) : NULL);
	SET(r, "tunnel", NULL);
	SET(r, "icmp_error", NULL);
	return r;
}

static struct json_object *tunnel(const struct icmp6_msg *q)
{
	struct json_object *o = json_object_new_object();

	SET(o, "src", text(A6(&q->err.src)));
	SET(o, "dst", text(A6(&q->err.dst)));
	return o;
}

static struct json_object *nested(const uint8_t *ip, size_t len, double time, unsigned depth)
{
	struct json_object *r;
	struct icmp6_msg q;
	const uint8_t *p;
	size_t n, skip = 0;

	if (depth == NEST_MAX || icmp6_quote(ip, len, &q) < 0 || q.err.off >= len)
		return NULL;
	p = ip + q.err.off;
	n = len - q.err.off;
	if (q.err.proto == PROTO_GRE)
		skip = gre(p, n);
	if (q.err.proto == PROTO_IPV6 || (skip && skip < n)) {
		r = nested(p + skip, n - skip, time, depth + 1);
		if (r)
			SET(r, "tunnel", tunnel(&q));
		return r;
	}
	if (q.err.proto == PROTO_ICMPV6 && n > ICMP_ERROR_LEN && p[0] >= ICMP6_UNREACH_ &&
	    p[0] <= ICMP6_PARAMPROB_) {
		r = nested(p + ICMP_ERROR_LEN, n - ICMP_ERROR_LEN, time, depth + 1);
		if (r)
			SET(r, "icmp_error", icmp_error(&q, p));
		return r;
	}
	if (q.err.proto != IPPROTO_MH_ && (q.err.proto != PROTO_ICMPV6 ||
					   p[0] < ICMP6_DHAAD_REQ || p[0] > ICMP6_MPA))
		return NULL;
	r = head(&q, time);
	if (q.err.proto == IPPROTO_MH_)
		mobility_header(r, p, n);
	else
		icmp(r, p, n);
	return r;
}

struct json_object *decode(const uint8_t *ip, size_t len, double time)
{
	return nested(ip, len, time, 0);
}
