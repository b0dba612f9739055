/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The room's middle: which kind of object is whose work, and the turn of the loop.
 *
 * A turn runs in ev_prepare, behind all others (lowest priority), so that what the
 * events of this turn asked for goes out together: waiting switches start, their
 * requests are sent, answers move them on to deletions or to the undo, and those
 * that ended are told. Work beyond TURN_OBJECTS is left to the next turn, so that
 * nothing else in the daemon starves.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"
#include "kern/priv.h"

#define TURN_OBJECTS	4096
#define FLUSH_ROUNDS	10000
#define FLUSH_WAIT_MS	1000

static const struct { kind_put_fn put; kind_del_fn del; } kind[] = {
	[KOBJ_SYSCTL] = { kern_sysctl_put, kern_sysctl_del },
	[KOBJ_LINK] = { kern_link_put, kern_link_del },
	[KOBJ_ADDR] = { kern_addr_put, kern_addr_del },
	[KOBJ_RULE] = { kern_rule_put, kern_rule_del },
	[KOBJ_ROUTE] = { kern_route_put, kern_route_del },
	[KOBJ_XSTATE] = { kern_xstate_put, kern_xstate_del },
	[KOBJ_XPOLICY] = { kern_xpolicy_put, kern_xpolicy_del },
	[KOBJ_PROXY] = { kern_proxy_put, kern_proxy_del },
	[KOBJ_INGRESS] = { kern_ingress_put, kern_ingress_del },
	[KOBJ_SNET] = { kern_snet_put, kern_snet_del },
	[KOBJ_SPATH] = { kern_spath_put, kern_spath_del },
	[KOBJ_SFLOW] = { kern_sflow_put, kern_sflow_del },
	[KOBJ_NEIGH] = { kern_knows_put, kern_knows_del },
};

static int back_add(void *arg, struct kop *op)
{
	if (op->e->obj.kind >= ARRAY_SIZE(kind))
		return -EINVAL;
	return kind[op->e->obj.kind].put(arg, op, &op->e->obj, NULL);
}

static int back_change(void *arg, struct kop *op)
{
	return kind[op->e->obj.kind].put(arg, op, &op->e->obj, op->was);
}

static int back_del(void *arg, struct kop *op)
{
	return kind[op->e->obj.kind].del(arg, op, &op->e->obj);
}

/* What the kernel forgot with its device. */
static int put_same(struct kern *k, struct kop *op, const struct kobj *o)
{
	if (o->kind == KOBJ_INGRESS && k->ingress_mode == KERN_INGRESS_BPF)
		return 0;		/* stands in a map, by the number that stays */
	if (o->kind == KOBJ_SPATH)
		return kern_spath_again(k, op, o);
	/* of a setting the original is known, and must not become ours */
	return kind[o->kind].put(k, op, o, o->kind == KOBJ_SYSCTL ? o : NULL);
}

static int back_again(void *arg, struct kop *op)
{
	return put_same(arg, op, &op->e->obj);
}

static void back_aside(void *arg, struct kentry *e)
{
	kern_link_aside(arg, e);
}

static const struct kback back = { back_add, back_change, back_del, back_again, back_aside };

/* ---- what the kinds use ---- */

void kern_req(struct nlq *n, struct nlmsghdr *h, struct kop *op)
{
	if (op)
		kop_sent(op);		/* first: nlq_end() may answer at once */
	nlq_end(n, h, op);
}

static void kern_ack(void *arg, void *tag, int rc, const char *text)
{
	struct kern *k = arg;

	if (tag)
		kop_answer(tag, rc, text);
	/* kern_neigh_put(), kern_flush_*(), del_larval(): nobody waits */
	else if (rc < 0 && rc != -ENOENT && rc != -ESRCH)
		log_rl(&k->rl, "kern", "request: %s%s%s", strerror(-rc),
		       text ? ": " : "", text ? text : "");
}

int kern_ifindex(struct kern *k, const char *dev)
{
	struct kobj key = { .kind = KOBJ_LINK };
	const struct kentry *e;
	const struct klink *l;
	size_t len = strnlen(dev, IFNAMSIZ);

	if (len == 0 || len >= IFNAMSIZ)
		return -ENODEV;
	memcpy(key.link.name, dev, len);
	e = ksw_find(&k->sw, &key);
	if (e && e->ifindex)		/* ours; perhaps only queued so far */
		return e->ifindex;
	l = kern_link(k, key.link.name);
	return l ? l->ifindex : kern_link_index(k, key.link.name);
}

struct again { struct kern *k; struct kop *op; const char *dev; int rc; };

static void put_again(void *arg, struct kentry *e)
{
	struct again *a = arg;
	int rc;

	if (!kobj_on_device(&e->obj, a->dev) || e->users == 0)
		return;
	rc = put_same(a->k, a->op, &e->obj);
	if (a->rc == 0)
		a->rc = rc;
}

int kern_put_again(struct kern *k, struct kop *op, const char *dev)
{
	struct again a = { k, op, dev, 0 };

	ksw_each(&k->sw, put_again, &a);
	return a.rc;
}

/* ---- the turn ---- */

void kern_wake(struct kern *k)
{
	ev_idle_start(k->loop, &k->idle);
}

static void kern_work(struct kern *k, long budget)
{
	bool moved;

	do {
		budget = ksw_start(&k->sw, budget);
		nlq_send(&k->rt);
		nlq_send(&k->xf);
		kern_ingress_flush(k);
		kern_steer_flush(k);
		moved = ksw_step(&k->sw);
	} while (moved || (k->sw.dirty && budget > 0));
}

static bool kern_tell(struct kern *k)
{
	if (!k->sw.finished)
		return false;
	monitor_read(k);		/* who is told finds the new device in the cache */
	return ksw_tell(&k->sw);
}

static void prepare_cb(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct kern *k = w->data;
	bool told;

	(void)revents;
	ev_idle_stop(loop, &k->idle);
	monitor_first_news(k);
	kern_work(k, TURN_OBJECTS);
	told = kern_tell(k);
	/* Those told may have left work for others of this turn, which are through already. */
	if (told || k->sw.dirty || k->rt.n || k->xf.n)
		kern_wake(k);
}

static void idle_cb(struct ev_loop *loop, ev_idle *w, int revents)
{
	(void)loop, (void)w, (void)revents;	/* only keeps the loop from sleeping */
}

static void answers_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)loop, (void)revents;
	nlq_read(w->data);		/* prepare_cb() goes on with them */
}

/* False: the kernel owes answers and does not give them. */
static bool wait_for_answers(struct kern *k)
{
	struct pollfd fd[2] = { { .fd = nlq_pending(&k->rt) ? k->rt.fd : -1, .events = POLLIN },
				{ .fd = nlq_pending(&k->xf) ? k->xf.fd : -1, .events = POLLIN } };

	if (fd[0].fd < 0 && fd[1].fd < 0)
		return true;
	if (poll(fd, 2, FLUSH_WAIT_MS) <= 0)
		return false;
	nlq_read(&k->rt);
	nlq_read(&k->xf);
	return true;
}

void kern_flush(struct kern *k)
{
	for (int i = 0; i < FLUSH_ROUNDS && (k->sw.active || k->rt.n || k->xf.n); i++) {
		kern_work(k, TURN_OBJECTS);
		kern_tell(k);
		if (!wait_for_answers(k))
			break;
	}
}

int kplan_switch(struct kern *k, const struct kplan *have, const struct kplan *want,
		 kern_done_fn done, void *arg)
{
	int rc = ksw_put(&k->sw, have, want, done, arg);

	if (rc == 0)
		kern_wake(k);
	return rc;
}

void kern_restore(struct kern *k, const char *dev)
{
	int rc = ksw_again(&k->sw, dev);

	if (rc < 0)
		log_rl(&k->rl, "kern", "%s: nothing put again: %s", dev, strerror(-rc));
	kern_wake(k);
}

/* ---- open, close ---- */

static void start_watchers(struct kern *k)
{
	ev_prepare_init(&k->prepare, prepare_cb);
	ev_set_priority(&k->prepare, EV_MINPRI);
	k->prepare.data = k;
	ev_prepare_start(k->loop, &k->prepare);
	ev_io_init(&k->rt_io, answers_cb, k->rt.fd, EV_READ);
	k->rt_io.data = &k->rt;
	ev_io_start(k->loop, &k->rt_io);
	if (k->xf.fd >= 0) {
		ev_io_init(&k->xf_io, answers_cb, k->xf.fd, EV_READ);
		k->xf_io.data = &k->xf;
		ev_io_start(k->loop, &k->xf_io);
	}
	kern_wake(k);			/* the first news */
}

int kern_open(struct kern **out, struct ev_loop *loop, const struct kern_conf *conf,
	      const struct kern_news *news)
{
	struct kern *k = calloc(1, sizeof(*k));
	int rc = 0;

	if (!k)
		return -ENOMEM;
	k->loop = loop;
	k->ingress_mode = conf->ingress;
	if (news)
		k->news = *news;
	k->rt.fd = k->xf.fd = k->ask.fd = k->ask_xf.fd = -1;
	ev_idle_init(&k->idle, idle_cb);
	ksw_init(&k->sw, &back, k);
	if (conf->sysctl_file) {
		k->sysctl_file = strdup(conf->sysctl_file);
		rc = k->sysctl_file ? 0 : -ENOMEM;
	}
	if (rc == 0)
		rc = nlq_open(&k->rt, NETLINK_ROUTE, kern_ack, k);
	if (rc == 0)			/* without it XFRM objects fail, nothing else */
		(void)nlq_open(&k->xf, NETLINK_XFRM, kern_ack, k);
	if (rc == 0)
		rc = monitor_open(k);
	if (rc < 0) {
		kern_close(k);
		return rc;
	}
	start_watchers(k);
	*out = k;
	return 0;
}

void kern_close(struct kern *k)
{
	if (!k)
		return;
	ev_idle_stop(k->loop, &k->idle);
	ev_prepare_stop(k->loop, &k->prepare);
	ev_io_stop(k->loop, &k->rt_io);
	ev_io_stop(k->loop, &k->xf_io);
	monitor_close(k);
	kern_ingress_close(k);
	kern_steer_close(k);
	kern_sysctl_close(k);
	nlq_close(&k->rt);
	nlq_close(&k->xf);
	nlq_ask_close(&k->ask);
	nlq_ask_close(&k->ask_xf);
	ksw_fini(&k->sw);
	free(k->sysctl_file);
	free(k);
}

const char *kern_error(const struct kern *k)
{
	return k->sw.error;
}

const struct kobj *kern_failed_object(const struct kern *k)
{
	return k->sw.failed;
}

struct kern_stats kern_stats(const struct kern *k)
{
	struct kern_stats st = {
		.requests = k->rt.requests + k->xf.requests,
		.batches = k->rt.batches + k->xf.batches,
		.errors = k->sw.errors,
		.undone = k->sw.undone,
		.overruns = k->overruns + k->rt.overruns + k->xf.overruns,
		.switches = k->sw.switches,
		.objects = HASH_COUNT(k->sw.table),
	};

	memcpy(st.errors_by, k->sw.errors_by, sizeof(st.errors_by));
	return st;
}
