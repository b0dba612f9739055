/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobile prefix discovery (RFC 6275 6.7, 6.8, 11.4.2, 11.4.3): solicitations to the home
 * agent that has the binding, and what its advertisements do to home addresses; at home,
 * what Router Advertisements do.
 */
#include <math.h>
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"

/* There is somebody to ask, and a way for the answer. */
static bool may_ask(const struct mn_home *h)
{
	return bul_here(&h->bul) && !h->retiring &&
	       (h->bul.state == BUL_BOUND || h->bul.state == BUL_REFRESH);
}

static void solicit(struct mn_home *h)
{
	struct icmp6_msg m = { .type = ICMP6_MPS };
	struct icmp6_tx tx = { .src = h->bul.bound_coa.a.in6, .dst = h->bul.bound_ha,
			       .has_hao = true, .hao = *mn_hoa(h) };
	const struct klink *l = kern_link(h->mn->env.kern, mn_dev(h));
	int rc;

	m.mps.id = h->mpd.id;
	if (l)
		tx.ifindex = l->ifindex;
	rc = icmp6sock_send(h->mn->env.icmp, &tx, &m);
	h->mn->stats.mps++;
	log_info("mn", "%s: asking %s for home prefixes%s%s", A6(mn_hoa(h)), A6(&tx.dst),
		 rc < 0 ? ": " : "", rc < 0 ? strerror(-rc) : "");
}

static void tick(void *arg);

static void arm(struct mn_home *h)
{
	double at = mpd_due(&h->mpd);

	if (at && !h->retiring && !h->mn->stopping)
		rtimer_set(&h->mpd.timer, at, tick, h);
	else
		rtimer_stop(&h->mpd.timer);
}

/* It may have been renewed since. If not, the home agent will refuse it (133 or 132). */
static void unknown(struct mn_home *h)
{
	log_notice("mn", "%s: whether its home prefix is still valid nobody could be asked: kept",
		   A6(mn_hoa(h)));
	mpd_unknown(&h->mpd);
	arm(h);
	mn_homes_look(h->mn);
}

static void tick(void *arg)
{
	struct mn_home *h = arg;
	unsigned act;

	if (mn_on_home_link(h) && !h->mpd.by_link) {
		mpd_home(&h->mpd);
		mn_homes_look(h->mn);
		return;
	}
	act = mpd_timer(&h->mpd, &h->mn->conf->timers, mn_new_id(), run_now());
	if (act & MPD_SEND && may_ask(h))
		solicit(h);
	else if (act & MPD_SEND)
		mpd_stop(&h->mpd);
	arm(h);
	if (act & MPD_DEPRECATED && !(act & MPD_INVALID))
		log_notice("mn", "%s: its home prefix is deprecated", A6(mn_hoa(h)));
	/* who refuses us is there, and says enough */
	if (act & MPD_INVALID && h->mpd.missed && !mn_on_home_link(h) && h->bul.state != BUL_BACKOFF)
		unknown(h);
	else if (act & MPD_INVALID)
		mn_home_retire(h);
	else if (act & MPD_DEPRECATED)
		mn_homes_look(h->mn);
}

void mn_mpd_ask(struct mn_home *h)
{
	if (may_ask(h) &&
	    mpd_ask(&h->mpd, &h->mn->conf->timers, mn_new_id(), run_now()) & MPD_SEND)
		solicit(h);
	arm(h);
}

void mn_mpd_follow(struct mn_home *h)
{
	if (may_ask(h)) {
		if (h->mpd.missed)
			mn_mpd_ask(h);
		return;
	}
	mpd_stop(&h->mpd);
	arm(h);
}

void mn_mpd_stop(struct mn_home *h)
{
	rtimer_stop(&h->mpd.timer);
}

/* 11.4.3 */
static const char *bad_advert(const struct mn_home *h, const struct icmp6_rx *rx)
{
	const struct bul *b = &h->bul;

	if (!in6_eq(&rx->src, b->bound_coa.family ? &b->bound_ha : &b->ha))
		return "not from the home agent";
	if (!rx->has_rh2)
		return "no type 2 routing header";
	/* 10.6.3: to where the solicitation came from; unasked, by the binding */
	if (b->bound_coa.family && !in6_eq(&rx->rh2_coa, &b->bound_coa.a.in6))
		return "not to the care-of address";
	if (rx->has_hao)
		return "a home address option";
	return NULL;
}

static void new_homes(struct mn_home *h, const struct mpd_prefixes *p)
{
	struct in6_addr agent;
	struct prefix hoa;
	unsigned at = 0;

	while (mpd_new_prefix(p, &h->conf->hoa, &at, &hoa, &agent)) {
		if (mn_find(h->mn, &hoa.a.in6))
			continue;
		if (!h->conf->renumber) {
			if (!p->by_link)
				log_notice("mn", "%s: the home network has another prefix, %s"
					   " (renumber is not set)", A6(mn_hoa(h)), PFX(&hoa));
			continue;
		}
		if (p->by_link && !IN6_IS_ADDR_UNSPECIFIED(&h->bul.ha))
			agent = h->bul.ha;	/* not any router that happens to be there */
		else if (IN6_IS_ADDR_UNSPECIFIED(&agent))
			agent = h->bul.bound_ha;
		mn_home_new(h, &hoa, &agent);
	}
}

/*
 * On the home link its Router Advertisements say it (RFC 4862 5.5.3). One that does not list our
 * own home prefix counts for nothing: it may be the first one of another link. A configured home
 * address that was given up (its routers were away for too long) comes back with its prefix.
 */
void mn_home_ra(struct mn *mn, const struct nd_rx *rx, const struct nd_ra *ra)
{
	const struct mpd_prefixes p = { ra->prefix, ra->n_prefix, true };

	if (!mn->running || mn->stopping)
		return;
	for (unsigned i = 0; i < mn->n_home; i++) {
		struct mn_home *h = &mn->home[i];
		const struct klink *l = kern_link(mn->env.kern, mn_dev(h));

		if (h->finished && !h->added && mpd_is_home_link(&p, &h->conf->hoa) &&
		    mpd_is_preferred(&p, &h->conf->hoa)) {
			mn_home_new(h, &h->conf->hoa, &in6addr_any);
			continue;
		}
		if (!mn_on_home_link(h) || h->retiring || h->held || !l || l->ifindex != rx->ifindex ||
		    !mpd_is_home_link(&p, &h->conf->hoa))
			continue;
		mpd_home_prefix(&h->mpd, &mn->conf->timers, &h->conf->hoa, &p, run_now());
		arm(h);
		new_homes(h, &p);
	}
	mn_homes_look(mn);
}

void mn_mpa_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	const struct mpd_prefixes p = { m->mpa.prefix, m->mpa.n, false };
	struct mn_home *h = mn_find(mn, &rx->dst);
	const char *bad = h ? bad_advert(h, rx) : "no home address of ours";
	double now = run_now();

	if (bad || m->code) {
		log_debug("mn", "mobile prefix advertisement from %s dropped: %s", A6(&rx->src),
			  bad ? bad : "code");
		return;
	}
	mn->stats.mpa++;
	if (!mpd_answered(&h->mpd, m)) {
		mn_mpd_ask(h);		/* discarded, but a reason to ask */
		return;
	}
	mpd_home_prefix(&h->mpd, &mn->conf->timers, &h->conf->hoa, &p, now);
	if (!isinf(h->mpd.valid))
		log_info("mn", "%s: home prefix valid=%.0fs preferred=%.0fs", A6(mn_hoa(h)),
			 h->mpd.valid - now, fmax(h->mpd.preferred - now, 0));
	arm(h);
	ro_follow(h, false);		/* peers may have been told more than that */
	if (may_ask(h))
		new_homes(h, &p);
	mn_homes_look(mn);
}
