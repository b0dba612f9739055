/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes of two paths at a time: whose silence it is, and where the traffic goes. */
#include "mn_echo_help.h"

#define RTT	0.02

static void lives(double seconds)
{
	live(seconds, RTT);
}

static void both_with(bool filtered)
{
	struct bu b;

	w.uplink[0].bid = 1;
	w.uplink[1].bid = 2;
	w.uplink[0].probe = w.uplink[1].probe = PATH_PROFILE_NORMAL;
	way_new();
	way.no_outer[1] = way.no_outer[2] = filtered;
	start();
	foreign1();
	md_says("coa", "wwan0", COA2, ROUTER2, LINK2);
	turn();
	b = one_bu();
	accept_bu(&b);
	b = one_bu();
	accept_bu(&b);
	lives(10);
	no_bu();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_int_equal(n_event[EV_path_up], 2);
}

static void both(void)
{
	both_with(false);
}

static const char *tunnel_of(uint16_t bid)
{
	return bid == 1 ? "mip0a" : "mip0b";
}

static void test_each_path_is_probed_by_itself(void **state)
{
	unsigned n[3][2] = { 0 };
	struct probe p;

	(void)state;
	both();
	assert_string_equal(path_of(1).state, "up");
	assert_string_equal(path_of(2).state, "up");
	assert_true(path_of(1).active && !path_of(2).active);
	assert_int_equal(n_event[EV_path_up], 2);
	for (unsigned i = 0; i < 4000; i++) {
		advance(0.001);
		while (next_probe(&p)) {
			const struct klink *l = kern_link(fake_kern(), tunnel_of(p.bid));

			assert_non_null(l);
			if (p.kind == TUNNEL) {
				assert_int_equal(p.tx.ifindex, l->ifindex);
				assert_int_equal(p.tx.mark, p.bid);
			} else {
				assert_int_equal(p.tx.ifindex, p.bid == 1 ? WLAN0 : WWAN0);
				assert_int_equal(p.tx.mark, 0);
				assert_true(is6(&p.tx.src, p.bid == 1 ? COA1 : COA2));
			}
			n[p.bid][p.kind]++;
			reply(p);
		}
	}
	assert_true(n[1][OUTER] >= 14 && n[2][OUTER] >= 14);
	assert_in_range(n[1][TUNNEL], 3, 5);
	assert_in_range(n[2][TUNNEL], 3, 5);
}

/* The answer for one path is none for the other, wherever it came from. */
static void test_answer_counts_for_its_path_alone(void **state)
{
	const struct in6_addr coa1 = ip6(COA1);
	struct probe p;

	(void)state;
	both();
	for (enum echo kind = OUTER; kind <= TUNNEL; kind++) {
		uint64_t before = mn_stats(mn).probes_forged;

		mn_path_probe(mn, 2);
		p = one_probe(kind);
		p.data[1] = 1;
		assert_int_equal(reply_to(&p, HA1, kind == OUTER ? &coa1 : &p.tx.src), 1);
		assert_int_equal(mn_stats(mn).probes_forged, before + 1);
		p.data[1] = 2;
		if (kind == OUTER) {		/* to the other one's address */
			assert_int_equal(reply_to(&p, HA1, &coa1), 1);
			assert_int_equal(mn_stats(mn).probes_forged, ++before + 1);
		}
		reply(p);
		assert_int_equal(mn_stats(mn).probes_forged, before + 1);
	}
}

static void test_silent_standby_path_is_told_to_the_home_agent_only(void **state)
{
	struct bu b;

	(void)state;
	both();
	way.dead[2] = true;
	lives(1);
	assert_int_equal(n_event[EV_path_down], 1);
	assert_int_equal(last_event[EV_path_down].path_down.bid, 2);
	assert_string_equal(path_of(2).state, "down");
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	b = one_bu();
	accept_bu(&b);
	assert_int_equal(mn_stats(mn).forgotten, 0);
	way.dead[2] = false;
	lives(5);
	assert_int_equal(n_event[EV_path_up], 3);
	assert_string_equal(path_of(2).state, "up");
	assert_string_equal(default_dev(AF_INET6), "mip0a");
}

static unsigned downs_of_2;

static void count_downs(void *arg, const struct event *e)
{
	(void)arg;
	downs_of_2 += e->type == EV_path_down && e->path_down.bid == 2;
}

/* by: the path that the home agent sends by; RFC 5648 says nothing of it. */
static void silent_primary(uint16_t by, bool filtered)
{
	double at;
	struct bu b;

	downs_of_2 = 0;
	both_with(filtered);
	event_listen(count_downs, NULL);
	way.by = by;
	way.dead[1] = true;
	at = run_now();
	for (int i = 0; i < 6 && by && filtered; i++)
		mn_path_probe(mn, 2);		/* its silence is known first */
	while (strcmp(default_dev(AF_INET6), "mip0a") == 0 && run_now() < at + 5)
		lives(0.01);
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	assert_true(run_now() - at <= 0.7 + 0.05);
	b = one_bu();
	assert_true(is6(&b.src, COA2));
	accept_bu(&b);
	way.by = by ? 2 : 0;
	live_on(3, RTT);
	assert_string_equal(path_of(1).state, "down");
	assert_string_equal(path_of(2).state, "up");
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	assert_int_equal(n_event[EV_path_down], 1);
	assert_int_equal(last_event[EV_path_down].path_down.bid, 1);
	assert_int_equal(downs_of_2, 0);
}

static void test_silent_primary_path_is_left_in_time(void **state)
{
	(void)state;
	silent_primary(0, false);
}

static void test_silence_of_the_primary_is_not_blamed_on_the_others(void **state)
{
	(void)state;
	silent_primary(1, false);
}

static void test_filtered_silent_primary_path_is_left_in_time(void **state)
{
	(void)state;
	silent_primary(0, true);
}

static void test_filtered_silence_of_the_primary_is_not_blamed_on_the_others(void **state)
{
	(void)state;
	silent_primary(1, true);
	assert_true(path_of(2).path == path_of(2).inner && path_of(2).outer->mute);
}

/* With equal priorities the home agent answers by whichever it likes, and that one dies. */
static void test_path_that_answers_come_by_is_the_one_that_is_dead(void **state)
{
	double at;
	struct bu b;

	(void)state;
	w.uplink[1].priority = w.uplink[0].priority;
	both();
	way.by = 2;
	lives(5);
	way.dead[2] = true;
	at = run_now();
	while (!n_event[EV_path_down] && run_now() < at + 5)
		lives(0.01);
	assert_true(run_now() - at <= 0.7 + 0.05);
	assert_int_equal(last_event[EV_path_down].path_down.bid, 2);
	b = one_bu();
	assert_true(is6(&b.src, COA1));
	lives(0.5);			/* the answer takes its time */
	accept_bu(&b);
	way.by = 1;
	live_on(10, RTT);
	assert_int_equal(n_event[EV_path_down], 1);
	assert_string_equal(path_of(1).state, "up");
	assert_string_equal(path_of(2).state, "down");
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_int_equal(mn_stats(mn).forgotten, 0);
	way.dead[2] = false;
	live_on(5, RTT);
	assert_string_equal(path_of(2).state, "up");
}

static void test_all_tunnels_silent_is_one_question_and_no_failure(void **state)
{
	struct bu b = { .seq = 0 };
	double at;

	(void)state;
	both();
	way.forgot = true;
	at = run_now();
	while (!next_bu(&b) && run_now() < at + 5)
		lives(0.01);
	assert_true(run_now() - at <= 2.5 + 0.01);
	assert_int_equal(mn_stats(mn).forgotten, 1);
	way.forgot = false;
	accept_bu(&b);
	lives(5);
	no_bu();
	assert_int_equal(n_event[EV_path_down], 0);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
}

static void test_path_whose_tunnel_alone_is_silent_is_left_after_a_refresh(void **state)
{
	(void)state;
	both();
	way.no_tunnel[1] = true;
	assert_int_equal(live_on(3, RTT), 1);	/* perhaps it knows that one no more */
	assert_int_equal(mn_stats(mn).forgotten, 1);
	assert_int_equal(n_event[EV_path_down], 0);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_int_equal(live_on(3, RTT), 1);	/* it is told of the move */
	assert_int_equal(n_event[EV_path_down], 1);
	assert_int_equal(last_event[EV_path_down].path_down.bid, 1);
	assert_string_equal(last_event[EV_path_down].path_down.reason, "tunnel");
	assert_string_equal(path_of(1).state, "down");
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	assert_int_equal(live_on(20, RTT), 0);
	assert_int_equal(mn_stats(mn).forgotten, 1);
	assert_int_equal(n_event[EV_path_down], 1);
	way.no_tunnel[1] = false;
	live_on(5, RTT);
	assert_string_equal(path_of(1).state, "up");
	assert_string_equal(default_dev(AF_INET6), "mip0a");
}

/* Something on the way of the primary takes tunnelled packets alone, both ways. */
static void blamed(bool other_first)
{
	both();
	way.by = 1;
	lives(5);
	way.no_tunnel[1] = true;
	for (int i = 0; i < 80 && strcmp(default_dev(AF_INET6), "mip0a") == 0; i++) {
		for (int k = 0; k < 6 && other_first && i % 10 == 0; k++)
			mn_path_probe(mn, 2);
		live_on(0.1, RTT);
	}
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	way.by = 2;
	live_on(10, RTT);
	assert_int_equal(n_event[EV_path_down], 1);
	assert_int_equal(last_event[EV_path_down].path_down.bid, 1);
	assert_string_equal(path_of(1).reason, "tunnel");
	assert_string_equal(path_of(2).state, "up");
}

static void test_primary_is_blamed_when_a_refresh_helps_no_tunnel(void **state)
{
	(void)state;
	blamed(false);
}

static void test_primary_is_blamed_though_others_are_always_silent_first(void **state)
{
	(void)state;
	blamed(true);
}

static void test_path_without_outer_answers_is_judged_by_its_tunnel(void **state)
{
	struct bu b;
	double at;

	(void)state;
	both();
	md_says("lost", "wwan0", NULL, NULL, NULL);
	turn();
	b = one_bu();
	accept_bu(&b);
	way.no_outer[2] = true;
	md_says("coa", "wwan0", COA2, ROUTER2, LINK2);
	turn();
	b = one_bu();
	accept_bu(&b);
	lives(10);
	assert_true(path_of(2).outer->mute && path_of(2).path == path_of(2).inner);
	assert_true(path_of(1).path == path_of(1).outer);
	assert_string_equal(path_of(2).state, "up");
	at = run_now();
	way.dead[2] = true;
	while (strcmp(path_of(2).state, "down") != 0 && run_now() < at + 5)
		lives(0.01);
	assert_true(run_now() - at <= 0.7 + 0.01);
	assert_string_equal(path_of(1).state, "up");
}

/* From one moment on somebody takes all echo requests that are not in a tunnel. */
static void test_outer_probes_that_are_filtered_later_are_no_death(void **state)
{
	(void)state;
	both();
	way.no_outer[1] = way.no_outer[2] = true;
	live_on(3, RTT);
	assert_int_equal(live_on(10, RTT), 0);
	assert_string_equal(path_of(1).state, "up");
	assert_string_equal(path_of(2).state, "up");
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	assert_true(path_of(1).path == path_of(1).inner);
	way.no_outer[1] = way.no_outer[2] = false;
	lives(3);
	assert_true(path_of(1).path == path_of(1).outer);
	no_bu();
}

/* Judged by the tunnels: the second path comes back while the home agent answers by the first,
 * which is dead by now. Only signalling gets through. */
static void test_acknowledged_update_revives_its_path(void **state)
{
	struct bu b;

	(void)state;
	both_with(true);
	way.by = 1;
	way.dead[2] = true;
	lives(3);
	assert_string_equal(path_of(2).state, "down");
	while (next_bu(&b))
		accept_bu(&b);
	lives(10);
	way.dead[1] = true;
	way.dead[2] = false;
	for (int i = 0; i < 40 && strcmp(default_dev(AF_INET6), "mip0a") == 0; i++) {
		lives(0.5);
		while (next_bu(&b))
			if (is6(&b.src, COA2))
				accept_bu(&b);
	}
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	way.by = 2;
	lives(3);
	assert_string_equal(path_of(1).state, "down");
	assert_string_equal(path_of(2).state, "up");
}

/* Each fall and return in short order is a path anew to the registration, alive until it hears. */
static void test_path_that_flaps_leaves_the_traffic_to_the_other(void **state)
{
	(void)state;
	both();
	for (int i = 0; i < 5; i++) {
		lost();
		live_on(0.4, RTT);
		foreign1();
		live_on(2, RTT);
	}
	assert_string_equal(path_of(1).state, "damped");
	assert_true(path_of(2).active && !path_of(1).active);
	assert_int_equal(mn_path_hold(mn, 1, false), 0);	/* it is good, the operator says */
	live_on(0.5, RTT);
	assert_string_equal(path_of(1).state, "up");
	assert_true(path_of(1).active);
	way.dead[1] = true;
	live_on(2, RTT);
	assert_string_equal(path_of(1).state, "down");
	assert_true(path_of(2).active);
}

static void test_operator_moves_traffic_at_once(void **state)
{
	struct bu b;

	(void)state;
	both();
	assert_int_equal(mn_path_prefer(mn, 2), 0);
	turn();
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	b = one_bu();
	accept_bu(&b);
	assert_true(path_of(2).active && path_of(2).preferred);
	lives(2);
	assert_int_equal(mn_path_prefer(mn, 0), 0);
	turn();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	b = one_bu();
	accept_bu(&b);
	lives(2);
	assert_int_equal(mn_path_hold(mn, 1, true), 0);
	turn();
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	b = one_bu();
	accept_bu(&b);
	lives(2);
	assert_int_equal(mn_path_hold(mn, 1, false), 0);
	turn();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_each_path_is_probed_by_itself),
		T(test_answer_counts_for_its_path_alone),
		T(test_silent_standby_path_is_told_to_the_home_agent_only),
		T(test_silent_primary_path_is_left_in_time),
		T(test_silence_of_the_primary_is_not_blamed_on_the_others),
		T(test_filtered_silent_primary_path_is_left_in_time),
		T(test_filtered_silence_of_the_primary_is_not_blamed_on_the_others),
		T(test_path_that_answers_come_by_is_the_one_that_is_dead),
		T(test_all_tunnels_silent_is_one_question_and_no_failure),
		T(test_path_whose_tunnel_alone_is_silent_is_left_after_a_refresh),
		T(test_primary_is_blamed_when_a_refresh_helps_no_tunnel),
		T(test_primary_is_blamed_though_others_are_always_silent_first),
		T(test_path_without_outer_answers_is_judged_by_its_tunnel),
		T(test_outer_probes_that_are_filtered_later_are_no_death),
		T(test_acknowledged_update_revives_its_path),
		T(test_path_that_flaps_leaves_the_traffic_to_the_other),
		T(test_operator_moves_traffic_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
