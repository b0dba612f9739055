/* SPDX-License-Identifier: BSD-2-Clause */
/* What a Router Advertisement says: lifetimes, preference, prefixes, home. */
#include "md_help.h"

/* ---- lifetimes, preference ---- */

static void test_router_that_resigns_is_left_for_the_next(void **state)
{
	(void)state;
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 2.1, .ev = RA, .r = 2, .p = A, .cur = 1 },
	      { .at = 3, .ev = RA, .r = 1, .p = A, .gone = true, TAKES(2) },
	      { .at = 4, .ev = RA, .r = 2, .p = A, .gone = true, .act = MD_LOST | MD_SEND_RS });
	/* RFC 4861 7.3.3: it became a host */
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 3, .ev = NA, .r = 1, .gone = true, .act = MD_LOST | MD_SEND_RS });
}

static void test_router_expires(void **state)
{
	(void)state;
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, .life = 9, TAKES(1) },
	      { .at = 11, .ev = TIMER, .act = MD_LOST | MD_SEND_RS });
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, .life = 9, TAKES(1) },
	      { .at = 3, .ev = RA, .r = 2, .p = A, .cur = 1 },
	      { .at = 11, .ev = TIMER, TAKES(2) });
}

static void test_prefix_expires_with_its_valid_lifetime(void **state)
{
	(void)state;
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, .valid = 30, TAKES(1) },
	      { .at = 32, .ev = TIMER, .act = MD_LOST | MD_SEND_RS });
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, .valid = 30, TAKES(1) },
	      { .at = 2.1, .ev = RA, .r = 2, .p = B, .act = PROBES, .cur = 1 },
	      { .at = 2.11, .ev = NA, .r = 1, .cur = 1 },
	      { .at = 32, .ev = TIMER, TAKES(2) });
}

/* RFC 4862 5.5.3 e): one RA cannot take our address away at once. */
static void test_valid_lifetime_is_not_cut_below_two_hours(void **state)
{
	struct md_link l;

	(void)state;
	md_link_init(&l);
	md_on_link(&l, true, &tm, 0);
	feed(&l, &(struct row){ .at = 1, .ev = RA, .r = 1, .p = A });
	assert_true(l.router[0].prefix_expires == 86401);
	feed(&l, &(struct row){ .at = 2, .ev = RA, .r = 1, .p = A, .no_life = true });
	assert_true(l.router[0].prefix_expires == 7202);
	assert_true(l.router[0].prefix_preferred == 2);
	feed(&l, &(struct row){ .at = 3, .ev = RA, .r = 1, .p = A, .valid = 5 });
	assert_true(l.router[0].prefix_expires == 7202);
	feed(&l, &(struct row){ .at = 4, .ev = RA, .r = 1, .p = A, .valid = 7300 });
	assert_true(l.router[0].prefix_expires == 7304);
	assert_int_equal(l.current, 0);
}

static void test_deprecated_prefix_gives_way(void **state)
{
	struct md_link l;
	static const struct row rows[] = {
		UPS(1.9),
		{ .at = 2, .ev = RA, .r = 1, .p = A, TAKES(1) },
		{ .at = 3, .ev = RA, .r = 1, .p = A, .p2 = B, .deprecated = true,
		  TAKES(1) },
	};

	(void)state;
	md_link_init(&l);
	play(&l, rows, ARRAY_SIZE(rows));
	assert_true(in6_eq(&l.router[0].prefix.a.in6, (struct in6_addr[]){ ip(B) }));
	/* no other one: it serves on; a neighbour's is better; or one is there already */
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 3, .ev = RA, .r = 1, .p = A, .deprecated = true, .cur = 1 },
	      { .at = 4, .ev = RA, .r = 2, .p = B, TAKES(2) });
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 2.1, .ev = RA, .r = 2, .p = B, .act = PROBES, .cur = 1 },
	      { .at = 2.11, .ev = NA, .r = 1, .cur = 1 },
	      { .at = 3, .ev = RA, .r = 1, .p = A, .deprecated = true, TAKES(2) });
}

/* RFC 4861 6.3.4: an RA that leaves a prefix out takes nothing away. */
static void test_prefix_left_out_is_not_withdrawn(void **state)
{
	(void)state;
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 3, .ev = RA, .r = 1, .p = B, .cur = 1 },
	      { .at = 4, .ev = RA, .r = 1, .cur = 1 },
	      { .at = 5, .ev = RA, .r = 1, .p = B, .cur = 1 },
	      { .at = 6, .ev = RA, .r = 1, .p = A, .cur = 1 },
	      { .at = 7, .ev = RA, .r = 1, .p = B, .cur = 1 },
	      { .at = 8, .ev = RA, .r = 1, .p = B, .cur = 1 },
	      { .at = 9, .ev = RA, .r = 1, .p = B, TAKES(1) });
}

/* RFC 6275 7.3, 11.5.1: three times what the router says, or three times what was seen. */
static void test_interval_that_is_not_advertised_any_more_is_forgotten(void **state)
{
	struct md_link l;

	(void)state;
	md_link_init(&l);
	md_on_link(&l, true, &tm, 0);
	feed(&l, &(struct row){ .at = 1, .ev = RA, .r = 1, .p = A, .every = 100000 });
	feed(&l, &(struct row){ .at = 3, .ev = RA, .r = 1, .p = A });
	feed(&l, &(struct row){ .at = 5, .ev = RA, .r = 1, .p = A });
	assert_true(l.router[0].advertised && l.router[0].interval == 100);
	feed(&l, &(struct row){ .at = 6, .ev = RA, .r = 1, .p = A, .every = 50000 });
	assert_true(l.router[0].advertised && l.router[0].interval == 50);
	for (int i = 0; i < 3; i++)
		feed(&l, &(struct row){ .at = 8 + 2 * i, .ev = RA, .r = 1, .p = A });
	assert_true(!l.router[0].advertised && l.router[0].interval == 2);
	feed(&l, &(struct row){ .at = 15, .ev = RA, .r = 1, .p = A });
	assert_true(l.router[0].interval == 3);	/* and grows with what is seen */
	/* so silence is a sign after nine seconds, not after 150 */
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, .every = 50000, TAKES(1) },
	      { .at = 4, .ev = RA, .r = 1, .p = A, .cur = 1 },
	      { .at = 6, .ev = RA, .r = 1, .p = A, .cur = 1 },
	      { .at = 9, .ev = RA, .r = 1, .p = A, .cur = 1 },
	      { .at = 18, .ev = TIMER, .act = PROBES, .cur = 1 });
	feed(&l, &(struct row){ .at = 20, .ev = RA, .r = 1, .p = A, .every = 4000 });
	assert_true(l.router[0].advertised && l.router[0].interval == 4);
}

static void test_preference_chooses_among_routers_of_one_link(void **state)
{
	(void)state;
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 3, .ev = RA, .r = 2, .p = A, .pref = -1, .cur = 1 },
	      { .at = 4, .ev = RA, .r = 3, .p = A, .pref = 0, .cur = 1 },
	      { .at = 5, .ev = RA, .r = 4, .p = A, .pref = 1, TAKES(4) },
	      { .at = 6, .ev = RA, .r = 2, .p = A, .pref = -1, .cur = 4 },
	      { .at = 7, .ev = RA, .r = 4, .p = A, .gone = true, TAKES(3) },
	      { .at = 8, .ev = RA, .r = 3, .p = A, .gone = true, TAKES(1) });
	/* not at the price of another care-of address */
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 3, .ev = RA, .r = 2, .p = B, .pref = 1, .act = PROBES, .cur = 1 },
	      { .at = 3.01, .ev = NA, .r = 1, .cur = 1 },
	      { .at = 4, .ev = RA, .r = 2, .p = B, .pref = 1, .cur = 1 });
}

/* ---- which prefixes ---- */

#define PIO(pref) .plen = 64, .autonomous = true, .valid = 9, .preferred = (pref)

static void test_prefixes_that_give_no_care_of_address(void **state)
{
	static const struct {
		struct nd_prefix p;
		const char *a;
		bool good;
	} row[] = {
		{ { PIO(9), .on_link = true }, A, true },
		{ { PIO(9) }, A, true },
		{ { .plen = 64, .autonomous = true, .valid = 9 }, A, true },
		{ { .plen = 64, .autonomous = true, .valid = ~0u, .preferred = ~0u }, A, true },
		{ { .plen = 64, .on_link = true, .valid = 9, .preferred = 9 }, A, false },
		{ { .plen = 56, .autonomous = true, .valid = 9, .preferred = 9 }, A, false },
		{ { .plen = 80, .autonomous = true, .valid = 9, .preferred = 9 }, A, false },
		{ { .plen = 64, .autonomous = true }, A, false },
		{ { .plen = 64, .autonomous = true, .valid = 9, .preferred = 10 }, A, false },
		{ { PIO(9) }, "fe80::", false },
		{ { PIO(9) }, "ff05::", false },
		/* ours, behind us or at home (but not on this link) */
		{ { PIO(9) }, "2001:db8:281::", false },
		{ { PIO(9) }, HOMENET, false },
	};
	struct in6_addr from = router_addr(1);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct nd_ra ra = { .router_lifetime = 9, .n_prefix = 1, .prefix = { row[i].p } };
		struct md_link l;

		ra.prefix[0].addr = ip(row[i].a);
		md_link_init(&l);
		md_on_link(&l, true, &tm, 1);
		md_on_ra(&l, &from, &ra, &conf, &tm, 2);
		if ((md_current(&l) != NULL) != row[i].good)
			fail_msg("row %zu", i);
	}
}

static void test_first_preferred_prefix_is_taken(void **state)
{
	struct nd_ra ra = { .router_lifetime = 9, .n_prefix = 3, .prefix = {
		{ PIO(0), .addr = ip("2001:db8:1::") },
		{ PIO(9), .addr = ip("2001:db8:2::7") },
		{ PIO(9), .addr = ip("2001:db8:3::") },
	} };
	struct in6_addr from = router_addr(1), want = ip("2001:db8:2::");
	struct md_link l;

	(void)state;
	md_link_init(&l);
	md_on_link(&l, true, &tm, 1);
	md_on_ra(&l, &from, &ra, &conf, &tm, 2);
	assert_non_null(md_current(&l));
	assert_true(in6_eq(&md_current(&l)->prefix.a.in6, &want));
}

/* ---- home ---- */

static void test_home_prefix_is_home(void **state)
{
	static const struct {
		const char *a;
		uint8_t plen;
		bool on_link;
		uint32_t valid;
		bool home;
	} row[] = {
		{ HOMENET, 64, true, 9, true },
		{ HOMENET "1", 64, true, 9, true },		/* R flag: the whole address */
		{ HOMENET, 64, false, 9, false },
		{ HOMENET, 64, true, 0, false },
		{ HOMENET, 63, true, 9, false },
		{ "2001:db8:281::", 64, true, 9, false },
		{ A, 64, true, 9, false },
	};
	struct in6_addr from = router_addr(1);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		/* also from one that is not a default router, the home agent, say */
		struct nd_ra ra = { .router_lifetime = i % 2 ? 9 : 0, .n_prefix = 1, .prefix = { {
			.addr = ip(row[i].a), .plen = row[i].plen, .on_link = row[i].on_link,
			.valid = row[i].valid, .preferred = row[i].valid } } };
		struct md_link l;

		md_link_init(&l);
		md_on_link(&l, true, &tm, 1);
		md_on_ra(&l, &from, &ra, &conf, &tm, 2);
		if ((md_current(&l) && md_current(&l)->is_home) != row[i].home)
			fail_msg("row %zu", i);
	}
}

static void test_home_is_believed_at_once_and_kept(void **state)
{
	(void)state;
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = A, TAKES(1) },
	      { .at = 3, .ev = RA, .r = 2, .p = HOMENET, TAKES(2) },
	      { .at = 4, .ev = RA, .r = 1, .p = A, .cur = 2 },
	      /* a new one: the home router is asked before we leave */
	      { .at = 5, .ev = RA, .r = 3, .p = B, .act = PROBES, .cur = 2, .probed = 1u << 2 },
	      { .at = 5.05, .ev = NA, .r = 2, .cur = 2 },
	      /* a second home agent of the link */
	      { .at = 6, .ev = RA, .r = 4, .p = HOMENET, .cur = 2 },
	      { .at = 7, .ev = RA, .r = 2, .p = HOMENET, .gone = true, .cur = 2 });
	/* home prefix withdrawn: a foreign link with this router's other prefix */
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = HOMENET, .p2 = A, TAKES(1) },
	      { .at = 3, .ev = RA, .r = 1, .p = HOMENET, .p2 = A, .no_life = true,
		TAKES(1) });
	/* or expired */
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = HOMENET, .p2 = A, .valid = 30,
			TAKES(1) },
	      { .at = 32, .ev = TIMER, TAKES(1) });
	STORY(UPS(1.9), { .at = 2, .ev = RA, .r = 1, .p = HOMENET, .valid = 30, TAKES(1) },
	      { .at = 32, .ev = TIMER, .act = MD_LOST | MD_SEND_RS });
}

static void test_default_router_beside_a_home_agent(void **state)
{
	struct md_link l;

	(void)state;
	md_link_init(&l);
	md_on_link(&l, true, &tm, 1);
	feed(&l, &(struct row){ .at = 2, .ev = RA, .r = 1, .p = HOMENET, .gone = true,
				.global = HOMENET "1" });
	assert_int_equal(number(&l, l.current), 1);
	assert_null(md_default(&l, 2));
	feed(&l, &(struct row){ .at = 3, .ev = RA, .r = 2, .p = HOMENET, .life = 10 });
	assert_int_equal(number(&l, l.current), 1);
	assert_non_null(md_default(&l, 3));
	assert_int_equal(md_default(&l, 3)->addr.s6_addr[15], 2);
	assert_null(md_default(&l, 13));
	assert_true(in6_eq(&l.router[0].global, (struct in6_addr[]){ ip(HOMENET "1") }));
}

/* A home network that is renumbered: two home prefixes of one link. */
static void test_home_link_may_have_several_prefixes(void **state)
{
	static struct home_conf two[2];
	const struct mn_conf c = { .homes = two, .n_home = 2 };
	const struct in6_addr from = ip("fe80::1");
	struct nd_ra ra = { .router_lifetime = 1800, .n_prefix = 2 };
	struct prefix other, none;
	struct md_link l;

	(void)state;
	two[0] = home[0];
	prefix_parse("2001:db8:28a::beef/64", &two[1].hoa);
	other = two[1].hoa;
	prefix_parse("2001:db8:28b::/64", &none);
	for (unsigned i = 0; i < 2; i++)
		ra.prefix[i] = (struct nd_prefix){
			.addr = i ? ip("2001:db8:28a::") : ip("2001:db8:280::"), .plen = 64,
			.on_link = true, .autonomous = true, .valid = 100, .preferred = 50 };
	md_link_init(&l);
	md_on_link(&l, true, &tm, 0);
	md_on_ra(&l, &from, &ra, &c, &tm, 1);
	assert_true(l.router[0].is_home && l.router[0].home == 0);
	assert_true(md_is_on_link(&l, &two[0].hoa, 1) && md_is_on_link(&l, &other, 1));
	assert_false(md_is_on_link(&l, &none, 1));
	other.plen = 60;
	assert_false(md_is_on_link(&l, &other, 1));
	other.plen = 64;
	assert_false(md_is_on_link(&l, &other, 102));
	/* left out now and then, and for good */
	ra.n_prefix = 1;
	for (unsigned i = 1; i < tm.ra_lost_factor; i++)
		md_on_ra(&l, &from, &ra, &c, &tm, 2);
	assert_true(md_is_on_link(&l, &other, 2));
	md_on_ra(&l, &from, &ra, &c, &tm, 2);
	assert_false(md_is_on_link(&l, &other, 2) || !md_is_on_link(&l, &two[0].hoa, 2));
	/* the first one ends: it is the home of the other */
	ra.n_prefix = 2;
	ra.prefix[0].valid = ra.prefix[0].preferred = 0;
	assert_int_equal(md_on_ra(&l, &from, &ra, &c, &tm, 3).act, MD_CHANGED);
	assert_true(l.router[0].is_home && l.router[0].home == 1);
	assert_false(md_is_on_link(&l, &two[0].hoa, 3) || !md_is_on_link(&l, &other, 3));
	/* given up: a prefix like any other */
	two[1].retired = true;
	md_on_ra(&l, &from, &ra, &c, &tm, 4);
	assert_false(l.router[0].is_home && l.router[0].home == 1);
	assert_true(in6_eq(&l.router[0].prefix.a.in6, (struct in6_addr[]){ ip("2001:db8:28a::") }));
}

/* Wherever it stands among the others. */
static void test_last_of_many_prefixes_is_on_the_link_too(void **state)
{
	const struct mn_conf homes = { .homes = home, .n_home = 1 };
	const struct in6_addr from = ip("fe80::1");
	struct nd_ra ra = { .router_lifetime = 1800, .n_prefix = ND_MAX_PREFIX };
	struct prefix last = { .family = AF_INET6, .plen = 64 };
	struct md_link l;

	(void)state;
	for (uint8_t i = 0; i < ND_MAX_PREFIX; i++) {
		ra.prefix[i] = (struct nd_prefix){ .addr = ip("2001:db8:300::"), .plen = 64,
						   .on_link = true, .valid = 100 };
		ra.prefix[i].addr.s6_addr[7] = i;
		last.a.in6 = ra.prefix[i].addr;
	}
	ra.prefix[0].addr = ip(HOMENET);
	md_link_init(&l);
	md_on_link(&l, true, &tm, 0);
	md_on_ra(&l, &from, &ra, &homes, &tm, 1);
	assert_true(md_is_on_link(&l, &last, 1));
}

/* fe80::1 of one home link and of another: what the first one said is not what the second one says. */
static void test_other_router_of_one_address_is_counted(void **state)
{
	static struct home_conf two[2];
	const struct mn_conf homes = { .homes = two, .n_home = 2 };
	const struct in6_addr from = ip("fe80::1");
	struct nd_ra ra = { .router_lifetime = 1800, .n_prefix = 1,
			    .slla = { .len = 6, .b = { 2, 0, 0, 0, 0, 1 } } };
	struct md_link l;

	(void)state;
	prefix_parse("2001:db8:280::beef/64", &two[0].hoa);
	prefix_parse("2001:db8:290::77/64", &two[1].hoa);
	ra.prefix[0] = (struct nd_prefix){ .addr = ip("2001:db8:280::"), .plen = 64,
					   .on_link = true, .valid = 100, .preferred = 50 };
	md_link_init(&l);
	md_on_link(&l, true, &tm, 0);
	md_on_ra(&l, &from, &ra, &homes, &tm, 1);
	md_on_ra(&l, &from, &ra, &homes, &tm, 2);
	assert_int_equal(l.router[0].others, 0);
	ra.slla.b[5] = 2;
	ra.prefix[0].addr = ip("2001:db8:290::");
	assert_true(md_on_ra(&l, &from, &ra, &homes, &tm, 3).act & MD_CHANGED);
	assert_int_equal(l.router[0].others, 1);
	assert_true(l.router[0].is_home && l.router[0].home == 1);
	assert_false(md_is_on_link(&l, &two[0].hoa, 3));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_router_that_resigns_is_left_for_the_next),
		cmocka_unit_test(test_router_expires),
		cmocka_unit_test(test_prefix_expires_with_its_valid_lifetime),
		cmocka_unit_test(test_valid_lifetime_is_not_cut_below_two_hours),
		cmocka_unit_test(test_deprecated_prefix_gives_way),
		cmocka_unit_test(test_prefix_left_out_is_not_withdrawn),
		cmocka_unit_test(test_interval_that_is_not_advertised_any_more_is_forgotten),
		cmocka_unit_test(test_preference_chooses_among_routers_of_one_link),
		cmocka_unit_test(test_prefixes_that_give_no_care_of_address),
		cmocka_unit_test(test_first_preferred_prefix_is_taken),
		cmocka_unit_test(test_home_prefix_is_home),
		cmocka_unit_test(test_home_is_believed_at_once_and_kept),
		cmocka_unit_test(test_default_router_beside_a_home_agent),
		cmocka_unit_test(test_home_link_may_have_several_prefixes),
		cmocka_unit_test(test_last_of_many_prefixes_is_on_the_link_too),
		cmocka_unit_test(test_other_router_of_one_address_is_counted),
	};

	return cmocka_run_group_tests(tests, md_setup, NULL);
}
