/* SPDX-License-Identifier: BSD-2-Clause */
/* Binding Updates out (RFC 6275 11.7.1, RFC 3963 5.2, RFC 4283, RFC 4285). */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/md.h"
#include "role/mn_priv.h"
#include "sec/crypto.h"

#define NAI_SUBTYPE	1		/* RFC 4283 3.1 */
#define LLA_OF_MN	2		/* RFC 5568 6.4.4 */
#define MN_HA_SUBTYPE	1		/* RFC 4285 5.1 */

/* ---- timestamps ---- */

bool mn_stamps(const struct mn_home *h)
{
	return h->conf->sec.method == SEC_AUTH_OPTION &&
	       (h->conf->sec.timestamps || h->force_stamp);
}

static bool stamp_above(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) > 0;	/* NTP wraps in 2036 */
}

/* Our clock plus what we know of the home agent's; greater than any that it may have accepted. */
static uint64_t next_stamp(struct mn_home *h)
{
	uint64_t stamp = ntp_from_unix(run_stamp()) + h->clock_offset;
	uint16_t noise;

	crypto_random(&noise, sizeof(noise));
	stamp ^= noise & 0x3ff;		/* the clock has no such bits (RFC 4285 6) */
	if (h->stamp_floor && !stamp_above(stamp, h->stamp_floor))
		stamp = h->stamp_floor + 1;
	if (!stamp)
		stamp = 1;
	h->stamp_floor = stamp;
	return stamp;
}

void mn_clock(struct mn_home *h, uint64_t answer, const struct mn_out *out)
{
	uint64_t second = UINT64_C(1) << 32;
	uint64_t delta = (answer & ~(second - 1)) - (out->stamp & ~(second - 1));

	/* the same second: it is not the clock, but a later stamp was accepted before */
	h->clock_offset += delta ? delta : second;
	h->stamp_floor = h->stamp_ok;
	log_notice("mn", "%s: the home agent's clock is %+.0f s from ours: timestamps follow it,"
		   " the system clock stays", A6(mn_hoa(h)), ntp_diff(h->clock_offset, 0));
}

/* ---- one message ---- */

uint16_t mn_new_id(void)
{
	uint16_t id;

	crypto_random(&id, sizeof(id));
	return id;
}

uint16_t mn_flags(const struct mn_home *h)
{
	uint16_t flags = BU_A | BU_H;

	if (h->bul.router)
		flags |= BU_R;		/* RFC 3963 5.2: always with H */
	if (h->conf->link_local)
		flags |= BU_L;
	return flags;
}

/* Of the home and the care-of addresses, in seconds. */
static double left(const struct mn_home *h, const struct mn_out *o)
{
	const struct mn *mn = h->mn;
	double at = h->mpd.valid;

	if (mn->env.md && !o->msg.n)
		at = fmin(at, md_coa_valid(mn->env.md, mn_dev(h)));
	for (unsigned i = 0; mn->env.md && i < o->msg.n; i++) {
		int up = mn_path_uplink(mn, &o->msg.bid[i].coa.a.in6);

		if (up >= 0 && in6_eq(&mn->uplink[up].coa, &o->msg.bid[i].coa.a.in6))
			at = fmin(at, md_coa_valid(mn->env.md, mn->uplink[up].conf->dev));
	}
	return at - run_now();
}

/* RFC 5648 5.6.3, RFC 5568 6.4.4: where on the home link we are. Its octets are in mem. */
static void put_lladdr(const struct mn_home *h, struct mh_msg *m, const struct mn_out *o,
		       uint8_t mem[static 1 + ND_LLADDR_MAX])
{
	const struct klink *l = kern_link(h->mn->env.kern, mn_home_dev(h));
	bool home = false;

	for (unsigned i = 0; i < o->msg.n; i++)
		home |= o->msg.bid[i].home;
	if (!home || !l || !l->lladdr.len)
		return;
	mem[0] = LLA_OF_MN;
	memcpy(mem + 1, l->lladdr.b, l->lladdr.len);
	m->opt.raw[m->opt.n_raw].type = MHOPT_LLA;
	m->opt.raw[m->opt.n_raw].data.p = mem;
	m->opt.raw[m->opt.n_raw++].data.len = (uint8_t)(1 + l->lladdr.len);
}

/* RFC 5648 5.2: with BIDs the care-of addresses are in their options, and nowhere else. */
static void put_bids(struct mh_msg *m, const struct mn_out *o)
{
	m->bu.flags |= o->msg.overwrite ? BU_O : 0;
	m->opt.seen |= BIT64(MHOPT_BID);
	m->opt.n_bid = o->msg.n;
	memcpy(m->opt.bid, o->msg.bid, o->msg.n * sizeof(m->opt.bid[0]));
}

/* What all BUs have besides prefixes. */
static void fill(struct mn_home *h, struct mh_msg *m, struct mn_out *o, bool home)
{
	const struct home_conf *c = h->conf;

	m->type = MH_BU;
	m->bu.seq = o->seq;
	m->bu.flags = mn_flags(h);
	if (!o->dereg)
		o->lifetime = bul_lifetime(c, left(h, o));
	m->bu.lifetime = o->lifetime;
	if (o->msg.kind != BUL_MSG_PLAIN) {
		put_bids(m, o);
	} else if (!home) {
		m->opt.seen |= BIT64(MHOPT_ALT_COA);
		m->opt.alt_coa = o->coa;
	}
	if (c->nai[0]) {
		m->opt.seen |= BIT64(MHOPT_MN_ID);
		m->opt.mn_id_subtype = NAI_SUBTYPE;
		m->opt.mn_id.p = (const uint8_t *)c->nai;
		m->opt.mn_id.len = (uint8_t)strlen(c->nai);
	}
	if (mn_stamps(h)) {
		o->stamp = next_stamp(h);
		m->opt.seen |= BIT64(MHOPT_MESG_ID);
		m->opt.mesg_id = o->stamp;
	}
	if (c->sec.method == SEC_AUTH_OPTION) {
		m->opt.seen |= BIT64(MHOPT_AUTH);
		m->opt.auth.subtype = MN_HA_SUBTYPE;
		m->opt.auth.spi = c->sec.key.spi;
	}
}

static const char *leaves_by(const struct mn_home *h, const struct mn_out *o, bool home)
{
	int up = home ? -1 : mn_path_uplink(h->mn, &o->coa);

	if (home)
		return mn_home_dev(h);
	return up < 0 ? mn_dev(h) : h->mn->uplink[up].conf->dev;
}

static int transmit(struct mn_home *h, const struct mh_msg *m, const struct mn_out *o, bool home)
{
	const struct klink *l = kern_link(h->mn->env.kern, leaves_by(h, o, home));
	uint8_t buf[MH_MAX_LEN];
	struct mh_tx tx = { .src = o->coa, .dst = o->ha, .has_hao = !home, .buf = buf };
	size_t mac_at = 0;
	ssize_t n;

	n = mh_build(m, &h->mn->conf->dialect, buf, sizeof(buf), &mac_at);
	if (n < 0)
		return (int)n;
	if (mac_at)
		auth_mac(&h->conf->sec.key, &o->coa, mn_hoa(h), buf, mac_at, buf + mac_at);
	if (!home)
		tx.hao = *mn_hoa(h);
	if (l)
		tx.ifindex = l->ifindex;
	tx.len = (size_t)n;
	return mhsock_send(h->mn->env.mh, &tx);
}

/* ---- MAX_UPDATE_RATE ---- */

#define SPARE	1	/* of a second's updates: for the loss of a path */

/* The limit is per home agent, whatever home addresses the messages are for (11.8). Home agents come
 * with configurations: one of long ago makes room. */
static struct mn_pace *pace_of(struct mn *mn, const struct in6_addr *ha)
{
	struct mn_pace *p = mn->pace, *last = &mn->pace[mn->n_pace], *oldest = p;

	while (p < last && !in6_eq(&p->ha, ha) && !IN6_IS_ADDR_UNSPECIFIED(&p->ha)) {
		oldest = p->sent[0] < oldest->sent[0] ? p : oldest;
		p++;
	}
	if (p == last && !in6_eq(&p->ha, ha) && oldest->sent[0] < run_now() - 1)
		p = oldest;
	p->ha = *ha;
	return p;
}

static void sent_to(struct mn *mn, const struct in6_addr *ha, double now)
{
	struct mn_pace *p = pace_of(mn, ha);

	memmove(&p->sent[1], &p->sent[0], sizeof(p->sent) - sizeof(p->sent[0]));
	p->sent[0] = now;
}

/* spare: so many of a second's updates are left over. */
static double may_send_at(struct mn *mn, const struct in6_addr *ha, unsigned spare)
{
	unsigned rate = mn->conf->timers.max_update_rate;

	return bul_rate(pace_of(mn, ha)->sent, BUL_RECENT, rate > spare ? rate - spare : 1,
			run_now());
}

/* ---- sending ---- */

/* " +O 1/1 2/127": BIDs with their priorities. */
static const char *bids_str(const struct mn_out *o, char buf[static 256])
{
	size_t at = 0;

	if (o->msg.overwrite)
		at = (size_t)snprintf(buf, 256, " O");
	for (unsigned i = 0; i < o->msg.n && at < 240; i++)
		at += (size_t)snprintf(buf + at, 256 - at, "%s%u/%u%s", i ? " " : " bid=",
				       o->msg.bid[i].bid, o->msg.bid[i].prio,
				       o->msg.bid[i].home ? "H" : "");
	return buf;
}

static bool has_source(const struct bul_msg *m)
{
	return !IN6_IS_ADDR_UNSPECIFIED(&m->source);
}

/* home: from the home link, so the home address is source and care-of address (11.5.5). */
static int send_bu(struct mn_home *h, struct mn_out *o, bool home)
{
	struct flow_octets flows;
	uint8_t lladdr[1 + ND_LLADDR_MAX];
	struct mh_msg m = { 0 };
	int rc = 0;

	o->used = true;
	o->at = run_clock();
	o->seq = (uint16_t)(h->bul.seq + 1);
	o->coa = home ? *mn_hoa(h) : has_source(&o->msg) ? o->msg.source : h->bul.coa.a.in6;
	fill(h, &m, o, home);
	put_lladdr(h, &m, o, lladdr);
	if (!o->dereg)
		rc = mr_put(h, &m);
	if (rc == 0)
		rc = mn_flow_put(h, o, &m, &flows);
	if (rc == 0)
		rc = transmit(h, &m, o, home);
	if (rc < 0) {
		log_rl(&h->mn->rl, "mn", "%s: BU to %s: %s", A6(mn_hoa(h)), A6(&o->ha),
		       strerror(-rc));
		return rc;
	}
	sent_to(h->mn, &o->ha, o->at);
	h->out[h->n_out++ % MN_OUT] = *o;
	h->mn->stats.bu++;
	log_info("mn", "%s: BU to %s coa=%s seq=%u lifetime=%us%s", A6(mn_hoa(h)), A6(&o->ha),
		 A6(&o->coa), o->seq, m.bu.lifetime, bids_str(o, (char[256]){ 0 }));
	return 0;
}

/* ---- when ---- */

static bool wants_bu(const struct bul *b)
{
	switch (b->state) {
	case BUL_WAIT_BA:
	case BUL_REFRESH:
	case BUL_LEAVE:
	case BUL_STOP:
		return true;
	case BUL_IDLE:
	case BUL_BOUND:
	case BUL_HOME:
	case BUL_BACKOFF:
	case BUL_DISCOVER:
		return false;
	}
	return false;
}

static void tx_run(void *arg);

/* True: not yet, the timer will come back. */
static bool too_early(struct mn_home *h, const struct in6_addr *ha, bool can_wait)
{
	double at = may_send_at(h->mn, ha, can_wait ? SPARE : 0);

	if (at <= run_now())
		return false;
	rtimer_set(&h->tx_timer, at, tx_run, h);
	if (h->tx_wanted) {
		bul_held_back(&h->bul, at);
		mn_arm(h);
	}
	return true;
}

static void send_aside(struct mn_home *h)
{
	struct mn_out o = { .dereg = true, .ha = h->aside_ha };

	h->aside = false;
	if (h->bul.coa.family && send_bu(h, &o, mn_on_home_link(h)) == 0)
		bul_sent_aside(&h->bul, o.seq, o.at);
}

static void send_next(struct mn_home *h)
{
	struct mn_out o = { .ha = h->bul.ha };
	bool again = !h->bul.fresh, home = h->at_home;

	h->tx_wanted = false;
	if (!wants_bu(&h->bul))
		return;
	if (h->bul.set.wish && !home) {
		bul_set_msg(&h->bul, run_now(), &o.msg);
		home = in6_eq(&o.msg.source, mn_hoa(h));
	}
	o.dereg = h->bul.state == BUL_LEAVE || h->bul.state == BUL_STOP ||
		  o.msg.kind == BUL_MSG_DELETE;
	if (send_bu(h, &o, home) < 0)
		return;			/* the retransmission timer runs */
	h->mn->stats.bu_retransmitted += again;
	if (!again)
		h->why = NULL;		/* of the exchange before */
	if (h->bul.tries == MN_SILENT && !h->why && !o.dereg)
		log_warn("mn", "%s: %s: %s", A6(mn_hoa(h)), A6(&h->bul.ha), mn_problem(h));
	bul_sent(&h->bul, o.seq, o.at);
	mn_arm(h);
	ro_follow(h, false);		/* Care-of Test Inits go with it */
}

static void tx_run(void *arg)
{
	struct mn_home *h = arg;

	if (h->aside) {
		if (too_early(h, &h->aside_ha, false))
			return;
		send_aside(h);
	}
	if (h->tx_wanted && !too_early(h, &h->bul.ha, bul_can_wait(&h->bul)))
		send_next(h);
}

void mn_tx(struct mn_home *h)
{
	h->tx_wanted = true;
	tx_run(h);
}

void mn_tx_aside(struct mn_home *h, const struct in6_addr *ha)
{
	h->aside = true;
	h->aside_ha = *ha;
	tx_run(h);
}
