/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run/hook.h - programs of a directory that are run on events (on_event of mip6d.conf(5)).
 *
 * Each program sees the events in their order, one at a time; different programs run side by side,
 * at most `processes` of them. Nothing here waits: a program that takes too long is killed with
 * all that it has started, what piles up behind a slow one is dropped from its front, and counted.
 * Only files that nobody but root and the daemon's user can change are run. A program gets the
 * event by its environment (hook_env.c), /dev/null, a log line for each line that it writes, and
 * none of the daemon's capabilities unless it is told to keep them.
 *
 * One per process, on the default loop (ev_child).
 */
#ifndef MIP6_RUN_HOOK_H
#define MIP6_RUN_HOOK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "run/event.h"

struct ev_loop;

struct hook_conf {
	char dir[PATH_MAX];		/* "" = none are run */
	unsigned events;		/* 1 << enum event_type; of enum event_type */
	double timeout;			/* seconds; then the whole process group is killed */
	unsigned processes;		/* at once */
	unsigned queue;			/* events that wait for one program */
	bool keep_capabilities;
	uint64_t said;			/* keys that the file gives: bits, for ctl/ */
};

struct hook_stats {
	uint64_t run, failed, killed;	/* killed: of those that took too long */
	uint64_t dropped;		/* events that a program did not get */
	uint64_t refused;		/* runs of files that others can change */
	unsigned programs, running, waiting;
};

/* Both are copied; socket: path of the control socket. 0 or -errno. */
int hook_open(struct ev_loop *loop, const struct hook_conf *c, const char *socket);
/* What runs goes on; what waits, too, unless the directory is another one. */
void hook_set(const struct hook_conf *c);
/* Programs that run are sent SIGTERM, and not waited for. */
void hook_close(void);
struct hook_stats hook_stats(void);

/* ---- hook_env.c ---- */

/*
 * MIP6_EVENT, MIP6_TIME, MIP6_SOCKET, MIP6_DROPPED and MIP6_FIELD of each field, and a PATH; ended
 * by NULL. One piece of memory, for free(). NULL: no memory. wall: seconds since 1970.
 */
char **hook_env(const struct event *e, double wall, const char *socket, uint64_t dropped);

#endif
