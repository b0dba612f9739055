/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base/util.h - the handful of macros that C lacks.
 *
 * Pure. No function here fails.
 */
#ifndef MIP6_BASE_UTIL_H
#define MIP6_BASE_UTIL_H

#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT64(n)	(UINT64_C(1) << (n))
#define MIN(a, b)	((a) < (b) ? (a) : (b))
#define MAX(a, b)	((a) > (b) ? (a) : (b))

#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#endif
