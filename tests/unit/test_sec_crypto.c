/* SPDX-License-Identifier: BSD-2-Clause */
/* The door to the crypto library, and opaque interface identifiers (RFC 7217). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "sec/crypto.h"
#include "wire_help.h"

static void test_sha1_and_hmac_of_the_published_vectors(void **state)
{
	static const struct iov abc[] = { { "a", 1 }, { "", 0 }, { "bc", 2 } };
	static const struct iov what[] = { { "what do ya want ", 16 }, { "for nothing?", 12 } };
	uint8_t want[20], got[20];

	(void)state;
	unhex("a9993e364706816aba3e25717850c26c9cd0d89d", want);
	crypto_sha1(abc, ARRAY_SIZE(abc), got);
	assert_memory_equal(got, want, 20);
	unhex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", want); /* RFC 2202 case 2 */
	crypto_hmac_sha1((const uint8_t *)"Jefe", 4, what, ARRAY_SIZE(what), got);
	assert_memory_equal(got, want, 20);
}

static void test_equality_looks_at_every_octet(void **state)
{
	uint8_t a[12] = { 0 }, b[12] = { 0 };

	(void)state;
	assert_true(crypto_equal(a, b, sizeof(a)));
	for (size_t i = 0; i < sizeof(a); i++) {
		b[i] = 0x80;
		assert_false(crypto_equal(a, b, sizeof(a)));
		b[i] = 0;
	}
}

static void test_random_fills_all_of_the_buffer(void **state)
{
	uint8_t or [1000] = { 0 }, buf[sizeof(or)];
	unsigned zero = 0;

	(void)state;
	for (int i = 0; i < 8; i++) {
		memset(buf, 0, sizeof(buf));
		crypto_random(buf, sizeof(buf));
		for (size_t k = 0; k < sizeof(buf); k++)
			or [k] |= buf[k];
	}
	for (size_t k = 0; k < sizeof(or); k++)
		zero += ! or [k];
	assert_int_equal(zero, 0);
}

static void test_wipe_leaves_zeros(void **state)
{
	uint8_t buf[16];
	static const uint8_t zero[16];

	(void)state;
	memset(buf, 0xff, sizeof(buf));
	crypto_wipe(buf, sizeof(buf));
	assert_memory_equal(buf, zero, sizeof(buf));
}

/* RFC 7217 5: stable, and another one for each of its arguments. */
static void test_identifiers_are_stable_and_differ_by_every_argument(void **state)
{
	static const struct {
		uint8_t secret;
		const char *prefix, *dev;
		uint8_t dad;
	} row[] = {
		{ 1, "2001:db8:1::", "wwan0", 0 }, { 2, "2001:db8:1::", "wwan0", 0 },
		{ 1, "2001:db8:2::", "wwan0", 0 }, { 1, "2001:db8:1::", "wwan1", 0 },
		{ 1, "2001:db8:1::", "wwan0", 1 }, { 1, "2001:db8:1::", "wwan", 0 },
	};
	uint8_t iid[ARRAY_SIZE(row)][8], again[8], secret[16] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct in6_addr p = a6(row[i].prefix);

		secret[0] = row[i].secret;
		crypto_opaque_iid(secret, &p, row[i].dev, row[i].dad, iid[i]);
		p.s6_addr[15] = 0x99; /* the interface part of it plays no role */
		crypto_opaque_iid(secret, &p, row[i].dev, row[i].dad, again);
		assert_memory_equal(iid[i], again, 8);
		assert_false(crypto_iid_reserved(iid[i]));
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(iid[i], iid[k], 8);
	}
}

static void test_identifier_of_one_set_of_arguments_never_changes(void **state)
{
	uint8_t secret[16], iid[8], want[8];
	struct in6_addr p = a6("2001:db8:1::");

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		secret[i] = i;
	crypto_opaque_iid(secret, &p, "wwan0", 0, iid);
	/* HMAC-SHA256(00..0f, prefix | "wwan0" NUL | 00 | 00), its last 8 octets */
	unhex("164ce51f1b944349", want);
	assert_memory_equal(iid, want, 8);
}

static void test_reserved_identifiers_are_known(void **state)
{
	static const struct {
		const char *iid;
		bool reserved;
	} row[] = {
		{ "0000000000000000", true },  { "0000000000000001", false },
		{ "02005efffdffffff", false }, { "02005efffe000000", true },
		{ "02005efffe005213", true },  { "02005efffeffffff", true },
		{ "02005effff000000", false }, { "fdffffffffffff7f", false },
		{ "fdffffffffffff80", true },  { "fdfffffffffffffe", true },
		{ "fdffffffffffffff", true },  { "fe00000000000000", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint8_t iid[8];

		unhex(row[i].iid, iid);
		assert_int_equal(crypto_iid_reserved(iid), row[i].reserved);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha1_and_hmac_of_the_published_vectors),
		cmocka_unit_test(test_equality_looks_at_every_octet),
		cmocka_unit_test(test_random_fills_all_of_the_buffer),
		cmocka_unit_test(test_wipe_leaves_zeros),
		cmocka_unit_test(test_identifiers_are_stable_and_differ_by_every_argument),
		cmocka_unit_test(test_identifier_of_one_set_of_arguments_never_changes),
		cmocka_unit_test(test_reserved_identifiers_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
