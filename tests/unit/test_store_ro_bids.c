/* SPDX-License-Identifier: BSD-2-Clause */
/* Several care-of addresses of a mobile node and a peer (RFC 5648 5.2, 5.7, 5.9). */
#include "ro_help.h"

#include "base/util.h"

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
	p.e.other[0].prio = 2;
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

/* The care-of test of the other path; the peer is told of it, if it does that. */
static unsigned other_tested(void)
{
	const struct ro_in in = { .token = T2, .index = 3, .other = 0 };

	assert_true(ro_cookie_ok(&p.r.other[0].care, 7));
	return step_in(&p, RO_EV_COT_OTHER, &in);
}

static void other_answers(void)
{
	if (other_tested() & RO_DO_BU) {
		assert_int_equal(p.r.about, 2);
		answer(BA_ACCEPTED, true, 0);
		assert_true(p.r.other[0].held && !p.r.about);
	}
}

/* Both registered. */
static void both_told(void)
{
	to_update();
	answer(BA_ACCEPTED, true, 0);
	other_answers();
	assert_true(ro_has(&p.r, 1) && ro_has(&p.r, 2) && !ro_has(&p.r, 3));
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
	p.e.now += 1;
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

/* ---- the others are registered, too ---- */

static void test_one_update_for_each_of_them(void **state)
{
	const struct ro_in in = { .token = 5, .index = 3, .other = 1 };

	(void)state;
	p.e.n_other = 2;
	p.e.other[1].bid = 3;
	p.e.other[1].prio = 5;
	p.e.other[1].coa = a6("2001:db8:f3::10");
	to_update();
	assert_int_equal(answer(BA_ACCEPTED, true, 0) & RO_DO_BU, 0);
	assert_true(other_tested() & RO_DO_BU);
	assert_true(ro_about(&p.r) == &p.r.other[0] && ro_carries(&p.r, &p.e));
	answer(BA_ACCEPTED, true, 0);
	p.e.now += 1;
	assert_true(step(&p, RO_EV_TIMER) & RO_DO_COTI_OTHER);
	assert_true(step_in(&p, RO_EV_COT_OTHER, &in) & RO_DO_BU);
	assert_true(ro_about(&p.r) == &p.r.other[1] && ro_has(&p.r, 2) && !ro_has(&p.r, 3));
	assert_int_equal(answer(BA_ACCEPTED, true, 0), 0);
	assert_true(ro_has(&p.r, 3) && p.r.other[1].held_prio == 5);
	assert_true(p.r.maybe_until >= p.r.other[1].expires);	/* to be deleted at the end */
	assert_int_equal(step(&p, RO_EV_FOLLOW) & RO_DO_BU, 0);	/* nothing is new */
	/* one at a time: they share the sequence number (4.1); and one in a second is left to the
	 * preferred one (RFC 6275 11.8) */
	p.e.now += 1;
	p.e.other[0].prio = 3;
	p.e.other[1].prio = 4;
	assert_true(step(&p, RO_EV_FOLLOW) & RO_DO_BU);
	assert_int_equal(p.r.about, 2);
	assert_true(answer(BA_ACCEPTED, true, 0) & RO_DO_BU);
	assert_int_equal(p.r.about, 3);
	p.e.other[0].prio = 2;
	step(&p, RO_EV_FOLLOW);
	assert_int_equal(answer(BA_ACCEPTED, true, 0) & RO_DO_BU, 0);
	change(true);
	assert_true(p.last.act & RO_DO_BU);
}

static void test_the_preferred_one_of_before_is_told_its_place(void **state)
{
	(void)state;
	both_told();
	p.e.now += 1;
	change(true);
	p.e.other[0].prio = 2;
	step(&p, RO_EV_FOLLOW);
	assert_true(p.r.state == RO_WAIT_BA && !p.r.about);
	assert_true(answer(BA_ACCEPTED, true, 0) & RO_DO_BU);
	assert_true(p.r.about == 1 && ro_has(&p.r, 1) && ro_has(&p.r, 2));
	assert_int_equal(answer(BA_ACCEPTED, true, 0) & RO_DO_BU, 0);
	assert_int_equal(p.r.other[0].held_prio, 2);
}

/* It is no failure of the pair: data go on, and the next refresh tries it again. */
static void test_silence_about_another_path_changes_nothing(void **state)
{
	unsigned n = 1;

	(void)state;
	to_update();
	answer(BA_ACCEPTED, true, 0);
	assert_true(other_tested() & RO_DO_BU);
	for (unsigned i = 0; i < 20 && p.r.about; i++)
		n += !!(tick(&p) & RO_DO_BU);
	assert_int_equal(n, 1 + p.t.max_ro_failure);
	assert_true(p.r.state == RO_BOUND && ro_carries(&p.r, &p.e) && !ro_has(&p.r, 2));
	assert_int_equal(step(&p, RO_EV_FOLLOW) & RO_DO_BU, 0);
	step(&p, RO_EV_USED);
	if (p.r.state == RO_TEST) {
		token(&p, RO_EV_HOT, 4);
		token(&p, RO_EV_COT, 4);
	}
	assert_true(answer(BA_ACCEPTED, true, 0) & (RO_DO_BU | RO_DO_COTI_OTHER));
}

static void test_what_the_peer_says_of_another_path(void **state)
{
	/* status, with the option -> without BIDs from then on, the preferred one anew */
	static const struct { uint8_t status; bool bid, plain, anew, again; } rows[] = {
		{ BA_NO_RESOURCES, true, false, false, false },
		{ BA_MCOA_PROHIBITED, true, true, true, false },
		{ BA_MCOA_BULK, true, true, true, false },
		{ BA_MCOA_NON_MCOA, true, false, true, false },
		{ BA_MCOA_UNKNOWN_COA, true, false, true, false },
		{ BA_ACCEPTED, false, true, true, false },
		{ BA_NO_RESOURCES, false, true, true, false },
		{ BA_SEQUENCE, true, false, false, true },
		{ BA_HOME_NONCE, false, false, false, false },
		{ BA_COA_NONCE, false, false, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned act;

		setup(state);
		to_update();
		answer(BA_ACCEPTED, true, 0);
		other_tested();
		p.pace = (struct ro_pace){ 0 };	/* a second later */
		act = answer(rows[i].status, rows[i].bid, 0);
		if (p.r.plain != rows[i].plain || (p.r.state == RO_WAIT_BA) != rows[i].anew ||
		    !!(act & RO_DO_BU) != (rows[i].anew || rows[i].again) || ro_has(&p.r, 2))
			fail_msg("%u: plain %d, state %d, actions %x", rows[i].status, p.r.plain,
				 p.r.state, act);
		/* a success that is not about the BID: it sends to that address now */
		assert_int_equal(ro_carries(&p.r, &p.e), rows[i].status != 0);
		if (rows[i].anew)		/* and the other one is not tried in a circle */
			assert_int_equal(answer(BA_ACCEPTED, !p.r.plain, 0) & RO_DO_BU, 0);
	}
}

static void test_a_token_that_is_refused_is_got_anew(void **state)
{
	(void)state;
	to_update();
	answer(BA_ACCEPTED, true, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(other_tested() & RO_DO_BU);
		p.pace = (struct ro_pace){ 0 };	/* a second later */
		assert_true(answer(BA_COA_NONCE, false, 0) & RO_DO_COTI_OTHER);
	}
	assert_true(other_tested() & RO_DO_BU);
	answer(BA_COA_NONCE, false, 0);		/* nobody signs that: not for ever */
	assert_true(p.r.other[0].rest);
}

/* 5.9: who overwrites tells all anew; 6.2: so does who registers without BID. */
static void test_an_overwriting_update_leaves_none_of_the_others(void **state)
{
	(void)state;
	both_told();
	p.e.now += 1;
	p.r.overwrite = true;
	step(&p, RO_EV_USED);
	assert_true(answer(BA_ACCEPTED, true, 0) & RO_DO_BU);
	assert_int_equal(p.r.about, 2);
}

static void test_what_expires_rests_until_the_pair_is_used(void **state)
{
	(void)state;
	both_told();
	p.r.expires = p.r.due = p.e.now + 1000;	/* of the other one, not of this */
	p.e.now = p.r.other[0].expires;
	assert_int_equal(step(&p, RO_EV_TIMER) & RO_DO_BU, 0);
	assert_false(ro_has(&p.r, 2));
}

/* 5.8: an update at least for the paths that it names; nobody signs it. */
static void test_refresh_requests_are_about_their_identifiers(void **state)
{
	const struct ro_in unknown = { .bid = { 9 }, .n_bid = 1 };
	const struct ro_in other = { .bid = { 9, 2 }, .n_bid = 2 };
	const struct ro_in preferred = { .bid = { 1 }, .n_bid = 1 };
	unsigned act;

	(void)state;
	both_told();
	p.e.now += 11;
	assert_int_equal(step_in(&p, RO_EV_REFRESH_REQ, &unknown), 0);
	act = step_in(&p, RO_EV_REFRESH_REQ, &other);
	assert_true(act & RO_DO_BU && !(act & RO_DO_ASK_USE));
	assert_int_equal(p.r.about, 2);
	answer(BA_ACCEPTED, true, 0);
	assert_int_equal(step_in(&p, RO_EV_REFRESH_REQ, &preferred), 0);	/* just now */
	p.e.now += 11;
	act = step_in(&p, RO_EV_REFRESH_REQ, &preferred);
	assert_true(act & RO_DO_ASK_USE && !(act & RO_DO_BU));
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
		T(test_one_update_for_each_of_them),
		T(test_the_preferred_one_of_before_is_told_its_place),
		T(test_silence_about_another_path_changes_nothing),
		T(test_what_the_peer_says_of_another_path),
		T(test_a_token_that_is_refused_is_got_anew),
		T(test_an_overwriting_update_leaves_none_of_the_others),
		T(test_what_expires_rests_until_the_pair_is_used),
		T(test_refresh_requests_are_about_their_identifiers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
