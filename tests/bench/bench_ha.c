/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one Binding Update costs the home agent: wire, authentication, rules, cache,
 * plan, the counted table of kernel objects and the answer are the real code; the
 * kernel and the sockets are fakes, so this is our own share.
 *
 *   bench_ha     prints one JSON object: microseconds per update for a small and a
 *                large home agent, the two HMACs that each update needs, and the heap
 *                per binding. Compare within one run only.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ha_role_help.h"

#define SMALL	100
#define LARGE	10000
#define ROUNDS	20000			/* updates measured, at least */

static const struct auth_key key = {
	.spi = SPI, .len = 16, .key = "sixteen octets..",
};

/* An update as it comes from the network. */
struct update { struct mh_rx rx; uint8_t buf[MH_MAX_LEN]; };

static struct prefix *prefixes;
static struct update *updates;

static struct in6_addr numbered(const char *base, unsigned i)
{
	struct in6_addr a = ip6(base);

	a.s6_addr[13] = (uint8_t)(i >> 16);
	a.s6_addr[14] = (uint8_t)(i >> 8);
	a.s6_addr[15] = (uint8_t)i;
	return a;
}

/* Node i: its address on a home link that is virtual, an IPv6 and an IPv4 prefix. */
static void agent_of(unsigned n)
{
	struct mobile_node *nodes = calloc(n, sizeof(*nodes));

	prefixes = calloc(2 * (size_t)n, sizeof(*prefixes));
	if (!nodes || !prefixes)
		abort();
	for (unsigned i = 0; i < n; i++) {
		struct in6_addr net = ip6("2001:db8:8000::");
		struct in_addr net4 = { htonl(0x0a000000 + (i << 8)) };

		net.s6_addr[6] = (uint8_t)(i >> 8);
		net.s6_addr[7] = (uint8_t)i;
		prefixes[2 * i] = prefix6(&net, 64);
		prefixes[2 * i + 1] = prefix4(net4, 24);
		nodes[i] = (struct mobile_node){
			.hoa = numbered("2001:db8:500::", i + 2), .router = true, .slot = i,
			.prefixes = &prefixes[2 * i], .n_prefix = 2,
			.sec = { .method = SEC_AUTH_OPTION, .key = key },
		};
	}
	w.c.nodes = nodes;
	w.c.n_node = n;
	ha_conf_index(&w.c);
}

static void update_build(struct update *u, unsigned i, uint16_t seq, const char *coa)
{
	struct mh_msg m = { .type = MH_BU };
	struct in6_addr from = numbered(coa, i);
	size_t mac_at = 0;
	ssize_t n;

	m.bu.seq = seq;
	m.bu.flags = AHR;
	m.bu.lifetime = 600;
	m.opt.seen = BIT64(MHOPT_ALT_COA) | BIT64(MHOPT_AUTH);
	m.opt.alt_coa = from;
	m.opt.mnp[m.opt.n_mnp++] = prefixes[2 * i];
	m.opt.ipv4_hoa[m.opt.n_ipv4_hoa++] =
		(struct mhopt_ipv4_hoa){ 24, true, prefixes[2 * i + 1].a.in4 };
	m.opt.auth.subtype = 1;
	m.opt.auth.spi = SPI;
	n = mh_build(&m, &w.c.dialect, u->buf, sizeof(u->buf), &mac_at);
	u->rx = (struct mh_rx){ .src = from, .dst = ip6(VIRTUAL_HA), .has_hao = true,
				.hao = w.c.nodes[i].hoa, .buf = u->buf, .len = (size_t)n,
				.ifindex = 9 };
	if (n <= 0)
		abort();
	auth_mac(&key, &from, &u->rx.hao, u->buf, mac_at, u->buf + mac_at);
}

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* One update of each node, each carried through to its answer; microseconds each. */
static double all_send(unsigned n, uint16_t seq, const char *coa)
{
	const struct fake_mh *answer;
	double began;

	for (unsigned i = 0; i < n; i++)
		update_build(&updates[i], i, seq, coa);
	began = now_us();
	for (unsigned i = 0; i < n; i++) {
		fake_mh_rx(&updates[i].rx);
		fake_kern_run();
		event_drain();
		answer = fake_mh_pop();
		if (!answer || answer->m.ba.status != BA_ACCEPTED) {
			fprintf(stderr, "bench_ha: update %u of %u: status %d\n", i, n,
				answer ? answer->m.ba.status : -1);
			exit(1);
		}
		fake_kern_log();	/* empties it */
	}
	return (now_us() - began) / n;
}

struct cost { double first, refresh, move, heap; };

static struct cost cost_of(unsigned n)
{
	struct cost c = { 0 };
	unsigned rounds = ROUNDS / n + 1;
	uint16_t seq = 1;
	size_t before;

	setup(NULL);
	agent_of(n);
	updates = calloc(n, sizeof(*updates));
	if (!updates)
		abort();
	start();
	before = mallinfo2().uordblks;
	c.first = all_send(n, seq++, "2001:db8:f1:1::");
	c.heap = (double)(mallinfo2().uordblks - before) / n;
	for (unsigned r = 0; r < rounds; r++)
		c.refresh += all_send(n, seq++, "2001:db8:f1:1::") / rounds;
	for (unsigned r = 0; r < rounds; r++)
		c.move += all_send(n, seq++, r & 1 ? "2001:db8:f1:1::" : "2001:db8:f2:1::") /
			  rounds;
	teardown(NULL);
	free(updates);
	free(w.c.nodes);
	free(prefixes);
	return c;
}

/* The two HMACs of an update and its answer: what no home agent can do without. */
static double two_macs(void)
{
	uint8_t msg[128] = { 0 }, mac[12];
	struct in6_addr a = ip6(COA), b = ip6(MR);
	double began = now_us();

	for (int i = 0; i < 2 * ROUNDS; i++) {
		auth_mac(&key, &a, &b, msg, sizeof(msg), mac);
		msg[0] ^= mac[0];
	}
	return (now_us() - began) / ROUNDS;
}

static void print_cost(const char *name, const struct cost *c)
{
	printf("\"%s\": {\"first_us\": %.2f, \"refresh_us\": %.2f, \"move_us\": %.2f, "
	       "\"heap_octets\": %.0f}", name, c->first, c->refresh, c->move, c->heap);
}

int main(void)
{
	struct cost small = cost_of(SMALL), large = cost_of(LARGE);

	printf("{\"bindings\": [%d, %d], ", SMALL, LARGE);
	print_cost("small", &small);
	printf(", ");
	print_cost("large", &large);
	printf(", \"two_hmac_us\": %.2f}\n", two_macs());
	return 0;
}
