/* SPDX-License-Identifier: BSD-2-Clause */
/* What may change while the daemon runs, and by which key the rest is refused. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf_change.h"
#include "ctl/reloader.h"
#include "fake_run.h"
#include "run/event.h"
#include "run/timer.h"

#define UPLINKS	"uplinks = ( { device = \"up0\"; } );"
#define HOME	"homes = ( { home_address = \"2001:db8:280::5/64\"; home_agent = \"2001:db8:280::1\";" \
		" security = { method = \"none\"; }; } );"
#define MN	"roles = [ \"mn\" ]; " UPLINKS HOME
#define RO	"route_optimization = { enabled = true; policy = ( { peer = \"2001:db8::/32\";" \
		" allow = false; } ); };"
#define CN	"roles = [ \"cn\" ]; "

static struct conf *load(const char *text)
{
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;

	if (conf_load_text(text, "test", 0, &c, &errs) < 0)
		fail_msg("%s: %s", text, errs.n ? errs.msg[0].text : "?");
	conf_errs_free(&errs);
	return c;
}

static void test_what_cannot_change_is_refused_by_its_key(void **state)
{
	static const struct { const char *from, *to, *key; } row[] = {
		{ MN, MN, NULL },
		{ MN, MN "log = { level = \"debug\"; };", NULL },
		{ MN, MN RO, NULL },
		{ MN RO, MN RO, NULL },
		{ MN RO, MN "route_optimization = { enabled = true; };", NULL },
		{ MN RO, MN "route_optimization = { enabled = true; policy = ( { peer ="
		  " \"2001:db8::/32\"; allow = true; } ); };", NULL },
		{ MN, "roles = [ \"mn\" ]; uplinks = ( { device = \"up1\"; } ); " HOME, NULL },
		{ MN, MN "home_device = \"mip9\";", "home_device" },
		{ MN, MN "timers = { ha_backoff = 7; };", NULL },
		{ MN, "roles = [ \"mn\", \"cn\" ]; " UPLINKS HOME, "roles" },
		{ CN, CN "correspondent = { max_bindings = 5; };", NULL },
		{ CN, CN "state_dir = \"/var/lib/other\";", "state_dir" },
		{ CN, CN "control = { socket = \"/run/other\"; };", "control.socket" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct conf *a = load(row[i].from), *b = load(row[i].to);
		char key[RELOAD_KEY] = "taken over";
		bool no;

		reload_inherit(b, a, 1000);
		no = reload_refused(a, b, key);
		if (no != !!row[i].key || strcmp(key, row[i].key ? row[i].key : "taken over") != 0)
			fail_msg("%s -> %s: %s", row[i].from, row[i].to, key);
		conf_free(a);
		conf_free(b);
	}
}

#define HA(lives)	"roles = [ \"ha\" ]; home_links = ( { device = \"eth0\"; address = " \
			"\"2001:db8:280::1\"; prefixes = [ \"2001:db8:280::/64\", " \
			"\"2001:db8:281::/64\" ]; decrement_lifetimes = true; valid_lifetime = " \
			"9000; preferred_lifetime = 9000; prefix_lifetimes = (" lives "); } );"
#define LIFE(prefix, valid)	"{ prefix = \"" prefix "\"; valid_lifetime = " valid "; " \
				"preferred_lifetime = 0; decrement_lifetimes = true; }"

/* A reload that leaves lifetimes as they are does not make them longer. */
static void test_lifetimes_run_on_through_a_reload(void **state)
{
	struct conf *a = load(HA(LIFE("2001:db8:280::/64", "600"))),
		    *b = load(HA(LIFE("2001:db8:281::/64", "600") ", "
				 LIFE("2001:db8:280::/64", "600"))),
		    *c = load(HA(LIFE("2001:db8:281::/64", "600") ", "
				 LIFE("2001:db8:280::/64", "700")));

	(void)state;
	reload_inherit(a, NULL, 1000);
	assert_true(a->ha.links[0].since == 1000 && a->ha.links[0].lives[0].since == 1000);
	reload_inherit(b, a, 2000);
	assert_true(b->ha.links[0].since == 1000);
	assert_true(b->ha.links[0].lives[0].since == 2000);
	assert_true(b->ha.links[0].lives[1].since == 1000);
	reload_inherit(c, b, 3000);
	assert_true(c->ha.links[0].lives[0].since == 2000);
	assert_true(c->ha.links[0].lives[1].since == 3000);
	/* an undo does not make them longer either */
	reload_inherit(a, c, 4000);
	assert_true(a->ha.links[0].since == 1000 && a->ha.links[0].lives[0].since == 1000);
	conf_free(a);
	conf_free(b);
	conf_free(c);
}

/* ---- each key ---- */

static const char node_text[] =
	"roles = [ \"ha\", \"cn\" ]; log = { debug = [ \"ha\" ]; };"
	"home_links = ( { device = \"eth0\"; address = \"2001:db8:280::1\"; prefixes = [ "
	"\"2001:db8:280::/64\" ]; prefix_lifetimes = ( { prefix = \"2001:db8:280::/64\"; "
	"valid_lifetime = 9000; preferred_lifetime = 9000; } ); } );"
	"mobile_nodes = ( { home_address = \"2001:db8:280::5\"; nai = \"a\"; prefixes = [ "
	"\"10.0.0.0/24\" ]; security = { method = \"none\"; }; weights = ( { bid = 1; weight = 2; } ); "
	"flows = ( { name = \"f\"; weights = ( { bid = 1; weight = 2; } ); } ); } );"
	"served_prefixes = [ \"2001:db8:999::/64\" ]; virtual_address = \"2001:db8:280::1\";"
	"correspondent = { policy = ( { peer = \"2001:db8::/32\"; allow = false; } ); };";
static unsigned keys, fixed;
static struct conf *in_force, *changed;

static void expect(const struct conf_schema *sc, const struct conf_key *k, bool parent_fixed)
{
	char name[RELOAD_KEY], key[RELOAD_KEY] = "";
	bool refused = reload_refused(in_force, changed, key);

	snprintf(name, sizeof(name), "%s%s%s", sc->name, *sc->name ? "." : "", k->name);
	keys++;
	fixed += k->reload == CONF_RESTART;
	if (k->reload == CONF_RESTART && !(refused && strcmp(key, name) == 0) &&
	    !(refused && parent_fixed))
		fail_msg("%s is changed: %s", name, refused ? key : "nobody says a word");
	if (k->reload == CONF_LIVE && refused)
		fail_msg("%s is changed, and %s refused", name, key);
}

/* Each change alone, and then it is taken back. */
static void each_key(const char *text, const struct conf_schema *sc, char *obj, bool parent_fixed)
{
	for (size_t i = 0; i < sc->n; i++) {
		const struct conf_key *k = &sc->key[i];
		bool list_fixed = k->kind == CK_LIST && k->reload == CONF_RESTART;
		size_t n, none = 0;

		if (k->roles && !(k->roles & in_force->roles))
			continue;
		if (k->kind == CK_GROUP) {
			each_key(text, k->sub, obj + k->at, parent_fixed);
		} else if (k->kind == CK_LIST) {
			each_key(text, k->sub, first_item(k, obj), list_fixed);
			memcpy(&n, obj + k->count, sizeof(n));
			memcpy(obj + k->count, &none, sizeof(none));
			expect(sc, k, parent_fixed);
			memcpy(obj + k->count, &n, sizeof(n));
		} else {
			size_t debug = changed->log.n_debug;
			char *copy = malloc(sc->item);
			struct prefix *p = NULL;

			memcpy(copy, obj, sc->item);
			if (k->kind == CK_PREFIXES)
				p = (struct prefix *)(void *)first_item(k, obj);
			change(changed, k, obj);
			expect(sc, k, parent_fixed);
			memcpy(obj, copy, sc->item);
			if (p)
				p[0].a.b[1] ^= 1;
			changed->log.n_debug = debug;
			free(copy);
		}
	}
}

/* A new key cannot be forgotten: it must say what a reload does with it, and that is what happens. */
static void test_each_key_is_taken_over_or_refused_by_its_name(void **state)
{
	static const char *const text[] = { node_text, mobile_text };

	(void)state;
	keys = fixed = 0;
	for (size_t i = 0; i < 2; i++) {
		char key[RELOAD_KEY];

		in_force = load(text[i]);
		changed = load(text[i]);
		reload_inherit(changed, in_force, 1000);
		assert_false(reload_refused(in_force, changed, key));
		each_key(text[i], &conf_schema_top, (char *)changed, false);
		assert_false(reload_refused(in_force, changed, key));	/* all is as it was */
		conf_free(in_force);
		conf_free(changed);
	}
	assert_true(keys > 150 && fixed > 18);
}

/* ---- what places in lists give ---- */

#define UP(dev, more)		"{ device = \"" dev "\"; " more "}"
#define ROUTER(up, homes)	"roles = [ \"mn\" ]; uplinks = ( " up " ); homes = ( " homes " );"
#define AT(hoa, more)		"{ home_address = \"" hoa "/64\"; home_agent = \"2001:db8:280::1\";" \
				" security = { method = \"none\"; }; " more "}"

static void test_numbers_of_places_stay_with_those_that_have_them(void **state)
{
	struct conf *a = load(ROUTER(UP("w0", "") ", " UP("w1", ""), AT("2001:db8:280::5", "") ", "
				     AT("2001:db8:280::6", ""))),
		    *b = load(ROUTER(UP("w2", "") ", " UP("w1", ""), AT("2001:db8:280::7", "") ", "
				     AT("2001:db8:280::6", "") ", " AT("2001:db8:280::5", ""))),
		    *c = load(ROUTER(UP("w1", "table = 77; "), AT("2001:db8:280::6", ""))),
		    *d = load(ROUTER(UP("w1", "") ", " UP("w3", "table = 6001; "),
				     AT("2001:db8:280::6", "")));
	char key[RELOAD_KEY] = "";

	(void)state;
	memset(a->mn.iid_secret, 7, sizeof(a->mn.iid_secret));
	reload_inherit(b, a, 1000);
	assert_int_equal(b->mn.uplinks[1].table, 6001);
	assert_int_equal(b->mn.uplinks[0].table, 6002);	/* 6000 may be in use a moment longer */
	assert_int_equal(b->mn.homes[1].table, 6501);
	assert_int_equal(b->mn.homes[2].table, 6500);
	assert_int_equal(b->mn.homes[0].table, 6502);
	assert_memory_equal(a->mn.iid_secret, b->mn.iid_secret, sizeof(a->mn.iid_secret));
	reload_inherit(c, a, 1000);			/* what the file says counts */
	assert_int_equal(c->mn.uplinks[0].table, 77);
	assert_true(reload_refused(a, c, key));
	reload_inherit(d, a, 1000);
	assert_true(reload_refused(a, d, key));
	conf_free(a);
	conf_free(b);
	conf_free(c);
	conf_free(d);
}

#define NODE(n)		"{ home_address = \"2001:db8:280::" n "\"; security = { method = \"none\"; }; }"
#define AGENT(nodes)	"roles = [ \"ha\" ]; home_links = ( { device = \"eth0\"; address = " \
			"\"2001:db8:280::1\"; prefixes = [ \"2001:db8:280::/64\" ]; } ); " \
			"mobile_nodes = ( " nodes " );"

static unsigned slot(const struct conf *c, unsigned last)
{
	struct in6_addr a = c->ha.links[0].address;

	a.s6_addr[15] = (uint8_t)last;
	assert_non_null(ha_node(&c->ha, &a));
	return ha_node(&c->ha, &a)->slot;
}

static void test_a_new_mobile_node_changes_no_other_s_metric(void **state)
{
	struct conf *a = load(AGENT(NODE("5") ", " NODE("6") ", " NODE("7"))),
		    *b = load(AGENT(NODE("9") ", " NODE("7") ", " NODE("8") ", " NODE("5")));

	(void)state;
	reload_inherit(a, NULL, 1000);
	assert_true(slot(a, 5) == 0 && slot(a, 6) == 1 && slot(a, 7) == 2);
	reload_inherit(b, a, 1000);
	assert_true(slot(b, 5) == 0 && slot(b, 7) == 2);
	assert_true(slot(b, 8) == 1 && slot(b, 9) == 3);
	conf_free(a);
	conf_free(b);
}

/* ---- reload and undo ---- */

static struct {
	char dir[64], path[128], said[256];
	const char *refuse;
	int rc;
	bool late;			/* the roles take their time */
	void (*done)(void *arg, int rc);
	void *done_arg;
	unsigned in_force;		/* max_bindings of it, which stands for all */
	unsigned taken, kept;
	enum ctl_reload_rc answer;
	unsigned answers;
} w;

static bool op_refuse(void *arg, const struct conf *to, char key[static RELOAD_KEY])
{
	(void)arg, (void)to;
	if (w.refuse)
		snprintf(key, RELOAD_KEY, "%s", w.refuse);
	return w.refuse;
}

static void op_apply(void *arg, const struct conf *to, void (*done)(void *arg, int rc), void *done_arg)
{
	(void)arg, (void)to;
	w.done = done;
	w.done_arg = done_arg;
	if (!w.late)
		done(done_arg, w.rc);
}

static void op_in_force(void *arg, const struct conf *c, bool is_new)
{
	(void)arg;
	w.in_force = c->cn.max_bindings;
	w.taken += is_new;
	w.kept += !is_new;
}

static void op_answer(void *arg, enum ctl_reload_rc rc, const char *text)
{
	(void)arg;
	w.answer = rc;
	w.answers++;
	snprintf(w.said, sizeof(w.said), "%s", text);
}

static const struct reload_ops ops = { op_refuse, op_apply, op_in_force, op_answer };

static void file_says(unsigned n)
{
	FILE *f = fopen(w.path, "w");

	assert_non_null(f);
	fprintf(f, "roles = [ \"cn\" ]; correspondent = { max_bindings = %u; };\n", n);
	fclose(f);
}

static void begin(struct reloader *r)
{
	struct conf_errs errs = { 0 };

	memset(&w, 0, sizeof(w));
	snprintf(w.dir, sizeof(w.dir), "/tmp/mip6d-reload.XXXXXX");
	assert_non_null(mkdtemp(w.dir));
	snprintf(w.path, sizeof(w.path), "%s/conf", w.dir);
	file_says(1);
	fake_run_reset();
	*r = (struct reloader){ .path = w.path, .ops = &ops };
	assert_int_equal(conf_load(w.path, 0, &r->conf, &errs), 0);
	conf_errs_free(&errs);
}

static void over(struct reloader *r)
{
	reloader_free(r);
	unlink(w.path);
	rmdir(w.dir);
	event_fini();
}

/* The file is edited and read; what the answer was. */
static enum ctl_reload_rc loads(struct reloader *r, unsigned n, double undo_after)
{
	file_says(n);
	assert_true(reloader_ask(r, undo_after));
	return w.answer;
}

static void test_an_undo_brings_back_what_was_there_before(void **state)
{
	struct reloader r;

	(void)state;
	begin(&r);
	assert_int_equal(loads(&r, 2, 60), CTL_RELOADED);
	assert_int_equal(w.in_force, 2);
	fake_run_advance(59);
	assert_int_equal(w.in_force, 2);
	assert_true(fabs(reloader_undo_in(&r) - 1) < 0.01);
	unlink(w.path);				/* it does not read the file */
	fake_run_advance(1.1);
	assert_int_equal(w.in_force, 1);
	assert_true(reloader_undo_in(&r) < 0 && !reloader_confirm(&r));
	assert_int_equal(w.taken, 2);
	over(&r);
}

static void test_what_is_confirmed_stays(void **state)
{
	struct reloader r;

	(void)state;
	begin(&r);
	assert_false(reloader_confirm(&r));
	loads(&r, 2, 60);
	assert_true(reloader_confirm(&r) && !reloader_confirm(&r));
	fake_run_advance(1000);
	assert_int_equal(w.in_force, 2);
	/* and is what the next undo goes back to */
	loads(&r, 3, 60);
	fake_run_advance(61);
	assert_int_equal(w.in_force, 2);
	over(&r);
}

static void test_a_reload_while_an_undo_is_pending_confirms_nothing(void **state)
{
	struct reloader r;

	(void)state;
	begin(&r);
	loads(&r, 2, 60);
	fake_run_advance(30);
	loads(&r, 3, 0);			/* SIGHUP: the undo stays, with its time */
	assert_int_equal(w.in_force, 3);
	assert_true(fabs(reloader_undo_in(&r) - 30) < 0.01);
	loads(&r, 4, 100);			/* another time */
	assert_true(fabs(reloader_undo_in(&r) - 100) < 0.01);
	fake_run_advance(31);
	assert_int_equal(w.in_force, 4);
	w.refuse = "key";			/* one that is refused changes nothing of it */
	assert_int_equal(loads(&r, 5, 600), CTL_RELOAD_REFUSED);
	w.refuse = NULL;
	assert_true(reloader_undo_in(&r) < 70);
	fake_run_advance(70);
	assert_int_equal(w.in_force, 1);
	over(&r);
}

/* Reload x reload, reload x undo: one at a time, and none is lost. */
static void test_an_undo_waits_for_the_reload_under_way(void **state)
{
	struct reloader r;

	(void)state;
	begin(&r);
	loads(&r, 2, 60);
	w.late = true;
	file_says(3);
	assert_true(reloader_ask(&r, 0));
	assert_false(reloader_ask(&r, 0));
	fake_run_advance(61);
	assert_int_equal(w.in_force, 2);
	w.late = false;
	w.done(w.done_arg, 0);
	assert_int_equal(w.in_force, 3);
	fake_run_advance(0.01);
	assert_int_equal(w.in_force, 1);
	over(&r);
}

static void test_an_undo_that_fails_is_tried_again(void **state)
{
	struct reloader r;

	(void)state;
	begin(&r);
	loads(&r, 2, 60);
	w.rc = -EIO;
	fake_run_advance(61);
	assert_int_equal(w.in_force, 2);
	assert_true(w.kept == 1 && reloader_undo_in(&r) > 0);
	w.rc = 0;
	fake_run_advance(11);
	assert_int_equal(w.in_force, 1);
	/* a stop ends it all */
	loads(&r, 2, 60);
	reloader_stop(&r);
	fake_run_advance(100);
	assert_int_equal(w.in_force, 2);
	assert_false(reloader_ask(&r, 0));
	over(&r);
}

static void test_a_reload_that_fails_leaves_all_as_it_was(void **state)
{
	struct reloader r;
	FILE *f;

	(void)state;
	begin(&r);
	w.rc = -EIO;
	assert_int_equal(loads(&r, 2, 60), CTL_RELOAD_FAILED);
	assert_true(w.taken == 0 && w.kept == 1 && reloader_undo_in(&r) < 0);
	w.rc = 0;
	f = fopen(w.path, "w");
	fputs("nonsense = 1;\n", f);
	fclose(f);
	assert_true(reloader_ask(&r, 60));
	assert_int_equal(w.answer, CTL_RELOAD_BAD);
	assert_non_null(strstr(w.said, "nonsense"));
	assert_true(w.taken == 0 && reloader_undo_in(&r) < 0);
	over(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_cannot_change_is_refused_by_its_key),
		cmocka_unit_test(test_lifetimes_run_on_through_a_reload),
		cmocka_unit_test(test_each_key_is_taken_over_or_refused_by_its_name),
		cmocka_unit_test(test_numbers_of_places_stay_with_those_that_have_them),
		cmocka_unit_test(test_a_new_mobile_node_changes_no_other_s_metric),
		cmocka_unit_test(test_an_undo_brings_back_what_was_there_before),
		cmocka_unit_test(test_what_is_confirmed_stays),
		cmocka_unit_test(test_a_reload_while_an_undo_is_pending_confirms_nothing),
		cmocka_unit_test(test_an_undo_waits_for_the_reload_under_way),
		cmocka_unit_test(test_an_undo_that_fails_is_tried_again),
		cmocka_unit_test(test_a_reload_that_fails_leaves_all_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
