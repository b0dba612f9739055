/* SPDX-License-Identifier: BSD-2-Clause */
/* A mobile node and a mobile router that look for home agents (RFC 6275 11.4.1, RFC 3963 7). */
#include "mn_role_help.h"

#define ANYCAST	"2001:db8:280:0:fdff:ffff:ffff:fffe"

static void begin(bool router)
{
	w.c.router = router;
	if (!router)
		w.home[0].n_prefix = 0;
	w.home[0].n_ha = 0;
	w.home[0].discover = true;
	start();
}

/* The one request that went out: its identifier. */
static uint16_t request(const char *coa)
{
	const struct fake_icmp *f = fake_icmp_pop();
	uint16_t id;

	assert_non_null(f);
	assert_int_equal(f->m.type, ICMP6_DHAAD_REQ);
	assert_int_equal(f->m.dhaad.r, w.c.router);
	assert_true(is6(&f->tx.src, coa) && is6(&f->tx.dst, ANYCAST));
	assert_false(f->tx.has_hao || f->tx.has_rh2);	/* 6.5: nothing is registered yet */
	id = f->m.dhaad.id;
	assert_int_equal(fake_icmp_count(), 0);
	return id;
}

static void reply_r(uint16_t id, const char *coa, const char *first, const char *second, bool r)
{
	struct icmp6_rx rx = { .src = ip6("2001:db8:280::9"), .dst = ip6(coa), .at = run_now() };
	struct icmp6_msg m = { .type = ICMP6_DHAAD_REP,
			       .dhaad = { .id = id, .r = r } };

	if (first)
		m.dhaad.ha[m.dhaad.n++] = ip6(first);
	if (second)
		m.dhaad.ha[m.dhaad.n++] = ip6(second);
	fake_icmp_rx(&rx, &m);
	turn();
}

static void reply(uint16_t id, const char *coa, const char *first, const char *second)
{
	reply_r(id, coa, first, second, w.c.router);
}

static void found_and_registers(bool router)
{
	struct mn_info i;
	struct bu b;
	uint16_t id;

	begin(router);
	foreign1();
	no_bu();
	id = request(COA1);
	reply((uint16_t)(id + 1), COA1, HA1, NULL);
	no_bu();
	reply(id, COA2, HA1, NULL);		/* to another address */
	no_bu();
	reply(id, COA1, HA2, HA1);
	b = one_bu();
	assert_true(is6(&b.dst, HA2) && !b.dereg);
	assert_true(mn_home(mn, 0, &i));
	assert_int_equal(i.bul->n_cand, 2);
	assert_int_equal(mn_stats(mn).dhaad_answered, 1);
	advance(3);
	assert_int_equal(fake_icmp_count(), 0);	/* asked enough */
}

static void test_host_finds_its_home_agent(void **state)
{
	(void)state;
	found_and_registers(false);
}

static void test_router_finds_its_home_agent(void **state)
{
	(void)state;
	found_and_registers(true);
}

/* RFC 3963 7.2: it names home agents of hosts. Nobody signs it, so the true one is awaited. */
static void test_answer_without_r_does_not_end_a_routers_question(void **state)
{
	struct bu b;
	uint16_t id;

	(void)state;
	begin(true);
	foreign1();
	id = request(COA1);
	reply_r(id, COA1, HA2, NULL, false);
	no_bu();
	advance(3);
	assert_int_equal(request(COA1), id);	/* asked again as if nobody had answered */
	reply(id, COA1, HA1, NULL);
	b = one_bu();
	assert_true(is6(&b.dst, HA1));
}

static void test_request_goes_on_from_where_the_node_is(void **state)
{
	struct bu b;
	uint16_t id;

	(void)state;
	begin(false);
	foreign1();
	id = request(COA1);
	advance(3);
	assert_int_equal(request(COA1), id);
	foreign2();
	assert_int_equal(request(COA2), id);
	reply(id, COA2, NULL, NULL);		/* an empty list: who sent it */
	b = one_bu();
	assert_true(is6(&b.dst, "2001:db8:280::9"));
}

static void test_nobody_is_asked_at_home_or_nowhere(void **state)
{
	(void)state;
	begin(false);
	foreign1();
	request(COA1);
	lost();
	advance(100);
	assert_int_equal(fake_icmp_count(), 0);
	at_home();
	dad_says(false);
	advance(100);
	assert_int_equal(fake_icmp_count(), 0);
	no_bu();
	foreign1();
	request(COA1);
}

/* ---- the operator asks ---- */

static void registered_at(const char *ha)
{
	struct bu b = one_bu();

	assert_true(is6(&b.dst, ha));
	accept_bu(&b);
}

static const struct ev_discovery *told(const char *state)
{
	const struct ev_discovery *e = &last_event[EV_discovery].discovery;

	assert_string_equal(e->state, state);
	assert_true(is6(&e->home_address, HOA));
	return e;
}

static void test_operator_sees_what_is_found_and_it_is_not_used(void **state)
{
	const struct in6_addr hoa = ip6(HOA), other = ip6(COA1);
	struct mn_info i;
	uint16_t id;

	(void)state;
	w.c.router = true;
	start();
	assert_int_equal(mn_discover(mn, NULL), -EADDRNOTAVAIL);
	foreign1();
	registered_at(HA1);
	assert_int_equal(mn_discover(mn, &other), -ENOENT);
	assert_int_equal(mn_discover(mn, &hoa), 1);
	turn();
	id = request(COA1);
	assert_int_equal(told("asking")->tries, 1);
	advance(3);
	assert_int_equal(request(COA1), id);
	assert_int_equal(told("asking")->tries, 2);
	reply_r(id, COA1, HA2, NULL, false);
	assert_true(is6(&told("useless")->from, "2001:db8:280::9"));
	reply(id, COA1, HA2, HA1);
	assert_int_equal(told("answered")->agents, 2);
	assert_true(mn_home(mn, 0, &i));
	assert_int_equal(i.n_found, 2);
	assert_true(is6(&i.found[0], HA2) && is6(&i.found[1], HA1));
	assert_int_equal(i.bul->n_cand, 1);
	assert_true(is6(&i.bul->ha, HA1) && i.bul->state == BUL_BOUND);
	no_bu();
	advance(20);
	assert_int_equal(fake_icmp_count(), 0);
}

static void test_operator_renews_the_candidates_and_nobody_moves(void **state)
{
	struct mn_info i;
	uint16_t id;

	(void)state;
	begin(false);
	foreign1();
	reply(request(COA1), COA1, HA1, NULL);
	registered_at(HA1);
	assert_int_equal(mn_discover(mn, NULL), 1);
	turn();
	id = request(COA1);
	reply(id, COA1, HA2, "2001:db8:280::3");
	assert_true(mn_home(mn, 0, &i));
	/* first the one that has the binding, then those that are there now */
	assert_int_equal(i.bul->n_cand, 3);
	assert_true(is6(&i.bul->cand[0], HA1) && is6(&i.bul->cand[1], HA2));
	assert_true(is6(&i.bul->ha, HA1) && i.bul->state == BUL_BOUND);
	no_bu();
}

static void test_operators_question_is_one_round(void **state)
{
	unsigned asked = 0;

	(void)state;
	w.c.router = true;
	start();
	foreign1();
	registered_at(HA1);
	assert_int_equal(mn_discover(mn, NULL), 1);
	assert_int_equal(mn_discover(mn, NULL), 1);	/* under way already */
	turn();
	request(COA1);
	foreign2();
	request(COA2);				/* it goes on from there */
	registered_at(HA1);
	for (unsigned i = 0; i < 200; i++) {
		advance(1);
		for (; fake_icmp_count(); asked++)
			fake_icmp_pop();
		if (fake_mh_count())
			fake_mh_pop();
	}
	assert_int_equal(asked, w.c.timers.dhaad_retries);
	told("unanswered");
	assert_int_equal(n_event[EV_discovery], 2 + asked + 1);
	/* and where there is no care-of address it ends at once */
	assert_int_equal(mn_discover(mn, NULL), 1);
	turn();
	request(COA2);
	lost();
	told("stopped");
	advance(10);
	assert_int_equal(fake_icmp_count(), 0);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_host_finds_its_home_agent),
		T(test_router_finds_its_home_agent),
		T(test_answer_without_r_does_not_end_a_routers_question),
		T(test_request_goes_on_from_where_the_node_is),
		T(test_nobody_is_asked_at_home_or_nowhere),
		T(test_operator_sees_what_is_found_and_it_is_not_used),
		T(test_operator_renews_the_candidates_and_nobody_moves),
		T(test_operators_question_is_one_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
