/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start, stop and reload of the home agent: jobs that change more than one binding.
 * A job waits until no transaction is being applied, and holds back what comes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "plan/plan_ha.h"
#include "role/ha_priv.h"
#include "run/event.h"
#include "run/timer.h"

struct bc *ha_bc(struct ha *ha)
{
	return ha->bc;
}

const struct ha_conf *ha_conf_of(const struct ha *ha)
{
	return ha->c;
}

struct ha_stats ha_stats(const struct ha *ha)
{
	return ha->stats;
}

/* ---- links ---- */

int ha_ifindex(struct ha *ha, const struct home_link *l)
{
	const struct klink *k = kern_link(ha->env.kern, l->dev);

	return k ? k->ifindex : 0;
}

static void unwatch_one(struct ha *ha, struct ha_watch *w)
{
	if (w->ifindex)
		ndsock_watch(ha->env.nd, w->ifindex, false);
	ha_disc_leave(ha, (size_t)(w - ha->watched));
	w->ifindex = 0;
}

static int watch_one(struct ha *ha, size_t i)
{
	const struct home_link *l = &ha->c->links[i];
	const struct klink *k = kern_link(ha->env.kern, l->dev);
	struct ha_watch *w = &ha->watched[i];
	int rc = k ? ndsock_watch(ha->env.nd, k->ifindex, true) : -ENODEV;

	if (rc < 0) {
		log_err("ha", "home link %s: %s%s", l->dev, strerror(-rc), rc == -ENODEV ?
			": correct home_links.device (ip link shows the names)" : "");
		return rc;
	}
	w->ifindex = k->ifindex;
	w->carrier_changes = k->carrier_changes;
	w->lost |= !k->up || !k->carrier;
	w->addressed |= kern_addr_find(ha->env.kern, k->ifindex, &l->address, NULL);
	if (!w->addressed && !w->lost)
		log_warn("ha", "home link %s: %s is not an address of it, so nobody can register:"
			 " ip address add %s/64 dev %s, or correct home_links.address", l->dev,
			 A6(&l->address), A6(&l->address), l->dev);
	return 0;
}

static void unwatch(struct ha *ha)
{
	for (size_t i = 0; i < ha->n_watched; i++)
		unwatch_one(ha, &ha->watched[i]);
	free(ha->watched);
	ha->watched = NULL;
	ha->n_watched = 0;
}

/* A link that is not there cannot be served: the base plan has said so already. */
static int watch(struct ha *ha)
{
	int rc = 0, one;

	unwatch(ha);
	ha->watched = calloc(ha->c->n_link + 1, sizeof(*ha->watched));
	if (!ha->watched)
		return -ENOMEM;
	ha->n_watched = ha->c->n_link;
	for (size_t i = 0; i < ha->n_watched; i++) {
		one = watch_one(ha, i);
		if (rc == 0)
			rc = one;
	}
	one = ha_disc_start(ha);
	return rc < 0 ? rc : one;
}

/*
 * RFC 6275 10.4.1: as long as the bindings stand. Down and up costs the proxies and
 * the routes, and a device that was made anew its settings too.
 */
static void restore(struct ha *ha, size_t i)
{
	const struct home_link *l = &ha->c->links[i];
	struct ha_watch *w = &ha->watched[i];
	const struct klink *k = kern_link_by_index(ha->env.kern, w->ifindex);

	if (!w->lost || !k || !k->up || !k->carrier ||
	    (w->addressed && !kern_addr_find(ha->env.kern, w->ifindex, &l->address, NULL)))
		return;
	w->lost = false;
	log_notice("ha", "home link %s is back: what stood there is put again", l->dev);
	kern_restore(ha->env.kern, l->dev);
	ha_disc_join(ha, i);
}

/* A flap that came and went unseen is known by the count of the carrier's changes. */
static void link_news(struct ha *ha, size_t i, const struct klink *l, bool gone)
{
	struct ha_watch *w = &ha->watched[i];
	bool here = !gone && strcmp(ha->c->links[i].dev, l->name) == 0;
	bool known = w->ifindex == l->ifindex;

	if (known != here) {		/* it has left, or has a new number */
		unwatch_one(ha, w);
		w->lost = true;
	}
	if (!here || (!w->ifindex && watch_one(ha, i) < 0))
		return;
	w->lost |= !l->up || !l->carrier || w->carrier_changes != l->carrier_changes;
	w->carrier_changes = l->carrier_changes;
	restore(ha, i);
}

void ha_link(struct ha *ha, const struct klink *l, bool gone)
{
	for (size_t i = 0; i < ha->n_watched; i++)
		link_news(ha, i, l, gone);
}

void ha_addr(struct ha *ha, const struct kaddr_news *a)
{
	for (size_t i = 0; i < ha->n_watched; i++) {
		if (a->gone || a->ifindex != ha->watched[i].ifindex ||
		    !in6_eq(&a->addr, &ha->c->links[i].address))
			continue;
		ha->watched[i].lost |= !ha->watched[i].addressed;
		ha->watched[i].addressed = true;
		restore(ha, i);
	}
}

/* ---- plans of everybody ---- */

/*
 * Appends without kplan_add()'s search, which makes 10,000 nodes slow: no two nodes
 * have a home address or a prefix in common, so their plans have no key in common.
 */
static int join(struct kplan *all, struct kplan *one)
{
	size_t n = all->n + one->n;

	if (n > all->cap) {
		size_t cap = MAX(n, all->cap * 2);
		struct kobj *obj = realloc(all->obj, cap * sizeof(*obj));

		if (!obj)
			return -ENOMEM;
		all->obj = obj;
		all->cap = cap;
	}
	if (one->n)
		memcpy(all->obj + all->n, one->obj, one->n * sizeof(*one->obj));
	all->n = n;
	one->n = 0;			/* used again for the next node */
	return 0;
}

/* What the kernel has, by the configuration in force. */
static int plan_all(struct ha *ha, struct kplan *all)
{
	struct kplan one = { 0 };
	struct binding_set s;
	int rc = ha_plan_base(ha->c, all);

	for (size_t i = 0; rc == 0 && i < ha->c->n_node; i++) {
		const struct mobile_node *n = &ha->c->nodes[i];

		bc_set(ha->bc, &n->hoa, &s);
		rc = ha_plan_node(ha->c, n, &s, &one);
		if (rc == 0)
			rc = join(all, &one);
	}
	kplan_free(&one);
	return rc;
}

struct diff { struct kplan have, want, old, new; };

/* Only what changes goes to the kernel: what stays keeps its users. */
static int diff_add(struct diff *d)
{
	int rc = 0;

	if (kplan_equal(&d->old, &d->new)) {
		d->old.n = d->new.n = 0;
		return 0;
	}
	rc = join(&d->have, &d->old);
	return rc < 0 ? rc : join(&d->want, &d->new);
}

static int diff_node(struct ha *ha, const struct ha_conf *to, const struct in6_addr *hoa,
		     struct diff *d)
{
	const struct mobile_node *was = ha_node(ha->c, hoa), *is = ha_node(to, hoa);
	struct binding_set have, stay = { .n = 0 };
	const char *why;
	int rc = 0;

	bc_set(ha->bc, hoa, &have);
	stay.flows = have.flows;
	stay.unsteered = have.unsteered;
	for (unsigned i = 0; i < have.n; i++)
		if (ha_binding_allowed(to, &have.b[i], &why))
			binding_put(&stay, &have.b[i]);
	if (was)
		rc = ha_plan_node(ha->c, was, &have, &d->old);
	if (rc == 0 && is)
		rc = ha_plan_node(to, is, &stay, &d->new);
	return rc < 0 ? rc : diff_add(d);
}

static int diff_all(struct ha *ha, const struct ha_conf *to, struct diff *d)
{
	int rc = ha_plan_base(ha->c, &d->old);

	if (rc == 0)
		rc = ha_plan_base(to, &d->new);
	if (rc == 0)
		rc = diff_add(d);
	for (size_t i = 0; rc == 0 && i < ha->c->n_node; i++)
		rc = diff_node(ha, to, &ha->c->nodes[i].hoa, d);
	for (size_t i = 0; rc == 0 && i < to->n_node; i++)
		if (!ha_node(ha->c, &to->nodes[i].hoa))
			rc = diff_node(ha, to, &to->nodes[i].hoa, d);
	kplan_free(&d->old);
	kplan_free(&d->new);
	return rc;
}

/* ---- jobs ---- */

static void forget_if_not_allowed(void *arg, struct bc_entry *e)
{
	struct ha *ha = arg;
	const char *why;

	if (e->state == BC_BOUND && !ha_binding_allowed(ha->c, &e->b, &why)) {
		log_notice("ha", "binding %s: %s", A6(&e->b.key.hoa), why);
		ha_forget(ha, e, "reconfigured");
	}
}

static void stop_entry(void *arg, struct bc_entry *e)
{
	struct ha *ha = arg;

	rtimer_stop(&e->timer);
	ha_mpd_stop(e->home);
	ha_steer_stop(ha, e->home);
	bc_del(ha->bc, e);
}

static void empty_cache(struct ha *ha)
{
	struct event e = { .type = EV_bc_flush };
	size_t n = bc_count(ha->bc);

	bc_each(ha->bc, stop_entry, ha);
	if (n)
		event_emit(&e);
}

static void job_done(void *arg, int rc)
{
	struct ha *ha = arg;
	struct ha_job job = ha->job;

	if (rc < 0)
		log_err("ha", "%s: %s: %s", job.kind == JOB_START ? "start" :
			job.kind == JOB_RELOAD ? "reload" : "stop", strerror(-rc),
			kern_error(ha->env.kern));
	ha->job = (struct ha_job){ .kind = JOB_NONE };
	ha->releasing = true;
	switch (job.kind) {
	case JOB_NONE:
		break;
	case JOB_START:
		ha->ready = rc == 0;
		if (ha->ready)
			ha_disc_join_all(ha);
		break;
	case JOB_RELOAD:
		if (rc == 0) {
			const struct ha_conf *was = ha->c;

			ha->c = job.conf;
			bc_each(ha->bc, forget_if_not_allowed, ha);
			ha_mpd_reload(ha, was);
			watch(ha);
			ha_disc_join_all(ha);
			ha_tx_judge_again(ha);
		}
		break;
	case JOB_STOP:
		ha->ready = false;
		empty_cache(ha);
		break;
	}
	ha_tx_release(ha);
	ha->releasing = false;
	if (job.done)
		job.done(job.arg, rc);
	ha_job_go(ha);
}

static int job_run(struct ha *ha)
{
	struct diff d = { 0 };
	int rc = 0;

	switch (ha->job.kind) {
	case JOB_NONE:
		break;
	case JOB_START:
		rc = plan_all(ha, &d.want);
		break;
	case JOB_RELOAD:
		rc = diff_all(ha, ha->job.conf, &d);
		break;
	case JOB_STOP:
		ha_tx_cancel_all(ha);
		ha_ns_drop(ha, NULL);
		rc = plan_all(ha, &d.have);
		break;
	}
	ha->job.runs = true;
	if (rc == 0)
		rc = kplan_switch(ha->env.kern, &d.have, &d.want, job_done, ha);
	kplan_free(&d.have);
	kplan_free(&d.want);
	return rc;
}

void ha_job_go(struct ha *ha)
{
	int rc;

	if (ha->releasing || ha->applying || ha->job.runs)
		return;
	if (ha->job.kind == JOB_NONE) {
		ha->job = ha->next_job;
		ha->next_job = (struct ha_job){ .kind = JOB_NONE };
	}
	if (ha->job.kind == JOB_NONE)
		return;
	rc = job_run(ha);
	if (rc < 0)
		job_done(ha, rc);
}

static void job_cancel(struct ha_job *job)
{
	struct ha_job was = *job;

	*job = (struct ha_job){ .kind = JOB_NONE };
	if (was.kind != JOB_NONE && was.done)
		was.done(was.arg, -ECANCELED);
}

/* One runs, one may wait: the newest. Nothing comes after a stop. */
static void job_put(struct ha *ha, struct ha_job job)
{
	if (ha->job.kind == JOB_STOP || ha->next_job.kind == JOB_STOP) {
		job_cancel(&job);
		return;
	}
	if (ha->job.kind == JOB_NONE) {
		ha->job = job;
	} else {
		job_cancel(&ha->next_job);
		ha->next_job = job;
	}
	ha_job_go(ha);
}

/* ---- from outside ---- */

static void warn_open(const struct ha_conf *c)
{
	size_t none = 0, option = 0;

	for (size_t i = 0; i < c->n_node; i++) {
		none += c->nodes[i].sec.method == SEC_NONE;
		option += c->nodes[i].sec.method == SEC_AUTH_OPTION;
	}
	if (none)
		log_warn("ha", "%zu of %zu mobile nodes register without authentication"
			 " (security = \"none\"): anybody can take over their traffic", none,
			 c->n_node);
	if (option)
		log_notice("ha", "the authentication option of %zu mobile nodes protects"
			   " signalling only, not the traffic in the tunnels", option);
}

int ha_start(struct ha **out, const struct ha_conf *c, const struct ha_env *env,
	     void (*ready)(void *arg, int rc), void *arg)
{
	struct ha *ha;
	int rc;

	if (!ha_conf_indexed(c))
		return -EINVAL;		/* ha_conf_index() was forgotten, or an address is twice */
	ha = calloc(1, sizeof(*ha));
	if (!ha)
		return -ENOMEM;
	ha->c = c;
	ha->env = *env;
	rc = bc_new(&ha->bc);
	if (rc == 0)
		rc = watch(ha);
	if (rc == 0)
		rc = ndsock_listen(env->nd, ha_nd_rx, ha);
	if (rc == 0) {
		ha->job = (struct ha_job){ .kind = JOB_START, .done = ready, .arg = arg };
		rc = job_run(ha);
	}
	if (rc < 0) {
		ha_free(ha);
		return rc;
	}
	warn_open(c);
	*out = ha;
	return 0;
}

void ha_stop(struct ha *ha, void (*done)(void *arg, int rc), void *arg)
{
	job_put(ha, (struct ha_job){ .kind = JOB_STOP, .done = done, .arg = arg });
}

void ha_reload(struct ha *ha, const struct ha_conf *c, void (*done)(void *arg, int rc), void *arg)
{
	struct ha_job job = { .kind = JOB_RELOAD, .conf = c, .done = done, .arg = arg };

	if (!ha_conf_indexed(c)) {
		done(arg, -EINVAL);
		return;
	}
	warn_open(c);
	job_put(ha, job);
}

void ha_free(struct ha *ha)
{
	if (!ha)
		return;
	ndsock_unlisten(ha->env.nd, ha_nd_rx, ha);
	ha_tx_cancel_all(ha);
	ha_ns_drop(ha, NULL);
	unwatch(ha);
	ha_disc_stop(ha);
	if (ha->bc)
		bc_each(ha->bc, stop_entry, ha);
	bc_free(ha->bc);
	free(ha);
}

struct flush { struct ha *ha; unsigned n; };

static void flush_entry(void *arg, struct bc_entry *e)
{
	struct flush *f = arg;

	if (e->state != BC_BOUND)
		return;
	f->n++;
	if (!e->leaving)
		e->leaving = HA_FLUSHED;
}

/* Those of one home address in one transaction. */
static void sweep_entry(void *arg, struct bc_entry *e)
{
	struct flush *f = arg;

	ha_tx_sweep(f->ha, &e->b.key.hoa);
}

unsigned ha_flush(struct ha *ha, const struct in6_addr *hoa)
{
	struct flush f = { ha, 0 };

	if (hoa) {
		for (struct bc_entry *e = bc_first(ha->bc, hoa); e; e = e->sibling)
			flush_entry(&f, e);
		ha_tx_sweep(ha, hoa);
		return f.n;
	}
	ha->flushing = (unsigned)bc_count(ha->bc);
	bc_each(ha->bc, flush_entry, &f);
	bc_each(ha->bc, sweep_entry, &f);
	return f.n;
}
