/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run/sdnotify.h - what the service manager is told (sd_notify(3), spoken
 * directly: one datagram of VARIABLE=value lines to $NOTIFY_SOCKET).
 *
 * Never blocks. A datagram that the manager has no room for is kept and sent
 * again from the loop, in order. Without a manager every call does nothing.
 * WATCHDOG=1 goes out from a timer of the loop at half the time that the manager
 * asks for, so that a loop which stands still is seen.
 *
 * 0 or -errno.
 */
#ifndef MIP6_RUN_SDNOTIFY_H
#define MIP6_RUN_SDNOTIFY_H

#include "base/util.h"

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and takes them out of the environment, as
 * they are not for our children. After run_timer_init(). 1: there is a manager, 0: none. */
int sdnotify_init(void);
void sdnotify_fini(void);

int sdnotify_ready(void);
int sdnotify_status(const char *fmt, ...) PRINTF(1, 2); /* one line for people */
int sdnotify_reloading(void);				/* sdnotify_ready() ends it */
int sdnotify_stopping(void);

#endif
