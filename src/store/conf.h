/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/conf.h - the configuration as values.
 *
 * ctl/conf.c fills these from libconfig files; every room gets only the struct
 * of its own and never reads a global. All times are seconds (double), lifetimes
 * seconds; addresses in network order. Arrays are owned by the struct conf they
 * came with (conf_free()); rooms keep pointers only as long as that conf lives.
 *
 * Pure.
 */
#ifndef MIP6_STORE_CONF_H
#define MIP6_STORE_CONF_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "sec/auth.h"
#include "store/path.h"
#include "wire/flow.h"
#include "wire/mh.h"

#define NAI_MAX		254
#define HOME_MAX_HA	8
#define UPDATE_RATE_MAX	100		/* the highest max_update_rate; 3 unless in tests */

enum { ROLE_MN = 1, ROLE_MR = 2, ROLE_HA = 4, ROLE_CN = 8 };

enum sec_method { SEC_UNSET, SEC_NONE, SEC_AUTH_OPTION };

struct sec_conf {
	enum sec_method method;
	struct auth_key key;		/* auth-option */
	double replay_window;		/* 7 (RFC 4285 6), more than 3 */
	bool timestamps;		/* mandate the MESG-ID option; default true */
	uint64_t said;			/* keys that the file gives: bits, for ctl/ */
};

/* Protocol times (RFC 6275 12-13); `timers` group. */
struct timers {
	double initial_bindack_timeout;		/* 1 */
	double initial_bindack_timeout_first;	/* 1.5 */
	double max_bindack_timeout;		/* 32 */
	unsigned max_update_rate;		/* 3 per second */
	double max_delete_bce_timeout;		/* 10 */
	double prefix_adv_timeout;		/* 3 */
	unsigned prefix_adv_retries;		/* 3 */
	double min_mob_pfx_adv_interval;	/* 600 */
	double max_mob_pfx_adv_interval;	/* 86400 */
	double dad_retrans;			/* 1; RetransTimer of RFC 4862 */
	unsigned dad_transmits;			/* 1 */
	double probe_interval;			/* 1; echo through the tunnel, 0 = off */
	unsigned probe_failures;		/* 3 unanswered: the home agent forgot us */
	unsigned max_ro_failure;		/* 3 retries, of tests and of a BU to a peer */
	double ro_backoff;			/* 60; no route optimisation with a peer that failed,
						   doubles up to 3600 */
	double ha_backoff;			/* 30; before a refused home agent is tried again,
						   doubles up to 600 */
	double router_probe;			/* 0.1; NS to a router that may be gone */
	unsigned router_probe_count;		/* 3 */
	unsigned ra_lost_factor;		/* 3; RA intervals without an RA before probing */
	double initial_dhaad_timeout;		/* 3 */
	unsigned dhaad_retries;			/* 4 */
	double initial_solicit_timer;		/* 3 */
	double min_valid_lifetime;		/* 7200; RFC 4862 5.5.3 e */
	double rs_interval;			/* 0.25 first, doubles to 4 (RFC 4861 6.3.7 has 4 s) */
	/* correspondent; RFC 6275 12 but for the first */
	double nonce_interval;			/* 30 */
	double max_token_lifetime;		/* 210 */
	double max_nonce_lifetime;		/* 240 */
	double max_rr_binding_lifetime;		/* 420 */
	uint64_t said;			/* keys that the file gives: bits, for ctl/ */
};
void timers_default(struct timers *t);

enum prefix_mode { PREFIX_EXPLICIT, PREFIX_IMPLICIT, PREFIX_STATIC };
enum ipv4_encoding { IPV4_RFC5555, IPV4_V4PREFIX };
enum tunnel_mode { TUNNEL_SHARED, TUNNEL_DEVICE };
enum detector { DETECTOR_BUILTIN, DETECTOR_EXTERNAL };
/* RFC 5648 5.6: a node on its home link that keeps care-of addresses elsewhere is refused (169),
 * defends its home address itself (0), or leaves that to the home agent (5). */
enum simultaneous_home { SIMULTANEOUS_NO, SIMULTANEOUS_NDP, SIMULTANEOUS_PROXY };
enum coa_dad { COA_DAD_OPTIMISTIC, COA_DAD_FULL, COA_DAD_OFF };

/* ---- flow policy, either end (RFC 6089) ---- */

#define FLOW_NAME_MAX	31
#define FLOW_CONF_MAX	31		/* of one home address */

struct flow_weight { uint16_t bid; uint8_t weight; uint64_t said; /* as below */ };
struct flow_conf {
	char name[FLOW_NAME_MAX + 1];
	uint16_t fid;			/* 1..32767; what the home agent is told, see store/flow_mn.h */
	uint16_t prio;			/* 1..32767, the lowest first, none twice in a list */
	struct flowsel sel;		/* tidy; family 0: both */
	uint8_t n_bid;
	uint16_t bid[FLOW_MAX_BID];	/* by preference, or with weights */
	uint8_t weight[FLOW_MAX_BID];	/* all 0: the first that works */
	bool send;			/* the home agent is asked for it */
	/* as the file says it */
	uint8_t family, peer_family, inside_family;
	struct flow_weight *weights;
	size_t n_weights;
	uint64_t said;			/* keys that the file gives: bits, for ctl/ */
};

/* ---- home agent ---- */

struct prefix_life {
	struct prefix prefix;
	uint32_t valid, preferred;	/* seconds; 0xffffffff = infinite */
	bool decrement;			/* they run down in real time ... */
	double since;			/* ... from this on, boot clock (ctl/reload.c) */
	uint64_t said;			/* keys that the file gives: bits, for ctl/ */
};

struct home_link {
	char dev[IFNAMSIZ];
	struct in6_addr address;	/* the home agent's own, the tunnels' local end */
	struct prefix *prefixes;	/* home prefixes on this link */
	size_t n_prefix;
	uint32_t valid, preferred;	/* of the prefixes, seconds; 0xffffffff = infinite */
	bool decrement;			/* they run down in real time ... */
	double since;			/* ... from this on, boot clock (ctl/reload.c) */
	struct prefix_life *lives;	/* of single prefixes, instead of these */
	size_t n_life;
	bool autonomous;		/* the prefixes' flag */
	uint16_t preference;		/* RFC 6275 7.4 */
	uint16_t ha_lifetime;		/* seconds; what our advertisements should say */
	uint64_t said;			/* keys that the file gives: bits, for ctl/ */
};

struct mobile_node {
	struct in6_addr hoa;
	char nai[NAI_MAX + 1];		/* "" = not checked */
	bool router;			/* R allowed; true if prefixes are given */
	struct prefix *prefixes;	/* authorised, both families, no host bits */
	size_t n_prefix;
	bool ipv4_static;		/* IPv4 prefixes routed without options (seed 000, 5 (1)) */
	uint32_t max_lifetime;		/* 0 = the home agent's */
	unsigned max_care_of;		/* 0 = the home agent's */
	uint32_t gre_key;		/* ip6gre; 0 = none */
	struct flow_conf *flows;	/* these count before those that it asks for */
	size_t n_flow;
	struct flow_weight *weights;	/* of its BIDs; one that is not named: 1 */
	size_t n_weight;
	bool flow_bindings;		/* it may ask for flows (RFC 6089); default true */
	struct sec_conf sec;
	unsigned slot;			/* position in the list: metric spread */
	uint64_t said;			/* keys that the file gives: bits, for ctl/ */
};

struct ha_conf {
	struct home_link *links;
	size_t n_link;
	struct mobile_node *nodes;	/* looked up by ha_node() */
	size_t n_node;
	struct prefix *nets;		/* ha_conf_index_nets() */
	size_t n_net;
	struct prefix *served;		/* home prefixes on no link (virtual home) */
	size_t n_served;
	struct in6_addr virtual_address;	/* own address for those; :: = first link's */
	enum tunnel_mode tunnel;
	uint8_t carrier;		/* CARRIER_IP6TNL or CARRIER_IP6GRE */
	bool flower;			/* ingress_check = "flower" */
	bool home_routes;		/* default true */
	uint32_t metric, metric_spread, table;	/* 2000, 4096, 254 */
	uint32_t announce_table;	/* 0 = none */
	uint32_t max_lifetime;		/* 3600 */
	uint32_t refresh_advice;	/* seconds, 0 = not sent */
	unsigned max_bindings;		/* 0 = no limit; more: status 130 */
	unsigned max_care_of;		/* of one node, 1..BC_MAX_COA; 1: RFC 5648 is refused */
	bool bulk_registration;		/* several BIDs in one update; default true */
	enum simultaneous_home simultaneous_home;
	uint32_t bid_table;		/* 8000: the routing table of BID n is this + n, for the
					   BIDs 1 .. max_care_of of the home agent ... */
	uint32_t mark_mask;		/* ... for packets whose mark has n in these bits, which stand
					   together (0xff); 0: no rules */
	bool dad;			/* default true */
	bool prefix_advertisements;	/* RFC 6275 8.4; default true */
	bool accept_rfc5555, accept_v4prefix;	/* encodings accepted; default true, false */
	struct mh_dialect dialect;
	struct timers timers;
};
/* Sorts nodes by home address, once per configuration, by whoever filled the list; slot becomes
 * the place in the list before. Linear search is not an option with 100k. */
void ha_conf_index(struct ha_conf *c);
bool ha_conf_indexed(const struct ha_conf *c);		/* and no home address twice */
/* Sorts the mobile network prefixes (IPv6) into nets, which whoever owns the configuration frees.
 * 0 or -ENOMEM. */
int ha_conf_index_nets(struct ha_conf *c);
/* The address lies in a mobile network of ours: its node is behind a tunnel. Any configuration, but
 * without the index every prefix is looked at. */
bool ha_in_mobile_network(const struct ha_conf *c, const struct in6_addr *a);
/* NULL: not one of ours. Needs the index. */
const struct mobile_node *ha_node(const struct ha_conf *c, const struct in6_addr *hoa);

/* ---- route optimisation, either end ---- */

struct peer_policy { struct prefix peer; bool allow; uint64_t said; /* as below */ };
/* The first entry that contains the address decides; none: allowed. */
bool peer_allowed(const struct peer_policy *p, size_t n, const struct in6_addr *peer);

/* ---- correspondent ---- */

struct cn_conf {
	unsigned max_bindings;		/* 1000; more: the oldest goes */
	uint32_t max_lifetime;		/* 420 */
	bool refresh_requests;		/* default true */
	bool multiple_care_of;		/* RFC 5648; default true */
	struct peer_policy *policy;	/* by home address */
	size_t n_policy;
	struct mh_dialect dialect;
	struct timers timers;
	uint64_t said;			/* keys that the file gives: bits, for ctl/ */
};

/* ---- mobile node and router ---- */

struct uplink_conf {
	char dev[IFNAMSIZ];
	uint16_t bid;			/* 0 = no RFC 5648 */
	int priority;			/* lower is preferred */
	unsigned weight;		/* 1..100, share of the load; 0 counts as 1 */
	bool managed;			/* true: something else configures it, we only follow */
	enum coa_dad coa_dad;
	enum path_profile_id probe;	/* of its path, with a BID only */
	uint32_t table;			/* its own routing table: 6000 + index by default */
	unsigned place;			/* in the file: of two of a kind the first one counts */
	/* not configured: */
	bool leaving;			/* the file has it no more (role/live.h) */
	uint64_t said;			/* keys that the file gives: bits, for ctl/ */
};

struct mnp_conf {
	struct prefix prefix;		/* no host bits */
	enum prefix_mode mode;
	char dev[IFNAMSIZ];		/* ingress interface; "" = not named */
	uint64_t said;			/* keys that the file gives: bits, for ctl/ */
};

struct home_conf {
	struct prefix hoa;		/* home address with the home prefix's length */
	struct in6_addr home_agents[HOME_MAX_HA];
	size_t n_ha;
	bool discover;			/* when none of them (or none is given): DHAAD */
	struct mnp_conf *prefixes;
	size_t n_prefix;
	struct flow_conf *flows;
	size_t n_flow;
	char nai[NAI_MAX + 1];
	struct sec_conf sec;
	uint32_t lifetime;		/* asked for, seconds: 600 */
	uint8_t carrier;		/* CARRIER_IP6TNL or CARRIER_IP6GRE */
	uint32_t gre_key;
	enum ipv4_encoding ipv4_option;
	bool link_local;		/* L bit */
	bool bulk;			/* all BIDs in one update (RFC 5648 5.3) */
	bool simultaneous_home;		/* the home link is a path beside others (5.6) */
	bool renumber;			/* a new home prefix makes a new home address (11.4.3) */
	uint32_t table;			/* tunnel default: 6500 + index */
	unsigned place;			/* in the file */
	/* not configured: what mobile prefix discovery made of it */
	bool deprecated;		/* another home address is preferred */
	bool retired;			/* its prefix is gone, and so is everything of it */
	uint64_t said;			/* keys that the file gives: bits, for ctl/ */
};

/* The default of sockets without an address: the first preferred home, or else the first that there
 * still is; NULL: none. ipv4: of those with IPv4 prefixes. */
struct mn_conf;
const struct home_conf *mn_conf_default(const struct mn_conf *c, bool ipv4);
bool home_has_ipv4(const struct home_conf *h);
struct ro_conf {
	bool enabled;			/* default false: it shows the care-of address to peers */
	unsigned max_peers;		/* 256, of each home address */
	bool multiple_care_of;		/* RFC 5648, where the uplinks have BIDs; default true */
	struct peer_policy *policy;
	size_t n_policy;
	uint64_t said;			/* keys that the file gives: bits, for ctl/ */
};

struct mn_conf {
	bool router;			/* role mr */
	struct ro_conf ro;
	struct uplink_conf *uplinks;
	size_t n_uplink;
	struct home_conf *homes;
	size_t n_home;
	enum detector detector;
	double detector_silence;	/* seconds; 0: an external one may be silent for ever */
	char home_device[IFNAMSIZ];	/* logical interface: "mip0" */
	uint32_t rule_pref;		/* first rule preference: 6000; see plan_mn.h */
	uint32_t mark_mask;		/* bits of fwmark that name a BID: 0xff; 0 = none do */
	uint32_t bid_table;		/* tables of BIDs: this + BID; 7000 */
	/* not configured, what the kernel can: */
	bool coa_on_request;		/* IPV6_PREFER_SRC_COA */
	bool routes_by_source;		/* CONFIG_IPV6_SUBTREES */
	uint8_t iid_secret[16];		/* RFC 7217; from state_dir */
	struct mh_dialect dialect;
	struct timers timers;
};

#endif
