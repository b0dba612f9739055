/* SPDX-License-Identifier: BSD-2-Clause */
/* Places by weight: their number, and how few move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/share.h"
#include "base/util.h"

#define N	128

static unsigned have(const uint8_t *place, uint8_t who)
{
	unsigned n = 0;

	for (unsigned i = 0; i < N; i++)
		n += place[i] == who;
	return n;
}

static void test_places_are_as_the_weights(void **state)
{
	static const struct { uint8_t weight[SHARE_MAX]; unsigned places[SHARE_MAX]; } row[] = {
		{ { 1 }, { 128 } },
		{ { 1, 1 }, { 64, 64 } },
		{ { 1, 0, 3 }, { 32, 0, 96 } },
		{ { 1, 1, 1 }, { 43, 43, 42 } },
		{ { 100, 1 }, { 127, 1 } },
		{ { 1, 1, 1, 1, 1, 1, 1, 1 }, { 16, 16, 16, 16, 16, 16, 16, 16 } },
		{ { 0 }, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		uint8_t place[N];

		memset(place, SHARE_NOBODY, sizeof(place));
		share_fill(place, N, row[i].weight);
		for (unsigned w = 0; w < SHARE_MAX; w++)
			assert_int_equal(have(place, (uint8_t)w), row[i].places[w]);
	}
}

/* When one goes, only his places get others; when one comes, only he gets places. */
static void test_only_places_of_who_goes_or_comes_move(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		uint8_t before[N], after[N], weight[SHARE_MAX], kept;
		unsigned who;

		memset(before, SHARE_NOBODY, sizeof(before));
		for (unsigned w = 0; w < SHARE_MAX; w++) {
			seed = seed * 1103515245u + 12345u;
			weight[w] = (uint8_t)((seed >> 16) % 101);
		}
		who = (seed >> 8) % SHARE_MAX;
		share_fill(before, N, weight);
		memcpy(after, before, N);
		kept = weight[who];
		weight[who] = 0;
		share_fill(after, N, weight);
		assert_int_equal(have(after, (uint8_t)who), 0);
		for (unsigned i = 0; i < N; i++)
			if (before[i] != who)
				assert_int_equal(after[i], before[i]);
		weight[who] = kept;
		memcpy(before, after, N);
		share_fill(after, N, weight);
		for (unsigned i = 0; i < N; i++)
			if (after[i] != before[i])
				assert_int_equal(after[i], who);
	}
}

static void test_the_same_weights_move_nothing(void **state)
{
	const uint8_t weight[SHARE_MAX] = { 3, 5, 0, 7 };
	uint8_t before[N], after[N];

	(void)state;
	memset(before, SHARE_NOBODY, sizeof(before));
	share_fill(before, N, weight);
	memcpy(after, before, N);
	share_fill(after, N, weight);
	assert_memory_equal(after, before, N);
	memset(after, 77, N);		/* nobody's */
	share_fill(after, N, weight);
	assert_memory_equal(after, before, N);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(test_places_are_as_the_weights),
		cmocka_unit_test(test_only_places_of_who_goes_or_comes_move),
		cmocka_unit_test(test_the_same_weights_move_nothing),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
