/* SPDX-License-Identifier: BSD-2-Clause */
/* Load sharing and flows of one owner as kernel objects. */
#include "ha_help.h"

#include <string.h>

#include "plan/plan_steer.h"

static struct k_spath path[2];
static struct prefix inner[2];
static struct flow_conf conf[1];
static struct flow_entry asked[2];
static struct flow_list list;
static struct plan_steer s;
static struct kplan p;

static int setup(void **state)
{
	const struct in6_addr hoa = ip6(MR);

	(void)state;
	path[0] = (struct k_spath){ .bid = 1, .weight = 1, .dev = "t1" };
	path[1] = (struct k_spath){ .bid = 2, .weight = 0, .dev = "t2" };
	inner[0] = prefix6(&hoa, 128);
	inner[1] = pfx(MNP1);
	conf[0] = (struct flow_conf){ .name = "voice", .prio = 10, .n_bid = 2, .bid = { 2, 1 } };
	conf[0].sel = (struct flowsel){ .has = FLOWSEL_DSCP, .dscp_lo = 46, .dscp_hi = 46 };
	asked[0] = (struct flow_entry){ .fid = 4, .prio = 5, .n_bid = 1, .bid = { 2 } };
	asked[1] = (struct flow_entry){ .fid = 7, .prio = 6, .n_bid = 2, .bid = { 1, 2 } };
	list = (struct flow_list){ asked, 2 };
	s = (struct plan_steer){ .owner = hoa, .side = KSTEER_HA, .inner = inner, .n_inner = 2,
				 .path = path, .n_path = 2 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kplan_free(&p);
	return 0;
}

static const struct k_sflow *flow(uint32_t order)
{
	for (size_t i = 0; i < p.n; i++)
		if (p.obj[i].kind == KOBJ_SFLOW && p.obj[i].sflow.order == order)
			return &p.obj[i].sflow;
	return NULL;
}

static size_t count(uint8_t kind)
{
	size_t n = 0;

	for (size_t i = 0; i < p.n; i++)
		n += p.obj[i].kind == kind;
	return n;
}

static void test_nothing_is_planned_if_there_is_nothing_to_choose(void **state)
{
	(void)state;
	assert_int_equal(plan_steer(&p, &s), 0);
	assert_int_equal(p.n, 0);		/* one path of the best priority, no flow */
	path[1].weight = 3;
	assert_int_equal(plan_steer(&p, &s), 0);
	assert_int_equal(count(KOBJ_SPATH), 2);
	assert_int_equal(count(KOBJ_SNET), 2);
	assert_int_equal(count(KOBJ_SFLOW), 0);
	kplan_free(&p);
	s.n_path = 0;
	s.conf = conf;
	s.n_conf = 1;
	assert_int_equal(plan_steer(&p, &s), 0);
	assert_int_equal(p.n, 0);
}

/* The operator's come first; several BIDs that a node asks for mean copies (RFC 6089 5.3.6). */
static void test_configured_flows_come_before_those_asked_for(void **state)
{
	(void)state;
	s.conf = conf;
	s.n_conf = 1;
	s.asked = &list;
	assert_int_equal(plan_steer(&p, &s), 0);
	assert_int_equal(count(KOBJ_SFLOW), 3);
	assert_true(flow(10)->bid[0] == 2 && flow(10)->bid[1] == 1 && !flow(10)->copy);
	assert_int_equal(flow(10)->sel.dscp_lo, 46);
	assert_true(flow(PLAN_ASKED + 5)->bid[0] == 2 && !flow(PLAN_ASKED + 5)->copy);
	assert_true(flow(PLAN_ASKED + 6)->copy);
	/* a prefix names its owner when all of his is there */
	assert_int_equal(p.obj[p.n - 1].kind, KOBJ_SNET);
}

/* What they are counted by: it stays with the name, and with the number on the wire. */
static void test_flows_are_known_by_name_and_number(void **state)
{
	const uint64_t voice = plan_flow_id(&conf[0]);
	struct flow_conf other = conf[0];

	(void)state;
	s.conf = conf;
	s.n_conf = 1;
	s.asked = &list;
	assert_int_equal(plan_steer(&p, &s), 0);
	assert_true(flow(10)->id == voice);
	assert_true(flow(PLAN_ASKED + 5)->id == 4 && flow(PLAN_ASKED + 6)->id == 7);
	other.prio = 77;
	other.bid[0] = 1;
	assert_true(plan_flow_id(&other) == voice);
	strcpy(other.name, "voicf");
	assert_true(plan_flow_id(&other) != voice);
	other.name[0] = '\0';
	assert_true(plan_flow_id(&other) > UINT16_MAX);
}

static void test_as_many_flows_as_the_kernel_part_has_room_for(void **state)
{
	static struct flow_conf many[PLAN_FLOWS];

	(void)state;
	for (unsigned i = 0; i < PLAN_FLOWS; i++)
		many[i] = (struct flow_conf){ .prio = (uint16_t)(i + 1), .n_bid = 1, .bid = { 1 } };
	s.conf = many;
	s.n_conf = PLAN_FLOWS;
	s.asked = &list;
	assert_int_equal(plan_steer(&p, &s), 0);
	assert_int_equal(count(KOBJ_SFLOW), 31);
	assert_null(flow(PLAN_ASKED + 5));
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_nothing_is_planned_if_there_is_nothing_to_choose),
		T(test_configured_flows_come_before_those_asked_for),
		T(test_flows_are_known_by_name_and_number),
		T(test_as_many_flows_as_the_kernel_part_has_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
