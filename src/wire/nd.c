/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/nd.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "wire/ndopt.h"

#define RA_MANAGED     0x80
#define RA_OTHER       0x40
#define RA_HOME_AGENT  0x20 /* RFC 6275 7.1 */
#define RA_PREF_SHIFT  3    /* two bits, RFC 4191 2.2 */
#define PIO_ON_LINK    0x80
#define PIO_AUTO       0x40
#define PIO_ROUTER     0x20 /* RFC 6275 7.2 */
#define NA_ROUTER      0x80000000u
#define NA_SOLICITED   0x40000000u
#define NA_OVERRIDE    0x20000000u
#define HA_INFO_ROUTER 0x8000 /* RFC 3963 7.3 */

int ndopt_next(struct rd *r, uint8_t *type, struct rd *body)
{
	uint8_t units;

	if (!r->bad && !rd_left(r))
		return 0;
	*type = rd_u8(r);
	units = rd_u8(r);
	if (!units) /* RFC 4861 4.6: the message must be discarded */
		return -EBADMSG;
	*body = rd_sub(r, units * 8u - 2);
	return r->bad ? -EBADMSG : 1;
}

const char *ndopt_prefix_get(struct rd *body, struct nd_prefix *p)
{
	uint8_t flags;

	if (rd_left(body) != 30)
		return NDOPT_LEN;
	p->plen = rd_u8(body);
	flags = rd_u8(body);
	p->on_link = flags & PIO_ON_LINK;
	p->autonomous = flags & PIO_AUTO;
	p->router = flags & PIO_ROUTER;
	p->valid = rd_u32(body);
	p->preferred = rd_u32(body);
	rd_u32(body);
	p->addr = rd_in6(body);
	return p->plen > 128 ? "prefix longer than an address" : NULL;
}

static void opt_head(struct wr *w, uint8_t type, uint8_t units)
{
	wr_u8(w, type);
	wr_u8(w, units);
}

void ndopt_prefix_put(struct wr *w, const struct nd_prefix *p)
{
	if (p->plen > 128)
		wr_fail(w, -EINVAL);
	opt_head(w, NDOPT_PREFIX, 4);
	wr_u8(w, p->plen);
	wr_u8(w, (uint8_t)((p->on_link ? PIO_ON_LINK : 0) | (p->autonomous ? PIO_AUTO : 0) |
			   (p->router ? PIO_ROUTER : 0)));
	wr_u32(w, p->valid);
	wr_u32(w, p->preferred);
	wr_u32(w, 0);
	wr_in6(w, &p->addr);
}

/* Where the message keeps the address of this option; NULL: not an option of it. */
static struct nd_lladdr *lladdr_of(struct nd_msg *m, uint8_t type)
{
	if (m->type == ND_NA)
		return type == NDOPT_TLLA ? &m->na.tlla : NULL;
	if (type != NDOPT_SLLA)
		return NULL;
	if (m->type == ND_RS)
		return &m->rs.slla;
	return m->type == ND_RA ? &m->ra.slla : &m->ns.slla;
}

/* Six octets (or fourteen, with the padding of a shorter address); longer ones are ignored. */
static void lladdr_get(struct rd *body, struct nd_lladdr *ll)
{
	size_t n = rd_left(body);

	if (n > sizeof(ll->b))
		return;
	ll->len = (uint8_t)n;
	rd_copy(body, ll->b, n);
}

static void lladdr_put(struct wr *w, uint8_t type, const struct nd_lladdr *ll)
{
	size_t units = (2u + ll->len + 7) / 8;

	if (!ll->len)
		return;
	if (ll->len > sizeof(ll->b)) {
		wr_fail(w, -EINVAL);
		return;
	}
	opt_head(w, type, (uint8_t)units);
	wr_copy(w, ll->b, ll->len);
	wr_zero(w, units * 8 - 2 - ll->len);
}

static const char *ra_opt_get(struct nd_ra *ra, uint8_t type, struct rd *body)
{
	size_t want = type == NDOPT_PREFIX ? 30 : 6;

	if (type != NDOPT_PREFIX && type != NDOPT_MTU && type != NDOPT_INTERVAL &&
	    type != NDOPT_HA_INFO)
		return NULL;
	if (rd_left(body) != want)
		return NDOPT_LEN;
	if (type == NDOPT_PREFIX) {
		if (ra->n_prefix == ARRAY_SIZE(ra->prefix))
			return NULL;
		return ndopt_prefix_get(body, &ra->prefix[ra->n_prefix++]);
	}
	if (type == NDOPT_HA_INFO) {
		ra->has_ha_info = true;
		ra->ha_mobile_router = rd_u16(body) & HA_INFO_ROUTER;
		ra->ha_preference = rd_u16(body);
		ra->ha_lifetime = rd_u16(body);
		return NULL;
	}
	rd_u16(body);
	*(type == NDOPT_MTU ? &ra->mtu : &ra->interval) = rd_u32(body);
	return NULL;
}

static const char *opt_get(struct nd_msg *m, uint8_t type, struct rd *body)
{
	struct nd_lladdr *ll = lladdr_of(m, type);

	if (ll)
		lladdr_get(body, ll);
	else if (m->type == ND_RA)
		return ra_opt_get(&m->ra, type, body);
	/* a longer nonce is another sender's: ours has six octets */
	if (m->type == ND_NS && type == NDOPT_NONCE && rd_left(body) == sizeof(m->ns.nonce_val)) {
		m->ns.nonce = true;
		rd_copy(body, m->ns.nonce_val, sizeof(m->ns.nonce_val));
	}
	return NULL;
}

static void ra_get(struct rd *r, struct nd_ra *ra)
{
	uint8_t flags, pref;

	ra->hop_limit = rd_u8(r);
	flags = rd_u8(r);
	ra->managed = flags & RA_MANAGED;
	ra->other = flags & RA_OTHER;
	ra->home_agent = flags & RA_HOME_AGENT;
	ra->router_lifetime = rd_u16(r);
	/* RFC 4191 2.2: 10 reads as 00, and it has no meaning without a lifetime */
	pref = flags >> RA_PREF_SHIFT & 3;
	if (pref != 2 && ra->router_lifetime)
		ra->preference = (int8_t)(pref == 3 ? -1 : pref);
	ra->reachable = rd_u32(r);
	ra->retrans = rd_u32(r);
}

static void ns_na_get(struct rd *r, struct nd_msg *m, struct in6_addr *target)
{
	uint32_t flags = rd_u32(r);

	if (m->type == ND_NS) {
		*target = m->ns.target = rd_in6(r);
		return;
	}
	m->na.router = flags & NA_ROUTER;
	m->na.solicited = flags & NA_SOLICITED;
	m->na.override = flags & NA_OVERRIDE;
	*target = m->na.target = rd_in6(r);
}

/* The checks of RFC 4861 6.1 and 7.1 that need nothing but the message. */
int nd_parse(const uint8_t *buf, size_t len, struct nd_msg *m, const char **why)
{
	struct rd r = rd_init(buf, len), body;
	struct in6_addr target = { 0 };
	uint8_t type, code;
	int rc;

	memset(m, 0, sizeof(*m));
	m->type = rd_u8(&r);
	code = rd_u8(&r);
	rd_u16(&r);
	*why = "not a Neighbour Discovery message";
	if (!r.bad && (m->type < ND_RS || m->type > ND_NA))
		return -EPROTONOSUPPORT;
	if (m->type == ND_RA)
		ra_get(&r, &m->ra);
	else if (m->type == ND_RS)
		rd_u32(&r);
	else
		ns_na_get(&r, m, &target);
	*why = r.bad				? "shorter than its type"
	       : code				? "Code is not 0"
	       : IN6_IS_ADDR_MULTICAST(&target) ? "the target is multicast"
						: NULL;
	if (*why)
		return -EBADMSG;
	while ((rc = ndopt_next(&r, &type, &body)) > 0) {
		*why = opt_get(m, type, &body);
		if (*why)
			return -EBADMSG;
	}
	if (rc < 0)
		*why = "ND option of length 0 or beyond the end";
	return rc;
}

static void ra_put(struct wr *w, const struct nd_ra *ra)
{
	/* RFC 4191 2.2: the sender clears the preference if it is no default router */
	int pref = ra->router_lifetime ? ra->preference : 0;

	if (pref < -1 || pref > 1 || ra->n_prefix > ARRAY_SIZE(ra->prefix)) {
		wr_fail(w, -EINVAL);
		return;
	}
	wr_u8(w, ra->hop_limit);
	wr_u8(w, (uint8_t)((ra->managed ? RA_MANAGED : 0) | (ra->other ? RA_OTHER : 0) |
			   (ra->home_agent ? RA_HOME_AGENT : 0) | (pref & 3) << RA_PREF_SHIFT));
	wr_u16(w, ra->router_lifetime);
	wr_u32(w, ra->reachable);
	wr_u32(w, ra->retrans);
	lladdr_put(w, NDOPT_SLLA, &ra->slla);
	if (ra->mtu) {
		opt_head(w, NDOPT_MTU, 1);
		wr_u16(w, 0);
		wr_u32(w, ra->mtu);
	}
	if (ra->interval) {
		opt_head(w, NDOPT_INTERVAL, 1);
		wr_u16(w, 0);
		wr_u32(w, ra->interval);
	}
	if (ra->has_ha_info) {
		opt_head(w, NDOPT_HA_INFO, 1);
		wr_u16(w, ra->ha_mobile_router ? HA_INFO_ROUTER : 0);
		wr_u16(w, ra->ha_preference);
		wr_u16(w, ra->ha_lifetime);
	}
	for (unsigned i = 0; i < ra->n_prefix; i++)
		ndopt_prefix_put(w, &ra->prefix[i]);
}

static void ns_put(struct wr *w, const struct nd_ns *ns)
{
	wr_u32(w, 0);
	wr_in6(w, &ns->target);
	lladdr_put(w, NDOPT_SLLA, &ns->slla);
	if (!ns->nonce)
		return;
	opt_head(w, NDOPT_NONCE, 1);
	wr_copy(w, ns->nonce_val, sizeof(ns->nonce_val));
}

static void na_put(struct wr *w, const struct nd_na *na)
{
	wr_u32(w, (na->router ? NA_ROUTER : 0) | (na->solicited ? NA_SOLICITED : 0) |
			  (na->override ? NA_OVERRIDE : 0));
	wr_in6(w, &na->target);
	lladdr_put(w, NDOPT_TLLA, &na->tlla);
}

ssize_t nd_build(const struct nd_msg *m, uint8_t *buf, size_t cap)
{
	struct wr w = wr_init(buf, cap);

	wr_u8(&w, m->type);
	wr_zero(&w, 3); /* code, checksum */
	switch (m->type) {
	case ND_RS:
		wr_u32(&w, 0);
		lladdr_put(&w, NDOPT_SLLA, &m->rs.slla);
		break;
	case ND_RA:
		ra_put(&w, &m->ra);
		break;
	case ND_NS:
		ns_put(&w, &m->ns);
		break;
	case ND_NA:
		na_put(&w, &m->na);
		break;
	default:
		return -EINVAL;
	}
	return wr_end(&w);
}
