/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "role/ha_priv.h"
#include "run/event.h"
#include "run/timer.h"

#define AUTH_MN_HA	1		/* RFC 4285 5.1 */
#define MN_ID_NAI	1		/* RFC 4283 3 */
#define NS_TRIES	3		/* MAX_MULTICAST_SOLICIT, RFC 4861 10 */

/*
 * RFC 6275 10.3.2: a refusal for a node that stands on its home link while we
 * tunnel its home address must reach its link-layer address, or it would go to
 * the care-of address. The address is asked for by Neighbor Solicitation.
 */
struct ha_ns {
	struct ha *ha;
	struct ha_ns *next;
	struct in6_addr src, hoa;
	int ifindex;
	unsigned tries;
	struct rtimer timer;
	size_t len;
	uint8_t buf[];
};

void ha_req_init(struct ha_req *req, const struct bu_rx *rx, const struct mh_msg *m,
		 const struct bu_verdict *v)
{
	*req = (struct ha_req){
		.rx = *rx,
		.hoa = v->b.key.hoa,
		.coa = v->b.coa.a.in6,
		.flags = m->bu.flags,
		.has_stamp = m->opt.seen & BIT64(MHOPT_MESG_ID),
		.stamp = m->opt.mesg_id,
	};
}

/* ---- refusals to a link-layer address ---- */

static void ns_free(struct ha *ha, struct ha_ns *n)
{
	for (struct ha_ns **at = &ha->ns; *at; at = &(*at)->next)
		if (*at == n) {
			*at = n->next;
			break;
		}
	rtimer_stop(&n->timer);
	free(n);
}

void ha_ns_drop(struct ha *ha, const struct in6_addr *hoa)
{
	struct ha_ns *n = ha->ns, *next;

	for (; n; n = next) {
		next = n->next;
		if (!hoa || in6_eq(&n->hoa, hoa))
			ns_free(ha, n);
	}
}

static void ns_deliver(struct ha_ns *n, const struct nd_lladdr *to)
{
	struct mh_tx tx = { .src = n->src, .dst = n->hoa, .ifindex = n->ifindex, .to_ll = to,
			    .buf = n->buf, .len = n->len };
	struct ha *ha = n->ha;
	int rc;

	if (!to)
		tx.ifindex = 0;		/* nobody answered: where routing takes it */
	rc = mhsock_send(ha->env.mh, &tx);
	if (rc < 0)
		log_rl(&ha->rl, "ha", "acknowledgement to %s not sent: %s", A6(&n->hoa),
		       strerror(-rc));
	ns_free(ha, n);
}

static void ns_ask(void *arg)
{
	struct ha_ns *n = arg;
	const struct klink *l = kern_link_by_index(n->ha->env.kern, n->ifindex);
	struct nd_msg m = { .type = ND_NS };

	if (!l || n->tries++ == NS_TRIES) {
		ns_deliver(n, NULL);
		return;
	}
	m.ns.target = n->hoa;
	m.ns.slla = l->lladdr;
	ndsock_send(n->ha->env.nd, n->ifindex, NULL, NULL, &m);
	rtimer_set(&n->timer, run_now() + n->ha->c->timers.dad_retrans, ns_ask, n);
}

static bool lladdr_eq(const struct nd_lladdr *a, const struct nd_lladdr *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

void ha_nd_rx(void *arg, const struct nd_rx *rx, const struct nd_msg *m)
{
	struct ha *ha = arg;
	const struct klink *l = kern_link_by_index(ha->env.kern, rx->ifindex);
	struct ha_ns *n = ha->ns, *next;

	if (m->type == ND_RA)
		ha_disc_ra(ha, rx, &m->ra);
	if (m->type != ND_NA || !m->na.tlla.len || !l || lladdr_eq(&m->na.tlla, &l->lladdr))
		return;			/* the last: our own proxy's */
	for (; n; n = next) {
		next = n->next;
		if (n->ifindex == rx->ifindex && in6_eq(&n->hoa, &m->na.target))
			ns_deliver(n, &m->na.tlla);
	}
}

static bool ns_start(struct ha *ha, const struct ha_req *req, int ifindex, const uint8_t *buf,
		     size_t len)
{
	struct ha_ns *n = calloc(1, sizeof(*n) + len);

	if (!n)
		return false;
	ha_ns_drop(ha, &req->hoa);	/* the newest answer is the one that matters */
	n->ha = ha;
	n->src = req->rx.dst;
	n->hoa = req->hoa;
	n->ifindex = ifindex;
	n->len = len;
	memcpy(n->buf, buf, len);
	n->next = ha->ns;
	ha->ns = n;
	ns_ask(n);
	return true;
}

/* ---- the acknowledgement ---- */

static void ba_options(const struct ha *ha, const struct ha_req *req, const struct bu_verdict *v,
		       struct mh_msg *m)
{
	struct mhopts *o = &m->opt;
	uint32_t advice = ha->c->refresh_advice;

	if (v->act == BU_REGISTER) {
		/* RFC 6275 10.3.1: less than the lifetime */
		if (advice >= MH_LIFETIME_UNIT && advice < v->b.lifetime) {
			o->refresh_advice = advice - advice % MH_LIFETIME_UNIT;
			o->seen |= BIT64(MHOPT_REFRESH_ADVICE);
		}
		memcpy(v->ack_is_v4prefix ? o->ipv4_mnp_status : o->ipv4_ack, v->ipv4_ack,
		       v->n_ipv4_ack * sizeof(v->ipv4_ack[0]));
		*(v->ack_is_v4prefix ? &o->n_ipv4_mnp_status : &o->n_ipv4_ack) = v->n_ipv4_ack;
	}
	if (v->act != BU_REFUSE && v->flows)
		flow_answer(&v->flows->answer, o);
	/* RFC 5648 6.2: whenever one is sent, all of them, without the addresses */
	o->n_bid = v->n_bid;
	for (unsigned i = 0; i < v->n_bid; i++) {
		o->bid[i].bid = v->bid[i].bid;
		o->bid[i].prio = v->bid[i].prio;
		o->bid[i].home = v->bid[i].home;
		o->bid[i].status = ha_bu_bid_status(v, i);
	}
	/* RFC 4285 6: always, if the update had one */
	if (req->has_stamp) {
		o->mesg_id = req->stamp;
		o->seen |= BIT64(MHOPT_MESG_ID);
	}
	if (!req->sign)
		return;
	/* RFC 4283 4.2: who does not know the name of a node does not get it from us */
	if (req->named) {
		o->mn_id_subtype = MN_ID_NAI;
		o->mn_id.p = (const uint8_t *)v->node->nai;
		o->mn_id.len = (uint8_t)strlen(v->node->nai);
		o->seen |= BIT64(MHOPT_MN_ID);
	}
	o->auth.subtype = AUTH_MN_HA;
	o->auth.spi = v->node->sec.key.spi;
	o->seen |= BIT64(MHOPT_AUTH);
}

static ssize_t ba_build(const struct ha *ha, const struct ha_req *req, const struct bu_verdict *v,
			uint8_t *buf, size_t cap)
{
	struct mh_msg m = { .type = MH_BA };
	size_t mac_at = 0;
	ssize_t len;

	m.ba.status = v->status;
	m.ba.seq = v->answer_seq;
	m.ba.lifetime = v->act == BU_REGISTER ? v->b.lifetime : 0;
	/* RFC 3963 6.6: R says that we forward for the network. K: no keys of ours can move. */
	if (v->act != BU_REFUSE && req->flags & BU_R)
		m.ba.flags |= BA_R;
	ba_options(ha, req, v, &m);
	len = mh_build(&m, &ha->c->dialect, buf, cap, &mac_at);
	if (len == -EMSGSIZE && m.opt.n_flow) {		/* RFC 6089 5.3.5 only SHOULD: statuses alone */
		for (unsigned i = 0; i < m.opt.n_flow; i++)
			m.opt.flow[i].sub.len = 0;
		len = mh_build(&m, &ha->c->dialect, buf, cap, &mac_at);
	}
	if (len > 0 && req->sign)
		auth_mac(&v->node->sec.key, &req->coa, &req->hoa, buf, mac_at, buf + mac_at);
	return len;
}

static bool needs_link_address(struct ha *ha, const struct ha_req *req,
			       const struct bu_verdict *v, int *ifindex)
{
	/* RFC 5648 5.6.3: before its answer the node says nothing about its address */
	bool asks = v->act == BU_REFUSE || v->n_bid;

	*ifindex = req->rx.ifindex;
	return asks && in6_eq(&req->rx.src, &req->hoa) && bc_primary(ha->bc, &req->hoa) &&
	       v->link && ha_ifindex(ha, v->link) == *ifindex;
}

/*
 * RFC 6275 9.5.4: to the source of the update, whatever the cache says; with a
 * routing header if that is not the home address.
 */
static void ba_send(struct ha *ha, const struct ha_req *req, const struct bu_verdict *v)
{
	uint8_t buf[MH_MAX_LEN];
	struct mh_tx tx = { .src = req->rx.dst, .dst = req->rx.src, .buf = buf };
	ssize_t len = ba_build(ha, req, v, buf, sizeof(buf));
	int rc = len < 0 ? (int)len : 0, ifindex;

	if (rc == 0) {
		tx.len = (size_t)len;
		if (!in6_eq(&req->rx.src, &req->hoa)) {
			tx.has_rh2 = true;
			tx.rh2_coa = req->rx.src;
			tx.dst = req->hoa;
		}
		if (needs_link_address(ha, req, v, &ifindex)) {
			if (!v->lladdr.len && ns_start(ha, req, ifindex, buf, tx.len))
				return;
			tx.ifindex = v->lladdr.len ? ifindex : 0;
			tx.to_ll = v->lladdr.len ? &v->lladdr : NULL;
		}
		rc = mhsock_send(ha->env.mh, &tx);
	}
	if (rc < 0)
		log_rl(&ha->rl, "ha", "acknowledgement to %s not sent: %s", A6(&req->rx.src),
		       strerror(-rc));
}

static void tell_refusal(const struct ha_req *req, uint8_t status, uint16_t bid)
{
	struct event e = { .type = EV_refused };

	e.refused.home_address = req->hoa;
	e.refused.bid = bid;
	e.refused.peer = req->rx.src;
	e.refused.status = status;
	snprintf(e.refused.text, sizeof(e.refused.text), "%s", ba_status_str(status));
	event_emit(&e);
}

/* Those that were refused while the rest was not; their node has proven who it is. */
static void answer_bids(struct ha *ha, const struct ha_req *req, const struct bu_verdict *v)
{
	struct bu_verdict one = { .b = v->b };

	for (unsigned i = 0; i < v->n_bid; i++) {
		one.status = v->bid[i].status;
		if (one.status < BA_UNSPECIFIED)
			continue;
		log_rl(&ha->rl, "ha", "BU for %s from %s: BID %u refused: status=%u (%s) %s",
		       A6(&req->hoa), A6(&req->rx.src), v->bid[i].bid, one.status,
		       ba_status_str(one.status), v->bid_why[i]);
		ha->stats.refused_by[one.status]++;
		if (bucket_take(&ha->refusals[true], run_now()))
			tell_refusal(req, one.status, v->bid[i].bid);
	}
}

/*
 * Anybody can make us refuse, in the name of any source: what that makes us send and
 * tell is limited. Who has proven who he is always gets his answer.
 */
void ha_answer(struct ha *ha, const struct ha_req *req, const struct bu_verdict *v)
{
	bool allowed;

	if (v->act == BU_DROP) {
		ha->stats.dropped++;
		log_rl(&ha->rl, "ha", "BU for %s from %s dropped: %s", A6(&req->hoa),
		       A6(&req->rx.src), v->why);
		return;
	}
	if (v->act != BU_REFUSE) {
		ba_send(ha, req, v);
		answer_bids(ha, req, v);
		ha_flow_refused(ha, req, v);
		return;
	}
	log_rl(&ha->rl, "ha", "BU for %s from %s refused: status=%u (%s) %s%s%s seq=%u",
	       A6(&req->hoa), A6(&req->rx.src), v->status, ba_status_str(v->status), v->why,
	       v->culprit.family ? " " : "", v->culprit.family ? PFX(&v->culprit) : "",
	       v->b.seq);
	allowed = bucket_take(&ha->refusals[req->proven], run_now());
	if (!allowed && !req->proven) {
		ha->stats.dropped++;
		return;
	}
	ba_send(ha, req, v);
	ha->stats.refused_by[v->status]++;
	if (allowed)
		tell_refusal(req, v->status, v->n_bid == 1 ? v->bid[0].bid : 0);
}

/* ---- advertisements ---- */

static void advertise(struct ha *ha, int ifindex, const struct klink *l, const struct in6_addr *a,
		      bool router)
{
	struct nd_msg m = { .type = ND_NA };
	int rc;

	m.na.target = *a;
	m.na.router = router;		/* RFC 3963 6.2 */
	m.na.override = true;
	m.na.tlla = l->lladdr;
	rc = ndsock_send(ha->env.nd, ifindex, NULL, NULL, &m);
	if (rc < 0)
		log_rl(&ha->rl, "ha", "advertisement of %s on %s not sent: %s", A6(a), l->name,
		       strerror(-rc));
}

/* False: not bound, or at home, where the node does it (RFC 5648 5.6.2). */
static bool defends(const struct binding_set *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->b[i].home == SIMULTANEOUS_NDP)
			return false;
	return s->n;
}

void ha_advertise(struct ha *ha, const struct binding_set *old, const struct binding_set *new)
{
	const struct binding *b = new->b;
	const struct home_link *home;
	const struct klink *l;
	struct in6_addr ll;
	int ifindex;
	bool served;

	if (!defends(new))
		return;
	home = ha_home_of(ha->c, &b->key.hoa, &served);
	ifindex = home ? ha_ifindex(ha, home) : 0;
	l = ifindex ? kern_link_by_index(ha->env.kern, ifindex) : NULL;
	ll = in6_link_local_of(&b->key.hoa);
	if (l && !defends(old))
		advertise(ha, ifindex, l, &b->key.hoa, b->flags & BU_R);
	if (l && b->flags & BU_L && !(defends(old) && old->b[0].flags & BU_L))
		advertise(ha, ifindex, l, &ll, b->flags & BU_R);
}
