/* SPDX-License-Identifier: BSD-2-Clause */
/* What a row of the steering program holds, and what the program finds by it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "kern/steer.h"
#include "kern/steer_match.h"

static struct prefix px(const char *s)
{
	struct prefix p;

	assert_int_equal(prefix_parse(s, &p), 0);
	return p;
}

/* An IPv6 UDP packet. */
static struct steer_pkt pkt6(uint64_t src_low, uint16_t sport, uint16_t dport)
{
	return (struct steer_pkt){ .src = { 0x20010db800000000, src_low },
		.dst = { 0x20010db8000000aa, 5 }, .has = STEER_IS_V6 | STEER_HAS_LABEL,
		.l4 = { .proto = 17, .sport = sport, .dport = dport,
			.has = STEER_HAS_PORTS | STEER_HAS_PROTO } };
}

static bool hits(const struct flowsel *s, const struct steer_pkt *p)
{
	struct steer_sel sel;

	assert_int_equal(steer_sel_of(s, &sel), 0);
	return steer_matches(&sel, p);
}

static void test_both_ends_of_a_range_belong_to_it(void **state)
{
	static const uint64_t near[] = { 0, 1, 99, 100, 101, 149, 150, 151, 65534, 65535 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(near); i++) {
		uint16_t v = (uint16_t)near[i];
		bool in = v >= 100 && v <= 150;
		struct steer_pkt p = pkt6(v, v, v);
		struct flowsel s = { .has = FLOWSEL_SPORT, .sport_lo = 100, .sport_hi = 150 };
		struct flowsel d = { .has = FLOWSEL_DPORT, .dport_lo = 100, .dport_hi = 150 };
		struct flowsel l = { .has = FLOWSEL_LABEL, .family = AF_INET6, .label_lo = 100,
				     .label_hi = 150 };
		struct flowsel e = { .has = FLOWSEL_SPI, .spi_lo = 100, .spi_hi = 150 };
		struct flowsel a = { .has = FLOWSEL_SRC, .family = AF_INET6,
			.src_lo.b = { 0x20, 1, 0xd, 0xb8, [15] = 100 },
			.src_hi.b = { 0x20, 1, 0xd, 0xb8, [15] = 150 } };

		p.label = v;
		assert_int_equal(hits(&s, &p), in);
		assert_int_equal(hits(&d, &p), in);
		assert_int_equal(hits(&l, &p), in);
		assert_int_equal(hits(&a, &p), in);
		p.l4.spi = v;
		assert_false(hits(&e, &p));	/* it has none */
		p.l4.has |= STEER_HAS_SPI;
		assert_int_equal(hits(&e, &p), in);
	}
}

static void test_numbers_at_the_ends_of_their_fields(void **state)
{
	struct flowsel s = { .has = FLOWSEL_SPI, .spi_lo = UINT32_MAX, .spi_hi = UINT32_MAX };
	struct flowsel all = { .has = FLOWSEL_SRC, .family = AF_INET6 };
	struct flowsel dscp = { .has = FLOWSEL_DSCP, .dscp_lo = 63, .dscp_hi = 63 };
	struct steer_pkt p = { .src = { UINT64_MAX, UINT64_MAX }, .has = STEER_IS_V6,
			       .dscp = 63, .l4 = { .spi = UINT32_MAX, .has = STEER_HAS_SPI } };

	(void)state;
	memset(&all.src_hi, 0xff, sizeof(all.src_hi));
	assert_true(hits(&s, &p));
	assert_true(hits(&all, &p));
	assert_true(hits(&dscp, &p));
	all.src_hi.b[15] = 0xfe;
	assert_false(hits(&all, &p));
	p.l4.spi--;
	assert_false(hits(&s, &p));
	p.dscp--;
	assert_false(hits(&dscp, &p));
}

static void test_addresses_compare_as_numbers_of_128_bits(void **state)
{
	static const struct { __u64 v[2]; bool in; } row[] = {
		{ { 1, 0 }, false }, { { 1, 5 }, true }, { { 1, UINT64_MAX }, true },
		{ { 2, 0 }, true }, { { 3, 7 }, true }, { { 3, 8 }, false }, { { 4, 0 }, false },
		{ { 0, UINT64_MAX }, false },
	};
	static const __u64 lo[2] = { 1, 5 }, hi[2] = { 3, 7 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		bool out = (steer_less128(row[i].v, lo) | steer_less128(hi, row[i].v)) >> 63;

		assert_int_equal(!out, row[i].in);
	}
}

static void test_a_family_and_a_mark(void **state)
{
	struct flowsel v4 = { .family = AF_INET }, mark = { .mark = 0x10, .mask = 0xf0 };
	struct steer_pkt p = pkt6(1, 2, 3);

	(void)state;
	assert_false(hits(&v4, &p));
	p.has = STEER_IS_V4;
	assert_true(hits(&v4, &p));
	assert_false(hits(&mark, &p));
	p.mark = 0xf1f;
	assert_true(hits(&mark, &p));
	mark = (struct flowsel){ .mark = 0x80000000u, .mask = 0x80000000u };
	assert_false(hits(&mark, &p));
}

/* ---- rows ---- */

static struct k_spath path(uint16_t bid, uint8_t weight)
{
	return (struct k_spath){ .bid = bid, .weight = weight };
}

static unsigned share(const struct steer_places *p, uint32_t slot)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < STEER_PLACES; i++)
		n += steer_slot(p, i) == slot;
	return n;
}

static struct srow *new_row(void)
{
	struct srow *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	memset(r->place, 0xff, sizeof(r->place));
	return r;
}

static void test_the_places_of_a_row_are_as_its_weights(void **state)
{
	struct k_spath a = path(1, 1), b = path(9, 3), c = path(70, 0);
	struct srow *r = new_row();
	struct steer_row v;

	(void)state;
	v = srow_value(r, 1);
	assert_int_equal(share(&v.places, STEER_NOBODY), STEER_PLACES);
	assert_int_equal(srow_path_set(r, &a, 5) | srow_path_set(r, &b, 6) |
			 srow_path_set(r, &c, 7), 0);
	v = srow_value(r, 2);
	assert_int_equal(share(&v.places, 0), 32);
	assert_int_equal(share(&v.places, 1), 96);
	assert_int_equal(v.path[1].bid, 9);
	assert_int_equal(v.path[1].ifindex, 6);
	srow_path_clear(r, 9);
	v = srow_value(r, 3);
	assert_int_equal(share(&v.places, 0), STEER_PLACES);
	assert_int_equal(v.path[1].ifindex, 0);
	for (uint16_t bid = 100; bid < 106; bid++) {
		a = path(bid, 1);
		assert_int_equal(srow_path_set(r, &a, 8), 0);
	}
	a = path(106, 1);
	assert_int_equal(srow_path_set(r, &a, 8), -ENOSPC);
	srow_free(r);
}

static void test_a_flow_goes_by_the_first_that_is_there(void **state)
{
	struct k_sflow o = { .order = 5, .bid = { 3, 1, 2 } };
	struct k_spath a = path(1, 1), b = path(2, 1);
	struct srow *r = new_row();
	struct steer_flow f;

	(void)state;
	assert_int_equal(srow_flow_set(r, &o), 0);
	assert_false(srow_flow_value(r, &r->flow[0], &f));	/* inactive: RFC 6089 5.3.6 */
	srow_path_set(r, &a, 5);
	srow_path_set(r, &b, 6);
	assert_true(srow_flow_value(r, &r->flow[0], &f));
	assert_int_equal(share(&f.places, 0), STEER_PLACES);
	assert_int_equal(f.copies, 0);
	r->flow[0].o.weight[1] = 1;
	r->flow[0].o.weight[2] = 1;
	assert_true(srow_flow_value(r, &r->flow[0], &f));
	assert_int_equal(share(&f.places, 0), 64);
	assert_int_equal(share(&f.places, 1), 64);
	r->flow[0].o.copy = true;
	assert_true(srow_flow_value(r, &r->flow[0], &f));
	assert_int_equal(f.copies, 3);
	srow_free(r);
}

static void test_flows_stand_in_their_order(void **state)
{
	static const uint32_t order[] = { 70, 5, 0x10000, 6, 5 };
	struct k_sflow bad = { .sel = { .family = 3 } };
	struct srow *r = new_row();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		struct k_sflow o = { .order = order[i], .bid = { (uint16_t)(i + 1) } };

		assert_int_equal(srow_flow_set(r, &o), 0);
	}
	assert_int_equal(r->n_flow, 4);
	assert_int_equal(r->flow[0].o.order, 5);
	assert_int_equal(r->flow[0].o.bid[0], 5);	/* the same key: in its place */
	assert_int_equal(r->flow[3].o.order, 0x10000);
	srow_flow_clear(r, 6);
	srow_flow_clear(r, 6);
	assert_int_equal(r->n_flow, 3);
	assert_int_equal(r->flow[1].o.order, 70);
	assert_int_equal(srow_flow_set(r, &bad), -EAFNOSUPPORT);
	for (uint32_t i = 100; r->n_flow < STEER_POLICY; i++) {
		struct k_sflow o = { .order = i };

		assert_int_equal(srow_flow_set(r, &o), 0);
	}
	bad = (struct k_sflow){ .order = 1 };
	assert_int_equal(srow_flow_set(r, &bad), -ENOSPC);
	srow_free(r);
}

/* ---- counts ---- */

static unsigned n_put, n_del;
static uint64_t fails_for;

static int on_put(void *arg, const struct srow_count *c)
{
	(void)arg;
	n_put++;
	return c->id == fails_for ? -E2BIG : 0;
}

static void on_del(void *arg, const struct srow_count *c)
{
	(void)arg, (void)c;
	n_del++;
}

static void counted(struct srow *r, unsigned put, unsigned del)
{
	n_put = n_del = 0;
	srow_counts(r, on_put, on_del, NULL);
	assert_int_equal(n_put, put);
	assert_int_equal(n_del, del);
}

static void set_flow(struct srow *r, uint32_t order, uint64_t id, uint16_t first, uint16_t second)
{
	struct k_sflow o = { .order = order, .id = id, .bid = { first, second } };

	assert_int_equal(srow_flow_set(r, &o), 0);
}

/* A policy that is changed: what stays a flow of it goes on, wherever it stands now. */
static void test_counts_go_on_as_long_as_the_flow_is_there(void **state)
{
	struct k_spath a = path(1, 1);
	struct srow *r = new_row();

	(void)state;
	fails_for = 99;
	srow_path_set(r, &a, 5);
	set_flow(r, 10, 7, 2, 1);
	set_flow(r, 20, 8, 1, 0);
	counted(r, 4, 0);			/* the path, 7 by 2 and by 1, 8 */
	counted(r, 0, 0);
	set_flow(r, 10, 8, 1, 0);		/* they change places */
	set_flow(r, 20, 7, 2, 1);
	counted(r, 0, 0);
	set_flow(r, 5, 9, 1, 0);		/* a new one before them */
	counted(r, 1, 0);
	set_flow(r, 10, 8, 3, 0);		/* by another path */
	counted(r, 1, 1);
	srow_flow_clear(r, 20);
	counted(r, 0, 2);
	set_flow(r, 20, 7, 2, 1);		/* a new one, though it had that name before */
	counted(r, 2, 0);
	srow_path_clear(r, 1);
	for (uint32_t order = 5; order <= 20; order++)
		srow_flow_clear(r, order);
	counted(r, 0, 5);
	assert_int_equal(r->n_count, 0);
	srow_free(r);
}

static void test_what_cannot_be_counted_is_tried_again(void **state)
{
	struct srow *r = new_row();

	(void)state;
	fails_for = 7;
	set_flow(r, 10, 7, 1, 0);
	counted(r, 1, 0);
	assert_int_equal(r->n_count, 0);
	fails_for = 99;
	counted(r, 1, 0);
	assert_int_equal(r->n_count, 1);
	srow_free(r);
}

/* RFC 6089 4.3: "flow binding rules MUST NOT apply to Mobile IPv6 signaling". */
static void test_flows_do_not_apply_to_signalling(void **state)
{
	struct steer_pkt p = pkt6(9, 1, 2);

	(void)state;
	assert_false(steer_left_alone(&p, 0) || steer_left_alone(&p, 1));
	p.l4.proto = 135;
	assert_true(steer_left_alone(&p, 0) && steer_left_alone(&p, 1));
	p.l4.has = 0;				/* a later fragment of who knows what */
	assert_false(steer_left_alone(&p, 0) || steer_left_alone(&p, 1));
}

static void test_answers_to_probes_take_the_primary_path(void **state)
{
	struct steer_pkt p = pkt6(9, 0, 0);

	(void)state;
	p.l4 = (struct steer_l4){ .proto = 58, .has = STEER_HAS_PROTO | STEER_IS_ANSWER };
	assert_false(steer_left_alone(&p, 0));	/* of somebody beyond */
	p.has |= STEER_IS_LOCAL;
	assert_true(steer_left_alone(&p, 0));
	assert_false(steer_left_alone(&p, 1));	/* the mobile node's own: it asks who answers */
	p.l4.has &= ~(uint64_t)STEER_IS_ANSWER;
	assert_false(steer_left_alone(&p, 0));
}

static void test_ipv4_stands_among_the_mapped_addresses(void **state)
{
	struct prefix four = px("10.1.1.0/24"), six = px("2001:db8::/32");
	struct steer_net_key k = steer_net_of(&four);

	(void)state;
	assert_int_equal(k.plen, 120);
	assert_int_equal(ntohl(k.addr[2]), 0xffff);
	assert_int_equal(ntohl(k.addr[3]), 0x0a010100);
	k = steer_net_of(&six);
	assert_int_equal(k.plen, 32);
	assert_int_equal(ntohl(k.addr[0]), 0x20010db8);
}

static void test_flows_spread_over_all_places(void **state)
{
	unsigned n[STEER_PLACES] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 128 * STEER_PLACES; i++) {
		struct steer_pkt p = pkt6(9, (uint16_t)(1024 + i), 443);

		n[steer_place(&p)]++;
	}
	for (unsigned i = 0; i < STEER_PLACES; i++)
		assert_in_range(n[i], 70, 190);
}

int main(void)
{
	const struct CMUnitTest test[] = {
		cmocka_unit_test(test_both_ends_of_a_range_belong_to_it),
		cmocka_unit_test(test_numbers_at_the_ends_of_their_fields),
		cmocka_unit_test(test_addresses_compare_as_numbers_of_128_bits),
		cmocka_unit_test(test_a_family_and_a_mark),
		cmocka_unit_test(test_the_places_of_a_row_are_as_its_weights),
		cmocka_unit_test(test_a_flow_goes_by_the_first_that_is_there),
		cmocka_unit_test(test_flows_stand_in_their_order),
		cmocka_unit_test(test_counts_go_on_as_long_as_the_flow_is_there),
		cmocka_unit_test(test_what_cannot_be_counted_is_tried_again),
		cmocka_unit_test(test_flows_do_not_apply_to_signalling),
		cmocka_unit_test(test_answers_to_probes_take_the_primary_path),
		cmocka_unit_test(test_ipv4_stands_among_the_mapped_addresses),
		cmocka_unit_test(test_flows_spread_over_all_places),
	};

	return cmocka_run_group_tests(test, NULL, NULL);
}
