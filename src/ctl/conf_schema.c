/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/conf_flow.h"

#include "store/bc.h"

const struct conf_word conf_word_role[] = {
	{ "ha", ROLE_HA }, { "mr", ROLE_MR }, { "mn", ROLE_MN }, { "cn", ROLE_CN }, { NULL, 0 },
};
const struct conf_word conf_word_method[] = {
	{ "none", SEC_NONE }, { "auth-option", SEC_AUTH_OPTION }, { NULL, 0 },
};
const struct conf_word conf_word_mode[] = {
	{ "explicit", PREFIX_EXPLICIT }, { "implicit", PREFIX_IMPLICIT },
	{ "static", PREFIX_STATIC }, { NULL, 0 },
};
const struct conf_word conf_word_level[] = {
	{ "error", LOG_LV_ERR }, { "warning", LOG_LV_WARN }, { "notice", LOG_LV_NOTICE },
	{ "info", LOG_LV_INFO }, { "debug", LOG_LV_DEBUG }, { NULL, 0 },
};
const struct conf_word conf_word_carrier[] = {
	{ "ip6tnl", CARRIER_IP6TNL }, { "ip6gre", CARRIER_IP6GRE }, { NULL, 0 },
};
const struct conf_word conf_word_tunnel[] = {
	{ "shared", TUNNEL_SHARED }, { "device", TUNNEL_DEVICE }, { NULL, 0 },
};
static const struct conf_word conf_word_simultaneous[] = {
	{ "no", SIMULTANEOUS_NO }, { "ndp", SIMULTANEOUS_NDP },
	{ "proxy", SIMULTANEOUS_PROXY }, { NULL, 0 },
};
const struct conf_word conf_word_ipv4[] = {
	{ "rfc5555", IPV4_RFC5555 }, { "v4prefix", IPV4_V4PREFIX }, { NULL, 0 },
};
const struct conf_word conf_word_coa_dad[] = {
	{ "optimistic", COA_DAD_OPTIMISTIC }, { "full", COA_DAD_FULL }, { "off", COA_DAD_OFF },
	{ NULL, 0 },
};
const struct conf_word conf_word_probe[] = {
	{ "off", PATH_PROFILE_OFF }, { "relaxed", PATH_PROFILE_RELAXED },
	{ "normal", PATH_PROFILE_NORMAL }, { "extreme", PATH_PROFILE_EXTREME }, { NULL, 0 },
};
const struct conf_word conf_word_detector[] = {
	{ "builtin", DETECTOR_BUILTIN }, { "external", DETECTOR_EXTERNAL }, { NULL, 0 },
};
const struct conf_word conf_word_event[] = {
#define EVENT(name, inject, text)	{ #name, 1u << EV_##name },
#define FIELD(type, name, text)
#define END(name)
#include "mip6/events.def"
#undef EVENT
#undef FIELD
#undef END
	{ NULL, 0 },
};
const struct conf_word conf_word_ingress[] = {
	{ "bpf", KERN_INGRESS_BPF }, { "flower", KERN_INGRESS_FLOWER }, { NULL, 0 },
};
const struct conf_word conf_word_room[] = {
	{ "main", 0 }, { "conf", 0 }, { "event", 0 }, { "kern", 0 }, { "io", 0 }, { "role", 0 },
	{ "ha", 0 },   { "mn", 0 },   { "md", 0 },    { "cn", 0 },   { "ro", 0 },   { "ctl", 0 },
	{ "hook", 0 }, { NULL, 0 },
};

#define LIVE	.reload = CONF_LIVE
#define RESTART	.reload = CONF_RESTART
#define OF(type, field)	.at = offsetof(type, field), .size = sizeof(((type *)0)->field)
/* noted: the member that holds which keys the file gives */
#define SCHEMA_IN(var, nm, keys, type, fn, noted) \
	static const struct conf_schema var = { .name = nm, .key = keys, .n = ARRAY_SIZE(keys), \
						.item = sizeof(type), .after = fn, \
						.said = offsetof(type, noted) }
#define SCHEMA(var, nm, keys, type, fn)	SCHEMA_IN(var, nm, keys, type, fn, said)
#define ANY_MN		(ROLE_MN | ROLE_MR)
#define U32_MAX		4294967295.0
#define LIFETIME_MAX	262140		/* 16 bits of 4 s */

/* ---- shared groups ---- */

static const struct conf_key security_keys[] = {
	{ "method", CK_WORD, LIVE, .required = true, OF(struct sec_conf, method),
	  .word = conf_word_method, .type = "\"auth-option\" or \"none\"",
	  .help = "how Binding Updates and Acknowledgements are protected" },
	{ "spi", CK_INT, LIVE, OF(struct sec_conf, key.spi), .min = 256, .max = U32_MAX,
	  .help = "security parameter index, the same at both ends" },
	{ "key_file", CK_FN, LIVE, .fn = conf_key_file_fn, .type = "text: a path",
	  .help = "file with the shared key in hexadecimal digits, 16 to 64 octets" },
	{ "replay_window", CK_TIME, LIVE,
	  OF(struct sec_conf, replay_window), .min = 3.1, .max = 3600,
	  .unit = "seconds", .def = "7", .help = "how far timestamps may be off" },
	{ "timestamps", CK_BOOL, LIVE, OF(struct sec_conf, timestamps), .def = "true",
	  .help = "timestamps are sent and asked for, against replay" },
};
SCHEMA(schema_security, "security", security_keys, struct sec_conf, conf_security_after);

static const struct conf_key control_keys[] = {
	{ "socket", CK_TEXT, RESTART, OF(struct conf, control.socket), .min = 1, .def = CONF_SOCKET,
	  .help = "path of the control socket" },
	{ "group", CK_TEXT, LIVE, OF(struct conf, control.group), .def = "mip6d",
	  .help = "users of this group may look; \"\": root only" },
	{ "admin_group", CK_TEXT, LIVE, OF(struct conf, control.admin_group), .def = "mip6d-admin",
	  .help = "users of this group may also change; \"\": root only" },
	{ "max_clients", CK_INT, LIVE, OF(struct conf, control.max_clients), .min = 1, .max = 1000,
	  .def = "64", .help = "connections at a time" },
};
SCHEMA_IN(schema_control, "control", control_keys, struct conf, NULL, control.said);

static const struct conf_key log_keys[] = {
	{ "level", CK_WORD, LIVE,
	  OF(struct conf, log.level), .word = conf_word_level, .def = "info",
	  .type = "\"error\", \"warning\", \"notice\", \"info\" or \"debug\"",
	  .help = "lines of this level and graver ones are written" },
	{ "debug", CK_FN, LIVE, .fn = conf_debug_fn,
	  .type = "list of \"main\", \"conf\", \"event\", \"kern\", \"io\", \"role\", \"ha\", "
		  "\"mn\", \"md\", \"cn\", \"ro\", \"ctl\", \"hook\"",
	  .help = "rooms of the daemon that write debug lines whatever the level" },
};
SCHEMA_IN(schema_log, "log", log_keys, struct conf, NULL, log.said);

static const struct conf_key on_event_keys[] = {
	{ "directory", CK_TEXT, LIVE, OF(struct hook_conf, dir), .def = "",
	  .help = "its programs are run on events; \"\": none" },
	{ "events", CK_FN, LIVE, .fn = conf_events_fn,
	  .def = "[ \"node_type\", \"bc_add\", \"bc_remove\", \"bc_flush\", \"bul_add\", "
		 "\"bul_remove\", \"bul_flush\", \"md_info\", \"detector\", \"discovery\", "
		 "\"path_up\", \"path_down\", \"handover\", \"config\", \"prefix_state\", "
		 "\"flow_state\" ]",
	  .type = "list of events, see mip6ctl(8)", .help = "on which" },
	{ "timeout", CK_TIME, LIVE, OF(struct hook_conf, timeout), .min = 0.1, .max = 3600,
	  .unit = "seconds", .def = "10",
	  .help = "a program that takes longer is killed, with all that it has started" },
	{ "processes", CK_INT, LIVE, OF(struct hook_conf, processes), .min = 1, .max = 32, .def = "4",
	  .help = "programs at a time" },
	{ "queue", CK_INT, LIVE, OF(struct hook_conf, queue), .min = 1, .max = 10000, .def = "100",
	  .help = "events that wait for one program; of more the oldest are dropped" },
	{ "keep_capabilities", CK_BOOL, LIVE, OF(struct hook_conf, keep_capabilities), .def = "false",
	  .help = "programs may do to the network what the daemon may" },
};
SCHEMA(schema_on_event, "on_event", on_event_keys, struct hook_conf, conf_on_event_after);

#define RFC6275_12	"RFC 6275 section 12"
#define TIMER(nm, lo, hi, slo, shi, where, df, hlp) \
	{ #nm, CK_TIME, LIVE, OF(struct timers, nm), .min = lo, .max = hi, .safe_min = slo, \
	  .safe_max = shi, .rfc = where, .unit = "seconds", .def = df, .help = hlp }
#define COUNT(nm, lo, hi, slo, shi, where, df, hlp) \
	{ #nm, CK_INT, LIVE, OF(struct timers, nm), .min = lo, .max = hi, .safe_min = slo, \
	  .safe_max = shi, .rfc = where, .def = df, .help = hlp }

static const struct conf_key timers_keys[] = {
	TIMER(initial_bindack_timeout, 0.01, 3600, 1, 1, RFC6275_12, "1",
	      "first wait for a Binding Acknowledgement"),
	TIMER(initial_bindack_timeout_first, 0.01, 3600, 1.5, 60, "RFC 6275 section 13", "1.5",
	      "the same for the first registration, which waits for duplicate address detection"),
	TIMER(max_bindack_timeout, 0.01, 3600, 32, 32, RFC6275_12, "32",
	      "longest wait for a Binding Acknowledgement"),
	COUNT(max_update_rate, 1, UPDATE_RATE_MAX, 1, 3, RFC6275_12, "3",
	      "Binding Updates in one second"),
	TIMER(max_delete_bce_timeout, 0.01, 3600, 10, 10, RFC6275_12, "10",
	      "how long a de-registered binding is remembered"),
	TIMER(initial_dhaad_timeout, 0.01, 3600, 3, 3, RFC6275_12, "3",
	      "first wait for an answer to a home agent address discovery; doubles"),
	COUNT(dhaad_retries, 1, 100, 1, 4, RFC6275_12, "4",
	      "how often such a request is repeated; then a pause as ha_backoff"),
	TIMER(initial_solicit_timer, 0.01, 3600, 3, 3, RFC6275_12, "3",
	      "first wait for a Mobile Prefix Advertisement; doubles"),
	TIMER(prefix_adv_timeout, 0.01, 3600, 3, 3, RFC6275_12, "3",
	      "before the first repetition of a Mobile Prefix Advertisement; doubles"),
	COUNT(prefix_adv_retries, 0, 16, 3, 3, RFC6275_12, "3",
	      "repetitions of a Mobile Prefix Advertisement that is not acknowledged"),
	TIMER(min_mob_pfx_adv_interval, 0.01, 86400, 0, 0, NULL, "600",
	      "shortest delay of a Mobile Prefix Advertisement that nobody asked for"),
	TIMER(max_mob_pfx_adv_interval, 0.01, 2592000, 0, 0, NULL, "86400",
	      "longest delay of such an advertisement, and silence before one is sent anyway"),
	TIMER(min_valid_lifetime, 1, 86400, 7200, 86400, "RFC 4862 section 5.5.3", "7200",
	      "what a Mobile Prefix Advertisement leaves of the home prefix's valid lifetime"),
	COUNT(max_ro_failure, 0, 100, 1, 3, RFC6275_12, "3",
	      "retries of return routability before a peer is left to the tunnel"),
	TIMER(dad_retrans, 0.01, 60, 0.1, 60, "RFC 4861 section 6.2.1", "1",
	      "wait after each probe of duplicate address detection"),
	COUNT(dad_transmits, 1, 10, 0, 0, NULL, "1",
	      "probes of duplicate address detection"),
	TIMER(probe_interval, 0, 3600, 0, 0, NULL, "1",
	      "between echo requests through a tunnel; 0: none are sent"),
	COUNT(probe_failures, 1, 100, 0, 0, NULL, "3",
	      "unanswered in a row: the home agent has forgotten the binding"),
	TIMER(ro_backoff, 0.01, 3600, 0, 0, NULL, "60",
	      "before route optimization is tried again with a peer that does not do it; doubles"
	      " up to 3600"),
	TIMER(ha_backoff, 0.01, 600, 0, 0, NULL, "30",
	      "before a home agent that refused is tried again; doubles up to 600"),
	TIMER(router_probe, 0.01, 60, 0, 0, NULL, "0.1",
	      "between solicitations to a router that may be gone"),
	COUNT(router_probe_count, 1, 100, 0, 0, NULL, "3",
	      "unanswered solicitations: the router is gone"),
	COUNT(ra_lost_factor, 1, 100, 0, 0, NULL, "3",
	      "advertisement intervals without an advertisement: the router is asked"),
	TIMER(rs_interval, 0.05, 60, 0, 0, NULL, "0.25",
	      "between the first Router Solicitations; doubles up to 4"),
	TIMER(nonce_interval, 0.05, 3600, 4, 30, "RFC 6275 section 5.2.7", "30",
	      "the correspondent makes a new nonce for the tests after that time"),
	TIMER(max_token_lifetime, 0.05, 3600, 210, 210, RFC6275_12, "210",
	      "how long a keygen token can be used at least"),
	TIMER(max_nonce_lifetime, 0.1, 3600, 240, 240, RFC6275_12, "240",
	      "how long a nonce is good at most"),
	TIMER(max_rr_binding_lifetime, 4, 3600, 420, 420, RFC6275_12, "420",
	      "longest lifetime of a binding made by return routability"),
};
SCHEMA(schema_timers, "timers", timers_keys, struct timers, NULL);

/* ---- home agent ---- */

static const struct conf_key life_keys[] = {
	{ "prefix", CK_FN, LIVE,
	 .required = true, .fn = conf_life_prefix_fn, .type = "text: a prefix",
	  .help = "one of the link's prefixes" },
	{ "valid_lifetime", CK_INT, LIVE, .required = true, OF(struct prefix_life, valid), .min = 4,
	  .max = U32_MAX, .unit = "seconds", .help = "as of the link" },
	{ "preferred_lifetime", CK_INT, LIVE, .required = true, OF(struct prefix_life, preferred),
	  .min = 0, .max = U32_MAX, .unit = "seconds",
	  .help = "as of the link; 0: deprecated" },
	{ "decrement_lifetimes", CK_BOOL, LIVE, OF(struct prefix_life, decrement), .def = "false",
	  .help = "they run down in real time, from when they are first read on" },
};
SCHEMA(schema_life, "home_links.prefix_lifetimes", life_keys, struct prefix_life, NULL);

static const struct conf_key link_keys[] = {
	{ "device", CK_TEXT, RESTART, .required = true, OF(struct home_link, dev), .min = 1,
	  .help = "network device on the home link" },
	{ "address", CK_ADDR, RESTART, .required = true, OF(struct home_link, address),
	  .help = "the home agent's own address there: what mobile nodes register with" },
	{ "prefixes", CK_PREFIXES, LIVE, .required = true, OF(struct home_link, prefixes),
	  .count = offsetof(struct home_link, n_prefix),
	  .help = "home prefixes of the link (IPv6)" },
	{ "valid_lifetime", CK_INT, LIVE, OF(struct home_link, valid), .min = 4, .max = U32_MAX,
	  .unit = "seconds", .def = "4294967295",
	  .help = "of the prefixes; no binding lives longer. 4294967295: for ever" },
	{ "preferred_lifetime", CK_INT, LIVE,
	  OF(struct home_link, preferred), .min = 0, .max = U32_MAX,
	  .unit = "seconds", .def = "4294967295", .help = "of the prefixes" },
	{ "decrement_lifetimes", CK_BOOL, LIVE, OF(struct home_link, decrement), .def = "false",
	  .help = "these lifetimes run down in real time, from the start of the daemon on" },
	{ "prefix_lifetimes", CK_LIST, LIVE, OF(struct home_link, lives), .sub = &schema_life,
	  .count = offsetof(struct home_link, n_life),
	  .help = "of single prefixes, where they differ from those" },
	{ "autonomous", CK_BOOL, LIVE, OF(struct home_link, autonomous), .def = "true",
	  .help = "nodes may form addresses from the prefixes" },
	{ "preference", CK_INT, LIVE, OF(struct home_link, preference), .min = 0, .max = 65535,
	  .def = "0", .help = "Home Agent Preference: discovery lists the highest first" },
	{ "home_agent_lifetime", CK_INT, LIVE, OF(struct home_link, ha_lifetime), .min = 1,
	  .max = 65535, .unit = "seconds", .def = "1800",
	  .help = "Home Agent Lifetime that advertisements on the link should say" },
};
SCHEMA(schema_link, "home_links", link_keys, struct home_link, conf_link_after);

static const struct conf_key node_keys[] = {
	{ "home_address", CK_ADDR, LIVE, .required = true, OF(struct mobile_node, hoa),
	  .help = "the mobile node's home address" },
	{ "nai", CK_TEXT, LIVE, OF(struct mobile_node, nai), .min = 1,
	  .help = "its identifier (RFC 4283); given, it must match" },
	{ "router", CK_BOOL, LIVE,
	  OF(struct mobile_node, router), .help = "may register as a router",
	  .type = "true if prefixes are given" },
	{ "prefixes", CK_PREFIXES, LIVE, OF(struct mobile_node, prefixes),
	  .count = offsetof(struct mobile_node, n_prefix),
	  .help = "its mobile network prefixes, IPv6 and IPv4; nobody else's" },
	{ "ipv4_static", CK_BOOL, LIVE, OF(struct mobile_node, ipv4_static), .def = "false",
	  .help = "its IPv4 prefixes are routed to it without being asked for" },
	{ "max_lifetime", CK_INT, LIVE, OF(struct mobile_node, max_lifetime), .min = 4,
	  .max = LIFETIME_MAX, .multiple4 = true, .unit = "seconds",
	  .def = "that of the home agent", .help = "longest lifetime granted" },
	{ "max_care_of", CK_INT, LIVE, OF(struct mobile_node, max_care_of), .min = 1,
	  .max = BC_MAX_COA, .def = "that of the home agent",
	  .help = "care-of addresses at a time" },
	{ "gre_key", CK_INT, LIVE, OF(struct mobile_node, gre_key), .min = 1, .max = U32_MAX,
	  .def = "no key",
	  .help = "key of its tunnel, the same at both ends; carrier ip6gre only" },
	{ "flows", CK_LIST, LIVE, OF(struct mobile_node, flows), .sub = &conf_schema_node_flow,
	  .count = offsetof(struct mobile_node, n_flow),
	  .help = "which of its packets go to which of its care-of addresses; before what it asks for" },
	{ "weights", CK_LIST, LIVE, OF(struct mobile_node, weights),
	  .sub = &conf_schema_node_weight, .count = offsetof(struct mobile_node, n_weight),
	  .help = "shares of its care-of addresses of the best priority; 1 each" },
	{ "flow_bindings", CK_BOOL, LIVE, OF(struct mobile_node, flow_bindings), .def = "true",
	  .help = "it may ask for flows (RFC 6089)" },
	{ "security", CK_GROUP, LIVE, .required = true, OF(struct mobile_node, sec),
	  .sub = &schema_security, .help = "see there" },
};
SCHEMA(schema_node, "mobile_nodes", node_keys, struct mobile_node, conf_node_after);

/* ---- mobile node and router ---- */

static const struct conf_key uplink_keys[] = {
	{ "device", CK_TEXT, LIVE, .required = true, OF(struct uplink_conf, dev), .min = 1,
	  .help = "network device of the uplink" },
	{ "bid", CK_INT, LIVE, OF(struct uplink_conf, bid), .min = 1, .max = CONF_BID_MAX,
	  .def = "none", .help = "binding identifier: all uplinks that have one are registered at a time"
				 " (RFC 5648)" },
	{ "priority", CK_INT, LIVE,
	  OF(struct uplink_conf, priority), .min = 0, .max = 1000, .def = "100",
	  .help = "the usable uplink with the lowest is used" },
	{ "weight", CK_INT, LIVE, OF(struct uplink_conf, weight), .min = 1, .max = 100, .def = "1",
	  .help = "its share of the load among uplinks of one priority, in proportion; needs bid" },
	{ "managed", CK_BOOL, LIVE, OF(struct uplink_conf, managed), .def = "false",
	  .help = "something else configures it (PPP, DHCPv6, networkd ...): follow only" },
	{ "coa_dad", CK_WORD, LIVE, OF(struct uplink_conf, coa_dad), .word = conf_word_coa_dad,
	  .def = "optimistic", .type = "\"optimistic\", \"full\" or \"off\"",
	  .help = "care-of addresses: used while tested, used after the test, not tested" },
	{ "probe", CK_WORD, LIVE, OF(struct uplink_conf, probe), .word = conf_word_probe,
	  .def = "normal", .type = "\"off\", \"relaxed\", \"normal\" or \"extreme\"",
	  .help = "how soon a silent loss on its path is noticed: not, within 15, 0.7 or 0.3 s" },
	{ "table", CK_INT, RESTART, OF(struct uplink_conf, table), .min = 1, .max = U32_MAX,
	  .def = "6000 + place in the list", .help = "routing table of the uplink" },
};
SCHEMA(schema_uplink, "uplinks", uplink_keys, struct uplink_conf, NULL);

static const struct conf_key mnp_keys[] = {
	{ "prefix", CK_FN, LIVE, .required = true, .fn = conf_mnp_fn, .type = "text: a prefix",
	  .help = "mobile network prefix, IPv6 or IPv4" },
	{ "mode", CK_WORD, LIVE,
	  OF(struct mnp_conf, mode), .word = conf_word_mode, .def = "explicit",
	  .type = "\"explicit\", \"implicit\" (IPv6) or \"static\" (IPv4)",
	  .help = "named in each registration, or known to the home agent" },
	{ "device", CK_TEXT, LIVE, OF(struct mnp_conf, dev), .min = 1, .def = "",
	  .help = "network device of the mobile network" },
};
SCHEMA(schema_mnp, "homes.prefixes", mnp_keys, struct mnp_conf, conf_mnp_after);

static const struct conf_key home_keys[] = {
	{ "home_address", CK_FN, LIVE, .required = true, .fn = conf_home_address_fn,
	  .type = "text: address/length",
	  .help = "home address with the length of the home prefix" },
	{ "home_agent", CK_FN, LIVE, .required = true, .fn = conf_home_agent_fn,
	  .type = "text: an address or \"discover\", or a list of at most 8",
	  .help = "home agents, tried in this order; \"discover\", last or alone: then ask the "
		  "home network for more" },
	{ "prefixes", CK_LIST, LIVE, OF(struct home_conf, prefixes), .sub = &schema_mnp,
	  .count = offsetof(struct home_conf, n_prefix), .roles = ROLE_MR,
	  .help = "mobile network prefixes" },
	{ "flows", CK_LIST, LIVE, OF(struct home_conf, flows), .sub = &conf_schema_home_flow,
	  .count = offsetof(struct home_conf, n_flow),
	  .help = "which packets take which uplink" },
	{ "nai", CK_TEXT, LIVE, OF(struct home_conf, nai), .min = 1,
	  .help = "identifier sent (RFC 4283)" },
	{ "security", CK_GROUP, LIVE, .required = true, OF(struct home_conf, sec),
	  .sub = &schema_security, .help = "see there" },
	{ "lifetime", CK_INT, LIVE, OF(struct home_conf, lifetime), .min = 4, .max = LIFETIME_MAX,
	  .multiple4 = true, .unit = "seconds", .def = "600", .help = "lifetime asked for" },
	{ "carrier", CK_WORD, RESTART, OF(struct home_conf, carrier), .word = conf_word_carrier,
	  .def = "ip6tnl", .type = "\"ip6tnl\" or \"ip6gre\"",
	  .help = "tunnel protocol, the same at the home agent" },
	{ "gre_key", CK_INT, RESTART, OF(struct home_conf, gre_key), .min = 1, .max = U32_MAX,
	  .def = "no key", .help = "key of the tunnel; carrier ip6gre only" },
	{ "ipv4_option", CK_WORD, LIVE, OF(struct home_conf, ipv4_option), .word = conf_word_ipv4,
	  .def = "rfc5555", .type = "\"rfc5555\" or \"v4prefix\"",
	  .help = "how explicit IPv4 prefixes are written in messages" },
	{ "link_local", CK_BOOL, LIVE, OF(struct home_conf, link_local), .def = "false",
	  .help = "the home agent also defends the link-local address with the home address's "
		  "interface identifier (L bit)" },
	{ "bulk", CK_BOOL, LIVE, OF(struct home_conf, bulk), .def = "true",
	  .help = "all care-of addresses in one message (RFC 5648), not one in each" },
	{ "simultaneous_home", CK_BOOL, LIVE, OF(struct home_conf, simultaneous_home),
	  .def = "false", .help = "the home link is one path beside those elsewhere" },
	{ "renumber", CK_BOOL, LIVE,
	  OF(struct home_conf, renumber), .def = "false", .roles = ROLE_MN,
	  .help = "form and register a new home address when the home network has a new prefix" },
	{ "table", CK_INT, RESTART, OF(struct home_conf, table), .min = 1, .max = U32_MAX,
	  .def = "6500 + place in the list", .help = "routing table of the tunnel" },
};
SCHEMA(schema_home, "homes", home_keys, struct home_conf, NULL);

/* ---- correspondent ---- */

static const struct conf_key policy_keys[] = {
	{ "peer", CK_FN, LIVE, .required = true, .fn = conf_peer_fn, .type = "text: an IPv6 prefix",
	  .help = "peers whose address is in it" },
	{ "allow", CK_BOOL, LIVE, .required = true, OF(struct peer_policy, allow),
	  .help = "whether routes are optimised with them" },
};
SCHEMA(schema_policy, "policy", policy_keys, struct peer_policy, conf_policy_after);

static const struct conf_key cn_keys[] = {
	{ "max_bindings", CK_INT, LIVE, OF(struct cn_conf, max_bindings), .min = 1, .max = 1000000,
	  .def = "1000",
	  .help = "for one more, the one that was not refreshed for the longest time goes" },
	{ "max_lifetime", CK_INT, LIVE, OF(struct cn_conf, max_lifetime), .min = 4, .max = 420,
	  .multiple4 = true, .unit = "seconds", .def = "420", .help = "longest lifetime granted" },
	{ "refresh_requests", CK_BOOL, LIVE, OF(struct cn_conf, refresh_requests), .def = "true",
	  .help = "mobile nodes are asked to refresh bindings that are in use" },
	{ "multiple_care_of", CK_BOOL, LIVE, OF(struct cn_conf, multiple_care_of), .def = "true",
	  .help = "mobile nodes may register several care-of addresses (RFC 5648)" },
	{ "policy", CK_LIST, LIVE, OF(struct cn_conf, policy), .sub = &schema_policy,
	  .count = offsetof(struct cn_conf, n_policy),
	  .help = "which home addresses may be bound; the first that matches decides" },
};
SCHEMA(schema_cn, "correspondent", cn_keys, struct cn_conf, NULL);

static const struct conf_key ro_keys[] = {
	{ "enabled", CK_BOOL, LIVE, OF(struct ro_conf, enabled), .def = "false",
	  .help = "data go directly to peers that can do it; they learn the care-of address" },
	{ "max_peers", CK_INT, LIVE, OF(struct ro_conf, max_peers), .min = 1, .max = 4096,
	  .def = "256", .help = "with more than these at a time data take the tunnel" },
	{ "multiple_care_of", CK_BOOL, LIVE, OF(struct ro_conf, multiple_care_of), .def = "true",
	  .help = "peers are told the BIDs of the uplinks, if these have any (RFC 5648)" },
	{ "policy", CK_LIST, LIVE, OF(struct ro_conf, policy), .sub = &schema_policy,
	  .count = offsetof(struct ro_conf, n_policy),
	  .help = "with which peers; the first that matches decides" },
};
SCHEMA(schema_ro, "route_optimization", ro_keys, struct ro_conf, NULL);

/* ---- top level ---- */

#define IN(field)	OF(struct conf, field)
static const struct conf_key top_keys[] = {
	{ "roles", CK_FN, RESTART, .fn = conf_roles_fn,
	  .type = "list of \"ha\", \"mr\", \"mn\", \"cn\"",
	  .help = "what this node is; needed unless --role is given" },
	{ "state_dir", CK_TEXT, RESTART, IN(state_dir), .min = 1, .def = "/var/lib/mip6d",
	  .help = "directory of what outlives the daemon" },
	{ "unsafe_timers", CK_BOOL, LIVE, IN(unsafe_timers), .def = "false",
	  .help = "allow timers that the RFCs do not; for tests" },
	{ "ipv4_mnp_option", CK_INT, RESTART,
	  IN(dialect.ipv4_mnp), .min = 1, .max = 255, .def = "11",
	  .help = "number of the IPv4 prefix option of v4prefix" },
	{ "ipv4_mnp_status_option", CK_INT, RESTART,
	  IN(dialect.ipv4_mnp_status), .min = 1, .max = 255,
	  .def = "12", .help = "number of the IPv4 prefix status option of v4prefix" },
	{ "control", CK_GROUP, LIVE, .sub = &schema_control, .help = "see there" },
	{ "log", CK_GROUP, LIVE, .sub = &schema_log, .help = "see there" },
	{ "on_event", CK_GROUP, LIVE, IN(on_event), .sub = &schema_on_event, .help = "see there" },
	{ "timers", CK_GROUP, LIVE, IN(timers), .sub = &schema_timers, .help = "see there" },

	{ "uplink_mark_mask", CK_INT, LIVE, IN(mn.mark_mask), .min = 0, .max = U32_MAX, .def = "255",
	  .roles = ANY_MN,
	  .help = "bits of a packet's mark that name an uplink by its bid; 0: none do" },
	{ "uplink_bid_table", CK_INT, LIVE, IN(mn.bid_table), .min = 1, .max = 0x7fffffff,
	  .def = "7000", .roles = ANY_MN,
	  .help = "the routing table of the tunnel of an uplink is this and its bid" },

	{ "home_links", CK_LIST, RESTART, IN(ha.links), .count = offsetof(struct conf, ha.n_link),
	  .sub = &schema_link, .src = SRC_LINK, .roles = ROLE_HA,
	  .help = "the links that mobile nodes call home" },
	{ "mobile_nodes", CK_LIST, LIVE, IN(ha.nodes), .count = offsetof(struct conf, ha.n_node),
	  .sub = &schema_node, .src = SRC_NODE, .roles = ROLE_HA,
	  .help = "who may register" },
	{ "served_prefixes", CK_PREFIXES, LIVE, IN(ha.served), .roles = ROLE_HA,
	  .count = offsetof(struct conf, ha.n_served),
	  .help = "home prefixes that are on no link (IPv6)" },
	{ "virtual_address", CK_ADDR, LIVE, IN(ha.virtual_address), .roles = ROLE_HA,
	  .def = "that of the first home link",
	  .help = "the home agent's own address for served_prefixes" },
	{ "tunnel", CK_WORD, RESTART, IN(ha.tunnel), .word = conf_word_tunnel, .def = "shared",
	  .roles = ROLE_HA, .type = "\"shared\" or \"device\"",
	  .help = "one network device for all tunnels, or one for each binding" },
	{ "carrier", CK_WORD, RESTART, IN(ha.carrier), .word = conf_word_carrier, .def = "ip6tnl",
	  .roles = ROLE_HA, .type = "\"ip6tnl\" or \"ip6gre\"", .help = "tunnel protocol" },
	{ "ingress_check", CK_WORD, RESTART, IN(ingress), .word = conf_word_ingress, .def = "bpf",
	  .roles = ROLE_HA, .type = "\"bpf\" or \"flower\"",
	  .help = "what holds the outer source of tunnelled packets against the bindings" },
	{ "home_routes", CK_BOOL, RESTART, IN(ha.home_routes), .def = "true", .roles = ROLE_HA,
	  .help = "route the prefixes of nodes that are at home to their home addresses" },
	{ "metric", CK_INT, RESTART, IN(ha.metric), .min = 1, .max = 4294900000.0, .def = "2000",
	  .roles = ROLE_HA, .help = "of the first node's routes" },
	{ "metric_spread", CK_INT, RESTART,
	  IN(ha.metric_spread), .min = 1, .max = 65536, .def = "4096",
	  .roles = ROLE_HA,
	  .help = "metrics used: metric .. metric + metric_spread - 1, by place in mobile_nodes" },
	{ "table", CK_INT, RESTART,
	  IN(ha.table), .min = 1, .max = U32_MAX, .def = "254", .roles = ROLE_HA,
	  .help = "routing table for home addresses and prefixes; 254: main" },
	{ "announce_table", CK_INT, RESTART,
	  IN(ha.announce_table), .min = 0, .max = U32_MAX, .def = "0",
	  .roles = ROLE_HA,
	  .help = "a second table, for routing daemons: a plain route for each prefix; 0: none" },
	{ "max_lifetime", CK_INT, LIVE, IN(ha.max_lifetime), .min = 4, .max = LIFETIME_MAX,
	  .multiple4 = true, .unit = "seconds", .def = "3600", .roles = ROLE_HA,
	  .help = "longest lifetime granted" },
	{ "refresh_advice", CK_INT, LIVE, IN(ha.refresh_advice), .min = 0, .max = LIFETIME_MAX,
	  .multiple4 = true, .unit = "seconds", .def = "0", .roles = ROLE_HA,
	  .help = "mobile nodes are asked to refresh after this time; 0: they choose" },
	{ "max_bindings", CK_INT, LIVE, IN(ha.max_bindings), .min = 0, .max = 100000000, .def = "0",
	  .roles = ROLE_HA, .help = "more are refused with status 130; 0: no limit" },
	{ "max_care_of", CK_INT, LIVE, IN(ha.max_care_of), .min = 1, .max = BC_MAX_COA, .def = "8",
	  .roles = ROLE_HA,
	  .help = "care-of addresses of one node at a time (RFC 5648); 1: no identifiers of bindings" },
	{ "bulk_registration", CK_BOOL, LIVE, IN(ha.bulk_registration), .def = "true",
	  .roles = ROLE_HA, .help = "one Binding Update may register several care-of addresses" },
	{ "simultaneous_home", CK_WORD, LIVE, IN(ha.simultaneous_home),
	  .word = conf_word_simultaneous, .def = "no", .roles = ROLE_HA,
	  .type = "\"no\", \"ndp\" or \"proxy\"",
	  .help = "care-of addresses elsewhere while a node is at home too" },
	{ "bid_table", CK_INT, LIVE, IN(ha.bid_table), .min = 1, .max = 4294967000.0, .def = "8000",
	  .roles = ROLE_HA,
	  .help = "the routing table of binding identifier n is this + n, n = 1 .. max_care_of" },
	{ "mark_mask", CK_INT, LIVE, IN(ha.mark_mask), .min = 0, .max = U32_MAX, .def = "255",
	  .roles = ROLE_HA,
	  .help = "packets with n in these bits of their mark go to binding identifier n; 0: none" },
	{ "dad", CK_BOOL, LIVE, IN(ha.dad), .def = "true", .roles = ROLE_HA,
	  .help = "test on the home link that nobody else has the home address" },
	{ "prefix_advertisements", CK_BOOL, LIVE, IN(ha.prefix_advertisements), .def = "true",
	  .roles = ROLE_HA,
	  .help = "tell registered nodes the prefixes of their home, when asked and on change" },
	{ "ipv4_options", CK_FN, LIVE, .fn = conf_ipv4_options_fn, .roles = ROLE_HA,
	  .def = "[ \"rfc5555\" ]", .type = "list of \"rfc5555\", \"v4prefix\"",
	  .help = "how explicit IPv4 prefixes may be written in messages" },

	{ "correspondent", CK_GROUP, LIVE, IN(cn), .sub = &schema_cn, .roles = ROLE_CN,
	  .help = "see there" },

	{ "route_optimization", CK_GROUP, LIVE, IN(mn.ro), .sub = &schema_ro, .roles = ANY_MN,
	  .help = "see there" },
	{ "uplinks", CK_LIST, LIVE, IN(mn.uplinks), .count = offsetof(struct conf, mn.n_uplink),
	  .sub = &schema_uplink, .src = SRC_UPLINK, .roles = ANY_MN,
	  .help = "network devices that lead to the Internet" },
	{ "homes", CK_LIST, LIVE, IN(mn.homes), .count = offsetof(struct conf, mn.n_home),
	  .sub = &schema_home, .src = SRC_HOME, .roles = ANY_MN,
	  .help = "home addresses and where they are registered" },
	{ "detector", CK_WORD, RESTART, IN(mn.detector), .word = conf_word_detector,
	  .def = "builtin", .roles = ANY_MN, .type = "\"builtin\" or \"external\"",
	  .help = "who says where the uplinks are attached" },
	{ "detector_silence", CK_TIME, RESTART, IN(mn.detector_silence), .min = 0, .max = 86400,
	  .unit = "seconds", .def = "0", .roles = ANY_MN,
	  .help = "without a word of the external detector, until that is reported; 0: never" },
	{ "home_device", CK_TEXT, RESTART,
	  IN(mn.home_device), .min = 1, .def = "mip0", .roles = ANY_MN,
	  .help = "logical network device that carries the home addresses" },
	{ "rule_pref", CK_INT, RESTART, IN(mn.rule_pref), .min = 1, .max = 32700, .def = "6000",
	  .roles = ANY_MN, .help = "first preference of the routing rules; 21 are used" },
};
const struct conf_schema conf_schema_top = {
	.name = "", .key = top_keys, .n = ARRAY_SIZE(top_keys), .item = sizeof(struct conf),
	.said = offsetof(struct conf, said),
};
