/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes of paths with BIDs: what goes out, what counts as an answer, what follows. */
#include "mn_echo_help.h"

#define BID1	7
#define BID2	300

static void with_bids(enum path_profile_id profile)
{
	way_new();
	w.uplink[0].bid = BID1;
	w.uplink[1].bid = BID2;
	w.uplink[0].probe = w.uplink[1].probe = profile;
	w.c.timers.probe_interval = 1;	/* for uplinks without a BID alone */
}

static void probed(enum path_profile_id profile)
{
	struct bu b;

	with_bids(profile);
	start();
	foreign1();
	b = one_bu();
	accept_bu(&b);
}

static void wwan(void)
{
	md_says("coa", "wwan0", COA2, ROUTER2, LINK2);
	turn();
}

static void test_path_is_probed_by_its_uplink_and_through_its_tunnel(void **state)
{
	struct probe p;

	(void)state;
	probed(PATH_PROFILE_NORMAL);
	p = one_probe(TUNNEL);
	assert_true(is6(&p.tx.src, HOA));
	assert_int_equal(p.tx.ifindex, kern_link(fake_kern(), "mip0a")->ifindex);
	assert_int_equal(p.bid, BID1);
	assert_int_equal(mn_path_probe(mn, BID1), 1);
	p = one_probe(OUTER);
	assert_true(is6(&p.tx.src, COA1));
	assert_int_equal(p.tx.ifindex, WLAN0);
	assert_int_equal(p.tx.mark, 0);
	assert_true(!p.tx.has_hao && !p.tx.has_rh2);
	assert_int_equal(p.bid, BID1);
	assert_string_equal(path_of(BID1).state, "unknown");
	advance(0.04);
	reply(p);
	assert_int_equal(n_event[EV_path_up], 1);
	assert_int_equal(last_event[EV_path_up].path_up.bid, BID1);
	assert_true(locator_eq(&last_event[EV_path_up].path_up.care_of, &(struct locator){
		.family = AF_INET6, .a.in6 = ip6(COA1) }));
	assert_string_equal(last_event[EV_path_up].path_up.device, "wlan0");
	assert_string_equal(last_event[EV_path_up].path_up.reason, "answered");
	assert_true(fabs(last_event[EV_path_up].path_up.rtt - 0.04) < 1e-6);
	drop_probes();
	memset(n_probe, 0, sizeof(n_probe));
	live(10, 0.04);
	assert_int_equal(n_event[EV_path_up], 1);
	assert_int_equal(n_event[EV_path_down], 0);
	/* the promise is that of the outer ones; the tunnel's are few */
	assert_in_range(n_probe[OUTER], 38, 46);
	assert_in_range(n_probe[TUNNEL], 9, 14);
	assert_true(mn_stats(mn).probes_forged == 0 && mn_stats(mn).probes_repeated == 0);
	no_bu();
}

static void test_path_is_shown(void **state)
{
	struct kern_link_use use = { .rx_bytes = 1000, .tx_bytes = 500 };
	struct mn_track_info i;

	(void)state;
	fake_kern_link_used(&use);
	probed(PATH_PROFILE_NORMAL);
	live(10, 0.04);
	i = path_of(BID1);
	assert_string_equal(i.state, "up");
	assert_true(i.here && i.active && !i.preferred && !i.held && !i.reason);
	assert_true(is6(&i.care_of, COA1) && is6(&i.home_agent, HA1));
	assert_string_equal(i.tunnel, "mip0a");
	assert_string_equal(i.uplink->dev, "wlan0");
	assert_true(fabs(i.rtt - 0.04) < 0.002);
	assert_true(i.up && i.path == i.outer && i.inner->state == PATH_UP);
	assert_true(i.rx_rate == 0 && i.tx_rate == 0 && i.rx_bytes == 1000);
	use.rx_bytes += 3000000;
	use.tx_bytes += 300000;
	fake_kern_link_used(&use);
	live(2.1, 0.04);
	i = path_of(BID1);
	assert_true(i.rx_bytes == use.rx_bytes && i.tx_bytes == use.tx_bytes);
	assert_true(i.rx_rate > 1e6 && i.rx_rate < 2e6 && i.tx_rate > 1e5 && i.tx_rate < 2e5);
	use.rx_bytes = 10;			/* the device was made anew */
	fake_kern_link_used(&use);
	live(2.1, 0.04);
	assert_true(path_of(BID1).rx_rate < 0);
	i = path_of(BID2);
	assert_string_equal(i.state, "absent");
	assert_true(!i.here && !i.active && !*i.tunnel && !i.path);
	assert_true(i.rx_rate < 0);
	assert_int_equal(mn_tracks(mn), 2);
	assert_false(mn_track(mn, 2, &i));
}

/* What differs from a good answer. */
enum forgery { MAC, COUNTER_LOW, COUNTER_HIGH, BID, ID, SEQ, SOURCE, FORGERIES };

static void forged(enum echo kind)
{
	uint64_t before = mn_stats(mn).probes_forged;
	struct probe good = one_probe(kind);

	for (enum forgery f = 0; f < FORGERIES; f++) {
		struct probe p = good;

		p.data[p.m.echo.len - 1] ^= f == MAC;
		p.data[9] ^= f == COUNTER_LOW;
		p.data[2] ^= f == COUNTER_HIGH;
		p.data[1] ^= f == BID;
		p.m.echo.id ^= f == ID;
		p.m.echo.seq ^= f == SEQ;
		assert_int_equal(reply_to(&p, f == SOURCE ? HA2 : HA1, &p.tx.src), 1);
		assert_int_equal(mn_stats(mn).probes_forged - before, f + 1);
	}
	assert_int_equal(n_event[EV_path_up], 0);
	good.m.echo.len--;		/* somebody's ping */
	good.m.echo.id ^= 1;
	reply(good);
	good.m.echo.len++;
	good.m.echo.id ^= 1;
	assert_int_equal(mn_stats(mn).probes_forged - before, FORGERIES);
	reply(good);
	assert_int_equal(n_event[EV_path_up], 1);
	assert_int_equal(mn_stats(mn).probes_repeated, 0);
	reply(good);
	assert_int_equal(mn_stats(mn).probes_repeated, 1);
}

static void test_forged_answers_are_ignored_and_counted(void **state)
{
	(void)state;
	probed(PATH_PROFILE_NORMAL);
	forged(TUNNEL);
}

static void test_forged_outer_answers_are_ignored_and_counted(void **state)
{
	(void)state;
	probed(PATH_PROFILE_NORMAL);
	forged(OUTER);
}

/* The answer to one kind is none to the other: first numbers of both are the same. */
static void test_answer_of_one_kind_is_none_of_the_other(void **state)
{
	const struct in6_addr coa = ip6(COA1), hoa = ip6(HOA);
	struct probe outer, tunnel;

	(void)state;
	probed(PATH_PROFILE_NORMAL);
	tunnel = one_probe(TUNNEL);
	assert_int_equal(reply_to(&tunnel, HA1, &coa), 1);
	assert_int_equal(mn_stats(mn).probes_forged, 1);
	mn_path_probe(mn, BID1);
	outer = one_probe(OUTER);
	assert_int_equal(reply_to(&outer, HA1, &hoa), 1);
	assert_int_equal(mn_stats(mn).probes_forged, 2);
	assert_int_equal(n_event[EV_path_up], 0);
	assert_int_equal(reply_to(&outer, HA1, &coa), 1);
	assert_string_equal(path_of(BID1).state, "up");
	assert_int_equal(path_of(BID1).inner->state, PATH_UNKNOWN);
}

/* Their outer probes have all addresses and numbers in common. */
static void test_homes_that_share_a_care_of_address_have_probes_of_their_own(void **state)
{
	struct mn_track_info i;
	struct probe p, out[2];
	unsigned n = 0;
	struct bu b;

	(void)state;
	w.c.n_home = 2;
	w.home[1].home_agents[0] = ip6(HA1);
	with_bids(PATH_PROFILE_NORMAL);
	start();
	foreign1();
	while (next_bu(&b))
		accept_bu(&b);
	advance(0);
	while (next_probe(&p))
		if (p.kind == OUTER && n < 2)
			out[n++] = p;
	assert_int_equal(n, 2);
	assert_true(in6_eq(&out[0].tx.src, &out[1].tx.src));
	assert_int_equal(out[0].m.echo.seq, out[1].m.echo.seq);
	reply(out[1]);
	assert_int_equal(n_event[EV_path_up], 1);
	assert_true(is6(&last_event[EV_path_up].path_up.home_address, HOA2));
	reply(out[0]);
	assert_int_equal(n_event[EV_path_up], 2);
	assert_true(is6(&last_event[EV_path_up].path_up.home_address, HOA));
	for (unsigned k = 0; k < mn_tracks(mn); k++)
		if (mn_track(mn, k, &i) && i.here)
			assert_string_equal(i.state, "up");
	assert_true(mn_stats(mn).probes_forged == 0 && mn_stats(mn).probes_repeated == 0);
}

/* The same 16 bits come again after 65536 probes; what was recorded then is of no use. */
static void test_number_of_a_probe_is_not_that_of_icmpv6(void **state)
{
	struct probe first, p;

	(void)state;
	probed(PATH_PROFILE_NORMAL);
	first = one_probe(OUTER);
	reply(first);
	for (unsigned i = 0; i < 65535; i++)
		mn_path_probe(mn, BID1), drop_probes();
	mn_path_probe(mn, BID1);
	p = one_probe(OUTER);
	assert_int_equal(p.m.echo.seq, first.m.echo.seq);
	assert_memory_not_equal(p.data, first.data, p.m.echo.len);
	reply(first);
	assert_int_equal(mn_stats(mn).probes_repeated, 1);
	reply(p);
	assert_int_equal(mn_stats(mn).probes_repeated, 1);
	assert_int_equal(mn_stats(mn).probes_forged, 0);
}

static void another_address(enum echo kind)
{
	struct probe old, p;
	struct bu b;

	probed(PATH_PROFILE_NORMAL);
	reply(one_probe(kind));
	advance(0.26);
	drop_probes();
	mn_path_probe(mn, BID1);
	old = one_probe(kind);
	foreign2();
	b = one_bu();
	accept_bu(&b);
	p = one_probe(kind);
	assert_string_equal(path_of(BID1).state, "unknown");
	old.tx.src = p.tx.src;		/* the answer follows us */
	reply(old);
	assert_int_equal(mn_stats(mn).probes_forged, 1);
	assert_string_equal(path_of(BID1).state, "unknown");
	reply(p);
	assert_string_equal(path_of(BID1).state, "up");
	assert_int_equal(n_event[EV_path_up], 2);
	assert_int_equal(n_event[EV_path_down], 0);	/* it moved */
}

static void test_answer_for_another_care_of_address_is_none(void **state)
{
	(void)state;
	another_address(TUNNEL);
}

static void test_outer_answer_for_another_care_of_address_is_none(void **state)
{
	(void)state;
	another_address(OUTER);
}

static void test_dead_path_is_noticed_within_the_promise(void **state)
{
	double cut_at;
	struct bu b;

	(void)state;
	probed(PATH_PROFILE_NORMAL);
	live(10, 0.04);
	cut_at = run_now();
	way.dead[BID1] = true;
	while (!n_event[EV_path_down] && run_now() < cut_at + 5)
		live(0.01, 0.04);
	assert_true(run_now() - cut_at <= 0.7 + 0.01);
	assert_int_equal(last_event[EV_path_down].path_down.bid, BID1);
	assert_string_equal(last_event[EV_path_down].path_down.reason, "silent");
	assert_string_equal(last_event[EV_path_down].path_down.device, "wlan0");
	assert_string_equal(path_of(BID1).reason, "silent");
	b = one_bu();			/* there is no other path */
	assert_int_equal(mn_stats(mn).forgotten, 1);
	assert_in_range(mn_stats(mn).probes_lost, 6, 8);
	accept_bu(&b);
	way.dead[BID1] = false;
	live(3, 0.04);
	assert_int_equal(n_event[EV_path_up], 2);
	assert_string_equal(path_of(BID1).state, "up");
	assert_null(path_of(BID1).reason);
	no_bu();
}

/* Some get through, so nobody filters them; the only path is used as before. */
static void test_lossy_path_stays_down_though_its_tunnel_is_answered(void **state)
{
	(void)state;
	probed(PATH_PROFILE_NORMAL);
	live(10, 0.04);
	way.bad = true;
	assert_int_equal(live_on(60, 0.04), 0);		/* the home agent has not forgotten us */
	assert_string_equal(path_of(BID1).state, "down");
	assert_string_equal(path_of(BID1).reason, "lossy");
	assert_int_equal(n_event[EV_path_down], 1);
	assert_int_equal(n_event[EV_path_up], 1);
	assert_true(path_of(BID1).path == path_of(BID1).outer);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	way.bad = false;
	live_on(5, 0.04);
	assert_string_equal(path_of(BID1).state, "up");
}

static void test_silent_tunnel_over_a_living_path_means_that_the_home_agent_forgot_us(void **state)
{
	double at;
	struct bu b;

	(void)state;
	probed(PATH_PROFILE_NORMAL);
	live(10, 0.04);
	way.forgot = true;
	at = run_now();
	while (!next_bu(&b) && run_now() < at + 5)
		live(0.01, 0.04);
	assert_true(run_now() - at <= 2.5 + 0.01);
	assert_int_equal(mn_stats(mn).forgotten, 1);
	accept_bu(&b);
	way.forgot = false;
	live(5, 0.04);
	assert_int_equal(n_event[EV_path_down], 0);
	assert_string_equal(path_of(BID1).state, "up");
	assert_int_equal(path_of(BID1).inner->state, PATH_UP);
	no_bu();
}

/* An acknowledgement, and still nothing comes through. */
static void test_tunnel_that_stays_silent_takes_the_path_out_of_use(void **state)
{
	(void)state;
	probed(PATH_PROFILE_NORMAL);
	live(10, 0.04);
	way.no_tunnel[BID1] = true;
	assert_int_equal(live_on(3, 0.04), 1);
	assert_int_equal(n_event[EV_path_down], 0);
	assert_int_equal(live_on(2, 0.04), 0);
	assert_int_equal(n_event[EV_path_down], 1);
	assert_string_equal(last_event[EV_path_down].path_down.reason, "tunnel");
	assert_string_equal(path_of(BID1).state, "down");
	assert_string_equal(path_of(BID1).reason, "tunnel");
	assert_int_equal(path_of(BID1).outer->state, PATH_UP);
	way.no_tunnel[BID1] = false;
	live_on(5, 0.04);
	assert_int_equal(n_event[EV_path_up], 2);
	assert_string_equal(path_of(BID1).state, "up");
}

/* The home agent's daemon is away, its kernel is there: nobody blames the path. */
static void test_unanswered_updates_do_not_blame_the_path(void **state)
{
	struct bu b;

	(void)state;
	probed(PATH_PROFILE_NORMAL);
	live(10, 0.04);
	way.forgot = true;
	live(20, 0.04);
	assert_int_equal(n_event[EV_path_down], 0);
	while (next_bu(&b))
		;
	live(20, 0.04);
	b = one_bu();
	way.forgot = false;
	accept_bu(&b);
	live(3, 0.04);
	assert_int_equal(n_event[EV_path_down], 0);
	assert_int_equal(path_of(BID1).inner->state, PATH_UP);
}

static void test_path_that_stays_silent_causes_few_updates(void **state)
{
	unsigned n = 0;
	struct bu b;

	(void)state;
	probed(PATH_PROFILE_NORMAL);
	live(10, 0.04);
	for (int i = 0; i < 120; i++) {
		advance(1);
		while (next_bu(&b)) {
			n++;
			accept_bu(&b);
		}
		drop_probes();
	}
	assert_in_range(n, 3, 8);
	assert_int_equal(n_event[EV_path_down], 1);
}

static void test_home_agent_without_echo_is_not_called_dead(void **state)
{
	(void)state;
	probed(PATH_PROFILE_EXTREME);
	for (int i = 0; i < 60; i++) {
		advance(1);
		drop_probes();
	}
	assert_int_equal(n_event[EV_path_down], 0);
	assert_int_equal(mn_stats(mn).forgotten, 0);
	assert_string_equal(path_of(BID1).state, "unknown");
	assert_true(path_of(BID1).outer->mute && path_of(BID1).inner->mute);
	no_bu();
}

static void test_tunnel_that_was_never_answered_is_no_sign(void **state)
{
	(void)state;
	probed(PATH_PROFILE_NORMAL);
	way.no_tunnel[BID1] = true;
	live(60, 0.04);
	assert_int_equal(mn_stats(mn).forgotten, 0);
	assert_string_equal(path_of(BID1).state, "up");
	assert_true(path_of(BID1).inner->mute);
	no_bu();
}

static void test_profile_off_sends_nothing(void **state)
{
	(void)state;
	probed(PATH_PROFILE_OFF);
	advance(30);
	assert_int_equal(fake_icmp_count(), 0);
	assert_string_equal(path_of(BID1).state, "unknown");
	assert_true(path_of(BID1).active && !path_of(BID1).path);
	assert_int_equal(mn_path_probe(mn, 0), 0);
	no_bu();
}

static void test_lost_carrier_is_told_at_once(void **state)
{
	struct bu b;

	(void)state;
	probed(PATH_PROFILE_NORMAL);
	live(1, 0.04);
	lost();
	drop_probes();
	assert_int_equal(n_event[EV_path_down], 1);
	assert_string_equal(last_event[EV_path_down].path_down.reason, "carrier");
	assert_string_equal(path_of(BID1).state, "absent");
	assert_string_equal(path_of(BID1).reason, "carrier");
	advance(10);
	assert_int_equal(fake_icmp_count(), 0);
	for (int i = 0; i < 3; i++) {	/* and off and on: too often */
		foreign1();
		if (next_bu(&b))
			accept_bu(&b);
		live(0.3, 0.04);
		if (i < 2)
			lost();
		drop_probes();
	}
	assert_string_equal(path_of(BID1).state, "damped");
	assert_string_equal(last_event[EV_path_down].path_down.reason, "damped");
	live(60, 0.04);
	assert_string_equal(path_of(BID1).state, "up");
}

static void test_operator_takes_a_path_out_of_use(void **state)
{
	struct bu b;

	(void)state;
	probed(PATH_PROFILE_NORMAL);
	live(1, 0.04);
	assert_int_equal(mn_path_hold(mn, 99, true), -ENOENT);
	assert_int_equal(mn_path_hold(mn, BID1, true), -EBUSY);	/* the only one */
	assert_int_equal(mn_path_hold(mn, BID2, true), 0);	/* does not carry anyway */
	assert_int_equal(mn_path_hold(mn, BID2, false), 0);
	wwan();
	b = one_bu();
	accept_bu(&b);
	advance(2);
	drop_probes();
	assert_int_equal(mn_path_hold(mn, BID1, true), 0);
	turn();
	assert_string_equal(last_event[EV_path_down].path_down.reason, "operator");
	assert_true(path_of(BID1).held && path_of(BID2).active);
	while (next_bu(&b))
		accept_bu(&b);
	assert_int_equal(mn_path_hold(mn, BID2, true), -EBUSY);
	assert_int_equal(mn_path_hold(mn, BID1, false), 0);
	turn();
	assert_false(path_of(BID1).held);
}

static void test_operator_prefers_what_there_is(void **state)
{
	(void)state;
	probed(PATH_PROFILE_NORMAL);
	assert_int_equal(mn_path_prefer(mn, 99), -ENOENT);
	assert_int_equal(mn_path_prefer(mn, BID2), 0);
	assert_true(path_of(BID2).preferred && path_of(BID1).active);
	assert_int_equal(mn_path_prefer(mn, 0), 0);
	assert_false(path_of(BID2).preferred);
}

static void test_operator_asks_for_probes(void **state)
{
	(void)state;
	probed(PATH_PROFILE_RELAXED);
	reply(one_probe(OUTER));
	assert_int_equal(mn_path_probe(mn, 99), -ENOENT);
	assert_int_equal(mn_path_probe(mn, BID2), 0);
	assert_int_equal(fake_icmp_count(), 0);
	drop_probes();
	assert_int_equal(mn_path_probe(mn, BID1), 1);
	reply(one_probe(OUTER));
	assert_int_equal(mn_path_probe(mn, 0), 1);
	reply(one_probe(TUNNEL));
	assert_int_equal(mn_stats(mn).probes_repeated, 0);
}

static void test_registration_without_bid_has_a_path_too(void **state)
{
	struct mn_track_info i;
	struct probe p;
	struct bu b;

	(void)state;
	w.c.timers.probe_interval = 1;
	start();
	assert_false(mn_track(mn, 0, &i));
	foreign1();
	b = one_bu();
	accept_bu(&b);
	p = one_probe(TUNNEL);
	assert_int_equal(p.tx.ifindex, 0);
	advance(0.1);
	reply(p);
	i = path_of(0);
	assert_string_equal(i.state, "up");
	assert_true(i.here && i.active && !i.path && fabs(i.rtt - 0.1) < 1e-6);
	p.data[0] ^= 1;
	advance(1);
	p = one_probe(TUNNEL);
	p.data[0] ^= 1;
	reply(p);
	assert_int_equal(mn_stats(mn).probes_forged, 1);
	advance(4);
	drop_probes();
	assert_string_equal(path_of(0).reason, "silent");
	assert_int_equal(mn_path_probe(mn, 0), 0);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_path_is_probed_by_its_uplink_and_through_its_tunnel),
		T(test_path_is_shown),
		T(test_forged_answers_are_ignored_and_counted),
		T(test_forged_outer_answers_are_ignored_and_counted),
		T(test_answer_of_one_kind_is_none_of_the_other),
		T(test_homes_that_share_a_care_of_address_have_probes_of_their_own),
		T(test_number_of_a_probe_is_not_that_of_icmpv6),
		T(test_answer_for_another_care_of_address_is_none),
		T(test_outer_answer_for_another_care_of_address_is_none),
		T(test_dead_path_is_noticed_within_the_promise),
		T(test_lossy_path_stays_down_though_its_tunnel_is_answered),
		T(test_silent_tunnel_over_a_living_path_means_that_the_home_agent_forgot_us),
		T(test_tunnel_that_stays_silent_takes_the_path_out_of_use),
		T(test_unanswered_updates_do_not_blame_the_path),
		T(test_path_that_stays_silent_causes_few_updates),
		T(test_home_agent_without_echo_is_not_called_dead),
		T(test_tunnel_that_was_never_answered_is_no_sign),
		T(test_profile_off_sends_nothing),
		T(test_lost_carrier_is_told_at_once),
		T(test_operator_takes_a_path_out_of_use),
		T(test_operator_prefers_what_there_is),
		T(test_operator_asks_for_probes),
		T(test_registration_without_bid_has_a_path_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
