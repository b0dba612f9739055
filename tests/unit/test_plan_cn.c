/* SPDX-License-Identifier: BSD-2-Clause */
/* A correspondent's bindings as kernel objects (RFC 6275 9.3). */
#include "cn_help.h"

#include "plan/plan_cn.h"

static void expect(const struct kplan *p, const char *const *line, size_t n)
{
	assert_int_equal(p->n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(KOBJ(&p->obj[i]), line[i]);
}
#define EXPECT(p, ...) \
	expect((p), (const char *const[]){ __VA_ARGS__ }, \
	       sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static struct cn_binding binding(const char *coa)
{
	return (struct cn_binding){ .key = { a6(CN), a6(HOA) }, .n_path = 1,
				    .path[0].coa = a6(coa) };
}

static void test_base_lets_messages_to_all_addresses_in(void **state)
{
	struct kplan p = { 0 };

	(void)state;
	assert_int_equal(cn_plan_base(&p), 0);
	assert_true(p.n > 2);
	assert_string_equal(KOBJ(&p.obj[0]),
			    "xfrm state src :: dst :: proto hao coa :: wildrecv");
	assert_string_equal(KOBJ(&p.obj[1]),
			    "xfrm policy in sub prio 0x6d00 src ::/0 dst ::/0 proto 135"
			    " tmpl hao :: any use tmpl route2 :: any use");
	kplan_free(&p);
}

static void test_binding_is_a_state_and_a_policy_each_way(void **state)
{
	struct cn_binding b = binding(COA);
	struct kplan p = { 0 };

	(void)state;
	assert_int_equal(cn_plan_binding(&b, &p), 0);
	EXPECT(&p,
	       "xfrm state src " HOA " dst " CN " proto hao coa " COA " data",
	       "xfrm policy in sub prio 0x6d02 src " HOA "/128 dst " CN "/128 proto 0"
	       " tmpl hao :: data use",
	       "xfrm state src " CN " dst " HOA " proto route2 coa " COA " data",
	       "xfrm policy out sub prio 0x6d02 src " CN "/128 dst " HOA "/128 proto 0"
	       " tmpl route2 " COA " data use");
	kplan_free(&p);
}

static void test_where_we_are_mobile_too_packets_have_both(void **state)
{
	struct cn_binding b = binding(COA);
	struct kplan p = { 0 };

	(void)state;
	b.mobile = true;
	assert_int_equal(cn_plan_binding(&b, &p), 0);
	assert_string_equal(KOBJ(&p.obj[1]),
			    "xfrm policy in sub prio 0x6d02 src " HOA "/128 dst " CN "/128 proto 0"
			    " tmpl hao :: data use tmpl route2 :: use");
	assert_string_equal(KOBJ(&p.obj[3]),
			    "xfrm policy out sub prio 0x6d02 src " CN "/128 dst " HOA "/128 proto 0"
			    " tmpl hao :: data use tmpl route2 " COA " data use");
	kplan_free(&p);
}

static void test_a_move_changes_states_and_the_policy_out(void **state)
{
	struct cn_binding a = binding(COA), b = binding(COA2);
	struct kplan p = { 0 }, q = { 0 };

	(void)state;
	assert_int_equal(cn_plan_binding(&a, &p), 0);
	assert_int_equal(cn_plan_binding(&b, &q), 0);
	for (size_t i = 0; i < p.n; i++) {
		assert_true(kobj_same(&p.obj[i], &q.obj[i]));
		/* only what comes in has no route to find anew */
		assert_int_equal(kobj_equal(&p.obj[i], &q.obj[i]), i == 1);
	}
	kplan_free(&p);
	kplan_free(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_lets_messages_to_all_addresses_in),
		cmocka_unit_test(test_binding_is_a_state_and_a_policy_each_way),
		cmocka_unit_test(test_where_we_are_mobile_too_packets_have_both),
		cmocka_unit_test(test_a_move_changes_states_and_the_policy_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
