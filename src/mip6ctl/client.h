/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl/client.h - one connection to the control socket (mip6/ctl.h).
 *
 * Blocking with a limit. Replies are handed out one by one; the caller of a
 * listing never holds more than one record unless it keeps it.
 */
#ifndef MIP6_MIP6CTL_CLIENT_H
#define MIP6_MIP6CTL_CLIENT_H

#include <json-c/json.h>
#include <stdbool.h>

struct client;

/* One reply's parameters, borrowed. False: enough, hang up. */
typedef bool (*client_fn)(void *arg, struct json_object *params);

/*
 * limit: seconds for each reply, 0 = wait for ever. NULL with a message in *why (constant or
 * strerror) and errno if nobody answers at the socket.
 */
struct client *client_open(const char *socket, double limit, const char **why);
void client_close(struct client *c);

/*
 * Calls io.mip6d.METHOD. params may be NULL; the reference is taken. more: a listing or Monitor;
 * fn then gets each reply but the empty one at the end.
 * 0, or -errno: -ECONNRESET hung up, -ETIMEDOUT, -EPROTO not understood, -EREMOTEIO: the daemon
 * refused, see client_error().
 */
int client_call(struct client *c, const char *method, struct json_object *params, bool more,
		client_fn fn, void *arg);
/* The error's name and its first parameter ("" if none), after -EREMOTEIO. */
const char *client_error(const struct client *c);
const char *client_error_arg(const struct client *c);

#endif
