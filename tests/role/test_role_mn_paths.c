/* SPDX-License-Identifier: BSD-2-Clause */
/* Uplinks with BIDs (RFC 5648): all are registered, each has its tunnel, and one carries. */
#include "role/mn_bids_help.h"

/* ---- registering ---- */

static void test_first_update_overwrites_and_the_second_path_follows(void **state)
{
	struct bu b;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	assert_true(b.flags & BU_O);
	assert_int_equal(b.n_bid, 1);
	assert_true(tells(&b, 1, COA1, 1));
	assert_true(is6(&b.src, COA1));
	assert_int_equal(b.ifindex, WLAN0);
	assert_string_equal(default_dev(AF_INET6), "mip0");
	wwan(COA2);
	no_bu();				/* the answer comes first */
	assert_true(in_kernel(TUN("mip0b", COA2)));
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_string_equal(default_dev(AF_INET), "mip0a");
	b = one_bu();
	assert_false(b.flags & BU_O);
	assert_int_equal(b.n_bid, 2);
	assert_true(tells(&b, 1, COA1, 1) && tells(&b, 2, COA2, 2));
	assert_false(in_kernel("route ::/0 dev mip0b table 7002 metric 1024 src " HOA "/128"));
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_each_path_has_its_tables_and_rules(void **state)
{
	(void)state;
	both();
	assert_true(in_kernel(TUN("mip0a", COA1)));
	assert_true(in_kernel(TUN("mip0b", COA2)));
	assert_true(in_kernel("rule ipv6 pref 6006 from " HOA "/128 to any iif lo fwmark 0x2/0xff"
			      " lookup 7002"));
	assert_true(in_kernel("rule ipv6 pref 6006 from " MNP " to any fwmark 0x2/0xff lookup 7002"));
	assert_true(in_kernel("rule ipv4 pref 6006 from " NET4 " to any fwmark 0x1/0xff lookup 7001"));
	assert_true(in_kernel("rule ipv6 pref 6019 from any to any iif lo fwmark 0x1/0xff lookup 7001"));
	assert_true(in_kernel("rule ipv6 pref 6007 from any to any oif mip0b lookup 39770"));
	assert_true(in_kernel("route ::/0 dev mip0b table 7002 metric 1024 src " HOA "/128"));
	assert_true(in_kernel("route ::/0 dev mip0b table 39770 metric 1024 src " HOA "/128"));
}

static void test_without_bids_there_is_none_of_it(void **state)
{
	struct bu b;

	(void)state;
	w.uplink[0].bid = w.uplink[1].bid = 0;
	two_away();
	b = one_bu();
	assert_int_equal(b.n_bid, 0);
	accept_bu(&b);
	no_bu();
	assert_null(strstr(fake_kern_dump(), "fwmark"));
	assert_null(strstr(fake_kern_dump(), " oif "));
	assert_false(in_kernel(TUN("mip0b", COA2)));
}

/* ---- losses ---- */

static void test_lost_uplink_moves_traffic_before_the_home_agent_hears_of_it(void **state)
{
	struct bu b;

	(void)state;
	both();
	lost();
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	assert_string_equal(default_dev(AF_INET), "mip0b");
	assert_false(in_kernel("route ::/0 dev mip0a table 7001 metric 1024 src " HOA "/128"));
	assert_int_equal(n_event[EV_handover], 2);
	assert_int_equal(last_event[EV_handover].handover.bid, 2);
	b = one_bu();
	assert_true(b.dereg);
	assert_int_equal(b.n_bid, 1);
	assert_non_null(has_bid(&b, 1));
	assert_true(is6(&b.src, COA2));
	assert_int_equal(b.ifindex, WWAN0);
	accept_bu(&b);
	assert_false(in_kernel(TUN("mip0a", COA1)));
	assert_int_equal(n_event[EV_bul_remove], 1);
	assert_int_equal(last_event[EV_bul_remove].bul_remove.bid, 1);
	assert_int_equal(state_now(), BUL_BOUND);
	foreign1();
	b = one_bu();
	assert_int_equal(b.n_bid, 2);
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
}

static void test_dead_path_keeps_its_tunnel_and_loses_the_traffic(void **state)
{
	struct bu b;

	(void)state;
	both();
	assert_string_equal(mn_path_dev(home0(), path_of(1)), "mip0a");
	mn_path_alive(home0(), path_of(1), false);
	turn();
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	assert_false(in_kernel("route ::/0 dev mip0a table 7001 metric 1024 src " HOA "/128"));
	assert_true(in_kernel("route ::/0 dev mip0a table 39769 metric 1024 src " HOA "/128"));	/* probes */
	b = one_bu();
	assert_true(tells(&b, 1, COA1, 127) && tells(&b, 2, COA2, 2));
	assert_true(is6(&b.src, COA2));
	accept_bu(&b);
	mn_path_alive(home0(), path_of(1), true);
	turn();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	b = one_bu();
	assert_true(tells(&b, 1, COA1, 1));
	accept_bu(&b);
	no_bu();
}

static void test_unanswered_update_goes_by_the_other_uplink(void **state)
{
	struct bu b;

	(void)state;
	both();
	mn_refresh(mn, NULL);
	turn();
	b = one_bu();
	assert_int_equal(b.ifindex, WLAN0);
	advance(1.1);
	b = one_bu();
	assert_true(is6(&b.src, COA2));
	assert_int_equal(b.ifindex, WWAN0);
	assert_int_equal(b.n_bid, 2);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_all_lost_and_back(void **state)
{
	struct bu b;

	(void)state;
	both();
	lost();
	while (next_bu(&b))
		;
	wwan_lost();
	assert_int_equal(state_now(), BUL_IDLE);
	foreign1();
	b = one_bu();
	assert_true(tells(&b, 1, COA1, 1));
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_int_equal(state_now(), BUL_BOUND);
	assert_int_equal(info().bul->set.path[path_of(1)].held, 1);
}

/* ---- within an uplink ---- */

static void test_old_address_drains(void **state)
{
	struct bu b;

	(void)state;
	both();
	released = 0;
	md_says("coa", "wlan0", COA3, ROUTER1, "2001:db8:f3::/64");
	turn();
	b = one_bu();
	assert_int_equal(b.n_bid, 3);
	assert_true(tells(&b, 1, COA3, 1) && tells(&b, 0x8001, COA1, 127));
	assert_string_equal(default_dev(AF_INET6), "mip0a");	/* the old one, until the answer */
	assert_true(in_kernel(TUN("mip0c", COA3)));
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0c");
	assert_true(in_kernel(TUN("mip0a", COA1)));
	assert_true(in_kernel("route ::/0 dev mip0c table 7001 metric 1024 src " HOA "/128"));
	assert_int_equal(released, 0);
	advance(0.4);
	b = one_bu();
	assert_true(b.dereg);
	assert_int_equal(b.n_bid, 1);
	assert_non_null(has_bid(&b, 0x8001));
	accept_bu(&b);
	assert_false(in_kernel(TUN("mip0a", COA1)));
	assert_true(released > 0);
	assert_int_equal(state_now(), BUL_BOUND);
	no_bu();
}

static void test_address_after_a_loss_has_nothing_to_drain(void **state)
{
	struct bu b;

	(void)state;
	both();
	lost();
	md_says("coa", "wlan0", COA3, ROUTER1, "2001:db8:f3::/64");
	turn();
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	while (next_bu(&b))
		;
	assert_null(has_bid(&b, 0x8001));
	accept_bu(&b);
	if (next_bu(&b))
		accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0c");
}

/* ---- home agents that do less ---- */

static void test_166_and_an_answer_without_bids_mean_one_registration(void **state)
{
	struct bu b;

	(void)state;
	two_away();
	b = one_bu();
	ANSWER(&b, .status = BA_MCOA_PROHIBITED);
	b = one_bu();
	assert_int_equal(b.n_bid, 0);
	accept_bu(&b);
	no_bu();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_int_equal(last_event[EV_bul_add].bul_add.bid, 0);
	lost();
	b = one_bu();				/* by the other one, as without BIDs */
	assert_int_equal(b.n_bid, 0);
	assert_true(is6(&b.src, COA2));
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_answer_without_bids(void **state)
{
	struct bu b;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .status = 0, .no_bids = true);
	no_bu();
	assert_int_equal(state_now(), BUL_BOUND);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	wwan(COA2);
	no_bu();
}

static void test_168_means_one_in_each(void **state)
{
	struct bu b;

	(void)state;
	both();
	mn_refresh(mn, NULL);
	turn();
	b = one_bu();
	ANSWER(&b, .status = BA_MCOA_BULK);
	b = one_bu();
	assert_int_equal(b.n_bid, 1);
	assert_true(tells(&b, 1, COA1, 1) && is6(&b.src, COA1));
	accept_bu(&b);
	no_bu();				/* one in a second is left to the loss of a path */
	advance(1.1);
	b = one_bu();
	assert_int_equal(b.n_bid, 1);
	assert_true(tells(&b, 2, COA2, 2) && is6(&b.src, COA2));
	assert_int_equal(b.ifindex, WWAN0);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_one_refused_of_two(void **state)
{
	struct bu b;

	(void)state;
	two_away();
	told();
	b = one_bu();
	ANSWER(&b, .status = BA_MCOA_NOTCOMPLETE, .bid_status = { 0, BA_NO_RESOURCES });
	assert_int_equal(state_now(), BUL_BOUND);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_int_equal(last_event[EV_refused].refused.status, BA_NO_RESOURCES);
	assert_int_equal(last_event[EV_refused].refused.bid, 2);
	assert_string_equal(mn_path_dev(home0(), path_of(2)), "");
	assert_false(in_kernel("route ::/0 dev mip0b table 7002 metric 1024 src " HOA "/128"));
}

/* ---- the ends ---- */

static void test_at_home_all_go_and_away_all_come(void **state)
{
	struct bu b;

	(void)state;
	both();
	at_home();
	for (unsigned i = 0; i < 100 && !fake_mh_count(); i++)
		advance(0.05);			/* who defends the home address? */
	b = one_bu();
	assert_true(b.home && b.dereg);
	assert_int_equal(b.n_bid, 0);
	assert_string_equal(default_dev(AF_INET6), "mip0b");	/* a tunnel carries meanwhile */
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "wlan0");
	assert_false(in_kernel(TUN("mip0b", COA2)));
	assert_int_equal(n_event[EV_bul_remove], 2);
	advance(2);
	lost();
	b = one_bu();
	assert_true(tells(&b, 2, COA2, 2));
	assert_int_equal(b.n_bid, 1);
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");	/* the name was free */
}

static void test_stop_deletes_all(void **state)
{
	struct bu b;

	(void)state;
	both();
	mn_stop(mn, on_done, NULL);
	turn();
	b = one_bu();
	assert_true(b.dereg);
	assert_int_equal(b.n_bid, 0);
	accept_bu(&b);
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
}

static void test_forgotten_is_told_anew(void **state)
{
	struct bu b;

	(void)state;
	both();
	mn_forgotten(home0(), "test");
	turn();
	b = one_bu();
	assert_true(b.flags & BU_O);
	assert_int_equal(b.n_bid, 2);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_bids, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_first_update_overwrites_and_the_second_path_follows),
		T(test_each_path_has_its_tables_and_rules),
		T(test_without_bids_there_is_none_of_it),
		T(test_lost_uplink_moves_traffic_before_the_home_agent_hears_of_it),
		T(test_dead_path_keeps_its_tunnel_and_loses_the_traffic),
		T(test_unanswered_update_goes_by_the_other_uplink),
		T(test_all_lost_and_back),
		T(test_old_address_drains),
		T(test_address_after_a_loss_has_nothing_to_drain),
		T(test_166_and_an_answer_without_bids_mean_one_registration),
		T(test_answer_without_bids),
		T(test_168_means_one_in_each),
		T(test_one_refused_of_two),
		T(test_at_home_all_go_and_away_all_come),
		T(test_stop_deletes_all),
		T(test_forgotten_is_told_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
