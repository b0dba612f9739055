/* SPDX-License-Identifier: BSD-2-Clause */
/* mip6ctl: paths. The server has two: BID 1 is up, BID 2 is down. */
#include "mip6ctl_help.h"

static void test_paths_are_shown(void **state)
{
	struct json_object *o, *p;

	(void)state;
	shows("mr", "path", 0,
	      "BID  DEV    CARE-OF ADDRESS  STATE   PRIO  RTT     JITTER  LOSS  TX/RX MB/S  SINCE\n"
	      "1    wwan0  2001:db8:f1::1   active  10    50.0ms  0.0ms   0.0%  0.1/1.2");
	assert_non_null(strstr(out, "\n2    wlan0  2001:db8:f1::1   down"));
	shows("mr", "path 1", 0, "bid 1  dev wwan0  home address 2001:db8:280::beef  active\n"
	      "  care-of 2001:db8:f1::1 home-agent - tunnel mip0a priority 10 since ");
	assert_non_null(strstr(out, "\n  rtt 50.0ms jitter 0.0ms loss 0.0%  probe normal every 250.0ms"
				    " notices silence within "));
	assert_int_equal(lines("bid "), 1);
	assert_non_null(strstr(out, "\n  through the tunnel: up rtt 60.0ms\n"));
	shows("mr", "path show", 0, "bid 2  dev wlan0  home address 2001:db8:280::beef  down (silent)");
	assert_non_null(strstr(out, "\n  through the tunnel: silent\n"));
	shows("mr", "-o path show", 0, "\\  care-of");
	assert_int_equal(lines("\n"), 2);
	o = json("mr", "-j path");
	assert_int_equal(json_object_array_length(o), 2);
	p = json_object_array_get_idx(o, 1);
	assert_int_equal(json_object_get_int(json_object_object_get(p, "bid")), 2);
	assert_false(json_object_get_boolean(json_object_object_get(p, "up")));
	json_object_put(o);
	shows("mr", "path 7", 5, "no uplink has this BID: 7");
	shows("mr", "path show x", 2, "\"x\" is no BID (1 to 65535)");
	shows("mr", "path 65536", 2, "is no BID");
	shows("mr", "path show -- -1", 2, "is no BID");
	assert_int_equal(run("ha", "path"), 0);
	assert_string_equal(out, "");
}

static void test_operator_says_which_are_used(void **state)
{
	(void)state;
	shows("mr", "path probe", 0, "2\n");
	shows("mr", "-j path probe 1", 0, "{\"count\":1}");
	assert_int_equal(run("mr", "path prefer 2"), 0);
	assert_int_equal(run("mr", "path down 1"), 0);
	shows("mr", "path", 0, "  held  ");
	shows("mr", "path show 2", 0, " preferred\n");
	assert_int_equal(run("mr", "path up 1"), 0);
	assert_int_equal(run("mr", "path prefer none"), 0);
	assert_int_equal(run("mr", "path"), 0);
	assert_null(strstr(out, "held"));
	shows("mr", "path down 9", 5, "no uplink has this BID: 9");
	shows("mr", "path prefer 9", 5, "no uplink has this BID: 9");
	shows("mr", "path down", 2, "path down: bid is missing");
	shows("mr", "path up none", 2, "is no BID");
	shows("ha", "path down 1", 4, "the daemon has not this role: mn");
}

static void test_waiting_for_a_path(void **state)
{
	(void)state;
	assert_int_equal(run("mr", "-t 5 wait path 1 up"), 0);
	assert_int_equal(run("mr", "-t 5 wait path 2 down"), 0);
	shows("mr", "-t 0.1 wait path 2 up", 1, "wait: not up in time");
	shows("mr", "-t 0.1 wait path 1 down", 1, "wait: not down in time");
	shows("mr", "wait path 1 sideways", 2, "neither up nor down");
	shows("mr", "wait path 9 up", 5, "no uplink has this BID: 9");
	shows("mr", "wait path x up", 2, "is no BID");
	shows("mr", "wait path 1", 2, "is missing");
	shows("none", "-t 1 wait path 1 up", 3, "");
}

static void test_paths_as_metrics(void **state)
{
	(void)state;
	shows("mr", "metrics", 0, "\nmip6_path_up{bid=\"1\",device=\"wwan0\"} 1\n");
	assert_non_null(strstr(out, "\nmip6_path_up{bid=\"2\",device=\"wlan0\"} 0\n"));
	assert_non_null(strstr(out, "\nmip6_paths{state=\"up\"} 1\n"));
	assert_non_null(strstr(out, "\nmip6_paths{state=\"down\"} 1\n"));
	assert_non_null(strstr(out, "\nmip6_paths{state=\"absent\"} 0\n"));
	assert_non_null(strstr(out, "\nmip6_path_rtt_seconds{bid=\"1\",device=\"wwan0\"} 0.05\n"));
	assert_non_null(strstr(out, "\nmip6_path_loss_ratio{bid=\"1\",device=\"wwan0\"} 0\n"));
	assert_int_equal(lines("mip6_path_rtt_seconds{"), 1);	/* what is not known is not told */
	assert_int_equal(run("ha", "metrics"), 0);
	assert_int_equal(lines("mip6_path"), 0);
}

static void test_flows_and_what_went_by_each_path(void **state)
{
	struct json_object *o, *p;

	(void)state;
	shows("mr", "flow", 0, "FLOW   FID  PRIORITY  STATE ");
	assert_non_null(strstr(out, "  USED  PACKETS  BYTES  HOME ADDRESS"));
	assert_non_null(strstr(out, "  1     40       4000   2001:db8:280::beef"));
	shows("mr", "flow show voice", 0, "voice  home address 2001:db8:280::beef  active\n");
	assert_non_null(strstr(out, "\n  sent 40 packets, 4000 octets (by bid 1: 30, 3000; bid 2: "
				    "10, 1000)\n"));
	assert_int_equal(lines("home address"), 1);
	shows("mr", "-o flow show", 0, "\\  sent 40");
	assert_int_equal(lines("\n"), 2);
	o = json("mr", "-j flow show bulk");
	p = json_object_array_get_idx(o, 0);
	assert_int_equal(json_object_get_int(json_object_object_get(p, "bytes")), 4000);
	p = json_object_array_get_idx(json_object_object_get(p, "paths"), 1);
	assert_int_equal(json_object_get_int(json_object_object_get(p, "bid")), 2);
	assert_int_equal(json_object_get_int(json_object_object_get(p, "packets")), 10);
	json_object_put(o);
	shows("mr", "flow list nothing", 5, "no flow nothing");
	shows("mr", "metrics", 0, "\nmip6_flow_packets_total{home_address=\"2001:db8:280::beef\","
	      "flow=\"voice\",bid=\"1\"} 30\nmip6_flow_packets_total{");
	assert_non_null(strstr(out, "\nmip6_flow_bytes_total{home_address=\"2001:db8:280::beef\","
				    "flow=\"bulk\",bid=\"2\"} 1000\n"));
}

static void offers(const char *words, const char *wanted)
{
	char cmd[1024];
	FILE *f;

	snprintf(cmd, sizeof(cmd), "'%s' --complete -S %s/mr %s | cut -f1 | tr '\\n' ' '",
		 program, dir, words);
	f = popen(cmd, "r");
	assert_non_null(f);
	out[fread(out, 1, sizeof(out) - 1, f)] = '\0';
	pclose(f);
	assert_string_equal(out, wanted);
}

static void test_completion_knows_bids(void **state)
{
	(void)state;
	offers("path show ''", "1 2 ");
	offers("path down ''", "1 2 ");
	offers("path prefer ''", "1 2 none ");
	offers("wait path 1 ''", "up down ");
	offers("path ''", "list show up down prefer probe 1 2 ");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_are_shown),
		cmocka_unit_test(test_operator_says_which_are_used),
		cmocka_unit_test(test_waiting_for_a_path),
		cmocka_unit_test(test_paths_as_metrics),
		cmocka_unit_test(test_flows_and_what_went_by_each_path),
		cmocka_unit_test(test_completion_knows_bids),
	};

	if (find_program(argc, argv) < 0)
		return EXIT_FAILURE;
	(void)json;
	return cmocka_run_group_tests(tests, setup, teardown);
}
