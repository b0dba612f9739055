/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/conf_check.h"
#include "ctl/conf_flow.h"

#include <stdlib.h>
#include <string.h>

#include "store/nonce.h"

#define PLACE_LEN	512

const config_setting_t *conf_top(const struct conf_ctx *x, const char *key)
{
	size_t i = 0;

	while (i < conf_schema_top.n && strcmp(conf_schema_top.key[i].name, key) != 0)
		i++;
	return i < conf_schema_top.n ? x->top[i] : NULL;
}

const config_setting_t *conf_at(const struct conf_ctx *x, enum conf_src src, size_t i,
				const char *key)
{
	const config_setting_t *s = i < x->src[src].n ? x->src[src].s[i] : NULL;
	const config_setting_t *m = s && key ? config_setting_get_member(s, key) : NULL;

	return m ? m : s;
}

const config_setting_t *conf_at_elem(const struct conf_ctx *x, enum conf_src src, size_t i,
				     const char *key, size_t j)
{
	const config_setting_t *a = conf_at(x, src, i, key);
	const config_setting_t *e = a ? config_setting_get_elem(a, (unsigned)j) : NULL;

	return e ? e : a;
}

void conf_check_some(struct conf_ctx *x, const char *key)
{
	const config_setting_t *s = conf_top(x, key);

	if (!s)
		conf_err(x, NULL, key, "is missing: at least one is needed");
	else if (config_setting_is_list(s) && config_setting_length(s) == 0)
		conf_err(x, s, key, "is empty: at least one is needed");
}

/* ---- nobody's address or prefix is another's ---- */

static int claim_cmp(const void *va, const void *vb)
{
	const struct claim *a = va, *b = vb;
	int d = a->p.family - b->p.family;

	if (!d)
		d = memcmp(&a->p.a, &b->p.a, sizeof(a->p.a));
	if (!d)
		d = a->p.plen - b->p.plen;
	if (!d)
		d = (a->owner > b->owner) - (a->owner < b->owner);
	return d;
}

static const config_setting_t *claim_at(const struct conf_ctx *x, const struct claim *c)
{
	const config_setting_t *e;

	if (c->hoa)
		return conf_at(x, c->src, c->owner, "home_address");
	e = conf_at_elem(x, c->src, c->owner, "prefixes", c->at);
	if (e && config_setting_is_group(e) && config_setting_get_member(e, "prefix"))
		return config_setting_get_member(e, "prefix");
	return e;
}

static void claim_clash(struct conf_ctx *x, const struct claim *outer, const struct claim *c)
{
	const config_setting_t *s = claim_at(x, c);
	char where[PLACE_LEN];

	conf_place(x, claim_at(x, outer), where, sizeof(where));
	if (outer->hoa && c->hoa)
		conf_err(x, s, NULL, "%s is given twice, also in %s", A6(&c->p.a.in6), where);
	else if (prefix_eq(&outer->p, &c->p) && outer->owner == c->owner)
		conf_err(x, s, NULL, "%s is given twice, also in %s", PFX(&c->p), where);
	else if (outer->owner != c->owner && c->hoa)
		conf_err(x, s, NULL, "%s lies in %s, which another has in %s", A6(&c->p.a.in6),
			 PFX(&outer->p), where);
	else if (outer->owner != c->owner)
		conf_err(x, s, NULL, "%s overlaps with %s, which another has in %s", PFX(&c->p),
			 PFX(&outer->p), where);
}

/* Prefixes nest or are disjoint: sorted, each is held against those that are open around it. */
void conf_check_claims(struct conf_ctx *x, struct claim *claim, size_t n)
{
	const struct claim *open[130];		/* a chain of 129 lengths at most, and one equal */
	size_t depth = 0;

	if (n)
		qsort(claim, n, sizeof(*claim), claim_cmp);
	for (size_t i = 0; i < n; i++) {
		while (depth && !prefix_contains(&open[depth - 1]->p, &claim[i].p))
			depth--;
		if (depth)
			claim_clash(x, open[depth - 1], &claim[i]);
		if (!depth || open[depth - 1]->p.plen != claim[i].p.plen)
			open[depth++] = &claim[i];
	}
}

bool conf_claim_add(struct conf_ctx *x, struct claim **v, size_t *n, struct claim c)
{
	struct claim *slot = c.p.family ? conf_grow(x, v, n, sizeof(*slot)) : NULL;

	if (slot)
		*slot = c;
	return slot != NULL;
}

/* ---- home agent ---- */

static bool in_any(const struct prefix *v, size_t n, const struct in6_addr *a)
{
	for (size_t i = 0; i < n; i++) {
		if (prefix_contains6(&v[i], a))
			return true;
	}
	return false;
}

/* A prefix that could not be read may be the one that an address is in: no second error then. */
static bool any_unread(const struct prefix *v, size_t n)
{
	while (n && v[n - 1].family)
		n--;
	return n;
}

static void check_v6(struct conf_ctx *x, const struct prefix *v, size_t n,
		     const config_setting_t *s)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].family == AF_INET)
			conf_err(x, config_setting_get_elem(s, (unsigned)i), NULL,
				 "%s: a home prefix is an IPv6 prefix", PFX(&v[i]));
	}
}

static void check_links(struct conf_ctx *x, const struct ha_conf *h)
{
	char where[PLACE_LEN];

	for (size_t i = 0; i < h->n_link; i++) {
		const struct home_link *l = &h->links[i];

		check_v6(x, l->prefixes, l->n_prefix, conf_at(x, SRC_LINK, i, "prefixes"));
		if (l->n_prefix && !IN6_IS_ADDR_UNSPECIFIED(&l->address) &&
		    !any_unread(l->prefixes, l->n_prefix) &&
		    !in_any(l->prefixes, l->n_prefix, &l->address))
			conf_err(x, conf_at(x, SRC_LINK, i, "address"), NULL,
				 "%s is in none of the link's prefixes", A6(&l->address));
		if (l->preferred > l->valid)
			conf_err(x, conf_at(x, SRC_LINK, i, "preferred_lifetime"), NULL,
				 "%u is more than valid_lifetime", l->preferred);
		for (size_t j = 0; j < i; j++) {
			conf_place(x, conf_at(x, SRC_LINK, j, NULL), where, sizeof(where));
			if (*l->dev && strcmp(l->dev, h->links[j].dev) == 0)
				conf_err(x, conf_at(x, SRC_LINK, i, "device"), NULL,
					 "%s is given twice, also in %s", l->dev, where);
			if (!IN6_IS_ADDR_UNSPECIFIED(&l->address) &&
			    in6_eq(&l->address, &h->links[j].address))
				conf_err(x, conf_at(x, SRC_LINK, i, "address"), NULL,
					 "%s is given twice, also in %s", A6(&l->address), where);
		}
	}
}

/* Links are apart; within a prefix that is on no link they may be (RFC 4887: extended home). */
static void check_home_prefixes(struct conf_ctx *x, const struct ha_conf *h)
{
	const config_setting_t *served = conf_top(x, "served_prefixes");
	struct claim *v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < h->n_link; i++) {
		for (size_t j = 0; j < h->links[i].n_prefix; j++)
			conf_claim_add(x, &v, &n,
				       (struct claim){ .p = h->links[i].prefixes[j],
						       .owner = i,
						       .at = j,
						       .src = SRC_LINK });
	}
	conf_check_claims(x, v, n);
	for (size_t i = 0; i < h->n_served; i++) {
		for (size_t j = 0; j < n; j++) {
			if (h->served[i].family && prefix_contains(&v[j].p, &h->served[i]))
				conf_err(x, served, "served_prefixes",
					 "%s is within %s, which is on a home link",
					 PFX(&h->served[i]), PFX(&v[j].p));
		}
	}
	free(v);
	if (served)
		check_v6(x, h->served, h->n_served, served);
}

static bool is_own(const struct ha_conf *h, const struct in6_addr *a)
{
	for (size_t i = 0; i < h->n_link; i++) {
		if (in6_eq(&h->links[i].address, a))
			return true;
	}
	return h->n_served && in6_eq(&h->virtual_address, a);
}

static bool at_home(const struct ha_conf *h, const struct in6_addr *a)
{
	for (size_t i = 0; i < h->n_link; i++) {
		const struct home_link *l = &h->links[i];

		if (!l->n_prefix || in_any(l->prefixes, l->n_prefix, a) ||
		    any_unread(l->prefixes, l->n_prefix))
			return true;
	}
	return in_any(h->served, h->n_served, a) || any_unread(h->served, h->n_served);
}

/* A mobile network prefix may be cut from home prefixes, but not swallow one, or our address. */
static void check_mnp_at(struct conf_ctx *x, const config_setting_t *s, const struct prefix *p,
			 const struct in6_addr *own, const struct prefix *home, size_t n_home)
{
	if (!IN6_IS_ADDR_UNSPECIFIED(own) && prefix_contains6(p, own)) {
		conf_err(x, s, NULL, "%s contains %s, the home agent's own address", PFX(p),
			 A6(own));
		return;
	}
	for (size_t k = 0; k < n_home; k++) {
		if (home[k].family && prefix_contains(p, &home[k]))
			conf_err(x, s, NULL, "%s contains the home prefix %s", PFX(p),
				 PFX(&home[k]));
	}
}

static void check_mnp(struct conf_ctx *x, const struct ha_conf *h, size_t node, size_t j)
{
	const struct prefix *p = &h->nodes[node].prefixes[j];
	const config_setting_t *s = conf_at_elem(x, SRC_NODE, node, "prefixes", j);

	for (size_t i = 0; i < h->n_link; i++)
		check_mnp_at(x, s, p, &h->links[i].address, h->links[i].prefixes,
			     h->links[i].n_prefix);
	if (h->n_served)
		check_mnp_at(x, s, p, &h->virtual_address, h->served, h->n_served);
}

static void check_node(struct conf_ctx *x, const struct ha_conf *h, size_t i)
{
	const struct mobile_node *n = &h->nodes[i];

	if (!IN6_IS_ADDR_UNSPECIFIED(&n->hoa) && is_own(h, &n->hoa))
		conf_err(x, conf_at(x, SRC_NODE, i, "home_address"), NULL,
			 "%s is the home agent's own address", A6(&n->hoa));
	else if (!IN6_IS_ADDR_UNSPECIFIED(&n->hoa) && !at_home(h, &n->hoa))
		conf_err(x, conf_at(x, SRC_NODE, i, "home_address"), NULL,
			 "%s is in none of the prefixes of %s", A6(&n->hoa),
			 h->n_served ? "home_links and served_prefixes" : "home_links");
	for (size_t j = 0; j < n->n_prefix; j++) {
		if (n->prefixes[j].family)
			check_mnp(x, h, i, j);
	}
	if (n->gre_key && h->carrier != CARRIER_IP6GRE)
		conf_err(x, conf_at(x, SRC_NODE, i, "gre_key"), NULL, "needs carrier = \"ip6gre\"");
	conf_check_flows(x, SRC_NODE, i, n->flows, n->n_flow);
	conf_check_weights(x, i, n->weights, n->n_weight);
}

static void check_nodes(struct conf_ctx *x, struct ha_conf *h)
{
	struct claim *v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < h->n_node; i++) {
		const struct mobile_node *m = &h->nodes[i];

		if (!IN6_IS_ADDR_UNSPECIFIED(&m->hoa))
			conf_claim_add(x, &v, &n,
				       (struct claim){ .p = prefix6(&m->hoa, 128),
						       .hoa = true,
						       .owner = i,
						       .src = SRC_NODE });
		for (size_t j = 0; j < m->n_prefix; j++)
			conf_claim_add(x, &v, &n, (struct claim){ .p = m->prefixes[j], .owner = i,
								  .at = j, .src = SRC_NODE });
		check_node(x, h, i);
	}
	conf_check_claims(x, v, n);
	free(v);
}

/* Its routes lead nowhere: not in a table that forwards. */
static void check_announce_table(struct conf_ctx *x, const struct ha_conf *h)
{
	const config_setting_t *s = conf_top(x, "announce_table");

	if (h->announce_table && h->announce_table == h->table)
		conf_err(x, s, "announce_table", "%u is also table: choose a number that nothing "
			 "else uses, such as 6275", h->announce_table);
	else if (h->announce_table >= 253 && h->announce_table <= 255)
		conf_err(x, s, "announce_table", "table %u is the kernel's: choose a number that "
			 "nothing else uses, such as 6275", h->announce_table);
}

/* Each of its own, and nobody else's. */
static void check_bid_tables(struct conf_ctx *x, const struct ha_conf *h)
{
	const config_setting_t *s = conf_top(x, "bid_table");
	uint32_t lowest = h->mark_mask & -h->mark_mask;

	for (unsigned bid = 1; bid <= h->max_care_of; bid++) {
		uint32_t t = h->bid_table + bid;

		if ((t >= 253 && t <= 255) || t == h->table || t == h->announce_table) {
			conf_err(x, s, "bid_table", "table %u of identifier %u is %s: choose a number"
				 " that leaves %u tables free, such as 8000", t, bid,
				 t == h->table ? "table" : t == h->announce_table ? "announce_table" :
				 "the kernel's", h->max_care_of);
			break;
		}
	}
	if (h->mark_mask && ((h->mark_mask / lowest + 1) & (h->mark_mask / lowest)))
		conf_err(x, conf_top(x, "mark_mask"), "mark_mask", "the bits of 0x%x do not stand"
			 " together: give one run of bits, such as 0xff", h->mark_mask);
	else if (h->mark_mask && h->mark_mask / lowest < h->max_care_of)
		conf_err(x, conf_top(x, "mark_mask"), "mark_mask", "0x%x has no room for the numbers"
			 " 1 to %u (max_care_of)", h->mark_mask, h->max_care_of);
}

static void check_ha(struct conf_ctx *x)
{
	struct ha_conf *h = &x->c->ha;

	if (!h->n_served)
		conf_check_some(x, "home_links");
	if (h->n_served && !h->n_link && IN6_IS_ADDR_UNSPECIFIED(&h->virtual_address))
		conf_err(x, NULL, "virtual_address", "is missing: without home links, "
			 "served_prefixes need it");
	check_links(x, h);
	check_home_prefixes(x, h);
	check_nodes(x, h);
	if (h->refresh_advice >= h->max_lifetime)
		conf_err(x, conf_top(x, "refresh_advice"), "refresh_advice",
			 "%u is not less than max_lifetime, %u", h->refresh_advice,
			 h->max_lifetime);
	check_announce_table(x, h);
	check_bid_tables(x, h);
	if (!h->n_node)
		conf_warn(x, conf_top(x, "mobile_nodes"), "mobile_nodes",
			  "is empty: every registration is refused");
	if (!h->dad)
		conf_warn(x, conf_top(x, "dad"), "dad", "off: a home address that somebody else uses "
			  "is not noticed (RFC 6275 10.3.1)");
}

/* ---- the rest ---- */

static void check_roles(struct conf_ctx *x)
{
	unsigned r = x->c->roles, mobile = r & (ROLE_MN | ROLE_MR);

	if (!r && !conf_top(x, "roles"))
		conf_err(x, NULL, "roles", "is missing: what this node is, such as "
			 "roles = [ \"mr\" ];");
	else if (!r && !x->bad_roles)
		conf_err(x, conf_top(x, "roles"), "roles", "names no role: \"ha\", \"mr\", \"mn\", "
			 "\"cn\"");
	if (mobile == (ROLE_MN | ROLE_MR))
		conf_err(x, conf_top(x, "roles"), "roles",
			 "\"mr\" is \"mn\" with prefixes: name one of them");
	if (mobile && r & ROLE_HA)
		conf_err(x, conf_top(x, "roles"), "roles",
			 "a home agent and a mobile node in one daemon: not in "
			 "this version");
}

static void check_unused(struct conf_ctx *x)
{
	for (size_t i = 0; i < conf_schema_top.n && !x->override && x->c->roles; i++) {
		const struct conf_key *k = &conf_schema_top.key[i];

		if (x->top[i] && k->roles && !(k->roles & x->c->roles))
			conf_warn(x, x->top[i], k->name, "is not used: it is for role \"%s\"",
				  k->roles & ROLE_HA ? "ha" : k->roles & ROLE_CN ? "cn" : "mr");
	}
}

static void check_option_number(struct conf_ctx *x, const char *key, uint8_t n)
{
	/* the pair's usual numbers have the pair's names */
	if (n != MHOPT_IPV4_MNP_DEFAULT && n != MHOPT_IPV4_MNP_STATUS_DEFAULT && mhopt_name(n))
		conf_err(x, conf_top(x, key), key, "%u is the number of the option %s", n,
			 mhopt_name(n));
}

static void check_dialect(struct conf_ctx *x)
{
	const struct mh_dialect *d = &x->c->dialect;

	if (d->ipv4_mnp == d->ipv4_mnp_status)
		conf_err(x, conf_top(x, "ipv4_mnp_status_option"), "ipv4_mnp_status_option",
			 "%u is also ipv4_mnp_option", d->ipv4_mnp);
	check_option_number(x, "ipv4_mnp_option", d->ipv4_mnp);
	check_option_number(x, "ipv4_mnp_status_option", d->ipv4_mnp_status);
}

/* RFC 6275 5.2.7: a token of the last moment of its nonce must live as long as tokens do. */
static void check_nonces(struct conf_ctx *x, const struct timers *t)
{
	if (t->max_nonce_lifetime - t->nonce_interval < t->max_token_lifetime)
		conf_err(x, conf_top(x, "timers"), "timers.nonce_interval",
			 "%g is more than max_nonce_lifetime - max_token_lifetime, %g",
			 t->nonce_interval, t->max_nonce_lifetime - t->max_token_lifetime);
	if (t->max_nonce_lifetime / t->nonce_interval > NONCE_MAX - 1)
		conf_err(x, conf_top(x, "timers"), "timers.nonce_interval",
			 "%g makes more than %d nonces in max_nonce_lifetime, %g",
			 t->nonce_interval, NONCE_MAX - 1, t->max_nonce_lifetime);
}

static void check_common(struct conf_ctx *x)
{
	struct conf *c = x->c;

	if (c->timers.initial_bindack_timeout > c->timers.max_bindack_timeout)
		conf_err(x, conf_top(x, "timers"), "timers.initial_bindack_timeout",
			 "%g is more than max_bindack_timeout, %g",
			 c->timers.initial_bindack_timeout, c->timers.max_bindack_timeout);
	check_nonces(x, &c->timers);
	if (*c->control.socket != '/')
		conf_err(x, conf_top(x, "control"), "control.socket", "\"%s\" is not an absolute path",
			 c->control.socket);
	if (*c->state_dir != '/')
		conf_err(x, conf_top(x, "state_dir"), "state_dir", "\"%s\" is not an absolute path",
			 c->state_dir);
	if (x->n_open)
		conf_warn(x, NULL, "security",
			  "INSECURE: method \"none\" in %u place%s: whoever can "
			  "send a packet can take over home addresses and prefixes",
			  x->n_open, x->n_open == 1 ? "" : "s");
}

static void hand_out(struct conf *c)
{
	bool v4prefix = c->ha.accept_v4prefix;

	c->ha.timers = c->mn.timers = c->cn.timers = c->timers;
	c->ha.flower = c->ingress == KERN_INGRESS_FLOWER;
	c->mn.router = c->roles & ROLE_MR;
	if (v4prefix)
		c->ha.dialect = c->dialect;
	for (size_t i = 0; i < c->mn.n_home; i++) {
		if (c->mn.homes[i].ipv4_option == IPV4_V4PREFIX)
			c->mn.dialect = c->dialect;
	}
	ha_conf_index(&c->ha);
	ha_conf_index_nets(&c->ha);	/* without it, it is only slower */
	snprintf(c->sysctl_file, sizeof(c->sysctl_file), "%s/sysctl.saved", c->state_dir);
}

void conf_finish(struct conf_ctx *x)
{
	if (x->override)
		x->c->roles = x->override;
	check_roles(x);
	check_unused(x);
	check_dialect(x);
	check_common(x);
	if (x->c->roles & ROLE_HA)
		check_ha(x);
	if (x->c->roles & (ROLE_MN | ROLE_MR))
		conf_check_mn(x);
	hand_out(x->c);
}
