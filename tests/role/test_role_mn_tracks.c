/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes of two paths at a time: whose silence it is, and where the traffic goes. */
#include "mn_role_help.h"

struct probe { struct icmp6_tx tx; struct icmp6_msg m; uint8_t data[64]; uint16_t bid; };

static bool dead[3];			/* probes of that BID get no answer */
static bool by_primary;			/* answers go by the path of default_dev() */

static const char *tunnel_of(uint16_t bid)
{
	return bid == 1 ? "mip0a" : "mip0b";
}

static bool next_probe(struct probe *p)
{
	const struct fake_icmp *f = fake_icmp_pop();

	if (!f)
		return false;
	p->tx = f->tx;
	p->m = f->m;
	memcpy(p->data, f->m.echo.data, f->m.echo.len);
	p->bid = (uint16_t)(p->data[0] << 8 | p->data[1]);
	return true;
}

static void reply(struct probe *p)
{
	struct icmp6_rx rx = { .src = ip6(HA1), .dst = ip6(HOA) };
	struct icmp6_msg m = { .type = ICMP6_ECHOREP_ };

	m.echo = p->m.echo;
	m.echo.data = p->data;
	fake_icmp_rx(&rx, &m);
	turn();
}

static uint16_t primary_bid = 1;	/* of the home agent */

/* The network and the home agent, for a while; ms by ms. */
static void live(double seconds)
{
	static struct { struct probe p; double at; } late[64];
	static unsigned n;

	for (double end = run_now() + seconds; run_now() < end; ) {
		advance(0.001);
		while (n < ARRAY_SIZE(late) && next_probe(&late[n].p))
			late[n++].at = run_now() + 0.02;
		for (unsigned i = 0; i < n; i++) {
			struct probe p = late[i].p;

			if (late[i].at > run_now())
				continue;
			late[i--] = late[--n];
			if (!dead[p.bid] && !(by_primary && dead[primary_bid]))
				reply(&p);
		}
	}
}

static void both(void)
{
	struct bu b;

	w.uplink[0].bid = 1;
	w.uplink[1].bid = 2;
	w.uplink[0].probe = w.uplink[1].probe = PATH_PROFILE_NORMAL;
	dead[1] = dead[2] = by_primary = false;
	primary_bid = 1;
	start();
	foreign1();
	md_says("coa", "wwan0", COA2, ROUTER2, LINK2);
	turn();
	b = one_bu();
	accept_bu(&b);
	b = one_bu();
	accept_bu(&b);
	live(10);
	no_bu();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
}

static struct mn_track_info info_of(uint16_t bid)
{
	struct mn_track_info i;

	for (unsigned k = 0; k < mn_tracks(mn); k++)
		if (mn_track(mn, k, &i) && i.bid == bid)
			return i;
	fail_msg("no path %u", bid);
	return i;
}

static void test_each_path_is_probed_through_its_own_tunnel(void **state)
{
	unsigned n[3] = { 0 };
	struct probe p;

	(void)state;
	both();
	assert_string_equal(info_of(1).state, "up");
	assert_string_equal(info_of(2).state, "up");
	assert_true(info_of(1).active && !info_of(2).active);
	assert_int_equal(n_event[EV_path_up], 2);
	for (unsigned i = 0; i < 1000; i++) {
		advance(0.001);
		while (next_probe(&p)) {
			const struct klink *l = kern_link(fake_kern(), tunnel_of(p.bid));

			assert_non_null(l);
			assert_int_equal(p.tx.ifindex, l->ifindex);
			assert_int_equal(p.tx.mark, p.bid);
			n[p.bid]++;
			reply(&p);
		}
	}
	assert_true(n[1] >= 3 && n[2] >= 3);
}

/* The answer for one path is none for the other, wherever it came from. */
static void test_answer_counts_for_its_path_alone(void **state)
{
	struct probe p;

	(void)state;
	both();
	while (!next_probe(&p) || p.bid != 2)
		advance(0.001);
	p.data[1] = 1;
	reply(&p);
	assert_int_equal(mn_stats(mn).probes_forged, 1);
	p.data[1] = 2;
	reply(&p);
	assert_int_equal(mn_stats(mn).probes_forged, 1);
}

static void test_silent_standby_path_is_told_to_the_home_agent_only(void **state)
{
	struct bu b;

	(void)state;
	both();
	dead[2] = true;
	live(1);
	assert_int_equal(n_event[EV_path_down], 1);
	assert_int_equal(last_event[EV_path_down].path_down.bid, 2);
	assert_string_equal(info_of(2).state, "down");
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	b = one_bu();
	accept_bu(&b);
	assert_int_equal(mn_stats(mn).forgotten, 0);
	dead[2] = false;
	live(5);
	assert_int_equal(n_event[EV_path_up], 3);
	assert_string_equal(info_of(2).state, "up");
	assert_string_equal(default_dev(AF_INET6), "mip0a");
}

/* RFC 5648 says nothing of it: answers come by the home agent's primary path. */
static void silent_primary(bool answers_by_primary)
{
	double at;
	struct bu b;

	both();
	by_primary = answers_by_primary;
	dead[1] = true;
	at = run_now();
	for (int i = 0; i < 6 && answers_by_primary; i++)
		mn_path_probe(mn, 2);		/* its silence is known first */
	while (strcmp(default_dev(AF_INET6), "mip0a") == 0 && run_now() < at + 5)
		live(0.01);
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	assert_true(run_now() - at <= 0.7 + 0.05);
	b = one_bu();
	assert_true(is6(&b.src, COA2));
	accept_bu(&b);
	primary_bid = 2;
	live(3);
	assert_string_equal(info_of(1).state, "down");
	assert_string_equal(info_of(2).state, "up");
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	for (unsigned i = 0; i < n_event[EV_path_down]; i++)
		assert_int_equal(last_event[EV_path_down].path_down.bid, 1);
}

static void test_silent_primary_path_is_left_in_time(void **state)
{
	(void)state;
	silent_primary(false);
}

static void test_silence_of_the_primary_is_not_blamed_on_the_others(void **state)
{
	(void)state;
	silent_primary(true);
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
	assert_true(info_of(2).active && info_of(2).preferred);
	live(2);
	assert_int_equal(mn_path_prefer(mn, 0), 0);
	turn();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	b = one_bu();
	accept_bu(&b);
	live(2);
	assert_int_equal(mn_path_hold(mn, 1, true), 0);
	turn();
	assert_string_equal(default_dev(AF_INET6), "mip0b");
	b = one_bu();
	accept_bu(&b);
	live(2);
	assert_int_equal(mn_path_hold(mn, 1, false), 0);
	turn();
	assert_string_equal(default_dev(AF_INET6), "mip0a");
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_each_path_is_probed_through_its_own_tunnel),
		T(test_answer_counts_for_its_path_alone),
		T(test_silent_standby_path_is_told_to_the_home_agent_only),
		T(test_silent_primary_path_is_left_in_time),
		T(test_silence_of_the_primary_is_not_blamed_on_the_others),
		T(test_operator_moves_traffic_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
