/* SPDX-License-Identifier: BSD-2-Clause */
/* The movement detector on uplinks that it owns: addresses, duplicates, movement. */
#include <errno.h>
#include <math.h>

#include "md_role_help.h"

/* ---- the thin thread ---- */

static void test_first_router_forms_an_address_and_tells_it(void **state)
{
	struct in6_addr coa = formed(A, "wl0", 0);
	struct prefix link = pfx(A);
	const struct event *e;

	(void)state;
	link_up(WL0);
	no_event();
	ra(WL0, 1, A);
	e = &heard[n_read];
	told("wl0", "coa", &coa, 1);
	assert_true(prefix_eq(&e->md_info.link, &link));
	assert_true(has_address("wl0", &coa, false));
	assert_true(has_rule(&coa, 6000));
	assert_true(has_default(6000, 1));
	/* tested beside, at once, with the configured times; nobody waits for it */
	assert_int_equal(fake_dad_count(), 1);
	assert_int_equal(fake_dad_get(0)->ifindex, WL0);
	assert_true(in6_eq(&fake_dad_get(0)->addr, &coa));
	assert_int_equal(fake_dad_get(0)->transmits, conf.timers.dad_transmits);
	assert_true(fake_dad_get(0)->retrans == conf.timers.dad_retrans);
	/* the same again says nothing new */
	ra(WL0, 1, A);
	no_event();
}

static void test_md_info_waits_for_the_kernel(void **state)
{
	struct in6_addr from = router_addr(1), all = ip("ff02::1");
	struct nd_msg m = make_ra(1, A);

	(void)state;
	link_up(WL0);
	forget_sent();
	assert_true(fake_nd_rx(WL0, &from, &all, &m));
	event_drain();
	no_event();
	sent_nothing();			/* nor does anybody else hear of the address */
	turn();
	next_event(EV_md_info);
	sent(WL0, ND_NA);
}

static void test_solicitation_comes_from_link_local_or_unspecified(void **state)
{
	static const struct { const char *addr; uint32_t flags; bool used; } row[] = {
		{ "fe80::3/64", IFA_F_PERMANENT, true },
		{ "fe80::3/64", IFA_F_TENTATIVE, false },
		{ "fe80::3/64", IFA_F_TENTATIVE | IFA_F_OPTIMISTIC, false },
		{ "fe80::3/64", IFA_F_DADFAILED, false },
		{ "2001:db8:280::beef/64", IFA_F_PERMANENT, false },	/* the home address */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct fake_nd *rs;
		struct in6_addr ll = ip("fe80::3");

		address(WL0, row[i].addr, row[i].flags, false);
		fake_kern_link_up(WL0, "wl0");
		rs = sent(WL0, ND_RS);
		assert_true(rs->has_src);
		assert_false(rs->has_dst);			/* all routers */
		if (in6_eq(&rs->src, row[i].used ? &ll : &in6addr_any) == 0)
			fail_msg("row %zu: from %s", i, A6(&rs->src));
		assert_int_equal(rs->m.rs.slla.len, row[i].used ? 6 : 0);
		sent_nothing();
		address(WL0, row[i].addr, 0, true);
		carrier(WL0, false);
	}
	/* and again while nobody answers */
	link_up(WL0);
	sent(WL0, ND_RS);
	fake_run_advance(conf.timers.rs_interval);
	sent(WL0, ND_RS);
}

/* RFC 6275 11.7.1 wants to know. */
static void test_care_of_address_is_valid_as_long_as_its_prefix(void **state)
{
	struct nd_msg m = make_ra(1, A);

	(void)state;
	link_up(WL0);
	assert_true(isinf(md_coa_valid(md, "wl0")));
	m.ra.prefix[0].valid = 8000;
	m.ra.prefix[0].preferred = 4000;
	hear_ra(WL0, 1, &m);
	fake_run_advance(100);
	assert_true(md_coa_valid(md, "wl0") == run_now() + 7900);
	assert_true(isinf(md_coa_valid(md, "wl1")) && isinf(md_coa_valid(md, "none")));
}

static void test_routers_are_told_of_the_address_first(void **state)
{
	struct in6_addr coa = formed(A, "wl0", 0), routers = ip("ff02::2");
	const struct fake_nd *m;

	(void)state;
	link_up(WL0);
	forget_sent();
	ra(WL0, 1, A);
	m = sent(WL0, ND_NA);
	assert_true(m->has_src && in6_eq(&m->src, &coa));
	assert_true(m->has_dst && in6_eq(&m->dst, &routers));
	assert_true(in6_eq(&m->m.na.target, &coa));
	assert_false(m->m.na.override);
	assert_false(m->m.na.solicited);
	assert_int_equal(m->m.na.tlla.len, 6);
	sent_nothing();
}

static void test_router_becomes_a_neighbour_from_its_advertisement(void **state)
{
	struct nd_lladdr mac = router_mac(1);
	const struct fake_neigh *n;

	(void)state;
	link_up(WL0);
	ra(WL0, 1, A);
	assert_int_equal(fake_kern_neigh_count(), 1);
	n = fake_kern_neigh(0);
	assert_int_equal(n->ifindex, WL0);
	assert_true(in6_eq(&n->addr, (struct in6_addr[]){ router_addr(1) }));
	assert_memory_equal(n->ll.b, mac.b, 6);
	assert_false(n->reachable);		/* STALE: it has not answered us */
}

static void test_prefix_that_is_not_on_link_gives_a_host_route(void **state)
{
	struct in6_addr coa = formed(A, "wl0", 0);
	struct nd_msg m = make_ra(1, A);

	(void)state;
	m.ra.prefix[0].on_link = false;
	link_up(WL0);
	hear_ra(WL0, 1, &m);
	assert_int_equal(heard[n_read].md_info.link.plen, 128);
	told("wl0", "coa", &coa, 1);
	assert_null(strstr(fake_kern_dump(), A));	/* no neighbour is reached directly */
	assert_true(has_default(6000, 1));
}

/* ---- duplicate address detection ---- */

static void test_duplicate_takes_the_next_identifier(void **state)
{
	struct in6_addr bad = formed(A, "wl0", 0), good = formed(A, "wl0", 1);
	const struct event *e;

	(void)state;
	link_up(WL0);
	ra(WL0, 1, A);
	told("wl0", "coa", &bad, 1);
	assert_true(fake_dad_finish(&bad, true));
	turn();
	e = next_event(EV_dad);
	assert_true(e->dad.duplicate);
	assert_true(in6_eq(&e->dad.address, &bad));
	assert_string_equal(e->dad.device, "wl0");
	told("wl0", "coa", &good, 1);
	assert_true(has_address("wl0", &good, false));
	/* the duplicate is gone, not kept as the former address */
	assert_false(has_address("wl0", &bad, false) || has_address("wl0", &bad, true));
	/* the new one is tested as well, and it is the prefix's address from now on */
	assert_true(fake_dad_finish(&good, false));
	turn();
	assert_false(next_event(EV_dad)->dad.duplicate);
	carrier(WL0, false);
	told("wl0", "lost", NULL, 0);
	carrier(WL0, true);
	ra(WL0, 1, A);
	told("wl0", "coa", &good, 1);
}

static void test_third_duplicate_gives_the_uplink_up(void **state)
{
	struct in6_addr coa;

	(void)state;
	link_up(WL0);
	ra(WL0, 1, A);
	for (uint8_t i = 0; i < 3; i++) {
		coa = formed(A, "wl0", i);
		told("wl0", "coa", &coa, 1);
		assert_true(fake_dad_finish(&coa, true));
		turn();
		assert_true(next_event(EV_dad)->dad.duplicate);
	}
	told("wl0", "lost", NULL, 0);
	no_event();
	assert_int_equal(fake_dad_count(), 0);
	assert_false(has_address("wl0", &coa, false));
	ra(WL0, 1, A);
	no_event();
	/* another link is another matter */
	carrier(WL0, false);
	carrier(WL0, true);
	ra(WL0, 2, B);
	coa = formed(B, "wl0", 0);
	told("wl0", "coa", &coa, 2);
}

/* n duplicates, from this counter of the prefix on; then the uplink is not used. */
static void three_duplicates(uint8_t from)
{
	for (uint8_t i = from; i < from + 3; i++) {
		struct in6_addr coa = formed(A, "wl0", i);

		told("wl0", "coa", &coa, 1);
		assert_true(fake_dad_finish(&coa, true));
		turn();
		next_event(EV_dad);
	}
	told("wl0", "lost", NULL, 0);
	no_event();
}

/* Router Advertisements go on all the time. */
static void quiet(double seconds)
{
	double part = seconds / 20;

	for (int i = 0; i < 20; i++) {
		fake_run_advance(part);
		ra(WL0, 1, A);
	}
	no_event();
}

static void test_link_of_duplicates_is_tried_again_after_a_pause(void **state)
{
	static const double pause[] = { 30, 60, 120, 240, 480, 600, 600 };
	struct in6_addr coa;
	uint8_t n = 0;

	(void)state;
	link_up(WL0);
	ra(WL0, 1, A);
	for (size_t i = 0; i < ARRAY_SIZE(pause); i++, n = (uint8_t)(n + 3)) {
		three_duplicates(n);
		quiet(pause[i] - 0.1);
		fake_run_advance(0.2);
	}
	coa = formed(A, "wl0", n);
	told("wl0", "coa", &coa, 1);
	assert_true(fake_dad_finish(&coa, false));
	turn();
	assert_false(next_event(EV_dad)->dad.duplicate);
	fake_run_advance(1000);
	assert_int_equal(fake_dad_count(), 0);
}

static void test_pause_ends_with_the_link(void **state)
{
	struct in6_addr coa = formed(B, "wl0", 0);

	(void)state;
	link_up(WL0);
	ra(WL0, 1, A);
	three_duplicates(0);
	carrier(WL0, false);
	fake_run_advance(100);
	no_event();
	carrier(WL0, true);
	ra(WL0, 2, B);
	told("wl0", "coa", &coa, 2);
	assert_true(fake_dad_finish(&coa, true));
}

static void test_full_detection_holds_md_info_back(void **state)
{
	struct in6_addr coa = formed(A, "wl1", 0);

	(void)state;
	uplink[1].coa_dad = COA_DAD_FULL;
	link_up(WL1);
	forget_sent();
	ra(WL1, 1, A);
	no_event();
	sent_nothing();
	assert_false(has_address("wl1", &coa, false));
	assert_true(fake_dad_finish(&coa, false));
	turn();
	next_event(EV_dad);
	told("wl1", "coa", &coa, 1);
	assert_true(has_address("wl1", &coa, false));
	sent(WL1, ND_NA);
}

static void test_unknown_router_link_layer_address_waits_for_dad(void **state)
{
	struct in6_addr coa = formed(A, "wl0", 0);
	struct nd_msg m = make_ra(1, A);

	(void)state;
	m.ra.slla.len = 0;
	link_up(WL0);
	hear_ra(WL0, 1, &m);
	no_event();
	assert_true(fake_dad_finish(&coa, false));
	turn();
	next_event(EV_dad);
	told("wl0", "coa", &coa, 1);
}

static void test_detection_switched_off_or_impossible(void **state)
{
	struct in6_addr coa = formed(A, "wl1", 0);

	(void)state;
	uplink[1].coa_dad = COA_DAD_OFF;
	link_up(WL1);
	ra(WL1, 1, A);
	told("wl1", "coa", &coa, 1);
	assert_int_equal(fake_dad_count(), 0);
	/* a failure of ours does not cost the connection */
	fake_dad_fail(ENOMEM);
	link_up(WL0);
	ra(WL0, 2, B);
	coa = formed(B, "wl0", 0);
	told("wl0", "coa", &coa, 2);
}

/* ---- movement ---- */

static void test_lost_carrier_is_told_at_once_and_the_plan_stays(void **state)
{
	struct in6_addr coa = attached();
	struct md_uplink_info info;

	(void)state;
	fake_kern_log();
	carrier(WL0, false);
	told("wl0", "lost", NULL, 0);
	assert_true(md_uplink(md, 0, &info));
	assert_false(info.attached);
	assert_false(info.up);
	assert_true(has_address("wl0", &coa, false));
	/* a lost uplink stays unused, whatever is heard */
	ra(WL0, 1, A);
	fake_run_advance(60);
	no_event();
	/* the way back: no work for the kernel, tested again, and the routers hear of us */
	carrier(WL0, true);
	sent(WL0, ND_RS);
	forget_sent();
	ra(WL0, 1, A);
	told("wl0", "coa", &coa, 1);
	assert_string_equal(fake_kern_log(), "");
	assert_int_equal(fake_dad_count(), 1);
	sent(WL0, ND_NA);
}

static void test_known_router_answers_before_it_advertises(void **state)
{
	struct in6_addr coa = attached();
	const struct fake_nd *ns;
	size_t neighs;

	(void)state;
	carrier(WL0, false);
	told("wl0", "lost", NULL, 0);
	neighs = fake_kern_neigh_count();
	carrier(WL0, true);
	sent(WL0, ND_RS);
	ns = sent(WL0, ND_NS);
	assert_true(in6_eq(&ns->dst, (struct in6_addr[]){ router_addr(1) }));
	assert_true(in6_eq(&ns->m.ns.target, &ns->dst));
	assert_true(in6_eq(&ns->src, (struct in6_addr[]){ ip("fe80::3") }));
	assert_int_equal(ns->m.ns.slla.len, 6);
	assert_int_equal(fake_kern_neigh_count(), neighs + 1);	/* to the MAC that we know */
	na(WL0, 1);
	told("wl0", "coa", &coa, 1);
}

static void test_silent_move_changes_the_address(void **state)
{
	struct in6_addr a = attached(), b = formed(B, "wl0", 0);
	const struct fake_nd *ns;

	(void)state;
	fake_run_advance(5);
	ra(WL0, 2, B);
	for (unsigned i = 0; i < conf.timers.router_probe_count; i++) {
		ns = sent(WL0, ND_NS);
		assert_true(in6_eq(&ns->dst, (struct in6_addr[]){ router_addr(1) }));
		assert_true(IN6_IS_ADDR_LINKLOCAL(&ns->src));	/* never the care-of address */
		no_event();
		fake_run_advance(conf.timers.router_probe);
	}
	told("wl0", "coa", &b, 2);
	sent(WL0, ND_RS);
	sent(WL0, ND_NA);
	assert_true(has_address("wl0", &b, false));
	assert_true(has_address("wl0", &a, true));
	assert_true(has_default(6000, 2));
	assert_false(has_default(6000, 1));
	/* the old router answers: nothing moves */
	forget_sent();
	ra(WL0, 1, A);
	sent(WL0, ND_NS);
	na(WL0, 2);
	fake_run_advance(1);
	no_event();
}

static void test_old_address_stays_until_released(void **state)
{
	struct in6_addr a = attached(), b = formed(B, "wl0", 0), c = formed(C, "wl0", 0);

	(void)state;
	carrier(WL0, false);
	carrier(WL0, true);
	ra(WL0, 2, B);
	assert_true(has_address("wl0", &b, false) && has_address("wl0", &a, true));
	assert_true(has_rule(&b, 6000) && has_rule(&a, 6000));
	md_release_old(md, "wl0");
	md_release_old(md, "nonsense");
	turn();
	assert_true(has_address("wl0", &b, false));
	assert_false(has_address("wl0", &a, true) || has_rule(&a, 6000));
	/* nobody releases it: 10 s; only the last one is kept */
	carrier(WL0, false);
	carrier(WL0, true);
	ra(WL0, 3, C);
	carrier(WL0, false);
	carrier(WL0, true);
	ra(WL0, 1, A);
	assert_true(has_address("wl0", &a, false) && has_address("wl0", &c, true));
	assert_false(has_address("wl0", &b, true));
	fake_run_advance(9.9);
	assert_true(has_address("wl0", &c, true));
	fake_run_advance(0.2);
	assert_false(has_address("wl0", &c, true));
	assert_true(has_address("wl0", &a, false));
}

/* While one change is under way two more happen: the last one counts, the others are not told. */
static void test_newest_target_counts(void **state)
{
	struct in6_addr a = attached(), c = formed(C, "wl0", 0), all = ip("ff02::1");
	const char *prefix[] = { B, C };
	struct klink l = *kern_link(fake_kern(), "wl0");

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct nd_msg m = make_ra(2 + i, prefix[i]);
		struct in6_addr from = router_addr(2 + i);

		l.carrier = false;
		fake_kern_link(&l, false);
		l.carrier = true;
		fake_kern_link(&l, false);
		assert_true(fake_nd_rx(WL0, &from, &all, &m));
	}
	turn();
	told("wl0", "lost", NULL, 0);
	told("wl0", "coa", &c, 3);
	no_event();
	assert_true(has_address("wl0", &c, false));
	assert_false(has_address("wl0", &a, false));
}

static void test_refused_plan_is_tried_again(void **state)
{
	struct in6_addr coa = formed(A, "wl0", 0);

	(void)state;
	link_up(WL0);
	fake_kern_fail_kind(KOBJ_ADDR, -ENOBUFS);
	ra(WL0, 1, A);
	no_event();
	fake_run_advance(3.5);
	no_event();
	fake_kern_fail_kind(KOBJ_ADDR, 0);
	fake_run_advance(1);
	told("wl0", "coa", &coa, 1);
}

static void take_away(const struct in6_addr *a)
{
	struct prefix p = prefix6(a, 64);

	fake_kern_log();
	address(WL0, PFX(&p), 0, true);
}

/* Attached for a while; then the address is taken away, and that is heard. */
static struct in6_addr robbed(void)
{
	struct in6_addr coa = attached();

	fake_run_advance(1);
	take_away(&coa);
	fake_run_advance(0);
	return coa;
}

static void test_removed_address_is_put_back_at_once(void **state)
{
	struct in6_addr coa = robbed();

	(void)state;
	assert_non_null(strstr(fake_kern_log(), "+ addr"));
	assert_true(kern_addr_find(fake_kern(), WL0, &coa, NULL));
	/* once */
	fake_run_advance(5);
	assert_string_equal(fake_kern_log(), "");
	no_event();
}

/* So soon after a change of ours it may be late news of that: looked at a moment later. */
static void test_address_removed_after_our_own_change(void **state)
{
	struct in6_addr coa = robbed();

	(void)state;
	take_away(&coa);
	fake_run_advance(0.04);
	assert_string_equal(fake_kern_log(), "");
	fake_run_advance(0.02);
	assert_true(kern_addr_find(fake_kern(), WL0, &coa, NULL));
}

static void test_address_removed_while_we_change_something(void **state)
{
	struct in6_addr b = formed(B, "wl0", 0);
	struct kaddr_news gone = { .ifindex = WL0, .addr = b, .plen = 64, .gone = true };

	(void)state;
	attached();
	carrier(WL0, false);
	carrier(WL0, true);
	ra(WL0, 2, B);
	fake_run_advance(1);
	md_release_old(md, "wl0");
	fake_kern_addr(&gone);
	fake_run_each_turn(NULL);	/* the kernel takes its time */
	fake_run_advance(0.2);
	assert_false(kern_addr_find(fake_kern(), WL0, &b, NULL));
	fake_run_each_turn(turn);
	fake_run_advance(0.1);
	assert_true(kern_addr_find(fake_kern(), WL0, &b, NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_first_router_forms_an_address_and_tells_it),
		T(test_md_info_waits_for_the_kernel),
		T(test_solicitation_comes_from_link_local_or_unspecified),
		T(test_care_of_address_is_valid_as_long_as_its_prefix),
		T(test_routers_are_told_of_the_address_first),
		T(test_router_becomes_a_neighbour_from_its_advertisement),
		T(test_prefix_that_is_not_on_link_gives_a_host_route),
		T(test_duplicate_takes_the_next_identifier),
		T(test_third_duplicate_gives_the_uplink_up),
		T(test_link_of_duplicates_is_tried_again_after_a_pause),
		T(test_pause_ends_with_the_link),
		T(test_full_detection_holds_md_info_back),
		T(test_unknown_router_link_layer_address_waits_for_dad),
		T(test_detection_switched_off_or_impossible),
		T(test_lost_carrier_is_told_at_once_and_the_plan_stays),
		T(test_known_router_answers_before_it_advertises),
		T(test_silent_move_changes_the_address),
		T(test_old_address_stays_until_released),
		T(test_newest_target_counts),
		T(test_refused_plan_is_tried_again),
		T(test_removed_address_is_put_back_at_once),
		T(test_address_removed_after_our_own_change),
		T(test_address_removed_while_we_change_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
