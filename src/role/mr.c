/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a mobile router adds: its prefixes in the BU, what the BA says of them (RFC
 * 3963 5, RFC 5555 3.1.1, 3.2.1 and 4.4.2, or the draft's IPv4 pair), and which of
 * them are in service. IPv4 prefixes are accepted one by one, IPv6 ones all or none.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "role/mn_priv.h"
#include "run/event.h"

int mr_init(struct mn_home *h)
{
	size_t n = h->conf->n_prefix;

	h->prefix = calloc(n + 1, sizeof(*h->prefix));
	h->prefix_told = calloc(n + 1, sizeof(*h->prefix_told));
	if (!h->prefix || !h->prefix_told)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		h->prefix[i].conf = &h->conf->prefixes[i];
	return 0;
}

void mr_free(struct mn_home *h)
{
	free(h->prefix);
	free(h->prefix_told);
	h->prefix = NULL;
	h->prefix_told = NULL;
}

static bool is_ipv4(const struct mn_prefix_info *p)
{
	return p->conf->prefix.family == AF_INET;
}

/* In the BU and answered one by one. Other IPv4 prefixes are configured at both ends. */
static bool is_asked(const struct mn_prefix_info *p)
{
	return is_ipv4(p) && p->conf->mode == PREFIX_EXPLICIT;
}

static bool in_service_as(enum mnp_status s)
{
	return s == MNP_ACCEPTED || s == MNP_AT_HOME;
}

static bool in_service(const struct mn_prefix_info *p)
{
	return in_service_as(p->status);
}

/* ---- Binding Update ---- */

static int put_ipv4(const struct mn_home *h, struct mhopts *o, const struct prefix *p)
{
	struct mhopt_ipv4_hoa *hoa = &o->ipv4_hoa[o->n_ipv4_hoa];

	if (h->conf->ipv4_option == IPV4_V4PREFIX) {
		if (o->n_ipv4_mnp == MHOPT_MAX_MNP)
			return -E2BIG;
		o->ipv4_mnp[o->n_ipv4_mnp++] = *p;
		o->seen |= BIT64(MHOPT_IPV4_MNP_DEFAULT);
		return 0;
	}
	if (o->n_ipv4_hoa == MHOPT_MAX_MNP)
		return -E2BIG;
	hoa->addr = p->a.in4;
	hoa->plen = p->plen;
	hoa->p = h->bul.first;		/* RFC 5555 3.1.1: for new requests only */
	o->n_ipv4_hoa++;
	o->seen |= BIT64(MHOPT_IPV4_HOA);
	return 0;
}

int mr_put(const struct mn_home *h, struct mh_msg *m)
{
	struct mhopts *o = &m->opt;
	int rc = 0;

	if (!h->bul.router)
		return 0;
	for (size_t i = 0; rc == 0 && i < h->conf->n_prefix; i++) {
		const struct mnp_conf *c = &h->conf->prefixes[i];

		if (c->mode != PREFIX_EXPLICIT)
			continue;
		if (c->prefix.family == AF_INET) {
			rc = put_ipv4(h, o, &c->prefix);
		} else if (o->n_mnp == MHOPT_MAX_MNP) {
			rc = -E2BIG;
		} else {
			o->mnp[o->n_mnp++] = c->prefix;
			o->seen |= BIT64(MHOPT_MNP);
		}
	}
	return rc;
}

/* ---- Binding Acknowledgement ---- */

/* A refusal carries no prefix length (RFC 5555 3.2.1), so the address alone must do. */
static const struct mhopt_ipv4_ack *answer_for(const struct mhopt_ipv4_ack *a, unsigned n,
					       const struct prefix *p)
{
	for (unsigned i = 0; i < n; i++) {
		bool ok = a[i].status < IPV4_ACK_UNSPECIFIED;

		if (a[i].addr.s_addr == p->a.in4.s_addr && (!ok || a[i].plen == p->plen))
			return &a[i];
	}
	return NULL;
}

static void set(struct mn_home *h, size_t i, enum mnp_status status, uint8_t code)
{
	struct mn_prefix_info *p = &h->prefix[i];

	if (p->status == status && p->code == code)
		return;
	p->status = status;
	p->code = code;
	if (status == MNP_UNSUPPORTED)
		log_warn("mn", "%s: %s is out of service: the home agent %s does not answer our"
			 " IPv4 option, so it does no IPv4, or not by this option (ipv4_option)",
			 A6(mn_hoa(h)), PFX(&p->conf->prefix), A6(&h->bul.ha));
	else if (status == MNP_REFUSED)
		log_warn("mn", "%s: the home agent refuses %s with status %u: it must be in"
			 " prefixes of this node in mobile_nodes there", A6(mn_hoa(h)),
			 PFX(&p->conf->prefix), code);
}

void mr_accepted(struct mn_home *h, const struct mh_msg *m)
{
	const struct mhopts *o = &m->opt;
	bool draft = h->conf->ipv4_option == IPV4_V4PREFIX;
	const struct mhopt_ipv4_ack *acks = draft ? o->ipv4_mnp_status : o->ipv4_ack;
	unsigned n = draft ? o->n_ipv4_mnp_status : o->n_ipv4_ack;

	for (size_t i = 0; i < h->conf->n_prefix; i++) {
		const struct mhopt_ipv4_ack *a;

		if (!is_asked(&h->prefix[i])) {
			set(h, i, MNP_ACCEPTED, m->ba.status);
			continue;
		}
		a = answer_for(acks, n, &h->prefix[i].conf->prefix);
		if (!a)
			set(h, i, MNP_UNSUPPORTED, 0);
		else
			set(h, i, a->status < IPV4_ACK_UNSPECIFIED ? MNP_ACCEPTED : MNP_REFUSED,
			    a->status);
	}
}

void mr_refused(struct mn_home *h, uint8_t status)
{
	if (status < BA_MR_NOT_PERMITTED || status > BA_FORWARDING_FAILED)
		return;
	for (size_t i = 0; i < h->conf->n_prefix; i++)
		set(h, i, MNP_REFUSED, status);
}

void mr_where(struct mn_home *h)
{
	const struct bul *b = &h->bul;

	for (size_t i = 0; i < h->conf->n_prefix; i++) {
		enum mnp_status s = h->prefix[i].status;

		if (b->state == BUL_HOME && mn_dad_ok(h))
			set(h, i, MNP_AT_HOME, 0);
		else if (!b->bound_coa.family && in_service(&h->prefix[i]))
			set(h, i, MNP_WAITING, 0);
		else if (s == MNP_REFUSED && b->state == BUL_WAIT_BA && b->first &&
			 h->prefix[i].code >= BA_MR_NOT_PERMITTED)
			set(h, i, MNP_WAITING, 0);	/* asked anew */
	}
}

/* ---- what is in service ---- */

bool mr_ipv4(const struct mn_home *h)
{
	for (size_t i = 0; i < h->conf->n_prefix; i++) {
		const struct mn_prefix_info *p = &h->prefix[i];

		if (is_ipv4(p) && p->status != MNP_REFUSED && p->status != MNP_UNSUPPORTED)
			return true;
	}
	return false;
}

/* Prefixes whose packets may not enter the tunnel: the home agent would drop them. */
uint64_t mr_out_mask(const struct mn_home *h)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < h->conf->n_prefix && i < 64; i++) {
		const struct mn_prefix_info *p = &h->prefix[i];

		if (is_ipv4(p) && (p->status == MNP_REFUSED || p->status == MNP_UNSUPPORTED))
			mask |= BIT64(i);
	}
	return mask;
}

struct in_addr mr_src4(const struct mn_home *h)
{
	uint64_t out = mr_out_mask(h);
	struct in_addr a = { 0 };

	for (size_t i = 0; i < h->conf->n_prefix; i++) {
		const struct mnp_conf *c = h->prefix[i].conf;

		if (c->prefix.family != AF_INET || !c->dev[0] || (i < 64 && out & BIT64(i)))
			continue;
		if (kern_addr4_in(h->mn->env.kern, c->dev, &c->prefix, &a) == 0)
			return a;
	}
	return (struct in_addr){ 0 };
}

void mn_addr4(struct mn *mn, int ifindex)
{
	const struct klink *l = kern_link_by_index(mn->env.kern, ifindex);

	for (unsigned i = 0; l && i < mn->n_home; i++) {
		struct mn_home *h = &mn->home[i];
		bool has = false;

		for (size_t j = 0; !h->finished && j < h->conf->n_prefix; j++)
			has |= is_ipv4(&h->prefix[j]) &&
			       strcmp(h->conf->prefixes[j].dev, l->name) == 0;
		if (has && h->started)
			mn_kern_sync(h);
	}
}

/* Said when the kernel has it. */
void mr_tell(struct mn_home *h)
{
	static const char *const reason[] = {
		[MNP_WAITING] = "no registration", [MNP_ACCEPTED] = "accepted",
		[MNP_REFUSED] = "refused", [MNP_UNSUPPORTED] = "unsupported",
		[MNP_AT_HOME] = "at home",
	};

	for (size_t i = 0; i < h->conf->n_prefix; i++) {
		const struct mn_prefix_info *p = &h->prefix[i];
		bool up = in_service(p), was = in_service_as(h->prefix_told[i]);
		bool bad = p->status == MNP_REFUSED || p->status == MNP_UNSUPPORTED;
		struct event e = { .type = EV_prefix_state };

		/* a refusal is said once, not each time that we ask anew */
		if (up == was && !(bad && p->status != h->prefix_told[i]))
			continue;
		h->prefix_told[i] = p->status;
		e.prefix_state.home_address = *mn_hoa(h);
		e.prefix_state.prefix = p->conf->prefix;
		e.prefix_state.up = up;
		snprintf(e.prefix_state.reason, sizeof(e.prefix_state.reason), "%s",
			 reason[p->status]);
		event_emit(&e);
	}
}

/* ---- another configuration ---- */

static void tell_removed(struct mn_home *h, const struct prefix *p)
{
	struct event e = { .type = EV_prefix_state };

	e.prefix_state.home_address = *mn_hoa(h);
	e.prefix_state.prefix = *p;
	snprintf(e.prefix_state.reason, sizeof(e.prefix_state.reason), "removed");
	event_emit(&e);
}

void mr_reload(struct mn_home *h, const struct mnp_conf *was, size_t n_was,
	       struct mn_prefix_info *info, enum mnp_status *told)
{
	const struct home_conf *c = h->conf;

	for (size_t i = 0; i < c->n_prefix; i++)
		info[i].conf = &c->prefixes[i];
	for (size_t k = 0; h->prefix && k < n_was; k++) {
		size_t i = 0;

		while (i < c->n_prefix && !prefix_eq(&c->prefixes[i].prefix, &was[k].prefix))
			i++;
		if (i < c->n_prefix) {
			info[i].status = h->prefix[k].status;
			info[i].code = h->prefix[k].code;
			told[i] = h->prefix_told[k];
		} else if (in_service_as(h->prefix_told[k])) {
			tell_removed(h, &was[k].prefix);
		}
	}
	mr_free(h);
	h->prefix = info;
	h->prefix_told = told;
}
