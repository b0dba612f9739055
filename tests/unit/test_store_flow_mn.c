/* SPDX-License-Identifier: BSD-2-Clause */
/* What a mobile node asks of its home agent for its flows (RFC 6089 5.2), and what answers mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "store/flow_mn.h"

static struct flow_mn f;
static struct flow_octets mem;
static struct mhopts bu;
static struct flow_news news;
static struct flow_wire want[FLOW_MAX];
static size_t n_want;
static double now;

static struct flow_conf conf[3];
static const uint16_t both[] = { 1, 2 }, first[] = { 1 };

static int setup(void **state)
{
	(void)state;
	flow_forget(&f);
	now = 100;
	memset(conf, 0, sizeof(conf));
	conf[0] = (struct flow_conf){ .name = "voice", .fid = 1, .prio = 10, .n_bid = 2,
				      .bid = { 2, 1 }, .send = true };
	conf[0].sel = (struct flowsel){ .family = AF_INET6, .has = FLOWSEL_DSCP, .dscp_lo = 46,
					.dscp_hi = 46 };
	conf[1] = (struct flow_conf){ .name = "bulk", .fid = 2, .prio = 20, .n_bid = 1,
				      .bid = { 1 }, .send = true };
	conf[1].sel = (struct flowsel){ .has = FLOWSEL_SPORT, .sport_lo = 80, .sport_hi = 80,
					.mark = 0, .mask = 0 };
	conf[2] = (struct flow_conf){ .name = "local", .fid = 3, .prio = 30, .n_bid = 1,
				      .bid = { 1 } };
	n_want = flow_want(conf, 3, true, both, 2, want);
	return 0;
}

/* A Binding Update goes. */
static void tell(void)
{
	memset(&bu, 0, sizeof(bu));
	assert_int_equal(flow_tell(&f, want, n_want, now, &bu, &mem), 0);
}

/* The answer is a copy with these statuses. */
static void answer(const uint8_t *status)
{
	struct mhopts ba = { .n_flow = bu.n_flow };

	memcpy(ba.flow, bu.flow, sizeof(ba.flow));
	for (unsigned i = 0; i < ba.n_flow; i++)
		ba.flow[i].status = status ? status[i] : FLOW_OK;
	flow_answered(&f, &ba, now, &news);
}

static unsigned summary(void)
{
	return bu.n_flow_summary ? flow_n_fid(&bu.flow_summary[0]) : 0;
}

static void test_a_flow_of_both_families_is_two_on_the_wire(void **state)
{
	(void)state;
	assert_int_equal(n_want, 3);
	assert_true(want[0].fid == 1 && want[0].prio == 20 && want[0].bid == 2);
	assert_true(want[1].fid == 2 && want[1].prio == 40 && want[1].sel.family == AF_INET6);
	assert_true(want[2].fid == 0x8002 && want[2].prio == 41 && want[2].sel.family == AF_INET);
	/* without IPv4 in the network there is nothing to say about it */
	assert_int_equal(flow_want(conf, 3, false, both, 2, want), 2);
	conf[1].sel.family = AF_INET;
	assert_int_equal(flow_want(conf, 3, false, both, 2, want), 1);
	assert_int_equal(flow_want(conf, 3, true, both, 2, want), 2);
	assert_int_equal(want[1].fid, 2);
}

/* 5.3.6: several BIDs mean copies; we mean the first that works. */
static void test_one_bid_is_named_the_first_that_works(void **state)
{
	(void)state;
	tell();
	assert_memory_equal(bu.flow[0].sub.p + bu.flow[0].sub.len - 4, "\2\2\0\2", 4);
	answer(NULL);
	n_want = flow_want(conf, 3, true, first, 1, want);
	assert_true(flow_due(&f, want, n_want));
	tell();
	assert_int_equal(bu.n_flow, 1);
	assert_memory_equal(bu.flow[0].sub.p + bu.flow[0].sub.len - 4, "\2\2\0\1", 4);
	assert_int_equal(summary(), 2);
}

/* 5.2.2.1: FID, priority, status 0, exactly one selector and one reference. 5.2.3: then a summary. */
static void test_new_flows_are_told_in_full_and_then_in_a_summary(void **state)
{
	struct flow_subs s;
	struct flowsel sel;

	(void)state;
	assert_true(flow_due(&f, want, n_want));
	tell();
	assert_int_equal(bu.n_flow, 3);
	assert_int_equal(bu.n_flow_summary, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(bu.flow[i].status, 0);
		assert_int_equal(flow_subs_parse(&bu.flow[i], &s), FLOW_OK);
		assert_true(s.n_bid == 1 && s.has_selector);
		assert_int_equal(flow_selector_parse(s.format, &s.selector, &sel), FLOW_OK);
		assert_true(flowsel_eq(&sel, &want[i].sel));
	}
	answer(NULL);
	assert_int_equal(news.n, 3);
	assert_false(flow_due(&f, want, n_want));
	tell();
	assert_int_equal(bu.n_flow, 0);
	assert_int_equal(summary(), 3);
	assert_int_equal(flow_fid(&bu.flow_summary[0], 2), 0x8002);
	answer(NULL);
	assert_int_equal(news.n, 0);
	assert_false(f.unsupported);	/* nothing was asked */
}

/* An update that nobody answered may have arrived or not. */
static void test_unanswered_flows_are_told_again(void **state)
{
	(void)state;
	tell();
	assert_true(flow_due(&f, want, n_want));
	tell();
	assert_int_equal(bu.n_flow, 3);
	answer(NULL);
	/* 5.2.4: removed by omission; unanswered, it is told in full when it is wanted again */
	n_want = flow_want(conf, 1, true, both, 2, want);
	assert_true(flow_due(&f, want, n_want));
	tell();
	assert_int_equal(bu.n_flow, 0);
	assert_int_equal(summary(), 1);
	n_want = flow_want(conf, 3, true, both, 2, want);
	tell();
	assert_int_equal(bu.n_flow, 2);
	assert_int_equal(summary(), 1);
}

/* 5.2.2.2 */
static void test_a_change_is_told_under_the_same_fid(void **state)
{
	(void)state;
	tell();
	answer(NULL);
	conf[0].prio = 15;
	n_want = flow_want(conf, 3, true, both, 2, want);
	assert_true(flow_due(&f, want, n_want));
	tell();
	assert_int_equal(bu.n_flow, 1);
	assert_true(bu.flow[0].fid == 1 && bu.flow[0].prio == 30);
	assert_int_equal(summary(), 2);
}

/* 5.2.3: an inactive flow is refreshed as well, or it is removed. */
static void test_flows_without_a_bid_are_kept(void **state)
{
	uint8_t status;

	(void)state;
	tell();
	answer(NULL);
	n_want = flow_want(conf, 3, true, NULL, 0, want);
	assert_false(flow_due(&f, want, n_want));
	tell();
	assert_int_equal(summary(), 3);
	answer(NULL);
	assert_int_equal(flow_view(&f, &conf[0], false, &status), FLOW_INACTIVE);
	assert_int_equal(flow_view(&f, &conf[0], true, &status), FLOW_ACTIVE);
	/* one that was never told waits for a BID */
	flow_forget(&f);
	assert_false(flow_due(&f, want, n_want));
	tell();
	assert_int_equal(bu.n_flow + summary(), 0);
}

static void test_refused_flows_are_tried_again_later(void **state)
{
	static const uint8_t status[] = { 0, FLOW_PROHIBITED, 0 };
	uint8_t worst;

	(void)state;
	tell();
	answer(status);
	assert_int_equal(news.change[1].status, FLOW_PROHIBITED);
	assert_int_equal(flow_view(&f, &conf[1], true, &worst), FLOW_REFUSED);
	assert_int_equal(worst, FLOW_PROHIBITED);
	assert_false(flow_due(&f, want, n_want));	/* no storm of updates */
	now += FLOW_RETRY - 1;
	tell();
	assert_int_equal(bu.n_flow, 0);
	assert_int_equal(summary(), 2);
	answer(NULL);
	now += 1;
	tell();					/* with the next refresh */
	assert_int_equal(bu.n_flow, 1);
	assert_int_equal(bu.flow[0].fid, 2);
	answer(status + 1);
	now += FLOW_RETRY + 1;			/* twice as long */
	tell();
	assert_int_equal(bu.n_flow, 0);
	answer(NULL);
	now += FLOW_RETRY;
	tell();
	assert_int_equal(bu.n_flow, 1);
	/* another question is asked at once */
	answer(status + 1);
	conf[1].bid[0] = 2;
	n_want = flow_want(conf, 3, true, both, 2, want);
	assert_true(flow_due(&f, want, n_want));
	tell();
	assert_int_equal(bu.n_flow, 2);
}

/* 5.2.6: "would indicate the inability (or unwillingness) on behalf of the source node" */
static void test_an_answer_without_flows_ends_it(void **state)
{
	static const struct mhopts silent;
	uint8_t status;

	(void)state;
	tell();
	flow_answered(&f, &silent, now, &news);
	assert_true(news.unsupported && f.unsupported);
	assert_false(flow_due(&f, want, n_want));
	tell();
	assert_int_equal(bu.n_flow + bu.n_flow_summary, 0);
	flow_answered(&f, &silent, now, &news);
	assert_false(news.unsupported);
	assert_int_equal(flow_view(&f, &conf[0], true, &status), FLOW_UNSUPPORTED);
	flow_forget(&f);		/* another home agent */
	assert_true(flow_due(&f, want, n_want));
}

/* 5.2.6: every one has to be there; one that is missing was not taken. */
static void test_an_answer_that_leaves_a_flow_out(void **state)
{
	struct mhopts ba = { .n_flow = 1 };

	(void)state;
	tell();
	ba.flow[0] = bu.flow[0];
	flow_answered(&f, &ba, now, &news);
	assert_false(f.unsupported);
	assert_int_equal(news.change[1].status, FLOW_REJECTED);
	tell();
	assert_int_equal(bu.n_flow, 0);
	assert_int_equal(summary(), 1);
}

/* 5.3.3: the home agent has lost it: it is told in full again, and soon. */
static void test_a_flow_that_the_home_agent_does_not_know(void **state)
{
	struct mhopts ba = { .n_flow = 1, .flow = { { .fid = 2, .status = FLOW_NO_FID } } };

	(void)state;
	tell();
	answer(NULL);
	tell();
	flow_answered(&f, &ba, now, &news);
	assert_int_equal(news.n, 1);
	assert_true(flow_due(&f, want, n_want));
	tell();
	assert_int_equal(bu.n_flow, 1);
	assert_int_equal(bu.flow[0].fid, 2);
	assert_int_equal(summary(), 2);
}

/* 6: updates shorter than a path takes; the rest follows in another one. */
static void test_many_flows_go_in_several_updates(void **state)
{
	static struct flow_conf many[FLOW_CONF_MAX];
	unsigned updates = 0;

	(void)state;
	for (unsigned i = 0; i < FLOW_CONF_MAX; i++) {
		many[i] = conf[1];
		many[i].fid = many[i].prio = (uint16_t)(i + 1);
	}
	n_want = flow_want(many, FLOW_CONF_MAX, true, both, 2, want);
	assert_int_equal(n_want, FLOW_MAX);
	while (flow_due(&f, want, n_want)) {
		struct mh_msg m = { .type = MH_BU };
		uint8_t buf[MH_MAX_LEN];

		tell();
		m.opt = bu;
		assert_in_range(mh_build(&m, NULL, buf, sizeof(buf), NULL), 1, 1100);
		answer(NULL);
		assert_true(++updates < 5);
	}
	tell();
	assert_int_equal(summary(), FLOW_MAX);
	assert_true(updates > 1);
}

static void test_local_flows_are_not_told(void **state)
{
	uint8_t status;

	(void)state;
	assert_int_equal(flow_view(&f, &conf[2], true, &status), FLOW_LOCAL);
	assert_int_equal(flow_view(&f, &conf[2], false, &status), FLOW_INACTIVE);
	assert_int_equal(flow_view(&f, &conf[0], true, &status), FLOW_WAITING);
	for (unsigned v = FLOW_LOCAL; v <= FLOW_UNSUPPORTED; v++)
		assert_string_not_equal(flow_view_str(v), "?");
}

#define T(t)	cmocka_unit_test_setup(t, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_flow_of_both_families_is_two_on_the_wire),
		T(test_one_bid_is_named_the_first_that_works),
		T(test_new_flows_are_told_in_full_and_then_in_a_summary),
		T(test_unanswered_flows_are_told_again),
		T(test_a_change_is_told_under_the_same_fid),
		T(test_flows_without_a_bid_are_kept),
		T(test_refused_flows_are_tried_again_later),
		T(test_an_answer_without_flows_ends_it),
		T(test_an_answer_that_leaves_a_flow_out),
		T(test_a_flow_that_the_home_agent_does_not_know),
		T(test_many_flows_go_in_several_updates),
		T(test_local_flows_are_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
