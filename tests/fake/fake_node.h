/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake/fake_node.h - a node for tests of the control socket: no kernel, no
 * sockets of its own, no roles; a real binding cache and tables that the test fills.
 *
 * Stands in for role/ (ha, mn, md) and the counters of io/ and kern/. One per
 * process.
 */
#ifndef MIP6_FAKE_NODE_H
#define MIP6_FAKE_NODE_H

#include "ctl/conf.h"
#include "role/hint.h"
#include "role/role.h"

#define FAKE_HOMES	2
#define FAKE_UPLINKS	2
#define FAKE_PEERS	3

struct fake_node {
	struct node node;		/* for ctl_open() */
	struct bc *bc;
	struct cn_cache *cn_cache;
	const struct conf *conf;
	struct bul bul[FAKE_HOMES];
	struct mn_prefix_info prefix[FAKE_HOMES][4];
	struct md_uplink_info uplink[FAKE_UPLINKS];
	struct path path[FAKE_UPLINKS];		/* of the first home; profile NULL: not probed */
	struct path tunnel[FAKE_UPLINKS];
	bool here[FAKE_UPLINKS];
	uint16_t held, preferred;	/* BIDs; 0 = none */
	unsigned probed;		/* calls */
	struct ro peer[FAKE_PEERS];	/* 2001:db8:cc::1 and on, of the first home */
	unsigned n_peer;
	unsigned flushed, refreshed, deregistered, discovered;	/* calls */
	struct event hint;		/* the last one that was let in */
	unsigned hints;
	const char *no_field, *no_reason;	/* given: hints are refused so */
	struct md_detector detector;
	int answer;			/* what refresh and deregister return */
};
extern struct fake_node fake_node;

/* conf says which roles there are; it is borrowed. */
void fake_node_start(const struct conf *conf);
void fake_node_stop(void);
/* A binding of the i-th home address 2001:db8:280::1:0 + i. */
void fake_node_bind(unsigned i);
void fake_node_unbind(unsigned i);
/* The correspondent has a binding of that home address at 2001:db8:280::1:0. */
void fake_node_peer(unsigned i);

#endif
