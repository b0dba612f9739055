/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In place of ingress_bpf.c where the program is built without libbpf: mode BPF
 * cannot be opened, so nothing else here is ever reached.
 */
#include "kern/ingress.h"

#include <errno.h>

int ingress_bpf_open(struct bpf_ingress **b, struct kop *op)
{
	*b = NULL;
	kop_why(op, "built without BPF");
	return -EOPNOTSUPP;
}

void ingress_bpf_close(struct bpf_ingress *b)
{
	(void)b;
}

void ingress_bpf_attach(struct kern *k, struct kop *op, int ifindex)
{
	(void)k, (void)op, (void)ifindex;
}

int ingress_bpf_add(struct bpf_ingress *b, struct kop *op, const struct ingress_entry *e)
{
	(void)b, (void)op, (void)e;
	return -EOPNOTSUPP;
}

int ingress_bpf_del(struct bpf_ingress *b, struct kop *op, const struct ingress_entry *e)
{
	(void)b, (void)op, (void)e;
	return -EOPNOTSUPP;
}

void ingress_bpf_flush(struct bpf_ingress *b)
{
	(void)b;
}

int64_t ingress_bpf_dropped(const struct bpf_ingress *b)
{
	(void)b;
	return -1;
}
