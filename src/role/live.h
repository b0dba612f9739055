/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/live.h - the mobile side's configuration while it runs: what the file says, and what was
 * found out since (struct mn_conf: deprecated, retired ...).
 *
 * It owns all that it points to. An uplink and a home keep their place for as long as they are
 * there, whatever comes and goes beside them: others hold pointers to them and count by them. The
 * order of the file is in .place. There is room for more than were configured at the start.
 *
 * 0, or -ENOMEM.
 */
#ifndef MIP6_ROLE_LIVE_H
#define MIP6_ROLE_LIVE_H

#include "store/conf.h"

#define LIVE_MORE_UPLINKS	8
#define LIVE_MORE_HOMES		16

struct live {
	struct mn_conf conf;
	size_t max_uplink, max_home;
};

int live_init(struct live *l, const struct mn_conf *c);
void live_free(struct live *l);			/* wipes keys; zeroed is harmless */

/* A copy with prefixes of its own; *to is not looked at before. */
int home_conf_copy(struct home_conf *to, const struct home_conf *from);
void home_conf_free(struct home_conf *h);	/* wipes all of it */
/* The flows of from in the place of those that to has; to must own them. */
int home_flows_copy(struct home_conf *to, const struct home_conf *from);
/* The uplinks of another configuration: true, or nothing is changed: more than there is room for. Those
 * that it lacks are marked, their places are free when they are zeroed. */
bool live_uplinks_fit(const struct live *l, const struct mn_conf *to);
void live_uplinks(struct live *l, const struct mn_conf *to);
int ro_conf_copy(struct ro_conf *to, const struct ro_conf *from);

#endif
