/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/role.h - the node: which roles run, and who gets which message.
 *
 * Messages are dispatched by a table type x role; an unknown type draws a Binding
 * Error 2, rate limited (RFC 6275 9.2, 9.3.3). Roles are values, not builds.
 */
#ifndef MIP6_ROLE_ROLE_H
#define MIP6_ROLE_ROLE_H

#include <stdbool.h>

#include "base/bucket.h"
#include "io/dad.h"
#include "io/icmp6sock.h"
#include "io/mhsock.h"
#include "io/ndsock.h"
#include "kern/kern.h"
#include "role/cn.h"
#include "role/ha.h"
#include "role/md.h"
#include "role/mn.h"

struct ev_loop;

struct node_conf {
	unsigned roles;			/* ROLE_* bits */
	const struct ha_conf *ha;
	const struct mn_conf *mn;
	const struct cn_conf *cn;
	struct kern_conf kern;
	struct mh_dialect dialect;
};

/* Read only for ctl/; pointers of roles that do not run are NULL. */
struct node {
	struct ev_loop *loop;
	struct node_conf conf;
	double started;			/* boot clock */
	bool ready;			/* the kernel has the base plans */
	struct kern *kern;
	struct mhsock *mh;
	struct ndsock *nd;
	struct dad *dad;
	struct icmp6sock *icmp;
	struct ha *ha;
	struct mn *mn;
	struct md *md;
	struct cn *cn;
	uint64_t be_sent, be_suppressed;
	struct bucket hints;		/* of outside programs, role/hint.h */
};

/*
 * Opens sockets, probes the kernel, removes leftovers of an earlier run, starts the roles.
 * ready(arg, rc) comes from the loop. 0 or -errno (already logged; all is undone).
 */
int node_start(struct node **n, struct ev_loop *loop, const struct node_conf *c,
	       void (*ready)(void *arg, int rc), void *arg);
/* Mobile side de-registers, everything leaves the kernel; then done. */
void node_stop(struct node *n, void (*done)(void *arg), void *arg);
void node_free(struct node *n);

/*
 * Another configuration with the same roles, all or nothing. node_can_reload(): false, and key says
 * which is too much (ctl/reload.h knows what else cannot change); -ENOMEM counts as that. Then
 * node_reload(): done at once or later, with 0, or -errno and nothing is changed. c's parts live until
 * the next one is in force; the other one may go when done is called.
 */
bool node_can_reload(struct node *n, const struct node_conf *c, const char **key);
void node_reload(struct node *n, const struct node_conf *c, void (*done)(void *arg, int rc), void *arg);

/* A packet was not understood: an event, and a Binding Error to its sender. Both are limited. */
struct ev_be_hint;
void node_be_hint(struct node *n, const struct ev_be_hint *h);

#endif
