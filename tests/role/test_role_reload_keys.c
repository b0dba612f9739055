/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each key of the tables that a mobile router has and that does not take a restart is changed alone,
 * and the running node must have it: a new key cannot be forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf_change.h"
#include "ctl/conf_dump.h"
#include "ctl/reload.h"
#include "fake/fake_io.h"
#include "fake/fake_kern.h"
#include "fake/fake_run.h"
#include "role/role.h"
#include "run/event.h"
#include "run/log.h"

static struct node *node;
static struct conf *now;		/* what the node was given last */
static int rc_of;
static unsigned keys;

static void turn(void)
{
	do
		event_drain();
	while (fake_kern_run());
}

static void on_done(void *arg, int rc)
{
	(void)arg;
	rc_of = rc;
}

static struct conf *load(void)
{
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;

	if (conf_load_text(mobile_text, "test", 0, &c, &errs) < 0)
		fail_msg("%s", errs.n ? errs.msg[0].text : "?");
	conf_errs_free(&errs);
	return c;
}

/* ---- does it have it? ---- */

static bool same_key(const struct conf_schema *sc, const struct conf_key *k, const char *a,
		     const char *b);

/* All keys; lists in it are compared place by place. */
static bool same_group(const struct conf_schema *sc, const char *a, const char *b)
{
	for (size_t i = 0; i < sc->n; i++)
		if (!same_key(sc, &sc->key[i], a, b))
			return false;
	return true;
}

static bool same_key(const struct conf_schema *sc, const struct conf_key *k, const char *a,
		     const char *b)
{
	struct json_object *x = conf_dump_key(k, a), *y = conf_dump_key(k, b);
	bool same = json_object_equal(x, y);

	(void)sc;
	if (k->fn == conf_key_file_fn)		/* what is hidden is compared, too */
		same = memcmp(&((const struct sec_conf *)(const void *)a)->key,
			      &((const struct sec_conf *)(const void *)b)->key,
			      sizeof(struct auth_key)) == 0;
	else if (k->kind == CK_GROUP)
		same = same_group(k->sub, a + k->at, b + k->at);
	json_object_put(x);
	json_object_put(y);
	return same;
}

/* The live one of the same first key; NULL: it has none. */
static const char *find(const struct conf_key *k, const char *item, const char *live)
{
	const char *first;
	size_t n;

	memcpy(&n, live + k->count, sizeof(n));
	memcpy(&first, live + k->at, sizeof(first));
	for (size_t i = 0; i < n; i++)
		if (same_key(k->sub, &k->sub->key[0], item, first + i * k->sub->item))
			return first + i * k->sub->item;
	return NULL;
}

static bool same_list(const struct conf_key *k, const char *want, const char *live)
{
	const char *first;
	size_t n;

	memcpy(&n, want + k->count, sizeof(n));
	memcpy(&first, want + k->at, sizeof(first));
	for (size_t i = 0; i < n; i++) {
		const char *item = first + i * k->sub->item, *has = find(k, item, live);

		if (!has || !same_group(k->sub, item, has))
			return false;
	}
	return true;
}

/* What the mobile side has of the whole configuration. */
static bool has_it_all(const struct conf *want)
{
	static const char *const part[] = { "uplinks", "homes", "route_optimization" };
	struct conf live = { .roles = want->roles, .mn = *node->conf.mn };
	const struct conf_key *t = conf_key_of(&conf_schema_top, "timers");

	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		const struct conf_key *k = conf_key_of(&conf_schema_top, part[i]);
		bool same = k->kind == CK_LIST ? same_list(k, (const char *)want, (char *)&live) :
			    same_key(&conf_schema_top, k, (const char *)want, (char *)&live);

		if (!same)
			return false;
	}
	return same_group(t->sub, (const char *)&want->mn.timers, (char *)&live.mn.timers);
}

/* ---- one change ---- */

static void takes(struct conf *c, const char *what)
{
	const char *key = "";
	char refused[RELOAD_KEY];
	struct node_conf nc;

	c->mn.timers = c->timers;
	reload_inherit(c, now, run_now());
	if (reload_refused(now, c, refused))
		fail_msg("%s: %s is refused", what, refused);
	conf_node(c, &nc);
	if (!node_can_reload(node, &nc, &key))
		fail_msg("%s: %s is too much", what, key);
	rc_of = 1;
	node_reload(node, &nc, on_done, NULL);
	turn();
	assert_int_equal(rc_of, 0);
	fake_run_advance(20);			/* what goes has gone */
	if (!has_it_all(c))
		fail_msg("%s: it is not taken over", what);
	conf_free(now);
	now = c;
	keys++;
}

/* Where the group of the walk is in another copy of the configuration. */
typedef char *(*locate_fn)(struct conf *c);

static char *at_uplink(struct conf *c) { return (char *)&c->mn.uplinks[0]; }
static char *at_home(struct conf *c) { return (char *)&c->mn.homes[0]; }
static char *at_mnp(struct conf *c) { return (char *)&c->mn.homes[0].prefixes[0]; }
static char *at_flow(struct conf *c) { return (char *)&c->mn.homes[0].flows[0]; }
static char *at_sec(struct conf *c) { return (char *)&c->mn.homes[0].sec; }
static char *at_ro(struct conf *c) { return (char *)&c->mn.ro; }
static char *at_policy(struct conf *c) { return (char *)&c->mn.ro.policy[0]; }
static char *at_timers(struct conf *c) { return (char *)&c->timers; }

static void walk(const struct conf_schema *sc, locate_fn at)
{
	for (size_t i = 0; i < sc->n; i++) {
		const struct conf_key *k = &sc->key[i];
		struct conf *c;
		char what[128];

		if (k->reload != CONF_LIVE || k->kind == CK_GROUP || k->kind == CK_LIST ||
		    (k->roles && !(k->roles & now->roles)))
			continue;
		c = load();
		if (strcmp(k->name, "method") == 0)	/* no bit of it makes another method */
			c->mn.homes[0].sec.method = SEC_AUTH_OPTION;
		else
			change(c, k, at(c));
		snprintf(what, sizeof(what), "%s.%s", sc->name, k->name);
		takes(c, what);
	}
}

static const struct conf_schema *sub(const struct conf_schema *sc, const char *name)
{
	assert_non_null(conf_key_of(sc, name));
	return conf_key_of(sc, name)->sub;
}

static void test_each_live_key_of_the_mobile_side_is_taken_over(void **state)
{
	const struct conf_schema *top = &conf_schema_top, *home = sub(top, "homes");
	const struct conf_schema *ro = sub(top, "route_optimization");
	struct node_conf nc;

	(void)state;
	now = load();
	reload_inherit(now, NULL, run_now());
	conf_node(now, &nc);
	assert_int_equal(node_start(&node, NULL, &nc, on_done, NULL), 0);
	turn();
	assert_int_equal(rc_of, 0);
	assert_true(has_it_all(now));
	walk(sub(top, "uplinks"), at_uplink);
	walk(home, at_home);
	walk(sub(home, "prefixes"), at_mnp);
	walk(sub(home, "flows"), at_flow);
	walk(sub(home, "security"), at_sec);
	walk(ro, at_ro);
	walk(sub(ro, "policy"), at_policy);
	walk(sub(top, "timers"), at_timers);
	assert_true(keys > 45);
}

static int setup(void **state)
{
	(void)state;
	log_init(LOG_LV_ERR - 1);
	fake_run_reset();
	fake_io_reset();
	fake_dad_reset();
	fake_kern_reset();
	event_fini();
	fake_run_each_turn(turn);
	fake_kern_link_up(3, "up0");
	fake_kern_link_up(4, "up1");
	fake_kern_link_up(5, "lan");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	node_free(node);
	conf_free(now);
	fake_kern_reset();
	fake_io_reset();
	event_fini();
	fake_run_reset();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_each_live_key_of_the_mobile_side_is_taken_over, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
