/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of devices. */
#include "kern/priv.h"		/* <net/if.h> must come before <linux/if_link.h> */

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

static void on_stats(void *arg, const struct nlmsghdr *h)
{
	const struct nlattr *tb[IFLA_STATS_LINK_64 + 1] = { NULL };
	const struct rtnl_link_stats64 *s;
	struct kern_link_use *use = arg;
	struct rtnl_link_stats64 copy;

	nlq_attrs(h, sizeof(struct if_stats_msg), tb, IFLA_STATS_LINK_64 + 1);
	/* the kernel's struct has grown over time */
	s = nlq_data(tb[IFLA_STATS_LINK_64], offsetof(struct rtnl_link_stats64, rx_errors));
	if (!s)
		return;
	memcpy(&copy, s, offsetof(struct rtnl_link_stats64, rx_errors));
	*use = (struct kern_link_use){ .rx_bytes = copy.rx_bytes, .tx_bytes = copy.tx_bytes,
				       .rx_packets = copy.rx_packets,
				       .tx_packets = copy.tx_packets };
}

int kern_link_use(struct kern *k, int ifindex, struct kern_link_use *use)
{
	uint8_t buf[128] = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct if_stats_msg *m;

	*use = (struct kern_link_use){ 0 };
	h->nlmsg_type = RTM_GETSTATS;
	m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	m->ifindex = (uint32_t)ifindex;
	m->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
	return nlq_ask(&k->ask, NETLINK_ROUTE, h, on_stats, use);
}
