/* SPDX-License-Identifier: BSD-2-Clause */
/* The home agent while it looks for duplicates, and what comes meanwhile. */
#include "ha_role_help.h"

#include <errno.h>

static void test_duplicate_gets_134_and_leaves_nothing(void **state)
{
	(void)state;
	start();
	BU(.seq = 1);
	dad_ends(MR, true);
	ba_is(BA_DAD_FAILED, 1);
	assert_null(entry(MR));
	assert_int_equal(fake_kern_unfinished(), 0);
	assert_string_equal(fake_kern_log(), "");
	assert_true(last_event[EV_dad].dad.duplicate);
	assert_int_equal(ha_stats(ha).dad_failed, 1);
	BU(.seq = 1);			/* it may try again */
	assert_int_equal(fake_dad_count(), 1);
}

static void test_l_tests_both_addresses_at_once(void **state)
{
	struct in6_addr ll = ip6("fe80::beef"), mr = ip6(MR);
	const struct fake_nd *na;

	(void)state;
	start();
	BU(.seq = 1, .flags = AHR | BU_L);
	assert_int_equal(fake_dad_count(), 2);
	dad_ends("fe80::beef", false);
	assert_int_equal(fake_kern_unfinished(), 0);
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	na = fake_nd_pop();
	assert_true(na && in6_eq(&na->m.na.target, &mr));
	na = fake_nd_pop();
	assert_true(na && in6_eq(&na->m.na.target, &ll));
	assert_int_equal(fake_kern_count_kind(KOBJ_PROXY), 2);
}

static void test_duplicate_link_local_fails_the_whole_update(void **state)
{
	(void)state;
	start();
	BU(.seq = 1, .flags = AHR | BU_L);
	dad_ends("fe80::beef", true);
	ba_is(BA_DAD_FAILED, 1);
	assert_int_equal(fake_dad_count(), 0);	/* the other one is stopped */
	assert_null(entry(MR));
}

static void test_newer_update_during_dad_is_the_one_answered(void **state)
{
	struct in6_addr coa2 = ip6(COA2);
	const struct fake_mh *f;

	(void)state;
	start();
	BU(.seq = 1);
	BU(.seq = 2);			/* retransmission */
	BU(.src = COA2, .seq = 3);
	assert_int_equal(fake_dad_count(), 1);
	assert_int_equal(ha_stats(ha).dad_started, 1);
	silence();
	dad_ends(MR, false);
	kernel_works();
	f = ba_is(BA_ACCEPTED, 3);
	assert_true(in6_eq(&f->tx.rh2_coa, &coa2));
	assert_true(in6_eq(&entry(MR)->b.coa.a.in6, &coa2));
	kernel_agrees(MR);
	silence();
}

static void test_stale_update_during_dad_changes_nothing(void **state)
{
	(void)state;
	start();
	BU(.seq = 5);
	BU(.src = COA2, .seq = 5);
	ba_is(BA_SEQUENCE, 5);
	BU(.src = COA2, .seq = 4);
	ba_is(BA_SEQUENCE, 5);
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 5);
}

static void test_refused_update_during_dad_leaves_the_pending_one(void **state)
{
	(void)state;
	start();
	BU(.seq = 1);
	BU(.seq = 2, .mnp = MNP3);
	ba_is(BA_PREFIX_UNAUTHORIZED, 2);
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
}

static void test_deregistration_during_dad_stops_it_with_133(void **state)
{
	(void)state;
	start();
	BU(.seq = 1);
	BU(.at_home = true, .seq = 2, .life = -1);
	ba_is(BA_NOT_HA, 2);
	assert_int_equal(fake_dad_count(), 0);
	assert_null(entry(MR));
	/* the first one, delayed on its way, does not come back to life */
	BU(.seq = 1);
	ba_is(BA_SEQUENCE, 2);
	fake_run_advance(10.1);
	BU(.seq = 1);
	assert_int_equal(fake_dad_count(), 1);
}

static void test_l_that_comes_later_tests_only_the_link_local(void **state)
{
	struct in6_addr ll = ip6("fe80::beef"), coa2 = ip6(COA2);
	const struct fake_nd *na;

	(void)state;
	start();
	bind_node(MR, COA, 1);
	BU(.src = COA2, .seq = 2, .flags = AHR | BU_L);
	assert_int_equal(fake_dad_count(), 1);
	assert_true(in6_eq(&fake_dad_get(0)->addr, &ll));
	assert_true(is_bound(MR));	/* the old binding stands meanwhile */
	kernel_agrees(MR);
	dad_ends("fe80::beef", false);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	na = fake_nd_pop();
	assert_true(na && in6_eq(&na->m.na.target, &ll));
	assert_null(fake_nd_pop());
	assert_true(in6_eq(&entry(MR)->b.coa.a.in6, &coa2));
}

static void test_l_that_is_taken_back_during_dad_is_not_tested(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	BU(.seq = 2, .flags = AHR | BU_L);
	assert_int_equal(fake_dad_count(), 1);
	BU(.seq = 3);
	assert_int_equal(fake_dad_count(), 0);
	kernel_works();
	ba_is(BA_ACCEPTED, 3);
	/* and the other way: it starts beside the one that runs */
	BU(.hoa = MR2, .seq = 1);
	BU(.hoa = MR2, .seq = 2, .flags = AHR | BU_L);
	assert_int_equal(fake_dad_count(), 2);
}

static void test_deregistration_during_dad_of_the_link_local_ends_the_binding(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	BU(.seq = 2, .flags = AHR | BU_L);
	BU(.at_home = true, .seq = 3, .life = -1);
	assert_int_equal(fake_dad_count(), 0);
	kernel_works();
	ba_is(BA_ACCEPTED, 3);
	assert_false(is_bound(MR));
	kernel_agrees(MR);
}

static void test_dad_that_cannot_start_gets_130(void **state)
{
	(void)state;
	start();
	fake_dad_fail(ENOMEM);
	BU(.seq = 1);
	ba_is(BA_NO_RESOURCES, 1);
	fake_dad_fail(0);
	BU(.seq = 2, .flags = AHR | BU_L);
	assert_int_equal(fake_dad_count(), 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_duplicate_gets_134_and_leaves_nothing),
		T(test_l_tests_both_addresses_at_once),
		T(test_duplicate_link_local_fails_the_whole_update),
		T(test_newer_update_during_dad_is_the_one_answered),
		T(test_stale_update_during_dad_changes_nothing),
		T(test_refused_update_during_dad_leaves_the_pending_one),
		T(test_deregistration_during_dad_stops_it_with_133),
		T(test_l_that_comes_later_tests_only_the_link_local),
		T(test_l_that_is_taken_back_during_dad_is_not_tested),
		T(test_deregistration_during_dad_of_the_link_local_ends_the_binding),
		T(test_dad_that_cannot_start_gets_130),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
