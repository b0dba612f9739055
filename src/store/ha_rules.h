/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/ha_rules.h - what the RFCs say of a Binding Update at a home agent:
 * RFC 6275 9.5.1, 10.3.1, 10.3.2; RFC 3963 6.2; RFC 5555 for IPv4 prefixes; RFC
 * 5648 6.2 for several care-of addresses, with the priorities of RFC 6089 4.1.
 *
 * The verdict of an update is the new set of bindings of the home address and, if it
 * has Binding Identifiers, a status for each. Sequence number, flags and prefixes are
 * the node's: an update changes them for all bindings. What the authentication option
 * covers as care-of address is the source of the update, or its alternate one, which
 * never stands beside Binding Identifiers (5.2).
 *
 * Pure: decides, does nothing. In two steps, because authentication stands
 * between them: ha_bu_identify() says whose message it claims to be, the role
 * checks that (sec/auth.h), ha_bu_decide() judges what it asks for. A message
 * that failed the check never gets to the second step.
 */
#ifndef MIP6_STORE_HA_RULES_H
#define MIP6_STORE_HA_RULES_H

#include "store/bc.h"
#include "store/conf.h"

/* What the role knows of the message besides its content. */
struct bu_rx {
	struct in6_addr src, dst;	/* on the wire */
	bool has_hao;
	struct in6_addr hao;
	int ifindex;
};

enum bu_act {
	BU_DROP,			/* say nothing */
	BU_REFUSE,			/* BA with status >= 128, binding unchanged */
	BU_REGISTER,
	BU_DEREGISTER,
};

struct bu_verdict {
	enum bu_act act;
	uint8_t status;
	bool need_dad;			/* home address on a link and no binding yet */
	bool need_dad_ll;		/* L bit: the link-local address too */
	const char *why;		/* a constant sentence for the log; NULL = accepted */
	struct prefix culprit;		/* that `why` is about; family 0 = none */
	const struct mobile_node *node;	/* NULL: unknown */
	const struct home_link *link;	/* NULL: virtual home */
	struct binding b;		/* what the message says of the node, and of its binding if it
					   has no BID; for DEREGISTER: key, seq, local */
	struct binding_set set;		/* REGISTER, DEREGISTER: all that is bound then */
	uint8_t n_bid;			/* of the message, in its order, with the status of each;
					   on the wire: ha_bu_bid_status() */
	struct mhopt_bid bid[MHOPT_MAX_BID];
	const char *bid_why[MHOPT_MAX_BID];	/* of a status that refuses */
	struct nd_lladdr lladdr;	/* of the node on its home link, as it says; len 0 = no */
	bool overwrite;			/* O: only what is accepted here stays */
	uint8_t granted;		/* status but for what is said of BIDs */
	struct flow_verdict *flows;	/* of the flows that it names; the role's. NULL: nothing to say */
	bool explicit6;			/* IPv6 prefixes were listed in the message */
	uint16_t answer_seq;		/* of the BA */
	/* IPv4 answers, in the encoding of the request */
	uint8_t n_ipv4_ack;
	struct mhopt_ipv4_ack ipv4_ack[MHOPT_MAX_MNP];
	bool ack_is_v4prefix;		/* the draft's option instead of 30 */
};

/*
 * What does not depend on our state: unicast addresses, forbidden options, home
 * and care-of address, the node. act is BU_DROP or BU_REFUSE if it ends here,
 * BU_REGISTER or BU_DEREGISTER (what is asked for) if it goes on.
 */
void ha_bu_identify(const struct ha_conf *c, const struct bu_rx *rx, const struct mh_msg *m,
		    struct bu_verdict *v);
/*
 * All of it, ha_bu_identify() included.
 * entry: the cache's first entry of the home address (bc_first()) or NULL, BC_DELETED
 * included; the others are its siblings.
 * mem: memory or NULL. bound: number of bindings now.
 */
void ha_bu_decide(const struct ha_conf *c, const struct bc_entry *entry,
		  const struct bc_memory *mem, size_t bound, const struct bu_rx *rx,
		  const struct mh_msg *m, double now, struct bu_verdict *v);

/*
 * The kernel did not take the binding. culprit: the prefix that it refused, or
 * NULL. True: v goes on without that IPv4 prefix, whose answer is a failure now.
 * False: v is a refusal with the status for it.
 */
bool ha_bu_apply_failed(struct bu_verdict *v, const struct prefix *culprit);

/*
 * The care-of address of a BID that was accepted cannot be served, for a reason that the rules do
 * not see: v goes on without it, or, if nothing else is left of it, becomes a refusal. Of a message
 * without BIDs (bid 0): the refusal. old: what is bound for the BID now, or NULL.
 */
void ha_bu_bid_failed(struct bu_verdict *v, uint16_t bid, uint8_t status, const char *why,
		      const struct binding *old);
/* The binding with this BID (0: without) is what the message was about, and was accepted. */
bool ha_bu_names(const struct bu_verdict *v, uint16_t bid);
/* What the i-th BID option of the answer says: 0 = as the status of the whole (RFC 5648 6.2). */
uint8_t ha_bu_bid_status(const struct bu_verdict *v, unsigned i);

/* False, with a constant sentence, if this configuration would not allow a binding that stands. */
bool ha_binding_allowed(const struct ha_conf *c, const struct binding *b, const char **why);

/* True if seq is newer than last (RFC 6275 9.5.1, modulo 2^16). */
bool seq_newer(uint16_t seq, uint16_t last);

/* Home link of an address, or NULL; *served is set for a virtual home prefix. */
const struct home_link *ha_home_of(const struct ha_conf *c, const struct in6_addr *hoa,
				   bool *served);
/* The address that BUs for this home address must be sent to. */
struct in6_addr ha_own_address(const struct ha_conf *c, const struct home_link *l);

#endif
