/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

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
