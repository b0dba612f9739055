/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/bind_help.h - a mobile node that registers with the correspondent of a whole node: both
 * tests and the update, as they come in by the fake socket (RFC 6275 5.2).
 */
#ifndef MIP6_TEST_BIND_HELP_H
#define MIP6_TEST_BIND_HELP_H

#include "fake/fake_io.h"
#include "sec/rr.h"

static inline struct mh_msg bind_test(uint8_t type, struct in6_addr from, struct in6_addr to)
{
	struct mh_msg m = { .type = type };
	struct mh_rx rx = { .src = from, .dst = to };
	const struct fake_mh *f;

	while (fake_mh_pop())
		;
	fake_mh_rx_msg(&rx, &m);
	f = fake_mh_pop();
	assert_non_null(f);
	assert_int_equal(f->m.type, type + 2);
	return f->m;
}

static inline void bind_update(struct in6_addr hoa, struct in6_addr coa, struct in6_addr local,
			       uint16_t seq)
{
	struct mh_msg home = bind_test(MH_HOTI, hoa, local), care = bind_test(MH_COTI, coa, local);
	struct mh_msg m = { .type = MH_BU };
	uint8_t kbm[RR_KBM_LEN], buf[MH_MAX_LEN];
	struct mh_rx rx = { .src = coa, .dst = local, .has_hao = true, .hao = hoa, .buf = buf };
	const struct mh_dialect none = { 0 };
	size_t mac_at = 0;
	ssize_t n;

	m.bu.seq = seq;
	m.bu.flags = BU_A;
	m.bu.lifetime = 420;
	m.opt.seen = BIT64(MHOPT_NONCE_INDICES) | BIT64(MHOPT_BINDING_AUTH);
	m.opt.home_nonce = home.test.nonce;
	m.opt.coa_nonce = care.test.nonce;
	n = mh_build(&m, &none, buf, sizeof(buf), &mac_at);
	assert_true(n > 0);
	rr_kbm(home.test.token, care.test.token, kbm);
	rr_mac(kbm, &coa, &local, buf, (size_t)n, buf + mac_at);
	rx.len = (size_t)n;
	fake_mh_rx(&rx);
}

#endif
