/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io/icmp6sock.h - the other ICMPv6 of mobility on a raw socket: echo probes
 * through a tunnel, DHAAD, mobile prefix messages, and errors that come back.
 */
#ifndef MIP6_IO_ICMP6SOCK_H
#define MIP6_IO_ICMP6SOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/icmp6.h"

struct ev_loop;
struct icmp6sock;

struct icmp6_rx {
	struct in6_addr src, dst;
	bool has_hao; struct in6_addr hao;	/* as in struct mh_rx */
	bool has_rh2; struct in6_addr rh2_coa;
	int ifindex;
	double at;
};
struct icmp6_tx {
	struct in6_addr src, dst;	/* src ::: the kernel chooses */
	int ifindex;			/* 0 = by routing */
	uint32_t mark;			/* for rules of routing; 0 = none */
	bool has_hao, has_rh2;
	struct in6_addr hao, rh2_coa;
};
typedef void (*icmp6sock_rx_fn)(void *arg, const struct icmp6_rx *rx, const struct icmp6_msg *m);

/* types: list of ICMPv6 types wanted, ended by 0. */
int icmp6sock_open(struct icmp6sock **s, struct ev_loop *loop, const uint8_t *types,
		   icmp6sock_rx_fn fn, void *arg);
void icmp6sock_close(struct icmp6sock *s);
int icmp6sock_send(struct icmp6sock *s, const struct icmp6_tx *tx, const struct icmp6_msg *m);

#endif
