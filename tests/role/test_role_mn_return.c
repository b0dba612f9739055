/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile router at what may be its home link: whom it believes, and what may leave in clear. */
#include "role/mn_role_help.h"

#define ON_UPLINK	"addr " HOA "/64 dev wlan0 nodad home noprefixroute"
#define VIA_HOME6	"route ::/0 via " HOME_ROUTER " dev wlan0 table 6500 metric 1024 src " HOA \
			"/128"

static const struct nd_lladdr ha_mac = { .len = 6, .b = { 2, 0, 0, 0, 0, 1 } };

/* ---- without the home agent's word ---- */

/* A rogue router with the home prefix: nobody there takes our de-registration. */
static void test_false_home_link_gets_no_traffic_while_we_are_bound(void **state)
{
	(void)state;
	ra_ll = ha_mac;
	registered();
	at_home();
	for (int s = 0; s < 590; s += 10) {
		advance(10);
		assert_string_equal(default_dev(AF_INET6), "mip0a");
		assert_string_equal(default_dev(AF_INET), "mip0a");
		assert_int_equal(state_now(), BUL_LEAVE);
	}
	advance(20);			/* the binding has expired */
	assert_int_equal(n_event[EV_bul_remove], 1);
	dad_says(false);
	assert_true(in_kernel(VIA_HOME6));
}

/* The other one has no binding of ours, and a forged ICMP error must not lead us to it. */
static void test_home_agent_with_the_binding_is_asked_until_it_answers(void **state)
{
	struct bu b;

	(void)state;
	ra_ll = ha_mac;
	w.home[0].n_ha = 2;
	w.home[0].home_agents[1] = ip6(HA2);
	registered();
	at_home();
	b = one_bu();
	for (int i = 0; i < 12; i++) {
		const struct icmp6_rx rx = { .src = ip6(COA1), .dst = ip6(HOA) };
		struct icmp6_msg m = { .type = ICMP6_PARAMPROB_, .code = 1 };

		m.err.proto = IPPROTO_MH_;
		m.err.mh_type = MH_BU;
		m.err.src = ip6(HOA);
		m.err.dst = ip6(HA1);
		fake_icmp_rx(&rx, &m);
		advance(10);
		while (next_bu(&b))
			assert_true(is6(&b.dst, HA1));
		assert_string_equal(default_dev(AF_INET6), "mip0a");
	}
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_HOME);
}

/* ---- is the address still ours ---- */

/* At home, and the home agent says that it had no binding. */
static void home_without_binding(void)
{
	struct bu b;

	ra_ll = ha_mac;
	start();
	at_home();
	b = one_bu();
	assert_int_equal(fake_dad_count(), 0);
	ANSWER(&b, .status = 133);
	assert_int_equal(state_now(), BUL_HOME);
}

static void test_home_address_that_nobody_defended_is_tested_before_it_is_used(void **state)
{
	(void)state;
	home_without_binding();
	assert_string_equal(default_dev(AF_INET6), "mip0");
	assert_int_equal(fake_nd_count(), 0);
	assert_int_equal(n_event[EV_handover] + n_event[EV_prefix_state], 0);
	dad_says(false);
	assert_true(in_kernel(ON_UPLINK));
	assert_true(in_kernel(VIA_HOME6));
	assert_int_equal(fake_nd_count(), 1);
	assert_int_equal(n_event[EV_dad], 1);
	assert_false(last_event[EV_dad].dad.duplicate);
	assert_string_equal(last_event[EV_dad].dad.device, "wlan0");
	assert_int_equal(n_event[EV_prefix_state], 2);
	assert_int_equal(info().prefix[0].status, MNP_AT_HOME);
	advance(700);
	assert_int_equal(fake_dad_count(), 0);
}

static void test_taken_home_address_is_not_used_until_it_is_free(void **state)
{
	static const double pause[] = { 30, 60, 120, 240, 480, 600, 600 };

	(void)state;
	home_without_binding();
	dad_says(true);
	for (size_t i = 0; i < ARRAY_SIZE(pause); i++) {
		assert_true(last_event[EV_dad].dad.duplicate);
		assert_true(is6(&last_event[EV_dad].dad.address, HOA));
		assert_null(strstr(fake_kern_dump(), "dev wlan0"));
		assert_string_equal(default_dev(AF_INET6), "");
		assert_int_equal(fake_nd_count(), 0);
		assert_int_equal(info().prefix[0].status, MNP_WAITING);
		advance(pause[i] - 0.1);
		assert_int_equal(fake_dad_count(), 0);
		advance(0.2);
		assert_null(strstr(fake_kern_dump(), "dev wlan0"));
		dad_says(i + 1 < ARRAY_SIZE(pause));
	}
	assert_int_equal(n_event[EV_prefix_state], 2);
	assert_true(in_kernel(ON_UPLINK));
	assert_true(in_kernel(VIA_HOME6));
	assert_int_equal(fake_nd_count(), 1);
}

static void test_leaving_the_link_ends_the_question_for_the_address(void **state)
{
	struct bu b;

	(void)state;
	home_without_binding();
	foreign1();
	assert_int_equal(fake_dad_count(), 0);
	b = one_bu();
	accept_bu(&b);
	at_home();
	b = one_bu();
	accept_bu(&b);			/* it has just deleted it: no question */
	assert_int_equal(fake_dad_count(), 0);
	assert_true(in_kernel(VIA_HOME6));
	lost();
	advance(1);
	at_home();
	b = one_bu();
	ANSWER(&b, .status = 133);
	dad_says(true);
	foreign2();
	b = one_bu();
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	advance(40);
	assert_int_equal(fake_dad_count(), 0);
}

static void test_another_link_to_the_home_network_is_asked_anew(void **state)
{
	(void)state;
	home_without_binding();
	dad_says(true);
	md_says("lost", "wlan0", NULL, NULL, NULL);
	md_says("home", "wwan0", NULL, HOME_ROUTER, HOME_PREFIX);
	turn();
	one_bu();
	assert_string_equal(default_dev(AF_INET6), "mip0");
	assert_int_equal(fake_dad_count(), 0);
	advance(30);			/* the old question is not asked there */
	assert_int_equal(fake_dad_count(), 1);
	assert_int_equal(fake_dad_get(0)->ifindex, WWAN0);
}

static void test_second_uplink_at_home_is_asked_before_it_takes_over(void **state)
{
	const struct in6_addr hoa = ip6(HOA);

	(void)state;
	w.uplink[1].priority = 5;
	home_without_binding();
	dad_says(false);
	md_says("home", "wwan0", NULL, HOME_ROUTER, HOME_PREFIX);
	turn();
	no_bu();
	assert_int_equal(state_now(), BUL_HOME);
	assert_false(in_kernel(ON_UPLINK));	/* or we would answer ourselves */
	assert_int_equal(fake_dad_count(), 1);
	assert_int_equal(fake_dad_get(0)->ifindex, WWAN0);
	assert_true(fake_dad_finish(&hoa, false));
	turn();
	assert_non_null(strstr(fake_kern_dump(), "route ::/0 via " HOME_ROUTER " dev wwan0"));
}

/* Without the home agent's word: it may still defend the address for a former run of ours. */
static void test_silent_home_agent_and_a_taken_address_use_nothing(void **state)
{
	struct bu b = { 0 };

	(void)state;
	ra_ll = ha_mac;
	start();
	at_home();
	advance(7.1);
	dad_says(true);
	assert_int_equal(state_now(), BUL_LEAVE);
	assert_false(in_kernel(VIA_HOME6));
	while (next_bu(&b))
		;
	advance(10);
	b = one_bu();			/* it is still asked */
	accept_bu(&b);			/* so it was the home agent: the address is ours */
	assert_int_equal(state_now(), BUL_HOME);
	assert_int_equal(fake_dad_count(), 0);
	assert_true(in_kernel(VIA_HOME6));
	assert_int_equal(info().prefix[0].status, MNP_AT_HOME);
}

static void test_untestable_home_address_is_used(void **state)
{
	(void)state;
	fake_dad_fail(ENOMEM);
	home_without_binding();
	assert_true(in_kernel(VIA_HOME6));
	assert_int_equal(fake_nd_count(), 1);
	assert_int_equal(n_event[EV_dad], 0);
}

static void test_no_test_if_none_is_wanted(void **state)
{
	(void)state;
	w.c.timers.dad_transmits = 0;
	home_without_binding();
	assert_int_equal(fake_dad_count(), 0);
	assert_true(in_kernel(VIA_HOME6));
}

/* It advertises our address, and we have told no home agent to: it is not the home agent. */
static void test_home_agent_is_not_learned_from_one_who_has_our_address(void **state)
{
	const struct in6_addr from = ip6(HA1), all = ip6("ff02::1");
	struct nd_msg na = { .type = ND_NA };
	struct bu b;

	(void)state;
	start();
	at_home();
	na.na.target = ip6(HOA);
	na.na.override = true;
	na.na.tlla = ha_mac;
	no_bu();
	fake_nd_rx(WLAN0, &from, &all, &na);
	turn();
	b = one_bu();
	assert_int_equal(fake_kern_neigh_count(), 0);
	while (fake_nd_pop())
		;
	ANSWER(&b, .status = 133);
	dad_says(true);
	assert_false(in_kernel(ON_UPLINK));
	/* of the home agent's own address it is believed */
	lost();
	at_home();
	na.na.target = ip6(HA1);
	fake_nd_rx(WLAN0, &from, &all, &na);
	turn();
	assert_int_equal(fake_kern_neigh_count(), 1);
	one_bu();
}

/* ---- away again, and a kernel that refuses ---- */

static void no_home_link(void)
{
	assert_null(strstr(fake_kern_dump(), "dev wlan0 table 6500"));
	assert_false(in_kernel(ON_UPLINK));
}

static void test_refused_tunnel_does_not_leave_the_defaults_on_a_foreign_link(void **state)
{
	struct bu b;

	(void)state;
	ra_ll = ha_mac;
	start();
	at_home();
	b = one_bu();
	accept_bu(&b);
	assert_true(in_kernel(VIA_HOME6));
	fake_kern_fail_kind(KOBJ_LINK, -EEXIST);
	foreign1();			/* the cable moved, the carrier did not go */
	no_home_link();
	assert_string_equal(default_dev(AF_INET6), "mip0");
	assert_string_equal(default_dev(AF_INET), "mip0");
	no_bu();
	advance(0.9);
	no_bu();
	fake_kern_fail_kind(KOBJ_LINK, 0);
	advance(0.2);
	b = one_bu();
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
}

static void test_refused_tunnel_leaves_the_one_that_the_binding_has(void **state)
{
	struct bu b;

	(void)state;
	ra_ll = ha_mac;
	registered();
	at_home();
	one_bu();
	fake_kern_fail_kind(KOBJ_LINK, -EEXIST);
	foreign2();
	no_home_link();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	fake_kern_fail_kind(KOBJ_LINK, 0);
	advance(1.1);
	b = one_bu();
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0b");
}

/* Not even that much works: it is tried on, and nothing is forgotten when all shall go. */
static void test_home_link_that_cannot_be_left_is_left_later(void **state)
{
	struct bu b;

	(void)state;
	ra_ll = ha_mac;
	start();
	at_home();
	b = one_bu();
	accept_bu(&b);
	fake_kern_fail_kind(KOBJ_ROUTE, -ENOBUFS);
	foreign1();
	no_bu();
	advance(2);
	no_bu();
	fake_kern_fail_kind(KOBJ_ROUTE, 0);
	advance(2);
	no_home_link();
	b = one_bu();
	mn_stop(mn, on_done, NULL);
	advance(3);
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_false_home_link_gets_no_traffic_while_we_are_bound),
		T(test_home_agent_with_the_binding_is_asked_until_it_answers),
		T(test_home_address_that_nobody_defended_is_tested_before_it_is_used),
		T(test_taken_home_address_is_not_used_until_it_is_free),
		T(test_leaving_the_link_ends_the_question_for_the_address),
		T(test_another_link_to_the_home_network_is_asked_anew),
		T(test_second_uplink_at_home_is_asked_before_it_takes_over),
		T(test_silent_home_agent_and_a_taken_address_use_nothing),
		T(test_untestable_home_address_is_used),
		T(test_no_test_if_none_is_wanted),
		T(test_home_agent_is_not_learned_from_one_who_has_our_address),
		T(test_refused_tunnel_does_not_leave_the_defaults_on_a_foreign_link),
		T(test_refused_tunnel_leaves_the_one_that_the_binding_has),
		T(test_home_link_that_cannot_be_left_is_left_later),
	};
#undef T

	return cmocka_run_group_tests_name("role_mn_return", tests, NULL, NULL);
}
