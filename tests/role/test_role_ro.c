/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile node and its correspondents: what goes out, what is believed, what the kernel has. */
#include "role/ro_role_help.h"

/* ---- tests ---- */

static void test_both_tests_and_the_update_have_their_addresses(void **state)
{
	const struct fake_mh *f;
	struct update u;
	uint64_t home;

	(void)state;
	begin();
	hint(CN);
	f = sent(MH_HOTI);
	assert_true(is6(&f->tx.src, HOA) && !f->tx.has_hao && !f->tx.ifindex);
	home = f->m.ti.cookie;
	f = sent(MH_COTI);
	assert_true(is6(&f->tx.src, COA1) && !f->tx.has_hao);
	assert_int_equal(f->tx.ifindex, WLAN0);
	test_answer(MH_COT, COA1, f->m.ti.cookie, WLAN0);
	none_sent();
	test_answer(MH_HOT, HOA, home, tunnel_index());
	u = update();
	assert_true(is6(&u.src, COA1) && u.hao);
	assert_int_equal(u.home, 3);
	assert_int_equal(u.care, 4);
	assert_false(in_kernel(STATE COA1 " data"));	/* not before the acknowledgement */
	answer_bu(&u, 0, true);
	assert_true(in_kernel(STATE COA1 " data"));
	assert_int_equal(n_event[EV_bul_add], 2);
}

static void test_what_is_not_asked_for_is_no_token(void **state)
{
	uint64_t home, care;

	(void)state;
	begin();
	hint(CN);
	home = sent(MH_HOTI)->m.ti.cookie;
	care = sent(MH_COTI)->m.ti.cookie;
	test_answer(MH_COT, COA2, care, WLAN0);			/* another care-of address */
	test_answer(MH_COT, COA1, care + 1, WLAN0);		/* another cookie */
	test_answer(MH_COT, COA1, care, WLAN0);
	/* each of these would be the last that is missing */
	test_answer(MH_HOT, HOA, home, WLAN0);			/* not through the tunnel */
	test_answer(MH_HOT, HOA, home + 1, tunnel_index());
	none_sent();
	test_answer(MH_HOT, HOA, home, tunnel_index());
	assert_int_equal(update().lifetime % 4, 0);
}

static void test_acknowledgement_must_be_authentic(void **state)
{
	struct update u;

	(void)state;
	begin();
	u = tested();
	answer_bu(&u, 0, false);
	assert_false(in_kernel(STATE COA1 " data"));
	u.seq++;
	answer_bu(&u, 0, true);				/* answers nothing that was sent */
	assert_false(in_kernel(STATE COA1 " data"));
	u.seq--;
	answer_bu(&u, 0, true);
	assert_true(in_kernel(STATE COA1 " data"));
}

static void test_a_move_takes_data_off_at_once(void **state)
{
	const struct fake_mh *f;

	(void)state;
	begin();
	bind_peer();
	foreign2();
	assert_false(in_kernel(STATE COA1 " data"));
	f = fake_mh_pop();			/* the home agent first, the peer with it: 11.7.2 */
	assert_true(f->m.type == MH_BU && is6(&f->tx.dst, HA1) && is6(&f->tx.src, COA2));
	f = fake_mh_pop();
	assert_true(f->m.type == MH_COTI && is6(&f->tx.dst, CN) && is6(&f->tx.src, COA2));
	test_answer(MH_COT, COA2, f->m.ti.cookie, WWAN0);
	assert_null(fake_mh_pop());		/* the update waits for the home agent's word */
	assert_false(in_kernel(STATE COA2 " data"));
}

static void home_prefix(uint16_t id, uint32_t valid)
{
	struct icmp6_rx rx = { .src = ip6(HA1), .dst = ip6(HOA), .has_rh2 = true,
			       .rh2_coa = ip6(COA1), .at = run_now() };
	struct icmp6_msg m = { .type = ICMP6_MPA, .mpa = { .id = id, .n = 1 } };

	m.mpa.prefix[0] = (struct nd_prefix){ .addr = ip6("2001:db8:280::"), .plen = 64,
					      .on_link = true, .autonomous = true,
					      .valid = valid, .preferred = valid };
	fake_icmp_rx(&rx, &m);
	turn();
}

static void test_peers_hear_that_the_home_prefix_ends(void **state)
{
	struct update u;

	(void)state;
	w.c.router = false;
	w.home[0].n_prefix = 0;
	w.c.timers.min_valid_lifetime = 4;
	begin();
	bind_peer();
	home_prefix(0, 100);			/* nobody asked: a reason to ask */
	none_sent();
	home_prefix(fake_icmp_pop()->m.mps.id, 100);
	u = update();
	assert_int_equal(u.lifetime, 100);
	assert_true(in_kernel(STATE COA1 " data"));
	answer_bu(&u, 0, true);
	none_sent();
	assert_true(in_kernel(STATE COA1 " data"));
}

static void test_never_optimized(void **state)
{
	static const char *const row[] = { HA1, HOA, COA1, "fe80::1", "ff02::1", "2001:db8:dd::1" };
	struct peer_policy no = { .allow = false };

	(void)state;
	no.peer = prefix6(&(struct in6_addr){ .s6_addr = { 0x20, 1, 0xd, 0xb8, 0, 0xdd } }, 48);
	w.c.ro.policy = &no;
	w.c.ro.n_policy = 1;
	begin();
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		hint(row[i]);
	assert_int_equal(mn_peers(mn), 0);
}

static void test_no_more_peers_than_allowed(void **state)
{
	(void)state;
	begin();
	for (int i = 1; i < 20; i++) {
		char peer[40];

		snprintf(peer, sizeof(peer), "2001:db8:cc::%x", i);
		hint(peer);
	}
	assert_int_equal(mn_peers(mn), 4);
}

static void binding_error(const char *from, uint8_t status)
{
	struct mh_rx rx = { .src = ip6(from), .dst = ip6(COA1) };
	struct mh_msg m = { .type = MH_BE };

	m.be.status = status;
	m.be.hoa = ip6(HOA);
	fake_mh_rx_msg(&rx, &m);
	turn();
}

static void test_binding_error_counts_only_from_a_peer_that_is_silent(void **state)
{
	struct in6_addr cn = ip6(CN), hoa = ip6(HOA);

	(void)state;
	begin();
	bind_peer();
	binding_error("2001:db8:cc::3", BE_UNKNOWN_BINDING);	/* no entry: ignored */
	assert_true(in_kernel(STATE COA1 " data"));
	assert_true(fake_kern_used(&cn, &hoa, IPPROTO_ROUTING, 10));
	binding_error(CN, BE_UNKNOWN_BINDING);
	assert_true(fake_kern_used(&cn, &hoa, IPPROTO_ROUTING, 1));
	advance(1);
	assert_true(in_kernel(STATE COA1 " data"));		/* it goes on sending: a lie */
	binding_error(CN, BE_UNKNOWN_BINDING);
	advance(1);
	assert_false(in_kernel(STATE COA1 " data"));
	assert_non_null(sent(MH_HOTI));
}

static void test_icmp_makes_no_entries_and_ends_what_is_asked(void **state)
{
	struct icmp6_rx rx = { .src = ip6(CN), .dst = ip6(COA1) };
	struct icmp6_msg m = { .type = ICMP6_PARAMPROB_, .code = 1 };
	struct mn_peer_info i, first = { 0 };

	(void)state;
	begin();
	m.err.src = ip6(COA1);
	m.err.dst = ip6(CN);
	m.err.proto = IPPROTO_MH_;
	m.err.mh_type = MH_COTI;
	fake_icmp_rx(&rx, &m);
	turn();
	assert_int_equal(mn_peers(mn), 0);
	hint(CN);
	m.code = 2;					/* logged and discarded: 11.3.5 */
	fake_icmp_rx(&rx, &m);
	turn();
	assert_true(mn_peer_next(mn, &first, &i));
	assert_int_equal(i.ro->state, RO_TEST);
	m.code = 1;
	fake_icmp_rx(&rx, &m);
	turn();
	assert_true(mn_peer_next(mn, &first, &i));
	assert_int_equal(i.ro->state, RO_HOLD);
}

static void test_the_end_tells_peers_before_the_home_agent(void **state)
{
	struct update u;
	struct bu b;

	(void)state;
	begin();
	bind_peer();
	mn_deregister(mn, NULL);
	turn();
	u = update();
	assert_int_equal(u.lifetime, 0);
	assert_int_equal(u.care, 0);
	assert_true(is6(&u.src, COA1) && u.hao);
	answer_bu(&u, 0, true);
	advance(0);
	b = one_bu();
	assert_true(b.dereg);
	assert_int_equal(mn_peers(mn), 0);
}

static void test_every_home_agent_to_choose_from_is_no_peer(void **state)
{
	(void)state;
	w.home[0].home_agents[1] = ip6(HA2);
	w.home[0].n_ha = 2;
	begin();
	hint(HA2);
	assert_int_equal(mn_peers(mn), 0);
}

static void test_icmp_of_a_stranger_ends_nothing(void **state)
{
	struct icmp6_rx rx = { .src = ip6("2001:db8:bad::1"), .dst = ip6(COA1) };
	struct icmp6_msg m = { .type = ICMP6_PARAMPROB_, .code = 1 };
	struct mn_peer_info i, first = { 0 };

	(void)state;
	begin();
	hint(CN);
	m.err.src = ip6(COA1);
	m.err.dst = ip6(CN);
	m.err.proto = IPPROTO_MH_;
	m.err.mh_type = MH_COTI;
	fake_icmp_rx(&rx, &m);
	turn();
	assert_true(mn_peer_next(mn, &first, &i));
	assert_int_equal(i.ro->state, RO_TEST);
}

/* The binding runs out; before the kernel has taken its states out the node moves. */
static void test_what_is_dropped_goes_whatever_comes_meanwhile(void **state)
{
	struct mn_peer_info i, first = { 0 };
	double end;

	(void)state;
	begin();
	bind_peer();
	mn_peer_next(mn, &first, &i);
	end = i.ro->expires;
	lost();					/* nothing can be renewed */
	foreign1();
	while (run_now() < end - 1 && mn_peers(mn)) {
		advance(1);
		drain();
	}
	assert_int_equal(mn_peers(mn), 1);
	assert_int_equal(i.ro->state, RO_BOUND);
	fake_run_each_turn(NULL);
	fake_run_advance(2);
	event_drain();
	assert_int_equal(mn_peers(mn), 1);	/* the kernel is still at it */
	assert_int_equal(i.ro->state, RO_IDLE);
	assert_int_equal(fake_kern_unfinished(), 1);
	md_says("coa", "wlan0", COA2, ROUTER2, LINK2);
	event_drain();
	assert_int_equal(i.ro->state, RO_IDLE);
	fake_run_each_turn(turn);
	turn();
	assert_int_equal(mn_peers(mn), 0);
	drain();
}

static void test_stopping_leaves_nothing_if_the_peer_is_silent(void **state)
{
	(void)state;
	begin();
	bind_peer();
	mn_stop(mn, on_done, NULL);
	turn();
	for (int i = 0; i < 40 && done_rc == 1; i++)
		advance(0.5);
	drain();
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
	assert_int_equal(fake_kern_unfinished(), 0);
}

/* The uplink flaps: the same care-of address, a binding that both sides have. */
static void test_lost_uplink_that_returns_carries_the_binding_again(void **state)
{
	struct bu b;

	(void)state;
	begin();
	bind_peer();
	lost();
	assert_false(in_kernel(STATE COA1 " data"));
	foreign1();
	while (home_bu(HA1, &b))
		accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
	assert_true(in_kernel(STATE COA1 " data"));
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_both_tests_and_the_update_have_their_addresses),
		T(test_what_is_not_asked_for_is_no_token),
		T(test_acknowledgement_must_be_authentic),
		T(test_a_move_takes_data_off_at_once),
		T(test_peers_hear_that_the_home_prefix_ends),
		T(test_never_optimized),
		T(test_no_more_peers_than_allowed),
		T(test_binding_error_counts_only_from_a_peer_that_is_silent),
		T(test_icmp_makes_no_entries_and_ends_what_is_asked),
		T(test_the_end_tells_peers_before_the_home_agent),
		T(test_every_home_agent_to_choose_from_is_no_peer),
		T(test_icmp_of_a_stranger_ends_nothing),
		T(test_what_is_dropped_goes_whatever_comes_meanwhile),
		T(test_stopping_leaves_nothing_if_the_peer_is_silent),
		T(test_lost_uplink_that_returns_carries_the_binding_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
