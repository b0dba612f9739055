/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/bpf.h - what the room needs of BPF, apart from the ingress check's batches.
 *
 * Without libbpf (bpf_none.c) nothing can be loaded, so nothing else is ever reached.
 * 0 or -errno.
 */
#ifndef MIP6_KERN_BPF_H
#define MIP6_KERN_BPF_H

#include <stddef.h>
#include <stdint.h>

struct bpf_object;

/* Loads a compiled object; its words go to the log at level debug. */
int kern_bpf_load(const unsigned char *object, size_t len, struct bpf_object **out);
void kern_bpf_unload(struct bpf_object *obj);		/* may be NULL */
int kern_bpf_prog(struct bpf_object *obj, const char *name);	/* descriptor, of obj */
int kern_bpf_map(struct bpf_object *obj, const char *name);	/* likewise */
int kern_bpf_cpus(void);		/* values of one element of a per-CPU map */

int kern_bpf_put(int map, const void *key, const void *value);
int kern_bpf_get(int map, const void *key, void *value);
int kern_bpf_del(int map, const void *key);		/* what is not there is away: 0 */

#endif
