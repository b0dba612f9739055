/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iotest.h - the network of iotest, what was heard in it, and how octets on its
 * links are judged without the code under test.
 *
 * One process stands now in one namespace, now in the other; a socket belongs to
 * the one it was opened in. Whatever fails that is no test ends the program.
 */
#ifndef MIP6_LAB_IOTEST_H
#define MIP6_LAB_IOTEST_H

#include <netinet/ip6.h>

#include "base/util.h"
#include "io/dad.h"
#include "io/icmp6sock.h"
#include "io/mhsock.h"
#include "io/raw.h"

#define COA "2001:db8:2::20"
#define HOA "2001:db8:1::10"
#define HA  "2001:db8:2::1"

struct seen_mh {
	struct mh_rx rx;
	int err;
	struct mh_msg m;
	unsigned n;
};
struct seen_nd {
	struct nd_rx rx;
	struct nd_msg m;
	unsigned n;
};
struct seen_icmp {
	struct icmp6_rx rx;
	struct icmp6_msg m;
	uint8_t data[64];
	unsigned n;
};

struct side {
	int ns, sniffer, ifindex;
	struct nd_lladdr ll;
	struct in6_addr link_local;
	struct mhsock *mh;
	struct ndsock *nd;
	struct dad *dad;
	struct icmp6sock *icmp;
	struct seen_mh got_mh; /* the last one and how many */
	struct seen_nd got_nd;
	struct seen_icmp got_icmp;
};

extern struct ev_loop *loop;
extern struct side a, b;
extern bool mip6; /* the kernel has the home address option and RH2 */
extern unsigned n_test, n_failed;
extern struct in6_addr wanted; /* the target of NS and NA that count */

void ok(bool good, const char *fmt, ...) PRINTF(2, 3);
void skip(const char *what);
void must(bool good, const char *what);

struct in6_addr a6(const char *s);
bool is(const struct in6_addr *x, const char *s);

void stand_in(const struct side *s);
int ip_batch(const struct side *s, const char *fmt, ...) PRINTF(2, 3);
void set_sysctl(const struct side *s, const char *name, const char *value);
void make_network(void);
void open_side(struct side *s);
void close_side(struct side *s);

/* Runs the loop until *n reaches want. */
bool wait_for(const unsigned *n, unsigned want);
/* Takes in what is on its way, to show that something does not come. */
void settle(void);

struct frame {
	struct ip6_hdr ip;
	uint8_t rest[3000];
	size_t n; /* octets of rest */
};
/* The sum of big-endian words. */
unsigned words(const uint8_t *p, size_t n);
/* With the checksum in place the sum is all ones. */
bool sum_good(const struct in6_addr *src, const struct in6_addr *dst, uint8_t proto,
	      const uint8_t *p, size_t n);
/* The next packet on the link of s with this protocol at the end of its chain. */
bool sniff(struct side *s, uint8_t proto, struct frame *f);
void forget(struct side *s);

#endif
