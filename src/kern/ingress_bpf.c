/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading the program and keeping its maps. Several entries share a row of a map
 * (an owner's prefix with two care-of addresses, two prefixes of one care-of
 * address), so the rows are counted here. Maps are never pinned nor opened again:
 * a new run starts with empty ones.
 */
#include "kern/ingress.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "kern/ingress_map.h"

#define PREF_BPF	1
#define HANDLE_BPF	1

struct inner_row {
	struct ingress_inner key;
	struct ingress_owner owner;
	unsigned users;
	UT_hash_handle hh;
};

struct pair_row {
	struct ingress_pair key;
	unsigned users;
	UT_hash_handle hh;
};

struct bpf_ingress {
	struct bpf_object *obj;
	int prog, inner, pairs, drops;	/* descriptors, of obj */
	int n_cpu;
	struct inner_row *inner_rows;
	struct pair_row *pair_rows;
};

__attribute__((format(printf, 2, 0)))
static int libbpf_say(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[256];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	log_debug("kern", "%s", line);
	return 0;
}

static int bpf_load(struct bpf_ingress *b)
{
	struct bpf_program *prog;
	int rc;

	libbpf_set_print(libbpf_say);
	b->obj = bpf_object__open_mem(ingress_bpf_object, ingress_bpf_object_len, NULL);
	if (!b->obj)
		return -errno;
	rc = bpf_object__load(b->obj);
	if (rc < 0)
		return rc;
	prog = bpf_object__find_program_by_name(b->obj, "mip6d_ingress");
	b->prog = prog ? bpf_program__fd(prog) : -ENOENT;
	b->inner = bpf_object__find_map_fd_by_name(b->obj, "inner");
	b->pairs = bpf_object__find_map_fd_by_name(b->obj, "pairs");
	b->drops = bpf_object__find_map_fd_by_name(b->obj, "drops");
	b->n_cpu = libbpf_num_possible_cpus();
	return b->prog < 0 || b->inner < 0 || b->pairs < 0 || b->drops < 0 || b->n_cpu < 1 ?
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
	struct inner_row *in, *in_tmp;
	struct pair_row *pr, *pr_tmp;

	if (!b)
		return;
	HASH_ITER(hh, b->inner_rows, in, in_tmp) {
		HASH_DEL(b->inner_rows, in);
		free(in);
	}
	HASH_ITER(hh, b->pair_rows, pr, pr_tmp) {
		HASH_DEL(b->pair_rows, pr);
		free(pr);
	}
	bpf_object__close(b->obj);
	free(b);
}

void ingress_bpf_attach(struct kern *k, struct kop *op, int ifindex)
{
	struct nlmsghdr *h = ingress_tc_msg(&k->rt, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL,
					    ifindex, PREF_BPF, ETH_P_ALL, HANDLE_BPF);
	struct nlattr *options;

	mnl_attr_put_strz(h, TCA_KIND, "bpf");
	options = mnl_attr_nest_start(h, TCA_OPTIONS);
	mnl_attr_put_u32(h, TCA_BPF_FD, (uint32_t)k->ingress->bpf->prog);
	mnl_attr_put_strz(h, TCA_BPF_NAME, "mip6d_ingress");
	mnl_attr_put_u32(h, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(h, options);
	kern_req(&k->rt, h, op);
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

static struct ingress_pair pair_key(const struct ingress_entry *e)
{
	struct ingress_pair key = { .ifindex = (uint32_t)e->ifindex };

	memcpy(key.owner, &e->o->owner, sizeof(key.owner));
	memcpy(key.outer, &e->outer, sizeof(key.outer));
	return key;
}

static int inner_add(struct bpf_ingress *b, struct kop *op, const struct k_ingress *o)
{
	struct ingress_inner key = inner_key(&o->inner);
	struct inner_row *row;
	int rc;

	HASH_FIND(hh, b->inner_rows, &key, sizeof(key), row);
	if (row) {
		if (memcmp(&row->owner, &o->owner, sizeof(row->owner)) != 0) {
			kop_why(op, "the prefix is %s's", A6(row->owner.hoa));
			return -EEXIST;
		}
		row->users++;
		return 0;
	}
	row = calloc(1, sizeof(*row));
	if (!row)
		return -ENOMEM;
	row->key = key;
	memcpy(&row->owner, &o->owner, sizeof(row->owner));
	row->users = 1;
	rc = bpf_map_update_elem(b->inner, &row->key, &row->owner, BPF_ANY);
	if (rc < 0) {
		free(row);
		return rc;
	}
	HASH_ADD(hh, b->inner_rows, key, sizeof(row->key), row);
	return 0;
}

static int inner_del(struct bpf_ingress *b, const struct k_ingress *o)
{
	struct ingress_inner key = inner_key(&o->inner);
	struct inner_row *row;
	int rc;

	HASH_FIND(hh, b->inner_rows, &key, sizeof(key), row);
	if (!row || --row->users > 0)
		return 0;
	rc = bpf_map_delete_elem(b->inner, &row->key);
	HASH_DEL(b->inner_rows, row);
	free(row);
	return rc;
}

static int pair_add(struct bpf_ingress *b, const struct ingress_entry *e)
{
	struct ingress_pair key = pair_key(e);
	struct pair_row *row;
	uint32_t one = 1;
	int rc;

	HASH_FIND(hh, b->pair_rows, &key, sizeof(key), row);
	if (row) {
		row->users++;
		return 0;
	}
	row = calloc(1, sizeof(*row));
	if (!row)
		return -ENOMEM;
	row->key = key;
	row->users = 1;
	rc = bpf_map_update_elem(b->pairs, &row->key, &one, BPF_ANY);
	if (rc < 0) {
		free(row);
		return rc;
	}
	HASH_ADD(hh, b->pair_rows, key, sizeof(row->key), row);
	return 0;
}

static int pair_del(struct bpf_ingress *b, const struct ingress_entry *e)
{
	struct ingress_pair key = pair_key(e);
	struct pair_row *row;
	int rc;

	HASH_FIND(hh, b->pair_rows, &key, sizeof(key), row);
	if (!row || --row->users > 0)
		return 0;
	rc = bpf_map_delete_elem(b->pairs, &row->key);
	HASH_DEL(b->pair_rows, row);
	free(row);
	return rc;
}

int ingress_bpf_add(struct bpf_ingress *b, struct kop *op, const struct ingress_entry *e)
{
	int rc = inner_add(b, op, e->o);

	if (rc < 0)
		return rc;
	rc = pair_add(b, e);
	if (rc < 0)
		inner_del(b, e->o);
	return rc;
}

int ingress_bpf_del(struct bpf_ingress *b, const struct ingress_entry *e)
{
	int rc = pair_del(b, e);	/* first what lets packets in */
	int rc2 = inner_del(b, e->o);

	return rc < 0 ? rc : rc2;
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
