/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/cn.h - the correspondent (RFC 6275 5.2, 9): return routability, bindings of other
 * nodes' home addresses, and what follows from them.
 *
 * Tests cost nothing but two MACs and are answered one for one, to where they came from,
 * with a message of about the same size: like an echo request. So they are not limited:
 * a limit would let anybody switch route optimisation off for all. Nothing is kept for
 * a mobile node before a Binding Update of it has proven true.
 *
 * One transaction per (own address, home address): decide -> apply -> reply -> tell. What
 * comes while the kernel works is proven first and waits then; the newest wins. An
 * acknowledgement with status 0 is sent only after the kernel has the binding.
 *
 * Refresh requests (9.5.5): asked for twice before a binding ends, the kernel's counters
 * tell whether it is in use; then up to three requests go out.
 *
 * Unreachable (9.3.4): three ICMPv6 errors that quote a packet to the registered care-of
 * address, a second or more apart, and no packet from the mobile node by this binding since the
 * first. Nobody signs errors, and all that theirs must show are the three addresses, which
 * whoever reads a packet between here and the care-of address knows and others may guess. So
 * that node can end the binding of a mobile node that is silent meanwhile, not of one that
 * sends: data take the way through the home agent then, until the mobile node binds again. It
 * cannot make or move a binding: that takes what both tests brought, so reading the way to the
 * home network and the one to a care-of address (15.4).
 *
 * Several care-of addresses (RFC 5648): all are kept, each with its tests and its time, but data
 * take one, the primary (store/cn_binding.h). When that one ends (deleted, expired, unreachable),
 * or an update prefers another, they take the next in the same turn, without new tests. The
 * kernel has one state for each (home address, own address), and mip6_destopt_input() holds the
 * source of a packet against its only care-of address: what comes from another registered one
 * matches the wildcard state instead, no template of the policy, and is dropped and reported. So
 * of 6.5 ("one of the care-of addresses") we can keep only that no Binding Error is sent
 * (cn_heard()). For a mobile node that changes its path without a word, data follow what it
 * sends (3: "last verified by receiving data packets") - if reports go on for half a second in
 * which the primary path brought nothing. So a forger, who knows all the addresses, moves nobody
 * who is heard, and never to an address that was not tested. Who spreads data over several
 * care-of addresses at once is served badly.
 */
#ifndef MIP6_ROLE_CN_H
#define MIP6_ROLE_CN_H

#include "io/icmp6sock.h"
#include "io/mhsock.h"
#include "kern/kern.h"
#include "store/cn_cache.h"
#include "store/conf.h"

struct cn;

struct cn_env {				/* what it works with; outlives it */
	struct kern *kern;
	struct mhsock *mh;
	/* Has our home agent a binding of hoa with this own address? NULL: there is no home agent. */
	bool (*home_registered)(void *arg, const struct in6_addr *hoa,
				const struct in6_addr *local);
	/* Is addr a home address of ours that is route-optimised too? NULL: no mobile side. */
	bool (*is_mobile)(void *arg, const struct in6_addr *addr);
	void *arg;
};

struct cn_stats {
	uint64_t hoti, coti, tests_ignored, bu, accepted, deregistered, expired, evicted,
		unreachable, refresh_requests, dropped, answers_suppressed, apply_failed,
		refused_by[256];
};

/* Applies the base plan. ready(arg, rc) is called when the kernel has it. 0 or -errno. */
int cn_start(struct cn **cn, const struct cn_conf *c, const struct cn_env *env,
	     void (*ready)(void *arg, int rc), void *arg);
/* Takes everything back out of the kernel; done when finished (kern_flush() forces it). */
void cn_stop(struct cn *cn, void (*done)(void *arg, int rc), void *arg);
void cn_free(struct cn *cn);
/* A new configuration, at once: bindings that it denies, and the oldest of too many, go. */
void cn_reload(struct cn *cn, const struct cn_conf *c);

void cn_test_rx(struct cn *cn, const struct mh_rx *rx, const struct mh_msg *m);	/* HoTI, CoTI */
void cn_bu_rx(struct cn *cn, const struct mh_rx *rx, const struct mh_msg *m);
/* An error that a packet of ours has caused. */
void cn_icmp_rx(struct cn *cn, const struct icmp6_rx *rx, const struct icmp6_msg *m);
/* An own address came or went. */
void cn_addr(struct cn *cn, const struct kaddr_news *a);

/* Is there a binding of peer with this own address? */
bool cn_bound(struct cn *cn, const struct in6_addr *local, const struct in6_addr *peer);
/* A packet of peer from coa was dropped, as that is not the primary care-of address. False: the
 * binding has none like that, so a Binding Error is due (RFC 5648 6.5). */
bool cn_heard(struct cn *cn, const struct in6_addr *local, const struct in6_addr *peer,
	      const struct in6_addr *coa);
/* The home agent has a binding of peer with this own address: ours ends, and is not made. */
void cn_home_registered(struct cn *cn, const struct in6_addr *local, const struct in6_addr *peer);
struct cn_cache *cn_cache(struct cn *cn);
const struct cn_conf *cn_conf_of(const struct cn *cn);
struct cn_stats cn_stats(const struct cn *cn);
/* Operator: removes bindings (peer NULL: all). Returns how many. */
unsigned cn_flush(struct cn *cn, const struct in6_addr *peer);

#endif
