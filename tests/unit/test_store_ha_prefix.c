/* SPDX-License-Identifier: BSD-2-Clause */
/* Prefixes of both families, care-of address, lifetime, DAD; the kernel's refusal. */
#include "ha_rules_help.h"

/* ---- prefixes ---- */

static void assert_prefixes(const struct bu_verdict *v, const char *const *want, size_t n)
{
	if (v->b.n_prefix != n)
		fail_msg("%u prefixes", v->b.n_prefix);
	for (size_t i = 0; i < n; i++) {
		const struct prefix p = pfx(want[i]);

		if (!prefix_eq(&v->b.prefix[i], &p))
			fail_msg("prefix %zu is %s", i, PFX(&v->b.prefix[i]));
	}
}
#define PREFIXES(v, ...) do { \
	const char *const want_[] = { __VA_ARGS__ }; \
	assert_prefixes(v, want_, ARRAY_SIZE(want_)); \
} while (0)

static void test_explicit_prefixes_are_those_listed(void **state)
{
	const struct row one = { "", .mnp = { MNP2 } }, both = { "", .mnp = { MNP2, MNP1 } },
			 twice = { "", .mnp = { MNP1, MNP1 } };
	struct bu_verdict v;

	(void)state;
	decide(&one, &v);
	PREFIXES(&v, MNP2);
	assert_true(v.explicit6);
	decide(&both, &v);
	PREFIXES(&v, MNP2, MNP1);
	decide(&twice, &v);
	PREFIXES(&v, MNP1);
}

static void test_host_bits_of_a_listed_prefix_do_not_count(void **state)
{
	const struct row r = { "", .mnp = { "2001:db8:281::1/64" } };
	struct bu_verdict v;

	(void)state;
	decide(&r, &v);
	assert_int_equal(v.act, BU_REGISTER);
	PREFIXES(&v, MNP1);
}

static void test_implicit_prefixes_are_those_configured(void **state)
{
	const struct row r = { .what = "" };
	struct bu_verdict v;

	(void)state;
	decide(&r, &v);
	PREFIXES(&v, MNP1, MNP2);	/* IPv4 needs options or static mode */
	assert_false(v.explicit6);
}

static void test_prefix_of_somebody_else_gets_142(void **state)
{
	(void)state;
	PLAY({ "other node's", .mnp = { MNP3 }, REFUSED(BA_PREFIX_UNAUTHORIZED) },
	     { "one of two", .mnp = { MNP1, MNP3 }, REFUSED(BA_PREFIX_UNAUTHORIZED) },
	     { "nobody's", .mnp = { "2001:db8:abc::/64" }, REFUSED(BA_PREFIX_UNAUTHORIZED) },
	     { "longer", .mnp = { "2001:db8:281::/65" }, REFUSED(BA_PREFIX_UNAUTHORIZED) },
	     { "shorter", .mnp = { "2001:db8:280::/63" }, REFUSED(BA_PREFIX_UNAUTHORIZED) },
	     { "home prefix", .mnp = { HOME }, REFUSED(BA_PREFIX_UNAUTHORIZED) },
	     { "refresh", .mnp = { MNP3 }, .have = BOUND, REFUSED(BA_PREFIX_UNAUTHORIZED) });
}

static void test_prefix_that_is_refused_is_named(void **state)
{
	const struct row r = { "", .mnp = { MNP1, MNP3 } };
	const struct prefix p = pfx(MNP3);
	struct bu_verdict v;

	(void)state;
	decide(&r, &v);
	assert_true(prefix_eq(&v.culprit, &p));
}

static void test_prefix_that_cannot_be_one_gets_141(void **state)
{
	(void)state;
	PLAY({ "length 0", .mnp = { "2001:db8:281::/0" }, REFUSED(BA_INVALID_PREFIX) },
	     { "multicast", .mnp = { "ff0e::/64" }, REFUSED(BA_INVALID_PREFIX) },
	     { "link-local", .mnp = { "fe80::/64" }, REFUSED(BA_INVALID_PREFIX) },
	     { "unspecified", .mnp = { "::/64" }, REFUSED(BA_INVALID_PREFIX) },
	     { "one of two", .mnp = { MNP1, "ff0e::/64" }, REFUSED(BA_INVALID_PREFIX) },
	     { "before 142", .mnp = { MNP3, "ff0e::/64" }, REFUSED(BA_INVALID_PREFIX) });
}

static void test_implicit_without_configured_prefix_gets_143(void **state)
{
	struct mobile_node *n = world_node(&w, MR);

	(void)state;
	n->n_prefix = 0;
	PLAY({ "none", REFUSED(BA_FORWARDING_FAILED) });
	n->prefixes = w.mr + 2;		/* IPv4 only, and not static */
	n->n_prefix = 2;
	PLAY({ "IPv4 by option only", REFUSED(BA_FORWARDING_FAILED) });
	n->ipv4_static = true;
	PLAY({ "IPv4 static", ACCEPTED });
}

static void test_more_configured_prefixes_than_fit_get_143(void **state)
{
	static struct prefix many[MHOPT_MAX_MNP + 1];
	struct mobile_node *n = world_node(&w, MR);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		many[i] = pfx(MNP1);
		many[i].a.b[6] = (uint8_t)i;
	}
	n->prefixes = many;
	n->n_prefix = MHOPT_MAX_MNP;
	PLAY({ "as many", ACCEPTED });
	n->n_prefix++;
	PLAY({ "one more", REFUSED(BA_FORWARDING_FAILED) });
}

static void test_without_r_nothing_is_forwarded_for_a_network(void **state)
{
	const struct row r = { "", .flags = AH, .mnp = { MNP1 } };
	struct bu_verdict v;

	(void)state;
	world_node(&w, MR)->ipv4_static = true;
	decide(&r, &v);
	assert_int_equal(v.act, BU_REGISTER);
	assert_int_equal(v.b.n_prefix, 0);
}

/* ---- IPv4 ---- */

struct ask4 { const char *what; const char *addr; uint8_t plen; bool p; uint8_t status; };

static void ask(struct mh_msg *m, bool draft, const struct ask4 *q, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct prefix a = pfx(q[i].addr);

		if (draft)
			m->opt.ipv4_mnp[m->opt.n_ipv4_mnp++] = prefix4(a.a.in4, q[i].plen);
		else
			m->opt.ipv4_hoa[m->opt.n_ipv4_hoa++] =
				(struct mhopt_ipv4_hoa){ q[i].plen, q[i].p, a.a.in4 };
	}
}

static void decide4(const struct row *r, bool draft, const struct ask4 *q, size_t n,
		    struct bu_verdict *v)
{
	struct bu_rx rx;
	struct mh_msg m;

	bu_make(r, &rx, &m);
	ask(&m, draft, q, n);
	ha_bu_decide(&w.c, NULL, NULL, 0, &rx, &m, NOW, v);
}

static const struct ask4 ask4[] = {
	{ "its own", "10.0.0.0", 24, false, IPV4_ACK_OK },
	{ "its own, P", "10.0.0.0", 24, true, IPV4_ACK_OK },
	{ "address in it", "10.1.2.3", 16, false, IPV4_ACK_OK },
	{ "other node's", "10.2.0.0", 24, false, IPV4_ACK_PREFIX_UNAUTHORIZED },
	{ "longer", "10.0.0.0", 25, false, IPV4_ACK_PREFIX_UNAUTHORIZED },
	{ "shorter", "10.0.0.0", 23, false, IPV4_ACK_PREFIX_UNAUTHORIZED },
	{ "one address", "10.0.0.1", 32, false, IPV4_ACK_INCORRECT },
	{ "length 0", "10.0.0.0", 0, false, IPV4_ACK_INVALID },
	{ "multicast", "224.0.0.0", 24, false, IPV4_ACK_INVALID },
	{ "loopback", "127.0.0.0", 24, false, IPV4_ACK_INVALID },
};

static void test_each_ipv4_request_has_its_own_answer(void **state)
{
	const struct row r = { "", .mnp = { MNP1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ask4); i++) {
		struct bu_verdict v;
		struct prefix a = pfx(ask4[i].addr);
		bool ok = ask4[i].status == IPV4_ACK_OK;

		decide4(&r, false, &ask4[i], 1, &v);
		if (v.act != BU_REGISTER || v.n_ipv4_ack != 1 ||
		    v.ipv4_ack[0].status != ask4[i].status)
			fail_msg("%s: act %d, %u answers, %u", ask4[i].what, v.act, v.n_ipv4_ack,
				 v.ipv4_ack[0].status);
		/* RFC 5555 3.2.1: address copied, length 0 in a failure */
		assert_int_equal(v.ipv4_ack[0].addr.s_addr, a.a.in4.s_addr);
		assert_int_equal(v.ipv4_ack[0].plen, ok ? ask4[i].plen : 0);
		assert_int_equal(v.b.n_prefix, ok ? 2 : 1);
		assert_int_equal(v.b.ipv4_options, ok);
		assert_false(v.ack_is_v4prefix);
	}
}

static void test_dynamic_ipv4_allocation_is_refused(void **state)
{
	static const struct ask4 q[] = { { "address", "0.0.0.0", 32, false, 0 },
					 { "prefix", "0.0.0.0", 24, true, 0 } };
	const struct row r = { .what = "" };
	struct bu_verdict v;

	(void)state;
	decide4(&r, false, q, 2, &v);
	assert_int_equal(v.act, BU_REGISTER);
	assert_int_equal(v.ipv4_ack[0].status, IPV4_ACK_NO_DYNAMIC);
	assert_int_equal(v.ipv4_ack[1].status, IPV4_ACK_PREFIX_UNAUTHORIZED);
}

static void test_one_refused_ipv4_prefix_leaves_the_others(void **state)
{
	static const struct ask4 q[] = { { "", "10.0.0.0", 24, true, 0 },
					 { "", "10.2.0.0", 24, true, 0 },
					 { "", "10.1.0.0", 16, true, 0 } };
	const struct row r = { "", .mnp = { MNP1 } };
	struct bu_verdict v;

	(void)state;
	decide4(&r, false, q, 3, &v);
	assert_int_equal(v.act, BU_REGISTER);
	PREFIXES(&v, MNP1, NET4, NET4B);
	assert_int_equal(v.ipv4_ack[0].status, IPV4_ACK_OK);
	assert_int_equal(v.ipv4_ack[1].status, IPV4_ACK_PREFIX_UNAUTHORIZED);
	assert_int_equal(v.ipv4_ack[2].status, IPV4_ACK_OK);
}

static void test_refused_ipv4_alone_does_not_fail_the_binding(void **state)
{
	const struct row r = { .what = "" };
	struct mobile_node *n = world_node(&w, MR);
	struct bu_verdict v;

	(void)state;
	n->n_prefix = 0;
	decide4(&r, false, &ask4[0], 1, &v);
	assert_int_equal(v.act, BU_REGISTER);
	assert_int_equal(v.ipv4_ack[0].status, IPV4_ACK_PREFIX_UNAUTHORIZED);
}

static void test_encoding_that_is_not_accepted_is_not_there(void **state)
{
	const struct row r = { "", .mnp = { MNP1 } };
	struct bu_verdict v;

	(void)state;
	decide4(&r, true, &ask4[0], 1, &v);
	assert_int_equal(v.n_ipv4_ack, 0);
	PREFIXES(&v, MNP1);
	w.c.accept_rfc5555 = false;
	decide4(&r, false, &ask4[0], 1, &v);
	assert_int_equal(v.n_ipv4_ack, 0);
	PREFIXES(&v, MNP1);
}

static void test_draft_encoding_is_answered_in_kind(void **state)
{
	const struct row r = { "", .mnp = { MNP1 } };
	struct bu_verdict v;

	(void)state;
	w.c.accept_v4prefix = true;
	decide4(&r, true, &ask4[0], 1, &v);
	assert_true(v.ack_is_v4prefix);
	assert_int_equal(v.ipv4_ack[0].status, IPV4_ACK_OK);
	PREFIXES(&v, MNP1, NET4);
	/* a refusal names the prefix: it is all that the router can tell them apart by */
	decide4(&r, true, &ask4[3], 1, &v);
	assert_int_equal(v.ipv4_ack[0].status, IPV4_ACK_PREFIX_UNAUTHORIZED);
	assert_int_equal(v.ipv4_ack[0].plen, 24);
	/* both accepted: each as it came */
	decide4(&r, false, &ask4[0], 1, &v);
	assert_false(v.ack_is_v4prefix);
}

static void test_static_ipv4_needs_no_option(void **state)
{
	const struct row r = { "", .mnp = { MNP1 } };
	struct bu_verdict v;

	(void)state;
	world_node(&w, MR)->ipv4_static = true;
	decide(&r, &v);
	PREFIXES(&v, MNP1, NET4, NET4B);
	assert_int_equal(v.n_ipv4_ack, 0);
	assert_false(v.b.ipv4_options);
}

static void test_ipv4_prefix_without_r_is_prohibited(void **state)
{
	const struct row r = { "", .flags = AH };
	struct bu_verdict v;

	(void)state;
	decide4(&r, false, &ask4[0], 1, &v);
	assert_int_equal(v.act, BU_REGISTER);
	assert_int_equal(v.ipv4_ack[0].status, IPV4_ACK_PROHIBITED);
	assert_int_equal(v.b.n_prefix, 0);
}

static void test_more_ipv4_prefixes_than_fit_are_refused_one_by_one(void **state)
{
	static struct prefix many[2 * MHOPT_MAX_MNP];
	struct ask4 q[MHOPT_MAX_MNP];
	char addr[MHOPT_MAX_MNP][INET_ADDRSTRLEN];
	const struct row r = { "", .mnp = { MNP1 } };
	struct mobile_node *n = world_node(&w, MR);
	struct bu_verdict v;

	(void)state;
	many[0] = pfx(MNP1);
	for (unsigned i = 0; i < MHOPT_MAX_MNP; i++) {
		struct in_addr a = { htonl(0x0a000000u + (i << 8)) };

		many[i + 1] = prefix4(a, 24);
		inet_ntop(AF_INET, &a, addr[i], sizeof(addr[i]));
		q[i] = (struct ask4){ "", addr[i], 24, false, 0 };
	}
	n->prefixes = many;
	n->n_prefix = MHOPT_MAX_MNP + 1;
	decide4(&r, false, q, MHOPT_MAX_MNP, &v);
	assert_int_equal(v.act, BU_REGISTER);
	assert_int_equal(v.b.n_prefix, MHOPT_MAX_MNP);
	assert_int_equal(v.ipv4_ack[MHOPT_MAX_MNP - 2].status, IPV4_ACK_OK);
	assert_int_equal(v.ipv4_ack[MHOPT_MAX_MNP - 1].status, IPV4_ACK_UNSPECIFIED);
}

/* ---- care-of address, resources, lifetime ---- */

static void test_care_of_address_that_makes_no_sense_gets_174(void **state)
{
	(void)state;
	PLAY({ "own network", .src = "2001:db8:281::7", REFUSED(BA_INVALID_COA) },
	     { "own network, alternate", .alt = "2001:db8:282::7", REFUSED(BA_INVALID_COA) },
	     { "own network that is not listed", .src = "2001:db8:282::7", .mnp = { MNP1 },
	       REFUSED(BA_INVALID_COA) },
	     { "home agent's", .alt = HA_ADDR, REFUSED(BA_INVALID_COA) },
	     { "its virtual one", .alt = VIRTUAL_HA, REFUSED(BA_INVALID_COA) },
	     { "home prefix on no link", .src = "2001:db8:500::77", REFUSED(BA_INVALID_COA) },
	     { "another node's network", .src = "2001:db8:283::7", ACCEPTED });
}

/* RFC 4887: networks that move, and home links, are parts of a home network that is on no link. */
static void test_care_of_address_within_an_extended_home_network(void **state)
{
	(void)state;
	w.served = pfx("2001:db8:200::/40");
	PLAY({ "on a home link", .src = "2001:db8:280::77", ACCEPTED },
	     { "in another node's network", .src = "2001:db8:283::7", ACCEPTED },
	     { "nowhere", .src = "2001:db8:290::7", REFUSED(BA_INVALID_COA) });
}

static void test_no_room_for_another_binding_gets_130(void **state)
{
	static const struct {
		unsigned max;
		size_t bound;
		enum have have;
		uint8_t status;
	} row[] = {
		{ 2, 1, NOTHING, 0 }, { 2, 2, NOTHING, BA_NO_RESOURCES }, { 2, 2, BOUND, 0 },
		{ 2, 2, DELETED, BA_NO_RESOURCES }, { 0, 99999, NOTHING, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct row r = { "", .have = row[i].have };
		struct bu_verdict v;
		struct bc_entry e;
		struct bu_rx rx;
		struct mh_msg m;

		w.c.max_bindings = row[i].max;
		entry_make(&r, &e);
		bu_make(&r, &rx, &m);
		ha_bu_decide(&w.c, r.have ? &e : NULL, NULL, row[i].bound, &rx, &m, NOW, &v);
		if (v.status != row[i].status)
			fail_msg("row %zu: %u", i, v.status);
	}
}

static void test_lifetime_is_the_least_of_asked_allowed_and_prefix(void **state)
{
	static const struct {
		int asked;
		uint32_t max, node_max, valid, preferred, granted;
		uint8_t status;
	} row[] = {
		{ 600, 3600, 0, UINT32_MAX, UINT32_MAX, 600, 0 },
		{ 4000, 3600, 0, UINT32_MAX, UINT32_MAX, 3600, 0 },
		{ 4000, 3600, 100, UINT32_MAX, UINT32_MAX, 100, 0 },
		{ 4000, 3600, 7200, UINT32_MAX, UINT32_MAX, 4000, 0 },	/* the node's own limit */
		{ 4000, 3602, 0, UINT32_MAX, UINT32_MAX, 3600, 0 },	/* units of 4 s */
		{ MH_LIFETIME_MAX, UINT32_MAX, 0, UINT32_MAX, UINT32_MAX, MH_LIFETIME_MAX, 0 },
		/* RFC 6275 10.3.1: status 1 */
		{ 600, 3600, 0, 300, 300, 300, 1 },		/* invalid at its end */
		{ 600, 3600, 0, 600, 600, 600, 1 },
		{ 600, 3600, 0, 603, 603, 600, 1 },		/* the low two bits do not count */
		{ 600, 3600, 0, 604, 604, 600, 0 },
		{ 600, 3600, 0, 7200, 0, 600, 1 },		/* deprecated now */
		{ 600, 3600, 0, 7200, 596, 600, 1 },		/* or before the end */
		{ 600, 3600, 0, 7200, 599, 600, 1 },
		{ 600, 3600, 0, 7200, 600, 600, 0 },
		/* preferred does not shorten the lifetime */
		{ 600, 3600, 0, 7200, 4, 600, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct row r = { "", .life = row[i].asked };
		struct bu_verdict v;

		w.c.max_lifetime = row[i].max;
		world_node(&w, MR)->max_lifetime = row[i].node_max;
		w.link.valid = row[i].valid;
		w.link.preferred = row[i].preferred;
		decide(&r, &v);
		if (v.act != BU_REGISTER || v.b.lifetime != row[i].granted ||
		    v.status != row[i].status)
			fail_msg("row %zu: %u s, status %u", i, v.b.lifetime, v.status);
		assert_true(v.b.expires == NOW + row[i].granted);
	}
}

static void test_dad_only_for_a_new_binding_on_a_link(void **state)
{
	static const struct {
		const char *hoa, *dst;
		uint16_t flags, had;
		enum have have;
		bool dad, dad_ll;
	} row[] = {
		{ MR, HA_ADDR, AHR, AHR, NOTHING, true, false },
		{ MR, HA_ADDR, AHR | BU_L, AHR, NOTHING, true, true },
		{ MR, HA_ADDR, AHR | BU_L, AHR, DELETED, true, true },
		{ MR, HA_ADDR, AHR | BU_L, AHR | BU_L, BOUND, false, false },
		{ MR, HA_ADDR, AHR | BU_L, AHR, BOUND, false, true },	/* L is new */
		{ MR, HA_ADDR, AHR, AHR, BOUND, false, false },
		{ VMR, VIRTUAL_HA, AHR | BU_L, AHR, NOTHING, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row) + 1; i++) {
		size_t k = i % ARRAY_SIZE(row);	/* the first again, with DAD switched off */
		const struct row r = { "", .hoa = row[k].hoa, .dst = row[k].dst,
				       .flags = row[k].flags, .have = row[k].have,
				       .have_flags = row[k].had };
		struct bu_verdict v;

		w.c.dad = i == k;
		decide(&r, &v);
		if (v.act != BU_REGISTER || v.need_dad != (row[k].dad && w.c.dad) ||
		    v.need_dad_ll != (row[k].dad_ll && w.c.dad))
			fail_msg("row %zu: %d %d %d", i, v.act, v.need_dad, v.need_dad_ll);
	}
}

static void test_binding_is_what_was_asked_for(void **state)
{
	const struct row new = { "", .mnp = { MNP1 }, .flags = AHR | BU_L | BU_K | 0x1f },
			 again = { "", .have = BOUND, .last = 3 };
	struct in6_addr coa = ip6(COA), hoa = ip6(MR), own = ip6(HA_ADDR);
	struct bu_verdict v;

	(void)state;
	decide(&new, &v);
	assert_true(in6_eq(&v.b.key.hoa, &hoa) && v.b.key.bid == 0 && v.b.key.pad == 0);
	assert_true(v.b.coa.family == AF_INET6 && in6_eq(&v.b.coa.a.in6, &coa));
	assert_true(in6_eq(&v.b.local, &own));
	assert_int_equal(v.b.flags, AHR | BU_L | BU_K);
	assert_int_equal(v.b.seq, SEQ);
	assert_true(v.b.since == NOW);
	assert_int_equal(v.b.epoch, 1);
	assert_int_equal(v.b.slot, world_node(&w, MR)->slot);
	decide(&again, &v);
	assert_true(v.b.since == NOW - 100);
	assert_int_equal(v.b.epoch, 5);
	assert_int_equal(v.b.slot, 77);	/* for its life */
}

/* ---- against the kernel and another configuration ---- */

static void test_kernel_failure_gets_130_141_or_143(void **state)
{
	static const struct { bool listed; const char *culprit; uint8_t status; } row[] = {
		{ false, NULL, BA_NO_RESOURCES },
		{ true, NULL, BA_NO_RESOURCES },
		{ false, MNP1, BA_FORWARDING_FAILED },
		{ true, MNP1, BA_INVALID_PREFIX },
		{ true, NET4, BA_FORWARDING_FAILED },	/* static: nothing could tell the router */
	};

	(void)state;
	world_node(&w, MR)->ipv4_static = true;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		const struct row r = { "", .mnp = { row[i].listed ? MNP1 : NULL } };
		struct prefix p = row[i].culprit ? pfx(row[i].culprit) : (struct prefix){ 0 };
		struct bu_verdict v;

		decide(&r, &v);
		if (ha_bu_apply_failed(&v, row[i].culprit ? &p : NULL) || v.act != BU_REFUSE ||
		    v.status != row[i].status)
			fail_msg("row %zu: %u", i, v.status);
	}
}

static void test_kernel_failure_of_an_asked_ipv4_prefix_refuses_only_that(void **state)
{
	static const struct ask4 q[] = { { "", "10.0.0.5", 24, true, 0 },
					 { "", "10.1.0.0", 16, true, 0 } };
	const struct row r = { "", .mnp = { MNP1 } };
	struct prefix culprit = pfx(NET4);
	struct bu_verdict v;

	(void)state;
	decide4(&r, false, q, 2, &v);
	assert_true(ha_bu_apply_failed(&v, &culprit));
	assert_int_equal(v.act, BU_REGISTER);
	PREFIXES(&v, MNP1, NET4B);
	assert_int_equal(v.ipv4_ack[0].status, IPV4_ACK_UNSPECIFIED);
	assert_int_equal(v.ipv4_ack[0].plen, 0);
	assert_int_equal(v.ipv4_ack[1].status, IPV4_ACK_OK);
	/* it is not in the binding any more: a second time it is no excuse */
	assert_false(ha_bu_apply_failed(&v, &culprit));
}

static void test_binding_stands_as_long_as_the_configuration_allows_it(void **state)
{
	const struct row r = { "", .mnp = { MNP1 } };
	struct mobile_node *n = world_node(&w, MR);
	struct bu_verdict v;
	const char *why;

	(void)state;
	decide4(&r, false, &ask4[0], 1, &v);
	assert_true(ha_binding_allowed(&w.c, &v.b, &why));
	n->router = false;
	assert_false(ha_binding_allowed(&w.c, &v.b, &why));
	n->router = true;
	n->n_prefix = 2;		/* IPv4 gone */
	assert_false(ha_binding_allowed(&w.c, &v.b, &why));
	n->n_prefix = 4;
	w.link.address = ip6("2001:db8:280::99");
	assert_false(ha_binding_allowed(&w.c, &v.b, &why));
	w.link.address = ip6(HA_ADDR);
	w.link.n_prefix = 0;
	assert_false(ha_binding_allowed(&w.c, &v.b, &why));
	w.link.n_prefix = 1;
	v.b.ipv4_options = false;	/* as if static */
	assert_false(ha_binding_allowed(&w.c, &v.b, &why));
	n->ipv4_static = true;
	assert_true(ha_binding_allowed(&w.c, &v.b, &why));
	w.c.n_node = 0;
	assert_false(ha_binding_allowed(&w.c, &v.b, &why));
	assert_non_null(why);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_explicit_prefixes_are_those_listed),
		T(test_host_bits_of_a_listed_prefix_do_not_count),
		T(test_implicit_prefixes_are_those_configured),
		T(test_prefix_of_somebody_else_gets_142),
		T(test_prefix_that_is_refused_is_named),
		T(test_prefix_that_cannot_be_one_gets_141),
		T(test_implicit_without_configured_prefix_gets_143),
		T(test_more_configured_prefixes_than_fit_get_143),
		T(test_without_r_nothing_is_forwarded_for_a_network),
		T(test_each_ipv4_request_has_its_own_answer),
		T(test_dynamic_ipv4_allocation_is_refused),
		T(test_one_refused_ipv4_prefix_leaves_the_others),
		T(test_refused_ipv4_alone_does_not_fail_the_binding),
		T(test_encoding_that_is_not_accepted_is_not_there),
		T(test_draft_encoding_is_answered_in_kind),
		T(test_static_ipv4_needs_no_option),
		T(test_ipv4_prefix_without_r_is_prohibited),
		T(test_more_ipv4_prefixes_than_fit_are_refused_one_by_one),
		T(test_care_of_address_that_makes_no_sense_gets_174),
		T(test_care_of_address_within_an_extended_home_network),
		T(test_no_room_for_another_binding_gets_130),
		T(test_lifetime_is_the_least_of_asked_allowed_and_prefix),
		T(test_dad_only_for_a_new_binding_on_a_link),
		T(test_binding_is_what_was_asked_for),
		T(test_kernel_failure_gets_130_141_or_143),
		T(test_kernel_failure_of_an_asked_ipv4_prefix_refuses_only_that),
		T(test_binding_stands_as_long_as_the_configuration_allows_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
