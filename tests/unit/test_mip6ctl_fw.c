/* SPDX-License-Identifier: BSD-2-Clause */
/* mip6ctl doctor: what nft, ip6tables and iptables say, and which packets that lets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mip6ctl/fw.h"

static struct fw fw;
static struct fw_verdict v;

static int clean(void **state)
{
	(void)state;
	fw_free(&fw);
	return 0;
}

static const struct fw_packet bu_in = { "BU", 6, FW_INPUT, { 60 }, 135, 5, FW_ANY, false, NULL,
					NULL };
static const struct fw_packet ba_in = { "BA", 6, FW_INPUT, { 43 }, 135, 6, FW_ANY, true, NULL,
					NULL };
static const struct fw_packet tunnel_in = { "41", 6, FW_INPUT, { 0 }, 41, FW_ANY, FW_ANY, false,
					    NULL, NULL };
static const struct fw_packet four_in = { "4", 6, FW_INPUT, { 0 }, 4, FW_ANY, FW_ANY, false, NULL,
					  NULL };
static const struct fw_packet ask_in = { "144", 6, FW_INPUT, { 0 }, 58, FW_ANY, 144, false, NULL,
					 NULL };
static const struct fw_packet data_in = { "HAO", 6, FW_INPUT, { 60 }, FW_ANY, FW_ANY, FW_ANY, false,
					  NULL, NULL };
static const struct fw_packet inner = { "inner", 6, FW_FORWARD, { 0 }, FW_ANY, FW_ANY, FW_ANY,
					false, "mip6ha", NULL };
static const struct fw_packet inner4 = { "inner4", 4, FW_FORWARD, { 0 }, FW_ANY, FW_ANY, FW_ANY,
					 false, "mip6ha", NULL };

static enum fw_tri judged(const struct fw_packet *p)
{
	fw_judge(&fw, p, &v);
	return v.dropped;
}

/* ---- nft: expressions as nft 1.0.6 writes them ---- */

#define CHAIN(policy)									\
	"{\"chain\":{\"family\":\"inet\",\"table\":\"f\",\"name\":\"in\",\"handle\":1,"	\
	"\"type\":\"filter\",\"hook\":\"input\",\"prio\":0,\"policy\":\"" policy "\"}}"
#define SUB(name) "{\"chain\":{\"family\":\"inet\",\"table\":\"f\",\"name\":\"" name "\"}}"
#define RULE_OF(chain, expr)								\
	",{\"rule\":{\"family\":\"inet\",\"table\":\"f\",\"chain\":\"" chain "\","	\
	"\"handle\":7,\"expr\":[" expr "]}}"
#define RULE(expr)	RULE_OF("in", expr)
#define MATCH(left, right) "{\"match\":{\"op\":\"==\",\"left\":{" left "},\"right\":" right "}}"
#define META(key, right) MATCH("\"meta\":{\"key\":\"" key "\"}", right)
#define DROP		"{\"drop\":null}"
#define ACCEPT		"{\"accept\":null}"

static void nft(const char *rules)
{
	struct json_object *o;
	char text[8192];

	fw_free(&fw);
	snprintf(text, sizeof(text), "{\"nftables\":[{\"metainfo\":{}},%s]}", rules);
	o = json_tokener_parse(text);
	assert_non_null(o);
	assert_int_equal(fw_read_nft(&fw, o, false), 0);
	json_object_put(o);
}

static void test_a_rule_for_the_protocol_drops_it(void **state)
{
	(void)state;
	nft(CHAIN("accept") RULE(META("l4proto", "135") "," DROP));
	assert_int_equal(judged(&bu_in), FW_YES);
	assert_false(v.policy);
	assert_string_equal(v.where,
			    "chain inet f in, rule handle 7: match op == left meta key l4proto"
			    " right 135 drop null");
	assert_int_equal(judged(&tunnel_in), FW_NO);
	/* by name, in a set, in a range; not what is beside it */
	nft(CHAIN("accept") RULE(META("l4proto", "\"mobility-header\"") ",{\"counter\":null},"
				 "{\"reject\":null}"));
	assert_int_equal(judged(&bu_in), FW_YES);
	nft(CHAIN("accept") RULE(META("l4proto", "{\"set\":[\"tcp\",{\"range\":[40,42]}]}") ","
				 DROP));
	assert_int_equal(judged(&bu_in), FW_NO);
	assert_int_equal(judged(&tunnel_in), FW_YES);
	assert_int_equal(judged(&four_in), FW_NO);
	/* of one family, by its name and by the number that nft -n writes */
	nft(CHAIN("drop") RULE(META("nfproto", "\"ipv6\"") "," ACCEPT));
	assert_int_equal(judged(&bu_in), FW_NO);
	nft(CHAIN("drop") RULE(META("nfproto", "10") "," ACCEPT));
	assert_int_equal(judged(&bu_in), FW_NO);
	nft(CHAIN("drop") RULE(META("nfproto", "2") "," ACCEPT));
	assert_int_equal(judged(&bu_in), FW_YES);
	/* no rule at all */
	fw_free(&fw);
	assert_int_equal(judged(&bu_in), FW_NO);
}

static void test_the_first_header_is_not_the_protocol(void **state)
{
	(void)state;
	/* "ip6 nexthdr 135 accept" lets no BU in: an option header comes first */
	nft(CHAIN("drop") RULE(MATCH("\"payload\":{\"protocol\":\"ip6\",\"field\":\"nexthdr\"}",
				     "135") "," ACCEPT));
	assert_int_equal(judged(&bu_in), FW_YES);
	assert_true(v.policy);
	assert_non_null(strstr(v.where, "its policy"));
	nft(CHAIN("drop") RULE(MATCH("\"payload\":{\"protocol\":\"ip6\",\"field\":\"nexthdr\"}",
				     "60") "," ACCEPT));
	assert_int_equal(judged(&bu_in), FW_NO);
	nft(CHAIN("drop") RULE(META("l4proto", "135") "," ACCEPT));
	assert_int_equal(judged(&bu_in), FW_NO);
}

static void test_extension_headers_and_types(void **state)
{
	(void)state;
	nft(CHAIN("accept") RULE(MATCH("\"exthdr\":{\"name\":\"dst\"}", "true") "," DROP));
	assert_int_equal(judged(&bu_in), FW_YES);
	assert_int_equal(judged(&data_in), FW_YES);
	assert_int_equal(judged(&tunnel_in), FW_NO);
	nft(CHAIN("accept") RULE(MATCH("\"exthdr\":{\"name\":\"rt\",\"field\":\"type\"}", "2") ","
				 DROP));
	assert_int_equal(judged(&ba_in), FW_YES);
	assert_int_equal(judged(&bu_in), FW_NO);
	nft(CHAIN("accept") RULE(MATCH("\"exthdr\":{\"name\":\"rt\",\"field\":\"type\"}", "0") ","
				 DROP));
	assert_int_equal(judged(&ba_in), FW_NO);
	nft(CHAIN("accept") RULE(MATCH("\"exthdr\":{\"name\":\"mh\",\"field\":\"type\"}",
				       "\"binding-update\"") "," DROP));
	assert_int_equal(judged(&bu_in), FW_YES);
	assert_int_equal(judged(&ba_in), FW_NO);
	nft(CHAIN("drop") RULE(MATCH("\"payload\":{\"protocol\":\"icmpv6\",\"field\":\"type\"}",
				     "{\"set\":[\"echo-request\",144]}") "," ACCEPT));
	assert_int_equal(judged(&ask_in), FW_NO);
	assert_int_equal(judged(&bu_in), FW_YES);
}

static void test_connections_that_this_host_began(void **state)
{
	(void)state;
	nft(CHAIN("drop") RULE("{\"match\":{\"op\":\"in\",\"left\":{\"ct\":{\"key\":\"state\"}},"
			       "\"right\":[\"established\",\"related\"]}}," ACCEPT));
	assert_int_equal(judged(&ba_in), FW_NO);
	assert_int_equal(judged(&bu_in), FW_YES);
	/* as nft -n writes it: bits of the kernel, one by one or in a map */
#define STATES(op, right) "{\"match\":{\"op\":\"" op "\",\"left\":{\"ct\":{\"key\":"	\
			  "\"state\"}},\"right\":" right "}}"
	nft(CHAIN("drop") RULE(STATES("in", "[2,4]") "," ACCEPT));
	assert_int_equal(judged(&ba_in), FW_NO);
	assert_int_equal(judged(&bu_in), FW_YES);
	nft(CHAIN("drop") RULE(STATES("==", "{\"set\":[2,8]}") "," ACCEPT));
	assert_int_equal(judged(&bu_in), FW_NO);
	nft(CHAIN("drop") RULE("{\"vmap\":{\"key\":{\"ct\":{\"key\":\"state\"}},\"data\":"
			       "{\"set\":[[1," DROP "],[2," ACCEPT "],[4," ACCEPT "]]}}}"));
	assert_int_equal(judged(&ba_in), FW_NO);
	assert_int_equal(judged(&bu_in), FW_YES);
	nft(CHAIN("accept") RULE(STATES("in", "1") "," DROP));
	assert_int_equal(judged(&bu_in), FW_NO);
	/* what only the loopback brings is not ours */
	nft(CHAIN("drop") RULE(META("iif", "\"lo\"") "," ACCEPT));
	assert_int_equal(judged(&bu_in), FW_YES);
}

static void test_what_depends_on_addresses_cannot_be_told(void **state)
{
	(void)state;
#define SADDR	MATCH("\"payload\":{\"protocol\":\"ip6\",\"field\":\"saddr\"}",		\
		      "{\"prefix\":{\"addr\":\"2001:db8::\",\"len\":32}}")
	nft(CHAIN("drop") RULE(SADDR "," ACCEPT));
	assert_int_equal(judged(&bu_in), FW_MAYBE);
	assert_true(v.likely && v.policy);
	/* a list of bad guys is no reason to worry */
	nft(CHAIN("accept") RULE(SADDR "," DROP));
	assert_int_equal(judged(&bu_in), FW_MAYBE);
	assert_false(v.likely);
	/* a port is not in these packets at all */
	nft(CHAIN("drop") RULE(MATCH("\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}", "22")
			       "," ACCEPT));
	assert_int_equal(judged(&bu_in), FW_YES);
	/* a limit may end, and then the rest counts */
	nft(CHAIN("drop") RULE(META("l4proto", "135") ",{\"limit\":{\"rate\":1}}," ACCEPT));
	assert_int_equal(judged(&bu_in), FW_MAYBE);
	/* an accept that is certain comes first */
	nft(CHAIN("drop") RULE(META("l4proto", "135") "," ACCEPT) RULE(SADDR "," DROP));
	assert_int_equal(judged(&bu_in), FW_NO);
}

static void test_jumps_maps_and_several_chains(void **state)
{
	(void)state;
	nft(CHAIN("accept") "," SUB("sub") RULE("{\"jump\":{\"target\":\"sub\"}}")
	    RULE_OF("sub", META("l4proto", "135") "," DROP));
	assert_int_equal(judged(&bu_in), FW_YES);
	nft(CHAIN("drop") "," SUB("sub") RULE("{\"goto\":{\"target\":\"sub\"}}")
	    RULE(ACCEPT));
	assert_int_equal(judged(&bu_in), FW_YES);	/* goto does not come back */
	nft(CHAIN("drop") "," SUB("sub") RULE("{\"jump\":{\"target\":\"sub\"}}") RULE(ACCEPT)
	    RULE_OF("sub", "{\"return\":null}"));
	assert_int_equal(judged(&bu_in), FW_NO);
	nft(CHAIN("accept") RULE("{\"vmap\":{\"key\":{\"meta\":{\"key\":\"l4proto\"}},\"data\":"
				 "{\"set\":[[4,{\"accept\":null}],[41,{\"drop\":null}]]}}}"));
	assert_int_equal(judged(&tunnel_in), FW_YES);
	assert_int_equal(judged(&four_in), FW_NO);
	/* a chain that jumps to itself ends */
	nft(CHAIN("accept") "," SUB("sub") RULE("{\"jump\":{\"target\":\"sub\"}}")
	    RULE_OF("sub", "{\"jump\":{\"target\":\"sub\"}}"));
	assert_int_equal(judged(&bu_in), FW_NO);
	/* any of several chains of the hook may drop */
	nft(CHAIN("accept") RULE(ACCEPT) ",{\"chain\":{\"family\":\"ip6\",\"table\":\"g\",\"name\":"
	    "\"x\",\"hook\":\"input\",\"type\":\"filter\",\"prio\":9,\"policy\":\"drop\"}}");
	assert_int_equal(judged(&bu_in), FW_YES);
	assert_string_equal(v.where, "chain ip6 g x, its policy");
	assert_int_equal(judged(&inner4), FW_NO);
}

static void test_what_is_no_answer_of_nft_is_refused(void **state)
{
	struct json_object *o = json_tokener_parse("{\"nftables\":3}");

	(void)state;
	assert_int_equal(fw_read_nft(&fw, o, false), -71);	/* EPROTO */
	json_object_put(o);
	/* odd things inside do no harm */
	nft(CHAIN("accept") RULE("3") RULE("{\"match\":7}") RULE("{\"vmap\":{\"data\":\"@m\"}}")
	    RULE("{\"match\":{\"op\":\"==\",\"left\":\"a\",\"right\":null}}"));
	assert_int_equal(judged(&bu_in), FW_MAYBE);
	assert_false(v.likely);
}

/* ---- ip6tables-save ---- */

static void save(int family, const char *text)
{
	fw_free(&fw);
	assert_int_equal(fw_read_save(&fw, "ip6tables-legacy", family, text), 0);
}

static void test_the_rules_of_ip6tables(void **state)
{
	(void)state;
	save(6, "# Generated\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n"
	     "-A INPUT -p mobility-header -j DROP\nCOMMIT\n");
	assert_int_equal(judged(&bu_in), FW_YES);
	assert_string_equal(v.where, "chain ip6tables-legacy filter INPUT, rule -A INPUT -p "
			    "mobility-header -j DROP");
	assert_int_equal(judged(&tunnel_in), FW_NO);
	save(6, "*filter\n:INPUT DROP [0:0]\n-A INPUT -p 41 -j ACCEPT\n"
	     "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
	     "-A INPUT -i lo -j ACCEPT\n-A INPUT ! -p tcp -m comment --comment \"a b\" -j "
	     "LOG\nCOMMIT\n");
	assert_int_equal(judged(&tunnel_in), FW_NO);
	assert_int_equal(judged(&ba_in), FW_NO);
	assert_int_equal(judged(&bu_in), FW_YES);
	assert_true(v.policy);
	save(6, "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m rt --rt-type 2 -j DROP\n"
	     "-A INPUT -m ipv6header --header ipv6-opts --soft -j REJECT --reject-with "
	     "x\nCOMMIT\n");
	assert_int_equal(judged(&ba_in), FW_YES);
	assert_int_equal(judged(&data_in), FW_YES);
	assert_int_equal(judged(&tunnel_in), FW_NO);
	save(6, "*filter\n:INPUT DROP [0:0]\n:u - [0:0]\n-A INPUT -j u\n"
	     "-A u -p mh -m mh --mh-type 5:6 -j ACCEPT\nCOMMIT\n");
	assert_int_equal(judged(&bu_in), FW_NO);
	assert_int_equal(judged(&tunnel_in), FW_YES);
	save(6, "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT ! -p tcp -j DROP\nCOMMIT\n");
	assert_int_equal(judged(&bu_in), FW_YES);
	save(6, "*filter\n:INPUT DROP [0:0]\n-A INPUT -s 2001:db8::/32 -j ACCEPT\nCOMMIT\n");
	assert_int_equal(judged(&bu_in), FW_MAYBE);
	assert_true(v.likely);
}

/* A table of nft(8) with the names of iptables: ip6tables-nft-save leaves it out, and ends with 0. */
static void test_tables_that_ip6tables_does_not_understand(void **state)
{
	(void)state;
	assert_int_equal(fw_read_save(&fw, "ip6tables-nft", 6,
				      "# Table `filter' is incompatible, use 'nft' tool.\n"), -71);
}

static void test_forwarding_between_devices(void **state)
{
	(void)state;
	save(6, "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i mip6+ -j ACCEPT\nCOMMIT\n");
	assert_int_equal(judged(&inner), FW_NO);
	save(6, "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i docker0 -j ACCEPT\nCOMMIT\n");
	assert_int_equal(judged(&inner), FW_YES);
	assert_int_equal(judged(&inner4), FW_NO);	/* the other family */
	save(4, "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -o docker0 -j ACCEPT\nCOMMIT\n");
	assert_int_equal(judged(&inner4), FW_MAYBE);	/* where it goes is not known */
	assert_true(v.likely);
	assert_int_equal(judged(&inner), FW_NO);
	save(4, "*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD ! -i mip6ha -j DROP\nCOMMIT\n");
	assert_int_equal(judged(&inner4), FW_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_a_rule_for_the_protocol_drops_it, clean),
		cmocka_unit_test_teardown(test_the_first_header_is_not_the_protocol, clean),
		cmocka_unit_test_teardown(test_extension_headers_and_types, clean),
		cmocka_unit_test_teardown(test_connections_that_this_host_began, clean),
		cmocka_unit_test_teardown(test_what_depends_on_addresses_cannot_be_told, clean),
		cmocka_unit_test_teardown(test_jumps_maps_and_several_chains, clean),
		cmocka_unit_test_teardown(test_what_is_no_answer_of_nft_is_refused, clean),
		cmocka_unit_test_teardown(test_the_rules_of_ip6tables, clean),
		cmocka_unit_test_teardown(test_tables_that_ip6tables_does_not_understand, clean),
		cmocka_unit_test_teardown(test_forwarding_between_devices, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
