/* SPDX-License-Identifier: BSD-2-Clause */
#include "mip6ctl/pcap.h"

#include <arpa/inet.h>
#include <byteswap.h>
#include <errno.h>
#include <net/ethernet.h>
#include <string.h>

#include "base/util.h"

#define MAGIC_US	0xa1b2c3d4
#define MAGIC_NS	0xa1b23c4d
#define LINK_ETHERNET	1
#define LINK_RAW_BSD	12
#define LINK_RAW	101
#define LINK_SLL	113
#define LINK_IPV6	229
#define LINK_SLL2	276

struct file_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snap, link;
};
struct packet_head { uint32_t sec, frac, kept, len; };

static uint32_t num(const struct pcap *p, uint32_t v)
{
	return p->swap ? bswap_32(v) : v;
}

static uint16_t be16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

int pcap_open(struct pcap *p, FILE *f)
{
	struct file_head h;

	p->f = f;
	if (fread(&h, sizeof(h), 1, f) != 1)
		return ferror(f) ? -errno : -EPROTO;
	p->swap = h.magic == bswap_32(MAGIC_US) || h.magic == bswap_32(MAGIC_NS);
	p->nano = num(p, h.magic) == MAGIC_NS;
	if (num(p, h.magic) != MAGIC_US && !p->nano)
		return -EPROTO;
	p->link = num(p, h.link) & 0xffff;	/* above it: the length of a checksum */
	switch (p->link) {
	case LINK_ETHERNET:
	case LINK_RAW_BSD:
	case LINK_RAW:
	case LINK_SLL:
	case LINK_IPV6:
	case LINK_SLL2:
		return 0;
	}
	return -ENOTSUP;
}

/* Octets before the packet and what it is; 0, 0: too short. */
static size_t link_head(const struct pcap *p, size_t n, uint16_t *protocol)
{
	size_t at = 12;

	*protocol = ETHERTYPE_IPV6;
	switch (p->link) {
	case LINK_ETHERNET:
		while (at + 6 <= n && (be16(p->buf + at) == ETHERTYPE_VLAN ||
				       be16(p->buf + at) == 0x88a8))
			at += 4;
		*protocol = at + 2 <= n ? be16(p->buf + at) : 0;
		return at + 2;
	case LINK_SLL:
		*protocol = n >= 16 ? be16(p->buf + 14) : 0;
		return 16;
	case LINK_SLL2:
		*protocol = n >= PCAP_SLL2_LEN ? be16(p->buf) : 0;
		return PCAP_SLL2_LEN;
	}
	return 0;
}

int pcap_next(struct pcap *p, double *time, const uint8_t **ip, size_t *len)
{
	struct packet_head h;
	uint16_t protocol;
	size_t n, head;

	for (;;) {
		n = fread(&h, 1, sizeof(h), p->f);
		if (n == 0 && feof(p->f))
			return 0;
		if (n != sizeof(h) || num(p, h.kept) > sizeof(p->buf))
			return -EPROTO;
		n = num(p, h.kept);
		if (fread(p->buf, 1, n, p->f) != n)
			return -EPROTO;
		head = link_head(p, n, &protocol);
		if (protocol != ETHERTYPE_IPV6 || n < head + 40 || p->buf[head] >> 4 != 6)
			continue;
		*time = num(p, h.sec) + num(p, h.frac) / (p->nano ? 1e9 : 1e6);
		*ip = p->buf + head;
		*len = n - head;
		return 1;
	}
}

int pcap_begin(FILE *f)
{
	const struct file_head h = { .magic = MAGIC_NS, .major = 2, .minor = 4,
				     .snap = PCAP_SNAP, .link = LINK_SLL2 };

	return fwrite(&h, sizeof(h), 1, f) == 1 && fflush(f) == 0 ? 0 : -errno;
}

int pcap_put(FILE *f, int64_t sec, int64_t nsec, unsigned ifindex, uint16_t protocol,
	     uint8_t type, const uint8_t *ip, size_t len)
{
	const size_t keep = MIN(len, (size_t)PCAP_SNAP - PCAP_SLL2_LEN);
	const struct packet_head h = {
		.sec = (uint32_t)sec, .frac = (uint32_t)nsec,
		.kept = (uint32_t)keep + PCAP_SLL2_LEN, .len = (uint32_t)len + PCAP_SLL2_LEN,
	};
	const uint32_t index = htonl(ifindex);
	uint8_t link[PCAP_SLL2_LEN] = { (uint8_t)(protocol >> 8), (uint8_t)protocol };

	memcpy(link + 4, &index, sizeof(index));
	link[10] = type;
	/* whole packets only, so that the file can be read while it grows */
	return fwrite(&h, sizeof(h), 1, f) == 1 && fwrite(link, sizeof(link), 1, f) == 1 &&
	       fwrite(ip, 1, keep, f) == keep && fflush(f) == 0 ? 0 : -errno;
}
