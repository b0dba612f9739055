/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading the program and keeping its map. Rows are prepared here and written by
 * one system call per turn; whoever changed a row gets his answer then. The map is
 * never pinned nor opened again: a new run starts with an empty one.
 */
#include "kern/ingress.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <uthash.h>

#include "kern/bpf.h"
#include "kern/ingress_map.h"

#define KERNEL_ENOTSUPP	524		/* no errno of user space, but the kernel returns it */
#define PREF_BPF	1
#define HANDLE_BPF	1

/* One inner prefix. */
struct row {
	struct ingress_inner key;
	struct in6_addr owner;		/* home address: a prefix has one */
	struct ingress_allowed now;
	unsigned users[INGRESS_PLACES];
	bool in_map, dirty;
	int rc;				/* of the last writing */
	UT_hash_handle hh;
};

/* Who waits for a row to be written. */
struct waiter { struct kop *op; struct row *row; struct ingress_place place; bool add; };

struct bpf_ingress {
	struct bpf_object *obj;
	int prog, inner, drops;		/* descriptors, of obj */
	int n_cpu;
	bool no_batch;			/* this kernel changes one row at a time (before 5.6) */
	struct row *rows;
	struct row **dirty;
	struct waiter *wait;
	size_t n_dirty, cap_dirty, n_wait, cap_wait;
};

static int bpf_load(struct bpf_ingress *b)
{
	int rc = kern_bpf_load(ingress_bpf_object, ingress_bpf_object_len, &b->obj);

	if (rc < 0)
		return rc;
	b->prog = kern_bpf_prog(b->obj, "mip6d_ingress");
	b->inner = kern_bpf_map(b->obj, "inner");
	b->drops = kern_bpf_map(b->obj, "drops");
	b->n_cpu = kern_bpf_cpus();
	return b->prog < 0 || b->inner < 0 || b->drops < 0 || b->n_cpu < 1 ?
	       -ENOENT : 0;
}

int ingress_bpf_open(struct bpf_ingress **out, struct kop *op)
{
	struct bpf_ingress *b = calloc(1, sizeof(*b));
	int rc;

	if (!b)
		return -ENOMEM;
	rc = bpf_load(b);
	if (rc < 0) {
		kop_why(op, "the kernel refuses the BPF program (CAP_BPF?)");
		ingress_bpf_close(b);
		return rc;
	}
	*out = b;
	return 0;
}

void ingress_bpf_close(struct bpf_ingress *b)
{
	struct row *row, *tmp;

	if (!b)
		return;
	HASH_ITER(hh, b->rows, row, tmp) {
		HASH_DEL(b->rows, row);
		free(row);
	}
	kern_bpf_unload(b->obj);
	free(b->dirty);
	free(b->wait);
	free(b);
}

void ingress_bpf_attach(struct kern *k, struct kop *op, int ifindex)
{
	const struct tc_at at = { .ifindex = ifindex, .pref = PREF_BPF, .ethertype = ETH_P_ALL,
				  .handle = HANDLE_BPF };

	kern_tc_bpf(k, op, &at, k->ingress->bpf->prog, "mip6d_ingress");
}

/* ---- rows ---- */

static struct ingress_inner inner_key(const struct prefix *p)
{
	struct ingress_inner key = { .plen = p->plen };

	if (p->family == AF_INET) {
		key.plen += 96;
		key.addr[10] = key.addr[11] = 0xff;
		memcpy(&key.addr[12], &p->a.in4, 4);
	} else {
		memcpy(key.addr, &p->a.in6, 16);
	}
	return key;
}

static struct row *row_find(struct bpf_ingress *b, const struct prefix *p)
{
	struct ingress_inner key = inner_key(p);
	struct row *row;

	HASH_FIND(hh, b->rows, &key, sizeof(key), row);
	return row;
}

static bool row_empty(const struct row *row)
{
	for (int i = 0; i < INGRESS_PLACES; i++)
		if (row->users[i])
			return false;
	return true;
}

/* The slot of a place, or a free one if it has none; -1: full. */
static int row_slot(const struct row *row, const struct ingress_place *p)
{
	int unused = -1;

	for (int i = INGRESS_PLACES - 1; i >= 0; i--) {
		if (row->users[i] && memcmp(&row->now.place[i], p, sizeof(*p)) == 0)
			return i;
		if (!row->users[i])
			unused = i;
	}
	return unused;
}

static void row_give(struct row *row, const struct ingress_place *p)
{
	int i = row_slot(row, p);

	row->now.place[i] = *p;
	row->users[i]++;
}

static void row_take(struct row *row, const struct ingress_place *p)
{
	int i = row_slot(row, p);

	if (i >= 0 && row->users[i] && --row->users[i] == 0)
		memset(&row->now.place[i], 0, sizeof(row->now.place[i]));
}

static int grow(void *list, size_t n, size_t *cap, size_t size)
{
	void **p = list, *grown;

	if (n < *cap)
		return 0;
	grown = realloc(*p, (*cap ? *cap * 2 : 64) * size);
	if (!grown)
		return -ENOMEM;
	*p = grown;
	*cap = *cap ? *cap * 2 : 64;
	return 0;
}

static int row_queue(struct bpf_ingress *b, struct row *row, struct kop *op,
		     const struct ingress_place *p, bool add)
{
	if (grow(&b->wait, b->n_wait, &b->cap_wait, sizeof(*b->wait)) < 0 ||
	    grow(&b->dirty, b->n_dirty, &b->cap_dirty, sizeof(struct row *)) < 0)
		return -ENOMEM;
	if (!row->dirty)
		b->dirty[b->n_dirty++] = row;
	row->dirty = true;
	b->wait[b->n_wait++] = (struct waiter){ op, row, *p, add };
	kop_sent(op);
	return 0;
}

static void row_drop_if_unused(struct bpf_ingress *b, struct row *row)
{
	if (row->dirty || row->in_map || !row_empty(row))
		return;
	HASH_DEL(b->rows, row);
	free(row);
}

static struct ingress_place place_of(const struct ingress_entry *e)
{
	struct ingress_place p = { .ifindex = (uint32_t)e->ifindex };

	memcpy(p.outer, &e->outer, sizeof(p.outer));
	return p;
}

int ingress_bpf_add(struct bpf_ingress *b, struct kop *op, const struct ingress_entry *e)
{
	struct row *row = row_find(b, &e->o->inner);
	struct ingress_place p = place_of(e);
	int rc;

	if (!row) {
		row = calloc(1, sizeof(*row));
		if (!row)
			return -ENOMEM;
		row->key = inner_key(&e->o->inner);
		HASH_ADD(hh, b->rows, key, sizeof(row->key), row);
	}
	if (row_empty(row))
		row->owner = e->o->owner;
	if (!in6_eq(&row->owner, &e->o->owner)) {
		kop_why(op, "the prefix is %s's", A6(&row->owner));
		return -EEXIST;
	}
	if (row_slot(row, &p) < 0) {
		kop_why(op, "a prefix comes from %d care-of addresses at most", INGRESS_PLACES);
		return -ENOSPC;
	}
	rc = row_queue(b, row, op, &p, true);
	if (rc == 0)
		row_give(row, &p);
	row_drop_if_unused(b, row);
	return rc;
}

int ingress_bpf_del(struct bpf_ingress *b, struct kop *op, const struct ingress_entry *e)
{
	struct row *row = row_find(b, &e->o->inner);
	struct ingress_place p = place_of(e);
	int rc;

	if (!row)
		return -ENOENT;
	rc = row_queue(b, row, op, &p, false);
	if (rc == 0)
		row_take(row, &p);
	return rc;
}

/* ---- writing ---- */

struct write {
	uint32_t n;
	struct row **row;
	struct ingress_inner *key;
	struct ingress_allowed *value;
	int *rc;
};

static int write_one(struct bpf_ingress *b, const struct write *w, uint32_t i, bool update)
{
	int rc = update ? bpf_map_update_elem(b->inner, &w->key[i], &w->value[i], BPF_ANY)
			: bpf_map_delete_elem(b->inner, &w->key[i]);

	return rc < 0 ? -errno : 0;
}

/* How many of the rows from `at` on a batch wrote: it stops at the first error. */
static uint32_t write_batch(struct bpf_ingress *b, const struct write *w, uint32_t at, bool update)
{
	uint32_t all = w->n - at, count = all;
	int rc;

	if (b->no_batch || all < 2)
		return 0;
	rc = update ? bpf_map_update_batch(b->inner, &w->key[at], &w->value[at], &count, NULL)
		    : bpf_map_delete_batch(b->inner, &w->key[at], &count, NULL);
	if (rc == 0)
		return all;
	b->no_batch = errno == EINVAL || errno == EOPNOTSUPP || errno == KERNEL_ENOTSUPP;
	return b->no_batch || count > all ? 0 : count;
}

static void write_rows(struct bpf_ingress *b, struct write *w, bool update)
{
	w->n = 0;
	for (size_t i = 0; i < b->n_dirty; i++) {
		struct row *row = b->dirty[i];

		if (row_empty(row) == update || (!update && !row->in_map))
			continue;
		w->row[w->n] = row;
		w->key[w->n] = row->key;
		w->value[w->n] = row->now;
		w->rc[w->n++] = 0;
	}
	for (uint32_t at = 0; at < w->n; at++) {
		at += write_batch(b, w, at, update);
		if (at < w->n)		/* the one it stopped at, for its own error */
			w->rc[at] = write_one(b, w, at, update);
	}
	for (uint32_t i = 0; i < w->n; i++) {
		struct row *row = w->row[i];

		row->rc = update ? w->rc[i] : 0;
		/* Refused: nothing may come in by what the row allowed before. */
		if (row->rc < 0 && row->in_map)
			(void)bpf_map_delete_elem(b->inner, &row->key);
		row->in_map = update && row->rc == 0;
	}
}

static void answer_all(struct bpf_ingress *b)
{
	for (size_t i = 0; i < b->n_wait; i++) {
		struct waiter *w = &b->wait[i];
		int rc = w->add ? w->row->rc : 0;	/* what was taken away is away */

		if (rc < 0)
			row_take(w->row, &w->place);
		kop_answer(w->op, rc, NULL);
	}
	b->n_wait = 0;
}

/* A row that could not be written but still has places is tried again next time. */
static void rows_settle(struct bpf_ingress *b)
{
	size_t keep = 0;

	for (size_t i = 0; i < b->n_dirty; i++) {
		struct row *row = b->dirty[i];

		row->dirty = row->rc < 0 && !row_empty(row);
		row->rc = 0;
		if (row->dirty)
			b->dirty[keep++] = row;
		else
			row_drop_if_unused(b, row);
	}
	b->n_dirty = keep;
}

void ingress_bpf_flush(struct bpf_ingress *b)
{
	size_t n = b->n_dirty;
	struct write w = { 0 };

	if (!n)
		return;
	w.row = calloc(n, sizeof(struct row *));
	w.key = calloc(n, sizeof(*w.key));
	w.value = calloc(n, sizeof(*w.value));
	w.rc = calloc(n, sizeof(*w.rc));
	for (size_t i = 0; i < n; i++)
		b->dirty[i]->rc = w.row && w.key && w.value && w.rc ? 0 : -ENOMEM;
	if (b->dirty[0]->rc == 0) {
		write_rows(b, &w, false);
		write_rows(b, &w, true);
	}
	answer_all(b);
	rows_settle(b);
	free(w.row);
	free(w.key);
	free(w.value);
	free(w.rc);
}

int64_t ingress_bpf_dropped(const struct bpf_ingress *b)
{
	uint64_t *per_cpu = calloc((size_t)b->n_cpu, sizeof(*per_cpu));
	uint32_t zero = 0;
	int64_t sum = -1;

	if (per_cpu && bpf_map_lookup_elem(b->drops, &zero, per_cpu) == 0) {
		sum = 0;
		for (int i = 0; i < b->n_cpu; i++)
			sum += (int64_t)per_cpu[i];
	}
	free(per_cpu);
	return sum;
}
