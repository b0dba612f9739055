/* SPDX-License-Identifier: BSD-2-Clause */
#include "mip6ctl/fw.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define DEPTH_MAX	16		/* jumps, as in the kernel */
#define HEADER_ROUTING	43

/* ---- memory ---- */

static void *grown(void *p, size_t n, size_t size)
{
	void *more = reallocarray(p, n + 1, size);

	if (!more) {
		fputs("mip6ctl: no memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	memset((char *)more + n * size, 0, size);
	return more;
}

struct fw_chain *fw_add_chain(struct fw *fw, const char *table, const char *name)
{
	struct fw_chain *c;

	fw->chain = grown(fw->chain, fw->n, sizeof(*fw->chain));
	c = &fw->chain[fw->n++];
	snprintf(c->table, sizeof(c->table), "%s", table);
	snprintf(c->name, sizeof(c->name), "%s", name);
	return c;
}

struct fw_rule *fw_add_rule(struct fw_chain *c)
{
	c->rule = grown(c->rule, c->n, sizeof(*c->rule));
	return &c->rule[c->n++];
}

struct fw_match *fw_add_match(struct fw_rule *r, enum fw_what what)
{
	r->match = grown(r->match, r->n, sizeof(*r->match));
	r->match[r->n].what = what;
	return &r->match[r->n++];
}

void fw_add_value(struct fw_match *m, uint32_t lo, uint32_t hi)
{
	m->value = grown(m->value, m->n, sizeof(*m->value));
	m->value[m->n++] = (struct fw_range){ lo, hi };
}

void fw_add_name(struct fw_match *m, const char *name)
{
	m->name = grown(m->name, m->n_name, sizeof(*m->name));
	snprintf(m->name[m->n_name++], FW_NAME, "%s", name);
}

void fw_free(struct fw *fw)
{
	for (size_t i = 0; i < fw->n; i++) {
		for (size_t k = 0; k < fw->chain[i].n; k++) {
			struct fw_rule *r = &fw->chain[i].rule[k];

			for (size_t j = 0; j < r->n; j++) {
				free(r->match[j].value);
				free(r->match[j].name);
			}
			free(r->match);
		}
		free(fw->chain[i].rule);
	}
	free(fw->chain);
	*fw = (struct fw){ 0 };
}

int fw_protocol(const char *word)
{
	static const struct { const char *name; int proto; } row[] = {
		{ "mh", 135 }, { "mobility-header", 135 }, { "ipv6-mh", 135 }, { "ipv6", 41 },
		{ "ipencap", 4 }, { "ipip", 4 }, { "gre", 47 }, { "esp", 50 }, { "ah", 51 },
		{ "icmp", 1 }, { "tcp", 6 }, { "udp", 17 }, { "ipv6-icmp", 58 }, { "icmpv6", 58 },
		{ "ipv6-opts", 60 }, { "dst", 60 }, { "ipv6-route", 43 }, { "rt", 43 },
		{ "ipv6-frag", 44 }, { "frag", 44 }, { "hbh", 0 }, { "hopopts", 0 },
		{ "ipv6-nonxt", 59 }, { "none", 59 }, { "sctp", 132 }, { "udplite", 136 },
		{ "dccp", 33 }, { "comp", 108 },
	};
	const struct protoent *e;
	char *end;
	long v = strtol(word, &end, 10);

	if (*word && !*end)
		return v >= 0 && v < 256 ? (int)v : -1;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (strcasecmp(row[i].name, word) == 0)
			return row[i].proto;
	}
	e = getprotobyname(word);
	return e ? e->p_proto : -1;
}

/* ---- does it fit? ---- */

static enum fw_tri one_of(const struct fw_match *m, int v)
{
	if (v == FW_ANY)
		return FW_MAYBE;
	for (size_t i = 0; i < m->n; i++) {
		if ((uint32_t)v >= m->value[i].lo && (uint32_t)v <= m->value[i].hi)
			return FW_YES;
	}
	return FW_NO;
}

static bool has_header(const struct fw_packet *p, uint32_t lo, uint32_t hi)
{
	for (size_t i = 0; i < ARRAY_SIZE(p->header); i++) {
		if (p->header[i] && (uint32_t)p->header[i] >= lo && (uint32_t)p->header[i] <= hi)
			return true;
	}
	return p->proto >= 0 && (uint32_t)p->proto >= lo && (uint32_t)p->proto <= hi;
}

static enum fw_tri device(const struct fw_match *m, const char *dev)
{
	enum fw_tri best = FW_NO;

	for (size_t i = 0; i < m->n_name; i++) {
		const char *name = m->name[i];
		size_t n = strcspn(name, "*");

		/* that it is not the loopback is known of all of them */
		if (!dev)
			best = strcmp(name, "lo") != 0 ? FW_MAYBE : best;
		else if (strncmp(name, dev, n) == 0 && (name[n] == '*' || !dev[n]))
			return FW_YES;
	}
	return best;
}

static enum fw_tri state(const struct fw_match *m, const struct fw_packet *p)
{
	uint32_t is = p->reply ? FW_CT_ESTABLISHED : FW_CT_NEW, all = 0;

	for (size_t i = 0; i < m->n; i++)
		all |= m->value[i].lo;
	/* forwarded packets are of both kinds: the first ones decide */
	return all & is ? FW_YES : FW_NO;
}

static enum fw_tri header(const struct fw_match *m, const struct fw_packet *p)
{
	for (size_t i = 0; i < m->n; i++) {
		if (has_header(p, m->value[i].lo, m->value[i].hi))
			return FW_YES;
	}
	return p->proto == FW_ANY ? FW_MAYBE : FW_NO;
}

/* What is in a header that is not there does not fit, whether negated or not. */
static enum fw_tri inside(const struct fw_match *m, const struct fw_packet *p, int proto, int v)
{
	if (p->proto != FW_ANY && p->proto != proto)
		return FW_NO;
	if (p->proto == FW_ANY || v == FW_ANY)
		return FW_MAYBE;
	return one_of(m, v) == FW_YES ? (m->negated ? FW_NO : FW_YES)
				      : (m->negated ? FW_YES : FW_NO);
}

static enum fw_tri plain(const struct fw_match *m, const struct fw_packet *p)
{
	switch (m->what) {
	case FW_PROTO:
		return one_of(m, p->proto);
	case FW_FIRST_HEADER:
		return p->family != 6 ? FW_NO : one_of(m, p->header[0] ? p->header[0] : p->proto);
	case FW_HAS_HEADER:
		return header(m, p);
	case FW_RT_TYPE:
		return has_header(p, HEADER_ROUTING, HEADER_ROUTING) ? one_of(m, 2) : FW_NO;
	case FW_FAMILY:
		return one_of(m, p->family);
	case FW_STATE:
		return state(m, p);
	case FW_IN:
		return device(m, p->in);
	case FW_OUT:
		return device(m, p->out);
	case FW_MH_TYPE:
	case FW_ICMP_TYPE:
	case FW_OTHER_THING:
		break;
	}
	return FW_MAYBE;
}

static enum fw_tri fits_one(const struct fw_match *m, const struct fw_packet *p)
{
	enum fw_tri t;

	if (m->what == FW_MH_TYPE)
		return inside(m, p, 135, p->mh_type);
	if (m->what == FW_ICMP_TYPE)
		return inside(m, p, p->family == 6 ? 58 : 1, p->icmp_type);
	t = plain(m, p);
	if (!m->negated || t == FW_MAYBE)
		return t;
	return t == FW_YES ? FW_NO : FW_YES;
}

static enum fw_tri fits(const struct fw_rule *r, const struct fw_packet *p)
{
	enum fw_tri t = FW_YES;

	for (size_t i = 0; i < r->n && t != FW_NO; i++)
		t = MIN(t, fits_one(&r->match[i], p));
	return t;
}

/* ---- through the chains ---- */

/* How a walk stands: it may have been accepted, it may have been dropped. */
struct walk {
	const struct fw *fw;
	const struct fw_packet *p;
	bool may_accept, may_drop;
	bool by_policy;
	bool strict;			/* what may fit does not */
	char where[FW_TEXT];
};
enum out { OUT_GOES_ON, OUT_ACCEPTED, OUT_DROPPED, OUT_RETURNED };

static const struct fw_chain *chain_of(const struct fw *fw, const char *table, const char *name)
{
	for (size_t i = 0; i < fw->n; i++) {
		if (strcmp(fw->chain[i].table, table) == 0 && strcmp(fw->chain[i].name, name) == 0)
			return &fw->chain[i];
	}
	return NULL;
}

static void note(struct walk *w, const struct fw_chain *c, const struct fw_rule *r)
{
	if (w->may_drop)		/* the first one is named */
		return;
	w->may_drop = true;
	w->by_policy = !r;
	snprintf(w->where, sizeof(w->where), "chain %.60s %.60s%s%.180s", c->table, c->name,
		 r ? ", rule " : ", its policy", r ? r->text : "");
}

static enum out walk_chain(struct walk *w, const struct fw_chain *c, bool sure, unsigned depth);

static enum out jump(struct walk *w, const struct fw_chain *c, const struct fw_rule *r, bool sure,
		     unsigned depth)
{
	const struct fw_chain *to = chain_of(w->fw, c->table, r->target);
	enum out o = to && depth < DEPTH_MAX ? walk_chain(w, to, sure, depth + 1) : OUT_GOES_ON;

	if (o == OUT_ACCEPTED || o == OUT_DROPPED)
		return o;
	return r->act == FW_GOTO ? OUT_RETURNED : OUT_GOES_ON;
}

/* One rule that fits, or (not sure) may. */
static enum out act(struct walk *w, const struct fw_chain *c, const struct fw_rule *r, bool sure,
		    unsigned depth)
{
	enum out o = OUT_GOES_ON;

	switch (r->act) {
	case FW_ACCEPT:
		w->may_accept = true;
		o = OUT_ACCEPTED;
		break;
	case FW_DROP:
		note(w, c, r);
		o = OUT_DROPPED;
		break;
	case FW_RETURN:
		o = OUT_RETURNED;
		break;
	case FW_JUMP:
	case FW_GOTO:
		o = jump(w, c, r, sure, depth);
		break;
	case FW_UNKNOWN:
		w->may_accept = true;
		note(w, c, r);
		break;
	case FW_NEXT:
		break;
	}
	return sure ? o : OUT_GOES_ON;
}

static enum out walk_chain(struct walk *w, const struct fw_chain *c, bool sure, unsigned depth)
{
	for (size_t i = 0; i < c->n; i++) {
		enum fw_tri t = fits(&c->rule[i], w->p);
		enum out o = t == FW_NO || (t == FW_MAYBE && w->strict) ? OUT_GOES_ON
			     : act(w, c, &c->rule[i], sure && t == FW_YES, depth);

		if (o != OUT_GOES_ON)
			return o;
	}
	return OUT_GOES_ON;
}

static bool sees(const struct fw_chain *c, const struct fw_packet *p)
{
	return c->base && c->hook == p->hook && (p->family == 6 ? c->v6 : c->v4);
}

static struct walk walk(const struct fw *fw, const struct fw_chain *c, const struct fw_packet *p,
			bool strict)
{
	struct walk w = { .fw = fw, .p = p, .strict = strict };
	enum out o = walk_chain(&w, c, true, 0);

	if (o != OUT_GOES_ON && o != OUT_RETURNED)
		return w;
	if (c->policy_drop)
		note(&w, c, NULL);
	else
		w.may_accept = true;
	return w;
}

static void judge_chain(const struct fw *fw, const struct fw_chain *c, const struct fw_packet *p,
			struct fw_verdict *v)
{
	struct walk w = walk(fw, c, p, false), plainly = walk(fw, c, p, true);
	enum fw_tri t = !w.may_drop ? FW_NO : w.may_accept ? FW_MAYBE : FW_YES;
	bool likely = plainly.may_drop && !plainly.may_accept;

	if (t < v->dropped || (t == v->dropped && likely <= v->likely))
		return;
	if (t == FW_MAYBE && likely)
		w = plainly;
	v->dropped = t;
	v->likely = likely;
	v->policy = w.by_policy;
	v->chain = c;
	memcpy(v->where, w.where, sizeof(v->where));
}

void fw_judge(const struct fw *fw, const struct fw_packet *p, struct fw_verdict *v)
{
	*v = (struct fw_verdict){ .dropped = FW_NO };
	for (size_t i = 0; i < fw->n; i++) {
		if (sees(&fw->chain[i], p))
			judge_chain(fw, &fw->chain[i], p, v);
	}
}
