/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/ro_role_help.h - a mobile node with route optimisation, and the peer CN that the
 * test plays: its tests, its acknowledgements.
 */
#ifndef MIP6_TEST_RO_ROLE_HELP_H
#define MIP6_TEST_RO_ROLE_HELP_H

#include "role/mn_role_help.h"

#include "plan/plan_ro.h"
#include "sec/rr.h"

#define CN	"2001:db8:cc::2"
#define HT	0x1111111111111111ull
#define CT	0x2222222222222222ull
#define STATE	"xfrm state src " HOA " dst " CN " proto hao coa "

static inline void ro_on(void)
{
	w.c.ro.enabled = w.c.ro.multiple_care_of = true;
	w.c.ro.max_peers = 4;
	w.c.timers.max_token_lifetime = 210;
}

static inline void begin(void)
{
	ro_on();
	start();
	foreign1();
	{
		struct bu b = one_bu();

		accept_bu(&b);
	}
}

static inline void hint(const char *peer)
{
	struct event e = { .type = EV_rr_hint };

	e.rr_hint.home_address = ip6(HOA);
	e.rr_hint.peer = ip6(peer);
	event_emit(&e);
	turn();
}

/* The next message of that type; what comes before it is none of this test's. */
static inline const struct fake_mh *sent(uint8_t type)
{
	const struct fake_mh *f;

	while ((f = fake_mh_pop()))
		if (f->m.type == type && is6(&f->tx.dst, CN))
			return f;
	return NULL;
}

static inline void none_sent(void)
{
	const struct fake_mh *f;

	while ((f = fake_mh_pop()))
		assert_false(is6(&f->tx.dst, CN));
}

static inline int tunnel_index(void)
{
	struct mn_info i = info();

	return kern_link(fake_kern(), i.tunnel)->ifindex;
}

/* Each care-of address has its own. */
static inline uint64_t care_token(const struct in6_addr *coa)
{
	return CT + coa->s6_addr[5];
}

static inline void test_answer(uint8_t type, const char *dst, uint64_t cookie, int ifindex)
{
	struct mh_rx rx = { .src = ip6(CN), .dst = ip6(dst), .ifindex = ifindex };
	struct mh_msg m = { .type = type };

	m.test.cookie = cookie;
	m.test.token = type == MH_HOT ? HT : care_token(&rx.dst);
	m.test.nonce = type == MH_HOT ? 3 : 4;
	fake_mh_rx_msg(&rx, &m);
	turn();
}

struct update {
	uint16_t seq, home, care;
	uint32_t lifetime;
	struct in6_addr src;
	bool hao;
	struct mhopt_bid bid;
	int ifindex;
	bool overwrite;
};

/* 5.2.6: the message is authentic by the tokens that were given. */
static inline struct update update(void)
{
	const struct fake_mh *f = sent(MH_BU);
	uint8_t kbm[RR_KBM_LEN], mac[RR_MAC_LEN];
	struct in6_addr hoa = ip6(HOA), cn = ip6(CN);
	bool del;

	assert_non_null(f);
	del = f->m.bu.lifetime == 0;
	assert_int_equal(f->m.bu.flags & ~BU_O, BU_A);
	if (del)
		rr_kbm_delete(HT, kbm);
	else
		rr_kbm(HT, care_token(&f->tx.src), kbm);
	rr_mac(kbm, del ? &hoa : &f->tx.src, &cn, f->buf, f->tx.len, mac);
	assert_memory_equal(mac, f->m.opt.binding_auth.p, RR_MAC_LEN);
	assert_true(!f->tx.has_hao || in6_eq(&f->tx.hao, &hoa));
	return (struct update){ f->m.bu.seq, f->m.opt.home_nonce, f->m.opt.coa_nonce,
				f->m.bu.lifetime, f->tx.src, f->tx.has_hao,
				f->m.opt.n_bid ? f->m.opt.bid[0] : (struct mhopt_bid){ 0 },
				f->tx.ifindex, f->m.bu.flags & BU_O };
}

static inline void answer_bu(const struct update *u, uint8_t status, bool good)
{
	struct mh_rx rx = { .src = ip6(CN), .dst = ip6(HOA), .has_rh2 = u->hao,
			    .rh2_coa = u->src };
	struct mh_msg m = { .type = MH_BA };
	struct mh_dialect d = w.c.dialect;
	struct in6_addr cn = ip6(CN), coa = u->lifetime ? u->src : ip6(HOA);
	uint8_t kbm[RR_KBM_LEN], buf[MH_MAX_LEN];
	size_t mac_at = 0;

	m.ba.status = status;
	m.ba.seq = u->seq;
	m.ba.lifetime = u->lifetime;
	m.opt.seen = BIT64(MHOPT_BINDING_AUTH);
	m.opt.n_bid = u->bid.bid != 0;		/* a peer that does RFC 5648 */
	m.opt.bid[0] = (struct mhopt_bid){ .bid = u->bid.bid };
	rx.len = (size_t)mh_build(&m, &d, buf, sizeof(buf), &mac_at);
	if (u->lifetime)
		rr_kbm(HT, care_token(&u->src), kbm);
	else
		rr_kbm_delete(HT, kbm);
	rr_mac(kbm, &coa, &cn, buf, rx.len, buf + mac_at);
	buf[mac_at] ^= !good;
	rx.buf = buf;
	fake_mh_rx(&rx);
	turn();
}

static inline struct update tested(void)
{
	uint64_t home, care;

	hint(CN);
	home = sent(MH_HOTI)->m.ti.cookie;
	care = sent(MH_COTI)->m.ti.cookie;
	test_answer(MH_HOT, HOA, home, tunnel_index());
	test_answer(MH_COT, COA1, care, WLAN0);
	return update();
}

static inline void bind_peer(void)
{
	struct update u = tested();

	answer_bu(&u, 0, true);
	assert_true(in_kernel(STATE COA1 " data"));
}

static inline void drain(void)
{
	while (fake_mh_pop())
		;
}

/* The next Binding Update to that home agent, among what goes to others. */
static inline bool home_bu(const char *ha, struct bu *b)
{
	const struct fake_mh *f;

	while ((f = fake_mh_pop())) {
		if (f->m.type != MH_BU || !is6(&f->tx.dst, ha))
			continue;
		*b = (struct bu){ .src = f->tx.src, .dst = f->tx.dst, .coa = f->tx.src,
				  .seq = f->m.bu.seq, .flags = f->m.bu.flags,
				  .lifetime = f->m.bu.lifetime, .conf = &w.home[0],
				  .n_bid = f->m.opt.n_bid };
		memcpy(b->bid, f->m.opt.bid, sizeof(b->bid));
		if (f->m.opt.seen & BIT64(MHOPT_MESG_ID))
			b->stamp = f->m.opt.mesg_id;
		return true;
	}
	return false;
}

/* Answers what asks for home agents. */
static inline void home_agent_is(const char *ha)
{
	const struct fake_icmp *f;

	while ((f = fake_icmp_pop())) {
		struct icmp6_rx rx = { .src = ip6(ha), .dst = f->tx.src, .at = run_now() };
		struct icmp6_msg m = { .type = ICMP6_DHAAD_REP,
				       .dhaad = { .id = f->m.dhaad.id, .r = f->m.dhaad.r } };

		if (f->m.type != ICMP6_DHAAD_REQ)
			continue;
		m.dhaad.ha[m.dhaad.n++] = ip6(ha);
		fake_icmp_rx(&rx, &m);
		turn();
	}
}

#endif
