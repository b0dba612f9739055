/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/ctl.h - the control socket's server: see mip6/ctl.h for what it speaks.
 *
 * Everything runs from the loop and nothing blocks. A listing is made record by
 * record as the client reads, so that its size costs no memory; what is queued for
 * one client is bounded, and a client that exceeds it is closed.
 *
 * The conf and the node are borrowed.
 */
#ifndef MIP6_CTL_CTL_H
#define MIP6_CTL_CTL_H

#include <stdbool.h>

struct conf;
struct ctl;
struct ev_loop;
struct node;

/*
 * Binds the socket of conf, mode 0660 for conf's group if there is such a group, else 0600. The
 * socket of a dead daemon is replaced. 0 or -errno; -EADDRINUSE: another daemon lives there (its
 * pid is logged). node may be NULL until ctl_set_node(): nothing is listed then.
 */
int ctl_open(struct ctl **ctl, struct ev_loop *loop, const struct conf *conf, struct node *node);
void ctl_close(struct ctl *ctl);		/* NULL is harmless */
/*
 * What a daemon has in the kernel it knows by its mark alone: a second one in the network
 * namespace would take it for leftovers. A descriptor to keep until the end, or -EADDRINUSE:
 * another one runs (its pid is logged), or -errno: not known, a warning was logged.
 */
int ctl_claim(void);
void ctl_set_node(struct ctl *ctl, struct node *node);	/* NULL: about to be freed */
/*
 * A new configuration. First, while the old one still counts, ctl_try_conf() gives the socket to the
 * new group: 0, or -errno and nothing is changed; undone by the same for the old one. Who is
 * connected stays so, with the rights of the new admin_group.
 */
int ctl_try_conf(const struct ctl *ctl, const struct conf *conf);
void ctl_set_conf(struct ctl *ctl, const struct conf *conf);

/*
 * What an operator may ask for. reload (undo_after: seconds, 0 = for good): false: one is under way;
 * else ctl_reload_done() is called, at once or later, and is harmless if nobody waits. text:
 * CTL_RELOADED: warnings, or ""; BAD: what is wrong, a line each; REFUSED: the key that cannot
 * change; FAILED: why. confirm: false: no undo is pending. undo_in: seconds; < 0: none is pending.
 */
#define UNDO_AFTER_MIN	1.
#define UNDO_AFTER_MAX	86400.
struct ctl_reload_ops {
	bool (*reload)(void *arg, double undo_after);
	bool (*confirm)(void *arg);
	double (*undo_in)(void *arg);
};
enum ctl_reload_rc { CTL_RELOADED, CTL_RELOAD_BAD, CTL_RELOAD_REFUSED, CTL_RELOAD_FAILED };
void ctl_on_reload(struct ctl *ctl, const struct ctl_reload_ops *ops, void *arg);
void ctl_reload_done(struct ctl *ctl, enum ctl_reload_rc rc, const char *text);

#endif
