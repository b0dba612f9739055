/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A configuration is taken over while a mobile router runs: what is told to the home agent, what the
 * kernel gets, what is left alone; and a reload in the middle of each kind of transaction.
 */
#include "mn_reload_help.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
