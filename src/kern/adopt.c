/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an earlier run left. Each kind carries our mark: devices the alias (their
 * routes and filters go with them), routes, rules, addresses, proxies and
 * neighbours the protocol number, XFRM policies the priority band, states the request id. The
 * dumped message, its type changed, is the request that deletes the object.
 */
#include "kern/priv.h"		/* <net/if.h> must come before <linux/if.h> */

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <stdlib.h>

struct adopt {
	struct kern *k;
	const uint32_t *rule_prefs;
	const char *const *home_devs;
	char *foreign_external;
	struct nlq rt, xf;		/* of their own: answers are counted here */
	uint8_t *list;			/* messages of the present dump that are ours */
	size_t used, cap;
	int removed, failed;
};

static void adopt_ack(void *arg, void *tag, int rc, const char *text)
{
	struct adopt *a = arg;

	(void)tag;
	if (rc == 0) {
		a->removed++;
	} else if (rc != -ENOENT && rc != -ESRCH && rc != -ENODEV && rc != -EADDRNOTAVAIL) {
		a->failed = rc;
		log_warn("kern", "removing a leftover: %s%s%s", strerror(-rc), text ? ": " : "",
			 text ? text : "");
	}
}

/* Kept until the dump ends: deleting under it would make it start again. */
static void keep(struct adopt *a, const struct nlmsghdr *h, uint16_t delete_type)
{
	size_t need = MNL_ALIGN(h->nlmsg_len);
	struct nlmsghdr *copy;

	if (need > NL_MSG_MAX)
		return;
	if (a->used + need > a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 16 * NL_MSG_MAX;
		uint8_t *list = realloc(a->list, cap);

		if (!list) {
			a->failed = -ENOMEM;
			return;
		}
		a->list = list;
		a->cap = cap;
	}
	copy = (struct nlmsghdr *)(void *)(a->list + a->used);
	memcpy(copy, h, h->nlmsg_len);
	copy->nlmsg_type = delete_type;
	copy->nlmsg_flags = 0;
	a->used += need;
}

static void delete_kept(struct adopt *a, struct nlq *n)
{
	for (size_t at = 0; at < a->used;) {
		const struct nlmsghdr *h = (const void *)(a->list + at);

		(void)nlq_copy(n, h, NULL);
		at += MNL_ALIGN(h->nlmsg_len);
	}
	nlq_send(n);
	a->used = 0;
}

/* A table that this kernel lacks has no leftovers; kern_probe() tells of that and of a missing
 * capability. */
static int dump_error(int rc)
{
	return rc == -EOPNOTSUPP || rc == -EPROTONOSUPPORT || rc == -EAFNOSUPPORT ||
	       rc == -EPERM ? 0 : rc;
}

static void adopt_dump(struct adopt *a, uint16_t type, const void *body, size_t len,
		       nlq_each_fn each)
{
	uint8_t buf[256] = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	int rc;

	memcpy(mnl_nlmsg_put_extra_header(h, len), body, len);
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_DUMP;
	rc = dump_error(nlq_ask(&a->k->ask, NETLINK_ROUTE, h, each, a));
	if (rc < 0)
		a->failed = rc;
	delete_kept(a, &a->rt);
}

/* ---- devices ---- */

static bool is_external_ip6tnl(const struct nlattr *linkinfo)
{
	const struct nlattr *info[IFLA_INFO_DATA + 1], *data[IFLA_IPTUN_COLLECT_METADATA + 1];

	nlq_nested(linkinfo, info, IFLA_INFO_DATA + 1);
	if (!nlq_is(info[IFLA_INFO_KIND], "ip6tnl"))
		return false;
	nlq_nested(info[IFLA_INFO_DATA], data, IFLA_IPTUN_COLLECT_METADATA + 1);
	return data[IFLA_IPTUN_COLLECT_METADATA];
}

static void on_link(void *arg, const struct nlmsghdr *h)
{
	struct adopt *a = arg;
	const struct nlattr *tb[IFLA_IFALIAS + 1];
	const char *name;

	nlq_attrs(h, sizeof(struct ifinfomsg), tb, IFLA_IFALIAS + 1);
	name = tb[IFLA_IFNAME] ? mnl_attr_get_payload(tb[IFLA_IFNAME]) : "?";
	if (nlq_is(tb[IFLA_IFALIAS], KERN_ALIAS)) {
		struct {		/* the dumped attributes are no part of a deletion */
			struct nlmsghdr h;
			struct ifinfomsg ifi;
		} del = { .h.nlmsg_len = sizeof(del) };

		del.ifi.ifi_index = ((const struct ifinfomsg *)mnl_nlmsg_get_payload(h))->ifi_index;
		keep(a, &del.h, RTM_DELLINK);
		log_info("kern", "leftover device %s: removed", name);
	} else if (is_external_ip6tnl(tb[IFLA_LINKINFO])) {
		snprintf(a->foreign_external, IFNAMSIZ, "%s", name);
	}
}

/* ---- routes, rules, addresses, proxies ---- */

static void on_route(void *arg, const struct nlmsghdr *h)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(h);

	if (rt->rtm_protocol == RTPROT_MIP6D)
		keep(arg, h, RTM_DELROUTE);
}

static void on_rule(void *arg, const struct nlmsghdr *h)
{
	struct adopt *a = arg;
	const struct nlattr *tb[FRA_PROTOCOL + 1];
	uint32_t pref;

	nlq_attrs(h, sizeof(struct fib_rule_hdr), tb, FRA_PROTOCOL + 1);
	pref = nlq_u32(tb[FRA_PRIORITY]);
	if (nlq_u8(tb[FRA_PROTOCOL]) == RTPROT_MIP6D) {
		keep(a, h, RTM_DELRULE);
		return;
	}
	for (const uint32_t *p = a->rule_prefs; p && *p; p++)
		if (*p == pref)
			log_warn("kern", "a rule that is not ours has our preference %u", pref);
}

static void on_addr(void *arg, const struct nlmsghdr *h)
{
	const struct nlattr *tb[IFA_PROTO + 1];

	nlq_attrs(h, sizeof(struct ifaddrmsg), tb, IFA_PROTO + 1);
	if (nlq_u8(tb[IFA_PROTO]) == RTPROT_MIP6D)
		keep(arg, h, RTM_DELADDR);
}

static bool on_home_link(const struct adopt *a, int ifindex)
{
	for (const char *const *d = a->home_devs; d && *d; d++)
		if (kern_ifindex(a->k, *d) == ifindex)
			return true;
	return false;
}

static void on_proxy(void *arg, const struct nlmsghdr *h)
{
	struct adopt *a = arg;
	const struct ndmsg *nd = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[NDA_PROTOCOL + 1];

	nlq_attrs(h, sizeof(*nd), tb, NDA_PROTOCOL + 1);
	if (!(nd->ndm_flags & NTF_PROXY))
		return;
	if (nlq_u8(tb[NDA_PROTOCOL]) == RTPROT_MIP6D)
		keep(a, h, RTM_DELNEIGH);
	else if (on_home_link(a, nd->ndm_ifindex) && nlq_data(tb[NDA_DST], 16))
		log_notice("kern", "proxy neighbour %s on a home link is not ours: left alone",
			   A6(mnl_attr_get_payload(tb[NDA_DST])));
}

static void on_neigh(void *arg, const struct nlmsghdr *h)
{
	const struct ndmsg *nd = mnl_nlmsg_get_payload(h);
	const struct nlattr *tb[NDA_PROTOCOL + 1];

	nlq_attrs(h, sizeof(*nd), tb, NDA_PROTOCOL + 1);
	if (nd->ndm_state & NUD_PERMANENT && nlq_u8(tb[NDA_PROTOCOL]) == RTPROT_MIP6D)
		keep(arg, h, RTM_DELNEIGH);
}

static void adopt_rtnetlink(struct adopt *a)
{
	const struct ifinfomsg link = { 0 };
	const struct ifaddrmsg addr = { 0 };
	const struct ndmsg neigh = { .ndm_family = AF_INET6 };
	const struct ndmsg proxy = { .ndm_family = AF_INET6, .ndm_flags = NTF_PROXY };

	adopt_dump(a, RTM_GETLINK, &link, sizeof(link), on_link);
	for (int i = 0; i < 2; i++) {
		uint8_t family = i ? AF_INET : AF_INET6;
		const struct rtmsg route = { .rtm_family = family, .rtm_protocol = RTPROT_MIP6D };
		const struct fib_rule_hdr rule = { .family = family };

		adopt_dump(a, RTM_GETRULE, &rule, sizeof(rule), on_rule);
		adopt_dump(a, RTM_GETROUTE, &route, sizeof(route), on_route);
	}
	adopt_dump(a, RTM_GETADDR, &addr, sizeof(addr), on_addr);
	adopt_dump(a, RTM_GETNEIGH, &proxy, sizeof(proxy), on_proxy);
	adopt_dump(a, RTM_GETNEIGH, &neigh, sizeof(neigh), on_neigh);
}

/* ---- XFRM ---- */

static void on_policy(void *arg, const struct nlmsghdr *h)
{
	struct adopt *a = arg;
	struct xfrm_userpolicy_info p;	/* a copy: in the message it is not aligned */
	struct xfrm_userpolicy_id id = { 0 };
	const struct nlattr *tb[XFRMA_POLICY_TYPE + 1];
	uint8_t buf[512] = { 0 };
	struct nlmsghdr *del;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(p))
		return;
	memcpy(&p, mnl_nlmsg_get_payload(h), sizeof(p));
	if ((p.priority & ~0xffu) != KOBJ_XFRM_PRIO)
		return;
	nlq_attrs(h, sizeof(p), tb, XFRMA_POLICY_TYPE + 1);
	del = mnl_nlmsg_put_header(buf);
	id.sel = p.sel;
	id.dir = p.dir;
	memcpy(mnl_nlmsg_put_extra_header(del, sizeof(id)), &id, sizeof(id));
	if (tb[XFRMA_POLICY_TYPE])
		mnl_attr_put(del, XFRMA_POLICY_TYPE,
			     mnl_attr_get_payload_len(tb[XFRMA_POLICY_TYPE]),
			     mnl_attr_get_payload(tb[XFRMA_POLICY_TYPE]));
	keep(a, del, XFRM_MSG_DELPOLICY);
}

static void on_state(void *arg, const struct nlmsghdr *h)
{
	struct xfrm_usersa_info x;
	struct xfrm_usersa_id id = { 0 };
	uint8_t buf[256] = { 0 };
	struct nlmsghdr *del = mnl_nlmsg_put_header(buf);

	if (mnl_nlmsg_get_payload_len(h) < sizeof(x))
		return;
	memcpy(&x, mnl_nlmsg_get_payload(h), sizeof(x));
	if ((x.reqid & 0xff000000u) != KOBJ_XFRM_REQID)
		return;
	id.daddr = x.id.daddr;
	id.spi = x.id.spi;
	id.proto = x.id.proto;
	id.family = x.family;
	memcpy(mnl_nlmsg_put_extra_header(del, sizeof(id)), &id, sizeof(id));
	mnl_attr_put(del, XFRMA_SRCADDR, sizeof(x.saddr), &x.saddr);
	keep(arg, del, XFRM_MSG_DELSA);
}

static void adopt_xfrm(struct adopt *a)
{
	static const struct { uint16_t type; nlq_each_fn each; } dump[] = {
		{ XFRM_MSG_GETPOLICY, on_policy }, { XFRM_MSG_GETSA, on_state },
	};

	for (unsigned i = 0; i < 2; i++) {
		uint8_t buf[64] = { 0 };
		struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
		int rc;

		h->nlmsg_type = dump[i].type;
		h->nlmsg_flags = NLM_F_DUMP;
		rc = dump_error(nlq_ask(&a->k->ask_xf, NETLINK_XFRM, h, dump[i].each, a));
		if (rc < 0)
			a->failed = rc;
		delete_kept(a, &a->xf);
	}
}

int kern_adopt(struct kern *k, const uint32_t *rule_prefs, const char *const *home_devs,
	       char foreign_external[IFNAMSIZ])
{
	struct adopt a = { .k = k, .rule_prefs = rule_prefs, .home_devs = home_devs,
			   .foreign_external = foreign_external, .rt.fd = -1, .xf.fd = -1 };
	int rc, sysctls;

	if (k->sw.active || k->sw.table)
		return -EBUSY;		/* these would be our own, of this run */
	foreign_external[0] = '\0';
	rc = nlq_open(&a.rt, NETLINK_ROUTE, adopt_ack, &a);
	if (rc < 0)
		return rc;
	adopt_rtnetlink(&a);
	if (k->xf.fd >= 0 && nlq_open(&a.xf, NETLINK_XFRM, adopt_ack, &a) == 0)
		adopt_xfrm(&a);
	sysctls = kern_sysctl_recover(k);
	nlq_close(&a.rt);
	nlq_close(&a.xf);
	free(a.list);
	if (sysctls < 0 || a.failed < 0)
		return sysctls < 0 ? sysctls : a.failed;
	return a.removed + sysctls;
}
