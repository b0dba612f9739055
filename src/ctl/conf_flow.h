/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/conf_flow.h - flow policy in the configuration: `flows` of homes and of
 * mobile_nodes, `weights` of mobile_nodes. For conf*.c and their tests.
 */
#ifndef MIP6_CTL_CONF_FLOW_H
#define MIP6_CTL_CONF_FLOW_H

#include <json-c/json.h>

#include "ctl/conf_schema.h"

extern const struct conf_schema conf_schema_home_flow, conf_schema_node_flow,
	conf_schema_node_weight;

/* Computed defaults, and what contradicts in the list of one home or node. */
void conf_check_flows(struct conf_ctx *x, enum conf_src src, size_t owner, struct flow_conf *f,
		      size_t n);
/* Of a home, with its uplinks. */
void conf_check_home_flows(struct conf_ctx *x, const struct mn_conf *m, size_t home);
void conf_check_weights(struct conf_ctx *x, size_t node, const struct flow_weight *w, size_t n);
void conf_flows_free(struct flow_conf *f, size_t n);
/* The value of a key that has a form of its own; NULL: none, or not one of a flow. */
struct json_object *conf_flow_dump(const struct conf_key *k, const void *obj);

#endif
