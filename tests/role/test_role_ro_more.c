/* SPDX-License-Identifier: BSD-2-Clause */
/* Correspondents and home agents: what belongs to whom, and what ends with what. */
#include "role/ro_role_help.h"

#include "role/ro.h"

/* It became our home agent later: the entry must not take its answers. */
static void test_home_agent_that_was_a_peer_gets_its_acknowledgement(void **state)
{
	struct icmp6_rx rx = { .src = ip6(HA2), .dst = ip6(COA1) };
	struct icmp6_msg m = { .type = ICMP6_PARAMPROB_, .code = 1 };
	struct bu b;
	bool got = false;

	(void)state;
	w.c.ro.enabled = true;
	w.c.ro.max_peers = 4;
	w.home[0].n_ha = 0;
	w.home[0].discover = true;
	start();
	foreign1();
	home_agent_is(HA1);
	b = one_bu();
	accept_bu(&b);
	hint(HA2);
	assert_int_equal(mn_peers(mn), 1);
	drain();
	mn_refresh(mn, NULL);			/* HA1 is dead */
	turn();
	for (int i = 0; i < 300 && !got; i++) {
		advance(1);
		home_agent_is(HA2);
		got = home_bu(HA2, &b);
		if (!got)			/* the peer entry is kept */
			hint(HA2);
	}
	assert_true(got);
	assert_int_equal(mn_peers(mn), 1);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
	assert_true(is6(&info().bul->bound_ha, HA2));
	/* and its errors are about the registration, too */
	mn_refresh(mn, NULL);
	turn();
	assert_true(home_bu(HA2, &b) && state_now() == BUL_REFRESH);
	m.err.src = b.coa;
	m.err.dst = ip6(HA2);
	m.err.has_hao = true;
	m.err.hao = ip6(HOA);
	m.err.proto = IPPROTO_MH_;
	m.err.mh_type = MH_BU;
	fake_icmp_rx(&rx, &m);
	turn();
	assert_int_not_equal(state_now(), BUL_REFRESH);
	drain();
	while (fake_icmp_pop())
		;
}

/* 134, 129 ...: the address is somebody else's, or nobody's. Not by peers' bindings either. */
static void test_home_agent_that_refuses_ends_direct_data(void **state)
{
	struct bu b;

	(void)state;
	begin();
	bind_peer();
	mn_refresh(mn, NULL);
	turn();
	assert_true(home_bu(HA1, &b));
	assert_true(in_kernel(STATE COA1 " data"));
	ANSWER(&b, .status = BA_PROHIBITED);
	turn();
	assert_int_equal(state_now(), BUL_BACKOFF);
	assert_false(in_kernel(STATE COA1 " data"));
	none_sent();
}

/* An entry that goes and comes again is no way around MAX_UPDATE_RATE. */
static void test_rate_of_a_peer_outlives_its_entry(void **state)
{
	unsigned n = 0;

	(void)state;
	w.c.timers.ro_backoff = 0.01;
	begin();
	w.c.ro.max_peers = 1;
	for (int i = 0; i < 10; i++) {
		const struct fake_mh *f;
		struct icmp6_rx rx = { .src = ip6(CN), .dst = ip6(HOA) };
		struct icmp6_msg m = { .type = ICMP6_PARAMPROB_, .code = 1 };

		hint(CN);
		while ((f = sent(MH_HOTI)))
			n++;
		m.err.src = ip6(HOA);
		m.err.dst = ip6(CN);
		m.err.proto = IPPROTO_MH_;
		m.err.mh_type = MH_HOTI;
		fake_icmp_rx(&rx, &m);		/* on hold: it makes room for the next */
		turn();
		hint("2001:db8:cc::77");
		rx.src = m.err.dst = ip6("2001:db8:cc::77");
		fake_icmp_rx(&rx, &m);
		turn();
	}
	assert_int_equal(n, w.c.timers.max_update_rate);
	drain();
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

/* ---- another configuration ---- */

/* The peer is told, and data take the tunnel; nobody is optimized after that. */
static void test_a_reload_that_ends_route_optimization(void **state)
{
	struct update u;

	(void)state;
	begin();
	bind_peer();
	drain();
	ro_reload(mn);				/* nothing has changed */
	turn();
	none_sent();
	assert_true(in_kernel(STATE COA1 " data"));
	w.c.ro.enabled = false;
	ro_reload(mn);
	turn();
	assert_false(in_kernel(STATE COA1 " data"));
	u = update();
	assert_int_equal(u.lifetime, 0);
	answer_bu(&u, 0, true);
	advance(30);
	assert_int_equal(mn_peers(mn), 0);
	assert_null(strstr(fake_kern_dump(), CN));
	drain();
	hint(CN);
	none_sent();
	/* and begins again */
	w.c.ro.enabled = true;
	ro_reload(mn);
	turn();
	bind_peer();
	drain();
}

static void test_a_reload_that_takes_one_peer_out(void **state)
{
	struct peer_policy no = { .peer = pfx(CN "/128") };

	(void)state;
	begin();
	bind_peer();
	drain();
	w.c.ro.policy = &no;
	w.c.ro.n_policy = 1;
	ro_reload(mn);
	turn();
	assert_false(in_kernel(STATE COA1 " data"));
	assert_int_equal(update().lifetime, 0);
	hint(CN);
	drain();
	assert_false(in_kernel(STATE COA1 " data"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_home_agent_that_was_a_peer_gets_its_acknowledgement),
		T(test_home_agent_that_refuses_ends_direct_data),
		T(test_rate_of_a_peer_outlives_its_entry),
		T(test_a_reload_that_ends_route_optimization),
		T(test_a_reload_that_takes_one_peer_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
