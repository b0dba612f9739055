/* SPDX-License-Identifier: BSD-2-Clause */
/* Validity of Neighbour Discovery messages by their IPv6 header (RFC 4861 6.1, 7.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "io/ndcheck.h"

#define LL	"fe80::1"
#define GLOBAL	"2001:db8::1"
#define TARGET	"2001:db8::a:b1c2"
#define SOLNODE "ff02::1:ff0a:b1c2"
#define NODES	"ff02::1"
#define ANY	"::"

enum { SLLA = 1, SOLICITED = 2 };

static struct in6_addr a6(const char *s)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, s, &a), 1);
	return a;
}

static struct nd_msg message(uint8_t type, const char *target, int with)
{
	struct nd_msg m = { .type = type };
	struct nd_lladdr ll = { .len = with & SLLA ? 6 : 0 };

	if (type == ND_RS)
		m.rs.slla = ll;
	else if (type == ND_RA)
		m.ra.slla = ll;
	else if (type == ND_NS)
		m.ns = (struct nd_ns){ .target = a6(target), .slla = ll };
	else
		m.na = (struct nd_na){ .target = a6(target), .solicited = with & SOLICITED };
	return m;
}

static void test_each_check_of_rfc4861_6_1_and_7_1(void **state)
{
	static const struct {
		uint8_t type;
		const char *src, *dst, *target;
		int hops, with;
		bool valid;
	} row[] = {
		{ ND_RA, LL, NODES, ANY, 255, SLLA, true },
		{ ND_RA, LL, NODES, ANY, 254, 0, false },
		{ ND_RA, LL, NODES, ANY, 64, 0, false },
		{ ND_RA, LL, NODES, ANY, -1, 0, false },
		{ ND_RA, GLOBAL, NODES, ANY, 255, 0, false },
		{ ND_RA, ANY, NODES, ANY, 255, 0, false },
		{ ND_RS, LL, "ff02::2", ANY, 255, SLLA, true },
		{ ND_RS, ANY, "ff02::2", ANY, 255, 0, true },
		{ ND_RS, ANY, "ff02::2", ANY, 255, SLLA, false },
		{ ND_RS, LL, "ff02::2", ANY, 1, 0, false },
		{ ND_NS, GLOBAL, TARGET, TARGET, 255, SLLA, true },
		{ ND_NS, LL, SOLNODE, TARGET, 255, SLLA, true },
		{ ND_NS, LL, SOLNODE, TARGET, 1, SLLA, false },
		{ ND_NS, LL, SOLNODE, NODES, 255, SLLA, false },
		{ ND_NS, ANY, SOLNODE, TARGET, 255, 0, true },
		{ ND_NS, ANY, "ff02::1:ff00:9", TARGET, 255, 0, true },
		{ ND_NS, ANY, SOLNODE, TARGET, 255, SLLA, false },
		{ ND_NS, ANY, NODES, TARGET, 255, 0, false },
		{ ND_NS, ANY, TARGET, TARGET, 255, 0, false },
		{ ND_NS, ANY, "ff05::1:ff0a:b1c2", TARGET, 255, 0, false },
		{ ND_NA, GLOBAL, GLOBAL, TARGET, 255, SOLICITED, true },
		{ ND_NA, GLOBAL, NODES, TARGET, 255, 0, true },
		{ ND_NA, GLOBAL, NODES, TARGET, 255, SOLICITED, false },
		{ ND_NA, GLOBAL, GLOBAL, SOLNODE, 255, 0, false },
		{ ND_NA, GLOBAL, NODES, TARGET, 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct nd_rx rx = { .ifindex = 1, .src = a6(row[i].src), .dst = a6(row[i].dst) };
		struct nd_msg m = message(row[i].type, row[i].target, row[i].with);
		const char *why = ndcheck(&rx, row[i].hops, &m);

		if (row[i].valid != !why)
			fail_msg("row %zu: %s", i, why ? why : "valid");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_check_of_rfc4861_6_1_and_7_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
