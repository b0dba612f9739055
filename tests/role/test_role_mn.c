/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile router: registering, moving, losing messages, several home agents. */
#include "role/mn_role_help.h"

#define LINK_A	"link mip0a ip6tnl local " COA1 " remote " HA1
#define LINK_B	"link mip0b ip6tnl local " COA2 " remote " HA1

/* ---- the thin thread ---- */

static void test_started_router_has_its_home_address_and_reaches_nothing(void **state)
{
	(void)state;
	start();
	no_bu();
	assert_true(in_kernel("addr " HOA "/128 dev mip0 nodad home"));
	assert_true(in_kernel("route ::/0 unreachable table 6500 metric 65535"));
	assert_true(in_kernel("route 0.0.0.0/0 unreachable table 6500 metric 65535"));
	assert_string_equal(default_dev(AF_INET6), "");
	assert_string_equal(default_dev(AF_INET), "");
	assert_int_equal(state_now(), BUL_IDLE);
}

static void test_thin_thread_foreign_1_to_foreign_2(void **state)
{
	struct bu b, c;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	assert_true(is6(&b.src, COA1));
	assert_int_equal(b.n_mnp, 1);
	assert_true(prefix_eq(&b.mnp[0], &w.mnp[0].prefix));
	assert_int_equal(b.n_ipv4, 1);
	assert_true(in_kernel(LINK_A));
	assert_string_equal(default_dev(AF_INET6), "mip0");	/* held, not leaked */
	assert_int_equal(n_event[EV_bul_add], 0);
	advance(0.05);
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_string_equal(default_dev(AF_INET), "mip0a");
	assert_int_equal(n_event[EV_bul_add], 1);
	assert_true(fabs(last_event[EV_bul_add].bul_add.rtt - 0.05) < 1e-6);
	assert_int_equal(last_event[EV_bul_add].bul_add.lifetime, 600);
	assert_int_equal(n_event[EV_prefix_state], 2);
	assert_true(last_event[EV_prefix_state].prefix_state.up);
	assert_int_equal(n_event[EV_handover], 1);

	foreign2();
	c = one_bu();
	assert_int_equal(c.seq, (uint16_t)(b.seq + 1));
	assert_true(in_kernel(LINK_B));
	assert_string_equal(default_dev(AF_INET6), "mip0a");	/* the old one carries */
	assert_string_equal(default_dev(AF_INET), "mip0a");
	released = 0;
	advance(0.05);
	assert_int_equal(released, 0);
	accept_bu(&c);
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	assert_string_equal(default_dev(AF_INET), "mip0b");
	assert_false(in_kernel(LINK_A));
	assert_int_equal(released, 2);				/* each uplink */
	assert_int_equal(n_event[EV_handover], 2);
	assert_int_equal(n_event[EV_prefix_state], 2);		/* never out of service */
	assert_true(fabs(last_event[EV_handover].handover.total - 0.05) < 1e-6);
	assert_true(fabs(last_event[EV_handover].handover.ba - 0.05) < 1e-6);
	assert_int_equal(mn_stats(mn).handovers, 2);
	assert_string_equal(info().tunnel, "mip0b");
	assert_string_equal(info().uplink, "wlan0");
}

static void test_new_tunnel_carries_before_the_old_one_goes(void **state)
{
	const char *log, *up, *down;
	struct bu b;

	(void)state;
	registered();
	foreign2();
	b = one_bu();
	fake_kern_log();
	accept_bu(&b);
	log = fake_kern_log();
	up = strstr(log, "~ route ::/0 dev mip0b table 6500");
	down = strstr(log, "- " LINK_A);
	assert_non_null(up);
	assert_non_null(down);
	assert_true(up < down);
	assert_null(strstr(log, "- route ::/0"));		/* replaced, never missing */
	assert_null(strstr(log, "- route 0.0.0.0/0"));
}

static void test_update_waits_until_the_tunnel_can_receive(void **state)
{
	(void)state;
	start();
	md_says("coa", "wlan0", COA1, ROUTER1, LINK1);
	event_drain();
	no_bu();
	assert_false(in_kernel(LINK_A));
	fake_kern_run();
	assert_true(in_kernel(LINK_A));
	one_bu();
}

static void test_what_the_detector_said_early_is_not_lost(void **state)
{
	(void)state;
	assert_int_equal(mn_begin(), 0);
	md_says("coa", "wlan0", COA1, ROUTER1, LINK1);
	event_drain();
	assert_int_equal(ready_rc, 1);
	no_bu();
	turn();
	assert_int_equal(ready_rc, 0);
	one_bu();
}

static void test_home_without_a_word_on_security_does_not_start(void **state)
{
	(void)state;
	w.c.n_home = 2;
	w.home[1].sec.method = SEC_UNSET;
	assert_int_equal(mn_begin(), -EINVAL);
	mn = NULL;
	turn();
	assert_int_equal(fake_kern_count(), 0);
}

/* ---- losses ---- */

static void test_lost_answer_is_asked_for_again(void **state)
{
	struct bu b, c, d;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	advance(1.4);
	no_bu();
	advance(0.2);
	c = one_bu();
	assert_int_equal(c.seq, (uint16_t)(b.seq + 1));
	assert_true(c.stamp > b.stamp);
	advance(3);
	d = one_bu();
	assert_int_equal(d.seq, (uint16_t)(b.seq + 2));
	accept_bu(&c);			/* of the second, late: as good */
	assert_int_equal(state_now(), BUL_BOUND);
	accept_bu(&d);			/* and again: nobody waits for it */
	assert_int_equal(mn_stats(mn).ba_unexpected, 1);
	assert_int_equal(n_event[EV_bul_add], 1);
	assert_int_equal(mn_stats(mn).bu, 3);
	assert_int_equal(mn_stats(mn).bu_retransmitted, 2);
	/* counted from the second transmission, 3 s ago (11.7.3) */
	assert_true(fabs(info().bul->expires - run_now() - 597) < 0.2);
}

static void test_refresh_comes_before_the_end_and_keeps_the_tunnel(void **state)
{
	struct bu b;

	(void)state;
	registered();
	advance(539);
	no_bu();
	fake_kern_log();
	advance(1.5);
	b = one_bu();
	assert_int_equal(state_now(), BUL_REFRESH);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	accept_bu(&b);
	assert_string_equal(fake_kern_log(), "");
	assert_int_equal(n_event[EV_bul_add], 2);
	assert_int_equal(n_event[EV_handover], 1);
}

static void test_silent_home_agent_loses_the_binding_at_its_end(void **state)
{
	struct bu b;

	(void)state;
	registered();
	advance(599);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	advance(2);
	assert_string_equal(default_dev(AF_INET6), "");
	assert_int_equal(n_event[EV_bul_remove], 1);
	assert_string_equal(last_event[EV_bul_remove].bul_remove.reason, "expired");
	assert_false(last_event[EV_prefix_state].prefix_state.up);
	while (next_bu(&b))
		;
	advance(33);
	b = one_bu();			/* for ever, every 32 s */
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
}

static void test_suspend_longer_than_the_lifetime(void **state)
{
	(void)state;
	registered();
	fake_run_jump(7200);
	turn();
	assert_int_equal(n_event[EV_bul_remove], 1);
	assert_int_equal(state_now(), BUL_WAIT_BA);
	one_bu();
}

static void test_out_of_window_is_continued_from_the_number_given(void **state)
{
	struct bu b;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .status = 135, .seq = 7000, .other_seq = true);
	b = one_bu();
	assert_int_equal(b.seq, 7001);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
	assert_int_equal(mn_stats(mn).ba_refused_by[135], 1);
}

/* ---- movement ---- */

static void test_move_while_waiting_ignores_the_answer_for_the_old_place(void **state)
{
	struct bu b, c;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	advance(0.02);
	foreign2();
	c = one_bu();
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_WAIT_BA);
	assert_int_equal(mn_stats(mn).ba_unexpected, 1);
	accept_bu(&c);
	assert_int_equal(state_now(), BUL_BOUND);
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	assert_false(in_kernel(LINK_A));
}

/* Three care-of addresses, the answers to the last two outstanding: the first tunnel carries on. */
static void test_two_moves_in_a_row_keep_the_tunnel_that_works(void **state)
{
	struct bu b;

	(void)state;
	registered();
	foreign2();
	one_bu();
	md_says("coa", "wlan0", COA3, ROUTER2, "2001:db8:f3::/64");
	turn();
	b = one_bu();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_true(in_kernel(LINK_A));
	assert_false(in_kernel(LINK_B));
	assert_true(in_kernel("link mip0c ip6tnl local " COA3 " remote " HA1));
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0c");
	assert_int_equal(fake_kern_count_kind(KOBJ_LINK), 2);	/* mip0 and mip0c */
}

static void test_newest_place_wins_while_the_kernel_is_busy(void **state)
{
	struct bu b;

	(void)state;
	start();
	md_says("coa", "wlan0", COA1, ROUTER1, LINK1);
	event_drain();			/* a switch is on its way */
	md_says("coa", "wlan0", COA2, ROUTER2, LINK2);
	event_drain();
	turn();
	b = one_bu();
	assert_true(is6(&b.coa, COA2));
	assert_false(in_kernel(LINK_A));
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_back_before_the_answer_uses_the_old_tunnel_at_once(void **state)
{
	struct bu b;

	(void)state;
	registered();
	foreign2();
	one_bu();
	foreign1();
	b = one_bu();			/* but the home agent may have the other: confirmed */
	assert_int_equal(state_now(), BUL_REFRESH);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
}

/* What the mobile router itself sends would else have a source that the home agent drops. */
static void test_ipv4_address_that_comes_later_is_the_source(void **state)
{
	struct bu b;

	(void)state;
	w.mnp[1] = mnp_conf(NET4B, PREFIX_EXPLICIT, "lan0");
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .ipv4_status = { 0 });
	assert_true(in_kernel("route 0.0.0.0/0 dev mip0a table 6500 metric 1024"));
	fake_kern_addr4("lan0", ip4("10.1.0.1"));
	mn_addr4(mn, WLAN0);		/* not a mobile network's */
	turn();
	assert_true(in_kernel("route 0.0.0.0/0 dev mip0a table 6500 metric 1024"));
	mn_addr4(mn, LAN0);
	turn();
	assert_true(in_kernel("route 0.0.0.0/0 dev mip0a table 6500 metric 1024 src 10.1.0.1/32"));
}

static bool refused_at(int ifindex)
{
	char text[160];

	snprintf(text, sizeof(text), "xfrm policy out prio 0x6d00 src " HOA "/128 dst ff00::/8 proto 0"
		 " ifindex %d block", ifindex);
	return in_kernel(text);
}

/* No router is there, so the detector has nothing to say of it. */
static void test_groups_are_refused_on_an_uplink_that_has_come_anew(void **state)
{
	struct bu b;

	(void)state;
	w.c.routes_by_source = true;
	start();
	foreign1();
	b = one_bu();
	accept_bu(&b);
	assert_true(refused_at(WLAN0) && refused_at(WWAN0));
	fake_kern_link(kern_link(fake_kern(), "wwan0"), true);
	fake_kern_link_up(WWAN0 + 10, "wwan0");
	mn_link(mn, kern_link(fake_kern(), "wwan0"), false);
	turn();
	assert_true(refused_at(WLAN0) && refused_at(WWAN0 + 10));
	assert_false(refused_at(WWAN0));
	no_bu();
}

static void test_lost_link_keeps_packets_in_the_tunnel(void **state)
{
	struct bu b;

	(void)state;
	registered();
	lost();
	no_bu();
	assert_int_equal(state_now(), BUL_IDLE);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_int_equal(n_event[EV_bul_remove], 0);
	foreign1();			/* the same again */
	b = one_bu();
	accept_bu(&b);
	assert_int_equal(n_event[EV_handover], 1);
	lost();
	advance(601);
	assert_string_equal(default_dev(AF_INET6), "");
	assert_int_equal(n_event[EV_bul_remove], 1);
	assert_int_equal(fake_kern_count_kind(KOBJ_LINK), 1);
}

static void test_movement_is_measured_from_the_lost_link(void **state)
{
	struct ev_handover *e = &last_event[EV_handover].handover;
	struct bu b;

	(void)state;
	registered();
	assert_true(e->detect == -1);
	advance(10);
	lost();
	advance(0.3);
	foreign2();
	b = one_bu();
	advance(0.1);
	accept_bu(&b);
	assert_true(fabs(e->detect - 0.3) < 1e-6);
	assert_true(fabs(e->bu) < 1e-6);
	assert_true(fabs(e->ba - 0.1) < 1e-6);
	assert_true(fabs(e->total - 0.4) < 1e-6);
	assert_true(is6(&e->from.a.in6, COA1));
	assert_true(is6(&e->to.a.in6, COA2));
}

static void test_better_uplink_is_used_and_the_other_is_a_fallback(void **state)
{
	struct bu b;

	(void)state;
	start();
	md_says("coa", "wwan0", COA2, ROUTER2, LINK2);
	turn();
	b = one_bu();
	accept_bu(&b);
	foreign1();			/* wlan0 has the lower number */
	b = one_bu();
	accept_bu(&b);
	assert_string_equal(info().uplink, "wlan0");
	lost();
	b = one_bu();
	assert_string_equal(info().uplink, "wwan0");
	assert_string_equal(default_dev(AF_INET6), "mip0b");	/* until it is answered */
	accept_bu(&b);
	md_says("coa", "eth9", COA3, NULL, NULL);	/* no uplink of ours */
	turn();
	no_bu();
}

/* ---- several home agents ---- */

static void test_home_agent_without_r_is_left_for_the_next(void **state)
{
	struct bu b, c;

	(void)state;
	w.home[0].home_agents[1] = ip6(HA2);
	w.home[0].n_ha = 2;
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .no_r = true);
	/* de-registered there before anything is sent to the other (RFC 3963 5.3) */
	assert_true(next_bu(&b));
	assert_true(b.dereg && is6(&b.dst, HA1));
	c = one_bu();
	assert_true(!c.dereg && is6(&c.dst, HA2));
	accept_bu(&b);			/* the answer to the first of them is not the second's */
	assert_int_equal(state_now(), BUL_WAIT_BA);
	accept_bu(&c);
	assert_int_equal(state_now(), BUL_BOUND);
	assert_true(in_kernel("link mip0b ip6tnl local " COA1 " remote " HA2));
	assert_int_equal(fake_kern_count_kind(KOBJ_LINK), 2);
}

static void test_only_home_agent_without_r_is_tried_again_later(void **state)
{
	struct bu b;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .no_r = true);
	b = one_bu();
	assert_true(b.dereg);
	assert_int_equal(state_now(), BUL_BACKOFF);
	assert_string_equal(default_dev(AF_INET6), "");
	advance(29);
	no_bu();
	advance(2);
	b = one_bu();
	assert_false(b.dereg);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_silent_home_agent_is_left_for_the_next(void **state)
{
	struct bu b;

	(void)state;
	w.home[0].home_agents[1] = ip6(HA2);
	w.home[0].n_ha = 2;
	start();
	foreign1();
	advance(46);
	while (next_bu(&b))
		assert_false(is6(&b.dst, HA2));
	advance(1);
	b = one_bu();
	assert_true(is6(&b.dst, HA2));
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_started_router_has_its_home_address_and_reaches_nothing),
		T(test_thin_thread_foreign_1_to_foreign_2),
		T(test_new_tunnel_carries_before_the_old_one_goes),
		T(test_update_waits_until_the_tunnel_can_receive),
		T(test_what_the_detector_said_early_is_not_lost),
		T(test_home_without_a_word_on_security_does_not_start),
		T(test_lost_answer_is_asked_for_again),
		T(test_refresh_comes_before_the_end_and_keeps_the_tunnel),
		T(test_silent_home_agent_loses_the_binding_at_its_end),
		T(test_suspend_longer_than_the_lifetime),
		T(test_out_of_window_is_continued_from_the_number_given),
		T(test_move_while_waiting_ignores_the_answer_for_the_old_place),
		T(test_two_moves_in_a_row_keep_the_tunnel_that_works),
		T(test_newest_place_wins_while_the_kernel_is_busy),
		T(test_back_before_the_answer_uses_the_old_tunnel_at_once),
		T(test_ipv4_address_that_comes_later_is_the_source),
		T(test_groups_are_refused_on_an_uplink_that_has_come_anew),
		T(test_lost_link_keeps_packets_in_the_tunnel),
		T(test_movement_is_measured_from_the_lost_link),
		T(test_better_uplink_is_used_and_the_other_is_a_fallback),
		T(test_home_agent_without_r_is_left_for_the_next),
		T(test_only_home_agent_without_r_is_tried_again_later),
		T(test_silent_home_agent_is_left_for_the_next),
	};
#undef T

	return cmocka_run_group_tests_name("role_mn", tests, NULL, NULL);
}
