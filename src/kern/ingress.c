/* SPDX-License-Identifier: BSD-2-Clause */
#include "kern/ingress.h"

#include "base/weaken.h"

#include <errno.h>
#include <stdlib.h>

/* Loads the program with the first use: a mobile node never needs it, nor CAP_BPF. */
static int ingress_ready(struct kern *k, struct kop *op)
{
	int rc;

	if (!k->ingress)
		k->ingress = calloc(1, sizeof(*k->ingress));
	if (!k->ingress)
		return -ENOMEM;
	if (k->ingress_mode != KERN_INGRESS_BPF || k->ingress->bpf)
		return 0;
	rc = ingress_bpf_open(&k->ingress->bpf, op);
	return rc;
}

int kern_ingress_attach(struct kern *k, struct kop *op, int ifindex)
{
	int rc = ingress_ready(k, op);

	if (rc < 0)
		return rc;
	kern_clsact(k, op, ifindex, false);
	switch (k->ingress_mode) {
	case KERN_INGRESS_BPF:
		if (!weaken("ingress"))
			ingress_bpf_attach(k, op, ifindex);
		break;
	case KERN_INGRESS_FLOWER:
		ingress_flower_attach(k, op, ifindex);
		break;
	}
	return 0;
}

void kern_ingress_forget(struct kern *k, int ifindex)
{
	if (k->ingress && k->ingress_mode == KERN_INGRESS_FLOWER)
		k->ingress->gone += ingress_flower_dropped(k, ifindex);
}

void kern_ingress_detach(struct kern *k, struct kop *op, int ifindex)
{
	kern_ingress_forget(k, ifindex);
	kern_clsact(k, op, ifindex, true);
	kern_steer_attach(k, op, ifindex);	/* went with it */
}

void kern_ingress_flush(struct kern *k)
{
	if (k->ingress && k->ingress->bpf)
		ingress_bpf_flush(k->ingress->bpf);
}

void kern_ingress_close(struct kern *k)
{
	if (!k->ingress)
		return;
	ingress_bpf_close(k->ingress->bpf);
	free(k->ingress);
	k->ingress = NULL;
}

/* A device with both ends fixed: the kernel itself drops other outer sources. */
static bool has_fixed_remote(struct kern *k, const char *dev)
{
	struct kobj key = { .kind = KOBJ_LINK };
	const struct kentry *link;

	memcpy(key.link.name, dev, sizeof(key.link.name));
	link = ksw_find(&k->sw, &key);
	return link && (link->obj.link.kind == KLINK_IP6TNL ||
			link->obj.link.kind == KLINK_IP6GRE);
}

/* The whole of an entry is its key, so there is no change; was is never given. */
int kern_ingress_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	struct kentry *row = ksw_find(&k->sw, o);
	struct ingress_entry e = { .o = &o->ingress };
	int rc = ingress_ready(k, op);

	(void)was;
	if (rc < 0)
		return rc;
	e.ifindex = kern_ifindex(k, o->ingress.dev);
	if (e.ifindex < 0) {
		kop_why(op, "no device %s", o->ingress.dev);
		return e.ifindex;
	}
	if (o->ingress.outer.family == AF_INET6 && !has_fixed_remote(k, o->ingress.dev))
		e.outer = o->ingress.outer.a.in6;
	row->ifindex = e.ifindex;
	row->outer = e.outer;
	if (k->ingress_mode == KERN_INGRESS_BPF)
		return ingress_bpf_add(k->ingress->bpf, op, &e);
	if (!row->handle)
		row->handle = ++k->ingress->last_handle;
	e.handle = row->handle;
	ingress_flower_add(k, op, &e);
	return 0;
}

int kern_ingress_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	const struct kentry *row = op->e;
	struct ingress_entry e = { .ifindex = row->ifindex, .outer = row->outer,
				   .o = &o->ingress, .handle = row->handle };

	if (k->ingress_mode == KERN_INGRESS_BPF)
		return ingress_bpf_del(k->ingress->bpf, op, &e);
	ingress_flower_del(k, op, &e);
	return 0;
}

struct drop_sum { struct kern *k; uint64_t n; };

static void add_drops(void *arg, struct kentry *e)
{
	struct drop_sum *sum = arg;

	if (e->obj.kind == KOBJ_LINK && e->obj.link.ingress)
		sum->n += ingress_flower_dropped(sum->k, e->ifindex);
}

int64_t kern_ingress_dropped(struct kern *k)
{
	struct drop_sum sum = { .k = k };

	if (!k->ingress)
		return 0;
	if (k->ingress_mode == KERN_INGRESS_BPF)
		return k->ingress->bpf ? ingress_bpf_dropped(k->ingress->bpf) : 0;
	ksw_each(&k->sw, add_drops, &sum);
	return (int64_t)(sum.n + k->ingress->gone);
}
