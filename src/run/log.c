/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LINE_LEN 1024 /* octets with the newline; longer lines are cut */
#define ROOM_LEN 16
#define ROOMS	 16  /* rooms with a level of their own */
#define BUCKET	 10. /* lines */
#define REFILL	 1.  /* lines per second */

static struct {
	enum log_level all;
	unsigned n;
	struct {
		char name[ROOM_LEN];
		enum log_level level;
	} room[ROOMS];
	bool journal, syslog;
} conf = { .all = LOG_LV_INFO };

/* JOURNAL_STREAM is inherited: it is ours only if it names the file that stderr is. */
static bool stderr_is_journal(void)
{
	const char *env = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return env && sscanf(env, "%llu:%llu", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
	       st.st_dev == dev && st.st_ino == ino;
}

void log_init(enum log_level level)
{
	log_set_level(NULL, level);
	conf.journal = stderr_is_journal();
}

void log_to_syslog(void)
{
	openlog("mip6d", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	conf.syslog = true;
}

void log_set_level(const char *room, enum log_level level)
{
	unsigned i = 0;

	if (!room) {
		conf.all = level;
		conf.n = 0;
		return;
	}
	while (i < conf.n && strcmp(conf.room[i].name, room))
		i++;
	if (i == ROOMS || strlen(room) >= ROOM_LEN)
		return;
	if (i == conf.n)
		conf.n++;
	strcpy(conf.room[i].name, room);
	conf.room[i].level = level;
}

enum log_level log_level_of(const char *room)
{
	for (unsigned i = 0; room && i < conf.n; i++)
		if (!strcmp(conf.room[i].name, room))
			return conf.room[i].level;
	return conf.all;
}

bool log_wants(const char *room, enum log_level level)
{
	return level <= log_level_of(room);
}

static const char *level_str(enum log_level level)
{
	switch (level) {
	case LOG_LV_ERR:
		return "error: ";
	case LOG_LV_WARN:
		return "warning: ";
	case LOG_LV_NOTICE:
	case LOG_LV_INFO:
		return "";
	case LOG_LV_DEBUG:
		return "debug: ";
	}
	return "";
}

static size_t head(char *line, size_t size, enum log_level level, const char *room)
{
	struct timespec now;
	char when[32];
	struct tm tm;

	if (conf.syslog)
		return (size_t)snprintf(line, size, "%.*s: ", ROOM_LEN, room);
	if (conf.journal)
		return (size_t)snprintf(line, size, "<%d>%.*s: ", (int)level, ROOM_LEN, room);
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%F %T", &tm);
	return (size_t)snprintf(line, size, "%s.%03ld %.*s: %s", when, now.tv_nsec / 1000000,
				ROOM_LEN, room, level_str(level));
}

/* One write(2) a line. What a peer put into it can neither end the line nor steer a terminal. */
static PRINTF(3, 0) void line_out(enum log_level level, const char *room, const char *fmt,
				  va_list ap, unsigned swallowed)
{
	char line[LINE_LEN];
	int saved = errno, rc;
	size_t n = head(line, sizeof(line), level, room);

	rc = vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	if (rc > 0)
		n = MIN(n + (size_t)rc, sizeof(line) - 1);
	if (swallowed && n < sizeof(line) - 1) {
		rc = snprintf(line + n, sizeof(line) - n, " (and %u lines like it)", swallowed);
		n = MIN(n + (size_t)rc, sizeof(line) - 1);
	}
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	if (conf.syslog) {
		syslog((int)level, "%.*s", (int)n, line); /* levels are syslog's */
		errno = saved;
		return;
	}
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		(void)0; /* nowhere to complain */
	errno = saved;
}

void log_line(enum log_level level, const char *room, const char *fmt, ...)
{
	va_list ap;

	if (!log_wants(room, level))
		return;
	va_start(ap, fmt);
	line_out(level, room, fmt, ap, 0);
	va_end(ap);
}

static bool bucket_take(struct log_rl *rl)
{
	struct timespec ts;
	double now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
	rl->tokens = rl->last > 0 ? MIN(rl->tokens + (now - rl->last) * REFILL, BUCKET) : BUCKET;
	rl->last = now;
	if (rl->tokens < 1)
		return false;
	rl->tokens -= 1;
	return true;
}

void log_rl_line(struct log_rl *rl, enum log_level level, const char *room, const char *fmt, ...)
{
	va_list ap;

	if (!log_wants(room, level))
		return;
	if (!bucket_take(rl)) {
		rl->swallowed++;
		return;
	}
	va_start(ap, fmt);
	line_out(level, room, fmt, ap, rl->swallowed);
	va_end(ap);
	rl->swallowed = 0;
}
