/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Uplinks with BIDs (RFC 5648) while the configuration changes, several home addresses with them,
 * and uplinks that something else manages.
 */
#include "role/mn_bids_help.h"
#include "role/mn_reload_help.h"

#define INTO(dev, bid)	"route ::/0 dev " dev " table " bid " metric 1024 src " HOA "/128"

/* Running with a configuration that may change, both paths registered. */
static void running(void)
{
	begin();
	foreign1();
	wwan(COA2);
	both_told();
	memset(n_event, 0, sizeof(n_event));
}

/* Neither the home agent nor we have it. */
static bool is_gone(uint16_t bid)
{
	unsigned i = path_of(bid);

	return i == BUL_PATHS ||
	       (!home0()->bul.set.path[i].held && !home0()->bul.set.path[i].wanted);
}

static bool tunnels_stand(void)
{
	return in_kernel(TUN("mip0a", COA1)) && in_kernel(TUN("mip0b", COA2));
}

/* All that is out is taken until there is nothing more to say; how many updates that were. */
static unsigned settled(void)
{
	unsigned n = 0;
	struct bu b;

	for (int i = 0; i < 60; i++) {
		while (next_bu(&b)) {
			accept_bu(&b);
			n++;
		}
		advance(0.1);
	}
	assert_int_equal(state_now(), BUL_BOUND);
	return n;
}

static void test_another_order_moves_traffic_and_tells_the_priorities(void **state)
{
	struct bu b;

	(void)state;
	running();
	next.uplink[0].priority = 30;
	reload();
	assert_true(tunnels_stand());
	assert_string_equal(default_dev(AF_INET6), "mip0b");	/* registered already */
	b = told();
	assert_true(!b.dereg && tells(&b, 1, COA1, 2) && tells(&b, 2, COA2, 1));
	assert_int_equal(n_event[EV_bul_remove], 0);
	assert_true(in_kernel(INTO("mip0a", "7001")) && in_kernel(INTO("mip0b", "7002")));
	/* of one rank: both are told the same, and share */
	next.uplink[0].priority = next.uplink[1].priority;
	advance(1.1);
	reload();
	b = told();
	assert_true(tells(&b, 1, COA1, 1) && tells(&b, 2, COA2, 1));
	assert_non_null(strstr(fake_kern_dump(), "path of " HOA " bid 1 weight 1 dev mip0a"));
	/* another weight is nothing that the home agent hears of */
	next.uplink[0].weight = 7;
	reload();
	no_bu();
	assert_non_null(strstr(fake_kern_dump(), "weight 7"));
	assert_true(tunnels_stand());
}

static void test_an_uplink_goes_and_comes_with_another_identifier(void **state)
{
	const struct uplink_conf wlan = { .dev = "wlan0", .priority = 10, .weight = 1,
					  .table = 6000, .bid = 9 };
	struct bu b;

	(void)state;
	running();
	next.c.n_uplink = 1;
	next.uplink[0] = next.uplink[1];
	released = 0;
	reload();
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	assert_string_equal(default_dev(AF_INET), "mip0b");
	/* its rank is another now: the update tells that, and overwrites the rest */
	b = one_bu();
	assert_true(b.flags & BU_O && b.n_bid == 1 && tells(&b, 2, COA2, 1) && is6(&b.src, COA2));
	/* until the home agent knows it sends there */
	assert_true(in_kernel(TUN("mip0a", COA1)) && !released);
	accept_bu(&b);
	assert_true(!in_kernel(TUN("mip0a", COA1)) && released);
	assert_int_equal(n_event[EV_bul_remove], 1);
	assert_int_equal(state_now(), BUL_BOUND);
	no_bu();
	advance(1.1);
	next.c.n_uplink = 2;
	next.uplink[1] = wlan;
	reload();
	b = told();				/* the second again, though alone still */
	assert_true(b.n_bid == 1 && tells(&b, 2, COA2, 2));
	foreign1();
	b = told();
	assert_true(tells(&b, 9, COA1, 1) && tells(&b, 2, COA2, 2) && !(b.flags & BU_O));
	assert_string_equal(default_dev(AF_INET6), mn_path_dev(home0(), path_of(9)));
	assert_true(in_kernel(TUN("mip0b", COA2)));
}

/* Of the path that carries, and of the other one. */
static void test_another_identifier_is_registered_before_the_old_one_goes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		running();
		next.uplink[i].bid = 7;
		reload();
		assert_string_equal(default_dev(AF_INET6), i ? "mip0a" : "mip0b");
		settled();
		assert_true(is_gone(i + 1));
		assert_true(home0()->bul.set.path[path_of(7)].held);
		assert_string_equal(default_dev(AF_INET6),
				    mn_path_dev(home0(), path_of(i ? 1 : 7)));
		assert_null(strstr(fake_kern_dump(), i ? "lookup 7002" : "lookup 7001"));
		assert_non_null(strstr(fake_kern_dump(), "lookup 7007"));
		over(state);
		setup_bids(state);
	}
	running();
}

static void test_tables_and_the_mask_of_marks_follow(void **state)
{
	(void)state;
	running();
	next.c.bid_table = 7500;
	next.c.mark_mask = 0xff00;
	reload();
	no_bu();
	assert_true(tunnels_stand());
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_true(in_kernel(INTO("mip0a", "7501")) && in_kernel(INTO("mip0b", "7502")));
	assert_true(in_kernel("rule ipv6 pref 6006 from " MNP " to any fwmark 0x200/0xff00"
			      " lookup 7502"));
	assert_null(strstr(fake_kern_dump(), "table 7002"));
	assert_null(strstr(fake_kern_dump(), "fwmark 0x2/0xff "));
}

static void test_all_identifiers_go_and_come(void **state)
{
	struct bu b;

	(void)state;
	running();
	next.uplink[0].bid = next.uplink[1].bid = 0;
	reload();
	assert_int_equal(strncmp(default_dev(AF_INET6), "mip0", 4), 0);
	b = told();
	assert_true(!b.n_bid && is6(&b.src, COA1));
	settled();
	assert_null(strstr(fake_kern_dump(), "fwmark"));
	assert_string_equal(default_dev(AF_INET6), info().tunnel);
	next.uplink[0].bid = 1;
	next.uplink[1].bid = 2;
	reload();
	assert_int_equal(strncmp(default_dev(AF_INET6), "mip0", 4), 0);
	settled();
	assert_true(home0()->bul.set.path[path_of(1)].held);
	assert_true(home0()->bul.set.path[path_of(2)].held);
	assert_true(in_kernel(INTO("mip0a", "7001")) || in_kernel(INTO("mip0b", "7001")));
}

/* A reload in the middle: the answer to what was asked before counts, and the rest is told. */
static void test_a_reload_while_an_answer_is_awaited(void **state)
{
	struct bu b;

	(void)state;
	running();
	wwan_lost();
	b = one_bu();
	assert_true(b.dereg && has_bid(&b, 2));
	next.uplink[0].bid = 5;
	reload();
	accept_bu(&b);
	settled();
	assert_true(home0()->bul.set.path[path_of(5)].held);
	assert_true(is_gone(1) && is_gone(2));
	assert_string_equal(default_dev(AF_INET6), mn_path_dev(home0(), path_of(5)));
}

/* ---- several homes ---- */

static unsigned held_paths(const struct mn_home *h)
{
	unsigned n = 0;

	for (unsigned i = 0; i < BUL_PATHS; i++)
		n += h->bul.set.path[i].bid && h->bul.set.path[i].held;
	return n;
}

static struct mn_home *home_of(const char *hoa)
{
	struct in6_addr a = ip6(hoa);

	return mn_find(mn, &a);
}

static void test_every_home_address_has_every_path(void **state)
{
	struct mn_home *one, *two;
	struct bu b;
	unsigned n = 0;

	(void)state;
	w.c.n_home = 2;
	begin();
	foreign1();
	wwan(COA2);
	settled();
	one = home_of(HOA);
	two = &mn->home[one == &mn->home[0]];
	assert_true(held_paths(one) == 2 && held_paths(two) == 2);
	assert_string_not_equal(mn_path_dev(one, 0), mn_path_dev(two, 0));
	/* one loss, each home agent is told of each home address */
	wwan_lost();
	while (next_bu(&b)) {
		assert_true(b.dereg && has_bid(&b, 2) && is6(&b.src, COA1));
		accept_bu(&b);
		n++;
	}
	assert_int_equal(n, 2);
	assert_true(held_paths(one) == 1 && held_paths(two) == 1);
	/* the second goes while the first stays */
	advance(1.1);
	next.c.n_home = 1;
	reload();
	settled();
	assert_int_equal(held_paths(home_of(HOA)), 1);
	assert_null(home_of(HOA2));
	/* and comes, to what there is by then */
	wwan(COA2);
	settled();
	next.c.n_home = 2;
	reload();
	settled();
	assert_true(held_paths(home_of(HOA)) == 2 && held_paths(home_of(HOA2)) == 2);
}

/* ---- managed ---- */

/* Its address is the manager's, who takes the old one away: nothing drains there, and the other path
 * carries meanwhile. */
static void test_managed_uplinks_change_their_addresses(void **state)
{
	struct bu b;

	(void)state;
	w.uplink[0].managed = w.uplink[1].managed = true;
	running();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	md_says("coa", "wlan0", COA3, ROUTER1, "2001:db8:f3::/64");
	turn();
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	b = told();
	assert_true(tells(&b, 1, COA3, 1) && !has_bid(&b, 0x8001));
	assert_string_equal(default_dev(AF_INET6), mn_path_dev(home0(), path_of(1)));
	assert_true(in_kernel(TUN("mip0b", COA2)));
	settled();
	assert_int_equal(held_paths(home0()), 2);
	/* managed or not is no matter of the home agent's */
	next.uplink[0].managed = false;
	reload();
	no_bu();
	assert_string_equal(default_dev(AF_INET6), mn_path_dev(home0(), path_of(1)));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_bids, over)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_another_order_moves_traffic_and_tells_the_priorities),
		T(test_an_uplink_goes_and_comes_with_another_identifier),
		T(test_another_identifier_is_registered_before_the_old_one_goes),
		T(test_tables_and_the_mask_of_marks_follow),
		T(test_all_identifiers_go_and_come),
		T(test_a_reload_while_an_answer_is_awaited),
		T(test_every_home_address_has_every_path),
		T(test_managed_uplinks_change_their_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
