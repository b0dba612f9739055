/* SPDX-License-Identifier: BSD-2-Clause */
/* Several care-of addresses of a mobile node and a peer (RFC 5648 5.2, 5.7, 5.9). */
#include "ro_help.h"

#define T2	0x3333333333333333ull

static struct peer p;

/* Two paths, the first preferred. */
static int setup(void **state)
{
	(void)state;
	init(&p);
	p.e.bid = 1;
	p.e.n_other = 1;
	p.e.other[0].bid = 2;
	p.e.other[0].coa = a6(COA2);
	p.e.other_cookie[0] = 7;
	return 0;
}

/* The answer of a peer that knows what a BID is; bid_status: of the option. */
static unsigned answer(uint8_t status, bool has_bid, uint8_t bid_status)
{
	const struct ro_in in = { .status = status, .seq = p.r.seq, .lifetime = 420,
				  .has_bid = has_bid, .bid_status = bid_status };

	return step_in(&p, RO_EV_BA, &in);
}

static void to_update(void)
{
	step(&p, RO_EV_HINT);
	token(&p, RO_EV_HOT, 1);
	assert_true(token(&p, RO_EV_COT, 2) & RO_DO_BU);
	assert_true(p.r.bid == 1 && p.r.overwrite && !p.r.plain);
}

static void other_answers(void)
{
	const struct ro_in in = { .token = T2, .index = 3, .other = 0 };

	assert_true(ro_cookie_ok(&p.r.other[0].care, 7));
	step_in(&p, RO_EV_COT_OTHER, &in);
}

/* The other path is the preferred one now. */
static unsigned change(bool first_works)
{
	p.e.coa = a6(COA2);
	p.e.bid = 2;
	p.e.n_other = first_works;
	p.e.other[0].bid = 1;
	p.e.other[0].coa = a6(COA1);
	return step(&p, RO_EV_FOLLOW);
}

static void test_each_care_of_address_is_tested(void **state)
{
	unsigned act;

	(void)state;
	to_update();
	act = answer(BA_ACCEPTED, true, 0);
	assert_true(act & RO_DO_COTI_OTHER && !(act & (RO_DO_HOTI | RO_DO_COTI)));
	assert_true(p.r.other[0].ask && p.r.other[0].bid == 2);
	assert_int_equal(p.r.state, RO_BOUND);
	assert_false(p.r.overwrite);
	/* again and again, but not for ever: it is no failure */
	for (unsigned i = 0; i < p.t.max_ro_failure; i++)
		assert_true(tick(&p) & RO_DO_COTI_OTHER);
	assert_int_equal(tick(&p) & RO_DO_COTI_OTHER, 0);
	assert_int_equal(p.r.state, RO_BOUND);
	assert_false(ro_cookie_ok(&p.r.other[0].care, 7));
}

static void test_one_update_does_after_the_loss_of_a_path(void **state)
{
	unsigned act;

	(void)state;
	to_update();
	answer(BA_ACCEPTED, true, 0);
	other_answers();
	p.e.now += 100;
	act = change(false);
	assert_true(act & RO_DO_BU);
	assert_int_equal(act & (RO_DO_HOTI | RO_DO_COTI | RO_DO_COTI_OTHER), 0);
	assert_true(p.r.care.token == T2 && p.r.care.index == 3 && p.r.bid == 2);
	assert_false(p.r.overwrite);	/* the peer keeps the other one */
	answer(BA_ACCEPTED, true, 0);
	assert_true(ro_carries(&p.r, &p.e));
	/* and back: its token is not lost as long as it works */
	setup(state);
	to_update();
	answer(BA_ACCEPTED, true, 0);
	other_answers();
	change(true);
	answer(BA_ACCEPTED, true, 0);
	assert_true(p.r.other[0].care.token == CT);
	p.e.coa = a6(COA1);
	p.e.bid = 1;
	p.e.n_other = 0;
	act = step(&p, RO_EV_FOLLOW);
	assert_true(act & RO_DO_BU && !(act & RO_DO_COTI));
	assert_true(p.r.care.token == CT);
}

static void test_without_its_token_a_path_is_tested_first(void **state)
{
	(void)state;
	to_update();
	answer(BA_ACCEPTED, true, 0);
	assert_int_equal(change(false) & (RO_DO_BU | RO_DO_COTI), RO_DO_COTI);
	/* so it is when the token is too old */
	setup(state);
	to_update();
	answer(BA_ACCEPTED, true, 0);
	other_answers();
	p.e.now += p.t.max_token_lifetime;
	p.e.home_expires += 600;
	assert_int_equal(change(false) & RO_DO_BU, 0);
}

static void test_tokens_are_renewed_while_the_pair_is_in_use(void **state)
{
	(void)state;
	to_update();
	answer(BA_ACCEPTED, true, 0);
	other_answers();
	assert_int_equal(p.r.other[0].care.due, 0);
	assert_true(tick(&p) & RO_DO_ASK_USE);
	p.e.home_expires += 600;
	step(&p, RO_EV_USED);
	token(&p, RO_EV_HOT, 4);
	token(&p, RO_EV_COT, 4);
	assert_true(answer(BA_ACCEPTED, true, 0) & RO_DO_COTI_OTHER);
}

static void test_a_peer_without_the_option_gets_plain_updates(void **state)
{
	(void)state;
	to_update();
	answer(BA_ACCEPTED, false, 0);
	assert_true(p.r.plain && p.r.state == RO_BOUND && ro_carries(&p.r, &p.e));
	/* the other address is kept in readiness all the same */
	other_answers();
	assert_true(change(false) & RO_DO_BU);
	assert_true(p.r.plain);
	/* nobody signs 136 to 138: they say nothing of the peer */
	setup(state);
	to_update();
	answer(BA_COA_NONCE, false, 0);
	assert_false(p.r.plain);
}

static void test_prohibited_bulk_and_malformed_mean_plain(void **state)
{
	static const uint8_t row[] = { BA_MCOA_PROHIBITED, BA_MCOA_BULK, BA_MCOA_MALFORMED,
				       BA_MCOA_SIMULTANEOUS };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(row); i++) {
		setup(state);
		to_update();
		/* in either place (5.7) */
		assert_true((i % 2 ? answer(row[i / 2], true, 0) :
			     answer(BA_ACCEPTED, true, row[i / 2])) & RO_DO_BU);
		assert_true(p.r.plain);
		answer(BA_ACCEPTED, false, 0);
		assert_int_equal(p.r.state, RO_BOUND);
	}
}

static void test_a_plain_binding_there_is_overwritten(void **state)
{
	(void)state;
	to_update();
	answer(BA_ACCEPTED, true, 0);
	p.e.now += 1;
	assert_false(p.r.overwrite);
	step(&p, RO_EV_REFRESH_REQ);
	step(&p, RO_EV_USED);
	if (p.r.state == RO_TEST)
		fail_msg("tokens of this moment are fresh");
	assert_true(answer(BA_MCOA_NON_MCOA, true, 0) & RO_DO_BU);
	assert_true(p.r.overwrite && !p.r.plain);
	/* that did not help: without */
	assert_true(answer(BA_MCOA_NON_MCOA, true, 0) & RO_DO_BU);
	assert_true(p.r.plain);
}

#define T(f)	cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_each_care_of_address_is_tested),
		T(test_one_update_does_after_the_loss_of_a_path),
		T(test_without_its_token_a_path_is_tested_first),
		T(test_tokens_are_renewed_while_the_pair_is_in_use),
		T(test_a_peer_without_the_option_gets_plain_updates),
		T(test_prohibited_bulk_and_malformed_mean_plain),
		T(test_a_plain_binding_there_is_overwritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
