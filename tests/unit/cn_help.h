/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/cn_help.h - a mobile node as a correspondent meets it, and its Binding Updates with
 * right authenticators made from tokens (sec/rr.h), for tests of the rules and of the role.
 */
#ifndef MIP6_TEST_CN_HELP_H
#define MIP6_TEST_CN_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>

#include "base/util.h"
#include "sec/rr.h"
#include "wire_help.h"

#define HOA	"2001:db8:1::10"
#define HOA2	"2001:db8:1::11"
#define HOA3	"2001:db8:1::12"
#define COA	"2001:db8:2::20"
#define COA2	"2001:db8:2::21"
#define CN	"2001:db8:3::30"

static inline struct prefix pfx(const char *s)
{
	struct prefix p;

	assert_int_equal(prefix_parse(s, &p), 0);
	return p;
}

struct token { uint16_t index; uint64_t value; };

struct cn_bu {
	const char *hoa, *src, *alt, *dst;	/* NULL: HOA, COA, none, CN */
	bool at_home;			/* no option: the source is the home address */
	uint16_t seq, flags;		/* flags 0: A; NO_FLAGS: none */
	int life;			/* seconds; 0 = 420, -1 = 0 */
	struct token home, care_of;
	bool no_nonces, no_auth, bad_mac, wrong_addr;	/* what is wrong with it */
	bool home_key;			/* made from the home token alone */
	uint16_t bid, bid2;		/* Binding Identifiers; 0: not there */
	uint8_t prio;
	const char *bid_coa;		/* of the first: NULL is the source, NO_COA none; IPv4, too */
};
#define NO_COA	"-"
#define NO_FLAGS	0x0001

static inline void cn_bu_bids(const struct cn_bu *b, const struct in6_addr *src, struct mhopts *o,
			      struct in6_addr *coa)
{
	struct mhopt_bid *id = &o->bid[0];

	if (!b->bid)
		return;
	o->n_bid = b->bid2 ? 2 : 1;
	*id = (struct mhopt_bid){ .bid = b->bid, .prio = b->prio, .status = 99 };
	o->bid[1].bid = b->bid2;
	if (!b->bid_coa) {
		id->coa = locator6(src);
	} else if (strcmp(b->bid_coa, NO_COA)) {
		id->coa.family = strchr(b->bid_coa, ':') ? AF_INET6 : AF_INET;
		assert_int_equal(inet_pton(id->coa.family, b->bid_coa, &id->coa.a), 1);
	}
	if (!b->bid2 && id->coa.family == AF_INET6 && in6_is_unicast_routable(&id->coa.a.in6))
		*coa = id->coa.a.in6;
}

/* The message into buf; its length. Addresses as on the wire into src, dst, hao. */
static inline size_t cn_bu_build(const struct cn_bu *b, struct in6_addr *src, struct in6_addr *dst,
				 struct in6_addr *hao, uint8_t buf[MH_MAX_LEN])
{
	struct mh_msg m = { .type = MH_BU };
	struct in6_addr coa, mac_addr;
	uint8_t kbm[RR_KBM_LEN];
	size_t mac_at = 0;
	ssize_t n;

	*hao = a6(b->hoa ? b->hoa : HOA);
	*src = b->at_home ? *hao : a6(b->src ? b->src : COA);
	*dst = a6(b->dst ? b->dst : CN);
	m.bu.seq = b->seq;
	m.bu.flags = b->flags == NO_FLAGS ? 0 : b->flags ? b->flags : BU_A;
	m.bu.lifetime = b->life < 0 ? 0 : b->life ? (uint32_t)b->life : 420;
	coa = *src;
	if (b->alt) {
		coa = m.opt.alt_coa = a6(b->alt);
		m.opt.seen |= BIT64(MHOPT_ALT_COA);
	}
	if (!b->no_nonces) {
		m.opt.home_nonce = b->home.index;
		m.opt.coa_nonce = b->care_of.index;
		m.opt.seen |= BIT64(MHOPT_NONCE_INDICES);
	}
	if (!b->no_auth)
		m.opt.seen |= BIT64(MHOPT_BINDING_AUTH);
	cn_bu_bids(b, src, &m.opt, &coa);
	n = mh_build(&m, &(struct mh_dialect){ 0 }, buf, MH_MAX_LEN, &mac_at);
	assert_true(n > 0);
	mac_addr = coa;
	if (b->life < 0 || b->home_key) {
		rr_kbm_delete(b->home.value, kbm);
		mac_addr = *hao;
	} else {
		rr_kbm(b->home.value, b->care_of.value, kbm);
	}
	if (b->wrong_addr)
		mac_addr.s6_addr[15] ^= 1;
	if (!b->no_auth) {
		rr_mac(kbm, &mac_addr, dst, buf, (size_t)n, buf + mac_at);
		buf[mac_at] ^= b->bad_mac;
	}
	return (size_t)n;
}

#endif
