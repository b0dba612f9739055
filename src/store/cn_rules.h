/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/cn_rules.h - what RFC 6275 says of messages to a correspondent: 9.4.1, 9.4.2
 * (tests), 9.5.1 - 9.5.4, 5.2.6, 5.2.8 (Binding Updates and what is answered), and RFC 5648
 * 6.2 of those with a Binding Identifier.
 *
 * Pure: decides, does nothing. A Binding Update is looked at in this order: addresses,
 * options, nonces (136 - 138, which nobody can sign), authenticator, and only then what
 * it says. So 133, 135, 139, 129, 130, 164 - 168 and 174 are signed, and only who holds the
 * tokens gets them; with H set there is no key, and 131 and 139 go to anybody (rate limited by the role).
 *
 * A home address that policy denies is answered with 129, not with silence: the mobile node
 * then knows for sure and does not try again and again. Its tests are answered like
 * everybody's, as a Care-of Test Init does not say whose it is.
 *
 * A binding to the home address itself would be none, so what asks for it ends a binding. But
 * only lifetime 0 is a request to delete one (6.1.7; RFC 3775 had both): everything else needs
 * both tokens.
 *
 * The care-of address of a Binding Identifier is the one in the option; without one (a BID that
 * is known, RFC 5648 5.1) it is what RFC 6275 takes: the source, or an alternate one. So each
 * care-of address has been tested, and the authenticator covers it, whatever the option says.
 */
#ifndef MIP6_STORE_CN_RULES_H
#define MIP6_STORE_CN_RULES_H

#include "store/cn_cache.h"
#include "store/conf.h"
#include "store/nonce.h"

enum cn_act {
	CN_DROP,			/* say nothing */
	CN_REFUSE,			/* status >= 128, binding unchanged */
	CN_REGISTER,
	CN_DEREGISTER,
};

struct cn_rx {				/* as struct mh_rx */
	struct in6_addr src, dst;	/* on the wire */
	bool has_hao;
	struct in6_addr hao;
	const uint8_t *buf;		/* the whole message, for its authenticator */
	size_t len;
};

/* What the cache and the message do not say. */
struct cn_facts {
	bool own_home, own_coa;		/* the address is one of this node's */
	bool home_registered;		/* our home agent has the home address, with the same own
					   address */
	bool home_agent;		/* there is one on this node */
};

struct cn_verdict {
	enum cn_act act;
	uint8_t status;
	const char *why;		/* a constant sentence for the log; NULL = accepted */
	bool answer;			/* a Binding Acknowledgement is sent (9.5.4) */
	bool sign;			/* with an authenticator: the next two are set */
	uint8_t kbm[RR_KBM_LEN];
	struct in6_addr mac_addr;	/* care-of address of the authenticator (6.2.7) */
	uint16_t answer_seq;
	struct cn_path path;		/* that it speaks of; bid and coa are always set */
	struct cn_binding b;		/* as it would be; key is always set; n_path 0: none left */
	unsigned n_bid;			/* options of the answer: as they came, but for status and */
	struct mhopt_bid bid[MHOPT_MAX_BID];	/* care-of address (RFC 5648 6.2, 4.3) */
};

/* NULL, or a constant sentence why a Home or Care-of Test Init is ignored. */
const char *cn_test_refused(const struct cn_rx *rx);
/* What an answer carries of the Binding Identifiers of a message; status: of each. Returns n. */
unsigned cn_copy_bids(const struct mhopts *from, uint8_t status, struct mhopt_bid *to);
/* The home address and care-of address that a Binding Update speaks of. */
void cn_bu_addresses(const struct cn_rx *rx, const struct mh_msg *m, struct in6_addr *hoa,
		     struct in6_addr *coa);
/* e: the cache's entry for it or NULL, remembered ones included. */
void cn_bu_decide(const struct cn_conf *c, const struct nonces *nonces, const struct cn_entry *e,
		  const struct cn_facts *f, const struct cn_rx *rx, const struct mh_msg *m,
		  double now, struct cn_verdict *v);
/* False: this configuration would not allow a binding that stands. */
bool cn_binding_allowed(const struct cn_conf *c, const struct cn_binding *b);

#endif
