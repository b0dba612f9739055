/* SPDX-License-Identifier: BSD-2-Clause */
/* Home Address option (RFC 6275 6.3) and type 2 routing header (6.4). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "wire/exthdr.h"
#include "wire_help.h"

#define HOA_HEX "20010db8000100000000000000000010"
#define HAO_HEX "0002 0102 0000 c910" HOA_HEX
#define RH2_HEX "0002 0201 00000000" HOA_HEX

static void test_both_headers_are_built_to_the_octet(void **state)
{
	const struct in6_addr hoa = a6("2001:db8:1::10");
	uint8_t want[24], got[24];

	(void)state;
	assert_int_equal(unhex(HAO_HEX, want), HAO_HDR_LEN);
	hao_build(&hoa, got);
	assert_memory_equal(got, want, sizeof(got));
	assert_int_equal(unhex(RH2_HEX, want), RH2_LEN);
	rh2_build(&hoa, got);
	assert_memory_equal(got, want, sizeof(got));
}

static void test_home_address_option_is_found_once_or_refused(void **state)
{
	static const struct {
		const char *hex;
		int rc;
	} row[] = {
		{ HAO_HEX, 1 },
		{ "8702 0102 ffff c910" HOA_HEX, 1 },	/* MH follows, PadN content */
		{ "0002 0000 0000 c910" HOA_HEX, 1 },	/* Pad1 */
		{ "0002 c910" HOA_HEX "0102 0000", 1 }, /* unaligned, still clear */
		{ "0003 0102 0000 c910" HOA_HEX "3e02 0000 01020000", 1 },
		{ "0000 0104 00000000", 0 },
		{ "0000 0502 0000 0100", 0 },
		{ "0004 c910" HOA_HEX "c910" HOA_HEX "0000", -EBADMSG },
		{ "0002 0103 000000 c90f 200100000000000000000000000000", -EBADMSG },
		{ "0002 0101 00 c911" HOA_HEX "00", -EBADMSG },
		{ "0002 c9ff" HOA_HEX "00000000", -EBADMSG },
		{ "0000 c910 00000000", -EBADMSG },
		{ "0000 0000 000000c9", -EBADMSG },
		{ "0003 0102 0000 c910" HOA_HEX, -EBADMSG }, /* says 32, has 24 */
		{ "", -EBADMSG },
		{ "00", -EBADMSG },
	};
	const struct in6_addr hoa = a6("2001:db8:1::10");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct in6_addr got = { 0 };
		uint8_t buf[64];
		size_t n = unhex(row[i].hex, buf);

		assert_int_equal(hao_parse(guarded(buf, n), n, &got), row[i].rc);
		if (row[i].rc == 1)
			assert_true(in6_eq(&got, &hoa));
	}
}

static void test_octets_after_the_destination_options_are_not_read(void **state)
{
	struct in6_addr got;
	uint8_t buf[64];
	size_t n = unhex("8700 0104 00000000 c910" HOA_HEX, buf);

	(void)state;
	assert_int_equal(hao_parse(buf, n, &got), 0);
}

static void test_routing_header_must_be_type_2_with_one_address(void **state)
{
	static const struct {
		const char *hex;
		int rc;
	} row[] = {
		{ RH2_HEX, 1 },
		{ "8702 0200 ffffffff" HOA_HEX, 1 }, /* processed by the kernel */
		{ "0002 0001 00000000" HOA_HEX, 0 },
		{ "0004 0301 00000000" HOA_HEX HOA_HEX, 0 },
		{ "0002 0202 00000000" HOA_HEX, -EBADMSG },
		{ "0004 0201 00000000" HOA_HEX HOA_HEX, -EBADMSG },
		{ "0001 0201 00000000" HOA_HEX, -EBADMSG },
		{ "0002 0201 00000000 20010db80001000000000000000000", -EBADMSG },
		{ "0002 02", -EBADMSG },
		{ "0002 00", -EBADMSG },
		{ "", -EBADMSG },
	};
	const struct in6_addr hoa = a6("2001:db8:1::10");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct in6_addr got = { 0 };
		uint8_t buf[64];
		size_t n = unhex(row[i].hex, buf);

		assert_int_equal(rh2_parse(guarded(buf, n), n, &got), row[i].rc);
		if (row[i].rc == 1)
			assert_true(in6_eq(&got, &hoa));
	}
}

static void test_cut_headers_are_refused(void **state)
{
	const struct in6_addr hoa = a6("2001:db8:1::10");
	uint8_t hao[HAO_HDR_LEN], rh2[RH2_LEN];
	struct in6_addr got;

	(void)state;
	hao_build(&hoa, hao);
	rh2_build(&hoa, rh2);
	for (size_t n = 0; n < 24; n++) {
		assert_int_equal(hao_parse(guarded(hao, n), n, &got), -EBADMSG);
		assert_int_equal(rh2_parse(guarded(rh2, n), n, &got), -EBADMSG);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_headers_are_built_to_the_octet),
		cmocka_unit_test(test_home_address_option_is_found_once_or_refused),
		cmocka_unit_test(test_octets_after_the_destination_options_are_not_read),
		cmocka_unit_test(test_routing_header_must_be_type_2_with_one_address),
		cmocka_unit_test(test_cut_headers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
