/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobility Header: what parses can be built, and parses to the same again. */
#include "fuzz.h"

#include <errno.h>

#include "base/util.h"
#include "wire_help.h"

static void round_trip(const uint8_t *data, size_t size, const struct mh_dialect *d)
{
	static uint8_t buf[MH_MAX_LEN];
	struct mh_msg m, again;
	const char *why;
	size_t mac_at;
	ssize_t n;
	int rc = mh_parse(data, size, d, &m, &why);

	FUZZ_CHECK(rc ? why != NULL : why == NULL);
	FUZZ_CHECK(rc == 0 || rc == -EBADMSG || rc == -EPROTONOSUPPORT || rc == -E2BIG);
	if (rc)
		return;
	if (m.opt.seen & BIT64(MHOPT_AUTH)) {
		FUZZ_CHECK(m.opt.auth.covered + m.opt.auth.data.len <= size);
		FUZZ_CHECK(m.opt.auth.data.p == data + m.opt.auth.covered);
	}
	n = mh_build(&m, d, buf, sizeof(buf), &mac_at);
	if (n == -EMSGSIZE && size > MH_MAX_LEN / 2)
		return; /* packed closer than alignment allows */
	FUZZ_CHECK(n > 0 && n % 8 == 0);
	FUZZ_CHECK(mh_parse(buf, (size_t)n, d, &again, &why) == 0);
	FUZZ_CHECK(mh_same(&m, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mh_dialect draft = { MHOPT_IPV4_MNP_DEFAULT,
						 MHOPT_IPV4_MNP_STATUS_DEFAULT };

	round_trip(data, size, NULL);
	round_trip(data, size, &draft);
	return 0;
}
