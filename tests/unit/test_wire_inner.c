/* SPDX-License-Identifier: BSD-2-Clause */
/* What an error quotes of a tunnel packet. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "wire/inner.h"
#include "wire_help.h"

#define SRC6	"20010db800000000000000000000000b"
#define DST6	"20010db800000000000000000000000a"
#define IP6(nh)	"60000000 0010" nh "40" SRC6 DST6
#define IP4(frag, proto, src) "45000054 0001" frag "40" proto "0000" src "0a00000a"

static void test_gre_header_with_and_without_options(void **state)
{
	static const struct { const char *hex; int rc; uint8_t family; uint32_t key; } row[] = {
		{ "0000 86dd", 0, AF_INET6, 0 },
		{ "0000 0800", 0, AF_INET, 0 },
		{ "2000 86dd 00000007", 0, AF_INET6, 7 },
		{ "b000 86dd 11110000 00000007 00000001", 0, AF_INET6, 7 },
		{ "2000 86dd 000000", -EBADMSG, 0, 0 },		/* cut off */
		{ "0001 86dd", -EBADMSG, 0, 0 },		/* of another version */
		{ "0000 6558", -EBADMSG, 0, 0 },		/* Ethernet */
		{ "000086", -EBADMSG, 0, 0 },
		{ "", -EBADMSG, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint8_t buf[64];
		size_t n = unhex(row[i].hex, buf);
		struct gre g;

		assert_int_equal(gre_parse(guarded(buf, n), n, &g), row[i].rc);
		if (row[i].rc)
			continue;
		assert_int_equal(g.family, row[i].family);
		assert_int_equal(g.key, row[i].key);
		assert_int_equal(g.has_key, row[i].key != 0);
		assert_int_equal(g.len, 0);
	}
}

static void test_who_may_hear_of_an_error(void **state)
{
	static const struct { uint8_t family; const char *hex; int rc; bool hear; } row[] = {
		{ AF_INET6, IP6("11"), 0, true },
		{ AF_INET6, IP6("3a") "80000000", 0, true },
		{ AF_INET6, IP6("3a") "01000000", 0, false },		/* an error */
		{ AF_INET6, IP6("3a") "89000000", 0, false },		/* a redirect */
		{ AF_INET6, IP6("3a"), 0, false },			/* nobody can tell */
		{ AF_INET6, IP6("2c") "11000001 00000001", 0, true },	/* the first fragment */
		{ AF_INET6, IP6("2c") "11000009 00000001", 0, false },
		{ AF_INET6, "60000000 00001140 ff020000000000000000000000000001" DST6, 0, false },
		{ AF_INET6, "60000000 00001140 fe800000000000000000000000000001" DST6, 0, false },
		{ AF_INET6, "60000000 00001140 00000000000000000000000000000000" DST6, 0, false },
		{ AF_INET6, "60000000 00001140" SRC6 "2001", -EBADMSG, false },
		{ AF_INET6, IP4("0000", "11", "c0a8400a") "0000000000000000 00000000000000000000",
		  -EBADMSG, false },
		{ AF_INET, IP4("0000", "11", "c0a8400a"), 0, true },
		{ AF_INET, IP4("2000", "11", "c0a8400a"), 0, true },
		{ AF_INET, IP4("2001", "11", "c0a8400a"), 0, false },
		{ AF_INET, IP4("0000", "01", "c0a8400a") "08000000", 0, true },
		{ AF_INET, IP4("0000", "01", "c0a8400a") "03000000", 0, false },
		{ AF_INET, IP4("0000", "01", "c0a8400a"), 0, false },
		{ AF_INET, IP4("0000", "11", "e0000001"), 0, false },
		{ AF_INET, IP4("0000", "11", "ffffffff"), 0, false },
		{ AF_INET, IP4("0000", "11", "00000000"), 0, false },
		{ AF_INET, IP4("0000", "11", "7f000001"), 0, false },
		{ AF_INET, "44" "0000540001000040110000c0a8400a0a00000a", -EBADMSG, false },
		{ AF_INET, "45000054 0001", -EBADMSG, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint8_t buf[128];
		size_t n = unhex(row[i].hex, buf);
		struct inner in;

		if (inner_parse(row[i].family, guarded(buf, n), n, &in) != row[i].rc ||
		    (!row[i].rc && inner_may_hear(&in) != row[i].hear))
			fail_msg("row %zu: %s", i, row[i].hex);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gre_header_with_and_without_options),
		cmocka_unit_test(test_who_may_hear_of_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
