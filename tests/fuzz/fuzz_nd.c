/* SPDX-License-Identifier: BSD-2-Clause */
/* Router and neighbour messages: what parses can be built, and parses to the same again. */
#include "fuzz.h"

#include <errno.h>

#include "wire_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t buf[1024];
	struct nd_msg m, again;
	const char *why;
	ssize_t n;
	int rc = nd_parse(data, size, &m, &why);

	FUZZ_CHECK(rc ? why != NULL : why == NULL);
	FUZZ_CHECK(rc == 0 || rc == -EBADMSG || rc == -EPROTONOSUPPORT);
	if (rc)
		return 0;
	n = nd_build(&m, buf, sizeof(buf));
	FUZZ_CHECK(n > 0 && n % 8 == 0);
	FUZZ_CHECK(nd_parse(buf, (size_t)n, &again, &why) == 0);
	FUZZ_CHECK(nd_same(&m, &again));
	return 0;
}
