/* SPDX-License-Identifier: BSD-2-Clause */
/* Sysctls, addresses, Router Advertisements of the home links, and MTUs. */
#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mip6ctl/doctor.h"
#include "mip6ctl/fmt.h"
#include "store/conf.h"

#define MOBILE		(ROLE_MR | ROLE_MN)
#define IPV6_MIN_MTU	1280		/* RFC 8200 5 */
#define TUNNEL_HEADER	40		/* an IPv6 header */
#define RA_AGE_MAX	1800.		/* RFC 4861 6.2.1: MaxRtrAdvInterval is at most that */

/* ---- sysctls ---- */

static void dotted(const char *path, char buf[static FMT_LEN])
{
	snprintf(buf, FMT_LEN, "%s", path);
	for (char *p = buf; *p; p++)
		*p = *p == '/' ? '.' : *p == '.' ? '/' : *p;
}

/* True: it is as it should be, or cannot be read. */
static bool sysctl_is(struct doc *d, const char *path, long want, const char *why)
{
	long v = doc_number(d, "/proc/sys/%s", path);
	char name[FMT_LEN];

	if (v < 0 || v == want)
		return true;
	dotted(path, name);
	doc_say(d, DOC_FAIL, "sysctl", name, "%s is %ld: %s", name, v, why);
	doc_fix(d, "sysctl -w %s=%ld, and see what sets it (grep -r %s /etc/sysctl.d)", name, want,
		strrchr(path, '/') + 1);
	return false;
}

/* What the daemon has set and somebody set back. */
static bool still_set(struct doc *d, struct json_object *s)
{
	const char *path = fmt_str(s, "path"), *now = fmt_str(s, "now");
	char *text = doc_file(d, "/proc/sys/%s", path), name[FMT_LEN];
	bool ok = true;

	/* these are looked at with a reason of their own */
	if (strstr(path, "all/forwarding") || strstr(path, "ip_forward") ||
	    strstr(path, "proxy_ndp") || !text)
		goto out;
	text[strcspn(text, "\n")] = '\0';
	ok = strcmp(text, now) == 0;
	if (ok)
		goto out;
	dotted(path, name);
	doc_say(d, DOC_FAIL, "sysctl", name, "%s is %s: mip6d had set it to %s, something has "
		"changed it back", name, text, now);
	doc_fix(d, "sysctl -w %s=%s, and keep the other program from it", name, now);
out:
	free(text);
	return ok;
}

static bool ipv6_off(struct doc *d, const char *dev)
{
	char path[FMT_LEN], why[FMT_LEN];

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/disable_ipv6", dev);
	snprintf(why, sizeof(why), "there is no IPv6 on %s", dev);
	return !sysctl_is(d, path, 0, why);
}

static bool devices_have_ipv6(struct doc *d)
{
	static const char *const list[] = { "home_links", "uplinks" };
	struct json_object *o, *p;
	bool ok = !ipv6_off(d, "all");

	for (size_t k = 0; k < ARRAY_SIZE(list); k++) {
		DOC_EACH(i, o, doc_list(d, list[k]))
			ok &= !ipv6_off(d, fmt_str(o, "device"));
	}
	DOC_EACH(i, o, doc_list(d, "homes")) {
		if (!fmt_has(o, "prefixes"))
			continue;
		DOC_EACH(j, p, fmt_get(o, "prefixes")) {
			if (fmt_has(p, "device") && strchr(fmt_str(p, "prefix"), ':'))
				ok &= !ipv6_off(d, fmt_str(p, "device"));
		}
	}
	return ok;
}

static bool home_link_sysctls(struct doc *d, const char *dev)
{
	char path[FMT_LEN];
	bool ok;

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/forwarding", dev);
	ok = sysctl_is(d, path, 1, "the home agent answers for nobody on that link");
	if (doc_number(d, "/proc/sys/net/ipv6/conf/all/proxy_ndp") == 1)
		return ok;
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/proxy_ndp", dev);
	return sysctl_is(d, path, 1,
			 "mobile nodes that are away cannot be found on the home link") && ok;
}

static bool rp_filter(struct doc *d, const char *dev)
{
	long all = doc_number(d, "/proc/sys/net/ipv4/conf/all/rp_filter");
	long own = doc_number(d, "/proc/sys/net/ipv4/conf/%s/rp_filter", dev);

	if (own < 0 || MAX(all, own) != 1)
		return true;
	doc_say(d, DOC_WARN, "sysctl", dev, "net.ipv4.conf.%s.rp_filter is strict (1): IPv4 "
		"packets that come by another way than answers go are dropped", dev);
	doc_fix(d, "sysctl -w net.ipv4.conf.%s.rp_filter=2", all == 1 ? "all" : dev);
	return false;
}

static bool running_sysctls(struct doc *d)
{
	struct json_object *o, *s = fmt_get(d->status, "sysctls");
	bool ok = true, ipv4 = doc_uses_ipv4(d);

	if (d->roles & (ROLE_HA | ROLE_MR))
		ok &= sysctl_is(d, "net/ipv6/conf/all/forwarding", 1, "no IPv6 is forwarded");
	if (d->roles & (ROLE_HA | ROLE_MR) && ipv4)
		ok &= sysctl_is(d, "net/ipv4/ip_forward", 1, "no IPv4 is forwarded");
	DOC_EACH(i, o, doc_list(d, "home_links"))
		ok &= home_link_sysctls(d, fmt_str(o, "device"));
	if (json_object_is_type(s, json_type_array)) {
		DOC_EACH(j, o, s)
			ok &= still_set(d, o);
	}
	for (size_t i = 0; ipv4 && d->homes && i < json_object_array_length(d->homes); i++) {
		o = json_object_array_get_idx(d->homes, i);
		if (fmt_has(o, "tunnel"))
			ok &= rp_filter(d, fmt_str(o, "tunnel"));
	}
	return ok;
}

void doc_sysctls(struct doc *d)
{
	bool ok = devices_have_ipv6(d);

	if (!d->up) {
		doc_say(d, DOC_SKIPPED, "sysctl", NULL,
			"forwarding and the like: mip6d sets them when it starts");
		return;
	}
	ok &= running_sysctls(d);
	if (ok)
		doc_say(d, DOC_OK, "sysctl", NULL, "as they must be");
}

/* ---- addresses ---- */

/* The device must be there; bad: how bad it is if not. */
static bool device_is_there(struct doc *d, const char *dev, enum doc_result bad, const char *key)
{
	const struct doc_link *l = doc_link(d, dev);

	if (!l) {
		doc_say(d, bad, "address", dev, "there is no device %s (%s)", dev, key);
		doc_fix(d, "ip link shows the names; put the right one into %s", key);
		return false;
	}
	if (!l->up) {
		doc_say(d, bad, "address", dev, "%s is down (%s)", dev, key);
		doc_fix(d, "ip link set %s up", dev);
		return false;
	}
	return true;
}

/* The first address of dev (NULL: any) that lies in p. */
static const struct doc_addr *address_in(const struct doc *d, const char *dev,
					 const struct prefix *p)
{
	for (size_t i = 0; i < d->n_addr; i++) {
		struct prefix host = d->addr[i].a;

		host.plen = family_bits(host.family);
		if ((!dev || strcmp(d->addr[i].dev, dev) == 0) && prefix_contains(p, &host))
			return &d->addr[i];
	}
	return NULL;
}

static unsigned home_plen(struct json_object *link, const struct prefix *a)
{
	struct json_object *v, *all = fmt_get(link, "prefixes");
	struct prefix p;

	if (json_object_is_type(all, json_type_array)) {
		DOC_EACH(i, v, all) {
			if (prefix_parse(json_object_get_string(v), &p) == 0 &&
			    prefix_contains(&p, a))
				return p.plen;
		}
	}
	return 64;
}

static void home_link(struct doc *d, struct json_object *l)
{
	const char *dev = fmt_str(l, "device"), *text = fmt_str(l, "address");
	const struct doc_addr *a;
	struct prefix p;

	if (!device_is_there(d, dev, DOC_FAIL, "home_links.device") ||
	    prefix_parse(text, &p) < 0)
		return;
	a = address_in(d, dev, &p);
	if (!a) {
		doc_say(d, DOC_FAIL, "address", text, "%s has not the home agent's address %s", dev,
			text);
		doc_fix(d, "ip addr add %s/%u dev %s, and into the host's network configuration",
			text, home_plen(l, &p), dev);
	} else if (a->flags & IFA_F_DADFAILED) {
		doc_say(d, DOC_FAIL, "address", text, "%s on %s: another host of the link has it "
			"too",
			text, dev);
		doc_fix(d, "take it from the other host, or give home_links.address another one");
	} else {
		doc_say(d, DOC_OK, "address", text, "%s is on %s", text, dev);
	}
}

static void inside_prefix(struct doc *d, struct json_object *m)
{
	const char *dev = fmt_str(m, "device"), *text = fmt_str(m, "prefix");
	struct prefix p;

	if (!fmt_has(m, "device") || prefix_parse(text, &p) < 0 ||
	    !device_is_there(d, dev, DOC_FAIL, "homes.prefixes.device"))
		return;
	if (address_in(d, dev, &p)) {
		doc_say(d, DOC_OK, "address", text, "%s has an address of %s", dev, text);
		return;
	}
	doc_say(d, DOC_FAIL, "address", text, "%s has no address of %s: its hosts have no router",
		dev, text);
	doc_fix(d, "ip addr add ADDRESS/%u dev %s with an address of that prefix, and into the "
		"host's network configuration", p.plen, dev);
}

static void home_address(struct doc *d, struct json_object *h)
{
	const char *text = fmt_str(h, "home_address");
	const struct doc_addr *a;
	struct prefix p;

	if (prefix_parse(text, &p) < 0)
		return;
	p.plen = 128;
	a = address_in(d, NULL, &p);
	if (a) {
		doc_say(d, DOC_OK, "address", text, "the home address %s is on %s", text, a->dev);
		return;
	}
	doc_say(d, DOC_FAIL, "address", text, "the home address %s is on no device: something has "
		"taken it away", text);
	doc_fix(d, "restart mip6d, and see what else changes addresses of %s", d->conf ?
		fmt_str(d->conf, "home_device") : "mip0");
}

void doc_addresses(struct doc *d)
{
	struct json_object *o, *p;

	if (!d->conf) {
		doc_say(d, DOC_SKIPPED, "address", NULL, "the configuration is not known");
		return;
	}
	DOC_EACH(i, o, doc_list(d, "home_links"))
		home_link(d, o);
	DOC_EACH(j, o, doc_list(d, "uplinks"))
		device_is_there(d, fmt_str(o, "device"), DOC_WARN, "uplinks.device");
	DOC_EACH(k, o, doc_list(d, "homes")) {
		if (!fmt_has(o, "prefixes"))
			continue;
		DOC_EACH(m, p, fmt_get(o, "prefixes"))
			inside_prefix(d, p);
	}
	for (size_t i = 0; d->homes && i < json_object_array_length(d->homes); i++)
		home_address(d, json_object_array_get_idx(d->homes, i));
}

/* ---- Router Advertisements ---- */

/* What radvd must say of a prefix of that link. */
static int radvd_prefix(struct json_object *l, const char *text, char *buf, size_t size)
{
	struct prefix a, p;
	bool own = prefix_parse(fmt_str(l, "address"), &a) == 0 && prefix_parse(text, &p) == 0 &&
		   prefix_contains(&p, &a);

	return snprintf(buf, size, " prefix %s%s { AdvOnLink on; AdvAutonomous %s;%s "
			"AdvValidLifetime %.0f; AdvPreferredLifetime %.0f; };",
			own ? fmt_str(l, "address") : text, own ? strchr(text, '/') : "",
			fmt_true(l, "autonomous") ? "on" : "off", own ? " AdvRouterAddr on;" : "",
			fmt_num(l, "valid_lifetime"), fmt_num(l, "preferred_lifetime"));
}

static bool serves_routers(const struct doc *d)
{
	struct json_object *v;

	DOC_EACH(i, v, doc_list(d, "mobile_nodes")) {
		if (fmt_true(v, "router") || (fmt_has(v, "prefixes") &&
					      json_object_array_length(fmt_get(v, "prefixes"))))
			return true;
	}
	return false;
}

/* In a line, as it understands it. */
static void radvd_line(const struct doc *d, const char *dev, char *buf, size_t size)
{
	struct json_object *l, *v;
	size_t n;

	snprintf(buf, size, "%s", "");
	DOC_EACH(i, l, doc_list(d, "home_links")) {
		if (strcmp(fmt_str(l, "device"), dev) != 0)
			continue;
		n = (size_t)snprintf(buf, size, "radvd.conf: interface %s { AdvSendAdvert on; "
				     "AdvHomeAgentFlag on; AdvHomeAgentInfo on; "
				     "HomeAgentPreference %.0f; HomeAgentLifetime "
				     "%.0f;%s", dev, fmt_num(l, "preference"),
				     fmt_num(l, "home_agent_lifetime"),
				     serves_routers(d) ? " AdvMobRtrSupportFlag on;" : "");
		DOC_EACH(j, v, fmt_get(l, "prefixes"))
			n += (size_t)radvd_prefix(l, json_object_get_string(v), buf + MIN(n, size),
						  size - MIN(n, size));
		snprintf(buf + MIN(n, size), size - MIN(n, size), " };");
	}
}

static void differs(struct doc *d, const char *dev, enum doc_result r, struct json_object *a,
		    const char *line)
{
	struct json_object *v;

	if (!json_object_is_type(a, json_type_array))
		return;
	DOC_EACH(i, v, a) {
		doc_say(d, r, "advertisement", dev, "%s: %s", dev, json_object_get_string(v));
		doc_fix(d, "%s", line);
	}
}

static void advertisement(struct doc *d, struct json_object *a)
{
	const char *dev = fmt_str(a, "device");
	size_t before;
	char line[2048];

	radvd_line(d, dev, line, sizeof(line));
	if (!fmt_has(a, "age")) {
		doc_say(d, DOC_WARN, "advertisement", dev, "%s: no Router Advertisement of this "
			"host was heard: mobile nodes do not know when they are at home", dev);
		doc_fix(d, "%s", line);
		return;
	}
	if (fmt_num(a, "age") > RA_AGE_MAX) {
		doc_say(d, DOC_WARN, "advertisement", dev, "%s: the last Router Advertisement of "
			"this host was heard %.0f minutes ago", dev, fmt_num(a, "age") / 60);
		doc_fix(d, "systemctl restart radvd");
	}
	before = d->n_item;
	differs(d, dev, DOC_FAIL, fmt_get(a, "missing"), line);
	differs(d, dev, DOC_WARN, fmt_get(a, "different"), line);
	if (d->n_item == before)
		doc_say(d, DOC_OK, "advertisement", dev,
			"%s: what this host advertises is what a home agent must", dev);
}

void doc_advertisements(struct doc *d)
{
	struct json_object *all = d->diagnosis ? fmt_get(d->diagnosis, "advertisements") : NULL, *a;

	if (!(d->roles & ROLE_HA))
		return;
	if (!json_object_is_type(all, json_type_array)) {
		doc_say(d, DOC_SKIPPED, "advertisement", NULL,
			"the daemon hears Router Advertisements, and it is not running");
		return;
	}
	DOC_EACH(i, a, all)
		advertisement(d, a);
}

/* ---- MTU ---- */

static bool uplink_mtu(struct doc *d, const char *dev)
{
	const struct doc_link *l = doc_link(d, dev);

	if (!l || !l->mtu || l->mtu >= IPV6_MIN_MTU + TUNNEL_HEADER)
		return true;
	if (l->mtu < IPV6_MIN_MTU)
		doc_say(d, DOC_FAIL, "mtu", dev, "%s has an MTU of %u: IPv6 needs "
			"1280", dev, l->mtu);
	else
		doc_say(d, DOC_WARN, "mtu", dev, "%s has an MTU of %u: packets of 1280 octets do "
			"not fit into the tunnel in one piece", dev, l->mtu);
	doc_fix(d, "ip link set %s mtu 1500, and never below "
		"%d", dev, IPV6_MIN_MTU + TUNNEL_HEADER);
	return false;
}

static bool tunnel_mtu(struct doc *d, struct json_object *h)
{
	const struct doc_link *t = fmt_has(h, "tunnel") ? doc_link(d, fmt_str(h, "tunnel")) : NULL;
	const struct doc_link *u = fmt_has(h, "uplink") ? doc_link(d, fmt_str(h, "uplink")) : NULL;

	if (!t || !u || u->mtu < IPV6_MIN_MTU + TUNNEL_HEADER || t->mtu + TUNNEL_HEADER <= u->mtu)
		return true;
	doc_say(d, DOC_WARN, "mtu", t->name, "the tunnel %s has an MTU of %u, but %s carries %u: "
		"every full packet is sent in two pieces", t->name, t->mtu, u->name, u->mtu);
	doc_fix(d, "ip link set %s mtu %u", t->name, u->mtu - TUNNEL_HEADER);
	return false;
}

void doc_mtu(struct doc *d)
{
	static const char *const list[] = { "home_links", "uplinks" };
	struct json_object *o;
	bool ok = true;

	if (!d->conf)
		return;
	for (size_t k = 0; k < ARRAY_SIZE(list); k++) {
		DOC_EACH(i, o, doc_list(d, list[k]))
			ok &= uplink_mtu(d, fmt_str(o, "device"));
	}
	for (size_t i = 0; d->homes && i < json_object_array_length(d->homes); i++)
		ok &= tunnel_mtu(d, json_object_array_get_idx(d->homes, i));
	if (ok)
		doc_say(d, DOC_OK, "mtu", NULL, "1280 octets and a tunnel header fit everywhere");
}
