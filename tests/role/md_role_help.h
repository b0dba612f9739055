/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/md_role_help.h - the movement detector on fakes: two owned uplinks (wl0,
 * wl1) and a managed one (wwan0), a home at 2001:db8:280::/64, links and routers
 * by number. For tests/role/test_role_md*.c.
 */
#ifndef MIP6_TEST_MD_ROLE_HELP_H
#define MIP6_TEST_MD_ROLE_HELP_H

#include <linux/if_addr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/util.h"
#include "fake_io.h"
#include "fake_kern.h"
#include "fake_run.h"
#include "plan/plan_mn.h"
#include "role/md.h"
#include "run/event.h"
#include "run/log.h"
#include "sec/crypto.h"

#define A	"2001:db8:a::/64"
#define B	"2001:db8:b::/64"
#define C	"2001:db8:c::/64"
#define HOMENET	"2001:db8:280::/64"

enum { WL0 = 3, WL1 = 4, WWAN0 = 5 };	/* interface indexes */

static struct home_conf home[1];
static struct uplink_conf uplink[3];
static struct mn_conf conf;
static struct md *md;
static struct event heard[64];		/* md_info, home_hint, dad in order */
static size_t n_heard, n_read;
static int stopped_rc;

static inline struct in6_addr ip(const char *s)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, s, &a), 1);
	return a;
}

static inline struct prefix pfx(const char *s)
{
	struct prefix p;

	assert_int_equal(prefix_parse(s, &p), 0);
	return p;
}

static inline struct in6_addr router_addr(int n)
{
	struct in6_addr a = ip("fe80::a:0");

	a.s6_addr[15] = (uint8_t)n;
	return a;
}

static inline struct nd_lladdr router_mac(int n)
{
	return (struct nd_lladdr){ .len = 6, .b = { 2, 0xaa, [5] = (uint8_t)n } };
}

/* ---- the world ---- */

static void on_link(void *arg, const struct klink *l, bool gone)
{
	(void)arg;
	if (md)
		md_link(md, l, gone);
}

static void on_addr(void *arg, const struct kaddr_news *a)
{
	(void)arg;
	if (md)
		md_addr(md, a);
}

static void on_route(void *arg, const struct kroute_news *r)
{
	(void)arg;
	if (md)
		md_route(md, r);
}

static void hear(void *arg, const struct event *e)
{
	(void)arg;
	assert_true(n_heard < ARRAY_SIZE(heard));
	heard[n_heard++] = *e;
}

static void turn(void)
{
	fake_kern_run();
	event_drain();
}

static inline void start_md(void)
{
	const struct md_env env = { .kern = fake_kern(), .nd = fake_ndsock(), .dad = fake_dad(),
				    .live = &conf, .max_uplinks = ARRAY_SIZE(uplink) };

	assert_int_equal(md_start(&md, &conf, &env), 0);
	turn();
}

static int setup(void **state)
{
	const struct kern_news news = { .link = on_link, .addr = on_addr, .route = on_route };
	struct kern *k;

	(void)state;
	log_set_level(NULL, 0);		/* nothing: what is said is not tested here */
	fake_run_reset();
	fake_kern_reset();
	fake_io_reset();
	fake_dad_reset();
	assert_int_equal(kern_open(&k, NULL, &(struct kern_conf){ 0 }, &news), 0);
	fake_run_each_turn(turn);
	event_listen(hear, NULL);
	n_heard = n_read = 0;
	home[0] = (struct home_conf){ .hoa = pfx("2001:db8:280::beef/64"), .table = 6500 };
	uplink[0] = (struct uplink_conf){ .dev = "wl0", .table = 6000 };
	uplink[1] = (struct uplink_conf){ .dev = "wl1", .table = 6001 };
	uplink[2] = (struct uplink_conf){ .dev = "wwan0", .table = 6002, .managed = true };
	conf = (struct mn_conf){ .uplinks = uplink, .n_uplink = 3, .homes = home, .n_home = 1,
				 .home_device = "mip0", .rule_pref = 6000,
				 .iid_secret = { 1, 2, 3 } };
	timers_default(&conf.timers);
	md = NULL;
	return 0;
}

static void on_stopped(void *arg, int rc)
{
	(void)arg;
	stopped_rc = rc;
}

/* Each test ends with a detector that leaves nothing behind. */
static int teardown(void **state)
{
	(void)state;
	if (md) {
		stopped_rc = 1;
		md_stop(md, on_stopped, NULL);
		turn();
		if (stopped_rc != 0 || fake_kern_count() != 0 || fake_dad_count() != 0 ||
		    fake_run_timers() != 0) {
			print_error("left behind:\n%s", fake_kern_dump());
			return -1;
		}
		md_free(md);
		if (fake_nd_watched(WL0) || fake_nd_watched(WL1) || fake_nd_watched(WWAN0))
			return -1;
	}
	md = NULL;
	event_fini();
	fake_kern_reset();
	fake_io_reset();
	fake_dad_reset();
	return 0;
}

/* ---- facts ---- */

static inline void carrier(int ifindex, bool on)
{
	const struct klink *there = kern_link_by_index(fake_kern(), ifindex);
	struct klink l = *there;

	l.carrier = on;
	fake_kern_link(&l, false);
	turn();
	fake_run_advance(0.001);	/* nothing of this link is heard in the same moment */
}

static inline void address(int ifindex, const char *a, uint32_t flags, bool gone)
{
	struct prefix p = pfx(a);
	struct kaddr_news n = { .ifindex = ifindex, .addr = p.a.in6, .plen = p.plen,
				.flags = flags, .gone = gone };

	fake_kern_addr(&n);
	turn();
}

static inline void link_up(int ifindex)
{
	static const char *const name[] = { [WL0] = "wl0", [WL1] = "wl1", [WWAN0] = "wwan0" };
	char ll[PREFIX_STRLEN];

	snprintf(ll, sizeof(ll), "fe80::%d/64", ifindex);
	address(ifindex, ll, IFA_F_PERMANENT, false);
	fake_kern_link_up(ifindex, name[ifindex]);
	turn();
}

/* An RA of router n with one prefix; what else it says may be changed before it is heard. */
static inline struct nd_msg make_ra(int n, const char *prefix)
{
	struct nd_msg m = { .type = ND_RA };
	struct prefix p = pfx(prefix);

	m.ra.router_lifetime = 1800;
	m.ra.slla = router_mac(n);
	m.ra.n_prefix = 1;
	m.ra.prefix[0] = (struct nd_prefix){ .addr = p.a.in6, .plen = p.plen, .on_link = true,
					     .autonomous = true, .valid = 86400,
					     .preferred = 14400 };
	return m;
}

static inline void hear_ra(int ifindex, int n, const struct nd_msg *m)
{
	struct in6_addr from = router_addr(n), all = ip("ff02::1");

	assert_true(fake_nd_rx(ifindex, &from, &all, m));
	turn();
}

static inline void ra(int ifindex, int n, const char *prefix)
{
	struct nd_msg m = make_ra(n, prefix);

	hear_ra(ifindex, n, &m);
}

static inline void na(int ifindex, int n)
{
	struct in6_addr from = router_addr(n), to = ip("fe80::3");
	struct nd_msg m = { .type = ND_NA, .na = { .target = from, .router = true,
						   .solicited = true } };

	assert_true(fake_nd_rx(ifindex, &from, &to, &m));
	turn();
}

/* ---- what comes out ---- */

static inline struct in6_addr formed(const char *prefix, const char *dev, uint8_t counter)
{
	struct prefix p = pfx(prefix);
	struct in6_addr a = p.a.in6;

	crypto_opaque_iid(conf.iid_secret, &p.a.in6, dev, counter, &a.s6_addr[8]);
	return a;
}

/* The next event that was heard, of any kind; it must be this. */
static inline const struct event *next_event(enum event_type type)
{
	if (n_read == n_heard)
		fail_msg("no event %s", event_desc[type].name);
	assert_int_equal(heard[n_read].type, type);
	return &heard[n_read++];
}

static inline void no_event(void)
{
	if (n_read != n_heard)
		fail_msg("unexpected event %s", event_desc[heard[n_read].type].name);
}

static inline void told(const char *dev, const char *kind, const struct in6_addr *coa, int router)
{
	const struct event *e = next_event(EV_md_info);
	struct in6_addr r = router ? router_addr(router) : in6addr_any;

	assert_string_equal(e->md_info.kind, kind);
	assert_string_equal(e->md_info.device, dev);
	assert_string_equal(A6(&e->md_info.care_of), A6(coa ? coa : &in6addr_any));
	assert_string_equal(A6(&e->md_info.router), A6(&r));
}

static inline bool has_address(const char *dev, const struct in6_addr *a, bool deprecated)
{
	struct kobj k = { .kind = KOBJ_ADDR };

	snprintf(k.addr.dev, IFNAMSIZ, "%s", dev);
	k.addr.addr = prefix6(a, 64);
	k.addr.flags = IFA_F_NODAD | IFA_F_NOPREFIXROUTE;
	k.addr.deprecated = deprecated;
	return fake_kern_has(&k);
}

static inline bool has_rule(const struct in6_addr *from, uint32_t table)
{
	struct kobj k = { .kind = KOBJ_RULE };

	k.rule.family = AF_INET6;
	k.rule.pref = conf.rule_pref + MN_RULE_COA;
	k.rule.from = prefix6(from, 128);
	k.rule.table = table;
	k.rule.suppress_plen = -1;
	strcpy(k.rule.iif, "lo");	/* for what we send ourselves */
	return fake_kern_has(&k);
}

static inline bool has_default(uint32_t table, int router)
{
	char want[128];
	struct in6_addr via = router_addr(router);

	snprintf(want, sizeof(want), "via %s ", A6(&via));
	for (const char *line = fake_kern_dump(); *line; line += strcspn(line, "\n") + 1) {
		char one[KOBJ_STRLEN], num[16];

		snprintf(one, sizeof(one), "%.*s ", (int)strcspn(line, "\n"), line);
		snprintf(num, sizeof(num), "table %u ", table);
		if (strncmp(one, "route ", 6) == 0 && strstr(one, want) && strstr(one, num))
			return true;
	}
	return false;
}

/* The next ND message that was sent; of this type and link. */
static inline const struct fake_nd *sent(int ifindex, uint8_t type)
{
	const struct fake_nd *m = fake_nd_pop();

	assert_non_null(m);
	assert_int_equal(m->m.type, type);
	assert_int_equal(m->ifindex, ifindex);
	return m;
}

static inline void sent_nothing(void)
{
	assert_int_equal(fake_nd_count(), 0);
}

static inline void forget_sent(void)
{
	while (fake_nd_pop())
		;
}

/* wl0 is attached at router 1 in A, everything of that is read. */
static inline struct in6_addr attached(void)
{
	struct in6_addr coa = formed(A, "wl0", 0);

	link_up(WL0);
	ra(WL0, 1, A);
	told("wl0", "coa", &coa, 1);
	assert_true(fake_dad_finish(&coa, false));
	turn();
	assert_false(next_event(EV_dad)->dad.duplicate);
	no_event();
	forget_sent();
	return coa;
}

static inline int setup_started(void **state)
{
	setup(state);
	start_md();
	return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_started, teardown)

#endif
