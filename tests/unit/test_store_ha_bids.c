/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 5648 6.2, 6.3 at a home agent, sentence by sentence: updates one after the
 * other, with what each says of its Binding Identifiers and what is bound then.
 */
#include "ha_bids_help.h"

/* ---- the message as a whole ---- */

static void test_wrong_length_fails_the_message_with_164(void **state)
{
	(void)state;
	SAY(.id = { ID(1, COA), ID(2, .bad = true) });
	answered(BA_MCOA_MALFORMED, "1:0 2:0");
	assert_int_equal(v.act, BU_REFUSE);
	bound("");
}

static void test_alternate_care_of_address_beside_an_identifier_gets_164(void **state)
{
	(void)state;
	SAY(.alt = COA, .id = { ID(1, COA) });
	answered(BA_MCOA_MALFORMED, "1:0");
	bound("");
}

static void test_one_care_of_address_only_is_166_for_all(void **state)
{
	(void)state;
	w.c.max_care_of = 1;
	SAY(.flags = BU_O, .id = { ID(1, COA), ID(2, COA2) });
	answered(BA_MCOA_PROHIBITED, "1:0 2:0");
	SAY(.life = -1, .id = { ID(1) });
	answered(BA_MCOA_PROHIBITED, "1:0");
	bound("");
	SAY(.src = COA);
	answered(BA_ACCEPTED, "");
	bound("0:" COA);
	/* of the node: more, and less */
	world_node(&w, MR)->max_care_of = 2;
	SAY(.flags = BU_O, .id = { ID(1, COA), ID(2, COA2) });
	answered(BA_ACCEPTED, "1:0 2:0");
	w.c.max_care_of = 8;
	world_node(&w, MR)->max_care_of = 1;
	SAY(.id = { ID(1, COA) });
	answered(BA_MCOA_PROHIBITED, "1:0");
}

static void test_bulk_that_is_off_is_168_for_all(void **state)
{
	(void)state;
	w.c.bulk_registration = false;
	SAY(.flags = BU_O, .id = { ID(1, COA), ID(2, COA2) });
	answered(BA_MCOA_BULK, "1:0 2:0");
	bound("");
	SAY(.flags = BU_O, .id = { ID(1, COA) });
	SAY(.src = COA2, .id = { ID(2, COA2) });
	answered(BA_ACCEPTED, "2:0");
	bound("1:" COA " 2:" COA2);
}

static void test_binding_without_identifier_is_165_unless_o_is_set(void **state)
{
	(void)state;
	SAY(.src = COA);
	SAY(.id = { ID(1, COA), ID(2, COA2) });
	answered(BA_MCOA_NON_MCOA, "1:0 2:0");
	bound("0:" COA);
	SAY(.flags = BU_O, .id = { ID(1, COA), ID(2, COA2) });
	answered(BA_ACCEPTED, "1:0 2:0");
	bound("1:" COA " 2:" COA2);
}

static void test_identifiers_of_a_refused_message_are_copied(void **state)
{
	(void)state;
	SAY(.id = { ID(1, COA, 5), ID(9, COA2, 7) });
	seq -= 1;
	SAY(.id = { ID(1, COA, 5), ID(9, COA2, 7) });
	answered(BA_SEQUENCE, "1:0 9:0");
	assert_int_equal(v.bid[1].prio, 7);
}

/* ---- bindings come, move and go ---- */

static void test_bulk_registers_all_at_once(void **state)
{
	(void)state;
	SAY(.flags = BU_O, .id = { ID(2, COA2, 20), ID(1, COA, 10), ID(300, COA3, 30) });
	answered(BA_ACCEPTED, "2:0 1:0 300:0");
	bound("1:" COA " 2:" COA2 " 300:" COA3);
	assert_int_equal(v.bid[0].prio, 20);
}

static void test_without_o_they_are_added(void **state)
{
	(void)state;
	SAY(.id = { ID(1, COA) });
	SAY(.src = COA2, .id = { ID(2, COA2) });
	answered(BA_ACCEPTED, "2:0");
	bound("1:" COA " 2:" COA2);
}

static void test_o_replaces_all(void **state)
{
	(void)state;
	SAY(.id = { ID(1, COA), ID(2, COA2) });
	SAY(.flags = BU_O, .id = { ID(3, COA3) });
	answered(BA_ACCEPTED, "3:0");
	bound("3:" COA3);
	/* RFC 6602 has the same bit with P, and without an identifier it says nothing */
	SAY(.flags = BU_O | BU_P, .id = { ID(4, COA) });
	bound("3:" COA3 " 4:" COA);
}

static void test_same_identifier_and_another_address_has_moved(void **state)
{
	(void)state;
	SAY(.id = { ID(1, COA), ID(2, COA2) });
	SAY(.src = COA3, .id = { ID(1, COA3) });
	answered(BA_ACCEPTED, "1:0");
	bound("1:" COA3 " 2:" COA2);
	assert_true(v.set.b[0].since == NOW + 1 && v.set.b[0].epoch == 2);
	assert_true(v.set.b[1].epoch == 1);
}

static void test_without_identifier_it_replaces_or_deletes_all(void **state)
{
	(void)state;
	SAY(.id = { ID(1, COA), ID(2, COA2) });
	SAY(.src = COA3);
	answered(BA_ACCEPTED, "");
	bound("0:" COA3);
	SAY(.flags = BU_O, .id = { ID(1, COA), ID(2, COA2) });
	SAY(.life = -1);
	assert_int_equal(v.act, BU_DEREGISTER);
	answered(BA_ACCEPTED, "");
	bound("");
}

static void test_without_address_only_what_is_bound_is_refreshed(void **state)
{
	(void)state;
	SAY(.id = { ID(1, COA), ID(2, COA2) });
	SAY(.id = { ID(1), ID(2) });
	answered(BA_ACCEPTED, "1:0 2:0");
	bound("1:" COA " 2:" COA2);
	SAY(.id = { ID(1), ID(7) });
	answered(BA_MCOA_NOTCOMPLETE, "1:0 7:167");
	SAY(.id = { ID(7) });
	answered(BA_MCOA_UNKNOWN_COA, "7:0");
	assert_int_equal(v.act, BU_REFUSE);
	/* one that was deleted has no address any more */
	SAY(.life = -1, .id = { ID(2) });
	SAY(.id = { ID(2) });
	answered(BA_MCOA_UNKNOWN_COA, "2:0");
	bound("1:" COA);
}

static void test_lifetime_0_deletes_the_named_ones(void **state)
{
	(void)state;
	SAY(.id = { ID(1, COA), ID(2, COA2), ID(3, COA3) });
	SAY(.life = -1, .flags = BU_O, .id = { ID(2) });	/* O is ignored */
	assert_int_equal(v.act, BU_DEREGISTER);
	answered(BA_ACCEPTED, "2:0");
	bound("1:" COA " 3:" COA3);
	/* the answer was lost: it is gone all the same */
	SAY(.life = -1, .id = { ID(2) });
	answered(BA_ACCEPTED, "2:0");
	/* never heard of */
	SAY(.life = -1, .id = { ID(9) });
	answered(BA_NOT_HA, "9:0");
	assert_int_equal(v.act, BU_REFUSE);
	SAY(.life = -1, .id = { ID(9), ID(3) });
	answered(BA_MCOA_NOTCOMPLETE, "9:133 3:0");
	bound("1:" COA);
	SAY(.life = -1, .id = { ID(1) });
	bound("");
}

/* ---- one of several ---- */

static void test_address_that_is_not_routable_gets_164_for_itself(void **state)
{
	static const char *const bad[] = { "fe80::1", "ff02::1", "::", "::1" };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		SAY(.flags = BU_O, .id = { ID(1, COA), ID(2, bad[i]) });
		answered(BA_MCOA_NOTCOMPLETE, "1:0 2:164");
		bound("1:" COA);
		SAY(.id = { ID(2, bad[i]) });
		answered(BA_MCOA_MALFORMED, "2:0");
	}
}

static void test_address_where_it_cannot_be_gets_174_for_itself(void **state)
{
	static const char *const bad[] = { HA_ADDR, VIRTUAL_HA, "2001:db8:281::7", MR, "v4" };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		SAY(.flags = BU_O, .id = { ID(1, COA), ID(2, bad[i]) });
		answered(BA_MCOA_NOTCOMPLETE, "1:0 2:174");
		bound("1:" COA);
	}
}

static void test_refused_identifier_keeps_what_was_bound(void **state)
{
	(void)state;
	SAY(.id = { ID(1, COA), ID(2, COA2) });
	SAY(.id = { ID(1, COA), ID(2, "fe80::1") });
	answered(BA_MCOA_NOTCOMPLETE, "1:0 2:164");
	bound("1:" COA " 2:" COA2);
	/* but not where all is to be replaced */
	SAY(.flags = BU_O, .id = { ID(1, COA), ID(2, "fe80::1") });
	bound("1:" COA);
	/* of which nothing comes if nothing is good */
	SAY(.flags = BU_O, .id = { ID(5, "fe80::1"), ID(6) });
	answered(BA_MCOA_NOTCOMPLETE, "5:164 6:167");
	assert_int_equal(v.act, BU_REFUSE);
	bound("1:" COA);
}

static void test_identifier_0_and_one_given_twice_get_164(void **state)
{
	(void)state;
	SAY(.flags = BU_O, .id = { ID(0, COA2), ID(1, COA) });
	answered(BA_MCOA_NOTCOMPLETE, "0:164 1:0");
	bound("1:" COA);
	SAY(.id = { ID(2, COA2), ID(1, COA), ID(2, COA3) });
	answered(BA_MCOA_NOTCOMPLETE, "2:164 1:0 2:164");
	bound("1:" COA);
}

static void test_more_than_max_care_of_get_130(void **state)
{
	(void)state;
	w.c.max_care_of = 2;
	SAY(.id = { ID(1, COA), ID(2, COA2), ID(3, COA3) });
	answered(BA_MCOA_NOTCOMPLETE, "1:0 2:0 3:130");
	SAY(.id = { ID(3, COA3) });
	answered(BA_NO_RESOURCES, "3:0");
	bound("1:" COA " 2:" COA2);
	SAY(.flags = BU_O, .id = { ID(3, COA3), ID(4, COA) });
	answered(BA_ACCEPTED, "3:0 4:0");
	/* never more than the tables hold, whatever is configured */
	w.c.max_care_of = 100;
	SAY(.flags = BU_O, .id = { ID(1, COA), ID(2, COA), ID(3, COA), ID(4, COA), ID(5, COA),
				   ID(6, COA), ID(7, COA), ID(8, COA), ID(9, COA) });
	answered(BA_MCOA_NOTCOMPLETE, "1:0 2:0 3:0 4:0 5:0 6:0 7:0 8:0 9:130");
}

static void test_max_bindings_counts_each(void **state)
{
	(void)state;
	w.c.max_bindings = 2;
	SAY(.id = { ID(1, COA), ID(2, COA2), ID(3, COA3) });
	answered(BA_MCOA_NOTCOMPLETE, "1:0 2:0 3:130");
	SAY(.flags = BU_O, .id = { ID(5, COA), ID(6, COA2) });
	answered(BA_ACCEPTED, "5:0 6:0");
}

static void test_others_of_the_role_fail_one_or_all(void **state)
{
	struct binding old;

	(void)state;
	SAY(.id = { ID(1, COA), ID(2, COA2) });
	old = v.set.b[1];
	SAY(.id = { ID(1, COA), ID(2, COA3) });
	ha_bu_bid_failed(&v, 2, BA_INVALID_COA, "a circle", &old);
	answered(BA_MCOA_NOTCOMPLETE, "1:0 2:174");
	assert_true(locator_eq(&binding_of(&v.set, 2)->coa, &old.coa));
	assert_true(ha_bu_names(&v, 1) && !ha_bu_names(&v, 2) && !ha_bu_names(&v, 0));
	ha_bu_bid_failed(&v, 1, BA_INVALID_COA, "a circle", NULL);
	assert_int_equal(v.act, BU_REFUSE);
	answered(BA_INVALID_COA, "1:0 2:0");
	SAY(.src = COA);
	assert_true(ha_bu_names(&v, 0));
	ha_bu_bid_failed(&v, 0, BA_INVALID_COA, "a circle", NULL);
	assert_int_equal(v.act, BU_REFUSE);
	answered(BA_INVALID_COA, "");
}

/* ---- what they share ---- */

static void test_sequence_number_is_that_of_all(void **state)
{
	struct in6_addr hoa = ip6(MR);

	(void)state;
	seq = 9;
	SAY(.id = { ID(1, COA), ID(2, COA2) });
	SAY(.src = COA2, .id = { ID(2, COA2) });
	for (struct bc_entry *e = bc_first(bc, &hoa); e; e = e->sibling)
		assert_int_equal(e->b.seq, 11);
	seq = 10;			/* newer than what BID 1 came with, but not for the node */
	SAY(.id = { ID(1, COA3) });
	answered(BA_SEQUENCE, "1:0");
	assert_int_equal(v.answer_seq, 11);
	SAY(.life = -1, .id = { ID(2) });
	assert_int_equal(v.act, BU_DEREGISTER);
	assert_int_equal(v.set.b[0].seq, seq);
}

static void test_flags_and_prefixes_are_those_of_all(void **state)
{
	(void)state;
	SAY(.mnp = MNP1, .id = { ID(1, COA), ID(2, COA2) });
	assert_int_equal(v.set.b[0].n_prefix, 1);
	SAY(.flags = BU_L, .mnp = MNP2, .src = COA2, .id = { ID(2, COA2) });
	for (unsigned i = 0; i < 2; i++) {
		struct prefix p = pfx(MNP2);

		assert_int_equal(v.set.b[i].n_prefix, 1);
		assert_true(prefix_eq(&v.set.b[i].prefix[0], &p));
		assert_true(v.set.b[i].flags & BU_L);
	}
	/* but the time is each one's own */
	assert_true(v.set.b[0].expires == NOW + 1 + LIFE && v.set.b[1].expires == NOW + 2 + LIFE);
	/* a de-registration says nothing of them */
	SAY(.life = -1, .mnp = MNP1, .id = { ID(2) });
	assert_true(v.set.b[0].flags & BU_L);
}

static void test_lowest_priority_number_is_the_primary(void **state)
{
	(void)state;
	SAY(.id = { ID(1, COA, 20), ID(2, COA2, 10), ID(3, COA3, 0) });
	assert_int_equal(primary(), 2);
	SAY(.id = { ID(1, COA, 5) });
	assert_int_equal(primary(), 1);
	/* equal: the one last heard of, which is where the update came from */
	SAY(.src = COA2, .id = { ID(1, COA, 5), ID(2, COA2, 5) });
	assert_int_equal(primary(), 2);
	SAY(.src = COA, .id = { ID(1, COA, 5), ID(2, COA2, 5) });
	assert_int_equal(primary(), 1);
	SAY(.src = COA3, .id = { ID(2, COA2, 5) });
	assert_int_equal(primary(), 2);
	/* none says: the same */
	SAY(.src = COA3, .flags = BU_O, .id = { ID(1, COA), ID(2, COA2), ID(3, COA3) });
	assert_int_equal(primary(), 3);
}

static void test_binding_that_a_reload_forbids(void **state)
{
	const char *why;

	(void)state;
	w.c.simultaneous_home = SIMULTANEOUS_NDP;
	SAY(.src = MR, .id = { ID(1, COA), ID(2, MR, .home = true) });
	for (unsigned i = 0; i < 2; i++)
		assert_true(ha_binding_allowed(&w.c, &v.set.b[i], &why));
	w.c.simultaneous_home = SIMULTANEOUS_PROXY;	/* it was told otherwise */
	assert_true(ha_binding_allowed(&w.c, &v.set.b[0], &why));
	assert_false(ha_binding_allowed(&w.c, &v.set.b[1], &why));
	w.c.max_care_of = 1;
	assert_false(ha_binding_allowed(&w.c, &v.set.b[0], &why));
}

#undef T
#define T(f)	cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_wrong_length_fails_the_message_with_164),
		T(test_alternate_care_of_address_beside_an_identifier_gets_164),
		T(test_one_care_of_address_only_is_166_for_all),
		T(test_bulk_that_is_off_is_168_for_all),
		T(test_binding_without_identifier_is_165_unless_o_is_set),
		T(test_identifiers_of_a_refused_message_are_copied),
		T(test_bulk_registers_all_at_once),
		T(test_without_o_they_are_added),
		T(test_o_replaces_all),
		T(test_same_identifier_and_another_address_has_moved),
		T(test_without_identifier_it_replaces_or_deletes_all),
		T(test_without_address_only_what_is_bound_is_refreshed),
		T(test_lifetime_0_deletes_the_named_ones),
		T(test_address_that_is_not_routable_gets_164_for_itself),
		T(test_address_where_it_cannot_be_gets_174_for_itself),
		T(test_refused_identifier_keeps_what_was_bound),
		T(test_identifier_0_and_one_given_twice_get_164),
		T(test_more_than_max_care_of_get_130),
		T(test_max_bindings_counts_each),
		T(test_others_of_the_role_fail_one_or_all),
		T(test_sequence_number_is_that_of_all),
		T(test_flags_and_prefixes_are_those_of_all),
		T(test_lowest_priority_number_is_the_primary),
		T(test_binding_that_a_reload_forbids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
