/* SPDX-License-Identifier: BSD-2-Clause */
/* Selectors of flows: what is a good one, what counts in it, how it reads. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/flowsel.h"
#include "base/util.h"

static struct prefix px(const char *s)
{
	struct prefix p;

	assert_int_equal(prefix_parse(s, &p), 0);
	return p;
}

static struct flowsel of_src(const char *text)
{
	struct flowsel s = { 0 };
	struct prefix p = px(text);

	flowsel_src(&s, &p);
	return s;
}

static void test_a_prefix_is_the_range_of_its_addresses(void **state)
{
	static const struct { const char *p, *lo, *hi; } row[] = {
		{ "10.1.2.3/32", "10.1.2.3", "10.1.2.3" },
		{ "10.1.2.3/22", "10.1.0.0", "10.1.3.255" },
		{ "0.0.0.0/0", "0.0.0.0", "255.255.255.255" },
		{ "2001:db8::7/63", "2001:db8::", "2001:db8:0:1:ffff:ffff:ffff:ffff" },
		{ "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct prefix p = px(row[i].p), lo = px(row[i].lo), hi = px(row[i].hi);
		struct flowsel s = { 0 };

		flowsel_dst(&s, &p);
		assert_int_equal(s.has, FLOWSEL_DST);
		assert_int_equal(s.family, p.family);
		assert_memory_equal(&s.dst_lo, &lo.a, sizeof(lo.a));
		assert_memory_equal(&s.dst_hi, &hi.a, sizeof(hi.a));
		assert_int_equal(flowsel_check(&s), 0);
	}
}

static void test_what_a_field_cannot_hold_is_refused(void **state)
{
	static const struct { struct flowsel s; int rc; } row[] = {
		{ { 0 }, 0 },
		{ { .family = 7 }, -EAFNOSUPPORT },
		{ { .has = FLOWSEL_SRC }, -EAFNOSUPPORT },
		{ { .has = FLOWSEL_DST }, -EAFNOSUPPORT },
		{ { .has = FLOWSEL_LABEL }, -EAFNOSUPPORT },
		{ { .has = FLOWSEL_LABEL, .family = AF_INET }, -EAFNOSUPPORT },
		{ { .has = FLOWSEL_LABEL, .family = AF_INET6, .label_hi = 0xfffff }, 0 },
		{ { .has = FLOWSEL_LABEL, .family = AF_INET6, .label_hi = 0x100000 }, -EINVAL },
		{ { .has = FLOWSEL_SRC, .family = AF_INET, .src_lo.b = { 10, 0, 0, 2 },
		    .src_hi.b = { 10, 0, 0, 1 } }, -EINVAL },
		{ { .has = FLOWSEL_DST, .family = AF_INET6, .dst_lo.b = { [15] = 1 } }, -EINVAL },
		{ { .has = FLOWSEL_SPI, .spi_lo = 2, .spi_hi = 1 }, -EINVAL },
		{ { .has = FLOWSEL_SPORT, .sport_lo = 2, .sport_hi = 1 }, -EINVAL },
		{ { .has = FLOWSEL_DPORT, .dport_lo = 2, .dport_hi = 1 }, -EINVAL },
		{ { .has = FLOWSEL_DSCP, .dscp_hi = 63 }, 0 },
		{ { .has = FLOWSEL_DSCP, .dscp_hi = 64 }, -EINVAL },
		{ { .has = FLOWSEL_PROTO, .proto_lo = 2, .proto_hi = 1 }, -EINVAL },
		{ { .dport_lo = 2, .dport_hi = 1 }, 0 },	/* does not count */
		{ { .mark = 3, .mask = 1 }, -EINVAL },
		{ { .mark = 1, .mask = 3 }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (flowsel_check(&row[i].s) != row[i].rc)
			fail_msg("row %zu: %d", i, flowsel_check(&row[i].s));
}

static void test_what_does_not_count_is_tidied_away(void **state)
{
	struct flowsel a = of_src("10.0.0.0/8"), b = a;

	(void)state;
	a.has |= FLOWSEL_DPORT;
	a.dport_lo = a.dport_hi = 53;
	b = a;
	b.src_lo.b[7] = 1;		/* behind an IPv4 address */
	b.dst_lo.b[0] = b.spi_lo = b.label_hi = b.sport_lo = b.dscp_hi = b.proto_lo = 9;
	b.reserved = 1;
	b.mark = 5;			/* no mask */
	assert_false(flowsel_eq(&a, &b));
	flowsel_tidy(&b);
	assert_true(flowsel_eq(&a, &b));
	b.dport_hi++;
	flowsel_tidy(&b);
	assert_false(flowsel_eq(&a, &b));
	a = (struct flowsel){ .mask = 0xf0, .mark = 0x12 };
	flowsel_tidy(&a);
	assert_int_equal(a.mark, 0x10);
}

static void test_selectors_read_well(void **state)
{
	struct flowsel s = { 0 };

	(void)state;
	assert_string_equal(SEL(&s), "any");
	s.family = AF_INET;
	assert_string_equal(SEL(&s), "ipv4");
	s = of_src("10.0.0.0/8");
	assert_string_equal(SEL(&s), "ipv4 src 10.0.0.0/8");
	s.src_hi.b[3] = 254;
	assert_string_equal(SEL(&s), "ipv4 src 10.0.0.0-10.255.255.254");
	s = (struct flowsel){ .has = FLOWSEL_DSCP | FLOWSEL_SPORT | FLOWSEL_SPI | FLOWSEL_LABEL,
			      .family = AF_INET6, .dscp_lo = 46, .dscp_hi = 46, .sport_lo = 1,
			      .sport_hi = 9, .spi_hi = 7, .label_lo = 5, .label_hi = 5,
			      .mark = 1, .mask = 0xff };
	assert_string_equal(SEL(&s),
			    "ipv6 sport 1-9 dscp 46 spi 0-7 label 5 mark 0x1/0xff");
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(test_a_prefix_is_the_range_of_its_addresses),
		cmocka_unit_test(test_what_a_field_cannot_hold_is_refused),
		cmocka_unit_test(test_what_does_not_count_is_tidied_away),
		cmocka_unit_test(test_selectors_read_well),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
