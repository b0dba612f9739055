/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/reload.h"

#include <string.h>

static bool same_sec(const struct sec_conf *a, const struct sec_conf *b)
{
	return a->method == b->method && a->key.spi == b->key.spi && a->key.len == b->key.len &&
	       memcmp(a->key.key, b->key.key, a->key.len) == 0 &&
	       a->replay_window == b->replay_window && a->timestamps == b->timestamps;
}

static bool same_uplink(const struct uplink_conf *a, const struct uplink_conf *b)
{
	return strcmp(a->dev, b->dev) == 0 && a->bid == b->bid && a->priority == b->priority &&
	       a->managed == b->managed && a->coa_dad == b->coa_dad && a->table == b->table;
}

static bool same_mnp(const struct mnp_conf *a, const struct mnp_conf *b)
{
	return prefix_eq(&a->prefix, &b->prefix) && a->mode == b->mode &&
	       strcmp(a->dev, b->dev) == 0;
}

static bool same_home(const struct home_conf *a, const struct home_conf *b)
{
	if (!prefix_eq(&a->hoa, &b->hoa) || a->n_ha != b->n_ha || a->discover != b->discover ||
	    a->renumber != b->renumber ||
	    a->n_prefix != b->n_prefix ||
	    memcmp(a->home_agents, b->home_agents, a->n_ha * sizeof(a->home_agents[0])) != 0)
		return false;
	for (size_t i = 0; i < a->n_prefix; i++)
		if (!same_mnp(&a->prefixes[i], &b->prefixes[i]))
			return false;
	return strcmp(a->nai, b->nai) == 0 && same_sec(&a->sec, &b->sec) &&
	       a->lifetime == b->lifetime && a->carrier == b->carrier &&
	       a->gre_key == b->gre_key && a->ipv4_option == b->ipv4_option &&
	       a->link_local == b->link_local && a->table == b->table;
}

static bool same_timers(const struct timers *a, const struct timers *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool same_ro(const struct ro_conf *a, const struct ro_conf *b)
{
	if (a->enabled != b->enabled || a->max_peers != b->max_peers || a->n_policy != b->n_policy)
		return false;
	for (size_t i = 0; i < a->n_policy; i++)
		if (!prefix_eq(&a->policy[i].peer, &b->policy[i].peer) ||
		    a->policy[i].allow != b->policy[i].allow)
			return false;
	return true;
}

static const char *mn_refused(const struct mn_conf *a, const struct mn_conf *b)
{
	if (a->n_uplink != b->n_uplink)
		return "uplinks";
	for (size_t i = 0; i < a->n_uplink; i++)
		if (!same_uplink(&a->uplinks[i], &b->uplinks[i]))
			return "uplinks";
	if (a->n_home != b->n_home)
		return "homes";
	for (size_t i = 0; i < a->n_home; i++)
		if (!same_home(&a->homes[i], &b->homes[i]))
			return "homes";
	if (strcmp(a->home_device, b->home_device) != 0)
		return "home_device";
	if (a->rule_pref != b->rule_pref)
		return "rule_pref";
	if (!same_ro(&a->ro, &b->ro))
		return "route_optimization";
	return same_timers(&a->timers, &b->timers) ? NULL : "timers";
}

static bool same_links(const struct ha_conf *a, const struct ha_conf *b)
{
	if (a->n_link != b->n_link)
		return false;
	for (size_t i = 0; i < a->n_link; i++)
		if (strcmp(a->links[i].dev, b->links[i].dev) != 0 ||
		    !in6_eq(&a->links[i].address, &b->links[i].address))
			return false;
	return true;
}

static const char *ha_refused(const struct ha_conf *a, const struct ha_conf *b)
{
	/* these are in every object of the kernel's tables */
	if (!same_links(a, b))
		return "home_links";
	if (a->tunnel != b->tunnel)
		return "tunnel";
	if (a->carrier != b->carrier)
		return "carrier";
	if (a->flower != b->flower)
		return "ingress_check";
	if (a->table != b->table)
		return "table";
	if (a->announce_table != b->announce_table)
		return "announce_table";
	if (a->metric != b->metric || a->metric_spread != b->metric_spread)
		return "metric";
	return a->home_routes != b->home_routes ? "home_routes" : NULL;
}

static bool same_life(const struct prefix_life *a, const struct prefix_life *b)
{
	return a->decrement && a->valid == b->valid && a->preferred == b->preferred;
}

static struct prefix_life of_link(const struct home_link *l)
{
	return (struct prefix_life){ .valid = l->valid, .preferred = l->preferred,
				     .decrement = l->decrement, .since = l->since };
}

/* As it was: they go on running. */
static double since(const struct home_link *was, const struct prefix_life *p, double now)
{
	for (size_t i = 0; was && i < was->n_life; i++)
		if (prefix_eq(&was->lives[i].prefix, &p->prefix) && same_life(&was->lives[i], p))
			return was->lives[i].since;
	return now;
}

void reload_clocks(struct conf *c, const struct conf *old, double now)
{
	for (size_t i = 0; i < c->ha.n_link; i++) {
		struct home_link *l = &c->ha.links[i];
		const struct home_link *was = old && i < old->ha.n_link ? &old->ha.links[i] : NULL;
		struct prefix_life old_life, life = of_link(l);

		if (was && strcmp(was->dev, l->dev) != 0)
			was = NULL;
		if (was)
			old_life = of_link(was);
		l->since = was && same_life(&old_life, &life) ? was->since : now;
		for (size_t k = 0; k < l->n_life; k++)
			l->lives[k].since = since(was, &l->lives[k], now);
	}
}

const char *reload_refused(const struct conf *a, const struct conf *b)
{
	const char *key = NULL;

	if (a->roles != b->roles)
		return "roles";
	if (strcmp(a->control.socket, b->control.socket) != 0)
		return "control.socket";
	if (strcmp(a->state_dir, b->state_dir) != 0)
		return "state_dir";
	if (memcmp(&a->dialect, &b->dialect, sizeof(a->dialect)) != 0)
		return "ipv4_mnp_option";
	if (a->roles & ROLE_HA)
		key = ha_refused(&a->ha, &b->ha);
	if (!key && a->roles & (ROLE_MN | ROLE_MR))
		key = mn_refused(&a->mn, &b->mn);
	return key;
}
