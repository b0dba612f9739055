/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 4285 at the home agent. Nothing here changes state: the timestamp counts as
 * used only when the update is accepted (ha_tx.c).
 */
#include <string.h>

#include "base/util.h"
#include "base/weaken.h"
#include "role/ha_priv.h"
#include "run/timer.h"
#include "sec/auth.h"

#define AUTH_MN_HA	1		/* subtypes, RFC 4285 5 */
#define MN_ID_NAI	1		/* RFC 4283 3 */
#define NAI_DIFFERS	"its identifier is not nai of this node in mobile_nodes"

static bool drop(struct bu_verdict *v, const char *why)
{
	v->act = BU_DROP;
	v->why = why;
	return false;
}

static bool refuse(struct bu_verdict *v, uint8_t status, const char *why)
{
	v->act = BU_REFUSE;
	v->status = status;
	v->why = why;
	return false;
}

static bool nai_is(const struct mobile_node *n, const struct mhopts *o)
{
	size_t len = strlen(n->nai);

	return len && o->seen & BIT64(MHOPT_MN_ID) && o->mn_id_subtype == MN_ID_NAI &&
	       o->mn_id.len == len && memcmp(o->mn_id.p, n->nai, len) == 0;
}

/* RFC 4285 6: looked at after the MAC, whether the option is mandated or not. */
static bool check_stamp(struct ha *ha, const struct mh_msg *m, struct ha_req *req,
			struct bu_verdict *v)
{
	const struct sec_conf *sec = &v->node->sec;
	const struct bc_memory *mem = bc_memory(ha->bc, &req->hoa, false);
	uint64_t now = ntp_from_unix(run_stamp());

	if (!req->has_stamp)
		return !sec->timestamps || refuse(v, BA_MESG_ID_REQUIRED, "no timestamp");
	if (replay_check(m->opt.mesg_id, mem ? mem->stamp : 0, now, sec->replay_window) ==
		    REPLAY_OK || weaken("replay"))
		return true;
	req->stamp = replay_answer(m->opt.mesg_id, now);
	return refuse(v, BA_ID_MISMATCH, "timestamp is not newer, or too far from our "
		      "clock: is the time right at both ends?");
}

static bool check_option(struct ha *ha, const struct mh_rx *rx, const struct mh_msg *m,
			 struct ha_req *req, struct bu_verdict *v)
{
	const struct auth_key *key = &v->node->sec.key;
	const struct mhopts *o = &m->opt;

	/* RFC 4285 5 and 5.1.1: silence, there is no association that could sign an answer */
	if (!(o->seen & BIT64(MHOPT_AUTH)) || o->auth.subtype != AUTH_MN_HA)
		return drop(v, "no MN-HA authentication option: is security the same at both ends?");
	if (o->auth.spi != key->spi)
		return drop(v, "unknown SPI: it is not spi of this node in mobile_nodes");
	req->sign = true;
	if (!auth_check(key, &req->coa, &req->hoa, rx->buf, o->auth.covered, o->auth.data.p,
			o->auth.data.len))
		return refuse(v, BA_AUTH_FAIL, "wrong authentication data: is the key in key_file the "
			      "same at both ends?");
	/* a recorded update has a good one too, but its answer goes to where it was made */
	req->proven = in6_eq(&rx->src, &req->coa);
	/* RFC 4285 4: the identifier names who holds the key */
	if (v->node->nai[0] && !req->named)
		return refuse(v, BA_PROHIBITED, NAI_DIFFERS);
	if (!check_stamp(ha, m, req, v))
		return false;
	req->proven |= req->has_stamp;
	return true;
}

bool ha_auth(struct ha *ha, const struct mh_rx *rx, const struct mh_msg *m, struct ha_req *req,
	     struct bu_verdict *v)
{
	bool ok = false;

	req->named = nai_is(v->node, &m->opt);
	switch (v->node->sec.method) {
	case SEC_UNSET:
		drop(v, "no security method is configured for the node");
		break;
	case SEC_NONE:
		/* RFC 4285 5.1.1: an option that cannot be verified is not ignored */
		if (m->opt.seen & BIT64(MHOPT_AUTH))
			drop(v, "authentication option, but method = \"none\" for this node in "
			     "mobile_nodes");
		else if (v->node->nai[0] && !req->named)
			refuse(v, BA_PROHIBITED, NAI_DIFFERS);
		else
			ok = true;
		break;
	case SEC_AUTH_OPTION:
		ok = check_option(ha, rx, m, req, v);
		break;
	}
	if (weaken("auth"))		/* after the look: real nodes still get signed answers */
		return true;
	if (!ok && v->act == BU_DROP)
		ha->stats.dropped_auth++;
	return ok;
}
