/* SPDX-License-Identifier: BSD-2-Clause */
/* DHAAD, mobile prefix discovery, echo and ICMPv6 errors. */
#include "fuzz.h"

#include <errno.h>

#include "wire_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[65536 + 64];
	struct icmp6_msg m, again;
	const char *why;
	ssize_t n;
	int rc = icmp6_parse(data, size, &m, &why);

	FUZZ_CHECK(rc ? why != NULL : why == NULL);
	FUZZ_CHECK(rc == 0 || rc == -EBADMSG || rc == -EPROTONOSUPPORT);
	if (rc || size > 65536)
		return 0;
	if (m.type < ICMP6_ECHOREQ_) {
		FUZZ_CHECK(m.err.off >= 40 && m.err.off + 8 <= size);
		FUZZ_CHECK(m.err.quote_len + 8 == size);
		if (m.type != ICMP6_UNREACH_) {
			FUZZ_CHECK(icmp6_build(&m, buf, sizeof(buf)) == -EINVAL);
			return 0;
		}
		n = icmp6_build(&m, buf, sizeof(buf));
		FUZZ_CHECK(n >= 48 && n <= 8 + ICMP6_QUOTE_MAX);
		FUZZ_CHECK(icmp6_parse(buf, (size_t)n, &again, &why) == 0);
		FUZZ_CHECK(in6_eq(&m.err.dst, &again.err.dst) && m.code == again.code);
		return 0;
	}
	n = icmp6_build(&m, buf, sizeof(buf));
	FUZZ_CHECK(n >= 8);
	FUZZ_CHECK(icmp6_parse(buf, (size_t)n, &again, &why) == 0);
	FUZZ_CHECK(icmp6_same(&m, &again));
	return 0;
}
