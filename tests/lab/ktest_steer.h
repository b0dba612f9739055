/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab/ktest_steer.h - inner packets made by hand, and by which tunnel they came out.
 *
 * The owner's network is behind three care-of addresses of the peer namespace. A
 * packet carries a number; who looks at the peer's side of the wire sees it inside
 * the outer header. Ways are bits: 1 = COA1, 2 = COA2, 4 = COA3.
 */
#ifndef MIP6_LAB_KTEST_STEER_H
#define MIP6_LAB_KTEST_STEER_H

#include "ktest.h"

#define COA3		"2001:db8:f::c3"
#define OWNER		"2001:db8:1::10"
#define INNER6		"2001:db8:aa::5"
#define INNER4		"10.1.1.5"
#define CN6		"2001:db8:cc::9"
#define CN4		"198.51.100.9"

/* A packet from the correspondent; zeroed: IPv6, UDP, all numbers 0. */
struct spec {
	bool v4, up;			/* up: from the mobile side to the correspondent */
	const char *cn;			/* NULL: CN6, CN4 */
	const char *dev;		/* the sender names it; or NULL */
	uint8_t proto;			/* 0: UDP */
	uint16_t sport, dport;		/* as the correspondent's packets have them */
	uint32_t spi, label, mark;
	uint8_t dscp;
	size_t len;			/* payload behind ports; at least the number */
	bool ext;			/* a destination options header before it */
	bool df;
	uint16_t frag;			/* offset field: offset, and 1 = more; IPv6's layout */
	bool fragment;
	uint32_t id;
	const struct spec *quotes;	/* an ICMP error about this packet, which it got */
};

enum steer_mode { MODE_SHARED, MODE_DEVICE, MODE_UP };

struct steer_world {
	enum steer_mode mode;
	struct kplan base;		/* devices, routes, networks */
};

void steer_begin(struct steer_world *w, enum steer_mode mode);
void steer_end(struct steer_world *w);
struct kobj k_path(const struct steer_world *w, uint16_t bid, uint8_t weight);
/* Paths 1..n with these weights. */
void put_paths(struct kplan *p, const struct steer_world *w, unsigned n, const uint8_t *weight);
struct kobj k_flow(uint32_t order, const struct flowsel *sel, uint16_t first, uint16_t second);

size_t make_packet(uint8_t *b, const struct spec *s, uint32_t number);
void send_spec(const struct spec *s, uint32_t number);
/* The ways of packets first .. first + n - 1, once all that was sent has come. */
void ways_of(uint32_t first, unsigned n, uint8_t *way);
uint8_t way_of(const struct spec *s);		/* sends it, too */
/* n flows that differ by the correspondent's port. */
void ways_of_flows(const struct spec *s, unsigned n, uint8_t *way);
unsigned count_ways(const uint8_t *way, unsigned n, uint8_t which);
int sniff_peer(void);				/* a packet socket on the peer's end of the wire */

void test_steer(void);				/* shares, removal, devices */
void test_policy(void);				/* flows and all that belongs to them */
void steer_throughput(struct steer_world *w);	/* a note */
void steer_neighbours(void);			/* the care-of addresses answer to nobody */

#endif
