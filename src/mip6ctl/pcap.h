/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl/pcap.h - capture files (pcap and pcapng), without libpcap.
 *
 * Read: Ethernet (with VLAN tags), Linux "any" (SLL, SLL2), raw IP; a stream will do. Written:
 * pcap with SLL2.
 */
#ifndef MIP6_MIP6CTL_PCAP_H
#define MIP6_MIP6CTL_PCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PCAP_SNAP	65535
#define PCAP_SLL2_LEN	20

#define PCAP_LINKS	256		/* of a pcapng file */

/* How packets of one interface are kept: the kind of link, units of time in a second, and seconds
 * to be added. */
struct pcap_link { uint32_t type; uint64_t units; int64_t offset; };

struct pcap {
	FILE *f;
	bool swap, ng;			/* the other byte order; pcapng */
	struct pcap_link link[PCAP_LINKS];	/* pcap has one */
	size_t links;
	bool known;			/* one of them is of a kind that is read here */
	uint8_t buf[PCAP_SNAP];
};

/* A record as it was kept: n octets in p->buf. */
struct pcap_record { const struct pcap_link *link; double time; size_t n; };

/* 0; -errno; -EPROTO: not a capture file, -ENOTSUP: of a link that is not read here. */
int pcap_open(struct pcap *p, FILE *f);
/*
 * The next IPv6 packet; *ip points into p and *len octets of it were kept. time: seconds since
 * 1970. 1; 0 the end; -EPROTO: the file is cut off or damaged; -ENOTSUP: of other links only.
 */
int pcap_next(struct pcap *p, double *time, const uint8_t **ip, size_t *len);

/* ---- pcapng.c: for pcap.c ---- */

#define PCAPNG_MAGIC	0x0a0d0d0a	/* the same in both byte orders */
/* The rest of the first section's header, behind the magic number. As pcap_open(). */
int pcapng_open(struct pcap *p);
/* The next packet of a link that is known: 1; 0 the end; -EPROTO; at the end -ENOTSUP: of no link
 * that is known. */
int pcapng_next(struct pcap *p, struct pcap_record *r);
bool pcap_link_known(uint32_t type);
uint32_t pcap_num(const struct pcap *p, uint32_t v);	/* in the file's byte order */

/* 0 or -errno. */
int pcap_begin(FILE *f);
/* From a packet socket: protocol in host order, type as PACKET_OUTGOING. */
int pcap_put(FILE *f, int64_t sec, int64_t nsec, unsigned ifindex, uint16_t protocol,
	     uint8_t type, const uint8_t *ip, size_t len);

#endif
