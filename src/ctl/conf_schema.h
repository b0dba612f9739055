/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/conf_schema.h - the tables of keys, and the walk over them. For conf*.c,
 * the test of the manual page and nobody else.
 *
 * A key's default is text, read as if it stood in the file; where it does not
 * read as a value of the key's type ("6000 + place in the list"), conf_finish()
 * computes it. Numbers are held as double: no range here needs more than 53 bits.
 */
#ifndef MIP6_CTL_CONF_SCHEMA_H
#define MIP6_CTL_CONF_SCHEMA_H

#include <libconfig.h>

#include "ctl/conf.h"

enum conf_kind {
	CK_BOOL,
	CK_INT,		/* unsigned of .size octets */
	CK_TIME,	/* double, seconds */
	CK_TEXT,	/* char[.size] */
	CK_WORD,	/* one of .word, stored in .size octets */
	CK_ADDR,	/* struct in6_addr, unicast */
	CK_PREFIXES,	/* array of texts -> pointer at .at, size_t at .count */
	CK_GROUP,	/* .sub, fields from .at on */
	CK_LIST,	/* list of groups -> pointer at .at, size_t at .count */
	CK_FN,		/* .fn */
};

/* What a reload does with a change. Each key says it: 0 is no choice. */
enum conf_reload {
	CONF_LIVE = 1,	/* taken over; CK_LIST: items come and go */
	CONF_RESTART,	/* refused by name; CK_LIST: the items are those that there are */
};
/* Events that programs are run for unless the file says which: none that others can cause at will. */
#define CONF_EVENTS	(~(1u << EV_home_hint | 1u << EV_rr_hint | 1u << EV_be_hint | 1u << EV_dad | \
			   1u << EV_refused) & ((1u << EV__COUNT) - 1))

/* Lists of the top level: their settings are kept for messages about contradictions. */
enum conf_src { SRC_NONE, SRC_LINK, SRC_NODE, SRC_UPLINK, SRC_HOME, SRC__COUNT };

struct conf_word { const char *name; unsigned value; };
struct conf_ctx;
struct conf_schema;

struct conf_key {
	const char *name;
	enum conf_kind kind;
	enum conf_reload reload;
	bool required;
	bool multiple4;			/* CK_INT: wire counts in units of 4 s */
	unsigned roles;			/* CK of no use without one of these roles; 0 = all */
	size_t at, size, count;
	double min, max;		/* CK_INT, CK_TIME; CK_TEXT: length */
	double safe_min, safe_max;	/* 0, 0: as min and max; else outside needs unsafe_timers */
	const char *rfc;		/* where safe_min and safe_max come from */
	const char *unit, *def, *type, *help;	/* for people; type only for CK_FN */
	const struct conf_word *word;	/* ended by NULL */
	const struct conf_schema *sub;
	enum conf_src src;
	int (*fn)(struct conf_ctx *x, const config_setting_t *s, void *obj);
};
struct conf_schema {
	const char *name;		/* "homes.prefixes"; "" = top level */
	const struct conf_key *key;
	size_t n;
	size_t item;			/* octets of a list's item */
	size_t said;			/* uint64_t in it: bits, by place, of the keys given */
	/* after all keys of the group are read; seen: bits by position of the keys given */
	void (*after)(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen);
};

extern const struct conf_schema conf_schema_top;
extern const struct conf_word conf_word_role[], conf_word_method[], conf_word_mode[],
	conf_word_level[], conf_word_carrier[], conf_word_tunnel[], conf_word_ipv4[],
	conf_word_coa_dad[], conf_word_detector[], conf_word_probe[], conf_word_event[],
	conf_word_ingress[], conf_word_room[];
const char *conf_word_str(const struct conf_word *w, unsigned value);	/* "?" if none */

struct conf_src_list { const config_setting_t **s; size_t n; };
struct conf_ctx {
	struct conf *c;
	struct conf_errs *errs;
	const char *file;		/* the one being read, for settings without a name */
	struct conf_src_list src[SRC__COUNT];
	const config_setting_t *root;	/* of the file being read */
	const config_setting_t *top[64];	/* by place in conf_schema_top: the last one that
						   sets the key; NULL = none */
	unsigned override;
	unsigned n_open;		/* mobile nodes and homes with security none */
	bool bad_roles;			/* an error of its own was told */
	bool unsafe;			/* unsafe_timers, wherever it stands */
	bool nomem;
};

/* ---- conf_err.c ---- */

/* s NULL: no line. key NULL: the path of s. Returns -EINVAL. */
int conf_err(struct conf_ctx *x, const config_setting_t *s, const char *key,
	     const char *fmt, ...) PRINTF(4, 5);
/* The key of group s. */
void conf_missing(struct conf_ctx *x, const config_setting_t *s, const struct conf_key *k);
void conf_warn(struct conf_ctx *x, const config_setting_t *s, const char *key,
	       const char *fmt, ...) PRINTF(4, 5);
/* A message of which only the place differs: file and line are given. */
int conf_err_at(struct conf_ctx *x, const char *file, unsigned line, const char *key,
		const char *fmt, ...) PRINTF(5, 6);
void conf_warn_at(struct conf_ctx *x, const char *file, const char *fmt, ...) PRINTF(3, 4);
/* "FILE:LINE" of a setting, for "... is also in FILE:LINE". */
const char *conf_place(const struct conf_ctx *x, const config_setting_t *s, char *buf, size_t n);
/* The one of n names that a mistyped word may have meant, or NULL. next(arg, i): i-th name. */
const char *conf_did_you_mean(const char *word, const char *(*next)(const void *arg, size_t i),
			      const void *arg);
/* The line (from 1) of the first UMIP keyword in the text and its name, or 0. */
unsigned conf_umip(const char *text, const char **keyword);
/* Numbers that libconfig would cut to 32 bits get its L. The result is the caller's, NULL = no
 * memory. */
char *conf_widen(const char *text);

/* ---- conf_hint.c ---- */

/* What is wrong in a text that libconfig does not parse: the words in buf, and the line of the
 * mistake. False: it looks right. */
bool conf_hint(const char *text, unsigned *line, char *buf, size_t n);

/* ---- conf_parse.c ---- */

/* The text t of s as the address of a node. */
int conf_get_addr6(struct conf_ctx *x, const config_setting_t *s, const char *t,
		   struct in6_addr *a);

void conf_defaults(const struct conf_schema *sc, void *obj);
/* The key of that name; NULL: none. */
const struct conf_key *conf_key_of(const struct conf_schema *sc, const char *name);
/* Do the files give the key of this group? */
bool conf_said(const struct conf_schema *sc, const void *obj, const struct conf_key *k);
/* Reads the keys of group s into obj. Errors go to x->errs. Returns bits of keys seen. */
uint64_t conf_walk(struct conf_ctx *x, const struct conf_schema *sc, const config_setting_t *s,
		   void *obj);
void conf_required(struct conf_ctx *x, const struct conf_schema *sc, const config_setting_t *s,
		   uint64_t seen);
/* Grows an array of items by one zeroed item; NULL: no memory. */
void *conf_grow(struct conf_ctx *x, void *array_ptr, size_t *n, size_t item);
/* The text of s; NULL after saying what is wrong. */
const char *conf_text(struct conf_ctx *x, const config_setting_t *s);
int conf_get_prefix(struct conf_ctx *x, const config_setting_t *s, bool network,
		    struct prefix *p);

/* ---- conf_value.c: keys with a form of their own, and the ends of groups ---- */

int conf_roles_fn(struct conf_ctx *x, const config_setting_t *s, void *obj);
int conf_debug_fn(struct conf_ctx *x, const config_setting_t *s, void *obj);
int conf_events_fn(struct conf_ctx *x, const config_setting_t *s, void *obj);
int conf_ipv4_options_fn(struct conf_ctx *x, const config_setting_t *s, void *obj);
int conf_key_file_fn(struct conf_ctx *x, const config_setting_t *s, void *obj);
int conf_home_address_fn(struct conf_ctx *x, const config_setting_t *s, void *obj);
int conf_home_agent_fn(struct conf_ctx *x, const config_setting_t *s, void *obj);
int conf_mnp_fn(struct conf_ctx *x, const config_setting_t *s, void *obj);
int conf_life_prefix_fn(struct conf_ctx *x, const config_setting_t *s, void *obj);
int conf_peer_fn(struct conf_ctx *x, const config_setting_t *s, void *obj);
void conf_security_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen);
void conf_link_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen);
void conf_node_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen);
void conf_policy_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen);
void conf_on_event_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen);
void conf_mnp_after(struct conf_ctx *x, const config_setting_t *s, void *obj, uint64_t seen);

/* ---- conf_check.c ---- */

/* Computed defaults, then everything that takes more than one key to judge. */
void conf_finish(struct conf_ctx *x);

#endif
