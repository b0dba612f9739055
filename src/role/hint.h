/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/hint.h - hints from outside programs (method Inject of the control socket): looked at with
 * the checks that our own detector and the kernel's news pass anyway, then treated as those.
 *
 * md_info is not repeated as it came: it goes to the movement detector, whose md_info follows
 * when the kernel has what it takes. The others become events at once.
 */
#ifndef MIP6_ROLE_HINT_H
#define MIP6_ROLE_HINT_H

#include "role/role.h"
#include "run/event.h"

#define HINT_RATE	100		/* at once, and as many a second, of all programs together */

/* field: which one is wrong; "event": the hint as a whole. NULL with a reason: the role that does
 * not run here. */
struct hint_refusal { const char *field; char reason[160]; };

/* True: taken. False: r says why not, and nothing has happened. */
bool node_hint(struct node *n, const struct event *e, struct hint_refusal *r);

#endif
