/* SPDX-License-Identifier: BSD-2-Clause */
/* RFC 4285: MN-HA authentication and timestamps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "sec/auth.h"
#include "wire_help.h"

#define HOA	"2001:db8:1::10"
#define COA	"2001:db8:2::20"
#define COVERED 60

static const char bu_auth[] =
	"3b080500c9960001c000000f0100031020010db80002000000000000000000200810016d6e31406578616d70"
	"6c652e6f7267010100091101000003e88f6529c8c66d10ff9422c23e";

static struct auth_key vector_key(void)
{
	struct auth_key k = { .spi = 1000, .len = 16 };

	for (uint8_t i = 0; i < 16; i++)
		k.key[i] = (uint8_t)(0x10 + i);
	return k;
}

static void test_mac_of_the_vector(void **state)
{
	struct auth_key k = vector_key();
	struct in6_addr coa = a6(COA), hoa = a6(HOA);
	uint8_t mh[128], mac[12];
	size_t n = unhex(bu_auth, mh);

	(void)state;
	assert_int_equal(n, COVERED + 12);
	auth_mac(&k, &coa, &hoa, mh, COVERED, mac);
	assert_memory_equal(mac, mh + COVERED, 12);
	assert_true(auth_check(&k, &coa, &hoa, mh, COVERED, mh + COVERED, 12));
}

/* Both addresses in this order, the key, and every octet but the checksum. */
static void test_mac_depends_on_all_it_covers(void **state)
{
	struct auth_key k = vector_key(), other = k;
	struct in6_addr coa = a6(COA), hoa = a6(HOA), wrong = a6("2001:db8:2::21");
	uint8_t mh[128];

	(void)state;
	unhex(bu_auth, mh);
	assert_false(auth_check(&k, &hoa, &coa, mh, COVERED, mh + COVERED, 12));
	assert_false(auth_check(&k, &wrong, &hoa, mh, COVERED, mh + COVERED, 12));
	assert_false(auth_check(&k, &coa, &wrong, mh, COVERED, mh + COVERED, 12));
	other.key[15] ^= 1;
	assert_false(auth_check(&other, &coa, &hoa, mh, COVERED, mh + COVERED, 12));
	other = k;
	other.len = 15;
	assert_false(auth_check(&other, &coa, &hoa, mh, COVERED, mh + COVERED, 12));
	for (size_t i = 0; i < COVERED + 12; i++) {
		mh[i] ^= 1;
		assert_int_equal(auth_check(&k, &coa, &hoa, mh, COVERED, mh + COVERED, 12),
				 i == 4 || i == 5);
		mh[i] ^= 1;
	}
}

static void test_mac_of_another_length_is_false(void **state)
{
	struct auth_key k = vector_key();
	struct in6_addr coa = a6(COA), hoa = a6(HOA);
	uint8_t mh[128];

	(void)state;
	unhex(bu_auth, mh);
	for (size_t n = 0; n <= 20; n++)
		assert_int_equal(auth_check(&k, &coa, &hoa, mh, COVERED, mh + COVERED, n), n == 12);
}

static void test_key_lengths_are_honoured(void **state)
{
	struct in6_addr coa = a6(COA), hoa = a6(HOA);
	uint8_t mh[128], before[12] = { 0 }, mac[12];
	struct auth_key k = { .len = 0 };

	(void)state;
	unhex(bu_auth, mh);
	memset(k.key, 0x5a, sizeof(k.key));
	for (k.len = AUTH_KEY_MIN; k.len <= AUTH_KEY_MAX; k.len++) {
		auth_mac(&k, &coa, &hoa, mh, COVERED, mac);
		assert_memory_not_equal(mac, before, 12);
		memcpy(before, mac, 12);
	}
}

static void test_unix_time_becomes_an_ntp_timestamp(void **state)
{
	static const struct {
		double t;
		uint64_t ntp;
	} row[] = {
		{ 0, UINT64_C(0x83aa7e8000000000) }, /* 1970 */
		{ 0.5, UINT64_C(0x83aa7e8080000000) },
		{ 1700000000.25, UINT64_C(0xe8fe6f8040000000) },
		{ 2085978495.75, UINT64_C(0xffffffffc0000000) },
		{ 2085978496, 0 },			      /* 2036: era 1 */
		{ 2208988800, UINT64_C(0x0754fd0000000000) }, /* 2040 */
		{ -1, UINT64_C(0x83aa7e7f00000000) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		assert_true(ntp_from_unix(row[i].t) == row[i].ntp);
}

static void test_differences_wrap_with_the_era(void **state)
{
	(void)state;
	assert_true(ntp_diff(ntp_from_unix(100), ntp_from_unix(97.5)) == 2.5);
	assert_true(ntp_diff(ntp_from_unix(97.5), ntp_from_unix(100)) == -2.5);
	assert_true(ntp_diff(ntp_from_unix(2085978497), ntp_from_unix(2085978495)) == 2);
	assert_true(ntp_diff(5, 5) == 0);
}

static void test_timestamps_must_be_newer_and_close(void **state)
{
	static const struct {
		double stamp, last, now;
		enum replay want;
	} row[] = {
		{ 1000, 0, 1000, REPLAY_OK }, /* none accepted yet */
		{ 1000, 999, 1000, REPLAY_OK },
		{ 1007, 999, 1000, REPLAY_OK },
		{ 1007.5, 999, 1000, REPLAY_MISMATCH },
		{ 993, 0, 1000, REPLAY_OK },
		{ 992.5, 0, 1000, REPLAY_MISMATCH },
		{ 1000, 1000, 1000, REPLAY_MISMATCH }, /* replayed */
		{ 999, 1000, 1000, REPLAY_MISMATCH },
		{ 1000, 1002, 1000, REPLAY_MISMATCH },
		{ 0.5, 0, 1700000000, REPLAY_MISMATCH }, /* a clock at 1970 */
		{ 2208988800, 0, 1700000000, REPLAY_MISMATCH },
		{ 2085978498, 2085978494, 2085978495, REPLAY_OK }, /* over the era's end */
		{ 2085978494, 2085978498, 2085978495, REPLAY_MISMATCH },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint64_t last = row[i].last ? ntp_from_unix(row[i].last) : 0;

		assert_int_equal(replay_check(ntp_from_unix(row[i].stamp), last,
					      ntp_from_unix(row[i].now), 7),
				 row[i].want);
	}
}

static void test_newer_by_one_unit_is_newer(void **state)
{
	uint64_t t = ntp_from_unix(1000);

	(void)state;
	assert_int_equal(replay_check(t + 1, t, t, 7), REPLAY_OK);
	assert_int_equal(replay_check(t, t, t, 7), REPLAY_MISMATCH);
	assert_int_equal(replay_check(t - 1, t, t, 7), REPLAY_MISMATCH);
}

/* RFC 4285 6: own high half, received low half; the peer can then be right at once. */
static void test_mismatch_answer_mixes_both_clocks(void **state)
{
	uint64_t now = ntp_from_unix(1700000000.25), stamp = ntp_from_unix(3.75);

	(void)state;
	assert_true(replay_answer(stamp, now) == UINT64_C(0xe8fe6f80c0000000));
	assert_int_equal(replay_check(replay_answer(stamp, now), 0, now, 7), REPLAY_OK);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mac_of_the_vector),
		cmocka_unit_test(test_mac_depends_on_all_it_covers),
		cmocka_unit_test(test_mac_of_another_length_is_false),
		cmocka_unit_test(test_key_lengths_are_honoured),
		cmocka_unit_test(test_unix_time_becomes_an_ntp_timestamp),
		cmocka_unit_test(test_differences_wrap_with_the_era),
		cmocka_unit_test(test_timestamps_must_be_newer_and_close),
		cmocka_unit_test(test_newer_by_one_unit_is_newer),
		cmocka_unit_test(test_mismatch_answer_mixes_both_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
