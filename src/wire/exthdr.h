/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire/exthdr.h - Home Address destination option (RFC 6275 6.3) and type 2
 * routing header (6.4), as ancillary data of a raw socket and as packet bytes.
 *
 * Pure. Buffers are the caller's.
 */
#ifndef MIP6_WIRE_EXTHDR_H
#define MIP6_WIRE_EXTHDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"

#define HAO_TYPE	0xc9
#define HAO_HDR_LEN	24		/* destination options header with only a HAO */
#define RH2_LEN		24

/* next_header is 0 in ancillary data: the kernel fills it. */
void hao_build(const struct in6_addr *hoa, uint8_t buf[static HAO_HDR_LEN]);
void rh2_build(const struct in6_addr *addr, uint8_t buf[static RH2_LEN]);

/*
 * Finds the HAO in a destination options header. 1 found, 0 none, -EBADMSG
 * malformed or more than one.
 */
int hao_parse(const uint8_t *buf, size_t len, struct in6_addr *hoa);
/* 1 found, 0 another routing type, -EBADMSG: length not 2 or segments left not 0/1. */
int rh2_parse(const uint8_t *buf, size_t len, struct in6_addr *addr);

#endif
