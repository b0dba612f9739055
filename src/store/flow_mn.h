/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/flow_mn.h - the flow bindings that a mobile node asks its home agent for
 * (RFC 6089 5.2): what the next Binding Update has to carry, and what the answer
 * means. One struct for each home address.
 *
 * Every Binding Update tells all: what is new or changed as Flow Identification,
 * the rest as Flow Summary, and what is to go is left out (5.2, 5.2.4). A flow
 * names one BID, the first of its list that works: several would mean copies
 * (5.3.6). Unanswered updates change nothing for certain, so what they left out
 * or changed counts as not known until an answer says it.
 *
 * A flow of both families is two on the wire, as a selector has one: FID and
 * FID + FLOW_IPV4, FID-PRI 2 n and 2 n + 1 of the priority n (all of them, so that
 * no two meet).
 *
 * Pure. Times are seconds on the caller's clock.
 */
#ifndef MIP6_STORE_FLOW_MN_H
#define MIP6_STORE_FLOW_MN_H

#include "store/conf.h"
#include "store/flow.h"

#define FLOW_IPV4	0x8000		/* in the FID of the second of two */
#define FLOW_BUDGET	600		/* octets of new flows in one message: 6089 6, no fragments */
#define FLOW_RETRY	60		/* seconds; doubles up to ... */
#define FLOW_RETRY_MAX	3600

/* A flow as it goes on the wire. */
struct flow_wire {
	uint16_t fid, prio, bid;	/* bid 0: none of its list works now */
	struct flowsel sel;		/* tidy, of one family */
};
struct flow_asked {
	struct flow_wire w;		/* as last asked for, or as the home agent has it */
	bool known;			/* the home agent has it, with these values */
	bool sent;			/* the update under way asks for it */
	uint8_t status;			/* the last answer about it; enum flow_status */
	double retry_at, backoff;	/* refused; 0: not */
};
struct flow_mn {
	struct flow_asked a[FLOW_MAX];
	size_t n;
	bool asking;			/* the update under way has Flow Identification options */
	bool unsupported;		/* an answer without them: this home agent has no flows */
};

/* Configured flows that are to be sent, of the families that the home has. alive: BIDs that work.
 * Returns the number; out has room for FLOW_MAX, the first ones count. */
size_t flow_want(const struct flow_conf *c, size_t n, bool ipv4, const uint16_t *alive,
		 size_t n_alive, struct flow_wire *out);
/* True if flows alone are a reason for a Binding Update now. */
bool flow_due(const struct flow_mn *f, const struct flow_wire *want, size_t n);

/* Octets that the options of a message point to. */
struct flow_octets {
	uint8_t sub[MHOPT_MAX_FLOW][FLOW_SELECTOR_MAX + 16];
	uint8_t fids[2 * FLOW_MAX];
};
/* The options of a Binding Update that is about to go; mem must outlive them. 0, or -errno. */
int flow_tell(struct flow_mn *f, const struct flow_wire *want, size_t n, double now,
	      struct mhopts *o, struct flow_octets *mem);

struct flow_news {
	bool unsupported;		/* said for the first time */
	uint8_t n;			/* answers that differ from what was known: */
	struct { uint16_t fid; uint8_t status; } change[FLOW_MAX];
};
/* The answer, to the last update that was told, which was accepted. */
void flow_answered(struct flow_mn *f, const struct mhopts *o, double now, struct flow_news *news);
/* The home agent has nothing of it: de-registered, expired, or another one. */
void flow_forget(struct flow_mn *f);

/* What an operator sees of a flow. */
enum flow_view { FLOW_LOCAL, FLOW_WAITING, FLOW_ACTIVE, FLOW_INACTIVE, FLOW_REFUSED,
		 FLOW_UNSUPPORTED };
const char *flow_view_str(enum flow_view v);
/* bids: whether one of its list works. *status: the worst answer of its two. */
enum flow_view flow_view(const struct flow_mn *f, const struct flow_conf *c, bool bids,
			 uint8_t *status);

#endif
