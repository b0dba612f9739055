/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/cn_rules.h"

#include "base/util.h"
#include "sec/crypto.h"
#include "sec/rr.h"
#include "store/ha_rules.h"

struct decide {
	const struct cn_conf *c;
	const struct nonces *nonces;
	const struct cn_entry *e;
	const struct cn_facts *f;
	const struct cn_rx *rx;
	const struct mh_msg *m;
	double now;
	struct cn_verdict *v;
	const struct nonce *home, *care_of;
	bool leave;			/* it asks for a deletion: the home token alone */
};

static bool drop(struct cn_verdict *v, const char *why)
{
	v->act = CN_DROP;
	v->why = why;
	return false;
}

/* always: whether an acknowledgement was asked for or not. */
static bool refuse(struct cn_verdict *v, uint8_t status, bool always, const char *why)
{
	v->act = CN_REFUSE;
	v->status = status;
	v->answer |= always;
	v->why = why;
	return false;
}

const char *cn_test_refused(const struct cn_rx *rx)
{
	/* RFC 6275 9.4.1, 9.4.2 */
	if (rx->has_hao)
		return "it has a home address option";
	if (!in6_is_unicast_routable(&rx->src))
		return "source is not unicast routable";
	/* 9.1: bindings are with unicast routable addresses */
	return in6_is_unicast_routable(&rx->dst) ? NULL : "sent to a link-local address";
}

unsigned cn_copy_bids(const struct mhopts *from, uint8_t status, struct mhopt_bid *to)
{
	for (unsigned i = 0; i < from->n_bid; i++)
		to[i] = (struct mhopt_bid){ .bid = from->bid[i].bid, .status = status,
					    .prio = from->bid[i].prio, .home = from->bid[i].home };
	return from->n_bid;
}

/* RFC 5648 6.2, 4.3; "ok" for a correspondent: not IPv4. */
static bool bid_ok(const struct mhopt_bid *id)
{
	if (!id->bid || id->malformed)
		return false;
	return !id->coa.family || (id->coa.family == AF_INET6 &&
				   in6_is_unicast_routable(&id->coa.a.in6));
}

void cn_bu_addresses(const struct cn_rx *rx, const struct mh_msg *m, struct in6_addr *hoa,
		     struct in6_addr *coa)
{
	const struct mhopt_bid *id = &m->opt.bid[0];

	*hoa = rx->has_hao ? rx->hao : rx->src;
	if (m->opt.n_bid == 1 && bid_ok(id) && id->coa.family)
		*coa = id->coa.a.in6;
	else
		*coa = m->opt.seen & BIT64(MHOPT_ALT_COA) ? m->opt.alt_coa : rx->src;
}

/* RFC 6275 9.5.1, 9.5.4, 9.3.1, 6.1.7 */
static bool check_addresses(struct decide *d)
{
	const struct cn_rx *rx = d->rx;

	if (!in6_is_unicast_routable(&rx->src))
		return drop(d->v, "source is not unicast routable");
	if (!in6_is_unicast_routable(&d->v->b.key.peer))
		return drop(d->v, "home address is not unicast routable");
	if (!in6_is_unicast_routable(&d->v->path.coa))
		return drop(d->v, "care-of address is not unicast routable");
	if (!in6_is_unicast_routable(&rx->dst))
		return drop(d->v, "sent to a link-local address");
	if (d->f->own_home)
		return drop(d->v, "home address is our own");
	return true;
}

/* RFC 6275 9.5.1, 6.1.8, 10.3.1: nobody could sign what is said here. */
static bool check_home_registration(struct decide *d)
{
	if (!(d->m->bu.flags & BU_H))
		return true;
	if (d->m->opt.seen & BIT64(MHOPT_NONCE_INDICES))
		return drop(d->v, "nonce indices in a home registration");
	if (d->e && d->e->bound)
		return refuse(d->v, BA_TYPE_CHANGE, true, "H differs from the binding's");
	if (d->f->home_agent)
		return drop(d->v, "a home registration is for the home agent");
	return refuse(d->v, BA_NO_HOME_REG, true, "no home agent here");
}

static bool check_options(struct decide *d)
{
	const uint64_t need = BIT64(MHOPT_NONCE_INDICES) | BIT64(MHOPT_BINDING_AUTH);

	if ((d->m->opt.seen & need) == need)
		return true;
	return drop(d->v, "no nonce indices or no binding authorization data");
}

/*
 * RFC 6275 9.5.3: what the mobile node has withdrawn its tokens may not bring back, as
 * whoever has recorded them cannot be told from it.
 */
static bool withdrawn(const struct decide *d)
{
	const struct mhopts *o = &d->m->opt;

	return !d->leave && d->e && cnb_is_withdrawn(&d->e->b, &d->v->path.coa, o->home_nonce,
						     o->coa_nonce);
}

static bool check_nonces(struct decide *d)
{
	const struct mhopts *o = &d->m->opt;

	d->home = nonces_find(d->nonces, o->home_nonce, d->now);
	/* RFC 6275 9.5.1: not inspected where a binding is to be deleted */
	d->care_of = d->leave ? NULL : nonces_find(d->nonces, o->coa_nonce, d->now);
	if (withdrawn(d))
		return refuse(d->v, BA_NONCES, true, "nonces of a binding that was withdrawn");
	if (!d->home && !d->care_of && !d->leave)
		return refuse(d->v, BA_NONCES, true, "both nonces are too old or unknown");
	if (!d->home)
		return refuse(d->v, BA_HOME_NONCE, true, "home nonce is too old or unknown");
	if (!d->care_of && !d->leave)
		return refuse(d->v, BA_COA_NONCE, true, "care-of nonce is too old or unknown");
	return true;
}

/* RFC 6275 5.2.5, 6.2.7: the key is made again from what the message says. */
static bool check_authenticator(struct decide *d)
{
	struct cn_verdict *v = d->v;
	uint64_t home = rr_keygen_token(d->home->kcn, RR_HOME, &v->b.key.peer, d->home->nonce,
					NONCE_LEN), care_of;
	uint8_t mac[RR_MAC_LEN];

	if (d->leave) {
		v->mac_addr = v->b.key.peer;
		rr_kbm_delete(home, v->kbm);
	} else {
		v->mac_addr = v->path.coa;
		care_of = rr_keygen_token(d->care_of->kcn, RR_CARE_OF, &v->path.coa,
					  d->care_of->nonce, NONCE_LEN);
		rr_kbm(home, care_of, v->kbm);
		crypto_wipe(&care_of, sizeof(care_of));
	}
	crypto_wipe(&home, sizeof(home));
	rr_mac(v->kbm, &v->mac_addr, &d->rx->dst, d->rx->buf, d->rx->len, mac);
	v->sign = crypto_equal(mac, d->m->opt.binding_auth.p, RR_MAC_LEN);
	return v->sign || drop(v, "wrong authenticator");
}

static bool check_sequence(struct decide *d)
{
	if (!d->e || seq_newer(d->m->bu.seq, d->e->b.seq))
		return true;
	d->v->answer_seq = d->e->b.seq;
	return refuse(d->v, BA_SEQUENCE, true, "sequence number is not newer than the last one");
}

static bool check_type(struct decide *d)
{
	if (!d->f->home_registered)
		return true;
	return refuse(d->v, BA_TYPE_CHANGE, true, "the home agent has a binding of it");
}

/* RFC 5648 6.2, in its order: what is wrong with the options whatever the cache has. */
static bool check_bids(struct decide *d)
{
	const struct mhopts *o = &d->m->opt;

	if (!o->n_bid)
		return true;
	if (!d->c->multiple_care_of)
		return refuse(d->v, BA_MCOA_PROHIBITED, true,
			      "denied by correspondent.multiple_care_of");
	for (unsigned i = 0; i < o->n_bid; i++)
		if (!bid_ok(&o->bid[i]))
			return refuse(d->v, BA_MCOA_MALFORMED, true,
				      "a Binding Identifier of a wrong length, number or address");
	if (o->n_bid > 1)
		return refuse(d->v, BA_MCOA_BULK, true, "several Binding Identifiers");
	return true;
}

/* RFC 5648 6.2: with a BID that path ends, without one all do. O means nothing here. */
static bool check_leave(struct decide *d)
{
	double ends = nonce_ends(d->nonces, d->home);
	struct cn_verdict *v = d->v;

	/* at home there is nothing to bind */
	if (!d->leave && !in6_eq(&v->path.coa, &v->b.key.peer))
		return true;
	if (v->path.bid && !cnb_path(&v->b, v->path.bid))
		return refuse(v, BA_NOT_HA, true, "no binding of that Binding Identifier");
	if (v->path.bid)
		cnb_cut(&v->b, v->path.bid);
	else
		v->b.n_path = 0;
	v->act = CN_DEREGISTER;
	v->status = BA_ACCEPTED;
	v->b.replay_until = MAX(v->b.replay_until, ends);
	return false;
}

/* RFC 5648 6.2: what the cache has decides. */
static bool check_bid_known(struct decide *d)
{
	const struct cn_verdict *v = d->v;

	if (!v->path.bid)
		return true;
	if (!d->m->opt.bid[0].coa.family && !cnb_path(&v->b, v->path.bid))
		return refuse(d->v, BA_MCOA_UNKNOWN_COA, true,
			      "an unknown Binding Identifier without care-of address");
	if (!mh_bu_overwrite(d->m) && cnb_path(&v->b, 0))
		return refuse(d->v, BA_MCOA_NON_MCOA, true,
			      "there is a binding without Binding Identifier, and O is not set");
	return true;
}

static bool check_permission(struct decide *d)
{
	if (!peer_allowed(d->c->policy, d->c->n_policy, &d->v->b.key.peer))
		return refuse(d->v, BA_PROHIBITED, false, "denied by correspondent.policy");
	if (d->f->own_coa)
		return refuse(d->v, BA_INVALID_COA, false, "care-of address is our own");
	return true;
}

/* RFC 6275 9.5.2, 5.2.6; RFC 5648 6.2: beside those with other BIDs, or instead of all. */
static void grant(struct decide *d)
{
	struct cn_verdict *v = d->v;
	const struct cn_path *old = cnb_path(&v->b, v->path.bid);
	uint32_t most = (uint32_t)MIN((double)d->c->max_lifetime,
				      d->c->timers.max_rr_binding_lifetime);
	double ends = MIN(nonce_ends(d->nonces, d->home), nonce_ends(d->nonces, d->care_of));

	v->path.lifetime = MIN(d->m->bu.lifetime, most);
	v->path.lifetime -= v->path.lifetime % MH_LIFETIME_UNIT;
	v->path.since = old ? old->since : d->now;
	v->path.expires = d->now + v->path.lifetime;
	if (!v->path.bid || mh_bu_overwrite(d->m))
		v->b.n_path = 0;
	if (!cnb_put(&v->b, &v->path)) {
		refuse(v, BA_NO_RESOURCES, true, "no more care-of addresses of one node");
		return;
	}
	v->act = CN_REGISTER;
	v->status = BA_ACCEPTED;
	v->b.replay_until = MAX(v->b.replay_until, ends);
}

/* What the update is about, and what there is of it. */
static void begin(struct decide *d)
{
	struct cn_verdict *v = d->v;
	const struct mhopts *o = &d->m->opt;
	struct in6_addr peer;

	*v = (struct cn_verdict){ .answer_seq = d->m->bu.seq, .answer = d->m->bu.flags & BU_A };
	if (d->e)
		v->b = d->e->b;
	if (!d->e || !d->e->bound)
		v->b.n_path = 0;
	cn_bu_addresses(d->rx, d->m, &peer, &v->path.coa);
	v->b.key = (struct cn_key){ .local = d->rx->dst, .peer = peer };
	/* L and K mean nothing here, and the others are reserved (RFC 6275 6.1.7) */
	v->b.flags = d->m->bu.flags & (BU_A | BU_H);
	v->b.seq = d->m->bu.seq;
	v->path.home_nonce = o->home_nonce;
	v->path.coa_nonce = o->coa_nonce;
	if (o->n_bid) {
		v->path.bid = o->bid[0].bid;
		v->path.prio = o->bid[0].prio;
	}
	v->n_bid = cn_copy_bids(o, 0, v->bid);
	d->leave = !d->m->bu.lifetime;
}

void cn_bu_decide(const struct cn_conf *c, const struct nonces *nonces, const struct cn_entry *e,
		  const struct cn_facts *f, const struct cn_rx *rx, const struct mh_msg *m,
		  double now, struct cn_verdict *v)
{
	static bool (*const step[])(struct decide *) = {
		check_addresses, check_home_registration, check_options, check_nonces,
		check_authenticator, check_sequence, check_type, check_bids, check_leave,
		check_bid_known, check_permission,
	};
	struct decide d = { .c = c, .nonces = nonces, .e = e, .f = f, .rx = rx, .m = m,
			    .now = now, .v = v };

	begin(&d);
	for (size_t i = 0; i < ARRAY_SIZE(step); i++)
		if (!step[i](&d))
			return;
	grant(&d);
}

bool cn_binding_allowed(const struct cn_conf *c, const struct cn_binding *b)
{
	return peer_allowed(c->policy, c->n_policy, &b->key.peer) &&
	       (c->multiple_care_of || cnb_path(b, 0));
}
