/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Uplinks that come and go with the configuration. One that goes is told lost, so that another takes
 * over; until that one's care-of address is registered, packets still arrive at this one's.
 */
#include <string.h>

#include "role/md_priv.h"

static void leave(struct uplink *u)
{
	log_notice("md", "%s: no longer an uplink of ours", u->conf->dev);
	u->leaving = true;
	u->rules_at = u->retry_at = u->check_at = u->hold_until = 0;
	md_detach(u);
	u->old_until = run_now() + MD_OLD_HOLD;
	md_arm(u);
}

void md_vacate(struct uplink *u)
{
	struct md *md = u->md;
	size_t i = (size_t)(u - md->up);

	if (u->ifindex)
		ndsock_watch(md->env.nd, u->ifindex, false);
	rtimer_stop(&u->timer);
	kplan_free(&u->have);
	kplan_free(&u->next);
	*u = (struct uplink){ 0 };
	if (md->env.live)
		md->env.live->uplinks[i] = (struct uplink_conf){ 0 };
}

static void anew(struct uplink *u)
{
	struct md *md = u->md;
	const struct klink *l = kern_link(md->env.kern, u->conf->dev);

	u->leaving = u->gone = false;
	u->old_until = 0;
	u->st.conf = u->conf;
	md_device_gone(u);
	u->managed = u->conf->managed;
	if (l)
		md_link(md, l, false);
}

void md_reload(struct md *md)
{
	const struct mn_conf *c = md->conf;

	for (unsigned i = 0; i < c->n_uplink && !md->stopping; i++) {
		const struct uplink_conf *conf = &c->uplinks[i];
		struct uplink *u = &md->up[i];

		md->n = MAX(md->n, i + 1);
		if (!*conf->dev)
			continue;
		if (!u->md) {
			log_notice("md", "%s: an uplink of ours from now on", conf->dev);
			md_begin(md, i);
		} else if (conf->leaving) {
			if (!u->leaving)
				leave(u);
		} else if (u->leaving || u->managed != conf->managed) {
			anew(u);
		} else {
			md_apply(u);
		}
	}
}
