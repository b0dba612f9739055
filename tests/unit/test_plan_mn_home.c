/* SPDX-License-Identifier: BSD-2-Clause */
/* A mobile router's registrations as kernel objects. */
#include "plan_mn_help.h"

#include <errno.h>
#include <linux/rtnetlink.h>

static struct home_state home_off(const struct mn_world *w)
{
	return (struct home_state){ .conf = &w->home[0], .now_dev = "mip0a", .before_dev = "mip0b",
				    .ipv4 = true, .src4 = ip4(OWN4) };
}

static struct carrier tunnel(const char *coa)
{
	return (struct carrier){ .kind = CARRIER_IP6TNL, .local = loc(coa), .remote = loc(HA1) };
}

/* What comes out of a tunnel and is not for us or a prefix of ours. */
#define STRANGERS(dev) \
	"rule ipv6 pref 6004 from any to any iif " dev " prohibit", \
	"rule ipv4 pref 6004 from any to any iif " dev " prohibit"

/* What the home address sends to groups; the kernel looks into table 255 before any rule. */
#define GROUPS(half, to) "route " half "/9 of 2001:db8:280::beef/128 " to " table 255 metric "
#define GROUPS_TO(dev) \
	GROUPS("ff00::", "dev " dev) "1024", GROUPS("ff80::", "dev " dev) "1024"
#define NOT_TO(ifindex) \
	"xfrm policy out prio 0x6d00 src 2001:db8:280::beef/128 dst ff00::/8 proto 0" ifindex " block"

#define ALWAYS \
	"addr 2001:db8:280::beef/128 dev mip0 nodad home", \
	"route ::/0 unreachable table 6500 metric 65535", \
	"route 0.0.0.0/0 unreachable table 6500 metric 65535", \
	"route 2001:db8:281::/64 unreachable table 6500 metric 65535", \
	"route 10.0.0.0/24 unreachable table 6500 metric 65535", \
	GROUPS("ff00::", "unreachable") "65535", GROUPS("ff80::", "unreachable") "65535", \
	"rule ipv6 pref 6008 from 2001:db8:280::beef/128 to any iif lo lookup 6500", \
	"rule ipv6 pref 6009 from 2001:db8:280::beef/128 to any prohibit", \
	"rule ipv6 pref 6008 from 2001:db8:281::/64 to any lookup 6500", \
	"rule ipv4 pref 6008 from 10.0.0.0/24 to any lookup 6500"

static void test_off_everything_is_unreachable(void **state)
{
	struct kplan p = { 0 };
	struct home_state h;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	h = home_off(&w);
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	EXPECT(&p, ALWAYS);
	kplan_free(&p);
}

static void test_first_registration_holds_packets_until_the_tunnel_carries(void **state)
{
	struct kplan p = { 0 };
	struct home_state h;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	h = home_off(&w);
	h.where = MN_AWAY;
	h.now = tunnel(COA1);
	h.receive = h.hold = true;
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	EXPECT(&p, ALWAYS,
	       "link mip0a ip6tnl local 2001:db8:f1::c remote 2001:db8:280::1",
	       STRANGERS("mip0a"),
	       GROUPS_TO("mip0"),
	       "route ::/0 dev mip0 table 6500 metric 1024 src 2001:db8:280::beef/128",
	       "route 0.0.0.0/0 dev mip0 table 6500 metric 1024 src 10.0.0.1/32");
	kplan_free(&p);
	h.hold = false;			/* too long */
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	EXPECT(&p, ALWAYS, "link mip0a ip6tnl local 2001:db8:f1::c remote 2001:db8:280::1",
	       STRANGERS("mip0a"));
	kplan_free(&p);
	h.carry = true;
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	EXPECT(&p, ALWAYS,
	       "link mip0a ip6tnl local 2001:db8:f1::c remote 2001:db8:280::1",
	       STRANGERS("mip0a"),
	       GROUPS_TO("mip0a"),
	       "route ::/0 dev mip0a table 6500 metric 1024 src 2001:db8:280::beef/128",
	       "route 0.0.0.0/0 dev mip0a table 6500 metric 1024 src 10.0.0.1/32");
	kplan_free(&p);
}

static void test_old_tunnel_carries_until_the_answer(void **state)
{
	struct kplan p = { 0 };
	struct home_state h;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	h = home_off(&w);
	h.where = MN_AWAY;
	h.now = tunnel(COA2);
	h.before = tunnel(COA1);
	h.receive = h.hold = true;
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	EXPECT(&p, ALWAYS,
	       "link mip0a ip6tnl local 2001:db8:f2::c remote 2001:db8:280::1",
	       STRANGERS("mip0a"),
	       "link mip0b ip6tnl local 2001:db8:f1::c remote 2001:db8:280::1",
	       STRANGERS("mip0b"),
	       GROUPS_TO("mip0b"),
	       "route ::/0 dev mip0b table 6500 metric 1024 src 2001:db8:280::beef/128",
	       "route 0.0.0.0/0 dev mip0b table 6500 metric 1024 src 10.0.0.1/32");
	kplan_free(&p);
}

static void test_no_plan_of_a_node_away_has_a_way_out_beside_the_tunnel(void **state)
{
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	for (unsigned bits = 0; bits < 32; bits++) {
		struct kplan p = { 0 };
		struct home_state h = home_off(&w);

		h.where = bits & 1 ? MN_AWAY : MN_OFF;
		h.receive = bits & 2;
		h.carry = bits & 4;
		h.now = tunnel(COA2);
		if (bits & 8)
			h.before = tunnel(COA1);
		h.hold = bits & 16;
		assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
		for (size_t i = 0; i < p.n; i++) {
			const struct k_route *r = &p.obj[i].route;

			if (p.obj[i].kind != KOBJ_ROUTE || r->type == RTN_UNREACHABLE)
				continue;
			assert_true(strncmp(r->dev, "mip0", 4) == 0);
			assert_false(r->has_via);
		}
		assert_int_equal(count(&p, "wlan0"), 0);
		assert_int_equal(count(&p, "/0 unreachable table 6500"), 2);
		kplan_free(&p);
	}
}

static void test_home_agent_without_ipv4_leaves_ipv4_unreachable(void **state)
{
	struct kplan p = { 0 };
	struct home_state h;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	h = home_off(&w);
	h.where = MN_AWAY;
	h.now = tunnel(COA1);
	h.receive = h.carry = true;
	h.ipv4 = false;
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	assert_int_equal(count(&p, "route 0.0.0.0/0 dev"), 0);
	assert_true(has(&p, "route 0.0.0.0/0 unreachable table 6500 metric 65535"));
	assert_int_equal(count(&p, "route ::/0 dev mip0a"), 1);
	kplan_free(&p);
}

static void test_refused_prefix_alone_is_kept_out_of_the_tunnel(void **state)
{
	struct kplan p = { 0 };
	struct home_state h;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	w.mnp[2] = mnp_conf(NET4B, PREFIX_EXPLICIT, "lan1");
	w.home[0].n_prefix = 3;
	h = home_off(&w);
	h.where = MN_AWAY;
	h.now = tunnel(COA1);
	h.receive = h.carry = true;
	h.refused = BIT64(2);
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	assert_true(has(&p, "rule ipv4 pref 6008 from 10.1.0.0/16 to any prohibit"));
	assert_true(has(&p, "rule ipv4 pref 6008 from 10.0.0.0/24 to any lookup 6500"));
	assert_int_equal(count(&p, "ipv4 pref 6008"), 2);
	assert_int_equal(count(&p, "from 10.0.0.0/24 to any prohibit"), 0);
	kplan_free(&p);
}

/* The device lets IPv4 in whoever it is for, and a router forwards it. */
static void test_ipv4_from_the_tunnel_is_refused_without_a_prefix_too(void **state)
{
	struct kplan p = { 0 };
	struct home_state h;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	w.home[0].n_prefix = 1;
	h = home_off(&w);
	h.where = MN_AWAY;
	h.now = tunnel(COA1);
	h.receive = h.carry = true;
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	assert_true(has(&p, "rule ipv4 pref 6004 from any to any iif mip0a prohibit"));
	kplan_free(&p);
}

static void test_home_without_ipv4_prefix_has_no_ipv4_objects(void **state)
{
	struct kplan p = { 0 };
	struct home_state h;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	h = (struct home_state){ .conf = &w.home[1] };
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	EXPECT(&p,
	       "addr 2001:db8:290::77/128 dev mip0 nodad home",
	       "route ::/0 unreachable table 6501 metric 65535",
	       "route ff00::/9 of 2001:db8:290::77/128 unreachable table 255 metric 65535",
	       "route ff80::/9 of 2001:db8:290::77/128 unreachable table 255 metric 65535",
	       "rule ipv6 pref 6008 from 2001:db8:290::77/128 to any iif lo lookup 6501",
	       "rule ipv6 pref 6009 from 2001:db8:290::77/128 to any prohibit");
	kplan_free(&p);
}

/* RFC 6275 11.3.4: a program may name the link that it sends to a group on. */
static void test_groups_get_nothing_from_the_home_address_on_a_link_that_is_not_home(void **state)
{
	const int foreign[] = { 7, 9 };
	struct kplan p = { 0 };
	struct home_state h;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	h = home_off(&w);
	h.foreign = foreign;
	h.n_foreign = 2;
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	assert_true(has(&p, NOT_TO(" ifindex 7")));
	assert_true(has(&p, NOT_TO(" ifindex 9")));
	kplan_free(&p);
	h.where = MN_HOME;
	h.carry = true;
	h.n_foreign = 1;
	strcpy(h.home_dev, "wlan0");	/* also before a router there is known */
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	assert_int_equal(count(&p, "/9 of 2001:db8:280::beef/128 dev wlan0"), 2);
	assert_int_equal(count(&p, "block"), 1);
	kplan_free(&p);
}

static void test_a_kernel_without_routes_by_source_refuses_groups_while_away(void **state)
{
	const int foreign[] = { 7, 9 };
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	w.c.routes_by_source = false;
	for (int where = MN_OFF; where <= MN_HOME; where++) {
		struct home_state h = home_off(&w);
		struct kplan p = { 0 };

		h.where = where;
		h.carry = true;
		h.now = tunnel(COA1);
		h.foreign = foreign;
		h.n_foreign = 2;
		strcpy(h.home_dev, "wlan0");
		assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
		assert_int_equal(count(&p, "route ff"), 0);
		assert_int_equal(has(&p, NOT_TO("")), where != MN_HOME);
		assert_int_equal(count(&p, "block"), where != MN_HOME);
		kplan_free(&p);
	}
}

static void test_coming_home_the_tunnel_carries_until_the_answer(void **state)
{
	struct kplan p = { 0 };
	struct home_state h;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	h = home_off(&w);
	h.where = MN_HOME;
	h.now.remote = loc(HA1);
	h.before = tunnel(COA1);
	strcpy(h.home_dev, "wlan0");
	h.home_router = ip6(HOME_ROUTER);
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	EXPECT(&p, ALWAYS,
	       "link mip0b ip6tnl local 2001:db8:f1::c remote 2001:db8:280::1",
	       STRANGERS("mip0b"),
	       "addr 2001:db8:280::beef/64 dev wlan0 nodad home noprefixroute",
	       "route 2001:db8:280::1/128 dev wlan0 table 6500 metric 1024",
	       GROUPS_TO("mip0b"),
	       "route ::/0 dev mip0b table 6500 metric 1024 src 2001:db8:280::beef/128",
	       "route 0.0.0.0/0 dev mip0b table 6500 metric 1024 src 10.0.0.1/32");
	kplan_free(&p);
	h.before.kind = CARRIER_NONE;
	h.carry = true;
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	EXPECT(&p, ALWAYS,
	       "addr 2001:db8:280::beef/64 dev wlan0 nodad home noprefixroute",
	       "route 2001:db8:280::1/128 dev wlan0 table 6500 metric 1024",
	       "route 2001:db8:280::/64 dev wlan0 table 6500 metric 1024",
	       GROUPS_TO("wlan0"),
	       "route ::/0 via fe80::1 dev wlan0 table 6500 metric 1024"
	       " src 2001:db8:280::beef/128",
	       "route 0.0.0.0/0 via fe80::1 dev wlan0 table 6500 metric 1024 src 10.0.0.1/32");
	kplan_free(&p);
}

static void test_home_agent_is_the_router_if_no_other_is_known(void **state)
{
	struct kplan p = { 0 };
	struct home_state h;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	h = home_off(&w);
	h.where = MN_HOME;
	h.carry = true;
	h.now.remote = loc(HA1);
	strcpy(h.home_dev, "wlan0");
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	assert_true(has(&p, "route ::/0 via 2001:db8:280::1 dev wlan0 table 6500 metric 1024"
			" src 2001:db8:280::beef/128 onlink"));
	kplan_free(&p);
}

static void test_link_local_address_of_the_binding_is_ours_at_home(void **state)
{
	struct kplan p = { 0 };
	struct home_state h;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	h = home_off(&w);
	h.where = MN_HOME;
	h.link_local = true;
	h.now.remote = loc(HA1);
	strcpy(h.home_dev, "wlan0");
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	assert_true(has(&p, "addr fe80::beef/64 dev wlan0 nodad"));
	kplan_free(&p);
}

/* The home address is on the logical device in every plan, so no switch takes it away. */
static void test_home_address_never_leaves_the_logical_device(void **state)
{
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	for (int where = MN_OFF; where <= MN_HOME; where++) {
		struct home_state h = home_off(&w);
		struct kplan p = { 0 };

		h.where = where;
		h.carry = true;
		h.now = tunnel(COA1);
		strcpy(h.home_dev, "wlan0");
		assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
		assert_string_equal(KOBJ(&p.obj[0]),
				    "addr 2001:db8:280::beef/128 dev mip0 nodad home");
		kplan_free(&p);
	}
}

static void test_carriers_that_are_not_built_are_refused(void **state)
{
	static const struct { uint8_t kind; int rc; } row[] = {
		{ CARRIER_IP6TNL, 0 }, { CARRIER_IP6GRE, 0 }, { CARRIER_NONE, -EOPNOTSUPP },
		{ CARRIER_IP4, -EOPNOTSUPP }, { CARRIER_UDP, -EOPNOTSUPP },
		{ CARRIER_ESP, -EOPNOTSUPP },
	};
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct home_state h = home_off(&w);
		struct kplan p = { 0 };

		h.where = MN_AWAY;
		h.receive = true;
		h.now = tunnel(COA1);
		h.now.kind = row[i].kind;
		h.now.key = row[i].kind == CARRIER_IP6GRE ? 77 : 0;
		assert_int_equal(mn_plan_home(&w.c, &h, &p), row[i].rc);
		assert_int_equal(count(&p, "ip6gre local " COA1 " remote " HA1 " key 77"),
				 row[i].kind == CARRIER_IP6GRE);
		kplan_free(&p);
	}
}

static void test_tunnel_of_another_home_is_used_by_its_name(void **state)
{
	struct kplan p = { 0 };
	struct home_state h;
	struct mn_world w;

	(void)state;
	mn_world_make(&w);
	h = home_off(&w);
	h.where = MN_AWAY;
	h.receive = true;
	h.now = tunnel(COA2);
	h.before = tunnel(COA1);
	strcpy(h.now_dev, "mip3c");
	strcpy(h.before_dev, "mip4a");
	assert_int_equal(mn_plan_home(&w.c, &h, &p), 0);
	assert_int_equal(count(&p, "link mip3c ip6tnl local 2001:db8:f2::c"), 1);
	assert_int_equal(count(&p, "link mip4a ip6tnl local 2001:db8:f1::c"), 1);
	assert_int_equal(count(&p, "dev mip4a"), 4);
	kplan_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off_everything_is_unreachable),
		cmocka_unit_test(test_first_registration_holds_packets_until_the_tunnel_carries),
		cmocka_unit_test(test_old_tunnel_carries_until_the_answer),
		cmocka_unit_test(test_no_plan_of_a_node_away_has_a_way_out_beside_the_tunnel),
		cmocka_unit_test(test_home_agent_without_ipv4_leaves_ipv4_unreachable),
		cmocka_unit_test(test_refused_prefix_alone_is_kept_out_of_the_tunnel),
		cmocka_unit_test(test_ipv4_from_the_tunnel_is_refused_without_a_prefix_too),
		cmocka_unit_test(test_home_without_ipv4_prefix_has_no_ipv4_objects),
		cmocka_unit_test(
			test_groups_get_nothing_from_the_home_address_on_a_link_that_is_not_home),
		cmocka_unit_test(test_a_kernel_without_routes_by_source_refuses_groups_while_away),
		cmocka_unit_test(test_coming_home_the_tunnel_carries_until_the_answer),
		cmocka_unit_test(test_home_agent_is_the_router_if_no_other_is_known),
		cmocka_unit_test(test_link_local_address_of_the_binding_is_ours_at_home),
		cmocka_unit_test(test_home_address_never_leaves_the_logical_device),
		cmocka_unit_test(test_carriers_that_are_not_built_are_refused),
		cmocka_unit_test(test_tunnel_of_another_home_is_used_by_its_name),
	};

	return cmocka_run_group_tests_name("plan_mn_home", tests, NULL, NULL);
}
