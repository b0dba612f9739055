/* SPDX-License-Identifier: BSD-2-Clause */
/* kern/kern.h on a table in memory; the test's side is in fake_kern_test.c. */
#include "fake_kern_priv.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct kern fake;

void fake_append(struct fake_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (t->cap - t->n < KOBJ_STRLEN + 16) {
		t->cap = t->cap ? t->cap * 2 : 4096;
		t->s = realloc(t->s, t->cap);
		if (!t->s)
			abort();
	}
	va_start(ap, fmt);
	n = vsnprintf(t->s + t->n, t->cap - t->n, fmt, ap);
	va_end(ap);
	t->n += (size_t)n;
}

/* ---- caches ---- */

static void queue_news(struct kern *k, struct news n)
{
	if (k->n_news == k->cap_news) {
		k->cap_news = k->cap_news ? k->cap_news * 2 : 64;
		k->news = realloc(k->news, k->cap_news * sizeof(*k->news));
		if (!k->news)
			abort();
	}
	k->news[k->n_news++] = n;
}

static struct klink *find_link(struct kern *k, const char *name, int ifindex)
{
	for (size_t i = 0; i < k->n_link; i++)
		if (name ? strcmp(k->links[i].name, name) == 0 : k->links[i].ifindex == ifindex)
			return &k->links[i];
	return NULL;
}

void fake_cache_link(struct kern *k, const struct klink *l, bool gone)
{
	struct klink *there = find_link(k, NULL, l->ifindex);

	if (gone && there)
		*there = k->links[--k->n_link];
	else if (!gone && there)
		*there = *l;
	else if (!gone && k->n_link < KEEP_LINKS)
		k->links[k->n_link++] = *l;
}

static struct kaddr_news *find_addr(struct kern *k, int ifindex, const struct in6_addr *addr)
{
	for (size_t i = 0; i < k->n_addr; i++)
		if (k->addrs[i].ifindex == ifindex && in6_eq(&k->addrs[i].addr, addr))
			return &k->addrs[i];
	return NULL;
}

void fake_cache_addr(struct kern *k, const struct kaddr_news *a)
{
	struct kaddr_news *there = find_addr(k, a->ifindex, &a->addr);

	if (a->gone && there)
		*there = k->addrs[--k->n_addr];
	else if (!a->gone && there)
		*there = *a;
	else if (!a->gone && k->n_addr < KEEP_ADDRS)
		k->addrs[k->n_addr++] = *a;
}

void fake_cache_addr4(struct kern *k, const char *dev, struct in_addr a, bool gone)
{
	size_t i = 0;

	while (i < k->n_addr4 && (strcmp(k->addrs4[i].dev, dev) != 0 ||
				  k->addrs4[i].a.s_addr != a.s_addr))
		i++;
	if (gone && i < k->n_addr4)
		k->addrs4[i] = k->addrs4[--k->n_addr4];
	else if (!gone && i == k->n_addr4 && i < KEEP_LINKS)
		snprintf(k->addrs4[i].dev, IFNAMSIZ, "%s", dev), k->addrs4[k->n_addr4++].a = a;
}

/* ---- the pretended kernel ---- */

static void see_link(struct kern *k, struct kentry *e, bool gone)
{
	struct klink l = { .up = true, .carrier = true, .mtu = e->obj.link.mtu,
			   .is_tunnel = e->obj.link.kind != KLINK_DUMMY };

	if (!e->ifindex)
		e->ifindex = FIRST_IFINDEX + k->last_ifindex++;
	l.ifindex = e->ifindex;
	memcpy(l.name, e->obj.link.name, sizeof(l.name));
	fake_cache_link(k, &l, gone);
	queue_news(k, (struct news){ .is_link = true, .gone = gone, .link = l });
}

static void see_addr(struct kern *k, const struct k_addr *o, bool gone)
{
	const struct klink *l = find_link(k, o->dev, 0);
	struct kaddr_news a = { .plen = o->addr.plen, .gone = gone };

	if (o->addr.family == AF_INET) {
		fake_cache_addr4(k, o->dev, o->addr.a.in4, gone);
		return;
	}
	if (!l)
		return;
	a.ifindex = l->ifindex;
	a.addr = o->addr.a.in6;
	a.flags = o->flags | IFA_F_PERMANENT | (o->deprecated ? IFA_F_DEPRECATED : 0);
	fake_cache_addr(k, &a);
	queue_news(k, (struct news){ .gone = gone, .addr = a });
}

static void see(struct kern *k, struct kentry *e, bool gone)
{
	if (e->obj.kind == KOBJ_LINK)
		see_link(k, e, gone);
	else if (e->obj.kind == KOBJ_ADDR)
		see_addr(k, &e->obj.addr, gone);
}

static const char *device_of(const struct kobj *o)
{
	const char *dev = o->kind == KOBJ_ADDR ? o->addr.dev : o->kind == KOBJ_ROUTE ?
			  o->route.dev : o->kind == KOBJ_PROXY ? o->proxy.dev :
			  o->kind == KOBJ_INGRESS ? o->ingress.dev :
			  o->kind == KOBJ_NEIGH ? o->neigh.dev :
			  o->kind == KOBJ_SPATH ? o->spath.dev : "";

	return dev[0] ? dev : NULL;
}

static int refuse(struct kern *k, struct kop *op)
{
	const struct kobj *o = &op->e->obj;
	int rc = k->fail_kind[o->kind];

	if (op->undo)
		return 0;		/* what was there before can be put back */
	for (size_t i = 0; i < k->n_broken && rc == 0; i++)
		if (kobj_same(&k->broken[i].key, o))
			rc = k->broken[i].rc;
	if (rc == 0 && k->strict && device_of(o) && !find_link(k, device_of(o), 0))
		rc = -ENODEV;
	if (rc < 0)
		kop_why(op, "fake: told to fail");
	return rc;
}

/* As the kernel: one device for each pair of ends. */
static int ends_taken(struct kern *k, const struct kop *op)
{
	const struct carrier *c = &op->e->obj.link.carrier;
	struct kentry *e, *tmp;

	if (op->e->obj.kind != KOBJ_LINK || !c->kind)
		return 0;
	HASH_ITER(hh, k->sw.table, e, tmp)
		if (e != op->e && e->obj.kind == KOBJ_LINK && !e->aside &&
		    find_link(k, e->obj.link.name, 0) && carrier_eq(&e->obj.link.carrier, c))
			return -EEXIST;
	return 0;
}

static int fake_add(void *arg, struct kop *op)
{
	struct kern *k = arg;
	int rc = refuse(k, op);

	k->requests++;
	if (rc == 0)
		rc = ends_taken(k, op);
	if (rc < 0)
		return rc;
	see(k, op->e, false);
	fake_append(&k->log, "+ %s\n", KOBJ(&op->e->obj));
	return 0;
}

static int fake_change(void *arg, struct kop *op)
{
	struct kern *k = arg;
	int rc = refuse(k, op);

	k->requests++;
	if (rc == 0)
		rc = ends_taken(k, op);
	if (rc < 0)
		return rc;
	see(k, op->e, false);
	fake_append(&k->log, "~ %s\n", KOBJ(&op->e->obj));
	return 0;
}

static int fake_del(void *arg, struct kop *op)
{
	struct kern *k = arg;

	k->requests++;
	see(k, op->e, true);
	fake_append(&k->log, "- %s\n", KOBJ(&op->e->obj));
	return 0;
}

static int fake_again(void *arg, struct kop *op)
{
	struct kern *k = arg;
	int rc = refuse(k, op);

	k->requests++;
	if (rc == 0)
		fake_append(&k->log, "= %s\n", KOBJ(&op->e->obj));
	return rc;
}

static void fake_aside(void *arg, struct kentry *e)
{
	struct kern *k = arg;

	fake_append(&k->log, "%s %s\n", e->aside ? "<" : ">", KOBJ(&e->obj));
}

static const struct kback fake_back = { fake_add, fake_change, fake_del, fake_again, fake_aside };

/* ---- kern.h ---- */

int kern_open(struct kern **k, struct ev_loop *loop, const struct kern_conf *conf,
	      const struct kern_news *news)
{
	(void)loop, (void)conf;
	if (!fake.sw.back)
		ksw_init(&fake.sw, &fake_back, &fake);
	fake.open = true;
	fake.on = news ? *news : (struct kern_news){ 0 };
	*k = &fake;
	return 0;
}

void kern_close(struct kern *k)
{
	if (k)
		k->open = false;	/* the tables stay: a test looks at what was left */
}

/* The n-th switch never reaches the table. */
static int put_failed(struct kern *k, const struct kplan *want, kern_done_fn done, void *arg)
{
	struct told *t = calloc(1, sizeof(*t)), **last = &k->failed;

	if (!t)
		abort();
	while (*last)
		last = &(*last)->next;
	*t = (struct told){ .done = done, .arg = arg, .rc = k->fail_rc };
	if (want->n)
		t->obj = want->obj[0];
	*last = t;
	k->sw.switches++;
	k->sw.errors++;
	k->sw.undone++;
	return 0;
}

int kplan_switch(struct kern *k, const struct kplan *have, const struct kplan *want,
		 kern_done_fn done, void *arg)
{
	if (k->fail_in && --k->fail_in == 0)
		return put_failed(k, want, done, arg);
	return ksw_put(&k->sw, have, want, done, arg);
}

const char *kern_error(const struct kern *k)
{
	return k->sw.error;
}

const struct kobj *kern_failed_object(const struct kern *k)
{
	return k->sw.failed;
}

void kern_restore(struct kern *k, const char *dev)
{
	if (ksw_again(&k->sw, dev) < 0)
		abort();
}

void kern_flush(struct kern *k)
{
	(void)k;
	fake_kern_run();
}

unsigned kern_probe(struct kern *k, const struct kern_needs *n, kern_say_fn say, void *arg)
{
	if (n->steer)
		k->steer_loads++;
	if (k->early)
		fake_kern_report(k->early);
	if (!k->missing)
		return 0;
	say(arg, k->missing);
	return 1;
}

bool kern_probe_source(struct kern *k)
{
	return k->source;
}

bool kern_probe_from(struct kern *k)
{
	return k->source;
}

void fake_kern_source(bool preferred)
{
	fake_kern()->source = preferred;
}

int kern_adopt(struct kern *k, const uint32_t *rule_prefs, const char *const *home_devs,
	       char foreign_external[IFNAMSIZ])
{
	(void)rule_prefs, (void)home_devs;
	memcpy(foreign_external, k->foreign, IFNAMSIZ);
	return k->leftovers;
}

const struct klink *kern_link(struct kern *k, const char *name)
{
	return find_link(k, name, 0);
}

const struct klink *kern_link_by_index(struct kern *k, int ifindex)
{
	return find_link(k, NULL, ifindex);
}

int kern_addr_find(struct kern *k, int ifindex, const struct in6_addr *addr, uint32_t *flags)
{
	const struct kaddr_news *a = find_addr(k, ifindex, addr);

	if (a && flags)
		*flags = a->flags;
	return a ? 1 : 0;
}

void kern_addr_each(struct kern *k, int ifindex,
		    void (*fn)(void *arg, const struct kaddr_news *a), void *arg)
{
	for (size_t i = 0; i < k->n_addr; i++)
		if (!ifindex || k->addrs[i].ifindex == ifindex)
			fn(arg, &k->addrs[i]);
}

int kern_addr4_in(struct kern *k, const char *dev, const struct prefix *p, struct in_addr *out)
{
	for (size_t i = 0; i < k->n_addr4; i++) {
		struct prefix one = prefix4(k->addrs4[i].a, 32);

		if (strcmp(k->addrs4[i].dev, dev) == 0 && prefix_contains(p, &one)) {
			*out = k->addrs4[i].a;
			return 0;
		}
	}
	return -ENOENT;
}

void kern_flush_ra(struct kern *k, int ifindex)
{
	k->flushed_ra = ifindex;
}

void kern_flush_unresolved(struct kern *k, int ifindex)
{
	k->flushed_unresolved = ifindex;
}

void kern_neigh_put(struct kern *k, int ifindex, const struct in6_addr *addr,
		    const struct nd_lladdr *ll, bool reachable)
{
	if (k->n_neigh < KEEP_NEIGH)
		k->neighs[k->n_neigh++] = (struct fake_neigh){ ifindex, *addr, *ll, reachable };
}

void kern_flush_larval(struct kern *k)
{
	(void)k;
}

struct use_each { const struct k_xstate *key; bool there; };

static void each_state(void *arg, struct kentry *e)
{
	struct use_each *u = arg;
	const struct k_xstate *s = &e->obj.xstate;

	/* as the kernel: whatever the reqid is */
	if (e->obj.kind == KOBJ_XSTATE && in6_eq(&s->src, &u->key->src) &&
	    in6_eq(&s->dst, &u->key->dst) && s->proto == u->key->proto)
		u->there = true;
}

int kern_xstate_use(struct kern *k, const struct k_xstate *s, struct kern_use *use)
{
	struct use_each u = { .key = s };

	*use = (struct kern_use){ 0 };
	ksw_each(&k->sw, each_state, &u);
	if (!u.there)
		return -ESRCH;
	for (size_t i = 0; i < k->n_used; i++)
		if (in6_eq(&k->used[i].src, &s->src) && in6_eq(&k->used[i].dst, &s->dst) &&
		    k->used[i].proto == s->proto)
			use->packets += k->used[i].packets;
	return 0;
}

int kern_link_use(struct kern *k, int ifindex, struct kern_link_use *use)
{
	*use = k->link_use;
	return kern_link_by_index(k, ifindex) ? 0 : -ENODEV;
}

struct sysctl_each {
	void (*fn)(void *arg, const char *path, const char *was, const char *now);
	void *arg;
};

static void each_sysctl(void *arg, struct kentry *e)
{
	const struct sysctl_each *s = arg;

	if (e->obj.kind == KOBJ_SYSCTL)
		s->fn(s->arg, e->obj.sysctl.path, "0", e->obj.sysctl.value);
}

void kern_sysctl_each(struct kern *k, void (*fn)(void *arg, const char *path, const char *was,
						 const char *now), void *arg)
{
	struct sysctl_each s = { fn, arg };

	ksw_each(&k->sw, each_sysctl, &s);
}

struct kern_stats kern_stats(const struct kern *k)
{
	return (struct kern_stats){ .requests = k->requests, .batches = k->requests,
				    .errors = k->sw.errors, .undone = k->sw.undone,
				    .switches = k->sw.switches,
				    .objects = HASH_COUNT(k->sw.table) };
}

struct steer_each {
	const struct in6_addr *owner;
	uint64_t flow;
	kern_steered_fn fn;
	void *arg;
	int rc;
};

static void each_steered(void *arg, struct kentry *e)
{
	struct steer_each *s = arg;
	struct kern_steered use = { .packets = fake.steered, .bytes = fake.steered * 100 };
	const struct k_sflow *f = &e->obj.sflow;

	if (!s->flow && e->obj.kind == KOBJ_SPATH && in6_eq(&e->obj.spath.owner, s->owner)) {
		use.bid = e->obj.spath.bid;
		s->rc = 0;
		s->fn(s->arg, &use);
	}
	if (e->obj.kind != KOBJ_SFLOW || f->id != s->flow || !in6_eq(&f->owner, s->owner))
		return;
	for (unsigned i = 0; i < KOBJ_BIDS && f->bid[i]; i++) {
		use.bid = f->bid[i];
		s->rc = 0;
		s->fn(s->arg, &use);
	}
}

int kern_steer_load(struct kern *k)
{
	k->steer_loads += k->steer_rc == 0;
	return k->steer_rc;
}

void fake_kern_steer_fail(int rc)
{
	fake_kern()->steer_rc = rc;
}

unsigned fake_kern_steer_loads(void)
{
	return fake_kern()->steer_loads;
}

int kern_steer_count(struct kern *k, const struct in6_addr *owner, uint64_t flow,
		     kern_steered_fn fn, void *arg)
{
	struct steer_each s = { owner, flow, fn, arg, -ENOENT };

	ksw_each(&k->sw, each_steered, &s);
	return s.rc;
}

void fake_kern_steered(uint64_t packets)
{
	fake_kern()->steered = packets;
}

int64_t kern_ingress_dropped(struct kern *k)
{
	return k->dropped;
}
