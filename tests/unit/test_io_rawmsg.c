/* SPDX-License-Identifier: BSD-2-Clause */
/* Ancillary data of the raw sockets, as Linux hands them over (addresses swapped). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "io/raw.h"

static struct in6_addr a6(const char *s)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, s, &a), 1);
	return a;
}

/* A received message under construction. */
struct got {
	struct sockaddr_in6 from;
	struct raw_ctl ctl;
	struct msghdr h;
};

static void got_init(struct got *g, const char *from)
{
	memset(g, 0, sizeof(*g));
	g->from.sin6_family = AF_INET6;
	g->from.sin6_addr = a6(from);
	g->h.msg_name = &g->from;
	g->h.msg_namelen = sizeof(g->from);
	g->h.msg_control = g->ctl.b;
}

static void got_add(struct got *g, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *c = (void *)(g->ctl.b + g->h.msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	g->h.msg_controllen += CMSG_SPACE(len);
}

static void got_pktinfo(struct got *g, const char *dst, unsigned ifindex)
{
	struct in6_pktinfo info = { .ipi6_addr = a6(dst), .ipi6_ifindex = ifindex };

	got_add(g, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static void got_hao(struct got *g, const char *addr)
{
	struct in6_addr a = a6(addr);
	uint8_t b[HAO_HDR_LEN];

	hao_build(&a, b);
	b[0] = 135;
	got_add(g, IPPROTO_IPV6, IPV6_DSTOPTS, b, sizeof(b));
}

static void got_rh2(struct got *g, const char *addr)
{
	struct in6_addr a = a6(addr);
	uint8_t b[RH2_LEN];

	rh2_build(&a, b);
	b[3] = 0; /* segments left: the kernel has been there */
	got_add(g, IPPROTO_IPV6, IPV6_RTHDR, b, sizeof(b));
}

static void assert_addr(const struct in6_addr *a, const char *s)
{
	assert_string_equal(A6(a), s);
}

static void test_a_plain_message_is_as_it_is(void **state)
{
	int hops = 255;
	struct raw_in in;
	struct got g;

	(void)state;
	got_init(&g, "2001:db8::1");
	got_pktinfo(&g, "2001:db8::2", 5);
	got_add(&g, IPPROTO_IPV6, IPV6_HOPLIMIT, &hops, sizeof(hops));
	assert_int_equal(raw_decode(&g.h, &in), 0);
	assert_addr(&in.src, "2001:db8::1");
	assert_addr(&in.dst, "2001:db8::2");
	assert_int_equal(in.ifindex, 5);
	assert_int_equal(in.hop_limit, 255);
	assert_false(in.has_hao || in.has_rh2 || in.has_drops);
}

static void test_the_swap_of_a_home_address_option_is_undone(void **state)
{
	struct raw_in in;
	struct got g;

	(void)state;
	got_init(&g, "2001:db8:1::10"); /* home address */
	got_pktinfo(&g, "2001:db8::2", 5);
	got_hao(&g, "2001:db8:2::20"); /* care-of address */
	assert_int_equal(raw_decode(&g.h, &in), 0);
	assert_true(in.has_hao);
	assert_addr(&in.src, "2001:db8:2::20");
	assert_addr(&in.hao, "2001:db8:1::10");
	assert_int_equal(in.hop_limit, -1);
}

static void test_behind_a_type_2_routing_header_the_care_of_address_was_the_first_stop(void **state)
{
	struct raw_in in;
	struct got g;

	(void)state;
	got_init(&g, "2001:db8::2");
	got_pktinfo(&g, "2001:db8:1::10", 5);
	got_rh2(&g, "2001:db8:2::20");
	assert_int_equal(raw_decode(&g.h, &in), 0);
	assert_true(in.has_rh2 && !in.has_hao);
	assert_addr(&in.dst, "2001:db8:1::10");
	assert_addr(&in.rh2_coa, "2001:db8:2::20");
}

static void test_the_count_of_lost_messages_is_read(void **state)
{
	uint32_t drops = 0xfffffff0;
	struct raw_in in;
	struct got g;

	(void)state;
	got_init(&g, "2001:db8::2");
	got_add(&g, SOL_SOCKET, SO_RXQ_OVFL, &drops, sizeof(drops));
	got_pktinfo(&g, "2001:db8::1", 5);
	assert_int_equal(raw_decode(&g.h, &in), 0);
	assert_true(in.has_drops);
	assert_int_equal(in.drops, drops);
}

static void test_what_no_legal_message_has_is_refused(void **state)
{
	enum { TWO_HAO, CUT_HAO, BAD_RH2, NO_PKTINFO, TRUNCATED, NO_SOURCE };

	(void)state;
	for (int what = TWO_HAO; what <= NO_SOURCE; what++) {
		uint8_t rh[RH2_LEN] = { 135, 4, 2, 0 }, opt[16] = { 135, 1, HAO_TYPE, 16 };
		struct raw_in in;
		struct got g;

		got_init(&g, "2001:db8::1");
		if (what != NO_PKTINFO)
			got_pktinfo(&g, "2001:db8::2", 5);
		got_hao(&g, "2001:db8:2::20");
		if (what == TWO_HAO)
			got_hao(&g, "2001:db8:2::21");
		if (what == CUT_HAO)
			got_add(&g, IPPROTO_IPV6, IPV6_DSTOPTS, opt, sizeof(opt));
		if (what == BAD_RH2)
			got_add(&g, IPPROTO_IPV6, IPV6_RTHDR, rh, sizeof(rh));
		if (what == TRUNCATED)
			g.h.msg_flags = MSG_CTRUNC;
		if (what == NO_SOURCE)
			g.h.msg_namelen = 0;
		assert_int_equal(raw_decode(&g.h, &in), -EBADMSG);
	}
}

static void test_other_extension_headers_are_no_harm(void **state)
{
	uint8_t opt[8] = { 135, 0, 1, 4 }, rh[RH2_LEN] = { 135, 2, 4, 0 };
	struct raw_in in;
	struct got g;

	(void)state;
	got_init(&g, "2001:db8::1");
	got_pktinfo(&g, "2001:db8::2", 5);
	got_add(&g, IPPROTO_IPV6, IPV6_DSTOPTS, opt, sizeof(opt));
	got_add(&g, IPPROTO_IPV6, IPV6_RTHDR, rh, sizeof(rh));
	assert_int_equal(raw_decode(&g.h, &in), 0);
	assert_false(in.has_hao || in.has_rh2);
}

static const struct cmsghdr *sent(struct msghdr *h, int type)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == type)
			return c;
	return NULL;
}

static void test_sending_carries_source_interface_and_only_the_wanted_headers(void **state)
{
	(void)state;
	for (int with = 0; with < 4; with++) {
		struct raw_out o = {
			.src = a6("2001:db8:2::20"),
			.dst = a6("2001:db8::2"),
			.ifindex = 3,
			.has_hao = with & 1,
			.has_rh2 = with & 2,
			.hao = a6("2001:db8:1::10"),
			.rh2_coa = a6("2001:db8:3::30"),
		};
		struct msghdr h = { 0 };
		struct in6_pktinfo info;
		struct in6_addr a;
		struct raw_ctl ctl;

		raw_encode(&o, &h, &ctl);
		memcpy(&info, CMSG_DATA(sent(&h, IPV6_PKTINFO)), sizeof(info));
		assert_true(in6_eq(&info.ipi6_addr, &o.src));
		assert_int_equal(info.ipi6_ifindex, 3);
		assert_true(!sent(&h, IPV6_DSTOPTS) == !(with & 1));
		assert_true(!sent(&h, IPV6_RTHDR) == !(with & 2));
		if (with & 1) {
			assert_int_equal(
				hao_parse(CMSG_DATA(sent(&h, IPV6_DSTOPTS)), HAO_HDR_LEN, &a), 1);
			assert_true(in6_eq(&a, &o.hao));
		}
		if (with & 2) {
			assert_int_equal(rh2_parse(CMSG_DATA(sent(&h, IPV6_RTHDR)), RH2_LEN, &a),
					 1);
			assert_true(in6_eq(&a, &o.rh2_coa));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plain_message_is_as_it_is),
		cmocka_unit_test(test_the_swap_of_a_home_address_option_is_undone),
		cmocka_unit_test(
			test_behind_a_type_2_routing_header_the_care_of_address_was_the_first_stop),
		cmocka_unit_test(test_the_count_of_lost_messages_is_read),
		cmocka_unit_test(test_what_no_legal_message_has_is_refused),
		cmocka_unit_test(test_other_extension_headers_are_no_harm),
		cmocka_unit_test(test_sending_carries_source_interface_and_only_the_wanted_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
