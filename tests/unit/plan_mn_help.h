/* SPDX-License-Identifier: BSD-2-Clause */
/* unit/plan_mn_help.h - plans of the mobile side as text, for their tests. */
#ifndef MIP6_TEST_PLAN_MN_HELP_H
#define MIP6_TEST_PLAN_MN_HELP_H

#include "mn_help.h"

#include "plan/plan_mn.h"

/* Each object as text, in order; extra or missing ones fail. */
static inline void expect(const struct kplan *p, const char *const *row, size_t n)
{
	for (size_t i = 0; i < p->n && i < n; i++)
		assert_string_equal(KOBJ(&p->obj[i]), row[i]);
	if (p->n != n)
		fail_msg("%zu objects instead of %zu; the first extra one: %s", p->n, n,
			 p->n > n ? KOBJ(&p->obj[n]) : row[p->n]);
}
#define EXPECT(p, ...) do {						\
		static const char *const row_[] = { __VA_ARGS__ };	\
		expect((p), row_, ARRAY_SIZE(row_));			\
	} while (0)

static inline bool has(const struct kplan *p, const char *text)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(KOBJ(&p->obj[i]), text) == 0)
			return true;
	return false;
}

static inline unsigned count(const struct kplan *p, const char *part)
{
	unsigned n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += !!strstr(KOBJ(&p->obj[i]), part);
	return n;
}

#endif
