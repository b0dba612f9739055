/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/ingress.h - the two ways to do the ingress check, inside the room.
 *
 * A device with the check gets a clsact qdisc and a filter while it is still
 * down, so its default is to drop. Mode BPF: one program and one map that all
 * devices share. Mode flower: one filter per entry and a last one that drops; it
 * knows no longest match, so prefixes of different owners must not nest.
 */
#ifndef MIP6_KERN_INGRESS_H
#define MIP6_KERN_INGRESS_H

#include "kern/priv.h"

struct bpf_ingress;

struct ingress {
	struct bpf_ingress *bpf;	/* mode BPF */
	uint32_t last_handle;		/* mode flower */
	uint64_t gone;			/* drops counted on devices that are gone, mode flower */
};

/* What an entry comes down to. */
struct ingress_entry {
	int ifindex;
	struct in6_addr outer;		/* :: on a device with a fixed remote end */
	const struct k_ingress *o;
	uint32_t handle;
};

/* ingress_bpf.c; add and del are written, and op is answered, by the next flush */
int ingress_bpf_open(struct bpf_ingress **b, struct kop *op);	/* loads program and maps */
void ingress_bpf_close(struct bpf_ingress *b);
void ingress_bpf_attach(struct kern *k, struct kop *op, int ifindex);
int ingress_bpf_add(struct bpf_ingress *b, struct kop *op, const struct ingress_entry *e);
int ingress_bpf_del(struct bpf_ingress *b, struct kop *op, const struct ingress_entry *e);
void ingress_bpf_flush(struct bpf_ingress *b);
int64_t ingress_bpf_dropped(const struct bpf_ingress *b);

/* ingress_flower.c */
void ingress_flower_attach(struct kern *k, struct kop *op, int ifindex);
void ingress_flower_add(struct kern *k, struct kop *op, const struct ingress_entry *e);
void ingress_flower_del(struct kern *k, struct kop *op, const struct ingress_entry *e);
uint64_t ingress_flower_dropped(struct kern *k, int ifindex);

/* The compiled ingress.bpf.c, made into an array by embed.py. */
extern const unsigned char ingress_bpf_object[];
extern const size_t ingress_bpf_object_len;

#endif
