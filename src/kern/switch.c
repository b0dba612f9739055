/* SPDX-License-Identifier: BSD-2-Clause */
#define HASH_FUNCTION(key, len, hash)	((hash) = kobj_hash(key))
#define HASH_KEYCMP(a, b, len)		(!kobj_same(a, b))

#include "kern/switch.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

enum ksw_stage { KSW_WAITING, KSW_ADDING, KSW_UNDOING, KSW_DELETING, KSW_DONE };

struct kswitch {
	uint8_t stage;			/* enum ksw_stage */
	struct kplan have, want;
	struct kop *op;			/* additions first, then deletions or the undo */
	size_t n_op, n_add;
	struct kentry **leave;		/* what the new plan has no more, in the order of have */
	size_t n_leave;
	size_t waiting;			/* requests without an answer */
	bool again;			/* want: what is put again */
	int rc;
	const struct kobj *failed;	/* in want */
	const char *verb;		/* what could not be done to it */
	char why[KSW_WHY];
	kern_done_fn done;
	void *arg;
	struct kswitch *prev, *next;
};

/* A key that a waiting switch names: later ones may not overtake it there. */
struct claim {
	const struct kobj *obj;
	UT_hash_handle hh;
};

struct kentry *ksw_find(const struct ksw *s, const struct kobj *key)
{
	struct kentry *e;

	HASH_FIND(hh, s->table, key, sizeof(*key), e);
	return e;
}

void ksw_each(struct ksw *s, void (*fn)(void *arg, struct kentry *e), void *arg)
{
	struct kentry *e, *tmp;

	HASH_ITER(hh, s->table, e, tmp)
		fn(arg, e);
}

void ksw_init(struct ksw *s, const struct kback *back, void *back_arg)
{
	*s = (struct ksw){ .back = back, .back_arg = back_arg };
}

static void sw_free(struct kswitch *sw)
{
	for (size_t i = 0; i < sw->n_op; i++)
		free(sw->op[i].was);
	kplan_free(&sw->have);
	kplan_free(&sw->want);
	free(sw->op);
	free(sw->leave);
	free(sw);
}

static void sw_free_list(struct kswitch **list)
{
	struct kswitch *sw, *tmp;

	DL_FOREACH_SAFE(*list, sw, tmp) {
		DL_DELETE(*list, sw);
		sw_free(sw);
	}
}

static void entry_free(struct ksw *s, struct kentry *e)
{
	HASH_DEL(s->table, e);
	free(e->was);
	free(e);
}

void ksw_fini(struct ksw *s)
{
	struct kentry *e, *tmp;

	sw_free_list(&s->waiting);
	sw_free_list(&s->running);
	sw_free_list(&s->finished);
	HASH_ITER(hh, s->table, e, tmp) {
		entry_free(s, e);
	}
}

static struct kswitch *sw_new(struct ksw *s, const struct kplan *have, const struct kplan *want)
{
	struct kswitch *sw = calloc(1, sizeof(*sw));

	if (!sw)
		return NULL;
	/* Each wanted object is added and perhaps undone, or else each old one deleted. */
	sw->op = calloc(2 * want->n + have->n + 1, sizeof(*sw->op));
	sw->leave = calloc(have->n + 1, sizeof(struct kentry *));
	if (!sw->op || !sw->leave || kplan_copy(&sw->have, have) < 0 ||
	    kplan_copy(&sw->want, want) < 0) {
		sw_free(sw);
		return NULL;
	}
	DL_APPEND(s->waiting, sw);
	s->dirty = true;
	s->switches++;
	s->active++;
	return sw;
}

int ksw_put(struct ksw *s, const struct kplan *have, const struct kplan *want, kern_done_fn done,
	    void *arg)
{
	struct kswitch *sw = sw_new(s, have, want);

	if (!sw)
		return -ENOMEM;
	sw->done = done;
	sw->arg = arg;
	return 0;
}

int ksw_again(struct ksw *s, const char *dev)
{
	const struct kplan none = { 0 };
	struct kplan p = { .obj = calloc(HASH_COUNT(s->table) + 1, sizeof(*p.obj)) };
	struct kswitch *sw;
	struct kentry *e, *tmp;

	if (!p.obj)
		return -ENOMEM;
	HASH_ITER(hh, s->table, e, tmp)
		if (kobj_on_device(&e->obj, dev))
			p.obj[p.n++] = e->obj;
	sw = sw_new(s, &none, &p);
	if (sw)
		sw->again = true;
	kplan_free(&p);
	return sw ? 0 : -ENOMEM;
}

/* ---- answers ---- */

void kop_sent(struct kop *op)
{
	op->waiting++;
	op->sw->waiting++;
}

void kop_why(struct kop *op, const char *fmt, ...)
{
	va_list ap;

	if (op->sw->why[0] || op->undo)
		return;			/* the first error is the one to tell */
	va_start(ap, fmt);
	vsnprintf(op->sw->why, sizeof(op->sw->why), fmt, ap);
	va_end(ap);
}

/* What is gone already has reached the state that was asked for. */
static bool delete_harmless(int rc)
{
	return rc == -ENOENT || rc == -ESRCH || rc == -ENODEV || rc == -EADDRNOTAVAIL;
}

void kop_answer(struct kop *op, int rc, const char *text)
{
	op->waiting--;
	if (rc == 0)
		op->taken++;
	else if (!op->rc)
		op->rc = rc;
	if (rc < 0 && text && !(op->act == KOP_DEL && delete_harmless(rc)))
		kop_why(op, "%s", text);
	op->sw->waiting--;		/* ksw_step() finds it at 0 */
}

/* ---- the table ---- */

static struct kentry *entry_new(struct ksw *s, const struct kobj *o)
{
	struct kentry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->obj = *o;
	HASH_ADD_KEYPTR(hh, s->table, &e->obj, sizeof(e->obj), e);
	return e;
}

static struct kop *op_new(struct kswitch *sw, enum kop_act act, struct kentry *e)
{
	struct kop *op = &sw->op[sw->n_op++];

	*op = (struct kop){ .act = act, .undo = sw->stage == KSW_UNDOING, .sw = sw, .e = e };
	if (act != KOP_JOIN)
		e->busy = sw;
	return op;
}

static void op_run(struct ksw *s, struct kop *op,
		   int (*fn)(void *arg, struct kop *op))
{
	int rc = fn(s->back_arg, op);

	if (rc < 0 && !op->rc)
		op->rc = rc;
}

/* ---- deletions ---- */

static void entry_leave(struct ksw *s, struct kswitch *sw, struct kentry *e)
{
	if (e->users > 0 && --e->users == 0)
		op_run(s, op_new(sw, KOP_DEL, e), s->back->del);
}

static void sw_delete(struct ksw *s, struct kswitch *sw)
{
	sw->stage = KSW_DELETING;
	while (sw->n_leave > 0) {
		struct kentry *e = sw->leave[--sw->n_leave];

		e->leaving--;
		entry_leave(s, sw, e);
	}
}

/* ---- additions ---- */

/* What has gone or changed before its turn came needs it no more. */
static void sw_again(struct ksw *s, struct kswitch *sw)
{
	sw->stage = KSW_ADDING;
	for (size_t i = 0; i < sw->want.n; i++) {
		struct kentry *e = ksw_find(s, &sw->want.obj[i]);

		if (e && kobj_equal(&e->obj, &sw->want.obj[i]))
			op_run(s, op_new(sw, KOP_AGAIN, e), s->back->again);
	}
	sw->n_add = sw->n_op;
}

static int sw_want(struct ksw *s, struct kswitch *sw, const struct kobj *o)
{
	struct kentry *e = ksw_find(s, o);
	bool held = e && e->in_have == s->stamp;
	struct kobj *was;
	struct kop *op;

	if (!e) {
		e = entry_new(s, o);
		if (!e)
			return -ENOMEM;
		e->users = 1;
		op = op_new(sw, KOP_ADD, e);
		op_run(s, op, s->back->add);
		return op->rc;
	}
	if (kobj_equal(&e->obj, o)) {
		if (!held) {
			e->users++;
			op_new(sw, KOP_JOIN, e);
		}
		return 0;
	}
	if (e->users > (held ? 1 : 0)) {
		snprintf(sw->why, sizeof(sw->why), "others hold it with another value");
		return -EEXIST;
	}
	was = malloc(sizeof(*was));
	if (!was)
		return -ENOMEM;
	*was = e->obj;
	op = op_new(sw, KOP_CHANGE, e);
	op->was = was;
	e->obj = *o;
	e->aside = false;
	op_run(s, op, s->back->change);
	return op->rc;
}

/* Stamps, because plans of ten thousand nodes forbid a search per object. */
static void stamp_plans(struct ksw *s, struct kswitch *sw)
{
	struct kentry *e;

	s->stamp++;
	for (size_t i = 0; i < sw->want.n; i++) {
		e = ksw_find(s, &sw->want.obj[i]);
		if (e)
			e->in_want = s->stamp;
	}
	for (size_t i = 0; i < sw->have.n; i++) {
		e = ksw_find(s, &sw->have.obj[i]);
		if (!e)
			continue;	/* the caller is wrong: it holds nothing there */
		e->in_have = s->stamp;
		if (e->in_want != s->stamp) {
			e->leaving++;
			sw->leave[sw->n_leave++] = e;
		}
	}
}

static void sw_add(struct ksw *s, struct kswitch *sw)
{
	int rc = 0;

	sw->stage = KSW_ADDING;
	stamp_plans(s, sw);
	ksw_step_aside(s, &sw->have, &sw->want);
	for (size_t i = 0; i < sw->want.n && rc == 0; i++) {
		rc = sw_want(s, sw, &sw->want.obj[i]);
		if (rc < 0) {
			sw->rc = rc;
			sw->failed = &sw->want.obj[i];
		}
	}
	sw->n_add = sw->n_op;
}

/* ---- undo ---- */

static void op_undo(struct ksw *s, struct kswitch *sw, struct kop *did)
{
	struct kentry *e = did->e;
	/* An answer that was lost may have been yes. A refused change of a device may have
	 * changed half of it. */
	bool applied = did->taken > 0 || did->rc == 0 || did->rc == -ENOBUFS ||
		       (did->act == KOP_CHANGE && e->obj.kind == KOBJ_LINK);
	struct kobj now = e->obj;
	struct kop *op;

	switch ((enum kop_act)did->act) {
	case KOP_JOIN:
		entry_leave(s, sw, e);
		break;
	case KOP_ADD:
		e->users = 0;
		if (applied)
			op_run(s, op_new(sw, KOP_DEL, e), s->back->del);
		break;
	case KOP_CHANGE:
		e->obj = *did->was;
		if (!applied)
			break;
		e->aside = false;
		op = op_new(sw, KOP_CHANGE, e);
		op->was = did->was;
		did->was = NULL;
		*op->was = now;
		op_run(s, op, s->back->change);
		break;
	case KOP_DEL:			/* additions only */
	case KOP_AGAIN:			/* was there before, too */
		break;
	}
}

static void sw_undo(struct ksw *s, struct kswitch *sw)
{
	sw->stage = KSW_UNDOING;
	s->undone++;
	while (sw->n_leave > 0)
		sw->leave[--sw->n_leave]->leaving--;
	ksw_step_aside(s, &sw->want, &sw->have);
	for (size_t i = sw->n_add; i-- > 0;)
		op_undo(s, sw, &sw->op[i]);
	ksw_step_back(s, &sw->have);
}

/* ---- errors ---- */

static void sw_words(const struct kswitch *sw, char *buf, size_t cap)
{
	snprintf(buf, cap, "%s %s: %s%s%s%s", sw->verb, KOBJ(sw->failed), strerror(-sw->rc),
		 sw->why[0] ? " (" : "", sw->why, sw->why[0] ? ")" : "");
}

static void sw_tell_failure(struct ksw *s, struct kswitch *sw)
{
	static const char *const verb[] = { [KOP_JOIN] = "add", [KOP_ADD] = "add",
					    [KOP_CHANGE] = "change", [KOP_AGAIN] = "put again" };
	char words[sizeof(s->error)];

	sw->verb = "add";
	for (size_t i = 0; i < sw->n_add; i++) {
		const struct kop *op = &sw->op[i];

		if (op->rc == 0)
			continue;
		sw->rc = op->rc;
		sw->failed = kplan_find(&sw->want, &op->e->obj);	/* the entry may go */
		sw->verb = verb[op->act];
		break;			/* later ones failed because of it */
	}
	if (sw->rc == 0)
		return;
	s->errors++;
	s->errors_by[sw->failed->kind]++;
	sw_words(sw, words, sizeof(words));
	if (!s->quiet)
		log_rl_line(&s->rl[sw->failed->kind], LOG_LV_ERR, "kern", "%s", words);
}

static void sw_tell_rest(struct ksw *s, const struct kswitch *sw)
{
	for (size_t i = sw->n_add; i < sw->n_op; i++) {
		const struct kop *op = &sw->op[i];

		if (op->rc == 0 || (op->act == KOP_DEL && delete_harmless(op->rc)))
			continue;
		s->errors++;
		s->errors_by[op->e->obj.kind]++;
		log_rl_line(&s->rl[op->e->obj.kind], op->undo ? LOG_LV_ERR : LOG_LV_WARN, "kern",
			    "%s%s %s: %s %s", op->undo ? "undo: " : "",
			    op->act == KOP_DEL ? "delete" : "restore", KOBJ(&op->e->obj),
			    strerror(-op->rc), op->undo ? "" : sw->why);
	}
}

static void sw_finish(struct ksw *s, struct kswitch *sw)
{
	struct kentry *dead = NULL, *e;

	sw_tell_rest(s, sw);
	for (size_t i = 0; i < sw->n_op; i++) {
		e = sw->op[i].e;
		/* What was only counted on and given back may be another's, or gone. */
		if (sw->op[i].act == KOP_JOIN || e->busy != sw)
			continue;
		e->busy = NULL;		/* so an entry of two ops is met once */
		if (e->users == 0) {
			e->next_dead = dead;
			dead = e;
		}
	}
	while (dead) {
		e = dead;
		dead = e->next_dead;
		entry_free(s, e);
	}
	sw->stage = KSW_DONE;
	s->dirty = true;
	DL_DELETE(s->running, sw);
	DL_APPEND(s->finished, sw);
}

/* ---- the steps ---- */

static void sw_run(struct ksw *s, struct kswitch *sw)
{
	while (sw->waiting == 0 && sw->stage != KSW_DONE) {
		switch ((enum ksw_stage)sw->stage) {
		case KSW_WAITING:
			(sw->again ? sw_again : sw_add)(s, sw);
			break;
		case KSW_ADDING:
			sw_tell_failure(s, sw);
			if (sw->rc < 0 && !sw->again)
				sw_undo(s, sw);
			else
				sw_delete(s, sw);
			break;
		case KSW_UNDOING:
		case KSW_DELETING:
			sw_finish(s, sw);
			break;
		case KSW_DONE:
			break;
		}
	}
}

/* ---- who may start ---- */

static bool sw_blocked(struct ksw *s, const struct claim *claims, const struct kswitch *sw)
{
	struct kentry *e;
	const struct claim *c;

	s->stamp++;
	for (size_t i = 0; i < sw->have.n + sw->want.n; i++) {
		bool wanted = i >= sw->have.n;
		const struct kobj *o = wanted ? &sw->want.obj[i - sw->have.n] : &sw->have.obj[i];

		HASH_FIND(hh, claims, o, sizeof(*o), c);
		e = ksw_find(s, o);
		if (c || (e && e->busy))
			return true;
		if (!e)
			continue;
		if (!wanted)
			e->in_have = s->stamp;
		else if (e->leaving && (sw->again || (!kobj_equal(&e->obj, o) &&
			 e->users > (e->in_have == s->stamp ? 1 : 0))))
			return true;	/* its holders are about to give it, or its old value, up */
	}
	return false;
}

static void plan_claim(struct claim **claims, const struct kplan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct claim *c = calloc(1, sizeof(*c));

		if (!c)
			return;		/* order is kept less strictly */
		c->obj = &p->obj[i];
		HASH_ADD_KEYPTR(hh, *claims, c->obj, sizeof(*c->obj), c);
	}
}

static void claims_free(struct claim **claims)
{
	struct claim *c, *tmp;

	HASH_ITER(hh, *claims, c, tmp) {
		HASH_DEL(*claims, c);
		free(c);
	}
}

long ksw_start(struct ksw *s, long budget)
{
	struct claim *claims = NULL;
	struct kswitch *sw, *tmp;

	if (!s->dirty)
		return budget;
	s->dirty = false;
	DL_FOREACH_SAFE(s->waiting, sw, tmp) {
		if (budget <= 0) {
			s->dirty = true;	/* next turn */
			break;
		}
		if (sw_blocked(s, claims, sw)) {
			plan_claim(&claims, &sw->have);
			plan_claim(&claims, &sw->want);
			continue;
		}
		budget -= (long)(sw->have.n + sw->want.n);
		DL_DELETE(s->waiting, sw);
		DL_APPEND(s->running, sw);
		sw_run(s, sw);
	}
	claims_free(&claims);
	return budget;
}

bool ksw_step(struct ksw *s)
{
	struct kswitch *sw, *tmp;
	bool moved = false;

	DL_FOREACH_SAFE(s->running, sw, tmp) {
		if (sw->waiting)
			continue;
		sw_run(s, sw);
		moved = true;
	}
	return moved;
}

bool ksw_tell(struct ksw *s)
{
	struct kswitch *list = s->finished, *sw, *tmp;

	s->finished = NULL;		/* done() may call us again */
	if (!list)
		return false;
	DL_FOREACH_SAFE(list, sw, tmp) {
		DL_DELETE(list, sw);
		s->active--;
		if (sw->rc < 0) {
			s->failed = sw->failed;
			sw_words(sw, s->error, sizeof(s->error));
		}
		if (sw->done)
			sw->done(sw->arg, sw->rc);
		s->failed = NULL;
		sw_free(sw);
	}
	return true;
}
