/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices. Per-peer tunnels come from libnl-route (its request is copied into the
 * batch), the others are plain libmnl.
 *
 * A new device gets its number from us, so that routes on it can go in the same
 * batch. It is born down, then marked, given its ingress filter, and only then
 * set up: no packet comes in unchecked.
 */
#include "kern/priv.h"		/* <net/if.h> must come before <linux/if.h> */

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/ip6_tunnel.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/ip6gre.h>
#include <netlink/route/link/ip6tnl.h>
#include <stdio.h>
#include <string.h>

#define IFINDEX_FIRST	0x6d000000	/* our own numbers; the kernel's own start at 1 */
#define IFINDEX_LAST	0x6dffffff

bool link_is_tunnel_type(uint16_t arphrd)
{
	return arphrd == ARPHRD_TUNNEL || arphrd == ARPHRD_TUNNEL6 || arphrd == ARPHRD_SIT ||
	       arphrd == ARPHRD_IPGRE || arphrd == ARPHRD_IP6GRE;
}

static struct nlmsghdr *link_msg(struct kern *k, uint16_t type, uint16_t flags, int ifindex)
{
	struct nlmsghdr *h = nlq_msg(&k->rt, type, flags);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(h, sizeof(*ifi));

	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = ifindex;
	return h;
}

/* Numbers of deleted devices are not used again soon: a late message cannot hit a new one. */
static int free_ifindex(struct kern *k)
{
	do {
		if (k->last_ifindex < IFINDEX_FIRST || k->last_ifindex >= IFINDEX_LAST)
			k->last_ifindex = IFINDEX_FIRST;
		k->last_ifindex++;
	} while (kern_link_by_index(k, k->last_ifindex));
	return k->last_ifindex;
}

/* ---- libnl-route: tunnels with two ends ---- */

/* The name only at birth: given again it is a renaming, which a device that is up refuses. */
static struct rtnl_link *peer_link(const struct k_link *l, int ifindex, bool is_new)
{
	struct in6_addr local = l->carrier.local.a.in6, remote = l->carrier.remote.a.in6;
	bool gre = l->kind == KLINK_IP6GRE;
	struct rtnl_link *n = gre ? rtnl_link_ip6gre_alloc() : rtnl_link_ip6_tnl_alloc();

	if (!n)
		return NULL;
	if (is_new)
		rtnl_link_set_name(n, l->name);
	rtnl_link_set_ifindex(n, ifindex);
	if (l->mtu)
		rtnl_link_set_mtu(n, l->mtu);
	if (!gre) {
		rtnl_link_ip6_tnl_set_local(n, &local);
		rtnl_link_ip6_tnl_set_remote(n, &remote);
		rtnl_link_ip6_tnl_set_ttl(n, KERN_HOP_LIMIT);
		rtnl_link_ip6_tnl_set_proto(n, 0);	/* IPv6 and IPv4 inside */
		rtnl_link_ip6_tnl_set_flags(n, IP6_TNL_F_IGN_ENCAP_LIMIT);
		return n;
	}
	rtnl_link_ip6gre_set_local(n, &local);
	rtnl_link_ip6gre_set_remote(n, &remote);
	rtnl_link_ip6gre_set_ttl(n, KERN_HOP_LIMIT);
	rtnl_link_ip6gre_set_flags(n, IP6_TNL_F_IGN_ENCAP_LIMIT);
	if (l->carrier.key) {
		rtnl_link_ip6gre_set_iflags(n, GRE_KEY);
		rtnl_link_ip6gre_set_oflags(n, GRE_KEY);
		rtnl_link_ip6gre_set_ikey(n, htonl(l->carrier.key));
		rtnl_link_ip6gre_set_okey(n, htonl(l->carrier.key));
	}
	return n;
}

/* op may be NULL: nobody waits. */
static int put_peer_link(struct kern *k, struct kop *op, const struct k_link *l, int ifindex,
			 int flags)
{
	struct rtnl_link *n;
	struct nl_msg *msg;
	int rc;

	if (l->carrier.local.family != AF_INET6 || l->carrier.remote.family != AF_INET6) {
		kop_why(op, "both ends of a tunnel are IPv6 addresses");
		return -EAFNOSUPPORT;
	}
	n = peer_link(l, ifindex, flags & NLM_F_CREATE);
	if (!n)
		return -ENOMEM;
	rc = rtnl_link_build_add_request(n, flags, &msg);
	rtnl_link_put(n);
	if (rc < 0)
		return rc == -NLE_NOMEM ? -ENOMEM : -EINVAL;
	if (op)
		kop_sent(op);
	rc = nlq_copy(&k->rt, (const struct nlmsghdr *)nlmsg_hdr(msg), op);
	nlmsg_free(msg);
	if (rc < 0 && op)
		kop_answer(op, rc, NULL);
	return 0;
}

/* ---- libmnl: dummy and external ---- */

static void put_plain_link(struct kern *k, struct kop *op, const struct k_link *l, int ifindex,
			   uint16_t flags)
{
	struct nlmsghdr *h = link_msg(k, RTM_NEWLINK, flags, ifindex);
	struct nlattr *info, *data;

	mnl_attr_put_strz(h, IFLA_IFNAME, l->name);
	if (l->mtu)
		mnl_attr_put_u32(h, IFLA_MTU, l->mtu);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	if (l->kind == KLINK_DUMMY) {
		mnl_attr_put_strz(h, IFLA_INFO_KIND, "dummy");
	} else {
		mnl_attr_put_strz(h, IFLA_INFO_KIND,
				  l->kind == KLINK_IP6TNL_EXTERNAL ? "ip6tnl" : "ip6gre");
		data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
		if (l->kind == KLINK_IP6TNL_EXTERNAL) {
			mnl_attr_put(h, IFLA_IPTUN_COLLECT_METADATA, 0, NULL);
			mnl_attr_put_u32(h, IFLA_IPTUN_FLAGS, IP6_TNL_F_IGN_ENCAP_LIMIT);
		} else {
			mnl_attr_put(h, IFLA_GRE_COLLECT_METADATA, 0, NULL);
			mnl_attr_put_u32(h, IFLA_GRE_FLAGS, IP6_TNL_F_IGN_ENCAP_LIMIT);
		}
		mnl_attr_nest_end(h, data);
	}
	mnl_attr_nest_end(h, info);
	kern_req(&k->rt, h, op);
}

static int put_link(struct kern *k, struct kop *op, const struct k_link *l, int ifindex,
		    uint16_t flags)
{
	switch ((enum klink_kind)l->kind) {
	case KLINK_IP6TNL:
	case KLINK_IP6GRE:
		return put_peer_link(k, op, l, ifindex, flags);
	case KLINK_DUMMY:
	case KLINK_IP6TNL_EXTERNAL:
	case KLINK_IP6GRE_EXTERNAL:
		put_plain_link(k, op, l, ifindex, flags);
		return 0;
	}
	return -EINVAL;
}

/* ---- after its birth ---- */

/* The alias says whose it is; no link-local address and so no ND on a tunnel. */
static void mark_link(struct kern *k, struct kop *op, int ifindex)
{
	struct nlmsghdr *h = link_msg(k, RTM_SETLINK, 0, ifindex);
	struct nlattr *spec, *in6;

	mnl_attr_put_str(h, IFLA_IFALIAS, KERN_ALIAS);
	spec = mnl_attr_nest_start(h, IFLA_AF_SPEC);
	in6 = mnl_attr_nest_start(h, AF_INET6);
	mnl_attr_put_u8(h, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(h, in6);
	mnl_attr_nest_end(h, spec);
	kern_req(&k->rt, h, op);
}

static void set_link_up(struct kern *k, struct kop *op, int ifindex)
{
	struct nlmsghdr *h = link_msg(k, RTM_SETLINK, 0, ifindex);
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);

	ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	kern_req(&k->rt, h, op);
}

static void set_link_mtu(struct kern *k, struct kop *op, int ifindex, uint32_t mtu)
{
	struct nlmsghdr *h = link_msg(k, RTM_SETLINK, 0, ifindex);

	mnl_attr_put_u32(h, IFLA_MTU, mtu);
	kern_req(&k->rt, h, op);
}

static void delete_link(struct kern *k, struct kop *op, int ifindex)
{
	kern_req(&k->rt, link_msg(k, RTM_DELLINK, 0, ifindex), op);
}

struct link_look { int ifindex; bool ours; };

static void link_seen(void *arg, const struct nlmsghdr *h)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);
	struct link_look *look = arg;
	const struct nlattr *tb[IFLA_IFALIAS + 1];

	if (h->nlmsg_type != RTM_NEWLINK)
		return;
	nlq_attrs(h, sizeof(*ifi), tb, IFLA_IFALIAS + 1);
	look->ifindex = ifi->ifi_index;
	look->ours = nlq_is(tb[IFLA_IFALIAS], KERN_ALIAS);
}

/* Asked by netlink and not by ioctl: for a name that does not exist if_nametoindex() makes the
 * kernel start modprobe and wait for it, in the middle of a handover. */
static struct link_look look_up(struct kern *k, const char *name)
{
	uint8_t buf[256] = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct link_look look = { 0 };

	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	h->nlmsg_type = RTM_GETLINK;
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	if (nlq_ask(&k->ask, NETLINK_ROUTE, h, link_seen, &look) < 0)
		return (struct link_look){ 0 };
	return look;
}

int kern_link_index(struct kern *k, const char *name)
{
	struct link_look look = look_up(k, name);

	return look.ifindex ? look.ifindex : -ENODEV;
}

/* A device of that name with our alias, which the table does not know: an earlier run's. */
static int leftover_ifindex(struct kern *k, const char *name)
{
	struct link_look look = look_up(k, name);

	return look.ours ? look.ifindex : 0;
}

static int create_link(struct kern *k, struct kop *op, const struct k_link *l, int ifindex)
{
	int rc = put_link(k, op, l, ifindex, NLM_F_CREATE | NLM_F_EXCL);

	if (rc < 0)
		return rc;
	mark_link(k, op, ifindex);
	if (l->ingress) {
		rc = kern_ingress_attach(k, op, ifindex);
		if (rc < 0)
			return rc;
	}
	set_link_up(k, op, ifindex);
	return 0;
}

/* RFC 6666: an address that is nobody's, another one for each device. */
static struct in6_addr nowhere(int ifindex)
{
	struct in6_addr a = { .s6_addr = { 1 } };
	uint32_t n = htonl((uint32_t)ifindex);

	memcpy(&a.s6_addr[12], &n, sizeof(n));
	return a;
}

void kern_link_aside(struct kern *k, struct kentry *e)
{
	struct k_link l = e->obj.link;
	const struct in6_addr away = nowhere(e->ifindex);

	if (e->aside)
		l.carrier.remote = locator6(&away);
	if (e->ifindex)
		(void)put_peer_link(k, NULL, &l, e->ifindex, 0);
}

/* ---- the kind ---- */

static int link_change(struct kern *k, struct kop *op, const struct k_link *l,
		       const struct k_link *was)
{
	int ifindex = op->e->ifindex, rc;

	if (was->kind != l->kind) {	/* the same number: who knows it need not learn */
		delete_link(k, op, ifindex);
		rc = create_link(k, op, l, ifindex);
		return rc < 0 ? rc : kern_put_again(k, op, l->name);
	}
	if (!carrier_eq(&l->carrier, &was->carrier)) {
		rc = put_link(k, op, l, ifindex, 0);
		if (rc < 0)
			return rc;
	}
	if (l->mtu && l->mtu != was->mtu)
		set_link_mtu(k, op, ifindex, l->mtu);
	if (l->ingress && !was->ingress)
		return kern_ingress_attach(k, op, ifindex);
	if (was->ingress && !l->ingress)
		kern_ingress_detach(k, op, ifindex);
	return 0;
}

int kern_link_put(struct kern *k, struct kop *op, const struct kobj *o, const struct kobj *was)
{
	int old;

	if (was)
		return link_change(k, op, &o->link, &was->link);
	old = leftover_ifindex(k, o->link.name);
	if (old > 0)
		delete_link(k, op, old);
	op->e->ifindex = free_ifindex(k);
	return create_link(k, op, &o->link, op->e->ifindex);
}

int kern_link_del(struct kern *k, struct kop *op, const struct kobj *o)
{
	if (o->link.ingress)
		kern_ingress_forget(k, op->e->ifindex);
	delete_link(k, op, op->e->ifindex);
	return 0;
}
