/* SPDX-License-Identifier: BSD-2-Clause */
/* Router and neighbour messages: RFC 4861 6.1, 7.1; RFC 6275 7; RFC 3963 7.3; RFC 4191. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "wire_help.h"

#define PIO "0304 40e0 00278d00 00093a80 00000000 20010db8028000000000000000000001"
#define RA  "8600 0000 4000 0708 00000000 00000000"
#define NS  "8700 0000 00000000 20010db8028000000000000000000001"
#define NA  "8800 0000 e0000000 20010db8028000000000000000000001"

static int parse_hex(const char *hex, struct nd_msg *m, const char **why)
{
	uint8_t buf[HELP_MAX];
	size_t n = unhex(hex, buf);

	return nd_parse(guarded(buf, n), n, m, why);
}

static void test_router_advertisement_of_a_home_agent_is_read(void **state)
{
	const struct in6_addr addr = a6("2001:db8:280::1");
	struct nd_msg m;
	const char *why;

	(void)state;
	assert_int_equal(parse_hex("8600 0000 40e8 0708 00007530 000003e8"
				   "0101 020000000001"
				   "0501 0000 000005dc"
				   "0701 0000 00000046"
				   "0801 8000 fffe 0e10" PIO,
				   &m, &why),
			 0);
	assert_null(why);
	assert_int_equal(m.type, ND_RA);
	assert_int_equal(m.ra.hop_limit, 64);
	assert_true(m.ra.managed && m.ra.other && m.ra.home_agent);
	assert_int_equal(m.ra.preference, 1);
	assert_int_equal(m.ra.router_lifetime, 1800);
	assert_int_equal(m.ra.reachable, 30000);
	assert_int_equal(m.ra.retrans, 1000);
	assert_int_equal(m.ra.slla.len, 6);
	assert_int_equal(m.ra.slla.b[5], 1);
	assert_int_equal(m.ra.mtu, 1500);
	assert_int_equal(m.ra.interval, 70);
	assert_true(m.ra.has_ha_info && m.ra.ha_mobile_router);
	assert_int_equal(m.ra.ha_preference, 0xfffe);
	assert_int_equal(m.ra.ha_lifetime, 3600);
	assert_int_equal(m.ra.n_prefix, 1);
	assert_true(in6_eq(&m.ra.prefix[0].addr, &addr));
	assert_int_equal(m.ra.prefix[0].plen, 64);
	assert_true(m.ra.prefix[0].on_link && m.ra.prefix[0].autonomous && m.ra.prefix[0].router);
	assert_int_equal(m.ra.prefix[0].valid, 2592000);
	assert_int_equal(m.ra.prefix[0].preferred, 604800);
}

static void test_flag_bits_are_read_one_by_one(void **state)
{
	static const struct {
		const char *hex;
		bool m, o, h;
		int pref;
	} row[] = {
		{ "8600 0000 4080 0708 00000000 00000000", true, false, false, 0 },
		{ "8600 0000 4040 0708 00000000 00000000", false, true, false, 0 },
		{ "8600 0000 4020 0708 00000000 00000000", false, false, true, 0 },
		{ "8600 0000 4007 0708 00000000 00000000", false, false, false, 0 },
		{ "8600 0000 4008 0708 00000000 00000000", false, false, false, 1 },
		{ "8600 0000 4018 0708 00000000 00000000", false, false, false, -1 },
		/* RFC 4191 2.2: the reserved value reads as medium; none without lifetime */
		{ "8600 0000 4010 0708 00000000 00000000", false, false, false, 0 },
		{ "8600 0000 4018 0000 00000000 00000000", false, false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct nd_msg m;
		const char *why;

		assert_int_equal(parse_hex(row[i].hex, &m, &why), 0);
		assert_int_equal(m.ra.managed, row[i].m);
		assert_int_equal(m.ra.other, row[i].o);
		assert_int_equal(m.ra.home_agent, row[i].h);
		assert_int_equal(m.ra.preference, row[i].pref);
	}
}

static void test_prefix_flags_are_read_one_by_one(void **state)
{
	static const struct {
		const char *flags;
		bool l, a, r;
	} row[] = {
		{ "80", true, false, false },
		{ "40", false, true, false },
		{ "20", false, false, true },
		{ "1f", false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		char hex[256];
		struct nd_msg m;
		const char *why;

		snprintf(hex, sizeof(hex), RA "0304 40%s %s", row[i].flags,
			 "00278d00 00093a80 00000000 20010db8028000000000000000000000");
		assert_int_equal(parse_hex(hex, &m, &why), 0);
		assert_int_equal(m.ra.prefix[0].on_link, row[i].l);
		assert_int_equal(m.ra.prefix[0].autonomous, row[i].a);
		assert_int_equal(m.ra.prefix[0].router, row[i].r);
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
		{ "860000", -EBADMSG, "shorter" },
		{ "8900 0000 00000000", -EPROTONOSUPPORT, "not a" },
		{ "8400 0000 00000000", -EPROTONOSUPPORT, "not a" },
		{ "8500 0000 000000", -EBADMSG, "shorter" },
		{ "8600 0000 4000 0708 00000000 000000", -EBADMSG, "shorter" },
		{ "8700 0000 00000000 20010db80280000000000000000000", -EBADMSG, "shorter" },
		{ "8800 0000 00000000 20010db80280000000000000000000", -EBADMSG, "shorter" },
		{ "8501 0000 00000000", -EBADMSG, "Code" },
		{ "8601 0000 4000 0708 00000000 00000000", -EBADMSG, "Code" },
		{ "8700 0000 00000000 ff020000000000000000000000000001", -EBADMSG, "multicast" },
		{ "8800 0000 00000000 ff020000000000000000000000000001", -EBADMSG, "multicast" },
		/* the option that never ends */
		{ RA "0100 000000000000", -EBADMSG, "length 0" },
		{ RA "fe00 000000000000", -EBADMSG, "length 0" },
		{ "8500 0000 00000000 fe00", -EBADMSG, "length 0" },
		{ NS "0100 000000000000", -EBADMSG, "length 0" },
		{ NA "0200 000000000000", -EBADMSG, "length 0" },
		{ RA "0102 000000000000", -EBADMSG, "beyond" },
		{ RA "01", -EBADMSG, "length 0 or beyond" },
		{ RA "0303 40c0 00278d00 00093a80 00000000 20010db80280000000000000", -EBADMSG,
		  "wrong" },
		{ RA "0502 0000 000005dc 0000000000000000", -EBADMSG, "wrong" },
		{ RA "0702 0000 000005dc 0000000000000000", -EBADMSG, "wrong" },
		{ RA "0802 0000 000005dc 0000000000000000", -EBADMSG, "wrong" },
		{ RA "0304 81c0 00278d00 00093a80 00000000 20010db8028000000000000000000000",
		  -EBADMSG, "longer" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct nd_msg m;
		const char *why;

		assert_int_equal(parse_hex(row[i].hex, &m, &why), row[i].rc);
		assert_non_null(strstr(why, row[i].why));
	}
}

/* RFC 4861 6.1, 7.1: options that are unknown or not of this message. */
static void test_foreign_options_are_ignored(void **state)
{
	struct nd_msg m;
	const char *why;

	(void)state;
	assert_int_equal(parse_hex("8500 0000 00000000 0201 020000000001" PIO
				   "fe01 000000000000 0102 0000",
				   &m, &why),
			 -EBADMSG);
	assert_int_equal(
		parse_hex("8500 0000 00000000 0201 020000000001" PIO "fe01 000000000000", &m, &why),
		0);
	assert_int_equal(m.rs.slla.len, 0);
	assert_int_equal(parse_hex(NS "0201 020000000001 0501 0000 000005dc", &m, &why), 0);
	assert_int_equal(m.ns.slla.len, 0);
	assert_int_equal(parse_hex(NA "0101 020000000001 0e01 010203040506", &m, &why), 0);
	assert_int_equal(m.na.tlla.len, 0);
	assert_int_equal(parse_hex(RA "0201 020000000001 0e01 010203040506", &m, &why), 0);
	assert_int_equal(m.ra.slla.len, 0);
}

static void test_neighbour_messages_are_read(void **state)
{
	const struct in6_addr target = a6("2001:db8:280::1");
	struct nd_msg m;
	const char *why;

	(void)state;
	assert_int_equal(parse_hex(NS "0101 020000000007 0e01 a1a2a3a4a5a6", &m, &why), 0);
	assert_true(in6_eq(&m.ns.target, &target));
	assert_int_equal(m.ns.slla.b[5], 7);
	assert_true(m.ns.nonce);
	assert_int_equal(m.ns.nonce_val[0], 0xa1);
	assert_int_equal(m.ns.nonce_val[5], 0xa6);
	assert_int_equal(parse_hex(NS "0e02 a1a2a3a4a5a6a7a8a9aaabacadae", &m, &why), 0);
	assert_false(m.ns.nonce);
	assert_int_equal(parse_hex(NA "0201 020000000008", &m, &why), 0);
	assert_true(in6_eq(&m.na.target, &target));
	assert_true(m.na.router && m.na.solicited && m.na.override);
	assert_int_equal(m.na.tlla.b[5], 8);
}

static void test_advertisement_flags_are_read_one_by_one(void **state)
{
	static const struct {
		const char *hex;
		bool r, s, o;
	} row[] = {
		{ "8800 0000 80000000 20010db8028000000000000000000001", true, false, false },
		{ "8800 0000 40000000 20010db8028000000000000000000001", false, true, false },
		{ "8800 0000 20000000 20010db8028000000000000000000001", false, false, true },
		{ "8800 0000 1fffffff 20010db8028000000000000000000001", false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct nd_msg m;
		const char *why;

		assert_int_equal(parse_hex(row[i].hex, &m, &why), 0);
		assert_int_equal(m.na.router, row[i].r);
		assert_int_equal(m.na.solicited, row[i].s);
		assert_int_equal(m.na.override, row[i].o);
	}
}

static void test_link_layer_addresses_of_other_lengths(void **state)
{
	struct nd_msg m;
	const char *why;

	(void)state;
	assert_int_equal(
		parse_hex("8500 0000 00000000 0102 0102030405060708 000000000000", &m, &why), 0);
	assert_int_equal(m.rs.slla.len, 14);
	assert_int_equal(m.rs.slla.b[7], 8);
	assert_int_equal(parse_hex("8500 0000 00000000 0103 0102030405060708 000000000000"
				   "0000000000000000",
				   &m, &why),
			 0);
	assert_int_equal(m.rs.slla.len, 0);
}

static void test_prefixes_beyond_the_table_are_ignored(void **state)
{
	char hex[8192] = RA;
	struct nd_msg m;
	const char *why;

	(void)state;
	for (unsigned i = 0; i < ND_MAX_PREFIX + 3; i++)
		strcat(hex, PIO);
	strcat(hex, "0501 0000 000005dc");
	assert_int_equal(parse_hex(hex, &m, &why), 0);
	assert_int_equal(m.ra.n_prefix, ND_MAX_PREFIX);
	assert_int_equal(m.ra.mtu, 1500);
}

static void rnd_lladdr(struct nd_lladdr *ll)
{
	ll->len = (const uint8_t[]){ 0, 6, 14 }[rnd_below(3)];
	rnd_fill(ll->b, ll->len);
}

static void rnd_ra(struct nd_ra *ra)
{
	ra->hop_limit = (uint8_t)rnd();
	ra->managed = rnd() & 1;
	ra->other = rnd() & 1;
	ra->home_agent = rnd() & 1;
	ra->router_lifetime = (uint16_t)rnd();
	ra->preference = ra->router_lifetime ? (int8_t)((int)rnd_below(3) - 1) : 0;
	ra->reachable = (uint32_t)rnd();
	ra->retrans = (uint32_t)rnd();
	ra->mtu = rnd_below(2) * 1280;
	ra->interval = rnd_below(2) * 70;
	ra->has_ha_info = rnd() & 1;
	if (ra->has_ha_info) {
		ra->ha_mobile_router = rnd() & 1;
		ra->ha_preference = (uint16_t)rnd();
		ra->ha_lifetime = (uint16_t)rnd();
	}
	rnd_lladdr(&ra->slla);
	ra->n_prefix = rnd_below(ND_MAX_PREFIX + 1);
	for (unsigned i = 0; i < ra->n_prefix; i++) {
		struct nd_prefix *p = &ra->prefix[i];

		rnd_fill(&p->addr, sizeof(p->addr));
		p->plen = (uint8_t)rnd_below(129);
		p->on_link = rnd() & 1;
		p->autonomous = rnd() & 1;
		p->router = rnd() & 1;
		p->valid = (uint32_t)rnd();
		p->preferred = (uint32_t)rnd();
	}
}

static struct nd_msg rnd_nd(void)
{
	struct nd_msg m = { .type = (uint8_t)(ND_RS + rnd_below(4)) };
	struct in6_addr target = a6("2001:db8::1");

	rnd_fill(&target.s6_addr[8], 8);
	if (m.type == ND_RS) {
		rnd_lladdr(&m.rs.slla);
	} else if (m.type == ND_RA) {
		rnd_ra(&m.ra);
	} else if (m.type == ND_NS) {
		m.ns.target = target;
		rnd_lladdr(&m.ns.slla);
		m.ns.nonce = rnd() & 1;
		if (m.ns.nonce)
			rnd_fill(m.ns.nonce_val, sizeof(m.ns.nonce_val));
	} else {
		m.na.target = target;
		m.na.router = rnd() & 1;
		m.na.solicited = rnd() & 1;
		m.na.override = rnd() & 1;
		rnd_lladdr(&m.na.tlla);
	}
	return m;
}

static void test_random_messages_survive_build_parse_cuts_and_flips(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4000; i++) {
		struct nd_msg m = rnd_nd(), back;
		uint8_t buf[1024];
		const char *why;
		ssize_t n = nd_build(&m, buf, sizeof(buf));

		assert_true(n > 0 && n % 8 == 0);
		assert_int_equal(nd_parse(guarded(buf, (size_t)n), (size_t)n, &back, &why), 0);
		assert_true(nd_same(&m, &back));
		assert_int_equal(nd_build(&m, buf, (size_t)n - 1), -EMSGSIZE);
		nd_build(&m, buf, sizeof(buf));
		for (ssize_t cut = 0; cut < n; cut += i % 7 + 1)
			(void)nd_parse(guarded(buf, (size_t)cut), (size_t)cut, &back, &why);
		for (ssize_t at = 0; at < n; at += i % 7 + 1) {
			uint8_t was = buf[at];

			buf[at] ^= (uint8_t)(1u << rnd_below(8));
			(void)nd_parse(guarded(buf, (size_t)n), (size_t)n, &back, &why);
			buf[at] = was;
		}
	}
}

static void test_what_the_wire_cannot_hold_is_not_built(void **state)
{
	const struct nd_msg row[] = {
		{ .type = 132 },
		{ .type = 137 },
		{ .type = ND_RS, .rs.slla.len = ND_LLADDR_MAX + 1 },
		{ .type = ND_RA, .ra = { .router_lifetime = 1, .preference = 2 } },
		{ .type = ND_RA, .ra = { .router_lifetime = 1, .preference = -2 } },
		{ .type = ND_RA, .ra.n_prefix = ND_MAX_PREFIX + 1 },
		{ .type = ND_RA, .ra = { .n_prefix = 1, .prefix = { { .plen = 129 } } } },
	};
	uint8_t buf[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		assert_int_equal(nd_build(&row[i], buf, sizeof(buf)), -EINVAL);
}

static void test_sender_without_lifetime_clears_its_preference(void **state)
{
	struct nd_msg m = { .type = ND_RA, .ra.preference = -1 };
	uint8_t buf[16];

	(void)state;
	assert_int_equal(nd_build(&m, buf, sizeof(buf)), 16);
	assert_int_equal(buf[5], 0);
	m.ra.router_lifetime = 1;
	assert_int_equal(nd_build(&m, buf, sizeof(buf)), 16);
	assert_int_equal(buf[5], 0x18);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_router_advertisement_of_a_home_agent_is_read),
		cmocka_unit_test(test_flag_bits_are_read_one_by_one),
		cmocka_unit_test(test_prefix_flags_are_read_one_by_one),
		cmocka_unit_test(test_malformed_messages_are_refused_with_a_reason),
		cmocka_unit_test(test_foreign_options_are_ignored),
		cmocka_unit_test(test_neighbour_messages_are_read),
		cmocka_unit_test(test_advertisement_flags_are_read_one_by_one),
		cmocka_unit_test(test_link_layer_addresses_of_other_lengths),
		cmocka_unit_test(test_prefixes_beyond_the_table_are_ignored),
		cmocka_unit_test(test_random_messages_survive_build_parse_cuts_and_flips),
		cmocka_unit_test(test_what_the_wire_cannot_hold_is_not_built),
		cmocka_unit_test(test_sender_without_lifetime_clears_its_preference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
