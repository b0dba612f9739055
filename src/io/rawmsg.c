/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "io/raw.h"

/* care_of: what the kernel left in the option when it put the home address into the source. */
static int decode_ipv6(const struct cmsghdr *c, struct raw_in *in, struct in6_addr *care_of)
{
	const uint8_t *data = CMSG_DATA(c);
	size_t len = c->cmsg_len - CMSG_LEN(0);
	struct in6_pktinfo info;
	int rc;

	switch (c->cmsg_type) {
	case IPV6_PKTINFO:
		if (len < sizeof(info))
			return -EBADMSG;
		memcpy(&info, data, sizeof(info));
		in->dst = info.ipi6_addr;
		in->ifindex = (int)info.ipi6_ifindex;
		return 0;
	case IPV6_HOPLIMIT:
		if (len < sizeof(in->hop_limit))
			return -EBADMSG;
		memcpy(&in->hop_limit, data, sizeof(in->hop_limit));
		return 0;
	case IPV6_DSTOPTS:
		rc = hao_parse(data, len, care_of);
		if (rc > 0 && in->has_hao)
			return -EBADMSG; /* RFC 6275 6.3: at most one */
		in->has_hao |= rc > 0;
		return rc;
	case IPV6_RTHDR:
		rc = rh2_parse(data, len, &in->rh2_coa);
		in->has_rh2 |= rc > 0;
		return rc;
	default:
		return 0;
	}
}

int raw_decode(struct msghdr *msg, struct raw_in *in)
{
	const struct sockaddr_in6 *from = msg->msg_name;
	struct in6_addr care_of = { 0 };
	struct cmsghdr *c;
	int rc = 0;

	*in = (struct raw_in){ .hop_limit = -1 };
	if (msg->msg_flags & MSG_CTRUNC || msg->msg_namelen < sizeof(*from))
		return -EBADMSG;
	for (c = CMSG_FIRSTHDR(msg); c && rc >= 0; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IPV6)
			rc = decode_ipv6(c, in, &care_of);
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(&in->drops, CMSG_DATA(c), sizeof(in->drops));
			in->has_drops = true;
		}
	}
	if (rc < 0 || !in->ifindex)
		return -EBADMSG;
	in->src = in->has_hao ? care_of : from->sin6_addr;
	if (in->has_hao)
		in->hao = from->sin6_addr;
	return 0;
}

static void put(struct msghdr *msg, int type, const void *data, size_t len)
{
	struct cmsghdr *c = (void *)((uint8_t *)msg->msg_control + msg->msg_controllen);

	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	msg->msg_controllen += CMSG_SPACE(len);
}

void raw_encode(const struct raw_out *o, struct msghdr *msg, struct raw_ctl *ctl)
{
	struct in6_pktinfo info = { .ipi6_addr = o->src, .ipi6_ifindex = (unsigned)o->ifindex };
	uint8_t ext[HAO_HDR_LEN > RH2_LEN ? HAO_HDR_LEN : RH2_LEN];

	*ctl = (struct raw_ctl){ 0 };
	msg->msg_control = ctl->b;
	msg->msg_controllen = 0;
	put(msg, IPV6_PKTINFO, &info, sizeof(info));
	if (o->has_hao) {
		hao_build(&o->hao, ext);
		put(msg, IPV6_DSTOPTS, ext, HAO_HDR_LEN);
	}
	if (o->has_rh2) {
		rh2_build(&o->rh2_coa, ext);
		put(msg, IPV6_RTHDR, ext, RH2_LEN);
	}
}
