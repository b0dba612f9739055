/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobile prefix discovery by a mobile node (RFC 6275 11.4.2, 11.4.3; RFC 4862 5.5.3). */
#include "mn_help.h"

#include <math.h>

#include "store/mpd.h"

#define ID	0x4321
#define NOW	1000.
#define NEWNET	"2001:db8:28a::"

struct talk {
	struct timers t;
	struct mpd d;
	double now;
};

static struct talk talk_make(void)
{
	struct talk k = { .now = NOW };

	timers_default(&k.t);
	mpd_init(&k.d);
	return k;
}

static struct icmp6_msg advert(uint16_t id)
{
	return (struct icmp6_msg){ .type = ICMP6_MPA, .mpa = { .id = id } };
}

static void with(struct icmp6_msg *m, const char *addr, uint32_t valid, uint32_t preferred)
{
	m->mpa.prefix[m->mpa.n++] = (struct nd_prefix){
		.addr = ip6(addr), .plen = 64, .on_link = true, .autonomous = true,
		.valid = valid, .preferred = preferred };
}

static struct mpd_prefixes of(const struct icmp6_msg *m)
{
	return (struct mpd_prefixes){ m->mpa.prefix, m->mpa.n, false };
}

/* The home agent says these lifetimes of the home prefix. */
static void said(struct talk *k, uint32_t valid, uint32_t preferred)
{
	const struct prefix hoa = pfx(HOA "/64");
	struct icmp6_msg m = advert(0);
	struct mpd_prefixes p;

	with(&m, "2001:db8:280::", valid, preferred);
	p = of(&m);
	mpd_home_prefix(&k->d, &k->t, &hoa, &p, k->now);
}

static unsigned next(struct talk *k)
{
	assert_true(mpd_due(&k->d) > 0);
	k->now = mpd_due(&k->d);
	return mpd_timer(&k->d, &k->t, ID + 1, k->now);
}

static void test_solicitation_is_repeated_at_growing_intervals(void **state)
{
	static const double timo[] = { 3, 6, 12, 24, 32 };
	struct talk k = talk_make();

	(void)state;
	assert_true(mpd_due(&k.d) == 0);
	assert_int_equal(mpd_ask(&k.d, &k.t, ID, k.now), MPD_SEND);
	assert_int_equal(mpd_ask(&k.d, &k.t, ID + 1, k.now), 0);	/* under way */
	for (size_t i = 0; i < ARRAY_SIZE(timo); i++) {
		double was = k.now;

		assert_int_equal(next(&k), i + 1 < ARRAY_SIZE(timo) ? MPD_SEND : 0);
		assert_true(k.now - was == timo[i]);
		assert_int_equal(k.d.id, ID);
	}
	assert_false(k.d.asking);
	assert_true(mpd_due(&k.d) == 0);
	assert_int_equal(mpd_ask(&k.d, &k.t, ID + 1, k.now), MPD_SEND);
	assert_int_equal(k.d.id, ID + 1);
}

static void test_only_the_answer_to_the_last_question_counts(void **state)
{
	struct icmp6_msg good = advert(ID), bad = advert(ID + 1);
	struct talk k = talk_make();

	(void)state;
	assert_false(mpd_answered(&k.d, &good));	/* nothing asked */
	mpd_ask(&k.d, &k.t, ID, k.now);
	assert_false(mpd_answered(&k.d, &bad));
	assert_true(k.d.asking);
	assert_true(mpd_answered(&k.d, &good));
	assert_false(mpd_answered(&k.d, &good));	/* no other one for this value */
	/* what is not asked for makes us ask, but not in a loop */
	assert_int_equal(mpd_ask(&k.d, &k.t, ID, k.now + 1), 0);
	assert_true(mpd_due(&k.d) == k.now + 3);	/* but then */
	assert_int_equal(mpd_ask(&k.d, &k.t, ID, k.now + 3), MPD_SEND);
}

static void test_it_asks_before_the_prefix_ends(void **state)
{
	struct talk k = talk_make();

	(void)state;
	said(&k, UINT32_MAX, UINT32_MAX);
	assert_true(mpd_due(&k.d) == 0);		/* for ever */
	said(&k, 20000, 10000);
	assert_true(mpd_due(&k.d) == NOW + 9000);
	assert_int_equal(next(&k), MPD_SEND);
	mpd_stop(&k.d);					/* nobody answers */
	assert_true(mpd_due(&k.d) == NOW + 9900);
	while (k.now < NOW + 10000 && !mpd_deprecated(&k.d, k.now))
		if (next(&k) & MPD_SEND)
			mpd_stop(&k.d);
	assert_true(k.now == NOW + 10000);
}

static void test_ends_are_said_once(void **state)
{
	unsigned act = 0, deprecated = 0, invalid = 0;
	struct talk k = talk_make();

	(void)state;
	said(&k, 9000, 8000);
	while (mpd_due(&k.d) && k.now < NOW + 20000) {
		act = next(&k);
		deprecated += !!(act & MPD_DEPRECATED);
		invalid += !!(act & MPD_INVALID);
		if (act & MPD_DEPRECATED)
			assert_true(k.now == NOW + 8000);
		if (act & MPD_INVALID)
			assert_true(k.now == NOW + 9000);
	}
	assert_int_equal(deprecated, 1);
	assert_int_equal(invalid, 1);
}

static void test_nobody_ends_a_home_address_soon(void **state)
{
	struct talk k = talk_make();

	(void)state;
	said(&k, 0, 0);
	assert_true(mpd_deprecated(&k.d, k.now));	/* that ends nothing */
	assert_true(k.d.valid == NOW + 7200);
	/* RFC 4862 5.5.3 e 2: what is left of less than two hours is not cut */
	k.now += 5000;
	said(&k, 10, 0);
	assert_true(k.d.valid == NOW + 7200);
	/* a longer one counts */
	said(&k, 3000, 3000);
	assert_true(k.d.valid == NOW + 8000);
	assert_false(mpd_deprecated(&k.d, k.now));
	said(&k, 100000, 100000);
	assert_true(k.d.valid == NOW + 105000);
	/* nonsense and other prefixes say nothing */
	said(&k, 20000, 30000);
	assert_true(k.d.valid == NOW + 105000);
}

static void test_new_prefix_keeps_the_interface_identifier(void **state)
{
	const struct prefix hoa = pfx(HOA "/64");
	struct icmp6_msg m = advert(ID);
	struct in6_addr agent;
	struct prefix p;
	unsigned at = 0;
	struct mpd_prefixes all;

	(void)state;
	with(&m, "2001:db8:280::1", 9000, 9000);	/* ours */
	with(&m, "2001:db8:28b::", 9000, 0);		/* deprecated from the beginning */
	with(&m, "2001:db8:28c::", 9000, 9001);
	with(&m, "2001:db8:28d::", 9000, 9000);
	m.mpa.prefix[3].autonomous = false;
	with(&m, "fe80::", 9000, 9000);
	with(&m, "2001:db8:28e::", 9000, 9000);
	m.mpa.prefix[5].plen = 56;
	with(&m, NEWNET "1", 9000, 9000);
	m.mpa.prefix[6].router = true;
	with(&m, "2001:db8:28f::", 9000, 9000);
	all = of(&m);
	assert_true(mpd_new_prefix(&all, &hoa, &at, &p, &agent));
	assert_true(is6(&p.a.in6, NEWNET "beef") && p.plen == 64 && is6(&agent, NEWNET "1"));
	assert_true(mpd_new_prefix(&all, &hoa, &at, &p, &agent));
	assert_true(is6(&p.a.in6, "2001:db8:28f::beef") && is6(&agent, "::"));
	assert_false(mpd_new_prefix(&all, &hoa, &at, &p, &agent));
}

static void test_home_link_lists_the_home_prefix_itself(void **state)
{
	const struct prefix hoa = pfx(HOA "/64");
	struct icmp6_msg m = advert(0);
	struct mpd_prefixes all;

	(void)state;
	with(&m, NEWNET, 9000, 9000);
	with(&m, "2001:db8:280::1", 9000, 0);
	all = of(&m);
	assert_true(mpd_is_home_link(&all, &hoa));
	m.mpa.prefix[1].on_link = false;
	assert_false(mpd_is_home_link(&all, &hoa));
	m.mpa.prefix[1].on_link = true;
	m.mpa.prefix[1].valid = 0;
	assert_true(mpd_is_home_link(&all, &hoa));
	m.mpa.prefix[1].plen = 60;
	assert_false(mpd_is_home_link(&all, &hoa));
	all.n = 1;
	assert_false(mpd_is_home_link(&all, &hoa));
}

/* Nobody signs them: so many wrong ones are guesses, and the next question has another identifier. */
static void test_guesses_are_few(void **state)
{
	struct talk k = talk_make();
	struct icmp6_msg m = advert(ID + 100);

	(void)state;
	assert_int_equal(mpd_ask(&k.d, &k.t, ID, k.now), MPD_SEND);
	for (int i = 0; i < 3; i++)
		assert_false(mpd_answered(&k.d, &m));
	m = advert(ID);
	assert_true(mpd_answered(&k.d, &m));	/* among what was said unasked */
	k.now += 100;
	assert_int_equal(mpd_ask(&k.d, &k.t, ID, k.now), MPD_SEND);
	m = advert(ID + 100);
	for (int i = 0; i < 4; i++)
		assert_false(mpd_answered(&k.d, &m));
	m = advert(ID);
	assert_false(mpd_answered(&k.d, &m));
	/* which is a reason to ask, not at once */
	assert_int_equal(mpd_ask(&k.d, &k.t, ID + 1, k.now), 0);
	assert_true(mpd_due(&k.d) == k.now + 3);
	assert_true(next(&k) & MPD_SEND);
	assert_int_equal(k.d.id, ID + 1);
	m = advert(ID + 1);
	assert_true(mpd_answered(&k.d, &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_solicitation_is_repeated_at_growing_intervals),
		cmocka_unit_test(test_only_the_answer_to_the_last_question_counts),
		cmocka_unit_test(test_it_asks_before_the_prefix_ends),
		cmocka_unit_test(test_ends_are_said_once),
		cmocka_unit_test(test_nobody_ends_a_home_address_soon),
		cmocka_unit_test(test_new_prefix_keeps_the_interface_identifier),
		cmocka_unit_test(test_home_link_lists_the_home_prefix_itself),
		cmocka_unit_test(test_guesses_are_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
