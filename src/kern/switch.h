/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern/switch.h - moves a counted table of objects from plan to plan.
 *
 * No netlink and no loop here: the work on one object is a back end's, so that
 * tests/fake/ runs the same counting, ordering and undo on a pretended kernel.
 *
 * Rules:
 *  - The first user of a key creates the object, the last one deletes it.
 *  - Switches start in the order of ksw_put(). One that needs an object which an
 *    unfinished switch is creating, changing or deleting (or which an earlier
 *    waiting one names) waits for that one's end. So nobody ever counts on an
 *    object before it exists: if its creator fails, the next one in line finds
 *    nothing and becomes the creator.
 *  - An object that others hold with another value is not changed under them:
 *    -EEXIST, unless they are about to give it up; then the switch waits.
 *  - Additions and changes in the order of `want`; deletions, in the reverse order
 *    of `have`, only after each addition has succeeded. A failed addition undoes
 *    the others in reverse; a failed deletion is a warning (the object is
 *    forgotten), never an error of the switch.
 *  - No two devices have the same ends, as the kernel does not allow it, not even on the way:
 *    where some of a switch take over those of others that change or go, these stand aside
 *    first. So do those that come in the way of an undo.
 *  - `have` must be what a finished switch left. Queueing a switch whose `have` is
 *    the `want` of one under way is safe only if that one cannot fail.
 *
 * 0 or -errno. Plans are copied.
 */
#ifndef MIP6_KERN_SWITCH_H
#define MIP6_KERN_SWITCH_H

#include <uthash.h>

#include "kern/kern.h"
#include "run/log.h"

#define KSW_WHY		160

struct kswitch;

/* One row of the counted table; users 0 only while its deletion is under way. */
struct kentry {
	struct kobj obj;		/* the value the kernel has, or is being given */
	unsigned users;			/* plans that hold it */
	unsigned leaving;		/* unfinished switches that will give up one use */
	struct kswitch *busy;		/* who creates, changes or deletes it */
	uint64_t in_have, in_want;	/* stamps of the plan being looked at */
	/* the back end's */
	int ifindex;			/* LINK, ADDR, PROXY, INGRESS: where it was put */
	uint32_t handle;		/* INGRESS: tc filter */
	struct in6_addr outer;		/* INGRESS: as it stands in the check */
	char *was;			/* SYSCTL: original value; freed with the entry */
	bool aside;			/* LINK: for a moment with ends that nobody has */
	struct kentry *next_dead;
	UT_hash_handle hh;
};

enum kop_act { KOP_JOIN, KOP_ADD, KOP_CHANGE, KOP_DEL, KOP_AGAIN };

/* Work on one object for one switch. */
struct kop {
	uint8_t act;			/* enum kop_act */
	bool undo;
	unsigned waiting;		/* requests without an answer */
	unsigned taken;			/* requests that the kernel took */
	int rc;				/* the first error */
	struct kswitch *sw;
	struct kentry *e;		/* e->obj: what shall be (DEL: what was) */
	struct kobj *was;		/* CHANGE: the value before; the op's */
};

/*
 * Each starts the work: 0 (done, or answers will come: kop_sent() for each request,
 * kop_answer() for each answer) or -errno (nothing was done).
 */
struct kback {
	int (*add)(void *arg, struct kop *op);
	int (*change)(void *arg, struct kop *op);
	int (*del)(void *arg, struct kop *op);
	int (*again)(void *arg, struct kop *op);	/* as it is; it may still be there */
	/* The device e gives its ends up for a moment (e->aside), or has those of e->obj again. In
	 * the order of all other requests; nobody waits for it. */
	void (*aside)(void *arg, struct kentry *e);
};

struct ksw {
	const struct kback *back;
	void *back_arg;
	struct kentry *table;		/* uthash, by kobj_hash() and kobj_same() */
	struct kswitch *waiting, *running, *finished;	/* utlist */
	uint64_t stamp;
	bool dirty;			/* a waiting one may be able to start */
	bool quiet;			/* kern_probe(): errors are answers, not news */
	char error[KOBJ_STRLEN + KSW_WHY];	/* of the last switch told that failed */
	const struct kobj *failed;	/* of the one being told; else NULL */
	struct log_rl rl[KOBJ_KINDS];	/* by what it is about: one flood hides no other */
	size_t active;			/* switches not told yet */
	uint64_t switches, undone, errors;
	uint64_t errors_by[KOBJ_KINDS];	/* the same */
};

void ksw_init(struct ksw *s, const struct kback *back, void *back_arg);
void ksw_fini(struct ksw *s);		/* outstanding switches are dropped without done() */

int ksw_put(struct ksw *s, const struct kplan *have, const struct kplan *want, kern_done_fn done,
	    void *arg);
/* A switch in its turn, which puts again what stands on the device: nothing changes in the table,
 * nothing is undone, and nobody is told but the log. */
int ksw_again(struct ksw *s, const char *dev);
/* Starts waiting switches, at most `budget` objects' worth; returns what is left of it. */
long ksw_start(struct ksw *s, long budget);
/* Moves on the switches whose answers are all here; false: there was none. */
bool ksw_step(struct ksw *s);
/* Calls done() of the finished ones; they may put new switches. False: there was none. */
bool ksw_tell(struct ksw *s);

struct kentry *ksw_find(const struct ksw *s, const struct kobj *key);
void ksw_each(struct ksw *s, void (*fn)(void *arg, struct kentry *e), void *arg);

/* ---- switch_ends.c ---- */
/* Before a plan follows another: devices of `from` that change or go, and whose ends others of `to`
 * get. Others' devices stay: who wants their ends fails. No memory: as without. */
void ksw_step_aside(struct ksw *s, const struct kplan *from, const struct kplan *to);
/* After an undo: those whose turn to change never came. */
void ksw_step_back(struct ksw *s, const struct kplan *p);

/* ---- for back ends ---- */
void kop_sent(struct kop *op);
/* text: the kernel's own words, or NULL. */
void kop_answer(struct kop *op, int rc, const char *text);
/* Words for an error that the back end finds itself, before it returns it. */
void kop_why(struct kop *op, const char *fmt, ...) PRINTF(2, 3);

#endif
