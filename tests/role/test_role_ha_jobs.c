/* SPDX-License-Identifier: BSD-2-Clause */
/* Flush, reload, start and stop of the home agent, and what meets them on the way. */
#include "ha_role_help.h"

#include <errno.h>

/* ---- flush ---- */

static void test_flush_of_one_leaves_the_others(void **state)
{
	struct in6_addr mr = ip6(MR), stranger = ip6(STRANGER);

	(void)state;
	start();
	bind_node(MR, COA, 1);
	bind_node(HOST, COA2, 1);
	assert_int_equal(ha_flush(ha, &stranger), 0);
	assert_int_equal(ha_flush(ha, &mr), 1);
	kernel_works();
	assert_null(entry(MR));
	assert_true(is_bound(HOST));
	kernel_agrees(MR);
	kernel_agrees(HOST);
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "flushed");
	assert_int_equal(n_event[EV_bc_flush], 0);
}

static void test_flush_of_all_tells_when_the_cache_is_empty(void **state)
{
	(void)state;
	start();
	assert_int_equal(ha_flush(ha, NULL), 0);
	bind_node(MR, COA, 1);
	bind_node(HOST, COA2, 1);
	assert_int_equal(ha_flush(ha, NULL), 2);
	assert_int_equal(n_event[EV_bc_flush], 0);
	kernel_works();
	assert_int_equal(bc_count(ha_bc(ha)), 0);
	assert_int_equal(n_event[EV_bc_remove], 2);
	assert_int_equal(n_event[EV_bc_flush], 1);
	kernel_agrees(MR);
}

static void test_flush_while_the_kernel_works_removes_what_comes_of_it(void **state)
{
	struct in6_addr mr = ip6(MR);

	(void)state;
	start();
	bind_node(MR, COA, 1);
	BU(.src = COA2, .seq = 2);
	assert_int_equal(ha_flush(ha, &mr), 1);
	BU(.seq = 3);			/* and what comes after the flush is served */
	fake_kern_turn();
	ba_is(BA_ACCEPTED, 2);
	fake_kern_turn();
	assert_int_equal(n_event[EV_bc_remove], 0);	/* not drained yet */
	event_drain();
	assert_int_equal(n_event[EV_bc_remove], 1);
	assert_null(entry(MR));
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 3);
	kernel_agrees(MR);
}

/* ---- reload ---- */

static struct ha_world w2;

static void reload(void)
{
	done_rc = 1;
	ha_reload(ha, &w2.c, on_done, NULL);
	kernel_works();
}

static void test_reload_removes_what_is_no_longer_allowed_and_nothing_else(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	bind_node(MR2, COA2, 1);
	bind_node(HOST, COA2, 1);
	world_make(&w2);
	world_node(&w2, MR2)->n_prefix = 0;	/* its prefix is taken away */
	world_node(&w2, HOST)->hoa = ip6(STRANGER);
	ha_conf_index(&w2.c);
	for (size_t i = 0; i < w2.c.n_node; i++)	/* as for an unchanged list */
		w2.c.nodes[i].slot = w.c.nodes[i].slot;
	fake_kern_log();
	reload();
	assert_int_equal(done_rc, 0);
	assert_ptr_equal(ha_conf_of(ha), &w2.c);
	assert_true(is_bound(MR));
	assert_null(entry(MR2));
	assert_null(entry(HOST));
	assert_int_equal(n_event[EV_bc_remove], 2);
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "reconfigured");
	assert_null(strstr(fake_kern_log(), "2001:db8:281::"));	/* MR was not touched */
	kernel_agrees(MR);
	assert_int_equal(fake_kern_count_kind(KOBJ_ROUTE), 3);	/* all MR's */
	assert_int_equal(fake_kern_count_kind(KOBJ_PROXY), 1);
	BU(.hoa = STRANGER, .seq = 1, .flags = AH);
	assert_int_equal(fake_dad_count(), 1);
}

static void test_reload_that_fails_leaves_the_old_configuration(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	world_make(&w2);
	w2.c.n_node = 0;
	fake_kern_fail_nth(1, -ENOMEM);
	reload();
	assert_int_equal(done_rc, -ENOMEM);
	assert_ptr_equal(ha_conf_of(ha), &w.c);
	assert_true(is_bound(MR));
	kernel_agrees(MR);
	BU(.seq = 2);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
}

static void test_reload_stops_dad_of_a_node_that_is_gone(void **state)
{
	(void)state;
	start();
	BU(.seq = 1);
	BU(.hoa = HOST, .seq = 1, .flags = AH);
	world_make(&w2);
	w2.c.nodes = world_node(&w2, HOST);
	w2.c.n_node = 1;
	reload();
	assert_int_equal(done_rc, 0);
	ba_is(BA_NOT_HA, 1);
	assert_int_equal(fake_dad_count(), 1);	/* the other one goes on */
	dad_ends(HOST, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	assert_true(is_bound(HOST));
}

static void test_reload_judges_pending_registrations_again(void **state)
{
	(void)state;
	start();
	BU(.seq = 1, .mnp = MNP2);
	world_make(&w2);
	world_node(&w2, MR)->n_prefix = 1;
	reload();
	ba_is(BA_PREFIX_UNAUTHORIZED, 1);
	assert_int_equal(fake_dad_count(), 0);
	assert_null(entry(MR));
}

static void test_updates_during_a_reload_wait_for_it(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	BU(.src = COA2, .seq = 2);		/* in the kernel */
	world_make(&w2);
	ha_reload(ha, &w2.c, on_done, NULL);	/* waits for that */
	BU(.seq = 3);
	BU(.hoa = HOST, .seq = 1, .flags = AH);
	assert_int_equal(fake_dad_count(), 0);
	fake_kern_turn();
	ba_is(BA_ACCEPTED, 2);
	silence();
	assert_int_equal(done_rc, 1);
	fake_kern_turn();
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_dad_count(), 1);
	kernel_works();
	ba_is(BA_ACCEPTED, 3);
	dad_ends(HOST, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	kernel_agrees(MR);
}

static void test_dad_that_ends_during_a_reload_goes_on_after_it(void **state)
{
	(void)state;
	start();
	BU(.seq = 1);
	world_make(&w2);
	w2.c.metric = 3000;
	ha_reload(ha, &w2.c, on_done, NULL);
	dad_ends(MR, false);
	BU(.seq = 2);
	fake_kern_turn();
	assert_int_equal(done_rc, 0);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	ba_is(BA_ACCEPTED, 2);
	w.c.metric = 3000;
	kernel_agrees(MR);
}

static void test_expiry_during_a_reload_comes_after_it(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	world_make(&w2);
	w2.c.metric = 3000;
	ha_reload(ha, &w2.c, on_done, NULL);
	fake_run_advance(601);
	kernel_works();
	assert_int_equal(done_rc, 0);
	assert_null(entry(MR));
	w.c.metric = 3000;
	kernel_agrees(MR);
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "expired");
}

static void test_configuration_without_index_is_refused(void **state)
{
	const struct ha_env e = env();
	struct mobile_node swap;

	(void)state;
	swap = w.node[0];
	w.node[0] = w.node[1];
	w.node[1] = swap;
	assert_int_equal(ha_start(&ha, &w.c, &e, on_ready, NULL), -EINVAL);
	ha_conf_index(&w.c);
	start();
	world_make(&w2);
	w2.node[1].hoa = w2.node[0].hoa;
	reload();
	assert_int_equal(done_rc, -EINVAL);
}

/* ---- start and stop ---- */

static void test_start_without_the_home_link_fails(void **state)
{
	const struct ha_env e = env();

	(void)state;
	strcpy(w.link.dev, "eth7");
	assert_int_equal(ha_start(&ha, &w.c, &e, on_ready, NULL), -ENODEV);
	assert_null(ha);
}

static void test_start_that_the_kernel_refuses_says_so(void **state)
{
	const struct ha_env e = env();

	(void)state;
	fake_kern_fail_kind(KOBJ_LINK, -EPERM);
	assert_int_equal(ha_start(&ha, &w.c, &e, on_ready, NULL), 0);
	kernel_works();
	assert_int_equal(ready_rc, -EPERM);
	assert_int_equal(fake_kern_count(), 0);
	BU(.seq = 1);
	silence();
}

static void test_stop_leaves_nothing(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	bind_node(VMR, COA2, 1);
	BU(.hoa = HOST, .seq = 1, .flags = AH);		/* in DAD */
	BU(.src = COA2, .seq = 2);			/* in the kernel */
	ha_stop(ha, on_done, NULL);
	BU(.seq = 3);
	kernel_works();
	assert_int_equal(done_rc, 0);
	ba_is(BA_ACCEPTED, 2);			/* what was promised, was done */
	silence();
	assert_int_equal(fake_kern_count(), 0);
	assert_int_equal(fake_dad_count(), 0);
	assert_int_equal(fake_run_timers(), 0);
	assert_int_equal(bc_count(ha_bc(ha)), 0);
	assert_int_equal(n_event[EV_bc_flush], 1);
	ha_free(ha);
	ha = NULL;
	assert_int_equal(fake_nd_watched(IF_H0), 0);
}

static void test_stop_comes_last(void **state)
{
	int reload_rc = 1;

	(void)state;
	start();
	bind_node(MR, COA, 1);
	world_make(&w2);
	ha_reload(ha, &w2.c, on_done, NULL);
	ha_stop(ha, on_ready, NULL);
	reload_rc = done_rc;
	ha_reload(ha, &w.c, on_done, NULL);	/* too late */
	assert_int_equal(reload_rc, 1);
	assert_int_equal(done_rc, -ECANCELED);
	ready_rc = 1;
	kernel_works();
	assert_int_equal(ready_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_flush_of_one_leaves_the_others),
		T(test_flush_of_all_tells_when_the_cache_is_empty),
		T(test_flush_while_the_kernel_works_removes_what_comes_of_it),
		T(test_reload_removes_what_is_no_longer_allowed_and_nothing_else),
		T(test_reload_that_fails_leaves_the_old_configuration),
		T(test_reload_stops_dad_of_a_node_that_is_gone),
		T(test_reload_judges_pending_registrations_again),
		T(test_updates_during_a_reload_wait_for_it),
		T(test_dad_that_ends_during_a_reload_goes_on_after_it),
		T(test_expiry_during_a_reload_comes_after_it),
		T(test_configuration_without_index_is_refused),
		T(test_start_without_the_home_link_fails),
		T(test_start_that_the_kernel_refuses_says_so),
		T(test_stop_leaves_nothing),
		T(test_stop_comes_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
