/* SPDX-License-Identifier: BSD-2-Clause */
/* A mobile router with two uplinks and a correspondent that does RFC 5648, or does not. */
#include "role/mn_bids_help.h"
#include "role/ro_role_help.h"

static struct mn_peer_info row[4];

/* The rows of `mip6ctl peer`. */
static unsigned rows(void)
{
	struct mn_peer_info last = { 0 };
	unsigned n = 0;

	while (n < ARRAY_SIZE(row) && mn_peer_next(mn, &last, &row[n])) {
		last = row[n];
		n++;
	}
	return n;
}

/* The care-of test that is asked for there is answered; the option that it carried. */
static struct mhopt_bid care_of_test(const char *coa, int ifindex)
{
	const struct fake_mh *f = sent(MH_COTI);
	struct mhopt_bid bid;

	assert_non_null(f);
	assert_true(is6(&f->tx.src, coa) && f->tx.ifindex == ifindex);
	bid = f->m.opt.n_bid ? f->m.opt.bid[0] : (struct mhopt_bid){ 0 };
	test_answer(MH_COT, coa, f->m.ti.cookie, ifindex);
	return bid;
}

/* Both uplinks registered, the peer knows the first one. */
static void first(bool with_bids)
{
	struct update u;

	ro_on();
	both();
	u = tested();
	assert_true(u.bid.bid == 1 && u.bid.prio == 1 && u.overwrite);
	assert_int_equal(rows(), 1);
	if (!with_bids)
		u.bid.bid = 0;
	memset(n_event, 0, sizeof(n_event));
	answer_bu(&u, 0, true);
	assert_true(in_kernel(STATE COA1 " data"));
	assert_int_equal(n_event[EV_bul_add], 1);
}

/* What the home agent is told, it takes. */
static struct bu home_told(void)
{
	struct bu b;

	assert_true(home_bu(HA1, &b));
	accept_bu(&b);
	return b;
}

static struct update second(void)
{
	struct mhopt_bid bid = care_of_test(COA2, WWAN0);
	struct update u = update();

	assert_int_equal(bid.bid, 2);
	assert_true(u.bid.bid == 2 && u.bid.prio == 2 && is6(&u.bid.coa.a.in6, COA2));
	assert_true(is6(&u.src, COA2) && u.ifindex == WWAN0 && !u.overwrite);
	return u;
}

/* And the second one. */
static void both_there(void)
{
	struct update u;

	first(true);
	u = second();
	answer_bu(&u, 0, true);
}

static void test_each_care_of_address_is_registered_from_its_uplink(void **state)
{
	(void)state;
	both_there();
	assert_int_equal(n_event[EV_bul_add], 2);
	assert_int_equal(last_event[EV_bul_add].bul_add.bid, 2);
	assert_true(is6(&last_event[EV_bul_add].bul_add.care_of.a.in6, COA2));
	assert_true(in_kernel(STATE COA1 " data"));	/* data stay where they were */
	assert_int_equal(rows(), 2);
	assert_true(!row[0].other && row[0].ro->bid == 1 && row[0].optimized);
	assert_true(row[1].other && row[1].other->bid == 2 && is6(&row[1].peer, CN));
	none_sent();
	/* its loss: the peer may keep it, we do not count on it */
	wwan_lost();
	assert_int_equal(rows(), 1);
	assert_int_equal(n_event[EV_bul_remove], 1);
	assert_true(is6(&last_event[EV_bul_remove].bul_remove.peer, CN));
	assert_int_equal(last_event[EV_bul_remove].bul_remove.bid, 2);
	assert_true(in_kernel(STATE COA1 " data"));
}

static void test_the_preferred_one_is_lost(void **state)
{
	struct update u;
	struct bu b;

	(void)state;
	both_there();
	memset(n_event, 0, sizeof(n_event));
	lost();
	u = update();			/* the other path is registered: nothing to wait for */
	assert_true(u.bid.bid == 2 && u.bid.prio == 1 && is6(&u.src, COA2) && !u.overwrite);
	answer_bu(&u, 0, true);
	assert_true(in_kernel(STATE COA2 " data"));
	assert_int_equal(rows(), 1);
	assert_int_equal(row[0].ro->bid, 2);
	/* it comes back: a test, and the one in use meanwhile is less preferred again */
	for (int i = 0; i < 3; i++) {
		advance(1.1);
		while (home_bu(HA1, &b))
			accept_bu(&b);
	}
	foreign1();
	home_told();
	assert_int_equal(care_of_test(COA1, WLAN0).bid, 1);
	u = update();
	assert_true(u.bid.bid == 1 && u.bid.prio == 1 && is6(&u.src, COA1));
	answer_bu(&u, 0, true);
	assert_true(in_kernel(STATE COA1 " data"));
	u = update();
	assert_true(u.bid.bid == 2 && u.bid.prio == 2);
	answer_bu(&u, 0, true);
	assert_int_equal(rows(), 2);
}

static void test_a_peer_without_rfc_5648_has_one(void **state)
{
	(void)state;
	first(false);
	care_of_test(COA2, WWAN0);		/* in readiness all the same */
	assert_null(sent(MH_BU));
	assert_int_equal(rows(), 1);
}

/* It takes no second one; or does not any more, and has the last one that it was told. */
static void test_refused_or_forgotten_identifiers_leave_the_preferred_one(void **state)
{
	struct update u;

	(void)state;
	first(true);
	u = second();
	answer_bu(&u, BA_NO_RESOURCES, true);
	assert_int_equal(rows(), 1);
	assert_null(sent(MH_BU));
	assert_true(in_kernel(STATE COA1 " data"));
	teardown(state);
	setup_bids(state);
	first(true);
	u = second();
	u.bid.bid = 0;
	answer_bu(&u, 0, true);
	assert_false(in_kernel(STATE COA1 " data"));	/* it sends to the other one */
	u = update();
	assert_true(!u.bid.bid && is6(&u.src, COA1));
	answer_bu(&u, 0, true);
	assert_true(in_kernel(STATE COA1 " data"));
	assert_int_equal(rows(), 1);
}

static void asks_for(uint16_t bid)
{
	struct mh_rx rx = { .src = ip6(CN), .dst = ip6(HOA) };
	struct mh_msg m = { .type = MH_BRR };

	m.opt.n_bid = bid != 0;
	m.opt.bid[0].bid = bid;
	fake_mh_rx_msg(&rx, &m);
	turn();
}

/* RFC 5648 5.8 */
static void test_a_refresh_request_names_what_is_told(void **state)
{
	struct update u;

	(void)state;
	both_there();
	advance(11);
	asks_for(7);				/* none of ours */
	none_sent();
	asks_for(2);
	u = update();
	assert_int_equal(u.bid.bid, 2);
	answer_bu(&u, 0, true);
	none_sent();
	asks_for(2);				/* nobody signs that: not again at once */
	none_sent();
}

static void test_all_end_with_the_home_address(void **state)
{
	struct update u;

	(void)state;
	both_there();
	memset(n_event, 0, sizeof(n_event));
	mn_stop(mn, on_done, NULL);
	turn();
	u = update();
	assert_true(u.lifetime == 0 && !u.bid.bid);	/* all of them (5.4) */
	answer_bu(&u, 0, true);
	assert_int_equal(n_event[EV_bul_remove], 2);
	for (int i = 0; i < 40 && done_rc == 1; i++) {
		struct bu b;

		while (home_bu(HA1, &b))
			accept_bu(&b);
		advance(0.5);
	}
	assert_int_equal(done_rc, 0);
	assert_int_equal(fake_kern_count(), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_bids, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_each_care_of_address_is_registered_from_its_uplink),
		T(test_the_preferred_one_is_lost),
		T(test_a_peer_without_rfc_5648_has_one),
		T(test_refused_or_forgotten_identifiers_leave_the_preferred_one),
		T(test_a_refresh_request_names_what_is_told),
		T(test_all_end_with_the_home_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
