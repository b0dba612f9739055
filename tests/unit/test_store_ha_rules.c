/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose message it is, sequence numbers, home, type of registration, de-registration. */
#include "ha_rules_help.h"

/* ---- RFC 6275 9.5.1: addresses ---- */

static void test_home_address_must_be_unicast_routable(void **state)
{
	(void)state;
	PLAY({ "good", ACCEPTED },
	     { "multicast", .hoa = "ff0e::1", DROPPED },
	     { "link-local", .hoa = "fe80::1", .flags = AH, DROPPED },
	     { "link-local with L", .hoa = "fe80::1", .flags = AH | BU_L, DROPPED },
	     { "loopback", .hoa = "::1", DROPPED },
	     { "unspecified", .hoa = "::", DROPPED },
	     { "mapped", .hoa = "::ffff:10.0.0.1", DROPPED },
	     { "in the source", .src = "fe80::1", .no_hao = true, .life = -1, DROPPED });
}

static void test_source_must_be_unicast(void **state)
{
	(void)state;
	PLAY({ "multicast", .src = "ff0e::1", .alt = COA, DROPPED },
	     { "unspecified", .src = "::", .alt = COA, DROPPED });
}

static void test_care_of_address_must_be_unicast_routable_or_silence(void **state)
{
	(void)state;
	PLAY({ "alternate multicast", .alt = "ff0e::1", DROPPED },
	     { "alternate link-local", .alt = "fe80::1", DROPPED },
	     { "alternate loopback", .alt = "::1", DROPPED },
	     { "alternate unspecified", .alt = "::", DROPPED },
	     { "source link-local", .src = "fe80::2", DROPPED },
	     { "also to delete", .alt = "ff0e::1", .life = -1, .have = BOUND, DROPPED });
}

static void test_alternate_care_of_address_is_the_care_of_address(void **state)
{
	const struct row alt = { "", .alt = COA2 }, none = { .what = "" };
	struct in6_addr coa = ip6(COA), coa2 = ip6(COA2);
	struct bu_verdict v;

	(void)state;
	decide(&alt, &v);
	assert_true(in6_eq(&v.b.coa.a.in6, &coa2));
	decide(&none, &v);
	assert_true(in6_eq(&v.b.coa.a.in6, &coa));
}

static void test_nonce_indices_must_not_be_in_a_home_registration(void **state)
{
	(void)state;
	PLAY({ "with", .seen = BIT64(MHOPT_NONCE_INDICES), DROPPED },
	     { "to delete", .seen = BIT64(MHOPT_NONCE_INDICES), .life = -1, .have = BOUND,
	       DROPPED });
}

static void test_unknown_options_and_reserved_bits_change_nothing(void **state)
{
	(void)state;
	PLAY({ "reserved bits", .flags = AHR | 0x001f, ACCEPTED },
	     { "P F T", .flags = AHR | BU_P | BU_F | BU_T, ACCEPTED },
	     { "BID", .seen = BIT64(MHOPT_BID), ACCEPTED });
}

static void test_answer_does_not_depend_on_the_a_bit(void **state)
{
	(void)state;
	PLAY({ "accepted", .flags = BU_H | BU_R, ACCEPTED },
	     { "refused", .flags = BU_H | BU_R, .mnp = { MNP3 },
	       REFUSED(BA_PREFIX_UNAUTHORIZED) });
}

/* ---- unknown nodes ---- */

static void test_unknown_node_is_denied(void **state)
{
	(void)state;
	PLAY({ "no home prefix", .hoa = "2001:db8:999::1", REFUSED(BA_NOT_HOME_SUBNET) },
	     { "no home prefix, A=0", .hoa = "2001:db8:999::1", .flags = BU_H,
	       REFUSED(BA_NOT_HOME_SUBNET) },
	     { "in the home prefix", .hoa = STRANGER, REFUSED(BA_PROHIBITED) },
	     { "in the virtual one", .hoa = "2001:db8:500::77", REFUSED(BA_PROHIBITED) },
	     { "to delete", .hoa = STRANGER, .life = -1, REFUSED(BA_NOT_HA) },
	     { "without H", .hoa = STRANGER, .flags = BU_A, DROPPED },
	     { "authenticated", .hoa = STRANGER, .seen = BIT64(MHOPT_AUTH), DROPPED },
	     { "authenticated elsewhere", .hoa = "2001:db8:999::1",
	       .seen = BIT64(MHOPT_AUTH), DROPPED });
}

static void test_identify_needs_no_state_and_says_what_is_asked(void **state)
{
	const struct row reg = { .what = "" }, del = { "", .life = -1 }, home = { "", .src = MR };
	struct bu_verdict v;
	struct bu_rx rx;
	struct mh_msg m;

	(void)state;
	bu_make(&reg, &rx, &m);
	ha_bu_identify(&w.c, &rx, &m, &v);
	assert_int_equal(v.act, BU_REGISTER);
	assert_ptr_equal(v.node, world_node(&w, MR));
	assert_ptr_equal(v.link, &w.link);
	bu_make(&del, &rx, &m);
	ha_bu_identify(&w.c, &rx, &m, &v);
	assert_int_equal(v.act, BU_DEREGISTER);
	bu_make(&home, &rx, &m);
	ha_bu_identify(&w.c, &rx, &m, &v);
	assert_int_equal(v.act, BU_DEREGISTER);
}

/* ---- sequence numbers ---- */

static void test_sequence_number_is_compared_modulo_2_16(void **state)
{
	static const struct { uint16_t last, seq; bool newer; } row[] = {
		{ 15, 14, false }, { 15, 15, false }, { 15, 16, true }, { 15, 0, false },
		{ 15, 32782, true }, { 15, 32783, false }, { 15, 65535, false },
		{ 32783, 32782, false }, { 32783, 32783, false }, { 32783, 32784, true },
		{ 32783, 14, true }, { 32783, 15, false }, { 65535, 0, true },
		{ 10000, 42767, true }, { 10000, 42768, false }, { 42768, 9999, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (seq_newer(row[i].seq, row[i].last) != row[i].newer)
			fail_msg("%u after %u", row[i].seq, row[i].last);
}

static void test_old_sequence_number_gets_135_with_the_last_one(void **state)
{
	const struct row r = { "", .seq = 15, .have = BOUND, .last = 15 };
	const struct row same = { "", .seq = 15, .have = BOUND, .last = 15, .src = COA2 };
	struct bu_verdict v;

	(void)state;
	PLAY({ "same", .seq = 15, .have = BOUND, .last = 15, REFUSED(BA_SEQUENCE) },
	     { "newer", .seq = 16, .have = BOUND, .last = 15, ACCEPTED },
	     { "to delete", .seq = 15, .have = BOUND, .last = 15, .life = -1,
	       REFUSED(BA_SEQUENCE) },
	     { "at home", .seq = 14, .have = BOUND, .last = 15, .src = MR, .no_hao = true,
	       REFUSED(BA_SEQUENCE) },
	     /* 10.3.2: a late one after the de-registration */
	     { "deleted entry", .seq = 15, .have = DELETED, .last = 16, REFUSED(BA_SEQUENCE) },
	     { "newer than deleted", .seq = 17, .have = DELETED, .last = 16, ACCEPTED },
	     { "before other faults", .seq = 15, .have = BOUND, .last = 15, .mnp = { MNP3 },
	       REFUSED(BA_SEQUENCE) });
	decide(&r, &v);
	assert_int_equal(v.answer_seq, 15);
	assert_int_equal(v.b.seq, 15);
	assert_non_null(strstr(v.why, "two nodes"));
	decide(&same, &v);
	assert_null(strstr(v.why, "two nodes"));
}

static void test_without_entry_any_sequence_number_is_good(void **state)
{
	(void)state;
	PLAY({ "1", .seq = 1, ACCEPTED }, { "32768", .seq = 32768, ACCEPTED },
	     { "65535", .seq = 65535, ACCEPTED });
}

static void test_remembered_number_counts_until_its_time(void **state)
{
	static const struct { bool has; double until; uint16_t last; uint8_t status; } row[] = {
		{ true, NOW + 1, SEQ, BA_SEQUENCE }, { true, NOW + 1, SEQ - 1, 0 },
		{ true, NOW, SEQ, 0 }, { false, NOW + 1, SEQ, 0 },
	};
	const struct row r = { .what = "" };
	struct bu_rx rx;
	struct mh_msg m;

	(void)state;
	bu_make(&r, &rx, &m);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct bc_memory mem = { .has_seq = row[i].has, .seq = row[i].last,
					       .seq_until = row[i].until };
		struct bu_verdict v;

		ha_bu_decide(&w.c, NULL, &mem, 0, &rx, &m, NOW, &v);
		if (v.status != row[i].status)
			fail_msg("row %zu: %u", i, v.status);
	}
}

static void test_sequence_number_of_the_answer_is_the_updates(void **state)
{
	const struct row good = { "", .seq = 33 }, bad = { "", .seq = 34, .mnp = { MNP3 } };
	struct bu_verdict v;

	(void)state;
	decide(&good, &v);
	assert_int_equal(v.answer_seq, 33);
	decide(&bad, &v);
	assert_int_equal(v.answer_seq, 34);
}

/* ---- home ---- */

static void test_home_address_outside_the_home_prefixes_gets_132(void **state)
{
	(void)state;
	w.link.n_prefix = 0;
	PLAY({ "prefix gone", REFUSED(BA_NOT_HOME_SUBNET) },
	     { "to delete", .life = -1, .have = BOUND, REFUSED(BA_NOT_HOME_SUBNET) });
	w.link.n_prefix = 1;
	w.link.valid = 0;
	PLAY({ "prefix not valid", REFUSED(BA_NOT_HOME_SUBNET) });
}

static void test_home_prefix_on_no_link_is_served(void **state)
{
	const struct row r = { "", .hoa = VMR, .dst = VIRTUAL_HA };
	struct bu_verdict v;

	(void)state;
	PLAY({ "virtual", .hoa = VMR, .dst = VIRTUAL_HA, ACCEPTED },
	     { "host too", .hoa = VMR, .dst = VIRTUAL_HA, .flags = AH, ACCEPTED });
	decide(&r, &v);
	assert_null(v.link);
	assert_false(v.need_dad);
	w.c.virtual_address = in6addr_any;
	PLAY({ "first link's address", .hoa = VMR, .dst = HA_ADDR, ACCEPTED });
}

static void test_update_must_go_to_the_address_that_serves_its_home(void **state)
{
	(void)state;
	PLAY({ "virtual's", .dst = VIRTUAL_HA, REFUSED(BA_NOT_HA) },
	     { "link's", .hoa = VMR, .dst = HA_ADDR, REFUSED(BA_NOT_HA) },
	     { "other", .dst = "2001:db8:280::99", REFUSED(BA_NOT_HA) });
}

/* ---- type of registration ---- */

static void test_r_without_h_gets_140(void **state)
{
	(void)state;
	PLAY({ "R alone", .flags = BU_A | BU_R, REFUSED(BA_MR_NOT_PERMITTED) },
	     { "bound", .flags = BU_A | BU_R, .have = BOUND, REFUSED(BA_MR_NOT_PERMITTED) });
}

static void test_h_that_differs_gets_139(void **state)
{
	(void)state;
	PLAY({ "bound", .flags = BU_A, .have = BOUND, REFUSED(BA_TYPE_CHANGE) },
	     { "to delete", .flags = BU_A, .have = BOUND, .life = -1, REFUSED(BA_TYPE_CHANGE) },
	     { "not bound", .flags = BU_A, DROPPED },
	     { "not bound any more", .flags = BU_A, .have = DELETED, DROPPED });
}

static void test_r_that_differs_gets_139(void **state)
{
	(void)state;
	PLAY({ "host now", .flags = AH, .have = BOUND, REFUSED(BA_TYPE_CHANGE) },
	     { "router now", .have = BOUND, .have_flags = AH, REFUSED(BA_TYPE_CHANGE) },
	     { "same", .flags = AH, .have = BOUND, .have_flags = AH, ACCEPTED },
	     { "deleted entry is no binding", .flags = AH, .have = DELETED, ACCEPTED });
}

static void test_r_is_ignored_in_a_deregistration(void **state)
{
	(void)state;
	PLAY({ "without R", .flags = AH, .have = BOUND, .life = -1, DELETES },
	     { "with R", .have = BOUND, .have_flags = AH, .life = -1, DELETES });
}

static void test_node_that_is_no_router_gets_140_for_r(void **state)
{
	(void)state;
	PLAY({ "R", .hoa = HOST, REFUSED(BA_MR_NOT_PERMITTED) },
	     { "no R", .hoa = HOST, .flags = AH, ACCEPTED },
	     { "before 139", .hoa = HOST, .have = BOUND, .have_flags = AH,
	       REFUSED(BA_MR_NOT_PERMITTED) });
}

static void test_registration_needs_a_home_address_option(void **state)
{
	(void)state;
	PLAY({ "home source, care-of elsewhere", .src = MR, .no_hao = true, .alt = COA,
	       REFUSED(BA_UNSPECIFIED) });
}

/* ---- de-registration ---- */

static void test_lifetime_0_or_care_of_home_deletes(void **state)
{
	(void)state;
	PLAY({ "lifetime 0 away", .have = BOUND, .life = -1, DELETES },
	     { "lifetime 0 away, A=0", .have = BOUND, .life = -1, .flags = BU_H, DELETES },
	     { "at home", .src = MR, .no_hao = true, .have = BOUND, .life = -1, DELETES },
	     { "at home with option", .src = MR, .have = BOUND, .life = -1, DELETES },
	     { "at home, lifetime", .src = MR, .no_hao = true, .have = BOUND, DELETES },
	     { "at home, lifetime, option", .src = MR, .have = BOUND, DELETES },
	     { "alternate is home", .alt = MR, .have = BOUND, DELETES },
	     { "lifetime 0, alternate elsewhere", .src = MR, .no_hao = true, .alt = COA,
	       .have = BOUND, .life = -1, DELETES });
}

static void test_deregistration_without_binding_gets_133(void **state)
{
	(void)state;
	PLAY({ "away", .life = -1, REFUSED(BA_NOT_HA) },
	     { "away, A=0", .life = -1, .flags = BU_H, REFUSED(BA_NOT_HA) },
	     { "home", .src = MR, .no_hao = true, .life = -1, REFUSED(BA_NOT_HA) },
	     { "home, lifetime", .src = MR, .no_hao = true, REFUSED(BA_NOT_HA) },
	     { "home with option", .src = MR, .life = -1, REFUSED(BA_NOT_HA) });
}

static void test_repeated_deregistration_is_acknowledged_again(void **state)
{
	(void)state;
	PLAY({ "answer lost", .have = DELETED, .last = 9, .seq = 10, .life = -1, DELETES },
	     { "stale", .have = DELETED, .last = 10, .seq = 10, .life = -1,
	       REFUSED(BA_SEQUENCE) });
}

static void test_prefixes_in_a_deregistration_are_ignored(void **state)
{
	(void)state;
	PLAY({ "not its own", .have = BOUND, .life = -1, .mnp = { MNP3 }, DELETES },
	     { "no prefix", .have = BOUND, .life = -1, .mnp = { "::/0" }, DELETES });
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_home_address_must_be_unicast_routable),
		T(test_source_must_be_unicast),
		T(test_care_of_address_must_be_unicast_routable_or_silence),
		T(test_alternate_care_of_address_is_the_care_of_address),
		T(test_nonce_indices_must_not_be_in_a_home_registration),
		T(test_unknown_options_and_reserved_bits_change_nothing),
		T(test_answer_does_not_depend_on_the_a_bit),
		T(test_unknown_node_is_denied),
		T(test_identify_needs_no_state_and_says_what_is_asked),
		T(test_sequence_number_is_compared_modulo_2_16),
		T(test_old_sequence_number_gets_135_with_the_last_one),
		T(test_without_entry_any_sequence_number_is_good),
		T(test_remembered_number_counts_until_its_time),
		T(test_sequence_number_of_the_answer_is_the_updates),
		T(test_home_address_outside_the_home_prefixes_gets_132),
		T(test_home_prefix_on_no_link_is_served),
		T(test_update_must_go_to_the_address_that_serves_its_home),
		T(test_r_without_h_gets_140),
		T(test_h_that_differs_gets_139),
		T(test_r_that_differs_gets_139),
		T(test_r_is_ignored_in_a_deregistration),
		T(test_node_that_is_no_router_gets_140_for_r),
		T(test_registration_needs_a_home_address_option),
		T(test_lifetime_0_or_care_of_home_deletes),
		T(test_deregistration_without_binding_gets_133),
		T(test_repeated_deregistration_is_acknowledged_again),
		T(test_prefixes_in_a_deregistration_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
