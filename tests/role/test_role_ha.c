/* SPDX-License-Identifier: BSD-2-Clause */
/* The home agent's transactions: DAD, kernel, answer, news, and what meets on the way. */
#include "ha_role_help.h"

#include <errno.h>
#include <stdio.h>

/* ---- the thread through all stages ---- */

static void test_start_puts_base_and_home_routes(void **state)
{
	const struct ha_env e = env();
	struct kplan p = { 0 };

	(void)state;
	assert_int_equal(ha_start(&ha, &w.c, &e, on_ready, NULL), 0);
	BU(.seq = 1);			/* too early: no answer rather than a wrong one */
	silence();
	assert_int_equal(ready_rc, 1);
	fake_kern_run();
	assert_int_equal(ready_rc, 0);
	assert_int_equal(ha_plan_base(&w.c, &p), 0);
	assert_true(fake_kern_has_plan(&p));
	kplan_free(&p);
	kernel_agrees(MR);
	assert_int_equal(fake_kern_count_kind(KOBJ_ROUTE), 6);	/* MR 4, MR2 2 */
	assert_int_equal(fake_nd_watched(IF_H0), 1);
	silence();
}

static void test_registration_goes_dad_kernel_answer_news(void **state)
{
	const struct fake_dad *d;
	const struct fake_mh *f;
	const struct fake_nd *na;
	struct in6_addr mr = ip6(MR), coa = ip6(COA), own = ip6(HA_ADDR);

	(void)state;
	start();
	BU(.seq = 7);
	assert_int_equal(fake_dad_count(), 1);
	d = fake_dad_get(0);
	assert_true(in6_eq(&d->addr, &mr) && d->ifindex == IF_H0);
	assert_true(d->transmits == 1 && d->retrans == 1);
	assert_int_equal(fake_kern_unfinished(), 0);
	dad_ends(MR, false);
	assert_int_equal(fake_kern_unfinished(), 1);
	silence();			/* a status 0 before the kernel has it would be a lie */
	assert_null(fake_nd_pop());
	assert_false(is_bound(MR));
	kernel_works();
	kernel_agrees(MR);
	na = fake_nd_pop();
	assert_non_null(na);
	assert_int_equal(na->ifindex, IF_H0);
	assert_int_equal(na->m.type, ND_NA);
	assert_true(in6_eq(&na->m.na.target, &mr));
	assert_true(na->m.na.router && na->m.na.override && !na->m.na.solicited);
	assert_int_equal(na->m.na.tlla.len, 6);
	assert_int_equal(na->m.na.tlla.b[5], IF_H0);
	assert_false(na->has_src || na->has_dst);	/* the link's own, to all nodes */
	assert_null(fake_nd_pop());
	f = ba_is(BA_ACCEPTED, 7);
	assert_int_equal(f->m.ba.flags, BA_R);
	assert_int_equal(f->m.ba.lifetime, 600);
	assert_true(f->tx.has_rh2 && in6_eq(&f->tx.rh2_coa, &coa) && in6_eq(&f->tx.dst, &mr));
	assert_true(in6_eq(&f->tx.src, &own) && !f->tx.has_hao && !f->tx.to_ll);
	assert_int_equal(n_event[EV_dad], 1);
	assert_int_equal(n_event[EV_bc_add], 1);
	assert_int_equal(last_event[EV_bc_add].bc_add.prefixes, 2);
	assert_int_equal(last_event[EV_bc_add].bc_add.lifetime, 600);
	assert_string_equal(last_event[EV_bc_add].bc_add.change, "registered");
	assert_int_equal(n_event[EV_prefix_state], 2);
	assert_true(last_event[EV_prefix_state].prefix_state.up);
	silence();
}

static void test_move_needs_no_dad_and_no_advertisement(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	BU(.src = COA2, .seq = 2);
	assert_int_equal(fake_dad_count(), 0);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	assert_null(fake_nd_pop());
	kernel_agrees(MR);
	assert_int_equal(bc_count(ha_bc(ha)), 1);
	assert_int_equal(n_event[EV_bc_add], 2);
	assert_string_equal(last_event[EV_bc_add].bc_add.change, "moved");
	bind_node(MR, COA2, 3);
	assert_string_equal(last_event[EV_bc_add].bc_add.change, "refreshed");
	assert_int_equal(n_event[EV_prefix_state], 2);	/* they were up all the time */
}

static void test_prefix_that_is_left_out_leaves_the_kernel(void **state)
{
	struct kobj in = { .kind = KOBJ_INGRESS };

	(void)state;
	start();
	bind_node(MR, COA, 1);		/* both prefixes, implicit */
	BU(.seq = 2, .mnp = MNP1);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	kernel_agrees(MR);
	assert_int_equal(fake_kern_count_kind(KOBJ_ROUTE), 4);	/* two, and MR2's at home */
	snprintf(in.ingress.dev, sizeof(in.ingress.dev), "%s", HA_DEVICE);
	in.ingress.inner = pfx(MNP2);
	in.ingress.owner = ip6(MR);
	in.ingress.outer = entry(MR)->b.coa;
	assert_false(fake_kern_has_key(&in));
	in.ingress.inner = pfx(MNP1);
	assert_true(fake_kern_has_key(&in));
	assert_false(last_event[EV_prefix_state].prefix_state.up);
	assert_string_equal(last_event[EV_prefix_state].prefix_state.reason, "withdrawn");
}

static void test_advertisement_for_a_host_says_no_router(void **state)
{
	const struct fake_nd *na;

	(void)state;
	start();
	BU(.hoa = HOST, .seq = 1, .flags = AH);
	dad_ends(HOST, false);
	kernel_works();
	na = fake_nd_pop();
	assert_true(na && na->m.type == ND_NA && !na->m.na.router && na->m.na.override);
}

static void test_deregistration_at_home(void **state)
{
	const struct fake_mh *f;
	struct in6_addr mr = ip6(MR);

	(void)state;
	start();
	bind_node(MR, COA, 1);
	BU(.at_home = true, .seq = 2, .life = -1);
	silence();
	kernel_works();
	f = ba_is(BA_ACCEPTED, 2);
	assert_int_equal(f->m.ba.lifetime, 0);
	assert_false(f->tx.has_rh2);
	assert_true(in6_eq(&f->tx.dst, &mr) && !f->tx.to_ll);
	kernel_agrees(MR);
	assert_int_equal(fake_kern_count_kind(KOBJ_PROXY), 0);
	assert_int_equal(n_event[EV_bc_remove], 1);
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "deregistered");
	assert_false(last_event[EV_prefix_state].prefix_state.up);
	/* RFC 6275 10.3.2: kept for MAX_DELETE_BCE_TIMEOUT, a late update gets 135 */
	assert_int_equal(entry(MR)->state, BC_DELETED);
	BU(.seq = 2);
	ba_is(BA_SEQUENCE, 2);
	fake_run_advance(9.9);
	BU(.seq = 1);
	ba_is(BA_SEQUENCE, 2);
	fake_run_advance(0.2);
	assert_null(entry(MR));
	BU(.seq = 1);			/* without entry any number is good */
	assert_int_equal(fake_dad_count(), 1);
}

static void test_no_routing_header_to_the_home_address(void **state)
{
	const struct fake_mh *f;

	(void)state;
	start();
	bind_node(MR, COA, 1);
	BU(.src = MR, .seq = 2, .life = -1);	/* at home with the option */
	kernel_works();
	f = ba_is(BA_ACCEPTED, 2);
	assert_false(f->tx.has_rh2);
}

static void test_answer_goes_to_the_source_not_to_the_care_of_address(void **state)
{
	const struct fake_mh *f;
	struct in6_addr coa = ip6(COA), coa2 = ip6(COA2);

	(void)state;
	start();
	bind_node(MR, COA, 1);
	BU(.src = COA, .alt = COA2, .seq = 2);
	kernel_works();
	f = ba_is(BA_ACCEPTED, 2);
	assert_true(in6_eq(&f->tx.rh2_coa, &coa));
	assert_true(in6_eq(&entry(MR)->b.coa.a.in6, &coa2));
	kernel_agrees(MR);
}

static void test_answer_without_a_bit_is_sent_all_the_same(void **state)
{
	(void)state;
	start();
	BU(.seq = 1, .flags = BU_H | BU_R);
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	BU(.seq = 1, .flags = BU_H | BU_R);
	ba_is(BA_SEQUENCE, 1);
}

static void test_r_of_the_answer(void **state)
{
	(void)state;
	start();
	BU(.hoa = HOST, .seq = 1, .flags = AH);
	dad_ends(HOST, false);
	kernel_works();
	assert_int_equal(ba_is(BA_ACCEPTED, 1)->m.ba.flags, 0);
	BU(.hoa = HOST, .seq = 2);	/* R, but no router: refused, so R says nothing */
	assert_int_equal(ba_is(BA_MR_NOT_PERMITTED, 2)->m.ba.flags, 0);
	assert_int_equal(n_event[EV_refused], 1);
	assert_int_equal(last_event[EV_refused].refused.status, BA_MR_NOT_PERMITTED);
	assert_int_equal(ha_stats(ha).refused_by[BA_MR_NOT_PERMITTED], 1);
}

static void test_home_on_no_link_needs_no_dad_and_no_advertisement(void **state)
{
	(void)state;
	start();
	BU(.hoa = VMR, .dst = VIRTUAL_HA, .seq = 1);
	assert_int_equal(fake_dad_count(), 0);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	assert_null(fake_nd_pop());
	kernel_agrees(VMR);
}

static void test_refresh_advice_is_less_than_the_lifetime(void **state)
{
	static const struct { uint32_t advice; int life; uint32_t want; } row[] = {
		{ 0, 600, 0 }, { 300, 600, 300 }, { 302, 600, 300 }, { 600, 600, 0 },
		{ 700, 600, 0 }, { 3, 600, 0 },
	};

	(void)state;
	start();
	bind_node(MR, COA, 1);
	for (uint16_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct fake_mh *f;

		w.c.refresh_advice = row[i].advice;
		BU(.seq = i + 2, .life = row[i].life);
		kernel_works();
		f = ba_is(BA_ACCEPTED, i + 2);
		if (f->m.opt.refresh_advice != row[i].want ||
		    !(f->m.opt.seen & BIT64(MHOPT_REFRESH_ADVICE)) != !row[i].want)
			fail_msg("row %u: %u", i, f->m.opt.refresh_advice);
	}
	w.c.refresh_advice = 4;
	BU(.seq = 100, .life = -1);
	kernel_works();
	assert_false(ba_is(BA_ACCEPTED, 100)->m.opt.seen & BIT64(MHOPT_REFRESH_ADVICE));
}

static void test_ipv4_is_answered_in_the_encoding_it_came_in(void **state)
{
	const struct fake_mh *f;

	(void)state;
	w.c.accept_v4prefix = true;
	start();
	bind_node(MR, COA, 1);
	BU(.seq = 2, .net4 = NET4);
	kernel_works();
	f = ba_is(BA_ACCEPTED, 2);
	assert_true(f->m.opt.n_ipv4_ack == 1 && f->m.opt.n_ipv4_mnp_status == 0);
	assert_true(f->m.opt.ipv4_ack[0].status == IPV4_ACK_OK &&
		    f->m.opt.ipv4_ack[0].plen == 24);
	kernel_agrees(MR);
	BU(.seq = 3, .draft4 = NET4C);
	kernel_works();
	f = ba_is(BA_ACCEPTED, 3);
	assert_true(f->m.opt.n_ipv4_ack == 0 && f->m.opt.n_ipv4_mnp_status == 1);
	assert_int_equal(f->m.opt.ipv4_mnp_status[0].status, IPV4_ACK_PREFIX_UNAUTHORIZED);
	assert_false(last_event[EV_prefix_state].prefix_state.up);
	assert_string_equal(last_event[EV_prefix_state].prefix_state.reason, "refused");
	kernel_agrees(MR);		/* and 10.0.0.0/24 is out of it */
	assert_int_equal(entry(MR)->b.n_prefix, 2);
}

/* ---- the kernel ---- */

static void test_updates_while_the_kernel_works_wait_and_the_newest_wins(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	BU(.src = COA2, .seq = 2);
	BU(.seq = 3);
	BU(.src = "2001:db8:f3::2", .seq = 5);
	BU(.seq = 4);			/* overtaken on the way */
	silence();
	fake_kern_turn();
	ba_is(BA_ACCEPTED, 2);
	silence();
	kernel_works();
	ba_is(BA_ACCEPTED, 5);
	silence();
	kernel_agrees(MR);
	assert_int_equal(entry(MR)->b.seq, 5);
}

static void test_deregistration_waits_for_the_kernel(void **state)
{
	(void)state;
	start();
	BU(.seq = 1);
	dad_ends(MR, false);
	BU(.at_home = true, .seq = 2, .life = -1);
	kernel_works();
	ba_is(BA_ACCEPTED, 1);
	ba_is(BA_ACCEPTED, 2);
	assert_false(is_bound(MR));
	kernel_agrees(MR);
}

static void test_kernel_failure_leaves_the_old_binding(void **state)
{
	struct in6_addr coa = ip6(COA);

	(void)state;
	start();
	bind_node(MR, COA, 1);
	fake_kern_fail_nth(1, -ENOBUFS);
	BU(.src = COA2, .seq = 2);
	kernel_works();
	ba_is(BA_NO_RESOURCES, 2);
	assert_true(in6_eq(&entry(MR)->b.coa.a.in6, &coa));
	assert_int_equal(entry(MR)->b.seq, 1);
	kernel_agrees(MR);
	assert_int_equal(ha_stats(ha).apply_failed, 1);
	BU(.src = COA2, .seq = 2);	/* a refused update does not use its number up */
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	kernel_agrees(MR);
}

static void test_kernel_failure_of_a_new_binding_leaves_the_home_routes(void **state)
{
	(void)state;
	start();
	fake_kern_fail_kind(KOBJ_PROXY, -EINVAL);
	BU(.seq = 1);
	dad_ends(MR, false);
	kernel_works();
	ba_is(BA_NO_RESOURCES, 1);
	assert_null(entry(MR));
	kernel_agrees(MR);
	assert_int_equal(fake_kern_count_kind(KOBJ_INGRESS), 0);
	assert_null(fake_nd_pop());	/* nothing was taken over on the home link */
}

/* The route of a prefix that the kernel does not take. */
static void break_route(const char *net)
{
	struct kobj o = { .kind = KOBJ_ROUTE };

	o.route.table = w.c.table;
	o.route.metric = w.c.metric + world_node(&w, MR)->slot;
	o.route.dst = pfx(net);
	fake_kern_fail_object(&o, -EINVAL);
}

static void test_refused_prefix_gets_141_if_listed_143_if_not(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	break_route(MNP1);
	BU(.src = COA2, .seq = 2);
	kernel_works();
	ba_is(BA_FORWARDING_FAILED, 2);
	BU(.src = COA2, .seq = 3, .mnp = MNP1);
	kernel_works();
	ba_is(BA_INVALID_PREFIX, 3);
	kernel_agrees(MR);
	BU(.src = COA2, .seq = 4, .mnp = MNP2);
	kernel_works();
	ba_is(BA_ACCEPTED, 4);
}

static void test_refused_ipv4_prefix_does_not_fail_the_binding(void **state)
{
	const struct fake_mh *f;

	(void)state;
	start();
	bind_node(MR, COA, 1);
	break_route(NET4);
	BU(.src = COA2, .seq = 2, .net4 = NET4);
	kernel_works();
	f = ba_is(BA_ACCEPTED, 2);
	assert_int_equal(f->m.opt.n_ipv4_ack, 1);
	assert_int_equal(f->m.opt.ipv4_ack[0].status, IPV4_ACK_UNSPECIFIED);
	assert_int_equal(entry(MR)->b.n_prefix, 2);
	kernel_agrees(MR);
}

static void test_deregistration_that_the_kernel_refuses_keeps_the_binding(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	fake_kern_fail_nth(1, -ENOMEM);
	BU(.seq = 2, .life = -1);
	kernel_works();
	ba_is(BA_NO_RESOURCES, 2);
	assert_true(is_bound(MR));
	kernel_agrees(MR);
	BU(.seq = 3, .life = -1);
	kernel_works();
	ba_is(BA_ACCEPTED, 3);
}

/* ---- expiry ---- */

static void test_binding_expires_and_leaves_the_kernel(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	fake_run_advance(599.9);
	assert_int_equal(fake_kern_unfinished(), 0);
	fake_run_advance(0.2);
	assert_int_equal(fake_kern_unfinished(), 1);
	kernel_works();
	assert_null(entry(MR));
	kernel_agrees(MR);
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "expired");
	assert_int_equal(ha_stats(ha).expired, 1);
	silence();
	BU(.seq = 1);
	assert_int_equal(fake_dad_count(), 1);
}

static void test_refresh_extends_the_lifetime(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	fake_run_advance(500);
	BU(.seq = 2);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	fake_run_advance(599);
	assert_true(is_bound(MR));
	fake_run_advance(1.1);
	kernel_works();
	assert_null(entry(MR));
}

static void test_expiry_while_the_kernel_works_waits_for_the_refresh(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	fake_run_advance(599);
	BU(.seq = 2);
	fake_run_advance(2);		/* the old lifetime is over, the kernel slow */
	assert_int_equal(fake_kern_unfinished(), 1);
	kernel_works();
	ba_is(BA_ACCEPTED, 2);
	assert_true(is_bound(MR));
	kernel_agrees(MR);
	/* and if the kernel then refuses, the old one ends */
	fake_run_advance(599);
	fake_kern_fail_nth(1, -ENOMEM);
	BU(.seq = 3);
	fake_run_advance(2);
	kernel_works();
	ba_is(BA_NO_RESOURCES, 3);
	assert_null(entry(MR));
	kernel_agrees(MR);
	assert_string_equal(last_event[EV_bc_remove].bc_remove.reason, "expired");
}

static void test_suspend_ends_what_is_over(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	bind_node(HOST, COA2, 1);
	fake_run_jump(100000);
	kernel_works();
	assert_int_equal(bc_count(ha_bc(ha)), 0);
	kernel_agrees(MR);
}

static void test_removal_that_fails_is_tried_again(void **state)
{
	(void)state;
	start();
	bind_node(MR, COA, 1);
	fake_kern_fail_nth(1, -ENOMEM);
	fake_run_advance(600.1);
	kernel_works();
	assert_true(is_bound(MR));	/* the kernel still has it */
	kernel_agrees(MR);
	fake_run_advance(1.1);
	kernel_works();
	assert_null(entry(MR));
}

static void fails_together(const char *first, const char *second)
{
	struct kobj proxy = { .kind = KOBJ_PROXY, .proxy = { .dev = "h0", .addr = ip6(HOST) } };
	const char *of[] = { first, second };

	start();
	break_route(NET4);
	fake_kern_fail_object(&proxy, -EPERM);
	for (size_t i = 0; i < 2; i++) {
		if (strcmp(of[i], MR) == 0)
			BU(.seq = 1, .net4 = NET4);
		else
			BU(.hoa = HOST, .src = COA2, .seq = 2, .flags = AH);
	}
	dad_ends(first, false);
	dad_ends(second, false);
	kernel_works();
	assert_int_equal(ha_stats(ha).apply_failed, 2);
}

/* Neither is judged by what the other one failed with, whoever was told last. */
static void test_two_that_fail_in_one_turn_get_each_their_own_status(void **state)
{
	const struct fake_mh *f;

	fails_together(MR, HOST);
	ba_is(BA_NO_RESOURCES, 2);
	f = ba_is(BA_ACCEPTED, 1);
	assert_int_equal(f->m.opt.ipv4_ack[0].status, IPV4_ACK_UNSPECIFIED);
	kernel_agrees(MR);
	teardown(state);
	setup(state);
	fails_together(HOST, MR);
	ba_is(BA_NO_RESOURCES, 2);
	f = ba_is(BA_ACCEPTED, 1);
	assert_int_equal(f->m.opt.ipv4_ack[0].status, IPV4_ACK_UNSPECIFIED);
	assert_null(entry(HOST));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_start_puts_base_and_home_routes),
		T(test_registration_goes_dad_kernel_answer_news),
		T(test_move_needs_no_dad_and_no_advertisement),
		T(test_prefix_that_is_left_out_leaves_the_kernel),
		T(test_advertisement_for_a_host_says_no_router),
		T(test_deregistration_at_home),
		T(test_no_routing_header_to_the_home_address),
		T(test_answer_goes_to_the_source_not_to_the_care_of_address),
		T(test_answer_without_a_bit_is_sent_all_the_same),
		T(test_r_of_the_answer),
		T(test_home_on_no_link_needs_no_dad_and_no_advertisement),
		T(test_refresh_advice_is_less_than_the_lifetime),
		T(test_ipv4_is_answered_in_the_encoding_it_came_in),
		T(test_updates_while_the_kernel_works_wait_and_the_newest_wins),
		T(test_deregistration_waits_for_the_kernel),
		T(test_kernel_failure_leaves_the_old_binding),
		T(test_kernel_failure_of_a_new_binding_leaves_the_home_routes),
		T(test_refused_prefix_gets_141_if_listed_143_if_not),
		T(test_refused_ipv4_prefix_does_not_fail_the_binding),
		T(test_two_that_fail_in_one_turn_get_each_their_own_status),
		T(test_deregistration_that_the_kernel_refuses_keeps_the_binding),
		T(test_binding_expires_and_leaves_the_kernel),
		T(test_refresh_extends_the_lifetime),
		T(test_expiry_while_the_kernel_works_waits_for_the_refresh),
		T(test_suspend_ends_what_is_over),
		T(test_removal_that_fails_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
