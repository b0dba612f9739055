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

static uint32_t preferred(const struct ha *ha, const struct bc_entry *e)
{
	bool served;
	const struct home_link *l = ha_home_of(ha->c, &e->b.key.hoa, &served);

	return mpa_preferred(l, &e->b.key.hoa, run_now());
}

static void due_cb(void *arg);

static void arm(struct bc_entry *e)
{
	rtimer_set(&e->adv_timer, e->adv.due, due_cb, e);
}

/* RFC 6275 10.6.3 */
static void advertise(struct ha *ha, const struct bc_entry *e, uint16_t id)
{
	const struct icmp6_tx tx = { .src = e->b.local, .dst = e->b.key.hoa, .has_rh2 = true,
				     .rh2_coa = e->b.coa.a.in6 };
	struct icmp6_msg m;
	int rc;

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
	struct bc_entry *e = arg;
	struct ha *ha = e->owner;
	uint16_t id = e->adv.id;

	switch (mpa_fire(&e->adv, &ha->c->timers, preferred(ha, e), run_now(), draw())) {
	case MPA_NOTHING:
		break;
	case MPA_UNSOLICITED:		/* a number that no solicitation has, most likely */
		advertise(ha, e, (uint16_t)draw());
		break;
	case MPA_SOLICITED:
		advertise(ha, e, id);
		break;
	}
	arm(e);
}

void ha_mpd_bound(struct ha *ha, struct bc_entry *e, bool fresh)
{
	if (!ha->c->prefix_advertisements)
		return;
	mpa_bound(&e->adv, &ha->c->timers, fresh, preferred(ha, e), run_now(), draw());
	arm(e);
}

void ha_mpd_stop(struct bc_entry *e)
{
	rtimer_stop(&e->adv_timer);
}

/* RFC 6275 6.7, 10.6.2. Who is not registered, or is elsewhere, gets nothing. */
static const char *unwanted(const struct ha *ha, const struct icmp6_rx *rx,
			    const struct bc_entry *e)
{
	struct locator coa = locator6(&rx->src);

	if (!ha->ready || ha->job.kind == JOB_STOP || !ha->c->prefix_advertisements)
		return "prefixes are not advertised";
	if (!rx->has_hao)
		return "it has no home address option";
	if (!e || e->state != BC_BOUND)
		return "its home address is not registered";
	if (!locator_eq(&coa, &e->b.coa))
		return "it does not come from the care-of address";
	return in6_eq(&rx->dst, &e->b.local) ? NULL : "not to the address of the registration";
}

void ha_mps_rx(struct ha *ha, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	struct bc_entry *e = rx->has_hao ? bc_find(ha->bc, &rx->hao, 0) : NULL;
	const char *why = unwanted(ha, rx, e);

	ha->stats.mps++;
	if (why) {
		log_rl_line(&ha->rl, LOG_LV_DEBUG, "ha", "prefix solicitation of %s dropped: %s",
			    A6(rx->has_hao ? &rx->hao : &rx->src), why);
		return;
	}
	if (mpa_solicited(&e->adv, &ha->c->timers, m->mps.id, run_now()) == MPA_SOLICITED)
		advertise(ha, e, m->mps.id);
	arm(e);
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

	if (e->state != BC_BOUND)
		return;
	shorten(ha, e);
	if (!ha->c->prefix_advertisements) {
		ha_mpd_stop(e);
		return;
	}
	if (!x->was->prefix_advertisements)
		mpa_bound(&e->adv, &ha->c->timers, false, preferred(ha, e), run_now(), draw());
	if (mpa_differs(x->was, ha->c, &e->b.key.hoa, run_now()))
		mpa_changed(&e->adv, &ha->c->timers, preferred(ha, e), run_now(), draw());
	arm(e);
}

void ha_mpd_reload(struct ha *ha, const struct ha_conf *was)
{
	struct change x = { ha, was };

	bc_each(ha->bc, look, &x);
}
