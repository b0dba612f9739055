/* SPDX-License-Identifier: BSD-2-Clause */
/* DHAAD, mobile prefix discovery, echo, and the packet quoted in an error. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "wire/cksum.h"
#include "wire_help.h"

#define PIO	"0304 40e0 00278d00 00093a80 00000000 20010db8028000000000000000000001"
#define COA	"20010db8000200000000000000000020"
#define HA	"20010db8000100000000000000000001"
#define HOA	"20010db8000100000000000000000010"
#define IP6(nh) "60000000 0060" nh "40" COA HA

static int parse_hex(const char *hex, struct icmp6_msg *m, const char **why)
{
	uint8_t buf[HELP_MAX];
	size_t n = unhex(hex, buf);

	return icmp6_parse(guarded(buf, n), n, m, why);
}

static void test_each_message_has_its_layout(void **state)
{
	const struct {
		const char *hex;
		struct icmp6_msg m;
	} row[] = {
		{ "90000000 1234 8000", { .type = 144, .dhaad = { .id = 0x1234, .r = true } } },
		{ "90000000 1234 0000", { .type = 144, .dhaad = { .id = 0x1234 } } },
		{ "91000000 0007 0000", { .type = 145, .dhaad = { .id = 7 } } },
		{ "91000000 0007 8000" HA COA,
		  { .type = 145,
		    .dhaad = { .id = 7,
			       .r = true,
			       .n = 2,
			       .ha = { a6("2001:db8:1::1"), a6("2001:db8:2::20") } } } },
		{ "92000000 abcd 0000", { .type = 146, .mps.id = 0xabcd } },
		{ "93000000 abcd 0000", { .type = 147, .mpa.id = 0xabcd } },
		{ "93000000 abcd 8000" PIO,
		  { .type = 147,
		    .mpa = { .id = 0xabcd,
			     .managed = true,
			     .n = 1,
			     .prefix = { { a6("2001:db8:280::1"), 64, true, true, true, 2592000,
					   604800 } } } } },
		{ "93000000 abcd 4000", { .type = 147, .mpa = { .id = 0xabcd, .other = true } } },
		{ "80000000 0102 0304", { .type = 128, .echo = { .id = 0x102, .seq = 0x304 } } },
		{ "81000000 0102 0304 6869",
		  { .type = 129, .echo = { 0x102, 0x304, (const uint8_t *)"hi", 2 } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint8_t want[128], got[128];
		size_t n = unhex(row[i].hex, want);
		struct icmp6_msg m;
		const char *why;

		assert_int_equal(icmp6_build(&row[i].m, got, sizeof(got)), n);
		assert_memory_equal(got, want, n);
		assert_int_equal(icmp6_build(&row[i].m, got, n - 1), -EMSGSIZE);
		assert_int_equal(icmp6_parse(guarded(want, n), n, &m, &why), 0);
		assert_null(why);
		assert_true(icmp6_same(&m, &row[i].m));
	}
}

static void test_malformed_messages_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *hex;
		int rc;
		const char *why;
	} row[] = {
		{ "", -EBADMSG, "shorter" },
		{ "90000000 1234 00", -EBADMSG, "shorter" },
		{ "7f000000 00000000", -EPROTONOSUPPORT, "unknown" },
		{ "03000000 00000000", -EBADMSG, "quoted" },
		{ "94000000 00000000", -EPROTONOSUPPORT, "unknown" },
		/* RFC 6275 6.5-6.8: no Code but 0 */
		{ "90010000 1234 0000", -EBADMSG, "Code" },
		{ "91010000 1234 0000", -EBADMSG, "Code" },
		{ "92010000 1234 0000", -EBADMSG, "Code" },
		{ "93010000 1234 0000", -EBADMSG, "Code" },
		{ "80010000 1234 0000", -EBADMSG, "Code" },
		{ "91000000 1234 0000 20010db80001000000000000000000", -EBADMSG, "cut off" },
		{ "91000000 1234 0000" HA "20", -EBADMSG, "cut off" },
		{ "92000000 1234 0000 fe00 000000000000", -EBADMSG, "length 0" },
		{ "93000000 1234 0000 fe00 000000000000", -EBADMSG, "length 0" },
		{ "93000000 1234 0000 fe02 000000000000", -EBADMSG, "beyond" },
		{ "93000000 1234 0000 0303 40c0 00278d00 00093a80 00000000 20010db8028000",
		  -EBADMSG, "beyond" },
		{ "93000000 1234 0000 0303 40c0 00278d00 00093a80 00000000 20010db802800000",
		  -EBADMSG, "wrong length" },
		{ "93000000 1234 0000 0301 40c0 00278d00", -EBADMSG, "wrong length" },
		{ "01000000 00000000", -EBADMSG, "quoted" },
		{ "01000000 00000000 60000000 00603b40" COA "2001", -EBADMSG, "quoted" },
		{ "01000000 00000000 45000000 00603b40" COA HA, -EBADMSG, "quoted" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct icmp6_msg m;
		const char *why;

		assert_int_equal(parse_hex(row[i].hex, &m, &why), row[i].rc);
		assert_non_null(strstr(why, row[i].why));
	}
}

/* RFC 6275 6.7, 6.8: unknown options are ignored, reserved fields too. */
static void test_unknown_options_and_reserved_bits_are_ignored(void **state)
{
	struct icmp6_msg m;
	const char *why;

	(void)state;
	assert_int_equal(parse_hex("90000000 1234 7fff ffffffff", &m, &why), 0);
	assert_false(m.dhaad.r);
	assert_int_equal(parse_hex("92000000 1234 ffff fe01 000000000000", &m, &why), 0);
	assert_int_equal(m.mps.id, 0x1234);
	assert_int_equal(parse_hex("93000000 1234 3fff fe01 000000000000" PIO, &m, &why), 0);
	assert_false(m.mpa.managed || m.mpa.other);
	assert_int_equal(m.mpa.n, 1);
}

static void test_lists_longer_than_the_table_keep_the_first(void **state)
{
	static uint8_t buf[HELP_MAX];
	struct icmp6_msg m;
	const char *why;
	size_t n = unhex("91000000 0007 0000", buf);

	(void)state;
	for (unsigned i = 0; i < DHAAD_MAX_HA + 5; i++, n += 16)
		buf[n + 15] = (uint8_t)i;
	assert_int_equal(icmp6_parse(guarded(buf, n), n, &m, &why), 0);
	assert_int_equal(m.dhaad.n, DHAAD_MAX_HA);
	assert_int_equal(m.dhaad.ha[DHAAD_MAX_HA - 1].s6_addr[15], DHAAD_MAX_HA - 1);

	n = unhex("93000000 0007 0000", buf);
	for (unsigned i = 0; i < ND_MAX_PREFIX + 5; i++)
		n += unhex(PIO, buf + n);
	assert_int_equal(icmp6_parse(guarded(buf, n), n, &m, &why), 0);
	assert_int_equal(m.mpa.n, ND_MAX_PREFIX);
}

/* RFC 6275 11.3.5: the answer of a node that knows no Mobility Header. */
static void test_quoted_binding_update_is_recognised(void **state)
{
	const struct in6_addr coa = a6("2001:db8:2::20"), ha = a6("2001:db8:1::1");
	const struct in6_addr hoa = a6("2001:db8:1::10");
	struct icmp6_msg m;
	const char *why;

	(void)state;
	assert_int_equal(parse_hex("04010000 00000028" IP6("3c") "8702 0102 0000 c910" HOA
								 "3b01050000000001c000000f01020000",
				   &m, &why),
			 0);
	assert_int_equal(m.code, 1);
	assert_int_equal(m.err.arg, 40);
	assert_true(in6_eq(&m.err.src, &coa));
	assert_true(in6_eq(&m.err.dst, &ha));
	assert_true(m.err.has_hao);
	assert_true(in6_eq(&m.err.hao, &hoa));
	assert_false(m.err.has_rh2);
	assert_int_equal(m.err.proto, IPPROTO_MH_);
	assert_int_equal(m.err.mh_type, MH_BU);
	assert_int_equal(m.err.icmp_type, 0xff);
	assert_int_equal(m.err.off, 64);
}

static void test_headers_of_the_quoted_packet_are_passed(void **state)
{
	static const struct {
		const char *hex;
		uint8_t proto, mh, icmp;
		uint32_t off;
		bool hao, rh2;
	} row[] = {
		{ IP6("3a") "80", 58, 0xff, 128, 40, false, false },
		{ IP6("3a"), 58, 0xff, 0xff, 40, false, false },
		{ IP6("87") "3b01", 135, 0xff, 0xff, 40, false, false },
		{ IP6("87") "3b0106", 135, 6, 0xff, 40, false, false },
		{ IP6("2b") "8702 0201 00000000" HOA "3b0106", 135, 6, 0xff, 64, false, true },
		{ IP6("2b") "3c02 0201 00000000" HOA "3a02 0102 0000 c910" HOA "92", 58, 0xff, 146,
		  88, true, true },
		{ IP6("00") "3c00 01040000 0000"
			    "8700 0104 00000000"
			    "3b0105",
		  135, 5, 0xff, 56, false, false },
		{ IP6("2c") "8700 0001 00000001"
			    "3b0105",
		  135, 5, 0xff, 48, false, false },
		{ IP6("2c") "8700 0008 00000001"
			    "3b0105",
		  44, 0xff, 0xff, 40, false, false },
		{ IP6("33") "8704 0000 00000001 00000001 000000000000000000000000"
			    "3b0105",
		  135, 5, 0xff, 64, false, false },
		{ IP6("32") "00000001 00000001", 50, 0xff, 0xff, 40, false, false },
		{ IP6("29") "60000000", 41, 0xff, 0xff, 40, false, false },
		/* the header is not whole */
		{ IP6("3c") "8702 0102 0000 c910"
			    "2001",
		  60, 0xff, 0xff, 40, false, false },
		{ IP6("3c") "87", 60, 0xff, 0xff, 40, false, false },
		{ IP6("3c"), 60, 0xff, 0xff, 40, false, false },
		/* two home addresses: neither is believed */
		{ IP6("3c") "8704 c910" HOA "c910" HOA "0000"
			    "3b0105",
		  135, 5, 0xff, 80, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		char hex[1024];
		struct icmp6_msg m;
		const char *why;

		snprintf(hex, sizeof(hex), "01030000 00000000 %s", row[i].hex);
		assert_int_equal(parse_hex(hex, &m, &why), 0);
		assert_int_equal(m.err.proto, row[i].proto);
		assert_int_equal(m.err.mh_type, row[i].mh);
		assert_int_equal(m.err.icmp_type, row[i].icmp);
		assert_int_equal(m.err.off, row[i].off);
		assert_int_equal(m.err.has_hao, row[i].hao);
		assert_int_equal(m.err.has_rh2, row[i].rh2);
	}
}

static void test_packet_too_big_carries_the_mtu(void **state)
{
	struct icmp6_msg m;
	const char *why;

	(void)state;
	assert_int_equal(parse_hex("02000000 00000578" IP6("29"), &m, &why), 0);
	assert_int_equal(m.err.arg, 1400);
}

static void test_cuts_and_flips_are_refused_or_parsed(void **state)
{
	static const char *const row[] = {
		"04010000 00000028" IP6("3c") "2b02 0102 0000 c910" HOA "8702 0201 00000000" HOA
					      "3b01050000000001c000000f01020000",
		"93000000 abcd 8000" PIO PIO,
		"91000000 0007 8000" HA COA,
		"92000000 1234 ffff fe01 000000000000",
		"80000000 0102 0304 6869",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint8_t buf[256];
		size_t n = unhex(row[i], buf);
		struct icmp6_msg m;
		const char *why;

		for (size_t cut = 0; cut < n; cut++)
			(void)icmp6_parse(guarded(buf, cut), cut, &m, &why);
		for (size_t at = 0; at < n * 256; at++) {
			uint8_t was = buf[at / 256];

			buf[at / 256] = (uint8_t)at;
			(void)icmp6_parse(guarded(buf, n), n, &m, &why);
			buf[at / 256] = was;
		}
		assert_int_equal(icmp6_parse(buf, n, &m, &why), 0);
	}
}

static void test_what_the_wire_cannot_hold_is_not_built(void **state)
{
	static const struct icmp6_msg row[] = {
		{ .type = ICMP6_PARAMPROB_ },
		{ .type = 200 },
		{ .type = ICMP6_DHAAD_REP, .dhaad.n = DHAAD_MAX_HA + 1 },
		{ .type = ICMP6_MPA, .mpa.n = ND_MAX_PREFIX + 1 },
		{ .type = ICMP6_MPA, .mpa = { .n = 1, .prefix = { { .plen = 129 } } } },
	};
	static uint8_t buf[HELP_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		assert_int_equal(icmp6_build(&row[i], buf, sizeof(buf)), -EINVAL);
}

/* RFC 6275 10.5.1: the whole list fits the least MTU. */
static void test_full_discovery_reply_fits_1280_octets(void **state)
{
	struct icmp6_msg m = { .type = ICMP6_DHAAD_REP, .dhaad.n = DHAAD_MAX_HA };
	static uint8_t buf[HELP_MAX];

	(void)state;
	assert_int_equal(icmp6_build(&m, buf, sizeof(buf)), 8 + 16 * DHAAD_MAX_HA);
	assert_true(40 + 8 + 16 * DHAAD_MAX_HA <= 1280);
}

/* Sums that scapy computed; 2001:db8:1::10 -> 2001:db8:1::1. */
static void test_checksum_of_icmp6_messages(void **state)
{
	static const char *const row[] = { "92001231 00070000", "800050cd 00010002 6f6464" };
	const struct in6_addr src = a6("2001:db8:1::10"), dst = a6("2001:db8:1::1");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint8_t buf[16];
		size_t n = unhex(row[i], buf);
		uint16_t sum =
			cksum6(&src, &dst, IPPROTO_ICMPV6, guarded(buf, n), n, CKSUM_AT_ICMP6);

		assert_int_equal(ntohs(sum), buf[2] << 8 | buf[3]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_message_has_its_layout),
		cmocka_unit_test(test_malformed_messages_are_refused_with_a_reason),
		cmocka_unit_test(test_unknown_options_and_reserved_bits_are_ignored),
		cmocka_unit_test(test_lists_longer_than_the_table_keep_the_first),
		cmocka_unit_test(test_quoted_binding_update_is_recognised),
		cmocka_unit_test(test_headers_of_the_quoted_packet_are_passed),
		cmocka_unit_test(test_packet_too_big_carries_the_mtu),
		cmocka_unit_test(test_cuts_and_flips_are_refused_or_parsed),
		cmocka_unit_test(test_what_the_wire_cannot_hold_is_not_built),
		cmocka_unit_test(test_checksum_of_icmp6_messages),
		cmocka_unit_test(test_full_discovery_reply_fits_1280_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
