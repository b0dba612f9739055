/* SPDX-License-Identifier: BSD-2-Clause */
/* The correspondent: what happens at the same time, and what somebody may want to spoil. */
#include "cn_role_help.h"

#include <errno.h>
#include <stdio.h>

#include "run/timer.h"

static void test_a_refresh_in_the_last_moment_counts(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 40);
	fake_run_advance(39.9);
	BU(.seq = 2, .life = 400);
	fake_run_advance(0.2);		/* its time is over while the kernel works */
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	assert_true(is_bound(HOA) && in_kernel(HOA, COA));
	assert_int_equal(cn_stats(cn).expired, 0);
	/* but not if the kernel refuses it */
	fake_run_advance(399.9);
	fake_kern_fail_nth(1, -EIO);
	BU(.seq = 3, .src = COA2);
	fake_run_advance(0.2);
	kernel_works();
	ba_is(BA_NO_RESOURCES, 3);
	assert_false(is_bound(HOA));
	assert_int_equal(cn_stats(cn).expired, 1);
}

static void test_a_flush_counts_more_than_the_end_of_the_time(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 40);
	fake_run_advance(39.9);
	BU(.seq = 2, .life = 400);
	cn_flush(cn, NULL);
	fake_run_advance(0.2);
	kernel_works();
	assert_false(is_bound(HOA));
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "flushed");
}

static void test_an_older_update_does_not_take_the_place_of_a_newer_one(void **state)
{
	(void)state;
	start();
	BU(.seq = 1);
	BU(.seq = 3, .life = -1);	/* waits */
	BU(.seq = 2, .src = COA2);	/* overtaken on the way, or recorded and sent again */
	ba_is(BA_SEQUENCE, 3);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	ba_is(BA_ACCEPTED, 3);
	assert_false(is_bound(HOA));	/* its newest word was: delete */
	/* nor while a removal runs */
	fake_run_advance(10);
	bind_node(HOA, COA, 4, 420);
	assert_int_equal(cn_flush(cn, NULL), 1);
	BU(.seq = 6);
	BU(.seq = 5, .src = COA2);
	ba_is(BA_SEQUENCE, 6);
	kernel_works();
	ba_is(BA_ACCEPTED, 6);
	assert_true(in_kernel(HOA, COA));
}

static void test_address_is_lost_during_the_first_registration(void **state)
{
	(void)state;
	start();
	BU(.seq = 1);
	BU(.seq = 2);			/* waits */
	own_address(CN, true);
	cn_addr(cn, &(struct kaddr_news){ .addr = a6(CN), .gone = true });
	kernel_works();
	assert_false(is_bound(HOA) || in_kernel(HOA, COA));
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "own address is gone");
}

static void test_flush_during_the_first_registration(void **state)
{
	struct in6_addr one = a6(HOA2);

	(void)state;
	start();
	BU(.seq = 1);
	BU(.hoa = HOA2, .seq = 1);
	assert_int_equal(cn_flush(cn, &one), 1);
	kernel_works();
	assert_true(is_bound(HOA));
	assert_false(is_bound(HOA2) || in_kernel(HOA2, COA));
}

static void test_number_of_a_refused_registration_is_known_while_its_nonces_live(void **state)
{
	struct token h, c;

	(void)state;
	start();
	bind_node(HOA, COA, 1, 40);
	BU(.seq = 2, .life = -1);	/* remembered until 240 */
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	fake_run_advance(200);
	h = test(MH_HOTI, HOA);
	c = test(MH_COTI, COA);		/* good until 440 */
	fake_kern_fail_kind(KOBJ_XPOLICY, -ENOBUFS);
	BU(.seq = 3, .home = h, .care_of = c);
	kernel_works();
	ba_is(BA_NO_RESOURCES, 3);
	fake_kern_fail_kind(KOBJ_XPOLICY, 0);
	fake_run_advance(45);
	BU(.seq = 3, .home = h, .care_of = c);
	kernel_works();
	ba_is(BA_SEQUENCE, 3);
	fake_run_advance(200);
	assert_null(entry(HOA));
}

static void test_back_abroad_soon(void **state)
{
	uint16_t first;
	double began;

	(void)state;
	start();
	began = run_now();
	bind_node(HOA, COA, 1, 420);
	first = entry(HOA)->b.path[0].home_nonce;
	BU(.seq = 2, .life = -1);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	fake_run_advance(10);
	bind_node(HOA, COA, 3, 420);	/* new tests are made for it */
	assert_int_not_equal(entry(HOA)->b.path[0].home_nonce, first);
	/* others do not lose theirs: no more are made than there are places */
	for (uint16_t seq = 4; run_now() < began + 200; seq += 2) {
		BU(.seq = seq, .life = -1);
		kernel_works();
		ba_is(BA_ACCEPTED, seq);
		fake_run_advance(4);
		bind_node(HOA, COA, seq + 1, 420);
	}
	BU(.hoa = HOA2, .seq = 1, .home = { first, 0 }, .care_of = { first, 0 });
	silence();			/* known: the authenticator is what is wrong */
}

static void test_reload_wakes_no_nonces(void **state)
{
	struct cn_conf other;
	struct token h, c;

	(void)state;
	conf.timers.max_nonce_lifetime = 100;
	start();
	h = test(MH_HOTI, HOA);
	c = test(MH_COTI, COA);
	BU(.seq = 1, .life = 40, .home = h, .care_of = c);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	fake_run_advance(120);
	kernel_works();
	assert_null(entry(HOA));
	other = conf;
	other.timers.max_nonce_lifetime = 240;
	cn_reload(cn, &other);
	BU(.seq = 1, .life = 40, .home = h, .care_of = c);
	kernel_works();
	ba_is(BA_NONCES, 1);
	bind_node(HOA, COA, 1, 40);
}

static void test_requests_end_with_a_reload(void **state)
{
	struct in6_addr hoa = a6(HOA), local = a6(CN);
	struct cn_conf other;

	(void)state;
	start();
	bind_node(HOA, COA, 1, 100);
	other = conf;
	other.refresh_requests = false;
	cn_reload(cn, &other);
	fake_run_advance(75);
	assert_true(fake_kern_used(&local, &hoa, IPPROTO_ROUTING, 1));
	fake_run_advance(12);
	silence();
}

/* ---- what somebody may want to spoil ---- */

static void test_tokens_of_others_live(void **state)
{
	struct token h, c;
	char hoa[64];

	(void)state;
	start();			/* three may be bound */
	h = test(MH_HOTI, HOA);
	c = test(MH_COTI, COA);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(hoa, sizeof(hoa), "2001:db8:66::%x", i + 1);
		bind_node(hoa, "2001:db8:66::ff", 1, 420);
	}
	assert_int_equal(cnc_gone(cn_cache(cn)), 97);
	BU(.seq = 1, .home = h, .care_of = c);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
}

static void test_a_net_with_many_gives_way_to_itself(void **state)
{
	char hoa[64];

	(void)state;
	conf.max_bindings = 12;
	start();
	bind_node(HOA, COA, 1, 420);	/* the oldest of all */
	for (unsigned i = 0; i < 30; i++) {
		snprintf(hoa, sizeof(hoa), "2001:db8:66::%x", i + 1);
		bind_node(hoa, "2001:db8:67::1", 1, 420);
	}
	assert_true(is_bound(HOA));
	assert_int_equal(cnc_bound(cn_cache(cn)), 12);
	assert_true(is_bound("2001:db8:66::1e"));
	bind_node(HOA2, COA, 1, 420);	/* another: the oldest of all goes, as ever */
	assert_false(is_bound(HOA));
}

static void test_a_restarted_node_learns_its_number_in_a_flood(void **state)
{
	char hoa[64], coa[64];
	unsigned answered = 0;

	(void)state;
	conf.max_bindings = 9;
	start();
	for (unsigned i = 0; i < 9; i++) {
		snprintf(hoa, sizeof(hoa), "2001:db8:66::%x", i);
		snprintf(coa, sizeof(coa), "2001:db8:67:%x::1", i);
		bind_node(hoa, coa, 10, 420);
	}
	for (unsigned i = 0; i < 50; i++) {
		BU(.hoa = "2001:db8:66::0", .src = "2001:db8:67:0::1", .seq = 10);
		answered += fake_mh_pop() != NULL;
	}
	assert_int_equal(answered, 10);
	assert_int_equal(cn_stats(cn).answers_suppressed, 40);
	answered = 0;
	for (unsigned i = 1; i < 9; i++) {
		snprintf(hoa, sizeof(hoa), "2001:db8:66::%x", i);
		snprintf(coa, sizeof(coa), "2001:db8:67:%x::1", i);
		BU(.hoa = hoa, .src = coa, .seq = 3);
		answered += fake_mh_pop() != NULL;
	}
	assert_true(answered >= 4);	/* one in 64 shares the place of the flood */
}

static void test_refusals_to_all_are_limited(void **state)
{
	unsigned answered = 0;
	char coa[64];

	(void)state;
	start();
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(coa, sizeof(coa), "2001:db8:67:%x::1", i);
		BU(.src = coa, .seq = 1, .home = { 1, 1 }, .care_of = { 1, 1 });
	}
	while (fake_mh_pop())
		answered++;
	assert_int_equal(answered, 100);
	assert_int_equal(cn_stats(cn).answers_suppressed, 900);
	bind_node(HOA, COA, 1, 420);
	BU(.seq = 1);			/* signed ones are not among them */
	ba_is(BA_SEQUENCE, 1);
}

static void test_moves_are_limited_but_not_refreshes(void **state)
{
	uint16_t seq = 1;

	(void)state;
	start();
	bind_node(HOA, COA, seq++, 420);
	for (unsigned i = 0; i < 3; i++)
		bind_node(HOA, i % 2 ? COA : COA2, seq++, 420);
	BU(.seq = seq++, .src = COA);
	kernel_works();
	silence();
	assert_int_equal(cn_stats(cn).dropped, 1);
	assert_true(in_kernel(HOA, COA2));
	for (unsigned i = 0; i < 10; i++)
		bind_node(HOA, COA2, seq++, 420);
	bind_node(HOA2, COA, 1, 420);	/* each has its own */
	fake_run_advance(0.4);
	bind_node(HOA, COA, seq, 420);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_refresh_in_the_last_moment_counts),
		T(test_a_flush_counts_more_than_the_end_of_the_time),
		T(test_an_older_update_does_not_take_the_place_of_a_newer_one),
		T(test_address_is_lost_during_the_first_registration),
		T(test_flush_during_the_first_registration),
		T(test_number_of_a_refused_registration_is_known_while_its_nonces_live),
		T(test_back_abroad_soon),
		T(test_reload_wakes_no_nonces),
		T(test_requests_end_with_a_reload),
		T(test_tokens_of_others_live),
		T(test_a_net_with_many_gives_way_to_itself),
		T(test_a_restarted_node_learns_its_number_in_a_flood),
		T(test_refusals_to_all_are_limited),
		T(test_moves_are_limited_but_not_refreshes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
