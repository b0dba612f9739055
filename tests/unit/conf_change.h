/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/conf_change.h - a configuration of a mobile router, and a change of any one key of any
 * configuration that was read. For the tests that walk over the tables of keys.
 */
#ifndef MIP6_TEST_CONF_CHANGE_H
#define MIP6_TEST_CONF_CHANGE_H

#include "ctl/conf_schema.h"

static const char mobile_text[] =
	"roles = [ \"mr\" ]; uplinks = ( { device = \"up0\"; bid = 1; }, { device = \"up1\"; bid = 2; } );"
	"homes = ( { home_address = \"2001:db8:280::5/64\"; home_agent = \"2001:db8:280::1\"; "
	"nai = \"a\"; security = { method = \"none\"; }; prefixes = ( { prefix = "
	"\"2001:db8:281::/64\"; device = \"lan\"; }, { prefix = \"10.0.0.0/24\"; } ); "
	"flows = ( { name = \"f\"; weights = ( { bid = 1; weight = 2; } ); } ); } );"
	"route_optimization = { policy = ( { peer = \"2001:db8::/32\"; allow = false; } ); };";

static inline void change_flow(const struct conf_key *k, char *obj)
{
	static const struct { const char *name; size_t at; } row[] = {
		{ "protocol", offsetof(struct flow_conf, sel.proto_hi) },
		{ "peer", offsetof(struct flow_conf, sel.src_hi) },
		{ "inside", offsetof(struct flow_conf, sel.dst_hi) },
		{ "peer_port", offsetof(struct flow_conf, sel.sport_hi) },
		{ "inside_port", offsetof(struct flow_conf, sel.dport_hi) },
		{ "dscp", offsetof(struct flow_conf, sel.dscp_hi) },
		{ "flowlabel", offsetof(struct flow_conf, sel.label_hi) },
		{ "spi", offsetof(struct flow_conf, sel.spi_hi) },
		{ "bids", offsetof(struct flow_conf, bid) },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (strcmp(row[i].name, k->name) == 0) {
			obj[row[i].at] ^= 1;
			return;
		}
	}
	fail_msg("%s: a form that this test does not know", k->name);
}

static inline void change_fn(struct conf *c, const struct conf_key *k, char *obj)
{
	const struct { int (*fn)(struct conf_ctx *, const config_setting_t *, void *); size_t at; }
	row[] = {
		{ conf_roles_fn, offsetof(struct conf, roles) },
		{ conf_debug_fn, 0 },
		{ conf_events_fn, offsetof(struct hook_conf, events) },
		{ conf_ipv4_options_fn, offsetof(struct conf, ha.accept_v4prefix) },
		{ conf_key_file_fn, offsetof(struct sec_conf, key.key) },
		{ conf_home_address_fn, offsetof(struct home_conf, hoa.a.b[15]) },
		{ conf_home_agent_fn, offsetof(struct home_conf, home_agents[0].s6_addr[15]) },
		{ conf_mnp_fn, offsetof(struct mnp_conf, prefix.a.b[2]) },
		{ conf_life_prefix_fn, offsetof(struct prefix_life, prefix.a.b[2]) },
		{ conf_peer_fn, offsetof(struct peer_policy, peer.a.b[2]) },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (row[i].fn != k->fn)
			continue;
		if (k->fn == conf_roles_fn)
			c->roles ^= ROLE_CN;
		else if (k->fn == conf_debug_fn)
			c->log.n_debug = 0;
		else
			obj[row[i].at] ^= 1;
		return;
	}
	change_flow(k, obj);
}

/* obj: the group of c that has the key. What is behind pointers is changed there. */
static inline void change(struct conf *c, const struct conf_key *k, char *obj)
{
	char *at = obj + k->at;
	struct prefix *p;

	switch (k->kind) {
	case CK_BOOL:
	case CK_INT:
	case CK_WORD:
		*at ^= 1;
		break;
	case CK_TIME:
		*(double *)(void *)at += 0.5;
		break;
	case CK_TEXT:
		strcpy(at, "another");
		break;
	case CK_ADDR:
		at[15] ^= 1;
		break;
	case CK_PREFIXES:
		memcpy(&p, at, sizeof(p));
		p[0].a.b[1] ^= 1;
		break;
	case CK_FN:
		change_fn(c, k, obj);
		break;
	case CK_GROUP:
	case CK_LIST:
		break;
	}
}

static inline char *first_item(const struct conf_key *k, char *obj)
{
	char *first;
	size_t n;

	memcpy(&n, obj + k->count, sizeof(n));
	memcpy(&first, obj + k->at, sizeof(first));
	if (!n)
		fail_msg("%s: nothing of it in the text of this test", k->name);
	return first;
}

#endif
