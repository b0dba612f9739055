/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One answer to one HTTP request (RFC 9112): the standard input is a connection that systemd has
 * accepted (mip6-exporter@.service), the standard output the same.
 *
 * Whoever is at the other end may be anybody: the request is bounded in size and in time, nothing
 * of it but the method and the path is looked at, and nothing of it comes back.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"

#define REQUEST_MAX	8192
#define REQUEST_LIMIT	5.		/* seconds */
#define TEXT		"text/plain; charset=utf-8"
#define PROMETHEUS	"text/plain; version=0.0.4; charset=utf-8"

static void answer(const char *status, const char *more, const char *type, const char *body,
		   size_t n, bool head)
{
	printf("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
	       "Connection: close\r\n\r\n", status, type, n, more);
	if (!head)
		fwrite(body, 1, n, stdout);
}

static void refuse(const char *status, const char *more, bool head)
{
	char body[64];

	snprintf(body, sizeof(body), "%s\n", status + 4);
	answer(status, more, TEXT, body, strlen(body), head);
}

/* The head of the request, ended by NUL. NULL, or why not as a status. */
static const char *read_head(char *buf, size_t size)
{
	double end = cmd_clock() + REQUEST_LIMIT;
	size_t n = 0;

	for (;;) {
		struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
		ssize_t got;

		buf[n] = '\0';
		if (strstr(buf, "\r\n\r\n") || strstr(buf, "\n\n"))
			return NULL;
		if (n == size - 1)
			return "431 Request Header Fields Too Large";
		if (poll(&p, 1, (int)MAX((end - cmd_clock()) * 1000, 0)) == 0)
			return "408 Request Timeout";
		got = read(STDIN_FILENO, buf + n, size - 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return "400 Bad Request";
		if (memchr(buf + n, '\0', (size_t)got))
			return "400 Bad Request";
		n += (size_t)got;
	}
}

static void metrics(struct run *r, bool head)
{
	char *body = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&body, &n);

	if (!f) {
		refuse("500 Internal Server Error", "", head);
		return;
	}
	metrics_write(r, f);		/* without a daemon: mip6_up 0 */
	if (fclose(f) == 0)
		answer("200 OK", "", PROMETHEUS, body, n, head);
	else
		refuse("500 Internal Server Error", "", head);
	free(body);
}

int metrics_http(struct run *r)
{
	char head[REQUEST_MAX], method[16], path[256], version[16];
	const char *why = read_head(head, sizeof(head));
	bool no_body;

	if (!why && (sscanf(head, "%15[A-Z] %255[^ \r\n] HTTP/%15[0-9.]", method, path,
			    version) != 3 || version[0] != '1'))
		why = "400 Bad Request";
	if (why) {
		refuse(why, "", false);
		return MIP6_EXIT_DONE;
	}
	no_body = strcmp(method, "HEAD") == 0;
	path[strcspn(path, "?")] = '\0';
	if (strcmp(path, "/metrics") != 0)
		refuse("404 Not Found", "", no_body);
	else if (!no_body && strcmp(method, "GET") != 0)
		refuse("405 Method Not Allowed", "Allow: GET, HEAD\r\n", false);
	else
		metrics(r, no_body);
	return MIP6_EXIT_DONE;
}
