/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Echo requests to the home agent, two kinds for each path.
 *
 * Outer ones go from the care-of address, by its uplink, as Binding Updates do; the answer comes to
 * that address. So they judge exactly this path. Those of the tunnel go from the home address
 * through the path's tunnel; the home agent answers through whichever tunnel it likes. They say
 * whether it still forwards for us.
 *
 * The payload says which path and which probe it is, under a MAC with a key of this run, which
 * also covers the kind and all addresses. Who can read a request on its way can answer it, as who
 * can read it could let it pass. Nobody else can keep a dead path alive, or measure it for us; an
 * answer of one kind, path, address or time is none for another.
 */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "role/mn_priv.h"
#include "sec/crypto.h"

#define MAC_LEN		12
#define COUNTER		8		/* octets; the 16 bits of ICMPv6 come again in an hour */
#define PAYLOAD		(2 + COUNTER + MAC_LEN)

static void mac_of(const struct mn_echo *e, uint64_t seq, uint8_t mac[static MAC_LEN])
{
	const struct mn_track *t = e->t;
	const struct mn *mn = t->h->mn;
	uint8_t full[20], kind = (uint8_t)e->kind;
	const struct iov v[] = {
		{ &kind, 1 }, { mn_hoa(t->h), 16 }, { &t->ha, 16 }, { &t->coa, 16 },
		{ &t->bid, 2 }, { &mn->probe_id, 2 }, { &seq, sizeof(seq) },
	};

	crypto_hmac_sha1(mn->probe_key, MN_KEY, v, ARRAY_SIZE(v), full);
	memcpy(mac, full, MAC_LEN);
}

/* ---- out ---- */

static void fill(const struct mn_echo *e, uint64_t seq, uint8_t buf[static PAYLOAD])
{
	buf[0] = (uint8_t)(e->t->bid >> 8);
	buf[1] = (uint8_t)e->t->bid;
	for (unsigned i = 0; i < COUNTER; i++)
		buf[2 + i] = (uint8_t)(seq >> (8 * (COUNTER - 1 - i)));
	mac_of(e, seq, buf + 2 + COUNTER);
}

/* Where it goes; without its device it would go by another path, and say nothing of this one. */
static bool way(const struct mn_echo *e, struct icmp6_tx *tx)
{
	const struct mn_track *t = e->t;
	const struct mn *mn = t->h->mn;
	const struct mn_uplink *u = mn_track_uplink(t);
	const struct klink *l;

	*tx = (struct icmp6_tx){ .dst = t->ha };
	if (e->kind == MN_ECHO_OUTER) {
		l = u ? kern_link(mn->env.kern, u->conf->dev) : NULL;
		tx->src = t->coa;
	} else {
		l = kern_link(mn->env.kern, t->tunnel);
		tx->src = *mn_hoa(t->h);
		tx->mark = mn_bid_mark(mn->conf, t->bid);
	}
	tx->ifindex = l ? l->ifindex : 0;
	return l != NULL;
}

/* One that could not be sent is lost like any other. */
void mn_echo_send(struct mn_echo *e)
{
	struct mn *mn = e->t->h->mn;
	uint64_t seq = path_next_seq(&e->path);
	struct icmp6_msg m = { .type = ICMP6_ECHOREQ_ };
	struct icmp6_tx tx;
	uint8_t buf[PAYLOAD];
	int rc;

	path_sent(&e->path, run_clock());
	fill(e, seq, buf);
	m.echo.id = mn->probe_id;
	m.echo.seq = (uint16_t)seq;
	m.echo.data = buf;
	m.echo.len = sizeof(buf);
	rc = way(e, &tx) ? icmp6sock_send(mn->env.icmp, &tx, &m) : -ENODEV;
	if (rc < 0)
		log_debug("mn", "%s: probe of path %u: %s", A6(mn_hoa(e->t->h)), e->t->bid,
			  strerror(-rc));
	mn->stats.probes++;
}

/* ---- in ---- */

bool mn_echo_is_reply(const struct icmp6_msg *m)
{
	return m->echo.len == PAYLOAD;
}

static uint64_t number(const uint8_t *p)
{
	uint64_t seq = 0;

	for (unsigned i = 0; i < COUNTER; i++)
		seq = seq << 8 | p[i];
	return seq;
}

static bool authentic(const struct mn_echo *e, const struct icmp6_rx *rx,
		      const struct icmp6_msg *m, uint64_t seq)
{
	const struct mn_track *t = e->t;
	uint8_t mac[MAC_LEN];

	if (!t->here || !t->probed || m->echo.id != t->h->mn->probe_id ||
	    m->echo.seq != (uint16_t)seq || !in6_eq(&rx->src, &t->ha))
		return false;
	mac_of(e, seq, mac);
	return crypto_equal(mac, m->echo.data + 2 + COUNTER, MAC_LEN);
}

/* The probe of this home that this is an answer to. *ours: the address that it came to is. */
static struct mn_echo *of_home(struct mn_home *h, const struct icmp6_rx *rx,
			       const struct icmp6_msg *m, uint64_t seq, bool *ours)
{
	uint16_t bid = (uint16_t)(m->echo.data[0] << 8 | m->echo.data[1]);
	struct mn_track *t = mn_track_of(h, bid);
	struct mn_echo *e = NULL;

	if (in6_eq(&rx->dst, mn_hoa(h))) {
		*ours = true;
		e = t ? &t->echo[MN_ECHO_TUNNEL] : NULL;
	}
	for (unsigned i = 0; i < MN_TRACKS; i++) {
		if (!h->track[i].here || !in6_eq(&rx->dst, &h->track[i].coa) ||
		    in6_eq(&rx->dst, mn_hoa(h)))	/* the home link: it has no such probes */
			continue;
		*ours = true;
		if (&h->track[i] == t)
			e = &t->echo[MN_ECHO_OUTER];
	}
	return e && authentic(e, rx, m, seq) ? e : NULL;
}

void mn_echo_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	uint64_t seq = number(m->echo.data + 2);
	struct mn_echo *e = NULL;
	bool ours = false;

	/* home addresses may share a care-of address: the MAC says whose it is */
	for (unsigned i = 0; i < mn->n_home && !e; i++)
		if (!mn->home[i].finished)
			e = of_home(&mn->home[i], rx, m, seq, &ours);
	if (e)
		mn_track_answer(e, seq, rx->at);
	else if (ours)			/* else somebody's ping */
		mn->stats.probes_forged++;
}
