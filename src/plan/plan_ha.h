/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan/plan_ha.h - a home agent's bindings as kernel objects (design: data plane).
 *
 * Base plan: tunnel device `mip6ha` (shared mode) with the ingress filter,
 * wildcard HAO receive state and policy per own address, sysctls (forwarding,
 * proxy_ndp of all and of the home links, neigh proxy_delay of these).
 * Node plan, bound: route of the home address and of each prefix into the tunnel of
 * the primary (binding_primary()), ingress entries of all care-of addresses, proxy
 * neighbour(s). For each BID 1..max_care_of that is bound the same routes into its own
 * tunnel in table bid_table + BID, and a rule by mark and family that leads there; nodes
 * share the rules, so their number is constant. A node on its home link (H, RFC 5648
 * 5.6) has routes to the link instead of a tunnel; if it must not answer for its home
 * address there, its link-layer address is a neighbour of ours, and no redirect tells of it. Not
 * bound and home_routes: `PREFIX via HoA` on the home link, same table and metric, so that a
 * switch replaces it.
 * announce_table: beside each route of a prefix a plain one that is always the same,
 * wherever the prefix is, so that only its coming and going is news.
 *
 * Pure; derived, never stored. 0, -ENOMEM, -EOPNOTSUPP (carrier not built),
 * -EEXIST (two objects of one key).
 */
#ifndef MIP6_PLAN_PLAN_HA_H
#define MIP6_PLAN_PLAN_HA_H

#include "plan/kobj.h"
#include "store/bc.h"
#include "store/conf.h"

#define HA_DEVICE	"mip6ha"
#define HA_RULE_PREF	5900		/* of the rules by mark */

int ha_plan_base(const struct ha_conf *c, struct kplan *p);
/* s NULL or empty: node not bound (at home or off). */
int ha_plan_node(const struct ha_conf *c, const struct mobile_node *n,
		 const struct binding_set *s, struct kplan *p);
/* The mark of packets for a BID by mark_mask; false: none can have it. */
bool ha_mark(const struct ha_conf *c, uint16_t bid, uint32_t *mark);
/* The tunnel of a binding: two with equal carriers cannot have a device each. */
struct carrier ha_carrier(const struct ha_conf *c, const struct mobile_node *n,
			  const struct binding *b);
/* The stable device name of a binding in device mode: "ha-" + 8 hex digits of a hash. */
void ha_tunnel_name(const struct bc_key *k, char name[static IFNAMSIZ]);
/*
 * The device that a binding's packets go into, and whether it is the shared one. On the home
 * link it is that one's.
 *
 * A node behind a mobile router of ours has a tunnel inside that router's: the kernel sends
 * nothing out of a device that it came into, so in shared mode such a care-of address has a device
 * of its own, which all home addresses there share.
 */
bool ha_device(const struct ha_conf *c, const struct binding *b, char name[static IFNAMSIZ]);

#endif
