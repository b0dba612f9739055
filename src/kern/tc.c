/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters at either end of a device. The clsact qdisc that holds them may be there
 * already, for the other end's filter: putting it again changes nothing.
 */
#include "kern/priv.h"		/* <net/if.h> must come before others */

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

struct nlmsghdr *kern_tc_msg(struct kern *k, uint16_t type, uint16_t flags, const struct tc_at *at)
{
	struct nlmsghdr *h = nlq_msg(&k->rt, type, flags);
	struct tcmsg *tc = mnl_nlmsg_put_extra_header(h, sizeof(*tc));

	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = at->ifindex;
	tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, at->out ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
	tc->tcm_info = TC_H_MAKE((uint32_t)at->pref << 16, htons(at->ethertype));
	tc->tcm_handle = at->handle;
	return h;
}

void kern_clsact(struct kern *k, struct kop *op, int ifindex, bool away)
{
	struct nlmsghdr *h = nlq_msg(&k->rt, away ? RTM_DELQDISC : RTM_NEWQDISC,
				     away ? 0 : NLM_F_CREATE);
	struct tcmsg *tc = mnl_nlmsg_put_extra_header(h, sizeof(*tc));

	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = TC_H_CLSACT;
	tc->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	mnl_attr_put_strz(h, TCA_KIND, "clsact");
	kern_req(&k->rt, h, op);
}

void kern_tc_bpf(struct kern *k, struct kop *op, const struct tc_at *at, int prog, const char *name)
{
	struct nlmsghdr *h = kern_tc_msg(k, RTM_NEWTFILTER, NLM_F_CREATE, at);
	struct nlattr *options;

	mnl_attr_put_strz(h, TCA_KIND, "bpf");
	options = mnl_attr_nest_start(h, TCA_OPTIONS);
	mnl_attr_put_u32(h, TCA_BPF_FD, (uint32_t)prog);
	mnl_attr_put_strz(h, TCA_BPF_NAME, name);
	mnl_attr_put_u32(h, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(h, options);
	kern_req(&k->rt, h, op);
}
