/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/reload.h - what a reload may change in a running daemon.
 */
#ifndef MIP6_CTL_RELOAD_H
#define MIP6_CTL_RELOAD_H

#include "ctl/conf.h"

#define RELOAD_KEY	160

/* True: the daemon cannot go from a to b without a restart; key is the first one that it cannot
 * change, as "home_links.device". Each key says so itself (conf_schema.c). */
bool reload_refused(const struct conf *a, const struct conf *b, char key[static RELOAD_KEY]);
/*
 * What a new configuration has from the one in force, where its file does not say otherwise: from
 * when on lifetimes of home prefixes run down (decrement_lifetimes; a new one: from now on, boot
 * clock; one that was in force before keeps its own), and numbers that come from places in lists
 * (table of uplinks and homes, the metrics of mobile nodes), so that the others may move without a
 * change to those that stay. old NULL: the daemon starts.
 */
void reload_inherit(struct conf *c, const struct conf *old, double now);

#endif
