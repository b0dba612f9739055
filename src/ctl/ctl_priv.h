/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/ctl_priv.h - what the files of the control socket share.
 *
 *   ctl.c        socket, clients, queues
 *   ctl_call.c   one call: JSON in, dispatch, errors, introspection
 *   ctl_show.c   records of one reply: status, statistics
 *   ctl_list.c   listings, record by record
 *   ctl_agents.c the listing of home agents
 *   ctl_event.c  events as JSON, hints from JSON, Monitor
 *   ctl_peer.c   peers of route optimisation
 *   ctl_moves.c  the last movements
 *   ctl_admin.c  configuration in force, reload, log levels, counters from a reset on
 *   ctl_diagnose.c  what only the daemon knows of its host's health
 *   ctl_turn.c   how long turns of the loop take
 *   ctl_paths.c  paths, what probes measured, and the operator's word on them
 *   ctl_flows.c    flow policy, and what became of it
 *   ctl_tunnels.c  what went through the tunnels
 *   ctl_json.c   values as JSON
 *   ctl_idl.c    the interface's description
 */
#ifndef MIP6_CTL_PRIV_H
#define MIP6_CTL_PRIV_H

#include <ev.h>
#include <json-c/json.h>
#include <sys/socket.h>

#include "base/histo.h"
#include "ctl/conf.h"
#include "ctl/ctl.h"
#include "role/role.h"
#include "run/event.h"
#include "store/bc.h"

#define CTL_OUT_LOW	65536		/* a listing goes on below that */
#define CTL_OUT_MAX	(1 << 20)	/* unread events: the client is closed */
#define CTL_BURST	256		/* records and calls of a client in one turn of the loop */
#define CTL_MOVES	64		/* movements that are remembered */
#define CTL_PHASES	4		/* of a movement: detect, bu, ba, total */

struct ctl_buf { char *p; size_t at, n, cap; };	/* p[at..n) is in the buffer */

struct ctl_client;
/* One more record into c's queue; false when the listing is through (and its end is queued). */
typedef bool (*ctl_step_fn)(struct ctl_client *c);

/*
 * A listing under way. Tables may change between its steps: it holds their cursors, the key of
 * what was said last, or a place in the configuration (`at`); a listing by place ends when
 * another configuration comes.
 */
struct ctl_listing {
	ctl_step_fn step;		/* NULL: none */
	struct bc_cursor bindings;
	struct cn_cursor peers;		/* the correspondent's bindings */
	struct cn_key peer;		/* the last one of them */
	bool more_paths;		/* of which others than peer_bid were not said yet */
	uint16_t peer_bid;
	bool by_place;
	size_t at, sub, said;
	unsigned phase;			/* Monitor; GetConfig: defaults too */
	bool has_hoa;
	struct in6_addr hoa;
	uint16_t bid;			/* ListPaths: of this one; 0: all */
	struct mn_peer_info last_mn;	/* ListPeers: what was said last; read by its addresses */
};

struct ctl_client {
	struct ctl *ctl;
	struct ctl_client *prev, *next;
	int fd;
	ev_io rd, wr;
	struct ctl_buf in, out;
	int pid;			/* 0: not known */
	bool admin;			/* may change */
	bool more, oneway;		/* of the present call */
	bool monitor;
	bool eof;			/* it sends no more; answers still go out */
	bool dead;			/* to be closed: protocol error, or too slow */
	bool detector;			/* it has said where an uplink is */
	bool waiting;			/* for the end of its reload */
	uint64_t wanted;		/* Monitor: bits of enum event_type */
	struct ctl_buf held;		/* events that happen before `sync` */
	struct ctl_listing list;
};

/* By where from and where to. */
enum ctl_move { CTL_MOVE_AWAY, CTL_MOVE_ON, CTL_MOVE_HOME, CTL_MOVE__COUNT };

struct ctl_moves {
	struct event ring[CTL_MOVES];	/* the i-th movement is at i modulo CTL_MOVES */
	size_t n;			/* since the start */
	struct histo phase[CTL_PHASES];
	uint64_t by[CTL_MOVE__COUNT];
};

/* How long the turns of the loop take. */
struct ctl_turn {
	ev_check check;
	ev_prepare prepare;
	double since;			/* the loop works since then; 0: it sleeps */
	struct histo took;
};

struct ctl {
	struct ev_loop *loop;
	const struct conf *conf;
	struct node *node;		/* NULL: not yet, or no longer */
	int fd;
	dev_t dev;			/* the socket's file: is it still ours? */
	ino_t ino;
	ev_io accept;
	ev_timer again;			/* out of descriptors: accept later */
	struct ctl_client *clients;
	unsigned n_client;
	gid_t admin;			/* who may change beside root; -1 = nobody */
	struct log_rl rl;
	bool listening;			/* to events */
	struct ctl_moves moves;
	struct ctl_turn turn;
	const struct ctl_reload_ops *reload;	/* NULL: cannot */
	void *reload_arg;
	struct ctl_client *reloader;	/* waits for the end of a reload; NULL: nobody */
	struct json_object *base;	/* counters at the last reset; NULL: none */
	double reset_at;
};

/* ---- ctl.c ---- */

int ctl_buf_put(struct ctl_buf *b, const void *p, size_t n);	/* 0 or -ENOMEM */
void ctl_buf_free(struct ctl_buf *b);
/* Queues one reply and takes the reference. A client without memory dies. */
void ctl_put(struct ctl_client *c, struct json_object *reply);
/* Queues an event that is text already (n octets with its NUL), behind the present state if that
 * is still being sent. The loop sends it; a client that does not read dies. */
void ctl_put_event(struct ctl_client *c, const char *text, size_t n);

/* ---- ctl_call.c ---- */

/* Handles one call: len octets without the NUL. Sets c->dead if it is no call at all. */
void ctl_call(struct ctl_client *c, const char *text, size_t len);
/* Replies. params may be NULL (empty); the reference is taken. */
void ctl_reply(struct ctl_client *c, struct json_object *params, bool continues);
void ctl_error(struct ctl_client *c, const char *error, const char *key, const char *value);

/* ---- ctl_show.c ---- */

struct json_object *ctl_status(const struct ctl *ctl);
struct json_object *ctl_stats(const struct ctl *ctl);
struct json_object *ctl_refused(const uint64_t v[static 256]);	/* counters by status */

/* ---- ctl_list.c: methods ---- */

void ctl_list_bindings(struct ctl_client *c, struct json_object *params);
void ctl_list_registrations(struct ctl_client *c, struct json_object *params);
void ctl_list_prefixes(struct ctl_client *c, struct json_object *params);
/* The next one that is bound, of c->list; NULL: no more. */
const struct binding *ctl_next_binding(struct ctl_client *c);
void ctl_listing_end(struct ctl_client *c);
/* Another configuration is in force. */
void ctl_listing_conf(struct ctl_client *c);
const char *ctl_mnp_state(enum mnp_status s);

/* ---- ctl_agents.c ---- */

void ctl_list_agents(struct ctl_client *c, struct json_object *params);

/* ---- ctl_peer.c ---- */

void ctl_list_peers(struct ctl_client *c, struct json_object *params);
void ctl_begin_peers(struct ctl_client *c);
bool ctl_present_peer(struct ctl_client *c, struct event *e);	/* the next one as an event */
struct json_object *ctl_cn_json(struct cn *cn);
struct json_object *ctl_cn_stats(const struct cn *cn);

/* ---- ctl_moves.c ---- */

void ctl_moves_note(struct ctl_moves *m, const struct event *e);
struct json_object *ctl_moves_stats(const struct ctl_moves *m);
struct json_object *ctl_moves_by(const struct ctl_moves *m);
/* A record of a Phase; NULL name: null. */
struct json_object *ctl_histo(const char *name, const struct histo *h);
void ctl_list_handovers(struct ctl_client *c, struct json_object *params);

/* ---- ctl_turn.c ---- */

void ctl_turn_start(struct ctl_turn *t, struct ev_loop *loop);	/* t stays where it is */
void ctl_turn_stop(struct ctl_turn *t, struct ev_loop *loop);

/* ---- ctl_flows.c ---- */
void ctl_list_flows(struct ctl_client *c, struct json_object *params);

/* ---- ctl_tunnels.c ---- */

struct json_object *ctl_tunnel_stats(const struct node *n);

/* ---- ctl_admin.c ---- */

void ctl_get_config(struct ctl_client *c, struct json_object *params);
void ctl_reload(struct ctl_client *c, struct json_object *params);
void ctl_confirm(struct ctl_client *c, struct json_object *params);
/* Seconds until the configuration is undone; NULL: it stays. */
struct json_object *ctl_undo_in(const struct ctl *ctl);
void ctl_get_log(struct ctl_client *c, struct json_object *params);
void ctl_set_log(struct ctl_client *c, struct json_object *params);
void ctl_get_stats(struct ctl_client *c, struct json_object *params);
void ctl_reset_stats(struct ctl_client *c, struct json_object *params);

/* ---- ctl_paths.c ---- */

void ctl_list_paths(struct ctl_client *c, struct json_object *params);
void ctl_use_path(struct ctl_client *c, struct json_object *params);
void ctl_prefer_path(struct ctl_client *c, struct json_object *params);
void ctl_probe_paths(struct ctl_client *c, struct json_object *params);
bool ctl_present_path(struct ctl_client *c, struct event *e);	/* the next one as an event */

/* ---- ctl_diagnose.c ---- */

void ctl_diagnose(struct ctl_client *c, struct json_object *params);

/* ---- ctl_event.c ---- */

void ctl_monitor(struct ctl_client *c, struct json_object *params);
void ctl_inject(struct ctl_client *c, struct json_object *params);
void ctl_on_event(void *arg, const struct event *e);	/* event_listen(); arg = struct ctl */
struct json_object *ctl_event_json(const struct event *e, double now);

/* ---- ctl_json.c ---- */

struct json_object *ctl_addr(const struct in6_addr *a);		/* :: is null */
struct json_object *ctl_prefix(const struct prefix *p);		/* none is null */
struct json_object *ctl_locator(const struct locator *l);
struct json_object *ctl_seconds(double v);			/* to the microsecond */
struct json_object *ctl_text(const char *s);			/* "" is null */
struct json_object *ctl_bu_flags(uint16_t flags);		/* [ "A", "H", ... ] */
const char *ctl_family(uint8_t family);				/* "ipv6", "ipv4" */
#define ctl_set(o, key, v)	json_object_object_add((o), (key), (v))
#define ctl_int(v)		json_object_new_int64((int64_t)(v))
#define ctl_bool(v)		json_object_new_boolean(v)

/* ---- ctl_idl.c ---- */

extern const char ctl_idl[], ctl_idl_service[];

#endif
