/* SPDX-License-Identifier: BSD-2-Clause */
/* Home Address option and type 2 routing header. */
#include "fuzz.h"

#include <errno.h>

#include "wire/exthdr.h"
#include "wire_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct in6_addr hao, rh2, again;
	uint8_t hdr[HAO_HDR_LEN];
	int rc;

	rc = hao_parse(data, size, &hao);
	FUZZ_CHECK(rc == 0 || rc == 1 || rc == -EBADMSG);
	if (rc == 1) {
		hao_build(&hao, hdr);
		FUZZ_CHECK(hao_parse(hdr, sizeof(hdr), &again) == 1 && in6_eq(&hao, &again));
	}
	rc = rh2_parse(data, size, &rh2);
	FUZZ_CHECK(rc == 0 || rc == 1 || rc == -EBADMSG);
	if (rc == 1) {
		rh2_build(&rh2, hdr);
		FUZZ_CHECK(rh2_parse(hdr, RH2_LEN, &again) == 1 && in6_eq(&rh2, &again));
	}
	return 0;
}
