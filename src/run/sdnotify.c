/* SPDX-License-Identifier: BSD-2-Clause */
#include "run/sdnotify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "run/timer.h"

#define MSG_LEN 256
#define BACKLOG 16
#define RETRY	0.1 /* seconds until a full manager is asked again */

static struct {
	int fd; /* -1: no manager */
	struct sockaddr_un to;
	socklen_t to_len;
	char unsent[BACKLOG][MSG_LEN];
	unsigned n_unsent;
	double watchdog; /* seconds between two signs of life, 0 = not wanted */
	struct rtimer retry, alive;
} sd = { .fd = -1 };

static int transmit(const char *msg)
{
	if (sendto(sd.fd, msg, strlen(msg), MSG_DONTWAIT | MSG_NOSIGNAL,
		   (const struct sockaddr *)&sd.to, sd.to_len) < 0)
		return errno == ENOBUFS ? -EAGAIN : -errno;
	return 0;
}

static void retry_cb(void *arg)
{
	(void)arg;
	while (sd.n_unsent) {
		if (transmit(sd.unsent[0]) == -EAGAIN) {
			rtimer_set(&sd.retry, run_now() + RETRY, retry_cb, NULL);
			return;
		}
		memmove(sd.unsent[0], sd.unsent[1], --sd.n_unsent * sizeof(sd.unsent[0]));
	}
}

static int tell(const char *msg)
{
	int rc;

	if (sd.fd < 0)
		return 0;
	rc = sd.n_unsent ? -EAGAIN : transmit(msg);
	if (rc != -EAGAIN)
		return rc;
	if (sd.n_unsent == BACKLOG)
		return -ENOBUFS;
	snprintf(sd.unsent[sd.n_unsent++], MSG_LEN, "%s", msg);
	if (!rtimer_armed(&sd.retry))
		rtimer_set(&sd.retry, run_now() + RETRY, retry_cb, NULL);
	return 0;
}

static void alive_cb(void *arg)
{
	(void)arg;
	transmit("WATCHDOG=1"); /* a lost one is followed by the next */
	rtimer_set(&sd.alive, run_now() + sd.watchdog, alive_cb, NULL);
}

/* "/path" or "@abstract"; the manager may also offer vsock, which is for whole machines. */
static int set_address(const char *path)
{
	size_t n = strlen(path);

	if (path[0] != '/' && path[0] != '@')
		return -EAFNOSUPPORT;
	if (n >= sizeof(sd.to.sun_path))
		return -ENAMETOOLONG;
	sd.to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(sd.to.sun_path, path, n);
	if (path[0] == '@')
		sd.to.sun_path[0] = '\0';
	sd.to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	return 0;
}

static int open_socket(const char *path)
{
	int rc = set_address(path);

	if (rc < 0)
		return rc;
	sd.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return sd.fd < 0 ? -errno : 1;
}

/* sd_watchdog_enabled(3): the request counts only for the process that it names. */
static double watchdog_interval(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return strtod(usec, NULL) / 1e6 / 2;
}

int sdnotify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	int rc = path && *path && sd.fd < 0 ? open_socket(path) : 0;

	sd.watchdog = rc > 0 ? watchdog_interval() : 0;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (sd.watchdog > 0)
		rtimer_set(&sd.alive, run_now() + sd.watchdog, alive_cb, NULL);
	return rc;
}

void sdnotify_fini(void)
{
	rtimer_stop(&sd.retry);
	rtimer_stop(&sd.alive);
	if (sd.fd >= 0)
		close(sd.fd);
	sd.fd = -1;
	sd.n_unsent = 0;
}

int sdnotify_ready(void)
{
	return tell("READY=1");
}

int sdnotify_status(const char *fmt, ...)
{
	char msg[MSG_LEN] = "STATUS=";
	size_t n = strlen(msg);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg + n, sizeof(msg) - n, fmt, ap);
	va_end(ap);
	for (char *p = msg; *p; p++)
		if (*p == '\n') /* would begin another variable */
			*p = ' ';
	return tell(msg);
}

/* The manager wants to know which reload is meant: since when, on its clock. */
int sdnotify_reloading(void)
{
	char msg[MSG_LEN];
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(msg, sizeof(msg), "RELOADING=1\nMONOTONIC_USEC=%llu",
		 (unsigned long long)ts.tv_sec * 1000000 + (unsigned long long)ts.tv_nsec / 1000);
	return tell(msg);
}

int sdnotify_stopping(void)
{
	return tell("STOPPING=1");
}
