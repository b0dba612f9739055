/* SPDX-License-Identifier: BSD-2-Clause */
/* RFC 5648 6.2, 6.3 at a home agent: a node that is on its home link and elsewhere at once. */
#include "ha_bids_help.h"

static void test_at_home_beside_foreign_links_is_169_unless_allowed(void **state)
{
	(void)state;
	SAY(.id = { ID(1, COA) });
	SAY(.src = MR, .id = { ID(1, COA), ID(2, MR, .home = true) });
	answered(BA_MCOA_NOTCOMPLETE, "1:0 2:169");
	SAY(.src = MR, .id = { ID(2, MR, .home = true) });
	answered(BA_MCOA_SIMULTANEOUS, "2:0");
	bound("1:" COA);
	/* from the home link without H there is no home address option and nothing to register */
	SAY(.src = MR, .id = { ID(1, COA) });
	answered(BA_UNSPECIFIED, "1:0");
}

static void test_at_home_the_node_may_defend_its_address(void **state)
{
	(void)state;
	w.c.simultaneous_home = SIMULTANEOUS_NDP;
	SAY(.id = { ID(1, COA) });
	SAY(.src = MR, .id = { ID(2, MR, .home = true) });
	answered(BA_ACCEPTED, "2:0");
	bound("1:" COA " 2:" MR " H");
	assert_int_equal(v.set.b[1].home, SIMULTANEOUS_NDP);
	/* a new one instead of the old one: one at a time */
	SAY(.src = MR, .id = { ID(3, MR, .home = true) });
	bound("1:" COA " 3:" MR " H");
	SAY(.src = MR, .id = { ID(3, .home = true), ID(4, MR, .home = true) });
	answered(BA_MCOA_NOTCOMPLETE, "3:0 4:164");
	/* an update without H from elsewhere: it has left the home link */
	SAY(.id = { ID(1, COA) });
	bound("1:" COA);
	SAY(.src = MR, .id = { ID(3, .home = true) });
	answered(BA_MCOA_UNKNOWN_COA, "3:0");
	SAY(.src = MR, .id = { ID(3, COA2, .home = true) });
	answered(BA_MCOA_MALFORMED, "3:0");
}

static void test_at_home_without_a_word_to_the_neighbours_is_5(void **state)
{
	uint8_t lla[] = { 2, 2, 0, 0, 0, 0, 9 };

	(void)state;
	w.c.simultaneous_home = SIMULTANEOUS_PROXY;
	SAY(.src = MR, .lla = lla, .id = { ID(2, MR, .home = true) });
	answered(BA_MCOA_RETURNHOME, "2:5");
	assert_int_equal(v.set.b[0].lladdr.len, 6);
	assert_int_equal(v.set.b[0].lladdr.b[5], 9);
	assert_false(v.need_dad);	/* it may be the node's own that answers */
	/* known already */
	SAY(.src = MR, .id = { ID(1, COA), ID(2, MR, .home = true) });
	answered(BA_MCOA_RETURNHOME, "1:0 2:5");
	assert_int_equal(v.set.b[1].lladdr.b[5], 9);
	SAY(.src = MR, .id = { ID(1, "fe80::1"), ID(2, MR, .home = true) });
	answered(BA_MCOA_NOTCOMPLETE, "1:164 2:5");
	/* refused as a whole: no word of success */
	assert_false(ha_bu_apply_failed(&v, NULL));
	answered(BA_NO_RESOURCES, "1:0 2:0");
	/* nobody could reach it */
	SAY(.flags = BU_O, .id = { ID(1, COA) });
	SAY(.src = MR, .id = { ID(2, MR, .home = true) });
	answered(BA_MCOA_SIMULTANEOUS, "2:0");
	/* nor would it alone be reached */
	lla[1] = 0x33;
	SAY(.src = MR, .lla = lla, .id = { ID(2, MR, .home = true) });
	answered(BA_MCOA_SIMULTANEOUS, "2:0");
	memset(lla + 1, 0, sizeof(lla) - 1);
	SAY(.src = MR, .lla = lla, .id = { ID(2, MR, .home = true) });
	answered(BA_MCOA_SIMULTANEOUS, "2:0");
}

#undef T
#define T(f)	cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_at_home_beside_foreign_links_is_169_unless_allowed),
		T(test_at_home_the_node_may_defend_its_address),
		T(test_at_home_without_a_word_to_the_neighbours_is_5),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
