/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mip6ctl/fw.h - would this host's packet filter drop what Mobile IPv6 lives on?
 *
 * Rules of nftables (JSON of nft(8)) and of ip6tables and iptables (text of *-save) are read into
 * one neutral form. Packets are kinds, not single ones: of most the addresses are not known, so a
 * rule that asks for such a thing may fit or not, and the judgement is careful: "dropped" is said
 * of what certainly is, "cannot tell" of what may be. Order and jumps are followed as the kernel
 * does; chains of one hook are independent, and a drop in any of them is a drop.
 *
 * Pure, but for the memory that it takes.
 */
#ifndef MIP6_MIP6CTL_FW_H
#define MIP6_MIP6CTL_FW_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FW_NAME		64
#define FW_TEXT		320
#define FW_ANY		(-1)		/* a protocol that is not known */

enum fw_hook { FW_INPUT, FW_FORWARD, FW_OUTPUT, FW_OTHER };
enum fw_tri { FW_NO, FW_MAYBE, FW_YES };
enum fw_act { FW_NEXT, FW_ACCEPT, FW_DROP, FW_JUMP, FW_GOTO, FW_RETURN, FW_UNKNOWN };

enum fw_what {
	FW_PROTO,			/* upper layer protocol, behind extension headers */
	FW_FIRST_HEADER,		/* the Next Header field of the IPv6 header itself */
	FW_HAS_HEADER,			/* that extension header is there */
	FW_RT_TYPE,			/* type of the routing header */
	FW_MH_TYPE,			/* type of the mobility header */
	FW_ICMP_TYPE,
	FW_FAMILY,			/* 4 or 6 */
	FW_STATE,			/* bits of FW_CT_ in lo of each value */
	FW_IN, FW_OUT,			/* names of devices, with * at the end */
	FW_OTHER_THING,			/* may fit or not */
};
enum { FW_CT_NEW = 1, FW_CT_ESTABLISHED = 2, FW_CT_OTHER = 4 };

struct fw_range { uint32_t lo, hi; };
struct fw_match {
	enum fw_what what;
	bool negated;
	struct fw_range *value;		/* any of them */
	size_t n;
	char (*name)[FW_NAME];		/* FW_IN, FW_OUT: any of them */
	size_t n_name;
};
struct fw_rule {
	struct fw_match *match;		/* all of them */
	size_t n;
	enum fw_act act;
	char target[FW_NAME];		/* FW_JUMP, FW_GOTO */
	char text[FW_TEXT];		/* for people */
};
struct fw_chain {
	char table[FW_NAME];		/* "inet filter", "ip6tables-nft filter" */
	char name[FW_NAME];
	bool v4, v6;			/* families that it sees */
	bool base;
	enum fw_hook hook;		/* of a base chain */
	bool policy_drop;
	bool nft;			/* made with nft(8) */
	struct fw_rule *rule;
	size_t n;
};
struct fw {				/* zeroed: no filter at all */
	struct fw_chain *chain;
	size_t n;
	bool iptables;			/* fw_read_nft() left out tables that iptables-nft keeps */
	bool partial;			/* there are rules that could not be read */
};

/* Adds what `nft -j list ruleset` said. own: also tables that iptables-nft keeps. 0, or -EPROTO if
 * that is not understood. */
int fw_read_nft(struct fw *fw, struct json_object *ruleset, bool own);
/* Adds what PROGRAM-save said; family 4 or 6. 0, or -EPROTO if it says that it left out a table,
 * which somebody has made with nft(8). */
int fw_read_save(struct fw *fw, const char *program, int family, const char *text);
void fw_free(struct fw *fw);

/* ---- building, for the readers ---- */

struct fw_chain *fw_add_chain(struct fw *fw, const char *table, const char *name);
struct fw_rule *fw_add_rule(struct fw_chain *c);
struct fw_match *fw_add_match(struct fw_rule *r, enum fw_what what);
void fw_add_value(struct fw_match *m, uint32_t lo, uint32_t hi);
void fw_add_name(struct fw_match *m, const char *name);
/* "mh", "mobility-header", "135" -> 135; -1: not known. */
int fw_protocol(const char *word);

/* ---- judging ---- */

struct fw_packet {
	const char *name;		/* "Binding Updates (MH, 135)" */
	int family;			/* of the outermost header */
	enum fw_hook hook;
	int header[2];			/* extension headers in order; 0: no more */
	int proto;			/* FW_ANY */
	int mh_type, icmp_type;		/* FW_ANY */
	bool reply;			/* of a conversation that this host began */
	const char *in, *out;		/* devices; NULL: not known */
};
struct fw_verdict {
	enum fw_tri dropped;
	bool likely;			/* dropped, if no rule that may fit does */
	char where[FW_TEXT];		/* chain, and the rule or its policy */
	bool policy;			/* by the policy: no rule lets it through */
	const struct fw_chain *chain;	/* that drops, or may; NULL */
};
void fw_judge(const struct fw *fw, const struct fw_packet *p, struct fw_verdict *v);

#endif
