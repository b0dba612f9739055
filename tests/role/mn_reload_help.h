/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/role/mn_reload_help.h - a mobile router in the fake world that takes over configurations:
 * change `next`, then reload().
 */
#ifndef MIP6_TESTS_MN_RELOAD_HELP_H
#define MIP6_TESTS_MN_RELOAD_HELP_H

#include "mn_role_help.h"

#include "role/live.h"

#include <stdlib.h>

static struct live live;
static struct mn_world next;		/* the configuration that comes */

/* As start(), with a configuration that may change. */
static inline void begin(void)
{
	next = w;
	next.c.uplinks = next.uplink;
	next.c.homes = next.home;
	next.home[0].prefixes = next.mnp;
	assert_int_equal(live_init(&live, &w.c), 0);
	w.c = live.conf;
	{
		const struct mn_env env = {
			.kern = fake_kern(), .mh = fake_mhsock(), .nd = fake_ndsock(),
			.icmp = icmp, .md = (struct md *)&w, .dad = fake_dad(), .live = &w.c,
			.max_homes = live.max_home, .max_uplinks = live.max_uplink };

		assert_int_equal(mn_start(&mn, &w.c, &env, on_ready, NULL), 0);
	}
	event_listen(mn_on_event, mn);
	turn();
	assert_int_equal(ready_rc, 0);
}

static inline void away_and_bound(void)
{
	const struct bu b = (begin(), foreign1(), one_bu());

	accept_bu(&b);
	no_bu();
}

static inline void reload(void)
{
	struct mn_reload *r = NULL;

	assert_int_equal(mn_reload_prepare(mn, &next.c, &r), 0);
	live.conf = w.c;
	live_uplinks(&live, &next.c);
	w.c = live.conf;
	w.c.timers = next.c.timers;
	w.c.mark_mask = next.c.mark_mask;
	w.c.bid_table = next.c.bid_table;
	mn_reload(mn, r);
	turn();
}

static inline int over(void **state)
{
	int rc = teardown(state);

	live.conf = w.c;
	live_free(&live);
	return rc;
}

static inline struct bu bu_of(const char *hoa)
{
	const struct bu b = one_bu();

	assert_true(is6(&b.conf->hoa.a.in6, hoa));
	return b;
}

#endif
