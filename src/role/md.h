/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/md.h - the built-in movement detector: Router Advertisements, link, address
 * and route events of the uplinks (RFC 6275 11.5.1-11.5.3).
 *
 * It owns the uplinks it is told to own: it forms the care-of address (RFC 7217),
 * adds it at once, detects duplicates beside (RFC 4429), tells the routers (RFC
 * 9131), and keeps the uplink's routing table (plan_mn.h, uplink plan). Managed
 * uplinks are followed by netlink only. Its only word to the signalling core is
 * the event md_info, one per change of one uplink; so it can be replaced: with detector =
 * "external" a program outside says where the uplinks are attached (md_said()), and what is left
 * here is the care-of address and the kernel.
 */
#ifndef MIP6_ROLE_MD_H
#define MIP6_ROLE_MD_H

#include "io/dad.h"
#include "io/ndsock.h"
#include "kern/kern.h"
#include "store/conf.h"
#include "store/md_rules.h"

struct md;
struct md_env {
	struct kern *kern;
	struct ndsock *nd;
	struct dad *dad;
	/* For uplinks that come and go while we run: the configuration that md_start() is given, with
	 * room for so many; NULL: none do. */
	struct mn_conf *live;
	size_t max_uplinks;
};

int md_start(struct md **md, const struct mn_conf *c, const struct md_env *env);
/* Takes the uplink plans out of the kernel again; done from the loop. */
void md_stop(struct md *md, void (*done)(void *arg, int rc), void *arg);
void md_free(struct md *md);		/* after done, or after kern_flush() */
/*
 * The live configuration has changed. An uplink that is leaving is told lost at once, and goes out of
 * the kernel when nobody needs its care-of address any more (md_release_old(), or some seconds); then
 * its place in the configuration is zeroed. One that something else configures from now on, or no
 * longer, begins anew.
 */
void md_reload(struct md *md);

/* News, passed on by role.c from kern/monitor. */
void md_link(struct md *md, const struct klink *l, bool gone);
void md_addr(struct md *md, const struct kaddr_news *a);
void md_route(struct md *md, const struct kroute_news *r);

/* The word of a detector outside, which hint.c has checked; md_info follows when the kernel has it.
 * The built-in one takes it for a fact and goes on from there. */
struct ev_md_info;
void md_said(struct md *md, const struct ev_md_info *i);
/* It is at the control socket (pid; 0 unknown), or has closed its connection. What it said stays. */
void md_detector_here(struct md *md, int pid);
void md_detector_gone(struct md *md);

/* The signalling core no longer needs the care-of address before the present one. */
void md_release_old(struct md *md, const char *dev);

/* How long the care-of address there is valid, as the router's prefix is: boot clock, INFINITY = for
 * ever, or nothing is known (a managed uplink). */
double md_coa_valid(const struct md *md, const char *dev);

/* For `status` and `path`. Read only, valid until the next loop turn. */
struct md_uplink_info {
	const char *dev;
	uint16_t bid;
	bool up, attached, home;
	struct in6_addr coa, router;
	struct prefix link;
	double since;			/* boot clock, of the last change */
};
unsigned md_uplinks(const struct md *md);
bool md_uplink(const struct md *md, unsigned i, struct md_uplink_info *info);
struct md_detector {
	bool external;			/* the rest is of use only then */
	bool connected, silent;		/* silent: longer than detector_silence */
	int pid;			/* of the last one; 0 unknown */
	double heard;			/* boot clock, of its last word; 0 none */
};
struct md_detector md_detector(const struct md *md);
/* Link-layer address of the router in use on an uplink, if its RA said so; NULL unknown.
 * For returning home: the home agent's, if its RA carried its global address. */
const struct nd_lladdr *md_router_ll(const struct md *md, const char *dev,
				     const struct in6_addr *global);

/* At home there by another home prefix: this one is on the link, too. */
bool md_home_here(const struct md *md, const char *dev, const struct prefix *home);
/* Another number: behind the link-local address of the router there is another router now. */
unsigned md_router_others(const struct md *md, const char *dev);

#endif
