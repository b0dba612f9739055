/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flow bindings (RFC 6089 5.2): our policy, told to the home agent with the paths that it is
 * about. What we send ourselves follows the same policy by the kernel's objects (plan_mn.c),
 * whatever the home agent says.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"
#include "run/event.h"

/* BIDs that a flow may be sent to: registered, or about to be by this message, and alive. */
static size_t works(const struct mn_home *h, const struct bul_msg *msg, uint16_t *bid)
{
	const struct bul_set *s = &h->bul.set;
	size_t n = 0;

	for (unsigned i = 0; bul_multi(&h->bul) && i < BUL_PATHS; i++) {
		const struct bul_path *p = &s->path[i];
		bool there = p->held;

		for (unsigned k = 0; msg && msg->kind == BUL_MSG_REGISTER && k < msg->n; k++)
			there |= msg->bid[k].bid == p->bid;
		/* the home link is not steered into */
		if (p->bid && !(p->bid & BUL_DRAIN) && !p->home && p->wanted && p->alive && there)
			bid[n++] = p->bid;
	}
	return n;
}

static size_t want(const struct mn_home *h, const struct bul_msg *msg, struct flow_wire *out)
{
	uint16_t bid[BUL_PATHS];
	size_t n = works(h, msg, bid);

	return flow_want(h->conf->flows, h->conf->n_flow, home_has_ipv4(h->conf), bid, n, out);
}

/* Nothing of it is known there: another home agent, or one that shall forget all. */
static void forget_for(struct mn_home *h, const struct mn_out *o)
{
	if (o->msg.overwrite || !in6_eq(&h->flow_ha, &o->ha))
		flow_forget(&h->flow);
	h->flow_ha = o->ha;
}

int mn_flow_put(struct mn_home *h, const struct mn_out *o, struct mh_msg *m,
		struct flow_octets *mem)
{
	struct flow_wire w[FLOW_MAX];

	h->flow_seq = o->seq;
	/* without BIDs there is nothing for a flow to name, and what goes altogether takes them along */
	if (o->msg.kind == BUL_MSG_PLAIN || h->bul.state == BUL_STOP || h->bul.state == BUL_LEAVE) {
		flow_forget(&h->flow);
		return 0;
	}
	forget_for(h, o);
	return flow_tell(&h->flow, w, want(h, &o->msg, w), run_now(), &m->opt, mem);
}

static const struct flow_conf *conf_of(const struct mn_home *h, uint16_t fid)
{
	for (size_t i = 0; i < h->conf->n_flow; i++)
		if (h->conf->flows[i].fid == (fid & ~FLOW_IPV4))
			return &h->conf->flows[i];
	return NULL;
}

static void tell(const struct mn_home *h, const struct flow_conf *c, uint16_t fid,
		 const char *state, uint8_t status)
{
	struct event e = { .type = EV_flow_state };

	e.flow_state.home_address = *mn_hoa(h);
	e.flow_state.fid = fid;
	e.flow_state.status = status;
	snprintf(e.flow_state.name, sizeof(e.flow_state.name), "%s", c ? c->name : "");
	snprintf(e.flow_state.state, sizeof(e.flow_state.state), "%s", state);
	event_emit(&e);
}

static void tell_change(const struct mn_home *h, uint16_t fid, uint8_t status)
{
	const struct flow_conf *c = conf_of(h, fid);
	bool bad = status >= FLOW_PROHIBITED;

	tell(h, c, fid, bad ? "refused" : "active", status);
	if (bad)
		log_warn("mn", "%s: flow %s (%u): the home agent says %u (%s)", A6(mn_hoa(h)),
			 c ? c->name : "?", fid, status, flow_status_str(status));
}

void mn_flow_answered(struct mn_home *h, const struct mn_out *o, const struct mh_msg *m)
{
	struct flow_news news;

	/* an answer to an update before the last one is about other flows */
	if (m->ba.status >= BA_UNSPECIFIED || o->seq != h->flow_seq ||
	    o->msg.kind == BUL_MSG_PLAIN)
		return;
	flow_answered(&h->flow, &m->opt, run_now(), &news);
	for (unsigned i = 0; i < news.n; i++)
		tell_change(h, news.change[i].fid, news.change[i].status);
	if (!news.unsupported)
		return;
	tell(h, NULL, 0, "unsupported", FLOW_OK);
	log_warn("mn", "%s: the home agent %s does no flow bindings (RFC 6089): what comes from it "
		 "takes the path of the best priority", A6(mn_hoa(h)), A6(&o->ha));
}

/* The paths or the policy have changed, or an answer leaves something to say. */
void mn_flow_look(struct mn_home *h)
{
	struct flow_wire w[FLOW_MAX];

	if (h->bul.state != BUL_BOUND || h->at_home || !bul_multi(&h->bul))
		return;
	if (!flow_due(&h->flow, w, want(h, NULL, w)))
		return;
	bul_set_again(&h->bul, NULL, 0);
	mn_step(h, BUL_EV_REFRESH_REQ, NULL);
}

bool mn_flow(const struct mn *mn, unsigned home, size_t i, struct mn_flow_info *info)
{
	const struct mn_home *h = home < mn->n_home ? &mn->home[home] : NULL;
	uint16_t bid[BUL_PATHS];
	bool any = false;
	size_t n;

	if (!h || h->conf->retired || i >= h->conf->n_flow)
		return false;
	*info = (struct mn_flow_info){ .conf = &h->conf->flows[i] };
	n = works(h, NULL, bid);
	for (unsigned k = 0; k < info->conf->n_bid && !info->bid; k++)
		for (size_t b = 0; b < n && !info->bid; b++)
			info->bid = bid[b] == info->conf->bid[k] ? bid[b] : 0;
	any = info->bid;
	info->view = flow_view(&h->flow, info->conf, any, &info->status);
	for (unsigned k = 0; k < info->conf->n_bid; k++)
		if (info->conf->weight[k])
			info->bid = 0;	/* no single one */
	return true;
}
