/* SPDX-License-Identifier: BSD-2-Clause */
/* Another configuration for all roles: first whoever may refuse it, then those that cannot. */
#include "role/role_priv.h"

#include <string.h>

bool node_can_reload(struct node *n, const struct node_conf *c, const char **key)
{
	struct node_priv *p = priv(n);

	mn_reload_free(p->reload);
	p->reload = NULL;
	if (!n->mn)
		return true;
	*key = "uplinks";
	if (!live_uplinks_fit(&p->mn, c->mn))
		return false;
	*key = "homes";
	return mn_reload_prepare(n->mn, c->mn, &p->reload) == 0;
}

/* From here on nothing can fail. */
static void mobile_reload(struct node_priv *p)
{
	const struct mn_conf *to = p->reload_conf.mn;
	struct mn_conf *live = &p->mn.conf;

	live->timers = to->timers;
	live->mark_mask = to->mark_mask;
	live->bid_table = to->bid_table;
	live_uplinks(&p->mn, to);
	mn_reload(p->pub.mn, p->reload);
	p->reload = NULL;
	if (p->pub.md) {
		md_reload(p->pub.md);
		return;
	}
	for (size_t i = 0; i < live->n_uplink; i++)
		if (live->uplinks[i].leaving)
			live->uplinks[i] = (struct uplink_conf){ 0 };
}

static void agent_reloaded(void *arg, int rc)
{
	struct node_priv *p = arg;
	struct node *n = &p->pub;

	if (rc == 0) {
		n->conf = p->reload_conf;
		if (n->mn) {
			mobile_reload(p);
			n->conf.mn = &p->mn.conf;
		}
		if (n->cn)
			cn_reload(n->cn, n->conf.cn);
	}
	p->reloaded(p->reloaded_arg, rc);
}

void node_reload(struct node *n, const struct node_conf *c, void (*done)(void *arg, int rc), void *arg)
{
	struct node_priv *p = priv(n);
	int rc = node_steers(c) ? kern_steer_load(n->kern) : 0;

	if (rc < 0) {
		log_err("kern", "missing: bpf: load sharing and flow policy cannot be loaded: %s",
			strerror(-rc));
		done(arg, rc);
		return;
	}
	p->reload_conf = *c;
	p->reloaded = done;
	p->reloaded_arg = arg;
	if (n->ha)
		ha_reload(n->ha, c->ha, agent_reloaded, p);
	else
		agent_reloaded(p, 0);
}
