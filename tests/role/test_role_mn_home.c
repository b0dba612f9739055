/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile router: coming home and leaving it, probes, a kernel that refuses. */
#include "role/mn_role_help.h"

#define ON_UPLINK	"addr " HOA "/64 dev wlan0 nodad home noprefixroute"
#define VIA_HOME6	"route ::/0 via " HOME_ROUTER " dev wlan0 table 6500 metric 1024 src " HOA \
			"/128"
#define VIA_HOME4	"route 0.0.0.0/0 via " HOME_ROUTER " dev wlan0 table 6500 metric 1024 src " \
			OWN4 "/32"

static const struct nd_lladdr ha_mac = { .len = 6, .b = { 2, 0, 0, 0, 0, 1 } };

/* ---- returning home (RFC 6275 11.5.5) ---- */

static void check_na(const char *target)
{
	const struct fake_nd *n = fake_nd_pop();

	assert_non_null(n);
	assert_int_equal(n->m.type, ND_NA);
	assert_int_equal(n->ifindex, WLAN0);
	assert_false(n->has_dst);		/* all nodes */
	assert_true(is6(&n->m.na.target, target));
	assert_true(n->m.na.override);
	assert_false(n->m.na.solicited);
	assert_int_equal(n->m.na.tlla.len, 6);
	assert_memory_equal(n->m.na.tlla.b, kern_link(fake_kern(), "wlan0")->lladdr.b, 6);
}

static void test_home_foreign_home_with_the_address_never_gone(void **state)
{
	struct bu b;

	(void)state;
	ra_ll = ha_mac;
	registered();
	fake_kern_log();
	at_home();
	b = one_bu();
	assert_true(b.home && b.dereg);		/* check_bu(): no HAO, no AltCoA, no prefixes */
	assert_int_equal(fake_dad_count(), 0);	/* the home agent would answer */
	assert_true(is6(&b.src, HOA));
	assert_int_equal(fake_kern_neigh_count(), 1);
	assert_true(is6(&fake_kern_neigh(0)->addr, HA1));
	assert_true(fake_kern_neigh(0)->reachable);
	assert_memory_equal(fake_kern_neigh(0)->ll.b, ha_mac.b, 6);
	assert_true(in_kernel(ON_UPLINK));	/* ready to answer solicitations for it */
	assert_true(in_kernel("route " HA1 "/128 dev wlan0 table 6500 metric 1024"));
	assert_string_equal(default_dev(AF_INET6), "mip0a");	/* until the answer */
	assert_string_equal(default_dev(AF_INET), "mip0a");
	assert_int_equal(fake_nd_count(), 0);
	advance(0.01);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_HOME);
	assert_true(in_kernel(VIA_HOME6));
	assert_true(in_kernel(VIA_HOME4));
	assert_int_equal(fake_kern_count_kind(KOBJ_LINK), 1);
	check_na(HOA);
	assert_int_equal(n_event[EV_bul_remove], 1);
	assert_string_equal(last_event[EV_bul_remove].bul_remove.reason, "home");
	assert_int_equal(n_event[EV_handover], 2);
	assert_int_equal(last_event[EV_handover].handover.to.family, 0);
	assert_int_equal(info().prefix[1].status, MNP_AT_HOME);

	advance(5);
	while (fake_nd_pop())
		;
	foreign2();
	b = one_bu();
	assert_false(b.dereg);
	assert_false(in_kernel(ON_UPLINK));
	assert_string_equal(default_dev(AF_INET6), "mip0");	/* nothing leaks meanwhile */
	assert_string_equal(default_dev(AF_INET), "mip0");
	accept_bu(&b);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	at_home();
	b = one_bu();
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_HOME);
	assert_null(strstr(fake_kern_log(), "- addr " HOA "/128 dev mip0"));
}

static void test_advertisements_are_repeated_three_times(void **state)
{
	struct bu b;

	(void)state;
	ra_ll = ha_mac;
	w.home[0].link_local = true;
	start();
	at_home();
	b = one_bu();
	accept_bu(&b);
	for (int i = 0; i < 3; i++) {
		check_na(HOA);
		check_na(HOA_LL);
		assert_int_equal(fake_nd_count(), 0);
		advance(1);
	}
	advance(10);
	assert_int_equal(fake_nd_count(), 0);
	assert_true(in_kernel("addr " HOA_LL "/64 dev wlan0 nodad"));
}

static void test_link_local_that_the_link_has_anyway_stays_its_own(void **state)
{
	const struct kaddr_news own = { .ifindex = WLAN0, .addr = ip6(HOA_LL), .plen = 64 };
	struct bu b;

	(void)state;
	ra_ll = ha_mac;
	w.home[0].link_local = true;
	fake_kern_addr(&own);
	start();
	at_home();
	b = one_bu();
	accept_bu(&b);
	assert_false(in_kernel("addr " HOA_LL "/64 dev wlan0 nodad"));
}

static struct nd_msg na_for(const char *target)
{
	struct nd_msg m = { .type = ND_NA };

	m.na.target = ip6(target);
	m.na.override = true;
	m.na.tlla = ha_mac;
	return m;
}

static void test_home_agents_link_layer_address_is_asked_for_from_nowhere(void **state)
{
	const struct in6_addr ha = ip6(HA1), all = ip6("ff02::1");
	struct nd_msg na = na_for(HOA), other = na_for(COA1);
	const struct fake_nd *n;

	(void)state;
	registered();
	at_home();
	no_bu();				/* not before it is known */
	assert_false(in_kernel(ON_UPLINK));	/* nor the address on the link */
	n = fake_nd_pop();
	assert_non_null(n);
	assert_int_equal(n->m.type, ND_NS);
	assert_true(n->has_src && IN6_IS_ADDR_UNSPECIFIED(&n->src));
	assert_false(n->has_dst);		/* solicited-node group */
	assert_true(is6(&n->m.ns.target, HOA));
	assert_int_equal(n->m.ns.slla.len, 0);
	assert_int_equal(fake_nd_watched(WLAN0), 1);
	fake_nd_rx(WLAN0, &ha, &all, &other);
	no_bu();
	fake_nd_rx(WLAN0, &ha, &all, &na);
	turn();
	one_bu();
	assert_int_equal(fake_kern_neigh_count(), 1);
	assert_true(is6(&fake_kern_neigh(0)->addr, HA1));
	assert_true(in_kernel(ON_UPLINK));
	assert_int_equal(fake_nd_watched(WLAN0), 0);
}

static void test_nobody_defends_the_address_then_it_is_free_to_use(void **state)
{
	struct bu b;

	(void)state;
	start();
	at_home();
	advance(0.15);
	no_bu();
	assert_int_equal(fake_nd_count(), 2);
	advance(0.2);
	b = one_bu();				/* also at start: an earlier run may have left one */
	assert_true(b.home && b.dereg);
	assert_int_equal(fake_nd_count(), 3);
	while (fake_nd_pop())
		;
	ANSWER(&b, .status = 133);		/* no binding: good */
	assert_int_equal(state_now(), BUL_HOME);
	assert_int_equal(n_event[EV_refused], 0);
	assert_int_equal(fake_nd_count(), 0);
	dad_says(false);
	assert_int_equal(fake_nd_count(), 1);
	assert_true(in_kernel(VIA_HOME6));
}

static void test_leaving_while_asking_stops_asking(void **state)
{
	(void)state;
	start();
	at_home();
	foreign1();
	one_bu();
	assert_int_equal(fake_nd_watched(WLAN0), 0);
	assert_int_equal(fake_nd_count(), 1);
	advance(1);
	assert_int_equal(fake_nd_count(), 1);
	no_bu();
}

static void test_silent_home_agent_does_not_keep_us_from_the_home_link(void **state)
{
	(void)state;
	ra_ll = ha_mac;
	start();
	at_home();
	advance(6.9);
	assert_string_equal(default_dev(AF_INET6), "mip0");
	advance(0.2);
	dad_says(false);
	assert_true(in_kernel(VIA_HOME6));
	assert_int_equal(state_now(), BUL_LEAVE);
	assert_int_equal(fake_mh_count(), 4);	/* it is still asked */
}

static void test_lost_home_link_leaks_nothing(void **state)
{
	struct bu b;

	(void)state;
	ra_ll = ha_mac;
	start();
	at_home();
	b = one_bu();
	accept_bu(&b);
	assert_int_equal(fake_kern_flushed_unresolved(), 0);
	lost();
	assert_false(in_kernel(ON_UPLINK));
	advance(0.001);			/* not before what is sent on the way */
	assert_int_equal(fake_kern_flushed_unresolved(), WLAN0);
	assert_string_equal(default_dev(AF_INET6), "mip0");
	assert_string_equal(default_dev(AF_INET), "mip0");
	assert_null(strstr(fake_kern_dump(), "wlan0"));
	advance(33);			/* it stays away: no longer worth waiting for */
	assert_string_equal(default_dev(AF_INET6), "");
	at_home();
	b = one_bu();
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_HOME);
}

static void test_new_router_at_home_is_followed(void **state)
{
	struct bu b;

	(void)state;
	ra_ll = ha_mac;
	start();
	at_home();
	b = one_bu();
	accept_bu(&b);
	md_says("home", "wlan0", NULL, "fe80::2", HOME_PREFIX);
	turn();
	no_bu();
	assert_true(in_kernel("route ::/0 via fe80::2 dev wlan0 table 6500 metric 1024 src " HOA
			      "/128"));
}

static void test_home_of_one_is_foreign_for_the_other(void **state)
{
	struct bu b;

	(void)state;
	ra_ll = ha_mac;
	w.c.n_home = 2;
	start();
	/* the detector may give an address of the home link for those that are not at home there */
	md_says("home", "wlan0", "2001:db8:280::c", HOME_ROUTER, HOME_PREFIX);
	turn();
	assert_true(next_bu(&b));
	assert_true(b.home && b.conf == &w.home[0]);
	assert_true(next_bu(&b));
	assert_true(!b.home && b.conf == &w.home[1]);
	assert_true(is6(&b.coa, "2001:db8:280::c"));
	md_says("home", "wlan0", NULL, HOME_ROUTER, HOME_PREFIX);
	turn();
	assert_int_equal(state_now(), BUL_LEAVE);
}

/* ---- probes ---- */

static void probing(void)
{
	w.c.timers.probe_interval = 1;
}

static const struct fake_icmp *next_probe(void)
{
	const struct fake_icmp *p = fake_icmp_pop();

	if (!p)
		return NULL;
	assert_int_equal(p->m.type, ICMP6_ECHOREQ_);
	assert_true(is6(&p->tx.src, HOA));
	assert_true(is6(&p->tx.dst, HA1));
	assert_int_equal(p->tx.ifindex, 0);	/* by routing: into the tunnel */
	return p;
}

/* forge: 1 another MAC, 2 another identifier, 3 another number, 4 from elsewhere, 5 short */
static void reply(const struct fake_icmp *p, int forge)
{
	struct icmp6_rx rx = { .src = ip6(forge == 4 ? HA2 : HA1), .dst = ip6(HOA) };
	struct icmp6_msg m = { .type = ICMP6_ECHOREP_ };
	uint8_t data[64];

	assert_true(p->m.echo.len >= 8 && p->m.echo.len <= sizeof(data));
	memcpy(data, p->m.echo.data, p->m.echo.len);
	m.echo = p->m.echo;
	m.echo.data = data;
	data[0] ^= forge == 1;
	m.echo.id ^= forge == 2;
	m.echo.seq ^= forge == 3;
	m.echo.len -= forge == 5;
	assert_int_equal(fake_icmp_rx(&rx, &m), 1);
	turn();
}

static void test_probes_measure_the_path_and_say_that_it_is_up(void **state)
{
	const struct fake_icmp *p;

	(void)state;
	probing();
	registered();
	p = next_probe();		/* at once: the first packet through the new tunnel */
	assert_non_null(p);
	advance(0.1);
	reply(p, 0);
	assert_int_equal(n_event[EV_path_up], 1);
	assert_true(fabs(info().probe_rtt - 0.1) < 1e-6);
	reply(p, 0);			/* counts once */
	advance(1);
	p = next_probe();
	advance(0.18);
	reply(p, 0);
	assert_true(info().probe_rtt > 0.1 && info().probe_rtt < 0.18);
	assert_int_equal(n_event[EV_path_up], 1);
	assert_int_equal(mn_stats(mn).probes, 2);
	assert_int_equal(mn_stats(mn).probes_lost, 0);
}

static void test_forged_replies_do_not_keep_a_dead_path_alive(void **state)
{
	(void)state;
	probing();
	registered();
	for (int i = 0; i < 3; i++) {
		const struct fake_icmp *p = next_probe();

		assert_non_null(p);
		for (int forge = 1; forge <= 5; forge++)
			reply(p, forge);
		advance(1);
	}
	assert_int_equal(n_event[EV_path_up], 0);
	assert_int_equal(n_event[EV_path_down], 1);
	one_bu();
}

static void test_home_agent_that_forgot_us_is_noticed_in_seconds(void **state)
{
	const struct fake_icmp *p;
	struct bu b;

	(void)state;
	probing();
	registered();
	reply(next_probe(), 0);
	advance(3.9);
	no_bu();
	advance(0.2);			/* the third in a row without an answer */
	b = one_bu();
	assert_int_equal(n_event[EV_path_down], 1);
	assert_int_equal(mn_stats(mn).forgotten, 1);
	assert_int_equal(state_now(), BUL_REFRESH);
	assert_true(b.ipv4[0].p);	/* a request again: it knows nothing */
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	accept_bu(&b);
	while ((p = next_probe()))
		if (fake_icmp_count() == 0)
			reply(p, 0);
	assert_int_equal(n_event[EV_path_up], 2);
	assert_int_equal(info().probe_lost, 0);
}

static void test_path_that_stays_dead_causes_fewer_and_fewer_updates(void **state)
{
	unsigned n[2] = { 0 };
	struct bu b;

	(void)state;
	probing();
	registered();
	for (int i = 0; i < 240; i++) {
		advance(1);
		while (next_bu(&b)) {
			n[i / 120]++;
			accept_bu(&b);
		}
	}
	assert_true(n[0] >= 3 && n[0] <= 7);
	assert_true(n[1] <= 2);
	assert_int_equal(n_event[EV_path_down], 1);
}

static void test_probes_stop_where_there_is_no_tunnel(void **state)
{
	struct bu b;

	(void)state;
	probing();
	ra_ll = ha_mac;
	registered();
	assert_non_null(next_probe());
	foreign2();
	b = one_bu();
	advance(0.9);
	assert_null(next_probe());
	advance(0.05);
	accept_bu(&b);
	assert_non_null(next_probe());	/* the new path */
	at_home();
	b = one_bu();
	accept_bu(&b);
	advance(10);
	assert_null(next_probe());
	assert_int_equal(n_event[EV_path_down], 0);
}

/* ---- a kernel that refuses ---- */

static void test_tunnel_that_cannot_be_made_holds_the_update_back(void **state)
{
	(void)state;
	start();
	fake_kern_fail_kind(KOBJ_LINK, -ENODEV);
	foreign1();
	no_bu();
	assert_string_equal(default_dev(AF_INET6), "");
	advance(2.5);			/* tried again after 1 and 2 s */
	no_bu();
	fake_kern_fail_kind(KOBJ_LINK, 0);
	advance(1);
	one_bu();
	assert_string_equal(default_dev(AF_INET6), "mip0");
}

static void test_answer_counts_when_the_kernel_has_it(void **state)
{
	struct kobj def = { .kind = KOBJ_ROUTE };
	struct bu b;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	def.route.table = 6500;
	def.route.metric = 1024;
	def.route.dst.family = AF_INET6;
	fake_kern_fail_object(&def, -ENOBUFS);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
	assert_int_equal(n_event[EV_bul_add], 0);
	assert_int_equal(n_event[EV_prefix_state], 0);
	assert_string_equal(default_dev(AF_INET6), "mip0");
	fake_kern_fail_object(&def, 0);
	advance(1.1);
	assert_int_equal(n_event[EV_bul_add], 1);
	assert_int_equal(n_event[EV_prefix_state], 2);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	no_bu();
}

static void test_movement_while_the_kernel_refuses_takes_the_newest(void **state)
{
	struct bu b;

	(void)state;
	start();
	fake_kern_fail_nth(1, -EBUSY);
	foreign1();
	no_bu();
	foreign2();			/* does not wait for the retry */
	b = one_bu();
	assert_true(is6(&b.coa, COA2));
	accept_bu(&b);
	advance(5);
	no_bu();
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_refresh_goes_out_though_the_kernel_refuses(void **state)
{
	struct bu b;

	(void)state;
	registered();
	foreign2();
	b = one_bu();
	fake_kern_fail_kind(KOBJ_ROUTE, -ENOBUFS);
	accept_bu(&b);
	advance(540.5);			/* a broken kernel must not cost the binding too */
	assert_true(next_bu(&b));
	assert_int_equal(state_now(), BUL_REFRESH);
}

static void test_start_reports_what_the_kernel_refused(void **state)
{
	(void)state;
	fake_kern_fail_nth(1, -EPERM);
	assert_int_equal(mn_begin(), 0);
	turn();
	assert_int_equal(ready_rc, -EPERM);
	event_unlisten(mn_on_event, mn);
	mn_free(mn);
	mn = NULL;
	ready_rc = 1;
	fake_kern_fail_kind(KOBJ_RULE, 0);
	fake_kern_fail_kind(KOBJ_ADDR, -EACCES);
	assert_int_equal(mn_begin(), 0);
	turn();
	assert_int_equal(ready_rc, -EACCES);
	mn_stop(mn, on_done, NULL);
	turn();
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
}

static void test_stop_reports_what_the_kernel_refused_and_ends(void **state)
{
	struct bu b;

	(void)state;
	registered();
	mn_stop(mn, on_done, NULL);
	turn();
	b = one_bu();
	fake_kern_fail_nth(1, -EIO);
	accept_bu(&b);
	assert_int_equal(done_rc, -EIO);
}

/* The switch that is under way when we stop fails; what was there before goes all the same. */
static void test_stop_after_a_failed_switch_leaves_nothing(void **state)
{
	(void)state;
	start();
	fake_kern_fail_nth(1, -EIO);
	md_says("coa", "wlan0", COA1, ROUTER1, LINK1);
	event_drain();
	mn_stop(mn, on_done, NULL);
	advance(3);
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_home_foreign_home_with_the_address_never_gone),
		T(test_advertisements_are_repeated_three_times),
		T(test_link_local_that_the_link_has_anyway_stays_its_own),
		T(test_home_agents_link_layer_address_is_asked_for_from_nowhere),
		T(test_nobody_defends_the_address_then_it_is_free_to_use),
		T(test_leaving_while_asking_stops_asking),
		T(test_silent_home_agent_does_not_keep_us_from_the_home_link),
		T(test_lost_home_link_leaks_nothing),
		T(test_new_router_at_home_is_followed),
		T(test_home_of_one_is_foreign_for_the_other),
		T(test_probes_measure_the_path_and_say_that_it_is_up),
		T(test_forged_replies_do_not_keep_a_dead_path_alive),
		T(test_home_agent_that_forgot_us_is_noticed_in_seconds),
		T(test_path_that_stays_dead_causes_fewer_and_fewer_updates),
		T(test_probes_stop_where_there_is_no_tunnel),
		T(test_tunnel_that_cannot_be_made_holds_the_update_back),
		T(test_answer_counts_when_the_kernel_has_it),
		T(test_movement_while_the_kernel_refuses_takes_the_newest),
		T(test_refresh_goes_out_though_the_kernel_refuses),
		T(test_start_reports_what_the_kernel_refused),
		T(test_stop_reports_what_the_kernel_refused_and_ends),
		T(test_stop_after_a_failed_switch_leaves_nothing),
	};
#undef T

	return cmocka_run_group_tests_name("role_mn_home", tests, NULL, NULL);
}
