/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking for home agents (RFC 6275 11.4.1): requests from the care-of address to the
 * home network's anycast address, answers to the candidates of the registration.
 * Nobody signs the answers: all they can do is make us ask a node for a registration,
 * which it must authenticate.
 *
 * There are two rounds: that of the registration, and one that the operator asks for. The
 * second one's answer is only remembered, unless the home is one with discovery: there it gives
 * the candidates anew, but a registration that stands or is under way goes on where it is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"

static void tick(void *arg);
static void ask_tick(void *arg);

static void tell(const struct mn_home *h, const struct dhaad *d, const char *state,
		 const struct in6_addr *from, unsigned n, const char *reason)
{
	struct event e = { .type = EV_discovery };

	e.discovery.home_address = *mn_hoa(h);
	snprintf(e.discovery.state, EVENT_STR, "%s", state);
	e.discovery.tries = d->sent;
	e.discovery.from = from ? *from : in6addr_any;
	e.discovery.agents = n;
	snprintf(e.discovery.reason, EVENT_STR, "%s", reason);
	event_emit(&e);
}

static void request(struct mn_home *h, const struct dhaad *d)
{
	struct icmp6_msg m = { .type = ICMP6_DHAAD_REQ };
	struct icmp6_tx tx = { .src = h->bul.coa.a.in6, .dst = in6_home_agents(&h->conf->hoa) };
	const struct klink *l = kern_link(h->mn->env.kern, mn_dev(h));
	int rc;

	m.dhaad.id = d->id;
	m.dhaad.r = h->bul.router;	/* RFC 3963 7.1 */
	if (l)
		tx.ifindex = l->ifindex;
	rc = icmp6sock_send(h->mn->env.icmp, &tx, &m);
	h->mn->stats.dhaad_sent++;
	log_info("mn", "%s: asking %s for home agents%s%s", A6(mn_hoa(h)), A6(&tx.dst),
		 rc < 0 ? ": " : "", rc < 0 ? strerror(-rc) : "");
	tell(h, d, "asking", NULL, 0, rc < 0 ? strerror(-rc) : "");
}

static void arm(struct mn_home *h, struct dhaad *d, void (*fn)(void *arg))
{
	if (d->due)
		rtimer_set(&d->timer, d->due, fn, h);
	else
		rtimer_stop(&d->timer);
}

static void act(struct mn_home *h, enum dhaad_act a)
{
	if (a == DHAAD_SEND)
		request(h, &h->dhaad);
	arm(h, &h->dhaad, tick);
	if (a == DHAAD_FAILED) {
		tell(h, &h->dhaad, "unanswered", NULL, 0, "");
		log_warn("mn", "%s: no answer to the question for home agents: again in %.0f s",
			 A6(mn_hoa(h)), h->dhaad.pause);
		mn_step(h, BUL_EV_DISCOVERED, NULL);
	}
}

static void tick(void *arg)
{
	struct mn_home *h = arg;

	act(h, dhaad_timer(&h->dhaad, &h->mn->conf->timers, mn_new_id(), run_now()));
}

/* The operator's round: one, and then it is over. */
static void ask_act(struct mn_home *h, enum dhaad_act a)
{
	if (a == DHAAD_SEND)
		request(h, &h->ask);
	if (a == DHAAD_FAILED) {
		tell(h, &h->ask, "unanswered", NULL, 0, "");
		dhaad_stop(&h->ask);
	}
	arm(h, &h->ask, ask_tick);
}

static void ask_tick(void *arg)
{
	struct mn_home *h = arg;

	ask_act(h, dhaad_timer(&h->ask, &h->mn->conf->timers, mn_new_id(), run_now()));
}

static void ask_stop(struct mn_home *h)
{
	if (h->ask.asking)
		tell(h, &h->ask, "stopped", NULL, 0, "no care-of address any more");
	dhaad_stop(&h->ask);
	rtimer_stop(&h->ask.timer);
}

static bool may_ask(const struct mn_home *h)
{
	return h->uplink >= 0 && !mn_on_home_link(h) && h->bul.coa.family == AF_INET6 &&
	       h->bul.state != BUL_STOP && !h->retiring;
}

int mn_discover(struct mn *mn, const struct in6_addr *hoa)
{
	int n = 0;

	if (hoa && !mn_find(mn, hoa))
		return -ENOENT;
	for (unsigned i = 0; i < mn->n_home && mn->running && !mn->stopping; i++) {
		struct mn_home *h = &mn->home[i];

		if ((hoa && !in6_eq(hoa, mn_hoa(h))) || !may_ask(h))
			continue;
		n++;
		h->ask.not_before = h->ask.pause = 0;	/* now means now */
		ask_act(h, dhaad_want(&h->ask, &mn->conf->timers, mn_new_id(), run_now()));
	}
	return n ? n : -EADDRNOTAVAIL;
}

static void stop(struct mn_home *h)
{
	dhaad_stop(&h->dhaad);
	rtimer_stop(&h->dhaad.timer);
}

void mn_dhaad_stop(struct mn_home *h)
{
	stop(h);
	ask_stop(h);
}

/* After a step of the registration. */
void mn_dhaad_follow(struct mn_home *h, bool wanted, bool moved)
{
	const struct timers *t = &h->mn->conf->timers;
	const struct bul *b = &h->bul;

	if (!may_ask(h))
		ask_stop(h);
	else if (moved)
		ask_act(h, dhaad_moved(&h->ask, t, run_now()));
	if (!b->coa.family || (b->state != BUL_DISCOVER && b->state != BUL_WAIT_BA &&
			       b->state != BUL_REFRESH)) {
		stop(h);
		return;
	}
	if (moved)
		act(h, dhaad_moved(&h->dhaad, t, run_now()));
	if (wanted)
		act(h, dhaad_want(&h->dhaad, t, mn_new_id(), run_now()));
}

static void take(struct mn_home *h, bool asked)
{
	if (h->conf->discover)
		bul_candidates(&h->bul, h->conf, h->found, h->n_found);
	if (!asked) {
		act(h, DHAAD_NOTHING);
		mn_step(h, BUL_EV_DISCOVERED, NULL);
		return;
	}
	ask_act(h, DHAAD_NOTHING);
	/* it was waiting for just that; else nobody is in need of another one */
	if (h->conf->discover && h->bul.state == BUL_DISCOVER)
		mn_step(h, BUL_EV_DISCOVERED, NULL);
}

static bool answers(struct mn_home *h, struct dhaad *d, const struct icmp6_rx *rx,
		    const struct icmp6_msg *m)
{
	struct in6_addr found[HOME_MAX_HA];
	const char *why;
	unsigned n;

	if (rx->has_hao || !in6_eq(&rx->dst, &h->bul.coa.a.in6))
		return false;
	n = dhaad_reply(d, &h->mn->conf->timers, m, &rx->src, mn_hoa(h), h->bul.router,
			run_now(), found, &why);
	if (!n && !why)
		return false;
	h->mn->stats.dhaad_answered++;
	if (!n) {
		log_rl(&h->mn->rl, "mn", "%s: answer of %s: %s", A6(mn_hoa(h)), A6(&rx->src), why);
		tell(h, d, "useless", &rx->src, 0, why);
		return true;
	}
	log_notice("mn", "%s: %s names %u home agents, the first is %s", A6(mn_hoa(h)),
		   A6(&rx->src), n, A6(&found[0]));
	memcpy(h->found, found, sizeof(found));
	h->n_found = n;
	tell(h, d, "answered", &rx->src, n, "");
	take(h, d == &h->ask);
	return true;
}

void mn_dhaad_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	for (unsigned i = 0; i < mn->n_home; i++)
		if (answers(&mn->home[i], &mn->home[i].dhaad, rx, m) ||
		    answers(&mn->home[i], &mn->home[i].ask, rx, m))
			return;
	log_debug("mn", "discovery reply from %s ignored: nothing was asked", A6(&rx->src));
}
