/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/flow.h - the flow bindings of a home address at its home agent (RFC 6089
 * 4.3, 5.3): what the options of a Binding Update do to the list, and the answer.
 *
 * Pure: judges, changes nothing of the list that there is. A flow is known by its
 * FID; the list is in the order of FID-PRI, the lowest first. What a flow may
 * catch need not be checked: it steers only what is routed to its node anyway.
 * flow_judge() comes after the Binding Identifier options of the same message have
 * been judged (5.3.1), for a message that is accepted.
 */
#ifndef MIP6_STORE_FLOW_H
#define MIP6_STORE_FLOW_H

#include <stddef.h>

#include "wire/flow.h"

#define FLOW_MAX	31		/* of one home address: as many as the kernel part has room for */

struct flow_entry {
	uint16_t fid, prio;		/* neither is 0; no prio twice in a list */
	struct flowsel sel;
	uint8_t n_bid;
	uint16_t bid[FLOW_MAX_BID];
	bool active;			/* one of the BIDs is registered */
};
struct flow_list { struct flow_entry *e; size_t n; };	/* zeroed: none */
struct flow_bids { uint16_t bid[MHOPT_MAX_BID]; size_t n; };	/* that are registered */

const struct flow_entry *flow_find(const struct flow_list *l, uint16_t fid);
/* 4.3, 5.3.1: active is who has a BID that is registered. True if that changed for any. */
bool flow_refresh(struct flow_list *l, const struct flow_bids *b);
void flow_list_free(struct flow_list *l);		/* leaves it empty */

struct flow_rules {
	bool allowed;			/* false: "administratively prohibited", and none is kept */
	size_t max;			/* of one home address; at most FLOW_MAX */
};
/* Options of the answer: copies, with octets of their own. */
struct flow_answers {
	uint8_t n;
	struct mhopt_flow opt[MHOPT_MAX_FLOW];
	uint8_t octets[MH_MAX_LEN];
};
struct flow_verdict {
	struct flow_list list;		/* as it would be; the caller may take it out */
	struct flow_answers answer;
};

/* True if the message, or its silence about flows that there are, takes a judgement. */
bool flow_concerns(const struct flow_list *have, const struct mhopts *o);
/* The verdict, which is the caller's, or NULL: no memory. */
struct flow_verdict *flow_judge(const struct flow_list *have, const struct mhopts *o,
				const struct flow_rules *r, const struct flow_bids *b);
void flow_verdict_free(struct flow_verdict *v);		/* NULL is nothing */
/* The answers as options of the acknowledgement; a must outlive it. */
void flow_answer(const struct flow_answers *a, struct mhopts *o);

#endif
