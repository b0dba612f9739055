/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/dad.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <uthash.h>

#include "run/log.h"
#include "run/timer.h"

struct dad_key {
	int ifindex;
	struct in6_addr addr;
};

/* What all runs for one address share: the group, and the nonce (RFC 7527 4.1). */
struct dad_addr {
	struct dad_key key;
	uint8_t nonce[6];
	struct dad_run *runs;
	UT_hash_handle hh;
};

struct dad_run {
	struct dad *dad;
	struct dad_addr *a;
	struct dad_run *next;
	unsigned left;	/* probes to be sent */
	double retrans; /* seconds */
	bool duplicate;
	dad_done_fn done;
	void *arg;
	struct rtimer timer;
};

struct dad {
	struct ndsock *nd;
	struct dad_addr *by_key;
};

static struct dad_addr *find(struct dad *d, int ifindex, const struct in6_addr *addr,
			     struct dad_key *k)
{
	struct dad_addr *a;

	memset(k, 0, sizeof(*k));
	k->ifindex = ifindex;
	k->addr = *addr;
	HASH_FIND(hh, d->by_key, k, sizeof(*k), a);
	return a;
}

static void addr_del(struct dad *d, struct dad_addr *a)
{
	HASH_DEL(d->by_key, a);
	ndsock_group(d->nd, a->key.ifindex, &a->key.addr, false);
	ndsock_watch(d->nd, a->key.ifindex, false);
	free(a);
}

/* RFC 4862 5.4.2: both groups are joined before the first probe. */
static struct dad_addr *addr_add(struct dad *d, const struct dad_key *k)
{
	struct dad_addr *a = calloc(1, sizeof(*a));
	uint8_t nonce[sizeof(a->nonce)];
	int rc = a ? 0 : -ENOMEM;

	/* it need not be secret, so it must not wait for the pool of a booting machine */
	if (!rc && getrandom(nonce, sizeof(nonce), GRND_INSECURE) != sizeof(nonce))
		rc = -EIO;
	if (!rc)
		rc = ndsock_watch(d->nd, k->ifindex, true);
	if (rc < 0)
		goto fail;
	rc = ndsock_group(d->nd, k->ifindex, &k->addr, true);
	if (rc < 0) {
		ndsock_watch(d->nd, k->ifindex, false);
		goto fail;
	}
	a->key = *k;
	memcpy(a->nonce, nonce, sizeof(nonce));
	HASH_ADD(hh, d->by_key, key, sizeof(a->key), a);
	return a;
fail:
	free(a);
	errno = -rc;
	return NULL;
}

static void run_free(struct dad_run *r)
{
	struct dad_run **p = &r->a->runs;

	while (*p != r)
		p = &(*p)->next;
	*p = r->next;
	rtimer_stop(&r->timer);
	if (!r->a->runs)
		addr_del(r->dad, r->a);
	free(r);
}

static void finish(struct dad_run *r, bool duplicate)
{
	dad_done_fn done = r->done;
	void *arg = r->arg;

	run_free(r);
	done(arg, duplicate);
}

static void probe_cb(void *arg)
{
	struct dad_run *r = arg;
	struct dad_addr *a = r->a;
	struct nd_msg ns = { .type = ND_NS, .ns = { .target = a->key.addr, .nonce = true } };
	int rc;

	if (!r->left) {
		finish(r, false);
		return;
	}
	r->left--;
	memcpy(ns.ns.nonce_val, a->nonce, sizeof(a->nonce));
	rc = ndsock_send(r->dad->nd, a->key.ifindex, &in6addr_any, NULL, &ns);
	if (rc < 0) /* a link that is down has nobody on it */
		log_debug("io", "DAD probe for %s: %s", A6(&a->key.addr), strerror(-rc));
	rtimer_set(&r->timer, run_now() + r->retrans, probe_cb, r);
}

static struct dad_run *first_duplicate(struct dad *d, const struct dad_key *k)
{
	struct dad_key same;
	struct dad_addr *a = find(d, k->ifindex, &k->addr, &same);
	struct dad_run *r = a ? a->runs : NULL;

	while (r && !r->duplicate)
		r = r->next;
	return r;
}

/* A function that is told may stop other runs of the address or begin new ones. */
static void all_duplicate(struct dad *d, struct dad_addr *a)
{
	struct dad_key k = a->key;
	struct dad_run *r;

	for (r = a->runs; r; r = r->next)
		r->duplicate = true;
	while ((r = first_duplicate(d, &k)) != NULL)
		finish(r, true);
}

/* RFC 4862 5.4.3, 5.4.4. */
static void rx_cb(void *arg, const struct nd_rx *rx, const struct nd_msg *m)
{
	struct dad *d = arg;
	struct dad_key k;
	struct dad_addr *a;

	if (m->type != ND_NS && m->type != ND_NA)
		return;
	a = find(d, rx->ifindex, m->type == ND_NS ? &m->ns.target : &m->na.target, &k);
	if (!a)
		return;
	if (m->type == ND_NS && !IN6_IS_ADDR_UNSPECIFIED(&rx->src))
		return; /* somebody resolves the address */
	if (m->type == ND_NS && m->ns.nonce && !memcmp(m->ns.nonce_val, a->nonce, sizeof(a->nonce)))
		return; /* our own, thrown back by the link (RFC 7527 4.2) */
	all_duplicate(d, a);
}

int dad_init(struct dad **out, struct ndsock *nd)
{
	struct dad *d = calloc(1, sizeof(*d));
	int rc;

	if (!d)
		return -ENOMEM;
	d->nd = nd;
	rc = ndsock_listen(nd, rx_cb, d);
	if (rc < 0) {
		free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void dad_fini(struct dad *d)
{
	struct dad_addr *a, *tmp;

	if (!d)
		return;
	HASH_ITER(hh, d->by_key, a, tmp) {
		while (a->runs->next)
			run_free(a->runs->next);
		run_free(a->runs); /* takes a with it */
	}
	ndsock_unlisten(d->nd, rx_cb, d);
	free(d);
}

struct dad_run *dad_start(struct dad *d, int ifindex, const struct in6_addr *addr,
			  unsigned transmits, double retrans, dad_done_fn done, void *arg)
{
	struct dad_run *r = calloc(1, sizeof(*r)), **last;
	struct dad_key k;
	struct dad_addr *a = find(d, ifindex, addr, &k);

	if (r && !a)
		a = addr_add(d, &k);
	if (!r || !a) {
		free(r);
		return NULL;
	}
	*r = (struct dad_run){
		.dad = d, .a = a, .left = transmits, .retrans = retrans, .done = done, .arg = arg
	};
	for (last = &a->runs; *last; last = &(*last)->next)
		;
	*last = r;
	if (transmits)
		probe_cb(r);
	else /* RFC 4862 5.1: 0 means that nothing is tested */
		rtimer_set(&r->timer, run_now(), probe_cb, r);
	return r;
}

void dad_stop(struct dad *d, struct dad_run *r)
{
	(void)d;
	if (r)
		run_free(r);
}
