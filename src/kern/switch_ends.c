/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that take over the ends of others of the same plan, which no two may have. */
#include <stdlib.h>

#include "kern/switch.h"

static const struct carrier *ends_of(const struct kobj *o)
{
	return o->kind == KOBJ_LINK && o->link.carrier.kind ? &o->link.carrier : NULL;
}

/* The ends that devices of the plan are about to get. */
static size_t new_ends(const struct ksw *s, const struct kplan *to, const struct kobj **list)
{
	size_t n = 0;

	for (size_t i = 0; i < to->n; i++) {
		const struct carrier *c = ends_of(&to->obj[i]);
		const struct kentry *e = c ? ksw_find(s, &to->obj[i]) : NULL;

		if (c && !(e && carrier_eq(&e->obj.link.carrier, c) && !e->aside))
			list[n++] = &to->obj[i];
	}
	return n;
}

static bool in_the_way(const struct kentry *e, const struct kobj *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (carrier_eq(&e->obj.link.carrier, ends_of(list[i])) &&
		    !kobj_same(&e->obj, list[i]))
			return true;
	return false;
}

void ksw_step_aside(struct ksw *s, const struct kplan *from, const struct kplan *to)
{
	const struct kobj **list = calloc(to->n + 1, sizeof(*list));
	size_t n = list ? new_ends(s, to, list) : 0;

	for (size_t i = 0; n && i < from->n; i++) {
		struct kentry *e = ends_of(&from->obj[i]) ? ksw_find(s, &from->obj[i]) : NULL;

		const struct kobj *stays;

		if (!e || e->users != 1 || e->aside || !in_the_way(e, list, n))
			continue;
		stays = kplan_find(to, &e->obj);
		if (stays && carrier_eq(ends_of(stays), &e->obj.link.carrier))
			continue;
		e->aside = true;
		s->back->aside(s->back_arg, e);
	}
	free(list);
}

void ksw_step_back(struct ksw *s, const struct kplan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct kentry *e = ends_of(&p->obj[i]) ? ksw_find(s, &p->obj[i]) : NULL;

		if (!e || !e->aside || !e->users)
			continue;
		e->aside = false;
		s->back->aside(s->back_arg, e);
	}
}
