/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket: a real one in a directory of its own, a node that is none. */
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <grp.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/ctl_priv.h"
#include "fake_node.h"
#include "mip6/ctl.h"

#define TURNS		20000		/* of the loop, before a test gives up */
#define S		"org.varlink.service."

static const char ha_text[] =
	"roles = [ \"ha\" ];\n"
	"home_links = ( { device = \"eth0\"; address = \"2001:db8:280::1\";\n"
	"                 prefixes = [ \"2001:db8:280::/64\" ]; } );\n"
	"mobile_nodes = ( { home_address = \"2001:db8:280::1:1\"; prefixes = [ \"10.0.0.0/24\",\n"
	"                   \"2001:db8:281::/64\" ]; security = { method = \"none\"; }; },\n"
	"                 { home_address = \"2001:db8:280::1:2\"; security = { method = \"none\"; }; } );\n";
static const char mr_text[] =
	"roles = [ \"mr\" ];\n"
	"uplinks = ( { device = \"wwan0\"; } );\n"
	"homes = ( { home_address = \"2001:db8:280::beef/64\"; home_agent = \"2001:db8:280::1\";\n"
	"            prefixes = ( { prefix = \"10.0.0.0/24\"; device = \"lan0\"; } );\n"
	"            security = { method = \"none\"; }; } );\n";

struct fix {
	struct ev_loop *loop;
	struct conf *conf;
	struct ctl *ctl;
	char dir[64];
};

static struct conf *load(const char *text, const char *dir)
{
	struct conf_errs errs = { 0 };
	struct conf *c = NULL;

	assert_int_equal(conf_load_text(text, "text", 0, &c, &errs), 0);
	conf_errs_free(&errs);
	snprintf(c->control.socket, sizeof(c->control.socket), "%s/sock", dir);
	c->control.group[0] = '\0';
	return c;
}

static void begin(struct fix *f, const char *text)
{
	f->conf = load(text, f->dir);
	fake_node_start(f->conf);
	assert_int_equal(ctl_open(&f->ctl, f->loop, f->conf, &fake_node.node), 0);
}

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	log_init(LOG_LV_ERR);
	snprintf(f->dir, sizeof(f->dir), "/tmp/mip6d-ctl.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->loop = ev_loop_new(EVFLAG_AUTO);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;
	char path[128];

	ctl_close(f->ctl);
	fake_node_stop();
	event_fini();
	conf_free(f->conf);
	ev_loop_destroy(f->loop);
	snprintf(path, sizeof(path), "%s/sock", f->dir);
	unlink(path);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

/* ---- a client ---- */

static int connect_to(const struct fix *f)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", f->conf->control.socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void turn(struct fix *f)
{
	event_drain();
	ev_run(f->loop, EVRUN_NOWAIT);
}

static void say_n(struct fix *f, int fd, const char *p, size_t n)
{
	for (unsigned i = 0; n && i < TURNS; i++) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		assert_true(k > 0 || errno == EAGAIN || errno == EPIPE);
		if (k < 0 && errno == EPIPE)
			return;
		p += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
		turn(f);
	}
}

static void say(struct fix *f, int fd, const char *text)
{
	say_n(f, fd, text, strlen(text) + 1);
}

/* The next reply, or NULL if the server hung up. */
static struct json_object *hear(struct fix *f, int fd)
{
	static char buf[1 << 17];
	size_t n = 0;

	for (unsigned i = 0; i < TURNS; i++) {
		ssize_t k = recv(fd, buf + n, 1, 0);

		if (k == 0 || (k < 0 && errno == ECONNRESET))
			return NULL;
		if (k < 0) {
			turn(f);
			continue;
		}
		i = 0;
		if (!buf[n++]) {
			struct json_object *o = json_tokener_parse(buf);

			assert_non_null(o);
			return o;
		}
		assert_true(n < sizeof(buf));
	}
	fail_msg("no reply");
	return NULL;
}

static void hears(struct fix *f, int fd, const char *wanted)
{
	struct json_object *o = hear(f, fd);

	assert_non_null(o);
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
							   JSON_C_TO_STRING_NOSLASHESCAPE),
			    wanted);
	json_object_put(o);
}

static void hears_end(struct fix *f, int fd)
{
	assert_null(hear(f, fd));
	close(fd);
}

static const char *text_of(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(
		json_object_object_get(o, "parameters"), key));
}

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
	static const struct { const char *call, *reply; } row[] = {
		{ "{\"method\":\"io.mip6d.Nope\"}",
		  "{\"error\":\"" S "MethodNotFound\",\"parameters\":{\"method\":\"io.mip6d.Nope\"}}" },
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
		  "{\"error\":\"" S "InvalidParameter\",\"parameters\":{\"parameter\":\"events\"}}" },
		{ "{\"method\":\"io.mip6d.Monitor\",\"more\":true,\"parameters\":{\"events\":[null]}}",
		  "{\"error\":\"" S "InvalidParameter\",\"parameters\":{\"parameter\":\"events\"}}" },
		{ "{\"method\":\"" S "GetInterfaceDescription\",\"parameters\":{\"interface\":\"x\"}}",
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
	assert_null(f->ctl->clients->list.key);
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
	assert_string_equal(text_of(o, "care_of"),
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
	assert_int_equal(n, 10);
	free(text);
	close(fd);
}

/* ---- monitor ---- */

static void emit_add(unsigned lifetime)
{
	struct event e = { .type = EV_bc_add, .bc_add.lifetime = lifetime };

	event_emit(&e);
}

static void hears_event(struct fix *f, int fd, const char *event, const char *key, const char *v)
{
	struct json_object *o = hear(f, fd);

	assert_non_null(o);
	assert_string_equal(text_of(o, "event"), event);
	assert_true(json_object_get_boolean(json_object_object_get(o, "continues")));
	if (key)
		assert_string_equal(text_of(o, key), v);
	json_object_put(o);
}

static void test_monitor_sends_the_state_then_sync_then_news(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	fake_node_bind(1);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true}");
	hears_event(f, fd, "node_type", "role", "ha");
	hears_event(f, fd, "bc_add", "home_address", "2001:db8:280::1:1");
	hears_event(f, fd, "sync", NULL, NULL);
	emit_add(7);
	hears_event(f, fd, "bc_add", "lifetime", "7");
	close(fd);
}

static void test_the_mobile_side_has_a_present_state_too(void **state)
{
	struct fix *f = *state;
	struct in6_addr coa = { .s6_addr = { 0x20, 1, [15] = 7 } };
	int fd;

	begin(f, mr_text);
	fake_node.bul[0].bound_coa = locator6(&coa);
	fake_node.uplink[0].attached = true;
	fake_node.prefix[0][0].status = MNP_ACCEPTED;
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true}");
	hears_event(f, fd, "node_type", "role", "mr");
	hears_event(f, fd, "md_info", "kind", "coa");
	hears_event(f, fd, "bul_add", "home_address", "2001:db8:280::beef");
	hears_event(f, fd, "prefix_state", "up", "true");
	hears_event(f, fd, "sync", NULL, NULL);
	close(fd);
}

static void test_what_happens_while_the_state_is_sent_comes_after_sync(void **state)
{
	enum { N = 3000 };
	struct fix *f = *state;
	struct json_object *o;
	unsigned seen = 0;
	int fd;

	begin(f, ha_text);
	for (unsigned i = 1; i <= N; i++)
		fake_node_bind(i);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true,"
		   "\"parameters\":{\"events\":[\"bc_add\"]}}");
	for (unsigned i = 0; i < 200; i++)
		turn(f);
	assert_non_null(f->ctl->clients->list.step);
	emit_add(70001);
	turn(f);
	while ((o = hear(f, fd)) && strcmp(text_of(o, "event"), "sync") != 0) {
		assert_string_equal(text_of(o, "lifetime"), "600");
		seen++;
		json_object_put(o);
	}
	json_object_put(o);
	assert_int_equal(seen, N);
	hears_event(f, fd, "bc_add", "lifetime", "70001");
	close(fd);
}

static void test_events_can_be_chosen(void **state)
{
	struct event dad = { .type = EV_dad, .dad.device = "eth0" };
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	fake_node_bind(1);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true,"
		   "\"parameters\":{\"events\":[\"dad\"]}}");
	hears_event(f, fd, "sync", NULL, NULL);
	emit_add(7);
	event_emit(&dad);
	hears_event(f, fd, "dad", "device", "eth0");
	close(fd);
}

static void test_a_monitor_that_does_not_read_is_dropped_and_others_are_not(void **state)
{
	struct fix *f = *state;
	int slow, good;

	begin(f, ha_text);
	slow = connect_to(f);
	good = connect_to(f);
	say(f, slow, "{\"method\":\"io.mip6d.Monitor\",\"more\":true}");
	say(f, good, "{\"method\":\"io.mip6d.Monitor\",\"more\":true}");
	hears_event(f, good, "node_type", NULL, NULL);
	hears_event(f, good, "sync", NULL, NULL);
	log_init(0);				/* the drop is logged; not here */
	for (unsigned i = 0; f->ctl->n_client == 2 && i < 60000; i++) {
		emit_add(i);
		hears_event(f, good, "bc_add", NULL, NULL);
		assert_true(f->ctl->clients->out.cap <= 2 * CTL_OUT_MAX);
	}
	assert_int_equal(f->ctl->n_client, 1);
	emit_add(99999);
	hears_event(f, good, "bc_add", "lifetime", "99999");
	close(slow);
	close(good);
}

static void test_a_monitor_that_leaves_is_noticed(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, ha_text);
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.Monitor\",\"more\":true}");
	hears_event(f, fd, "node_type", NULL, NULL);
	hears_event(f, fd, "sync", NULL, NULL);
	close(fd);
	for (unsigned i = 0; i < 10; i++)
		turn(f);
	assert_int_equal(f->ctl->n_client, 0);
}

/* ---- rights ---- */

static void test_only_the_right_ones_may_change(void **state)
{
	static const char *const row[] = { "Refresh", "Deregister", "Flush", "Inject" };
	struct fix *f = *state;
	char call[128];
	int fd;

	begin(f, mr_text);
	fake_node.answer = 1;
	fd = connect_to(f);
	turn(f);
	f->ctl->clients->admin = false;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		snprintf(call, sizeof(call), "{\"method\":\"io.mip6d.%s\"}", row[i]);
		say(f, fd, call);
		hears(f, fd, "{\"error\":\"" S "PermissionDenied\",\"parameters\":{}}");
	}
	assert_int_equal(fake_node.refreshed + fake_node.deregistered, 0);
	f->ctl->clients->admin = true;
	log_init(LOG_LV_ERR);
	say(f, fd, "{\"method\":\"io.mip6d.Refresh\"}");
	hears(f, fd, "{\"parameters\":{\"count\":1}}");
	say(f, fd, "{\"method\":\"io.mip6d.Deregister\",\"parameters\":"
		   "{\"home_address\":\"2001:db8:280::bee0\"}}");
	hears(f, fd, "{\"error\":\"io.mip6d.NotFound\",\"parameters\":"
		     "{\"home_address\":\"2001:db8:280::bee0\"}}");
	fake_node.answer = -ENETDOWN;
	say(f, fd, "{\"method\":\"io.mip6d.Refresh\"}");
	hears(f, fd, "{\"error\":\"io.mip6d.Failed\",\"parameters\":"
		     "{\"reason\":\"Network is down\"}}");
	assert_int_equal(fake_node.refreshed, 2);
	assert_int_equal(fake_node.deregistered, 1);
	close(fd);
}

/* Connects as another user; 0 refused, 1 may look, 2 may change, 3 cannot connect. */
static int as_user(struct fix *f, uid_t uid, gid_t gid, gid_t extra)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		char b[256] = "";
		const char *call = "{\"method\":\"io.mip6d.Refresh\"}";

		if (setgroups(extra ? 1 : 0, &extra) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
			_exit(9);
		snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", f->conf->control.socket);
		if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
			_exit(3);
		if (send(fd, call, strlen(call) + 1, 0) < 0 || recv(fd, b, sizeof(b) - 1, 0) <= 0)
			_exit(0);
		_exit(strstr(b, "count") ? 2 : strstr(b, "PermissionDenied") ? 1 : 0);
	}
	for (unsigned i = 0; i < TURNS && waitpid(pid, &status, WNOHANG) == 0; i++) {
		turn(f);
		usleep(100);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_the_kernel_says_who_calls(void **state)
{
	enum { LOOK = 1, ADMIN = 2, NOBODY = 65534 };	/* Debian: daemon, bin, nogroup */
	struct fix *f = *state;
	struct stat st;

	if (geteuid() != 0)
		skip();
	f->conf = load(mr_text, f->dir);
	snprintf(f->conf->control.group, CONF_NAME, "daemon");
	snprintf(f->conf->control.admin_group, CONF_NAME, "bin");
	assert_int_equal(chmod(f->dir, 0755), 0);
	fake_node_start(f->conf);
	fake_node.answer = 1;
	assert_int_equal(ctl_open(&f->ctl, f->loop, f->conf, &fake_node.node), 0);
	assert_int_equal(stat(f->conf->control.socket, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_gid, LOOK);
	assert_int_equal(as_user(f, 0, 0, 0), 2);
	assert_int_equal(as_user(f, NOBODY, LOOK, 0), 1);
	assert_int_equal(as_user(f, NOBODY, LOOK, ADMIN), 2);
	assert_int_equal(as_user(f, NOBODY, ADMIN, LOOK), 2);
	assert_int_equal(as_user(f, NOBODY, ADMIN, 0), 3);
	assert_int_equal(as_user(f, NOBODY, NOBODY, 0), 3);
}

static void test_without_the_group_the_socket_is_its_owners(void **state)
{
	struct fix *f = *state;
	struct stat st;

	f->conf = load(ha_text, f->dir);
	snprintf(f->conf->control.group, CONF_NAME, "no-such-group");
	assert_int_equal(ctl_open(&f->ctl, f->loop, f->conf, NULL), 0);
	assert_int_equal(stat(f->conf->control.socket, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* ---- hints ---- */

static struct event injected;
static unsigned n_injected;

static void on_inject(void *arg, const struct event *e)
{
	(void)arg;
	injected = *e;
	n_injected++;
}

static void test_a_hint_becomes_an_event(void **state)
{
	struct fix *f = *state;
	int fd;

	begin(f, mr_text);
	fd = connect_to(f);
	turn(f);
	f->ctl->clients->admin = true;
	assert_int_equal(event_listen(on_inject, NULL), 0);
	n_injected = 0;
	say(f, fd, "{\"method\":\"io.mip6d.Inject\",\"parameters\":{\"event\":\"md_info\","
		   "\"fields\":{\"kind\":\"coa\",\"device\":\"wwan0\",\"care_of\":\"2001:db8::7\","
		   "\"router\":null,\"link\":\"2001:db8::/64\"}}}");
	hears(f, fd, "{\"parameters\":{}}");
	turn(f);
	assert_int_equal(n_injected, 1);
	assert_int_equal(injected.type, EV_md_info);
	assert_string_equal(injected.md_info.kind, "coa");
	assert_string_equal(injected.md_info.device, "wwan0");
	assert_string_equal(A6(&injected.md_info.care_of), "2001:db8::7");
	assert_true(IN6_IS_ADDR_UNSPECIFIED(&injected.md_info.router));
	assert_string_equal(PFX(&injected.md_info.link), "2001:db8::/64");
	close(fd);
}

static void test_wrong_hints_are_refused(void **state)
{
	static const struct { const char *params, *wrong; } row[] = {
		{ "{}", "event" },
		{ "{\"event\":\"nope\"}", "event" },
		{ "{\"event\":\"bc_add\"}", "event" },		/* a fact, not a hint */
		{ "{\"event\":\"md_info\",\"fields\":[]}", "fields" },
		{ "{\"event\":\"md_info\",\"fields\":{\"knd\":\"coa\"}}", "knd" },
		{ "{\"event\":\"md_info\",\"fields\":{\"kind\":1}}", "kind" },
		{ "{\"event\":\"md_info\",\"fields\":{\"kind\":\"a\\nb\"}}", "kind" },
		{ "{\"event\":\"md_info\",\"fields\":{\"kind\":\"a\\u0000b\"}}", "kind" },
		{ "{\"event\":\"md_info\",\"fields\":{\"kind\":\"0123456789012345678901234567890123"
		  "456789012345678901234567890123\"}}", "kind" },
		{ "{\"event\":\"md_info\",\"fields\":{\"care_of\":\"10.0.0.1\"}}", "care_of" },
		{ "{\"event\":\"md_info\",\"fields\":{\"link\":\"x/64\"}}", "link" },
		{ "{\"event\":\"be_hint\",\"fields\":{\"status\":-1}}", "status" },
		{ "{\"event\":\"be_hint\",\"fields\":{\"status\":4294967296}}", "status" },
		{ "{\"event\":\"be_hint\",\"fields\":{\"status\":\"1\"}}", "status" },
	};
	struct fix *f = *state;
	char call[512], reply[256];
	int fd;

	begin(f, mr_text);
	fd = connect_to(f);
	turn(f);
	f->ctl->clients->admin = true;
	n_injected = 0;
	assert_int_equal(event_listen(on_inject, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		snprintf(call, sizeof(call), "{\"method\":\"io.mip6d.Inject\",\"parameters\":%s}",
			 row[i].params);
		snprintf(reply, sizeof(reply), "{\"error\":\"" S "InvalidParameter\","
			 "\"parameters\":{\"parameter\":\"%s\"}}", row[i].wrong);
		say(f, fd, call);
		hears(f, fd, reply);
	}
	turn(f);
	assert_int_equal(n_injected, 0);
	close(fd);
}

/* ---- the socket ---- */

static void test_a_second_daemon_is_recognised(void **state)
{
	struct fix *f = *state;
	struct ctl *second = NULL;
	int fd;

	begin(f, ha_text);
	log_init(0);
	assert_int_equal(ctl_open(&second, f->loop, f->conf, NULL), -EADDRINUSE);
	assert_null(second);
	log_init(LOG_LV_ERR);
	/* and the first one lives on */
	fd = connect_to(f);
	say(f, fd, "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	hears(f, fd, "{\"parameters\":{}}");
	close(fd);
}

static void test_the_socket_of_a_dead_daemon_is_replaced(void **state)
{
	struct fix *f = *state;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/sock", f->dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 1), 0);
	close(fd);
	begin(f, ha_text);
	close(connect_to(f));
}

static void test_a_file_that_is_no_socket_stays(void **state)
{
	struct fix *f = *state;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/sock", f->dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	f->conf = load(ha_text, f->dir);
	log_init(0);
	assert_int_equal(ctl_open(&f->ctl, f->loop, f->conf, NULL), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
}

static void test_closing_removes_the_socket_but_not_anothers(void **state)
{
	struct fix *f = *state;
	struct ctl *second = NULL;

	begin(f, ha_text);
	ctl_close(f->ctl);
	f->ctl = NULL;
	assert_int_equal(access(f->conf->control.socket, F_OK), -1);
	assert_int_equal(ctl_open(&f->ctl, f->loop, f->conf, NULL), 0);
	assert_int_equal(unlink(f->conf->control.socket), 0);
	assert_int_equal(ctl_open(&second, f->loop, f->conf, NULL), 0);
	ctl_close(f->ctl);
	f->ctl = second;
	assert_int_equal(access(f->conf->control.socket, F_OK), 0);
}

static void test_clients_are_limited(void **state)
{
	struct fix *f = *state;
	int fd[3];

	begin(f, ha_text);
	f->conf->control.max_clients = 2;
	log_init(0);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = connect_to(f);
		turn(f);
	}
	assert_int_equal(f->ctl->n_client, 2);
	hears_end(f, fd[2]);
	say(f, fd[1], "{\"method\":\"io.mip6d.ListBindings\",\"more\":true}");
	hears(f, fd[1], "{\"parameters\":{}}");
	close(fd[0]);
	close(fd[1]);
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
		T(test_records_have_the_documented_shape),
		T(test_registrations_show_what_the_home_agent_said),
		T(test_every_method_that_is_described_exists),
		T(test_monitor_sends_the_state_then_sync_then_news),
		T(test_the_mobile_side_has_a_present_state_too),
		T(test_what_happens_while_the_state_is_sent_comes_after_sync),
		T(test_events_can_be_chosen),
		T(test_a_monitor_that_does_not_read_is_dropped_and_others_are_not),
		T(test_a_monitor_that_leaves_is_noticed),
		T(test_only_the_right_ones_may_change),
		T(test_the_kernel_says_who_calls),
		T(test_without_the_group_the_socket_is_its_owners),
		T(test_a_hint_becomes_an_event),
		T(test_wrong_hints_are_refused),
		T(test_a_second_daemon_is_recognised),
		T(test_the_socket_of_a_dead_daemon_is_replaced),
		T(test_a_file_that_is_no_socket_stays),
		T(test_closing_removes_the_socket_but_not_anothers),
		T(test_clients_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
