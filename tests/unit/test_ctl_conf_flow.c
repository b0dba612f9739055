/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow policy in the configuration: what can be said, and what makes no sense. */
#include "conf_load_help.h"

#include "ctl/conf_dump.h"
#include "ctl/conf_flow.h"

#define UPS	"uplinks = ( { device = \"up0\"; bid = 1; }, { device = \"up1\"; bid = 2; } ); "
#define FLOWS(list) \
	"roles = [ \"mr\" ]; " UPS "homes = ( " HOME(MNP "flows = ( " list " );") " );"
#define NODE_FLOWS(list)	NODES(NODE("2001:db8:280::5", "flows = ( " list " );"))
#define FLOW(more)	"{ name = \"voice\"; bids = [ 2, 1 ]; " more " }"

static const char *one(const char *list)
{
	static char buf[FLOWSEL_STRLEN];
	struct conf *c = load(list);

	if (!c)
		fail_msg("%s\n%s", list, said);
	assert_int_equal(c->mn.homes[0].n_flow, 1);
	flowsel_str(&c->mn.homes[0].flows[0].sel, buf);
	conf_free(c);
	return buf;
}

static void test_each_field_of_a_selector_can_be_said(void **state)
{
	(void)state;
#define IS(more, text) assert_string_equal(one(FLOWS(FLOW(more))), text)
	IS("", "any");
	IS("family = \"ipv4\";", "ipv4");
	IS("protocol = \"udp\";", "proto 17");
	IS("protocol = 6;", "proto 6");
	IS("protocol = \"6-17\";", "proto 6-17");
	IS("peer = \"2001:db8:cc::/48\";", "ipv6 src 2001:db8:cc::/48");
	IS("peer = \"192.0.2.1\";", "ipv4 src 192.0.2.1/32");
	IS("peer = \"192.0.2.1-192.0.2.9\";", "ipv4 src 192.0.2.1-192.0.2.9");
	IS("inside = \"2001:db8:281::/64\";", "ipv6 dst 2001:db8:281::/64");
	IS("peer_port = 5060;", "sport 5060");
	IS("inside_port = \"5060-5061\";", "dport 5060-5061");
	IS("dscp = \"ef\";", "dscp 46");
	IS("dscp = \"af41\";", "dscp 34");
	IS("dscp = \"32-46\";", "dscp 32-46");
	IS("flowlabel = 0x12345;", "ipv6 label 74565");
	IS("spi = 256;", "spi 256");
	IS("mark = 0x10;", "mark 0x10/0xffffffff");
	IS("mark = 0x10; mark_mask = 0xf0;", "mark 0x10/0xf0");
	IS("protocol = \"tcp\"; peer_port = 443; peer = \"2001:db8::/32\"; dscp = 0;",
	   "ipv6 src 2001:db8::/32 proto 6 sport 443 dscp 0");
}

static void test_numbers_come_from_the_place_in_the_list(void **state)
{
	struct conf *c = load(FLOWS("{ name = \"a\"; bids = [ 1 ]; }, { name = \"b\"; weights = ( "
				    "{ bid = 1; weight = 3; }, { bid = 2; weight = 1; } ); }, "
				    "{ name = \"c\"; bids = [ 2 ]; mark = 1; fid = 77; priority = 5; },"
				    "{ name = \"d\"; bids = [ 2 ]; send = false; }"));
	const struct flow_conf *f;

	(void)state;
	assert_non_null(c);
	f = c->mn.homes[0].flows;
	assert_true(f[0].fid == 1 && f[0].prio == 10 && f[0].send);
	assert_true(f[1].fid == 2 && f[1].prio == 20);
	assert_true(f[1].n_bid == 2 && f[1].weight[0] == 3 && f[1].weight[1] == 1);
	assert_true(f[2].fid == 77 && f[2].prio == 5);
	/* the wire knows neither weights nor marks */
	assert_false(f[1].send || f[2].send || f[3].send);
	conf_free(c);
}

static void test_what_is_said_is_shown_as_it_is_said(void **state)
{
	struct conf *c = load(FLOWS("{ name = \"a\"; bids = [ 2, 1 ]; protocol = \"udp\"; dscp = \"ef\"; "
				    "peer = \"2001:db8::/32\"; peer_port = \"5060-5061\"; }"));
	struct json_object *o, *f;

	(void)state;
	assert_non_null(c);
	o = conf_dump(c, false);
	f = json_object_object_get(json_object_array_get_idx(json_object_object_get(o, "homes"), 0),
				   "flows");
	assert_string_equal(json_object_to_json_string_ext(f, JSON_C_TO_STRING_PLAIN |
							   JSON_C_TO_STRING_NOSLASHESCAPE),
			    "[{\"name\":\"a\",\"protocol\":\"udp\",\"peer\":\"2001:db8::/32\","
			    "\"peer_port\":\"5060-5061\",\"dscp\":\"ef\",\"bids\":[2,1]}]");
	json_object_put(o);
	conf_free(c);
}

#define E(s)	"!f:1: homes.flows" s "\n"

static void test_flows_that_make_no_sense(void **state)
{
	static const struct row row[] = {
		{ FLOWS("{ name = \"a\"; }"), E(": bids or weights is missing: where to") },
		{ FLOWS("{ name = \"a\"; bids = [ ]; }"), E(".bids: is empty") },
		{ FLOWS("{ name = \"a\"; bids = [ 1 ]; weights = ( { bid = 1; weight = 1; } ); }"),
		  E(": has bids and weights: one of the two says where to") },
		{ FLOWS("{ name = \"a\"; bids = [ 1, 9 ]; }"), E(".bids: no uplink has bid 9") },
		{ FLOWS("{ name = \"a\"; bids = 1; }"),
		  E(".bids: a list is expected, also of one: [ 1 ]") },
		{ FLOWS("{ name = \"a\"; weights = ( { bid = 1; weight = 0; } ); }"),
		  E(".weights: all are 0: nothing would be sent") },
		{ FLOWS(FLOW("") ", " FLOW("")), E(".name: \"voice\" is given twice") },
		{ FLOWS(FLOW("priority = 20;") ", { name = \"b\"; bids = [ 1 ]; }"),
		  E(": priority 20 is that of \"voice\", too") },
		{ FLOWS(FLOW("fid = 2;") ", { name = \"b\"; bids = [ 1 ]; }"),
		  E(": fid 2 is that of \"voice\", too") },
		{ FLOWS(FLOW("fid = 32768;")), E(".fid: 32768 is not in 1..32767") },
		{ FLOWS(FLOW("priority = 0;")), E(".priority: 0 is not in 1..32767") },
		{ FLOWS(FLOW("protocol = \"udpp\";")),
		  E(".protocol: \"udpp\" is not known (did you mean \"udp\"?)") },
		{ FLOWS(FLOW("protocol = 256;")),
		  E(".protocol: a number of 0..255 or a range \"A-B\" or a name is expected") },
		{ FLOWS(FLOW("dscp = 64;")),
		  E(".dscp: a number of 0..63 or a range \"A-B\" or a name is expected") },
		{ FLOWS(FLOW("peer_port = \"443-80\";")),
		  E(".peer_port: \"443-80\" ends before it begins") },
		{ FLOWS(FLOW("peer_port = \"http\";")),
		  E(".peer_port: \"http\" is no number of 0..65535, no range \"A-B\"") },
		{ FLOWS(FLOW("peer = \"example.org\";")),
		  E(".peer: \"example.org\" is not a prefix, an address or a range of addresses") },
		{ FLOWS(FLOW("peer = \"2001:db8::1/64\";")),
		  E(".peer: 2001:db8::1/64 has host bits (did you mean 2001:db8::/64?)") },
		{ FLOWS(FLOW("peer = \"192.0.2.9-192.0.2.1\";")),
		  E(".peer: \"192.0.2.9-192.0.2.1\" ends before it begins") },
		{ FLOWS(FLOW("peer = \"192.0.2.9-2001:db8::1\";")),
		  E(".peer: \"192.0.2.9-2001:db8::1\" begins and ends in different families") },
		{ FLOWS(FLOW("peer = \"192.0.2.1\"; inside = \"2001:db8:281::/64\";")),
		  E(".inside: is about IPv6, but the rest of the flow about IPv4") },
		{ FLOWS(FLOW("family = \"ipv4\"; peer = \"2001:db8::/32\";")),
		  E(".peer: is about IPv6, but the rest of the flow about IPv4") },
		{ FLOWS(FLOW("peer = \"192.0.2.1\"; flowlabel = 1;")),
		  E(".flowlabel: is about IPv6, but the rest of the flow about IPv4") },
		{ FLOWS(FLOW("protocol = \"icmpv6\"; peer_port = 1;")),
		  E(".protocol: has no ports, which the flow is about") },
		{ FLOWS(FLOW("mark = 0x11; mark_mask = 0xf0;")),
		  E(".mark: 0x11 has bits that are not in mark_mask 0xf0") },
		{ FLOWS(FLOW("mark_mask = 0xf0;")), E(".mark_mask: needs mark") },
		{ FLOWS(FLOW("mark = 1; send = true;")),
		  E(".send: mark cannot be sent: send = false, or without it") },
		{ FLOWS("{ name = \"a\"; send = true; weights = ( { bid = 1; weight = 1; } ); }"),
		  E(".send: weights cannot be sent: send = false, or without it") },
		{ FLOWS(FLOW("port = 80;")), E(".port: unknown key") },
	};

	(void)state;
	check(row, ARRAY_SIZE(row));
}

static void test_flows_of_mobile_nodes(void **state)
{
	static const struct row row[] = {
		{ NODE_FLOWS(FLOW("dscp = \"ef\";")), "" },
		{ NODE_FLOWS("{ name = \"a\"; bids = [ 65535 ]; }"), "" },	/* nobody knows them */
		{ NODE_FLOWS(FLOW("fid = 1;")), "!f:1: mobile_nodes.flows.fid: unknown key (did you mean \"bids\"?)\n" },
		{ NODE_FLOWS(FLOW("send = true;")), "!f:1: mobile_nodes.flows.send: unknown key\n" },
		{ NODE_FLOWS(FLOW("") ", " FLOW("")),
		  "!f:1: mobile_nodes.flows.name: \"voice\" is given twice\n" },
		{ NODES(NODE("2001:db8:280::5", "weights = ( { bid = 1; weight = 2; }, { bid = 1; "
			     "weight = 1; } );")),
		  "!f:1: mobile_nodes.weights: 1 is given twice\n" },
	};
	struct conf *c = load(NODES(NODE("2001:db8:280::5", "flow_bindings = false; weights = ( { "
					 "bid = 1; weight = 2; } );") ", " NODE("2001:db8:280::6", "")));

	(void)state;
	assert_non_null(c);
	assert_false(c->ha.nodes[0].flow_bindings);
	assert_true(c->ha.nodes[0].n_weight == 1 && c->ha.nodes[0].weights[0].weight == 2);
	assert_true(c->ha.nodes[1].flow_bindings && !c->ha.nodes[1].n_flow);
	conf_free(c);
	check(row, ARRAY_SIZE(row));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_field_of_a_selector_can_be_said),
		cmocka_unit_test(test_numbers_come_from_the_place_in_the_list),
		cmocka_unit_test(test_what_is_said_is_shown_as_it_is_said),
		cmocka_unit_test(test_flows_that_make_no_sense),
		cmocka_unit_test(test_flows_of_mobile_nodes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
