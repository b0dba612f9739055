/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire/flow.h - what is inside a Flow Identification option (RFC 6089 4.2.1):
 * sub-options, of them the Binding Reference and the Traffic Selector (its
 * binary formats are RFC 6088's). wire/mh.h has the options themselves.
 *
 * Pure. Numbers in host order, addresses in network order. What is malformed
 * here never costs the whole message: it is a status for the answer. Pointers
 * of a parsed option point into the packet.
 */
#ifndef MIP6_WIRE_FLOW_H
#define MIP6_WIRE_FLOW_H

#include "base/flowsel.h"
#include "wire/mh.h"

/* Status of a Flow Identification option, RFC 6089 4.2; 128 and more: rejected. */
enum flow_status {
	FLOW_OK = 0, FLOW_PROHIBITED = 128, FLOW_REJECTED = 129, FLOW_MALFORMED = 130,
	FLOW_NO_BID = 131, FLOW_NO_FID = 132, FLOW_NO_FORMAT = 133,
};
const char *flow_status_str(unsigned status);	/* "accepted", ...; "unknown" */

enum flow_subopt { FLOW_SUB_PAD1 = 0, FLOW_SUB_PADN = 1, FLOW_SUB_BIDS = 2, FLOW_SUB_SELECTOR = 3 };

/* Formats of a traffic selector, RFC 6088 3. */
enum flow_format { FLOW_TS_IPV4 = 1, FLOW_TS_IPV6 = 2 };

#define FLOW_MAX_BID	8		/* of one flow; as many as a node can have registered */
#define FLOW_SUB_MAX	(255 - 6)	/* octets of sub-options in one option */

struct flow_subs {
	bool has_bids, has_selector;
	uint8_t n_bid;
	uint16_t bid[FLOW_MAX_BID];	/* in order, each once */
	uint8_t format;			/* enum flow_format, or one not known */
	struct mhopt_bytes selector;	/* what follows the format and the reserved octet */
};

/*
 * The sub-options; unknown ones are skipped (4.2.1). FLOW_OK; FLOW_MALFORMED:
 * lengths that do not fit, one of the two kinds twice, no BID in a reference;
 * FLOW_NO_BID: more different BIDs than anybody can have registered.
 */
uint8_t flow_subs_parse(const struct mhopt_flow *f, struct flow_subs *s);
/*
 * The sub-options of s, the selector first, each at its alignment (the area
 * begins at 8n, as mh_build() has it). Octets written, or -EMSGSIZE, -EINVAL.
 */
ssize_t flow_subs_build(const struct flow_subs *s, uint8_t *buf, size_t cap);

/*
 * A selector of RFC 6088 and the struct of it. The two low bits of a DS octet are not looked at
 * (K, M); a flow label has 20 bits, so that a range above them matches nothing and is malformed.
 * FLOW_OK; FLOW_NO_FORMAT: neither IPv4 nor IPv6 binary; FLOW_MALFORMED: fields are missing, an
 * end without its start, or before it. Octets after the last field are not looked at: reserved
 * flags may say what they are.
 */
uint8_t flow_selector_parse(uint8_t format, const struct mhopt_bytes *octets, struct flowsel *sel);
/*
 * *format and the octets for it, at most FLOW_SELECTOR_MAX; returns their number. The mark is
 * local and does not get on the wire. -EINVAL: flowsel_check() refuses it; -EAFNOSUPPORT: of both
 * families, which no format can say: build it twice.
 */
ssize_t flow_selector_build(const struct flowsel *sel, uint8_t *format, uint8_t *buf, size_t cap);
#define FLOW_SELECTOR_MAX 96		/* flags, four IPv6 addresses, six numbers, ports, octets */

/* The i-th flow identifier of a Flow Summary; i < flow_n_fid(). A last odd octet is none. */
uint16_t flow_fid(const struct mhopt_bytes *summary, unsigned i);
unsigned flow_n_fid(const struct mhopt_bytes *summary);

#endif
