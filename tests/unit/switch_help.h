/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * switch_help.h - kern/switch.c with a back end whose answers the test gives.
 *
 * The pretended kernel is a set of keys with values; what is asked of it waits in
 * w.asked until it is answered. Include it in one file per program.
 */
#ifndef MIP6_TEST_SWITCH_HELP_H
#define MIP6_TEST_SWITCH_HELP_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "kern/switch.h"
#include "run/log.h"

#define KEYS	12
#define VALUES	4
#define MAX_ASKED	8192

/* The i-th object, in the value v: a route told by its metric, its value by its MTU. */
static inline struct kobj obj(unsigned i, unsigned v)
{
	struct kobj o = { .kind = KOBJ_ROUTE, .route = { .metric = i, .mtu = v } };

	assert_int_equal(prefix_parse("2001:db8::/32", &o.route.dst), 0);
	return o;
}

/* "0 1 2:5" is a plan of the objects 0, 1 and 2, the last with the value 5. */
static inline struct kplan plan(const char *text)
{
	struct kplan p = { 0 };
	unsigned i, v;
	int n;

	while (*text) {
		v = 0;
		assert_true(sscanf(text, "%u%n", &i, &n) == 1);
		text += n;
		if (*text == ':') {
			assert_true(sscanf(text, ":%u%n", &v, &n) == 1);
			text += n;
		}
		assert_int_equal(kplan_put(&p, obj(i, v)), 0);
		text += *text == ' ';
	}
	return p;
}

/* ---- the pretended kernel ---- */

struct asked { struct kop *op; char verb; unsigned key, value; };

static struct {
	struct ksw s;
	struct asked asked[MAX_ASKED];
	size_t n_asked;
	int kernel[KEYS];		/* value, -1: not there */
	int sync_rc;			/* the back end itself refuses */
} w;

static inline int ask(struct kop *op, char verb)
{
	if (w.sync_rc) {
		kop_why(op, "by itself");
		return w.sync_rc;
	}
	assert_true(w.n_asked < MAX_ASKED);
	kop_sent(op);
	w.asked[w.n_asked++] = (struct asked){ op, verb, op->e->obj.route.metric,
					       op->e->obj.route.mtu };
	return 0;
}

static inline int back_add(void *arg, struct kop *op)
{
	assert_ptr_equal(arg, &w);
	return ask(op, '+');
}

static inline int back_change(void *arg, struct kop *op)
{
	(void)arg;
	assert_true(kobj_same(op->was, &op->e->obj) && !kobj_equal(op->was, &op->e->obj));
	return ask(op, '~');
}

static inline int back_del(void *arg, struct kop *op)
{
	(void)arg;
	return ask(op, '-');
}

static inline int back_again(void *arg, struct kop *op)
{
	(void)arg;
	return ask(op, '=');
}

/* Routes have no ends. */
static inline void back_aside(void *arg, struct kentry *e)
{
	(void)arg, (void)e;
	fail();
}

static const struct kback back = { back_add, back_change, back_del, back_again, back_aside };

/* Answers the i-th question. A key that the test's small kernel has no room for is not kept. */
static inline void answer(size_t i, int rc)
{
	struct asked a = w.asked[i];

	memmove(&w.asked[i], &w.asked[i + 1], (--w.n_asked - i) * sizeof(a));
	if (rc == 0 && a.key < KEYS) {
		/* What the table asks for must make sense to the kernel. */
		assert_true(a.verb == '=' || (w.kernel[a.key] >= 0) == (a.verb != '+'));
		w.kernel[a.key] = a.verb == '-' ? -1 : (int)a.value;
	}
	kop_answer(a.op, rc, rc ? "said the kernel" : NULL);
}

static inline const char *asked_text(void)
{
	static char text[1024];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < w.n_asked && n < sizeof(text) - 32; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%c%u:%u", i ? " " : "",
				      w.asked[i].verb, w.asked[i].key, w.asked[i].value);
	return text;
}

static inline void turn(void)
{
	ksw_start(&w.s, LONG_MAX);
	while (ksw_step(&w.s) || w.s.dirty)
		ksw_start(&w.s, LONG_MAX);
	ksw_tell(&w.s);
}

/* Everything is answered well, until nothing is asked any more. */
static inline void settle(void)
{
	for (turn(); w.n_asked || w.s.dirty; turn())
		while (w.n_asked)
			answer(0, 0);
}

static inline void done(void *arg, int rc)
{
	*(int *)arg = rc;
}

static inline void put(const char *have, const char *want, int *rc)
{
	struct kplan h = plan(have), n = plan(want);

	*rc = 1;
	assert_int_equal(ksw_put(&w.s, &h, &n, done, rc), 0);
	assert_int_equal(*rc, 1);	/* never from inside */
	kplan_free(&h);
	kplan_free(&n);
}

static inline unsigned users(unsigned i)
{
	struct kobj key = obj(i, 0);
	const struct kentry *e = ksw_find(&w.s, &key);

	return e ? e->users : 0;
}

static inline int begin(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	for (int i = 0; i < KEYS; i++)
		w.kernel[i] = -1;
	ksw_init(&w.s, &back, &w);
	w.s.quiet = true;
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	ksw_fini(&w.s);
	return 0;
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, begin, end)

#endif
