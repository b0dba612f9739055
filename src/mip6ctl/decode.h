/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl/decode.h - the mobility message in an IPv6 packet, as a record.
 *
 * Read by wire/, as the daemon reads it; looked for behind extension headers, inside tunnels of
 * IPv6 and GRE and in what ICMPv6 errors quote. Fragments are not put together.
 */
#ifndef MIP6_MIP6CTL_DECODE_H
#define MIP6_MIP6CTL_DECODE_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

/* NULL: there is none. time: seconds since 1970. The record is the caller's. */
struct json_object *decode(const uint8_t *ip, size_t len, double time);

#endif
