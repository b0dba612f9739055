/* SPDX-License-Identifier: BSD-2-Clause */
#include "role/role_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_mn.h"
#include "run/event.h"
#include "run/log.h"
#include "run/timer.h"
#include "sec/crypto.h"

/* ---- messages in ---- */

/* RFC 6275 9.3.3: to the source on the wire, no HAO, no routing header. */
static void send_binding_error(struct node_priv *p, const struct mh_rx *rx, uint8_t status)
{
	struct mh_msg m = { .type = MH_BE };
	uint8_t buf[MH_MAX_LEN];
	struct mh_tx tx = { .src = rx->dst, .dst = rx->src, .ifindex = rx->ifindex, .buf = buf };
	ssize_t n;

	if (!in6_is_unicast_routable(&rx->src) && !IN6_IS_ADDR_LINKLOCAL(&rx->src))
		return;
	if (IN6_IS_ADDR_MULTICAST(&rx->dst))
		return;
	if (!bucket_take(&p->errors, run_now())) {
		p->pub.be_suppressed++;
		return;
	}
	m.be.status = status;
	m.be.hoa = rx->has_hao ? rx->hao : in6addr_any;
	n = mh_build(&m, &p->pub.conf.dialect, buf, sizeof(buf), NULL);
	if (n < 0)
		return;
	tx.len = (size_t)n;
	if (!IN6_IS_ADDR_LINKLOCAL(&rx->src))
		tx.ifindex = 0;		/* the way back is routing's choice */
	if (mhsock_send(p->pub.mh, &tx) == 0)
		p->pub.be_sent++;
}

static bool home_registered(void *arg, const struct in6_addr *hoa, const struct in6_addr *local)
{
	const struct node *n = arg;
	const struct bc_entry *e = n->ha ? bc_primary(ha_bc(n->ha), hoa) : NULL;

	return e && in6_eq(&e->b.local, local);
}

/*
 * With H for the home agent, without for the correspondent. Where only one runs it has the
 * word for both. RFC 6275 9.5.1: a home registration of what is a correspondent's binding, and
 * not the home agent's own, is the correspondent's to refuse.
 */
static void dispatch_bu(struct node *n, const struct mh_rx *rx, const struct mh_msg *m)
{
	const struct in6_addr *hoa = rx->has_hao ? &rx->hao : &rx->src;
	bool ours = n->cn && (!n->ha || !(m->bu.flags & BU_H) ||
			      (cn_bound(n->cn, &rx->dst, hoa) &&
			       !home_registered(n, hoa, &rx->dst)));

	if (ours)
		cn_bu_rx(n->cn, rx, m);
	else if (n->ha)
		ha_bu_rx(n->ha, rx, m);
}

static void dispatch(struct node *n, const struct mh_rx *rx, const struct mh_msg *m)
{
	switch ((enum mh_type)m->type) {
	case MH_BU:
		dispatch_bu(n, rx, m);
		break;
	case MH_BA:
		if (n->mn)
			mn_ba_rx(n->mn, rx, m);
		break;
	case MH_BRR:
		if (n->mn)
			mn_brr_rx(n->mn, rx, m);
		break;
	case MH_BE:
		if (n->mn)
			mn_be_rx(n->mn, rx, m);
		break;
	case MH_HOTI:
	case MH_COTI:
		if (n->cn)
			cn_test_rx(n->cn, rx, m);
		break;
	case MH_HOT:
		if (n->mn)
			mn_hot_rx(n->mn, rx, m);
		break;
	case MH_COT:
		if (n->mn)
			mn_cot_rx(n->mn, rx, m);
		break;
	}
}

static void mh_rx(void *arg, const struct mh_rx *rx, const struct mh_msg *m, int err,
		  const char *why)
{
	struct node_priv *p = arg;

	if (m) {
		/* RFC 6275 6.1, 11.7: only a BU may carry a home address option; the correspondent
		 * counts the tests that do */
		if (rx->has_hao && m->type != MH_BU &&
		    !(p->pub.cn && (m->type == MH_HOTI || m->type == MH_COTI))) {
			log_rl(&p->rl, "role", "%s from %s dropped: it has a home address option",
			       mh_type_str(m->type), A6(&rx->src));
			return;
		}
		dispatch(&p->pub, rx, m);
	} else if (err == -EPROTONOSUPPORT) {
		log_rl(&p->rl, "role", "message of unknown type from %s", A6(&rx->src));
		send_binding_error(p, rx, BE_UNKNOWN_TYPE);
	} else {
		log_rl(&p->rl, "role", "malformed message from %s dropped: %s", A6(&rx->src), why);
	}
}

static void icmp_rx(void *arg, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	struct node_priv *p = arg;

	if (p->pub.ha && m->type == ICMP6_DHAAD_REQ)
		ha_dhaad_rx(p->pub.ha, rx, m);
	if (p->pub.ha && m->type == ICMP6_MPS)
		ha_mps_rx(p->pub.ha, rx, m);
	if (p->pub.ha && (m->type == ICMP6_UNREACH_ || m->type == ICMP6_TIMEX_))
		ha_error_rx(p->pub.ha, rx, m);
	if (p->pub.mn)
		mn_icmp_rx(p->pub.mn, rx, m);
	if (p->pub.cn && m->type == ICMP6_UNREACH_)
		cn_icmp_rx(p->pub.cn, rx, m);
}

/* ---- news from the kernel ---- */

static void on_link(void *arg, const struct klink *l, bool gone)
{
	struct node_priv *p = arg;

	if (p->pub.ha)
		ha_link(p->pub.ha, l, gone);
	if (p->pub.md)
		md_link(p->pub.md, l, gone);
	if (p->pub.mn)
		mn_link(p->pub.mn, l, gone);
}

static void on_addr(void *arg, const struct kaddr_news *a)
{
	struct node_priv *p = arg;

	if (p->pub.ha)
		ha_addr(p->pub.ha, a);
	if (p->pub.md)
		md_addr(p->pub.md, a);
	if (p->pub.cn)
		cn_addr(p->pub.cn, a);
}

static void on_addr4(void *arg, int ifindex)
{
	struct node_priv *p = arg;

	if (p->pub.mn)
		mn_addr4(p->pub.mn, ifindex);
}

static void on_route(void *arg, const struct kroute_news *r)
{
	struct node_priv *p = arg;

	if (p->pub.md)
		md_route(p->pub.md, r);
}

/* A home address option without a binding: a hint (SHISA's MIPM_BE_HINT), and a Binding Error. */
void node_be_hint(struct node *n, const struct ev_be_hint *h)
{
	struct event e = { .type = EV_be_hint, .be_hint = *h };
	struct mh_rx rx = { .src = h->peer, .dst = h->local, .has_hao = true,
			    .hao = h->home_address };

	if (bucket_take(&priv(n)->reports, run_now()))
		event_emit(&e);
	send_binding_error(priv(n), &rx, (uint8_t)h->status);
}

static void on_report(void *arg, const struct kreport *r)
{
	struct node_priv *p = arg;

	/* The kernel is asked what it can before there is a socket to answer by; who sends with
	 * that address is reported again. */
	if (!p->pub.mh)
		return;
	/* RFC 5648 6.5 */
	if (p->pub.cn && cn_heard(p->pub.cn, &r->dst, &r->src, &r->coa))
		return;
	node_be_hint(&p->pub, &(struct ev_be_hint){ .peer = r->coa, .home_address = r->src,
						    .local = r->dst,
						    .status = BE_UNKNOWN_BINDING });
}

/* A packet of a mobile node found no state of its peer: SHISA's MIPM_RR_HINT. */
static void on_acquire(void *arg, const struct kacquire *a)
{
	struct node_priv *p = arg;
	struct event e = { .type = EV_rr_hint };

	if (!p->pub.mn || a->proto != IPPROTO_DSTOPTS)
		return;
	e.rr_hint.home_address = a->src;
	e.rr_hint.peer = a->dst;
	event_emit(&e);
}

/* ---- start ---- */

static void say_missing(void *arg, const char *line)
{
	(void)arg;
	log_err("kern", "missing: %s", line);
}

static void emit_roles(const struct node *n, bool on)
{
	static const struct { unsigned bit; const char *name; } role[] = {
		{ ROLE_HA, "ha" }, { ROLE_MR, "mr" }, { ROLE_MN, "mn" }, { ROLE_CN, "cn" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(role); i++) {
		struct event e = { .type = EV_node_type };

		if (!(n->conf.roles & role[i].bit))
			continue;
		strcpy(e.node_type.role, role[i].name);
		e.node_type.on = on;
		event_emit(&e);
	}
}

static void role_ready(void *arg, int rc)
{
	struct node_priv *p = arg;

	if (rc < 0 && !p->start_rc)
		p->start_rc = rc;
	if (--p->starting)
		return;
	p->pub.ready = p->start_rc == 0;
	if (p->pub.ready)
		emit_roles(&p->pub, true);
	p->ready(p->ready_arg, p->start_rc);
}

/* What an earlier run of ours left is removed before anything is built on it. */
static int adopt(struct node_priv *p)
{
	const struct node_conf *c = &p->pub.conf;
	bool mobile = c->roles & (ROLE_MN | ROLE_MR);
	uint32_t base = mobile ? c->mn->rule_pref : 0;
	const uint32_t prefs[] = { base + MN_RULE_INSIDE, base + MN_RULE_NOWHERE,
				   base + MN_RULE_COA,	  base + MN_RULE_COA_NOT,
				   base + MN_RULE_TUNNEL, base + MN_RULE_ONLINK,
				   base + MN_RULE_MARK,	  base + MN_RULE_OIF,
				   base + MN_RULE_MARK_ANY,
				   base + MN_RULE_FROM,	  base + MN_RULE_HOA_NOT,
				   base + MN_RULE_MAIN,	  base + MN_RULE_HOME,	0 };
	const uint32_t none[] = { 0 };
	size_t n_dev = c->roles & ROLE_HA ? c->ha->n_link : 0;
	const char **dev = calloc(n_dev + 1, sizeof(*dev));
	char foreign[IFNAMSIZ] = "";
	int rc;

	if (!dev)
		return -ENOMEM;
	for (size_t i = 0; i < n_dev; i++)
		dev[i] = c->ha->links[i].dev;
	rc = kern_adopt(p->pub.kern, mobile ? prefs : none, dev, foreign);
	free(dev);
	if (rc < 0) {
		log_err("kern", "leftovers of an earlier run: %s", strerror(-rc));
		return rc;
	}
	if (rc > 0)
		log_notice("kern", "removed %d objects that an earlier run left", rc);
	if (foreign[0] && c->roles & ROLE_HA && c->ha->tunnel == TUNNEL_SHARED) {
		log_err("kern",
			"%s is an external ip6tnl of somebody else, and a network namespace can have"
			" only one: remove it (ip link del %s) or set tunnel = \"device\"",
			foreign, foreign);
		return -EEXIST;
	}
	return 0;
}

static bool agent_steers(const struct ha_conf *c)
{
	for (size_t i = 0; i < c->n_node && !c->flower; i++)
		if (c->nodes[i].n_flow || c->nodes[i].n_weight)
			return true;
	return false;
}

static bool mobile_steers(const struct mn_conf *c)
{
	for (size_t i = 0; i < c->n_home; i++)
		if (c->homes[i].n_flow)
			return true;
	for (size_t i = 0; i < c->n_uplink; i++)
		for (size_t k = 0; k < i; k++)
			if (c->uplinks[i].bid && c->uplinks[i].priority == c->uplinks[k].priority)
				return true;
	return false;
}

bool node_steers(const struct node_conf *c)
{
	if (c->roles & ROLE_HA && agent_steers(c->ha))
		return true;
	return c->roles & (ROLE_MN | ROLE_MR) && mobile_steers(c->mn);
}

static int open_kernel(struct node_priv *p)
{
	const struct node_conf *c = &p->pub.conf;
	const struct kern_news news = { .link = on_link, .addr = on_addr, .addr4 = on_addr4,
					.route = on_route,
					.report = on_report, .acquire = on_acquire,
					.arg = p };
	struct kern_needs needs = { .ha = c->roles & ROLE_HA, .cn = c->roles & ROLE_CN,
				    .mr = c->roles & (ROLE_MN | ROLE_MR),
				    .steer = node_steers(c) };
	int rc;

	rc = kern_open(&p->pub.kern, p->pub.loop, &c->kern, &news);
	if (rc < 0) {
		log_err("kern", "netlink: %s", strerror(-rc));
		return rc;
	}
	rc = adopt(p);
	if (rc < 0)
		return rc;
	if (c->roles & ROLE_HA)
		needs.gre |= c->ha->carrier == CARRIER_IP6GRE;
	for (size_t i = 0; needs.mr && i < c->mn->n_home; i++)
		needs.gre |= c->mn->homes[i].carrier == CARRIER_IP6GRE;
	if (kern_probe(p->pub.kern, &needs, say_missing, NULL))
		return -EOPNOTSUPP;
	if (c->roles & (ROLE_MN | ROLE_MR)) {
		p->mn.conf.coa_on_request = kern_probe_source(p->pub.kern);
		log_info("kern", "IPV6_PREFER_SRC_COA: %s", p->mn.conf.coa_on_request ? "works" :
			 "not with this kernel (CONFIG_IPV6_MIP6=y); bind to the address instead");
		p->mn.conf.routes_by_source = kern_probe_from(p->pub.kern);
		log_info("kern", "multicast from a home address that is away: %s",
			 p->mn.conf.routes_by_source ? "goes through the tunnel" :
			 "refused by this kernel (it lacks CONFIG_IPV6_SUBTREES)");
	}
	return 0;
}

static int open_sockets(struct node_priv *p)
{
	static const uint8_t types[] = { ICMP6_UNREACH_, ICMP6_TIMEX_, ICMP6_PARAMPROB_,
					 ICMP6_ECHOREP_, ICMP6_DHAAD_REQ, ICMP6_DHAAD_REP,
					 ICMP6_MPS, ICMP6_MPA, 0 };
	struct node *n = &p->pub;
	int rc;

	rc = mhsock_open(&n->mh, n->loop, &n->conf.dialect, mh_rx, p);
	if (rc < 0)
		log_err("io", "mobility header socket: %s", strerror(-rc));
	if (rc == 0 && (rc = ndsock_open(&n->nd, n->loop)) < 0)
		log_err("io", "neighbour discovery socket: %s", strerror(-rc));
	if (rc == 0 && (rc = dad_init(&n->dad, n->nd)) < 0)
		log_err("io", "duplicate address detection: %s", strerror(-rc));
	if (rc == 0 && (rc = icmp6sock_open(&n->icmp, n->loop, types, icmp_rx, p)) < 0)
		log_err("io", "icmpv6 socket: %s", strerror(-rc));
	return rc;
}

/* Two of our roles may have begun with the same home address at the same time. */
static void on_bc_add(void *arg, const struct event *e)
{
	struct node *n = arg;

	if (e->type == EV_bc_add && e->bc_add.flags & BU_H && n->cn &&
	    home_registered(n, &e->bc_add.home_address, &e->bc_add.peer))
		cn_home_registered(n->cn, &e->bc_add.peer, &e->bc_add.home_address);
}

static bool is_mobile(void *arg, const struct in6_addr *addr)
{
	const struct node *n = arg;
	const struct mn_conf *m = n->conf.mn;

	for (size_t i = 0; m->ro.enabled && i < m->n_home; i++)
		if (!m->homes[i].retired && in6_eq(&m->homes[i].hoa.a.in6, addr))
			return true;
	return false;
}

static int start_cn(struct node_priv *p)
{
	struct node *n = &p->pub;
	struct cn_env env = { .kern = n->kern, .mh = n->mh, .arg = n };

	int rc;

	if (n->conf.roles & ROLE_HA)
		env.home_registered = home_registered;
	if (n->conf.roles & (ROLE_MN | ROLE_MR))
		env.is_mobile = is_mobile;
	p->starting++;
	rc = cn_start(&n->cn, n->conf.cn, &env, role_ready, p);
	return rc == 0 && n->ha ? event_listen(on_bc_add, n) : rc;
}

static int start_roles(struct node_priv *p)
{
	struct node *n = &p->pub;
	int rc = 0;

	if (n->conf.roles & ROLE_HA) {
		const struct ha_env env = { n->kern, n->mh, n->nd, n->dad, n->icmp };

		p->starting++;
		rc = ha_start(&n->ha, n->conf.ha, &env, role_ready, p);
		if (rc < 0)
			return rc;
	}
	if (n->conf.roles & (ROLE_MN | ROLE_MR)) {
		const struct md_env env = { n->kern, n->nd, n->dad, &p->mn.conf,
					    p->mn.max_uplink };
		struct mn_env mn_env = { n->kern, n->mh, n->nd, n->icmp, NULL, n->dad,
					 &p->mn.conf, p->mn.max_home, p->mn.max_uplink };

		/* the detector speaks from the loop only, so mn hears its first word */
		rc = md_start(&n->md, n->conf.mn, &env);
		if (rc < 0)
			return rc;
		mn_env.md = n->md;
		p->starting++;
		rc = mn_start(&n->mn, n->conf.mn, &mn_env, role_ready, p);
		if (rc == 0)
			rc = event_listen(mn_on_event, n->mn);
	}
	if (rc == 0 && n->conf.roles & ROLE_CN)
		rc = start_cn(p);
	return rc;
}

int node_start(struct node **out, struct ev_loop *loop, const struct node_conf *c,
	       void (*ready)(void *arg, int rc), void *arg)
{
	struct node_priv *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return -ENOMEM;
	p->pub.loop = loop;
	p->pub.conf = *c;
	if (c->mn && live_init(&p->mn, c->mn) < 0) {
		free(p);
		return -ENOMEM;
	}
	if (c->mn)
		p->pub.conf.mn = &p->mn.conf;
	p->pub.started = run_now();
	p->ready = ready;
	p->ready_arg = arg;
	p->starting = 1;
	rc = open_kernel(p);
	if (rc == 0)
		rc = open_sockets(p);
	if (rc == 0)
		rc = start_roles(p);
	if (rc < 0) {
		if (p->pub.kern)
			kern_flush(p->pub.kern);
		node_free(&p->pub);
		return rc;
	}
	*out = &p->pub;
	p->starting--;			/* roles report from the loop */
	return 0;
}

/* ---- stop: mn first (it de-registers through the uplinks), then md and ha ---- */

static void part_stopped(void *arg, int rc)
{
	struct node_priv *p = arg;

	if (rc < 0)
		log_err("role", "stop: %s", strerror(-rc));
	if (--p->stopping)
		return;
	p->stopped(p->stopped_arg);
}

static void mn_stopped(void *arg, int rc)
{
	struct node_priv *p = arg;

	if (rc < 0)
		log_err("mn", "stop: %s", strerror(-rc));
	if (p->pub.md)
		md_stop(p->pub.md, part_stopped, p);
	else
		part_stopped(p, 0);
}

void node_stop(struct node *n, void (*done)(void *arg), void *arg)
{
	struct node_priv *p = priv(n);

	p->stopped = done;
	p->stopped_arg = arg;
	n->ready = false;
	emit_roles(n, false);
	p->stopping = 1;
	if (n->ha) {
		p->stopping++;
		ha_stop(n->ha, part_stopped, p);
	}
	if (n->mn) {
		p->stopping++;
		mn_stop(n->mn, mn_stopped, p);
	}
	if (n->cn) {
		p->stopping++;
		cn_stop(n->cn, part_stopped, p);
	}
	part_stopped(p, 0);
}

void node_free(struct node *n)
{
	if (!n)
		return;
	if (n->mn) {
		event_unlisten(mn_on_event, n->mn);
		mn_free(n->mn);
	}
	if (n->md)
		md_free(n->md);
	event_unlisten(on_bc_add, n);
	if (n->cn)
		cn_free(n->cn);
	if (n->ha)
		ha_free(n->ha);
	if (n->icmp)
		icmp6sock_close(n->icmp);
	if (n->dad)
		dad_fini(n->dad);
	if (n->nd)
		ndsock_close(n->nd);
	if (n->mh)
		mhsock_close(n->mh);
	if (n->kern)
		kern_close(n->kern);
	mn_reload_free(priv(n)->reload);
	live_free(&priv(n)->mn);
	free(priv(n));
}
