/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/event.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/util.h"
#include "run/log.h"
#include "run/timer.h"

#define LISTENERS 16

/* clang-format off */
/*
 * A field does not know its event's name, so the table is made in two passes:
 * names and types here, the offsets below where a local typedef says whose they
 * are.
 */
#define EVENT(name, inject, text)	static struct event_field field_##name[] = {
#define FIELD(type, name, text)		{ #name, text, EVF_##type, 0 },
#define END(name)			};
#include "mip6/events.def"
#undef EVENT
#undef FIELD
#undef END

#define EVENT(name, inject, text)					\
	static void place_##name(struct event_field *f)			\
	{								\
		typedef struct ev_##name here __attribute__((unused));	\
		const size_t base = offsetof(struct event, name);	\
		(void)f, (void)base;
#define FIELD(type, name, text)		(f++)->at = base + offsetof(here, name);
#define END(name)			}
#include "mip6/events.def"
#undef EVENT
#undef FIELD
#undef END

const struct event_desc event_desc[EV__COUNT] = {
#define EVENT(name, inject, text) \
	[EV_##name] = { #name, text, inject, ARRAY_SIZE(field_##name), field_##name },
#define FIELD(type, name, text)
#define END(name)
#include "mip6/events.def"
#undef EVENT
#undef FIELD
#undef END
};

/* Before main(): the table is constant to everybody else. */
__attribute__((constructor)) static void place_all(void)
{
#define EVENT(name, inject, text)	place_##name(field_##name);
#define FIELD(type, name, text)
#define END(name)
#include "mip6/events.def"
#undef EVENT
#undef FIELD
#undef END
}

/* clang-format on */

static struct {
	struct {
		event_fn fn;
		void *arg;
	} listener[LISTENERS];
	unsigned n_listener;
	struct event *ring;
	size_t head, n, cap;
	bool draining;
	void (*wake)(void);
} q;

int event_listen(event_fn fn, void *arg)
{
	if (q.n_listener == LISTENERS)
		return -ENOSPC;
	q.listener[q.n_listener].fn = fn;
	q.listener[q.n_listener++].arg = arg;
	return 0;
}

static void compact(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < q.n_listener; i++)
		if (q.listener[i].fn)
			q.listener[n++] = q.listener[i];
	q.n_listener = n;
}

/* While handlers run, places must not move. */
void event_unlisten(event_fn fn, void *arg)
{
	for (unsigned i = 0; i < q.n_listener; i++)
		if (q.listener[i].fn == fn && q.listener[i].arg == arg)
			q.listener[i].fn = NULL;
	if (!q.draining)
		compact();
}

static bool grow(void)
{
	size_t cap = q.cap ? q.cap * 2 : 64;
	struct event *ring = malloc(cap * sizeof(*ring));

	if (!ring)
		return false;
	for (size_t i = 0; i < q.n; i++)
		ring[i] = q.ring[(q.head + i) % q.cap];
	free(q.ring);
	q.ring = ring;
	q.cap = cap;
	q.head = 0;
	return true;
}

void event_emit(const struct event *e)
{
	struct event *slot;

	if (q.n == q.cap && !grow()) {
		log_err("event", "%s lost: no memory", event_desc[e->type].name);
		return;
	}
	slot = &q.ring[(q.head + q.n++) % q.cap];
	*slot = *e;
	slot->at = run_now();
	if (q.n == 1 && q.wake)
		q.wake();
}

bool event_pending(void)
{
	return q.n != 0;
}

void event_on_wake(void (*wake)(void))
{
	q.wake = wake;
}

void event_drain(void)
{
	struct event e;
	unsigned n;

	if (q.draining)
		return;
	q.draining = true;
	for (unsigned burst = 0; q.n && burst < EVENT_BURST; burst++) {
		e = q.ring[q.head]; /* an emission may move the ring */
		q.head = (q.head + 1) % q.cap;
		q.n--;
		n = q.n_listener; /* who joins now starts with the next event */
		for (unsigned i = 0; i < n && i < q.n_listener; i++)
			if (q.listener[i].fn)
				q.listener[i].fn(q.listener[i].arg, &e);
	}
	q.draining = false;
	compact();
}

void event_fini(void)
{
	q.n = q.head = q.cap = 0;
	free(q.ring);
	q.ring = NULL;
	q.n_listener = 0;
}
