/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "run/heap.h"

#define START	   1000.
#define WALL_START 1767225600. /* 2026-01-01 */
#define RUNAWAY	   1000000     /* timers in one call */

static struct heap heap;
static double now = START, wall = WALL_START - START; /* wall: offset to now */
static void (*each_turn)(void);

double run_now(void)
{
	return now;
}

double run_clock(void)
{
	return now;
}

double run_wall(void)
{
	return now + wall;
}

double run_stamp(void)
{
	return run_wall();		/* so that a test can make it as wrong as it likes */
}

void rtimer_set(struct rtimer *t, double at, void (*fn)(void *arg), void *arg)
{
	t->at = at;
	t->fn = fn;
	t->arg = arg;
	heap_put(&heap, t, at);
}

void rtimer_stop(struct rtimer *t)
{
	heap_take(&heap, t);
}

void fake_run_reset(void)
{
	heap_fini(&heap);
	now = START;
	wall = WALL_START - START;
	each_turn = NULL;
}

void fake_run_each_turn(void (*fn)(void))
{
	each_turn = fn;
}

static void turn(void)
{
	if (each_turn)
		each_turn();
}

/* follow: the clock stops at each timer; else it stands at the end already. */
static unsigned fire(double end, bool follow)
{
	unsigned fired = 0;
	struct rtimer *t;
	double key;

	turn();
	while (heap_first(&heap, &key) && key <= end) {
		if (follow)
			now = MAX(now, key);
		t = heap_due(&heap, end);
		t->fn(t->arg);
		turn();
		if (++fired == RUNAWAY) {
			fprintf(stderr, "fake_run: a timer sets itself again without end\n");
			abort();
		}
	}
	now = end;
	return fired;
}

unsigned fake_run_advance(double seconds)
{
	return fire(now + seconds, true);
}

unsigned fake_run_jump(double seconds)
{
	now += seconds;
	return fire(now, false);
}

void fake_run_set_wall(double seconds_since_1970)
{
	wall = seconds_since_1970 - now;
}

size_t fake_run_timers(void)
{
	return heap.n;
}

double fake_run_next(void)
{
	double key;

	return heap_first(&heap, &key) ? MAX(key - now, 0) : -1;
}
