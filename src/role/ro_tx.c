/* SPDX-License-Identifier: BSD-2-Clause */
/* Home Test Init, Care-of Test Init and Binding Updates to peers (RFC 6275 5.2.5, 6.2.7, 11.6.1,
 * 11.7.2). */
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"
#include "role/ro.h"
#include "sec/crypto.h"

static void failed(struct ro_entry *e, const char *what, int rc)
{
	log_rl(&e->h->mn->ro.rl, "ro", "%s: %s to %s: %s", A6(&e->key.hoa), what, A6(&e->key.peer),
	       strerror(-rc));
}

/* A care-of address is that of one uplink: of the home's, unless there are several. */
static int uplink_at(const struct ro_entry *e, const struct in6_addr *coa)
{
	const struct mn *mn = e->h->mn;
	const struct klink *l;
	const char *dev = mn_dev(e->h);

	for (unsigned i = 0; i < mn->n_uplink; i++)
		if (in6_eq(&mn->uplink[i].coa, coa) && !mn->uplink[i].gone)
			dev = mn->uplink[i].conf->dev;
	l = kern_link(mn->env.kern, dev);
	return l ? l->ifindex : 0;
}

/* RFC 5648 4.3; coa: in an update. The preferred one is always first at the peer, too. */
static void add_bid(const struct ro_entry *e, uint16_t bid, uint8_t prio,
		    const struct in6_addr *coa, struct mhopts *o)
{
	if (!bid || e->ro.plain)
		return;
	o->bid[0] = (struct mhopt_bid){ .bid = bid, .prio = prio };
	if (coa)
		o->bid[0].coa = locator6(coa);
	o->n_bid = 1;
}

/* 11.6.1, wire.md 7: neither has a home address option. */
static void send_test(struct ro_entry *e, struct mh_msg *m, const struct in6_addr *src, int ifindex)
{
	uint8_t buf[MH_MAX_LEN];
	struct mh_tx tx = { .src = *src, .dst = e->key.peer, .ifindex = ifindex, .buf = buf };
	ssize_t n = mh_build(m, &e->h->mn->conf->dialect, buf, sizeof(buf), NULL);
	int rc;

	if (n < 0) {
		failed(e, mh_type_str(m->type), (int)n);
		return;
	}
	tx.len = (size_t)n;
	rc = mhsock_send(e->h->mn->env.mh, &tx);
	if (rc < 0)
		failed(e, mh_type_str(m->type), rc);
	if (m->type == MH_HOTI)
		e->h->mn->stats.hoti++;
	else
		e->h->mn->stats.coti++;
}

void ro_send_test(struct ro_entry *e, enum ro_msg kind)
{
	bool home = kind == RO_HOTI;
	struct mh_msg m = { .type = home ? MH_HOTI : MH_COTI };

	m.ti.cookie = home ? e->ro.home.cookie : e->ro.care.cookie;
	if (!home)
		add_bid(e, e->ro.bid, RO_PRIO, NULL, &m.opt);
	send_test(e, &m, home ? &e->key.hoa : &e->ro.coa, home ? 0 : uplink_at(e, &e->ro.coa));
}

void ro_send_others(struct ro_entry *e)
{
	for (unsigned i = 0; i < e->ro.n_other; i++) {
		struct ro_other *o = &e->ro.other[i];
		struct mh_msg m = { .type = MH_COTI };

		if (!o->ask)
			continue;
		o->ask = false;
		m.ti.cookie = o->care.cookie;
		add_bid(e, o->bid, o->prio, NULL, &m.opt);
		send_test(e, &m, &o->coa, uplink_at(e, &o->coa));
	}
}

/* 5.2.6. A Binding Update that deletes registers the home address, by the home token alone. */
static void key(struct ro_entry *e, const struct ro_test *care, const struct in6_addr *coa)
{
	if (care)
		rr_kbm(e->ro.home.token, care->token, e->kbm);
	else
		rr_kbm_delete(e->ro.home.token, e->kbm);
	e->bu_coa = care ? *coa : e->key.hoa;
}

void ro_send_bu(struct ro_entry *e)
{
	struct ro_env env = ro_env_of(e);
	const struct ro_other *o = ro_about(&e->ro);
	const struct ro_test *care = o ? &o->care : &e->ro.care;
	const struct in6_addr *coa = o ? &o->coa : &e->ro.coa;
	bool del = e->ro.state == RO_DELETE, at_home = env.where == RO_HOME;
	struct mh_msg m = { .type = MH_BU };
	uint8_t buf[MH_MAX_LEN];
	struct mh_tx tx = { .src = at_home ? e->key.hoa : o ? o->coa : env.coa, .dst = e->key.peer,
			    .has_hao = !at_home, .hao = e->key.hoa, .buf = buf };
	size_t mac_at = 0;
	ssize_t n;
	int rc;

	m.bu.seq = e->ro.seq;
	m.bu.flags = BU_A;		/* data must not go before the peer can take them */
	m.bu.lifetime = e->ro.asked;
	m.opt.seen = BIT64(MHOPT_NONCE_INDICES) | BIT64(MHOPT_BINDING_AUTH);
	m.opt.home_nonce = e->ro.home.index;
	m.opt.coa_nonce = del ? 0 : care->index;
	if (!del)		/* which deletes all: without BID (5.4) */
		add_bid(e, o ? o->bid : e->ro.bid, o ? o->prio : RO_PRIO, coa, &m.opt);
	if (m.opt.n_bid && !o && e->ro.overwrite)
		m.bu.flags |= BU_O;
	key(e, del ? NULL : care, coa);
	e->bu_src = tx.src;
	n = mh_build(&m, &e->h->mn->conf->dialect, buf, sizeof(buf), &mac_at);
	if (n < 0) {
		failed(e, "BU", (int)n);
		return;
	}
	rr_mac(e->kbm, &e->bu_coa, &e->key.peer, buf, (size_t)n, buf + mac_at);
	tx.len = (size_t)n;
	if (!at_home)
		tx.ifindex = uplink_at(e, &tx.src);
	rc = mhsock_send(e->h->mn->env.mh, &tx);
	if (rc < 0)
		failed(e, "BU", rc);
	e->h->mn->stats.ro_bu++;
	log_info("ro", "%s: BU to %s coa=%s seq=%u lifetime=%us", A6(&e->key.hoa), A6(&e->key.peer),
		 A6(&e->bu_coa), e->ro.seq, e->ro.asked);
}
