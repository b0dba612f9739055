/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/ndcheck.h"

#define ND_HOPS 255 /* so no router has forwarded it */

static bool is_solicited_node(const struct in6_addr *a)
{
	struct in6_addr own = in6_solicited_node(a);

	return in6_eq(a, &own);
}

static const char *ns_check(const struct nd_rx *rx, const struct nd_ns *ns)
{
	if (IN6_IS_ADDR_MULTICAST(&ns->target))
		return "the target is multicast";
	if (!IN6_IS_ADDR_UNSPECIFIED(&rx->src))
		return NULL;
	if (!is_solicited_node(&rx->dst))
		return "from :: but not to a solicited-node group";
	return ns->slla.len ? "from :: but with a source link-layer address" : NULL;
}

static const char *na_check(const struct nd_rx *rx, const struct nd_na *na)
{
	if (IN6_IS_ADDR_MULTICAST(&na->target))
		return "the target is multicast";
	return na->solicited && IN6_IS_ADDR_MULTICAST(&rx->dst) ? "Solicited but to a group" : NULL;
}

const char *ndcheck(const struct nd_rx *rx, int hop_limit, const struct nd_msg *m)
{
	if (hop_limit != ND_HOPS)
		return "Hop Limit is not 255";
	if (m->type == ND_RA)
		return IN6_IS_ADDR_LINKLOCAL(&rx->src) ? NULL : "source is not link-local";
	if (m->type == ND_RS)
		return IN6_IS_ADDR_UNSPECIFIED(&rx->src) && m->rs.slla.len
			       ? "from :: but with a source link-layer address"
			       : NULL;
	return m->type == ND_NS ? ns_check(rx, &m->ns) : na_check(rx, &m->na);
}
