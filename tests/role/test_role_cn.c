/* SPDX-License-Identifier: BSD-2-Clause */
/* The correspondent: tests, registrations, their answers (RFC 6275 9.4, 9.5, 5.2). */
#include "cn_role_help.h"

#include <errno.h>
#include <stdio.h>

static void test_tests_are_answered_and_nothing_is_kept(void **state)
{
	struct token a, b;

	(void)state;
	start();
	a = test(MH_HOTI, HOA);
	b = test(MH_COTI, COA);
	assert_int_equal(a.index, b.index);
	assert_true(a.value != b.value && a.value != test(MH_COTI, HOA).value);
	for (unsigned i = 0; i < 1000; i++)
		assert_non_null(test_init(MH_HOTI, HOA, false));
	assert_int_equal(cnc_bound(cn_cache(cn)) + cnc_gone(cn_cache(cn)), 0);
	assert_int_equal(fake_run_timers(), 0);
	assert_string_equal(fake_kern_log(), "");
	fake_run_advance(30);
	assert_int_not_equal(test(MH_HOTI, HOA).index, a.index);
}

static void test_tests_with_a_home_address_option_are_ignored(void **state)
{
	(void)state;
	start();
	assert_null(test_init(MH_HOTI, COA, true));
	assert_null(test_init(MH_COTI, COA, true));
	assert_null(test_init(MH_HOTI, "fe80::1", false));
	assert_int_equal(cn_stats(cn).tests_ignored, 3);
}

static void test_nothing_is_answered_before_the_kernel_is_ready(void **state)
{
	const struct cn_env env = { .kern = fake_kern(), .mh = fake_mhsock() };

	(void)state;
	assert_int_equal(cn_start(&cn, &conf, &env, on_ready, NULL), 0);
	assert_null(test_init(MH_HOTI, HOA, false));
	fake_kern_run();
	assert_non_null(test_init(MH_HOTI, HOA, false));
}

static void test_registration_acknowledged_when_the_kernel_has_it(void **state)
{
	const struct fake_mh *f;
	struct in6_addr hoa = a6(HOA), coa = a6(COA);
	struct token h, c;
	uint8_t kbm[RR_KBM_LEN], mac[RR_MAC_LEN];

	(void)state;
	start();
	h = test(MH_HOTI, HOA);
	c = test(MH_COTI, COA);
	BU(.seq = 7, .life = 100, .home = h, .care_of = c);
	silence();
	assert_false(is_bound(HOA));
	kernel_works();
	f = ba_is(BA_ACCEPTED, 7);
	assert_int_equal(f->m.ba.lifetime, 100);
	/* to the source, by a routing header, whatever the cache says (9.5.4) */
	assert_true(f->tx.has_rh2 && in6_eq(&f->tx.rh2_coa, &coa) && in6_eq(&f->tx.dst, &hoa));
	rr_kbm(h.value, c.value, kbm);
	rr_mac(kbm, &coa, &f->tx.src, f->buf, f->tx.len, mac);
	assert_memory_equal(f->m.opt.binding_auth.p, mac, RR_MAC_LEN);
	assert_true(in_kernel(HOA, COA));
	assert_int_equal(n_event[EV_bc_add], 1);
	assert_string_equal(last_event[EV_bc_add].bc_add.change, "registered");
	assert_int_equal(last_event[EV_bc_add].bc_add.flags & BU_H, 0);
	assert_int_equal(cn_stats(cn).accepted, 1);
}

static void test_unasked_success_is_not_acknowledged_but_errors_are(void **state)
{
	(void)state;
	start();
	BU(.seq = 7, .flags = NO_FLAGS);
	kernel_works();
	silence();
	assert_true(is_bound(HOA));
	BU(.seq = 7, .flags = NO_FLAGS);
	assert_int_equal(ba_is(BA_SEQUENCE, 7)->m.opt.seen, BIT64(MHOPT_BINDING_AUTH));
	BU(.seq = 8, .flags = NO_FLAGS, .home = { 1, 1 });
	assert_int_equal(ba_is(BA_HOME_NONCE, 8)->m.opt.seen, 0);
	BU(.seq = 8, .flags = NO_FLAGS, .care_of = { 1, 1 });
	ba_is(BA_COA_NONCE, 8);
	BU(.seq = 8, .flags = NO_FLAGS, .home = { 1, 1 }, .care_of = { 1, 1 });
	ba_is(BA_NONCES, 8);
	BU(.seq = 8, .bad_mac = true);
	silence();
	assert_int_equal(entry(HOA)->b.seq, 7);
}

static void test_a_move_is_one_change(void **state)
{
	const char *log;

	(void)state;
	start();
	bind_node(HOA, COA, 1, 420);
	fake_kern_log();
	bind_node(HOA, COA2, 2, 420);
	assert_false(in_kernel(HOA, COA));
	log = fake_kern_log();
	assert_int_equal(strncmp(log, "~ ", 2), 0);
	assert_null(strstr(log, "\n- "));	/* nothing is taken away meanwhile */
	assert_int_equal(n_event[EV_bc_add], 2);
	assert_string_equal(last_event[EV_bc_add].bc_add.change, "moved");
	bind_node(HOA, COA2, 3, 420);
	assert_string_equal(last_event[EV_bc_add].bc_add.change, "refreshed");
}

static void test_deletion_from_abroad_and_from_home(void **state)
{
	const struct fake_mh *f;

	(void)state;
	start();
	bind_node(HOA, COA, 1, 420);
	BU(.seq = 2, .life = -1);
	silence();
	kernel_works();
	f = ba_is(BA_ACCEPTED, 2);
	assert_true(f->tx.has_rh2);
	assert_int_equal(f->m.ba.lifetime, 0);
	assert_false(is_bound(HOA) || in_kernel(HOA, COA));
	assert_int_equal(n_event[EV_bc_remove], 1);
	fake_run_advance(31);
	bind_node(HOA, COA, 3, 420);
	BU(.seq = 4, .at_home = true);
	kernel_works();
	f = ba_is(BA_ACCEPTED, 4);
	assert_false(f->tx.has_rh2);
	assert_false(is_bound(HOA));
	/* nothing left to delete, and nothing is made of it */
	BU(.seq = 5, .at_home = true, .life = -1);
	ba_is(BA_ACCEPTED, 5);
	BU(.hoa = HOA2, .seq = 5, .life = -1);
	ba_is(BA_ACCEPTED, 5);
	assert_null(entry(HOA2));
}

static void test_tokens_of_a_withdrawn_binding_are_no_good(void **state)
{
	struct token h, c;

	(void)state;
	start();
	h = test(MH_HOTI, HOA);
	c = test(MH_COTI, COA);
	BU(.seq = 1, .home = h, .care_of = c);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	BU(.seq = 2, .life = -1, .home = h);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	BU(.seq = 3, .home = h, .care_of = c);
	kernel_works();
	ba_is(BA_NONCES, 3);
	BU(.seq = 1, .home = h, .care_of = test(MH_COTI, COA2), .src = COA2);
	ba_is(BA_SEQUENCE, 2);
	/* as long as a nonce is good its number is known, then no more */
	fake_run_advance(239);
	assert_non_null(entry(HOA));
	fake_run_advance(2);
	assert_null(entry(HOA));
	BU(.seq = 3, .home = h, .care_of = c);
	ba_is(BA_NONCES, 3);
}

static void test_expiry(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 40);
	fake_run_advance(39.9);
	assert_true(is_bound(HOA));
	fake_run_advance(0.2);
	kernel_works();
	assert_false(is_bound(HOA) || in_kernel(HOA, COA));
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "expired");
	assert_int_equal(cn_stats(cn).expired, 1);
	/* a recorded update does not bring it back */
	BU(.seq = 1);
	ba_is(BA_SEQUENCE, 1);
}

static void test_the_kernel_refuses(void **state)
{
	(void)state;
	start();
	fake_kern_fail_kind(KOBJ_XPOLICY, -ENOBUFS);
	BU(.seq = 1, .flags = NO_FLAGS);
	kernel_works();
	assert_int_equal(ba_is(BA_NO_RESOURCES, 1)->m.opt.seen, BIT64(MHOPT_BINDING_AUTH));
	assert_false(is_bound(HOA));
	assert_int_equal(n_event[EV_bc_add], 0);
	assert_int_equal(cn_stats(cn).apply_failed, 1);
	fake_kern_fail_kind(KOBJ_XPOLICY, 0);
	BU(.seq = 1);			/* was used up */
	ba_is(BA_SEQUENCE, 1);
	bind_node(HOA, COA, 2, 420);
	fake_kern_fail_nth(1, -EIO);
	BU(.seq = 3, .src = COA2);
	kernel_works();
	ba_is(BA_NO_RESOURCES, 3);
	assert_true(is_bound(HOA) && in_kernel(HOA, COA));
}

static void test_what_comes_meanwhile_waits_and_the_last_wins(void **state)
{
	(void)state;
	start();
	BU(.seq = 1);
	BU(.seq = 2, .src = COA2);
	BU(.seq = 3, .src = "2001:db8:2::22");
	BU(.seq = 3);			/* proven, but not newer than what waits */
	ba_is(BA_SEQUENCE, 3);
	BU(.seq = 1);
	ba_is(BA_SEQUENCE, 3);
	BU(.seq = 9, .bad_mac = true);	/* takes nobody's place */
	silence();
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	ba_is(BA_ACCEPTED, 3);
	silence();
	assert_true(in_kernel(HOA, "2001:db8:2::22"));
}

static void test_the_oldest_gives_way(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 420);
	bind_node(HOA2, COA, 1, 420);
	bind_node(HOA3, COA, 1, 420);
	bind_node(HOA, COA, 2, 420);	/* refreshed: now HOA2 is the oldest */
	bind_node("2001:db8:1::99", COA, 1, 420);
	assert_false(is_bound(HOA2));
	assert_false(in_kernel(HOA2, COA));
	assert_true(is_bound(HOA) && is_bound(HOA3));
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "evicted");
	assert_int_equal(cn_stats(cn).evicted, 1);
	/* its updates are remembered */
	BU(.hoa = HOA2, .seq = 1);
	ba_is(BA_SEQUENCE, 1);
	bind_node(HOA2, COA, 2, 420);
	assert_int_equal(cnc_bound(cn_cache(cn)), 3);
}

static void test_many_are_remembered_and_then_nonces_go(void **state)
{
	struct token h;
	char hoa[64];

	(void)state;
	start();
	bind_node(HOA, COA, 1, 420);
	BU(.seq = 2, .life = -1);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	for (unsigned i = 0; i < 16384 - 1 + 3; i++) {
		snprintf(hoa, sizeof(hoa), "2001:db8:66::%x", i);
		bind_node(hoa, COA, 1, 420);
	}
	h = test(MH_HOTI, HOA);
	assert_int_equal(cnc_gone(cn_cache(cn)), 16384);
	assert_non_null(entry(HOA));
	bind_node(HOA2, COA, 1, 420);
	assert_null(entry(HOA));
	/* who is not remembered cannot be replayed either: its nonces are gone */
	BU(.seq = 9, .home = h);
	ba_is(BA_HOME_NONCE, 9);
	bind_node(HOA, COA, 1, 420);
}

static void test_refusals_are_limited(void **state)
{
	const struct fake_mh *f;
	unsigned n = 0;

	(void)state;
	start();
	for (unsigned i = 0; i < 500; i++)
		BU(.seq = 1, .home = { 1, 1 }, .care_of = { 1, 1 });
	while ((f = fake_mh_pop()))
		n++;
	assert_int_equal(n, 10);
	assert_int_equal(n_event[EV_refused], 10);
	bind_node(HOA, COA, 1, 420);	/* those do not use up the others' */
	BU(.seq = 1);
	ba_is(BA_SEQUENCE, 1);
}

static void test_policy_and_own_addresses(void **state)
{
	struct peer_policy p = { .peer = pfx("2001:db8:1::11/128"), .allow = false };

	(void)state;
	conf.policy = &p;
	conf.n_policy = 1;
	start();
	BU(.hoa = HOA2, .seq = 1);
	ba_is(BA_PROHIBITED, 1);
	own_address(COA2, false);
	BU(.src = COA, .alt = COA2, .seq = 1);
	ba_is(BA_INVALID_COA, 1);
	bind_node(HOA, COA, 1, 420);
	own_address(HOA, false);
	BU(.seq = 2);
	silence();
}

static void test_home_registrations_are_not_for_us(void **state)
{
	(void)state;
	start();
	BU(.seq = 1, .flags = BU_A | BU_H, .no_nonces = true, .no_auth = true);
	assert_int_equal(ba_is(BA_NO_HOME_REG, 1)->m.opt.seen, 0);
	bind_node(HOA, COA, 1, 420);
	BU(.seq = 2, .flags = BU_A | BU_H, .no_nonces = true, .no_auth = true);
	ba_is(BA_TYPE_CHANGE, 2);
	assert_true(is_bound(HOA));
}

static void test_what_the_home_agent_has_is_not_ours(void **state)
{
	(void)state;
	with_home_agent = registered_home = true;
	start();
	BU(.seq = 1);
	ba_is(BA_TYPE_CHANGE, 1);
	registered_home = false;
	bind_node(HOA, COA, 1, 420);
}

static void test_mobile_address_has_both_headers(void **state)
{
	(void)state;
	we_are_mobile = true;
	start();
	bind_node(HOA, COA, 1, 420);
	BU(.seq = 2, .life = -1);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	assert_false(in_kernel(HOA, COA));
}

static void test_reload(void **state)
{
	struct peer_policy p = { .peer = pfx("2001:db8:1::11/128"), .allow = false };
	struct cn_conf other = conf;

	(void)state;
	start();
	bind_node(HOA, COA, 1, 420);
	bind_node(HOA2, COA, 1, 420);
	bind_node(HOA3, COA, 1, 420);
	other.policy = &p;
	other.n_policy = 1;
	cn_reload(cn, &other);
	kernel_works();
	assert_false(is_bound(HOA2) || in_kernel(HOA2, COA));
	assert_true(is_bound(HOA) && is_bound(HOA3));
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "reconfigured");
	/* what was under way when the word came */
	p.peer = pfx("2001:db8:1::13/128");
	cn_reload(cn, &conf);
	BU(.hoa = "2001:db8:1::13", .seq = 1);
	cn_reload(cn, &other);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	assert_false(is_bound("2001:db8:1::13"));
	conf.max_bindings = 1;
	cn_reload(cn, &conf);
	kernel_works();
	assert_false(is_bound(HOA));
	assert_true(is_bound(HOA3));
}

static void test_own_address_goes(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 420);
	own_address(COA2, true);
	cn_addr(cn, &(struct kaddr_news){ .addr = a6(COA2), .gone = true });
	kernel_works();
	assert_true(is_bound(HOA));
	own_address(CN, true);
	cn_addr(cn, &(struct kaddr_news){ .addr = a6(CN), .gone = true });
	kernel_works();
	assert_false(is_bound(HOA));
}

static void test_stop_takes_everything_out(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 420);
	bind_node(HOA2, COA, 1, 420);
	BU(.hoa = HOA3, .seq = 1);
	BU(.hoa = HOA, .seq = 2, .src = COA2);
	cn_stop(cn, on_done, NULL);
	BU(.hoa = HOA3, .seq = 2, .home = { 5, 5 }, .care_of = { 5, 5 });
	kernel_works();
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
}

static void test_flush(void **state)
{
	struct in6_addr one = a6(HOA);

	(void)state;
	start();
	bind_node(HOA, COA, 1, 420);
	bind_node(HOA2, COA, 1, 420);
	assert_int_equal(cn_flush(cn, &one), 1);
	kernel_works();
	assert_false(is_bound(HOA));
	assert_int_equal(cn_flush(cn, NULL), 1);
	kernel_works();
	assert_int_equal(cnc_bound(cn_cache(cn)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_tests_are_answered_and_nothing_is_kept),
		T(test_tests_with_a_home_address_option_are_ignored),
		T(test_nothing_is_answered_before_the_kernel_is_ready),
		T(test_registration_acknowledged_when_the_kernel_has_it),
		T(test_unasked_success_is_not_acknowledged_but_errors_are),
		T(test_a_move_is_one_change), T(test_deletion_from_abroad_and_from_home),
		T(test_tokens_of_a_withdrawn_binding_are_no_good), T(test_expiry),
		T(test_the_kernel_refuses), T(test_what_comes_meanwhile_waits_and_the_last_wins),
		T(test_the_oldest_gives_way),
		T(test_many_are_remembered_and_then_nonces_go),
		T(test_refusals_are_limited), T(test_policy_and_own_addresses),
		T(test_home_registrations_are_not_for_us),
		T(test_what_the_home_agent_has_is_not_ours),
		T(test_mobile_address_has_both_headers), T(test_reload),
		T(test_own_address_goes), T(test_stop_takes_everything_out), T(test_flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
