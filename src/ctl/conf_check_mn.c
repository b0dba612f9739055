/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobile nodes and routers: what takes more than one key to judge. */
#include <stdlib.h>
#include <string.h>

#include "ctl/conf_check.h"
#include "ctl/conf_flow.h"

static bool bid_has_table(const struct mn_conf *m, uint32_t t)
{
	for (size_t h = 0; h < m->n_home; h++)
		for (size_t i = 0; i < m->n_uplink; i++) {
			uint32_t of = m->bid_table + (uint32_t)h * 0x10000 + m->uplinks[i].bid;

			if (m->uplinks[i].bid && (t == of || t == of + 0x8000))
				return true;
		}
	return false;
}

static void check_tables(struct conf_ctx *x, const struct mn_conf *m)
{
	size_t all = m->n_uplink + m->n_home;

	for (size_t i = 0; i < all; i++) {
		bool up = i < m->n_uplink;
		size_t k = up ? i : i - m->n_uplink;
		uint32_t t = up ? m->uplinks[k].table : m->homes[k].table;
		const config_setting_t *s = conf_at(x, up ? SRC_UPLINK : SRC_HOME, k, "table");

		if (t >= 253 && t <= 255)
			conf_err(x, s, NULL, "table %u is the kernel's", t);
		if (bid_has_table(m, t))
			conf_err(x, s, NULL, "table %u is that of a BID (uplink_bid_table)", t);
		for (size_t j = 0; j < i; j++) {
			if (t == (j < m->n_uplink ? m->uplinks[j].table
						  : m->homes[j - m->n_uplink].table))
				conf_err(x, s, NULL, "table %u is used twice", t);
		}
	}
}

/* RFC 5648: with BIDs all of them are registered, so one without would have no place. */
static void check_bids(struct conf_ctx *x, const struct mn_conf *m)
{
	uint32_t mask = m->mark_mask, max = mask ? mask >> __builtin_ctz(mask) : UINT32_MAX;
	size_t n = 0;

	if (mask && max & (max + 1))
		conf_err(x, conf_top(x, "uplink_mark_mask"), "uplink_mark_mask",
			 "the bits of 0x%x do not stand together: give one run of bits, such as"
			 " 0xff", mask);
	for (size_t i = 0; i < m->n_uplink; i++)
		n += m->uplinks[i].bid != 0;
	for (size_t i = 0; n && i < m->n_uplink; i++) {
		const struct uplink_conf *u = &m->uplinks[i];

		if (!u->bid)
			conf_err(x, conf_at(x, SRC_UPLINK, i, NULL), "uplinks.bid",
				 "is missing: either all uplinks have one, or none has");
		else if (u->bid > max)
			conf_err(x, conf_at(x, SRC_UPLINK, i, "bid"), NULL,
				 "%u does not fit into uplink_mark_mask 0x%x", u->bid, mask);
	}
	if (n > CONF_BIDS)
		conf_err(x, conf_at(x, SRC_UPLINK, CONF_BIDS, NULL), "uplinks.bid",
			 "more than %d: a message has no room", CONF_BIDS);
}

static void check_uplinks(struct conf_ctx *x, const struct mn_conf *m)
{
	for (size_t i = 0; i < m->n_uplink; i++) {
		const struct uplink_conf *u = &m->uplinks[i];

		if (!u->bid && conf_at(x, SRC_UPLINK, i, "probe") != conf_at(x, SRC_UPLINK, i, NULL))
			conf_err(x, conf_at(x, SRC_UPLINK, i, "probe"), NULL,
				 "needs bid (timers.probe_interval is for uplinks without)");
		if (strcmp(u->dev, m->home_device) == 0)
			conf_err(x, conf_at(x, SRC_UPLINK, i, "device"), NULL, "%s is home_device",
				 u->dev);
		for (size_t j = 0; j < i; j++) {
			if (*u->dev && strcmp(u->dev, m->uplinks[j].dev) == 0)
				conf_err(x, conf_at(x, SRC_UPLINK, i, "device"), NULL,
					 "%s is given twice", u->dev);
			if (u->bid && u->bid == m->uplinks[j].bid)
				conf_err(x, conf_at(x, SRC_UPLINK, i, "bid"), NULL,
					 "%u is given twice", u->bid);
		}
	}
}

static bool is_uplink(const struct mn_conf *m, const char *dev)
{
	for (size_t i = 0; i < m->n_uplink; i++) {
		if (strcmp(m->uplinks[i].dev, dev) == 0)
			return true;
	}
	return false;
}

static void check_home_mnps(struct conf_ctx *x, const struct mn_conf *m, size_t home)
{
	const struct home_conf *h = &m->homes[home];
	size_t explicit6 = 0, implicit6 = 0, explicit4 = 0;

	for (size_t j = 0; j < h->n_prefix; j++) {
		const struct mnp_conf *p = &h->prefixes[j];
		const config_setting_t *s = conf_at_elem(x, SRC_HOME, home, "prefixes", j);

		explicit6 += p->prefix.family == AF_INET6 && p->mode == PREFIX_EXPLICIT;
		implicit6 += p->prefix.family == AF_INET6 && p->mode == PREFIX_IMPLICIT;
		explicit4 += p->prefix.family == AF_INET && p->mode == PREFIX_EXPLICIT;
		if (*p->dev && (is_uplink(m, p->dev) || strcmp(p->dev, m->home_device) == 0))
			conf_err(x, config_setting_get_member(s, "device"), NULL,
				 "%s is %s: a mobile network has a device of its own", p->dev,
				 is_uplink(m, p->dev) ? "an uplink" : "home_device");
		if (h->hoa.family && h->hoa.plen < 128 && p->prefix.family &&
		    p->prefix.plen <= h->hoa.plen && prefix_overlaps(&p->prefix, &h->hoa))
			conf_err(x, s, NULL, "%s contains the home prefix of %s", PFX(&p->prefix),
				 PFX(&h->hoa));
	}
	/* RFC 3963 5.2: one or the other in one registration */
	if (explicit6 && implicit6)
		conf_err(x, conf_at(x, SRC_HOME, home, "prefixes"), NULL,
			 "explicit and implicit IPv6 prefixes are mixed");
	if (explicit6 > MHOPT_MAX_MNP || explicit4 > MHOPT_MAX_MNP)
		conf_err(x, conf_at(x, SRC_HOME, home, "prefixes"), NULL,
			 "more than %d explicit prefixes of one family", MHOPT_MAX_MNP);
}

/* The mobile network that an address is in; NULL: in none. */
static const struct prefix *behind_us(const struct mn_conf *m, const struct in6_addr *a)
{
	for (size_t i = 0; i < m->n_home; i++) {
		for (size_t j = 0; j < m->homes[i].n_prefix; j++) {
			if (prefix_contains6(&m->homes[i].prefixes[j].prefix, a))
				return &m->homes[i].prefixes[j].prefix;
		}
	}
	return NULL;
}

static void check_home(struct conf_ctx *x, const struct mn_conf *m, size_t i)
{
	const struct home_conf *h = &m->homes[i];
	const struct in6_addr anycast = in6_home_agents(&h->hoa);

	for (size_t j = 0; j < h->n_ha; j++) {
		const struct in6_addr *a = &h->home_agents[j];
		const struct prefix *p = behind_us(m, a);

		if (h->hoa.family && in6_eq(a, &h->hoa.a.in6))
			conf_err(x, conf_at(x, SRC_HOME, i, "home_agent"), NULL,
				 "%s is the home address", A6(a));
		else if (p)
			conf_err(x, conf_at(x, SRC_HOME, i, "home_agent"), NULL,
				 "%s is in our own mobile network %s", A6(a), PFX(p));
	}
	if (h->discover && h->hoa.family && IN6_IS_ADDR_UNSPECIFIED(&anycast))
		conf_err(x, conf_at(x, SRC_HOME, i, "home_agent"), NULL,
			 "discovery needs a home prefix of at most 121 bits");
	if (h->gre_key && h->carrier != CARRIER_IP6GRE)
		conf_err(x, conf_at(x, SRC_HOME, i, "gre_key"), NULL, "needs carrier = \"ip6gre\"");
	check_home_mnps(x, m, i);
	conf_check_home_flows(x, m, i);
}

void conf_check_mn(struct conf_ctx *x)
{
	struct mn_conf *m = &x->c->mn;
	struct claim *v = NULL;
	size_t n = 0, mnps = 0;

	for (size_t i = 0; i < m->n_uplink; i++) {
		struct uplink_conf *u = &m->uplinks[i];

		u->place = (unsigned)i;
		u->table = u->table ?: (uint32_t)(CONF_UPLINK_TABLE + i);
	}
	for (size_t i = 0; i < m->n_home; i++) {
		struct home_conf *h = &m->homes[i];

		h->place = (unsigned)i;
		h->table = h->table ?: (uint32_t)(CONF_HOME_TABLE + i);
		if (h->hoa.family)
			conf_claim_add(x, &v, &n, (struct claim){ .p = prefix6(&h->hoa.a.in6, 128),
								  .hoa = true, .owner = i,
								  .src = SRC_HOME });
		for (size_t j = 0; j < h->n_prefix; j++)
			conf_claim_add(x, &v, &n, (struct claim){ .p = h->prefixes[j].prefix, .owner = i,
								  .at = j, .src = SRC_HOME });
		mnps += h->n_prefix;
		check_home(x, m, i);
	}
	conf_check_claims(x, v, n);
	free(v);
	conf_check_some(x, "uplinks");
	conf_check_some(x, "homes");
	check_uplinks(x, m);
	check_bids(x, m);
	check_tables(x, m);
	if (x->c->roles & ROLE_MR && m->n_home && !mnps)
		conf_err(x, conf_at(x, SRC_HOME, 0, NULL), "homes.prefixes",
			 "is missing: a mobile router has prefixes (role \"mn\" has none)");
	if (!(x->c->roles & ROLE_MR) && mnps)
		conf_err(x, conf_at(x, SRC_HOME, 0, "prefixes"), "homes.prefixes",
			 "only a mobile router has prefixes: role \"mr\"");
}
