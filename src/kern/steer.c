/* SPDX-License-Identifier: BSD-2-Clause */
/* Load sharing and flow policy: the kinds, the devices, the turn's writing, the counts. */
#include "kern/steer.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "base/share.h"
#include "kern/bpf.h"

#define STEER_PREF	1
#define STEER_HANDLE	0x6d36

_Static_assert(STEER_PATHS == 8 && STEER_POLICY == 32, "the texts below say it");

/* ---- open, close ---- */

int kern_steer_load(struct kern *k)
{
	struct steer *s;
	int rc;

	if (k->steer)
		return 0;
	if (k->ingress_mode != KERN_INGRESS_BPF)
		return -EOPNOTSUPP;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	rc = steer_maps_open(&s->maps);
	if (rc < 0) {
		free(s);
		return rc;
	}
	k->steer = s;
	return 0;
}

static int steer_ready(struct kern *k, struct kop *op)
{
	int rc = kern_steer_load(k);

	if (rc < 0 && k->ingress_mode != KERN_INGRESS_BPF)
		kop_why(op, "load sharing and flow policy need ingress_check = \"bpf\"");
	else if (rc < 0)
		kop_why(op, rc == -EOPNOTSUPP ? "built without BPF" :
			"the kernel refuses the BPF program (CAP_BPF?)");
	return rc;
}

static void row_free(struct steer *s, struct srow *r)
{
	HASH_DEL(s->rows, r);
	srow_free(r);
}

void kern_steer_close(struct kern *k)
{
	struct steer *s = k->steer;
	struct steer_dev *d, *next_d;
	struct srow *r, *next_r;

	if (!s)
		return;
	HASH_ITER(hh, s->rows, r, next_r) {
		row_free(s, r);
	}
	HASH_ITER(hh, s->devs, d, next_d) {
		HASH_DEL(s->devs, d);
		free(d);
	}
	steer_maps_close(&s->maps);
	free(s->dirty);
	free(s->wait);
	free(s);
	k->steer = NULL;
}

/* ---- devices ---- */

static struct steer_dev *dev_find(const struct steer *s, int ifindex)
{
	struct steer_dev *d;

	HASH_FIND_INT(s->devs, &ifindex, d);
	return d;
}

static struct tc_at way_out(int ifindex)
{
	return (struct tc_at){ .ifindex = ifindex, .out = true, .pref = STEER_PREF,
			       .ethertype = ETH_P_ALL, .handle = STEER_HANDLE };
}

void kern_steer_attach(struct kern *k, struct kop *op, int ifindex)
{
	const struct steer_dev *d = k->steer ? dev_find(k->steer, ifindex) : NULL;
	const struct tc_at at = way_out(ifindex);

	if (!d)
		return;
	kern_clsact(k, op, ifindex, false);
	kern_tc_bpf(k, op, &at, k->steer->maps.prog[d->side], "mip6d_steer");
}

static int dev_get(struct kern *k, struct kop *op, int ifindex, uint8_t side)
{
	struct steer_dev *d = dev_find(k->steer, ifindex);

	if (d && d->side != side) {
		kop_why(op, "the device is the other side's");
		return -EEXIST;
	}
	if (d) {
		d->users++;
		return 0;
	}
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	*d = (struct steer_dev){ .ifindex = ifindex, .side = side, .users = 1 };
	HASH_ADD_INT(k->steer->devs, ifindex, d);
	kern_steer_attach(k, op, ifindex);
	return 0;
}

/* op may be NULL: nobody waits. */
static void dev_put(struct kern *k, struct kop *op, int ifindex)
{
	struct steer_dev *d = dev_find(k->steer, ifindex);
	const struct tc_at at = way_out(ifindex);

	if (!d || --d->users)
		return;
	HASH_DEL(k->steer->devs, d);
	free(d);
	kern_req(&k->rt, kern_tc_msg(k, RTM_DELTFILTER, 0, &at), op);
}

/* ---- rows ---- */

static int grow(void *list, size_t n, size_t *cap, size_t size)
{
	void **p = list, *grown;

	if (n < *cap)
		return 0;
	grown = realloc(*p, (*cap ? *cap * 2 : 16) * size);
	if (!grown)
		return -ENOMEM;
	*p = grown;
	*cap = *cap ? *cap * 2 : 16;
	return 0;
}

static struct srow *row_get(struct steer *s, const struct in6_addr *owner)
{
	struct srow *r = srow_find(s->rows, owner);

	if (r)
		return r;
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->owner = *owner;
	memset(r->place, SHARE_NOBODY, sizeof(r->place));
	HASH_ADD(hh, s->rows, owner, sizeof(r->owner), r);
	return r;
}

static void row_drop_if_unused(struct steer *s, struct srow *r)
{
	if (r->dirty || r->in_map || !srow_empty(r))
		return;
	steer_counts_drop(&s->maps, r);
	row_free(s, r);
}

/* Room for one more change: queueing cannot fail after the change is made. */
static int row_room(struct steer *s)
{
	if (grow(&s->wait, s->n_wait, &s->cap_wait, sizeof(*s->wait)) < 0 ||
	    grow(&s->dirty, s->n_dirty, &s->cap_dirty, sizeof(struct srow *)) < 0)
		return -ENOMEM;
	return 0;
}

static void row_queue(struct steer *s, struct srow *r, struct kop *op)
{
	if (!r->dirty)
		s->dirty[s->n_dirty++] = r;
	r->dirty = true;
	s->wait[s->n_wait++] = (struct steer_waiter){ op, r };
	kop_sent(op);
}

/* ---- counts ---- */

int kern_steer_count(struct kern *k, const struct in6_addr *owner, uint64_t flow,
		     kern_steered_fn fn, void *arg)
{
	const struct srow *r = k->steer ? srow_find(k->steer->rows, owner) : NULL;
	int rc = -ENOENT;

	for (size_t i = 0; r && i < r->n_count; i++) {
		struct kern_steered s;

		if (r->count[i].id != flow)
			continue;
		rc = steer_count_read(&k->steer->maps, r, &r->count[i], &s);
		if (rc < 0)
			return rc;
		fn(arg, &s);
	}
	return rc;
}

/* ---- networks: at once ---- */

int kern_snet_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	struct steer_net_key key = steer_net_of(&o->snet.inner);
	int rc = steer_ready(k, op);

	(void)was;
	return rc < 0 ? rc : kern_bpf_put(k->steer->maps.nets, &key, &o->snet.owner);
}

int kern_snet_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	struct steer_net_key key = steer_net_of(&o->snet.inner);

	(void)op;
	return kern_bpf_del(k->steer->maps.nets, &key);
}

/* ---- paths ---- */

static int path_check(struct kop *op, const struct k_spath *o)
{
	if (!o->bid || o->side > KSTEER_MN)
		return -EINVAL;
	/* Before Linux 6.3 a program cannot ask for none. */
	if (o->carrier.kind == CARRIER_IP6GRE && !o->carrier.key) {
		kop_why(op, "on an ip6gre device that all share, a path needs a gre_key");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int path_put(struct kern *k, struct kop *op, const struct k_spath *o, struct srow *r,
		    int ifindex)
{
	const struct steer_path *p = srow_path(r, o->bid);
	int old = p ? (int)p->ifindex : 0, rc = 0;

	if (!p && !srow_path(r, 0)) {
		kop_why(op, "packets are distributed over 8 paths at most");
		return -ENOSPC;
	}
	if (old != ifindex)
		rc = dev_get(k, op, ifindex, o->side);
	if (rc < 0)
		return rc;
	if (old && old != ifindex)
		dev_put(k, op, old);
	return srow_path_set(r, o, ifindex);
}

static void path_take(struct kern *k, struct kop *op, struct srow *r, uint16_t bid)
{
	const struct steer_path *p = srow_path(r, bid);

	if (!p)
		return;
	dev_put(k, op, (int)p->ifindex);
	srow_path_clear(r, bid);
}

int kern_spath_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	const struct k_spath *n = &o->spath;
	int ifindex = kern_ifindex(k, n->dev), rc = steer_ready(k, op);
	struct srow *r = NULL;

	(void)was;
	if (rc == 0)
		rc = path_check(op, n);
	if (rc == 0 && ifindex < 0) {
		kop_why(op, "no device %s", n->dev);
		rc = ifindex;
	}
	if (rc == 0)
		rc = row_room(k->steer);
	if (rc == 0 && !(r = row_get(k->steer, &n->owner)))
		rc = -ENOMEM;
	if (rc == 0)
		rc = path_put(k, op, n, r, ifindex);
	if (rc == 0)
		row_queue(k->steer, r, op);
	else if (r)
		row_drop_if_unused(k->steer, r);
	return rc;
}

int kern_spath_again(struct kern *k, struct kop *op, const struct kobj *o)
{
	int ifindex = kern_ifindex(k, o->spath.dev);

	if (ifindex > 0)		/* its row stands in a map */
		kern_steer_attach(k, op, ifindex);
	return 0;
}

int kern_spath_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	struct srow *r = srow_find(k->steer->rows, &o->spath.owner);
	int rc = r ? row_room(k->steer) : 0;

	if (!r || rc < 0)
		return rc;
	path_take(k, op, r, o->spath.bid);
	row_queue(k->steer, r, op);
	return 0;
}

/* ---- flows ---- */

int kern_sflow_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	const struct k_sflow *n = &o->sflow;
	struct srow *r = NULL;
	int rc = n->id ? steer_ready(k, op) : -EINVAL;

	(void)was;
	if (rc == 0)
		rc = row_room(k->steer);
	if (rc == 0 && !(r = row_get(k->steer, &n->owner)))
		rc = -ENOMEM;
	if (rc == 0)
		rc = srow_flow_set(r, n);
	if (rc == -ENOSPC)
		kop_why(op, "an owner has 32 flows at most");
	if (rc == 0)
		row_queue(k->steer, r, op);
	else if (r)
		row_drop_if_unused(k->steer, r);
	return rc;
}

int kern_sflow_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	struct srow *r = srow_find(k->steer->rows, &o->sflow.owner);
	int rc = r ? row_room(k->steer) : 0;

	if (!r || rc < 0)
		return rc;
	srow_flow_clear(r, o->sflow.order);
	row_queue(k->steer, r, op);
	return 0;
}

/* ---- writing ---- */

/* What could not be written never was: the row goes back to what its holders believe. */
static void take_back(struct kern *k, const struct steer_waiter *w)
{
	const struct kobj *now = &w->op->e->obj, *was = w->op->was;

	if (w->op->act == KOP_ADD && now->kind == KOBJ_SPATH)
		path_take(k, NULL, w->row, now->spath.bid);
	else if (w->op->act == KOP_ADD)
		srow_flow_clear(w->row, now->sflow.order);
	else if (w->op->act == KOP_CHANGE && now->kind == KOBJ_SPATH)
		(void)path_put(k, w->op, &was->spath, w->row, kern_ifindex(k, was->spath.dev));
	else if (w->op->act == KOP_CHANGE)
		(void)srow_flow_set(w->row, &was->sflow);
}

static void answer_all(struct kern *k)
{
	struct steer *s = k->steer;

	for (size_t i = 0; i < s->n_wait; i++) {
		const struct steer_waiter *w = &s->wait[i];
		int rc = w->op->act == KOP_DEL ? 0 : w->row->rc;

		if (rc < 0)
			take_back(k, w);
		kop_answer(w->op, rc, NULL);
	}
	s->n_wait = 0;
}

/* A row that could not be written is tried again with the next change. */
static void rows_settle(struct steer *s)
{
	size_t keep = 0;

	for (size_t i = 0; i < s->n_dirty; i++) {
		struct srow *r = s->dirty[i];

		r->dirty = r->rc < 0 && !srow_empty(r);
		r->rc = 0;
		if (r->dirty)
			s->dirty[keep++] = r;
		else
			row_drop_if_unused(s, r);
	}
	s->n_dirty = keep;
}

void kern_steer_flush(struct kern *k)
{
	struct steer *s = k->steer;

	if (!s || !s->n_wait)
		return;
	for (size_t i = 0; i < s->n_dirty; i++)
		s->dirty[i]->rc = steer_row_write(&s->maps, s->dirty[i]);
	answer_all(k);
	rows_settle(s);
}
