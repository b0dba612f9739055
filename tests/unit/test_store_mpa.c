/* SPDX-License-Identifier: BSD-2-Clause */
/* When a mobile node is told the prefixes of its home, and what (RFC 6275 10.6). */
#include "ha_help.h"

#include "store/mpa.h"

#define HALF	0x80000000u
#define FOREVER	UINT32_MAX
#define DAY	86400.

static struct timers tm;

static int before(void **state)
{
	(void)state;
	timers_default(&tm);
	return 0;
}

/* Registered at 1000 and told once, at 2000, acknowledged. */
static struct mpa told(void)
{
	struct mpa m = { 0 };

	mpa_bound(&m, &tm, true, FOREVER, 1000, 0);
	assert_int_equal(mpa_solicited(&m, &tm, 1, 2000), MPA_SOLICITED);
	return m;
}

static void test_first_advertisement_has_a_random_delay(void **state)
{
	static const struct { uint32_t preferred, draw; double delay; } row[] = {
		{ FOREVER, 0, 600 }, { FOREVER, HALF, 600 + 85800 / 2. },
		{ 1600, HALF, 1100 }, { 1600, 0, 600 }, { 600, HALF, 600 },
		/* min(MaxMobPfxAdvInterval, Preferred Lifetime) below the least: abs() */
		{ 200, HALF, 800 }, { 0, HALF, 900 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct mpa m = { 0 };

		mpa_bound(&m, &tm, true, row[i].preferred, 1000, row[i].draw);
		assert_int_equal(m.state, MPA_SCHEDULED);
		if (m.due != 1000 + row[i].delay)
			fail_msg("row %zu: %f", i, m.due - 1000);
	}
}

static void test_repeated_until_the_attempts_are_used_up(void **state)
{
	struct mpa m = { 0 };
	double at = 1600, wait = 3;

	(void)state;
	mpa_bound(&m, &tm, true, FOREVER, 1000, 0);
	assert_int_equal(mpa_fire(&m, &tm, FOREVER, at, 0), MPA_UNSOLICITED);
	for (unsigned i = 0; i < 3; i++, wait *= 2) {
		assert_true(m.due == at + wait);
		at = m.due;
		assert_int_equal(mpa_fire(&m, &tm, FOREVER, at, 0), MPA_UNSOLICITED);
	}
	at = m.due;
	assert_int_equal(mpa_fire(&m, &tm, FOREVER, at, 0), MPA_NOTHING);
	assert_int_equal(m.state, MPA_QUIET);
	assert_true(m.unacked);
	/* another Binding Update: it begins again */
	mpa_bound(&m, &tm, false, FOREVER, at + 50, 0);
	assert_true(m.due == at + 50);
	assert_int_equal(mpa_fire(&m, &tm, FOREVER, at + 50, 0), MPA_UNSOLICITED);
	assert_true(m.due == at + 53);
}

static void test_solicitation_acknowledges(void **state)
{
	struct mpa m = { 0 };

	(void)state;
	mpa_bound(&m, &tm, true, FOREVER, 1000, 0);
	assert_int_equal(mpa_fire(&m, &tm, FOREVER, 1600, 0), MPA_UNSOLICITED);
	assert_int_equal(mpa_solicited(&m, &tm, 9, 1602), MPA_SOLICITED);
	assert_false(m.unacked);
	assert_int_equal(m.state, MPA_QUIET);
	assert_true(m.due == 1602 + DAY);
	mpa_bound(&m, &tm, false, FOREVER, 1700, 0);	/* a refresh starts nothing */
	assert_true(m.state == MPA_QUIET && m.due == 1602 + DAY);
}

static void test_no_more_than_one_a_second(void **state)
{
	struct mpa m = told();

	(void)state;
	assert_int_equal(mpa_solicited(&m, &tm, 7, 2000.2), MPA_NOTHING);
	assert_true(m.state == MPA_ANSWER && m.due == 2001);
	assert_int_equal(mpa_solicited(&m, &tm, 8, 2000.4), MPA_NOTHING);
	assert_int_equal(m.id, 8);		/* the newest is answered */
	assert_int_equal(mpa_fire(&m, &tm, FOREVER, 2001, 0), MPA_SOLICITED);
	assert_int_equal(mpa_solicited(&m, &tm, 9, 2001.5), MPA_NOTHING);
	assert_int_equal(mpa_fire(&m, &tm, FOREVER, 2002, 0), MPA_SOLICITED);
	assert_int_equal(mpa_solicited(&m, &tm, 9, 2003), MPA_SOLICITED);
	tm.prefix_adv_timeout = 0.1;
	mpa_changed(&m, &tm, FOREVER, 2003, 0);
	assert_int_equal(mpa_fire(&m, &tm, FOREVER, 2603, 0), MPA_UNSOLICITED);
	assert_true(m.due == 2604);
}

static void test_change_is_scheduled_once(void **state)
{
	struct mpa m = told();

	(void)state;
	mpa_changed(&m, &tm, FOREVER, 3000, 0);
	assert_true(m.state == MPA_SCHEDULED && m.due == 3600);
	mpa_changed(&m, &tm, FOREVER, 3500, HALF);	/* the same transmission says it all */
	assert_true(m.due == 3600);
	assert_int_equal(mpa_fire(&m, &tm, FOREVER, 3600, 0), MPA_UNSOLICITED);
	assert_int_equal(mpa_fire(&m, &tm, FOREVER, 3603, 0), MPA_UNSOLICITED);
	assert_int_equal(m.tries, 1);
	mpa_changed(&m, &tm, FOREVER, 3605, 0);		/* combined with the unacknowledged one */
	assert_true(m.state == MPA_RETRY && m.due == 3609);
	assert_int_equal(m.tries, 0);
}

/* MaxScheduleDelay is that of the prefix as it is now. */
static void test_what_is_scheduled_is_not_too_late_for_a_deprecated_prefix(void **state)
{
	struct mpa m = told();

	(void)state;
	mpa_changed(&m, &tm, FOREVER, 3000, UINT32_MAX);
	assert_true(m.due > 3000 + DAY - 1);
	mpa_changed(&m, &tm, 7200, 3000, HALF);
	assert_true(m.state == MPA_SCHEDULED && m.due == 3000 + 600 + 3300);
	mpa_changed(&m, &tm, 6500, 3000, 0);	/* soon enough */
	assert_true(m.due == 3000 + 600 + 3300);
	mpa_changed(&m, &tm, 0, 3000, 0);
	assert_true(m.due == 3600);
}

/* 10.6.2: "at the scheduled time", whatever the dice say. */
static void test_change_upon_change_does_not_put_it_off(void **state)
{
	struct mpa m = told();
	double due;

	(void)state;
	mpa_changed(&m, &tm, 0, 3000, HALF);
	due = m.due;
	assert_true(m.state == MPA_SCHEDULED && due == 3000 + 600 + 300);
	for (double now = 3000; now < due; now += 100) {
		mpa_changed(&m, &tm, 0, now, UINT32_MAX);
		assert_true(m.due == due);
	}
}

static void test_after_a_day_of_silence_it_is_told_again(void **state)
{
	struct mpa m = told();

	(void)state;
	assert_true(m.due == 2000 + DAY);
	assert_int_equal(mpa_fire(&m, &tm, FOREVER, m.due, 0), MPA_NOTHING);
	assert_true(m.state == MPA_SCHEDULED && m.due == 2000 + DAY + 600);
	/* a binding that comes back within the day: nothing new to say */
	m = told();
	mpa_bound(&m, &tm, true, FOREVER, 2500, 0);
	assert_true(m.state == MPA_QUIET && m.due == 2000 + DAY);
	mpa_bound(&m, &tm, true, FOREVER, 2000 + DAY, 0);
	assert_int_equal(m.state, MPA_SCHEDULED);
}

/* ---- what ---- */

static void test_lifetimes_run_down_only_where_they_shall(void **state)
{
	struct prefix_life l = { .since = 1000 };

	(void)state;
	assert_int_equal(mpa_left(&l, 600, 5000), 600);
	l.decrement = true;
	assert_int_equal(mpa_left(&l, 600, 1000), 600);
	assert_int_equal(mpa_left(&l, 600, 1599.5), 1);
	assert_int_equal(mpa_left(&l, 600, 1600), 0);
	assert_int_equal(mpa_left(&l, 600, 9999), 0);
	assert_true(mpa_left(&l, FOREVER, 9999) == FOREVER);
	assert_int_equal(mpa_left(&l, 600, 900), 600);
}

static void test_advertisement_has_the_prefixes_of_the_home(void **state)
{
	struct in6_addr mr = ip6(MR), vmr = ip6(VMR), stranger = ip6("2001:db8:f1::2"),
			own = ip6(HA_ADDR), net = ip6("2001:db8:2ff::"), virt = ip6(VIRTUAL_HA);
	struct prefix two[2] = { pfx("2001:db8:2ff::/64"), pfx(HOME) };
	struct ha_world w;
	struct icmp6_msg m;

	(void)state;
	world_make(&w);
	w.link.prefixes = two;
	w.link.n_prefix = 2;
	w.link.valid = 7200;
	w.link.preferred = 3600;
	w.link.autonomous = true;
	w.link.decrement = true;
	w.link.since = 1000;
	assert_true(mpa_fill(&w.c, &mr, 77, 1100, &m));
	assert_int_equal(m.type, ICMP6_MPA);
	assert_int_equal(m.mpa.id, 77);
	assert_false(m.mpa.managed || m.mpa.other);
	assert_int_equal(m.mpa.n, 2);
	/* that of its home address first; R only where our address is */
	assert_true(in6_eq(&m.mpa.prefix[0].addr, &own) && m.mpa.prefix[0].router);
	assert_true(in6_eq(&m.mpa.prefix[1].addr, &net) && !m.mpa.prefix[1].router);
	assert_true(m.mpa.prefix[0].on_link && m.mpa.prefix[0].autonomous);
	assert_int_equal(m.mpa.prefix[0].valid, 7100);
	assert_int_equal(m.mpa.prefix[0].preferred, 3500);
	assert_true(mpa_fill(&w.c, &mr, 77, 1000 + 5000, &m));
	assert_int_equal(m.mpa.prefix[0].preferred, 0);
	/* a home on no link */
	assert_true(mpa_fill(&w.c, &vmr, 77, 1100, &m));
	assert_int_equal(m.mpa.n, 1);
	assert_true(in6_eq(&m.mpa.prefix[0].addr, &virt) && m.mpa.prefix[0].router);
	assert_true(!m.mpa.prefix[0].on_link && m.mpa.prefix[0].valid == FOREVER);
	assert_false(mpa_fill(&w.c, &stranger, 77, 1100, &m));
}

/* The old prefix of a home network that is renumbered. */
static void test_a_prefix_may_have_lifetimes_of_its_own(void **state)
{
	struct in6_addr mr = ip6(MR), fresh = ip6("2001:db8:2ff::5");
	struct prefix two[2] = { pfx("2001:db8:2ff::/64"), pfx(HOME) };
	struct prefix_life old = { .prefix = pfx(HOME), .valid = 600, .preferred = 100,
				   .decrement = true, .since = 1000 };
	struct ha_world w, was;
	struct icmp6_msg m;

	(void)state;
	world_make(&w);
	w.link.prefixes = two;
	w.link.n_prefix = 2;
	w.link.valid = w.link.preferred = FOREVER;
	was = w;
	was.c.links = &was.link;
	w.link.lives = &old;
	w.link.n_life = 1;
	assert_true(mpa_fill(&w.c, &mr, 0, 1200, &m));
	assert_int_equal(m.mpa.prefix[0].valid, 400);
	assert_int_equal(m.mpa.prefix[0].preferred, 0);
	assert_true(m.mpa.prefix[1].valid == FOREVER && m.mpa.prefix[1].preferred == FOREVER);
	assert_int_equal(mpa_valid(&w.link, &mr, 1500), 100);
	assert_int_equal(mpa_preferred(&w.link, &mr, 1050), 50);
	assert_true(mpa_valid(&w.link, &fresh, 1500) == FOREVER);
	assert_true(mpa_valid(NULL, &mr, 1500) == FOREVER);
	assert_true(mpa_differs(&was.c, &w.c, &mr, 1000) &&
		    mpa_differs(&was.c, &w.c, &fresh, 1000));
	/* no longer preferred than valid */
	old.preferred = 700;
	assert_int_equal(mpa_preferred(&w.link, &mr, 1100), 500);
}

static void test_what_changed_is_told_by_comparing(void **state)
{
	struct in6_addr mr = ip6(MR), vmr = ip6(VMR);
	struct prefix two[2] = { pfx("2001:db8:2ff::/64"), pfx(HOME) };
	struct ha_world a, b;

	(void)state;
#define FRESH() (world_make(&a), world_make(&b))
	FRESH();
	assert_false(mpa_differs(&a.c, &b.c, &mr, 5));
	b.link.prefixes = two;
	b.link.n_prefix = 2;
	assert_true(mpa_differs(&a.c, &b.c, &mr, 5));
	assert_true(mpa_differs(&b.c, &a.c, &mr, 5));
	assert_false(mpa_differs(&a.c, &b.c, &vmr, 5));
	FRESH();
	b.link.valid--;
	assert_true(mpa_differs(&a.c, &b.c, &mr, 5));
	FRESH();
	b.link.preferred = 0;
	assert_true(mpa_differs(&a.c, &b.c, &mr, 5));
	FRESH();
	b.link.autonomous = !b.link.autonomous;
	assert_true(mpa_differs(&a.c, &b.c, &mr, 5));
	FRESH();
	a.link.valid = b.link.valid = 100;
	a.link.decrement = b.link.decrement = true;	/* time alone is no change */
	assert_false(mpa_differs(&a.c, &b.c, &mr, 50));
	b.link.since = 10;
	assert_true(mpa_differs(&a.c, &b.c, &mr, 50));
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup(f, before)
	static const struct CMUnitTest tests[] = {
		T(test_first_advertisement_has_a_random_delay),
		T(test_repeated_until_the_attempts_are_used_up),
		T(test_solicitation_acknowledges),
		T(test_no_more_than_one_a_second),
		T(test_change_is_scheduled_once),
		T(test_what_is_scheduled_is_not_too_late_for_a_deprecated_prefix),
		T(test_change_upon_change_does_not_put_it_off),
		T(test_after_a_day_of_silence_it_is_told_again),
		T(test_lifetimes_run_down_only_where_they_shall),
		T(test_advertisement_has_the_prefixes_of_the_home),
		T(test_a_prefix_may_have_lifetimes_of_its_own),
		T(test_what_changed_is_told_by_comparing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
