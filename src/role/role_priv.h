/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/role_priv.h - the node as role.c (start, dispatch, stop) and role_reload.c (another
 * configuration) know it. Nobody else includes it.
 */
#ifndef MIP6_ROLE_ROLE_PRIV_H
#define MIP6_ROLE_ROLE_PRIV_H

#include "base/bucket.h"
#include "base/util.h"
#include "role/live.h"
#include "role/role.h"
#include "run/log.h"

struct node_priv {
	struct node pub;		/* first: struct node * is what others hold */
	void (*ready)(void *arg, int rc);
	void *ready_arg;
	unsigned starting;		/* roles that have not reported yet, plus one while starting */
	int start_rc;
	void (*stopped)(void *arg);
	void *stopped_arg;
	unsigned stopping;
	struct bucket errors, reports;	/* Binding Errors, be_hint: anybody can cause them */
	struct log_rl rl;
	struct live mn;			/* the configured one, and what was found out since */
	struct mn_reload *reload;	/* the mobile side's part of one */
	struct node_conf reload_conf;
	void (*reloaded)(void *arg, int rc);
	void *reloaded_arg;
};

static inline struct node_priv *priv(struct node *n)
{
	return container_of(n, struct node_priv, pub);
}

/* Flows or shares of the load are configured: the kernel part of them is loaded at once. What only
 * a mobile node may ask for is loaded when one does. */
bool node_steers(const struct node_conf *c);

#endif
