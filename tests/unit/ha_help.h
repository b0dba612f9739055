/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/ha_help.h - a home agent with one home link, a home prefix on no link, and
 * four nodes, for the tests of store/ha_rules.c, plan/plan_ha.c and role/ha.c.
 *
 * The configuration is fresh with each ha_conf_make(); tests change what they need.
 */
#ifndef MIP6_TEST_HA_HELP_H
#define MIP6_TEST_HA_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/util.h"
#include "store/ha_rules.h"

#define HOME		"2001:db8:280::/64"
#define HA_ADDR		"2001:db8:280::1"
#define MR		"2001:db8:280::beef"	/* router: MNP1, MNP2, NET4, NET4B */
#define MR2		"2001:db8:280::2"	/* router: MNP3, NET4C */
#define HOST		"2001:db8:280::cafe"	/* no router */
#define STRANGER	"2001:db8:280::dead"	/* in the home prefix, not configured */
#define VIRTUAL		"2001:db8:500::/64"	/* on no link */
#define VIRTUAL_HA	"2001:db8:500::1"
#define VMR		"2001:db8:500::9"	/* router: MNP4 */
#define COA		"2001:db8:f1::2"
#define COA2		"2001:db8:f2::2"
#define MNP1		"2001:db8:281::/64"
#define MNP2		"2001:db8:282::/64"
#define MNP3		"2001:db8:283::/64"
#define MNP4		"2001:db8:501::/64"
#define NET4		"10.0.0.0/24"
#define NET4B		"10.1.0.0/16"
#define NET4C		"10.2.0.0/24"

static inline struct in6_addr ip6(const char *s)
{
	struct in6_addr a = in6addr_any;

	assert_int_equal(inet_pton(AF_INET6, s, &a), 1);
	return a;
}

static inline struct prefix pfx(const char *s)
{
	struct prefix p;

	assert_int_equal(prefix_parse(s, &p), 0);
	return p;
}

/* All that the configuration points to. */
struct ha_world {
	struct ha_conf c;
	struct home_link link;
	struct prefix home, served, mr[4], mr2[2], vmr[1];
	struct mobile_node node[4];
};

static inline struct mobile_node *world_node(struct ha_world *w, const char *hoa)
{
	struct in6_addr a = ip6(hoa);

	for (size_t i = 0; i < w->c.n_node; i++)
		if (in6_eq(&w->c.nodes[i].hoa, &a))
			return &w->c.nodes[i];
	fail_msg("no node %s", hoa);
	return NULL;
}

static inline void world_make(struct ha_world *w)
{
	*w = (struct ha_world){ 0 };
	w->home = pfx(HOME);
	w->served = pfx(VIRTUAL);
	w->mr[0] = pfx(MNP1);
	w->mr[1] = pfx(MNP2);
	w->mr[2] = pfx(NET4);
	w->mr[3] = pfx(NET4B);
	w->mr2[0] = pfx(MNP3);
	w->mr2[1] = pfx(NET4C);
	w->vmr[0] = pfx(MNP4);
	w->link = (struct home_link){ .dev = "h0", .address = ip6(HA_ADDR), .prefixes = &w->home,
				      .n_prefix = 1, .valid = UINT32_MAX,
				      .preferred = UINT32_MAX };
	w->node[0] = (struct mobile_node){ .hoa = ip6(MR), .router = true, .prefixes = w->mr,
					   .n_prefix = 4, .sec.method = SEC_NONE };
	w->node[1] = (struct mobile_node){ .hoa = ip6(HOST), .sec.method = SEC_NONE };
	w->node[2] = (struct mobile_node){ .hoa = ip6(VMR), .router = true, .prefixes = w->vmr,
					   .n_prefix = 1, .sec.method = SEC_NONE };
	w->node[3] = (struct mobile_node){ .hoa = ip6(MR2), .router = true, .prefixes = w->mr2,
					   .n_prefix = 2, .sec.method = SEC_NONE };
	w->c = (struct ha_conf){
		.links = &w->link, .n_link = 1, .nodes = w->node, .n_node = 4,
		.served = &w->served, .n_served = 1, .virtual_address = ip6(VIRTUAL_HA),
		.tunnel = TUNNEL_SHARED, .carrier = CARRIER_IP6TNL, .home_routes = true,
		.metric = 2000, .metric_spread = 4096, .table = 254, .max_lifetime = 3600,
		.max_care_of = BC_MAX_COA, .bulk_registration = true, .bid_table = 8000,
		.mark_mask = 0xff, .dad = true, .accept_rfc5555 = true, .prefix_advertisements = true,
	};
	timers_default(&w->c.timers);
	ha_conf_index(&w->c);
}

#endif
