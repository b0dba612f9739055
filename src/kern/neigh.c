/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/util.h"
#include "kern/priv.h"

static struct nlmsghdr *neigh_msg(struct kern *k, uint16_t type, uint16_t flags, int ifindex,
				  const struct in6_addr *addr)
{
	struct nlmsghdr *h = nlq_msg(&k->rt, type, flags);
	struct ndmsg *nd = mnl_nlmsg_put_extra_header(h, sizeof(*nd));

	nd->ndm_family = AF_INET6;
	nd->ndm_ifindex = ifindex;
	mnl_attr_put(h, NDA_DST, sizeof(*addr), addr);
	return h;
}

static struct nlmsghdr *proxy_msg(struct kern *k, uint16_t type, uint16_t flags, int ifindex,
				  const struct k_proxy *p)
{
	struct nlmsghdr *h = neigh_msg(k, type, flags, ifindex, &p->addr);
	struct ndmsg *nd = mnl_nlmsg_get_payload(h);

	nd->ndm_flags = (uint8_t)(NTF_PROXY | (p->router ? NTF_ROUTER : 0));
	nd->ndm_state = NUD_PERMANENT;
	mnl_attr_put_u8(h, NDA_PROTOCOL, RTPROT_MIP6D);
	return h;
}

int kern_proxy_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	int ifindex = kern_ifindex(k, o->proxy.dev);

	(void)was;
	if (ifindex < 0) {
		kop_why(op, "no device %s", o->proxy.dev);
		return ifindex;
	}
	ksw_find(&k->sw, o)->ifindex = ifindex;
	kern_req(&k->rt, proxy_msg(k, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, ifindex,
				   &o->proxy), op);
	return 0;
}

int kern_proxy_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	kern_req(&k->rt, proxy_msg(k, RTM_DELNEIGH, 0, op->e->ifindex, &o->proxy), op);
	return 0;
}

/* Permanent: the kernel sends there and asks nobody. */
static struct nlmsghdr *knows_msg(struct kern *k, uint16_t type, uint16_t flags, int ifindex,
				  const struct k_neigh *n)
{
	struct nlmsghdr *h = neigh_msg(k, type, flags, ifindex, &n->addr);
	struct ndmsg *nd = mnl_nlmsg_get_payload(h);

	nd->ndm_state = NUD_PERMANENT;
	mnl_attr_put(h, NDA_LLADDR, n->len, n->lladdr);
	mnl_attr_put_u8(h, NDA_PROTOCOL, RTPROT_MIP6D);
	return h;
}

int kern_knows_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	int ifindex = kern_ifindex(k, o->neigh.dev);

	(void)was;
	if (ifindex < 0) {
		kop_why(op, "no device %s", o->neigh.dev);
		return ifindex;
	}
	ksw_find(&k->sw, o)->ifindex = ifindex;
	kern_req(&k->rt, knows_msg(k, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, ifindex,
				   &o->neigh), op);
	return 0;
}

int kern_knows_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	kern_req(&k->rt, neigh_msg(k, RTM_DELNEIGH, 0, op->e->ifindex, &o->neigh.addr), op);
	return 0;
}

void kern_neigh_put(struct kern *k, int ifindex, const struct in6_addr *addr,
		    const struct nd_lladdr *ll, bool reachable)
{
	struct nlmsghdr *h;
	struct ndmsg *nd;

	if (!ll->len || ll->len > sizeof(ll->b))
		return;
	h = neigh_msg(k, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, ifindex, addr);
	nd = mnl_nlmsg_get_payload(h);
	nd->ndm_state = reachable ? NUD_REACHABLE : NUD_STALE;
	mnl_attr_put(h, NDA_LLADDR, ll->len, ll->b);
	kern_req(&k->rt, h, NULL);
	kern_wake(k);
}

/* ---- flush ---- */

struct flush { struct kern *k; int ifindex; };

static void flush_one(void *arg, const struct nlmsghdr *h)
{
	const struct flush *f = arg;
	const struct ndmsg *nd = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[NDA_DST + 1];
	struct nlmsghdr *del;
	struct ndmsg *to;

	if (h->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(h) < sizeof(*nd) ||
	    nd->ndm_ifindex != f->ifindex || nd->ndm_state != NUD_INCOMPLETE)
		return;
	nlq_attrs(h, sizeof(*nd), tb, ARRAY_SIZE(tb));
	if (!tb[NDA_DST])
		return;
	del = nlq_msg(&f->k->rt, RTM_DELNEIGH, 0);
	to = mnl_nlmsg_put_extra_header(del, sizeof(*to));
	to->ndm_family = nd->ndm_family;
	to->ndm_ifindex = f->ifindex;
	mnl_attr_put(del, NDA_DST, mnl_attr_get_payload_len(tb[NDA_DST]),
		     mnl_attr_get_payload(tb[NDA_DST]));
	kern_req(&f->k->rt, del, NULL);
}

void kern_flush_unresolved(struct kern *k, int ifindex)
{
	struct flush f = { k, ifindex };
	uint8_t buf[64];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ndmsg *nd = mnl_nlmsg_put_extra_header(h, sizeof(*nd));
	int rc;

	h->nlmsg_type = RTM_GETNEIGH;
	h->nlmsg_flags = NLM_F_DUMP;
	nd->ndm_family = AF_UNSPEC;
	mnl_attr_put_u32(h, NDA_IFINDEX, (uint32_t)ifindex);
	rc = nlq_ask(&k->ask, NETLINK_ROUTE, h, flush_one, &f);
	if (rc < 0)
		log_rl(&k->rl, "kern", "neighbours: %s", strerror(-rc));
	kern_wake(k);
}
