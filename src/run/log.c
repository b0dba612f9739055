/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/log.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "run/timer.h"

#define LINE_LEN 1024 /* octets with the newline; longer lines are cut */
#define ROOM_LEN 16
#define ROOMS	 16 /* rooms with a level of their own */
#define KINDS	 64 /* of limited lines that are remembered at a time */
#define LIKE_LEN 200

static struct {
	enum log_level all;
	unsigned n;
	struct {
		char name[ROOM_LEN];
		enum log_level level;
	} room[ROOMS];
	bool journal, syslog;
} conf = { .all = LOG_LV_INFO };

/* One kind of limited lines: a format of a source, of one level. */
struct kind {
	const struct log_rl *of; /* compared, never looked into: it may be gone */
	const char *fmt;	 /* NULL: free */
	double tokens, last;
	unsigned left_out; /* not told yet */
	double since;	   /* when the first of these came */
	enum log_level level;
	char room[ROOM_LEN], like[LIKE_LEN];
};

static struct kind kinds[KINDS];
static struct rtimer tell_timer;

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

/* What a peer put into a line can neither end it nor steer a terminal, and the journal takes it
 * for text: all but printable ASCII becomes \xNN. The length of the result, cut at size. */
static size_t escape(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; *from; from++) {
		bool plain = *from >= ' ' && *from < 0x7f;
		size_t need = plain ? 1 : 4;

		if (n + need > size)
			break;
		if (plain)
			to[n] = *from;
		else
			sprintf(to + n, "\\x%02x", (unsigned char)*from);
		n += need;
	}
	return n;
}

/* One write(2) a line. */
static void line_out(enum log_level level, const char *room, const char *text)
{
	char line[LINE_LEN];
	int saved = errno;
	size_t n = head(line, sizeof(line), level, room);

	n += escape(line + n, sizeof(line) - 1 - n, text);
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
	char text[LINE_LEN];
	va_list ap;

	if (!log_wants(room, level))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	line_out(level, room, text);
}

/* ---- limits ---- */

static void tell(struct kind *k, double now)
{
	char text[LINE_LEN];

	if (!k->left_out)
		return;
	snprintf(text, sizeof(text), "%u more in %.0f s like: %s", k->left_out, now - k->since,
		 k->like);
	line_out(k->level, k->room, text);
	k->left_out = 0;
}

/* A flood that has ended is told by the clock, one that goes on by its own next line. */
static void tell_cb(void *arg)
{
	double now = run_now(), next = INFINITY;

	(void)arg;
	for (struct kind *k = kinds; k < kinds + KINDS; k++) {
		if (k->left_out && k->since + LOG_RL_TELL <= now)
			tell(k, now);
		if (k->left_out)
			next = MIN(next, k->since + LOG_RL_TELL);
	}
	if (next < INFINITY)
		rtimer_set(&tell_timer, next, tell_cb, NULL);
}

void log_rl_flush(void)
{
	for (struct kind *k = kinds; k < kinds + KINDS; k++)
		tell(k, run_now());
	memset(kinds, 0, sizeof(kinds));
	rtimer_stop(&tell_timer);
}

/* The kind's place; a new one takes the place of whichever had no line for the longest time. */
static struct kind *kind_of(const struct log_rl *of, enum log_level level, const char *fmt,
			    double now)
{
	struct kind *oldest = kinds;

	for (struct kind *k = kinds; k < kinds + KINDS; k++) {
		if (k->of == of && k->fmt == fmt && k->level == level)
			return k;
		if (!k->fmt || (oldest->fmt && k->last < oldest->last))
			oldest = k;
	}
	tell(oldest, now);
	*oldest = (struct kind){ .of = of, .fmt = fmt, .level = level, .tokens = LOG_RL_BURST,
				 .last = now };
	return oldest;
}

static bool bucket_take(struct kind *k, double now)
{
	k->tokens = MIN(k->tokens + MAX(now - k->last, 0) / LOG_RL_SECONDS, LOG_RL_BURST);
	k->last = now;
	if (k->tokens < 1)
		return false;
	k->tokens -= 1;
	return true;
}

static PRINTF(3, 0) void leave_out(struct kind *k, const char *room, const char *fmt, va_list ap,
				   double now)
{
	if (k->left_out++)
		return;
	k->since = now;
	snprintf(k->room, sizeof(k->room), "%s", room);
	vsnprintf(k->like, sizeof(k->like), fmt, ap);
	if (!rtimer_armed(&tell_timer))
		rtimer_set(&tell_timer, now + LOG_RL_TELL, tell_cb, NULL);
}

void log_rl_line(struct log_rl *rl, enum log_level level, const char *room, const char *fmt, ...)
{
	double now = run_now();
	char text[LINE_LEN];
	struct kind *k;
	va_list ap;

	if (!log_wants(room, level))
		return;
	k = kind_of(rl, level, fmt, now);
	va_start(ap, fmt);
	if (!bucket_take(k, now)) {
		leave_out(k, room, fmt, ap, now);
		rl->left_out++;
	} else {
		tell(k, now);
		vsnprintf(text, sizeof(text), fmt, ap);
		line_out(level, room, text);
	}
	va_end(ap);
}
