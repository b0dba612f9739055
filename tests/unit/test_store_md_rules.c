/* SPDX-License-Identifier: BSD-2-Clause */
/* Where we are: carrier, solicitations, probes, late advertisements, the choice. */
#include "md_help.h"

/* ---- carrier, solicitations ---- */

static void test_solicitation_at_once_then_doubling_to_4s(void **state)
{
	(void)state;
	STORY({ .at = 10, .ev = UP, .act = MD_SEND_RS },
	      { .at = 10.25, .ev = TIMER, .act = MD_SEND_RS },
	      { .at = 10.75, .ev = TIMER, .act = MD_SEND_RS },
	      { .at = 11.75, .ev = TIMER, .act = MD_SEND_RS },
	      { .at = 13.75, .ev = TIMER, .act = MD_SEND_RS },
	      { .at = 17.75, .ev = TIMER, .act = MD_SEND_RS },
	      { .at = 21.75, .ev = TIMER, .act = MD_SEND_RS });
}

static void test_solicitations_end_with_the_first_router(void **state)
{
	struct md_link l;

	(void)state;
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 1.3, .ev = RA, .r = 1, .p = A, .cur = 1 });
	/* one that is no router (lifetime 0) does not count */
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, .gone = true },
	      { .at = 1.25, .ev = TIMER, .act = MD_SEND_RS });
	/* nothing is due any more */
	md_link_init(&l);
	md_on_link(&l, true, &tm, 1);
	assert_true(l.next_rs > 0);
	feed(&l, &(struct row){ .at = 1.1, .ev = RA, .r = 1, .p = A });
	assert_true(l.next_rs == 0);
}

static void test_lost_carrier_acts_at_once(void **state)
{
	(void)state;
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 2, .ev = DOWN, .act = MD_LOST },
	      { .at = 2, .ev = DOWN },				/* said once */
	      { .at = 2.1, .ev = RA, .r = 1, .p = A });		/* late from the old link: no use */
}

static void test_same_router_after_the_carrier_is_recognised(void **state)
{
	struct md_link l;
	static const struct row rows[] = {
		UPS(1),
		{ .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
		{ .at = 2, .ev = DOWN, .act = MD_LOST },
		{ .at = 3, .ev = UP, .act = MD_SEND_RS | PROBES, .probed = 1u << 1 },
		{ .at = 3.05, .ev = RA, .r = 1, .p = A, TAKES(1) },
	};

	(void)state;
	md_link_init(&l);
	play(&l, rows, ARRAY_SIZE(rows));
	assert_true(IN6_IS_ADDR_UNSPECIFIED(&l.router[1].addr));	/* no second entry */
}

/* RFC 6059: its answer to the NS is enough, the RA may take half a second. */
static void test_known_router_is_recognised_by_its_answer(void **state)
{
	(void)state;
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 2, .ev = DOWN, .act = MD_LOST },
	      { .at = 3, .ev = UP, .act = MD_SEND_RS | PROBES, .probed = 1u << 1 },
	      { .at = 3.01, .ev = NA, .r = 1, TAKES(1) },
	      /* unless the RA says otherwise: one box with one MAC on both links */
	      { .at = 3.2, .ev = RA, .r = 1, .p = B, TAKES(1) });
	/* another box at this address */
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 2, .ev = DOWN, .act = MD_LOST },
	      { .at = 3, .ev = UP, .act = MD_SEND_RS | PROBES },
	      { .at = 3.01, .ev = NA, .r = 1, .mac = 9 });
	/* unsolicited: does not show that it hears us */
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 2, .ev = DOWN, .act = MD_LOST },
	      { .at = 3, .ev = UP, .act = MD_SEND_RS | PROBES },
	      { .at = 3.01, .ev = NA, .r = 1, .unsolicited = true });
}

static void test_first_router_heard_after_the_carrier_is_taken(void **state)
{
	(void)state;
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 2, .ev = DOWN, .act = MD_LOST },
	      { .at = 2.1, .ev = UP, .act = MD_SEND_RS | PROBES },
	      { .at = 2.15, .ev = RA, .r = 2, .p = B, TAKES(2) },
	      { .at = 2.2, .ev = TIMER, .act = PROBES, .cur = 2, .probed = 1u << 1 },
	      { .at = 2.3, .ev = TIMER, .act = PROBES, .cur = 2, .probed = 1u << 1 },
	      { .at = 2.4, .ev = TIMER, .cur = 2 });		/* the old one stays silent */
}

/* What waited in the socket while the carrier went and came is of the old link. */
static void test_stale_advertisement_in_the_moment_of_the_carrier_is_ignored(void **state)
{
	(void)state;
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 2, .ev = DOWN, .act = MD_LOST },
	      { .at = 2, .ev = UP, .act = MD_SEND_RS | PROBES },
	      { .at = 2, .ev = RA, .r = 1, .p = A },
	      { .at = 2, .ev = RA, .r = 2, .p = B, TAKES(2) });
}

static void test_expired_router_is_not_asked_after_the_carrier(void **state)
{
	(void)state;
	STORY(UPS(1),
	      { .at = 1.1, .ev = RA, .r = 1, .p = A, .life = 10, TAKES(1) },
	      { .at = 2, .ev = DOWN, .act = MD_LOST },
	      { .at = 20, .ev = UP, .act = MD_SEND_RS });
}

/* ---- silent movement ---- */

static void test_silent_move_is_found_by_probing(void **state)
{
	(void)state;
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 9, .ev = RA, .r = 2, .p = B, .act = PROBES, .cur = 1, .probed = 1u << 1 },
	      { .at = 9.05, .ev = RA, .r = 2, .p = B, .cur = 1 },	/* no second burst */
	      { .at = 9.1, .ev = TIMER, .act = PROBES, .cur = 1, .probed = 1u << 1 },
	      { .at = 9.2, .ev = TIMER, .act = PROBES, .cur = 1, .probed = 1u << 1 },
	      { .at = 9.25, .ev = RA, .r = 2, .p = B, .cur = 1 },
	      { .at = 9.3, .ev = TIMER, .act = MD_CHANGED | MD_SEND_RS, .cur = 2 },
	      /* and back */
	      { .at = 9.31, .ev = RA, .r = 2, .p = B, .cur = 2 },
	      { .at = 9.35, .ev = RA, .r = 1, .p = A, .act = PROBES, .cur = 2, .probed = 1u << 2 });
}

static void test_router_that_answers_is_kept(void **state)
{
	(void)state;
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 9, .ev = RA, .r = 2, .p = B, .act = PROBES, .cur = 1 },
	      { .at = 9.01, .ev = NA, .r = 1, .cur = 1 },
	      { .at = 9.05, .ev = RA, .r = 2, .p = B, .cur = 1 },
	      { .at = 9.06, .ev = RA, .r = 1, .p = A, .gone = true, TAKES(2) });
	/* only a solicited answer counts, and only with its own link-layer address */
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 9, .ev = RA, .r = 2, .p = B, .act = PROBES, .cur = 1 },
	      { .at = 9.01, .ev = NA, .r = 1, .unsolicited = true, .cur = 1 },
	      { .at = 9.02, .ev = NA, .r = 1, .mac = 9, .cur = 1 },
	      { .at = 9.1, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 9.2, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 9.3, .ev = TIMER, .act = MD_CHANGED | MD_SEND_RS, .cur = 2 });
}

/* RFC 4861 7.3.1: hearing the old router is no proof that it hears us. */
static void test_advertisement_does_not_answer_a_probe(void **state)
{
	(void)state;
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 9, .ev = RA, .r = 2, .p = B, .act = PROBES, .cur = 1 },
	      { .at = 9.05, .ev = RA, .r = 1, .p = A, .cur = 1 },
	      { .at = 9.1, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 9.2, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 9.3, .ev = TIMER, .act = MD_CHANGED | MD_SEND_RS, .cur = 2 });
}

static void test_two_routers_on_one_link_do_not_flap(void **state)
{
	unsigned changes = 0, probes = 0;
	struct md_link l;

	(void)state;
	md_link_init(&l);
	md_on_link(&l, true, &tm, 1);
	for (int i = 0; i < 2000; i++) {
		struct row w = { .at = 1.05 + i * .025, .ev = RA, .r = i % 2 + 1, .every = 70,
				 .p = i % 2 ? B : A };
		struct md_result res = feed(&l, &w);

		changes += !!(res.act & MD_CHANGED);
		assert_false(res.act & MD_LOST);
		if (!(res.act & MD_PROBE))
			continue;
		probes++;
		w.ev = NA;
		w.r = number(&l, l.current);
		res = feed(&l, &w);
		assert_int_equal(res.act, 0);
	}
	assert_int_equal(changes, 1);
	assert_int_equal(probes, 1);
	assert_int_equal(number(&l, l.current), 1);
}

/* Whoever was not heard since the new router showed up stayed behind, too. */
static void test_silent_move_leaves_the_other_routers_of_the_old_link(void **state)
{
	(void)state;
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 1.2, .ev = RA, .r = 2, .p = A, .pref = 0, .cur = 1 },
	      { .at = 1.3, .ev = RA, .r = 4, .p = "2001:db8:c::", .pref = 1, .act = PROBES,
		.cur = 1 },
	      { .at = 1.31, .ev = NA, .r = 1, .cur = 1 },
	      { .at = 5, .ev = RA, .r = 3, .p = B, .pref = -1, .act = PROBES, .cur = 1 },
	      { .at = 5.1, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 5.2, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 5.3, .ev = TIMER, .act = MD_CHANGED | MD_SEND_RS, .cur = 3 },
	      /* heard again: so we are back */
	      { .at = 6, .ev = RA, .r = 2, .p = A, .act = PROBES, .cur = 3, .probed = 1u << 3 });
}

static void test_same_address_with_another_mac_and_prefix_is_another_link(void **state)
{
	(void)state;
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 5, .ev = RA, .r = 1, .mac = 9, .p = B, TAKES(1) });
	/* a new interface card in the same router */
	STORY(UPS(1), { .at = 1.1, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 5, .ev = RA, .r = 1, .mac = 9, .p = A, .cur = 1 });
}

static void test_global_address_tells_routers_apart(void **state)
{
	(void)state;
	STORY(UPS(1),
	      { .at = 1.1, .ev = RA, .r = 1, .p = A, .global = A "1", TAKES(1) },
	      { .at = 1.2, .ev = RA, .r = 1, .p = B, .cur = 1 },	/* no R flag: left out */
	      { .at = 1.3, .ev = RA, .r = 1, .p = B, .global = B "1", TAKES(1) });
}

/* ---- late advertisements ---- */

static void test_one_late_advertisement_is_not_a_movement(void **state)
{
	(void)state;
	/* the router's word: 1 s; three of them, then ask; an answer is enough, again and again */
	STORY(UPS(1.9),
	      { .at = 2, .ev = RA, .r = 1, .p = A, .every = 1000, TAKES(1) },
	      { .at = 4.5, .ev = RA, .r = 1, .p = A, .every = 1000, .cur = 1 },
	      { .at = 7.5, .ev = TIMER, .act = PROBES, .cur = 1, .probed = 1u << 1 },
	      { .at = 7.52, .ev = NA, .r = 1, .cur = 1 },
	      { .at = 10.52, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 10.6, .ev = RA, .r = 1, .p = A, .every = 1000, .cur = 1 },
	      { .at = 13.6, .ev = TIMER, .act = PROBES, .cur = 1 });
}

static void test_only_silence_loses_a_late_router(void **state)
{
	(void)state;
	STORY(UPS(1.9),
	      { .at = 2, .ev = RA, .r = 1, .p = A, .every = 1000, TAKES(1) },
	      { .at = 5, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 5.1, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 5.2, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 5.3, .ev = TIMER, .act = MD_LOST | MD_SEND_RS },
	      { .at = 5.55, .ev = TIMER, .act = MD_SEND_RS },
	      { .at = 5.6, .ev = RA, .r = 1, .p = A, TAKES(1) });
	/* another one of the link takes over, and is asked: it was not heard lately either */
	STORY(UPS(1.9),
	      { .at = 2, .ev = RA, .r = 1, .p = A, .every = 1000, TAKES(1) },
	      { .at = 2.1, .ev = RA, .r = 2, .p = A, .every = 60000, .cur = 1 },
	      { .at = 3, .ev = RA, .r = 1, .p = A, .every = 1000, .cur = 1 },
	      { .at = 6, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 6.1, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 6.2, .ev = TIMER, .act = PROBES, .cur = 1 },
	      { .at = 6.3, .ev = TIMER, .act = MD_CHANGED | PROBES, .cur = 2, .probed = 1u << 2 },
	      { .at = 6.31, .ev = NA, .r = 2, .cur = 2 });
}

static void test_late_has_a_floor_and_learns_the_longest_gap(void **state)
{
	(void)state;
	/* 3 * 50 ms is below the floor of 0.2 s */
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, .every = 50, TAKES(1) },
	      { .at = 2.2, .ev = TIMER, .act = PROBES, .cur = 1 });
	/* no option: nothing is late before there was a gap; then the longest one counts */
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 6, .ev = RA, .r = 1, .p = A, .cur = 1 },
	      { .at = 7, .ev = RA, .r = 1, .p = A, .cur = 1 },
	      { .at = 19, .ev = TIMER, .act = PROBES, .cur = 1 },
	      /* it lives and is silent by intent: 12 s is not late, then */
	      { .at = 19.1, .ev = NA, .r = 1, .cur = 1 },
	      { .at = 55.4, .ev = TIMER, .act = PROBES, .cur = 1 });
	/* the time without a carrier is no gap */
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 3, .ev = RA, .r = 1, .p = A, .cur = 1 },
	      { .at = 4, .ev = DOWN, .act = MD_LOST },
	      { .at = 90, .ev = UP, .act = MD_SEND_RS | PROBES },
	      { .at = 90.05, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 93.05, .ev = TIMER, .act = PROBES, .cur = 1 });
}

/* ---- the table ---- */

static void test_silent_router_makes_room_never_the_present_one(void **state)
{
	struct md_link l;

	(void)state;
	md_link_init(&l);
	md_on_link(&l, true, &tm, 1);
	for (int i = 1; i <= MD_MAX_ROUTER + 1; i++) {
		feed(&l, &(struct row){ .at = 1 + i, .ev = RA, .r = i, .p = i > 1 ? B : A });
		feed(&l, &(struct row){ .at = 1 + i, .ev = NA, .r = 1 });
	}
	assert_int_equal(number(&l, l.current), 1);
	/* 2 was silent the longest; 9 has its place */
	for (int i = 0; i < MD_MAX_ROUTER; i++)
		assert_int_not_equal(number(&l, i), 2);
	/* no room is made for a router that is none */
	feed(&l, &(struct row){ .at = 30, .ev = RA, .r = 20, .p = A, .gone = true });
	for (int i = 0; i < MD_MAX_ROUTER; i++)
		assert_int_not_equal(number(&l, i), 20);
}

static void test_choice_between_uplinks(void **state)
{
	static const struct {
		struct md_candidate c[3];
		int present, want;
	} row[] = {
		{ { { false, false, 1 }, { false, true, 1 }, { false, false, 1 } }, 0, -1 },
		{ { { true, false, 20 }, { true, false, 10 }, { true, false, 30 } }, 0, 1 },
		{ { { true, false, 20 }, { false, false, 10 }, { true, false, 30 } }, 2, 0 },
		{ { { true, false, 10 }, { true, true, 90 }, { true, false, 30 } }, 0, 1 },
		{ { { true, true, 50 }, { true, true, 20 }, { true, false, 1 } }, 0, 1 },
		{ { { true, false, 10 }, { true, false, 10 }, { true, false, 10 } }, 2, 2 },
		{ { { true, false, 10 }, { true, false, 10 }, { true, false, 10 } }, -1, 0 },
		{ { { true, false, 10 }, { false, false, 10 }, { true, false, 10 } }, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		if (md_choose(row[i].c, 3, row[i].present) != row[i].want)
			fail_msg("row %zu: %d", i, md_choose(row[i].c, 3, row[i].present));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_solicitation_at_once_then_doubling_to_4s),
		cmocka_unit_test(test_solicitations_end_with_the_first_router),
		cmocka_unit_test(test_lost_carrier_acts_at_once),
		cmocka_unit_test(test_same_router_after_the_carrier_is_recognised),
		cmocka_unit_test(test_known_router_is_recognised_by_its_answer),
		cmocka_unit_test(test_first_router_heard_after_the_carrier_is_taken),
		cmocka_unit_test(test_stale_advertisement_in_the_moment_of_the_carrier_is_ignored),
		cmocka_unit_test(test_expired_router_is_not_asked_after_the_carrier),
		cmocka_unit_test(test_silent_move_is_found_by_probing),
		cmocka_unit_test(test_router_that_answers_is_kept),
		cmocka_unit_test(test_advertisement_does_not_answer_a_probe),
		cmocka_unit_test(test_two_routers_on_one_link_do_not_flap),
		cmocka_unit_test(test_silent_move_leaves_the_other_routers_of_the_old_link),
		cmocka_unit_test(test_same_address_with_another_mac_and_prefix_is_another_link),
		cmocka_unit_test(test_global_address_tells_routers_apart),
		cmocka_unit_test(test_one_late_advertisement_is_not_a_movement),
		cmocka_unit_test(test_only_silence_loses_a_late_router),
		cmocka_unit_test(test_late_has_a_floor_and_learns_the_longest_gap),
		cmocka_unit_test(test_silent_router_makes_room_never_the_present_one),
		cmocka_unit_test(test_choice_between_uplinks),
	};

	return cmocka_run_group_tests(tests, md_setup, NULL);
}
