/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/ro.h - route optimisation of the mobile node, for the files of mn and its own:
 * ro.c (entries, steps, leaving), ro_kern.c (the kernel follows), ro_tx.c (messages
 * out), ro_rx.c (messages and errors in).
 *
 * One entry per (home address, peer), each a state machine of store/ro.h. It is made by
 * a hint: the kernel's, that a packet of the pair found no state, or an outside
 * program's. The rest of mn calls ro_follow() when a home moves or its registration
 * changes, and mn_leave() where it would have stepped to BUL_EV_STOP.
 */
#ifndef MIP6_ROLE_RO_H
#define MIP6_ROLE_RO_H

#include <uthash.h>

#include "io/icmp6sock.h"
#include "io/mhsock.h"
#include "plan/kobj.h"
#include "run/event.h"
#include "run/log.h"
#include "sec/rr.h"
#include "store/ro.h"

struct mn;
struct mn_home;

struct ro_peer {			/* what the entries with one peer share */
	struct in6_addr addr;
	struct ro_pace pace;
	unsigned users;			/* entries */
	UT_hash_handle hh;
};

struct ro_key { struct in6_addr hoa, peer; };

struct ro_entry {
	struct ro_key key;
	struct mn_home *h;
	struct ro_peer *peer;
	struct ro ro;
	struct kplan have, flying;	/* in the kernel, on its way */
	bool in_flight, dirty;
	bool dropping;			/* goes when the kernel has nothing of it */
	bool tell;			/* bul_add when the kernel has it */
	bool told;
	double rtt;			/* seconds, of the last acknowledgement */
	uint8_t kbm[RR_KBM_LEN];	/* of the Binding Update that is outstanding, */
	struct in6_addr bu_coa, bu_src;	/* what it registers, where it came from */
	uint64_t packets;		/* of both states, when last asked */
	struct rtimer doubt;		/* is it true that the peer has no binding? */
	uint64_t doubt_packets;
	UT_hash_handle hh;
};

struct ro_table {
	struct ro_entry *entries;	/* by key */
	struct ro_peer *peers;		/* by addr */
	struct log_rl rl;
};

/* What a home has of it. */
struct ro_home {
	bool ready;			/* registered, and the kernel has what that allows */
	struct kplan have, flying;	/* its policies */
	bool in_flight, dirty;
	bool leaving;			/* bindings at peers are being deleted */
	struct rtimer leave_timer;
};

/* ---- ro.c ---- */
/* The kernel has what the state machine of the home wants (synced), or not yet. */
void ro_follow(struct mn_home *h, bool synced);
/* BUL_EV_STOP, after the peers have been told; bounded in time. */
void mn_leave(struct mn_home *h);
/* NULL: a hint about the pair would count. Else why not, and which of the two ("home_address",
 * "peer") it is. */
const char *ro_refused(const struct mn *mn, const struct in6_addr *hoa,
		       const struct in6_addr *peer, const char **field);
void ro_hint(struct mn *mn, const struct in6_addr *hoa, const struct in6_addr *peer);
void ro_free(struct mn *mn);
void ro_home_free(struct mn_home *h);	/* without entries */
/* The configuration has changed: who is not wanted any more is told, and left to the tunnel. */
void ro_reload(struct mn *mn);
bool ro_any(const struct mn_home *h);	/* entries of this home */
struct ro_entry *ro_find(struct mn *mn, const struct in6_addr *hoa, const struct in6_addr *peer);
struct ro_env ro_env_of(struct ro_entry *e);
void ro_run(struct ro_entry *e, enum ro_ev ev, const struct ro_in *in);	/* may free it */
void ro_gone(struct ro_entry *e);	/* dropping, and the kernel has nothing of it: frees */

/* ---- ro_kern.c ---- */
void ro_sync(struct ro_entry *e);
void ro_sync_home(struct mn_home *h);
/* bul_add, of a path with that BID. */
void ro_tell_added(const struct ro_entry *e, uint16_t bid, const struct in6_addr *coa,
		   uint32_t lifetime);
bool ro_in_use(struct ro_entry *e);	/* since it was last asked */
/* Packets of the peer with a type 2 routing header so far; -1: not known. */
int64_t ro_received(struct ro_entry *e);

/* ---- ro_tx.c ---- */
void ro_send_test(struct ro_entry *e, enum ro_msg kind);
void ro_send_others(struct ro_entry *e);	/* Care-of Test Inits that ro.other[].ask wants */
void ro_send_bu(struct ro_entry *e);

/* ---- ro_rx.c ---- each true: it was about a peer of ours, and is dealt with */
bool ro_ba_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m);
bool ro_brr_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m);
bool ro_be_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m);
void ro_icmp_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m);

#endif
