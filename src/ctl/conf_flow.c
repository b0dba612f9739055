/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow policy: `flows` of homes and of mobile_nodes. The keys, their forms, what contradicts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/conf_check.h"
#include "ctl/conf_flow.h"

#define LIVE	.reload = CONF_LIVE
#define OF(type, field)	.at = offsetof(type, field), .size = sizeof(((type *)0)->field)
#define BID_MAX		65535
#define PORT_MAX	65535
#define LABEL_MAX	0xfffff
#define U32_MAX		4294967295.0

static const struct conf_word word_family[] = {
	{ "both", 0 }, { "ipv6", AF_INET6 }, { "ipv4", AF_INET }, { NULL, 0 },
};
static const struct conf_word word_protocol[] = {
	{ "tcp", 6 }, { "udp", 17 }, { "icmp", 1 }, { "icmpv6", 58 }, { "sctp", 132 },
	{ "dccp", 33 }, { "udplite", 136 }, { "esp", 50 }, { "ah", 51 }, { "gre", 47 }, { NULL, 0 },
};
/* RFC 2474, 2597, 3246, 5865, 8622 */
static const struct conf_word word_dscp[] = {
	{ "cs0", 0 }, { "cs1", 8 }, { "cs2", 16 }, { "cs3", 24 }, { "cs4", 32 }, { "cs5", 40 },
	{ "cs6", 48 }, { "cs7", 56 }, { "af11", 10 }, { "af12", 12 }, { "af13", 14 },
	{ "af21", 18 }, { "af22", 20 }, { "af23", 22 }, { "af31", 26 }, { "af32", 28 },
	{ "af33", 30 }, { "af41", 34 }, { "af42", 36 }, { "af43", 38 }, { "ef", 46 },
	{ "voice-admit", 44 }, { "le", 1 }, { NULL, 0 },
};

/* ---- numbers and ranges ---- */

static const char *word_name(const void *arg, size_t i)
{
	return ((const struct conf_word *)arg)[i].name;
}

/* A number, or a word for it, up to the end or to '-'. */
static const char *one_end(const char *t, const struct conf_word *w, uint32_t max, uint32_t *v)
{
	unsigned long long n;
	char *end;

	for (; w && w->name; w++) {
		if (strcmp(w->name, t) == 0) {
			*v = w->value;
			return t + strlen(t);
		}
	}
	if (*t < '0' || *t > '9')
		return NULL;
	n = strtoull(t, &end, 0);
	*v = (uint32_t)n;
	return n > max ? NULL : end;
}

/* 80, "80-443", or a word of w. */
static int range(struct conf_ctx *x, const config_setting_t *s, const struct conf_word *w,
		 uint32_t max, uint32_t *lo, uint32_t *hi)
{
	const char *t = config_setting_get_string(s), *end, *meant;
	double n = config_setting_is_number(s) ? config_setting_get_float(s) : -1;

	if (config_setting_type(s) == CONFIG_TYPE_INT)
		n = config_setting_get_int(s);
	if (config_setting_type(s) == CONFIG_TYPE_INT64)
		n = (double)config_setting_get_int64(s);
	if (!t && (n < 0 || n > max || n != (double)(uint32_t)n))
		return conf_err(x, s, NULL, "a number of 0..%u or a range \"A-B\"%s is expected", max,
				w ? " or a name" : "");
	if (!t) {
		*lo = *hi = (uint32_t)n;
		return 0;
	}
	end = one_end(t, w, max, lo);
	*hi = *lo;
	if (end && *end == '-')
		end = one_end(end + 1, NULL, max, hi);
	if (end && !*end && *lo <= *hi)
		return 0;
	if (end && !*end)
		return conf_err(x, s, NULL, "\"%.40s\" ends before it begins", t);
	meant = w ? conf_did_you_mean(t, word_name, w) : NULL;
	if (meant)
		return conf_err(x, s, NULL, "\"%.40s\" is not known (did you mean \"%s\"?)", t, meant);
	return conf_err(x, s, NULL, "\"%.40s\" is no number of 0..%u, no range \"A-B\"%s", t, max,
			w ? " and no name" : "");
}

#define RANGE_FN(name, bit, words, top, f) \
	static int name(struct conf_ctx *x, const config_setting_t *s, void *obj) \
	{ \
		struct flow_conf *c = obj; \
		uint32_t lo = 0, hi = 0; \
		int rc = range(x, s, words, top, &lo, &hi); \
		if (rc < 0) \
			return rc; \
		c->sel.f##_lo = (__typeof__(c->sel.f##_lo))lo; \
		c->sel.f##_hi = (__typeof__(c->sel.f##_hi))hi; \
		c->sel.has |= bit; \
		return 0; \
	}

RANGE_FN(protocol_fn, FLOWSEL_PROTO, word_protocol, UINT8_MAX, proto)
RANGE_FN(peer_port_fn, FLOWSEL_SPORT, NULL, PORT_MAX, sport)
RANGE_FN(inside_port_fn, FLOWSEL_DPORT, NULL, PORT_MAX, dport)
RANGE_FN(dscp_fn, FLOWSEL_DSCP, word_dscp, 63, dscp)
RANGE_FN(label_fn, FLOWSEL_LABEL, NULL, LABEL_MAX, label)
RANGE_FN(spi_fn, FLOWSEL_SPI, NULL, UINT32_MAX, spi)

/* ---- addresses ---- */

/* "2001:db8::/32", "192.0.2.1", "192.0.2.1-192.0.2.9". The family, or 0 after saying what is
 * wrong. */
static uint8_t addresses(struct conf_ctx *x, const config_setting_t *s, union ip_bytes *lo,
			 union ip_bytes *hi)
{
	const char *t = conf_text(x, s), *dash = t ? strchr(t, '-') : NULL;
	struct prefix a, b;
	struct flowsel whole = { 0 };
	char first[INET6_ADDRSTRLEN];

	if (!t)
		return 0;
	snprintf(first, sizeof(first), "%.*s", (int)(dash ? dash - t : (long)strlen(t)), t);
	if (dash && strchr(t, '/')) {
		conf_err(x, s, NULL, "\"%.80s\": a range has addresses at its ends, no prefixes", t);
		return 0;
	}
	if (prefix_parse(dash ? first : t, &a) < 0 || (dash && prefix_parse(dash + 1, &b) < 0)) {
		conf_err(x, s, NULL, "\"%.80s\" is not a prefix, an address or a range of addresses", t);
		return 0;
	}
	if (dash && a.family != b.family) {
		conf_err(x, s, NULL, "\"%.80s\" begins and ends in different families", t);
		return 0;
	}
	if (!dash && prefix_has_host_bits(&a)) {
		b = prefix_network(&a);
		conf_err(x, s, NULL, "%s has host bits (did you mean %s?)", PFX(&a), PFX(&b));
		return 0;
	}
	flowsel_src(&whole, &a);
	*lo = whole.src_lo;
	*hi = dash ? b.a : whole.src_hi;
	if (memcmp(lo, hi, family_bytes(a.family)) <= 0)
		return a.family;
	conf_err(x, s, NULL, "\"%.80s\" ends before it begins", t);
	return 0;
}

static int peer_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	struct flow_conf *c = obj;

	c->peer_family = addresses(x, s, &c->sel.src_lo, &c->sel.src_hi);
	c->sel.has |= c->peer_family ? FLOWSEL_SRC : 0;
	return c->peer_family ? 0 : -EINVAL;
}

static int inside_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	struct flow_conf *c = obj;

	c->inside_family = addresses(x, s, &c->sel.dst_lo, &c->sel.dst_hi);
	c->sel.has |= c->inside_family ? FLOWSEL_DST : 0;
	return c->inside_family ? 0 : -EINVAL;
}

/* ---- where to ---- */

static bool bid_add(struct conf_ctx *x, const config_setting_t *s, struct flow_conf *c,
		    uint16_t bid, uint8_t weight)
{
	for (unsigned i = 0; i < c->n_bid; i++) {
		if (c->bid[i] == bid) {
			conf_err(x, s, NULL, "%u is given twice", bid);
			return false;
		}
	}
	if (c->n_bid == FLOW_MAX_BID) {
		conf_err(x, s, NULL, "more than %d", FLOW_MAX_BID);
		return false;
	}
	c->bid[c->n_bid] = bid;
	c->weight[c->n_bid++] = weight;
	return true;
}

static int bids_fn(struct conf_ctx *x, const config_setting_t *s, void *obj)
{
	struct flow_conf *c = obj;

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return conf_err(x, s, NULL, "a list is expected, also of one: [ 1 ]");
	if (config_setting_length(s) == 0)
		return conf_err(x, s, NULL, "is empty");
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		uint32_t lo = 0, hi = 0;

		if (range(x, e, NULL, BID_MAX, &lo, &hi) < 0)
			return -EINVAL;
		if (!lo || lo != hi)
			return conf_err(x, e, NULL, "binding identifiers are 1..%d", BID_MAX);
		if (!bid_add(x, e, c, (uint16_t)lo, 0))
			return -EINVAL;
	}
	return 0;
}

/* ---- a flow as a whole ---- */

static void family_of(struct conf_ctx *x, const config_setting_t *s, struct flow_conf *c)
{
	uint8_t said = c->family, label = c->sel.has & FLOWSEL_LABEL ? AF_INET6 : 0;
	const uint8_t of[] = { said, c->peer_family, c->inside_family, label };
	static const char *const name[] = { "family", "peer", "inside", "flowlabel" };

	c->sel.family = 0;
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		if (of[i] && c->sel.family && of[i] != c->sel.family) {
			conf_err(x, config_setting_get_member(s, name[i]), NULL,
				 "is about %s, but the rest of the flow about %s",
				 of[i] == AF_INET ? "IPv4" : "IPv6",
				 of[i] == AF_INET ? "IPv6" : "IPv4");
			return;
		}
		c->sel.family = of[i] ?: c->sel.family;
	}
}

static bool has_ports(const struct flowsel *s)
{
	static const uint8_t with[] = { 6, 17, 33, 132, 136 };

	if (!(s->has & FLOWSEL_PROTO))
		return true;		/* whatever has some */
	for (size_t i = 0; i < ARRAY_SIZE(with); i++)
		if (with[i] >= s->proto_lo && with[i] <= s->proto_hi)
			return true;
	return false;
}

static void ways_of(struct conf_ctx *x, const config_setting_t *s, struct flow_conf *c)
{
	const config_setting_t *bids = config_setting_get_member(s, "bids");
	const config_setting_t *weights = config_setting_get_member(s, "weights");
	unsigned sum = 0;

	if (!bids == !weights) {
		conf_err(x, s, NULL, bids ? "has bids and weights: one of the two says where to" :
			 "bids or weights is missing: where to");
		return;
	}
	for (size_t i = 0; i < c->n_weights; i++) {
		sum += c->weights[i].weight;
		if (c->weights[i].bid)
			bid_add(x, config_setting_get_elem(weights, (unsigned)i), c,
				c->weights[i].bid, c->weights[i].weight);
	}
	if (weights && !sum)
		conf_err(x, weights, NULL, "all are 0: nothing would be sent");
}

static void flow_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen)
{
	const config_setting_t *mask = config_setting_get_member(s, "mark_mask");
	struct flow_conf *c = obj;

	(void)seen;
	ways_of(x, s, c);
	family_of(x, s, c);
	if (c->sel.mark && !mask)
		c->sel.mask = UINT32_MAX;
	if (!c->sel.mark && mask)
		conf_err(x, mask, NULL, "needs mark");
	if (c->sel.mark & ~c->sel.mask)
		conf_err(x, config_setting_get_member(s, "mark"), NULL,
			 "0x%x has bits that are not in mark_mask 0x%x", c->sel.mark, c->sel.mask);
	if (c->sel.has & (FLOWSEL_SPORT | FLOWSEL_DPORT) && !has_ports(&c->sel))
		conf_err(x, config_setting_get_member(s, "protocol"), NULL,
			 "has no ports, which the flow is about");
	flowsel_tidy(&c->sel);
}

/* What the wire cannot say is for this end alone. */
static void home_flow_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen)
{
	const config_setting_t *send = config_setting_get_member(s, "send");
	struct flow_conf *c = obj;
	const char *why;

	flow_after(x, s, obj, seen);
	why = c->sel.mask ? "mark" : c->n_weights ? "weights" : NULL;
	if (send && c->send && why)
		conf_err(x, send, NULL, "%s cannot be sent: send = false, or without it", why);
	c->send = c->send && !why;
}

static const struct conf_key weight_keys[] = {
	{ "bid", CK_INT, LIVE, .required = true, OF(struct flow_weight, bid), .min = 1,
	  .max = BID_MAX, .help = "binding identifier" },
	{ "weight", CK_INT, LIVE, .required = true, OF(struct flow_weight, weight), .min = 0,
	  .max = 100, .help = "its share, in proportion to the others'; 0: none" },
};
const struct conf_schema conf_schema_flow_weight = {
	.name = "flows.weights", .key = weight_keys, .n = ARRAY_SIZE(weight_keys),
	.item = sizeof(struct flow_weight), .said = offsetof(struct flow_weight, said),
};
const struct conf_schema conf_schema_node_weight = {
	.name = "mobile_nodes.weights", .key = weight_keys, .n = ARRAY_SIZE(weight_keys),
	.item = sizeof(struct flow_weight), .said = offsetof(struct flow_weight, said),
};

#define A_RANGE		"a number, or text: \"A-B\""
#define FLOW_KEYS \
	{ "name", CK_TEXT, LIVE, .required = true, OF(struct flow_conf, name), .min = 1, \
	  .help = "what commands and logs call it" }, \
	{ "priority", CK_INT, LIVE, OF(struct flow_conf, prio), .min = 1, .max = 32767, \
	  .def = "10 * (place in the list + 1)", \
	  .help = "of the flows that match a packet the lowest counts; no two have the same" }, \
	{ "family", CK_WORD, LIVE, OF(struct flow_conf, family), .word = word_family, \
	  .def = "both", .type = "\"both\", \"ipv6\" or \"ipv4\"", \
	  .help = "with addresses it is theirs" }, \
	{ "protocol", CK_FN, LIVE, .fn = protocol_fn, .type = "a number, or text: a name or \"A-B\"", \
	  .help = "tcp, udp, icmp, icmpv6, sctp, dccp, udplite, esp, ah, gre, or a number" }, \
	{ "peer", CK_FN, LIVE, .fn = peer_fn, .type = "text: a prefix, an address or \"A-B\"", \
	  .help = "addresses of the far end: the correspondent" }, \
	{ "inside", CK_FN, LIVE, .fn = inside_fn, .type = "text: a prefix, an address or \"A-B\"", \
	  .help = "addresses of the mobile node or in its network" }, \
	{ "peer_port", CK_FN, LIVE, .fn = peer_port_fn, .type = A_RANGE, \
	  .help = "port of the far end" }, \
	{ "inside_port", CK_FN, LIVE, .fn = inside_port_fn, .type = A_RANGE, \
	  .help = "port of the mobile side" }, \
	{ "dscp", CK_FN, LIVE, .fn = dscp_fn, .type = "a number, or text: a name or \"A-B\"", \
	  .help = "0..63, or cs0..cs7, af11..af43, ef, voice-admit, le" }, \
	{ "flowlabel", CK_FN, LIVE, .fn = label_fn, .type = A_RANGE, .help = "of IPv6" }, \
	{ "spi", CK_FN, LIVE, .fn = spi_fn, .type = A_RANGE, .help = "of ESP and AH" }, \
	{ "mark", CK_INT, LIVE, OF(struct flow_conf, sel.mark), .min = 1, .max = U32_MAX, \
	  .help = "packet mark, as nftables sets it; for this end alone" }, \
	{ "mark_mask", CK_INT, LIVE, OF(struct flow_conf, sel.mask), .min = 1, .max = U32_MAX, \
	  .def = "all bits", .help = "bits of the mark that are looked at" }, \
	{ "bids", CK_FN, LIVE, .fn = bids_fn, .type = "list of binding identifiers", \
	  .help = "where to: the first of them that works" }, \
	{ "weights", CK_LIST, LIVE, OF(struct flow_conf, weights), \
	  .sub = &conf_schema_flow_weight, .count = offsetof(struct flow_conf, n_weights), \
	  .help = "or shared among these; one connection keeps its way" }

static const struct conf_key node_flow_keys[] = { FLOW_KEYS };
static const struct conf_key home_flow_keys[] = {
	FLOW_KEYS,
	{ "fid", CK_INT, LIVE, OF(struct flow_conf, fid), .min = 1, .max = 32767,
	  .def = "place in the list + 1", .help = "flow identifier (RFC 6089)" },
	{ "send", CK_BOOL, LIVE, OF(struct flow_conf, send), .def = "true",
	  .help = "the home agent is asked to send the flow the same way; not with mark or weights" },
};
const struct conf_schema conf_schema_node_flow = {
	.name = "mobile_nodes.flows", .key = node_flow_keys, .n = ARRAY_SIZE(node_flow_keys),
	.item = sizeof(struct flow_conf), .said = offsetof(struct flow_conf, said),
	.after = flow_after,
};
const struct conf_schema conf_schema_home_flow = {
	.name = "homes.flows", .key = home_flow_keys, .n = ARRAY_SIZE(home_flow_keys),
	.item = sizeof(struct flow_conf), .said = offsetof(struct flow_conf, said),
	.after = home_flow_after,
};

/* ---- a list as a whole ---- */

static const config_setting_t *flow_at(const struct conf_ctx *x, enum conf_src src, size_t owner,
				       size_t i, const char *key)
{
	const config_setting_t *e = conf_at_elem(x, src, owner, "flows", i);
	const config_setting_t *m = e && key ? config_setting_get_member(e, key) : NULL;

	return m ? m : e;
}

void conf_check_flows(struct conf_ctx *x, enum conf_src src, size_t owner, struct flow_conf *f,
		      size_t n)
{
	for (size_t i = 0; i < n; i++) {
		f[i].fid = f[i].fid ?: (uint16_t)(i + 1);
		f[i].prio = f[i].prio ?: (uint16_t)(10 * (i + 1));
		for (size_t j = 0; j < i; j++) {
			if (*f[i].name && strcmp(f[i].name, f[j].name) == 0)
				conf_err(x, flow_at(x, src, owner, i, "name"), NULL,
					 "\"%s\" is given twice", f[i].name);
			if (f[i].prio == f[j].prio)
				conf_err(x, flow_at(x, src, owner, i, "priority"), NULL,
					 "priority %u is that of \"%s\", too", f[i].prio, f[j].name);
			if (f[i].fid == f[j].fid)
				conf_err(x, flow_at(x, src, owner, i, "fid"), NULL,
					 "fid %u is that of \"%s\", too", f[i].fid, f[j].name);
		}
	}
	if (n > FLOW_CONF_MAX)
		conf_err(x, flow_at(x, src, owner, FLOW_CONF_MAX, NULL), NULL,
			 "more than %d flows", FLOW_CONF_MAX);
}

void conf_check_weights(struct conf_ctx *x, size_t node, const struct flow_weight *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (w[i].bid && w[i].bid == w[j].bid)
				conf_err(x, conf_at_elem(x, SRC_NODE, node, "weights", i), NULL,
					 "%u is given twice", w[i].bid);
		}
	}
}

void conf_check_home_flows(struct conf_ctx *x, const struct mn_conf *m, size_t home)
{
	const struct home_conf *h = &m->homes[home];

	conf_check_flows(x, SRC_HOME, home, h->flows, h->n_flow);
	for (size_t i = 0; i < h->n_flow; i++) {
		for (unsigned k = 0; k < h->flows[i].n_bid; k++) {
			size_t u = 0;

			while (u < m->n_uplink && m->uplinks[u].bid != h->flows[i].bid[k])
				u++;
			if (u == m->n_uplink)
				conf_err(x, flow_at(x, SRC_HOME, home, i, h->flows[i].n_weights ?
						    "weights" : "bids"), NULL,
					 "no uplink has bid %u", h->flows[i].bid[k]);
		}
	}
}

void conf_flows_free(struct flow_conf *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(f[i].weights);
	free(f);
}

/* ---- as text, for `config show` ---- */

static struct json_object *out(const struct conf_word *w, const struct flowsel *s, uint8_t bit,
			       uint32_t lo, uint32_t hi)
{
	char buf[32];

	if (!(s->has & bit))
		return NULL;
	for (; w && w->name && lo == hi; w++) {
		if (w->value == lo)
			return json_object_new_string(w->name);
	}
	if (lo == hi)
		return json_object_new_int64(lo);
	snprintf(buf, sizeof(buf), "%u-%u", lo, hi);
	return json_object_new_string(buf);
}

static struct json_object *out_addresses(const struct flow_conf *c, uint8_t bit,
					 const union ip_bytes *lo, const union ip_bytes *hi)
{
	uint8_t family = c->sel.family;
	struct prefix p = { .family = family, .a = *lo };
	char buf[2 * INET6_ADDRSTRLEN + 2], a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
	struct flowsel whole = { 0 };

	if (!(c->sel.has & bit) || !family)
		return NULL;
	for (unsigned n = 0; n <= family_bits(family); n++) {
		p.plen = (uint8_t)n;
		flowsel_src(&whole, &p);
		if (memcmp(&whole.src_lo, lo, family_bytes(family)) == 0 &&
		    memcmp(&whole.src_hi, hi, family_bytes(family)) == 0)
			return json_object_new_string(PFX(&p));
	}
	snprintf(buf, sizeof(buf), "%s-%s", inet_ntop(family, lo, a, sizeof(a)),
		 inet_ntop(family, hi, b, sizeof(b)));
	return json_object_new_string(buf);
}

struct json_object *conf_flow_dump(const struct conf_key *k, const void *obj)
{
	const struct flow_conf *c = obj;
	const struct flowsel *s = &c->sel;
	struct json_object *a;

	if (k->fn == protocol_fn)
		return out(word_protocol, s, FLOWSEL_PROTO, s->proto_lo, s->proto_hi);
	if (k->fn == peer_port_fn)
		return out(NULL, s, FLOWSEL_SPORT, s->sport_lo, s->sport_hi);
	if (k->fn == inside_port_fn)
		return out(NULL, s, FLOWSEL_DPORT, s->dport_lo, s->dport_hi);
	if (k->fn == dscp_fn)
		return out(word_dscp, s, FLOWSEL_DSCP, s->dscp_lo, s->dscp_hi);
	if (k->fn == label_fn)
		return out(NULL, s, FLOWSEL_LABEL, s->label_lo, s->label_hi);
	if (k->fn == spi_fn)
		return out(NULL, s, FLOWSEL_SPI, s->spi_lo, s->spi_hi);
	if (k->fn == peer_fn)
		return out_addresses(c, FLOWSEL_SRC, &s->src_lo, &s->src_hi);
	if (k->fn == inside_fn)
		return out_addresses(c, FLOWSEL_DST, &s->dst_lo, &s->dst_hi);
	if (k->fn != bids_fn || c->n_weights || !c->n_bid)
		return NULL;
	a = json_object_new_array();
	for (unsigned i = 0; i < c->n_bid; i++)
		json_object_array_add(a, json_object_new_int(c->bid[i]));
	return a;
}
