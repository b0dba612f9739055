/* SPDX-License-Identifier: BSD-2-Clause */
/* The movement detector, for others to look at. */
#include <math.h>

#include "role/md_priv.h"

unsigned md_uplinks(const struct md *md)
{
	return md->n;
}

bool md_uplink(const struct md *md, unsigned i, struct md_uplink_info *info)
{
	const struct uplink *u;

	if (i >= md->n || !md->up[i].md || md->up[i].leaving)
		return false;
	u = &md->up[i];
	*info = (struct md_uplink_info){
		.dev = u->conf->dev, .bid = u->conf->bid, .up = u->link.up,
		.attached = u->told.kind != MD_AT_NONE, .home = u->told.kind == MD_AT_HOME,
		.coa = u->told.coa, .router = u->told.router,
		.link = u->told.link, .since = u->since,
	};
	return true;
}

double md_coa_valid(const struct md *md, const char *dev)
{
	const struct uplink *u = md_by_name(md, dev);
	const struct md_router *r = u && !u->managed ? md_current(&u->link) : NULL;

	return r && u->told.kind == MD_AT_COA && prefix_eq(&r->prefix, &u->form) ?
	       r->prefix_expires : INFINITY;
}

const struct nd_lladdr *md_router_ll(const struct md *md, const char *dev,
				     const struct in6_addr *global)
{
	const struct uplink *u = md_by_name(md, dev);
	const struct md_router *r = u ? md_current(&u->link) : NULL;

	for (unsigned i = 0; u && global && i < MD_MAX_ROUTER; i++) {
		r = &u->link.router[i];
		if (r->confirmed && r->ll.len && in6_eq(&r->global, global))
			return &r->ll;
	}
	return !global && r && r->ll.len ? &r->ll : NULL;
}

bool md_home_here(const struct md *md, const char *dev, const struct prefix *home)
{
	const struct uplink *u = md_by_name(md, dev);

	return u && u->told.kind == MD_AT_HOME && md_is_on_link(&u->link, home, run_now());
}

unsigned md_router_others(const struct md *md, const char *dev)
{
	const struct uplink *u = md_by_name(md, dev);
	const struct md_router *r = u ? md_current(&u->link) : NULL;

	return r ? r->others : 0;
}

struct md_detector md_detector(const struct md *md)
{
	return (struct md_detector){
		.external = md->external, .connected = md->outside.connected,
		.silent = md->outside.silent, .pid = md->outside.pid, .heard = md->outside.heard,
	};
}
