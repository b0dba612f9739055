/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Echo requests through the tunnel, home address to home agent: a home agent that
 * restarted or forgot us is noticed in seconds, not at the end of the lifetime.
 * The reply must carry a MAC under a key of this run, so nobody else can keep a dead
 * path alive. What unanswered probes cause is only a Binding Update.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"
#include "run/event.h"
#include "sec/crypto.h"

#define MAC_LEN		12
#define SMOOTH		0.125		/* weight of a new round trip time */

static void probe_mac(const struct mn_home *h, uint16_t seq, uint8_t mac[static MAC_LEN])
{
	const struct mn *mn = h->mn;
	uint8_t full[20];
	const struct iov v[] = {
		{ mn_hoa(h), 16 }, { &h->bul.bound_ha, 16 }, { &mn->probe_id, 2 }, { &seq, 2 },
	};

	crypto_hmac_sha1(mn->probe_key, MN_KEY, v, ARRAY_SIZE(v), full);
	memcpy(mac, full, MAC_LEN);
}

static void tell_path(struct mn_home *h, bool up)
{
	struct event e = { .type = up ? EV_path_up : EV_path_down };

	if (up) {
		e.path_up.home_address = *mn_hoa(h);
		e.path_up.care_of = h->bul.bound_coa;
		e.path_up.rtt = h->probe.rtt;
		snprintf(e.path_up.device, sizeof(e.path_up.device), "%s", mn_dev(h));
		strcpy(e.path_up.reason, "answered");
	} else {
		e.path_down.home_address = *mn_hoa(h);
		e.path_down.care_of = h->bul.bound_coa;
		snprintf(e.path_down.device, sizeof(e.path_down.device), "%s", mn_dev(h));
		strcpy(e.path_down.reason, "silent");
	}
	h->probe.up = up;
	h->probe.down = !up;
	event_emit(&e);
}

static void probe_send(struct mn_home *h)
{
	struct mn_probe *p = &h->probe;
	struct icmp6_msg m = { .type = ICMP6_ECHOREQ_ };
	struct icmp6_tx tx = { .src = *mn_hoa(h), .dst = h->bul.bound_ha };
	uint8_t mac[MAC_LEN];
	int rc;

	p->seq++;
	p->answered = false;
	p->sent[p->seq % MN_PROBES].seq = p->seq;
	p->sent[p->seq % MN_PROBES].at = run_clock();
	probe_mac(h, p->seq, mac);
	m.echo.id = h->mn->probe_id;
	m.echo.seq = p->seq;
	m.echo.data = mac;
	m.echo.len = sizeof(mac);
	rc = icmp6sock_send(h->mn->env.icmp, &tx, &m);
	if (rc < 0)
		log_debug("mn", "%s: probe: %s", A6(mn_hoa(h)), strerror(-rc));
	h->mn->stats.probes++;
}

static void probe_tick(void *arg)
{
	struct mn_home *h = arg;
	const struct timers *t = &h->mn->conf->timers;
	struct mn_probe *p = &h->probe;
	bool trouble = false;

	if (!p->answered) {
		h->mn->stats.probes_lost++;
		trouble = ++p->lost % MAX(t->probe_failures, 1u) == 0;
	}
	probe_send(h);
	rtimer_set(&p->timer, run_now() + t->probe_interval, probe_tick, h);
	if (!trouble)
		return;
	if (!p->down)
		tell_path(h, false);
	mn_forgotten(h, "probes unanswered");
}

void mn_probe_stop(struct mn_home *h)
{
	rtimer_stop(&h->probe.timer);
}

/* Then mn_track.c looks after it. */
static bool has_bid(const struct mn_home *h)
{
	return h->uplink >= 0 && h->mn->uplink[h->uplink].conf->bid;
}

/* The kernel has what the state machine wants: the path is there, or is not. */
void mn_probe_follow(struct mn_home *h)
{
	const struct timers *t = &h->mn->conf->timers;
	struct mn_probe *p = &h->probe;
	const struct bul *b = &h->bul;

	if (t->probe_interval <= 0 || !bul_here(b) || has_bid(h) ||
	    (b->state != BUL_BOUND && b->state != BUL_REFRESH)) {
		mn_probe_stop(h);
		return;
	}
	if (rtimer_armed(&p->timer) && in6_eq(&p->coa, &b->bound_coa.a.in6))
		return;
	if (!in6_eq(&p->coa, &b->bound_coa.a.in6)) {
		uint16_t seq = p->seq;
		struct rtimer timer = p->timer;

		*p = (struct mn_probe){ .seq = seq, .timer = timer };
		p->coa = b->bound_coa.a.in6;
	}
	p->lost = 0;
	probe_send(h);
	rtimer_set(&p->timer, run_now() + t->probe_interval, probe_tick, h);
}

void mn_probe_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	struct mn_home *h = mn_find(mn, &rx->dst);
	struct mn_probe *p;
	uint8_t mac[MAC_LEN];
	double rtt;

	if (mn_echo_is_reply(m)) {
		mn_echo_rx(mn, rx, m);
		return;
	}
	if (!h || m->echo.id != mn->probe_id || !in6_eq(&rx->src, &h->bul.bound_ha))
		return;
	p = &h->probe;
	probe_mac(h, m->echo.seq, mac);
	if (m->echo.len != MAC_LEN || !crypto_equal(mac, m->echo.data, MAC_LEN)) {
		mn->stats.probes_forged++;
		return;
	}
	if (p->sent[m->echo.seq % MN_PROBES].seq != m->echo.seq ||
	    !p->sent[m->echo.seq % MN_PROBES].at || !rtimer_armed(&p->timer))
		return;
	rtt = rx->at - p->sent[m->echo.seq % MN_PROBES].at;
	p->sent[m->echo.seq % MN_PROBES].at = 0;	/* once */
	p->rtt = p->rtt > 0 ? p->rtt + SMOOTH * (rtt - p->rtt) : rtt;
	p->lost = 0;
	p->answered |= m->echo.seq == p->seq;
	bul_path_ok(&h->bul);
	if (!p->up)
		tell_path(h, true);
}
