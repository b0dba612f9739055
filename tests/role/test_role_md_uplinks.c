/* SPDX-License-Identifier: BSD-2-Clause */
/* The movement detector: devices that come and go, home, managed uplinks, the end. */
#include "md_role_help.h"

/* ---- devices ---- */

static void test_device_vanishes_and_appears(void **state)
{
	struct in6_addr coa = attached();
	struct klink l = *kern_link(fake_kern(), "wl0");

	(void)state;
	fake_kern_link(&l, true);
	turn();
	told("wl0", "lost", NULL, 0);
	assert_int_equal(fake_nd_watched(WL0), 0);
	assert_false(has_address("wl0", &coa, false));
	/* as another number, and recognised */
	address(9, "fe80::9/64", IFA_F_PERMANENT, false);
	fake_kern_link_up(9, "wl0");
	turn();
	assert_int_equal(fake_nd_watched(9), 1);
	fake_kern_log();
	ra(9, 1, A);
	told("wl0", "coa", &coa, 1);
	assert_non_null(strstr(fake_kern_log(), "+ addr"));
	/* a new name is another device */
	l = *kern_link(fake_kern(), "wl0");
	strcpy(l.name, "other");
	fake_kern_link(&l, false);
	turn();
	told("wl0", "lost", NULL, 0);
	assert_int_equal(fake_nd_watched(9), 0);
}

/* Setting the interface down flushes its addresses and routes in the kernel. */
static void test_interface_set_down_is_built_anew(void **state)
{
	struct in6_addr coa = attached();
	struct klink l = *kern_link(fake_kern(), "wl0");
	const char *log;

	(void)state;
	l.up = l.carrier = false;
	fake_kern_link(&l, false);
	turn();
	told("wl0", "lost", NULL, 0);
	assert_false(has_address("wl0", &coa, false));
	fake_kern_log();
	l.up = l.carrier = true;
	fake_kern_link(&l, false);
	fake_run_advance(0.01);
	ra(WL0, 1, A);
	told("wl0", "coa", &coa, 1);
	log = fake_kern_log();
	assert_non_null(strstr(log, "+ addr"));
	assert_true(has_default(6000, 1));
}

static void test_uplinks_are_told_apart(void **state)
{
	struct in6_addr b = formed(B, "wl1", 0);
	struct md_uplink_info info;

	(void)state;
	attached();
	link_up(WL1);
	ra(WL1, 2, B);
	told("wl1", "coa", &b, 2);
	assert_true(has_rule(&b, 6001));
	assert_true(has_default(6001, 2) && has_default(6000, 1));
	carrier(WL0, false);
	told("wl0", "lost", NULL, 0);
	no_event();
	assert_int_equal(md_uplinks(md), 3);
	assert_true(md_uplink(md, 1, &info));
	assert_true(info.attached && info.up && !info.home);
	assert_string_equal(info.dev, "wl1");
	assert_true(in6_eq(&info.coa, &b));
	assert_false(md_uplink(md, 3, &info));
}

/* ---- home ---- */

static void test_home_is_told_and_forms_no_address(void **state)
{
	struct in6_addr a = attached(), hoa_like = formed(HOMENET, "wl0", 0);
	struct prefix net = pfx(HOMENET);
	const struct event *e;

	(void)state;
	carrier(WL0, false);
	told("wl0", "lost", NULL, 0);
	carrier(WL0, true);
	ra(WL0, 7, HOMENET);
	e = next_event(EV_home_hint);
	assert_string_equal(e->home_hint.device, "wl0");
	assert_true(prefix_eq(&e->home_hint.prefix, &net));
	e = &heard[n_read];
	told("wl0", "home", NULL, 7);
	assert_true(prefix_eq(&e->md_info.link, &net));
	assert_int_equal(fake_dad_count(), 0);
	assert_false(has_address("wl0", &hoa_like, false));
	assert_true(has_address("wl0", &a, true));	/* packets are still on their way there */
	ra(WL0, 7, HOMENET);
	no_event();
	md_release_old(md, "wl0");
	turn();
	assert_false(has_address("wl0", &a, true));
	/* away again */
	carrier(WL0, false);
	told("wl0", "lost", NULL, 0);
	carrier(WL0, true);
	ra(WL0, 1, A);
	told("wl0", "coa", &a, 1);
}

static void test_home_hint_from_outside(void **state)
{
	struct event e = { .type = EV_home_hint };

	(void)state;
	attached();
	strcpy(e.home_hint.device, "wl0");
	e.home_hint.prefix = pfx(B);		/* no home of ours */
	event_emit(&e);
	turn();
	next_event(EV_home_hint);
	no_event();
	e.home_hint.prefix = pfx(HOMENET);
	event_emit(&e);
	turn();
	next_event(EV_home_hint);
	told("wl0", "home", NULL, 1);
	no_event();
}

/* The news of a lost cable overtakes our own hint: that says nothing of the link of now. */
static void test_own_home_hint_does_not_outlive_the_link(void **state)
{
	struct in6_addr from = router_addr(7), all = ip("ff02::1");
	struct klink l;
	struct nd_msg m = make_ra(7, HOMENET);

	(void)state;
	link_up(WL0);
	fake_run_advance(1);
	l = *kern_link(fake_kern(), "wl0");
	assert_true(fake_nd_rx(WL0, &from, &all, &m));
	l.carrier = false;
	fake_kern_link(&l, false);
	l.carrier = true;
	fake_kern_link(&l, false);
	turn();
	next_event(EV_home_hint);
	told("wl0", "home", NULL, 7);
	told("wl0", "lost", NULL, 0);
	no_event();
	fake_run_advance(0.001);
	na(WL0, 7);
	next_event(EV_home_hint);
	told("wl0", "home", NULL, 7);
	no_event();
}

static void test_link_layer_address_of_router_and_home_agent(void **state)
{
	struct in6_addr ha = ip("2001:db8:280::1");
	struct nd_msg m = make_ra(7, HOMENET);
	struct nd_lladdr mac = router_mac(7);

	(void)state;
	assert_null(md_router_ll(md, "wl0", NULL));
	assert_null(md_router_ll(md, "nonsense", NULL));
	link_up(WL0);
	m.ra.prefix[0].router = true;
	m.ra.prefix[0].addr = ha;
	hear_ra(WL0, 7, &m);
	assert_memory_equal(md_router_ll(md, "wl0", NULL)->b, mac.b, 6);
	assert_memory_equal(md_router_ll(md, "wl0", &ha)->b, mac.b, 6);
	ha.s6_addr[15] = 2;
	assert_null(md_router_ll(md, "wl0", &ha));
}

/* ---- managed uplinks ---- */

static void route(const char *via, uint32_t metric, uint8_t proto, bool gone)
{
	struct kroute_news r = { .ifindex = WWAN0, .via = ip(via), .proto = proto, .table = 254,
				 .metric = metric, .gone = gone };

	fake_kern_route(&r);
	turn();
}

static void test_managed_uplink_is_followed(void **state)
{
	struct in6_addr coa = ip("2001:db8:a::77");

	(void)state;
	link_up(WWAN0);
	address(WWAN0, "2001:db8:a::77/64", IFA_F_TENTATIVE, false);
	no_event();
	address(WWAN0, "2001:db8:a::77/64", 0, false);
	told("wwan0", "coa", &coa, 0);
	route("fe80::a:1", 1024, 9, false);
	told("wwan0", "coa", &coa, 1);
	assert_true(has_rule(&coa, 6002));
	assert_true(has_default(6002, 1));
	/* the address is its manager's, and so is speaking to routers; testing it, too */
	assert_int_equal(fake_kern_count_kind(KOBJ_ADDR), 0);
	sent_nothing();
	assert_int_equal(fake_dad_count(), 0);
	/* gone: nothing else there */
	address(WWAN0, "2001:db8:a::77/64", 0, true);
	told("wwan0", "lost", NULL, 0);
}

static void test_managed_addresses_that_are_not_used(void **state)
{
	static const struct { const char *addr; uint32_t flags; } row[] = {
		{ "2001:db8:a::77/64", IFA_F_TENTATIVE },
		{ "2001:db8:a::77/64", IFA_F_TENTATIVE | IFA_F_OPTIMISTIC },
		{ "2001:db8:a::77/64", IFA_F_DADFAILED },
		{ "2001:db8:a::77/64", IFA_F_DEPRECATED },
		{ "fe80::77/64", 0 },
		{ "2001:db8:280::beef/64", 0 },		/* our home address: we put it there */
	};

	(void)state;
	link_up(WWAN0);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		address(WWAN0, row[i].addr, row[i].flags, false);
		no_event();
		address(WWAN0, row[i].addr, row[i].flags, true);
	}
}

static void test_managed_address_is_kept_while_it_is_good(void **state)
{
	struct in6_addr a = ip("2001:db8:a::77"), b = ip("2001:db8:b::77");

	(void)state;
	link_up(WWAN0);
	address(WWAN0, "2001:db8:a::77/64", IFA_F_TEMPORARY, false);
	told("wwan0", "coa", &a, 0);
	address(WWAN0, "2001:db8:b::77/64", 0, false);
	no_event();
	address(WWAN0, "2001:db8:a::77/64", IFA_F_DEPRECATED, false);
	told("wwan0", "coa", &b, 0);
	assert_true(has_rule(&b, 6002));
	assert_false(has_rule(&a, 6002));
	/* carrier */
	carrier(WWAN0, false);
	told("wwan0", "lost", NULL, 0);
	carrier(WWAN0, true);
	told("wwan0", "coa", &b, 0);
	sent_nothing();
}

/* The manager leaves the old address in place; the RAs say which link this is. */
static void test_advertisements_choose_among_managed_addresses(void **state)
{
	struct in6_addr a = ip("2001:db8:a::77"), b = ip("2001:db8:b::77");

	(void)state;
	link_up(WWAN0);
	address(WWAN0, "2001:db8:a::77/64", 0, false);
	told("wwan0", "coa", &a, 0);
	ra(WWAN0, 1, A);
	told("wwan0", "coa", &a, 1);
	address(WWAN0, "2001:db8:b::77/64", 0, false);
	no_event();
	fake_run_advance(5);
	ra(WWAN0, 2, B);
	no_event();
	fake_run_advance(0.01 + conf.timers.router_probe * conf.timers.router_probe_count);
	told("wwan0", "coa", &b, 2);
}

static void test_managed_router_is_that_of_the_default_route(void **state)
{
	struct in6_addr a = ip("2001:db8:a::77");

	(void)state;
	link_up(WWAN0);
	route("fe80::a:1", 1024, 9, false);
	address(WWAN0, "2001:db8:a::77/64", 0, false);
	told("wwan0", "coa", &a, 1);
	route("fe80::a:2", 2048, 9, false);
	no_event();
	route("fe80::a:3", 10, RTPROT_MIP6D, false);	/* one of ours */
	no_event();
	route("fe80::a:1", 1024, 9, true);
	told("wwan0", "coa", &a, 2);
	assert_true(has_default(6002, 2));
	route("fe80::a:1", 512, 9, false);
	told("wwan0", "coa", &a, 1);
	route("fe80::a:9", 512, 9, true);		/* of one never heard */
	no_event();
}

/* After a carrier change the addresses are the old ones, and prove nothing. */
static void test_managed_uplink_waits_for_a_word_of_the_link(void **state)
{
	struct in6_addr a = ip("2001:db8:a::77"), b = ip("2001:db8:b::77");

	(void)state;
	link_up(WWAN0);
	route("fe80::a:1", 1024, 9, false);
	address(WWAN0, "2001:db8:a::77/64", 0, false);
	ra(WWAN0, 1, A);
	told("wwan0", "coa", &a, 1);
	/* the router that we know answers */
	carrier(WWAN0, false);
	told("wwan0", "lost", NULL, 0);
	carrier(WWAN0, true);
	sent(WWAN0, ND_NS);
	no_event();
	na(WWAN0, 1);
	told("wwan0", "coa", &a, 1);
	/* another one speaks: the old address is of no use, the old default route neither */
	carrier(WWAN0, false);
	told("wwan0", "lost", NULL, 0);
	carrier(WWAN0, true);
	ra(WWAN0, 2, B);
	no_event();
	route("fe80::a:2", 1024, 9, false);
	address(WWAN0, "2001:db8:b::77/64", 0, false);
	told("wwan0", "coa", &b, 2);
	assert_true(has_default(6002, 2));
	/* nobody speaks: what is there must do */
	carrier(WWAN0, false);
	told("wwan0", "lost", NULL, 0);
	carrier(WWAN0, true);
	fake_run_advance(1.9);
	no_event();
	fake_run_advance(0.2);
	assert_string_equal(heard[n_read].md_info.kind, "coa");
}

/* PPP and the like: a default route by the device alone. */
static void test_managed_default_route_without_a_router(void **state)
{
	struct in6_addr a = ip("2001:db8:a::77");
	const char *dump;

	(void)state;
	link_up(WWAN0);
	route("::", 1024, 3, false);
	address(WWAN0, "2001:db8:a::77/64", 0, false);
	told("wwan0", "coa", &a, 0);
	dump = fake_kern_dump();
	assert_non_null(strstr(dump, "route ::/0 dev wwan0 table 6002"));
	assert_null(strstr(dump, "via"));
}

static void test_managed_uplink_at_home(void **state)
{
	struct in6_addr b = ip("2001:db8:b::77");

	(void)state;
	link_up(WWAN0);
	address(WWAN0, "2001:db8:280::77/64", 0, false);
	next_event(EV_home_hint);
	told("wwan0", "home", NULL, 0);
	/* the RA knows better: the address was only left behind */
	address(WWAN0, "2001:db8:b::77/64", 0, false);
	no_event();
	ra(WWAN0, 2, B);
	told("wwan0", "coa", &b, 2);
	/* a home prefix in an RA is enough */
	ra(WWAN0, 7, HOMENET);
	next_event(EV_home_hint);
	told("wwan0", "home", NULL, 7);
}

/* ---- end ---- */

static void test_stop_in_the_middle_of_a_change_leaves_nothing(void **state)
{
	struct in6_addr from = router_addr(2), all = ip("ff02::1");
	struct nd_msg m = make_ra(2, B);

	(void)state;
	attached();
	carrier(WL0, false);
	carrier(WL0, true);
	assert_true(fake_nd_rx(WL0, &from, &all, &m));
	stopped_rc = 1;
	md_stop(md, on_stopped, NULL);
	assert_int_equal(stopped_rc, 1);	/* later, from the loop */
	turn();
	assert_int_equal(stopped_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
	n_read = n_heard;
	hear_ra(WL0, 1, &m);			/* deaf now */
	carrier(WL0, false);
	no_event();
	md_free(md);
	md = NULL;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_device_vanishes_and_appears),
		T(test_interface_set_down_is_built_anew),
		T(test_uplinks_are_told_apart),
		T(test_home_is_told_and_forms_no_address),
		T(test_home_hint_from_outside),
		T(test_own_home_hint_does_not_outlive_the_link),
		T(test_link_layer_address_of_router_and_home_agent),
		T(test_managed_uplink_is_followed),
		T(test_managed_addresses_that_are_not_used),
		T(test_managed_address_is_kept_while_it_is_good),
		T(test_advertisements_choose_among_managed_addresses),
		T(test_managed_router_is_that_of_the_default_route),
		T(test_managed_uplink_waits_for_a_word_of_the_link),
		T(test_managed_default_route_without_a_router),
		T(test_managed_uplink_at_home),
		T(test_stop_in_the_middle_of_a_change_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
