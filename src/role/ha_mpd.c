/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobile prefix discovery (RFC 6275 6.7, 6.8, 10.6): a registered node asks for the
 * prefixes of its home, or is told when they change.
 *
 * Without IPsec nothing signs these messages. A solicitation is believed as far as it
 * agrees with the binding; all that a forged one can cause is that the node is told,
 * once a second at most, what is so.
 */
#include <string.h>

#include "base/util.h"
#include "role/ha_priv.h"
#include "run/timer.h"
#include "sec/crypto.h"
#include "store/mpa.h"

static uint32_t draw(void)
{
	uint32_t v;

	crypto_random(&v, sizeof(v));
	return v;
}

static uint32_t preferred(const struct ha *ha, const struct bc_memory *home)
{
	bool served;
	const struct home_link *l = ha_home_of(ha->c, &home->hoa, &served);

	return mpa_preferred(l, &home->hoa, run_now());
}

static void due_cb(void *arg);

static void arm(struct bc_memory *home)
{
	rtimer_set(&home->adv_timer, home->adv.due, due_cb, home);
}

/* RFC 6275 10.6.3. One is enough, to where its packets go. */
static void advertise(struct ha *ha, const struct bc_memory *home, uint16_t id)
{
	const struct bc_entry *e = bc_primary(ha->bc, &home->hoa);
	struct icmp6_tx tx = { .dst = home->hoa };
	struct icmp6_msg m;
	int rc;

	if (!e)
		return;
	tx.src = e->b.local;
	tx.has_rh2 = !e->b.home;
	tx.rh2_coa = e->b.coa.a.in6;
	if (!mpa_fill(ha->c, &e->b.key.hoa, id, run_now(), &m))
		return;
	rc = icmp6sock_send(ha->env.icmp, &tx, &m);
	if (rc < 0)
		log_rl(&ha->rl, "ha", "prefix advertisement to %s not sent: %s",
		       A6(&e->b.key.hoa), strerror(-rc));
	else
		ha->stats.mpa++;
}

static void due_cb(void *arg)
{
	struct bc_memory *home = arg;
	struct ha *ha = home->owner;
	uint16_t id = home->adv.id;

	switch (mpa_fire(&home->adv, &ha->c->timers, preferred(ha, home), run_now(), draw())) {
	case MPA_NOTHING:
		break;
	case MPA_UNSOLICITED:		/* a number that no solicitation has, most likely */
		advertise(ha, home, (uint16_t)draw());
		break;
	case MPA_SOLICITED:
		advertise(ha, home, id);
		break;
	}
	arm(home);
}

void ha_mpd_bound(struct ha *ha, struct bc_memory *home, bool fresh)
{
	home->owner = ha;
	if (!ha->c->prefix_advertisements)
		return;
	mpa_bound(&home->adv, &ha->c->timers, fresh, preferred(ha, home), run_now(), draw());
	arm(home);
}

void ha_mpd_stop(struct bc_memory *home)
{
	rtimer_stop(&home->adv_timer);
}

/* One of its care-of addresses (RFC 5648 6.5). */
static bool is_care_of(const struct bc_memory *home, const struct in6_addr *a)
{
	const struct locator coa = locator6(a);

	for (const struct bc_entry *e = home->first; e; e = e->sibling)
		if (e->state == BC_BOUND && locator_eq(&coa, &e->b.coa))
			return true;
	return false;
}

/* RFC 6275 6.7, 10.6.2. Who is not registered, or is elsewhere, gets nothing. */
static const char *unwanted(const struct ha *ha, const struct icmp6_rx *rx,
			    const struct bc_entry *e)
{
	if (!ha->ready || ha->job.kind == JOB_STOP || !ha->c->prefix_advertisements)
		return "prefixes are not advertised";
	if (!rx->has_hao)
		return "it has no home address option";
	if (!e)
		return "its home address is not registered";
	if (!is_care_of(e->home, &rx->src))
		return "it does not come from the care-of address";
	return in6_eq(&rx->dst, &e->b.local) ? NULL : "not to the address of the registration";
}

void ha_mps_rx(struct ha *ha, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	struct bc_entry *e = rx->has_hao ? bc_primary(ha->bc, &rx->hao) : NULL;
	const char *why = unwanted(ha, rx, e);

	ha->stats.mps++;
	if (why) {
		log_rl_line(&ha->rl, LOG_LV_DEBUG, "ha", "prefix solicitation of %s dropped: %s",
			    A6(rx->has_hao ? &rx->hao : &rx->src), why);
		return;
	}
	if (mpa_solicited(&e->home->adv, &ha->c->timers, m->mps.id, run_now()) == MPA_SOLICITED)
		advertise(ha, e->home, m->mps.id);
	arm(e->home);
}

/* ---- a new configuration ---- */

struct change { struct ha *ha; const struct ha_conf *was; };

/* RFC 6275 10.3.1: no binding is longer than its home prefix, also when that is cut down. */
static void shorten(const struct ha *ha, struct bc_entry *e)
{
	bool served;
	const struct home_link *l = ha_home_of(ha->c, &e->b.key.hoa, &served);
	uint32_t left = mpa_valid(l, &e->b.key.hoa, run_now());

	if (left == UINT32_MAX || run_now() + left >= e->b.expires)
		return;
	log_info("ha", "binding %s: ends in %us with its home prefix", A6(&e->b.key.hoa), left);
	e->b.expires = run_now() + left;
	rtimer_set(&e->timer, e->b.expires, ha_expire, e);
}

static void look(void *arg, struct bc_entry *e)
{
	struct change *x = arg;
	struct ha *ha = x->ha;
	struct bc_memory *home = e->home;

	if (e->state != BC_BOUND)
		return;
	shorten(ha, e);
	if (e != bc_primary(ha->bc, &home->hoa))
		return;
	if (!ha->c->prefix_advertisements) {
		ha_mpd_stop(home);
		return;
	}
	if (!x->was->prefix_advertisements)
		mpa_bound(&home->adv, &ha->c->timers, false, preferred(ha, home), run_now(),
			  draw());
	if (mpa_differs(x->was, ha->c, &home->hoa, run_now()))
		mpa_changed(&home->adv, &ha->c->timers, preferred(ha, home), run_now(), draw());
	arm(home);
}

void ha_mpd_reload(struct ha *ha, const struct ha_conf *was)
{
	struct change x = { ha, was };

	bc_each(ha->bc, look, &x);
}
