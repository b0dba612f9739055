/* SPDX-License-Identifier: BSD-2-Clause */
/* Path liveness on a simulated path: up again, and too often. */
#include "path_help.h"

static void fall(struct net *n)
{
	n->hole_from = n->now;
	n->hole_to = INFINITY;
	run(n, 1);
	assert_int_equal(n->p.state, PATH_DOWN);
	n->hole_to = n->now;
}

static void test_it_takes_some_good_ones_in_a_row_to_come_up(void **state)
{
	struct net n = net_make(PATH_PROFILE_NORMAL, 0.02);
	uint64_t answered;

	(void)state;
	run(&n, 10);
	fall(&n);
	assert_true(path_usable(&n.p) == 0 && path_loss(&n.p) > 0.1);
	answered = n.p.n_answered;
	while (n.p.state == PATH_DOWN && n.p.n_answered < answered + 100)
		turn(&n, INFINITY);
	assert_int_equal(n.p.state, PATH_UP);
	assert_int_equal(n.p.n_answered - answered, n.p.profile->good);
	run(&n, 60);
	assert_int_equal(n.downs, 1);		/* what was lost before does not count */
	/* every second one lost: never enough in a row */
	fall(&n);
	answered = n.p.n_answered;
	for (unsigned i = 0; i < 50; i++) {
		path_sent(&n.p, n.now);
		path_answer(&n.p, n.p.seq, n.now + 0.02);
		path_sent(&n.p, n.now);
		path_tick(&n.p, true, n.now += 0.25);
		path_tick(&n.p, true, n.now += 0.25);
	}
	assert_int_equal(n.p.state, PATH_DOWN);
}

static void test_flapping_path_is_the_last_resort_until_it_has_kept_still(void **state)
{
	struct net n = net_make(PATH_PROFILE_NORMAL, 0.02);
	double since;

	(void)state;
	run(&n, 10);
	for (unsigned i = 0; i < 2; i++) {
		fall(&n);
		run(&n, 3);
		assert_int_equal(n.p.state, PATH_UP);
		assert_int_equal(path_usable(&n.p), 2);
	}
	fall(&n);
	run(&n, 3);
	assert_int_equal(n.p.state, PATH_DAMPED);
	assert_int_equal(path_usable(&n.p), 1);
	since = n.p.since;
	fall(&n);
	run(&n, 3);
	assert_int_equal(n.p.state, PATH_DAMPED);
	assert_true(n.p.since > since);
	since = n.now;
	while (n.p.state == PATH_DAMPED && n.now < since + 1000)
		turn(&n, INFINITY);
	assert_int_equal(n.p.state, PATH_UP);
	/* below the ceiling 40 s are enough; the third failure costs at least 20 s */
	assert_true(n.now - since > 20 && n.now - since < 45);
	assert_int_equal(n.downs, 4);
	assert_true(n.p.state == PATH_UP && path_usable(&n.p) == 2);
}

/* A carrier that comes and goes: the path is a new one each time, the penalty stays. */
static void test_restart_keeps_the_penalty_and_never_repeats_a_number(void **state)
{
	struct net n = net_make(PATH_PROFILE_NORMAL, 0.02);
	uint64_t seq;

	(void)state;
	run(&n, 10);
	for (unsigned i = 0; i < 3; i++) {
		seq = n.p.seq;
		path_flap(&n.p, n.now);
		path_restart(&n.p, n.now);
		n.n_flight = 0;
		assert_true(n.p.seq == seq && n.p.rtt == 0);
		assert_int_equal(n.p.state, PATH_UNKNOWN);
		assert_int_equal(path_answer(&n.p, seq, n.now), PATH_ANSWER_OLD);
		if (i < 2)
			assert_int_equal(path_usable(&n.p), 2);
		run(&n, 0.5);
	}
	assert_int_equal(n.p.state, PATH_DAMPED);
	path_restart(&n.p, n.now);	/* moved: no failure, but not forgiven */
	assert_int_equal(path_usable(&n.p), 1);
	n.hole_from = 0;		/* a home agent that answers nobody: time alone */
	run(&n, 60);
	assert_int_equal(path_usable(&n.p), 2);
}

static void test_another_profile_keeps_what_was_measured(void **state)
{
	struct net n = net_make(PATH_PROFILE_RELAXED, 0.05);

	(void)state;
	run(&n, 60);
	path_change(&n.p, path_profile(PATH_PROFILE_EXTREME), n.now);
	assert_int_equal(n.p.state, PATH_UP);
	assert_true(fabs(n.p.rtt - 0.05) < 1e-6);
	n.hole_from = n.now;
	run(&n, 0.3);
	assert_int_equal(n.p.state, PATH_DOWN);
}

static void test_jitter_is_that_of_rfc_3550(void **state)
{
	struct path p;

	(void)state;
	path_init(&p, path_profile(PATH_PROFILE_NORMAL), NOW);
	path_sent(&p, NOW);
	path_answer(&p, 1, NOW + 0.05);
	assert_true(fabs(p.rtt - 0.05) < 1e-9 && p.jitter == 0);
	path_sent(&p, NOW + 1);
	path_answer(&p, 2, NOW + 1.082);
	assert_true(fabs(p.jitter - 0.032 / 16) < 1e-9);
	assert_true(fabs(p.rtt - 0.054) < 1e-9);
	path_sent(&p, NOW + 2);
	path_answer(&p, 3, NOW + 2.05);
	assert_true(fabs(p.jitter - (0.002 + (0.032 - 0.002) / 16)) < 1e-9);
}

static void test_names(void **state)
{
	(void)state;
	assert_null(path_profile(PATH_PROFILE_OFF));
	assert_null(path_profile(PATH_PROFILES));
	assert_string_equal(path_profile(PATH_PROFILE_NORMAL)->name, "normal");
	assert_string_equal(path_state_str(PATH_UNKNOWN), "unknown");
	assert_string_equal(path_state_str(PATH_SUSPECT), "suspect");
	assert_string_equal(path_state_str(PATH_DAMPED), "damped");
}

#define T(f)	cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_it_takes_some_good_ones_in_a_row_to_come_up),
		T(test_flapping_path_is_the_last_resort_until_it_has_kept_still),
		T(test_restart_keeps_the_penalty_and_never_repeats_a_number),
		T(test_another_profile_keeps_what_was_measured),
		T(test_jitter_is_that_of_rfc_3550),
		T(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
