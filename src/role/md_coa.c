/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "role/md_priv.h"
#include "sec/crypto.h"

static const struct in6_addr all_routers = { .s6_addr = { 0xff, 2, [15] = 2 } };

/* ---- the kernel follows ---- */

static int build(struct uplink *u, struct kplan *p)
{
	struct uplink_state bare = { .conf = u->conf, .index = u->st.index };
	enum md_wipe wipe = u->have.n ? u->wipe : MD_WIPE_NOTHING;

	u->wipe = MD_WIPE_NOTHING;
	if (wipe != MD_WIPE_NOTHING)
		u->again = true;
	if (!u->ifindex || u->md->stopping || u->gone || wipe == MD_WIPE_ALL)
		return 0;
	return mn_plan_uplink(u->md->conf, wipe == MD_WIPE_NOTHING ? &u->st : &bare, p);
}

/* RFC 9131 6.1.2: the access router learns the new address before it needs it. Not overriding,
 * for the address may turn out to be a duplicate (RFC 4429 3.3). */
static void advertise(struct uplink *u)
{
	struct nd_msg m = { .type = ND_NA };
	int rc;

	if (u->managed || !u->ll.len)
		return;
	m.na.target = u->st.coa;
	m.na.tlla = u->ll;
	rc = ndsock_send(u->md->env.nd, u->ifindex, &u->st.coa, &all_routers, &m);
	if (rc < 0)
		log_debug("md", "%s: neighbour advertisement: %s", u->conf->dev, strerror(-rc));
}

/* The kernel has all of st. */
static void settled(struct uplink *u)
{
	bool again = u->told.kind == MD_AT_COA && in6_eq(&u->told.coa, &u->want.coa);

	if (u->gone) {
		md_vacate(u);
		return;
	}
	if (u->want.kind != MD_AT_COA || !u->st.has_coa || u->st.coa_tentative)
		return;
	if (!again)
		advertise(u);
	md_tell(u, &u->want);
}

static void switch_done(void *arg, int rc)
{
	struct uplink *u = arg;
	struct md *md = u->md;
	bool again = u->again;

	u->switching = u->again = false;
	u->switched = run_now();
	if (rc == 0) {
		kplan_free(&u->have);
		u->have = u->next;
		u->next = (struct kplan){ 0 };
	} else {
		kplan_free(&u->next);
	}
	if (rc < 0)
		log_rl(&u->rl, "md", "%s: %s", u->conf->dev, kern_error(md->env.kern));
	if (again) {
		md_apply(u);
	} else if (md->stopping) {
		md_part_stopped(md, rc);
	} else if (rc < 0) {
		u->retry_at = run_now() + MD_RETRY;
		md_arm(u);
	} else {
		settled(u);
	}
}

void md_apply(struct uplink *u)
{
	struct kplan target = { 0 };
	int rc;

	u->retry_at = 0;
	if (u->switching) {
		u->again = true;	/* the newest target counts */
		return;
	}
	rc = build(u, &target);
	if (rc == 0 && !u->again && !u->md->stopping && kplan_equal(&u->have, &target)) {
		kplan_free(&target);
		settled(u);
		return;
	}
	if (rc == 0)
		rc = kplan_switch(u->md->env.kern, &u->have, &target, switch_done, u);
	if (rc < 0) {
		kplan_free(&target);
		u->again = false;
		log_rl(&u->rl, "md", "%s: %s", u->conf->dev, strerror(-rc));
		if (u->md->stopping)
			md_part_stopped(u->md, rc);
		else
			u->retry_at = run_now() + MD_RETRY;
		md_arm(u);
		return;
	}
	u->next = target;
	u->switching = true;
}

void md_drop_old(struct uplink *u)
{
	u->old_until = 0;
	if (u->leaving) {
		u->gone = true;
		md_apply(u);
		return;
	}
	if (!u->st.has_old)
		return;
	u->st.has_old = false;
	md_apply(u);
}

/* RFC 6275 11.5.4: the address before stays and receives until the new one is registered. */
static void keep_old(struct uplink *u)
{
	if (!u->st.has_coa || u->st.coa_tentative || u->managed)
		return;
	u->st.has_old = true;
	u->st.old_coa = u->st.coa;
	u->st.old_router = u->st.has_router ? u->st.router : in6addr_any;
	u->st.old_link = u->st.link;
	u->old_until = run_now() + MD_OLD_HOLD;
}

/* ---- duplicate address detection ---- */

/* RFC 7217 6: the counter of a prefix outlives the attachment, so that the address stays stable. */
static struct md_memo *memo_find(struct uplink *u, const struct prefix *p)
{
	for (size_t i = 0; i < MD_MEMO; i++)
		if (u->memo[i].prefix.family && prefix_eq(&u->memo[i].prefix, p))
			return &u->memo[i];
	return NULL;
}

static void memo_conflict(struct uplink *u, const struct prefix *p)
{
	struct md_memo *m = memo_find(u, p);

	if (!m) {
		m = &u->memo[u->memo_next];
		u->memo_next = (u->memo_next + 1) % MD_MEMO;
		*m = (struct md_memo){ .prefix = *p };
	}
	m->counter++;
}

static struct in6_addr form(struct uplink *u, const struct prefix *p)
{
	const struct md_memo *m = memo_find(u, p);
	struct in6_addr a = p->a.in6;

	crypto_opaque_iid(u->md->conf->iid_secret, &p->a.in6, u->conf->dev, m ? m->counter : 0,
			  &a.s6_addr[8]);
	return a;
}

void md_dad_end(struct uplink *u)
{
	dad_stop(u->md->env.dad, u->dad);
	u->dad = NULL;
	u->dad_at = 0;
}

static void begin(struct uplink *u);

/* Somebody answers for whatever we choose: a fault of the link, or an attack. Both may end. */
static void give_up(struct uplink *u, const struct in6_addr *bad)
{
	double pause = u->dad_pause ? MIN(u->dad_pause * 2, MD_DAD_PAUSE_MAX) : MD_DAD_PAUSE;

	log_err("md", "%s: %s is a duplicate, the last of %u tries in %s: uplink not used for"
		" %.0f s", u->conf->dev, A6(bad), u->dad_failed, PFX(&u->form), pause);
	md_detach(u);
	u->dad_pause = pause;
	u->dad_at = run_now() + pause;
	md_apply(u);
	md_arm(u);
}

void md_dad_again(struct uplink *u)
{
	u->dad_at = 0;
	if (md_current(&u->link))
		md_attach(u);
}

static void duplicate(struct uplink *u)
{
	struct in6_addr bad = u->st.coa;

	memo_conflict(u, &u->form);
	u->dad_failed++;
	u->st.has_coa = false;		/* not even as the former address */
	if (u->dad_failed >= MD_DAD_TRIES || !IN6_IS_ADDR_UNSPECIFIED(&u->given)) {
		give_up(u, &bad);
		return;
	}
	u->st.has_coa = true;
	u->st.coa = u->want.coa = form(u, &u->form);
	log_warn("md", "%s: %s is a duplicate, trying %s", u->conf->dev, A6(&bad), A6(&u->st.coa));
	begin(u);
}

static void dad_done(void *arg, bool dup)
{
	struct uplink *u = arg;
	struct event e = { .type = EV_dad };

	u->dad = NULL;
	snprintf(e.dad.device, sizeof(e.dad.device), "%s", u->conf->dev);
	e.dad.address = u->st.coa;
	e.dad.duplicate = dup;
	event_emit(&e);
	if (dup) {
		duplicate(u);
		return;
	}
	u->dad_failed = 0;
	u->dad_pause = 0;
	if (!u->st.coa_tentative)
		return;
	u->st.coa_tentative = false;
	md_apply(u);
}

/* RFC 4429 3.2: with an optimistic address nobody's link-layer address may be asked for, so the
 * router must have told its own. */
static bool must_wait(const struct uplink *u)
{
	const struct md_router *r = md_current(&u->link);

	return u->conf->coa_dad == COA_DAD_FULL || (u->ll.len && !(r && r->ll.len));
}

/* st.coa is to be used on this link: test it as configured, and give it to the kernel. */
static void begin(struct uplink *u)
{
	const struct timers *t = &u->md->conf->timers;
	bool test = u->conf->coa_dad != COA_DAD_OFF && t->dad_transmits;

	md_dad_end(u);
	if (test)
		u->dad = dad_start(u->md->env.dad, u->ifindex, &u->st.coa, t->dad_transmits,
				   t->dad_retrans, dad_done, u);
	if (test && !u->dad)
		log_warn("md", "%s: %s is used untested: %s", u->conf->dev, A6(&u->st.coa),
			 strerror(errno));
	u->st.coa_tentative = u->dad && must_wait(u);
	md_apply(u);
}

/* ---- attachment ---- */

void md_detach(struct uplink *u)
{
	static const struct md_point none = { .kind = MD_AT_NONE };

	md_dad_end(u);
	u->dad_pause = 0;
	u->want = none;
	u->hinted = false;
	md_tell(u, &none);
}

void md_flushed(struct uplink *u, enum md_wipe what)
{
	bool up = u->link.up;

	if (u->md->external) {		/* a fact, whatever the detector says */
		md_link_init(&u->link);
		u->link.up = up;
		u->given = in6addr_any;
		md_detach(u);
	}
	md_dad_end(u);
	u->st.has_coa = u->st.has_old = u->st.has_router = u->st.coa_tentative = false;
	u->old_until = 0;
	u->wipe = what;
	md_apply(u);
}

void md_at_home(struct uplink *u, const struct prefix *home)
{
	const struct md_router *r = md_default(&u->link, run_now());
	struct event e = { .type = EV_home_hint };

	if (u->want.kind != MD_AT_HOME && !u->hinted) {
		snprintf(e.home_hint.device, sizeof(e.home_hint.device), "%s", u->conf->dev);
		e.home_hint.prefix = prefix_network(home);
		u->own_hint = run_now();
		event_emit(&e);
	}
	md_dad_end(u);
	keep_old(u);
	u->st.has_coa = u->st.has_router = u->st.coa_tentative = false;
	u->want = (struct md_point){ .kind = MD_AT_HOME, .link = prefix_network(home) };
	if (r)
		u->want.router = r->addr;
	/* at once: taking the care-of address away is not what registering waits for */
	md_tell(u, &u->want);
	md_apply(u);
	md_arm(u);
}

void md_attach(struct uplink *u)
{
	const struct md_router *r = md_current(&u->link);
	bool arrived = u->want.kind != MD_AT_COA;
	struct in6_addr coa;

	if (r->ll.len)			/* nobody waits for its address to be resolved */
		kern_neigh_put(u->md->env.kern, u->ifindex, &r->addr, &r->ll, false);
	if (r->is_home) {
		md_at_home(u, &u->md->conf->homes[r->home].hoa);
		return;
	}
	coa = IN6_IS_ADDR_UNSPECIFIED(&u->given) ? form(u, &r->prefix) : u->given;
	u->want = (struct md_point){ .kind = MD_AT_COA, .coa = coa, .router = r->addr };
	/* L = 0: no neighbour but the router, as on many mobile networks */
	u->want.link = r->on_link ? r->prefix : prefix6(&coa, 128);
	if (!u->st.has_coa || !in6_eq(&u->st.coa, &coa)) {
		keep_old(u);
		arrived = true;
	}
	if (arrived)
		u->dad_failed = 0;
	if (!prefix_eq(&u->form, &r->prefix))
		u->dad_pause = 0;
	u->form = r->prefix;
	u->st.has_coa = u->st.has_router = true;
	u->st.coa = coa;
	u->st.router = r->addr;
	u->st.link = u->want.link;
	if (u->st.has_old && in6_eq(&u->st.old_coa, &coa))
		u->st.has_old = false;
	if (arrived)
		begin(u);
	else
		md_apply(u);
	md_arm(u);
}
