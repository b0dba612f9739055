/* SPDX-License-Identifier: BSD-2-Clause */
/* One uplink on the home link and others elsewhere, at a time (RFC 5648 5.6): the mobile side. */
#include "role/mn_role_help.h"

#include "role/mn_priv.h"

#define TABLE1	"route ::/0 via " HOME_ROUTER " dev wlan0 table 7001 metric 1024 src " HOA "/128"
#define BOUND1	"route ::/0 via " HOME_ROUTER " dev wlan0 table 39769 metric 1024 src " HOA "/128"
#define ADDRESS	"addr " HOA "/64 dev wlan0 nodad home noprefixroute"
#define OIF	"rule ipv6 pref 6007 from " HOA "/128 to any iif lo oif wlan0 lookup 39769"

static int setup_both(void **state)
{
	setup(state);
	w.uplink[0].bid = 1;
	w.uplink[1].bid = 2;
	w.home[0].simultaneous_home = true;
	ra_ll = (struct nd_lladdr){ 6, { 2, 0, 0, 0, 0, 1 } };	/* the home agent's: nobody asks */
	return 0;
}

static void wwan(const char *coa)
{
	md_says("coa", "wwan0", coa, ROUTER2, LINK2);
	turn();
}

static void wwan_lost(void)
{
	md_says("lost", "wwan0", NULL, NULL, NULL);
	turn();
}

static const struct mhopt_bid *of(const struct bu *b, uint16_t bid)
{
	for (unsigned i = 0; i < b->n_bid; i++)
		if (b->bid[i].bid == bid)
			return &b->bid[i];
	fail_msg("no BID %u", bid);
	return NULL;
}

/* The update has H in BID 1, with the home address, and BID 2 elsewhere. */
static void is_both(const struct bu *b)
{
	assert_int_equal(b->n_bid, 2);
	assert_true(of(b, 1)->home && !of(b, 2)->home);
	assert_true(is6(&of(b, 1)->coa.a.in6, HOA));
	assert_true(is6(&of(b, 2)->coa.a.in6, COA2));
	assert_int_not_equal(b->lifetime, 0);
	/* RFC 5568 6.4.4: option code 2 */
	assert_int_equal(b->lla_len, 7);
	assert_memory_equal(b->lla, "\x02\x02\0\0\0\0\x03", 7);
}

static struct mn_home *home0(void)
{
	struct in6_addr hoa = ip6(HOA);

	return mn_find(mn, &hoa);
}

static unsigned adverts(void)
{
	const struct fake_nd *f;
	unsigned n = 0;

	while ((f = fake_nd_pop()))
		n += f->m.type == ND_NA;
	return n;
}

/* Registered by wwan0 alone; then wlan0 comes to the home link: what is said then. */
static struct bu comes_home_somehow(void)
{
	struct bu b;

	start();
	wwan(COA2);
	b = one_bu();
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	advance(1.1);
	at_home();
	return one_bu();
}

static struct bu comes_home(void)
{
	struct bu b = comes_home_somehow();

	is_both(&b);
	return b;
}

static void test_home_link_is_registered_beside_the_other(void **state)
{
	struct bu b;

	(void)state;
	b = comes_home();
	/* from elsewhere, and until the answer the home link is not touched */
	assert_true(is6(&b.src, COA2));
	assert_int_equal(b.ifindex, WWAN0);
	assert_false(b.dereg);
	assert_false(in_kernel(ADDRESS));
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_false(in_kernel(TABLE1));
	assert_int_equal(adverts(), 0);
	accept_bu(&b);
	no_bu();
	assert_int_equal(state_now(), BUL_BOUND);
	assert_true(in_kernel(ADDRESS));
	assert_int_equal(adverts(), 1);
	advance(1);
	assert_int_equal(adverts(), 1);
	/* the better priority carries; marks lead to either */
	assert_string_equal(default_dev(AF_INET6), "wlan0");
	assert_string_equal(default_dev(AF_INET), "wlan0");
	assert_true(in_kernel(TABLE1));
	assert_true(in_kernel(BOUND1));
	assert_true(in_kernel(OIF));
	assert_true(in_kernel("route ::/0 dev mip0a table 7002 metric 1024 src " HOA "/128"));
}

static void test_host_has_it_as_well(void **state)
{
	struct bu b;

	(void)state;
	w.c.router = false;
	w.home[0].n_prefix = 0;
	b = comes_home();
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
	assert_true(in_kernel(ADDRESS));
	assert_true(in_kernel(TABLE1));
	assert_string_equal(default_dev(AF_INET6), "wlan0");
}

/* No home agent answers by any path: the home link does without it, as ever. */
static void test_silent_home_agent_ends_at_home(void **state)
{
	struct bu b;

	(void)state;
	b = comes_home();
	ANSWER(&b, .status = 0, .lifetime = 40);
	assert_string_equal(default_dev(AF_INET6), "wlan0");
	while (next_bu(&b))
		;
	for (unsigned i = 0; i < 60; i++) {
		advance(1);
		while (next_bu(&b))
			;
	}
	assert_int_equal(state_now(), BUL_LEAVE);
	assert_true(b.dereg && b.home);
}

static void test_5_keeps_silent_about_the_home_address(void **state)
{
	struct bu b;

	(void)state;
	b = comes_home();
	ANSWER(&b, .status = BA_MCOA_RETURNHOME, .bid_status = { BA_MCOA_RETURNHOME });
	assert_int_equal(state_now(), BUL_BOUND);
	assert_false(in_kernel(ADDRESS));
	assert_int_equal(adverts(), 0);
	assert_string_equal(default_dev(AF_INET6), "wlan0");
	assert_true(in_kernel(TABLE1));
	/* nothing but the router is a neighbour there */
	assert_null(strstr(fake_kern_dump(), "route 2001:db8:280::/64 dev wlan0"));
	advance(3);
	assert_int_equal(adverts(), 0);
}

static void test_5_of_the_message_alone_counts(void **state)
{
	struct bu b;

	(void)state;
	b = comes_home();
	ANSWER(&b, .status = BA_MCOA_RETURNHOME);
	assert_int_equal(state_now(), BUL_BOUND);
	assert_false(in_kernel(ADDRESS));
	assert_true(in_kernel(TABLE1));
}

static void test_169_returns_home_for_good(void **state)
{
	struct bu b;

	(void)state;
	b = comes_home();
	ANSWER(&b, .status = BA_MCOA_NOTCOMPLETE,
	       .bid_status = { [0] = b.bid[0].home ? BA_MCOA_SIMULTANEOUS : 0,
			       [1] = b.bid[0].home ? 0 : BA_MCOA_SIMULTANEOUS });
	assert_int_equal(state_now(), BUL_LEAVE);
	b = one_bu();
	assert_true(b.dereg && b.home && !b.n_bid);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_HOME);
	assert_string_equal(default_dev(AF_INET6), "wlan0");
	/* and that is not tried again while we are here */
	wwan(COA1);
	wwan(COA2);
	no_bu();
	assert_int_equal(state_now(), BUL_HOME);
	/* next time it is */
	advance(1.1);
	lost();
	b = one_bu();
	assert_int_equal(b.n_bid, 1);
	accept_bu(&b);
	advance(1.1);
	at_home();
	b = one_bu();
	is_both(&b);
}

static void test_home_agent_without_bids_means_home_alone(void **state)
{
	struct bu b;

	(void)state;
	b = comes_home();
	ANSWER(&b, .status = 0, .no_bids = true);
	assert_int_equal(state_now(), BUL_LEAVE);
	b = one_bu();
	assert_true(b.dereg && b.home);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_HOME);
}

static void test_home_link_is_left_by_an_update_without_h(void **state)
{
	struct bu b;

	(void)state;
	b = comes_home();
	accept_bu(&b);
	advance(1.1);
	adverts();
	lost();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_false(in_kernel(ADDRESS));
	assert_false(in_kernel(TABLE1));
	b = one_bu();
	assert_false(b.dereg);
	assert_int_equal(b.n_bid, 1);
	assert_true(of(&b, 2) && !of(&b, 2)->home);
	assert_true(is6(&b.src, COA2));
	accept_bu(&b);
	no_bu();
	assert_int_equal(state_now(), BUL_BOUND);
	advance(3);
	assert_int_equal(adverts(), 0);
}

static void test_others_lost_is_home_for_good_and_nothing_stops(void **state)
{
	struct bu b;

	(void)state;
	b = comes_home();
	accept_bu(&b);
	advance(1.1);
	adverts();
	wwan_lost();
	assert_int_equal(state_now(), BUL_LEAVE);
	assert_string_equal(default_dev(AF_INET6), "wlan0");
	assert_true(in_kernel(ADDRESS));
	b = one_bu();
	assert_true(b.dereg && b.home && !b.n_bid);
	assert_int_equal(b.ifindex, WLAN0);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_HOME);
	assert_string_equal(default_dev(AF_INET6), "wlan0");
	/* another link: the home link carries on while it is asked for */
	advance(1.1);
	wwan(COA2);
	assert_string_equal(default_dev(AF_INET6), "wlan0");
	assert_true(in_kernel(ADDRESS));
	b = one_bu();
	is_both(&b);
	assert_true(b.flags & BU_O);
	assert_true(is6(&b.src, COA2));
	assert_string_equal(default_dev(AF_INET6), "wlan0");
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "wlan0");
	assert_true(in_kernel(ADDRESS));
	assert_true(in_kernel("route ::/0 dev mip0b table 7002 metric 1024 src " HOA "/128") ||
		    in_kernel("route ::/0 dev mip0a table 7002 metric 1024 src " HOA "/128"));
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_silent_other_path_is_told_from_the_home_link(void **state)
{
	struct bu b;

	(void)state;
	w.uplink[0].priority = 30;		/* the other one carries */
	b = comes_home();
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_true(in_kernel(TABLE1));
	assert_true(in_kernel(ADDRESS));
	advance(1.1);
	assert_string_equal(mn_path_dev(home0(), bul_path_find(&home0()->bul, 1)), "wlan0");
	mn_path_alive(home0(), bul_path_find(&home0()->bul, 2), false);
	turn();
	assert_string_equal(default_dev(AF_INET6), "wlan0");
	b = one_bu();
	is_both(&b);
	assert_int_equal(of(&b, 2)->prio, 127);
	assert_true(b.home);			/* RFC 5648 5.6.3, no home address option */
	assert_true(is6(&b.src, HOA));
	assert_int_equal(b.ifindex, WLAN0);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
	mn_path_alive(home0(), bul_path_find(&home0()->bul, 2), true);
	turn();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
}

/* By the home address and its device; nothing from "outside", which would be the same. */
static void test_home_link_is_probed_once(void **state)
{
	const struct fake_icmp *f;
	struct bu b;
	unsigned n = 0;

	(void)state;
	w.uplink[0].probe = PATH_PROFILE_NORMAL;
	b = comes_home();
	accept_bu(&b);
	while (fake_icmp_pop())
		;
	advance(0.5);
	while ((f = fake_icmp_pop())) {
		if (f->m.type != ICMP6_ECHOREQ_ || f->tx.ifindex != WLAN0)
			continue;
		assert_true(is6(&f->tx.src, HOA));
		assert_int_equal(f->tx.mark, 1);
		n++;
	}
	assert_in_range(n, 1, 10);
}

static void test_unless_configured_it_is_home_alone(void **state)
{
	struct bu b;

	(void)state;
	w.home[0].simultaneous_home = false;
	b = comes_home_somehow();
	assert_true(b.dereg && b.home && !b.n_bid);
	assert_false(in_kernel(OIF));
}

static void test_one_bid_in_each_update_is_home_alone(void **state)
{
	struct bu b;

	(void)state;
	w.home[0].bulk = false;
	b = comes_home_somehow();
	assert_true(b.dereg && b.home);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup_both, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_home_link_is_registered_beside_the_other),
		T(test_host_has_it_as_well),
		T(test_silent_home_agent_ends_at_home),
		T(test_5_keeps_silent_about_the_home_address),
		T(test_5_of_the_message_alone_counts),
		T(test_169_returns_home_for_good),
		T(test_home_agent_without_bids_means_home_alone),
		T(test_home_link_is_left_by_an_update_without_h),
		T(test_others_lost_is_home_for_good_and_nothing_stops),
		T(test_silent_other_path_is_told_from_the_home_link),
		T(test_home_link_is_probed_once),
		T(test_unless_configured_it_is_home_alone),
		T(test_one_bid_in_each_update_is_home_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
