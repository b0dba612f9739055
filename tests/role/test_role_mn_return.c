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

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_false_home_link_gets_no_traffic_while_we_are_bound),
		T(test_home_agent_with_the_binding_is_asked_until_it_answers),
	};
#undef T

	return cmocka_run_group_tests_name("role_mn_return", tests, NULL, NULL);
}
