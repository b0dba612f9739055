/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run/log.h - log lines: room, subject, what, then key=value with units.
 *
 * Under systemd (JOURNAL_STREAM) each line starts with "<N>" for the journal,
 * else with the time; in the background it goes to syslog(3). Anything that a
 * peer can trigger goes through log_rl().
 */
#ifndef MIP6_RUN_LOG_H
#define MIP6_RUN_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/util.h"

enum log_level { LOG_LV_ERR = 3, LOG_LV_WARN = 4, LOG_LV_NOTICE = 5, LOG_LV_INFO = 6,
		 LOG_LV_DEBUG = 7 };

/* A bucket of 10 lines refilled with 1 per second; what it swallowed is said with the next line. */
struct log_rl { double tokens, last; unsigned swallowed; };

void log_init(enum log_level level);
void log_to_syslog(void);	/* a daemon in the background: from now on */
void log_set_level(const char *room, enum log_level level);	/* room NULL: all */
enum log_level log_level_of(const char *room);	/* room NULL: of those without their own */
bool log_wants(const char *room, enum log_level level);
void log_line(enum log_level level, const char *room, const char *fmt, ...) PRINTF(3, 4);
void log_rl_line(struct log_rl *rl, enum log_level level, const char *room, const char *fmt, ...)
	PRINTF(4, 5);

#define log_err(room, ...)	log_line(LOG_LV_ERR, room, __VA_ARGS__)
#define log_warn(room, ...)	log_line(LOG_LV_WARN, room, __VA_ARGS__)
#define log_notice(room, ...)	log_line(LOG_LV_NOTICE, room, __VA_ARGS__)
#define log_info(room, ...)	log_line(LOG_LV_INFO, room, __VA_ARGS__)
#define log_debug(room, ...) \
	do { if (log_wants(room, LOG_LV_DEBUG)) log_line(LOG_LV_DEBUG, room, __VA_ARGS__); } while (0)
#define log_rl(rl, room, ...)	log_rl_line(rl, LOG_LV_WARN, room, __VA_ARGS__)

#endif
