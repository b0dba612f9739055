/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/weaken.h - switches a defence off, in the test program mip6d-weak only.
 *
 * A lab scenario that shows a refused attack also shows that the attack works
 * without the defence, else it proves nothing. mip6d-weak is the same code built
 * with MIP6_WEAKEN; its environment variable MIP6D_WEAKEN lists defences by name,
 * separated by commas. In the daemon that is shipped weaken() is constant false.
 *
 * weaken_clock(): seconds that the clock of RFC 4285 is wrong by, from MIP6D_WALL_OFFSET,
 * to play a router with an empty clock battery where all nodes share one kernel.
 */
#ifndef MIP6_BASE_WEAKEN_H
#define MIP6_BASE_WEAKEN_H

#include <stdbool.h>

#ifdef MIP6_WEAKEN
#include <stdlib.h>
#include <string.h>

static inline bool weaken(const char *defence)
{
	const char *list = getenv("MIP6D_WEAKEN");
	size_t n = strlen(defence);

	for (; list && *list; list += strcspn(list, ","), list += *list == ',')
		if (strncmp(list, defence, n) == 0 && (list[n] == ',' || !list[n]))
			return true;
	return false;
}

static inline double weaken_clock(void)
{
	const char *offset = getenv("MIP6D_WALL_OFFSET");

	return offset ? atof(offset) : 0;
}
#else
#define weaken(defence) false
#define weaken_clock()	0
#endif

#endif
