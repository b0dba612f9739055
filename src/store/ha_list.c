/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/ha_list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "store/mpa.h"

#define ROUTER_LIFETIME	1800		/* RFC 4861 6.2.1 */

/* ---- the list ---- */

void hal_entry_del(struct ha_list *l, unsigned i)
{
	l->e[i] = l->e[--l->n];
}

static void addr_del(struct hal_entry *e, unsigned i)
{
	memmove(&e->addr[i], &e->addr[i + 1], (--e->n_addr - i) * sizeof(e->addr[0]));
}

static void addr_put(struct hal_entry *e, const struct in6_addr *a, double expires)
{
	unsigned i = 0;

	while (i < e->n_addr && !in6_eq(&e->addr[i].addr, a))
		i++;
	if (i == HAL_MAX_ADDR)
		return;
	e->addr[i] = (struct hal_addr){ *a, expires };
	e->n_addr = MAX(e->n_addr, i + 1);
}

static void addr_forget(struct hal_entry *e, const struct in6_addr *a)
{
	for (unsigned i = 0; i < e->n_addr; i++) {
		if (in6_eq(&e->addr[i].addr, a)) {
			addr_del(e, i);
			return;
		}
	}
}

/* RFC 6275 10.5.1: all that carry R are added. What is not said again ends with the lifetime. */
static void add_addresses(struct hal_entry *e, const struct nd_ra *ra, double now)
{
	for (unsigned i = 0; i < ra->n_prefix; i++) {
		const struct nd_prefix *p = &ra->prefix[i];
		double valid = p->valid == UINT32_MAX ? HUGE_VAL : now + p->valid;

		if (!p->router || !in6_is_unicast_routable(&p->addr))
			continue;
		if (p->valid)
			addr_put(e, &p->addr, MIN(e->expires, valid));
		else
			addr_forget(e, &p->addr);
	}
}

enum hal_news hal_ra(struct ha_list *l, const struct in6_addr *src, const struct nd_ra *ra,
		     double now)
{
	uint16_t lifetime = ra->has_ha_info ? ra->ha_lifetime : ra->router_lifetime;
	enum hal_news news = HAL_SAME;
	struct hal_entry *e;
	unsigned i = 0;

	while (i < l->n && !in6_eq(&l->e[i].ll, src))
		i++;
	if (!ra->home_agent || !lifetime) {
		if (i == l->n)
			return HAL_SAME;
		hal_entry_del(l, i);
		return HAL_REMOVED;
	}
	if (i == HAL_MAX)
		return HAL_FULL;
	e = &l->e[i];
	if (i == l->n) {
		*e = (struct hal_entry){ .ll = *src };
		l->n++;
		news = HAL_ADDED;
	}
	e->preference = ra->has_ha_info ? ra->ha_preference : 0;
	e->router = ra->has_ha_info && ra->ha_mobile_router;
	e->lifetime = lifetime;
	e->expires = now + lifetime;
	add_addresses(e, ra, now);
	return news;
}

double hal_expire(struct ha_list *l, double now)
{
	double next = HUGE_VAL;

	for (unsigned i = l->n; i-- > 0; ) {
		struct hal_entry *e = &l->e[i];

		if (e->expires <= now) {
			hal_entry_del(l, i);
			continue;
		}
		next = MIN(next, e->expires);
		for (unsigned k = e->n_addr; k-- > 0; ) {
			if (e->addr[k].expires <= now)
				addr_del(e, k);
			else
				next = MIN(next, e->addr[k].expires);
		}
	}
	return next;
}

/* ---- the answer ---- */

/* SplitMix64: the order of equals has to be fair, not secret. */
static uint64_t next_random(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

struct ranked { const struct hal_entry *e; uint64_t draw; };

static int better(const void *va, const void *vb)
{
	const struct ranked *a = va, *b = vb;

	if (a->e->preference != b->e->preference)
		return a->e->preference < b->e->preference ? 1 : -1;
	return (a->draw > b->draw) - (a->draw < b->draw);
}

/* RFC 6275 10.5.1: those of one home agent in a random order too. */
static void list_addresses(struct icmp6_msg *m, const struct hal_entry *e, uint64_t *seed)
{
	struct in6_addr a[HAL_MAX_ADDR], tmp;

	for (unsigned i = 0; i < e->n_addr; i++) {
		unsigned k = (unsigned)(next_random(seed) % (i + 1));

		a[i] = e->addr[i].addr;
		tmp = a[k];
		a[k] = a[i];
		a[i] = tmp;
	}
	for (unsigned i = 0; i < e->n_addr && m->dhaad.n < DHAAD_MAX_HA; i++)
		m->dhaad.ha[m->dhaad.n++] = a[i];
}

static unsigned rank(const struct ha_list *l, const struct hal_entry *own, bool router,
		     uint64_t *seed, struct ranked r[static HAL_MAX + 1])
{
	unsigned n = 0;

	for (unsigned i = 0; i <= l->n; i++) {
		const struct hal_entry *e = i < l->n ? &l->e[i] : own;

		if (e->n_addr && (e->router || !router))
			r[n++] = (struct ranked){ e, next_random(seed) };
	}
	qsort(r, n, sizeof(r[0]), better);
	return n;
}

void hal_answer(const struct ha_list *l, const struct hal_entry *own, uint64_t seed,
		struct icmp6_msg *m)
{
	struct ranked r[HAL_MAX + 1];
	unsigned n = rank(l, own, m->dhaad.r, &seed, r);

	if (!n && m->dhaad.r) {
		m->dhaad.r = false;
		n = rank(l, own, false, &seed, r);
	}
	m->type = ICMP6_DHAAD_REP;
	m->code = 0;
	m->dhaad.n = 0;
	for (unsigned i = 0; i < n; i++)
		list_addresses(m, r[i].e, &seed);
}

/* RFC 3963 7.3: a home agent whose configuration knows no mobile router does not serve any. */
static bool serves_routers(const struct ha_conf *c)
{
	for (size_t i = 0; i < c->n_node; i++)
		if (c->nodes[i].router)
			return true;
	return false;
}

void hal_own(const struct ha_conf *c, const struct home_link *link, struct hal_entry *own)
{
	bool other = IN6_IS_ADDR_UNSPECIFIED(&c->virtual_address);

	*own = (struct hal_entry){ .router = serves_routers(c), .n_addr = 1,
				   .expires = HUGE_VAL };
	if (link) {
		own->preference = link->preference;
		own->lifetime = link->ha_lifetime;
		own->addr[0].addr = link->address;
	} else if (!other || c->n_link) {
		own->addr[0].addr = other ? c->links[0].address : c->virtual_address;
	}
}

/* ---- what is advertised in our name ---- */

/* A lifetime that runs down differs from ours by the time that has passed: that is no fault. */
static unsigned check_prefix(const struct home_link *l, const struct prefix *home,
			     const struct nd_ra *ra, bool *address)
{
	struct prefix_life want = mpa_life(l, &home->a.in6);
	unsigned wrong = ADV_NO_PREFIX;

	for (unsigned i = 0; i < ra->n_prefix; i++) {
		const struct nd_prefix *p = &ra->prefix[i];
		struct prefix said = prefix6(&p->addr, p->plen);

		if (p->plen != home->plen || !prefix_same_net(&said, home))
			continue;
		wrong = p->autonomous != l->autonomous ? ADV_AUTONOMOUS : 0;
		if (p->valid > want.valid || p->preferred > want.preferred ||
		    (!want.decrement &&
		     (p->valid != want.valid || p->preferred != want.preferred)))
			wrong |= ADV_LIFETIMES;
		*address |= p->router && in6_eq(&p->addr, &l->address);
		break;
	}
	return wrong;
}

unsigned hal_adv_check(const struct ha_conf *c, const struct home_link *l,
		       const struct nd_ra *ra)
{
	uint16_t lifetime = ra->has_ha_info ? ra->ha_lifetime : ra->router_lifetime;
	struct hal_entry own;
	bool address = false;
	unsigned wrong = 0;

	if (!lifetime && !ra->router_lifetime)
		return 0;		/* the last words of a router that goes */
	hal_own(c, l, &own);
	wrong |= ra->home_agent ? 0 : ADV_NO_H;
	for (size_t i = 0; i < l->n_prefix; i++)
		wrong |= check_prefix(l, &l->prefixes[i], ra, &address);
	wrong |= address ? 0 : ADV_NO_ADDRESS;
	if ((ra->has_ha_info ? ra->ha_preference : 0) != l->preference)
		wrong |= ADV_PREFERENCE;
	if (lifetime != (l->ha_lifetime ? l->ha_lifetime : ROUTER_LIFETIME))
		wrong |= ADV_HA_LIFETIME;
	if ((ra->has_ha_info && ra->ha_mobile_router) != own.router)
		wrong |= ADV_ROUTERS;
	return wrong;
}

const char *hal_adv_str(unsigned bit)
{
	switch (bit) {
	case ADV_NO_H:
		return "the Home Agent flag is not set (radvd: AdvHomeAgentFlag on)";
	case ADV_NO_PREFIX:
		return "a prefix of home_links.prefixes is not advertised (radvd: prefix ...)";
	case ADV_NO_ADDRESS:
		return "home_links.address is not advertised with the Router Address flag (radvd: "
		       "prefix ADDRESS/LENGTH { AdvRouterAddr on; })";
	case ADV_LIFETIMES:
		return "lifetimes of a home prefix are not valid_lifetime and preferred_lifetime "
		       "of home_links (radvd: AdvValidLifetime, AdvPreferredLifetime)";
	case ADV_AUTONOMOUS:
		return "the Autonomous flag of a home prefix is not home_links.autonomous (radvd: "
		       "AdvAutonomous)";
	case ADV_PREFERENCE:
		return "the Home Agent Preference is not home_links.preference (radvd: "
		       "AdvHomeAgentInfo on; HomeAgentPreference)";
	case ADV_HA_LIFETIME:
		return "the Home Agent Lifetime is not home_links.home_agent_lifetime (radvd: "
		       "HomeAgentLifetime, AdvDefaultLifetime)";
	case ADV_ROUTERS:
		return "the Mobile Router flag is not what mobile_nodes says (radvd: "
		       "AdvMobRtrSupportFlag)";
	default:
		return "?";
	}
}
