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

uint32_t pcap_num(const struct pcap *p, uint32_t v)
{
	return p->swap ? bswap_32(v) : v;
}

static uint16_t be16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

bool pcap_link_known(uint32_t type)
{
	switch (type) {
	case LINK_ETHERNET:
	case LINK_RAW_BSD:
	case LINK_RAW:
	case LINK_SLL:
	case LINK_IPV6:
	case LINK_SLL2:
		return true;
	}
	return false;
}

int pcap_open(struct pcap *p, FILE *f)
{
	struct file_head h;
	struct pcap_link *l = &p->link[0];

	p->f = f;
	p->links = 0;
	p->known = false;
	if (fread(&h.magic, sizeof(h.magic), 1, f) != 1)
		return ferror(f) ? -errno : -EPROTO;
	p->ng = h.magic == PCAPNG_MAGIC;
	if (p->ng)
		return pcapng_open(p);
	if (fread(&h.major, sizeof(h) - sizeof(h.magic), 1, f) != 1)
		return ferror(f) ? -errno : -EPROTO;
	p->swap = h.magic == bswap_32(MAGIC_US) || h.magic == bswap_32(MAGIC_NS);
	if (pcap_num(p, h.magic) != MAGIC_US && pcap_num(p, h.magic) != MAGIC_NS)
		return -EPROTO;
	/* above its 16 bits is the length of a checksum */
	*l = (struct pcap_link){ .type = pcap_num(p, h.link) & 0xffff, .units = 1000000 };
	if (pcap_num(p, h.magic) == MAGIC_NS)
		l->units = 1000000000;
	p->links = 1;
	return pcap_link_known(l->type) ? 0 : -ENOTSUP;
}

/* Octets before the packet and what it is; 0, 0: too short. */
static size_t link_head(const struct pcap *p, uint32_t type, size_t n, uint16_t *protocol)
{
	size_t at = 12;

	*protocol = ETHERTYPE_IPV6;
	switch (type) {
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

static int next_record(struct pcap *p, struct pcap_record *r)
{
	struct packet_head h;
	size_t n = fread(&h, 1, sizeof(h), p->f);

	if (n == 0 && feof(p->f))
		return 0;
	if (n != sizeof(h) || pcap_num(p, h.kept) > sizeof(p->buf))
		return -EPROTO;
	r->link = &p->link[0];
	r->n = pcap_num(p, h.kept);
	r->time = pcap_num(p, h.sec) + pcap_num(p, h.frac) / (double)r->link->units;
	return fread(p->buf, 1, r->n, p->f) == r->n ? 1 : -EPROTO;
}

int pcap_next(struct pcap *p, double *time, const uint8_t **ip, size_t *len)
{
	struct pcap_record r;
	uint16_t protocol;
	size_t head;
	int rc;

	for (;;) {
		rc = p->ng ? pcapng_next(p, &r) : next_record(p, &r);
		if (rc <= 0)
			return rc;
		head = link_head(p, r.link->type, r.n, &protocol);
		if (protocol != ETHERTYPE_IPV6 || r.n < head + 40 || p->buf[head] >> 4 != 6)
			continue;
		*time = r.time;
		*ip = p->buf + head;
		*len = r.n - head;
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
