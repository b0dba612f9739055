/* SPDX-License-Identifier: BSD-2-Clause */
/* A home agent's plans, object by object, as text. */
#include "plan_ha_help.h"

/* ---- base ---- */

static void test_base_has_device_sysctls_and_wildcards(void **state)
{
	struct kplan p = { 0 };

	(void)state;
	assert_int_equal(ha_plan_base(&w.c, &p), 0);
	PLAN(&p, "sysctl net/ipv6/conf/all/forwarding = 1", "sysctl net/ipv4/ip_forward = 1",
	     "sysctl net/ipv4/conf/all/send_redirects = 0",
	     "sysctl net/ipv4/conf/h0/send_redirects = 0",
	     "sysctl net/ipv6/conf/all/proxy_ndp = 1",
	     "sysctl net/ipv6/conf/h0/proxy_ndp = 1",
	     "sysctl net/ipv6/neigh/h0/proxy_delay = 0",
	     "link mip6ha ip6tnl external mtu 1460 ingress",
	     "xfrm state src :: dst 2001:db8:280::1 proto hao coa :: wildrecv",
	     "xfrm policy in sub prio 0x6d00 src ::/0 dst 2001:db8:280::1/128 proto 135"
	     " tmpl hao :: any use tmpl route2 :: any use",
	     "xfrm state src :: dst 2001:db8:500::1 proto hao coa :: wildrecv",
	     "xfrm policy in sub prio 0x6d00 src ::/0 dst 2001:db8:500::1/128 proto 135"
	     " tmpl hao :: any use tmpl route2 :: any use");
}

static void test_base_forwards_ipv4_only_for_ipv4_prefixes(void **state)
{
	struct kobj o = { .kind = KOBJ_SYSCTL, .sysctl = { "net/ipv4/ip_forward", "" } };
	struct kplan p = { 0 };

	(void)state;
	for (size_t i = 0; i < w.c.n_node; i++)
		w.node[i].n_prefix = MIN(w.node[i].n_prefix, 1u);
	assert_int_equal(ha_plan_base(&w.c, &p), 0);
	assert_null(kplan_find(&p, &o));
	kplan_free(&p);
}

static void test_base_has_each_own_address_once(void **state)
{
	struct kplan p = { 0 };
	unsigned n = 0;

	(void)state;
	w.c.virtual_address = in6addr_any;	/* the link's serves the virtual prefix too */
	assert_int_equal(ha_plan_base(&w.c, &p), 0);
	for (size_t i = 0; i < p.n; i++)
		n += p.obj[i].kind == KOBJ_XSTATE;
	assert_int_equal(n, 1);
	kplan_free(&p);
}

static void test_base_by_carrier_and_mode(void **state)
{
	static const struct {
		uint8_t carrier;
		enum tunnel_mode mode;
		uint32_t key;
		int rc, kind;
		uint32_t mtu;
	} row[] = {
		{ CARRIER_IP6TNL, TUNNEL_SHARED, 0, 0, KLINK_IP6TNL_EXTERNAL, 1460 },
		{ CARRIER_IP6GRE, TUNNEL_SHARED, 0, 0, KLINK_IP6GRE_EXTERNAL, 1456 },
		{ CARRIER_IP6GRE, TUNNEL_SHARED, 7, 0, KLINK_IP6GRE_EXTERNAL, 1452 },
		{ CARRIER_IP6TNL, TUNNEL_DEVICE, 0, 0, -1, 0 },
		{ CARRIER_UDP, TUNNEL_SHARED, 0, -EOPNOTSUPP, -1, 0 },
		{ CARRIER_NONE, TUNNEL_SHARED, 0, -EOPNOTSUPP, -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct kobj o = { .kind = KOBJ_LINK, .link.name = HA_DEVICE };
		struct kplan p = { 0 };
		const struct kobj *l;

		w.c.carrier = row[i].carrier;
		w.c.tunnel = row[i].mode;
		w.node[0].gre_key = row[i].key;
		if (ha_plan_base(&w.c, &p) != row[i].rc)
			fail_msg("row %zu", i);
		l = kplan_find(&p, &o);
		if ((l ? l->link.kind : -1) != row[i].kind || (l && l->link.mtu != row[i].mtu))
			fail_msg("row %zu: %s", i, l ? KOBJ(l) : "no device");
		kplan_free(&p);
	}
}

static void test_wildcards_are_in_our_band(void **state)
{
	struct kplan p = { 0 };

	(void)state;
	assert_int_equal(ha_plan_base(&w.c, &p), 0);
	for (size_t i = 0; i < p.n; i++) {
		const struct kobj *o = &p.obj[i];

		if (o->kind == KOBJ_XSTATE)
			assert_true(o->xstate.reqid == 0 && o->xstate.proto == IPPROTO_DSTOPTS);
		if (o->kind == KOBJ_XPOLICY) {
			assert_int_equal(o->xpolicy.dir, XFRM_POLICY_IN);
			assert_int_equal(o->xpolicy.tmpl[0].proto, IPPROTO_DSTOPTS);
			assert_true(o->xpolicy.priority >= KOBJ_XFRM_PRIO &&
				    o->xpolicy.priority <= KOBJ_XFRM_PRIO + 0xff);
		}
	}
	kplan_free(&p);
}

/* ---- a node ---- */

/* RFC 6275 6.7, 9.3.1 */
static void test_solicitations_come_in_as_the_binding_says(void **state)
{
	struct binding b = binding(HOST, HA_ADDR, BU_H);
	struct kplan p = { 0 };

	(void)state;
	w.c.prefix_advertisements = true;
	assert_int_equal(plan_one(&w.c, world_node(&w, HOST), &b, &p), 0);
	assert_int_equal(p.n, 5);
	assert_string_equal(KOBJ(&p.obj[2]), "xfrm state src 2001:db8:280::cafe dst 2001:db8:280::1"
			    " proto hao coa 2001:db8:f1::2 data");
	assert_string_equal(KOBJ(&p.obj[3]), "xfrm policy in sub prio 0x6d02 src"
			    " 2001:db8:280::cafe/128 dst 2001:db8:280::1/128 proto 58"
			    " tmpl hao :: data use");
	kplan_free(&p);
}

static void test_bound_router_in_the_shared_device(void **state)
{
	struct binding b = binding(MR, HA_ADDR, BU_H | BU_R);
	struct kplan p = { 0 };

	(void)state;
	b.prefix[b.n_prefix++] = pfx(MNP1);
	b.prefix[b.n_prefix++] = pfx(NET4);
	b.slot = 3;
	assert_int_equal(plan_one(&w.c, world_node(&w, MR), &b, &p), 0);
	PLAN(&p,
	     "ingress 2001:db8:280::beef/128 from 2001:db8:f1::2 dev mip6ha"
	     " owner 2001:db8:280::beef",
	     "route 2001:db8:280::beef/128 dev mip6ha table 254 metric 2003"
	     " encap 2001:db8:f1::2 from 2001:db8:280::1",
	     "ingress 2001:db8:281::/64 from 2001:db8:f1::2 dev mip6ha"
	     " owner 2001:db8:280::beef",
	     "route 2001:db8:281::/64 dev mip6ha table 254 metric 2003"
	     " encap 2001:db8:f1::2 from 2001:db8:280::1",
	     "ingress 10.0.0.0/24 from 2001:db8:f1::2 dev mip6ha owner 2001:db8:280::beef",
	     "route 10.0.0.0/24 dev mip6ha table 254 metric 2003 encap 2001:db8:f1::2"
	     " from 2001:db8:280::1",
	     "proxy 2001:db8:280::beef dev h0 router");
}

static void test_bound_router_in_a_device_of_its_own(void **state)
{
	struct binding b = binding(MR, HA_ADDR, BU_H | BU_R);
	struct kplan p = { 0 };
	char name[IFNAMSIZ], link[128], in[160], route[160];

	(void)state;
	w.c.tunnel = TUNNEL_DEVICE;
	b.slot = 0;
	ha_tunnel_name(&b.key, name);
	snprintf(link, sizeof(link), "link %s ip6tnl local 2001:db8:280::1 remote 2001:db8:f1::2"
		 " mtu 1460 ingress", name);
	snprintf(in, sizeof(in), "ingress 2001:db8:280::beef/128 from none dev %s"
		 " owner 2001:db8:280::beef", name);
	snprintf(route, sizeof(route), "route 2001:db8:280::beef/128 dev %s table 254"
		 " metric 2000", name);
	assert_int_equal(plan_one(&w.c, world_node(&w, MR), &b, &p), 0);
	PLAN(&p, link, in, route, "proxy 2001:db8:280::beef dev h0 router");
}

/* The kernel sends nothing out of the device that it came into. */
static void test_node_behind_a_router_of_ours_has_another_device(void **state)
{
	struct binding b = binding(MR2, HA_ADDR, BU_H), other = binding(HOST, HA_ADDR, BU_H);
	struct kplan p = { 0 };
	struct kobj link = { .kind = KOBJ_LINK };
	char name[IFNAMSIZ], same[IFNAMSIZ];

	(void)state;
	assert_true(ha_device(&w.c, &b, name));
	assert_string_equal(name, HA_DEVICE);
	b.coa.a.in6 = other.coa.a.in6 = world_node(&w, MR)->prefixes[0].a.in6;
	b.coa.a.in6.s6_addr[15] = other.coa.a.in6.s6_addr[15] = 7;
	assert_false(ha_device(&w.c, &b, name));
	assert_string_not_equal(name, HA_DEVICE);
	/* the kernel has one tunnel for a pair of addresses: all home addresses there share it */
	assert_false(ha_device(&w.c, &other, same));
	assert_string_equal(name, same);
	assert_int_equal(plan_one(&w.c, world_node(&w, MR2), &b, &p), 0);
	memcpy(link.link.name, name, sizeof(name));
	assert_non_null(kplan_find(&p, &link));
	for (size_t i = 0; i < p.n; i++)
		if (p.obj[i].kind == KOBJ_ROUTE) {
			assert_string_equal(p.obj[i].route.dev, name);
			assert_int_equal(p.obj[i].route.encap.kind, CARRIER_NONE);
		}
	kplan_free(&p);
	/* with a device for each binding there is nothing to do */
	w.c.tunnel = TUNNEL_DEVICE;
	assert_false(ha_device(&w.c, &b, name));
	ha_tunnel_name(&b.key, same);
	assert_string_equal(name, same);
}

static void test_gre_key_is_in_the_carrier(void **state)
{
	struct binding b = binding(MR, HA_ADDR, BU_H);
	struct mobile_node *n = world_node(&w, MR);
	struct carrier c;

	(void)state;
	n->gre_key = 42;
	c = ha_carrier(&w.c, n, &b);
	assert_int_equal(c.key, 0);	/* ip6tnl has none */
	w.c.carrier = CARRIER_IP6GRE;
	c = ha_carrier(&w.c, n, &b);
	assert_int_equal(c.key, 42);
	assert_int_equal(c.kind, CARRIER_IP6GRE);
	assert_true(locator_eq(&c.remote, &b.coa));
	assert_true(in6_eq(&c.local.a.in6, &b.local));
}

static void test_proxy_says_router_for_routers_only(void **state)
{
	static const struct { uint16_t flags; bool router, ll; } row[] = {
		{ BU_H, false, false }, { BU_H | BU_R, true, false },
		{ BU_H | BU_L, false, true }, { BU_H | BU_R | BU_L, true, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct binding b = binding(MR, HA_ADDR, row[i].flags);
		struct kobj hoa = { .kind = KOBJ_PROXY, .proxy = { "h0", ip6(MR), false } };
		struct kobj ll = { .kind = KOBJ_PROXY,
				   .proxy = { "h0", ip6("fe80::beef"), false } };
		struct kplan p = { 0 };
		const struct kobj *o;

		assert_int_equal(plan_one(&w.c, world_node(&w, MR), &b, &p), 0);
		o = kplan_find(&p, &hoa);
		assert_non_null(o);
		assert_int_equal(o->proxy.router, row[i].router);
		o = kplan_find(&p, &ll);
		assert_int_equal(o != NULL, row[i].ll);
		if (o)
			assert_int_equal(o->proxy.router, row[i].router);
		kplan_free(&p);
	}
}

static void test_nothing_link_local_goes_into_the_tunnel(void **state)
{
	struct binding b = binding(MR, HA_ADDR, BU_H | BU_R | BU_L);
	struct kplan p = { 0 };

	(void)state;
	assert_int_equal(plan_one(&w.c, world_node(&w, MR), &b, &p), 0);
	for (size_t i = 0; i < p.n; i++) {
		const struct kobj *o = &p.obj[i];

		if (o->kind == KOBJ_ROUTE)
			assert_false(IN6_IS_ADDR_LINKLOCAL(&o->route.dst.a.in6));
		if (o->kind == KOBJ_INGRESS)
			assert_false(IN6_IS_ADDR_LINKLOCAL(&o->ingress.inner.a.in6));
	}
	assert_int_equal(p.obj[p.n - 1].kind, KOBJ_PROXY);
	assert_true(IN6_IS_ADDR_LINKLOCAL(&p.obj[p.n - 1].proxy.addr));
	kplan_free(&p);
}

static void test_home_prefix_on_no_link_has_no_proxy(void **state)
{
	struct binding b = binding(VMR, VIRTUAL_HA, BU_H | BU_R | BU_L);
	struct kplan p = { 0 };

	(void)state;
	b.slot = 0;
	assert_int_equal(plan_one(&w.c, world_node(&w, VMR), &b, &p), 0);
	PLAN(&p, "ingress 2001:db8:500::9/128 from 2001:db8:f1::2 dev mip6ha"
		 " owner 2001:db8:500::9",
	     "route 2001:db8:500::9/128 dev mip6ha table 254 metric 2000 encap 2001:db8:f1::2"
	     " from 2001:db8:500::1");
}

static void test_node_at_home_is_a_router_of_the_link(void **state)
{
	struct mobile_node *n = world_node(&w, MR);
	struct kplan p = { 0 };

	(void)state;
	n->slot = 5;
	assert_int_equal(plan_one(&w.c, n, NULL, &p), 0);
	PLAN(&p, "route 2001:db8:281::/64 via 2001:db8:280::beef dev h0 table 254 metric 2005",
	     "route 2001:db8:282::/64 via 2001:db8:280::beef dev h0 table 254 metric 2005",
	     "route 10.0.0.0/24 via 2001:db8:280::beef dev h0 table 254 metric 2005",
	     "route 10.1.0.0/16 via 2001:db8:280::beef dev h0 table 254 metric 2005");
	/* nothing for a host, a home on no link, or if it is switched off */
	assert_int_equal(plan_one(&w.c, world_node(&w, HOST), NULL, &p), 0);
	assert_int_equal(plan_one(&w.c, world_node(&w, VMR), NULL, &p), 0);
	w.c.home_routes = false;
	assert_int_equal(plan_one(&w.c, n, NULL, &p), 0);
	assert_int_equal(p.n, 0);
}

static void test_move_home_replaces_the_same_routes(void **state)
{
	struct mobile_node *n = world_node(&w, MR);
	struct binding b = binding(MR, HA_ADDR, BU_H | BU_R);
	struct kplan away = { 0 }, home = { 0 };
	unsigned same = 0;

	(void)state;
	for (size_t i = 0; i < n->n_prefix; i++)
		b.prefix[b.n_prefix++] = n->prefixes[i];
	assert_int_equal(plan_one(&w.c, n, &b, &away), 0);
	assert_int_equal(plan_one(&w.c, n, NULL, &home), 0);
	for (size_t i = 0; i < home.n; i++)
		same += kplan_find(&away, &home.obj[i]) != NULL;
	assert_int_equal(same, 4);
	kplan_free(&away);
	kplan_free(&home);
}

/* What routing daemons see of a prefix is the same wherever its router is, and at home. */
static void test_announced_prefix_does_not_move(void **state)
{
	struct mobile_node *n = world_node(&w, MR);
	struct binding b = binding(MR, HA_ADDR, BU_H | BU_R);
	struct kplan p = { 0 }, home = { 0 };
	const struct kobj *o;

	(void)state;
	w.c.announce_table = 6275;
	b.slot = n->slot = 3;
	b.prefix[b.n_prefix++] = n->prefixes[0];
	b.prefix[b.n_prefix++] = n->prefixes[2];
	assert_int_equal(plan_one(&w.c, n, &b, &p), 0);
	assert_int_equal(p.n, 9);		/* not for the home address */
	assert_string_equal(KOBJ(&p.obj[4]),
			    "route 2001:db8:281::/64 unreachable table 6275 metric 2000");
	assert_string_equal(KOBJ(&p.obj[7]), "route 10.0.0.0/24 unreachable table 6275 metric 2000");
	assert_int_equal(plan_one(&w.c, n, NULL, &home), 0);
	for (size_t i = 4; i < 8; i += 3) {
		o = kplan_find(&home, &p.obj[i]);
		assert_non_null(o);
		assert_string_equal(KOBJ(o), KOBJ(&p.obj[i]));
	}
	kplan_free(&p);
	kplan_free(&home);
	w.c.home_routes = false;
	assert_int_equal(plan_one(&w.c, n, NULL, &home), 0);
	assert_int_equal(home.n, 0);
}

static void test_metric_spreads_by_slot(void **state)
{
	static const struct { uint32_t spread; unsigned slot; uint32_t metric; } row[] = {
		{ 4096, 0, 2000 }, { 4096, 4095, 6095 }, { 4096, 4096, 2000 }, { 0, 9, 2000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct binding b = binding(MR, HA_ADDR, BU_H);
		struct kplan p = { 0 };

		w.c.metric_spread = row[i].spread;
		b.slot = row[i].slot;
		assert_int_equal(plan_one(&w.c, world_node(&w, MR), &b, &p), 0);
		assert_int_equal(p.obj[1].route.metric, row[i].metric);
		kplan_free(&p);
	}
}

static void test_carriers_that_are_not_built_are_refused(void **state)
{
	struct binding b = binding(MR, HA_ADDR, BU_H);
	struct kplan p = { 0 };

	(void)state;
	w.c.carrier = CARRIER_ESP;
	assert_int_equal(plan_one(&w.c, world_node(&w, MR), &b, &p), -EOPNOTSUPP);
	w.c.carrier = CARRIER_IP6TNL;
	b.coa.udp_port = 4191;
	assert_int_equal(plan_one(&w.c, world_node(&w, MR), &b, &p), -EOPNOTSUPP);
	b.coa.udp_port = 0;
	b.coa.family = AF_INET;
	assert_int_equal(plan_one(&w.c, world_node(&w, MR), &b, &p), -EOPNOTSUPP);
	assert_int_equal(p.n, 0);
}

static void test_device_name_is_stable_and_differs_by_address_and_bid(void **state)
{
	struct bc_key k = { .hoa = ip6(MR) };
	char a[IFNAMSIZ], b[IFNAMSIZ];

	(void)state;
	ha_tunnel_name(&k, a);
	ha_tunnel_name(&k, b);
	assert_string_equal(a, b);
	assert_int_equal(strlen(a), 11);
	assert_memory_equal(a, "ha-", 3);
	k.bid = 1;
	ha_tunnel_name(&k, b);
	assert_string_not_equal(a, b);
	k.bid = 256;
	ha_tunnel_name(&k, a);
	assert_string_not_equal(a, b);
	k = (struct bc_key){ .hoa = ip6(HOST) };
	ha_tunnel_name(&k, b);
	assert_string_not_equal(a, b);
}

#define T(f)	cmocka_unit_test_setup(f, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_base_has_device_sysctls_and_wildcards),
		T(test_solicitations_come_in_as_the_binding_says),
		T(test_base_forwards_ipv4_only_for_ipv4_prefixes),
		T(test_base_has_each_own_address_once),
		T(test_base_by_carrier_and_mode),
		T(test_wildcards_are_in_our_band),
		T(test_bound_router_in_the_shared_device),
		T(test_bound_router_in_a_device_of_its_own),
		T(test_node_behind_a_router_of_ours_has_another_device),
		T(test_gre_key_is_in_the_carrier),
		T(test_proxy_says_router_for_routers_only),
		T(test_nothing_link_local_goes_into_the_tunnel),
		T(test_home_prefix_on_no_link_has_no_proxy),
		T(test_node_at_home_is_a_router_of_the_link),
		T(test_move_home_replaces_the_same_routes),
		T(test_announced_prefix_does_not_move),
		T(test_metric_spreads_by_slot),
		T(test_carriers_that_are_not_built_are_refused),
		T(test_device_name_is_stable_and_differs_by_address_and_bid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
