/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run/timer.h - time, as the roles see it.
 *
 * One timerfd on CLOCK_BOOTTIME drives a heap of struct rtimer, so that a
 * suspended router finds its lifetimes elapsed when it wakes. run_now() is fixed
 * per loop turn. Role tests link a fake with a hand-moved clock instead.
 *
 * Seconds as double.
 */
#ifndef MIP6_RUN_TIMER_H
#define MIP6_RUN_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rtimer.h"

struct ev_loop;

int run_timer_init(struct ev_loop *loop);	/* 0 or -errno */
void run_timer_fini(void);

double run_now(void);			/* CLOCK_BOOTTIME */
double run_clock(void);			/* the same, read now: for what took time within the turn */
double run_wall(void);			/* CLOCK_REALTIME, seconds since 1970: for people only */
/* The wall clock as it was at the start, gone on by CLOCK_BOOTTIME, for RFC 4285: steps of the
 * system clock are not in it. A step back would make us refuse everybody until the time of the
 * last timestamp comes again. */
double run_stamp(void);

/* Arms or re-arms. fn runs from the loop, with the timer already stopped; it may re-arm or free
 * its object. A time in the past fires in the next loop turn. */
void rtimer_set(struct rtimer *t, double at, void (*fn)(void *arg), void *arg);
void rtimer_stop(struct rtimer *t);	/* harmless if stopped */
static inline bool rtimer_armed(const struct rtimer *t)
{
	return t->slot != 0;
}

#endif
