/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire/rd.h - the bounded reader: the only code that takes octets of a packet.
 *
 * A read past the end yields zeros (or NULL) and sets .bad, which stays set, so
 * a parser reads a whole structure and asks once at the end. Numbers come out in
 * host order, addresses as they are. Nothing is copied or owned by the reader;
 * pointers that it hands out live as long as the packet.
 */
#ifndef MIP6_WIRE_RD_H
#define MIP6_WIRE_RD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rd {
	const uint8_t *p, *end;
	bool bad;
};

static inline struct rd rd_init(const uint8_t *buf, size_t len)
{
	return (struct rd){ .p = buf, .end = len ? buf + len : buf };
}

static inline size_t rd_left(const struct rd *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->p);
}

/* The next n octets, or NULL. */
static inline const uint8_t *rd_take(struct rd *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->bad || n > (size_t)(r->end - p)) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	return p;
}

static inline uint64_t rd_be(struct rd *r, size_t n)
{
	const uint8_t *p = rd_take(r, n);
	uint64_t v = 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static inline uint8_t rd_u8(struct rd *r)
{
	return (uint8_t)rd_be(r, 1);
}

static inline uint16_t rd_u16(struct rd *r)
{
	return (uint16_t)rd_be(r, 2);
}

static inline uint32_t rd_u32(struct rd *r)
{
	return (uint32_t)rd_be(r, 4);
}

static inline uint64_t rd_u64(struct rd *r)
{
	return rd_be(r, 8);
}

/* Past the end, dst is left as it was. */
static inline void rd_copy(struct rd *r, void *dst, size_t n)
{
	const uint8_t *p = rd_take(r, n);

	if (p && n)
		memcpy(dst, p, n);
}

static inline struct in6_addr rd_in6(struct rd *r)
{
	struct in6_addr a = { 0 };

	rd_copy(r, &a, sizeof(a));
	return a;
}

static inline struct in_addr rd_in4(struct rd *r)
{
	struct in_addr a = { 0 };

	rd_copy(r, &a, sizeof(a));
	return a;
}

/* A reader of the next n octets alone; if they are not there, both are bad. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_take(r, n);

	return p ? rd_init(p, n) : (struct rd){ .bad = true };
}

#endif
