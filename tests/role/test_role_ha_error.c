/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors about packets in GRE tunnels, for those who sent what was in them (RFC 2473 8). */
#include "ha_role_help.h"

#include "base/bucket.h"

#define SENDER	"2001:db8:cc::b"
#define KEY	77

/* A packet as it was tunnelled, and the error about it. */
struct err {
	const char *src, *dst;		/* NULL: SENDER, in MNP1 */
	const char *from, *to;		/* outer; NULL: HA_ADDR, COA */
	const char *at;			/* whom the error is for; NULL: outer source */
	uint8_t type, code;		/* type 0: unreachable */
	uint8_t proto;			/* outer; 0: GRE */
	uint32_t key;
	bool ipv4;
	bool error;			/* itself an ICMP error */
};

static size_t put(uint8_t *to, const void *what, size_t n)
{
	memcpy(to, what, n);
	return n;
}

static size_t inner_packet(const struct err *x, uint8_t *p)
{
	uint8_t head6[] = { 0x60, 0, 0, 0, 0, 8, x->error ? IPPROTO_ICMPV6 : IPPROTO_UDP, 64 };
	uint8_t head4[] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, x->error ? IPPROTO_ICMP : IPPROTO_UDP,
			    0, 0 };
	uint8_t upper[8] = { x->ipv4 ? 3 : 1 };
	union ip_bytes src, dst;
	size_t n;

	if (x->ipv4) {
		inet_pton(AF_INET, x->src ? x->src : "192.0.2.11", &src);
		inet_pton(AF_INET, x->dst ? x->dst : "10.0.0.10", &dst);
	} else {
		src.in6 = ip6(x->src ? x->src : SENDER);
		dst.in6 = ip6(x->dst ? x->dst : "2001:db8:281::a");
	}
	n = x->ipv4 ? put(p, head4, sizeof(head4)) : put(p, head6, sizeof(head6));
	n += put(p + n, &src, x->ipv4 ? 4 : 16);
	n += put(p + n, &dst, x->ipv4 ? 4 : 16);
	return n + put(p + n, upper, sizeof(upper));
}

/* Says the error; the inner packet is what should be quoted. */
static size_t say(const struct err *x, uint8_t inner[80])
{
	uint8_t buf[256] = { x->type ? x->type : ICMP6_UNREACH_, x->code };
	uint8_t head[] = { 0x60, 0, 0, 0, 0, 0, x->proto ? x->proto : IPPROTO_GRE, 64 };
	struct in6_addr from = ip6(x->from ? x->from : HA_ADDR), to = ip6(x->to ? x->to : COA);
	struct icmp6_rx rx = { .src = ip6("2001:db8:c1::1"), .ifindex = 9 };
	uint8_t gre[8] = { x->key ? 0x20 : 0, 0, x->ipv4 ? 0x08 : 0x86, x->ipv4 ? 0 : 0xdd };
	uint32_t key = htonl(x->key);
	struct icmp6_msg m;
	const char *why;
	size_t n = 8, len = inner_packet(x, inner);

	rx.dst = x->at ? ip6(x->at) : from;
	n += put(buf + n, head, sizeof(head));
	n += put(buf + n, &from, sizeof(from));
	n += put(buf + n, &to, sizeof(to));
	memcpy(gre + 4, &key, sizeof(key));
	n += put(buf + n, gre, x->key ? 8 : 4);
	n += put(buf + n, inner, len);
	assert_int_equal(icmp6_parse(buf, n, &m, &why), 0);
	fake_icmp_rx(&rx, &m);
	return len;
}

static void told(struct err x)
{
	struct in6_addr to = ip6(x.src ? x.src : SENDER);
	const struct fake_icmp *f;
	uint8_t inner[80];
	size_t n = say(&x, inner);

	f = fake_icmp_pop();
	assert_non_null(f);
	assert_true(in6_eq(&f->tx.dst, &to) && IN6_IS_ADDR_UNSPECIFIED(&f->tx.src));
	assert_int_equal(f->m.type, ICMP6_UNREACH_);
	assert_int_equal(f->m.code, 3);
	assert_int_equal(f->m.err.quote_len, n);
	assert_memory_equal(f->buf + 8, inner, n);
	assert_int_equal(fake_icmp_count(), 0);
}

static void not_told(struct err x)
{
	unsigned before, after;
	uint8_t inner[80];

	fake_icmp4_last(&before);
	say(&x, inner);
	fake_icmp4_last(&after);
	assert_int_equal(fake_icmp_count(), 0);
	assert_int_equal(before, after);
}

#define TOLD(...)	told((struct err){ __VA_ARGS__ })
#define NOT_TOLD(...)	not_told((struct err){ __VA_ARGS__ })

static void begin(void)
{
	w.c.carrier = CARRIER_IP6GRE;
	start();
	BU(.seq = 1, .mnp = MNP1, .net4 = NET4);
	dad_ends(MR, false);
	kernel_works();
	ba_is(0, 1);
}

static void test_sender_is_told(void **state)
{
	(void)state;
	begin();
	TOLD(.code = 0);
	TOLD(.code = 3, .dst = MR);
	TOLD(.type = ICMP6_TIMEX_);
	assert_int_equal(ha_stats(ha).tunnel_errors, 3);
}

static void test_sender_of_an_ipv4_packet_is_told(void **state)
{
	const struct err x = { .ipv4 = true };
	const struct fake_icmp4 *f;
	uint8_t inner[80];
	struct in_addr to;
	unsigned sent;
	size_t n;

	(void)state;
	begin();
	n = say(&x, inner);
	f = fake_icmp4_last(&sent);
	assert_int_equal(sent, 1);
	inet_pton(AF_INET, "192.0.2.11", &to);
	assert_int_equal(f->dst.s_addr, to.s_addr);
	assert_int_equal(f->len, n);
	assert_memory_equal(f->quote, inner, n);
	assert_int_equal(fake_icmp_count(), 0);
	NOT_TOLD(.ipv4 = true, .dst = "10.0.1.10");
	NOT_TOLD(.ipv4 = true, .error = true);
	NOT_TOLD(.ipv4 = true, .to = COA2);
}

static void test_only_of_what_was_tunnelled(void **state)
{
	(void)state;
	begin();
	NOT_TOLD(.to = COA2);			/* not its care-of address */
	NOT_TOLD(.from = VIRTUAL_HA);		/* not from the address of the registration */
	NOT_TOLD(.at = VIRTUAL_HA);		/* not for who sent it */
	NOT_TOLD(.dst = "2001:db8:282::a");	/* its prefix, but not registered */
	NOT_TOLD(.dst = HOST);
	NOT_TOLD(.key = KEY);
	NOT_TOLD(.proto = IPPROTO_IPV6);
	NOT_TOLD(.type = ICMP6_TIMEX_, .code = 1);	/* reassembly */
	NOT_TOLD(.type = ICMP6_PARAMPROB_);
	NOT_TOLD(.type = ICMP6_TOOBIG_);
	NOT_TOLD(.error = true);
	NOT_TOLD(.src = "fe80::1");
	NOT_TOLD(.src = "ff02::1");
	TOLD(.code = 0);
	BU(.seq = 2, .life = -1);
	kernel_works();
	NOT_TOLD(.code = 0);
}

static void test_key_of_the_tunnel(void **state)
{
	(void)state;
	for (size_t i = 0; i < w.c.n_node; i++)
		w.c.nodes[i].gre_key = KEY;
	begin();
	TOLD(.key = KEY);
	NOT_TOLD(.key = 0);
	NOT_TOLD(.key = KEY + 1);
}

static void test_kernel_does_it_for_ip6tnl(void **state)
{
	(void)state;
	begin();
	w.c.carrier = CARRIER_IP6TNL;
	NOT_TOLD(.code = 0);
}

static void test_errors_are_limited(void **state)
{
	const struct err x = { .code = 0 };
	uint8_t inner[80];
	unsigned n = 0;

	(void)state;
	begin();
	for (unsigned i = 0; i < 3 * BUCKET_BURST; i++)
		say(&x, inner);
	while (fake_icmp_pop())
		n++;
	assert_int_equal(n, BUCKET_BURST);
	fake_run_advance(1);
	TOLD(.code = 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_sender_is_told),
		T(test_sender_of_an_ipv4_packet_is_told),
		T(test_only_of_what_was_tunnelled),
		T(test_key_of_the_tunnel),
		T(test_kernel_does_it_for_ip6tnl),
		T(test_errors_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
