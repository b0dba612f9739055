/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/ha_role_help.h - the home agent of unit/ha_help.h running on the fakes, and
 * mobile nodes that send it Binding Updates. Times are the fake clock's.
 */
#ifndef MIP6_TEST_HA_ROLE_HELP_H
#define MIP6_TEST_HA_ROLE_HELP_H

#include "ha_help.h"

#include <string.h>

#include "fake/fake_io.h"
#include "fake/fake_kern.h"
#include "fake/fake_run.h"
#include "plan/plan_ha.h"
#include "role/ha.h"
#include "run/event.h"
#include "run/log.h"

#define IF_H0	3
#define AHR	(BU_A | BU_H | BU_R)
#define AH	(BU_A | BU_H)
#define SPI	1000

static struct ha_world w;
static struct ha *ha;
static struct icmp6sock *icmp;
static int ready_rc, done_rc;		/* 1 = not called */

/* What was told, by type; the last of each. */
static unsigned n_event[EV__COUNT];
static struct event last_event[EV__COUNT];

static void hear(void *arg, const struct event *e)
{
	(void)arg;
	n_event[e->type]++;
	last_event[e->type] = *e;
}

static void to_ha(void *arg, const struct mh_rx *rx, const struct mh_msg *m, int err,
		  const char *why)
{
	(void)arg, (void)err, (void)why;
	if (m)
		ha_bu_rx(ha, rx, m);
}

static void icmp_to_ha(void *arg, const struct icmp6_rx *rx, const struct icmp6_msg *m)
{
	(void)arg;
	if (m->type == ICMP6_DHAAD_REQ)
		ha_dhaad_rx(ha, rx, m);
	if (m->type == ICMP6_MPS)
		ha_mps_rx(ha, rx, m);
	if (m->type == ICMP6_UNREACH_ || m->type == ICMP6_TIMEX_)
		ha_error_rx(ha, rx, m);
}

static void on_ready(void *arg, int rc)
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
	struct mhsock *mh;

	(void)state;
	log_init(LOG_LV_ERR - 1);	/* refusals are wanted here */
	fake_run_reset();
	fake_io_reset();
	fake_dad_reset();
	fake_kern_reset();
	event_fini();
	memset(n_event, 0, sizeof(n_event));
	event_listen(hear, NULL);
	fake_run_each_turn(event_drain);
	fake_kern_link_up(IF_H0, "h0");
	world_make(&w);
	w.c.dialect = (struct mh_dialect){ MHOPT_IPV4_MNP_DEFAULT, MHOPT_IPV4_MNP_STATUS_DEFAULT };
	mhsock_open(&mh, NULL, &w.c.dialect, to_ha, NULL);
	icmp6sock_open(&icmp, NULL, (const uint8_t[]){ ICMP6_UNREACH_, ICMP6_TIMEX_,
						      ICMP6_DHAAD_REQ, ICMP6_MPS, 0 },
		       icmp_to_ha, NULL);
	ha = NULL;
	ready_rc = done_rc = 1;
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	ha_free(ha);
	ha = NULL;
	fake_kern_reset();
	fake_dad_reset();
	fake_io_reset();
	event_fini();
	fake_run_reset();
	return 0;
}

static inline struct ha_env env(void)
{
	return (struct ha_env){ fake_kern(), fake_mhsock(), fake_ndsock(), fake_dad(), icmp };
}

static inline void start(void)
{
	const struct ha_env e = env();

	assert_int_equal(ha_start(&ha, &w.c, &e, on_ready, NULL), 0);
	fake_kern_run();
	assert_int_equal(ready_rc, 0);
	fake_kern_log();
}

/* ---- a mobile node ---- */

struct bu {
	const char *hoa, *src, *alt, *dst;	/* NULL: MR, COA, none, HA_ADDR */
	bool at_home;			/* the source is the home address, no option */
	uint16_t seq, flags;		/* flags 0 = A H R */
	int life;			/* 0 = 600, -1 = 0 */
	const char *mnp, *net4, *draft4;
	const struct auth_key *key;	/* signs */
	bool bad_mac;
	uint64_t stamp;			/* 0 = none */
	const char *nai;
	struct { uint16_t bid; const char *coa; uint8_t prio; bool home; } id[10];
	uint8_t lla;			/* last octet of the node's link-layer address; 0 = not told */
};

static inline void bu_bids(const struct bu *b, struct mh_msg *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(b->id) && b->id[i].bid; i++) {
		struct mhopt_bid *o = &m->opt.bid[m->opt.n_bid++];
		struct in6_addr a;

		*o = (struct mhopt_bid){ .bid = b->id[i].bid, .prio = b->id[i].prio,
					 .home = b->id[i].home };
		if (b->id[i].coa) {
			a = ip6(b->id[i].coa);
			o->coa = locator6(&a);
		}
	}
}

static inline size_t bu_build(const struct bu *b, struct mh_rx *rx, uint8_t buf[MH_MAX_LEN])
{
	struct mh_msg m = { .type = MH_BU };
	struct in6_addr coa;
	const uint8_t lla[] = { 2, 2, 0, 0, 0, 0, b->lla };
	size_t mac_at = 0;
	ssize_t n;

	*rx = (struct mh_rx){ .dst = ip6(b->dst ? b->dst : HA_ADDR), .has_hao = !b->at_home,
			      .hao = ip6(b->hoa ? b->hoa : MR), .buf = buf,
			      .ifindex = b->at_home ? IF_H0 : 9 };
	rx->src = b->at_home ? rx->hao : ip6(b->src ? b->src : COA);
	m.bu.seq = b->seq;
	m.bu.flags = b->flags ? b->flags : AHR;
	m.bu.lifetime = b->life < 0 ? 0 : b->life ? (uint32_t)b->life : 600;
	coa = rx->src;
	if (b->alt) {
		coa = m.opt.alt_coa = ip6(b->alt);
		m.opt.seen |= BIT64(MHOPT_ALT_COA);
	}
	bu_bids(b, &m);
	if (b->lla) {
		m.opt.raw[m.opt.n_raw].type = MHOPT_LLA;
		m.opt.raw[m.opt.n_raw++].data = (struct mhopt_bytes){ lla, sizeof(lla) };
	}
	if (b->mnp)
		m.opt.mnp[m.opt.n_mnp++] = pfx(b->mnp);
	if (b->net4) {
		struct prefix p = pfx(b->net4);

		m.opt.ipv4_hoa[m.opt.n_ipv4_hoa++] =
			(struct mhopt_ipv4_hoa){ p.plen, true, p.a.in4 };
	}
	if (b->draft4)
		m.opt.ipv4_mnp[m.opt.n_ipv4_mnp++] = pfx(b->draft4);
	if (b->nai) {
		m.opt.mn_id = (struct mhopt_bytes){ (const uint8_t *)b->nai,
						    (uint8_t)strlen(b->nai) };
		m.opt.mn_id_subtype = 1;
		m.opt.seen |= BIT64(MHOPT_MN_ID);
	}
	if (b->stamp) {
		m.opt.mesg_id = b->stamp;
		m.opt.seen |= BIT64(MHOPT_MESG_ID);
	}
	if (b->key) {
		m.opt.auth.subtype = 1;
		m.opt.auth.spi = b->key->spi;
		m.opt.seen |= BIT64(MHOPT_AUTH);
	}
	n = mh_build(&m, &w.c.dialect, buf, MH_MAX_LEN, &mac_at);
	assert_true(n > 0);
	if (b->key) {
		auth_mac(b->key, &coa, &rx->hao, buf, mac_at, buf + mac_at);
		buf[mac_at] ^= b->bad_mac;
	}
	rx->len = (size_t)n;
	return mac_at;
}

static inline void send_bu(const struct bu *b)
{
	uint8_t buf[MH_MAX_LEN];
	struct mh_rx rx;

	bu_build(b, &rx, buf);
	fake_mh_rx(&rx);
	event_drain();
}
#define BU(...)	send_bu(&(const struct bu){ __VA_ARGS__ })

static inline void dad_ends(const char *addr, bool duplicate)
{
	struct in6_addr a = ip6(addr);

	assert_true(fake_dad_finish(&a, duplicate));
	event_drain();
}

static inline void kernel_works(void)
{
	fake_kern_run();
	event_drain();
}

/* ---- what comes back ---- */

static inline const struct fake_mh *ba(void)
{
	const struct fake_mh *f = fake_mh_pop();

	assert_non_null(f);
	assert_int_equal(f->err, 0);
	assert_int_equal(f->m.type, MH_BA);
	return f;
}

static inline const struct fake_mh *ba_is(uint8_t status, uint16_t seq)
{
	const struct fake_mh *f = ba();

	if (f->m.ba.status != status || f->m.ba.seq != seq)
		fail_msg("BA status %u seq %u, not %u %u", f->m.ba.status, f->m.ba.seq, status,
			 seq);
	return f;
}

static inline void silence(void)
{
	const struct fake_mh *f = fake_mh_pop();

	if (f)
		fail_msg("unexpected BA status %u seq %u", f->m.ba.status, f->m.ba.seq);
}

static inline const struct bc_entry *entry(const char *hoa)
{
	struct in6_addr a = ip6(hoa);

	return bc_first(ha_bc(ha), &a);
}

static inline bool is_bound(const char *hoa)
{
	struct in6_addr a = ip6(hoa);

	return bc_primary(ha_bc(ha), &a);
}

/* The kernel has what the node's state asks for, and nothing of the other state. */
static inline void kernel_agrees(const char *hoa)
{
	const struct mobile_node *n = world_node(&w, hoa);
	struct kplan p = { 0 };
	struct binding_set s;

	bc_set(ha_bc(ha), &n->hoa, &s);
	assert_int_equal(ha_plan_node(&w.c, n, &s, &p), 0);
	for (size_t i = 0; i < p.n; i++)
		if (!fake_kern_has(&p.obj[i]))
			fail_msg("%s: not in the kernel: %s", hoa, KOBJ(&p.obj[i]));
	kplan_free(&p);
	if (!is_bound(hoa)) {
		struct kobj r = { .kind = KOBJ_ROUTE };

		r.route.table = w.c.table;
		r.route.metric = w.c.metric + n->slot;
		r.route.dst = prefix6(&n->hoa, 128);
		assert_false(fake_kern_has_key(&r));
	}
}

/* Registered, all the way. */
static inline void bind_node(const char *hoa, const char *coa, uint16_t seq)
{
	bool host = strcmp(hoa, HOST) == 0;

	BU(.hoa = hoa, .src = coa, .seq = seq, .flags = host ? AH : AHR,
	   .dst = strcmp(hoa, VMR) == 0 ? VIRTUAL_HA : NULL);
	if (fake_dad_count())
		dad_ends(hoa, false);
	kernel_works();
	ba_is(BA_ACCEPTED, seq);
	while (fake_nd_pop())
		;
	fake_kern_log();
	assert_true(is_bound(hoa));
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
