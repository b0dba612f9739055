/* SPDX-License-Identifier: BSD-2-Clause */
/* The correspondent of a mobile node with several care-of addresses (RFC 5648 4.3, 6). */
#include "cn_role_help.h"

#include <errno.h>

#define COA3	"2001:db8:2::22"

/* One BID registered or refreshed; life 0: 420. */
static void bind_bid(uint16_t bid, uint8_t prio, const char *coa, uint16_t seq, int life)
{
	const struct fake_mh *f;

	BU(.bid = bid, .prio = prio, .src = coa, .seq = seq, .life = life);
	kernel_works();
	f = ba_is(BA_ACCEPTED, seq);
	assert_int_equal(f->m.opt.n_bid, 1);
	assert_int_equal(f->m.opt.bid[0].bid, bid);
	assert_int_equal(f->m.opt.bid[0].status, 0);
	assert_int_equal(f->m.opt.bid[0].prio, prio);
	assert_int_equal(f->m.opt.bid[0].coa.family, 0);
}

static unsigned paths(void)
{
	const struct cn_entry *e = entry(HOA);

	return e && e->bound ? e->b.n_path : 0;
}

static void two(void)
{
	start();
	bind_bid(1, 1, COA, 1, 0);
	bind_bid(2, 2, COA2, 2, 0);
	assert_int_equal(paths(), 2);
	assert_true(in_kernel(HOA, COA));
}

static void test_care_of_tests_carry_the_bid(void **state)
{
	struct mh_msg m = { .type = MH_COTI, .ti.cookie = 1 };
	struct mh_rx rx = { .src = a6(COA), .dst = a6(CN) };
	const struct fake_mh *f;

	(void)state;
	start();
	m.opt.n_bid = 1;
	m.opt.bid[0] = (struct mhopt_bid){ .bid = 300, .status = 7, .coa = locator6(&rx.src) };
	fake_mh_rx_msg(&rx, &m);
	f = fake_mh_pop();
	assert_int_equal(f->m.type, MH_COT);
	assert_int_equal(f->m.opt.n_bid, 1);
	assert_int_equal(f->m.opt.bid[0].bid, 300);
	assert_int_equal(f->m.opt.bid[0].status, 0);
	assert_int_equal(f->m.opt.bid[0].coa.family, 0);
	/* 4.3: the option is none of a home test */
	m.type = MH_HOTI;
	fake_mh_rx_msg(&rx, &m);
	assert_int_equal(fake_mh_pop()->m.opt.n_bid, 0);
	/* who may not will hear it early */
	conf.multiple_care_of = false;
	m.type = MH_COTI;
	fake_mh_rx_msg(&rx, &m);
	assert_int_equal(fake_mh_pop()->m.opt.bid[0].status, BA_MCOA_PROHIBITED);
}

static void test_all_are_kept_and_one_is_used(void **state)
{
	(void)state;
	two();
	assert_int_equal(n_event[EV_bc_add], 2);
	assert_int_equal(last_event[EV_bc_add].bc_add.bid, 2);
	assert_int_equal(cnc_bound(cn_cache(cn)), 2);
	fake_kern_log();
	bind_bid(2, 2, COA2, 3, 0);	/* refreshed: data stay where they are */
	assert_string_equal(last_event[EV_bc_add].bc_add.change, "refreshed");
	assert_string_equal(fake_kern_log(), "");
	bind_bid(2, 1, COA2, 4, 0);	/* the mobile node prefers it now */
	assert_true(in_kernel(HOA, COA2));
	assert_int_equal(paths(), 2);
	bind_bid(2, 1, COA3, 5, 0);
	assert_string_equal(last_event[EV_bc_add].bc_add.change, "moved");
	assert_true(in_kernel(HOA, COA3));
	assert_int_equal(n_event[EV_bc_remove], 0);
}

static void test_deletion_of_one_lets_the_other_take_over(void **state)
{
	struct token h, c;

	(void)state;
	start();
	h = test(MH_HOTI, HOA);
	c = test(MH_COTI, COA);
	BU(.bid = 1, .prio = 1, .seq = 1, .home = h, .care_of = c);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	bind_bid(2, 2, COA2, 2, 0);
	BU(.bid = 1, .bid_coa = NO_COA, .seq = 3, .life = -1);
	kernel_works();
	ba_is(BA_ACCEPTED, 3);
	assert_true(paths() == 1 && in_kernel(HOA, COA2));
	assert_int_equal(last_event[EV_bc_remove].bc_remove.bid, 1);
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "deregistered");
	BU(.bid = 1, .seq = 4, .life = -1);
	ba_is(BA_NOT_HA, 4);
	/* its tokens are withdrawn, those of the other are not */
	BU(.bid = 1, .seq = 5, .home = h, .care_of = c);
	ba_is(BA_NONCES, 5);
	bind_bid(2, 2, COA2, 6, 0);
	BU(.seq = 7, .life = -1);	/* without BID: all */
	kernel_works();
	ba_is(BA_ACCEPTED, 7);
	assert_false(is_bound(HOA) || in_kernel(HOA, COA2));
}

static void test_each_has_a_time_of_its_own(void **state)
{
	(void)state;
	start();
	bind_bid(1, 1, COA, 1, 40);
	bind_bid(2, 2, COA2, 2, 100);
	bind_bid(3, 3, COA3, 3, 40);
	fake_run_advance(39.9);
	assert_int_equal(paths(), 3);
	fake_run_advance(0.2);
	kernel_works();
	assert_true(paths() == 1 && in_kernel(HOA, COA2));
	assert_int_equal(n_event[EV_bc_remove], 2);
	assert_int_equal(cn_stats(cn).expired, 2);
	fake_run_advance(60);
	kernel_works();
	assert_false(is_bound(HOA) || in_kernel(HOA, COA2));
	assert_int_equal(cn_stats(cn).expired, 3);
	/* and its numbers are known still */
	BU(.bid = 1, .seq = 3);
	ba_is(BA_SEQUENCE, 3);
}

static void test_a_refresh_of_one_does_not_keep_the_other(void **state)
{
	(void)state;
	start();
	bind_bid(1, 1, COA, 1, 40);
	bind_bid(2, 2, COA2, 2, 40);
	fake_run_advance(39.9);
	BU(.bid = 2, .prio = 2, .src = COA2, .seq = 3, .life = 400);
	fake_run_advance(0.2);		/* both are over while the kernel works */
	kernel_works();
	ba_is(BA_ACCEPTED, 3);
	kernel_works();
	assert_true(paths() == 1 && in_kernel(HOA, COA2));
	assert_int_equal(cn_stats(cn).expired, 1);
}

static void test_replacement_tells_what_went(void **state)
{
	(void)state;
	two();
	BU(.seq = 3, .src = COA3);	/* as before RFC 5648 */
	kernel_works();
	assert_int_equal(ba_is(BA_ACCEPTED, 3)->m.opt.n_bid, 0);
	assert_true(paths() == 1 && in_kernel(HOA, COA3));
	assert_int_equal(n_event[EV_bc_remove], 2);
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "replaced");
	BU(.bid = 1, .seq = 4);
	ba_is(BA_MCOA_NON_MCOA, 4);
	BU(.bid = 1, .seq = 4, .flags = BU_A | BU_O);
	kernel_works();
	assert_int_equal(ba_is(BA_ACCEPTED, 4)->m.opt.bid[0].bid, 1);
	assert_int_equal(last_event[EV_bc_remove].bc_remove.bid, 0);
	assert_true(in_kernel(HOA, COA));
}

static void test_what_comes_meanwhile_waits_for_its_bid(void **state)
{
	(void)state;
	start();
	BU(.bid = 1, .prio = 1, .seq = 1);
	BU(.bid = 2, .prio = 2, .src = COA2, .seq = 2);
	BU(.bid = 3, .prio = 3, .src = COA3, .seq = 3);
	BU(.bid = 2, .prio = 2, .src = "2001:db8:2::99", .seq = 4);	/* instead of 2 */
	BU(.bid = 4, .seq = 4);
	ba_is(BA_SEQUENCE, 4);
	for (unsigned i = 0; i < 4; i++)
		kernel_works();
	ba_is(BA_ACCEPTED, 1);
	ba_is(BA_ACCEPTED, 3);
	ba_is(BA_ACCEPTED, 4);
	silence();
	assert_int_equal(paths(), 3);
	/* one that is about all of them gets past what waits */
	BU(.bid = 1, .prio = 1, .seq = 5);
	BU(.bid = 2, .prio = 2, .src = COA2, .seq = 6);
	BU(.seq = 7, .life = -1);
	for (unsigned i = 0; i < 4; i++)
		kernel_works();
	ba_is(BA_ACCEPTED, 5);
	ba_is(BA_ACCEPTED, 7);
	assert_int_equal(paths(), 0);
}

static void test_each_counts_as_a_binding(void **state)
{
	(void)state;
	two();				/* three may be bound */
	bind_node(HOA2, COA, 1, 420);
	bind_node(HOA3, COA, 1, 420);
	assert_int_equal(paths(), 0);	/* the oldest goes, with all it has */
	assert_int_equal(cn_stats(cn).evicted, 2);
	BU(.bid = 1, .seq = 3);
	kernel_works();
	ba_is(BA_ACCEPTED, 3);
	assert_int_equal(cnc_bound(cn_cache(cn)), 3);
	bind_bid(2, 2, COA2, 4, 0);
	bind_bid(3, 2, COA3, 5, 0);
	assert_false(is_bound(HOA2) || is_bound(HOA3));
	BU(.bid = 4, .seq = 6);		/* nobody is left to give way but itself */
	kernel_works();
	ba_is(BA_NO_RESOURCES, 6);
	assert_int_equal(paths(), 3);
	assert_int_equal(cn_flush(cn, NULL), 3);
	kernel_works();
	assert_int_equal(cnc_bound(cn_cache(cn)), 0);
}

static void test_a_reload_may_forbid_them(void **state)
{
	struct cn_conf other;

	(void)state;
	two();
	bind_node(HOA2, COA, 1, 420);
	other = conf;
	other.multiple_care_of = false;
	cn_reload(cn, &other);
	kernel_works();
	assert_true(!is_bound(HOA) && is_bound(HOA2));
	BU(.bid = 1, .seq = 3);
	ba_is(BA_MCOA_PROHIBITED, 3);
	assert_int_equal(n_event[EV_refused], 1);
}

static void test_the_kernel_refuses_the_change(void **state)
{
	(void)state;
	two();
	fake_kern_fail_nth(1, -EIO);
	BU(.bid = 2, .prio = 1, .src = COA2, .seq = 3);
	kernel_works();
	ba_is(BA_NO_RESOURCES, 3);
	assert_true(paths() == 2 && in_kernel(HOA, COA));
	/* the primary one is over and the other cannot be had: nothing may stay */
	fake_kern_fail_nth(1, -EIO);
	BU(.bid = 1, .seq = 4, .life = -1);
	kernel_works();
	kernel_works();
	ba_is(BA_ACCEPTED, 4);
	assert_false(is_bound(HOA) || in_kernel(HOA, COA) || in_kernel(HOA, COA2));
}

static void use(bool in, uint64_t n)
{
	struct in6_addr hoa = a6(HOA), local = a6(CN);

	assert_true(in ? fake_kern_used(&hoa, &local, IPPROTO_DSTOPTS, n)
		       : fake_kern_used(&local, &hoa, IPPROTO_ROUTING, n));
}

static void test_refresh_requests_name_what_they_ask_for(void **state)
{
	const struct fake_mh *f;

	(void)state;
	start();
	bind_bid(1, 1, COA, 1, 100);
	bind_bid(2, 2, COA2, 2, 400);
	fake_run_advance(71);
	use(false, 1);
	fake_run_advance(15);
	f = fake_mh_pop();
	assert_int_equal(f->m.type, MH_BRR);
	assert_int_equal(f->m.opt.n_bid, 1);
	assert_int_equal(f->m.opt.bid[0].bid, 1);
	bind_bid(1, 1, COA, 3, 100);
	bind_bid(2, 2, COA2, 4, 100);
	fake_run_advance(75);
	use(false, 1);
	fake_run_advance(11);
	f = fake_mh_pop();		/* both by one message */
	assert_int_equal(f->m.type, MH_BRR);
	assert_int_equal(f->m.opt.n_bid, 2);
	silence();
}

static void error(const char *coa)
{
	struct icmp6_rx rx = { .src = a6("2001:db8:9::1"), .dst = a6(CN) };
	struct icmp6_msg m = { .type = ICMP6_UNREACH_, .code = 3 };

	m.err.src = a6(CN);
	m.err.dst = a6(coa);
	m.err.has_rh2 = true;
	m.err.rh2 = a6(HOA);
	cn_icmp_rx(cn, &rx, &m);
	kernel_works();
	fake_run_advance(1);
}

static void test_unreachable_is_one_of_them(void **state)
{
	(void)state;
	two();
	for (unsigned i = 0; i < 5; i++)
		error(COA2);		/* no data go there */
	assert_int_equal(paths(), 2);
	for (unsigned i = 0; i < 3; i++)
		error(COA);
	assert_true(paths() == 1 && in_kernel(HOA, COA2));
	assert_int_equal(last_event[EV_bc_remove].bc_remove.bid, 1);
	assert_int_equal(cn_stats(cn).unreachable, 1);
}

/* A packet from there was dropped by the kernel. */
static bool heard(const char *coa)
{
	struct in6_addr hoa = a6(HOA), local = a6(CN), c = a6(coa);
	bool ours = cn_heard(cn, &local, &hoa, &c);

	kernel_works();
	return ours;
}

static void test_packets_from_another_registered_address_are_no_error(void **state)
{
	(void)state;
	start();
	assert_false(heard(COA));
	bind_bid(1, 1, COA, 1, 0);
	bind_bid(2, 2, COA2, 2, 0);
	assert_true(heard(COA) && heard(COA2));
	assert_false(heard(COA3));
	assert_true(in_kernel(HOA, COA));
}

static void test_data_follow_who_changed_its_path_without_a_word(void **state)
{
	(void)state;
	two();
	for (unsigned i = 0; i < 10; i++) {
		heard(COA2);
		fake_run_advance(0.2);
		use(true, 1);		/* it sends by the primary one, too: somebody lies */
	}
	assert_true(in_kernel(HOA, COA));
	heard(COA2);
	fake_run_advance(10);
	heard(COA2);			/* long ago */
	assert_true(in_kernel(HOA, COA));
	fake_run_advance(0.6);
	heard(COA3);			/* not registered */
	assert_true(in_kernel(HOA, COA));
	heard(COA2);
	assert_true(in_kernel(HOA, COA2));
	assert_int_equal(paths(), 2);
	assert_int_equal(n_event[EV_bc_remove], 0);
	/* its next update says what it prefers */
	bind_bid(1, 1, COA, 3, 0);
	assert_true(in_kernel(HOA, COA));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_care_of_tests_carry_the_bid), T(test_all_are_kept_and_one_is_used),
		T(test_deletion_of_one_lets_the_other_take_over),
		T(test_each_has_a_time_of_its_own),
		T(test_a_refresh_of_one_does_not_keep_the_other),
		T(test_replacement_tells_what_went),
		T(test_what_comes_meanwhile_waits_for_its_bid), T(test_each_counts_as_a_binding),
		T(test_a_reload_may_forbid_them), T(test_the_kernel_refuses_the_change),
		T(test_refresh_requests_name_what_they_ask_for), T(test_unreachable_is_one_of_them),
		T(test_packets_from_another_registered_address_are_no_error),
		T(test_data_follow_who_changed_its_path_without_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
