/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The counters of MOBILEIPV6-MIB (RFC 4295) and NEMO-MIB (RFC 5488) from those of GetStats().
 *
 * A row is the MIB's name and how it is made: terms with " + " or " - " between them, each a key of
 * GetStats() with [type] or [status] of an element behind it, or [*] for all of them; or, behind
 * "! ", why there is none. tests/mib makes doc/mib.md from the table and holds it against the RFCs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mip6/ctl.h"
#include "mip6ctl/cmd.h"

#define DATA	"! the kernel carries the data, and does not count them by that"
#define NODE	"! there are no counters of each node"
#define LATER	"! not counted apart"

static const struct mib { const char *object, *from; } mib[] = {
	/* ---- RFC 4295 ---- */
	{ "mip6InOctets", DATA },
	{ "mip6HCInOctets", DATA },
	{ "mip6InPkts", DATA },
	{ "mip6HCInPkts", DATA },
	{ "mip6OutOctets", DATA },
	{ "mip6HCOutOctets", DATA },
	{ "mip6OutPkts", DATA },
	{ "mip6HCOutPkts", DATA },
	{ "mip6NodeInOctets", NODE },
	{ "mip6HCNodeInOctets", NODE },
	{ "mip6NodeInPkts", NODE },
	{ "mip6HCNodeInPkts", NODE },
	{ "mip6NodeOutOctets", NODE },
	{ "mip6HCNodeOutOctets", NODE },
	{ "mip6NodeOutPkts", NODE },
	{ "mip6HCNodeOutPkts", NODE },
	{ "mip6MnDiscoveryRequests", "mobile_node.dhaad_sent" },
	{ "mip6MnDiscoveryReplies", "mobile_node.dhaad_answered" },
	{ "mip6MnDiscoveryTimeouts", LATER },
	{ "mip6MnPrefixSolicitationsSent", "mobile_node.mps" },
	{ "mip6MnPrefixAdvsRecd", "mobile_node.mpa" },
	{ "mip6MnPrefixAdvsIgnored", LATER },
	{ "mip6MnMovedToFN", "movements[0] + movements[1]" },
	{ "mip6MnMovedToHN", "movements[2]" },
	{ "mip6MnMobilityMessagesSent",
	  "mobility_header.sent[1] + mobility_header.sent[2] + mobility_header.sent[5]" },
	{ "mip6MnMobilityMessagesRecd",
	  "mobility_header.received[0] + mobility_header.received[3] + mobility_header.received[4]"
	  " + mobility_header.received[6] + mobility_header.received[7]" },
	{ "mip6MnBUsToHA", "mobile_node.bu" },
	{ "mip6MnBUAcksFromHA", "mobile_node.ba_latency.count" },
	{ "mip6MnBUsToCN", "mobile_node.ro_bu" },
	{ "mip6MnBUAcksFromCN", "mobile_node.ro_ba" },
	{ "mip6MnBindingErrorsFromCN", "mobile_node.be" },
	{ "mip6MnICMPErrorsRecd", LATER },
	{ "mip6MnBRRequestsRecd", "mobile_node.brr" },
	{ "mip6CnHomeTestInitsRecd", "correspondent.hoti" },
	{ "mip6CnHomeTestsSent", "mobility_header.sent[3]" },
	{ "mip6CnCareOfTestInitsRecd", "correspondent.coti" },
	{ "mip6CnCareOfTestsSent", "mobility_header.sent[4]" },
	{ "mip6CnBUsRecd", "correspondent.bu" },
	{ "mip6CnBUAcksSent", "! mobility_header.sent[6] counts those of the home agent too" },
	{ "mip6CnBRsSent", "correspondent.refresh_requests" },
	{ "mip6CnBindingErrors", "mobility_header.binding_errors_sent" },
	{ "mip6CnBUsAccepted", "correspondent.accepted + correspondent.deregistered" },
	{ "mip6CnBUsRejected", "correspondent.refused[*]" },
	{ "mip6CnReasonUnspecified", "correspondent.refused[128]" },
	{ "mip6CnInsufficientResource", "correspondent.refused[130]" },
	{ "mip6CnHomeRegnNotSupported", "correspondent.refused[131]" },
	{ "mip6CnSeqNumberOutOfWindow", "correspondent.refused[135]" },
	{ "mip6CnExpiredHomeNonceIndex", "correspondent.refused[136]" },
	{ "mip6CnExpiredCareOfNonceIndex", "correspondent.refused[137]" },
	{ "mip6CnExpiredNonce", "correspondent.refused[138]" },
	{ "mip6CnRegTypeChangeDisallowed", "correspondent.refused[139]" },
	{ "mip6CnBURequestsAccepted", NODE },
	{ "mip6CnBURequestsRejected", NODE },
	{ "mip6HaAdvsRecd", "! neighbour_discovery.rx counts all that is heard on the links" },
	{ "mip6HaAdvsSent", "! radvd sends them" },
	{ "mip6HaHomeTestInitsRecd", "! the kernel forwards them, as it does data" },
	{ "mip6HaHomeTestsSent", "! the kernel forwards them, as it does data" },
	{ "mip6HaBUsRecd", "home_agent.bu" },
	{ "mip6HaBUAcksSent",
	  "home_agent.accepted + home_agent.deregistered + home_agent.refused[*]" },
	{ "mip6HaBRAdviceSent", LATER },
	{ "mip6HaBUsAccepted", "home_agent.accepted + home_agent.deregistered" },
	{ "mip6HaPrefDiscoverReqd", LATER },
	{ "mip6HaReasonUnspecified", "home_agent.refused[128]" },
	{ "mip6HaAdmProhibited", "home_agent.refused[129]" },
	{ "mip6HaInsufficientResource", "home_agent.refused[130]" },
	{ "mip6HaHomeRegnNotSupported", "home_agent.refused[131]" },
	{ "mip6HaNotHomeSubnet", "home_agent.refused[132]" },
	{ "mip6HaNotHomeAgentForThisMN", "home_agent.refused[133]" },
	{ "mip6HaDupAddrDetectionFailed", "home_agent.refused[134]" },
	{ "mip6HaSeqNumberOutOfWindow", "home_agent.refused[135]" },
	{ "mip6HaExpiredHomeNonceIndex", "home_agent.refused[136]" },
	{ "mip6HaRegTypeChangeDisallowed", "home_agent.refused[139]" },
	{ "mip6HaBURequestsAccepted", NODE },
	{ "mip6HaBURequestsDenied", NODE },
	/* ---- RFC 5488 ---- */
	{ "nemoMrMobilityMessagesSent",
	  "mobility_header.sent[1] + mobility_header.sent[2] + mobility_header.sent[5]" },
	{ "nemoMrMobilityMessagesRecd",
	  "mobility_header.received[0] + mobility_header.received[3] + mobility_header.received[4]"
	  " + mobility_header.received[6] + mobility_header.received[7]" },
	{ "nemoMrDiscoveryRequests", "mobile_node.dhaad_sent" },
	{ "nemoMrDiscoveryReplies", "mobile_node.dhaad_answered" },
	{ "nemoMrDiscoveryRepliesRouterFlagZero", LATER },
	{ "nemoMrMovedHome", "movements[2]" },
	{ "nemoMrMovedOutofHome", "movements[0]" },
	{ "nemoMrMovedFNtoFN", "movements[1]" },
	{ "nemoMrBetterIfDetected", LATER },
	{ "nemoMrBindingAcksWONemoSupport", LATER },
	{ "nemoMrBindingAcksRegTypeChangeDisallowed", "mobile_node.refused[139]" },
	{ "nemoMrBindingAcksOperationNotPermitted", "mobile_node.refused[140]" },
	{ "nemoMrBindingAcksInvalidPrefix", "mobile_node.refused[141]" },
	{ "nemoMrBindingAcksNotAuthorizedForPrefix", "mobile_node.refused[142]" },
	{ "nemoMrBindingAcksForwardingSetupFailed", "mobile_node.refused[143]" },
	{ "nemoMrBindingAcksOtherError",
	  "mobile_node.refused[*] - mobile_node.refused[140] - mobile_node.refused[141]"
	  " - mobile_node.refused[142] - mobile_node.refused[143]" },
	{ "nemoHaBUAcksWONemoSupport", LATER },
	{ "nemoHaBUAcksRegTypeChangeDisallowed", "home_agent.refused[139]" },
	{ "nemoHaBUAcksOperationNotPermitted", "home_agent.refused[140]" },
	{ "nemoHaBUAcksInvalidPrefix", "home_agent.refused[141]" },
	{ "nemoHaBUAcksNotAuthorizedForPrefix", "home_agent.refused[142]" },
	{ "nemoHaBUAcksForwardingSetupFailed", "home_agent.refused[143]" },
	{ "nemoHaBUAcksOtherError",
	  "home_agent.refused[*] - home_agent.refused[140] - home_agent.refused[141]"
	  " - home_agent.refused[142] - home_agent.refused[143]" },
	{ "nemoHaBURequestsAccepted", NODE },
	{ "nemoHaBURequestsDenied", NODE },
};

/* ---- reckoning ---- */

static double elements(struct json_object *a, const char *which)
{
	double sum = 0;

	for (size_t i = 0; json_object_is_type(a, json_type_array) &&
	     i < json_object_array_length(a); i++) {
		struct json_object *o = json_object_array_get_idx(a, i);
		const char *id = fmt_has(o, "status") ? fmt_str(o, "status") : fmt_str(o, "type");

		if (*which == '*' || strcmp(id, which) == 0)
			sum += fmt_num(o, "count");
	}
	return sum;
}

/* "home_agent.refused[139]"; false: nobody counts it here. */
static bool term(struct json_object *stats, char *text, double *v)
{
	struct json_object *o = stats;
	char *which = strchr(text, '['), *save = NULL;

	if (which) {
		*which++ = '\0';
		which[strcspn(which, "]")] = '\0';
	}
	for (char *key = strtok_r(text, ".", &save); key && o; key = strtok_r(NULL, ".", &save))
		o = fmt_get(o, key);
	if (!o)
		return false;
	*v = which ? elements(o, which) : json_object_get_double(o);
	return true;
}

static bool value(struct json_object *stats, const char *from, double *sum)
{
	char text[512], *save = NULL;
	double sign = 1, v;

	*sum = 0;
	snprintf(text, sizeof(text), "%s", from);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		if (strcmp(w, "+") == 0 || strcmp(w, "-") == 0) {
			sign = *w == '-' ? -1 : 1;
			continue;
		}
		if (!term(stats, w, &v))
			return false;
		*sum += sign * v;
	}
	return true;
}

/* Does this daemon play the part that the object is about? */
static bool plays(struct json_object *stats, const char *object)
{
	static const struct { const char *prefix, *group; } row[] = {
		{ "mip6Mn", "mobile_node" }, { "nemoMr", "mobile_node" }, { "mip6Ha", "home_agent" },
		{ "nemoHa", "home_agent" }, { "mip6Cn", "correspondent" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (strncmp(object, row[i].prefix, strlen(row[i].prefix)) == 0)
			return fmt_has(stats, row[i].group);
	}
	return true;
}

static bool show(void *arg, struct json_object *stats)
{
	struct run *r = arg;
	struct json_object *all = json_object_new_object();
	double v;

	for (size_t i = 0; i < ARRAY_SIZE(mib); i++) {
		const struct mib *m = &mib[i];

		if (*m->from == '!' || !plays(stats, m->object) || !value(stats, m->from, &v))
			continue;
		json_object_object_add(all, m->object, json_object_new_int64((int64_t)v));
		if (!r->opt.json)
			printf("%-42s %.0f\n", m->object, v);
	}
	if (r->opt.json)
		fmt_json(&r->opt, all);
	json_object_put(all);
	return true;
}

/* As in the MIBs, they begin with the daemon: a reset by the operator is not seen in them. */
int cmd_mib(struct run *r)
{
	struct json_object *raw = json_object_new_object();

	json_object_object_add(raw, "raw", json_object_new_boolean(true));
	return cmd_call(r, "GetStats", raw, false, show, r);
}
