/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/share.h"

#include <stdbool.h>

/* Whose claim to one more place is the stronger? */
static bool stronger(const uint8_t *weight, const size_t *quota, unsigned a, unsigned b)
{
	return weight[a] * (2 * quota[b] + 1) > weight[b] * (2 * quota[a] + 1);
}

static void share_out(size_t n, const uint8_t *weight, size_t *quota)
{
	while (n--) {
		unsigned best = 0;

		for (unsigned i = 1; i < SHARE_MAX; i++)
			if (stronger(weight, quota, i, best))
				best = i;
		if (!weight[best])
			return;		/* nobody has any */
		quota[best]++;
	}
}

void share_fill(uint8_t *place, size_t n, const uint8_t weight[static SHARE_MAX])
{
	size_t due[SHARE_MAX] = { 0 };
	unsigned next = 0;

	share_out(n, weight, due);
	for (size_t i = 0; i < n; i++) {
		if (place[i] < SHARE_MAX && due[place[i]])
			due[place[i]]--;	/* keeps it */
		else
			place[i] = SHARE_NOBODY;
	}
	for (size_t i = 0; i < n; i++) {
		if (place[i] != SHARE_NOBODY)
			continue;
		while (next < SHARE_MAX && !due[next])
			next++;
		if (next == SHARE_MAX)
			return;
		place[i] = (uint8_t)next;
		due[next]--;
	}
}
