/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl/doctor.h - what may be wrong with this host, found by looking.
 *
 * doctor.c gathers what is known (the daemon, its configuration, the devices of this network
 * namespace) and prints what the checks say. Each check looks at struct doc alone and at files
 * below doc->root, so that tests can make up a host. Nothing is changed anywhere.
 */
#ifndef MIP6_MIP6CTL_DOCTOR_H
#define MIP6_MIP6CTL_DOCTOR_H

#include <json-c/json.h>
#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/util.h"
#include "mip6ctl/fw.h"

enum doc_result { DOC_OK, DOC_WARN, DOC_FAIL, DOC_SKIPPED };

struct doc_item {
	enum doc_result result;
	const char *check;		/* constant */
	char *subject, *text, *fix;	/* owned; subject and fix may be NULL */
};

struct doc_link { char name[IFNAMSIZ]; unsigned ifindex, mtu; bool up; };
/* plen 0: not known. flags: IFA_F_ of IPv6 addresses */
struct doc_addr { char dev[IFNAMSIZ]; struct prefix a; unsigned flags; };

struct doc {
	const char *root;		/* before /proc, /etc, /run; "" = this host */
	const char *socket;
	bool privileged;		/* may see what only root may */
	bool up;			/* the daemon answers */
	int socket_error;		/* errno of the attempt; 0 */
	pid_t pid;			/* of a daemon, answering or not; 0: none found */
	unsigned roles;			/* ROLE_*; 0: not known */
	struct json_object *conf;	/* as `config show --effective`; NULL: not known */
	/* the daemon's answers; NULL: none */
	struct json_object *status, *stats, *diagnosis;
	/* arrays: ListRegistrations, ListPrefixes, ListPaths */
	struct json_object *homes, *prefixes, *paths;
	struct doc_link *link;
	size_t n_link;
	struct doc_addr *addr;
	size_t n_addr;
	struct doc_item *item;
	size_t n_item;
};

/* ---- doctor.c ---- */

/* A new item; subject may be NULL. */
void doc_say(struct doc *d, enum doc_result r, const char *check, const char *subject,
	     const char *fmt, ...) PRINTF(5, 6);
/* One line that mends the last item. */
void doc_fix(struct doc *d, const char *fmt, ...) PRINTF(2, 3);
void doc_free(struct doc *d);
const char *doc_result_str(enum doc_result r);

/* ---- doctor_host.c: looking ---- */

/* The text of a file below root, at most 1 MB, ended by NUL; the caller frees. NULL with errno. */
char *doc_file(const struct doc *d, const char *fmt, ...) PRINTF(2, 3);
/* The first line of it as a number; -1: cannot be read. */
long doc_number(const struct doc *d, const char *fmt, ...) PRINTF(2, 3);
bool doc_exists(const struct doc *d, const char *fmt, ...) PRINTF(2, 3);
/* Devices and addresses of this network namespace. */
void doc_gather(struct doc *d);
const struct doc_link *doc_link(const struct doc *d, const char *dev);
/* The configuration that the process was started with; the usual one if that is not known. False: it
 * is not where its name says, for the process has left that folder. */
bool doc_config_file(const struct doc *d, char path[static PATH_MAX]);
/* Does anybody listen there? 0 and his PID (0: of no PID namespace that we see), or errno. Does not
 * wait: EAGAIN, he takes no more. */
int doc_try_socket(const char *path, pid_t *pid);
/* The output of a program, at most 16 MB in 10 s; NULL with errno (ENOENT: it is not there;
 * EIO: it failed). argv[0] is a path. The caller frees. */
char *doc_run(const char *const *argv);
/* The first process of this network namespace that is called so; 0: none. */
pid_t doc_process(const struct doc *d, const char *name);
const char *doc_process_name(const struct doc *d, pid_t pid, char buf[static 64]);

/* Keys of the configuration: NULL, "" or 0 if it is not there. */
struct json_object *doc_list(const struct doc *d, const char *key);
#define DOC_EACH(i, v, list)								\
	for (size_t i = 0; i < json_object_array_length(list) &&			\
	     ((v) = json_object_array_get_idx(list, i), true); i++)
bool doc_uses_ipv4(const struct doc *d);

/* ---- the checks, in the order in which they are told ---- */

void doc_daemon(struct doc *d);			/* doctor_daemon.c */
void doc_capabilities(struct doc *d);
void doc_registrations(struct doc *d);
void doc_kernel(struct doc *d);			/* doctor_kernel.c */
void doc_sysctls(struct doc *d);		/* doctor_net.c */
void doc_addresses(struct doc *d);
void doc_advertisements(struct doc *d);
void doc_mtu(struct doc *d);
void doc_clock(struct doc *d);			/* doctor_other.c */
void doc_rivals(struct doc *d);
void doc_routes(struct doc *d);
void doc_files(struct doc *d);
void doc_firewall(struct doc *d);		/* doctor_fw.c */
/* The judgement of doc_firewall() about rules that were read. */
void doc_judge_firewall(struct doc *d, const struct fw *fw);

/* ---- what kernels, files and programs say: pure ---- */

/* Of "CONFIG_NAME=y" lines: 'y', 'm', 'n' ("is not set", or not there). */
char doc_kernel_option(const char *config, const char *name);
/* Is NAME among the lines of modules.builtin or /proc/modules? - and _ are the same. */
bool doc_has_module(const char *list, const char *name);
/* Sockets of a protocol in /proc/net/raw6: the first cap; how many there are. */
struct doc_socket { unsigned long inode; unsigned uid; };
size_t doc_raw_sockets(const char *raw6, unsigned proto, struct doc_socket *s, size_t cap);
/* Default routes of the kernel's own, from Router Advertisements, by dev: /proc/net/ipv6_route. */
unsigned doc_ra_defaults(const char *ipv6_route, const char *dev);
/* The value of "Name:\tVALUE" in /proc/PID/status as hex; 0: not there. */
uint64_t doc_caps(const char *status, const char *name);
/* Rules of `ip -j rule` that come before pref and take all packets elsewhere: the preference of the
 * first one and its table; -1: none. */
long doc_rule_before(struct json_object *rules, uint32_t pref, const char **table);

#endif
