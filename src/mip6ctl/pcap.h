/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl/pcap.h - capture files (the classic pcap format), without libpcap.
 *
 * Read: Ethernet (with VLAN tags), Linux "any" (SLL, SLL2), raw IP. Written: SLL2.
 */
#ifndef MIP6_MIP6CTL_PCAP_H
#define MIP6_MIP6CTL_PCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PCAP_SNAP	65535
#define PCAP_SLL2_LEN	20

struct pcap {
	FILE *f;
	bool swap, nano;		/* the other byte order; nanoseconds */
	uint32_t link;
	uint8_t buf[PCAP_SNAP];
};

/* 0; -errno; -EPROTO: not a capture file, -ENOTSUP: of a link that is not read here. */
int pcap_open(struct pcap *p, FILE *f);
/*
 * The next IPv6 packet; *ip points into p and *len octets of it were kept. time: seconds since
 * 1970. 1; 0 the end; -EPROTO: the file is cut off or damaged.
 */
int pcap_next(struct pcap *p, double *time, const uint8_t **ip, size_t *len);

/* 0 or -errno. */
int pcap_begin(FILE *f);
/* From a packet socket: protocol in host order, type as PACKET_OUTGOING. */
int pcap_put(FILE *f, int64_t sec, int64_t nsec, unsigned ifindex, uint16_t protocol,
	     uint8_t type, const uint8_t *ip, size_t len);

#endif
