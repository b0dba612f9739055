/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit/md_help.h - movement detection as stories: one row per fact, with what must
 * come out of it. For the tests of store/md_rules.c and store/md_ra.c.
 */
#ifndef MIP6_TEST_MD_HELP_H
#define MIP6_TEST_MD_HELP_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/util.h"
#include "store/md_rules.h"

enum ev { UP, DOWN, RA, NA, TIMER };

/* Routers are numbered from 1: fe80::N with link-layer address 02:00:00:00:00:N. */
struct row {
	double at;
	enum ev ev;
	int r;
	const char *p, *p2;		/* prefixes of the RA; "/64" is meant */
	bool gone;			/* router lifetime 0; NA: not a router */
	bool unsolicited;		/* NA with S = 0 */
	uint16_t life;			/* router lifetime, 0 = 1800 */
	int8_t pref;			/* RFC 4191 */
	uint32_t every;			/* Advertisement Interval, ms */
	uint8_t mac;			/* 0 = as the number */
	const char *global;		/* R flag in the first prefix */
	bool no_life, deprecated;	/* first prefix: valid 0; preferred 0 */
	uint32_t valid;			/* first prefix, 0 = 86400 */
	/* out */
	unsigned act;
	int cur;			/* number of the router in use then, 0 = none */
	unsigned probed;		/* bit N: NS to router N; 0 = not looked at */
};

#define A	"2001:db8:a::"
#define B	"2001:db8:b::"
#define HOMENET	"2001:db8:280::"

static const struct timers tm = {
	.router_probe = 0.1, .router_probe_count = 3, .ra_lost_factor = 3, .rs_interval = 0.25,
};
static struct mnp_conf mnp[1];
static struct home_conf home[1];
static struct mn_conf conf = { .homes = home, .n_home = 1 };

static struct in6_addr ip(const char *s)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, s, &a), 1);
	return a;
}

static struct in6_addr router_addr(int n)
{
	struct in6_addr a = ip("fe80::");

	a.s6_addr[15] = (uint8_t)n;
	return a;
}

static struct nd_lladdr mac(int n)
{
	return (struct nd_lladdr){ .len = 6, .b = { 2, [5] = (uint8_t)n } };
}

static int number(const struct md_link *l, int i)
{
	return i < 0 ? 0 : l->router[i].addr.s6_addr[15];
}

static struct nd_ra make_ra(const struct row *w)
{
	struct nd_ra ra = { .preference = w->pref, .interval = w->every,
			    .router_lifetime = w->gone ? 0 : w->life ? w->life : 1800,
			    .slla = mac(w->mac ? w->mac : w->r) };
	const char *p[] = { w->p, w->p2 };

	for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
		if (!p[i])
			continue;
		ra.prefix[ra.n_prefix++] = (struct nd_prefix){
			.addr = ip(p[i]), .plen = 64, .on_link = true, .autonomous = true,
			.valid = 86400, .preferred = 14400,
		};
	}
	if (w->global) {
		ra.prefix[0].addr = ip(w->global);
		ra.prefix[0].router = true;
	}
	if (w->valid)
		ra.prefix[0].valid = ra.prefix[0].preferred = w->valid;
	if (w->no_life || w->deprecated)
		ra.prefix[0].preferred = 0;
	if (w->no_life)
		ra.prefix[0].valid = 0;
	return ra;
}

static struct md_result feed(struct md_link *l, const struct row *w)
{
	struct in6_addr from = router_addr(w->r);
	struct nd_na na = { .target = from, .router = !w->gone, .solicited = !w->unsolicited };
	struct nd_ra ra;

	switch (w->ev) {
	case UP:
	case DOWN:
		return md_on_link(l, w->ev == UP, &tm, w->at);
	case RA:
		ra = make_ra(w);
		return md_on_ra(l, &from, &ra, &conf, &tm, w->at);
	case NA:
		if (w->mac)
			na.tlla = mac(w->mac);
		return md_on_na(l, &na, &tm, w->at);
	case TIMER:
		break;
	}
	return md_on_timer(l, &tm, w->at);
}

/* Plays a story; a TIMER row must stand exactly where the rules asked for it. */
static void play(struct md_link *l, const struct row *rows, size_t n)
{
	struct md_result res = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct row *w = &rows[i];
		struct row at = *w;		/* to the last bit of the sum */
		unsigned probed = 0;

		if (w->ev == TIMER && fabs(res.timer - w->at) > 1e-6)
			fail_msg("row %zu: the timer was asked for %g, not %g", i, res.timer,
				 w->at);
		if (i && w->ev != TIMER && res.timer && res.timer < w->at - 1e-6)
			fail_msg("row %zu: the timer of %g was left out", i, res.timer);
		if (w->ev == TIMER)
			at.at = res.timer;
		res = feed(l, &at);
		for (int k = 0; k < MD_MAX_ROUTER; k++)
			if (res.probe_mask & (1u << k))
				probed |= 1u << number(l, k);
		if (res.act != w->act)
			fail_msg("row %zu at %g: act %#x, wanted %#x", i, w->at, res.act, w->act);
		if (number(l, l->current) != w->cur)
			fail_msg("row %zu at %g: router %d, wanted %d", i, w->at,
				 number(l, l->current), w->cur);
		if (w->probed && probed != w->probed)
			fail_msg("row %zu at %g: probed %#x, wanted %#x", i, w->at, probed,
				 w->probed);
		if (!!probed != !!(res.act & MD_PROBE))
			fail_msg("row %zu: probe_mask and MD_PROBE differ", i);
		if (res.timer && res.timer <= at.at)
			fail_msg("row %zu: the timer %g is not in the future", i, res.timer);
	}
}

#define STORY(...) do { \
	static const struct row rows_[] = { __VA_ARGS__ }; \
	struct md_link l_; \
	md_link_init(&l_); \
	play(&l_, rows_, ARRAY_SIZE(rows_)); \
} while (0)

#define PROBES	MD_PROBE
#define TAKES(n) .act = MD_CHANGED, .cur = (n)
#define UPS(t)	{ .at = (t), .ev = UP, .act = MD_SEND_RS }

static int md_setup(void **state)
{
	(void)state;
	assert_int_equal(prefix_parse("2001:db8:280::beef/64", &home[0].hoa), 0);
	assert_int_equal(prefix_parse("2001:db8:281::/64", &mnp[0].prefix), 0);
	home[0].prefixes = mnp;
	home[0].n_prefix = 1;
	return 0;
}

#endif
