/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 5648 6.2, 6.3: the Binding Identifiers of an update at a home agent. Some
 * mistakes fail the message, others only one identifier: then the rest stands, and
 * what was bound for that one stays as it was.
 */
#include "base/util.h"
#include "store/ha_rules_priv.h"

#define refuse		ha_rules_refuse
#define ETH_LEN		6
#define LLA_OF_MN	2		/* RFC 5568 6.4.4: of the mobile node */

unsigned ha_max_care_of(const struct ha_conf *c, const struct mobile_node *n)
{
	unsigned most = n->max_care_of ? n->max_care_of : c->max_care_of;

	return MIN(most, (unsigned)BC_MAX_COA);
}

/* Of one node: frames to it are for nobody else. */
static bool is_unicast(const struct mhopt_bytes *x)
{
	bool zero = true;

	for (unsigned i = 1; i < x->len; i++)
		zero &= !x->p[i];
	return !zero && !(x->len == 1 + ETH_LEN && x->p[1] & 1);
}

/* The option of RFC 5568, which a node on the home link gives us to reach it. */
static void link_address(const struct mhopts *o, struct nd_lladdr *ll)
{
	for (unsigned i = 0; i < o->n_raw; i++) {
		const struct mhopt_bytes *x = &o->raw[i].data;

		if (o->raw[i].type != MHOPT_LLA || x->len < 2 || x->p[0] != LLA_OF_MN ||
		    (size_t)x->len - 1 > sizeof(ll->b) || !is_unicast(x))
			continue;
		ll->len = (uint8_t)(x->len - 1);
		memcpy(ll->b, x->p + 1, ll->len);
	}
}

void ha_bids_copy(const struct mh_msg *m, struct bu_verdict *v)
{
	v->n_bid = m->opt.n_bid;
	for (unsigned i = 0; i < v->n_bid; i++) {
		v->bid[i] = m->opt.bid[i];
		v->bid[i].status = BA_ACCEPTED;	/* RFC 5648 4.3: of an update, ignored */
	}
	v->overwrite = mh_bu_overwrite(m);
	link_address(&m->opt, &v->lladdr);
}

bool ha_bids_home(const struct decide *d)
{
	bool home = false;

	for (unsigned i = 0; i < d->v->n_bid; i++)
		home |= d->v->bid[i].home;
	return home && in6_eq(&d->rx->src, &d->v->b.key.hoa);
}

static bool fail(struct bu_verdict *v, unsigned i, uint8_t status, const char *why)
{
	v->bid[i].status = status;
	v->bid_why[i] = why;
	return false;
}

/* Who names one twice says two things of it; 0 is nobody's. */
static void check_numbers(struct bu_verdict *v)
{
	for (unsigned i = 0; i < v->n_bid; i++) {
		if (!v->bid[i].bid)
			fail(v, i, BA_MCOA_MALFORMED, "binding identifier 0 is reserved");
		for (unsigned j = 0; j < v->n_bid; j++)
			if (i != j && v->bid[i].bid == v->bid[j].bid)
				fail(v, i, BA_MCOA_MALFORMED, "a binding identifier is given twice");
	}
}

bool ha_bids_check(struct decide *d)
{
	struct bu_verdict *v = d->v;

	if (!v->n_bid)
		return true;
	for (unsigned i = 0; i < v->n_bid; i++)
		if (v->bid[i].malformed)
			return refuse(v, BA_MCOA_MALFORMED, "binding identifier of a wrong length");
	/* 5.2 forbids it: nobody could say which of the two addresses counts */
	if (d->m->opt.seen & BIT64(MHOPT_ALT_COA))
		return refuse(v, BA_MCOA_MALFORMED,
			      "alternate care-of address beside a binding identifier");
	if (ha_max_care_of(d->c, v->node) == 1)
		return refuse(v, BA_MCOA_PROHIBITED, "max_care_of is 1");
	if (v->n_bid > 1 && !d->c->bulk_registration)
		return refuse(v, BA_MCOA_BULK, "bulk_registration is off");
	if (v->act == BU_REGISTER && !v->overwrite && binding_of(&d->cur, 0))
		return refuse(v, BA_MCOA_NON_MCOA, "a binding without identifier stands, and O is"
			      " not set");
	check_numbers(v);
	return true;
}

/* ---- the verdict of all ---- */

uint8_t ha_bu_bid_status(const struct bu_verdict *v, unsigned i)
{
	uint8_t status = v->bid[i].status;

	if (v->status == BA_MCOA_NOTCOMPLETE)
		return status;
	/* 6.3: that of a home binding is the identifier's too */
	return v->act != BU_REFUSE && status == BA_MCOA_RETURNHOME ? status : 0;
}

/* 6.2: a status of its own for each only if they are not all the same. */
static void conclude(struct bu_verdict *v)
{
	unsigned failed = 0, same = 0;

	v->status = v->granted;
	for (unsigned i = 0; i < v->n_bid; i++) {
		failed += v->bid[i].status >= BA_UNSPECIFIED;
		same += v->bid[i].status == v->bid[0].status;
		if (v->bid[i].status == BA_MCOA_RETURNHOME)
			v->status = BA_MCOA_RETURNHOME;
	}
	if (failed)
		v->status = BA_MCOA_NOTCOMPLETE;
	if (failed < v->n_bid)
		return;
	refuse(v, same == v->n_bid ? v->bid[0].status : BA_MCOA_NOTCOMPLETE, v->bid_why[0]);
}

bool ha_bu_names(const struct bu_verdict *v, uint16_t bid)
{
	for (unsigned i = 0; i < v->n_bid; i++)
		if (v->bid[i].bid == bid)
			return v->bid[i].status < BA_UNSPECIFIED;
	return !v->n_bid && !bid;
}

void ha_bu_bid_failed(struct bu_verdict *v, uint16_t bid, uint8_t status, const char *why,
		      const struct binding *old)
{
	if (!v->n_bid) {
		refuse(v, status, why);
		return;
	}
	for (unsigned i = 0; i < v->n_bid; i++)
		if (v->bid[i].bid == bid)
			fail(v, i, status, why);
	binding_drop(&v->set, bid);
	if (old && !v->overwrite)
		binding_put(&v->set, old);
	conclude(v);
}

/* ---- one of them ---- */

static const struct bc_entry *entry_of(const struct decide *d, uint16_t bid)
{
	const struct bc_entry *e = d->entry;

	while (e && e->b.key.bid != bid)
		e = e->sibling;
	return e;
}

/* 5.6.3: one at a time. */
static bool home_given(const struct bu_verdict *v, unsigned before)
{
	for (unsigned i = 0; i < before; i++)
		if (v->bid[i].home && v->bid[i].status < BA_UNSPECIFIED)
			return true;
	return false;
}

/* 5.6, 6.3: the address of the binding is the home address. */
static bool judge_home(struct decide *d, unsigned i, const struct binding *old, struct binding *b)
{
	struct bu_verdict *v = d->v;
	const struct mhopt_bid *o = &v->bid[i];
	const struct locator hoa = locator6(&b->key.hoa);

	if (d->c->simultaneous_home == SIMULTANEOUS_NO || !v->link)
		return fail(v, i, BA_MCOA_SIMULTANEOUS, v->link ? "simultaneous_home is \"no\"" :
			    "home address is on no link");
	if (o->coa.family && !locator_eq(&o->coa, &hoa))
		return fail(v, i, BA_MCOA_MALFORMED, "care-of address of a binding at home is not"
			    " the home address");
	if (!o->coa.family && !old)
		return fail(v, i, BA_MCOA_UNKNOWN_COA, "no care-of address, and none is bound");
	if (home_given(v, i))
		return fail(v, i, BA_MCOA_MALFORMED, "a second binding at home");
	b->lladdr = v->lladdr.len || !old || !old->home ? v->lladdr : old->lladdr;
	if (d->c->simultaneous_home == SIMULTANEOUS_PROXY && !b->lladdr.len)
		return fail(v, i, BA_MCOA_SIMULTANEOUS, "no link-layer address of the node, which"
			    " must not answer for its home address");
	b->coa = hoa;
	b->home = (uint8_t)d->c->simultaneous_home;
	if (b->home == SIMULTANEOUS_PROXY)
		v->bid[i].status = BA_MCOA_RETURNHOME;
	return true;
}

static bool in4_is_care_of(struct in_addr a)
{
	uint8_t first = (uint8_t)(ntohl(a.s_addr) >> 24);

	return first != 0 && first != 127 && first < 224;
}

static bool judge_coa(struct decide *d, unsigned i, const struct binding *old, struct binding *b)
{
	struct bu_verdict *v = d->v;
	const struct locator *coa = &v->bid[i].coa;
	const char *why;

	if (!coa->family && !old)
		return fail(v, i, BA_MCOA_UNKNOWN_COA, "no care-of address, and none is bound");
	b->coa = coa->family ? *coa : old->coa;
	if (b->coa.family == AF_INET)
		return in4_is_care_of(b->coa.a.in4) ?
		       fail(v, i, BA_INVALID_COA, "IPv4 care-of addresses are not served") :
		       fail(v, i, BA_MCOA_MALFORMED, "care-of address is not unicast routable");
	if (!in6_is_unicast_routable(&b->coa.a.in6))
		return fail(v, i, BA_MCOA_MALFORMED, "care-of address is not unicast routable");
	why = in6_eq(&b->coa.a.in6, &b->key.hoa) ?
	      "care-of address is the home address, and H is not set" :
	      ha_rules_coa(d, &b->coa.a.in6);
	return !why || fail(v, i, BA_INVALID_COA, why);
}

/* A new one has a place; one that stands keeps its own. */
static bool judge_room(struct decide *d, unsigned i)
{
	struct bu_verdict *v = d->v;
	const struct ha_conf *c = d->c;

	if (binding_of(&v->set, v->bid[i].bid))
		return true;
	if (v->set.n >= ha_max_care_of(c, v->node))
		return fail(v, i, BA_NO_RESOURCES, "as many care-of addresses as max_care_of allows");
	if (c->max_bindings && d->n_bound - d->cur.n + v->set.n >= c->max_bindings)
		return fail(v, i, BA_NO_RESOURCES, "as many bindings as max_bindings allows");
	return true;
}

/* 6.1: that a path is alive only its own packets show. */
static bool heard_there(const struct decide *d, const struct binding *b)
{
	return d->v->n_bid == 1 || in6_eq(&d->rx->src, &b->coa.a.in6);
}

static void drop_homes(struct binding_set *s, uint16_t but)
{
	for (unsigned i = s->n; i-- > 0;)
		if (s->b[i].home && s->b[i].key.bid != but)
			binding_drop(s, s->b[i].key.bid);
}

static void register_one(struct decide *d, unsigned i)
{
	struct bu_verdict *v = d->v;
	const struct mhopt_bid *o = &v->bid[i];
	const struct bc_entry *e = entry_of(d, o->bid);
	const struct binding *old = e && e->state == BC_BOUND ? &e->b : NULL;
	struct binding b = v->b;

	b.key.bid = o->bid;
	b.prio = o->prio;
	if (!(o->home ? judge_home(d, i, old, &b)
		      : judge_coa(d, i, old && !old->home ? old : NULL, &b)))
		return;
	if (o->home)
		drop_homes(&v->set, o->bid);
	if (!judge_room(d, i))
		return;
	ha_rules_fill(d, e, &b);
	if (!heard_there(d, &b))
		b.heard = old ? old->heard : 0;
	binding_put(&v->set, &b);
}

/* What the bindings of a node have in common: the number always, the rest from registrations. */
static void share(struct bu_verdict *v, bool registers)
{
	const struct binding *new = &v->b;

	for (unsigned i = 0; i < v->set.n; i++) {
		struct binding *b = &v->set.b[i];

		b->seq = new->seq;
		if (!registers)
			continue;
		b->flags = new->flags;
		b->local = new->local;
		b->ipv4_options = new->ipv4_options;
		b->n_prefix = new->n_prefix;
		memcpy(b->prefix, new->prefix, sizeof(b->prefix));
	}
}

static bool any_home(const struct bu_verdict *v)
{
	for (unsigned i = 0; i < v->n_bid; i++)
		if (v->bid[i].home)
			return true;
	return false;
}

void ha_bids_register(struct decide *d)
{
	struct bu_verdict *v = d->v;

	if (!v->overwrite)
		v->set = d->cur;
	/* 5.6.5: the node has left the home link */
	if (!any_home(v))
		drop_homes(&v->set, 0);
	for (unsigned i = 0; i < v->n_bid; i++)
		if (v->bid[i].status == BA_ACCEPTED)
			register_one(d, i);
	share(v, true);
	conclude(v);
}

/* 6.2. Care-of addresses and flags but H of the message are not looked at; O is ignored. */
bool ha_bids_deregister(struct decide *d)
{
	struct bu_verdict *v = d->v;

	v->overwrite = false;
	v->set = d->cur;
	for (unsigned i = 0; i < v->n_bid; i++) {
		if (v->bid[i].status != BA_ACCEPTED)
			continue;
		if (entry_of(d, v->bid[i].bid))
			binding_drop(&v->set, v->bid[i].bid);
		else
			fail(v, i, BA_NOT_HA, "no binding with this identifier");
	}
	share(v, false);
	conclude(v);
	return false;
}
