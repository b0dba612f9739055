/* SPDX-License-Identifier: BSD-2-Clause */
/* The heap by itself, then the real timerfd in a real loop; no wall-clock figure is asserted. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <ev.h>

#include "base/util.h"
#include "run/event.h"
#include "run/heap.h"
#include "run/timer.h"

#define MANY 20000

static struct ev_loop *loop;
static int fired[16];
static unsigned n_fired;
static ev_timer guard;

static void guard_cb(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)w, (void)revents;
	print_error("the loop slept for ever\n");
	n_fired = 1000; /* no test expects that many */
	ev_break(l, EVBREAK_ALL);
}

static int setup(void **state)
{
	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	ev_timer_init(&guard, guard_cb, 40, 0); /* libev itself looks up after 59 s */
	ev_timer_start(loop, &guard);
	assert_int_equal(run_timer_init(loop), 0);
	n_fired = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	run_timer_fini();
	ev_loop_destroy(loop);
	return 0;
}

static void note(void *arg)
{
	assert_true(n_fired < ARRAY_SIZE(fired));
	fired[n_fired++] = *(int *)arg;
}

static void stop_loop(void *arg)
{
	(void)arg;
	ev_break(loop, EVBREAK_ALL);
}

static void put_at(struct heap *h, struct rtimer *t, double key)
{
	t->at = key;
	heap_put(h, t, key);
}

static void test_the_heap_gives_timers_back_by_key_whatever_was_moved_or_taken(void **state)
{
	static struct rtimer t[MANY];
	struct heap h = { 0 };
	struct rtimer *r;
	double last = -1;
	size_t n = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < MANY; i++)
		put_at(&h, &t[i], rand() % 1000);
	for (int i = 0; i < MANY; i += 3)
		heap_take(&h, &t[i]);
	for (int i = 1; i < MANY; i += 3)
		put_at(&h, &t[i], rand() % 1000);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(rtimer_armed(&t[i]), i % 3 != 0);
	for (double now = 0; now < 1000; now++) {
		while ((r = heap_due(&h, now)) != NULL) {
			assert_false(rtimer_armed(r));
			assert_true(r->at >= last && r->at <= now);
			last = r->at;
			n++;
		}
		assert_true(!heap_first(&h, &last) || last > now);
		last = now;
	}
	assert_int_equal(n, MANY - (MANY + 2) / 3);
	heap_fini(&h);
}

static void test_equal_keys_leave_in_the_order_of_entry(void **state)
{
	struct rtimer t[100] = { 0 };
	struct heap h = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		heap_put(&h, &t[i], 5);
	heap_put(&h, &t[0], 5); /* moved: now the last */
	for (size_t i = 1; i < ARRAY_SIZE(t); i++)
		assert_ptr_equal(heap_due(&h, 5), &t[i]);
	assert_ptr_equal(heap_due(&h, 5), &t[0]);
	assert_null(heap_due(&h, 5));
	heap_fini(&h);
}

static void test_timers_fire_in_the_order_of_their_time(void **state)
{
	static int id[] = { 0, 1, 2, 3 };
	struct rtimer t[4] = { 0 }, end = { 0 };
	double now = run_now();

	(void)state;
	rtimer_set(&t[3], now + .003, note, &id[3]);
	rtimer_set(&t[1], now + .001, note, &id[1]);
	rtimer_set(&t[2], now + .002, note, &id[2]);
	rtimer_set(&t[0], now - 5, note, &id[0]); /* in the past: at once */
	rtimer_set(&end, now + .004, stop_loop, NULL);
	ev_run(loop, 0);
	assert_int_equal(n_fired, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(fired[i], i);
		assert_false(rtimer_armed(&t[i]));
	}
	assert_true(run_now() >= now + .004);
}

static void test_a_stopped_timer_is_silent_and_a_moved_one_fires_once(void **state)
{
	static int id[] = { 0, 1 };
	struct rtimer t[2] = { 0 }, end = { 0 };
	double now = run_now();

	(void)state;
	rtimer_set(&t[0], now + .001, note, &id[0]);
	rtimer_set(&t[1], now + 1000, note, &id[1]);
	rtimer_set(&t[1], now + .002, note, &id[1]);
	rtimer_set(&end, now + .003, stop_loop, NULL);
	rtimer_stop(&t[0]);
	rtimer_stop(&t[0]);
	assert_false(rtimer_armed(&t[0]));
	ev_run(loop, 0);
	assert_int_equal(n_fired, 1);
	assert_int_equal(fired[0], 1);
}

static struct rtimer again;
static unsigned turns, ticks;

static void tick(void *arg)
{
	if (++ticks == 50)
		stop_loop(arg);
	rtimer_set(&again, 0, tick, NULL); /* long past */
}

static void count_turn(struct ev_loop *l, ev_prepare *w, int revents)
{
	(void)l, (void)w, (void)revents;
	turns++;
}

static void test_a_timer_set_for_the_past_waits_for_the_next_turn(void **state)
{
	ev_prepare w;

	(void)state;
	turns = ticks = 0;
	ev_prepare_init(&w, count_turn);
	ev_prepare_start(loop, &w);
	tick(NULL);
	ev_run(loop, 0);
	ev_prepare_stop(loop, &w);
	assert_int_equal(ticks, 50);
	assert_true(turns >= 49);
	rtimer_stop(&again);
}

static void free_self(void *arg)
{
	free(arg);
	n_fired++;
}

static void test_a_timer_may_free_the_object_it_lives_in(void **state)
{
	struct rtimer *t = calloc(1, sizeof(*t)), end = { 0 };

	(void)state;
	rtimer_set(t, run_now(), free_self, t);
	rtimer_set(&end, run_now() + .001, stop_loop, NULL);
	ev_run(loop, 0);
	assert_int_equal(n_fired, 1);
}

static unsigned n_many;

static void count_many(void *arg)
{
	(void)arg;
	if (++n_many == MANY)
		stop_loop(NULL);
}

static void test_many_timers_due_together_all_fire_and_sockets_get_turns_between(void **state)
{
	struct rtimer *t = calloc(MANY, sizeof(*t));
	double at = run_now() + .01;
	ev_prepare w;

	(void)state;
	n_many = turns = 0;
	ev_prepare_init(&w, count_turn);
	ev_prepare_start(loop, &w);
	for (int i = 0; i < MANY; i++)
		rtimer_set(&t[i], at, count_many, NULL);
	ev_run(loop, 0);
	ev_prepare_stop(loop, &w);
	assert_int_equal(n_many, MANY);
	assert_true(turns >= MANY / 1000);
	free(t);
}

static void test_run_now_stands_still_within_a_turn_and_never_goes_back(void **state)
{
	double first = run_now();
	struct rtimer end = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(run_now() == first);
	rtimer_set(&end, first, stop_loop, NULL);
	ev_run(loop, 0);
	assert_true(run_now() > first);
	assert_int_equal(run_timer_init(loop), -EBUSY);
}

static void emit_late(struct ev_loop *l, ev_prepare *w, int revents)
{
	struct event e = { .type = EV_bc_flush };

	(void)revents;
	ev_prepare_stop(l, w);
	event_emit(&e);
}

static void event_sets_timer(void *arg, const struct event *e)
{
	static struct rtimer t;

	(void)e;
	rtimer_set(&t, run_now() + .001, stop_loop, arg);
	n_fired++;
}

/* The loop must neither sleep on a queued event nor miss the timer that its handler sets. */
static void test_an_event_emitted_just_before_the_loop_sleeps_is_handled(void **state)
{
	ev_prepare w;

	(void)state;
	assert_int_equal(event_hook(loop), 0);
	assert_int_equal(event_listen(event_sets_timer, NULL), 0);
	ev_prepare_init(&w, emit_late);
	ev_set_priority(&w, EV_MINPRI);
	ev_prepare_start(loop, &w);
	ev_run(loop, 0);
	assert_int_equal(n_fired, 1);
	assert_false(event_pending());
	event_unhook();
	event_fini();
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_the_heap_gives_timers_back_by_key_whatever_was_moved_or_taken),
		cmocka_unit_test(test_equal_keys_leave_in_the_order_of_entry),
		T(test_timers_fire_in_the_order_of_their_time),
		T(test_a_stopped_timer_is_silent_and_a_moved_one_fires_once),
		T(test_a_timer_set_for_the_past_waits_for_the_next_turn),
		T(test_a_timer_may_free_the_object_it_lives_in),
		T(test_many_timers_due_together_all_fire_and_sockets_get_turns_between),
		T(test_run_now_stands_still_within_a_turn_and_never_goes_back),
		T(test_an_event_emitted_just_before_the_loop_sleeps_is_handled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
