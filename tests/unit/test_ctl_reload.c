/* SPDX-License-Identifier: BSD-2-Clause */
/* What may change while the daemon runs, and by which key the rest is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/reload.h"

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
		{ MN, MN RO, "route_optimization" },
		{ MN RO, MN RO, NULL },
		{ MN RO, MN "route_optimization = { enabled = true; };", "route_optimization" },
		{ MN RO, MN "route_optimization = { enabled = true; policy = ( { peer ="
		  " \"2001:db8::/32\"; allow = true; } ); };", "route_optimization" },
		{ MN, "roles = [ \"mn\" ]; uplinks = ( { device = \"up1\"; } ); " HOME, "uplinks" },
		{ MN, MN "home_device = \"mip9\";", "home_device" },
		{ MN, MN "timers = { ha_backoff = 7; };", "timers" },
		{ MN, "roles = [ \"mn\", \"cn\" ]; " UPLINKS HOME, "roles" },
		{ CN, CN "correspondent = { max_bindings = 5; };", NULL },
		{ CN, CN "state_dir = \"/var/lib/other\";", "state_dir" },
		{ CN, CN "control = { socket = \"/run/other\"; };", "control.socket" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct conf *a = load(row[i].from), *b = load(row[i].to);
		const char *key = reload_refused(a, b);

		if (!row[i].key != !key || (key && strcmp(key, row[i].key) != 0))
			fail_msg("%s -> %s: %s", row[i].from, row[i].to, key ? key : "allowed");
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
	reload_clocks(a, NULL, 1000);
	assert_true(a->ha.links[0].since == 1000 && a->ha.links[0].lives[0].since == 1000);
	reload_clocks(b, a, 2000);
	assert_true(b->ha.links[0].since == 1000);
	assert_true(b->ha.links[0].lives[0].since == 2000);
	assert_true(b->ha.links[0].lives[1].since == 1000);
	reload_clocks(c, b, 3000);
	assert_true(c->ha.links[0].lives[0].since == 2000);
	assert_true(c->ha.links[0].lives[1].since == 3000);
	conf_free(a);
	conf_free(b);
	conf_free(c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_cannot_change_is_refused_by_its_key),
		cmocka_unit_test(test_lifetimes_run_on_through_a_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
