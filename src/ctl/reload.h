/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/reload.h - what a reload may change in a running daemon.
 */
#ifndef MIP6_CTL_RELOAD_H
#define MIP6_CTL_RELOAD_H

#include "ctl/conf.h"

/* NULL if the daemon can go from a to b without a restart, else the name of the first key that
 * it cannot change. */
const char *reload_refused(const struct conf *a, const struct conf *b);
/* From when on lifetimes of home prefixes run down (decrement_lifetimes): from now, or as in old,
 * which may be NULL, if they are the same. now: boot clock. */
void reload_clocks(struct conf *c, const struct conf *old, double now);

#endif
