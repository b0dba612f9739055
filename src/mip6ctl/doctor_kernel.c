/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel offers. A daemon that runs has tried it (kern/probe.c); without one, the
 * configuration of the kernel and the list of its modules are what can be read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "mip6ctl/doctor.h"
#include "mip6ctl/fmt.h"
#include "store/conf.h"

#define ALL	(ROLE_HA | ROLE_MR | ROLE_MN | ROLE_CN)
#define MOBILE	(ROLE_MR | ROLE_MN)

enum when { ALWAYS, WITH_GRE, WITH_BPF, WITH_FLOWER };

static const struct option {
	const char *name, *module;	/* module: NULL if it cannot be one */
	unsigned roles;
	enum when when;
	bool optional;
	const char *why;
} options[] = {
	{ "IPV6_TUNNEL", "ip6_tunnel", ROLE_HA | MOBILE, ALWAYS, false, "tunnels" },
	{ "IPV6_GRE", "ip6_gre", ROLE_HA | MOBILE, WITH_GRE, false, "carrier ip6gre" },
	{ "DUMMY", "dummy", MOBILE, ALWAYS, false, "the device of home addresses" },
	{ "LWTUNNEL", NULL, ROLE_HA, ALWAYS, false, "routes into tunnels" },
	{ "IPV6_MULTIPLE_TABLES", NULL, MOBILE, ALWAYS, false, "a routing table per uplink" },
	{ "IP_MULTIPLE_TABLES", NULL, MOBILE, ALWAYS, false, "the same for IPv4" },
	{ "IPV6_MIP6", "mip6", ALL, ALWAYS, false,
	  "Home Address option and type 2 routing header" },
	{ "XFRM_USER", "xfrm_user", ALL, ALWAYS, false, "telling the kernel of bindings" },
	{ "XFRM_SUB_POLICY", NULL, ALL, ALWAYS, false, "bindings beside IPsec policies" },
	{ "NET_SCH_INGRESS", "sch_ingress", ROLE_HA, ALWAYS, false, "the ingress check" },
	{ "NET_CLS_BPF", "cls_bpf", ROLE_HA, WITH_BPF, false, "ingress_check = \"bpf\"" },
	{ "BPF_SYSCALL", NULL, ROLE_HA, WITH_BPF, false, "ingress_check = \"bpf\"" },
	{ "NET_CLS_FLOWER", "cls_flower", ROLE_HA, WITH_FLOWER, false,
	  "ingress_check = \"flower\"" },
	{ "NET_CLS_MATCHALL", "cls_matchall", ROLE_HA, WITH_FLOWER, false,
	  "ingress_check = \"flower\"" },
	{ "NET_ACT_GACT", "act_gact", ROLE_HA, WITH_FLOWER, false, "ingress_check = \"flower\"" },
	{ "IPV6_SUBTREES", NULL, MOBILE, ALWAYS, true,
	  "multicast from a home address that is away" },
};

/* ---- pure ---- */

char doc_kernel_option(const char *config, const char *name)
{
	char wanted[64];
	size_t n = (size_t)snprintf(wanted, sizeof(wanted), "CONFIG_%s=", name);

	for (const char *l = config; *l; l += strcspn(l, "\n"), l += *l == '\n') {
		if (strncmp(l, wanted, n) == 0)
			return l[n] == 'y' || l[n] == 'm' ? l[n] : 'n';
	}
	return 'n';
}

static bool same_module(const char *a, const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char x = a[i] == '-' ? '_' : a[i], y = name[i] == '-' ? '_' : name[i];

		if (x != y)
			return false;
	}
	return true;
}

bool doc_has_module(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *l = list; *l; l += strcspn(l, "\n"), l += *l == '\n') {
		const char *base = l, *end = l + strcspn(l, " \n:");

		for (const char *p = l; p < end; p++)
			base = *p == '/' ? p + 1 : base;
		if ((size_t)(end - base) >= n && same_module(base, name, n) &&
		    (base + n == end || base[n] == '.'))
			return true;
	}
	return false;
}

/* ---- what can be read ---- */

struct kernel { char *config, *loaded, *builtin, *dep; const char *release; };

static char *unpacked(const struct doc *d)
{
	static const char *const argv[] = { "/bin/zcat", "/proc/config.gz", NULL };

	return !*d->root && doc_exists(d, "/proc/config.gz") ? doc_run(argv) : NULL;
}

static void read_kernel(const struct doc *d, struct kernel *k, const struct utsname *u)
{
	k->release = u->release;
	k->config = unpacked(d);
	if (!k->config)
		k->config = doc_file(d, "/boot/config-%s", u->release);
	k->loaded = doc_file(d, "/proc/modules");
	k->builtin = doc_file(d, "/lib/modules/%s/modules.builtin", u->release);
	k->dep = doc_file(d, "/lib/modules/%s/modules.dep", u->release);
}

static bool in(const char *list, const char *name)
{
	return list && name && doc_has_module(list, name);
}

/* Said of one option; false: it is there. */
static bool lacks(struct doc *d, const struct kernel *k, const struct option *o)
{
	enum doc_result bad = o->optional ? DOC_WARN : DOC_FAIL;
	char is = k->config ? doc_kernel_option(k->config, o->name) : '?';

	if (is == 'y' || in(k->loaded, o->module) || in(k->builtin, o->module))
		return false;
	if (is == 'n') {
		doc_say(d, bad, "kernel", o->name, "kernel %s has not CONFIG_%s (%s)", k->release,
			o->name, o->why);
		doc_fix(d, "a kernel with CONFIG_%s; those of Debian have it", o->name);
		return true;
	}
	/* a module that can be loaded is loaded when the daemon asks for it */
	if (!o->module || in(k->dep, o->module) || (is == 'm' && !k->dep))
		return false;
	if (is == 'm' || k->dep) {
		doc_say(d, bad, "kernel", o->name, "module %s is not installed (CONFIG_%s, %s)",
			o->module, o->name, o->why);
		doc_fix(d, "install the modules of kernel %s, then: modprobe %s", k->release,
			o->module);
		return true;
	}
	return false;
}

static bool wanted(const struct doc *d, const struct option *o)
{
	const char *check = d->conf ? fmt_str(d->conf, "ingress_check") : "-";
	bool gre = d->conf && strcmp(fmt_str(d->conf, "carrier"), "ip6gre") == 0;
	struct json_object *h;

	if (!(o->roles & d->roles))
		return false;
	DOC_EACH(i, h, doc_list(d, "homes"))
		gre |= strcmp(fmt_str(h, "carrier"), "ip6gre") == 0;
	switch (o->when) {
	case ALWAYS:
		return true;
	case WITH_GRE:
		return gre;
	case WITH_BPF:
		return strcmp(check, "flower") != 0;
	case WITH_FLOWER:
		return strcmp(check, "flower") == 0;
	}
	return true;
}

static void by_reading(struct doc *d)
{
	struct kernel k = { 0 };
	struct utsname u;
	bool bad = false;

	uname(&u);
	read_kernel(d, &k, &u);
	if (!d->roles) {
		doc_say(d, DOC_SKIPPED, "kernel", NULL, "what is needed depends on the "
			"configuration, which is not known");
	} else if (!k.config && !k.dep) {
		doc_say(d, DOC_SKIPPED, "kernel", NULL, "cannot tell: no /proc/config.gz, no "
			"/boot/config-%s and no /lib/modules/%s; mip6d tries it all when it "
			"starts, and logs what is missing", u.release, u.release);
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(options); i++)
			bad |= wanted(d, &options[i]) && lacks(d, &k, &options[i]);
		if (!bad)
			doc_say(d, DOC_OK, "kernel", NULL, "kernel %s has what the roles need",
				u.release);
	}
	free(k.config);
	free(k.loaded);
	free(k.builtin);
	free(k.dep);
}

void doc_kernel(struct doc *d)
{
	struct json_object *g = d->diagnosis;

	if (!d->up || !g) {
		by_reading(d);
		return;
	}
	doc_say(d, DOC_OK, "kernel", NULL, "the daemon has tried what its roles need: it is all "
		"there");
	if (fmt_has(g, "routes_by_source") && !fmt_true(g, "routes_by_source")) {
		doc_say(d, DOC_WARN, "kernel", "IPV6_SUBTREES", "the kernel has no "
			"CONFIG_IPV6_SUBTREES: no multicast from a home address that is away");
		doc_fix(d, "a kernel with CONFIG_IPV6_SUBTREES=y, if that is wanted");
	}
	if (fmt_has(g, "source_on_request") && !fmt_true(g, "source_on_request")) {
		doc_say(d, DOC_WARN, "kernel", "IPV6_MIP6", "CONFIG_IPV6_MIP6 is a module: sockets "
			"cannot ask for the care-of address (IPV6_PREFER_SRC_COA)");
		doc_fix(d, "programs that want it bind to the address; or a kernel with "
			"CONFIG_IPV6_MIP6=y");
	}
}
