/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run/log.h - log lines: room, subject, what, then key=value with units.
 *
 * Under systemd (JOURNAL_STREAM) each line starts with "<N>" for the journal,
 * else with the time; in the background it goes to syslog(3). What is not printable
 * ASCII becomes \xNN, so that no name in a packet ends a line or steers a terminal.
 *
 * Anything that a peer can trigger goes through log_rl(): of each kind of line (a
 * format and level, of one source) ten pass at once and one every five seconds; what is left out
 * is counted, and told with an example by the next line that passes, or ten seconds
 * after it began. A flood of one kind hides no line of another.
 *
 * Seconds as double, on run_now().
 */
#ifndef MIP6_RUN_LOG_H
#define MIP6_RUN_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/util.h"

enum log_level { LOG_LV_ERR = 3, LOG_LV_WARN = 4, LOG_LV_NOTICE = 5, LOG_LV_INFO = 6,
		 LOG_LV_DEBUG = 7 };

#define LOG_RL_BURST	10.		/* lines */
#define LOG_RL_SECONDS	5.		/* for one line more */
#define LOG_RL_TELL	10.		/* what was left out is told after so long at the latest */

/* A source of limited lines: one for each object with a log of its own. */
struct log_rl { uint64_t left_out; };	/* lines, since it is there */

void log_init(enum log_level level);
void log_to_syslog(void);	/* a daemon in the background: from now on */
void log_set_level(const char *room, enum log_level level);	/* room NULL: all */
enum log_level log_level_of(const char *room);	/* room NULL: of those without their own */
bool log_wants(const char *room, enum log_level level);
void log_line(enum log_level level, const char *room, const char *fmt, ...) PRINTF(3, 4);
void log_rl_line(struct log_rl *rl, enum log_level level, const char *room, const char *fmt, ...)
	PRINTF(4, 5);
void log_rl_flush(void);	/* tells what is not told yet and forgets the limits: at the end */

#define log_err(room, ...)	log_line(LOG_LV_ERR, room, __VA_ARGS__)
#define log_warn(room, ...)	log_line(LOG_LV_WARN, room, __VA_ARGS__)
#define log_notice(room, ...)	log_line(LOG_LV_NOTICE, room, __VA_ARGS__)
#define log_info(room, ...)	log_line(LOG_LV_INFO, room, __VA_ARGS__)
#define log_debug(room, ...) \
	do { if (log_wants(room, LOG_LV_DEBUG)) log_line(LOG_LV_DEBUG, room, __VA_ARGS__); } while (0)
#define log_rl(rl, room, ...)	log_rl_line(rl, LOG_LV_WARN, room, __VA_ARGS__)

#endif
