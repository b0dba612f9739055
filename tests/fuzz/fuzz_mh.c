/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobility Header: what parses can be built, and parses to the same again. */
#include "fuzz.h"

#include <errno.h>

#include "base/util.h"
#include "wire/flow.h"
#include "wire_help.h"

static void selector_round_trip(const struct flow_subs *s)
{
	uint8_t buf[FLOW_SELECTOR_MAX], format = 0, status;
	struct mhopt_bytes octets = { buf, 0 };
	struct flowsel a, b;
	ssize_t n;

	status = flow_selector_parse(s->format, &s->selector, &a);
	FUZZ_CHECK(status == FLOW_OK || status == FLOW_MALFORMED || status == FLOW_NO_FORMAT);
	if (status)
		return;
	n = flow_selector_build(&a, &format, buf, sizeof(buf));
	FUZZ_CHECK(n >= 4 && format == s->format);
	octets.len = (uint8_t)n;
	FUZZ_CHECK(flow_selector_parse(format, &octets, &b) == FLOW_OK && flowsel_eq(&a, &b));
}

/* What a Flow Identification holds, too; its status is one of those that an answer may have. */
static void flow_round_trip(const struct mhopt_flow *f)
{
	uint8_t sub[FLOW_SUB_MAX], status;
	struct mhopt_flow again = { .fid = f->fid };
	struct flow_subs s, t;
	ssize_t n;

	status = flow_subs_parse(f, &s);
	FUZZ_CHECK(status == FLOW_OK || status == FLOW_MALFORMED || status == FLOW_NO_BID);
	if (status)
		return;
	if (s.has_selector)
		selector_round_trip(&s);
	n = flow_subs_build(&s, sub, sizeof(sub));
	FUZZ_CHECK(n >= 0 && n <= FLOW_SUB_MAX);
	again.sub = (struct mhopt_bytes){ sub, (uint8_t)n };
	FUZZ_CHECK(flow_subs_parse(&again, &t) == FLOW_OK);
	FUZZ_CHECK(s.n_bid == t.n_bid && !memcmp(s.bid, t.bid, sizeof(s.bid)) &&
		   s.has_selector == t.has_selector && s.format == t.format &&
		   bytes_same(&s.selector, &t.selector));
}

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
	for (unsigned i = 0; i < m.opt.n_flow; i++)
		flow_round_trip(&m.opt.flow[i]);
	n = mh_build(&m, d, buf, sizeof(buf), &mac_at);
	if (n == -EMSGSIZE && size > MH_MAX_LEN / 2)
		return; /* packed closer than alignment allows */
	if (n == -EINVAL && any_malformed(&m))
		return;
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
