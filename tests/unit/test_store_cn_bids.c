/* SPDX-License-Identifier: BSD-2-Clause */
/* What a correspondent makes of Binding Identifiers (RFC 5648 6.2, 4.1, 4.3). */
#include "cn_help.h"

#include "store/cn_rules.h"

#define NOW	1000.
#define COA3	"2001:db8:2::22"

static struct cn_conf conf;
static struct nonces nonces;
static struct cn_facts facts;
static struct cn_entry entry;
static bool malformed;

static int setup(void **state)
{
	uint8_t random[NONCE_RANDOM] = { 7 };

	(void)state;
	conf = (struct cn_conf){ .max_bindings = 10, .max_lifetime = 420,
				 .multiple_care_of = true };
	timers_default(&conf.timers);
	nonces_init(&nonces, 100, 30, 240);
	nonces_add(&nonces, NOW, random);
	facts = (struct cn_facts){ 0 };
	entry = (struct cn_entry){ .b.key = { a6(CN), a6(HOA) } };
	entry.b.seq = 15;
	malformed = false;
	return 0;
}

static struct token token(enum rr_token kind, const char *addr)
{
	const struct nonce *x = nonces_now(&nonces);
	struct in6_addr a = a6(addr);

	return (struct token){ x->index, rr_keygen_token(x->kcn, kind, &a, x->nonce, NONCE_LEN) };
}

/* Tokens for the care-of address in use, and a newer number, unless it has some. */
static struct cn_verdict decide(struct cn_bu b)
{
	const char *in = b.bid_coa && !b.bid2 && strchr(b.bid_coa, ':') ? b.bid_coa : NULL;
	const char *coa = in && strcmp(in, "ff1e::1") ? in : b.alt ? b.alt :
			  b.at_home ? HOA : b.src ? b.src : COA;
	uint8_t buf[MH_MAX_LEN];
	struct cn_rx rx = { .has_hao = !b.at_home, .buf = buf };
	struct cn_verdict v;
	struct mh_msg m;
	const char *why;

	b.seq = b.seq ? b.seq : 16;
	b.home = token(RR_HOME, HOA);
	b.care_of = b.care_of.index ? b.care_of : token(RR_CARE_OF, coa);
	rx.len = cn_bu_build(&b, &rx.src, &rx.dst, &rx.hao, buf);
	assert_int_equal(mh_parse(buf, rx.len, &conf.dialect, &m, &why), 0);
	m.opt.bid[0].malformed = malformed;
	cn_bu_decide(&conf, &nonces, &entry, &facts, &rx, &m, NOW, &v);
	return v;
}
#define DECIDE(...)	decide((struct cn_bu){ __VA_ARGS__ })

/* Whatever is said is signed, and has the option with status 0 and without care-of address. */
static struct cn_verdict is(struct cn_verdict v, enum cn_act act, unsigned status)
{
	if (v.act != act || v.status != status || !v.sign || !v.answer)
		fail_msg("act %d status %u sign %d (%s)", v.act, v.status, v.sign,
			 v.why ? v.why : "");
	for (unsigned i = 0; i < v.n_bid; i++)
		assert_true(!v.bid[i].status && !v.bid[i].coa.family && !v.bid[i].malformed);
	return v;
}

static void bound(uint16_t bid, const char *coa, uint8_t prio)
{
	struct cn_path p = { .bid = bid, .prio = prio, .coa = a6(coa), .lifetime = 400,
			     .since = NOW - 10, .expires = NOW + 390 };

	entry.bound = true;
	assert_true(cnb_put(&entry.b, &p));
}

static void test_each_bid_has_a_binding(void **state)
{
	struct in6_addr coa = a6(COA), coa2 = a6(COA2);
	struct cn_verdict v = is(DECIDE(.bid = 1, .prio = 9), CN_REGISTER, 0);

	(void)state;
	assert_int_equal(v.b.n_path, 1);
	assert_int_equal(v.path.bid, 1);
	assert_int_equal(v.path.prio, 9);
	assert_true(in6_eq(&v.path.coa, &coa));
	assert_int_equal(v.n_bid, 1);
	assert_true(v.bid[0].bid == 1 && v.bid[0].prio == 9);
	/* 6.2: no binding of that BID yet: a new one, beside the others */
	bound(1, COA, 9);
	v = is(DECIDE(.bid = 2, .prio = 10, .src = COA2), CN_REGISTER, 0);
	assert_int_equal(v.b.n_path, 2);
	assert_true(in6_eq(&cnb_path(&v.b, 2)->coa, &coa2));
	assert_true(in6_eq(&cnb_path(&v.b, 1)->coa, &coa));
	/* one with another care-of address: that one is updated */
	v = is(DECIDE(.bid = 1, .src = COA3), CN_REGISTER, 0);
	assert_int_equal(v.b.n_path, 1);
	assert_true(v.path.since == NOW - 10);
}

static void test_the_care_of_address_is_that_of_the_option(void **state)
{
	struct in6_addr coa2 = a6(COA2);
	struct cn_verdict v = is(DECIDE(.bid = 1, .bid_coa = COA2), CN_REGISTER, 0);

	(void)state;
	assert_true(in6_eq(&v.path.coa, &coa2) && in6_eq(&v.mac_addr, &coa2));
	/* the test of the source does not do */
	assert_int_equal(DECIDE(.bid = 1, .bid_coa = COA2,
				.care_of = token(RR_CARE_OF, COA)).act, CN_DROP);
	/* and whatever the option says is not believed without the authenticator */
	assert_int_equal(DECIDE(.bid = 1, .bad_mac = true).act, CN_DROP);
	assert_int_equal(DECIDE(.bid = 1, .bid2 = 2, .bad_mac = true).act, CN_DROP);
}

static void test_without_care_of_address_it_is_the_source_of_a_known_one(void **state)
{
	struct in6_addr coa2 = a6(COA2);
	struct cn_verdict v;

	(void)state;
	is(DECIDE(.bid = 1, .bid_coa = NO_COA), CN_REFUSE, BA_MCOA_UNKNOWN_COA);
	bound(2, COA, 0);
	is(DECIDE(.bid = 1, .bid_coa = NO_COA), CN_REFUSE, BA_MCOA_UNKNOWN_COA);
	v = is(DECIDE(.bid = 2, .bid_coa = NO_COA, .src = COA2), CN_REGISTER, 0);
	assert_true(v.b.n_path == 1 && in6_eq(&v.b.path[0].coa, &coa2));
	/* one that is only remembered is not known */
	entry.bound = false;
	is(DECIDE(.bid = 2, .bid_coa = NO_COA), CN_REFUSE, BA_MCOA_UNKNOWN_COA);
}

static void test_malformed_options(void **state)
{
	(void)state;
	is(DECIDE(.bid = 1, .bid_coa = "192.0.2.1"), CN_REFUSE, BA_MCOA_MALFORMED);
	is(DECIDE(.bid = 1, .bid_coa = "ff1e::1"), CN_REFUSE, BA_MCOA_MALFORMED);
	malformed = true;
	is(DECIDE(.bid = 1, .bid_coa = NO_COA), CN_REFUSE, BA_MCOA_MALFORMED);
	/* 6.2: the length is looked at before the number of options */
	is(DECIDE(.bid = 1, .bid2 = 2), CN_REFUSE, BA_MCOA_MALFORMED);
}

static void test_several_at_once_are_for_home_agents(void **state)
{
	struct cn_verdict v = is(DECIDE(.bid = 1, .bid2 = 2), CN_REFUSE, BA_MCOA_BULK);

	(void)state;
	assert_int_equal(v.n_bid, 2);
	assert_true(v.bid[0].bid == 1 && v.bid[1].bid == 2);
	bound(1, COA, 0);
	bound(2, COA2, 0);
	is(DECIDE(.bid = 1, .bid2 = 2, .life = -1), CN_REFUSE, BA_MCOA_BULK);
}

static void test_deletion_of_one_and_of_all(void **state)
{
	struct cn_verdict v;

	(void)state;
	is(DECIDE(.bid = 1, .life = -1), CN_REFUSE, BA_NOT_HA);
	bound(1, COA, 1);
	bound(2, COA2, 2);
	v = is(DECIDE(.bid = 1, .bid_coa = NO_COA, .life = -1), CN_DEREGISTER, 0);
	assert_true(v.b.n_path == 1 && v.b.path[0].bid == 2);
	/* O is ignored there */
	v = is(DECIDE(.bid = 2, .life = -1, .flags = BU_A | BU_O), CN_DEREGISTER, 0);
	assert_true(v.b.n_path == 1 && v.b.path[0].bid == 1);
	is(DECIDE(.bid = 3, .life = -1), CN_REFUSE, BA_NOT_HA);
	/* 5.4: without BID all go; what is bound to the home address is not bound */
	assert_int_equal(is(DECIDE(.life = -1), CN_DEREGISTER, 0).b.n_path, 0);
	assert_int_equal(is(DECIDE(.bid = 2, .bid_coa = HOA), CN_DEREGISTER, 0).b.n_path, 1);
	/* a plain one has no BID to be deleted by */
	entry.b.n_path = 0;
	bound(0, COA, 0);
	is(DECIDE(.bid = 1, .life = -1), CN_REFUSE, BA_NOT_HA);
}

static void test_overwriting(void **state)
{
	struct cn_verdict v;

	(void)state;
	bound(1, COA, 1);
	bound(2, COA2, 2);
	v = is(DECIDE(.bid = 3, .src = COA3, .flags = BU_A | BU_O), CN_REGISTER, 0);
	assert_true(v.b.n_path == 1 && v.b.path[0].bid == 3);
	/* RFC 6602 has the bit for something else where P is set */
	v = is(DECIDE(.bid = 3, .src = COA3, .flags = BU_A | BU_O | BU_P), CN_REGISTER, 0);
	assert_int_equal(v.b.n_path, 3);
	/* without BID all are replaced, O or not */
	v = is(DECIDE(.src = COA3), CN_REGISTER, 0);
	assert_true(v.b.n_path == 1 && !v.b.path[0].bid && !v.n_bid);
}

static void test_beside_a_plain_binding_there_is_none(void **state)
{
	struct cn_verdict v;

	(void)state;
	bound(0, COA, 0);
	is(DECIDE(.bid = 1, .src = COA2), CN_REFUSE, BA_MCOA_NON_MCOA);
	v = is(DECIDE(.bid = 1, .src = COA2, .flags = BU_A | BU_O), CN_REGISTER, 0);
	assert_true(v.b.n_path == 1 && v.b.path[0].bid == 1);
	entry.bound = false;
	is(DECIDE(.bid = 1, .src = COA2), CN_REGISTER, 0);
}

static void test_the_sequence_number_is_shared(void **state)
{
	(void)state;
	bound(1, COA, 1);
	bound(2, COA2, 2);
	is(DECIDE(.bid = 2, .src = COA2, .seq = 15), CN_REFUSE, BA_SEQUENCE);
	is(DECIDE(.bid = 3, .src = COA3, .seq = 15), CN_REFUSE, BA_SEQUENCE);
	assert_int_equal(is(DECIDE(.bid = 3, .src = COA3, .seq = 16), CN_REGISTER, 0).b.seq, 16);
}

static void test_at_most_eight(void **state)
{
	char coa[64];

	(void)state;
	for (unsigned i = 1; i <= CN_MAX_PATHS; i++) {
		snprintf(coa, sizeof(coa), "2001:db8:2::%x", i);
		bound((uint16_t)i, coa, 0);
	}
	is(DECIDE(.bid = 9), CN_REFUSE, BA_NO_RESOURCES);
	is(DECIDE(.bid = 8), CN_REGISTER, 0);
	is(DECIDE(.bid = 9, .flags = BU_A | BU_O), CN_REGISTER, 0);
}

static void test_prohibited(void **state)
{
	(void)state;
	conf.multiple_care_of = false;
	is(DECIDE(.bid = 1), CN_REFUSE, BA_MCOA_PROHIBITED);
	is(DECIDE(.bid = 1, .bid2 = 2), CN_REFUSE, BA_MCOA_PROHIBITED);
	is(DECIDE(.src = COA), CN_REGISTER, 0);
	bound(1, COA, 0);
	assert_false(cn_binding_allowed(&conf, &entry.b));
	conf.multiple_care_of = true;
	assert_true(cn_binding_allowed(&conf, &entry.b));
}

static void test_errors_of_rfc_6275_carry_the_option_too(void **state)
{
	struct cn_verdict v = DECIDE(.bid = 7, .care_of = { 9, 9 });

	(void)state;
	assert_int_equal(v.status, BA_COA_NONCE);
	assert_false(v.sign);
	assert_true(v.n_bid == 1 && v.bid[0].bid == 7 && !v.bid[0].status);
}

/* ---- which is the primary one ---- */

static unsigned primary(void)
{
	return entry.b.path[0].bid;
}

static void test_the_lowest_priority_and_then_the_last_is_primary(void **state)
{
	(void)state;
	bound(1, COA, 20);
	bound(2, COA2, 10);
	assert_int_equal(primary(), 2);
	bound(3, COA3, 10);
	assert_int_equal(primary(), 3);
	bound(2, COA2, 10);		/* heard of last */
	assert_int_equal(primary(), 2);
	bound(4, COA3, 0);		/* none at all is behind any */
	bound(5, COA3, 127);
	assert_int_equal(primary(), 2);
	assert_int_equal(entry.b.path[entry.b.n_path - 1].bid, 4);
	bound(2, COA2, 21);
	assert_int_equal(primary(), 3);
	cnb_cut(&entry.b, 3);
	assert_int_equal(primary(), 1);
	cnb_prefer(&entry.b, 4);
	assert_int_equal(primary(), 4);
	bound(1, COA, 20);		/* an update is the mobile node's word */
	assert_int_equal(primary(), 1);
}

#define T(f)	cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_each_bid_has_a_binding), T(test_the_care_of_address_is_that_of_the_option),
		T(test_without_care_of_address_it_is_the_source_of_a_known_one),
		T(test_malformed_options), T(test_several_at_once_are_for_home_agents),
		T(test_deletion_of_one_and_of_all), T(test_overwriting),
		T(test_beside_a_plain_binding_there_is_none),
		T(test_the_sequence_number_is_shared), T(test_at_most_eight), T(test_prohibited),
		T(test_errors_of_rfc_6275_carry_the_option_too),
		T(test_the_lowest_priority_and_then_the_last_is_primary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
