/* SPDX-License-Identifier: BSD-2-Clause */
/* Which packets must pass this host's filter, and what to do where they do not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "mip6ctl/doctor.h"
#include "mip6ctl/fmt.h"
#include "store/conf.h"

#define MOBILE	(ROLE_MR | ROLE_MN)
#define HAO	60			/* Destination Options: the Home Address option */
#define RH2	43			/* Routing header of type 2 */
#define MH	135

enum when { ALWAYS, IP6TNL, IP4_IP6TNL, GRE, IPV4, HOME_LINK, STRAIGHT };

static const struct kind {
	unsigned roles;
	enum when when;
	struct fw_packet p;
	const char *nft, *xt;		/* what lets them through */
} kinds[] = {
#define MSG(roles, when, hook, header, type, reply, name)					\
	{ roles, when, { name, 6, hook, { header }, MH, type, FW_ANY, reply, NULL, NULL },	\
	  "meta l4proto 135", "-p 135" }
	MSG(ROLE_HA | ROLE_CN, ALWAYS, FW_INPUT, HAO, 5, false,
	    "Binding Updates that come in (MH, protocol 135, behind option header 60)"),
	MSG(ROLE_HA | ROLE_CN, ALWAYS, FW_OUTPUT, RH2, 6, true,
	    "Binding Acknowledgements that go out (MH, protocol 135, behind routing header 43)"),
	MSG(MOBILE, ALWAYS, FW_OUTPUT, HAO, 5, false,
	    "Binding Updates that go out (MH, protocol 135, behind option header 60)"),
	MSG(MOBILE, ALWAYS, FW_INPUT, RH2, 6, true,
	    "Binding Acknowledgements that come in (MH, protocol 135, behind routing header 43)"),
	MSG(ROLE_CN, ALWAYS, FW_INPUT, 0, 2, false,
	    "Care-of Test Inits that come in (MH, protocol 135)"),
	MSG(ROLE_CN, ALWAYS, FW_OUTPUT, 0, 4, true, "Care-of Tests that go out (MH, protocol 135)"),
	MSG(MOBILE, STRAIGHT, FW_OUTPUT, 0, 2, false,
	    "Care-of Test Inits that go out (MH, protocol 135)"),
	MSG(MOBILE, STRAIGHT, FW_INPUT, 0, 4, true,
	    "Care-of Tests that come in (MH, protocol 135)"),
#define TUNNEL(when, proto, name)								\
	{ ROLE_HA, when, { name " that comes in", 6, FW_INPUT, { 0 }, proto, FW_ANY, FW_ANY,	\
			   false, NULL, NULL }, "meta l4proto " #proto, "-p " #proto },		\
	{ ROLE_HA, when, { name " that goes out", 6, FW_OUTPUT, { 0 }, proto, FW_ANY, FW_ANY,	\
			   true, NULL, NULL }, "meta l4proto " #proto, "-p " #proto },		\
	{ MOBILE, when, { name " that comes in", 6, FW_INPUT, { 0 }, proto, FW_ANY, FW_ANY,	\
			  true, NULL, NULL }, "meta l4proto " #proto, "-p " #proto },		\
	{ MOBILE, when, { name " that goes out", 6, FW_OUTPUT, { 0 }, proto, FW_ANY, FW_ANY,	\
			  false, NULL, NULL }, "meta l4proto " #proto, "-p " #proto }
	TUNNEL(IP6TNL, 41, "IPv6 in the tunnel (protocol 41)"),
	TUNNEL(IP4_IP6TNL, 4, "IPv4 in the tunnel (protocol 4)"),
	TUNNEL(GRE, 47, "the tunnel (GRE, protocol 47)"),
	{ ROLE_HA, HOME_LINK, { "home agent discovery (ICMPv6 type 144)", 6, FW_INPUT, { 0 }, 58,
				FW_ANY, 144, false, NULL, NULL },
	  "icmpv6 type 144", "-p icmpv6 --icmpv6-type 144" },
	{ ROLE_HA, ALWAYS, { "Mobile Prefix Solicitations (ICMPv6 type 146)", 6, FW_INPUT, { HAO },
			     58, FW_ANY, 146, false, NULL, NULL },
	  "icmpv6 type 146", "-p icmpv6 --icmpv6-type 146" },
	{ ROLE_CN, ALWAYS, { "packets with a Home Address option (option header 60)", 6, FW_INPUT,
			     { HAO }, FW_ANY, FW_ANY, FW_ANY, false, NULL, NULL },
	  "exthdr dst exists", "-m ipv6header --header dst --soft" },
	{ MOBILE, STRAIGHT, { "packets with a type 2 routing header (43)", 6, FW_INPUT, { RH2 },
			      FW_ANY, FW_ANY, FW_ANY, true, NULL, NULL },
	  "rt type 2", "-m rt --rt-type 2" },
	{ ROLE_HA, ALWAYS, { "IPv6 of mobile nodes that is forwarded", 6, FW_FORWARD, { 0 }, FW_ANY,
			     FW_ANY, FW_ANY, false, "mip6ha", NULL },
	  "iifname { \"mip6ha\", \"ha-*\" }", "-i mip6ha" },
	{ ROLE_HA, IPV4, { "IPv4 of mobile networks that is "
		"forwarded", 4, FW_FORWARD, { 0 }, FW_ANY,
			   FW_ANY, FW_ANY, false, "mip6ha", NULL },
	  "iifname { \"mip6ha\", \"ha-*\" }", "-i mip6ha" },
	{ ROLE_MR, ALWAYS, { "IPv6 of the mobile network that is forwarded", 6, FW_FORWARD, { 0 },
			     FW_ANY, FW_ANY, FW_ANY, false, NULL, "mip0a" },
	  "oifname \"mip*\"", "-o mip+" },
	{ ROLE_MR, IPV4, { "IPv4 of the mobile network that is forwarded", 4, FW_FORWARD, { 0 },
			   FW_ANY, FW_ANY, FW_ANY, false, NULL, "mip0a" },
	  "oifname \"mip*\"", "-o mip+" },
};

static bool gre(const struct doc *d)
{
	struct json_object *h;

	DOC_EACH(i, h, doc_list(d, "homes")) {
		if (strcmp(fmt_str(h, "carrier"), "ip6gre") == 0)
			return true;
	}
	return d->conf && strcmp(fmt_str(d->conf, "carrier"), "ip6gre") == 0;
}

static bool applies(const struct doc *d, const struct kind *k)
{
	if (!(d->roles & k->roles))
		return false;
	switch (k->when) {
	case ALWAYS:
		return true;
	case IP6TNL:
		return !gre(d);
	case IP4_IP6TNL:
		return !gre(d) && doc_uses_ipv4(d);
	case GRE:
		return gre(d);
	case IPV4:
		return doc_uses_ipv4(d);
	case HOME_LINK:
		return json_object_array_length(doc_list(d, "home_links")) > 0;
	case STRAIGHT:
		return d->conf && fmt_true(fmt_get(d->conf, "route_optimization"), "enabled");
	}
	return false;
}

/* The tunnel's real name, where there is one. */
static struct fw_packet real(const struct doc *d, const struct kind *k)
{
	struct fw_packet p = k->p;

	for (size_t i = 0; p.out && d->homes && i < json_object_array_length(d->homes); i++) {
		struct json_object *h = json_object_array_get_idx(d->homes, i);

		if (fmt_has(h, "tunnel"))
			p.out = fmt_str(h, "tunnel");
	}
	if (p.in && d->conf && strcmp(fmt_str(d->conf, "tunnel"), "device") == 0)
		p.in = NULL;
	return p;
}

static void let_through(struct doc *d, const struct kind *k, const struct fw_verdict *v)
{
	const char *space = strchr(v->chain->table, ' ');

	if (v->chain->nft)
		doc_fix(d, "nft insert rule %s %s %s accept, and into the file that the rules come "
			"from",
			v->chain->table, v->chain->name, k->nft);
	else
		doc_fix(d, "%.*s%s%s -I %s %s -j ACCEPT, and into the file that the rules come "
			"from",
			(int)(space - v->chain->table), v->chain->table,
			strcmp(space, " filter") == 0 ? "" : " -t",
			strcmp(space, " filter") == 0 ? "" : space, v->chain->name, k->xt);
}

void doc_judge_firewall(struct doc *d, const struct fw *fw)
{
	unsigned good = 0, all = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i];
		struct fw_packet p = real(d, k);
		struct fw_verdict v;

		if (!applies(d, k))
			continue;
		all++;
		fw_judge(fw, &p, &v);
		if (v.dropped == FW_NO || (v.dropped == FW_MAYBE && !v.likely)) {
			good++;
			continue;
		}
		if (v.dropped == FW_YES)
			doc_say(d, DOC_FAIL, "firewall", p.name, "%s: dropped by "
				"%s", p.name, v.where);
		else
			doc_say(d, DOC_WARN, "firewall", p.name, "%s: cannot tell whether they "
				"pass: a rule before it may accept them, else dropped by "
				"%s", p.name, v.where);
		let_through(d, k, &v);
	}
	if (all && good == all && !fw->partial)
		doc_say(d, DOC_OK, "firewall", NULL, "no rule drops mobility messages or tunnels "
			"(%u kinds of packets, %zu chains)", all, fw->n);
}

/* ---- reading ---- */

static bool has_nfnetlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Tables of the older kind exist in the kernel: names in that file. */
static bool legacy(const struct doc *d, int family)
{
	char *text = doc_file(d, "/proc/net/%s_tables_names", family == 6 ? "ip6" : "ip");
	bool some = text && *text;

	free(text);
	return some;
}

/* False: not all could be read. */
static bool read_program(struct fw *fw, const char *program, int family)
{
	char path[64];
	const char *argv[] = { path, NULL };
	char *text;
	int rc;

	snprintf(path, sizeof(path), "/usr/sbin/%s-save", program);
	text = doc_run(argv);
	rc = text ? fw_read_save(fw, program, family, text) : -EIO;
	free(text);
	return rc == 0;
}

/* 0, or -errno: the rules of nftables cannot be read. */
static int read_nft(struct fw *fw)
{
	static const char *const argv[] = { "/usr/sbin/nft", "-j", "-n", "list", "ruleset", NULL };
	bool iptables = access("/usr/sbin/ip6tables-nft-save", X_OK) == 0;
	char *text = doc_run(argv);
	struct json_object *o = text ? json_tokener_parse(text) : NULL;
	int rc = text ? -EPROTO : -errno;

	if (o)
		rc = fw_read_nft(fw, o, !iptables);
	/* the names are those of iptables, the rules are not: what nft says is all that there is */
	if (rc == 0 && fw->iptables && (!read_program(fw, "ip6tables-nft", 6) ||
					!read_program(fw, "iptables-nft", 4))) {
		fw_free(fw);
		rc = fw_read_nft(fw, o, true);
	}
	json_object_put(o);
	free(text);
	return rc;
}

/* What there is of the older kind. False: nothing. */
static bool read_legacy(const struct doc *d, struct fw *fw)
{
	bool some = false;

	for (int family = 4; family <= 6; family += 2) {
		if (!legacy(d, family))
			continue;
		some = true;
		fw->partial |= !read_program(fw, family == 6 ? "ip6tables-legacy" :
					     "iptables-legacy", family);
	}
	return some;
}

void doc_firewall(struct doc *d)
{
	struct fw fw = { 0 };
	bool old;
	int rc;

	if (!d->roles)
		return;
	if (!d->privileged) {
		doc_say(d, DOC_SKIPPED, "firewall", NULL, "the rules of the packet filter: needs "
			"root");
		return;
	}
	rc = has_nfnetlink() ? read_nft(&fw) : 0;
	old = read_legacy(d, &fw);
	if (rc < 0)
		doc_say(d, DOC_SKIPPED, "firewall", NULL, "cannot tell: %s", rc == -ENOENT ?
			"nft is not installed" : "nft -j list ruleset failed");
	else if (fw.partial)
		doc_say(d, DOC_SKIPPED, "firewall", NULL, "cannot tell: rules of the older kind are "
			"there, and iptables-legacy-save or ip6tables-legacy-save cannot read them");
	fw.partial |= rc < 0;
	if (rc == 0 || old)
		doc_judge_firewall(d, &fw);
	fw_free(&fw);
}
