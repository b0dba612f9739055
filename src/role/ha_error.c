/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "io/icmp4.h"
#include "plan/plan_ha.h"
#include "role/ha_priv.h"
#include "run/timer.h"
#include "wire/inner.h"

#define ADDRESS_UNREACHABLE	3
#define HOP_LIMIT		0

/*
 * RFC 2473 8.1: an unreachable node, and a hop limit exceeded. Not a parameter problem: it is
 * for the encapsulation limit option, which we do not send. Too big: the kernel keeps the path
 * MTU, and says so itself to whoever sends the next one.
 */
static bool passed_on(const struct icmp6_msg *m)
{
	return m->type == ICMP6_UNREACH_ || (m->type == ICMP6_TIMEX_ && m->code == HOP_LIMIT);
}

/* The packet was tunnelled as this binding has it: anything else is old, or a lie. */
static bool tunnelled_by(const struct ha *ha, const struct bc_entry *e, const struct icmp6_msg *m,
			 const struct gre *g)
{
	const struct mobile_node *n = ha_node(ha->c, &e->b.key.hoa);
	struct carrier had = { .kind = CARRIER_IP6GRE, .local = locator6(&m->err.src),
			       .remote = locator6(&m->err.dst), .key = g->key };
	struct carrier is;

	if (!n || e->state != BC_BOUND || e->b.home)
		return false;
	is = ha_carrier(ha->c, n, &e->b);
	return carrier_eq(&is, &had) && g->has_key == (is.key != 0);
}

/* To whichever of its care-of addresses. */
static bool tunnelled_for(const struct ha *ha, const struct bc_entry *e, const struct icmp6_msg *m,
			  const struct gre *g)
{
	for (e = e ? e->home->first : NULL; e; e = e->sibling)
		if (tunnelled_by(ha, e, m, g))
			return true;
	return false;
}

/* RFC 2473 8.2, 8.3 */
static int tell(const struct ha *ha, const struct gre *g, const struct inner *in)
{
	struct icmp6_tx tx = { .dst = in->src.in6 };
	struct icmp6_msg m = { .type = ICMP6_UNREACH_, .code = ADDRESS_UNREACHABLE };

	if (g->family == AF_INET)
		return icmp4_unreachable(in->src.in4, g->payload, g->len);
	m.err.quote = g->payload;
	m.err.quote_len = g->len;
	return icmp6sock_send(ha->env.icmp, &tx, &m);
}

void ha_error_rx(struct ha *ha, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	const struct bc_entry *e;
	struct inner in;
	struct gre g;
	int rc;

	if (!ha->ready || ha->job.kind == JOB_STOP || !passed_on(m) ||
	    m->err.proto != IPPROTO_GRE || !in6_eq(&rx->dst, &m->err.src) ||
	    gre_parse(m->err.quote + m->err.off, m->err.quote_len - m->err.off, &g) < 0 ||
	    inner_parse(g.family, g.payload, g.len, &in) < 0 || !inner_may_hear(&in))
		return;
	e = g.family == AF_INET ? bc_route4(ha->bc, in.dst.in4) : bc_route(ha->bc, &in.dst.in6);
	if (!tunnelled_for(ha, e, m, &g) || !bucket_take(&ha->errors, run_now()))
		return;
	rc = tell(ha, &g, &in);
	if (rc < 0)
		log_rl(&ha->rl, "ha", "error from within the tunnel to %s not passed on: %s",
		       A6(&m->err.dst), strerror(-rc));
	else
		ha->stats.tunnel_errors++;
}
