/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Load sharing and flows that the kernel refuses: no binding fails for them. The plan
 * of the home address goes on without all that steers, so that everything takes the
 * primary path, and with it is tried again from time to time.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "role/ha_priv.h"
#include "run/event.h"
#include "run/timer.h"

#define STEER_RETRY	5.		/* seconds; doubles up to ... */
#define STEER_RETRY_MAX	600.

bool ha_steer_refused(struct ha_tx *tx, const struct kobj *failed, const char *error)
{
	/* where it is remembered that the kernel is without */
	const struct bc_memory *mem = bc_memory(tx->ha->bc, &tx->hoa, true);

	if (!mem || !failed || !kobj_kind_steers(failed->kind) || tx->v.set.unsteered)
		return false;
	log_rl_line(&tx->ha->rl, LOG_LV_ERR, "ha", "%s: all goes by the primary path, without load "
		    "sharing and flows: %s", A6(&tx->hoa), error);
	tx->v.set.unsteered = true;
	return true;
}

static void tell(const struct in6_addr *hoa, bool steered)
{
	struct event e = { .type = EV_flow_state };

	e.flow_state.home_address = *hoa;
	strcpy(e.flow_state.state, steered ? "steered" : "not_steered");
	event_emit(&e);
}

static void retry_cb(void *arg);

static void later(struct ha *ha, struct bc_memory *mem)
{
	mem->owner = ha;
	mem->steer_wait = mem->steer_wait > 0 ? MIN(mem->steer_wait * 2, STEER_RETRY_MAX)
					      : STEER_RETRY;
	rtimer_set(&mem->steer_timer, run_now() + mem->steer_wait, retry_cb, mem);
}

static void retry_cb(void *arg)
{
	struct bc_memory *mem = arg;
	struct ha *ha = mem->owner;

	if (!ha_tx_steer(ha, &mem->hoa))	/* what runs now is not of long */
		rtimer_set(&mem->steer_timer, run_now() + STEER_RETRY, retry_cb, mem);
}

void ha_steer_stop(struct ha *ha, struct bc_memory *home)
{
	rtimer_stop(&home->steer_timer);
	ha->stats.unsteered -= home->unsteered;
	home->unsteered = false;
	home->steer_wait = 0;
}

void ha_steer_commit(struct ha *ha, const struct in6_addr *hoa, const struct binding_set *now)
{
	struct bc_memory *mem = bc_memory(ha->bc, hoa, false);

	if (!mem || (now->n && mem->unsteered == now->unsteered))
		return;
	if (!now->n || !now->unsteered) {
		ha_steer_stop(ha, mem);
		return;
	}
	mem->unsteered = true;
	ha->stats.unsteered++;
	tell(hoa, false);
	later(ha, mem);
}

void ha_steer_tried(struct ha_tx *tx, int rc)
{
	struct bc_memory *mem = bc_memory(tx->ha->bc, &tx->hoa, false);

	if (!mem || !mem->unsteered)
		return;
	if (rc < 0) {
		later(tx->ha, mem);
		return;
	}
	ha_steer_stop(tx->ha, mem);
	log_notice("ha", "%s: load sharing and flows work again", A6(&tx->hoa));
	tell(&tx->hoa, true);
}
