/* SPDX-License-Identifier: BSD-2-Clause */
/* What a correspondent makes of a Binding Update (RFC 6275 9.5, 5.2.6). */
#include "cn_help.h"

#include "store/cn_rules.h"

#define NOW	1000.

static struct cn_conf conf;
static struct nonces nonces;
static struct cn_facts facts;
static struct cn_entry entry;
static const struct cn_entry *e;	/* NULL: none */

static int setup(void **state)
{
	uint8_t random[NONCE_RANDOM] = { 7 };

	(void)state;
	conf = (struct cn_conf){ .max_bindings = 10, .max_lifetime = 420, .multiple_care_of = true };
	timers_default(&conf.timers);
	nonces_init(&nonces, 100, 30, 240);
	for (double t = NOW - 60; t <= NOW; t += 30) {	/* 101, 102, 103 */
		random[0]++;
		nonces_add(&nonces, t, random);
	}
	facts = (struct cn_facts){ 0 };
	entry = (struct cn_entry){ .bound = true };
	entry.b.key = (struct cn_key){ a6(CN), a6(HOA) };
	entry.b.seq = 15;
	entry.b.n_path = 1;
	entry.b.path[0] = (struct cn_path){ .coa = a6(COA), .since = NOW - 100, .home_nonce = 102,
					    .coa_nonce = 103, .lifetime = 420,
					    .expires = NOW + 320 };
	e = NULL;
	return 0;
}

static struct token token(uint16_t index, enum rr_token kind, const char *addr)
{
	const struct nonce *x = nonces_find(&nonces, index, NOW - 30);
	struct in6_addr a = a6(addr);
	struct token t = { .index = index, .value = 1 };

	if (x)
		t.value = rr_keygen_token(x->kcn, kind, &a, x->nonce, NONCE_LEN);
	return t;
}

/* Tokens for what b says, unless it has some. */
static struct cn_verdict decide(struct cn_bu b)
{
	const char *hoa = b.hoa ? b.hoa : HOA;
	const char *coa = b.alt ? b.alt : b.at_home ? hoa : b.src ? b.src : COA;
	uint8_t buf[MH_MAX_LEN];
	struct cn_rx rx = { .has_hao = !b.at_home, .buf = buf };
	struct cn_verdict v;
	struct mh_msg m;
	const char *why;

	if (!b.home.value)
		b.home = token(b.home.index ? b.home.index : 102, RR_HOME, hoa);
	if (!b.care_of.value)
		b.care_of = token(b.care_of.index ? b.care_of.index : 103, RR_CARE_OF, coa);
	rx.len = cn_bu_build(&b, &rx.src, &rx.dst, &rx.hao, buf);
	assert_int_equal(mh_parse(buf, rx.len, &conf.dialect, &m, &why), 0);
	cn_bu_decide(&conf, &nonces, e, &facts, &rx, &m, NOW, &v);
	return v;
}
#define DECIDE(...)	decide((struct cn_bu){ __VA_ARGS__ })

static void is(struct cn_verdict v, enum cn_act act, unsigned status, bool answer, bool sign)
{
	if (v.act != act || v.status != status || (act != CN_DROP && v.answer != answer) ||
	    (act != CN_DROP && v.sign != sign))
		fail_msg("act %d status %u answer %d sign %d (%s)", v.act, v.status, v.answer,
			 v.sign, v.why ? v.why : "");
}

static void test_a_good_update_is_granted(void **state)
{
	struct cn_verdict v = DECIDE(.seq = 7, .life = 400);
	struct in6_addr coa = a6(COA);

	(void)state;
	is(v, CN_REGISTER, 0, true, true);
	assert_int_equal(v.path.lifetime, 400);
	assert_true(v.path.expires == NOW + 400);
	assert_int_equal(v.b.seq, 7);
	assert_true(in6_eq(&v.path.coa, &coa) && in6_eq(&v.mac_addr, &coa));
	/* the older of its nonces ends its replay */
	assert_true(v.b.replay_until == NOW - 30 + 240);
	/* nothing was asked for, so nothing is said (9.5.4) */
	is(DECIDE(.seq = 7, .flags = NO_FLAGS), CN_REGISTER, 0, false, true);
}

static void test_lifetime_is_cut(void **state)
{
	static const struct { int asked; uint32_t max; double rr; uint32_t granted; } row[] = {
		{ 262140, 420, 420, 420 }, { 424, 420, 420, 420 }, { 420, 420, 420, 420 },
		{ 4, 420, 420, 4 }, { 400, 100, 420, 100 }, { 400, 420, 42.5, 40 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		conf.max_lifetime = row[i].max;
		conf.timers.max_rr_binding_lifetime = row[i].rr;
		assert_int_equal(DECIDE(.life = row[i].asked).path.lifetime, row[i].granted);
	}
}

static void test_what_is_dropped_in_silence(void **state)
{
	(void)state;
	is(DECIDE(.src = "ff02::1"), CN_DROP, 0, 0, 0);
	is(DECIDE(.src = "::"), CN_DROP, 0, 0, 0);
	is(DECIDE(.hoa = "fe80::1"), CN_DROP, 0, 0, 0);
	is(DECIDE(.hoa = "ff1e::1"), CN_DROP, 0, 0, 0);
	is(DECIDE(.src = "fe80::1"), CN_DROP, 0, 0, 0);
	is(DECIDE(.src = "fe80::1", .alt = COA), CN_DROP, 0, 0, 0);
	is(DECIDE(.alt = "ff1e::1"), CN_DROP, 0, 0, 0);
	is(DECIDE(.alt = "::1"), CN_DROP, 0, 0, 0);
	is(DECIDE(.dst = "fe80::3"), CN_DROP, 0, 0, 0);
	is(DECIDE(.no_nonces = true), CN_DROP, 0, 0, 0);
	is(DECIDE(.no_auth = true), CN_DROP, 0, 0, 0);
	is(DECIDE(.no_nonces = true, .life = -1), CN_DROP, 0, 0, 0);
	is(DECIDE(.bad_mac = true), CN_DROP, 0, 0, 0);
	is(DECIDE(.wrong_addr = true), CN_DROP, 0, 0, 0);
	is(DECIDE(.home = { 102, 12345 }), CN_DROP, 0, 0, 0);
	is(DECIDE(.care_of = { 103, 12345 }), CN_DROP, 0, 0, 0);
	is(DECIDE(.life = -1, .home = { 102, 12345 }), CN_DROP, 0, 0, 0);
	/* a sequence number is no reason to answer what is not authentic */
	e = &entry;
	is(DECIDE(.seq = 15, .bad_mac = true), CN_DROP, 0, 0, 0);
	facts.own_home = true;
	is(DECIDE(.seq = 16), CN_DROP, 0, 0, 0);
}

static void test_nonces_that_are_not_recognised(void **state)
{
	(void)state;
	is(DECIDE(.home.index = 99), CN_REFUSE, BA_HOME_NONCE, true, false);
	is(DECIDE(.care_of.index = 99), CN_REFUSE, BA_COA_NONCE, true, false);
	is(DECIDE(.home.index = 99, .care_of.index = 104), CN_REFUSE, BA_NONCES, true, false);
	is(DECIDE(.home.index = 99, .flags = NO_FLAGS), CN_REFUSE, BA_HOME_NONCE, true, false);
	/* the care-of nonce of a deletion is not looked at */
	is(DECIDE(.life = -1, .care_of.index = 99), CN_DEREGISTER, 0, true, true);
	is(DECIDE(.life = -1, .home.index = 99, .care_of.index = 99), CN_REFUSE, BA_HOME_NONCE,
	   true, false);
	is(DECIDE(.at_home = true, .life = -1, .home.index = 99), CN_REFUSE, BA_HOME_NONCE, true,
	   false);
}

static void test_care_of_address_is_the_alternate_one(void **state)
{
	struct cn_verdict v = DECIDE(.alt = COA2);
	struct in6_addr want = a6(COA2);

	(void)state;
	is(v, CN_REGISTER, 0, true, true);
	assert_true(in6_eq(&v.path.coa, &want) && in6_eq(&v.mac_addr, &want));
	/* a test of the source proves nothing of the alternate address */
	is(DECIDE(.alt = COA2, .care_of = token(103, RR_CARE_OF, COA)), CN_DROP, 0, 0, 0);
}

static void test_sequence_numbers_modulo(void **state)
{
	static const struct { uint16_t seq; bool good; } row[] = {
		{ 16, true }, { 32782, true }, { 0, false }, { 15, false }, { 32783, false },
		{ 65535, false },
	};

	(void)state;
	e = &entry;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct cn_verdict v = DECIDE(.seq = row[i].seq);

		is(v, row[i].good ? CN_REGISTER : CN_REFUSE, row[i].good ? 0 : BA_SEQUENCE, true,
		   true);
		assert_int_equal(v.answer_seq, row[i].good ? row[i].seq : 15);
	}
	is(DECIDE(.seq = 3, .flags = NO_FLAGS), CN_REFUSE, BA_SEQUENCE, true, true);
	is(DECIDE(.seq = 3, .life = -1), CN_REFUSE, BA_SEQUENCE, true, true);
	/* remembered ones count as well */
	entry.bound = false;
	is(DECIDE(.seq = 3), CN_REFUSE, BA_SEQUENCE, true, true);
	e = NULL;
	is(DECIDE(.seq = 3), CN_REGISTER, 0, true, true);
}

static void test_deletions(void **state)
{
	struct in6_addr hoa = a6(HOA);
	struct cn_verdict v;

	(void)state;
	e = &entry;
	entry.b.replay_until = NOW + 100;
	v = DECIDE(.seq = 16, .life = -1);
	is(v, CN_DEREGISTER, 0, true, true);
	assert_true(in6_eq(&v.mac_addr, &hoa));
	assert_true(v.b.replay_until == NOW - 30 + 240);
	is(DECIDE(.seq = 16, .at_home = true, .life = -1), CN_DEREGISTER, 0, true, true);
	/* to be bound to the home address is to be not bound; but not asked for with lifetime 0 */
	is(DECIDE(.seq = 16, .at_home = true), CN_DEREGISTER, 0, true, true);
	is(DECIDE(.seq = 16, .alt = HOA), CN_DEREGISTER, 0, true, true);
	is(DECIDE(.seq = 16, .at_home = true, .home_key = true), CN_DROP, 0, 0, 0);
	is(DECIDE(.seq = 16, .alt = HOA, .care_of.index = 9), CN_REFUSE, BA_COA_NONCE, true, false);
	is(DECIDE(.seq = 16, .life = -1, .flags = NO_FLAGS), CN_DEREGISTER, 0, false, true);
	e = NULL;
	is(DECIDE(.seq = 16, .life = -1), CN_DEREGISTER, 0, true, true);
	/* what policy denies may still be taken back */
	conf.policy = &(struct peer_policy){ .peer = pfx("::/0"), .allow = false };
	conf.n_policy = 1;
	is(DECIDE(.seq = 16, .life = -1), CN_DEREGISTER, 0, true, true);
}

static void test_nonces_of_a_withdrawn_binding_do_not_bring_it_back(void **state)
{
	(void)state;
	e = &entry;
	entry.bound = false;
	is(DECIDE(.seq = 16), CN_REGISTER, 0, true, true);	/* evicted, say */
	cnb_withdraw(&entry.b, &entry.b.path[0], NOW + 1, NOW);
	is(DECIDE(.seq = 16), CN_REFUSE, BA_NONCES, true, false);
	is(DECIDE(.seq = 16, .flags = NO_FLAGS), CN_REFUSE, BA_NONCES, true, false);
	is(DECIDE(.seq = 16, .home.index = 103), CN_REGISTER, 0, true, true);
	is(DECIDE(.seq = 16, .care_of.index = 102), CN_REGISTER, 0, true, true);
	is(DECIDE(.seq = 16, .src = COA2), CN_REGISTER, 0, true, true);
	is(DECIDE(.seq = 16, .life = -1), CN_DEREGISTER, 0, true, true);
	/* of one of several, too */
	entry.bound = true;
	is(DECIDE(.seq = 16), CN_REFUSE, BA_NONCES, true, false);
}

static void test_home_registrations(void **state)
{
	const uint16_t ah = BU_A | BU_H;

	(void)state;
	is(DECIDE(.flags = ah, .no_nonces = true, .no_auth = true), CN_REFUSE, BA_NO_HOME_REG,
	   true, false);
	is(DECIDE(.flags = BU_H, .no_nonces = true, .no_auth = true), CN_REFUSE, BA_NO_HOME_REG,
	   true, false);
	is(DECIDE(.flags = ah), CN_DROP, 0, 0, 0);
	e = &entry;
	is(DECIDE(.flags = ah, .no_nonces = true, .no_auth = true), CN_REFUSE, BA_TYPE_CHANGE,
	   true, false);
	is(DECIDE(.flags = ah, .no_nonces = true, .no_auth = true, .life = -1), CN_REFUSE,
	   BA_TYPE_CHANGE, true, false);
	is(DECIDE(.flags = ah), CN_DROP, 0, 0, 0);
	entry.bound = false;
	is(DECIDE(.flags = ah, .no_nonces = true, .no_auth = true), CN_REFUSE, BA_NO_HOME_REG,
	   true, false);
	facts.home_agent = true;
	is(DECIDE(.flags = ah, .no_nonces = true, .no_auth = true), CN_DROP, 0, 0, 0);
	/* the other way round: the home agent here has it */
	e = NULL;
	facts.home_registered = true;
	is(DECIDE(.flags = NO_FLAGS), CN_REFUSE, BA_TYPE_CHANGE, true, true);
	is(DECIDE(.life = -1), CN_REFUSE, BA_TYPE_CHANGE, true, true);
	is(DECIDE(.bad_mac = true), CN_DROP, 0, 0, 0);
}

static void test_reserved_bits_are_ignored(void **state)
{
	struct cn_verdict v = DECIDE(.flags = (uint16_t)(0xffff & ~BU_H));

	(void)state;
	is(v, CN_REGISTER, 0, true, true);
	assert_int_equal(v.b.flags, BU_A);
}

static void test_policy_first_match_decides(void **state)
{
	struct peer_policy p[] = {
		{ .peer = pfx("2001:db8:1::10/128"), .allow = true },
		{ .peer = pfx("2001:db8:1::/48") }, { .peer = pfx("::/0"), .allow = true },
	};

	(void)state;
	conf.policy = p;
	conf.n_policy = ARRAY_SIZE(p);
	is(DECIDE(.seq = 1), CN_REGISTER, 0, true, true);
	is(DECIDE(.hoa = HOA2), CN_REFUSE, BA_PROHIBITED, true, true);
	is(DECIDE(.hoa = HOA2, .flags = NO_FLAGS), CN_REFUSE, BA_PROHIBITED, false, true);
	is(DECIDE(.hoa = "2001:db8:9::1"), CN_REGISTER, 0, true, true);
	entry.b.key.peer = a6(HOA2);
	assert_false(cn_binding_allowed(&conf, &entry.b));
	entry.b.key.peer = a6(HOA);
	assert_true(cn_binding_allowed(&conf, &entry.b));
}

static void test_own_address_is_no_care_of_address(void **state)
{
	(void)state;
	facts.own_coa = true;
	is(DECIDE(.seq = 1), CN_REFUSE, BA_INVALID_COA, true, true);
	is(DECIDE(.seq = 1, .flags = NO_FLAGS), CN_REFUSE, BA_INVALID_COA, false, true);
}

static void test_tests_that_are_ignored(void **state)
{
	struct cn_rx rx = { .src = a6(HOA), .dst = a6(CN) };

	(void)state;
	assert_null(cn_test_refused(&rx));
	rx.has_hao = true;
	assert_non_null(cn_test_refused(&rx));
	rx.has_hao = false;
	rx.src = a6("fe80::1");
	assert_non_null(cn_test_refused(&rx));
	rx.src = a6("ff1e::1");
	assert_non_null(cn_test_refused(&rx));
	rx.src = a6(HOA);
	rx.dst = a6("fe80::1");
	assert_non_null(cn_test_refused(&rx));
}

#define T(f)	cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_good_update_is_granted), T(test_lifetime_is_cut),
		T(test_what_is_dropped_in_silence), T(test_nonces_that_are_not_recognised),
		T(test_care_of_address_is_the_alternate_one), T(test_sequence_numbers_modulo),
		T(test_deletions), T(test_nonces_of_a_withdrawn_binding_do_not_bring_it_back),
		T(test_home_registrations), T(test_reserved_bits_are_ignored),
		T(test_policy_first_match_decides), T(test_own_address_is_no_care_of_address),
		T(test_tests_that_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
