/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What does this kernel offer? Asked by doing: objects with names, numbers and
 * addresses of nobody (100::/64 discards, RFC 6666) go in and come out again by
 * the very code that works later.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kern/priv.h"
#include "plan/plan_cn.h"

#define PROBE_TABLE	0x6d360001u
#define PROBE_PREF	32700
#define PREFER_COA	0x0004		/* RFC 5014, IPV6_PREFER_SRC_*; in linux/in6.h */
#define PREFER_HOME	0x0400

struct probe {
	struct kern *k;
	kern_say_fn say;
	void *arg;
	unsigned missing;
	char dev[IFNAMSIZ];		/* unique by our process number */
	struct in6_addr a, b;
	int rc;				/* of the last try */
	/* before it: what fails here is an answer, not an error */
	uint64_t errors, undone, errors_by[KOBJ_KINDS];
};

static struct in6_addr probe_nobody(uint8_t last)
{
	return (struct in6_addr){ .s6_addr = { [0] = 1, [15] = last } };	/* 100::/64 */
}

static struct probe probe_begin(struct kern *k)
{
	struct probe p = { .k = k, .a = probe_nobody(1), .b = probe_nobody(2), .rc = -ETIMEDOUT,
			   .errors = k->sw.errors, .undone = k->sw.undone };

	memcpy(p.errors_by, k->sw.errors_by, sizeof(p.errors_by));
	snprintf(p.dev, sizeof(p.dev), "m6p%d", getpid());
	k->sw.quiet = true;
	return p;
}

static void probe_end(struct probe *p)
{
	p->k->sw.quiet = false;
	p->k->sw.errors = p->errors;
	p->k->sw.undone = p->undone;
	memcpy(p->k->sw.errors_by, p->errors_by, sizeof(p->errors_by));
	p->k->sw.error[0] = '\0';
}

static void probe_done(void *arg, int rc)
{
	((struct probe *)arg)->rc = rc;
}

/* The plan goes in and out. Frees it. */
static int probe_plan(struct probe *p, struct kplan *plan)
{
	static const struct kplan none;

	p->rc = kplan_switch(p->k, &none, plan, probe_done, p);
	if (p->rc == 0) {
		p->rc = -ETIMEDOUT;	/* until it is done */
		kern_flush(p->k);
	}
	if (p->rc == 0 && kplan_switch(p->k, plan, &none, NULL, NULL) == 0)
		kern_flush(p->k);
	kplan_free(plan);
	return p->rc;
}

static void probe_say(struct probe *p, const char *text)
{
	char line[512];

	snprintf(line, sizeof(line), "%s [%s]", text, kern_error(p->k));
	p->say(p->arg, line);
	p->missing++;
}

static bool probe_one(struct probe *p, struct kplan *plan, const char *text)
{
	if (probe_plan(p, plan) == 0)
		return true;
	probe_say(p, text);
	return false;
}

static struct kobj probe_link(const struct probe *p, enum klink_kind kind)
{
	struct kobj o = { .kind = KOBJ_LINK, .link = { .kind = (uint8_t)kind } };

	memcpy(o.link.name, p->dev, sizeof(o.link.name));
	if (kind == KLINK_IP6TNL || kind == KLINK_IP6GRE) {
		o.link.carrier.kind = kind == KLINK_IP6GRE ? CARRIER_IP6GRE : CARRIER_IP6TNL;
		o.link.carrier.local = locator6(&p->a);
		o.link.carrier.remote = locator6(&p->b);
	}
	return o;
}

static struct kobj probe_route(const struct probe *p, uint8_t family)
{
	struct kobj o = { .kind = KOBJ_ROUTE, .route = { .table = PROBE_TABLE, .metric = 1 } };

	o.route.dst = family == AF_INET ? prefix4((struct in_addr){ htonl(0xc0000201) }, 32)
					: prefix6(&p->a, 128);
	memcpy(o.route.dev, p->dev, sizeof(o.route.dev));
	return o;
}

/* ---- what is asked ---- */

static bool probe_tunnels(struct probe *p, bool ha, bool mr, bool gre)
{
	struct kplan plan = { 0 };
	bool ok;

	kplan_put(&plan, probe_link(p, KLINK_IP6TNL));
	ok = probe_one(p, &plan, "ip6_tunnel: kernel has no ip6tnl devices "
				 "(CONFIG_IPV6_TUNNEL; modprobe ip6_tunnel)");
	if (ok && ha) {
		kplan_put(&plan, probe_link(p, KLINK_IP6TNL_EXTERNAL));
		/* EEXIST: the namespace's only one has an owner, whom kern_adopt() names. */
		if (probe_plan(p, &plan) < 0 && p->rc != -EEXIST)
			probe_say(p, "ip6_tunnel: no external ip6tnl device (Linux 4.9 or newer)");
	}
	if (gre) {
		kplan_put(&plan, probe_link(p, KLINK_IP6GRE));
		probe_one(p, &plan, "ip6_gre: kernel has no ip6gre devices "
				    "(CONFIG_IPV6_GRE; modprobe ip6_gre)");
	}
	if (mr) {
		kplan_put(&plan, probe_link(p, KLINK_DUMMY));
		probe_one(p, &plan, "dummy: kernel has no dummy devices "
				    "(CONFIG_DUMMY; modprobe dummy)");
	}
	return ok;
}

static void probe_routes(struct probe *p, bool ha)
{
	struct kplan plan = { 0 };
	struct kobj o = probe_route(p, AF_INET);

	kplan_put(&plan, probe_link(p, KLINK_IP6TNL));
	o.route.has_via = o.route.onlink = true;
	o.route.via = in6_link_local_of(&p->b);
	kplan_put(&plan, o);
	probe_one(p, &plan, "route: no IPv4 routes by an IPv6 neighbour (Linux 5.2 or newer)");
	if (!ha)
		return;
	kplan_put(&plan, probe_link(p, KLINK_IP6TNL));
	for (int i = 0; i < 2; i++) {
		o = probe_route(p, i ? AF_INET : AF_INET6);
		o.route.encap.kind = CARRIER_IP6TNL;
		o.route.encap.local = locator6(&p->a);
		o.route.encap.remote = locator6(&p->b);
		kplan_put(&plan, o);
	}
	probe_one(p, &plan, "lwtunnel: no routes with encapsulation (CONFIG_LWTUNNEL)");
}

static void probe_rules(struct probe *p)
{
	static const char *const text[] = {
		"rule: no IPv6 policy routing (CONFIG_IPV6_MULTIPLE_TABLES)",
		"rule: no IPv4 policy routing (CONFIG_IP_MULTIPLE_TABLES)",
	};

	for (int i = 0; i < 2; i++) {
		struct kplan plan = { 0 };
		struct kobj o = { .kind = KOBJ_RULE, .rule = {
			.family = i ? AF_INET : AF_INET6, .pref = PROBE_PREF,
			.table = PROBE_TABLE, .suppress_plen = 0,
			.from = probe_route(p, i ? AF_INET : AF_INET6).route.dst } };

		kplan_put(&plan, o);
		probe_one(p, &plan, text[i]);
	}
}

/* A binding of route-optimised data: policies of no template and of two. */
static void probe_binding(struct probe *p)
{
	struct cn_binding b = { .key = { p->a, p->b }, .n_path = 1, .path[0].coa = p->b,
				.mobile = true };
	struct kplan plan = { 0 };

	cn_plan_binding(&b, &plan);
	kplan_put(&plan, (struct kobj){ .kind = KOBJ_XPOLICY, .xpolicy = {
		.dir = XFRM_POLICY_OUT, .sub = true, .priority = KOBJ_XFRM_PRIO,
		.sel_src = prefix6(&p->a, 128), .sel_dst = prefix6(&p->b, 128),
		.sel_proto = IPPROTO_MH } });
	probe_one(p, &plan, "xfrm: no bindings of route optimisation (CONFIG_IPV6_MIP6, "
		  "CONFIG_XFRM_USER, CONFIG_XFRM_SUB_POLICY; modprobe mip6 xfrm_user)");
}

static void probe_xfrm(struct probe *p, uint8_t proto, const char *text)
{
	struct kplan plan = { 0 };
	struct kobj state = { .kind = KOBJ_XSTATE,
			      .xstate = { .dst = p->a, .proto = proto, .wildrecv = true } };
	struct kobj policy = { .kind = KOBJ_XPOLICY, .xpolicy = {
		.sub = true, .priority = KOBJ_XFRM_PRIO, .sel_src = prefix6(&in6addr_any, 0),
		.sel_dst = prefix6(&p->a, 128), .sel_proto = IPPROTO_MH, .n_tmpl = 1,
		.tmpl[0] = { .proto = proto, .use = true } } };

	kplan_put(&plan, state);
	kplan_put(&plan, policy);
	probe_one(p, &plan, text);
}

static void probe_ingress(struct probe *p)
{
	struct kplan plan = { 0 };
	struct kobj link = probe_link(p, KLINK_IP6TNL);
	struct kobj entry = { .kind = KOBJ_INGRESS,
			      .ingress = { .inner = prefix6(&p->a, 128), .owner = p->a,
					   .outer = locator6(&p->b) } };

	link.link.ingress = true;
	memcpy(entry.ingress.dev, p->dev, sizeof(entry.ingress.dev));
	kplan_put(&plan, link);
	kplan_put(&plan, entry);
	probe_one(p, &plan, p->k->ingress_mode == KERN_INGRESS_BPF ?
		  "bpf: the ingress check cannot be loaded (CONFIG_BPF_SYSCALL, "
		  "CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF, CAP_BPF); "
		  "ingress_check = \"flower\" does without BPF" :
		  "flower: the ingress check cannot be set up (CONFIG_NET_SCH_INGRESS, "
		  "CONFIG_NET_CLS_FLOWER, CONFIG_NET_CLS_MATCHALL, CONFIG_NET_ACT_GACT)");
}

/* The program is there for all of it: a path, a flow, a network. */
static void probe_steer(struct probe *p)
{
	struct kplan plan = { 0 };
	struct kobj path = { .kind = KOBJ_SPATH, .spath = { .owner = p->a, .bid = 1 } };

	memcpy(path.spath.dev, p->dev, sizeof(path.spath.dev));
	kplan_put(&plan, probe_link(p, KLINK_IP6TNL));
	kplan_put(&plan, path);
	kplan_put(&plan, (struct kobj){ .kind = KOBJ_SFLOW,
					.sflow = { .owner = p->a, .order = 1, .id = 1,
						   .bid = { 1 } } });
	kplan_put(&plan, (struct kobj){ .kind = KOBJ_SNET,
					.snet = { prefix6(&p->a, 128), p->a } });
	probe_one(p, &plan, "bpf: load sharing and flow policy cannot be loaded "
		  "(CONFIG_BPF_SYSCALL, CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF, CAP_BPF)");
}

/* ---- which source address ---- */

static void put_source(struct kplan *plan, const struct probe *p, uint8_t last, uint32_t flags)
{
	const struct in6_addr a = probe_nobody(last);
	struct kobj o = { .kind = KOBJ_ADDR, .addr = {
		.addr = prefix6(&a, 128), .flags = IFA_F_NODAD | IFA_F_NOPREFIXROUTE | flags } };

	memcpy(o.addr.dev, p->dev, sizeof(o.addr.dev));
	kplan_put(plan, o);
}

/* A home address (1), a care-of address (2), and the ways of each to somebody (3). */
static void source_plan(const struct probe *p, struct kplan *plan)
{
	const struct in6_addr home = probe_nobody(1), coa = probe_nobody(2), peer = probe_nobody(3);
	struct kobj rule = { .kind = KOBJ_RULE, .rule = {
		.family = AF_INET6, .pref = PROBE_PREF, .table = PROBE_TABLE, .suppress_plen = -1,
		.from = prefix6(&coa, 128), .to = prefix6(&peer, 128), .find_source = true } };
	struct kobj route = probe_route(p, AF_INET6);

	kplan_put(plan, probe_link(p, KLINK_DUMMY));
	put_source(plan, p, 1, IFA_F_HOMEADDRESS);
	put_source(plan, p, 2, 0);
	route.route.dst = prefix6(&peer, 128);
	kplan_put(plan, route);
	route.route.table = PROBE_TABLE + 1;
	route.route.src = prefix6(&home, 128);
	kplan_put(plan, route);
	kplan_put(plan, rule);
	rule.rule.pref++;
	rule.rule.table++;
	rule.rule.from = (struct prefix){ 0 };
	rule.rule.find_source = false;
	kplan_put(plan, rule);
}

/* Does a socket with this wish get that source? Nothing is sent. */
static bool source_is(int preference, uint8_t last)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(9),
				  .sin6_addr = probe_nobody(3) };
	const struct in6_addr wanted = probe_nobody(last);
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 &&
		  setsockopt(fd, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, &preference,
			     sizeof(preference)) == 0 &&
		  connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
		  getsockname(fd, (struct sockaddr *)&a, &len) == 0 &&
		  in6_eq(&a.sin6_addr, &wanted);

	if (fd >= 0)
		close(fd);
	return ok;
}

bool kern_probe_source(struct kern *k)
{
	static const struct kplan none;
	struct probe p = probe_begin(k);
	struct kplan plan = { 0 };
	bool ok = false;

	source_plan(&p, &plan);
	if (kplan_switch(k, &none, &plan, probe_done, &p) == 0)
		kern_flush(k);
	if (p.rc == 0) {
		ok = source_is(PREFER_HOME, 1) && source_is(PREFER_COA, 2);
		if (kplan_switch(k, &plan, &none, NULL, NULL) == 0)
			kern_flush(k);
	}
	kplan_free(&plan);
	probe_end(&p);
	return ok;
}

bool kern_probe_from(struct kern *k)
{
	struct probe p = probe_begin(k);
	struct kobj o = probe_route(&p, AF_INET6);
	struct kplan plan = { 0 };
	bool ok;

	o.route.from = prefix6(&p.b, 128);
	o.route.dev[0] = '\0';
	o.route.type = RTN_UNREACHABLE;
	kplan_put(&plan, o);
	ok = probe_plan(&p, &plan) == 0;
	probe_end(&p);
	return ok;
}

/* ---- all of it ---- */

static void probe_roles(struct probe *p, const struct kern_needs *n)
{
	bool tunnels = (n->ha || n->mr) && probe_tunnels(p, n->ha, n->mr, n->gre);

	if (tunnels)
		probe_routes(p, n->ha);
	if (n->mr)
		probe_rules(p);
	if (n->ha || n->cn)
		probe_xfrm(p, IPPROTO_DSTOPTS, "mip6: no Home Address option "
			   "(CONFIG_IPV6_MIP6, CONFIG_XFRM_USER, CONFIG_XFRM_SUB_POLICY; "
			   "modprobe mip6 xfrm_user)");
	if (n->mr)
		probe_xfrm(p, IPPROTO_ROUTING, "mip6: no type 2 routing header "
			   "(CONFIG_IPV6_MIP6, CONFIG_XFRM_USER, CONFIG_XFRM_SUB_POLICY; "
			   "modprobe mip6 xfrm_user)");
	if (n->cn)
		probe_binding(p);
	if (n->ha && tunnels)
		probe_ingress(p);
	if (n->steer && kern_steer_load(p->k) == -EOPNOTSUPP)
		probe_say(p, "bpf: flows and shares of the load need it, and mip6d was built without it "
			  "or has ingress_check = \"flower\"");
	else if (n->steer && tunnels)
		probe_steer(p);
}

unsigned kern_probe(struct kern *k, const struct kern_needs *n, kern_say_fn say, void *arg)
{
	struct probe p = probe_begin(k);
	struct kplan plan = { 0 };

	p.say = say;
	p.arg = arg;
	kplan_put(&plan, probe_route(&p, AF_INET6));
	plan.obj[0].route.dev[0] = '\0';
	plan.obj[0].route.type = RTN_UNREACHABLE;
	if (probe_plan(&p, &plan) == -EPERM) {
		probe_say(&p, "CAP_NET_ADMIN is missing: nothing can be set up in the kernel");
	} else {
		probe_roles(&p, n);
	}
	probe_end(&p);
	return p.missing;
}
