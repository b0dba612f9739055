/* SPDX-License-Identifier: BSD-2-Clause */
/* The event queue, on the fake clock. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "fake_run.h"
#include "run/event.h"

static uint32_t heard[16];
static unsigned n_heard;
static bool in_handler;

static void emit(uint32_t status)
{
	struct event e = { .type = EV_refused, .refused.status = status };

	event_emit(&e);
}

static void hear(void *arg, const struct event *e)
{
	assert_false(in_handler);
	assert_true(n_heard < ARRAY_SIZE(heard));
	heard[n_heard++] = e->refused.status + (arg ? *(uint32_t *)arg : 0);
}

static int setup(void **state)
{
	(void)state;
	fake_run_reset();
	n_heard = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	event_on_wake(NULL);
	event_fini();
	return 0;
}

static void test_events_arrive_in_order_and_only_from_the_drain(void **state)
{
	(void)state;
	assert_int_equal(event_listen(hear, NULL), 0);
	emit(1);
	emit(2);
	assert_int_equal(n_heard, 0);
	assert_true(event_pending());
	event_drain();
	assert_int_equal(n_heard, 2);
	assert_int_equal(heard[0], 1);
	assert_int_equal(heard[1], 2);
	assert_false(event_pending());
	event_drain();
	assert_int_equal(n_heard, 2);
}

static double at[2];

static void hear_time(void *arg, const struct event *e)
{
	(void)arg;
	at[e->refused.status] = e->at;
}

static void test_an_event_has_the_time_of_its_emission(void **state)
{
	double t0 = run_now();

	(void)state;
	event_listen(hear_time, NULL);
	emit(0);
	fake_run_advance(2);
	emit(1);
	event_drain();
	assert_true(at[0] == t0);
	assert_true(at[1] == t0 + 2);
}

static void answer(void *arg, const struct event *e)
{
	(void)arg;
	in_handler = true;
	if (e->refused.status < 3)
		emit(e->refused.status + 1);
	event_drain(); /* must not run handlers inside a handler */
	in_handler = false;
}

static void test_what_handlers_emit_comes_in_the_same_drain_but_after_them(void **state)
{
	(void)state;
	event_listen(answer, NULL);
	event_listen(hear, NULL);
	emit(1);
	event_drain();
	assert_int_equal(n_heard, 3);
	assert_int_equal(heard[0], 1);
	assert_int_equal(heard[2], 3);
}

static unsigned n_endless;

static void endless(void *arg, const struct event *e)
{
	(void)arg;
	n_endless++;
	event_emit(e);
}

static void test_an_endless_answer_ends_the_drain_after_a_burst(void **state)
{
	(void)state;
	n_endless = 0;
	event_listen(endless, NULL);
	emit(1);
	event_drain();
	assert_int_equal(n_endless, EVENT_BURST);
	assert_true(event_pending());
}

static uint32_t expect;

static void in_order(void *arg, const struct event *e)
{
	(void)arg;
	assert_int_equal(e->refused.status, expect);
	expect++;
}

static void test_a_thousand_events_keep_their_order_when_the_ring_grows(void **state)
{
	(void)state;
	event_listen(in_order, NULL);
	expect = 0;
	for (uint32_t i = 0; i < 40; i++)
		emit(i);
	event_drain();
	assert_int_equal(expect, 40);
	for (uint32_t i = 40; i < 1040; i++)
		emit(i);
	event_drain();
	assert_int_equal(expect, 1040);
}

static void leave(void *arg, const struct event *e)
{
	(void)e;
	event_unlisten(leave, arg);
	event_unlisten(hear, arg);
}

static void test_a_listener_may_leave_and_remove_others_while_handlers_run(void **state)
{
	uint32_t a = 0, b = 100;

	(void)state;
	event_listen(leave, &a);
	event_listen(hear, &a);
	event_listen(hear, &b);
	emit(1);
	emit(2);
	event_drain();
	assert_int_equal(n_heard, 2);
	assert_int_equal(heard[0], 101);
	assert_int_equal(heard[1], 102);
}

static void join(void *arg, const struct event *e)
{
	(void)arg, (void)e;
	event_unlisten(join, NULL);
	event_listen(hear, NULL);
}

static void test_who_joins_in_a_handler_starts_with_the_next_event(void **state)
{
	(void)state;
	event_listen(join, NULL);
	emit(1);
	emit(2);
	event_drain();
	assert_int_equal(n_heard, 1);
	assert_int_equal(heard[0], 2);
}

static void test_sixteen_listeners_and_no_more(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(event_listen(hear, NULL), 0);
	assert_int_equal(event_listen(hear, NULL), -ENOSPC);
	emit(7);
	event_drain();
	assert_int_equal(n_heard, 16);
}

static unsigned n_wake;

static void wake(void)
{
	n_wake++;
}

static void test_only_the_first_event_of_an_empty_queue_wakes_the_loop(void **state)
{
	(void)state;
	n_wake = 0;
	event_on_wake(wake);
	emit(1);
	emit(2);
	assert_int_equal(n_wake, 1);
	event_drain();
	emit(3);
	assert_int_equal(n_wake, 2);
}

static void test_the_table_names_each_field_where_it_is(void **state)
{
#define ROW(ev, fld, ty)                                                \
	{                                                               \
		EV_##ev, #fld, EVF_##ty, offsetof(struct event, ev.fld) \
	}
	static const struct {
		enum event_type ev;
		const char *field;
		enum event_field_type type;
		size_t at;
	} row[] = {
		ROW(node_type, role, str),	 ROW(node_type, on, bool),
		ROW(bc_add, home_address, addr), ROW(bc_add, bid, u32),
		ROW(bc_add, care_of, locator),	 ROW(bc_add, lifetime, u32),
		ROW(bul_add, rtt, dbl),		 ROW(bul_remove, reason, str),
		ROW(md_info, link, prefix),	 ROW(handover, to, locator),
		ROW(handover, total, dbl),	 ROW(prefix_state, up, bool),
	};
#undef ROW

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct event_desc *d = &event_desc[row[i].ev];
		unsigned k = 0;

		while (k < d->n && strcmp(d->field[k].name, row[i].field))
			k++;
		assert_true(k < d->n);
		assert_int_equal(d->field[k].type, row[i].type);
		assert_int_equal(d->field[k].at, row[i].at);
		assert_true(strlen(d->field[k].text) > 0);
	}
	assert_string_equal(event_desc[EV_bc_flush].name, "bc_flush");
	assert_int_equal(event_desc[EV_bc_flush].n, 0);
	assert_true(event_desc[EV_md_info].inject);
	assert_false(event_desc[EV_bc_add].inject);
}

static void test_fields_of_an_event_follow_each_other_without_overlap(void **state)
{
	static const size_t size[] = {
		[EVF_addr] = sizeof(struct in6_addr),
		[EVF_prefix] = sizeof(struct prefix),
		[EVF_locator] = sizeof(struct locator),
		[EVF_u32] = sizeof(uint32_t),
		[EVF_dbl] = sizeof(double),
		[EVF_bool] = sizeof(bool),
		[EVF_str] = EVENT_STR,
	};

	(void)state;
	for (unsigned i = 0; i < EV__COUNT; i++) {
		size_t end = offsetof(struct event, node_type);

		for (unsigned k = 0; k < event_desc[i].n; k++) {
			assert_true(event_desc[i].field[k].at >= end);
			assert_true(event_desc[i].field[k].at < end + sizeof(double));
			end = event_desc[i].field[k].at + size[event_desc[i].field[k].type];
		}
		assert_true(end <= sizeof(struct event));
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_events_arrive_in_order_and_only_from_the_drain),
		T(test_an_event_has_the_time_of_its_emission),
		T(test_what_handlers_emit_comes_in_the_same_drain_but_after_them),
		T(test_an_endless_answer_ends_the_drain_after_a_burst),
		T(test_a_thousand_events_keep_their_order_when_the_ring_grows),
		T(test_a_listener_may_leave_and_remove_others_while_handlers_run),
		T(test_who_joins_in_a_handler_starts_with_the_next_event),
		T(test_sixteen_listeners_and_no_more),
		T(test_only_the_first_event_of_an_empty_queue_wakes_the_loop),
		T(test_the_table_names_each_field_where_it_is),
		T(test_fields_of_an_event_follow_each_other_without_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
