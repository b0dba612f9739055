/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What peers say: Home Test, Care-of Test (RFC 6275 11.6.2), acknowledgements (11.7.3),
 * refresh requests (11.7.4), Binding Errors (11.3.6) and ICMPv6 errors (11.3.5). What is
 * not about an entry is nobody's here; none of these makes one.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "base/weaken.h"
#include "role/mn_priv.h"
#include "role/ro.h"
#include "sec/crypto.h"

#define DOUBT	0.2	/* seconds in which the peer may show that it has the binding */

/* ---- tests ---- */

static void ignored(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m, const char *why)
{
	mn->stats.ro_unexpected++;
	log_debug("ro", "%s from %s to %s ignored: %s", mh_type_str(m->type), A6(&rx->src),
		  A6(&rx->dst), why);
}

static bool by_tunnel(const struct ro_entry *e, const struct mh_rx *rx)
{
	const struct klink *l = kern_link_by_index(e->h->mn->env.kern, rx->ifindex);
	const struct mn_home *h = e->h;

	if (!l)
		return false;
	/* by whichever path the home agent prefers just now (RFC 5648 9.3.1) */
	for (unsigned i = 0; i < BUL_PATHS; i++)
		if (h->path[i].dev[0] && strcmp(l->name, h->path[i].dev) == 0)
			return true;
	return h->tunnel[0] && strcmp(l->name, h->tunnel) == 0;
}

/* The other path that the test is of; RO_OTHERS: none. */
static unsigned other_of(const struct ro_entry *e, const struct mh_rx *rx, uint64_t cookie)
{
	for (unsigned i = 0; i < e->ro.n_other; i++)
		if (in6_eq(&rx->dst, &e->ro.other[i].coa) &&
		    ro_cookie_ok(&e->ro.other[i].care, cookie))
			return i;
	return RO_OTHERS;
}

static struct ro_in in_of(const struct mh_msg *m)
{
	return (struct ro_in){ .token = m->test.token, .index = m->test.nonce };
}

void mn_hot_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m)
{
	struct ro_entry *e = ro_find(mn, &rx->dst, &rx->src);
	struct ro_in in = in_of(m);

	mn->stats.hot++;
	if (!e || rx->has_rh2)
		ignored(mn, rx, m, e ? "a routing header" : "nothing was asked there");
	else if (!mn_on_home_link(e->h) && !by_tunnel(e, rx))
		ignored(mn, rx, m, "not through the tunnel");
	else if (!ro_cookie_ok(&e->ro.home, m->test.cookie))
		ignored(mn, rx, m, "another cookie, or the token is there");
	else
		ro_run(e, RO_EV_HOT, &in);
}

void mn_cot_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m)
{
	struct ro_in in = in_of(m);
	bool taken = false;

	mn->stats.cot++;
	/* the cookie says which home address it is for */
	for (unsigned i = 0; !taken && !rx->has_rh2 && i < mn->n_home; i++) {
		struct ro_entry *e = ro_find(mn, mn_hoa(&mn->home[i]), &rx->src);

		if (!e)
			continue;
		taken = in6_eq(&rx->dst, &e->ro.coa) &&
			ro_cookie_ok(&e->ro.care, m->test.cookie);
		in.other = taken ? RO_OTHERS : other_of(e, rx, m->test.cookie);
		if (taken)
			ro_run(e, RO_EV_COT, &in);
		else if (in.other < RO_OTHERS)
			ro_run(e, RO_EV_COT_OTHER, &in);
		taken |= in.other < RO_OTHERS;
	}
	if (!taken)
		ignored(mn, rx, m, "nothing was asked there, or another cookie or address");
}

/* ---- acknowledgements ---- */

/* 6.1.8: all have the authenticator but those that say that a nonce is gone. */
static bool authentic(const struct ro_entry *e, const struct mh_rx *rx, const struct mh_msg *m)
{
	const struct mhopt_bytes *auth = &m->opt.binding_auth;
	uint8_t mac[RR_MAC_LEN];

	if (m->ba.status >= BA_HOME_NONCE && m->ba.status <= BA_NONCES)
		return true;
	if (!(m->opt.seen & BIT64(MHOPT_BINDING_AUTH)) || auth->len != RR_MAC_LEN)
		return false;
	rr_mac(e->kbm, &e->bu_coa, &e->key.peer, rx->buf, rx->len, mac);
	return crypto_equal(mac, auth->p, RR_MAC_LEN) || weaken("ro_auth");
}

static void refused(struct ro_entry *e, uint8_t status)
{
	struct event ev = { .type = EV_refused };

	e->h->mn->stats.ro_ba_refused++;
	ev.refused.home_address = e->key.hoa;
	ev.refused.peer = e->key.peer;
	ev.refused.status = status;
	snprintf(ev.refused.text, sizeof(ev.refused.text), "%s", ba_status_str(status));
	event_emit(&ev);
}

bool ro_ba_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m)
{
	struct ro_entry *e = ro_find(mn, &rx->dst, &rx->src);
	struct ro_in in = { .status = m->ba.status, .seq = m->ba.seq, .lifetime = m->ba.lifetime };
	double rtt;

	if (!e)
		return false;
	for (unsigned i = 0; i < m->opt.n_bid && !in.has_bid; i++) {
		in.has_bid = m->opt.bid[i].bid == (e->ro.about ? e->ro.about : e->ro.bid);
		in.bid_status = in.has_bid ? m->opt.bid[i].status : 0;
	}
	mn->stats.ro_ba++;
	if (rx->has_rh2 ? !in6_eq(&rx->rh2_coa, &e->bu_src) : !in6_eq(&rx->dst, &e->bu_src)) {
		ignored(mn, rx, m, "it did not come to where the BU was sent from");
		return true;
	}
	if (!ro_seq_ok(&e->ro, m->ba.status, m->ba.seq)) {
		ignored(mn, rx, m, "no answer is awaited to this sequence number");
		return true;
	}
	if (!authentic(e, rx, m)) {
		mn->stats.ba_bad_auth++;
		log_rl(&mn->ro.rl, "ro", "%s: BA from %s ignored: not authentic", A6(&rx->dst),
		       A6(&rx->src));
		return true;
	}
	rtt = ro_rtt(&e->ro, in.status, in.seq, rx->at);
	e->rtt = rtt > 0 ? rtt : e->rtt;
	if (MAX(in.bid_status, in.status) >= BA_UNSPECIFIED)
		refused(e, MAX(in.bid_status, in.status));
	ro_run(e, RO_EV_BA, &in);
	return true;
}

/* ---- what nobody signs ---- */

bool ro_brr_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m)
{
	struct ro_entry *e = ro_find(mn, &rx->dst, &rx->src);
	struct ro_in in = { 0 };

	if (!e)
		return false;
	for (unsigned i = 0; i < m->opt.n_bid && in.n_bid < ARRAY_SIZE(in.bid); i++)
		in.bid[in.n_bid++] = m->opt.bid[i].bid;
	ro_run(e, RO_EV_REFRESH_REQ, &in);
	return true;
}

static void doubt_cb(void *arg)
{
	struct ro_entry *e = arg;

	/* it goes on sending to our care-of address: it has the binding, somebody lied */
	if (ro_received(e) > (int64_t)e->doubt_packets) {
		e->h->mn->stats.ro_lies++;
		log_debug("ro", "%s: what was said of %s is not true: it still sends here",
			  A6(&e->key.hoa), A6(&e->key.peer));
		return;
	}
	e->h->mn->stats.forgotten++;
	log_info("ro", "%s: %s has lost the binding: by the tunnel until it has a new one",
		 A6(&e->key.hoa), A6(&e->key.peer));
	ro_run(e, RO_EV_LOST_BINDING, NULL);
}

/* 11.3.6: progress of the upper layers would disprove it; the kernel's counter knows. Where the
 * peer never sent directly there is nothing to wait for. */
static void doubt(struct ro_entry *e)
{
	struct ro_env env = ro_env_of(e);
	int64_t got;

	if (rtimer_armed(&e->doubt) || !ro_carries(&e->ro, &env))
		return;
	got = ro_received(e);
	e->doubt_packets = got < 0 ? 0 : (uint64_t)got;
	rtimer_set(&e->doubt, run_now() + (got > 0 ? DOUBT : 0), doubt_cb, e);
}

bool ro_be_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m)
{
	struct ro_entry *e = ro_find(mn, &m->be.hoa, &rx->src);

	/* status 2 quotes the address that the message came from: the care-of address, if it had
	 * no home address option */
	for (unsigned i = 0; !e && i < mn->n_home; i++) {
		e = ro_find(mn, mn_hoa(&mn->home[i]), &rx->src);
		if (e && (m->be.status != BE_UNKNOWN_TYPE || !in6_eq(&m->be.hoa, &e->ro.coa)))
			e = NULL;
	}
	if (!e)
		return false;
	if (m->be.status == BE_UNKNOWN_BINDING)
		doubt(e);
	else if (m->be.status == BE_UNKNOWN_TYPE)
		ro_run(e, RO_EV_NO_MH, NULL);
	return true;
}

/* ---- ICMPv6 ---- */

/* The entry that the quoted packet, one of ours, was for. */
static struct ro_entry *quoted(struct mn *mn, const struct icmp6_msg *m)
{
	const struct in6_addr *peer = m->err.has_rh2 ? &m->err.rh2 : &m->err.dst;
	struct ro_entry *e = ro_find(mn, m->err.has_hao ? &m->err.hao : &m->err.src, peer);

	for (unsigned i = 0; !e && i < mn->n_home; i++) {
		e = ro_find(mn, mn_hoa(&mn->home[i]), peer);
		if (e && !in6_eq(&m->err.src, &e->ro.coa))
			e = NULL;
	}
	return e;
}

static bool is_ours(const struct icmp6_msg *m)
{
	return m->err.proto == IPPROTO_MH_ &&
	       (m->err.mh_type == MH_HOTI || m->err.mh_type == MH_COTI || m->err.mh_type == MH_BU);
}

void ro_icmp_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	struct ro_entry *e;

	if (m->type != ICMP6_PARAMPROB_ && m->type != ICMP6_UNREACH_)
		return;
	e = quoted(mn, m);
	if (!e)
		return;
	/* only a destination looks at next headers: nobody on the way may say it */
	if (m->type == ICMP6_PARAMPROB_ && m->code == 1 && is_ours(m) &&
	    in6_eq(&rx->src, &e->key.peer))
		ro_run(e, RO_EV_NO_MH, NULL);
	else if (m->type == ICMP6_PARAMPROB_)	/* 11.3.5: code 2 is logged and discarded */
		log_rl(&mn->ro.rl, "ro", "%s: %s: parameter problem, code %u, octet %u",
		       A6(&e->key.hoa), A6(&rx->src), m->code, m->err.arg);
	else if (m->code != 4 && m->err.has_hao && m->err.proto != IPPROTO_MH_)
		doubt(e);		/* not of a port: direct packets do not get there */
}
