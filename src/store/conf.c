/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void timers_default(struct timers *t)
{
	*t = (struct timers){
		/* RFC 6275 12 and 13 */
		.initial_bindack_timeout = 1,
		.initial_bindack_timeout_first = 1.5,
		.max_bindack_timeout = 32,
		.max_update_rate = 3,
		.max_delete_bce_timeout = 10,
		.initial_dhaad_timeout = 3,
		.dhaad_retries = 4,
		.initial_solicit_timer = 3,
		.prefix_adv_timeout = 3,
		.prefix_adv_retries = 3,
		.min_mob_pfx_adv_interval = 600,
		.max_mob_pfx_adv_interval = 86400,
		/* RFC 4862 5.5.3 */
		.min_valid_lifetime = 7200,
		/* RFC 4862 5.1 */
		.dad_retrans = 1,
		.dad_transmits = 1,
		/* ours */
		.probe_interval = 1,
		.probe_failures = 3,
		.max_ro_failure = 3,
		.ro_backoff = 60,
		.ha_backoff = 30,
		.router_probe = 0.1,
		.router_probe_count = 3,
		.ra_lost_factor = 3,
		.rs_interval = 0.25,
		.nonce_interval = 30,
		.max_token_lifetime = 210,
		.max_nonce_lifetime = 240,
		.max_rr_binding_lifetime = 420,
	};
}

bool peer_allowed(const struct peer_policy *p, size_t n, const struct in6_addr *peer)
{
	for (size_t i = 0; i < n; i++)
		if (prefix_contains6(&p[i].peer, peer))
			return p[i].allow;
	return true;
}

static int node_cmp(const void *a, const void *b)
{
	const struct mobile_node *x = a, *y = b;

	return memcmp(&x->hoa, &y->hoa, sizeof(x->hoa));
}

void ha_conf_index(struct ha_conf *c)
{
	for (size_t i = 0; i < c->n_node; i++)
		c->nodes[i].slot = (unsigned)i;
	if (c->n_node)
		qsort(c->nodes, c->n_node, sizeof(*c->nodes), node_cmp);
}

bool ha_conf_indexed(const struct ha_conf *c)
{
	for (size_t i = 1; i < c->n_node; i++)
		if (node_cmp(&c->nodes[i - 1], &c->nodes[i]) >= 0)
			return false;
	return true;
}

/* ---- mobile networks ---- */

static int net_cmp(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int d = memcmp(&x->a.in6, &y->a.in6, sizeof(x->a.in6));

	return d ? d : x->plen - y->plen;
}

/* Prefixes nest or are disjoint: only the outermost are kept, so that one candidate is left. */
int ha_conf_index_nets(struct ha_conf *c)
{
	size_t n = 0, kept = 0;
	struct prefix *v;

	for (size_t i = 0; i < c->n_node; i++)
		n += c->nodes[i].n_prefix;
	v = calloc(n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < c->n_node; i++)
		for (size_t j = 0; j < c->nodes[i].n_prefix; j++)
			if (c->nodes[i].prefixes[j].family == AF_INET6)
				v[n++] = prefix_network(&c->nodes[i].prefixes[j]);
	qsort(v, n, sizeof(*v), net_cmp);
	for (size_t i = 0; i < n; i++)
		if (!kept || !prefix_contains(&v[kept - 1], &v[i]))
			v[kept++] = v[i];
	free(c->nets);
	c->nets = v;
	c->n_net = kept;
	return 0;
}

static bool in_any_network(const struct ha_conf *c, const struct in6_addr *a)
{
	for (size_t i = 0; i < c->n_node; i++)
		for (size_t j = 0; j < c->nodes[i].n_prefix; j++)
			if (prefix_contains6(&c->nodes[i].prefixes[j], a))
				return true;
	return false;
}

bool ha_in_mobile_network(const struct ha_conf *c, const struct in6_addr *a)
{
	size_t low = 0, high = c->n_net;

	if (!c->nets)
		return in_any_network(c, a);
	while (low < high) {		/* the first that begins behind the address */
		size_t mid = low + (high - low) / 2;

		if (memcmp(&c->nets[mid].a.in6, a, sizeof(*a)) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low && prefix_contains6(&c->nets[low - 1], a);
}

const struct mobile_node *ha_node(const struct ha_conf *c, const struct in6_addr *hoa)
{
	const struct mobile_node key = { .hoa = *hoa };

	if (!c->n_node)
		return NULL;
	return bsearch(&key, c->nodes, c->n_node, sizeof(*c->nodes), node_cmp);
}

bool home_has_ipv4(const struct home_conf *h)
{
	for (size_t i = 0; i < h->n_prefix; i++)
		if (h->prefixes[i].prefix.family == AF_INET)
			return true;
	return false;
}

const struct home_conf *mn_conf_default(const struct mn_conf *c, bool ipv4)
{
	const struct home_conf *best = NULL;

	for (size_t i = 0; i < c->n_home; i++) {
		const struct home_conf *h = &c->homes[i];

		if (h->retired || (ipv4 && !home_has_ipv4(h)))
			continue;
		if (!best || (best->deprecated && !h->deprecated) ||
		    (best->deprecated == h->deprecated && h->place < best->place))
			best = h;
	}
	return best;
}
