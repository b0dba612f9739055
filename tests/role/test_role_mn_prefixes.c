/* SPDX-License-Identifier: BSD-2-Clause */
/* A mobile router's prefixes in what it sends and in what it hears (RFC 3963 5, RFC 5555 3.1). */
#include "role/mn_role_help.h"

static void test_prefixes_are_in_every_update_but_the_last(void **state)
{
	struct bu b;

	(void)state;
	w.mnp[2] = mnp_conf("2001:db8:282::/64", PREFIX_EXPLICIT, "");
	w.mnp[3] = mnp_conf("2001:db8:283::/64", PREFIX_IMPLICIT, "");
	w.home[0].n_prefix = 4;
	start();
	foreign1();
	b = one_bu();
	assert_int_equal(b.n_mnp, 2);
	assert_true(prefix_eq(&b.mnp[1], &w.mnp[2].prefix));
	accept_bu(&b);
	advance(540.5);
	assert_true(next_bu(&b));	/* refresh: RFC 3963 5.2 */
	assert_int_equal(b.n_mnp, 2);
	assert_int_equal(b.n_ipv4, 1);
	accept_bu(&b);
	mn_stop(mn, on_done, NULL);
	turn();
	assert_true(next_bu(&b));	/* check_bu(): none in a de-registration */
	assert_true(b.dereg);
}

static void test_ipv4_prefix_is_requested_once_then_refreshed(void **state)
{
	struct bu b;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	assert_int_equal(b.ipv4[0].plen, 24);
	assert_int_equal(b.ipv4[0].addr.s_addr, w.mnp[1].prefix.a.in4.s_addr);
	assert_true(b.ipv4[0].p);
	advance(1.6);
	b = one_bu();
	assert_true(b.ipv4[0].p);	/* nobody answered yet */
	accept_bu(&b);
	foreign2();
	b = one_bu();
	assert_false(b.ipv4[0].p);
	accept_bu(&b);
	advance(540.5);
	assert_true(next_bu(&b));
	assert_false(b.ipv4[0].p);
}

static void test_draft_encoding_is_sent_and_read_when_chosen(void **state)
{
	struct bu b;

	(void)state;
	w.home[0].ipv4_option = IPV4_V4PREFIX;
	start();
	foreign1();
	b = one_bu();
	assert_int_equal(b.n_ipv4, 0);
	assert_int_equal(b.n_draft, 1);
	assert_true(prefix_eq(&b.draft[0], &w.mnp[1].prefix));
	accept_bu(&b);
	assert_int_equal(info().prefix[1].status, MNP_ACCEPTED);
	assert_string_equal(default_dev(AF_INET), "mip0a");
}

static void test_static_ipv4_prefix_is_not_on_the_wire(void **state)
{
	struct bu b;

	(void)state;
	w.mnp[1].mode = PREFIX_STATIC;
	start();
	foreign1();
	b = one_bu();
	assert_int_equal(b.n_ipv4 + b.n_draft, 0);
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET), "mip0a");
	assert_true(in_kernel("route 0.0.0.0/0 dev mip0a table 6500 metric 1024 src " OWN4 "/32"));
}

static void test_home_agent_without_ipv4_keeps_ipv6(void **state)
{
	struct bu b;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .no_ipv4 = true);
	assert_int_equal(state_now(), BUL_BOUND);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_string_equal(default_dev(AF_INET), "");
	assert_true(in_kernel("route 0.0.0.0/0 unreachable table 6500 metric 65535"));
	assert_true(in_kernel("rule ipv4 pref 6008 from " NET4 " to any prohibit"));
	assert_int_equal(info().prefix[0].status, MNP_ACCEPTED);
	assert_int_equal(info().prefix[1].status, MNP_UNSUPPORTED);
	assert_false(last_event[EV_prefix_state].prefix_state.up);
	assert_string_equal(last_event[EV_prefix_state].prefix_state.reason, "unsupported");
	assert_int_equal(n_event[EV_prefix_state], 2);
	advance(540.5);			/* it is offered again with each refresh (RFC 5555 4.4.2) */
	assert_true(next_bu(&b));
	assert_int_equal(b.n_ipv4, 1);
	accept_bu(&b);
	assert_int_equal(info().prefix[1].status, MNP_ACCEPTED);
	assert_string_equal(default_dev(AF_INET), "mip0a");
}

static void test_one_refused_ipv4_prefix_leaves_the_others_in_service(void **state)
{
	struct bu b;

	(void)state;
	w.mnp[2] = mnp_conf(NET4B, PREFIX_EXPLICIT, "");
	w.home[0].n_prefix = 3;
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .ipv4_status = { 0, 133 });
	assert_int_equal(state_now(), BUL_BOUND);
	assert_int_equal(info().prefix[1].status, MNP_ACCEPTED);
	assert_int_equal(info().prefix[2].status, MNP_REFUSED);
	assert_int_equal(info().prefix[2].code, 133);
	assert_string_equal(default_dev(AF_INET), "mip0a");
	assert_true(in_kernel("rule ipv4 pref 6008 from " NET4 " to any lookup 6500"));
	assert_true(in_kernel("rule ipv4 pref 6008 from " NET4B " to any prohibit"));
}

static void test_first_ipv4_prefix_refused_gives_no_source_address(void **state)
{
	struct bu b;

	(void)state;
	w.mnp[2] = mnp_conf(NET4B, PREFIX_EXPLICIT, "lan0");
	w.home[0].n_prefix = 3;
	fake_kern_addr4("lan0", ip4("10.1.0.1"));
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .ipv4_status = { 129, 0 });
	assert_true(in_kernel("route 0.0.0.0/0 dev mip0a table 6500 metric 1024 src 10.1.0.1/32"));
}

static void test_host_sends_no_prefixes_and_no_r(void **state)
{
	struct bu b;

	(void)state;
	w.c.router = false;
	w.home[0].n_prefix = 0;
	start();
	foreign1();
	b = one_bu();			/* check_bu() looks at R */
	assert_int_equal(b.n_mnp + b.n_ipv4, 0);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
}

static void test_more_prefixes_than_a_message_holds_is_an_error(void **state)
{
	static struct mnp_conf many[MHOPT_MAX_MNP + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		many[i] = mnp_conf(MNP, PREFIX_EXPLICIT, "");
		many[i].prefix.a.in6.s6_addr[5] = (uint8_t)i;
	}
	w.home[0].prefixes = many;
	w.home[0].n_prefix = ARRAY_SIZE(many);
	start();
	foreign1();
	no_bu();
	assert_int_equal(mn_stats(mn).bu, 0);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_prefixes_are_in_every_update_but_the_last),
		T(test_ipv4_prefix_is_requested_once_then_refreshed),
		T(test_draft_encoding_is_sent_and_read_when_chosen),
		T(test_static_ipv4_prefix_is_not_on_the_wire),
		T(test_home_agent_without_ipv4_keeps_ipv6),
		T(test_one_refused_ipv4_prefix_leaves_the_others_in_service),
		T(test_first_ipv4_prefix_refused_gives_no_source_address),
		T(test_host_sends_no_prefixes_and_no_r),
		T(test_more_prefixes_than_a_message_holds_is_an_error),
	};

	return cmocka_run_group_tests_name("role_mn_prefixes", tests, NULL, NULL);
}
