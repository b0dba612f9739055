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

void cn_bu_addresses(const struct cn_rx *rx, const struct mh_msg *m, struct in6_addr *hoa,
		     struct in6_addr *coa)
{
	*hoa = rx->has_hao ? rx->hao : rx->src;
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
	if (!in6_is_unicast_routable(&d->v->b.coa))
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

	return !d->leave && d->e && !d->e->bound && d->e->b.withdrawn &&
	       d->e->b.home_nonce == o->home_nonce && d->e->b.coa_nonce == o->coa_nonce &&
	       in6_eq(&d->e->b.coa, &d->v->b.coa);
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
		v->mac_addr = v->b.coa;
		care_of = rr_keygen_token(d->care_of->kcn, RR_CARE_OF, &v->b.coa,
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

static bool check_leave(struct decide *d)
{
	double ends = nonce_ends(d->nonces, d->home);

	/* at home there is nothing to bind */
	if (!d->leave && !in6_eq(&d->v->b.coa, &d->v->b.key.peer))
		return true;
	d->v->act = CN_DEREGISTER;
	d->v->status = BA_ACCEPTED;
	d->v->b.replay_until = MAX(d->v->b.replay_until, ends);
	return false;
}

static bool check_permission(struct decide *d)
{
	if (!peer_allowed(d->c->policy, d->c->n_policy, &d->v->b.key.peer))
		return refuse(d->v, BA_PROHIBITED, false, "denied by correspondent.policy");
	if (d->f->own_coa)
		return refuse(d->v, BA_INVALID_COA, false, "care-of address is our own");
	return true;
}

/* RFC 6275 9.5.2, 5.2.6 */
static void grant(struct decide *d)
{
	struct cn_binding *b = &d->v->b;
	uint32_t most = (uint32_t)MIN((double)d->c->max_lifetime,
				      d->c->timers.max_rr_binding_lifetime);
	double ends = MIN(nonce_ends(d->nonces, d->home), nonce_ends(d->nonces, d->care_of));

	d->v->act = CN_REGISTER;
	d->v->status = BA_ACCEPTED;
	b->lifetime = MIN(d->m->bu.lifetime, most);
	b->lifetime -= b->lifetime % MH_LIFETIME_UNIT;
	b->since = d->e && d->e->bound ? d->e->b.since : d->now;
	b->expires = d->now + b->lifetime;
	b->replay_until = MAX(b->replay_until, ends);
}

void cn_bu_decide(const struct cn_conf *c, const struct nonces *nonces, const struct cn_entry *e,
		  const struct cn_facts *f, const struct cn_rx *rx, const struct mh_msg *m,
		  double now, struct cn_verdict *v)
{
	static bool (*const step[])(struct decide *) = {
		check_addresses, check_home_registration, check_options, check_nonces,
		check_authenticator, check_sequence, check_type, check_leave, check_permission,
	};
	struct decide d = { .c = c, .nonces = nonces, .e = e, .f = f, .rx = rx, .m = m,
			    .now = now, .v = v };

	*v = (struct cn_verdict){ .answer_seq = m->bu.seq, .answer = m->bu.flags & BU_A };
	cn_bu_addresses(rx, m, &v->b.key.peer, &v->b.coa);
	v->b.key.local = rx->dst;
	/* L and K mean nothing here, and the others are reserved (RFC 6275 6.1.7) */
	v->b.flags = m->bu.flags & (BU_A | BU_H);
	v->b.seq = m->bu.seq;
	v->b.home_nonce = m->opt.home_nonce;
	v->b.coa_nonce = m->opt.coa_nonce;
	v->b.replay_until = e ? e->b.replay_until : 0;
	d.leave = !m->bu.lifetime;
	for (size_t i = 0; i < ARRAY_SIZE(step); i++)
		if (!step[i](&d))
			return;
	grant(&d);
}

bool cn_binding_allowed(const struct cn_conf *c, const struct cn_binding *b)
{
	return peer_allowed(c->policy, c->n_policy, &b->key.peer);
}
