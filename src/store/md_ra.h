/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store/md_ra.h - what a Router Advertisement says, into the detector's table
 * (RFC 4861 6.3.4, RFC 4862 5.5.3, RFC 6275 7 and 11.5.2). Only md_rules.c and
 * tests use it.
 *
 * Pure. Times as in md_rules.h. Nothing here fails.
 */
#ifndef MIP6_STORE_MD_RA_H
#define MIP6_STORE_MD_RA_H

#include "store/md_rules.h"

#define MD_MAX_RA_GAP	1800.		/* MaxRtrAdvInterval, RFC 4861 6.2.1 */

/* Takes everything over. True: the prefix for the care-of address, or home, is another one. */
bool md_ra_learn(struct md_router *r, const struct nd_ra *ra, const struct mn_conf *c,
		 const struct timers *t, double now);
/* A home prefix is on this link. */
bool md_ra_home(const struct nd_ra *ra, const struct mn_conf *c);
/* Both are known and differ. */
bool md_other_ll(const struct md_router *r, const struct nd_lladdr *ll);

#endif
