/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run/event.h - the event queue.
 *
 * A request that needs an answer is a call; a fact or a hint is an event. The
 * structs are generated from mip6/events.def. event_emit() copies into a queue;
 * handlers run from event_drain(), in the order of emission, never inside the
 * emitter. A handler may emit; the drain goes on until the queue is empty
 * (bounded: more than EVENT_BURST events in one drain wait for the next turn).
 */
#ifndef MIP6_RUN_EVENT_H
#define MIP6_RUN_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define EVENT_STR	64
#define EVENT_BURST	10000

typedef char event_str[EVENT_STR];

enum event_type {
#define EVENT(name, inject, text)	EV_##name,
#define FIELD(type, name, text)
#define END(name)
#include "mip6/events.def"
#undef EVENT
#undef FIELD
#undef END
	EV__COUNT
};

/* struct ev_bc_add { struct in6_addr home_address; uint32_t bid; ... } and so on */
#define evtype_addr	struct in6_addr
#define evtype_prefix	struct prefix
#define evtype_locator	struct locator
#define evtype_u32	uint32_t
#define evtype_dbl	double
#define evtype_bool	bool
#define evtype_str	event_str
#define EVENT(name, inject, text)	struct ev_##name { char ev_none[0];
#define FIELD(type, name, text)		evtype_##type name;
#define END(name)			};
#include "mip6/events.def"
#undef EVENT
#undef FIELD
#undef END

struct event {
	enum event_type type;
	double at;			/* run_now() of the emission */
	union {
#define EVENT(name, inject, text)	struct ev_##name name;
#define FIELD(type, name, text)
#define END(name)
#include "mip6/events.def"
#undef EVENT
#undef FIELD
#undef END
	};
};

/* For JSON, text, injection and the manual: the same list as a table. */
enum event_field_type { EVF_addr, EVF_prefix, EVF_locator, EVF_u32, EVF_dbl, EVF_bool, EVF_str };
struct event_field {
	const char *name, *text;
	enum event_field_type type;
	size_t at;			/* offset in struct event */
};
struct event_desc {
	const char *name, *text;
	bool inject;
	unsigned n;
	const struct event_field *field;
};
extern const struct event_desc event_desc[EV__COUNT];

typedef void (*event_fn)(void *arg, const struct event *e);
/* Handlers are called for every event; at most 16. 0 or -ENOSPC. */
int event_listen(event_fn fn, void *arg);
void event_unlisten(event_fn fn, void *arg);
void event_emit(const struct event *e);		/* .at is set by the queue */
void event_drain(void);
void event_fini(void);				/* drops listeners and queue */
bool event_pending(void);			/* something waits for event_drain() */
/* wake is called when the empty queue gets an event; NULL: nobody. */
void event_on_wake(void (*wake)(void));

/*
 * event_loop.c: drains from the loop before it sleeps (ev_prepare of priority
 * EV_MINPRI + 1; what handlers cause, such as timers or netlink batches, is taken
 * up by the watchers of priority EV_MINPRI after it). 0 or -EBUSY.
 */
struct ev_loop;
int event_hook(struct ev_loop *loop);
void event_unhook(void);

#endif
