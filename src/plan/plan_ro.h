/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan/plan_ro.h - route optimisation on the mobile node as kernel objects (RFC 6275
 * 11.3.1, 11.3.3; kernel.md 4).
 *
 * Per home address, while away: a policy in that takes a type 2 routing header from
 * anybody (who could only send it to the care-of address that we gave away; there
 * without one the kernel would refuse data behind it), and a policy out for what has the
 * home address as source. Its template finds the state of an optimised peer, which puts
 * the Home Address option on; for any other peer there is none: the packet goes on into
 * the tunnel, and the kernel tells of the pair (kacquire). Never optimised: the home
 * agents, link-local and multicast destinations (11.3.1), Mobility Headers and
 * Neighbour Discovery.
 *
 * Per peer, while it has our care-of address: a state out and a state in. The one in is
 * not needed to receive; it counts what the peer sends, and holds the destination
 * against the care-of address. A policy that lets Mobility Headers pass says nothing new;
 * but that it is put makes the kernel find the way anew for connections that it has kept
 * the old way for (a new state alone does not).
 *
 * Pure. 0, -ENOMEM, -EEXIST.
 */
#ifndef MIP6_PLAN_PLAN_RO_H
#define MIP6_PLAN_PLAN_RO_H

#include "plan/kobj.h"

/* out: packets of ours may be optimised; without it only what comes in is taken. ha: the home
 * agents, :: are none. */
int ro_plan_home(const struct in6_addr *hoa, const struct in6_addr *ha, size_t n_ha, bool out,
		 struct kplan *p);
int ro_plan_peer(const struct in6_addr *hoa, const struct in6_addr *peer,
		 const struct in6_addr *coa, struct kplan *p);
/* The two states: keys for kern_xstate_use(). */
struct k_xstate ro_state_out(const struct in6_addr *hoa, const struct in6_addr *peer);
struct k_xstate ro_state_in(const struct in6_addr *hoa, const struct in6_addr *peer);

#endif
