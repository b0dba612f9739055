/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/md_priv.h - what md.c (facts in, events out) and md_coa.c (care-of
 * addresses, and what the kernel must have for them) share; nobody else
 * includes it.
 *
 * Of one uplink there are three states: what the facts say (want), what the
 * kernel has or is being given (st, have), and what the signalling core was told
 * (told). md_info follows when all three agree. Losing an uplink is told at
 * once and leaves st alone: the way back to the same link needs no kernel.
 *
 * With a detector outside (md_outside.c) its word takes the place of the facts, and all else is
 * the same: md_attach() and md_at_home() do not ask who knows.
 *
 * Times are seconds of the boot clock, 0 = none.
 */
#ifndef MIP6_ROLE_MD_PRIV_H
#define MIP6_ROLE_MD_PRIV_H

#include "plan/plan_mn.h"
#include "role/md.h"
#include "run/event.h"
#include "run/log.h"
#include "run/timer.h"

#define MD_OLD_HOLD	10.		/* a former care-of address, if nobody releases it */
#define MD_RETRY	1.		/* after the kernel refused something */
#define MD_CHECK	0.05		/* news of our own doing may be so late */
#define MD_DAD_TRIES	3		/* IDGEN_RETRIES, RFC 7217 7 */
#define MD_DAD_PAUSE	30.		/* after that many, until the prefix is tried again */
#define MD_DAD_PAUSE_MAX 600.
#define MD_HOLD		2.		/* managed: for a word of the link that came back */
#define MD_MEMO		8		/* prefixes with a conflict that are remembered */
#define MD_ROUTES	4		/* default routes of a managed uplink */

enum md_kind { MD_AT_NONE, MD_AT_COA, MD_AT_HOME };

enum md_wipe { MD_WIPE_NOTHING, MD_WIPE_ADDRESSES, MD_WIPE_ALL };

/* A point of attachment. */
struct md_point {
	enum md_kind kind;
	struct in6_addr coa;		/* MD_AT_COA */
	struct in6_addr router;		/* link-local; :: unknown */
	struct prefix link;		/* on-link prefix (or home prefix); family 0 = none */
};

struct md_default_route {
	struct in6_addr via;
	uint32_t metric, table;
	bool used;
};

struct md_memo {			/* RFC 7217 6: conflicts seen in this prefix */
	struct prefix prefix;
	uint8_t counter;
};

struct uplink {
	struct md *md;			/* NULL: a place that nobody has */
	const struct uplink_conf *conf;
	bool managed;			/* as it is treated now */
	bool leaving, gone;		/* the configuration has it no more; the kernel shall neither */
	int ifindex;			/* 0 = no such device */
	bool admin_up;
	uint32_t carrier_changes;	/* as the kernel counted them last */
	struct nd_lladdr ll;
	struct md_link link;
	struct rtimer timer;		/* the only one, for the earliest of: */
	double rules_at, retry_at, old_until, check_at, hold_until, dad_at;
	double since;			/* of the last change told */
	struct log_rl rl;

	struct md_point want, told;
	struct uplink_state st;
	struct kplan have;		/* in the kernel, or what it is being moved to */
	struct kplan next;		/* target of the switch under way */
	bool switching, again;
	double switched;		/* the end of the last one */
	enum md_wipe wipe;		/* what the kernel dropped: first without, then anew */

	struct dad_run *dad;
	unsigned dad_failed;		/* in a row, on this attachment */
	double dad_pause;		/* the last one, on this link and prefix */
	struct prefix form;		/* prefix that st.coa was formed in */
	struct md_memo memo[MD_MEMO];
	unsigned memo_next;

	/* managed */
	struct md_default_route route[MD_ROUTES];
	bool hinted;			/* home_hint from outside */
	struct prefix hint;
	double own_hint;		/* when the last one of our own was emitted */

	/* said by a detector outside */
	struct in6_addr given;		/* the care-of address; ::: we form it */
};

struct md {
	const struct mn_conf *conf;
	struct md_env env;
	unsigned n;
	struct uplink *up;		/* n of them, some of them nobody's */
	bool stopping;
	bool external;			/* no decisions of our own */
	struct {
		bool connected, silent;
		int pid;
		double heard;		/* its last word */
		struct rtimer timer;
	} outside;
	struct log_rl rl;
	unsigned pending;		/* stop: switches not yet through */
	int stop_rc;
	void (*stopped)(void *arg, int rc);
	void *stopped_arg;
};

/* ---- md_reload.c ---- */
/* The kernel has nothing of it any more. */
void md_vacate(struct uplink *u);

/* ---- md.c ---- */
void md_begin(struct md *md, unsigned i);	/* the uplink of that place */
void md_device_gone(struct uplink *u);
struct uplink *md_by_name(const struct md *md, const char *dev);	/* NULL: no uplink */
void md_arm(struct uplink *u);
void md_carrier(struct uplink *u, bool up);
/* RFC 6275 11.5.3: never the home address; RFC 4429 3.2: nor an optimistic one. :: = none. */
struct in6_addr md_link_local(struct uplink *u);
/* md_info, if it says anything new. */
void md_tell(struct uplink *u, const struct md_point *p);
void md_part_stopped(struct md *md, int rc);

/* ---- md_coa.c ---- */
/* The rules found a (new) attachment of an owned uplink: its router is md_current(). */
void md_attach(struct uplink *u);
void md_at_home(struct uplink *u, const struct prefix *home);
/* No attachment: told at once, the kernel keeps what it has. */
void md_detach(struct uplink *u);
/* The pause after duplicates is over. */
void md_dad_again(struct uplink *u);
/* The device is down or gone: the kernel has flushed its addresses and routes; or all of it. */
void md_flushed(struct uplink *u, enum md_wipe what);
/* The kernel follows st; md_info when it has. */
void md_apply(struct uplink *u);
void md_drop_old(struct uplink *u);
void md_dad_end(struct uplink *u);

/* ---- md_managed.c ---- */
/* Chooses among what something else configured, by addresses, default routes and RAs. */
void md_follow(struct uplink *u);
void md_follow_route(struct uplink *u, const struct kroute_news *r);
/* This address, which is there, and this router (::: the kernel's default). */
void md_follow_said(struct uplink *u, const struct in6_addr *coa, const struct in6_addr *router,
		    const struct prefix *link);

/* ---- md_outside.c ---- */
void md_outside_start(struct md *md);
/* The link-layer address of a router that we were told. */
void md_outside_na(struct uplink *u, const struct nd_na *na);
/* Managed: the care-of address may be gone. */
void md_outside_addr(struct uplink *u, const struct kaddr_news *a);
void md_on_event(void *arg, const struct event *e);

#endif
