/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile router and what comes back: judging answers, timestamps, refusals. */
#include "role/mn_role_help.h"

#include <stdlib.h>

/* ---- what is not believed (RFC 6275 11.7.3, RFC 4285 5 and 6) ---- */

static void test_answers_that_are_not_proven_are_ignored(void **state)
{
	static const struct { struct ba a; uint64_t bad_auth, unexpected; } row[] = {
		{ { .no_auth = true }, 1, 0 },
		{ { .bad_mac = true }, 1, 0 },
		{ { .bad_spi = true }, 1, 0 },
		{ { .no_auth = true, .status = 146 }, 1, 0 },	/* its key is not ours */
		{ { .bad_mac = true, .status = 146 }, 1, 0 },
		{ { .bad_mac = true, .status = 129 }, 1, 0 },
		{ { .bad_mac = true, .status = 135, .other_seq = true, .seq = 9 }, 1, 0 },
		{ { .bad_mac = true, .status = 144 }, 1, 0 },
		{ { .no_stamp = true }, 0, 1 },
		{ { .stamp = 1 }, 0, 1 },
		{ { .stamp = 1, .status = 135 }, 0, 1 },
		{ { .stamp = 1, .status = 144 }, 0, 1 },
		{ { .no_stamp = true, .status = 135 }, 0, 1 },
		{ { .other_seq = true, .seq = 0 }, 0, 1 },	/* 41 is what we send */
		{ { .src = HA2 }, 0, 1 },
		{ { .rh2 = COA2 }, 0, 1 },
		{ { .with_hao = true }, 0, 1 },
	};
	struct bu b;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	if (b.seq == 0)
		return;			/* one run in 65536 */
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct mn_stats was = mn_stats(mn);

		answer_with(&b, &row[i].a);
		assert_int_equal(state_now(), BUL_WAIT_BA);
		no_bu();
		assert_int_equal(mn_stats(mn).ba_bad_auth - was.ba_bad_auth, row[i].bad_auth);
		assert_int_equal(mn_stats(mn).ba_unexpected - was.ba_unexpected,
				 row[i].unexpected);
		assert_int_equal(n_event[EV_refused], 0);
	}
	accept_bu(&b);			/* and nothing of it hurt */
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_answer_for_nobody_is_counted(void **state)
{
	struct mh_msg m = { .type = MH_BA };
	struct mh_rx rx = { .src = ip6(HA1), .dst = ip6(HOA2) };

	(void)state;
	start();
	fake_mh_rx_msg(&rx, &m);
	assert_int_equal(mn_stats(mn).ba_unexpected, 1);
	rx.dst = ip6(HOA);
	fake_mh_rx_msg(&rx, &m);	/* before anything was asked */
	assert_int_equal(mn_stats(mn).ba_unexpected, 2);
	assert_int_equal(state_now(), BUL_IDLE);
}

static void test_without_security_the_sequence_number_must_do(void **state)
{
	struct bu b;

	(void)state;
	w.home[0].sec = (struct sec_conf){ .method = SEC_NONE };
	start();
	foreign1();
	b = one_bu();
	assert_int_equal(b.stamp, 0);
	ANSWER(&b, .other_seq = true, .seq = (uint16_t)(b.seq + 1));
	assert_int_equal(state_now(), BUL_WAIT_BA);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
}

/* K asks a key management protocol to move with us: there is none (RFC 6275 6.1.8, 11.7.3). */
static void test_k_of_the_answer_changes_nothing(void **state)
{
	char *without;
	struct bu b;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .lifetime = 600);
	turn();
	without = strdup(fake_kern_dump());
	assert_non_null(without);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(state_now(), BUL_BOUND);
		assert_string_equal(fake_kern_dump(), without);
		advance(1);
		mn_refresh(mn, NULL);
		turn();
		b = one_bu();		/* asks for no K: check_bu() */
		ANSWER(&b, .lifetime = 600, .k = true);
		turn();
	}
	free(without);
}

/* ---- timestamps (RFC 4285 6) ---- */

/* A home agent with a clock: 144 with its seconds unless the stamp is near and newer. */
static uint8_t ha_judges(const struct bu *b, uint64_t *last, double ha_wall)
{
	uint64_t now = ntp_from_unix(ha_wall);

	if (replay_check(b->stamp, *last, now, 7) == REPLAY_OK) {
		*last = b->stamp;
		accept_bu(b);
		return 0;
	}
	ANSWER(b, .status = 144, .stamp = replay_answer(b->stamp, now));
	return 144;
}

static void test_wrong_clock_registers_on_the_second_update(void **state)
{
	static const double our_clock[] = {
		0,			/* 1970 */
		2208988800.,		/* 2040 */
		1767225600. - 30, 1767225600. + 30,
	};
	const double ha_clock = 1767225600.3;	/* 2026 */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(our_clock); i++) {
		uint64_t last = 0;
		struct bu b;

		teardown(NULL);
		setup(NULL);
		fake_run_set_wall(our_clock[i]);
		start();
		foreign1();
		b = one_bu();
		assert_int_equal(ha_judges(&b, &last, ha_clock), 144);
		b = one_bu();
		assert_int_equal(ha_judges(&b, &last, ha_clock + 0.05), 0);
		assert_int_equal(state_now(), BUL_BOUND);
		assert_true(fabs(run_wall() - our_clock[i]) < 1);	/* untouched */
		/* and keeps being right */
		advance(540.5);
		assert_true(next_bu(&b));
		assert_int_equal(ha_judges(&b, &last, ha_clock + 540.5), 0);
	}
}

static void test_clock_that_is_set_while_we_run_is_followed(void **state)
{
	const double ha_clock = 1767225600.3;
	uint64_t last = 0;
	struct bu b;

	(void)state;
	fake_run_set_wall(0);
	start();
	foreign1();
	b = one_bu();
	ha_judges(&b, &last, ha_clock);
	b = one_bu();
	ha_judges(&b, &last, ha_clock);
	fake_run_set_wall(ha_clock + 10);	/* somebody set it right: now the offset is wrong */
	advance(10);
	foreign2();
	b = one_bu();
	assert_int_equal(ha_judges(&b, &last, ha_clock + 20), 144);
	b = one_bu();
	assert_int_equal(ha_judges(&b, &last, ha_clock + 20), 0);
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_timestamps_only_grow_though_the_clock_steps_back(void **state)
{
	struct bu b, c;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	fake_run_set_wall(run_wall() - 3);
	advance(1.6);
	c = one_bu();
	assert_true(c.stamp > b.stamp);
	accept_bu(&c);
	foreign2();
	b = one_bu();
	assert_true(b.stamp > c.stamp);
}

/* The right second, but another node's newer stamp was accepted: go on above it. */
static void test_stamp_refused_in_the_same_second_moves_on(void **state)
{
	struct bu b, c;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .status = 144);
	c = one_bu();
	assert_true(ntp_diff(c.stamp, b.stamp) > 0.5 && ntp_diff(c.stamp, b.stamp) < 1.5);
}

static void test_home_agent_that_wants_timestamps_gets_them(void **state)
{
	struct bu b;

	(void)state;
	w.home[0].sec.timestamps = false;
	start();
	foreign1();
	b = one_bu();
	assert_int_equal(b.stamp, 0);
	ANSWER(&b, .status = 145);
	b = one_bu();
	assert_true(b.stamp != 0);
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
}

/* ---- refusals ---- */

static void test_unauthorised_prefix_is_told_and_retried_later(void **state)
{
	struct bu b;

	(void)state;
	registered();
	advance(540.5);
	assert_true(next_bu(&b));
	while (fake_mh_pop())
		;
	ANSWER(&b, .status = 142);
	assert_int_equal(state_now(), BUL_BACKOFF);
	assert_int_equal(n_event[EV_refused], 1);
	assert_int_equal(last_event[EV_refused].refused.status, 142);
	assert_int_equal(info().prefix[0].status, MNP_REFUSED);
	assert_int_equal(info().prefix[0].code, 142);
	assert_false(last_event[EV_prefix_state].prefix_state.up);
	assert_string_equal(last_event[EV_prefix_state].prefix_state.reason, "refused");
	/* RFC 3963 5.4: no binding was made, so nothing may be sent there */
	assert_string_equal(default_dev(AF_INET6), "");
	assert_int_equal(n_event[EV_bul_remove], 1);
	assert_string_equal(last_event[EV_bul_remove].bul_remove.reason, "refused");
	advance(31);
	assert_true(next_bu(&b));
	accept_bu(&b);
	assert_int_equal(info().prefix[0].status, MNP_ACCEPTED);
	assert_true(last_event[EV_prefix_state].prefix_state.up);
}

static bool says(const char *words)
{
	return info().problem && strstr(info().problem, words);
}

/* By the present exchange: silence, what cannot be verified, a refusal. */
static void test_why_there_is_no_registration_is_told(void **state)
{
	struct bu b;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	advance(1.6);
	b = one_bu();
	assert_null(info().problem);		/* two may be lost */
	advance(3.1);
	b = one_bu();
	assert_true(says("no answer"));
	ANSWER(&b, .bad_mac = true);
	assert_true(says("spi and key"));
	accept_bu(&b);
	assert_null(info().problem);
	advance(540.5);
	assert_true(next_bu(&b));
	ANSWER(&b, .status = 142);
	assert_true(says("(142)"));
	advance(31);
	assert_true(next_bu(&b));
	assert_null(info().problem);		/* another question */
	accept_bu(&b);
	assert_null(info().problem);
}

static void test_refresh_refused_for_want_of_room_keeps_the_binding(void **state)
{
	struct bu b;

	(void)state;
	registered();
	advance(540.5);
	assert_true(next_bu(&b));
	while (fake_mh_pop())
		;
	ANSWER(&b, .status = 130);
	assert_int_equal(state_now(), BUL_BACKOFF);
	assert_string_equal(default_dev(AF_INET6), "mip0a");
	advance(31);
	assert_true(next_bu(&b));
	accept_bu(&b);
	assert_int_equal(state_now(), BUL_BOUND);
}

static void test_refresh_advice_is_followed(void **state)
{
	struct bu b;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .advice = 60);
	advance(59);
	no_bu();
	advance(1.5);
	one_bu();
}

static void test_type_change_refused_deregisters_and_tries_again(void **state)
{
	struct bu b, c;

	(void)state;
	start();
	foreign1();
	b = one_bu();
	ANSWER(&b, .status = 139);
	assert_true(next_bu(&b));
	assert_true(b.dereg);
	c = one_bu();
	assert_false(c.dereg);
	accept_bu(&c);
	assert_int_equal(state_now(), BUL_BOUND);
}

/* ---- other messages ---- */

static void send_other(uint8_t type, const char *src, const char *dst, uint8_t status,
		       const char *hoa)
{
	struct mh_msg m = { .type = type };
	struct mh_rx rx = { .src = ip6(src), .dst = ip6(dst) };

	if (type == MH_BE) {
		m.be.status = status;
		m.be.hoa = ip6(hoa);
	}
	fake_mh_rx_msg(&rx, &m);
	turn();
}

static void test_refresh_request_counts_only_from_the_home_agent(void **state)
{
	struct bu b;

	(void)state;
	start();
	send_other(MH_BRR, HA1, HOA, 0, NULL);
	no_bu();
	foreign1();
	b = one_bu();
	accept_bu(&b);
	send_other(MH_BRR, HA2, HOA, 0, NULL);
	send_other(MH_BRR, HA1, HOA2, 0, NULL);
	no_bu();
	send_other(MH_BRR, HA1, HOA, 0, NULL);
	one_bu();
	send_other(MH_BRR, HA1, HOA, 0, NULL);	/* one is under way */
	no_bu();
	assert_int_equal(mn_stats(mn).brr, 5);
}

static void test_binding_error_counts_only_from_the_home_agent(void **state)
{
	struct bu b;

	(void)state;
	registered();
	send_other(MH_BE, HA2, COA1, 1, HOA);
	send_other(MH_BE, HA1, COA1, 1, HOA2);
	send_other(MH_BE, HA1, COA1, 2, HOA);
	no_bu();
	send_other(MH_BE, HA1, COA1, 1, HOA);
	b = one_bu();
	assert_int_equal(mn_stats(mn).forgotten, 1);
	accept_bu(&b);
	send_other(MH_BE, HA1, COA1, 1, HOA);	/* a forger does not make us send on and on */
	no_bu();
	advance(4.1);
	send_other(MH_BE, HA1, COA1, 1, HOA);
	one_bu();
	assert_int_equal(mn_stats(mn).forgotten, 2);
}

static void icmp_error_of(const char *who, uint8_t code, const char *src, const char *dst,
			  const char *hao, uint8_t mh_type)
{
	struct icmp6_msg m = { .type = ICMP6_PARAMPROB_, .code = code };
	struct icmp6_rx rx = { .src = ip6(who), .dst = ip6(src) };

	m.err.src = ip6(src);
	m.err.dst = ip6(dst);
	m.err.has_hao = hao != NULL;
	if (hao)
		m.err.hao = ip6(hao);
	m.err.proto = IPPROTO_MH_;
	m.err.mh_type = mh_type;
	fake_icmp_rx(&rx, &m);
	turn();
}

static void icmp_error(uint8_t code, const char *src, const char *dst, const char *hao,
		       uint8_t mh_type)
{
	icmp_error_of(dst, code, src, dst, hao, mh_type);
}

static void test_node_without_mobility_is_left_for_the_next_home_agent(void **state)
{
	struct bu b;

	(void)state;
	w.home[0].home_agents[1] = ip6(HA2);
	w.home[0].n_ha = 2;
	start();
	icmp_error(1, COA1, HA1, HOA, MH_BU);	/* nothing was sent */
	foreign1();
	one_bu();
	icmp_error(1, COA1, HA2, HOA, MH_BU);
	icmp_error(1, COA1, HA1, HOA2, MH_BU);
	icmp_error(1, COA1, HA1, HOA, MH_HOTI);
	icmp_error(2, COA1, HA1, HOA, MH_BU);	/* 11.3.5: logged and discarded */
	icmp_error_of(HA2, 1, COA1, HA1, HOA, MH_BU);	/* of somebody else, about the home agent */
	no_bu();
	icmp_error(1, COA1, HA1, HOA, MH_BU);
	b = one_bu();
	assert_true(is6(&b.dst, HA2));
	icmp_error(1, COA1, HA2, HOA, MH_BU);	/* not round and round */
	no_bu();
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_answers_that_are_not_proven_are_ignored),
		T(test_answer_for_nobody_is_counted),
		T(test_without_security_the_sequence_number_must_do),
		T(test_k_of_the_answer_changes_nothing),
		T(test_wrong_clock_registers_on_the_second_update),
		T(test_clock_that_is_set_while_we_run_is_followed),
		T(test_timestamps_only_grow_though_the_clock_steps_back),
		T(test_stamp_refused_in_the_same_second_moves_on),
		T(test_home_agent_that_wants_timestamps_gets_them),
		T(test_unauthorised_prefix_is_told_and_retried_later),
		T(test_why_there_is_no_registration_is_told),
		T(test_refresh_refused_for_want_of_room_keeps_the_binding),
		T(test_refresh_advice_is_followed),
		T(test_type_change_refused_deregisters_and_tries_again),
		T(test_refresh_request_counts_only_from_the_home_agent),
		T(test_binding_error_counts_only_from_the_home_agent),
		T(test_node_without_mobility_is_left_for_the_next_home_agent),
	};
#undef T

	return cmocka_run_group_tests_name("role_mn_answer", tests, NULL, NULL);
}
