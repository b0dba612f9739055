/* SPDX-License-Identifier: BSD-2-Clause */
/* The lives of nonces (RFC 6275 5.2.2, 5.2.7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/nonce.h"

#define INTERVAL	30.
#define LIFETIME	240.

static struct nonces n;

static int setup(void **state)
{
	(void)state;
	nonces_init(&n, 65533, INTERVAL, LIFETIME);
	return 0;
}

static uint16_t index_at(double now)
{
	static uint8_t random[NONCE_RANDOM];

	if (nonces_due(&n, now)) {
		random[0]++;
		random[RR_KCN_LEN] += 3;
		nonces_add(&n, now, random);
	}
	return nonces_now(&n)->index;
}

static void test_a_new_nonce_every_interval_and_only_on_demand(void **state)
{
	uint16_t first = index_at(1000);
	struct nonce old = *nonces_now(&n);

	(void)state;
	assert_int_equal(index_at(1029.9), first);
	assert_int_not_equal(index_at(1030), first);
	/* another key too: an index names both */
	assert_memory_not_equal(old.kcn, nonces_now(&n)->kcn, RR_KCN_LEN);
	assert_memory_not_equal(old.nonce, nonces_now(&n)->nonce, NONCE_LEN);
	/* nobody asked for an hour: nothing was made meanwhile, and the old ones are no good */
	assert_int_equal(index_at(5000), (uint16_t)(nonces_find(&n, first, 1100)->index + 2 + 1));
}

static void test_good_for_a_token_and_not_beyond_a_nonce(void **state)
{
	uint16_t first = index_at(1000), i;

	(void)state;
	/* a token of the last moment of its nonce lives 210 s and more */
	assert_int_equal(index_at(1029.9), first);
	for (double t = 1030; t < 1240; t += 10) {
		index_at(t);
		assert_non_null(nonces_find(&n, first, t));
	}
	assert_non_null(nonces_find(&n, first, 1239.9));
	assert_null(nonces_find(&n, first, 1240));
	i = index_at(1240);
	/* eight are good: the RFC's convenient way */
	assert_non_null(nonces_find(&n, i, 1240));
	assert_int_equal((uint16_t)(i - first), 9);	/* 0 was left out */
	for (double t = 1240; t < 4000; t += 7)
		assert_true(index_at(t) != 0);
}

static void test_index_0_and_unknown_ones_are_never_good(void **state)
{
	uint16_t i = index_at(10);

	(void)state;
	assert_int_equal(i, 65534);
	assert_null(nonces_find(&n, 0, 10));
	assert_null(nonces_find(&n, (uint16_t)(i + 1), 10));
	assert_null(nonces_find(&n, (uint16_t)(i - 1), 10));
	assert_int_equal(index_at(40), 65535);
	assert_int_equal(index_at(70), 1);
}

static void test_dropped_ones_are_no_good_and_others_are(void **state)
{
	uint16_t a = index_at(1000), b = index_at(1030), c = index_at(1060);

	(void)state;
	nonces_drop(&n, nonce_ends(&n, nonces_find(&n, b, 1060)));
	assert_null(nonces_find(&n, a, 1061));
	assert_null(nonces_find(&n, b, 1061));
	assert_non_null(nonces_find(&n, c, 1061));
	assert_int_equal(index_at(1061), c);
	/* the newest too: then one is due at once, with an index of its own */
	nonces_drop(&n, nonce_ends(&n, nonces_now(&n)));
	assert_true(nonces_due(&n, 1062));
	assert_int_not_equal(index_at(1062), c);
}

static void test_another_lifetime_ends_all(void **state)
{
	uint16_t a = index_at(1000), b = index_at(1100);

	(void)state;
	nonces_set(&n, 10, 240);
	assert_non_null(nonces_find(&n, a, 1101));
	nonces_set(&n, 10, 300);	/* the first would live again */
	assert_null(nonces_find(&n, a, 1241));
	assert_null(nonces_find(&n, b, 1101));
	b = index_at(1101);
	nonces_set(&n, 10, 200);
	assert_null(nonces_find(&n, b, 1102));
	assert_int_not_equal(index_at(1102), b);
}

static void test_one_sooner_but_none_is_lost(void **state)
{
	uint16_t first = index_at(1000), i;

	(void)state;
	nonces_renew(&n);
	assert_int_equal(index_at(1001), first);
	assert_int_not_equal(index_at(1005), first);
	i = index_at(1009);		/* that was all that was asked for */
	assert_int_equal(index_at(1034), i);
	for (double t = 1034; t < 1240; t += 0.1) {
		nonces_renew(&n);
		index_at(t);
		assert_non_null(nonces_find(&n, first, t));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_new_nonce_every_interval_and_only_on_demand, setup),
		cmocka_unit_test_setup(test_good_for_a_token_and_not_beyond_a_nonce, setup),
		cmocka_unit_test_setup(test_index_0_and_unknown_ones_are_never_good, setup),
		cmocka_unit_test_setup(test_dropped_ones_are_no_good_and_others_are, setup),
		cmocka_unit_test_setup(test_another_lifetime_ends_all, setup),
		cmocka_unit_test_setup(test_one_sooner_but_none_is_lost, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
