/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/bul_refusal.h"

#include "base/util.h"
#include "wire/mh.h"

static const struct bul_refusal refusals[] = {
	{ BA_UNSPECIFIED, true, false, "the home agent refuses without a reason (128):"
	  " see its log" },
	{ BA_PROHIBITED, false, true, "the home agent does not serve this home address (129):"
	  " add it to mobile_nodes there, or check nai" },
	{ BA_NO_RESOURCES, true, false, "the home agent is full (130): max_bindings there, or a"
	  " second home address behind one care-of address in device mode" },
	{ BA_NO_HOME_REG, false, true, "that node is no home agent (131): check home_agent" },
	{ BA_NOT_HOME_SUBNET, false, true, "the home agent has no such home prefix (132): check"
	  " home_address here and home_links there" },
	{ BA_NOT_HA, false, true, "not home agent for this mobile node (133): check home_agent" },
	{ BA_DAD_FAILED, false, true, "another node on the home link uses the home address (134):"
	  " find and remove it, or configure another home_address" },
	{ BA_SEQUENCE, true, false, "the sequence number is refused again and again (135): does"
	  " another node use this home address?" },
	{ BA_TYPE_CHANGE, false, true, "the binding cannot change between host and router (139):"
	  " de-registration did not help" },
	{ BA_MR_NOT_PERMITTED, false, true, "the home agent does not let this node be a mobile"
	  " router (140): give it prefixes there" },
	{ BA_INVALID_PREFIX, false, true, "the home agent cannot forward a mobile network prefix"
	  " (141): check prefixes on both sides" },
	{ BA_PREFIX_UNAUTHORIZED, false, true, "the home agent does not allow a mobile network"
	  " prefix (142): it must be in prefixes of this node in mobile_nodes there" },
	{ BA_FORWARDING_FAILED, false, true, "the home agent knows no prefixes for this node"
	  " (143): configure them there, or use mode = \"explicit\" here" },
	{ BA_ID_MISMATCH, true, false, "the timestamp is refused again and again (144): check the"
	  " clock of the home agent" },
	{ BA_MESG_ID_REQUIRED, true, true, "the home agent asks for timestamps (145): set"
	  " timestamps = true here" },
	/* anybody can make a home agent say it, signed, by a forged BU (RFC 4285 5.1.1) */
	{ BA_AUTH_FAIL, true, true, "the home agent rejects our authentication (146): compare spi"
	  " and key on both sides" },
	{ BA_INVALID_COA, true, false, "the home agent does not accept this care-of address"
	  " (174)" },
};
static const struct bul_refusal refusal_other = {
	0, true, false, "refused with a status that makes no sense for a home registration"
};
const struct bul_refusal bul_refusal_no_r = {
	0, false, true, "the home agent accepted us as a host only (R clear): it is no NEMO home"
	" agent, or does not take this node for a router"
};
const struct bul_refusal bul_refusal_zero = {
	0, false, false, "the home agent granted a lifetime of zero"
};

const struct bul_refusal *bul_refusal_of(uint8_t status)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (refusals[i].status == status)
			return &refusals[i];
	return &refusal_other;
}
