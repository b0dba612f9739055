/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel follows: the policies of a home address, the states of a peer. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "plan/plan_ro.h"
#include "role/mn_priv.h"
#include "role/ro.h"

/* ---- a peer ---- */

void ro_tell_added(const struct ro_entry *e, uint16_t bid, const struct in6_addr *coa,
		   uint32_t lifetime)
{
	struct event ev = { .type = EV_bul_add };

	ev.bul_add.home_address = e->key.hoa;
	ev.bul_add.bid = bid;
	ev.bul_add.care_of = locator6(coa);
	ev.bul_add.peer = e->key.peer;
	ev.bul_add.flags = BU_A;
	ev.bul_add.lifetime = lifetime;
	ev.bul_add.rtt = e->rtt;
	event_emit(&ev);
}

static void there(struct ro_entry *e)
{
	struct ro_env env = ro_env_of(e);

	if (e->tell && ro_carries(&e->ro, &env)) {
		e->tell = false;
		e->told = true;
		ro_tell_added(e, e->ro.plain ? 0 : e->ro.bid, &e->ro.bound_coa, e->ro.lifetime);
	}
	if (e->dropping && !e->have.n)
		ro_gone(e);
}

static void switched(void *arg, int rc)
{
	struct ro_entry *e = arg;
	bool newer = e->dirty;

	e->in_flight = e->dirty = false;
	if (rc == 0) {
		kplan_free(&e->have);
		e->have = e->flying;
		e->flying = (struct kplan){ 0 };
		e->packets = 0;
	} else {
		log_rl(&e->h->mn->ro.rl, "ro", "%s: %s stays in the tunnel: %s", A6(&e->key.hoa),
		       A6(&e->key.peer), kern_error(e->h->mn->env.kern));
		kplan_free(&e->flying);
	}
	if (newer)
		ro_sync(e);
	else if (rc == 0)
		there(e);
}

void ro_sync(struct ro_entry *e)
{
	struct ro_env env = ro_env_of(e);
	struct kplan want = { 0 };
	int rc = 0;

	if (e->in_flight) {
		e->dirty = true;
		return;
	}
	if (!e->dropping && ro_carries(&e->ro, &env))
		rc = ro_plan_peer(&e->key.hoa, &e->key.peer, &env.coa, &want);
	if (rc == 0 && kplan_equal(&e->have, &want)) {
		kplan_free(&want);
		there(e);
		return;
	}
	if (rc == 0) {
		e->flying = want;
		e->in_flight = true;
		rc = kplan_switch(e->h->mn->env.kern, &e->have, &e->flying, switched, e);
		if (rc == 0)
			return;
		e->in_flight = false;
		e->flying = (struct kplan){ 0 };
	}
	kplan_free(&want);
	log_rl(&e->h->mn->ro.rl, "ro", "%s: %s: %s", A6(&e->key.hoa), A6(&e->key.peer),
	       strerror(-rc));
}

/* ---- is it used ---- */

static int64_t packets(struct ro_entry *e, struct k_xstate s)
{
	struct kern_use use;

	return kern_xstate_use(e->h->mn->env.kern, &s, &use) < 0 ? -1 : (int64_t)use.packets;
}

int64_t ro_received(struct ro_entry *e)
{
	return packets(e, ro_state_in(&e->key.hoa, &e->key.peer));
}

bool ro_in_use(struct ro_entry *e)
{
	int64_t in = ro_received(e), out = packets(e, ro_state_out(&e->key.hoa, &e->key.peer));
	uint64_t sum = (uint64_t)(in < 0 ? 0 : in) + (uint64_t)(out < 0 ? 0 : out);
	bool used = sum != e->packets;

	e->packets = sum;
	return used;
}

/* ---- a home address ---- */

static void home_switched(void *arg, int rc)
{
	struct mn_home *h = arg;
	struct ro_home *r = &h->ro;
	bool newer = r->dirty;

	r->in_flight = r->dirty = false;
	if (rc == 0) {
		kplan_free(&r->have);
		r->have = r->flying;
		r->flying = (struct kplan){ 0 };
		if (!r->have.n)
			kern_flush_larval(h->mn->env.kern);
	} else {
		log_rl(&h->mn->ro.rl, "ro", "%s: no route optimization: %s", A6(mn_hoa(h)),
		       kern_error(h->mn->env.kern));
		kplan_free(&r->flying);
	}
	if (newer)
		ro_sync_home(h);
}

void ro_sync_home(struct mn_home *h)
{
	struct ro_home *r = &h->ro;
	bool away = !mn_on_home_link(h) && h->uplink >= 0 && h->bul.coa.family == AF_INET6;
	const struct in6_addr ha[] = { h->bul.ha, h->bul.bound_ha };
	struct kplan want = { 0 };
	int rc = 0;

	if (r->in_flight) {
		r->dirty = true;
		return;
	}
	if (h->mn->conf->ro.enabled && !h->gone && !h->held)
		rc = ro_plan_home(mn_hoa(h), ha, ARRAY_SIZE(ha), away, &want);
	if (rc == 0 && kplan_equal(&r->have, &want)) {
		kplan_free(&want);
		return;
	}
	if (rc == 0) {
		r->flying = want;
		r->in_flight = true;
		rc = kplan_switch(h->mn->env.kern, &r->have, &r->flying, home_switched, h);
		if (rc == 0)
			return;
		r->in_flight = false;
		r->flying = (struct kplan){ 0 };
	}
	kplan_free(&want);
	log_rl(&h->mn->ro.rl, "ro", "%s: %s", A6(mn_hoa(h)), strerror(-rc));
}
