/* SPDX-License-Identifier: BSD-2-Clause */
/* The test's side of the pretended kernel: turns, failures, questions, injected facts. */
#include "fake_kern_priv.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

void fake_kern_reset(void)
{
	while (fake.failed) {
		struct told *t = fake.failed;

		fake.failed = t->next;
		free(t);
	}
	ksw_fini(&fake.sw);
	free(fake.news);
	free(fake.dump.s);
	free(fake.log.s);
	free(fake.log_shown.s);
	memset(&fake, 0, sizeof(fake));
}

struct kern *fake_kern(void)
{
	struct kern *k = &fake;

	if (!fake.open)
		kern_open(&k, NULL, &(struct kern_conf){ 0 }, NULL);
	return k;
}

static void deliver_news(struct kern *k)
{
	for (size_t i = 0; i < k->n_news; i++) {
		struct news n = k->news[i];	/* a handler may inject more */

		if (n.is_link && k->on.link)
			k->on.link(k->on.arg, &n.link, n.gone);
		else if (!n.is_link && k->on.addr)
			k->on.addr(k->on.arg, &n.addr);
	}
	k->n_news = 0;
}

static unsigned tell_failed(void)
{
	struct told *list = fake.failed;
	unsigned n = 0;

	fake.failed = NULL;		/* done() may ask for more */
	while (list) {
		struct told *t = list;

		list = t->next;
		fake.sw.failed = &t->obj;
		snprintf(fake.sw.error, sizeof(fake.sw.error), "add %s: %s (fake: told to fail)",
			 KOBJ(&t->obj), strerror(-t->rc));
		if (t->done)
			t->done(t->arg, t->rc);
		fake.sw.failed = NULL;
		free(t);
		n++;
	}
	return n;
}

unsigned fake_kern_turn(void)
{
	uint64_t before;
	unsigned n;

	fake_kern();
	do
		ksw_start(&fake.sw, LONG_MAX);
	while (ksw_step(&fake.sw) || fake.sw.dirty);
	deliver_news(&fake);
	n = tell_failed();
	before = fake.sw.switches - fake.sw.active;
	ksw_tell(&fake.sw);
	return n + (unsigned)(fake.sw.switches - fake.sw.active - before);
}

unsigned fake_kern_run(void)
{
	unsigned n = 0;

	for (int i = 0; i < 10000 && (i == 0 || fake_kern_unfinished()); i++)
		n += fake_kern_turn();
	return n;
}

size_t fake_kern_unfinished(void)
{
	size_t n = fake.sw.active;

	for (const struct told *t = fake.failed; t; t = t->next)
		n++;
	return n;
}

void fake_kern_fail_nth(unsigned n, int rc)
{
	fake.fail_in = n;
	fake.fail_rc = rc;
}

void fake_kern_fail_kind(enum kobj_kind kind, int rc)
{
	fake.fail_kind[kind] = rc;
}

void fake_kern_fail_object(const struct kobj *key, int rc)
{
	for (size_t i = 0; i < fake.n_broken; i++) {
		if (kobj_same(&fake.broken[i].key, key)) {
			fake.broken[i].rc = rc;
			return;
		}
	}
	if (fake.n_broken == MAX_BROKEN)
		abort();
	fake.broken[fake.n_broken].key = *key;
	fake.broken[fake.n_broken++].rc = rc;
}

void fake_kern_strict(bool strict)
{
	fake.strict = strict;
}

void fake_kern_missing(const char *line)
{
	fake.missing = line;
}

void fake_kern_leftovers(int n, const char *foreign_external)
{
	fake.leftovers = n;
	snprintf(fake.foreign, sizeof(fake.foreign), "%s", foreign_external);
}

/* ---- what is there ---- */

bool fake_kern_has(const struct kobj *o)
{
	const struct kentry *e = ksw_find(&fake.sw, o);

	return e && kobj_equal(&e->obj, o);
}

bool fake_kern_has_key(const struct kobj *o)
{
	return ksw_find(&fake.sw, o);
}

unsigned fake_kern_users(const struct kobj *o)
{
	const struct kentry *e = ksw_find(&fake.sw, o);

	return e ? e->users : 0;
}

size_t fake_kern_count(void)
{
	return HASH_COUNT(fake.sw.table);
}

struct count { enum kobj_kind kind; size_t n; };

static void count_one(void *arg, struct kentry *e)
{
	struct count *c = arg;

	c->n += e->obj.kind == c->kind;
}

size_t fake_kern_count_kind(enum kobj_kind kind)
{
	struct count c = { kind, 0 };

	ksw_each(&fake.sw, count_one, &c);
	return c.n;
}

bool fake_kern_has_plan(const struct kplan *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!fake_kern_has(&p->obj[i]))
			return false;
	return true;
}

struct lines { char (*line)[KOBJ_STRLEN]; size_t n; };

static void take_line(void *arg, struct kentry *e)
{
	struct lines *l = arg;

	kobj_str(&e->obj, l->line[l->n++]);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(a, b);
}

const char *fake_kern_dump(void)
{
	struct lines l = { calloc(fake_kern_count() + 1, KOBJ_STRLEN), 0 };

	if (!l.line)
		abort();
	ksw_each(&fake.sw, take_line, &l);
	qsort(l.line, l.n, KOBJ_STRLEN, compare_lines);
	fake.dump.n = 0;
	fake_append(&fake.dump, "%s", "");
	for (size_t i = 0; i < l.n; i++)
		fake_append(&fake.dump, "%s\n", l.line[i]);
	free(l.line);
	return fake.dump.s;
}

const char *fake_kern_log(void)
{
	free(fake.log_shown.s);
	fake.log_shown = fake.log;
	fake.log = (struct fake_text){ 0 };
	return fake.log_shown.s ? fake.log_shown.s : "";
}

/* ---- injected ---- */

void fake_kern_link(const struct klink *l, bool gone)
{
	fake_cache_link(fake_kern(), l, gone);
	if (fake.on.link)
		fake.on.link(fake.on.arg, l, gone);
}

void fake_kern_link_up(int ifindex, const char *name)
{
	struct klink l = { .ifindex = ifindex, .up = true, .carrier = true, .mtu = 1500,
			   .lladdr = { 6, { 2, 0, 0, 0, (uint8_t)(ifindex >> 8),
					    (uint8_t)ifindex } } };

	snprintf(l.name, sizeof(l.name), "%s", name);
	fake_kern_link(&l, false);
}

void fake_kern_addr(const struct kaddr_news *a)
{
	fake_cache_addr(fake_kern(), a);
	if (fake.on.addr)
		fake.on.addr(fake.on.arg, a);
}

void fake_kern_addr4(const char *dev, struct in_addr a)
{
	fake_cache_addr4(fake_kern(), dev, a, false);
}

void fake_kern_route(const struct kroute_news *r)
{
	if (fake.on.route)
		fake.on.route(fake.on.arg, r);
}

void fake_kern_acquire(const struct kacquire *a)
{
	if (fake.on.acquire)
		fake.on.acquire(fake.on.arg, a);
}

bool fake_kern_used(const struct in6_addr *src, const struct in6_addr *dst, uint8_t proto,
		    uint64_t packets)
{
	const struct k_xstate s = { .src = *src, .dst = *dst, .proto = proto };
	struct kern_use use;

	if (kern_xstate_use(&fake, &s, &use) < 0 || fake.n_used == MAX_USED)
		return false;
	fake.used[fake.n_used].src = *src;
	fake.used[fake.n_used].dst = *dst;
	fake.used[fake.n_used].proto = proto;
	fake.used[fake.n_used++].packets = packets;
	return true;
}

void fake_kern_link_used(const struct kern_link_use *use)
{
	fake.link_use = *use;
}

void fake_kern_report_early(const struct kreport *r)
{
	fake.early = r;
}

void fake_kern_report(const struct kreport *r)
{
	if (fake.on.report)
		fake.on.report(fake.on.arg, r);
}

void fake_kern_dropped(int64_t n)
{
	fake.dropped = n;
}

int fake_kern_flushed_unresolved(void)
{
	return fake.flushed_unresolved;
}

size_t fake_kern_neigh_count(void)
{
	return fake.n_neigh;
}

const struct fake_neigh *fake_kern_neigh(size_t i)
{
	return i < fake.n_neigh ? &fake.neighs[i] : NULL;
}
