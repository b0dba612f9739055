/* SPDX-License-Identifier: BSD-2-Clause */
/* A mobile router that is a correspondent, too: which of its addresses have both headers. */
#include "mn_help.h"

#include "bind_help.h"
#include "fake/fake_kern.h"
#include "fake/fake_run.h"
#include "role/role.h"
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

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_home_address_that_is_optimised_has_both_headers),
		T(test_home_address_that_is_not_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
