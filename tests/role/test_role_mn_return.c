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

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_false_home_link_gets_no_traffic_while_we_are_bound),
	};
#undef T

	return cmocka_run_group_tests_name("role_mn_return", tests, NULL, NULL);
}
