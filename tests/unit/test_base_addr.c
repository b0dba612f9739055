/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses, prefixes, locators and carriers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/util.h"
#include "wire_help.h"

static struct prefix px(const char *s)
{
	struct prefix p;

	assert_int_equal(prefix_parse(s, &p), 0);
	return p;
}

/* RFC 6275 6.3 */
static void test_only_unicast_routable_addresses_can_be_home_addresses(void **state)
{
	static const struct {
		const char *a;
		bool want;
	} row[] = {
		{ "2001:db8::1", true },  { "fd00::1", true },
		{ "fec0::1", true },	  { "ff02::1", false },
		{ "ff0e::1", false },	  { "::", false },
		{ "::1", false },	  { "fe80::1", false },
		{ "febf::1", false },	  { "::ffff:192.0.2.1", false },
		{ "::192.0.2.1", false }, { "64:ff9b::1", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct in6_addr a = a6(row[i].a);

		assert_int_equal(in6_is_unicast_routable(&a), row[i].want);
	}
}

static void test_addresses_derived_from_an_address(void **state)
{
	const struct in6_addr a = a6("2001:db8:1:2:a:b:c:d"), ll = a6("fe80::a:b:c:d");
	const struct in6_addr sn = a6("ff02::1:ff0c:d");
	struct in6_addr got = in6_link_local_of(&a);

	(void)state;
	assert_true(in6_eq(&got, &ll));
	got = in6_solicited_node(&a);
	assert_true(in6_eq(&got, &sn));
	assert_false(in6_eq(&a, &ll));
}

static void test_prefix_text_is_parsed_or_refused(void **state)
{
	static const struct {
		const char *s;
		int rc;
		const char *back;
	} row[] = {
		{ "2001:db8::/64", 0, "2001:db8::/64" },
		{ "2001:db8::1", 0, "2001:db8::1/128" },
		{ "10.0.0.1/24", 0, "10.0.0.1/24" },
		{ "10.0.0.1", 0, "10.0.0.1/32" },
		{ "::/0", 0, "::/0" },
		{ "0.0.0.0/0", 0, "0.0.0.0/0" },
		{ "2001:db8::/128", 0, "2001:db8::/128" },
		{ "2001:db8::/129", -EINVAL, NULL },
		{ "10.0.0.0/33", -EINVAL, NULL },
		{ "10.0.0.0/", -EINVAL, NULL },
		{ "10.0.0.0/-1", -EINVAL, NULL },
		{ "10.0.0.0/+8", -EINVAL, NULL },
		{ "10.0.0.0/ 8", -EINVAL, NULL },
		{ "10.0.0.0/8x", -EINVAL, NULL },
		{ "10.0.0.0/99999999999999999999", -EINVAL, NULL },
		{ "10.0.0/8", -EINVAL, NULL },
		{ "2001:db8::g/64", -EINVAL, NULL },
		{ "", -EINVAL, NULL },
		{ "/64", -EINVAL, NULL },
		{ "2001:0db8:0000:0000:0000:0000:0000:00000000000000000000000001/64", -EINVAL,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct prefix p = { .family = 99 };

		assert_int_equal(prefix_parse(row[i].s, &p), row[i].rc);
		if (row[i].rc)
			assert_int_equal(p.family, 99);
		else
			assert_string_equal(PFX(&p), row[i].back);
	}
	assert_string_equal(PFX(&(struct prefix){ 0 }), "none");
}

static void test_network_clears_host_bits_for_every_length(void **state)
{
	(void)state;
	for (unsigned plen = 0; plen <= 128; plen++) {
		struct prefix p = { .family = AF_INET6, .plen = (uint8_t)plen }, n;

		memset(&p.a, 0xff, sizeof(p.a));
		n = prefix_network(&p);
		for (unsigned bit = 0; bit < 128; bit++)
			assert_int_equal(n.a.b[bit / 8] >> (7 - bit % 8) & 1, bit < plen);
		assert_int_equal(n.plen, plen);
		assert_int_equal(prefix_has_host_bits(&p), plen < 128);
		assert_false(prefix_has_host_bits(&n));
	}
	for (unsigned plen = 0; plen <= 32; plen++) {
		struct prefix p = prefix4(a4("255.255.255.255"), (uint8_t)plen);
		struct prefix n = prefix_network(&p);

		assert_int_equal(ntohl(n.a.in4.s_addr), plen ? UINT32_MAX << (32 - plen) : 0);
		assert_int_equal(prefix_has_host_bits(&p), plen < 32);
	}
}

static void test_prefixes_compare_by_family_length_and_address(void **state)
{
	static const struct {
		const char *a, *b;
		bool eq, same_net, contains, overlaps;
	} row[] = {
		{ "2001:db8::/32", "2001:db8::/32", true, true, true, true },
		{ "2001:db8::1/32", "2001:db8::2/32", false, true, true, true },
		{ "2001:db8::/32", "2001:db8:1::/48", false, false, true, true },
		{ "2001:db8:1::/48", "2001:db8::/32", false, false, false, true },
		{ "2001:db8::/48", "2001:db8::/32", false, false, false, true },
		{ "2001:db8:1::/48", "2001:db8:2::/48", false, false, false, false },
		{ "::/0", "2001:db8::/32", false, false, true, true },
		{ "::/0", "10.0.0.0/8", false, false, false, false },
		{ "0.0.0.0/0", "::/0", false, false, false, false },
		{ "10.0.0.0/8", "10.1.2.0/24", false, false, true, true },
		{ "10.0.0.0/8", "11.0.0.0/24", false, false, false, false },
		{ "10.0.0.0/25", "10.0.0.128/25", false, false, false, false },
		{ "10.0.0.0/24", "10.0.0.128/25", false, false, true, true },
		{ "a00::/8", "10.0.0.0/8", false, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct prefix a = px(row[i].a), b = px(row[i].b);

		assert_int_equal(prefix_eq(&a, &b), row[i].eq);
		assert_int_equal(prefix_same_net(&a, &b), row[i].same_net);
		assert_int_equal(prefix_contains(&a, &b), row[i].contains);
		assert_int_equal(prefix_overlaps(&a, &b), row[i].overlaps);
		assert_int_equal(prefix_overlaps(&b, &a), row[i].overlaps);
	}
}

static void test_prefix_contains_single_addresses(void **state)
{
	const struct prefix p = px("2001:db8:280::/64"), v4 = px("0.0.0.0/0");
	const struct in6_addr in = a6("2001:db8:280::beef"), out = a6("2001:db8:281::beef");

	(void)state;
	assert_true(prefix_contains6(&p, &in));
	assert_false(prefix_contains6(&p, &out));
	assert_false(prefix_contains6(&v4, &in));
}

static void test_locators_compare_and_print(void **state)
{
	const struct in6_addr a = a6("2001:db8::1"), b = a6("2001:db8::2");
	struct locator none = { 0 }, x = locator6(&a), y = locator6(&b), z = x, v4 = none;

	(void)state;
	v4.family = AF_INET;
	v4.a.in4 = a4("192.0.2.1");
	assert_string_equal(LOC(&none), "none");
	assert_string_equal(LOC(&x), "2001:db8::1");
	assert_string_equal(LOC(&v4), "192.0.2.1");
	z.udp_port = 4191;
	assert_string_equal(LOC(&z), "[2001:db8::1]:4191");
	v4.udp_port = 65535;
	assert_string_equal(LOC(&v4), "192.0.2.1:65535");
	assert_true(locator_eq(&none, &(struct locator){ 0 }));
	assert_true(locator_eq(&x, &x));
	assert_false(locator_eq(&x, &y));
	assert_false(locator_eq(&x, &z));
	assert_false(locator_eq(&x, &none));
	assert_false(locator_eq(&x, &v4));
}

static void test_longest_locator_fits_its_buffer(void **state)
{
	const struct in6_addr a = a6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	struct locator l = locator6(&a);

	(void)state;
	l.udp_port = 65535;
	assert_string_equal(LOC(&l), "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void test_carriers_compare_by_all_of_their_parts(void **state)
{
	const struct in6_addr a = a6("2001:db8::1"), b = a6("2001:db8::2");
	const struct carrier c = { CARRIER_IP6TNL, locator6(&a), locator6(&b), 0 };
	struct carrier d = c;

	(void)state;
	assert_true(carrier_eq(&c, &d));
	d.kind = CARRIER_IP6GRE;
	assert_false(carrier_eq(&c, &d));
	d = c;
	d.key = 7;
	assert_false(carrier_eq(&c, &d));
	d = c;
	d.local = locator6(&b);
	assert_false(carrier_eq(&c, &d));
	d = c;
	d.remote = locator6(&a);
	assert_false(carrier_eq(&c, &d));
	assert_string_equal(carrier_kind_str(CARRIER_IP6GRE), "ip6gre");
	assert_string_equal(carrier_kind_str(CARRIER_NONE), "none");
	assert_string_equal(carrier_kind_str(99), "?");
}

/* RFC 2526 2: 121 - n ones and the number; with an EUI-64 the universal/local bit is 0. */
static void test_home_agents_anycast_address_of_a_prefix(void **state)
{
	static const struct { const char *prefix, *addr; } row[] = {
		{ "2001:db8:280::/64", "2001:db8:280:0:fdff:ffff:ffff:fffe" },
		{ "2001:db8:280:1234::/64", "2001:db8:280:1234:fdff:ffff:ffff:fffe" },
		{ "2001:db8:280::/48", "2001:db8:280:ffff:ffff:ffff:ffff:fffe" },
		{ "2001:db8:280::/65", "2001:db8:280:0:7fff:ffff:ffff:fffe" },
		{ "2001:db8:280::/61", "2001:db8:280:7:ffff:ffff:ffff:fffe" },
		{ "2001:db8:280::8000/112", "2001:db8:280::fffe" },
		{ "2001:db8:280::8080/121", "2001:db8:280::80fe" },
		{ "2001:db8:280::8000/121", "2001:db8:280::807e" },
		{ "2001:db8:280::8080/122", "::" },
		{ "10.0.0.0/8", "::" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct prefix p;
		struct in6_addr a, want = a6(row[i].addr);

		assert_int_equal(prefix_parse(row[i].prefix, &p), 0);
		a = in6_home_agents(&p);
		if (!in6_eq(&a, &want))
			fail_msg("%s: %s", row[i].prefix, A6(&a));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_unicast_routable_addresses_can_be_home_addresses),
		cmocka_unit_test(test_addresses_derived_from_an_address),
		cmocka_unit_test(test_home_agents_anycast_address_of_a_prefix),
		cmocka_unit_test(test_prefix_text_is_parsed_or_refused),
		cmocka_unit_test(test_network_clears_host_bits_for_every_length),
		cmocka_unit_test(test_prefixes_compare_by_family_length_and_address),
		cmocka_unit_test(test_prefix_contains_single_addresses),
		cmocka_unit_test(test_locators_compare_and_print),
		cmocka_unit_test(test_longest_locator_fits_its_buffer),
		cmocka_unit_test(test_carriers_compare_by_all_of_their_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
