/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers in: Binding Acknowledgements (RFC 6275 11.7.3, RFC 4285 5 and 6), Refresh
 * Requests (11.7.4), Binding Errors (11.3.6), ICMPv6 errors (11.3.5).
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "base/weaken.h"
#include "role/mn_priv.h"
#include "run/event.h"

static const struct mn_out *by_seq(const struct mn_home *h, uint16_t seq)
{
	for (unsigned i = 1; i <= MIN(h->n_out, (unsigned)MN_OUT); i++) {
		const struct mn_out *o = &h->out[(h->n_out - i) % MN_OUT];

		if (o->seq == seq)
			return o;
	}
	return NULL;
}

static const struct mn_out *by_stamp(const struct mn_home *h, uint64_t stamp)
{
	for (unsigned i = 0; stamp && i < MN_OUT; i++)
		if (h->out[i].used && h->out[i].stamp == stamp)
			return &h->out[i];
	return NULL;
}

/* The Binding Update that this answers; NULL: none of ours. A 135 has another sequence number in
 * it, so only its timestamp, or else its coming at all, says what it is about. */
static const struct mn_out *answered(const struct mn_home *h, const struct mh_msg *m)
{
	if (m->ba.status != BA_SEQUENCE)
		return by_seq(h, m->ba.seq);
	if (mn_stamps(h))
		return by_stamp(h, m->opt.mesg_id);
	return h->n_out ? &h->out[(h->n_out - 1) % MN_OUT] : NULL;
}

/* NULL: authentic, or nothing is asked for. */
static const char *bad_auth(const struct mn_home *h, const struct mn_out *o,
			    const struct mh_rx *rx, const struct mh_msg *m)
{
	const struct sec_conf *sec = &h->conf->sec;
	const struct mhopts *opt = &m->opt;

	if (sec->method != SEC_AUTH_OPTION || weaken("ba_auth"))
		return NULL;
	if (!(opt->seen & BIT64(MHOPT_AUTH)) || opt->auth.subtype != 1)
		return "no authentication option";
	if (opt->auth.spi != sec->key.spi)
		return "another SPI";
	if (!auth_check(&sec->key, &o->coa, mn_hoa(h), rx->buf, opt->auth.covered,
			opt->auth.data.p, opt->auth.data.len))
		return "wrong authenticator";
	return NULL;
}

/* RFC 4285 6: the timestamp comes back; with 144 only its low half does. */
static bool stamp_matches(const struct mn_out *o, const struct mh_msg *m)
{
	if (!o->stamp)
		return true;
	if (!(m->opt.seen & BIT64(MHOPT_MESG_ID)))
		return false;
	if (m->ba.status == BA_ID_MISMATCH)
		return (uint32_t)m->opt.mesg_id == (uint32_t)o->stamp;
	return m->opt.mesg_id == o->stamp;
}

static void unexpected(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m,
		       const char *why)
{
	mn->stats.ba_unexpected++;
	log_debug("mn", "BA from %s to %s ignored: %s (status=%u seq=%u)", A6(&rx->src),
		  A6(&rx->dst), why, m->ba.status, m->ba.seq);
}

static void unauthentic(struct mn_home *h, const struct mh_rx *rx, const struct mh_msg *m,
			const char *why)
{
	h->mn->stats.ba_bad_auth++;
	h->why = "what the home agent says cannot be verified: are spi and key the same on both"
		 " sides?";
	if (m->ba.status == BA_AUTH_FAIL)
		log_rl(&h->mn->rl, "mn", "%s: %s says that our authentication failed (146), and"
		       " its answer cannot be verified either (%s): are spi and key the same on"
		       " both sides?", A6(mn_hoa(h)), A6(&rx->src), why);
	else
		log_rl(&h->mn->rl, "mn", "%s: BA from %s ignored: %s", A6(mn_hoa(h)),
		       A6(&rx->src), why);
}

/* 11.7.3: what fails is silently ignored (but counted). */
static const struct mn_out *judge(struct mn_home *h, const struct mh_rx *rx,
				  const struct mh_msg *m)
{
	const struct mn_out *o = answered(h, m);
	const char *bad;

	if (!o || !in6_eq(&o->ha, &rx->src)) {
		unexpected(h->mn, rx, m, "it answers nothing that we sent there");
		return NULL;
	}
	if (rx->has_hao || (rx->has_rh2 && !in6_eq(&rx->rh2_coa, &o->coa))) {
		unexpected(h->mn, rx, m, "home address option, or another care-of address");
		return NULL;
	}
	bad = bad_auth(h, o, rx, m);
	if (bad) {
		unauthentic(h, rx, m, bad);
		return NULL;
	}
	if (!stamp_matches(o, m)) {
		unexpected(h->mn, rx, m, "its timestamp is not that of the BU");
		return NULL;
	}
	if (m->ba.status == BA_SEQUENCE ? !bul_seq_ok(&h->bul, o->seq) :
					  !bul_seq_ok(&h->bul, m->ba.seq)) {
		unexpected(h->mn, rx, m, "no answer is awaited to this sequence number");
		return NULL;
	}
	return o;
}

static void tell_refused(struct mn_home *h, const struct mh_rx *rx, uint8_t status, uint16_t bid)
{
	struct event e = { .type = EV_refused };

	h->mn->stats.ba_refused_by[status]++;
	e.refused.home_address = *mn_hoa(h);
	e.refused.bid = bid;
	e.refused.peer = rx->src;
	e.refused.status = status;
	snprintf(e.refused.text, sizeof(e.refused.text), "%s", ba_status_str(status));
	event_emit(&e);
	log_info("mn", "%s: BA from %s status=%u (%s)", A6(mn_hoa(h)), A6(&rx->src), status,
		 ba_status_str(status));
}

/* It is the home registration's, even if the node was a peer before it was our home agent. */
static bool from_ha(const struct mn_home *h, const struct in6_addr *src)
{
	if (!h)
		return false;
	for (unsigned i = 0; i < MN_OUT; i++)
		if (h->out[i].used && in6_eq(&h->out[i].ha, src))
			return true;
	return in6_eq(src, &h->bul.ha) || in6_eq(src, &h->bul.bound_ha);
}

void mn_ba_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m)
{
	struct mn_home *h = mn_find(mn, &rx->dst);
	const struct mn_out *o;
	struct in6_addr coa;
	bool registered;
	struct bul_ba ba = { .status = m->ba.status, .flags = m->ba.flags, .seq = m->ba.seq,
			     .lifetime = m->ba.lifetime };

	if (!from_ha(h, &rx->src) && ro_ba_rx(mn, rx, m))
		return;
	mn->stats.ba++;
	if (!h) {
		unexpected(mn, rx, m, "no home address of ours");
		return;
	}
	o = judge(h, rx, m);
	if (!o)
		return;
	coa = o->coa;
	if (m->opt.seen & BIT64(MHOPT_REFRESH_ADVICE))
		ba.refresh_advice = m->opt.refresh_advice;
	ba.asked = o->lifetime;
	ba.sent_at = o->at;
	ba.msg = o->msg.kind == BUL_MSG_PLAIN ? NULL : &o->msg;
	ba.bid = m->opt.bid;
	ba.n_bid = m->opt.n_bid;
	h->answered_at = rx->at;
	h->rtt = rx->at - o->at;
	histo_add(&mn->stats.ba_latency, h->rtt);
	if (ba.status == BA_ID_MISMATCH && o->stamp)
		mn_clock(h, m->opt.mesg_id, o);
	else if (o->stamp)
		h->stamp_ok = ba.status < BA_UNSPECIFIED ? o->stamp : h->stamp_ok;
	if (ba.status == BA_MESG_ID_REQUIRED)
		h->force_stamp = true;
	/* 133 at home is the answer that we hope for */
	if (ba.status >= BA_UNSPECIFIED && !(o->dereg && ba.status == BA_NOT_HA))
		tell_refused(h, rx, ba.status, ba.n_bid == 1 ? ba.bid[0].bid : 0);
	for (unsigned i = 0; i < ba.n_bid; i++)
		if (ba.bid[i].status >= BA_UNSPECIFIED)
			tell_refused(h, rx, ba.bid[i].status, ba.bid[i].bid);
	if (!o->dereg && ba.status < BA_UNSPECIFIED &&
	    (!h->bul.router || ba.flags & BA_R))
		mr_accepted(h, m);
	if (!o->dereg)
		mr_refused(h, ba.status);
	mn_flow_answered(h, o, m);
	registered = ba.status < BA_UNSPECIFIED && !o->dereg;	/* the step may send another */
	mn_step(h, BUL_EV_BA, &ba);
	if (registered)
		mn_track_heard(h, &coa);
}

/* ---- the other messages: nobody signs them, so they only cause a question ---- */

void mn_brr_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m)
{
	struct mn_home *h = mn_find(mn, &rx->dst);

	mn->stats.brr++;
	if (!from_ha(h, &rx->src) && ro_brr_rx(mn, rx, m))
		return;
	/* 11.7.4: nothing for addresses that are not in the list */
	if (!h || h->bul.state != BUL_BOUND || !in6_eq(&rx->src, &h->bul.bound_ha))
		return;
	bul_set_again(&h->bul, m->opt.bid, m->opt.n_bid);	/* RFC 5648 5.8; none named: all */
	mn_step(h, BUL_EV_REFRESH_REQ, NULL);
}

void mn_forgotten(struct mn_home *h, const char *sign)
{
	enum bul_state was = h->bul.state;

	mn_step(h, BUL_EV_FORGOTTEN, NULL);
	if (was != BUL_BOUND || h->bul.state != BUL_REFRESH)
		return;
	h->mn->stats.forgotten++;
	log_warn("mn", "%s: %s may have lost our binding (%s): registering again", A6(mn_hoa(h)),
		 A6(&h->bul.ha), sign);
}

void mn_be_rx(struct mn *mn, const struct mh_rx *rx, const struct mh_msg *m)
{
	struct mn_home *h = mn_find(mn, &m->be.hoa);

	mn->stats.be++;
	if (!from_ha(h, &rx->src) && ro_be_rx(mn, rx, m))
		return;
	/* 11.3.6: without an entry for the source it MUST be ignored */
	if (!h || !h->bul.bound_coa.family || !in6_eq(&rx->src, &h->bul.bound_ha))
		return;
	if (m->be.status == BE_UNKNOWN_BINDING)
		mn_forgotten(h, "Binding Error 1");
	else
		log_rl(&mn->rl, "mn", "%s: Binding Error %u from %s ignored", A6(mn_hoa(h)),
		       m->be.status, A6(&rx->src));
}

/* The quoted packet is one of our Binding Updates. */
static struct mn_home *quoted_bu(struct mn *mn, const struct icmp6_msg *m)
{
	struct mn_home *h;

	if (m->err.proto != IPPROTO_MH_ || m->err.mh_type != MH_BU)
		return NULL;
	h = mn_find(mn, m->err.has_hao ? &m->err.hao : &m->err.src);
	if (!h || !in6_eq(&m->err.dst, &h->bul.ha))
		return NULL;
	return h;
}

/* False: it is not about a home registration. */
static bool param_problem(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	struct mn_home *h = quoted_bu(mn, m);

	if (!h)
		return false;
	/* only a destination looks at next headers: nobody on the way may say it */
	if (!in6_eq(&rx->src, &m->err.dst))
		return true;
	if (m->code == 1)		/* unrecognized next header: the Mobility Header */
		mn_step(h, BUL_EV_NO_MH, NULL);
	else				/* 11.3.5: code 2 is logged and discarded */
		log_rl(&mn->rl, "mn", "%s: %s: parameter problem, code %u, octet %u of our BU",
		       A6(mn_hoa(h)), A6(&rx->src), m->code, m->err.arg);
	return true;
}

void mn_icmp_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	if (m->type == ICMP6_ECHOREP_)
		mn_probe_rx(mn, rx, m);
	else if (m->type == ICMP6_DHAAD_REP)
		mn_dhaad_rx(mn, rx, m);
	else if (m->type == ICMP6_MPA)
		mn_mpa_rx(mn, rx, m);
	else if (m->type != ICMP6_PARAMPROB_ || !param_problem(mn, rx, m))
		ro_icmp_rx(mn, rx, m);	/* the home registration comes first */
}
