/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow policy of the mobile side: what the home agent is told (RFC 6089 5.2), and what it answers. */
#include "role/mn_role_help.h"

#include "role/mn_priv.h"

static struct flow_conf flow[2];

static int setup_flows(void **state)
{
	setup(state);
	w.uplink[0].bid = 1;
	w.uplink[1].bid = 2;
	flow[0] = (struct flow_conf){ .name = "voice", .fid = 1, .prio = 10, .n_bid = 2,
				      .bid = { 2, 1 }, .send = true };
	flow[0].sel = (struct flowsel){ .family = AF_INET6, .has = FLOWSEL_DSCP, .dscp_lo = 46,
					.dscp_hi = 46 };
	flow[1] = (struct flow_conf){ .name = "local", .fid = 2, .prio = 20, .n_bid = 1,
				      .bid = { 1 } };
	w.home[0].flows = flow;
	w.home[0].n_flow = 2;
	return 0;
}

static struct mn_flow_info flow_info(size_t i)
{
	struct mn_flow_info f;

	assert_true(mn_flow(mn, 0, i, &f));
	return f;
}

/* wlan0 (BID 1) and wwan0 (BID 2) registered; what the update that names both says of the flow. */
static struct bu both(void)
{
	struct bu b;

	start();
	foreign1();
	md_says("coa", "wwan0", COA2, ROUTER2, LINK2);
	turn();
	b = one_bu();
	assert_int_equal(b.n_flow, 1);		/* what works now: the second of its list */
	assert_int_equal(b.flow_bid[0], 1);
	accept_bu(&b);
	return one_bu();
}

/* The next update, whenever it is due. */
static struct bu refresh(void)
{
	struct bu b;

	for (unsigned i = 0; i < 700; i++) {
		advance(1);
		if (next_bu(&b))
			return b;
	}
	fail_msg("no refresh");
	return b;
}

static void test_the_policy_goes_with_the_paths(void **state)
{
	struct bu b;

	(void)state;
	b = both();
	assert_int_equal(b.n_bid, 2);
	assert_int_equal(b.n_flow, 1);
	assert_true(b.flow[0].fid == 1 && b.flow[0].prio == 20 && b.flow_bid[0] == 2);
	assert_int_equal(flow_info(0).view, FLOW_WAITING);
	accept_bu(&b);
	no_bu();
	assert_int_equal(flow_info(0).view, FLOW_ACTIVE);
	assert_int_equal(flow_info(0).bid, 2);
	assert_int_equal(flow_info(1).view, FLOW_LOCAL);
	assert_string_equal(last_event[EV_flow_state].flow_state.name, "voice");
	assert_string_equal(last_event[EV_flow_state].flow_state.state, "active");
	/* what goes out follows it as well, and what is local */
	assert_non_null(strstr(fake_kern_dump(), "dscp 46"));
	assert_non_null(strstr(fake_kern_dump(), "steer"));
}

/* 5.2.3: a refresh names what is to stay. */
static void test_a_refresh_keeps_the_flows_by_a_summary(void **state)
{
	struct bu b;

	(void)state;
	b = both();
	accept_bu(&b);
	b = refresh();
	assert_int_equal(b.n_flow, 0);
	assert_int_equal(b.n_kept, 1);
	assert_int_equal(b.kept[0], 1);
	accept_bu(&b);
	no_bu();
}

/* The path of a flow dies: the next of its list, with the same update. */
static void test_flows_follow_the_paths(void **state)
{
	struct bu b;

	(void)state;
	b = both();
	accept_bu(&b);
	advance(1.1);
	md_says("lost", "wwan0", NULL, NULL, NULL);
	turn();
	assert_true(next_bu(&b));
	while (b.n_flow == 0) {			/* the deletion of BID 2 may go first */
		accept_bu(&b);
		advance(1.1);
		assert_true(next_bu(&b));
	}
	assert_int_equal(b.flow[0].fid, 1);
	assert_int_equal(b.flow_bid[0], 1);
	accept_bu(&b);
	assert_int_equal(flow_info(0).bid, 1);
	assert_int_equal(flow_info(0).view, FLOW_ACTIVE);
}

static void test_a_refused_flow_is_said_and_not_asked_again_at_once(void **state)
{
	struct bu b;

	(void)state;
	b = both();
	ANSWER(&b, .flow_status = { FLOW_PROHIBITED });
	no_bu();
	assert_int_equal(flow_info(0).view, FLOW_REFUSED);
	assert_int_equal(flow_info(0).status, FLOW_PROHIBITED);
	assert_string_equal(last_event[EV_flow_state].flow_state.state, "refused");
	assert_int_equal(last_event[EV_flow_state].flow_state.status, FLOW_PROHIBITED);
	b = refresh();
	assert_int_equal(b.n_flow, 1);
}

/* 5.2.6: an answer without the option. */
static void test_a_home_agent_without_flows_is_not_asked_again(void **state)
{
	struct bu b;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .no_flows = true);
	no_bu();
	assert_int_equal(flow_info(0).view, FLOW_UNSUPPORTED);
	assert_string_equal(last_event[EV_flow_state].flow_state.state, "unsupported");
	b = refresh();
	assert_int_equal(b.n_flow + b.n_kept, 0);
	accept_bu(&b);
	no_bu();
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_without_bids_nothing_is_said_of_flows(void **state)
{
	struct bu b;

	(void)state;
	w.uplink[0].bid = w.uplink[1].bid = 0;
	start();
	foreign1();
	b = one_bu();
	assert_int_equal(b.n_flow + b.n_kept, 0);
	accept_bu(&b);
	no_bu();
	assert_int_equal(flow_info(0).view, FLOW_INACTIVE);
}

/* ---- a kernel that does not steer ---- */

static bool steered(void)
{
	return strstr(fake_kern_dump(), "steer") != NULL;
}

static void test_no_path_fails_for_what_steers(void **state)
{
	struct bu b;

	(void)state;
	fake_kern_fail_kind(KOBJ_SFLOW, -ENOMEM);
	b = both();
	accept_bu(&b);
	no_bu();
	assert_int_equal(state_now(), BUL_BOUND);
	assert_false(steered());
	assert_non_null(strstr(fake_kern_dump(), "mip0b"));	/* both tunnels are there */
	assert_int_equal(mn_stats(mn).unsteered, 1);
	advance(6);
	assert_false(steered());
	assert_int_equal(mn_stats(mn).unsteered, 1);
	fake_kern_fail_kind(KOBJ_SFLOW, 0);
	advance(8);					/* 5 s, then 10 */
	assert_false(steered());
	advance(3);
	assert_true(steered());
	assert_string_equal(last_event[EV_flow_state].flow_state.state, "steered");
	assert_int_equal(mn_stats(mn).unsteered, 0);
}

#undef T
#define T(f)	cmocka_unit_test_setup_teardown(f, setup_flows, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_the_policy_goes_with_the_paths),
		T(test_a_refresh_keeps_the_flows_by_a_summary),
		T(test_flows_follow_the_paths),
		T(test_a_refused_flow_is_said_and_not_asked_again_at_once),
		T(test_a_home_agent_without_flows_is_not_asked_again),
		T(test_without_bids_nothing_is_said_of_flows),
		T(test_no_path_fails_for_what_steers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
