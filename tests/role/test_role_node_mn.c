/* SPDX-License-Identifier: BSD-2-Clause */
/* A mobile router that is a correspondent, too: which of its addresses have both headers. */
#include "mn_help.h"

#include <errno.h>

#include "bind_help.h"
#include "fake/fake_kern.h"
#include "fake/fake_run.h"
#include "role/role_priv.h"
#include "run/event.h"
#include "run/log.h"

#define PEER		"2001:db8:77::1"
#define PEER_COA	"2001:db8:78::1"

static struct mn_world w;
static struct cn_conf cn_conf;
static struct node *node;
static int ready_rc;

static void turn(void)
{
	do
		event_drain();
	while (fake_kern_run());
}

static void on_ready(void *arg, int rc)
{
	(void)arg;
	ready_rc = rc;
}

static int setup(void **state)
{
	(void)state;
	log_init(LOG_LV_ERR - 1);
	fake_run_reset();
	fake_io_reset();
	fake_dad_reset();
	fake_kern_reset();
	event_fini();
	fake_run_each_turn(turn);
	fake_kern_link_up(3, "wlan0");
	fake_kern_link_up(4, "wwan0");
	fake_kern_link_up(5, "lan0");
	mn_world_make(&w);
	w.c.n_home = 1;
	w.c.timers.probe_interval = 0;
	cn_conf = (struct cn_conf){ .max_bindings = 3, .max_lifetime = 420 };
	timers_default(&cn_conf.timers);
	ready_rc = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	node_free(node);
	fake_kern_reset();
	fake_io_reset();
	event_fini();
	fake_run_reset();
	return 0;
}

static void begin(bool ro)
{
	struct node_conf c = { .roles = ROLE_MR | ROLE_CN, .mn = &w.c, .cn = &cn_conf };

	w.c.ro.enabled = ro;
	w.c.ro.max_peers = 4;
	assert_int_equal(node_start(&node, NULL, &c, on_ready, NULL), 0);
	turn();
	assert_int_equal(ready_rc, 0);
}

static bool bound_as_mobile(const char *local)
{
	const struct cn_key k = { ip6(local), ip6(PEER) };
	const struct cn_entry *e;

	bind_update(k.peer, ip6(PEER_COA), k.local, 1);
	turn();
	e = cnc_find(cn_cache(node->cn), &k);
	assert_true(e && e->bound);
	return e->b.mobile;
}

static void test_home_address_that_is_optimised_has_both_headers(void **state)
{
	(void)state;
	begin(true);
	assert_true(bound_as_mobile(HOA));
	assert_false(bound_as_mobile("2001:db8:99::1"));
}

static void test_home_address_that_is_not_has_one(void **state)
{
	(void)state;
	begin(false);
	assert_false(bound_as_mobile(HOA));
}

/* ---- what steers is loaded when it is configured ---- */

static int reload_rc;

static void on_reloaded(void *arg, int rc)
{
	(void)arg;
	reload_rc = rc;
}

static struct flow_conf voice = { .name = "voice", .fid = 1, .prio = 10, .n_bid = 1, .bid = { 1 } };

static void reload_with_flows(void)
{
	static struct mn_conf to;
	static struct home_conf home[1];
	struct node_conf c = { .roles = ROLE_MR | ROLE_CN, .mn = &to, .cn = &cn_conf };
	const char *key;

	to = w.c;
	home[0] = w.c.homes[0];
	home[0].flows = &voice;
	home[0].n_flow = 1;
	to.homes = home;
	reload_rc = 1;
	assert_true(node_can_reload(node, &c, &key));
	node_reload(node, &c, on_reloaded, NULL);
	turn();
}

static void test_what_steers_is_loaded_with_the_first_need(void **state)
{
	(void)state;
	begin(false);
	assert_int_equal(fake_kern_steer_loads(), 0);
	fake_kern_steer_fail(-EOPNOTSUPP);
	reload_with_flows();			/* the operator hears at once that it cannot be */
	assert_int_equal(reload_rc, -EOPNOTSUPP);
	fake_kern_steer_fail(0);
	reload_with_flows();
	assert_int_equal(reload_rc, 0);
	assert_int_equal(fake_kern_steer_loads(), 1);
}

static void test_what_steers_is_loaded_at_start(void **state)
{
	static struct mobile_node mobile[1];
	struct ha_conf agent = { .nodes = mobile, .n_node = 1 };
	struct node_conf c = { .roles = ROLE_MR, .mn = &w.c };

	(void)state;
	w.uplink[0].bid = 1;
	w.uplink[1].bid = 2;
	assert_false(node_steers(&c));
	w.uplink[1].priority = w.uplink[0].priority;
	assert_true(node_steers(&c));		/* they share the load */
	begin(false);
	assert_int_equal(fake_kern_steer_loads(), 1);
	c = (struct node_conf){ .roles = ROLE_HA, .ha = &agent };
	mobile[0].flow_bindings = true;
	assert_false(node_steers(&c));		/* when it asks */
	mobile[0].n_flow = 1;
	assert_true(node_steers(&c));
	agent.flower = true;
	assert_false(node_steers(&c));
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_home_address_that_is_optimised_has_both_headers),
		T(test_home_address_that_is_not_has_one),
		T(test_what_steers_is_loaded_with_the_first_need),
		T(test_what_steers_is_loaded_at_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
