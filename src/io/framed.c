/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip6.h>
#include <netpacket/packet.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/util.h"
#include "io/raw.h"

#ifndef ARPHRD_RAWIP
#define ARPHRD_RAWIP 519 /* modems */
#endif
#ifndef ARPHRD_IP6GRE
#define ARPHRD_IP6GRE 823
#endif

int framed_open(void)
{
	/* protocol 0: sends only */
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

/* RFC 2464 7 for Ethernet; links between two ends have no addresses. */
static int multicast_to(int fd, int ifindex, const struct in6_addr *group, struct sockaddr_ll *to)
{
	struct ifreq ifr = { .ifr_ifindex = ifindex };

	if (ioctl(fd, SIOCGIFNAME, &ifr) < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr) < 0)
		return -errno;
	switch (ifr.ifr_hwaddr.sa_family) {
	case ARPHRD_ETHER:
		to->sll_halen = ETH_ALEN;
		memset(to->sll_addr, 0x33, 2);
		memcpy(to->sll_addr + 2, &group->s6_addr[12], 4);
		return 0;
	case ARPHRD_NONE:
	case ARPHRD_PPP:
	case ARPHRD_RAWIP:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IP6GRE:
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}

static int link_to(int fd, const struct framed *f, struct sockaddr_ll *to)
{
	*to = (struct sockaddr_ll){ .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_IPV6),
				    .sll_ifindex = f->ifindex };
	if (!f->to)
		return IN6_IS_ADDR_MULTICAST(&f->o->dst)
			       ? multicast_to(fd, f->ifindex, &f->o->dst, to)
			       : -EDESTADDRREQ;
	if (f->to->len > sizeof(to->sll_addr))
		return -EAFNOSUPPORT;
	to->sll_halen = f->to->len;
	memcpy(to->sll_addr, f->to->b, f->to->len);
	return 0;
}

struct head {
	struct ip6_hdr ip;
	uint8_t ext[RH2_LEN + HAO_HDR_LEN];
	size_t n_ext;
};

/* Routing header before the home address option (RFC 6275 6.3); octet 0 of each is Next Header. */
static void build_head(struct head *h, const struct framed *f, size_t payload)
{
	const struct raw_out *o = f->o;
	uint8_t *next = &h->ip.ip6_nxt;

	*h = (struct head){ 0 };
	h->ip.ip6_flow = htonl(6u << 28);
	h->ip.ip6_hlim = f->hops;
	h->ip.ip6_src = o->src;
	h->ip.ip6_dst = o->has_rh2 ? o->rh2_coa : o->dst;
	if (o->has_rh2) {
		*next = IPPROTO_ROUTING;
		next = h->ext;
		rh2_build(&o->dst, h->ext);
		h->n_ext = RH2_LEN;
	}
	if (o->has_hao) {
		*next = IPPROTO_DSTOPTS;
		next = h->ext + h->n_ext;
		hao_build(&o->hao, next);
		h->n_ext += HAO_HDR_LEN;
	}
	*next = f->proto;
	h->ip.ip6_plen = htons((uint16_t)(payload + h->n_ext));
}

int framed_send(int fd, const struct framed *f, const struct iovec *iov, size_t n)
{
	struct iovec all[RAW_IOV + 2];
	struct msghdr msg = { .msg_iov = all, .msg_iovlen = n + 2 };
	struct sockaddr_ll to;
	struct head h;
	size_t len = 0;
	int rc = link_to(fd, f, &to);

	if (rc < 0)
		return rc;
	if (n > RAW_IOV)
		return -EMSGSIZE;
	for (size_t i = 0; i < n; i++) {
		all[i + 2] = iov[i];
		len += iov[i].iov_len;
	}
	build_head(&h, f, len);
	all[0] = (struct iovec){ .iov_base = &h.ip, .iov_len = sizeof(h.ip) };
	all[1] = (struct iovec){ .iov_base = h.ext, .iov_len = h.n_ext };
	msg.msg_name = &to;
	msg.msg_namelen = sizeof(to);
	if (sendmsg(fd, &msg, MSG_DONTWAIT) < 0)
		return errno == ENOBUFS ? -EAGAIN : -errno;
	return 0;
}
