/* SPDX-License-Identifier: BSD-2-Clause */
#include "mip6ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "mip6/ctl.h"

#define REPLY_MAX	(16 << 20)
#define ERROR_LEN	128
#define ARG_LEN		16384		/* all that is wrong in a configuration */

struct client {
	int fd;
	double limit;
	char *buf;			/* buf[at..n) has arrived and was not handed out */
	size_t at, n, cap;
	char error[ERROR_LEN], arg[ARG_LEN];
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* 0, -ETIMEDOUT or -errno. end 0: no limit. */
static int wait_for(int fd, short what, double end)
{
	struct pollfd p = { .fd = fd, .events = what };
	int ms = -1, rc;

	do {
		if (end > 0) {
			double left = end - now();

			ms = left > 0 ? (int)(left * 1000) + 1 : 0;
		}
		rc = poll(&p, 1, ms);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? -errno : rc ? 0 : -ETIMEDOUT;
}

struct client *client_open(const char *path, double limit, const char **why)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct client *c = calloc(1, sizeof(*c));
	int rc = 0;

	*why = strerror(ENOMEM);
	if (!c)
		return NULL;
	c->limit = limit;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (strlen(path) >= sizeof(sa.sun_path))
		rc = -ENAMETOOLONG;
	else
		memcpy(sa.sun_path, path, strlen(path));
	if (rc == 0 && (c->fd < 0 || connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)) < 0))
		rc = -errno;
	if (rc == 0)
		return c;
	*why = strerror(-rc);
	client_close(c);
	errno = -rc;
	return NULL;
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->buf);
	free(c);
}

static int send_all(struct client *c, const char *p, size_t n, double end)
{
	while (n) {
		ssize_t sent = send(c->fd, p, n, MSG_NOSIGNAL);
		int rc = 0;

		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		} else if (errno == EAGAIN) {
			rc = wait_for(c->fd, POLLOUT, end);
		} else if (errno != EINTR) {
			rc = errno == EPIPE ? -ECONNRESET : -errno;
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int receive(struct client *c, double end)
{
	ssize_t got;
	char *more;
	int rc;

	if (c->at) {
		memmove(c->buf, c->buf + c->at, c->n - c->at);
		c->n -= c->at;
		c->at = 0;
	}
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 65536;
		more = c->cap <= REPLY_MAX ? realloc(c->buf, c->cap) : NULL;
		if (!more)
			return c->cap <= REPLY_MAX ? -ENOMEM : -EPROTO;
		c->buf = more;
	}
	rc = wait_for(c->fd, POLLIN, end);
	if (rc < 0)
		return rc;
	got = recv(c->fd, c->buf + c->n, c->cap - c->n, 0);
	if (got == 0)
		return -ECONNRESET;
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	c->n += (size_t)got;
	return 0;
}

/* The next reply; the caller puts it. NULL with *rc set. */
static struct json_object *next_reply(struct client *c, int *rc)
{
	double end = c->limit > 0 ? now() + c->limit : 0;
	struct json_object *o;
	char *nul;

	*rc = 0;
	while (!(nul = c->n > c->at ? memchr(c->buf + c->at, '\0', c->n - c->at) : NULL)) {
		*rc = receive(c, end);
		if (*rc < 0)
			return NULL;
	}
	o = json_tokener_parse(c->buf + c->at);
	c->at = (size_t)(nul - c->buf) + 1;
	if (json_object_is_type(o, json_type_object))
		return o;
	json_object_put(o);
	*rc = -EPROTO;
	return NULL;
}

static void keep_error(struct client *c, const char *name, struct json_object *params)
{
	snprintf(c->error, sizeof(c->error), "%s", name);
	c->arg[0] = '\0';
	if (!params)
		return;
	json_object_object_foreach(params, key, val) {
		size_t used = strlen(c->arg);

		(void)key;
		snprintf(c->arg + used, sizeof(c->arg) - used, "%s%s", used ? ": " : "",
			 json_object_get_string(val));
	}
}

static int replies(struct client *c, bool more, client_fn fn, void *arg)
{
	bool goes_on = true;
	int rc = 0;

	while (goes_on && rc == 0) {
		struct json_object *o = next_reply(c, &rc), *params, *error;

		if (!o)
			return rc;
		params = json_object_object_get(o, "parameters");
		error = json_object_object_get(o, "error");
		goes_on = json_object_get_boolean(json_object_object_get(o, "continues"));
		if (error) {
			keep_error(c, json_object_get_string(error), params);
			rc = -EREMOTEIO;
		} else if (!json_object_is_type(params, json_type_object)) {
			rc = -EPROTO;
		} else if (!more || json_object_object_length(params)) {
			goes_on = fn(arg, params) && goes_on;
		}
		json_object_put(o);
	}
	return rc;
}

int client_call(struct client *c, const char *method, struct json_object *params, bool more,
		client_fn fn, void *arg)
{
	struct json_object *o = json_object_new_object();
	char name[ERROR_LEN];
	const char *text;
	size_t n;
	int rc;

	snprintf(name, sizeof(name), MIP6_CTL_INTERFACE ".%s", method);
	json_object_object_add(o, "method", json_object_new_string(name));
	json_object_object_add(o, "parameters", params ? params : json_object_new_object());
	if (more)
		json_object_object_add(o, "more", json_object_new_boolean(true));
	text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN, &n);
	rc = text ? send_all(c, text, n + 1, c->limit > 0 ? now() + c->limit : 0) : -ENOMEM;
	json_object_put(o);
	return rc < 0 ? rc : replies(c, more, fn, arg);
}

const char *client_error(const struct client *c)
{
	return c->error;
}

const char *client_error_arg(const struct client *c)
{
	return c->arg;
}
