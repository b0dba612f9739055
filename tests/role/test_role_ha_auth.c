/* SPDX-License-Identifier: BSD-2-Clause */
/* RFC 4285 at the home agent: whom it believes, what it signs, what it remembers. */
#include "ha_role_help.h"

#include <stdio.h>

#define NAI	"bus17@example.org"

static const struct auth_key key = { .spi = SPI, .len = 16, .key = "0123456789abcdef" };
static const struct auth_key other_key = { .spi = SPI, .len = 16, .key = "fedcba9876543210" };
static const struct auth_key other_spi = { .spi = SPI + 1, .len = 16,
					   .key = "0123456789abcdef" };

static struct mobile_node *secure(void)
{
	struct mobile_node *n = world_node(&w, MR);

	n->sec = (struct sec_conf){ .method = SEC_AUTH_OPTION, .key = key, .replay_window = 7,
				    .timestamps = true };
	snprintf(n->nai, sizeof(n->nai), "%s", NAI);
	return n;
}

static uint64_t stamp(double offset)
{
	return ntp_from_unix(run_wall() + offset);
}

#define GOOD(n, ...)	BU(.seq = (n), .key = &key, .stamp = stamp(0), .nai = NAI, ##__VA_ARGS__)

/* The answer carries the option and its MAC is right for this care-of address. */
static void signed_for(const struct fake_mh *f, const char *coa)
{
	struct in6_addr c = ip6(coa), hoa = ip6(MR);

	assert_true(f->m.opt.seen & BIT64(MHOPT_AUTH));
	assert_int_equal(f->m.opt.auth.spi, SPI);
	assert_int_equal(f->m.opt.auth.subtype, 1);
	assert_true(auth_check(&key, &c, &hoa, f->buf, f->m.opt.auth.covered,
			       f->m.opt.auth.data.p, f->m.opt.auth.data.len));
}

static void test_authentic_update_gets_a_signed_answer_with_its_timestamp(void **state)
{
	const struct fake_mh *f;
	uint64_t t;

	(void)state;
	secure();
	start();
	t = stamp(0);
	BU(.seq = 1, .key = &key, .stamp = t, .nai = NAI);
	dad_ends(MR, false);
	kernel_works();
	f = ba_is(BA_ACCEPTED, 1);
	signed_for(f, COA);
	assert_true(f->m.opt.mesg_id == t);
	assert_int_equal(f->m.opt.mn_id.len, strlen(NAI));
	assert_memory_equal(f->m.opt.mn_id.p, NAI, strlen(NAI));
	/* the care-of address of the MAC is the alternate one */
	fake_run_advance(1);
	GOOD(2, .alt = COA2);
	kernel_works();
	signed_for(ba_is(BA_ACCEPTED, 2), COA2);
	/* and at home the home address */
	fake_run_advance(1);
	GOOD(3, .at_home = true, .life = -1);
	kernel_works();
	signed_for(ba_is(BA_ACCEPTED, 3), MR);
}

static void test_what_is_not_authentic_is_dropped_or_refused(void **state)
{
	static const struct {
		const char *what;
		const struct auth_key *key;
		bool bad_mac;
		double offset;			/* 1e9 = no timestamp */
		const char *nai;
		uint8_t status;			/* 0 = silence */
	} row[] = {
		{ "no option", NULL, false, 0, NAI, 0 },
		{ "unknown SPI", &other_spi, false, 0, NAI, 0 },
		{ "bad MAC", &key, true, 0, NAI, BA_AUTH_FAIL },
		{ "other key", &other_key, false, 0, NAI, BA_AUTH_FAIL },
		{ "other key, no timestamp", &other_key, false, 1e9, NAI, BA_AUTH_FAIL },
		{ "no identifier", &key, false, 0, NULL, BA_PROHIBITED },
		{ "other identifier", &key, false, 0, "bus18@example.org", BA_PROHIBITED },
		{ "shorter identifier", &key, false, 0, "bus17@example.or", BA_PROHIBITED },
		{ "no timestamp", &key, false, 1e9, NAI, BA_MESG_ID_REQUIRED },
		{ "late", &key, false, -8, NAI, BA_ID_MISMATCH },
		{ "early", &key, false, 8, NAI, BA_ID_MISMATCH },
	};

	(void)state;
	secure();
	start();
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct fake_mh *f;

		BU(.seq = 1, .key = row[i].key, .bad_mac = row[i].bad_mac, .nai = row[i].nai,
		   .stamp = row[i].offset == 1e9 ? 0 : stamp(row[i].offset));
		f = fake_mh_pop();
		if ((f ? f->m.ba.status : 0) != row[i].status)
			fail_msg("%s: %u", row[i].what, f ? f->m.ba.status : 0);
		if (f)
			signed_for(f, COA);
		if (fake_dad_count() || entry(MR))
			fail_msg("%s: it moved state", row[i].what);
	}
	assert_int_equal(ha_stats(ha).dropped_auth, 2);
	GOOD(1);
	assert_int_equal(fake_dad_count(), 1);
}

static bool names_node(const struct fake_mh *f)
{
	return f->m.opt.seen & BIT64(MHOPT_MN_ID);
}

/* RFC 4283 4.2: only who said it hears it. */
static void test_identifier_is_told_only_to_who_knows_it(void **state)
{
	const struct fake_mh *f;

	(void)state;
	secure();
	start();
	BU(.seq = 1, .key = &other_key, .nai = "guess@example.org", .stamp = stamp(0));
	assert_false(names_node(ba_is(BA_AUTH_FAIL, 1)));
	BU(.seq = 1, .key = &other_key, .stamp = stamp(0));
	assert_false(names_node(ba_is(BA_AUTH_FAIL, 1)));
	BU(.seq = 1, .key = &key, .nai = "guess@example.org", .stamp = stamp(0));
	f = ba_is(BA_PROHIBITED, 1);
	assert_false(names_node(f));
	signed_for(f, COA);
	BU(.seq = 1, .key = &other_key, .nai = NAI, .stamp = stamp(0));
	f = ba_is(BA_AUTH_FAIL, 1);
	assert_int_equal(f->m.opt.mn_id.len, strlen(NAI));
	assert_memory_equal(f->m.opt.mn_id.p, NAI, strlen(NAI));
	signed_for(f, COA);
}

static void test_window_of_the_clock_is_the_configured_one(void **state)
{
	(void)state;
	secure()->sec.replay_window = 20;
	start();
	BU(.seq = 1, .key = &key, .nai = NAI, .stamp = stamp(-19));
	assert_int_equal(fake_dad_count(), 1);
}

static void test_wrong_clock_is_told_ours_and_registers_then(void **state)
{
	static const double wall[] = { 0, 2208988800. };	/* 1970, 2040 */

	for (size_t i = 0; i < ARRAY_SIZE(wall); i++) {
		const struct fake_mh *f;
		uint64_t theirs;

		setup(state);
		secure();
		start();
		theirs = ntp_from_unix(wall[i] + 0.25);
		BU(.seq = 1, .key = &key, .nai = NAI, .stamp = theirs);
		f = ba_is(BA_ID_MISMATCH, 1);
		signed_for(f, COA);
		/* our high half, their low half */
		assert_true(f->m.opt.mesg_id >> 32 == stamp(0) >> 32);
		assert_true((uint32_t)f->m.opt.mesg_id == (uint32_t)theirs);
		BU(.seq = 2, .key = &key, .nai = NAI, .stamp = f->m.opt.mesg_id);
		dad_ends(MR, false);
		kernel_works();
		ba_is(BA_ACCEPTED, 2);
		teardown(state);
	}
	setup(state);
}

static void test_replayed_update_changes_nothing(void **state)
{
	struct bu first = { .seq = 5, .key = &key, .nai = NAI };
	struct in6_addr coa2 = ip6(COA2);

	(void)state;
	secure();
	start();
	first.stamp = stamp(0);
	send_bu(&first);
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 5);
	fake_run_advance(1);
	GOOD(6, .src = COA2);
	kernel_works();
	ba_is(BA_ACCEPTED, 6);
	send_bu(&first);
	ba_is(BA_ID_MISMATCH, 5);
	assert_int_equal(fake_kern_unfinished(), 0);
	assert_true(in6_eq(&entry(MR)->b.coa.a.in6, &coa2));
	assert_int_equal(entry(MR)->b.seq, 6);
	/* also when there is no binding and no number to compare with any more */
	fake_run_advance(1);
	GOOD(7, .life = -1);
	kernel_works();
	ba_is(BA_ACCEPTED, 7);
	fake_run_advance(1);
	first = (struct bu){ .seq = 8, .key = &key, .nai = NAI, .stamp = stamp(0) };
	send_bu(&first);
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 8);
	assert_int_equal(ha_flush(ha, NULL), 1);
	kernel_works();
	assert_null(entry(MR));
	send_bu(&first);
	ba_is(BA_ID_MISMATCH, 8);
	assert_int_equal(fake_dad_count(), 0);
}

static void test_timestamp_of_a_refused_update_is_not_used_up(void **state)
{
	uint64_t t;

	(void)state;
	secure();
	start();
	t = stamp(0);
	BU(.seq = 1, .key = &key, .nai = NAI, .stamp = t, .mnp = MNP3);
	ba_is(BA_PREFIX_UNAUTHORIZED, 1);
	BU(.seq = 2, .key = &key, .nai = NAI, .stamp = t);
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	BU(.seq = 3, .key = &key, .nai = NAI, .stamp = t);
	ba_is(BA_ID_MISMATCH, 3);
}

static void test_timestamps_that_are_not_mandated_are_still_checked(void **state)
{
	(void)state;
	secure()->sec.timestamps = false;
	start();
	BU(.seq = 1, .key = &key, .nai = NAI, .stamp = stamp(-100));
	ba_is(BA_ID_MISMATCH, 1);
	BU(.seq = 1, .key = &key, .nai = NAI);
	assert_int_equal(fake_dad_count(), 1);
	dad_ends(MR, false);
	kernel_works();
	assert_false(ba_is(BA_ACCEPTED, 1)->m.opt.seen & BIT64(MHOPT_MESG_ID));
}

static void test_numbers_are_never_forgotten_where_nothing_else_protects(void **state)
{
	const struct bu first = { .seq = 5, .key = &key, .nai = NAI };

	(void)state;
	secure()->sec.timestamps = false;
	start();
	send_bu(&first);
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 5);
	BU(.seq = 6, .key = &key, .nai = NAI, .life = -1);
	kernel_works();
	ba_is(BA_ACCEPTED, 6);
	fake_run_advance(100000);
	assert_null(entry(MR));
	send_bu(&first);
	ba_is(BA_SEQUENCE, 6);
	/* nor after an expiry */
	BU(.seq = 7, .key = &key, .nai = NAI);
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 7);
	fake_run_advance(601);
	kernel_works();
	assert_null(entry(MR));
	send_bu(&first);
	ba_is(BA_SEQUENCE, 7);
}

static void test_forged_update_does_not_disturb_what_is_under_way(void **state)
{
	struct in6_addr coa = ip6(COA);

	(void)state;
	secure();
	start();
	GOOD(1);
	BU(.src = COA2, .seq = 50, .key = &other_key, .nai = NAI, .stamp = stamp(0));
	ba_is(BA_AUTH_FAIL, 50);
	BU(.at_home = true, .seq = 51, .life = -1);
	silence();
	assert_int_equal(fake_dad_count(), 1);
	dad_ends(MR, false);
	/* now in the kernel: the forged one must not push the good one out of the queue */
	fake_run_advance(1);
	GOOD(2);
	BU(.src = COA2, .seq = 60, .key = &other_key, .nai = NAI, .stamp = stamp(0));
	ba_is(BA_AUTH_FAIL, 60);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	ba_is(BA_ACCEPTED, 2);
	assert_true(in6_eq(&entry(MR)->b.coa.a.in6, &coa));
}

static void test_refusal_of_the_rules_is_signed_too(void **state)
{
	(void)state;
	secure();
	start();
	GOOD(1, .mnp = MNP3);
	signed_for(ba_is(BA_PREFIX_UNAUTHORIZED, 1), COA);
	GOOD(2, .life = -1);
	signed_for(ba_is(BA_NOT_HA, 2), COA);
	GOOD(3);
	dad_ends(MR, true);
	signed_for(ba_is(BA_DAD_FAILED, 3), COA);
}

static void test_node_without_key_and_the_option(void **state)
{
	struct mobile_node *n = world_node(&w, MR);

	(void)state;
	start();
	/* RFC 4285 5.1.1: what cannot be verified is discarded, also if none is asked for */
	BU(.seq = 1, .key = &key);
	silence();
	assert_int_equal(fake_dad_count(), 0);
	/* a timestamp alone is given back */
	BU(.seq = 1, .stamp = 77);
	dad_ends(MR, false);
	kernel_works();
	assert_true(ba_is(BA_ACCEPTED, 1)->m.opt.mesg_id == 77);
	/* the identifier is checked where one is configured */
	snprintf(n->nai, sizeof(n->nai), "%s", NAI);
	BU(.seq = 2);
	ba_is(BA_PROHIBITED, 2);
	BU(.seq = 2, .nai = NAI);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	/* no method is no permission */
	n->sec.method = SEC_UNSET;
	BU(.seq = 3, .nai = NAI);
	silence();
}

static void test_option_of_the_aaa_kind_is_no_substitute(void **state)
{
	struct bu b = { .seq = 1, .key = &key, .nai = NAI };
	uint8_t buf[MH_MAX_LEN];
	struct in6_addr coa = ip6(COA), hoa = ip6(MR);
	struct mh_rx rx;
	size_t mac_at;

	(void)state;
	secure();
	start();
	b.stamp = stamp(0);
	mac_at = bu_build(&b, &rx, buf);
	buf[mac_at - 5] = 2;		/* subtype, before the SPI */
	auth_mac(&key, &coa, &hoa, buf, mac_at, buf + mac_at);
	fake_mh_rx(&rx);
	silence();
	assert_int_equal(fake_dad_count(), 0);
}

/* ---- floods ---- */

static unsigned answers(uint8_t status)
{
	unsigned n = 0;

	for (; fake_mh_count(); n++)
		assert_int_equal(ba()->m.ba.status, status);
	return n;
}

static void test_refusals_that_anybody_can_cause_are_limited(void **state)
{
	unsigned told;

	(void)state;
	secure();
	start();
	for (unsigned i = 0; i < 1000; i++)
		BU(.hoa = STRANGER, .seq = 1, .flags = AH);
	assert_int_equal(answers(BA_PROHIBITED), 10);
	assert_int_equal(n_event[EV_refused], 10);
	assert_int_equal(ha_stats(ha).refused_by[BA_PROHIBITED], 10);
	assert_int_equal(ha_stats(ha).dropped, 990);
	/* who is accepted does not suffer from it, with a key and without */
	GOOD(1);
	BU(.hoa = HOST, .seq = 1, .flags = AH);
	dad_ends(MR, false);
	dad_ends(HOST, false);
	kernel_works();
	assert_int_equal(answers(BA_ACCEPTED), 2);
	fake_run_advance(0.5);
	told = n_event[EV_refused];
	for (unsigned i = 0; i < 1000; i++)
		BU(.seq = 2, .key = &other_key, .nai = NAI, .stamp = stamp(0));
	assert_int_equal(answers(BA_AUTH_FAIL), 5);
	assert_int_equal(n_event[EV_refused] - told, 5);
	fake_run_advance(100);
	for (unsigned i = 0; i < 1000; i++)
		BU(.hoa = "2001:db8:999::1", .seq = 1);
	assert_int_equal(answers(BA_NOT_HOME_SUBNET), 10);
}

/* Who has the key gets every answer; the monitors need not see each. */
static void test_refusals_of_who_has_the_key_are_all_answered(void **state)
{
	(void)state;
	secure();
	start();
	for (unsigned i = 0; i < 100; i++)
		GOOD(1, .mnp = MNP3);
	assert_int_equal(answers(BA_PREFIX_UNAUTHORIZED), 100);
	assert_int_equal(n_event[EV_refused], 10);
	for (unsigned i = 0; i < 100; i++)
		BU(.seq = 1, .key = &key, .nai = NAI, .stamp = stamp(-100));
	assert_int_equal(answers(BA_ID_MISMATCH), 100);
	BU(.hoa = STRANGER, .seq = 1, .flags = AH);	/* limits of its own */
	assert_int_equal(answers(BA_PROHIBITED), 1);
	assert_int_equal(n_event[EV_refused], 11);
}

/* A recorded update is authentic wherever it is sent from; its answers would go there. */
static void test_answers_to_recorded_updates_from_elsewhere_are_limited(void **state)
{
	(void)state;
	secure();
	start();
	for (unsigned i = 0; i < 100; i++)
		BU(.seq = 1, .src = COA2, .alt = COA, .key = &key, .nai = NAI,
		   .stamp = stamp(-100));
	assert_int_equal(answers(BA_ID_MISMATCH), 10);
	BU(.seq = 1, .src = COA2, .alt = COA, .key = &key, .nai = NAI, .stamp = stamp(0),
	   .mnp = MNP3);
	assert_int_equal(answers(BA_PREFIX_UNAUTHORIZED), 1);	/* that one is new */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_authentic_update_gets_a_signed_answer_with_its_timestamp),
		T(test_what_is_not_authentic_is_dropped_or_refused),
		T(test_identifier_is_told_only_to_who_knows_it),
		T(test_window_of_the_clock_is_the_configured_one),
		T(test_wrong_clock_is_told_ours_and_registers_then),
		T(test_replayed_update_changes_nothing),
		T(test_timestamp_of_a_refused_update_is_not_used_up),
		T(test_timestamps_that_are_not_mandated_are_still_checked),
		T(test_numbers_are_never_forgotten_where_nothing_else_protects),
		T(test_forged_update_does_not_disturb_what_is_under_way),
		T(test_refusal_of_the_rules_is_signed_too),
		T(test_node_without_key_and_the_option),
		T(test_option_of_the_aaa_kind_is_no_substitute),
		T(test_refusals_that_anybody_can_cause_are_limited),
		T(test_refusals_of_who_has_the_key_are_all_answered),
		T(test_answers_to_recorded_updates_from_elsewhere_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
