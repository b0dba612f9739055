/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a home address and a care-of address are valid, and what that does to registrations. */
#include "mn_role_help.h"

static void begin(void)
{
	w.c.router = false;
	w.home[0].n_prefix = 0;
	start();
	foreign1();
}

/* The home agent is asked for prefixes once more, and answers. */
static void prefix_lives(uint32_t valid, uint32_t preferred)
{
	const struct fake_icmp *f = fake_icmp_pop();
	struct icmp6_rx rx = { .src = ip6(HA1), .dst = ip6(HOA), .has_rh2 = true,
			       .rh2_coa = ip6(COA1), .at = run_now() };
	struct icmp6_msg m = { .type = ICMP6_MPA, .mpa.n = 1 };

	assert_non_null(f);
	assert_int_equal(f->m.type, ICMP6_MPS);
	m.mpa.id = f->m.mps.id;
	m.mpa.prefix[0] = (struct nd_prefix){ .addr = ip6("2001:db8:280::"), .plen = 64,
					      .on_link = true, .autonomous = true,
					      .valid = valid, .preferred = preferred };
	assert_null(fake_icmp_pop());
	fake_icmp_rx(&rx, &m);
	turn();
}

static void refreshed(uint32_t lifetime)
{
	struct mn_info i;
	struct bu b;

	cut = lifetime;
	mn_refresh(mn, NULL);
	turn();
	b = one_bu();
	answer_with(&b, &(struct ba){ .lifetime = w.home[0].lifetime });
	turn();
	i = info();
	assert_int_equal(i.bul->lifetime, lifetime);	/* not what the answer says */
	assert_true(i.bul->expires == run_now() + lifetime);
}

/* RFC 6275 11.7.1 */
static void test_lifetime_is_no_longer_than_that_of_the_care_of_address(void **state)
{
	struct bu b;

	(void)state;
	begin();
	b = one_bu();
	accept_bu(&b);
	coa_valid = run_now() + 103;
	refreshed(100);
	advance(2);
	coa_valid = run_now() + 100000;
	refreshed(w.home[0].lifetime);
	advance(2);
	coa_valid = run_now() + 2;
	refreshed(4);
}

static void test_lifetime_is_no_longer_than_that_of_the_home_prefix(void **state)
{
	const struct ba ask = { .status = BA_PREFIX_DISCOVERY, .lifetime = w.home[0].lifetime };
	struct bu b;

	(void)state;
	w.c.timers.min_valid_lifetime = 10;
	begin();
	b = one_bu();
	answer_with(&b, &ask);
	turn();
	prefix_lives(90, 50);
	refreshed(88);
	coa_valid = run_now() + 40;
	refreshed(40);
}

/* Nobody could say whether the prefix goes on; the home agent does when it is asked again. */
static void test_offline_for_longer_than_the_prefix_lives_ends_no_home(void **state)
{
	const struct ba ask = { .status = BA_PREFIX_DISCOVERY, .lifetime = w.home[0].lifetime };
	struct mn_info i;
	struct bu b;

	(void)state;
	begin();
	b = one_bu();
	answer_with(&b, &ask);
	turn();
	prefix_lives(8000, 4000);
	lost();
	advance(20000);
	assert_null(fake_icmp_pop());
	assert_null(fake_mh_pop());
	assert_true(mn_home(mn, 0, &i));
	foreign1();
	b = one_bu();
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
	prefix_lives(9000, 5000);		/* asked without being told to */
	assert_true(info().valid == run_now() + 9000);
}

/* This one was asked about, and was not said to go on. */
static void test_home_that_nobody_prolongs_is_given_up(void **state)
{
	const struct ba ask = { .status = BA_PREFIX_DISCOVERY, .lifetime = w.home[0].lifetime };
	struct mn_info i;
	struct bu b;

	(void)state;
	begin();
	b = one_bu();
	answer_with(&b, &ask);
	turn();
	prefix_lives(8000, 4000);
	lost();
	advance(7900);
	foreign1();
	cut = 100;
	b = one_bu();
	answer_with(&b, &(struct ba){ .lifetime = 100 });
	turn();
	assert_non_null(fake_icmp_pop());
	cut = ANY;
	for (int s = 0; s < 110 && mn_home(mn, 0, &i); s++) {
		advance(1);
		while (fake_icmp_pop())
			;
		while (next_bu(&b))
			answer_with(&b, &(struct ba){ .lifetime = b.lifetime });
		turn();
	}
	assert_false(mn_home(mn, 0, &i));
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_lifetime_is_no_longer_than_that_of_the_care_of_address),
		T(test_lifetime_is_no_longer_than_that_of_the_home_prefix),
		T(test_offline_for_longer_than_the_prefix_lives_ends_no_home),
		T(test_home_that_nobody_prolongs_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
