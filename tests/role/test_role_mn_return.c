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
		T(test_refused_tunnel_does_not_leave_the_defaults_on_a_foreign_link),
		T(test_refused_tunnel_leaves_the_one_that_the_binding_has),
		T(test_home_link_that_cannot_be_left_is_left_later),
	};
#undef T

	return cmocka_run_group_tests_name("role_mn_return", tests, NULL, NULL);
}
