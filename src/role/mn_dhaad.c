/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking for home agents (RFC 6275 11.4.1): requests from the care-of address to the
 * home network's anycast address, answers to the candidates of the registration.
 * Nobody signs the answers: all they can do is make us ask a node for a registration,
 * which it must authenticate.
 */
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"

static void tick(void *arg);

static void request(struct mn_home *h)
{
	struct icmp6_msg m = { .type = ICMP6_DHAAD_REQ };
	struct icmp6_tx tx = { .src = h->bul.coa.a.in6, .dst = in6_home_agents(&h->conf->hoa) };
	const struct klink *l = kern_link(h->mn->env.kern, mn_dev(h));
	int rc;

	m.dhaad.id = h->dhaad.id;
	m.dhaad.r = h->bul.router;	/* RFC 3963 7.1 */
	if (l)
		tx.ifindex = l->ifindex;
	rc = icmp6sock_send(h->mn->env.icmp, &tx, &m);
	h->mn->stats.dhaad_sent++;
	log_info("mn", "%s: asking %s for home agents%s%s", A6(mn_hoa(h)), A6(&tx.dst),
		 rc < 0 ? ": " : "", rc < 0 ? strerror(-rc) : "");
}

static void act(struct mn_home *h, enum dhaad_act a)
{
	if (a == DHAAD_SEND)
		request(h);
	if (h->dhaad.due)
		rtimer_set(&h->dhaad.timer, h->dhaad.due, tick, h);
	else
		rtimer_stop(&h->dhaad.timer);
	if (a == DHAAD_FAILED) {
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

void mn_dhaad_stop(struct mn_home *h)
{
	dhaad_stop(&h->dhaad);
	rtimer_stop(&h->dhaad.timer);
}

/* After a step of the registration. */
void mn_dhaad_follow(struct mn_home *h, bool wanted, bool moved)
{
	const struct timers *t = &h->mn->conf->timers;
	const struct bul *b = &h->bul;

	if (!b->coa.family || (b->state != BUL_DISCOVER && b->state != BUL_WAIT_BA &&
			       b->state != BUL_REFRESH)) {
		mn_dhaad_stop(h);
		return;
	}
	if (moved)
		act(h, dhaad_moved(&h->dhaad, t, run_now()));
	if (wanted)
		act(h, dhaad_want(&h->dhaad, t, mn_new_id(), run_now()));
}

static bool answers(struct mn_home *h, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	struct in6_addr found[HOME_MAX_HA];
	const char *why;
	unsigned n;

	if (rx->has_hao || !in6_eq(&rx->dst, &h->bul.coa.a.in6))
		return false;
	n = dhaad_reply(&h->dhaad, &h->mn->conf->timers, m, &rx->src, mn_hoa(h), h->bul.router,
			run_now(), found, &why);
	if (!n && !why)
		return false;
	h->mn->stats.dhaad_answered++;
	if (!n) {
		log_rl(&h->mn->rl, "mn", "%s: answer of %s: %s", A6(mn_hoa(h)), A6(&rx->src), why);
		return true;
	}
	log_notice("mn", "%s: %s names %u home agents, the first is %s", A6(mn_hoa(h)),
		   A6(&rx->src), n, A6(&found[0]));
	bul_candidates(&h->bul, h->conf, found, n);
	act(h, DHAAD_NOTHING);
	mn_step(h, BUL_EV_DISCOVERED, NULL);
	return true;
}

void mn_dhaad_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	for (unsigned i = 0; i < mn->n_home; i++)
		if (answers(&mn->home[i], rx, m))
			return;
	log_debug("mn", "discovery reply from %s ignored: nothing was asked", A6(&rx->src));
}
