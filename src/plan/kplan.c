/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan/kobj.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const struct kobj *kplan_find(const struct kplan *p, const struct kobj *key)
{
	for (size_t i = 0; i < p->n; i++)
		if (kobj_same(&p->obj[i], key))
			return &p->obj[i];
	return NULL;
}

static int kplan_room(struct kplan *p, size_t cap)
{
	struct kobj *obj;

	if (cap <= p->cap)
		return 0;
	obj = realloc(p->obj, cap * sizeof(*obj));
	if (!obj)
		return -ENOMEM;
	p->obj = obj;
	p->cap = cap;
	return 0;
}

int kplan_add(struct kplan *p, const struct kobj *o)
{
	const struct kobj *there = kplan_find(p, o);
	struct kobj copy = *o;		/* o may lie in p */
	int rc;

	if (there)
		return kobj_equal(there, o) ? 0 : -EEXIST;
	if (p->n == p->cap) {
		rc = kplan_room(p, p->cap ? p->cap * 2 : 16);
		if (rc < 0)
			return rc;
	}
	p->obj[p->n++] = copy;
	return 0;
}

int kplan_put(struct kplan *p, struct kobj o)
{
	return kplan_add(p, &o);
}

int kplan_sysctl(struct kplan *p, const char *value, const char *fmt, ...)
{
	struct kobj o = { .kind = KOBJ_SYSCTL };
	size_t len = strlen(value);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(o.sysctl.path, sizeof(o.sysctl.path), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(o.sysctl.path) || len >= sizeof(o.sysctl.value))
		return -ENAMETOOLONG;
	memcpy(o.sysctl.value, value, len);
	return kplan_add(p, &o);
}

int kplan_copy(struct kplan *to, const struct kplan *from)
{
	int rc;

	*to = (struct kplan){ 0 };
	rc = kplan_room(to, from->n);
	if (rc < 0)
		return rc;
	if (from->n)
		memcpy(to->obj, from->obj, from->n * sizeof(*to->obj));
	to->n = from->n;
	return 0;
}

bool kplan_equal(const struct kplan *a, const struct kplan *b)
{
	if (a->n != b->n)		/* a plan has each key once */
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct kobj *o = kplan_find(b, &a->obj[i]);

		if (!o || !kobj_equal(o, &a->obj[i]))
			return false;
	}
	return true;
}

void kplan_free(struct kplan *p)
{
	free(p->obj);
	*p = (struct kplan){ 0 };
}
