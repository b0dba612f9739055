/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/mn_echo_help.h - the network between a mobile router and its home agent as far as echo goes:
 * takes the requests of both kinds off the fake socket, and answers those that get there and back.
 * For tests/role/test_role_mn_track*.c.
 */
#ifndef MIP6_TEST_MN_ECHO_HELP_H
#define MIP6_TEST_MN_ECHO_HELP_H

#include "mn_role_help.h"

#define BIDS	400

enum echo { OUTER, TUNNEL };

/* A copy: what is popped lives until the next one. */
struct probe {
	struct icmp6_tx tx;
	struct icmp6_msg m;
	uint8_t data[64];
	enum echo kind;
	uint16_t bid;
};

static struct {
	bool dead[BIDS];		/* the path loses all, */
	bool no_tunnel[BIDS];		/* what is in the tunnel, */
	bool no_outer[BIDS];		/* echo requests outside of it */
	bool bad;			/* of three outer ones two are lost */
	bool forgot;			/* the home agent forwards nothing for us */
	uint16_t by;			/* it sends all to us by this path; 0: where it came from */
} way;
static unsigned n_probe[2];		/* by kind */
static struct { struct probe p; double at; } flight[64];
static unsigned n_flight;

/* A network where all works, and nothing is under way. */
static inline void way_new(void)
{
	memset(&way, 0, sizeof(way));
	memset(n_probe, 0, sizeof(n_probe));
	n_flight = 0;
}

static inline bool next_probe(struct probe *p)
{
	const struct fake_icmp *f = fake_icmp_pop();

	if (!f)
		return false;
	assert_int_equal(f->m.type, ICMP6_ECHOREQ_);
	assert_true(is6(&f->tx.dst, HA1));
	assert_true(f->m.echo.len <= sizeof(p->data));
	*p = (struct probe){ .tx = f->tx, .m = f->m };
	memcpy(p->data, f->m.echo.data, f->m.echo.len);
	p->kind = is6(&f->tx.src, HOA) || is6(&f->tx.src, HOA2) ? TUNNEL : OUTER;
	p->bid = (uint16_t)(p->data[0] << 8 | p->data[1]);
	n_probe[p->kind]++;
	return true;
}

static inline int reply_to(struct probe *p, const char *src, const struct in6_addr *dst)
{
	struct icmp6_rx rx = { .src = ip6(src), .dst = *dst };
	struct icmp6_msg m = { .type = ICMP6_ECHOREP_ };
	int rc;

	m.echo = p->m.echo;
	m.echo.data = p->data;
	rc = fake_icmp_rx(&rx, &m);
	turn();
	return rc;
}

static inline void reply(struct probe p)
{
	assert_int_equal(reply_to(&p, HA1, &p.tx.src), 1);
}

static inline bool passes(const struct probe *p)
{
	if (way.dead[p->bid])
		return false;
	if (p->kind == OUTER)
		return !way.no_outer[p->bid] && !(way.bad && p->m.echo.seq % 3);
	if (way.forgot || way.no_tunnel[p->bid])
		return false;
	return !way.by || !(way.dead[way.by] || way.no_tunnel[way.by]);
}

/* The network for a while, ms by ms. */
static inline void live(double seconds, double rtt)
{
	for (double end = run_now() + seconds - 1e-6; run_now() < end; ) {
		advance(0.001);
		while (n_flight < ARRAY_SIZE(flight) && next_probe(&flight[n_flight].p))
			flight[n_flight++].at = run_now() + rtt - 1e-6;
		for (unsigned i = 0; i < n_flight; i++) {
			struct probe p = flight[i].p;

			if (flight[i].at > run_now())
				continue;
			flight[i--] = flight[--n_flight];
			if (passes(&p))
				reply(p);
		}
	}
}

/* The same with a home agent that accepts all updates, a moment later; how many. */
static inline unsigned live_on(double seconds, double rtt)
{
	unsigned n = 0;
	struct bu b;

	for (double end = run_now() + seconds - 1e-6; run_now() < end; n++) {
		while (!next_bu(&b)) {
			if (run_now() >= end)
				return n;
			live(0.01, rtt);
		}
		live(0.05, rtt);
		accept_bu(&b);
	}
	return n;
}

static inline void drop_probes(void)
{
	struct probe p;

	while (next_probe(&p))
		;
}

/* The one of that kind that is to be sent now; one of the other kind is lost. */
static inline struct probe one_probe(enum echo kind)
{
	struct probe p, it = { .bid = 0 };
	unsigned n[2] = { 0 };

	advance(0);			/* the first one goes out in the next turn */
	while (next_probe(&p)) {
		if (p.kind == kind)
			it = p;
		n[p.kind]++;
	}
	assert_int_equal(n[kind], 1);
	assert_true(n[!kind] <= 1);
	return it;
}

static inline struct mn_track_info path_of(uint16_t bid)
{
	struct mn_track_info i;

	for (unsigned k = 0; k < mn_tracks(mn); k++)
		if (mn_track(mn, k, &i) && i.bid == bid)
			return i;
	fail_msg("no path %u", bid);
	return i;
}

#endif
