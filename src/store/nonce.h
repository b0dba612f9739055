/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/nonce.h - a correspondent's nonces and node keys (RFC 6275 5.2.1, 5.2.2, 5.2.7).
 *
 * A nonce is made when a test is to be answered and the newest is older than
 * nonce_interval (30 s), and it is good for max_nonce_lifetime (240 s) from its first
 * use, which is its making. So a token is good for at least the difference, which must
 * not be less than max_token_lifetime (210 s); with the RFC's numbers the last 8 nonces
 * are good. Each has a node key of its own, so that an index names both (5.2.7).
 *
 * Pure: time (seconds, boot clock) and random octets are arguments. Indices are in host
 * order; 0 is never one, because mobile nodes send 0 where none is needed.
 */
#ifndef MIP6_STORE_NONCE_H
#define MIP6_STORE_NONCE_H

#include <stdbool.h>
#include <stdint.h>

#include "sec/rr.h"

#define NONCE_LEN	8		/* octets, as 5.2.2 recommends */
#define NONCE_MAX	64		/* places: more than are good at a time by any configuration */
#define NONCE_RANDOM	(RR_KCN_LEN + NONCE_LEN)

struct nonce {
	uint16_t index;			/* 0: an empty place */
	uint8_t kcn[RR_KCN_LEN], nonce[NONCE_LEN];
	double made;
};

struct nonces {
	struct nonce slot[NONCE_MAX];	/* ring */
	unsigned newest;
	uint16_t last;			/* index given last */
	double interval, lifetime;
	bool renew;			/* another one soon: see nonces_renew() */
};

/* last: random, so that indices of an earlier run are not taken for ours (a wrong index is
 * answered, a wrong token is not). */
void nonces_init(struct nonces *n, uint16_t last, double interval, double lifetime);
/* By a reload. Another lifetime ends all that there are: what has died must not live again, as
 * the updates that it made true may be forgotten. */
void nonces_set(struct nonces *n, double interval, double lifetime);
/* The newest may not bind somebody again (9.5.3): one is due before its interval is over, but
 * not so soon that a good one would lose its place. */
void nonces_renew(struct nonces *n);
/* True: nonces_add() before the next answer. */
bool nonces_due(const struct nonces *n, double now);
void nonces_add(struct nonces *n, double now, const uint8_t random[static NONCE_RANDOM]);
/* The newest; not if nonces_due(). */
const struct nonce *nonces_now(const struct nonces *n);
/* NULL: unknown or too old. */
const struct nonce *nonces_find(const struct nonces *n, uint16_t index, double now);
/* When it is too old. */
double nonce_ends(const struct nonces *n, const struct nonce *x);
/* None that ends at that time or earlier is good any more (5.2.8, the last measure). */
void nonces_drop(struct nonces *n, double ends);
void nonces_wipe(struct nonces *n);

#endif
