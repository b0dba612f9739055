/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan/plan_mh.h - what every role's base plan says of Mobility Headers and of
 * Neighbour Discovery (RFC 6275 6.1, 9.3.2).
 *
 * Several roles ask for the same object; kern/ counts it. Pure; returns as
 * kplan_add().
 */
#ifndef MIP6_PLAN_PLAN_MH_H
#define MIP6_PLAN_PLAN_MH_H

#include "plan/kobj.h"

/*
 * Mobility Headers to dst come in, with a home address option, with a type 2 routing
 * header, with both or neither, by whatever state the kernel found for them: the
 * wildcard one, or that of a binding which the message is about to change.
 */
int plan_mh_in(struct kplan *p, const struct prefix *dst);
/*
 * Mobility Headers and Neighbour Discovery go out as they are made: no binding puts its
 * routing header or option on them (what a message carries of these is in it already).
 */
int plan_mh_out(struct kplan *p);

/*
 * The same for mobile prefix discovery by a mobile node (RFC 6275 11.4.2, 11.4.3): solicitations
 * go out with the option that they have, advertisements to hoa come in with a routing header. So does
 * all ICMPv6: behind a routing header the kernel looks for the type in the wrong place.
 */
int plan_mps(struct kplan *p, const struct prefix *hoa);

#endif
