/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/unit/wire_help.h - octets from hex text, a buffer that ends at a page
 * nobody may touch, repeatable random numbers, and equality of parsed messages.
 * For the unit tests and fuzz targets of src/wire/.
 */
#ifndef MIP6_TESTS_WIRE_HELP_H
#define MIP6_TESTS_WIRE_HELP_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wire/icmp6.h"
#include "wire/mh.h"
#include "wire/nd.h"

#define HELP_MAX 4096

static inline struct in6_addr a6(const char *s)
{
	struct in6_addr a;

	if (inet_pton(AF_INET6, s, &a) != 1)
		abort();
	return a;
}

static inline struct in_addr a4(const char *s)
{
	struct in_addr a;

	if (inet_pton(AF_INET, s, &a) != 1)
		abort();
	return a;
}

/* Blanks are allowed. Returns the number of octets. */
static inline size_t unhex(const char *s, uint8_t *out)
{
	size_t n = 0;
	int used;

	for (unsigned v; sscanf(s, " %2x%n", &v, &used) == 1; s += used)
		out[n++] = (uint8_t)v;
	return n;
}

/* A copy whose end is the end of readable memory: a read beyond it kills the test. */
static inline const uint8_t *guarded(const uint8_t *src, size_t n)
{
	static uint8_t *edge;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!edge) {
		uint8_t *p = mmap(NULL, HELP_MAX + page, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED || mprotect(p + HELP_MAX, page, PROT_NONE))
			abort();
		edge = p + HELP_MAX;
	}
	if (n > HELP_MAX)
		abort();
	if (n)
		memcpy(edge - n, src, n);
	return edge - n;
}

/* xorshift64*: the same numbers in every run. */
static inline uint64_t rnd(void)
{
	static uint64_t x = UINT64_C(0x9e3779b97f4a7c15);

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	return x * UINT64_C(0x2545f4914f6cdd1d);
}

static inline unsigned rnd_below(unsigned n)
{
	return (unsigned)(rnd() >> 33) % n;
}

static inline void rnd_fill(void *p, size_t n)
{
	for (uint8_t *b = p; n--; b++)
		*b = (uint8_t)(rnd() >> 40);
}

static inline bool bytes_same(const struct mhopt_bytes *a, const struct mhopt_bytes *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->p, b->p, a->len));
}

static inline bool acks_same(const struct mhopt_ipv4_ack *a, const struct mhopt_ipv4_ack *b,
			     unsigned n)
{
	bool same = true;

	for (unsigned i = 0; i < n; i++)
		same &= a[i].status == b[i].status && a[i].plen == b[i].plen &&
			a[i].addr.s_addr == b[i].addr.s_addr;
	return same;
}

static inline bool nets_same(const struct prefix *a, const struct prefix *b, unsigned n)
{
	bool same = true;

	for (unsigned i = 0; i < n; i++)
		same &= prefix_eq(&a[i], &b[i]);
	return same;
}

static inline bool lists_same(const struct mhopts *a, const struct mhopts *b)
{
	bool same = a->n_mnp == b->n_mnp && a->n_ipv4_hoa == b->n_ipv4_hoa &&
		    a->n_ipv4_ack == b->n_ipv4_ack && a->n_ipv4_mnp == b->n_ipv4_mnp &&
		    a->n_ipv4_mnp_status == b->n_ipv4_mnp_status && a->n_bid == b->n_bid &&
		    a->n_raw == b->n_raw && a->n_flow == b->n_flow &&
		    a->n_flow_summary == b->n_flow_summary;

	if (!same)
		return false;
	for (unsigned i = 0; i < a->n_ipv4_hoa; i++)
		same &= a->ipv4_hoa[i].plen == b->ipv4_hoa[i].plen &&
			a->ipv4_hoa[i].p == b->ipv4_hoa[i].p &&
			a->ipv4_hoa[i].addr.s_addr == b->ipv4_hoa[i].addr.s_addr;
	for (unsigned i = 0; i < a->n_bid; i++)
		same &= a->bid[i].bid == b->bid[i].bid && a->bid[i].status == b->bid[i].status &&
			a->bid[i].prio == b->bid[i].prio && a->bid[i].home == b->bid[i].home &&
			a->bid[i].malformed == b->bid[i].malformed &&
			locator_eq(&a->bid[i].coa, &b->bid[i].coa);
	for (unsigned i = 0; i < a->n_raw; i++)
		same &= a->raw[i].type == b->raw[i].type &&
			bytes_same(&a->raw[i].data, &b->raw[i].data);
	for (unsigned i = 0; i < a->n_flow; i++)
		same &= a->flow[i].fid == b->flow[i].fid && a->flow[i].prio == b->flow[i].prio &&
			a->flow[i].status == b->flow[i].status &&
			bytes_same(&a->flow[i].sub, &b->flow[i].sub);
	for (unsigned i = 0; i < a->n_flow_summary; i++)
		same &= bytes_same(&a->flow_summary[i], &b->flow_summary[i]);
	return same && nets_same(a->mnp, b->mnp, a->n_mnp) &&
	       nets_same(a->ipv4_mnp, b->ipv4_mnp, a->n_ipv4_mnp) &&
	       acks_same(a->ipv4_ack, b->ipv4_ack, a->n_ipv4_ack) &&
	       acks_same(a->ipv4_mnp_status, b->ipv4_mnp_status, a->n_ipv4_mnp_status);
}

/* Equal but for the MACs, which the builder leaves zero. */
static inline bool mhopts_same(const struct mhopts *a, const struct mhopts *b)
{
	return a->seen == b->seen && a->refresh_advice == b->refresh_advice &&
	       in6_eq(&a->alt_coa, &b->alt_coa) && a->home_nonce == b->home_nonce &&
	       a->coa_nonce == b->coa_nonce && a->mn_id_subtype == b->mn_id_subtype &&
	       bytes_same(&a->mn_id, &b->mn_id) && a->auth.subtype == b->auth.subtype &&
	       a->auth.spi == b->auth.spi && a->mesg_id == b->mesg_id && a->nat.f == b->nat.f &&
	       a->nat.refresh == b->nat.refresh && a->ipv4_coa.s_addr == b->ipv4_coa.s_addr &&
	       lists_same(a, b);
}

static inline bool mh_same(const struct mh_msg *a, const struct mh_msg *b)
{
	bool same = a->type == b->type && mhopts_same(&a->opt, &b->opt);

	switch ((enum mh_type)a->type) {
	case MH_BRR:
		return same;
	case MH_HOTI:
	case MH_COTI:
		return same && a->ti.cookie == b->ti.cookie;
	case MH_HOT:
	case MH_COT:
		return same && a->test.nonce == b->test.nonce && a->test.cookie == b->test.cookie &&
		       a->test.token == b->test.token;
	case MH_BU:
		return same && a->bu.seq == b->bu.seq && a->bu.flags == b->bu.flags &&
		       a->bu.lifetime == b->bu.lifetime;
	case MH_BA:
		return same && a->ba.status == b->ba.status && a->ba.flags == b->ba.flags &&
		       a->ba.seq == b->ba.seq && a->ba.lifetime == b->ba.lifetime;
	case MH_BE:
		return same && a->be.status == b->be.status && in6_eq(&a->be.hoa, &b->be.hoa);
	}
	return false;
}

static inline bool lladdr_same(const struct nd_lladdr *a, const struct nd_lladdr *b)
{
	return a->len == b->len && !memcmp(a->b, b->b, a->len);
}

static inline bool nd_prefixes_same(const struct nd_prefix *a, const struct nd_prefix *b,
				    unsigned n)
{
	bool same = true;

	for (unsigned i = 0; i < n; i++)
		same &= in6_eq(&a[i].addr, &b[i].addr) && a[i].plen == b[i].plen &&
			a[i].on_link == b[i].on_link && a[i].autonomous == b[i].autonomous &&
			a[i].router == b[i].router && a[i].valid == b[i].valid &&
			a[i].preferred == b[i].preferred;
	return same;
}

static inline bool ra_same(const struct nd_ra *a, const struct nd_ra *b)
{
	return a->hop_limit == b->hop_limit && a->managed == b->managed && a->other == b->other &&
	       a->home_agent == b->home_agent && a->preference == b->preference &&
	       a->router_lifetime == b->router_lifetime && a->reachable == b->reachable &&
	       a->retrans == b->retrans && a->mtu == b->mtu && a->interval == b->interval &&
	       a->has_ha_info == b->has_ha_info && a->ha_mobile_router == b->ha_mobile_router &&
	       a->ha_preference == b->ha_preference && a->ha_lifetime == b->ha_lifetime &&
	       lladdr_same(&a->slla, &b->slla) && a->n_prefix == b->n_prefix &&
	       nd_prefixes_same(a->prefix, b->prefix, a->n_prefix);
}

static inline bool nd_same(const struct nd_msg *a, const struct nd_msg *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == ND_RA)
		return ra_same(&a->ra, &b->ra);
	if (a->type == ND_RS)
		return lladdr_same(&a->rs.slla, &b->rs.slla);
	if (a->type == ND_NS)
		return in6_eq(&a->ns.target, &b->ns.target) && a->ns.nonce == b->ns.nonce &&
		       lladdr_same(&a->ns.slla, &b->ns.slla) &&
		       !memcmp(a->ns.nonce_val, b->ns.nonce_val, sizeof(a->ns.nonce_val));
	return in6_eq(&a->na.target, &b->na.target) && a->na.router == b->na.router &&
	       a->na.solicited == b->na.solicited && a->na.override == b->na.override &&
	       lladdr_same(&a->na.tlla, &b->na.tlla);
}

/* For the types that can be built. */
static inline bool icmp6_same(const struct icmp6_msg *a, const struct icmp6_msg *b)
{
	if (a->type != b->type || a->code != b->code)
		return false;
	if (a->type == ICMP6_MPS)
		return a->mps.id == b->mps.id;
	if (a->type == ICMP6_MPA)
		return a->mpa.id == b->mpa.id && a->mpa.managed == b->mpa.managed &&
		       a->mpa.other == b->mpa.other && a->mpa.n == b->mpa.n &&
		       nd_prefixes_same(a->mpa.prefix, b->mpa.prefix, a->mpa.n);
	if (a->type == ICMP6_ECHOREQ_ || a->type == ICMP6_ECHOREP_)
		return a->echo.id == b->echo.id && a->echo.seq == b->echo.seq &&
		       a->echo.len == b->echo.len &&
		       (!a->echo.len || !memcmp(a->echo.data, b->echo.data, a->echo.len));
	return a->dhaad.id == b->dhaad.id && a->dhaad.r == b->dhaad.r && a->dhaad.n == b->dhaad.n &&
	       !memcmp(a->dhaad.ha, b->dhaad.ha, a->dhaad.n * sizeof(a->dhaad.ha[0]));
}

/* Read to be answered, never written. */
static inline bool any_malformed(const struct mh_msg *m)
{
	bool any = false;

	for (unsigned i = 0; i < m->opt.n_bid; i++)
		any |= m->opt.bid[i].malformed;
	return any;
}

#endif
