/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/path_help.h - a network that probes of store/path.h cross, with a clock of its own, for
 * tests/unit/test_store_path*.c.
 */
#ifndef MIP6_TEST_PATH_HELP_H
#define MIP6_TEST_PATH_HELP_H

#include "mn_help.h"

#include <math.h>

#include "base/util.h"
#include "store/path.h"

#define NOW	1000.
#define FLIGHT	256
#define TURN	0.002		/* the loop may be so late */

/* The network: which probes come back, and when. */
struct net {
	struct path p;
	double now, late;		/* of the loop, at the most */
	double rtt, spread;		/* spread: added at random */
	double loss;			/* of round trips, at random */
	double hole_from, hole_to;	/* a hole near us for what leaves in this time */
	bool hole_in;			/* and for what comes back */
	bool answers;			/* PATH tick's argument */
	uint64_t rng;
	unsigned acts;			/* all that ticks wanted */
	unsigned downs, ups;
	struct { uint64_t seq; double at; } flight[FLIGHT];
	unsigned n_flight;
	uint64_t n_tick;
};

static inline double chance(struct net *n)
{
	n->rng ^= n->rng << 13;
	n->rng ^= n->rng >> 7;
	n->rng ^= n->rng << 17;
	return (double)(n->rng >> 11) / (double)(UINT64_C(1) << 53);
}

static inline struct net net_of(const struct path_profile *f, double rtt)
{
	struct net n = { .now = NOW, .rtt = rtt, .rng = 88172645463325252u, .hole_from = INFINITY,
			 .hole_to = INFINITY };

	path_init(&n.p, f, NOW);
	return n;
}

static inline struct net net_make(enum path_profile_id id, double rtt)
{
	return net_of(path_profile(id), rtt);
}

static inline bool in_hole(const struct net *n, double t)
{
	return t >= n->hole_from && t < n->hole_to;
}

static inline void probe(struct net *n)
{
	double back = n->now + n->rtt + (n->spread > 0 ? n->spread * chance(n) : 0);

	path_sent(&n->p, n->now);
	if (in_hole(n, n->now) || (n->hole_in && in_hole(n, back)))
		return;
	if (n->loss > 0 && chance(n) < n->loss)
		return;
	assert_true(n->n_flight < FLIGHT);
	n->flight[n->n_flight].seq = n->p.seq;
	n->flight[n->n_flight++].at = back;
}

static inline void note(struct net *n, unsigned was)
{
	unsigned is = path_usable(&n->p);

	n->downs += was > 0 && is == 0;
	n->ups += was == 0 && is > 0;
}

static inline void tick(struct net *n)
{
	unsigned was = path_usable(&n->p), act = path_tick(&n->p, n->answers, n->now);

	n->acts |= act;
	note(n, was);
	if (act & PATH_DO_SEND)
		probe(n);
	n->n_tick++;
}

static inline void arrive(struct net *n, unsigned i)
{
	unsigned was = path_usable(&n->p);

	path_answer(&n->p, n->flight[i].seq, n->now);
	n->flight[i] = n->flight[--n->n_flight];
	note(n, was);
}

/* The next thing that happens, not after `until`; false: nothing does. */
static inline bool turn(struct net *n, double until)
{
	double due = fmax(path_due(&n->p), n->now) + n->late * chance(n);
	unsigned first = FLIGHT;

	for (unsigned i = 0; i < n->n_flight; i++)
		if (first == FLIGHT || n->flight[i].at < n->flight[first].at)
			first = i;
	if (first < FLIGHT && n->flight[first].at <= due && n->flight[first].at <= until) {
		n->now = fmax(n->now, n->flight[first].at);
		arrive(n, first);
		return true;
	}
	if (due > until)
		return false;
	n->now = due;
	tick(n);
	return true;
}

static inline void run(struct net *n, double seconds)
{
	double until = n->now + seconds;

	while (turn(n, until))
		;
	n->now = fmax(n->now, until);
}

#endif
