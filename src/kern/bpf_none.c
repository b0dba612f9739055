/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of bpf.c where the program is built without libbpf. */
#include "kern/bpf.h"

#include <errno.h>

int kern_bpf_load(const unsigned char *object, size_t len, struct bpf_object **out)
{
	(void)object, (void)len;
	*out = NULL;
	return -EOPNOTSUPP;
}

void kern_bpf_unload(struct bpf_object *obj)
{
	(void)obj;
}

int kern_bpf_prog(struct bpf_object *obj, const char *name)
{
	(void)obj, (void)name;
	return -EOPNOTSUPP;
}

int kern_bpf_map(struct bpf_object *obj, const char *name)
{
	(void)obj, (void)name;
	return -EOPNOTSUPP;
}

int kern_bpf_cpus(void)
{
	return 1;
}

int kern_bpf_put(int map, const void *key, const void *value)
{
	(void)map, (void)key, (void)value;
	return -EOPNOTSUPP;
}

int kern_bpf_get(int map, const void *key, void *value)
{
	(void)map, (void)key, (void)value;
	return -EOPNOTSUPP;
}

int kern_bpf_del(int map, const void *key)
{
	(void)map, (void)key;
	return -EOPNOTSUPP;
}

const unsigned char steer_bpf_object[1];
const size_t steer_bpf_object_len;
