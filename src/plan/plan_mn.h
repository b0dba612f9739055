/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan/plan_mn.h - a mobile node's or router's attachment and registration as
 * kernel objects (design: data plane; kernel.md 3 and 8).
 *
 * Rules, constant in number, preferences from mn_conf.rule_pref (6000):
 *   +0   to PREFIX, and to link-local addresses, lookup main suppress_prefixlength 0
 *   +1   to PREFIX lookup HOME-TABLE of that home: both together keep inside what is for a
 *        node of ours, whatever its source address (ICMPv6 errors come from a care-of address)
 *   +2   from CARE-OF-ADDRESS iif lo lookup UPLINK-TABLE, and
 *   +3   from CARE-OF-ADDRESS prohibit                     (uplink plan)
 *   +4   iif TUNNEL prohibit: what is not for us or a prefix of ours (RFC 3963 3); both families,
 *        for the device lets both in
 *   +5   to ON-LINK-PREFIX of a managed uplink lookup HOME-TABLE (else an unbound socket
 *        would take main's on-link route with the home address in clear)
 *   +6   fwmark BID/MASK from HOME-ADDRESS iif lo / from PREFIX lookup the BID's table (RFC 5648)
 *   +7   oif TUNNEL lookup the table of that tunnel
 *   +8   from HOME-ADDRESS iif lo / from PREFIX lookup HOME-TABLE of that home: before main, which
 *        may have more routes of a managed uplink than the one that +5 knows
 *   +9   from HOME-ADDRESS prohibit
 *   +10  lookup main suppress_prefixlength 0               (IPv4 and IPv6)
 *   +19  fwmark BID/MASK iif lo lookup the BID's table of the first home
 *   +20  iif lo lookup HOME-TABLE of the first home        (IPv4 and IPv6)
 * Where the kernel can (coa_on_request), the rule +2 is also for a socket without an address yet
 * that prefers care-of addresses (RFC 5014); others find the home address and go on to +20.
 * "iif lo" is what we send ourselves: a node behind us must not speak with our addresses (RFC 3963
 * 9), and other networks behind this machine are none of our business.
 * Each home table ends in an unreachable default of both families, so nothing
 * leaks while no tunnel carries. IPv4 rules and routes are there only if an IPv4
 * prefix is configured: a family is claimed only if it is served.
 *
 * While a registration is under way and nothing carries (.hold), the default is the
 * logical device, which swallows: an ICMP error in those milliseconds would break
 * TCP connections that are just being opened.
 *
 * With BIDs (RFC 5648) each registered care-of address has its tunnel, which receives; the home
 * table's default leads into one of them. Each BID has two tables more: that of the marks leads into
 * its tunnel while that works, and is empty else, so that the packet goes on to the home table; that of
 * the device leads there always, for whoever wants to know whether it works.
 *
 * Multicast: the kernel's own table comes before any rule and sends groups to the first device, so
 * what a home address sends to one has a default in that table, by its source: the device that also
 * has the default of the home table (RFC 6275 11.3.4: by tunnel while away). A program may name
 * another device than its home link; what it sends there in the name of a home address is refused.
 * Without routes by source (routes_by_source) everything that such an address sends to groups is
 * refused while it is away.
 *
 * Which of the open paths a packet takes that goes to the home table is the word of the flows and of
 * the weights (plan_steer.h), if there is something to choose; without, it is the default's.
 *
 * A home link that is one path of several (RFC 5648 5.6) has its two tables like the others, with the
 * link's router instead of a tunnel; there the home address alone leads to the device's table (+7).
 *
 * At home the home address is on the uplink and stays on the logical device, so
 * that it is never gone for a socket.
 *
 * An owned uplink's care-of address has no prefix route in main: prefix and
 * default route are in the uplink's table only. Tunnel devices are named
 * mip<home>a and mip<home>b in turn, so that the old one stays until the new
 * one carries.
 *
 * Pure. 0, -ENOMEM, -EOPNOTSUPP, -EEXIST.
 */
#ifndef MIP6_PLAN_PLAN_MN_H
#define MIP6_PLAN_PLAN_MN_H

#include "plan/kobj.h"
#include "store/bul.h"
#include "store/conf.h"

#define MN_RULE_INSIDE	0
#define MN_RULE_NOWHERE	1
#define MN_RULE_COA	2
#define MN_RULE_COA_NOT	3
#define MN_RULE_TUNNEL	4
#define MN_RULE_ONLINK	5
#define MN_RULE_MARK	6
#define MN_RULE_OIF	7
#define MN_RULE_FROM	8
#define MN_RULE_HOA_NOT	9
#define MN_RULE_MAIN	10
#define MN_RULE_MARK_ANY 19
#define MN_RULE_HOME	20

/* Of that home and BID: for marked packets, and for what is bound to the tunnel. */
uint32_t mn_bid_table(const struct mn_conf *c, const struct home_conf *h, uint16_t bid);
uint32_t mn_dev_table(const struct mn_conf *c, const struct home_conf *h, uint16_t bid);
uint32_t mn_bid_mark(const struct mn_conf *c, uint16_t bid);	/* within mark_mask */

/* What is the same as long as the role runs: logical device, sysctls (forwarding), wildcard type 2
 * routing header state per home address, the +0, +1, +10 and +20 rules. */
int mn_plan_base(const struct mn_conf *c, struct kplan *p);

/* What one uplink has now (struct of the movement detector). */
struct uplink_state {
	const struct uplink_conf *conf;
	unsigned index;
	bool has_coa, has_router;
	struct in6_addr coa, router;	/* router: link-local; ::: the default is the device alone */
	struct prefix link;		/* on-link prefix of the care-of address */
	bool has_old;			/* the care-of address before: kept until released */
	struct in6_addr old_coa, old_router;
	struct prefix old_link;
	bool coa_tentative;		/* coa_dad = "full" and not yet through: not usable */
};
/* The device must exist. Its settings are in every plan, also without an address: it is a host on
 * its link (RFC 3963 5.6), and if owned the kernel leaves Router Advertisements to us. */
int mn_plan_uplink(const struct mn_conf *c, const struct uplink_state *u, struct kplan *p);

/* One care-of address of a home with BIDs. */
struct home_path {
	uint16_t bid;			/* 0: a tunnel that only receives */
	bool open;			/* marked packets may take it */
	uint8_t weight;			/* its share among those of the best priority; 0: none */
	struct carrier carrier;
	char dev[IFNAMSIZ];		/* one for all with this carrier */
};

/* What one home has now. */
enum mn_where { MN_OFF, MN_AWAY, MN_HOME };
struct home_state {
	const struct home_conf *conf;
	enum mn_where where;
	/* away */
	bool receive;			/* new tunnel exists, traffic may still go by the old one */
	bool carry;			/* new tunnel carries */
	struct carrier now;		/* local = care-of address, remote = home agent */
	struct carrier before;		/* kind 0 = none; carries while !carry */
	bool ipv4;			/* IPv4 default into the tunnel: the home agent does IPv4 */
	struct in_addr src4;		/* own address in an IPv4 prefix, 0 = none */
	char now_dev[IFNAMSIZ];		/* names of the two tunnels; another home's if both have the */
	char before_dev[IFNAMSIZ];	/* same carrier and so share the device */
	bool hold;			/* nothing carries, but soon */
	const struct home_path *path;	/* with BIDs, instead of .now and .before; then .via is the */
	size_t n_path;			/* one that carries, "" = none */
	char via[IFNAMSIZ];
	bool unsteered;			/* the kernel refused what steers: without */
	uint64_t refused;		/* bit i: conf->prefixes[i] may not use the tunnel */
	const int *foreign;		/* ifindexes of uplinks that are not its home link */
	size_t n_foreign;
	/* The home link as a path beside others (RFC 5648 5.6): bid, with the next three; packets take it
	 * if open, and by its default if .via is .home_dev. quiet: the home address is not ours to
	 * answer for on that link, so it is not there. */
	struct { uint16_t bid; bool open, quiet; } also;
	/* at home */
	char home_dev[IFNAMSIZ];	/* uplink on the home link */
	struct in6_addr home_router;	/* link-local; :: unknown: the home agent, now.remote */
	bool link_local;		/* the home address's link-local goes there too (L bit) */
};
int mn_plan_home(const struct mn_conf *c, const struct home_state *h, struct kplan *p);

void mn_tunnel_name(unsigned home, char suffix, char name[static IFNAMSIZ]);

#endif
