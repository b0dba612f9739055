/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobility Header messages: layouts, checks of RFC 6275 9.2, checksum. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/util.h"
#include "wire_help.h"

#define HOA "2001:db8:1::10"
#define COA "2001:db8:2::20"
#define CN  "2001:db8:3::30"
#define HA  "2001:db8:1::1"

/* A home registration with the authentication option; computed outside this program. */
static const char bu_auth[] =
	"3b080500c9960001c000000f0100031020010db80002000000000000000000200810016d6e31406578616d70"
	"6c652e6f7267010100091101000003e88f6529c8c66d10ff9422c23e";

static int parse_hex(const char *hex, struct mh_msg *m, const char **why)
{
	uint8_t buf[HELP_MAX];
	size_t n = unhex(hex, buf);

	return mh_parse(guarded(buf, n), n, NULL, m, why);
}

static void test_binding_update_of_the_vector_is_read(void **state)
{
	struct in6_addr coa = a6(COA);
	struct mh_msg m;
	const char *why;

	(void)state;
	assert_int_equal(parse_hex(bu_auth, &m, &why), 0);
	assert_null(why);
	assert_int_equal(m.type, MH_BU);
	assert_int_equal(m.bu.seq, 1);
	assert_int_equal(m.bu.flags, BU_A | BU_H);
	assert_int_equal(m.bu.lifetime, 60);
	assert_true(in6_eq(&m.opt.alt_coa, &coa));
	assert_int_equal(m.opt.mn_id_subtype, 1);
	assert_int_equal(m.opt.mn_id.len, 15);
	assert_memory_equal(m.opt.mn_id.p, "mn1@example.org", 15);
	assert_int_equal(m.opt.auth.subtype, 1);
	assert_int_equal(m.opt.auth.spi, 1000);
	assert_int_equal(m.opt.auth.data.len, 12);
	assert_int_equal(m.opt.auth.covered, 60);
	assert_true(m.opt.seen == (BIT64(MHOPT_ALT_COA) | BIT64(MHOPT_MN_ID) | BIT64(MHOPT_AUTH)));
}

static void test_binding_update_of_the_vector_is_built_to_the_octet(void **state)
{
	struct mh_msg m = { .type = MH_BU,
			    .bu = { .seq = 1, .flags = BU_A | BU_H, .lifetime = 60 } };
	struct in6_addr hoa = a6(HOA), ha = a6(HA);
	uint8_t want[128], got[MH_MAX_LEN];
	size_t n = unhex(bu_auth, want), mac_at;
	uint16_t sum;

	(void)state;
	m.opt.seen = BIT64(MHOPT_ALT_COA) | BIT64(MHOPT_MN_ID) | BIT64(MHOPT_AUTH);
	m.opt.alt_coa = a6(COA);
	m.opt.mn_id = (struct mhopt_bytes){ (const uint8_t *)"mn1@example.org", 15 };
	m.opt.mn_id_subtype = 1;
	m.opt.auth.subtype = 1;
	m.opt.auth.spi = 1000;
	assert_int_equal(mh_build(&m, NULL, got, sizeof(got), &mac_at), n);
	assert_int_equal(mac_at, 60);
	memcpy(got + mac_at, want + mac_at, AUTH_DATA_LEN);
	sum = mh_checksum(&hoa, &ha, got, n);
	memcpy(got + 4, &sum, 2);
	assert_memory_equal(got, want, n);
}

/* Return routability, RFC 6275 6.1.7 and 6.1.8 with options 4 and 5. */
static void test_checksum_ignores_what_its_field_holds(void **state)
{
	static const struct {
		const char *hex, *src, *dst;
		uint16_t sum;
	} row[] = {
		{ "3b030500707e000780000069040400030004050cc929f96dea40a1aecf994b78", HOA, CN,
		  0x707e },
		{ "3b030600457a000000070069010400000000050cfe89e03f932da3231ebfe2ca", CN, HOA,
		  0x457a },
		{ "3b030600ffff000000070069010400000000050cfe89e03f932da3231ebfe2ca", CN, HOA,
		  0x457a },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct in6_addr src = a6(row[i].src), dst = a6(row[i].dst);
		uint8_t buf[64];
		size_t n = unhex(row[i].hex, buf);

		assert_int_equal(ntohs(mh_checksum(&src, &dst, guarded(buf, n), n)), row[i].sum);
	}
}

static void test_checksum_covers_every_other_octet_and_the_addresses(void **state)
{
	struct in6_addr src = a6(HOA), dst = a6(HA);
	uint8_t buf[128];
	size_t n = unhex(bu_auth, buf);
	uint16_t sum = mh_checksum(&src, &dst, buf, n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		buf[i] ^= 0x10;
		assert_int_equal(mh_checksum(&src, &dst, buf, n) == sum, i == 4 || i == 5);
		buf[i] ^= 0x10;
	}
	src.s6_addr[15] ^= 1;
	assert_true(mh_checksum(&src, &dst, buf, n) != sum);
}

static void test_each_message_has_its_layout(void **state)
{
	static const struct {
		const char *hex;
		struct mh_msg m;
	} row[] = {
		{ "3b00000000000000", { .type = MH_BRR } },
		{ "3b010100000000000102030405060708",
		  { .type = MH_HOTI, .ti.cookie = 0x0102030405060708 } },
		{ "3b01020000000000a1a2a3a4a5a6a7a8",
		  { .type = MH_COTI, .ti.cookie = 0xa1a2a3a4a5a6a7a8 } },
		{ "3b0203000000000301020304050607081112131415161718",
		  { .type = MH_HOT, .test = { 3, 0x0102030405060708, 0x1112131415161718 } } },
		{ "3b0204000000fffe01020304050607081112131415161718",
		  { .type = MH_COT, .test = { 0xfffe, 0x0102030405060708, 0x1112131415161718 } } },
		{ "3b010500000012348400ffff01020000",
		  { .type = MH_BU, .bu = { 0x1234, BU_A | BU_R, 262140 } } },
		{ "3b010600000087c01234000101020000",
		  { .type = MH_BA, .ba = { 135, BA_K | BA_R, 0x1234, 4 } } },
		{ "3b0207000000010020010db8000100000000000000000010",
		  { .type = MH_BE,
		    .be = { 1, { { { 0x20, 1, 0xd, 0xb8, 0, 1, [15] = 0x10 } } } } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint8_t want[64], got[64];
		size_t n = unhex(row[i].hex, want);
		struct mh_msg m;
		const char *why;

		assert_int_equal(mh_build(&row[i].m, NULL, got, sizeof(got), NULL), n);
		assert_memory_equal(got, want, n);
		assert_int_equal(mh_parse(guarded(want, n), n, NULL, &m, &why), 0);
		assert_true(mh_same(&m, &row[i].m));
	}
}

/* The same messages from scapy (tests/fuzz/mkcorpus.py): both place and pad alike. */
static void test_messages_equal_those_of_a_foreign_encoder(void **state)
{
	static const char nai[] = "mn1@example.org";
	const struct in6_addr net = a6("2001:db8:281::");
	const struct mhopts alt = { .seen = BIT64(MHOPT_ALT_COA), .alt_coa = a6(COA) };
	struct mhopts nemo = alt, auth = { .refresh_advice = 0 };
	size_t mac_at;

	(void)state;
	nemo.n_mnp = 2;
	nemo.mnp[0] = nemo.mnp[1] = prefix6(&net, 64);
	auth.seen = BIT64(MHOPT_MN_ID) | BIT64(MHOPT_MESG_ID) | BIT64(MHOPT_AUTH);
	auth.mn_id_subtype = auth.auth.subtype = 1;
	auth.mn_id = (struct mhopt_bytes){ (const uint8_t *)nai, 15 };
	auth.mesg_id = 0xe8fe6f8040000000;
	auth.auth.spi = 1000;
	const struct {
		const char *hex;
		struct mh_msg m;
	} row[] = {
		{ "3b09050000000009c400000f0100031020010db8000200000000000000000020"
		  "010200000612004020010db8028100000000000000000000"
		  "010200000612004020010db8028100000000000000000000",
		  { .type = MH_BU, .bu = { 9, BU_A | BU_H | BU_R, 60 }, .opt = nemo } },
		{ "3b070600000000800001000f0810016d6e31406578616d706c652e6f7267010200000a08"
		  "e8fe6f804000000000091101000003e8000000000000000000000000",
		  { .type = MH_BA, .ba = { 0, BA_K, 1, 60 }, .opt = auth } },
		{ "3b010600000000800001000f0202000a",
		  { .type = MH_BA,
		    .ba = { 0, BA_K, 1, 60 },
		    .opt = { .seen = BIT64(MHOPT_REFRESH_ADVICE), .refresh_advice = 40 } } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint8_t want[128], got[128];
		size_t n = unhex(row[i].hex, want);

		assert_int_equal(mh_build(&row[i].m, NULL, got, sizeof(got), &mac_at), n);
		assert_memory_equal(got, want, n);
	}
}

/* RFC 6275 9.2 in its order: type, Payload Proto, Header Len. */
static void test_header_checks_run_in_order_and_name_the_reason(void **state)
{
	static const struct {
		const char *hex;
		int rc;
		const char *why;
	} row[] = {
		{ "", -EBADMSG, "shorter" },
		{ "3b000000000000", -EBADMSG, "shorter" },
		{ "3b00080000000000", -EPROTONOSUPPORT, "type" },
		{ "3affff0000000000", -EPROTONOSUPPORT, "type" },
		{ "3a00050000000000", -EBADMSG, "Payload Proto" },
		{ "3a00000000000000", -EBADMSG, "Payload Proto" },
		{ "3b00050000000000", -EBADMSG, "below" },
		{ "3b01000000000000", -EBADMSG, "beyond" },
		{ "3b00000000000000", 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct mh_msg m;
		const char *why;

		assert_int_equal(parse_hex(row[i].hex, &m, &why), row[i].rc);
		if (row[i].why)
			assert_non_null(strstr(why, row[i].why));
		else
			assert_null(why);
	}
}

static void test_each_type_has_a_least_header_len(void **state)
{
	static const uint8_t least[] = { 0, 1, 1, 2, 2, 1, 1, 2 };

	(void)state;
	for (uint8_t type = 0; type < ARRAY_SIZE(least); type++) {
		for (uint8_t units = 0; units <= 3; units++) {
			uint8_t buf[32] = { 59, units, type };
			size_t n = (units + 1u) * 8;
			struct mh_msg m;
			const char *why;
			int rc = mh_parse(guarded(buf, n), n, NULL, &m, &why);

			assert_int_equal(rc, units < least[type] ? -EBADMSG : 0);
		}
	}
}

/* RFC 6275 6.1.1: reserved fields are ignored. */
static void test_reserved_fields_are_ignored(void **state)
{
	struct mh_msg m, clean;
	const char *why;

	(void)state;
	assert_int_equal(parse_hex("3b0101ffabcdffff0102030405060708", &m, &why), 0);
	assert_int_equal(parse_hex("3b010100000000000102030405060708", &clean, &why), 0);
	assert_true(mh_same(&m, &clean));
}

/* RFC 8200 4.7: what follows "no next header" is ignored. */
static void test_octets_after_the_header_are_ignored(void **state)
{
	struct mh_msg m, clean;
	const char *why;

	(void)state;
	assert_int_equal(parse_hex("3b010500000012348400000f01020000 0610ffffffff", &m, &why), 0);
	assert_int_equal(parse_hex("3b010500000012348400000f01020000", &clean, &why), 0);
	assert_true(mh_same(&m, &clean));
}

static void test_lifetime_is_cut_to_four_seconds_but_never_to_zero(void **state)
{
	static const struct {
		uint32_t s;
		int rc;
		uint16_t wire;
	} row[] = {
		{ 0, 0, 0 },
		{ 1, -EINVAL, 0 },
		{ 3, -EINVAL, 0 },
		{ 4, 0, 1 },
		{ 7, 0, 1 },
		{ 420, 0, 105 },
		{ MH_LIFETIME_MAX, 0, 0xffff },
		{ MH_LIFETIME_MAX + 1, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct mh_msg bu = { .type = MH_BU, .bu.lifetime = row[i].s };
		struct mh_msg ba = { .type = MH_BA, .ba.lifetime = row[i].s };
		uint8_t buf[16];

		assert_int_equal(mh_build(&bu, NULL, buf, sizeof(buf), NULL),
				 row[i].rc ? row[i].rc : 16);
		if (!row[i].rc)
			assert_int_equal(buf[10] << 8 | buf[11], row[i].wire);
		assert_int_equal(mh_build(&ba, NULL, buf, sizeof(buf), NULL),
				 row[i].rc ? row[i].rc : 16);
		if (!row[i].rc)
			assert_int_equal(buf[10] << 8 | buf[11], row[i].wire);
	}
}

/* RFC 5648 4.2 against RFC 6602: one bit, two meanings. */
static void test_overwrite_needs_a_binding_identifier_and_no_proxy_bit(void **state)
{
	static const struct {
		uint8_t type;
		uint16_t flags;
		uint8_t n_bid;
		bool want;
	} row[] = {
		{ MH_BU, BU_A | BU_H | BU_O, 1, true },
		{ MH_BU, BU_A | BU_H | BU_O, 0, false },
		{ MH_BU, BU_A | BU_H | BU_P | BU_O, 1, false },
		{ MH_BU, BU_A | BU_H, 1, false },
		{ MH_BA, BU_O, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct mh_msg m = { .type = row[i].type,
				    .bu.flags = row[i].flags,
				    .opt.n_bid = row[i].n_bid };

		assert_int_equal(mh_bu_overwrite(&m), row[i].want);
	}
}

static void test_no_room_and_unknown_types_are_errors(void **state)
{
	struct mh_msg m = { .type = MH_BU };
	uint8_t buf[16];

	(void)state;
	for (size_t cap = 0; cap < 16; cap++)
		assert_int_equal(mh_build(&m, NULL, cap ? buf : NULL, cap, NULL), -EMSGSIZE);
	assert_int_equal(mh_build(&m, NULL, buf, 16, NULL), 16);
	m.type = 8;
	assert_int_equal(mh_build(&m, NULL, buf, 16, NULL), -EINVAL);
}

static void test_names_of_types_and_statuses(void **state)
{
	(void)state;
	assert_string_equal(mh_type_str(MH_BU), "Binding Update");
	assert_string_equal(mh_type_str(8), "unknown");
	assert_string_equal(ba_status_str(0), "accepted");
	assert_string_equal(ba_status_str(BA_SEQUENCE), "sequence number out of window");
	assert_string_equal(ba_status_str(174), "invalid care-of address");
	assert_string_equal(ba_status_str(200), "unknown");
	assert_string_equal(ba_status_str(256), "unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binding_update_of_the_vector_is_read),
		cmocka_unit_test(test_binding_update_of_the_vector_is_built_to_the_octet),
		cmocka_unit_test(test_checksum_ignores_what_its_field_holds),
		cmocka_unit_test(test_checksum_covers_every_other_octet_and_the_addresses),
		cmocka_unit_test(test_each_message_has_its_layout),
		cmocka_unit_test(test_messages_equal_those_of_a_foreign_encoder),
		cmocka_unit_test(test_header_checks_run_in_order_and_name_the_reason),
		cmocka_unit_test(test_each_type_has_a_least_header_len),
		cmocka_unit_test(test_reserved_fields_are_ignored),
		cmocka_unit_test(test_octets_after_the_header_are_ignored),
		cmocka_unit_test(test_lifetime_is_cut_to_four_seconds_but_never_to_zero),
		cmocka_unit_test(test_overwrite_needs_a_binding_identifier_and_no_proxy_bit),
		cmocka_unit_test(test_no_room_and_unknown_types_are_errors),
		cmocka_unit_test(test_names_of_types_and_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
