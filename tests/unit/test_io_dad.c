/* SPDX-License-Identifier: BSD-2-Clause */
/* The real dad.c over the fake ndsock and the fake clock (RFC 4862 5.4, RFC 7527). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "fake_io.h"
#include "fake_run.h"

#define LINK 7

static struct dad *dad;
static struct in6_addr addr, other, all_nodes, peer;
static unsigned n_done, n_duplicate;

static struct in6_addr a6(const char *s)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, s, &a), 1);
	return a;
}

static int setup(void **state)
{
	(void)state;
	fake_run_reset();
	fake_io_reset();
	assert_int_equal(dad_init(&dad, fake_ndsock()), 0);
	addr = a6("2001:db8::10");
	other = a6("2001:db8:0:1::10"); /* the same solicited-node group */
	all_nodes = a6("ff02::1");
	peer = a6("fe80::99");
	n_done = n_duplicate = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dad_fini(dad);
	fake_io_reset();
	return 0;
}

static void done(void *arg, bool duplicate)
{
	n_done++;
	n_duplicate += duplicate;
	if (arg)
		*(struct dad_run **)arg = NULL;
}

static struct dad_run *start(const struct in6_addr *a, unsigned transmits)
{
	return dad_start(dad, LINK, a, transmits, 1, done, NULL);
}

static void hear_na(int ifindex, const struct in6_addr *target)
{
	struct nd_msg m = { .type = ND_NA, .na = { .target = *target, .override = true } };

	fake_nd_rx(ifindex, &peer, &all_nodes, &m);
}

static void hear_ns(const struct in6_addr *src, const struct in6_addr *target, const uint8_t *nonce)
{
	struct nd_msg m = { .type = ND_NS, .ns = { .target = *target, .nonce = nonce != NULL } };
	struct in6_addr dst = in6_solicited_node(target);

	if (nonce)
		memcpy(m.ns.nonce_val, nonce, sizeof(m.ns.nonce_val));
	fake_nd_rx(LINK, src, &dst, &m);
}

static void test_probes_are_sent_from_nowhere_with_a_nonce_and_without_a_link_address(void **state)
{
	const struct fake_nd *f;

	(void)state;
	assert_non_null(start(&addr, 1));
	assert_int_equal(fake_nd_count(), 1);
	f = fake_nd_pop();
	assert_int_equal(f->ifindex, LINK);
	assert_int_equal(f->m.type, ND_NS);
	assert_true(f->has_src && IN6_IS_ADDR_UNSPECIFIED(&f->src));
	assert_false(f->has_dst); /* the solicited-node group */
	assert_true(in6_eq(&f->m.ns.target, &addr));
	assert_int_equal(f->m.ns.slla.len, 0);
	assert_true(f->m.ns.nonce);
}

static void test_silence_after_the_last_probe_means_unique(void **state)
{
	static const struct {
		unsigned transmits;
		double until;
	} row[] = { { 1, 1 }, { 3, 3 }, { 0, 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		unsigned before = n_done;

		assert_non_null(start(&addr, row[i].transmits));
		assert_int_equal(n_done, before); /* never from inside */
		if (row[i].until > 0)
			fake_run_advance(row[i].until - .01);
		assert_int_equal(n_done, before);
		fake_run_advance(.02);
		assert_int_equal(n_done, before + 1);
		assert_int_equal(fake_nd_count(), row[i].transmits);
		while (fake_nd_pop())
			;
	}
	assert_int_equal(n_duplicate, 0);
	assert_int_equal(fake_run_timers(), 0);
}

static void test_what_is_heard_decides(void **state)
{
	static const uint8_t foreign[6] = { 1, 2, 3, 4, 5, 6 };
	enum {
		NA,
		NA_OTHER,
		NA_ELSEWHERE,
		NS_DAD,
		NS_DAD_FOREIGN,
		NS_DAD_OURS,
		NS_RESOLVE,
		NS_OTHER
	};
	static const struct {
		int what;
		bool duplicate;
	} row[] = {
		{ NA, true },	       { NA_OTHER, false },	 { NA_ELSEWHERE, false },
		{ NS_DAD, true },      { NS_DAD_FOREIGN, true }, { NS_DAD_OURS, false },
		{ NS_RESOLVE, false }, { NS_OTHER, false },
	};

	(void)state;
	ndsock_watch(fake_ndsock(), LINK + 1, true);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint8_t ours[6];

		n_done = n_duplicate = 0;
		assert_non_null(start(&addr, 1));
		memcpy(ours, fake_nd_pop()->m.ns.nonce_val, sizeof(ours));
		fake_run_advance(.5);
		if (row[i].what == NA || row[i].what == NA_ELSEWHERE)
			hear_na(row[i].what == NA ? LINK : LINK + 1, &addr);
		else if (row[i].what == NA_OTHER)
			hear_na(LINK, &other);
		else if (row[i].what == NS_RESOLVE)
			hear_ns(&peer, &addr, NULL);
		else
			hear_ns(&in6addr_any, row[i].what == NS_OTHER ? &other : &addr,
				row[i].what == NS_DAD_FOREIGN ? foreign
				: row[i].what == NS_DAD_OURS  ? ours
							      : NULL);
		assert_int_equal(n_done, row[i].duplicate);
		assert_int_equal(n_duplicate, row[i].duplicate);
		fake_run_advance(1);
		assert_int_equal(n_done, 1);
		assert_int_equal(n_duplicate, row[i].duplicate);
		assert_int_equal(fake_run_timers(), 0);
	}
}

static void test_the_groups_are_joined_while_it_runs_and_left_after(void **state)
{
	struct dad_run *r;

	(void)state;
	r = start(&addr, 1);
	start(&other, 2);
	assert_int_equal(fake_nd_joined(LINK, &addr), 2); /* one group for both */
	assert_int_equal(fake_nd_watched(LINK), 2);
	dad_stop(dad, r);
	assert_int_equal(fake_nd_joined(LINK, &addr), 1);
	fake_run_advance(2);
	assert_int_equal(fake_nd_joined(LINK, &addr), 0);
	assert_int_equal(fake_nd_watched(LINK), 0);
	assert_int_equal(n_done, 1);
}

static void test_a_stopped_run_never_calls_back(void **state)
{
	(void)state;
	dad_stop(dad, NULL);
	dad_stop(dad, start(&addr, 1));
	hear_na(LINK, &addr);
	fake_run_advance(5);
	assert_int_equal(n_done, 0);
}

static void test_thousands_at_once_each_get_their_own_answer(void **state)
{
	struct in6_addr a = addr;

	(void)state;
	fake_nd_pop();
	for (unsigned i = 0; i < 2000; i++) {
		a.s6_addr[4] = (uint8_t)(i >> 8); /* outside the group's three octets */
		a.s6_addr[5] = (uint8_t)i;
		assert_non_null(start(&a, 1));
	}
	for (unsigned i = 0; i < 2000; i += 2) {
		a.s6_addr[4] = (uint8_t)(i >> 8);
		a.s6_addr[5] = (uint8_t)i;
		hear_na(LINK, &a);
	}
	assert_int_equal(n_duplicate, 1000);
	fake_run_advance(1);
	assert_int_equal(n_done, 2000);
	assert_int_equal(n_duplicate, 1000);
}

static struct dad_run *sibling;

static void done_stops_sibling_and_starts_again(void *arg, bool duplicate)
{
	(void)arg;
	n_done++;
	n_duplicate += duplicate;
	dad_stop(dad, sibling);
	sibling = NULL;
	if (n_done == 1)
		start(&addr, 1);
}

static void test_a_callback_may_stop_and_start_runs_of_the_same_address(void **state)
{
	(void)state;
	dad_start(dad, LINK, &addr, 1, 1, done_stops_sibling_and_starts_again, NULL);
	sibling = start(&addr, 1);
	start(&addr, 1);
	hear_na(LINK, &addr);
	assert_int_equal(n_duplicate, 2); /* the first and the third; the sibling was stopped */
	assert_int_equal(n_done, 2);
	fake_run_advance(1); /* the new one is judged by what came after it */
	assert_int_equal(n_done, 3);
	assert_int_equal(n_duplicate, 2);
}

static void test_two_runs_for_one_address_do_not_take_each_other_for_a_stranger(void **state)
{
	uint8_t nonce[6];

	(void)state;
	start(&addr, 1);
	start(&addr, 1);
	memcpy(nonce, fake_nd_pop()->m.ns.nonce_val, sizeof(nonce));
	assert_memory_equal(fake_nd_pop()->m.ns.nonce_val, nonce, sizeof(nonce));
	hear_ns(&in6addr_any, &addr, nonce);
	fake_run_advance(1);
	assert_int_equal(n_done, 2);
	assert_int_equal(n_duplicate, 0);
}

static void test_a_link_that_is_down_has_no_duplicates(void **state)
{
	(void)state;
	assert_non_null(start(&addr, 2));
	fake_nd_fail(-ENETDOWN);
	fake_run_advance(1.9);
	assert_int_equal(n_done, 0);
	fake_run_advance(.2);
	assert_int_equal(n_done, 1);
	assert_int_equal(n_duplicate, 0);
}

static void test_without_the_link_there_is_no_run_and_errno_says_why(void **state)
{
	(void)state;
	fake_nd_fail(-ENODEV);
	errno = 0;
	assert_null(start(&addr, 1));
	assert_int_equal(errno, ENODEV);
	assert_int_equal(fake_run_timers(), 0);
}

static void test_the_end_of_the_engine_stops_all_silently(void **state)
{
	(void)state;
	start(&addr, 1);
	start(&addr, 1);
	start(&other, 1);
	dad_fini(dad);
	dad = NULL;
	assert_int_equal(fake_run_timers(), 0);
	assert_int_equal(fake_nd_watched(LINK), 0);
	assert_int_equal(n_done, 0);
	ndsock_watch(fake_ndsock(), LINK, true);
	hear_na(LINK, &addr); /* nobody listens any more */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_probes_are_sent_from_nowhere_with_a_nonce_and_without_a_link_address),
		T(test_silence_after_the_last_probe_means_unique),
		T(test_what_is_heard_decides),
		T(test_the_groups_are_joined_while_it_runs_and_left_after),
		T(test_a_stopped_run_never_calls_back),
		T(test_thousands_at_once_each_get_their_own_answer),
		T(test_a_callback_may_stop_and_start_runs_of_the_same_address),
		T(test_two_runs_for_one_address_do_not_take_each_other_for_a_stranger),
		T(test_a_link_that_is_down_has_no_duplicates),
		T(test_without_the_link_there_is_no_run_and_errno_says_why),
		T(test_the_end_of_the_engine_stops_all_silently),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
