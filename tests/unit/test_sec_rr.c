/* SPDX-License-Identifier: BSD-2-Clause */
/* Return routability: tokens, key and authenticator (RFC 6275 5.2.5, 6.2.7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "sec/rr.h"
#include "wire_help.h"

#define HOA	   "2001:db8:1::10"
#define COA	   "2001:db8:2::20"
#define CN	   "2001:db8:3::30"
#define HOME_TOKEN UINT64_C(0x98a67513cec18470)
#define COA_TOKEN  UINT64_C(0x260fa56b9e288d6c)

static void fill(uint8_t *p, size_t n, uint8_t first)
{
	while (n--)
		*p++ = first++;
}

static void test_tokens_of_the_vector(void **state)
{
	struct in6_addr hoa = a6(HOA), coa = a6(COA);
	uint8_t kcn[RR_KCN_LEN], home[8], care_of[8];

	(void)state;
	fill(kcn, sizeof(kcn), 0);
	fill(home, sizeof(home), 0xa0);
	fill(care_of, sizeof(care_of), 0xb0);
	assert_true(rr_keygen_token(kcn, RR_HOME, &hoa, home, 8) == HOME_TOKEN);
	assert_true(rr_keygen_token(kcn, RR_CARE_OF, &coa, care_of, 8) == COA_TOKEN);
	/* the last octet keeps the two kinds apart */
	assert_true(rr_keygen_token(kcn, RR_CARE_OF, &hoa, home, 8) != HOME_TOKEN);
}

static void test_binding_keys_of_the_vector(void **state)
{
	uint8_t want[RR_KBM_LEN], kbm[RR_KBM_LEN];

	(void)state;
	unhex("62b622fcfc88505f12a67b80de071cdaca5219aa", want);
	rr_kbm(HOME_TOKEN, COA_TOKEN, kbm);
	assert_memory_equal(kbm, want, sizeof(kbm));
	unhex("9a7cb7bc9e373680cec8fbf9b12dfe1b29cacbb4", want);
	rr_kbm_delete(HOME_TOKEN, kbm);
	assert_memory_equal(kbm, want, sizeof(kbm));
}

/* The same order of addresses in both directions. */
static void test_authenticators_of_update_and_acknowledgement(void **state)
{
	static const char *const row[] = {
		"3b030500707e000780000069040400030004050cc929f96dea40a1aecf994b78",
		"3b030600457a000000070069010400000000050cfe89e03f932da3231ebfe2ca",
	};
	struct in6_addr coa = a6(COA), cn = a6(CN);
	uint8_t kbm[RR_KBM_LEN];

	(void)state;
	rr_kbm(HOME_TOKEN, COA_TOKEN, kbm);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint8_t mh[64], mac[RR_MAC_LEN];
		size_t n = unhex(row[i], mh);

		rr_mac(kbm, &coa, &cn, mh, n, mac);
		assert_memory_equal(mac, mh + n - RR_MAC_LEN, RR_MAC_LEN);
		rr_mac(kbm, &cn, &coa, mh, n, mac);
		assert_memory_not_equal(mac, mh + n - RR_MAC_LEN, RR_MAC_LEN);
	}
}

static void test_authenticator_covers_all_but_checksum_and_itself(void **state)
{
	struct in6_addr coa = a6(COA), cn = a6(CN);
	uint8_t mh[64], mac[RR_MAC_LEN], kbm[RR_KBM_LEN], want[RR_MAC_LEN];
	size_t n = unhex("3b030500707e000780000069040400030004050cc929f96dea40a1aecf994b78", mh);

	(void)state;
	rr_kbm(HOME_TOKEN, COA_TOKEN, kbm);
	rr_mac(kbm, &coa, &cn, mh, n, want);
	for (size_t i = 0; i < n; i++) {
		bool free_octet = i == 4 || i == 5 || i >= n - RR_MAC_LEN;

		mh[i] ^= 1;
		rr_mac(kbm, &coa, &cn, mh, n, mac);
		assert_int_equal(!memcmp(mac, want, sizeof(mac)), free_octet);
		mh[i] ^= 1;
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens_of_the_vector),
		cmocka_unit_test(test_binding_keys_of_the_vector),
		cmocka_unit_test(test_authenticators_of_update_and_acknowledgement),
		cmocka_unit_test(test_authenticator_covers_all_but_checksum_and_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
