/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/cn_priv.h - what the correspondent's files share; nobody else includes it.
 *
 * cn.c: start, stop, reload, tests. cn_bu.c: Binding Updates and their answers. cn_tx.c:
 * transactions, one per binding at a time. cn_watch.c: the time that a binding has, refresh
 * requests, unreachable care-of addresses.
 *
 * Times: seconds of run_now(). A struct cn_tx belongs to cn->txs, its message to it.
 */
#ifndef MIP6_ROLE_CN_PRIV_H
#define MIP6_ROLE_CN_PRIV_H

#include <uthash.h>

#include "base/bucket.h"
#include "role/cn.h"
#include "run/log.h"
#include "store/cn_rules.h"

/* Reasons of a removal that are acted upon; others are only told. */
#define CN_EXPIRED	"expired"
#define CN_EVICTED	"evicted"
#define CN_UNREACHABLE	"unreachable"

#define CN_PLACES	64	/* 2^6 */

enum cn_tx_kind { CN_TX_REGISTER, CN_TX_DEREGISTER, CN_TX_REMOVE };

/* Proven, but another change of the binding is under way. */
struct cn_msg {
	struct cn_msg *next;		/* newer */
	struct mh_rx rx;		/* buf points to the last member */
	uint16_t seq, bid;		/* of the update; 0: it is about all */
	uint8_t buf[];
};

struct cn_tx {
	struct cn_key key;
	struct cn *cn;
	enum cn_tx_kind kind;
	struct in6_addr src;		/* of the update, on the wire */
	struct cn_verdict v;		/* REMOVE: only what is left, .b */
	const char *reason;		/* REMOVE: for the event */
	const char *then_remove;	/* asked for while this one is under way */
	bool fresh;			/* nothing is bound yet */
	int more;			/* paths, counted in cn->coming */
	struct cn_msg *waiting;		/* in the order of their numbers */
	UT_hash_handle hh;
};

struct cn {
	const struct cn_conf *c;
	struct cn_env env;
	struct cn_cache *cache;
	struct nonces nonces;
	struct cn_tx *txs;		/* uthash by key */
	int coming;			/* so many paths more, or less, by what is under way */
	bool ready, stopping;
	void (*ready_fn)(void *arg, int rc);
	void *ready_arg;
	void (*done)(void *arg, int rc);
	void *done_arg;
	/* what is refused: to anybody, to who holds the tokens; by refusal_place() */
	struct bucket refusals[2][CN_PLACES], unsigned_ones;
	uint64_t seed;			/* of refusal_place() */
	struct cn_stats stats;
	struct log_rl rl, news, failures;	/* what somebody sent; what became of it */
};

/* ---- cn_bu.c ---- */
/* Sends the acknowledgement that v asks for; counts, logs and tells a refusal. */
void cn_answer(struct cn *cn, const struct in6_addr *src, const struct cn_verdict *v);
/* As cn_bu_rx(), but not counted: also for messages that waited. */
void cn_bu_take(struct cn *cn, const struct mh_rx *rx, const struct mh_msg *m);

/* ---- cn_tx.c ---- */
struct cn_tx *cn_tx_find(struct cn *cn, const struct cn_key *k);
/* From the binding that stands to v->b, or to none; answers when the kernel has it. */
void cn_tx_start(struct cn *cn, enum cn_tx_kind kind, const struct in6_addr *src,
		 const struct cn_verdict *v);
/* What waits and is about the same paths gives way to it. bid: 0 is all of them. */
void cn_tx_hold(struct cn_tx *tx, const struct mh_rx *rx, uint16_t seq, uint16_t bid);
uint16_t cn_tx_last_seq(const struct cn_tx *tx);	/* of what waits, or else of v.b */
void cn_tx_unhold(struct cn_tx *tx);	/* nothing waits any more */
/* Removes a binding from the kernel and the cache; at once or after what runs. True: at once. */
bool cn_tx_remove(struct cn *cn, struct cn_entry *e, const char *reason);
/* The same for some of its paths: left is what stays, in its order. Not if a transaction is under
 * way. False: no memory. */
bool cn_tx_cut(struct cn *cn, struct cn_entry *e, const struct cn_binding *left,
	       const char *reason);
void cn_tx_free_all(struct cn *cn);
/* Bindings when all that is under way is done. */
size_t cn_will_be_bound(const struct cn *cn);
/* Makes room for one more, which will have that care-of address (NULL: for nobody). False: no
 * binding can be given up now. */
bool cn_make_room(struct cn *cn, const struct in6_addr *coa);
/* The number counts, whatever became of the update. */
void cn_remember(struct cn *cn, const struct cn_verdict *v);
/* The same, and the mobile node has taken its tokens back. */
void cn_withdraw(struct cn *cn, struct cn_entry *e, const struct cn_verdict *v);

/* ---- cn_watch.c ---- */
void cn_arm(struct cn *cn, struct cn_entry *e);
void cn_arm_end(struct cn *cn, struct cn_entry *e, double at);	/* for its end only */
void cn_expire(struct cn *cn, struct cn_entry *e);	/* bound: what is over goes */

/* ---- cn.c ---- */
void cn_idle(struct cn *cn);		/* the last transaction has ended: a stop may go on */

#endif
