/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "ctl/conf.h"
#include "mip6ctl/cmd.h"

int cmd_config_check(struct run *r)
{
	const char *path = r->argc ? r->argv[0] : CONF_PATH;
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;
	int rc;

	/* read here and not by the daemon: it would open for its caller what he may not */
	conf_load(path, 0, &c, &errs);
	rc = conf_check_print(stderr, path, c, &errs);
	conf_errs_free(&errs);
	conf_free(c);
	return rc;
}
