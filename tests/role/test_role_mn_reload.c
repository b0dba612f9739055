/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A configuration is taken over while a mobile router runs: what is told to the home agent, what the
 * kernel gets, what is left alone; and a reload in the middle of each kind of transaction.
 */
#include "mn_role_help.h"

#include "role/live.h"

#include <stdlib.h>

static struct live live;
static struct mn_world next;		/* the configuration that comes */

/* As start(), with a configuration that may change. */
static void begin(void)
{
	next = w;
	next.c.uplinks = next.uplink;
	next.c.homes = next.home;
	next.home[0].prefixes = next.mnp;
	assert_int_equal(live_init(&live, &w.c), 0);
	w.c = live.conf;
	{
		const struct mn_env env = {
			.kern = fake_kern(), .mh = fake_mhsock(), .nd = fake_ndsock(),
			.icmp = icmp, .md = (struct md *)&w, .dad = fake_dad(), .live = &w.c,
			.max_homes = live.max_home, .max_uplinks = live.max_uplink };

		assert_int_equal(mn_start(&mn, &w.c, &env, on_ready, NULL), 0);
	}
	event_listen(mn_on_event, mn);
	turn();
	assert_int_equal(ready_rc, 0);
}

static void away_and_bound(void)
{
	const struct bu b = (begin(), foreign1(), one_bu());

	accept_bu(&b);
	no_bu();
}

static void reload(void)
{
	struct mn_reload *r = NULL;

	assert_int_equal(mn_reload_prepare(mn, &next.c, &r), 0);
	live.conf = w.c;
	live_uplinks(&live, &next.c);
	w.c = live.conf;
	w.c.timers = next.c.timers;
	mn_reload(mn, r);
	turn();
}

static int over(void **state)
{
	int rc = teardown(state);

	live.conf = w.c;
	live_free(&live);
	return rc;
}

static struct bu bu_of(const char *hoa)
{
	const struct bu b = one_bu();

	assert_true(is6(&b.conf->hoa.a.in6, hoa));
	return b;
}

/* ---- what is left alone ---- */

static void test_what_does_not_differ_is_not_touched(void **state)
{
	(void)state;
	away_and_bound();
	assert_string_not_equal(fake_kern_log(), "");	/* since it was read last */
	reload();
	no_bu();
	assert_string_equal(fake_kern_log(), "");
	assert_int_equal(state_now(), BUL_BOUND);
	/* nor by what only the state machines read */
	next.c.timers.max_bindack_timeout = 16;
	next.uplink[1].priority = 30;
	next.home[0].renumber = true;
	reload();
	no_bu();
	assert_string_equal(fake_kern_log(), "");
}

/* ---- what the home agent hears ---- */

static void change_nai(void) { strcpy(next.home[0].nai, "other@example.org"); }
static void change_key(void) { next.home[0].sec.key.key[0] ^= 1; }
static void change_spi(void) { next.home[0].sec.key.spi = 1001; }
static void change_lifetime(void) { next.home[0].lifetime = 400; }
static void change_option(void) { next.home[0].ipv4_option = IPV4_V4PREFIX; }
static void change_link_local(void) { next.home[0].link_local = true; }
static void change_mode(void) { next.mnp[1].mode = PREFIX_STATIC; }

/* check_bu() holds each update against the configuration in force. */
static void test_the_next_update_goes_at_once_and_has_it_all(void **state)
{
	void (*const change[])(void) = { change_nai, change_key, change_spi, change_lifetime,
					 change_option, change_link_local, change_mode };

	away_and_bound();
	for (size_t i = 0; i < ARRAY_SIZE(change); i++) {
		char dev[IFNAMSIZ];
		struct bu b;

		snprintf(dev, sizeof(dev), "%s", default_dev(AF_INET6));
		change[i]();
		reload();
		b = one_bu();
		assert_false(b.dereg);
		assert_int_equal(state_now(), BUL_REFRESH);
		assert_string_equal(default_dev(AF_INET6), dev);	/* nothing stops meanwhile */
		accept_bu(&b);
		assert_int_equal(state_now(), BUL_BOUND);
		advance(2);
		no_bu();
	}
	(void)state;
}

static void test_prefixes_come_and_go(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	assert_int_equal(n_event[EV_prefix_state], 2);
	next.mnp[1] = mnp_conf(NET4B, PREFIX_EXPLICIT, "lan0");
	next.mnp[2] = mnp_conf("2001:db8:282::/64", PREFIX_EXPLICIT, "lan0");
	next.home[0].n_prefix = 3;
	reload();
	b = one_bu();
	assert_true(b.n_mnp == 2 && b.n_ipv4 == 1 && b.ipv4[0].plen == 16);
	/* gone at once, and told; the one that stays stays in service; the new ones wait */
	assert_null(strstr(fake_kern_dump(), NET4));
	assert_non_null(strstr(fake_kern_dump(), NET4B));
	assert_int_equal(n_event[EV_prefix_state], 3);
	assert_string_equal(last_event[EV_prefix_state].prefix_state.reason, "removed");
	assert_int_equal(info().n_prefix, 3);
	assert_int_equal(info().prefix[0].status, MNP_ACCEPTED);
	assert_int_equal(info().prefix[1].status, MNP_WAITING);
	accept_bu(&b);
	assert_int_equal(info().prefix[1].status, MNP_ACCEPTED);
	assert_int_equal(info().prefix[2].status, MNP_ACCEPTED);
	assert_int_equal(n_event[EV_prefix_state], 5);
	/* the answer to what was asked before said nothing of the new ones */
	next.home[0].n_prefix = 2;
	reload();
	b = one_bu();
	assert_int_equal(b.n_mnp, 1);
	assert_null(strstr(fake_kern_dump(), "2001:db8:282::/64"));
	accept_bu(&b);
}

/* ---- home agents ---- */

static void test_a_home_agent_that_is_none_any_more_is_left(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	next.home[0].home_agents[1] = ip6(HA2);	/* one more is no reason to leave */
	next.home[0].n_ha = 2;
	reload();
	no_bu();
	next.home[0].home_agents[0] = ip6(HA2);
	next.home[0].n_ha = 1;
	reload();
	assert_true(next_bu(&b));
	assert_true(b.dereg && is6(&b.dst, HA1));
	b = one_bu();
	assert_true(!b.dereg && is6(&b.dst, HA2));
	assert_int_equal(state_now(), BUL_WAIT_BA);
	accept_bu(&b);
	assert_true(is6(&info().bul->bound_ha, HA2));
	advance(3);
	no_bu();
}

/* Who has the binding keeps it when the home network may be asked for others, and when not any more
 * only if it is named. */
static void test_discovery_is_switched_on_and_off(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	next.home[0].n_ha = 0;
	next.home[0].discover = true;
	reload();
	no_bu();
	assert_int_equal(state_now(), BUL_BOUND);
	assert_int_equal(info().bul->n_cand, 1);
	next.home[0].home_agents[0] = ip6(HA2);
	next.home[0].n_ha = 1;
	next.home[0].discover = false;
	reload();
	assert_true(next_bu(&b) && b.dereg && is6(&b.dst, HA1));
	b = one_bu();
	assert_true(is6(&b.dst, HA2));
	accept_bu(&b);
}

static void test_a_back_off_ends_when_there_is_another_home_agent(void **state)
{
	struct bu b;

	(void)state;
	begin();
	foreign1();
	b = one_bu();
	ANSWER(&b, .status = 131);
	assert_int_equal(state_now(), BUL_BACKOFF);
	next.home[0].home_agents[1] = ip6(HA2);
	next.home[0].n_ha = 2;
	reload();
	b = one_bu();
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
}

/* ---- reload x transaction ---- */

static void test_the_answer_to_an_older_update_counts_for_nothing(void **state)
{
	struct bu old, b;

	(void)state;
	begin();
	foreign1();
	old = one_bu();
	next.mnp[2] = mnp_conf("2001:db8:282::/64", PREFIX_EXPLICIT, "lan0");
	next.home[0].n_prefix = 3;
	reload();
	b = one_bu();
	assert_int_equal(b.n_mnp, 2);
	accept_bu(&old);
	assert_int_equal(state_now(), BUL_WAIT_BA);
	assert_int_equal(info().prefix[2].status, MNP_WAITING);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
	assert_int_equal(info().prefix[2].status, MNP_ACCEPTED);
}

static void test_a_reload_during_a_handover_keeps_the_old_tunnel(void **state)
{
	char dev[IFNAMSIZ];
	struct bu b;

	(void)state;
	away_and_bound();
	snprintf(dev, sizeof(dev), "%s", default_dev(AF_INET6));
	foreign2();
	(void)one_bu();
	assert_string_equal(default_dev(AF_INET6), dev);
	change_lifetime();
	reload();
	b = one_bu();
	assert_string_equal(default_dev(AF_INET6), dev);
	assert_true(is6(&b.coa, COA2));
	accept_bu(&b);
	assert_string_not_equal(default_dev(AF_INET6), dev);
	assert_int_equal(n_event[EV_handover], 2);
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_a_reload_while_a_deregistration_at_home_is_under_way(void **state)
{
	struct bu old, b;

	(void)state;
	away_and_bound();
	at_home();
	advance(0.5);				/* nobody tells who the home agent is */
	old = one_bu();
	assert_true(old.dereg);
	change_key();
	reload();
	b = one_bu();
	assert_true(b.dereg);
	accept_bu(&old);
	assert_int_equal(state_now(), BUL_LEAVE);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_HOME);
	/* at home nobody is told anything */
	change_lifetime();
	reload();
	no_bu();
}

static void test_a_reload_while_the_home_address_is_tested(void **state)
{
	(void)state;
	begin();
	at_home();
	for (unsigned i = 0; i < 40 && fake_dad_count() == 0; i++) {
		struct bu b;

		while (next_bu(&b))
			;
		advance(1);
	}
	assert_int_equal(fake_dad_count(), 1);
	next.c.timers.dad_transmits = w.c.timers.dad_transmits;
	change_lifetime();
	reload();
	dad_says(false);
	assert_true(in_kernel("addr " HOA "/64 dev wlan0 nodad") ||
		    strstr(fake_kern_dump(), HOA "/64 dev wlan0"));
}

static void test_a_reload_after_the_operator_s_deregistration_changes_no_mind(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	mn_deregister(mn, NULL);
	turn();
	b = one_bu();
	assert_true(b.dereg);
	change_lifetime();
	reload();
	no_bu();
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_IDLE);
	reload();
	advance(5);
	no_bu();
	mn_refresh(mn, NULL);
	turn();
	b = one_bu();
	assert_int_equal(b.lifetime, 400);
}

static void test_a_reload_while_the_kernel_is_at_work(void **state)
{
	struct bu b;

	(void)state;
	begin();
	md_says("coa", "wlan0", COA1, ROUTER1, LINK1);
	event_drain();				/* the tunnel is asked for */
	next.home[0].n_prefix = 1;
	reload();
	b = one_bu();
	assert_true(b.n_ipv4 == 0 && b.n_mnp == 1);
	accept_bu(&b);
	assert_null(strstr(fake_kern_dump(), NET4));
	assert_int_equal(state_now(), BUL_BOUND);
}

/* ---- homes ---- */

#define NET6B	"2001:db8:291::/64"

static void add_home(void)
{
	next.c.n_home = 2;
	next.home[1].sec.method = SEC_NONE;
	next.mnp[4] = mnp_conf(NET6B, PREFIX_EXPLICIT, "lan0");
	next.home[1].prefixes = &next.mnp[4];
	next.home[1].n_prefix = 1;
}

static void test_a_home_comes_and_goes(void **state)
{
	struct bu b;
	size_t objects;

	(void)state;
	away_and_bound();
	objects = fake_kern_count();
	add_home();
	reload();
	advance(0.1);
	b = bu_of(HOA2);
	accept_bu(&b);
	assert_non_null(strstr(fake_kern_dump(), NET6B));
	assert_int_equal(state_now(), BUL_BOUND);	/* the other one */
	next.c.n_home = 1;
	reload();
	b = bu_of(HOA2);
	assert_true(b.dereg);
	accept_bu(&b);
	advance(0.1);
	assert_null(strstr(fake_kern_dump(), HOA2));
	assert_null(strstr(fake_kern_dump(), NET6B));
	assert_int_equal(fake_kern_count(), objects);
	assert_false(mn_home(mn, 1, &(struct mn_info){ 0 }));
	no_bu();
	/* its place can be had again */
	add_home();
	reload();
	advance(0.1);
	b = bu_of(HOA2);
	accept_bu(&b);
	assert_int_equal(mn_homes(mn), 2);
}

/* An undo may want it back before it is through. */
static void test_a_home_that_comes_back_waits_until_it_has_gone(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	add_home();
	reload();
	advance(0.1);
	b = bu_of(HOA2);
	accept_bu(&b);
	next.c.n_home = 1;
	reload();
	b = bu_of(HOA2);
	assert_true(b.dereg);
	next.c.n_home = 2;
	reload();
	no_bu();
	accept_bu(&b);
	advance(0.2);
	b = bu_of(HOA2);
	assert_false(b.dereg);
	accept_bu(&b);
	/* and when its home agent is silent, it still comes */
	next.c.n_home = 1;
	reload();
	next.c.n_home = 2;
	reload();
	while (next_bu(&b))
		assert_true(b.dereg);
	for (unsigned i = 0; i < 100 && !(next_bu(&b) && !b.dereg); i++)
		advance(0.1);
	assert_false(b.dereg);
}

/* The prefix is the old home's until that one has gone. */
static void test_a_home_address_changes(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	next.home[0].hoa = pfx("2001:db8:280::cafe/64");
	next.home[0].table = 6502;
	reload();
	b = bu_of(HOA);
	assert_true(b.dereg);
	assert_null(strstr(fake_kern_dump(), "2001:db8:280::cafe"));
	accept_bu(&b);
	advance(0.2);
	b = bu_of("2001:db8:280::cafe");
	assert_true(b.n_mnp == 1 && b.n_ipv4 == 1);
	accept_bu(&b);
	assert_null(strstr(fake_kern_dump(), HOA));
	assert_non_null(strstr(fake_kern_dump(), MNP));
}

static void test_the_first_home_of_the_file_is_the_default(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	add_home();
	next.home[1].place = 1;
	reload();
	advance(0.1);
	b = bu_of(HOA2);
	accept_bu(&b);
	assert_true(in_kernel("rule pref 6020 inet6 iif lo lookup 6500") ||
		    strstr(fake_kern_dump(), "lookup 6500"));
	assert_ptr_equal(mn_conf_default(&w.c, false), &w.c.homes[0]);
	next.home[0].place = 1;
	next.home[1].place = 0;
	reload();
	no_bu();
	assert_ptr_equal(mn_conf_default(&w.c, false), &w.c.homes[1]);
}

static void test_there_is_no_room_without_end(void **state)
{
	struct mn_reload *r = NULL;
	struct home_conf *many = calloc(64, sizeof(*many));

	(void)state;
	away_and_bound();
	for (unsigned i = 0; i < 64; i++) {
		many[i] = next.home[1];
		many[i].hoa.a.in6.s6_addr[14] = (uint8_t)i;
	}
	next.c.homes = many;
	next.c.n_home = 64;
	assert_int_equal(mn_reload_prepare(mn, &next.c, &r), -ENOSPC);
	assert_null(r);
	next.c.n_home = LIVE_MORE_HOMES;
	assert_int_equal(mn_reload_prepare(mn, &next.c, &r), 0);
	mn_reload_free(r);
	no_bu();
	free(many);
}

/* ---- uplinks ---- */

static void test_the_uplink_in_use_goes_after_another_has_taken_over(void **state)
{
	char dev[IFNAMSIZ];
	struct bu b;

	(void)state;
	away_and_bound();
	md_says("coa", "wwan0", COA3, ROUTER2, "2001:db8:f3::/64");
	turn();
	no_bu();				/* wlan0 has the better priority */
	snprintf(dev, sizeof(dev), "%s", default_dev(AF_INET6));
	next.c.n_uplink = 1;
	next.uplink[0] = next.uplink[1];	/* wwan0 is left */
	reload();
	b = one_bu();
	assert_true(is6(&b.coa, COA3));
	assert_string_equal(default_dev(AF_INET6), dev);
	accept_bu(&b);
	assert_string_not_equal(default_dev(AF_INET6), dev);
	assert_string_equal(info().uplink, "wwan0");
	/* and comes back */
	next.c.n_uplink = 2;
	next.uplink[1] = (struct uplink_conf){ .dev = "wlan0", .priority = 10, .table = 6000 };
	reload();
	no_bu();
	foreign1();
	b = one_bu();
	assert_true(is6(&b.coa, COA1));
}

static void test_another_priority_moves(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	md_says("coa", "wwan0", COA3, ROUTER2, "2001:db8:f3::/64");
	turn();
	next.uplink[1].priority = 5;
	reload();
	b = one_bu();
	assert_true(is6(&b.coa, COA3));
	accept_bu(&b);
	/* of two with the same one the present stays, wherever it stands */
	next.uplink[0].priority = 5;
	next.uplink[0].place = 0;
	next.uplink[1].place = 1;
	reload();
	no_bu();
}

static void test_probes_follow_their_timer(void **state)
{
	(void)state;
	away_and_bound();
	advance(5);
	assert_int_equal(mn_stats(mn).probes, 0);
	next.c.timers.probe_interval = 1;
	reload();
	advance(2.5);
	assert_true(mn_stats(mn).probes >= 2);
	next.c.timers.probe_interval = 0;
	reload();
	no_bu();
	{
		uint64_t n = mn_stats(mn).probes;

		advance(2.5);
		assert_int_equal(mn_stats(mn).probes, n);
	}
}

static void test_a_stop_in_the_middle_leaves_nothing(void **state)
{
	struct bu b;

	(void)state;
	away_and_bound();
	next.home[0].hoa = pfx("2001:db8:280::cafe/64");
	reload();
	mn_stop(mn, on_done, NULL);
	for (unsigned i = 0; i < 50 && done_rc == 1; i++) {
		while (next_bu(&b))
			assert_true(b.dereg);
		advance(0.5);
	}
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, over)
	static const struct CMUnitTest tests[] = {
		T(test_what_does_not_differ_is_not_touched),
		T(test_the_next_update_goes_at_once_and_has_it_all),
		T(test_prefixes_come_and_go),
		T(test_a_home_agent_that_is_none_any_more_is_left),
		T(test_discovery_is_switched_on_and_off),
		T(test_a_back_off_ends_when_there_is_another_home_agent),
		T(test_the_answer_to_an_older_update_counts_for_nothing),
		T(test_a_reload_during_a_handover_keeps_the_old_tunnel),
		T(test_a_reload_while_a_deregistration_at_home_is_under_way),
		T(test_a_reload_while_the_home_address_is_tested),
		T(test_a_reload_after_the_operator_s_deregistration_changes_no_mind),
		T(test_a_reload_while_the_kernel_is_at_work),
		T(test_a_home_comes_and_goes),
		T(test_a_home_that_comes_back_waits_until_it_has_gone),
		T(test_a_home_address_changes),
		T(test_the_first_home_of_the_file_is_the_default),
		T(test_there_is_no_room_without_end),
		T(test_the_uplink_in_use_goes_after_another_has_taken_over),
		T(test_another_priority_moves),
		T(test_probes_follow_their_timer),
		T(test_a_stop_in_the_middle_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
