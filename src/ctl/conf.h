/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/conf.h - the configuration: libconfig files in, values out.
 *
 * A file is read by schema tables (conf_schema.c), which hold type, range, unit,
 * default and help of every key; the manual page is held against them. Unknown
 * keys, wrong types and contradictions are errors, all reported at once with
 * file, line and key. Beside FILE, every conf.d/NAME.conf is read in order of
 * names: lists of groups go on, other keys replace.
 *
 * Reading needs no privilege but that for the key files. Secrets are read from
 * files with safe modes and never printed.
 *
 * Times are seconds, addresses network order. A struct conf owns all that its
 * parts point to; rooms keep pointers only until conf_free().
 */
#ifndef MIP6_CTL_CONF_H
#define MIP6_CTL_CONF_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "kern/kern.h"
#include "role/role.h"
#include "run/hook.h"
#include "run/log.h"
#include "store/conf.h"

#define CONF_PATH		"/etc/mip6d/mip6d.conf"
#define CONF_SOCKET		"/run/mip6d/mip6d.sock"
#define CONF_UPLINK_TABLE	6000		/* of the first one, unless it says another */
#define CONF_HOME_TABLE		6500
#define CONF_BIDS		8	/* with as many that drain: BUL_PATHS */
#define CONF_BID_MAX		0x7fff	/* the others are for addresses that drain */
#define CONF_ROOM		16
#define CONF_NAME		33		/* a group of users */
#define CONF_SOCKET_PATH	108		/* struct sockaddr_un */

struct conf_room { char name[CONF_ROOM]; };

struct conf {
	unsigned roles;				/* ROLE_* */
	char state_dir[PATH_MAX];
	bool unsafe_timers;
	struct {
		char socket[CONF_SOCKET_PATH];
		char group[CONF_NAME];		/* may read; "" = root only */
		char admin_group[CONF_NAME];	/* may change */
		unsigned max_clients;
		uint64_t said;			/* keys that the file gives; in others too */
	} control;
	struct {
		unsigned level;			/* enum log_level */
		struct conf_room *debug;	/* rooms that log more than that */
		size_t n_debug;
		uint64_t said;
	} log;
	struct hook_conf on_event;
	unsigned ingress;			/* enum kern_ingress_mode */
	struct mh_dialect dialect;		/* as configured, whether used or not */
	struct timers timers;
	struct ha_conf ha;			/* meaningful with ROLE_HA */
	struct mn_conf mn;			/* with ROLE_MN or ROLE_MR; iid_secret is not set */
	struct cn_conf cn;			/* with ROLE_CN */
	char sysctl_file[PATH_MAX + 16];	/* for struct kern_conf */
	uint64_t said;
};

/* What is wrong (errors), and what the operator should know although it works (warnings):
 * "FILE:LINE: KEY: TEXT" each. Zeroed = empty. */
struct conf_msg { bool warning; char *text; };
struct conf_errs {
	struct conf_msg *msg;
	size_t n, n_error;
};
void conf_errs_free(struct conf_errs *e);

/*
 * role_override: ROLE_* bits instead of the file's `roles`, 0 = none. 0; -EINVAL: errors are in
 * errs; -ENOENT, -EACCES ...: the file cannot be read (in errs too); -ENOMEM. *out is set on 0
 * only. errs may hold warnings on 0.
 */
int conf_load(const char *path, unsigned role_override, struct conf **out,
	      struct conf_errs *errs);
/* The same for a text; name stands for the file in messages. No drop-ins. */
int conf_load_text(const char *text, const char *name, unsigned role_override,
		   struct conf **out, struct conf_errs *errs);
void conf_free(struct conf *c);			/* wipes keys; NULL is harmless */

/* "ha", "ha,cn" -> ROLE_* bits; 0 = not understood. */
unsigned conf_roles(const char *text);

/* The view that role.h wants; points into c. */
void conf_node(const struct conf *c, struct node_conf *n);

/* mip6d --check: messages, then one line of summary if there is no error. Returns the exit
 * status: 0, or 4 if there are errors. c may be NULL then. */
int conf_check_print(FILE *f, const char *path, const struct conf *c,
		     const struct conf_errs *errs);

/*
 * RFC 7217 secret: read from state_dir/iid_secret, created there with mode 0600 at the first
 * start, and put into c->mn. 0 or -errno (-EPERM: others can read it).
 */
int conf_iid_secret(struct conf *c);

#endif
