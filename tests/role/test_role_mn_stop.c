/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile router: two homes, the operator, the end. */
#include "role/mn_role_help.h"

#define LINK_A	"link mip0a ip6tnl local " COA1 " remote " HA1
#define LINK_B	"link mip0b ip6tnl local " COA2 " remote " HA1

/* ---- two homes ---- */

static void test_two_homes_behind_one_care_of_address_share_the_tunnel(void **state)
{
	struct bu b[2], c[2];

	(void)state;
	w.c.n_home = 2;
	w.home[1].home_agents[0] = ip6(HA1);
	start();
	foreign1();
	assert_true(next_bu(&b[0]) && next_bu(&b[1]));
	assert_ptr_not_equal(b[0].conf, b[1].conf);
	accept_bu(&b[0]);
	accept_bu(&b[1]);
	assert_int_equal(fake_kern_count_kind(KOBJ_LINK), 2);
	assert_true(in_kernel("route ::/0 dev mip0a table 6501 metric 1024 src " HOA2 "/128"));
	advance(2);
	foreign2();
	assert_true(next_bu(&c[0]) && next_bu(&c[1]));
	accept_bu(&c[0]);		/* one of them moves earlier */
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	assert_true(in_kernel("route ::/0 dev mip0a table 6501 metric 1024 src " HOA2 "/128"));
	assert_true(in_kernel(LINK_A) && in_kernel(LINK_B));
	/* and moves on: the name in use stays untouched */
	md_says("coa", "wlan0", COA3, ROUTER2, "2001:db8:f3::/64");
	turn();
	assert_true(in_kernel(LINK_A) && in_kernel(LINK_B));
	assert_true(in_kernel("link mip0c ip6tnl local " COA3 " remote " HA1));
}

static void test_homes_with_several_agents_have_tunnels_of_their_own(void **state)
{
	struct bu b[2];

	(void)state;
	w.c.n_home = 2;
	start();
	foreign1();
	assert_true(next_bu(&b[0]) && next_bu(&b[1]));
	accept_bu(&b[0]);
	accept_bu(&b[1]);
	assert_int_equal(fake_kern_count_kind(KOBJ_LINK), 3);
	assert_true(in_kernel("route ::/0 dev mip1a table 6501 metric 1024 src " HOA2 "/128"));
}

/* ---- the operator ---- */

static void test_operator_deregisters_and_registers_again(void **state)
{
	struct in6_addr hoa = ip6(HOA), other = ip6(HOA2);
	struct bu b;

	(void)state;
	registered();
	assert_int_equal(mn_deregister(mn, &other), -ENOENT);
	assert_int_equal(mn_deregister(mn, &hoa), 1);
	turn();
	b = one_bu();
	assert_true(b.dereg && !b.home);
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "");
	assert_string_equal(last_event[EV_bul_remove].bul_remove.reason, "stopped");
	assert_int_equal(n_event[EV_bul_flush], 1);	/* it was the only one */
	foreign2();			/* stays away */
	advance(100);
	no_bu();
	assert_int_equal(mn_refresh(mn, NULL), 1);
	turn();
	b = one_bu();
	assert_false(b.dereg);
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_int_equal(mn_refresh(mn, &hoa), 1);
	turn();
	one_bu();
}

/* The last word counts: registered anew when the de-registration is through, answered or not. */
static void test_refresh_while_a_deregistration_is_unanswered_is_not_lost(void **state)
{
	struct bu b;

	(void)state;
	registered();
	for (int answered = 0; answered < 2; answered++) {
		mn_deregister(mn, NULL);
		turn();
		b = one_bu();
		assert_true(b.dereg);
		assert_int_equal(mn_refresh(mn, NULL), 1);
		turn();
		no_bu();
		if (answered)
			accept_bu(&b);
		for (int s = 0; s < 10 && b.dereg; s++) {
			advance(1);
			(void)next_bu(&b);
		}
		assert_false(b.dereg);
		accept_bu(&b);
		assert_int_equal(state_now(), BUL_BOUND);
		advance(1);
	}
	mn_deregister(mn, NULL);
	mn_refresh(mn, NULL);
	mn_deregister(mn, NULL);
	turn();
	b = one_bu();
	accept_bu(&b);
	advance(10);
	no_bu();
	assert_int_equal(state_now(), BUL_IDLE);
}

/* ---- stop ---- */

static void test_stop_deregisters_and_leaves_nothing(void **state)
{
	struct bu b;

	(void)state;
	registered();
	mn_stop(mn, on_done, NULL);
	turn();
	b = one_bu();
	assert_true(b.dereg && !b.home);
	assert_int_equal(b.lifetime, 0);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	advance(0.05);
	assert_int_equal(done_rc, 1);
	accept_bu(&b);
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
	assert_string_equal(last_event[EV_bul_remove].bul_remove.reason, "stopped");
	assert_int_equal(n_event[EV_bul_flush], 1);
}

static void test_stop_gives_up_after_two_tries(void **state)
{
	struct bu b, c;

	(void)state;
	registered();
	mn_stop(mn, on_done, NULL);
	turn();
	b = one_bu();
	advance(1.01);
	c = one_bu();
	assert_int_equal(c.seq, (uint16_t)(b.seq + 1));
	assert_int_equal(done_rc, 1);
	advance(1.01);
	no_bu();
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
}

static void test_stop_in_every_phase_leaves_nothing(void **state)
{
	(void)state;
	for (int phase = 0; phase < 7; phase++) {
		struct bu b;

		teardown(NULL);
		setup(NULL);
		assert_int_equal(mn_begin(), 0);
		if (phase == 1)
			fake_kern_turn();
		if (phase >= 2)
			turn();
		if (phase >= 3)
			md_says("coa", "wlan0", COA1, ROUTER1, LINK1);
		if (phase == 3)
			event_drain();		/* a switch under way */
		if (phase >= 4)
			turn();
		if (phase >= 5 && next_bu(&b))
			accept_bu(&b);
		if (phase == 6)
			lost();
		mn_stop(mn, on_done, NULL);
		advance(3);
		assert_int_equal(done_rc, 0);
		assert_int_equal(fake_kern_count(), 0);
	}
}

static void test_stop_at_home_needs_no_message(void **state)
{
	struct bu b;

	(void)state;
	ra_ll = (struct nd_lladdr){ .len = 6, .b = { 2 } };
	start();
	at_home();
	b = one_bu();
	accept_bu(&b);
	mn_stop(mn, on_done, NULL);
	turn();
	no_bu();
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_two_homes_behind_one_care_of_address_share_the_tunnel),
		T(test_homes_with_several_agents_have_tunnels_of_their_own),
		T(test_operator_deregisters_and_registers_again),
		T(test_refresh_while_a_deregistration_is_unanswered_is_not_lost),
		T(test_stop_deregisters_and_leaves_nothing),
		T(test_stop_gives_up_after_two_tries),
		T(test_stop_in_every_phase_leaves_nothing),
		T(test_stop_at_home_needs_no_message),
	};
#undef T

	return cmocka_run_group_tests_name("role_mn_stop", tests, NULL, NULL);
}
