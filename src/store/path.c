/* SPDX-License-Identifier: BSD-2-Clause */
/* Path liveness (store/path.h). */
#include "store/path.h"

#include <math.h>
#include <string.h>

#include "base/util.h"

#define SMOOTH		0.125		/* weight of a new round trip, RFC 6298 2 */
#define JITTER		(1. / 16)	/* RFC 3550 6.4.1 */
#define WAIT_MAX	5.		/* no path is that slow */
#define AHEAD		16		/* probes under way, no more: half of what is remembered */
#define MUTE_INTERVAL	1.		/* at least, for a home agent that answers nothing */
#define STALL		0.02		/* a tick so late says nothing of the path: answers may lie
					   in the socket */

/*
 * lost = 6: with 5 % of the round trips lost at random one probe in 64 million begins
 * six losses: at 4 a second that is twice a year.
 */
static const struct path_profile profiles[PATH_PROFILES] = {
	[PATH_PROFILE_RELAXED] = {
		.name = "relaxed", .promise = 15, .aim = 14, .interval = 5, .interval_min = 1,
		.fast_min = 0.5, .wait_first = 2, .wait_min = 1, .slack = 0.2, .lost = 5,
		.bad = PATH_SENT / 2, .good = 3, .half_life = 60 },
	[PATH_PROFILE_NORMAL] = {
		.name = "normal", .promise = 0.7, .aim = 0.63, .interval = 0.25,
		.interval_min = 0.04, .fast_min = 0.02, .wait_first = 0.5, .wait_min = 0.05,
		.slack = 0.02, .lost = 6, .bad = PATH_SENT / 2, .good = 5, .half_life = 15 },
	[PATH_PROFILE_EXTREME] = {
		.name = "extreme", .promise = 0.3, .aim = 0.27, .interval = 0.08,
		.interval_min = 0.01, .fast_min = 0.01, .wait_first = 0.3, .wait_min = 0.03,
		.slack = 0.01, .lost = 6, .bad = PATH_SENT / 2, .good = 5, .half_life = 15 },
};

/* What rides on a path that is known to live: it may take some round trips more. */
static const struct path_profile tunnels[PATH_PROFILES] = {
	[PATH_PROFILE_RELAXED] = {
		.name = "relaxed", .promise = 45, .aim = 42, .interval = 20, .interval_min = 5,
		.fast_min = 2, .wait_first = 2, .wait_min = 1, .slack = 0.2, .lost = 5,
		.bad = PATH_SENT / 2, .good = 2, .half_life = 60 },
	[PATH_PROFILE_NORMAL] = {
		.name = "normal", .promise = 2.5, .aim = 2.3, .interval = 1, .interval_min = 0.25,
		.fast_min = 0.1, .wait_first = 0.5, .wait_min = 0.1, .slack = 0.05, .lost = 6,
		.bad = PATH_SENT / 2, .good = 3, .half_life = 15 },
	[PATH_PROFILE_EXTREME] = {
		.name = "extreme", .promise = 2.5, .aim = 2.3, .interval = 1, .interval_min = 0.25,
		.fast_min = 0.1, .wait_first = 0.5, .wait_min = 0.1, .slack = 0.05, .lost = 6,
		.bad = PATH_SENT / 2, .good = 3, .half_life = 15 },
};

const struct path_profile *path_profile(enum path_profile_id id)
{
	return id > PATH_PROFILE_OFF && id < PATH_PROFILES ? &profiles[id] : NULL;
}

const struct path_profile *path_profile_tunnel(enum path_profile_id id)
{
	return id > PATH_PROFILE_OFF && id < PATH_PROFILES ? &tunnels[id] : NULL;
}

const char *path_state_str(enum path_state s)
{
	switch (s) {
	case PATH_UNKNOWN:
		return "unknown";
	case PATH_UP:
		return "up";
	case PATH_SUSPECT:
		return "suspect";
	case PATH_DOWN:
		return "down";
	case PATH_DAMPED:
		return "damped";
	}
	return "?";
}

/* ---- how long, how often ---- */

double path_wait(const struct path *p)
{
	const struct path_profile *f = p->profile;
	double wait = f->wait_first;

	/* the last one too: while queues fill, the smoothed one lags behind */
	if (p->rtt > 0)
		wait = fmax(p->rtt, p->last_rtt) + 4 * p->jitter + f->slack;
	return fmin(fmax(wait, f->wait_min), WAIT_MAX);
}

/*
 * Both orders of things keep the aim: suspect first, then the other probes (interval + 2 waits +
 * the fast ones), or so often that they are all under way before the first is late (lost *
 * interval + wait). The slower of the two is enough.
 */
double path_interval(const struct path *p)
{
	const struct path_profile *f = p->profile;
	double wait = path_wait(p), least = fmax(f->interval_min, wait / AHEAD);
	double after = f->aim - 2 * wait - (f->lost - 2) * fmax(f->fast_min, wait / AHEAD);
	double before = (f->aim - wait) / f->lost;

	if (p->rtt <= 0)		/* no promise yet */
		return f->interval;
	return fmin(fmax(fmax(after, before), least), f->interval);
}

/* What time the promise leaves goes between the fast probes: a short silence is no death. */
double path_fast(const struct path *p)
{
	const struct path_profile *f = p->profile;
	double wait = path_wait(p), interval = path_interval(p);
	double fast = (f->aim - interval - 2 * wait) / (f->lost - 2);

	return fmin(fmax(fmax(fast, f->fast_min), wait / AHEAD), interval);
}

double path_bound(const struct path *p)
{
	const struct path_profile *f = p->profile;
	double wait = path_wait(p), interval = path_interval(p);

	return interval + wait + fmin((f->lost - 1) * interval,
				      wait + (f->lost - 2) * path_fast(p));
}

/* ---- penalties ---- */

static double penalty(const struct path *p, double now)
{
	return p->penalty * exp2(-(now - p->penalty_at) / p->profile->half_life);
}

void path_flap(struct path *p, double now)
{
	p->penalty = fmin(penalty(p, now) + PATH_FLAP, PATH_CEILING);
	p->penalty_at = now;
	p->suppressed |= p->penalty >= PATH_SUPPRESS;
}

static double reuse_at(const struct path *p)
{
	return p->penalty_at + p->profile->half_life * log2(p->penalty / PATH_REUSE) + 1e-3;
}

/* ---- states ---- */

static void enter(struct path *p, enum path_state s, double now)
{
	bool same = (p->state == PATH_UP && s == PATH_SUSPECT) ||
		    (p->state == PATH_SUSPECT && s == PATH_UP);

	p->state = s;
	if (!same)
		p->since = now;
}

void path_init(struct path *p, const struct path_profile *profile, double now)
{
	*p = (struct path){ .profile = profile, .since = now, .next = now };
}

void path_restart(struct path *p, double now)
{
	memset(p->sent, 0, sizeof(p->sent));
	p->answered_seq = p->seq;
	p->run = p->good = 0;
	p->rtt = p->jitter = p->last_rtt = p->heard = p->proof = 0;
	p->mute = false;
	p->next = now;
	p->due = p->blind = 0;
	enter(p, PATH_UNKNOWN, now);
}

void path_change(struct path *p, const struct path_profile *profile, double now)
{
	p->penalty = penalty(p, now);
	p->penalty_at = now;
	p->profile = profile;
	p->next = now;
}

double path_silent_from(const struct path *p)
{
	double from = 0;

	for (unsigned i = 0; i < PATH_SENT; i++) {
		const struct path_probe *s = &p->sent[i];

		if (s->late && s->seq > p->answered_seq && (!from || s->at < from))
			from = s->at;
	}
	return from;
}

void path_forgive(struct path *p, double now)
{
	for (unsigned i = 0; i < PATH_SENT; i++)
		if (!p->sent[i].answered)
			p->sent[i] = (struct path_probe){ 0 };
	p->answered_seq = p->seq;
	p->run = 0;
	p->next = now;
	if (p->state != PATH_DOWN)
		return;
	p->penalty = fmax(penalty(p, now) - PATH_FLAP, 0);
	p->penalty_at = now;
	p->suppressed &= p->penalty >= PATH_REUSE;
	enter(p, PATH_UNKNOWN, now);
}

static struct path_probe *find(struct path *p, uint64_t seq)
{
	struct path_probe *s = &p->sent[seq % PATH_SENT];

	return seq && s->seq == seq ? s : NULL;
}

/* A probe is lost until its answer comes after all. */
static void judge(struct path *p, double now)
{
	double wait = path_wait(p);

	p->run = 0;
	for (uint64_t seq = p->seq; seq && p->seq - seq < PATH_SENT; seq--) {
		struct path_probe *s = find(p, seq);

		if (!s)
			continue;
		if (!s->answered && !s->late && now >= s->at + wait) {
			s->late = true;
			p->good = 0;
			p->n_lost++;
		}
		p->run += s->late && seq > p->answered_seq;
	}
}

static bool lossy(const struct path *p)
{
	unsigned late = 0;

	for (unsigned i = 0; i < PATH_SENT; i++)
		late += p->sent[i].late;
	return late >= p->profile->bad;
}

static void fail(struct path *p, double now)
{
	p->lossy = p->run < p->profile->lost;
	p->mute = false;
	path_flap(p, now);
	enter(p, PATH_DOWN, now);
	p->good = 0;
}

static void recover(struct path *p, double now)
{
	enum path_state to = p->suppressed ? PATH_DAMPED : PATH_UP;

	bool silent = p->state == PATH_DOWN || p->mute;

	for (unsigned i = 0; silent && i < PATH_SENT; i++)
		if (p->sent[i].late)	/* of the failure that is over */
			p->sent[i] = (struct path_probe){ 0 };
	p->mute = false;
	if (p->state != to)
		enter(p, to, now);
}

/* Nothing was ever answered here. */
static unsigned silent(struct path *p, bool answers, double now)
{
	if (p->run < p->profile->lost)
		return 0;
	if (answers)
		fail(p, now);
	else if (!p->mute) {
		p->mute = true;
		return PATH_DO_MUTE;
	}
	return 0;
}

static unsigned step(struct path *p, bool answers, double now)
{
	bool dead = p->run >= p->profile->lost || lossy(p);

	switch (p->state) {
	case PATH_UNKNOWN:
		return silent(p, answers, now);
	case PATH_UP:
	case PATH_SUSPECT:
		if (dead) {
			fail(p, now);
			break;
		}
		if (p->run && p->state == PATH_UP)
			p->next = now;
		enter(p, p->run ? PATH_SUSPECT : PATH_UP, now);
		break;
	case PATH_DOWN:
		if (p->good >= p->profile->good)
			recover(p, now);
		break;
	case PATH_DAMPED:
		if (dead)
			fail(p, now);
		else
			recover(p, now);
		break;
	}
	return 0;
}

/* Late ourselves: what came meanwhile is read first, but not put off twice. */
static bool stalled(struct path *p, double now)
{
	if (p->blind && now >= p->blind)
		p->blind = 0;
	else if (!p->blind && p->due && now > p->due + STALL)
		p->blind = now + STALL;
	return p->blind > 0;
}

unsigned path_tick(struct path *p, bool answers, double now)
{
	unsigned act = 0;

	if (p->suppressed && penalty(p, now) < PATH_REUSE)
		p->suppressed = false;
	if (!stalled(p, now)) {
		judge(p, now);
		act = step(p, answers, now);
	}
	return act | (now >= p->next ? PATH_DO_SEND : 0);
}

double path_due(struct path *p)
{
	double wait = path_wait(p), due = p->next;

	for (unsigned i = 0; i < PATH_SENT; i++) {
		const struct path_probe *s = &p->sent[i];

		if (s->seq && !s->answered && !s->late)
			due = fmin(due, fmax(s->at + wait, p->blind));
	}
	if (p->suppressed)
		due = fmin(due, reuse_at(p));
	p->due = due;
	return due;
}

void path_trust(struct path *p, double now)
{
	p->penalty = 0;
	p->suppressed = false;
	if (p->state == PATH_DAMPED)
		enter(p, PATH_UP, now);
}

uint64_t path_next_seq(const struct path *p)
{
	return p->seq + 1;
}

static double pause_after(const struct path *p)
{
	if (p->state == PATH_UNKNOWN && p->mute)
		return fmax(path_interval(p), MUTE_INTERVAL);
	return p->run && p->state != PATH_DOWN ? path_fast(p) : path_interval(p);
}

void path_sent(struct path *p, double now)
{
	p->seq++;
	p->n_sent++;
	p->sent[p->seq % PATH_SENT] = (struct path_probe){ .seq = p->seq, .at = now };
	p->next = now + pause_after(p);
}

static void measure(struct path *p, double rtt)
{
	if (p->rtt > 0) {
		p->jitter += (fabs(rtt - p->last_rtt) - p->jitter) * JITTER;
		p->rtt += (rtt - p->rtt) * SMOOTH;
	} else {
		p->rtt = rtt;
	}
	p->last_rtt = rtt;
}

enum path_answer path_answer(struct path *p, uint64_t seq, double now)
{
	struct path_probe *s = find(p, seq);

	if (!s)
		return PATH_ANSWER_OLD;
	if (s->answered)
		return PATH_ANSWER_TWICE;
	p->n_lost -= s->late;
	p->n_answered++;
	s->answered = true;
	s->late = false;
	p->good++;
	p->heard = now;
	p->proof = fmax(p->proof, s->at);
	measure(p, fmax(now - s->at, 1e-6));
	if (seq > p->answered_seq)
		p->answered_seq = seq;
	judge(p, now);
	if (p->state == PATH_UNKNOWN)
		recover(p, now);
	else
		step(p, true, now);
	/* a slow path turns out quick, or a suspicion wrong */
	p->next = fmin(p->next, p->sent[p->seq % PATH_SENT].at + pause_after(p));
	return PATH_ANSWER_GOOD;
}

unsigned path_usable(const struct path *p)
{
	switch (p->state) {
	case PATH_UNKNOWN:
		return p->suppressed ? 1 : 2;
	case PATH_UP:
	case PATH_SUSPECT:
		return 2;
	case PATH_DAMPED:
		return 1;
	case PATH_DOWN:
		return 0;
	}
	return 0;
}

double path_loss(const struct path *p)
{
	unsigned late = 0, all = 0;

	for (unsigned i = 0; i < PATH_SENT; i++) {
		late += p->sent[i].late;
		all += p->sent[i].late || p->sent[i].answered;
	}
	return all ? (double)late / all : 0;
}
