/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/weaken.h - switches a defence off, in the test program mip6d-weak only.
 *
 * A lab scenario that shows a refused attack also shows that the attack works
 * without the defence, else it proves nothing. mip6d-weak is the same code built
 * with MIP6_WEAKEN; its environment variable MIP6D_WEAKEN lists defences by name,
 * separated by commas. In the daemon that is shipped weaken() is constant false.
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
#else
#define weaken(defence) false
#endif

#endif
