/* SPDX-License-Identifier: BSD-2-Clause */
/* The home agent and several nodes: limits, clashes, circles, the home link; a thousand. */
#include "ha_role_help.h"

#include <stdio.h>

/* ---- other nodes ---- */

static void test_bindings_under_way_count_for_the_limit(void **state)
{
	(void)state;
	w.c.max_bindings = 1;
	start();
	BU(.seq = 1);
	BU(.hoa = HOST, .seq = 1, .flags = AH);
	ba_is(BA_NO_RESOURCES, 1);
	BU(.seq = 2);			/* its own does not stand in its way */
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	BU(.hoa = HOST, .seq = 2, .flags = AH);
	ba_is(BA_NO_RESOURCES, 2);
}

static void test_limit_is_free_again_after_a_failure(void **state)
{
	(void)state;
	w.c.max_bindings = 1;
	start();
	BU(.seq = 1);
	dad_ends(MR, true);
	ba_is(BA_DAD_FAILED, 1);
	BU(.hoa = HOST, .seq = 1, .flags = AH);
	dad_ends(HOST, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
}

static void test_two_home_addresses_at_one_care_of_address(void **state)
{
	static const struct {
		enum tunnel_mode mode;
		uint8_t carrier;
		uint32_t key;
		bool ok;
	} row[] = {
		{ TUNNEL_SHARED, CARRIER_IP6TNL, 0, true },
		{ TUNNEL_DEVICE, CARRIER_IP6TNL, 0, false },
		{ TUNNEL_DEVICE, CARRIER_IP6TNL, 5, false },	/* ip6tnl has no key */
		{ TUNNEL_DEVICE, CARRIER_IP6GRE, 0, false },
		{ TUNNEL_DEVICE, CARRIER_IP6GRE, 5, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		setup(state);
		w.c.tunnel = row[i].mode;
		w.c.carrier = row[i].carrier;
		world_node(&w, HOST)->gre_key = row[i].key;
		start();
		bind_node(MR, COA, 1);
		BU(.hoa = HOST, .src = COA, .seq = 1, .flags = AH);
		if (row[i].ok)
			dad_ends(HOST, false);
		kernel_works();
		ba_is(row[i].ok ? BA_ACCEPTED : BA_NO_RESOURCES, 1);
		BU(.src = COA, .seq = 2);	/* a refresh is no clash with itself */
		kernel_works();
		ba_is(BA_ACCEPTED, 2);
		teardown(state);
	}
	setup(state);
}

static void test_clash_with_one_that_waits_for_dad(void **state)
{
	(void)state;
	w.c.tunnel = TUNNEL_DEVICE;
	start();
	BU(.seq = 1);
	BU(.hoa = HOST, .seq = 1, .flags = AH);
	ba_is(BA_NO_RESOURCES, 1);
}

static void test_circle_of_tunnels_gets_174(void **state)
{
	(void)state;
	start();
	bind_node(MR, "2001:db8:283::5", 1);	/* behind MR2 */
	BU(.hoa = MR2, .src = "2001:db8:281::5", .seq = 1);
	ba_is(BA_INVALID_COA, 1);
	bind_node(MR2, COA, 2);
	BU(.hoa = MR2, .src = "2001:db8:282::5", .seq = 3);
	ba_is(BA_INVALID_COA, 3);
	kernel_agrees(MR2);
}

/* ---- refusals on the home link ---- */

static void home_na(const char *target, uint8_t last_octet)
{
	struct nd_msg m = { .type = ND_NA };
	struct in6_addr src = ip6("fe80::77"), dst = ip6("fe80::1");

	m.na.target = ip6(target);
	m.na.solicited = true;
	m.na.tlla = (struct nd_lladdr){ 6, { 2, 0, 0, 0, 0, last_octet } };
	assert_true(fake_nd_rx(IF_H0, &src, &dst, &m));
}

static void test_refusal_on_the_home_link_goes_to_the_link_layer_address(void **state)
{
	const struct fake_mh *f;
	const struct fake_nd *ns;
	struct in6_addr mr = ip6(MR);

	(void)state;
	start();
	bind_node(MR, COA, 9);
	BU(.at_home = true, .seq = 9, .life = -1);
	silence();			/* routing would take it to the care-of address */
	ns = fake_nd_pop();
	assert_non_null(ns);
	assert_int_equal(ns->m.type, ND_NS);
	assert_true(in6_eq(&ns->m.ns.target, &mr) && ns->ifindex == IF_H0);
	home_na(MR, IF_H0);		/* our own advertisement */
	home_na(HOST, 0x77);		/* another's */
	silence();
	home_na(MR, 0x77);
	f = ba_is(BA_SEQUENCE, 9);
	assert_non_null(f->tx.to_ll);
	assert_int_equal(f->tx.to_ll->b[5], 0x77);
	assert_int_equal(f->tx.ifindex, IF_H0);
	assert_true(in6_eq(&f->tx.dst, &mr) && !f->tx.has_rh2);
	home_na(MR, 0x77);
	silence();
	assert_int_equal(fake_run_timers(), 2);	/* the binding's: its end, prefixes */
}

static void test_refusal_goes_by_routing_if_nobody_answers(void **state)
{
	const struct fake_mh *f;
	unsigned n = 0;

	(void)state;
	start();
	bind_node(MR, COA, 9);
	BU(.at_home = true, .seq = 9, .life = -1);
	fake_run_advance(2.5);
	silence();
	fake_run_advance(1);
	while (fake_nd_pop())
		n++;
	assert_int_equal(n, 3);
	f = ba_is(BA_SEQUENCE, 9);
	assert_true(!f->tx.to_ll && f->tx.ifindex == 0);
}

static void test_refusal_by_routing_where_that_leads_to_the_node(void **state)
{
	const struct fake_mh *f;

	(void)state;
	start();
	BU(.at_home = true, .seq = 1, .life = -1);	/* not bound: no tunnel in the way */
	f = ba_is(BA_NOT_HA, 1);
	assert_true(!f->tx.to_ll && !f->tx.has_rh2);
	bind_node(MR, COA, 9);
	BU(.seq = 9);			/* away */
	f = ba_is(BA_SEQUENCE, 9);
	assert_true(!f->tx.to_ll && f->tx.has_rh2);
	assert_int_equal(fake_nd_count(), 0);
}

/* ---- the home link goes and comes back ---- */

static void home_link(int ifindex, bool up, uint32_t changes)
{
	struct klink l = { .ifindex = ifindex, .name = "h0", .up = up, .carrier = up, .mtu = 1500,
			   .carrier_changes = changes };

	fake_kern_link(&l, false);
	ha_link(ha, &l, false);
	fake_kern_run();
}

static void home_link_gone(int ifindex)
{
	struct klink l = { .ifindex = ifindex, .name = "h0" };

	fake_kern_link(&l, true);
	ha_link(ha, &l, true);
}

static void home_address(int ifindex, bool gone)
{
	struct kaddr_news a = { .ifindex = ifindex, .addr = ip6(HA_ADDR), .plen = 64,
				.gone = gone };

	fake_kern_addr(&a);
	ha_addr(ha, &a);
	fake_kern_run();
}

/* Exactly what stands on the home link was put again, each once; nothing if n is 0. */
static void put_again_is(unsigned n)
{
	const char *said = fake_kern_log(), *line = said;
	unsigned lines = 0;

	for (; *line; line = strchr(line, '\n') + 1, lines++)
		assert_true(line[0] == '=' && memmem(line, strcspn(line, "\n"), "h0", 2));
	if (lines != n)
		fail_msg("%u objects put again, not %u:\n%s", lines, n, said);
}

/* MR and HOST are away: two proxies. At home are MR2's two networks. And three settings. */
enum { ON_HOME_LINK = 2 + 2 + 3 };

static void start_with_link(void)
{
	fake_kern_link_up(IF_H0, "h0");
	fake_kern_addr(&(struct kaddr_news){ .ifindex = IF_H0, .addr = ip6(HA_ADDR), .plen = 64 });
	start();
	bind_node(MR, COA, 1);
	bind_node(HOST, COA2, 1);
	home_link(IF_H0, true, 0);
	put_again_is(0);		/* the first news, and others that say nothing new */
}

static void test_home_link_down_and_up_is_defended_again(void **state)
{
	(void)state;
	start_with_link();
	home_link(IF_H0, false, 1);
	home_address(IF_H0, true);
	put_again_is(0);
	home_link(IF_H0, true, 2);
	put_again_is(0);		/* routes by way of home addresses would be refused */
	home_address(IF_H0, false);
	put_again_is(ON_HOME_LINK);
	home_address(IF_H0, false);
	home_link(IF_H0, true, 2);
	put_again_is(0);
	/* the kernel keeps the address, or all was too quick to be told */
	home_link(IF_H0, false, 3);
	home_link(IF_H0, true, 4);
	put_again_is(ON_HOME_LINK);
	home_link(IF_H0, true, 6);
	put_again_is(ON_HOME_LINK);
	kernel_agrees(MR);
	kernel_agrees(MR2);
	assert_int_equal(fake_nd_watched(IF_H0), 1);
}

static void test_home_address_of_another_device_is_not_waited_for(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	bind_node(HOST, COA2, 1);
	home_link(IF_H0, false, 1);
	home_link(IF_H0, true, 2);
	put_again_is(ON_HOME_LINK);
}

static void test_home_link_made_anew_is_listened_to_and_set_up(void **state)
{
	(void)state;
	start_with_link();
	home_link_gone(IF_H0);
	assert_int_equal(fake_nd_watched(IF_H0), 0);
	home_link(IF_H0 + 1, true, 0);
	assert_int_equal(fake_nd_watched(IF_H0 + 1), 1);
	put_again_is(0);
	home_address(IF_H0, false);	/* of another link by now */
	put_again_is(0);
	home_address(IF_H0 + 1, false);
	put_again_is(ON_HOME_LINK);
	ha_stop(ha, on_done, NULL);
	kernel_works();
	ha_free(ha);
	ha = NULL;
	assert_int_equal(fake_nd_watched(IF_H0 + 1), 0);
}

static void test_home_link_that_was_down_at_a_reload_is_defended_again(void **state)
{
	(void)state;
	start_with_link();
	home_link(IF_H0, false, 1);
	home_address(IF_H0, true);
	ha_reload(ha, &w.c, on_done, NULL);
	kernel_works();
	put_again_is(0);
	home_link(IF_H0, true, 2);
	fake_kern_log();		/* in vain, as far as the routes go */
	home_address(IF_H0, false);
	put_again_is(ON_HOME_LINK);
}

/* ---- many ---- */

enum { MANY = 1000 };

static void many_world(struct mobile_node *node, struct prefix (*net)[2])
{
	for (unsigned i = 0; i < MANY; i++) {
		char s[64];

		snprintf(s, sizeof(s), "2001:db8:280::1:%x", i);
		node[i] = (struct mobile_node){ .hoa = ip6(s), .router = true, .prefixes = net[i],
						.n_prefix = 2, .ipv4_static = true,
						.sec.method = SEC_NONE };
		snprintf(s, sizeof(s), "2001:db8:1000:%x::/64", i);
		net[i][0] = pfx(s);
		snprintf(s, sizeof(s), "10.%u.%u.0/24", i / 256, i % 256);
		net[i][1] = pfx(s);
	}
	w.c.nodes = node;
	w.c.n_node = MANY;
	ha_conf_index(&w.c);
}

static void send_all(uint16_t seq, const char *coa_net)
{
	for (unsigned i = 0; i < MANY; i++) {
		char hoa[64], coa[64];

		snprintf(hoa, sizeof(hoa), "2001:db8:280::1:%x", i);
		snprintf(coa, sizeof(coa), "%s%x", coa_net, i + 1);
		BU(.hoa = hoa, .src = coa, .seq = seq);
	}
}

static void all_accepted(void)
{
	unsigned n = 0;

	kernel_works();
	while (fake_mh_count()) {
		assert_int_equal(ba()->m.ba.status, BA_ACCEPTED);
		n++;
	}
	assert_int_equal(n, MANY);
}

static void test_1000_nodes_register_move_and_expire(void **state)
{
	static struct mobile_node node[MANY];
	static struct prefix net[MANY][2];

	(void)state;
	many_world(node, net);
	start();
	send_all(1, "2001:db8:f1::");
	assert_int_equal(fake_dad_count(), MANY);
	while (fake_dad_count()) {
		char s[INET6_ADDRSTRLEN];

		inet_ntop(AF_INET6, &fake_dad_get(0)->addr, s, sizeof(s));
		dad_ends(s, false);
	}
	all_accepted();
	assert_int_equal(bc_count(ha_bc(ha)), MANY);
	assert_int_equal(fake_kern_count_kind(KOBJ_ROUTE), 3 * MANY);
	assert_int_equal(fake_kern_count_kind(KOBJ_INGRESS), 3 * MANY);
	assert_int_equal(fake_kern_count_kind(KOBJ_PROXY), MANY);
	send_all(2, "2001:db8:f2::");
	all_accepted();
	assert_int_equal(fake_kern_count_kind(KOBJ_INGRESS), 3 * MANY);
	fake_run_advance(601);
	kernel_works();
	assert_int_equal(bc_count(ha_bc(ha)), 0);
	assert_int_equal(fake_kern_count_kind(KOBJ_ROUTE), 2 * MANY);	/* at home */
	assert_int_equal(fake_kern_count_kind(KOBJ_INGRESS), 0);
	ha_stop(ha, on_done, NULL);
	kernel_works();
	assert_int_equal(fake_kern_count(), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_bindings_under_way_count_for_the_limit),
		T(test_limit_is_free_again_after_a_failure),
		T(test_two_home_addresses_at_one_care_of_address),
		T(test_clash_with_one_that_waits_for_dad),
		T(test_circle_of_tunnels_gets_174),
		T(test_refusal_on_the_home_link_goes_to_the_link_layer_address),
		T(test_refusal_goes_by_routing_if_nobody_answers),
		T(test_refusal_by_routing_where_that_leads_to_the_node),
		T(test_home_link_down_and_up_is_defended_again),
		T(test_home_address_of_another_device_is_not_waited_for),
		T(test_home_link_made_anew_is_listened_to_and_set_up),
		T(test_home_link_that_was_down_at_a_reload_is_defended_again),
		T(test_1000_nodes_register_move_and_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
