/* SPDX-License-Identifier: BSD-2-Clause */
/* A movement detector outside: its word is carried out, ours is not heard. */
#include "md_role_help.h"

static struct ev_md_info word(const char *kind, const char *dev, int router, const char *link)
{
	struct ev_md_info i = { .bid = 0 };

	snprintf(i.kind, sizeof(i.kind), "%s", kind);
	snprintf(i.device, sizeof(i.device), "%s", dev);
	if (router)
		i.router = router_addr(router);
	if (link)
		i.link = pfx(link);
	return i;
}

static void said(const char *kind, const char *dev, int router, const char *link)
{
	struct ev_md_info i = word(kind, dev, router, link);

	md_said(md, &i);
	turn();
}

static int setup_external(void **state)
{
	setup(state);
	conf.detector = DETECTOR_EXTERNAL;
	conf.detector_silence = 5;
	start_md();
	return 0;
}

static void is_now(const char *state, int pid)
{
	const struct event *e = next_event(EV_detector);

	assert_string_equal(e->detector.state, state);
	assert_int_equal(e->detector.pid, pid);
}

/* The router that we were told of says its link-layer address. */
static void answers(int ifindex, int n)
{
	struct in6_addr from = router_addr(n), to = ip("fe80::3");
	struct nd_msg m = { .type = ND_NA, .na = { .target = from, .router = true,
						   .solicited = true, .tlla = router_mac(n) } };

	assert_true(fake_nd_rx(ifindex, &from, &to, &m));
	turn();
}

static void test_its_word_moves_the_node_and_no_advertisement_does(void **state)
{
	struct in6_addr a = formed(A, "wl0", 0), b = formed(B, "wl0", 0);
	const struct fake_nd *ns;

	(void)state;
	link_up(WL0);
	ra(WL0, 1, A);			/* heard by nobody */
	no_event();
	sent_nothing();			/* nor is one asked for */
	said("coa", "wl0", 1, A);
	ns = sent(WL0, ND_NS);		/* optimistic: not with the new address */
	assert_true(in6_eq(&ns->src, &(struct in6_addr){ .s6_addr = { 0xfe, 0x80, [15] = 3 } }));
	no_event();
	answers(WL0, 1);
	told("wl0", "coa", &a, 1);
	assert_true(has_address("wl0", &a, false) && has_rule(&a, 6000) && has_default(6000, 1));
	assert_int_equal(sent(WL0, ND_NA)->m.na.target.s6_addr[15], a.s6_addr[15]);
	/* said again: nothing is new */
	said("coa", "wl0", 1, A);
	no_event();
	/* a new link; the address before stays until nobody needs it */
	said("coa", "wl0", 2, B);
	answers(WL0, 2);
	told("wl0", "coa", &b, 2);
	assert_true(has_address("wl0", &a, true) && has_default(6000, 2));
	ra(WL0, 1, A);
	fake_run_advance(60);
	while (n_read < n_heard && heard[n_read].type == EV_dad)
		n_read++;
	is_now("silent", 0);
	no_event();
	said("lost", "wl0", 0, NULL);
	told("wl0", "lost", NULL, 0);
}

static void test_a_silent_router_costs_the_time_of_the_test(void **state)
{
	struct in6_addr a = formed(A, "wl0", 0);

	(void)state;
	link_up(WL0);
	said("coa", "wl0", 1, A);
	no_event();
	assert_true(fake_dad_finish(&a, false));
	turn();
	assert_false(next_event(EV_dad)->dad.duplicate);
	told("wl0", "coa", &a, 1);
}

static void test_an_address_that_it_names_is_not_replaced(void **state)
{
	struct ev_md_info i = word("coa", "wl0", 1, A);

	(void)state;
	i.care_of = ip("2001:db8:a::77");
	link_up(WL0);
	md_said(md, &i);
	turn();
	answers(WL0, 1);
	told("wl0", "coa", &i.care_of, 1);
	assert_true(fake_dad_finish(&i.care_of, true));
	turn();
	assert_true(next_event(EV_dad)->dad.duplicate);
	told("wl0", "lost", NULL, 0);
	assert_false(has_address("wl0", &i.care_of, false));
}

static void test_home_is_where_it_says(void **state)
{
	struct prefix net = pfx(HOMENET);

	(void)state;
	link_up(WL0);
	said("home", "wl0", 7, HOMENET);
	told("wl0", "home", NULL, 7);
	assert_true(md_home_here(md, "wl0", &net));
	assert_int_equal(fake_dad_count(), 0);
	said("lost", "wl0", 0, NULL);
	told("wl0", "lost", NULL, 0);
}

static void test_carrier_is_its_business_and_a_device_is_ours(void **state)
{
	struct in6_addr a = formed(A, "wl0", 0);
	struct klink l;

	(void)state;
	link_up(WL0);
	said("coa", "wl0", 1, A);
	answers(WL0, 1);
	told("wl0", "coa", &a, 1);
	carrier(WL0, false);
	no_event();
	carrier(WL0, true);
	no_event();
	l = *kern_link(fake_kern(), "wl0");
	l.up = l.carrier = false;	/* and the kernel forgets our address */
	fake_kern_link(&l, false);
	turn();
	told("wl0", "lost", NULL, 0);
	assert_false(has_address("wl0", &a, false));
}

static void test_managed_uplinks_have_their_address_from_elsewhere(void **state)
{
	struct ev_md_info i = word("coa", "wwan0", 4, NULL);

	(void)state;
	i.care_of = ip("2001:db8:c::9");
	link_up(WWAN0);
	address(WWAN0, "2001:db8:c::9/64", IFA_F_PERMANENT, false);
	address(WWAN0, "2001:db8:c::10/64", IFA_F_PERMANENT, false);
	no_event();
	md_said(md, &i);
	turn();
	told("wwan0", "coa", &i.care_of, 4);
	assert_true(has_rule(&i.care_of, 6002) && has_default(6002, 4));
	address(WWAN0, "2001:db8:c::10/64", IFA_F_PERMANENT, true);
	no_event();
	address(WWAN0, "2001:db8:c::9/64", IFA_F_PERMANENT, true);
	told("wwan0", "lost", NULL, 0);
	assert_false(has_rule(&i.care_of, 6002));
}

static void test_it_may_go_and_come_and_what_it_said_stays(void **state)
{
	struct in6_addr a = formed(A, "wl0", 0);

	(void)state;
	link_up(WL0);
	assert_true(md_detector(md).external && !md_detector(md).connected);
	md_detector_here(md, 42);
	turn();
	is_now("here", 42);
	said("coa", "wl0", 1, A);
	answers(WL0, 1);
	told("wl0", "coa", &a, 1);
	assert_true(fake_dad_finish(&a, false));
	turn();
	next_event(EV_dad);
	md_detector_gone(md);
	turn();
	is_now("gone", 42);
	assert_false(md_detector(md).connected);
	fake_run_advance(4.9);
	no_event();
	fake_run_advance(0.2);
	is_now("silent", 42);
	assert_true(md_detector(md).silent);
	assert_true(has_address("wl0", &a, false));
	no_event();
	md_detector_here(md, 43);
	turn();
	is_now("here", 43);
	assert_true(md_detector(md).connected && !md_detector(md).silent);
	fake_run_advance(3);
	md_detector_here(md, 43);	/* it still is */
	fake_run_advance(3);
	no_event();
}

/* ---- beside the built-in one ---- */

static void test_beside_our_own_it_is_quicker_and_ours_goes_on(void **state)
{
	struct in6_addr a, b = formed(B, "wl0", 0);

	(void)state;
	a = attached();
	said("coa", "wl0", 2, B);
	answers(WL0, 2);
	told("wl0", "coa", &b, 2);
	forget_sent();
	ra(WL0, 2, B);			/* and that is what we hear there */
	assert_true(fake_dad_finish(&b, false));
	turn();
	next_event(EV_dad);
	no_event();
	/* we hear nothing more of the old one */
	fake_run_advance(3);
	no_event();
	/* it was wrong: the router of before is heard, and ours asks the other one in vain */
	said("coa", "wl0", 1, A);
	told("wl0", "coa", &a, 1);
	ra(WL0, 2, B);
	fake_run_advance(1);
	told("wl0", "coa", &b, 2);
}

static void test_beside_our_own_lost_means_look_anew(void **state)
{
	struct in6_addr a = attached();

	(void)state;
	said("lost", "wl0", 0, NULL);
	told("wl0", "lost", NULL, 0);
	sent(WL0, ND_RS);
	na(WL0, 1);			/* it answers: nothing was lost */
	told("wl0", "coa", &a, 1);
	md_detector_here(md, 42);
	md_detector_gone(md);
	fake_run_advance(1);
	no_event();
}

#define X(name) cmocka_unit_test_setup_teardown(name, setup_external, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		X(test_its_word_moves_the_node_and_no_advertisement_does),
		X(test_a_silent_router_costs_the_time_of_the_test),
		X(test_an_address_that_it_names_is_not_replaced),
		X(test_home_is_where_it_says),
		X(test_carrier_is_its_business_and_a_device_is_ours),
		X(test_managed_uplinks_have_their_address_from_elsewhere),
		X(test_it_may_go_and_come_and_what_it_said_stays),
		T(test_beside_our_own_it_is_quicker_and_ours_goes_on),
		T(test_beside_our_own_lost_means_look_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
