/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "fake_io.h"

struct dad_run {
	struct fake_dad about;
	dad_done_fn done;
	void *arg;
	struct dad_run *next;
};

struct dad {
	struct dad_run *runs;
	int fail;
};

static struct dad the_dad;

struct dad *fake_dad(void)
{
	return &the_dad;
}

int dad_init(struct dad **d, struct ndsock *nd)
{
	(void)nd;
	*d = &the_dad;
	return 0;
}

void dad_stop(struct dad *d, struct dad_run *r)
{
	struct dad_run **p = &d->runs;

	if (!r)
		return;
	while (*p != r) /* crashes on a run that has ended, as the real one may */
		p = &(*p)->next;
	*p = r->next;
	free(r);
}

void dad_fini(struct dad *d)
{
	while (d && d->runs)
		dad_stop(d, d->runs);
}

void fake_dad_reset(void)
{
	dad_fini(&the_dad);
	the_dad.fail = 0;
}

struct dad_run *dad_start(struct dad *d, int ifindex, const struct in6_addr *addr,
			  unsigned transmits, double retrans, dad_done_fn done, void *arg)
{
	struct dad_run *r, **last = &d->runs;

	if (d->fail) {
		errno = d->fail;
		return NULL;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		abort();
	*r = (struct dad_run){
		.about = { .ifindex = ifindex,
			   .addr = *addr,
			   .transmits = transmits,
			   .retrans = retrans },
		.done = done,
		.arg = arg,
	};
	while (*last)
		last = &(*last)->next;
	return *last = r;
}

size_t fake_dad_count(void)
{
	size_t n = 0;

	for (struct dad_run *r = the_dad.runs; r; r = r->next)
		n++;
	return n;
}

const struct fake_dad *fake_dad_get(size_t i)
{
	struct dad_run *r = the_dad.runs;

	while (r && i--)
		r = r->next;
	return r ? &r->about : NULL;
}

bool fake_dad_finish(const struct in6_addr *addr, bool duplicate)
{
	struct dad_run *r = the_dad.runs;
	dad_done_fn done;
	void *arg;

	while (r && !in6_eq(&r->about.addr, addr))
		r = r->next;
	if (!r)
		return false;
	done = r->done;
	arg = r->arg;
	dad_stop(&the_dad, r);
	done(arg, duplicate);
	return true;
}

void fake_dad_fail(int err)
{
	the_dad.fail = err;
}
