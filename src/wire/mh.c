/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mh.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "wire/cksum.h"
#include "wire/mhopt.h"

#define PROTO_NONE 59 /* no next header, RFC 6275 6.1.1 */
#define MH_MIN	   8  /* octets */

/* Per message: where options start (6.1.2 - 6.1.9) and the least Header Len. */
static const struct mh_desc {
	const char *name;
	uint8_t opt_at;	 /* octets */
	uint8_t min_len; /* 8-octet units beyond the first */
} mh_desc[] = {
	[MH_BRR] = { "Binding Refresh Request", 8, 0 }, [MH_HOTI] = { "Home Test Init", 16, 1 },
	[MH_COTI] = { "Care-of Test Init", 16, 1 },	[MH_HOT] = { "Home Test", 24, 2 },
	[MH_COT] = { "Care-of Test", 24, 2 },		[MH_BU] = { "Binding Update", 12, 1 },
	[MH_BA] = { "Binding Acknowledgement", 12, 1 }, [MH_BE] = { "Binding Error", 24, 2 },
};

const char *mh_type_str(unsigned type)
{
	return type < ARRAY_SIZE(mh_desc) ? mh_desc[type].name : "unknown";
}

const char *ba_status_str(unsigned status)
{
	static const struct {
		uint8_t status;
		const char *name;
	} row[] = {
		{ BA_ACCEPTED, "accepted" },
		{ BA_PREFIX_DISCOVERY, "accepted, prefix discovery necessary" },
		{ BA_MCOA_NOTCOMPLETE, "not all care-of addresses registered" },
		{ BA_MCOA_RETURNHOME, "returned home, no neighbour discovery" },
		{ BA_UNSPECIFIED, "reason unspecified" },
		{ BA_PROHIBITED, "administratively prohibited" },
		{ BA_NO_RESOURCES, "insufficient resources" },
		{ BA_NO_HOME_REG, "home registration not supported" },
		{ BA_NOT_HOME_SUBNET, "not home subnet" },
		{ BA_NOT_HA, "not home agent for this mobile node" },
		{ BA_DAD_FAILED, "home address is a duplicate" },
		{ BA_SEQUENCE, "sequence number out of window" },
		{ BA_HOME_NONCE, "expired home nonce index" },
		{ BA_COA_NONCE, "expired care-of nonce index" },
		{ BA_NONCES, "expired nonces" },
		{ BA_TYPE_CHANGE, "registration type change disallowed" },
		{ BA_MR_NOT_PERMITTED, "mobile router operation not permitted" },
		{ BA_INVALID_PREFIX, "invalid prefix" },
		{ BA_PREFIX_UNAUTHORIZED, "not authorized for prefix" },
		{ BA_FORWARDING_FAILED, "forwarding setup failed" },
		{ BA_ID_MISMATCH, "timestamp mismatch" },
		{ BA_MESG_ID_REQUIRED, "timestamp required" },
		{ BA_AUTH_FAIL, "authentication failed" },
		{ BA_MCOA_MALFORMED, "malformed binding identifier" },
		{ BA_MCOA_NON_MCOA, "a binding without identifier exists" },
		{ BA_MCOA_PROHIBITED, "several care-of addresses prohibited" },
		{ BA_MCOA_UNKNOWN_COA, "binding identifier without care-of address" },
		{ BA_MCOA_BULK, "bulk registration prohibited" },
		{ BA_MCOA_SIMULTANEOUS, "home and foreign at once prohibited" },
		{ BA_INVALID_COA, "invalid care-of address" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (row[i].status == status)
			return row[i].name;
	return "unknown";
}

static void body_get(struct rd *r, struct mh_msg *m)
{
	switch ((enum mh_type)m->type) {
	case MH_BRR:
		rd_u16(r);
		break;
	case MH_HOTI:
	case MH_COTI:
		rd_u16(r);
		m->ti.cookie = rd_u64(r);
		break;
	case MH_HOT:
	case MH_COT:
		m->test.nonce = rd_u16(r);
		m->test.cookie = rd_u64(r);
		m->test.token = rd_u64(r);
		break;
	case MH_BU:
		m->bu.seq = rd_u16(r);
		m->bu.flags = rd_u16(r);
		m->bu.lifetime = (uint32_t)rd_u16(r) * MH_LIFETIME_UNIT;
		break;
	case MH_BA:
		m->ba.status = rd_u8(r);
		m->ba.flags = rd_u8(r);
		m->ba.seq = rd_u16(r);
		m->ba.lifetime = (uint32_t)rd_u16(r) * MH_LIFETIME_UNIT;
		break;
	case MH_BE:
		m->be.status = rd_u8(r);
		rd_u8(r);
		m->be.hoa = rd_in6(r);
		break;
	}
}

/* The checks of RFC 6275 9.2 after the checksum, in its order. */
int mh_parse(const uint8_t *buf, size_t len, const struct mh_dialect *d, struct mh_msg *m,
	     const char **why)
{
	struct rd r = rd_init(buf, len);
	uint8_t proto = rd_u8(&r), units = rd_u8(&r), type = rd_u8(&r);
	size_t total = ((size_t)units + 1) * 8;

	memset(m, 0, sizeof(*m));
	*why = NULL;
	if (len < MH_MIN) {
		*why = "shorter than a Mobility Header";
		return -EBADMSG;
	}
	if (type >= ARRAY_SIZE(mh_desc)) {
		*why = "unknown MH type";
		return -EPROTONOSUPPORT;
	}
	if (proto != PROTO_NONE)
		*why = "Payload Proto is not 59";
	else if (units < mh_desc[type].min_len)
		*why = "Header Len below the least of its type";
	else if (total > len)
		*why = "Header Len beyond the end of the packet";
	if (*why)
		return -EBADMSG;
	m->type = type;
	rd_take(&r, 3); /* reserved, checksum */
	body_get(&r, m);
	/* octets after the header: no next header, so they are ignored (RFC 8200 4.7) */
	return mhopts_parse(buf, mh_desc[type].opt_at, total, d, &m->opt, why);
}

static void body_put(struct wr *w, const struct mh_msg *m)
{
	switch ((enum mh_type)m->type) {
	case MH_BRR:
		wr_u16(w, 0);
		break;
	case MH_HOTI:
	case MH_COTI:
		wr_u16(w, 0);
		wr_u64(w, m->ti.cookie);
		break;
	case MH_HOT:
	case MH_COT:
		wr_u16(w, m->test.nonce);
		wr_u64(w, m->test.cookie);
		wr_u64(w, m->test.token);
		break;
	case MH_BU:
		wr_u16(w, m->bu.seq);
		wr_u16(w, m->bu.flags);
		mh_put_lifetime(w, m->bu.lifetime);
		break;
	case MH_BA:
		wr_u8(w, m->ba.status);
		wr_u8(w, m->ba.flags);
		wr_u16(w, m->ba.seq);
		mh_put_lifetime(w, m->ba.lifetime);
		break;
	case MH_BE:
		wr_u8(w, m->be.status);
		wr_u8(w, 0);
		wr_in6(w, &m->be.hoa);
		break;
	}
}

ssize_t mh_build(const struct mh_msg *m, const struct mh_dialect *d, uint8_t *buf, size_t cap,
		 size_t *mac_at)
{
	struct wr w = wr_init(buf, MIN(cap, (size_t)MH_MAX_LEN));
	uint8_t *units;

	if (m->type >= ARRAY_SIZE(mh_desc))
		return -EINVAL;
	wr_u8(&w, PROTO_NONE);
	units = wr_take(&w, 1);
	wr_u8(&w, m->type);
	wr_zero(&w, 3); /* reserved, checksum */
	body_put(&w, m);
	mhopts_build(&w, &m->opt, d, mac_at);
	if (!w.err)
		*units = (uint8_t)(wr_len(&w) / 8 - 1);
	return wr_end(&w);
}

bool mh_bu_overwrite(const struct mh_msg *m)
{
	return m->type == MH_BU && m->bu.flags & BU_O && !(m->bu.flags & BU_P) && m->opt.n_bid;
}

uint16_t mh_checksum(const struct in6_addr *src, const struct in6_addr *dst, const uint8_t *mh,
		     size_t len)
{
	return cksum6(src, dst, IPPROTO_MH_, mh, len, CKSUM_AT_MH);
}
