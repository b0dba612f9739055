/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows into maps. A row is replaced in one step: its flows are there before, under
 * a generation of their own, and those of the row before go after.
 */
#include <errno.h>

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
	if (m->prog[0] >= 0 && m->prog[1] >= 0 && m->nets >= 0 && m->owners >= 0 &&
	    m->flows >= 0 && m->counts >= 0 && m->n_cpu > 0)
		return 0;
	steer_maps_close(m);
	return -ENOENT;
}

void steer_maps_close(struct steer_maps *m)
{
	kern_bpf_unload(m->obj);
	m->obj = NULL;
}

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
	int rc;

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
