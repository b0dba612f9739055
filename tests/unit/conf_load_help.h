/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/conf_load_help.h - configurations as texts, and what is said of them.
 *
 * A test program gets a directory of its own with key files, good and bad. Texts
 * load as the file "f" in it. What was said is in `said`, one line each: "!" and
 * an error or "?" and a warning, without the directory.
 */
#ifndef MIP6_TESTS_CONF_LOAD_HELP_H
#define MIP6_TESTS_CONF_LOAD_HELP_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf_help.h"

#define TEXT_MAX	16384
#define KEY		"000102030405060708090a0b0c0d0e0f"

/* libconfig 1.5 loses texts if a syntax error follows them. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex\n";
}

static char dir[] = "/tmp/mip6d-conf.XXXXXX";
static char said[TEXT_MAX];

/* ---- files ---- */

static inline const char *in_dir(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static inline void put(const char *name, const char *text, mode_t mode)
{
	int fd = open(in_dir(name), O_CREAT | O_WRONLY | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static inline int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	put("good.key", "00 01 02 03 04 05 06 07\n08 09 0A 0b 0c 0d 0e 0f\n", 0600);
	put("open.key", KEY, 0640);
	put("short.key", "0001020304050607", 0400);
	put("odd.key", KEY "0", 0600);
	put("text.key", "correct horse battery staple", 0600);
	put("empty.key", "", 0600);
	put("long.key", KEY KEY KEY KEY "00", 0600);
	put("max.key", KEY KEY KEY KEY, 0600);
	return 0;
}

static inline int teardown(void **state)
{
	char cmd[300];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -r '%s'", dir);
	return system(cmd);
}

/* ---- loading ---- */

/* Messages one per line, "!" before errors; the name of the directory is cut away. */
static inline void keep(const struct conf_errs *e)
{
	size_t used = 0;

	said[0] = '\0';
	for (size_t i = 0; i < e->n && used < sizeof(said); i++) {
		const char *t = e->msg[i].text, *cut;

		used += (size_t)snprintf(said + used, sizeof(said) - used, "%s",
					 e->msg[i].warning ? "?" : "!");
		while ((cut = strstr(t, dir)) && used < sizeof(said)) {
			used += (size_t)snprintf(said + used, sizeof(said) - used, "%.*s",
						 (int)(cut - t), t);
			t = cut + strlen(dir) + 1;
		}
		if (used < sizeof(said))
			used += (size_t)snprintf(said + used, sizeof(said) - used, "%s\n", t);
	}
}

static inline struct conf *load_roles(const char *text, unsigned roles)
{
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;
	char name[256];
	int rc;

	snprintf(name, sizeof(name), "%s", in_dir("f"));
	rc = conf_load_text(text, name, roles, &c, &errs);
	keep(&errs);
	assert_int_equal(rc, errs.n_error ? -EINVAL : 0);
	assert_int_equal(c == NULL, rc != 0);
	conf_errs_free(&errs);
	return c;
}

static inline struct conf *load(const char *text)
{
	return load_roles(text, 0);
}

#define SEC	"security = { method = \"auth-option\"; spi = 1000; key_file = \"good.key\"; };"
#define LINK	"home_links = ( { device = \"eth0\"; address = \"2001:db8:280::1\"; " \
		"prefixes = [ \"2001:db8:280::/64\" ]; } ); "
#define NODE(a, more)	"{ home_address = \"" a "\"; " more " " SEC " }"
#define HA(more)	"roles = [ \"ha\" ]; " LINK more
#define NODES(list)	HA("mobile_nodes = ( " list " );")
#define UP	"uplinks = ( { device = \"up0\"; } ); "
#define MNP	"prefixes = ( { prefix = \"2001:db8:281::/64\"; device = \"lan0\"; } ); "
#define HOME(more)	"{ home_address = \"2001:db8:280::beef/64\"; " \
			"home_agent = \"2001:db8:280::1\"; " SEC " " more " }"
#define MR(more)	"roles = [ \"mr\" ]; " UP "homes = ( " HOME(MNP more) " );"
#define MRP(list)	"roles = [ \"mr\" ]; " UP "homes = ( " HOME("prefixes = ( " list " );") " );"

struct row { const char *text, *said; };

static inline void check(const struct row *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		conf_free(load(row[i].text));
		if (strcmp(said, row[i].said) != 0)
			fail_msg("row %zu:\n%s\nwanted:\n%ssaid:\n%s", i, row[i].text, row[i].said,
				 said);
	}
}

#endif
