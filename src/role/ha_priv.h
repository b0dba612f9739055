/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/ha_priv.h - what the home agent's files share; nobody else includes it.
 *
 * ha.c: start, stop, reload, flush. ha_bu.c: a message comes in. ha_auth.c: who sent
 * it. ha_tx.c: transactions, one per home address at a time. ha_commit.c: what
 * follows when the kernel has it. ha_reply.c: answers and advertisements. ha_disc.c:
 * other home agents, and discovery of them. ha_mpd.c: prefix advertisements. ha_error.c:
 * errors from within tunnels. ha_flow.c: flow bindings. ha_steer.c: load sharing and flows that the
 * kernel refuses.
 *
 * Times: seconds of run_now(). A struct ha_tx and its messages belong to ha->txs; it
 * is freed by ha_tx_end() and ha_tx_cancel_all() only.
 */
#ifndef MIP6_ROLE_HA_PRIV_H
#define MIP6_ROLE_HA_PRIV_H

#include <uthash.h>

#include "base/bucket.h"
#include "role/ha.h"
#include "run/log.h"
#include "store/ha_list.h"
#include "store/ha_rules.h"

/* Reasons of a removal that are acted upon; others are only told. */
#define HA_EXPIRED	"expired"
#define HA_FLUSHED	"flushed"

/* What an answer needs of its Binding Update, which may be gone by then. */
struct ha_req {
	struct bu_rx rx;
	struct in6_addr hoa, coa;
	uint16_t flags;			/* of the BU, as received */
	bool sign;			/* it had the authentication option, and we have the key */
	bool proven;			/* by its authentication data, and new or from its own address */
	bool named;			/* it had the identifier of its node */
	bool has_stamp;
	uint64_t stamp;			/* what the answer carries */
};

/* A message that waits; it is judged again when its turn comes. */
struct ha_msg {
	struct bu_rx rx;
	size_t len;
	uint8_t buf[];
};

enum tx_stage {
	TX_HELD,			/* nothing runs: its message waits for a job to end */
	TX_DAD,
	TX_APPLY,
};

enum tx_kind { TX_REGISTER, TX_DEREGISTER, TX_REMOVE, TX_STEER };

struct ha_tx;
struct ha_dad { struct ha_tx *tx; struct dad_run *run; };

struct ha_tx {
	struct in6_addr hoa;		/* key */
	struct ha *ha;
	double since;			/* boot clock */
	enum tx_stage stage;
	enum tx_kind kind;
	struct ha_req req;
	struct bu_verdict v;		/* v.set: what is bound when it has ended */
	struct ha_msg *msg;		/* REGISTER in TX_DAD: for a judgement after a reload */
	struct ha_msg *next;		/* waits behind TX_APPLY or for a job */
	struct ha_dad dad[2];		/* home address, link-local address */
	unsigned adds;			/* bindings, counted in ha->n_adding */
	UT_hash_handle hh;
};

/* Start, stop, reload: alone in the kernel. Waits until nothing is being applied. */
enum ha_job_kind { JOB_NONE, JOB_START, JOB_RELOAD, JOB_STOP };
struct ha_job {
	enum ha_job_kind kind;
	bool runs;
	const struct ha_conf *conf;	/* RELOAD */
	void (*done)(void *arg, int rc);
	void *arg;
};

/* A home link as the kernel last told it. */
struct ha_watch {
	int ifindex;			/* ND messages come from there; 0 = from nowhere */
	uint32_t carrier_changes;
	bool addressed;			/* our address was seen there: routes by way of home
					   addresses need it, and it goes when the link goes down */
	bool lost;			/* the kernel may have forgotten what stood there */
};

/* What is heard of home agents on a home link. */
struct ha_disc {
	char dev[IFNAMSIZ];
	struct ha_list list;
	struct rtimer timer;		/* the next end of something in it */
	double adv_heard;		/* our own host's Router Advertisement; 0 = never */
	unsigned adv_wrong;		/* ADV_ bits of the last one */
};

#define HA_ALL		((size_t)-1)
#define HA_SERVED	((size_t)-2)	/* prefixes on no link */
struct ha_anycast { size_t link; struct in6_addr addr; int fd; };	/* fd < 0: not joined */

struct ha_ns;				/* ha_reply.c: a refusal that looks for its link address */

struct ha {
	const struct ha_conf *c;
	struct ha_env env;
	struct bc *bc;
	struct ha_tx *txs;		/* uthash by home address */
	unsigned applying;		/* switches of transactions that are not done */
	unsigned n_adding;		/* registrations under way that would be new bindings */
	struct ha_job job, next_job;
	bool ready;
	unsigned flushing;		/* removals until all that were flushed are gone */
	bool releasing;			/* a job has ended: the next one starts after all of this */
	struct ha_watch *watched;	/* of each home link */
	size_t n_watched;
	struct ha_disc *disc;		/* of each home link */
	size_t n_disc;
	struct ha_anycast *anycast;
	size_t n_anycast;
	struct ha_ns *ns;
	struct bucket refusals[2];	/* told, to anybody; and of proven updates */
	struct bucket discoveries;
	struct bucket errors;
	struct ha_stats stats;
	struct log_rl rl;
};

/* ---- ha_auth.c ---- */
/* True: the message is the node's. False: v is what to do instead; req->stamp is set. */
bool ha_auth(struct ha *ha, const struct mh_rx *rx, const struct mh_msg *m, struct ha_req *req,
	     struct bu_verdict *v);

/* ---- ha_reply.c ---- */
void ha_req_init(struct ha_req *req, const struct bu_rx *rx, const struct mh_msg *m,
		 const struct bu_verdict *v);
/* Sends the Binding Acknowledgement that v asks for; counts, logs and tells a refusal. */
void ha_answer(struct ha *ha, const struct ha_req *req, const struct bu_verdict *v);
/* RFC 6275 10.4.1: the home agent says that from now on it answers for the addresses of new, as far
 * as it did not for those of old. */
void ha_advertise(struct ha *ha, const struct binding_set *old, const struct binding_set *new);
void ha_nd_rx(void *arg, const struct nd_rx *rx, const struct nd_msg *m);
void ha_ns_drop(struct ha *ha, const struct in6_addr *hoa);	/* NULL: all */

/* ---- ha_disc.c ---- */
int ha_disc_start(struct ha *ha);	/* also after a reload */
void ha_disc_join_all(struct ha *ha);	/* the kernel forwards: it takes them */
void ha_disc_stop(struct ha *ha);
void ha_disc_join(struct ha *ha, size_t link);	/* again: the device forgot */
void ha_disc_leave(struct ha *ha, size_t link);
void ha_disc_ra(struct ha *ha, const struct nd_rx *rx, const struct nd_ra *ra);

/* ---- ha_mpd.c ---- */
/* Once for a home address: a registration stands, of a node that had none (fresh). */
void ha_mpd_bound(struct ha *ha, struct bc_memory *home, bool fresh);
void ha_mpd_stop(struct bc_memory *home);
void ha_mpd_reload(struct ha *ha, const struct ha_conf *was);	/* ha->c is the new one */

/* ---- ha_tx.c ---- */
struct ha_tx *ha_tx_find(struct ha *ha, const struct in6_addr *hoa);
struct ha_tx *ha_tx_new(struct ha *ha, const struct in6_addr *hoa);	/* TX_HELD; or NULL */
/* From plan to plan, by tx->kind; tx is gone when it has ended. */
void ha_tx_apply(struct ha_tx *tx);
/* Frees it; what waited behind it comes now. */
void ha_tx_end(struct ha_tx *tx);
void ha_tx_refuse(struct ha_tx *tx, uint8_t status, const char *why);	/* answers and ends */
/* Looks for duplicates as tx->v asks, then applies. */
void ha_tx_start(struct ha_tx *tx);
/* In TX_DAD: another update takes the place of tx->v. */
void ha_tx_renew(struct ha_tx *tx, const struct bu_verdict *v);
void ha_dad_cancel(struct ha_tx *tx);
void ha_msg_replace(struct ha_msg **at, const struct mh_rx *rx);
/* Keeps it until the transaction or job in its way has ended. */
void ha_tx_hold(struct ha *ha, const struct mh_rx *rx, const struct mh_msg *m);
/* Removes a binding from the kernel and the cache; at once or after what runs. */
void ha_tx_remove(struct ha *ha, struct bc_entry *e, const char *reason);
/* All of a home address that have a reason to leave (struct bc_entry), or whose time is over. */
void ha_tx_sweep(struct ha *ha, const struct in6_addr *hoa);
/* Steers what could not be steered before; false: something else is under way. */
bool ha_tx_steer(struct ha *ha, const struct in6_addr *hoa);
/* A reload came through: pending registrations are judged by the new configuration. */
void ha_tx_judge_again(struct ha *ha);
/* The job is over: what it held back goes on. */
void ha_tx_release(struct ha *ha);
void ha_tx_cancel_all(struct ha *ha);		/* nothing is being applied */

/* ---- ha_commit.c ---- */
void ha_commit_register(struct ha_tx *tx);
void ha_commit_deregister(struct ha_tx *tx);
void ha_commit_remove(struct ha_tx *tx);
void ha_expire(void *arg);		/* a struct bc_entry's timer */
/* v was authentic and is the last word of its node. gone: there is no binding now. */
void ha_remember_seq(struct ha *ha, const struct bu_verdict *v, bool gone);
/* The entry has left the kernel: tells, and frees it. The prefixes leave with the last. */
void ha_forget(struct ha *ha, struct bc_entry *e, const char *reason);

/* ---- ha_flow.c ---- */
/* v->flows, and v->set.flows: what is in force when it has ended. */
void ha_flow_judge(struct ha *ha, const struct mh_msg *m, struct bu_verdict *v);
void ha_flow_free(struct bu_verdict *v);
/* now: what is bound now; v: takes its list, NULL: the flows are as they were, but for BIDs that
 * have come or gone. */
void ha_flow_commit(struct ha *ha, const struct in6_addr *hoa, const struct binding_set *now,
		    struct flow_verdict *v);
/* Logs and tells those that the answer refuses. */
void ha_flow_refused(struct ha *ha, const struct ha_req *req, const struct bu_verdict *v);

/* ---- ha_steer.c ---- */
/* The kernel refused the plan of tx for an object that steers: true, and tx is to go on without
 * these (v.set.unsteered), so that no binding fails for them. */
bool ha_steer_refused(struct ha_tx *tx, const struct kobj *failed, const char *error);
/* What the kernel has now: tells a change, and tries again later if it is without. */
void ha_steer_commit(struct ha *ha, const struct in6_addr *hoa, const struct binding_set *now);
void ha_steer_stop(struct ha *ha, struct bc_memory *home);	/* nothing is bound any more */
/* The end of a TX_STEER. */
void ha_steer_tried(struct ha_tx *tx, int rc);

/* ---- ha_bu.c ---- */
/* As ha_bu_rx(), but not counted: also for messages that waited. */
void ha_bu_take(struct ha *ha, const struct mh_rx *rx, const struct mh_msg *m);

/* ---- ha.c ---- */
int ha_ifindex(struct ha *ha, const struct home_link *l);	/* 0: no such link now */
void ha_job_go(struct ha *ha);		/* starts a waiting job if nothing is being applied */

#endif
