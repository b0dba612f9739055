/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/mn_help.h - a mobile router with two uplinks (one owned, one managed) and two
 * homes, for the tests of store/bul.c, plan/plan_mn.c and role/mn.c.
 *
 * Home 0 is the router of the first paper's network: one IPv6 and one IPv4 prefix,
 * explicit, authentication option with timestamps. Home 1 is bare: no prefixes, no
 * security. The configuration is fresh with each mn_world_make().
 */
#ifndef MIP6_TEST_MN_HELP_H
#define MIP6_TEST_MN_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/util.h"
#include "store/conf.h"

#define HOME_PREFIX	"2001:db8:280::/64"
#define HA1		"2001:db8:280::1"
#define HA2		"2001:db8:280::2"
#define HOA		"2001:db8:280::beef"
#define HOA_LL		"fe80::beef"
#define HOA2		"2001:db8:290::77"
#define MNP		"2001:db8:281::/64"
#define NET4		"10.0.0.0/24"
#define NET4B		"10.1.0.0/16"
#define OWN4		"10.0.0.1"
#define LINK1		"2001:db8:f1::/64"
#define LINK2		"2001:db8:f2::/64"
#define COA1		"2001:db8:f1::c"
#define COA2		"2001:db8:f2::c"
#define COA3		"2001:db8:f3::c"
#define ROUTER1		"fe80::f1"
#define ROUTER2		"fe80::f2"
#define HOME_ROUTER	"fe80::1"
#define NAI		"bus17@example.org"

static inline struct in6_addr ip6(const char *s)
{
	struct in6_addr a = in6addr_any;

	assert_int_equal(inet_pton(AF_INET6, s, &a), 1);
	return a;
}

static inline bool is6(const struct in6_addr *a, const char *s)
{
	struct in6_addr b = ip6(s);

	return in6_eq(a, &b);
}

static inline struct in_addr ip4(const char *s)
{
	struct in_addr a = { 0 };

	assert_int_equal(inet_pton(AF_INET, s, &a), 1);
	return a;
}

static inline struct prefix pfx(const char *s)
{
	struct prefix p;

	assert_int_equal(prefix_parse(s, &p), 0);
	return p;
}

static inline struct locator loc(const char *s)
{
	struct in6_addr a = ip6(s);

	return locator6(&a);
}

struct mn_world {
	struct mn_conf c;
	struct uplink_conf uplink[2];
	struct home_conf home[2];
	struct mnp_conf mnp[8];		/* two for home 0; tests append */
};

static inline struct mnp_conf mnp_conf(const char *prefix, enum prefix_mode mode, const char *dev)
{
	struct mnp_conf m = { .prefix = pfx(prefix), .mode = mode };

	strcpy(m.dev, dev);
	return m;
}

static inline void mn_world_make(struct mn_world *w)
{
	*w = (struct mn_world){
		.uplink = { { .dev = "wlan0", .priority = 10, .table = 6000 },
			    { .dev = "wwan0", .priority = 20, .table = 6001, .managed = true } },
		.home = { { .hoa = pfx(HOA "/64"), .home_agents = { ip6(HA1) }, .n_ha = 1,
			    .n_prefix = 2, .nai = NAI, .lifetime = 600,
			    .carrier = CARRIER_IP6TNL, .table = 6500, .bulk = true },
			  { .hoa = pfx(HOA2 "/64"), .home_agents = { ip6("2001:db8:290::1") },
			    .n_ha = 1, .lifetime = 600, .carrier = CARRIER_IP6TNL,
			    .table = 6501, .bulk = true, .sec.method = SEC_NONE } },
	};
	w->mnp[0] = mnp_conf(MNP, PREFIX_EXPLICIT, "lan0");
	w->mnp[1] = mnp_conf(NET4, PREFIX_EXPLICIT, "lan0");
	w->home[0].prefixes = w->mnp;
	w->home[0].sec = (struct sec_conf){ .method = SEC_AUTH_OPTION, .replay_window = 7,
					    .timestamps = true };
	w->home[0].sec.key = (struct auth_key){ .spi = 1000, .len = 16 };
	for (uint8_t i = 0; i < 16; i++)
		w->home[0].sec.key.key[i] = (uint8_t)(0x10 + i);
	w->c = (struct mn_conf){ .router = true, .uplinks = w->uplink, .n_uplink = 2,
				 .homes = w->home, .n_home = 2, .home_device = "mip0",
				 .rule_pref = 6000, .mark_mask = 0xff, .bid_table = 7000, .routes_by_source = true,
				 .dialect = { 11, 12 } };
	timers_default(&w->c.timers);
}

#endif
