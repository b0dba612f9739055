/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/cn_role_help.h - a correspondent on the fakes, and mobile nodes that test it and
 * register. Times are the fake clock's.
 */
#ifndef MIP6_TEST_CN_ROLE_HELP_H
#define MIP6_TEST_CN_ROLE_HELP_H

#include "cn_help.h"

#include <string.h>

#include "fake/fake_io.h"
#include "fake/fake_kern.h"
#include "fake/fake_run.h"
#include "plan/plan_cn.h"
#include "role/cn.h"
#include "run/event.h"
#include "run/log.h"

static struct cn_conf conf;
static struct cn *cn;
static int ready_rc, done_rc;		/* 1 = not called */
static bool with_home_agent, registered_home, we_are_mobile;

static unsigned n_event[EV__COUNT];
static struct event last_event[EV__COUNT];

static void hear(void *arg, const struct event *e)
{
	(void)arg;
	n_event[e->type]++;
	last_event[e->type] = *e;
}

static void to_cn(void *arg, const struct mh_rx *rx, const struct mh_msg *m, int err,
		  const char *why)
{
	(void)arg, (void)err, (void)why;
	if (m && m->type == MH_BU)
		cn_bu_rx(cn, rx, m);
	else if (m)
		cn_test_rx(cn, rx, m);
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

static bool home_registered(void *arg, const struct in6_addr *hoa, const struct in6_addr *local)
{
	(void)arg, (void)hoa, (void)local;
	return registered_home;
}

static bool is_mobile(void *arg, const struct in6_addr *addr)
{
	(void)arg, (void)addr;
	return we_are_mobile;
}

static inline void own_address(const char *addr, bool gone)
{
	struct kaddr_news a = { .ifindex = 2, .addr = a6(addr), .plen = 64, .gone = gone };

	fake_kern_addr(&a);
}

static inline int setup(void **state)
{
	struct mhsock *mh;

	(void)state;
	log_init(LOG_LV_ERR - 1);
	fake_run_reset();
	fake_io_reset();
	fake_kern_reset();
	event_fini();
	memset(n_event, 0, sizeof(n_event));
	event_listen(hear, NULL);
	fake_run_each_turn(event_drain);
	fake_kern();
	own_address(CN, false);
	conf = (struct cn_conf){ .max_bindings = 3, .max_lifetime = 420,
				 .refresh_requests = true, .multiple_care_of = true };
	timers_default(&conf.timers);
	mhsock_open(&mh, NULL, &conf.dialect, to_cn, NULL);
	cn = NULL;
	ready_rc = done_rc = 1;
	with_home_agent = registered_home = we_are_mobile = false;
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	cn_free(cn);
	cn = NULL;
	assert_int_equal(fake_run_timers(), 0);
	fake_kern_reset();
	fake_io_reset();
	event_fini();
	fake_run_reset();
	return 0;
}

static inline void kernel_works(void)
{
	fake_kern_run();
	event_drain();
}

static inline void start(void)
{
	const struct cn_env env = { .kern = fake_kern(), .mh = fake_mhsock(),
				    .home_registered = with_home_agent ? home_registered : NULL,
				    .is_mobile = is_mobile };

	assert_int_equal(cn_start(&cn, &conf, &env, on_ready, NULL), 0);
	kernel_works();
	assert_int_equal(ready_rc, 0);
	fake_kern_log();
}

/* ---- a mobile node ---- */

static inline const struct fake_mh *test_init(uint8_t type, const char *from, bool hao)
{
	struct mh_msg m = { .type = type, .ti.cookie = UINT64_C(0x1122334455667788) };
	struct mh_rx rx = { .src = a6(from), .dst = a6(CN), .has_hao = hao, .hao = a6(HOA) };

	fake_mh_rx_msg(&rx, &m);
	return fake_mh_pop();
}

static inline struct token test(uint8_t type, const char *from)
{
	const struct fake_mh *f = test_init(type, from, false);
	struct in6_addr a = a6(from);

	assert_non_null(f);
	assert_int_equal(f->m.type, type + 2);
	assert_true(f->m.test.cookie == UINT64_C(0x1122334455667788));
	assert_true(in6_eq(&f->tx.dst, &a) && !f->tx.has_rh2 && !f->tx.has_hao);
	return (struct token){ f->m.test.nonce, f->m.test.token };
}

static inline void send_bu(struct cn_bu b)
{
	const char *hoa = b.hoa ? b.hoa : HOA;
	uint8_t buf[MH_MAX_LEN];
	struct mh_rx rx = { .has_hao = !b.at_home, .buf = buf };

	if (!b.home.index)
		b.home = test(MH_HOTI, hoa);
	if (!b.care_of.index)
		b.care_of = test(MH_COTI, b.alt ? b.alt : b.at_home ? hoa : b.src ? b.src : COA);
	rx.len = cn_bu_build(&b, &rx.src, &rx.dst, &rx.hao, buf);
	fake_mh_rx(&rx);
	event_drain();
}
#define BU(...)	send_bu((struct cn_bu){ __VA_ARGS__ })

static inline const struct fake_mh *ba_is(uint8_t status, uint16_t seq)
{
	const struct fake_mh *f = fake_mh_pop();

	if (!f)
		fail_msg("no answer");
	assert_int_equal(f->m.type, MH_BA);
	if (f->m.ba.status != status || f->m.ba.seq != seq)
		fail_msg("BA status %u seq %u, not %u %u", f->m.ba.status, f->m.ba.seq, status,
			 seq);
	assert_int_equal(f->m.ba.flags, 0);
	return f;
}

static inline void silence(void)
{
	const struct fake_mh *f = fake_mh_pop();

	if (f)
		fail_msg("unexpected %s status %u", mh_type_str(f->m.type), f->m.ba.status);
}

static inline const struct cn_entry *entry(const char *hoa)
{
	const struct cn_key k = { a6(CN), a6(hoa) };

	return cnc_find(cn_cache(cn), &k);
}

static inline bool is_bound(const char *hoa)
{
	const struct in6_addr local = a6(CN), peer = a6(hoa);

	return cn_bound(cn, &local, &peer);
}

static inline bool in_kernel(const char *hoa, const char *coa)
{
	struct cn_binding b = { .key = { a6(CN), a6(hoa) }, .n_path = 1, .path[0].coa = a6(coa),
				.mobile = we_are_mobile };
	struct kplan p = { 0 };
	bool all;

	assert_int_equal(cn_plan_binding(&b, &p), 0);
	all = fake_kern_has_plan(&p);
	kplan_free(&p);
	return all;
}

static inline void bind_node(const char *hoa, const char *coa, uint16_t seq, int life)
{
	BU(.hoa = hoa, .src = coa, .seq = seq, .life = life);
	silence();			/* not before the kernel has it */
	kernel_works();
	ba_is(BA_ACCEPTED, seq);
	assert_true(is_bound(hoa) && in_kernel(hoa, coa));
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
