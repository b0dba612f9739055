/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/util.h"
#include "base/weaken.h"
#include "store/ha_rules_priv.h"
#include "store/mpa.h"

#define BU_FLAGS	(BU_A | BU_H | BU_L | BU_K | BU_R)	/* those that a binding keeps */

bool seq_newer(uint16_t seq, uint16_t last)
{
	return (int16_t)(seq - last) > 0;
}

const struct home_link *ha_home_of(const struct ha_conf *c, const struct in6_addr *hoa,
				   bool *served)
{
	*served = false;
	for (size_t i = 0; i < c->n_link; i++)
		for (size_t j = 0; j < c->links[i].n_prefix; j++)
			if (prefix_contains6(&c->links[i].prefixes[j], hoa))
				return &c->links[i];
	for (size_t i = 0; i < c->n_served; i++)
		*served |= prefix_contains6(&c->served[i], hoa);
	return NULL;
}

struct in6_addr ha_own_address(const struct ha_conf *c, const struct home_link *l)
{
	if (l)
		return l->address;
	if (IN6_IS_ADDR_UNSPECIFIED(&c->virtual_address) && c->n_link)
		return c->links[0].address;
	return c->virtual_address;
}

bool ha_rules_refuse(struct bu_verdict *v, uint8_t status, const char *why)
{
	v->act = BU_REFUSE;
	v->status = status;
	v->why = why;
	return false;
}
#define refuse	ha_rules_refuse

/* It ends the judgement, as refuse() does: the steps return what these return. */
static bool drop(struct bu_verdict *v, const char *why)
{
	v->act = BU_DROP;
	v->why = why;
	return false;
}

/*
 * A home address that nobody configured. Nothing can authenticate the message,
 * so nothing may come of it; what remains is which answer helps an honest sender.
 * RFC 4285 5.1.1: with its option but without a security association, discard (the
 * sender could not believe an unsigned answer anyway). RFC 6275 9.5.1: without H
 * this is for a correspondent node, which could not verify it: discard. Else 10.3.1:
 * 132 if the address is on none of our home links; if it is, the operator has not
 * admitted this node, which is 129. 133 is 10.3.2's word for a de-registration of a
 * node that is not bound here, and holds for a node that never can be.
 */
static bool unknown_node(const struct mh_msg *m, bool served, struct bu_verdict *v)
{
	if (m->opt.seen & BIT64(MHOPT_AUTH))
		return drop(v, "authenticated, but the home address is not in mobile_nodes");
	if (!(m->bu.flags & BU_H))
		return drop(v, "no home registration and no binding to compare with");
	if (!v->link && !served)
		return refuse(v, BA_NOT_HOME_SUBNET, "home address in no home prefix");
	if (v->act == BU_DEREGISTER)
		return refuse(v, BA_NOT_HA, "home address is not in mobile_nodes");
	return refuse(v, BA_PROHIBITED, "home address is not in mobile_nodes");
}

static bool identify(const struct ha_conf *c, const struct bu_rx *rx, const struct mh_msg *m,
		     struct bu_verdict *v)
{
	struct in6_addr hoa = rx->has_hao ? rx->hao : rx->src;
	struct in6_addr coa = m->opt.seen & BIT64(MHOPT_ALT_COA) ? m->opt.alt_coa : rx->src;
	bool served;

	*v = (struct bu_verdict){ .answer_seq = m->bu.seq };
	v->b.key.hoa = hoa;
	v->b.coa = locator6(&coa);
	v->b.local = rx->dst;
	v->b.seq = m->bu.seq;
	v->b.flags = m->bu.flags & BU_FLAGS;
	ha_bids_copy(m, v);
	/* RFC 6275 9.5.4 */
	if (IN6_IS_ADDR_MULTICAST(&rx->src) || IN6_IS_ADDR_UNSPECIFIED(&rx->src))
		return drop(v, "source is not a unicast address");
	/* RFC 6275 9.5.1, 9.3.1 */
	if (!in6_is_unicast_routable(&hoa))
		return drop(v, "home address is not unicast routable");
	/* RFC 6275 6.1.7 asks for silence here; 174 is for routable ones that make no sense */
	if (!in6_is_unicast_routable(&coa))
		return drop(v, "care-of address is not unicast routable");
	/* RFC 6275 9.5.1 */
	if (m->bu.flags & BU_H && m->opt.seen & BIT64(MHOPT_NONCE_INDICES))
		return drop(v, "nonce indices in a home registration");
	/* RFC 3963 6.2: a care-of address that is the home address means the same as lifetime 0;
	 * with BIDs the source is none (RFC 5648 6.2) */
	v->act = m->bu.lifetime && (m->opt.n_bid || !in6_eq(&coa, &hoa)) ? BU_REGISTER
									  : BU_DEREGISTER;
	v->node = ha_node(c, &hoa);
	v->link = ha_home_of(c, &hoa, &served);
	if (!v->node)
		return unknown_node(m, served, v);
	return true;
}

void ha_bu_identify(const struct ha_conf *c, const struct bu_rx *rx, const struct mh_msg *m,
		    struct bu_verdict *v)
{
	identify(c, rx, m, v);
}

/*
 * RFC 6275 9.5.1. Without an entry any number is good, but for what 10.3.2 and
 * RFC 4285 5.1 (replay protection by sequence numbers) want remembered.
 */
static bool check_sequence(struct decide *d)
{
	uint16_t last;

	if (d->entry)
		last = d->entry->b.seq;
	else if (d->mem && d->mem->has_seq && d->now < d->mem->seq_until)
		last = d->mem->seq;
	else
		return true;
	if (seq_newer(d->m->bu.seq, last) || weaken("sequence"))
		return true;
	d->v->answer_seq = last;
	if (d->cur.n == 1 && !d->cur.b[0].key.bid && !locator_eq(&d->cur.b[0].coa, &d->v->b.coa))
		return refuse(d->v, BA_SEQUENCE, "sequence number is not newer than the last one, and"
			      " another care-of address is bound: do two nodes have this home"
			      " address?");
	return refuse(d->v, BA_SEQUENCE, "sequence number is not newer than the last one");
}

/* RFC 6275 10.3.1, 6.1.7; RFC 3963 6.2 for prefixes that are on no link. */
static bool check_home(struct decide *d)
{
	struct in6_addr own;
	bool served;

	ha_home_of(d->c, &d->v->b.key.hoa, &served);
	if (!d->v->link && !served)
		return refuse(d->v, BA_NOT_HOME_SUBNET, "home address in no home prefix");
	if (d->v->link && !mpa_life(d->v->link, &d->v->b.key.hoa).valid)
		return refuse(d->v, BA_NOT_HOME_SUBNET, "home prefix is not valid any more");
	own = ha_own_address(d->c, d->v->link);
	if (!in6_eq(&d->rx->dst, &own))
		return refuse(d->v, BA_NOT_HA, "sent to an address that does not serve its home");
	return true;
}

/* RFC 3963 6.2, RFC 6275 9.5.1: the type of a registration. */
static bool check_h(struct decide *d)
{
	uint16_t flags = d->m->bu.flags;

	if (flags & BU_H)
		return true;
	if (flags & BU_R)
		return refuse(d->v, BA_MR_NOT_PERMITTED, "R without H");
	if (d->cur.n)
		return refuse(d->v, BA_TYPE_CHANGE, "H differs from the binding's");
	return drop(d->v, "no home registration and no binding to compare with");
}

/*
 * RFC 6275 10.3.2. An entry that is kept after its de-registration takes another
 * one: the answer to the first was lost. Flags but H, prefixes and care-of address
 * are not looked at (RFC 3963 6.2, 6.7).
 */
static bool deregister(struct decide *d)
{
	d->v->act = BU_DEREGISTER;
	d->v->status = d->v->granted = BA_ACCEPTED;
	if (d->v->n_bid)
		return ha_bids_deregister(d);
	if (!d->entry)
		return refuse(d->v, BA_NOT_HA, "no binding to delete");
	return false;
}

static bool check_type(struct decide *d)
{
	uint16_t flags = d->m->bu.flags;

	if (d->v->act == BU_DEREGISTER)
		return deregister(d);
	/* RFC 6275 10.3.1; only 10.3.2 lets it be left out, and who is at home has no use for it
	 * (RFC 5648 5.6.3) */
	if (!d->rx->has_hao && !ha_bids_home(d))
		return refuse(d->v, BA_UNSPECIFIED, "registration without home address option");
	if (flags & BU_R && !d->v->node->router)
		return refuse(d->v, BA_MR_NOT_PERMITTED, "no prefixes of it in mobile_nodes");
	if (d->cur.n && (d->cur.b[0].flags ^ flags) & BU_R)
		return refuse(d->v, BA_TYPE_CHANGE, "R differs from the binding's");
	return true;
}

/* ---- prefixes ---- */

static bool authorised(const struct mobile_node *n, const struct prefix *p)
{
	for (size_t i = 0; i < n->n_prefix; i++)
		if (prefix_eq(&n->prefixes[i], p))
			return true;
	return weaken("prefix");
}

static bool prefix_add(struct binding *b, const struct prefix *p)
{
	for (unsigned i = 0; i < b->n_prefix; i++)
		if (prefix_eq(&b->prefix[i], p))
			return true;
	if (b->n_prefix == ARRAY_SIZE(b->prefix))
		return false;
	b->prefix[b->n_prefix++] = *p;
	return true;
}

/* What the configuration says, for a family that the message does not list. */
static bool add_configured(struct decide *d, uint8_t family)
{
	const struct mobile_node *n = d->v->node;

	for (size_t i = 0; i < n->n_prefix; i++)
		if (n->prefixes[i].family == family && !prefix_add(&d->v->b, &n->prefixes[i]))
			return refuse(d->v, BA_FORWARDING_FAILED,
				      "more prefixes than a binding can hold");
	return true;
}

/* Which one, and where it is missing. */
static bool refuse_prefix(struct bu_verdict *v, const struct prefix *p)
{
	v->culprit = *p;
	return refuse(v, BA_PREFIX_UNAUTHORIZED, "it is not in prefixes of this node in"
		      " mobile_nodes:");
}

/* Bits beyond the length do not count: RFC 3963 4.3 is silent on them, as RFC 4861 4.6.2 is not. */
static bool add_explicit6(struct decide *d)
{
	const struct mhopts *o = &d->m->opt;

	d->v->explicit6 = o->n_mnp;
	for (unsigned i = 0; i < o->n_mnp; i++)
		if (!o->mnp[i].plen || !in6_is_unicast_routable(&o->mnp[i].a.in6))
			return refuse(d->v, BA_INVALID_PREFIX, "not a unicast prefix");
	for (unsigned i = 0; i < o->n_mnp; i++) {
		struct prefix net = prefix_network(&o->mnp[i]);

		if (!authorised(d->v->node, &net))
			return refuse_prefix(d->v, &net);
		prefix_add(&d->v->b, &net);	/* as many places as options */
	}
	return true;
}

/* An address that a network can have: not 0/8, 127/8, multicast or class E. */
static bool in4_is_unicast(struct in_addr a)
{
	uint8_t first = (uint8_t)(ntohl(a.s_addr) >> 24);

	return first != 0 && first != 127 && first < 224;
}

/* RFC 5555 3.1.1, 4.5. P asks for a prefix not known yet: ignored where it is the node's. */
static uint8_t ipv4_judge(struct decide *d, const struct mhopt_ipv4_hoa *h)
{
	struct prefix asked = prefix4(h->addr, h->plen), net;

	if (!(d->m->bu.flags & BU_R))
		return IPV4_ACK_PROHIBITED;
	if (h->addr.s_addr == INADDR_ANY)	/* dynamic allocation */
		return h->p ? IPV4_ACK_PREFIX_UNAUTHORIZED : IPV4_ACK_NO_DYNAMIC;
	if (!h->plen || h->plen > 32 || !in4_is_unicast(h->addr))
		return IPV4_ACK_INVALID;
	if (h->plen == 32)			/* one address: nobody has one here */
		return IPV4_ACK_INCORRECT;
	net = prefix_network(&asked);
	if (!authorised(d->v->node, &net))
		return IPV4_ACK_PREFIX_UNAUTHORIZED;
	if (!prefix_add(&d->v->b, &net))
		return IPV4_ACK_UNSPECIFIED;
	d->v->b.ipv4_options = true;
	return IPV4_ACK_OK;
}

static void ipv4_ack_set(struct bu_verdict *v, struct mhopt_ipv4_ack *a, uint8_t status,
			 uint8_t plen)
{
	a->status = status;
	/* RFC 5555 3.2.1: the length is 0 in a failure; the draft's answer names the prefix */
	a->plen = status == IPV4_ACK_OK || v->ack_is_v4prefix ? plen : 0;
}

static void ipv4_answer(struct decide *d, const struct mhopt_ipv4_hoa *h)
{
	struct mhopt_ipv4_ack *a = &d->v->ipv4_ack[d->v->n_ipv4_ack++];

	a->addr = h->addr;
	ipv4_ack_set(d->v, a, ipv4_judge(d, h), h->plen);
}

/*
 * Each request has an answer of its own in the encoding of the request and none
 * fails the binding. An encoding that the configuration does not accept is not
 * there, as for a home agent without IPv4. Nobody uses both in one message; if
 * so, the standard one counts.
 */
static void ipv4_requests(struct decide *d)
{
	const struct mhopts *o = &d->m->opt;

	if (d->c->accept_rfc5555 && o->n_ipv4_hoa) {
		for (unsigned i = 0; i < o->n_ipv4_hoa; i++)
			ipv4_answer(d, &o->ipv4_hoa[i]);
		return;
	}
	d->v->ack_is_v4prefix = d->c->accept_v4prefix && o->n_ipv4_mnp;
	for (unsigned i = 0; d->v->ack_is_v4prefix && i < o->n_ipv4_mnp; i++) {
		const struct prefix *p = &o->ipv4_mnp[i];
		const struct mhopt_ipv4_hoa h = { p->plen, true, p->a.in4 };

		ipv4_answer(d, &h);
	}
}

/* RFC 3963 6.2; IPv4: static prefixes need no option (seed paper, section 5). */
static bool check_prefixes(struct decide *d)
{
	const struct mhopts *o = &d->m->opt;

	/* RFC 3963 4.1: nothing is forwarded for a network without R */
	if (d->m->bu.flags & BU_R) {
		if (o->n_mnp ? !add_explicit6(d) : !add_configured(d, AF_INET6))
			return false;
		if (d->v->node->ipv4_static && !add_configured(d, AF_INET))
			return false;
	}
	ipv4_requests(d);
	if (d->m->bu.flags & BU_R && !d->v->b.n_prefix && !d->v->n_ipv4_ack)
		return refuse(d->v, BA_FORWARDING_FAILED, "no prefix listed and none configured");
	return true;
}

/* ---- care-of address, resources, lifetime ---- */

/* Routable, but no place where this node can be. Circles of several nodes: bc_circular(). */
const char *ha_rules_coa(const struct decide *d, const struct in6_addr *coa)
{
	const struct mobile_node *n = d->v->node;
	bool own = in6_eq(coa, &d->c->virtual_address), served;

	for (size_t i = 0; i < d->c->n_link; i++)
		own |= in6_eq(coa, &d->c->links[i].address);
	if (own)
		return "care-of address is the home agent's";
	for (size_t i = 0; i < n->n_prefix; i++)
		if (prefix_contains6(&n->prefixes[i], coa))
			return "care-of address in the node's own network";
	if (!ha_home_of(d->c, coa, &served) && served && !ha_in_mobile_network(d->c, coa))
		return "care-of address in a home prefix that is on no link";
	return NULL;
}

static bool check_coa(struct decide *d)
{
	const char *why = d->v->n_bid ? NULL : ha_rules_coa(d, &d->v->b.coa.a.in6);

	return !why || refuse(d->v, BA_INVALID_COA, why);
}

static uint32_t in_units(uint32_t seconds)
{
	return seconds - seconds % MH_LIFETIME_UNIT;
}

/* RFC 6275 10.6.4: nobody uses a home address that is not valid any more. */
static bool check_prefix_valid(struct decide *d)
{
	if (in_units(mpa_valid(d->v->link, &d->v->b.key.hoa, d->now)))
		return true;
	return refuse(d->v, BA_NOT_HOME_SUBNET, "the home prefix is not valid any more");
}

/* Each BID is held against it by itself. */
static bool check_resources(struct decide *d)
{
	if (d->cur.n || d->v->n_bid || !d->c->max_bindings || d->n_bound < d->c->max_bindings)
		return true;
	return refuse(d->v, BA_NO_RESOURCES, "as many bindings as max_bindings allows");
}

/* RFC 6275 10.3.1: never more than asked for or than the home prefix has left. */
static uint32_t lifetime(const struct decide *d)
{
	uint32_t most = d->v->node->max_lifetime ? d->v->node->max_lifetime : d->c->max_lifetime;
	uint32_t valid = mpa_valid(d->v->link, &d->v->b.key.hoa, d->now);

	return in_units(MIN(MIN(d->m->bu.lifetime, most), valid));
}

/* RFC 6275 10.3.1: deprecated before the binding ends, or invalid when it ends. */
static bool prefix_ends(const struct decide *d, uint32_t granted)
{
	const struct in6_addr *hoa = &d->v->b.key.hoa;

	return in_units(mpa_preferred(d->v->link, hoa, d->now)) < granted ||
	       in_units(mpa_valid(d->v->link, hoa, d->now)) <= granted;
}

void ha_rules_fill(const struct decide *d, const struct bc_entry *e, struct binding *b)
{
	bool bound = e && e->state == BC_BOUND;

	b->since = bound ? e->b.since : d->now;
	b->epoch = e ? e->b.epoch + 1 : 1;
	b->heard = d->now;
}

/* RFC 5648 6.2: without a BID it replaces all, which ended up in d->entry's list. */
static void grant_one(struct decide *d)
{
	const struct bc_entry *e = d->entry && !d->entry->b.key.bid ? d->entry : NULL;

	ha_rules_fill(d, e, &d->v->b);
	binding_put(&d->v->set, &d->v->b);
}

static bool at_home(const struct binding_set *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->b[i].home)
			return true;
	return false;
}

static void grant(struct decide *d)
{
	struct bu_verdict *v = d->v;
	struct binding *b = &v->b;
	bool dad = d->c->dad && v->link && !weaken("dad");

	v->act = BU_REGISTER;
	b->lifetime = lifetime(d);
	v->granted = prefix_ends(d, b->lifetime) ? BA_PREFIX_DISCOVERY : BA_ACCEPTED;
	v->status = v->granted;
	b->expires = d->now + b->lifetime;
	b->slot = d->cur.n ? d->cur.b[0].slot : v->node->slot;
	if (v->n_bid)
		ha_bids_register(d);
	else
		grant_one(d);
	/* RFC 6275 10.3.1: with a binding the address is defended already; on the home link it may
	 * be the node's that is found */
	dad &= !at_home(&v->set);
	v->need_dad = dad && !d->cur.n;
	v->need_dad_ll = dad && b->flags & BU_L && !(d->cur.n && d->cur.b[0].flags & BU_L);
}

void ha_bu_decide(const struct ha_conf *c, const struct bc_entry *entry,
		  const struct bc_memory *mem, size_t bound, const struct bu_rx *rx,
		  const struct mh_msg *m, double now, struct bu_verdict *v)
{
	static bool (*const step[])(struct decide *) = {
		check_sequence, check_home, check_h, ha_bids_check, check_type, check_prefixes,
		check_coa, check_prefix_valid, check_resources,
	};
	struct decide d = { .c = c, .entry = entry, .mem = mem, .n_bound = bound, .rx = rx,
			    .m = m, .now = now, .v = v };

	for (const struct bc_entry *e = entry; e; e = e->sibling)
		if (e->state == BC_BOUND)
			binding_put(&d.cur, &e->b);
	if (!identify(c, rx, m, v))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(step); i++)
		if (!step[i](&d))
			return;
	grant(&d);
}

/* ---- a binding against the kernel and against another configuration ---- */

static void prefix_remove(struct binding *b, const struct prefix *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->n_prefix; i++)
		if (!prefix_eq(&b->prefix[i], p))
			b->prefix[n++] = b->prefix[i];
	b->n_prefix = (uint8_t)n;
}

bool ha_bu_apply_failed(struct bu_verdict *v, const struct prefix *culprit)
{
	bool answered = false;

	if (!culprit)
		return refuse(v, BA_NO_RESOURCES, "the kernel refused the binding");
	for (unsigned i = 0; culprit->family == AF_INET && i < v->n_ipv4_ack; i++) {
		struct mhopt_ipv4_ack *a = &v->ipv4_ack[i];
		struct prefix asked = prefix4(a->addr, a->plen);

		if (a->status != IPV4_ACK_OK || !prefix_same_net(&asked, culprit))
			continue;
		ipv4_ack_set(v, a, IPV4_ACK_UNSPECIFIED, a->plen);
		answered = true;
	}
	if (answered) {
		prefix_remove(&v->b, culprit);
		for (unsigned i = 0; i < v->set.n; i++)
			prefix_remove(&v->set.b[i], culprit);
		return true;
	}
	/* RFC 3963 6.2: all that were listed or none; 6.6: 143 belongs to the implicit mode */
	return refuse(v, culprit->family == AF_INET6 && v->explicit6 ? BA_INVALID_PREFIX
								     : BA_FORWARDING_FAILED,
		      "the kernel refused a prefix");
}

bool ha_binding_allowed(const struct ha_conf *c, const struct binding *b, const char **why)
{
	const struct mobile_node *n = ha_node(c, &b->key.hoa);
	bool served;
	const struct home_link *l = ha_home_of(c, &b->key.hoa, &served);
	struct in6_addr own = ha_own_address(c, l);

	*why = NULL;
	if (!n)
		*why = "node is not configured any more";
	else if ((!l && !served) || !in6_eq(&own, &b->local))
		*why = "home link changed";
	else if (b->flags & BU_R && !n->router)
		*why = "node is not a mobile router any more";
	else if (b->key.bid && ha_max_care_of(c, n) == 1)
		*why = "several care-of addresses are not allowed any more";
	else if (b->home && (b->home != c->simultaneous_home || !l))
		*why = "simultaneous_home changed";
	for (unsigned i = 0; !*why && i < b->n_prefix; i++) {
		if (!authorised(n, &b->prefix[i]))
			*why = "prefix is not the node's any more";
		else if (b->prefix[i].family == AF_INET && !b->ipv4_options && !n->ipv4_static)
			*why = "IPv4 prefix is not static any more";
	}
	return !*why;
}
