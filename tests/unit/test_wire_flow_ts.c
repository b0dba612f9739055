/* SPDX-License-Identifier: BSD-2-Clause */
/* The binary traffic selectors of RFC 6088: octets written by hand from its figures. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "wire/flow.h"
#include "wire_help.h"

#define A1 "20010db8 00010000 00000000 00000001 "
#define A2 "20010db8 00010000 00000000 000000ff "
#define A3 "20010db8 02810000 00000000 00000000 "
#define A4 "20010db8 0281ffff ffffffff ffffffff "

static uint8_t parse(uint8_t format, const char *hex, struct flowsel *sel)
{
	uint8_t buf[256];
	size_t n = unhex(hex, buf);
	struct mhopt_bytes octets = { guarded(buf, n), (uint8_t)n };

	return flow_selector_parse(format, &octets, sel);
}

/* The octets say this and no other struct, and the struct these octets. */
static void same(uint8_t format, const char *hex, struct flowsel sel)
{
	struct flowsel got;
	uint8_t want[256], buf[FLOW_SELECTOR_MAX], told;
	size_t n = unhex(hex, want);

	flowsel_tidy(&sel);
	assert_int_equal(parse(format, hex, &got), FLOW_OK);
	assert_string_equal(SEL(&got), SEL(&sel));
	assert_true(flowsel_eq(&got, &sel));
	assert_int_equal(flow_selector_build(&sel, &told, buf, sizeof(buf)), n);
	assert_int_equal(told, format);
	assert_memory_equal(buf, want, n);
	assert_int_equal(flow_selector_build(&sel, &told, buf, n - 1), -EMSGSIZE);
	for (size_t cut = 0; cut < n; cut++) {	/* fields that are missing */
		struct mhopt_bytes octets = { guarded(want, cut), (uint8_t)cut };

		assert_int_equal(flow_selector_parse(format, &octets, &got), FLOW_MALFORMED);
	}
}

static union ip_bytes in6(const char *s)
{
	return (union ip_bytes){ .in6 = a6(s) };
}

static union ip_bytes in4(const char *s)
{
	return (union ip_bytes){ .in4 = a4(s) };
}

/* RFC 6088 3.2, figure 2: A to P in that order, A the highest bit. */
static void test_ipv6_fields_have_their_flags_and_order(void **state)
{
	struct flowsel s = { .family = AF_INET6, .has = FLOWSEL_ALL,
			     .src_lo = in6("2001:db8:1::1"), .src_hi = in6("2001:db8:1::ff"),
			     .dst_lo = in6("2001:db8:281::"),
			     .dst_hi = in6("2001:db8:281:ffff:ffff:ffff:ffff:ffff"),
			     .spi_lo = 256, .spi_hi = 0xffffffff, .label_lo = 1, .label_hi = 0xfffff,
			     .sport_lo = 1024, .sport_hi = 2048, .dport_lo = 80, .dport_hi = 443,
			     .dscp_lo = 10, .dscp_hi = 46, .proto_lo = 6, .proto_hi = 17 };

	(void)state;
	same(FLOW_TS_IPV6, "ffff 0000 " A1 A2 A3 A4 "00000100 ffffffff 00000001 000fffff "
	     "0400 0800 0050 01bb 28 b8 06 11", s);
	s.has = FLOWSEL_DST | FLOWSEL_DPORT;
	same(FLOW_TS_IPV6, "3030 0000 " A3 A4 "0050 01bb", s);
}

/* RFC 6088 3.1, figure 1: A to N. */
static void test_ipv4_fields_have_their_flags_and_order(void **state)
{
	struct flowsel s = { .family = AF_INET, .has = FLOWSEL_ALL & ~FLOWSEL_LABEL,
			     .src_lo = in4("192.0.2.1"), .src_hi = in4("192.0.2.9"),
			     .dst_lo = in4("10.0.0.0"), .dst_hi = in4("10.0.0.255"),
			     .spi_lo = 256, .spi_hi = 257, .sport_lo = 1024, .sport_hi = 2048,
			     .dport_lo = 80, .dport_hi = 443, .dscp_lo = 0, .dscp_hi = 63,
			     .proto_lo = 6, .proto_hi = 17 };

	(void)state;
	same(FLOW_TS_IPV4, "fffc 0000 c0000201 c0000209 0a000000 0a0000ff 00000100 00000101 "
	     "0400 0800 0050 01bb 00 fc 06 11", s);
	s.has = FLOWSEL_SPORT | FLOWSEL_PROTO;
	same(FLOW_TS_IPV4, "030c 0000 0400 0800 06 11", s);
}

/* "If more than one contiguous ... needs to be matched, then" the end is there: else one value. */
static void test_one_value_needs_no_end(void **state)
{
	struct flowsel s = { .family = AF_INET6, .has = FLOWSEL_SRC, .src_lo = in6("2001:db8:1::1"),
			     .src_hi = in6("2001:db8:1::1") };

	(void)state;
	same(FLOW_TS_IPV6, "8000 0000 " A1, s);
	s = (struct flowsel){ .family = AF_INET6, .has = FLOWSEL_PROTO, .proto_lo = 17,
			      .proto_hi = 17 };
	same(FLOW_TS_IPV6, "0002 0000 11", s);
	s = (struct flowsel){ .family = AF_INET6, .has = FLOWSEL_LABEL, .label_lo = 7,
			      .label_hi = 7 };
	same(FLOW_TS_IPV6, "0200 0000 00000007", s);
	s = (struct flowsel){ .family = AF_INET, .has = FLOWSEL_DSCP, .dscp_lo = 46,
			      .dscp_hi = 46 };
	same(FLOW_TS_IPV4, "0020 0000 b8", s);
	s = (struct flowsel){ .family = AF_INET };	/* every packet of the family */
	same(FLOW_TS_IPV4, "0000 0000", s);
}

static void test_an_end_needs_its_start(void **state)
{
	struct flowsel s;

	(void)state;
	for (unsigned pair = 0; pair < 8; pair++) {
		char hex[80];

		snprintf(hex, sizeof(hex), "%04x 0000 " A1, 0x4000u >> 2 * pair);
		assert_int_equal(parse(FLOW_TS_IPV6, hex, &s), FLOW_MALFORMED);
		if (pair < 7)
			assert_int_equal(parse(FLOW_TS_IPV4, hex, &s), FLOW_MALFORMED);
	}
}

static void test_an_end_does_not_come_before_its_start(void **state)
{
	static const char *const row[] = { "c000 0000 " A2 A1, "0c00 0000 00000002 00000001",
					   "0300 0000 00000002 00000001", "00c0 0000 0002 0001",
					   "0030 0000 0002 0001", "000c 0000 b8 b4",
					   "0003 0000 11 06" };
	struct flowsel s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		assert_int_equal(parse(FLOW_TS_IPV6, row[i], &s), FLOW_MALFORMED);
}

/* RFC 6088 3.1 (K), 3.2 (M): "the 2 least significant bits' values MUST be ignored". */
static void test_the_low_bits_of_a_ds_octet_are_not_looked_at(void **state)
{
	struct flowsel s;

	(void)state;
	assert_int_equal(parse(FLOW_TS_IPV6, "0008 0000 bb", &s), FLOW_OK);
	assert_true(s.dscp_lo == 46 && s.dscp_hi == 46);
	assert_int_equal(parse(FLOW_TS_IPV4, "0030 0000 bb b8", &s), FLOW_OK);
	assert_true(s.dscp_lo == 46 && s.dscp_hi == 46);
}

/* RFC 6088 3.2 (G): the first 8 bits are ignored. A label has 20 bits, not 24. */
static void test_the_high_bits_of_a_flow_label_are_not_looked_at(void **state)
{
	struct flowsel s;

	(void)state;
	assert_int_equal(parse(FLOW_TS_IPV6, "0200 0000 ff012345", &s), FLOW_OK);
	assert_true(s.label_lo == 0x12345 && s.label_hi == 0x12345);
	assert_int_equal(parse(FLOW_TS_IPV6, "0300 0000 00000001 00ffffff", &s), FLOW_OK);
	assert_true(s.label_lo == 1 && s.label_hi == 0xfffff);
	/* nothing has such a label */
	assert_int_equal(parse(FLOW_TS_IPV6, "0200 0000 00100000", &s), FLOW_MALFORMED);
}

/* "These bits MUST be set to zero by the sender and ignored by the receiver." */
static void test_reserved_bits_of_a_selector_are_not_looked_at(void **state)
{
	struct flowsel s;

	(void)state;
	assert_int_equal(parse(FLOW_TS_IPV6, "0002 ffff 11 aabb", &s), FLOW_OK);
	assert_int_equal(s.has, FLOWSEL_PROTO);
	assert_int_equal(parse(FLOW_TS_IPV4, "000b ffff 11", &s), FLOW_OK);
	assert_int_equal(s.has, FLOWSEL_PROTO);
}

static void test_formats_that_are_not_supported(void **state)
{
	static const uint8_t row[] = { 0, 3, 250, 255 };
	struct flowsel s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		assert_int_equal(parse(row[i], "0000 0000", &s), FLOW_NO_FORMAT);
}

static void test_selectors_that_no_format_can_say_are_not_built(void **state)
{
	struct flowsel s = { .has = FLOWSEL_DPORT, .dport_lo = 53, .dport_hi = 53 };
	uint8_t buf[FLOW_SELECTOR_MAX], format;

	(void)state;
	assert_int_equal(flow_selector_build(&s, &format, buf, sizeof(buf)), -EAFNOSUPPORT);
	s.family = AF_INET;
	s.has = FLOWSEL_LABEL;
	assert_int_equal(flow_selector_build(&s, &format, buf, sizeof(buf)), -EINVAL);
	/* the mark is local */
	s = (struct flowsel){ .family = AF_INET, .mark = 1, .mask = 255 };
	assert_int_equal(flow_selector_build(&s, &format, buf, sizeof(buf)), 4);
}

/* RFC 6088 3.1, 3.2: 8n or 4n with addresses, 4n, 2n, n by what is there; RFC 6089 4.2.1.3: 2n. */
static void test_a_whole_flow_is_built_as_the_rfcs_draw_it(void **state)
{
	static const char hex[] = "0317 02 00 8002 0000" A1 "11 00" "0204 0001 0003";
	struct flowsel sel = { .family = AF_INET6, .has = FLOWSEL_SRC | FLOWSEL_PROTO,
			       .src_lo = in6("2001:db8:1::1"), .src_hi = in6("2001:db8:1::1"),
			       .proto_lo = 17, .proto_hi = 17 };
	struct flow_subs s = { .has_bids = true, .n_bid = 2, .bid = { 1, 3 },
			       .has_selector = true };
	uint8_t octets[FLOW_SELECTOR_MAX], got[FLOW_SUB_MAX], want[FLOW_SUB_MAX];
	ssize_t n = flow_selector_build(&sel, &s.format, octets, sizeof(octets));
	size_t len = unhex(hex, want);

	(void)state;
	assert_int_equal(n, 21);
	s.selector = (struct mhopt_bytes){ octets, (uint8_t)n };
	assert_int_equal(flow_subs_build(&s, got, sizeof(got)), len);
	assert_memory_equal(got, want, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv6_fields_have_their_flags_and_order),
		cmocka_unit_test(test_ipv4_fields_have_their_flags_and_order),
		cmocka_unit_test(test_one_value_needs_no_end),
		cmocka_unit_test(test_an_end_needs_its_start),
		cmocka_unit_test(test_an_end_does_not_come_before_its_start),
		cmocka_unit_test(test_the_low_bits_of_a_ds_octet_are_not_looked_at),
		cmocka_unit_test(test_the_high_bits_of_a_flow_label_are_not_looked_at),
		cmocka_unit_test(test_reserved_bits_of_a_selector_are_not_looked_at),
		cmocka_unit_test(test_formats_that_are_not_supported),
		cmocka_unit_test(test_selectors_that_no_format_can_say_are_not_built),
		cmocka_unit_test(test_a_whole_flow_is_built_as_the_rfcs_draw_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
