/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A movement detector outside this process: what it says, and whether it still does. Its word has
 * passed role/hint.c. It says on which link an uplink is (router, prefix); the care-of address,
 * its test, the uplink's routes and the news of md_info are made here, as for our own detector.
 */
#include <stdio.h>
#include <string.h>

#include "role/md_priv.h"

static const struct in6_addr nobody;

static bool external(const struct uplink *u)
{
	return u->md->external;
}

/* ---- where we are ---- */

static void ask_ll(struct uplink *u, const struct md_router *r)
{
	struct in6_addr src = md_link_local(u);
	struct nd_msg m = { .type = ND_NS };

	if (!u->ll.len || r->ll.len || IN6_IS_ADDR_UNSPECIFIED(&src))
		return;
	m.ns.target = r->addr;
	m.ns.slla = u->ll;
	ndsock_send(u->md->env.nd, u->ifindex, &src, NULL, &m);	/* to its group: RFC 4861 7.2.4 */
}

/*
 * RFC 4429 3.2: with an optimistic address nobody may be asked for his link-layer address. That
 * of a router that we were told of is not known, so it is asked for with our link-local one, and
 * its answer ends the waiting (md_coa.c must_wait()) before the test of the address does.
 */
void md_outside_na(struct uplink *u, const struct nd_na *na)
{
	const struct md_router *r;

	if (!md_take_ll(&u->link, na))
		return;
	r = md_current(&u->link);
	kern_neigh_put(u->md->env.kern, u->ifindex, &r->addr, &r->ll, false);
	if (!u->st.coa_tentative || u->conf->coa_dad != COA_DAD_OPTIMISTIC)
		return;
	u->st.coa_tentative = false;
	md_apply(u);
}

static void said_lost(struct uplink *u)
{
	bool up = u->link.up;

	if (external(u)) {
		md_link_init(&u->link);
		u->link.up = up;
		u->given = nobody;
		md_detach(u);
	} else if (up) {		/* as if the cable had been out: who is heard now counts */
		md_carrier(u, false);
		md_carrier(u, true);
	}
}

static void said_home(struct uplink *u, const struct ev_md_info *i)
{
	struct md_said s = { .router = i->router, .link = prefix_network(&i->link) };

	s.home = md_home_of(u->md->conf, &i->link);
	if (external(u) || !IN6_IS_ADDR_UNSPECIFIED(&i->router))
		md_take(&u->link, &s, run_now());
	u->hinted = true;
	u->hint = s.link;
	md_at_home(u, &u->hint);
}

static void said_coa(struct uplink *u, const struct ev_md_info *i)
{
	struct md_said s = { .router = i->router, .link = i->link, .home = -1 };

	u->hinted = false;
	if (u->managed) {
		md_follow_said(u, &i->care_of, &i->router, &i->link);
		return;
	}
	s.link = prefix_network(&i->link);
	u->given = i->care_of;
	md_take(&u->link, &s, run_now());
	u->rules_at = 0;		/* of before; the next RA sets it again */
	ask_ll(u, md_current(&u->link));
	md_attach(u);
}

void md_said(struct md *md, const struct ev_md_info *i)
{
	struct uplink *u = md_by_name(md, i->device);

	if (!u || md->stopping)
		return;
	if (strcmp(i->kind, "lost") == 0)
		said_lost(u);
	else if (strcmp(i->kind, "home") == 0)
		said_home(u, i);
	else
		said_coa(u, i);
}

void md_outside_addr(struct uplink *u, const struct kaddr_news *a)
{
	if (!a->gone || !u->st.has_coa || !in6_eq(&a->addr, &u->st.coa))
		return;
	log_notice("md", "%s: %s was taken away", u->conf->dev, A6(&a->addr));
	u->st.has_coa = u->st.has_router = false;
	md_detach(u);
	md_apply(u);
}

/* home_hint; our own ones find us at home already, or the link was lost since. */
void md_on_event(void *arg, const struct event *e)
{
	struct md *md = arg;
	struct uplink *u;

	if (e->type != EV_home_hint || md->stopping)
		return;
	u = md_by_name(md, e->home_hint.device);
	if (!u || !u->link.up || u->want.kind == MD_AT_HOME || e->at == u->own_hint ||
	    md_home_of(md->conf, &e->home_hint.prefix) < 0)
		return;
	u->hinted = true;
	u->hint = e->home_hint.prefix;
	md_at_home(u, &u->hint);
}

/* ---- is it there ---- */

static void tell(struct md *md, const char *state)
{
	struct event e = { .type = EV_detector };

	snprintf(e.detector.state, sizeof(e.detector.state), "%s", state);
	e.detector.pid = (uint32_t)md->outside.pid;
	event_emit(&e);
}

static void silence_cb(void *arg)
{
	struct md *md = arg;

	md->outside.silent = true;
	log_warn("md", "the external detector has said nothing for %.1f s: uplinks stay as they are",
		 md->conf->detector_silence);
	tell(md, "silent");
}

static void arm(struct md *md)
{
	if (md->external && md->conf->detector_silence > 0 && !md->stopping)
		rtimer_set(&md->outside.timer, run_now() + md->conf->detector_silence, silence_cb,
			   md);
}

void md_outside_start(struct md *md)
{
	if (md->external)
		log_notice("md", "the detector is external: uplinks wait for its word");
	arm(md);
}

void md_detector_here(struct md *md, int pid)
{
	bool back = md->outside.silent;

	if (!md->external || md->stopping)
		return;
	md->outside.heard = run_now();
	md->outside.silent = false;
	arm(md);
	if (md->outside.connected && md->outside.pid == pid && !back)
		return;
	if (!md->outside.connected || md->outside.pid != pid)
		log_rl_line(&md->rl, LOG_LV_NOTICE, "md", "external detector: pid=%d", pid);
	md->outside.connected = true;
	md->outside.pid = pid;
	tell(md, "here");
}

void md_detector_gone(struct md *md)
{
	if (!md->external || !md->outside.connected)
		return;
	md->outside.connected = false;
	log_rl(&md->rl, "md", "external detector pid=%d has gone: uplinks stay as they are",
	       md->outside.pid);
	tell(md, "gone");
}
