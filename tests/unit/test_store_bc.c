/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache, its memory, and the index of configured nodes. */
#include "ha_help.h"

#include <stdio.h>
#include <stdlib.h>

static struct bc *cache(void)
{
	struct bc *bc;

	assert_int_equal(bc_new(&bc), 0);
	return bc;
}

static struct binding binding(const char *hoa, const char *coa, const char *net)
{
	struct in6_addr c = ip6(coa);
	struct binding b = { .key.hoa = ip6(hoa), .coa = locator6(&c), .lifetime = 600 };

	if (net)
		b.prefix[b.n_prefix++] = pfx(net);
	return b;
}

static struct bc_entry *put(struct bc *bc, const char *hoa, const char *coa, const char *net)
{
	const struct binding b = binding(hoa, coa, net);
	struct bc_entry *e = bc_put(bc, &b);

	assert_non_null(e);
	return e;
}

static void test_bindings_are_keyed_by_home_address_and_bid(void **state)
{
	struct bc *bc = cache();
	struct in6_addr mr = ip6(MR), host = ip6(HOST);
	struct binding b = binding(MR, COA2, NULL);
	struct bc_entry *e = put(bc, MR, COA, NULL);

	(void)state;
	assert_ptr_equal(bc_find(bc, &mr, 0), e);
	assert_null(bc_find(bc, &mr, 7));
	assert_null(bc_find(bc, &host, 0));
	b.key.bid = 7;
	assert_non_null(bc_put(bc, &b));
	assert_int_equal(bc_count(bc), 2);
	assert_true(locator_eq(&bc_find(bc, &mr, 7)->b.coa, &b.coa));
	assert_false(locator_eq(&bc_find(bc, &mr, 0)->b.coa, &b.coa));
	bc_free(bc);
}

static void test_put_replaces_the_value_and_keeps_the_entry(void **state)
{
	struct bc *bc = cache();
	struct bc_entry *e = put(bc, MR, COA, NULL);
	struct in6_addr coa2 = ip6(COA2);

	(void)state;
	e->timer.at = 77;
	assert_ptr_equal(put(bc, MR, COA2, NULL), e);
	assert_true(in6_eq(&e->b.coa.a.in6, &coa2));
	assert_true(e->timer.at == 77);
	assert_int_equal(bc_count(bc), 1);
	bc_free(bc);
}

static void test_deleted_entry_stays_with_its_number_and_is_not_counted(void **state)
{
	struct bc *bc = cache();
	struct in6_addr mr = ip6(MR);
	struct bc_entry *e = put(bc, MR, COA, MNP1);

	(void)state;
	bc_set_deleted(bc, e, 99);
	assert_ptr_equal(bc_find(bc, &mr, 0), e);
	assert_int_equal(e->state, BC_DELETED);
	assert_int_equal(e->b.seq, 99);
	assert_int_equal(e->b.n_prefix, 0);
	assert_int_equal(bc_count(bc), 0);
	bc_set_deleted(bc, e, 100);	/* again: not counted twice */
	assert_int_equal(bc_count(bc), 0);
	put(bc, MR, COA, MNP1);
	assert_int_equal(e->state, BC_BOUND);
	assert_int_equal(bc_count(bc), 1);
	bc_del(bc, e);
	assert_int_equal(bc_count(bc), 0);
	assert_null(bc_find(bc, &mr, 0));
	bc_free(bc);
}

struct walk { struct bc *bc; unsigned n; struct in6_addr seen[3]; };

static void walk_and_delete(void *arg, struct bc_entry *e)
{
	struct walk *w = arg;

	w->seen[w->n++] = e->b.key.hoa;
	bc_del(w->bc, e);
}

static void test_each_goes_in_order_and_allows_deletion(void **state)
{
	static const char *const hoa[] = { MR, HOST, MR2 };
	struct walk w = { .bc = cache() };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hoa); i++)
		put(w.bc, hoa[i], COA, NULL);
	bc_each(w.bc, walk_and_delete, &w);
	assert_int_equal(w.n, 3);
	for (size_t i = 0; i < ARRAY_SIZE(hoa); i++) {
		struct in6_addr a = ip6(hoa[i]);

		assert_true(in6_eq(&w.seen[i], &a));
	}
	assert_int_equal(bc_count(w.bc), 0);
	bc_free(w.bc);
}

static void test_memory_outlives_the_entry(void **state)
{
	struct bc *bc = cache();
	struct in6_addr mr = ip6(MR);
	struct bc_memory *m;

	(void)state;
	assert_null(bc_memory(bc, &mr, false));
	m = bc_memory(bc, &mr, true);
	assert_non_null(m);
	assert_false(m->has_seq);
	m->stamp = 5;
	bc_del(bc, put(bc, MR, COA, NULL));
	assert_ptr_equal(bc_memory(bc, &mr, false), m);
	assert_ptr_equal(bc_memory(bc, &mr, true), m);
	assert_true(m->stamp == 5);
	bc_free(bc);
}

static void test_route_finds_the_longest_prefix_in_service(void **state)
{
	struct bc *bc = cache();
	struct bc_entry *wide = put(bc, MR2, COA2, "2001:db8:200::/40");
	struct bc_entry *e = put(bc, MR, COA, MNP1);
	struct in6_addr in = ip6("2001:db8:281::77"), out = ip6("2001:db8:999::1"),
			hoa = ip6(MR);

	(void)state;
	assert_ptr_equal(bc_route(bc, &in), e);
	assert_ptr_equal(bc_route(bc, &hoa), e);
	assert_null(bc_route(bc, &out));
	put(bc, MR, COA, MNP3);		/* another prefix instead */
	assert_ptr_equal(bc_route(bc, &in), wide);
	put(bc, MR, COA, MNP1);
	bc_set_deleted(bc, e, 1);
	assert_ptr_equal(bc_route(bc, &in), wide);
	assert_ptr_equal(bc_route(bc, &hoa), wide);
	bc_del(bc, wide);
	assert_null(bc_route(bc, &in));
	bc_free(bc);
}

static struct bc_entry *put_bid(struct bc *bc, uint16_t bid, uint8_t prio, const char *coa,
				const char *net)
{
	struct binding b = binding(MR, coa, net);

	b.key.bid = bid;
	b.prio = prio;
	return bc_put(bc, &b);
}

static void test_bindings_of_a_home_address_are_in_the_order_of_their_bids(void **state)
{
	static const uint16_t in[] = { 300, 2, 1, 7 }, want[] = { 1, 2, 7, 300 };
	struct bc *bc = cache();
	struct in6_addr mr = ip6(MR), host = ip6(HOST);
	struct binding_set s;
	unsigned n = 0;

	(void)state;
	assert_null(bc_first(bc, &mr));
	assert_null(bc_primary(bc, &mr));
	assert_false(bc_set(bc, &mr, &s));
	put(bc, HOST, COA, NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(in); i++)
		assert_non_null(put_bid(bc, in[i], 0, COA, MNP1));
	for (struct bc_entry *e = bc_first(bc, &mr); e; e = e->sibling)
		assert_int_equal(e->b.key.bid, want[n++]);
	assert_int_equal(n, 4);
	/* a set has only the bound ones, the list those that are kept as well */
	bc_set_deleted(bc, bc_find(bc, &mr, 1), 9);
	assert_true(bc_set(bc, &mr, &s));
	assert_int_equal(s.n, 3);
	assert_int_equal(s.b[0].key.bid, 2);
	assert_int_equal(bc_first(bc, &mr)->b.key.bid, 1);
	bc_set_seq(bc, &mr, 44);
	for (struct bc_entry *e = bc_first(bc, &mr); e; e = e->sibling)
		assert_int_equal(e->b.seq, 44);
	assert_int_equal(bc_first(bc, &host)->b.seq, 0);
	bc_del(bc, bc_find(bc, &mr, 7));
	bc_del(bc, bc_find(bc, &mr, 1));
	assert_int_equal(bc_first(bc, &mr)->b.key.bid, 2);
	assert_int_equal(bc_first(bc, &mr)->sibling->b.key.bid, 300);
	bc_free(bc);
}

static void test_set_holds_no_more_than_it_can(void **state)
{
	struct binding_set s = { .n = 0 };
	struct binding b = binding(MR, COA, NULL);

	(void)state;
	for (uint16_t bid = 20; bid > 20 - BC_MAX_COA; bid--) {
		b.key.bid = bid;
		assert_true(binding_put(&s, &b));
	}
	b.key.bid = 1;
	assert_false(binding_put(&s, &b));
	b.key.bid = 20;
	b.prio = 9;
	assert_true(binding_put(&s, &b));	/* it is there */
	assert_int_equal(s.n, BC_MAX_COA);
	assert_int_equal(s.b[BC_MAX_COA - 1].prio, 9);
	assert_null(binding_of(&s, 1));
	binding_drop(&s, 1);
	binding_drop(&s, 15);
	assert_int_equal(s.n, BC_MAX_COA - 1);
	assert_null(binding_of(&s, 15));
	assert_int_equal(binding_of(&s, 20)->prio, 9);
}

static void test_route_finds_the_primary_as_long_as_one_is_left(void **state)
{
	struct bc *bc = cache();
	struct in6_addr in = ip6("2001:db8:281::77"), hoa = ip6(MR);
	struct bc_entry *one = put_bid(bc, 1, 20, COA, MNP1);
	struct bc_entry *two = put_bid(bc, 2, 10, COA2, MNP1);

	(void)state;
	assert_ptr_equal(bc_route(bc, &in), two);
	assert_ptr_equal(bc_route(bc, &hoa), two);
	bc_set_deleted(bc, two, 1);
	assert_ptr_equal(bc_route(bc, &in), one);
	put_bid(bc, 2, 10, COA2, MNP1);
	bc_del(bc, one);
	assert_ptr_equal(bc_route(bc, &in), two);
	bc_del(bc, two);
	assert_null(bc_route(bc, &in));
	assert_null(bc_route(bc, &hoa));
	bc_free(bc);
}

static void test_circle_by_any_of_several_care_of_addresses_is_seen(void **state)
{
	struct bc *bc = cache();
	struct binding b;

	(void)state;
	put_bid(bc, 1, 10, COA, MNP1);
	put_bid(bc, 2, 20, COA2, MNP1);
	/* MR2 behind MR, and MR with a third path behind MR2 */
	b = binding(MR2, "2001:db8:281::5", MNP3);
	assert_false(bc_circular(bc, &b));
	assert_non_null(bc_put(bc, &b));
	b = binding(MR, "2001:db8:283::7", MNP1);
	b.key.bid = 3;
	assert_true(bc_circular(bc, &b));
	/* or MR is there with one path that is not its primary, and MR2 comes after it */
	put_bid(bc, 2, 20, "2001:db8:283::7", MNP1);
	b = binding(MR2, "2001:db8:281::5", MNP3);
	assert_true(bc_circular(bc, &b));
	/* on its home link there is no tunnel */
	b.home = SIMULTANEOUS_NDP;
	assert_false(bc_circular(bc, &b));
	bc_free(bc);
}

static void test_circle_of_care_of_addresses_is_seen(void **state)
{
	struct bc *bc = cache();
	struct binding b;

	(void)state;
	/* MR2 stands in MR's network: nesting, no circle */
	put(bc, MR, COA, MNP1);
	b = binding(MR2, "2001:db8:281::5", MNP3);
	assert_false(bc_circular(bc, &b));
	assert_non_null(bc_put(bc, &b));
	/* then MR goes into MR2's network, by prefix or by home address */
	b = binding(MR, "2001:db8:283::7", MNP1);
	assert_true(bc_circular(bc, &b));
	b = binding(MR, MR2, MNP1);
	assert_true(bc_circular(bc, &b));
	/* elsewhere it may go, also from there */
	b = binding(MR, COA2, MNP1);
	assert_false(bc_circular(bc, &b));
	/* in its own network or at itself */
	b = binding(MR, "2001:db8:281::7", MNP1);
	assert_true(bc_circular(bc, &b));
	/* what MR gives up no longer counts */
	b = binding(MR, "2001:db8:283::7", NULL);
	assert_false(bc_circular(bc, &b));
	bc_free(bc);
}

static void test_nesting_deeper_than_the_kernel_can_is_a_circle(void **state)
{
	struct bc *bc = cache();
	char hoa[40], coa[40], net[40];
	struct binding b;

	(void)state;
	for (int i = 1; i <= 8; i++) {
		snprintf(hoa, sizeof(hoa), "2001:db8:280::%d", i);
		snprintf(coa, sizeof(coa), i == 1 ? COA : "2001:db8:30%d::5", i - 1);
		snprintf(net, sizeof(net), "2001:db8:30%d::/64", i);
		b = binding(hoa, coa, net);
		if (bc_circular(bc, &b))
			fail_msg("level %d", i);
		assert_non_null(bc_put(bc, &b));
	}
	b = binding(MR, "2001:db8:308::5", NULL);
	assert_true(bc_circular(bc, &b));
	bc_free(bc);
}

static void test_node_is_found_by_home_address_among_100000(void **state)
{
	enum { N = 100000 };
	struct mobile_node *node = calloc(N, sizeof(*node));
	struct ha_conf c = { .nodes = node, .n_node = N };
	struct in6_addr base = ip6(HA_ADDR), none = ip6("2001:db8:280::1:ffff");

	(void)state;
	assert_non_null(node);
	for (uint32_t i = 0; i < N; i++) {	/* in no order */
		uint32_t v = i * 2654435761u;

		node[i].hoa = base;
		memcpy(&node[i].hoa.s6_addr[12], &v, sizeof(v));
		node[i].max_lifetime = i;
	}
	assert_false(ha_conf_indexed(&c));
	ha_conf_index(&c);
	assert_true(ha_conf_indexed(&c));
	for (uint32_t i = 0; i < N; i++) {
		struct in6_addr a = base;
		uint32_t v = i * 2654435761u;
		const struct mobile_node *n;

		memcpy(&a.s6_addr[12], &v, sizeof(v));
		n = ha_node(&c, &a);
		assert_non_null(n);
		assert_int_equal(n->max_lifetime, i);
		assert_int_equal(n->slot, i);	/* the place in the list before */
	}
	node[0].hoa = node[1].hoa;
	assert_false(ha_conf_indexed(&c));	/* twice is no index */
	c.n_node = 0;
	assert_null(ha_node(&c, &none));
	free(node);
}

static void test_mobile_networks_are_found_with_and_without_their_index(void **state)
{
	struct prefix one[] = { pfx("2001:db8:a000::/56"), pfx("2001:db8:a000:3::/64"),
				pfx("10.0.0.0/8") };
	struct prefix two[] = { pfx("2001:db8:9::/64"), pfx("2001:db8:b000::/48") };
	struct mobile_node node[] = { { .prefixes = one, .n_prefix = 3 }, { .n_prefix = 0 },
				      { .prefixes = two, .n_prefix = 2 } };
	struct ha_conf c = { .nodes = node, .n_node = 3 }, none = { 0 };
	static const struct { const char *a; bool in; } row[] = {
		{ "2001:db8:9::1", true }, { "2001:db8:9:1::1", false }, { "2001:db8:8::1", false },
		{ "2001:db8:a000::", true }, { "2001:db8:a000:3::7", true },
		{ "2001:db8:a000:4::7", true }, { "2001:db8:a000:ff:ffff:ffff:ffff:ffff", true },
		{ "2001:db8:a000:100::", false }, { "2001:db8:9fff:ffff::", false },
		{ "2001:db8:b000:ffff::", true }, { "2001:db8:b001::", false },
		{ "::", false }, { "ffff::", false },
	};

	(void)state;
	for (int indexed = 0; indexed < 2; indexed++) {
		for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
			struct in6_addr a = ip6(row[i].a);

			if (ha_in_mobile_network(&c, &a) != row[i].in)
				fail_msg("%s, indexed %d", row[i].a, indexed);
			assert_false(ha_in_mobile_network(&none, &a));
		}
		assert_int_equal(ha_conf_index_nets(&c), 0);
		assert_int_equal(ha_conf_index_nets(&none), 0);
		assert_int_equal(c.n_net, 3);		/* one lies in another */
	}
	free(c.nets);
	free(none.nets);
}

static void test_timers_are_those_of_the_rfcs(void **state)
{
	struct timers t;

	(void)state;
	timers_default(&t);
	assert_true(t.initial_bindack_timeout == 1 && t.initial_bindack_timeout_first == 1.5);
	assert_true(t.max_bindack_timeout == 32 && t.max_update_rate == 3);
	assert_true(t.max_delete_bce_timeout == 10);
	assert_true(t.dad_retrans == 1 && t.dad_transmits == 1);
	assert_true(t.ha_backoff == 30 && t.rs_interval == 0.25 && t.probe_failures == 3);
	assert_true(t.probe_interval == 1 && t.ra_lost_factor == 3);
	assert_true(t.router_probe == 0.1 && t.router_probe_count == 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bindings_are_keyed_by_home_address_and_bid),
		cmocka_unit_test(test_put_replaces_the_value_and_keeps_the_entry),
		cmocka_unit_test(test_deleted_entry_stays_with_its_number_and_is_not_counted),
		cmocka_unit_test(test_each_goes_in_order_and_allows_deletion),
		cmocka_unit_test(test_memory_outlives_the_entry),
		cmocka_unit_test(test_route_finds_the_longest_prefix_in_service),
		cmocka_unit_test(test_circle_of_care_of_addresses_is_seen),
		cmocka_unit_test(test_bindings_of_a_home_address_are_in_the_order_of_their_bids),
		cmocka_unit_test(test_set_holds_no_more_than_it_can),
		cmocka_unit_test(test_route_finds_the_primary_as_long_as_one_is_left),
		cmocka_unit_test(test_circle_by_any_of_several_care_of_addresses_is_seen),
		cmocka_unit_test(test_nesting_deeper_than_the_kernel_can_is_a_circle),
		cmocka_unit_test(test_node_is_found_by_home_address_among_100000),
		cmocka_unit_test(test_mobile_networks_are_found_with_and_without_their_index),
		cmocka_unit_test(test_timers_are_those_of_the_rfcs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
