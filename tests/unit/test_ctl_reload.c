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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_cannot_change_is_refused_by_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
