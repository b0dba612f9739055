/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/steer.h - load sharing and flow policy, inside the room.
 *
 * All that is known of an owner stands in one row here. Rows that changed are
 * written once per turn (kern_steer_flush()), each in one step as the program sees
 * it; who changed a row gets his answer then. The maps are never opened again: a
 * new run starts with empty ones, and until it has made its devices anew the
 * programs of the old run go on with the old ones.
 */
#ifndef MIP6_KERN_STEER_H
#define MIP6_KERN_STEER_H

#include <uthash.h>

#include "base/util.h"
#include "kern/priv.h"
#include "kern/steer_map.h"

struct bpf_object;

struct steer_maps {			/* descriptors, of obj */
	struct bpf_object *obj;
	int prog[2];			/* enum ksteer */
	int nets, owners, flows, counts;
	int n_cpu;
	struct steer_count *zero;	/* of each processor */
};

/* A flow of an owner; where it goes depends on the paths that are there. */
struct srow_flow {
	struct k_sflow o;
	uint8_t place[STEER_PLACES];	/* slots, by base/share.c */
};

struct srow_count {			/* an element of the map of counts */
	uint64_t id;			/* of a flow, or 0 */
	uint16_t bid;
	bool wanted;
};

struct srow {
	struct in6_addr owner;		/* key */
	struct steer_path path[STEER_PATHS];	/* bid 0: free */
	uint8_t weight[STEER_PATHS];
	uint8_t place[STEER_PLACES];
	struct srow_flow *flow;		/* by order */
	size_t n_flow, cap_flow;
	struct srow_count *count;
	size_t n_count, cap_count;
	uint32_t gen, in_map_flows;	/* of what the kernel has */
	bool in_map, dirty;
	int rc;				/* of the last writing */
	UT_hash_handle hh;
};

/* Who waits for a row to be written. */
struct steer_waiter { struct kop *op; struct srow *row; };

struct steer_dev {			/* a device with the program */
	int ifindex;			/* key */
	uint8_t side;
	unsigned users;			/* paths of rows */
	UT_hash_handle hh;
};

struct steer {
	struct steer_maps maps;
	struct srow *rows;
	struct steer_dev *devs;
	struct srow **dirty;
	struct steer_waiter *wait;
	size_t n_dirty, cap_dirty, n_wait, cap_wait;
};

/* ---- steer_row.c: no kernel in it ---- */
struct srow *srow_find(const struct srow *rows, const struct in6_addr *owner);
bool srow_empty(const struct srow *r);
/* The path of that BID; bid 0: a free slot. NULL: none. */
struct steer_path *srow_path(struct srow *r, uint16_t bid);
int srow_path_set(struct srow *r, const struct k_spath *o, int ifindex);	/* or -ENOSPC */
void srow_path_clear(struct srow *r, uint16_t bid);
int srow_flow_set(struct srow *r, const struct k_sflow *o);	/* or -ENOSPC, -ENOMEM, -EINVAL */
void srow_flow_clear(struct srow *r, uint32_t order);
/* As it goes into the map; n flows of srow_flow_value() belong to it. Hands out places. */
struct steer_row srow_value(struct srow *r, uint32_t gen);
/* False: none of its paths is there, so it does not count. */
bool srow_flow_value(const struct srow *r, struct srow_flow *f, struct steer_flow *out);
/*
 * What is to be counted for the row, against what is: calls put for what is new, del for what is
 * over. What put fails for is not counted, until the next time.
 */
void srow_counts(struct srow *r, int (*put)(void *arg, const struct srow_count *c),
		 void (*del)(void *arg, const struct srow_count *c), void *arg);
void srow_free(struct srow *r);
/* 0 or as flowsel_check(). */
int steer_sel_of(const struct flowsel *s, struct steer_sel *out);
struct steer_net_key steer_net_of(const struct prefix *p);

/* ---- steer_bpf.c ---- */
int steer_maps_open(struct steer_maps *m);
void steer_maps_close(struct steer_maps *m);
/* Writes the row, or takes it away if it has no path. 0, or -errno: it is not in the map. */
int steer_row_write(const struct steer_maps *m, struct srow *r);

void steer_counts_drop(const struct steer_maps *m, struct srow *r);	/* all of the row */
/* Of all processors. 0 or -errno. */
int steer_count_read(const struct steer_maps *m, const struct srow *r, const struct srow_count *c,
		     struct kern_steered *to);

/* The compiled steer.bpf.c, made into an array by embed.py. */
extern const unsigned char steer_bpf_object[];
extern const size_t steer_bpf_object_len;

#endif
