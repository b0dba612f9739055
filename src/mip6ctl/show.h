/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl/show.h - the text of each kind of record, for people.
 */
#ifndef MIP6_MIP6CTL_SHOW_H
#define MIP6_MIP6CTL_SHOW_H

#include "mip6ctl/fmt.h"

void show_status(const struct fmt_opt *opt, struct json_object *o);
void show_stats(const struct fmt_opt *opt, struct json_object *o);
void show_event(const struct fmt_opt *opt, struct json_object *o);
void show_handover(const struct fmt_opt *opt, struct json_object *o);
void show_message(const struct fmt_opt *opt, struct json_object *o);	/* of decode.h */
void show_next_line(const struct fmt_opt *opt);	/* of a record of more than one */

/* Listings. A row per record; with -d (or -o -d, in one line) all of the record. */
extern const char *const show_binding_head[], *const show_registration_head[],
	*const show_prefix_head[], *const show_agent_head[], *const show_peer_head[],
	*const show_path_head[];
#define SHOW_BINDING_COLS	8
#define SHOW_REGISTRATION_COLS	8
#define SHOW_PREFIX_COLS	6
#define SHOW_FLOW_COLS		10
extern const char *const show_flow_head[];
void show_flow_row(struct fmt_table *t, struct json_object *o);
void show_flow(const struct fmt_opt *opt, struct json_object *o);
#define SHOW_AGENT_COLS		9
#define SHOW_PEER_COLS		9
#define SHOW_PATH_COLS		10
void show_binding_row(struct fmt_table *t, struct json_object *o);
void show_registration_row(struct fmt_table *t, struct json_object *o);
void show_prefix_row(struct fmt_table *t, struct json_object *o);
void show_agent_row(struct fmt_table *t, struct json_object *o);
void show_agent(const struct fmt_opt *opt, struct json_object *o);
void show_peer_row(struct fmt_table *t, struct json_object *o);
void show_path_row(struct fmt_table *t, struct json_object *o);
void show_path(const struct fmt_opt *opt, struct json_object *o);
void show_binding(const struct fmt_opt *opt, struct json_object *o);
void show_registration(const struct fmt_opt *opt, struct json_object *o);

#endif
