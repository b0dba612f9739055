/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of wireshark, tshark and dumpcap: blocks of a type, a length, a body and the length again;
 * a section header says the byte order of what follows. */
#include <byteswap.h>
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "mip6ctl/pcap.h"

#define ORDER_MAGIC	0x1a2b3c4d
#define BLOCK_INTERFACE	1
#define BLOCK_SIMPLE	3
#define BLOCK_ENHANCED	6
#define BLOCK_ENDS	12		/* type and both lengths */
#define BLOCK_MAX	(16u << 20)
#define TIME_MAX	1e11		/* seconds; what is beyond is no date */
#define OPT_END		0
#define OPT_TSRESOL	9
#define OPT_TSOFFSET	14

struct section { uint32_t length, order; uint16_t major, minor; uint32_t size[2]; };
struct interface { uint16_t type, reserved; uint32_t snap; };
struct enhanced { uint32_t interface, high, low, kept, len; };

static int get(struct pcap *p, void *to, size_t n)
{
	return fread(to, 1, n, p->f) == n ? 0 : -EPROTO;
}

/* Reads over n octets: the input may be a pipe. */
static int skip(struct pcap *p, size_t n)
{
	uint8_t buf[512];
	int rc = 0;

	for (; n && rc == 0; n -= MIN(n, sizeof(buf)))
		rc = get(p, buf, MIN(n, sizeof(buf)));
	return rc;
}

static uint16_t num16(const struct pcap *p, uint16_t v)
{
	return p->swap ? bswap_16(v) : v;
}

/* Is it a length that a block may have? */
static bool sane(uint32_t length, size_t body)
{
	return length % 4 == 0 && length >= BLOCK_ENDS + body && length <= BLOCK_MAX;
}

int pcapng_open(struct pcap *p)
{
	struct section s;

	if (get(p, &s, sizeof(s)) < 0)
		return -EPROTO;
	p->swap = s.order == bswap_32(ORDER_MAGIC);
	p->links = 0;			/* interfaces are numbered in each section */
	/* `length` is of the body: sizeof(s) without itself */
	if (pcap_num(p, s.order) != ORDER_MAGIC || num16(p, s.major) != 1 ||
	    !sane(pcap_num(p, s.length), sizeof(s) - sizeof(s.length)))
		return -EPROTO;
	return skip(p, pcap_num(p, s.length) - sizeof(uint32_t) - sizeof(s));
}

/* Units in a second: 10 or, with the top bit, 2 to the power of the rest; as many as can be
 * counted. */
static uint64_t units(uint8_t resolution)
{
	const uint64_t base = resolution & 0x80 ? 2 : 10;
	uint64_t v = 1;

	for (unsigned n = resolution & 0x7f; n && v <= UINT64_MAX / base; n--)
		v *= base;
	return v;
}

static void option(struct pcap *p, struct pcap_link *l, uint16_t code, const uint8_t *v, size_t n)
{
	uint64_t offset;

	if (code == OPT_TSRESOL && n == 1) {
		l->units = units(v[0]);
	} else if (code == OPT_TSOFFSET && n == sizeof(offset)) {
		memcpy(&offset, v, sizeof(offset));
		l->offset = (int64_t)(p->swap ? bswap_64(offset) : offset);
	}
}

static int interface(struct pcap *p, size_t body)
{
	struct pcap_link *l = &p->link[p->links];
	uint16_t opt[2];
	struct interface i;

	if (p->links == PCAP_LINKS || body < sizeof(i) || body > sizeof(p->buf) ||
	    get(p, p->buf, body) < 0)
		return -EPROTO;
	memcpy(&i, p->buf, sizeof(i));
	*l = (struct pcap_link){ .type = num16(p, i.type), .units = 1000000 };
	for (size_t at = sizeof(i); at + sizeof(opt) <= body; at += (opt[1] + 3u) & ~3u) {
		memcpy(opt, p->buf + at, sizeof(opt));
		at += sizeof(opt);
		opt[1] = num16(p, opt[1]);
		if (num16(p, opt[0]) == OPT_END)
			break;
		if (opt[1] > body - at)
			return -EPROTO;
		option(p, l, num16(p, opt[0]), p->buf + at, opt[1]);
	}
	p->known |= pcap_link_known(l->type);
	p->links++;
	return 0;
}

/* kept octets of the body that has left ones: 1, 0 (of a link that is not known), -EPROTO. */
static int packet(struct pcap *p, struct pcap_record *r, uint32_t link, size_t kept, size_t left)
{
	if (link >= p->links || kept > left || kept > sizeof(p->buf) ||
	    get(p, p->buf, kept) < 0 || skip(p, left - kept + sizeof(uint32_t)) < 0)
		return -EPROTO;
	r->link = &p->link[link];
	r->n = kept;
	return pcap_link_known(r->link->type);
}

static int enhanced(struct pcap *p, struct pcap_record *r, size_t body)
{
	struct enhanced e;
	uint64_t ticks;
	int rc;

	if (body < sizeof(e) || get(p, &e, sizeof(e)) < 0)
		return -EPROTO;
	rc = packet(p, r, pcap_num(p, e.interface), pcap_num(p, e.kept), body - sizeof(e));
	if (rc <= 0)
		return rc;
	ticks = (uint64_t)pcap_num(p, e.high) << 32 | pcap_num(p, e.low);
	/* whole seconds first: a double has no room for 2026 in nanoseconds */
	r->time = (double)(ticks / r->link->units) + (double)r->link->offset +
		  (double)(ticks % r->link->units) / (double)r->link->units;
	if (!(r->time >= 0 && r->time < TIME_MAX))
		r->time = 0;
	return 1;
}

/* Of the first interface, without a time; as long as the block allows. */
static int simple(struct pcap *p, struct pcap_record *r, size_t body)
{
	uint32_t len;

	if (body < sizeof(len) || get(p, &len, sizeof(len)) < 0)
		return -EPROTO;
	body -= sizeof(len);
	r->time = 0;
	return packet(p, r, 0, MIN((size_t)pcap_num(p, len), body), body);
}

int pcapng_next(struct pcap *p, struct pcap_record *r)
{
	uint32_t type, length;
	size_t n, body;
	int rc = 0;

	while (rc == 0) {
		n = fread(&type, 1, sizeof(type), p->f);
		if (n == 0 && feof(p->f))
			return p->links && !p->known ? -ENOTSUP : 0;
		if (n != sizeof(type))
			return -EPROTO;
		if (type == PCAPNG_MAGIC) {
			rc = pcapng_open(p);
			continue;
		}
		if (get(p, &length, sizeof(length)) < 0 || !sane(pcap_num(p, length), 0))
			return -EPROTO;
		body = pcap_num(p, length) - BLOCK_ENDS;
		type = pcap_num(p, type);
		if (type == BLOCK_ENHANCED) {
			rc = enhanced(p, r, body);
		} else if (type == BLOCK_SIMPLE) {
			rc = simple(p, r, body);
		} else {
			rc = type == BLOCK_INTERFACE ? interface(p, body) : skip(p, body);
			rc = rc < 0 ? rc : skip(p, sizeof(length));
		}
	}
	return rc;
}
