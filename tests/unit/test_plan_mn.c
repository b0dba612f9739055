/* SPDX-License-Identifier: BSD-2-Clause */
/* A mobile router's own settings and its attachments as kernel objects. */
#include "plan_mn_help.h"

/* ---- base ---- */

static void test_base_is_device_sysctls_routing_header_state_and_rules(void **state)
{
	struct kplan p = { 0 };
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	w.c.n_home = 1;
	assert_int_equal(mn_plan_base(&w.c, &p), 0);
	EXPECT(&p,
	       "sysctl net/ipv6/conf/all/forwarding = 1",
	       "sysctl net/ipv4/ip_forward = 1",
	       "link mip0 dummy",
	       "rule ipv6 pref 6000 from any to fe80::/10 lookup 254 suppress_prefixlength 0",
	       "xfrm state src :: dst 2001:db8:280::beef proto route2 coa :: wildrecv",
	       "xfrm policy in sub prio 0x6d00 src ::/0 dst 2001:db8:280::beef/128 proto 135"
	       " tmpl hao :: any use tmpl route2 :: any use",
	       "xfrm policy in sub prio 0x6d01 src ::/0 dst 2001:db8:280::beef/128 proto 58"
	       " tmpl route2 :: any use",
	       "xfrm policy out sub prio 0x6d01 src 2001:db8:280::beef/128 dst ::/0 proto 58 type 146"
	       " bypass",
	       "rule ipv6 pref 6000 from any to 2001:db8:281::/64 lookup 254"
	       " suppress_prefixlength 0",
	       "rule ipv6 pref 6001 from any to 2001:db8:281::/64 lookup 6500",
	       "rule ipv4 pref 6000 from any to 10.0.0.0/24 lookup 254 suppress_prefixlength 0",
	       "rule ipv4 pref 6001 from any to 10.0.0.0/24 lookup 6500",
	       "rule ipv6 pref 6010 from any to any lookup 254 suppress_prefixlength 0",
	       "rule ipv6 pref 6020 from any to any iif lo lookup 6500",
	       "rule ipv4 pref 6010 from any to any lookup 254 suppress_prefixlength 0",
	       "rule ipv4 pref 6020 from any to any iif lo lookup 6500");
	kplan_free(&p);
}

static void test_host_forwards_nothing_and_claims_no_ipv4_without_a_prefix(void **state)
{
	struct kplan p = { 0 };
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	w.c.router = false;
	w.home[0].n_prefix = 0;
	assert_int_equal(mn_plan_base(&w.c, &p), 0);
	assert_int_equal(count(&p, "forward"), 0);
	assert_int_equal(count(&p, "rule ipv4"), 0);
	assert_int_equal(count(&p, "rule ipv6"), 3);
	assert_int_equal(count(&p, "xfrm"), 8);
	kplan_free(&p);
}

static void test_ipv4_goes_to_the_first_home_that_has_a_prefix(void **state)
{
	struct kplan p = { 0 };
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	w.home[0].n_prefix = 0;
	w.home[1].prefixes = &w.mnp[1];
	w.home[1].n_prefix = 1;
	assert_int_equal(mn_plan_base(&w.c, &p), 0);
	assert_true(has(&p, "rule ipv6 pref 6020 from any to any iif lo lookup 6500"));
	assert_true(has(&p, "rule ipv4 pref 6020 from any to any iif lo lookup 6501"));
	kplan_free(&p);
}

static void test_default_is_a_home_that_is_preferred_and_there(void **state)
{
	struct kplan p = { 0 };
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	w.c.router = false;
	w.home[0].n_prefix = 0;
	w.home[0].deprecated = true;
	assert_int_equal(mn_plan_base(&w.c, &p), 0);
	assert_true(has(&p, "rule ipv6 pref 6020 from any to any iif lo lookup 6501"));
	assert_int_equal(count(&p, "xfrm state"), 2);
	kplan_free(&p);
	w.home[1].deprecated = true;
	assert_int_equal(mn_plan_base(&w.c, &p), 0);
	assert_true(has(&p, "rule ipv6 pref 6020 from any to any iif lo lookup 6500"));
	kplan_free(&p);
	w.home[0].retired = true;
	assert_int_equal(mn_plan_base(&w.c, &p), 0);
	assert_true(has(&p, "rule ipv6 pref 6020 from any to any iif lo lookup 6501"));
	assert_int_equal(count(&p, "xfrm state"), 1);
	kplan_free(&p);
}

/* ---- uplinks ---- */

#define OWNED \
	"sysctl net/ipv6/conf/wlan0/accept_ra = 0", "sysctl net/ipv6/conf/all/forwarding = 1", \
	"sysctl net/ipv6/conf/wlan0/forwarding = 0", "sysctl net/ipv4/conf/wlan0/arp_ignore = 1"
#define MANAGED \
	"sysctl net/ipv6/conf/all/forwarding = 1", "sysctl net/ipv6/conf/wwan0/forwarding = 0", \
	"sysctl net/ipv4/conf/wwan0/arp_ignore = 1"

static struct uplink_state on_link1(const struct mn_world *w, unsigned i)
{
	return (struct uplink_state){ .conf = &w->uplink[i], .index = i, .has_coa = true,
				      .has_router = true, .coa = ip6(COA1),
				      .router = ip6(ROUTER1), .link = pfx(LINK1) };
}

static void test_owned_uplink_has_its_address_table_and_rule(void **state)
{
	struct kplan p = { 0 };
	struct uplink_state u;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	u = on_link1(&w, 0);
	assert_int_equal(mn_plan_uplink(&w.c, &u, &p), 0);
	EXPECT(&p, OWNED,
	       "addr 2001:db8:f1::c/64 dev wlan0 nodad noprefixroute",
	       "route 2001:db8:f1::/64 dev wlan0 table 6000 metric 1024",
	       "rule ipv6 pref 6002 from 2001:db8:f1::c/128 to any iif lo lookup 6000",
	       "rule ipv6 pref 6003 from 2001:db8:f1::c/128 to any prohibit",
	       "route ::/0 via fe80::f1 dev wlan0 table 6000 metric 1024",
	       "route ::/0 unreachable table 6000 metric 65535");
	kplan_free(&p);
}

static void test_old_care_of_address_stays_deprecated_until_released(void **state)
{
	struct kplan p = { 0 };
	struct uplink_state u;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	u = on_link1(&w, 0);
	u.has_old = true;
	u.old_coa = ip6(COA2);
	u.old_router = ip6(ROUTER2);
	u.old_link = pfx(LINK2);
	assert_int_equal(mn_plan_uplink(&w.c, &u, &p), 0);
	EXPECT(&p, OWNED,
	       "addr 2001:db8:f1::c/64 dev wlan0 nodad noprefixroute",
	       "route 2001:db8:f1::/64 dev wlan0 table 6000 metric 1024",
	       "rule ipv6 pref 6002 from 2001:db8:f1::c/128 to any iif lo lookup 6000",
	       "rule ipv6 pref 6003 from 2001:db8:f1::c/128 to any prohibit",
	       "addr 2001:db8:f2::c/64 dev wlan0 nodad noprefixroute deprecated",
	       "route 2001:db8:f2::/64 dev wlan0 table 6000 metric 1024",
	       "rule ipv6 pref 6002 from 2001:db8:f2::c/128 to any iif lo lookup 6000",
	       "rule ipv6 pref 6003 from 2001:db8:f2::c/128 to any prohibit",
	       "route ::/0 via fe80::f1 dev wlan0 table 6000 metric 1024",
	       "route ::/0 unreachable table 6000 metric 65535");
	kplan_free(&p);
	/* at home, or new address not yet usable: the old one with its own router */
	u.coa_tentative = true;
	u.has_router = false;
	assert_int_equal(mn_plan_uplink(&w.c, &u, &p), 0);
	EXPECT(&p, OWNED,
	       "addr 2001:db8:f2::c/64 dev wlan0 nodad noprefixroute deprecated",
	       "route 2001:db8:f2::/64 dev wlan0 table 6000 metric 1024",
	       "rule ipv6 pref 6002 from 2001:db8:f2::c/128 to any iif lo lookup 6000",
	       "rule ipv6 pref 6003 from 2001:db8:f2::c/128 to any prohibit",
	       "route ::/0 via fe80::f2 dev wlan0 table 6000 metric 1024",
	       "route ::/0 unreachable table 6000 metric 65535");
	kplan_free(&p);
}

static void test_care_of_address_on_request_if_the_kernel_can(void **state)
{
	struct kplan p = { 0 };
	struct uplink_state u;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	w.c.coa_on_request = true;
	u = on_link1(&w, 0);
	u.has_old = true;		/* which nobody gets who does not name it */
	u.old_coa = ip6(COA2);
	u.old_router = ip6(ROUTER2);
	u.old_link = pfx(LINK2);
	assert_int_equal(mn_plan_uplink(&w.c, &u, &p), 0);
	EXPECT(&p, OWNED,
	       "addr 2001:db8:f1::c/64 dev wlan0 nodad noprefixroute",
	       "route 2001:db8:f1::/64 dev wlan0 table 6000 metric 1024",
	       "rule ipv6 pref 6002 from 2001:db8:f1::c/128 to any iif lo lookup 6000 find-source",
	       "rule ipv6 pref 6003 from 2001:db8:f1::c/128 to any prohibit",
	       "addr 2001:db8:f2::c/64 dev wlan0 nodad noprefixroute deprecated",
	       "route 2001:db8:f2::/64 dev wlan0 table 6000 metric 1024",
	       "rule ipv6 pref 6002 from 2001:db8:f2::c/128 to any iif lo lookup 6000",
	       "rule ipv6 pref 6003 from 2001:db8:f2::c/128 to any prohibit",
	       "route ::/0 via fe80::f1 dev wlan0 table 6000 metric 1024",
	       "route ::/0 unreachable table 6000 metric 65535");
	kplan_free(&p);
}

static void test_uplink_without_a_usable_address_has_only_its_settings(void **state)
{
	struct kplan p = { 0 };
	struct uplink_state u;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	u = on_link1(&w, 0);
	u.coa_tentative = true;
	assert_int_equal(mn_plan_uplink(&w.c, &u, &p), 0);
	EXPECT(&p, OWNED);
	kplan_free(&p);
	u.has_coa = u.coa_tentative = false;
	assert_int_equal(mn_plan_uplink(&w.c, &u, &p), 0);
	EXPECT(&p, OWNED);
	kplan_free(&p);
	w.c.router = false;
	w.home[0].n_prefix = 1;		/* and no IPv4 */
	assert_int_equal(mn_plan_uplink(&w.c, &u, &p), 0);
	EXPECT(&p, "sysctl net/ipv6/conf/wlan0/accept_ra = 0");
	kplan_free(&p);
}

static void test_managed_uplink_keeps_its_address_and_gets_an_on_link_rule(void **state)
{
	struct kplan p = { 0 };
	struct uplink_state u;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	u = on_link1(&w, 1);
	assert_int_equal(mn_plan_uplink(&w.c, &u, &p), 0);
	EXPECT(&p, MANAGED,
	       "route 2001:db8:f1::/64 dev wwan0 table 6001 metric 1024",
	       "rule ipv6 pref 6002 from 2001:db8:f1::c/128 to any iif lo lookup 6001",
	       "rule ipv6 pref 6003 from 2001:db8:f1::c/128 to any prohibit",
	       "route ::/0 via fe80::f1 dev wwan0 table 6001 metric 1024",
	       "route ::/0 unreachable table 6001 metric 65535",
	       "rule ipv6 pref 6005 from any to 2001:db8:f1::/64 lookup 6500");
	kplan_free(&p);
	u.router = in6addr_any;		/* PPP: a default without a router */
	assert_int_equal(mn_plan_uplink(&w.c, &u, &p), 0);
	assert_true(has(&p, "route ::/0 dev wwan0 table 6001 metric 1024"));
	kplan_free(&p);
}

static void test_prefix_that_is_not_on_link_gives_a_bare_address(void **state)
{
	struct kplan p = { 0 };
	struct uplink_state u;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	u = on_link1(&w, 0);
	u.link = (struct prefix){ 0 };
	assert_int_equal(mn_plan_uplink(&w.c, &u, &p), 0);
	EXPECT(&p, OWNED,
	       "addr 2001:db8:f1::c/128 dev wlan0 nodad noprefixroute",
	       "rule ipv6 pref 6002 from 2001:db8:f1::c/128 to any iif lo lookup 6000",
	       "rule ipv6 pref 6003 from 2001:db8:f1::c/128 to any prohibit",
	       "route ::/0 via fe80::f1 dev wlan0 table 6000 metric 1024",
	       "route ::/0 unreachable table 6000 metric 65535");
	kplan_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_is_device_sysctls_routing_header_state_and_rules),
		cmocka_unit_test(test_host_forwards_nothing_and_claims_no_ipv4_without_a_prefix),
		cmocka_unit_test(test_ipv4_goes_to_the_first_home_that_has_a_prefix),
		cmocka_unit_test(test_default_is_a_home_that_is_preferred_and_there),
		cmocka_unit_test(test_owned_uplink_has_its_address_table_and_rule),
		cmocka_unit_test(test_old_care_of_address_stays_deprecated_until_released),
		cmocka_unit_test(test_care_of_address_on_request_if_the_kernel_can),
		cmocka_unit_test(test_uplink_without_a_usable_address_has_only_its_settings),
		cmocka_unit_test(test_managed_uplink_keeps_its_address_and_gets_an_on_link_rule),
		cmocka_unit_test(test_prefix_that_is_not_on_link_gives_a_bare_address),
	};

	return cmocka_run_group_tests_name("plan_mn", tests, NULL, NULL);
}
