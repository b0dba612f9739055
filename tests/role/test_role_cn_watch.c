/* SPDX-License-Identifier: BSD-2-Clause */
/* Refresh requests (RFC 6275 9.5.5) and unreachable care-of addresses (9.3.4). */
#include "cn_role_help.h"

static void use(bool in, uint64_t packets)
{
	struct in6_addr hoa = a6(HOA), local = a6(CN);

	assert_true(in ? fake_kern_used(&hoa, &local, IPPROTO_DSTOPTS, packets)
		       : fake_kern_used(&local, &hoa, IPPROTO_ROUTING, packets));
}

static unsigned requests(void)
{
	struct in6_addr hoa = a6(HOA);
	const struct fake_mh *f;
	unsigned n = 0;

	while ((f = fake_mh_pop())) {
		assert_int_equal(f->m.type, MH_BRR);
		/* always to the home address (9.5.5), and never by a routing header (6.1) */
		assert_true(in6_eq(&f->tx.dst, &hoa) && !f->tx.has_rh2);
		assert_int_equal(f->tx.len, 8);
		n++;
	}
	return n;
}

static void test_binding_in_use_is_asked_for_three_times(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 100);
	use(false, 5);
	fake_run_advance(71);		/* the count before the last 30 s is taken */
	use(false, 1);
	fake_run_advance(13);
	assert_int_equal(requests(), 0);
	fake_run_advance(1.5);
	assert_int_equal(requests(), 1);
	fake_run_advance(14);
	assert_int_equal(requests(), 2);
	fake_run_advance(1);
	kernel_works();
	assert_false(is_bound(HOA));
	assert_int_equal(requests(), 0);
	assert_int_equal(cn_stats(cn).refresh_requests, 3);
}

static void test_what_only_comes_in_is_use_too(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 100);
	fake_run_advance(80);
	use(true, 1);
	fake_run_advance(10);
	assert_true(requests() > 0);
}

static void test_unused_binding_expires_in_silence(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 100);
	use(false, 5);			/* long ago */
	use(true, 5);
	fake_run_advance(101);
	kernel_works();
	assert_false(is_bound(HOA));
	assert_int_equal(requests(), 0);
}

static void test_requests_end_with_an_update(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 100);
	fake_run_advance(75);
	use(false, 1);
	fake_run_advance(11);
	assert_int_equal(requests(), 1);
	bind_node(HOA, COA, 2, 100);
	fake_run_advance(60);
	assert_int_equal(requests(), 0);
}

static void test_no_requests_if_not_wanted(void **state)
{
	(void)state;
	conf.refresh_requests = false;
	start();
	bind_node(HOA, COA, 1, 100);
	fake_run_advance(75);
	use(false, 1);
	fake_run_advance(20);
	assert_int_equal(requests(), 0);
}

static void test_short_lifetimes_are_not_asked_for_too_often(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 4);
	fake_run_advance(3);
	use(false, 1);
	fake_run_advance(1);
	assert_int_equal(requests(), 2);
}

/* ---- unreachable ---- */

struct error { uint8_t type, code; const char *coa, *hoa, *src, *dst; bool no_rh2; };

static void error(struct error e)
{
	struct icmp6_rx rx = { .src = a6("2001:db8:9::1"), .dst = a6(e.dst ? e.dst : CN) };
	struct icmp6_msg m = { .type = e.type ? e.type : ICMP6_UNREACH_, .code = e.code };

	m.err.src = a6(e.src ? e.src : CN);
	m.err.dst = a6(e.coa ? e.coa : COA);
	m.err.has_rh2 = !e.no_rh2;
	m.err.rh2 = a6(e.hoa ? e.hoa : HOA);
	cn_icmp_rx(cn, &rx, &m);
	kernel_works();
}

static void errors(unsigned n, double apart, struct error e)
{
	while (n--) {
		error(e);
		fake_run_advance(apart);
	}
}

static void test_persistent_errors_end_a_binding(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 400);
	errors(100, 0.005, (struct error){ .code = 3 });	/* a burst is one */
	assert_true(is_bound(HOA));
	fake_run_advance(1);
	error((struct error){ .code = 0 });
	assert_true(is_bound(HOA));
	fake_run_advance(1);
	error((struct error){ .code = 1 });
	assert_false(is_bound(HOA) || in_kernel(HOA, COA));
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "unreachable");
	assert_int_equal(cn_stats(cn).unreachable, 1);
}

static void test_errors_that_do_not_fit_are_not_believed(void **state)
{
	static const struct error row[] = {
		{ .coa = COA2 }, { .hoa = HOA2 }, { .src = COA2, .dst = COA2 }, { .dst = COA2 },
		{ .no_rh2 = true }, { .code = 4 }, { .type = ICMP6_TOOBIG_ },
	};

	(void)state;
	start();
	bind_node(HOA, COA, 1, 420);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		errors(5, 1.1, row[i]);
	assert_true(is_bound(HOA));
}

static void test_who_still_sends_is_reachable(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 420);
	for (unsigned i = 0; i < 5; i++) {
		errors(2, 2, (struct error){ .code = 3 });
		use(true, 1);
		use(false, 3);		/* ours alone prove nothing */
	}
	assert_true(is_bound(HOA));
	errors(3, 2, (struct error){ .code = 3 });
	assert_false(is_bound(HOA));
}

static void test_errors_far_apart_are_not_persistent(void **state)
{
	(void)state;
	start();
	bind_node(HOA, COA, 1, 420);
	errors(5, 61, (struct error){ .code = 3 });
	assert_true(is_bound(HOA));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_binding_in_use_is_asked_for_three_times),
		T(test_what_only_comes_in_is_use_too), T(test_unused_binding_expires_in_silence),
		T(test_requests_end_with_an_update), T(test_no_requests_if_not_wanted),
		T(test_short_lifetimes_are_not_asked_for_too_often),
		T(test_persistent_errors_end_a_binding),
		T(test_errors_that_do_not_fit_are_not_believed),
		T(test_who_still_sends_is_reachable), T(test_errors_far_apart_are_not_persistent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
