/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects: what is their key, what their value, how they read; plans as lists of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "base/util.h"
#include "plan/kobj.h"

static struct in6_addr a6(const char *s)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, s, &a), 1);
	return a;
}

static struct prefix px(const char *s)
{
	struct prefix p;

	assert_int_equal(prefix_parse(s, &p), 0);
	return p;
}

static struct locator lo(const char *s)
{
	struct in6_addr a = a6(s);

	return locator6(&a);
}

static struct kobj sysctl_obj(void)
{
	return (struct kobj){ .kind = KOBJ_SYSCTL,
			      .sysctl = { "net/ipv6/conf/eth0/proxy_ndp", "1" } };
}

static struct kobj link_obj(void)
{
	return (struct kobj){ .kind = KOBJ_LINK, .link = {
		.name = "ha-1", .kind = KLINK_IP6GRE, .mtu = 1400, .ingress = true,
		.carrier = { CARRIER_IP6GRE, lo("2001:db8::1"), lo("2001:db8:f::2"), 7 } } };
}

static struct kobj addr_obj(void)
{
	return (struct kobj){ .kind = KOBJ_ADDR, .addr = {
		.dev = "mip0", .addr = px("2001:db8:1::10/64"),
		.flags = IFA_F_NODAD | IFA_F_HOMEADDRESS } };
}

static struct kobj rule_obj(void)
{
	return (struct kobj){ .kind = KOBJ_RULE, .rule = {
		.family = AF_INET6, .pref = 6000, .from = px("2001:db8:f::/64"), .iif = "eth0",
		.fwmark = 1, .fwmask = 0xff, .table = 201, .suppress_plen = -1 } };
}

static struct kobj route_obj(void)
{
	return (struct kobj){ .kind = KOBJ_ROUTE, .route = {
		.table = 254, .metric = 2000, .dst = px("10.0.0.0/24"), .dev = "mip6ha",
		.encap = { CARRIER_IP6TNL, lo("2001:db8::1"), lo("2001:db8:f::2"), 0 } } };
}

static struct kobj xstate_obj(void)
{
	return (struct kobj){ .kind = KOBJ_XSTATE, .xstate = {
		.src = a6("2001:db8:1::10"), .dst = a6("2001:db8::1"), .coa = a6("2001:db8:f::2"),
		.proto = IPPROTO_DSTOPTS } };
}

static struct kobj xpolicy_obj(void)
{
	return (struct kobj){ .kind = KOBJ_XPOLICY, .xpolicy = {
		.sub = true, .priority = KOBJ_XFRM_PRIO + 10, .sel_src = px("::/0"),
		.sel_dst = px("2001:db8::1/128"), .sel_proto = IPPROTO_MH,
		.has_sel_type = true, .sel_type = 5, .n_tmpl = 2,
		.tmpl = { { .proto = IPPROTO_DSTOPTS, .use = true },
			  { .proto = IPPROTO_ROUTING, .reqid = KOBJ_XFRM_REQID_ANY } } } };
}

static struct kobj proxy_obj(void)
{
	return (struct kobj){ .kind = KOBJ_PROXY, .proxy = { "eth0", a6("2001:db8:1::10"), true } };
}

static struct kobj ingress_obj(void)
{
	return (struct kobj){ .kind = KOBJ_INGRESS, .ingress = {
		"mip6ha", px("10.0.0.0/24"), a6("2001:db8:1::10"), lo("2001:db8:f::2") } };
}

static struct kobj snet_obj(void)
{
	return (struct kobj){ .kind = KOBJ_SNET, .snet = {
		px("10.0.0.0/24"), a6("2001:db8:1::10") } };
}

static struct kobj spath_obj(void)
{
	return (struct kobj){ .kind = KOBJ_SPATH, .spath = {
		.owner = a6("2001:db8:1::10"), .bid = 2, .weight = 3, .dev = "mip6ha",
		.carrier = { CARRIER_IP6TNL, lo("2001:db8::1"), lo("2001:db8:f::2"), 0 },
		.fwmark = 2, .fwmask = 0xff } };
}

static struct kobj sflow_obj(void)
{
	struct kobj o = { .kind = KOBJ_SFLOW, .sflow = {
		.owner = a6("2001:db8:1::10"), .order = 10, .id = 4, .bid = { 2, 1 }, .weight = { 3, 1 },
		.sel = { .has = FLOWSEL_DPORT | FLOWSEL_PROTO, .dport_lo = 5060, .dport_hi = 5061,
			 .proto_lo = 17, .proto_hi = 17 } } };
	struct prefix from = px("2001:db8:2::/48");

	flowsel_src(&o.sflow.sel, &from);
	return o;
}

static struct kobj neigh_obj(void)
{
	return (struct kobj){ .kind = KOBJ_NEIGH, .neigh = {
		"eth0", a6("2001:db8:1::10"), 6, { 2, 0, 0, 0, 0xab, 9 } } };
}

static struct kobj (*const sample[])(void) = {
	[KOBJ_SYSCTL] = sysctl_obj, [KOBJ_LINK] = link_obj, [KOBJ_ADDR] = addr_obj,
	[KOBJ_RULE] = rule_obj, [KOBJ_ROUTE] = route_obj, [KOBJ_XSTATE] = xstate_obj,
	[KOBJ_XPOLICY] = xpolicy_obj, [KOBJ_PROXY] = proxy_obj, [KOBJ_INGRESS] = ingress_obj,
	[KOBJ_SNET] = snet_obj, [KOBJ_SPATH] = spath_obj, [KOBJ_SFLOW] = sflow_obj,
	[KOBJ_NEIGH] = neigh_obj,
};

/* One octet of a field turned over: another key, or the same key with another value. */
#define AT(k, m, is_key)	{ KOBJ_##k, offsetof(struct kobj, m), is_key, #m }

static void test_each_field_is_key_or_value(void **state)
{
	static const struct {
		enum kobj_kind kind;
		size_t at;
		bool key;
		const char *name;
	} row[] = {
		AT(SYSCTL, sysctl.path, true), AT(SYSCTL, sysctl.value, false),
		AT(LINK, link.name, true), AT(LINK, link.kind, false), AT(LINK, link.mtu, false),
		AT(LINK, link.ingress, false), AT(LINK, link.carrier.kind, false),
		AT(LINK, link.carrier.local.a, false), AT(LINK, link.carrier.remote.a, false),
		AT(LINK, link.carrier.key, false),
		AT(ADDR, addr.dev, true), AT(ADDR, addr.addr.a, true),
		AT(ADDR, addr.addr.plen, false), AT(ADDR, addr.flags, false),
		AT(ADDR, addr.deprecated, false),
		AT(RULE, rule.family, true), AT(RULE, rule.pref, true), AT(RULE, rule.from.a, true),
		AT(RULE, rule.to.family, true), AT(RULE, rule.iif, true),
		AT(RULE, rule.fwmark, true), AT(RULE, rule.fwmask, true),
		AT(RULE, rule.table, true), AT(RULE, rule.suppress_plen, true),
		AT(ROUTE, route.table, true), AT(ROUTE, route.metric, true),
		AT(ROUTE, route.dst.a, true), AT(ROUTE, route.dst.plen, true),
		AT(ROUTE, route.from.family, true),
		AT(ROUTE, route.type, false), AT(ROUTE, route.dev, false),
		AT(ROUTE, route.has_via, false), AT(ROUTE, route.onlink, false),
		AT(ROUTE, route.via, false), AT(ROUTE, route.src.family, false),
		AT(ROUTE, route.encap.remote.a, false), AT(ROUTE, route.mtu, false),
		AT(XSTATE, xstate.src, true), AT(XSTATE, xstate.dst, true),
		AT(XSTATE, xstate.proto, true), AT(XSTATE, xstate.reqid, true),
		AT(XSTATE, xstate.coa, false), AT(XSTATE, xstate.wildrecv, false),
		AT(XPOLICY, xpolicy.dir, true), AT(XPOLICY, xpolicy.sub, true),
		AT(XPOLICY, xpolicy.priority, true), AT(XPOLICY, xpolicy.sel_src.plen, true),
		AT(XPOLICY, xpolicy.sel_dst.a, true), AT(XPOLICY, xpolicy.sel_proto, true),
		AT(XPOLICY, xpolicy.sel_type, true), AT(XPOLICY, xpolicy.has_sel_type, true),
		AT(XPOLICY, xpolicy.ifindex, true), AT(XPOLICY, xpolicy.block, false),
		AT(XPOLICY, xpolicy.n_tmpl, false), AT(XPOLICY, xpolicy.tmpl[0].src, false),
		AT(XPOLICY, xpolicy.tmpl[0].dst, false), AT(XPOLICY, xpolicy.tmpl[0].proto, false),
		AT(XPOLICY, xpolicy.tmpl[0].use, false), AT(XPOLICY, xpolicy.tmpl[0].reqid, false),
		AT(XPOLICY, xpolicy.tmpl[1].src, false), AT(XPOLICY, xpolicy.tmpl[1].dst, false),
		AT(XPOLICY, xpolicy.tmpl[1].proto, false), AT(XPOLICY, xpolicy.tmpl[1].use, false),
		AT(XPOLICY, xpolicy.tmpl[1].reqid, false),
		AT(PROXY, proxy.dev, true), AT(PROXY, proxy.addr, true),
		AT(PROXY, proxy.router, false),
		AT(INGRESS, ingress.dev, true), AT(INGRESS, ingress.inner.a, true),
		AT(INGRESS, ingress.inner.plen, true), AT(INGRESS, ingress.owner, true),
		AT(INGRESS, ingress.outer.a, true),
		AT(SNET, snet.inner.a, true), AT(SNET, snet.inner.plen, true),
		AT(SNET, snet.owner, false),
		AT(SPATH, spath.owner, true), AT(SPATH, spath.bid, true),
		AT(SPATH, spath.weight, false), AT(SPATH, spath.side, false),
		AT(SPATH, spath.dev, false),
		AT(SPATH, spath.carrier.remote.a, false), AT(SPATH, spath.fwmark, false),
		AT(SPATH, spath.fwmask, false),
		AT(SFLOW, sflow.owner, true), AT(SFLOW, sflow.order, true), AT(SFLOW, sflow.id, false),
		AT(SFLOW, sflow.sel.has, false), AT(SFLOW, sflow.sel.src_lo, false),
		AT(SFLOW, sflow.sel.dport_hi, false), AT(SFLOW, sflow.sel.mask, false),
		AT(SFLOW, sflow.bid[1], false), AT(SFLOW, sflow.weight[7], false),
		AT(SFLOW, sflow.copy, false),
		AT(NEIGH, neigh.dev, true), AT(NEIGH, neigh.addr, true),
		AT(NEIGH, neigh.len, false), AT(NEIGH, neigh.lladdr[5], false),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct kobj a = sample[row[i].kind](), b = a;

		*((uint8_t *)&b + row[i].at) ^= 1;
		if (kobj_same(&a, &b) == row[i].key || kobj_equal(&a, &b))
			fail_msg("%s", row[i].name);
		if (!row[i].key)
			assert_int_equal(kobj_hash(&a), kobj_hash(&b));
		else if (kobj_hash(&a) == kobj_hash(&b))	/* FNV tells one octet */
			fail_msg("%s is not in the hash", row[i].name);
	}
}

static void test_objects_of_two_kinds_are_never_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sample); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(sample); j++) {
			struct kobj a = sample[i](), b = sample[j]();

			assert_int_equal(kobj_same(&a, &b), i == j);
			assert_int_equal(kobj_equal(&a, &b), i == j);
		}
	}
}

static void test_octets_behind_a_name_or_an_ipv4_address_do_not_count(void **state)
{
	struct kobj a = route_obj(), b = a, c = link_obj(), d = c;

	(void)state;
	b.route.dst.a.b[9] = 77;
	b.route.dev[sizeof(b.route.dev) - 1] = 'x';
	d.link.name[sizeof(d.link.name) - 1] = 'x';
	assert_true(kobj_equal(&a, &b));
	assert_int_equal(kobj_hash(&a), kobj_hash(&b));
	assert_true(kobj_same(&c, &d));
	assert_int_equal(kobj_hash(&c), kobj_hash(&d));
}

static void test_each_kind_reads_well(void **state)
{
	static const char *const text[] = {
		[KOBJ_SYSCTL] = "sysctl net/ipv6/conf/eth0/proxy_ndp = 1",
		[KOBJ_LINK] = "link ha-1 ip6gre local 2001:db8::1 remote 2001:db8:f::2 key 7"
			      " mtu 1400 ingress",
		[KOBJ_ADDR] = "addr 2001:db8:1::10/64 dev mip0 nodad home",
		[KOBJ_RULE] = "rule ipv6 pref 6000 from 2001:db8:f::/64 to any iif eth0"
			      " fwmark 0x1/0xff lookup 201",
		[KOBJ_ROUTE] = "route 10.0.0.0/24 dev mip6ha table 254 metric 2000"
			       " encap 2001:db8:f::2 from 2001:db8::1",
		[KOBJ_XSTATE] = "xfrm state src 2001:db8:1::10 dst 2001:db8::1 proto hao"
				" coa 2001:db8:f::2",
		[KOBJ_XPOLICY] = "xfrm policy in sub prio 0x6d0a src ::/0 dst 2001:db8::1/128"
				 " proto 135 type 5 tmpl hao :: use tmpl route2 :: any",
		[KOBJ_PROXY] = "proxy 2001:db8:1::10 dev eth0 router",
		[KOBJ_INGRESS] = "ingress 10.0.0.0/24 from 2001:db8:f::2 dev mip6ha"
				 " owner 2001:db8:1::10",
		[KOBJ_SNET] = "steer 10.0.0.0/24 owner 2001:db8:1::10",
		[KOBJ_SPATH] = "path to 2001:db8:1::10 bid 2 weight 3 dev mip6ha"
			       " to 2001:db8:f::2 from 2001:db8::1 fwmark 0x2/0xff",
		[KOBJ_SFLOW] = "flow 2001:db8:1::10 order 10 ipv6 src 2001:db8:2::/48 proto 17"
			       " dport 5060-5061 bid 2*3,1*1",
		[KOBJ_NEIGH] = "neigh 2001:db8:1::10 dev eth0 lladdr 02:00:00:00:ab:09",
	};
	struct kobj o = route_obj();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sample); i++) {
		struct kobj s = sample[i]();

		assert_string_equal(KOBJ(&s), text[i]);
	}
	memset(&o.route.encap, 0, sizeof(o.route.encap));
	o.route.dst = px("::/0");
	o.route.has_via = o.route.onlink = true;
	o.route.via = a6("fe80::1");
	o.route.src = px("2001:db8:1::10/128");
	o.route.mtu = 1280;
	assert_string_equal(KOBJ(&o), "route ::/0 via fe80::1 dev mip6ha table 254 metric 2000"
				      " src 2001:db8:1::10/128 mtu 1280 onlink");
	o = (struct kobj){ .kind = KOBJ_ROUTE, .route = { .table = 7, .type = RTN_UNREACHABLE,
							  .dst = px("0.0.0.0/0") } };
	assert_string_equal(KOBJ(&o), "route 0.0.0.0/0 unreachable table 7 metric 0");
	o = rule_obj();
	o.rule = (struct k_rule){ .family = AF_INET, .pref = 5 };
	assert_string_equal(KOBJ(&o), "rule ipv4 pref 5 from any to any prohibit"
				      " suppress_prefixlength 0");
}

static void test_the_longest_object_fits_its_text(void **state)
{
	static const char *const longest = "2001:db8:1111:2222:3333:4444:5555:6666";
	char buf[KOBJ_STRLEN + 1];
	struct kobj o = { .kind = KOBJ_ROUTE, .route = {
		.table = UINT32_MAX, .metric = UINT32_MAX, .dst = px(longest), .src = px(longest),
		.has_via = true, .onlink = true, .via = a6(longest), .dev = "fifteen-letters",
		.mtu = UINT32_MAX,
		.encap = { CARRIER_IP6GRE, lo(longest), lo(longest), UINT32_MAX } } };

	(void)state;
	buf[KOBJ_STRLEN] = 'x';
	kobj_str(&o, buf);
	assert_true(strlen(buf) < KOBJ_STRLEN);
	assert_int_equal(buf[KOBJ_STRLEN], 'x');
	assert_non_null(strstr(buf, " encap 2001:"));
}

static void test_the_longest_flow_fits_its_text(void **state)
{
	struct in6_addr lo6 = a6("2001:db8:1111:2222:3333:4444:5555:6666");
	struct in6_addr hi6 = a6("2001:db8:1111:2222:3333:4444:5555:7777");
	struct kobj o = { .kind = KOBJ_SFLOW, .sflow = { .owner = lo6, .order = UINT32_MAX,
							 .copy = true } };
	struct flowsel *s = &o.sflow.sel;
	const char *text;

	(void)state;
	*s = (struct flowsel){ .has = FLOWSEL_ALL, .family = AF_INET6,
		.src_lo.in6 = lo6, .src_hi.in6 = hi6, .dst_lo.in6 = lo6, .dst_hi.in6 = hi6,
		.spi_lo = UINT32_MAX - 1, .spi_hi = UINT32_MAX, .label_lo = 0xffffe,
		.label_hi = 0xfffff, .sport_lo = 65534, .sport_hi = 65535, .dport_lo = 65534,
		.dport_hi = 65535, .dscp_lo = 62, .dscp_hi = 63, .proto_lo = 254, .proto_hi = 255,
		.mark = UINT32_MAX, .mask = UINT32_MAX };
	assert_int_equal(flowsel_check(s), 0);
	for (unsigned i = 0; i < KOBJ_BIDS; i++) {
		o.sflow.bid[i] = (uint16_t)(65535 - i);
		o.sflow.weight[i] = 100;
	}
	text = KOBJ(&o);
	assert_non_null(strstr(text, " mark 0xffffffff/0xffffffff copy bid 65535*100,"));
	assert_string_equal(text + strlen(text) - strlen(",65528*100"), ",65528*100");
}

/* ---- plans ---- */

static void test_a_plan_has_each_key_once(void **state)
{
	struct kplan p = { 0 };
	struct kobj a = route_obj(), other = a;

	(void)state;
	other.route.encap.remote = lo("2001:db8:f::3");
	assert_int_equal(kplan_add(&p, &a), 0);
	assert_int_equal(kplan_add(&p, &a), 0);
	assert_int_equal(p.n, 1);
	assert_int_equal(kplan_put(&p, other), -EEXIST);
	assert_int_equal(p.n, 1);
	assert_true(kobj_equal(kplan_find(&p, &other), &a));
	other.route.metric++;
	assert_null(kplan_find(&p, &other));
	assert_int_equal(kplan_put(&p, other), 0);
	assert_int_equal(p.n, 2);
	kplan_free(&p);
	assert_null(p.obj);
	assert_int_equal(p.n, 0);
}

static void test_a_plan_keeps_its_order_while_it_grows(void **state)
{
	struct kplan p = { 0 };
	struct kobj o = route_obj();

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		o.route.metric = i;
		/* also with an argument that lies in the list that moves */
		assert_int_equal(kplan_add(&p, &o), 0);
		assert_int_equal(kplan_add(&p, &p.obj[0]), 0);
	}
	assert_int_equal(p.n, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(p.obj[i].route.metric, i);
	kplan_free(&p);
}

static void test_equal_plans_need_not_have_the_same_order(void **state)
{
	struct kplan a = { 0 }, b = { 0 }, c;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sample); i++) {
		assert_int_equal(kplan_put(&a, sample[i]()), 0);
		assert_int_equal(kplan_put(&b, sample[ARRAY_SIZE(sample) - 1 - i]()), 0);
	}
	assert_true(kplan_equal(&a, &b));
	assert_int_equal(kplan_copy(&c, &a), 0);
	kplan_free(&a);
	assert_true(kplan_equal(&c, &b));
	c.obj[KOBJ_ROUTE].route.mtu = 1;
	assert_false(kplan_equal(&c, &b));
	c.n--;
	assert_false(kplan_equal(&c, &b));
	kplan_free(&b);
	kplan_free(&c);
	assert_int_equal(kplan_copy(&b, &c), 0);
	assert_true(kplan_equal(&b, &c));
}

static void test_a_sysctl_is_written_as_with_printf(void **state)
{
	struct kplan p = { 0 };

	(void)state;
	assert_int_equal(kplan_sysctl(&p, "1", "net/ipv6/conf/%s/proxy_ndp", "eth0"), 0);
	assert_string_equal(p.obj[0].sysctl.path, "net/ipv6/conf/eth0/proxy_ndp");
	assert_string_equal(p.obj[0].sysctl.value, "1");
	assert_int_equal(kplan_sysctl(&p, "0", "net/ipv6/conf/eth0/proxy_ndp"), -EEXIST);
	assert_int_equal(kplan_sysctl(&p, "0", "%070d", 1), -ENAMETOOLONG);
	assert_int_equal(kplan_sysctl(&p, "0123456789abcdef", "x"), -ENAMETOOLONG);
	assert_int_equal(p.n, 1);
	kplan_free(&p);
}

static void test_what_stands_on_a_device(void **state)
{
	struct kobj on[] = {
		{ .kind = KOBJ_SYSCTL, .sysctl.path = "net/ipv6/conf/h0/proxy_ndp" },
		{ .kind = KOBJ_ADDR, .addr.dev = "h0" },
		{ .kind = KOBJ_ROUTE, .route.dev = "h0" },
		{ .kind = KOBJ_PROXY, .proxy.dev = "h0" },
		{ .kind = KOBJ_INGRESS, .ingress.dev = "h0" },
		{ .kind = KOBJ_SPATH, .spath.dev = "h0" },
	};
	const struct kobj link = { .kind = KOBJ_LINK, .link.name = "h0" };
	const struct kobj rule = { .kind = KOBJ_RULE, .rule.iif = "h0" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(on); i++) {
		assert_true(kobj_on_device(&on[i], "h0"));
		assert_false(kobj_on_device(&on[i], "h"));
		assert_false(kobj_on_device(&on[i], "h00"));
	}
	assert_false(kobj_on_device(&link, "h0"));
	assert_false(kobj_on_device(&rule, "h0"));
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(test_what_stands_on_a_device),
		cmocka_unit_test(test_each_field_is_key_or_value),
		cmocka_unit_test(test_objects_of_two_kinds_are_never_the_same),
		cmocka_unit_test(test_octets_behind_a_name_or_an_ipv4_address_do_not_count),
		cmocka_unit_test(test_each_kind_reads_well),
		cmocka_unit_test(test_the_longest_object_fits_its_text),
		cmocka_unit_test(test_the_longest_flow_fits_its_text),
		cmocka_unit_test(test_a_plan_has_each_key_once),
		cmocka_unit_test(test_a_plan_keeps_its_order_while_it_grows),
		cmocka_unit_test(test_equal_plans_need_not_have_the_same_order),
		cmocka_unit_test(test_a_sysctl_is_written_as_with_printf),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
