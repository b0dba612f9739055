/* SPDX-License-Identifier: BSD-2-Clause */
/* Every kind of object: put, changed, taken away, undone, left behind. */
#include "ktest.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TABLE	4711

static struct kobj xstate(uint8_t proto, const char *src, const char *dst, const char *coa)
{
	struct kobj o = { .kind = KOBJ_XSTATE, .xstate = { .proto = proto } };

	o.xstate.src = ip6(src);
	o.xstate.dst = ip6(dst);
	o.xstate.coa = ip6(coa);
	o.xstate.wildrecv = strcmp(src, "::") == 0;
	return o;
}

static struct kobj xpolicy(const char *dst, bool use)
{
	struct kobj o = { .kind = KOBJ_XPOLICY, .xpolicy = {
		.sub = true, .priority = KOBJ_XFRM_PRIO + 10, .sel_src = pfx("::/0"),
		.sel_proto = IPPROTO_MH, .has_sel_type = true, .sel_type = 5,
		.n_tmpl = 1, .tmpl[0] = { .proto = IPPROTO_DSTOPTS, .use = use } } };

	o.xpolicy.sel_dst = pfx(dst);
	return o;
}

static struct kobj blocked(void)
{
	struct kobj o = { .kind = KOBJ_XPOLICY, .xpolicy = {
		.dir = 1, .priority = KOBJ_XFRM_PRIO, .block = true,
		.ifindex = (int)if_nametoindex("va") } };

	o.xpolicy.sel_src = pfx("2001:db8:1::10/128");
	o.xpolicy.sel_dst = pfx("ff00::/8");
	return o;
}

static struct kobj rule(const char *from, uint32_t pref)
{
	struct kobj o = { .kind = KOBJ_RULE, .rule = { .pref = pref, .table = TABLE,
						       .suppress_plen = -1 } };

	o.rule.from = pfx(from);
	o.rule.family = o.rule.from.family;
	return o;
}

static struct kobj proxy(const char *addr, bool router)
{
	struct kobj o = { .kind = KOBJ_PROXY, .proxy = { .dev = "va", .router = router } };

	o.proxy.addr = ip6(addr);
	return o;
}

static struct kobj neighbour(uint8_t last)
{
	struct kobj o = { .kind = KOBJ_NEIGH, .neigh = { .dev = "va", .len = 6,
							 .lladdr = { 2, 0, 0, 0, 0, last } } };

	o.neigh.addr = ip6("2001:db8:f::78");
	return o;
}

/* One plan with every kind; routes on a device that the same plan makes. */
static struct kplan everything(void)
{
	struct kplan p = { 0 };
	struct kobj o;

	put(&p, k_sysctl("net/ipv6/conf/va/proxy_ndp", "1"));
	put(&p, k_link("mip0", KLINK_DUMMY));
	put(&p, k_peer("mip1", KLINK_IP6TNL, COA1, 0));
	put(&p, k_peer("mip2", KLINK_IP6GRE, COA1, 99));
	put(&p, k_link("mip3", KLINK_IP6TNL_EXTERNAL));
	p.obj[p.n - 1].link.mtu = 1460;
	put(&p, k_link("mip4", KLINK_IP6GRE_EXTERNAL));
	put(&p, k_addr("mip0", "2001:db8:1::10/128", IFA_F_NODAD | IFA_F_HOMEADDRESS));
	put(&p, k_addr("mip0", "10.0.0.1/32", 0));
	put(&p, k_addr("va", "2001:db8:f::99/64", IFA_F_NODAD | IFA_F_NOPREFIXROUTE));
	p.obj[p.n - 1].addr.deprecated = true;
	put(&p, rule("2001:db8:1::10/128", 6000));
	o = rule("10.0.0.0/24", 6010);
	o.rule.suppress_plen = 0;
	o.rule.fwmark = 5;
	o.rule.fwmask = 0xff;
	snprintf(o.rule.iif, sizeof(o.rule.iif), "va");
	put(&p, o);
	o = k_route("::/0", "mip1", TABLE, 10);
	o.route.src = pfx("2001:db8:1::10/128");
	put(&p, o);
	put(&p, k_route("0.0.0.0/0", "mip1", TABLE, 10));
	put(&p, k_encap("2001:db8:aa::/64", "mip3", RT_TABLE_MAIN, 2000, COA1));
	put(&p, k_encap("10.1.1.0/24", "mip3", RT_TABLE_MAIN, 2001, COA1));
	o = k_encap("2001:db8:ab::/64", "mip4", RT_TABLE_MAIN, 2000, COA1);
	o.route.encap.kind = CARRIER_IP6GRE;
	o.route.encap.key = 99;
	put(&p, o);
	o = k_route("10.1.2.0/24", "va", TABLE, 7);
	o.route.has_via = o.route.onlink = true;
	o.route.via = ip6("2001:db8:f::20");
	o.route.mtu = 1300;
	put(&p, o);
	o = k_route("2001:db8:dead::/48", "", TABLE, 7);
	o.route.type = RTN_UNREACHABLE;
	put(&p, o);
	o = k_route("ff00::/8", "mip1", RT_TABLE_LOCAL, 7);
	o.route.from = pfx("2001:db8:1::10/128");
	put(&p, o);
	put(&p, xstate(IPPROTO_DSTOPTS, "::", HA_ADDR, "::"));
	put(&p, xpolicy(HA_ADDR "/128", true));
	put(&p, blocked());
	put(&p, proxy("2001:db8:f::77", true));
	put(&p, neighbour(1));
	return p;
}

static void look_at_links(void)
{
	ok(says("ip6tnl any remote " COA1 " local " HA_ADDR " hoplimit 64 encaplimit none",
		"ip -d link show dev mip1"), "ip6tnl: ends, hop limit, no encapsulation limit");
	ok(says("alias mip6d", "ip -d link show dev mip1") &&
	   says("addrgenmode none", "ip -d link show dev mip1") &&
	   says(",UP", "ip link show dev mip1"), "ip6tnl: up, alias, no link-local address");
	ok(says("ip6gre remote " COA1, "ip -d link show dev mip2") &&
	   says("ikey 0.0.0.99 okey 0.0.0.99", "ip -d link show dev mip2"), "ip6gre with its key");
	ok(says("external", "ip -d link show dev mip3") &&
	   says("mtu 1460", "ip link show dev mip3"), "external ip6tnl with its MTU");
	ok(says("external", "ip -d link show dev mip4"), "external ip6gre");
	ok(says("dummy", "ip -d link show dev mip0"), "dummy");
}

static void look_at_the_rest(void)
{
	ok(says("2001:db8:1::10/128 scope global nodad home", "ip -6 addr show dev mip0"),
	   "home address");
	ok(says("inet 10.0.0.1/32", "ip -4 addr show dev mip0"), "IPv4 address");
	ok(says("2001:db8:f::99/64 scope global nodad deprecated noprefixroute",
		"ip -6 addr show dev va"), "deprecated address without prefix route");
	ok(says("from 2001:db8:1::10 lookup 4711 proto 200", "ip -6 rule"),
	   "IPv6 rule");
	ok(says("6010:	from 10.0.0.0/24 fwmark 0x5/0xff iif va lookup 4711"
		" suppress_prefixlength 0", "ip -4 rule"), "IPv4 rule");
	ok(says("default dev mip1 proto 200 src 2001:db8:1::10 metric 10",
		"ip -6 route show table 4711"),
	   "default with source, on a device of the same plan");
	ok(says("default dev mip1 proto 200 scope link metric 10",
		"ip -4 route show table 4711"), "IPv4 default into the tunnel");
	ok(says("2001:db8:aa::/64  encap ip6 id 0 src " HA_ADDR " dst " COA1
		" hoplimit 64 tc 0 dev mip3", "ip -6 route"), "IPv6 encap route");
	ok(says("10.1.1.0/24  encap ip6 id 0 src " HA_ADDR " dst " COA1
		" hoplimit 64 tc 0 dev mip3", "ip -4 route"), "IPv4 encap route");
	ok(says("encap ip6 id 99", "ip -6 route show 2001:db8:ab::/64"), "encap route with a key");
	ok(says("10.1.2.0/24 via inet6 2001:db8:f::20 dev va proto 200 metric 7 onlink mtu 1300",
		"ip -4 route show table 4711"), "IPv4 by an IPv6 neighbour");
	ok(says("unreachable 2001:db8:dead::/48", "ip -6 route show table 4711"), "unreachable");
	ok(says("proto hao reqid 1828716544", "ip xfrm state") &&
	   says("mode ro", "ip xfrm state") && says("flag wildrecv", "ip xfrm state"),
	   "wildcard state");
	ok(says("dst " HA_ADDR "/128 proto mobility-header type 5", "ip xfrm policy") &&
	   says("dir in priority 27914 ptype sub", "ip xfrm policy") &&
	   says("level use", "ip xfrm policy"), "policy");
	ok(says("src 2001:db8:1::10/128 dst ff00::/8 dev va", "ip xfrm policy") &&
	   says("dir out action block priority 27904 ptype main", "ip xfrm policy"),
	   "policy that refuses, of one device");
	ok(says("ff00::/8 from 2001:db8:1::10 dev mip1 proto 200 metric 7",
		"ip -6 route show table local"), "groups by their source");
	ok(says("2001:db8:f::77 dev va router proxy", "ip -6 neigh show proxy"), "proxy neighbour");
	ok(says("1", "cat /proc/sys/net/ipv6/conf/va/proxy_ndp") &&
	   says("net/ipv6/conf/va/proxy_ndp 0", "cat " SYSCTL_FILE), "sysctl, original kept");
}

static bool mip3_known(void *arg)
{
	(void)arg;
	return kern_link(t.k, "mip3");
}

void test_objects(void)
{
	char *before = snapshot();
	struct kplan all = everything();

	kern_begin(KERN_INGRESS_BPF);
	ok(change(&none, &all) == 0, "every kind in one plan: %s", kern_error(t.k));
	ok(mip3_known(NULL) && kern_link(t.k, "mip3")->is_tunnel,
	   "the new device is in the cache when done() is called");
	look_at_links();
	look_at_the_rest();
	ok(change(&all, &none) == 0, "all of it taken away");
	same_snapshot(before, "nothing is left");
	ok(access(SYSCTL_FILE, F_OK) < 0, "the file of originals is gone");
	ok(kern_stats(t.k).objects == 0 && kern_stats(t.k).errors == 0, "no objects, no errors");
	kern_end();
	kplan_free(&all);
	free(before);
}

/* ---- replace ---- */

static struct kobj route_form(int form, bool v4)
{
	const char *dst = v4 ? "10.9.0.0/24" : "2001:db8:90::/64";
	struct kobj o;

	if (form < 2)
		return k_encap(dst, "mip3", RT_TABLE_MAIN, 2000, form ? COA1 : COA2);
	o = k_route(dst, form == 2 ? "va" : form == 3 ? "mip1" : "", RT_TABLE_MAIN, 2000);
	if (form == 2) {
		o.route.has_via = true;
		o.route.via = ip6(PEER_ADDR);
	}
	if (form == 4)
		o.route.type = RTN_UNREACHABLE;
	return o;
}

/* Any form of a route by any other: exactly one is left, and it is the new one. */
static void replace_routes(void)
{
	static const char *const form[] = { "encap", "encap2", "via", "dev", "unreachable" };
	static const char *const sign[] = { "dst " COA2, "dst " COA1, "via", "mip1",
					    "unreachable" };

	for (int i = 0; i < 2 * 25; i++) {
		bool v4 = i >= 25;
		int from = i % 25 / 5, to = i % 5;
		struct kplan a = { 0 }, b = { 0 };
		const char *out;
		int rc;

		if (from == to)
			continue;
		put(&a, route_form(from, v4));
		put(&b, route_form(to, v4));
		rc = change(&none, &a);
		if (rc == 0)
			rc = change(&a, &b);
		out = sh("ip -%d route show %s", v4 ? 4 : 6,
			 v4 ? "10.9.0.0/24" : "2001:db8:90::/64");
		ok(rc == 0 && lines_of(out) == 1 && strstr(out, sign[to]),
		   "IPv%d route: %s replaced by %s leaves one: %s%s", v4 ? 4 : 6, form[from],
		   form[to], out, rc ? kern_error(t.k) : "");
		change(&b, &none);
		kplan_free(&a);
		kplan_free(&b);
	}
}

static void replace_one(struct kobj a, struct kobj b, const char *sign, const char *not_sign,
			const char *look)
{
	struct kplan pa = { 0 }, pb = { 0 };
	const char *out;
	int rc, rc2;

	put(&pa, a);
	put(&pb, b);
	rc = change(&none, &pa);
	rc2 = change(&pa, &pb);
	out = sh("%s", look);
	ok(rc == 0 && rc2 == 0 && strstr(out, sign) && (!not_sign || !strstr(out, not_sign)),
	   "%s -> %s %s", KOBJ(&a), KOBJ(&b), rc || rc2 ? kern_error(t.k) : "");
	if (!strstr(out, sign))
		note("%s", out);
	change(&pb, &none);
	kplan_free(&pa);
	kplan_free(&pb);
}

static void replace_others(void)
{
	struct kobj a = k_addr("va", "2001:db8:f::98/64", IFA_F_NODAD), b = a;
	struct kobj wild = xstate(IPPROTO_DSTOPTS, "::", HA_ADDR, "::"), tame = wild;

	tame.xstate.wildrecv = false;
	b.addr.deprecated = true;
	replace_one(a, b, "scope global nodad deprecated", NULL, "ip -6 addr show dev va");
	b = a;
	b.addr.addr.plen = 128;
	replace_one(a, b, "f::98/128", "f::98/64", "ip -6 addr show dev va");
	replace_one(k_peer("mip9", KLINK_IP6TNL, COA1, 0), k_peer("mip9", KLINK_IP6TNL, COA2, 0),
		    COA2, COA1, "ip -d link show dev mip9");
	a = b = k_peer("mip9", KLINK_IP6GRE, COA1, 1);
	b.link.carrier.key = 2;
	b.link.mtu = 1400;
	replace_one(a, b, "ikey 0.0.0.2 okey 0.0.0.2", NULL, "ip -d link show dev mip9");
	replace_one(a, b, "mtu 1400", NULL, "ip -d link show dev mip9");
	replace_one(xstate(IPPROTO_DSTOPTS, "2001:db8:1::10", HA_ADDR, COA1),
		    xstate(IPPROTO_DSTOPTS, "2001:db8:1::10", HA_ADDR, COA2),
		    "coa " COA2, COA1, "ip xfrm state");
	replace_one(wild, tame, "mode ro", "wildrecv", "ip xfrm state");
	replace_one(xpolicy(HA_ADDR "/128", true), xpolicy(HA_ADDR "/128", false),
		    "mode ro", "level use", "ip xfrm policy");
	a = b = blocked();
	b.xpolicy.block = false;
	replace_one(a, b, "dst ff00::/8 dev va", "block", "ip xfrm policy");
	a = k_route("ff00::/8", "va", RT_TABLE_LOCAL, 9);
	a.route.from = pfx("2001:db8:1::10/128");
	b = k_route("ff00::/8", "", RT_TABLE_LOCAL, 9);
	b.route.type = RTN_UNREACHABLE;
	b.route.from = a.route.from;
	replace_one(a, b, "unreachable ff00::/8 from 2001:db8:1::10", "::10 dev va",
		    "ip -6 route show table local");
	replace_one(proxy("2001:db8:f::77", true), proxy("2001:db8:f::77", false),
		    "2001:db8:f::77 dev va proxy", "router", "ip -6 neigh show proxy");
	replace_one(neighbour(1), neighbour(2), "lladdr 02:00:00:00:00:02 PERMANENT",
		    "02:00:00:00:00:01", "ip -6 neigh show dev va");
	replace_one(k_sysctl("net/ipv6/conf/va/hop_limit", "65"),
		    k_sysctl("net/ipv6/conf/va/hop_limit", "66"), "66", NULL,
		    "cat /proc/sys/net/ipv6/conf/va/hop_limit");
	ok(says("64", "cat /proc/sys/net/ipv6/conf/va/hop_limit"), "original of both is back");
}

/* A tunnel of another kind under the same name: what stood on it stands on it again. */
static void replace_kind(void)
{
	struct kplan a = { 0 }, b = { 0 }, on = { 0 };

	put(&a, k_peer("mip9", KLINK_IP6TNL, COA1, 0));
	put(&b, k_peer("mip9", KLINK_IP6GRE, COA1, 7));
	put(&on, k_route("2001:db8:91::/64", "mip9", RT_TABLE_MAIN, 5));
	put(&on, k_addr("mip9", "2001:db8:92::1/128", IFA_F_NODAD));
	ok(change(&none, &a) == 0 && change(&none, &on) == 0, "route and address on an ip6tnl");
	ok(change(&a, &b) == 0, "it becomes an ip6gre: %s", kern_error(t.k));
	ok(says("mip9", "ip -6 route show 2001:db8:91::/64") &&
	   says("2001:db8:92::1", "ip -6 addr show dev mip9") &&
	   says("ip6gre", "ip -d link show dev mip9"), "both stand on it again");
	ok(change(&on, &none) == 0 && change(&b, &none) == 0, "taken away");
	kplan_free(&a);
	kplan_free(&b);
	kplan_free(&on);
}

static bool ends_are(const char *dev, const char *remote)
{
	return says(remote, "ip -d link show dev %s", dev);
}

/* The kernel lets no two devices have the same ends: some of a plan exchange theirs, and half of an
 * exchange that fails is taken back. */
static void replace_ends(enum klink_kind kind, uint32_t key)
{
	struct kplan a = { 0 }, b = { 0 }, bad = { 0 }, one = { 0 };

	put(&a, k_peer("mip8", kind, COA1, key));
	put(&a, k_peer("mip9", kind, COA2, key));
	put(&b, k_peer("mip8", kind, COA2, key));
	put(&b, k_peer("mip9", kind, COA1, key));
	put(&bad, b.obj[0]);
	put(&bad, b.obj[1]);
	put(&bad, k_route("2001:db8:91::/64", "nowhere", RT_TABLE_MAIN, 5));
	put(&one, k_peer("mip9", kind, COA1, key));
	ok(change(&none, &a) == 0 && change(&a, &b) == 0 && ends_are("mip8", COA2) &&
	   ends_are("mip9", COA1), "two devices exchange their ends: %s", kern_error(t.k));
	ok(change(&b, &a) == 0 && change(&a, &bad) < 0 && ends_are("mip8", COA1) &&
	   ends_are("mip9", COA2), "one that fails is taken back");
	ok(change(&a, &one) == 0 && ends_are("mip9", COA1), "the ends of one that goes: %s",
	   kern_error(t.k));
	change(&one, &none);
	kplan_free(&a);
	kplan_free(&b);
	kplan_free(&bad);
	kplan_free(&one);
}

void test_replace(void)
{
	char *before = snapshot();
	struct kplan base = { 0 };

	kern_begin(KERN_INGRESS_BPF);
	put(&base, k_link("mip3", KLINK_IP6TNL_EXTERNAL));
	put(&base, k_peer("mip1", KLINK_IP6TNL, COA1, 0));
	ok(change(&none, &base) == 0, "devices for routes: %s", kern_error(t.k));
	replace_routes();
	change(&base, &none);
	replace_others();
	replace_kind();
	replace_ends(KLINK_IP6TNL, 0);
	replace_ends(KLINK_IP6GRE, 7);
	same_snapshot(before, "replacing leaves nothing");
	kern_end();
	kplan_free(&base);
	free(before);
}

/* ---- undo ---- */

/* A plan that fails at one object in its middle, by the kernel's or by our own word. */
static void undo_one(struct kobj bad, int want_rc, const char *words)
{
	struct kplan p = everything(), q = { 0 };
	char *before = snapshot();
	int rc;

	for (size_t i = 0; i < p.n; i++) {
		if (i == p.n / 2)
			put(&q, bad);
		put(&q, p.obj[i]);
	}
	rc = change(&none, &q);
	ok(rc == want_rc, "fails with %s: %s", strerror(-want_rc), strerror(-rc));
	ok(strstr(kern_error(t.k), KOBJ(&bad)) && strstr(kern_error(t.k), words),
	   "names it: %s", kern_error(t.k));
	same_snapshot(before, "everything is undone");
	ok(kern_stats(t.k).objects == 0, "nothing is counted");
	kplan_free(&p);
	kplan_free(&q);
	free(before);
}

static void undo_restores(void)
{
	struct kplan a = { 0 }, b = { 0 };
	struct kobj bad = k_route("2001:db8:94::/64", "va", RT_TABLE_MAIN, 1);
	char *before;

	bad.route.has_via = true;
	bad.route.via = ip6("2001:db8:9999::1");
	put(&a, k_link("mip3", KLINK_IP6TNL_EXTERNAL));
	put(&a, k_peer("mip1", KLINK_IP6TNL, COA1, 0));
	put(&a, k_encap("2001:db8:93::/64", "mip3", RT_TABLE_MAIN, 1, COA1));
	put(&a, k_encap("10.3.0.0/24", "mip3", RT_TABLE_MAIN, 1, COA1));
	put(&a, xstate(IPPROTO_DSTOPTS, "2001:db8:1::10", HA_ADDR, COA1));
	put(&a, k_sysctl("net/ipv6/conf/va/hop_limit", "65"));
	put(&a, k_route("2001:db8:95::/64", "va", RT_TABLE_MAIN, 1));
	put(&b, a.obj[0]);
	put(&b, k_peer("mip1", KLINK_IP6TNL, COA2, 0));
	put(&b, k_encap("2001:db8:93::/64", "mip3", RT_TABLE_MAIN, 1, COA2));
	put(&b, k_encap("10.3.0.0/24", "mip3", RT_TABLE_MAIN, 1, COA2));
	put(&b, xstate(IPPROTO_DSTOPTS, "2001:db8:1::10", HA_ADDR, COA2));
	put(&b, k_sysctl("net/ipv6/conf/va/hop_limit", "66"));
	put(&b, bad);
	ok(change(&none, &a) == 0, "a plan: %s", kern_error(t.k));
	before = snapshot();
	ok(change(&a, &b) < 0, "a handover that fails at its last object: %s", kern_error(t.k));
	same_snapshot(before, "what was replaced is put back, what would go stays");
	ok(says("65", "cat /proc/sys/net/ipv6/conf/va/hop_limit"), "sysctl too");
	ok(change(&a, &none) == 0 && kern_stats(t.k).objects == 0, "the old plan still holds");
	kplan_free(&a);
	kplan_free(&b);
	free(before);
}

void test_undo(void)
{
	struct kobj bad = k_route("2001:db8:94::/64", "va", RT_TABLE_MAIN, 1);

	kern_begin(KERN_INGRESS_BPF);
	bad.route.has_via = true;
	bad.route.via = ip6("2001:db8:9999::1");
	undo_one(bad, -EHOSTUNREACH, "");
	undo_one(k_route("2001:db8:94::/64", "nosuchdev", RT_TABLE_MAIN, 1), -ENODEV,
		 "no device nosuchdev");
	undo_one(k_sysctl("net/ipv6/conf/nosuchdev/proxy_ndp", "1"), -ENOENT, "/proc/sys/");
	undo_one(k_link("va", KLINK_DUMMY), -EEXIST, "");	/* somebody else's device */
	undo_restores();
	ok(kern_stats(t.k).undone == 5, "five switches undone");
	kern_end();
}

/* ---- leftovers ---- */

#define CONF	"/proc/sys/net/ipv%d/conf/%s"

/* One forwards and one does not, and redirects are off although nothing is forwarded. */
static void hardened(bool set)
{
	static const struct { int family; const char *of, *value; } it[] = {
		{ 4, "va/forwarding", "1" }, { 4, "default/forwarding", "0" },
		{ 4, "all/accept_redirects", "0" }, { 6, "va/forwarding", "1" },
		{ 6, "default/forwarding", "0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(it); i++) {
		if (set)
			sh("echo %s >" CONF, it[i].value, it[i].family, it[i].of);
		else
			ok(says(it[i].value, "cat " CONF, it[i].family, it[i].of),
			   "net/ipv%d/conf/%s is %s again", it[i].family, it[i].of, it[i].value);
	}
}

/* Switching forwarding on and off writes others; they come back too, after a kill as well. */
static void masters(void)
{
	struct kplan p = { 0 };
	char foreign[IFNAMSIZ];

	sh("echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >" CONF, 6, "all/forwarding");
	hardened(true);
	put(&p, k_sysctl("net/ipv6/conf/all/forwarding", "1"));
	put(&p, k_sysctl("net/ipv4/ip_forward", "1"));
	kern_begin(KERN_INGRESS_BPF);
	ok(change(&none, &p) == 0 && says("1", "cat " CONF, 4, "default/forwarding") &&
	   says("1", "cat " CONF, 6, "default/forwarding"), "forwarding: %s", kern_error(t.k));
	ok(change(&p, &none) == 0, "taken away");
	hardened(false);
	ok(change(&none, &p) == 0, "forwarding again");
	kern_end();			/* as if killed */
	kern_begin(KERN_INGRESS_BPF);
	ok(kern_adopt(t.k, NULL, NULL, foreign) >= 2, "the next run puts it back");
	hardened(false);
	kern_end();
	kplan_free(&p);
	sh("echo 0 >" CONF, 4, "va/forwarding");
	sh("echo 0 >" CONF, 6, "va/forwarding");
}

void test_leftovers(void)
{
	static const uint32_t prefs[] = { 6000, 6010, 0 };
	static const char *const home[] = { "va", NULL };
	char *before, foreign[IFNAMSIZ];
	struct kplan all = everything(), p = { 0 };
	int rc;

	masters();
	before = snapshot();
	kern_begin(KERN_INGRESS_BPF);
	ok(change(&none, &all) == 0, "a run: %s", kern_error(t.k));
	kern_end();			/* as if killed */
	kern_begin(KERN_INGRESS_BPF);
	rc = kern_adopt(t.k, prefs, home, foreign);
	ok(rc > 10 && !foreign[0], "the next run finds %d leftovers", rc);
	same_snapshot(before, "and removes them, sysctls too");
	ok(kern_adopt(t.k, prefs, home, foreign) == 0, "a second look finds none");
	sh("ip link add notours type ip6tnl external");
	ok(kern_adopt(t.k, prefs, home, foreign) == 0 && strcmp(foreign, "notours") == 0,
	   "an external ip6tnl of somebody else is named: %s", foreign);
	sh("ip link del notours; ip link add mip1 type dummy; ip link set mip1 alias mip6d");
	put(&p, k_peer("mip1", KLINK_IP6TNL, COA1, 0));
	ok(change(&none, &p) == 0 && says("ip6tnl", "ip -d link show dev mip1"),
	   "a leftover device in the way is replaced: %s", kern_error(t.k));
	ok(change(&p, &none) == 0, "taken away");
	same_snapshot(before, "nothing is left");
	kern_end();
	kplan_free(&all);
	kplan_free(&p);
	free(before);
}
