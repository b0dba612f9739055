/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake/fake_run.h - run/timer.h with a clock that the test moves by hand.
 *
 * Links without libev; needs run/heap.c. The clock starts at 1000 s, the wall
 * clock at 2026-01-01 00:00:00 UTC, and both stand still between the calls.
 * rtimer_set(), rtimer_stop(), run_now() and run_wall() work as the real ones; run_stamp()
 * is run_wall(), so fake_run_set_wall() makes a clock that is wrong.
 */
#ifndef MIP6_FAKE_RUN_H
#define MIP6_FAKE_RUN_H

#include <stddef.h>

#include "run/timer.h"

/* Back to the start; timers that are set are forgotten (and stopped). */
void fake_run_reset(void);
/*
 * Moves the clock, stopping at each timer on the way: run_now() in its function
 * is the time it was set for. 0 seconds fire what is due now, also what timer
 * functions set for now or earlier. Returns how many fired.
 */
unsigned fake_run_advance(double seconds);
/* Called first and after each timer function, as the loop would (event_drain, say). */
void fake_run_each_turn(void (*fn)(void));
/* A suspend: the clock jumps, and everything that fell due fires late, at the new time. */
unsigned fake_run_jump(double seconds);
void fake_run_set_wall(double seconds_since_1970); /* touches no timer */
size_t fake_run_timers(void);			   /* how many are set */
/* Seconds until the next one, negative: none is set. */
double fake_run_next(void);

#endif
