/* SPDX-License-Identifier: BSD-2-Clause */
/* The movement detector when the configuration has more uplinks, fewer, or others. */
#include "md_role_help.h"

/* wl1 and wwan0 are not configured at first: their places are free. */
static void begin(void)
{
	conf.n_uplink = 1;
	memset(&uplink[1], 0, 2 * sizeof(uplink[1]));
	start_md();
}

static struct in6_addr with_one(void)
{
	begin();
	return attached();
}

static void add_wl1(void)
{
	uplink[1] = (struct uplink_conf){ .dev = "wl1", .table = 6001 };
	conf.n_uplink = 2;
	md_reload(md);
	turn();
}

static void test_what_stays_is_not_touched(void **state)
{
	struct in6_addr coa = with_one();

	(void)state;
	fake_kern_log();
	md_reload(md);
	turn();
	assert_string_equal(fake_kern_log(), "");
	no_event();
	assert_true(has_address("wl0", &coa, false));
}

static void test_an_uplink_comes(void **state)
{
	struct in6_addr b = formed(B, "wl1", 0);
	struct md_uplink_info info;

	(void)state;
	with_one();
	link_up(WL1);				/* nobody's yet */
	assert_int_equal(fake_nd_watched(WL1), 0);
	add_wl1();
	assert_int_equal(fake_nd_watched(WL1), 1);
	ra(WL1, 2, B);
	told("wl1", "coa", &b, 2);
	assert_true(md_uplink(md, 1, &info) && strcmp(info.dev, "wl1") == 0);
	assert_true(has_rule(&b, 6001));
}

/* Lost for those who choose; what arrives there is still taken until nobody needs it. */
static void test_an_uplink_goes_when_it_is_released(void **state)
{
	struct in6_addr coa = with_one();
	struct md_uplink_info info;

	(void)state;
	link_up(WL1);
	add_wl1();
	uplink[0].leaving = true;
	md_reload(md);
	turn();
	told("wl0", "lost", NULL, 0);
	assert_true(has_address("wl0", &coa, false) && has_rule(&coa, 6000));
	ra(WL0, 3, C);				/* it hears no more */
	no_event();
	assert_false(md_uplink(md, 0, &info));
	md_release_old(md, "wl0");
	turn();
	assert_false(has_address("wl0", &coa, false) || has_rule(&coa, 6000));
	assert_int_equal(fake_nd_watched(WL0), 0);
	assert_string_equal(uplink[0].dev, "");	/* the place is free */
	assert_int_equal(md_uplinks(md), 2);
	/* and is had again, by the same one */
	uplink[0] = (struct uplink_conf){ .dev = "wl0", .table = 6000 };
	md_reload(md);
	turn();
	ra(WL0, 1, A);
	told("wl0", "coa", &coa, 1);
}

static void test_an_uplink_that_nobody_releases_goes_by_itself(void **state)
{
	struct in6_addr coa = with_one();

	(void)state;
	uplink[0].leaving = true;
	md_reload(md);
	turn();
	told("wl0", "lost", NULL, 0);
	fake_run_advance(9);
	assert_true(has_address("wl0", &coa, false));
	fake_run_advance(1.5);
	assert_false(has_address("wl0", &coa, false));
	assert_string_equal(uplink[0].dev, "");
}

/* An undo: it is wanted again before it has gone. */
static void test_an_uplink_that_is_leaving_comes_back(void **state)
{
	struct in6_addr coa = with_one();

	(void)state;
	uplink[0].leaving = true;
	md_reload(md);
	turn();
	told("wl0", "lost", NULL, 0);
	uplink[0].leaving = false;
	md_reload(md);
	turn();
	ra(WL0, 1, A);
	told("wl0", "coa", &coa, 1);
	assert_true(has_address("wl0", &coa, false));
	fake_run_advance(15);
	assert_true(has_address("wl0", &coa, false));
}

/* Reload x duplicate address detection of the care-of address. */
static void test_a_test_under_way_ends_with_its_uplink(void **state)
{
	struct in6_addr coa = formed(A, "wl0", 0);

	(void)state;
	begin();
	link_up(WL0);
	ra(WL0, 1, A);
	told("wl0", "coa", &coa, 1);
	md_reload(md);
	turn();
	assert_int_equal(fake_dad_count(), 1);	/* it goes on */
	uplink[0].leaving = true;
	md_reload(md);
	turn();
	told("wl0", "lost", NULL, 0);
	assert_int_equal(fake_dad_count(), 0);
}

static void test_a_device_that_vanishes_while_it_is_leaving(void **state)
{
	struct klink l;

	(void)state;
	with_one();
	uplink[0].leaving = true;
	md_reload(md);
	turn();
	told("wl0", "lost", NULL, 0);
	l = *kern_link(fake_kern(), "wl0");
	fake_kern_link(&l, true);
	turn();
	assert_string_equal(uplink[0].dev, "");
	fake_run_advance(20);
	no_event();
}

/* From our own address to one that something else puts there, and back. */
static void test_managed_changes(void **state)
{
	struct in6_addr coa = with_one(), theirs = ip("2001:db8:a::77");

	(void)state;
	uplink[0].managed = true;
	md_reload(md);
	turn();
	told("wl0", "lost", NULL, 0);
	assert_false(has_address("wl0", &coa, false));
	address(WL0, "2001:db8:a::77/64", IFA_F_PERMANENT, false);
	assert_true(n_heard > n_read && in6_eq(&heard[n_heard - 1].md_info.care_of, &theirs));
	n_read = n_heard;
	uplink[0].managed = false;
	md_reload(md);
	turn();
	told("wl0", "lost", NULL, 0);
	ra(WL0, 1, A);
	told("wl0", "coa", &coa, 1);
	assert_true(has_address("wl0", &coa, false));
}

static void test_a_stop_while_one_is_leaving_leaves_nothing(void **state)
{
	(void)state;
	with_one();
	link_up(WL1);
	add_wl1();
	uplink[0].leaving = true;
	md_reload(md);				/* teardown() stops it, and looks */
}

int main(void)
{
#define R(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		R(test_what_stays_is_not_touched),
		R(test_an_uplink_comes),
		R(test_an_uplink_goes_when_it_is_released),
		R(test_an_uplink_that_nobody_releases_goes_by_itself),
		R(test_an_uplink_that_is_leaving_comes_back),
		R(test_a_test_under_way_ends_with_its_uplink),
		R(test_a_device_that_vanishes_while_it_is_leaving),
		R(test_managed_changes),
		R(test_a_stop_while_one_is_leaving_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
