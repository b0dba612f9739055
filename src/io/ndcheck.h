/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io/ndcheck.h - which Neighbour Discovery messages are valid (RFC 4861 6.1.1,
 * 6.1.2, 7.1.1, 7.1.2), as far as it takes the IPv6 header to know; the message
 * alone is judged by wire/nd.h, the checksum by the kernel.
 *
 * Pure.
 */
#ifndef MIP6_IO_NDCHECK_H
#define MIP6_IO_NDCHECK_H

#include "io/ndsock.h"

/* NULL: valid; else why not, a constant sentence. */
const char *ndcheck(const struct nd_rx *rx, int hop_limit, const struct nd_msg *m);

#endif
