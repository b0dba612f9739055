/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/plan_ha_help.h - plans of unit/ha_help.h's home agent as text, for
 * tests/unit/test_plan_ha*.c.
 */
#ifndef MIP6_TEST_PLAN_HA_HELP_H
#define MIP6_TEST_PLAN_HA_HELP_H

#include "ha_help.h"

#include <errno.h>
#include <linux/xfrm.h>
#include <stdio.h>

#include "plan/plan_ha.h"

/* The plan of a node with one binding, or none. */
static inline int plan_one(const struct ha_conf *c, const struct mobile_node *n,
			   const struct binding *b, struct kplan *p)
{
	struct binding_set s = { .n = 0 };

	if (b)
		binding_put(&s, b);
	return ha_plan_node(c, n, &s, p);
}

static struct ha_world w;

static inline int setup(void **state)
{
	(void)state;
	world_make(&w);
	w.c.prefix_advertisements = false;	/* two objects more: a test of its own */
	return 0;
}

static inline struct binding binding(const char *hoa, const char *own, uint16_t flags)
{
	struct in6_addr coa = ip6(COA);

	return (struct binding){ .key.hoa = ip6(hoa), .coa = locator6(&coa), .local = ip6(own),
				 .flags = flags, .slot = world_node(&w, hoa)->slot };
}

static inline void assert_plan(const struct kplan *p, const char *const *want, size_t n)
{
	for (size_t i = 0; i < p->n || i < n; i++) {
		const char *is = i < p->n ? KOBJ(&p->obj[i]) : "nothing";

		if (i >= n || strcmp(is, want[i]) != 0)
			fail_msg("object %zu is %s, not %s", i, is, i < n ? want[i] : "nothing");
	}
}

#define PLAN(p, ...) do { \
	const char *const want_[] = { __VA_ARGS__ }; \
	assert_plan(p, want_, ARRAY_SIZE(want_)); \
	kplan_free(p); \
} while (0)

#endif
