/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/mn.h - the mobile node and mobile router: home registrations (RFC 6275 11,
 * RFC 3963 5). mr.c only adds prefixes.
 *
 * It hears of movement by the event md_info alone. For each home it steps the
 * state machine of store/bul.h, sends BUs, and lets the kernel follow
 * (plan_mn.h): the new tunnel is ready to receive when the BU goes out, the old
 * one carries until the BA is there.
 */
#ifndef MIP6_ROLE_MN_H
#define MIP6_ROLE_MN_H

#include "base/histo.h"
#include "io/icmp6sock.h"
#include "io/mhsock.h"
#include "io/ndsock.h"
#include "kern/kern.h"
#include "run/event.h"
#include "store/bul.h"
#include "store/conf.h"
#include "store/ro.h"
#include "store/flow_mn.h"

struct mn;
struct md;
struct mn_env {
	struct kern *kern;
	struct mhsock *mh;
	struct ndsock *nd;
	struct icmp6sock *icmp;
	struct md *md;			/* NULL: detector outside */
	struct dad *dad;
	/* For home addresses that come while we run: the configuration that mn_start() is given,
	 * with room for so many homes; NULL: none come. */
	struct mn_conf *live;
	size_t max_homes;
	size_t max_uplinks;
};

int mn_start(struct mn **mn, const struct mn_conf *c, const struct mn_env *env,
	     void (*ready)(void *arg, int rc), void *arg);
/* De-registers (bounded: two tries), then takes everything out of the kernel. */
void mn_stop(struct mn *mn, void (*done)(void *arg, int rc), void *arg);
void mn_free(struct mn *mn);

/*
 * Another configuration, in two steps, so that it is all or nothing. mn_reload_prepare() takes what
 * memory it needs: 0, -ENOMEM, or -ENOSPC: more homes than there is room for. mn_reload() cannot fail,
 * and takes r with it. It wants env.live, of which the uplinks and what is neither homes nor route
 * optimization are those of the new configuration already.
 *
 *   the home is     | changed                        | gone                | back, or new
 *   BU in flight    | begun anew, the answer to what | de-registers, then  | waits until no home
 *                   | was sent counts for nothing    | its place is free   | is leaving any more
 *   handover        | as BU in flight                | as above            |
 *   de-registering  | at home: begun anew; by the    | goes on             | begins when that is
 *                   | operator: goes on              |                     | through
 *   DAD at home     | goes on                        | ends                |
 */
struct mn_reload;
int mn_reload_prepare(const struct mn *mn, const struct mn_conf *to, struct mn_reload **r);
void mn_reload(struct mn *mn, struct mn_reload *r);
void mn_reload_free(struct mn_reload *r);		/* instead; NULL is harmless */

void mn_on_event(void *arg, const struct event *e);	/* event_listen(); arg = struct mn */
void mn_ba_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m);
void mn_brr_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m);
void mn_be_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m);
void mn_hot_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m);
void mn_cot_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m);
/* An IPv4 address of a device came or went: a mobile network's gives our own packets their source.
 */
void mn_addr4(struct mn *mn, int ifindex);
/* News of a device: an uplink that is there (again) may be none that is attached to anything. */
void mn_link(struct mn *mn, const struct klink *l, bool gone);
void mn_icmp_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m);

/* Operator: hoa NULL = all. Return how many, or -errno. */
int mn_refresh(struct mn *mn, const struct in6_addr *hoa);
int mn_deregister(struct mn *mn, const struct in6_addr *hoa);
/* Asks the home network for its home agents now; events tell how that goes. -EADDRNOTAVAIL: there
 * is no care-of address to ask from. */
int mn_discover(struct mn *mn, const struct in6_addr *hoa);

enum mnp_status { MNP_WAITING, MNP_ACCEPTED, MNP_REFUSED, MNP_UNSUPPORTED, MNP_AT_HOME };
struct mn_prefix_info {
	const struct mnp_conf *conf;
	enum mnp_status status;
	uint8_t code;			/* status of the BA or of the IPv4 answer */
};
struct mn_stats {
	uint64_t bu, bu_retransmitted, ba, ba_refused_by[256], ba_bad_auth, ba_unexpected, be, brr,
		handovers, forgotten, probes, probes_lost, probes_forged, probes_repeated,
		dhaad_sent, dhaad_answered, mps, mpa;
	/* route optimization */
	uint64_t ro_hints, hoti, coti, hot, cot, ro_bu, ro_ba, ro_ba_refused, ro_unexpected,
		ro_failed, ro_lies;
	uint64_t unsteered;		/* now: homes whose load sharing and flows the kernel refused */
	struct histo ba_latency;	/* from an update to the home agent to its answer */
};
struct mn_peer_info {			/* one correspondent of one home address */
	struct in6_addr home_address, peer;
	const struct ro *ro;
	const struct ro_other *other;	/* this row is about that path; NULL: the preferred one */
	bool optimized;			/* the kernel sends to it directly */
	double rtt;			/* seconds, of the last acknowledgement */
	unsigned place;			/* for mn_peer_next() */
};
/*
 * One path: a home address by one uplink. Uplinks without a BID have a path while the home is
 * registered there; those with one always, and place 0 where there is none. Read only, valid until the
 * next loop turn.
 */
struct mn_track_info {
	struct in6_addr home_address, home_agent;	/* :: = not registered */
	uint16_t bid;			/* 0 = none */
	const struct uplink_conf *uplink;
	struct in6_addr care_of;	/* :: = none */
	char tunnel[IFNAMSIZ];		/* "" = none */
	const struct path *path;	/* what probes measured; NULL: it is not probed. One of: */
	const struct path *outer, *inner;	/* probes outside of the tunnel, and through it */
	const char *state;		/* absent, or path_state_str() */
	bool up;			/* packets get through, as far as the probes know */
	const char *reason;		/* it is not used: as of path_down; NULL */
	bool here;			/* registered, packets can take it */
	bool active;			/* traffic that no policy sends elsewhere takes it */
	bool preferred, held;		/* by the operator; taken out of use by him */
	double rtt, since;		/* seconds, 0 = unknown; boot clock, 0 = never */
	uint64_t rx_bytes, tx_bytes;	/* of the tunnel's device */
	double rx_rate, tx_rate;	/* octets per second over the last seconds; < 0 unknown */
};
/* Places; false: nobody's. Asks the kernel for counters. */
unsigned mn_tracks(const struct mn *mn);
bool mn_track(struct mn *mn, unsigned i, struct mn_track_info *info);
/*
 * Operator. -ENOENT: no uplink has the BID. Out of use: until told otherwise; -EBUSY: no other path
 * carries; in use again, its failures are forgotten. Preferred (0: none): until then or a reload.
 * Probes now (0: all): how many.
 */
int mn_path_hold(struct mn *mn, uint16_t bid, bool hold);
int mn_path_prefer(struct mn *mn, uint16_t bid);
int mn_path_probe(struct mn *mn, uint16_t bid);

/* One home (.index, for mn_path()); read only, valid until the next loop turn. */
struct mn_info {
	const struct home_conf *conf;
	unsigned index;
	const struct bul *bul;
	double probe_rtt;		/* seconds, smoothed; 0 = none yet */
	unsigned probe_lost;		/* in a row now */
	char tunnel[IFNAMSIZ];		/* "" = none */
	char uplink[IFNAMSIZ];
	double last_handover;		/* boot clock, 0 = none */
	double valid, preferred;	/* the home prefix's: boot clock, INFINITY = for ever */
	const char *problem;		/* why there is no binding, and what to do; NULL = none */
	unsigned n_prefix;
	const struct mn_prefix_info *prefix;
	unsigned n_found;		/* home agents that the last discovery named, in its order */
	const struct in6_addr *found;
};
struct mn_path_info {			/* RFC 5648: one care-of address of one home */
	const struct bul_path *path;
	bool primary;			/* the home table's default leads into it */
	bool carries;			/* the home agent has it, and packets can take it */
	char uplink[IFNAMSIZ], tunnel[IFNAMSIZ];	/* "" = none */
};
/* The i-th place of the home, below BUL_PATHS; false: nobody has it. */
bool mn_path(const struct mn *mn, unsigned home, unsigned i, struct mn_path_info *info);
struct mn_flow_info {			/* RFC 6089: one flow of the configuration */
	const struct flow_conf *conf;
	uint16_t bid;			/* the one of its list that is used now; 0 = none, or weights */
	enum flow_view view;
	uint8_t status;			/* what the home agent said; enum flow_status */
};
bool mn_flow(const struct mn *mn, unsigned home, size_t i, struct mn_flow_info *info);
unsigned mn_homes(const struct mn *mn);
bool mn_home(const struct mn *mn, unsigned i, struct mn_info *info);
struct mn_stats mn_stats(const struct mn *mn);
unsigned mn_peers(const struct mn *mn);
/* The row that comes next behind that one (by its addresses and its place; zeros: the first): each
 * peer, and each path of it that is registered there besides. False: there is none. */
bool mn_peer_next(const struct mn *mn, const struct mn_peer_info *last, struct mn_peer_info *i);

#endif
