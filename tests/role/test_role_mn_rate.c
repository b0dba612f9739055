/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile router with many home addresses: MAX_UPDATE_RATE (RFC 6275 11.8). */
#include "role/mn_bids_help.h"

static void test_no_more_than_three_updates_within_a_second(void **state)
{
	double sent[64];
	unsigned n = 0;
	struct bu b;

	(void)state;
	w.c.n_home = 2;
	w.home[1].home_agents[0] = ip6(HA1);
	start();
	for (int i = 0; i < 100; i++) {
		if (i % 2)
			foreign1();
		else
			foreign2();
		while (next_bu(&b))
			sent[n++] = b.at;
		advance(0.05);
		while (next_bu(&b))
			sent[n++] = b.at;
	}
	assert_true(n >= 12);		/* five seconds: it does go on */
	for (unsigned i = 3; i < n; i++)
		assert_true(sent[i] - sent[i - 3] >= 1 - 0.051);
	for (unsigned i = 0; i < n; i++) {
		unsigned within = 0;

		for (unsigned k = i; k < n && sent[k] < sent[i] + 1 - 0.051; k++)
			within++;
		assert_true(within <= 3);
	}
}

/* From the first BU on: no home agent gets more than three within a second. */
static unsigned watch_rate(double seconds, bool (*want)(const struct bu *b))
{
	double sent[256];
	unsigned n = 0;
	struct bu b;

	for (double t = 0; t < seconds; t += 0.05) {
		while (next_bu(&b))
			if (want(&b) && n < ARRAY_SIZE(sent))
				sent[n++] = b.at;
		advance(0.05);
	}
	for (unsigned i = 3; i < n; i++)
		assert_true(sent[i] - sent[i - 3] >= 1 - 0.051);
	return n;
}

static bool to_ha1(const struct bu *b)
{
	return is6(&b->dst, HA1);
}

static bool first_of_many[24];

static bool each_once(const struct bu *b)
{
	size_t i = (size_t)(b->conf - w.c.homes);

	/* its timeout is counted from when it left */
	assert_false(first_of_many[i]);
	first_of_many[i] = true;
	ANSWER(b, .status = 0);
	return true;
}

static void make_homes(struct home_conf *home, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		home[i] = w.home[1];
		home[i].home_agents[0] = ip6(HA1);
		home[i].hoa.a.in6.s6_addr[14] = (uint8_t)(1 + i);
		home[i].table = 6500 + (unsigned)i;
	}
	w.c.homes = home;
	w.c.n_home = n;
}

static void test_many_homes_at_one_home_agent_keep_the_rate_together(void **state)
{
	struct home_conf home[24];

	(void)state;
	make_homes(home, ARRAY_SIZE(home));
	memset(first_of_many, 0, sizeof(first_of_many));
	start();
	foreign1();
	assert_int_equal(watch_rate(8, each_once), ARRAY_SIZE(home));
	foreign2();			/* and nobody answers */
	assert_true(watch_rate(20, to_ha1) >= 55);
}

static void test_homes_that_turned_to_another_home_agent_count_where_they_were(void **state)
{
	const struct icmp6_rx rx = { .src = ip6(HA1), .dst = ip6(COA1) };
	struct icmp6_msg m = { .type = ICMP6_PARAMPROB_, .code = 1 };
	struct home_conf home[6];
	struct bu b;
	unsigned n = 0;

	(void)state;
	make_homes(home, ARRAY_SIZE(home));
	for (size_t i = 0; i < ARRAY_SIZE(home); i++) {
		home[i].home_agents[1] = ip6(HA2);
		home[i].n_ha = 2;
	}
	start();
	foreign1();
	m.err.proto = IPPROTO_MH_;
	m.err.mh_type = MH_BU;
	m.err.dst = ip6(HA1);
	m.err.src = ip6(COA1);
	m.err.has_hao = true;
	for (size_t i = 0; i < 3; i++) {
		assert_true(next_bu(&b));
		assert_true(to_ha1(&b));
		m.err.hao = b.conf->hoa.a.in6;
		fake_icmp_rx(&rx, &m);
	}
	turn();
	while (next_bu(&b))
		n += to_ha1(&b);
	advance(0.9);
	while (next_bu(&b))
		n += to_ha1(&b);
	assert_int_equal(n, 0);
	advance(0.2);
	while (next_bu(&b))
		n += to_ha1(&b);
	assert_int_equal(n, 3);
}

/* Both paths, and no more refreshes may be told in this second. */
static void busy(void)
{
	struct bu b;

	both();
	for (unsigned i = 0; i < 3; i++) {
		mn_refresh(mn, NULL);
		turn();
		while (next_bu(&b))
			accept_bu(&b);
		advance(0.1);
	}
}

/* RFC 5648: what can wait leaves one in a second to the loss of a path. */
static void test_a_lost_path_is_told_at_once(void **state)
{
	struct bu b;
	unsigned n = 0;

	setup_bids(state);
	both();
	/* two in a second, whatever else there is to be told */
	for (unsigned i = 0; i < 5; i++) {
		mn_refresh(mn, NULL);
		turn();
		while (next_bu(&b)) {
			n++;
			accept_bu(&b);
		}
		advance(0.1);
	}
	assert_int_equal(n, 2);
	mn_path_alive(home0(), path_of(1), false);
	turn();
	b = one_bu();
	assert_true(tells(&b, 1, COA1, BUL_PRIO_LAST) && is6(&b.src, COA2));
	accept_bu(&b);
	/* the rest a second later */
	mn_refresh(mn, NULL);
	turn();
	no_bu();
	advance(1.01);
	assert_true(next_bu(&b));
	/* so is an address that is gone */
	teardown(state);
	setup_bids(state);
	busy();
	md_says("coa", "wlan0", COA3, ROUTER1, "2001:db8:f3::/64");
	turn();				/* and the next address of an uplink */
	b = one_bu();
	assert_true(tells(&b, 1, COA3, 1) && has_bid(&b, 0x8001));
	teardown(state);
	setup_bids(state);
	busy();
	lost();
	b = one_bu();
	assert_true(b.flags & BU_O && has_bid(&b, 2) && !has_bid(&b, 1));
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_no_more_than_three_updates_within_a_second),
		T(test_many_homes_at_one_home_agent_keep_the_rate_together),
		T(test_homes_that_turned_to_another_home_agent_count_where_they_were),
		T(test_a_lost_path_is_told_at_once),
	};
#undef T

	return cmocka_run_group_tests_name("role_mn_rate", tests, NULL, NULL);
}
