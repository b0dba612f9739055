/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow Identification and Flow Summary (RFC 6089 4.2): octets, sub-options, what is malformed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "wire/flow.h"
#include "wire_help.h"

/* A BU with this option area, filled up to 8 octets with Pad1. */
static int parse_opts(const char *hex, struct mh_msg *m)
{
	static uint8_t buf[HELP_MAX];
	const char *why;
	size_t n;

	memcpy(buf, (const uint8_t[12]){ 59, 0, MH_BU, [7] = 1, 0xc0, 0, 0, 15 }, 12);
	n = 12 + unhex(hex, buf + 12);
	memset(buf + n, 0, 8);
	n = (n + 7) / 8 * 8;
	buf[1] = (uint8_t)(n / 8 - 1);
	return mh_parse(guarded(buf, n), n, NULL, m, &why);
}

/* RFC 6089 4.2, figure 2: FID 4, FID-PRI 10, status 131, one sub-option. */
static void test_flow_identification_has_its_layout(void **state)
{
	const char *hex = "01020000 2d0c 0004 000a 00 83 0204 0001 0003 01000000"
			  "01000000 00000000";	/* only the first 20 octets count */
	static const uint8_t sub[] = { 2, 4, 0, 1, 0, 3 };
	struct mh_msg m = { .type = MH_BU, .bu = { 1, 0xc000, 60 } }, back;
	uint8_t want[64], got[64];

	(void)state;
	m.opt.seen = BIT64(MHOPT_FLOW);
	m.opt.n_flow = 1;
	m.opt.flow[0] = (struct mhopt_flow){ 4, 10, 131, { sub, sizeof(sub) } };
	unhex(hex, want);
	/* the option at 16 = 8n, 14 octets, PadN of 2 up to 32 */
	assert_int_equal(mh_build(&m, NULL, got, sizeof(got), NULL), 32);
	assert_memory_equal(got + 12, want, 18);
	assert_memory_equal(got + 30, "\1\0", 2);
	assert_int_equal(parse_opts("01020000 2d0c 0004 000a 00 83 0204 0001 0003", &back), 0);
	assert_true(mh_same(&m, &back));
	/* 2n is enough where another built it, and the reserved octet is not looked at */
	assert_int_equal(parse_opts("2d0c 0004 000a ff 83 0204 0001 0003", &back), 0);
	assert_true(mh_same(&m, &back));
}

/* RFC 6089 4.2.2, figure 6. */
static void test_flow_summary_has_its_layout(void **state)
{
	static const uint8_t fids[] = { 0, 2, 0, 4, 0xff, 0xff };
	struct mh_msg m = { .type = MH_BU, .bu = { 1, 0xc000, 60 } }, back;
	uint8_t got[64];

	(void)state;
	m.opt.seen = BIT64(MHOPT_FLOW_SUMMARY);
	m.opt.n_flow_summary = 1;
	m.opt.flow_summary[0] = (struct mhopt_bytes){ fids, sizeof(fids) };
	assert_int_equal(mh_build(&m, NULL, got, sizeof(got), NULL), 24);
	assert_memory_equal(got + 12, "\x2c\6\0\2\0\4\xff\xff\1\2\0\0", 12);
	assert_int_equal(parse_opts("2c06 0002 0004 ffff", &back), 0);
	assert_true(mh_same(&m, &back));
	assert_int_equal(flow_n_fid(&back.opt.flow_summary[0]), 3);
	assert_int_equal(flow_fid(&back.opt.flow_summary[0], 0), 2);
	assert_int_equal(flow_fid(&back.opt.flow_summary[0], 2), 65535);
	/* number of FIDs = length / 2 */
	assert_int_equal(parse_opts("2c03 0002 00", &back), 0);
	assert_int_equal(flow_n_fid(&back.opt.flow_summary[0]), 1);
	assert_int_equal(parse_opts("2c00", &back), 0);
	assert_int_equal(flow_n_fid(&back.opt.flow_summary[0]), 0);
}

/* RFC 6089 5.3.1: the flows name BIDs, which stand before them. */
static void test_flows_follow_the_binding_identifiers(void **state)
{
	static const uint8_t fids[] = { 0, 2 };
	struct mh_msg m = { .type = MH_BU };
	uint8_t got[64];

	(void)state;
	m.opt.n_bid = m.opt.n_flow = m.opt.n_flow_summary = 1;
	m.opt.bid[0].bid = 1;
	m.opt.flow_summary[0] = (struct mhopt_bytes){ fids, 2 };
	assert_int_equal(mh_build(&m, NULL, got, sizeof(got), NULL), 40);
	assert_int_equal(got[12], MHOPT_BID);
	assert_int_equal(got[24], MHOPT_FLOW);
	assert_int_equal(got[32], MHOPT_FLOW_SUMMARY);
}

static uint8_t sub_status(const char *hex, struct flow_subs *s)
{
	uint8_t buf[256];
	size_t n = unhex(hex, buf);
	struct mhopt_flow f = { 1, 1, 0, { guarded(buf, n), (uint8_t)n } };

	return flow_subs_parse(&f, s);
}

/* RFC 6089 4.2.1.1 - 4.2.1.4 */
static void test_sub_options_are_read(void **state)
{
	struct flow_subs s;

	(void)state;
	assert_int_equal(sub_status("", &s), FLOW_OK);
	assert_false(s.has_bids || s.has_selector);
	assert_int_equal(sub_status("0206 0003 0001 0007", &s), FLOW_OK);
	assert_true(s.has_bids && s.n_bid == 3);
	assert_true(s.bid[0] == 3 && s.bid[1] == 1 && s.bid[2] == 7);
	/* the content of PadN and the reserved octet are ignored, a BID named twice counts once */
	assert_int_equal(sub_status("00 0102ffff 0300 0001", &s), FLOW_MALFORMED);
	assert_int_equal(sub_status("00 0102ffff 0303 02ff aa 00 0206 0001 0001 0002 00", &s),
			 FLOW_OK);
	assert_true(s.has_selector && s.format == 2 && s.selector.len == 1 &&
		    s.selector.p[0] == 0xaa);
	assert_true(s.n_bid == 2 && s.bid[1] == 2);
	/* a format of nobody knows what, without any content */
	assert_int_equal(sub_status("0302 0900", &s), FLOW_OK);
	assert_true(s.format == 9 && s.selector.len == 0);
}

static void test_unknown_sub_options_are_skipped(void **state)
{
	struct flow_subs s;

	(void)state;
	assert_int_equal(sub_status("6303 010203 0202 0005 0400 fb02 0202", &s), FLOW_OK);
	assert_true(s.n_bid == 1 && s.bid[0] == 5 && !s.has_selector);
}

static void test_malformed_sub_options_get_a_status(void **state)
{
	static const struct {
		const char *hex;
		uint8_t status;
	} row[] = {
		{ "0200", FLOW_MALFORMED },			/* one or more BIDs */
		{ "0203 0001 00", FLOW_MALFORMED },
		{ "0204 0001", FLOW_MALFORMED },		/* runs out */
		{ "02", FLOW_MALFORMED },
		{ "0202 0001 0202 0002", FLOW_MALFORMED },	/* not more than one */
		{ "0302 0100 0302 0100", FLOW_MALFORMED },
		{ "0301 01", FLOW_MALFORMED },
		{ "0105 00", FLOW_MALFORMED },
		{ "0210 0001 0002 0003 0004 0005 0006 0007 0008", FLOW_OK },
		{ "0212 0001 0002 0003 0004 0005 0006 0007 0008 0009", FLOW_NO_BID },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct flow_subs s;

		assert_int_equal(sub_status(row[i].hex, &s), row[i].status);
	}
}

/* What is wrong in one flow is said of that flow, and the message stands. */
static void test_a_malformed_flow_does_not_cost_the_message(void **state)
{
	struct flow_subs s;
	struct mh_msg m;

	(void)state;
	assert_int_equal(parse_opts("2d08 0007 0001 0000 02ff 0202 0003", &m), 0);
	assert_int_equal(m.opt.n_flow, 1);
	assert_int_equal(m.opt.refresh_advice, 12);
	assert_int_equal(flow_subs_parse(&m.opt.flow[0], &s), FLOW_MALFORMED);
	/* cut short: what can be named is named, and the reserved priority marks it */
	assert_int_equal(parse_opts("2d05 0007 0001 00 00 2d01 07 2d00", &m), 0);
	assert_int_equal(m.opt.n_flow, 3);
	assert_true(m.opt.flow[0].fid == 7 && m.opt.flow[0].prio == 0);
	assert_true(m.opt.flow[1].fid == 0 && m.opt.flow[2].fid == 0);
}

static void test_sub_options_are_built_aligned(void **state)
{
	static const struct {
		struct flow_subs s;
		const char *hex;
	} row[] = {
		{ { .has_bids = true, .n_bid = 2, .bid = { 1, 3 } }, "0204 0001 0003" },
		{ { .has_selector = true, .format = 9 }, "0302 0900" },
		{ { .has_selector = true, .format = 9, .selector = { (const uint8_t *)"\xaa", 1 },
		    .has_bids = true, .n_bid = 1, .bid = { 258 } },
		  "0303 0900 aa 00 0202 0102" },
	};
	uint8_t want[64], got[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		size_t n = unhex(row[i].hex, want);

		assert_int_equal(flow_subs_build(&row[i].s, got, sizeof(got)), n);
		assert_memory_equal(got, want, n);
		assert_int_equal(flow_subs_build(&row[i].s, got, n - 1), -EMSGSIZE);
	}
}

static void test_what_no_option_can_hold_is_not_built(void **state)
{
	static const uint8_t some[255];
	struct flow_subs s = { .has_bids = true };
	uint8_t got[300];

	(void)state;
	assert_int_equal(flow_subs_build(&s, got, sizeof(got)), -EINVAL);
	s = (struct flow_subs){ .n_bid = 1 };
	assert_int_equal(flow_subs_build(&s, got, sizeof(got)), -EINVAL);
	s = (struct flow_subs){ .has_bids = true, .n_bid = FLOW_MAX_BID + 1 };
	assert_int_equal(flow_subs_build(&s, got, sizeof(got)), -EINVAL);
	s = (struct flow_subs){ .has_selector = true, .selector = { some, FLOW_SUB_MAX - 4 } };
	assert_int_equal(flow_subs_build(&s, got, sizeof(got)), FLOW_SUB_MAX);
	s.has_bids = true;
	s.n_bid = 1;
	assert_int_equal(flow_subs_build(&s, got, sizeof(got)), -EMSGSIZE);
	s.selector.len++;
	assert_int_equal(flow_subs_build(&s, got, sizeof(got)), -EINVAL);
}

static void test_each_status_has_a_name(void **state)
{
	(void)state;
	for (unsigned v = FLOW_PROHIBITED; v <= FLOW_NO_FORMAT; v++)
		assert_string_not_equal(flow_status_str(v), "unknown");
	assert_string_equal(flow_status_str(FLOW_OK), "accepted");
	assert_string_equal(flow_status_str(134), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flow_identification_has_its_layout),
		cmocka_unit_test(test_flow_summary_has_its_layout),
		cmocka_unit_test(test_flows_follow_the_binding_identifiers),
		cmocka_unit_test(test_sub_options_are_read),
		cmocka_unit_test(test_unknown_sub_options_are_skipped),
		cmocka_unit_test(test_malformed_sub_options_get_a_status),
		cmocka_unit_test(test_a_malformed_flow_does_not_cost_the_message),
		cmocka_unit_test(test_sub_options_are_built_aligned),
		cmocka_unit_test(test_what_no_option_can_hold_is_not_built),
		cmocka_unit_test(test_each_status_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
