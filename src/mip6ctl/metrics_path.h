/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl/metrics_path.h - the paths of a mobile node in the text format of Prometheus.
 */
#ifndef MIP6_MIP6CTL_METRICS_PATH_H
#define MIP6_MIP6CTL_METRICS_PATH_H

#include <stdio.h>

#include "mip6ctl/cmd.h"

/* Nothing where there are none; an enum mip6_exit. */
int metrics_paths(struct run *r, FILE *f);
int metrics_flows(struct run *r, FILE *f);	/* what flows of the policy sent */

#endif
