/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/conf_check.h - what conf_check.c and conf_check_mn.c share: where things stand in the
 * file, and whose they are. Nobody else includes it.
 *
 * Errors go to x->errs. What is found belongs to the configuration that was read.
 */
#ifndef MIP6_CTL_CONF_CHECK_H
#define MIP6_CTL_CONF_CHECK_H

#include "ctl/conf_schema.h"

/* Where a key of the top level is set; NULL = nowhere. */
const config_setting_t *conf_top(const struct conf_ctx *x, const char *key);
/* The key of the i-th item of its kind; the item where it has none; NULL: no such item. */
const config_setting_t *conf_at(const struct conf_ctx *x, enum conf_src src, size_t i,
				const char *key);
/* The j-th text of an array that is a member of an item. */
const config_setting_t *conf_at_elem(const struct conf_ctx *x, enum conf_src src, size_t i,
				     const char *key, size_t j);
/* A list of the top level that must not be empty. */
void conf_check_some(struct conf_ctx *x, const char *key);

/* One claim to a prefix; a home address is a claim to its /128. */
struct claim {
	struct prefix p;
	bool hoa;
	size_t owner, at;		/* place in the list; place among its prefixes */
	enum conf_src src;
};

/* Appends to an array that the caller frees. False: no memory, or a prefix that was not read. */
bool conf_claim_add(struct conf_ctx *x, struct claim **v, size_t *n, struct claim c);
/* Nobody's address or prefix is another's. Sorts them. */
void conf_check_claims(struct conf_ctx *x, struct claim *claim, size_t n);

/* conf_check_mn.c */
void conf_check_mn(struct conf_ctx *x);

#endif
