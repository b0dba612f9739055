/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/exthdr.h"

#include <errno.h>

#include "wire/mhopt.h"
#include "wire/rd.h"
#include "wire/wr.h"

#define HDR_UNITS 2 /* Hdr Ext Len of both headers: 24 octets */
#define RH_TYPE2  2

void hao_build(const struct in6_addr *hoa, uint8_t buf[static HAO_HDR_LEN])
{
	struct wr w = wr_init(buf, HAO_HDR_LEN);

	wr_u8(&w, 0);
	wr_u8(&w, HDR_UNITS);
	tlv_pad(&w, 8, 6); /* RFC 6275 6.3: 8n+6 */
	wr_u8(&w, HAO_TYPE);
	wr_u8(&w, sizeof(*hoa));
	wr_in6(&w, hoa);
}

void rh2_build(const struct in6_addr *addr, uint8_t buf[static RH2_LEN])
{
	struct wr w = wr_init(buf, RH2_LEN);

	wr_u8(&w, 0);
	wr_u8(&w, HDR_UNITS);
	wr_u8(&w, RH_TYPE2);
	wr_u8(&w, 1); /* segments left */
	wr_u32(&w, 0);
	wr_in6(&w, addr);
}

int hao_parse(const uint8_t *buf, size_t len, struct in6_addr *hoa)
{
	struct rd r = rd_init(buf, len), area, body;
	size_t units, found = 0;
	uint8_t type;
	int rc;

	rd_u8(&r);
	units = rd_u8(&r);
	area = rd_sub(&r, units * 8 + 6);
	while ((rc = tlv_next(&area, &type, &body)) > 0) {
		if (type != HAO_TYPE)
			continue;
		/* RFC 6275 6.3: 16 octets, and never twice under one IPv6 header */
		if (rd_left(&body) != sizeof(*hoa) || found++)
			return -EBADMSG;
		*hoa = rd_in6(&body);
	}
	return rc < 0 ? rc : (int)found;
}

int rh2_parse(const uint8_t *buf, size_t len, struct in6_addr *addr)
{
	struct rd r = rd_init(buf, len);
	struct in6_addr a;
	uint8_t units, type, left;

	rd_u8(&r);
	units = rd_u8(&r);
	type = rd_u8(&r);
	left = rd_u8(&r);
	if (!r.bad && type != RH_TYPE2)
		return 0;
	rd_u32(&r);
	a = rd_in6(&r);
	/* 0 segments are left where the kernel has already processed the header */
	if (r.bad || units != HDR_UNITS || left > 1)
		return -EBADMSG;
	*addr = a;
	return 1;
}
