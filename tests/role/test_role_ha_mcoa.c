/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several care-of addresses of one home address (RFC 5648) at the home agent: one
 * transaction for all of them, and what is done once and what for each.
 */
#include "ha_mcoa_help.h"

static unsigned advertised(void)
{
	unsigned n = 0;

	while (fake_nd_pop())
		n++;
	return n;
}

static void test_bulk_is_one_detection_and_one_answer(void **state)
{
	(void)state;
	begin();
	BU(.seq = 1, .flags = AHR | BU_O, .id = { { 1, COA, 10, false }, { 2, COA2, 20, false } });
	assert_int_equal(fake_dad_count(), 1);
	silence();
	dad_ends(MR, false);
	kernel_works();
	ba_ids(BA_ACCEPTED, 1, "1:0 2:0");
	silence();
	bound(MR, "1:" COA " 2:" COA2);
	assert_int_equal(advertised(), 1);
	assert_int_equal(n_bids, 2);
	assert_int_equal(bids[0], 1);
	assert_int_equal(bids[1], 2);
	assert_int_equal(ha_stats(ha).accepted, 1);
	assert_int_equal(fake_kern_count_kind(KOBJ_PROXY), 1);
	/* a second path: neither detection nor advertisement */
	BU(.src = COA3, .seq = 2, .id = { { 3, COA3, 5, false } });
	assert_int_equal(fake_dad_count(), 0);
	kernel_works();
	ba_ids(BA_ACCEPTED, 2, "3:0");
	assert_int_equal(advertised(), 0);
	bound(MR, "1:" COA " 2:" COA2 " 3:" COA3);
}

static void test_deletion_of_one_leaves_the_others(void **state)
{
	(void)state;
	begin();
	bind_two();
	BU(.src = COA2, .seq = 2, .life = -1, .id = { { 1, NULL, 0, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 2, "1:0");
	bound(MR, "2:" COA2);
	assert_int_equal(n_event[EV_bc_remove], 1);
	assert_int_equal(last_event[EV_bc_remove].bc_remove.bid, 1);
	assert_int_equal(fake_kern_count_kind(KOBJ_PROXY), 1);
	BU(.src = COA2, .seq = 3, .life = -1, .id = { { 9, NULL, 0, false } });
	ba_ids(BA_NOT_HA, 3, "9:0");
	bound(MR, "2:" COA2);
	/* all, without identifiers */
	BU(.src = COA2, .seq = 4, .life = -1);
	kernel_works();
	ba_ids(BA_ACCEPTED, 4, "");
	bound(MR, "");
	assert_int_equal(fake_kern_count_kind(KOBJ_PROXY), 0);
	assert_int_equal(n_event[EV_bc_remove], 2);
	/* the number counts on, of all */
	BU(.seq = 4, .id = { { 1, COA, 0, false } });
	ba_ids(BA_SEQUENCE, 4, "1:0");
}

static void test_expiry_of_one_leaves_the_others(void **state)
{
	(void)state;
	begin();
	bind_two();
	fake_run_advance(300);
	BU(.src = COA2, .seq = 2, .id = { { 2, NULL, 20, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 2, "2:0");
	fake_run_advance(301);
	kernel_works();
	bound(MR, "2:" COA2);
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "expired");
	assert_int_equal(last_event[EV_bc_remove].bc_remove.bid, 1);
	assert_int_equal(ha_stats(ha).expired, 1);
	fake_run_advance(300);
	kernel_works();
	bound(MR, "");
	assert_int_equal(ha_stats(ha).expired, 2);
}

static void test_expiry_of_all_at_once_is_one_change(void **state)
{
	(void)state;
	begin();
	bind_two();
	fake_kern_log();
	fake_run_advance(601);
	kernel_works();
	bound(MR, "");
	assert_int_equal(ha_stats(ha).expired, 2);
	assert_int_equal(n_event[EV_bc_remove], 2);
}

static void test_update_without_identifier_replaces_all(void **state)
{
	(void)state;
	begin();
	bind_two();
	BU(.src = COA3, .seq = 2);
	kernel_works();
	ba_ids(BA_ACCEPTED, 2, "");
	bound(MR, "0:" COA3);
	assert_int_equal(n_event[EV_bc_remove], 2);
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "replaced");
	/* and is not replaced without O */
	BU(.seq = 3, .id = { { 1, COA, 0, false } });
	ba_ids(BA_MCOA_NON_MCOA, 3, "1:0");
	BU(.seq = 4, .flags = AHR | BU_O, .id = { { 1, COA, 0, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 4, "1:0");
	bound(MR, "1:" COA);
	/* the prefixes were there all the time */
	assert_string_equal(last_event[EV_prefix_state].prefix_state.reason, "accepted");
}

static void test_flush_takes_all_of_a_home_address_in_one_change(void **state)
{
	struct in6_addr mr = ip6(MR);

	(void)state;
	begin();
	bind_two();
	bind_node(HOST, COA3, 1);
	assert_int_equal(ha_flush(ha, &mr), 2);
	fake_kern_turn();
	event_drain();
	bound(MR, "");
	assert_true(is_bound(HOST));
	BU(.seq = 2, .id = { { 1, COA, 0, false }, { 2, COA2, 0, false } });
	dad_ends(MR, false);
	kernel_works();
	ba_ids(BA_ACCEPTED, 2, "1:0 2:0");
	assert_int_equal(ha_flush(ha, NULL), 3);
	kernel_works();
	assert_int_equal(bc_count(ha_bc(ha)), 0);
	assert_int_equal(n_event[EV_bc_flush], 1);
}

static void test_object_that_the_kernel_refuses_undoes_the_set(void **state)
{
	(void)state;
	begin();
	bind_two();
	fake_kern_fail_kind(KOBJ_INGRESS, -ENOSPC);
	BU(.src = COA3, .seq = 2, .id = { { 1, COA, 10, false }, { 3, COA3, 5, false } });
	kernel_works();
	ba_ids(BA_NO_RESOURCES, 2, "1:0 3:0");
	fake_kern_fail_kind(KOBJ_INGRESS, 0);
	bound(MR, "1:" COA " 2:" COA2);
	assert_int_equal(ha_stats(ha).apply_failed, 1);
}

static void test_refused_identifiers_are_told_beside_the_acceptance(void **state)
{
	(void)state;
	begin();
	BU(.seq = 1, .id = { { 1, COA, 0, false }, { 2, "fe80::7", 0, false },
			     { 3, HA_ADDR, 0, false } });
	dad_ends(MR, false);
	kernel_works();
	ba_ids(BA_MCOA_NOTCOMPLETE, 1, "1:0 2:164 3:174");
	bound(MR, "1:" COA);
	assert_int_equal(ha_stats(ha).refused_by[BA_MCOA_MALFORMED], 1);
	assert_int_equal(ha_stats(ha).refused_by[BA_INVALID_COA], 1);
	assert_int_equal(ha_stats(ha).accepted, 1);
	event_drain();
	assert_int_equal(n_event[EV_refused], 2);
}

static void test_circle_refuses_only_that_path(void **state)
{
	(void)state;
	begin();
	bind_two();
	/* MR2 is behind MR; MR may go there with none of its paths */
	bind_node(MR2, "2001:db8:281::5", 1);
	BU(.seq = 2, .id = { { 1, COA, 10, false }, { 2, "2001:db8:283::7", 20, false } });
	kernel_works();
	ba_ids(BA_MCOA_NOTCOMPLETE, 2, "1:0 2:174");
	bound(MR, "1:" COA " 2:" COA2);
	/* nor MR2 with a second path, as long as MR is there with one */
	BU(.seq = 3, .id = { { 2, COA2, 20, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 3, "2:0");
}

static void test_second_path_during_detection_waits_for_the_first(void **state)
{
	(void)state;
	begin();
	BU(.seq = 1, .id = { { 1, COA, 0, false } });
	BU(.src = COA2, .seq = 2, .id = { { 2, COA2, 0, false } });
	assert_int_equal(fake_dad_count(), 1);
	dad_ends(MR, false);
	kernel_works();
	ba_ids(BA_ACCEPTED, 1, "1:0");
	ba_ids(BA_ACCEPTED, 2, "2:0");
	bound(MR, "1:" COA " 2:" COA2);
}

static void test_newer_bulk_during_detection_takes_the_place(void **state)
{
	(void)state;
	begin();
	BU(.seq = 1, .id = { { 1, COA, 0, false } });
	BU(.src = COA2, .seq = 2, .id = { { 1, COA3, 0, false }, { 2, COA2, 0, false } });
	dad_ends(MR, false);
	kernel_works();
	ba_ids(BA_ACCEPTED, 2, "1:0 2:0");
	silence();
	bound(MR, "1:" COA3 " 2:" COA2);
}

static void test_deletion_of_one_while_the_kernel_works_waits(void **state)
{
	(void)state;
	begin();
	bind_two();
	BU(.src = COA3, .seq = 2, .id = { { 3, COA3, 0, false } });
	BU(.src = COA3, .seq = 3, .life = -1, .id = { { 1, NULL, 0, false } });
	silence();
	kernel_works();
	ba_ids(BA_ACCEPTED, 2, "3:0");
	ba_ids(BA_ACCEPTED, 3, "1:0");
	bound(MR, "2:" COA2 " 3:" COA3);
}

static void test_prefixes_are_advertised_once_to_the_primary(void **state)
{
	const struct icmp6_msg ask = { .type = ICMP6_MPS, .mps.id = 7 };
	struct icmp6_rx rx = { .src = ip6(COA), .dst = ip6(HA_ADDR), .has_hao = true,
			       .hao = ip6(MR), .ifindex = 9 };
	const struct in6_addr coa2 = ip6(COA2);
	const struct fake_icmp *f;

	(void)state;
	begin();
	bind_two();
	BU(.src = COA2, .seq = 2, .id = { { 2, COA2, 5, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 2, "2:0");
	/* from any of its care-of addresses, and nowhere else */
	assert_int_equal(fake_icmp_rx(&rx, &ask), 1);
	f = fake_icmp_pop();
	assert_non_null(f);
	assert_true(f->tx.has_rh2 && in6_eq(&f->tx.rh2_coa, &coa2));
	assert_null(fake_icmp_pop());
	rx.src = ip6(COA3);
	fake_run_advance(5);
	fake_icmp_rx(&rx, &ask);
	assert_null(fake_icmp_pop());
	/* the last of its bindings ends them */
	BU(.src = COA2, .seq = 3, .life = -1);
	kernel_works();
	fake_run_advance(100000);
	assert_null(fake_icmp_pop());
}

static void test_reload_that_allows_one_address_ends_them(void **state)
{
	static struct ha_world w2;

	(void)state;
	begin();
	bind_two();
	bind_node(HOST, COA3, 1);
	world_make(&w2);
	w2.c.dialect = w.c.dialect;
	w2.c.max_care_of = 1;
	done_rc = 1;
	ha_reload(ha, &w2.c, on_done, NULL);
	kernel_works();
	assert_int_equal(done_rc, 0);
	w.c.max_care_of = 1;
	bound(MR, "");
	assert_true(is_bound(HOST));
	assert_int_equal(n_event[EV_bc_remove], 2);
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "reconfigured");
	ha_stop(ha, NULL, NULL);
	fake_kern_run();
}

static void test_reload_of_mark_and_table_moves_what_is_bound(void **state)
{
	static struct ha_world w2;

	(void)state;
	begin();
	bind_two();
	world_make(&w2);
	w2.c.dialect = w.c.dialect;
	w2.c.mark_mask = 0xf0;
	w2.c.bid_table = 9000;
	done_rc = 1;
	ha_reload(ha, &w2.c, on_done, NULL);
	kernel_works();
	assert_int_equal(done_rc, 0);
	w.c.mark_mask = 0xf0;
	w.c.bid_table = 9000;
	bound(MR, "1:" COA " 2:" COA2);
	assert_int_equal(fake_kern_count_kind(KOBJ_RULE), 4);
	assert_int_equal(n_event[EV_bc_remove], 0);
	ha_stop(ha, NULL, NULL);
	fake_kern_run();
	assert_int_equal(fake_kern_count_kind(KOBJ_RULE), 0);
}

static void test_rules_are_shared_by_all_nodes(void **state)
{
	(void)state;
	begin();
	bind_two();
	assert_int_equal(fake_kern_count_kind(KOBJ_RULE), 4);
	BU(.hoa = HOST, .src = COA3, .flags = AH, .seq = 1, .id = { { 1, COA3, 0, false } });
	dad_ends(HOST, false);
	kernel_works();
	ba_ids(BA_ACCEPTED, 1, "1:0");
	assert_int_equal(fake_kern_count_kind(KOBJ_RULE), 4);
	BU(.src = COA2, .seq = 2, .life = -1);
	kernel_works();
	ba_ids(BA_ACCEPTED, 2, "");
	bound(HOST, "1:" COA3);
	assert_int_equal(fake_kern_count_kind(KOBJ_RULE), 2);
}

static void test_forged_and_old_updates_change_no_path(void **state)
{
	struct auth_key key = { .spi = SPI, .len = 16 }, wrong = { .spi = SPI, .len = 16 };
	struct mobile_node *n;

	(void)state;
	memset(wrong.key, 7, sizeof(wrong.key));
	n = world_node(&w, MR);
	n->sec = (struct sec_conf){ .method = SEC_AUTH_OPTION, .key = key, .replay_window = 7 };
	begin();
	BU(.seq = 1, .key = &key, .id = { { 1, COA, 10, false }, { 2, COA2, 20, false } });
	dad_ends(MR, false);
	kernel_works();
	ba_ids(BA_ACCEPTED, 1, "1:0 2:0");
	/* a stranger takes BID 1, adds his own, deletes one, or all */
	BU(.src = COA3, .seq = 2, .key = &wrong, .id = { { 1, COA3, 1, false } });
	ba_ids(BA_AUTH_FAIL, 2, "1:0");
	BU(.src = COA3, .seq = 3, .id = { { 7, COA3, 1, false } });
	silence();
	BU(.src = COA3, .seq = 4, .key = &wrong, .flags = AHR | BU_O,
	   .id = { { 7, COA3, 1, false } });
	ba_ids(BA_AUTH_FAIL, 4, "7:0");
	BU(.src = COA, .seq = 5, .key = &key, .bad_mac = true, .life = -1,
	   .id = { { 2, NULL, 0, false } });
	ba_ids(BA_AUTH_FAIL, 5, "2:0");
	/* what the node said before is said again */
	BU(.seq = 1, .key = &key, .id = { { 1, COA, 10, false }, { 2, COA2, 20, false } });
	ba_ids(BA_SEQUENCE, 1, "1:0 2:0");
	bound(MR, "1:" COA " 2:" COA2);
}

static void test_flood_of_identifiers_stops_at_the_limit(void **state)
{
	(void)state;
	begin();
	bind_two();
	for (uint16_t i = 0; i < 50; i++) {
		BU(.seq = (uint16_t)(2 + i), .id = { { (uint16_t)(100 + i), COA3, 0, false } });
		kernel_works();
		if (i < 6)
			ba_is(BA_ACCEPTED, (uint16_t)(2 + i));
		else if (fake_mh_count())	/* refusals are limited */
			ba_is(BA_NO_RESOURCES, (uint16_t)(2 + i));
	}
	assert_int_equal(bc_count(ha_bc(ha)), BC_MAX_COA);
	kernel_agrees(MR);
	/* and the node itself is served */
	BU(.seq = 100, .id = { { 1, COA2, 0, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 100, "1:0");
}

static void test_at_home_as_well_the_node_defends_itself(void **state)
{
	(void)state;
	w.c.simultaneous_home = SIMULTANEOUS_NDP;
	begin();
	bind_two();
	advertised();
	assert_int_equal(fake_kern_count_kind(KOBJ_PROXY), 1);
	BU(.at_home = true, .seq = 2, .lla = 9, .id = { { 3, MR, 30, true } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 2, "3:0");
	bound(MR, "1:" COA " 2:" COA2 " 3:" MR);
	assert_int_equal(fake_kern_count_kind(KOBJ_PROXY), 0);
	/* it leaves: we do, and say so */
	advertised();
	BU(.src = COA, .seq = 3, .id = { { 1, COA, 10, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 3, "1:0");
	bound(MR, "1:" COA " 2:" COA2);
	assert_int_equal(fake_kern_count_kind(KOBJ_PROXY), 1);
	assert_int_equal(advertised(), 1);
}

static void test_answer_at_home_goes_to_the_link_layer_address(void **state)
{
	const struct fake_mh *f;

	(void)state;
	w.c.simultaneous_home = SIMULTANEOUS_NDP;
	begin();
	bind_two();
	BU(.at_home = true, .seq = 2, .lla = 9, .id = { { 3, MR, 30, true } });
	kernel_works();
	f = ba_is(BA_ACCEPTED, 2);
	assert_true(f->tx.to_ll && f->ll.len == 6 && f->ll.b[5] == 9);
	assert_int_equal(f->tx.ifindex, IF_H0);
}

/* RFC 5648 6.3: where other routers are on the home link, the node keeps silent about the address and
 * we know where it is. */
static void test_at_home_as_well_and_we_go_on_defending(void **state)
{
	static const char known[] = "neigh " MR " dev h0 lladdr 02:00:00:00:00:0";
	char text[KOBJ_STRLEN];

	(void)state;
	w.c.simultaneous_home = SIMULTANEOUS_PROXY;
	begin();
	assert_int_equal(fake_kern_count_kind(KOBJ_XPOLICY), 2 + 1);	/* no redirects */
	bind_two();
	advertised();
	/* nobody could reach it */
	BU(.src = COA, .seq = 2, .id = { { 3, MR, 30, true } });
	kernel_works();
	ba_ids(BA_MCOA_SIMULTANEOUS, 2, "3:0");
	bound(MR, "1:" COA " 2:" COA2);
	BU(.at_home = true, .seq = 3, .lla = 9, .id = { { 3, MR, 5, true } });
	kernel_works();
	ba_ids(BA_MCOA_RETURNHOME, 3, "3:5");
	bound(MR, "1:" COA " 2:" COA2 " 3:" MR);
	assert_int_equal(fake_kern_count_kind(KOBJ_PROXY), 1);
	assert_int_equal(fake_kern_count_kind(KOBJ_NEIGH), 1);
	snprintf(text, sizeof(text), "%s9", known);
	assert_non_null(strstr(fake_kern_dump(), text));
	assert_int_equal(advertised(), 0);
	/* from elsewhere, all of them, and another network card */
	BU(.src = COA, .seq = 4, .lla = 8,
	   .id = { { 1, COA, 10, false }, { 2, COA2, 20, false }, { 3, MR, 5, true } });
	kernel_works();
	ba_ids(BA_MCOA_RETURNHOME, 4, "1:0 2:0 3:5");
	snprintf(text, sizeof(text), "%s8", known);
	assert_non_null(strstr(fake_kern_dump(), text));
	assert_int_equal(fake_kern_count_kind(KOBJ_NEIGH), 1);
	/* it leaves: everybody on the link sends here anyway */
	BU(.src = COA, .seq = 5, .id = { { 1, COA, 10, false } });
	kernel_works();
	ba_ids(BA_ACCEPTED, 5, "1:0");
	bound(MR, "1:" COA " 2:" COA2);
	assert_int_equal(fake_kern_count_kind(KOBJ_NEIGH), 0);
	assert_int_equal(fake_kern_count_kind(KOBJ_PROXY), 1);
	assert_int_equal(advertised(), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_bulk_is_one_detection_and_one_answer),
		T(test_deletion_of_one_leaves_the_others),
		T(test_expiry_of_one_leaves_the_others),
		T(test_expiry_of_all_at_once_is_one_change),
		T(test_update_without_identifier_replaces_all),
		T(test_flush_takes_all_of_a_home_address_in_one_change),
		T(test_object_that_the_kernel_refuses_undoes_the_set),
		T(test_refused_identifiers_are_told_beside_the_acceptance),
		T(test_circle_refuses_only_that_path),
		T(test_second_path_during_detection_waits_for_the_first),
		T(test_newer_bulk_during_detection_takes_the_place),
		T(test_deletion_of_one_while_the_kernel_works_waits),
		T(test_prefixes_are_advertised_once_to_the_primary),
		T(test_reload_that_allows_one_address_ends_them),
		T(test_reload_of_mark_and_table_moves_what_is_bound),
		T(test_rules_are_shared_by_all_nodes),
		T(test_forged_and_old_updates_change_no_path),
		T(test_flood_of_identifiers_stops_at_the_limit),
		T(test_at_home_as_well_the_node_defends_itself),
		T(test_answer_at_home_goes_to_the_link_layer_address),
		T(test_at_home_as_well_and_we_go_on_defending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
