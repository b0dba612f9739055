/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/timer.h"

#include <errno.h>
#include <ev.h>
#include <math.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/weaken.h"
#include "run/heap.h"

#define BURST	1000 /* timers fired in one loop turn: sockets get theirs too */
#define FOREVER 4e9  /* seconds; later is never */

/* One clock per process, as there is one loop. */
static struct {
	struct ev_loop *loop;
	int fd;
	double now;   /* of this loop turn */
	double epoch; /* wall clock at CLOCK_BOOTTIME 0, as it seemed at the start */
	double armed; /* what the timerfd waits for; INFINITY: nothing */
	struct heap heap;
	ev_io io;
	ev_check check;
	ev_prepare prepare;
} clk;

static double clock_seconds(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

double run_now(void)
{
	return clk.loop ? clk.now : clock_seconds(CLOCK_BOOTTIME);
}

double run_clock(void)
{
	return clock_seconds(CLOCK_BOOTTIME);
}

double run_wall(void)
{
	return clock_seconds(CLOCK_REALTIME);
}

double run_stamp(void)
{
	if (!clk.loop)
		return run_wall();
	return clk.epoch + clock_seconds(CLOCK_BOOTTIME) + weaken_clock();
}

/* One nanosecond late rather than early: on expiry run_now() has passed the key. */
static void arm(double at)
{
	struct itimerspec its = { 0 };

	if (at < FOREVER) {
		its.it_value.tv_sec = (time_t)at;
		its.it_value.tv_nsec = (long)ceil((at - floor(at)) * 1e9) + 1;
		if (its.it_value.tv_nsec > 999999999) {
			its.it_value.tv_sec++;
			its.it_value.tv_nsec -= 1000000000;
		}
	}
	if (timerfd_settime(clk.fd, TFD_TIMER_ABSTIME, &its, NULL) == 0)
		clk.armed = at;
}

/* However many timers were set in this turn, the kernel hears of it once. */
static void prepare_cb(struct ev_loop *loop, ev_prepare *w, int revents)
{
	double at = INFINITY;

	(void)loop, (void)w, (void)revents;
	heap_first(&clk.heap, &at);
	if (at != clk.armed)
		arm(at);
}

static void check_cb(struct ev_loop *loop, ev_check *w, int revents)
{
	(void)loop, (void)w, (void)revents;
	clk.now = clock_seconds(CLOCK_BOOTTIME);
}

static void expired_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct rtimer *t;
	uint64_t times;

	(void)loop, (void)w, (void)revents;
	if (read(clk.fd, &times, sizeof(times)) != sizeof(times))
		return;
	clk.armed = INFINITY;
	for (unsigned i = 0; i < BURST && clk.loop; i++) {
		t = heap_due(&clk.heap, clk.now);
		if (!t)
			break;
		t->fn(t->arg);
	}
}

int run_timer_init(struct ev_loop *loop)
{
	if (clk.loop)
		return -EBUSY;
	clk.fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (clk.fd < 0)
		return -errno;
	clk.loop = loop;
	clk.now = clock_seconds(CLOCK_BOOTTIME);
	clk.epoch = clock_seconds(CLOCK_REALTIME) - clk.now;
	clk.armed = INFINITY;
	ev_io_init(&clk.io, expired_cb, clk.fd, EV_READ);
	ev_io_start(loop, &clk.io);
	ev_check_init(&clk.check, check_cb);
	ev_set_priority(&clk.check, EV_MAXPRI); /* before whoever asks for the time */
	ev_check_start(loop, &clk.check);
	ev_prepare_init(&clk.prepare, prepare_cb);
	ev_set_priority(&clk.prepare, EV_MINPRI); /* after whoever sets a timer */
	ev_prepare_start(loop, &clk.prepare);
	return 0;
}

void run_timer_fini(void)
{
	if (!clk.loop)
		return;
	ev_io_stop(clk.loop, &clk.io);
	ev_check_stop(clk.loop, &clk.check);
	ev_prepare_stop(clk.loop, &clk.prepare);
	close(clk.fd);
	heap_fini(&clk.heap);
	clk.loop = NULL;
}

/*
 * The key lies after run_now(), whatever at is: a timer that sets itself again
 * for a moment in the past has to wait for the next turn like everybody.
 */
void rtimer_set(struct rtimer *t, double at, void (*fn)(void *arg), void *arg)
{
	t->at = at;
	t->fn = fn;
	t->arg = arg;
	heap_put(&clk.heap, t, fmax(at, nextafter(run_now(), INFINITY)));
}

void rtimer_stop(struct rtimer *t)
{
	heap_take(&clk.heap, t);
}
