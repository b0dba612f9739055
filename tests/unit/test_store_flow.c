/* SPDX-License-Identifier: BSD-2-Clause */
/* The flow bindings of a home address (RFC 6089 4.3, 5.3): each sentence a row or a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "store/flow.h"

/* Sub-options by hand: an IPv6 selector for one destination port, and a Binding Reference. */
#define PORT(p)		"\x03\x08\x02\0\0\x20\0\0" p
#define BID1		"\x02\x02\0\x01"
#define BID2		"\x02\x02\0\x02"
#define BID12		"\x02\x04\0\x01\0\x02"
#define BID9		"\x02\x02\0\x09"
#define OPT(fid, prio, sub)	{ fid, prio, 0, { (const uint8_t *)(sub), sizeof(sub) - 1 } }
#define FIDS(s)		{ (const uint8_t *)(s), sizeof(s) - 1 }

static const struct flow_bids bids = { { 1, 2 }, 2 };
static const struct flow_rules open_rules = { true, FLOW_MAX };
static struct flow_list have;

static int teardown(void **state)
{
	(void)state;
	flow_list_free(&have);
	return 0;
}

static struct flow_verdict *judged(const struct mhopts *o)
{
	struct flow_verdict *v = flow_judge(&have, o, &open_rules, &bids);

	assert_non_null(v);
	assert_true(v->answer.n >= o->n_flow);
	for (unsigned i = 0; i < o->n_flow; i++) {	/* 5.3.5: copies but for the status */
		assert_int_equal(v->answer.opt[i].fid, o->flow[i].fid);
		assert_int_equal(v->answer.opt[i].prio, o->flow[i].prio);
		assert_int_equal(v->answer.opt[i].sub.len, o->flow[i].sub.len);
		assert_true(!o->flow[i].sub.len || v->answer.opt[i].sub.p != o->flow[i].sub.p);
		assert_memory_equal(v->answer.opt[i].sub.p, o->flow[i].sub.p, o->flow[i].sub.len);
	}
	return v;
}

/* The list becomes what the message makes of it. */
static void update(const struct mhopts *o)
{
	struct flow_verdict *v = judged(o);

	flow_list_free(&have);
	have = v->list;
	v->list = (struct flow_list){ 0 };
	flow_verdict_free(v);
}

static void three_flows(void)
{
	const struct mhopts o = { .n_flow = 3, .flow = { OPT(4, 10, PORT("\0\x50") BID2),
							 OPT(5, 40, PORT("\0\x35") BID12),
							 OPT(2, 30, PORT("\0\x16") BID1) } };

	update(&o);
}

/* "4:10:active 2:30 ..." of the list. */
static const char *text(const struct flow_list *l)
{
	static char buf[512];
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < l->n; i++) {
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%u:%u:%s port %u bids",
				      i ? ", " : "", l->e[i].fid, l->e[i].prio,
				      l->e[i].active ? "active" : "inactive", l->e[i].sel.dport_lo);
		for (unsigned k = 0; k < l->e[i].n_bid; k++)
			n += (size_t)snprintf(buf + n, sizeof(buf) - n, " %u", l->e[i].bid[k]);
	}
	return buf;
}

#define THREE	"4:10:active port 80 bids 2, 2:30:active port 22 bids 1, " \
		"5:40:active port 53 bids 1 2"

/* 5.3.2.1: placed by FID-PRI, with FID, selector and BIDs, and active. */
static void test_new_flows_are_placed_by_priority(void **state)
{
	(void)state;
	three_flows();
	assert_string_equal(text(&have), THREE);
	assert_int_equal(flow_find(&have, 2)->prio, 30);
	assert_null(flow_find(&have, 3));
}

/* 5.3.2.1, 4.2: what a new one needs; each is refused with its status and the others stand. */
static void test_new_flows_that_are_refused(void **state)
{
	static const struct {
		struct mhopt_flow f;
		uint8_t status;
	} row[] = {
		{ OPT(7, 1, BID1), FLOW_MALFORMED },			/* no selector */
		{ OPT(7, 1, "\x03\x02\x09\0" BID1), FLOW_NO_FORMAT },
		{ OPT(7, 1, "\x03\x02\0\0" BID1), FLOW_NO_FORMAT },	/* 0 is reserved */
		{ OPT(7, 1, PORT("\0\x50")), FLOW_MALFORMED },		/* no Binding Reference */
		{ OPT(7, 1, PORT("\0\x50") BID9), FLOW_NO_BID },
		{ OPT(7, 1, PORT("\0\x50") "\x02\x04\0\x01\0\x09"), FLOW_NO_BID },	/* one of them */
		{ OPT(0, 1, PORT("\0\x50") BID1), FLOW_MALFORMED },	/* FID 0 */
		{ OPT(7, 0, PORT("\0\x50") BID1), FLOW_MALFORMED },	/* FID-PRI 0 */
		{ OPT(7, 1, PORT("\0\x50") BID1 BID1), FLOW_MALFORMED },
		{ OPT(7, 1, "\x03\x08\x02\0\0\x10\0\0\0\x50" BID1), FLOW_MALFORMED }, /* end alone */
		{ OPT(7, 10, PORT("\0\x50") BID1), FLOW_REJECTED },	/* FID-PRI of FID 4 */
		{ OPT(7, 1, PORT("\0\x50") BID1), FLOW_OK },
	};

	(void)state;
	three_flows();
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct mhopts o = { .n_flow = 1, .flow = { row[i].f }, .n_flow_summary = 1,
					  .flow_summary = { FIDS("\0\x02\0\x04\0\x05") } };
		struct flow_verdict *v = judged(&o);

		assert_int_equal(v->answer.n, 1);
		assert_int_equal(v->answer.opt[0].status, row[i].status);
		assert_int_equal(v->list.n, row[i].status ? 3 : 4);
		flow_verdict_free(v);
	}
}

/* 5.3.2.2: the priority changes; selector and BIDs are replaced or, left out, maintained. */
static void test_known_flows_keep_what_is_left_out(void **state)
{
	static const struct {
		struct mhopt_flow f;
		const char *then;
	} row[] = {
		{ OPT(4, 50, ""), "4:50:active port 80 bids 2" },
		{ OPT(4, 50, PORT("\x1f\x90")), "4:50:active port 8080 bids 2" },
		{ OPT(4, 10, BID12), "4:10:active port 80 bids 1 2" },
		{ OPT(4, 9, PORT("\0\x19") BID1), "4:9:active port 25 bids 1" },
		/* refused: as it was */
		{ OPT(4, 9, BID9), "4:10:active port 80 bids 2" },
		{ OPT(4, 0, BID1), "4:10:active port 80 bids 2" },
		{ OPT(4, 9, "\x03\x02\x09\0"), "4:10:active port 80 bids 2" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct mhopts o = { .n_flow = 1, .flow = { row[i].f } };

		three_flows();
		update(&o);
		assert_string_equal(text(&have), row[i].then);
	}
}

/* 5.3.2: "all the flow identification mobility options MUST be rejected". */
static void test_one_fid_twice_rejects_all(void **state)
{
	const struct mhopts o = { .n_flow = 3, .flow = { OPT(7, 1, PORT("\0\x50") BID1),
							 OPT(8, 2, PORT("\0\x50") BID1),
							 OPT(7, 3, PORT("\0\x50") BID1) },
				  .n_flow_summary = 1, .flow_summary = { FIDS("\0\x02\0\x04\0\x05") } };
	struct flow_verdict *v;

	(void)state;
	three_flows();
	v = judged(&o);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(v->answer.opt[i].status, FLOW_REJECTED);
	assert_string_equal(text(&v->list), THREE);
	flow_verdict_free(v);
}

/* 4.2: "two FIDs MUST NOT be associated with the same FID-PRI value", in the end. */
static void test_flows_may_change_places_but_not_share_one(void **state)
{
	const struct mhopts swap = { .n_flow = 2, .flow = { OPT(4, 30, ""), OPT(2, 10, "") },
				     .n_flow_summary = 1, .flow_summary = { FIDS("\0\x05") } };
	const struct mhopts same = { .n_flow = 2, .flow = { OPT(4, 7, ""), OPT(2, 7, "") } };
	/* 4 may not have 40, so it stays at 10 and 2 may not have that */
	const struct mhopts chain = { .n_flow = 2, .flow = { OPT(4, 40, ""), OPT(2, 10, "") },
				      .n_flow_summary = 1, .flow_summary = { FIDS("\0\x05") } };
	struct flow_verdict *v;

	(void)state;
	three_flows();
	v = judged(&swap);
	assert_string_equal(text(&v->list), "2:10:active port 22 bids 1, 4:30:active port 80 bids 2, "
			    "5:40:active port 53 bids 1 2");
	flow_verdict_free(v);
	v = judged(&same);
	assert_int_equal(v->answer.opt[0].status, FLOW_REJECTED);
	assert_int_equal(v->answer.opt[1].status, FLOW_REJECTED);
	assert_string_equal(text(&v->list),
			    "4:10:active port 80 bids 2, 2:30:active port 22 bids 1");
	flow_verdict_free(v);
	v = judged(&chain);
	assert_int_equal(v->answer.opt[0].status, FLOW_REJECTED);
	assert_int_equal(v->answer.opt[1].status, FLOW_REJECTED);
	assert_string_equal(text(&v->list), THREE);
	flow_verdict_free(v);
}

/* A priority becomes free by the omission of who had it. */
static void test_the_priority_of_a_removed_flow_is_free(void **state)
{
	const struct mhopts o = { .n_flow = 1, .flow = { OPT(7, 10, PORT("\0\x50") BID1) },
				  .n_flow_summary = 1, .flow_summary = { FIDS("\0\x02") } };

	(void)state;
	three_flows();
	update(&o);
	assert_string_equal(text(&have), "7:10:active port 80 bids 1, 2:30:active port 22 bids 1");
}

/* 5.3.3, 5.3.4 */
static void test_what_is_not_referred_to_is_removed(void **state)
{
	const struct mhopts keep = { .n_flow_summary = 2,
				     .flow_summary = { FIDS("\0\x05\0\x05\0"), FIDS("\0\x04\0\x05") } };
	const struct mhopts none = { 0 };

	(void)state;
	assert_false(flow_concerns(&have, &none));
	three_flows();
	update(&keep);			/* refreshed as they were, duplicates and all */
	assert_string_equal(text(&have), "4:10:active port 80 bids 2, 5:40:active port 53 bids 1 2");
	assert_true(flow_concerns(&have, &none));
	update(&none);
	assert_int_equal(have.n, 0);
	assert_null(have.e);
	assert_true(flow_concerns(&have, &keep));
}

/* 5.3.3: "including a flow identification mobility option in the BA for each FID that is not found" */
static void test_unknown_fids_of_a_summary_are_told(void **state)
{
	const struct mhopts o = { .n_flow = 1, .flow = { OPT(9, 1, BID1) }, .n_flow_summary = 1,
				  .flow_summary = { FIDS("\0\x02\0\x07\0\x07\0\x09\0\0") } };
	struct flow_verdict *v;

	(void)state;
	three_flows();
	v = judged(&o);
	assert_int_equal(v->answer.n, 3);	/* 9 has its own answer, 7 one, and 0 */
	assert_int_equal(v->answer.opt[0].status, FLOW_MALFORMED);
	assert_int_equal(v->answer.opt[1].fid, 7);
	assert_int_equal(v->answer.opt[1].status, FLOW_NO_FID);
	assert_int_equal(v->answer.opt[1].sub.len, 0);
	assert_int_equal(v->answer.opt[2].fid, 0);
	assert_string_equal(text(&v->list), "2:30:active port 22 bids 1");
	flow_verdict_free(v);
}

/* 5.3.5: MAY refuse to maintain flow bindings. */
static void test_nodes_that_may_not(void **state)
{
	static const struct flow_rules closed = { false, FLOW_MAX };
	const struct mhopts o = { .n_flow = 1, .flow = { OPT(7, 1, PORT("\0\x50") BID1) },
				  .n_flow_summary = 1, .flow_summary = { FIDS("\0\x04") } };
	struct flow_verdict *v;

	(void)state;
	three_flows();
	v = flow_judge(&have, &o, &closed, &bids);
	assert_int_equal(v->answer.n, 2);
	assert_int_equal(v->answer.opt[0].status, FLOW_PROHIBITED);
	assert_int_equal(v->answer.opt[1].status, FLOW_NO_FID);
	assert_int_equal(v->list.n, 0);
	flow_verdict_free(v);
}

static void test_there_is_a_limit_for_one_node(void **state)
{
	static const struct flow_rules four = { true, 4 };
	const struct mhopts o = { .n_flow = 3, .flow = { OPT(7, 1, PORT("\0\x50") BID1),
							 OPT(8, 2, PORT("\0\x50") BID1),
							 OPT(4, 3, "") },
				  .n_flow_summary = 1, .flow_summary = { FIDS("\0\x02\0\x05") } };
	struct flow_verdict *v;

	(void)state;
	three_flows();
	v = flow_judge(&have, &o, &four, &bids);
	assert_int_equal(v->answer.opt[0].status, FLOW_OK);
	assert_int_equal(v->answer.opt[1].status, FLOW_REJECTED);
	assert_int_equal(v->answer.opt[2].status, FLOW_OK);	/* it has its place */
	assert_int_equal(v->list.n, 4);
	flow_verdict_free(v);
}

/* 4.3: inactive only if all BIDs are gone; kept, and active again when one of them is back. */
static void test_flows_are_active_with_one_of_their_bids(void **state)
{
	static const struct flow_bids one = { { 1 }, 1 }, none = { { 0 }, 0 };

	(void)state;
	three_flows();
	assert_false(flow_refresh(&have, &bids));
	assert_true(flow_refresh(&have, &one));
	assert_string_equal(text(&have), "4:10:inactive port 80 bids 2, 2:30:active port 22 bids 1, "
			    "5:40:active port 53 bids 1 2");
	assert_true(flow_refresh(&have, &none));
	assert_false(have.e[2].active);
	assert_true(flow_refresh(&have, &bids));
	assert_string_equal(text(&have), THREE);
}

/* 5.2.3: inactive ones are refreshed as the others, and stay inactive. */
static void test_inactive_flows_are_kept_by_a_summary(void **state)
{
	static const struct flow_bids one = { { 1 }, 1 };
	const struct mhopts o = { .n_flow_summary = 1, .flow_summary = { FIDS("\0\x04") } };
	struct flow_verdict *v;

	(void)state;
	three_flows();
	flow_refresh(&have, &one);
	v = flow_judge(&have, &o, &open_rules, &one);
	assert_string_equal(text(&v->list), "4:10:inactive port 80 bids 2");
	flow_verdict_free(v);
}

/* As many answers as a message holds. */
static void test_answers_have_room_in_one_message(void **state)
{
	static uint8_t many[254];
	struct mhopts o = { .n_flow_summary = 2, .flow_summary = { { many, 254 }, { many, 254 } } };
	struct mhopts ba = { 0 };
	struct flow_verdict *v;

	(void)state;
	for (unsigned i = 0; i < 127; i++)
		many[2 * i + 1] = (uint8_t)(i + 1);
	v = judged(&o);
	assert_int_equal(v->answer.n, MHOPT_MAX_FLOW);
	flow_answer(&v->answer, &ba);
	assert_int_equal(ba.n_flow, MHOPT_MAX_FLOW);
	assert_int_equal(ba.flow[31].fid, 32);
	flow_verdict_free(v);
}

#define T(f)	cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_new_flows_are_placed_by_priority),
		T(test_new_flows_that_are_refused),
		T(test_known_flows_keep_what_is_left_out),
		T(test_one_fid_twice_rejects_all),
		T(test_flows_may_change_places_but_not_share_one),
		T(test_the_priority_of_a_removed_flow_is_free),
		T(test_what_is_not_referred_to_is_removed),
		T(test_unknown_fids_of_a_summary_are_told),
		T(test_nodes_that_may_not),
		T(test_there_is_a_limit_for_one_node),
		T(test_flows_are_active_with_one_of_their_bids),
		T(test_inactive_flows_are_kept_by_a_summary),
		T(test_answers_have_room_in_one_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
