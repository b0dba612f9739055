/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "kern/priv.h"

static struct nlmsghdr *addr_msg(struct kern *k, uint16_t type, uint16_t flags, int ifindex,
				 const struct k_addr *a)
{
	struct nlmsghdr *h = nlq_msg(&k->rt, type, flags);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(h, sizeof(*ifa));

	ifa->ifa_family = a->addr.family;
	ifa->ifa_prefixlen = a->addr.plen;
	ifa->ifa_index = (uint32_t)ifindex;
	mnl_attr_put(h, IFA_LOCAL, family_bytes(a->addr.family), &a->addr.a);
	mnl_attr_put(h, IFA_ADDRESS, family_bytes(a->addr.family), &a->addr.a);
	return h;
}

int kern_addr_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	/* Not by name, which may be another device's by now; -ENODEV: it went with its device. */
	kern_req(&k->rt, addr_msg(k, RTM_DELADDR, 0, op->e->ifindex, &o->addr), op);
	return 0;
}

/* A leftover of an earlier run (kernels before 5.18 keep no IFA_PROTO, so kern_adopt() cannot
 * know it) is taken over by REPLACE. */
int kern_addr_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	const struct k_addr *a = &o->addr;
	struct ifa_cacheinfo life = { .ifa_prefered = a->deprecated ? 0 : UINT32_MAX,
				      .ifa_valid = UINT32_MAX };
	int ifindex = kern_ifindex(k, a->dev);
	struct nlmsghdr *h;

	if (ifindex < 0) {
		kop_why(op, "no device %s", a->dev);
		return ifindex;
	}
	ksw_find(&k->sw, o)->ifindex = ifindex;
	if (was && was->addr.addr.plen != a->addr.plen)	/* the kernel changes no length */
		kern_req(&k->rt, addr_msg(k, RTM_DELADDR, 0, ifindex, &was->addr), op);
	h = addr_msg(k, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, a);
	((struct ifaddrmsg *)mnl_nlmsg_get_payload(h))->ifa_flags = (uint8_t)a->flags;
	mnl_attr_put_u32(h, IFA_FLAGS, a->flags);
	mnl_attr_put(h, IFA_CACHEINFO, sizeof(life), &life);
	mnl_attr_put_u8(h, IFA_PROTO, RTPROT_MIP6D);
	kern_req(&k->rt, h, op);
	return 0;
}
