/* SPDX-License-Identifier: BSD-2-Clause */
/* Homes and uplinks come, go and change with a configuration that a mobile router takes over. */
#include "mn_reload_help.h"

/* ---- homes ---- */

#define NET6B	"2001:db8:291::/64"

static void add_home(void)
{
	next.c.n_home = 2;
	next.home[1].sec.method = SEC_NONE;
	next.mnp[4] = mnp_conf(NET6B, PREFIX_EXPLICIT, "lan0");
	next.home[1].prefixes = &next.mnp[4];
	next.home[1].n_prefix = 1;
}

static void test_a_home_comes_and_goes(void **state)
{
	struct bu b;
	size_t objects;

	(void)state;
	away_and_bound();
	objects = fake_kern_count();
	add_home();
	reload();
	advance(0.1);
	b = bu_of(HOA2);
	accept_bu(&b);
	assert_non_null(strstr(fake_kern_dump(), NET6B));
	assert_int_equal(state_now(), BUL_BOUND);	/* the other one */
	next.c.n_home = 1;
	reload();
	b = bu_of(HOA2);
	assert_true(b.dereg);
	accept_bu(&b);
	advance(0.1);
	assert_null(strstr(fake_kern_dump(), HOA2));
	assert_null(strstr(fake_kern_dump(), NET6B));
	assert_int_equal(fake_kern_count(), objects);
	assert_false(mn_home(mn, 1, &(struct mn_info){ 0 }));
	no_bu();
	/* its place can be had again */
	add_home();
	reload();
	advance(0.1);
	b = bu_of(HOA2);
	accept_bu(&b);
	assert_int_equal(mn_homes(mn), 2);
}

/* An undo may want it back before it is through. */
static void test_a_home_that_comes_back_waits_until_it_has_gone(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	add_home();
	reload();
	advance(0.1);
	b = bu_of(HOA2);
	accept_bu(&b);
	next.c.n_home = 1;
	reload();
	b = bu_of(HOA2);
	assert_true(b.dereg);
	next.c.n_home = 2;
	reload();
	no_bu();
	accept_bu(&b);
	advance(0.2);
	b = bu_of(HOA2);
	assert_false(b.dereg);
	accept_bu(&b);
	/* and when its home agent is silent, it still comes */
	next.c.n_home = 1;
	reload();
	next.c.n_home = 2;
	reload();
	while (next_bu(&b))
		assert_true(b.dereg);
	for (unsigned i = 0; i < 100 && !(next_bu(&b) && !b.dereg); i++)
		advance(0.1);
	assert_false(b.dereg);
}

/* The prefix is the old home's until that one has gone. */
static void test_a_home_address_changes(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	next.home[0].hoa = pfx("2001:db8:280::cafe/64");
	next.home[0].table = 6502;
	reload();
	b = bu_of(HOA);
	assert_true(b.dereg);
	assert_null(strstr(fake_kern_dump(), "2001:db8:280::cafe"));
	accept_bu(&b);
	advance(0.2);
	b = bu_of("2001:db8:280::cafe");
	assert_true(b.n_mnp == 1 && b.n_ipv4 == 1);
	accept_bu(&b);
	assert_null(strstr(fake_kern_dump(), HOA));
	assert_non_null(strstr(fake_kern_dump(), MNP));
}

static void test_the_first_home_of_the_file_is_the_default(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	add_home();
	next.home[1].place = 1;
	reload();
	advance(0.1);
	b = bu_of(HOA2);
	accept_bu(&b);
	assert_true(in_kernel("rule pref 6020 inet6 iif lo lookup 6500") ||
		    strstr(fake_kern_dump(), "lookup 6500"));
	assert_ptr_equal(mn_conf_default(&w.c, false), &w.c.homes[0]);
	next.home[0].place = 1;
	next.home[1].place = 0;
	reload();
	no_bu();
	assert_ptr_equal(mn_conf_default(&w.c, false), &w.c.homes[1]);
}

static void test_there_is_no_room_without_end(void **state)
{
	struct mn_reload *r = NULL;
	struct home_conf *many = calloc(64, sizeof(*many));

	(void)state;
	away_and_bound();
	for (unsigned i = 0; i < 64; i++) {
		many[i] = next.home[1];
		many[i].hoa.a.in6.s6_addr[14] = (uint8_t)i;
	}
	next.c.homes = many;
	next.c.n_home = 64;
	assert_int_equal(mn_reload_prepare(mn, &next.c, &r), -ENOSPC);
	assert_null(r);
	next.c.n_home = LIVE_MORE_HOMES;
	assert_int_equal(mn_reload_prepare(mn, &next.c, &r), 0);
	mn_reload_free(r);
	no_bu();
	free(many);
}

/* ---- uplinks ---- */

static void test_the_uplink_in_use_goes_after_another_has_taken_over(void **state)
{
	char dev[IFNAMSIZ];
	struct bu b;

	(void)state;
	away_and_bound();
	md_says("coa", "wwan0", COA3, ROUTER2, "2001:db8:f3::/64");
	turn();
	no_bu();				/* wlan0 has the better priority */
	snprintf(dev, sizeof(dev), "%s", default_dev(AF_INET6));
	next.c.n_uplink = 1;
	next.uplink[0] = next.uplink[1];	/* wwan0 is left */
	reload();
	b = one_bu();
	assert_true(is6(&b.coa, COA3));
	assert_string_equal(default_dev(AF_INET6), dev);
	accept_bu(&b);
	assert_string_not_equal(default_dev(AF_INET6), dev);
	assert_string_equal(info().uplink, "wwan0");
	/* and comes back */
	next.c.n_uplink = 2;
	next.uplink[1] = (struct uplink_conf){ .dev = "wlan0", .priority = 10, .table = 6000 };
	reload();
	no_bu();
	foreign1();
	b = one_bu();
	assert_true(is6(&b.coa, COA1));
}

static void test_another_priority_moves(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	md_says("coa", "wwan0", COA3, ROUTER2, "2001:db8:f3::/64");
	turn();
	next.uplink[1].priority = 5;
	reload();
	b = one_bu();
	assert_true(is6(&b.coa, COA3));
	accept_bu(&b);
	/* of two with the same one the present stays, wherever it stands */
	next.uplink[0].priority = 5;
	next.uplink[0].place = 0;
	next.uplink[1].place = 1;
	reload();
	no_bu();
}

static void test_probes_follow_their_timer(void **state)
{
	(void)state;
	away_and_bound();
	advance(5);
	assert_int_equal(mn_stats(mn).probes, 0);
	next.c.timers.probe_interval = 1;
	reload();
	advance(2.5);
	assert_true(mn_stats(mn).probes >= 2);
	next.c.timers.probe_interval = 0;
	reload();
	no_bu();
	{
		uint64_t n = mn_stats(mn).probes;

		advance(2.5);
		assert_int_equal(mn_stats(mn).probes, n);
	}
}

static void test_a_stop_in_the_middle_leaves_nothing(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	next.home[0].hoa = pfx("2001:db8:280::cafe/64");
	reload();
	mn_stop(mn, on_done, NULL);
	for (unsigned i = 0; i < 50 && done_rc == 1; i++) {
		while (next_bu(&b))
			assert_true(b.dereg);
		advance(0.5);
	}
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, over)
	static const struct CMUnitTest tests[] = {
		T(test_a_home_comes_and_goes),
		T(test_a_home_that_comes_back_waits_until_it_has_gone),
		T(test_a_home_address_changes),
		T(test_the_first_home_of_the_file_is_the_default),
		T(test_there_is_no_room_without_end),
		T(test_the_uplink_in_use_goes_after_another_has_taken_over),
		T(test_another_priority_moves),
		T(test_probes_follow_their_timer),
		T(test_a_stop_in_the_middle_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
