/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of the control socket and their replies: errors, limits, records. */
#include "ctl_help.h"

#include "run/timer.h"

/* ---- calls ---- */

static void test_a_status_comes_before_there_is_a_node(void **state)
{
	struct fix *f = *state;
	struct json_object *o;
	int fd;

	f->conf = load(ha_text, f->dir);
	assert_int_equal(ctl_open(&f->ctl, f->loop, f->conf, NULL), 0);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Status\"}");
	o = hear(f, fd);
	assert_string_equal(text_of(o, "roles"), "[ \"ha\" ]");
	assert_string_equal(text_of(o, "ready"), "false");
	assert_string_equal(text_of(o, "insecure"), "2");
	json_object_put(o);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	hears(f, fd, "{\"parameters\":{}}");
	close(fd);
}

static void test_each_wrong_call_has_its_error(void **state)
{
	static const struct { const char *call, *reply;
	} row[] = {
		{ "{\"method\":\"io.mip6d.Nope\"}",
		  "{\"error\":\"" S
		  "MethodNotFound\",\"parameters\":{\"method\":\"io.mip6d.Nope\"}}" },
		{ "{\"method\":\"io.else.Status\"}",
		  "{\"error\":\"" S "InterfaceNotFound\",\"parameters\":"
		  "{\"interface\":\"io.else.Status\"}}" },
		{ "{\"method\":\"\"}",
		  "{\"error\":\"" S "InterfaceNotFound\",\"parameters\":{\"interface\":\"\"}}" },
		{ "{\"method\":\"io.mip6d.Status\",\"parameters\":{\"a\":1}}",
		  "{\"error\":\"" S "InvalidParameter\",\"parameters\":{\"parameter\":\"a\"}}" },
		{ "{\"method\":\"io.mip6d.ListBindings\"}",
		  "{\"error\":\"" S "ExpectedMore\",\"parameters\":{}}" },
		{ "{\"method\":\"io.mip6d.ListBindings\",\"more\":true,"
		  "\"parameters\":{\"home_address\":\"10.0.0.1\"}}",
		  "{\"error\":\"" S "InvalidParameter\",\"parameters\":"
		  "{\"parameter\":\"home_address\"}}" },
		{ "{\"method\":\"io.mip6d.ListBindings\",\"more\":true,"
		  "\"parameters\":{\"home_address\":\"2001:db8::9\"}}",
		  "{\"error\":\"io.mip6d.NotFound\",\"parameters\":"
		  "{\"home_address\":\"2001:db8::9\"}}" },
		{ "{\"method\":\"io.mip6d.Monitor\",\"more\":true,"
		  "\"parameters\":{\"events\":[\"bc_adds\"]}}",
		  "{\"error\":\"" S
		  "InvalidParameter\",\"parameters\":{\"parameter\":\"events\"}}" },
		{ "{\"method\":\"io.mip6d.Monitor\",\"more\":true,"
		  "\"parameters\":{\"events\":[null]}}",
		  "{\"error\":\"" S
		  "InvalidParameter\",\"parameters\":{\"parameter\":\"events\"}}" },
		{ "{\"method\":\"" S
		  "GetInterfaceDescription\",\"parameters\":{\"interface\":\"x\"}}",
		  "{\"error\":\"" S "InterfaceNotFound\",\"parameters\":{\"interface\":\"x\"}}" },
		{ "{\"method\":\"io.mip6d.Refresh\"}",
		  "{\"error\":\"io.mip6d.NoSuchRole\",\"parameters\":{\"role\":\"mn\"}}" },
	};
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	fd = connect_to(f);
	turn(f);
	f->ctl->clients->admin = true;		/* rights are another test's */
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		say(f, fd, row[i].call);
		hears(f, fd, row[i].reply);
	}
	close(fd);
}

static void test_what_is_no_call_ends_the_connection(void **state)
{
	static const char *const row[] = {
		"", "{", "nonsense", "[]", "\"x\"", "null", "{}", "{\"method\":1}", "{} {}",
		"{\"method\":\"io.mip6d.Status\",\"parameters\":[]}",
		"{\"method\":\"io.mip6d.Status\"} x",
		"{\"method\":\"io.mip6d.\xff\"}",
		"{\"method\":\"io.mip6d.Inject\",\"parameters\":{\"a\":[[[[[[[[1]]]]]]]]}}",
	};
	struct fix *f = *state;

	begin(f, ha_text);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		int fd = connect_to(f);

		say(f, fd, row[i]);
		hears_end(f, fd);
		assert_int_equal(f->ctl->n_client, 0);
	}
}

static void test_a_call_may_be_64k_and_no_more(void **state)
{
	static char big[MIP6_CTL_REQUEST_MAX + 2];
	const char *head = "{\"method\":\"io.mip6d.ListPrefixes\",\"more\":true";
	struct fix *f = *state;
	int fd;

	begin(f, mr_text);
	memset(big, ' ', sizeof(big));
	memcpy(big, head, strlen(head));
	big[MIP6_CTL_REQUEST_MAX - 2] = '}';
	big[MIP6_CTL_REQUEST_MAX - 1] = '\0';
	fd = connect_to(f);
	say_n(f, fd, big, MIP6_CTL_REQUEST_MAX);
	json_object_put(hear(f, fd));
	hears(f, fd, "{\"parameters\":{}}");
	close(fd);
	big[MIP6_CTL_REQUEST_MAX - 2] = big[MIP6_CTL_REQUEST_MAX - 1] = ' ';
	big[MIP6_CTL_REQUEST_MAX] = '}';
	fd = connect_to(f);
	say_n(f, fd, big, MIP6_CTL_REQUEST_MAX + 2);
	hears_end(f, fd);
}

static void test_calls_arrive_in_pieces_and_in_heaps(void **state)
{
	const char *call = "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}";
	const char two[] = "{\"method\":\"io.mip6d.Nope\"}\0{\"method\":\"io.mip6d.Nop2\"}";
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	fd = connect_to(f);
	for (const char *p = call; *p; p++)
		say_n(f, fd, p, 1);
	say_n(f, fd, "", 1);
	hears(f, fd, "{\"parameters\":{}}");
	say_n(f, fd, two, sizeof(two));
	hears(f, fd, "{\"error\":\"" S "MethodNotFound\",\"parameters\":"
		     "{\"method\":\"io.mip6d.Nope\"}}");
	hears(f, fd, "{\"error\":\"" S "MethodNotFound\",\"parameters\":"
		     "{\"method\":\"io.mip6d.Nop2\"}}");
	/* one that only writes and shuts down gets its answer, then the end */
	say(f, fd, call);
	shutdown(fd, SHUT_WR);
	hears(f, fd, "{\"parameters\":{}}");
	hears_end(f, fd);
}

static void test_oneway_draws_no_reply(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	fake_node_bind(1);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Status\",\"oneway\":true}");
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"oneway\":true,\"more\":true}");
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"oneway\":true,\"more\":true}");
	say(f, fd, "{\"method\":\"io.mip6d.Nope\",\"oneway\":true}");
	say(f, fd, "{\"method\":\"io.mip6d.ListRegistrations\",\"more\":true}");
	hears(f, fd, "{\"parameters\":{}}");
	close(fd);
}

/* ---- listings ---- */

static void test_a_listing_is_made_as_it_is_read(void **state)
{
	enum { N = 5000 };
	struct fix *f = *state;
	struct json_object *o;
	unsigned seen = 0;
	int fd;

	begin(f, ha_text);
	for (unsigned i = 1; i <= N; i++)
		fake_node_bind(i);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	for (unsigned i = 0; i < 200; i++)
		turn(f);
	/* nobody reads: the queue stays small and the loop sleeps */
	assert_true(f->ctl->clients->out.n < 3 * CTL_OUT_LOW);
	assert_non_null(f->ctl->clients->list.step);
	/* one that is not yet sent goes away: it is not listed */
	fake_node_unbind(N);
	while ((o = hear(f, fd)) && text_of(o, "home_address")) {
		assert_true(json_object_get_boolean(json_object_object_get(o, "continues")));
		seen++;
		json_object_put(o);
	}
	assert_non_null(o);
	json_object_put(o);
	assert_int_equal(seen, N - 1);
	assert_null(f->ctl->clients->list.bindings.bc);
	close(fd);
}

/* The daemon holds a place in its table, and one queue that is never long. */
static void test_a_hundred_thousand_bindings_cost_one_small_queue(void **state)
{
	enum { N = 100000 };
	struct fix *f = *state;
	struct json_object *o;
	unsigned seen = 0;
	size_t most = 0;
	int fd;

	begin(f, ha_text);
	for (unsigned i = 1; i <= N; i++)
		fake_node_bind(i);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	while ((o = hear(f, fd)) && text_of(o, "home_address")) {
		most = MAX(most, f->ctl->clients->out.cap);
		seen++;
		json_object_put(o);
	}
	json_object_put(o);
	assert_int_equal(seen, N);
	assert_true(most <= 4 * CTL_OUT_LOW);
	assert_null(f->ctl->clients->list.bindings.bc);
	close(fd);
}

static void test_records_have_the_documented_shape(void **state)
{
	struct fix *f = *state;
	struct json_object *o;
	int fd;

	begin(f, ha_text);
	fake_node_bind(1);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true,"
		   "\"parameters\":{\"home_address\":\"2001:db8:280::1:1\"}}");
	o = hear(f, fd);
	assert_string_equal(
		text_of(o, "care_of"),
		"{ \"family\": \"ipv6\", \"addr\": \"2001:db8:f1::2\", \"udp_port\": 0 }");
	assert_string_equal(text_of(o, "flags"), "[ \"A\", \"H\", \"R\" ]");
	assert_string_equal(text_of(o, "sequence"), "1");
	assert_string_equal(text_of(o, "tunnel"), "mip6ha");
	assert_string_equal(text_of(o, "prefixes"),
			    "[ { \"prefix\": \"10.0.0.0\\/24\", \"family\": \"ipv4\", "
			    "\"state\": \"routed\" } ]");
	json_object_put(o);
	hears(f, fd, "{\"parameters\":{}}");
	say(f, fd, "{\"method\":\"io.mip6d.ListPrefixes\",\"more\":true}");
	hears(f, fd, "{\"parameters\":{\"prefix\":\"10.0.0.0/24\",\"family\":\"ipv4\","
		     "\"home_address\":\"2001:db8:280::1:1\",\"role\":\"ha\",\"state\":\"routed\","
		     "\"tunnel\":\"mip6ha\"},\"continues\":true}");
	hears(f, fd, "{\"parameters\":{\"prefix\":\"2001:db8:281::/64\",\"family\":\"ipv6\","
		     "\"home_address\":\"2001:db8:280::1:1\",\"role\":\"ha\","
		     "\"state\":\"not_registered\",\"tunnel\":null},\"continues\":true}");
	hears(f, fd, "{\"parameters\":{}}");
	close(fd);
}

static void test_home_agents_are_listed_with_what_is_wrong(void **state)
{
	struct fix *f = *state;
	struct json_object *o;
	int fd;

	begin(f, ha_text);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListHomeAgents\",\"more\":true}");
	o = hear(f, fd);
	assert_string_equal(text_of(o, "device"), "eth0");
	assert_string_equal(text_of(o, "state"), "advertised");
	assert_string_equal(text_of(o, "addresses"), "[ \"2001:db8:280::1\" ]");
	assert_string_equal(text_of(o, "home_prefixes"), "[ \"2001:db8:280::\\/64\" ]");
	assert_string_equal(text_of(o, "mobile_routers"), "true");
	assert_non_null(strstr(text_of(o, "warnings"), "AdvHomeAgentFlag on"));
	assert_non_null(strstr(text_of(o, "warnings"), "HomeAgentPreference"));
	json_object_put(o);
	o = hear(f, fd);
	assert_string_equal(text_of(o, "state"), "heard");
	assert_string_equal(text_of(o, "link_local"), "fe80::");
	assert_string_equal(text_of(o, "preference"), "9");
	assert_string_equal(text_of(o, "warnings"), "[ ]");
	json_object_put(o);
	hears(f, fd, "{\"parameters\":{}}");
	close(fd);
}

static void candidate_is(struct fix *f, int fd, const char *state, const char *addresses,
			 const char *source)
{
	struct json_object *o = hear(f, fd);

	assert_string_equal(text_of(o, "role"), "mr");
	assert_string_equal(text_of(o, "home_address"), "2001:db8:280::beef");
	assert_string_equal(text_of(o, "home_prefixes"), "[ \"2001:db8:280::\\/64\" ]");
	assert_string_equal(text_of(o, "state"), state);
	assert_string_equal(text_of(o, "addresses"), addresses);
	assert_string_equal(text_of(o, "source"), source);
	assert_null(text_of(o, "preference"));
	json_object_put(o);
}

static void test_home_agents_of_a_mobile_node_are_its_candidates(void **state)
{
	static const char *const row[] = { "2001:db8:280::3", "2001:db8:280::1",
					   "2001:db8:280::4" };
	struct fix *f = *state;
	struct bul *b = &fake_node.bul[0];
	int fd;

	begin(f, mr_text);
	for (b->n_cand = 0; b->n_cand < 3; b->n_cand++)
		inet_pton(AF_INET6, row[b->n_cand], &b->cand[b->n_cand]);
	b->router = true;
	b->state = BUL_WAIT_BA;
	b->bound_coa.family = AF_INET6;
	b->bound_ha = b->cand[0];
	b->ha = b->cand[1];
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListHomeAgents\",\"more\":true}");
	candidate_is(f, fd, "registered", "[ \"2001:db8:280::3\" ]", "discovered");
	candidate_is(f, fd, "asked", "[ \"2001:db8:280::1\" ]", "configured");
	candidate_is(f, fd, "candidate", "[ \"2001:db8:280::4\" ]", "discovered");
	hears(f, fd, "{\"parameters\":{}}");
	close(fd);
}

static void test_registrations_show_what_the_home_agent_said(void **state)
{
	struct fix *f = *state;
	struct json_object *o;
	int fd;

	begin(f, mr_text);
	fake_node.bul[0].state = BUL_HOME;
	fake_node.prefix[0][0].status = MNP_REFUSED;
	fake_node.prefix[0][0].code = IPV4_ACK_PREFIX_UNAUTHORIZED;
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListRegistrations\",\"more\":true}");
	o = hear(f, fd);
	assert_string_equal(text_of(o, "state"), "home");
	assert_null(text_of(o, "care_of"));
	assert_string_equal(text_of(o, "prefixes"),
			    "[ { \"prefix\": \"10.0.0.0\\/24\", \"family\": \"ipv4\", "
			    "\"state\": \"refused\", \"code\": 133, "
			    "\"reason\": \"not authorised for the prefix\", "
			    "\"mode\": \"explicit\", \"device\": \"lan0\" } ]");
	json_object_put(o);
	hears(f, fd, "{\"parameters\":{}}");
	close(fd);
}

static void test_peers_are_flushed_and_counted(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, cn_text);
	fake_node_peer(1);
	fake_node_peer(2);
	log_init(LOG_LV_ERR);		/* who asked is logged */
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.FlushPeers\",\"parameters\":"
		   "{\"home_address\":\"2001:db8:280::1:2\"}}");
	hears(f, fd, "{\"parameters\":{\"count\":1}}");
	say(f, fd, "{\"method\":\"io.mip6d.FlushPeers\"}");
	hears(f, fd, "{\"parameters\":{\"count\":2}}");	/* the fake one keeps them */
	assert_int_equal(fake_node.flushed, 2);
	say(f, fd, "{\"method\":\"io.mip6d.FlushPeers\",\"parameters\":"
		   "{\"home_address\":\"2001:db8:280::1:3\"}}");
	hears(f, fd, "{\"error\":\"io.mip6d.NotFound\",\"parameters\":"
		     "{\"home_address\":\"2001:db8:280::1:3\"}}");
	close(fd);
}

static void test_peers_of_a_correspondent(void **state)
{
	struct fix *f = *state;
	struct json_object *o;
	int fd;

	begin(f, cn_text);
	fake_node_peer(1);
	fake_node_peer(2);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListPeers\",\"more\":true,"
		   "\"parameters\":{\"address\":\"2001:db8:280::1:2\"}}");
	o = hear(f, fd);
	assert_string_equal(text_of(o, "role"), "cn");
	assert_string_equal(text_of(o, "own_address"), "2001:db8:280::1:0");
	assert_string_equal(text_of(o, "peer"), "2001:db8:280::1:2");
	assert_string_equal(text_of(o, "how"), "optimised");
	assert_string_equal(text_of(o, "sequence"), "2");
	json_object_put(o);
	hears(f, fd, "{\"parameters\":{}}");
	/* by the own address both, by another none; at last nonsense */
	say(f, fd, "{\"method\":\"io.mip6d.ListPeers\",\"more\":true,"
		   "\"parameters\":{\"address\":\"2001:db8:280::1:0\"}}");
	json_object_put(hear(f, fd));
	json_object_put(hear(f, fd));
	hears(f, fd, "{\"parameters\":{}}");
	say(f, fd, "{\"method\":\"io.mip6d.ListPeers\",\"more\":true,"
		   "\"parameters\":{\"address\":\"2001:db8::9\"}}");
	hears(f, fd, "{\"error\":\"io.mip6d.NotFound\",\"parameters\":"
		     "{\"home_address\":\"2001:db8::9\"}}");
	say(f, fd, "{\"method\":\"io.mip6d.ListPeers\",\"more\":true,"
		   "\"parameters\":{\"address\":7}}");
	hears(f, fd, "{\"error\":\"" S "InvalidParameter\",\"parameters\":"
		     "{\"parameter\":\"address\"}}");
	/* among events they have no H */
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true,"
		   "\"parameters\":{\"events\":[\"bc_add\"]}}");
	for (unsigned i = 0; i < 2; i++) {
		o = hear(f, fd);
		assert_string_equal(text_of(o, "peer"), "2001:db8:280::1:0");
		assert_string_equal(text_of(o, "flags"), "32768");
		json_object_put(o);
	}
	close(fd);
}

static void test_peers_say_how_and_why(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, mr_text);
	fake_node.n_peer = 2;
	fake_node.peer[0].state = RO_BOUND;
	inet_pton(AF_INET6, "2001:db8:f1::2", &fake_node.peer[0].bound_coa);
	fake_node.peer[0].expires = run_now() + 300;
	fake_node.peer[0].since = run_now() - 20;
	fake_node.peer[0].bid = 1;
	fake_node.peer[0].n_other = 1;
	fake_node.peer[0].other[0] = (struct ro_other){ .bid = 2, .held = true, .held_prio = 5,
							.lifetime = 400,
							.expires = run_now() + 200 };
	inet_pton(AF_INET6, "2001:db8:f2::2", &fake_node.peer[0].other[0].coa);
	fake_node.peer[1].state = RO_HOLD;
	fake_node.peer[1].due = run_now() + 60;
	fake_node.peer[1].why = "no answer to Care-of Test Init";
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListPeers\",\"more\":true}");
	HEARS(f, fd, { "peer", "2001:db8:cc::1" }, { "role", "mn" }, { "how", "optimised" },
	      { "remaining", "300.000000" }, { "age", "20.000000" }, { "reason", NULL },
	      { "bid", "1" }, { "priority", "1" });
	HEARS(f, fd, { "peer", "2001:db8:cc::1" }, { "role", "mn" }, { "how", "standby" },
	      { "bid", "2" }, { "priority", "5" }, { "remaining", "200.000000" },
	      { "lifetime", "400" }, { "state", "bound" });
	HEARS(f, fd, { "peer", "2001:db8:cc::2" }, { "how", "tunnel" }, { "state", "hold" },
	      { "bid", "0" }, { "priority", NULL },
	      { "retry_in", "60.000000" }, { "reason", "no answer to Care-of Test Init" });
	hears(f, fd, "{\"parameters\":{}}");
	close(fd);
}

static void test_every_method_that_is_described_exists(void **state)
{
	struct fix *f = *state;
	struct json_object *o;
	char *text, call[256];
	unsigned n = 0;
	int fd;

	begin(f, ha_text);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"" S "GetInterfaceDescription\",\"parameters\":"
		   "{\"interface\":\"io.mip6d\"}}");
	o = hear(f, fd);
	text = strdup(text_of(o, "description"));
	json_object_put(o);
	for (char *p = strstr(text, "\nmethod "); p; p = strstr(p + 1, "\nmethod "), n++) {
		/* what no method takes: the answer must be that, and not MethodNotFound */
		snprintf(call, sizeof(call), "{\"method\":\"io.mip6d.%.*s\",\"more\":true,"
			 "\"parameters\":{\"~\":1}}", (int)strcspn(p + 8, "("), p + 8);
		say(f, fd, call);
		hears(f, fd, "{\"error\":\"" S "InvalidParameter\",\"parameters\":"
			     "{\"parameter\":\"~\"}}");
	}
	assert_true(n >= 20);
	free(text);
	close(fd);
}

int main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_status_comes_before_there_is_a_node),
		T(test_each_wrong_call_has_its_error),
		T(test_what_is_no_call_ends_the_connection),
		T(test_a_call_may_be_64k_and_no_more),
		T(test_calls_arrive_in_pieces_and_in_heaps),
		T(test_oneway_draws_no_reply),
		T(test_a_listing_is_made_as_it_is_read),
		T(test_a_hundred_thousand_bindings_cost_one_small_queue),
		T(test_records_have_the_documented_shape),
		T(test_home_agents_are_listed_with_what_is_wrong),
		T(test_home_agents_of_a_mobile_node_are_its_candidates),
		T(test_registrations_show_what_the_home_agent_said),
		T(test_peers_are_flushed_and_counted),
		T(test_peers_of_a_correspondent),
		T(test_peers_say_how_and_why),
		T(test_every_method_that_is_described_exists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
