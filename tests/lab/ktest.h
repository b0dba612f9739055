/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/ktest.h - what the files of ktest share.
 *
 * ktest runs the real kern/ room on a real kernel, in network namespaces of its
 * own, and looks at the outcome with iproute2 and with packets, not with the
 * room's own eyes. TAP on stdout.
 */
#ifndef MIP6_LAB_KTEST_H
#define MIP6_LAB_KTEST_H

#include <ev.h>

#include "base/util.h"
#include "kern/kern.h"

#define HA_ADDR		"2001:db8:f::1"		/* ours, on va */
#define PEER_ADDR	"2001:db8:f::2"		/* the other namespace, on vb */
#define COA1		"2001:db8:f::c1"
#define COA2		"2001:db8:f::c2"
#define INSIDE6		"2001:db8:1::1"		/* ours, on k0: where inner packets go */
#define INSIDE4		"192.0.2.1"
#define SYSCTL_FILE	"/run/ktest.sysctls"
#define SH_MAX		(256 * 1024)

struct news_seen {
	unsigned link, link_gone, addr, addr_gone, addr4, route, route_gone, report;
	int last_addr4;
	struct klink last_link;
	struct kaddr_news last_addr;
	struct kroute_news last_route;
	struct kreport last_report;
};

struct ktest {
	struct ev_loop *loop;
	struct kern *k;
	enum kern_ingress_mode ingress;
	int ns_here, ns_peer;			/* namespaces */
	struct news_seen seen;
};

extern struct ktest t;
extern const struct kplan none;			/* the empty plan */

void ok(bool good, const char *fmt, ...) PRINTF(2, 3);
void note(const char *fmt, ...) PRINTF(1, 2);
void skip(const char *fmt, ...) PRINTF(1, 2);

/* Output of a shell command, in a buffer that the next call uses again. */
const char *sh(const char *fmt, ...) PRINTF(1, 2);
bool says(const char *needle, const char *fmt, ...) PRINTF(2, 3);
unsigned lines_of(const char *text);
/* All tables of this namespace as sorted text, in memory of the caller. */
char *snapshot(void);
/* Says the difference if they are not equal. */
void same_snapshot(const char *before, const char *what);

void kern_begin(enum kern_ingress_mode mode);	/* opens t.k */
void kern_end(void);				/* closes it: the tables stay */
int change(const struct kplan *have, const struct kplan *want);	/* runs the loop until done */
bool run_until(bool (*done)(void *arg), void *arg, double seconds);
void run_for(double seconds);
void in_peer(bool peer);			/* which namespace the next calls work in */

struct in6_addr ip6(const char *s);
struct prefix pfx(const char *s);
struct carrier tunnel(const char *local, const char *remote);
struct kobj k_link(const char *name, enum klink_kind kind);
struct kobj k_peer(const char *name, enum klink_kind kind, const char *remote, uint32_t key);
struct kobj k_route(const char *dst, const char *dev, uint32_t table, uint32_t metric);
struct kobj k_encap(const char *dst, const char *dev, uint32_t table, uint32_t metric,
		    const char *remote);
struct kobj k_addr(const char *dev, const char *addr, uint32_t flags);
struct kobj k_ingress(const char *dev, const char *inner, const char *owner, const char *outer);
struct kobj k_sysctl(const char *path, const char *value);
void put(struct kplan *p, struct kobj o);

void test_objects(void);
void test_replace(void);
void test_undo(void);
void test_sharing(void);
void test_leftovers(void);
void test_news(void);
void test_ingress(enum kern_ingress_mode mode);
void test_xfrm_packets(void);
void test_load(void);

#endif
