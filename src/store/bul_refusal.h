/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/bul_refusal.h - what a refused home registration means (RFC 6275 11.7.3,
 * RFC 3963 5.4), for store/bul.c and tests.
 *
 * Pure. Constant.
 */
#ifndef MIP6_STORE_BUL_REFUSAL_H
#define MIP6_STORE_BUL_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

struct bul_refusal {
	uint8_t status;
	bool keep;			/* the binding that the home agent has already is not touched
					   by it; 140-143 end it (RFC 3963 5.4) */
	bool hard;			/* no other care-of address cures it: a movement does not cut
					   the back-off short */
	const char *why;		/* what the operator should know */
};

/* Never NULL: a status that does not belong here has a row too. */
const struct bul_refusal *bul_refusal_of(uint8_t status);

extern const struct bul_refusal bul_refusal_no_r;	/* accepted with R clear */
extern const struct bul_refusal bul_refusal_zero;	/* accepted for no time */

#endif
