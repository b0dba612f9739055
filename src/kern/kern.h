/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/kern.h - the only door to the kernel's tables.
 *
 * kplan_switch() adds or replaces what is new, in order, then deletes what is
 * gone, in reverse. An error undoes it: what was added is deleted, what was
 * replaced is put back. Objects that several plans share (a tunnel for two home
 * addresses, wildcard XFRM states, rules) are counted by key: the first user
 * creates, the last one deletes. Requests of all switches of one loop turn go
 * out as one batch; nothing blocks; done() is always called later, from the loop.
 *
 * Everything that goes into the kernel carries our marks (route protocol, XFRM
 * reqid and priority band, device alias "mip6d"), so that a crashed run's
 * leftovers are found by kern_adopt().
 *
 * Names of devices resolve when the object is applied. Addresses are network
 * order. kern_* returns 0 or -errno as the kernel said it.
 */
#ifndef MIP6_KERN_KERN_H
#define MIP6_KERN_KERN_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "plan/kobj.h"
#include "wire/nd.h"

struct ev_loop;
struct kern;

enum kern_ingress_mode { KERN_INGRESS_BPF, KERN_INGRESS_FLOWER };

struct kern_conf {
	enum kern_ingress_mode ingress;
	const char *sysctl_file;	/* originals of changed sysctls, for the next run after a
					   crash; NULL = not kept */
};

/* News from the kernel. Any may be NULL. Called from the loop. */
struct klink {
	int ifindex;
	char name[IFNAMSIZ];
	bool up, carrier;		/* IFF_UP; IFF_LOWER_UP and not dormant */
	bool is_tunnel;			/* ip6tnl, ip6gre, sit ... */
	uint32_t mtu;
	uint32_t carrier_changes;	/* counted by the kernel, also when off and on came too
					   quickly to be told apart */
	struct nd_lladdr lladdr;
};
struct kaddr_news {
	int ifindex;
	struct in6_addr addr;
	uint8_t plen;
	uint32_t flags;			/* IFA_F_TENTATIVE, IFA_F_DADFAILED, ... */
	bool gone;
};
struct kroute_news {			/* IPv6 default routes only */
	int ifindex;
	struct in6_addr via;
	uint8_t proto;
	uint32_t table, metric;
	bool gone;
};
struct kreport {			/* XFRM_MSG_REPORT: HAO without a binding */
	struct in6_addr src, dst, coa;	/* src = home address of the selector */
	uint8_t proto;
};
struct kacquire {			/* XFRM_MSG_ACQUIRE: a packet went out for which a template has
					   no state; the kernel says it again after half a minute */
	struct in6_addr src, dst;	/* of the packet */
	uint8_t proto;			/* of the template */
};
struct kern_news {
	void (*link)(void *arg, const struct klink *l, bool gone);
	void (*addr)(void *arg, const struct kaddr_news *a);
	void (*route)(void *arg, const struct kroute_news *r);
	void (*report)(void *arg, const struct kreport *r);
	void (*acquire)(void *arg, const struct kacquire *a);
	void (*addr4)(void *arg, int ifindex);	/* an IPv4 address came or went */
	void *arg;
};

/* What this kernel lacks, one clear line each; said once at start. */
typedef void (*kern_say_fn)(void *arg, const char *line);

int kern_open(struct kern **k, struct ev_loop *loop, const struct kern_conf *conf,
	      const struct kern_news *news);
void kern_close(struct kern *k);		/* frees; leaves the kernel's tables alone */

/* Tries what the roles need (tunnels, XFRM modes, encap routes, rules, BPF) without leaving a
 * trace. Calls say() for each missing thing; returns their number. */
struct kern_needs { bool ha, mr, cn, gre, steer; };
unsigned kern_probe(struct kern *k, const struct kern_needs *n, kern_say_fn say, void *arg);
/*
 * Loads what load sharing and flow policy need, now and not with their first object: it takes some
 * milliseconds, or half a second where the machine is slow. kern_probe() does it if they are among
 * the needs. 0, -EOPNOTSUPP (built without BPF, or ingress_check = "flower") or another -errno.
 */
int kern_steer_load(struct kern *k);

/*
 * Does the kernel, where a socket has no source address yet, prefer those with the mark of a home
 * address, or on request (RFC 5014) those without, and does a rule follow that choice
 * (k_rule.find_source)? Not without CONFIG_IPV6_MIP6=y; as a module it is not enough. Tried as
 * kern_probe() does.
 */
bool kern_probe_source(struct kern *k);
/* Are there IPv6 routes by source (k_route.from, CONFIG_IPV6_SUBTREES)? Tried likewise. */
bool kern_probe_from(struct kern *k);

/*
 * Finds what an earlier run of ours left (our routes, rules of our preferences, devices with
 * our alias, XFRM of our band, proxies on the given home links, sysctls of sysctl_file) and
 * removes it, sysctls back to their originals. rule_prefs: list ended by 0. Returns the number
 * of things removed, or -errno; *foreign_external gets the name of an external ip6tnl that is
 * not ours ("" = none).
 */
int kern_adopt(struct kern *k, const uint32_t *rule_prefs, const char *const *home_devs,
	       char foreign_external[IFNAMSIZ]);

typedef void (*kern_done_fn)(void *arg, int rc);
/*
 * Both plans are copied. done may be NULL. If rc < 0 the kernel has what `have` says.
 * While done() is called with it, kern_error(k) names the object that failed and the kernel's
 * extended message, and kern_failed_object(k) is that object (NULL: none, or not in done()).
 */
int kplan_switch(struct kern *k, const struct kplan *have, const struct kplan *want,
		 kern_done_fn done, void *arg);
const char *kern_error(const struct kern *k);
const struct kobj *kern_failed_object(const struct kern *k);
/*
 * A device that is not ours was down or is made anew, and the kernel forgot our objects that
 * stand on it: puts them again, and its sysctls. Fire and forget, errors are logged.
 */
void kern_restore(struct kern *k, const char *dev);
/* Sends and completes all that is queued before it returns (shutdown only). */
void kern_flush(struct kern *k);

/* Look-ups in the caches that the monitor keeps. NULL: no such link. */
const struct klink *kern_link(struct kern *k, const char *name);
const struct klink *kern_link_by_index(struct kern *k, int ifindex);
/* 1 if addr is on the link (and its flags in *flags), else 0. */
int kern_addr_find(struct kern *k, int ifindex, const struct in6_addr *addr, uint32_t *flags);
/* Calls fn for each IPv6 address of a link (0 = all). */
void kern_addr_each(struct kern *k, int ifindex,
		    void (*fn)(void *arg, const struct kaddr_news *a), void *arg);
/* IPv4: the first address of dev inside p; 0 or -ENOENT. */
int kern_addr4_in(struct kern *k, const char *dev, const struct prefix *p, struct in_addr *out);

/* A neighbour entry learned by ourselves (link-layer address of an RA or NA): state STALE, or
 * REACHABLE if confirmed. Fire and forget, errors are logged. */
void kern_neigh_put(struct kern *k, int ifindex, const struct in6_addr *addr,
		    const struct nd_lladdr *ll, bool reachable);

/*
 * Deletes the neighbours on a link that are still being asked for, and with them the packets
 * that wait for the answer: after a loss of the carrier they would go out on the next link. Waits
 * for the kernel's list of neighbours (so not from within its news); the rest is fire and forget.
 */
void kern_flush_unresolved(struct kern *k, int ifindex);

/*
 * Deletes what the kernel itself made of Router Advertisements on a link before accept_ra was
 * switched off: autoconfigured addresses (with them their on-link routes in the main table, which
 * would lead around the tunnel) and default routes. Fire and forget.
 */
void kern_flush_ra(struct kern *k, int ifindex);

/* Deletes the larval states that packets without a state left, when the templates are gone that
 * made them: in half a minute they would go by themselves. Waits for the kernel's list. */
void kern_flush_larval(struct kern *k);
/* What has used an XFRM state so far. Asks the kernel and waits; 0, -ESRCH (no such state) or
 * another -errno. */
struct kern_use {
	uint64_t packets, bytes;
};
int kern_xstate_use(struct kern *k, const struct k_xstate *s, struct kern_use *use);

/* What the kernel counted at a device since it is there. Asks and waits, some 20 us; 0, -ENODEV or
 * another -errno. */
struct kern_link_use {
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets;
};
int kern_link_use(struct kern *k, int ifindex, struct kern_link_use *use);

/* For `status`: calls fn for each sysctl now changed by us. */
void kern_sysctl_each(struct kern *k, void (*fn)(void *arg, const char *path, const char *was,
						 const char *now), void *arg);

struct kern_stats {
	uint64_t requests, batches, errors, undone, overruns, switches;
	uint64_t objects;		/* in the counted table now */
	uint64_t errors_by[KOBJ_KINDS];	/* by what they were about */
};
struct kern_stats kern_stats(const struct kern *k);
/* Packets that the ingress check refused since start; -1 if this mode does not count. */
int64_t kern_ingress_dropped(struct kern *k);

/*
 * What went by the paths of an owner (KOBJ_SPATH): calls fn for each of them. flow: k_sflow.id of
 * one of his flows, of whose packets alone, by each BID that it names, since it is there; 0: of
 * all, marked ones included, since the path is there. A copy counts for each path it went. Packets
 * are counted as the receiver gets them, though they may leave as one; octets from the inner IP
 * header on. 0; -ENOENT: nothing of that is steered; or another -errno.
 */
struct kern_steered {
	uint16_t bid;
	uint64_t packets, bytes;
};
typedef void (*kern_steered_fn)(void *arg, const struct kern_steered *s);
int kern_steer_count(struct kern *k, const struct in6_addr *owner, uint64_t flow,
		     kern_steered_fn fn, void *arg);

#endif
