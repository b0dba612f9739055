/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <ev.h>

#include "run/event.h"

static struct {
	struct ev_loop *loop;
	ev_prepare prepare;
	ev_idle busy; /* runs while events wait: the loop must not sleep */
} hook;

static void busy_cb(struct ev_loop *loop, ev_idle *w, int revents)
{
	(void)loop, (void)w, (void)revents;
}

static void wake(void)
{
	ev_idle_start(hook.loop, &hook.busy);
}

static void prepare_cb(struct ev_loop *loop, ev_prepare *w, int revents)
{
	(void)w, (void)revents;
	event_drain();
	if (!hook.loop)
		return;
	if (event_pending()) /* more than a burst */
		ev_idle_start(loop, &hook.busy);
	else
		ev_idle_stop(loop, &hook.busy);
}

int event_hook(struct ev_loop *loop)
{
	if (hook.loop)
		return -EBUSY;
	hook.loop = loop;
	ev_idle_init(&hook.busy, busy_cb);
	ev_prepare_init(&hook.prepare, prepare_cb);
	ev_set_priority(&hook.prepare, EV_MINPRI + 1);
	ev_prepare_start(loop, &hook.prepare);
	event_on_wake(wake);
	if (event_pending())
		wake();
	return 0;
}

void event_unhook(void)
{
	if (!hook.loop)
		return;
	event_on_wake(NULL);
	ev_prepare_stop(hook.loop, &hook.prepare);
	ev_idle_stop(hook.loop, &hook.busy);
	hook.loop = NULL;
}
