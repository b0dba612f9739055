/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire/wr.h - the bounded writer: the only code that puts octets into a packet.
 *
 * The first error stays in .err (-EMSGSIZE no room, -EINVAL a value that the
 * wire cannot hold) and later writes do nothing, so a builder asks once at the
 * end by wr_end(). Numbers are given in host order. The buffer is the caller's.
 */
#ifndef MIP6_WIRE_WR_H
#define MIP6_WIRE_WR_H

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct wr {
	uint8_t *start, *p, *end;
	int err;
};

static inline struct wr wr_init(uint8_t *buf, size_t cap)
{
	return (struct wr){ .start = buf, .p = buf, .end = cap ? buf + cap : buf };
}

static inline size_t wr_len(const struct wr *w)
{
	return (size_t)(w->p - w->start);
}

static inline void wr_fail(struct wr *w, int err)
{
	if (!w->err)
		w->err = err;
}

/* Room for n octets, or NULL. */
static inline uint8_t *wr_take(struct wr *w, size_t n)
{
	uint8_t *p = w->p;

	if (w->err || n > (size_t)(w->end - p)) {
		wr_fail(w, -EMSGSIZE);
		return NULL;
	}
	w->p += n;
	return p;
}

static inline void wr_be(struct wr *w, uint64_t v, size_t n)
{
	uint8_t *p = wr_take(w, n);

	for (size_t i = 0; p && i < n; i++)
		p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
	wr_be(w, v, 1);
}

static inline void wr_u16(struct wr *w, uint16_t v)
{
	wr_be(w, v, 2);
}

static inline void wr_u32(struct wr *w, uint32_t v)
{
	wr_be(w, v, 4);
}

static inline void wr_u64(struct wr *w, uint64_t v)
{
	wr_be(w, v, 8);
}

static inline void wr_copy(struct wr *w, const void *src, size_t n)
{
	uint8_t *p = wr_take(w, n);

	if (p && n)
		memcpy(p, src, n);
}

static inline void wr_in6(struct wr *w, const struct in6_addr *a)
{
	wr_copy(w, a, sizeof(*a));
}

static inline void wr_in4(struct wr *w, const struct in_addr *a)
{
	wr_copy(w, a, sizeof(*a));
}

static inline void wr_zero(struct wr *w, size_t n)
{
	uint8_t *p = wr_take(w, n);

	if (p && n)
		memset(p, 0, n);
}

static inline ssize_t wr_end(const struct wr *w)
{
	return w->err ? w->err : (ssize_t)wr_len(w);
}

#endif
