/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobility options: layout, alignment, padding, order, repetition, refusal. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "wire_help.h"

static const struct mh_dialect draft = { MHOPT_IPV4_MNP_DEFAULT, MHOPT_IPV4_MNP_STATUS_DEFAULT };

/* A BU with this option area, filled up to 8 octets with Pad1. */
static int parse_opts(const char *hex, const struct mh_dialect *d, struct mh_msg *m,
		      const char **why)
{
	uint8_t buf[HELP_MAX] = { 59, 0, MH_BU, [7] = 1, 0xc0, 0, 0, 15 };
	size_t n = (12 + unhex(hex, buf + 12) + 7) / 8 * 8;

	buf[1] = (uint8_t)(n / 8 - 1);
	return mh_parse(guarded(buf, n), n, d, m, why);
}

struct layout_row {
	const char *hex;
	struct mhopts o;
};

/* Each option alone in a BU, at its place: the RFC's figure to octets and back. */
static void check_layout(const struct layout_row *row, size_t n_row)
{
	for (size_t i = 0; i < n_row; i++) {
		struct mh_msg m = { .type = MH_BU, .bu = { 1, 0xc000, 60 }, .opt = row[i].o };
		struct mh_msg back;
		uint8_t want[128], got[128];
		size_t n = unhex(row[i].hex, want);
		const char *why;

		assert_int_equal(mh_build(&m, &draft, got, sizeof(got), NULL), 12 + n);
		assert_memory_equal(got + 12, want, n);
		assert_int_equal(parse_opts(row[i].hex, &draft, &back, &why), 0);
		assert_true(mh_same(&m, &back));
	}
}

static void test_each_option_has_its_layout_and_alignment(void **state)
{
	static const uint8_t lla[] = { 2, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	static const uint8_t vendor[] = { 0, 0, 0x83, 0xa, 1, 0x77 };
	const struct in6_addr a = a6("2001:db8:1:2:3:4:5:6");
	const struct layout_row row[] = {
		{ "02020007", { .seen = BIT64(MHOPT_REFRESH_ADVICE), .refresh_advice = 28 } },
		{ "0100 0310 20010db8000100020003000400050006",
		  { .seen = BIT64(MHOPT_ALT_COA), .alt_coa = a } },
		{ "0404 1234 abcd 01040000 0000",
		  { .seen = BIT64(MHOPT_NONCE_INDICES),
		    .home_nonce = 0x1234,
		    .coa_nonce = 0xabcd } },
		{ "0612 0040 20010db8000100020003000400050006",
		  { .seen = BIT64(MHOPT_MNP), .n_mnp = 1, .mnp = { prefix6(&a, 64) } } },
		{ "0707 02aabbccddeeff 0101 00",
		  { .seen = BIT64(MHOPT_LLA), .n_raw = 1, .raw = { { 7, { lla, 7 } } } } },
		{ "0805 02 61406263 0103 000000",
		  { .seen = BIT64(MHOPT_MN_ID),
		    .mn_id = { (const uint8_t *)"a@bc", 4 },
		    .mn_id_subtype = 2 } },
		{ "01040000 0000 0a08 0102030405060708 01020000",
		  { .seen = BIT64(MHOPT_MESG_ID), .mesg_id = 0x0102030405060708 } },
		{ "1207 02aabbccddeeff 0101 00",
		  { .seen = BIT64(MHOPT_EXPERIMENTAL),
		    .n_raw = 1,
		    .raw = { { 18, { lla, 7 } } } } },
		{ "0100 1306 0000830a 0177 0100",
		  { .seen = BIT64(MHOPT_VENDOR), .n_raw = 1, .raw = { { 19, { vendor, 6 } } } } },
	};

	(void)state;
	check_layout(row, ARRAY_SIZE(row));
}

static void test_each_ipv4_and_binding_identifier_option_has_its_layout(void **state)
{
	const struct in6_addr a = a6("2001:db8:1:2:3:4:5:6");
	const struct in_addr b = a4("192.0.2.9");
	const struct layout_row row[] = {
		{ "1d06 6200 c0000209 01020000",
		  { .seen = BIT64(MHOPT_IPV4_HOA),
		    .n_ipv4_hoa = 1,
		    .ipv4_hoa = { { 24, true, b } } } },
		{ "1d06 8000 c0000209 01020000",
		  { .seen = BIT64(MHOPT_IPV4_HOA),
		    .n_ipv4_hoa = 1,
		    .ipv4_hoa = { { 32, false, b } } } },
		{ "1e06 8560 c0000209 01020000",
		  { .seen = BIT64(MHOPT_IPV4_ACK),
		    .n_ipv4_ack = 1,
		    .ipv4_ack = { { 133, 24, b } } } },
		{ "1f06 8000 0000006e 01020000",
		  { .seen = BIT64(MHOPT_NAT_DETECTION), .nat = { true, 110 } } },
		{ "1f06 0000 ffffffff 01020000",
		  { .seen = BIT64(MHOPT_NAT_DETECTION), .nat = { false, 0xffffffff } } },
		{ "2006 0000 c0000209 01020000", { .seen = BIT64(MHOPT_IPV4_COA), .ipv4_coa = b } },
		{ "2304 0102 00 07 01040000 0000",
		  { .seen = BIT64(MHOPT_BID), .n_bid = 1, .bid = { { .bid = 258, .prio = 7 } } } },
		{ "01040000 0000 2308 0001 a7 83 c0000209 01020000",
		  { .seen = BIT64(MHOPT_BID),
		    .n_bid = 1,
		    .bid = { { 1, 167, 3, true, { AF_INET, 0, { .in4 = b } } } } } },
		{ "01040000 0000 2314 0001 00 7f 20010db8000100020003000400050006",
		  { .seen = BIT64(MHOPT_BID),
		    .n_bid = 1,
		    .bid = { { 1, 0, 127, false, { AF_INET6, 0, { .in6 = a } } } } } },
		/* RFC 5648 8.2: that of the IPv4 home address comes first */
		{ "1e06 8560 c0000209 2304 0102 00 07 01040000 0000",
		  { .seen = BIT64(MHOPT_IPV4_ACK) | BIT64(MHOPT_BID),
		    .n_bid = 1,
		    .bid = { { .bid = 258, .prio = 7 } },
		    .n_ipv4_ack = 1,
		    .ipv4_ack = { { 133, 24, b } } } },
		{ "0b06 0018 c0000209 01020000",
		  { .seen = BIT64(11), .n_ipv4_mnp = 1, .ipv4_mnp = { prefix4(b, 24) } } },
		{ "0c06 8118 c0000209 01020000",
		  { .seen = BIT64(12),
		    .n_ipv4_mnp_status = 1,
		    .ipv4_mnp_status = { { 129, 24, b } } } },
	};

	(void)state;
	check_layout(row, ARRAY_SIZE(row));
}

static const struct {
	const char *hex, *why;
} malformed[] = {
	/* runs out of the header */
	{ "01030000", "runs out" },
	{ "00000006", "runs out" },
	{ "c8ff0000", "runs out" },
	{ "00000002", "runs out" },
	/* wrong lengths */
	{ "0200", "wrong length" },
	{ "0201 00", "wrong length" },
	{ "0203 000000", "wrong length" },
	{ "030f 20010db80001000200030004000500", "wrong length" },
	{ "0311 20010db8000100020003000400050006 00", "wrong length" },
	{ "0403 000000", "wrong length" },
	{ "0405 0000000000", "wrong length" },
	{ "050b 0000000000000000000000", "wrong length" },
	{ "050d 00000000000000000000000000", "wrong length" },
	{ "0611 0040 20010db80001000200030004000500", "wrong length" },
	{ "0613 0040 20010db8000100020003000400050006 00", "wrong length" },
	{ "0700", "wrong length" },
	{ "0800", "wrong length" },
	{ "0801 01", "wrong length" },
	{ "0904 01000003", "wrong length" },
	{ "0a07 00000000000000", "wrong length" },
	{ "0a09 000000000000000000", "wrong length" },
	{ "1304 0000830a", "wrong length" },
	{ "1d05 6000c00002", "wrong length" },
	{ "1d07 6000c000020900", "wrong length" },
	{ "1e05 0060c00002", "wrong length" },
	{ "1e07 0060c000020900", "wrong length" },
	{ "1f05 0000000000", "wrong length" },
	{ "1f07 00000000000000", "wrong length" },
	{ "2005 0000c00002", "wrong length" },
	{ "2007 0000c000020900", "wrong length" },
	/* a length that no prefix can have */
	{ "0612 0081 20010db8000100020003000400050006", "longer" },
	/* twice what may come once */
	{ "02020001 02020001", "repeated" },
	{ "0100 0310 20010db8000100020003000400050006 0100 00000000"
	  "0310 20010db8000100020003000400050006",
	  "repeated" },
	{ "0404 00000000 0404 00000000", "repeated" },
	{ "0802 0161 0802 0162", "repeated" },
	{ "0a08 0102030405060708 0a08 0102030405060708", "repeated" },
	{ "1f06 8000 0000006e 1f06 8000 0000006e", "repeated" },
	{ "2006 0000 c0000209 2006 0000 c0000209", "repeated" },
};

static void test_malformed_options_are_refused_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
		struct mh_msg m;
		const char *why;

		assert_int_equal(parse_opts(malformed[i].hex, NULL, &m, &why), -EBADMSG);
		assert_non_null(strstr(why, malformed[i].why));
	}
}

static void test_binding_identifiers_of_a_wrong_length_are_told(void **state)
{
	static const struct { const char *hex; uint16_t bid; uint8_t prio; } row[] = {
		{ "2300", 0, 0 },
		{ "2301 01", 0, 0 },
		{ "2303 0007 00", 7, 0 },
		{ "2305 0007 00 05 c0", 7, 5 },
		{ "2307 0007 00 05 c00002", 7, 5 },
		{ "2309 0007 00 05 c000020900", 7, 5 },
		{ "2313 0007 00 85 20010db80001000200030004000500", 7, 5 },
		{ "2315 0007 00 05 20010db8000100020003000400050006 00", 7, 5 },
	};
	uint8_t out[64];
	struct mh_msg m;
	const char *why;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(row); i++) {
		assert_int_equal(parse_opts(row[i].hex, NULL, &m, &why), 0);
		if (m.opt.n_bid != 1 || !m.opt.bid[0].malformed || m.opt.bid[0].coa.family ||
		    m.opt.bid[0].bid != row[i].bid || m.opt.bid[0].prio != row[i].prio)
			fail_msg("row %u: %u options, BID %u", i, m.opt.n_bid, m.opt.bid[0].bid);
		assert_int_equal(mh_build(&m, NULL, out, sizeof(out), NULL), -EINVAL);
	}
}

static void test_unknown_options_and_padding_are_skipped(void **state)
{
	static const char *const row[] = {
		"c803 010203 0202 0009",
		"c800 0202 0009 ff00",
		"00 00 00 00 0202 0009 0102 ffff", /* PadN content is ignored */
		"0101 02 0106 020200000000 0202 0009",
		"0b06 0018 c0000209 0c06 0018 c0000209 02020009", /* no dialect: unknown */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct mh_msg m;
		const char *why;

		assert_int_equal(parse_opts(row[i], NULL, &m, &why), 0);
		assert_true(m.opt.seen == BIT64(MHOPT_REFRESH_ADVICE));
		assert_int_equal(m.opt.refresh_advice, 36);
	}
}

static void test_numbers_of_the_ipv4_pair_are_configurable(void **state)
{
	static const struct mh_dialect other = { 200, 201 };
	struct mh_msg m = { .type = MH_BU, .opt = { .n_ipv4_mnp = 1, .n_ipv4_mnp_status = 1 } };
	uint8_t buf[64];
	struct mh_msg back;
	const char *why;

	(void)state;
	m.opt.seen = BIT64(11) | BIT64(12);
	m.opt.ipv4_mnp[0] = prefix4(a4("10.0.0.0"), 24);
	m.opt.ipv4_mnp_status[0] = (struct mhopt_ipv4_ack){ 129, 24, a4("10.0.0.0") };
	assert_int_equal(mh_build(&m, &other, buf, sizeof(buf), NULL), 32);
	assert_int_equal(buf[12], 200);
	assert_int_equal(buf[20], 201);
	assert_int_equal(mh_parse(buf, 32, &other, &back, &why), 0);
	assert_true(mh_same(&m, &back));
	/* elsewhere they are unknown, and not to be sent */
	assert_int_equal(mh_parse(buf, 32, &draft, &back, &why), 0);
	assert_true(back.opt.seen == 0);
	assert_int_equal(mh_build(&m, NULL, buf, sizeof(buf), NULL), -EINVAL);
}

static void test_ipv4_prefixes_longer_than_an_address(void **state)
{
	struct mh_msg m;
	const char *why;

	(void)state;
	assert_int_equal(parse_opts("0b06 0021 c0000209 01020000", &draft, &m, &why), -EBADMSG);
	assert_int_equal(parse_opts("0c06 0021 c0000209 01020000", &draft, &m, &why), -EBADMSG);
	/* RFC 5555 3.1.1 has a status for the answer, so the message stands */
	assert_int_equal(parse_opts("1d06 0000 c0000209 01020000", NULL, &m, &why), 0);
	assert_int_equal(m.opt.ipv4_hoa[0].plen, 0);
	assert_int_equal(parse_opts("1d06 fc00 c0000209 01020000", NULL, &m, &why), 0);
	assert_int_equal(m.opt.ipv4_hoa[0].plen, 63);
}

static void test_host_bits_of_a_prefix_are_kept_as_received(void **state)
{
	struct mh_msg m;
	const char *why;

	(void)state;
	assert_int_equal(parse_opts("0612 ff40 20010db8000100020003000400050006", NULL, &m, &why),
			 0);
	assert_true(prefix_has_host_bits(&m.opt.mnp[0]));
}

/* Nothing that the MAC does not cover may stand in an authenticated message. */
static void test_authentication_is_the_last_option(void **state)
{
#define MN_HA  "0911 01 00000100 000102030405060708090a0b"
#define MN_AAA "0911 02 00000003 000102030405060708090a0b"
#define RR     "010409040000 050c 000102030405060708090a0b"
	static const struct {
		const char *hex, *why;
	} row[] = {
		{ "00" MN_HA, NULL },
		{ "0100" MN_HA "010400000000", NULL }, /* some pad after it */
		{ "00" MN_HA MN_AAA, NULL },
		{ "00" MN_AAA, NULL },
		{ "00" MN_HA "02020001", "after the authentication option" },
		{ "00" MN_HA "c8020001", "after the authentication option" },
		{ "00" MN_HA "080201 61", "after the authentication option" },
		{ "00" MN_HA MN_HA, "wrong order" },
		{ "00" MN_AAA MN_HA, "wrong order" },
		{ "00" MN_AAA MN_AAA, "wrong order" },
		{ "00" MN_HA MN_AAA MN_AAA, "wrong order" },
		{ "00" MN_HA "0904 02000000", "wrong order" },
		{ "00" MN_HA "0900", "wrong order" },
		{ RR, NULL },
		{ RR "02020001", "after Binding Authorization Data" },
		{ RR "c8020001", "after Binding Authorization Data" },
		{ RR "050c 000102030405060708090a0b", "after Binding Authorization Data" },
		{ RR "00" MN_HA, "after Binding Authorization Data" },
		{ RR "0106000000000000", "padding after" },
		{ RR "0000000000000000", "padding after" },
		{ "00" MN_HA "050c 000102030405060708090a0b", "after the authentication option" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct mh_msg m;
		const char *why;

		assert_int_equal(parse_opts(row[i].hex, NULL, &m, &why), row[i].why ? -EBADMSG : 0);
		if (row[i].why)
			assert_non_null(strstr(why, row[i].why));
	}
}

static void test_mn_aaa_behind_mn_ha_is_not_kept(void **state)
{
	struct mh_msg m;
	const char *why;

	(void)state;
	assert_int_equal(parse_opts("00" MN_HA MN_AAA, NULL, &m, &why), 0);
	assert_int_equal(m.opt.auth.subtype, 1);
	assert_int_equal(m.opt.auth.spi, 256);
	assert_int_equal(m.opt.auth.covered, 12 + 1 + 7);
}

static void test_authentication_data_of_other_lengths_is_kept(void **state)
{
	struct mh_msg m;
	const char *why;

	(void)state;
	assert_int_equal(parse_opts("00 0905 01 00000100 00000000", NULL, &m, &why), 0);
	assert_int_equal(m.opt.auth.data.len, 0);
	assert_int_equal(parse_opts("00 0915 01 00000100 000102030405060708090a0b0c0d0e0f"
				    "00000000",
				    NULL, &m, &why),
			 0);
	assert_int_equal(m.opt.auth.data.len, 16);
	assert_int_equal(m.opt.auth.data.p[15], 15);
	assert_int_equal(m.opt.auth.covered, 20);
}

static void test_authentication_option_ends_the_header_at_8n5(void **state)
{
	uint8_t buf[HELP_MAX], id[254];
	size_t at;

	(void)state;
	memset(id, 'x', sizeof(id));
	for (uint8_t len = 1; len < sizeof(id); len++) {
		struct mh_msg m = { .type = MH_BA };
		ssize_t n;

		m.opt.seen = BIT64(MHOPT_MN_ID) | BIT64(MHOPT_AUTH);
		m.opt.mn_id = (struct mhopt_bytes){ id, len };
		m.opt.auth.spi = 1000;
		n = mh_build(&m, NULL, buf, sizeof(buf), &at);
		assert_true(n > 0 && n % 8 == 0);
		assert_int_equal(at + 12, n);
		assert_int_equal((at - 7) % 8, 5);
		assert_int_equal(buf[at - 7], MHOPT_AUTH);
	}
}

static void test_too_many_of_one_option(void **state)
{
	static const struct {
		const char *hex;
		unsigned room;
	} row[] = {
		{ "1d06 6000 c0000209", MHOPT_MAX_MNP },
		{ "1e06 0060 c0000209", MHOPT_MAX_MNP },
		{ "0b06 0018 c0000209", MHOPT_MAX_MNP },
		{ "0c06 0018 c0000209", MHOPT_MAX_MNP },
		{ "0612 0040 20010db8000100020003000400050006 00000000", MHOPT_MAX_MNP },
		{ "2304 0001 0000 0000", MHOPT_MAX_BID },
		{ "1202 0001 00000000", MHOPT_MAX_RAW },
		{ "2d06 0001 0001 0000", MHOPT_MAX_FLOW },
		{ "2c02 0001", MHOPT_MAX_SUMMARY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint8_t one[32], buf[HELP_MAX] = { 59, 0, MH_BU };
		size_t len = unhex(row[i].hex, one);

		for (unsigned n = row[i].room; n <= row[i].room + 1; n++) {
			size_t total = (12 + n * len + 7) / 8 * 8;
			struct mh_msg m;
			const char *why;

			memset(buf + 12, 0, sizeof(buf) - 12);
			for (unsigned k = 0; k < n; k++)
				memcpy(buf + 12 + k * len, one, len);
			buf[1] = (uint8_t)(total / 8 - 1);
			assert_int_equal(mh_parse(guarded(buf, total), total, &draft, &m, &why),
					 n > row[i].room ? -E2BIG : 0);
		}
	}
}

static void test_what_the_wire_cannot_hold_is_not_built(void **state)
{
	static const uint8_t some[255];
	const struct in6_addr a = a6("2001:db8::");
	const struct mhopts row[] = {
		{ .seen = BIT64(20) },
		{ .seen = BIT64(MHOPT_PADN) },
		{ .n_mnp = MHOPT_MAX_MNP + 1 },
		{ .n_mnp = 1, .mnp = { { .family = 0 } } },
		{ .n_mnp = 1, .mnp = { prefix6(&a, 129) } },
		{ .n_mnp = 1, .mnp = { prefix4(a4("10.0.0.0"), 24) } },
		{ .n_ipv4_mnp = 1, .ipv4_mnp = { prefix6(&a, 24) } },
		{ .n_ipv4_mnp = 1, .ipv4_mnp = { prefix4(a4("10.0.0.0"), 33) } },
		{ .n_ipv4_mnp_status = 1, .ipv4_mnp_status = { { .plen = 33 } } },
		{ .n_ipv4_hoa = 1, .ipv4_hoa = { { .plen = 64 } } },
		{ .n_ipv4_ack = 1, .ipv4_ack = { { .plen = 64 } } },
		{ .n_bid = 1, .bid = { { .prio = 128 } } },
		{ .n_bid = 1, .bid = { { .coa.family = 1 } } },
		{ .n_flow = 1, .flow = { { 1, 1, 0, { some, 250 } } } },
		{ .n_flow = MHOPT_MAX_FLOW + 1 },
		{ .n_raw = 1, .raw = { { .type = MHOPT_MNP } } },
		{ .n_raw = 1, .raw = { { .type = 99 } } },
		{ .n_raw = 1, .raw = { { MHOPT_VENDOR, { some, 4 } } } },
		{ .n_raw = 1, .raw = { { MHOPT_LLA, { some, 0 } } } },
		{ .seen = BIT64(MHOPT_MN_ID), .mn_id = { some, 255 } },
		{ .seen = BIT64(MHOPT_MN_ID), .mn_id = { some, 0 } },
		{ .seen = BIT64(MHOPT_REFRESH_ADVICE), .refresh_advice = 3 },
		{ .seen = BIT64(MHOPT_REFRESH_ADVICE), .refresh_advice = MH_LIFETIME_MAX + 4 },
		{ .seen = BIT64(MHOPT_AUTH) | BIT64(MHOPT_BINDING_AUTH) },
	};
	static uint8_t buf[HELP_MAX];
	size_t at;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct mh_msg m = { .type = MH_BU, .opt = row[i] };

		assert_int_equal(mh_build(&m, &draft, buf, sizeof(buf), &at), -EINVAL);
	}
}

static void test_macs_need_a_place_to_report(void **state)
{
	static const uint8_t type[] = { MHOPT_AUTH, MHOPT_BINDING_AUTH };
	uint8_t buf[64];
	size_t at;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(type); i++) {
		struct mh_msg m = { .type = MH_BU, .opt.seen = BIT64(type[i]) };

		assert_int_equal(mh_build(&m, NULL, buf, sizeof(buf), NULL), -EINVAL);
		assert_true(mh_build(&m, NULL, buf, sizeof(buf), &at) > 0);
	}
}

static void test_message_never_exceeds_what_header_len_can_say(void **state)
{
	static uint8_t buf[HELP_MAX], fill[255];
	struct mh_msg m = { .type = MH_BU };

	(void)state;
	m.opt.n_raw = MHOPT_MAX_RAW;
	for (unsigned i = 0; i < MHOPT_MAX_RAW; i++)
		m.opt.raw[i].type = MHOPT_EXPERIMENTAL;
	for (unsigned i = 0; i < MHOPT_MAX_RAW; i++)
		m.opt.raw[i].data = (struct mhopt_bytes){ fill, 255 };
	m.opt.n_mnp = 32;
	for (unsigned i = 0; i < 32; i++)
		m.opt.mnp[i] = (struct prefix){ .family = AF_INET6, .plen = 64 };
	m.opt.n_ipv4_hoa = 27; /* 12 + 32*24 + 27*8 + 4*257 = 2024 */
	assert_int_equal(mh_build(&m, NULL, buf, sizeof(buf), NULL), 2024);
	assert_int_equal(buf[1], 252);
	m.opt.n_ipv4_hoa = 30;
	assert_int_equal(mh_build(&m, NULL, buf, sizeof(buf), NULL), MH_MAX_LEN);
	assert_int_equal(buf[1], 255);
	m.opt.n_ipv4_hoa = 31;
	assert_int_equal(mh_build(&m, NULL, buf, sizeof(buf), NULL), -EMSGSIZE);
}

static void test_each_option_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(mhopt_name(0), "pad1");
	assert_string_equal(mhopt_name(1), "padn");
	assert_string_equal(mhopt_name(MHOPT_MNP), "mnp");
	assert_string_equal(mhopt_name(MHOPT_BID), "bid");
	assert_string_equal(mhopt_name(44), "flow_summary");
	assert_string_equal(mhopt_name(45), "flow");
	assert_null(mhopt_name(20));
	assert_null(mhopt_name(255));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_option_has_its_layout_and_alignment),
		cmocka_unit_test(test_each_ipv4_and_binding_identifier_option_has_its_layout),
		cmocka_unit_test(test_malformed_options_are_refused_with_a_reason),
		cmocka_unit_test(test_unknown_options_and_padding_are_skipped),
		cmocka_unit_test(test_binding_identifiers_of_a_wrong_length_are_told),
		cmocka_unit_test(test_numbers_of_the_ipv4_pair_are_configurable),
		cmocka_unit_test(test_ipv4_prefixes_longer_than_an_address),
		cmocka_unit_test(test_host_bits_of_a_prefix_are_kept_as_received),
		cmocka_unit_test(test_authentication_is_the_last_option),
		cmocka_unit_test(test_mn_aaa_behind_mn_ha_is_not_kept),
		cmocka_unit_test(test_authentication_data_of_other_lengths_is_kept),
		cmocka_unit_test(test_authentication_option_ends_the_header_at_8n5),
		cmocka_unit_test(test_too_many_of_one_option),
		cmocka_unit_test(test_what_the_wire_cannot_hold_is_not_built),
		cmocka_unit_test(test_macs_need_a_place_to_report),
		cmocka_unit_test(test_message_never_exceeds_what_header_len_can_say),
		cmocka_unit_test(test_each_option_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
