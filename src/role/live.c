/* SPDX-License-Identifier: BSD-2-Clause */
#include "role/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sec/crypto.h"

static void flows_free(struct flow_conf *f, size_t n)
{
	for (size_t i = 0; f && i < n; i++)
		free(f[i].weights);
	free(f);
}

/* NULL: no memory. */
static struct flow_conf *flows_copy(const struct flow_conf *from, size_t n)
{
	struct flow_conf *f = calloc(n + 1, sizeof(*f));

	for (size_t i = 0; f && i < n; i++) {
		size_t k = from[i].n_weights;

		f[i] = from[i];
		f[i].weights = calloc(k + 1, sizeof(*f[i].weights));
		if (!f[i].weights) {
			flows_free(f, i);
			return NULL;
		}
		if (k)
			memcpy(f[i].weights, from[i].weights, k * sizeof(*f[i].weights));
	}
	return f;
}

int home_conf_copy(struct home_conf *to, const struct home_conf *from)
{
	size_t n = from->n_prefix;
	struct mnp_conf *p = calloc(n + 1, sizeof(*p));
	struct flow_conf *f = flows_copy(from->flows, from->n_flow);

	if (!p || !f) {
		free(p);
		flows_free(f, from->n_flow);
		return -ENOMEM;
	}
	if (n)
		memcpy(p, from->prefixes, n * sizeof(*p));
	*to = *from;
	to->prefixes = p;
	to->flows = f;
	return 0;
}

int home_flows_copy(struct home_conf *to, const struct home_conf *from)
{
	struct flow_conf *f = flows_copy(from->flows, from->n_flow);

	if (!f)
		return -ENOMEM;
	flows_free(to->flows, to->n_flow);
	to->flows = f;
	to->n_flow = from->n_flow;
	return 0;
}

void home_conf_free(struct home_conf *h)
{
	free(h->prefixes);
	flows_free(h->flows, h->n_flow);
	crypto_wipe(h, sizeof(*h));
}

int ro_conf_copy(struct ro_conf *to, const struct ro_conf *from)
{
	struct peer_policy *p = calloc(from->n_policy + 1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	if (from->n_policy)
		memcpy(p, from->policy, from->n_policy * sizeof(*p));
	*to = *from;
	to->policy = p;
	return 0;
}

int live_init(struct live *l, const struct mn_conf *c)
{
	struct mn_conf *m = &l->conf;
	int rc = -ENOMEM;

	l->max_uplink = c->n_uplink + LIVE_MORE_UPLINKS;
	l->max_home = c->n_home + LIVE_MORE_HOMES;
	*m = *c;
	m->ro.policy = NULL;
	m->uplinks = calloc(l->max_uplink, sizeof(*m->uplinks));
	m->homes = calloc(l->max_home, sizeof(*m->homes));
	if (m->uplinks && m->homes)
		rc = ro_conf_copy(&m->ro, &c->ro);
	if (rc == 0 && c->n_uplink)
		memcpy(m->uplinks, c->uplinks, c->n_uplink * sizeof(*c->uplinks));
	for (size_t i = 0; rc == 0 && i < c->n_home; i++)
		rc = home_conf_copy(&m->homes[i], &c->homes[i]);
	if (rc < 0)
		live_free(l);
	return rc;
}

void live_free(struct live *l)
{
	for (size_t i = 0; l->conf.homes && i < l->max_home; i++)
		home_conf_free(&l->conf.homes[i]);
	free(l->conf.homes);
	free(l->conf.uplinks);
	free(l->conf.ro.policy);
	crypto_wipe(l, sizeof(*l));
}

/* ---- uplinks that come and go ---- */

static struct uplink_conf *uplink_of(struct live *l, const char *dev)
{
	for (size_t i = 0; i < l->conf.n_uplink; i++)
		if (strcmp(l->conf.uplinks[i].dev, dev) == 0)
			return &l->conf.uplinks[i];
	return NULL;
}

bool live_uplinks_fit(const struct live *l, const struct mn_conf *to)
{
	size_t left = l->max_uplink - l->conf.n_uplink, need = 0;

	for (size_t i = 0; i < l->conf.n_uplink; i++)
		left += !l->conf.uplinks[i].dev[0];
	for (size_t i = 0; i < to->n_uplink; i++)
		need += !uplink_of((struct live *)l, to->uplinks[i].dev);
	return need <= left;
}

void live_uplinks(struct live *l, const struct mn_conf *to)
{
	for (size_t i = 0; i < l->conf.n_uplink; i++)
		l->conf.uplinks[i].leaving = l->conf.uplinks[i].dev[0];
	for (size_t i = 0; i < to->n_uplink; i++) {
		struct uplink_conf *u = uplink_of(l, to->uplinks[i].dev);

		if (!u)
			u = uplink_of(l, "");
		if (!u && l->conf.n_uplink < l->max_uplink)
			u = &l->conf.uplinks[l->conf.n_uplink++];
		if (u)
			*u = to->uplinks[i];
	}
}
