/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/conf_help.h - for the tests of the configuration and its manual.
 */
#ifndef MIP6_TESTS_CONF_HELP_H
#define MIP6_TESTS_CONF_HELP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/conf_schema.h"

/* A file of the source tree: here, below MIP6_SRC, or beside tests/ as this was compiled. */
static inline void source_path(const char *dir, const char *name, char *buf, size_t n)
{
	const char *src = getenv("MIP6_SRC"), *here = strstr(__FILE__, "tests/unit/");

	snprintf(buf, n, "%s/%s/%s", src ? src : ".", dir, name);
	if (!src && here && access(buf, R_OK) < 0)
		snprintf(buf, n, "%.*s%s/%s", (int)(here - __FILE__), __FILE__, dir, name);
}

#endif
