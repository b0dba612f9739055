/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Home agents find and are found: the Home Agents List from Router Advertisements,
 * the anycast address, and dynamic home agent address discovery (RFC 6275 10.5,
 * RFC 3963 7). What a router daemon on this host says in our name is held against
 * the configuration.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "io/anycast.h"
#include "role/ha_priv.h"
#include "run/timer.h"
#include "sec/crypto.h"

/* ---- the anycast address ---- */

static void leave(struct ha *ha, size_t link)
{
	size_t n = 0;

	for (size_t i = 0; i < ha->n_anycast; i++) {
		struct ha_anycast *a = &ha->anycast[i];

		if (link == HA_ALL || a->link == link)
			anycast_leave(a->fd);
		else
			ha->anycast[n++] = *a;
	}
	ha->n_anycast = n;
}

static void join(struct ha *ha, size_t link, int ifindex, const struct prefix *home)
{
	struct ha_anycast a = { .link = link, .addr = in6_home_agents(home) }, *more;

	if (IN6_IS_ADDR_UNSPECIFIED(&a.addr)) {
		log_notice("ha", "home prefix %s is too long for an anycast address: no discovery "
			   "of home agents", PFX(home));
		return;
	}
	more = realloc(ha->anycast, (ha->n_anycast + 1) * sizeof(*more));
	if (!more)
		return;
	ha->anycast = more;
	a.fd = anycast_join(ifindex, &a.addr);
	if (a.fd < 0 && a.fd != -ENETDOWN)
		log_err("ha", "anycast address %s: %s", A6(&a.addr), strerror(-a.fd));
	more[ha->n_anycast++] = a;	/* also if not: restore() or a reload tries again */
}

void ha_disc_join(struct ha *ha, size_t link)
{
	const struct home_link *l = &ha->c->links[link];

	leave(ha, link);
	for (size_t i = 0; i < l->n_prefix && ha->ready && ha->watched[link].ifindex; i++)
		join(ha, link, ha->watched[link].ifindex, &l->prefixes[i]);
}

/* A home that is on no link has no device but the loopback. */
static void join_served(struct ha *ha)
{
	const struct klink *lo = ha->c->n_served ? kern_link(ha->env.kern, "lo") : NULL;

	for (size_t i = 0; lo && i < ha->c->n_served; i++)
		join(ha, HA_SERVED, lo->ifindex, &ha->c->served[i]);
}

void ha_disc_leave(struct ha *ha, size_t link)
{
	leave(ha, link);
}

/* ---- the list ---- */

static void expire_cb(void *arg);

static void arm(struct ha_disc *d, double next)
{
	if (next < HUGE_VAL)
		rtimer_set(&d->timer, next, expire_cb, d);
	else
		rtimer_stop(&d->timer);
}

static void expire_cb(void *arg)
{
	struct ha_disc *d = arg;
	unsigned before = d->list.n;
	double next = hal_expire(&d->list, run_now());

	if (d->list.n != before)
		log_info("ha", "home agents on %s: %u of %u are left, the others said nothing",
			 d->dev, d->list.n, before);
	arm(d, next);
}

static void heard_other(struct ha *ha, struct ha_disc *d, const struct in6_addr *src,
			const struct nd_ra *ra)
{
	switch (hal_ra(&d->list, src, ra, run_now())) {
	case HAL_SAME:
		break;
	case HAL_ADDED:
		log_info("ha", "home agent %s on %s: preference=%u lifetime=%us", A6(src), d->dev,
			 ra->has_ha_info ? ra->ha_preference : 0,
			 ra->has_ha_info ? ra->ha_lifetime : ra->router_lifetime);
		break;
	case HAL_REMOVED:
		log_info("ha", "home agent %s on %s: serves no longer", A6(src), d->dev);
		break;
	case HAL_FULL:
		log_rl(&ha->rl, "ha", "home agent %s on %s: the list is full", A6(src), d->dev);
		break;
	}
	arm(d, hal_expire(&d->list, run_now()));
}

/* RFC 6275 7.1-7.4: mobile nodes at home believe what they hear, not what is configured here. */
static void heard_own(struct ha *ha, struct ha_disc *d, const struct home_link *l,
		      const struct nd_ra *ra)
{
	unsigned wrong = hal_adv_check(ha->c, l, ra), news = wrong & ~d->adv_wrong;

	for (unsigned i = 0; i < ADV__COUNT; i++)
		if (news & 1u << i)
			log_rl(&ha->rl, "ha", "router advertisement of this host on %s: %s", l->dev,
			       hal_adv_str(1u << i));
	d->adv_heard = run_now();
	d->adv_wrong = wrong;
}

void ha_disc_ra(struct ha *ha, const struct nd_rx *rx, const struct nd_ra *ra)
{
	for (size_t i = 0; i < ha->n_watched; i++) {
		if (ha->watched[i].ifindex != rx->ifindex)
			continue;
		if (kern_addr_find(ha->env.kern, rx->ifindex, &rx->src, NULL))
			heard_own(ha, &ha->disc[i], &ha->c->links[i], ra);
		else
			heard_other(ha, &ha->disc[i], &rx->src, ra);
	}
}

/* ---- discovery ---- */

static const struct ha_anycast *asked(const struct ha *ha, const struct in6_addr *dst)
{
	for (size_t i = 0; i < ha->n_anycast; i++)
		if (in6_eq(&ha->anycast[i].addr, dst))
			return &ha->anycast[i];
	return NULL;
}

/* Anybody may ask, and the answer is longer than the question: it is limited. */
void ha_dhaad_rx(struct ha *ha, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	static const struct ha_list nobody;
	const struct ha_anycast *a = asked(ha, &rx->dst);
	struct icmp6_msg answer = *m;
	struct icmp6_tx tx = { .dst = rx->src };
	struct hal_entry own;
	uint64_t seed;
	int rc;

	ha->stats.dhaad++;
	if (!ha->ready || ha->job.kind == JOB_STOP || !a || rx->has_hao)
		return;
	if (IN6_IS_ADDR_LINKLOCAL(&rx->src))
		tx.ifindex = rx->ifindex;
	else if (!in6_is_unicast_routable(&rx->src))
		return;
	if (!bucket_take(&ha->discoveries, run_now()))
		return;
	hal_own(ha->c, a->link < ha->c->n_link ? &ha->c->links[a->link] : NULL, &own);
	crypto_random(&seed, sizeof(seed));
	hal_answer(a->link < ha->n_disc ? &ha->disc[a->link].list : &nobody, &own, seed, &answer);
	tx.src = own.addr[0].addr;
	rc = icmp6sock_send(ha->env.icmp, &tx, &answer);
	if (rc < 0)
		log_rl(&ha->rl, "ha", "answer to the discovery of %s not sent: %s", A6(&rx->src),
		       strerror(-rc));
	else
		ha->stats.dhaad_answered++;
}

/* ---- life ---- */

static void disc_free(struct ha *ha)
{
	for (size_t i = 0; i < ha->n_disc; i++)
		rtimer_stop(&ha->disc[i].timer);
	free(ha->disc);
	ha->disc = NULL;
	ha->n_disc = 0;
}

/* A reload does not change home links (ctl/reload.c), so what was heard on them stays. */
int ha_disc_start(struct ha *ha)
{
	if (ha->n_disc != ha->c->n_link || !ha->disc) {
		disc_free(ha);
		ha->disc = calloc(ha->c->n_link + 1, sizeof(*ha->disc));
		if (!ha->disc)
			return -ENOMEM;
		ha->n_disc = ha->c->n_link;
	}
	for (size_t i = 0; i < ha->n_disc; i++)
		memcpy(ha->disc[i].dev, ha->c->links[i].dev, sizeof(ha->disc[i].dev));
	return 0;
}

void ha_disc_join_all(struct ha *ha)
{
	leave(ha, HA_ALL);
	for (size_t i = 0; i < ha->n_disc; i++)
		ha_disc_join(ha, i);
	join_served(ha);
}

void ha_disc_stop(struct ha *ha)
{
	leave(ha, HA_ALL);
	free(ha->anycast);
	ha->anycast = NULL;
	disc_free(ha);
}

/* ---- for the control socket ---- */

bool ha_agent(const struct ha *ha, size_t link, size_t i, struct ha_agent *out)
{
	const struct ha_disc *d = link < ha->n_disc ? &ha->disc[link] : NULL;
	const struct ha_conf *c = ha->c;

	*out = (struct ha_agent){ .own = i == 0, .adv_age = -1 };
	if (link > c->n_link || (link == c->n_link && (!c->n_served || i)) ||
	    (d && i > d->list.n))
		return false;
	out->link = link < c->n_link ? &c->links[link] : NULL;
	if (i) {
		out->e = d->list.e[i - 1];
		return true;
	}
	hal_own(c, out->link, &out->e);
	if (d && d->adv_heard > 0) {
		out->adv_age = run_now() - d->adv_heard;
		out->adv_wrong = d->adv_wrong;
	}
	return true;
}
