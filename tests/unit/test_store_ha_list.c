/* SPDX-License-Identifier: BSD-2-Clause */
/* The Home Agents List, the answer to a discovery, and our own advertisements. */
#include "ha_help.h"

#include <math.h>
#include <stdio.h>

#include "store/ha_list.h"

#define LL1	"fe80::11"
#define LL2	"fe80::22"
#define G1	"2001:db8:280::11"
#define G2	"2001:db8:280::22"
#define OTHER	"2001:db8:290::11"

struct said {
	const char *ll, *addr, *addr2;	/* addr NULL: a prefix without R */
	bool no_h, info, mr;
	uint16_t pref, life, router_life;
	uint32_t valid;			/* 0 = 86400, 1 = really 0 */
};

static void add_prefix(struct nd_ra *ra, const char *addr, bool router, uint32_t valid)
{
	struct nd_prefix *p = &ra->prefix[ra->n_prefix++];

	*p = (struct nd_prefix){ .addr = ip6(addr), .plen = 64, .on_link = true,
				 .autonomous = true, .router = router,
				 .valid = !valid ? 86400 : valid == 1 ? 0 : valid,
				 .preferred = 14400 };
}

static enum hal_news say(struct ha_list *l, double now, const struct said *s)
{
	struct nd_ra ra = { .home_agent = !s->no_h, .has_ha_info = s->info,
			    .ha_mobile_router = s->mr, .ha_preference = s->pref,
			    .ha_lifetime = s->life, .router_lifetime = s->router_life };
	struct in6_addr ll = ip6(s->ll);

	add_prefix(&ra, s->addr ? s->addr : "2001:db8:280::", s->addr, s->valid);
	if (s->addr2)
		add_prefix(&ra, s->addr2, true, 0);
	return hal_ra(l, &ll, &ra, now);
}
#define SAY(l, now, ...)	say(l, now, &(const struct said){ __VA_ARGS__ })

static struct hal_entry own_entry(uint16_t pref, bool mr)
{
	return (struct hal_entry){ .preference = pref, .router = mr, .n_addr = 1,
				   .addr[0].addr = ip6(HA_ADDR) };
}

/* The answer as one text: "R 2001:db8:280::1 ...". */
static const char *answer(const struct ha_list *l, const struct hal_entry *own, bool r,
			  uint64_t seed, char buf[static 8192])
{
	struct icmp6_msg m = { .type = ICMP6_DHAAD_REQ };
	size_t at = 0;

	m.dhaad.id = 77;
	m.dhaad.r = r;
	hal_answer(l, own, seed, &m);
	assert_int_equal(m.type, ICMP6_DHAAD_REP);
	assert_int_equal(m.dhaad.id, 77);
	buf[0] = '\0';
	if (m.dhaad.r)
		at += (size_t)snprintf(buf, 8192, "R ");
	for (unsigned i = 0; i < m.dhaad.n; i++)
		at += (size_t)snprintf(buf + at, 8192 - at, "%s%s", i ? " " : "",
				       A6(&m.dhaad.ha[i]));
	return buf;
}
#define ANSWER(l, own, r)	answer(l, own, r, 1, (char[8192]){ 0 })

/* ---- RFC 6275 10.5.1 ---- */

static void test_who_has_h_is_listed_by_preference_and_lifetime(void **state)
{
	struct ha_list l = { 0 };

	(void)state;
	assert_int_equal(SAY(&l, 0, .ll = LL1, .addr = G1, .no_h = true, .router_life = 100),
			 HAL_SAME);
	assert_int_equal(l.n, 0);
	/* without the option: preference 0 and the router lifetime */
	assert_int_equal(SAY(&l, 0, .ll = LL1, .addr = G1, .router_life = 100), HAL_ADDED);
	assert_int_equal(l.e[0].preference, 0);
	assert_true(l.e[0].expires == 100);
	assert_false(l.e[0].router);
	/* with it: what it says; the entry is the same one */
	assert_int_equal(SAY(&l, 1, .ll = LL1, .addr = G1, .router_life = 100, .info = true,
			     .pref = 65535, .life = 30, .mr = true), HAL_SAME);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.e[0].preference, 65535);
	assert_true(l.e[0].expires == 31 && l.e[0].router);
	/* and back */
	SAY(&l, 2, .ll = LL1, .addr = G1, .router_life = 50);
	assert_int_equal(l.e[0].preference, 0);
	assert_true(l.e[0].expires == 52);
}

static void test_lifetime_0_and_no_h_delete_at_once(void **state)
{
	struct ha_list l = { 0 };

	(void)state;
	assert_int_equal(SAY(&l, 0, .ll = LL1, .addr = G1), HAL_SAME);	/* no new one with 0 */
	assert_int_equal(SAY(&l, 0, .ll = LL1, .addr = G1, .info = true, .router_life = 9),
			 HAL_SAME);
	assert_int_equal(l.n, 0);
	SAY(&l, 0, .ll = LL1, .addr = G1, .router_life = 100);
	SAY(&l, 0, .ll = LL2, .addr = G2, .router_life = 100);
	assert_int_equal(SAY(&l, 1, .ll = LL1, .addr = G1), HAL_REMOVED);
	assert_int_equal(l.n, 1);
	assert_int_equal(SAY(&l, 1, .ll = LL2, .addr = G2, .info = true, .router_life = 100),
			 HAL_REMOVED);
	SAY(&l, 2, .ll = LL1, .addr = G1, .router_life = 100);
	assert_int_equal(SAY(&l, 3, .ll = LL1, .addr = G1, .no_h = true, .router_life = 100),
			 HAL_REMOVED);
	assert_int_equal(l.n, 0);
}

static void test_entries_and_addresses_end_in_time(void **state)
{
	struct ha_list l = { 0 };

	(void)state;
	SAY(&l, 0, .ll = LL1, .addr = G1, .addr2 = OTHER, .router_life = 100);
	SAY(&l, 0, .ll = LL2, .addr = G2, .router_life = 200);
	assert_int_equal(l.e[0].n_addr, 2);
	assert_true(hal_expire(&l, 50) == 100);
	/* OTHER is not said again: it goes when it would have gone */
	SAY(&l, 60, .ll = LL1, .addr = G1, .router_life = 100);
	assert_int_equal(l.e[0].n_addr, 2);
	assert_true(hal_expire(&l, 100) == 160);
	assert_int_equal(l.e[0].n_addr, 1);
	assert_true(hal_expire(&l, 160) == 200);
	assert_int_equal(l.n, 1);
	assert_true(hal_expire(&l, 200) == HUGE_VAL);
	assert_int_equal(l.n, 0);
}

static void test_global_addresses_are_those_with_r(void **state)
{
	struct hal_entry own = own_entry(0, true);
	struct ha_list l = { 0 };

	(void)state;
	SAY(&l, 0, .ll = LL1, .router_life = 100, .info = true, .pref = 5, .life = 100);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.e[0].n_addr, 0);
	assert_string_equal(ANSWER(&l, &own, false), HA_ADDR);
	SAY(&l, 1, .ll = LL1, .addr = G1, .router_life = 100);
	SAY(&l, 2, .ll = LL1, .addr = "fe80::11", .router_life = 100);
	SAY(&l, 2, .ll = LL1, .addr = "ff02::1", .router_life = 100);
	assert_int_equal(l.e[0].n_addr, 1);
	/* a valid lifetime of 0 takes it back; a short one ends it sooner */
	SAY(&l, 3, .ll = LL1, .addr = G1, .router_life = 100, .valid = 1);
	assert_int_equal(l.e[0].n_addr, 0);
	SAY(&l, 4, .ll = LL1, .addr = G1, .router_life = 100, .valid = 10);
	assert_true(l.e[0].addr[0].expires == 14);
}

static void test_list_and_addresses_are_bounded(void **state)
{
	struct hal_entry own = own_entry(0, true);
	char buf[64], addr[64];
	struct ha_list l = { 0 };
	struct icmp6_msg m = { .type = ICMP6_DHAAD_REQ };

	(void)state;
	for (unsigned i = 0; i < HAL_MAX; i++) {
		snprintf(buf, sizeof(buf), "fe80::%x", i + 1);
		for (unsigned k = 0; k < HAL_MAX_ADDR + 2; k++) {
			snprintf(addr, sizeof(addr), "2001:db8:280::%x:%x", i + 1, k);
			SAY(&l, 0, .ll = buf, .addr = addr, .router_life = 100, .info = true,
			    .life = 100, .pref = (uint16_t)(i + 1));
		}
		assert_int_equal(l.e[i].n_addr, HAL_MAX_ADDR);
	}
	assert_int_equal(SAY(&l, 1, .ll = "fe80::ffff", .addr = G1, .router_life = 100), HAL_FULL);
	assert_int_equal(SAY(&l, 1, .ll = "fe80::1", .addr = G1, .router_life = 100), HAL_SAME);
	/* RFC 6275 10.5.1: fits in 1280 octets, the best of all */
	hal_answer(&l, &own, 3, &m);
	assert_true(m.dhaad.n > 70 && 40 + 8 + 16 * m.dhaad.n <= 1280);
	for (unsigned i = 0; i < m.dhaad.n; i++)
		assert_int_equal(m.dhaad.ha[i].s6_addr[13], HAL_MAX - i / HAL_MAX_ADDR);
}

static void test_answer_is_ordered_by_preference_with_our_own(void **state)
{
	static const struct { uint16_t own, a, b; const char *want; } row[] = {
		{ 30, 20, 10, HA_ADDR " " G1 " " G2 }, { 30, 10, 20, HA_ADDR " " G2 " " G1 },
		{ 20, 30, 10, G1 " " HA_ADDR " " G2 }, { 20, 10, 30, G2 " " HA_ADDR " " G1 },
		{ 10, 30, 20, G1 " " G2 " " HA_ADDR }, { 10, 20, 30, G2 " " G1 " " HA_ADDR },
		{ 0, 65535, 32768, G1 " " G2 " " HA_ADDR },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct hal_entry own = own_entry(row[i].own, true);
		struct ha_list l = { 0 };

		SAY(&l, 0, .ll = LL1, .addr = G1, .info = true, .pref = row[i].a, .life = 9);
		SAY(&l, 0, .ll = LL2, .addr = G2, .info = true, .pref = row[i].b, .life = 9);
		for (uint64_t seed = 0; seed < 20; seed++) {
			const char *got = answer(&l, &own, false, seed, (char[8192]){ 0 });

			if (strcmp(got, row[i].want) != 0)
				fail_msg("row %zu: %s", i, got);
		}
	}
}

static void test_equals_come_in_a_random_order(void **state)
{
	struct hal_entry own = own_entry(1, true);
	unsigned first[3] = { 0 }, apart = 0, swapped = 0;
	struct ha_list l = { 0 };

	(void)state;
	SAY(&l, 0, .ll = LL1, .addr = G1, .info = true, .pref = 7, .life = 9);
	SAY(&l, 0, .ll = LL2, .addr = G2, .info = true, .pref = 7, .life = 9, .addr2 = OTHER);
	for (uint64_t seed = 0; seed < 3000; seed++) {
		const char *s = answer(&l, &own, false, seed, (char[8192]){ 0 });

		first[0] += strncmp(s, G1 " ", strlen(G1 " ")) == 0;
		first[1] += strncmp(s, G2 " ", strlen(G2 " ")) == 0;
		first[2] += strncmp(s, OTHER " ", strlen(OTHER " ")) == 0;
		swapped += strstr(s, OTHER " " G2) != NULL;
		apart += !strstr(s, OTHER " " G2) && !strstr(s, G2 " " OTHER);
		assert_string_equal(strrchr(s, ' ') + 1, HA_ADDR);
	}
	assert_int_equal(apart, 0);		/* one home agent's stay together */
	assert_in_range(first[0], 1350, 1650);
	assert_in_range(first[1], 600, 900);
	assert_in_range(first[2], 600, 900);
	assert_in_range(swapped, 1350, 1650);
}

/* RFC 3963 7.2 */
static void test_r_asks_for_home_agents_of_mobile_routers(void **state)
{
	struct hal_entry own = own_entry(5, true), plain = own_entry(5, false);
	struct ha_list l = { 0 };

	(void)state;
	SAY(&l, 0, .ll = LL1, .addr = G1, .info = true, .pref = 9, .life = 9);
	SAY(&l, 0, .ll = LL2, .addr = G2, .info = true, .pref = 1, .life = 9, .mr = true);
	assert_string_equal(ANSWER(&l, &own, false), G1 " " HA_ADDR " " G2);
	assert_string_equal(ANSWER(&l, &own, true), "R " HA_ADDR " " G2);
	assert_string_equal(ANSWER(&l, &plain, true), "R " G2);
	SAY(&l, 0, .ll = LL2, .addr = G2, .info = true, .pref = 1, .life = 9);
	assert_string_equal(ANSWER(&l, &plain, true), G1 " " HA_ADDR " " G2);
}

static void test_own_entry_is_the_configuration(void **state)
{
	struct ha_world w;
	struct hal_entry e;
	struct in6_addr own = ip6(HA_ADDR), virtual = ip6(VIRTUAL_HA);

	(void)state;
	world_make(&w);
	w.link.preference = 12;
	hal_own(&w.c, &w.link, &e);
	assert_int_equal(e.preference, 12);
	assert_true(e.router && e.n_addr == 1 && in6_eq(&e.addr[0].addr, &own));
	hal_own(&w.c, NULL, &e);
	assert_true(e.preference == 0 && in6_eq(&e.addr[0].addr, &virtual));
	w.c.virtual_address = in6addr_any;
	hal_own(&w.c, NULL, &e);
	assert_true(in6_eq(&e.addr[0].addr, &own));
	for (size_t i = 0; i < w.c.n_node; i++)
		w.node[i].router = false;
	hal_own(&w.c, &w.link, &e);
	assert_false(e.router);
}

/* ---- our own advertisements ---- */

static void test_advertisement_is_held_against_the_configuration(void **state)
{
	struct nd_ra good = { .home_agent = true, .router_lifetime = 900, .has_ha_info = true,
			      .ha_mobile_router = true, .ha_preference = 7, .ha_lifetime = 600 };
	struct ha_world w;
	struct nd_ra ra;

	(void)state;
	world_make(&w);
	w.link.preference = 7;
	w.link.ha_lifetime = 600;
	w.link.autonomous = true;
	w.link.valid = 86400;
	w.link.preferred = 14400;
	add_prefix(&good, HA_ADDR, true, 0);
	assert_int_equal(hal_adv_check(&w.c, &w.link, &good), 0);
#define WRONG(change, bits) \
	do { ra = good; change; \
	     assert_int_equal(hal_adv_check(&w.c, &w.link, &ra), bits); } while (0)
	WRONG(ra.home_agent = false, ADV_NO_H);
	WRONG(ra.n_prefix = 0, ADV_NO_PREFIX | ADV_NO_ADDRESS);
	WRONG(ra.prefix[0].plen = 65, ADV_NO_PREFIX | ADV_NO_ADDRESS);
	WRONG(ra.prefix[0].router = false, ADV_NO_ADDRESS);
	WRONG(ra.prefix[0].addr = ip6(G1), ADV_NO_ADDRESS);
	WRONG(ra.prefix[0].valid--, ADV_LIFETIMES);
	WRONG(ra.prefix[0].preferred = 86400, ADV_LIFETIMES);
	WRONG(ra.prefix[0].autonomous = false, ADV_AUTONOMOUS);
	WRONG(ra.ha_preference = 0, ADV_PREFERENCE);
	WRONG(ra.ha_lifetime = 900, ADV_HA_LIFETIME);
	WRONG(ra.ha_mobile_router = false, ADV_ROUTERS);
	WRONG(ra.has_ha_info = false, ADV_PREFERENCE | ADV_HA_LIFETIME | ADV_ROUTERS);
	WRONG((ra.router_lifetime = 0, ra.ha_lifetime = 0, ra.home_agent = false), 0);
	w.link.decrement = true;
	WRONG((ra.prefix[0].valid = 5, ra.prefix[0].preferred = 0), 0);
	WRONG(ra.prefix[0].valid = 86401, ADV_LIFETIMES);
	for (unsigned i = 0; i < ADV__COUNT; i++)
		assert_true(strlen(hal_adv_str(1u << i)) > 20);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_has_h_is_listed_by_preference_and_lifetime),
		cmocka_unit_test(test_lifetime_0_and_no_h_delete_at_once),
		cmocka_unit_test(test_entries_and_addresses_end_in_time),
		cmocka_unit_test(test_global_addresses_are_those_with_r),
		cmocka_unit_test(test_list_and_addresses_are_bounded),
		cmocka_unit_test(test_answer_is_ordered_by_preference_with_our_own),
		cmocka_unit_test(test_equals_come_in_a_random_order),
		cmocka_unit_test(test_r_asks_for_home_agents_of_mobile_routers),
		cmocka_unit_test(test_own_entry_is_the_configuration),
		cmocka_unit_test(test_advertisement_is_held_against_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
