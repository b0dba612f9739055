/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire/mh.h - Mobility Header messages 0-7 (RFC 6275 6.1) and their options.
 *
 * One table (mhopt.c) describes each option: length, alignment, reader and
 * writer. A message is parsed whole, then decided, then acted upon. Unknown
 * options are skipped (6.2.1); a malformed message is refused with a reason.
 *
 * Pure. Structs are in host order, addresses in network order. Lifetimes are
 * seconds here and 4-second units only on the wire. A parsed message owns
 * nothing: pointers of the NAI and raw options point into the packet, which
 * must outlive it.
 */
#ifndef MIP6_WIRE_MH_H
#define MIP6_WIRE_MH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"

#define IPPROTO_MH_		135
#define MH_MAX_LEN		2048	/* (255 + 1) * 8 */
#define MH_LIFETIME_UNIT	4	/* seconds */
#define MH_LIFETIME_MAX		(0xffff * MH_LIFETIME_UNIT)

enum mh_type {
	MH_BRR = 0, MH_HOTI = 1, MH_COTI = 2, MH_HOT = 3, MH_COT = 4, MH_BU = 5, MH_BA = 6,
	MH_BE = 7,
};

enum mhopt_type {
	MHOPT_PAD1 = 0, MHOPT_PADN = 1, MHOPT_REFRESH_ADVICE = 2, MHOPT_ALT_COA = 3,
	MHOPT_NONCE_INDICES = 4, MHOPT_BINDING_AUTH = 5, MHOPT_MNP = 6, MHOPT_LLA = 7,
	MHOPT_MN_ID = 8, MHOPT_AUTH = 9, MHOPT_MESG_ID = 10, MHOPT_EXPERIMENTAL = 18,
	MHOPT_VENDOR = 19, MHOPT_IPV4_HOA = 29, MHOPT_IPV4_ACK = 30, MHOPT_NAT_DETECTION = 31,
	MHOPT_IPV4_COA = 32, MHOPT_BID = 35,
	/* IANA and RFC 6089 4.2; its section 8 has the two the wrong way round */
	MHOPT_FLOW_SUMMARY = 44, MHOPT_FLOW = 45,
	/* the draft's pair: default numbers, configurable, read and sent only when chosen */
	MHOPT_IPV4_MNP_DEFAULT = 11, MHOPT_IPV4_MNP_STATUS_DEFAULT = 12,
};

/* Binding Update flags, wire.md 4. */
#define BU_A	0x8000
#define BU_H	0x4000
#define BU_L	0x2000
#define BU_K	0x1000
#define BU_R	0x0400
#define BU_P	0x0200
#define BU_F	0x0100
#define BU_T	0x0080
#define BU_O	0x0040			/* RFC 5648, only with a BID and P=0 */
/* Binding Acknowledgement flags. */
#define BA_K	0x80
#define BA_R	0x40
#define BA_P	0x20

enum ba_status {
	BA_ACCEPTED = 0, BA_PREFIX_DISCOVERY = 1, BA_MCOA_NOTCOMPLETE = 4, BA_MCOA_RETURNHOME = 5,
	BA_UNSPECIFIED = 128, BA_PROHIBITED = 129, BA_NO_RESOURCES = 130, BA_NO_HOME_REG = 131,
	BA_NOT_HOME_SUBNET = 132, BA_NOT_HA = 133, BA_DAD_FAILED = 134, BA_SEQUENCE = 135,
	BA_HOME_NONCE = 136, BA_COA_NONCE = 137, BA_NONCES = 138, BA_TYPE_CHANGE = 139,
	BA_MR_NOT_PERMITTED = 140, BA_INVALID_PREFIX = 141, BA_PREFIX_UNAUTHORIZED = 142,
	BA_FORWARDING_FAILED = 143, BA_ID_MISMATCH = 144, BA_MESG_ID_REQUIRED = 145,
	BA_AUTH_FAIL = 146, BA_MCOA_MALFORMED = 164, BA_MCOA_NON_MCOA = 165,
	BA_MCOA_PROHIBITED = 166, BA_MCOA_UNKNOWN_COA = 167, BA_MCOA_BULK = 168,
	BA_MCOA_SIMULTANEOUS = 169, BA_INVALID_COA = 174,
};
const char *ba_status_str(unsigned status);	/* "accepted", ...; "unknown" */
const char *mh_type_str(unsigned type);

/* IPv4 Address Acknowledgement, RFC 5555 3.2.1. */
enum ipv4_ack_status {
	IPV4_ACK_OK = 0, IPV4_ACK_UNSPECIFIED = 128, IPV4_ACK_PROHIBITED = 129,
	IPV4_ACK_INCORRECT = 130, IPV4_ACK_INVALID = 131, IPV4_ACK_NO_DYNAMIC = 132,
	IPV4_ACK_PREFIX_UNAUTHORIZED = 133,
};

#define BE_UNKNOWN_BINDING	1
#define BE_UNKNOWN_TYPE		2

#define MHOPT_MAX_MNP	32		/* more in one message: -E2BIG */
#define MHOPT_MAX_BID	16
#define MHOPT_MAX_RAW	4
#define MHOPT_MAX_FLOW	32		/* flows of RFC 6089: one message carries all that change */
#define MHOPT_MAX_SUMMARY 2		/* of 127 flow identifiers each */
#define AUTH_DATA_LEN	12		/* HMAC-SHA1-96 */

struct mhopt_bytes { const uint8_t *p; uint8_t len; };

struct mhopt_bid {
	uint16_t bid;
	uint8_t status, prio;		/* prio 0..127 (RFC 6089 4.1) */
	bool home;			/* H flag */
	struct locator coa;		/* family 0: not present */
	bool malformed;			/* neither 4, 8 nor 20 octets (RFC 5648 6.2: answered, not
					   dropped): without care-of address; never built */
};
struct mhopt_ipv4_hoa { uint8_t plen; bool p; struct in_addr addr; };	  /* 29 */
struct mhopt_ipv4_ack { uint8_t status, plen; struct in_addr addr; };	  /* 30, and the draft's */

/*
 * Flow Identification, RFC 6089 4.2. The sub-options stay as they came: an answer carries a copy
 * of them (5.3.5), and what is malformed in them gets a status, not silence. wire/flow.h reads
 * and makes them.
 */
struct mhopt_flow {
	uint16_t fid, prio;		/* prio 0 (reserved): also an option that was cut short */
	uint8_t status;			/* enum flow_status; 0 in a Binding Update */
	struct mhopt_bytes sub;
};

struct mhopts {
	uint64_t seen;			/* BIT64(type) of each option present */
	uint32_t refresh_advice;	/* seconds, option 2 */
	struct in6_addr alt_coa;
	uint16_t home_nonce, coa_nonce;
	struct mhopt_bytes binding_auth;	/* option 5 */
	uint8_t n_mnp, n_ipv4_hoa, n_ipv4_ack, n_ipv4_mnp, n_ipv4_mnp_status, n_bid, n_raw;
	uint8_t n_flow, n_flow_summary;
	struct prefix mnp[MHOPT_MAX_MNP];		/* option 6, host bits as received */
	struct mhopt_bytes mn_id;		/* option 8, without the subtype */
	uint8_t mn_id_subtype;			/* 1 = NAI */
	struct {
		uint8_t subtype;		/* 1 MN-HA, 2 MN-AAA */
		uint32_t spi;
		struct mhopt_bytes data;
		size_t covered;			/* bytes from the start of the MH that the MAC covers:
						   up to and including the SPI */
	} auth;					/* option 9 */
	uint64_t mesg_id;			/* option 10: NTP timestamp, host order */
	struct mhopt_ipv4_hoa ipv4_hoa[MHOPT_MAX_MNP];
	struct mhopt_ipv4_ack ipv4_ack[MHOPT_MAX_MNP];
	struct prefix ipv4_mnp[MHOPT_MAX_MNP];	/* the draft's option (a) */
	struct mhopt_ipv4_ack ipv4_mnp_status[MHOPT_MAX_MNP];	/* the draft's (b), our layout */
	struct { bool f; uint32_t refresh; } nat;	/* option 31, seconds */
	struct in_addr ipv4_coa;		/* option 32 */
	struct mhopt_bid bid[MHOPT_MAX_BID];
	struct mhopt_flow flow[MHOPT_MAX_FLOW];
	struct mhopt_bytes flow_summary[MHOPT_MAX_SUMMARY];	/* 44: 2 octets each, see flow_fid() */
	struct { uint8_t type; struct mhopt_bytes data; } raw[MHOPT_MAX_RAW];	/* 7, 18, 19 */
};

struct mh_msg {
	uint8_t type;			/* enum mh_type */
	union {
		struct { uint16_t seq, flags; uint32_t lifetime; } bu;
		struct { uint8_t status, flags; uint16_t seq; uint32_t lifetime; } ba;
		struct { uint8_t status; struct in6_addr hoa; } be;
		struct { uint64_t cookie; } ti;			/* HoTI, CoTI */
		struct { uint16_t nonce; uint64_t cookie, token; } test; /* HoT, CoT */
	};
	struct mhopts opt;
};

/* Which option numbers the draft's IPv4 pair has on this node; 0 = not used. */
struct mh_dialect { uint8_t ipv4_mnp, ipv4_mnp_status; };

/*
 * Parses one whole Mobility Header (from Payload Proto on). The checksum is not
 * looked at. *why is set to a constant sentence if the result is negative.
 * 0; -EBADMSG malformed; -EPROTONOSUPPORT unknown MH type (the answer is BE 2);
 * -E2BIG more prefixes, BIDs, flows or raw options than the tables hold.
 */
int mh_parse(const uint8_t *buf, size_t len, const struct mh_dialect *d, struct mh_msg *m,
	     const char **why);

/*
 * Builds the message, options in the order that the RFCs ask for (MN-ID before
 * authentication, option 5 or 9 last), each aligned and padded. Checksum 0.
 * Option 9 (opt.seen has MHOPT_AUTH) is built with 12 zero octets of data, sits
 * at 8n+5 so that it ends the header; *mac_at gets the offset of its data, which
 * the caller fills (sec/auth.h). mac_at may be NULL without option 5 or 9.
 * Which options are built: opt.seen bits (many-options: their n_ counts).
 * Returns the length (a multiple of 8), -EMSGSIZE or -EINVAL.
 */
ssize_t mh_build(const struct mh_msg *m, const struct mh_dialect *d, uint8_t *buf, size_t cap,
		 size_t *mac_at);

/*
 * True if the Binding Update asks to overwrite all other bindings (RFC 5648 4.2).
 * RFC 6602 gave the same bit to proxy registrations, so it counts only with P
 * clear and a Binding Identifier present.
 */
bool mh_bu_overwrite(const struct mh_msg *m);

/* The checksum over pseudo-header and MH (its checksum field counted as 0), network order. */
uint16_t mh_checksum(const struct in6_addr *src, const struct in6_addr *dst, const uint8_t *mh,
		     size_t len);

/* The name of an option, for show and for fuzz dictionaries; NULL if unknown. */
const char *mhopt_name(uint8_t type);

#endif
