/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random messages: build and parse are inverse, alignment and padding hold for
 * any mixture, and neither a cut nor a flipped octet makes the parser read
 * beyond the end.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "wire_help.h"

#define ROUNDS 20000

static const struct mh_dialect draft = { MHOPT_IPV4_MNP_DEFAULT, MHOPT_IPV4_MNP_STATUS_DEFAULT };
static uint8_t noise[256];

static struct in6_addr rnd_in6(void)
{
	struct in6_addr a;

	rnd_fill(&a, sizeof(a));
	return a;
}

static struct in_addr rnd_in4(void)
{
	return (struct in_addr){ .s_addr = (uint32_t)rnd() };
}

static struct mhopt_bytes rnd_bytes(unsigned min, unsigned max)
{
	return (struct mhopt_bytes){ noise, (uint8_t)(min + rnd_below(max - min + 1)) };
}

/* seldom many */
static uint8_t rnd_count(unsigned max)
{
	return (uint8_t)(rnd_below(3) ? rnd_below(3) : rnd_below(max + 1));
}

static bool rnd_one(struct mhopts *o, uint8_t type)
{
	if (rnd_below(2))
		return false;
	o->seen |= BIT64(type);
	return true;
}

static void rnd_lists4(struct mhopts *o)
{
	o->n_ipv4_hoa = rnd_count(6);
	for (unsigned i = 0; i < o->n_ipv4_hoa; i++)
		o->ipv4_hoa[i] = (struct mhopt_ipv4_hoa){ rnd_below(64), rnd_below(2), rnd_in4() };
	o->n_ipv4_ack = rnd_count(6);
	for (unsigned i = 0; i < o->n_ipv4_ack; i++)
		o->ipv4_ack[i] =
			(struct mhopt_ipv4_ack){ rnd_below(256), rnd_below(64), rnd_in4() };
	o->n_ipv4_mnp = rnd_count(6);
	for (unsigned i = 0; i < o->n_ipv4_mnp; i++)
		o->ipv4_mnp[i] = prefix4(rnd_in4(), (uint8_t)rnd_below(33));
	o->n_ipv4_mnp_status = rnd_count(6);
	for (unsigned i = 0; i < o->n_ipv4_mnp_status; i++)
		o->ipv4_mnp_status[i] =
			(struct mhopt_ipv4_ack){ rnd_below(256), rnd_below(33), rnd_in4() };
}

static void rnd_lists(struct mhopts *o)
{
	static const uint8_t raw_type[] = { MHOPT_LLA, MHOPT_EXPERIMENTAL, MHOPT_VENDOR };

	rnd_lists4(o);
	o->n_mnp = rnd_count(MHOPT_MAX_MNP);
	for (unsigned i = 0; i < o->n_mnp; i++) {
		struct in6_addr a = rnd_in6();

		o->mnp[i] = prefix6(&a, (uint8_t)rnd_below(129));
	}
	o->n_bid = rnd_count(6);
	for (unsigned i = 0; i < o->n_bid; i++) {
		o->bid[i] = (struct mhopt_bid){
			(uint16_t)rnd(), (uint8_t)rnd(), rnd() & 0x7f, rnd() & 1, { 0 },
			false
		};
		o->bid[i].coa.family = (const uint8_t[]){ 0, AF_INET, AF_INET6 }[rnd_below(3)];
		if (o->bid[i].coa.family)
			rnd_fill(&o->bid[i].coa.a, family_bytes(o->bid[i].coa.family));
	}
	o->n_raw = rnd_count(MHOPT_MAX_RAW);
	for (unsigned i = 0; i < o->n_raw; i++) {
		o->raw[i].type = raw_type[rnd_below(ARRAY_SIZE(raw_type))];
		o->raw[i].data = rnd_bytes(5, 20);
		o->seen |= BIT64(o->raw[i].type);
	}
	o->n_flow = rnd_count(6);
	for (unsigned i = 0; i < o->n_flow; i++)
		o->flow[i] = (struct mhopt_flow){ (uint16_t)rnd(), (uint16_t)rnd(), (uint8_t)rnd(),
						  rnd_bytes(0, 40) };
	o->n_flow_summary = rnd_count(MHOPT_MAX_SUMMARY);
	for (unsigned i = 0; i < o->n_flow_summary; i++)
		o->flow_summary[i] = rnd_bytes(0, 20);
	o->seen |= (o->n_flow ? BIT64(MHOPT_FLOW) : 0) |
		   (o->n_flow_summary ? BIT64(MHOPT_FLOW_SUMMARY) : 0);
	o->seen |= (o->n_mnp ? BIT64(MHOPT_MNP) : 0) | (o->n_bid ? BIT64(MHOPT_BID) : 0) |
		   (o->n_ipv4_hoa ? BIT64(MHOPT_IPV4_HOA) : 0) |
		   (o->n_ipv4_ack ? BIT64(MHOPT_IPV4_ACK) : 0) |
		   (o->n_ipv4_mnp ? BIT64(MHOPT_IPV4_MNP_DEFAULT) : 0) |
		   (o->n_ipv4_mnp_status ? BIT64(MHOPT_IPV4_MNP_STATUS_DEFAULT) : 0);
}

static void rnd_opts(struct mhopts *o)
{
	if (rnd_one(o, MHOPT_REFRESH_ADVICE))
		o->refresh_advice = rnd_below(65536) * 4;
	if (rnd_one(o, MHOPT_ALT_COA))
		o->alt_coa = rnd_in6();
	if (rnd_one(o, MHOPT_NONCE_INDICES)) {
		o->home_nonce = (uint16_t)rnd();
		o->coa_nonce = (uint16_t)rnd();
	}
	if (rnd_one(o, MHOPT_MN_ID)) {
		o->mn_id = rnd_bytes(1, rnd_below(4) ? 20 : 254);
		o->mn_id_subtype = (uint8_t)rnd();
	}
	if (rnd_one(o, MHOPT_MESG_ID))
		o->mesg_id = rnd();
	if (rnd_one(o, MHOPT_NAT_DETECTION)) {
		o->nat.f = rnd() & 1;
		o->nat.refresh = (uint32_t)rnd();
	}
	if (rnd_one(o, MHOPT_IPV4_COA))
		o->ipv4_coa = rnd_in4();
	if (rnd_one(o, MHOPT_AUTH)) {
		o->auth.subtype = (uint8_t)rnd();
		o->auth.spi = (uint32_t)rnd();
	} else {
		rnd_one(o, MHOPT_BINDING_AUTH);
	}
	rnd_lists(o);
}

static struct mh_msg rnd_msg(void)
{
	struct mh_msg m = { .type = (uint8_t)rnd_below(8) };

	switch ((enum mh_type)m.type) {
	case MH_BRR:
		break;
	case MH_HOTI:
	case MH_COTI:
		m.ti.cookie = rnd();
		break;
	case MH_HOT:
	case MH_COT:
		m.test.nonce = (uint16_t)rnd();
		m.test.cookie = rnd();
		m.test.token = rnd();
		break;
	case MH_BU:
		m.bu.seq = (uint16_t)rnd();
		m.bu.flags = (uint16_t)rnd();
		m.bu.lifetime = rnd_below(65536) * 4;
		break;
	case MH_BA:
		m.ba.status = (uint8_t)rnd();
		m.ba.flags = (uint8_t)rnd();
		m.ba.seq = (uint16_t)rnd();
		m.ba.lifetime = rnd_below(65536) * 4;
		break;
	case MH_BE:
		m.be.status = (uint8_t)rnd();
		m.be.hoa = rnd_in6();
		break;
	}
	rnd_opts(&m.opt);
	return m;
}

/* The RFCs' alignment, written down here a second time on purpose. */
static bool aligned(const uint8_t *opt, size_t at)
{
	switch (opt[0]) {
	case 2:
	case 4:
	case 44:
	case 45:
		return at % 2 == 0;
	case 3:
		return at % 8 == 6;
	case 5:
		return at % 8 == 2;
	case 6:
		return at % 8 == 4;
	case 9:
		return at % 4 == 1;
	case 10:
		return at % 8 == 2;
	case 11:
	case 12:
	case 29:
	case 30:
	case 31:
	case 32:
		return at % 4 == 0;
	case 19:
		return at % 4 == 2;
	case 35:
		return opt[1] == 4 ? at % 2 == 0 : at % 8 == 2;
	case 7:
	case 8:
	case 18:
		return true;
	}
	return false;
}

static void check_option_area(const uint8_t *b, size_t at, size_t n)
{
	bool padded = false, mac = false;

	while (at < n) {
		size_t len = b[at] ? b[at + 1] + 2u : 1;

		if (b[at] > 1) {
			assert_true(aligned(b + at, at));
			assert_false(mac);
			mac = b[at] == 5 || b[at] == 9;
			padded = false;
			at += len;
			continue;
		}
		/* one padding option per gap, shorter than 8 octets, zeros inside */
		assert_false(padded || mac);
		assert_true(len < 8);
		for (size_t i = 2; i < len; i++)
			assert_int_equal(b[at + i], 0);
		padded = true;
		at += len;
	}
	assert_int_equal(at, n);
}

static void test_random_messages_survive_build_and_parse(void **state)
{
	static const uint8_t body[] = { 8, 16, 16, 24, 24, 12, 12, 24 };
	unsigned built = 0;

	(void)state;
	rnd_fill(noise, sizeof(noise));
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct mh_msg m = rnd_msg(), back;
		uint8_t buf[MH_MAX_LEN];
		const char *why;
		size_t mac_at;
		ssize_t n = mh_build(&m, &draft, buf, sizeof(buf), &mac_at);

		if (n == -EMSGSIZE)
			continue;
		assert_true(n > 0 && n % 8 == 0);
		assert_int_equal(buf[1], n / 8 - 1);
		check_option_area(buf, body[m.type], (size_t)n);
		assert_int_equal(mh_parse(guarded(buf, (size_t)n), (size_t)n, &draft, &back, &why),
				 0);
		assert_true(mh_same(&m, &back));
		if (m.opt.seen & BIT64(MHOPT_AUTH))
			assert_int_equal(back.opt.auth.covered, mac_at);
		built++;
	}
	assert_true(built > ROUNDS / 2);
}

static void test_cut_messages_are_refused(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct mh_msg m = rnd_msg(), back;
		uint8_t buf[MH_MAX_LEN];
		const char *why;
		size_t mac_at;
		ssize_t n = mh_build(&m, &draft, buf, sizeof(buf), &mac_at);

		for (ssize_t cut = 0; cut < n; cut++) {
			int rc = mh_parse(guarded(buf, (size_t)cut), (size_t)cut, &draft, &back,
					  &why);

			assert_int_equal(rc, -EBADMSG);
			assert_non_null(why);
		}
	}
}

static void test_cut_messages_with_a_matching_header_len_are_refused_or_parsed(void **state)
{
	unsigned refused = 0, parsed = 0;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct mh_msg m = rnd_msg(), back;
		uint8_t buf[MH_MAX_LEN];
		const char *why;
		size_t mac_at;
		ssize_t n = mh_build(&m, &draft, buf, sizeof(buf), &mac_at);

		for (ssize_t cut = 8; cut < n; cut += 8) {
			buf[1] = (uint8_t)(cut / 8 - 1);
			if (mh_parse(guarded(buf, (size_t)cut), (size_t)cut, &draft, &back, &why))
				refused++;
			else
				parsed++;
		}
	}
	assert_true(refused > 0 && parsed > 0);
}

static void test_flipped_octets_are_refused_or_parsed_and_stay_inverse(void **state)
{
	unsigned refused = 0, parsed = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct mh_msg m = rnd_msg(), back, again;
		uint8_t buf[MH_MAX_LEN], second[MH_MAX_LEN];
		const char *why;
		size_t mac_at;
		ssize_t n = mh_build(&m, &draft, buf, sizeof(buf), &mac_at), k;

		for (ssize_t at = 0; at < n; at++) {
			uint8_t was = buf[at];

			buf[at] =
				rnd_below(2) ? (uint8_t)rnd() : was ^ (uint8_t)(1u << rnd_below(8));
			if (mh_parse(guarded(buf, (size_t)n), (size_t)n, &draft, &back, &why)) {
				assert_non_null(why);
				refused++;
			} else {
				k = mh_build(&back, &draft, second, sizeof(second), &mac_at);
				assert_true(k > 0 || k == -EMSGSIZE ||
					    (k == -EINVAL && any_malformed(&back)));
				if (k > 0) {
					assert_int_equal(
						mh_parse(second, (size_t)k, &draft, &again, &why),
						0);
					assert_true(mh_same(&back, &again));
				}
				parsed++;
			}
			buf[at] = was;
		}
	}
	assert_true(refused > 1000 && parsed > 1000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_messages_survive_build_and_parse),
		cmocka_unit_test(test_cut_messages_are_refused),
		cmocka_unit_test(
			test_cut_messages_with_a_matching_header_len_are_refused_or_parsed),
		cmocka_unit_test(test_flipped_octets_are_refused_or_parsed_and_stay_inverse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
