/* SPDX-License-Identifier: BSD-2-Clause */
/* Home agents that find each other, and discovery (RFC 6275 10.5). */
#include "ha_role_help.h"

#include "base/bucket.h"

#define ANYCAST		"2001:db8:280:0:fdff:ffff:ffff:fffe"
#define ANYCAST_V	"2001:db8:500:0:fdff:ffff:ffff:fffe"
#define IF_LO		1
#define LL1		"fe80::11"
#define G1		"2001:db8:280::11"
#define OWN_LL		"fe80::1"

static void start_with_lo(void)
{
	fake_kern_link_up(IF_LO, "lo");
	start();
}

static unsigned joined(int ifindex, const char *addr)
{
	struct in6_addr a = ip6(addr);

	return fake_anycast_joined(ifindex, &a);
}

static void ask(const char *src, const char *dst, bool r)
{
	struct icmp6_rx rx = { .src = ip6(src), .dst = ip6(dst), .ifindex = 9 };
	struct icmp6_msg m = { .type = ICMP6_DHAAD_REQ };

	m.dhaad.id = 4711;
	m.dhaad.r = r;
	assert_int_equal(fake_icmp_rx(&rx, &m), 1);
}

static void advertise(const char *ll, const char *addr, uint16_t pref, uint16_t life)
{
	struct in6_addr src = ip6(ll), all = ip6("ff02::1");
	struct nd_msg m = { .type = ND_RA };

	m.ra.home_agent = true;
	m.ra.router_lifetime = life;
	m.ra.has_ha_info = true;
	m.ra.ha_preference = pref;
	m.ra.ha_lifetime = life;
	m.ra.n_prefix = 1;
	m.ra.prefix[0] = (struct nd_prefix){ .addr = ip6(addr), .plen = 64, .on_link = true,
					     .autonomous = true, .router = true,
					     .valid = UINT32_MAX, .preferred = UINT32_MAX };
	assert_true(fake_nd_rx(IF_H0, &src, &all, &m));
}

static const struct fake_icmp *answered(const char *dst, unsigned n)
{
	const struct fake_icmp *f = fake_icmp_pop();
	struct in6_addr to = ip6(dst);

	assert_non_null(f);
	assert_int_equal(f->m.type, ICMP6_DHAAD_REP);
	assert_int_equal(f->m.dhaad.id, 4711);
	assert_true(in6_eq(&f->tx.dst, &to));
	assert_false(f->tx.has_rh2 || f->tx.has_hao);
	assert_int_equal(f->m.dhaad.n, n);
	return f;
}

static void is(const struct in6_addr *a, const char *want)
{
	struct in6_addr b = ip6(want);

	if (!in6_eq(a, &b))
		fail_msg("%s, not %s", A6(a), want);
}

static void test_anycast_address_of_every_home_prefix(void **state)
{
	(void)state;
	start_with_lo();
	assert_int_equal(joined(IF_H0, ANYCAST), 1);
	assert_int_equal(joined(IF_LO, ANYCAST_V), 1);
	assert_int_equal(fake_anycast_count(), 2);
	ha_free(ha);
	ha = NULL;
	assert_int_equal(fake_anycast_count(), 0);
}

static void test_discovery_is_answered_from_our_own_address(void **state)
{
	const struct fake_icmp *f;

	(void)state;
	start_with_lo();
	ask(COA, ANYCAST, false);
	f = answered(COA, 1);
	is(&f->tx.src, HA_ADDR);
	is(&f->m.dhaad.ha[0], HA_ADDR);
	ask(COA, ANYCAST_V, false);
	f = answered(COA, 1);
	is(&f->tx.src, VIRTUAL_HA);
	is(&f->m.dhaad.ha[0], VIRTUAL_HA);
	assert_int_equal(ha_stats(ha).dhaad_answered, 2);
}

static void test_what_was_heard_is_in_the_answer_until_it_ends(void **state)
{
	const struct fake_icmp *f;
	struct ha_agent h;

	(void)state;
	start_with_lo();
	advertise(LL1, G1, 5, 100);
	ask(COA, ANYCAST, false);
	f = answered(COA, 2);
	is(&f->m.dhaad.ha[0], G1);
	is(&f->m.dhaad.ha[1], HA_ADDR);
	assert_true(ha_agent(ha, 0, 1, &h) && !h.own && h.e.preference == 5);
	assert_false(ha_agent(ha, 0, 2, &h));
	assert_true(ha_agent(ha, 1, 0, &h) && h.own && !h.link);
	assert_false(ha_agent(ha, 1, 1, &h));
	assert_false(ha_agent(ha, 2, 0, &h));
	/* the virtual home has nothing to do with that link */
	ask(COA, ANYCAST_V, false);
	answered(COA, 1);
	/* none of the other serves mobile routers */
	ask(COA, ANYCAST, true);
	f = answered(COA, 1);
	assert_true(f->m.dhaad.r);
	fake_run_advance(99.5);
	assert_true(ha_agent(ha, 0, 1, &h));
	fake_run_advance(1);
	assert_false(ha_agent(ha, 0, 1, &h));
	ask(COA, ANYCAST, false);
	answered(COA, 1);
}

static void test_discovery_that_is_not_ours_or_not_honest_is_dropped(void **state)
{
	(void)state;
	start_with_lo();
	ask(COA, HA_ADDR, false);
	ask(COA, "2001:db8:281:0:fdff:ffff:ffff:fffe", false);
	ask("::", ANYCAST, false);
	ask("ff02::1", ANYCAST, false);
	ask("::1", ANYCAST, false);
	assert_int_equal(fake_icmp_count(), 0);
	assert_int_equal(ha_stats(ha).dhaad, 5);
	ask("fe80::99", ANYCAST, false);	/* from the link: answered there */
	assert_int_equal(answered("fe80::99", 1)->tx.ifindex, 9);
}

static void test_discovery_is_limited(void **state)
{
	(void)state;
	start_with_lo();
	for (unsigned i = 0; i < 100; i++)
		ask(COA, ANYCAST, false);
	assert_int_equal(fake_icmp_count(), BUCKET_BURST);
	fake_run_advance(1);
	while (fake_icmp_pop())
		;
	ask(COA, ANYCAST, false);
	answered(COA, 1);
}

static void link_is(struct klink *l, bool up)
{
	l->up = l->carrier = up;
	l->carrier_changes++;
	fake_kern_link(l, false);
	ha_link(ha, l, false);
}

static void test_anycast_address_is_joined_again_after_the_link(void **state)
{
	struct klink l;

	(void)state;
	start_with_lo();
	l = *kern_link(fake_kern(), "h0");
	link_is(&l, false);
	fake_anycast_forget(IF_H0);
	link_is(&l, true);
	assert_int_equal(joined(IF_H0, ANYCAST), 1);
	assert_int_equal(fake_anycast_count(), 2);
}

static void test_reload_keeps_the_list_and_changes_the_addresses(void **state)
{
	static struct ha_world other;
	static struct prefix two[2];
	struct ha_agent h;

	(void)state;
	start_with_lo();
	advertise(LL1, G1, 5, 100);
	world_make(&other);
	two[0] = pfx(HOME);
	two[1] = pfx("2001:db8:2ff::/64");
	other.link.prefixes = two;
	other.link.n_prefix = 2;
	other.link.preference = 40;
	other.c.n_served = 0;
	ha_reload(ha, &other.c, on_done, NULL);
	kernel_works();
	assert_int_equal(done_rc, 0);
	assert_int_equal(joined(IF_H0, ANYCAST), 1);
	assert_int_equal(joined(IF_H0, "2001:db8:2ff:0:fdff:ffff:ffff:fffe"), 1);
	assert_int_equal(fake_anycast_count(), 2);
	assert_true(ha_agent(ha, 0, 1, &h));
	ask(COA, ANYCAST, false);
	is(&answered(COA, 2)->m.dhaad.ha[0], HA_ADDR);
}

static void test_own_advertisement_is_checked_not_listed(void **state)
{
	struct ha_agent h;
	struct kaddr_news ll = { .ifindex = IF_H0, .addr = ip6(OWN_LL), .plen = 64 };

	(void)state;
	fake_kern_addr(&ll);
	start_with_lo();
	assert_true(ha_agent(ha, 0, 0, &h) && h.adv_age < 0);
	advertise(OWN_LL, HA_ADDR, 9, 1800);
	assert_false(ha_agent(ha, 0, 1, &h));
	assert_true(ha_agent(ha, 0, 0, &h) && h.adv_age >= 0);
	assert_int_equal(h.adv_wrong, ADV_PREFERENCE | ADV_ROUTERS | ADV_AUTONOMOUS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_anycast_address_of_every_home_prefix),
		T(test_discovery_is_answered_from_our_own_address),
		T(test_what_was_heard_is_in_the_answer_until_it_ends),
		T(test_discovery_that_is_not_ours_or_not_honest_is_dropped),
		T(test_discovery_is_limited),
		T(test_anycast_address_is_joined_again_after_the_link),
		T(test_reload_keeps_the_list_and_changes_the_addresses),
		T(test_own_advertisement_is_checked_not_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
