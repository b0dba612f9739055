/* SPDX-License-Identifier: BSD-2-Clause */
/* mip6ctl doctor: its checks on hosts that are made up: files below a folder, answers as JSON. */
#include <linux/if_addr.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

#include "mip6ctl/doctor.h"
#include "store/conf.h"

static char root[] = "/tmp/mip6d-doctor.XXXXXX";
static struct doc d;

static int setup(void **state)
{
	(void)state;
	strcpy(strrchr(root, '.'), ".XXXXXX");
	assert_non_null(mkdtemp(root));
	d = (struct doc){ .root = root, .socket = "/none" };
	return 0;
}

static int teardown(void **state)
{
	char cmd[128];

	(void)state;
	doc_free(&d);
	snprintf(cmd, sizeof(cmd), "rm -r %s", root);
	return system(cmd);
}

static void file(const char *path, const char *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		mkdir(full, 0700);
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static struct json_object *js(const char *text)
{
	struct json_object *o = json_tokener_parse(text);

	if (!o)
		fail_msg("not JSON: %s", text);
	return o;
}

static void add_link(const char *name, unsigned mtu, bool up)
{
	d.link = reallocarray(d.link, d.n_link + 1, sizeof(*d.link));
	assert_non_null(d.link);
	d.link[d.n_link] = (struct doc_link){ .ifindex = (unsigned)d.n_link + 1, .mtu = mtu,
					      .up = up };
	strcpy(d.link[d.n_link++].name, name);
}

static void add_addr(const char *dev, const char *addr, unsigned flags)
{
	d.addr = reallocarray(d.addr, d.n_addr + 1, sizeof(*d.addr));
	assert_non_null(d.addr);
	d.addr[d.n_addr] = (struct doc_addr){ .flags = flags };
	strcpy(d.addr[d.n_addr].dev, dev);
	assert_int_equal(prefix_parse(addr, &d.addr[d.n_addr++].a), 0);
}

/* Forgets what was said. */
static void again(void (*check)(struct doc *d))
{
	for (size_t i = 0; i < d.n_item; i++) {
		free(d.item[i].subject);
		free(d.item[i].text);
		free(d.item[i].fix);
	}
	d.n_item = 0;
	check(&d);
}

static bool has(enum doc_result r, const char *text, const char *fix)
{
	for (size_t i = 0; i < d.n_item; i++) {
		if (d.item[i].result == r && strstr(d.item[i].text, text) &&
		    (!fix || (d.item[i].fix && strstr(d.item[i].fix, fix))))
			return true;
	}
	return false;
}

static void says(enum doc_result r, const char *text, const char *fix, int line)
{
	if (has(r, text, fix))
		return;
	for (size_t i = 0; i < d.n_item; i++)
		print_message("%s %s: %s [%s]\n", doc_result_str(d.item[i].result), d.item[i].check,
			      d.item[i].text, d.item[i].fix ? d.item[i].fix : "");
	fail_msg("line %d: nobody says \"%s\" \"%s\"", line, text, fix ? fix : "");
}
#define SAYS(result, text, fix)	says(result, text, fix, __LINE__)

static bool nothing_wrong(void)
{
	for (size_t i = 0; i < d.n_item; i++) {
		if (d.item[i].result == DOC_WARN || d.item[i].result == DOC_FAIL)
			return false;
	}
	return true;
}

/* ---- pure ---- */

static void test_files_of_the_kernel(void **state)
{
	static const char config[] = "# CONFIG_IPV6_SUBTREES is not set\nCONFIG_IPV6_MIP6=m\n"
				     "CONFIG_IPV6_TUNNEL=y\nCONFIG_IPV6_TUNNEL_X=m\n";
	static const char modules[] = "ip6_tunnel 49152 0 - Live 0x0\nxfrm_user 1 0 - Live 0x0\n";
	static const char builtin[] = "kernel/net/ipv6/mip6.ko\nkernel/net/ipv6/ip6_gre.ko.xz:\n";
	static const char raw6[] =
		"  sl  local_address                         remote_address\n"
#define NOBODY	"00000000000000000000000000000000:"
		"  135: " NOBODY "0087 " NOBODY "0000 07 00000000:00000000 00:00000000 00000000"
		"   998        0 31415 2 0000000012345678 0\n"
		"   58: " NOBODY "003A " NOBODY "0000 07 00000000:00000000 00:00000000 00000000"
		"     0        0 27182 2 0000000012345678 0\n";
	static const char routes[] =
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		"fe800000000000000000000000000001 00000400 00000001 00000000 00450003    wwan0\n"
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		"fe800000000000000000000000000001 00000400 00000001 00000000 00000003    wlan0\n"
		"20010db8000000000000000000000000 40 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000400 00000001 00000000 00440001    wwan0\n";
	struct doc_socket s[4];

	(void)state;
	assert_int_equal(doc_kernel_option(config, "IPV6_MIP6"), 'm');
	assert_int_equal(doc_kernel_option(config, "IPV6_TUNNEL"), 'y');
	assert_int_equal(doc_kernel_option(config, "IPV6_SUBTREES"), 'n');
	assert_int_equal(doc_kernel_option(config, "MIP6"), 'n');
	assert_true(doc_has_module(modules, "ip6-tunnel"));
	assert_false(doc_has_module(modules, "ip6"));
	assert_false(doc_has_module(modules, "tunnel"));
	assert_true(doc_has_module(builtin, "mip6") && doc_has_module(builtin, "ip6_gre"));
	assert_false(doc_has_module(builtin, "ip6"));
	assert_int_equal(doc_raw_sockets(raw6, 135, s, 4), 1);
	assert_int_equal(s[0].inode, 31415);
	assert_int_equal(s[0].uid, 998);
	assert_int_equal(doc_raw_sockets(raw6, 50, s, 4), 0);
	assert_int_equal(doc_ra_defaults(routes, "wwan0"), 1);
	assert_int_equal(doc_ra_defaults(routes, "wlan0"), 0);
	assert_int_equal(doc_caps("Name:\tx\nCapEff:\t0000000000003000\nSeccomp:\t0\n",
				  "\nCapEff:"), 0x3000);
}

static void test_rules_before_ours(void **state)
{
	struct json_object *o = js("[{\"priority\":0,\"src\":\"all\",\"table\":\"local\"},"
				   "{\"priority\":100,\"src\":\"all\",\"fwmark\":\"0x1\",\"table\":\"5\"},"
				   "{\"priority\":200,\"src\":\"2001:db8::\",\"srclen\":64,\"table\":\"6\"},"
				   "{\"priority\":1000,\"src\":\"all\",\"l3mdev\":null},"
				   "{\"priority\":5270,\"src\":\"all\",\"table\":\"52\"},"
				   "{\"priority\":32766,\"src\":\"all\",\"table\":\"main\"}]");
	const char *table = NULL;

	(void)state;
	assert_int_equal(doc_rule_before(o, 6000, &table), 5270);
	assert_string_equal(table, "52");
	assert_int_equal(doc_rule_before(o, 5000, &table), -1);
	json_object_put(o);
}

/* ---- checks ---- */

static void test_why_no_daemon_answers(void **state)
{
	(void)state;
	d.socket_error = ENOENT;
	again(doc_daemon);
	SAYS(DOC_FAIL, "mip6d is not running", "mip6d --check");
	d.pid = 77;
	again(doc_daemon);
	SAYS(DOC_FAIL, "no such socket, but process 77", "-S SOCKET");
	d.pid = 0;
	d.socket_error = ECONNREFUSED;
	again(doc_daemon);
	SAYS(DOC_FAIL, "is left by a mip6d that is gone", "takes the socket over");
	d.socket_error = EACCES;
	again(doc_daemon);
	SAYS(DOC_FAIL, "no permission", "usermod -aG");
	d.socket_error = ETIMEDOUT;
	again(doc_daemon);
	SAYS(DOC_FAIL, "timed out", "journalctl");
}

static void test_a_daemon_that_answers(void **state)
{
	(void)state;
	d.up = true;
	d.pid = 5;
	d.status = js("{\"version\":\"9\",\"roles\":[\"ha\"],\"ready\":true,\"uptime\":61,"
		      "\"insecure\":2,\"unsafe_timers\":true}");
	d.diagnosis = js("{\"netns\":1,\"routes_by_source\":false,\"source_on_request\":true}");
	file("/proc/self/ns/net", "");
	file("/proc/5/status", "Name:\tmip6d\nCapEff:\t0000000000001000\n");
	again(doc_daemon);
	SAYS(DOC_OK, "mip6d 9 answers: ha, up 1m 01s", NULL);
	SAYS(DOC_WARN, "2 with method = \"none\"", "auth-option");
	SAYS(DOC_WARN, "unsafe_timers", NULL);
	SAYS(DOC_FAIL, "another network namespace", "nsenter --net=/proc/5/ns/net");
	again(doc_capabilities);
	SAYS(DOC_FAIL, "has not CAP_NET_RAW", "AmbientCapabilities");
	file("/proc/5/status", "Name:\tmip6d\nCapEff:\t0000000000003000\n");
	again(doc_capabilities);
	assert_true(nothing_wrong());
	again(doc_kernel);
	SAYS(DOC_OK, "tried", NULL);
	SAYS(DOC_WARN, "CONFIG_IPV6_SUBTREES", NULL);
}

static void test_the_kernel_without_a_daemon(void **state)
{
	char path[256];
	struct utsname u;

	(void)state;
	uname(&u);
	again(doc_kernel);
	SAYS(DOC_SKIPPED, "depends on the configuration", NULL);
	d.roles = ROLE_MR;
	again(doc_kernel);
	SAYS(DOC_SKIPPED, "cannot tell", NULL);
	snprintf(path, sizeof(path), "/boot/config-%s", u.release);
	file(path, "CONFIG_IPV6_TUNNEL=m\nCONFIG_DUMMY=y\nCONFIG_IPV6_MULTIPLE_TABLES=y\n"
	     "CONFIG_IP_MULTIPLE_TABLES=y\nCONFIG_IPV6_MIP6=y\nCONFIG_XFRM_SUB_POLICY=y\n");
	again(doc_kernel);
	SAYS(DOC_FAIL, "has not CONFIG_XFRM_USER", "CONFIG_XFRM_USER");
	SAYS(DOC_WARN, "CONFIG_IPV6_SUBTREES", NULL);
	assert_false(has(DOC_FAIL, "IPV6_GRE", NULL));
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", u.release);
	file(path, "kernel/net/ipv6/x.ko:\n");
	again(doc_kernel);
	SAYS(DOC_FAIL, "module ip6_tunnel is not installed", "modprobe ip6_tunnel");
	d.conf = js("{\"homes\":[{\"carrier\":\"ip6gre\"}]}");
	again(doc_kernel);
	SAYS(DOC_FAIL, "CONFIG_IPV6_GRE", NULL);
}

static void test_sysctls(void **state)
{
	(void)state;
	d.roles = ROLE_HA;
	d.conf = js("{\"home_links\":[{\"device\":\"eth0\"}],\"mobile_nodes\":[{\"prefixes\":"
		    "[\"10.0.0.0/24\"]}]}");
	d.status = js("{\"sysctls\":[{\"path\":\"net/ipv6/neigh/eth0/proxy_delay\",\"was\":\"80\","
		      "\"now\":\"0\"}]}");
	again(doc_sysctls);
	SAYS(DOC_SKIPPED, "mip6d sets them", NULL);
	d.up = true;
	file("/proc/sys/net/ipv6/conf/all/forwarding", "1\n");
	file("/proc/sys/net/ipv4/ip_forward", "1\n");
	file("/proc/sys/net/ipv6/conf/all/proxy_ndp", "0\n");
	file("/proc/sys/net/ipv6/conf/eth0/forwarding", "1\n");
	file("/proc/sys/net/ipv6/conf/eth0/proxy_ndp", "1\n");
	file("/proc/sys/net/ipv6/conf/eth0/disable_ipv6", "0\n");
	file("/proc/sys/net/ipv6/neigh/eth0/proxy_delay", "0\n");
	again(doc_sysctls);
	assert_true(nothing_wrong());
	file("/proc/sys/net/ipv6/conf/all/forwarding", "0\n");
	file("/proc/sys/net/ipv4/ip_forward", "0\n");
	file("/proc/sys/net/ipv6/conf/eth0/proxy_ndp", "0\n");
	file("/proc/sys/net/ipv6/conf/eth0/disable_ipv6", "1\n");
	file("/proc/sys/net/ipv6/neigh/eth0/proxy_delay", "80\n");
	again(doc_sysctls);
	SAYS(DOC_FAIL, "no IPv6 is forwarded", "sysctl -w net.ipv6.conf.all.forwarding=1");
	SAYS(DOC_FAIL, "no IPv4 is forwarded", "sysctl -w net.ipv4.ip_forward=1");
	SAYS(DOC_FAIL, "cannot be found on the home link", "net.ipv6.conf.eth0.proxy_ndp=1");
	SAYS(DOC_FAIL, "no IPv6 on eth0", "net.ipv6.conf.eth0.disable_ipv6=0");
	SAYS(DOC_FAIL, "changed it back", "net.ipv6.neigh.eth0.proxy_delay=0");
}

static void test_strict_reverse_path(void **state)
{
	(void)state;
	d.roles = ROLE_MR;
	d.up = true;
	d.conf = js("{\"homes\":[{\"prefixes\":[{\"prefix\":\"10.0.0.0/24\"}]}]}");
	d.status = js("{\"sysctls\":[]}");
	d.homes = js("[{\"tunnel\":\"mip0a\"}]");
	file("/proc/sys/net/ipv4/conf/all/rp_filter", "1\n");
	file("/proc/sys/net/ipv4/conf/mip0a/rp_filter", "0\n");
	again(doc_sysctls);
	SAYS(DOC_WARN, "rp_filter is strict", "net.ipv4.conf.all.rp_filter=2");
	file("/proc/sys/net/ipv4/conf/mip0a/rp_filter", "2\n");
	again(doc_sysctls);
	assert_true(nothing_wrong());
}

static void test_addresses_of_a_home_agent(void **state)
{
	(void)state;
	d.conf = js("{\"home_links\":[{\"device\":\"eth0\",\"address\":\"2001:db8:280::1\","
		    "\"prefixes\":[\"2001:db8:280::/48\"]}]}");
	again(doc_addresses);
	SAYS(DOC_FAIL, "there is no device eth0", "home_links.device");
	add_link("eth0", 1500, false);
	again(doc_addresses);
	SAYS(DOC_FAIL, "eth0 is down", "ip link set eth0 up");
	d.link[0].up = true;
	again(doc_addresses);
	SAYS(DOC_FAIL, "has not the home agent's address", "ip addr add 2001:db8:280::1/48 dev "
		"eth0");
	add_addr("eth1", "2001:db8:280::1/64", 0);
	again(doc_addresses);
	SAYS(DOC_FAIL, "has not the home agent's address", NULL);
	add_addr("eth0", "2001:db8:280::1/64", IFA_F_DADFAILED);
	again(doc_addresses);
	SAYS(DOC_FAIL, "another host of the link has it too", NULL);
	d.addr[1].flags = 0;
	again(doc_addresses);
	assert_true(nothing_wrong());
}

static void test_addresses_of_a_mobile_router(void **state)
{
	(void)state;
	d.conf = js("{\"home_device\":\"mip0\",\"uplinks\":[{\"device\":\"wwan0\"}],\"homes\":["
		    "{\"prefixes\":[{\"prefix\":\"10.0.0.0/24\",\"device\":\"lan0\"},"
		    "{\"prefix\":\"2001:db8:281::/64\",\"device\":\"lan0\"}]}]}");
	d.homes = js("[{\"home_address\":\"2001:db8:280::beef\"}]");
	add_link("lan0", 1500, true);
	add_addr("lan0", "10.0.1.1/24", 0);
	again(doc_addresses);
	SAYS(DOC_WARN, "no device wwan0", "uplinks.device");
	SAYS(DOC_FAIL, "lan0 has no address of 10.0.0.0/24", "ip addr add ADDRESS/24 dev lan0");
	SAYS(DOC_FAIL, "lan0 has no address of 2001:db8:281::/64", NULL);
	SAYS(DOC_FAIL, "2001:db8:280::beef is on no device", NULL);
	add_link("wwan0", 1500, true);
	add_addr("lan0", "10.0.0.1/24", 0);
	add_addr("lan0", "2001:db8:281::1/64", 0);
	add_addr("mip0", "2001:db8:280::beef/128", 0);
	again(doc_addresses);
	assert_true(nothing_wrong());
}

static void test_advertisements(void **state)
{
	(void)state;
	d.roles = ROLE_HA;
	d.conf = js("{\"home_links\":[{\"device\":\"eth0\",\"address\":\"2001:db8:280::1\","
		    "\"prefixes\":[\"2001:db8:280::/64\",\"2001:db8:290::/64\"],\"autonomous\":true,"
		    "\"preference\":7,\"home_agent_lifetime\":1800,\"valid_lifetime\":4294967295,"
		    "\"preferred_lifetime\":600}],"
		    "\"mobile_nodes\":[{\"prefixes\":[\"10.0.0.0/24\"]}]}");
	again(doc_advertisements);
	SAYS(DOC_SKIPPED, "not running", NULL);
	d.diagnosis = js("{\"advertisements\":[{\"device\":\"eth0\",\"age\":null,\"missing\":[],"
			 "\"different\":[]}]}");
	again(doc_advertisements);
	SAYS(DOC_WARN, "no Router Advertisement",
	     "radvd.conf: interface eth0 { AdvSendAdvert on; AdvHomeAgentFlag on; AdvHomeAgentInfo "
	     "on; HomeAgentPreference 7; HomeAgentLifetime 1800; AdvMobRtrSupportFlag on; "
	     "prefix 2001:db8:280::1/64 { AdvOnLink on; AdvAutonomous on; AdvRouterAddr on; "
	     "AdvValidLifetime 4294967295; AdvPreferredLifetime 600; }; prefix 2001:db8:290::/64 { "
	     "AdvOnLink on; AdvAutonomous on; AdvValidLifetime 4294967295; AdvPreferredLifetime "
	     "600; }; };");
	json_object_put(d.diagnosis);
	d.diagnosis = js("{\"advertisements\":[{\"device\":\"eth0\",\"age\":4000,\"missing\":"
			 "[\"the Home Agent flag is not set\"],\"different\":[\"lifetimes\"]}]}");
	again(doc_advertisements);
	SAYS(DOC_FAIL, "eth0: the Home Agent flag is not set", "AdvHomeAgentFlag on;");
	SAYS(DOC_WARN, "eth0: lifetimes", "AdvHomeAgentFlag on;");
	SAYS(DOC_WARN, "67 minutes ago", "radvd");
	json_object_put(d.diagnosis);
	d.diagnosis = js("{\"advertisements\":[{\"device\":\"eth0\",\"age\":4,\"missing\":[],"
			 "\"different\":[]}]}");
	again(doc_advertisements);
	assert_true(nothing_wrong());
}

static void test_mtu(void **state)
{
	(void)state;
	d.conf = js("{\"uplinks\":[{\"device\":\"wwan0\"}]}");
	d.homes = js("[{\"uplink\":\"wwan0\",\"tunnel\":\"mip0a\"}]");
	add_link("wwan0", 1300, true);
	add_link("mip0a", 1460, true);
	again(doc_mtu);
	SAYS(DOC_WARN, "wwan0 has an MTU of 1300", "mtu 1500");
	d.link[0].mtu = 1000;
	again(doc_mtu);
	SAYS(DOC_FAIL, "IPv6 needs 1280", NULL);
	d.link[0].mtu = 1400;
	again(doc_mtu);
	SAYS(DOC_WARN, "sent in two pieces", "ip link set mip0a mtu 1360");
	d.link[0].mtu = 1500;
	again(doc_mtu);
	assert_true(nothing_wrong());
}

static void test_rivals(void **state)
{
	(void)state;
	d.up = d.privileged = true;
	d.pid = 5;
	d.conf = js("{\"uplinks\":[{\"device\":\"wwan0\",\"managed\":false}]}");
	add_link("wwan0", 1500, true);
	again(doc_rivals);
	assert_true(nothing_wrong());
	file("/proc/net/raw6", "head\n  135: 00000000000000000000000000000000:0087 0:0 07 0:0 00:0 "
	     "0 4321 0 31415 2 0 0\n  135: 00000000000000000000000000000000:0087 0:0 07 0:0 00:0 0 "
	     "998 0 27182 2 0 0\n");
	file("/proc/5/comm", "mip6d\n");
	file("/proc/9/comm", "umip\n");
	file("/proc/5/fd/x", "");
	file("/proc/9/fd/x", "");
	{
		char path[128];

		snprintf(path, sizeof(path), "%s/proc/5/fd/3", root);
		assert_int_equal(symlink("socket:[31415]", path), 0);
		snprintf(path, sizeof(path), "%s/proc/9/fd/3", root);
		assert_int_equal(symlink("socket:[27182]", path), 0);
	}
	again(doc_rivals);
	SAYS(DOC_FAIL, "umip has a socket for Mobility Header messages", "stop process 9 (umip)");
	assert_int_equal(d.n_item, 1);
	d.privileged = false;
	again(doc_rivals);
	/* the daemon is of the user who runs this test */
	SAYS(DOC_FAIL, "a process of user 998 ", "as root");
	file("/run/NetworkManager/devices/1", "[device]\nmanaged=true\n");
	again(doc_rivals);
	SAYS(DOC_FAIL, "NetworkManager configures wwan0", "nmcli device set wwan0 managed no");
	file("/run/NetworkManager/devices/1", "[device]\nmanaged=false\n");
	file("/run/systemd/netif/links/1", "ADMIN_STATE=configured\n");
	again(doc_rivals);
	SAYS(DOC_FAIL, "systemd-networkd configures wwan0", "Unmanaged=yes");
	json_object_put(d.conf);
	d.conf = js("{\"uplinks\":[{\"device\":\"wwan0\",\"managed\":true}]}");
	again(doc_rivals);
	assert_false(has(DOC_FAIL, "networkd", NULL));
	/* a dot in the name of a device is no dot of sysctl(8) */
	json_object_put(d.conf);
	d.conf = js("{\"uplinks\":[{\"device\":\"eth0.7\",\"managed\":false}]}");
	file("/proc/net/ipv6_route", "00000000000000000000000000000000 00 0 00 fe800000000000000000000"
	     "000000001 00000400 00000001 00000000 00450003 eth0.7\n");
	again(doc_rivals);
	SAYS(DOC_FAIL, "the kernel has made 1 default route", "net/ipv6/conf/eth0.7/accept_ra=0");
}

static void test_files_and_registrations(void **state)
{
	(void)state;
	again(doc_files);
	SAYS(DOC_WARN, "does not know protocol 200", "rt_protos.d");
	file("/etc/iproute2/rt_protos", "# x\n200\tother\n");
	again(doc_files);
	SAYS(DOC_WARN, "called other here", NULL);
	file("/etc/iproute2/rt_protos.d/mip6d.conf", "# The name\n200\tmip6d\n");
	again(doc_files);
	assert_true(nothing_wrong());
	d.up = true;
	d.status = js("{}");
	d.homes = js("[{\"home_address\":\"2001:db8::1\",\"state\":\"backoff\"},"
		     "{\"home_address\":\"2001:db8::2\",\"state\":\"bound\",\"home_agent\":"
		     "\"2001:db8::a\",\"handover_age\":3.5,\"probes_lost\":4}]");
	d.prefixes = js("[{\"home_address\":\"2001:db8::2\",\"prefix\":\"10.0.0.0/24\",\"state\":"
			"\"refused\",\"reason\":\"not authorised\"}]");
#define AT	"{\"home_address\":\"2001:db8::2\","
	d.paths = js("["
		AT "\"bid\":1,\"device\":\"wwan0\",\"state\":\"down\",\"reason\":\"tunnel\","
		"\"outer_state\":\"up\"},"
		AT "\"bid\":2,\"device\":\"wlan0\",\"state\":\"up\",\"outer_state\":\"mute\","
		"\"home_agent\":\"2001:db8::a\"},"
		AT "\"bid\":3,\"device\":\"eth0\",\"state\":\"up\",\"outer_state\":\"up\"},"
		AT "\"bid\":4,\"device\":\"eth1\",\"state\":\"damped\",\"reason\":\"damped\","
		"\"outer_state\":\"damped\"},"
		AT "\"device\":\"eth2\",\"state\":\"down\"}]");
	again(doc_registrations);
	SAYS(DOC_WARN, "BID 1 (wwan0) is down: tunnel", "protocol 41");
	SAYS(DOC_WARN, "BID 2 (wlan0): echo requests from the care-of address", "2001:db8::a");
	SAYS(DOC_WARN, "BID 4 (eth1) is damped: damped", "mip6ctl path show 4");
	for (size_t i = 0; i < d.n_item; i++)
		assert_true(strcmp(d.item[i].check, "path") != 0 ||
			    strchr("124", d.item[i].text[4]));
	SAYS(DOC_FAIL, "2001:db8::1: the home agent refuses", "spi and key");
	SAYS(DOC_OK, "2001:db8::2 is registered at 2001:db8::a, last movement 3.5s ago", NULL);
	SAYS(DOC_WARN, "4 echo requests", NULL);
	SAYS(DOC_FAIL, "10.0.0.0/24: the home agent refuses it: not authorised", "mobile_nodes");
}

/* ---- the judgement of the filter ---- */

static bool unread;

static void judge(const char *rules)
{
	struct fw fw = { .partial = unread };

	for (size_t i = 0; i < d.n_item; i++) {
		free(d.item[i].subject);
		free(d.item[i].text);
		free(d.item[i].fix);
	}
	d.n_item = 0;
	fw_read_save(&fw, "ip6tables-nft", 6, rules);
	doc_judge_firewall(&d, &fw);
	fw_free(&fw);
}

static void test_the_filter_by_roles(void **state)
{
	static const char drop_all[] = "*filter\n:INPUT DROP [0:0]\n:OUTPUT DROP [0:0]\n"
				       ":FORWARD DROP [0:0]\nCOMMIT\n";

	(void)state;
	d.roles = ROLE_HA;
	d.conf = js("{\"home_links\":[{\"device\":\"eth0\"}],\"carrier\":\"ip6tnl\",\"homes\":[]}");
	judge("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n");
	assert_true(nothing_wrong());
	SAYS(DOC_OK, "no rule drops", NULL);
	judge("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p 135 -j DROP\nCOMMIT\n");
	SAYS(DOC_FAIL, "Binding Updates that come in (MH, protocol 135, behind option header 60): "
	     "dropped by chain ip6tables-nft filter INPUT, rule -A INPUT -p 135 -j DROP",
	     "ip6tables-nft -I INPUT -p 135 -j ACCEPT");
	assert_int_equal(d.n_item, 1);
	judge(drop_all);
	SAYS(DOC_FAIL, "IPv6 in the tunnel (protocol 41) that comes in: dropped by", "-p 41 -j "
		"ACCEPT");
	SAYS(DOC_FAIL, "Binding Acknowledgements that go out", "-I OUTPUT -p 135");
	SAYS(DOC_FAIL, "IPv6 of mobile nodes that is forwarded", "-I FORWARD -i mip6ha");
	SAYS(DOC_FAIL, "home agent discovery", "--icmpv6-type 144");
	assert_false(has(DOC_FAIL, "GRE", NULL) || has(DOC_FAIL, "protocol 4)", NULL));
	json_object_put(d.conf);
	d.conf = js("{\"carrier\":\"ip6gre\"}");
	judge(drop_all);
	SAYS(DOC_FAIL, "the tunnel (GRE, protocol 47) that comes in", "-p 47");
	assert_false(has(DOC_FAIL, "protocol 41", NULL) || has(DOC_FAIL, "discovery", NULL));
	d.roles = ROLE_MN;
	unread = true;
	judge("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n");
	assert_int_equal(d.n_item, 0);	/* what was not read may drop */
	unread = false;
	judge("*filter\n:INPUT DROP [0:0]\n-A INPUT -m state --state ESTABLISHED -j "
		"ACCEPT\nCOMMIT\n");
	assert_true(nothing_wrong());	/* what comes in was asked for */
	d.roles = ROLE_CN;
	judge("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m ipv6header --header dst --soft -j DROP\n"
	      "COMMIT\n");
	SAYS(DOC_FAIL, "packets with a Home Address option", "--header dst --soft -j ACCEPT");
}

int main(void)
{
#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_files_of_the_kernel),
		T(test_rules_before_ours),
		T(test_why_no_daemon_answers),
		T(test_a_daemon_that_answers),
		T(test_the_kernel_without_a_daemon),
		T(test_sysctls),
		T(test_strict_reverse_path),
		T(test_addresses_of_a_home_agent),
		T(test_addresses_of_a_mobile_router),
		T(test_advertisements),
		T(test_mtu),
		T(test_rivals),
		T(test_files_and_registrations),
		T(test_the_filter_by_roles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
