/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/ha_rules_priv.h - what the files of the home agent's rules share: ha_rules.c
 * for a Binding Update as such, ha_bids.c for its Binding Identifiers (RFC 5648 6.2).
 * Nobody else includes it.
 */
#ifndef MIP6_STORE_HA_RULES_PRIV_H
#define MIP6_STORE_HA_RULES_PRIV_H

#include "store/ha_rules.h"

struct decide {
	const struct ha_conf *c;
	const struct bc_entry *entry;	/* and its siblings */
	const struct bc_memory *mem;
	size_t n_bound;
	const struct bu_rx *rx;
	const struct mh_msg *m;
	double now;
	struct bu_verdict *v;
	struct binding_set cur;		/* what is bound now */
};

/* ---- ha_rules.c ---- */
/* Always false. */
bool ha_rules_refuse(struct bu_verdict *v, uint8_t status, const char *why);
/* The node cannot be there, for this reason; or NULL. */
const char *ha_rules_coa(const struct decide *d, const struct in6_addr *coa);
/* The age of a binding that takes the place of e, which may be NULL. */
void ha_rules_fill(const struct decide *d, const struct bc_entry *e, struct binding *b);

/* ---- ha_bids.c ---- */
/* The options of the message become v's answers, all without a status yet. */
void ha_bids_copy(const struct mh_msg *m, struct bu_verdict *v);
/* What fails the whole message; false: refused. */
bool ha_bids_check(struct decide *d);
/* The update comes from the home link and registers that too. */
bool ha_bids_home(const struct decide *d);
/* Each of them; v->b has what they have in common. v->set, and the status of all. */
void ha_bids_register(struct decide *d);
bool ha_bids_deregister(struct decide *d);	/* false: as a step that ends the judgement */
unsigned ha_max_care_of(const struct ha_conf *c, const struct mobile_node *n);

#endif
