/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/rtimer.h - the timer that lives inside a table entry.
 *
 * Lifetimes count on CLOCK_BOOTTIME, so that a suspend ages a binding; libev's
 * timers do not see a suspend. The struct is here because entries of store/
 * embed it; run/timer.c owns the heap and is the only code that arms it.
 *
 * at: absolute seconds of CLOCK_BOOTTIME. Zeroed memory is a stopped timer.
 */
#ifndef MIP6_BASE_RTIMER_H
#define MIP6_BASE_RTIMER_H

#include <stddef.h>

struct rtimer {
	double at;
	void (*fn)(void *arg);
	void *arg;
	size_t slot;			/* place in the heap plus 1; 0 = stopped */
};

#endif
