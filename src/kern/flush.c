/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel's own address configuration left on a link that is ours now. */
#include "kern/monitor.h"	/* <net/if.h> must come before <linux/if.h> */

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

static void del_addr(struct kern *k, const struct mon_addr *a)
{
	struct nlmsghdr *h = nlq_msg(&k->rt, RTM_DELADDR, 0);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(h, sizeof(*ifa));

	ifa->ifa_family = AF_INET6;
	ifa->ifa_prefixlen = a->plen;
	ifa->ifa_index = (unsigned)a->key.ifindex;
	mnl_attr_put(h, IFA_LOCAL, sizeof(struct in6_addr), a->key.addr);
	kern_req(&k->rt, h, NULL);
}

static void del_default(struct kern *k, const struct mon_route *r)
{
	struct nlmsghdr *h = nlq_msg(&k->rt, RTM_DELROUTE, 0);
	struct rtmsg *rt = mnl_nlmsg_put_extra_header(h, sizeof(*rt));

	rt->rtm_family = AF_INET6;
	rt->rtm_protocol = RTPROT_RA;
	mnl_attr_put_u32(h, RTA_TABLE, r->key.table);
	mnl_attr_put_u32(h, RTA_PRIORITY, r->key.metric);
	mnl_attr_put_u32(h, RTA_OIF, (uint32_t)r->key.ifindex);
	mnl_attr_put(h, RTA_GATEWAY, sizeof(r->key.via), &r->key.via);
	kern_req(&k->rt, h, NULL);
}

void kern_flush_ra(struct kern *k, int ifindex)
{
	const struct mon_route *r;
	const struct mon_addr *a;

	for (a = k->mon->addrs; a; a = a->hh.next) {
		struct in6_addr addr;

		if (a->key.family != AF_INET6 || a->key.ifindex != ifindex ||
		    a->flags & IFA_F_PERMANENT)
			continue;
		memcpy(&addr, a->key.addr, sizeof(addr));
		if (!IN6_IS_ADDR_LINKLOCAL(&addr))
			del_addr(k, a);
	}
	for (r = k->mon->routes; r; r = r->hh.next)
		if (r->key.ifindex == ifindex && r->proto == RTPROT_RA)
			del_default(k, r);
	kern_wake(k);
}
