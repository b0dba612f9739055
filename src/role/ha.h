/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/ha.h - the home agent (RFC 6275 10, RFC 3963 6).
 *
 * One transaction per Binding Update: authenticate -> decide -> DAD -> apply ->
 * reply -> tell. Each stage ends by callback; nothing blocks. One transaction per
 * home address runs at a time:
 *
 *   in stage  | newer BU        | de-registration  | expiry    | reload (node gone)
 *   DAD       | replaces the    | stops DAD,       | -         | stops DAD, 133
 *             | pending values  | answer 133       |           |
 *   APPLY     | waits, the last | waits            | waits     | waits, then dropped
 *             | one wins        |                  |           |
 *
 * A BA with status 0 is sent only after the kernel has the plan.
 */
#ifndef MIP6_ROLE_HA_H
#define MIP6_ROLE_HA_H

#include "base/histo.h"
#include "io/dad.h"
#include "io/icmp6sock.h"
#include "io/mhsock.h"
#include "io/ndsock.h"
#include "kern/kern.h"
#include "store/bc.h"
#include "store/conf.h"
#include "store/ha_list.h"

struct ha;

struct ha_env {				/* what the home agent works with; outlives it */
	struct kern *kern;
	struct mhsock *mh;
	struct ndsock *nd;
	struct dad *dad;
	struct icmp6sock *icmp;
};

struct ha_stats {
	uint64_t bu, accepted, deregistered, expired, refused_by[256], dropped_auth, dropped,
		dad_started, dad_failed, apply_failed, dhaad, dhaad_answered,
		mps, mpa, tunnel_errors,
		unsteered;		/* now: home addresses whose steering the kernel refused */
	struct histo commit;		/* from a new update to its acceptance, DAD included */
};

/* Applies the base plan and every node's at-home plan. ready(arg, rc) is called when the kernel
 * has it. 0 or -errno. */
int ha_start(struct ha **ha, const struct ha_conf *c, const struct ha_env *env,
	     void (*ready)(void *arg, int rc), void *arg);
/* Takes everything back out of the kernel; done when finished (kern_flush() forces it). */
void ha_stop(struct ha *ha, void (*done)(void *arg, int rc), void *arg);
void ha_free(struct ha *ha);
/* A new configuration: bindings of nodes that are gone or whose prefixes are no longer theirs are
 * removed, others stay untouched. The old conf may be freed when done is called. */
void ha_reload(struct ha *ha, const struct ha_conf *c, void (*done)(void *arg, int rc), void *arg);

/* News of the kernel: what it forgot when a home link went down is put there again. */
void ha_link(struct ha *ha, const struct klink *l, bool gone);
void ha_addr(struct ha *ha, const struct kaddr_news *a);

/* A Binding Update with H set (or any BU, if no CN role runs). */
void ha_bu_rx(struct ha *ha, const struct mh_rx *rx, const struct mh_msg *m);

/* A Home Agent Address Discovery Request (RFC 6275 6.5). */
void ha_dhaad_rx(struct ha *ha, const struct icmp6_rx *rx, const struct icmp6_msg *m);

/* A Mobile Prefix Solicitation (6.7). */
void ha_mps_rx(struct ha *ha, const struct icmp6_rx *rx, const struct icmp6_msg *m);

/*
 * An ICMPv6 error about a packet that we tunnelled by GRE: who sent what was in it is told (RFC
 * 2473 8). The kernel itself does that for ip6tnl.
 */
void ha_error_rx(struct ha *ha, const struct icmp6_rx *rx, const struct icmp6_msg *m);

/* A home agent that is known: for the control socket. */
struct ha_agent {
	const struct home_link *link;	/* NULL: of the home prefixes on no link */
	bool own;			/* this one */
	struct hal_entry e;
	double adv_age;			/* own: since this host's last advertisement; -1 = none heard */
	unsigned adv_wrong;		/* ADV_ bits */
};
/* i-th of a home link (link = number of links: prefixes on no link); 0 = own. False: no more. */
bool ha_agent(const struct ha *ha, size_t link, size_t i, struct ha_agent *out);

struct bc *ha_bc(struct ha *ha);
const struct ha_conf *ha_conf_of(const struct ha *ha);
struct ha_stats ha_stats(const struct ha *ha);
/* Operator: removes bindings (hoa NULL: all). Returns how many. */
unsigned ha_flush(struct ha *ha, const struct in6_addr *hoa);

#endif
