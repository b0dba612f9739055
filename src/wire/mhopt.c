/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mhopt.h"

#include <errno.h>

#include "base/util.h"

#define AUTH_MN_HA  1 /* RFC 4285 5.1 */
#define AUTH_MN_AAA 2 /* RFC 4285 5.2 */

/* RFC 5648 4.3: without care-of address, with either kind. */
#define BID_LEN	     4
#define BID_LEN_IPV4 8
#define BID_LEN_IPV6 20

int tlv_next(struct rd *r, uint8_t *type, struct rd *body)
{
	while (rd_left(r)) {
		*type = rd_u8(r);
		if (*type == MHOPT_PAD1)
			continue;
		*body = rd_sub(r, rd_u8(r));
		if (r->bad)
			return -EBADMSG;
		if (*type != MHOPT_PADN) /* RFC 6275 6.2.3: its content is ignored */
			return 1;
	}
	return r->bad ? -EBADMSG : 0;
}

void tlv_pad(struct wr *w, size_t x, size_t y)
{
	size_t n = (x + y - wr_len(w) % x) % x;

	if (n == 1)
		wr_u8(w, MHOPT_PAD1);
	if (n < 2)
		return;
	wr_u8(w, MHOPT_PADN);
	wr_u8(w, (uint8_t)(n - 2));
	wr_zero(w, n - 2);
}

void mh_put_lifetime(struct wr *w, uint32_t seconds)
{
	/* rounded down, but 1..3 s must not become 0, which deletes the binding */
	if (seconds > MH_LIFETIME_MAX || (seconds && seconds < MH_LIFETIME_UNIT))
		wr_fail(w, -EINVAL);
	wr_u16(w, (uint16_t)(seconds / MH_LIFETIME_UNIT));
}

static struct mhopt_bytes rest_get(struct rd *b)
{
	size_t n = rd_left(b);

	return (struct mhopt_bytes){ .p = rd_take(b, n), .len = (uint8_t)n };
}

/*
 * Readers and writers of the option data. The element is the array's next place
 * for options that may repeat, else the whole struct mhopts. A reader returns
 * the reason of a refusal or NULL; lengths have been checked by the table.
 */
static const char *advice_get(struct rd *b, void *elem)
{
	struct mhopts *o = elem;

	o->refresh_advice = (uint32_t)rd_u16(b) * MH_LIFETIME_UNIT;
	return NULL;
}

static void advice_put(struct wr *w, const void *elem)
{
	const struct mhopts *o = elem;

	mh_put_lifetime(w, o->refresh_advice);
}

static const char *alt_coa_get(struct rd *b, void *elem)
{
	struct mhopts *o = elem;

	o->alt_coa = rd_in6(b);
	return NULL;
}

static void alt_coa_put(struct wr *w, const void *elem)
{
	const struct mhopts *o = elem;

	wr_in6(w, &o->alt_coa);
}

static const char *nonce_get(struct rd *b, void *elem)
{
	struct mhopts *o = elem;

	o->home_nonce = rd_u16(b);
	o->coa_nonce = rd_u16(b);
	return NULL;
}

static void nonce_put(struct wr *w, const void *elem)
{
	const struct mhopts *o = elem;

	wr_u16(w, o->home_nonce);
	wr_u16(w, o->coa_nonce);
}

static const char *binding_auth_get(struct rd *b, void *elem)
{
	struct mhopts *o = elem;

	o->binding_auth = rest_get(b);
	return NULL;
}

static void binding_auth_put(struct wr *w, const void *elem)
{
	(void)elem;
	wr_zero(w, AUTH_DATA_LEN);
}

/* Option 6 and the draft's option (a): only the length of the address differs. */
static const char *net_get(struct rd *b, void *elem)
{
	struct prefix *p = elem;

	rd_u8(b);
	p->plen = rd_u8(b);
	p->family = rd_left(b) == sizeof(struct in6_addr) ? AF_INET6 : AF_INET;
	rd_copy(b, &p->a, family_bytes(p->family));
	return p->plen > family_bits(p->family) ? "prefix longer than an address" : NULL;
}

static void net_put(struct wr *w, const void *elem)
{
	const struct prefix *p = elem;

	if ((p->family != AF_INET && p->family != AF_INET6) || p->plen > family_bits(p->family))
		wr_fail(w, -EINVAL);
	wr_u8(w, 0);
	wr_u8(w, p->plen);
	wr_copy(w, &p->a, family_bytes(p->family));
}

static const char *mn_id_get(struct rd *b, void *elem)
{
	struct mhopts *o = elem;

	o->mn_id_subtype = rd_u8(b);
	o->mn_id = rest_get(b);
	return NULL;
}

static void mn_id_put(struct wr *w, const void *elem)
{
	const struct mhopts *o = elem;

	wr_u8(w, o->mn_id_subtype);
	wr_copy(w, o->mn_id.p, o->mn_id.len);
}

static const char *auth_get(struct rd *b, void *elem)
{
	struct mhopts *o = elem;

	o->auth.subtype = rd_u8(b);
	o->auth.spi = rd_u32(b);
	o->auth.data = rest_get(b);
	return NULL;
}

static void auth_put(struct wr *w, const void *elem)
{
	const struct mhopts *o = elem;

	wr_u8(w, o->auth.subtype);
	wr_u32(w, o->auth.spi);
	wr_zero(w, AUTH_DATA_LEN);
}

static const char *mesg_id_get(struct rd *b, void *elem)
{
	struct mhopts *o = elem;

	o->mesg_id = rd_u64(b);
	return NULL;
}

static void mesg_id_put(struct wr *w, const void *elem)
{
	const struct mhopts *o = elem;

	wr_u64(w, o->mesg_id);
}

/* Six bits of length, the P bit, nine reserved. 0 and 33..63 are the rules' to refuse. */
static const char *ipv4_hoa_get(struct rd *b, void *elem)
{
	struct mhopt_ipv4_hoa *h = elem;
	uint16_t v = rd_u16(b);

	h->plen = (uint8_t)(v >> 10);
	h->p = v & 0x0200;
	h->addr = rd_in4(b);
	return NULL;
}

static void ipv4_hoa_put(struct wr *w, const void *elem)
{
	const struct mhopt_ipv4_hoa *h = elem;

	if (h->plen > 63)
		wr_fail(w, -EINVAL);
	wr_u16(w, (uint16_t)(h->plen << 10 | (h->p ? 0x0200 : 0)));
	wr_in4(w, &h->addr);
}

static const char *ipv4_ack_get(struct rd *b, void *elem)
{
	struct mhopt_ipv4_ack *a = elem;

	a->status = rd_u8(b);
	a->plen = rd_u8(b) >> 2;
	a->addr = rd_in4(b);
	return NULL;
}

static void ipv4_ack_put(struct wr *w, const void *elem)
{
	const struct mhopt_ipv4_ack *a = elem;

	if (a->plen > 63)
		wr_fail(w, -EINVAL);
	wr_u8(w, a->status);
	wr_u8(w, (uint8_t)(a->plen << 2));
	wr_in4(w, &a->addr);
}

/* The draft's option (b), our layout: status, prefix length, prefix. */
static const char *mnp_status_get(struct rd *b, void *elem)
{
	struct mhopt_ipv4_ack *a = elem;

	a->status = rd_u8(b);
	a->plen = rd_u8(b);
	a->addr = rd_in4(b);
	return a->plen > 32 ? "prefix longer than an address" : NULL;
}

static void mnp_status_put(struct wr *w, const void *elem)
{
	const struct mhopt_ipv4_ack *a = elem;

	if (a->plen > 32)
		wr_fail(w, -EINVAL);
	wr_u8(w, a->status);
	wr_u8(w, a->plen);
	wr_in4(w, &a->addr);
}

static const char *nat_get(struct rd *b, void *elem)
{
	struct mhopts *o = elem;

	o->nat.f = rd_u16(b) & 0x8000;
	o->nat.refresh = rd_u32(b);
	return NULL;
}

static void nat_put(struct wr *w, const void *elem)
{
	const struct mhopts *o = elem;

	wr_u16(w, o->nat.f ? 0x8000 : 0);
	wr_u32(w, o->nat.refresh);
}

static const char *ipv4_coa_get(struct rd *b, void *elem)
{
	struct mhopts *o = elem;

	rd_u16(b);
	o->ipv4_coa = rd_in4(b);
	return NULL;
}

static void ipv4_coa_put(struct wr *w, const void *elem)
{
	const struct mhopts *o = elem;

	wr_u16(w, 0);
	wr_in4(w, &o->ipv4_coa);
}

static const char *bid_get(struct rd *b, void *elem)
{
	struct mhopt_bid *id = elem;
	size_t len = rd_left(b);
	uint8_t v;

	/* RFC 5648 4.3; of a short one what is there */
	id->malformed = len != BID_LEN && len != BID_LEN_IPV4 && len != BID_LEN_IPV6;
	id->bid = len >= sizeof(uint16_t) ? rd_u16(b) : 0;
	if (len < BID_LEN)
		return NULL;
	id->status = rd_u8(b);
	v = rd_u8(b);
	id->home = v & 0x80;
	id->prio = v & 0x7f;
	if (len == BID_LEN || id->malformed)
		return NULL;
	id->coa.family = len == BID_LEN_IPV4 ? AF_INET : AF_INET6;
	rd_copy(b, &id->coa.a, family_bytes(id->coa.family));
	return NULL;
}

static void bid_put(struct wr *w, const void *elem)
{
	const struct mhopt_bid *id = elem;
	uint8_t family = id->coa.family;

	if (id->malformed || id->prio > 127 || (family && family != AF_INET && family != AF_INET6))
		wr_fail(w, -EINVAL);
	wr_u16(w, id->bid);
	wr_u8(w, id->status);
	wr_u8(w, (uint8_t)(id->prio | (id->home ? 0x80 : 0)));
	if (family)
		wr_copy(w, &id->coa.a, family_bytes(family));
}

#define FIELD(f) (((struct mhopts *)0)->f)
#define MANY(n, f)                                                                   \
	offsetof(struct mhopts, n), offsetof(struct mhopts, f), sizeof(FIELD(f)[0]), \
		ARRAY_SIZE(FIELD(f))
#define ONE 0, 0, 0, 1
#define RAW MANY(n_raw, raw), NULL, NULL

/*
 * One row per option that is understood; the row of the draft's pair is its
 * default number whatever the number on the wire. Rows without reader keep the
 * data as it is (raw).
 */
static const struct mhopt_desc {
	const char *name;
	uint8_t min, max;	 /* data octets */
	uint8_t x, y;		 /* built at xn+y */
	uint16_t count_at;	 /* of the n_ field; 0: the option stands alone */
	uint16_t at, size, room; /* of the array */
	const char *(*get)(struct rd *b, void *elem);
	void (*put)(struct wr *w, const void *elem);
} mhopt_desc[] = {
	[MHOPT_REFRESH_ADVICE] = { "refresh_advice", 2, 2, 2, 0, ONE, advice_get, advice_put },
	[MHOPT_ALT_COA] = { "alt_coa", 16, 16, 8, 6, ONE, alt_coa_get, alt_coa_put },
	[MHOPT_NONCE_INDICES] = { "nonce_indices", 4, 4, 2, 0, ONE, nonce_get, nonce_put },
	/* last without padding after it, hence 8n+2 (RFC 6275 6.2.7) */
	[MHOPT_BINDING_AUTH] = { "binding_auth", AUTH_DATA_LEN, AUTH_DATA_LEN, 8, 2, ONE,
				 binding_auth_get, binding_auth_put },
	[MHOPT_MNP] = { "mnp", 18, 18, 8, 4, MANY(n_mnp, mnp), net_get, net_put },
	[MHOPT_LLA] = { "link_layer_address", 1, 255, 1, 0, RAW },
	[MHOPT_MN_ID] = { "mn_id", 2, 255, 1, 0, ONE, mn_id_get, mn_id_put },
	/* RFC 4285 5 asks for 4n+1; 8n+5 is that and ends the header with 12 octets of data */
	[MHOPT_AUTH] = { "auth", 5, 255, 8, 5, ONE, auth_get, auth_put },
	[MHOPT_MESG_ID] = { "mesg_id", 8, 8, 8, 2, ONE, mesg_id_get, mesg_id_put },
	[MHOPT_IPV4_MNP_DEFAULT] = { "ipv4_mnp", 6, 6, 4, 0, MANY(n_ipv4_mnp, ipv4_mnp), net_get,
				     net_put },
	[MHOPT_IPV4_MNP_STATUS_DEFAULT] = { "ipv4_mnp_status", 6, 6, 4, 0,
					    MANY(n_ipv4_mnp_status, ipv4_mnp_status),
					    mnp_status_get, mnp_status_put },
	[MHOPT_EXPERIMENTAL] = { "experimental", 0, 255, 1, 0, RAW },
	[MHOPT_VENDOR] = { "vendor", 5, 255, 4, 2, RAW },
	[MHOPT_IPV4_HOA] = { "ipv4_hoa", 6, 6, 4, 0, MANY(n_ipv4_hoa, ipv4_hoa), ipv4_hoa_get,
			     ipv4_hoa_put },
	[MHOPT_IPV4_ACK] = { "ipv4_ack", 6, 6, 4, 0, MANY(n_ipv4_ack, ipv4_ack), ipv4_ack_get,
			     ipv4_ack_put },
	[MHOPT_NAT_DETECTION] = { "nat_detection", 6, 6, 4, 0, ONE, nat_get, nat_put },
	[MHOPT_IPV4_COA] = { "ipv4_coa", 6, 6, 4, 0, ONE, ipv4_coa_get, ipv4_coa_put },
	/* 2n without care-of address; with one 8n+2, see mhopt_put() */
	[MHOPT_BID] = { "bid", 0, 255, 2, 0, MANY(n_bid, bid), bid_get, bid_put },
	[MHOPT_FLOW_SUMMARY] = { "flow_summary", 0, 255, 2, 0, MANY(n_flow_summary, flow_summary),
				 flow_summary_get, flow_summary_put },
	/* RFC 6089 4.2 asks for 2n; at 8n the sub-options start at 8n, where wire/flow.h wants them */
	[MHOPT_FLOW] = { "flow", 0, 255, 8, 0, MANY(n_flow, flow), flow_get, flow_put },
};

/*
 * Order on the wire: acknowledgements of IPv4 addresses before the BIDs (RFC
 * 5648 8.2), these before the flows that name them (RFC 6089 5.3.1), the
 * identifier before authentication (RFC 4283 3.2), vendor data too (RFC 5094 3),
 * authentication last. MHOPT_VENDOR stands for all raw ones.
 */
static const uint8_t mhopt_order[] = {
	MHOPT_ALT_COA,
	MHOPT_NONCE_INDICES,
	MHOPT_MNP,
	MHOPT_IPV4_MNP_DEFAULT,
	MHOPT_IPV4_HOA,
	MHOPT_IPV4_COA,
	MHOPT_REFRESH_ADVICE,
	MHOPT_IPV4_ACK,
	MHOPT_IPV4_MNP_STATUS_DEFAULT,
	MHOPT_NAT_DETECTION,
	MHOPT_BID,
	MHOPT_FLOW,
	MHOPT_FLOW_SUMMARY,
	MHOPT_VENDOR,
	MHOPT_MN_ID,
	MHOPT_MESG_ID,
	MHOPT_BINDING_AUTH,
	MHOPT_AUTH,
};

static const struct mhopt_desc *mhopt_find(uint8_t id)
{
	return id < ARRAY_SIZE(mhopt_desc) && mhopt_desc[id].name ? &mhopt_desc[id] : NULL;
}

const char *mhopt_name(uint8_t type)
{
	const struct mhopt_desc *d = mhopt_find(type);

	if (type <= MHOPT_PADN)
		return type ? "padn" : "pad1";
	return d ? d->name : NULL;
}

/* Number on the wire -> row; 0: not understood. */
static uint8_t mhopt_id(uint8_t type, const struct mh_dialect *d)
{
	if (d && type == d->ipv4_mnp)
		return MHOPT_IPV4_MNP_DEFAULT;
	if (d && type == d->ipv4_mnp_status)
		return MHOPT_IPV4_MNP_STATUS_DEFAULT;
	if (type == MHOPT_IPV4_MNP_DEFAULT || type == MHOPT_IPV4_MNP_STATUS_DEFAULT)
		return 0;
	return mhopt_find(type) ? type : 0;
}

/* Row -> number on the wire; 0: not used on this node. */
static uint8_t mhopt_type(uint8_t id, const struct mh_dialect *d)
{
	if (id == MHOPT_IPV4_MNP_DEFAULT)
		return d ? d->ipv4_mnp : 0;
	if (id == MHOPT_IPV4_MNP_STATUS_DEFAULT)
		return d ? d->ipv4_mnp_status : 0;
	return id;
}

static int refuse(const char **why, const char *reason)
{
	*why = reason;
	return -EBADMSG;
}

static int mhopt_get(struct mhopts *o, uint8_t id, struct rd *body, const char **why)
{
	const struct mhopt_desc *d = &mhopt_desc[id];
	uint8_t *n = d->count_at ? (uint8_t *)o + d->count_at : NULL;
	size_t len = rd_left(body);
	const char *bad = NULL;

	if (len < d->min || len > d->max)
		return refuse(why, "option of a wrong length");
	if (n ? *n == d->room : !!(o->seen & BIT64(id))) {
		*why = n ? "too many options of one type" : "an option is repeated";
		return n ? -E2BIG : -EBADMSG;
	}
	if (d->get) {
		bad = d->get(body, (uint8_t *)o + d->at + (n ? (size_t)*n * d->size : 0));
	} else {
		o->raw[o->n_raw].type = id;
		o->raw[o->n_raw].data = rest_get(body);
	}
	if (bad)
		return refuse(why, bad);
	o->seen |= BIT64(id);
	if (n)
		++*n;
	return 0;
}

/*
 * What the authenticator does not cover must not be there: after option 5
 * nothing, after option 9 only padding, or one MN-AAA option after the MN-HA
 * option (RFC 4285 5), which is for an AAA server and not kept. 1: skip it.
 */
static int after_auth(const struct mhopts *o, uint8_t type, struct rd body, bool *aaa,
		      const char **why)
{
	if (o->seen & BIT64(MHOPT_BINDING_AUTH))
		return refuse(why, "an option after Binding Authorization Data");
	if (!(o->seen & BIT64(MHOPT_AUTH)))
		return 0;
	if (type != MHOPT_AUTH)
		return refuse(why, "an option after the authentication option");
	if (o->auth.subtype != AUTH_MN_HA || rd_u8(&body) != AUTH_MN_AAA || *aaa ||
	    rd_left(&body) < sizeof(uint32_t))
		return refuse(why, "authentication options repeated or in wrong order");
	*aaa = true;
	return 1;
}

int mhopts_parse(const uint8_t *mh, size_t from, size_t len, const struct mh_dialect *d,
		 struct mhopts *o, const char **why)
{
	struct rd r = rd_init(mh + from, len - from), body;
	bool aaa = false;
	uint8_t type, id;
	int rc;

	while ((rc = tlv_next(&r, &type, &body)) > 0) {
		rc = after_auth(o, type, body, &aaa, why);
		if (rc < 0)
			return rc;
		id = mhopt_id(type, d);
		if (rc || !id)
			continue; /* RFC 6275 6.2.1: unknown ones are skipped */
		rc = mhopt_get(o, id, &body, why);
		if (rc < 0)
			return rc;
		if (id == MHOPT_AUTH)
			o->auth.covered = (size_t)(o->auth.data.p - mh);
	}
	if (rc < 0)
		return refuse(why, "an option runs out of the header");
	if (o->seen & BIT64(MHOPT_BINDING_AUTH) &&
	    o->binding_auth.p + o->binding_auth.len != mh + len)
		return refuse(why, "padding after Binding Authorization Data");
	return 0;
}

static void mhopt_put(struct wr *w, const struct mhopts *o, uint8_t id, unsigned i, uint8_t type)
{
	const struct mhopt_desc *d = &mhopt_desc[id];
	bool with_coa = id == MHOPT_BID && o->bid[i].coa.family;
	uint8_t *len;
	size_t n;

	tlv_pad(w, with_coa ? 8 : d->x, with_coa ? 2 : d->y);
	wr_u8(w, type);
	len = wr_take(w, 1);
	if (d->put)
		d->put(w, (const uint8_t *)o + d->at + (size_t)i * d->size);
	else
		wr_copy(w, o->raw[i].data.p, o->raw[i].data.len);
	if (w->err)
		return;
	n = (size_t)(w->p - len) - 1;
	if (n < d->min || n > d->max)
		wr_fail(w, -EINVAL);
	*len = (uint8_t)n;
}

/* All options of one row. */
static void mhopt_put_all(struct wr *w, const struct mhopts *o, uint8_t id,
			  const struct mh_dialect *dialect)
{
	const struct mhopt_desc *d = &mhopt_desc[id];
	bool single = o->seen & BIT64(id);
	unsigned n = d->count_at ? ((const uint8_t *)o)[d->count_at] : single;
	uint8_t row = id;

	if (n > d->room || (n && !mhopt_type(id, dialect)))
		wr_fail(w, -EINVAL);
	for (unsigned i = 0; i < n && !w->err; i++) {
		if (!d->put)
			row = o->raw[i].type;
		if (!mhopt_find(row) || !mhopt_desc[row].put != !d->put)
			wr_fail(w, -EINVAL);
		else
			mhopt_put(w, o, row, i, mhopt_type(row, dialect));
	}
}

void mhopts_build(struct wr *w, const struct mhopts *o, const struct mh_dialect *d, size_t *mac_at)
{
	const uint64_t macs = BIT64(MHOPT_AUTH) | BIT64(MHOPT_BINDING_AUTH);

	for (uint8_t id = 0; id < 64; id++)
		if (o->seen & BIT64(id) && !mhopt_find(id))
			wr_fail(w, -EINVAL);
	/* each of the two has to be the last option */
	if ((o->seen & macs) == macs || (o->seen & macs && !mac_at))
		wr_fail(w, -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(mhopt_order); i++)
		mhopt_put_all(w, o, mhopt_order[i], d);
	if (mac_at)
		*mac_at = o->seen & macs && !w->err ? wr_len(w) - AUTH_DATA_LEN : 0;
	tlv_pad(w, 8, 0);
}
