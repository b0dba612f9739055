/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"

#define REPLY_LIMIT	5.		/* seconds */

int cmd_error(const char *fmt, ...)
{
	va_list ap;

	fputs("mip6ctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs(" (mip6ctl -h)\n", stderr);
	return MIP6_EXIT_USAGE;
}

static int explain(const struct run *r, int rc)
{
	static const struct { const char *error, *text; int status; } row[] = {
		{ "org.varlink.service.PermissionDenied",
		  "not allowed: that takes root or group mip6d-admin", MIP6_EXIT_REFUSED },
		{ "org.varlink.service.InvalidParameter", "not understood", MIP6_EXIT_USAGE },
		{ MIP6_CTL_E_NOT_FOUND, "no such home address", MIP6_EXIT_NOT_FOUND },
		{ MIP6_CTL_E_NO_PATH, "no uplink has this BID", MIP6_EXIT_NOT_FOUND },
		{ MIP6_CTL_E_NO_ROLE, "the daemon has not this role", MIP6_EXIT_REFUSED },
		{ MIP6_CTL_E_BAD_CONFIG, "nothing was changed, the configuration is wrong",
		  MIP6_EXIT_REFUSED },
		{ MIP6_CTL_E_CANNOT_CHANGE,
		  "nothing was changed, that takes a restart", MIP6_EXIT_REFUSED },
		{ MIP6_CTL_E_NO_UNDO, "no undo is pending: nothing to confirm",
		  MIP6_EXIT_NOT_TRUE },
		{ MIP6_CTL_E_HINT, "the hint was refused", MIP6_EXIT_REFUSED },
		{ MIP6_CTL_E_FAILED, "failed", MIP6_EXIT_REFUSED },
	};
	const char *arg;

	if (rc == 0)
		return MIP6_EXIT_DONE;
	if (rc == -EREMOTEIO && r->absent_is_false &&
	    strcmp(client_error(r->c), MIP6_CTL_E_NOT_FOUND) == 0)
		return MIP6_EXIT_NOT_TRUE;
	if (rc != -EREMOTEIO) {
		fprintf(stderr, "mip6ctl: %s: %s\n", r->socket, strerror(-rc));
		return MIP6_EXIT_UNREACHABLE;
	}
	arg = client_error_arg(r->c);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (strcmp(row[i].error, client_error(r->c)) != 0)
			continue;
		fprintf(stderr, "mip6ctl: %s%s%s\n", row[i].text,
			!*arg ? "" : strchr(arg, '\n') ? ":\n" : ": ", arg);
		return row[i].status;
	}
	fprintf(stderr, "mip6ctl: the daemon says %s %s\n", client_error(r->c), arg);
	return MIP6_EXIT_REFUSED;
}

/* What to do if nobody can be reached. */
static const char *remedy(int err)
{
	switch (err) {
	case ENOENT:
		return " (is mip6d running? systemctl start mip6d, or -S SOCKET)";
	case ECONNREFUSED:
		return " (mip6d has ended without removing it: systemctl status mip6d, "
		       "journalctl -u mip6d)";
	case EACCES:
		return " (be root, or in the group of control.group: adduser YOU mip6d, and log in"
		       " again)";
	default:
		return "";
	}
}

int cmd_call(struct run *r, const char *method, struct json_object *params, bool more,
	     client_fn fn, void *arg)
{
	double limit = r->limit >= 0 ? r->limit : REPLY_LIMIT;
	const char *why;
	int rc;

	errno = 0;
	r->c = client_open(r->socket, limit, &why);
	if (!r->c) {
		fprintf(stderr, "mip6ctl: %s: %s%s\n", r->socket, why, remedy(errno));
		json_object_put(params);
		return MIP6_EXIT_UNREACHABLE;
	}
	rc = explain(r, client_call(r->c, method, params, more, fn, arg));
	client_close(r->c);
	return rc;
}

struct json_object *cmd_param(const char *key, const char *value)
{
	struct json_object *o = json_object_new_object();

	if (value)
		json_object_object_add(o, key, json_object_new_string(value));
	return o;
}

double cmd_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

bool cmd_show_count(void *arg, struct json_object *o)
{
	struct run *r = arg;

	if (r->opt.json)
		fmt_json(&r->opt, o);
	else
		printf("%s\n", fmt_str(o, "count"));
	return true;
}
