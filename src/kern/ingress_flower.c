/* SPDX-License-Identifier: BSD-2-Clause */
#include "kern/ingress.h"

#include "base/weaken.h"

#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>

/* One pref per inner family (a pref has one protocol), the drop behind both. */
#define PREF_IPV6	1
#define PREF_IPV4	2
#define PREF_DROP	0x7fff
#define HANDLE_DROP	1

static void put_verdict(struct nlmsghdr *h, uint16_t type, int verdict)
{
	struct tc_gact gact = { .action = verdict };
	struct nlattr *acts = mnl_attr_nest_start(h, type);
	struct nlattr *act = mnl_attr_nest_start(h, 1);
	struct nlattr *options;

	mnl_attr_put_strz(h, TCA_ACT_KIND, "gact");
	options = mnl_attr_nest_start(h, TCA_ACT_OPTIONS);
	mnl_attr_put(h, TCA_GACT_PARMS, sizeof(gact), &gact);
	mnl_attr_nest_end(h, options);
	mnl_attr_nest_end(h, act);
	mnl_attr_nest_end(h, acts);
}

void ingress_flower_attach(struct kern *k, struct kop *op, int ifindex)
{
	const struct tc_at at = { .ifindex = ifindex, .pref = PREF_DROP, .ethertype = ETH_P_ALL,
				  .handle = HANDLE_DROP };
	struct nlmsghdr *h = kern_tc_msg(k, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &at);
	struct nlattr *options;

	mnl_attr_put_strz(h, TCA_KIND, "matchall");
	options = mnl_attr_nest_start(h, TCA_OPTIONS);
	put_verdict(h, TCA_MATCHALL_ACT, weaken("ingress") ? TC_ACT_OK : TC_ACT_SHOT);
	mnl_attr_nest_end(h, options);
	kern_req(&k->rt, h, op);
}

static struct nlmsghdr *flower_msg(struct kern *k, uint16_t type, uint16_t flags,
				   const struct ingress_entry *e)
{
	bool v4 = e->o->inner.family == AF_INET;
	const struct tc_at at = { .ifindex = e->ifindex, .pref = v4 ? PREF_IPV4 : PREF_IPV6,
				  .ethertype = v4 ? ETH_P_IP : ETH_P_IPV6, .handle = e->handle };
	struct nlmsghdr *h = kern_tc_msg(k, type, flags, &at);

	mnl_attr_put_strz(h, TCA_KIND, "flower");
	return h;
}

void ingress_flower_add(struct kern *k, struct kop *op, const struct ingress_entry *e)
{
	struct nlmsghdr *h = flower_msg(k, RTM_NEWTFILTER, NLM_F_CREATE, e);
	struct nlattr *options = mnl_attr_nest_start(h, TCA_OPTIONS);
	bool v4 = e->o->inner.family == AF_INET;
	struct prefix mask = { .family = e->o->inner.family, .plen = e->o->inner.plen };
	size_t len = family_bytes(mask.family);

	memset(&mask.a, 0xff, len);
	mask = prefix_network(&mask);	/* ones, cut to the prefix length */
	mnl_attr_put_u16(h, TCA_FLOWER_KEY_ETH_TYPE, htons(v4 ? ETH_P_IP : ETH_P_IPV6));
	mnl_attr_put(h, v4 ? TCA_FLOWER_KEY_IPV4_SRC : TCA_FLOWER_KEY_IPV6_SRC, len,
		     &e->o->inner.a);
	mnl_attr_put(h, v4 ? TCA_FLOWER_KEY_IPV4_SRC_MASK : TCA_FLOWER_KEY_IPV6_SRC_MASK, len,
		     &mask.a);
	if (!IN6_IS_ADDR_UNSPECIFIED(&e->outer)) {
		memset(&mask.a, 0xff, sizeof(mask.a));
		mnl_attr_put(h, TCA_FLOWER_KEY_ENC_IPV6_SRC, 16, &e->outer);
		mnl_attr_put(h, TCA_FLOWER_KEY_ENC_IPV6_SRC_MASK, 16, &mask.a);
	}
	put_verdict(h, TCA_FLOWER_ACT, TC_ACT_OK);
	mnl_attr_nest_end(h, options);
	kern_req(&k->rt, h, op);
}

void ingress_flower_del(struct kern *k, struct kop *op, const struct ingress_entry *e)
{
	kern_req(&k->rt, flower_msg(k, RTM_DELTFILTER, 0, e), op);
}

/* ---- the counter of the last filter ---- */

static void count_drops(void *arg, const struct nlmsghdr *h)
{
	const struct nlattr *tb[TCA_OPTIONS + 1], *opt[TCA_MATCHALL_ACT + 1], *act[2];
	const struct nlattr *one[TCA_ACT_STATS + 1], *st[TCA_STATS_BASIC + 1];
	const struct gnet_stats_basic *basic;

	nlq_attrs(h, sizeof(struct tcmsg), tb, TCA_OPTIONS + 1);
	nlq_nested(tb[TCA_OPTIONS], opt, TCA_MATCHALL_ACT + 1);
	nlq_nested(opt[TCA_MATCHALL_ACT], act, 2);
	nlq_nested(act[1], one, TCA_ACT_STATS + 1);
	nlq_nested(one[TCA_ACT_STATS], st, TCA_STATS_BASIC + 1);
	/* The kernel's struct may lack the padding that ours has at its end. */
	basic = nlq_data(st[TCA_STATS_BASIC], offsetof(struct gnet_stats_basic, packets) + 4);
	if (basic)
		*(uint64_t *)arg = basic->packets;
}

uint64_t ingress_flower_dropped(struct kern *k, int ifindex)
{
	uint8_t buf[256] = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct tcmsg *tc = mnl_nlmsg_put_extra_header(h, sizeof(*tc));
	uint64_t n = 0;

	h->nlmsg_type = RTM_GETTFILTER;
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	tc->tcm_info = TC_H_MAKE((uint32_t)PREF_DROP << 16, htons(ETH_P_ALL));
	tc->tcm_handle = HANDLE_DROP;
	mnl_attr_put_strz(h, TCA_KIND, "matchall");
	(void)nlq_ask(&k->ask, NETLINK_ROUTE, h, count_drops, &n);	/* gone: 0 */
	return n;
}
