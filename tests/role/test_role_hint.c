/* SPDX-License-Identifier: BSD-2-Clause */
/* Hints from outside programs: each wrong one is refused, by the name of the field. */
#include <linux/if_addr.h>
#include <stdio.h>

#include "mn_help.h"

#include "bind_help.h"
#include "fake/fake_kern.h"
#include "fake/fake_run.h"
#include "role/hint.h"
#include "run/log.h"

#define OWN		"2001:db8:5::1"		/* on lan0 */
#define MANAGED_COA	"2001:db8:6::9"

static struct mn_world w;
static struct cn_conf cn_conf;
static struct node *node;
static unsigned n_event[EV__COUNT];

static void turn(void)
{
	do
		event_drain();
	while (fake_kern_run());
}

static void count(void *arg, const struct event *e)
{
	(void)arg;
	n_event[e->type]++;
}

static void on_ready(void *arg, int rc)
{
	(void)arg;
	assert_int_equal(rc, 0);
}

static void address(int ifindex, const char *a, uint32_t flags)
{
	struct kaddr_news n = { .ifindex = ifindex, .addr = ip6(a), .plen = 64, .flags = flags };

	fake_kern_addr(&n);
}

static int setup(void **state)
{
	(void)state;
	log_init(LOG_LV_ERR - 1);
	fake_run_reset();
	fake_io_reset();
	fake_dad_reset();
	fake_kern_reset();
	event_fini();
	memset(n_event, 0, sizeof(n_event));
	fake_run_each_turn(turn);
	fake_kern_link_up(3, "wlan0");
	fake_kern_link_up(4, "wwan0");
	fake_kern_link_up(5, "lan0");
	mn_world_make(&w);
	w.c.n_home = 1;
	w.c.timers.probe_interval = 0;
	w.uplink[0].coa_dad = COA_DAD_OFF;	/* in use at once */
	w.c.ro.enabled = true;
	w.c.ro.max_peers = 4;
	cn_conf = (struct cn_conf){ .max_bindings = 3, .max_lifetime = 420 };
	timers_default(&cn_conf.timers);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	node_free(node);
	node = NULL;
	fake_kern_reset();
	fake_io_reset();
	event_fini();
	fake_run_reset();
	return 0;
}

static void begin(unsigned roles)
{
	struct node_conf c = { .roles = roles, .cn = &cn_conf };

	if (roles & ROLE_MR)
		c.mn = &w.c;
	event_listen(count, NULL);
	assert_int_equal(node_start(&node, NULL, &c, on_ready, NULL), 0);
	turn();
	address(5, OWN, IFA_F_PERMANENT);
}

/* field NULL: taken. "role": that does not run. */
static void hint(const struct event *e, const char *field, const char *reason)
{
	struct hint_refusal r = { 0 };
	bool ok = node_hint(node, e, &r);

	turn();
	if (ok != !field)
		fail_msg("%s wanted, got %s: %s", field ? field : "taken",
			 r.field ? r.field : ok ? "taken" : "role", r.reason);
	if (field && strcmp(field, r.field ? r.field : "role") != 0)
		fail_msg("%s wanted, got %s: %s", field, r.field, r.reason);
	if (field && !strstr(r.reason, reason))
		fail_msg("\"%s\" wanted, got \"%s\"", reason, r.reason);
	fake_run_advance(1);
}

static struct event md_info(const char *kind, const char *dev, const char *coa,
			    const char *router, const char *link)
{
	struct event e = { .type = EV_md_info };

	snprintf(e.md_info.kind, EVENT_STR, "%s", kind);
	snprintf(e.md_info.device, EVENT_STR, "%s", dev);
	if (coa)
		e.md_info.care_of = ip6(coa);
	if (router)
		e.md_info.router = ip6(router);
	if (link)
		assert_int_equal(prefix_parse(link, &e.md_info.link), 0);
	return e;
}

#define R	"fe80::9"
#define L	"2001:db8:7::/64"

static void test_where_an_uplink_cannot_be(void **state)
{
	static const struct {
		const char *kind, *dev, *coa, *router, *link, *field, *reason;
	} row[] = {
		{ "", "wlan0", NULL, NULL, NULL, "kind", "is missing" },
		{ "away", "wlan0", NULL, NULL, NULL, "kind", "\"away\" is not coa, home or lost" },
		{ "lost", "", NULL, NULL, NULL, "device", "is missing" },
		{ "lost", "eth7", NULL, NULL, NULL, "device", "eth7: no such device" },
		{ "coa", "lan0", NULL, R, L, "device", "lan0 is no uplink" },
		{ "lost", "wlan0", NULL, R, NULL, "router", "lost" },
		{ "lost", "wlan0", NULL, NULL, L, "link", "lost" },
		{ "lost", "wlan0", "2001:db8:7::1", NULL, NULL, "care_of", "lost" },
		{ "coa", "wlan0", "ff0e::1", R, L, "care_of", "is a group" },
		{ "coa", "wlan0", "fe80::1", R, L, "care_of", "is no global unicast address" },
		{ "coa", "wlan0", "::1", R, L, "care_of", "is no global unicast address" },
		{ "coa", "wlan0", HOA, R, L, "care_of", "is a home address" },
		{ "coa", "wlan0", "2001:db8:280::77", R, L, "care_of", "which is ours" },
		{ "coa", "wlan0", OWN, R, "2001:db8:5::/64", "care_of", "is on another device" },
		{ "coa", "wlan0", "2001:db8:8::1", R, L, "link", "does not contain" },
		{ "coa", "wlan0", NULL, R, NULL, "link", "is missing" },
		{ "coa", "wlan0", NULL, R, "10.0.0.0/24", "link", "is no IPv6 prefix" },
		{ "coa", "wlan0", NULL, R, "fe80::/64", "link", "is no global unicast prefix" },
		{ "coa", "wlan0", NULL, R, "ff05::/64", "link", "is no global unicast prefix" },
		{ "coa", "wlan0", NULL, R, "2001:db8:7::/60", "link", "64 bits" },
		{ "coa", "wlan0", NULL, R, "2001:db8:280::/64", "link", "which is ours" },
		{ "coa", "wlan0", NULL, NULL, L, "router", "is missing" },
		{ "coa", "wlan0", NULL, "2001:db8:7::1", L, "router", "link-local" },
		{ "coa", "wlan0", NULL, "ff02::2", L, "router", "link-local" },
		{ "coa", "wlan0", NULL, "fe80::33", L, "router", "our own" },
		{ "home", "wlan0", "2001:db8:280::77", R, NULL, "care_of", "at home" },
		{ "home", "wlan0", NULL, R, NULL, "link", "is missing" },
		{ "home", "wlan0", NULL, R, L, "link", "is no home prefix of ours" },
		{ "home", "wlan0", NULL, R, "2001:db8:280::/63", "link", "is no home prefix" },
		{ "home", "wlan0", NULL, "ff02::2", "2001:db8:280::/64", "router", "link-local" },
	};
	struct event e;

	(void)state;
	begin(ROLE_MR);
	assert_int_equal(n_event[EV_node_type], 1);
	address(3, "fe80::33", IFA_F_PERMANENT);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		e = md_info(row[i].kind, row[i].dev, row[i].coa, row[i].router, row[i].link);
		hint(&e, row[i].field, row[i].reason);
	}
	assert_int_equal(n_event[EV_md_info], 0);
	e = md_info("coa", "wlan0", NULL, R, L);
	e.md_info.bid = 77;
	hint(&e, "bid", "wlan0 has");
	e.md_info.bid = 0;
	hint(&e, NULL, NULL);
	assert_int_equal(n_event[EV_md_info], 1);
	e = md_info("lost", "wlan0", NULL, NULL, NULL);
	hint(&e, NULL, NULL);
	assert_int_equal(n_event[EV_md_info], 2);
	e = md_info("home", "wlan0", NULL, R, "2001:db8:280::/64");
	hint(&e, NULL, NULL);
	assert_int_equal(n_event[EV_md_info], 3);
}

static void test_devices_that_are_down_and_managed_ones(void **state)
{
	struct event e = md_info("coa", "wlan0", NULL, R, L);
	struct klink l;

	(void)state;
	w.c.uplinks[1].managed = true;
	begin(ROLE_MR);
	l = *kern_link(fake_kern(), "wlan0");
	l.carrier = false;
	fake_kern_link(&l, false);
	hint(&e, "device", "wlan0 has no carrier");
	l.up = false;
	fake_kern_link(&l, false);
	hint(&e, "device", "wlan0 is down");
	fake_kern_link(&l, true);
	hint(&e, "device", "wlan0: no such device");
	e = md_info("coa", "wwan0", NULL, R, NULL);
	hint(&e, "care_of", "something else configures wwan0");
	e = md_info("coa", "wwan0", MANAGED_COA, R, NULL);
	hint(&e, "care_of", "is not on wwan0");
	address(4, MANAGED_COA, IFA_F_TENTATIVE);
	hint(&e, "care_of", "is tentative");
	address(4, MANAGED_COA, IFA_F_PERMANENT);
	hint(&e, NULL, NULL);
}

static void test_home_hints(void **state)
{
	struct event e = { .type = EV_home_hint };

	(void)state;
	begin(ROLE_MR);
	hint(&e, "device", "is missing");
	snprintf(e.home_hint.device, EVENT_STR, "lan0");
	hint(&e, "device", "is no uplink");
	snprintf(e.home_hint.device, EVENT_STR, "wlan0");
	hint(&e, "prefix", "is missing");
	assert_int_equal(prefix_parse(L, &e.home_hint.prefix), 0);
	hint(&e, "prefix", "is no home prefix of ours");
	assert_int_equal(prefix_parse("2001:db8:280::/64", &e.home_hint.prefix), 0);
	hint(&e, NULL, NULL);
	assert_int_equal(n_event[EV_home_hint], 1);
}

static void test_pairs_that_cannot_be_optimised(void **state)
{
	struct event e = { .type = EV_rr_hint, .rr_hint.peer = ip6("2001:db8:cc::2") };
	struct event at = md_info("coa", "wlan0", NULL, R, L);

	(void)state;
	begin(ROLE_MR);
	hint(&e, "home_address", "no home address of ours");
	e.rr_hint.home_address = ip6(HOA);
	hint(&e, "home_address", "not away");
	hint(&at, NULL, NULL);
	e.rr_hint.peer = ip6("ff0e::1");
	hint(&e, "peer", "no unicast address");
	e.rr_hint.peer = ip6(HOA);
	hint(&e, "peer", "one of our own");
	e.rr_hint.peer = ip6(HA1);
	hint(&e, "peer", "home agent");
	e.rr_hint.peer = ip6("2001:db8:cc::2");
	hint(&e, NULL, NULL);
	assert_int_equal(n_event[EV_rr_hint], 1);
}

static void test_errors_that_are_none(void **state)
{
	struct event e = { .type = EV_be_hint };
	const struct fake_mh *m;

	(void)state;
	begin(ROLE_CN);
	hint(&e, "peer", "no unicast address");
	e.be_hint.peer = ip6(OWN);
	hint(&e, "home_address", "no global unicast address");
	e.be_hint.home_address = ip6("2001:db8:99::1");
	hint(&e, "local", "no address of this node");
	e.be_hint.local = ip6(OWN);
	hint(&e, "peer", "is our own");
	e.be_hint.peer = ip6("2001:db8:98::1");
	hint(&e, "status", "0 is not 1");
	e.be_hint.status = 300;
	hint(&e, "status", "300 is not 1");
	assert_null(fake_mh_pop());
	e.be_hint.status = BE_UNKNOWN_BINDING;
	hint(&e, NULL, NULL);
	m = fake_mh_pop();
	assert_non_null(m);
	assert_int_equal(m->m.type, MH_BE);
	assert_int_equal(m->m.be.status, BE_UNKNOWN_BINDING);
	assert_string_equal(A6(&m->m.be.hoa), "2001:db8:99::1");
	assert_string_equal(A6(&m->tx.dst), "2001:db8:98::1");
	assert_string_equal(A6(&m->tx.src), OWN);
	assert_int_equal(n_event[EV_be_hint], 1);
	/* bound: no error can come of its packets */
	bind_update(ip6("2001:db8:99::1"), ip6("2001:db8:98::1"), ip6(OWN), 1);
	turn();
	hint(&e, "home_address", "is bound");
}

static void test_roles_and_floods(void **state)
{
	struct event e = md_info("lost", "wlan0", NULL, NULL, NULL), fact = { .type = EV_bc_add };
	struct hint_refusal r;
	unsigned taken = 0;

	(void)state;
	begin(ROLE_CN);
	hint(&e, "role", "mn");
	node_free(node);
	event_fini();
	begin(ROLE_MR);
	hint(&fact, "event", "bc_add is no hint");
	while (node_hint(node, &e, &r) && taken < 1000)
		taken++;
	assert_int_equal(taken, HINT_RATE);
	assert_string_equal(r.field, "event");
	assert_non_null(strstr(r.reason, "more than 100"));
	fake_run_advance(0.5);
	assert_true(node_hint(node, &e, &r));
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_where_an_uplink_cannot_be),
		T(test_devices_that_are_down_and_managed_ones),
		T(test_home_hints),
		T(test_pairs_that_cannot_be_optimised),
		T(test_errors_that_are_none),
		T(test_roles_and_floods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
