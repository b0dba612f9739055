/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The paths of a home address (RFC 5648): each uplink that has a BID and a care-of address. What is
 * to be registered of them follows the uplinks; which one carries follows the answers and the word
 * of the probes.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"

const char *mn_path_dev(const struct mn_home *h, unsigned path)
{
	return path < BUL_PATHS && mn_path_ready(h, path) ? h->path[path].dev : "";
}

bool mn_path_ready(const struct mn_home *h, unsigned path)
{
	return path < BUL_PATHS && h->path[path].dev[0] &&
	       bul_path_carries(&h->bul, &h->bul.set.path[path]);
}

void mn_path_alive(struct mn_home *h, unsigned path, bool alive)
{
	if (!bul_set_alive(&h->bul, path, alive) || h->uplink < 0 || h->at_home)
		return;
	log_notice("mn", "%s: path %u (%s) %s", A6(mn_hoa(h)), h->bul.set.path[path].bid,
		   h->path[path].dev, alive ? "works" : "is dead");
	if (!h->sign_at)
		h->sign_at = run_now();
	h->usable_at = run_now();
	mn_step(h, BUL_EV_AWAY, NULL);
}
