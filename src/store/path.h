/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/path.h - is a path alive? The judge of echo probes to the home agent that are answered
 * or not: outer ones, from the care-of address, which say it of the path; and those from the home
 * address through its tunnel, which say whether the home agent still knows us. One struct path for
 * either.
 *
 *   UNKNOWN   no probe was answered yet: signalling alone says whether it works
 *   UP        answered
 *   SUSPECT   answered so far, and now an answer is late: probes follow each other fast
 *   DOWN      so many probes in a row unanswered, or half of the last PATH_SENT lost
 *   DAMPED    answered again, but it failed too often lately: the last resort
 *
 * An answer is late when it takes longer than path_wait(): round trip time + 4 * jitter
 * (RFC 3550 6.4.1, of round trips) and some slack. A late answer is still an answer. The
 * interval between probes follows from that wait and from the profile's promise: a quick path
 * is asked seldom, a slow one often enough that what takes long to notice is noticed in time.
 * A loss is noticed at the latest path_bound() after it happened, whatever its phase:
 *
 *   one interval until a probe is lost, the wait until that is suspicious, lost - 1
 *   probes more, and the wait until the last of them is late.
 *
 * That is within the profile's promise unless the round trip itself takes too long for it.
 *
 * What this cannot tell: which direction is broken, so a one-way failure is a loss of round trips.
 * The answer to an outer probe comes to the care-of address, so it judges this path in both
 * directions; that to one through the tunnel may come back through another tunnel, as the home
 * agent likes, so its silence may be another path's.
 * Received traffic is not taken for life: anybody can send packets to a tunnel's end.
 *
 * Damping as in RFC 2439: each failure is a penalty that decays; much of it and the
 * path stays DAMPED until it is small again.
 *
 * Pure. Seconds; absolute times are the caller's boot clock, from one clock. Nothing fails.
 */
#ifndef MIP6_STORE_PATH_H
#define MIP6_STORE_PATH_H

#include <stdbool.h>
#include <stdint.h>

#define PATH_SENT	32		/* probes remembered; the loss ratio is of these */
#define PATH_FLAP	1000.		/* penalty of a failure */
#define PATH_SUPPRESS	2500.		/* so much and it is damped */
#define PATH_REUSE	800.		/* less and it is not any more */
#define PATH_CEILING	5000.

enum path_profile_id { PATH_PROFILE_OFF, PATH_PROFILE_RELAXED, PATH_PROFILE_NORMAL,
		       PATH_PROFILE_EXTREME, PATH_PROFILES };
struct path_profile {
	const char *name;
	double promise;			/* from a silent loss to PATH_DOWN, at the most */
	double aim;			/* the same, with what the loop may be late taken off */
	double interval, interval_min;	/* between probes */
	double fast_min;		/* between probes while suspect */
	double wait_first, wait_min;	/* for an answer: while no round trip is known; ever */
	double slack;			/* more than the measured round trip and its jitter */
	unsigned lost;			/* probes in a row: DOWN */
	unsigned bad;			/* of the last PATH_SENT: DOWN */
	unsigned good;			/* in a row: no longer DOWN */
	double half_life;		/* of the penalty */
};
/* NULL for PATH_PROFILE_OFF. */
const struct path_profile *path_profile(enum path_profile_id id);
/* The same for a tunnel whose path is probed by itself: slower. */
const struct path_profile *path_profile_tunnel(enum path_profile_id id);

enum path_state { PATH_UNKNOWN, PATH_UP, PATH_SUSPECT, PATH_DOWN, PATH_DAMPED };
const char *path_state_str(enum path_state s);

enum {				/* what a tick wants done */
	PATH_DO_SEND = 1,	/* a probe now; then path_sent() */
	PATH_DO_MUTE = 2,	/* news: as many probes unanswered as make a path DOWN, and none was
				   ever answered: nothing to judge by */
};

enum path_answer {		/* to a probe */
	PATH_ANSWER_GOOD,
	PATH_ANSWER_TWICE,	/* that one was answered already */
	PATH_ANSWER_OLD,	/* not one of the last PATH_SENT */
};

struct path_probe {
	uint64_t seq;			/* 0: none */
	double at;
	bool answered, late;
};

struct path {
	const struct path_profile *profile;
	enum path_state state;		/* changed by path_tick() and path_answer() */
	double since;			/* of the state; UP and SUSPECT are one */
	uint64_t seq;			/* of the last probe; never starts anew */
	struct path_probe sent[PATH_SENT];	/* by seq */
	uint64_t answered_seq;		/* the newest that was answered */
	unsigned run;			/* late ones after that */
	unsigned good;			/* answered in a row */
	double rtt, jitter, last_rtt;	/* smoothed; of the last answer; 0 = none */
	double heard;			/* the last answer, 0 = never */
	double proof;			/* the newest probe that was answered was sent; 0 = none */
	double next;			/* probe */
	double due;			/* of path_due() */
	double blind;			/* not judged before; 0 = is */
	bool mute;			/* PATH_DO_MUTE was said */
	bool lossy;			/* the last time, too many were lost but not all in a row */
	double penalty, penalty_at;	/* at that time */
	bool suppressed;
	uint64_t n_sent, n_answered, n_lost;
};

/* Zeroed memory becomes an unknown path. */
void path_init(struct path *p, const struct path_profile *profile, double now);
/* The same path by another care-of address, or after it was gone: unknown again, with its penalties
 * and sequence numbers. */
void path_restart(struct path *p, double now);
/* Another profile: what was measured stays. */
void path_change(struct path *p, const struct path_profile *profile, double now);
/* It failed, others say (carrier): a penalty. */
void path_flap(struct path *p, double now);

/* It is good, the operator says: its penalties are forgotten. */
void path_trust(struct path *p, double now);

/* When the first of the late ones that count was sent; 0: there is none. */
double path_silent_from(const struct path *p);
/* What was not answered was lost elsewhere: it does not count, nor does the failure made of it. */
void path_forgive(struct path *p, double now);

/* When path_tick() is to be called next; to be asked again after any other call. */
double path_due(struct path *p);
/* answers: the home agent answers probes on another path, so this one's silence means something.
 * Returns PATH_DO_*. */
unsigned path_tick(struct path *p, bool answers, double now);
/* The next probe's number, and that it went out. */
uint64_t path_next_seq(const struct path *p);
void path_sent(struct path *p, double now);
enum path_answer path_answer(struct path *p, uint64_t seq, double now);	/* seq is authentic */

/* 2: carries; 1: if there is no other; 0: does not. */
unsigned path_usable(const struct path *p);
double path_wait(const struct path *p);
double path_interval(const struct path *p);
double path_fast(const struct path *p);		/* interval while suspect */
double path_bound(const struct path *p);
/* Of the probes of the last PATH_SENT that are answered or late: 0..1. */
double path_loss(const struct path *p);

#endif
