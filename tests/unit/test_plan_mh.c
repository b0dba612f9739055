/* SPDX-License-Identifier: BSD-2-Clause */
/* What all roles say of Mobility Headers and Neighbour Discovery (RFC 6275 6.1, 9.3.2). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "plan/plan_mh.h"

static void expect(const struct kplan *p, size_t i, const char *text)
{
	assert_true(i < p->n);
	assert_string_equal(KOBJ(&p->obj[i]), text);
}

static void test_mobility_headers_come_in_whatever_they_carry(void **state)
{
	struct in6_addr a = { .s6_addr = { 0x20, 1, 0xd, 0xb8, [15] = 1 } };
	struct prefix one = prefix6(&a, 128), all = prefix6(&in6addr_any, 0);
	struct kplan p = { 0 };

	(void)state;
	assert_int_equal(plan_mh_in(&p, &one), 0);
	assert_int_equal(plan_mh_in(&p, &all), 0);
	assert_int_equal(plan_mh_in(&p, &all), 0);
	assert_int_equal(p.n, 2);
	/* the kernel holds a packet against the last one first: RH2 stands before the option */
	expect(&p, 0, "xfrm policy in sub prio 0x6d00 src ::/0 dst 2001:db8::1/128 proto 135"
		      " tmpl hao :: any use tmpl route2 :: any use");
	expect(&p, 1, "xfrm policy in sub prio 0x6d00 src ::/0 dst ::/0 proto 135"
		      " tmpl hao :: any use tmpl route2 :: any use");
	kplan_free(&p);
}

static void test_signalling_and_neighbour_discovery_bypass_bindings(void **state)
{
	struct kplan p = { 0 };

	(void)state;
	assert_int_equal(plan_mh_out(&p), 0);
	assert_int_equal(p.n, 6);
	expect(&p, 0, "xfrm policy out sub prio 0x6d00 src ::/0 dst ::/0 proto 135 bypass");
	expect(&p, 1, "xfrm policy out sub prio 0x6d01 src ::/0 dst ::/0 proto 58 type 133"
		      " bypass");
	expect(&p, 5, "xfrm policy out sub prio 0x6d01 src ::/0 dst ::/0 proto 58 type 137"
		      " bypass");
	kplan_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mobility_headers_come_in_whatever_they_carry),
		cmocka_unit_test(test_signalling_and_neighbour_discovery_bypass_bindings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
