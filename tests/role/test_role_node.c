/* SPDX-License-Identifier: BSD-2-Clause */
/* The node: which news and messages go to which role, and how much anybody can make it say. */
#include "ha_role_help.h"

#include "bind_help.h"
#include "role/role.h"

static struct node *node;

static void node_ready(void *arg, int rc)
{
	(void)arg;
	ready_rc = rc;
}

static void start_node(void)
{
	struct node_conf c = { .roles = ROLE_HA };
	struct kaddr_news own = { .ifindex = IF_H0, .plen = 64 };

	own.addr = ip6(HA_ADDR);
	fake_kern_addr(&own);
	c.ha = &w.c;
	c.dialect = w.c.dialect;
	assert_int_equal(node_start(&node, NULL, &c, node_ready, NULL), 0);
	fake_kern_run();
	assert_int_equal(ready_rc, 0);
	fake_kern_log();
}

static int node_setup(void **state)
{
	setup(state);
	start_node();
	return 0;
}

static int node_teardown(void **state)
{
	node_free(node);
	return teardown(state);
}

static void report(unsigned n)
{
	struct kreport r = { .src = ip6(MR), .dst = ip6(HA_ADDR), .coa = ip6(COA) };

	while (n--)
		fake_kern_report(&r);
	event_drain();
}

/* RFC 6275 9.3.3: the home address of the option, or none if there was no option. */
static unsigned binding_errors(uint8_t status)
{
	struct in6_addr hoa = status == BE_UNKNOWN_BINDING ? ip6(MR) : in6addr_any;

	const struct fake_mh *f;
	unsigned n = 0;

	while ((f = fake_mh_pop())) {
		assert_int_equal(f->m.type, MH_BE);
		assert_int_equal(f->m.be.status, status);
		assert_true(in6_eq(&f->m.be.hoa, &hoa));
		n++;
	}
	return n;
}

static void test_binding_errors_and_hints_are_limited(void **state)
{
	const uint8_t unknown[] = { 59, 1, 77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct mh_rx rx = { .src = ip6(COA), .dst = ip6(HA_ADDR), .buf = unknown,
			    .len = sizeof(unknown) };

	(void)state;
	report(1000);
	assert_int_equal(binding_errors(BE_UNKNOWN_BINDING), 10);
	assert_int_equal(n_event[EV_be_hint], 10);
	assert_int_equal(node->be_sent, 10);
	assert_int_equal(node->be_suppressed, 990);
	fake_run_advance(0.5);
	for (unsigned i = 0; i < 100; i++)
		fake_mh_rx(&rx);
	assert_int_equal(binding_errors(BE_UNKNOWN_TYPE), 5);
	report(100);			/* the hints were not used up by that */
	assert_int_equal(binding_errors(BE_UNKNOWN_BINDING), 0);
	assert_int_equal(n_event[EV_be_hint], 15);
}

/* A correspondent of before a restart goes on while the daemon starts. */
static void test_a_report_before_there_is_a_socket(void **state)
{
	struct kreport r = { .src = ip6(MR), .dst = ip6(HA_ADDR), .coa = ip6(COA) };

	node_teardown(state);
	setup(state);
	fake_kern_report_early(&r);
	start_node();
	event_drain();
	assert_int_equal(n_event[EV_be_hint], 0);
	assert_null(fake_mh_pop());
	report(1);
	assert_int_equal(binding_errors(BE_UNKNOWN_BINDING), 1);
}

/* RFC 6275 9.3.3: no error to a source, nor about a destination, that is not unicast. */
static void test_nobody_is_told_of_an_error_by_an_address_that_is_none(void **state)
{
	static const char *const ends[][2] = {
		{ "ff0e::1", HA_ADDR }, { "::", HA_ADDR }, { "::1", HA_ADDR }, { COA, "ff02::1" },
	};
	const uint8_t unknown[] = { 59, 1, 77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
		struct mh_rx rx = { .src = ip6(ends[i][0]), .dst = ip6(ends[i][1]),
				    .buf = unknown, .len = sizeof(unknown) };
		struct kreport r = { .src = ip6(MR), .dst = rx.dst, .coa = rx.src };

		fake_mh_rx(&rx);
		fake_kern_report(&r);
		event_drain();
		assert_null(fake_mh_pop());
	}
	assert_int_equal(node->be_sent, 0);
}

static void test_home_agent_hears_of_its_link_and_address(void **state)
{
	struct klink l = { .ifindex = IF_H0, .name = "h0", .carrier_changes = 1 };
	struct kaddr_news own = { .ifindex = IF_H0, .addr = ip6(HA_ADDR), .plen = 64 };

	(void)state;
	fake_kern_link(&l, false);
	own.gone = true;
	fake_kern_addr(&own);
	l.up = l.carrier = true;
	l.carrier_changes = 2;
	fake_kern_link(&l, false);
	fake_kern_run();
	assert_string_equal(fake_kern_log(), "");
	own.gone = false;
	fake_kern_addr(&own);
	fake_kern_run();
	assert_non_null(strstr(fake_kern_log(), "= "));
}

/* ---- a home agent and a correspondent ---- */

static struct cn_conf cn_conf;

static int both_setup(void **state)
{
	struct node_conf c = { .roles = ROLE_HA | ROLE_CN, .ha = &w.c, .cn = &cn_conf };
	struct kaddr_news own = { .ifindex = IF_H0, .plen = 64 };

	setup(state);
	own.addr = ip6(HA_ADDR);
	fake_kern_addr(&own);
	cn_conf = (struct cn_conf){ .max_bindings = 3, .max_lifetime = 420 };
	timers_default(&cn_conf.timers);
	c.dialect = w.c.dialect;
	assert_int_equal(node_start(&node, NULL, &c, node_ready, NULL), 0);
	fake_kern_run();
	assert_int_equal(ready_rc, 0);
	return 0;
}

static void stopped(void *arg)
{
	*(bool *)arg = true;
}

static void test_h_says_who_judges_an_update(void **state)
{
	struct mh_msg m = { .type = MH_BU };
	struct mh_rx rx = { .src = ip6(COA), .dst = ip6(HA_ADDR), .has_hao = true, .hao = ip6(MR) };
	bool done = false;

	(void)state;
	fake_mh_rx_msg(&rx, &m);
	assert_int_equal(cn_stats(node->cn).bu, 1);
	assert_int_equal(ha_stats(node->ha).bu, 0);
	m.bu.flags = BU_A | BU_H;
	fake_mh_rx_msg(&rx, &m);
	assert_int_equal(cn_stats(node->cn).bu, 1);
	assert_int_equal(ha_stats(node->ha).bu, 1);
	while (fake_mh_pop())
		;
	m = (struct mh_msg){ .type = MH_COTI };
	rx.has_hao = false;
	fake_mh_rx_msg(&rx, &m);
	assert_int_equal(fake_mh_pop()->m.type, MH_COT);
	node_stop(node, stopped, &done);
	fake_kern_run();
	assert_true(done);
	assert_int_equal(fake_kern_count(), 0);
}

static void test_tests_with_a_home_address_option_are_counted(void **state)
{
	struct mh_msg m = { .type = MH_HOTI };
	struct mh_rx rx = { .src = ip6(COA), .dst = ip6(HA_ADDR), .has_hao = true, .hao = ip6(MR) };

	(void)state;
	fake_mh_rx_msg(&rx, &m);
	assert_null(fake_mh_pop());
	assert_int_equal(cn_stats(node->cn).tests_ignored, 1);
}

/* Both began with the same home address before the other had it. */
static void test_home_registration_ends_the_correspondents_binding(void **state)
{
	struct in6_addr hoa = ip6(MR), local = ip6(HA_ADDR);

	(void)state;
	BU(.seq = 1);			/* duplicate address detection runs */
	bind_update(hoa, ip6(COA), local, 7);
	kernel_works();
	ba_is(BA_ACCEPTED, 7);
	assert_true(cn_bound(node->cn, &local, &hoa));
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	kernel_works();
	assert_false(cn_bound(node->cn, &local, &hoa));
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "home registration");
	BU(.seq = 2);			/* and it is refreshed where it is */
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_h_says_who_judges_an_update, both_setup,
						node_teardown),
		cmocka_unit_test_setup_teardown(test_tests_with_a_home_address_option_are_counted,
						both_setup, node_teardown),
		cmocka_unit_test_setup_teardown(
			test_home_registration_ends_the_correspondents_binding, both_setup,
			node_teardown),
		cmocka_unit_test_setup_teardown(test_binding_errors_and_hints_are_limited,
						node_setup, node_teardown),
		cmocka_unit_test_setup_teardown(test_a_report_before_there_is_a_socket,
						node_setup, node_teardown),
		cmocka_unit_test_setup_teardown(
			test_nobody_is_told_of_an_error_by_an_address_that_is_none, node_setup,
			node_teardown),
		cmocka_unit_test_setup_teardown(test_home_agent_hears_of_its_link_and_address,
						node_setup, node_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
