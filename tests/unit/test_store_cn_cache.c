/* SPDX-License-Identifier: BSD-2-Clause */
/* The correspondent's cache: one per own address, the oldest first (RFC 6275 9.1, 9.6). */
#include "cn_help.h"

#include "store/cn_cache.h"

static struct cn_cache *c;

static int setup(void **state)
{
	(void)state;
	return cnc_new(&c);
}

static int teardown(void **state)
{
	(void)state;
	cnc_free(c);
	return 0;
}

static struct cn_key key(const char *local, const char *peer)
{
	return (struct cn_key){ a6(local), a6(peer) };
}

static struct cn_entry *put(const char *local, const char *peer)
{
	struct cn_binding b = { .key = key(local, peer), .n_path = 1, .path[0].coa = a6(COA) };
	struct cn_entry *e = cnc_put(c, &b);

	assert_non_null(e);
	return e;
}

static bool is_skipped(void *arg, const struct cn_entry *e)
{
	return e == arg;
}

static void test_own_addresses_have_caches_of_their_own(void **state)
{
	struct cn_key k = key(COA2, HOA);
	struct cn_entry *e = put(CN, HOA), *f;

	(void)state;
	assert_null(cnc_find(c, &k));
	f = put(COA2, HOA);
	assert_ptr_not_equal(e, f);
	assert_int_equal(cnc_bound(c), 2);
	/* at most one for a home address in each */
	assert_ptr_equal(put(CN, HOA), e);
	assert_int_equal(cnc_bound(c), 2);
}

static void test_the_oldest_is_the_one_not_refreshed(void **state)
{
	struct cn_entry *a = put(CN, HOA), *b = put(CN, HOA2), *d = put(CN, HOA3);

	(void)state;
	assert_ptr_equal(cnc_oldest(c, is_skipped, NULL), a);
	put(CN, HOA);
	assert_ptr_equal(cnc_oldest(c, is_skipped, NULL), b);
	assert_ptr_equal(cnc_oldest(c, is_skipped, b), d);
	cnc_del(c, b);
	cnc_del(c, d);
	assert_null(cnc_oldest(c, is_skipped, a));
}

static void test_remembered_entries_are_found_but_not_bound(void **state)
{
	struct cn_entry *a = put(CN, HOA), *b = put(CN, HOA2);
	struct cn_key k = key(CN, HOA);

	(void)state;
	assert_null(cnc_first_gone(c));
	a = cnc_set_gone(c, a);
	assert_ptr_equal(cnc_find(c, &k), a);
	assert_false(a->bound);
	assert_int_equal(cnc_bound(c), 1);
	assert_int_equal(cnc_gone(c), 1);
	assert_ptr_equal(cnc_oldest(c, is_skipped, NULL), b);
	b = cnc_set_gone(c, b);
	assert_ptr_equal(cnc_first_gone(c), a);
	assert_true(put(CN, HOA)->bound);
	assert_int_equal(cnc_gone(c), 1);
}

static struct cn_entry *move(const char *peer, const char *coa)
{
	struct cn_binding b = { .key = key(CN, peer), .n_path = 1, .path[0].coa = a6(coa) };

	return cnc_put(c, &b);
}

static void test_bindings_are_counted_by_the_net_of_their_care_of_address(void **state)
{
	struct in6_addr near = a6(COA2), far = a6("2001:db8:9::1");
	struct cn_entry *a = put(CN, HOA), *b = put(CN, HOA2);

	(void)state;
	move(HOA3, "2001:db8:9::2");
	assert_int_equal(cnc_near(c, &near), 2);
	assert_int_equal(cnc_near(c, &far), 1);
	assert_ptr_equal(cnc_oldest_near(c, &near, is_skipped, NULL), a);
	assert_ptr_equal(cnc_oldest_near(c, &near, is_skipped, a), b);
	put(CN, HOA);			/* refreshed */
	assert_ptr_equal(cnc_oldest_near(c, &near, is_skipped, NULL), b);
	move(HOA2, "2001:db8:9::3");
	assert_int_equal(cnc_near(c, &near), 1);
	assert_int_equal(cnc_near(c, &far), 2);
	cnc_set_gone(c, a);		/* remembered ones do not count */
	assert_int_equal(cnc_near(c, &near), 0);
	assert_null(cnc_oldest_near(c, &near, is_skipped, NULL));
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_own_addresses_have_caches_of_their_own),
		T(test_the_oldest_is_the_one_not_refreshed),
		T(test_remembered_entries_are_found_but_not_bound),
		T(test_bindings_are_counted_by_the_net_of_their_care_of_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
