/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow bindings at the home agent (RFC 6089 5.3): what comes in, what goes out, what is kept. */
#include "ha_role_help.h"

#include <errno.h>

#include "wire/flow.h"

#define PORT(p)		"\x03\x08\x02\0\0\x20\0\0" p
#define TO(bid)		"\x02\x02\0" bid
#define OPT(fid, prio, sub)	{ fid, prio, 0, { (const uint8_t *)(sub), sizeof(sub) - 1 } }
#define FIDS(s)		{ (const uint8_t *)(s), sizeof(s) - 1 }

/* A Binding Update of MR with BIDs 1 and 2, or those given, and these flows. */
static uint16_t seq;

static void update(const struct mhopts *flows, unsigned n_bid, uint32_t lifetime)
{
	struct mh_rx rx = { .src = ip6(COA), .dst = ip6(HA_ADDR), .has_hao = true, .hao = ip6(MR),
			    .ifindex = 9 };
	struct mh_msg m = { .type = MH_BU, .bu = { ++seq, AHR, lifetime }, .opt = *flows };
	static const char *const coa[] = { COA, COA2 };
	uint8_t buf[MH_MAX_LEN];
	ssize_t n;

	for (unsigned i = 0; i < n_bid; i++) {
		struct in6_addr a = ip6(coa[i]);

		m.opt.bid[m.opt.n_bid++] = (struct mhopt_bid){ .bid = (uint16_t)(i + 1), .prio = 10,
							       .coa = locator6(&a) };
	}
	n = mh_build(&m, &w.c.dialect, buf, sizeof(buf), NULL);
	assert_true(n > 0);
	rx.buf = buf;
	rx.len = (size_t)n;
	fake_mh_rx(&rx);
	event_drain();
}

/* The same, through to the answer. */
static const struct mhopts *answered(const struct mhopts *flows, unsigned n_bid, uint32_t lifetime)
{
	update(flows, n_bid, lifetime);
	if (seq == 1)
		dad_ends(MR, false);
	kernel_works();
	return &ba_is(0, seq)->m.opt;
}

static const struct flow_list *list(void)
{
	struct in6_addr a = ip6(MR);

	return &bc_memory(ha_bc(ha), &a, true)->flows;
}

static const struct mhopts two = { .n_flow = 2, .flow = { OPT(4, 10, PORT("\0\x50") TO("\x02")),
							  OPT(5, 20, PORT("\0\x35") TO("\x01")) } };
static const struct mhopts both = { .n_flow_summary = 1, .flow_summary = { FIDS("\0\x04\0\x05") } };
static const struct mhopts none;

static int setup_world(void **state)
{
	int rc = setup(state);

	seq = 0;
	for (unsigned i = 0; i < w.c.n_node; i++)
		w.node[i].flow_bindings = true;
	return rc;
}

/* 5.3.1: BIDs of the same message count; 5.3.5: copies with a status. */
static void test_flows_are_answered_and_kept(void **state)
{
	const struct mhopts *o;

	(void)state;
	start();
	o = answered(&two, 2, 600);
	assert_int_equal(o->n_flow, 2);
	assert_int_equal(o->flow[0].fid, 4);
	assert_int_equal(o->flow[0].status, FLOW_OK);
	assert_int_equal(o->flow[0].sub.len, two.flow[0].sub.len);
	assert_memory_equal(o->flow[0].sub.p, two.flow[0].sub.p, two.flow[0].sub.len);
	assert_int_equal(list()->n, 2);
	assert_true(list()->e[0].active && list()->e[1].active);
	assert_int_equal(n_event[EV_flow_state], 2);
	assert_string_equal(last_event[EV_flow_state].flow_state.state, "active");
	/* refreshed: nothing is said of them, and nothing is news */
	assert_int_equal(answered(&both, 2, 600)->n_flow, 0);
	assert_int_equal(list()->n, 2);
	assert_int_equal(n_event[EV_flow_state], 2);
	/* 5.3.4: not referred to */
	assert_int_equal(answered(&none, 2, 600)->n_flow, 0);
	assert_int_equal(list()->n, 0);
	assert_string_equal(last_event[EV_flow_state].flow_state.state, "removed");
}

static void test_a_refused_flow_is_told_and_the_binding_stands(void **state)
{
	const struct mhopts bad = { .n_flow = 1, .flow = { OPT(4, 10, PORT("\0\x50") TO("\x09")) } };
	const struct mhopts *o;

	(void)state;
	start();
	o = answered(&bad, 2, 600);
	assert_int_equal(o->n_flow, 1);
	assert_int_equal(o->flow[0].status, FLOW_NO_BID);
	assert_int_equal(list()->n, 0);
	assert_int_equal(n_event[EV_flow_state], 1);
	assert_string_equal(last_event[EV_flow_state].flow_state.state, "refused");
	assert_int_equal(last_event[EV_flow_state].flow_state.status, FLOW_NO_BID);
	o = answered(&both, 2, 600);	/* it has none of these */
	assert_int_equal(o->n_flow, 2);
	assert_int_equal(o->flow[1].status, FLOW_NO_FID);
}

static void test_a_node_that_may_not_have_flows(void **state)
{
	const struct mhopts *o;

	(void)state;
	world_node(&w, MR)->flow_bindings = false;
	start();
	o = answered(&two, 2, 600);
	assert_int_equal(o->n_flow, 2);
	assert_int_equal(o->flow[0].status, FLOW_PROHIBITED);
	assert_int_equal(list()->n, 0);
}

/* 4.3, 5.2.4: a flow whose BIDs are gone stays, inactive; 5.3.3: the de-registration of a BID says
 * which flows to keep. */
static void test_flows_outlive_their_bids(void **state)
{
	(void)state;
	start();
	answered(&two, 2, 600);
	answered(&both, 1, 0);		/* BID 1 goes */
	assert_int_equal(list()->n, 2);
	assert_true(list()->e[0].active);
	assert_false(list()->e[1].active);
	assert_string_equal(last_event[EV_flow_state].flow_state.state, "inactive");
	answered(&both, 2, 600);
	assert_true(list()->e[1].active);
	assert_string_equal(last_event[EV_flow_state].flow_state.state, "active");
}

/* 5.3.3: an RFC 3775 de-registration deletes all flows, whatever it says of them. */
static void test_a_deregistration_of_all_deletes_the_flows(void **state)
{
	(void)state;
	start();
	answered(&two, 2, 600);
	answered(&both, 0, 0);
	assert_int_equal(list()->n, 0);
	/* they do not come back with the next registration */
	update(&both, 2, 600);
	dad_ends(MR, false);
	kernel_works();
	assert_int_equal(ba_is(0, seq)->m.opt.n_flow, 2);
}

static void test_flows_end_with_the_last_binding(void **state)
{
	(void)state;
	start();
	answered(&two, 2, 600);
	fake_run_advance(601);
	kernel_works();
	assert_int_equal(bc_count(ha_bc(ha)), 0);
	assert_int_equal(list()->n, 0);
}

/* A registration that the kernel does not take leaves the flows as they were. */
static void test_a_failed_registration_changes_no_flow(void **state)
{
	const struct mhopts one = { .n_flow_summary = 1, .flow_summary = { FIDS("\0\x04") } };

	(void)state;
	start();
	answered(&two, 1, 600);			/* BID 2 is not there: 4 is refused */
	assert_int_equal(list()->n, 1);
	fake_kern_fail_kind(KOBJ_INGRESS, -ENOMEM);
	update(&one, 2, 600);
	kernel_works();
	ba_is(BA_NO_RESOURCES, seq);
	assert_int_equal(list()->n, 1);
	assert_int_equal(list()->e[0].fid, 5);
}

/* Two updates while duplicate address detection runs: the flows of the newer one count. */
static void test_the_flows_of_the_newest_update_count(void **state)
{
	const struct mhopts newer = { .n_flow = 1, .flow = { OPT(7, 1, PORT("\0\x50") TO("\x01")) } };

	(void)state;
	start();
	update(&two, 2, 600);
	update(&newer, 2, 600);
	dad_ends(MR, false);
	kernel_works();
	assert_int_equal(ba_is(0, 2)->m.opt.flow[0].fid, 7);
	assert_int_equal(list()->n, 1);
	assert_int_equal(list()->e[0].fid, 7);
}

/* ---- a kernel that does not steer ---- */

static bool steered(void)
{
	return strstr(fake_kern_dump(), "steer") != NULL;
}

static void flows_say(const char *state, unsigned n)
{
	assert_string_equal(last_event[EV_flow_state].flow_state.state, state);
	assert_int_equal(ha_stats(ha).unsteered, n);
}

/* The binding stands, by the primary path, and the rest is tried again by and by. */
static void test_no_binding_fails_for_what_steers(void **state)
{
	static const enum kobj_kind kind[] = { KOBJ_SPATH, KOBJ_SFLOW, KOBJ_SNET };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kind); i++) {
		setup_world(state);
		start();
		fake_kern_fail_kind(kind[i], -ENOMEM);
		assert_int_equal(answered(&two, 2, 600)->n_flow, 2);	/* and status 0 */
		assert_false(steered());
		assert_int_equal(list()->n, 2);
		flows_say("not_steered", 1);
		answered(&both, 2, 600);			/* nor does it matter to later ones */
		fake_run_advance(6);
		kernel_works();
		assert_false(steered());
		assert_int_equal(n_event[EV_flow_state], 3);	/* told once */
		fake_kern_fail_kind(kind[i], 0);
		fake_run_advance(8);				/* 5 s, then 10 */
		kernel_works();
		assert_false(steered());
		fake_run_advance(3);
		kernel_works();
		assert_true(steered());
		flows_say("steered", 0);
		teardown(state);
	}
	setup_world(state);
}

static void test_what_cannot_be_steered_any_more_is_not_left_half(void **state)
{
	static const struct mhopts third = { .n_flow = 1, .flow = { OPT(6, 30, PORT("\0\x51")
								      TO("\x02")) } };

	(void)state;
	start();
	answered(&two, 2, 600);
	assert_true(steered());
	fake_kern_fail_kind(KOBJ_SFLOW, -ENOMEM);
	assert_int_equal(answered(&third, 2, 600)->n_flow, 1);
	assert_false(steered());
	flows_say("not_steered", 1);
	answered(&none, 0, 0);			/* nothing is left of it, nor of the wish to try again */
	flows_say("removed", 0);
	fake_kern_fail_kind(KOBJ_SFLOW, 0);
	fake_run_advance(30);
	kernel_works();
	assert_false(steered());
	assert_string_equal(last_event[EV_flow_state].flow_state.state, "removed");
}

/* What is not of steering fails the binding as ever, with or without. */
static void test_a_binding_that_cannot_be_is_refused_though_it_has_flows(void **state)
{
	(void)state;
	start();
	fake_kern_fail_kind(KOBJ_SFLOW, -ENOMEM);
	fake_kern_fail_kind(KOBJ_ROUTE, -ENOMEM);
	update(&two, 2, 600);
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_NO_RESOURCES, seq);
	assert_int_equal(ha_stats(ha).unsteered, 0);
}

#undef T
#define T(f)	cmocka_unit_test_setup_teardown(f, setup_world, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_flows_are_answered_and_kept),
		T(test_a_refused_flow_is_told_and_the_binding_stands),
		T(test_a_node_that_may_not_have_flows),
		T(test_flows_outlive_their_bids),
		T(test_a_deregistration_of_all_deletes_the_flows),
		T(test_flows_end_with_the_last_binding),
		T(test_a_failed_registration_changes_no_flow),
		T(test_the_flows_of_the_newest_update_count),
		T(test_no_binding_fails_for_what_steers),
		T(test_what_cannot_be_steered_any_more_is_not_left_half),
		T(test_a_binding_that_cannot_be_is_refused_though_it_has_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
