/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows into maps. A row is replaced in one step: its flows are there before, under
 * a generation of their own, and those of the row before go after.
 */
#include <errno.h>
#include <stdlib.h>

#include "kern/bpf.h"
#include "kern/steer.h"

int steer_maps_open(struct steer_maps *m)
{
	int rc = kern_bpf_load(steer_bpf_object, steer_bpf_object_len, &m->obj);

	if (rc < 0)
		return rc;
	m->prog[KSTEER_HA] = kern_bpf_prog(m->obj, "mip6d_steer_ha");
	m->prog[KSTEER_MN] = kern_bpf_prog(m->obj, "mip6d_steer_mn");
	m->nets = kern_bpf_map(m->obj, "nets");
	m->owners = kern_bpf_map(m->obj, "owners");
	m->flows = kern_bpf_map(m->obj, "flows");
	m->counts = kern_bpf_map(m->obj, "counts");
	m->n_cpu = kern_bpf_cpus();
	m->zero = m->n_cpu > 0 ? calloc((size_t)m->n_cpu, sizeof(*m->zero)) : NULL;
	if (m->zero && m->prog[0] >= 0 && m->prog[1] >= 0 && m->nets >= 0 && m->owners >= 0 &&
	    m->flows >= 0 && m->counts >= 0)
		return 0;
	steer_maps_close(m);
	return -ENOENT;
}

void steer_maps_close(struct steer_maps *m)
{
	kern_bpf_unload(m->obj);
	m->obj = NULL;
	free(m->zero);
	m->zero = NULL;
}

/* ---- counts ---- */

struct counted { const struct steer_maps *m; const struct srow *row; };

static struct steer_count_key count_key(const struct srow *r, const struct srow_count *c)
{
	struct steer_count_key key = { .id = c->id, .bid = c->bid };

	memcpy(&key.owner, &r->owner, sizeof(key.owner));
	return key;
}

static int count_put(void *arg, const struct srow_count *c)
{
	const struct counted *k = arg;
	struct steer_count_key key = count_key(k->row, c);

	return kern_bpf_put(k->m->counts, &key, k->m->zero);
}

static void count_del(void *arg, const struct srow_count *c)
{
	const struct counted *k = arg;
	struct steer_count_key key = count_key(k->row, c);

	(void)kern_bpf_del(k->m->counts, &key);
}

void steer_counts_drop(const struct steer_maps *m, struct srow *r)
{
	struct counted k = { m, r };

	for (size_t i = 0; i < r->n_count; i++)
		count_del(&k, &r->count[i]);
	r->n_count = 0;
}

int steer_count_read(const struct steer_maps *m, const struct srow *r, const struct srow_count *c,
		     struct kern_steered *to)
{
	struct steer_count_key key = count_key(r, c);
	struct steer_count *of = calloc((size_t)m->n_cpu, sizeof(*of));
	int rc = of ? kern_bpf_get(m->counts, &key, of) : -ENOMEM;

	*to = (struct kern_steered){ .bid = c->bid };
	for (int i = 0; rc == 0 && i < m->n_cpu; i++) {
		to->packets += of[i].packets;
		to->bytes += of[i].bytes;
	}
	free(of);
	return rc;
}

/* ---- rows ---- */

static struct steer_flow_key flow_key(const struct srow *r, uint32_t gen, uint32_t i)
{
	struct steer_flow_key key = { .gen = gen, .i = i };

	memcpy(&key.owner, &r->owner, sizeof(key.owner));
	return key;
}

static void drop_flows(const struct steer_maps *m, const struct srow *r, uint32_t gen, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct steer_flow_key key = flow_key(r, gen, i);

		(void)kern_bpf_del(m->flows, &key);
	}
}

/* Those that count, numbered without gaps; *n of them are written, also after an error. */
static int put_flows(const struct steer_maps *m, struct srow *r, uint32_t gen, uint32_t *n)
{
	struct steer_flow value;
	int rc;

	*n = 0;
	for (size_t i = 0; i < r->n_flow; i++) {
		struct steer_flow_key key = flow_key(r, gen, *n);

		if (!srow_flow_value(r, &r->flow[i], &value))
			continue;
		rc = kern_bpf_put(m->flows, &key, &value);
		if (rc < 0)
			return rc;
		++*n;
	}
	return 0;
}

static bool has_path(const struct steer_row *row)
{
	for (int i = 0; i < STEER_PATHS; i++)
		if (row->path[i].ifindex)
			return true;
	return false;
}

static void row_gone(const struct steer_maps *m, struct srow *r)
{
	if (r->in_map) {
		(void)kern_bpf_del(m->owners, &r->owner);
		drop_flows(m, r, r->gen, r->in_map_flows);
	}
	r->in_map = false;
	r->in_map_flows = 0;
}

int steer_row_write(const struct steer_maps *m, struct srow *r)
{
	uint32_t old = r->gen, n_old = r->in_map_flows, n;
	struct steer_row row = srow_value(r, old + 1);
	struct counted k = { m, r };
	int rc;

	srow_counts(r, count_put, count_del, &k);	/* packets are not counted before */
	if (!has_path(&row)) {
		row_gone(m, r);
		return 0;
	}
	rc = put_flows(m, r, row.gen, &n);
	row.n_flow = n;
	if (rc == 0)
		rc = kern_bpf_put(m->owners, &r->owner, &row);
	if (rc < 0) {			/* nobody goes by what the row said before */
		drop_flows(m, r, row.gen, n);
		row_gone(m, r);
		return rc;
	}
	drop_flows(m, r, old, n_old);
	r->gen = row.gen;
	r->in_map_flows = n;
	r->in_map = true;
	return 0;
}
