/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/mn_role_help.h - the mobile router of unit/mn_help.h on the fakes, a detector
 * that the test plays (md_info events; md.h's two calls are answered here), and a
 * home agent that the test plays: it takes Binding Updates off the fake socket,
 * checks what holds for each of them, and answers.
 *
 * For tests/role/test_role_mn*.c, which link role/mn*.c and role/mr.c without md.c.
 * The fake clock is the home agent's, too.
 */
#ifndef MIP6_TEST_MN_ROLE_HELP_H
#define MIP6_TEST_MN_ROLE_HELP_H

#include "mn_help.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fake/fake_io.h"
#include "fake/fake_kern.h"
#include "fake/fake_run.h"
#include "plan/plan_mn.h"
#include "role/md.h"
#include "role/mn.h"
#include "run/event.h"
#include "run/log.h"
#include "sec/auth.h"

enum { WLAN0 = 3, WWAN0 = 4, LAN0 = 5 };

static struct mn_world w;
static struct mn *mn;
static struct icmp6sock *icmp;
static int ready_rc, done_rc;		/* 1 = not called */
static unsigned n_event[EV__COUNT];
static struct event last_event[EV__COUNT];
static struct nd_lladdr ra_ll;		/* what the detector knows of the home agent */
static unsigned released;		/* calls of md_release_old() */
static double coa_valid;		/* that it says of any care-of address; 0 = for ever */
static uint32_t cut;			/* the lifetime asked for, if not as configured; or */
#define ANY	UINT32_MAX

/* ---- the detector ---- */

const struct nd_lladdr *md_router_ll(const struct md *md, const char *dev,
				     const struct in6_addr *global)
{
	(void)md, (void)dev, (void)global;
	return ra_ll.len ? &ra_ll : NULL;
}

double md_coa_valid(const struct md *md, const char *dev)
{
	(void)md, (void)dev;
	return coa_valid ? coa_valid : INFINITY;
}

/* What else is on the home link; family 0: nothing. */
static struct prefix also_home;

bool md_home_here(const struct md *md, const char *dev, const struct prefix *home)
{
	(void)md, (void)dev;
	return also_home.family && prefix_same_net(&also_home, home);
}

static unsigned router_others;		/* that had the router's address before it */

unsigned md_router_others(const struct md *md, const char *dev)
{
	(void)md, (void)dev;
	return router_others;
}

void md_release_old(struct md *md, const char *dev)
{
	(void)md, (void)dev;
	released++;
}

/* ---- the world ---- */

static inline void hear(void *arg, const struct event *e)
{
	(void)arg;
	n_event[e->type]++;
	last_event[e->type] = *e;
}

static inline void turn(void)
{
	unsigned n;

	do {
		event_drain();
		n = fake_kern_run();
	} while (n);
}

static inline void advance(double seconds)
{
	fake_run_advance(seconds);
	turn();
}

static inline void to_mn(void *arg, const struct mh_rx *rx, const struct mh_msg *m, int err,
		  const char *why)
{
	(void)arg, (void)err, (void)why;
	if (!m)
		return;
	if (m->type == MH_BA)
		mn_ba_rx(mn, rx, m);
	else if (m->type == MH_BRR)
		mn_brr_rx(mn, rx, m);
	else if (m->type == MH_BE)
		mn_be_rx(mn, rx, m);
	else if (m->type == MH_HOT)
		mn_hot_rx(mn, rx, m);
	else if (m->type == MH_COT)
		mn_cot_rx(mn, rx, m);
}

static inline void icmp_to_mn(void *arg, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	(void)arg;
	mn_icmp_rx(mn, rx, m);
}

static inline void on_ready(void *arg, int rc)
{
	(void)arg;
	ready_rc = rc;
}

static inline void on_done(void *arg, int rc)
{
	(void)arg;
	done_rc = rc;
}

static inline int setup(void **state)
{
	static const uint8_t types[] = { ICMP6_PARAMPROB_, ICMP6_ECHOREP_, ICMP6_DHAAD_REP,
					 ICMP6_MPA, 0 };
	struct mhsock *mh;

	(void)state;
	log_init(LOG_LV_ERR - 1);	/* refusals are wanted here */
	fake_run_reset();
	fake_io_reset();
	fake_dad_reset();
	fake_kern_reset();
	event_fini();
	memset(n_event, 0, sizeof(n_event));
	memset(last_event, 0, sizeof(last_event));
	event_listen(hear, NULL);
	fake_run_each_turn(turn);
	fake_kern_link_up(WLAN0, "wlan0");
	fake_kern_link_up(WWAN0, "wwan0");
	fake_kern_link_up(LAN0, "lan0");
	fake_kern_addr4("lan0", ip4(OWN4));
	fake_kern_strict(true);
	mn_world_make(&w);
	w.c.n_home = 1;
	w.c.timers.probe_interval = 0;
	ra_ll = (struct nd_lladdr){ 0 };
	released = 0;
	coa_valid = cut = 0;
	also_home = (struct prefix){ 0 };
	router_others = 0;
	mhsock_open(&mh, NULL, &w.c.dialect, to_mn, NULL);
	icmp6sock_open(&icmp, NULL, types, icmp_to_mn, NULL);
	mn = NULL;
	ready_rc = done_rc = 1;
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	mn_free(mn);
	mn = NULL;
	assert_int_equal(fake_dad_count(), 0);
	icmp6sock_close(icmp);
	fake_kern_reset();
	fake_io_reset();
	event_fini();
	assert_int_equal(fake_run_timers(), 0);
	fake_run_reset();
	return 0;
}

static inline int mn_begin(void)
{
	/* the second home's place is free for one that comes while we run */
	const struct mn_env env = {
		.kern = fake_kern(), .mh = fake_mhsock(), .nd = fake_ndsock(), .icmp = icmp,
		.md = (struct md *)&w, .dad = fake_dad(), .live = &w.c,
		.max_homes = w.c.homes == w.home ? ARRAY_SIZE(w.home) : 0 };
	int rc = mn_start(&mn, &w.c, &env, on_ready, NULL);

	if (rc == 0)
		event_listen(mn_on_event, mn);
	return rc;
}

static inline void start(void)
{
	assert_int_equal(mn_begin(), 0);
	turn();
	assert_int_equal(ready_rc, 0);
}

static inline void md_says(const char *kind, const char *dev, const char *coa, const char *router,
			   const char *link)
{
	struct event e = { .type = EV_md_info };

	strcpy(e.md_info.kind, kind);
	strcpy(e.md_info.device, dev);
	if (coa)
		e.md_info.care_of = ip6(coa);
	if (router)
		e.md_info.router = ip6(router);
	if (link)
		e.md_info.link = pfx(link);
	event_emit(&e);
}

static inline void foreign1(void)
{
	md_says("coa", "wlan0", COA1, ROUTER1, LINK1);
	turn();
}

static inline void foreign2(void)
{
	md_says("coa", "wlan0", COA2, ROUTER2, LINK2);
	turn();
}

static inline void lost(void)
{
	md_says("lost", "wlan0", NULL, NULL, NULL);
	turn();
}

static inline void at_home(void)
{
	md_says("home", "wlan0", NULL, HOME_ROUTER, HOME_PREFIX);
	turn();
}

/* The home link's answer to the question for our address. */
static inline void dad_says(bool duplicate)
{
	const struct in6_addr hoa = ip6(HOA);

	assert_int_equal(fake_dad_count(), 1);
	assert_int_equal(fake_dad_get(0)->ifindex, WLAN0);
	assert_int_equal(fake_dad_get(0)->transmits, w.c.timers.dad_transmits);
	assert_true(fake_dad_get(0)->retrans == w.c.timers.dad_retrans);
	assert_true(fake_dad_finish(&hoa, duplicate));
	turn();
}

/* ---- the home agent ---- */

struct bu {
	struct in6_addr src, dst, coa;
	bool home, dereg;
	uint16_t seq, flags;
	uint32_t lifetime;
	uint64_t stamp;
	unsigned n_mnp, n_ipv4, n_draft, n_bid;
	struct mhopt_bid bid[MHOPT_MAX_BID];
	unsigned n_flow, n_kept;
	struct mhopt_flow flow[MHOPT_MAX_FLOW];	/* without sub-options */
	uint16_t flow_bid[MHOPT_MAX_FLOW];	/* the one that is named */
	uint16_t kept[FLOW_MAX];		/* by summary */
	int ifindex;
	struct mhopt_ipv4_hoa ipv4[MHOPT_MAX_MNP];
	struct prefix mnp[MHOPT_MAX_MNP], draft[MHOPT_MAX_MNP];
	uint8_t lla_len, lla[1 + ND_LLADDR_MAX];	/* the option of RFC 5568; len 0: none */
	const struct home_conf *conf;
	double at;
};

static inline const struct home_conf *conf_of(const struct in6_addr *hoa)
{
	for (size_t i = 0; i < w.c.n_home; i++)
		if (in6_eq(&w.c.homes[i].hoa.a.in6, hoa))
			return &w.c.homes[i];
	return NULL;
}

/* What is true of every Binding Update. */
static inline void check_bu(const struct fake_mh *f, const struct bu *b)
{
	const struct mhopts *o = &f->m.opt;
	const struct sec_conf *sec = &b->conf->sec;

	assert_true((b->flags & (BU_A | BU_H)) == (BU_A | BU_H));
	assert_int_equal(!!(b->flags & BU_R), w.c.router);
	assert_int_equal(!!(b->flags & BU_L), b->conf->link_local);
	assert_int_equal(b->flags & ~(BU_A | BU_H | BU_R | BU_L | (b->n_bid ? BU_O : 0)), 0);
	assert_int_equal(f->tx.has_hao, !b->home);
	assert_int_equal(!!(o->seen & BIT64(MHOPT_ALT_COA)), !b->home && !b->n_bid);
	if (!b->home && !b->n_bid)
		assert_true(in6_eq(&o->alt_coa, &f->tx.src));
	else
		assert_true(b->dereg || b->n_bid);
	if (b->dereg)
		assert_int_equal(b->n_mnp + b->n_ipv4 + b->n_draft, 0);
	else if (cut != ANY)
		assert_int_equal(b->lifetime, cut ? cut : b->conf->lifetime);
	assert_int_equal(!!(o->seen & BIT64(MHOPT_MN_ID)), !!b->conf->nai[0]);
	if (b->conf->nai[0]) {
		assert_int_equal(o->mn_id_subtype, 1);
		assert_int_equal(o->mn_id.len, strlen(b->conf->nai));
		assert_memory_equal(o->mn_id.p, b->conf->nai, o->mn_id.len);
	}
	assert_int_equal(!!(o->seen & BIT64(MHOPT_AUTH)), sec->method == SEC_AUTH_OPTION);
	if (sec->method != SEC_AUTH_OPTION)
		return;
	assert_int_equal(o->auth.spi, sec->key.spi);
	assert_int_equal(o->auth.subtype, 1);
	assert_int_equal(o->auth.covered + AUTH_DATA_LEN, f->tx.len);	/* it is the last */
	assert_true(auth_check(&sec->key, &b->coa, &b->conf->hoa.a.in6, f->buf, o->auth.covered,
			       o->auth.data.p, o->auth.data.len));
}

static inline void take_flows(struct bu *b, const struct mhopts *o)
{
	for (; b->n_flow < o->n_flow; b->n_flow++) {
		const struct mhopt_flow *f = &o->flow[b->n_flow];
		struct flow_subs s;

		assert_int_equal(f->status, 0);
		assert_int_equal(flow_subs_parse(f, &s), FLOW_OK);
		assert_true(s.has_selector && s.n_bid == 1);
		b->flow[b->n_flow] = (struct mhopt_flow){ .fid = f->fid, .prio = f->prio };
		b->flow_bid[b->n_flow] = s.bid[0];
	}
	for (unsigned i = 0; o->n_flow_summary && i < flow_n_fid(&o->flow_summary[0]); i++)
		b->kept[b->n_kept++] = flow_fid(&o->flow_summary[0], i);
}

static inline bool next_bu(struct bu *b)
{
	const struct fake_mh *f = fake_mh_pop();
	const struct mhopts *o;

	if (!f)
		return false;
	o = &f->m.opt;
	assert_int_equal(f->err, 0);
	assert_int_equal(f->m.type, MH_BU);
	*b = (struct bu){ .src = f->tx.src, .dst = f->tx.dst, .home = !f->tx.has_hao,
			  .seq = f->m.bu.seq, .flags = f->m.bu.flags,
			  .lifetime = f->m.bu.lifetime, .dereg = !f->m.bu.lifetime,
			  .stamp = o->seen & BIT64(MHOPT_MESG_ID) ? o->mesg_id : 0,
			  .n_mnp = o->n_mnp, .n_ipv4 = o->n_ipv4_hoa, .n_draft = o->n_ipv4_mnp,
			  .n_bid = o->n_bid, .ifindex = f->tx.ifindex, .at = run_now() };
	b->coa = b->home || o->n_bid ? f->tx.src : o->alt_coa;
	memcpy(b->bid, o->bid, sizeof(b->bid));
	memcpy(b->mnp, o->mnp, sizeof(b->mnp));
	memcpy(b->ipv4, o->ipv4_hoa, sizeof(b->ipv4));
	memcpy(b->draft, o->ipv4_mnp, sizeof(b->draft));
	take_flows(b, o);
	for (unsigned i = 0; i < o->n_raw; i++) {
		assert_int_equal(o->raw[i].type, MHOPT_LLA);
		assert_in_range(o->raw[i].data.len, 1, sizeof(b->lla));
		b->lla_len = (uint8_t)o->raw[i].data.len;
		memcpy(b->lla, o->raw[i].data.p, b->lla_len);
	}
	b->conf = conf_of(b->home ? &f->tx.src : &f->tx.hao);
	assert_non_null(b->conf);
	check_bu(f, b);
	return true;
}

/* There is one, and no second. */
static inline struct bu one_bu(void)
{
	struct bu b, more;

	if (!next_bu(&b))
		fail_msg("no Binding Update");
	assert_false(next_bu(&more));
	return b;
}

static inline void no_bu(void)
{
	assert_int_equal(fake_mh_count(), 0);
}

/* How to answer; zeros: as a good home agent does. */
struct ba {
	uint8_t status;
	bool k, no_r, no_ipv4, no_auth, bad_mac, bad_spi, no_stamp, no_rh2, with_hao;
	const char *src, *rh2;		/* NULL: the right ones */
	int lifetime;			/* 0 = as asked */
	uint16_t seq;			/* with other_seq */
	bool other_seq;
	uint64_t stamp;			/* 0 = as in the BU */
	uint8_t ipv4_status[8];		/* of each IPv4 prefix asked for */
	uint8_t bid_status[8];		/* of each BID */
	bool no_bids, no_flows;
	uint8_t flow_status[8];		/* of each flow asked for */
	uint32_t advice;
};

static inline void fill_ipv4(const struct bu *b, const struct ba *a, struct mhopts *o)
{
	for (unsigned i = 0; i < b->n_ipv4; i++)
		o->ipv4_ack[o->n_ipv4_ack++] = (struct mhopt_ipv4_ack){
			a->ipv4_status[i], a->ipv4_status[i] ? 0 : b->ipv4[i].plen,
			b->ipv4[i].addr };
	for (unsigned i = 0; i < b->n_draft; i++)
		o->ipv4_mnp_status[o->n_ipv4_mnp_status++] = (struct mhopt_ipv4_ack){
			a->ipv4_status[i], b->draft[i].plen, b->draft[i].a.in4 };
}

static inline void answer_with(const struct bu *b, const struct ba *a)
{
	struct mh_msg m = { .type = MH_BA };
	const struct sec_conf *sec = &b->conf->sec;
	uint8_t buf[MH_MAX_LEN];
	struct mh_rx rx = { .src = a->src ? ip6(a->src) : b->dst, .dst = b->conf->hoa.a.in6,
			    .has_rh2 = !b->home && !a->no_rh2, .rh2_coa = b->coa,
			    .has_hao = a->with_hao, .hao = b->dst, .buf = buf };
	size_t mac_at = 0;
	ssize_t n;

	if (a->rh2)
		rx.rh2_coa = ip6(a->rh2);
	m.ba.status = a->status;
	m.ba.flags = b->flags & BU_R && !a->no_r ? BA_R : 0;
	m.ba.flags |= a->k ? BA_K : 0;
	m.ba.seq = a->other_seq ? a->seq : b->seq;
	m.ba.lifetime = a->status >= 128 ? 0 : a->lifetime ? (uint32_t)a->lifetime : b->lifetime;
	if (a->status < 128 && !a->no_ipv4)
		fill_ipv4(b, a, &m.opt);
	for (unsigned i = 0; i < b->n_bid && !a->no_bids; i++) {
		m.opt.bid[i] = (struct mhopt_bid){ .bid = b->bid[i].bid,
						   .status = a->bid_status[i] };
		m.opt.n_bid++;
		m.opt.seen |= BIT64(MHOPT_BID);
	}
	for (unsigned i = 0; i < b->n_flow && !a->no_flows; i++) {
		m.opt.flow[m.opt.n_flow] = b->flow[i];
		m.opt.flow[m.opt.n_flow++].status = a->flow_status[i];
	}
	if (a->advice) {
		m.opt.refresh_advice = a->advice;
		m.opt.seen |= BIT64(MHOPT_REFRESH_ADVICE);
	}
	if (b->stamp && !a->no_stamp) {
		m.opt.mesg_id = a->stamp ? a->stamp : b->stamp;
		m.opt.seen |= BIT64(MHOPT_MESG_ID);
	}
	if (sec->method == SEC_AUTH_OPTION && !a->no_auth) {
		m.opt.auth.subtype = 1;
		m.opt.auth.spi = sec->key.spi + a->bad_spi;
		m.opt.seen |= BIT64(MHOPT_AUTH);
	}
	n = mh_build(&m, &w.c.dialect, buf, sizeof(buf), &mac_at);
	assert_true(n > 0);
	if (mac_at) {
		auth_mac(&sec->key, &b->coa, &b->conf->hoa.a.in6, buf, mac_at, buf + mac_at);
		buf[mac_at] ^= a->bad_mac;
	}
	rx.len = (size_t)n;
	fake_mh_rx(&rx);
	turn();
}
#define ANSWER(b, ...)	answer_with((b), &(const struct ba){ __VA_ARGS__ })

static inline void accept_bu(const struct bu *b)
{
	ANSWER(b, .status = 0);
}

/* From off to registered at foreign link 1. */
static inline struct bu registered(void)
{
	struct bu b;

	start();
	foreign1();
	b = one_bu();
	accept_bu(&b);
	no_bu();
	return b;
}

/* ---- what it did ---- */

static inline struct mn_info info(void)
{
	struct mn_info i;

	assert_true(mn_home(mn, 0, &i));
	return i;
}

static inline enum bul_state state_now(void)
{
	return info().bul->state;
}

static inline bool in_kernel(const char *text)
{
	const char *at = strstr(fake_kern_dump(), text);
	size_t n = strlen(text);

	return at && (at[n] == '\n' || at[n] == '\0');
}

/* Device of the IPv6 or IPv4 default of home 0, without the last resort; "" = none. */
static inline const char *default_dev(uint8_t family)
{
	static char dev[32];
	const char *head = family == AF_INET ? "route 0.0.0.0/0 " : "route ::/0 ";

	dev[0] = '\0';
	for (const char *l = fake_kern_dump(); *l; l += strcspn(l, "\n"), l += *l == '\n') {
		char line[KOBJ_STRLEN + 1];
		const char *d;

		snprintf(line, sizeof(line), "%.*s", (int)strcspn(l, "\n"), l);
		d = strstr(line, " dev ");
		if (strncmp(line, head, strlen(head)) == 0 && d && strstr(line, " table 6500 "))
			sscanf(d, " dev %31s", dev);
	}
	return dev;
}

#endif
