/* SPDX-License-Identifier: BSD-2-Clause */
/* A home agent's plans for several care-of addresses of a node (RFC 5648). */
#include "plan_ha_help.h"

/* BID 1 at COA, BID 2 at COA2, which is the primary. */
static struct binding_set two(void)
{
	struct binding b = binding(MR, HA_ADDR, BU_H | BU_R);
	struct in6_addr coa2 = ip6(COA2);
	struct binding_set s = { .n = 0 };

	b.slot = 3;
	b.key.bid = 1;
	b.prio = 20;
	binding_put(&s, &b);
	b.key.bid = 2;
	b.prio = 10;
	b.coa = locator6(&coa2);
	binding_put(&s, &b);
	return s;
}

#define ROUTE1	"route 2001:db8:280::beef/128 dev mip6ha table 8001 metric 2003 encap " COA \
		" from 2001:db8:280::1"
#define IN(coa)	"ingress 2001:db8:280::beef/128 from " coa " dev mip6ha owner 2001:db8:280::beef"
#define RULE(f, n) \
	"rule " f " pref 5900 from any to any fwmark 0x" n "/0xff lookup 800" n

static void test_primary_in_the_table_and_each_identifier_in_its_own(void **state)
{
	struct binding_set s = two();
	struct kplan p = { 0 };

	(void)state;
	assert_int_equal(ha_plan_node(&w.c, world_node(&w, MR), &s, &p), 0);
	PLAN(&p, IN(COA), IN(COA2),
	     "route 2001:db8:280::beef/128 dev mip6ha table 254 metric 2003 encap " COA2
	     " from 2001:db8:280::1",
	     ROUTE1, RULE("ipv6", "1"), RULE("ipv4", "1"),
	     "route 2001:db8:280::beef/128 dev mip6ha table 8002 metric 2003 encap " COA2
	     " from 2001:db8:280::1",
	     RULE("ipv6", "2"), RULE("ipv4", "2"), "proxy 2001:db8:280::beef dev h0 router");
}

static size_t count_kind(const struct kplan *p, enum kobj_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->obj[i].kind == kind;
	return n;
}

static void test_tables_are_for_the_first_identifiers_only(void **state)
{
	struct binding_set s = two();
	struct kplan p = { 0 };

	(void)state;
	s.b[0].key.bid = 0x8001;	/* an address that drains */
	assert_int_equal(ha_plan_node(&w.c, world_node(&w, MR), &s, &p), 0);
	assert_int_equal(count_kind(&p, KOBJ_RULE), 2);
	assert_int_equal(count_kind(&p, KOBJ_ROUTE), 2);
	assert_int_equal(count_kind(&p, KOBJ_INGRESS), 2);
	kplan_free(&p);
	w.c.max_care_of = 1;
	assert_int_equal(ha_plan_node(&w.c, world_node(&w, MR), &s, &p), 0);
	assert_int_equal(count_kind(&p, KOBJ_RULE), 0);
	kplan_free(&p);
}

static void test_mark_of_an_identifier_fits_into_the_mask(void **state)
{
	static const struct { uint32_t mask; uint16_t bid; bool ok; uint32_t mark; } row[] = {
		{ 0xff, 1, true, 1 }, { 0xff, 255, true, 255 }, { 0xff, 256, false, 0 },
		{ 0xf0, 1, true, 0x10 }, { 0xf0, 15, true, 0xf0 }, { 0xf0, 16, false, 0 },
		{ 0xf0000000, 8, true, 0x80000000 }, { 0xf0000000, 16, false, 0 },
		{ 0, 1, false, 0 }, { 0xff, 0, false, 0 },
	};
	uint32_t mark;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(row); i++) {
		w.c.mark_mask = row[i].mask;
		if (ha_mark(&w.c, row[i].bid, &mark) != row[i].ok ||
		    (row[i].ok && mark != row[i].mark))
			fail_msg("row %u: 0x%x", i, mark);
	}
}

static void test_device_of_its_own_for_each_identifier(void **state)
{
	struct binding_set s = two();
	struct kplan p = { 0 };
	char one[IFNAMSIZ], other[IFNAMSIZ];

	(void)state;
	w.c.tunnel = TUNNEL_DEVICE;
	ha_tunnel_name(&s.b[0].key, one);
	ha_tunnel_name(&s.b[1].key, other);
	assert_int_equal(ha_plan_node(&w.c, world_node(&w, MR), &s, &p), 0);
	assert_int_equal(count_kind(&p, KOBJ_LINK), 2);
	for (size_t i = 0; i < p.n; i++)
		if (p.obj[i].kind == KOBJ_ROUTE)
			assert_string_equal(p.obj[i].route.dev,
					    p.obj[i].route.table == 8001 ? one : other);
	kplan_free(&p);
}

/* RFC 5648 5.6: the home link is a path like others. */

static void test_binding_at_home_is_a_route_to_the_link(void **state)
{
	struct binding_set s = two();
	struct in6_addr mr = ip6(MR);
	struct kplan p = { 0 };

	(void)state;
	s.b[1].coa = locator6(&mr);
	s.b[1].home = SIMULTANEOUS_NDP;
	s.b[0].prefix[s.b[0].n_prefix++] = s.b[1].prefix[s.b[1].n_prefix++] = pfx(MNP1);
	assert_int_equal(ha_plan_node(&w.c, world_node(&w, MR), &s, &p), 0);
	PLAN(&p, IN(COA),
	     "ingress 2001:db8:281::/64 from " COA " dev mip6ha owner 2001:db8:280::beef",
	     "route 2001:db8:280::beef/128 dev h0 table 254 metric 2003",
	     "route 2001:db8:281::/64 via 2001:db8:280::beef dev h0 table 254 metric 2003",
	     ROUTE1,
	     "route 2001:db8:281::/64 dev mip6ha table 8001 metric 2003 encap " COA
	     " from 2001:db8:280::1",
	     RULE("ipv6", "1"), RULE("ipv4", "1"),
	     "route 2001:db8:280::beef/128 dev h0 table 8002 metric 2003",
	     "route 2001:db8:281::/64 via 2001:db8:280::beef dev h0 table 8002 metric 2003",
	     RULE("ipv6", "2"), RULE("ipv4", "2"));
	/* who must not answer for itself is defended */
	s.b[1].home = SIMULTANEOUS_PROXY;
	assert_int_equal(ha_plan_node(&w.c, world_node(&w, MR), &s, &p), 0);
	assert_int_equal(count_kind(&p, KOBJ_PROXY), 1);
	assert_int_equal(count_kind(&p, KOBJ_NEIGH), 0);	/* it is not known where */
	kplan_free(&p);
}

/* 6.3: packets get there though nobody may ask for it, and nobody on the link hears of it. */
static void test_binding_at_home_that_must_be_silent_is_a_neighbour(void **state)
{
	struct kobj no_redirects = { .kind = KOBJ_XPOLICY, .xpolicy = {
		.dir = XFRM_POLICY_OUT, .priority = KOBJ_XFRM_PRIO + 3, .sel_src = pfx("::/0"),
		.sel_dst = pfx("2001:db8:280::/64"), .sel_proto = IPPROTO_ICMPV6, .sel_type = 137,
		.has_sel_type = true } };
	struct kobj known = { .kind = KOBJ_NEIGH, .neigh = { .dev = "h0", .addr = ip6(MR) } };
	struct binding_set s = two();
	struct in6_addr mr = ip6(MR);
	struct kplan p = { 0 };
	const struct kobj *o;

	(void)state;
	s.b[1].coa = locator6(&mr);
	s.b[1].home = SIMULTANEOUS_PROXY;
	s.b[1].lladdr = (struct nd_lladdr){ 6, { 2, 0, 0, 0, 0, 9 } };
	assert_int_equal(ha_plan_node(&w.c, world_node(&w, MR), &s, &p), 0);
	assert_int_equal(count_kind(&p, KOBJ_NEIGH), 1);
	o = kplan_find(&p, &known);
	assert_non_null(o);
	assert_string_equal(KOBJ(o), "neigh " MR " dev h0 lladdr 02:00:00:00:00:09");
	kplan_free(&p);
	s.b[1].home = SIMULTANEOUS_NDP;
	assert_int_equal(ha_plan_node(&w.c, world_node(&w, MR), &s, &p), 0);
	assert_int_equal(count_kind(&p, KOBJ_NEIGH), 0);
	kplan_free(&p);
	assert_int_equal(ha_plan_base(&w.c, &p), 0);
	assert_null(kplan_find(&p, &no_redirects));
	kplan_free(&p);
	w.c.simultaneous_home = SIMULTANEOUS_PROXY;
	assert_int_equal(ha_plan_base(&w.c, &p), 0);
	o = kplan_find(&p, &no_redirects);
	assert_true(o && o->xpolicy.block);
	kplan_free(&p);
}

#define T(f)	cmocka_unit_test_setup(f, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_primary_in_the_table_and_each_identifier_in_its_own),
		T(test_tables_are_for_the_first_identifiers_only),
		T(test_mark_of_an_identifier_fits_into_the_mask),
		T(test_device_of_its_own_for_each_identifier),
		T(test_binding_at_home_is_a_route_to_the_link),
		T(test_binding_at_home_that_must_be_silent_is_a_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
