/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XFRM states and policies of mode route optimisation (RFC 6275: Home Address
 * option and type 2 routing header).
 *
 * Our mark is the request id: where the plan gives none, KOBJ_XFRM_REQID stands
 * in the state and in the template alike, so that they still match each other.
 *
 * The structs hold 64-bit numbers but stand at multiples of 4 in a message: they
 * are filled apart and copied.
 */
#include <errno.h>
#include <linux/xfrm.h>

#include "kern/priv.h"

static uint32_t our_reqid(uint32_t reqid)
{
	if (reqid == KOBJ_XFRM_REQID_ANY)
		return 0;
	return reqid ? reqid : KOBJ_XFRM_REQID;
}

static int xfrm_ready(struct kern *k, struct kop *op)
{
	if (k->xf.fd >= 0)
		return 0;
	kop_why(op, "this kernel has no XFRM user interface");
	return -EPROTONOSUPPORT;
}

static struct nlmsghdr *xfrm_msg(struct kern *k, uint16_t type, const void *body, size_t len)
{
	struct nlmsghdr *h = nlq_msg(&k->xf, type, 0);

	memcpy(mnl_nlmsg_put_extra_header(h, len), body, len);
	return h;
}

static void lifetime_forever(struct xfrm_lifetime_cfg *l)
{
	l->soft_byte_limit = l->hard_byte_limit = XFRM_INF;
	l->soft_packet_limit = l->hard_packet_limit = XFRM_INF;
}

/* ---- states ---- */

static void put_xstate(struct kern *k, struct kop *op, const struct k_xstate *s, uint16_t type)
{
	struct xfrm_usersa_info x = {
		.family = AF_INET6, .mode = XFRM_MODE_ROUTEOPTIMIZATION,
		.reqid = our_reqid(s->reqid), .flags = s->wildrecv ? XFRM_STATE_WILDRECV : 0,
	};
	struct nlmsghdr *h;

	x.id.daddr.in6 = s->dst;
	x.id.proto = s->proto;
	x.saddr.in6 = s->src;
	lifetime_forever(&x.lft);
	h = xfrm_msg(k, type, &x, sizeof(x));
	mnl_attr_put(h, XFRMA_COADDR, sizeof(s->coa), &s->coa);
	kern_req(&k->xf, h, op);
}

/* Without an SPI it is found by both addresses. */
static struct nlmsghdr *xstate_id(struct nlmsghdr *h, const struct k_xstate *s)
{
	struct xfrm_usersa_id id = { .family = AF_INET6, .proto = s->proto };

	id.daddr.in6 = s->dst;
	memcpy(mnl_nlmsg_put_extra_header(h, sizeof(id)), &id, sizeof(id));
	mnl_attr_put(h, XFRMA_SRCADDR, sizeof(s->src), &s->src);
	return h;
}

int kern_xstate_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	int rc = xfrm_ready(k, op);

	if (rc == 0)
		kern_req(&k->xf, xstate_id(nlq_msg(&k->xf, XFRM_MSG_DELSA, 0), &o->xstate), op);
	return rc;
}

/* A packet that found a template and no state left a larval one in the way of the real one. There
 * need not be any: the answer is nobody's. */
static void del_larval(struct kern *k, const struct k_xstate *s)
{
	kern_req(&k->xf, xstate_id(nlq_msg(&k->xf, XFRM_MSG_DELSA, 0), s), NULL);
}

/* An update moves only the care-of address; other changes make the state anew. */
int kern_xstate_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	int rc = xfrm_ready(k, op);
	bool update = was && was->xstate.wildrecv == o->xstate.wildrecv;

	if (rc == 0 && was && !update)
		rc = kern_xstate_del(k, op, was);
	if (rc < 0)
		return rc;
	if (!was && !o->xstate.wildrecv)
		del_larval(k, &o->xstate);
	put_xstate(k, op, &o->xstate, update ? XFRM_MSG_UPDSA : XFRM_MSG_NEWSA);
	return 0;
}

/* One of ours that no plan has put. */
static void on_larval(void *arg, const struct nlmsghdr *h)
{
	struct kern *k = arg;
	struct kobj o = { .kind = KOBJ_XSTATE };
	struct xfrm_usersa_info x;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(x))
		return;
	memcpy(&x, mnl_nlmsg_get_payload(h), sizeof(x));
	if (x.family != AF_INET6 || x.reqid != KOBJ_XFRM_REQID_DATA)
		return;
	o.xstate.src = x.saddr.in6;
	o.xstate.dst = x.id.daddr.in6;
	o.xstate.proto = x.id.proto;
	o.xstate.reqid = x.reqid;
	if (!ksw_find(&k->sw, &o))
		del_larval(k, &o.xstate);
}

void kern_flush_larval(struct kern *k)
{
	uint8_t buf[64] = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	if (k->xf.fd < 0)
		return;
	h->nlmsg_type = XFRM_MSG_GETSA;
	h->nlmsg_flags = NLM_F_DUMP;
	(void)nlq_ask(&k->ask_xf, NETLINK_XFRM, h, on_larval, k);
	kern_wake(k);
}

static void on_use(void *arg, const struct nlmsghdr *h)
{
	struct xfrm_usersa_info x;
	struct kern_use *use = arg;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(x))
		return;
	memcpy(&x, mnl_nlmsg_get_payload(h), sizeof(x));
	use->packets = x.curlft.packets;
	use->bytes = x.curlft.bytes;
}

int kern_xstate_use(struct kern *k, const struct k_xstate *s, struct kern_use *use)
{
	uint8_t buf[256] = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	*use = (struct kern_use){ 0 };
	h->nlmsg_type = XFRM_MSG_GETSA;
	return nlq_ask(&k->ask_xf, NETLINK_XFRM, xstate_id(h, s), on_use, use);
}

/* ---- policies ---- */

static void fill_selector(struct xfrm_selector *sel, const struct k_xpolicy *p)
{
	sel->family = AF_INET6;
	sel->saddr.in6 = p->sel_src.a.in6;
	sel->daddr.in6 = p->sel_dst.a.in6;
	sel->prefixlen_s = p->sel_src.plen;
	sel->prefixlen_d = p->sel_dst.plen;
	sel->proto = p->sel_proto;
	sel->ifindex = p->ifindex;
	if (p->has_sel_type) {		/* the kernel takes the MH or ICMPv6 type as source port */
		sel->sport = htons(p->sel_type);
		sel->sport_mask = htons(0xffff);
	}
}

static void put_policy_type(struct nlmsghdr *h, const struct k_xpolicy *p)
{
	struct xfrm_userpolicy_type type = {
		.type = p->sub ? XFRM_POLICY_TYPE_SUB : XFRM_POLICY_TYPE_MAIN,
	};

	mnl_attr_put(h, XFRMA_POLICY_TYPE, sizeof(type), &type);
}

static struct xfrm_user_tmpl template(const struct k_xtmpl *k)
{
	struct xfrm_user_tmpl t = {
		.family = AF_INET6, .mode = XFRM_MODE_ROUTEOPTIMIZATION,
		.reqid = our_reqid(k->reqid), .optional = k->use,
		.aalgos = UINT32_MAX, .ealgos = UINT32_MAX, .calgos = UINT32_MAX,
	};

	t.id.proto = k->proto;
	t.id.daddr.in6 = k->dst;
	t.saddr.in6 = k->src;
	return t;
}

static void put_templates(struct nlmsghdr *h, const struct k_xpolicy *p)
{
	struct xfrm_user_tmpl t[KOBJ_XFRM_TMPLS];

	for (unsigned i = 0; i < p->n_tmpl; i++)
		t[i] = template(&p->tmpl[i]);
	if (p->n_tmpl)
		mnl_attr_put(h, XFRMA_TMPL, p->n_tmpl * sizeof(t[0]), t);
}

int kern_xpolicy_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	const struct k_xpolicy *p = &o->xpolicy;
	struct xfrm_userpolicy_info x = { .priority = p->priority, .dir = p->dir,
					  .action = p->block ? XFRM_POLICY_BLOCK : XFRM_POLICY_ALLOW,
					  .share = XFRM_SHARE_ANY };
	struct nlmsghdr *h;
	int rc = xfrm_ready(k, op);

	if (rc < 0)
		return rc;
	if (p->n_tmpl > KOBJ_XFRM_TMPLS)
		return -EINVAL;
	fill_selector(&x.sel, p);
	lifetime_forever(&x.lft);
	/* NEW refuses a policy that is there already (somebody else's), UPD replaces it. */
	h = xfrm_msg(k, was ? XFRM_MSG_UPDPOLICY : XFRM_MSG_NEWPOLICY, &x, sizeof(x));
	put_templates(h, p);
	put_policy_type(h, p);
	kern_req(&k->xf, h, op);
	return 0;
}

int kern_xpolicy_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	struct xfrm_userpolicy_id id = { .dir = o->xpolicy.dir };
	struct nlmsghdr *h;
	int rc = xfrm_ready(k, op);

	if (rc < 0)
		return rc;
	fill_selector(&id.sel, &o->xpolicy);
	h = xfrm_msg(k, XFRM_MSG_DELPOLICY, &id, sizeof(id));
	put_policy_type(h, &o->xpolicy);
	kern_req(&k->xf, h, op);
	return 0;
}
