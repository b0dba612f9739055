/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * role/mn_priv.h - what the files of the mobile node share: mn.c (life, movement, steps of the state
 * machine), mn_ask.c (what others ask of it), mn_look.c (where it is attached), mn_kern.c (the kernel
 * follows), mn_tx.c (Binding Updates out), mn_ba.c (answers in), mn_return.c (returning home, RFC 6275
 * 11.5.5), mn_dhaad.c (home agents by discovery), mn_mpd.c (home prefixes), mn_homes.c (home addresses
 * come and go), mn_reload.c (with the configuration), mn_probe.c (echo through the tunnel of a
 * registration without BID), mn_echo.c (echo by each path and through its tunnel), mn_track.c (when),
 * mn_judge.c (what that says), mn_track_show.c (figures, the operator), mr.c (prefixes).
 *
 * A step may want several things. The kernel comes first; what waits for it is in
 * mn_home.after and is done by mn_after() when the kernel has the newest plan:
 *
 *   mn_step() -> mn_kern_sync() -> kplan_switch() ... done -> mn_after()
 *
 * While a switch is under way only the newest wish counts. If the kernel refuses,
 * that is logged and tried again, 1, 2, 4 .. 32 s later; a BU for a care-of address
 * whose tunnel cannot be made is not sent (we could not receive), all others are.
 * The plan of the home link does not stay meanwhile: see retreat().
 */
#ifndef MIP6_ROLE_MN_PRIV_H
#define MIP6_ROLE_MN_PRIV_H

#include "io/dad.h"
#include "plan/plan_mn.h"
#include "role/mn.h"
#include "role/ro.h"
#include "run/log.h"
#include "run/timer.h"
#include "store/dhaad.h"
#include "store/mpd.h"

#define MN_OUT		8		/* Binding Updates remembered */
#define MN_PROBES	8		/* probes remembered */
#define MN_TRACKS	16		/* paths of a home that are looked after */
#define MN_KEY		16		/* octets */

enum { AFTER_SEND = 1, AFTER_NA = 2, AFTER_TELL = 4, AFTER_DAD = 8 };

/* May the home address be used on the home link, where nobody defended it? */
enum mn_dad {
	MN_DAD_NONE,			/* yes: that does not arise */
	MN_DAD_ASKED,			/* not yet */
	MN_DAD_FREE,			/* yes: nobody has it */
	MN_DAD_TAKEN,			/* no: another node has it; asked again now and then */
};

/* A Binding Update that went out. */
struct mn_out {
	bool used, dereg;
	uint16_t seq;
	uint32_t lifetime;		/* seconds; 0: dereg */
	double at;
	uint64_t stamp;			/* NTP; 0 = none */
	struct in6_addr coa, ha;	/* coa: its source */
	struct bul_msg msg;		/* BIDs; without: BUL_MSG_PLAIN */
};

/* What the detector said last of an uplink. */
struct mn_uplink {
	const struct uplink_conf *conf;
	int ifindex;			/* that the plans were told of; 0 = none */
	bool gone;			/* the configuration has it no more */
	bool held;			/* the operator has taken its path out of use */
	bool attached, home;
	struct in6_addr coa, router;	/* :: = none */
	struct in6_addr old;		/* the care-of address before, while it works; :: = none */
	double old_until;
	struct prefix link;
	double at;			/* of the event */
};

/* When Binding Updates left for a home agent, latest first; 0 = none. */
struct mn_pace {
	struct in6_addr ha;
	double sent[BUL_RECENT];
};

struct mn_probe {
	struct rtimer timer;
	uint16_t seq;
	bool answered, up, down;	/* of the last one; said as path_up, path_down */
	unsigned lost;			/* in a row */
	double rtt;			/* smoothed; 0 = none */
	struct in6_addr coa;		/* the path that is probed */
	struct { uint16_t seq; double at; } sent[MN_PROBES];
};

/*
 * One path of a home address, beside its signalling in bul.set.path of the same place: an uplink
 * with a BID, or (BUL_DRAIN in the BID) the care-of address that the uplink had before.
 */
struct mn_path {
	char dev[IFNAMSIZ];		/* its tunnel, when the kernel has it; "" = none */
	char flying[IFNAMSIZ];		/* the same of the plan that is on its way */
};

enum mn_echo_kind { MN_ECHO_OUTER, MN_ECHO_TUNNEL, MN_ECHOES };
struct mn_echo {
	struct mn_track *t;
	enum mn_echo_kind kind;
	struct path path;
	struct rtimer timer;
};

/* The path of one BID. */
struct mn_track {
	struct mn_home *h;
	uint16_t bid;			/* 0: nobody's place */
	bool here;			/* as below, and the home agent has it */
	bool probed;
	bool dead;			/* what mn_path_alive() was told */
	bool asked;			/* its tunnel was silent, and the home agent was asked */
	bool broken;			/* its tunnel is silent, and that is the path's own fault */
	bool filtered;			/* that outer probes are not answered was said */
	enum path_state told;		/* by path_up and path_down */
	const char *reason;		/* of the last path_down; NULL: path_up */
	struct in6_addr coa, ha;
	char tunnel[IFNAMSIZ];
	struct mn_echo echo[MN_ECHOES];
	double used_at, rx_rate, tx_rate;	/* counters were read; octets per second */
	uint64_t rx_bytes, tx_bytes;
};

struct mn_home {
	struct mn *mn;
	const struct home_conf *conf;
	unsigned index;
	struct bul bul;
	bool held;			/* the operator de-registered it */
	bool resume;			/* and then wanted it, while that was under way */
	bool gone;			/* stopping: the kernel shall have nothing */
	bool finished;			/* and has nothing */
	bool started;			/* the first plan is in the kernel */
	const char *why;		/* no registration, by this exchange; constant; NULL = unknown */
	/* attachment */
	int uplink;			/* index, -1 = none */
	int also;			/* uplink on the home link, a path beside others; -1 = none */
	int left;			/* uplink that it lost and that was not cleaned up; or -1 */
	bool at_home;
	struct in6_addr home_router;	/* that last said its prefix is there; :: = not known */
	unsigned home_others;		/* which of that address: md_router_others() */
	double sign_at, usable_at;	/* of this movement; 0 = none */
	struct locator told;		/* care-of address of the last bul_add; family 0 = none */
	double last_handover, rtt, answered_at;
	/* kernel */
	struct kplan have, flying, bad;	/* in the kernel, on its way, refused last */
	enum mn_where have_where, flying_where;
	char have_dev[IFNAMSIZ], flying_dev[IFNAMSIZ];	/* the home link of these plans, or "" */
	bool in_flight, dirty;
	bool retreat;			/* what flies is not the wish, but a way off the home link */
	bool old_in_use, old_flying;	/* a tunnel is from an address that was left */
	unsigned after;			/* AFTER_* */
	double kern_wait;
	struct rtimer kern_timer, left_timer;
	bool unsteered;			/* the kernel refused what steers; not planned until the timer */
	double steer_wait;		/* seconds; 0: it did not */
	struct rtimer steer_timer;
	char tunnel[IFNAMSIZ];		/* that carries */
	/* Binding Updates */
	struct mn_out out[MN_OUT];
	unsigned n_out;			/* total */
	struct rtimer tx_timer;
	bool tx_wanted;			/* waits for the rate limit */
	bool aside;			/* so does a de-registration at aside_ha, to go first */
	struct in6_addr aside_ha;
	bool force_stamp;		/* status 145 asked for it */
	uint64_t clock_offset;		/* NTP units, modulo 2^64: the home agent's time - ours */
	uint64_t stamp_ok, stamp_floor;	/* last accepted; the next one is above the floor */
	/* returning home */
	bool learning;			/* the home agent's link-layer address */
	unsigned nd_left;
	int nd_ifindex;			/* watched; 0 = none */
	struct rtimer nd_timer;
	enum mn_dad dad;
	struct dad_run *dad_run;
	double dad_pause;		/* until the question after a duplicate */
	struct rtimer dad_timer;
	bool ll_ours;			/* the link-local address of the L bit comes from us */
	struct dhaad dhaad, ask;	/* of the registration; of the operator */
	struct in6_addr found[HOME_MAX_HA];	/* what the last answer of either named */
	unsigned n_found;
	struct mpd mpd;
	bool retiring;			/* its prefix is not valid any more */
	bool added;			/* not by configuration */
	bool proven;			/* it was registered, or used at home, once */
	unsigned from;			/* added: the home that it came from */
	bool removed;			/* the configuration has it no more; retiring */
	bool pending;			/* the configuration has it; it begins when none is leaving */
	bool kept;			/* by the reload under way */
	struct mn_probe probe;
	struct mn_path path[BUL_PATHS];	/* without BIDs: not used */
	struct mn_track track[MN_TRACKS];
	struct in6_addr answers;	/* home agent that has answered a probe through any tunnel */
	bool judging;			/* mn_track_judge() is under way */
	double silent_at;		/* all paths were, and mn_forgotten() was called */
	struct flow_mn flow;		/* what the home agent has of our flows */
	struct in6_addr flow_ha;	/* which one */
	uint16_t flow_seq;		/* of the update that told it last */
	struct ro_home ro;
	struct mn_prefix_info *prefix;
	enum mnp_status *prefix_told;	/* by prefix_state */
};

struct mn {
	const struct mn_conf *conf;
	struct mn_env env;
	unsigned n_uplink, n_home;
	struct mn_uplink *uplink;
	int *foreign;			/* n_uplink, for the plan that is being made */
	struct home_path paths[2 * BUL_PATHS];	/* for the same */
	struct mn_home *home;
	struct mn_pace *pace;		/* n_pace, as home agents are configured, and a spare */
	unsigned n_pace;
	struct kplan base, base_next;
	bool running;			/* the base plan is in the kernel */
	bool stopping, base_busy, base_again, told_ready;
	struct rtimer pending_timer;	/* homes that begin later */
	struct rtimer old_timer;	/* mn_uplink.old_until, the earliest */
	bool listed;			/* bul_add was said since the list was empty */
	bool release;			/* the detector may hold an old care-of address for us */
	int rc;				/* first error of start or stop */
	void (*ready)(void *arg, int rc);
	void *ready_arg;
	void (*stopped)(void *arg, int rc);
	void *stopped_arg;
	struct ro_table ro;
	uint16_t prefer;		/* BID that the operator prefers; 0 = none */
	uint16_t probe_id;
	uint8_t probe_key[MN_KEY];
	struct log_rl rl;
	struct mn_stats stats;
};

static inline const struct in6_addr *mn_hoa(const struct mn_home *h)
{
	return &h->conf->hoa.a.in6;
}
/* As far as duplicates go. */
static inline bool mn_dad_ok(const struct mn_home *h)
{
	return h->dad == MN_DAD_NONE || h->dad == MN_DAD_FREE;
}
/* At home for good, or the home link is the path that carries: what is sent there is in clear. */
static inline bool mn_on_home_link(const struct mn_home *h)
{
	return h->at_home || (bul_home_open(&h->bul) &&
			      h->bul.set.primary == bul_home_path(&h->bul));
}
/* Packets with the home address come and go, once the kernel has the plan. */
static inline bool mn_carries(const struct mn_home *h)
{
	if (h->at_home)
		return bul_home_carries(&h->bul) && mn_dad_ok(h);
	return bul_here(&h->bul) || mn_on_home_link(h);
}
static inline const char *mn_dev(const struct mn_home *h)
{
	return h->uplink < 0 ? "" : h->mn->uplink[h->uplink].conf->dev;
}

/* mn.c */
int mn_home_init(struct mn *mn, unsigned i);
void mn_step(struct mn_home *h, enum bul_ev ev, const struct bul_ba *ba);
void mn_arm(struct mn_home *h);		/* the timer of the state machine */
void mn_after(struct mn_home *h);
void mn_home_synced(struct mn_home *h, int rc);	/* the kernel has the plan, or refused it */
/* One that is not given up. */
struct mn_home *mn_find(struct mn *mn, const struct in6_addr *hoa);

/* mn_look.c */
/* Where this home is attached now; again: it is told of it though nothing has changed. */
void mn_look(struct mn_home *h, bool again);
/* The uplink on the home link, if that is to be a path beside others; -1: no. */
int mn_also_home(struct mn_home *h);
void mn_also_look(struct mn_home *h);	/* has that changed, by an answer? */
void mn_also_plan(struct mn_home *h, struct home_state *s);
const char *mn_home_dev(const struct mn_home *h);	/* on the home link; "" = none */

/* mn_ask.c */
void mn_resume(struct mn_home *h);	/* the operator wants it back, and it has been given up now */
/* Why there is no registration, and what to do: a constant; NULL: there is one, or nothing known. */
#define MN_SILENT	2		/* unanswered updates; the third is sent */
const char *mn_problem(const struct mn_home *h);

/* mn_kern.c */
void mn_kern_sync(struct mn_home *h);
void mn_kern_free(struct mn_home *h);

/* mn_tx.c */
void mn_tx(struct mn_home *h);		/* now, or as soon as the rate limit allows */
void mn_tx_aside(struct mn_home *h, const struct in6_addr *ha);
/* The home agent's clock from its BA 144 (RFC 4285 6). */
void mn_clock(struct mn_home *h, uint64_t answer, const struct mn_out *out);
bool mn_stamps(const struct mn_home *h);
uint16_t mn_flags(const struct mn_home *h);
/* An identifier that nobody guesses, of a discovery or solicitation (11.4.1, 11.4.2). */
uint16_t mn_new_id(void);

/* mn_flow.c */
/* The options of an update that is about to go, whose octets are in mem. 0 or -errno. */
int mn_flow_put(struct mn_home *h, const struct mn_out *o, struct mh_msg *m,
		struct flow_octets *mem);
void mn_flow_answered(struct mn_home *h, const struct mn_out *o, const struct mh_msg *m);
void mn_flow_look(struct mn_home *h);	/* sends an update if flows alone are a reason */

/* mn_ba.c */
/* The home agent seems to have lost the binding; sign: how we know. */
void mn_forgotten(struct mn_home *h, const char *sign);

/* mn_return.c */
bool mn_is_home_of(const struct mn_home *h, const struct mn_uplink *u);
void mn_note_router(struct mn_home *h, const struct mn_uplink *u);	/* h is at home there */
void mn_look_at_home(struct mn *mn);	/* which home prefixes are on the home link may have changed */
void mn_return_learn(struct mn_home *h);
void mn_return_stop(struct mn_home *h);
void mn_return_na(struct mn_home *h);
void mn_dad_want(struct mn_home *h);	/* mn_dad_begin() when the kernel has the plan */
void mn_dad_begin(struct mn_home *h);
void mn_dad_stop(struct mn_home *h);
void mn_nd_rx(void *arg, const struct nd_rx *rx, const struct nd_msg *m);

/* mn_dhaad.c */
/* wanted: by BUL_DO_DISCOVER; moved: to another care-of address. */
void mn_dhaad_follow(struct mn_home *h, bool wanted, bool moved);
void mn_dhaad_stop(struct mn_home *h);
void mn_dhaad_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m);

/* mn_mpd.c */
void mn_mpd_ask(struct mn_home *h);
void mn_mpd_follow(struct mn_home *h);
void mn_mpd_stop(struct mn_home *h);
void mn_mpa_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m);
void mn_home_ra(struct mn *mn, const struct nd_rx *rx, const struct nd_ra *ra);

/* mn_homes.c */
void mn_base_sync(struct mn *mn);	/* the base plan, after the homes have changed */
void mn_home_free(struct mn_home *h);	/* its timers and memory */
void mn_homes_look(struct mn *mn);	/* which are deprecated */
void mn_home_proven(struct mn_home *h);	/* is it? to be asked when the kernel has the plan */
void mn_home_new(struct mn_home *from, const struct prefix *hoa, const struct in6_addr *ha);
void mn_home_retire(struct mn_home *h);
void mn_home_retired(struct mn_home *h);
bool mn_home_vacant(const struct mn_home *h);	/* nothing works on it: another may have the place */
void mn_home_clear(struct mn_home *h);		/* vacant: as never used */

/* mn_reload.c */
void mn_reload_retired(struct mn_home *h);	/* the kernel has nothing of it: what comes now? */

/* mn_path.c */
/* What the uplinks say is to be registered; true: that is news. */
bool mn_paths_look(struct mn_home *h);
/* The configuration gives BIDs from now on, or no longer, or says how they are told; true: news. */
bool mn_paths_conf(struct mn_home *h);
/* After a step: .uplink is that of the path that carries. */
void mn_paths_follow(struct mn_home *h);
/* The uplink has left this care-of address for another one, which still works for a while. */
void mn_path_old(struct mn_uplink *u, struct mn *mn);
void mn_path_old_gone(struct mn *mn);	/* nobody needs them any more */
/* The uplink that a Binding Update from this address leaves by; -1: none. */
int mn_path_uplink(const struct mn *mn, const struct in6_addr *coa);
uint16_t mn_bid(const struct mn_home *h);	/* of the path that carries; 0 = none */
/* Tunnels and tables, at most 2 * BUL_PATHS; name() gives the device of a carrier. */
size_t mn_paths_plan(struct mn_home *h, struct home_state *s, struct home_path *p,
		     void (*name)(const struct mn_home *h, const struct home_path *p, size_t n,
				  const struct carrier *c, char dev[static IFNAMSIZ]));
void mn_paths_synced(struct mn_home *h);	/* the kernel has that */
void mn_paths_tell(struct mn_home *h);		/* bul_add of what was accepted */
bool mn_paths_gone(struct mn_home *h);		/* bul_remove; true: there were such */
/* The tunnel of the path, by which probes can go: "" = none, or nothing is registered there. */
const char *mn_path_dev(const struct mn_home *h, unsigned path);
bool mn_path_ready(const struct mn_home *h, unsigned path);
/* The word of the probes. false: traffic moves at once, and the home agent is told. May step. */
void mn_path_alive(struct mn_home *h, unsigned path, bool alive);

/* mn_probe.c */
void mn_probe_follow(struct mn_home *h);
void mn_probe_stop(struct mn_home *h);
void mn_probe_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m);

/* mn_echo.c */
void mn_echo_send(struct mn_echo *e);
bool mn_echo_is_reply(const struct icmp6_msg *m);	/* as long as ours */
/* Such an echo reply, to any address; mn_track_answer() if it is authentic. */
void mn_echo_rx(struct mn *mn, const struct icmp6_rx *rx, const struct icmp6_msg *m);

/* mn_track.c */
void mn_track_follow(struct mn_home *h);
void mn_track_stop(struct mn_home *h);
void mn_track_answer(struct mn_echo *e, uint64_t seq, double at);
void mn_track_arm(struct mn_echo *e);		/* after any call about its path */
struct mn_track *mn_track_of(struct mn_home *h, uint16_t bid);	/* NULL: none */
const struct mn_uplink *mn_track_uplink(const struct mn_track *t);	/* NULL: it has gone */

/* mn_judge.c */
/* The probes that say whether it works, and what that is. */
const struct path *mn_track_path(const struct mn_track *t);
enum path_state mn_track_state(const struct mn_track *t);
void mn_track_tell(struct mn_track *t, const char *reason, bool up);	/* constant; the event */
void mn_track_judge(struct mn_home *h);		/* something has changed */
/* An authenticated acknowledgement of an update from this care-of address. */
void mn_track_heard(struct mn_home *h, const struct in6_addr *coa);

/* mn_track_show.c */
void mn_track_use(struct mn_track *t);		/* the kernel's counters */

/* mr.c */
int mr_init(struct mn_home *h);
void mr_free(struct mn_home *h);
/* Other prefixes, of a configuration that is in h->conf already: those that stay keep their state; told
 * and info are as long as they are, and h has them from here on. */
void mr_reload(struct mn_home *h, const struct mnp_conf *was, size_t n_was,
	       struct mn_prefix_info *info, enum mnp_status *told);
/* Prefix options of a registration. 0, or -E2BIG. */
int mr_put(const struct mn_home *h, struct mh_msg *m);
void mr_accepted(struct mn_home *h, const struct mh_msg *m);
void mr_refused(struct mn_home *h, uint8_t status);
void mr_where(struct mn_home *h);	/* states that follow from where we are */
bool mr_ipv4(const struct mn_home *h);
uint64_t mr_out_mask(const struct mn_home *h);
struct in_addr mr_src4(const struct mn_home *h);
void mr_tell(struct mn_home *h);

#endif
