/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobile prefix discovery at the home agent (RFC 6275 6.7, 6.8, 10.6). */
#include "ha_role_help.h"

static void solicit(const char *hoa, const char *coa, const char *dst, uint16_t id)
{
	struct icmp6_rx rx = { .src = ip6(coa), .dst = ip6(dst), .has_hao = hoa != NULL,
			       .ifindex = 9 };
	struct icmp6_msg m = { .type = ICMP6_MPS };

	if (hoa)
		rx.hao = ip6(hoa);
	m.mps.id = id;
	assert_int_equal(fake_icmp_rx(&rx, &m), 1);
}

static const struct fake_icmp *told(const char *hoa, const char *coa)
{
	const struct fake_icmp *f = fake_icmp_pop();
	struct in6_addr h = ip6(hoa), c = ip6(coa);

	assert_non_null(f);
	assert_int_equal(f->m.type, ICMP6_MPA);
	assert_true(in6_eq(&f->tx.dst, &h) && f->tx.has_rh2 && in6_eq(&f->tx.rh2_coa, &c));
	return f;
}

static void test_solicitation_of_a_registered_node_is_answered(void **state)
{
	const struct fake_icmp *f;
	struct in6_addr own = ip6(HA_ADDR), virt = ip6(VIRTUAL_HA);

	(void)state;
	start();
	bind_node(MR, COA, 1);
	bind_node(VMR, COA2, 1);
	solicit(MR, COA, HA_ADDR, 4711);
	f = told(MR, COA);
	assert_true(in6_eq(&f->tx.src, &own));
	assert_int_equal(f->m.mpa.id, 4711);
	assert_int_equal(f->m.mpa.n, 1);
	solicit(VMR, COA2, VIRTUAL_HA, 4712);
	f = told(VMR, COA2);
	assert_true(in6_eq(&f->tx.src, &virt));
	assert_int_equal(f->m.mpa.id, 4712);
}

static void test_solicitation_of_others_is_silently_dropped(void **state)
{
	(void)state;
	start();
	solicit(MR, COA, HA_ADDR, 1);		/* no binding */
	bind_node(MR, COA, 1);
	solicit(MR, COA2, HA_ADDR, 1);		/* not from its care-of address */
	solicit(NULL, COA, HA_ADDR, 1);		/* no home address option */
	solicit(HOST, COA, HA_ADDR, 1);
	solicit(STRANGER, COA, HA_ADDR, 1);
	solicit(MR, COA, VIRTUAL_HA, 1);	/* not the address of its registration */
	BU(.seq = 2, .life = -1);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	solicit(MR, COA, HA_ADDR, 1);		/* not any more */
	assert_int_equal(fake_icmp_count(), 0);
	assert_int_equal(ha_stats(ha).mps, 7);
	assert_int_equal(ha_stats(ha).mpa, 0);
}

static void test_second_solicitation_within_a_second_waits(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	solicit(MR, COA, HA_ADDR, 1);
	told(MR, COA);
	fake_run_advance(0.3);
	solicit(MR, COA, HA_ADDR, 2);
	solicit(MR, COA, HA_ADDR, 3);
	assert_int_equal(fake_icmp_count(), 0);
	fake_run_advance(0.8);
	assert_int_equal(fake_icmp_count(), 1);
	assert_int_equal(told(MR, COA)->m.mpa.id, 3);
}

static unsigned told_in(double seconds)
{
	unsigned n = 0;

	fake_run_advance(seconds);
	for (; fake_icmp_count(); n++)
		fake_icmp_pop();
	return n;
}

static void stays_bound(uint16_t seq)
{
	BU(.seq = seq, .life = 3600);
	kernel_works();
	ba_is(BA_ACCEPTED, seq);
}

static struct ha_world other;

static void reload(void)
{
	done_rc = 1;
	ha_reload(ha, &other.c, on_done, NULL);
	kernel_works();
	assert_int_equal(done_rc, 0);
}

/* A node that does not acknowledge: once, and three times more. */
static void test_change_of_the_prefixes_is_told(void **state)
{
	(void)state;
	w.c.timers.min_mob_pfx_adv_interval = 10;
	w.c.timers.max_mob_pfx_adv_interval = 3000;
	start();
	bind_node(MR, COA, 1);
	stays_bound(2);
	solicit(MR, COA, HA_ADDR, 1);
	told(MR, COA);
	world_make(&other);
	other.c.timers = w.c.timers;
	reload();
	assert_int_equal(told_in(50), 0);	/* nothing changed */
	world_make(&w);
	w.c.timers = other.c.timers;
	w.link.valid = 7100;
	w.link.preferred = 60;
	ha_reload(ha, &w.c, on_done, NULL);
	kernel_works();
	assert_int_equal(told_in(9.5), 0);
	fake_run_advance(60 + 3 + 6 + 12);
	assert_int_equal(fake_icmp_count(), 4);
	assert_int_equal(told(MR, COA)->m.mpa.prefix[0].valid, 7100);
	assert_int_equal(told_in(0), 3);
}

static void test_repeated_until_acknowledged_and_never_without_a_binding(void **state)
{
	(void)state;
	w.c.timers.min_mob_pfx_adv_interval = 10;
	w.c.timers.max_mob_pfx_adv_interval = 10;
	start();
	bind_node(MR, COA, 1);
	assert_int_equal(told_in(9.9), 0);
	assert_int_equal(told_in(0.2), 1);
	assert_int_equal(told_in(3), 1);
	assert_int_equal(told_in(1.5), 0);
	solicit(MR, COA, HA_ADDR, 8);
	assert_int_equal(told(MR, COA)->m.mpa.id, 8);
	assert_int_equal(told_in(9), 0);
	/* and again after the longest silence */
	assert_int_equal(told_in(12), 1);
	/* the node goes home: nothing is repeated */
	BU(.seq = 2, .life = -1);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	assert_int_equal(told_in(100), 0);
}

static void test_expired_binding_ends_the_advertisements(void **state)
{
	(void)state;
	w.c.timers.min_mob_pfx_adv_interval = 700;
	w.c.timers.max_mob_pfx_adv_interval = 700;
	start();
	bind_node(MR, COA, 1);			/* 600 s */
	fake_run_advance(601);
	kernel_works();
	assert_false(is_bound(MR));
	assert_int_equal(told_in(1000), 0);
}

static void test_binding_ends_with_a_prefix_that_is_cut_down(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);			/* 600 s */
	bind_node(VMR, COA2, 1);		/* its home is on no link, and has no end */
	world_make(&other);
	other.link.valid = other.link.preferred = 1000;
	reload();
	fake_run_advance(100);
	assert_true(is_bound(MR) && entry(MR)->b.expires == entry(VMR)->b.expires);
	world_make(&w);
	w.link.valid = w.link.preferred = 200;
	ha_reload(ha, &w.c, on_done, NULL);
	kernel_works();
	fake_run_advance(199);
	assert_true(is_bound(MR));
	fake_run_advance(2);
	kernel_works();
	assert_false(is_bound(MR));
	assert_true(is_bound(VMR));
}

static void test_operator_can_turn_it_off(void **state)
{
	(void)state;
	w.c.timers.min_mob_pfx_adv_interval = 10;
	w.c.timers.max_mob_pfx_adv_interval = 10;
	w.c.prefix_advertisements = false;
	start();
	bind_node(MR, COA, 1);
	solicit(MR, COA, HA_ADDR, 1);
	assert_int_equal(told_in(100), 0);
	world_make(&other);
	other.c.timers = w.c.timers;
	reload();				/* on */
	assert_int_equal(told_in(10.5), 1);
	w.c.prefix_advertisements = false;
	ha_reload(ha, &w.c, on_done, NULL);
	kernel_works();
	assert_int_equal(told_in(100), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_solicitation_of_a_registered_node_is_answered),
		T(test_solicitation_of_others_is_silently_dropped),
		T(test_second_solicitation_within_a_second_waits),
		T(test_change_of_the_prefixes_is_told),
		T(test_repeated_until_acknowledged_and_never_without_a_binding),
		T(test_expired_binding_ends_the_advertisements),
		T(test_binding_ends_with_a_prefix_that_is_cut_down),
		T(test_operator_can_turn_it_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
