/* SPDX-License-Identifier: BSD-2-Clause */
/* A capture file ends or is refused; each message in it makes a record of the promised shape. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "mip6ctl/decode.h"
#include "mip6ctl/pcap.h"

static void check(const uint8_t *ip, size_t len, double when)
{
	static const char *const key[] = { "time", "src", "dst", "home_address", "routed_to",
					   "tunnel", "icmp_error", "type" };
	struct json_object *o = decode(ip, len, when), *v;

	for (size_t i = 0; o && i < sizeof(key) / sizeof(key[0]); i++)
		FUZZ_CHECK(json_object_object_get_ex(o, key[i], &v));
	if (o) {
		/* for a terminal: no control character, whoever sent it */
		const char *s = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);

		for (; *s; s++)
			FUZZ_CHECK((unsigned char)*s >= ' ' && (unsigned char)*s < 0x7f);
	}
	json_object_put(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pcap p;
	FILE *f = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	const uint8_t *ip;
	double when;
	size_t len, n = 0;
	int rc;

	if (!f)
		return 0;
	rc = pcap_open(&p, f);
	FUZZ_CHECK(rc == 0 || rc == -EPROTO || rc == -ENOTSUP);
	while (rc == 0 && (rc = pcap_next(&p, &when, &ip, &len)) > 0) {
		FUZZ_CHECK(len >= 40 && ip >= p.buf && ip + len <= p.buf + sizeof(p.buf));
		FUZZ_CHECK(when >= 0 && when < 1e12);
		check(ip, len, when);
		FUZZ_CHECK(n++ < size);
		rc = 0;
	}
	FUZZ_CHECK(rc == 0 || rc == -EPROTO || rc == -ENOTSUP);
	fclose(f);
	return 0;
}
