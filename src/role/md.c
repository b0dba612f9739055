/* SPDX-License-Identifier: BSD-2-Clause */
#include "role/md.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "role/md_priv.h"

#define RS_SILENT	6		/* solicitations without an answer; 4 s apart by then */

static const char *const kind_str[] = {
	[MD_AT_NONE] = "lost", [MD_AT_COA] = "coa", [MD_AT_HOME] = "home",
};

static struct uplink *by_index(const struct md *md, int ifindex)
{
	for (unsigned i = 0; i < md->n; i++)
		if (ifindex && md->up[i].ifindex == ifindex && !md->up[i].leaving)
			return &md->up[i];
	return NULL;
}

struct uplink *md_by_name(const struct md *md, const char *dev)
{
	for (unsigned i = 0; i < md->n; i++)
		if (md->up[i].md && !md->up[i].leaving && strcmp(md->up[i].conf->dev, dev) == 0)
			return &md->up[i];
	return NULL;
}

/* ---- what we say ---- */

static bool same_point(const struct md_point *a, const struct md_point *b)
{
	return a->kind == b->kind && in6_eq(&a->coa, &b->coa) && in6_eq(&a->router, &b->router) &&
	       prefix_eq(&a->link, &b->link);
}

void md_tell(struct uplink *u, const struct md_point *p)
{
	struct event e = { .type = EV_md_info };

	if (same_point(&u->told, p))
		return;
	u->told = *p;
	u->since = run_now();
	snprintf(e.md_info.kind, sizeof(e.md_info.kind), "%s", kind_str[p->kind]);
	snprintf(e.md_info.device, sizeof(e.md_info.device), "%s", u->conf->dev);
	e.md_info.bid = u->conf->bid;
	e.md_info.care_of = p->coa;
	e.md_info.router = p->router;
	e.md_info.link = p->link;
	event_emit(&e);
	switch (p->kind) {
	case MD_AT_NONE:
		log_info("md", "%s: lost", u->conf->dev);
		break;
	case MD_AT_COA:
		log_info("md", "%s: attached coa=%s router=%s", u->conf->dev, A6(&p->coa),
			 A6(&p->router));
		break;
	case MD_AT_HOME:
		log_info("md", "%s: at home prefix=%s router=%s", u->conf->dev, PFX(&p->link),
			 A6(&p->router));
		break;
	}
}

/* ---- what we send ---- */

static void find_source(void *arg, const struct kaddr_news *a)
{
	struct in6_addr *src = arg;

	if (IN6_IS_ADDR_LINKLOCAL(&a->addr) &&
	    !(a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
		*src = a->addr;
}

struct in6_addr md_link_local(struct uplink *u)
{
	struct in6_addr src = in6addr_any;

	kern_addr_each(u->md->env.kern, u->ifindex, find_source, &src);
	return src;
}

/* RFC 4861 6.3.7: without a usable link-local address from ::, then without our own one inside. */
static void send_rs(struct uplink *u)
{
	struct in6_addr src = md_link_local(u);
	struct nd_msg m = { .type = ND_RS };
	int rc;

	if (!IN6_IS_ADDR_UNSPECIFIED(&src))
		m.rs.slla = u->ll;
	rc = ndsock_send(u->md->env.nd, u->ifindex, &src, NULL, &m);
	if (rc < 0)
		log_debug("md", "%s: router solicitation: %s", u->conf->dev, strerror(-rc));
}

static void send_probe(struct uplink *u, const struct md_router *r)
{
	struct in6_addr src = md_link_local(u);
	struct nd_msg m = { .type = ND_NS };
	int rc = -EADDRNOTAVAIL;

	m.ns.target = r->addr;
	m.ns.slla = u->ll;
	if (r->ll.len)			/* the router that we mean, whoever else has its address */
		kern_neigh_put(u->md->env.kern, u->ifindex, &r->addr, &r->ll, false);
	if (!IN6_IS_ADDR_UNSPECIFIED(&src))
		rc = ndsock_send(u->md->env.nd, u->ifindex, &src, &r->addr, &m);
	log_debug("md", "%s: probing router %s%s%s", u->conf->dev, A6(&r->addr), rc < 0 ? ": " : "",
		  rc < 0 ? strerror(-rc) : "");
}

/* ---- rules ---- */

static void timer_cb(void *arg);

void md_arm(struct uplink *u)
{
	const double due[] = { u->rules_at, u->retry_at, u->old_until, u->check_at,
			       u->hold_until, u->dad_at };
	double at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(due); i++)
		if (due[i] && (!at || due[i] < at))
			at = due[i];
	if (at && !u->md->stopping)
		rtimer_set(&u->timer, at, timer_cb, u);
	else
		rtimer_stop(&u->timer);
}

static void act(struct uplink *u, const struct md_result *res)
{
	bool managed = u->managed;

	u->rules_at = res->timer;
	if (res->act & (MD_CHANGED | MD_LOST)) {
		u->hinted = false;
		u->given = in6addr_any;
	}
	if (managed && res->act & (MD_CHANGED | MD_LOST))
		md_follow(u);
	else if (res->act & MD_CHANGED)
		md_attach(u);
	else if (res->act & MD_LOST)
		md_detach(u);
	if (res->act & MD_SEND_RS && !managed)	/* its manager does */
		send_rs(u);
	if (res->act & MD_SEND_RS && u->link.rs_sent == RS_SILENT)
		log_warn("md", "%s: no router advertisement, asked %u times: is there an IPv6 router on"
			 " that link, does a firewall drop ICMPv6, is IPv6 off (sysctl"
			 " net.ipv6.conf.%s.disable_ipv6)?", u->conf->dev, u->link.rs_sent,
			 u->conf->dev);
	for (unsigned i = 0; i < MD_MAX_ROUTER; i++)
		if (res->act & MD_PROBE && res->probe_mask & (1u << i))
			send_probe(u, &u->link.router[i]);
	md_arm(u);
}

/* Somebody took our address away: everything is put there again. */
static void check_address(struct uplink *u)
{
	u->check_at = u->switching ? run_now() + MD_CHECK : 0;
	if (!u->st.has_coa || u->st.coa_tentative || u->switching || !u->admin_up ||
	    kern_addr_find(u->md->env.kern, u->ifindex, &u->st.coa, NULL))
		return;
	log_rl(&u->rl, "md", "%s: %s was removed, adding it again", u->conf->dev,
	       A6(&u->st.coa));
	u->wipe = MD_WIPE_ADDRESSES;
	md_apply(u);
}

static void timer_cb(void *arg)
{
	struct uplink *u = arg;
	double now = run_now();
	struct md_result res;

	if (u->check_at && u->check_at <= now)
		check_address(u);
	if (u->hold_until && u->hold_until <= now)
		md_follow(u);
	if (u->old_until && u->old_until <= now)
		md_drop_old(u);
	if (u->dad_at && u->dad_at <= now)
		md_dad_again(u);
	if (u->retry_at && u->retry_at <= now)
		md_apply(u);
	if (u->rules_at && u->rules_at <= now) {
		res = md_on_timer(&u->link, &u->md->conf->timers, now);
		act(u, &res);
	}
	md_arm(u);
}

static void nd_rx(void *arg, const struct nd_rx *rx, const struct nd_msg *m)
{
	struct md *md = arg;
	struct uplink *u = by_index(md, rx->ifindex);
	struct md_result res = { 0 };

	if (!u || md->stopping)
		return;
	if (m->type == ND_NA)
		md_outside_na(u, &m->na);
	if (md->external)
		return;
	if (m->type == ND_RA)
		res = md_on_ra(&u->link, &rx->src, &m->ra, md->conf, &md->conf->timers, run_now());
	else if (m->type == ND_NA)
		res = md_on_na(&u->link, &m->na, &md->conf->timers, run_now());
	else
		return;
	act(u, &res);
}

/* ---- news ---- */

void md_carrier(struct uplink *u, bool up)
{
	struct md_result res;

	if (u->md->external) {		/* what it means is not ours to say */
		u->link.up = up;
		return;
	}
	res = md_on_link(&u->link, up, &u->md->conf->timers, run_now());
	if (!up)
		u->hinted = false;
	act(u, &res);
	if (u->managed && res.act & MD_PROBE)
		u->hold_until = run_now() + MD_HOLD;
	if (u->managed)
		md_follow(u);
	md_arm(u);
}

void md_device_gone(struct uplink *u)
{
	if (!u->ifindex)
		return;
	log_info("md", "%s: device is gone", u->conf->dev);
	ndsock_watch(u->md->env.nd, u->ifindex, false);
	md_carrier(u, false);
	u->ifindex = 0;
	u->admin_up = false;
	memset(u->route, 0, sizeof(u->route));
	md_link_init(&u->link);
	u->rules_at = u->check_at = 0;
	md_flushed(u, MD_WIPE_ALL);
	md_arm(u);
}

static void device_here(struct uplink *u, int ifindex)
{
	int rc = ndsock_watch(u->md->env.nd, ifindex, true);

	if (rc < 0)
		log_err("md", "%s: cannot listen: %s%s", u->conf->dev, strerror(-rc),
			rc == -EINVAL ? ": there is no IPv6 on it: is its MTU less than 1280, or"
					" IPv6 disabled?" : "");
	u->ifindex = ifindex;
	md_apply(u);			/* its settings, before the first RA if we can */
	if (!u->managed)
		kern_flush_ra(u->md->env.kern, ifindex);	/* in the same batch, behind them */
}

void md_link(struct md *md, const struct klink *l, bool gone)
{
	struct uplink *u = by_index(md, l->ifindex);
	bool was_up;

	if (md->stopping)
		return;
	for (unsigned i = 0; i < md->n; i++)
		if (md->up[i].leaving && md->up[i].ifindex == l->ifindex && (gone || !l->up))
			md_drop_old(&md->up[i]);
	if (u && (gone || strcmp(u->conf->dev, l->name) != 0))
		md_device_gone(u);
	u = md_by_name(md, l->name);
	if (!u || gone)
		return;
	if (u->ifindex != l->ifindex) {
		md_device_gone(u);
		device_here(u, l->ifindex);
	}
	was_up = u->admin_up;
	u->admin_up = l->up;
	u->ll = l->lladdr;
	/* off and on again between two looks: another cable may be in the socket */
	if (l->up && l->carrier && u->link.up && l->carrier_changes - u->carrier_changes > 1)
		md_carrier(u, false);
	u->carrier_changes = l->carrier_changes;
	md_carrier(u, l->up && l->carrier);
	if (was_up && !l->up)
		md_flushed(u, MD_WIPE_ADDRESSES);
}

void md_addr(struct md *md, const struct kaddr_news *a)
{
	struct uplink *u = by_index(md, a->ifindex);

	if (!u || md->stopping)
		return;
	if (u->managed && md->external) {
		md_outside_addr(u, a);
		return;
	}
	if (u->managed) {
		md_follow(u);
		return;
	}
	if (a->gone && u->st.has_coa && in6_eq(&a->addr, &u->st.coa)) {
		u->check_at = MAX(run_now(), u->switched + MD_CHECK);
		md_arm(u);
	}
}

void md_route(struct md *md, const struct kroute_news *r)
{
	struct uplink *u = by_index(md, r->ifindex);

	if (!u || md->stopping || !u->managed || r->proto == RTPROT_MIP6D)
		return;
	md_follow_route(u, r);
	if (!md->external)
		md_follow(u);
}

void md_release_old(struct md *md, const char *dev)
{
	for (unsigned i = 0; i < md->n && !md->stopping; i++) {
		struct uplink *u = &md->up[i];

		if (!u->md || strcmp(u->conf->dev, dev) != 0)
			continue;
		md_drop_old(u);
		if (u->md)
			md_arm(u);
	}
}

/* ---- start, stop ---- */

void md_begin(struct md *md, unsigned i)
{
	struct uplink *u = &md->up[i];
	const struct klink *l;

	*u = (struct uplink){ .md = md, .conf = &md->conf->uplinks[i] };
	u->managed = u->conf->managed;
	u->st.conf = u->conf;
	u->st.index = i;
	md_link_init(&u->link);
	l = kern_link(md->env.kern, u->conf->dev);
	if (l)
		md_link(md, l, false);
	else
		log_warn("md", "%s: no such device yet: is uplinks.device right? (ip link shows the"
			 " names)", u->conf->dev);
}

int md_start(struct md **out, const struct mn_conf *c, const struct md_env *env)
{
	struct md *md = calloc(1, sizeof(*md));
	int rc = -ENOMEM;

	if (md)
		md->up = calloc(MAX(c->n_uplink, env->max_uplinks) + 1, sizeof(*md->up));
	if (!md || !md->up)
		goto fail;
	md->conf = c;
	md->env = *env;
	md->n = (unsigned)c->n_uplink;
	md->external = c->detector == DETECTOR_EXTERNAL;
	rc = event_listen(md_on_event, md);
	if (rc < 0)
		goto fail;
	rc = ndsock_listen(env->nd, nd_rx, md);
	if (rc < 0) {
		event_unlisten(md_on_event, md);
		goto fail;
	}
	for (unsigned i = 0; i < md->n; i++)
		md_begin(md, i);
	md_outside_start(md);
	*out = md;
	return 0;
fail:
	if (md)
		free(md->up);
	free(md);
	return rc;
}

void md_part_stopped(struct md *md, int rc)
{
	if (rc < 0 && !md->stop_rc)
		md->stop_rc = rc;
	if (--md->pending == 0)
		md->stopped(md->stopped_arg, md->stop_rc);
}

static void stop_last(void *arg, int rc)
{
	md_part_stopped(arg, rc);
}

void md_stop(struct md *md, void (*done)(void *arg, int rc), void *arg)
{
	const struct kplan empty = { 0 };
	int rc;

	md->stopped = done;
	md->stopped_arg = arg;
	md->stopping = true;
	rtimer_stop(&md->outside.timer);
	/* one more than the uplinks: without any, too, done comes from the loop */
	md->pending = md->n + 1;
	for (unsigned i = 0; i < md->n; i++) {
		if (!md->up[i].md) {
			md->pending--;
			continue;
		}
		md_dad_end(&md->up[i]);
		md_apply(&md->up[i]);
		md_arm(&md->up[i]);
	}
	rc = kplan_switch(md->env.kern, &empty, &empty, stop_last, md);
	if (rc < 0)
		md_part_stopped(md, rc);
}

void md_free(struct md *md)
{
	if (!md)
		return;
	event_unlisten(md_on_event, md);
	rtimer_stop(&md->outside.timer);
	ndsock_unlisten(md->env.nd, nd_rx, md);
	for (unsigned i = 0; i < md->n; i++) {
		struct uplink *u = &md->up[i];

		if (!u->md)
			continue;
		md_dad_end(u);
		rtimer_stop(&u->timer);
		if (u->ifindex)
			ndsock_watch(md->env.nd, u->ifindex, false);
		kplan_free(&u->have);
		kplan_free(&u->next);
	}
	free(md->up);
	free(md);
}
