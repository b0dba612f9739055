/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long the turns of the loop take: what comes in while one is under way waits as long. From
 * the moment that something has happened until the loop sleeps again.
 */
#include "ctl/ctl_priv.h"
#include "run/timer.h"

static void awake(struct ev_loop *loop, ev_check *w, int revents)
{
	struct ctl_turn *t = w->data;

	(void)loop, (void)revents;
	t->since = run_clock();
}

static void asleep(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct ctl_turn *t = w->data;

	(void)loop, (void)revents;
	if (t->since > 0)
		histo_add(&t->took, run_clock() - t->since);
	t->since = 0;
}

void ctl_turn_start(struct ctl_turn *t, struct ev_loop *loop)
{
	ev_check_init(&t->check, awake);
	ev_prepare_init(&t->prepare, asleep);
	/* the first to wake, the last to go to sleep */
	ev_set_priority(&t->check, EV_MAXPRI);
	ev_set_priority(&t->prepare, EV_MINPRI);
	t->check.data = t->prepare.data = t;
	ev_check_start(loop, &t->check);
	ev_prepare_start(loop, &t->prepare);
	ev_unref(loop);			/* they alone keep no loop running */
	ev_unref(loop);
}

void ctl_turn_stop(struct ctl_turn *t, struct ev_loop *loop)
{
	ev_ref(loop);
	ev_ref(loop);
	ev_check_stop(loop, &t->check);
	ev_prepare_stop(loop, &t->prepare);
}
