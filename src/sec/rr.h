/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sec/rr.h - the formulas of return routability (RFC 6275 5.2.5, 6.2.7).
 *
 * Pure: keys and nonces are arguments. Tokens are in host order, as in struct
 * mh_msg; addresses in network order; the MACs are octets. Nothing fails.
 */
#ifndef MIP6_SEC_RR_H
#define MIP6_SEC_RR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RR_KCN_LEN 20 /* octets of the correspondent's own key */
#define RR_KBM_LEN 20 /* octets of the binding management key */
#define RR_MAC_LEN 12 /* octets of the authenticator */

enum rr_token { RR_HOME = 0, RR_CARE_OF = 1 }; /* the octet behind the nonce */

/* addr: the home address for RR_HOME, the care-of address for RR_CARE_OF. */
uint64_t rr_keygen_token(const uint8_t kcn[static RR_KCN_LEN], enum rr_token kind,
			 const struct in6_addr *addr, const uint8_t *nonce, size_t nonce_len);

void rr_kbm(uint64_t home_token, uint64_t coa_token, uint8_t kbm[static RR_KBM_LEN]);
/* For a Binding Update that deletes: the home token alone (RFC 6275 5.2.6). */
void rr_kbm_delete(uint64_t home_token, uint8_t kbm[static RR_KBM_LEN]);

/*
 * The authenticator of option 5. coa: the address that is registered, or the home
 * address in a deletion; cn: the correspondent's address, also in its answer. The
 * message is complete but for the authenticator, its last RR_MAC_LEN octets, which
 * are not covered; its checksum field counts as zero whatever it holds.
 */
void rr_mac(const uint8_t kbm[static RR_KBM_LEN], const struct in6_addr *coa,
	    const struct in6_addr *cn, const uint8_t *mh, size_t len,
	    uint8_t mac[static RR_MAC_LEN]);

#endif
