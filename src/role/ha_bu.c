/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Binding Update on its way in: whose is it, is that true, may it be judged now,
 * what does it ask for.
 */
#include "base/util.h"
#include "plan/plan_ha.h"
#include "role/ha_priv.h"
#include "run/timer.h"

struct clash { struct ha *ha; const struct binding *b; struct carrier want; bool found; };

/* Its own node's bindings as they will be, others' as they are. */
static void compare(struct clash *c, const struct binding *b, bool own)
{
	const struct mobile_node *n = ha_node(c->ha->c, &b->key.hoa);
	struct carrier other;

	if (!n || b->home || in6_eq(&b->key.hoa, &c->b->key.hoa) != own ||
	    (own && b->key.bid == c->b->key.bid))
		return;
	other = ha_carrier(c->ha->c, n, b);
	c->found |= carrier_eq(&other, &c->want);
}

static void compare_entry(void *arg, struct bc_entry *e)
{
	if (e->state == BC_BOUND)
		compare(arg, &e->b, false);
}

/* Two tunnels of one carrier: the kernel would refuse the second without saying why. */
static bool carrier_taken(struct ha *ha, const struct bu_verdict *v, const struct binding *b)
{
	struct clash c = { ha, b, ha_carrier(ha->c, v->node, b), false };

	if (ha->c->tunnel != TUNNEL_DEVICE || b->home)
		return false;
	for (unsigned i = 0; i < v->set.n; i++)
		compare(&c, &v->set.b[i], true);
	bc_each(ha->bc, compare_entry, &c);
	for (struct ha_tx *tx = ha->txs; tx && !c.found; tx = tx->hh.next)
		for (unsigned i = 0; tx->stage != TX_HELD && i < tx->v.set.n; i++)
			compare(&c, &tx->v.set.b[i], false);
	return c.found;
}

static void fail_one(struct ha *ha, struct bu_verdict *v, uint16_t bid, uint8_t status,
		     const char *why)
{
	const struct bc_entry *e = bc_find(ha->bc, &v->b.key.hoa, bid);

	if (ha_bu_names(v, bid)) {
		ha_bu_bid_failed(v, bid, status, why, e && e->state == BC_BOUND ? &e->b : NULL);
		return;
	}
	/* one that stands, and that the new prefixes do not agree with */
	v->act = BU_REFUSE;
	v->status = status;
	v->why = why;
}

/* What the rules cannot see, because it is about other nodes. */
static void check_others(struct ha *ha, struct bu_verdict *v)
{
	uint16_t bid[BC_MAX_COA];
	unsigned n = v->set.n;

	for (unsigned i = 0; i < n; i++)
		bid[i] = v->set.b[i].key.bid;
	for (unsigned i = 0; i < n && v->act == BU_REGISTER; i++) {
		const struct binding *b = binding_of(&v->set, bid[i]);

		if (bc_circular(ha->bc, b))
			fail_one(ha, v, bid[i], BA_INVALID_COA,
				 "care-of address would make tunnels run in a circle");
		else if (ha_bu_names(v, bid[i]) && carrier_taken(ha, v, b))
			fail_one(ha, v, bid[i], BA_NO_RESOURCES,
				 "another binding has a tunnel to this care-of address: use "
				 "tunnel = \"shared\", or ip6gre with different keys");
	}
}

/* A newer update takes the place of one that waits for DAD only if it says all that that said. */
static bool says_less(const struct ha_tx *tx, struct bu_verdict *v)
{
	if (!v->n_bid || v->overwrite)
		return false;
	for (unsigned i = 0; i < tx->v.set.n; i++)
		if (!binding_of(&v->set, tx->v.set.b[i].key.bid))
			return true;
	return false;
}

/* What the sequence number is compared with: what waits for DAD was a valid update too. */
static const struct bc_entry *last_valid(const struct bc_entry *e, const struct ha_tx *tx,
					 struct bc_entry *tmp)
{
	if (!tx)
		return e;
	if (e)
		*tmp = *e;
	else
		*tmp = (struct bc_entry){ .b = tx->v.b, .state = BC_DELETED };
	tmp->b.seq = tx->v.b.seq;
	return tmp;
}

static void register_new(struct ha *ha, const struct mh_rx *rx, const struct ha_req *req,
			 struct bu_verdict *v)
{
	struct ha_tx *tx = ha_tx_new(ha, &req->hoa);

	if (!tx) {
		ha_flow_free(v);
		ha->stats.dropped++;
		return;
	}
	tx->kind = TX_REGISTER;
	tx->req = *req;
	tx->v = *v;
	if (v->need_dad || v->need_dad_ll)
		ha_msg_replace(&tx->msg, rx);
	ha_tx_start(tx);
}

/* The newest update is the one that will be answered; the detections go on. */
static void register_again(struct ha_tx *tx, const struct mh_rx *rx, const struct ha_req *req,
			   const struct bu_verdict *v)
{
	tx->req = *req;
	ha_msg_replace(&tx->msg, rx);
	ha_tx_renew(tx, v);
}

static void deregister(struct ha *ha, struct ha_tx *tx, const struct ha_req *req,
		       struct bu_verdict *v)
{
	if (tx && !bc_primary(ha->bc, &req->hoa)) {
		/* nothing is bound yet, and shall not be */
		bc_set_seq(ha->bc, &req->hoa, v->b.seq);
		v->act = BU_REFUSE;
		v->status = BA_NOT_HA;
		v->why = "the binding was not made yet";
		ha_remember_seq(ha, v, true);
		ha_answer(ha, req, v);
		ha_flow_free(v);
		ha_tx_end(tx);
		return;
	}
	if (tx)
		ha_dad_cancel(tx);
	else
		tx = ha_tx_new(ha, &req->hoa);
	if (!tx) {
		ha_flow_free(v);
		ha->stats.dropped++;
		return;
	}
	tx->kind = TX_DEREGISTER;
	tx->req = *req;
	ha_flow_free(&tx->v);
	tx->v = *v;
	ha_tx_apply(tx);
}

static void judge(struct ha *ha, const struct mh_rx *rx, const struct mh_msg *m,
	      const struct ha_req *req)
{
	const struct bc_entry *e = bc_first(ha->bc, &req->hoa);
	struct ha_tx *tx = ha_tx_find(ha, &req->hoa);
	struct bc_entry tmp;
	struct bu_verdict v;

	ha_bu_decide(ha->c, last_valid(e, tx, &tmp), bc_memory(ha->bc, &req->hoa, false),
		     bc_count(ha->bc) + ha->n_adding - (tx ? tx->adds : 0), &req->rx, m, run_now(),
		     &v);
	if (v.act == BU_REGISTER)
		check_others(ha, &v);
	ha_flow_judge(ha, m, &v);
	switch (v.act) {
	case BU_DROP:
	case BU_REFUSE:
		ha_answer(ha, req, &v);
		break;
	case BU_REGISTER:
		if (tx && says_less(tx, &v)) {
			ha_flow_free(&v);
			ha_tx_hold(ha, rx, m);
		} else if (tx) {
			register_again(tx, rx, req, &v);
		} else {
			register_new(ha, rx, req, &v);
		}
		break;
	case BU_DEREGISTER:
		deregister(ha, tx, req, &v);
		break;
	}
}

void ha_bu_take(struct ha *ha, const struct mh_rx *rx, const struct mh_msg *m)
{
	const struct bu_rx brx = { rx->src, rx->dst, rx->has_hao, rx->hao, rx->ifindex };
	const struct ha_tx *tx;
	struct bu_verdict v;
	struct ha_req req;

	ha_bu_identify(ha->c, &brx, m, &v);
	ha_req_init(&req, &brx, m, &v);
	if (v.act == BU_DROP || v.act == BU_REFUSE || !ha_auth(ha, rx, m, &req, &v)) {
		ha_answer(ha, &req, &v);
		return;
	}
	tx = ha_tx_find(ha, &req.hoa);
	if (ha->job.kind != JOB_NONE || (tx && tx->stage != TX_DAD))
		ha_tx_hold(ha, rx, m);
	else
		judge(ha, rx, m, &req);
}

void ha_bu_rx(struct ha *ha, const struct mh_rx *rx, const struct mh_msg *m)
{
	ha->stats.bu++;
	/* before the home links are known an answer would be wrong; after, there is no service */
	if (!ha->ready || ha->job.kind == JOB_STOP) {
		ha->stats.dropped++;
		return;
	}
	ha_bu_take(ha, rx, m);
}
